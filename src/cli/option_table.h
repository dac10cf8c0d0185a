/*
 * The table of options: how each is written, what it takes, where its value
 * goes and what --help tells.  Both the parser (options.c) and the help are
 * made from it.
 */
#ifndef TCPFSM_CLI_OPTION_TABLE_H
#define TCPFSM_CLI_OPTION_TABLE_H

#include "cli/options.h"

enum tf_option_kind {
	HEADING, /* help: a line of its own */
	FLAG,    /* bool at offset */
	WORD,    /* const char * at offset, given at most once */
	COUNT,   /* uint64_t at offset, from min to max */
	SECONDS, /* int64_t nanoseconds at offset, above 0 */
	COMMAND, /* show something instead of analysing: min is the enum tf_command */
	CALL,    /* set() does the rest */
};

struct tf_option_row {
	enum tf_option_kind kind;
	char letter;          /* 0: none */
	const char *name;     /* NULL: none */
	const char *argument; /* as --help shows it; "[=X]" makes it optional; NULL: none */
	const char *help;
	size_t offset;                                        /* of the field in struct tf_options */
	uint64_t min, max;                                    /* with COUNT, COMMAND */
	bool (*set)(struct tf_options *o, const char *value); /* with CALL */
};

enum { TF_MAX_OPTION_ROWS = 80 };

extern const struct tf_option_row tf_option_rows[];
extern const int tf_option_row_count; /* at most TF_MAX_OPTION_ROWS */

/* The argument may be left out. */
bool tf_option_argument_is_optional(const struct tf_option_row *row);

/* Put a message for the user into O.  False, so that a refusal is one statement. */
bool tf_options_refuse(struct tf_options *o, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Add a writer of FORMAT (on the heap, taken over; NULL: there was no memory) to FILE. */
bool tf_options_add_output(struct tf_options *o, char *format, const char *file);

/* What --profile does: options.c looks for it before all others, since --timer is about its values. */
bool tf_options_set_profile(struct tf_options *o, const char *value);

#endif
