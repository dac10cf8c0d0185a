/*
 * Look-ups in the rule table (rules.def), and what is generated from it:
 * tf_fsm.step[input][state], the reach of a state by what is pending, and the
 * ways by which a gap in the capture is explained.
 *
 * Nothing here knows a segment, a sequence number or a time.
 */
#include "core/fsm.h"

#include <assert.h>

#define C  TF_STATES(TF_CLOSED)
#define L  TF_STATES(TF_LISTEN)
#define SS TF_STATES(TF_SYN_SENT)
#define SR TF_STATES(TF_SYN_RECEIVED)
#define E  TF_STATES(TF_ESTABLISHED)
#define F1 TF_STATES(TF_FIN_WAIT_1)
#define F2 TF_STATES(TF_FIN_WAIT_2)
#define CW TF_STATES(TF_CLOSE_WAIT)
#define CG TF_STATES(TF_CLOSING)
#define LA TF_STATES(TF_LAST_ACK)
#define TW TF_STATES(TF_TIME_WAIT)

enum rule_name {
#define RULE(name, from, input, to, effects, reference) RULE_##name,
#define STAY(name, from, input, effects, reference)     RULE_##name,
#define NEVER(from, input, why)
#include "tcpfsm/rules.def"
#undef RULE
#undef STAY
#undef NEVER
	RULE_COUNT
};

