/*
 * The file of --rules.  It knows files and the terminal; the language is
 * src/check's business.
 */
#include "cli/rules_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check/parse.h"
#include "cli/terminal.h"

/* What FILE holds; NULL after a complaint. */
static char *
read_all(FILE *file, const char *name, size_t *size)
{
	char *text = malloc(TF_MAX_RULES_FILE + 1);

	if (!text) {
		tf_complain("out of memory");
		return NULL;
	}
	*size = fread(text, 1, TF_MAX_RULES_FILE + 1, file);
	if (ferror(file))
		tf_complain("%s: %s", name, strerror(errno));
	else if (*size > TF_MAX_RULES_FILE)
		tf_complain("%s: larger than %d octets: these are no rules", name, TF_MAX_RULES_FILE);
	else
		return text;
	free(text);
	return NULL;
}

/* The line of the file, and below it ^~~~ under the fault. */
static void
show_fault(const struct tf_rules_error *e)
{
	enum { MOST = 160 };

	if (e->source_offset > MOST)
		return;
	fputs("    ", stderr);
	for (size_t i = 0; i < e->source_length && i < MOST + e->fault_length; i++)
		if (e->source[i] == '\t' || (unsigned char)e->source[i] >= 0x20)
			putc(e->source[i] == 0x7f ? '?' : e->source[i], stderr);
	fputs("\n    ", stderr);
	for (size_t i = 0; i < e->source_offset; i++)
		if (((unsigned char)e->source[i] & 0xc0) != 0x80)
			putc(e->source[i] == '\t' ? '\t' : ' ', stderr);
	putc('^', stderr);
	for (size_t i = 1; i < e->fault_length; i++)
		if (((unsigned char)e->source[e->source_offset + i] & 0xc0) != 0x80)
			putc('~', stderr);
	putc('\n', stderr);
}

static bool
parse(struct tf_options *o, const char *text, size_t size)
{
	struct tf_rules_error error;
	size_t rules = o->rules.rule_count, allowances = o->rules.allowance_count;

	if (!tf_ruleset_forbid_gaps(&o->rules)) {
		tf_complain("out of memory");
		return false;
	}
	if (tf_ruleset_parse(&o->rules, o->rules_file, text, size, &error)) {
		/* Whoever truncated it by mistake must not take the green for an answer. */
		if (o->rules.rule_count == rules + 1 && o->rules.allowance_count == allowances)
			tf_complain("%s: there is no rule in it: only gaps in the capture can fail",
			            o->rules_file);
		return true;
	}
	tf_complain("%s:%u:%u: %s", o->rules_file, error.line, error.column, error.message);
	/* For programs a usage error is one line. */
	if (isatty(STDERR_FILENO))
		show_fault(&error);
	return false;
}

bool
tf_rules_file_load(struct tf_options *o)
{
	if (!o->rules_file)
		return true;
	FILE *file = fopen(o->rules_file, "re");
	if (!file) {
		tf_complain("--rules: %s: %s", o->rules_file, strerror(errno));
		return false;
	}
	size_t size;
	char *text = read_all(file, o->rules_file, &size);
	fclose(file);
	bool good = text && parse(o, text, size);
	free(text);
	return good;
}
