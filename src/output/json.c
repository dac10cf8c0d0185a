/*
 * JSON Lines: one object a line, every field always there, null where a
 * value is not known.  The order of the fields is part of the contract
 * with those who read it by eye.
 *
 * This is the format of millions of records: fields are put together from
 * literals and numbers made by hand.
 */
#include <assert.h>

#include "community.h"
#include "json_checks.h"
#include "json_summary.h"
#include "message.h"
#include "writer.h"

/* `"FIN-WAIT-2"`, made once: state names are most of a record's text. */
struct json {
	struct {
		char text[16];
		uint8_t len;
	} state[TF_STATE_COUNT];
};

static void
begin(struct tf_output *o)
{
	struct json *j = o->state;
	struct tf_buf b;

	tf_buf_init(&b, -1);
	for (unsigned s = 0; s < TF_STATE_COUNT; s++) {
		b.len = 0;
		tf_put_json_string(&b, tf_state_name((enum tf_state)s));
		if (b.error != 0)
			break;
		assert(b.len <= sizeof j->state[s].text);
		j->state[s].len = (uint8_t)b.len;
		memcpy(j->state[s].text, b.data, b.len);
	}
	tf_buf_done(&b, &o->out);
}

static void
put_state(struct tf_output *o, unsigned s)
{
	const struct json *j = o->state;

	tf_put(&o->out, j->state[s].text, j->state[s].len);
}

static void
put_states(struct tf_output *o, tf_states set)
{
	struct tf_buf *b = &o->out;

	tf_put_char(b, '[');
	for (unsigned s = 0, n = 0; s < TF_STATE_COUNT; s++) {
		if ((set & TF_STATES(s)) == 0)
			continue;
		if (n++ > 0)
			tf_put_char(b, ',');
		put_state(o, s);
	}
	tf_put_char(b, ']');
}

/* V, or null where it is negative. */
static void
put_or_null(struct tf_buf *b, int64_t v)
{
	if (v < 0)
		tf_put_lit(b, "null");
	else
		tf_put_u64(b, (uint64_t)v);
}

static void
put_bool(struct tf_buf *b, bool v)
{
	if (v)
		tf_put_lit(b, "true");
	else
		tf_put_lit(b, "false");
}

static void
put_tristate(struct tf_buf *b, int v)
{
	if (v < 0)
		tf_put_lit(b, "null");
	else
		put_bool(b, v > 0);
}

/* The fields with which everything that happens to a connection begins; 0 is null. */
static void
put_where(struct tf_output *o, int64_t ts_ns, uint64_t packet, uint64_t conn, enum tf_endpoint e)
{
	struct tf_buf *b = &o->out;

	tf_put_lit(b, "\"ts\":");
	tf_put_seconds_fixed(b, ts_ns, o->decimals);
	tf_put_lit(b, ",\"packet\":");
	put_or_null(b, packet == 0 ? -1 : (int64_t)packet);
	tf_put_lit(b, ",\"conn\":");
	put_or_null(b, conn == 0 ? -1 : (int64_t)conn);
	tf_put_lit(b, ",\"endpoint\":");
	tf_put_json_string(b, tf_endpoint_name(e));
}

static void
put_transition(struct tf_output *o, const struct tf_transition *t)
{
	struct tf_buf *b = &o->out;

	tf_put_lit(b, "{\"type\":\"transition\",");
	put_where(o, t->ts_ns, t->packet, t->conn, t->endpoint);
	tf_put_lit(b, ",\"from\":");
	put_state(o, t->from);
	tf_put_lit(b, ",\"to\":");
	put_state(o, t->to);
	tf_put_lit(b, ",\"basis\":");
	tf_put_json_string(b, tf_basis_name(t->basis));
	tf_put_lit(b, ",\"rule\":");
	tf_put_json_string(b, t->rule);
	tf_put_lit(b, ",\"event\":");
	tf_put_json_string(b, t->event);
	tf_put_lit(b, ",\"reference\":");
	tf_put_json_string(b, t->reference);
	tf_put_lit(b, ",\"possible\":");
	put_states(o, t->possible);
	tf_put_lit(b, "}\n");
}

static void
put_possible(struct tf_output *o, const struct tf_possible *p)
{
	struct tf_buf *b = &o->out;

	tf_put_lit(b, "{\"type\":\"possible\",");
	put_where(o, p->ts_ns, p->packet, p->conn, p->endpoint);
	tf_put_lit(b, ",\"state\":");
	put_state(o, p->state);
	tf_put_lit(b, ",\"possible\":");
	put_states(o, p->possible);
	tf_put_lit(b, "}\n");
}

static void
put_numbers(struct tf_buf *b, const uint64_t *v, size_t count)
{
	tf_put_char(b, '[');
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			tf_put_char(b, ',');
		tf_put_u64(b, v[i]);
	}
	tf_put_char(b, ']');
}

static void
put_members(struct tf_output *o, const struct tf_detail *d, size_t count)
{
	struct tf_buf *b = &o->out;

	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			tf_put_char(b, ',');
		tf_put_json_string(b, d[i].name);
		tf_put_char(b, ':');
		tf_put_detail_json(b, &d[i], o->decimals);
	}
}

