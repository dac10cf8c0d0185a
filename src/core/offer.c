/*
 * What a segment says of its sender by its header: the number and the options
 * of a SYN, timestamps, the window; and what becomes of that where it was
 * not the sender who said it.
 */
#include "core/offer.h"

#include "core/accept.h"
#include "core/classify.h"
#include "core/connection.h"
#include "core/reassembly.h"

/* FreeBSD and macOS offer 65,535 octets, scaled by 6 (macOS also 5), with
 * SACK and timestamps.  They differ from Linux and the RFC where it counts:
 * a RST does not end their TIME-WAIT (RFC 1337). */
static bool
looks_like_bsd(const struct tf_segment *s)
{
	const unsigned all = TF_OPT_WSCALE | TF_OPT_SACK_PERMITTED | TF_OPT_TIMESTAMPS;

	return s->window == 65535 && (s->options & all) == all && (s->wscale == 5 || s->wscale == 6);
}

uint32_t
tf_stack_flag(enum tf_endpoint from, const struct tf_segment *s)
{
	if (!looks_like_bsd(s))
		return 0;
	return from == TF_CLIENT ? TF_CONN_CLIENT_BSD : TF_CONN_SERVER_BSD;
}

/* What passed in END's name so far was not its own: nothing of it holds. */
static void
forget_stream(struct tf_step *st, struct tf_end *x)
{
	struct tf_closing *k = tf_closing_if(st->ctx, st->c);
	struct tf_extra *extra = tf_extra_if(st->ctx, st->c);

	x->flags &= (uint16_t) ~(TF_END_SEQ_KNOWN | TF_END_WINDOW_KNOWN | TF_END_TSVAL_KNOWN | TF_END_FIN |
	                         TF_END_FIN_ACKED | TF_END_SENT_DATA);
	x->bytes = 0;
	x->pending = x->doubt = 0;
	st->y->pending &= (uint8_t)~TF_P_FIN;
	if (k) {
		tf_fin_begin(st->ctx, st->c, st->from, (struct tf_fin_record){0});
		if (tf_data_after_fin_ns(k, st->from))
			k->data_end = 0;
	}
	if (extra)
		tf_reassembly_clear(st->ctx, extra, st->from);
	if (tf_end_state(x) != TF_LISTEN)
		tf_replica_retract(st->sender, TF_LISTEN, TF_IN_SND_SYN_ACK);
}

/* What it sent before the answer: the SYN, and with Fast Open some or all of the data on it (RFC 7413 section 3). */
static bool
acks_syn_alone(const struct tf_step *st)
{
	const struct tf_end *y = st->y;

	return tf_seq_eq(st->s->ack, tf_seq_add(y->isn, 1)) ||
	       (st->c->flags & TF_CONN_FAST_OPEN && tf_seq_gt(st->s->ack, y->isn) &&
	        tf_seq_le(st->s->ack, y->max));
}

/* A SYN,ACK answers the SYN, and what had passed in its sender's name does not lie behind its number, or lies farther
 * than the first segments of a stream do.  An end in SYN-SENT processes none of that (RFC 9293 section 3.10.7.3). */
static bool
shows_foreign_numbers(const struct tf_step *st)
{
	const struct tf_end *x = st->x;
	const unsigned answer = TF_SYN | TF_ACK;
	int32_t ahead = (int32_t)tf_seq_diff(x->una, st->s->seq);

	return (st->s->flags & answer) == answer && st->from == TF_SERVER &&
	       !(st->c->flags & TF_CONN_MIDSTREAM) && tf_end_has(x, TF_END_SEQ_KNOWN) &&
	       !tf_end_has(x, TF_END_SYN_ACKED) && tf_end_has(st->y, TF_END_ISN_KNOWN) &&
	       acks_syn_alone(st) && (ahead <= 0 || ahead > UINT16_MAX);
}

