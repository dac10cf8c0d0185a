/*
 * What a segment proves about its sender, and what it brings its receiver.
 *
 * A sent segment is proof, but of the moment in which it was sent: what
 * passed towards its sender less than a round trip ago may have crossed it
 * on the wire (tf_end_rtt_ns), and an old duplicate proves nothing.
 *
 * Where the numbers lie is decided in place_*, what follows in the rest;
 * RFC 9293 section 3.10.7.4 gives the order.
 */
#include "core/classify.h"

#include "core/accept.h"
#include "core/connection.h"
#include "core/reassembly.h"

/* ---- where it lies in sequence space --------------------------------------- */

static bool
is_probe(const struct tf_step *st)
{
	const struct tf_segment *s = st->s;

	/* RFC 9293 section 3.8.4: SEQ is SND.NXT - 1, with no or one octet of garbage. */
	return s->len <= 1 && !(s->flags & (TF_SYN | TF_FIN | TF_RST)) &&
	       tf_end_has(st->x, TF_END_SEQ_KNOWN) && tf_seq_eq(tf_seq_add(s->seq, 1), st->x->max) &&
	       (tf_seq_eq(st->x->una, st->x->max) || (s->len == 0 && st->y->window == 0));
}

static bool
is_fresh(const struct tf_step *st)
{
	const struct tf_segment *s = st->s;

	if (!tf_end_has(st->x, TF_END_SEQ_KNOWN))
		return true;
	if (s->options & TF_OPT_TIMESTAMPS && tf_end_has(st->x, TF_END_TSVAL_KNOWN) &&
	    (int32_t)(s->tsval - st->x->tsval) < 0)
		return false;
	if (s->flags & TF_ACK && tf_end_has(st->y, TF_END_SEQ_KNOWN) && tf_seq_lt(s->ack, st->y->una))
		return false;
	return tf_seq_ge(s->seq, st->x->max) || is_probe(st);
}

/* It brought something that lies before the highest octet: was it late, or sent again?
 * A newer TSval tells; without timestamps the time that went by. */
static bool
came_late(const struct tf_step *st, const struct tf_end_extra *x)
{
	if (st->s->options & TF_OPT_TIMESTAMPS && tf_end_has(st->x, TF_END_TSVAL_KNOWN) &&
	    st->s->tsval != st->x->tsval)
		return (int32_t)(st->s->tsval - st->x->tsval) < 0;
	int64_t rtt_ns = st->x->rtt_64us ? (int64_t)st->x->rtt_64us * 64000 : 3000000;
	return st->ctx->now_ns - x->highest_ns < rtt_ns;
}

static void
mark_repetition(struct tf_step *st, struct tf_stretch stretch)
{
	struct tf_extra *x;

	if (!stretch.leaves_hole && !stretch.fills && stretch.fresh > 0)
		return;
	/* The SYN,ACK of a simultaneous open bears the number of the SYN before it. */
	if ((st->s->flags & (TF_SYN | TF_ACK)) == (TF_SYN | TF_ACK) && st->before[st->from] != TF_SYN_RECEIVED &&
	    st->before[st->from] < TF_ESTABLISHED)
		return;
	x = tf_extra_of(st->ctx, st->c);
	if (stretch.leaves_hole) {
		st->marks |= TF_MARK_GAP;
		if (x)
			x->end[st->from].highest_ns = st->ctx->now_ns;
	}
	if (stretch.fresh == 0 || (stretch.fills && !(x && came_late(st, &x->end[st->from])))) {
		st->marks |= TF_MARK_RETRANSMISSION;
		if (x)
			x->end[st->from].retransmitted++;
	} else if (stretch.fills) {
		st->marks |= TF_MARK_OUT_OF_ORDER;
		if (x)
			x->end[st->from].out_of_order++;
	}
}

