/*
 * Openings and closings as nearly all of them are: each segment in order,
 * nothing sent again, nothing missing; and what is in order where something
 * unusual was seen before, or the opening was not.  What such a segment does
 * to the two replicas depends on what they were (their shape) and on what
 * kind of segment it is, and on no number and no time.  So the checklist
 * (connection.c) works it out the first time (lessons.c), and here it is
 * looked up the next time: no rule is written twice.
 *
 * What is left to do by hand are the numbers: edges, windows, timestamps,
 * the times of the handshake and of the FINs (RFC 9293 section 3.10.7.4,
 * RFC 7323 section 4.3).
 *
 * The transitions that a move makes are remembered with it, since they
 * depend on the same things; only the packet and the time are new.  A test
 * feeds both ways and compares.
 */
#include "core/moves.h"

#include <string.h>

#include "core/accept.h"
#include "core/classify.h"
#include "core/connection.h"
#include "core/letters.h"
#include "core/offer.h"

/* ---- is it plain? --------------------------------------------------------------- */

/* Older timestamps, or none where there should be, are not plain. */
static inline bool
is_in_time(const struct tf_end *x, const struct tf_segment *s, unsigned kind)
{
	if (!(kind & TF_K_TIMESTAMPS))
		return !tf_end_has(x, TF_END_TIMESTAMPS);
	return !tf_end_has(x, TF_END_TSVAL_KNOWN) ||
	       ((int32_t)(s->tsval - x->tsval) >= 0 && (int32_t)(s->tsval - x->ts_recent) >= 0);
}

/* Where an ACK of the other end's SYN, or of all up to its FIN, is awaited, S brings it.  Without it that end would not
 * be open yet, or not be closed. */
static inline bool
brings_awaited_ack(const struct tf_end *y, const struct tf_segment *s, unsigned may)
{
	if (may & TF_AWAITS_SYN && !tf_seq_gt(s->ack, y->isn))
		return false;
	return !(may & TF_AWAITS_FIN) || (s->len == 0 && tf_seq_eq(s->ack, y->max));
}

/* In order, and its ACK covers what has passed, or a part of it. */
static inline bool
is_in_order(const struct tf_end *x, const struct tf_end *y, const struct tf_segment *s, unsigned kind,
            unsigned may)
{
	if (!tf_seq_eq(s->seq, x->max) || !tf_seq_between(s->ack, y->una, y->max))
		return false;
	if (tf_end_has(y, TF_END_WINDOW_KNOWN) && tf_seq_gt(s->seq, y->right))
		return false;
	if (may & (TF_AWAITS_SYN | TF_AWAITS_FIN) && !brings_awaited_ack(y, s, may))
		return false;
	/* A duplicate ACK (RFC 5681 section 2) is counted. */
	return !tf_seq_eq(s->ack, y->una) || kind & (TF_K_DATA | TF_K_FIN) || tf_seq_eq(y->una, y->max) ||
	       s->window != x->window;
}

/* A SYN without an ACK, or with one of all that the other end has sent. */
static inline bool
is_first_in_order(const struct tf_end *y, const struct tf_segment *s)
{
	return !(s->flags & TF_ACK) || tf_seq_eq(s->ack, y->max);
}

/* The time at which an end may have left TIME-WAIT lies ahead. */
static bool
may_still_wait(const struct tf_context *ctx, const struct tf_closing *k)
{
	int64_t limit_ns = ctx->config->timer[TF_TIMER_TIME_WAIT];

	for (int e = 0; k && e < 2; e++)
		if (k->time_wait_early_ns[e] && k->time_wait_early_ns[e] + limit_ns <= ctx->now_ns)
			return false;
	return true;
}

/* An echo of what did not pass (core/unseen.c) is for the checklist. */
static inline bool
echoes_what_passed(const struct tf_end *y, const struct tf_segment *s, unsigned kind)
{
	return !(kind & TF_K_TIMESTAMPS) || !tf_end_has(y, TF_END_TSVAL_KNOWN) ||
	       (int32_t)(s->tsecr - y->tsval) <= 0;
}

/* It is what X, which sent S, may send by MAY, and its numbers and times are as the kind says. */
static inline bool
is_plain(const struct tf_context *ctx, const struct tf_connection *c, const struct tf_end *x,
         const struct tf_end *y, const struct tf_segment *s, enum tf_endpoint from, unsigned may)
{
	unsigned kind = s->plain.kind;

	if (s->plain.move & ~may || !is_in_time(x, s, kind) || !echoes_what_passed(y, s, kind))
		return false;
	if (!(__builtin_expect(kind & TF_K_SYN, 0) ? is_first_in_order(y, s)
	                                           : is_in_order(x, y, s, kind, may)))
		return false;
	if (!(may & (TF_MAY_WAIT | TF_IS_CALM)))
		return true;
	/* Where both are established no time runs out; but a new letter may have its place among the rare things. */
	return may & TF_IS_CALM ? tf_letters_have(c->letters, from, s->len > 0)
	                        : may_still_wait(ctx, tf_closing_if(ctx, c));
}

