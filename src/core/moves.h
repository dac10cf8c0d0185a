/*
 * Remembered moves: what a plain segment does to the two replicas is worked
 * out once, by the checklist, and looked up after that.
 *
 * What the two ends are in, all numbers and times left aside, is a shape.
 * Shapes are few, so each that comes up gets a number, and the connection
 * bears it (tf_connection.shape): from a shape and the kind of a segment a
 * move leads to the next shape.  Whoever changes a connection otherwise
 * has to forget its shape.
 */
#ifndef TCPFSM_CORE_MOVES_H
#define TCPFSM_CORE_MOVES_H

#include <stddef.h>

#include "core/plain.h"
#include "core/step.h"

#define TF_SHAPES    4096 /* numbers that are given, 0 left out; what finds none is left to the checklist */
#define TF_MOVES     8192
#define TF_MOVE_TOLD 6 /* events of one move; what has more is left to the checklist */

/* What the two ends of a connection are in, without any number or time.  Arrays are by endpoint. */
struct tf_shape {
	uint64_t history[2];       /* tf_end.history */
	uint64_t end[2];           /* base, possible, flags, pending and doubt of each */
	uint32_t flags;            /* the connection's, but for TF_CONN_ASIDE */
	uint32_t letters;          /* of the connection */
	uint32_t letters_of_close; /* tf_closing.letters: those that came after them */
	uint8_t depth[2];          /* tf_end.depth */
	uint8_t fins;              /* what is known of the FINs */
	uint8_t calm;              /* 1: it has rare things, and none of them waits for anything */
};

_Static_assert(sizeof(struct tf_shape) == 48, "nothing in it is without a name");

/* tf_end.flags of one end, out of the word that begins with its base. */
static inline uint16_t
tf_shape_end_flags(const struct tf_shape *shape, enum tf_endpoint which)
{
	const size_t at = offsetof(struct tf_end, flags) - offsetof(struct tf_end, base);
	uint16_t flags;

	memcpy(&flags, (const char *)&shape->end[which] + at, sizeof flags);
	return flags;
}

struct tf_known_shape {
	struct tf_shape shape;
	uint16_t may[2];    /* enum tf_may, by who sends; neither end has a hole then */
	uint8_t unused[12]; /* a power of two is found faster */
};

/* A change of an end's state, or only of what it can be in, that a move makes. */
struct tf_told {
	uint8_t kind;       /* enum tf_event_kind */
	uint8_t endpoint;   /* enum tf_endpoint: whose */
	uint8_t from, to;   /* enum tf_state */
	uint8_t basis;      /* enum tf_basis */
	tf_states possible; /* after it */
	const char *rule, *event, *reference;
};

/* All of a move that the shape and the kind of segment decide, worked out when it is learnt. */
struct tf_move {
	uint32_t key;   /* shape and kind of segment; 0: an empty place */
	uint16_t to;    /* the shape after it */
	uint16_t notes; /* enum tf_move_note */
	uint32_t sums;  /* the flag of the connection that a valid checksum sets; 0: none */
	uint8_t told;   /* how many events it tells */
	uint8_t scaled; /* a mask for the sender's tf_end.wscale: all ones where its window is scaled, or 0 */
};

enum tf_move_note {
	/* What it is to the opening and to the close, and to the timing wheel. */
	TF_NOTE_THIRD = 0x0001,    /* it is the third segment of the handshake */
	TF_NOTE_BARE_ACK = 0x0002, /* the first bare ACK of its sender */
	TF_NOTE_TIMERS = 0x0004, /* some timer begins; not by a SYN, whose connection may become an embryo */
	TF_NOTE_WAIT = 0x0008,   /* TIME-WAIT may begin, be restarted or end */
	TF_NOTE_REST = 0x0010,   /* after it nothing but TIME-WAIT is left */
	/* What it does to the numbers. */
	TF_NOTE_TIMESTAMPS = 0x0020,   /* it bears timestamps */
	TF_NOTE_TSVAL_KNOWN = 0x0040,  /* one of its sender's was known before it */
	TF_NOTE_WINDOW = 0x0080,       /* its window means something */
	TF_NOTE_WINDOW_KNOWN = 0x0100, /* so did one of its sender's before it */
	TF_NOTE_OF_FIN = 0x0200,       /* it acknowledges a FIN */
	TF_NOTE_FIN_ACKED = 0x0400,    /* an ACK of that FIN passed before it */
};

/* Those that hardly any move of a connection has. */
#define TF_NOTES_RARE (TF_NOTE_THIRD | TF_NOTE_BARE_ACK)

/* How a connection begins. */
enum tf_beginning {
	TF_BEGINS_WITH_SYN,
	TF_BEGINS_WITH_SYN_ACK,
	TF_BEGINS_IN_MIDSTREAM,
	TF_BEGINNINGS, /* otherwise: that is not remembered */
};

/* What is remembered of that. */
struct tf_known_beginning {
	uint16_t shape;              /* of the connection before its first segment; 0: not known */
	struct tf_told announced[2]; /* what is told of its ends then, of kind 0: nothing */
};

