/*
 * One packet's way through a connection, in RFC 9293's order (section
 * 3.10.7.4): sequence, RST, SYN, ACK, text, FIN.
 *
 * For the sender's replica the segment is proof, for the receiver's a
 * presumption.  What the proof is worth, and which presumptions it takes
 * back, is decided in classify.c; the moves themselves in endpoint.c.
 */
#include "core/connection.h"

#include <stddef.h>
#include <string.h>

#include "core/accept.h"
#include "core/classify.h"
#include "core/letters.h"
#include "core/moves.h"
#include "core/offer.h"
#include "core/place.h"
#include "core/reassembly.h"

/* The item at *INDEX, made if there is none. */
static void *
made(struct tf_context *ctx, struct tf_pool *pool, uint32_t *index)
{
	if (!*index && !(*index = tf_pool_get(pool))) {
		ctx->stats->pool_exhausted++;
		return NULL;
	}
	return tf_pool_at(pool, *index);
}

struct tf_closing *
tf_closing_of(struct tf_context *ctx, struct tf_connection *c)
{
	return made(ctx, &ctx->closings, &c->closing);
}

struct tf_extra *
tf_extra_of(struct tf_context *ctx, struct tf_connection *c)
{
	struct tf_extra *x = tf_extra_if(ctx, c);
	uint32_t index = 0;

	if (x)
		return x;
	x = made(ctx, &ctx->extras, &index);
	if (!x)
		return NULL;
	struct tf_closing *k = tf_closing_of(ctx, c);
	if (!k) {
		tf_pool_put(&ctx->extras, index);
		return NULL;
	}
	k->extra = index & 0x3fffffff;
	for (enum tf_endpoint e = TF_CLIENT; e <= TF_SERVER; e++)
		x->watch[e].answered_ns = x->watch[e].heard_ns = tf_connection_heard_ns(ctx, c, e);
	return x;
}

void
tf_extra_release(struct tf_context *ctx, struct tf_connection *c)
{
	const struct tf_closing *k = tf_closing_if(ctx, c);
	struct tf_extra *x = tf_extra_if(ctx, c);

	if (x) {
		tf_reassembly_clear(ctx, x, TF_CLIENT);
		tf_reassembly_clear(ctx, x, TF_SERVER);
		if (x->held)
			tf_pool_put(&ctx->held, x->held);
		tf_pool_put(&ctx->extras, k->extra);
	}
	if (k)
		tf_pool_put(&ctx->closings, c->closing);
	c->closing = 0;
}

enum tf_endpoint
tf_connection_sender(const struct tf_connection *c, const struct tf_segment *s)
{
	bool client_second = (c->flags & TF_CONN_CLIENT_SECOND) != 0;

	return tf_ports_side(c->tuple.port, s) == client_second ? TF_CLIENT : TF_SERVER;
}

void
tf_connection_set_close(struct tf_connection *c, enum tf_close close)
{
	c->flags = (c->flags & ~(uint32_t)TF_CONN_CLOSE_MASK) | close;
}

static bool
closed(enum tf_state s)
{
	return s == TF_CLOSED || s == TF_LISTEN;
}

bool
tf_connection_closed(const struct tf_connection *c)
{
	return closed(tf_end_state(&c->end[TF_CLIENT])) && closed(tf_end_state(&c->end[TF_SERVER])) &&
	       tf_connection_close(c) != TF_CLOSE_OPEN;
}

bool
tf_connection_settled(const struct tf_context *ctx, const struct tf_connection *c)
{
	return tf_connection_closed(c) && ctx->now_ns >= c->last_ts_ns + TF_SETTLE_NS;
}

/* ---- the beginning ------------------------------------------------------- */

#define SYNCHRONIZED                                                                                         \
	(TF_STATES(TF_ESTABLISHED) | TF_STATES(TF_FIN_WAIT_1) | TF_STATES(TF_FIN_WAIT_2) |                   \
	 TF_STATES(TF_CLOSE_WAIT) | TF_STATES(TF_CLOSING) | TF_STATES(TF_LAST_ACK) |                         \
	 TF_STATES(TF_TIME_WAIT))

static void
begin_with_syn(struct tf_context *ctx, struct tf_connection *c)
{
	c->end[TF_SERVER].flags |= TF_END_PASSIVE;
	tf_replica_begin(tf_replica(ctx, c, TF_CLIENT), TF_CLOSED, TF_STATES(TF_CLOSED));
	tf_replica_begin(tf_replica(ctx, c, TF_SERVER), TF_LISTEN,
	                 TF_STATES(TF_LISTEN) | TF_STATES(TF_CLOSED) | TF_STATES(TF_SYN_SENT));
}

