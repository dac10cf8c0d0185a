/*
 * A handshake that goes on otherwise than it should: its last segment is
 * not taken, the roles are turned round, something is acknowledged that
 * was never sent, the SYN carries data, or comes with another number.
 */
#include "detect/families.h"
#include "detect/memory.h"

/* A RST that must follow may take so long. */
#define AWAIT_RST_NS INT64_C(3000000000)

static bool
is_syn_ack(const struct tf_step *st)
{
	return (st->s->flags & (TF_SYN | TF_ACK | TF_RST)) == (TF_SYN | TF_ACK);
}

/* ---- its frames -------------------------------------------------------------------- */

static struct tf_handshake_packets *
place_of(const struct tf_context *ctx, const struct tf_connection *c)
{
	return tf_handshake_place(ctx->memory, c->conn);
}

/* The place of connection CONN, empty if it was another one's. */
static struct tf_handshake_packets *
own_place_of(const struct tf_context *ctx, uint64_t conn)
{
	struct tf_handshake_packets *p = tf_handshake_place(ctx->memory, conn);

	if (p->conn != (uint32_t)conn)
		*p = (struct tf_handshake_packets){.conn = (uint32_t)conn};
	return p;
}

void
tf_note_answer_packet(struct tf_context *ctx, uint64_t conn, const struct tf_segment *s)
{
	struct tf_handshake_packets *p = own_place_of(ctx, conn);

	p->answer = (uint32_t)s->packet;
	p->answer_ns = ctx->now_ns;
}

void
tf_note_third_packet(struct tf_context *ctx, const struct tf_connection *c, const struct tf_segment *s)
{
	own_place_of(ctx, c->conn)->third = (uint32_t)s->packet;
}

/* Its frame, if it is remembered; else 0. */
static uint64_t
third_packet(const struct tf_context *ctx, const struct tf_connection *c)
{
	const struct tf_handshake_packets *p = place_of(ctx, c);

	return p->conn == (uint32_t)c->conn ? tf_packet_of(ctx, p->third) : 0;
}

static bool
remembers_answer(const struct tf_context *ctx, const struct tf_connection *c)
{
	const struct tf_handshake_packets *p = place_of(ctx, c);

	return p->conn == (uint32_t)c->conn && p->answer;
}

uint64_t
tf_answer_packet(const struct tf_context *ctx, const struct tf_connection *c)
{
	return remembers_answer(ctx, c) ? tf_packet_of(ctx, place_of(ctx, c)->answer)
	                                : tf_first_packet(ctx, c);
}

int64_t
tf_answer_ns(const struct tf_context *ctx, const struct tf_connection *c)
{
	if (remembers_answer(ctx, c))
		return place_of(ctx, c)->answer_ns;
	return c->flags & TF_CONN_ESTABLISHED ? INT64_MAX : tf_handshake_at_ns(c);
}

/* ---- the third segment ------------------------------------------------------------- */

static void
raise_overflow(const struct tf_step *st, const struct tf_extra *x, uint32_t segments, uint32_t bytes)
{
	struct tf_finding f = tf_finding(st->ctx, st->c, TF_A_BACKLOG_OVERFLOW, TF_SERVER);

	tf_finding_duration(&f, "for", st->ctx->now_ns - tf_handshake_at_ns(st->c));
	tf_finding_count(&f, "retransmissions", TF_D_COUNT, x->syn_ack_after_ack);
	tf_finding_count(&f, "segments", TF_D_COUNT, segments);
	tf_finding_count(&f, "bytes", TF_D_COUNT, bytes);
	tf_finding_where(&f, TF_WHERE_BEHIND, "all that the client sent had passed the tap");
	tf_finding_packet(&f, tf_answer_packet(st->ctx, st->c));
	tf_finding_packet(&f, third_packet(st->ctx, st->c));
	tf_finding_packet(&f, tf_data_packet(st->ctx, st->c, TF_CLIENT, st->y->una));
	tf_finding_packet(&f, st->s->packet);
	tf_raise(st->ctx, st->c, &f);
}

