/*
 * The connection record: what is known of a connection when it is over.
 */
#include "core/letters.h"
#include "flow/flow.h"

static void
record_history(struct tf_end_record *out, const struct tf_end *end)
{
	unsigned depth = end->depth & 0xf;

	out->history_count = (uint8_t)(depth + 1);
	for (unsigned i = 0; i <= depth; i++)
		out->history[i] = (uint8_t)(end->history >> (4 * (depth - i)) & 0xf);
	out->history_truncated = tf_end_has(end, TF_END_TRUNCATED);
}

/* Did END's SYN have the option that sets FLAG?  -1: not known. */
static int8_t
offered(const struct tf_end *end, unsigned flag)
{
	if (!tf_end_has(end, TF_END_SYN_SEEN))
		return -1;
	if (tf_end_has(end, flag))
		return 1;
	return tf_end_has(end, TF_END_OPTIONS_CUT) ? -1 : 0;
}

static void
record_offer(struct tf_end_record *out, const struct tf_end *end)
{
	out->mss = tf_end_has(end, TF_END_MSS) ? end->mss : -1;
	out->wscale = tf_end_has(end, TF_END_WSCALE) ? end->wscale : -1;
	out->sack = offered(end, TF_END_SACK);
	out->timestamps = offered(end, TF_END_TIMESTAMPS);
}

/* Records are made where they stand: they are large, and there may be one a packet. */
static void
record_end(struct tf_end_record *out, const struct tf_context *ctx, const struct tf_connection *c,
           enum tf_endpoint which, const struct tf_extra *x)
{
	const struct tf_end *end = &c->end[which];
	unsigned side = (which == TF_SERVER) != ((c->flags & TF_CONN_CLIENT_SECOND) != 0);

	out->addr = tf_connection_addr(ctx, c, side);
	out->port = c->tuple.port[side];
	out->state = tf_end_state(end);
	out->possible = end->possible;
	out->isn_known = tf_end_has(end, TF_END_ISN_KNOWN);
	out->isn = end->isn;
	out->packets = end->packets;
	out->bytes = end->bytes;
	out->bytes_on_wire = end->wire_bytes;
	out->retransmitted = x ? x->end[which].retransmitted : 0;
	out->out_of_order = x ? x->end[which].out_of_order : 0;
	out->duplicate_acks = x ? x->end[which].duplicate_acks : 0;
	out->zero_windows = x ? x->end[which].zero_windows : 0;
	out->keepalives = x ? x->end[which].keepalives : 0;
	record_history(out, end);
	record_offer(out, end);
}

/* A bit for each kind of finding that was raised about C. */
static uint64_t
findings_of(const struct tf_connection *c, const struct tf_extra *x)
{
	uint64_t raised = c->flags & TF_CONN_FOUND_MIDSTREAM ? UINT64_C(1) << TF_A_MIDSTREAM : 0;

	return x ? raised | x->raised[0] | x->raised[1] | x->raised[2] : raised;
}

static size_t
record_anomalies(struct tf_anomaly_count out[TF_ANOMALY_COUNT], uint64_t raised, const struct tf_extra *x)
{
	size_t count = 0;

	for (; raised; raised &= raised - 1) {
		int id = __builtin_ctzll(raised);
		out[count].id = (enum tf_anomaly)id;
		out[count].count = 1;
		for (int i = 0; x && i < TF_COUNTED_ANOMALIES; i++)
			if (x->counted[i].used && x->counted[i].id == id)
				out[count].count = x->counted[i].count;
		count++;
	}
	return count;
}

/* The record of C.  Its findings go to ANOMALIES, to which it points. */
static void
make_record(struct tf_connection_record *r, const struct tf_context *ctx, const struct tf_connection *c,
            struct tf_anomaly_count anomalies[TF_ANOMALY_COUNT], enum tf_end_reason reason)
{
	const struct tf_extra *x = tf_extra_if(ctx, c);
	/* Where the capture's time goes back, the clock does not, and how long it took is not known. */
	bool stood_still = c->handshake_ns == 0 && ctx->stats->time_backwards;
	bool measured = c->flags & TF_CONN_ESTABLISHED && !stood_still &&
	                !(c->flags & (TF_CONN_REPEATED | TF_CONN_MIDSTREAM));

