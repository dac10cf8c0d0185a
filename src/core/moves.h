/*
 * Remembered moves: what a plain segment does to the two replicas is worked
 * out once, by the checklist, and looked up after that.
 */
#ifndef TCPFSM_CORE_MOVES_H
#define TCPFSM_CORE_MOVES_H

#include "core/step.h"

#define TF_MOVES 512 /* a power of two */

/* What the two ends are in, without any number or time, and what kind of segment meets them. */
struct tf_shape {
	uint64_t history[2]; /* tf_end.history; the segment's sender first */
	uint64_t end[2];     /* base, possible, flags, pending and doubt of each */
	uint64_t rest;       /* the connection's flags, both depths, the kind of segment; 0: an empty place */
};

struct tf_move {
	struct tf_shape from, to;
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

/* The checklist has just made it: remember what it came to. */
void tf_move_learn(struct tf_context *ctx, const struct tf_connection *c, const struct tf_plain *p);

#endif
