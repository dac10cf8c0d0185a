/*
 * What a segment proves about its sender.
 *
 * A sent segment is proof, but of the moment in which it was sent: what
 * passed towards its sender less than a round trip ago may have crossed it
 * on the wire (tf_end_rtt_ns), and an old duplicate proves nothing.
 *
 * The order is RFC 9293's (section 3.10.7.4): the ACK before the text
 * before the FIN.
 */
#include "core/classify.h"

#include "core/accept.h"
#include "core/connection.h"
#include "core/place.h"
#include "core/unseen.h"

static int64_t
since_third_segment(const struct tf_step *st)
{
	const struct tf_extra *x = tf_extra_if(st->ctx, st->c);
	int64_t at = tf_handshake_at_ns(st->c);

	if (x && x->handshake_ack_ns > at)
		at = x->handshake_ack_ns;
	return st->ctx->now_ns - at;
}

/* Copies that the network made follow each other closely: the longest gap counts. */
static void
note_gap(int64_t *gap_ns, int64_t ns)
{
	if (ns > *gap_ns)
		*gap_ns = ns;
}

static void
note_syn_again(struct tf_step *st)
{
	struct tf_extra *x = tf_extra_of(st->ctx, st->c);

	st->c->flags |= TF_CONN_REPEATED;
	if (!x)
		return;
	if (st->s->flags & TF_ACK) {
		note_gap(&x->syn_ack_gap_ns,
		         st->ctx->now_ns -
		             (x->syn_ack_again ? x->syn_ack_last_ns : tf_syn_ack_first_ns(st->c, x)));
		x->syn_ack_again++;
		x->syn_ack_last_ns = st->ctx->now_ns;
		x->syn_ack_last_packet = st->s->packet;
	} else {
		note_gap(&x->syn_gap_ns,
		         st->ctx->now_ns - (x->syn_again ? x->syn_last_ns : st->c->first_ts_ns));
		x->syn_again++;
		x->syn_last_ns = st->ctx->now_ns;
		x->syn_last_packet = st->s->packet;
	}
}

void
tf_note_first_syn_ack(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint from)
{
	if (c->flags & TF_CONN_SYN_ACK)
		return;
	/* In mid-stream its time takes the place of who was heard: if that was not its sender alone, just now, both are
	 * followed from now on. */
	if (tf_connection_notes_heard(c) && c->end[TF_CLIENT].packets + c->end[TF_SERVER].packets > 1)
		(void)tf_extra_of(ctx, c);
	c->flags |= TF_CONN_SYN_ACK;
	tf_set_handshake(c, ctx->now_ns);
	if (!(c->flags & (TF_CONN_REPEATED | TF_CONN_MIDSTREAM)) && from == TF_SERVER)
		c->end[from].rtt_64us = tf_rtt_in_64us(ctx->now_ns - c->first_ts_ns);
}

/* A RST seemed to send it back to LISTEN, yet it repeats its SYN,ACK, and no SYN came since: it has not heard it. */
static bool
keeps_embryo(const struct tf_step *st)
{
	const struct tf_extra *x = tf_extra_if(st->ctx, st->c);

	return tf_end_state(st->x) == TF_LISTEN && x && x->rst.seen && x->rst.from == st->to &&
	       x->rst.ts_ns > x->syn_last_ns;
}

/* Its limit ran out, yet it repeats its SYN,ACK: its limit is another one. */
static bool
has_not_given_up(const struct tf_step *st)
{
	return tf_end_state(st->x) == TF_LISTEN && st->marks & TF_MARK_RETRANSMISSION &&
	       tf_connection_close(st->c) == TF_CLOSE_TIMEOUT;
}

