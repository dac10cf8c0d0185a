/*
 * Header prediction.  Nine segments of ten are the next data in order or
 * the ACK of it, on a connection with nothing rare about it.  They move no
 * replica and tell no detector anything: a dozen comparisons show that,
 * and the counters are all there is to do.
 *
 * Every condition here is one under which the checklist of connection.c
 * would come to the same result; a test feeds both and compares.
 */
#include "core/fast.h"

#include "core/accept.h"
#include "core/connection.h"
#include "core/letters.h"

#define ORDINARY (TF_ACK | TF_PSH | TF_ECE | TF_CWR | TF_AE)

/* Its own segments have shown that it is established, and nothing else has. */
static bool
is_established(const struct tf_end *end)
{
	return tf_end_state(end) == TF_ESTABLISHED && (end->depth & 0xf) == end->depth >> 4;
}

/* An ACK of its SYN has passed towards it before: one more brings nothing new. */
static bool
has_ack_of_syn(const struct tf_end *y)
{
	return !tf_end_has(y, TF_END_ISN_KNOWN) || y->pending & TF_P_ACK_OF_SYN;
}

static bool
timestamp_advances(const struct tf_end *x, const struct tf_segment *s)
{
	if (!(s->options & TF_OPT_TIMESTAMPS))
		return !tf_end_has(x, TF_END_TIMESTAMPS);
	return tf_end_has(x, TF_END_TSVAL_KNOWN) && (int32_t)(s->tsval - x->tsval) >= 0;
}

static bool
is_expected(const struct tf_end *x, const struct tf_end *y, const struct tf_segment *s)
{
	const unsigned settled = TF_END_SEQ_KNOWN | TF_END_SYN_ACKED | TF_END_WINDOW_KNOWN;

	if ((x->flags & settled) != settled || (y->flags & settled) != settled)
		return false;
	if (!tf_seq_eq(s->seq, x->nxt) || !tf_seq_eq(s->seq, x->max) || tf_seq_gt(s->seq, y->right))
		return false;
	if (!tf_seq_between(s->ack, y->una, y->nxt) || s->window == 0)
		return false;
	/* A duplicate ACK is not ordinary. */
	return s->len > 0 || !tf_seq_eq(s->ack, y->una) || tf_seq_eq(y->una, y->max) ||
	       s->window != x->window;
}

static void
follow(struct tf_connection *c, struct tf_end *x, struct tf_end *y, const struct tf_segment *s,
       unsigned shift)
{
	tf_seq right = tf_seq_add(s->ack, (uint32_t)s->window << shift);

	x->packets++;
	x->wire_bytes += s->wire_len;
	x->bytes += s->len;
	if (s->options & TF_OPT_TIMESTAMPS) {
		x->tsval = s->tsval;
		if (tf_seq_le(s->seq, x->una) && (int32_t)(s->tsval - x->ts_recent) > 0)
			x->ts_recent = s->tsval;
	}
	if (s->len > 0) {
		x->flags |= TF_END_SENT_DATA;
		x->max = x->nxt = tf_seq_add(s->seq, s->len);
	}
	y->una = s->ack;
	x->window = s->window;
	x->right = tf_seq_max(x->right, right);
	if (x == &c->end[TF_SERVER])
		c->flags |= TF_CONN_ANSWERED;
}

bool
tf_connection_fast(struct tf_context *ctx, struct tf_connection *c, const struct tf_segment *s,
                   enum tf_endpoint from)
{
	if (c->closing || (s->flags & ~(unsigned)ORDINARY) || !(s->flags & TF_ACK) ||
	    s->checksum_state == TF_CHECKSUM_BAD || ctx->fired)
		return false;
	static const enum tf_state both_established[2] = {TF_ESTABLISHED, TF_ESTABLISHED};
	struct tf_end *x = &c->end[from], *y = &c->end[!from];
	bool scaled = tf_end_has(x, TF_END_WSCALE) && tf_end_has(y, TF_END_WSCALE);
	if (!is_established(x) || tf_end_state(y) != TF_ESTABLISHED || !has_ack_of_syn(y) ||
	    !is_expected(x, y, s) || !timestamp_advances(x, s))
		return false;
	tf_letters_ordinary(ctx, c, from, s->len > 0);
	tf_connection_show(ctx, c, s, from, 0, both_established);
	follow(c, x, y, s, scaled ? x->wscale : 0);
	if (s->checksum_state == TF_CHECKSUM_VALID && s->len == 0)
		c->flags |= from == TF_CLIENT ? TF_CONN_CLIENT_SUMS : TF_CONN_SERVER_SUMS;
	if (ctx->now_ns > c->last_ts_ns)
		c->last_ts_ns = ctx->now_ns;
	return true;
}
