/*
 * --fail-on and --allow: which findings make the exit status 1.
 *
 * A policy is plain data over the catalogue: what is forbidden by id,
 * family or severity, what is allowed all the same, and what was found.
 */
#ifndef TCPFSM_CLI_POLICY_H
#define TCPFSM_CLI_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpfsm/event.h"

struct tf_policy {
	bool id[TF_ANOMALY_COUNT];          /* forbidden by its id */
	bool family[TF_FAMILY_COUNT];       /* forbidden by its family */
	bool severity[TF_SEVERITY_COUNT];   /* forbidden by the finding's own severity */
	uint64_t allowed[TF_ANOMALY_COUNT]; /* that many forbidden findings are let pass; UINT64_MAX: all */
	uint64_t found[TF_ANOMALY_COUNT];   /* forbidden findings so far, those let pass among them */
};

/* Forbid what the comma separated LIST names: ids, families, severities ("this and above").
 * False for an unknown word, which is then copied to WORD (SIZE octets). */
bool tf_policy_forbid(struct tf_policy *p, const char *list, char *word, size_t size);

/* Let pass what RULE ("ID" or "ID:N") names.  False where that is no id or no number. */
bool tf_policy_allow(struct tf_policy *p, const char *rule);

void tf_policy_finding(struct tf_policy *p, const struct tf_finding *finding);

/* Was more found than is let pass? */
bool tf_policy_violated(const struct tf_policy *p);

#endif
