/*
 * The fields of a record, read and said in words.  A value that the record
 * does not know (null in JSON) is not known here either, and no comparison
 * with it holds.  What a rule makes of a value is evaluate.c's business.
 */
#include "check/field.h"

#include <assert.h>
#include <string.h>

#include "output/community.h"

static const struct tf_field fields[TF_FIELD_COUNT] = {
    [TF_F_CONN] = {"conn", TF_FIELD_NUMBER, TF_OF_CONNECTION},
    [TF_F_FIRST_TS] = {"first_ts", TF_FIELD_TIME, TF_OF_CONNECTION},
    [TF_F_LAST_TS] = {"last_ts", TF_FIELD_TIME, TF_OF_CONNECTION},
    [TF_F_DURATION] = {"duration", TF_FIELD_DURATION, TF_OF_CONNECTION},
    [TF_F_ROLES] = {"roles", TF_FIELD_ROLES, TF_OF_CONNECTION},
    [TF_F_CLOSE] = {"close", TF_FIELD_CLOSE, TF_OF_CONNECTION},
    [TF_F_HANDSHAKE_RTT] = {"handshake_rtt", TF_FIELD_DURATION, TF_OF_CONNECTION},
    [TF_F_ANOMALIES] = {"anomalies", TF_FIELD_IDS, TF_OF_CONNECTION},
    [TF_F_COMMUNITY_ID] = {"community_id", TF_FIELD_TEXT, TF_OF_CONNECTION},
    [TF_F_EVICTED] = {"evicted", TF_FIELD_FLAG, TF_OF_CONNECTION},
    [TF_F_ZEEK_STATE] = {"zeek_state", TF_FIELD_TEXT, TF_OF_CONNECTION},
    [TF_F_HISTORY_LETTERS] = {"history_letters", TF_FIELD_TEXT, TF_OF_CONNECTION},
    [TF_F_SERVICE] = {"service", TF_FIELD_SERVICE, TF_OF_CONNECTION},
    [TF_F_ADDR] = {"addr", TF_FIELD_ADDR, TF_OF_EITHER},
    [TF_F_PORT] = {"port", TF_FIELD_PORT, TF_OF_EITHER},
    [TF_F_STATE] = {"state", TF_FIELD_STATE, TF_OF_END},
    [TF_F_POSSIBLE] = {"possible", TF_FIELD_STATES, TF_OF_END},
    [TF_F_PATH] = {"path", TF_FIELD_PATH, TF_OF_END},
    [TF_F_HISTORY_TRUNCATED] = {"history_truncated", TF_FIELD_FLAG, TF_OF_END},
    [TF_F_ISN] = {"isn", TF_FIELD_NUMBER, TF_OF_END},
    [TF_F_PACKETS] = {"packets", TF_FIELD_NUMBER, TF_OF_SUM},
    [TF_F_BYTES] = {"bytes", TF_FIELD_SIZE, TF_OF_SUM},
    [TF_F_BYTES_ON_WIRE] = {"bytes_on_wire", TF_FIELD_SIZE, TF_OF_SUM},
    [TF_F_RETRANSMITTED] = {"retransmitted", TF_FIELD_NUMBER, TF_OF_SUM},
    [TF_F_OUT_OF_ORDER] = {"out_of_order", TF_FIELD_NUMBER, TF_OF_SUM},
    [TF_F_DUPLICATE_ACKS] = {"duplicate_acks", TF_FIELD_NUMBER, TF_OF_SUM},
    [TF_F_ZERO_WINDOWS] = {"zero_windows", TF_FIELD_NUMBER, TF_OF_SUM},
    [TF_F_KEEPALIVES] = {"keepalives", TF_FIELD_NUMBER, TF_OF_SUM},
    [TF_F_MSS] = {"mss", TF_FIELD_SIZE, TF_OF_END},
    [TF_F_WSCALE] = {"wscale", TF_FIELD_NUMBER, TF_OF_END},
    [TF_F_SACK] = {"sack", TF_FIELD_FLAG, TF_OF_END},
    [TF_F_TIMESTAMPS] = {"timestamps", TF_FIELD_FLAG, TF_OF_END},
    [TF_F_SENT_RST] = {"sent_rst", TF_FIELD_FLAG, TF_OF_END},
};

const struct tf_field *
tf_field(enum tf_field_id id)
{
	assert((size_t)id < TF_FIELD_COUNT);
	return &fields[id];
}

int
tf_field_by_name(const char *name)
{
	if (strcmp(name, "history") == 0)
		return TF_F_PATH;
	if (strcmp(name, "address") == 0)
		return TF_F_ADDR;
	for (int i = 0; i < TF_FIELD_COUNT; i++)
		if (strcmp(fields[i].name, name) == 0)
			return i;
	return -1;
}

static struct tf_reading
known(int64_t number)
{
	return (struct tf_reading){.known = true, .number = number};
}

