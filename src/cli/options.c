/*
 * The parser of the command line: the table of options (option_table.c) as
 * getopt_long() wants it, its complaints in our words, and what options
 * must hold together.  Nothing is opened or printed here, and of files nothing
 * is looked up but whether two names mean the same one.
 */
#include "cli/options.h"

#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check/values.h"
#include "cli/option_table.h"

typedef struct tf_options options;

enum { LONG_BASE = 0x100 };

/* How an option is called in a message. */
static void
spell(const struct tf_option_row *row, char *name, size_t size)
{
	if (row->name)
		snprintf(name, size, "--%s", row->name);
	else
		snprintf(name, size, "-%c", row->letter);
}

static bool
refuse_count(options *o, const struct tf_option_row *row, const char *value)
{
	if (row->max == UINT64_MAX)
		return tf_options_refuse(o, "--%s: '%s' is no whole number of at least %" PRIu64, row->name,
		                         value, row->min);
	return tf_options_refuse(o, "--%s: '%s' is no whole number from %" PRIu64 " to %" PRIu64, row->name,
	                         value, row->min, row->max);
}

static bool
apply(options *o, const struct tf_option_row *row, const char *value)
{
	char name[40];
	void *field = (char *)o + row->offset;
	spell(row, name, sizeof name);
	switch (row->kind) {
	case FLAG:
		*(bool *)field = true;
		return true;
	case WORD:
		if (*(const char **)field)
			return tf_options_refuse(o, "%s is given twice", name);
		*(const char **)field = value;
		return *value ? true : tf_options_refuse(o, "%s: an empty name", name);
	case COUNT:
		if (!tf_parse_count(value, row->min, row->max, field))
			return refuse_count(o, row, value);
		return true;
	case SECONDS:
		if (!tf_parse_seconds(value, field) || *(int64_t *)field == 0)
			return tf_options_refuse(o, "%s: '%s' is no number of seconds above 0", name, value);
		return true;
	case COMMAND:
		o->command = (enum tf_command)row->min;
		return true;
	case CALL:
		return row->set(o, value);
	case HEADING:
		break;
	}
	abort();
}

struct grammar {
	char letters[2 * TF_MAX_OPTION_ROWS + 3];
	struct option longs[TF_MAX_OPTION_ROWS + 1];
};

/* The table as getopt_long() wants it.  A long option's value is LONG_BASE plus its row. */
static void
make_grammar(struct grammar *g)
{
	char *letter = g->letters;
	struct option *next = g->longs;
	/* A missing argument is told apart from an unknown option. */
	*letter++ = ':';
	for (int i = 0; i < tf_option_row_count; i++) {
		const struct tf_option_row *row = &tf_option_rows[i];
		int takes = !row->argument                        ? no_argument
		            : tf_option_argument_is_optional(row) ? optional_argument
		                                                  : required_argument;
		if (row->letter) {
			*letter++ = row->letter;
			if (takes == required_argument)
				*letter++ = ':';
		}
		if (row->name)
			*next++ = (struct option){.name = row->name, .has_arg = takes, .val = LONG_BASE + i};
	}
	*letter = '\0';
	*next = (struct option){0};
}

static const struct tf_option_row *
row_of(int value)
{
	if (value >= LONG_BASE)
		return &tf_option_rows[value - LONG_BASE];
	for (int i = 0; i < tf_option_row_count; i++)
		if (tf_option_rows[i].letter == value)
			return &tf_option_rows[i];
	return NULL;
}

static bool
refuse_option(options *o, int value, const char *word)
{
	const struct tf_option_row *row = optopt ? row_of(optopt) : NULL;
	char name[40] = "";
	if (row)
		spell(row, name, sizeof name);
	if (value == ':')
		return tf_options_refuse(o, "%s needs an argument: %s", name, row->argument);
	/* getopt_long() names a known long option here where it was given a value that it does not take. */
	if (row)
		return tf_options_refuse(o, "%s takes no argument", name);
	if (optopt)
		return tf_options_refuse(o, "unknown option -%c (see tcpfsm --help)", optopt);
	return tf_options_refuse(o, "unknown or ambiguous option %s (see tcpfsm --help)", word);
}

/* The timers of the last --profile, before any --timer is looked at. */
static void
take_profile(options *o, const struct grammar *g, int argc, char **argv)
{
	int value, profile = TF_PROFILE_LINUX;
	optind = 0;
	while ((value = getopt_long(argc, argv, g->letters, g->longs, NULL)) != -1) {
		const struct tf_option_row *row = value == '?' || value == ':' ? NULL : row_of(value);
		if (row && row->set == tf_options_set_profile)
			profile = tf_profile_by_name(optarg);
	}
	tf_config_init(&o->config, profile < 0 ? TF_PROFILE_LINUX : (enum tf_profile)profile);
}

