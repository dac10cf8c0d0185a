/*
 * --fail-on and --allow.  It knows the catalogue's ids, families and
 * severities and counts findings against them; it knows neither packets nor
 * connections.  A finding is tested with its own severity, which may differ
 * from the catalogue's default.
 */
#include "cli/policy.h"

#include <string.h>

#include "cli/values.h"

static bool
forbid_word(struct tf_policy *p, const char *word)
{
	int id = tf_anomaly_by_id(word);
	if (id >= 0) {
		p->id[id] = true;
		return true;
	}
	int family = tf_family_by_name(word);
	if (family >= 0) {
		p->family[family] = true;
		return true;
	}
	int severity = tf_severity_by_name(word);
	for (int s = severity; s >= 0 && s < TF_SEVERITY_COUNT; s++)
		p->severity[s] = true;
	return severity >= 0;
}

bool
tf_policy_forbid(struct tf_policy *p, const char *list, char *word, size_t size)
{
	while (tf_next_word(&list, word, size))
		if (!forbid_word(p, word))
			return false;
	return true;
}

bool
tf_policy_allow(struct tf_policy *p, const char *rule)
{
	char id[64];
	size_t length = strcspn(rule, ":");
	if (length >= sizeof id)
		return false;
	memcpy(id, rule, length);
	id[length] = '\0';
	int anomaly = tf_anomaly_by_id(id);
	if (anomaly < 0)
		return false;
	if (!rule[length]) {
		p->allowed[anomaly] = UINT64_MAX;
		return true;
	}
	return tf_parse_count(rule + length + 1, 0, UINT64_MAX - 1, &p->allowed[anomaly]);
}

void
tf_policy_finding(struct tf_policy *p, const struct tf_finding *finding)
{
	enum tf_family family = tf_anomaly_info(finding->id)->family;
	if (p->id[finding->id] || p->family[family] || p->severity[finding->severity])
		p->found[finding->id]++;
}

bool
tf_policy_violated(const struct tf_policy *p)
{
	for (size_t i = 0; i < TF_ANOMALY_COUNT; i++)
		if (p->found[i] > p->allowed[i])
			return true;
	return false;
}
