/*
 * How much of what an end sends is sent again, where it was lost, and
 * whether it is always the large segments that do not arrive (RFC 2923
 * section 2.1).
 *
 * Octets that pass the tap a second time were lost behind it (or their ACK
 * was, or nothing was); octets that pass it late for the first time were
 * lost before it.  What had been acknowledged before is repeated needlessly.
 */
#include "detect/families.h"

#define LEAST_SEGMENTS 20
#define LARGE          1000 /* octets of payload: smaller segments pass every path */
#define LARGE_REPEATS  3
#define LARGE_FOR_NS   INT64_C(1000000000)
#define SMALL_REPEATS  2 /* one may be a probe, where nothing was lost (RFC 8985 section 7) */

/* ---- counting --------------------------------------------------------------------------- */

/* That of WHICH passed, and not as the segment of ST, if any. */
static bool
bare_fin_passed(const struct tf_context *ctx, const struct tf_connection *c, enum tf_endpoint which,
                const struct tf_step *st)
{
	const struct tf_closing *k = tf_closing_if(ctx, c);

	return k && tf_end_has(&c->end[which], TF_END_FIN) && k->fin[which].bare &&
	       !(st && k->fin[which].packet == (uint32_t)st->s->packet);
}

/* Before there was anything rare nothing was counted: each segment may have been data, but for those that open the connection
 * and a bare FIN.  But nothing was sent again, so there are no more of them than octets.  The segment of ST does not count yet;
 * NULL: all do. */
static uint32_t
sent_before(const struct tf_context *ctx, const struct tf_connection *c, enum tf_endpoint which,
            const struct tf_step *st)
{
	const struct tf_end *end = &c->end[which];
	bool syn_seen = tf_end_has(end, TF_END_SYN_SEEN);
	bool third = which == TF_CLIENT && syn_seen && tf_end_has(&c->end[TF_SERVER], TF_END_SYN_SEEN);
	uint32_t others = (uint32_t)syn_seen + third + bare_fin_passed(ctx, c, which, st);
	uint32_t packets = end->packets - (st != NULL);
	uint64_t octets = end->bytes - (st ? st->new_bytes : 0);

	if (!tf_end_has(end, TF_END_SENT_DATA) || packets <= others)
		return 0;
	return octets < packets - others ? (uint32_t)octets : packets - others;
}

uint32_t
tf_repetition_sent(const struct tf_context *ctx, const struct tf_connection *c, enum tf_endpoint which,
                   const struct tf_extra *x)
{
	const struct tf_end_repetition *r = &x->repetition[which];

	return r->counting ? r->segments : sent_before(ctx, c, which, NULL);
}

static void
count(const struct tf_step *st, struct tf_end_repetition *r)
{
	if (!r->counting) {
		r->counting = true;
		r->segments = sent_before(st->ctx, st->c, st->from, st);
	}
	if (!st->data || st->s->flags & TF_SYN)
		return;
	r->segments++;
	/* What met a shut window was not lost: its receiver would not take it.  Nor was what a router
	 * found too large, and said so. */
	if (!(st->marks & TF_MARK_RETRANSMISSION) || st->y->window == 0 ||
	    (r->refused && tf_seq_lt(st->s->seq, r->refused_until)))
		return;
	r->repeated++;
	if (st->new_bytes)
		r->before_tap++;
	else if (tf_seq_le(st->end, st->x->una))
		r->needless++;
	else
		r->behind_tap++;
	if (!r->first_packet)
		r->first_packet = st->s->packet;
	r->last_packet = st->s->packet;
}

/* Where the greater part of it was lost. */
static void
place_losses(struct tf_finding *f, const struct tf_end_repetition *r)
{
	if (r->before_tap * 2 > r->repeated)
		tf_finding_where(f, TF_WHERE_BEFORE, "most of them were missing at the tap at first");
	else if (r->behind_tap * 2 > r->repeated)
		tf_finding_where(f, TF_WHERE_BEHIND,
		                 "most of them had passed the tap before, and no ACK of them had");
	else if (r->needless * 2 > r->repeated)
		tf_finding_where(f, TF_WHERE_NOWHERE, "most of them had been acknowledged before");
	else
		tf_finding_where(f, TF_WHERE_UNKNOWN, "neither side of the tap prevails");
}

