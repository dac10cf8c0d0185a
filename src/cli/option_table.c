/*
 * The table of options and what their values do.  It knows the catalogue's
 * names, timers and formats, and refuses values that are none; it knows
 * neither the order of the command line nor which options go together.
 *
 * Options of the interface that this version does not have stand in the
 * table as well, so that they are refused by name.
 */
#include "cli/option_table.h"
#include "cli/completions.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/values.h"
#include "output/output.h"

#define HELP_WIDTH 80
#define HELP_AT    33 /* columns before what an option does */

typedef struct tf_options options;

bool
tf_options_refuse(struct tf_options *o, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(o->message, sizeof o->message, format, arguments);
	va_end(arguments);
	return false;
}

static bool
set_file(options *o, const char *value)
{
	if (!*value)
		return tf_options_refuse(o, "--read: an empty name");
	const char **files = realloc(o->files, (o->file_count + 1) * sizeof *files);
	if (!files)
		return tf_options_refuse(o, "out of memory");
	o->files = files;
	for (size_t i = 0; i < o->file_count; i++)
		if (!strcmp(value, "-") && !strcmp(files[i], "-"))
			return tf_options_refuse(o, "-r - is given twice: there is one standard input");
	files[o->file_count++] = value;
	return true;
}

/* Say what is wrong with FORMAT, with the names of those that are there. */
static bool
refuse_format(options *o, const char *format)
{
	size_t count;
	const struct tf_output_format *formats = tf_output_formats(&count);
	tf_options_refuse(o, "unknown format '%.40s'; there are:", format);
	for (size_t i = 0; i < count; i++) {
		size_t used = strlen(o->message);
		snprintf(o->message + used, sizeof o->message - used, " %s", formats[i].name);
	}
	return false;
}

bool
tf_options_add_output(options *o, char *format, const char *file)
{
	if (!format)
		return tf_options_refuse(o, "out of memory");
	if (o->output_count < TF_MAX_OUTPUTS && tf_output_format_known(format)) {
		o->output[o->output_count++] = (struct tf_output_choice){.format = format, .file = file};
		return true;
	}
	if (o->output_count == TF_MAX_OUTPUTS)
		tf_options_refuse(o, "more than %d formats", TF_MAX_OUTPUTS);
	else
		refuse_format(o, format);
	free(format);
	return false;
}

static bool
set_format(options *o, const char *value)
{
	const char *colon = strchr(value, ':');
	if (colon && !colon[1])
		return tf_options_refuse(o, "-T %s names no file after the colon", value);
	char *format = colon ? strndup(value, (size_t)(colon - value)) : strdup(value);
	return tf_options_add_output(o, format, colon ? colon + 1 : NULL);
}

static bool
set_verbose(options *o, const char *value)
{
	(void)value;
	o->verbosity += o->verbosity < 2;
	return true;
}

static bool
set_conns(options *o, const char *value)
{
	char word[32];
	while (tf_next_word(&value, word, sizeof word)) {
		uint64_t conn;
		if (!tf_parse_count(word, 1, UINT64_MAX, &conn))
			return tf_options_refuse(o, "--conn: '%s' is no number of a connection", word);
		uint64_t *conns = realloc(o->conns, (o->conn_count + 1) * sizeof *conns);
		if (!conns)
			return tf_options_refuse(o, "out of memory");
		o->conns = conns;
		conns[o->conn_count++] = conn;
	}
	return true;
}

static bool
set_states(options *o, const char *value)
{
	char word[32];
	while (tf_next_word(&value, word, sizeof word)) {
		int state = tf_state_by_name(word);
		if (state < 0)
			return tf_options_refuse(o, "--state: '%s' is no TCP state", word);
		o->states |= TF_STATES(state);
	}
	return true;
}

static bool
set_ids(options *o, const char *value)
{
	char word[64];
	while (tf_next_word(&value, word, sizeof word)) {
		int id = tf_anomaly_by_id(word);
		if (id < 0)
			return tf_options_refuse(
			    o, "--id: unknown anomaly '%s' (--list-anomalies shows them all)", word);
		o->id[id] = true;
	}
	o->by_id = true;
	return true;
}

static bool
set_ladder(options *o, const char *value)
{
	o->ladder = true;
	if (value && !tf_parse_count(value, 1, UINT64_MAX, &o->ladder_conn))
		return tf_options_refuse(o, "--ladder: '%s' is no number of a connection", value);
	return true;
}

static bool
ends_with(const char *name, const char *ending)
{
	size_t length = strlen(name), rest = strlen(ending);
	return length > rest && !strcmp(name + length - rest, ending);
}