static void
begin_with_syn_ack(struct tf_context *ctx, struct tf_connection *c)
{
	c->flags |= TF_CONN_ROLES_GUESSED | TF_CONN_MIDSTREAM;
	c->end[TF_SERVER].flags |= TF_END_PASSIVE;
	tf_replica_begin(tf_replica(ctx, c, TF_CLIENT), TF_SYN_SENT,
	                 TF_STATES(TF_SYN_SENT) | TF_STATES(TF_ESTABLISHED) | TF_STATES(TF_CLOSED));
	tf_replica_begin(tf_replica(ctx, c, TF_SERVER), TF_SYN_RECEIVED, TF_STATES(TF_SYN_RECEIVED));
}

static void
begin_midstream(struct tf_context *ctx, struct tf_connection *c, const struct tf_segment *s)
{
	enum tf_state first = s->flags & TF_RST ? TF_CLOSED : TF_ESTABLISHED;
	/* The ACK of its SYN may be on the way, or this one. */
	tf_states base = SYNCHRONIZED | TF_STATES(TF_SYN_RECEIVED);

	if (s->flags & TF_RST)
		base |= TF_STATES(TF_CLOSED) | TF_STATES(TF_LISTEN);
	c->flags |= TF_CONN_ROLES_GUESSED | TF_CONN_MIDSTREAM;
	for (enum tf_endpoint e = TF_CLIENT; e <= TF_SERVER; e++)
		tf_replica_begin(tf_replica(ctx, c, e), first, base);
	if (s->flags & TF_RST)
		tf_connection_set_close(c, TF_CLOSE_RST);
}

static enum tf_beginning
beginning_of(const struct tf_segment *s)
{
	if (s->flags & TF_RST)
		return TF_BEGINNINGS;
	if (!(s->flags & TF_SYN))
		return TF_BEGINS_IN_MIDSTREAM;
	return s->flags & TF_ACK ? TF_BEGINS_WITH_SYN_ACK : TF_BEGINS_WITH_SYN;
}

/* Nearly all begin alike: then nothing has to be worked out anew. */
static bool
begin_as_remembered(struct tf_context *ctx, struct tf_connection *c, enum tf_beginning how)
{
	if (how == TF_BEGINNINGS || !ctx->moves->beginning[how].shape || c->closing || ctx->fired)
		return false;
	tf_shape_take(ctx, c, ctx->moves->beginning[how].shape);
	tf_move_tell_beginning(ctx, c->conn, how);
	return true;
}

void
tf_connection_begin(struct tf_context *ctx, struct tf_connection *c, const struct tf_segment *s)
{
	enum tf_beginning how = beginning_of(s);

	if (s->ip_version == 6)
		c->flags |= TF_CONN_IPV6;
	if (begin_as_remembered(ctx, c, how))
		return;
	if (how == TF_BEGINS_WITH_SYN)
		begin_with_syn(ctx, c);
	else if (how == TF_BEGINS_WITH_SYN_ACK)
		begin_with_syn_ack(ctx, c);
	else
		begin_midstream(ctx, c, s);
	for (enum tf_endpoint e = TF_CLIENT; e <= TF_SERVER; e++) {
		/* A client's SYN makes a transition of its own at once. */
		if (e == TF_SERVER || how != TF_BEGINS_WITH_SYN)
			tf_replica_announce(tf_replica(ctx, c, e));
	}
	if (how != TF_BEGINNINGS && !ctx->moves->beginning[how].shape)
		tf_move_learn_beginning(ctx, c, how);
}

/* ---- SYNs on a used 4-tuple ------------------------------------------------ */

/* The smallest time in which any stack takes up something again: the least RTO in use. */
#define ATTEMPT_NS INT64_C(200000000)

enum tf_state
tf_connection_waits_in(const struct tf_context *ctx, const struct tf_connection *c, enum tf_endpoint which)
{
	enum tf_state state = tf_end_state(&c->end[which]);

	if (!closed(state) || tf_connection_close(c) != TF_CLOSE_OPEN)
		return state;
	const struct tf_extra *x = tf_extra_if(ctx, c);
	return x && x->given_up[which] ? (enum tf_state)x->given_up[which] : state;
}

/* 2 MSL by a clock of milliseconds, the fastest of RFC 7323 section 5.4, and about as much by the clock of RFC 9293
 * section 3.4.1, which ticks every 4 us.  Where each connection begins anywhere, few of a later attempt's SYNs lie so. */
#define OLD_SYN_TICKS   240000
#define OLD_SYN_NUMBERS (1U << 26)