static bool
join_words(options *o, int count, char **words)
{
	size_t size = 1;
	if (count == 0)
		return true;
	if (o->filter)
		return tf_options_refuse(o, "the filter is given twice: by -f and as trailing words");
	for (int i = 0; i < count; i++)
		size += strlen(words[i]) + 1;
	o->words = calloc(1, size);
	if (!o->words)
		return tf_options_refuse(o, "out of memory");
	for (int i = 0; i < count; i++) {
		strcat(o->words, i ? " " : "");
		strcat(o->words, words[i]);
	}
	o->filter = o->words;
	return true;
}

/* Pictures have files of their own, and change nothing of what standard output shows. */
static bool
add_pictures(options *o)
{
	if (o->ladder_file && !tf_options_add_output(o, strdup("ladder-svg"), o->ladder_file))
		return false;
	return !o->diagram_file || tf_options_add_output(o, strdup(o->diagram_format), o->diagram_file);
}

/* Outputs that are no formats. */
struct other {
	const char *option, *file;
};

enum { OTHERS = 4 };

static void
list_others(const options *o, struct other other[OTHERS])
{
	other[0] = (struct other){"-w", o->packets_file};
	other[1] = (struct other){"--write-anomalous", o->anomalous_file};
	other[2] = (struct other){"--prometheus", o->metrics_file};
	other[3] = (struct other){"--write-baseline", o->write_baseline_file};
}

static bool
is_stdout(const char *file)
{
	return file && !strcmp(file, "-");
}

static bool
refuse_on_stdout(options *o, const char *one, const char *format)
{
	return tf_options_refuse(o, "%s and %s both on standard output; name a file: -T %s:FILE", one, format,
	                         format);
}

/* *TAKEN is the option that has standard output, NULL where none has. */
static bool
check_others_on_stdout(options *o, const char **taken)
{
	struct other other[OTHERS];

	*taken = NULL;
	list_others(o, other);
	for (size_t i = 0; i < OTHERS; i++) {
		if (!is_stdout(other[i].file))
			continue;
		if (*taken)
			return tf_options_refuse(o, "%s and %s both on standard output", *taken,
			                         other[i].option);
		*taken = other[i].option;
	}
	if (!is_stdout(o->metrics_file))
		return true;
	if (o->interface)
		return tf_options_refuse(o, "--prometheus=-: live, metrics are replaced again and again: "
		                            "name a file");
	return o->top ? tf_options_refuse(o, "--top has the terminal; name a file: --prometheus=FILE") : true;
}

/* Give the formats their files; text, or the ladder, where none was asked for. */
static bool
complete_outputs(options *o)
{
	const char *file = o->output_file, *taken;
	if (!check_others_on_stdout(o, &taken))
		return false;
	if (o->ladder && !o->ladder_file && !tf_options_add_output(o, strdup("ladder"), NULL))
		return false;
	if (o->output_count == 0 && (!o->top || file) && !tf_options_add_output(o, strdup("text"), NULL))
		return false;
	if (!add_pictures(o))
		return false;
	for (size_t i = 0; i < o->output_count; i++) {
		struct tf_output_choice *c = &o->output[i];
		if (!c->file) {
			c->file = file;
			file = NULL;
		}
		if (is_stdout(c->file))
			c->file = NULL;
		if (!c->file && o->top)
			return tf_options_refuse(o, "--top has the terminal; name a file: -T %s:FILE",
			                         c->format);
		if (!c->file && taken)
			return refuse_on_stdout(o, taken, c->format);
		if (!c->file)
			taken = c->format;
	}
	o->on_stdout = taken != NULL;
	return file ? tf_options_refuse(o, "-o %s: each format has a file already", file) : true;
}

/* The file of output I, those of the formats first; NULL: it has none. */
static const char *
output_at(const options *o, size_t i)
{
	struct other other[OTHERS];

	if (i < o->output_count)
		return o->output[i].file;
	list_others(o, other);
	const char *file = other[i - o->output_count].file;
	return is_stdout(file) ? NULL : file;
}

