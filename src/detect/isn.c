/*
 * A 4-tuple that is used again: were the initial sequence numbers chosen
 * so that no octet of the former connection can be taken for one of the
 * new (RFC 9293 section 3.4.1), and was it allowed to end TIME-WAIT
 * (RFC 6191 section 2, RFC 1122 section 4.2.2.13)?
 *
 * Elapsed time alone never raises anything: the numbers decide.
 */
#include "detect/families.h"

/* 2 MSL, whatever the observed hosts' own TIME-WAIT is. */
#define TWO_MSL_NS (INT64_C(240) * 1000000000)

static unsigned
side_of(const struct tf_connection *c, enum tf_endpoint which)
{
	return (which == TF_SERVER) != ((c->flags & TF_CONN_CLIENT_SECOND) != 0);
}

static bool
bit(unsigned mask, unsigned side)
{
	return mask >> side & 1;
}

/* Octets that [a, a + a_len) and [b, b + b_len) have in common, modulo 2^32. */
static uint32_t
overlap(tf_seq a, uint32_t a_len, tf_seq b, uint32_t b_len)
{
	uint32_t b_in_a = b.v - a.v, a_in_b = a.v - b.v;

	if (b_in_a < a_len)
		return a_len - b_in_a < b_len ? a_len - b_in_a : b_len;
	if (a_in_b < b_len)
		return b_len - a_in_b < a_len ? b_len - a_in_b : a_len;
	return 0;
}

/* How far the other end lets this one send at first. */
static uint32_t
first_window(const struct tf_connection *c, enum tf_endpoint which)
{
	const struct tf_end *end = &c->end[which], *peer = &c->end[!which];

	if (tf_end_has(peer, TF_END_WINDOW_KNOWN) && tf_seq_gt(peer->right, end->isn))
		return peer->right.v - end->isn.v;
	return (uint32_t)peer->window + 1;
}

static void
evidence(const struct tf_step *st, struct tf_finding *f)
{
	tf_finding_packet(f, tf_first_packet(st->ctx, st->c));
	tf_finding_packet(f, tf_answer_packet(st->ctx, st->c));
	tf_finding_packet(f, st->s->packet);
}

static bool
exchanged(const struct tf_former *former)
{
	return former->close != TF_CLOSE_UNANSWERED && former->close != TF_CLOSE_REFUSED;
}

static void
check_collision(const struct tf_step *st, const struct tf_former *former, enum tf_endpoint which)
{
	const struct tf_end *end = &st->c->end[which];
	unsigned side = side_of(st->c, which);
	uint32_t used = former->max[side].v - former->isn[side].v;
	uint32_t common = overlap(end->isn, first_window(st->c, which), former->isn[side], used);

	if (!common || used <= 1 || !exchanged(former) ||
	    st->c->first_ts_ns - former->last_ts_ns >= TWO_MSL_NS)
		return;
	bool protected = bit(former->timestamps, side) && tf_end_has(end, TF_END_TIMESTAMPS) &&
	                 (int32_t)(end->tsval - former->tsval[side]) > 0;
	struct tf_finding f = tf_finding(st->ctx, st->c, TF_A_ISN_COLLISION, which);
	tf_finding_count(&f, "former", TF_D_COUNT, former->conn);
	tf_finding_duration(&f, "since_close", tf_since_former(st->c, former));
	tf_finding_count(&f, "isn", TF_D_SEQ, end->isn.v);
	tf_finding_text(&f, "how",
	                end->isn.v - former->isn[side].v < used ? "inside"
	                                                        : "from which its first window reaches into");
	tf_finding_count(&f, "overlap", TF_D_COUNT, common);
	tf_finding_count(&f, "former_first", TF_D_SEQ, former->isn[side].v);
	tf_finding_count(&f, "former_last", TF_D_SEQ, former->max[side].v - 1);
	tf_finding_count(&f, "protected", TF_D_BOOL, protected);
	if (protected)
		tf_finding_lower(&f, TF_NOTICE,
		                 "But both connections use timestamps, and these went on: a late segment is "
		                 "recognised by its older one and dropped (RFC 7323 section 5).");
	else if (tf_end_has(end, TF_END_OPTIONS_CUT))
		tf_finding_lower(
		    &f, TF_NOTICE,
		    "But the snap length cut its options: if both connections use timestamps, and "
		    "these went on, a late segment is recognised and dropped (RFC 7323 section 5).");
	evidence(st, &f);
	tf_raise(st->ctx, st->c, &f);
}

/* All that WHICH sent before was this SYN, or SYN,ACK. */
static bool
sent_this_alone(const struct tf_step *st, const struct tf_former *former, enum tf_endpoint which)
{
	unsigned side = side_of(st->c, which);

	return bit(former->max_known, side) && former->max[side].v - former->isn[side].v == 1 &&
	       tf_seq_eq(st->c->end[which].isn, former->isn[side]);
}

/* The client may be sending its SYN again, since what answered it was lost behind the tap: then it comes when that is due,
 * after twice the time at most that has gone by (RFC 6298 section 5.5).  Timers run late, up to an eighth of their length. */
static bool
may_be_sent_again(const struct tf_step *st, const struct tf_former *former)
{
	int64_t lasted_ns = former->last_ts_ns - former->first_ts_ns;
	/* A capture may span centuries. */
	int64_t due_ns = lasted_ns < INT64_MAX / 4 ? 2 * lasted_ns : INT64_MAX / 2;

	due_ns = due_ns > TF_SETTLE_NS ? due_ns : TF_SETTLE_NS;
	return sent_this_alone(st, former, TF_CLIENT) &&
	       tf_since_former(st->c, former) <= due_ns + due_ns / 8;
}