/* The client's data, of which nothing is acknowledged, or the SYN,ACK would not come.  What passed shortly before it may
 * have crossed it (a listener that waited for data takes it then): what was sent again, or had passed before the SYN,ACK
 * that came last, has not. */
static void
check_unheeded(const struct tf_step *st, struct tf_extra *x)
{
	const struct tf_end *client = st->y;
	uint32_t bytes = tf_seq_gt(client->max, client->una) ? client->max.v - client->una.v : 0;
	bool late = x->end[TF_CLIENT].retransmitted > x->syn_again || x->data_unheeded;

	bytes -= bytes && tf_end_has(client, TF_END_FIN);
	uint32_t segments = bytes ? tf_repetition_sent(st->ctx, st->c, TF_CLIENT, x) : 0;
	x->data_unheeded = segments > 0;
	if (segments >= 2 && late)
		raise_overflow(st, x, segments, bytes);
}

/* The SYN,ACK comes again though its ACK passed long enough before. */
static void
not_taken(const struct tf_step *st)
{
	struct tf_extra *x = tf_extra_if(st->ctx, st->c);
	uint64_t third = third_packet(st->ctx, st->c);

	if (!is_syn_ack(st) || !(st->marks & TF_MARK_RETRANSMISSION) || !x || !x->syn_ack_after_ack ||
	    st->from != TF_SERVER || !(st->c->flags & TF_CONN_ESTABLISHED) ||
	    tf_end_state(st->x) != TF_SYN_RECEIVED)
		return;
	struct tf_finding f = tf_finding(st->ctx, st->c, TF_A_HANDSHAKE_ACK_LOST, TF_SERVER);
	tf_finding_duration(&f, "after", st->ctx->now_ns - tf_handshake_at_ns(st->c));
	tf_finding_count(&f, "retransmissions", TF_D_COUNT, x->syn_ack_after_ack);
	if (third)
		tf_finding_count(&f, "ack_packet", TF_D_PACKET, third);
	tf_finding_where(&f, TF_WHERE_BEHIND, "the ACK had passed the tap");
	tf_finding_packet(&f, tf_answer_packet(st->ctx, st->c));
	tf_finding_packet(&f, third);
	tf_finding_packet(&f, st->s->packet);
	tf_raise(st->ctx, st->c, &f);

	check_unheeded(st, x);
}

/* ---- roles turned round -------------------------------------------------------------- */

static void
raise_split(const struct tf_step *st, const char *how)
{
	const struct tf_extra *x = tf_extra_if(st->ctx, st->c);
	struct tf_finding f = tf_finding(st->ctx, st->c, TF_A_SPLIT_HANDSHAKE, TF_SERVER);

	tf_finding_text(&f, "how", how);
	tf_finding_packet(&f, tf_first_packet(st->ctx, st->c));
	if (x)
		tf_finding_packet(&f, x->crossing_packet);
	tf_finding_packet(&f, st->s->packet);
	tf_raise(st->ctx, st->c, &f);
}

/* The other SYN passed sooner than an answer seems to: this ACK shows how long one takes, at most. */
static bool
syns_crossed(const struct tf_step *st)
{
	const struct tf_extra *x = tf_extra_if(st->ctx, st->c);
	int64_t answer_ns = st->ctx->now_ns - tf_handshake_at_ns(st->c);

	return x && x->crossing_ns && x->crossing_ns - st->c->first_ts_ns < answer_ns / 2;
}

/* In a simultaneous open the other end answers the SYN with a SYN,ACK, too.  Where that does not pass, the times are all
 * that is left, and an answer may be slow for other reasons than the path.  A client that has gone on before had an answer
 * that did not pass. */