bool
tf_connection_syn_is_old(const struct tf_context *ctx, const struct tf_connection *c,
                         const struct tf_segment *s)
{
	enum tf_endpoint from = tf_connection_sender(c, s);
	const struct tf_end *x = &c->end[from];
	bool before = tf_end_has(x, TF_END_TIMESTAMPS), now = s->options & TF_OPT_TIMESTAMPS;
	uint32_t ticks = x->tsval - s->tsval, numbers = x->isn.v - s->seq.v;

	if (tf_connection_waits_in(ctx, c, from) != TF_SYN_SENT || before != now)
		return false;
	if (now)
		return ticks > 0 && ticks < OLD_SYN_TICKS;
	/* Some stacks do not go by the clock: then only haste shows that it is no new attempt. */
	return numbers > 0 && numbers < OLD_SYN_NUMBERS && s->ts_ns - c->last_ts_ns < ATTEMPT_NS;
}

enum tf_syn_verdict
tf_connection_judge_syn(const struct tf_context *ctx, const struct tf_connection *c,
                        const struct tf_segment *s)
{
	enum tf_endpoint from = tf_connection_sender(c, s);
	const struct tf_end *x = &c->end[from], *y = &c->end[!from];
	bool same = tf_end_has(x, TF_END_ISN_KNOWN) && tf_seq_eq(x->isn, s->seq);

	if (tf_connection_closed(c) && !same)
		return TF_SYN_NEW;
	/* Windows tries again with the same SYN when it is refused. */
	if (tf_connection_closed(c))
		return tf_connection_close(c) == TF_CLOSE_REFUSED ? TF_SYN_OWN : TF_SYN_HOLD;
	if (!tf_end_has(x, TF_END_SYN_SEEN)) {
		/* Its first SYN: it crosses the other's, or arrives after its own answer. */
		if (!(c->flags & TF_CONN_MIDSTREAM))
			return TF_SYN_OWN;
		if (tf_end_has(x, TF_END_SEQ_KNOWN) && tf_seq_eq(tf_seq_add(s->seq, 1), x->una))
			return TF_SYN_OWN;
		return TF_SYN_HOLD;
	}
	if (same) {
		/* While the opening lasts it is a retransmission; soon after it, a delayed one. */
		bool opening = tf_end_state(x) <= TF_SYN_RECEIVED || tf_end_state(y) <= TF_SYN_RECEIVED;
		if (opening || ctx->now_ns - c->first_ts_ns < ctx->config->timer[TF_TIMER_SYN_SENT])
			return tf_end_state(x) == TF_TIME_WAIT || tf_end_state(y) == TF_TIME_WAIT
			           ? TF_SYN_HOLD
			           : TF_SYN_OWN;
		return TF_SYN_HOLD;
	}
	/* So soon nobody gives up and tries anew: it may be an old duplicate. */
	if (tf_connection_waits_in(ctx, c, from) == TF_SYN_SENT && !(c->flags & TF_CONN_SYN_ACK) &&
	    ctx->now_ns - c->last_ts_ns >= ATTEMPT_NS && !tf_connection_syn_is_old(ctx, c, s))
		return TF_SYN_ATTEMPT;
	return TF_SYN_HOLD;
}

/* ---- the checklist ------------------------------------------------------- */

void
tf_step_init(struct tf_step *st, struct tf_context *ctx, struct tf_connection *c, const struct tf_segment *s,
             enum tf_endpoint from)
{
	enum tf_endpoint to = from == TF_CLIENT ? TF_SERVER : TF_CLIENT;

	st->ctx = ctx;
	st->c = c;
	st->s = s;
	st->from = from;
	st->to = to;
	st->sender = tf_replica(ctx, c, from);
	st->receiver = tf_replica(ctx, c, to);
	st->x = &c->end[from];
	st->y = &c->end[to];
	st->before[TF_CLIENT] = tf_end_state(&c->end[TF_CLIENT]);
	st->before[TF_SERVER] = tf_end_state(&c->end[TF_SERVER]);
	st->former_ns = c->last_ts_ns;
	st->end = tf_segment_end(s);
	/* Nothing has been found out yet. */
	memset(&st->marks, 0, sizeof *st - offsetof(struct tf_step, marks));
}

