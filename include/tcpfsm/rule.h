/*
 * The rules of the state machine as C sees them: generated from
 * inputs.def and rules.def, which say how to read a row.
 */
#ifndef TCPFSM_RULE_H
#define TCPFSM_RULE_H

#include <stddef.h>

#include "tcpfsm/state.h"

enum tf_input {
#define INPUT(id, side, text) TF_IN_##id,
#include "tcpfsm/inputs.def"
#undef INPUT
	TF_INPUT_COUNT
};

enum tf_side { TF_SIDE_SND, TF_SIDE_RCV, TF_SIDE_SILENT, TF_SIDE_TIMER, TF_SIDE_EVIDENCE };

enum tf_effect {
	TF_NEVER,   /* cannot come from this state; to is the state itself */
	TF_MOVE,    /* the best guess moves, or is confirmed */
	TF_MAYBE,   /* only the set grows */
	TF_BACK,    /* as TF_MOVE; a passive opener returns to LISTEN */
	TF_RESTART, /* as TF_MOVE; 2 MSL starts again */
};

struct tf_rule {
	const char *name;      /* "accept-syn"; NULL for TF_NEVER */
	tf_states from;        /* the states that the row is about */
	enum tf_input input;
	int to;                /* enum tf_state, or -1: the state stays */
	enum tf_effect effect;
	const char *reference; /* the section; for TF_NEVER the reason */
};

/* All rows, in the order of rules.def. */
const struct tf_rule *tf_rules(size_t *count);

/* The row of (STATE, INPUT); never NULL. */
const struct tf_rule *tf_rule(enum tf_state state, enum tf_input input);

/* "snd ACK of SYN,ACK" */
const char *tf_input_text(enum tf_input input);
enum tf_side tf_input_side(enum tf_input input);

#endif