/* Records say -1 where they do not know. */
static struct tf_reading
known_unless_negative(int64_t number)
{
	return (struct tf_reading){.known = number >= 0, .number = number};
}

static struct tf_reading
read_of_connection(enum tf_field_id id, const struct tf_connection_record *r)
{
	switch ((unsigned)id) {
	case TF_F_CONN:
		return known((int64_t)r->conn);
	case TF_F_FIRST_TS:
		return known(r->first_ts_ns);
	case TF_F_LAST_TS:
		return known(r->last_ts_ns);
	case TF_F_DURATION:
		return known(r->last_ts_ns - r->first_ts_ns);
	case TF_F_ROLES:
		return known(r->roles);
	case TF_F_CLOSE:
		return known(r->close);
	case TF_F_HANDSHAKE_RTT:
		return known_unless_negative(r->handshake_rtt_ns);
	case TF_F_EVICTED:
		return known(r->evicted);
	case TF_F_SERVICE:
		return (struct tf_reading){true, r->end[TF_SERVER].port, &r->end[TF_SERVER].addr};
	default:
		assert(false); /* a field of an end, a set or a text */
		return (struct tf_reading){0};
	}
}

static struct tf_reading
read_of_end(enum tf_field_id id, const struct tf_end_record *e)
{
	switch ((unsigned)id) {
	case TF_F_ADDR:
		return (struct tf_reading){true, 0, &e->addr};
	case TF_F_PORT:
		return known(e->port);
	case TF_F_STATE:
		return known(e->state);
	case TF_F_HISTORY_TRUNCATED:
		return known(e->history_truncated);
	case TF_F_ISN:
		return (struct tf_reading){.known = e->isn_known, .number = e->isn.v};
	case TF_F_PACKETS:
		return known((int64_t)e->packets);
	case TF_F_BYTES:
		return known((int64_t)e->bytes);
	case TF_F_BYTES_ON_WIRE:
		return known((int64_t)e->bytes_on_wire);
	case TF_F_RETRANSMITTED:
		return known((int64_t)e->retransmitted);
	case TF_F_OUT_OF_ORDER:
		return known((int64_t)e->out_of_order);
	case TF_F_DUPLICATE_ACKS:
		return known((int64_t)e->duplicate_acks);
	case TF_F_ZERO_WINDOWS:
		return known((int64_t)e->zero_windows);
	case TF_F_KEEPALIVES:
		return known((int64_t)e->keepalives);
	case TF_F_MSS:
		return known_unless_negative(e->mss);
	case TF_F_WSCALE:
		return known_unless_negative(e->wscale);
	case TF_F_SACK:
		return known_unless_negative(e->sack);
	case TF_F_TIMESTAMPS:
		return known_unless_negative(e->timestamps);
	default:
		assert(false); /* a field of the connection, a set or a path */
		return (struct tf_reading){0};
	}
}

struct tf_reading
tf_field_read(enum tf_field_id id, enum tf_which which, const struct tf_connection_record *r)
{
	struct tf_reading client, server;

	if (which == TF_THE_CONNECTION)
		return read_of_connection(id, r);
	/* Zeek's letters are capital for the client. */
	if (id == TF_F_SENT_RST)
		return known(strchr(r->letters, which == TF_THE_CLIENT ? 'R' : 'r') != NULL);
	if (which == TF_THE_CLIENT || which == TF_THE_SERVER)
		return read_of_end(id, &r->end[which == TF_THE_CLIENT ? TF_CLIENT : TF_SERVER]);
	assert(which == TF_SUM_OF_ENDS);
	client = read_of_end(id, &r->end[TF_CLIENT]);
	server = read_of_end(id, &r->end[TF_SERVER]);
	return (struct tf_reading){.known = client.known && server.known,
	                           .number = client.number + server.number};
}

_Static_assert(TF_MAX_LETTERS < TF_FIELD_TEXT_SIZE, "the letters have room");

void
tf_field_text(enum tf_field_id id, const struct tf_connection_record *r, uint16_t seed,
              char text[TF_FIELD_TEXT_SIZE])
{
	const struct tf_end_record *client = &r->end[TF_CLIENT], *server = &r->end[TF_SERVER];
	struct tf_buf b;

	tf_buf_init(&b, -1);
	if (id == TF_F_ZEEK_STATE)
		tf_put_str(&b, tf_zeek_state_name(r->zeek_state));
	else if (id == TF_F_HISTORY_LETTERS)
		tf_put_str(&b, r->letters);
	else
		tf_put_community_id(&b, seed, &client->addr, client->port, &server->addr, server->port);
	size_t len = b.error == 0 && b.len < TF_FIELD_TEXT_SIZE ? b.len : 0;
	if (len > 0)
		memcpy(text, b.data, len);
	text[len] = '\0';
	tf_buf_fini(&b);
}

