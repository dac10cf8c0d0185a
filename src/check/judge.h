/*
 * The judge: holds what the analyzer says against rules, and gives the
 * verdict.
 *
 * It is told of events in the order of the analyzer, and keeps counts and
 * the first few offences of each rule, so that its memory is bounded
 * whatever the capture holds.  It reads nothing and prints nothing.  What
 * only a second reading of the input can show (all packets of a connection
 * that broke a rule, its picture) it asks for by number.
 */
#ifndef TCPFSM_CHECK_JUDGE_H
#define TCPFSM_CHECK_JUDGE_H

#include "check/rules.h"
#include "tcpfsm/event.h"
#include "tcpfsm/verdict.h"

struct tf_judge;

/* RULES stay the caller's, and unchanged; SEED is that of the Community ID.  NULL where there is no memory. */
struct tf_judge *tf_judge_new(const struct tf_ruleset *rules, uint16_t seed);
void tf_judge_free(struct tf_judge *j);

/* The events that it needs (enum tf_event_kind, or-ed). */
unsigned tf_judge_wanted(const struct tf_judge *j);

void tf_judge_event(struct tf_judge *j, const struct tf_event *event);

/* The input is over; ERROR says where it broke, or is NULL.  The verdict stands from now on. */
void tf_judge_finish(struct tf_judge *j, const char *error);

/* Valid until tf_judge_free(); after tf_judge_finish(). */
const struct tf_verdict *tf_judge_verdict(const struct tf_judge *j);

/* ---- the second look: after tf_judge_finish() ---- */

#define TF_MAX_LADDERS 32 /* connections of which pictures are asked for */

/* The connections of which a picture is wanted: the first offenders of the failed checks, ascending. */
size_t tf_judge_ladders_wanted(const struct tf_judge *j, uint64_t conn[TF_MAX_LADDERS]);

/* Is a second look of use: did a check fail because of a connection? */
bool tf_judge_wants_second_look(const struct tf_judge *j);

/* A segment of the second reading: the packets of those that broke a check. */
void tf_judge_segment(struct tf_judge *j, const struct tf_segment_event *s);

/* The picture of CONN, SIZE octets of TEXT, which is copied. */
void tf_judge_set_ladder(struct tf_judge *j, uint64_t conn, const char *text, size_t size);

/* There is no second look, because of WHY (a constant), which the failed checks then say. */
void tf_judge_no_second_look(struct tf_judge *j, const char *why);

#endif
