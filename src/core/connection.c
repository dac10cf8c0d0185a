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
	struct tf_closing *k = tf_closing_if(ctx, c);
	uint32_t index = k ? k->extra : 0;
	struct tf_extra *x = made(ctx, &ctx->extras, &index);

	if (!x || (k && k->extra))
		return x;
	k = tf_closing_of(ctx, c);
	if (!k) {
		tf_pool_put(&ctx->extras, index);
		return NULL;
	}
	k->extra = index & 0x3fffffff;
	for (enum tf_endpoint e = TF_CLIENT; e <= TF_SERVER; e++)
		x->watch[e].heard_ns = tf_connection_heard_ns(ctx, c, e);
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
	const struct tf_extra *x = tf_extra_if(ctx, c);
	enum tf_state state = tf_end_state(&c->end[which]);

	return x && x->given_up[which] && closed(state) && tf_connection_close(c) == TF_CLOSE_OPEN
	           ? (enum tf_state)x->given_up[which]
	           : state;
}

enum tf_syn_verdict
tf_connection_judge_syn(const struct tf_context *ctx, const struct tf_connection *c,
                        const struct tf_segment *s)
{
	enum tf_endpoint from = tf_connection_sender(c, s);
	const struct tf_end *x = &c->end[from], *y = &c->end[!from];
	bool same = tf_end_has(x, TF_END_ISN_KNOWN) && tf_seq_eq(x->isn, s->seq);
	bool is_closed = tf_connection_closed(c);

	/* Windows tries again with the same SYN when it is refused. */
	if (same && is_closed && tf_connection_close(c) == TF_CLOSE_REFUSED &&
	    ctx->now_ns - c->last_ts_ns < TF_SETTLE_NS)
		return TF_SYN_OWN;
	if (is_closed)
		return same && ctx->now_ns - c->last_ts_ns < TF_SETTLE_NS ? TF_SYN_HOLD : TF_SYN_NEW;
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
	    ctx->now_ns - c->last_ts_ns >= ATTEMPT_NS)
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

/* FreeBSD and macOS offer 65,535 octets, scaled by 6 (macOS also 5), with
 * SACK and timestamps.  They differ from Linux and the RFC where it counts:
 * a RST does not end their TIME-WAIT (RFC 1337). */
static bool
looks_like_bsd(const struct tf_segment *s)
{
	const unsigned all = TF_OPT_WSCALE | TF_OPT_SACK_PERMITTED | TF_OPT_TIMESTAMPS;

	return s->window == 65535 && (s->options & all) == all && (s->wscale == 5 || s->wscale == 6);
}

uint32_t
tf_stack_flag(enum tf_endpoint from, const struct tf_segment *s)
{
	if (!looks_like_bsd(s))
		return 0;
	return from == TF_CLIENT ? TF_CONN_CLIENT_BSD : TF_CONN_SERVER_BSD;
}

/* What passed in END's name so far was not its own: nothing of it holds. */
static void
forget_stream(struct tf_step *st, struct tf_end *x)
{
	struct tf_closing *k = tf_closing_if(st->ctx, st->c);
	struct tf_extra *extra = tf_extra_if(st->ctx, st->c);

	x->flags &= (uint16_t) ~(TF_END_SEQ_KNOWN | TF_END_WINDOW_KNOWN | TF_END_TSVAL_KNOWN | TF_END_FIN |
	                         TF_END_FIN_ACKED | TF_END_SENT_DATA);
	x->bytes = 0;
	x->pending = x->doubt = 0;
	st->y->pending &= (uint8_t)~TF_P_FIN;
	if (k) {
		tf_fin_begin(st->ctx, st->c, st->from, (struct tf_fin_record){0});
		if (tf_data_after_fin_ns(k, st->from))
			k->data_end = 0;
	}
	if (extra)
		tf_reassembly_clear(st->ctx, extra, st->from);
	if (tf_end_state(x) != TF_LISTEN)
		tf_replica_retract(st->sender, TF_LISTEN, TF_IN_SND_SYN_ACK);
}

/* A SYN,ACK answers the SYN, and what had passed in its sender's name does not lie behind its number, or lies farther
 * than the first segments of a stream do.  An end in SYN-SENT processes none of that (RFC 9293 section 3.10.7.3). */