static void
raise_excessive(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint end)
{
	const struct tf_end_repetition *r = &tf_extra_if(ctx, c)->repetition[end];
	struct tf_finding f = tf_finding(ctx, c, TF_A_EXCESSIVE_RETRANSMISSION, end);

	tf_finding_count(&f, "segments", TF_D_COUNT, r->segments);
	tf_finding_count(&f, "retransmitted", TF_D_COUNT, r->repeated);
	tf_finding_ratio(&f, "share", (double)r->repeated / r->segments);
	tf_finding_count(&f, "before_tap", TF_D_COUNT, r->before_tap);
	tf_finding_count(&f, "behind_tap", TF_D_COUNT, r->behind_tap);
	tf_finding_count(&f, "needless", TF_D_COUNT, r->needless);
	place_losses(&f, r);
	tf_finding_packet(&f, r->first_packet);
	tf_finding_packet(&f, r->last_packet);
	tf_raise(ctx, c, &f);
}

void
tf_repetition_end(struct tf_context *ctx, struct tf_connection *c)
{
	const struct tf_extra *x = tf_extra_if(ctx, c);

	for (int e = 0; x && e < 2; e++) {
		const struct tf_end_repetition *r = &x->repetition[e];
		if (r->segments >= LEAST_SEGMENTS && r->repeated > 1 &&
		    (uint64_t)r->repeated * 20 > r->segments)
			raise_excessive(ctx, c, (enum tf_endpoint)e);
	}
}

/* ---- what the path carries ------------------------------------------------------------------ */

static void
note_passed(struct tf_end_repetition *r, const struct tf_end *sender)
{
	if (!r->waits_len || tf_seq_gt(r->waits_end, sender->una))
		return;
	r->passed_len = r->waits_len;
	r->waits_len = 0;
}

static void
note_first(struct tf_end_repetition *r, const struct tf_segment *s)
{
	if (r->waits_len || s->len <= r->passed_len)
		return;
	r->waits_len = s->len;
	r->waits_end = tf_seq_add(s->seq, s->len);
}

/* What is sent again may be cut anew, and says nothing of what arrived. */
static void
note_again(const struct tf_step *st, struct tf_end_repetition *r)
{
	if (r->waits_len && tf_seq_lt(st->s->seq, r->waits_end))
		r->waits_len = 0;
	if (!r->large && !st->new_bytes && st->s->len < LARGE && tf_seq_ge(st->s->seq, st->x->una))
		r->small++;
}

static void
note_sent(const struct tf_step *st, struct tf_end_repetition *r)
{
	note_passed(r, st->x);
	if (st->data && st->marks & TF_MARK_RETRANSMISSION)
		note_again(st, r);
	else if (st->data)
		note_first(r, st->s);
}

void
tf_repetition_calm(struct tf_extra *x, const struct tf_connection *c, const struct tf_segment *s,
                   enum tf_endpoint from)
{
	struct tf_end_repetition *r = &x->repetition[from];

	note_passed(r, &c->end[from]);
	if (s->len)
		note_first(r, s);
	r->segments += s->len > 0;
}

/* Of what arrived before anything was noted the number of segments is known, at most, and how many octets: where these are
 * more than small ones hold, large ones were among them. */
static bool
large_ones_arrived(const struct tf_end *sender, const struct tf_end_repetition *r)
{
	uint32_t behind = sender->max.v - r->large_seq.v;
	int64_t segments = (int64_t)r->segments - r->repeated - (behind + r->large_len - 1) / r->large_len;
	int64_t octets = (int64_t)sender->bytes - behind; /* as numbers they would go round at 4 GiB */

	return r->passed_len >= r->large_len || (octets > 0 && octets > segments * (r->large_len / 2));
}

/* Chance loses small segments as well as large ones, and a path that has carried large ones has no such link. */
static bool
may_be_chance(const struct tf_end *sender, const struct tf_end_repetition *r)
{
	return r->small >= SMALL_REPEATS || large_ones_arrived(sender, r);
}

/* ---- large segments alone ------------------------------------------------------------------ */

