/*
 * What the judge keeps, for its own files: a account a rule, findings that
 * wait for the record of their connection, and the checks of the verdict.
 */
#ifndef TCPFSM_CHECK_ACCOUNT_H
#define TCPFSM_CHECK_ACCOUNT_H

#include "check/judge.h"

/* The first few offences.  Their texts are owned. */
struct tf_offences {
	size_t count;
	uint64_t more; /* that were not kept */
	struct tf_offence item[TF_MAX_OFFENCES];
};

struct tf_account {
	uint64_t holds, fails, undecided; /* TF_RULE_EACH: connections */
	uint64_t count;                   /* findings counted, or forbidden and not let pass */
	uint64_t let_pass;                /* forbidden findings that were */
	int64_t sum;                      /* TF_RULE_SUM; at most INT64_MAX */
	struct tf_offences for_it;        /* connections that hold the condition; what was counted */
	struct tf_offences against;       /* connections that do not */
};

#define TF_SUSPECT_WORDS 64

struct tf_held; /* held.c: findings whose connection's record has not come */

struct tf_judge {
	const struct tf_ruleset *rules;
	uint16_t seed;
	struct tf_account *account;      /* one a rule */
	uint64_t connections;            /* whose record came */
	uint64_t matched[TF_MAX_SCOPES]; /* of them, those in each block */
	uint64_t *used;                  /* of each allowance */
	uint64_t lost;                   /* findings of which the blocks are not known */
	bool no_memory;
	struct tf_held *held;
	struct tf_check *check; /* the verdict's */
	size_t check_count;
	struct tf_verdict verdict;
	uint64_t suspects[TF_SUSPECT_WORDS]; /* a bit for the numbers of those that broke a check */
	char *input_message;                 /* of the first check */
};

/* Keep O (whose texts are copied) if there is room. */
bool tf_offences_keep(struct tf_offences *list, const struct tf_offence *o);
void tf_offences_fini(struct tf_offences *list);

/* A finding, of a connection in the blocks of MASK, that nothing is waited for any more. */
void tf_account_finding(struct tf_judge *j, const struct tf_offence *finding, uint64_t mask);

/* A record; its blocks are the result. */
uint64_t tf_account_connection(struct tf_judge *j, const struct tf_connection_record *r);

/* Would a finding of this kind be kept by name anywhere: is its sentence needed? */
bool tf_account_wants_sentence(const struct tf_judge *j, enum tf_anomaly id, enum tf_severity severity);

struct tf_held *tf_held_new(void);
void tf_held_free(struct tf_held *h);

/* A finding: it waits, or is told on at once where its connection's record has come. */
void tf_held_finding(struct tf_judge *j, const struct tf_finding *f);

/* The record of a connection came, which is in the blocks of MASK: tell on what waited. */
void tf_held_record(struct tf_judge *j, const struct tf_connection_record *r, uint64_t mask);

/* No record comes any more. */
void tf_held_finish(struct tf_judge *j);

/* The first COUNT packets of an offence so far, then a gap, then LAST. */
void tf_offence_add_packet(struct tf_offence *o, uint64_t packet);

#endif