static void
put_details(struct tf_output *o, const struct tf_finding *f)
{
	struct tf_buf *b = &o->out;

	tf_put_char(b, '{');
	put_members(o, f->detail, f->detail_count);
	if (f->conn == 0 || f->conn_count > 0) {
		if (f->detail_count > 0)
			tf_put_char(b, ',');
		tf_put_lit(b, "\"conns\":");
		put_numbers(b, f->conns, f->conn_count);
	}
	tf_put_char(b, '}');
}

/* The finding's sentence: escaped as a whole, since details may be any text. */
static void
put_message_string(struct tf_buf *b, const struct tf_finding *f)
{
	struct tf_buf text;

	tf_buf_init(&text, -1);
	tf_put_message(&text, f);
	tf_put_char(&text, '\0');
	tf_put_json_string(b, text.error == 0 ? text.data : NULL);
	tf_buf_done(&text, b);
}

static void
put_finding(struct tf_output *o, const struct tf_finding *f)
{
	const struct tf_anomaly_info *info = tf_anomaly_info(f->id);
	struct tf_buf *b = &o->out;

	tf_put_lit(b, "{\"type\":\"anomaly\",");
	put_where(o, f->ts_ns, f->packet, f->conn, f->endpoint);
	tf_put_lit(b, ",\"id\":");
	tf_put_json_string(b, info->id);
	tf_put_lit(b, ",\"severity\":");
	tf_put_json_string(b, tf_severity_name(f->severity));
	tf_put_lit(b, ",\"packets\":");
	put_numbers(b, f->packets, f->packet_count);
	tf_put_lit(b, ",\"message\":");
	put_message_string(b, f);
	tf_put_lit(b, ",\"reference\":");
	tf_put_json_string(b, info->reference);
	tf_put_lit(b, ",\"details\":");
	put_details(o, f);
	tf_put_lit(b, ",\"subject\":");
	tf_put_json_string(b, f->subject);
	if (f->baseline != TF_BASELINE_NONE) {
		tf_put_lit(b, ",\"baseline\":");
		tf_put_json_string(b, f->baseline == TF_BASELINE_KNOWN ? "known" : "new");
	}
	tf_put_lit(b, "}\n");
}

static void
put_history(struct tf_output *o, const struct tf_end_record *e)
{
	struct tf_buf *b = &o->out;

	tf_put_lit(b, ",\"history\":[");
	for (unsigned i = 0; i < e->history_count; i++) {
		if (i > 0)
			tf_put_char(b, ',');
		put_state(o, e->history[i]);
	}
	tf_put_lit(b, "],\"history_truncated\":");
	put_bool(b, e->history_truncated);
}

static void
put_counters(struct tf_buf *b, const struct tf_end_record *e)
{
	tf_put_lit(b, ",\"packets\":");
	tf_put_u64(b, e->packets);
	tf_put_lit(b, ",\"bytes\":");
	tf_put_u64(b, e->bytes);
	tf_put_lit(b, ",\"bytes_on_wire\":");
	tf_put_u64(b, e->bytes_on_wire);
	tf_put_lit(b, ",\"retransmitted\":");
	tf_put_u64(b, e->retransmitted);
	tf_put_lit(b, ",\"out_of_order\":");
	tf_put_u64(b, e->out_of_order);
	tf_put_lit(b, ",\"duplicate_acks\":");
	tf_put_u64(b, e->duplicate_acks);
	tf_put_lit(b, ",\"zero_windows\":");
	tf_put_u64(b, e->zero_windows);
	tf_put_lit(b, ",\"keepalives\":");
	tf_put_u64(b, e->keepalives);
}

static void
put_offers(struct tf_buf *b, const struct tf_end_record *e)
{
	tf_put_lit(b, ",\"mss\":");
	put_or_null(b, e->mss);
	tf_put_lit(b, ",\"wscale\":");
	put_or_null(b, e->wscale);
	tf_put_lit(b, ",\"sack\":");
	put_tristate(b, e->sack);
	tf_put_lit(b, ",\"timestamps\":");
	put_tristate(b, e->timestamps);
}

static void
put_end(struct tf_output *o, const struct tf_end_record *e)
{
	struct tf_buf *b = &o->out;

	tf_put_lit(b, "{\"addr\":\"");
	tf_put_addr(b, &e->addr);
	tf_put_lit(b, "\",\"port\":");
	tf_put_u64(b, e->port);
	tf_put_lit(b, ",\"state\":");
	put_state(o, e->state);
	tf_put_lit(b, ",\"possible\":");
	put_states(o, e->possible);
	put_history(o, e);
	tf_put_lit(b, ",\"isn\":");
	put_or_null(b, e->isn_known ? (int64_t)e->isn.v : -1);
	put_counters(b, e);
	put_offers(b, e);
	tf_put_char(b, '}');
}