static void
note_fin(struct tf_step *st)
{
	struct tf_extra *x = tf_extra_of(st->ctx, st->c);
	struct tf_fin_record *fin = x ? &x->end[st->from].fin : NULL;
	bool acks_fin =
	    tf_end_has(st->y, TF_END_FIN) && st->s->flags & TF_ACK && tf_seq_ge(st->s->ack, st->y->max);

	st->fin_again = tf_end_has(st->x, TF_END_FIN);
	st->x->flags |= TF_END_FIN;
	if (!fin)
		return;
	if (!st->fin_again) {
		fin->first_ns = st->ctx->now_ns;
		fin->packet = st->s->packet;
		fin->tsval = st->s->tsval;
		fin->ip_id = st->s->ip_id;
		fin->acks_peer_fin = acks_fin;
	} else {
		fin->again++;
		fin->acks_peer_fin &= acks_fin;
	}
}

static void
note_probe(struct tf_step *st)
{
	struct tf_extra *x = tf_extra_of(st->ctx, st->c);

	st->marks |= st->y->window == 0 ? TF_MARK_ZERO_WINDOW_PROBE : TF_MARK_KEEPALIVE;
	if (x)
		x->probe_ns[st->from] = st->ctx->now_ns;
}

/* Late in the capture, not lost: it fills what an ACK had seemed to skip. */
static uint32_t
fill_gap(struct tf_step *st)
{
	struct tf_extra *x = tf_extra_if(st->ctx, st->c);

	if (!x || !x->gap_ns || x->gap_end != st->from ||
	    !tf_seq_between(st->s->seq, x->gap_left, x->gap_right) || tf_seq_eq(st->s->seq, x->gap_right))
		return 0;
	uint32_t filled = tf_seq_min(st->end, x->gap_right).v - st->s->seq.v;
	filled = filled < x->gap_bytes ? filled : (uint32_t)x->gap_bytes;
	x->gap_bytes -= filled;
	if (!x->gap_bytes) {
		x->gap_ns = 0;
		x->gaps = 0;
	}
	return filled;
}

static void
place_sequence(struct tf_step *st)
{
	const struct tf_segment *s = st->s;
	struct tf_end *x = st->x;
	bool first_syn = s->flags & TF_SYN && tf_seq_eq(x->max, s->seq);

	if (!tf_end_has(x, TF_END_SEQ_KNOWN)) {
		x->flags |= TF_END_SEQ_KNOWN;
		x->max = x->nxt = x->una = s->seq;
	} else if (x->packets == 1 && st->c->flags & TF_CONN_MIDSTREAM && tf_seq_gt(s->seq, x->nxt)) {
		/* What lies between passed before the capture began. */
		x->max = x->nxt = x->una = s->seq;
	}
	if (is_probe(st)) {
		note_probe(st);
		return;
	}
	if (st->verdict == TF_REJECT_BEYOND || st->verdict == TF_REJECT_STALE) {
		st->marks |= TF_MARK_UNACCEPTABLE;
		return;
	}
	if (tf_segment_seg_len(s) == 0)
		return;
	/* Nothing lies beyond an end's own FIN: such octets are no part of its stream. */
	if (tf_end_has(x, TF_END_FIN) && tf_seq_gt(st->end, x->max)) {
		st->marks |= TF_MARK_UNACCEPTABLE;
		return;
	}
	uint32_t filled = fill_gap(st);
	bool fin = s->flags & TF_FIN && tf_seq_ge(st->end, x->max);
	struct tf_stretch stretch = tf_reassembly_add(st->ctx, st->c, st->from, s->seq, st->end);
	stretch.fresh += filled;
	mark_repetition(st, stretch);
	if (fin)
		note_fin(st);
	st->new_bytes =
	    stretch.fresh - (first_syn && stretch.fresh > 0) - (fin && !st->fin_again && stretch.fresh > 0);
	x->bytes += st->new_bytes;
	st->data = s->len > 0;
	if (st->new_bytes && tf_end_has(st->y, TF_END_FIN)) {
		struct tf_extra *extra = tf_extra_if(st->ctx, st->c);
		if (extra)
			extra->end[st->from].last_data_ns = st->ctx->now_ns;
	}
	if (st->data && !(s->flags & TF_SYN))
		x->flags |= TF_END_SENT_DATA;
}

/* ---- what its ACK covers --------------------------------------------------- */

