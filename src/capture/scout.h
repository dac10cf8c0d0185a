/*
 * Another thread that goes through a window ahead of its user, and behind
 * it: it lets the kernel map the file's pages, and unmap them again, which
 * takes a third of the time of reading a capture of large frames.  It
 * looks at no octet, and changes nothing else.
 */
#ifndef TCPFSM_CAPTURE_SCOUT_H
#define TCPFSM_CAPTURE_SCOUT_H

#include <stddef.h>
#include <stdint.h>

struct tf_scout;

/* NULL where there can be none.  All calls but for it are its user's, one thread at a time. */
struct tf_scout *tf_scout_new(void);

/* It ends, and what it had yet to unmap is unmapped.  NULL is allowed. */
void tf_scout_free(struct tf_scout *s);

/* Go through SIZE octets at BASE, in place of what it went through before. */
void tf_scout_send(struct tf_scout *s, uint8_t *base, size_t size);

/* SIZE octets at BASE, the window that it was sent through, are wanted no more: it unmaps them. */
void tf_scout_clear(struct tf_scout *s, uint8_t *base, size_t size);

/* What it does, at once and without it: map SIZE octets at BASE, a page's beginning.  Pages cost more one by one, and
 * what is not there cannot be prefetched. */
void tf_scout_map(uint8_t *base, size_t size);

#endif
