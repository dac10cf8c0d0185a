/*
 * What a segment shows of others that did not pass the tap, or had not
 * arrived when it was sent: a FIN that an ACK jumps over (RFC 9293 section
 * 3.10.7.4), what a timestamp echoes (RFC 7323 section 4), and what crossed
 * it on the wire.
 *
 * These are conclusions, not proof: they move the best guess, and what they
 * move away from stays possible.
 */
#include "core/unseen.h"

#include "core/connection.h"

/* What END sends sooner than this after a segment passed towards it was sent before that arrived. */
static int64_t
soonest_answer_ns(const struct tf_end *end)
{
	return end->rtt_64us ? (int64_t)(end->rtt_64us - 1) * 64000 * 3 / 4 : 0;
}

bool
tf_crossed_ack_of_fin(const struct tf_step *st)
{
	const struct tf_fin_record *own = tf_fin_of(st, st->from);

	return own && own->ack_ns && own->ack_packet != (uint32_t)st->s->packet &&
	       st->ctx->now_ns - own->ack_ns < soonest_answer_ns(st->x);
}

bool
tf_crossed_third_segment(const struct tf_step *st)
{
	int64_t third = tf_handshake_at_ns(st->c);

	return st->c->flags & TF_CONN_ESTABLISHED && st->ctx->now_ns - third < soonest_answer_ns(st->x);
}

/* Its TSecr is newer than all that passed from the other end: it has heard what did not pass. */
static bool
echoes_unseen(const struct tf_step *st)
{
	return st->s->options & TF_OPT_TIMESTAMPS && st->s->flags & TF_ACK &&
	       tf_end_has(st->y, TF_END_TSVAL_KNOWN) && tf_end_has(st->x, TF_END_TIMESTAMPS) &&
	       tf_end_has(st->y, TF_END_TIMESTAMPS) && (int32_t)(st->s->tsecr - st->y->tsval) > 0;
}

static bool
may_have_ack_of_fin(const struct tf_step *st)
{
	const struct tf_fin_record *own = tf_fin_of(st, st->from);

	return own && !tf_end_has(st->x, TF_END_FIN_ACKED) && !(st->s->flags & TF_FIN) &&
	       st->ctx->now_ns - tf_fin_last_ns(st->ctx, st->c, st->from) > soonest_answer_ns(st->x);
}

/* This segment shows that the FIN of WHICH was acknowledged. */
static void
note_ack_of_fin(struct tf_step *st, enum tf_endpoint which)
{
	struct tf_fin_record *fin = tf_fin_of(st, which);

	st->c->end[which].flags |= TF_END_FIN_ACKED;
	if (!fin)
		return;
	fin->ack_ns = fin->ack_last_ns = st->ctx->now_ns;
	fin->ack_packet = (uint32_t)st->s->packet;
}

/* The ACK of this end's FIN did not pass, but it has it. */
static void
infer_ack_of_fin(struct tf_step *st)
{
	note_ack_of_fin(st, st->from);
	tf_replica_moved(st->sender, TF_IN_RCV_ACK_OF_FIN, TF_INFERRED);
}

void
tf_infer_by_echo(struct tf_step *st)
{
	enum tf_state state = tf_end_state(st->x);

	if ((state != TF_SYN_RECEIVED && state != TF_FIN_WAIT_1) || !echoes_unseen(st))
		return;
	if (state == TF_FIN_WAIT_1) {
		if (may_have_ack_of_fin(st))
			infer_ack_of_fin(st);
		return;
	}
	/* What follows a SYN is the third segment of the handshake. */
	if (tf_end_state(st->y) == TF_SYN_SENT)
		tf_replica_moved(st->receiver, TF_IN_RCV_SYN_ACK, TF_INFERRED);
	tf_replica_moved(st->sender, TF_IN_RCV_ACK_OF_SYN, TF_INFERRED);
}