/* An ACK beyond all that passed: did the capture miss it, or was it never sent? */
static bool
cannot_be_sent(const struct tf_step *st)
{
	const struct tf_end *x = st->x, *y = st->y;
	tf_seq ack = st->s->ack;

	if (tf_seq_le(ack, y->max))
		return false;
	/* Who has only sent a SYN has sent no more before an answer comes. */
	if (tf_end_has(y, TF_END_SYN_SEEN) && !tf_end_has(y, TF_END_SYN_ACKED) &&
	    !tf_end_has(y, TF_END_SENT_DATA) && !st->data)
		return true;
	/* Nobody sends beyond the window that he was offered. */
	if (tf_end_has(x, TF_END_WINDOW_KNOWN))
		return tf_seq_gt(ack, tf_seq_add(x->right, 1));
	return tf_seq_diff(ack, y->max) > INT32_MAX / 2;
}

static void
note_gap(struct tf_step *st, tf_seq left)
{
	struct tf_extra *x = tf_extra_of(st->ctx, st->c);

	st->c->flags |= TF_CONN_GAP;
	if (!x)
		return;
	x->gaps++;
	x->gap_bytes += st->missed_bytes;
	if (!x->gap_ns) {
		x->gap_ns = st->ctx->now_ns;
		x->gap_packet = st->s->packet;
		x->gap_left = left;
		x->gap_end = (uint8_t)st->to;
	}
	x->gap_right = st->s->ack;
}

static void
note_missed(struct tf_step *st)
{
	tf_seq left = st->y->nxt;

	st->missed_bytes = tf_reassembly_acked(st->ctx, st->c, st->to, st->s->ack);
	/* Of an end that never passed the tap nothing is missing: its direction is.
	 * In mid-stream the first segment shows no more than where to begin. */
	if (st->y->packets > (st->c->flags & TF_CONN_MIDSTREAM ? 1 : 0) && st->missed_bytes)
		note_gap(st, left);
}

static void
count_duplicate_ack(struct tf_step *st, uint16_t window_before)
{
	const struct tf_segment *s = st->s;
	struct tf_extra *x;

	/* RFC 5681 section 2. */
	if (s->len > 0 || s->flags & (TF_SYN | TF_FIN) || !tf_seq_eq(s->ack, st->y->una) ||
	    !tf_seq_lt(st->y->una, st->y->max) || s->window != window_before || st->x->packets < 2 ||
	    st->marks & (TF_MARK_KEEPALIVE | TF_MARK_ZERO_WINDOW_PROBE))
		return;
	st->marks |= TF_MARK_DUPLICATE_ACK;
	x = tf_extra_of(st->ctx, st->c);
	if (x)
		x->end[st->from].duplicate_acks++;
}

static void
refuse_ack(struct tf_step *st)
{
	struct tf_extra *x = tf_extra_of(st->ctx, st->c);

	st->bad_ack = true;
	if (!x)
		return;
	x->bad_ack[st->to] = st->s->ack;
	x->bad_ack_known[st->to] = true;
}

static void
place_ack(struct tf_step *st)
{
	struct tf_end *y = st->y;
	tf_seq ack = st->s->ack;

	if (!(st->s->flags & TF_ACK))
		return;
	if (!tf_end_has(y, TF_END_SEQ_KNOWN)) {
		/* It acknowledges something that did not pass; where that began nobody knows. */
		if (st->before[st->to] == TF_LISTEN && tf_end_state(st->x) != TF_SYN_SENT) {
			refuse_ack(st);
			return;
		}
		y->flags |= TF_END_SEQ_KNOWN;
		y->max = y->nxt = y->una = ack;
		if (st->s->flags & TF_SYN) { /* it can only acknowledge a SYN */
			y->flags |= TF_END_ISN_KNOWN;
			y->isn = tf_seq_sub(ack, 1);
		}
		return;
	}
	bool unanswered = tf_end_has(y, TF_END_ISN_KNOWN) && !tf_end_has(y, TF_END_SYN_ACKED);
	if ((unanswered && tf_seq_le(ack, y->isn)) || cannot_be_sent(st)) {
		refuse_ack(st);
		return;
	}
	count_duplicate_ack(st, st->x->window);
	if (tf_seq_gt(ack, y->nxt))
		note_missed(st);
	st->ack_advances = tf_seq_gt(ack, y->una);
	y->una = tf_seq_max(y->una, ack);
	st->acks_syn = tf_end_has(y, TF_END_ISN_KNOWN) && tf_seq_gt(ack, y->isn);
	st->acks_fin = tf_end_has(y, TF_END_FIN) && tf_seq_ge(ack, y->max);
	st->first_ack_of_syn = st->acks_syn && !tf_end_has(y, TF_END_SYN_ACKED);
	st->first_ack_of_fin = st->acks_fin && !tf_end_has(y, TF_END_FIN_ACKED);
	if (st->acks_syn)
		y->flags |= TF_END_SYN_ACKED;
	if (st->acks_fin)
		y->flags |= TF_END_FIN_ACKED;
}