static bool
set_ladder_file(options *o, const char *value)
{
	if (o->ladder_file)
		return tf_options_refuse(o, "--ladder-file is given twice");
	o->ladder_file = value;
	return ends_with(value, ".svg")
	           ? true
	           : tf_options_refuse(o, "--ladder-file: '%s' does not end in .svg", value);
}

static bool
set_diagram(options *o, const char *value)
{
	if (o->diagram_file)
		return tf_options_refuse(o, "--diagram is given twice");
	o->diagram_file = value;
	o->diagram_format = ends_with(value, ".svg") ? "diagram-svg" : "diagram-dot";
	return ends_with(value, ".svg") || ends_with(value, ".dot")
	           ? true
	           : tf_options_refuse(o, "--diagram: '%s' ends neither in .svg nor in .dot", value);
}

static bool
set_color(options *o, const char *value)
{
	static const char *const words[] = {
	    [TF_COLOR_AUTO] = "auto", [TF_COLOR_ALWAYS] = "always", [TF_COLOR_NEVER] = "never"};
	for (int i = TF_COLOR_AUTO; i <= TF_COLOR_NEVER; i++) {
		if (!strcmp(value, words[i])) {
			o->color = (enum tf_color)i;
			return true;
		}
	}
	return tf_options_refuse(o, "--color: '%s' is none of auto, always, never", value);
}

static bool
set_end(options *o, const char *value)
{
	o->end_known = true;
	if (!tf_parse_time(value, &o->end_ns, &o->end_relative))
		return tf_options_refuse(
		    o, "--end: '%s' is no time (seconds since the epoch, ISO 8601, or +SECONDS)", value);
	return true;
}

/* Say that NAME is no timer, with the names of those that are there. */
static bool
refuse_timer(options *o, const char *name)
{
	tf_options_refuse(o, "--timer: unknown timer '%s'; there are:", name);
	for (int i = 0; i < TF_TIMER_COUNT; i++) {
		size_t used = strlen(o->message);
		snprintf(o->message + used, sizeof o->message - used, " %s", tf_timer_name((enum tf_timer)i));
	}
	return false;
}

/* A timer's value replaces the profile's in whatever order they are given: see take_profile(). */
static bool
set_timer(options *o, const char *value)
{
	char name[32];
	size_t length = strcspn(value, "=");
	if (!value[length] || length >= sizeof name)
		return tf_options_refuse(o, "--timer %s: NAME=SECONDS is wanted", value);
	memcpy(name, value, length);
	name[length] = '\0';
	int timer = tf_timer_by_name(name);
	if (timer < 0)
		return refuse_timer(o, name);
	const char *number = value + length + 1;
	int64_t *slot = &o->config.timer[timer];
	uint64_t count;
	if (timer == TF_TIMER_KEEPALIVE_PROBES) {
		if (!tf_parse_count(number, 1, 1000, &count))
			return tf_options_refuse(o, "--timer %s: '%s' is no count from 1 to 1000", name,
			                         number);
		*slot = (int64_t)count;
		return true;
	}
	if (!tf_parse_seconds(number, slot) || *slot == 0)
		return tf_options_refuse(o, "--timer %s: '%s' is no number of seconds above 0", name, number);
	return true;
}

/* Only checked: its values were set before any other option was looked at. */
bool
tf_options_set_profile(options *o, const char *value)
{
	if (tf_profile_by_name(value) < 0)
		return tf_options_refuse(o, "--profile: '%s' is none of linux, rfc, bsd, windows", value);
	return true;
}

static bool
set_max_connections(options *o, const char *value)
{
	uint64_t n;
	if (!tf_parse_count(value, 1, UINT32_MAX, &n))
		return tf_options_refuse(o, "--max-connections: '%s' is no number from 1 to %u", value,
		                         UINT32_MAX);
	o->config.max_connections = (uint32_t)n;
	return true;
}

static bool
set_reassembly_memory(options *o, const char *value)
{
	uint64_t mib;
	if (!tf_parse_count(value, 1, SIZE_MAX >> 20, &mib))
		return tf_options_refuse(o, "--reassembly-memory: '%s' is no number of MiB", value);
	o->config.reassembly_bytes = (size_t)mib << 20;
	return true;
}

static bool
set_fail_on(options *o, const char *value)
{
	char word[64];
	if (!tf_ruleset_forbid(&o->rules, value, word, sizeof word))
		return tf_options_refuse(
		    o, "--fail-on: '%s' is no anomaly, family or severity (--list-anomalies shows them)",
		    word);
	return true;
}

static bool
set_allow(options *o, const char *value)
{
	if (!tf_ruleset_allow(&o->rules, value))
		return tf_options_refuse(o, "--allow: '%s' is no anomaly, or no number follows its colon",
		                         value);
	return true;
}