static void
prove_syn_ack(struct tf_step *st)
{
	if (st->bad_ack) {
		/* It answers an old duplicate (figure 8), but it answers. */
		if (tf_end_state(st->x) == TF_LISTEN)
			tf_replica_sent(st->sender, TF_IN_SND_SYN_ACK);
		return;
	}
	/* An old one: what it has acknowledged since brought the ACK of its SYN, Fast Open apart. */
	if (!st->first_syn && tf_seq_lt(st->s->ack, st->y->una) && !(st->c->flags & TF_CONN_FAST_OPEN))
		return;
	tf_note_first_syn_ack(st->ctx, st->c, st->from);
	if (keeps_embryo(st))
		tf_replica_doubt(st->sender, TF_P_RST, TF_IN_SND_SYN_ACK);
	else if (has_not_given_up(st)) {
		tf_replica_retract(st->sender, TF_SYN_RECEIVED, TF_IN_SND_SYN_ACK);
		tf_connection_set_close(st->c, TF_CLOSE_OPEN);
	}
	if (tf_end_has(st->x, TF_END_SYN_ACKED) && st->marks & TF_MARK_RETRANSMISSION) {
		struct tf_extra *x = tf_extra_of(st->ctx, st->c);
		if (since_third_segment(st) < tf_end_rtt_ns(st->x))
			return; /* it crossed the ACK on the wire */
		st->x->doubt |= TF_P_ACK_OF_SYN;
		if (x)
			x->syn_ack_after_ack++;
	}
	tf_replica_sent(st->sender, TF_IN_SND_SYN_ACK);
}

/* A SYN passed from each end, neither with an ACK: figure 7, or a split handshake. */
static void
note_crossing_syns(struct tf_step *st)
{
	if (!tf_end_has(st->y, TF_END_SYN_SEEN) || st->marks & TF_MARK_RETRANSMISSION)
		return;
	st->c->flags |= TF_CONN_SIMULTANEOUS;
	struct tf_extra *x = tf_extra_of(st->ctx, st->c);
	if (x) {
		x->crossing_ns = st->ctx->now_ns;
		x->crossing_packet = st->s->packet;
	}
	if (tf_end_has(st->y, TF_END_SYN_ACKED))
		st->c->flags |= TF_CONN_SPLIT;
	else
		st->x->flags &= (uint16_t)~TF_END_PASSIVE;
}

static void
prove_syn(struct tf_step *st)
{
	if (st->marks & TF_MARK_RETRANSMISSION)
		note_syn_again(st);
	if (st->s->flags & TF_ACK) {
		prove_syn_ack(st);
		return;
	}
	note_crossing_syns(st);
	if (tf_end_state(st->x) == TF_CLOSED && st->marks & TF_MARK_RETRANSMISSION) {
		/* Refused, and it tries the same SYN again. */
		tf_replica_retract(st->sender, TF_SYN_SENT, TF_IN_SND_SYN);
		tf_connection_set_close(st->c, TF_CLOSE_OPEN);
		return;
	}
	if (tf_end_state(st->x) <= TF_SYN_RECEIVED)
		tf_replica_sent(st->sender, TF_IN_SND_SYN);
}

void
tf_note_third_segment(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint from)
{
	struct tf_extra *x = tf_extra_if(ctx, c);

	if (c->flags & (TF_CONN_ESTABLISHED | TF_CONN_MIDSTREAM) || from != TF_CLIENT)
		return;
	if (c->flags & TF_CONN_SYN_ACK && !(c->flags & TF_CONN_REPEATED))
		c->end[from].rtt_64us = tf_rtt_in_64us(ctx->now_ns - tf_handshake_at_ns(c));
	if (c->flags & TF_CONN_SYN_ACK && x)
		x->syn_ack_first_ns = tf_handshake_at_ns(c);
	c->flags |= TF_CONN_ESTABLISHED;
	if (!(c->flags & TF_CONN_SYN_ACK))
		c->flags |= TF_CONN_REPEATED; /* no measure of the path without the SYN,ACK */
	tf_set_handshake(c, ctx->now_ns);
}

