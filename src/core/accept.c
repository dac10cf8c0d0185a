/*
 * Is a segment acceptable where it goes?  RFC 9293 section 3.10.7.4 (first
 * check), RFC 7323 section 5 (PAWS), RFC 5961 section 3 (RST).
 *
 * A tap knows the receiver's variables only as bounds.  RCV.NXT lies
 * between what the receiver acknowledged and what passed towards it; the
 * right edge of the window is at most the farthest that it ever offered,
 * as far as its ACKs passed the tap.  A verdict of rejection therefore is
 * sure, one of acceptance is likely.
 */
#include "core/accept.h"

#include "core/place.h"

bool
tf_window(const struct tf_connection *c, enum tf_endpoint from, const struct tf_segment *s, uint32_t *bytes)
{
	const struct tf_end *own = &c->end[from], *other = &c->end[!from];
	unsigned shift = 0;

	/* A SYN's own window is never scaled (RFC 7323 section 2.2). */
	if (!(s->flags & TF_SYN)) {
		if (!tf_end_has(own, TF_END_SYN_SEEN) || !tf_end_has(other, TF_END_SYN_SEEN))
			return false;
		if ((own->flags | other->flags) & TF_END_OPTIONS_CUT)
			return false;
		if (tf_end_has(own, TF_END_WSCALE) && tf_end_has(other, TF_END_WSCALE))
			shift = own->wscale;
	}
	*bytes = (uint32_t)s->window << shift;
	return true;
}

static bool
stale(const struct tf_step *st)
{
	if (!(st->s->options & TF_OPT_TIMESTAMPS) || st->s->flags & (TF_SYN | TF_RST))
		return false;
	if (!tf_end_has(st->x, TF_END_TSVAL_KNOWN) || !tf_end_has(st->x, TF_END_TIMESTAMPS) ||
	    !tf_end_has(st->y, TF_END_TIMESTAMPS))
		return false;
	/* Linux lets one tick pass (TCP_PAWS_WINDOW). */
	return (int32_t)(st->s->tsval - st->x->ts_recent) < -1;
}

enum tf_verdict
tf_accept(const struct tf_step *st)
{
	if (!tf_end_has(st->x, TF_END_SEQ_KNOWN))
		return TF_UNSURE;
	if (st->s->flags & TF_SYN)
		return TF_ACCEPT;
	if (stale(st))
		return TF_REJECT_STALE;
	if (tf_seq_lt(st->end, st->x->una))
		return tf_seq_diff(st->end, st->x->una) < -TF_FAR_BEHIND ? TF_REJECT_BEYOND : TF_REJECT_OLD;
	if (!tf_end_has(st->y, TF_END_WINDOW_KNOWN))
		return TF_UNSURE;
	/* Its sender knows the window.  Who goes on where he stopped has heard of a wider one that the tap did not
	 * see. */
	if (tf_seq_gt(st->s->seq, st->y->right))
		return tf_seq_eq(st->s->seq, st->x->max) ? TF_UNSURE : TF_REJECT_BEYOND;
	return TF_ACCEPT;
}

enum tf_rst_place
tf_rst_place(const struct tf_step *st)
{
	const struct tf_end *x = st->x;
	tf_seq seq = st->s->seq, expected = x->nxt;

	if (!tf_end_has(x, TF_END_SEQ_KNOWN))
		return TF_RST_EXACT;
	/* RCV.NXT is one of these, depending on what has arrived by now. */
	if (tf_seq_between(seq, x->una, expected))
		return TF_RST_EXACT;
	/* macOS sends its RST with the number of the FIN before it; Linux accepts that
	 * where it has the FIN and its own has not been acknowledged. */
	enum tf_state at = tf_end_state(st->y);
	if (tf_end_has(x, TF_END_FIN) && tf_seq_eq(tf_seq_add(seq, 1), expected) &&
	    (at == TF_CLOSE_WAIT || at == TF_LAST_ACK || at == TF_CLOSING))
		return TF_RST_EXACT;
	if (!tf_end_has(st->y, TF_END_WINDOW_KNOWN))
		return tf_seq_gt(seq, expected) && tf_seq_diff(seq, expected) < 65536 ? TF_RST_IN_WINDOW
		                                                                      : TF_RST_OUTSIDE;
	return tf_seq_gt(seq, expected) && tf_seq_lt(seq, st->y->right) ? TF_RST_IN_WINDOW : TF_RST_OUTSIDE;
}
