/*
 * The words of a line of a rules file, and which name a misspelt one was
 * meant to be.
 */
#ifndef TCPFSM_CHECK_LEX_H
#define TCPFSM_CHECK_LEX_H

#include <stdbool.h>
#include <stddef.h>

enum tf_token_kind {
	TF_TOKEN_END,    /* of the line, or a comment begins */
	TF_TOKEN_WORD,   /* anything without blanks and the signs below */
	TF_TOKEN_STRING, /* "in quotes": start and length leave them out */
	TF_TOKEN_OPEN,   /* ( */
	TF_TOKEN_CLOSE,  /* ) */
	TF_TOKEN_COMMA,  /* , */
	TF_TOKEN_EQUAL,  /* =, == */
	TF_TOKEN_UNEQUAL,
	TF_TOKEN_LESS,
	TF_TOKEN_AT_MOST,
	TF_TOKEN_MORE,
	TF_TOKEN_AT_LEAST,
	TF_TOKEN_BAD, /* no token begins with this character, or a string has no end */
};

struct tf_token {
	enum tf_token_kind kind;
	const char *start;
	size_t length;
};

/* The token at AT or after it, before END.  The next one is looked for at tf_token_end(). */
struct tf_token tf_lex(const char *at, const char *end);
const char *tf_token_end(const struct tf_token *t);

/* Characters from LINE to AT, and one: UTF-8, whatever is none counts by octets. */
unsigned tf_lex_column(const char *line, const char *at);

/* The name nearest to a word, of those that were considered. */
struct tf_suggestion {
	const char *word;
	const char *best; /* NULL: none is near */
	size_t distance;  /* of best */
};

/* Letters swapped, changed, missing or too many are a distance of 1 each; case does not count. */
void tf_suggest(struct tf_suggestion *s, const char *name);

#endif
