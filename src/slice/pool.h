/*
 * Frames that may belong to a slice, copied, in a bounded room.  Where they
 * outgrow it, frames from the middle go that carry neither SYN, FIN nor RST
 * and are no neighbours of the evidence: runs of data, normally.
 */
#ifndef TCPFSM_SLICE_POOL_H
#define TCPFSM_SLICE_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "slice/trial.h"

struct tf_slice_pool {
	struct tf_frame *frame; /* ascending by number; their data are ours */
	bool *dear;             /* one a frame: it stays */
	size_t count, capacity; /* of frame */
	size_t octets, most;    /* captured, of all of them; at most */
	uint64_t gone;          /* frames that had to go */
};

void tf_slice_pool_init(struct tf_slice_pool *p, size_t most_octets);
void tf_slice_pool_fini(struct tf_slice_pool *p);

/* Keep a copy of FRAME; FLAGS are those of its segment (0: none), TARGET is what the frames are to show. */
void tf_slice_pool_add(struct tf_slice_pool *p, const struct tf_frame *frame, unsigned flags,
                       const struct tf_slice_target *target);

#endif
