/*
 * What a segment's ACK covers of the other end's sequence space, and what
 * it shows that the capture missed (RFC 9293 section 3.10.7.4, fifth check).
 */
#include "core/place.h"

#include "core/letters.h"
#include "core/reassembly.h"
#include "core/unseen.h"

/* An ACK beyond all that passed: did the capture miss it, or was it never sent?  One from far below is as unacceptable:
 * RFC 5961 section 5.2. */
static bool
cannot_be_sent(const struct tf_step *st)
{
	const struct tf_end *x = st->x, *y = st->y;
	tf_seq ack = st->s->ack;

	if (tf_seq_le(ack, y->max))
		return tf_seq_diff(ack, y->una) < -TF_FAR_BEHIND;
	/* Who has only sent a SYN has sent no more before an answer comes. */
	if (tf_end_has(y, TF_END_SYN_SEEN) && !tf_end_has(y, TF_END_SYN_ACKED) &&
	    !tf_end_has(y, TF_END_SENT_DATA))
		return true;
	/* Nor does anybody send beyond his own FIN, if it was one. */
	const struct tf_fin_record *fin = tf_end_has(y, TF_END_FIN) ? tf_fin_of(st, st->to) : NULL;
	if (fin && !fin->inferred)
		return true;
	/* Nobody sends beyond the window that he was offered. */
	if (tf_end_has(x, TF_END_WINDOW_KNOWN))
		return tf_seq_gt(ack, tf_seq_add(x->right, 1));
	return tf_seq_diff(ack, y->max) > INT32_MAX / 2;
}

void
tf_note_gap(const struct tf_step *st, enum tf_endpoint which, tf_seq left, tf_seq right, uint32_t bytes)
{
	struct tf_extra *x = tf_extra_of(st->ctx, st->c);

	st->c->flags |= TF_CONN_GAP;
	if (!x)
		return;
	struct tf_gap *gap = &x->gap[which];
	gap->times++;
	gap->bytes += bytes;
	if (!gap->ns) {
		gap->ns = st->ctx->now_ns;
		gap->packet = st->s->packet;
		gap->left = left;
	}
	gap->right = right;
}

void
tf_shrink_gap(const struct tf_step *st, enum tf_endpoint which, uint32_t bytes)
{
	struct tf_extra *x = tf_extra_if(st->ctx, st->c);
	struct tf_gap *gap = x ? &x->gap[which] : NULL;

	if (!gap || !gap->ns)
		return;
	gap->bytes -= bytes < gap->bytes ? bytes : gap->bytes;
	if (!gap->bytes) {
		gap->ns = 0;
		gap->times = 0;
		tf_letters_gap_filled(x, which);
	}
}

bool
tf_infer_fin(struct tf_step *st)
{
	if (!tf_seq_eq(st->y->nxt, st->y->max) || tf_end_has(st->y, TF_END_FIN))
		return false;
	if (!tf_closing_of(st->ctx, st->c))
		return false;
	st->y->flags |= TF_END_FIN;
	tf_fin_begin(st->ctx, st->c, st->to, tf_fin_inferred(st));
	/* It may have been an octet of data after all. */
	tf_states before = st->y->base;
	tf_replica_missed(st->receiver, TF_IN_SND_FIN);
	tf_replica_may_be(st->receiver, before);
	return true;
}

/* One direction only: after its own FIN this end acknowledges one octet more
 * of the other, who closes second as a rule, and then had this end's FIN. */
static void
infer_unseen_close(struct tf_step *st)
{
	if (st->y->packets || tf_end_state(st->x) != TF_FIN_WAIT_1 || st->missed_bytes != 1)
		return;
	tf_infer_fin(st);
	tf_replica_moved(st->sender, TF_IN_RCV_ACK_OF_FIN, TF_INFERRED);
}

/* Nothing of the other end shows yet where its numbers are.  In mid-stream its first segment is no more than where to
 * begin; and if it sent nothing but that number, and the first ACK of it covers one octet more, it may have probed: RFC
 * 9293 section 3.8.4 and section 3.8.6.1. */
