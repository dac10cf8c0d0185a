/*
 * A SYN on a 4-tuple that is in use: a retransmission, a delayed
 * duplicate, a new incarnation, a restarted peer, or an injected segment.
 * Its numbers seldom tell; the answer does.  So it is held until then, and
 * the new connection begins with the first SYN of that ISN.
 *
 * Sources: RFC 9293 sections 3.5.1 and 3.6.1, RFC 6191, RFC 5961 section 4.
 */
#include "core/letters.h"
#include "flow/flow.h"

/* Asked for each segment, so the flag spares a look at the rare things. */
static struct tf_held_syn *
held_of(const struct tf_analyzer *a, const struct tf_connection *c)
{
	const struct tf_extra *x = c->flags & TF_CONN_HOLDS_SYN ? tf_extra_if(&a->ctx, c) : NULL;

	return x && x->held ? tf_pool_at(&a->ctx.held, x->held) : NULL;
}

/* While a SYN is held its sender may have begun anew, and the other end have heard it. */
static void
refresh_sets(struct tf_analyzer *a, struct tf_connection *c)
{
	for (enum tf_endpoint e = TF_CLIENT; e <= TF_SERVER; e++)
		tf_replica_may_be(tf_replica(&a->ctx, c, e), 0);
}

void
tf_held_count(const struct tf_analyzer *a, struct tf_connection *c)
{
	const struct tf_held_syn *held = held_of(a, c);

	if (!held)
		return;
	c->end[held->from].packets += 1 + held->again;
	tf_end_count_wire_bytes(&c->end[held->from], held->wire_bytes);
	if (held->last_ns > c->last_ts_ns)
		c->last_ts_ns = held->last_ns;
}

/* S, a SYN into C, finds no room to be held: it counts as one of C's segments, and is not judged. */
static void
count_unheld(struct tf_analyzer *a, struct tf_connection *c, const struct tf_segment *s)
{
	struct tf_end *end = &c->end[tf_connection_sender(c, s)];

	a->stats.pool_exhausted++;
	end->packets++;
	tf_end_count_wire_bytes(end, s->wire_len);
	c->last_ts_ns = a->ctx.now_ns > c->last_ts_ns ? a->ctx.now_ns : c->last_ts_ns;
}

static void
drop_held(struct tf_analyzer *a, struct tf_connection *c)
{
	struct tf_extra *x = tf_extra_if(&a->ctx, c);

	tf_pool_put(&a->ctx.held, x->held);
	x->held = 0;
	c->flags &= ~(uint32_t)TF_CONN_HOLDS_SYN;
	refresh_sets(a, c);
}

/* The SYN that C holds begins nothing: it is one of C's segments. */
static void
let_go(struct tf_analyzer *a, struct tf_connection *c)
{
	tf_held_count(a, c);
	drop_held(a, c);
}

static void
hold(struct tf_analyzer *a, struct tf_connection *c, const struct tf_segment *s)
{
	struct tf_extra *x = tf_extra_of(&a->ctx, c);
	struct tf_held_syn *held = held_of(a, c);

	if (held && tf_seq_eq(held->segment.seq, s->seq)) {
		held->again++;
		held->crossed = false;
		held->last_ns = a->ctx.now_ns;
		held->last_packet = s->packet;
		held->wire_bytes += s->wire_len;
		return;
	}
	tf_held_count(a, c);
	if (!held && x) {
		x->held = tf_pool_get(&a->ctx.held);
		held = x->held ? tf_pool_at(&a->ctx.held, x->held) : NULL;
	}
	if (!held) {
		count_unheld(a, c, s);
		return;
	}
	c->flags |= TF_CONN_HOLDS_SYN;
	*held = (struct tf_held_syn){
	    .segment = *s,
	    .last_packet = s->packet,
	    .last_ns = a->ctx.now_ns,
	    .wire_bytes = s->wire_len,
	    .from = (uint8_t)tf_connection_sender(c, s),
	};
	held->segment.ts_ns = a->ctx.now_ns; /* where the capture's time went back, it passed by its clock */
	held->segment.payload = NULL;
	held->segment.payload_len = 0;
	if (s->sack_count)
		held->segment.sack = memcpy(held->sack, s->sack, (size_t)s->sack_count * TF_SACK_BLOCK);
	refresh_sets(a, c);
}

