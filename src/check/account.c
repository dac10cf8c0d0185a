/*
 * Counting: each record and each finding against each rule.  What the
 * counts mean for a rule is verdict.c's business.
 */
#include "check/account.h"

#include <stdlib.h>
#include <string.h>

#include "check/evaluate.h"

/* ---- offences ------------------------------------------------------------------------------ */

bool
tf_offences_keep(struct tf_offences *list, const struct tf_offence *o)
{
	struct tf_offence *kept = &list->item[list->count];

	if (list->count == TF_MAX_OFFENCES) {
		list->more++;
		return true;
	}
	*kept = *o;
	kept->message = strdup(o->message ? o->message : "");
	kept->subject = o->subject ? strdup(o->subject) : NULL;
	list->count++;
	return kept->message && (kept->subject || !o->subject);
}

void
tf_offences_fini(struct tf_offences *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free((char *)list->item[i].message);
		free((char *)list->item[i].subject);
	}
	*list = (struct tf_offences){0};
}

void
tf_offence_add_packet(struct tf_offence *o, uint64_t packet)
{
	if (o->packet_count < TF_MAX_OFFENCE_PACKETS) {
		o->packets[o->packet_count++] = packet;
		return;
	}
	o->more_packets++;
	o->last_packet = packet;
}

static void
keep(struct tf_judge *j, struct tf_offences *list, const struct tf_offence *o)
{
	if (!tf_offences_keep(list, o))
		j->no_memory = true;
}

/* ---- findings ------------------------------------------------------------------------------ */

static bool
is_in(size_t scope, uint64_t mask)
{
	return scope == 0 || (mask >> (scope - 1) & 1);
}

/* Use up one of what is allowed: that of the blocks first. */
static bool
let_pass(struct tf_judge *j, enum tf_anomaly id, uint64_t mask)
{
	const struct tf_ruleset *r = j->rules;

	for (int whole = 0; whole < 2; whole++) {
		for (size_t i = 0; i < r->allowance_count; i++) {
			const struct tf_allowance *a = &r->allowance[i];
			if (a->id != id || (a->scope == 0) != whole || !is_in(a->scope, mask) ||
			    j->used[i] >= a->count)
				continue;
			j->used[i]++;
			return true;
		}
	}
	return false;
}

static bool
concerns(const struct tf_check_rule *rule, enum tf_rule_kind kind, const struct tf_offence *f, uint64_t mask)
{
	return rule->kind == kind && is_in(rule->scope, mask) && tf_what_is(&rule->what, f->id, f->severity);
}

void
tf_account_finding(struct tf_judge *j, const struct tf_offence *finding, uint64_t mask)
{
	bool forbidden = false, passes;

	for (size_t i = 0; i < j->rules->rule_count; i++) {
		const struct tf_check_rule *rule = &j->rules->rule[i];
		forbidden = forbidden || concerns(rule, TF_RULE_FORBID, finding, mask);
		if (!concerns(rule, TF_RULE_FINDINGS, finding, mask))
			continue;
		j->account[i].count++;
		keep(j, &j->account[i].for_it, finding);
	}
	if (!forbidden)
		return;
	passes = let_pass(j, finding->id, mask);
	for (size_t i = 0; i < j->rules->rule_count; i++) {
		if (!concerns(&j->rules->rule[i], TF_RULE_FORBID, finding, mask))
			continue;
		j->account[i].let_pass += passes;
		j->account[i].count += !passes;
		if (!passes)
			keep(j, &j->account[i].for_it, finding);
	}
}

bool
tf_account_wants_sentence(const struct tf_judge *j, enum tf_anomaly id, enum tf_severity severity)
{
	for (size_t i = 0; i < j->rules->rule_count; i++) {
		const struct tf_check_rule *rule = &j->rules->rule[i];
		if ((rule->kind == TF_RULE_FORBID || rule->kind == TF_RULE_FINDINGS) &&
		    j->account[i].for_it.count < TF_MAX_OFFENCES && tf_what_is(&rule->what, id, severity))
			return true;
	}
	return false;
}

/* ---- connections --------------------------------------------------------------------------- */

static struct tf_offence
offence_of(const struct tf_connection_record *r)
{
	struct tf_offence o = {
	    .conn = r->conn, .ends_known = true, .ts_ns = r->first_ts_ns, .endpoint = TF_NEITHER};

	for (int e = TF_CLIENT; e <= TF_SERVER; e++) {
		o.addr[e] = r->end[e].addr;
		o.port[e] = r->end[e].port;
	}
	return o;
}

/* Keep R with what it has in the fields of CONDITION (NULL: none). */
static void
keep_record(struct tf_judge *j, struct tf_offences *list, const struct tf_connection_record *r,
            const struct tf_condition *condition)
{
	struct tf_offence o = offence_of(r);
	struct tf_buf b;

	if (list->count == TF_MAX_OFFENCES) {
		list->more++;
		return;
	}
	tf_buf_init(&b, -1);
	if (condition)
		tf_put_condition_facts(&b, j->rules, condition, r, j->seed);
	tf_put_char(&b, '\0');
	o.message = b.error == 0 ? b.data : NULL;
	keep(j, list, &o);
	tf_buf_fini(&b);
}

static void
account_condition(struct tf_judge *j, const struct tf_check_rule *rule, struct tf_account *t,
                  const struct tf_connection_record *r)
{
	enum tf_truth truth = tf_evaluate(j->rules, &rule->condition, r, j->seed);
	bool wants_few = rule->quantifier == TF_NO || rule->quantifier == TF_AT_MOST;

	t->holds += truth == TF_HOLDS;
	t->fails += truth == TF_DOES_NOT_HOLD;
	t->undecided += truth == TF_UNDECIDED;
	/* What is not known counts against the rule, whichever way it is meant. */
	if (truth == TF_HOLDS || (truth == TF_UNDECIDED && wants_few))
		keep_record(j, &t->for_it, r, &rule->condition);
	else
		keep_record(j, &t->against, r, &rule->condition);
}

static void
account_sum(const struct tf_check_rule *rule, struct tf_account *t, const struct tf_connection_record *r)
{
	int64_t more = tf_field_read(rule->field, rule->which, r).number;

	if (__builtin_add_overflow(t->sum, more, &t->sum))
		t->sum = INT64_MAX;
}

static uint64_t
blocks_of(struct tf_judge *j, const struct tf_connection_record *r)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < j->rules->scope_count; i++) {
		if (tf_evaluate(j->rules, &j->rules->scope[i].condition, r, j->seed) != TF_HOLDS)
			continue;
		mask |= UINT64_C(1) << i;
		j->matched[i]++;
	}
	return mask;
}

uint64_t
tf_account_connection(struct tf_judge *j, const struct tf_connection_record *r)
{
	uint64_t mask = blocks_of(j, r);

	j->connections++;
	for (size_t i = 0; i < j->rules->rule_count; i++) {
		const struct tf_check_rule *rule = &j->rules->rule[i];
		if (!is_in(rule->scope, mask))
			continue;
		if (rule->kind == TF_RULE_EACH)
			account_condition(j, rule, &j->account[i], r);
		else if (rule->kind == TF_RULE_CONNECTIONS)
			keep_record(j, &j->account[i].for_it, r, NULL);
		else if (rule->kind == TF_RULE_SUM)
			account_sum(rule, &j->account[i], r);
	}
	return mask;
}
