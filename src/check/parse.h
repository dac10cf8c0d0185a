/*
 * The parser of rules files: tcpfsm-rules(5).
 */
#ifndef TCPFSM_CHECK_PARSE_H
#define TCPFSM_CHECK_PARSE_H

#include "check/rules.h"

/* What is wrong with a rules file. */
struct tf_rules_error {
	unsigned line, column; /* from 1; the column in characters */
	char message[256];     /* what was expected, without file and line */
	const char *source;    /* the line, in the caller's text */
	size_t source_length;  /* of it, without its end */
	size_t source_offset;  /* octets of it before the fault */
	size_t fault_length;   /* octets of the fault; 0: something is missing there */
};

/*
 * Add the rules in SIZE octets of TEXT to R; FILE is their name, which the
 * caller keeps.  False with *ERROR filled where it does not parse: R is then
 * good for tf_ruleset_fini() only.
 */
bool tf_ruleset_parse(struct tf_ruleset *r, const char *file, const char *text, size_t size,
                      struct tf_rules_error *error);

#endif
