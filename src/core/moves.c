/*
 * Openings and closings as nearly all of them are: each segment in order,
 * nothing sent again, nothing missing, nothing unusual seen before.  What
 * such a segment does to the two replicas depends on what they were (their
 * shape) and on what kind of segment it is, and on no number and no time.
 * So the checklist (connection.c) works it out the first time, and here it
 * is looked up the next time: no rule is written twice.
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

/* ---- is it plain? --------------------------------------------------------------- */

/* Older timestamps, or none where there should be, are not plain. */
static inline bool
is_in_time(const struct tf_end *x, const struct tf_segment *s, unsigned kind)
{
	if (!(kind & TF_K_TIMESTAMPS))
		return !tf_end_has(x, TF_END_TIMESTAMPS);
	return !tf_end_has(x, TF_END_TSVAL_KNOWN) || (int32_t)(s->tsval - x->tsval) >= 0;
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
	if (may & (TF_AWAITS_SYN | TF_AWAITS_FIN)) {
		if (may & TF_AWAITS_SYN && !tf_seq_gt(s->ack, y->isn))
			return false;
		/* All of the other end's FIN, or it is not closed yet. */
		if (may & TF_AWAITS_FIN && (s->len > 0 || !tf_seq_eq(s->ack, y->max)))
			return false;
	}
	/* A duplicate ACK (RFC 5681 section 2) is counted. */
	return kind & (TF_K_DATA | TF_K_FIN) || !tf_seq_eq(s->ack, y->una) || tf_seq_eq(y->una, y->max) ||
	       s->window != x->window;
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

/* What else of the kind the numbers of C decide. */
static inline unsigned
kind_by_numbers(const struct tf_end *x, const struct tf_end *y, const struct tf_segment *s)
{
	unsigned kind = 0;

	if (!(s->flags & TF_ACK))
		return 0;
	if (tf_seq_gt(s->ack, y->una)) {
		kind |= TF_K_ADVANCES;
		kind |= tf_seq_gt(s->ack, tf_seq_add(y->isn, 1)) ? TF_K_ACKS_DATA : 0;
	}
	kind |= tf_seq_eq(x->una, tf_segment_end(s)) ? TF_K_ALL_ACKED : 0;
	return kind;
}

/* The kind of S, sent by X; 0 where it is not plain to C.  MAY: what X may send. */
static inline unsigned
plain_kind(const struct tf_context *ctx, const struct tf_connection *c, const struct tf_end *x,
           const struct tf_end *y, const struct tf_segment *s, unsigned may)
{
	unsigned kind = s->plain.kind;

	if ((may & s->plain.move) != s->plain.move || !is_in_time(x, s, kind))
		return 0;
	if (kind & TF_K_SYN ? s->flags & TF_ACK && !tf_seq_eq(s->ack, y->max)
	                    : !is_in_order(x, y, s, kind, may))
		return 0;
	if (may & TF_MAY_WAIT && !may_still_wait(ctx, tf_closing_if(ctx, c)))
		return 0;
	return kind | kind_by_numbers(x, y, s) | (x == c->end ? 0 : TF_K_FROM_SERVER);
}

/* ---- where moves are ----------------------------------------------------------------- */

_Static_assert((TF_SHAPES - 1) <= UINT32_MAX / (TF_K_ALL + 1), "shape and kind are one key");

static uint32_t
key_of(unsigned shape, unsigned kind)
{
	return shape * (TF_K_ALL + 1) | kind;
}

static uint32_t
place_of(uint32_t key)
{
	return key * UINT32_C(0x9e3779b1) >> 19;
}

_Static_assert(TF_MOVES == 1 << (32 - 19), "place_of() takes the upper 13 bits");

/* ---- the numbers -------------------------------------------------------------------- */

static void
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

static void
number_timestamp(struct tf_end *x, const struct tf_segment *s, bool known)
{
	if (!(s->options & TF_OPT_TIMESTAMPS))
		return;
	x->tsval = s->tsval;
	if (!known || (tf_seq_le(s->seq, x->una) && (int32_t)(s->tsval - x->ts_recent) > 0))
		x->ts_recent = s->tsval;
}

static void
number_window(struct tf_end *x, const struct tf_segment *s, unsigned may, bool known)
{
	bool syn = (s->flags & TF_SYN) != 0;
	unsigned shift = !syn && may & TF_IS_SCALED ? x->wscale : 0;

	x->window = s->window;
	if (!(s->flags & TF_ACK) || !(syn || may & TF_HAS_WINDOW))
		return;
	tf_seq right = tf_seq_add(s->ack, (uint32_t)s->window << shift);
	if (!known || tf_seq_gt(right, x->right))
		x->right = right;
}

static void
number_ack_of_fin(const struct tf_context *ctx, struct tf_fin_record *fin, const struct tf_segment *s,
                  bool first)
{
	fin->ack_last_ns = ctx->now_ns;
	if (first && !fin->ack_ns) {
		fin->ack_ns = ctx->now_ns;
		fin->ack_packet = (uint32_t)s->packet;
	}
}

static void
number_closing(struct tf_context *ctx, struct tf_connection *c, const struct tf_segment *s,
               enum tf_endpoint from, uint16_t peer_flags, unsigned notes)
{
	struct tf_closing *k = tf_closing_if(ctx, c);
	bool acks_fin = (peer_flags & TF_END_FIN) != 0;

	if (s->flags & TF_FIN)
		k->fin[from] = tf_fin_of_segment(ctx, s, acks_fin);
	if (acks_fin)
		number_ack_of_fin(ctx, &k->fin[!from], s, !(peer_flags & TF_END_FIN_ACKED));
	if (notes & TF_NOTE_WAIT)
		tf_note_time_wait(ctx, c, from == TF_CLIENT ? TF_SERVER : TF_CLIENT, s);
}

/* Bare ones show whether a sender's checksums are ever valid (flow/analyzer.c). */
static void
number_segment(struct tf_context *ctx, struct tf_connection *c, struct tf_end *x, const struct tf_segment *s,
               enum tf_endpoint from)
{
	x->packets++;
	tf_end_count_wire_bytes(x, s->wire_len);
	tf_end_count_bytes(x, s->len);
	if (ctx->now_ns > c->last_ts_ns)
		c->last_ts_ns = ctx->now_ns;
	if (s->checksum_state == TF_CHECKSUM_VALID && s->len == 0)
		c->flags |= from == TF_CLIENT ? TF_CONN_CLIENT_SUMS : TF_CONN_SERVER_SUMS;
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
	};
	struct tf_event e = {.kind = TF_EV_POSSIBLE, .possible = &p};
	ctx->sink.event(ctx->sink.context, &e);
}

