/*
 * A trial: do these frames alone show a finding?  They go through a decoder
 * and an analyzer of their own, as they would if a file held nothing else.
 */
#ifndef TCPFSM_SLICE_TRIAL_H
#define TCPFSM_SLICE_TRIAL_H

#include <stdbool.h>
#include <stddef.h>

#include "tcpfsm/analyzer.h"
#include "wire/frame.h"

enum { TF_SLICE_SUBJECT = 64 }; /* octets of a subject that are compared */

/* What is to be shown. */
struct tf_slice_target {
	enum tf_anomaly id;
	enum tf_severity severity;
	enum tf_endpoint endpoint;
	int64_t ts_ns;          /* when it was known */
	uint64_t conn;          /* its number in the whole capture; 0: it has a subject */
	struct tf_addr addr[2]; /* with conn: client and server */
	uint16_t port[2];
	char subject[TF_SLICE_SUBJECT]; /* without conn */
	size_t packet_count;            /* of packets */
	uint64_t packets[TF_MAX_EVIDENCE];
};

/* Everything a trial needs beside its frames. */
struct tf_slice_setting {
	const struct tf_config *config;
	const struct tf_slice_target *target;
	uint64_t dropped; /* frames that the capturing host lost */
	int64_t end_ns;   /* the clock is moved on to here; INT64_MIN: it stays at the last frame */
};

/* The findings of a trial, as far as they are compared: a bit an id, by endpoint. */
struct tf_slice_seen {
	uint64_t raised[3];
};

struct tf_slice_trial {
	bool shown; /* the target is there, with its packets */
	struct tf_slice_seen seen;
};

/* Analyse those of the COUNT frames at FRAME for which KEEP is true; frames keep the numbers of the whole
 * capture.  False where there is no memory. */
bool tf_slice_try(const struct tf_slice_setting *setting, const struct tf_frame *frame, const bool *keep,
                  size_t count, struct tf_slice_trial *result);

/* F as a target. */
void tf_slice_target_of(struct tf_slice_target *t, const struct tf_finding *f);

#endif
