/*
 * Many embryonic connections of one listener (RFC 4987 section 2), and
 * signs that it keeps no state for them (SYN cookies, section 3.6).
 *
 * One finding for the whole flood.  An embryonic connection is young for
 * three seconds, since a burst of honest clients makes as many of them for
 * one round trip; only those that outlive that count.
 */
#include "detect/families.h"
#include "detect/memory.h"

#define LIMIT     100
#define CROWD     10
#define EPOCH_NS  INT64_C(3000000000)
#define SIGN_RUN  8
#define SIGN_BITS 0x3f /* Linux keeps the options in the low six bits of TSval */

static unsigned
side_of(const struct tf_connection *c, enum tf_endpoint which)
{
	return (which == TF_SERVER) != ((c->flags & TF_CONN_CLIENT_SECOND) != 0);
}

static struct tf_listener *
listener_of(const struct tf_context *ctx, const struct tf_connection *c)
{
	unsigned side = side_of(c, TF_SERVER);
	const struct tf_addr addr = tf_connection_addr(ctx, c, side);

	return tf_listener_find(&ctx->memory->listeners, &addr, c->tuple.port[side]);
}

static uint64_t
epoch_of(int64_t ns)
{
	return (uint64_t)ns / EPOCH_NS;
}

static void
grow_older(struct tf_listener *l, int64_t now_ns)
{
	uint64_t now = epoch_of(now_ns);

	if (l->epoch >= now)
		return;
	for (int i = 0; i < 2 && l->epoch < now; i++, l->epoch++) {
		l->old += l->young[1];
		l->young[1] = l->young[0];
		l->young[0] = 0;
	}
	l->epoch = now;
}

/* Where a connection that began at FIRST_NS is counted. */
static uint32_t *
counter_of(struct tf_listener *l, int64_t first_ns)
{
	uint64_t epoch = epoch_of(first_ns);

	return epoch >= l->epoch ? &l->young[0] : epoch + 1 == l->epoch ? &l->young[1] : &l->old;
}

static void
raise_flood(struct tf_context *ctx, struct tf_listener *l)
{
	char subject[TF_SUBJECT_TEXT];
	uint64_t conn[TF_LISTENER_CONNS];
	struct tf_listener_evidence noted[TF_LISTENER_CONNS];
	uint32_t count = tf_listener_noted(&ctx->memory->listeners, l, noted);
	struct tf_finding f = {
	    .ts_ns = ctx->now_ns,
	    .packet = ctx->packet,
	    .endpoint = TF_NEITHER,
	    .id = TF_A_SYN_FLOOD,
	    .severity = tf_anomaly_info(TF_A_SYN_FLOOD)->severity,
	    .subject = tf_subject_text(subject, &l->addr, l->port),
	    .conn_count = count,
	    .conns = conn,
	};

	l->flooded = true;
	tf_finding_count(&f, "embryonic", TF_D_COUNT, tf_listener_embryonic(l));
	tf_finding_count(&f, "syns", TF_D_COUNT, l->syns > l->answered ? l->syns : l->answered);
	tf_finding_count(&f, "completed", TF_D_COUNT, l->completed);
	tf_finding_duration(&f, "for", ctx->now_ns - l->first_ns);
	for (uint32_t i = 0; i < count; i++) {
		conn[i] = noted[i].conn;
		tf_finding_packet(&f, noted[i].packet);
	}
	tf_raise_subject(ctx, &f);
}

static void
judge(struct tf_context *ctx, struct tf_listener *l)
{
	uint32_t embryonic = tf_listener_embryonic(l);

	if (embryonic <= LIMIT)
		return;
	l->last_ns = ctx->now_ns;
	if (!l->flooded && l->old > LIMIT && 2 * l->old > embryonic)
		raise_flood(ctx, l);
}

/* The listener that counts connection CONN, if that is known; else NULL.  It is not forgotten while it does, so that its
 * place says enough. */