void
tf_move_tell_beginning(const struct tf_context *ctx, uint64_t conn)
{
	if (ctx->sink.wanted & TF_EV_POSSIBLE)
		tell_possible(ctx, conn, &ctx->moves->announced);
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

static void
tell_all(const struct tf_context *ctx, const struct tf_connection *c, const struct tf_segment *s,
         enum tf_endpoint from, const struct tf_move *move)
{
	const struct tf_shape *shape = &ctx->moves->shape[move->key / (TF_K_ALL + 1)].shape;
	const enum tf_state before[2] = {(enum tf_state)(shape->history[TF_CLIENT] & 0xf),
	                                 (enum tf_state)(shape->history[TF_SERVER] & 0xf)};

	tf_connection_show(ctx, c, s, from, 0, before);
	tf_move_tell(ctx, c->conn, move);
}

static inline void
make(struct tf_context *ctx, struct tf_connection *c, struct tf_end *x, struct tf_end *y,
     const struct tf_segment *s, unsigned may, const struct tf_move *move)
{
	uint16_t flags = x->flags, peer_flags = y->flags;
	enum tf_endpoint from = x == c->end ? TF_CLIENT : TF_SERVER;

	ctx->stats->bare_acks += (move->notes & TF_NOTE_BARE_ACK) != 0;
	if (move->notes & TF_NOTE_THIRD)
		tf_note_third_segment(ctx, c, from);
	if (s->flags & TF_SYN)
		number_syn(ctx, c, s, from);
	number_segment(ctx, c, x, s, from);
	tf_shape_take(ctx, c, move->to);
	number_timestamp(x, s, flags & TF_END_TSVAL_KNOWN);
	number_window(x, s, may, flags & TF_END_WINDOW_KNOWN);
	x->max = x->nxt = tf_segment_end(s);
	if (s->flags & TF_ACK)
		y->una = s->ack;
	if (c->closing)
		number_closing(ctx, c, s, from, peer_flags, move->notes);
	if (ctx->sink.wanted & (TF_EV_SEGMENT | TF_EV_TRANSITION | TF_EV_POSSIBLE))
		tell_all(ctx, c, s, from, move);
}

const struct tf_move *
tf_move_plain(struct tf_context *ctx, struct tf_connection *c, struct tf_end *x, struct tf_end *y,
              const struct tf_segment *s, unsigned may)
{
	unsigned kind = plain_kind(ctx, c, x, y, s, may);
	uint32_t key = key_of(c->shape, kind);
	const struct tf_move *move = &ctx->moves->move[place_of(key)];

	if (!kind || move->key != key || (kind & TF_K_FIN && !tf_closing_of(ctx, c))) {
		ctx->moves->unknown =
		    (struct tf_unknown_move){x == c->end ? TF_CLIENT : TF_SERVER, may, kind, c->shape};
		return NULL;
	}
	make(ctx, c, x, y, s, may, move);
	return move;
}

const struct tf_move *
tf_move_first(const struct tf_context *ctx, const struct tf_segment *s)
{
	unsigned beginning = ctx->moves->beginning;
	uint32_t key = key_of(beginning, s->plain.kind);
	const struct tf_move *move = &ctx->moves->move[place_of(key)];
	bool fits = beginning && s->plain.move == TF_MAY_SYN && move->key == key;

	return fits && !(ctx->sink.wanted & TF_EV_SEGMENT) ? move : NULL;
}

/* ---- learning ------------------------------------------------------------------------- */

static struct tf_told
told_of(const struct tf_event *e)
{
	if (e->kind == TF_EV_POSSIBLE)
		return (struct tf_told){
		    .kind = TF_EV_POSSIBLE,
		    .endpoint = (uint8_t)e->possible->endpoint,
		    .to = (uint8_t)e->possible->state,
		    .possible = e->possible->possible,
		};
	return (struct tf_told){
	    .kind = TF_EV_TRANSITION,
	    .endpoint = (uint8_t)e->transition->endpoint,
	    .from = (uint8_t)e->transition->from,
	    .to = (uint8_t)e->transition->to,
	    .basis = (uint8_t)e->transition->basis,
	    .possible = e->transition->possible,
	    .rule = e->transition->rule,
	    .event = e->transition->event,
	    .reference = e->transition->reference,
	};
}

/* The sink while a move is learnt. */
static void
hear(void *listener, const struct tf_event *e)
{
	struct tf_listener *l = listener;

	if (e->kind == TF_EV_SEGMENT && e->segment->marks)
		l->unusual = true;
	if (e->kind == TF_EV_TRANSITION || e->kind == TF_EV_POSSIBLE) {
		if (l->count < TF_MOVE_TOLD)
			l->told[l->count++] = told_of(e);
		else
			l->unusual = true;
	}
	l->sink.event(l->sink.context, e);
}

bool
tf_move_listen(struct tf_context *ctx, struct tf_listener *l)
{
	if (!ctx->moves->unknown.kind)
		return false;
	*l = (struct tf_listener){.sink = ctx->sink, .move = ctx->moves->unknown};
	ctx->sink.event = hear;
	ctx->sink.context = l;
	return true;
}

/* One of the ends has left ESTABLISHED by now. */
static bool
closes(const struct tf_shape *shape)
{
	return (shape->history[TF_CLIENT] & 0xf) > TF_ESTABLISHED ||
	       (shape->history[TF_SERVER] & 0xf) > TF_ESTABLISHED;
}

/* Both have closed, and one waits, or both. */
static bool
rests(const struct tf_shape *shape)
{
	unsigned client = shape->history[TF_CLIENT] & 0xf, server = shape->history[TF_SERVER] & 0xf;

	return (client == TF_TIME_WAIT && (server == TF_TIME_WAIT || server == TF_CLOSED)) ||
	       (client == TF_CLOSED && server == TF_TIME_WAIT);
}

static unsigned
notes_of(const struct tf_known_shape *known, const struct tf_known_shape *next,
         const struct tf_unknown_move *move)
{
	const struct tf_shape *from = &known->shape, *to = &next->shape;
	unsigned notes = 0;

	if (move->kind & TF_K_ADVANCES && !(move->kind & TF_K_SYN) && move->may & TF_AWAITS_SYN)
		notes |= TF_NOTE_THIRD;
	if (tf_letters_have(to->letters, move->from, false) &&
	    !tf_letters_have(from->letters, move->from, false))
		notes |= TF_NOTE_BARE_ACK;
	if (move->kind & (TF_K_SYN | TF_K_FIN) || from->history[0] != to->history[0] ||
	    from->history[1] != to->history[1] || closes(from) || closes(to))
		notes |= rests(to) ? TF_NOTE_REST : TF_NOTE_TIMERS;
	if ((move->may | next->may[0] | next->may[1]) & TF_MAY_WAIT || !next->may[0] || !next->may[1])
		notes |= TF_NOTE_WAIT;
	return notes;
}

void
tf_move_learn_beginning(struct tf_context *ctx, struct tf_connection *c)
{
	const struct tf_end *server = &c->end[TF_SERVER];

	ctx->moves->beginning = tf_shape_of(ctx, c);
	ctx->moves->announced = (struct tf_told){
	    .kind = TF_EV_POSSIBLE,
	    .endpoint = TF_SERVER,
	    .to = (uint8_t)tf_end_state(server),
	    .possible = server->possible,
	};
}

void
tf_move_learn(struct tf_context *ctx, struct tf_connection *c, const struct tf_listener *l)
{
	struct tf_moves *moves = ctx->moves;
	uint32_t key = key_of(l->move.shape, l->move.kind), at = place_of(key);
	unsigned to = tf_shape_of(ctx, c);

	ctx->sink = l->sink;
	/* Something rare came up: the segment was less plain than it seemed. */
	if (!to || l->unusual)
		return;
	c->shape = to & (TF_SHAPES - 1);
	moves->move[at] = (struct tf_move){
	    .key = key,
	    .to = (uint16_t)to,
	    .told = (uint8_t)l->count,
	    .notes = (uint8_t)notes_of(&moves->shape[l->move.shape], &moves->shape[to], &l->move),
	};
	memcpy(moves->told[at], l->told, sizeof moves->told[at]);
}
