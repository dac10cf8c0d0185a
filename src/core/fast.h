/*
 * Header prediction.  Nine segments of ten are the next data in order or
 * the ACK of it, on a connection with nothing rare about it, or nothing that
 * waits.  They move no replica and tell no detector anything: that the
 * connection is of that kind stands in its shape (core/moves.h), a few
 * comparisons of numbers show the rest, and the counters are all there is to
 * do.
 *
 * Every condition here is one under which the checklist of connection.c
 * would come to the same result; a test feeds both and compares.
 */
#ifndef TCPFSM_CORE_FAST_H
#define TCPFSM_CORE_FAST_H

#include "core/connection.h"
#include "core/plain.h"

/* Timestamps go on, and where they are in use they are there. */
static inline bool
tf_fast_is_in_time(const struct tf_end *x, const struct tf_segment *s)
{
	if (!(s->options & TF_OPT_TIMESTAMPS))
		return !tf_end_has(x, TF_END_TIMESTAMPS);
	return tf_end_has(x, TF_END_TSVAL_KNOWN) && (int32_t)(s->tsval - x->tsval) >= 0 &&
	       (int32_t)(s->tsval - x->ts_recent) >= 0;
}

static inline bool
tf_fast_is_expected(const struct tf_end *x, const struct tf_end *y, const struct tf_segment *s)
{
	if (!tf_seq_eq(s->seq, x->max) || tf_seq_gt(s->seq, y->right) ||
	    !tf_seq_between(s->ack, y->una, y->max))
		return false;
	/* A duplicate ACK is not ordinary. */
	return s->len > 0 || !tf_seq_eq(s->ack, y->una) || tf_seq_eq(y->una, y->max) ||
	       s->window != x->window;
}

static inline void
tf_fast_follow(struct tf_end *x, struct tf_end *y, const struct tf_segment *s, unsigned shift)
{
	tf_seq right = tf_seq_add(s->ack, (uint32_t)s->window << shift);

	x->packets++;
	tf_end_count_wire_bytes(x, s->wire_len);
	tf_end_count_bytes(x, s->len);
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

/* The next segment in order, or the ACK of what has
 * passed, between two established ends without anything rare about them.
 * FROM sent S; MAY, what it may send (tf_shape_may),
 * has what S needs for it (tf_plain.fast).  Does what the whole checklist
 * would do, but for telling it (tf_connection_show), and returns true; or
 * returns false, and nothing has changed. */
static inline __attribute__((always_inline)) bool
tf_connection_fast(const struct tf_context *ctx, struct tf_connection *c, const struct tf_segment *s,
                   enum tf_endpoint from, unsigned may)
{
	struct tf_end *x = &c->end[from], *y = &c->end[TF_SERVER] - from;

	/* Compilers would rather work out both addresses again for each field. */
	__asm__("" : "+r"(x), "+r"(y));
	if (!tf_fast_is_expected(x, y, s) || !tf_fast_is_in_time(x, s))
		return false;
	tf_fast_follow(x, y, s, may & TF_IS_SCALED ? x->wscale : 0);
	if (s->checksum_state == TF_CHECKSUM_VALID && s->len == 0)
		c->flags |= from == TF_CLIENT ? TF_CONN_CLIENT_SUMS : TF_CONN_SERVER_SUMS;
	if (ctx->now_ns > c->last_ts_ns)
		c->last_ts_ns = ctx->now_ns;
	return true;
}

#endif
