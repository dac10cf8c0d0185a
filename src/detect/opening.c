/*
 * What can go wrong, or otherwise, while a connection opens: RFC 9293
 * section 3.5.  SYNs that are refused, embryonic connections, and two
 * SYNs that cross.  What is sent again or never answered: unanswered.c.
 */
#include "detect/families.h"

/* An answer may still come: RTTs beyond this are no RTTs. */
#define PATIENCE_NS INT64_C(3000000000)

bool
tf_was_in(const struct tf_end *end, enum tf_state state)
{
	for (unsigned i = 0; i <= (end->depth & 0xf); i++)
		if ((end->history >> (4 * i) & 0xf) == state)
			return true;
	return false;
}

void
tf_raise_simultaneous_open(const struct tf_step *st, const char *note)
{
	const struct tf_extra *x = tf_extra_if(st->ctx, st->c);
	struct tf_finding f = tf_finding(st->ctx, st->c, TF_A_SIMULTANEOUS_OPEN, TF_NEITHER);
	tf_finding_duration(&f, "between", x->crossing_ns - st->c->first_ts_ns);
	if (note)
		tf_finding_text(&f, "note", note);
	tf_finding_packet(&f, tf_first_packet(st->ctx, st->c));
	tf_finding_packet(&f, x->crossing_packet);
	tf_finding_packet(&f, st->s->packet);
	tf_raise(st->ctx, st->c, &f);
}

/* Both ends answered the other's SYN with a SYN,ACK: figure 7.  A split handshake has only one. */
static void
simultaneous(const struct tf_step *st)
{
	const struct tf_extra *x = tf_extra_if(st->ctx, st->c);
	const struct tf_end *client = &st->c->end[TF_CLIENT], *server = &st->c->end[TF_SERVER];

	if (!(st->c->flags & TF_CONN_SIMULTANEOUS) || !x || !tf_was_in(client, TF_SYN_SENT) ||
	    !tf_was_in(client, TF_SYN_RECEIVED) || !tf_was_in(server, TF_SYN_SENT) ||
	    !tf_was_in(server, TF_SYN_RECEIVED) ||
	    tf_raised(st->ctx, st->c, TF_A_SIMULTANEOUS_OPEN, TF_NEITHER))
		return;
	tf_raise_simultaneous_open(st, NULL);
}

/* The SYN was answered, and came again: the client had not heard that, and its host hears the RST in SYN-SENT. */
static bool
refuses_after_all(const struct tf_step *st)
{
	const struct tf_extra *x = tf_extra_if(st->ctx, st->c);

	return tf_connection_close(st->c) == TF_CLOSE_RST && st->from == TF_SERVER &&
	       st->before[TF_SERVER] == TF_SYN_RECEIVED && tf_end_state(st->y) == TF_CLOSED && x &&
	       x->syn_again && tf_answer_ns(st->ctx, st->c) < x->syn_last_ns;
}

/* The SYN seems to be refused.  It is said when nothing has contradicted it for the settle time: a forged
 * RST does not keep the server from answering. */
static void
note_refusal(const struct tf_step *st)
{
	struct tf_extra *x;

	if ((tf_connection_close(st->c) != TF_CLOSE_REFUSED && !refuses_after_all(st)) ||
	    st->before[st->to] != TF_SYN_SENT || !(x = tf_extra_of(st->ctx, st->c)))
		return;
	x->ended = (struct tf_ended){
	    .packet = st->s->packet,
	    .after_ns = st->ctx->now_ns - st->c->first_ts_ns,
	    .seq = st->s->seq,
	    .id = TF_A_CONNECTION_REFUSED,
	    .from = (uint8_t)st->from,
	};
}

bool
tf_seems_refused(const struct tf_extra *x)
{
	return x && x->ended.packet && x->ended.id == TF_A_CONNECTION_REFUSED;
}

/* The RST may speak of an opening on these ports that its sender had answered before: a SYN within the window of that,
 * with another number, ends it (RFC 9293 section 3.10.7.4). */
static bool
may_end_the_former(const struct tf_extra *x)
{
	return x->former.conn && x->former.state[x->ended.from] == TF_SYN_RECEIVED;
}

