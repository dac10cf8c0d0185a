/*
 * The numbers of a run for Prometheus: its text format 0.0.4, as the node
 * exporter's textfile collector reads it.  Counters are cumulative since the
 * start; every finding of the catalogue has a line, so that a rate can be
 * taken from its first one on.
 */
#include "status.h"

static void
put_family(struct tf_buf *b, const char *name, const char *type, const char *help)
{
	tf_put_lit(b, "# HELP tcpfsm_");
	tf_put_str(b, name);
	tf_put_char(b, ' ');
	tf_put_str(b, help);
	tf_put_lit(b, "\n# TYPE tcpfsm_");
	tf_put_str(b, name);
	tf_put_char(b, ' ');
	tf_put_str(b, type);
	tf_put_char(b, '\n');
}

/* A value without labels, with its family. */
static void
put_single(struct tf_buf *b, const char *name, const char *type, uint64_t v, const char *help)
{
	put_family(b, name, type, help);
	tf_put_lit(b, "tcpfsm_");
	tf_put_str(b, name);
	tf_put_char(b, ' ');
	tf_put_u64(b, v);
	tf_put_char(b, '\n');
}

/* tcpfsm_NAME{LABEL="VALUE" : whoever calls closes it.  Our values need no escapes. */
static void
put_label(struct tf_buf *b, const char *name, const char *label, const char *value)
{
	tf_put_lit(b, "tcpfsm_");
	tf_put_str(b, name);
	tf_put_char(b, '{');
	tf_put_str(b, label);
	tf_put_lit(b, "=\"");
	tf_put_str(b, value);
	tf_put_char(b, '"');
}

static void
put_value(struct tf_buf *b, uint64_t v)
{
	tf_put_lit(b, "} ");
	tf_put_u64(b, v);
	tf_put_char(b, '\n');
}

static void
put_time(struct tf_buf *b, const char *name, int64_t ns, const char *help)
{
	put_family(b, name, "gauge", help);
	tf_put_lit(b, "tcpfsm_");
	tf_put_str(b, name);
	tf_put_char(b, ' ');
	tf_put_seconds_fixed(b, ns, 3);
	tf_put_char(b, '\n');
}

static void
put_capture(struct tf_buf *b, const struct tf_status *s)
{
	put_family(b, "build_info", "gauge", "The version; the value is always 1.");
	put_label(b, "build_info", "version", s->version);
	put_value(b, 1);
	put_time(b, "start_time_seconds", s->started_ns, "When the run started, since the epoch.");
	put_time(b, "last_packet_time_seconds", s->last_ns,
	         "The time of the last frame, since the epoch; 0: none.");
	put_single(b, "packets_total", "counter", s->packets, "Frames read.");
	put_single(b, "tcp_segments_total", "counter", s->stats->segments, "TCP segments analysed.");
	if (s->dropped >= 0)
		put_single(b, "dropped_by_kernel_total", "counter", (uint64_t)s->dropped,
		           "Frames that the capturing host lost.");
	put_single(b, "duplicate_frames_total", "counter", s->stats->duplicate_frames,
	           "Segments that the capture held twice; left out.");
	put_single(b, "bad_checksums_total", "counter", s->stats->bad_checksums,
	           "Segments with a wrong checksum; left out.");
	put_family(b, "skipped_frames_total", "counter",
	           "Frames without a TCP segment to analyse, by reason.");
	for (size_t i = 0; i < s->skipped_count; i++) {
		put_label(b, "skipped_frames_total", "reason", s->skipped[i].name);
		put_value(b, s->skipped[i].count);
	}
}

static void
put_pairs(struct tf_buf *b, const struct tf_status *s)
{
	put_family(b, "connections", "gauge", "Connections in the table, by the states of both ends.");
	for (int i = 0; i < TF_STATE_COUNT; i++) {
		for (int j = 0; j < TF_STATE_COUNT; j++) {
			if (s->table.pairs[i][j] == 0)
				continue;
			put_label(b, "connections", "client", tf_state_name((enum tf_state)i));
			tf_put_lit(b, ",server=\"");
			tf_put_str(b, tf_state_name((enum tf_state)j));
			tf_put_char(b, '"');
			put_value(b, s->table.pairs[i][j]);
		}
	}
}

static void
put_table(struct tf_buf *b, const struct tf_status *s)
{
	put_single(b, "connections_seen_total", "counter", s->stats->connections, "Connections recognised.");
	put_pairs(b, s);
	put_single(b, "table_connections", "gauge", s->table.connections, "Connections in the table.");
	put_single(b, "table_connections_limit", "gauge", s->table.most_connections,
	           "Connections that the table has room for.");
	put_single(b, "table_closed", "gauge", s->table.tombstones,
	           "Closed connections that are remembered.");
	put_single(b, "table_closed_limit", "gauge", s->table.most_tombstones,
	           "Closed connections that there is room for.");
	put_single(b, "evicted_total", "counter", s->stats->evicted,
	           "Connections forgotten for want of room.");
	put_single(b, "pool_exhausted_total", "counter", s->stats->pool_exhausted,
	           "Times that disorder found no room.");
}

static void
put_findings(struct tf_buf *b, const struct tf_status *s)
{
	put_family(b, "findings_total", "counter", "Findings, by id and the catalogue's severity.");
	for (int id = 0; id < TF_ANOMALY_COUNT; id++) {
		const struct tf_anomaly_info *info = tf_anomaly_info((enum tf_anomaly)id);
		put_label(b, "findings_total", "id", info->id);
		tf_put_lit(b, ",severity=\"");
		tf_put_str(b, tf_severity_name(info->severity));
		tf_put_char(b, '"');
		put_value(b, s->stats->anomalies[id]);
	}
}

void
tf_put_metrics(struct tf_buf *b, const struct tf_status *s)
{
	put_capture(b, s);
	put_table(b, s);
	put_findings(b, s);
}