static bool
set_explain(options *o, const char *value)
{
	int id = tf_anomaly_by_id(value);
	if (id < 0)
		return tf_options_refuse(
		    o, "--explain: unknown anomaly '%s' (--list-anomalies shows them all)", value);
	o->command = TF_SHOW_ANOMALY;
	o->explain = (enum tf_anomaly)id;
	return true;
}

static bool
set_completions(options *o, const char *value)
{
	if (!tf_completions_known(value))
		return tf_options_refuse(o, "--completions: '%s' is none of bash, zsh, fish", value);
	o->command = TF_SHOW_COMPLETIONS;
	o->shell = value;
	return true;
}

static bool
set_nothing(options *o, const char *value)
{
	(void)o;
	(void)value;
	return true;
}

#define AT(field) .offset = offsetof(options, field)
#define H(text)                                                                                              \
	{                                                                                                    \
		.kind = HEADING, .help = text                                                                \
	}

/* clang-format off */
const struct tf_option_row tf_option_rows[] = {
	H("Input:"),
	{CALL, 'r', "read", "FILE", "analyse a capture; - is standard input; several are one capture in time order", .set = set_file},
	{WORD, 'i', "interface", "IFACE", "sniff live; any listens on all interfaces", AT(interface)},
	{COMMAND, 'D', "list-interfaces", NULL, "list the interfaces", .min = TF_SHOW_INTERFACES},
	{WORD, 'f', "filter", "EXPRESSION", "a pcap filter, as the trailing words", AT(filter)},
	{COUNT, 'c', "count", "N", "stop after N matching packets", AT(max_packets), 1, UINT64_MAX},
	{COUNT, 's', "snapshot-length", "N", "capture N octets of a packet (default 262144; 0: that)", AT(snaplen), 0, 262144},
	{FLAG, 'p', "no-promiscuous-mode", NULL, "do not put the interface into promiscuous mode", AT(not_promiscuous)},
	{COUNT, 'B', "buffer-size", "KIB", "the kernel's capture buffer (default 16384)", AT(buffer_kib), 1, 1 << 21},
	{SECONDS, 'G', "report-every", "SEC", "live: counts, states and findings on standard error every SEC seconds", AT(report_ns)},
	{SECONDS, 0, "for", "SEC", "live: end after SEC seconds", AT(for_ns)},
	{WORD, 'Z', NULL, "USER", "become USER once all is open (default when root and live: " TF_DEFAULT_USER ")", AT(user)},
	{FLAG, 0, "no-sandbox", NULL, "live: keep privileges, and any system call allowed", AT(no_sandbox)},
	{CALL, 0, "end", "TIME", "the capture went on until TIME: epoch, ISO 8601, or +SEC after the last packet", .set = set_end},

	H("Output:"),
	{CALL, 'T', "format", "FORMAT[:FILE]", "text (default), json, csv, html, junit, sarif, tap, github, markdown; may be given several times", .set = set_format},
	{WORD, 'o', "output", "FILE", "the file of the format that names none", AT(output_file)},
	{WORD, 'w', "write", "FILE", "also write the packets that were analysed (pcapng)", AT(packets_file)},
	{WORD, 0, "write-anomalous", "FILE", "write those of connections with a finding (pcapng; of files)", AT(anomalous_file)},
	{CALL, 'n', NULL, NULL, "do not look up names (never done unless -N asks for it)", .set = set_nothing},
	{FLAG, 'N', "names", NULL, "look up the names of addresses", AT(names)},
	{CALL, 'v', "verbose", NULL, "text: each transition; -vv: each segment, too", .set = set_verbose},
	{FLAG, 'q', "quiet", NULL, "text: only findings and the summary", AT(quiet)},
	{FLAG, 0, "top", NULL, "a screen of connections, findings and details; with -r at the end", AT(top)},
	{WORD, 0, "prometheus", "FILE", "metrics, replaced every -G SEC (15) when live, and at the end", AT(metrics_file)},
	{FLAG, 0, "hosts", NULL, "text: how each host makes its initial sequence numbers", AT(hosts)},
	{CALL, 0, "conn", "N[,...]", "text, csv, ladder: only these connections", .set = set_conns},
	{CALL, 0, "state", "STATE[,...]", "only connections with an end in one of these states", .set = set_states},
	{CALL, 0, "id", "ID[,...]", "only connections with one of these findings", .set = set_ids},
	{CALL, 0, "ladder", "[=CONN]", "the time-sequence picture in the terminal", .set = set_ladder},
	{CALL, 0, "ladder-file", "FILE.svg", "the same as a picture, into a file", .set = set_ladder_file},
	{CALL, 0, "diagram", "FILE", "the state diagram with the steps that were taken (.svg, .dot)", .set = set_diagram},
	{CALL, 0, "color", "WHEN", "auto (default), always, never", .set = set_color},
	{COUNT, 0, "community-id-seed", "N", "seed of the Community ID (default 0)", AT(community_id_seed), 0, UINT16_MAX},

	H("Analysis:"),
	{CALL, 0, "profile", "NAME", "timers of the observed hosts: linux (default), rfc, bsd, windows", .set = tf_options_set_profile},
	{CALL, 0, "timer", "NAME=SEC", "one of them: time-wait, fin-wait-2, close-wait, syn-sent, ...", .set = set_timer},
	{CALL, 0, "max-connections", "N", "connections kept at a time (default 1000000)", .set = set_max_connections},
	{CALL, 0, "reassembly-memory", "MIB", "room for disordered and closing connections (default 128)", .set = set_reassembly_memory},
	{COUNT, 0, "threads", "N", "threads; the output does not depend on them", AT(threads), 1, 1024},

	H("For scripts:"),
	{CALL, 0, "fail-on", "WHAT[,...]", "exit status 1 if found: ids, families, or a severity and above", .set = set_fail_on},
	{WORD, 0, "baseline", "FILE", "let pass the findings that FILE knows; name those that are gone", AT(baseline_file)},
	{WORD, 0, "write-baseline", "FILE", "write the findings of this run as a baseline", AT(write_baseline_file)},
	{CALL, 0, "allow", "ID[:N]", "let pass what --fail-on forbids (N of them)", .set = set_allow},
	{WORD, 0, "slice", "DIR", "for each finding the smallest capture that shows it", AT(slice_directory)},
	{WORD, 0, "rules", "FILE", "exit status 1 unless the rules in FILE hold: tcpfsm-rules(5)", AT(rules_file)},

	H("About:"),
	{COMMAND, 0, "list-anomalies", NULL, "all findings", .min = TF_SHOW_ANOMALIES},
	{CALL, 0, "explain", "ID", "one finding at length: what it means, what to look at next", .set = set_explain},
	{COMMAND, 0, "list-rules", NULL, "the rules of the state machine", .min = TF_SHOW_RULES},
	{CALL, 0, "completions", "SHELL", "the completion script of a shell: bash, zsh, fish", .set = set_completions},
	{COMMAND, 'V', "version", NULL, "versions of tcpfsm and libpcap", .min = TF_SHOW_VERSION},
	{COMMAND, 'h', "help", NULL, "this", .min = TF_SHOW_HELP},
};
/* clang-format on */