/* The SYN,ACK did not pass the tap, but the client answers it. */
static bool
answers_unseen_syn_ack(const struct tf_step *st)
{
	return tf_end_state(st->x) == TF_SYN_SENT && st->s->flags & TF_ACK &&
	       !tf_end_has(st->y, TF_END_SYN_SEEN) && !st->bad_ack && tf_seq_gt(st->s->seq, st->x->isn) &&
	       st->fresh;
}

static void
prove_opening(struct tf_step *st)
{
	if (answers_unseen_syn_ack(st)) {
		tf_replica_missed(st->receiver, TF_IN_SND_SYN_ACK);
		st->y->isn = tf_seq_sub(st->s->ack, 1);
		st->y->flags |= TF_END_ISN_KNOWN | TF_END_SYN_ACKED;
		st->acks_syn = st->first_ack_of_syn = true;
		st->missed_bytes = 1;
		tf_note_gap(st, st->to, st->y->isn, st->s->ack, st->missed_bytes);
	}
	if (!st->first_ack_of_syn)
		return;
	tf_note_third_segment(st->ctx, st->c, st->from);
	tf_states before = st->x->base;
	tf_replica_sent(st->sender, TF_IN_SND_ACK_OF_SYN);
	/* Where the SYNs crossed, it may have the SYN only. */
	if (st->c->flags & TF_CONN_SIMULTANEOUS && before & TF_STATES(TF_SYN_SENT))
		tf_replica_may_be(st->sender, TF_STATES(TF_SYN_RECEIVED));
	/* Refused, it seemed, or reset: but the SYN,ACK came, and counts. */
	if (tf_connection_close(st->c) == TF_CLOSE_REFUSED ||
	    (tf_connection_close(st->c) == TF_CLOSE_RST && st->before[st->from] == TF_CLOSED &&
	     tf_end_state(st->x) == TF_ESTABLISHED))
		tf_connection_set_close(st->c, TF_CLOSE_OPEN);
}

static void
prove_ack_of_fin(struct tf_step *st)
{
	struct tf_fin_record *fin = tf_fin_of(st, st->to);
	tf_states before = st->x->base;

	if (fin) {
		fin->ack_last_ns = st->ctx->now_ns;
		if (!fin->ack_ns) {
			fin->ack_ns = st->ctx->now_ns;
			fin->ack_packet = (uint32_t)st->s->packet;
		}
	}
	if (st->skips_one && !tf_end_has(st->x, TF_END_FIN) && st->fresh)
		tf_infer_own_fin(st);
	tf_order_fin_and_ack(st);
	/* A FIN that carried the ACK of ours cannot arrive without it. */
	if (fin && fin->acks_peer_fin && tf_end_has(st->x, TF_END_FIN))
		tf_replica_confirm(st->sender, TF_IN_RCV_ACK_OF_FIN);
	/* A FIN of its own that the tap missed would have moved its numbers on. */
	bool began_before = st->c->flags & TF_CONN_MIDSTREAM && !tf_end_has(st->x, TF_END_SENT_DATA);
	if (st->fresh && st->at_edge && !(st->s->flags & TF_FIN) && !began_before &&
	    tf_fsm_rule(tf_end_state(st->x), TF_IN_SND_BEFORE_CLOSE)->effect != TF_NEVER)
		tf_replica_sent(st->sender, TF_IN_SND_BEFORE_CLOSE);
	tf_replica_sent(st->sender, TF_IN_SND_ACK_OF_FIN);
	if (st->skips_one || (fin && fin->inferred))
		tf_replica_may_be(st->sender, before);
}

/* Sent just now: something new, or a retransmission, which bears the ACK of its own time. */
static bool
is_current(const struct tf_step *st)
{
	return st->fresh || (st->marks & TF_MARK_RETRANSMISSION && tf_seq_ge(st->s->ack, st->y->una));
}

/* A SACK block says that a hole lies before it: what comes after the hole has not arrived in order. */
static bool
shows_hole(const struct tf_segment *s)
{
	return s->options & TF_OPT_SACK && s->sack_count && tf_seq_gt(tf_segment_sack(s, 0).left, s->ack);
}

