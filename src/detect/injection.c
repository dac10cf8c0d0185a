/*
 * Segments that seem to come from somebody else than the end whose name
 * they bear: a RST or a FIN that its alleged sender belies by going on,
 * data that differs from data with the same numbers, a second SYN,ACK with
 * another number.  Each ends the connection or forks it (RFC 5961 section
 * 1); a segment that changes nothing is left alone.
 *
 * A RST is belied most plainly where both ends go on: whoever sends one
 * forgets the connection.  Otherwise what tells is the TTL (but for a few hops, which a change of route may
 * take or add), the IP identification where the end counts it up by little,
 * and timestamps, which every segment but a RST must bear once they are
 * agreed on (RFC 7323 section 3.2).
 */
#include "detect/digests.h"
#include "detect/families.h"

#define HOPS       2    /* a change of route */
#define SMALL_STEP 64   /* of an identification that is counted up */
#define IN_A_ROW   4    /* such steps that show it */
#define FAR_OFF    4096 /* from the segments that followed */
#define WHILE_NS   INT64_C(10000000000)

static bool
came_another_way(uint8_t a, uint8_t b)
{
	return a && b && (a > b ? a - b : b - a) > HOPS;
}

static bool
timestamps_agreed(const struct tf_connection *c)
{
	const unsigned both = TF_END_SYN_SEEN | TF_END_TIMESTAMPS;

	return (c->end[TF_CLIENT].flags & both) == both && (c->end[TF_SERVER].flags & both) == both &&
	       !((c->end[TF_CLIENT].flags | c->end[TF_SERVER].flags) & TF_END_OPTIONS_CUT);
}

static void
raise_injection(const struct tf_step *st, const char *what, uint64_t packet, const char *mismatch,
                uint32_t found, uint32_t usual)
{
	struct tf_finding f = tf_finding(st->ctx, st->c, TF_A_INJECTION_SUSPECTED, st->from);

	tf_finding_text(&f, "what", what);
	tf_finding_text(&f, "mismatch", mismatch);
	tf_finding_count(&f, "found", TF_D_COUNT, found);
	tf_finding_count(&f, "usual", TF_D_COUNT, usual);
	tf_finding_packet(&f, packet);
	tf_finding_packet(&f, st->s->packet);
	tf_raise(st->ctx, st->c, &f);
}

/* ---- a RST ---------------------------------------------------------------------------- */

static void
note_rst(const struct tf_step *st, struct tf_extra *x)
{
	struct tf_end_watch *w = &x->watch[st->from];

	w->rst_ttl = st->s->ttl;
	w->rst_id = st->s->ip_id;
	w->in_a_row = 0;
	w->went_on = 0;
	w->rst_told = false;
	w->rst_with_syn = (st->s->flags & TF_SYN) != 0;
	w->rst_into_open = st->before[TF_CLIENT] >= TF_ESTABLISHED && st->before[TF_SERVER] >= TF_ESTABLISHED;
}

static void
follow_identification(const struct tf_step *st, struct tf_end_watch *w)
{
	uint16_t id = st->s->ip_id, step = (uint16_t)(id - w->next_id);

	if (!w->in_a_row)
		w->after_id = id;
	w->in_a_row = step && step <= SMALL_STEP ? (uint8_t)(w->in_a_row + (w->in_a_row < IN_A_ROW)) : 1;
	w->next_id = id;
}

/* It counts its segments, and the RST is none of them. */
static bool
was_not_counted(const struct tf_step *st, const struct tf_extra *x, const struct tf_end_watch *w)
{
	uint16_t behind = (uint16_t)(w->after_id - w->rst_id), ahead = (uint16_t)(w->rst_id - w->after_id);

	return w->rst_id && w->in_a_row >= IN_A_ROW && behind > FAR_OFF && ahead > FAR_OFF &&
	       st->ctx->now_ns - x->rst.ts_ns < WHILE_NS;
}

/* Its alleged sender goes on where a RST had ended the connection. */
static void
check_rst(const struct tf_step *st, struct tf_extra *x)
{
	struct tf_end_watch *w = &x->watch[st->from];

	if (!x->rst.seen || !x->rst.exact || x->rst.from != (uint8_t)st->from || !w->rst_ttl ||
	    !(st->data || st->s->flags & TF_FIN) || tf_seq_lt(st->s->seq, x->rst.seq) || !st->fresh)
		return;
	if (st->s->ip_id)
		follow_identification(st, w);
	if (!w->went_on && w->rst_into_open) {
		w->went_on = st->end.v - st->s->seq.v;
		w->went_on_end = st->end;
	}
	if (w->rst_told)
		return;
	w->rst_told = true;
	if (came_another_way(w->rst_ttl, st->s->ttl))
		raise_injection(st, "RST", x->rst.packet, "TTL", w->rst_ttl, st->s->ttl);
	else if (was_not_counted(st, x, w))
		raise_injection(st, "RST", x->rst.packet, "IP ID", w->rst_id, w->after_id);
	else
		w->rst_told = false;
}

/* It bears a number shortly before those that followed: that host may have counted it among its own. */
static bool
was_counted(const struct tf_end_watch *w)
{
	return w->rst_id && w->after_id && (uint16_t)(w->after_id - w->rst_id) <= SMALL_STEP;
}

/* The other end takes what came after the RST: both live on, and who had sent it would not (RFC 9293
 * section 3.10.7.4: a reset connection is deleted). */