static void
show_held(struct tf_analyzer *a, const struct tf_connection *c, const struct tf_segment *s)
{
	if (!(a->ctx.sink.wanted & TF_EV_SEGMENT))
		return;
	enum tf_endpoint from = tf_connection_sender(c, s);
	struct tf_segment_event se = {
	    .segment = s,
	    .conn = c->conn,
	    .from = from,
	    .marks = TF_MARK_HELD,
	    .rel_seq = s->seq.v - c->end[from].isn.v,
	    .state = {tf_end_state(&c->end[TF_CLIENT]), tf_end_state(&c->end[TF_SERVER])},
	};
	struct tf_event e = {.kind = TF_EV_SEGMENT, .segment = &se};
	a->ctx.sink.event(a->ctx.sink.context, &e);
}

/* The former connection on the 4-tuple is no more: neither end has it. */
static struct tf_former
replace(struct tf_analyzer *a, uint32_t index)
{
	struct tf_connection *c = tf_connection_at(a, index);
	struct tf_former former = tf_former_of(&a->ctx, c);

	for (enum tf_endpoint e = TF_CLIENT; e <= TF_SERVER; e++)
		tf_replica_moved(tf_replica(&a->ctx, c, e), TF_IN_REPLACED, TF_INFERRED);
	tf_table_end(a, index, TF_GONE_REPLACED);
	return former;
}

/* What happens until end_holding() is done by S, which passed before it was known what it is. */
static void
begin_holding(struct tf_analyzer *a, const struct tf_segment *s)
{
	a->ctx.held_back = (struct tf_held_back){s->ts_ns, s->packet};
}

static void
end_holding(struct tf_analyzer *a)
{
	a->ctx.held_back.packet = 0;
}

/* Feed a held SYN to the connection that it began, with its repetitions. */
static void
replay(struct tf_analyzer *a, uint32_t index, const struct tf_held_syn *held)
{
	struct tf_connection *c = tf_connection_at(a, index);

	tf_feed_connection(a, index, &held->segment);
	c->last_ts_ns = held->last_ns; /* it passed before it was judged */
	if (!held->again)
		return;
	struct tf_extra *x = tf_extra_of(&a->ctx, c);
	c->flags |= TF_CONN_REPEATED;
	c->end[TF_CLIENT].packets += held->again;
	tf_end_count_wire_bytes(&c->end[TF_CLIENT], held->wire_bytes - held->segment.wire_len);
	if (!x)
		return;
	x->syn_again = held->again;
	x->syn_last_ns = held->last_ns;
	x->syn_gap_ns = held->last_ns - held->segment.ts_ns;
	x->syn_last_packet = held->last_packet;
	x->end[TF_CLIENT].retransmitted = held->again;
}

static void
give_up_attempt(struct tf_analyzer *a, struct tf_connection *c)
{
	tf_connection_set_close(c, TF_CLOSE_UNANSWERED);
	tf_replica_moved(tf_replica(&a->ctx, c, TF_CLIENT), TF_IN_TIMEOUT_SYN, TF_INFERRED);
}

/* What was taken for the answer to an old duplicate was one to a new attempt: it was none of C's. */
static void
take_answer_from(struct tf_connection *c, const struct tf_held_syn *held)
{
	struct tf_end *end = &c->end[!held->from];

	end->packets--;
	end->wire_word -= held->answer.wire_len * TF_COUNT_ONE;
	end->flags &= (uint16_t) ~(TF_END_SYN_SEEN | TF_END_ISN_KNOWN | TF_END_SEQ_KNOWN);
	if (!end->packets)
		tf_letters_take_answer(c, !held->from);
}

/* The SYN that connection INDEX holds begins a new one. */
static uint32_t
begin_held(struct tf_analyzer *a, uint32_t index)
{
	struct tf_connection *c = tf_connection_at(a, index);
	struct tf_held_syn held = *held_of(a, c);
	struct tf_key key = tf_connection_key(&a->ctx, c);
	struct tf_former former;

	drop_held(a, c);
	if (tf_connection_waits_in(&a->ctx, c, TF_CLIENT) == TF_SYN_SENT && !(c->flags & TF_CONN_SYN_ACK))
		give_up_attempt(a, c);
	if (held.answer.packet)
		take_answer_from(c, &held);
	former = replace(a, index);
	begin_holding(a, &held.segment);
	index = tf_table_begin(a, &key, tf_key_hash(&key, a->config.hash_key), &held.segment,
	                       held.segment.ts_ns, &former);
	if (index)
		replay(a, index, &held);
	if (index && held.answer.packet) {
		begin_holding(a, &held.answer);
		tf_feed_connection(a, index, &held.answer);
	}
	end_holding(a);
	return index;
}