/* How long an ACK of the FIN that has passed may take.  One that does not even reach the FIN acknowledges data
 * one by one: the others are still on their way. */
static int64_t
answer_ns(const struct tf_step *st)
{
	bool reaches = tf_seq_ge(tf_seq_add(st->s->ack, 1), st->y->max);

	return tf_end_rtt_ns(st->x) * (reaches ? 1 : 2);
}

/* Its ACK does not cover the FIN that has passed towards it: it crossed, or the FIN has not arrived. */
static void
prove_before_fin(struct tf_step *st)
{
	const struct tf_fin_record *fin = tf_fin_of(st, st->to);

	if (!(st->x->pending & TF_P_FIN))
		return;
	if (st->s->flags & TF_FIN && !st->fin_again)
		tf_replica_sent(st->sender, TF_IN_SND_ACK_BEFORE_FIN);
	else if (is_current(st) && fin &&
	         (shows_hole(st->s) ||
	          st->ctx->now_ns - tf_fin_last_ns(st->ctx, st->c, st->to) > answer_ns(st)))
		tf_replica_doubt(st->sender, TF_P_FIN, TF_IN_SND_ACK_BEFORE_FIN);
}

/* Who sends data again that nobody has acknowledged had not given them up. */
static bool
goes_on(const struct tf_step *st)
{
	return st->marks & TF_MARK_RETRANSMISSION && st->data && tf_seq_gt(st->end, st->x->una) &&
	       tf_connection_close(st->c) == TF_CLOSE_OPEN;
}

/* A closed end sends: does that show that it is not closed? */
static bool
revives(struct tf_step *st)
{
	struct tf_extra *x = tf_extra_if(st->ctx, st->c);
	int64_t since;

	if (!x || !x->rst.seen)
		return (st->fresh || goes_on(st)) && st->before[st->from] != TF_SYN_SENT;
	if (!st->fresh)
		return false;
	since = st->ctx->now_ns - x->rst.ts_ns;
	if (x->rst.from == st->from) /* its own RST: only something new belies it */
		return (st->data && tf_seq_ge(st->s->seq, x->rst.seq)) || since > tf_end_rtt_ns(st->x);
	/* In flight when the RST passed, unless it acknowledges what passed behind that. */
	bool acks_later = st->ack_advances && tf_seq_gt(st->s->ack, x->rst.max);
	if (since <= tf_end_rtt_ns(st->x) && !acks_later)
		return false;
	st->x->doubt |= TF_P_RST;
	return true;
}

/* What had seemed to end it did not. */
static void
live_on(struct tf_step *st)
{
	struct tf_extra *x = tf_extra_if(st->ctx, st->c);

	if (x)
		x->broke_off[st->from] = false;
	if (tf_connection_close(st->c) == TF_CLOSE_RST)
		tf_connection_set_close(st->c, TF_CLOSE_OPEN);
}

static void
prove_text(struct tf_step *st)
{
	enum tf_state state = tf_end_state(st->x);
	/* With Fast Open a server takes the SYN's data, and sends its own, before the third segment (RFC 7413
	 * section 4.1.2). */
	bool fast_open = st->c->flags & TF_CONN_FAST_OPEN && st->from == TF_SERVER;
	bool acks_data = st->ack_advances && tf_end_has(st->y, TF_END_ISN_KNOWN) &&
	                 tf_seq_gt(st->s->ack, tf_seq_add(st->y->isn, 1)) &&
	                 !(fast_open && st->first_ack_of_syn);
	enum tf_input input = (st->data && !fast_open) || acks_data ? TF_IN_SND_DATA : TF_IN_SND_ACK;

	if (state <= TF_SYN_SENT && (st->bad_ack || !(st->s->flags & TF_ACK)))
		return;
	if (state == TF_LISTEN && input == TF_IN_SND_ACK)
		return;
	if (state == TF_CLOSED && !revives(st))
		return;
	if (state == TF_SYN_RECEIVED && input == TF_IN_SND_DATA && !st->fresh && !acks_data)
		return;
	tf_replica_sent(st->sender, input);
	if (state == TF_CLOSED && tf_end_state(st->x) != TF_CLOSED)
		live_on(st);
}

