/*
 * Remembered moves: what a plain segment does to the two replicas is worked
 * out once, by the checklist, and looked up after that.
 */
#ifndef TCPFSM_CORE_MOVES_H
#define TCPFSM_CORE_MOVES_H

#include "core/step.h"

#define TF_MOVES     512 /* a power of two */
#define TF_MOVE_TOLD 6   /* events of one move; what has more is left to the checklist */

/* What the two ends are in, without any number or time, and what kind of segment meets them. */
struct tf_shape {
	uint64_t history[2]; /* tf_end.history; the segment's sender first */
	uint64_t end[2];     /* base, possible, flags, pending and doubt of each */
	uint64_t rest;       /* the connection's flags, both depths, the kind of segment; 0: an empty place */
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

struct tf_move {
	struct tf_shape from, to;
	unsigned told_count; /* of told */
	struct tf_told told[TF_MOVE_TOLD];
};

struct tf_moves {
	struct tf_move place[TF_MOVES];
};

/* The move that a plain segment makes. */
struct tf_plain {
	enum tf_endpoint from;
	unsigned kind;         /* 0: the segment is not plain */
	struct tf_shape shape; /* before it */
};

/* Is S, sent by FROM, plain to C?  Nothing changes but that a FIN gets its room. */
struct tf_plain tf_plain_of(struct tf_context *ctx, struct tf_connection *c, const struct tf_segment *s,
                            enum tf_endpoint from);

/* Make the move if it is remembered; false where it is not: then nothing changes. */
bool tf_move_make(struct tf_context *ctx, struct tf_connection *c, const struct tf_segment *s,
                  const struct tf_plain *p);

/* What the checklist tells the sink while a move is learnt. */
struct tf_listener {
	struct tf_sink sink; /* the one that all is passed on to */
	bool unusual;        /* more was told than a move can hold, or the segment was marked */
	unsigned count;      /* of told */
	struct tf_told told[TF_MOVE_TOLD];
};

/* Before the checklist makes a move that is not remembered: L hears what it tells.  L must stay where it is until
 * tf_move_learn(). */
void tf_move_listen(struct tf_context *ctx, struct tf_listener *l);

/* The checklist has just made it: remember what it came to, and what it told. */
void tf_move_learn(struct tf_context *ctx, const struct tf_connection *c, const struct tf_plain *p,
                   const struct tf_listener *l);

#endif