static void
split(const struct tf_step *st)
{
	unsigned flags = st->s->flags & (TF_SYN | TF_ACK | TF_RST);
	const struct tf_end *client = &st->c->end[TF_CLIENT];

	if (!(st->c->flags & TF_CONN_SIMULTANEOUS) || st->from != TF_SERVER ||
	    st->c->flags & (TF_CONN_GAP | TF_CONN_MIDSTREAM | TF_CONN_ESTABLISHED) ||
	    tf_raised(st->ctx, st->c, TF_A_SPLIT_HANDSHAKE, TF_SERVER))
		return;
	if (st->c->flags & TF_CONN_SPLIT && flags == TF_SYN)
		raise_split(st, "a bare ACK and a SYN of its own");
	else if (!(st->c->flags & TF_CONN_SPLIT) && flags == TF_ACK && st->first_ack_of_syn &&
	         tf_end_has(st->x, TF_END_SYN_ACKED) && tf_was_in(st->x, TF_SYN_SENT) &&
	         tf_end_state(client) >= TF_SYN_RECEIVED) {
		if (syns_crossed(st))
			tf_raise_simultaneous_open(st, "Only one SYN,ACK passed: if answers of that end are "
			                               "slow, the second SYN may have "
			                               "been its answer to the first, a split handshake.");
		else
			raise_split(st, "a SYN of its own");
	}
}

/* ---- an ACK of what was never sent ---------------------------------------------------- */

static bool
explained_by_loss(const struct tf_step *st)
{
	/* What the other end may have sent unseen lies within the window that it was offered. */
	if (st->s->flags & TF_SYN || st->before[st->to] == TF_SYN_SENT)
		return false;
	return st->c->flags & TF_CONN_GAP ||
	       (tf_seq_gt(st->s->ack, st->y->max) && !tf_end_has(st->x, TF_END_WINDOW_KNOWN)) ||
	       (tf_seq_gt(st->s->ack, st->y->max) && tf_seq_le(st->s->ack, st->x->right));
}

/* The SYN that ST acknowledges, where it is one of the receiver's former attempts, or an old one that is held. */
static uint64_t
old_syn_packet(const struct tf_step *st, const struct tf_extra *x)
{
	const struct tf_held_syn *held = x->held ? tf_pool_at(&st->ctx->held, x->held) : NULL;
	unsigned side = (st->to == TF_SERVER) != ((st->c->flags & TF_CONN_CLIENT_SECOND) != 0);
	tf_seq isn = tf_seq_add(st->s->ack, UINT32_MAX);

	if (!(st->s->flags & TF_SYN))
		return 0;
	if (held && held->from == (uint8_t)st->to && tf_seq_eq(held->segment.seq, isn))
		return held->segment.packet;
	if (x->former.conn && x->former.close == TF_CLOSE_UNANSWERED && x->former.isn_known >> side & 1 &&
	    tf_seq_eq(x->former.isn[side], isn))
		return x->former.first_packet;
	return 0;
}

static void
note_mismatch(const struct tf_step *st)
{
	enum tf_state state = st->before[st->to];

	if (!st->bad_ack || st->s->flags & TF_RST || st->c->flags & TF_CONN_MIDSTREAM ||
	    !tf_end_has(st->y, TF_END_SYN_SEEN) || (state != TF_SYN_SENT && state != TF_SYN_RECEIVED) ||
	    tf_raised(st->ctx, st->c, TF_A_HANDSHAKE_ACK_MISMATCH, st->from))
		return;
	struct tf_extra *x = tf_extra_of(st->ctx, st->c);
	if (!x || x->mismatch.waiting)
		return;
	x->mismatch = (struct tf_mismatch){
	    .ts_ns = st->ctx->now_ns,
	    .packet = st->s->packet,
	    .old_packet = old_syn_packet(st, x),
	    .ack = st->s->ack,
	    .expected = tf_seq_max(st->y->nxt, tf_seq_add(st->y->isn, 1)),
	    .from = (uint8_t)st->from,
	    .state = (uint8_t)state,
	    .syn = (st->s->flags & TF_SYN) != 0,
	    .explained = explained_by_loss(st),
	    .waiting = true,
	};
}