static void
raise_refusal(struct tf_context *ctx, struct tf_connection *c, struct tf_extra *x)
{
	struct tf_finding f = tf_finding(ctx, c, TF_A_CONNECTION_REFUSED, (enum tf_endpoint)x->ended.from);

	tf_finding_duration(&f, "after", x->ended.after_ns);
	if (may_end_the_former(x))
		tf_finding_text(
		    &f, "note",
		    "But it had answered a SYN on these ports before, and may have reset only that "
		    "opening, which it still held.");
	else if (tf_connection_close(c) == TF_CLOSE_RST)
		tf_finding_text(
		    &f, "note",
		    "But it had answered that SYN before, and the answer did not arrive: the listener was "
		    "closed meanwhile, or what it kept of the SYN was dropped.");
	tf_finding_packet(&f, tf_first_packet(ctx, c));
	tf_finding_packet(&f, x->ended.packet);
	x->ended.packet = 0;
	tf_raise(ctx, c, &f);
}

/* The server's answer to a SYN that it had refused, as it seemed, is taken: no host does both.  A later answer may be to the SYN
 * that came again and did not pass here, and one at once to one that passed for a copy (flow/duplicates.h).  A RST with
 * the number behind the SYN,ACK ended what that had opened, and was seen too soon. */
static bool
is_belied(const struct tf_step *st, const struct tf_extra *x)
{
	enum { COPY_NS = 1000000, AGAIN_NS = 500000000 }; /* no SYN comes again between */
	const struct tf_connection *c = st->c;
	int64_t answer_ns = tf_answer_ns(st->ctx, c);

	if (!st->first_ack_of_syn || tf_connection_close(c) != TF_CLOSE_OPEN || x->syn_again ||
	    c->flags & (TF_CONN_MIDSTREAM | TF_CONN_GAP))
		return false;
	return !tf_seq_eq(x->ended.seq, tf_seq_add(st->y->isn, 1)) && answer_ns < c->first_ts_ns + AGAIN_NS &&
	       answer_ns > c->first_ts_ns + x->ended.after_ns + COPY_NS;
}

/* Who tries again has heard the refusal; who goes on has not, or knows better. */
static void
judge_refusal(const struct tf_step *st)
{
	struct tf_extra *x = tf_extra_if(st->ctx, st->c);

	if (!tf_seems_refused(x) || st->s->flags & TF_RST || st->from == (enum tf_endpoint)x->ended.from)
		return;
	if (st->s->flags & TF_SYN) {
		raise_refusal(st->ctx, st->c, x);
	} else if (tf_connection_close(st->c) != TF_CLOSE_REFUSED) {
		if (is_belied(st, x))
			tf_injection_refusal(st, x->ended.packet);
		x->ended.packet = 0;
	}
}

void
tf_refusal_deadline(struct tf_context *ctx, struct tf_connection *c, bool at_end)
{
	struct tf_extra *x = tf_extra_if(ctx, c);

	if (tf_seems_refused(x) && tf_connection_close(c) != TF_CLOSE_OPEN && tf_connection_closed(c) &&
	    (at_end || c->flags & TF_CONN_SETTLED))
		raise_refusal(ctx, c, x);
}

static void
raise_midstream(struct tf_context *ctx, struct tf_connection *c, unsigned first_flags)
{
	char words[TF_FLAG_WORDS];

	if (tf_older_is_brief(ctx) && ctx->stats->anomalies[TF_A_MIDSTREAM] >= TF_OLDER_TOLD) {
		tf_note_midstream(ctx, c);
		return;
	}
	struct tf_finding f = tf_finding(ctx, c, TF_A_MIDSTREAM, TF_NEITHER);
	tf_finding_text(&f, "first", tf_flag_words(words, first_flags));
	/* Of two SYN,ACKs of a simultaneous opening, the first may be the one that was missed. */
	tf_finding_text(&f, "unknown",
	                (first_flags & (TF_SYN | TF_ACK | TF_RST)) == (TF_SYN | TF_ACK)
	                    ? "the end that it answers is taken for the client, and what that "
	                      "end offered on its SYN is not known"
	                    : "which end is the client is a guess, and options agreed on at "
	                      "the start are not known");
	tf_finding_packet(&f, tf_first_packet(ctx, c));
	if (ctx->forgets_since && tf_first_packet(ctx, c) > ctx->forgets_since)
		tf_finding_lower(&f, f.severity,
		                 "It may be one of those that were forgotten before for want of room "
		                 "(--max-connections): then earlier segments of it are in the capture.");
	tf_raise(ctx, c, &f);
}

/* What the connection is by now was looked up, and that this was told is a part of it. */
void
tf_detect_midstream(struct tf_context *ctx, struct tf_connection *c, const struct tf_segment *s)
{
	c->flags &= ~(uint32_t)TF_CONN_FOUND_MIDSTREAM;
	raise_midstream(ctx, c, s->flags);
}

