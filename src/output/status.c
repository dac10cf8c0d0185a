/*
 * The short report and the table of connections: see status.h.
 *
 *   tcpfsm: after 60 s: 1,234 packets (0 lost by the kernel), 12 connections, 2 of them now (at most 3)
 *   tcpfsm: now: 1 ESTABLISHED / ESTABLISHED, 1 TIME-WAIT / CLOSED
 */
#include "status.h"

#include "style.h"

#define ENDS_COLUMNS   46 /* "255.255.255.255:65535 -> 255.255.255.255:65535" */
#define STATES_COLUMNS 27 /* "SYN-RECEIVED / ESTABLISHED" */
#define TIME_COLUMNS   12

static void
put_count(struct tf_buf *b, const char *before, uint64_t n, const char *behind)
{
	tf_put_str(b, before);
	tf_put_grouped(b, n);
	tf_put_str(b, behind);
}

static void
put_counters(struct tf_buf *b, const struct tf_status *s)
{
	tf_put_lit(b, "after ");
	tf_put_duration(b, s->running_ns);
	put_count(b, ": ", s->packets, s->packets == 1 ? " packet" : " packets");
	if (s->dropped >= 0)
		put_count(b, " (", (uint64_t)s->dropped, " lost by the kernel)");
	put_count(b, ", ", s->stats->segments, " TCP segments, ");
	tf_put_plural(b, s->stats->connections, "connection", "connections");
	put_count(b, ", ", s->table.connections, " in the table");
	put_count(b, " (at most ", s->stats->live_max, ")");
	if (s->stats->evicted > 0)
		put_count(b, ", ", s->stats->evicted, " forgotten for want of room");
	tf_put_char(b, '\n');
}

static void
put_pairs(struct tf_buf *b, const struct tf_status *s)
{
	const char *before = "now, client / server: ";

	for (int i = 0; i < TF_STATE_COUNT; i++) {
		for (int j = 0; j < TF_STATE_COUNT; j++) {
			if (s->table.pairs[i][j] == 0)
				continue;
			put_count(b, before, s->table.pairs[i][j], " ");
			tf_put_str(b, tf_state_name((enum tf_state)i));
			tf_put_lit(b, " / ");
			tf_put_str(b, tf_state_name((enum tf_state)j));
			before = ", ";
		}
	}
	if (*before == ',')
		tf_put_char(b, '\n');
	else
		tf_put_lit(b, "now: no connection\n");
}

static void
put_findings(struct tf_buf *b, const struct tf_status *s)
{
	const char *before = "findings: ";

	for (int id = 0; id < TF_ANOMALY_COUNT; id++) {
		if (s->stats->anomalies[id] == 0)
			continue;
		put_count(b, before, s->stats->anomalies[id], " ");
		tf_put_str(b, tf_anomaly_info((enum tf_anomaly)id)->id);
		before = ", ";
	}
	tf_put_str(b, *before == ',' ? "\n" : "findings: none\n");
}

void
tf_put_status(struct tf_buf *b, const struct tf_status *s, const char *prefix)
{
	tf_put_str(b, prefix);
	put_counters(b, s);
	tf_put_str(b, prefix);
	put_pairs(b, s);
	tf_put_str(b, prefix);
	put_findings(b, s);
}

void
tf_put_status_heading(struct tf_buf *b)
{
	tf_put_fill(b, ' ', 5);
	tf_put_lit(b, "conn  ");
	tf_put_padded(b, "client -> server", ENDS_COLUMNS);
	tf_put_lit(b, "  ");
	tf_put_padded(b, "states", STATES_COLUMNS);
	tf_put_lit(b, "  ");
	tf_put_padded(b, "age", TIME_COLUMNS);
	tf_put_padded(b, "silent for", TIME_COLUMNS);
	tf_put_lit(b, "packets     octets  sent again  findings\n");
}

/* What SCRATCH holds, padded; it is empty afterwards. */
static void
put_cell(struct tf_buf *b, struct tf_buf *scratch, size_t columns)
{
	tf_put_char(scratch, '\0');
	if (scratch->error == 0)
		tf_put_padded(b, scratch->data, columns);
	scratch->len = 0;
}

static void
put_ids(struct tf_buf *b, const struct tf_connection_record *r)
{
	for (size_t i = 0; i < r->anomaly_count; i++) {
		tf_put_str(b, i > 0 ? "," : "  ");
		tf_put_str(b, tf_anomaly_info(r->anomalies[i].id)->id);
	}
	tf_put_char(b, '\n');
}

void
tf_put_status_row(struct tf_buf *b, const struct tf_connection_record *r, int64_t now_ns)
{
	const struct tf_end_record *client = &r->end[TF_CLIENT], *server = &r->end[TF_SERVER];
	int64_t silent_ns = now_ns - r->last_ts_ns;
	struct tf_buf cell;

	tf_buf_init(&cell, -1);
	tf_put_u64_right(b, r->conn, 9);
	tf_put_lit(b, "  ");
	tf_put_addr_port(&cell, &client->addr, client->port);
	tf_put_lit(&cell, " -> ");
	tf_put_addr_port(&cell, &server->addr, server->port);
	put_cell(b, &cell, ENDS_COLUMNS);
	tf_put_lit(b, "  ");
	tf_put_str(&cell, tf_state_name(client->state));
	tf_put_lit(&cell, " / ");
	tf_put_str(&cell, tf_state_name(server->state));
	put_cell(b, &cell, STATES_COLUMNS);
	tf_put_lit(b, "  ");
	tf_put_duration(&cell, now_ns > r->first_ts_ns ? now_ns - r->first_ts_ns : 0);
	put_cell(b, &cell, TIME_COLUMNS);
	tf_put_duration(&cell, silent_ns > 0 ? silent_ns : 0);
	put_cell(b, &cell, TIME_COLUMNS);
	tf_put_u64_right(b, client->packets + server->packets, 7);
	tf_put_u64_right(b, client->bytes + server->bytes, 11);
	tf_put_u64_right(b, client->retransmitted + server->retransmitted, 12);
	put_ids(b, r);
	tf_buf_done(&cell, b);
}