static void
count_zero_window(struct tf_step *st)
{
	struct tf_extra *x;

	if (st->s->window != 0 || st->s->flags & (TF_SYN | TF_RST) || !(st->s->flags & TF_ACK))
		return;
	st->marks |= TF_MARK_ZERO_WINDOW;
	x = tf_extra_of(st->ctx, st->c);
	if (x)
		x->end[st->from].zero_windows++;
}

void
tf_classify(struct tf_step *st)
{
	if (st->s->flags & TF_RST)
		return;
	st->fresh = is_fresh(st);
	st->at_edge = tf_end_has(st->x, TF_END_SEQ_KNOWN) && tf_seq_eq(st->s->seq, st->x->max);
	place_sequence(st);
	place_ack(st);
	count_zero_window(st);
}

/* ---- the sender: proof ----------------------------------------------------- */

static struct tf_fin_record *
fin_of(const struct tf_step *st, enum tf_endpoint which)
{
	struct tf_extra *x = tf_extra_if(st->ctx, st->c);

	return x ? &x->end[which].fin : NULL;
}

static int64_t
since_third_segment(const struct tf_step *st)
{
	const struct tf_extra *x = tf_extra_if(st->ctx, st->c);
	int64_t at = st->c->first_ts_ns + st->c->handshake_ns;

	if (x && x->handshake_ack_ns > at)
		at = x->handshake_ack_ns;
	return st->ctx->now_ns - at;
}

static void
note_syn_again(struct tf_step *st)
{
	struct tf_extra *x = tf_extra_of(st->ctx, st->c);

	st->c->flags |= TF_CONN_REPEATED;
	if (!x)
		return;
	if (st->s->flags & TF_ACK) {
		x->syn_ack_again++;
		x->syn_ack_last_ns = st->ctx->now_ns;
		x->syn_ack_last_packet = st->s->packet;
	} else {
		x->syn_again++;
		x->syn_last_ns = st->ctx->now_ns;
		x->syn_last_packet = st->s->packet;
	}
}

static uint16_t
in_64us(int64_t ns)
{
	int64_t units = ns / 64000 + 1;

	return (uint16_t)(units > UINT16_MAX ? UINT16_MAX : units);
}

static void
note_first_syn_ack(struct tf_step *st)
{
	struct tf_connection *c = st->c;

	if (c->flags & TF_CONN_SYN_ACK)
		return;
	c->flags |= TF_CONN_SYN_ACK;
	c->handshake_ns = st->ctx->now_ns;
	if (!(c->flags & (TF_CONN_REPEATED | TF_CONN_MIDSTREAM)) && st->from == TF_SERVER)
		st->x->rtt_64us = in_64us(st->ctx->now_ns - c->first_ts_ns);
}

static void
prove_syn_ack(struct tf_step *st)
{
	if (st->bad_ack) {
		/* It answers an old duplicate (figure 8), but it answers. */
		if (tf_end_state(st->x) == TF_LISTEN)
			tf_replica_sent(st->sender, TF_IN_SND_SYN_ACK);
		return;
	}
	note_first_syn_ack(st);
	if (tf_end_has(st->x, TF_END_SYN_ACKED) && st->marks & TF_MARK_RETRANSMISSION) {
		struct tf_extra *x = tf_extra_of(st->ctx, st->c);
		if (since_third_segment(st) < tf_end_rtt_ns(st->x))
			return; /* it crossed the ACK on the wire */
		st->x->doubt |= TF_P_ACK_OF_SYN;
		if (x)
			x->syn_ack_after_ack++;
	}
	tf_replica_sent(st->sender, TF_IN_SND_SYN_ACK);
}