const int tf_option_row_count = sizeof tf_option_rows / sizeof *tf_option_rows;

_Static_assert(sizeof tf_option_rows / sizeof *tf_option_rows <= TF_MAX_OPTION_ROWS,
               "raise TF_MAX_OPTION_ROWS");

bool
tf_option_argument_is_optional(const struct tf_option_row *row)
{
	return row->argument && row->argument[0] == '[';
}

/* HELP behind column HELP_AT, broken where a terminal of 80 columns ends. */
static void
put_help(const char *help)
{
	int at = HELP_AT;

	for (const char *word = help; *word;) {
		int n = (int)strcspn(word, " ");
		if (at + 1 + n > HELP_WIDTH) {
			printf("\n%*s", HELP_AT, "");
			at = HELP_AT;
		}
		printf(" %.*s", n, word);
		at += 1 + n;
		word += n;
		word += strspn(word, " ");
	}
	putchar('\n');
}

void
tf_options_help(void)
{
	puts("usage: tcpfsm -r FILE [OPTION]... [FILTER]\n"
	     "       tcpfsm -i IFACE [OPTION]... [FILTER]\n"
	     "\n"
	     "Follows each TCP connection of a capture through the states of RFC 9293, at\n"
	     "both ends, and reports states and anomalies.");
	for (int i = 0; i < tf_option_row_count; i++) {
		const struct tf_option_row *row = &tf_option_rows[i];
		char letter[5] = "    ", name[48] = "";
		if (row->kind == HEADING)
			printf("\n%s\n", row->help);
		if (row->kind == HEADING)
			continue;
		if (row->letter)
			snprintf(letter, sizeof letter, "-%c%s", row->letter, row->name ? ", " : " ");
		if (row->name)
			snprintf(name, sizeof name, "--%s%s%s", row->name,
			         row->argument && !tf_option_argument_is_optional(row) ? "=" : "",
			         row->argument ? row->argument : "");
		else if (row->argument)
			snprintf(name, sizeof name, "%s", row->argument);
		printf("  %s%-*s", letter, HELP_AT - 2 - (int)strlen(letter), name);
		put_help(row->help);
	}
	puts("\nExit status: 0 analysed; 1 --fail-on or --rules does not hold; 2 usage;\n"
	     "3 the input could not be read to its end; 4 the output could not be written.");
}
