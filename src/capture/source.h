/*
 * What is known of one file or interface while it is read: the storage
 * behind struct tf_capture_source, and the rules by which it grows.
 */
#ifndef TCPFSM_CAPTURE_SOURCE_H
#define TCPFSM_CAPTURE_SOURCE_H

#include "capture/capture.h"

enum {
	TF_SOURCE_LINKTYPES = 64, /* more different ones than that are not listed */
};

struct tf_source {
	struct tf_capture_source info;
	int linktypes[TF_SOURCE_LINKTYPES];
	char linktype[32]; /* the first one's name */
	char error[TF_CAPTURE_MESSAGE_SIZE];
};

/* NAME must outlive the source.  The source must not be moved from now on. */
void tf_source_init(struct tf_source *s, const char *name);

/* An interface of the source has this LINKTYPE_*, snapshot length (0: no limit), and needs that many
 * decimals for its time stamps. */
void tf_source_describe(struct tf_source *s, int linktype, uint32_t snaplen, int digits);

/* It cannot be read further.  The message gets the name in front; the first failure stands. */
void tf_source_fail(struct tf_source *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The capture went on at least until then. */
void tf_source_end(struct tf_source *s, int64_t ts_ns);

#endif
