/*
 * The intake: frames in, parcels of decoded segments out.  It knows the
 * capture and the decoder; the analyzer it does not know, so it can run in
 * a thread of its own.
 */
#ifndef TCPFSM_CLI_INTAKE_H
#define TCPFSM_CLI_INTAKE_H

#include <stdbool.h>

#include "capture/capture.h"
#include "capture/dump.h"
#include "cli/options.h"
#include "cli/pipeline.h"
#include "cli/slices.h"
#include "wire/decode.h"

struct tf_intake {
	const struct tf_options *options;
	struct tf_capture *capture;
	struct tf_dump *dump; /* where each frame is also written; NULL: nowhere */
	struct tf_decoder *decoder;
	struct tf_slices *slices; /* is shown each frame; NULL: nobody is */

	struct tf_parcel *parcel;                 /* being filled */
	struct tf_parcel *(*ship)(void *context); /* takes it, gives an empty one; NULL: no more is wanted */
	void *context;
	bool frames_go; /* before a parcel is used: its payloads must be kept */

	bool any_frame;
	bool clock_waits;           /* clock_ns was set by a frame that is no segment: it is to be told */
	int64_t first_ns, clock_ns; /* least and greatest time of a frame; with any_frame */
	uint64_t cut;               /* frames of which the end was not captured */
	uint32_t snap_length;       /* octets of the longest of them */
	struct tf_frame frame[TF_PARCEL_SEGMENTS];
	struct tf_frame still;         /* a frame that nobody else can change; its data are here: */
	uint8_t still_data[256 << 10]; /* more than a capture file may hold of a frame */
};

/* Read a batch of frames and ship what it holds.  How many frames, or
 * TF_CAPTURE_IDLE, or TF_CAPTURE_END: also where -c is reached or nobody
 * wants more. */
int tf_intake_read(struct tf_intake *in);

#endif
