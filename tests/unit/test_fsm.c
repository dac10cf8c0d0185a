/*
 * The state machine's table and what is generated from it.
 *
 * The rows are counted over rules.def itself, not over the table that
 * src/core/fsm.c builds, so that a pair that stands twice is seen.  What
 * the rows must say is written down here a second time for the transitions
 * that matter, read from RFC 9293 section 3.10 call by call and segment by
 * segment.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/fsm.h"
#include "unit.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

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

struct row {
	const char *name; /* NULL: NEVER */
	unsigned from;
	enum tf_input input;
	int to; /* -1: it stays */
	enum tf_effect effect;
	const char *reference;
};

static const struct row rows[] = {
#define RULE(name, from, input, to, effects, reference)                                                      \
	{#name, (unsigned)(from), TF_IN_##input, TF_##to, TF_##effects, reference},
#define STAY(name, from, input, effects, reference)                                                          \
	{#name, (unsigned)(from), TF_IN_##input, -1, TF_##effects, reference},
#define NEVER(from, input, why) {NULL, (unsigned)(from), TF_IN_##input, -1, TF_NEVER, why},
#include "tcpfsm/rules.def"
#undef RULE
#undef STAY
#undef NEVER
};

/* A check that names the place where it fails. */
static void
hold(bool condition, const char *what, enum tf_state state, enum tf_input input)
{
	char where[160];

	(void)snprintf(where, sizeof where, "%s: %s, %s", what, tf_state_name(state), tf_input_text(input));
	CU_assertImplementation(condition, __LINE__, where, __FILE__, "", CU_FALSE);
}

static void
each_pair_stands_in_one_row(void)
{
	for (int s = 0; s < TF_STATE_COUNT; s++)
		for (int i = 0; i < TF_INPUT_COUNT; i++) {
			unsigned found = 0;
			for (size_t r = 0; r < COUNT_OF(rows); r++)
				found += (int)rows[r].input == i && rows[r].from & 1u << s;
			hold(found == 1, "stands in exactly one row", (enum tf_state)s, (enum tf_input)i);
		}
	for (size_t r = 0; r < COUNT_OF(rows); r++)
		CU_ASSERT(rows[r].from != 0 && rows[r].from < 1u << TF_STATE_COUNT);
}

static void
names_are_unique(void)
{
	size_t count;
	const struct tf_rule *built = tf_rules(&count);

	CU_ASSERT_EQUAL_FATAL(count, COUNT_OF(rows));
	for (size_t r = 0; r < count; r++) {
		CU_ASSERT_EQUAL((built[r].name == NULL), (rows[r].name == NULL));
		if (!rows[r].name)
			continue;
		for (size_t q = r + 1; q < count; q++)
			CU_ASSERT(!rows[q].name || strcmp(built[r].name, built[q].name) != 0);
		CU_ASSERT_EQUAL(strlen(built[r].name), strlen(rows[r].name));
		for (const char *p = built[r].name; *p; p++)
			CU_ASSERT(islower((unsigned char)*p) || isdigit((unsigned char)*p) || *p == '-');
	}
}

/* "RFC N" or "RFC N section N.N…" */
static bool
is_reference(const char *text)
{
	unsigned rfc;
	int end = 0;

	if (sscanf(text, "RFC %u%n", &rfc, &end) != 1 || rfc < 700 || rfc > 9999)
		return false;
	text += end;
	if (*text == '\0')
		return true;
	if (strncmp(text, " section ", 9) != 0)
		return false;
	text += 9;
	return *text && strspn(text, "0123456789.") == strlen(text) && text[strlen(text) - 1] != '.';
}

static void
every_row_has_its_source(void)
{
	for (size_t r = 0; r < COUNT_OF(rows); r++) {
		/* Of what is impossible it says why, in words. */
		CU_ASSERT(rows[r].name ? is_reference(rows[r].reference)
		                       : strlen(rows[r].reference) > 15 && strchr(rows[r].reference, ' '));
	}
	CU_ASSERT(!is_reference("RFC") && !is_reference("RFC 9293 section ") &&
	          !is_reference("RFC 9293 3.5"));
}

/* A segment may pass towards an end in any state; only what an end sends, and its timers, tell where it was. */
static void
only_what_an_end_does_is_impossible(void)
{
	for (size_t r = 0; r < COUNT_OF(rows); r++) {
		enum tf_side side = tf_input_side(rows[r].input);
		CU_ASSERT(rows[r].effect != TF_NEVER || side == TF_SIDE_SND || side == TF_SIDE_TIMER);
		CU_ASSERT(side != TF_SIDE_SILENT || rows[r].effect == TF_MAYBE);
	}
}

static void
the_built_table_is_the_file(void)
{
	tf_fsm_init();
	for (size_t r = 0; r < COUNT_OF(rows); r++)
		for (int s = 0; s < TF_STATE_COUNT; s++) {
			if (!(rows[r].from & 1u << s))
				continue;
			const struct tf_rule *rule = tf_rule((enum tf_state)s, rows[r].input);
			hold(rule->to == rows[r].to && rule->effect == rows[r].effect &&
			         rule->input == rows[r].input && rule->from == rows[r].from &&
			         strcmp(rule->reference, rows[r].reference) == 0,
			     "is built as it is written", (enum tf_state)s, rows[r].input);
		}
}

/* RFC 9293 section 3.10: the calls, the segments that arrive, the time-outs.
 * What an end sends shows what it did: SND_ACK_OF_FIN, that it processed a FIN. */
static const struct {
	enum tf_state state;
	enum tf_input input;
	enum tf_state to;
	bool passive;
	const char *section;
} written[] = {
    {TF_CLOSED, TF_IN_SND_SYN, TF_SYN_SENT, false, "3.10.1: active OPEN"},

    {TF_CLOSED, TF_IN_RCV_SYN, TF_CLOSED, false, "3.10.7.1: a RST is sent"},
    {TF_CLOSED, TF_IN_RCV_RST, TF_CLOSED, false, "3.10.7.1: a RST is discarded"},
    {TF_CLOSED, TF_IN_RCV_FIN, TF_CLOSED, false, "3.10.7.1"},
    {TF_CLOSED, TF_IN_SND_REFUSAL, TF_CLOSED, false, "3.10.7.1: RST,ACK for what has no ACK"},
    {TF_CLOSED, TF_IN_SND_RST, TF_CLOSED, false, "3.10.7.1: RST at SEG.ACK for what has one"},

    {TF_LISTEN, TF_IN_RCV_RST, TF_LISTEN, true, "3.10.7.2, first"},
    {TF_LISTEN, TF_IN_SND_RST_STAY, TF_LISTEN, true, "3.10.7.2, second: an ACK draws RST"},
    {TF_LISTEN, TF_IN_RCV_SYN, TF_SYN_RECEIVED, true, "3.10.7.2, third"},
    {TF_LISTEN, TF_IN_SND_SYN_ACK, TF_SYN_RECEIVED, true, "3.10.7.2, third"},
    {TF_LISTEN, TF_IN_RCV_FIN, TF_LISTEN, true, "3.10.7.4, eighth: not in LISTEN"},

    {TF_SYN_SENT, TF_IN_SND_RST_STAY, TF_SYN_SENT, false, "3.10.7.3, first: an unacceptable ACK"},
    {TF_SYN_SENT, TF_IN_RCV_REFUSAL, TF_CLOSED, false, "3.10.7.3, second: RST with an acceptable ACK"},
    {TF_SYN_SENT, TF_IN_RCV_RST, TF_SYN_SENT, false, "3.10.7.3, second: without it is dropped"},
    {TF_SYN_SENT, TF_IN_RCV_SYN_ACK, TF_ESTABLISHED, false, "3.10.7.3, fourth"},
    {TF_SYN_SENT, TF_IN_SND_ACK_OF_SYN, TF_ESTABLISHED, false, "3.10.7.3, fourth"},
    {TF_SYN_SENT, TF_IN_RCV_SYN, TF_SYN_RECEIVED, false, "3.10.7.3, fourth: simultaneous open"},
    {TF_SYN_SENT, TF_IN_SND_SYN_ACK, TF_SYN_RECEIVED, false, "3.10.7.3, fourth: simultaneous open"},
    {TF_SYN_SENT, TF_IN_RCV_ACK_OF_SYN, TF_SYN_SENT, false, "3.10.7.3, fifth: neither SYN nor RST"},
    {TF_SYN_SENT, TF_IN_RCV_FIN, TF_SYN_SENT, false, "3.10.7.4, eighth: not in SYN-SENT"},
    {TF_SYN_SENT, TF_IN_SND_SYN, TF_SYN_SENT, false, "3.8.1: sent again"},

    {TF_SYN_RECEIVED, TF_IN_RCV_RST, TF_LISTEN, true, "3.10.7.4, second: passive OPEN"},
    {TF_SYN_RECEIVED, TF_IN_RCV_RST, TF_CLOSED, false, "3.10.7.4, second: active OPEN"},
    {TF_ESTABLISHED, TF_IN_RCV_RST, TF_CLOSED, false, "3.10.7.4, second"},
    {TF_FIN_WAIT_1, TF_IN_RCV_RST, TF_CLOSED, false, "3.10.7.4, second"},
    {TF_FIN_WAIT_2, TF_IN_RCV_RST, TF_CLOSED, false, "3.10.7.4, second"},
    {TF_CLOSE_WAIT, TF_IN_RCV_RST, TF_CLOSED, true, "3.10.7.4, second"},
    {TF_CLOSING, TF_IN_RCV_RST, TF_CLOSED, false, "3.10.7.4, second"},
    {TF_LAST_ACK, TF_IN_RCV_RST, TF_CLOSED, true, "3.10.7.4, second"},
    {TF_TIME_WAIT, TF_IN_RCV_RST, TF_CLOSED, false, "3.10.7.4, second"},

    {TF_ESTABLISHED, TF_IN_RCV_SYN, TF_ESTABLISHED, false, "3.10.7.4, fourth: a challenge ACK"},
    {TF_CLOSE_WAIT, TF_IN_RCV_SYN, TF_CLOSE_WAIT, false, "3.10.7.4, fourth: a challenge ACK"},
    {TF_FIN_WAIT_2, TF_IN_RCV_SYN, TF_FIN_WAIT_2, false, "3.10.7.4, fourth: a challenge ACK"},

    {TF_SYN_RECEIVED, TF_IN_RCV_ACK_OF_SYN, TF_ESTABLISHED, true, "3.10.7.4, fifth"},
    {TF_SYN_RECEIVED, TF_IN_RCV_SYN_ACK, TF_ESTABLISHED, false, "3.5, figure 7"},
    {TF_FIN_WAIT_1, TF_IN_RCV_ACK_OF_FIN, TF_FIN_WAIT_2, false, "3.10.7.4, fifth"},
    {TF_FIN_WAIT_2, TF_IN_RCV_ACK_OF_FIN, TF_FIN_WAIT_2, false, "3.10.7.4, fifth"},
    {TF_CLOSING, TF_IN_RCV_ACK_OF_FIN, TF_TIME_WAIT, false, "3.10.7.4, fifth"},
    {TF_LAST_ACK, TF_IN_RCV_ACK_OF_FIN, TF_CLOSED, true, "3.10.7.4, fifth"},
    {TF_TIME_WAIT, TF_IN_RCV_ACK_OF_FIN, TF_TIME_WAIT, false, "3.10.7.4, fifth"},

    {TF_SYN_RECEIVED, TF_IN_RCV_FIN, TF_CLOSE_WAIT, true, "3.10.7.4, eighth"},
    {TF_ESTABLISHED, TF_IN_RCV_FIN, TF_CLOSE_WAIT, true, "3.10.7.4, eighth"},
    {TF_FIN_WAIT_1, TF_IN_RCV_FIN, TF_CLOSING, false, "3.10.7.4, eighth: our FIN not yet acknowledged"},
    {TF_FIN_WAIT_2, TF_IN_RCV_FIN, TF_TIME_WAIT, false, "3.10.7.4, eighth"},
    {TF_CLOSE_WAIT, TF_IN_RCV_FIN, TF_CLOSE_WAIT, true, "3.10.7.4, eighth"},
    {TF_CLOSING, TF_IN_RCV_FIN, TF_CLOSING, false, "3.10.7.4, eighth"},
    {TF_LAST_ACK, TF_IN_RCV_FIN, TF_LAST_ACK, true, "3.10.7.4, eighth"},
    {TF_TIME_WAIT, TF_IN_RCV_FIN, TF_TIME_WAIT, false, "3.10.7.4, eighth: 2 MSL restarts"},
    {TF_ESTABLISHED, TF_IN_SND_ACK_OF_FIN, TF_CLOSE_WAIT, true, "3.10.7.4, eighth: the ACK of the FIN"},
    {TF_FIN_WAIT_1, TF_IN_SND_ACK_OF_FIN, TF_CLOSING, false, "3.10.7.4, eighth: the ACK of the FIN"},
    {TF_FIN_WAIT_2, TF_IN_SND_ACK_OF_FIN, TF_TIME_WAIT, false, "3.10.7.4, eighth: the ACK of the FIN"},

    {TF_SYN_RECEIVED, TF_IN_SND_FIN, TF_FIN_WAIT_1, true, "3.10.4: CLOSE"},
    {TF_ESTABLISHED, TF_IN_SND_FIN, TF_FIN_WAIT_1, false, "3.10.4: CLOSE"},
    {TF_CLOSE_WAIT, TF_IN_SND_FIN, TF_LAST_ACK, true, "3.10.4: CLOSE"},
    {TF_CLOSE_WAIT, TF_IN_SND_DATA, TF_CLOSE_WAIT, true, "3.10.2: SEND in CLOSE-WAIT"},
    {TF_FIN_WAIT_1, TF_IN_SND_FIN_AGAIN, TF_FIN_WAIT_1, false, "3.8.1: sent again"},
    {TF_LAST_ACK, TF_IN_SND_FIN_AGAIN, TF_LAST_ACK, true, "3.8.1: sent again"},

    {TF_SYN_RECEIVED, TF_IN_SND_RST, TF_CLOSED, true, "3.10.5: ABORT"},
    {TF_ESTABLISHED, TF_IN_SND_RST, TF_CLOSED, false, "3.10.5: ABORT"},
    {TF_FIN_WAIT_1, TF_IN_SND_RST, TF_CLOSED, false, "3.10.5: ABORT"},
    {TF_FIN_WAIT_2, TF_IN_SND_RST, TF_CLOSED, false, "3.10.5: ABORT"},
    {TF_CLOSE_WAIT, TF_IN_SND_RST, TF_CLOSED, true, "3.10.5: ABORT"},
    {TF_LAST_ACK, TF_IN_ABORT, TF_CLOSED, true, "3.10.5: ABORT, the TCB is deleted"},
    {TF_CLOSING, TF_IN_ABORT, TF_CLOSED, false, "3.10.5: ABORT, the TCB is deleted"},
    {TF_LISTEN, TF_IN_ABORT, TF_CLOSED, true, "3.10.5: ABORT"},

    {TF_TIME_WAIT, TF_IN_TIMEOUT_2MSL, TF_CLOSED, false, "3.10.8: time-wait timeout"},
    {TF_SYN_SENT, TF_IN_TIMEOUT_SYN, TF_CLOSED, false, "3.10.8: user timeout"},
};

static void
the_main_transitions_are_the_rfcs(void)
{
	tf_fsm_init();
	for (size_t i = 0; i < COUNT_OF(written); i++) {
		enum tf_state s = written[i].state;
		enum tf_input input = written[i].input;
		hold(tf_rule(s, input)->effect != TF_NEVER, written[i].section, s, input);
		hold(tf_fsm_next(s, input, written[i].passive) == written[i].to, written[i].section, s,
		     input);
		hold(tf_fsm_step(TF_STATES(s), input, written[i].passive) == TF_STATES(written[i].to),
		     written[i].section, s, input);
	}
}

/* What RFC 9293 rules out, and so tells where an end is not. */
static void
what_no_end_sends_is_impossible(void)
{
	static const struct {
		enum tf_state state;
		enum tf_input input;
	} impossible[] = {
	    {TF_CLOSED, TF_IN_SND_DATA},          /* 3.10.2: connection does not exist */
	    {TF_CLOSED, TF_IN_SND_FIN},           /* 3.10.4: connection does not exist */
	    {TF_LISTEN, TF_IN_SND_FIN},           /* 3.10.4: LISTEN is closed without a segment */
	    {TF_SYN_SENT, TF_IN_SND_FIN},         /* 3.10.4: the TCB is deleted */
	    {TF_SYN_SENT, TF_IN_SND_DATA},        /* 3.10.2: queued until ESTABLISHED */
	    {TF_SYN_RECEIVED, TF_IN_SND_DATA},    /* 3.10.2: queued until ESTABLISHED */
	    {TF_LISTEN, TF_IN_SND_REFUSAL},       /* 3.10.7.2: a SYN is answered with SYN,ACK */
	    {TF_TIME_WAIT, TF_IN_SND_RST},        /* 3.10.5: ABORT in TIME-WAIT sends none */
	    {TF_FIN_WAIT_2, TF_IN_SND_FIN_AGAIN}, /* its FIN was acknowledged: 3.10.7.4, fifth */
	    {TF_ESTABLISHED, TF_IN_SND_FIN_AGAIN},
	    {TF_ESTABLISHED, TF_IN_TIMEOUT_2MSL},      /* 3.10.8 */
	    {TF_CLOSE_WAIT, TF_IN_SND_ACK_BEFORE_FIN}, /* RCV.NXT never goes back: 3.4 */
	};

	tf_fsm_init();
	for (size_t i = 0; i < COUNT_OF(impossible); i++) {
		enum tf_state s = impossible[i].state;
		hold(tf_rule(s, impossible[i].input)->effect == TF_NEVER, "is impossible", s,
		     impossible[i].input);
		hold(tf_fsm_step(TF_STATES(s), impossible[i].input, false) == 0, "drops out of a set", s,
		     impossible[i].input);
		hold(tf_fsm_next(s, impossible[i].input, false) == s, "moves nothing", s,
		     impossible[i].input);
	}
}

static void
reach_holds_its_base_and_grows(void)
{
	tf_fsm_init();
	for (int passive = 0; passive < 2; passive++)
		for (unsigned pending = 0; pending < TF_P_COUNT; pending++)
			for (unsigned base = 1; base < 1u << TF_STATE_COUNT; base++) {
				tf_states set = tf_fsm_reach((tf_states)base, pending, passive);
				bool good =
				    (set & base) == base && tf_fsm_reach(set, pending, passive) == set;
				for (unsigned bit = 1; good && bit < TF_P_COUNT; bit <<= 1) {
					tf_states more =
					    tf_fsm_reach((tf_states)base, pending | bit, passive);
					good = (more & set) == set;
				}
				if (!good)
					CU_FAIL("reach is not closed, or not monotone");
			}
}

/* What the program of an end may do unseen, where nothing is pending: RFC 9293 sections 3.10.4 and 3.10.5. */
static void
reach_of_single_states(void)
{
	tf_fsm_init();
	CU_ASSERT_EQUAL(tf_fsm_reach(E, 0, false), E | F1 | C);
	CU_ASSERT_EQUAL(tf_fsm_reach(CW, 0, false), CW | LA | C);
	CU_ASSERT_EQUAL(tf_fsm_reach(TW, 0, false), TW);
	CU_ASSERT_EQUAL(tf_fsm_reach(C, 0, false), C);
	CU_ASSERT_EQUAL(tf_fsm_reach(SR, 0, true), SR | F1 | L | C); /* a listener may forget (SYN cookies) */
	CU_ASSERT_EQUAL(tf_fsm_reach(SR, 0, false), SR | F1 | C);
	/* With a FIN on its way towards it; with an ACK of its own FIN, too. */
	CU_ASSERT_EQUAL(tf_fsm_reach(E, TF_P_FIN, false), E | F1 | CW | CG | LA | C);
	CU_ASSERT_EQUAL(tf_fsm_reach(F1, TF_P_FIN | TF_P_ACK_OF_FIN, false), F1 | F2 | CG | TW | C);
	CU_ASSERT_EQUAL(tf_fsm_reach(F2, TF_P_FIN, false), F2 | TW | C);
	CU_ASSERT_EQUAL(tf_fsm_reach(SS, TF_P_SYN_ACK, false), SS | E | F1 | C);
}

static void
a_gap_is_explained(void)
{
	static const struct {
		enum tf_state state;
		enum tf_input input;
		bool passive;
		int steps;
		enum tf_input path[4];
	} ways[] = {
	    {TF_ESTABLISHED, TF_IN_SND_DATA, false, 0, {0}},
	    {TF_SYN_SENT, TF_IN_SND_DATA, false, 1, {TF_IN_RCV_SYN_ACK}},
	    {TF_SYN_SENT, TF_IN_SND_FIN, false, 1, {TF_IN_RCV_SYN_ACK}},
	    {TF_SYN_RECEIVED, TF_IN_SND_DATA, true, 1, {TF_IN_RCV_ACK_OF_SYN}},
	    {TF_LISTEN, TF_IN_SND_DATA, true, 2, {TF_IN_RCV_SYN, TF_IN_RCV_ACK_OF_SYN}},
	    {TF_ESTABLISHED, TF_IN_SND_FIN_AGAIN, false, 1, {TF_IN_CLOSE}},
	    {TF_CLOSE_WAIT, TF_IN_SND_FIN_AGAIN, false, 1, {TF_IN_CLOSE}},
	    {TF_SYN_SENT, TF_IN_SND_FIN_AGAIN, false, 2, {TF_IN_RCV_SYN_ACK, TF_IN_CLOSE}},
	    {TF_TIME_WAIT, TF_IN_SND_SYN, false, 1, {TF_IN_TIMEOUT_2MSL}},
	    {TF_LISTEN, TF_IN_SND_FIN_AGAIN, true, 2, {TF_IN_RCV_SYN, TF_IN_CLOSE}},
	    {TF_CLOSED, TF_IN_SND_DATA, false, -1, {0}},
	    {TF_CLOSED, TF_IN_TIMEOUT_2MSL, false, -1, {0}},
	};

	tf_fsm_init();
	for (size_t i = 0; i < COUNT_OF(ways); i++) {
		enum tf_input path[4];
		int steps = tf_fsm_explain(ways[i].state, ways[i].input, ways[i].passive, path);
		hold(steps == ways[i].steps, "is explained in as many steps", ways[i].state, ways[i].input);
		for (int n = 0; n < steps && n < ways[i].steps; n++)
			hold(path[n] == ways[i].path[n], "is explained by this way", ways[i].state, path[n]);
	}
}

/* Whatever the way, it can be gone, and it ends where the input is possible. */
static void
every_explanation_can_be_gone(void)
{
	tf_fsm_init();
	for (int passive = 0; passive < 2; passive++)
		for (int s = 0; s < TF_STATE_COUNT; s++)
			for (int i = 0; i < TF_INPUT_COUNT; i++) {
				enum tf_input path[4];
				enum tf_state at = (enum tf_state)s;
				int steps = tf_fsm_explain(at, (enum tf_input)i, passive, path);
				hold(steps >= -1 && steps <= 4, "has a short way or none", at,
				     (enum tf_input)i);
				for (int n = 0; n < steps; n++) {
					hold(tf_rule(at, path[n])->effect != TF_NEVER, "the step is possible",
					     at, path[n]);
					at = tf_fsm_next(at, path[n], passive);
				}
				hold((tf_rule(at, (enum tf_input)i)->effect != TF_NEVER) == (steps >= 0),
				     "the way ends where it should", (enum tf_state)s, (enum tf_input)i);
			}
}

const char tf_suite[] = "state machine";

const struct tf_test tf_tests[] = {
    {"every pair of state and input stands in exactly one row", each_pair_stands_in_one_row},
    {"the names of the rules are unique", names_are_unique},
    {"every row names its source", every_row_has_its_source},
    {"only what an end sends, or its timer, can be impossible", only_what_an_end_does_is_impossible},
    {"the built table is the file", the_built_table_is_the_file},
    {"the main transitions are RFC 9293's", the_main_transitions_are_the_rfcs},
    {"what no end sends is impossible", what_no_end_sends_is_impossible},
    {"the reach of a set holds it, and grows with what is pending", reach_holds_its_base_and_grows},
    {"the reach of single states", reach_of_single_states},
    {"a gap in the capture is explained", a_gap_is_explained},
    {"every explanation can be gone", every_explanation_can_be_gone},
    {NULL, NULL},
};
