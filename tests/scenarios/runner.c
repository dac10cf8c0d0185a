/*
 * run-scenarios: replay scenario files and say what failed.
 *
 * Output is TAP, one test per file and variant, and ends with the totals
 * `N passed, N failed, N skipped`.  Without a path all scenarios are run,
 * and a last test holds that every rule of the state machine applied in one
 * of them.  (Rules of what passes no tap never apply alone: tests/unit/test_fsm.)
 * Exit status: 0 all passed, 1 something failed, 2 usage.
 */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "check.h"
#include "parse.h"
#include "pcap_write.h"
#include "tcpfsm/rule.h"

#define MAX_FILES 4096
#define MAX_RULES 512
#define MAX_SHOWN 12 /* failures of one test that are printed */

struct runner {
	char **file;
	size_t file_count, file_room;
	int only_variant; /* or -1 */
	bool check_syntax, show;
	bool whole; /* all scenarios are run, in all variants: what they do not cover is a failure */
	const char *pcap;
	size_t root_len; /* of the path before a file's name in messages */
	unsigned number, passed, failed, skipped;
	bool fired[MAX_RULES]; /* one a row of tf_rules() */
};

/* Failures of one test, printed below its `not ok`. */
struct complaints {
	const char *name, *variant;
	char *text[MAX_SHOWN];
	unsigned count;
};

static void
complain(void *context, int line, const char *text)
{
	struct complaints *c = context;
	size_t room = strlen(text) + strlen(c->name) + 60;

	if (c->count++ >= MAX_SHOWN)
		return;
	c->text[c->count - 1] = malloc(room);
	if (c->text[c->count - 1] != NULL)
		(void)snprintf(c->text[c->count - 1], room, "%s:%d: %s: %s", c->name, line, c->variant, text);
}

static void
print_complaints(struct complaints *c)
{
	for (unsigned i = 0; i < c->count && i < MAX_SHOWN; i++) {
		printf("#   %s\n", c->text[i] != NULL ? c->text[i] : "no memory");
		free(c->text[i]);
	}
	if (c->count > MAX_SHOWN)
		printf("#   and %u more\n", c->count - MAX_SHOWN);
	c->count = 0;
}

static bool
ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n >= m && strcmp(name + n - m, end) == 0;
}

static void
add_file(struct runner *r, const char *path)
{
	char *copy = strdup(path);

	if (copy == NULL ||
	    !scn_grow((void **)&r->file, &r->file_room, r->file_count, sizeof(*r->file), MAX_FILES)) {
		fprintf(stderr, "run-scenarios: no room for more files\n");
		exit(2);
	}
	r->file[r->file_count++] = copy;
}

/* All *.scn files at and below PATH. */
static int
collect_files(struct runner *r, const char *path, int depth)
{
	struct dirent *entry;
	struct stat st;
	DIR *dir;

	if (stat(path, &st) != 0) {
		fprintf(stderr, "run-scenarios: %s: %s\n", path, strerror(errno));
		return -1;
	}
	if (!S_ISDIR(st.st_mode)) {
		if (depth == 0 || ends_with(path, ".scn"))
			add_file(r, path);
		return 0;
	}
	dir = depth < 4 ? opendir(path) : NULL;
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		char below[4096];

		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
		collect_files(r, below, depth + 1);
	}
	if (dir != NULL)
		closedir(dir);
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
show_run(const struct scn_run *run)
{
	char text[1800];

	for (size_t i = 0; i < run->count; i++) {
		scn_event_text(&run->event[i], text, sizeof(text));
		printf("#   %s\n", text);
	}
}

/* One by one without header prediction and remembered moves: many at once with them must come to the same. */
static unsigned
compare_with_single(struct runner *r, const struct scenario *s, unsigned wanted, const struct scn_run *batch,
                    struct complaints *c)
{
	struct scn_run single;
	unsigned failures = 1;

	if (scn_replay(s, SCN_IPV4, wanted, r->fired, &single) == 0)
		failures = scn_compare(&single, batch, complain, c);
	scn_run_free(&single);
	return failures;
}