/* A SYN passed from each end, neither with an ACK: figure 7, or a split handshake. */
static void
note_crossing_syns(struct tf_step *st)
{
	if (!tf_end_has(st->y, TF_END_SYN_SEEN) || st->marks & TF_MARK_RETRANSMISSION)
		return;
	st->c->flags |= TF_CONN_SIMULTANEOUS;
	struct tf_extra *x = tf_extra_of(st->ctx, st->c);
	if (x)
		x->crossing_ns = st->ctx->now_ns;
	if (tf_end_has(st->y, TF_END_SYN_ACKED))
		st->c->flags |= TF_CONN_SPLIT;
	else
		st->x->flags &= (uint16_t)~TF_END_PASSIVE;
}

static void
prove_syn(struct tf_step *st)
{
	if (st->marks & TF_MARK_RETRANSMISSION)
		note_syn_again(st);
	if (st->s->flags & TF_ACK) {
		prove_syn_ack(st);
		return;
	}
	note_crossing_syns(st);
	if (tf_end_state(st->x) == TF_CLOSED && st->marks & TF_MARK_RETRANSMISSION) {
		/* Refused, and it tries the same SYN again. */
		tf_replica_retract(st->sender, TF_SYN_SENT, TF_IN_SND_SYN);
		tf_connection_set_close(st->c, TF_CLOSE_OPEN);
		return;
	}
	if (tf_end_state(st->x) <= TF_SYN_RECEIVED)
		tf_replica_sent(st->sender, TF_IN_SND_SYN);
}

static void
note_third_segment(struct tf_step *st)
{
	struct tf_connection *c = st->c;

	if (c->flags & (TF_CONN_ESTABLISHED | TF_CONN_MIDSTREAM) || st->from != TF_CLIENT)
		return;
	if (c->flags & TF_CONN_SYN_ACK && !(c->flags & TF_CONN_REPEATED))
		st->x->rtt_64us = in_64us(st->ctx->now_ns - c->handshake_ns);
	c->flags |= TF_CONN_ESTABLISHED;
	if (!(c->flags & TF_CONN_SYN_ACK))
		c->flags |= TF_CONN_REPEATED; /* no measure of the path without the SYN,ACK */
	c->handshake_ns = st->ctx->now_ns - c->first_ts_ns;
}

/* The SYN,ACK did not pass the tap, but the client answers it. */
static bool
answers_unseen_syn_ack(const struct tf_step *st)
{
	return tf_end_state(st->x) == TF_SYN_SENT && st->s->flags & TF_ACK &&
	       !tf_end_has(st->y, TF_END_SYN_SEEN) && !st->bad_ack && tf_seq_gt(st->s->seq, st->x->isn) &&
	       st->fresh;
}

static void
prove_opening(struct tf_step *st)
{
	if (answers_unseen_syn_ack(st)) {
		tf_replica_missed(st->receiver, TF_IN_SND_SYN_ACK);
		st->y->isn = tf_seq_sub(st->s->ack, 1);
		st->y->flags |= TF_END_ISN_KNOWN | TF_END_SYN_ACKED;
		st->acks_syn = st->first_ack_of_syn = true;
		st->missed_bytes = 1;
		note_gap(st, st->y->isn);
	}
	if (!st->first_ack_of_syn)
		return;
	note_third_segment(st);
	tf_replica_sent(st->sender, TF_IN_SND_ACK_OF_SYN);
}