static void
put_anomalies(struct tf_buf *b, const struct tf_connection_record *r)
{
	tf_put_lit(b, ",\"anomalies\":[");
	for (size_t i = 0; i < r->anomaly_count; i++) {
		if (i > 0)
			tf_put_char(b, ',');
		tf_put_json_string(b, tf_anomaly_info(r->anomalies[i].id)->id);
	}
	tf_put_lit(b, "],\"anomaly_counts\":{");
	for (size_t i = 0; i < r->anomaly_count; i++) {
		if (i > 0)
			tf_put_char(b, ',');
		tf_put_json_string(b, tf_anomaly_info(r->anomalies[i].id)->id);
		tf_put_char(b, ':');
		tf_put_u64(b, r->anomalies[i].count);
	}
	tf_put_char(b, '}');
}

static void
put_connection(struct tf_output *o, const struct tf_connection_record *r)
{
	const struct tf_end_record *client = &r->end[TF_CLIENT], *server = &r->end[TF_SERVER];
	struct tf_buf *b = &o->out;

	tf_put_lit(b, "{\"type\":\"connection\",\"conn\":");
	tf_put_u64(b, r->conn);
	tf_put_lit(b, ",\"first_ts\":");
	tf_put_seconds_fixed(b, r->first_ts_ns, o->decimals);
	tf_put_lit(b, ",\"last_ts\":");
	tf_put_seconds_fixed(b, r->last_ts_ns, o->decimals);
	tf_put_lit(b, ",\"client\":");
	put_end(o, client);
	tf_put_lit(b, ",\"server\":");
	put_end(o, server);
	tf_put_lit(b, ",\"roles\":");
	tf_put_json_string(b, tf_roles_name(r->roles));
	tf_put_lit(b, ",\"close\":");
	tf_put_json_string(b, tf_close_name(r->close));
	tf_put_lit(b, ",\"handshake_rtt\":");
	if (r->handshake_rtt_ns < 0)
		tf_put_lit(b, "null");
	else
		tf_put_seconds(b, r->handshake_rtt_ns);
	put_anomalies(b, r);
	tf_put_lit(b, ",\"community_id\":\"");
	tf_put_community_id(b, o->options.community_id_seed, &client->addr, client->port, &server->addr,
	                    server->port);
	tf_put_lit(b, "\",\"evicted\":");
	put_bool(b, r->evicted);
	tf_put_lit(b, ",\"zeek_state\":\"");
	tf_put_str(b, tf_zeek_state_name(r->zeek_state));
	tf_put_lit(b, "\",\"history_letters\":\"");
	tf_put_str(b, r->letters);
	tf_put_lit(b, "\"}\n");
}

static void
event(struct tf_output *o, const struct tf_event *e)
{
	switch (e->kind) {
	case TF_EV_TRANSITION:
		put_transition(o, e->transition);
		break;
	case TF_EV_POSSIBLE:
		put_possible(o, e->possible);
		break;
	case TF_EV_FINDING:
		put_finding(o, e->finding);
		break;
	case TF_EV_CONNECTION:
		put_connection(o, e->connection);
		break;
	case TF_EV_SEGMENT:
	case TF_EV_BRIEF:
		break;
	}
}

static void
capture(struct tf_output *o, const struct tf_capture_info *info)
{
	struct tf_buf *b = &o->out;

	tf_put_lit(b, "{\"type\":\"capture\",\"source\":");
	tf_put_json_string(b, info->source);
	tf_put_lit(b, ",\"linktype\":");
	tf_put_json_string(b, info->linktype);
	tf_put_lit(b, ",\"snaplen\":");
	put_or_null(b, info->snaplen == 0 ? -1 : (int64_t)info->snaplen);
	tf_put_lit(b, ",\"resolution\":");
	tf_put_json_string(b, info->nanoseconds ? "ns" : "us");
	tf_put_lit(b, ",\"version\":");
	tf_put_json_string(b, o->options.version);
	tf_put_lit(b, "}\n");
}

static void
host(struct tf_output *o, const struct tf_addr *addr, const struct tf_detail *isn, size_t count)
{
	struct tf_buf *b = &o->out;

	tf_put_lit(b, "{\"type\":\"host\",\"addr\":\"");
	tf_put_addr(b, addr);
	tf_put_lit(b, "\",\"isn\":{");
	put_members(o, isn, count);
	tf_put_lit(b, "}}\n");
}

static void
finish(struct tf_output *o, const struct tf_summary *s)
{
	if (s->verdict != NULL && s->verdict->asked)
		tf_put_json_checks(&o->out, s->verdict);
	tf_put_json_summary(&o->out, s, o->decimals);
}

static unsigned
wanted(const struct tf_output_options *options)
{
	(void)options;
	return TF_EV_TRANSITION | TF_EV_POSSIBLE | TF_EV_FINDING | TF_EV_CONNECTION;
}

const struct tf_writer tf_json_writer = {
    .format = {"json", "JSON Lines, one object a line"},
    .state_size = sizeof(struct json),
    .wanted = wanted,
    .goes_on = true,
    .begin = begin,
    .capture = capture,
    .event = event,
    .host = host,
    .finish = finish,
};