	r->conn = c->conn;
	r->first_ts_ns = c->first_ts_ns;
	r->last_ts_ns = c->last_ts_ns;
	r->ip_version = c->flags & TF_CONN_IPV6 ? 6 : 4;
	record_end(&r->end[TF_CLIENT], ctx, c, TF_CLIENT, x);
	record_end(&r->end[TF_SERVER], ctx, c, TF_SERVER, x);
	r->roles = c->flags & TF_CONN_ROLES_GUESSED ? TF_ROLES_GUESSED : TF_ROLES_SYN;
	r->close = tf_connection_close(c);
	tf_letters_text(ctx, c, r->letters);
	r->zeek_state = tf_zeek_state(r->letters, !c->end[TF_CLIENT].bytes && !c->end[TF_SERVER].bytes);
	r->handshake_rtt_ns = measured ? (int64_t)c->handshake_ns : -1;
	r->evicted = reason == TF_GONE_EVICTED;
	r->replaced = reason == TF_GONE_REPLACED;
	r->anomaly_count = record_anomalies(anomalies, findings_of(c, x), x);
	r->anomalies = anomalies;
	r->ending_count = tf_detect_endings(ctx, c, r->endings);
}

/* Is there so little to say of a connection with the findings RAISED?  Of one older than the capture there is, once that
 * has been said of so many. */
static bool
is_brief(struct tf_context *ctx, uint64_t raised)
{
	if (raised != UINT64_C(1) << TF_A_MIDSTREAM || !tf_older_is_brief(ctx))
		return !raised;
	return ctx->older_records++ >= TF_OLDER_TOLD;
}

static struct tf_brief
brief_of(const struct tf_connection *c)
{
	return (struct tf_brief){
	    .conn = c->conn,
	    .state = {(uint8_t)tf_end_state(&c->end[TF_CLIENT]), (uint8_t)tf_end_state(&c->end[TF_SERVER])},
	    .older = (c->flags & TF_CONN_FOUND_MIDSTREAM) != 0,
	};
}

void
tf_record_emit(struct tf_context *ctx, const struct tf_connection *c, enum tf_end_reason reason)
{
	struct tf_anomaly_count anomalies[TF_ANOMALY_COUNT];
	struct tf_connection_record r;

	if (!(ctx->sink.wanted & (TF_EV_CONNECTION | TF_EV_BRIEF)))
		return;
	if (is_brief(ctx, findings_of(c, tf_extra_if(ctx, c))) && tf_brief_is_enough(ctx)) {
		tf_brief_keep(ctx, brief_of(c));
		return;
	}
	tf_briefs_emit(ctx);
	make_record(&r, ctx, c, anomalies, reason);
	struct tf_event e = {.kind = TF_EV_CONNECTION, .connection = &r};
	ctx->sink.event(ctx->sink.context, &e);
}

/* Call FN with each connection of the table, by place, until it returns false. */
static void
each_connection(const struct tf_analyzer *a, bool (*fn)(void *, const struct tf_connection *), void *context)
{
	for (uint32_t i = 1; i <= a->connections.fresh; i++)
		if (tf_connection_at(a, i)->conn && !fn(context, tf_connection_at(a, i)))
			return;
	for (uint32_t i = 1; i <= a->embryos.fresh; i++) {
		struct tf_connection spread = {0};
		if (!tf_embryo_at(a, i)->conn)
			continue;
		tf_embryo_fill(a, tf_embryo_at(a, i), &spread);
		if (!fn(context, &spread))
			return;
	}
}

struct shower {
	const struct tf_context *ctx;
	tf_connection_fn *fn;
	void *context;
};

static bool
show_record(void *context, const struct tf_connection *c)
{
	struct tf_anomaly_count anomalies[TF_ANOMALY_COUNT];
	const struct shower *s = context;
	struct tf_connection_record r;

	make_record(&r, s->ctx, c, anomalies, TF_GONE_FINISHED);
	return s->fn(s->context, &r);
}

void
tf_analyzer_connections(const struct tf_analyzer *a, tf_connection_fn *fn, void *context)
{
	struct shower s = {&a->ctx, fn, context};

	each_connection(a, show_record, &s);
}

static bool
count_pair(void *context, const struct tf_connection *c)
{
	struct tf_table_counts *counts = context;

	counts->pairs[tf_end_state(&c->end[TF_CLIENT])][tf_end_state(&c->end[TF_SERVER])]++;
	return true;
}

void
tf_analyzer_count(const struct tf_analyzer *a, struct tf_table_counts *counts)
{
	*counts = (struct tf_table_counts){
	    .connections = tf_live(a),
	    .most_connections = a->config.max_connections,
	    .tombstones = a->graveyard.count,
	    .most_tombstones = a->config.max_tombstones,
	};
	each_connection(a, count_pair, counts);
}
