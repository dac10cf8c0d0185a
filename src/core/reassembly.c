/*
 * Sequence space as it passed the tap: an in-order edge (nxt), a highest
 * octet (max), and between them, only where there is disorder, a sorted
 * list of stretches that passed beyond a hole, each with the time when that
 * hole showed, in units of 66 us that go round after three days.
 *
 * A FIN counts as an octet (RFC 9293 section 3.4): it has arrived in order
 * when nxt reaches max.  Contents are of no interest here.
 */
#include "core/reassembly.h"

/* A list longer than this is an attack, or a capture that lost half. */
#define MAX_STRETCHES 250

static struct tf_range *
range_at(struct tf_context *ctx, uint32_t index)
{
	return tf_pool_at(&ctx->ranges, index);
}

#define SINCE_UNIT 16 /* bits of nanoseconds */

static uint32_t
since_now(const struct tf_context *ctx)
{
	return (uint32_t)((uint64_t)ctx->now_ns >> SINCE_UNIT);
}

/* How long ago the hole showed in which START lies. */
static int64_t
age_of_hole(struct tf_context *ctx, const struct tf_end_extra *x, tf_seq start)
{
	uint32_t at = x->holes;

	while (at && tf_seq_le(range_at(ctx, at)->left, start))
		at = range_at(ctx, at)->next;
	return at ? (int64_t)(since_now(ctx) - range_at(ctx, at)->since) << SINCE_UNIT : INT64_MAX;
}

static void
drop_first(struct tf_context *ctx, struct tf_end_extra *x)
{
	uint32_t first = x->holes;

	x->holes = range_at(ctx, first)->next;
	x->hole_count--;
	tf_pool_put(&ctx->ranges, first);
}

/* nxt has moved: swallow the stretches that it reached. */
static void
close_holes(struct tf_context *ctx, struct tf_end *end, struct tf_end_extra *x)
{
	while (x && x->holes && tf_seq_le(range_at(ctx, x->holes)->left, end->nxt)) {
		end->nxt = tf_seq_max(end->nxt, range_at(ctx, x->holes)->right);
		drop_first(ctx, x);
	}
}

/* Keep [left, right) beyond a hole; returns the octets of it that are new. */
static uint32_t
keep(struct tf_context *ctx, struct tf_end_extra *x, tf_seq left, tf_seq right)
{
	uint32_t *link = &x->holes;
	uint32_t fresh = right.v - left.v;

	while (*link && tf_seq_lt(range_at(ctx, *link)->right, left))
		link = &range_at(ctx, *link)->next;
	/* It is joined with that one, or lies in the hole before it. */
	uint32_t since = *link ? range_at(ctx, *link)->since : since_now(ctx);
	/* Join with every stretch that it touches. */
	while (*link && tf_seq_le(range_at(ctx, *link)->left, right)) {
		struct tf_range *old = range_at(ctx, *link);
		uint32_t gone = *link;
		tf_seq from = tf_seq_max(old->left, left), to = tf_seq_min(old->right, right);
		if (tf_seq_lt(from, to))
			fresh -= to.v - from.v;
		left = tf_seq_min(left, old->left);
		right = tf_seq_max(right, old->right);
		*link = old->next;
		x->hole_count--;
		tf_pool_put(&ctx->ranges, gone);
	}
	uint32_t index = x->hole_count < MAX_STRETCHES ? tf_pool_get(&ctx->ranges) : 0;
	if (!index) {
		ctx->stats->pool_exhausted++;
		return fresh;
	}
	struct tf_range *new = range_at(ctx, index);
	new->left = left;
	new->right = right;
	new->since = since;
	new->next = *link;
	*link = index;
	x->hole_count++;
	return fresh;
}

struct tf_stretch
tf_reassembly_add(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint which, tf_seq left,
                  tf_seq right)
{
	struct tf_end *end = &c->end[which];
	/* Of a hole that is not known its sender has heard long ago. */
	struct tf_stretch out = {.repeated = tf_seq_lt(left, end->nxt), .after_ns = INT64_MAX};
	struct tf_extra *extra = tf_extra_if(ctx, c);
	tf_seq start = tf_seq_max(left, end->nxt);

	if (tf_seq_ge(start, right)) /* all of it had passed */
		return out;
	out.fills = tf_seq_lt(left, end->max);
	if (out.fills && extra)
		out.after_ns = age_of_hole(ctx, &extra->end[which], start);
	if (tf_seq_eq(start, end->nxt)) {
		out.fresh = right.v - start.v;
		if (extra && extra->end[which].holes) {
			/* What beyond the hole had passed is not new. */
			struct tf_end_extra *x = &extra->end[which];
			out.fresh = keep(ctx, x, start, right);
			end->nxt = tf_seq_max(end->nxt, right);
			close_holes(ctx, end, x);
		} else {
			end->nxt = right;
		}
	} else {
		out.leaves_hole = true;
		extra = tf_extra_of(ctx, c);
		if (extra)
			out.fresh = keep(ctx, &extra->end[which], start, right);
	}
	out.repeated |= out.fresh < right.v - start.v;
	out.fills = out.fills && out.fresh > 0;
	end->max = tf_seq_max(end->max, right);
	return out;
}

uint32_t
tf_reassembly_acked(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint which, tf_seq ack)
{
	struct tf_end *end = &c->end[which];
	struct tf_extra *extra = tf_extra_if(ctx, c);
	struct tf_end_extra *x = extra ? &extra->end[which] : NULL;
	uint32_t missed = 0;

	while (tf_seq_lt(end->nxt, ack)) {
		tf_seq hole_end = ack;
		if (x && x->holes)
			hole_end = tf_seq_min(ack, range_at(ctx, x->holes)->left);
		missed += hole_end.v - end->nxt.v;
		end->nxt = hole_end;
		close_holes(ctx, end, x);
	}
	end->max = tf_seq_max(end->max, ack);
	return missed;
}

void
tf_reassembly_clear(struct tf_context *ctx, struct tf_extra *x, enum tf_endpoint end)
{
	while (x->end[end].holes)
		drop_first(ctx, &x->end[end]);
}