/* ---- in words ------------------------------------------------------------------------------ */

void
tf_put_field_name(struct tf_buf *b, enum tf_field_id id, enum tf_which which)
{
	static const char *const ends[] = {
	    [TF_THE_CLIENT] = "client ", [TF_THE_SERVER] = "server ", [TF_BOTH_ENDS] = "both ",
	    [TF_EITHER_END] = "either ", [TF_SUM_OF_ENDS] = "",       [TF_THE_CONNECTION] = "",
	};

	tf_put_str(b, ends[which]);
	tf_put_str(b, fields[id].name);
}

void
tf_put_exact_duration(struct tf_buf *b, int64_t ns)
{
	if (ns < 1000000) {
		tf_put_seconds(b, ns * 1000000);
		tf_put_lit(b, " us");
	} else if (ns < 1000000000) {
		tf_put_seconds(b, ns * 1000);
		tf_put_lit(b, " ms");
	} else {
		tf_put_seconds(b, ns);
		tf_put_lit(b, " s");
	}
}

static void
put_reading(struct tf_buf *b, enum tf_field_kind kind, const struct tf_reading *v)
{
	switch ((unsigned)kind) {
	case TF_FIELD_DURATION:
		tf_put_exact_duration(b, v->number);
		break;
	case TF_FIELD_TIME:
		tf_put_utc(b, v->number, 9);
		tf_put_lit(b, " UTC");
		break;
	case TF_FIELD_FLAG:
		tf_put_str(b, v->number ? "yes" : "no");
		break;
	case TF_FIELD_STATE:
		tf_put_str(b, tf_state_name((enum tf_state)v->number));
		break;
	case TF_FIELD_CLOSE:
		tf_put_str(b, tf_close_name((enum tf_close)v->number));
		break;
	case TF_FIELD_ROLES:
		tf_put_str(b, tf_roles_name((enum tf_roles)v->number));
		break;
	case TF_FIELD_ADDR:
		tf_put_addr(b, v->addr);
		break;
	case TF_FIELD_SERVICE:
		tf_put_addr_port(b, v->addr, (uint16_t)v->number);
		break;
	default:
		tf_put_u64(b, (uint64_t)v->number);
	}
}

static void
put_states(struct tf_buf *b, tf_states set)
{
	for (unsigned s = 0, n = 0; s < TF_STATE_COUNT; s++) {
		if ((set & TF_STATES(s)) == 0)
			continue;
		if (n++ > 0)
			tf_put_char(b, ' ');
		tf_put_str(b, tf_state_name((enum tf_state)s));
	}
}

static void
put_path(struct tf_buf *b, const struct tf_end_record *e)
{
	for (unsigned i = 0; i < e->history_count; i++) {
		if (i > 0)
			tf_put_char(b, ' ');
		tf_put_str(b, tf_state_name((enum tf_state)e->history[i]));
	}
	if (e->history_truncated)
		tf_put_lit(b, " ... (the rest was not kept)");
}

static void
put_ids(struct tf_buf *b, const struct tf_connection_record *r)
{
	if (r->anomaly_count == 0)
		tf_put_lit(b, "none");
	for (size_t i = 0; i < r->anomaly_count; i++) {
		if (i > 0)
			tf_put_char(b, ' ');
		tf_put_str(b, tf_anomaly_info(r->anomalies[i].id)->id);
	}
}

static void
put_text(struct tf_buf *b, enum tf_field_id id, const struct tf_connection_record *r, uint16_t seed)
{
	char text[TF_FIELD_TEXT_SIZE];

	tf_field_text(id, r, seed, text);
	tf_put_str(b, text);
}

void
tf_put_field(struct tf_buf *b, enum tf_field_id id, enum tf_which which, const struct tf_connection_record *r,
             uint16_t seed)
{
	const struct tf_end_record *end = &r->end[which == TF_THE_SERVER ? TF_SERVER : TF_CLIENT];

	if (which == TF_BOTH_ENDS || which == TF_EITHER_END) {
		tf_put_field(b, id, TF_THE_CLIENT, r, seed);
		tf_put_lit(b, ", ");
		tf_put_field(b, id, TF_THE_SERVER, r, seed);
		return;
	}
	tf_put_field_name(b, id, which);
	tf_put_lit(b, " is ");
	switch ((unsigned)fields[id].kind) {
	case TF_FIELD_STATES:
		put_states(b, end->possible);
		return;
	case TF_FIELD_PATH:
		put_path(b, end);
		return;
	case TF_FIELD_IDS:
		put_ids(b, r);
		return;
	case TF_FIELD_TEXT:
		put_text(b, id, r, seed);
		return;
	default:
		break;
	}
	struct tf_reading v = tf_field_read(id, which, r);
	if (v.known)
		put_reading(b, fields[id].kind, &v);
	else
		tf_put_lit(b, "not known");
}
