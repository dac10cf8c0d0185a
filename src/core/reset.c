/*
 * A RST, and what it tells of both ends: RFC 9293 section 3.5.2 and
 * section 3.10.7, RFC 5961 section 3.
 *
 * A RST at RCV.NXT ends the connection.  One that is not moves nobody
 * until silence or an answer confirms it (deadline.c).
 */
#include "core/classify.h"

#include "core/accept.h"
#include "core/connection.h"
#include "core/unseen.h"

static void
note_rst(struct tf_step *st, bool exact, bool awaiting)
{
	struct tf_extra *x = tf_extra_of(st->ctx, st->c);

	if (!x)
		return;
	bool placed = tf_end_has(st->x, TF_END_SEQ_KNOWN);
	x->rst = (struct tf_rst_record){
	    .ts_ns = st->ctx->now_ns,
	    .packet = st->s->packet,
	    .seq = st->s->seq,
	    .max = placed ? tf_seq_max(st->s->seq, st->x->max) : st->s->seq,
	    .from = (uint8_t)st->from,
	    .seen = true,
	    .exact = exact,
	    .awaiting = awaiting,
	    .again = x->rst.seen && !x->rst.belied,
	    .unplaced = !placed,
	};
}

/* RST,ACK that acknowledges the receiver's SYN: RFC 9293 section 3.10.7.3. */
static bool
answers_syn(const struct tf_step *st)
{
	return tf_end_state(st->y) == TF_SYN_SENT && st->s->flags & TF_ACK &&
	       tf_end_has(st->y, TF_END_ISN_KNOWN) && tf_seq_gt(st->s->ack, st->y->isn) &&
	       tf_seq_le(st->s->ack, st->y->max);
}

static void
prove_refusal(struct tf_step *st)
{
	enum tf_state own = tf_end_state(st->x);
	bool refused = own <= TF_SYN_SENT;

	note_rst(st, true, false);
	tf_replica_sent(st->sender, refused ? TF_IN_SND_REFUSAL : TF_IN_SND_RST);
	tf_replica_moved(st->receiver, TF_IN_RCV_REFUSAL, TF_PRESUMED);
	tf_connection_set_close(st->c, refused ? TF_CLOSE_REFUSED : TF_CLOSE_RST);
}

/* An unsynchronized end answers an unacceptable ACK with a RST that bears
 * its number, and stays where it is: RFC 9293 section 3.5.2. */
static bool
answers_bad_ack(const struct tf_step *st)
{
	const struct tf_extra *x = tf_extra_if(st->ctx, st->c);

	return x && x->bad_ack_known[st->from] && !(st->s->flags & TF_ACK) &&
	       tf_seq_eq(st->s->seq, x->bad_ack[st->from]) && tf_end_state(st->x) <= TF_SYN_RECEIVED;
}

/* RST,ACK bears the ACK of a live end: it had the SYN,ACK. */
static bool
was_established(const struct tf_step *st)
{
	return tf_end_state(st->x) == TF_SYN_SENT && st->s->flags & TF_ACK &&
	       tf_end_has(st->y, TF_END_SYN_SEEN) && tf_seq_gt(st->s->ack, st->y->isn) &&
	       tf_seq_eq(st->s->seq, tf_seq_add(st->x->isn, 1));
}

/* Can a bare RST behind its sender's FIN answer data of the other end's?  Not where all of them are acknowledged, nor
 * where the last ones passed before that FIN, whose number their ACK cannot bear, and were not sent again since. */
static bool
may_answer_data(const struct tf_step *st)
{
	const struct tf_closing *k = tf_closing_if(st->ctx, st->c);
	const struct tf_extra *x = tf_extra_if(st->ctx, st->c);
	bool since = tf_data_after_fin_ns(k, st->to) || (x && x->end[st->to].unanswered);

	return !tf_seq_eq(st->y->una, st->y->max) && since;
}

/* A bare RST answers a segment and bears its ACK, and where nothing went towards its sender since the ACK of its
 * FIN, it answers that one: there was no connection left to take it.  RST,ACK may have crossed it. */
static bool
lacks_ack_of_fin(const struct tf_step *st, bool bare)
{
	const struct tf_fin_record *own = tf_fin_of(st, st->from);

	if (bare && tf_seq_lt(st->s->seq, st->x->max))
		return true;
	if (bare && own && own->ack_ns && own->ack_last_ns == own->ack_ns &&
	    tf_seq_eq(st->s->seq, st->x->max) && !may_answer_data(st))
		return true;
	return !bare && tf_crossed_ack_of_fin(st);
}

/* A bare RST comes from a host that has no such connection, or cannot take data any more: an end that
 * had the FIN, and has not closed itself, would bear an ACK.  RST,ACK tells by that. */
