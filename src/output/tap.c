/*
 * TAP, the Test Anything Protocol, version 14 (testanything.org): a test
 * point a check, and first of all the one that the input could be read.
 * What is to be said of one that failed is YAML below it.
 *
 * Strings are written as JSON strings, which YAML reads; a picture is a
 * literal block.
 */
#include "checks.h"
#include "style.h"

/* S as a description: "\" and "#" mean something there, and a line feed would end it. */
static void
put_description(struct tf_buf *b, const char *s)
{
	struct tf_buf clean;

	tf_buf_init(&clean, -1);
	tf_put_clean(&clean, s);
	tf_put_char(&clean, '\0');
	for (const char *at = clean.error == 0 ? clean.data : ""; *at != '\0';) {
		if (*at == '\\' || *at == '#')
			tf_put_char(b, '\\');
		at += tf_put_utf8(b, at);
	}
	tf_buf_done(&clean, b);
}

static void
put_title(struct tf_buf *b, const struct tf_check *c)
{
	if (c->scope != NULL) {
		put_description(b, c->scope);
		tf_put_lit(b, ": ");
	}
	put_description(b, c->name);
}

static void
put_place(struct tf_buf *b, const struct tf_check *c)
{
	if (c->file == NULL)
		return;
	tf_put_lit(b, "  at:\n    file: ");
	tf_put_json_string(b, c->file);
	tf_put_lit(b, "\n    line: ");
	tf_put_u64(b, c->line);
	tf_put_lit(b, "\n    column: ");
	tf_put_u64(b, c->column);
	tf_put_char(b, '\n');
}

static void
put_offences(struct tf_buf *b, const struct tf_check *c)
{
	struct tf_buf text;

	tf_buf_init(&text, -1);
	if (c->offence_count > 0)
		tf_put_lit(b, "  broken_by:\n");
	for (size_t i = 0; i < c->offence_count; i++) {
		tf_put_offence(&text, &c->offences[i]);
		tf_put_char(&text, '\0');
		tf_put_lit(b, "    - ");
		tf_put_json_string(b, text.error == 0 ? text.data : NULL);
		tf_put_char(b, '\n');
		text.len = 0;
	}
	if (c->more_offences > 0) {
		tf_put_lit(b, "  more: ");
		tf_put_u64(b, c->more_offences);
		tf_put_char(b, '\n');
	}
	tf_buf_done(&text, b);
}

/* A blank line keeps its indentation: without it some readers see the end of the block. */
static void
put_ladder(struct tf_buf *b, const struct tf_check *c)
{
	if (c->ladder_note != NULL) {
		tf_put_lit(b, "  note: ");
		tf_put_json_string(b, c->ladder_note);
		tf_put_char(b, '\n');
	}
	if (c->ladder == NULL)
		return;
	tf_put_lit(b, "  segments: |\n");
	for (const char *line = c->ladder; *line != '\0';) {
		size_t length = strcspn(line, "\n");

		tf_put_lit(b, "    ");
		tf_put(b, line, length);
		tf_put_char(b, '\n');
		line += length + (line[length] == '\n');
	}
}

static void
put_diagnostic(struct tf_buf *b, const struct tf_check *c)
{
	tf_put_lit(b, "  ---\n  message: ");
	tf_put_json_string(b, c->message != NULL ? c->message : "");
	tf_put_lit(b, "\n  severity: ");
	tf_put_str(b, c->outcome == TF_FAILED ? "fail" : "error");
	tf_put_char(b, '\n');
	put_place(b, c);
	put_offences(b, c);
	put_ladder(b, c);
	tf_put_lit(b, "  ...\n");
}

static void
put_point(struct tf_buf *b, const struct tf_check *c, size_t number)
{
	bool passes = c->outcome == TF_PASSED || c->outcome == TF_SKIPPED;

	tf_put_str(b, passes ? "ok " : "not ok ");
	tf_put_u64(b, number);
	tf_put_lit(b, " - ");
	put_title(b, c);
	if (c->outcome == TF_SKIPPED) {
		tf_put_lit(b, " # SKIP ");
		put_description(b, c->message != NULL ? c->message : "");
	}
	tf_put_char(b, '\n');
	if (!passes)
		put_diagnostic(b, c);
}

static void
finish(struct tf_output *o, const struct tf_summary *s)
{
	const struct tf_verdict *v = s->verdict;
	struct tf_buf *b = &o->out;

	if (v == NULL)
		return;
	tf_put_lit(b, "TAP version 14\n1..");
	tf_put_u64(b, v->count);
	tf_put_char(b, '\n');
	for (size_t i = 0; i < v->count; i++)
		put_point(b, &v->checks[i], i + 1);
}

static unsigned
wanted(const struct tf_output_options *options)
{
	(void)options;
	return 0;
}

const struct tf_writer tf_tap_writer = {
    .format = {"tap", "Test Anything Protocol 14: a test point a check"},
    .wanted = wanted,
    .finish = finish,
};
