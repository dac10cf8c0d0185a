/*
 * Annotations of GitHub Actions: workflow commands on standard output,
 *
 *   ::warning file=a.pcap,title=stuck-close-wait%3A ...::10.0.0.1:40000 -> 10.0.0.2:80: ...
 *
 * checks that failed first, then findings, the worst first, since GitHub
 * shows the first ten of a kind in a step.
 * Findings that the baseline knows are no news and only counted.  In a
 * message '%', CR and LF are written as %XX, in a property ':' and ',' too.
 */
#include "checks.h"
#include "message.h"
#include "shelf.h"
#include "style.h"
#include "writer.h"

enum {
	MOST_ROWS = 50, /* of a severity */
	MOST_OCTETS = 1 << 18,
};

struct github {
	struct tf_shelf shelf;
	struct tf_buf source; /* the first input's name; empty: it is no file */
	bool begun;           /* source was set */
};

static struct github *
state_of(const struct tf_output *o)
{
	return o->state;
}

static const char *
command_of(enum tf_severity s)
{
	return s == TF_ERROR ? "error" : s == TF_WARNING ? "warning" : "notice";
}

/* What stands for C where it would end a message, or a property, or is a control character; else NULL. */
static const char *
escape_of(char c, bool property)
{
	if (c == '%')
		return "%25";
	if (c == '\n')
		return "%0A";
	if (c == '\r')
		return "%0D";
	if (property && c == ':')
		return "%3A";
	if (property && c == ',')
		return "%2C";
	return (unsigned char)c < ' ' || c == 0x7f ? "?" : NULL;
}

static void
put_escaped(struct tf_buf *b, const char *text, bool property)
{
	while (*text != '\0') {
		const char *instead = escape_of(*text, property);

		if (instead != NULL) {
			tf_put_str(b, instead);
			text++;
		} else {
			text += tf_put_utf8(b, text);
		}
	}
}

/* The same of what T holds; T is empty afterwards. */
static void
put_escaped_buf(struct tf_buf *b, struct tf_buf *t, bool property)
{
	tf_put_char(t, '\0');
	if (t->error == 0)
		put_escaped(b, t->data, property);
	t->len = 0;
}

/* "10.0.0.1:40000 -> 10.0.0.2:80 (connection 3): ", or the subject. */
static void
put_about(struct tf_buf *t, const struct tf_finding *f)
{
	if (f->ends_known) {
		tf_put_addr_port(t, &f->addr[TF_CLIENT], f->port[TF_CLIENT]);
		tf_put_lit(t, " -> ");
		tf_put_addr_port(t, &f->addr[TF_SERVER], f->port[TF_SERVER]);
		tf_put_lit(t, " (connection ");
		tf_put_u64(t, f->conn);
		tf_put_lit(t, "): ");
	} else if (f->subject != NULL) {
		tf_put_clean(t, f->subject);
		tf_put_lit(t, ": ");
	}
}

static void
put_evidence(struct tf_buf *t, const struct tf_finding *f)
{
	tf_put_lit(t, " [");
	if (f->packet_count > 0) {
		tf_put_str(t, f->packet_count == 1 ? "packet " : "packets ");
		tf_put_number_list(t, f->packets, f->packet_count);
		tf_put_lit(t, "; ");
	}
	tf_put_str(t, tf_anomaly_info(f->id)->reference);
	tf_put_char(t, ']');
}

/* "::warning file=a.pcap,title=ID%3A TITLE::" */
static void
put_command(struct tf_buf *b, const struct github *g, const struct tf_finding *f, struct tf_buf *t)
{
	tf_put_lit(b, "::");
	tf_put_str(b, command_of(f->severity));
	tf_put_char(b, ' ');
	if (g->source.len > 0) {
		tf_put_lit(b, "file=");
		tf_put(b, g->source.data, g->source.len);
		tf_put_char(b, ',');
	}
	tf_put_lit(b, "title=");
	tf_put_str(t, tf_anomaly_info(f->id)->id);
	tf_put_lit(t, ": ");
	tf_put_str(t, tf_anomaly_info(f->id)->title);
	put_escaped_buf(b, t, true);
	tf_put_lit(b, "::");
}

static void
event(struct tf_output *o, const struct tf_event *e)
{
	struct github *g = state_of(o);
	const struct tf_finding *f = e->finding;
	struct tf_buf *row = tf_shelf_row(&g->shelf, f), t;

	if (row == NULL)
		return;
	tf_buf_init(&t, -1);
	put_command(row, g, f, &t);
	put_about(&t, f);
	tf_put_message(&t, f);
	put_evidence(&t, f);
	put_escaped_buf(row, &t, false);
	tf_put_char(row, '\n');
	tf_buf_done(&t, &o->out);
}

static void
begin(struct tf_output *o)
{
	struct github *g = state_of(o);

	tf_shelf_init(&g->shelf, MOST_ROWS, MOST_OCTETS);
	tf_buf_init(&g->source, -1);
}

