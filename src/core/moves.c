/*
 * Openings and closings as nearly all of them are: each segment in order,
 * nothing sent again, nothing missing, nothing unusual seen before.  What
 * such a segment does to the two replicas depends on what they were and on
 * what kind of segment it is, and on no number and no time.  So the
 * checklist (connection.c) works it out the first time, and here it is
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

#include <stddef.h>
#include <string.h>

#include "core/accept.h"
#include "core/classify.h"
#include "core/connection.h"
#include "core/letters.h"

#define PLAIN_FLAGS (TF_SYN | TF_FIN | TF_ACK | TF_PSH | TF_ECE | TF_CWR | TF_AE)
#define SYN_OPTIONS (TF_OPT_MSS | TF_OPT_WSCALE | TF_OPT_SACK_PERMITTED | TF_OPT_TIMESTAMPS)

/* What is unusual is for the checklist. */
#define UNUSUAL                                                                                              \
	(TF_CONN_MIDSTREAM | TF_CONN_ROLES_GUESSED | TF_CONN_GAP | TF_CONN_SIMULTANEOUS | TF_CONN_SPLIT |    \
	 TF_CONN_HOLDS_SYN | TF_CONN_FAST_OPEN | TF_CONN_SETTLED)

/* What the checklist does not look at, or what is set by hand. */
#define ASIDE                                                                                                \
	(TF_CONN_CLIENT_SECOND | TF_CONN_IPV6 | TF_CONN_CLIENT_SUMS | TF_CONN_SERVER_SUMS |                  \
	 TF_CONN_CLIENT_BSD | TF_CONN_SERVER_BSD | TF_CONN_EMBRYONIC)

/* tf_plain.kind */
enum kind {
	K_PLAIN = 0x0001,
	K_FROM_SERVER = 0x0002,
	K_SYN = 0x0004,
	K_ACK = 0x0008,
	K_FIN = 0x0010,
	K_DATA = 0x0020,
	K_ADVANCES = 0x0040,      /* its ACK acknowledges something new */
	K_ACKS_DATA = 0x0080,     /* and data among it */
	K_ALL_ACKED = 0x0100,     /* nothing that its sender sent is unacknowledged, it included */
	K_TIMESTAMPS = 0x0200,    /* it bears timestamps */
	K_FIN_ACKED_OWN = 0x0400, /* the FIN that it acknowledges bore the ACK of its sender's */
	K_MSS = 0x0800,           /* a SYN: what it offers */
	K_WSCALE = 0x1000,
	K_SACK = 0x2000,
};

/* ---- is it plain? --------------------------------------------------------------- */

/* Older timestamps, or none where there should be, are not plain. */
static bool
is_in_time(const struct tf_end *x, const struct tf_segment *s)
{
	if (!(s->options & TF_OPT_TIMESTAMPS))
		return !tf_end_has(x, TF_END_TIMESTAMPS);
	return !tf_end_has(x, TF_END_TSVAL_KNOWN) || (int32_t)(s->tsval - x->tsval) >= 0;
}

/* The first SYN of a connection, or the first answer to it. */
static bool
is_plain_syn(const struct tf_end *x, const struct tf_end *y, const struct tf_segment *s, bool server)
{
	if (s->len > 0 || s->flags & TF_FIN || s->options & ~(unsigned)SYN_OPTIONS || s->seq.v == 0 ||
	    tf_end_has(x, TF_END_SEQ_KNOWN))
		return false;
	if (!(s->flags & TF_ACK))
		return !server && !tf_end_has(y, TF_END_SEQ_KNOWN) && tf_end_state(x) == TF_CLOSED;
	return server && tf_end_has(y, TF_END_SYN_SEEN) && !tf_end_has(y, TF_END_SYN_ACKED) &&
	       tf_seq_eq(s->ack, y->max) && tf_seq_eq(y->nxt, y->max) && tf_end_state(x) == TF_LISTEN &&
	       tf_end_state(y) == TF_SYN_SENT;
}

static bool
can_be_anywhere(enum tf_state state)
{
	return state == TF_SYN_RECEIVED || state >= TF_ESTABLISHED;
}

