/*
 * Ends that hang while a connection closes (RFC 9293 section 3.6): a FIN
 * that nobody acknowledges, and a FIN that was acknowledged but never
 * returned.  And FINs that cross.
 *
 * An end is stuck only when its limit ran out inside the capture.
 */
#include "detect/families.h"

#define FIN_LIMIT_NS    INT64_C(15000000000)
#define FIN_REPEATED_NS INT64_C(5000000000)
#define FIN_REPEATS     3

/* The least RTO in use: a FIN that has passed longer ago, and than its receiver is away, does not cross another any
 * more.  It was lost behind the tap, or waits there behind data that were. */
#define ON_ITS_WAY_NS INT64_C(200000000)

static bool
is_on_its_way(const struct tf_step *st)
{
	int64_t ago_ns = st->ctx->now_ns - tf_fin_last_ns(st->ctx, st->c, st->to);

	return ago_ns < ON_ITS_WAY_NS || ago_ns <= tf_end_rtt_ns(st->x);
}

/* A FIN that was acknowledged before it passed did not cross: the other one answered it. */
static void
crossed(const struct tf_step *st)
{
	const struct tf_fin_record *peer = tf_fin_of(st, st->to);

	if (!(st->s->flags & TF_FIN) || st->marks & TF_MARK_UNACCEPTABLE || st->fin_again || st->acks_fin ||
	    tf_seq_ge(st->x->una, st->end) || !tf_end_has(st->x, TF_END_FIN) ||
	    !tf_end_has(st->y, TF_END_FIN) || !peer || !is_on_its_way(st))
		return;
	struct tf_finding f = tf_finding(st->ctx, st->c, TF_A_SIMULTANEOUS_CLOSE, TF_NEITHER);
	tf_finding_duration(&f, "between", st->ctx->now_ns - peer->first_ns);
	tf_finding_packet(&f, tf_packet_of(st->ctx, peer->packet));
	tf_finding_packet(&f, st->s->packet);
	tf_raise(st->ctx, st->c, &f);
}

void
tf_closing_segment(const struct tf_step *st)
{
	crossed(st);
}

/* ---- a FIN without its ACK -------------------------------------------------------- */

static int
unacknowledged_id(enum tf_state state)
{
	switch (state) {
	case TF_FIN_WAIT_1:
		return TF_A_STUCK_FIN_WAIT_1;
	case TF_CLOSING:
		return TF_A_STUCK_CLOSING;
	case TF_LAST_ACK:
		return TF_A_STUCK_LAST_ACK;
	case TF_CLOSED:
	case TF_LISTEN:
	case TF_SYN_SENT:
	case TF_SYN_RECEIVED:
	case TF_ESTABLISHED:
	case TF_FIN_WAIT_2:
	case TF_CLOSE_WAIT:
	case TF_TIME_WAIT:
	case TF_STATE_COUNT:
		break;
	}
	return -1;
}

/* From the FIN on; or from its repetition, where its ACK passed and was lost behind the tap. */
static int64_t
unacknowledged_since(const struct tf_context *ctx, const struct tf_connection *c, enum tf_endpoint which)
{
	const struct tf_fin_record *fin = &tf_closing_if(ctx, c)->fin[which];

	return fin->ack_last_ns ? tf_fin_last_ns(ctx, c, which) : fin->first_ns;
}

/* Who comes to CLOSING late has hung in FIN-WAIT-1 before, and is not stuck in CLOSING yet. */
static int64_t
in_state_since(const struct tf_context *ctx, const struct tf_connection *c, enum tf_endpoint which)
{
	int64_t since = unacknowledged_since(ctx, c, which);
	int64_t acked_ns = tf_closing_if(ctx, c)->fin[!which].ack_ns;
	int64_t closing_ns = acked_ns ? acked_ns : tf_fin_last_ns(ctx, c, !which);

	return tf_end_state(&c->end[which]) == TF_CLOSING && closing_ns > since ? closing_ns : since;
}

