/*
 * Connection records as JSON lines.
 *
 * There are millions of them and each holds some sixty values, so a record
 * is written in one go at a place where the longest has room: only its
 * findings, of which there may be many, are left to the buffer.
 */
#include <assert.h>

#include "community.h"
#include "json_line.h"

/* Room for an end: the names of its fields, its address, its states twice, and fourteen numbers. */
#define END_ROOM                                                                                             \
	(512 + TF_LONGEST_ADDR + (TF_STATE_COUNT + 1 + TF_MAX_HISTORY) * sizeof(struct tf_word) +            \
	 14 * TF_LONGEST_NUMBER)

/* Room for the rest of a record, likewise. */
#define RECORD_ROOM (512 + 4 * TF_LONGEST_SECONDS + TF_LONGEST_COMMUNITY_ID + TF_MAX_LETTERS)

static char *
at_bool(char *p, bool v)
{
	return v ? tf_at_lit(p, "true") : tf_at_lit(p, "false");
}

static char *
at_tristate(char *p, int v)
{
	return v < 0 ? tf_at_lit(p, "null") : at_bool(p, v > 0);
}

static char *
at_history(const struct tf_json_words *w, char *p, const struct tf_end_record *e)
{
	p = tf_at_lit(p, ",\"history\":[");
	for (unsigned i = 0; i < e->history_count; i++)
		p = tf_at_copy(p, &w->state[e->history[i]]);
	/* In the place of the last comma. */
	p -= e->history_count > 0;
	p = tf_at_lit(p, "],\"history_truncated\":");
	return at_bool(p, e->history_truncated);
}

/* What went wrong on the way: most ends have nothing of it. */
static char *
at_disorder(char *p, const struct tf_end_record *e)
{
	if ((e->retransmitted | e->out_of_order | e->duplicate_acks | e->zero_windows | e->keepalives) == 0)
		return tf_at_lit(p, ",\"retransmitted\":0,\"out_of_order\":0,\"duplicate_acks\":0,"
		                    "\"zero_windows\":0,\"keepalives\":0");
	p = tf_at_lit(p, ",\"retransmitted\":");
	p = tf_at_u64(p, e->retransmitted);
	p = tf_at_lit(p, ",\"out_of_order\":");
	p = tf_at_u64(p, e->out_of_order);
	p = tf_at_lit(p, ",\"duplicate_acks\":");
	p = tf_at_u64(p, e->duplicate_acks);
	p = tf_at_lit(p, ",\"zero_windows\":");
	p = tf_at_u64(p, e->zero_windows);
	p = tf_at_lit(p, ",\"keepalives\":");
	return tf_at_u64(p, e->keepalives);
}

static char *
at_counters(char *p, const struct tf_end_record *e)
{
	p = tf_at_lit(p, ",\"packets\":");
	p = tf_at_u64(p, e->packets);
	p = tf_at_lit(p, ",\"bytes\":");
	p = tf_at_u64(p, e->bytes);
	p = tf_at_lit(p, ",\"bytes_on_wire\":");
	p = tf_at_u64(p, e->bytes_on_wire);
	return at_disorder(p, e);
}

static char *
at_offers(char *p, const struct tf_end_record *e)
{
	p = tf_at_lit(p, ",\"mss\":");
	p = tf_json_at_known(p, e->mss);
	p = tf_at_lit(p, ",\"wscale\":");
	p = tf_json_at_known(p, e->wscale);
	p = tf_at_lit(p, ",\"sack\":");
	p = at_tristate(p, e->sack);
	p = tf_at_lit(p, ",\"timestamps\":");
	return at_tristate(p, e->timestamps);
}

static char *
at_end(const struct tf_json_words *w, char *p, const struct tf_end_record *e)
{
	p = tf_at_lit(p, "{\"addr\":\"");
	p = tf_at_addr(p, &e->addr);
	p = tf_at_lit(p, "\",\"port\":");
	p = tf_at_u64(p, e->port);
	p = tf_at_lit(p, ",\"state\":");
	p = tf_at_copy(p, &w->state[e->state]);
	p = tf_at_lit(p, "\"possible\":");
	p = tf_json_at_states(w, p, e->possible);
	p = at_history(w, p, e);
	p = tf_at_lit(p, ",\"isn\":");
	p = tf_json_at_known(p, e->isn_known ? (int64_t)e->isn.v : -1);
	p = at_counters(p, e);
	p = at_offers(p, e);
	*p++ = '}';
	return p;
}