static uint32_t
begin_fresh(struct tf_analyzer *a, uint32_t index, uint32_t hash, const struct tf_segment *s)
{
	struct tf_key key = tf_connection_key(&a->ctx, tf_connection_at(a, index));
	struct tf_former former = replace(a, index);

	return tf_table_begin(a, &key, hash, s, a->ctx.now_ns, &former);
}

/* A third number, and still no answer: then the SYN that is held was no old duplicate, but an attempt, too. */
static bool
is_one_of_many(const struct tf_analyzer *a, const struct tf_connection *c, const struct tf_held_syn *held,
               const struct tf_segment *s)
{
	enum tf_endpoint from = tf_connection_sender(c, s);

	return held->from == (uint8_t)from && !tf_seq_eq(held->segment.seq, s->seq) &&
	       !tf_seq_eq(c->end[from].isn, s->seq) && !(c->flags & TF_CONN_SYN_ACK) &&
	       tf_connection_waits_in(&a->ctx, c, from) == TF_SYN_SENT;
}

uint32_t
tf_syn_arrives(struct tf_analyzer *a, uint32_t index, uint32_t hash, const struct tf_segment *s)
{
	struct tf_connection *c = tf_connection_at(a, index);
	const struct tf_held_syn *held = held_of(a, c);

	tf_shape_forget(c);
	/* No TCP opens a connection like this: nothing answers it, and nothing is to be judged. */
	if (s->flags & TF_FIN && !tf_connection_closed(c))
		return index;
	if (held && is_one_of_many(a, c, held, s)) {
		index = begin_held(a, index);
		return index ? tf_syn_arrives(a, index, hash, s) : 0;
	}
	switch (tf_connection_judge_syn(&a->ctx, c, s)) {
	case TF_SYN_OWN:
		return index;
	case TF_SYN_ATTEMPT:
		give_up_attempt(a, c);
		return begin_fresh(a, index, hash, s);
	case TF_SYN_NEW:
		/* Held, challenged, the old connection reset, and here it is again. */
		if (held && tf_seq_eq(held->segment.seq, s->seq))
			return begin_held(a, index);
		return begin_fresh(a, index, hash, s);
	case TF_SYN_HOLD:
		break;
	}
	/* Whose it is remains to be seen; it may arrive all the same. */
	tf_replica_received(tf_replica(&a->ctx, c, !tf_connection_sender(c, s)), TF_P_SYN, false);
	hold(a, c, s);
	show_held(a, c, s);
	return 0;
}

/* S acknowledges the SYN that is held, and nothing else. */
static bool
acks_held(const struct tf_held_syn *held, const struct tf_segment *s)
{
	return s->flags & TF_ACK && tf_seq_gt(s->ack, held->segment.seq) &&
	       tf_seq_le(s->ack, tf_segment_end(&held->segment));
}

/* A SYN,ACK whose SYN the capture missed begins a connection too, where the former one is over. */
static bool
begins_unseen(const struct tf_connection *c, const struct tf_segment *s)
{
	if (!(s->flags & TF_SYN))
		return false;
	enum tf_endpoint from = tf_connection_sender(c, s);
	const struct tf_end *x = &c->end[from], *y = &c->end[!from];
	/* Of a connection older than the capture `isn` is where it begins to be known. */
	bool acks_former = tf_end_has(y, TF_END_SEQ_KNOWN) && tf_seq_between(s->ack, y->isn, y->max);
	bool over = tf_connection_closed(c) || tf_end_state(&c->end[TF_CLIENT]) == TF_TIME_WAIT ||
	            tf_end_state(&c->end[TF_SERVER]) == TF_TIME_WAIT;

	return (s->flags & (TF_ACK | TF_RST)) == TF_ACK && over && !acks_former &&
	       !(tf_end_has(x, TF_END_ISN_KNOWN) && tf_seq_eq(x->isn, s->seq));
}

/* Is S what its sender would send next on C, and acknowledge? */
static bool
fits_former(const struct tf_connection *c, const struct tf_segment *s)
{
	enum tf_endpoint from = tf_connection_sender(c, s);
	const struct tf_end *x = &c->end[from], *y = &c->end[!from];

	return tf_end_has(x, TF_END_SEQ_KNOWN) && tf_end_has(y, TF_END_SEQ_KNOWN) &&
	       tf_seq_eq(s->seq, x->max) && tf_seq_between(s->ack, y->una, y->max);
}