static void
prove_ack_of_fin(struct tf_step *st)
{
	struct tf_fin_record *fin = fin_of(st, st->to);

	if (fin) {
		fin->ack_last_ns = st->ctx->now_ns;
		if (!fin->ack_ns) {
			fin->ack_ns = st->ctx->now_ns;
			fin->ack_packet = st->s->packet;
		}
	}
	/* A FIN that carried the ACK of ours cannot arrive without it. */
	if (fin && fin->acks_peer_fin && tf_end_has(st->x, TF_END_FIN))
		tf_replica_confirm(st->sender, TF_IN_RCV_ACK_OF_FIN);
	/* A FIN of its own that the tap missed would have moved its numbers on. */
	bool began_before = st->c->flags & TF_CONN_MIDSTREAM && !tf_end_has(st->x, TF_END_SENT_DATA);
	if (st->fresh && st->at_edge && !(st->s->flags & TF_FIN) && !began_before &&
	    tf_rule(tf_end_state(st->x), TF_IN_SND_BEFORE_CLOSE)->effect != TF_NEVER)
		tf_replica_sent(st->sender, TF_IN_SND_BEFORE_CLOSE);
	tf_replica_sent(st->sender, TF_IN_SND_ACK_OF_FIN);
}

/* Sent just now: something new, or a retransmission, which bears the ACK of its own time. */
static bool
is_current(const struct tf_step *st)
{
	return st->fresh || (st->marks & TF_MARK_RETRANSMISSION && tf_seq_ge(st->s->ack, st->y->una));
}

/* Its ACK does not cover the FIN that has passed towards it: it crossed, or the FIN has not arrived. */
static void
prove_before_fin(struct tf_step *st)
{
	const struct tf_fin_record *fin = fin_of(st, st->to);

	if (!(st->x->pending & TF_P_FIN))
		return;
	if (st->s->flags & TF_FIN && !st->fin_again)
		tf_replica_sent(st->sender, TF_IN_SND_ACK_BEFORE_FIN);
	else if (is_current(st) && fin && st->ctx->now_ns - fin->last_ns > tf_end_rtt_ns(st->x))
		tf_replica_doubt(st->sender, TF_P_FIN, TF_IN_SND_ACK_BEFORE_FIN);
}

/* A closed end sends: does that show that it is not closed? */
static bool
revives(struct tf_step *st)
{
	struct tf_extra *x = tf_extra_if(st->ctx, st->c);
	int64_t since;

	if (!st->fresh || !x || !x->rst.seen)
		return st->fresh && st->before[st->from] != TF_SYN_SENT;
	since = st->ctx->now_ns - x->rst.ts_ns;
	if (x->rst.from == st->from) /* its own RST: only something new belies it */
		return (st->data && tf_seq_ge(st->s->seq, x->rst.seq)) || since > tf_end_rtt_ns(st->x);
	if (since <= tf_end_rtt_ns(st->x))
		return false; /* in flight when the RST passed */
	st->x->doubt |= TF_P_RST;
	return true;
}

static void
prove_text(struct tf_step *st)
{
	enum tf_state state = tf_end_state(st->x);
	bool acks_data = st->ack_advances && tf_end_has(st->y, TF_END_ISN_KNOWN) &&
	                 tf_seq_gt(st->s->ack, tf_seq_add(st->y->isn, 1));
	enum tf_input input = st->data || acks_data ? TF_IN_SND_DATA : TF_IN_SND_ACK;

	if (input == TF_IN_SND_DATA && state == TF_SYN_RECEIVED && st->c->flags & TF_CONN_FAST_OPEN)
		input = TF_IN_SND_ACK; /* RFC 7413 section 4.1.2: before the third segment */
	if (state <= TF_SYN_SENT && (st->bad_ack || !(st->s->flags & TF_ACK)))
		return;
	if (state == TF_LISTEN && input == TF_IN_SND_ACK)
		return;
	if (state == TF_CLOSED && !revives(st))
		return;
	if (state == TF_SYN_RECEIVED && input == TF_IN_SND_DATA && !st->fresh && !acks_data)
		return;
	tf_replica_sent(st->sender, input);
	if (state == TF_CLOSED && tf_end_state(st->x) != TF_CLOSED &&
	    tf_connection_close(st->c) == TF_CLOSE_RST)
		tf_connection_set_close(st->c, TF_CLOSE_OPEN);
}

