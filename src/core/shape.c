/*
 * Shapes: what the two ends of a connection are in, all numbers and times
 * left aside, and what may come next without a need for the checklist.
 *
 * What is decided here once for a shape need not be asked for each segment.
 */
#include <stddef.h>
#include <string.h>

#include "core/connection.h"
#include "core/letters.h"
#include "core/moves.h"

/* What is unusual is for the checklist.  That the capture missed something matters less. */
#define BUT_GAPS                                                                                             \
	(TF_CONN_MIDSTREAM | TF_CONN_ROLES_GUESSED | TF_CONN_SIMULTANEOUS | TF_CONN_SPLIT |                  \
	 TF_CONN_HOLDS_SYN | TF_CONN_FAST_OPEN | TF_CONN_SETTLED)
#define UNUSUAL (BUT_GAPS | TF_CONN_GAP)

/* ---- what may come next ---------------------------------------------------------- */

static bool
can_be_anywhere(enum tf_state state)
{
	return state == TF_SYN_RECEIVED || state >= TF_ESTABLISHED;
}

/* Its own segments have shown that it is established, and nothing else has. */
static bool
is_established(const struct tf_end *end)
{
	return tf_end_state(end) == TF_ESTABLISHED && (end->depth & 0xf) == end->depth >> 4;
}

/* An ACK of its SYN has passed towards it before: one more brings nothing new. */
static bool
has_ack_of_syn(const struct tf_end *y)
{
	return !tf_end_has(y, TF_END_ISN_KNOWN) || y->pending & TF_P_ACK_OF_SYN;
}

/* Is there nothing unusual but that the capture missed its opening, and is that told?  Then what is known of the numbers
 * follows from segments with an ACK, and the next one that is in order brings nothing new.  The capture may have missed
 * something since. */
static bool
is_in_midstream(const struct tf_connection *c)
{
	const uint32_t told = TF_CONN_MIDSTREAM | TF_CONN_ROLES_GUESSED | TF_CONN_FOUND_MIDSTREAM;

	return (c->flags & (BUT_GAPS | TF_CONN_FOUND_MIDSTREAM)) == told &&
	       !((c->end[TF_CLIENT].flags | c->end[TF_SERVER].flags) & TF_END_ISN_KNOWN);
}

/* ---- rare things that wait for nothing -------------------------------------------- */

static bool
end_is_calm(const struct tf_connection *c, const struct tf_extra *x, enum tf_endpoint which)
{
	const struct tf_end *end = &c->end[which];
	const struct tf_end_extra *counts = &x->end[which];
	const struct tf_end_watch *w = &x->watch[which];
	const struct tf_end_repetition *r = &x->repetition[which];

	if (tf_end_state(end) != TF_ESTABLISHED || tf_end_has(end, TF_END_FIN) || counts->holes ||
	    counts->unanswered || x->given_up[which])
		return false;
	if (w->repeats || w->probes || w->shut_ns || w->odd_packet || w->after_fin_packet ||
	    x->doubt[which].kind)
		return false;
	return r->counting && !r->refused && !r->large && !r->small_packet && !r->sacked_packet &&
	       !r->sacked_most;
}

/* The next segment may be the one that ends what a finding says. */
static bool
waits_for_an_ending(const struct tf_extra *x)
{
	for (unsigned i = 0; i < x->lasting_count; i++)
		if (!x->lasting[i].packet)
			return true;
	return false;
}

/* Something unusual has come up in C, X, and is over: segments were sent again, and have arrived; a finding was raised.  Then
 * the next segment in order is as in any other connection, but for what is counted (tf_detect_calm).  Each condition is
 * one under which no detector, nor the replicas, would have more to do with X for such a segment. */
