/*
 * The scenario parser's inside: a cursor over one line, and the words and
 * numbers that both halves of the parser (events, expectations) read.
 */
#ifndef SCENARIO_PARSE_H
#define SCENARIO_PARSE_H

#include "scenario.h"

struct scn_parser {
	struct scenario *s;
	const char *at, *end; /* what is left of the line, without its comment */
	int line;             /* from 1 */
	unsigned conn;        /* what a line without `conn N` speaks of */
	char word[80];        /* the last word read, for messages */
	bool failed;
	char *error;
	size_t error_size;
};

/* Record the first error; always false. */
bool scn_fail(struct scn_parser *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Blanks are skipped before everything that is read. */
bool scn_at_end(struct scn_parser *p);
bool scn_at_char(struct scn_parser *p, char c);

/* Take C where it is next. */
bool scn_take_char(struct scn_parser *p, char c);

/* Take WORD where it is next as a whole word. */
bool scn_take_word(struct scn_parser *p, const char *word);

/* Read a word into p->word: letters, digits, '-', '_', '.'. */
bool scn_word(struct scn_parser *p, const char *what);

/* Read a number, decimal or 0x..., between LOW and HIGH. */
bool scn_number(struct scn_parser *p, const char *what, int64_t low, int64_t high, int64_t *value);

/* Read a time with its unit (ns, us, ms, s, min, h); 0 needs none. */
bool scn_time(struct scn_parser *p, int64_t *ns);

/* Read `client` or `server`. */
bool scn_take_end(struct scn_parser *p, enum tf_endpoint *end);

/* Read the number of a declared connection. */
bool scn_conn_number(struct scn_parser *p, unsigned *conn);

/* Read everything right of a '|' as expectations of STEP. */
bool scn_parse_expects(struct scn_parser *p, struct scn_step *step);

/* ELEMENTS of SIZE octets at *ARRAY may need one more: false where LIMIT is reached or memory is short. */
bool scn_grow(void **array, size_t *room, size_t count, size_t size, size_t limit);

#endif