static bool
lacks_fin(const struct tf_step *st, bool bare)
{
	if (!tf_end_has(st->y, TF_END_FIN) || tf_end_has(st->y, TF_END_FIN_ACKED))
		return false;
	if (!bare)
		return tf_seq_lt(st->s->ack, st->y->max);
	return (!tf_end_has(st->x, TF_END_FIN) && tf_seq_eq(st->s->seq, st->x->una)) ||
	       tf_seq_lt(tf_seq_add(st->y->una, 1), st->y->max);
}

/* Who has acknowledged the FIN was in TIME-WAIT, where no end sends a RST.  When one comes, TIME-WAIT is over: RFC 9293
 * section 3.10.7.1.  Unless somebody else sent that: so TIME-WAIT stays possible. */
static void
infer_time_wait_over(struct tf_step *st)
{
	if (tf_end_state(st->x) != TF_TIME_WAIT || !tf_end_has(st->y, TF_END_FIN_ACKED))
		return;
	tf_replica_moved(st->sender, TF_IN_TIMEOUT_2MSL, TF_INFERRED);
}

/* Of the RST's sender nothing but its SYN,ACK passed, and what the other end sent since is answered by a host that has no
 * such connection.  So soon it has not lost it: it rather never took the third segment, or kept nothing of the SYN (RFC
 * 4987 section 3.6), as a listener does without a word whose accept queue is full. */
static bool
lacks_third_segment(const struct tf_step *st, bool bare)
{
	const struct tf_extra *x = tf_extra_if(st->ctx, st->c);
	tf_seq first = tf_seq_add(st->x->isn, 1);
	uint32_t syn_acks = 1 + (x ? x->syn_ack_again : 0);

	return bare && st->from == TF_SERVER && st->c->flags & TF_CONN_ESTABLISHED &&
	       tf_seq_eq(st->s->seq, first) && tf_seq_eq(st->x->max, first) &&
	       st->x->packets == syn_acks + 1 && tf_seq_gt(st->y->max, st->y->una) &&
	       st->ctx->now_ns - tf_handshake_at_ns(st->c) < TF_RESTART_NS;
}

/* What the RST's sender had not received when it sent it.  RST,ACK tells by
 * its ACK; a bare RST bears the ACK of the segment that it answers, and who
 * answers data like this has processed neither it nor a FIN behind it. */
static void
prove_before_rst(struct tf_step *st)
{
	const struct tf_fin_record *peer = tf_fin_of(st, st->to);
	bool bare = !(st->s->flags & TF_ACK);

	if (tf_end_state(st->x) == TF_CLOSED)
		return; /* the answer of a host that knows no such connection */
	if (was_established(st)) {
		st->c->flags |= TF_CONN_REPEATED; /* the third segment was lost: no measure */
		tf_note_third_segment(st->ctx, st->c, st->from);
		tf_replica_sent(st->sender, TF_IN_SND_ACK_OF_SYN);
	}
	tf_infer_before_rst(st);
	if (lacks_third_segment(st, bare)) {
		tf_replica_doubt(st->sender, TF_P_ACK_OF_SYN, TF_IN_SND_RST);
		return;
	}
	if (lacks_fin(st, bare))
		tf_replica_doubt(st->sender, TF_P_FIN, TF_IN_SND_RST);
	if (tf_end_has(st->x, TF_END_FIN) && lacks_ack_of_fin(st, bare))
		tf_replica_doubt(st->sender, TF_P_ACK_OF_FIN | (peer && peer->acks_peer_fin ? TF_P_FIN : 0u),
		                 TF_IN_SND_RST);
}

/* RFC 1337, fix F1: some stacks do not let a RST end TIME-WAIT. */
static bool
ignores_rst(const struct tf_step *st)
{
	uint32_t bsd = st->to == TF_CLIENT ? TF_CONN_CLIENT_BSD : TF_CONN_SERVER_BSD;

	return tf_end_state(st->y) == TF_TIME_WAIT && st->c->flags & bsd;
}

static void
prove_exact_rst(struct tf_step *st)
{
	note_rst(st, true, false);
	infer_time_wait_over(st);
	prove_before_rst(st);
	bool heeded = !tf_path_is_dead(st) && !ignores_rst(st);
	if (!heeded)
		st->y->doubt |= TF_P_RST;
	tf_replica_sent(st->sender, TF_IN_SND_RST);
	tf_replica_received(st->receiver, TF_P_RST, heeded);
	if (tf_connection_close(st->c) == TF_CLOSE_OPEN)
		tf_connection_set_close(st->c, TF_CLOSE_RST);
}

/* RST,ACK behind all that its sender has sent, of which something was lost before the tap: the sender is gone,
 * though its receiver, which waits for what was lost, need not heed it (RFC 5961 section 3.2). */
static bool
aborts_behind_hole(const struct tf_step *st)
{
	return st->s->flags & TF_ACK && tf_seq_eq(st->s->seq, st->x->max) &&
	       tf_end_state(st->x) >= TF_ESTABLISHED;
}

/* It lies outside the window, whatever has arrived by now: then it is dropped without a word, and silence shows
 * nothing.  Where its sender stopped, it may have heard of a wider window that the tap did not see; and where the other end
 * has acknowledged what did not pass, the capture may have missed that much (stray.c). */
