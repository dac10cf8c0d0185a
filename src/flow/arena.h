/*
 * Large zeroed memory that is filled from its beginning: pools and indices.
 *
 * Pages that are never touched cost nothing.  Beyond the first 2 MiB the
 * kernel is asked for huge pages: a table of connections is visited in
 * random order, and with small pages most visits miss the TLB as well as
 * the cache.  Small captures stay below and pay nothing for it.
 */
#ifndef TCPFSM_FLOW_ARENA_H
#define TCPFSM_FLOW_ARENA_H

#include <stddef.h>

/* COUNT items of BYTES octets each, zeroed; NULL where there is no memory. */
void *tf_arena_new(size_t count, size_t bytes);

/* Give back what tf_arena_new made with the same numbers; NULL is allowed. */
void tf_arena_free(void *arena, size_t count, size_t bytes);

#endif