/* tf_segment_end(), of a plain one: it has a SYN or a FIN where its kind has, and not both. */
static inline tf_seq
end_of(const struct tf_segment *s)
{
	return tf_seq_add(s->seq, s->len + ((s->plain.kind & (TF_K_SYN | TF_K_FIN)) != 0));
}

_Static_assert((unsigned)TF_K_FROM_SERVER == (unsigned)TF_SERVER << 8, "the endpoint is shifted there");

/* The kind of S, which is plain, and which FROM sent from X to Y.  END: after its last octet. */
static inline unsigned
kind_of(const struct tf_end *x, const struct tf_end *y, const struct tf_segment *s, enum tf_endpoint from,
        tf_seq end)
{
	unsigned kind = s->plain.kind | (unsigned)from << 8;

	if (!(s->flags & TF_ACK))
		return kind;
	if (tf_seq_gt(s->ack, y->una)) {
		kind |= TF_K_ADVANCES;
		kind |= tf_seq_gt(s->ack, tf_seq_add(y->isn, 1)) ? TF_K_ACKS_DATA : 0;
	}
	return kind | (tf_seq_eq(x->una, end) ? TF_K_ALL_ACKED : 0);
}

/* ---- the numbers -------------------------------------------------------------------- */

/* In mid-stream the first segment shows where each end is; what a SYN,ACK acknowledges is a SYN. */
static inline void
number_beginning(struct tf_end *x, struct tf_end *y, const struct tf_segment *s)
{
	x->isn = x->una = s->seq;
	y->max = y->nxt = s->ack;
	y->isn = s->flags & TF_SYN ? tf_seq_sub(s->ack, 1) : s->ack;
}

static __attribute__((noinline)) void
number_syn(struct tf_context *ctx, struct tf_connection *c, const struct tf_segment *s, enum tf_endpoint from)
{
	struct tf_end *x = &c->end[from];

	x->isn = x->una = s->seq;
	x->mss = s->options & TF_OPT_MSS ? s->mss : 0;
	if (s->options & TF_OPT_WSCALE)
		x->wscale = s->wscale > 14 ? 14 : s->wscale;
	c->flags |= tf_stack_flag(from, s);
	if (s->flags & TF_ACK)
		tf_note_first_syn_ack(ctx, c, from);
}

static __attribute__((noinline)) void
number_rare(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint from, unsigned notes)
{
	if (notes & TF_NOTE_BARE_ACK)
		ctx->stats->bare_acks++;
	if (notes & TF_NOTE_THIRD)
		tf_note_third_segment(ctx, c, from);
}

static inline void
number_segment(const struct tf_context *ctx, struct tf_connection *c, struct tf_end *x,
               const struct tf_segment *s)
{
	x->packets++;
	tf_end_count_wire_bytes(x, s->wire_len);
	tf_end_count_bytes(x, s->len);
	if (ctx->now_ns > c->last_ts_ns)
		c->last_ts_ns = ctx->now_ns;
}

static inline void
number_timestamp(struct tf_end *x, const struct tf_segment *s, unsigned notes)
{
	if (!(notes & TF_NOTE_TIMESTAMPS))
		return;
	x->tsval = s->tsval;
	if (!(notes & TF_NOTE_TSVAL_KNOWN) ||
	    (tf_seq_le(s->seq, x->una) && (int32_t)(s->tsval - x->ts_recent) > 0))
		x->ts_recent = s->tsval;
}

static inline void
number_window(struct tf_end *x, const struct tf_segment *s, unsigned notes, unsigned scaled)
{
	tf_seq right = tf_seq_add(s->ack, (uint32_t)s->window << (x->wscale & scaled));

	x->window = s->window;
	if (notes & TF_NOTE_WINDOW && (!(notes & TF_NOTE_WINDOW_KNOWN) || tf_seq_gt(right, x->right)))
		x->right = right;
}

static inline void
number_ack_of_fin(const struct tf_context *ctx, struct tf_fin_record *fin, const struct tf_segment *s,
                  bool first)
{
	fin->ack_last_ns = ctx->now_ns;
	if (first && !fin->ack_ns) {
		fin->ack_ns = ctx->now_ns;
		fin->ack_packet = (uint32_t)s->packet;
	}
}

static inline void
number_closing(struct tf_context *ctx, struct tf_connection *c, const struct tf_segment *s,
               enum tf_endpoint from, const struct tf_move *move)
{
	struct tf_closing *k = tf_closing_if(ctx, c);
	unsigned notes = move->notes;