static int64_t
fin_deadline(const struct tf_context *ctx, const struct tf_connection *c, enum tf_endpoint which)
{
	int id = unacknowledged_id(tf_end_state(&c->end[which]));

	if (id < 0)
		return INT64_MAX;
	const struct tf_fin_record *fin = &tf_closing_if(ctx, c)->fin[which];
	unsigned again = tf_fin_times_again(ctx, c, which);
	/* Where the other direction is missing, or all bare ACKs, so are those of the FIN: then only its repetitions
	 * show that none came.  And where the FIN itself did not pass, its ACK need not have. */
	if (fin->inferred || (tf_without_acks(ctx) && !again) || !fin->packet ||
	    (!c->end[!which].packets && again < FIN_REPEATS) || tf_raised(ctx, c, (enum tf_anomaly)id, which))
		return INT64_MAX;
	return in_state_since(ctx, c, which) + (again >= FIN_REPEATS ? FIN_REPEATED_NS : FIN_LIMIT_NS);
}

static void
place_fin(struct tf_finding *f, const struct tf_fin_record *fin, unsigned again)
{
	if (fin->ack_last_ns)
		tf_finding_where(f, TF_WHERE_BEHIND,
		                 "an ACK of it passed the tap and was lost behind it, on the way back");
	else if (again)
		tf_finding_where(
		    f, TF_WHERE_BEHIND,
		    "each copy passed the tap and no ACK of it did, so they are lost behind it, or "
		    "the ACKs are");
	else
		tf_finding_where(
		    f, TF_WHERE_UNKNOWN,
		    "it passed the tap once, and neither a repetition nor an ACK followed, so its "
		    "sender is gone, too, or the capture missed the ACK");
}

static void
raise_stuck_fin(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint which)
{
	const struct tf_fin_record *fin = &tf_closing_if(ctx, c)->fin[which];
	int id = unacknowledged_id(tf_end_state(&c->end[which]));
	unsigned again = tf_fin_times_again(ctx, c, which);
	struct tf_finding f = tf_finding(ctx, c, (enum tf_anomaly)id, which);

	tf_finding_duration(&f, "for", ctx->now_ns - fin->first_ns);
	tf_finding_count(&f, "retransmissions", TF_D_COUNT, again);
	tf_finding_count(&f, "fin_packet", TF_D_PACKET, tf_packet_of(ctx, fin->packet));
	place_fin(&f, fin, again);
	tf_finding_packet(&f, tf_packet_of(ctx, fin->packet));
	tf_finding_packet(&f, again ? tf_extra_if(ctx, c)->fin_again[which].last_packet
	                            : tf_packet_of(ctx, fin->packet));
	tf_raise(ctx, c, &f);
}

/* ---- a FIN without an answer ------------------------------------------------------- */

/* WAITER keeps its window shut, and the other end probes it: that one has more to send, and its FIN comes behind
 * it. */
static bool
holds_back(const struct tf_extra *x, enum tf_endpoint waiter)
{
	int64_t shut_ns = x->watch[waiter].shut_ns;

	return shut_ns && x->watch[!waiter].tried_ns >= shut_ns;
}

/* The FIN of WAITER was acknowledged at this time, or the other end sent
 * data then, or tried to; INT64_MAX where nobody waits, or where the capture may have
 * missed what he waits for. */
static int64_t
waits_since(const struct tf_context *ctx, const struct tf_connection *c, enum tf_endpoint waiter)
{
	const struct tf_end *end = &c->end[waiter], *peer = &c->end[!waiter];

	if (tf_end_state(end) != TF_FIN_WAIT_2 || tf_end_state(peer) != TF_CLOSE_WAIT)
		return INT64_MAX;
	const struct tf_closing *k = tf_closing_if(ctx, c);
	const struct tf_extra *x = tf_extra_if(ctx, c);
	const struct tf_fin_record *fin = &k->fin[waiter];
	int64_t data_ns = tf_data_after_fin_ns(k, !waiter);
	/* What did not pass may have been an octet of data. */
	if (!fin->ack_ns || fin->inferred)
		return INT64_MAX;
	/* It may have sent its FIN before the capture began. */
	if (c->flags & TF_CONN_MIDSTREAM && !tf_end_has(peer, TF_END_SENT_DATA))
		return INT64_MAX;
	if (x && x->gap[!waiter].times && x->gap[!waiter].packet > tf_packet_of(ctx, fin->packet))
		return INT64_MAX;
	if (x && holds_back(x, waiter))
		return INT64_MAX;
	/* What is sent again says what new data would: there is more to come. */
	if (x && x->watch[!waiter].tried_ns > data_ns)
		data_ns = x->watch[!waiter].tried_ns;
	return data_ns > fin->ack_ns ? data_ns : fin->ack_ns;
}