static void
raise_mismatch(struct tf_context *ctx, struct tf_connection *c, struct tf_extra *x, uint64_t reset)
{
	struct tf_mismatch *m = &x->mismatch;
	struct tf_finding f = tf_finding(ctx, c, TF_A_HANDSHAKE_ACK_MISMATCH, m->from);

	m->waiting = false;
	if (m->old_packet && reset)
		tf_finding_lower(
		    &f, TF_NOTICE,
		    "It answered a SYN of an earlier attempt, which arrived late, and the reset undid "
		    "that (RFC 9293 section 3.5, figure 8).");
	tf_finding_count(&f, "ack", TF_D_SEQ, m->ack.v);
	tf_finding_count(&f, "expected", TF_D_SEQ, m->expected.v);
	tf_finding_count(&f, "state", TF_D_STATE, m->state);
	tf_finding_count(&f, "reset", TF_D_BOOL, reset != 0);
	tf_finding_packet(&f, m->old_packet);
	tf_finding_packet(&f, m->packet);
	tf_finding_packet(&f, reset);
	tf_raise(ctx, c, &f);
}

/* The RST to such an ACK bears its number and no ACK (RFC 9293 section 3.10.7.3).  One with an ACK is an abort: then what was
 * acknowledged had been sent. */
static bool
disowns_ack(const struct tf_step *st, const struct tf_mismatch *m)
{
	return (st->s->flags & (TF_RST | TF_ACK)) == TF_RST && m->from == (uint8_t)st->to &&
	       tf_seq_eq(st->s->seq, m->ack);
}

static void
mismatch(const struct tf_step *st)
{
	struct tf_extra *x = tf_extra_if(st->ctx, st->c);

	if (x && x->mismatch.waiting && disowns_ack(st, &x->mismatch))
		raise_mismatch(st->ctx, st->c, x, st->s->packet);
	else
		note_mismatch(st);
}

/* ---- data on the SYN ------------------------------------------------------------------- */

static void
note_syn_data(const struct tf_step *st)
{
	struct tf_extra *x;

	if ((st->s->flags & (TF_SYN | TF_ACK | TF_RST)) != TF_SYN || !st->s->len || st->from != TF_CLIENT)
		return;
	x = tf_extra_of(st->ctx, st->c);
	if (!x || x->syn_data)
		return;
	x->syn_data = st->s->len;
	x->syn_fast_open = (st->s->options & TF_OPT_FAST_OPEN) != 0;
}

static void
raise_syn_data(struct tf_context *ctx, struct tf_connection *c, const struct tf_extra *x, uint32_t taken)
{
	struct tf_finding f = tf_finding(ctx, c, TF_A_SYN_DATA, TF_CLIENT);

	if (!x->syn_fast_open && !tf_end_has(&c->end[TF_CLIENT], TF_END_OPTIONS_CUT))
		f.severity = TF_WARNING;
	tf_finding_count(&f, "bytes", TF_D_COUNT, x->syn_data);
	tf_finding_count(&f, "fast_open", TF_D_BOOL, x->syn_fast_open);
	tf_finding_count(&f, "acknowledged", TF_D_COUNT, taken < x->syn_data ? taken : x->syn_data);
	tf_finding_packet(&f, tf_first_packet(ctx, c));
	tf_finding_packet(&f, ctx->packet);
	tf_raise(ctx, c, &f);
}

static void
syn_data(const struct tf_step *st)
{
	const struct tf_extra *x = tf_extra_if(st->ctx, st->c);

	note_syn_data(st);
	if (!x || !x->syn_data || st->from != TF_SERVER || st->bad_ack ||
	    tf_raised(st->ctx, st->c, TF_A_SYN_DATA, TF_CLIENT))
		return;
	if (is_syn_ack(st))
		raise_syn_data(st->ctx, st->c, x, st->s->ack.v - st->c->end[TF_CLIENT].isn.v - 1);
	else if (st->s->flags & TF_RST)
		raise_syn_data(st->ctx, st->c, x, 0);
}

