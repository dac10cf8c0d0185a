/*
 * The command line as data.  tf_options_parse() checks everything that can
 * be checked without opening a file: numbers, names of the catalogue,
 * options that exclude each other.
 */
#ifndef TCPFSM_CLI_OPTIONS_H
#define TCPFSM_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "check/rules.h"
#include "tcpfsm/config.h"
#include "tcpfsm/state.h"

enum {
	TF_OPTIONS_MESSAGE_SIZE = 256, /* octets that a message for the user may take, with its NUL */
	TF_MAX_OUTPUTS = 16,           /* formats in one run */
};

enum tf_command {
	TF_ANALYSE,
	TF_SHOW_HELP,
	TF_SHOW_VERSION,
	TF_SHOW_INTERFACES,
	TF_SHOW_ANOMALIES,
	TF_SHOW_ANOMALY,
	TF_SHOW_RULES,
	TF_SHOW_COMPLETIONS,
};

enum tf_color { TF_COLOR_AUTO, TF_COLOR_ALWAYS, TF_COLOR_NEVER };

/* One writer to make. */
struct tf_output_choice {
	char *format;     /* a name that src/output knows */
	const char *file; /* NULL: standard output */
};

struct tf_options {
	enum tf_command command;
	enum tf_anomaly explain; /* with TF_SHOW_ANOMALY */
	const char *shell;       /* with TF_SHOW_COMPLETIONS */

	/* Input. */
	const char **files;    /* -r, in order; NULL: interface */
	size_t file_count;     /* of files */
	const char *interface; /* -i */
	const char *filter;    /* -f; after parsing the trailing words, too */
	char *words;           /* the trailing words, joined; owned, filter points at it */
	uint64_t max_packets;  /* -c; 0: no end */
	uint64_t snaplen;      /* -s, octets; 0: the default */
	uint64_t buffer_kib;   /* -B; 0: the default */
	bool not_promiscuous;  /* -p */
	int64_t report_ns;     /* -G, between two reports; 0: only one, at the end */
	int64_t for_ns;        /* --for; 0: until told to end */
	const char *user;      /* -Z; NULL: not given */
	bool no_sandbox;       /* --no-sandbox */
	bool end_known;        /* --end was given */
	bool end_relative;     /* end_ns counts from the last packet, else from the epoch */
	int64_t end_ns;

	/* Output. */
	struct tf_output_choice output[TF_MAX_OUTPUTS];
	size_t output_count;
	const char *output_file;    /* -o */
	bool on_stdout;             /* one of all outputs goes there */
	const char *packets_file;   /* -w */
	const char *anomalous_file; /* --write-anomalous */
	const char *metrics_file;   /* --prometheus */
	bool top;                   /* --top */
	bool names;                 /* -N */
	bool hosts;                 /* --hosts */
	uint64_t verbosity;         /* -v: 1, -vv: 2 */
	bool quiet;                 /* -q */
	enum tf_color color;
	uint64_t community_id_seed;
	bool ladder;                /* --ladder */
	uint64_t ladder_conn;       /* its argument; 0: each connection */
	const char *ladder_file;    /* --ladder-file */
	const char *diagram_file;   /* --diagram */
	const char *diagram_format; /* as its ending says */
	uint64_t *conns;            /* --conn; owned */
	size_t conn_count;          /* of conns */
	tf_states states;           /* --state; 0: all */
	bool by_id;                 /* --id was given */
	bool id[TF_ANOMALY_COUNT];

	/* Analysis. */
	struct tf_config config;         /* --profile, --timer and the bounds are in it */
	uint64_t threads;                /* --threads; 0: as it pays; output does not depend on it */
	struct tf_ruleset rules;         /* --fail-on, --allow; and of rules_file, once that was read */
	const char *rules_file;          /* --rules */
	const char *baseline_file;       /* --baseline */
	const char *slice_directory;     /* --slice */
	const char *write_baseline_file; /* --write-baseline */

	char message[TF_OPTIONS_MESSAGE_SIZE]; /* what is wrong, one line without newline */
};

/* Fill *OPTIONS from the command line.  False on a usage error, which is then in message.
 * Strings stay those of ARGV.  tf_options_fini() frees the rest in both cases. */
bool tf_options_parse(struct tf_options *options, int argc, char **argv);
void tf_options_fini(struct tf_options *options);

/* Do metrics go to a file, and not to standard output? */
static inline bool
tf_metrics_are_replaced(const struct tf_options *o)
{
	return o->metrics_file && strcmp(o->metrics_file, "-") != 0;
}

/* --help, on standard output. */
void tf_options_help(void);

#endif
