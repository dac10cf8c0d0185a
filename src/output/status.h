/*
 * Where a run stands, for whoever asks while it goes on: a short report,
 * the table of connections, and the same numbers for Prometheus.
 *
 * It knows numbers and how they are shown; it deliberately does not know
 * where they come from or when they are asked for.
 */
#ifndef TCPFSM_OUTPUT_STATUS_H
#define TCPFSM_OUTPUT_STATUS_H

#include "buffer.h"
#include "output.h"
#include "tcpfsm/analyzer.h"

struct tf_status {
	const char *version;
	const char *source; /* the interface, or the first file */
	int64_t started_ns; /* since the epoch */
	int64_t running_ns; /* since the start */
	int64_t last_ns;    /* of the last frame, since the epoch; 0: there was none */
	uint64_t packets;   /* frames read */
	int64_t dropped;    /* by the kernel; -1: not known */
	const struct tf_stats *stats;
	struct tf_table_counts table;
	const struct tf_skipped *skipped;
	size_t skipped_count;
};

/* Two or three lines that begin with PREFIX: counts, states, findings. */
void tf_put_status(struct tf_buf *b, const struct tf_status *s, const char *prefix);

/* The heading of the table of connections, and a row of it; NOW_NS is the capture's clock. */
void tf_put_status_heading(struct tf_buf *b);
void tf_put_status_row(struct tf_buf *b, const struct tf_connection_record *r, int64_t now_ns);

/* All of it in Prometheus' text format, version 0.0.4. */
void tf_put_metrics(struct tf_buf *b, const struct tf_status *s);

#endif