/* What a SYN or SYN,ACK tells once and for all (RFC 9293 section 3.2, RFC 7323). */
void
tf_note_syn(struct tf_step *st)
{
	const struct tf_segment *s = st->s;
	struct tf_end *x = st->x;

	if (tf_end_has(x, TF_END_SYN_SEEN))
		return;
	if (shows_foreign_numbers(st))
		forget_stream(st, x);
	st->first_syn = true;
	x->flags |= TF_END_SYN_SEEN | TF_END_ISN_KNOWN;
	/* It was only captured behind its own answer. */
	if (!(s->flags & TF_ACK) && st->from == TF_CLIENT) {
		if (tf_connection_notes_heard(st->c))
			st->c->handshake_ns = 0;
		if (st->c->flags & TF_CONN_MIDSTREAM)
			st->c->flags |= TF_CONN_REPEATED; /* when it passed is not known: no measure */
		st->c->flags &= ~(uint32_t)(TF_CONN_MIDSTREAM | TF_CONN_ROLES_GUESSED);
	}
	x->isn = s->seq;
	if (s->options & TF_OPT_MSS) {
		x->flags |= TF_END_MSS;
		x->mss = s->mss;
	}
	if (s->options & TF_OPT_WSCALE) {
		x->flags |= TF_END_WSCALE;
		x->wscale = s->wscale > 14 ? 14 : s->wscale;
	}
	if (s->options & TF_OPT_SACK_PERMITTED)
		x->flags |= TF_END_SACK;
	if (s->options & TF_OPT_TIMESTAMPS)
		x->flags |= TF_END_TIMESTAMPS;
	if (s->options & TF_OPT_CUT)
		x->flags |= TF_END_OPTIONS_CUT;
	st->c->flags |= tf_stack_flag(st->from, s);
	if (s->len > 0 && !(s->flags & TF_ACK))
		st->c->flags |= TF_CONN_FAST_OPEN;
	if (!tf_end_has(x, TF_END_SEQ_KNOWN)) {
		x->flags |= TF_END_SEQ_KNOWN;
		x->max = x->nxt = x->una = s->seq;
	}
}

#define WRAPS_NS (INT64_C(24) * 86400 * 1000000000)

/* The clocks of the two ends need not be alike, and the one that speaks second has been silent for as long.  Header
 * prediction has nothing to do with it: that nothing happened for hours was found before. */
void
tf_forget_timestamps(struct tf_step *st)
{
	if (st->ctx->now_ns - st->former_ns <= WRAPS_NS)
		return;
	st->x->flags &= (uint16_t)~TF_END_TSVAL_KNOWN;
	st->y->flags &= (uint16_t)~TF_END_TSVAL_KNOWN;
}

void
tf_note_timestamp(struct tf_step *st)
{
	const struct tf_segment *s = st->s;
	struct tf_end *x = st->x;

	if (!(s->options & TF_OPT_TIMESTAMPS) || s->flags & TF_RST)
		return;
	if (!tf_end_has(x, TF_END_TSVAL_KNOWN)) {
		x->flags |= TF_END_TSVAL_KNOWN;
		x->tsval = x->ts_recent = s->tsval;
		if (st->c->flags & TF_CONN_MIDSTREAM)
			x->flags |= TF_END_TIMESTAMPS;
		return;
	}
	if ((int32_t)(s->tsval - x->tsval) > 0)
		x->tsval = s->tsval;
	/* RFC 7323 section 4.3: only a segment at the left edge updates TS.Recent. */
	if (!tf_step_rejected(st) && tf_seq_le(s->seq, x->una) && (int32_t)(s->tsval - x->ts_recent) > 0)
		x->ts_recent = s->tsval;
}

void
tf_note_window(struct tf_step *st)
{
	uint32_t window;
	struct tf_end *x = st->x;

	x->window = st->s->window;
	if (!(st->s->flags & TF_ACK) || st->bad_ack)
		return;
	/* Sent again, a SYN,ACK offers what it did: that does not make up for windows that passed unread since. */
	if (st->s->flags & TF_SYN && st->marks & TF_MARK_RETRANSMISSION &&
	    !tf_end_has(x, TF_END_WINDOW_KNOWN))
		return;
	if (!tf_window(st->c, st->from, st->s, &window)) {
		/* What its SYN,ACK offered is outdated by windows of which nobody knows how wide they are. */
		x->flags &= (uint16_t)~TF_END_WINDOW_KNOWN;
		return;
	}
	tf_seq right = tf_seq_add(st->s->ack, window);
	if (!tf_end_has(x, TF_END_WINDOW_KNOWN) || tf_seq_gt(right, x->right))
		x->right = right;
	x->flags |= TF_END_WINDOW_KNOWN;
}

/* ---- a listener that answers anew --------------------------------------------- */

