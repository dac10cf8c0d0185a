/*
 * The state machine's tables, ready for use: one step of one state, one
 * step of a whole set, and how far a set can reach by what the tap cannot
 * rule out.
 */
#ifndef TCPFSM_CORE_FSM_H
#define TCPFSM_CORE_FSM_H

#include <stdbool.h>
#include <stdint.h>

#include "tcpfsm/rule.h"

/* Segments that passed towards an end and may or may not have arrived:
 * bits of tf_endpoint_state.pending. */
enum tf_pending {
	TF_P_SYN = 0x01,
	TF_P_SYN_ACK = 0x02,
	TF_P_ACK_OF_SYN = 0x04,
	TF_P_ACK_OF_FIN = 0x08,
	TF_P_FIN = 0x10,
	TF_P_RST = 0x20,
	TF_P_COUNT = 0x40
};

/* Build the tables.  Called once, by tf_analyzer_new; idempotent. */
void tf_fsm_init(void);

/* What the rule table comes to; read-only once it is built. */
struct tf_fsm {
	uint8_t row[TF_STATE_COUNT][TF_INPUT_COUNT];       /* of tf_fsm_rules */
	tf_states step[2][TF_INPUT_COUNT][TF_STATE_COUNT]; /* passive; a set of one, or none for TF_NEVER */
	tf_states reach[2][TF_P_COUNT][TF_STATE_COUNT];    /* passive */
};

extern struct tf_fsm tf_fsm;
extern struct tf_rule tf_fsm_rules[];

/* tf_rule() without the call. */
static inline const struct tf_rule *
tf_fsm_rule(enum tf_state state, enum tf_input input)
{
	return &tf_fsm_rules[tf_fsm.row[state][input]];
}

/* Where INPUT takes an end from STATE; PASSIVE: it opened passively.  For
 * TF_NEVER the result is STATE itself. */
static inline enum tf_state
tf_fsm_next(enum tf_state state, enum tf_input input, bool passive)
{
	const struct tf_rule *rule = tf_fsm_rule(state, input);

	if (rule->to < 0)
		return state;
	if (rule->effect == TF_BACK && passive && state == TF_SYN_RECEIVED)
		return TF_LISTEN;
	return (enum tf_state)rule->to;
}

/* Where INPUT takes a set: the union over its members; a member whose row
 * is a NEVER drops out. */
static inline tf_states
tf_fsm_step(tf_states set, enum tf_input input, bool passive)
{
	tf_states out = 0;

	for (unsigned left = set; left; left &= left - 1)
		out |= tf_fsm.step[passive][input][__builtin_ctz(left)];
	return out;
}

/* All states that an end which was in one of BASE can be in by now: by
 * what passed towards it (PENDING) and by what its program may have done. */
static inline tf_states
tf_fsm_reach(tf_states base, unsigned pending, bool passive)
{
	tf_states out = 0;

	for (unsigned left = base; left; left &= left - 1)
		out |= tf_fsm.reach[passive][pending][__builtin_ctz(left)];
	return out;
}

/* A way from STATE, by what the tap did not see, to a state in which INPUT
 * is possible: fills in at most 4 inputs and returns how many, 0 where
 * INPUT is possible at once, -1 where there is no way. */
int tf_fsm_explain(enum tf_state state, enum tf_input input, bool passive, enum tf_input path[4]);

/* The receive input that a pending bit stands for. */
enum tf_input tf_pending_input(unsigned bit);

#endif
