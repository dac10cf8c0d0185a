/*
 * Where a segment's octets lie in its sender's sequence space: in order,
 * beyond a hole, filling one, or sent before (RFC 9293 section 3.4).
 */
#include "core/place.h"

#include "core/classify.h"
#include "core/letters.h"
#include "core/reassembly.h"

bool
tf_is_probe(const struct tf_step *st)
{
	const struct tf_segment *s = st->s;

	/* RFC 9293 section 3.8.4: SEQ is SND.NXT - 1, with no or one octet of garbage. */
	return s->len <= 1 && !(s->flags & (TF_SYN | TF_FIN | TF_RST)) &&
	       tf_end_has(st->x, TF_END_SEQ_KNOWN) && tf_seq_eq(tf_seq_add(s->seq, 1), st->x->max) &&
	       (tf_seq_eq(st->x->una, st->x->max) || (s->len == 0 && st->y->window == 0));
}

/* It brought something that lies before the highest octet: was it late, or sent again?
 * A newer TSval tells; without timestamps the time that went by since it was missed. */
static bool
came_late(const struct tf_step *st, struct tf_stretch stretch)
{
	if (st->s->options & TF_OPT_TIMESTAMPS && tf_end_has(st->x, TF_END_TSVAL_KNOWN) &&
	    st->s->tsval != st->x->tsval)
		return (int32_t)(st->s->tsval - st->x->tsval) < 0;
	return stretch.after_ns < tf_round_trip_ns(st);
}

static void
mark_repetition(struct tf_step *st, struct tf_stretch stretch)
{
	struct tf_extra *x;

	if (!stretch.leaves_hole && !stretch.fills && stretch.fresh > 0)
		return;
	if (st->first_syn)
		return;
	/* The SYN,ACK of a simultaneous open bears the number of the SYN before it; one that answers
	 * anew may bear the number of a wrong answer. */
	if ((st->s->flags & (TF_SYN | TF_ACK)) == (TF_SYN | TF_ACK) &&
	    (st->before[st->from] == TF_SYN_SENT ||
	     (st->before[st->from] == TF_LISTEN && !(st->c->flags & TF_CONN_SYN_ACK))))
		return;
	x = tf_extra_of(st->ctx, st->c);
	if (stretch.leaves_hole)
		st->marks |= TF_MARK_GAP;
	if (stretch.fresh == 0 || (stretch.fills && !came_late(st, stretch))) {
		st->marks |= TF_MARK_RETRANSMISSION;
		if (x)
			x->end[st->from].retransmitted++;
	} else if (stretch.fills) {
		st->marks |= TF_MARK_OUT_OF_ORDER;
		if (x)
			x->end[st->from].out_of_order++;
	}
}

/* When and where it came before is of use until it is proven. */
static void
note_fin_again(const struct tf_step *st, const struct tf_fin_record *fin)
{
	struct tf_extra *x = tf_extra_of(st->ctx, st->c);
	struct tf_fin_again *again = x ? &x->fin_again[st->from] : NULL;

	if (!again)
		return;
	if (!again->times) {
		again->last_ns = fin->first_ns;
		again->last_packet = tf_packet_of(st->ctx, fin->packet);
	}
	if (again->times < UINT16_MAX)
		again->times++;
	again->last_tsval = st->s->tsval;
}

static void
note_fin(struct tf_step *st)
{
	struct tf_closing *k = tf_closing_of(st->ctx, st->c);
	struct tf_fin_record *fin = k ? &k->fin[st->from] : NULL;
	bool acks_fin =
	    tf_end_has(st->y, TF_END_FIN) && st->s->flags & TF_ACK && tf_seq_ge(st->s->ack, st->y->max);

	st->fin_again = tf_end_has(st->x, TF_END_FIN);
	st->x->flags |= TF_END_FIN;
	if (!fin)
		return;
	if (!st->fin_again) {
		struct tf_fin_record first = {0};
		tf_fin_of_segment(&first, st->ctx, st->s, acks_fin);
		tf_fin_begin(st->ctx, st->c, st->from, first);
	} else {
		note_fin_again(st, fin);
		/* One that was inferred passes for the first time. */
		fin->acks_peer_fin = acks_fin && (fin->acks_peer_fin || fin->inferred);
	}
}

