/*
 * Large zeroed memory: pools and indices.
 *
 * Pages that are never touched cost nothing.  The kernel is asked for huge
 * pages: tables are visited in random order, and with small pages most
 * visits miss the TLB as well as the cache.  All fill from their beginning,
 * and have small ones in their first MiB, so that small captures pay nothing
 * for it, and again where huge ones turn out to be dear (flow/supply.h).
 */
#ifndef TCPFSM_FLOW_ARENA_H
#define TCPFSM_FLOW_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#define TF_ARENA_HUGE  ((size_t)2 << 20) /* octets of a huge page */
#define TF_ARENA_SMALL ((size_t)1 << 20) /* before the first one */

/* COUNT items of BYTES octets each, zeroed; NULL where there is no memory. */
void *tf_arena_new(size_t count, size_t bytes);

/* Let the kernel clear PART of an arena, which begins with a page, now.  False where it cannot. */
bool tf_arena_touch(void *part, size_t size);

/* What was not touched yet of PART, which begins with a page, is to come in small ones. */
void tf_arena_be_small(void *part, size_t size);

/* Give back what tf_arena_new made with the same numbers; NULL is allowed. */
void tf_arena_free(void *arena, size_t count, size_t bytes);

#endif