/* Then the server's SYN,ACK may be the former one, too: that of an embryo that lived on, an old duplicate, or a SYN cookie,
 * which comes from the same SYN by the same sum. */
static bool
is_no_choice(const struct tf_step *st, const struct tf_former *former, enum tf_endpoint which)
{
	return may_be_sent_again(st, former) && sent_this_alone(st, former, which);
}

static void
raise_reuse(const struct tf_step *st, const struct tf_former *former, enum tf_endpoint which)
{
	struct tf_finding f = tf_finding(st->ctx, st->c, TF_A_ISN_REUSE, which);

	tf_finding_count(&f, "former", TF_D_COUNT, former->conn);
	tf_finding_count(&f, "isn", TF_D_SEQ, st->c->end[which].isn.v);
	tf_finding_duration(&f, "since_open", st->c->first_ts_ns - former->first_ts_ns);
	evidence(st, &f);
	tf_raise(st->ctx, st->c, &f);
}

/* RFC 6191 section 2: what makes the SYN acceptable in TIME-WAIT; NULL where nothing does. */
static const char *
acceptable_by(const struct tf_end *end, const struct tf_former *former, unsigned side)
{
	bool before = bit(former->timestamps, side), now = tf_end_has(end, TF_END_TIMESTAMPS);
	bool higher = tf_seq_ge(end->isn, former->max[side]);

	if (now && !before)
		return "timestamp";
	if (now) {
		int32_t later = (int32_t)(end->tsval - former->tsval[side]);
		if (later > 0)
			return "timestamp";
		return later == 0 && higher ? "sequence number" : NULL;
	}
	return higher ? "sequence number" : NULL;
}

static void
check_time_wait(const struct tf_step *st, const struct tf_former *former)
{
	const struct tf_end *end = &st->c->end[TF_CLIENT];
	unsigned side = side_of(st->c, TF_CLIENT);

	if (!former->time_wait || !bit(former->max_known, side))
		return;
	const char *by = acceptable_by(end, former, side);
	/* The snap length may have cut a timestamp that makes it safe. */
	if (!by && tf_end_has(end, TF_END_OPTIONS_CUT))
		return;
	struct tf_finding f =
	    tf_finding(st->ctx, st->c, by ? TF_A_TIME_WAIT_REUSE : TF_A_TIME_WAIT_REUSE_UNSAFE, TF_CLIENT);
	tf_finding_count(&f, "former", TF_D_COUNT, former->conn);
	tf_finding_duration(&f, "since_close", tf_since_former(st->c, former));
	tf_finding_count(&f, "isn", TF_D_SEQ, end->isn.v);
	tf_finding_count(&f, "highest_seq", TF_D_SEQ, former->max[side].v - 1);
	if (by)
		tf_finding_text(&f, "by", by);
	evidence(st, &f);
	tf_raise(st->ctx, st->c, &f);
}

/* The former connection's own SYN once more, out of the network: its number, and a timestamp from before that one's end.
 * Who took it for a new one was deceived (RFC 9293 section 3.5, figure 9), but nobody chose that number anew.  Where the
 * capture missed that SYN, any lower number may have been its own. */
static bool
is_old_duplicate(const struct tf_connection *c, const struct tf_former *former)
{
	const struct tf_end *end = &c->end[TF_CLIENT];
	unsigned side = side_of(c, TF_CLIENT);
	bool may_be_its_own = bit(former->isn_known, side)
	                          ? tf_seq_eq(end->isn, former->isn[side])
	                          : bit(former->max_known, side) && tf_seq_lt(end->isn, former->max[side]);

	return may_be_its_own && bit(former->timestamps, side) && tf_end_has(end, TF_END_TIMESTAMPS) &&
	       (int32_t)(end->tsval - former->tsval[side]) < 0;
}

/* A former number may be that of an old duplicate, and what answers one draws a RST (RFC 9293 section 3.5, figures 8 and
 * 11): that it was chosen is sure once the client takes the answer.  A new number was chosen in any case. */
static void
check_number(const struct tf_step *st, const struct tf_former *former, enum tf_endpoint which)
{
	const struct tf_end *end = &st->c->end[which];
	unsigned side = side_of(st->c, which);
	bool takes = st->from == TF_CLIENT && st->c->flags & TF_CONN_SYN_ACK, accepts = st->s->flags & TF_SYN;

	if (!tf_end_has(end, TF_END_ISN_KNOWN) || !bit(former->isn_known, side))
		return;
	bool again = tf_seq_eq(end->isn, former->isn[side]);
	if (takes && again && !is_no_choice(st, former, which))
		raise_reuse(st, former, which);
	if (again ? takes : accepts)
		check_collision(st, former, which);
}

/* The SYN,ACK accepts the new connection, and the client takes it: now both ISNs are known, and it matters. */
void
tf_isn_segment(const struct tf_step *st)
{
	const struct tf_extra *x = tf_extra_if(st->ctx, st->c);

	if (!x || !x->former.conn || !st->first_ack_of_syn || st->s->flags & TF_RST)
		return;
	bool stale = is_old_duplicate(st->c, &x->former);
	for (enum tf_endpoint e = TF_CLIENT; e <= TF_SERVER; e++)
		if (e != TF_CLIENT || !stale)
			check_number(st, &x->former, e);
	if (st->s->flags & TF_SYN && !stale)
		check_time_wait(st, &x->former);
}
