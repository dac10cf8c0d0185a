/*
 * What the text writer keeps over a run: the connections that wait for
 * their record, and the counts for the summary.
 */
#ifndef TCPFSM_OUTPUT_TEXT_H
#define TCPFSM_OUTPUT_TEXT_H

#include "pending.h"
#include "writer.h"

struct tf_text {
	struct tf_pending_table pending;
	uint64_t connections;                                 /* whose records came */
	uint64_t shown;                                       /* of them, those that were printed */
	uint64_t last_states[TF_STATE_COUNT][TF_STATE_COUNT]; /* client's, server's */
	uint64_t findings[TF_ANOMALY_COUNT][TF_SEVERITY_COUNT];
	bool begun;         /* something was printed */
	bool last_was_long; /* and it had several lines */
	struct {
		bool done;
		uint64_t conn; /* where; 0: under a host or a service */
	} explained[TF_ANOMALY_COUNT];
};

/* The checks, with what broke those that did not pass. */
void tf_text_checks(struct tf_output *o, const struct tf_verdict *v);

/* The summary: what was read, the last states, findings by severity, what was skipped, the verdict. */
void tf_text_summary(struct tf_output *o, const struct tf_summary *s);

#endif