static int64_t
limit_after(const struct tf_context *ctx, int64_t since, enum tf_timer timer)
{
	return since == INT64_MAX ? INT64_MAX : since + ctx->config->timer[timer];
}

static int64_t
wait_deadline(const struct tf_context *ctx, const struct tf_connection *c, enum tf_endpoint waiter)
{
	enum tf_endpoint peer = waiter == TF_CLIENT ? TF_SERVER : TF_CLIENT;
	int64_t since = waits_since(ctx, c, waiter), next = INT64_MAX, leak;

	if (since == INT64_MAX)
		return next;
	if (!tf_raised(ctx, c, TF_A_STUCK_FIN_WAIT_2, waiter))
		next = limit_after(ctx, since, TF_TIMER_FIN_WAIT_2);
	if (!tf_raised(ctx, c, TF_A_STUCK_CLOSE_WAIT, peer)) {
		leak = limit_after(ctx, since, TF_TIMER_CLOSE_WAIT);
		next = leak < next ? leak : next;
	}
	return next;
}

static void
raise_wait(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint about, enum tf_endpoint waiter,
           enum tf_anomaly id)
{
	const struct tf_fin_record *fin = &tf_closing_if(ctx, c)->fin[waiter];
	struct tf_finding f = tf_finding(ctx, c, id, about);

	tf_finding_duration(&f, "for", ctx->now_ns - waits_since(ctx, c, waiter));
	tf_finding_count(&f, "fin_packet", TF_D_PACKET, tf_packet_of(ctx, fin->packet));
	tf_finding_count(&f, "ack_packet", TF_D_PACKET, tf_packet_of(ctx, fin->ack_packet));
	tf_finding_packet(&f, tf_packet_of(ctx, fin->packet));
	tf_finding_packet(&f, tf_packet_of(ctx, fin->ack_packet));
	tf_raise(ctx, c, &f);
}

static void
check_wait(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint waiter)
{
	enum tf_endpoint peer = waiter == TF_CLIENT ? TF_SERVER : TF_CLIENT;
	int64_t since = waits_since(ctx, c, waiter);

	if (limit_after(ctx, since, TF_TIMER_FIN_WAIT_2) <= ctx->now_ns &&
	    !tf_raised(ctx, c, TF_A_STUCK_FIN_WAIT_2, waiter))
		raise_wait(ctx, c, waiter, waiter, TF_A_STUCK_FIN_WAIT_2);
	if (limit_after(ctx, since, TF_TIMER_CLOSE_WAIT) <= ctx->now_ns &&
	    !tf_raised(ctx, c, TF_A_STUCK_CLOSE_WAIT, peer)) {
		raise_wait(ctx, c, peer, waiter, TF_A_STUCK_CLOSE_WAIT);
		if (peer == TF_SERVER)
			tf_leaks_enter(ctx, c, since);
	}
}

int64_t
tf_closing_next(const struct tf_context *ctx, const struct tf_connection *c)
{
	int64_t next = INT64_MAX, at;

	if (tf_connection_rests(c))
		return next;
	for (enum tf_endpoint e = TF_CLIENT; e <= TF_SERVER; e++) {
		at = fin_deadline(ctx, c, e);
		next = at < next ? at : next;
		at = wait_deadline(ctx, c, e);
		next = at < next ? at : next;
	}
	return next;
}

void
tf_closing_deadline(struct tf_context *ctx, struct tf_connection *c)
{
	if (!c->closing || tf_connection_rests(c))
		return;
	for (enum tf_endpoint e = TF_CLIENT; e <= TF_SERVER; e++) {
		if (fin_deadline(ctx, c, e) <= ctx->now_ns)
			raise_stuck_fin(ctx, c, e);
		check_wait(ctx, c, e);
	}
}