static struct tf_listener *
noted_listener(const struct tf_context *ctx, uint64_t conn)
{
	const struct tf_handshake_packets *p = tf_handshake_place(ctx->memory, conn);

	if (p->conn == (uint32_t)conn && p->listener)
		return &ctx->memory->listeners.listener[p->listener - 1];
	return NULL;
}

static void
note_listener(const struct tf_context *ctx, uint64_t conn, const struct tf_listener *l)
{
	struct tf_handshake_packets *p = tf_handshake_place(ctx->memory, conn);

	if (p->conn == (uint32_t)conn)
		p->listener = (uint16_t)(l - ctx->memory->listeners.listener + 1);
}

/* The listener of O, which sent S, counts it from now on; NULL where there is no room for a listener. */
static struct tf_listener *
join(struct tf_context *ctx, struct tf_opening *o, const struct tf_segment *s)
{
	struct tf_listeners *t = &ctx->memory->listeners;
	struct tf_listener *l = tf_listener_get(t, &s->src, s->src_port);

	if (!l) {
		ctx->stats->listeners_dropped++;
		return NULL;
	}
	grow_older(l, ctx->now_ns);
	if (!tf_listener_embryonic(l)) {
		l->syns = l->answered = l->completed = 0;
		l->noted = 0;
		l->first_ns = o->ts_ns;
		if (ctx->now_ns - l->last_ns > ctx->config->timer[TF_TIMER_SYN_RECEIVED])
			l->flooded = false;
	}
	l->answered++;
	tf_listener_note(t, l, o->conn, o->packet);
	note_listener(ctx, o->conn, l);
	(*counter_of(l, o->ts_ns))++;
	o->embryonic = true;
	judge(ctx, l);
	return l;
}

void
tf_flood_leave(struct tf_context *ctx, struct tf_connection *c)
{
	if (!(c->flags & TF_CONN_EMBRYONIC))
		return;
	c->flags &= ~(uint32_t)TF_CONN_EMBRYONIC;
	struct tf_listener *l = noted_listener(ctx, c->conn);
	if (!l && !(l = listener_of(ctx, c)))
		return;
	grow_older(l, ctx->now_ns);
	judge(ctx, l);
	if (c->flags & TF_CONN_ESTABLISHED)
		l->completed++;
	uint32_t *counter = counter_of(l, c->first_ts_ns);
	*counter -= *counter > 0;
	/* Only those that stay are evidence. */
	tf_listener_strike_out(&ctx->memory->listeners, l, c->conn);
}

bool
tf_flood_near(const struct tf_context *ctx, const struct tf_connection *c)
{
	const struct tf_listener *l = listener_of(ctx, c);

	return l && (l->flooded || tf_listener_embryonic(l) > CROWD);
}

bool
tf_flood_covers(struct tf_context *ctx, const struct tf_connection *c)
{
	struct tf_listener *l = listener_of(ctx, c);

	if (!l)
		return false;
	grow_older(l, ctx->now_ns);
	judge(ctx, l);
	return l->flooded && c->first_ts_ns >= l->first_ns &&
	       c->first_ts_ns <= l->last_ns + ctx->config->timer[TF_TIMER_SYN_RECEIVED];
}

void
tf_flood_end(struct tf_context *ctx)
{
	struct tf_listeners *t = &ctx->memory->listeners;

	for (size_t i = 0; t->used && i < TF_LISTENERS; i++) {
		struct tf_listener *l = tf_listener_in(t, i);
		uint32_t embryonic = l ? tf_listener_embryonic(l) : 0;
		if (embryonic > LIMIT && !l->flooded && embryonic > 2 * l->completed)
			raise_flood(ctx, l);
	}
}

/* ---- SYN cookies -------------------------------------------------------------------- */

void
tf_detect_cookies(struct tf_context *ctx, struct tf_connection *c, const struct tf_segment *s,
                  const char *sign)
{
	struct tf_finding f = tf_finding(ctx, c, TF_A_SYN_COOKIES, TF_SERVER);

	tf_finding_text(&f, "sign", sign);
	tf_finding_packet(&f, tf_first_packet(ctx, c));
	tf_finding_packet(&f, s->packet);
	tf_raise(ctx, c, &f);
}