/* It begins with a SYN,ACK, and the SYN may only be captured behind its answer. */
static bool
awaits_syn(const struct tf_context *ctx, const struct tf_connection *c)
{
	return c->flags & TF_CONN_MIDSTREAM && tf_end_has(&c->end[TF_SERVER], TF_END_SYN_SEEN) &&
	       !tf_raised(ctx, c, TF_A_MIDSTREAM, TF_NEITHER);
}

static void
midstream(const struct tf_step *st)
{
	const unsigned syn_ack = TF_SYN | TF_ACK, others = TF_RST | TF_FIN | TF_PSH | TF_URG;
	bool first = st->x->packets + st->y->packets == 1;

	if (!(st->c->flags & TF_CONN_MIDSTREAM))
		return;
	if (first && (st->s->flags & (syn_ack | others)) != syn_ack)
		raise_midstream(st->ctx, st->c, st->s->flags);
	else if (!first && awaits_syn(st->ctx, st->c))
		raise_midstream(st->ctx, st->c, syn_ack);
}

void
tf_midstream_end(struct tf_context *ctx, struct tf_connection *c)
{
	if (awaits_syn(ctx, c))
		raise_midstream(ctx, c, TF_SYN | TF_ACK);
}

void
tf_opening_segment(const struct tf_step *st)
{
	midstream(st);
	judge_refusal(st);
	if (st->s->flags & TF_RST)
		note_refusal(st);
	else if (st->s->flags & TF_SYN)
		simultaneous(st);
}

/* ---- silence ------------------------------------------------------------------ */

/* The SYN,ACK that passed is the server's, unless nothing of the server's passed: then the client sent it for a SYN that
 * had crossed its own. */
static bool
embryonic(const struct tf_context *ctx, const struct tf_connection *c)
{
	return c->flags & TF_CONN_SYN_ACK && !(c->flags & (TF_CONN_ESTABLISHED | TF_CONN_MIDSTREAM)) &&
	       tf_end_has(&c->end[TF_SERVER], TF_END_SYN_SEEN) &&
	       !tf_raised(ctx, c, TF_A_HALF_OPEN_HANDSHAKE, TF_SERVER);
}

int64_t
tf_opening_next(const struct tf_context *ctx, const struct tf_connection *c, const struct tf_extra *x)
{
	/* In a crowd it waits for its limit: one finding for a flood, not one for each. */
	if (x->syn_ack_again && embryonic(ctx, c) && !tf_flood_near(ctx, c) &&
	    tf_end_state(&c->end[TF_SERVER]) == TF_SYN_RECEIVED)
		return x->syn_ack_last_ns + PATIENCE_NS;
	return INT64_MAX;
}

static void
raise_embryonic(struct tf_context *ctx, struct tf_connection *c, const struct tf_extra *x)
{
	struct tf_finding f = tf_finding(ctx, c, TF_A_HALF_OPEN_HANDSHAKE, TF_SERVER);
	uint64_t reset = x && x->rst.seen && x->rst.from == TF_CLIENT ? x->rst.packet : 0;

	tf_finding_duration(&f, "for", ctx->now_ns - tf_handshake_at_ns(c));
	tf_finding_count(&f, "retransmissions", TF_D_COUNT, x ? x->syn_ack_again : 0);
	tf_finding_where(&f, TF_WHERE_BEHIND,
	                 reset
	                     ? "the client's reset passed the tap and the server repeats its SYN,ACK, so the "
	                       "reset was lost between the tap and the server, or does not count there"
	                     : "the SYN,ACK passed the tap and no answer did, so one of them was lost "
	                       "between the tap and the client, or the client was silent");
	tf_finding_packet(&f, tf_first_packet(ctx, c));
	tf_finding_packet(&f, tf_answer_packet(ctx, c));
	tf_finding_packet(&f, reset);
	if (x)
		tf_finding_packet(&f, x->syn_ack_last_packet);
	tf_raise(ctx, c, &f);
}

void
tf_opening_deadline(struct tf_context *ctx, struct tf_connection *c)
{
	const struct tf_extra *x = tf_extra_if(ctx, c);
	bool waited = x && tf_opening_next(ctx, c, x) <= ctx->now_ns;
	/* The replica's own limit ran out a moment ago. */
	bool syn_ack_limit =
	    tf_connection_close(c) == TF_CLOSE_TIMEOUT && tf_end_state(&c->end[TF_SERVER]) == TF_LISTEN;

	/* Who waits in vain sends its SYN,ACK again. */
	if (tf_without_acks(ctx) && !(x && x->syn_ack_again))
		return;
	if (embryonic(ctx, c) && !tf_flood_covers(ctx, c) && (waited || syn_ack_limit))
		raise_embryonic(ctx, c, x);
}
