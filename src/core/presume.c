/*
 * What a segment brings its receiver, if it arrives and is acceptable
 * there: a presumption, until the receiver's own segments show it.
 */
#include "core/classify.h"

#include "core/connection.h"

/* May an ACK of the SYN count that passes again?  Not while data stays
 * unacknowledged behind it, nor when the SYN,ACK came again and again after
 * it: then the listener does not take it. */
static bool
ack_of_syn_counts(const struct tf_step *st)
{
	const struct tf_extra *x = tf_extra_if(st->ctx, st->c);

	return tf_end_state(st->y) == TF_SYN_RECEIVED && tf_seq_eq(st->x->una, st->x->max) &&
	       !(x && x->syn_ack_after_ack > 1);
}

static void
presume_opening(struct tf_step *st)
{
	struct tf_extra *x = tf_extra_if(st->ctx, st->c);

	if (st->s->flags & TF_SYN) {
		if (!(st->s->flags & TF_ACK))
			tf_replica_received(st->receiver, TF_P_SYN, false);
		else if (!st->bad_ack)
			tf_replica_received(st->receiver, TF_P_SYN_ACK, false);
		return;
	}
	if (!st->acks_syn)
		return;
	if (tf_end_state(st->y) != TF_SYN_RECEIVED && st->y->pending & TF_P_ACK_OF_SYN)
		return;
	/* In SYN-SENT a bare ACK is dropped (RFC 9293 section 3.10.7.3): it does not count later. */
	if (tf_end_state(st->y) == TF_SYN_SENT)
		st->y->doubt |= TF_P_ACK_OF_SYN;
	tf_replica_received(st->receiver, TF_P_ACK_OF_SYN, ack_of_syn_counts(st));
	if (x)
		x->handshake_ack_ns = st->ctx->now_ns;
}

static void
presume_fin(struct tf_step *st)
{
	const struct tf_extra *x = tf_extra_if(st->ctx, st->c);

	if (!tf_end_has(st->x, TF_END_FIN) || st->y->pending & TF_P_FIN)
		return;
	/* Something that comes before the FIN has not passed. */
	if (x && x->end[st->from].holes)
		return;
	/* What passed beyond a hole could not be kept: whether that is filled by now is not known. */
	if (!tf_seq_eq(st->x->nxt, st->x->max))
		st->y->doubt |= TF_P_FIN;
	tf_replica_received(st->receiver, TF_P_FIN, false);
}

static void
presume_closing(struct tf_step *st)
{
	struct tf_fin_record *fin = tf_fin_of(st, st->to);

	if (st->acks_fin) {
		tf_replica_received(st->receiver, TF_P_ACK_OF_FIN, true);
		if (fin)
			fin->ack_last_ns = st->ctx->now_ns;
	}
	if (tf_path_is_dead(st))
		st->y->doubt |= TF_P_FIN;
	presume_fin(st);
}

/* FIN_CAME: a FIN passed towards WHICH just now. */
static inline void
note_wait_of(const struct tf_context *ctx, const struct tf_connection *c, struct tf_closing *k,
             enum tf_endpoint which, bool fin_came)
{
	const struct tf_end *end = &c->end[which];

	if (tf_end_state(end) != TF_TIME_WAIT)
		k->time_wait_ns[which] = 0;
	else if (!k->time_wait_ns[which] || fin_came)
		k->time_wait_ns[which] = ctx->now_ns;
	/* A FIN that comes again may be lost behind the tap: then it began with the first. */
	if (!(end->possible & TF_STATES(TF_TIME_WAIT)))
		k->time_wait_early_ns[which] = 0;
	else if (!k->time_wait_early_ns[which])
		k->time_wait_early_ns[which] = ctx->now_ns;
}

/* Who may have been in TIME-WAIT since EARLY may have left it by now; 0: he cannot be in it. */
static inline bool
may_be_over(const struct tf_context *ctx, int64_t early_ns)
{
	return early_ns && early_ns + ctx->config->timer[TF_TIMER_TIME_WAIT] <= ctx->now_ns;
}

void
tf_note_time_wait(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint to,
                  const struct tf_segment *s)
{
	struct tf_closing *k = tf_closing_if(ctx, c);
	bool fin = (s->flags & TF_FIN) != 0;

	if (!k)
		return;
	note_wait_of(ctx, c, k, TF_CLIENT, fin && to == TF_CLIENT);
	note_wait_of(ctx, c, k, TF_SERVER, fin && to == TF_SERVER);
	if (may_be_over(ctx, k->time_wait_early_ns[TF_CLIENT]))
		tf_time_wait_check(ctx, c, TF_CLIENT);
	if (may_be_over(ctx, k->time_wait_early_ns[TF_SERVER]))
		tf_time_wait_check(ctx, c, TF_SERVER);
}

void
tf_presume_receiver(struct tf_step *st)
{
	if (!tf_step_rejected(st)) {
		presume_opening(st);
		presume_closing(st);
	}
	tf_note_time_wait(st->ctx, st->c, st->to, st->s);
}