/* S answers what seems to be an old duplicate, and so it will be reset: RFC 9293 section 3.5, figure 8.  If it is
 * acknowledged instead, it was a new attempt. */
static void
keep_answer(const struct tf_analyzer *a, struct tf_held_syn *held, const struct tf_segment *s)
{
	if (held->answer.packet)
		return;
	held->answer = *s;
	held->answer.ts_ns = a->ctx.now_ns; /* as that of the SYN: hold() */
	held->answer.payload = NULL;
	held->answer.payload_len = 0;
	held->answer.sack = NULL;
	held->answer.sack_count = 0;
}

/* S, a RST of who seems to have sent the SYN, says that it did not: that SYN was old. */
static bool
disowns(const struct tf_held_syn *held, const struct tf_segment *s)
{
	return held->answer.packet && !(s->flags & TF_ACK) && tf_seq_eq(s->seq, held->answer.ack);
}

/* S, a RST of who seems to have sent the SYN, acknowledges the answer to it: who ends that connection has it. */
static bool
aborts_held(const struct tf_held_syn *held, const struct tf_segment *s)
{
	return held->answer.packet && s->flags & TF_ACK && tf_seq_eq(s->seq, held->answer.ack) &&
	       tf_seq_eq(s->ack, tf_segment_end(&held->answer));
}

uint32_t
tf_held_judge(struct tf_analyzer *a, uint32_t index, uint32_t hash, const struct tf_segment *s)
{
	struct tf_connection *c = tf_connection_at(a, index);
	struct tf_held_syn *held = held_of(a, c);

	if (!held)
		return begins_unseen(c, s) ? begin_fresh(a, index, hash, s) : index;
	tf_shape_forget(c);
	if (tf_connection_sender(c, s) != held->from) {
		if (!(s->flags & (TF_SYN | TF_RST)) || !acks_held(held, s))
			return index;
		if (!tf_connection_syn_is_old(&a->ctx, c, &held->segment))
			return begin_held(a, index);
		if (s->flags & TF_RST)
			let_go(a, c);
		else
			keep_answer(a, held, s);
		return index;
	}
	if (s->flags & TF_RST) {
		if (aborts_held(held, s))
			return begin_held(a, index);
		if (disowns(held, s))
			let_go(a, c);
		return index;
	}
	/* Its sender goes on as only the holder of the new connection can, or of the old one; where the numbers are
	 * the same, it is the old one, for nobody has answered the SYN. */
	if (s->flags & TF_ACK && tf_seq_eq(s->seq, tf_segment_end(&held->segment)) && !fits_former(c, s))
		return begin_held(a, index);
	if (tf_detect_syn_survived(&a->ctx, c, held, s))
		let_go(a, c);
	else
		held->crossed = true;
	return index;
}

/* Who tries to connect sends his SYN again (RFC 6298 section 5.5).  Where the other end has challenged it, it has the former
 * connection still, and whether its ACK reaches who sent the SYN nobody knows. */
static bool
is_attempt(const struct tf_held_syn *held)
{
	return held->again && !held->challenge_packet;
}

int64_t
tf_held_next(const struct tf_analyzer *a, const struct tf_connection *c)
{
	const struct tf_held_syn *held = held_of(a, c);

	if (!held)
		return INT64_MAX;
	return held->last_ns + (is_attempt(held) ? TF_SETTLE_NS : a->config.timer[TF_TIMER_SYN_SENT]);
}

/* A synchronized end challenges a SYN and stays as it is (RFC 5961 section 4): nobody has accepted it, and it began
 * nothing. */
static bool
came_to_nothing(const struct tf_connection *c, const struct tf_held_syn *held)
{
	const tf_states open = TF_STATES(TF_ESTABLISHED) | TF_STATES(TF_FIN_WAIT_1) |
	                       TF_STATES(TF_FIN_WAIT_2) | TF_STATES(TF_CLOSE_WAIT) | TF_STATES(TF_CLOSING) |
	                       TF_STATES(TF_LAST_ACK);

	return !is_attempt(held) && TF_STATES(tf_end_state(&c->end[!held->from])) & open;
}

uint32_t
tf_held_deadline(struct tf_analyzer *a, uint32_t index)
{
	struct tf_connection *c = tf_connection_at(a, index);
	const struct tf_held_syn *held = held_of(a, c);

	/* Its alleged sender spoke last on the former connection. */
	if (held->crossed || came_to_nothing(c, held)) {
		let_go(a, c);
		return index;
	}
	return begin_held(a, index);
}