/* A move that is not remembered. */
struct tf_unknown_move {
	enum tf_endpoint from;
	unsigned may;   /* enum tf_may */
	unsigned kind;  /* enum tf_kind; 0: the segment is not plain */
	unsigned shape; /* of the connection before it */
};

struct tf_moves {
	struct tf_move move[TF_MOVES];
	struct tf_unknown_move unknown; /* that was asked for last */
	uint32_t count;                 /* of shapes, the empty one included */
	struct tf_known_beginning beginning[TF_BEGINNINGS];
	uint16_t number[2 * TF_SHAPES];         /* from a hash to the number of a shape; 0: empty */
	struct tf_known_shape shape[TF_SHAPES]; /* 0: may nothing */
	struct tf_told told[TF_MOVES][TF_MOVE_TOLD];
};

_Static_assert((TF_SHAPES - 1) <= UINT32_MAX / (TF_K_ALL + 1), "shape and kind are one key");
_Static_assert(TF_MOVES == 1 << (32 - 19), "tf_move_place() takes the upper 13 bits");

/* tf_move.key */
static inline uint32_t
tf_move_key(unsigned shape, unsigned kind)
{
	return shape * (TF_K_ALL + 1) | kind;
}

/* Where in tf_moves.move the one with KEY is. */
static inline uint32_t
tf_move_place(uint32_t key)
{
	return key * UINT32_C(0x9e3779b1) >> 19;
}

/* The number of C's shape; 0 where it has none. */
uint16_t tf_shape_of(struct tf_context *ctx, const struct tf_connection *c);

/* C may be in another shape from now on. */
static inline void
tf_shape_forget(struct tf_connection *c)
{
	c->shape = 0;
}

/* What FROM may send: enum tf_may. */
static inline unsigned
tf_shape_may(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint from)
{
	if (__builtin_expect(!c->shape, false))
		c->shape = tf_shape_of(ctx, c);
	return ctx->moves->shape[c->shape].may[from];
}

/* Put C into the shape NUMBER: all of it but the numbers, the times and TF_CONN_ASIDE.  What its close has of a shape,
 * the letters, is the caller's matter. */
static inline void
tf_shape_take(const struct tf_context *ctx, struct tf_connection *c, uint16_t number)
{
	const struct tf_shape *shape = &ctx->moves->shape[number].shape;

	for (int e = 0; e < 2; e++) {
		c->end[e].history = shape->history[e];
		uint64_t word = shape->end[e];
		memcpy(&c->end[e].base, &word, sizeof word);
		c->end[e].depth = shape->depth[e];
	}
	c->flags = (c->flags & TF_CONN_ASIDE) | shape->flags;
	c->letters = shape->letters & 0x1ffffff;
	c->shape = number;
}

/* If S, which FROM sent on C, is plain and its move is remembered, make that.  MAY: what FROM may send.
 * NULL where not: then nothing changes but that a FIN gets its room. */
const struct tf_move *tf_move_plain(struct tf_context *ctx, struct tf_connection *c,
                                    const struct tf_segment *s, enum tf_endpoint from, unsigned may);

/* The move that S, which the server sent, makes of a connection that is its SYN alone, with ISN, and has SHAPE; NULL where
 * S is no plain answer to that, where the move is not remembered, or where somebody wants to see the segment. */
const struct tf_move *tf_move_answer(const struct tf_context *ctx, unsigned shape, tf_seq isn,
                                     const struct tf_segment *s);

/* The move with which S, a SYN, begins a connection; NULL where S is no plain SYN, where the move is not remembered, or
 * where somebody wants to see the segment.  Whoever makes it tells of the beginning, and of it. */
const struct tf_move *tf_move_first(const struct tf_context *ctx, const struct tf_segment *s);

/* Tell the sink, where it wants to know, what the ends of CONN can be in before the segment with which CONN begins so. */
void tf_move_tell_beginning(const struct tf_context *ctx, uint64_t conn, enum tf_beginning how);

/* Tell the sink, where it wants to know, of the transitions of MOVE, which the packet at hand caused in CONN. */
void tf_move_tell(const struct tf_context *ctx, uint64_t conn, const struct tf_move *move);

/* ---- lessons.c: how moves are learnt -------------------------------------------------- */

/* Remember how C begins, whose first segment is about to come, for all that begin so. */
void tf_move_learn_beginning(struct tf_context *ctx, const struct tf_connection *c, enum tf_beginning how);

/* What the checklist tells the sink while a move is learnt. */
struct tf_lesson {
	struct tf_sink sink; /* the one that all is passed on to */
	bool unusual;        /* more was told than a move can hold, or the segment was marked */
	unsigned count;      /* of told */
	struct tf_told told[TF_MOVE_TOLD];
	struct tf_unknown_move move;
};

/* Before the checklist makes the move that tf_move_plain() has just not found: if the segment is plain, L hears what it
 * tells from now on, and must stay where it is until tf_move_learn().  False where it is not. */
bool tf_move_listen(struct tf_context *ctx, struct tf_lesson *l);

/* The checklist has just made it: remember what it came to, and what it told. */
void tf_move_learn(struct tf_context *ctx, struct tf_connection *c, const struct tf_lesson *l);

#endif
