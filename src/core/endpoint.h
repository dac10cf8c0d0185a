/*
 * Moving one replica: what it sent is proof, what passed towards it is a
 * presumption, and evidence takes presumptions back.  All transitions of
 * the program are made here.
 */
#ifndef TCPFSM_CORE_ENDPOINT_H
#define TCPFSM_CORE_ENDPOINT_H

#include "core/context.h"
#include "core/fsm.h"

/* One replica in its surroundings. */
struct tf_replica {
	struct tf_context *ctx;
	struct tf_connection *c;
	enum tf_endpoint which;
	struct tf_end *end;
	bool sure; /* what this end sends now is newer than all that it sent before */
};

static inline struct tf_replica
tf_replica(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint which)
{
	return (struct tf_replica){ctx, c, which, &c->end[which], false};
}

/* The replica begins: its first known state is STATE, and it may be in any of BASE. */
void tf_replica_begin(struct tf_replica r, enum tf_state state, tf_states base);

/* Say what the replica is in, where no transition has said so. */
void tf_replica_announce(struct tf_replica r);

/* This end sent what makes INPUT.  Where that is impossible in its state,
 * presumptions are taken back or unseen steps inferred; where even that
 * does not explain it, nothing changes and the result is false (an old
 * duplicate, or a forged segment). */
bool tf_replica_sent(struct tf_replica r, enum tf_input input);

/* All inputs of a segment that this end sent are in: move on what had
 * passed towards it before and still counts. */
void tf_replica_presume(struct tf_replica r);

/* What this end sent proves that it had received INPUT: the set moves, the best guess does not. */
void tf_replica_confirm(struct tf_replica r, enum tf_input input);

/* Nothing contradicted its end for long enough: only the best guess remains possible. */
void tf_replica_settle(struct tf_replica r);

/* INPUT must have been sent by this end though the tap did not see it. */
void tf_replica_missed(struct tf_replica r, enum tf_input input);

/* A segment passed towards this end and is acceptable there: BIT (enum
 * tf_pending) says what it brings.  AGAIN: it counts even if an earlier one
 * was taken back. */
void tf_replica_received(struct tf_replica r, unsigned bit, bool again);

/* A segment passed that this end may take or not: only the set grows. */
void tf_replica_perhaps(struct tf_replica r, enum tf_input input);

/* The end may be in any of STATES too. */
void tf_replica_may_be(struct tf_replica r, tf_states states);

/* A timer ran out, or evidence other than a segment moves the end. */
void tf_replica_moved(struct tf_replica r, enum tf_input input, enum tf_basis basis);

/* What passed towards this end (bits of enum tf_pending) is in doubt: it
 * counts by the end's own ACK from now on.  States that rested on it are
 * taken back; INPUT names the evidence. */
void tf_replica_doubt(struct tf_replica r, unsigned bits, enum tf_input evidence);

/* The end of its stream was no FIN: back to the last state without one. */
void tf_replica_take_back(struct tf_replica r, enum tf_input evidence);

/* Go back to STATE, which the history holds, because INPUT shows that what came later did not happen. */
void tf_replica_retract(struct tf_replica r, enum tf_state state, enum tf_input evidence);

#endif