static void
count_packet(struct tf_step *st)
{
	/* The next one after a SYN,ACK with which it began: from now on both ends are followed. */
	if ((st->c->flags & (TF_CONN_MIDSTREAM | TF_CONN_SYN_ACK)) == (TF_CONN_MIDSTREAM | TF_CONN_SYN_ACK) &&
	    st->x->packets + st->y->packets == 1)
		(void)tf_extra_of(st->ctx, st->c);
	st->x->packets++;
	tf_end_count_wire_bytes(st->x, st->s->wire_len);
	if (!(st->s->flags & TF_RST))
		tf_connection_hear(st->ctx, st->c, st->from);
	if (st->ctx->now_ns > st->c->last_ts_ns)
		st->c->last_ts_ns = st->ctx->now_ns;
	if (st->from == TF_SERVER)
		st->c->flags |= TF_CONN_ANSWERED;
}

static void
note_close(struct tf_step *st)
{
	struct tf_connection *c = st->c;

	if (tf_connection_close(c) == TF_CLOSE_OPEN && tf_end_has(&c->end[TF_CLIENT], TF_END_FIN_ACKED) &&
	    tf_end_has(&c->end[TF_SERVER], TF_END_FIN_ACKED))
		tf_connection_set_close(c, TF_CLOSE_FIN);
}

void
tf_connection_tell(const struct tf_context *ctx, const struct tf_connection *c, const struct tf_segment *s,
                   enum tf_endpoint from, unsigned marks, const enum tf_state before[2])
{
	struct tf_segment_event se = {
	    .segment = s,
	    .conn = c->conn,
	    .from = from,
	    .marks = marks,
	    .rel_seq = s->seq.v - c->end[from].isn.v,
	    .rel_ack = s->flags & TF_ACK ? s->ack.v - c->end[!from].isn.v : 0,
	    .state = {before[TF_CLIENT], before[TF_SERVER]},
	};
	struct tf_event e = {.kind = TF_EV_SEGMENT, .segment = &se};
	ctx->sink.event(ctx->sink.context, &e);
}

static void
show_segment(const struct tf_step *st)
{
	tf_connection_show(st->ctx, st->c, st->s, st->from, st->marks, st->before);
}

/* No receiver takes it, whatever its numbers: a synchronized end drops what
 * has no ACK (RFC 9293 section 3.10.7.4), and a second SYN or SYN,ACK with
 * another number is not of this connection. */
static bool
is_dropped(const struct tf_step *st)
{
	const struct tf_segment *s = st->s;

	if (!(s->flags & (TF_SYN | TF_RST | TF_ACK)))
		return true;
	return s->flags & TF_SYN && !(s->flags & TF_RST) && tf_end_has(st->x, TF_END_SYN_SEEN) &&
	       !tf_seq_eq(s->seq, st->x->isn);
}

/* What seemed to be given up for want of a repetition goes on: its own segment says so, or it is
 * refused only now. */
static void
take_up_again(struct tf_step *st)
{
	struct tf_extra *x = tf_extra_if(st->ctx, st->c);
	bool rst = (st->s->flags & TF_RST) != 0;
	enum tf_endpoint which = rst ? st->to : st->from;
	enum tf_state state = x ? (enum tf_state)x->given_up[which] : TF_CLOSED;

	if (!state)
		return;
	x->given_up[which] = TF_CLOSED;
	if (tf_end_state(&st->c->end[which]) > TF_LISTEN || tf_connection_close(st->c) != TF_CLOSE_OPEN)
		return;
	tf_replica_retract(tf_replica(st->ctx, st->c, which), state, rst ? TF_IN_RCV_REFUSAL : TF_IN_SND_ACK);
	st->before[which] = tf_end_state(&st->c->end[which]);
}

void
tf_connection_segment(struct tf_step *st)
{
	bool syn = (st->s->flags & (TF_SYN | TF_RST)) == TF_SYN;

	count_packet(st);
	tf_take_other_answer(st);
	tf_begin_answer(st);
	bool dropped = is_dropped(st);
	if (!dropped)
		take_up_again(st);
	tf_letters_segment(st);
	if (dropped) {
		tf_note_other_answer(st);
		st->marks |= TF_MARK_UNACCEPTABLE;
		st->verdict = TF_REJECT_BEYOND;
		show_segment(st);
		return;
	}
	if (syn)
		tf_note_syn(st);
	tf_forget_timestamps(st);
	st->verdict = tf_accept(st);
	if (tf_find_again(st))
		st->verdict = tf_accept(st);
	tf_classify(st);
	tf_letters_findings(st);
	show_segment(st);
	if (st->s->flags & TF_RST) {
		tf_prove_reset(st);
	} else {
		tf_outlive_reset(st);
		tf_note_timestamp(st);
		tf_note_window(st);
		tf_prove_sender(st);
		tf_presume_receiver(st);
		note_close(st);
	}
}