static void
capture(struct tf_output *o, const struct tf_capture_info *info)
{
	struct github *g = state_of(o);

	if (!g->begun && !o->options.streaming && strcmp(info->source, "-") != 0)
		put_escaped(&g->source, info->source, true);
	g->begun = true;
}

/* Checks that did not pass, before all findings: they are why the step is red. */
static void
put_checks(struct tf_output *o, const struct tf_verdict *v)
{
	struct tf_buf *b = &o->out, t;
	unsigned rows = 0;

	tf_buf_init(&t, -1);
	for (size_t i = 0; v != NULL && i < v->count && rows < MOST_ROWS; i++) {
		const struct tf_check *c = &v->checks[i];

		if (c->kind == TF_CHECK_INPUT || (c->outcome != TF_FAILED && c->outcome != TF_BROKEN))
			continue;
		rows++;
		tf_put_lit(b, "::error ");
		if (c->file != NULL) {
			tf_put_lit(b, "file=");
			put_escaped(b, c->file, true);
			tf_put_lit(b, ",line=");
			tf_put_u64(b, c->line);
			tf_put_lit(b, ",col=");
			tf_put_u64(b, c->column);
			tf_put_char(b, ',');
		}
		tf_put_lit(b, "title=");
		tf_put_check_title(&t, c);
		put_escaped_buf(b, &t, true);
		tf_put_lit(b, "::");
		tf_put_check_report(&t, c);
		put_escaped_buf(b, &t, false);
		tf_put_char(b, '\n');
	}
	tf_buf_done(&t, b);
}

static void
put_gone(struct tf_buf *b, const struct tf_baseline_summary *baseline)
{
	size_t most = baseline->gone_count < MOST_ROWS ? baseline->gone_count : MOST_ROWS;

	for (size_t i = 0; i < most; i++) {
		tf_put_lit(b, "::notice title=gone from the baseline::");
		put_escaped(b, baseline->gone[i].identity, false);
		tf_put_lit(b, " (");
		tf_put_u64(b, baseline->gone[i].count);
		tf_put_lit(b, ")\n");
	}
}

/* One line that is always there: a step without annotations shall say that it ran. */
static void
put_totals(struct tf_output *o, const struct tf_summary *s)
{
	const struct github *g = state_of(o);
	struct tf_buf *b = &o->out;
	uint64_t left = 0;

	for (unsigned i = 0; i < TF_SEVERITY_COUNT; i++)
		left += g->shelf.row[i].left;
	tf_put_lit(b, "::notice title=tcpfsm::");
	tf_put_plural(b, s->packets, "packet", "packets");
	tf_put_lit(b, ", ");
	tf_put_plural(b, s->connections, "connection", "connections");
	tf_put_lit(b, "; findings: ");
	tf_put_shelf_counts(b, &g->shelf);
	if (g->shelf.known > 0) {
		tf_put_lit(b, "; known: ");
		tf_put_grouped(b, g->shelf.known);
	}
	if (s->verdict != NULL && s->verdict->asked) {
		tf_put_lit(b, "; checks failed: ");
		tf_put_grouped(b, s->verdict->failed);
		tf_put_lit(b, " of ");
		tf_put_grouped(b, s->verdict->count - 1);
	}
	if (left > 0) {
		tf_put_lit(b, "; without an annotation: ");
		tf_put_grouped(b, left);
	}
	tf_put_char(b, '\n');
}

static void
finish(struct tf_output *o, const struct tf_summary *s)
{
	struct github *g = state_of(o);

	if (s->input_error != NULL) {
		tf_put_lit(&o->out, "::error title=tcpfsm::The input was not read to its end: ");
		put_escaped(&o->out, s->input_error, false);
		tf_put_char(&o->out, '\n');
	}
	put_checks(o, s->verdict);
	for (unsigned i = TF_SEVERITY_COUNT; i-- > 0;)
		if (g->shelf.row[i].text.len > 0)
			tf_put(&o->out, g->shelf.row[i].text.data, g->shelf.row[i].text.len);
	if (s->baseline != NULL)
		put_gone(&o->out, s->baseline);
	put_totals(o, s);
	if (tf_shelf_error(&g->shelf) != 0 || g->source.error != 0)
		tf_output_no_memory(o);
}

static void
free_state(struct tf_output *o)
{
	tf_shelf_fini(&state_of(o)->shelf);
	tf_buf_fini(&state_of(o)->source);
}

static unsigned
wanted(const struct tf_output_options *options)
{
	(void)options;
	return TF_EV_FINDING;
}

const struct tf_writer tf_github_writer = {
    .format = {"github", "annotations of GitHub Actions"},
    .state_size = sizeof(struct github),
    .wanted = wanted,
    .begin = begin,
    .capture = capture,
    .event = event,
    .finish = finish,
    .free = free_state,
};
