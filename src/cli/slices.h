/*
 * --slice=DIR: for each finding a capture of its own, the smallest that
 * still shows it.
 *
 * Files are read a second time for it, when the run is over.  What cannot be
 * read twice goes through a ring of recent frames, and a slice is made when
 * its finding is; what the ring no longer held is said.
 */
#ifndef TCPFSM_CLI_SLICES_H
#define TCPFSM_CLI_SLICES_H

#include "cli/options.h"
#include "tcpfsm/event.h"
#include "wire/frame.h"

struct tf_slices;

/* Make the directory that OPTIONS name.  *SLICES is NULL where none is wanted.  False after a complaint. */
bool tf_slices_open(struct tf_slices **slices, const struct tf_options *options);

/* A frame passed by: for the ring.  S may be NULL, here and below. */
void tf_slices_frame(struct tf_slices *s, const struct tf_frame *frame);

/* A finding was made. */
void tf_slices_finding(struct tf_slices *s, const struct tf_finding *f);

/* The run is over: make what is left to be made, say what could not be, and free S.  False, after a complaint,
 * where a file could not be written. */
bool tf_slices_close(struct tf_slices *s);

#endif