/* The same FIN as the first one, copied by the network and not sent again? */
static bool
is_copy_of_fin(const struct tf_step *st, const struct tf_fin_record *fin)
{
	bool same_id = st->s->ip_id != 0 && st->s->ip_id == fin->ip_id;
	bool same_time = st->s->options & TF_OPT_TIMESTAMPS && st->s->tsval == fin->tsval;

	return same_id || same_time;
}

static void
prove_fin_again(struct tf_step *st)
{
	struct tf_fin_record *fin = tf_fin_of(st, st->from);
	const struct tf_fin_record *peer = tf_fin_of(st, st->to);
	int64_t now = st->ctx->now_ns;

	if (!fin || is_copy_of_fin(st, fin))
		return;
	if (fin->inferred) {
		/* Now it passes, and may arrive. */
		fin->inferred = false;
		fin->packet = (uint32_t)st->s->packet;
		fin->tsval = st->s->tsval;
		fin->ip_id = st->s->ip_id;
		fin->ttl = st->s->ttl;
		fin->timestamps = (st->s->options & TF_OPT_TIMESTAMPS) != 0;
		st->y->doubt &= (uint8_t)~TF_P_FIN;
		st->y->pending &= (uint8_t)~TF_P_FIN;
	}
	if (!tf_end_has(st->x, TF_END_FIN_ACKED)) {
		/* Its silence seemed to say that it was. */
		if (tf_fsm_rule(tf_end_state(st->x), TF_IN_SND_FIN_AGAIN)->effect == TF_NEVER)
			tf_replica_sent(st->sender, TF_IN_SND_FIN_AGAIN);
		/* It may have arrived, and its ACK be lost: from now on only that ACK counts. */
		if (now - tf_fin_last_ns(st->ctx, st->c, st->from) > tf_end_rtt_ns(st->y))
			tf_replica_doubt(st->receiver, TF_P_FIN, TF_IN_SND_FIN_AGAIN);
	} else if (now - fin->ack_last_ns > tf_end_rtt_ns(st->x)) {
		st->x->doubt |= TF_P_ACK_OF_FIN;
		if (peer && peer->acks_peer_fin)
			st->x->doubt |= TF_P_FIN;
		tf_replica_sent(st->sender, TF_IN_SND_FIN_AGAIN);
	}
}

static void
prove_fin(struct tf_step *st)
{
	struct tf_extra *x = tf_extra_if(st->ctx, st->c);

	if (st->fin_again) {
		prove_fin_again(st);
	} else {
		/* A server's program may close before the third segment has come. */
		if (st->c->flags & TF_CONN_FAST_OPEN && st->from == TF_SERVER &&
		    tf_end_state(st->x) == TF_ESTABLISHED && tf_crossed_third_segment(st))
			tf_replica_retract(st->sender, TF_SYN_RECEIVED, TF_IN_SND_FIN);
		tf_replica_sent(st->sender, TF_IN_SND_FIN);
	}
	if (x && x->fin_again[st->from].times) {
		x->fin_again[st->from].last_ns = st->ctx->now_ns;
		x->fin_again[st->from].last_packet = st->s->packet;
	}
}