/* A SYN,ACK for the client's SYN, which waits for one, with another number than the one before. */
static bool
answers_anew(const struct tf_step *st)
{
	const struct tf_segment *s = st->s;
	const unsigned answer = TF_SYN | TF_ACK;

	return (s->flags & (answer | TF_RST | TF_FIN)) == answer && st->from == TF_SERVER &&
	       !(st->c->flags & TF_CONN_MIDSTREAM) && tf_end_has(st->x, TF_END_SYN_SEEN) &&
	       !tf_seq_eq(s->seq, st->x->isn) && !tf_end_has(st->x, TF_END_SYN_ACKED) &&
	       tf_end_state(st->y) == TF_SYN_SENT && acks_syn_alone(st);
}

/* The SYN,ACK of FROM, in ST, was none of this connection. */
static void
forget_answer(struct tf_step *st)
{
	forget_stream(st, st->x);
	st->x->flags &= (uint16_t) ~(TF_END_SYN_SEEN | TF_END_MSS | TF_END_WSCALE | TF_END_SACK |
	                             TF_END_TIMESTAMPS | TF_END_OPTIONS_CUT);
	st->c->flags |= TF_CONN_REPEATED; /* which SYN was answered when nobody knows: no measure */
}

/* Its former SYN,ACK was reset, so that it listens again, and this one is what it is about now (RFC 9293 section 3.5,
 * figure 8). */
void
tf_begin_answer(struct tf_step *st)
{
	if (!answers_anew(st) || tf_connection_waits_in(st->ctx, st->c, TF_SERVER) != TF_LISTEN)
		return;
	forget_answer(st);
}

/* It had given up, or has lost its embryo, and chose another number for the next copy of the SYN (RFC 9293 section
 * 3.10.7.2); or somebody else did.  Which one holds, the client's ACK tells. */
void
tf_note_other_answer(struct tf_step *st)
{
	const struct tf_segment *s = st->s;
	struct tf_extra *x;

	if (!answers_anew(st))
		return;
	tf_replica_received(st->receiver, TF_P_SYN_ACK, false);
	x = tf_extra_of(st->ctx, st->c);
	if (x)
		x->other_answer = (struct tf_other_answer){
		    .packet = s->packet,
		    .seq = s->seq,
		    .options = s->options,
		    .tsval = s->tsval,
		    .window = s->window,
		    .mss = s->mss,
		    .wscale = s->wscale,
		};
}

/* The client acknowledges the other number, which therefore is the server's own. */
static bool
takes_other_answer(const struct tf_step *st, const struct tf_extra *x)
{
	return x && x->other_answer.packet && st->from == TF_CLIENT &&
	       (st->s->flags & (TF_SYN | TF_RST | TF_ACK)) == TF_ACK &&
	       !tf_end_has(st->y, TF_END_SYN_ACKED) &&
	       tf_seq_eq(st->s->ack, tf_seq_add(x->other_answer.seq, 1)) &&
	       tf_seq_eq(st->s->seq, tf_seq_add(st->x->isn, 1));
}

static void
begin_with_other_answer(struct tf_step *st, struct tf_extra *x)
{
	const struct tf_segment syn_ack = {
	    .packet = x->other_answer.packet,
	    .seq = x->other_answer.seq,
	    .ack = tf_seq_add(st->x->isn, 1),
	    .flags = TF_SYN | TF_ACK,
	    .options = x->other_answer.options,
	    .tsval = x->other_answer.tsval,
	    .window = x->other_answer.window,
	    .mss = x->other_answer.mss,
	    .wscale = x->other_answer.wscale,
	};
	struct tf_step past;

	tf_step_init(&past, st->ctx, st->c, &syn_ack, TF_SERVER);
	x->other_answer.packet = 0;
	x->given_up[TF_SERVER] = TF_CLOSED;
	forget_answer(&past);
	tf_note_syn(&past);
	tf_note_timestamp(&past);
	tf_note_window(&past);
	past.x->max = past.x->nxt = tf_seq_add(syn_ack.seq, 1);
	tf_replica_sent(past.sender, TF_IN_SND_SYN_ACK);
	st->before[TF_SERVER] = tf_end_state(past.x);
}

void
tf_take_other_answer(struct tf_step *st)
{
	struct tf_extra *x = tf_extra_if(st->ctx, st->c);

	if (takes_other_answer(st, x))
		begin_with_other_answer(st, x);
}
