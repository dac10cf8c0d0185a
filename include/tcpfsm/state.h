/*
 * The eleven states, and sets of them.  A set is a bit mask: bit S stands
 * for state S, so that a whole set moves by table look-ups.
 */
#ifndef TCPFSM_STATE_H
#define TCPFSM_STATE_H

#include <stdint.h>

enum tf_state {
#define STATE(id, name, short_name) TF_##id,
#include "tcpfsm/state.def"
#undef STATE
	TF_STATE_COUNT
};

typedef uint16_t tf_states; /* a set of states */

#define TF_STATES(s) ((tf_states)(1u << (s)))

/* "FIN-WAIT-1"; never NULL. */
const char *tf_state_name(enum tf_state s);

/* The state called NAME ("FIN-WAIT-1", "FIN_WAIT_1" or "fin-wait-1"; ss's short names too), or -1. */
int tf_state_by_name(const char *name);

#endif