static void
note_probe(struct tf_step *st)
{
	struct tf_extra *x = tf_extra_of(st->ctx, st->c);

	st->marks |= st->y->window == 0 ? TF_MARK_ZERO_WINDOW_PROBE : TF_MARK_KEEPALIVE;
	if (!x)
		return;
	x->probe_ns[st->from] = st->ctx->now_ns;
	x->end[st->from].keepalives += (st->marks & TF_MARK_KEEPALIVE) != 0;
}

/* Late in the capture, not lost: it fills what an ACK had seemed to skip. */
static uint32_t
fill_gap(struct tf_step *st)
{
	struct tf_extra *x = tf_extra_if(st->ctx, st->c);

	struct tf_gap *gap = x ? &x->gap[st->from] : NULL;

	if (!gap || !gap->ns || !tf_seq_between(st->s->seq, gap->left, gap->right) ||
	    tf_seq_eq(st->s->seq, gap->right))
		return 0;
	uint32_t filled = tf_seq_min(st->end, gap->right).v - st->s->seq.v;
	filled = filled < gap->bytes ? filled : (uint32_t)gap->bytes;
	tf_shrink_gap(st, st->from, filled);
	return filled;
}

/* The other end's FIN did pass, and its ACK: that much of the close holds. */
static void
close_again(struct tf_step *st)
{
	const struct tf_fin_record *fin = tf_fin_of(st, st->to);

	if (!fin || fin->inferred || !tf_end_has(st->y, TF_END_FIN) || tf_end_state(st->y) != TF_ESTABLISHED)
		return;
	tf_replica_sent(st->receiver, TF_IN_SND_FIN);
	if (!tf_end_has(st->y, TF_END_FIN_ACKED))
		return;
	tf_replica_received(st->receiver, TF_P_ACK_OF_FIN, true);
	tf_replica_sent(st->sender, TF_IN_SND_ACK_OF_FIN);
}

/* There is more to the stream: what seemed to be a FIN was an octet of data. */
static void
take_back_fin(struct tf_step *st, struct tf_fin_record *fin)
{
	*fin = (struct tf_fin_record){0};
	st->x->flags &= (uint16_t) ~(TF_END_FIN | TF_END_FIN_ACKED);
	st->y->pending &= (uint8_t)~TF_P_FIN;
	st->y->doubt &= (uint8_t)~TF_P_FIN;
	st->x->pending &= (uint8_t)~TF_P_ACK_OF_FIN;
	tf_replica_take_back(st->sender, TF_IN_SND_DATA);
	if (tf_end_state(st->y) != TF_FIN_WAIT_1 && tf_end_state(st->y) != TF_FIN_WAIT_2)
		tf_replica_take_back(st->receiver, TF_IN_SND_DATA);
	close_again(st);
}

/* Data, and no FIN, where the FIN seemed to be. */
static bool
is_data_at_fin(const struct tf_step *st)
{
	return st->s->len > 0 && !(st->s->flags & TF_FIN) && tf_seq_eq(st->end, st->x->max);
}

/* Its receiver drops it only if it has heard what is newer, and that may have been lost behind the tap: octets that
 * lie in a hole have passed either way. */
static void
keep_stale(struct tf_step *st)
{
	if (st->verdict != TF_REJECT_STALE || tf_seq_gt(st->end, st->x->max) ||
	    tf_segment_seg_len(st->s) == 0)
		return;
	st->new_bytes = fill_gap(st);
	st->new_bytes += tf_reassembly_add(st->ctx, st->c, st->from, st->s->seq, st->end).fresh;
	if (st->s->flags & TF_FIN && st->new_bytes && tf_seq_eq(st->end, st->x->max)) {
		st->new_bytes--;
		note_fin(st);
	}
	tf_end_count_bytes(st->x, st->new_bytes);
}

