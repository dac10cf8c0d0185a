/*
 * An ACK, inside the window, of octets that had not passed the tap: did
 * the capture miss them, or had they not been sent yet (RFC 9293 section
 * 3.10.7.4, fifth check; an optimistic ACK)?
 *
 * They had not, if their sender shows by a bare ACK that it stood below, or
 * sends them afterwards for the first time, in order, as it sends what is
 * new: sooner than a time-out could be, or one segment after the other
 * without waiting for an answer.  A repetition of what the capture lost
 * comes alone and late.  Two queues of one network card may turn ACK and
 * data round by less than SKEW_NS; where timestamps are used they tell.
 */
#include "detect/families.h"

#define WAIT_NS INT64_C(1000000000)
#define SKEW_NS INT64_C(2000000)
#define SOON_NS INT64_C(100000000) /* half of the smallest RTO in use */

/* Both directions were captured in order: each end's part of the handshake was timed. */
static bool
order_is_known(const struct tf_connection *c)
{
	return !(c->flags & (TF_CONN_MIDSTREAM | TF_CONN_ROLES_GUESSED)) && c->end[TF_CLIENT].rtt_64us &&
	       c->end[TF_SERVER].rtt_64us;
}

static void
note(const struct tf_step *st, struct tf_extra *x)
{
	const struct tf_gap *gap = &x->gap[st->to];

	/* A single octet is mostly a FIN; after another gap everything is uncertain. */
	if (st->missed_bytes < 2 || gap->times != 1 || x->gap[st->from].times ||
	    gap->packet != st->s->packet || st->s->ack.v - gap->left.v != st->missed_bytes ||
	    !order_is_known(st->c) || st->before[st->from] < TF_ESTABLISHED ||
	    st->before[st->to] < TF_ESTABLISHED)
		return;
	x->ahead = (struct tf_ahead){
	    .ts_ns = st->s->ts_ns,
	    .due_ns = st->ctx->now_ns + WAIT_NS,
	    .packet = st->s->packet,
	    .ack = st->s->ack,
	    .first = gap->left,
	    .reached = gap->left,
	    .tsecr = st->s->tsecr,
	    .from = (uint8_t)st->from,
	    .timestamps = (st->s->options & TF_OPT_TIMESTAMPS) != 0,
	    .alone = tf_seq_eq(st->una_before, gap->left),
	};
}

/* ---- what follows ---------------------------------------------------------------- */

static void
go_on(const struct tf_step *st, struct tf_ahead *a)
{
	const struct tf_segment *s = st->s;
	int64_t after_ns = s->ts_ns - a->ts_ns;

	if (!a->segments++) {
		a->first_packet = a->first_packet ? a->first_packet : s->packet;
		a->soon = after_ns < SOON_NS;
		/* What was sent after the ACK bears a later time than the ACK echoes. */
		a->later = a->timestamps && s->options & TF_OPT_TIMESTAMPS
		               ? (int32_t)(s->tsval - a->tsecr) > 0 && after_ns > 0
		               : after_ns >= SKEW_NS;
	}
	a->straddles |= tf_seq_gt(st->end, a->ack);
	a->reached = st->end;
}

/* The end whose octets were acknowledged ahead of time. */
static void
hear_sender(const struct tf_step *st, struct tf_ahead *a)
{
	const struct tf_segment *s = st->s;

	if (tf_seq_ge(a->reached, a->ack))
		return;
	if (!tf_seq_eq(s->seq, a->reached)) {
		/* It had gone farther, unseen; or it repeats what it sent before. */
		a->refuted |= tf_seq_gt(s->seq, a->reached) || tf_segment_seg_len(s) > 0;
		return;
	}
	if (tf_segment_seg_len(s) > 0) {
		go_on(st, a);
	} else if (!a->segments && s->ts_ns - a->ts_ns >= SKEW_NS) {
		/* Without octets of its own it bears SND.NXT; once it repeats some, that may have gone back for them. */
		a->stood_below = true;
		a->first_packet = a->first_packet ? a->first_packet : s->packet;
	}
}

/* The end that acknowledged: it may say that it has had them before (RFC 2883). */
static void
hear_receiver(const struct tf_step *st, struct tf_ahead *a)
{
	const struct tf_segment *s = st->s;

	if (!a->segments)
		return;
	a->spoke |= tf_seq_lt(a->reached, a->ack);
	a->refuted |= s->sack_count > 0 && tf_seq_le(tf_segment_sack(s, 0).right, s->ack);
}

void
tf_ahead_segment(const struct tf_step *st)
{
	struct tf_extra *x = tf_extra_if(st->ctx, st->c);

	if (!x || st->s->flags & (TF_SYN | TF_RST))
		return;
	if (!x->ahead.packet)
		note(st, x);
	else if (x->ahead.from == (uint8_t)st->from)
		hear_receiver(st, &x->ahead);
	else
		hear_sender(st, &x->ahead);
}

/* ---- after a second ----------------------------------------------------------------- */

static bool
was_unsent(const struct tf_ahead *a)
{
	bool flowed = (a->segments >= 2 || a->straddles) && !a->spoke;

	if (a->refuted)
		return false;
	if (tf_seq_lt(a->reached, a->ack))
		return a->stood_below;
	return a->later && (a->stood_below || flowed || (a->alone && a->soon));
}

static void
raise_unsent(struct tf_context *ctx, struct tf_connection *c, const struct tf_ahead *a)
{
	struct tf_finding f = tf_finding(ctx, c, TF_A_ACK_OF_UNSENT_DATA, (enum tf_endpoint)a->from);

	tf_finding_count(&f, "ack", TF_D_SEQ, a->ack.v);
	tf_finding_count(&f, "highest", TF_D_SEQ, a->first.v);
	tf_finding_count(&f, "beyond", TF_D_COUNT, a->ack.v - a->first.v);
	tf_finding_packet(&f, a->packet);
	tf_finding_packet(&f, a->first_packet);
	tf_raise(ctx, c, &f);
}

int64_t
tf_ahead_next(const struct tf_extra *x)
{
	return x->ahead.packet ? x->ahead.due_ns : INT64_MAX;
}

void
tf_ahead_deadline(struct tf_context *ctx, struct tf_connection *c, bool at_end)
{
	struct tf_extra *x = tf_extra_if(ctx, c);

	if (!x || !x->ahead.packet || (!at_end && x->ahead.due_ns > ctx->now_ns))
		return;
	struct tf_ahead a = x->ahead;
	x->ahead.packet = 0;
	if (!was_unsent(&a))
		return;
	/* Then the capture missed nothing. */
	x->gap[!a.from].ns = 0;
	x->gap[!a.from].times = 0;
	raise_unsent(ctx, c, &a);
}