/* The same FIN as the first one, copied by the network and not sent again? */
static bool
is_copy_of_fin(const struct tf_step *st, const struct tf_fin_record *fin)
{
	bool same_id = st->s->ip_id != 0 && st->s->ip_id == fin->ip_id;
	bool same_time = st->s->options & TF_OPT_TIMESTAMPS && st->s->tsval == fin->tsval;

	return same_id || same_time;
}

static void
prove_fin_again(struct tf_step *st)
{
	struct tf_fin_record *fin = fin_of(st, st->from);
	const struct tf_fin_record *peer = fin_of(st, st->to);
	int64_t now = st->ctx->now_ns;

	if (!fin || is_copy_of_fin(st, fin))
		return;
	if (!tf_end_has(st->x, TF_END_FIN_ACKED)) {
		/* It may have arrived, and its ACK be lost: from now on only that ACK counts. */
		if (now - fin->last_ns > tf_end_rtt_ns(st->y))
			tf_replica_doubt(st->receiver, TF_P_FIN, TF_IN_SND_FIN_AGAIN);
	} else if (now - fin->ack_last_ns > tf_end_rtt_ns(st->x)) {
		st->x->doubt |= TF_P_ACK_OF_FIN;
		if (peer && peer->acks_peer_fin)
			st->x->doubt |= TF_P_FIN;
		tf_replica_sent(st->sender, TF_IN_SND_FIN_AGAIN);
	}
}

static void
prove_fin(struct tf_step *st)
{
	struct tf_fin_record *fin;

	if (st->fin_again)
		prove_fin_again(st);
	else
		tf_replica_sent(st->sender, TF_IN_SND_FIN);
	fin = fin_of(st, st->from);
	if (fin) {
		fin->last_ns = st->ctx->now_ns;
		fin->last_packet = st->s->packet;
	}
}

/* What the one end does shows what the other must have done unseen. */
static void
prove_jointly(struct tf_step *st)
{
	if (tf_end_state(st->y) == TF_SYN_SENT && tf_end_state(st->x) >= TF_ESTABLISHED) {
		note_third_segment(st);
		st->c->flags |= TF_CONN_REPEATED;
		tf_replica_missed(st->receiver, TF_IN_SND_ACK_OF_SYN);
	}
}

/* Data sent again below a FIN: the FIN behind it counts by its own ACK only. */
static void
doubt_fin_behind(struct tf_step *st)
{
	const struct tf_fin_record *fin = fin_of(st, st->from);

	if (!(st->marks & TF_MARK_RETRANSMISSION) || st->s->flags & (TF_SYN | TF_FIN) || !fin ||
	    !tf_end_has(st->x, TF_END_FIN) || !(st->y->pending & TF_P_FIN) || tf_seq_le(st->end, st->x->una))
		return;
	if (st->ctx->now_ns - fin->last_ns > tf_end_rtt_ns(st->y))
		tf_replica_doubt(st->receiver, TF_P_FIN, TF_IN_SND_DATA);
}

void
tf_prove_sender(struct tf_step *st)
{
	struct tf_extra *x = tf_extra_if(st->ctx, st->c);

	if (st->s->flags & TF_SYN) {
		prove_syn(st);
		tf_replica_presume(st->sender);
		return;
	}
	if (x && x->rst.awaiting && x->rst.from == st->from && st->fresh)
		x->rst.awaiting = false; /* its alleged sender lives on */
	prove_opening(st);
	if (st->first_ack_of_fin)
		prove_ack_of_fin(st);
	else if (tf_end_has(st->y, TF_END_FIN) && !st->acks_fin && st->s->flags & TF_ACK)
		prove_before_fin(st);
	prove_text(st);
	if (st->s->flags & TF_FIN && tf_end_has(st->x, TF_END_FIN))
		prove_fin(st);
	else
		doubt_fin_behind(st);
	tf_replica_presume(st->sender);
	prove_jointly(st);
}

/* ---- the receiver: presumption --------------------------------------------- */

/* May an ACK of the SYN count that passes again?  Not while data stays
 * unacknowledged behind it, nor when the SYN,ACK came again and again after
 * it: then the listener does not take it. */
