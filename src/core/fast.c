/*
 * Header prediction.  Nine segments of ten are the next data in order or
 * the ACK of it, on a connection with nothing rare about it.  They move no
 * replica and tell no detector anything: that the connection is of that
 * kind stands in its shape (core/moves.h), a few comparisons of numbers
 * show the rest, and the counters are all there is to do.
 *
 * Every condition here is one under which the checklist of connection.c
 * would come to the same result; a test feeds both and compares.
 */
#include "core/fast.h"

#include "core/connection.h"
#include "core/moves.h"

#define ORDINARY (TF_PSH | TF_ECE | TF_CWR | TF_AE)

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
	if (!tf_seq_eq(s->seq, x->nxt) || !tf_seq_eq(s->seq, x->max) || tf_seq_gt(s->seq, y->right))
		return false;
	if (!tf_seq_between(s->ack, y->una, y->nxt) || s->window == 0)
		return false;
	/* A duplicate ACK is not ordinary. */
	return s->len > 0 || !tf_seq_eq(s->ack, y->una) || tf_seq_eq(y->una, y->max) ||
	       s->window != x->window;
}

static void
follow(struct tf_end *x, struct tf_end *y, const struct tf_segment *s, unsigned shift)
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
	x->max = x->nxt = tf_seq_add(s->seq, s->len);
	y->una = s->ack;
	x->window = s->window;
	x->right = tf_seq_max(x->right, right);
}

bool
tf_connection_fast(struct tf_context *ctx, struct tf_connection *c, const struct tf_segment *s,
                   enum tf_endpoint from, unsigned may)
{
	static const enum tf_state both_established[2] = {TF_ESTABLISHED, TF_ESTABLISHED};
	struct tf_end *x = &c->end[from], *y = &c->end[!from];

	if (!(may & (s->len > 0 ? TF_MAY_FAST_DATA : TF_MAY_FAST_ACK)) ||
	    (s->flags & ~(unsigned)ORDINARY) != TF_ACK || s->checksum_state == TF_CHECKSUM_BAD ||
	    ctx->fired || !is_expected(x, y, s) || !timestamp_advances(x, s))
		return false;
	tf_connection_show(ctx, c, s, from, 0, both_established);
	follow(x, y, s, may & TF_IS_SCALED ? x->wscale : 0);
	if (s->checksum_state == TF_CHECKSUM_VALID && s->len == 0)
		c->flags |= from == TF_CLIENT ? TF_CONN_CLIENT_SUMS : TF_CONN_SERVER_SUMS;
	if (ctx->now_ns > c->last_ts_ns)
		c->last_ts_ns = ctx->now_ns;
	return true;
}