static bool
shows_foreign_numbers(const struct tf_step *st)
{
	const struct tf_end *x = st->x;
	const unsigned answer = TF_SYN | TF_ACK;
	int32_t ahead = (int32_t)tf_seq_diff(x->una, st->s->seq);

	return (st->s->flags & answer) == answer && st->from == TF_SERVER &&
	       !(st->c->flags & TF_CONN_MIDSTREAM) && tf_end_has(x, TF_END_SEQ_KNOWN) &&
	       !tf_end_has(x, TF_END_SYN_ACKED) && tf_end_has(st->y, TF_END_ISN_KNOWN) &&
	       tf_seq_eq(st->s->ack, tf_seq_add(st->y->isn, 1)) && (ahead <= 0 || ahead > UINT16_MAX);
}

/* What a SYN or SYN,ACK tells once and for all (RFC 9293 section 3.2, RFC 7323). */
static void
note_syn(struct tf_step *st)
{
	const struct tf_segment *s = st->s;
	struct tf_end *x = st->x;

	if (tf_end_has(x, TF_END_SYN_SEEN))
		return;
	if (shows_foreign_numbers(st))
		forget_stream(st, x);
	st->first_syn = true;
	x->flags |= TF_END_SYN_SEEN | TF_END_ISN_KNOWN;
	/* It was only captured behind its own answer. */
	if (!(s->flags & TF_ACK) && st->from == TF_CLIENT) {
		if (tf_connection_notes_heard(st->c))
			st->c->handshake_ns = 0;
		st->c->flags &= ~(uint32_t)(TF_CONN_MIDSTREAM | TF_CONN_ROLES_GUESSED);
	}
	x->isn = s->seq;
	if (s->options & TF_OPT_MSS) {
		x->flags |= TF_END_MSS;
		x->mss = s->mss;
	}
	if (s->options & TF_OPT_WSCALE) {
		x->flags |= TF_END_WSCALE;
		x->wscale = s->wscale > 14 ? 14 : s->wscale;
	}
	if (s->options & TF_OPT_SACK_PERMITTED)
		x->flags |= TF_END_SACK;
	if (s->options & TF_OPT_TIMESTAMPS)
		x->flags |= TF_END_TIMESTAMPS;
	if (s->options & TF_OPT_CUT)
		x->flags |= TF_END_OPTIONS_CUT;
	st->c->flags |= tf_stack_flag(st->from, s);
	if (s->len > 0 && !(s->flags & TF_ACK))
		st->c->flags |= TF_CONN_FAST_OPEN;
	if (!tf_end_has(x, TF_END_SEQ_KNOWN)) {
		x->flags |= TF_END_SEQ_KNOWN;
		x->max = x->nxt = x->una = s->seq;
	}
}

static void
note_timestamp(struct tf_step *st)
{
	const struct tf_segment *s = st->s;
	struct tf_end *x = st->x;

	if (!(s->options & TF_OPT_TIMESTAMPS) || s->flags & TF_RST)
		return;
	if (!tf_end_has(x, TF_END_TSVAL_KNOWN)) {
		x->flags |= TF_END_TSVAL_KNOWN;
		x->tsval = x->ts_recent = s->tsval;
		if (st->c->flags & TF_CONN_MIDSTREAM)
			x->flags |= TF_END_TIMESTAMPS;
		return;
	}
	if ((int32_t)(s->tsval - x->tsval) > 0)
		x->tsval = s->tsval;
	/* RFC 7323 section 4.3: only a segment at the left edge updates TS.Recent. */
	if (!tf_step_rejected(st) && tf_seq_le(s->seq, x->una) && (int32_t)(s->tsval - x->ts_recent) > 0)
		x->ts_recent = s->tsval;
}

