/*
 * A part of a file, mapped: what is looked at there was not copied.
 *
 * Unlike octets that were read, those of a window can go: somebody cuts the
 * file short, or the medium fails.  Then zeros stand in their place, and the
 * window says that it is torn.  They can also change, so whatever is decided
 * by one of them has to be looked at once.
 *
 * All windows of a process are opened, looked through and closed by one
 * thread at a time, which does not block SIGBUS.
 */
#ifndef TCPFSM_CAPTURE_WINDOW_H
#define TCPFSM_CAPTURE_WINDOW_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/scout.h"

struct tf_window {
	uint8_t *base; /* a page's beginning; NULL: closed */
	size_t size;   /* octets at base */
	volatile sig_atomic_t torn;
	struct tf_scout *scout; /* that was sent through it, and unmaps it; NULL: none was */
	struct tf_window *next; /* another open one */
};

/* SIZE octets of FD from OFFSET on, a multiple of the page size; what is written there stays in the window.  W is
 * closed before it, and stays where it is while it is open.  SCOUT goes ahead; NULL: nobody does.  False where that
 * cannot be. */
bool tf_window_open(struct tf_window *w, struct tf_scout *scout, int fd, uint64_t offset, size_t size);

void tf_window_close(struct tf_window *w);

#endif