/* What the one end does shows what the other must have done unseen. */
static void
prove_jointly(struct tf_step *st)
{
	/* A FIN may come from SYN-RECEIVED, and with Fast Open data too (RFC 7413 section 4.1.2): that
	 * shows nothing of the other end. */
	bool complete = (tf_end_has(st->x, TF_END_SENT_DATA) && !(st->c->flags & TF_CONN_FAST_OPEN)) ||
	                (tf_end_state(st->x) == TF_ESTABLISHED && !(st->c->flags & TF_CONN_SIMULTANEOUS));

	if (tf_connection_waits_in(st->ctx, st->c, st->to) == TF_SYN_SENT &&
	    tf_end_state(st->x) >= TF_ESTABLISHED && complete && tf_end_has(st->x, TF_END_SYN_SEEN)) {
		st->c->flags |= TF_CONN_REPEATED; /* no measure of the path: what this answers did not pass */
		tf_note_third_segment(st->ctx, st->c, st->from);
		tf_replica_missed(st->receiver, TF_IN_SND_ACK_OF_SYN);
	}
}

/* Data sent again below a FIN: the FIN behind it counts by its own ACK only. */
static void
doubt_fin_behind(struct tf_step *st)
{
	const struct tf_fin_record *fin = tf_fin_of(st, st->from);

	if (!(st->marks & TF_MARK_RETRANSMISSION) || !fin || !tf_end_has(st->x, TF_END_FIN) ||
	    !(st->y->pending & TF_P_FIN) || tf_seq_le(st->end, st->x->una))
		return;
	if (st->ctx->now_ns - tf_fin_last_ns(st->ctx, st->c, st->from) > tf_end_rtt_ns(st->y))
		tf_replica_doubt(st->receiver, TF_P_FIN, TF_IN_SND_DATA);
}

/* Repetitions and probes that nothing has answered yet. */
static void
count_unanswered(struct tf_step *st, struct tf_extra *x)
{
	const unsigned asks = TF_MARK_RETRANSMISSION | TF_MARK_KEEPALIVE | TF_MARK_ZERO_WINDOW_PROBE;

	if (!x)
		return;
	/* A probe of its own answers none of the other end's. */
	if (!(st->marks & TF_MARK_KEEPALIVE))
		x->end[st->to].unanswered = 0;
	if (st->marks & asks && x->end[st->from].unanswered < UINT8_MAX)
		x->end[st->from].unanswered++;
}

/* A RST that passed a moment ago crossed this segment, and still counts, as it does where this one was on its way before
 * the RST; what was sent later than that shows that it did not arrive, or not count. */
static void
age_rst(struct tf_step *st, const struct tf_extra *x)
{
	bool crossing = x && x->rst.seen && x->rst.exact && x->rst.from == st->to &&
	                (st->ctx->now_ns - x->rst.ts_ns <= tf_end_rtt_ns(st->x) || tf_was_overtaken(st));

	if (!crossing)
		st->x->doubt |= TF_P_RST;
}

/* RST's alleged sender said more.  What is new shows that it lives on; what was sent before the RST and comes late breaks
 * no silence. */
static void
weigh_behind_rst(const struct tf_step *st, struct tf_rst_record *rst)
{
	if (st->fresh)
		rst->awaiting = false;
	else if (st->marks & TF_MARK_OUT_OF_ORDER && st->former_ns <= rst->ts_ns)
		rst->ts_ns = st->ctx->now_ns;
}

void
tf_prove_sender(struct tf_step *st)
{
	struct tf_extra *x = tf_extra_if(st->ctx, st->c);

	count_unanswered(st, x);
	age_rst(st, x);

	if (st->s->flags & TF_SYN) {
		prove_syn(st);
		tf_replica_presume(st->sender);
		return;
	}
	if (x && x->rst.awaiting && x->rst.from == st->from)
		weigh_behind_rst(st, &x->rst);
	prove_opening(st);
	tf_infer_by_echo(st);
	if (st->first_ack_of_fin)
		prove_ack_of_fin(st);
	else if (tf_end_has(st->y, TF_END_FIN) && !st->acks_fin && st->s->flags & TF_ACK && !st->bad_ack)
		prove_before_fin(st);
	prove_text(st);
	if (st->s->flags & TF_FIN && tf_end_has(st->x, TF_END_FIN))
		prove_fin(st);
	else
		doubt_fin_behind(st);
	tf_replica_presume(st->sender);
	prove_jointly(st);
}
