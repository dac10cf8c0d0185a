/*
 * The checks in the text format: those that did not pass, each with what
 * broke it, below the summary.  Of those that passed their number is said.
 */
#include "checks.h"
#include "style.h"
#include "text.h"

#define INDENT 11 /* columns: "  failed   " */

static enum tf_color
color_of(enum tf_outcome outcome)
{
	return outcome == TF_PASSED ? TF_COLOR_GREEN : outcome == TF_SKIPPED ? TF_COLOR_YELLOW : TF_COLOR_RED;
}

/* TEXT, made harmless, as a paragraph; it is empty afterwards. */
static void
put_lines(struct tf_output *o, struct tf_buf *text)
{
	struct tf_buf clean;

	tf_buf_init(&clean, -1);
	tf_put_char(text, '\0');
	tf_put_clean(&clean, text->error == 0 ? text->data : "");
	tf_put_fill(&o->out, ' ', INDENT);
	tf_put_wrapped_buf(&o->out, &clean, INDENT, INDENT, o->options.width);
	tf_put_char(&o->out, '\n');
	tf_buf_done(&clean, &o->out);
	text->len = 0;
}

static void
put_title(struct tf_output *o, const struct tf_check *c)
{
	struct tf_buf title, clean;

	tf_buf_init(&title, -1);
	tf_buf_init(&clean, -1);
	tf_put_check_title(&title, c);
	tf_put_char(&title, '\0');
	tf_put_clean(&clean, title.error == 0 ? title.data : "");
	tf_put_lit(&o->out, "  ");
	tf_put_colored(&o->out, &o->options, color_of(c->outcome), tf_outcome_name(c->outcome), INDENT - 2);
	tf_put_wrapped_buf(&o->out, &clean, INDENT, INDENT, o->options.width);
	tf_put_char(&o->out, '\n');
	tf_buf_done(&clean, &o->out);
	tf_buf_done(&title, &o->out);
}

/* The picture, moved to the right. */
static void
put_ladder(struct tf_output *o, const char *ladder)
{
	tf_put_char(&o->out, '\n');
	for (const char *line = ladder; *line != '\0';) {
		size_t length = strcspn(line, "\n");

		tf_put_fill(&o->out, ' ', length > 0 ? 4 : 0);
		tf_put(&o->out, line, length);
		tf_put_char(&o->out, '\n');
		line += length + (line[length] == '\n');
	}
	tf_put_char(&o->out, '\n');
}

/* Was this picture drawn with an earlier check? */
static bool
is_drawn(const struct tf_verdict *v, const struct tf_check *c)
{
	for (const struct tf_check *former = v->checks; former < c; former++)
		if (former->ladder != NULL && strcmp(former->ladder, c->ladder) == 0)
			return true;
	return false;
}

static void
put_check(struct tf_output *o, const struct tf_verdict *v, const struct tf_check *c)
{
	struct tf_buf text;

	put_title(o, c);
	tf_buf_init(&text, -1);
	tf_put_str(&text, c->message != NULL ? c->message : "");
	put_lines(o, &text);
	for (size_t i = 0; i < c->offence_count; i++) {
		tf_put_offence(&text, &c->offences[i]);
		put_lines(o, &text);
	}
	tf_put_more_offences(&text, c);
	if (text.len > 0)
		put_lines(o, &text);
	bool drawn = c->ladder != NULL && is_drawn(v, c);
	if (c->ladder_note != NULL || drawn) {
		tf_put_str(&text, drawn ? "Its segments are drawn above." : c->ladder_note);
		put_lines(o, &text);
	}
	if (c->ladder != NULL && !drawn)
		put_ladder(o, c->ladder);
	tf_buf_done(&text, &o->out);
}

void
tf_text_checks(struct tf_output *o, const struct tf_verdict *v)
{
	struct tf_buf *b = &o->out;

	tf_put_char(b, '\n');
	tf_color_on(b, &o->options, TF_COLOR_BOLD);
	tf_put_lit(b, "Checks");
	tf_color_off(b, &o->options);
	tf_put_lit(b, "\n  ");
	/* That the input was read to its end stands in the summary. */
	tf_put_u64(b, tf_count_outcome(v, TF_PASSED) - (v->checks[0].outcome == TF_PASSED));
	tf_put_lit(b, " of ");
	tf_put_u64(b, v->count - 1);
	tf_put_lit(b, " passed\n");
	for (size_t i = 0; i < v->count; i++)
		if (v->checks[i].outcome != TF_PASSED)
			put_check(o, v, &v->checks[i]);
}
