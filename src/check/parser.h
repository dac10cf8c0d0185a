/*
 * What the files of the parser share: the line at hand, the word at hand,
 * and how a fault is said.  Every function returns false where it has said
 * a fault; nothing is parsed after it.
 */
#ifndef TCPFSM_CHECK_PARSER_H
#define TCPFSM_CHECK_PARSER_H

#include "check/lex.h"
#include "check/parse.h"

enum { TF_LONGEST_WORD = 63 };

struct tf_parser {
	struct tf_ruleset *rules;
	struct tf_rules_error *error;
	const char *line, *end;         /* the line at hand, without its end */
	unsigned number;                /* of the line, from 1 */
	struct tf_token token;          /* the one at hand */
	char word[TF_LONGEST_WORD + 1]; /* its text, cut where it is longer */
	size_t scope;                   /* the block at hand, as in tf_check_rule.scope */
	size_t scope_rules;             /* in it */
	unsigned nesting;               /* of parentheses and nots */
};

/* Go to the next token. */
void tf_next_token(struct tf_parser *p);

/* Say what is wrong with the token at hand.  Always false. */
bool tf_fault(struct tf_parser *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "expected WHAT, not 'word'", and which of NAMES (NULL at its end; NULL: none) may have been meant. */
bool tf_expected(struct tf_parser *p, const char *what, const char *const *names);

/* The same with a suggestion that the caller has looked for. */
bool tf_expected_name(struct tf_parser *p, const char *what, const struct tf_suggestion *s);

bool tf_no_room(struct tf_parser *p);

/* Is the token at hand the word WORD?  And: if so, go on. */
bool tf_at_word(const struct tf_parser *p, const char *word);
bool tf_accept_word(struct tf_parser *p, const char *word);
bool tf_accept_token(struct tf_parser *p, enum tf_token_kind kind);

/* A whole number. */
bool tf_parse_whole(struct tf_parser *p, const char *what, uint64_t *number);

/* A condition, up to what cannot belong to it: condition.c. */
bool tf_parse_condition(struct tf_parser *p, struct tf_condition *c);

/* client, server, both, either: whose field follows.  True where one of them was there. */
bool tf_accept_end(struct tf_parser *p, enum tf_which *which);

/* "=", "is", "<": false without a fault where none is there. */
bool tf_accept_comparison(struct tf_parser *p, enum tf_comparison *comparison);

/* A literal that a field of KIND is compared with: literal.c.  Where it lies between two whole numbers V has the lower
 * one, and *COMPARISON becomes what means the same with that. */
bool tf_parse_compared(struct tf_parser *p, enum tf_field_kind kind, enum tf_comparison *comparison,
                       struct tf_value *v);

/* A finding; and a finding, family or severity. */
bool tf_parse_id(struct tf_parser *p, enum tf_anomaly *id);
bool tf_parse_what(struct tf_parser *p, struct tf_what *what);

/* A state. */
bool tf_parse_state(struct tf_parser *p, int64_t *state);

#endif
