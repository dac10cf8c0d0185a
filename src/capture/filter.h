/*
 * A pcap filter expression over frames of any link type: it is compiled
 * once for each, when the first frame of that type turns up.
 */
#ifndef TCPFSM_CAPTURE_FILTER_H
#define TCPFSM_CAPTURE_FILTER_H

#include <pcap/pcap.h>

#include "capture/capture.h"

enum {
	TF_FILTER_PROGRAMS = 64, /* frames of more different link types cannot be filtered */
};

enum tf_filter_verdict {
	TF_FILTER_PASS,
	TF_FILTER_REJECT,
	TF_FILTER_IMPOSSIBLE, /* the expression does not compile for this link type */
};

struct tf_filter_program {
	int linktype;
	bool compiled; /* false: it does not compile */
	struct bpf_program code;
};

struct tf_filter {
	const char *expression; /* not owned */
	size_t count;
	size_t last; /* the program that was used last */
	struct tf_filter_program programs[TF_FILTER_PROGRAMS];
	char message[TF_CAPTURE_MESSAGE_SIZE]; /* why it did not compile, the last time that it did not */
};

void tf_filter_init(struct tf_filter *f, const char *expression);
void tf_filter_fini(struct tf_filter *f);

/* Whether the expression compiles for this link type; f->message says why not. */
bool tf_filter_prepare(struct tf_filter *f, int linktype);

enum tf_filter_verdict tf_filter_test(struct tf_filter *f, const struct tf_frame *frame);

#endif
