/*
 * CSV (RFC 4180): a header, then a row a connection.  Every cell is made of
 * fixed words, numbers and addresses, and lists are separated by blanks: no
 * cell ever holds what would have to be quoted.  Lines end with a bare line
 * feed, as the tools that read them here expect.  A value that is not known
 * is empty.
 */
#include "community.h"
#include "style.h"

#define END_COLUMNS(end)                                                                                     \
	"," end "_addr," end "_port," end "_state," end "_possible," end "_history," end "_isn," end         \
	"_packets," end "_bytes," end "_bytes_on_wire," end "_retransmitted," end "_out_of_order," end       \
	"_duplicate_acks," end "_zero_windows," end "_mss," end "_wscale," end "_sack," end "_timestamps"

static const char header[] =
    "conn,first_ts,last_ts,duration,close,roles,handshake_rtt,anomalies,community_id,evicted" END_COLUMNS(
        "client") END_COLUMNS("server") ",zeek_state,history_letters,"
                                        "client_keepalives,server_keepalives\n";

/* TEXT is a word out of a fixed list: it needs no quotes. */
static void
put_cell(struct tf_buf *row, const char *text)
{
	tf_put_str(row, text);
	tf_put_char(row, ',');
}

static void
put_number_cell(struct tf_buf *row, uint64_t v)
{
	tf_put_u64(row, v);
	tf_put_char(row, ',');
}

/* Empty where V is negative. */
static void
put_known_cell(struct tf_buf *row, int64_t v)
{
	if (v >= 0)
		tf_put_u64(row, (uint64_t)v);
	tf_put_char(row, ',');
}

static void
put_states_cell(struct tf_buf *row, tf_states set)
{
	for (unsigned s = 0, n = 0; s < TF_STATE_COUNT; s++) {
		if ((set & TF_STATES(s)) == 0)
			continue;
		if (n++ > 0)
			tf_put_char(row, ' ');
		tf_put_str(row, tf_state_name((enum tf_state)s));
	}
	tf_put_char(row, ',');
}

static void
put_history_cell(struct tf_buf *row, const struct tf_end_record *e)
{
	for (unsigned i = 0; i < e->history_count; i++) {
		if (i > 0)
			tf_put_char(row, ' ');
		tf_put_str(row, tf_state_name((enum tf_state)e->history[i]));
	}
	if (e->history_truncated)
		tf_put_lit(row, " ...");
	tf_put_char(row, ',');
}

static void
put_end_cells(struct tf_buf *row, const struct tf_end_record *e)
{
	tf_put_addr(row, &e->addr);
	tf_put_char(row, ',');
	put_number_cell(row, e->port);
	put_cell(row, tf_state_name(e->state));
	put_states_cell(row, e->possible);
	put_history_cell(row, e);
	put_known_cell(row, e->isn_known ? (int64_t)e->isn.v : -1);
	put_number_cell(row, e->packets);
	put_number_cell(row, e->bytes);
	put_number_cell(row, e->bytes_on_wire);
	put_number_cell(row, e->retransmitted);
	put_number_cell(row, e->out_of_order);
	put_number_cell(row, e->duplicate_acks);
	put_number_cell(row, e->zero_windows);
	put_known_cell(row, e->mss);
	put_known_cell(row, e->wscale);
	put_known_cell(row, e->sack);
	put_known_cell(row, e->timestamps);
}

static void
put_anomalies_cell(struct tf_buf *row, const struct tf_connection_record *r)
{
	for (size_t i = 0; i < r->anomaly_count; i++) {
		if (i > 0)
			tf_put_char(row, ' ');
		tf_put_str(row, tf_anomaly_info(r->anomalies[i].id)->id);
	}
	tf_put_char(row, ',');
}

static void
put_row(struct tf_buf *row, const struct tf_output *o, const struct tf_connection_record *r)
{
	const struct tf_end_record *client = &r->end[TF_CLIENT], *server = &r->end[TF_SERVER];

	put_number_cell(row, r->conn);
	tf_put_seconds_fixed(row, r->first_ts_ns, o->decimals);
	tf_put_char(row, ',');
	tf_put_seconds_fixed(row, r->last_ts_ns, o->decimals);
	tf_put_char(row, ',');
	tf_put_seconds_fixed(row, r->last_ts_ns - r->first_ts_ns, o->decimals);
	tf_put_char(row, ',');
	put_cell(row, tf_close_name(r->close));
	put_cell(row, tf_roles_name(r->roles));
	if (r->handshake_rtt_ns >= 0)
		tf_put_seconds(row, r->handshake_rtt_ns);
	tf_put_char(row, ',');
	put_anomalies_cell(row, r);
	tf_put_community_id(row, o->options.community_id_seed, &client->addr, client->port, &server->addr,
	                    server->port);
	tf_put_char(row, ',');
	put_number_cell(row, r->evicted);
	put_end_cells(row, client);
	put_end_cells(row, server);
	put_cell(row, tf_zeek_state_name(r->zeek_state));
	put_cell(row, r->letters);
	put_number_cell(row, client->keepalives);
	put_number_cell(row, server->keepalives);
	/* In the place of the last comma, which was not written out yet. */
	if (row->len > 0)
		row->data[row->len - 1] = '\n';
}

static void
begin(struct tf_output *o)
{
	tf_put(&o->out, header, sizeof header - 1);
}

static void
event(struct tf_output *o, const struct tf_event *e)
{
	if (e->kind == TF_EV_CONNECTION && tf_filter_record(&o->options.filter, e->connection))
		put_row(&o->out, o, e->connection);
}

static unsigned
wanted(const struct tf_output_options *options)
{
	(void)options;
	return TF_EV_CONNECTION;
}

const struct tf_writer tf_csv_writer = {
    .format = {"csv", "a row a connection, with a header"},
    .wanted = wanted,
    .goes_on = true,
    .begin = begin,
    .event = event,
};