static bool
only_begins(const struct tf_step *st)
{
	const struct tf_end *y = st->y;

	if (!(st->c->flags & TF_CONN_MIDSTREAM))
		return y->packets == 0;
	return y->packets <= 1 || (st->x->packets == 1 && tf_seq_eq(y->max, y->isn) &&
	                           tf_seq_eq(st->s->ack, tf_seq_add(y->max, 1)));
}

static void
note_missed(struct tf_step *st)
{
	tf_seq left = st->y->nxt;
	/* Of an end that never passed the tap nothing is missing: its direction is. */
	bool begins = only_begins(st);
	/* A FIN comes behind all that has passed; with data behind it, it is an octet of data. */
	bool may_be_fin = tf_seq_eq(left, st->y->max);

	st->missed_bytes = tf_reassembly_acked(st->ctx, st->c, st->to, st->s->ack);
	if (!begins && st->missed_bytes) {
		tf_note_gap(st, st->to, left, st->s->ack, st->missed_bytes);
		if (st->missed_bytes == 1 && may_be_fin)
			tf_infer_fin(st);
	} else if (st->missed_bytes) {
		st->c->flags |= TF_CONN_GAP;
		infer_unseen_close(st);
	}
}

static void
count_duplicate_ack(struct tf_step *st, uint16_t window_before)
{
	const struct tf_segment *s = st->s;
	struct tf_extra *x;

	/* RFC 5681 section 2. */
	if (s->len > 0 || s->flags & (TF_SYN | TF_FIN) || !tf_seq_eq(s->ack, st->y->una) ||
	    !tf_seq_lt(st->y->una, st->y->max) || s->window != window_before || st->x->packets < 2 ||
	    st->marks & (TF_MARK_KEEPALIVE | TF_MARK_ZERO_WINDOW_PROBE))
		return;
	st->marks |= TF_MARK_DUPLICATE_ACK;
	x = tf_extra_of(st->ctx, st->c);
	if (x)
		x->end[st->from].duplicate_acks++;
}

static void
refuse_ack(struct tf_step *st)
{
	struct tf_extra *x = tf_extra_of(st->ctx, st->c);

	st->bad_ack = true;
	if (!x)
		return;
	x->bad_ack[st->to] = st->s->ack;
	x->bad_ack_known[st->to] = true;
}

void
tf_place_ack(struct tf_step *st)
{
	struct tf_end *y = st->y;
	tf_seq ack = st->s->ack;

	if (!(st->s->flags & TF_ACK))
		return;
	if (!tf_end_has(y, TF_END_SEQ_KNOWN)) {
		/* It acknowledges something that did not pass; where that began nobody knows. */
		if (st->before[st->to] == TF_LISTEN && tf_end_state(st->x) != TF_SYN_SENT) {
			refuse_ack(st);
			return;
		}
		y->flags |= TF_END_SEQ_KNOWN;
		y->isn = y->max = y->nxt = y->una = ack;
		if (st->s->flags & TF_SYN) { /* it can only acknowledge a SYN */
			y->flags |= TF_END_ISN_KNOWN;
			y->isn = tf_seq_sub(ack, 1);
		}
		return;
	}
	bool unanswered = tf_end_has(y, TF_END_ISN_KNOWN) && !tf_end_has(y, TF_END_SYN_ACKED);
	if ((unanswered && tf_seq_le(ack, y->isn)) || cannot_be_sent(st)) {
		refuse_ack(st);
		return;
	}
	count_duplicate_ack(st, st->x->window);
	st->una_before = y->una;
	if (tf_seq_gt(ack, y->nxt))
		note_missed(st);
	st->ack_advances = tf_seq_gt(ack, y->una);
	y->una = tf_seq_max(y->una, ack);
	st->acks_syn = tf_end_has(y, TF_END_ISN_KNOWN) && tf_seq_gt(ack, y->isn);
	st->acks_fin = tf_end_has(y, TF_END_FIN) && tf_seq_ge(ack, y->max);
	st->first_ack_of_syn = st->acks_syn && !tf_end_has(y, TF_END_SYN_ACKED);
	st->first_ack_of_fin = st->acks_fin && !tf_end_has(y, TF_END_FIN_ACKED);
	if (st->acks_syn)
		y->flags |= TF_END_SYN_ACKED;
	if (st->acks_fin)
		y->flags |= TF_END_FIN_ACKED;
}