#define LATE_NS INT64_C(1000000000)

/* The octet that an ACK skipped a moment ago: it is late, and garbage of a probe would not have been acknowledged. */
static bool
was_skipped(const struct tf_step *st)
{
	const struct tf_extra *x = tf_extra_if(st->ctx, st->c);
	const struct tf_gap *gap = x ? &x->gap[st->from] : NULL;

	return st->s->len == 1 && gap && gap->ns && tf_seq_eq(gap->right, st->end) &&
	       st->ctx->now_ns - gap->ns < LATE_NS;
}

/* Did the sender's FIN pass before?  One that an ACK showed may come only now, and its octet is none of data. */
static bool
has_passed(const struct tf_step *st)
{
	const struct tf_fin_record *fin = tf_fin_of(st, st->from);

	return tf_end_has(st->x, TF_END_FIN) && !(fin && fin->inferred);
}

void
tf_place_sequence(struct tf_step *st)
{
	const struct tf_segment *s = st->s;
	struct tf_end *x = st->x;
	bool first_syn = s->flags & TF_SYN && tf_seq_eq(x->max, s->seq);

	if (!tf_end_has(x, TF_END_SEQ_KNOWN)) {
		x->flags |= TF_END_SEQ_KNOWN;
		x->isn = x->max = x->nxt = x->una = s->seq;
	} else if (x->packets == 1 && st->c->flags & TF_CONN_MIDSTREAM && tf_seq_gt(s->seq, x->nxt)) {
		/* What lies between passed before the capture began. */
		x->isn = x->max = x->nxt = x->una = s->seq;
	}
	if (tf_is_probe(st) && !was_skipped(st)) {
		note_probe(st);
		return;
	}
	if (st->verdict == TF_REJECT_BEYOND || st->verdict == TF_REJECT_STALE) {
		st->marks |= TF_MARK_UNACCEPTABLE;
		keep_stale(st);
		return;
	}
	if (tf_segment_seg_len(s) == 0)
		return;
	struct tf_fin_record *own = tf_end_has(x, TF_END_FIN) ? tf_fin_of(st, st->from) : NULL;
	if (own && own->inferred && (tf_seq_gt(st->end, x->max) || is_data_at_fin(st)))
		take_back_fin(st, own);
	/* Nothing lies beyond an end's own FIN: such octets are no part of its stream. */
	if (tf_end_has(x, TF_END_FIN) && tf_seq_gt(st->end, x->max)) {
		st->marks |= TF_MARK_UNACCEPTABLE;
		return;
	}
	uint32_t filled = fill_gap(st);
	first_syn |= s->flags & TF_SYN && filled; /* its answer passed before it */
	bool fin = s->flags & TF_FIN && tf_seq_ge(st->end, x->max);
	struct tf_stretch stretch = tf_reassembly_add(st->ctx, st->c, st->from, s->seq, st->end);
	stretch.fresh += filled;
	mark_repetition(st, stretch);
	bool first_fin = fin && !has_passed(st);
	if (fin)
		note_fin(st);
	st->new_bytes = stretch.fresh - (first_syn && stretch.fresh > 0) - (first_fin && stretch.fresh > 0);
	tf_end_count_bytes(x, st->new_bytes);
	st->data = s->len > 0;
	if (st->new_bytes && tf_end_has(st->y, TF_END_FIN)) {
		struct tf_closing *k = tf_closing_if(st->ctx, st->c);
		if (k) {
			k->data_end = st->from == TF_CLIENT ? 1 : 2;
			k->data_ns = st->ctx->now_ns;
		}
	}
	if (st->data && !(s->flags & TF_SYN))
		x->flags |= TF_END_SENT_DATA;
}
