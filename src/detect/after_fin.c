/*
 * What passes after a FIN: data that goes on in the other direction, as it
 * may (RFC 9293 section 3.6.1), data beyond the sender's own FIN, which it
 * may not, and a FIN that comes again because the last ACK was lost.
 *
 * Data that was on its way when the FIN passed is no half-close: its sender
 * must have acknowledged the FIN.
 */
#include "detect/families.h"

/* Farther beyond its FIN than this it belongs to another connection, whose opening the tap missed. */
#define FAR_BEYOND 65536

/* ---- half-close --------------------------------------------------------------- */

static void
note_data(const struct tf_step *st)
{
	struct tf_extra *x = st->new_bytes && st->acks_fin ? tf_extra_of(st->ctx, st->c) : NULL;

	if (!x || x->watch[st->from].after_fin_packet)
		return;
	struct tf_end_watch *w = &x->watch[st->from];
	w->after_fin_packet = st->s->packet;
	w->after_fin_ns = st->ctx->now_ns;
	w->after_fin_seq = st->s->seq;
	w->after_fin_end = st->end;
}

/* What seemed to be a FIN of the sender's was none, or it comes only now; what the other end sent since was not sent after
 * it. */
static void
forget_taken_back(const struct tf_step *st, struct tf_extra *x)
{
	struct tf_end_watch *w = &x->watch[st->to];

	if (!tf_end_has(st->x, TF_END_FIN) ||
	    tf_packet_of(st->ctx, tf_fin_of(st, st->from)->packet) > w->after_fin_packet)
		w->after_fin_packet = 0;
}

/* The end that closed takes what was sent to it since. */
static void
accepted(const struct tf_step *st, const struct tf_extra *x)
{
	const struct tf_end_watch *w = &x->watch[st->to];
	const struct tf_fin_record *fin = tf_fin_of(st, st->from);

	if (!w->after_fin_packet || fin->inferred || !(st->s->flags & TF_ACK) || st->bad_ack ||
	    tf_seq_lt(st->s->ack, w->after_fin_end) || tf_raised(st->ctx, st->c, TF_A_HALF_CLOSE, st->to))
		return;
	struct tf_finding f = tf_finding(st->ctx, st->c, TF_A_HALF_CLOSE, st->to);
	tf_finding_count(&f, "fin_packet", TF_D_PACKET, tf_packet_of(st->ctx, fin->packet));
	tf_finding_duration(&f, "after", w->after_fin_ns - fin->first_ns);
	tf_finding_packet(&f, tf_packet_of(st->ctx, fin->packet));
	tf_finding_packet(&f, w->after_fin_packet);
	tf_finding_packet(&f, st->s->packet);
	tf_raise(st->ctx, st->c, &f);
}

/* ---- beyond the own FIN ---------------------------------------------------------- */

static void
beyond(const struct tf_step *st)
{
	const struct tf_fin_record *fin = tf_fin_of(st, st->from);
	uint32_t octets = st->end.v - st->x->max.v;

	if (!tf_end_has(st->x, TF_END_FIN) || !fin->packet || fin->inferred || !st->s->len ||
	    st->s->flags & TF_SYN || st->verdict != TF_ACCEPT || tf_seq_le(st->end, st->x->max) ||
	    octets > FAR_BEYOND)
		return;
	struct tf_finding f = tf_finding(st->ctx, st->c, TF_A_DATA_AFTER_FIN, st->from);
	tf_finding_count(&f, "fin_packet", TF_D_PACKET, tf_packet_of(st->ctx, fin->packet));
	tf_finding_count(&f, "seq", TF_D_SEQ, st->s->seq.v);
	tf_finding_count(&f, "beyond", TF_D_COUNT, octets);
	tf_finding_packet(&f, tf_packet_of(st->ctx, fin->packet));
	tf_finding_packet(&f, st->s->packet);
	tf_raise(st->ctx, st->c, &f);
	tf_injection_beyond(st, fin);
}

/* ---- the last ACK was lost -------------------------------------------------------- */

static bool
is_copy(const struct tf_step *st, const struct tf_fin_record *fin)
{
	bool same_id = st->s->ip_id != 0 && st->s->ip_id == fin->ip_id;

	return same_id || (st->s->options & TF_OPT_TIMESTAMPS && st->s->tsval == fin->tsval);
}

static void
note_fin_again(const struct tf_step *st)
{
	const struct tf_fin_record *fin = tf_fin_of(st, st->from);

	if (!(st->s->flags & TF_FIN) || !st->fin_again || !fin->ack_ns ||
	    st->before[st->to] != TF_TIME_WAIT || is_copy(st, fin) ||
	    st->ctx->now_ns - fin->ack_last_ns <= tf_end_rtt_ns(st->x))
		return;
	struct tf_extra *x = tf_extra_of(st->ctx, st->c);
	if (!x)
		return;
	x->watch[st->from].fin_again_packet = st->s->packet;
	x->watch[st->from].fin_again_ns = st->ctx->now_ns;
}

static void
answered_again(const struct tf_step *st, struct tf_extra *x)
{
	const struct tf_fin_record *fin = tf_fin_of(st, st->to);
	struct tf_end_watch *w = &x->watch[st->to];

	if (!w->fin_again_packet || !st->acks_fin)
		return;
	struct tf_finding f = tf_finding(st->ctx, st->c, TF_A_FIN_RETRANSMISSION_IN_TIME_WAIT, st->to);
	tf_finding_duration(&f, "after", w->fin_again_ns - fin->ack_ns);
	tf_finding_where(&f, TF_WHERE_BEHIND, "that ACK had passed the tap");
	tf_finding_packet(&f, tf_packet_of(st->ctx, fin->packet));
	tf_finding_packet(&f, tf_packet_of(st->ctx, fin->ack_packet));
	tf_finding_packet(&f, w->fin_again_packet);
	tf_finding_packet(&f, st->s->packet);
	w->fin_again_packet = 0;
	tf_raise(st->ctx, st->c, &f);
}

void
tf_after_fin_segment(const struct tf_step *st)
{
	struct tf_extra *x;

	if (!st->c->closing || st->s->flags & TF_RST)
		return;
	beyond(st);
	note_data(st);
	if ((x = tf_extra_if(st->ctx, st->c))) {
		forget_taken_back(st, x);
		accepted(st, x);
		answered_again(st, x);
	}
	note_fin_again(st);
}
