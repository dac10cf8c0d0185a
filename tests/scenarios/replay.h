/*
 * A scenario through the analyzer in one variant: every event that comes
 * out, in order, with the step that brought it about.
 */
#ifndef SCENARIO_REPLAY_H
#define SCENARIO_REPLAY_H

#include "scenario.h"
#include "tcpfsm/analyzer.h"

/* The scenario's clock starts here: 2023-11-14T22:13:20Z. */
#define SCN_START_NS INT64_C(1700000000000000000)

/* An event, copied: nothing in it points into the analyzer. */
struct scn_event {
	enum tf_event_kind kind;
	size_t step;      /* index of the step during which it came; step_count: at the end of the input */
	uint64_t fed;     /* the last frame that had been fed */
	int64_t clock_ns; /* the time of the last step */
	union {
		struct tf_transition transition;
		struct tf_possible possible;
		struct tf_finding finding;
		struct tf_connection_record record;
	};
};

struct scn_run {
	struct scn_event *event;
	size_t count, room;
	struct tf_stats stats;
	uint64_t frames; /* fed */
	uint64_t copies; /* of them, second copies of a frame */
	uint64_t errors; /* of them, ICMP errors: no segments */
	bool failed;     /* memory was short */
};

#define SCN_RESULTS    (TF_EV_FINDING | TF_EV_CONNECTION)
#define SCN_EVERYTHING (SCN_RESULTS | TF_EV_TRANSITION | TF_EV_POSSIBLE)

/* 0, or -1 where memory was short.  RUN must be freed in both cases.  Events
 * of the kinds WANTED are collected; moves are remembered only where no
 * transitions are.  FIRED (one bool a row of tf_rules()) notes which rules
 * applied, and header prediction and remembered moves are off then; NULL:
 * nobody asks, and they are on. */
int scn_replay(const struct scenario *s, enum scn_variant variant, unsigned wanted, bool *fired,
               struct scn_run *run);

void scn_run_free(struct scn_run *run);

/* One line that says all of an event, for a person and for comparing two runs. */
void scn_event_text(const struct scn_event *e, char *text, size_t size);

/* "{ESTABLISHED,FIN-WAIT-1}"; returns TEXT. */
const char *scn_set_text(tf_states set, char *text, size_t size);

#endif
