/*
 * From counts to the verdict: what became of each rule, in one line, and
 * which offences are to be shown with it.
 */
#include "check/verdict.h"

#include <stdlib.h>
#include <string.h>

#include "check/evaluate.h"
#include "output/style.h"

/* What there was to look at. */
static uint64_t
looked_at(const struct tf_judge *j, const struct tf_check_rule *rule)
{
	return rule->scope == 0 ? j->connections : j->matched[rule->scope - 1];
}

static bool
is_optional(const struct tf_judge *j, const struct tf_check_rule *rule)
{
	return rule->optional || (rule->scope != 0 && j->rules->scope[rule->scope - 1].optional);
}

static bool
each_holds(const struct tf_check_rule *rule, const struct tf_account *t)
{
	uint64_t holds = t->holds, may_hold = t->holds + t->undecided;

	switch (rule->quantifier) {
	case TF_EVERY:
		return t->fails == 0 && t->undecided == 0;
	case TF_SOME:
		return holds > 0;
	case TF_NO:
		return may_hold == 0;
	case TF_AT_LEAST:
		return holds >= rule->quantity;
	case TF_AT_MOST:
		return may_hold <= rule->quantity;
	case TF_EXACTLY:
		return holds == rule->quantity && t->undecided == 0;
	}
	return false;
}

/* What a total amounts to; at most INT64_MAX. */
static int64_t
total_of(const struct tf_judge *j, const struct tf_check_rule *rule, const struct tf_account *t)
{
	uint64_t n = rule->kind == TF_RULE_CONNECTIONS ? looked_at(j, rule)
	             : rule->kind == TF_RULE_FINDINGS  ? t->count
	                                               : (uint64_t)t->sum;

	return n > INT64_MAX ? INT64_MAX : (int64_t)n;
}

static bool
holds(const struct tf_judge *j, const struct tf_check_rule *rule, const struct tf_account *t)
{
	if (rule->kind == TF_RULE_FORBID)
		return t->count == 0;
	if (rule->kind == TF_RULE_EACH)
		return each_holds(rule, t);
	return tf_compare_holds(rule->comparison, total_of(j, rule, t), rule->limit);
}

/* A rule about findings of blocks, where findings could not be told to their block. */
static bool
is_blind(const struct tf_judge *j, const struct tf_check_rule *rule)
{
	return j->lost > 0 && j->rules->scope_count > 0 &&
	       (rule->kind == TF_RULE_FORBID || rule->kind == TF_RULE_FINDINGS);
}

static enum tf_outcome
outcome_of(const struct tf_judge *j, const struct tf_check_rule *rule, const struct tf_account *t)
{
	bool counts = rule->kind == TF_RULE_CONNECTIONS || (rule->kind == TF_RULE_FORBID && t->count > 0);

	if (looked_at(j, rule) == 0 && is_optional(j, rule) &&
	    !(rule->kind == TF_RULE_FORBID && t->count > 0))
		return TF_SKIPPED;
	if (looked_at(j, rule) == 0 && !counts)
		return TF_FAILED;
	if (!holds(j, rule, t))
		return TF_FAILED;
	return j->no_memory || is_blind(j, rule) ? TF_BROKEN : TF_PASSED;
}

/* ---- in words ------------------------------------------------------------------------------ */

static void
put_nothing_there(struct tf_buf *b, const struct tf_judge *j, const struct tf_check_rule *rule)
{
	if (rule->scope == 0) {
		tf_put_lit(b, "the capture has no TCP connection");
		return;
	}
	tf_put_lit(b, "no connection matches \"");
	tf_put_str(b, j->rules->scope[rule->scope - 1].text);
	tf_put_lit(b, "\"");
}

static void
put_each(struct tf_buf *b, const struct tf_check_rule *rule, const struct tf_account *t)
{
	uint64_t all = t->holds + t->fails + t->undecided;

	(void)rule;
	tf_put_lit(b, "true of ");
	tf_put_u64(b, t->holds);
	tf_put_lit(b, " of ");
	tf_put_plural(b, all, "connection", "connections");
	if (t->undecided > 0) {
		tf_put_lit(b, "; not decided for ");
		tf_put_u64(b, t->undecided);
		tf_put_lit(b, ", of which a value is not known");
	}
}

static void
put_findings(struct tf_buf *b, const struct tf_account *t)
{
	tf_put_plural(b, t->count, "finding", "findings");
	if (t->let_pass > 0) {
		tf_put_lit(b, ", and ");
		tf_put_u64(b, t->let_pass);
		tf_put_lit(b, " more that ");
		tf_put_str(b, t->let_pass == 1 ? "is" : "are");
		tf_put_lit(b, " allowed");
	}
}