static bool
is_calm(const struct tf_connection *c, const struct tf_extra *x)
{
	const uint32_t opened = TF_CONN_ESTABLISHED | TF_CONN_ANSWERED;
	const uint32_t counted = TF_CONN_WAITING | TF_CONN_IN_A_CROWD | TF_CONN_EMBRYONIC;

	if (c->flags & counted || tf_connection_close(c) != TF_CLOSE_OPEN ||
	    !(is_in_midstream(c) || (c->flags & (opened | BUT_GAPS)) == opened))
		return false;
	return end_is_calm(c, x, TF_CLIENT) && end_is_calm(c, x, TF_SERVER) && !x->rst.seen &&
	       !x->ended.packet && !x->gap[TF_CLIENT].ns && !x->gap[TF_SERVER].ns && !x->ahead.packet &&
	       !x->mismatch.waiting && !x->held && !x->leaking && !waits_for_an_ending(x);
}

/* Could its data, or an ACK, change what END can be in?  Where all is well it is as its last segment left it: its program may
 * have closed, and the FIN not have passed yet. */
static bool
moves_by_data(const struct tf_end *end)
{
	return end->base != (TF_STATES(TF_ESTABLISHED) | TF_STATES(TF_FIN_WAIT_1)) ||
	       end->possible & TF_STATES(TF_TIME_WAIT);
}

/* Header prediction changes nothing that belongs to the shape. */
static unsigned
may_fast(const struct tf_connection *c, enum tf_endpoint from, bool calm)
{
	const unsigned settled = TF_END_SEQ_KNOWN | TF_END_SYN_ACKED | TF_END_WINDOW_KNOWN;
	const struct tf_end *x = &c->end[from], *y = &c->end[!from];
	unsigned may = 0;

	if (calm && (moves_by_data(x) || moves_by_data(y)))
		return 0;
	/* With a gap it is calm, unless there was no room for what is rare. */
	if (!calm && c->flags & TF_CONN_GAP)
		return 0;
	if ((c->closing && !calm) || c->flags & TF_CONN_MIDSTREAM || !is_established(x) ||
	    (x->flags | y->flags) & TF_END_OPTIONS_CUT || tf_end_state(y) != TF_ESTABLISHED ||
	    !has_ack_of_syn(y) || (x->flags & settled) != settled || (y->flags & settled) != settled ||
	    (from == TF_SERVER && !(c->flags & TF_CONN_ANSWERED)))
		return 0;
	if (tf_letters_have(c->letters, from, false))
		may |= TF_MAY_FAST_ACK;
	if (tf_letters_have(c->letters, from, true) && tf_end_has(x, TF_END_SENT_DATA))
		may |= TF_MAY_FAST_DATA;
	return may;
}

/* The first SYN of a connection, or the first answer to it. */
static unsigned
may_syn(const struct tf_end *x, const struct tf_end *y, enum tf_endpoint from)
{
	if (tf_end_has(x, TF_END_SEQ_KNOWN))
		return 0;
	if (from == TF_CLIENT)
		return !tf_end_has(y, TF_END_SEQ_KNOWN) && tf_end_state(x) == TF_CLOSED ? TF_MAY_SYN : 0;
	return tf_end_has(y, TF_END_SYN_SEEN) && !tf_end_has(y, TF_END_SYN_ACKED) &&
	               tf_end_state(x) == TF_LISTEN && tf_end_state(y) == TF_SYN_SENT
	           ? TF_MAY_SYN_ACK
	           : 0;
}

/* A FIN of either end has passed, in order. */
static bool
closes_plainly(const struct tf_connection *c, const struct tf_closing *k)
{
	for (int e = 0; e < 2; e++)
		if (tf_end_has(&c->end[e], TF_END_FIN) && (!k || k->fin[e].inferred))
			return false;
	return true;
}

static unsigned
may_segment(const struct tf_context *ctx, const struct tf_connection *c, enum tf_endpoint from)
{
	const unsigned known = is_in_midstream(c) ? TF_END_SEQ_KNOWN : TF_END_SYN_SEEN | TF_END_SEQ_KNOWN;
	const struct tf_end *x = &c->end[from], *y = &c->end[!from];
	bool opens = tf_end_state(x) == TF_SYN_SENT && tf_end_state(y) == TF_SYN_RECEIVED;
	unsigned may = TF_MAY_SEGMENT;

	if ((x->flags & known) != known || (y->flags & known) != known ||
	    !(opens || can_be_anywhere(tf_end_state(x))) || !can_be_anywhere(tf_end_state(y)) ||
	    !closes_plainly(c, tf_closing_if(ctx, c)))
		return 0;
	if (!tf_end_has(x, TF_END_FIN))
		may |= TF_MAY_DATA | (tf_letters_noted(ctx, c, from, TF_L_FIN) ? 0 : TF_MAY_FIN);
	return may;
}

