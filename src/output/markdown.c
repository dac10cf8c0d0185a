/*
 * Markdown (GitHub's, and what GitLab and others render alike) for the
 * summary of a job: what was read, the findings as a table with the worst
 * first, and under it what each kind of them means.
 *
 * What became of a finding is known only with its connection's record, and
 * is put into its row then.
 *
 * A job's summary may have 1 MiB, so rows are bounded in number and size;
 * what found no room is counted.  Every character that Markdown could take
 * for its own is escaped: names of files and words of a capture never turn
 * into markup.
 */
#include "checks.h"
#include "message.h"
#include "shelf.h"
#include "style.h"
#include "writer.h"

enum {
	MOST_ROWS = 200,         /* of a severity */
	MOST_OCTETS = 150 << 10, /* likewise */
	MOST_GONE = 100,
	MOST_GONE_OCTETS = 32 << 10,
	MOST_CHECKS = 200,
	MOST_CHECK_OCTETS = 64 << 10, /* of their rows */
	MOST_REPORTS = 200 << 10,     /* octets of what is said of checks that failed */
};

/* A row about a connection whose record has not come, or never brought anything. */
struct row {
	uint64_t conn;
	size_t end; /* of its sentence, in the text of its severity */
	uint8_t id, endpoint, severity;
};

struct markdown {
	struct tf_shelf shelf;
	struct row row[MOST_ROWS * TF_SEVERITY_COUNT];
	size_t row_count;
	struct tf_buf sources;
	uint64_t source_count;
	bool met[TF_ANOMALY_COUNT]; /* there is a row of it */
};

static struct markdown *
state_of(const struct tf_output *o)
{
	return o->state;
}

/* TEXT as text, in a paragraph and in a table's cell alike. */
static void
put_plain(struct tf_buf *b, const char *text)
{
	while (*text != '\0') {
		if (strchr("\\`*_{}[]<>()#+!|~&@$", *text) != NULL)
			tf_put_char(b, '\\');
		if ((unsigned char)*text < ' ' || *text == 0x7f) {
			tf_put_char(b, '?');
			text++;
		} else {
			text += tf_put_utf8(b, text);
		}
	}
}

