/*
 * Where the capture missed more than a window, both ends go on with numbers
 * that lie outside of all that is known: octets that no receiver would take,
 * and ACKs of what was never sent (RFC 9293 section 3.10.7.4).
 *
 * A forged segment has such numbers, too.  But a receiver does not
 * acknowledge what lies outside its window, and nobody goes on where a
 * forged ACK points: once both ends have named the same numbers, the
 * connection is there, and the octets before them did not pass the tap.
 *
 * Who forges both can still deceive the tap, but neither end: they go on
 * where they had stopped, and so does what is known of them.
 *
 * An end whose FIN has passed sends nothing beyond it: that would be another
 * connection.
 */
#include "core/place.h"

#include "core/reassembly.h"

/* They may be numbers of this connection: it is open, the end's SYN was answered, and it had not closed. */
static bool
may_go_on(const struct tf_step *st, enum tf_endpoint which)
{
	const struct tf_end *end = &st->c->end[which];
	bool unanswered = tf_end_has(end, TF_END_ISN_KNOWN) && !tf_end_has(end, TF_END_SYN_ACKED);

	return tf_connection_close(st->c) == TF_CLOSE_OPEN && !unanswered && !tf_end_has(end, TF_END_FIN);
}

/* WHICH had stopped at FIRST, and the capture missed MISSED octets up to LEFT. */
static void
note_move(struct tf_step *st, enum tf_endpoint which, tf_seq first, tf_seq left, uint32_t missed)
{
	/* What lies before it may have been sent again since: then it was the window alone that the tap did not know. */
	if (missed)
		tf_note_gap(st, which, first, left, missed);
	tf_extra_if(st->ctx, st->c)->stray[which] =
	    (struct tf_stray){.former = first, .missed = missed, .moved = missed > 0};
	if (which == st->to)
		st->missed_bytes = missed;
}

/* WHICH is back where it had stopped: what seemed to lie between was never sent. */
static void
take_back_move(const struct tf_step *st, enum tf_endpoint which)
{
	struct tf_stray *stray = &tf_extra_if(st->ctx, st->c)->stray[which];

	tf_shrink_gap(st, which, stray->missed);
	*stray = (struct tf_stray){0};
}

/* WHICH has sent all up to RIGHT, of which no more than what lies from LEFT on has passed. */
static void
go_on(struct tf_step *st, enum tf_endpoint which, tf_seq left, tf_seq right)
{
	struct tf_end *end = &st->c->end[which];
	struct tf_extra *x = tf_extra_if(st->ctx, st->c);
	tf_seq first = end->nxt;
	uint32_t missed = tf_reassembly_acked(st->ctx, st->c, which, end->max) + (left.v - end->max.v);

	if (x->stray[which].moved && tf_seq_eq(left, x->stray[which].former)) {
		take_back_move(st, which);
	} else {
		note_move(st, which, first, left, missed);
		tf_end_count_bytes(end, right.v - left.v);
	}
	end->una = left;
	end->nxt = end->max = right;
	/* What the other end offered lies elsewhere, too. */
	st->c->end[!which].flags &= (uint16_t)~TF_END_WINDOW_KNOWN;
	x->bad_ack_known[which] = false;
}

/* It goes on where it had stopped before it seemed to go on elsewhere.  That was counted already. */
static bool
goes_back(const struct tf_step *st)
{
	const struct tf_extra *x = tf_extra_if(st->ctx, st->c);
	const struct tf_stray *stray = x ? &x->stray[st->from] : NULL;

	return stray && stray->moved && st->verdict == TF_REJECT_OLD && st->s->len > 0 &&
	       (tf_seq_eq(st->s->seq, stray->former) ||
	        (stray->known && tf_seq_eq(st->s->seq, stray->right)));
}

static bool
is_own_stray(const struct tf_step *st)
{
	return (st->verdict == TF_REJECT_BEYOND || goes_back(st)) && !(st->s->flags & TF_SYN) &&
	       may_go_on(st, st->from);
}

/* Its sender goes on where the other end has acknowledged it, or probes just before (RFC 9293 section 3.8.6.1).  A bare RST
 * only repeats the number of the ACK that it answers (section 3.10.7.1): so far it names nothing of its own. */
static bool
is_expected(const struct tf_step *st, const struct tf_extra *x, tf_seq *from)
{
	tf_seq left = st->s->seq, ack = x ? x->bad_ack[st->from] : left;
	bool probes = st->s->len <= 1 && tf_seq_eq(tf_seq_add(left, 1), ack);

	*from = probes ? ack : left;
	if ((st->s->flags & (TF_RST | TF_ACK)) == TF_RST)
		return false;
	return x && x->bad_ack_known[st->from] && (probes || tf_seq_between(ack, left, st->end));
}

/* It acknowledges what its receiver has sent outside every window; the octet behind that may be a FIN.  That it waits at the
 * left of it shows no way back: an ACK from before may be late. */
static bool
acks_stray(const struct tf_step *st, const struct tf_extra *x)
{
	const struct tf_stray *stray = x ? &x->stray[st->to] : NULL;
	tf_seq ack = st->s->ack;

	return stray && stray->known && st->s->flags & TF_ACK &&
	       !tf_seq_between(ack, st->y->una, st->y->max) &&
	       tf_seq_between(ack, stray->left, tf_seq_add(stray->right, 1)) &&
	       !(stray->moved && tf_seq_eq(ack, stray->former)) && may_go_on(st, st->to);
}

static void
note_stray(const struct tf_step *st)
{
	struct tf_extra *x = tf_extra_of(st->ctx, st->c);
	struct tf_stray *stray = x ? &x->stray[st->from] : NULL;
	tf_seq left = st->s->seq, right = tf_seq_add(left, st->s->len);

	if (!stray)
		return;
	if (stray->known && tf_seq_between(left, stray->left, tf_seq_add(stray->right, TF_FAR_BEHIND))) {
		stray->right = tf_seq_max(stray->right, right);
		return;
	}
	stray->left = left;
	stray->right = right;
	stray->known = true;
}

bool
tf_find_again(struct tf_step *st)
{
	const struct tf_extra *x = tf_extra_if(st->ctx, st->c);
	tf_seq from;
	bool own = is_own_stray(st), found = own && is_expected(st, x, &from);

	if (found)
		go_on(st, st->from, from, from);
	else if (own && !(st->s->flags & TF_RST))
		note_stray(st);
	if (!acks_stray(st, x))
		return found;
	go_on(st, st->to, x->stray[st->to].left, x->stray[st->to].right);
	return true;
}
