/*
 * Rules: what a capture is expected to hold, as parsed.  They come from
 * --fail-on and --allow and from a file (tcpfsm-rules(5)); judge.h holds
 * what the analyzer says against them.
 *
 * Here is what a rule is; which words make one is parse.c's business, and
 * what a field of a record is field.h's.
 */
#ifndef TCPFSM_CHECK_RULES_H
#define TCPFSM_CHECK_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "check/field.h"
#include "tcpfsm/anomaly.h"

enum {
	TF_MAX_TERM_DEPTH = 64,     /* nested parentheses and nots */
	TF_MAX_SCOPES = 64,         /* `for` blocks: a connection's are a mask of 64 bits */
	TF_MAX_RULES = 4096,        /* of a run */
	TF_MAX_RULES_LINE = 4096,   /* octets of a line */
	TF_MAX_RULES_FILE = 1 << 20 /* octets of a file */
};

/* Findings that a rule is about. */
struct tf_what {
	bool id[TF_ANOMALY_COUNT];        /* by id or family */
	bool severity[TF_SEVERITY_COUNT]; /* by the finding's own severity */
};

enum tf_comparison {
	TF_CMP_EQUAL,
	TF_CMP_UNEQUAL,
	TF_CMP_LESS,
	TF_CMP_AT_MOST,
	TF_CMP_MORE,
	TF_CMP_AT_LEAST
};

/* A condition is a sequence of terms in postfix order: comparisons, and what joins them. */
enum tf_term_kind { TF_TERM_COMPARE, TF_TERM_HAS, TF_TERM_PATH, TF_TERM_NOT, TF_TERM_AND, TF_TERM_OR };

struct tf_term {
	enum tf_term_kind kind;
	enum tf_field_id field; /* but for NOT, AND, OR */
	enum tf_which which;    /* likewise */
	enum tf_comparison comparison;
	size_t value, value_count; /* in tf_ruleset.value; any of them may hold */
};

/* Terms from `term` on; none: it always holds. */
struct tf_condition {
	size_t term, term_count; /* in tf_ruleset.term */
};

enum tf_rule_kind {
	TF_RULE_FORBID,      /* no finding of `what` */
	TF_RULE_EACH,        /* `condition` of connections, by `quantifier` */
	TF_RULE_CONNECTIONS, /* how many connections, by `comparison` with `limit` */
	TF_RULE_FINDINGS,    /* how many findings of `what`, likewise */
	TF_RULE_SUM,         /* `field` over all connections, likewise */
};

enum tf_quantifier { TF_EVERY, TF_SOME, TF_NO, TF_AT_LEAST, TF_AT_MOST, TF_EXACTLY };

struct tf_check_rule {
	enum tf_rule_kind kind;
	char *text;            /* as it was written, without comment, blanks made single */
	unsigned line, column; /* of its first word in the file; 0: from the command line */
	size_t scope;          /* 0: the whole capture, else tf_ruleset.scope[scope - 1] */
	bool optional;         /* nothing to look at is no failure */
	struct tf_what what;
	enum tf_quantifier quantifier;
	uint64_t quantity; /* with TF_AT_LEAST, TF_AT_MOST, TF_EXACTLY */
	struct tf_condition condition;
	enum tf_comparison comparison;
	int64_t limit;
	enum tf_field_id field;
	enum tf_which which;
};

/* A `for` block. */
struct tf_scope {
	char *text;
	unsigned line;
	bool optional;
	struct tf_condition condition;
};

/* Findings that are let pass though they are forbidden. */
struct tf_allowance {
	enum tf_anomaly id;
	uint64_t count; /* UINT64_MAX: all */
	size_t scope;   /* as in tf_check_rule */
};

/* All zero is none. */
struct tf_ruleset {
	const char *file; /* the name of the file, the caller's; NULL: none */
	struct tf_check_rule *rule;
	size_t rule_count, rule_room;
	struct tf_scope scope[TF_MAX_SCOPES];
	size_t scope_count;
	struct tf_allowance *allowance;
	size_t allowance_count, allowance_room;
	struct tf_term *term;
	size_t term_count, term_room;
	struct tf_value *value;
	size_t value_count, value_room;
};

void tf_ruleset_fini(struct tf_ruleset *r);

/* --fail-on: forbid what the comma separated LIST names: ids, families, severities ("this and above").
 * False for an unknown word, which is then copied to WORD (SIZE octets), and, with an empty one, where
 * there is no room. */
bool tf_ruleset_forbid(struct tf_ruleset *r, const char *list, char *word, size_t size);

/* --allow: let pass what RULE ("ID" or "ID:N") names.  False where that is no id or no number. */
bool tf_ruleset_allow(struct tf_ruleset *r, const char *rule);

/* What every rules file forbids without saying so: a capture of which something is missing.  A rule must not hold
 * because what breaks it was not captured.  False where there is no memory. */
bool tf_ruleset_forbid_gaps(struct tf_ruleset *r);

/* Add the finding, family or severity called WORD to WHAT.  False where there is none. */
bool tf_what_add(struct tf_what *what, const char *word);
bool tf_what_is(const struct tf_what *what, enum tf_anomaly id, enum tf_severity severity);

/* Room for one more; NULL where there is no memory or the bound is reached.  Zeroed; stays until the next. */
struct tf_check_rule *tf_ruleset_add(struct tf_ruleset *r);
struct tf_allowance *tf_ruleset_add_allowance(struct tf_ruleset *r);
struct tf_term *tf_ruleset_add_term(struct tf_ruleset *r);
struct tf_value *tf_ruleset_add_value(struct tf_ruleset *r);

#endif