struct tf_rule tf_fsm_rules[] = {
#define RULE(name, from, input, to, effects, reference)                                                      \
	{#name, (tf_states)(from), TF_IN_##input, TF_##to, TF_##effects, reference},
#define STAY(name, from, input, effects, reference)                                                          \
	{#name, (tf_states)(from), TF_IN_##input, -1, TF_##effects, reference},
#define NEVER(from, input, why) {NULL, (tf_states)(from), TF_IN_##input, -1, TF_NEVER, why},
#include "tcpfsm/rules.def"
#undef RULE
#undef STAY
#undef NEVER
};

#define ROWS (sizeof tf_fsm_rules / sizeof tf_fsm_rules[0])

/* The names as the output writes them: "accept-syn". */
static char rule_names[RULE_COUNT][32];

static const struct {
	enum tf_side side;
	const char *text;
} inputs[TF_INPUT_COUNT] = {
#define INPUT(id, side, text) {TF_SIDE_##side, text},
#include "tcpfsm/inputs.def"
#undef INPUT
};

struct tf_fsm tf_fsm;

static const enum tf_input silent[] = {TF_IN_CLOSE, TF_IN_ABORT, TF_IN_FORGET};

/* What may have happened unseen, in the order in which a gap is explained:
 * the likeliest first. */
static const enum tf_input unseen[] = {
    TF_IN_RCV_ACK_OF_SYN, TF_IN_RCV_SYN_ACK, TF_IN_RCV_SYN,      TF_IN_RCV_ACK_OF_FIN,
    TF_IN_RCV_FIN,        TF_IN_CLOSE,       TF_IN_TIMEOUT_2MSL,
};

enum tf_input
tf_pending_input(unsigned bit)
{
	switch (bit) {
	case TF_P_SYN:
		return TF_IN_RCV_SYN;
	case TF_P_SYN_ACK:
		return TF_IN_RCV_SYN_ACK;
	case TF_P_ACK_OF_SYN:
		return TF_IN_RCV_ACK_OF_SYN;
	case TF_P_ACK_OF_FIN:
		return TF_IN_RCV_ACK_OF_FIN;
	case TF_P_FIN:
		return TF_IN_RCV_FIN;
	case TF_P_RST:
		return TF_IN_RCV_RST;
	default:
		assert(0 && "one bit of enum tf_pending");
		return TF_IN_RCV_RST;
	}
}

const struct tf_rule *
tf_rules(size_t *count)
{
	tf_fsm_init();
	*count = ROWS;
	return tf_fsm_rules;
}

const struct tf_rule *
tf_rule(enum tf_state state, enum tf_input input)
{
	return &tf_fsm_rules[tf_fsm.row[state][input]];
}

const char *
tf_input_text(enum tf_input input)
{
	return inputs[input].text;
}

enum tf_side
tf_input_side(enum tf_input input)
{
	return inputs[input].side;
}

int
tf_fsm_explain(enum tf_state state, enum tf_input input, bool passive, enum tf_input path[4])
{
	/* Breadth first over at most eleven states. */
	struct {
		enum tf_state state;
		int before;
		enum tf_input by;
	} seen[TF_STATE_COUNT] = {{.state = state, .before = -1}};
	tf_states known = TF_STATES(state);
	int count = 1;

	for (int at = 0; at < count; at++) {
		if (tf_rule(seen[at].state, input)->effect != TF_NEVER) {
			int depth = 0;
			for (int i = at; seen[i].before >= 0; i = seen[i].before)
				depth++;
			if (depth > 4)
				return -1;
			for (int i = at, d = depth; seen[i].before >= 0; i = seen[i].before)
				path[--d] = seen[i].by;
			return depth;
		}
		for (size_t u = 0; u < sizeof unseen / sizeof unseen[0]; u++) {
			enum tf_state to = tf_fsm_next(seen[at].state, unseen[u], passive);
			if (known & TF_STATES(to))
				continue;
			known |= TF_STATES(to);
			seen[count].state = to;
			seen[count].before = at;
			seen[count++].by = unseen[u];
		}
	}
	return -1;
}

static void
init_names(void)
{
	size_t n = 0;

	for (size_t r = 0; r < ROWS; r++) {
		if (tf_fsm_rules[r].effect == TF_NEVER)
			continue;
		char *out = rule_names[n++];
		size_t i = 0;
		for (const char *in = tf_fsm_rules[r].name; *in && i + 1 < sizeof rule_names[0]; in++)
			out[i++] = (char)(*in == '_' ? '-' : *in >= 'A' && *in <= 'Z' ? *in + 32 : *in);
		out[i] = '\0';
		tf_fsm_rules[r].name = out;
	}
}

static void
init_rows(void)
{
	static_assert(ROWS <= UINT8_MAX, "row_of holds a row in an octet");

	for (size_t r = 0; r < ROWS; r++)
		for (int s = 0; s < TF_STATE_COUNT; s++)
			if (tf_fsm_rules[r].from & TF_STATES(s))
				tf_fsm.row[s][tf_fsm_rules[r].input] = (uint8_t)r;
}

static void
init_steps(void)
{
	for (int passive = 0; passive < 2; passive++)
		for (int i = 0; i < TF_INPUT_COUNT; i++)
			for (int s = 0; s < TF_STATE_COUNT; s++) {
				if (tf_rule((enum tf_state)s, (enum tf_input)i)->effect == TF_NEVER)
					continue;
				tf_fsm.step[passive][i][s] =
				    TF_STATES(tf_fsm_next((enum tf_state)s, (enum tf_input)i, passive));
			}
}

static tf_states
reach_of(enum tf_state state, unsigned pending, bool passive)
{
	tf_states set = TF_STATES(state), before;

	do {
		before = set;
		for (size_t i = 0; i < sizeof silent / sizeof silent[0]; i++)
			if (silent[i] != TF_IN_FORGET || passive)
				set |= tf_fsm_step(set, silent[i], passive);
		for (unsigned bit = 1; bit < TF_P_COUNT; bit <<= 1)
			if (pending & bit)
				set |= tf_fsm_step(set, tf_pending_input(bit), passive);
	} while (set != before);
	return set;
}

void
tf_fsm_init(void)
{
	static bool done;

	if (done)
		return;
	init_names();
	init_rows();
	init_steps();
	for (int passive = 0; passive < 2; passive++)
		for (unsigned pending = 0; pending < TF_P_COUNT; pending++)
			for (int s = 0; s < TF_STATE_COUNT; s++)
				tf_fsm.reach[passive][pending][s] =
				    reach_of((enum tf_state)s, pending, passive);
	done = true;
}