static void
note_window(struct tf_step *st)
{
	uint32_t window;
	struct tf_end *x = st->x;

	x->window = st->s->window;
	if (!(st->s->flags & TF_ACK) || st->bad_ack)
		return;
	/* Sent again, a SYN,ACK offers what it did: that does not make up for windows that passed unread since. */
	if (st->s->flags & TF_SYN && st->marks & TF_MARK_RETRANSMISSION &&
	    !tf_end_has(x, TF_END_WINDOW_KNOWN))
		return;
	if (!tf_window(st->c, st->from, st->s, &window)) {
		/* What its SYN,ACK offered is outdated by windows of which nobody knows how wide they are. */
		x->flags &= (uint16_t)~TF_END_WINDOW_KNOWN;
		return;
	}
	tf_seq right = tf_seq_add(st->s->ack, window);
	if (!tf_end_has(x, TF_END_WINDOW_KNOWN) || tf_seq_gt(right, x->right))
		x->right = right;
	x->flags |= TF_END_WINDOW_KNOWN;
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

/* ---- a listener that answers anew --------------------------------------------- */

/* It had given up, or has lost its embryo, and chose another number for the next copy of the SYN (RFC 9293 section
 * 3.10.7.2); or somebody else did.  Which one holds, the client's ACK tells. */
static void
note_other_answer(struct tf_step *st)
{
	const struct tf_segment *s = st->s;
	const unsigned answer = TF_SYN | TF_ACK;
	struct tf_extra *x;

	if ((s->flags & (answer | TF_RST | TF_FIN)) != answer || st->from != TF_SERVER ||
	    st->c->flags & TF_CONN_MIDSTREAM || tf_end_has(st->x, TF_END_SYN_ACKED) ||
	    tf_end_state(st->y) != TF_SYN_SENT || !tf_seq_eq(s->ack, tf_seq_add(st->y->isn, 1)))
		return;
	tf_replica_received(st->receiver, TF_P_SYN_ACK, false);
	x = tf_extra_of(st->ctx, st->c);
	if (x)
		x->other_answer = (struct tf_other_answer){
		    .packet = s->packet,
		    .seq = s->seq,
		    .options = s->options,
		    .tsval = s->tsval,
		    .window = s->window,
		    .mss = s->mss,
		    .wscale = s->wscale,
		};
}

/* The client acknowledges the other number, which therefore is the server's own. */
static bool
takes_other_answer(const struct tf_step *st, const struct tf_extra *x)
{
	return x && x->other_answer.packet && st->from == TF_CLIENT &&
	       (st->s->flags & (TF_SYN | TF_RST | TF_ACK)) == TF_ACK &&
	       !tf_end_has(st->y, TF_END_SYN_ACKED) &&
	       tf_seq_eq(st->s->ack, tf_seq_add(x->other_answer.seq, 1)) &&
	       tf_seq_eq(st->s->seq, tf_seq_add(st->x->isn, 1));
}

static void
begin_with_other_answer(struct tf_step *st, struct tf_extra *x)
{
	const struct tf_segment syn_ack = {
	    .packet = x->other_answer.packet,
	    .seq = x->other_answer.seq,
	    .ack = tf_seq_add(st->x->isn, 1),
	    .flags = TF_SYN | TF_ACK,
	    .options = x->other_answer.options,
	    .tsval = x->other_answer.tsval,
	    .window = x->other_answer.window,
	    .mss = x->other_answer.mss,
	    .wscale = x->other_answer.wscale,
	};
	struct tf_step past;

	tf_step_init(&past, st->ctx, st->c, &syn_ack, TF_SERVER);
	x->other_answer.packet = 0;
	x->given_up[TF_SERVER] = TF_CLOSED;
	forget_stream(&past, past.x);
	past.x->flags &= (uint16_t) ~(TF_END_SYN_SEEN | TF_END_MSS | TF_END_WSCALE | TF_END_SACK |
	                              TF_END_TIMESTAMPS | TF_END_OPTIONS_CUT);
	note_syn(&past);
	note_timestamp(&past);
	note_window(&past);
	past.x->max = past.x->nxt = tf_seq_add(syn_ack.seq, 1);
	tf_replica_sent(past.sender, TF_IN_SND_SYN_ACK);
	st->c->flags |= TF_CONN_REPEATED; /* which SYN it answers nobody knows: no measure */
	st->before[TF_SERVER] = tf_end_state(past.x);
}

void
tf_connection_segment(struct tf_step *st)
{
	struct tf_extra *x = tf_extra_if(st->ctx, st->c);
	bool syn = (st->s->flags & (TF_SYN | TF_RST)) == TF_SYN;

	count_packet(st);
	if (takes_other_answer(st, x))
		begin_with_other_answer(st, x);
	bool dropped = is_dropped(st);
	if (!dropped)
		take_up_again(st);
	tf_letters_segment(st);
	if (dropped) {
		note_other_answer(st);
		st->marks |= TF_MARK_UNACCEPTABLE;
		st->verdict = TF_REJECT_BEYOND;
		show_segment(st);
		return;
	}
	if (syn)
		note_syn(st);
	st->verdict = tf_accept(st);
	tf_classify(st);
	tf_letters_findings(st);
	show_segment(st);
	if (st->s->flags & TF_RST) {
		tf_prove_reset(st);
	} else {
		note_timestamp(st);
		note_window(st);
		tf_prove_sender(st);
		tf_presume_receiver(st);
		note_close(st);
	}
}