	if (k->extra && !ctx->moves->shape[move->to].shape.calm)
		tf_shape_forget(c); /* something was found meanwhile */
	k->letters = ctx->moves->shape[move->to].shape.letters_of_close;
	if (s->plain.kind & TF_K_FIN)
		tf_fin_of_segment(&k->fin[from], ctx, s, (notes & TF_NOTE_OF_FIN) != 0);
	if (notes & TF_NOTE_OF_FIN)
		number_ack_of_fin(ctx, &k->fin[!from], s, !(notes & TF_NOTE_FIN_ACKED));
	if (notes & TF_NOTE_WAIT)
		tf_note_time_wait(ctx, c, from == TF_CLIENT ? TF_SERVER : TF_CLIENT, s);
}

/* ---- the move ------------------------------------------------------------------------ */

static void
tell_transition(const struct tf_context *ctx, uint64_t conn, const struct tf_told *t)
{
	struct tf_transition m = {
	    .ts_ns = ctx->now_ns,
	    .packet = ctx->packet,
	    .conn = conn,
	    .endpoint = (enum tf_endpoint)t->endpoint,
	    .from = (enum tf_state)t->from,
	    .to = (enum tf_state)t->to,
	    .basis = (enum tf_basis)t->basis,
	    .rule = t->rule,
	    .event = t->event,
	    .reference = t->reference,
	    .possible = t->possible,
	    .held = ctx->held_back,
	};
	struct tf_event e = {.kind = TF_EV_TRANSITION, .transition = &m};
	ctx->sink.event(ctx->sink.context, &e);
}

static void
tell_possible(const struct tf_context *ctx, uint64_t conn, const struct tf_told *t)
{
	struct tf_possible p = {
	    .ts_ns = ctx->now_ns,
	    .packet = ctx->packet,
	    .conn = conn,
	    .endpoint = (enum tf_endpoint)t->endpoint,
	    .state = (enum tf_state)t->to,
	    .possible = t->possible,
	    .held = ctx->held_back,
	};
	struct tf_event e = {.kind = TF_EV_POSSIBLE, .possible = &p};
	ctx->sink.event(ctx->sink.context, &e);
}

void
tf_move_tell_beginning(const struct tf_context *ctx, uint64_t conn, enum tf_beginning how)
{
	const struct tf_told *announced = ctx->moves->beginning[how].announced;

	for (enum tf_endpoint e = TF_CLIENT; ctx->sink.wanted & TF_EV_POSSIBLE && e <= TF_SERVER; e++)
		if (announced[e].kind)
			tell_possible(ctx, conn, &announced[e]);
}

void
tf_move_tell(const struct tf_context *ctx, uint64_t conn, const struct tf_move *move)
{
	const struct tf_told *told = ctx->moves->told[move - ctx->moves->move];

	if (!(ctx->sink.wanted & (TF_EV_TRANSITION | TF_EV_POSSIBLE)))
		return;
	for (unsigned i = 0; i < move->told; i++) {
		if (told[i].kind == TF_EV_TRANSITION)
			tell_transition(ctx, conn, &told[i]);
		else
			tell_possible(ctx, conn, &told[i]);
	}
}

static __attribute__((noinline)) void
tell_all(const struct tf_context *ctx, const struct tf_connection *c, const struct tf_segment *s,
         enum tf_endpoint from, const struct tf_move *move)
{
	const struct tf_shape *shape = &ctx->moves->shape[move->key / (TF_K_ALL + 1)].shape;
	const enum tf_state before[2] = {(enum tf_state)(shape->history[TF_CLIENT] & 0xf),
	                                 (enum tf_state)(shape->history[TF_SERVER] & 0xf)};

	tf_connection_show(ctx, c, s, from, 0, before);
	tf_move_tell(ctx, c->conn, move);
}

/* END: after the last octet of S.  A call would cost as much as a tenth of it. */
static inline __attribute__((always_inline)) void
make(struct tf_context *ctx, struct tf_connection *c, struct tf_end *x, struct tf_end *y,
     const struct tf_segment *s, enum tf_endpoint from, tf_seq end, const struct tf_move *move)
{
	unsigned notes = move->notes;

	if (__builtin_expect(notes & TF_NOTES_RARE, 0))
		number_rare(ctx, c, from, notes);
	if (__builtin_expect(s->plain.kind & TF_K_SYN, 0))
		number_syn(ctx, c, s, from);
	tf_connection_hear(ctx, c, from);
	number_segment(ctx, c, x, s);
	tf_shape_take(ctx, c, move->to);
	if (s->checksum_state == TF_CHECKSUM_VALID)
		c->flags |= move->sums;
	number_timestamp(x, s, notes);
	number_window(x, s, notes, move->scaled);
	x->max = x->nxt = end;
	if (s->flags & TF_ACK)
		y->una = s->ack;
	if (c->closing)
		number_closing(ctx, c, s, from, move);
	if (ctx->sink.wanted & (TF_EV_SEGMENT | TF_EV_TRANSITION | TF_EV_POSSIBLE))
		tell_all(ctx, c, s, from, move);
}