/* Before the first segment that passes of such a connection, or of one that begins with its SYN,ACK. */
static unsigned
may_begin(const struct tf_connection *c, enum tf_endpoint from)
{
	const uint32_t guessed = TF_CONN_MIDSTREAM | TF_CONN_ROLES_GUESSED;
	enum tf_state server = tf_end_state(&c->end[TF_SERVER]);

	if (c->closing || (c->flags & (UNUSUAL | TF_CONN_FOUND_MIDSTREAM)) != guessed || c->letters)
		return 0;
	return server == TF_ESTABLISHED || (server == TF_SYN_RECEIVED && from == TF_SERVER) ? TF_BEGINS : 0;
}

/* What has to be looked at. */
static unsigned
facts(const struct tf_connection *c, enum tf_endpoint from)
{
	const struct tf_end *x = &c->end[from], *y = &c->end[!from];
	bool seen = tf_end_has(x, TF_END_SYN_SEEN) && tf_end_has(y, TF_END_SYN_SEEN) &&
	            !((x->flags | y->flags) & TF_END_OPTIONS_CUT);
	unsigned facts = 0;

	if (tf_end_has(x, TF_END_WSCALE) && tf_end_has(y, TF_END_WSCALE))
		facts |= TF_IS_SCALED;
	if (seen)
		facts |= TF_HAS_WINDOW;
	if (tf_end_has(y, TF_END_ISN_KNOWN) && !tf_end_has(y, TF_END_SYN_ACKED))
		facts |= TF_AWAITS_SYN;
	if (tf_end_has(y, TF_END_FIN))
		facts |= TF_AWAITS_FIN;
	if ((x->possible | y->possible) & TF_STATES(TF_TIME_WAIT))
		facts |= TF_MAY_WAIT;
	return facts;
}

static bool
is_embryonic(const struct tf_connection *c)
{
	enum tf_state server = tf_end_state(&c->end[TF_SERVER]);

	return !c->closing && tf_end_state(&c->end[TF_CLIENT]) == TF_SYN_SENT &&
	       (server == TF_LISTEN || server == TF_SYN_RECEIVED);
}

/* The time of an ACK of the SYN is kept among the rare things, and they change by nothing but what is counted. */
static unsigned
may_in_calm(const struct tf_context *ctx, const struct tf_connection *c, enum tf_endpoint from)
{
	bool opened = has_ack_of_syn(&c->end[!from]);

	return TF_IS_CALM | (opened ? may_segment(ctx, c, from) & ~(unsigned)TF_MAY_FIN : 0);
}

static unsigned
may_of(const struct tf_context *ctx, const struct tf_connection *c, enum tf_endpoint from, bool calm)
{
	unsigned may = may_fast(c, from, calm);

	if (calm)
		may |= may_in_calm(ctx, c, from);
	else if (!(c->flags & UNUSUAL))
		may |= may_syn(&c->end[from], &c->end[!from], from) | may_segment(ctx, c, from) |
		       (is_embryonic(c) ? TF_IS_EMBRYONIC : 0);
	else
		may |= is_in_midstream(c) && !(c->flags & TF_CONN_GAP) ? may_segment(ctx, c, from)
		                                                       : may_begin(c, from);
	return may ? may | facts(c, from) : 0;
}

/* ---- numbers ------------------------------------------------------------------------ */

_Static_assert(offsetof(struct tf_end, possible) == offsetof(struct tf_end, base) + 2 &&
                   offsetof(struct tf_end, flags) == offsetof(struct tf_end, base) + 4 &&
                   offsetof(struct tf_end, pending) == offsetof(struct tf_end, base) + 6 &&
                   offsetof(struct tf_end, doubt) == offsetof(struct tf_end, base) + 7,
               "they are taken as one word");