/* The folder of FILE, and of its name what follows that. */
static const char *
split(const char *file, struct stat *folder)
{
	char path[PATH_MAX];
	const char *slash = strrchr(file, '/');
	int length = slash ? (int)(slash - file) + 1 : 1;

	if (length >= PATH_MAX || snprintf(path, sizeof path, "%.*s", length, slash ? file : ".") != length ||
	    stat(path, folder) != 0)
		return NULL;
	return slash ? slash + 1 : file;
}

/* Are they one file, or will be?  A device or a pipe may take both. */
static bool
are_one_file(const char *file, const char *other)
{
	struct stat a, b;

	if (stat(file, &a) == 0 && stat(other, &b) == 0)
		return S_ISREG(a.st_mode) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
	const char *name = split(file, &a), *other_name = split(other, &b);
	return name && other_name && !strcmp(name, other_name) && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

/* Is FILE where standard output was directed to? */
static bool
is_redirected_to(const char *file)
{
	struct stat a, b;

	return stat(file, &a) == 0 && fstat(STDOUT_FILENO, &b) == 0 && S_ISREG(a.st_mode) &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* Two outputs in one file would write over each other. */
static bool
check_files_apart(options *o)
{
	for (size_t i = 0; i < o->output_count + OTHERS; i++) {
		const char *file = output_at(o, i);
		if (file && o->on_stdout && is_redirected_to(file))
			return tf_options_refuse(
			    o, "%s is named for an output, and standard output goes there", file);
		for (size_t k = 0; file && k < i; k++) {
			const char *other = output_at(o, k);
			if (other && are_one_file(file, other))
				return tf_options_refuse(o, "%s is named for two outputs", file);
		}
	}
	return true;
}

/* Rules and baselines are written by hand: a slip of the pen must not cost them. */
static bool
check_files_kept(options *o)
{
	for (size_t i = 0; i < o->output_count + OTHERS; i++) {
		const char *file = output_at(o, i);
		bool is_baseline = file == o->write_baseline_file;
		if (file && o->rules_file && are_one_file(file, o->rules_file))
			return tf_options_refuse(o, "%s: this is the file of --rules, it is not written over",
			                         file);
		if (file && o->baseline_file && !is_baseline && are_one_file(file, o->baseline_file))
			return tf_options_refuse(
			    o, "%s: this is the file of --baseline, it is not written over", file);
	}
	return true;
}

static bool
check_together(options *o)
{
	if (o->file_count && o->interface)
		return tf_options_refuse(o, "-r and -i exclude each other");
	if (!o->file_count && !o->interface) {
		if (o->filter)
			return tf_options_refuse(
			    o, "nothing to analyse: give -r FILE or -i IFACE ('%.60s' was taken as a filter)",
			    o->filter);
		return tf_options_refuse(o,
		                         "nothing to analyse: give -r FILE or -i IFACE (see tcpfsm --help)");
	}
	if (!o->interface && (o->for_ns || o->report_ns))
		return tf_options_refuse(o, "%s is for live captures (-i)", o->for_ns ? "--for" : "-G");
	if (o->interface && o->end_known)
		return tf_options_refuse(o, "--end is for files (-r)");
	if (o->interface && o->slice_directory && !o->no_sandbox)
		return tf_options_refuse(
		    o, "--slice with -i needs --no-sandbox: a confined capture opens no files");
	/* A check that was meant and cannot fail would be taken for one that passed. */
	if (o->rules.allowance_count && !o->rules.rule_count && !o->rules_file)
		return tf_options_refuse(o, "--allow without --fail-on or --rules: nothing is forbidden");
	if (o->quiet && o->verbosity)
		return tf_options_refuse(o, "-q and -v exclude each other");
	return complete_outputs(o) && check_files_apart(o) && check_files_kept(o);
}

bool
tf_options_parse(struct tf_options *o, int argc, char **argv)
{
	struct grammar g;
	int value;
	*o = (options){0};
	make_grammar(&g);
	opterr = 0;
	take_profile(o, &g, argc, argv);
	optind = 0;
	while ((value = getopt_long(argc, argv, g.letters, g.longs, NULL)) != -1) {
		if (value == '?' || value == ':')
			return refuse_option(o, value, argv[optind - 1]);
		if (!apply(o, row_of(value), optarg))
			return false;
	}
	if (o->command != TF_ANALYSE)
		return true;
	return join_words(o, argc - optind, argv + optind) && check_together(o);
}

void
tf_options_fini(struct tf_options *o)
{
	for (size_t i = 0; i < o->output_count; i++)
		free(o->output[i].format);
	free(o->files);
	free(o->words);
	free(o->conns);
	tf_ruleset_fini(&o->rules);
}
