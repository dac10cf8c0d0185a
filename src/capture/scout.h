/*
 * Another thread that goes through a window before its user, and behind
 * it: it lets the kernel map the file's pages, and unmap them again, which
 * takes a third of the time of reading a capture of large frames.  It
 * changes nothing else.
 */
#ifndef TCPFSM_CAPTURE_SCOUT_H
#define TCPFSM_CAPTURE_SCOUT_H

#include <stddef.h>
#include <stdint.h>

struct tf_scout;

/* NULL where there can be none. */
struct tf_scout *tf_scout_new(void);

/* NULL is allowed. */
void tf_scout_free(struct tf_scout *s);

/* Go through SIZE octets at BASE, in place of what it went through before. */
void tf_scout_send(struct tf_scout *s, uint8_t *base, size_t size);

/* SIZE octets at BASE, a window that it went through before, are wanted no more: it unmaps them. */
void tf_scout_clear(struct tf_scout *s, uint8_t *base, size_t size);

/* What it does, at once: map SIZE octets at BASE.  One by one pages cost more, and what is not there cannot be
 * prefetched. */
void tf_scout_map(uint8_t *base, size_t size);

#endif
