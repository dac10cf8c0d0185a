/*
 * One of the files of a capture: its descriptor, its reader, and, where
 * several files are merged, the frame that comes next.
 *
 * A regular file that waits for its turn is parked: its descriptor stays
 * open, its buffers are given back, and only the time of its first frame is
 * kept.  So thousands of files of a ring buffer take no more memory than
 * those that overlap in time.
 */
#ifndef TCPFSM_CAPTURE_INPUT_H
#define TCPFSM_CAPTURE_INPUT_H

#include <sys/types.h>

#include "capture/reader.h"

struct tf_input {
	struct tf_source source;
	struct tf_reader reader;
	int fd;               /* -1: not open */
	bool is_regular;      /* its size is known, and it can be rewound */
	bool reading;         /* the reader is set up */
	bool parked;          /* it must be begun anew before head can be used */
	bool finished;        /* nothing comes after head, or, without a head, at all */
	bool must_fill;       /* what comes after head needs a fill first */
	off_t start;          /* where reading begins: standard input may have been read by others */
	uint64_t size;        /* of the file, where is_regular */
	uint64_t consumed;    /* octets read in all, once the reader is gone */
	size_t index;         /* place in the order as given */
	struct tf_frame head; /* merged: the next frame; where parked, only its time is good */
};

struct tf_input_options {
	bool through_libpcap;
	int wake_fd;     /* readable: stop; -1: none */
	size_t capacity; /* octets to buffer */
	bool may_map;    /* frames may lie where somebody else can change them */
};

/* Opens the file; where that fails its source says so and the input is finished. */
void tf_input_open(struct tf_input *in, const char *name, size_t index);
void tf_input_close(struct tf_input *in);

/* Sets the reader up and reads up to the first frame, but does not wait in a pipe for more
 * than the first link type. */
void tf_input_begin(struct tf_input *in, const struct tf_input_options *options);

/* Reads the next frame to head.  Without may_fill, TF_READ_MORE where a fill is due.  TF_READ_OK, else
 * the input is finished. */
enum tf_read_status tf_input_advance(struct tf_input *in, bool may_fill);

/* Park and take up again; the latter reads head anew. */
void tf_input_park(struct tf_input *in);
enum tf_read_status tf_input_resume(struct tf_input *in, const struct tf_input_options *options);

/* Gives back the buffers: frames of this input become invalid. */
void tf_input_release(struct tf_input *in);

uint64_t tf_input_consumed(const struct tf_input *in);

#endif
