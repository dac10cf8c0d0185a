/*
 * The judge's front: its life, its events, and the second look at those
 * that broke a check.
 */
#include "check/judge.h"

#include <stdlib.h>
#include <string.h>

#include "check/account.h"
#include "check/verdict.h"

struct tf_judge *
tf_judge_new(const struct tf_ruleset *rules, uint16_t seed)
{
	struct tf_judge *j = calloc(1, sizeof *j);

	if (!j)
		return NULL;
	j->rules = rules;
	j->seed = seed;
	j->account = calloc(rules->rule_count + 1, sizeof *j->account);
	j->used = calloc(rules->allowance_count + 1, sizeof *j->used);
	j->check = calloc(rules->rule_count + 1, sizeof *j->check);
	j->held = tf_held_new();
	if (j->account && j->used && j->check && j->held)
		return j;
	tf_judge_free(j);
	return NULL;
}

void
tf_judge_free(struct tf_judge *j)
{
	if (!j)
		return;
	for (size_t i = 0; j->account && i < j->rules->rule_count; i++) {
		tf_offences_fini(&j->account[i].for_it);
		tf_offences_fini(&j->account[i].against);
	}
	/* The first check's texts are not its own. */
	for (size_t i = 1; i < j->verdict.count; i++) {
		free((char *)j->check[i].message);
		free((char *)j->check[i].ladder);
	}
	tf_held_free(j->held);
	free(j->input_message);
	free(j->check);
	free(j->used);
	free(j->account);
	free(j);
}

unsigned
tf_judge_wanted(const struct tf_judge *j)
{
	return j->rules->rule_count > 0 ? TF_EV_FINDING | TF_EV_CONNECTION : 0;
}

/* Is there a rule about such findings? */
static bool
is_of_interest(const struct tf_judge *j, const struct tf_finding *f)
{
	for (size_t i = 0; i < j->rules->rule_count; i++)
		if (tf_what_is(&j->rules->rule[i].what, f->id, f->severity))
			return true;
	return false;
}

void
tf_judge_event(struct tf_judge *j, const struct tf_event *event)
{
	if (j->rules->rule_count == 0)
		return;
	/* What the baseline knows breaks no check. */
	if (event->kind == TF_EV_FINDING && event->finding->baseline == TF_BASELINE_KNOWN)
		return;
	if (event->kind == TF_EV_FINDING && is_of_interest(j, event->finding))
		tf_held_finding(j, event->finding);
	else if (event->kind == TF_EV_CONNECTION)
		tf_held_record(j, event->connection, tf_account_connection(j, event->connection));
}

/* Quickly: false for nearly all connections of which nobody wants the packets. */
static bool
is_suspect(const struct tf_judge *j, uint64_t conn)
{
	return (j->suspects[conn / 64 % TF_SUSPECT_WORDS] >> conn % 64 & 1) != 0;
}

static void
note_suspects(struct tf_judge *j)
{
	for (size_t i = 0; i < j->verdict.count; i++) {
		for (size_t k = 0; k < j->check[i].offence_count; k++) {
			uint64_t conn = j->check[i].offences[k].conn;
			j->suspects[conn / 64 % TF_SUSPECT_WORDS] |= UINT64_C(1) << conn % 64;
		}
	}
}

void
tf_judge_finish(struct tf_judge *j, const char *error)
{
	tf_held_finish(j);
	tf_verdict_make(j, error);
	note_suspects(j);
}

const struct tf_verdict *
tf_judge_verdict(const struct tf_judge *j)
{
	return &j->verdict;
}

/* ---- the second look ----------------------------------------------------------------------- */

/* The first offence of C that is a connection's, or NULL. */
static const struct tf_offence *
first_offender(const struct tf_check *c)
{
	for (size_t i = 0; i < c->offence_count; i++)
		if (c->offences[i].conn != 0)
			return &c->offences[i];
	return NULL;
}

/* Put CONN in its place among the COUNT that are there; the new count. */
static size_t
insert(uint64_t *conns, size_t count, uint64_t conn)
{
	size_t at = 0;

	while (at < count && conns[at] < conn)
		at++;
	if ((at < count && conns[at] == conn) || count == TF_MAX_LADDERS)
		return count;
	memmove(&conns[at + 1], &conns[at], (count - at) * sizeof *conns);
	conns[at] = conn;
	return count + 1;
}

size_t
tf_judge_ladders_wanted(const struct tf_judge *j, uint64_t conn[TF_MAX_LADDERS])
{
	size_t count = 0;

	for (size_t i = 0; i < j->verdict.count; i++) {
		const struct tf_offence *o = first_offender(&j->check[i]);
		if (o)
			count = insert(conn, count, o->conn);
	}
	return count;
}

bool
tf_judge_wants_second_look(const struct tf_judge *j)
{
	for (size_t i = 0; i < j->verdict.count; i++)
		if (first_offender(&j->check[i]))
			return true;
	return false;
}

void
tf_judge_segment(struct tf_judge *j, const struct tf_segment_event *s)
{
	if (!is_suspect(j, s->conn))
		return;
	for (size_t i = 0; i < j->verdict.count; i++) {
		/* They are this judge's own, in its tallies. */
		struct tf_offence *o = (struct tf_offence *)j->check[i].offences;
		for (size_t k = 0; k < j->check[i].offence_count; k++)
			if (o[k].conn == s->conn && !o[k].is_finding)
				tf_offence_add_packet(&o[k], s->segment->packet);
	}
}

void
tf_judge_set_ladder(struct tf_judge *j, uint64_t conn, const char *text, size_t size)
{
	for (size_t i = 0; i < j->verdict.count; i++) {
		const struct tf_offence *o = first_offender(&j->check[i]);
		if (o && o->conn == conn && !j->check[i].ladder)
			j->check[i].ladder = strndup(text, size);
	}
}

void
tf_judge_no_second_look(struct tf_judge *j, const char *why)
{
	for (size_t i = 0; i < j->verdict.count; i++)
		if (first_offender(&j->check[i]))
			j->check[i].ladder_note = why;
}
