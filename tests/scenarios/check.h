/*
 * Holding a run against its scenario: every expectation must be met,
 * nothing undeclared may happen, and some things must hold of every run.
 */
#ifndef SCENARIO_CHECK_H
#define SCENARIO_CHECK_H

#include "replay.h"

/* Told of each failure: the line that it belongs to, and one line of text. */
typedef void scn_complaint(void *context, int line, const char *text);

/* Check the ids that the scenario names; the number of failures. */
unsigned scn_check_names(const struct scenario *s, scn_complaint *complain, void *context);

/* Check RUN; the number of failures. */
unsigned scn_check(const struct scenario *s, const struct scn_run *run, scn_complaint *complain,
                   void *context);

/* The two runs must tell the same in the same order; the number of failures (0 or 1). */
unsigned scn_compare(const struct scn_run *one, const struct scn_run *other, scn_complaint *complain,
                     void *context);

#endif