/* ---- another number ---------------------------------------------------------------------- */

/* The former attempt was given up only because this one came (TF_SYN_ATTEMPT). */
static void
isn_changed(const struct tf_step *st)
{
	const struct tf_extra *x = tf_extra_if(st->ctx, st->c);
	unsigned side = (st->c->flags & TF_CONN_CLIENT_SECOND) != 0;

	if (!x || !x->former.conn || st->from != TF_CLIENT || st->x->packets != 1 ||
	    x->former.close != TF_CLOSE_UNANSWERED || !(x->former.isn_known >> side & 1))
		return;
	int64_t after = st->c->first_ts_ns - x->former.first_ts_ns;
	if (after >= st->ctx->config->timer[TF_TIMER_SYN_SENT] || tf_seq_eq(st->x->isn, x->former.isn[side]))
		return;
	struct tf_finding f = tf_finding(st->ctx, st->c, TF_A_ISN_CHANGED, TF_CLIENT);
	tf_finding_count(&f, "isn", TF_D_SEQ, st->x->isn.v);
	tf_finding_count(&f, "former_isn", TF_D_SEQ, x->former.isn[side].v);
	tf_finding_duration(&f, "after", after);
	tf_finding_count(&f, "former", TF_D_COUNT, x->former.conn);
	tf_finding_packet(&f, x->former.first_packet);
	tf_finding_packet(&f, st->s->packet);
	tf_raise(st->ctx, st->c, &f);
}

/* ---- the checklist ------------------------------------------------------------------------ */

/* Where the SYNs crossed, a SYN of the server passed before its SYN,ACK. */
static bool
is_first_answer(const struct tf_step *st)
{
	bool second = st->c->flags & TF_CONN_SIMULTANEOUS && !(st->marks & TF_MARK_RETRANSMISSION);

	return is_syn_ack(st) && st->from == TF_SERVER && (st->first_syn || second);
}

void
tf_handshake_segment(const struct tf_step *st)
{
	if (is_first_answer(st))
		tf_note_answer_packet(st->ctx, st->c->conn, st->s);
	if (st->c->flags & TF_CONN_EMBRYONIC && st->from == TF_CLIENT && st->first_ack_of_syn)
		tf_note_third_packet(st->ctx, st->c, st->s);
	if (st->s->flags & (TF_SYN | TF_RST))
		syn_data(st);
	if (st->s->flags & TF_SYN) {
		isn_changed(st);
		not_taken(st);
	}
	split(st);
	mismatch(st);
}

int64_t
tf_handshake_next(const struct tf_extra *x)
{
	return x->mismatch.waiting ? x->mismatch.ts_ns + AWAIT_RST_NS : INT64_MAX;
}

void
tf_handshake_deadline(struct tf_context *ctx, struct tf_connection *c)
{
	struct tf_extra *x = tf_extra_if(ctx, c);

	if (!x || tf_handshake_next(x) > ctx->now_ns)
		return;
	/* A SYN,ACK that the capture missed explains an ACK that nobody resets, and so do data. */
	if (x->mismatch.explained || (x->mismatch.state == TF_SYN_SENT && !x->mismatch.syn))
		x->mismatch.waiting = false;
	else
		raise_mismatch(ctx, c, x, 0);
}

void
tf_handshake_end(struct tf_context *ctx, struct tf_connection *c)
{
	const struct tf_extra *x = tf_extra_if(ctx, c);

	/* Where the client goes on the server did answer, and how much it took did not pass. */
	if (x && x->syn_data && !(c->flags & (TF_CONN_ANSWERED | TF_CONN_ESTABLISHED)) &&
	    !tf_raised(ctx, c, TF_A_SYN_DATA, TF_CLIENT))
		raise_syn_data(ctx, c, x, 0);
}