/* So that it can be learnt.  NULL, for who looked for the move. */
static __attribute__((noinline, cold)) const struct tf_move *
note_unknown(struct tf_context *ctx, const struct tf_connection *c, enum tf_endpoint from, unsigned may,
             unsigned kind)
{
	ctx->moves->unknown = (struct tf_unknown_move){from, may, kind, c->shape};
	return NULL;
}

/* The first segment of a connection that is older than the capture.  Nothing is known yet, so no number can be
 * unexpected. */
static __attribute__((noinline)) const struct tf_move *
move_first(struct tf_context *ctx, struct tf_connection *c, const struct tf_segment *s, enum tf_endpoint from)
{
	bool answers = tf_end_state(&c->end[TF_SERVER]) == TF_SYN_RECEIVED;
	unsigned may = TF_BEGINS | (answers ? TF_MAY_SYN_ACK : TF_MAY_SEGMENT | TF_MAY_DATA);
	/* What begins with SYN,PSH,ACK is told as such. */
	bool odd = (s->flags & (TF_SYN | TF_PSH)) == (TF_SYN | TF_PSH);
	unsigned kind = s->plain.move & ~may || odd ? 0 : s->plain.kind | (unsigned)from << 8;
	uint32_t key = tf_move_key(c->shape, kind);
	const struct tf_move *move = &ctx->moves->move[tf_move_place(key)];

	if (!kind || move->key != key)
		return note_unknown(ctx, c, from, may, kind);
	number_beginning(&c->end[from], &c->end[!from], s);
	make(ctx, c, &c->end[from], &c->end[!from], s, from, end_of(s), move);
	return move;
}

const struct tf_move *
tf_move_plain(struct tf_context *ctx, struct tf_connection *c, const struct tf_segment *s,
              enum tf_endpoint from, unsigned may)
{
	struct tf_end *x = &c->end[from], *y = &c->end[TF_SERVER] - from;

	/* Compilers would rather work out both addresses again for each field. */
	__asm__("" : "+r"(x), "+r"(y));
	if (!is_plain(ctx, c, x, y, s, from, may))
		return may & TF_BEGINS ? move_first(ctx, c, s, from) : note_unknown(ctx, c, from, may, 0);

	tf_seq end = end_of(s);
	unsigned kind = kind_of(x, y, s, from, end);
	uint32_t key = tf_move_key(c->shape, kind);
	const struct tf_move *move = &ctx->moves->move[tf_move_place(key)];
	if (move->key != key || (kind & TF_K_FIN && !c->closing && !tf_closing_of(ctx, c)))
		return note_unknown(ctx, c, from, may, kind);
	make(ctx, c, x, y, s, from, end, move);
	return move;
}

const struct tf_move *
tf_move_first(const struct tf_context *ctx, const struct tf_segment *s)
{
	unsigned beginning = ctx->moves->beginning[TF_BEGINS_WITH_SYN].shape;
	uint32_t key = tf_move_key(beginning, s->plain.kind);
	const struct tf_move *move = &ctx->moves->move[tf_move_place(key)];
	bool fits = beginning && s->plain.move == TF_MAY_SYN && move->key == key;

	return fits && !(ctx->sink.wanted & TF_EV_SEGMENT) ? move : NULL;
}

const struct tf_move *
tf_move_answer(const struct tf_context *ctx, unsigned shape, tf_seq isn, const struct tf_segment *s)
{
	const struct tf_known_shape *known = &ctx->moves->shape[shape];
	const struct tf_end client = {.isn = isn, .una = isn, .max = tf_seq_add(isn, 1)};
	const struct tf_end server = {.flags = tf_shape_end_flags(&known->shape, TF_SERVER)};
	unsigned may = known->may[TF_SERVER];

	if (s->plain.move != TF_MAY_SYN_ACK || (may & (TF_MAY_SYN_ACK | TF_MAY_WAIT)) != TF_MAY_SYN_ACK ||
	    ctx->sink.wanted & TF_EV_SEGMENT || !is_in_time(&server, s, s->plain.kind) ||
	    !is_first_in_order(&client, s))
		return NULL;
	uint32_t key = tf_move_key(shape, kind_of(&server, &client, s, TF_SERVER, end_of(s)));
	const struct tf_move *move = &ctx->moves->move[tf_move_place(key)];
	return move->key == key ? move : NULL;
}
