/*
 * The smallest set of frames that still shows a finding.
 *
 * Frames are left out in ever smaller runs, and after each the rest is
 * tried.  Kept in any case are the packets that prove the finding and, of a
 * finding about a connection, its SYNs, so that roles and numbers stay as
 * they are.  A rest that raises another finding than the whole did is not
 * taken; only that something is missing (capture-loss) may be new, since it
 * is true.
 */
#ifndef TCPFSM_SLICE_SHRINK_H
#define TCPFSM_SLICE_SHRINK_H

#include "slice/trial.h"

struct tf_slice_cut {
	bool shown;     /* the frames show the finding at all; else all are kept */
	bool *keep;     /* one a frame; owned by the caller */
	int64_t end_ns; /* the capture must be said to have lasted until then; INT64_MIN: it need not */
};

/* Choose among the COUNT frames at FRAME, ascending by number.  CAPTURE_END_NS is how long the whole capture
 * lasted.  CUT->keep has room for COUNT.  False where there is no memory. */
bool tf_slice_shrink(const struct tf_slice_setting *setting, const struct tf_frame *frame, size_t count,
                     int64_t capture_end_ns, struct tf_slice_cut *cut);

#endif