static void
raise_black_hole(const struct tf_step *st, enum tf_endpoint end, const struct tf_end_repetition *r,
                 uint64_t small_packet)
{
	struct tf_finding f = tf_finding(st->ctx, st->c, TF_A_PMTU_BLACK_HOLE, end);

	if (may_be_chance(&st->c->end[end], r))
		return;
	tf_finding_count(&f, "size", TF_D_COUNT, r->large_size);
	tf_finding_count(&f, "retransmissions", TF_D_COUNT, r->large);
	tf_finding_where(&f, TF_WHERE_BEHIND, "each copy passed the tap");
	tf_finding_packet(&f, r->large_packet);
	tf_finding_packet(&f, small_packet);
	tf_finding_packet(&f, st->s->packet);
	tf_raise(st->ctx, st->c, &f);
}

/* The first unacknowledged octet, in a large segment again and again, then in a smaller one. */
static void
note_large(const struct tf_step *st, struct tf_end_repetition *r)
{
	if (!(st->marks & TF_MARK_RETRANSMISSION) || !st->data || !tf_seq_eq(st->s->seq, st->x->una) ||
	    st->new_bytes)
		return;
	if (st->s->len >= LARGE && (!r->large || tf_ip_size(st->s) == r->large_size)) {
		if (!r->large++) {
			r->large_packet = st->s->packet;
			r->large_seq = st->s->seq;
			r->large_ns = st->ctx->now_ns;
		}
		r->large_size = tf_ip_size(st->s);
		r->large_len = st->s->len;
		r->small_packet = 0;
	} else if (r->large >= LARGE_REPEATS && tf_ip_size(st->s) < r->large_size) {
		r->small_packet = st->s->packet;
	}
}

/* What arrived behind the octet that is missing (RFC 2018 section 3). */
static void
note_sacks(const struct tf_step *st, struct tf_end_repetition *r)
{
	for (unsigned i = 0; i < st->s->sack_count; i++) {
		struct tf_sack_block b = tf_segment_sack(st->s, i);
		uint32_t octets = b.right.v - b.left.v;
		if (!tf_seq_gt(b.left, st->s->ack) || !tf_seq_gt(b.right, b.left))
			continue;
		if (!r->sacked_packet)
			r->sacked_packet = st->s->packet;
		r->sacked_most = octets > r->sacked_most ? octets : r->sacked_most;
	}
}

/* Large ones die, though smaller ones that were sent after them have arrived. */
static void
check_sacked(const struct tf_step *st, const struct tf_end_repetition *r)
{
	if (r->large < LARGE_REPEATS || !r->sacked_packet || r->sacked_most >= r->large_len ||
	    st->ctx->now_ns - r->large_ns < LARGE_FOR_NS || st->c->flags & TF_CONN_GAP)
		return;
	raise_black_hole(st, st->from, r, r->sacked_packet);
}

/* The other end acknowledges: was it the smaller one that came through? */
static void
check_small(const struct tf_step *st, struct tf_end_repetition *r)
{
	if (st->ack_advances) {
		if (r->small_packet)
			raise_black_hole(st, st->to, r, r->small_packet);
		r->large = 0;
		r->small_packet = 0;
		r->sacked_packet = 0;
		r->sacked_most = 0;
	}
	note_sacks(st, r);
}

/* All of what had been refused has arrived since: numbers that go round would come to lie before it again. */
static void
forget_refused(struct tf_end_repetition *r, const struct tf_end *sender)
{
	if (r->refused && tf_seq_ge(sender->una, r->refused_until))
		r->refused = false;
}

void
tf_repetition_segment(const struct tf_step *st)
{
	struct tf_extra *x = tf_extra_if(st->ctx, st->c);

	if (!x || st->s->flags & TF_RST)
		return;
	forget_refused(&x->repetition[st->to], st->y);
	if (st->marks & TF_MARK_ZERO_WINDOW) {
		x->repetition[st->to].refused = true;
		x->repetition[st->to].refused_until = st->y->max;
	}
	count(st, &x->repetition[st->from]);
	check_small(st, &x->repetition[st->to]);
	note_sent(st, &x->repetition[st->from]);
	note_large(st, &x->repetition[st->from]);
	check_sacked(st, &x->repetition[st->from]);
}