static unsigned
compare_results(struct runner *r, const struct scenario *s, struct complaints *c)
{
	struct scn_run batch;
	unsigned failures = 1;

	if (scn_replay(s, SCN_BATCH, SCN_RESULTS, NULL, &batch) == 0)
		failures = compare_with_single(r, s, SCN_RESULTS, &batch, c);
	scn_run_free(&batch);
	return failures;
}

static bool
run_variant(struct runner *r, const struct scenario *s, enum scn_variant variant, struct complaints *c)
{
	struct scn_run run;
	unsigned failures = 0;

	if (scn_replay(s, variant, SCN_EVERYTHING, NULL, &run) != 0) {
		complain(c, 0, "no memory");
	} else {
		if (r->show)
			show_run(&run);
		if (variant == SCN_BATCH)
			failures =
			    compare_with_single(r, s, SCN_EVERYTHING, &run, c) + compare_results(r, s, c);
		else
			failures = scn_check(s, &run, complain, c);
	}
	scn_run_free(&run);
	return failures == 0 && c->count == 0;
}

static void
test_variant(struct runner *r, const struct scenario *s, const char *name, enum scn_variant variant)
{
	struct complaints c = {.name = name, .variant = scn_variant_name(variant)};
	bool ok;

	r->number++;
	if (s->skip[variant]) {
		r->skipped++;
		printf("ok %u - %s %s # SKIP %s\n", r->number, name, c.variant, s->skip_reason[variant]);
		return;
	}
	ok = run_variant(r, s, variant, &c);
	if (ok)
		r->passed++;
	else
		r->failed++;
	printf("%s %u - %s %s\n", ok ? "ok" : "not ok", r->number, name, c.variant);
	print_complaints(&c);
}

static void
fail_file(struct runner *r, const char *name, const char *message)
{
	r->number++;
	r->failed++;
	printf("not ok %u - %s\n#   %s\n", r->number, name, message);
}

static void
test_file(struct runner *r, const char *path)
{
	const char *name = strlen(path) > r->root_len ? path + r->root_len : path;
	struct complaints c = {.name = name, .variant = "names"};
	struct scenario s;
	char error[400];

	if (scn_parse_file(&s, path, error, sizeof(error)) != 0) {
		fail_file(r, name, error);
	} else if (scn_check_names(&s, complain, &c) != 0) {
		fail_file(r, name, "unknown names");
		print_complaints(&c);
	} else if (r->check_syntax) {
		r->number++;
		r->passed++;
		printf("ok %u - %s\n", r->number, name);
	} else {
		for (int v = 0; v < SCN_VARIANT_COUNT; v++)
			if (r->only_variant < 0 || r->only_variant == v)
				test_variant(r, &s, name, (enum scn_variant)v);
	}
	scn_free(&s);
}

static int
write_capture(const struct runner *r)
{
	enum scn_variant variant = r->only_variant >= 0 ? (enum scn_variant)r->only_variant : SCN_IPV4;
	struct scenario s;
	char error[400];
	int64_t rest_ns;
	int status = 2;

	if (r->file_count != 1) {
		fprintf(stderr, "run-scenarios: --write-pcap takes one scenario\n");
		return 2;
	}
	if (scn_parse_file(&s, r->file[0], error, sizeof(error)) != 0)
		fprintf(stderr, "run-scenarios: %s\n", error);
	else if (scn_write_pcap(&s, variant, r->pcap, &rest_ns) != 0)
		fprintf(stderr, "run-scenarios: %s: %s\n", r->pcap, strerror(errno));
	else
		status = 0;
	if (status == 0 && rest_ns > 0)
		printf("the scenario goes on after the last packet: --end=+%" PRId64 ".%03" PRId64 "\n",
		       rest_ns / 1000000000, rest_ns % 1000000000 / 1000000);
	scn_free(&s);
	return status;
}

