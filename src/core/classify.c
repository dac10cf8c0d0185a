/*
 * What a segment is to the connection: how new, where its numbers lie.
 * Two files do the placing; what follows from it is proven in prove.c (the
 * sender) and presumed in presume.c (the receiver).
 */
#include "core/classify.h"

#include "core/place.h"

static bool
is_fresh(const struct tf_step *st)
{
	const struct tf_segment *s = st->s;

	if (!tf_end_has(st->x, TF_END_SEQ_KNOWN))
		return true;
	return !tf_was_overtaken(st) && (tf_seq_ge(s->seq, st->x->max) || tf_is_probe(st));
}

static void
count_zero_window(struct tf_step *st)
{
	struct tf_extra *x;

	if (st->s->window != 0 || st->s->flags & (TF_SYN | TF_RST) || !(st->s->flags & TF_ACK))
		return;
	st->marks |= TF_MARK_ZERO_WINDOW;
	x = tf_extra_of(st->ctx, st->c);
	if (x)
		x->end[st->from].zero_windows++;
}

void
tf_classify(struct tf_step *st)
{
	const struct tf_extra *extra = tf_extra_if(st->ctx, st->c);

	if (st->s->flags & TF_RST)
		return;
	st->fresh = is_fresh(st);
	/* What passes after its own RST may have been sent before it. */
	st->sender.sure = st->fresh && !(extra && extra->rst.seen && extra->rst.from == st->from);
	st->at_edge = tf_end_has(st->x, TF_END_SEQ_KNOWN) && tf_seq_eq(st->s->seq, st->x->max);
	st->skips_one = tf_end_has(st->x, TF_END_SEQ_KNOWN) && tf_segment_seg_len(st->s) == 0 &&
	                tf_seq_eq(st->s->seq, tf_seq_add(st->x->max, 1)) && tf_seq_eq(st->x->nxt, st->x->max);
	tf_place_sequence(st);
	tf_place_ack(st);
	count_zero_window(st);
}