/* To one client the low bits stay, though the clock goes on. */
static const char *
sign_in_timestamp(const struct tf_context *ctx, const struct tf_segment *s, struct tf_listener *l)
{
	uint32_t tsval = s->tsval;
	uint32_t peer = (uint32_t)tf_memory_hash(ctx->memory->listeners.key, &s->dst, 0);
	bool same = l->cookie_run && peer == l->cookie_peer && (tsval & SIGN_BITS) == l->cookie_bits;

	if (same && tsval == l->cookie_tsval)
		return NULL; /* the clock has not ticked: no sign of anything */
	l->cookie_run = (uint8_t)(same ? l->cookie_run + (l->cookie_run < UINT8_MAX) : 1);
	l->cookie_peer = peer;
	l->cookie_bits = tsval & SIGN_BITS;
	l->cookie_tsval = tsval;
	return l->cookie_run == SIGN_RUN ? "options kept in the timestamp" : NULL;
}

static const char *
sign_of_cookies(const struct tf_context *ctx, const struct tf_opening *o, const struct tf_segment *s,
                struct tf_listener *l)
{
	const unsigned both = TF_END_WSCALE | TF_END_SACK;
	unsigned asked = o->flags[TF_CLIENT], granted = o->flags[TF_SERVER];
	bool generous = l->generous;

	if ((asked & both) != both || (asked | granted) & TF_END_OPTIONS_CUT)
		return NULL;
	l->generous |= (granted & both) == both;
	if (granted & TF_END_TIMESTAMPS)
		return sign_in_timestamp(ctx, s, l);
	if (granted & both || !generous)
		return NULL;
	return granted & TF_END_MSS ? "no options but the MSS" : "no options at all";
}

/* ---- the checklist -------------------------------------------------------------------- */

void
tf_flood_syn(struct tf_context *ctx, const struct tf_segment *s)
{
	struct tf_listener *l = tf_listener_find(&ctx->memory->listeners, &s->dst, s->dst_port);

	if (l)
		l->syns++;
}

const char *
tf_flood_answer(struct tf_context *ctx, struct tf_opening *o, const struct tf_segment *s)
{
	/* Another number on a second SYN,ACK does not make it two. */
	struct tf_listener *l = o->embryonic ? noted_listener(ctx, o->conn) : join(ctx, o, s);

	if (!l)
		l = tf_listener_find(&ctx->memory->listeners, &s->src, s->src_port);
	return l ? sign_of_cookies(ctx, o, s, l) : NULL;
}

void
tf_flood_connection_answer(struct tf_context *ctx, struct tf_connection *c, const struct tf_segment *s)
{
	struct tf_opening o = tf_opening_of(ctx, c);
	const char *sign = tf_flood_answer(ctx, &o, s);

	if (o.embryonic)
		c->flags |= TF_CONN_EMBRYONIC;
	if (sign)
		tf_detect_cookies(ctx, c, s, sign);
}

void
tf_flood_segment(const struct tf_step *st)
{
	struct tf_connection *c = st->c;
	unsigned flags = st->s->flags & (TF_SYN | TF_ACK | TF_RST);
	bool embryonic = tf_connection_waits_in(st->ctx, c, TF_SERVER) == TF_SYN_RECEIVED;

	if (c->flags & TF_CONN_MIDSTREAM)
		return;
	if (c->flags & TF_CONN_EMBRYONIC && !embryonic) {
		tf_flood_leave(st->ctx, c);
	} else if (flags == TF_SYN && st->from == TF_CLIENT) {
		tf_flood_syn(st->ctx, st->s);
	} else if (flags == (TF_SYN | TF_ACK) && st->from == TF_SERVER && embryonic && !st->bad_ack &&
	           !(st->marks & TF_MARK_RETRANSMISSION)) {
		tf_flood_connection_answer(st->ctx, c, st->s);
	} else if (flags == (TF_SYN | TF_ACK) && c->flags & TF_CONN_EMBRYONIC) {
		tf_flood_covers(st->ctx, c); /* sent again: they have grown older */
	}
}