/* In order, and its ACK covers what has passed, or a part of it. */
static bool
is_in_order(const struct tf_end *x, const struct tf_end *y, const struct tf_segment *s)
{
	if (!tf_seq_eq(s->seq, x->max) || !tf_seq_eq(x->nxt, x->max) || !tf_seq_eq(y->nxt, y->max) ||
	    !tf_seq_between(s->ack, y->una, y->max))
		return false;
	if (tf_end_has(y, TF_END_WINDOW_KNOWN) && tf_seq_gt(s->seq, y->right))
		return false;
	if (!tf_end_has(y, TF_END_SYN_ACKED) && !tf_seq_gt(s->ack, y->isn))
		return false;
	/* A duplicate ACK (RFC 5681 section 2) is counted. */
	return s->len > 0 || s->flags & TF_FIN || !tf_seq_eq(s->ack, y->una) || tf_seq_eq(y->una, y->max) ||
	       s->window != x->window;
}

/* A FIN of either end that has passed, in order; the other end's is acknowledged by S. */
static bool
closes_plainly(const struct tf_end *x, const struct tf_end *y, const struct tf_segment *s,
               const struct tf_closing *k, enum tf_endpoint from)
{
	if (tf_end_has(x, TF_END_FIN) && (!k || k->fin[from].inferred || s->len > 0 || s->flags & TF_FIN))
		return false;
	return !tf_end_has(y, TF_END_FIN) ||
	       (k && !k->fin[!from].inferred && s->len == 0 && tf_seq_eq(s->ack, y->max));
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

static bool
is_plain_segment(struct tf_context *ctx, struct tf_connection *c, const struct tf_segment *s,
                 enum tf_endpoint from)
{
	const unsigned known = TF_END_SYN_SEEN | TF_END_SEQ_KNOWN;
	const struct tf_end *x = &c->end[from], *y = &c->end[!from];
	const struct tf_closing *k = tf_closing_if(ctx, c);
	bool opens = tf_end_state(x) == TF_SYN_SENT && tf_end_state(y) == TF_SYN_RECEIVED;

	if (!(s->flags & TF_ACK) || s->options & ~(unsigned)TF_OPT_TIMESTAMPS ||
	    (x->flags & known) != known || (y->flags & known) != known)
		return false;
	if (!(opens || can_be_anywhere(tf_end_state(x))) || !can_be_anywhere(tf_end_state(y)))
		return false;
	return is_in_order(x, y, s) && closes_plainly(x, y, s, k, from) && may_still_wait(ctx, k) &&
	       (!(s->flags & TF_FIN) || (!tf_letters_noted(ctx, c, from, TF_L_FIN) && tf_closing_of(ctx, c)));
}

static unsigned
kind_of(const struct tf_context *ctx, const struct tf_connection *c, const struct tf_segment *s,
        enum tf_endpoint from)
{
	const struct tf_end *x = &c->end[from], *y = &c->end[!from];
	unsigned kind = K_PLAIN;

	kind |= from == TF_SERVER ? K_FROM_SERVER : 0;
	kind |= s->flags & TF_FIN ? K_FIN : 0;
	kind |= s->len > 0 ? K_DATA : 0;
	kind |= s->options & TF_OPT_TIMESTAMPS ? K_TIMESTAMPS : 0;
	if (s->flags & TF_SYN) {
		kind |= K_SYN;
		kind |= s->options & TF_OPT_MSS ? K_MSS : 0;
		kind |= s->options & TF_OPT_WSCALE ? K_WSCALE : 0;
		kind |= s->options & TF_OPT_SACK_PERMITTED ? K_SACK : 0;
	}
	if (!(s->flags & TF_ACK))
		return kind;
	kind |= K_ACK;
	if (tf_seq_gt(s->ack, y->una)) {
		kind |= K_ADVANCES;
		kind |= tf_seq_gt(s->ack, tf_seq_add(y->isn, 1)) ? K_ACKS_DATA : 0;
	}
	kind |= tf_seq_eq(x->una, tf_segment_end(s)) ? K_ALL_ACKED : 0;
	if (tf_end_has(y, TF_END_FIN) && tf_closing_if(ctx, c)->fin[!from].acks_peer_fin)
		kind |= K_FIN_ACKED_OWN;
	return kind;
}

/* ---- shapes ------------------------------------------------------------------------ */

_Static_assert(offsetof(struct tf_end, possible) == offsetof(struct tf_end, base) + 2 &&
                   offsetof(struct tf_end, flags) == offsetof(struct tf_end, base) + 4 &&
                   offsetof(struct tf_end, pending) == offsetof(struct tf_end, base) + 6 &&
                   offsetof(struct tf_end, doubt) == offsetof(struct tf_end, base) + 7,
               "they are taken as one word");

static struct tf_shape
shape_of(const struct tf_connection *c, enum tf_endpoint from, unsigned kind)
{
	const struct tf_end *x = &c->end[from], *y = &c->end[!from];
	struct tf_shape shape = {.history = {x->history, y->history}};

	memcpy(&shape.end[0], &x->base, sizeof shape.end[0]);
	memcpy(&shape.end[1], &y->base, sizeof shape.end[1]);
	shape.rest = (c->flags & ~(uint32_t)ASIDE) | (uint64_t)kind << 32 | (uint64_t)x->depth << 48 |
	             (uint64_t)y->depth << 56;
	return shape;
}

static void
take_shape(struct tf_connection *c, enum tf_endpoint from, const struct tf_shape *shape)
{
	struct tf_end *x = &c->end[from], *y = &c->end[!from];

	x->history = shape->history[0];
	y->history = shape->history[1];
	memcpy(&x->base, &shape->end[0], sizeof shape->end[0]);
	memcpy(&y->base, &shape->end[1], sizeof shape->end[1]);
	x->depth = (uint8_t)(shape->rest >> 48);
	y->depth = (uint8_t)(shape->rest >> 56);
	c->flags = (c->flags & ASIDE) | (uint32_t)shape->rest;
}

static struct tf_move *
place_of(struct tf_moves *moves, const struct tf_shape *shape)
{
	uint64_t h = (shape->history[0] ^ shape->history[1] << 32) * UINT64_C(0x9e3779b97f4a7c15);

	h = (h ^ shape->end[0] ^ shape->end[1] << 1 ^ h >> 32) * UINT64_C(0xd1b54a32d192ed03);
	h = (h ^ shape->rest ^ h >> 32) * UINT64_C(0x8cb92ba72f3d8dd7);
	return &moves->place[h >> 55];
}

_Static_assert(TF_MOVES == 1 << (64 - 55), "place_of() takes the upper 9 bits");

static bool
same_shape(const struct tf_shape *a, const struct tf_shape *b)
{
	return a->rest == b->rest && a->history[0] == b->history[0] && a->history[1] == b->history[1] &&
	       a->end[0] == b->end[0] && a->end[1] == b->end[1];
}

/* ---- the numbers -------------------------------------------------------------------- */

static void
number_syn(struct tf_context *ctx, struct tf_connection *c, const struct tf_segment *s, enum tf_endpoint from)
{
	struct tf_end *x = &c->end[from];

	x->isn = x->una = s->seq;
	x->mss = s->options & TF_OPT_MSS ? s->mss : 0;
	if (s->options & TF_OPT_WSCALE)
		x->wscale = s->wscale > 14 ? 14 : s->wscale;
	tf_note_stack(c, from, s);
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
number_window(const struct tf_connection *c, struct tf_end *x, enum tf_endpoint from,
              const struct tf_segment *s, bool known)
{
	uint32_t window;

	x->window = s->window;
	if (!(s->flags & TF_ACK) || !tf_window(c, from, s, &window))
		return;
	tf_seq right = tf_seq_add(s->ack, window);
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
		fin->ack_packet = s->packet;
	}
}

static void
number_closing(struct tf_context *ctx, struct tf_connection *c, const struct tf_segment *s,
               enum tf_endpoint from, uint16_t peer_flags)
{
	struct tf_closing *k = tf_closing_if(ctx, c);
	bool acks_fin = (peer_flags & TF_END_FIN) != 0;

	if (!k)
		return;
	if (s->flags & TF_FIN)
		k->fin[from] = tf_fin_of_segment(ctx, s, acks_fin);
	if (acks_fin)
		number_ack_of_fin(ctx, &k->fin[!from], s, !(peer_flags & TF_END_FIN_ACKED));
	tf_note_time_wait(ctx, c, from == TF_CLIENT ? TF_SERVER : TF_CLIENT, s);
}

static void
note_letter(struct tf_context *ctx, struct tf_connection *c, const struct tf_segment *s,
            enum tf_endpoint from)
{
	if (s->flags & TF_SYN)
		tf_letters_add(ctx, c, from, s->flags & TF_ACK ? TF_L_SYN_ACK : TF_L_SYN);
	else if (s->flags & TF_FIN)
		tf_letters_add(ctx, c, from, TF_L_FIN);
	else
		tf_letters_ordinary(ctx, c, from, s->len > 0);
}

/* ---- the move ------------------------------------------------------------------------ */

struct tf_plain
tf_plain_of(struct tf_context *ctx, struct tf_connection *c, const struct tf_segment *s,
            enum tf_endpoint from)
{
	struct tf_plain p = {.from = from};

	if (s->flags & ~(unsigned)PLAIN_FLAGS || c->flags & UNUSUAL || ctx->fired ||
	    s->checksum_state == TF_CHECKSUM_BAD || s->window == 0 || tf_extra_if(ctx, c) ||
	    !is_in_time(&c->end[from], s))
		return p;
	bool plain = s->flags & TF_SYN ? is_plain_syn(&c->end[from], &c->end[!from], s, from == TF_SERVER)
	                               : is_plain_segment(ctx, c, s, from);
	if (!plain)
		return p;
	p.kind = kind_of(ctx, c, s, from);
	p.shape = shape_of(c, from, p.kind);
	return p;
}

/* What the checklist told when the move was learnt. */
static void
tell(const struct tf_context *ctx, const struct tf_connection *c, const struct tf_told *t)
{
	struct tf_transition m = {
	    .ts_ns = ctx->now_ns,
	    .packet = ctx->packet,
	    .conn = c->conn,
	    .endpoint = (enum tf_endpoint)t->endpoint,
	    .from = (enum tf_state)t->from,
	    .to = (enum tf_state)t->to,
	    .basis = (enum tf_basis)t->basis,
	    .rule = t->rule,
	    .event = t->event,
	    .reference = t->reference,
	    .possible = t->possible,
	};
	struct tf_possible p = {m.ts_ns, m.packet, m.conn, m.endpoint, m.to, m.possible};
	struct tf_event e = {.kind = (enum tf_event_kind)t->kind};

	if (e.kind == TF_EV_TRANSITION)
		e.transition = &m;
	else
		e.possible = &p;
	ctx->sink.event(ctx->sink.context, &e);
}

bool
tf_move_make(struct tf_context *ctx, struct tf_connection *c, const struct tf_segment *s,
             const struct tf_plain *p)
{
	const struct tf_move *move = place_of(ctx->moves, &p->shape);
	struct tf_end *x = &c->end[p->from], *y = &c->end[!p->from];
	const enum tf_state before[2] = {tf_end_state(&c->end[TF_CLIENT]), tf_end_state(&c->end[TF_SERVER])};
	uint16_t flags = x->flags, peer_flags = y->flags;

	if (!same_shape(&move->from, &p->shape))
		return false;
	note_letter(ctx, c, s, p->from);
	bool third = p->kind & K_ADVANCES && !(p->kind & K_SYN) && !(peer_flags & TF_END_SYN_ACKED);
	if (third)
		tf_note_third_segment(ctx, c, p->from);
	if (s->flags & TF_SYN)
		number_syn(ctx, c, s, p->from);
	tf_connection_show(ctx, c, s, p->from, 0, before);
	take_shape(c, p->from, &move->to);
	x->packets++;
	x->wire_bytes += s->wire_len;
	x->bytes += s->len;
	if (ctx->now_ns > c->last_ts_ns)
		c->last_ts_ns = ctx->now_ns;
	number_timestamp(x, s, flags & TF_END_TSVAL_KNOWN);
	number_window(c, x, p->from, s, flags & TF_END_WINDOW_KNOWN);
	x->max = x->nxt = tf_segment_end(s);
	if (s->flags & TF_ACK)
		y->una = s->ack;
	number_closing(ctx, c, s, p->from, peer_flags);
	for (unsigned i = 0; i < move->told_count; i++)
		tell(ctx, c, &move->told[i]);
	return true;
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

void
tf_move_listen(struct tf_context *ctx, struct tf_listener *l)
{
	*l = (struct tf_listener){.sink = ctx->sink};
	ctx->sink.event = hear;
	ctx->sink.context = l;
}

void
tf_move_learn(struct tf_context *ctx, const struct tf_connection *c, const struct tf_plain *p,
              const struct tf_listener *l)
{
	struct tf_move *move = place_of(ctx->moves, &p->shape);

	ctx->sink = l->sink;
	/* Something rare came up: the segment was less plain than it seemed. */
	if (tf_extra_if(ctx, c) || l->unusual)
		return;
	*move = (struct tf_move){.from = p->shape, .to = shape_of(c, p->from, 0), .told_count = l->count};
	memcpy(move->told, l->told, sizeof move->told);
}