/* Rows that move a set and never the best guess, or that stand for the sake of completeness. */
static bool
never_applies_alone(const struct tf_rule *rule)
{
	static const char *const names[] = {
	    "closed-already", /* the best guess has seen the first FIN: the set of a mid-stream may not have */
	    "refusal-ignored",     /* a RST is only read as a refusal where its receiver is in SYN-SENT */
	    "unreachable-ignored", /* nor is a router heard elsewhere */
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(rule->name, names[i]) == 0)
			return true;
	/* What passes no tap only widens the set. */
	return tf_input_side(rule->input) == TF_SIDE_SILENT;
}

/* Rules that never applied: no scenario covers them. */
static void
test_coverage(struct runner *r)
{
	size_t count, named = 0, missing = 0;
	const struct tf_rule *rules = tf_rules(&count);

	for (size_t i = 0; i < count; i++) {
		if (rules[i].effect == TF_NEVER || never_applies_alone(&rules[i]))
			continue;
		named++;
		if (r->fired[i])
			continue;
		missing++;
		printf("# never applied: %s\n", rules[i].name);
	}
	r->number++;
	if (missing)
		r->failed++;
	else
		r->passed++;
	printf("%s %u - every rule applies in a scenario (%zu of %zu)\n", missing ? "not ok" : "ok",
	       r->number, named - missing, named);
}

static void
usage(FILE *f)
{
	fprintf(f, "usage: run-scenarios [--variant=NAME] [--check-syntax] [--show] PATH...\n"
	           "       run-scenarios --write-pcap=FILE [--variant=NAME] SCENARIO\n"
	           "PATH is a scenario (*.scn) or a directory of them; variants: ipv4, ipv6, wrap, "
	           "duplicate, batch.\n");
}

static int
variant_by_name(const char *name)
{
	for (int v = 0; v < SCN_VARIANT_COUNT; v++)
		if (strcmp(name, scn_variant_name((enum scn_variant)v)) == 0)
			return v;
	fprintf(stderr, "run-scenarios: %s is no variant\n", name);
	exit(2);
}

static void
read_options(struct runner *r, int argc, char **argv)
{
	static const struct option options[] = {
	    {"variant", required_argument, NULL, 'V'}, {"check-syntax", no_argument, NULL, 'c'},
	    {"show", no_argument, NULL, 's'},          {"write-pcap", required_argument, NULL, 'w'},
	    {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0},
	};
	int o;

	r->only_variant = -1;
	while ((o = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (o == 'V')
			r->only_variant = variant_by_name(optarg);
		else if (o == 'c')
			r->check_syntax = true;
		else if (o == 's')
			r->show = true;
		else if (o == 'w')
			r->pcap = optarg;
		else
			exit(o == 'h' ? (usage(stdout), 0) : (usage(stderr), 2));
	}
}

/* Without a path: the directory of the sources, as automake names it. */
static int
find_files(struct runner *r, int argc, char **argv)
{
	const char *srcdir = getenv("srcdir");
	char path[4096];

	if (optind == argc) {
		r->whole = r->only_variant < 0 && !r->check_syntax;
		(void)snprintf(path, sizeof(path), "%s/tests/scenarios", srcdir != NULL ? srcdir : ".");
		r->root_len = strlen(path) + 1;
		return collect_files(r, path, 0);
	}
	for (int i = optind; i < argc; i++)
		if (collect_files(r, argv[i], 0) != 0)
			return -1;
	return 0;
}

int
main(int argc, char **argv)
{
	static struct runner r;

	read_options(&r, argc, argv);
	if (find_files(&r, argc, argv) != 0)
		return 2;
	if (r.file_count == 0) {
		fprintf(stderr, "run-scenarios: no scenario (*.scn) found\n");
		return 2;
	}
	qsort(r.file, r.file_count, sizeof(*r.file), by_name);
	if (r.pcap != NULL)
		return write_capture(&r);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < r.file_count; i++)
		test_file(&r, r.file[i]);
	if (r.whole)
		test_coverage(&r);
	printf("1..%u\n", r.number);
	printf("# %zu scenarios\n%u passed, %u failed, %u skipped\n", r.file_count, r.passed, r.failed,
	       r.skipped);
	for (size_t i = 0; i < r.file_count; i++)
		free(r.file[i]);
	free(r.file);
	return r.failed == 0 ? 0 : 1;
}
