/*
 * One slice: from the frames that may belong to it to the file, with its
 * name and its comments.
 */
#ifndef TCPFSM_CLI_SLICE_FILE_H
#define TCPFSM_CLI_SLICE_FILE_H

#include "cli/options.h"
#include "slice/pool.h"

enum {
	TF_SLICE_NAME = 160, /* octets of a name, with its NUL */
};

/* A slice to be made. */
struct tf_slice {
	struct tf_slice_target target;
	char *name;    /* without the directory; owned */
	char *message; /* the finding's sentence; owned */
	bool made;     /* its file is there */
	struct tf_slice_pool pool;
};

/* What came of it. */
enum tf_slice_outcome {
	TF_SLICE_SHOWS,  /* written, and shows the finding again */
	TF_SLICE_HINTS,  /* written, with all its frames, but by themselves they do not show it */
	TF_SLICE_EMPTY,  /* there was no frame: nothing is written */
	TF_SLICE_FAILED, /* could not be written; said */
};

/* The name of F's slice: "conn-3-stuck-fin-wait-2.pcapng"; with WITH_END the end is in it, too. */
void tf_slice_name(char name[TF_SLICE_NAME], const struct tf_finding *f, bool with_end);

/* Might a file called NAME be a slice, of whatever run? */
bool tf_is_slice_name(const char *name);

/* Cut the slice from its pool and write it.  CAPTURE_END_NS: how long the capture lasted; DROPPED frames it lost. */
enum tf_slice_outcome tf_slice_write(const struct tf_slice *slice, const struct tf_options *options,
                                     int64_t capture_end_ns, uint64_t dropped);

#endif