static bool
is_dropped(const struct tf_step *st)
{
	const struct tf_extra *x = tf_extra_if(st->ctx, st->c);
	bool acked = x && x->bad_ack_known[st->from] && tf_seq_eq(st->s->seq, x->bad_ack[st->from]);

	return tf_end_has(st->y, TF_END_WINDOW_KNOWN) && tf_rst_place(st) == TF_RST_OUTSIDE &&
	       !tf_seq_eq(st->s->seq, st->x->max) && !acked;
}

/* The other end is gone by a RST that this one need not have heeded.  It has: who answers by a bare RST what came late
 * has no connection any more (RFC 9293 section 3.10.7.1). */
static bool
shows_rst_was_heeded(const struct tf_step *st)
{
	const struct tf_extra *x = tf_extra_if(st->ctx, st->c);

	return x && x->rst.awaiting && x->rst.from == (uint8_t)st->to && !(st->s->flags & TF_ACK) &&
	       tf_end_state(st->y) == TF_CLOSED;
}

/* It is dropped while silence is to tell of an earlier one, of either end, whether that was heeded: it breaks none. */
static bool
breaks_no_silence(const struct tf_step *st)
{
	const struct tf_extra *x = tf_extra_if(st->ctx, st->c);

	return x && x->rst.awaiting && is_dropped(st);
}

static void
prove_rst_heeded(struct tf_step *st)
{
	tf_extra_if(st->ctx, st->c)->rst.awaiting = false;
	tf_replica_sent(st->sender, TF_IN_SND_RST);
	if (tf_connection_close(st->c) == TF_CLOSE_OPEN)
		tf_connection_set_close(st->c, TF_CLOSE_RST);
}

void
tf_prove_reset(struct tf_step *st)
{
	if (tf_end_state(st->x) == TF_SYN_RECEIVED)
		tf_infer_by_echo(st); /* then it is no refusal */
	if (answers_syn(st)) {
		prove_refusal(st);
		return;
	}
	if (answers_bad_ack(st)) {
		tf_replica_sent(st->sender, TF_IN_SND_RST_STAY);
		/* Its number is what the SYN,ACK's sender expects next. */
		if (tf_end_state(st->y) == TF_SYN_RECEIVED && tf_end_state(st->x) == TF_SYN_SENT)
			tf_replica_received(st->receiver, TF_P_RST, true);
		return;
	}
	/* A RST without an acceptable ACK does nothing to an end in SYN-SENT. */
	bool unheard = tf_end_state(st->y) == TF_SYN_SENT;
	if (shows_rst_was_heeded(st)) {
		prove_rst_heeded(st);
	} else if (!unheard && tf_rst_place(st) == TF_RST_EXACT) {
		prove_exact_rst(st);
	} else if (breaks_no_silence(st)) {
		tf_extra_if(st->ctx, st->c)->rst.ts_ns = st->ctx->now_ns;
	} else if (tf_end_state(st->x) != TF_CLOSED && tf_end_state(st->y) > TF_LISTEN) {
		/* Of an end that has no connection silence shows nothing. */
		bool dropped = is_dropped(st);
		note_rst(st, false, !dropped);
		prove_before_rst(st);
		if (aborts_behind_hole(st))
			tf_replica_sent(st->sender, TF_IN_SND_RST);
		if (!dropped)
			tf_replica_perhaps(st->receiver, TF_IN_RCV_RST_DOUBTFUL);
	}
	tf_note_time_wait(st->ctx, st->c, st->to, st->s);
}

/* So long an answer to a RST may take, and what was sent before it. */
#define OUTLIVED_NS INT64_C(1000000000)

/* Both ends are open, its alleged sender sends what is new, and nothing about it is open any more: whose it was, or that
 * it was guessed, was found where it shows.  From then on the connection is as if none had come. */
void
tf_outlive_reset(const struct tf_step *st)
{
	struct tf_extra *x = tf_extra_if(st->ctx, st->c);
	int64_t patience_ns = tf_end_rtt_ns(st->x) + tf_end_rtt_ns(st->y) + OUTLIVED_NS;

	if (!x || !x->rst.seen || x->rst.from != (uint8_t)st->from || !st->fresh ||
	    st->ctx->now_ns - x->rst.ts_ns < patience_ns)
		return;
	if (tf_connection_close(st->c) != TF_CLOSE_OPEN || tf_end_state(st->x) != TF_ESTABLISHED ||
	    tf_end_state(st->y) != TF_ESTABLISHED)
		return;
	bool settled = x->rst.exact ? x->rst.belied : !x->rst.awaiting;
	if (!settled || x->watch[TF_CLIENT].missed_packet || x->watch[TF_SERVER].missed_packet)
		return;
	if (x->ended.packet == x->rst.packet)
		x->ended.packet = 0; /* it did not end it */
	x->rst = (struct tf_rst_record){.seen = false};
}
