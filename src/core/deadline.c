/*
 * The timers of the observed hosts, as far as they move a state: the end
 * of TIME-WAIT, a SYN or SYN,ACK that is given up, or not sent again when it
 * is due, data that were sent again and again and then are not, and the
 * silence that confirms a doubtful RST or an ACK that the capture missed.  An end in FIN-WAIT-2 stays there for ever:
 * close() and shutdown() look alike on the wire (RFC 9293 section 3.6).
 *
 * Times are the capture's; nothing here reads a clock.
 */
#include "core/connection.h"

/* NS * UP / DOWN, to the microsecond: a capture in microseconds must give the same times.  UP is at most 30; what lasts
 * longer than nine years, where the capture's clock leapt, counts as that. */
static int64_t
part_of(int64_t ns, int up, int down)
{
	const int64_t most_ns = INT64_MAX / 32;

	return (ns < most_ns ? ns : most_ns) * up / down / 1000 * 1000;
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t
tf_time_wait_since(const struct tf_context *ctx, const struct tf_connection *c, enum tf_endpoint which)
{
	const struct tf_closing *k = tf_closing_if(ctx, c);

	return k && tf_end_state(&c->end[which]) == TF_TIME_WAIT ? k->time_wait_ns[which] : 0;
}

/* When a SYN or SYN,ACK is given up that was first sent at FIRST.  A stack
 * that sends it again after its limit has another limit; and where the next
 * repetition would be due a little later, it is given up only then: Linux
 * gives up when that timer runs out (tcp_syn_linear_timeouts adds to it).
 * The time between two of them holds what a timer ran late, here a sixteenth. */
static int64_t
given_up_at(int64_t first_ns, int64_t last_ns, int64_t gap_ns, int64_t limit_ns)
{
	int64_t at = (last_ns > first_ns + limit_ns ? last_ns : first_ns) + limit_ns;
	int64_t due = last_ns + part_of(gap_ns, 30, 16);

	return due > at && due <= at + limit_ns / 8 ? due : at;
}

/* When the profile's stack gives up an end that waits in STATE, SYN-SENT or SYN-RECEIVED. */
static int64_t
limit_at(const struct tf_context *ctx, const struct tf_connection *c, enum tf_state state)
{
	const struct tf_extra *x = tf_extra_if(ctx, c);

	if (state == TF_SYN_SENT)
		return given_up_at(c->first_ts_ns, x ? x->syn_last_ns : 0, x ? x->syn_gap_ns : 0,
		                   ctx->config->timer[TF_TIMER_SYN_SENT]);
	return given_up_at(tf_syn_ack_first_ns(c, x), x ? x->syn_ack_last_ns : 0, x ? x->syn_ack_gap_ns : 0,
	                   ctx->config->timer[TF_TIMER_SYN_RECEIVED]);
}

/* A SYN,ACK has passed since the last SYN: then no SYN is due. */
static bool
was_answered(const struct tf_connection *c, const struct tf_extra *x)
{
	int64_t answer_ns = x->syn_ack_again ? x->syn_ack_last_ns : tf_handshake_at_ns(c);

	return c->flags & TF_CONN_SYN_ACK && answer_ns >= x->syn_last_ns;
}

/* Who has sent his SYN or SYN,ACK again sends it again after twice that time at most (RFC 6298
 * section 5.5).  When that is over he has given it up, by a limit of his own or because his
 * program did: that is the best guess, though the repetition may be lost before the tap. */
static int64_t
overdue_at(const struct tf_connection *c, const struct tf_extra *x, enum tf_state state)
{
	bool syn = state == TF_SYN_SENT;
	int64_t gap_ns = x ? syn ? x->syn_gap_ns : x->syn_ack_gap_ns : 0;
	int64_t wait_ns =
	    gap_ns > INT64_MAX / 4 ? INT64_MAX / 2 : 2 * gap_ns; /* a capture may span centuries */

	if (!x || !(syn ? x->syn_again : x->syn_ack_again) || (syn && was_answered(c, x)))
		return INT64_MAX;
	if (wait_ns < TF_SETTLE_NS)
		wait_ns = TF_SETTLE_NS;
	/* Timers run late, up to an eighth of their length. */
	return (syn ? x->syn_last_ns : x->syn_ack_last_ns) + part_of(wait_ns, 9, 8);
}

static int64_t
end_deadline(const struct tf_context *ctx, const struct tf_connection *c, enum tf_endpoint which)
{
	enum tf_state waits = tf_connection_waits_in(ctx, c, which);
	int64_t since;

	if (waits != tf_end_state(&c->end[which]))
		return limit_at(ctx, c, waits);
	switch (waits) {
	case TF_SYN_SENT:
	case TF_SYN_RECEIVED:
		return earlier(limit_at(ctx, c, waits), overdue_at(c, tf_extra_if(ctx, c), waits));
	case TF_TIME_WAIT:
		since = tf_time_wait_since(ctx, c, which);
		return (since ? since : c->last_ts_ns) + ctx->config->timer[TF_TIMER_TIME_WAIT];
	case TF_CLOSED:
	case TF_LISTEN:
	case TF_ESTABLISHED:
	case TF_FIN_WAIT_1:
	case TF_FIN_WAIT_2:
	case TF_CLOSE_WAIT:
	case TF_CLOSING:
	case TF_LAST_ACK:
	case TF_STATE_COUNT:
		break;
	}
	return INT64_MAX;
}

/* When an end may have left TIME-WAIT, should it have come there sooner than it seems. */
static int64_t
early_deadline(const struct tf_context *ctx, const struct tf_connection *c, enum tf_endpoint which)
{
	if (tf_end_state(&c->end[which]) != TF_TIME_WAIT || c->end[which].base & TF_STATES(TF_CLOSED))
		return INT64_MAX;
	const struct tf_closing *k = tf_closing_if(ctx, c);
	if (!k || !k->time_wait_early_ns[which])
		return INT64_MAX;
	return k->time_wait_early_ns[which] + ctx->config->timer[TF_TIMER_TIME_WAIT];
}

void
tf_time_wait_check(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint which)
{
	if (early_deadline(ctx, c, which) <= ctx->now_ns)
		tf_replica_may_be(tf_replica(ctx, c, which), TF_STATES(TF_CLOSED));
}

static int64_t
rst_deadline(const struct tf_context *ctx, const struct tf_connection *c)
{
	const struct tf_extra *x = tf_extra_if(ctx, c);

	return x && x->rst.awaiting ? c->last_ts_ns + TF_SETTLE_NS : INT64_MAX;
}

/* Within this time a FIN that nobody acknowledges is sent again: RFC 6298 section 2 asks for a second and
 * what the round trip adds; where that was not measured its first time-out is three seconds.  After a
 * repetition twice the former time goes by. */
static int64_t
fin_patience_ns(const struct tf_context *ctx, const struct tf_connection *c, enum tf_endpoint which)
{
	int64_t first_ns = tf_closing_if(ctx, c)->fin[which].first_ns;
	int64_t client = c->end[TF_CLIENT].rtt_64us, server = c->end[TF_SERVER].rtt_64us;
	int64_t first = client && server ? TF_FIN_PATIENCE_NS + 4 * (client + server) * 64000 : TF_SETTLE_NS;
	int64_t twice = part_of(tf_fin_last_ns(ctx, c, which) - first_ns, 9, 4);

	first = earlier(first, TF_SETTLE_NS);
	return first > twice ? first : twice;
}

/* A FIN that is neither acknowledged nor sent again in time, nor data before it, was acknowledged unseen, or
 * its end is no more.  For an end in LAST-ACK that comes to the same; one that waits in FIN-WAIT-1 is only
 * moved where the capture is known to miss segments.  Many repetitions show a dead path, where that is no
 * conclusion. */
static int64_t
silent_fin_deadline(const struct tf_context *ctx, const struct tf_connection *c, enum tf_endpoint which)
{
	const tf_states second = TF_STATES(TF_CLOSING) | TF_STATES(TF_LAST_ACK);
	tf_states state = TF_STATES(tf_end_state(&c->end[which]));
	bool waits = state & second || (state & TF_STATES(TF_FIN_WAIT_1) && c->flags & TF_CONN_GAP);

	if (!waits)
		return INT64_MAX;
	const struct tf_closing *k = tf_closing_if(ctx, c);
	const struct tf_extra *x = tf_extra_if(ctx, c);
	const struct tf_fin_record *fin = k ? &k->fin[which] : NULL;
	if (!k || tf_end_has(&c->end[which], TF_END_FIN_ACKED) || fin->inferred ||
	    tf_fin_times_again(ctx, c, which) > (state & second ? 2 : 0) ||
	    (x && x->end[which].unanswered > 2))
		return INT64_MAX;
	return c->last_ts_ns + fin_patience_ns(ctx, c, which);
}

/* Who acknowledged a FIN has it, though it came again and that seemed to say otherwise. */
static void
infer_ack(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint which)
{
	enum tf_endpoint peer = which == TF_CLIENT ? TF_SERVER : TF_CLIENT;

	tf_replica_moved(tf_replica(ctx, c, which), TF_IN_RCV_ACK_OF_FIN, TF_INFERRED);
	if (tf_end_state(&c->end[peer]) == TF_FIN_WAIT_2)
		tf_replica_moved(tf_replica(ctx, c, peer), TF_IN_RCV_FIN, TF_INFERRED);
}

/* The other end has closed its direction only: it has acknowledged data that WHICH sent since, or WHICH sent something new when
 * the RST that the first of them would have drawn had long come. */
static bool
is_read(const struct tf_context *ctx, const struct tf_connection *c, const struct tf_extra *x,
        enum tf_endpoint which)
{
	const struct tf_end_watch *w = x ? &x->watch[which] : NULL;
	int64_t latest_ns = tf_data_after_fin_ns(tf_closing_if(ctx, c), which);

	return w && w->after_fin_packet &&
	       (tf_seq_gt(c->end[which].una, w->after_fin_seq) ||
	        latest_ns - w->after_fin_ns >
	            fin_patience_ns(ctx, c, which == TF_CLIENT ? TF_SERVER : TF_CLIENT));
}

/* Data towards an end in FIN-WAIT-2 draw a RST once its program is gone (RFC 9293 section 3.6.1).  Data that
 * are neither acknowledged nor sent again in time, and nothing else since, show that it came unseen; where that
 * end still reads, it is rather an ACK that did. */
static int64_t
unseen_rst_deadline(const struct tf_context *ctx, const struct tf_connection *c, enum tf_endpoint which)
{
	const struct tf_end *end = &c->end[which], *peer = &c->end[!which];

	if (tf_end_state(end) != TF_CLOSE_WAIT || tf_end_state(peer) != TF_FIN_WAIT_2)
		return INT64_MAX;
	const struct tf_closing *k = tf_closing_if(ctx, c);
	const struct tf_extra *x = tf_extra_if(ctx, c);
	if (!k || !tf_data_after_fin_ns(k, which) || tf_seq_ge(end->una, end->max) || peer->window == 0 ||
	    (x && x->end[which].unanswered) || is_read(ctx, c, x, which))
		return INT64_MAX;
	return c->last_ts_ns + fin_patience_ns(ctx, c, which == TF_CLIENT ? TF_SERVER : TF_CLIENT);
}

static void
infer_rst(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint which)
{
	tf_replica_moved(tf_replica(ctx, c, !which), TF_IN_ABORT, TF_INFERRED);
	tf_replica_moved(tf_replica(ctx, c, which), TF_IN_RCV_RST, TF_INFERRED);
}

/* An end that sends the same data again and again, each time after twice the time (RFC 6298 section 5.5), and
 * then stops though nobody has answered, has given the connection up (RFC 9293 section 3.8.3: R2): Linux does so
 * without a word (tcp_retries2, TCP_USER_TIMEOUT).  Three time-outs show the rhythm.  An end that has closed is
 * told as stuck, and stays. */
static int64_t
broken_off_deadline(const struct tf_context *ctx, const struct tf_connection *c, enum tf_endpoint which)
{
	const struct tf_extra *x = tf_extra_if(ctx, c);
	const struct tf_end_watch *w = x ? &x->watch[which] : NULL;
	const struct tf_end *end = &c->end[which];
	enum tf_state state = tf_end_state(end);

	if (!x || w->repeats < 3 || (state != TF_ESTABLISHED && state != TF_CLOSE_WAIT) ||
	    tf_seq_ge(end->una, end->max) || c->end[!which].window == 0)
		return INT64_MAX;
	int64_t wait_ns = part_of(c->last_ts_ns - w->repeat_ns, 3, 2);
	/* Where it is a matter for dead-peer, that comes first. */
	int64_t least_ns = w->repeats < 5 ? TF_SETTLE_NS : 2 * TF_SETTLE_NS;
	if (wait_ns < least_ns)
		wait_ns = least_ns;
	return c->last_ts_ns + part_of(wait_ns, 9, 8);
}

/* When WHICH will have waited too long for a segment. */
static int64_t
patience_deadline(const struct tf_context *ctx, const struct tf_connection *c, enum tf_endpoint which)
{
	int64_t next = silent_fin_deadline(ctx, c, which);

	next = earlier(next, unseen_rst_deadline(ctx, c, which));
	return earlier(next, broken_off_deadline(ctx, c, which));
}

int64_t
tf_connection_next(const struct tf_context *ctx, const struct tf_connection *c)
{
	/* Neither end waits for anything, not even for what a doubtful RST did. */
	if (tf_connection_closed(c))
		return c->last_ts_ns + TF_SETTLE_NS;
	int64_t next = earlier(end_deadline(ctx, c, TF_CLIENT), end_deadline(ctx, c, TF_SERVER));
	if (c->closing) {
		next = earlier(next, early_deadline(ctx, c, TF_CLIENT));
		next = earlier(next, early_deadline(ctx, c, TF_SERVER));
		next = earlier(next, rst_deadline(ctx, c));
	}
	if (c->closing && !tf_connection_rests(c)) {
		next = earlier(next, patience_deadline(ctx, c, TF_CLIENT));
		next = earlier(next, patience_deadline(ctx, c, TF_SERVER));
	}
	return next;
}

static enum tf_input
timeout_of(enum tf_state state)
{
	return state == TF_SYN_SENT       ? TF_IN_TIMEOUT_SYN
	       : state == TF_SYN_RECEIVED ? TF_IN_TIMEOUT_SYN_ACK
	                                  : TF_IN_TIMEOUT_2MSL;
}

static void
time_out(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint which)
{
	struct tf_extra *x = tf_extra_if(ctx, c);
	enum tf_state state = tf_end_state(&c->end[which]), waits = tf_connection_waits_in(ctx, c, which);

	if (state != TF_TIME_WAIT && limit_at(ctx, c, waits) > ctx->now_ns)
		x->given_up[which] = (uint8_t)state; /* the connection stays open: it may go on yet */
	else if (state != TF_TIME_WAIT && tf_connection_close(c) == TF_CLOSE_OPEN)
		tf_connection_set_close(c, waits == TF_SYN_SENT && !(c->flags & TF_CONN_ANSWERED)
		                               ? TF_CLOSE_UNANSWERED
		                               : TF_CLOSE_TIMEOUT);
	if (waits != state)
		return; /* it has moved already */
	tf_replica_moved(tf_replica(ctx, c, which), timeout_of(state), TF_TIMER_RAN);
}

/* Silence after a RST that was not at RCV.NXT: it was heeded.  An answer of
 * the other end's that its sender left alone shows the contrary. */
static void
judge_rst(struct tf_context *ctx, struct tf_connection *c, struct tf_rst_record *rst)
{
	bool silence = c->last_ts_ns <= rst->ts_ns;

	rst->awaiting = false;
	if (!silence)
		return;
	for (enum tf_endpoint e = TF_CLIENT; e <= TF_SERVER; e++)
		tf_replica_moved(tf_replica(ctx, c, e), TF_IN_RST_CONFIRMED, TF_INFERRED);
	if (tf_connection_close(c) == TF_CLOSE_OPEN)
		tf_connection_set_close(c, TF_CLOSE_RST);
}

static bool
both_are_gone(const struct tf_connection *c)
{
	const struct tf_end *client = &c->end[TF_CLIENT], *server = &c->end[TF_SERVER];

	return tf_connection_close(c) == TF_CLOSE_OPEN && tf_end_has(client, TF_END_FIN) &&
	       tf_end_has(server, TF_END_FIN) && tf_end_state(client) == TF_CLOSED &&
	       tf_end_state(server) == TF_CLOSED;
}

/* If WHICH has waited too long for a segment, it is taken to have passed unseen, or WHICH to have given up. */
static void
lose_patience(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint which)
{
	if (silent_fin_deadline(ctx, c, which) <= ctx->now_ns)
		infer_ack(ctx, c, which);
	if (unseen_rst_deadline(ctx, c, which) <= ctx->now_ns)
		infer_rst(ctx, c, which);
	if (broken_off_deadline(ctx, c, which) <= ctx->now_ns) {
		tf_extra_if(ctx, c)->broke_off[which] = true;
		tf_replica_moved(tf_replica(ctx, c, which), TF_IN_ABORT, TF_TIMER_RAN);
	}
}

/* The ACK of a FIN did not pass: that the connection is over is a conclusion from silence, and rules nothing out. */
static bool
is_over_by_silence(const struct tf_connection *c)
{
	for (enum tf_endpoint e = TF_CLIENT; e <= TF_SERVER; e++)
		if (tf_end_has(&c->end[e], TF_END_FIN) && !tf_end_has(&c->end[e], TF_END_FIN_ACKED))
			return true;
	return false;
}

void
tf_connection_deadline(struct tf_context *ctx, struct tf_connection *c)
{
	struct tf_extra *x = tf_extra_if(ctx, c);

	for (enum tf_endpoint e = TF_CLIENT; e <= TF_SERVER; e++) {
		if (end_deadline(ctx, c, e) <= ctx->now_ns)
			time_out(ctx, c, e);
		if (!tf_connection_rests(c))
			lose_patience(ctx, c, e);
		tf_time_wait_check(ctx, c, e);
	}
	/* The ACK of a FIN that did not pass: the connection is over all the same. */
	if (both_are_gone(c))
		tf_connection_set_close(c, TF_CLOSE_FIN);
	if (rst_deadline(ctx, c) <= ctx->now_ns)
		judge_rst(ctx, c, &x->rst);
	if (tf_connection_settled(ctx, c) && !(c->flags & TF_CONN_SETTLED)) {
		c->flags |= TF_CONN_SETTLED;
		/* Who was sent a RST and has nothing to say may not have heard it. */
		for (enum tf_endpoint e = TF_CLIENT; e <= TF_SERVER; e++)
			if (x && x->rst.seen && tf_connection_close(c) != TF_CLOSE_FIN
			        ? x->rst.from == e
			        : !is_over_by_silence(c))
				tf_replica_settle(tf_replica(ctx, c, e));
	}
}