/* The same of what T holds; T is empty afterwards. */
static void
put_plain_buf(struct tf_buf *b, struct tf_buf *t)
{
	tf_put_char(t, '\0');
	if (t->error == 0)
		put_plain(b, t->data);
	t->len = 0;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void
put_about_cell(struct tf_buf *row, struct tf_buf *t, const struct tf_finding *f)
{
	if (f->ends_known) {
		tf_put_u64(row, f->conn);
		tf_put_lit(row, " | ");
		tf_put_addr_port(t, &f->addr[TF_CLIENT], f->port[TF_CLIENT]);
		tf_put_lit(t, " → ");
		tf_put_addr_port(t, &f->addr[TF_SERVER], f->port[TF_SERVER]);
	} else {
		tf_put_lit(row, " | ");
		tf_put_str(t, f->subject != NULL ? f->subject : "");
	}
	put_plain_buf(row, t);
}

/* The row of F; returns where its sentence ends. */
static size_t
put_row(struct tf_buf *row, const struct tf_finding *f)
{
	size_t end;

	struct tf_buf t;

	tf_buf_init(&t, -1);
	tf_put_lit(row, "| ");
	tf_put_str(row, tf_severity_name(f->severity));
	tf_put_lit(row, " | `");
	tf_put_str(row, tf_anomaly_info(f->id)->id);
	tf_put_lit(row, "` | ");
	put_about_cell(row, &t, f);
	tf_put_lit(row, " | ");
	for (size_t i = 0; i < f->packet_count; i++) {
		tf_put_str(row, i > 0 ? ", " : "");
		tf_put_u64(row, f->packets[i]);
	}
	tf_put_lit(row, " | ");
	tf_put_message(&t, f);
	put_plain_buf(row, &t);
	end = row->len;
	tf_put_lit(row, " |\n");
	tf_buf_done(&t, row);
	return end;
}

static void
on_finding(struct markdown *m, const struct tf_finding *f)
{
	struct tf_buf *text = tf_shelf_row(&m->shelf, f);

	if (text == NULL)
		return;
	m->met[f->id] = true;
	m->row[m->row_count++] = (struct row){
	    .conn = f->conn,
	    .end = put_row(text, f),
	    .id = (uint8_t)f->id,
	    .endpoint = (uint8_t)f->endpoint,
	    .severity = (uint8_t)f->severity,
	};
}

/* Put SENTENCE behind that of ROW; the rows after it move. */
static void
put_into_row(struct markdown *m, const struct row *row, const struct tf_buf *sentence)
{
	struct tf_buf *text = &m->shelf.row[row->severity].text;
	size_t at = row->end, n = sentence->len;

	if (text->error != 0 || !tf_buf_room(text, n))
		return;
	memmove(text->data + at + n, text->data + at, text->len - at);
	memcpy(text->data + at, sentence->data, n);
	text->len += n;
	for (size_t i = 0; i < m->row_count; i++)
		if (m->row[i].severity == row->severity && m->row[i].end >= at)
			m->row[i].end += n;
}

static void
tell_ending(struct tf_output *o, uint64_t conn, const struct tf_ending *e)
{
	struct markdown *m = state_of(o);
	struct tf_buf plain, sentence;
	size_t i = 0;

	while (i < m->row_count &&
	       !(m->row[i].conn == conn && m->row[i].id == e->id && m->row[i].endpoint == e->endpoint))
		i++;
	if (i == m->row_count)
		return;
	tf_buf_init(&plain, -1);
	tf_buf_init(&sentence, -1);
	tf_put_ending(&plain, e);
	tf_put_char(&sentence, ' ');
	put_plain_buf(&sentence, &plain);
	if (sentence.error == 0)
		put_into_row(m, &m->row[i], &sentence);
	tf_buf_done(&plain, &o->out);
	tf_buf_done(&sentence, &o->out);
}

static void
event(struct tf_output *o, const struct tf_event *e)
{
	if (e->kind == TF_EV_FINDING)
		on_finding(state_of(o), e->finding);
	else if (e->kind == TF_EV_CONNECTION)
		for (size_t i = 0; i < e->connection->ending_count; i++)
			tell_ending(o, e->connection->conn, &e->connection->endings[i]);
}

/* ---- the report ------------------------------------------------------------------------------ */

static void
put_heading(struct tf_output *o)
{
	tf_put_lit(&o->out, "## TCP connections: ");
	tf_put_shelf_counts(&o->out, &state_of(o)->shelf);
	tf_put_lit(&o->out, "\n\n");
}

static void
put_totals(struct tf_output *o, const struct tf_summary *s)
{
	const struct markdown *m = state_of(o);
	struct tf_buf *b = &o->out;

	tf_put_plural(b, s->packets, "packet", "packets");
	tf_put_lit(b, ", ");
	tf_put_plural(b, s->connections, "connection", "connections");
	if (s->packets > 0) {
		tf_put_lit(b, " in ");
		tf_put_duration(b, s->last_ts_ns - s->first_ts_ns);
		tf_put_lit(b, ", from ");
		tf_put_utc(b, s->first_ts_ns, 0);
		tf_put_lit(b, " UTC");
	}
	if (m->sources.len > 0) {
		tf_put_lit(b, "; read from ");
		tf_put(b, m->sources.data, m->sources.len);
	}
	tf_put_lit(b, ".\n");
	if (s->input_error != NULL) {
		tf_put_lit(b, "\n**Not read to its end:** ");
		put_plain(b, s->input_error);
		tf_put_char(b, '\n');
	}
}

static const char *
mark_of(enum tf_outcome o)
{
	static const char *const marks[] = {
	    [TF_PASSED] = "passed",
	    [TF_FAILED] = "**failed**",
	    [TF_SKIPPED] = "skipped",
	    [TF_BROKEN] = "**broken**",
	};

	return marks[o];
}

static void
put_check_row(struct tf_buf *b, const struct tf_check *c)
{
	struct tf_buf t;

	tf_buf_init(&t, -1);
	tf_put_lit(b, "| ");
	tf_put_str(b, mark_of(c->outcome));
	tf_put_lit(b, " | ");
	tf_put_check_title(&t, c);
	put_plain_buf(b, &t);
	tf_put_lit(b, " | ");
	put_plain(b, c->message != NULL ? c->message : "");
	tf_put_lit(b, " |\n");
	tf_buf_done(&t, b);
}

/* TEXT as a block of code: indented, so that nothing in it ends the block. */
static void
put_code(struct tf_buf *b, const char *text)
{
	while (*text != '\0') {
		size_t n = strcspn(text, "\n");

		tf_put_lit(b, "    ");
		for (size_t i = 0; i < n; i++)
			tf_put_char(b, (unsigned char)text[i] < ' ' ? ' ' : text[i]);
		tf_put_char(b, '\n');
		text += n + (text[n] == '\n');
	}
}

static void
put_check_report(struct tf_buf *b, const struct tf_check *c)
{
	struct tf_buf t;

	if (c->outcome != TF_FAILED && c->outcome != TF_BROKEN)
		return;
	tf_buf_init(&t, -1);
	tf_put_check_title(&t, c);
	tf_put_lit(b, "\n**");
	put_plain_buf(b, &t);
	tf_put_lit(b, "**\n\n");
	tf_put_check_report(&t, c);
	tf_put_char(&t, '\0');
	if (t.error == 0)
		put_code(b, t.data);
	tf_buf_done(&t, b);
}

/* Append PART, which is freed. */
static void
put_part(struct tf_buf *b, struct tf_buf *part)
{
	if (part->len > 0)
		tf_put(b, part->data, part->len);
	tf_buf_done(part, b);
}

static void
put_checks(struct tf_output *o, const struct tf_verdict *v)
{
	struct tf_buf *b = &o->out, rows, reports;
	bool all_shown = true;

	if (v == NULL || !v->asked)
		return;
	tf_buf_init(&rows, -1);
	tf_buf_init(&reports, -1);
	tf_put_lit(b, "\nChecks: ");
	tf_put_grouped(b, v->failed);
	tf_put_lit(b, " of ");
	tf_put_grouped(b, v->count - 1);
	tf_put_lit(b, " failed.\n\n| Outcome | Check | What came of it |\n| --- | --- | --- |\n");
	for (size_t i = 0; i < v->count; i++) {
		bool is_shown = i < MOST_CHECKS && rows.len < MOST_CHECK_OCTETS;

		if (v->checks[i].kind == TF_CHECK_INPUT && v->checks[i].outcome == TF_PASSED)
			continue;
		if (is_shown)
			put_check_row(&rows, &v->checks[i]);
		if (reports.len < MOST_REPORTS)
			put_check_report(&reports, &v->checks[i]);
		all_shown = all_shown && is_shown && reports.len < MOST_REPORTS;
	}
	put_part(b, &rows);
	put_part(b, &reports);
	if (!all_shown)
		tf_put_lit(b, "\nNot all checks are shown here.\n");
}

static void
put_table(struct tf_output *o)
{
	const struct markdown *m = state_of(o);
	uint64_t left = 0;
	bool any = false;

	for (unsigned i = TF_SEVERITY_COUNT; i-- > 0;) {
		const struct tf_buf *text = &m->shelf.row[i].text;

		left += m->shelf.row[i].left;
		if (text->len == 0)
			continue;
		if (!any)
			tf_put_lit(&o->out,
			           "\n| Severity | Finding | No. | Connection | Packets | What happened |\n"
			           "| --- | --- | --- | --- | --- | --- |\n");
		any = true;
		tf_put(&o->out, text->data, text->len);
	}
	if (left > 0) {
		tf_put_char(&o->out, '\n');
		tf_put_plural(&o->out, left, "more finding is", "more findings are");
		tf_put_lit(&o->out, " not shown here.\n");
	}
}

static void
put_baseline(struct tf_buf *b, const struct tf_baseline_summary *baseline)
{
	struct tf_buf gone;
	size_t i = 0;

	if (baseline == NULL)
		return;
	tf_put_lit(b, "\nAgainst the baseline ");
	put_plain(b, baseline->file);
	tf_put_lit(b, ": ");
	tf_put_grouped(b, baseline->known);
	tf_put_lit(b, " known, ");
	tf_put_grouped(b, baseline->news);
	tf_put_str(b, baseline->gone_count > 0 ? " new; gone are:\n\n" : " new, none gone.\n");
	tf_buf_init(&gone, -1);
	for (; i < baseline->gone_count && i < MOST_GONE && gone.len < MOST_GONE_OCTETS; i++) {
		tf_put_lit(&gone, "- ");
		tf_put_grouped(&gone, baseline->gone[i].count);
		tf_put_lit(&gone, " × ");
		put_plain(&gone, baseline->gone[i].identity);
		tf_put_char(&gone, '\n');
	}
	put_part(b, &gone);
	if (i < baseline->gone_count)
		tf_put_lit(b, "- and more\n");
}

/* The catalogue's texts are Markdown: commands stand in back-quotes. */
static void
put_meanings(struct tf_output *o)
{
	const struct markdown *m = state_of(o);
	struct tf_buf *b = &o->out;
	bool any = false;

	for (unsigned id = 0; id < TF_ANOMALY_COUNT; id++) {
		const struct tf_anomaly_info *info = tf_anomaly_info((enum tf_anomaly)id);

		if (!m->met[id])
			continue;
		if (!any)
			tf_put_lit(b, "\n<details><summary>What these findings mean</summary>\n");
		any = true;
		tf_put_lit(b, "\n**");
		tf_put_str(b, info->title);
		tf_put_lit(b, "** (`");
		tf_put_str(b, info->id);
		tf_put_lit(b, "`). ");
		tf_put_str(b, info->why);
		tf_put_lit(b, "\n\nNext: ");
		tf_put_str(b, info->look);
		tf_put_char(b, '\n');
	}
	if (any)
		tf_put_lit(b, "\n</details>\n");
}

static void
begin(struct tf_output *o)
{
	struct markdown *m = state_of(o);

	tf_shelf_init(&m->shelf, MOST_ROWS, MOST_OCTETS);
	tf_buf_init(&m->sources, -1);
}

static void
capture(struct tf_output *o, const struct tf_capture_info *info)
{
	struct markdown *m = state_of(o);

	if (++m->source_count > 3)
		return;
	if (m->source_count > 1)
		tf_put_lit(&m->sources, ", ");
	put_plain(&m->sources, strcmp(info->source, "-") == 0 ? "standard input" : info->source);
}

static void
finish(struct tf_output *o, const struct tf_summary *s)
{
	struct markdown *m = state_of(o);

	if (m->source_count > 3)
		tf_put_lit(&m->sources, " and others");
	put_heading(o);
	put_totals(o, s);
	put_checks(o, s->verdict);
	put_table(o);
	put_baseline(&o->out, s->baseline);
	put_meanings(o);
	if (tf_shelf_error(&m->shelf) != 0 || m->sources.error != 0)
		tf_output_no_memory(o);
}

static void
free_state(struct tf_output *o)
{
	tf_shelf_fini(&state_of(o)->shelf);
	tf_buf_fini(&state_of(o)->sources);
}

static unsigned
wanted(const struct tf_output_options *options)
{
	(void)options;
	return TF_EV_FINDING | TF_EV_BRIEF;
}

const struct tf_writer tf_markdown_writer = {
    .format = {"markdown", "a table of findings, for the summary of a job"},
    .state_size = sizeof(struct markdown),
    .wanted = wanted,
    .begin = begin,
    .capture = capture,
    .event = event,
    .finish = finish,
    .free = free_state,
};