static bool
ack_of_syn_counts(const struct tf_step *st)
{
	const struct tf_extra *x = tf_extra_if(st->ctx, st->c);

	return tf_end_state(st->y) == TF_SYN_RECEIVED && tf_seq_eq(st->x->una, st->x->max) &&
	       !(x && x->syn_ack_after_ack > 1);
}

static void
presume_opening(struct tf_step *st)
{
	struct tf_extra *x = tf_extra_if(st->ctx, st->c);

	if (st->s->flags & TF_SYN) {
		if (!(st->s->flags & TF_ACK))
			tf_replica_received(st->receiver, TF_P_SYN, false);
		else if (!st->bad_ack)
			tf_replica_received(st->receiver, TF_P_SYN_ACK, false);
		return;
	}
	if (!st->acks_syn || st->bad_ack)
		return;
	if (tf_end_state(st->y) != TF_SYN_RECEIVED && st->y->pending & TF_P_ACK_OF_SYN)
		return;
	/* In SYN-SENT a bare ACK is dropped (RFC 9293 section 3.10.7.3): it does not count later. */
	if (tf_end_state(st->y) == TF_SYN_SENT)
		st->y->doubt |= TF_P_ACK_OF_SYN;
	tf_replica_received(st->receiver, TF_P_ACK_OF_SYN, ack_of_syn_counts(st));
	if (x)
		x->handshake_ack_ns = st->ctx->now_ns;
}

static void
presume_closing(struct tf_step *st)
{
	struct tf_fin_record *fin = fin_of(st, st->to);

	if (st->acks_fin) {
		tf_replica_received(st->receiver, TF_P_ACK_OF_FIN, true);
		if (fin)
			fin->ack_last_ns = st->ctx->now_ns;
	}
	/* In order: all that comes before the FIN has passed. */
	if (tf_end_has(st->x, TF_END_FIN) && tf_seq_eq(st->x->nxt, st->x->max) &&
	    !(st->y->pending & TF_P_FIN))
		tf_replica_received(st->receiver, TF_P_FIN, false);
}

static void
note_time_wait(struct tf_step *st)
{
	struct tf_extra *x = tf_extra_if(st->ctx, st->c);

	if (!x)
		return;
	for (int e = 0; e < 2; e++) {
		bool in = tf_end_state(&st->c->end[e]) == TF_TIME_WAIT;
		bool fin_came = e == (int)st->to && st->s->flags & TF_FIN;
		if (!in)
			x->time_wait_ns[e] = 0;
		else if (!x->time_wait_ns[e] || fin_came)
			x->time_wait_ns[e] = st->ctx->now_ns;
	}
}

void
tf_presume_receiver(struct tf_step *st)
{
	if (!tf_step_rejected(st)) {
		presume_opening(st);
		presume_closing(st);
	}
	note_time_wait(st);
}

/* ---- resets ---------------------------------------------------------------- */

static void
note_rst(struct tf_step *st, bool exact)
{
	struct tf_extra *x = tf_extra_of(st->ctx, st->c);

	if (!x)
		return;
	x->rst = (struct tf_rst_record){
	    .ts_ns = st->ctx->now_ns,
	    .packet = st->s->packet,
	    .seq = st->s->seq,
	    .from = (uint8_t)st->from,
	    .seen = true,
	    .exact = exact,
	    .awaiting = !exact,
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

	note_rst(st, true);
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

static void
prove_exact_rst(struct tf_step *st)
{
	note_rst(st, true);
	tf_replica_sent(st->sender, TF_IN_SND_RST);
	tf_replica_received(st->receiver, TF_P_RST, true);
	if (tf_connection_close(st->c) == TF_CLOSE_OPEN)
		tf_connection_set_close(st->c, TF_CLOSE_RST);
}

void
tf_prove_reset(struct tf_step *st)
{
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
	if (!unheard && tf_rst_place(st) == TF_RST_EXACT) {
		prove_exact_rst(st);
	} else if (tf_end_state(st->x) != TF_CLOSED) {
		note_rst(st, false);
		tf_replica_perhaps(st->receiver, TF_IN_RCV_RST_DOUBTFUL);
	}
	note_time_wait(st);
}