void
tf_infer_own_fin(struct tf_step *st)
{
	struct tf_closing *k = tf_closing_of(st->ctx, st->c);

	if (!k)
		return;
	/* The two crossed only if the other was there no longer than a round trip. */
	const struct tf_fin_record *peer = &k->fin[st->to];
	if (!tf_fin_times_again(st->ctx, st->c, st->to) &&
	    st->ctx->now_ns - peer->first_ns <= tf_end_rtt_ns(st->x))
		tf_replica_doubt(st->sender, TF_P_FIN, TF_IN_SND_FIN);
	else
		tf_replica_sent(st->sender, TF_IN_SND_ACK_OF_FIN);
	tf_replica_missed(st->sender, TF_IN_SND_FIN);
	st->x->flags |= TF_END_FIN;
	st->x->max = st->x->nxt = st->s->seq;
	tf_fin_begin(st->ctx, st->c, st->from, tf_fin_inferred(st));
	st->y->doubt |= TF_P_FIN;
}

/* The other end's FIN came again, and this ACK of it echoes an older segment: the FIN had been
 * heard before, and the end that heard it is in TIME-WAIT, which takes no notice of a repetition's
 * timestamp. */
static bool
had_fin_before(const struct tf_step *st)
{
	const struct tf_extra *x = tf_extra_if(st->ctx, st->c);
	const struct tf_fin_again *again = x ? &x->fin_again[st->to] : NULL;

	return again && again->times && st->s->options & TF_OPT_TIMESTAMPS &&
	       tf_end_has(st->x, TF_END_TIMESTAMPS) && tf_end_has(st->y, TF_END_TIMESTAMPS) &&
	       (int32_t)(st->s->tsecr - again->last_tsval) < 0;
}

void
tf_order_fin_and_ack(struct tf_step *st)
{
	const struct tf_fin_record *fin = tf_fin_of(st, st->to), *own = tf_fin_of(st, st->from);

	if (!fin || !tf_end_has(st->x, TF_END_FIN))
		return;
	if (tf_end_state(st->x) == TF_FIN_WAIT_1 && fin->inferred && may_have_ack_of_fin(st))
		infer_ack_of_fin(st); /* a FIN that answers bears the ACK */
	else if (tf_end_state(st->x) == TF_FIN_WAIT_2 && !fin->inferred && !own->inferred &&
	         !fin->acks_peer_fin && (tf_crossed_ack_of_fin(st) || had_fin_before(st)))
		tf_replica_retract(st->sender, TF_FIN_WAIT_1, TF_IN_SND_ACK_OF_FIN);
}

static bool
is_open(const struct tf_end *end)
{
	return tf_end_state(end) >= TF_ESTABLISHED;
}

void
tf_infer_before_rst(struct tf_step *st)
{
	bool bare = !(st->s->flags & TF_ACK);
	tf_states before = st->x->base, receiver = st->y->base;

	tf_infer_by_echo(st);
	/* A RST behind its own SYN answers a SYN,ACK, or ends what that has opened: an abort in SYN-SENT sends none (section
	 * 3.10.5).  Who makes one up for it, and knows of no SYN,ACK, acknowledges 0. */
	if (tf_end_state(st->x) == TF_SYN_SENT && tf_end_state(st->y) == TF_LISTEN &&
	    !tf_end_has(st->y, TF_END_SYN_SEEN) && tf_seq_eq(st->s->seq, tf_seq_add(st->x->isn, 1)) &&
	    (bare || st->s->ack.v != 0)) {
		tf_replica_missed(st->receiver, TF_IN_SND_SYN_ACK);
		tf_replica_may_be(st->receiver, receiver);
		if (!bare) /* it bears the ACK of a live end */
			tf_replica_moved(st->sender, TF_IN_RCV_SYN_ACK, TF_INFERRED);
	}
	/* RST,ACK bears the ACK of a live end: one octet more than passed is the other end's FIN. */
	if (!bare && tf_end_has(st->y, TF_END_SEQ_KNOWN) && is_open(st->x) && is_open(st->y) &&
	    tf_seq_eq(st->s->ack, tf_seq_add(st->y->max, 1)) && tf_infer_fin(st))
		st->y->max = st->y->nxt = st->s->ack;
	if (!bare && is_open(st->x) && !tf_end_has(st->x, TF_END_FIN) && tf_end_has(st->y, TF_END_FIN) &&
	    tf_seq_eq(st->s->ack, st->y->max)) {
		tf_replica_sent(st->sender, TF_IN_SND_ACK_OF_FIN);
		tf_replica_may_be(st->sender, before);
		note_ack_of_fin(st, st->to);
	}
}
