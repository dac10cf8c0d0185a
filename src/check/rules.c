/*
 * Rules as a growing list, and those of --fail-on and --allow.  It knows the
 * catalogue's ids, families and severities; it knows neither the language of
 * rules files nor what becomes of a rule.
 */
#include "check/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/values.h"

void
tf_ruleset_fini(struct tf_ruleset *r)
{
	for (size_t i = 0; i < r->rule_count; i++)
		free(r->rule[i].text);
	for (size_t i = 0; i < r->scope_count; i++)
		free(r->scope[i].text);
	for (size_t i = 0; i < r->value_count; i++)
		free(r->value[i].text);
	free(r->rule);
	free(r->allowance);
	free(r->term);
	free(r->value);
	*r = (struct tf_ruleset){0};
}

/* Make room for one more of SIZE octets in *LIST. */
static void *
add(void **list, size_t *count, size_t *room, size_t size)
{
	if (*count == *room) {
		size_t more = *room ? 2 * *room : 16;
		void *grown = reallocarray(*list, more, size);
		if (!grown)
			return NULL;
		*list = grown;
		*room = more;
	}
	return memset((char *)*list + (*count)++ * size, 0, size);
}

struct tf_check_rule *
tf_ruleset_add(struct tf_ruleset *r)
{
	if (r->rule_count == TF_MAX_RULES)
		return NULL;
	return add((void **)&r->rule, &r->rule_count, &r->rule_room, sizeof *r->rule);
}

struct tf_allowance *
tf_ruleset_add_allowance(struct tf_ruleset *r)
{
	return add((void **)&r->allowance, &r->allowance_count, &r->allowance_room, sizeof *r->allowance);
}

struct tf_term *
tf_ruleset_add_term(struct tf_ruleset *r)
{
	return add((void **)&r->term, &r->term_count, &r->term_room, sizeof *r->term);
}

struct tf_value *
tf_ruleset_add_value(struct tf_ruleset *r)
{
	return add((void **)&r->value, &r->value_count, &r->value_room, sizeof *r->value);
}

bool
tf_what_add(struct tf_what *what, const char *word)
{
	int id = tf_anomaly_by_id(word), family = tf_family_by_name(word);
	int severity = tf_severity_by_name(word);
	if (id >= 0)
		what->id[id] = true;
	for (int i = 0; id < 0 && family >= 0 && i < TF_ANOMALY_COUNT; i++)
		if (tf_anomaly_info((enum tf_anomaly)i)->family == (enum tf_family)family)
			what->id[i] = true;
	for (int s = severity; s >= 0 && s < TF_SEVERITY_COUNT; s++)
		what->severity[s] = true;
	return id >= 0 || family >= 0 || severity >= 0;
}

bool
tf_what_is(const struct tf_what *what, enum tf_anomaly id, enum tf_severity severity)
{
	return what->id[id] || what->severity[severity];
}

/* Is WORD of --fail-on there already?  Two checks of one name could not be told apart in reports. */
static bool
is_forbidden_already(const struct tf_ruleset *r, const char *word)
{
	static const char option[] = "--fail-on=";

	for (size_t i = 0; i < r->rule_count; i++)
		if (strncmp(r->rule[i].text, option, sizeof option - 1) == 0 &&
		    strcmp(r->rule[i].text + sizeof option - 1, word) == 0)
			return true;
	return false;
}

bool
tf_ruleset_forbid(struct tf_ruleset *r, const char *list, char *word, size_t size)
{
	while (tf_next_word(&list, word, size)) {
		struct tf_what what = {0};
		if (!tf_what_add(&what, word))
			return false;
		if (is_forbidden_already(r, word))
			continue;
		struct tf_check_rule *rule = tf_ruleset_add(r);
		if (!rule || asprintf(&rule->text, "--fail-on=%s", word) < 0) {
			word[0] = '\0';
			return false;
		}
		rule->kind = TF_RULE_FORBID;
		rule->what = what;
		/* A capture without connections has none that is forbidden: status 0 by the interface. */
		rule->optional = true;
	}
	return true;
}

bool
tf_ruleset_forbid_gaps(struct tf_ruleset *r)
{
	struct tf_check_rule *rule = tf_ruleset_add(r);

	if (!rule)
		return false;
	rule->text = strdup("forbid capture-loss, evicted, kernel-drops, one-way (implied)");
	rule->kind = TF_RULE_FORBID;
	rule->optional = true;
	rule->what.id[TF_A_CAPTURE_LOSS] = true;
	rule->what.id[TF_A_EVICTED] = true;
	rule->what.id[TF_A_KERNEL_DROPS] = true;
	rule->what.id[TF_A_ONE_WAY] = true;
	return rule->text != NULL;
}

bool
tf_ruleset_allow(struct tf_ruleset *r, const char *rule)
{
	char id[64];
	uint64_t count = UINT64_MAX;
	size_t length = strcspn(rule, ":");
	if (length >= sizeof id)
		return false;
	memcpy(id, rule, length);
	id[length] = '\0';
	int anomaly = tf_anomaly_by_id(id);
	if (anomaly < 0 || (rule[length] && !tf_parse_count(rule + length + 1, 0, UINT64_MAX - 1, &count)))
		return false;
	struct tf_allowance *allowance = tf_ruleset_add_allowance(r);
	if (!allowance)
		return false;
	allowance->id = (enum tf_anomaly)anomaly;
	allowance->count = count;
	return true;
}
