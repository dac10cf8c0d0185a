/*
 * The host table of the text: how each host makes its initial sequence
 * numbers (RFC 6528), a row a host.
 *
 *   Host             Client  Server  Numbers                   Next is one of  Closest two
 *   10.0.0.1              0     321  random or hashed           4,294,967,296  1,055,763 (#241, #289)
 *
 * The columns are the details that the analyzer gives; what is not in one
 * stands under the row.  A host's name or address that is too long for its
 * column has a line of its own.
 */
#include "message.h"
#include "style.h"
#include "text.h"

#define INDENT          2
#define HOST_COLUMNS    15
#define COUNT_COLUMNS   8
#define METHOD_COLUMNS  24
#define GUESSES_COLUMNS 16
#define CLOSEST_AT      (INDENT + HOST_COLUMNS + 2 * COUNT_COLUMNS + 2 + METHOD_COLUMNS + GUESSES_COLUMNS + 2)

static const struct tf_detail *
find(const struct tf_detail *isn, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(isn[i].name, name) == 0)
			return &isn[i];
	return NULL;
}

static uint64_t
number(const struct tf_detail *isn, size_t count, const char *name)
{
	const struct tf_detail *d = find(isn, count, name);

	return d != NULL ? d->count : 0;
}

/* TEXT in COLUMNS columns, to the right or left edge; it is empty afterwards. */
static void
put_cell(struct tf_output *o, struct tf_buf *text, size_t columns, bool right)
{
	size_t n = text->len, fill = n < columns ? columns - n : 0;

	if (right)
		tf_put_fill(&o->out, ' ', fill);
	tf_put(&o->out, text->data, n);
	if (!right)
		tf_put_fill(&o->out, ' ', fill);
	text->len = 0;
}

static void
put_header(struct tf_output *o)
{
	struct tf_buf *b = &o->out;

	tf_color_on(b, &o->options, TF_COLOR_BOLD);
	tf_put_lit(b, "Hosts, and how each makes its initial sequence numbers\n");
	tf_color_off(b, &o->options);
	tf_put_fill(b, ' ', INDENT);
	tf_put_padded(b, "Host", HOST_COLUMNS);
	tf_put_lit(b, "  Client  Server  ");
	tf_put_padded(b, "Numbers", METHOD_COLUMNS);
	tf_put_lit(b, "  Next is one of  Closest two\n");
}

static void
put_host(struct tf_output *o, const struct tf_addr *addr, struct tf_buf *text)
{
	const char *name =
	    o->options.lookup != NULL ? o->options.lookup(o->options.lookup_context, addr) : NULL;

	if (name != NULL)
		tf_put_clean(text, name);
	else
		tf_put_addr(text, addr);
	tf_put_fill(&o->out, ' ', INDENT);
	if (text->len > HOST_COLUMNS) {
		put_cell(o, text, 0, false);
		tf_put_char(&o->out, '\n');
		tf_put_fill(&o->out, ' ', INDENT);
	}
	put_cell(o, text, HOST_COLUMNS, false);
}

static void
put_guesses(struct tf_buf *text, const struct tf_detail *guesses)
{
	if (guesses == NULL)
		tf_put_char(text, '-');
	else
		tf_put_grouped(text, guesses->count);
}

static void
put_closest(struct tf_buf *text, const struct tf_detail *isn, size_t count)
{
	const struct tf_detail *closest = find(isn, count, "closest");

	if (closest == NULL) {
		tf_put_char(text, '-');
		return;
	}
	tf_put_grouped(text, closest->count);
	tf_put_lit(text, " (#");
	tf_put_u64(text, number(isn, count, "closest_conn_1"));
	tf_put_lit(text, ", #");
	tf_put_u64(text, number(isn, count, "closest_conn_2"));
	tf_put_char(text, ')');
}

static void
put_note(struct tf_buf *text, const struct tf_detail *d, const char *before, const char *behind)
{
	if (d == NULL)
		return;
	tf_put_str(text, text->len > 0 ? "; " : "");
	tf_put_str(text, before);
	if (d->kind != TF_D_BOOL)
		tf_put_grouped(text, d->count);
	tf_put_str(text, behind);
}

/* How far the closest two are apart, and which; with the notes where the line has no room for it. */
static void
end_row(struct tf_output *o, struct tf_buf *text, const struct tf_detail *isn, size_t count)
{
	put_closest(text, isn, count);
	if (CLOSEST_AT + text->len > o->options.width) {
		tf_put_char(&o->out, '\n');
		tf_put_fill(&o->out, ' ', INDENT + 2);
		tf_put_lit(&o->out, "closest two: ");
	}
	put_cell(o, text, 0, false);
	tf_put_char(&o->out, '\n');
}

/* What has no column: what makes the next number guessable, and what looks odd. */
static void
put_notes(struct tf_output *o, struct tf_buf *text, const struct tf_detail *isn, size_t count)
{
	put_note(text, find(isn, count, "per_second"), "", " numbers a second");
	put_note(text, find(isn, count, "width"), "step or width of the band: ", "");
	put_note(text, find(isn, count, "zero"), "zero: ", " times");
	put_note(text, find(isn, count, "most_equal"), "the same number: ", " times");
	put_note(text, find(isn, count, "clock_on_one_tuple"),
	         "where ports were used again the numbers follow a clock, as RFC 6528 asks for", "");
	if (text->len == 0)
		return;
	tf_put_fill(&o->out, ' ', INDENT + 2);
	tf_put_wrapped_buf(&o->out, text, INDENT + 2, INDENT + 2, o->options.width);
	tf_put_char(&o->out, '\n');
}

void
tf_text_host(struct tf_output *o, const struct tf_addr *addr, const struct tf_detail *isn, size_t count)
{
	struct tf_text *t = o->state;
	const struct tf_detail *method = find(isn, count, "method");
	size_t beyond;
	struct tf_buf text;

	if (!t->hosts++)
		put_header(o);
	tf_buf_init(&text, -1);
	put_host(o, addr, &text);
	tf_put_grouped(&text, number(isn, count, "as_client"));
	put_cell(o, &text, COUNT_COLUMNS, true);
	tf_put_grouped(&text, number(isn, count, "as_server"));
	put_cell(o, &text, COUNT_COLUMNS, true);
	tf_put_lit(&o->out, "  ");
	if (method != NULL)
		tf_put_detail(&text, method);
	/* A method of many words goes into the next column, where there are few guesses. */
	beyond = text.len >= METHOD_COLUMNS ? text.len - METHOD_COLUMNS + 1 : 0;
	put_cell(o, &text, METHOD_COLUMNS + beyond, false);
	put_guesses(&text, find(isn, count, "guesses"));
	put_cell(o, &text, beyond < GUESSES_COLUMNS ? GUESSES_COLUMNS - beyond : 0, true);
	tf_put_lit(&o->out, "  ");
	end_row(o, &text, isn, count);
	put_notes(o, &text, isn, count);
	tf_buf_done(&text, &o->out);
}

void
tf_text_no_host(struct tf_output *o)
{
	tf_put_wrapped(
	    &o->out,
	    "Hosts: none showed eight initial sequence numbers, the least of which anything is said.", 0,
	    INDENT, o->options.width);
	tf_put_char(&o->out, '\n');
}
