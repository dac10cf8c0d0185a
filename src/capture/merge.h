/*
 * Several files as one capture: the file whose next frame is the earliest
 * gives it.  Only the heads are compared, so a file that goes back in time
 * keeps its own order; in a tie the file given first goes first.
 */
#ifndef TCPFSM_CAPTURE_MERGE_H
#define TCPFSM_CAPTURE_MERGE_H

#include "capture/input.h"

struct tf_merge {
	struct tf_input **heap; /* by the time of head, then index: the earliest is heap[0] */
	size_t count;
	struct tf_input *starved; /* its head is not known before its buffer is filled; not in the heap */
	struct tf_input *ended;   /* the last one that ended, while its frames may be in use */
	struct tf_input_options options;
};

/* Room for COUNT inputs; false: no memory.  The inputs stay the caller's. */
bool tf_merge_init(struct tf_merge *m, size_t count, const struct tf_input_options *options);
void tf_merge_fini(struct tf_merge *m);

/* Takes part from now on: reads its first frame, and parks it. */
void tf_merge_add(struct tf_merge *m, struct tf_input *in);

/*
 * The next frame and the input that it is from.  Without MAY_FILL all frames since the last call
 * with it stay valid, and the result may be TF_READ_MORE.  TF_READ_OK, or TF_READ_END; an input
 * that fails drops out.
 */
enum tf_read_status tf_merge_next(struct tf_merge *m, bool may_fill, struct tf_frame *frame,
                                  struct tf_input **from);

#endif