/* All before the findings. */
static char *
at_front(struct tf_output *o, char *p, const struct tf_connection_record *r)
{
	const struct tf_json_words *w = &((const struct tf_json *)o->state)->word;

	p = tf_at_lit(p, "{\"type\":\"connection\",\"conn\":");
	p = tf_at_u64(p, r->conn);
	p = tf_at_lit(p, ",\"first_ts\":");
	p = tf_json_at_time(o, p, r->first_ts_ns);
	p = tf_at_lit(p, ",\"last_ts\":");
	p = tf_json_at_time(o, p, r->last_ts_ns);
	p = tf_at_lit(p, ",\"client\":");
	p = at_end(w, p, &r->end[TF_CLIENT]);
	p = tf_at_lit(p, ",\"server\":");
	p = at_end(w, p, &r->end[TF_SERVER]);
	p = tf_at_lit(p, ",\"roles\":");
	p = tf_at_copy(p, &w->roles[r->roles]);
	p = tf_at_lit(p, "\"close\":");
	p = tf_at_copy(p, &w->close[r->close]);
	p = tf_at_lit(p, "\"handshake_rtt\":");
	if (r->handshake_rtt_ns < 0)
		return tf_at_lit(p, "null");
	return tf_at_seconds_short(p, r->handshake_rtt_ns);
}

static void
put_anomalies(struct tf_buf *b, const struct tf_connection_record *r)
{
	tf_put_lit(b, ",\"anomalies\":[");
	for (size_t i = 0; i < r->anomaly_count; i++) {
		if (i > 0)
			tf_put_char(b, ',');
		tf_put_json_word(b, tf_anomaly_info(r->anomalies[i].id)->id);
	}
	tf_put_lit(b, "],\"anomaly_counts\":{");
	for (size_t i = 0; i < r->anomaly_count; i++) {
		if (i > 0)
			tf_put_char(b, ',');
		tf_put_json_word(b, tf_anomaly_info(r->anomalies[i].id)->id);
		tf_put_char(b, ':');
		tf_put_u64(b, r->anomalies[i].count);
	}
	tf_put_char(b, '}');
}

/* All behind the findings. */
static char *
at_back(const struct tf_output *o, char *p, const struct tf_connection_record *r)
{
	const struct tf_json_words *w = &((const struct tf_json *)o->state)->word;
	const struct tf_end_record *client = &r->end[TF_CLIENT], *server = &r->end[TF_SERVER];

	p = tf_at_lit(p, ",\"community_id\":\"");
	p = tf_at_community_id(p, o->options.community_id_seed, &client->addr, client->port, &server->addr,
	                       server->port);
	p = tf_at_lit(p, "\",\"evicted\":");
	p = at_bool(p, r->evicted);
	p = tf_at_lit(p, ",\"zeek_state\":");
	p = tf_at_copy(p, &w->zeek_state[r->zeek_state]);
	p = tf_at_lit(p, "\"history_letters\":\"");
	memcpy(p, r->letters, sizeof r->letters);
	p += strlen(r->letters);
	return tf_at_lit(p, "\"}\n");
}

void
tf_json_put_connection(struct tf_output *o, const struct tf_connection_record *r)
{
	struct tf_buf *b = &o->out;
	char *p = tf_buf_at(b, RECORD_ROOM + 2 * END_ROOM);

	if (p == NULL)
		return;
	p = at_front(o, p, r);
	assert((size_t)(p - b->data) - b->len <= 2 * END_ROOM + RECORD_ROOM);
	if (r->anomaly_count > 0) {
		tf_buf_end(b, p);
		put_anomalies(b, r);
		p = tf_buf_at(b, RECORD_ROOM);
		if (p == NULL)
			return;
	} else {
		p = tf_at_lit(p, ",\"anomalies\":[],\"anomaly_counts\":{}");
	}
	tf_buf_end(b, at_back(o, p, r));
}
