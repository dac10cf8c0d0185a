/*
 * What a move that is not remembered teaches (core/moves.h): the checklist
 * makes it, and what that came to, with what it told, is what the next
 * segment of this kind does in this shape.  So no rule is written twice.
 */
#include <string.h>

#include "core/letters.h"
#include "core/moves.h"

/* ---- what the checklist tells -------------------------------------------------------- */

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
hear(void *lesson, const struct tf_event *e)
{
	struct tf_lesson *l = lesson;

	if (e->kind == TF_EV_SEGMENT && e->segment->marks)
		l->unusual = true;
	/* What is found in a calm connection was waited for after all. */
	if (e->kind == TF_EV_FINDING && l->move.may & TF_IS_CALM)
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
tf_move_listen(struct tf_context *ctx, struct tf_lesson *l)
{
	if (!ctx->moves->unknown.kind)
		return false;
	*l = (struct tf_lesson){.sink = ctx->sink, .move = ctx->moves->unknown};
	ctx->sink.event = hear;
	ctx->sink.context = l;
	return true;
}

/* ---- what the shapes and the kind of segment decide ----------------------------------- */

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

/* What such a segment does to the numbers, as far as SHAPE, in which it finds the connection, and its kind decide. */
static unsigned
notes_of_numbers(const struct tf_shape *shape, const struct tf_unknown_move *move)
{
	uint16_t own = tf_shape_end_flags(shape, move->from), other = tf_shape_end_flags(shape, !move->from);
	unsigned notes = 0;

	if (move->kind & TF_K_TIMESTAMPS)
		notes |= TF_NOTE_TIMESTAMPS;
	if (own & TF_END_TSVAL_KNOWN)
		notes |= TF_NOTE_TSVAL_KNOWN;
	if (move->may & (move->kind & TF_K_SYN ? TF_MAY_SYN_ACK : TF_HAS_WINDOW))
		notes |= TF_NOTE_WINDOW;
	if (own & TF_END_WINDOW_KNOWN)
		notes |= TF_NOTE_WINDOW_KNOWN;
	if (other & TF_END_FIN)
		notes |= TF_NOTE_OF_FIN;
	if (other & TF_END_FIN_ACKED)
		notes |= TF_NOTE_FIN_ACKED;
	return notes;
}

/* What the wheel has to know of a move that leads from FROM to TO. */
static unsigned
notes_of_timers(const struct tf_shape *from, const struct tf_shape *to, unsigned kind)
{
	bool same = from->history[0] == to->history[0] && from->history[1] == to->history[1];

	if (same && !(kind & TF_K_FIN) && !closes(from) && !closes(to))
		return 0;
	if (rests(to))
		return TF_NOTE_REST;
	return kind & TF_K_SYN ? 0 : TF_NOTE_TIMERS;
}

static unsigned
notes_of(const struct tf_known_shape *known, const struct tf_known_shape *next,
         const struct tf_unknown_move *move)
{
	const struct tf_shape *from = &known->shape, *to = &next->shape;
	unsigned notes = notes_of_numbers(from, move) | notes_of_timers(from, to, move->kind);

	if (move->kind & TF_K_ADVANCES && !(move->kind & TF_K_SYN) && move->may & TF_AWAITS_SYN)
		notes |= TF_NOTE_THIRD;
	if (tf_letters_have(to->letters, move->from, false) &&
	    !tf_letters_have(from->letters, move->from, false))
		notes |= TF_NOTE_BARE_ACK;
	if ((move->may | next->may[0] | next->may[1]) & TF_MAY_WAIT || !next->may[0] || !next->may[1])
		notes |= TF_NOTE_WAIT;
	return notes;
}

/* A bare segment with a valid checksum shows that its sender's are worth looking at (flow/analyzer.c). */
static uint32_t
sums_of(const struct tf_unknown_move *move)
{
	if (move->kind & TF_K_DATA)
		return 0;
	return move->from == TF_CLIENT ? TF_CONN_CLIENT_SUMS : TF_CONN_SERVER_SUMS;
}

/* ---- kept ------------------------------------------------------------------------------ */

void
tf_move_learn_beginning(struct tf_context *ctx, const struct tf_connection *c, enum tf_beginning how)
{
	struct tf_known_beginning *beginning = &ctx->moves->beginning[how];

	beginning->shape = tf_shape_of(ctx, c);
	for (enum tf_endpoint e = TF_CLIENT; e <= TF_SERVER; e++)
		beginning->announced[e] = (struct tf_told){
		    .kind = how == TF_BEGINS_WITH_SYN && e == TF_CLIENT ? 0 : TF_EV_POSSIBLE,
		    .endpoint = (uint8_t)e,
		    .to = (uint8_t)tf_end_state(&c->end[e]),
		    .possible = c->end[e].possible,
		};
}

void
tf_move_learn(struct tf_context *ctx, struct tf_connection *c, const struct tf_lesson *l)
{
	struct tf_moves *moves = ctx->moves;
	uint32_t key = tf_move_key(l->move.shape, l->move.kind), at = tf_move_place(key);
	uint16_t to = tf_shape_of(ctx, c);

	ctx->sink = l->sink;
	/* Something rare came up: the segment was less plain than it seemed. */
	if (!to || l->unusual || (tf_extra_if(ctx, c) && !(l->move.may & TF_IS_CALM)))
		return;
	c->shape = to;
	moves->move[at] = (struct tf_move){
	    .key = key,
	    .to = to,
	    .notes = (uint16_t)notes_of(&moves->shape[l->move.shape], &moves->shape[to], &l->move),
	    .told = (uint8_t)l->count,
	    .sums = sums_of(&l->move),
	    .scaled = l->move.may & TF_IS_SCALED && !(l->move.kind & TF_K_SYN) ? UINT8_MAX : 0,
	};
	memcpy(moves->told[at], l->told, sizeof moves->told[at]);
}