static uint64_t
word_of(const struct tf_end *end)
{
	uint64_t word;

	memcpy(&word, &end->base, sizeof word);
	return word;
}

/* What may_of() looks at in K, and what a kind of segment depends on. */
static uint8_t
fin_bits(const struct tf_closing *k)
{
	if (!k)
		return 0;
	return (uint8_t)(1 | (k->fin[0].inferred ? 2 : 0) | (k->fin[1].inferred ? 4 : 0) |
	                 (k->fin[0].acks_peer_fin ? 8 : 0) | (k->fin[1].acks_peer_fin ? 16 : 0));
}

static struct tf_shape
describe(const struct tf_connection *c, const struct tf_closing *k, bool calm)
{
	return (struct tf_shape){
	    .history = {c->end[0].history, c->end[1].history},
	    .end = {word_of(&c->end[0]), word_of(&c->end[1])},
	    .flags = c->flags & ~TF_CONN_ASIDE,
	    .letters = (uint32_t)c->letters,
	    .letters_of_close = k ? k->letters : 0,
	    .depth = {c->end[0].depth, c->end[1].depth},
	    .fins = fin_bits(k),
	    .calm = calm,
	};
}

static uint32_t
hash_of(const struct tf_shape *shape)
{
	uint64_t h = (shape->history[0] ^ shape->history[1] << 32) * UINT64_C(0x9e3779b97f4a7c15);

	h = (h ^ shape->end[0] ^ shape->end[1] << 1 ^ h >> 32) * UINT64_C(0xd1b54a32d192ed03);
	h = (h ^ shape->flags ^ (uint64_t)shape->depth[0] << 32 ^ (uint64_t)shape->depth[1] << 40 ^
	     (uint64_t)shape->fins << 48 ^ h >> 32) *
	    UINT64_C(0x8cb92ba72f3d8dd7);
	h = (h ^ shape->letters ^ (uint64_t)shape->letters_of_close << 32 ^ h >> 32) *
	    UINT64_C(0xa0761d6478bd642f);
	return (uint32_t)(h >> 32);
}

static unsigned
number_anew(struct tf_context *ctx, const struct tf_connection *c, const struct tf_shape *shape)
{
	struct tf_moves *moves = ctx->moves;

	if (moves->count < 1)
		moves->count = 1;
	/* Of those with rare things there may be many; they leave room for the others. */
	if (moves->count >= (shape->calm ? TF_SHAPES / 4 * 3 : TF_SHAPES))
		return 0;
	moves->shape[moves->count] = (struct tf_known_shape){
	    .shape = *shape,
	    .may = {(uint16_t)may_of(ctx, c, TF_CLIENT, shape->calm),
	            (uint16_t)may_of(ctx, c, TF_SERVER, shape->calm)},
	};
	return moves->count++;
}

/* Not all that it sent has passed. */
static bool
has_hole(const struct tf_end *end)
{
	return !tf_seq_eq(end->nxt, end->max);
}

uint16_t
tf_shape_of(struct tf_context *ctx, const struct tf_connection *c)
{
	const struct tf_closing *k = tf_closing_if(ctx, c);
	const struct tf_extra *x = tf_extra_if(ctx, c);
	struct tf_moves *moves = ctx->moves;

	if (ctx->fired || has_hole(&c->end[TF_CLIENT]) || has_hole(&c->end[TF_SERVER]) ||
	    (x && !is_calm(c, x)))
		return 0;
	struct tf_shape shape = describe(c, k, x != NULL);
	for (uint32_t at = hash_of(&shape);; at++) {
		uint16_t *number = &moves->number[at % (2 * TF_SHAPES)];
		if (!*number)
			*number = (uint16_t)number_anew(ctx, c, &shape);
		if (!*number || memcmp(&moves->shape[*number].shape, &shape, sizeof shape) == 0)
			return *number;
	}
}