static void
check_both_went_on(const struct tf_step *st, struct tf_extra *x)
{
	struct tf_end_watch *w = &x->watch[st->to];
	struct tf_finding f;

	if (!x->rst.seen || x->rst.belied || x->rst.from != (uint8_t)st->to || !w->went_on ||
	    !(st->s->flags & TF_ACK) || st->bad_ack || tf_seq_lt(st->s->ack, w->went_on_end) ||
	    st->c->flags & TF_CONN_MIDSTREAM)
		return;
	x->rst.belied = true;
	/* With a SYN it is rather a damaged packet than somebody's reset: that has been said. */
	if (w->rst_with_syn || w->rst_told)
		return;
	w->rst_told = true;
	f = tf_finding(st->ctx, st->c, TF_A_INJECTION_SUSPECTED, st->to);
	tf_finding_text(&f, "what", "RST");
	tf_finding_text(&f, "mismatch", "octets of data, or a FIN, that it sends afterwards");
	tf_finding_count(&f, "found", TF_D_COUNT, w->went_on);
	tf_finding_count(&f, "usual", TF_D_COUNT, 0);
	if (was_counted(w))
		tf_finding_lower(&f, TF_WARNING,
		                 "But its IP identification may be that host's own count: then a firewall or "
		                 "another program on that host has sent it.");
	tf_finding_packet(&f, x->rst.packet);
	tf_finding_packet(&f, st->s->packet);
	tf_raise(st->ctx, st->c, &f);
}

void
tf_injection_refusal(const struct tf_step *st, uint64_t packet)
{
	struct tf_finding f = tf_finding(st->ctx, st->c, TF_A_INJECTION_SUSPECTED, st->to);

	tf_finding_text(&f, "what", "RST");
	tf_finding_text(&f, "mismatch", "SYN,ACKs that answer the same SYN afterwards");
	tf_finding_count(&f, "found", TF_D_COUNT, 1);
	tf_finding_count(&f, "usual", TF_D_COUNT, 0);
	tf_finding_packet(&f, packet);
	tf_finding_packet(&f, st->s->packet);
	tf_raise(st->ctx, st->c, &f);
}

/* ---- a SYN,ACK -------------------------------------------------------------------------- */

/* The SYN, or with Fast Open also some or all of the data on it. */
static bool
acks_only_syn(const struct tf_step *st, const struct tf_extra *x)
{
	uint32_t octets = st->s->ack.v - st->y->isn.v - 1;

	return octets <= (st->to == TF_CLIENT ? x->syn_data : 0);
}

static void
check_syn_ack(const struct tf_step *st, struct tf_extra *x)
{
	struct tf_end_watch *w = &x->watch[st->from];
	bool syn_ack = (st->s->flags & (TF_SYN | TF_ACK | TF_RST)) == (TF_SYN | TF_ACK);

	if (syn_ack && tf_end_has(st->x, TF_END_SYN_SEEN) && !tf_seq_eq(st->s->seq, st->x->isn) &&
	    acks_only_syn(st, x) && !x->held) {
		w->odd_packet = st->s->packet;
		w->odd_ttl = st->s->ttl;
	} else if (w->odd_packet && st->data && st->fresh && st->before[st->to] >= TF_ESTABLISHED) {
		if (came_another_way(w->odd_ttl, st->s->ttl))
			raise_injection(st, "SYN,ACK", w->odd_packet, "TTL", w->odd_ttl, st->s->ttl);
		w->odd_packet = 0;
	}
}

/* ---- data, a FIN --------------------------------------------------------------------------- */

void
tf_injection_data(const struct tf_step *st, const struct tf_digest *former)
{
	bool now = (st->s->options & TF_OPT_TIMESTAMPS) != 0,
	     then = (former->options & TF_OPT_TIMESTAMPS) != 0;

	if (timestamps_agreed(st->c) && now != then)
		raise_injection(st, "data", former->packet, "timestamps", 0, 1);
	else if (came_another_way(former->ttl, st->s->ttl))
		raise_injection(st, "data", former->packet, "TTL", former->ttl, st->s->ttl);
}

void
tf_injection_beyond(const struct tf_step *st, const struct tf_fin_record *fin)
{
	struct tf_extra *x = tf_extra_if(st->ctx, st->c);
	struct tf_end_watch *w = x ? &x->watch[st->from] : NULL;
	bool stamped = (st->s->options & TF_OPT_TIMESTAMPS) != 0;

	if (!w)
		return;
	if (timestamps_agreed(st->c) && stamped != fin->timestamps) {
		raise_injection(st, stamped ? "FIN" : "data", tf_packet_of(st->ctx, fin->packet),
		                "timestamps", 0, 1);
		return;
	}
	/* Which of the two is foreign shows when one of them goes on. */
	if (!w->beyond_packet) {
		w->beyond_packet = st->s->packet;
		w->beyond_ttl = st->s->ttl;
	} else if (w->beyond_ttl == st->s->ttl && came_another_way(fin->ttl, st->s->ttl)) {
		raise_injection(st, "FIN", tf_packet_of(st->ctx, fin->packet), "TTL", fin->ttl, st->s->ttl);
	}
}

void
tf_injection_segment(const struct tf_step *st)
{
	struct tf_extra *x = tf_extra_if(st->ctx, st->c);

	if (!x)
		return;
	if (st->s->flags & TF_RST) {
		note_rst(st, x);
		return;
	}
	check_rst(st, x);
	check_both_went_on(st, x);
	check_syn_ack(st, x);
}