static void
put_outcome(struct tf_buf *b, const struct tf_judge *j, const struct tf_check_rule *rule,
            const struct tf_account *t)
{
	switch (rule->kind) {
	case TF_RULE_FORBID:
	case TF_RULE_FINDINGS:
		put_findings(b, t);
		break;
	case TF_RULE_EACH:
		put_each(b, rule, t);
		break;
	case TF_RULE_CONNECTIONS:
		tf_put_plural(b, looked_at(j, rule), "connection", "connections");
		break;
	case TF_RULE_SUM:
		tf_put_lit(b, "the sum is ");
		tf_put_u64(b, (uint64_t)t->sum);
		break;
	}
}

static char *
message_of(const struct tf_judge *j, const struct tf_check_rule *rule, const struct tf_account *t,
           enum tf_outcome outcome)
{
	struct tf_buf b;
	char *text;

	tf_buf_init(&b, -1);
	if (looked_at(j, rule) == 0 && rule->kind != TF_RULE_CONNECTIONS && t->count == 0)
		put_nothing_there(&b, j, rule);
	else
		put_outcome(&b, j, rule, t);
	if (outcome == TF_BROKEN && is_blind(j, rule)) {
		tf_put_lit(&b, "; not decided, there was no room to tell the blocks of ");
		tf_put_plural(&b, j->lost, "finding", "findings");
	} else if (outcome == TF_BROKEN) {
		tf_put_lit(&b, "; not decided, there was no memory for all of it");
	}
	tf_put_char(&b, '\0');
	text = b.error == 0 ? strdup(b.data) : NULL;
	tf_buf_fini(&b);
	return text;
}

/* ---- the checks ---------------------------------------------------------------------------- */

/* Too many of something are named; where there are too few, those that are missing have no name. */
static const struct tf_offences *
offences_of(const struct tf_judge *j, const struct tf_check_rule *rule, const struct tf_account *t)
{
	static const struct tf_offences none;
	bool too_few = rule->kind == TF_RULE_EACH
	                   ? t->holds <= rule->quantity
	                   : rule->comparison == TF_CMP_MORE || total_of(j, rule, t) < rule->limit;

	if (rule->kind == TF_RULE_FORBID)
		return &t->for_it;
	if (rule->kind != TF_RULE_EACH)
		return too_few ? &none : &t->for_it;
	return rule->quantifier == TF_NO || rule->quantifier == TF_AT_MOST ||
	               (rule->quantifier == TF_EXACTLY && !too_few)
	           ? &t->for_it
	           : &t->against;
}

static void
make_check(struct tf_judge *j, size_t i)
{
	const struct tf_check_rule *rule = &j->rules->rule[i];
	const struct tf_account *t = &j->account[i];
	struct tf_check *c = &j->check[i + 1];
	const struct tf_offences *offences = offences_of(j, rule, t);

	*c = (struct tf_check){
	    .kind = rule->kind == TF_RULE_FORBID ? TF_CHECK_FORBID : TF_CHECK_EXPECT,
	    .outcome = outcome_of(j, rule, t),
	    .name = rule->text,
	    .scope = rule->scope ? j->rules->scope[rule->scope - 1].text : NULL,
	    .file = rule->line ? j->rules->file : NULL,
	    .line = rule->line,
	    .column = rule->column,
	};
	c->message = message_of(j, rule, t, c->outcome);
	j->no_memory = j->no_memory || !c->message;
	if (c->outcome != TF_FAILED)
		return;
	c->offence_count = offences->count;
	c->offences = offences->item;
	c->more_offences = offences->more;
}

static void
make_input_check(struct tf_judge *j, const char *error)
{
	static const char rest[] = "; all other checks are about what was read before";
	struct tf_buf b;

	j->check[0] = (struct tf_check){
	    .kind = TF_CHECK_INPUT,
	    .outcome = error ? TF_BROKEN : TF_PASSED,
	    .name = "the input can be read to its end",
	    .message = "read to its end",
	};
	if (!error)
		return;
	tf_buf_init(&b, -1);
	tf_put_clean(&b, error);
	tf_put_str(&b, j->rules->rule_count > 0 ? rest : "");
	tf_put_char(&b, '\0');
	j->input_message = b.error == 0 ? strdup(b.data) : NULL;
	tf_buf_fini(&b);
	j->check[0].message = j->input_message ? j->input_message : "the input broke";
}

void
tf_verdict_make(struct tf_judge *j, const char *error)
{
	make_input_check(j, error);
	for (size_t i = 0; i < j->rules->rule_count; i++) {
		make_check(j, i);
		j->verdict.failed +=
		    j->check[i + 1].outcome == TF_FAILED || j->check[i + 1].outcome == TF_BROKEN;
	}
	j->verdict.checks = j->check;
	j->verdict.count = j->rules->rule_count + 1;
	j->verdict.asked = j->rules->rule_count > 0;
}
