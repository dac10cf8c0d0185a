/*
 * The end of the text: a summary that fits one screen.  Long lists are cut
 * and say so.  It counts everything that was analysed, whatever the filter
 * showed.
 */
#include "style.h"
#include "text.h"

#define MOST_STATES   5  /* rows of last states */
#define MOST_FINDINGS 8  /* rows of findings */
#define TITLE_COLUMNS 40 /* a title that is longer may go on in the next line */
#define INDENT        2

/* LABEL, then words wrapped under it. */
static void
put_paragraph(struct tf_output *o, const char *label, struct tf_buf *text)
{
	size_t at = INDENT + strlen(label);

	tf_put_fill(&o->out, ' ', INDENT);
	tf_put_str(&o->out, label);
	tf_put_wrapped_buf(&o->out, text, at, INDENT + 4, o->options.width);
	tf_put_char(&o->out, '\n');
	tf_buf_fini(text);
}

/* ", from 2023-11-14 22:13:20 to 22:13:22 UTC" */
static void
put_span(struct tf_buf *text, const struct tf_summary *s)
{
	int64_t day = INT64_C(86400) * 1000000000;

	tf_put_lit(text, ", from ");
	tf_put_utc(text, s->first_ts_ns, 0);
	tf_put_lit(text, " to ");
	if (s->first_ts_ns / day == s->last_ts_ns / day)
		tf_put_utc_time(text, s->last_ts_ns, 0);
	else
		tf_put_utc(text, s->last_ts_ns, 0);
	tf_put_lit(text, " UTC");
}

static void
put_totals(struct tf_output *o, const struct tf_summary *s)
{
	struct tf_buf text;

	tf_buf_init(&text, -1);
	tf_put_plural(&text, s->packets, "packet, ", "packets, ");
	tf_put_plural(&text, s->tcp_segments, "TCP segment, ", "TCP segments, ");
	tf_put_plural(&text, s->connections, "connection", "connections");
	if (s->packets > 0) {
		tf_put_lit(&text, " in ");
		tf_put_duration(&text, s->last_ts_ns - s->first_ts_ns);
		put_span(&text, s);
	}
	put_paragraph(o, "", &text);
}

static void
put_shown(struct tf_output *o, const struct tf_text *t)
{
	struct tf_buf text;

	if (!tf_filter_set(&o->options.filter))
		return;
	tf_buf_init(&text, -1);
	tf_put_grouped(&text, t->shown);
	tf_put_lit(&text, " of ");
	tf_put_grouped(&text, t->connections);
	tf_put_lit(&text, " (the rest of this summary is about all of them)");
	put_paragraph(o, "Shown: ", &text);
}

/* The commonest pair not yet taken; false where none is left. */
static bool
take_commonest(uint64_t pairs[TF_STATE_COUNT][TF_STATE_COUNT], unsigned *client, unsigned *server,
               uint64_t *count)
{
	*count = 0;
	for (unsigned c = 0; c < TF_STATE_COUNT; c++) {
		for (unsigned s = 0; s < TF_STATE_COUNT; s++) {
			if (pairs[c][s] > *count) {
				*count = pairs[c][s];
				*client = c;
				*server = s;
			}
		}
	}
	if (*count > 0)
		pairs[*client][*server] = 0;
	return *count > 0;
}

/* In a column of twelve. */
static void
put_count(struct tf_buf *b, uint64_t n)
{
	struct tf_buf text;

	tf_buf_init(&text, -1);
	tf_put_grouped(&text, n);
	tf_put_fill(b, ' ', text.len < 12 ? 12 - text.len : 0);
	tf_put(b, text.data, text.len);
	tf_buf_done(&text, b);
}

static void
put_state_row(struct tf_output *o, unsigned client, unsigned server, uint64_t count)
{
	struct tf_buf *b = &o->out;

	put_count(b, count);
	tf_put_lit(b, "  ");
	tf_put_state(b, &o->options, (enum tf_state)client);
	tf_put_lit(b, " / ");
	tf_put_state(b, &o->options, (enum tf_state)server);
	tf_put_char(b, '\n');
}

static void
put_last_states(struct tf_output *o, const struct tf_text *t)
{
	uint64_t pairs[TF_STATE_COUNT][TF_STATE_COUNT], count, others = 0;
	unsigned client = 0, server = 0;

	if (t->connections == 0)
		return;
	memcpy(pairs, t->last_states, sizeof pairs);
	tf_put_lit(&o->out, "  Last states, client / server:\n");
	for (unsigned rows = 0; take_commonest(pairs, &client, &server, &count); rows++) {
		if (rows < MOST_STATES)
			put_state_row(o, client, server, count);
		else
			others += count;
	}
	if (others > 0) {
		put_count(&o->out, others);
		tf_put_lit(&o->out, "  in other states\n");
	}
}

static uint64_t
findings_of(const struct tf_text *t, enum tf_severity severity)
{
	uint64_t sum = 0;

	for (unsigned id = 0; id < TF_ANOMALY_COUNT; id++)
		sum += t->findings[id][severity];
	return sum;
}

/* "2 errors, 1 warning"; false where there is nothing. */
static bool
put_severities(struct tf_buf *text, const struct tf_text *t)
{
	static const char *const many[TF_SEVERITY_COUNT] = {"info", "notices", "warnings", "errors"};
	bool any = false;

	for (unsigned s = TF_SEVERITY_COUNT; s-- > 0;) {
		uint64_t n = findings_of(t, (enum tf_severity)s);

		if (n == 0)
			continue;
		if (any)
			tf_put_lit(text, ", ");
		tf_put_plural(text, n, tf_severity_name((enum tf_severity)s), many[s]);
		any = true;
	}
	return any;
}

static void
put_finding_row(struct tf_output *o, enum tf_severity severity, enum tf_anomaly id, uint64_t count,
                size_t columns)
{
	const struct tf_anomaly_info *info = tf_anomaly_info(id);
	struct tf_buf *b = &o->out;
	size_t used = 12 + 2 + 7 + 2 + columns + 2, title = strlen(info->title);

	put_count(b, count);
	tf_put_lit(b, "  ");
	tf_put_severity(b, &o->options, severity);
	tf_put_lit(b, "  ");
	/* On a narrow screen the rows matter more than what they mean. */
	if (used + (title < TITLE_COLUMNS ? title : TITLE_COLUMNS) > o->options.width) {
		tf_put_str(b, info->id);
	} else {
		tf_put_padded(b, info->id, columns);
		tf_put_lit(b, "  ");
		tf_put_wrapped(b, info->title, used, used + 2, o->options.width);
	}
	tf_put_char(b, '\n');
}

/* Columns of the longest id that has a row. */
static size_t
id_columns(const struct tf_text *t)
{
	size_t columns = 0;
	unsigned rows = 0;

	for (unsigned s = TF_SEVERITY_COUNT; s-- > 0;) {
		for (unsigned id = 0; id < TF_ANOMALY_COUNT; id++) {
			size_t n = strlen(tf_anomaly_info((enum tf_anomaly)id)->id);

			if (t->findings[id][s] > 0 && rows++ < MOST_FINDINGS && n > columns)
				columns = n;
		}
	}
	return columns;
}

static void
put_finding_rows(struct tf_output *o, const struct tf_text *t)
{
	size_t columns = id_columns(t);
	unsigned rows = 0, left_out = 0;

	for (unsigned s = TF_SEVERITY_COUNT; s-- > 0;) {
		for (unsigned id = 0; id < TF_ANOMALY_COUNT; id++) {
			if (t->findings[id][s] == 0)
				continue;
			if (rows++ < MOST_FINDINGS)
				put_finding_row(o, (enum tf_severity)s, (enum tf_anomaly)id,
				                t->findings[id][s], columns);
			else
				left_out++;
		}
	}
	if (left_out > 0) {
		tf_put_fill(&o->out, ' ', 14);
		tf_put_plural(&o->out, left_out, "more kind of finding\n", "more kinds of findings\n");
	}
}

static void
put_findings(struct tf_output *o, const struct tf_text *t)
{
	struct tf_buf text;

	tf_buf_init(&text, -1);
	if (!put_severities(&text, t))
		tf_put_lit(&text, "none");
	put_paragraph(o, "Findings: ", &text);
	put_finding_rows(o, t);
}

static void
put_skipped(struct tf_output *o, const struct tf_summary *s)
{
	struct tf_buf text;
	bool any = false;

	tf_buf_init(&text, -1);
	for (size_t i = 0; i < s->skipped_count; i++) {
		const struct tf_skipped *skipped = &s->skipped[i];

		if (skipped->count == 0)
			continue;
		if (any)
			tf_put_lit(&text, "; ");
		tf_put_grouped(&text, skipped->count);
		tf_put_char(&text, ' ');
		tf_put_str(&text, skipped->what != NULL ? skipped->what : skipped->name);
		any = true;
	}
	if (any)
		put_paragraph(o, "Frames left out: ", &text);
	tf_buf_done(&text, &o->out);
}

static void
put_reason(struct tf_buf *text, uint64_t n, const char *one, const char *many)
{
	if (n == 0)
		return;
	if (text->len > 0)
		tf_put_lit(text, "; ");
	tf_put_plural(text, n, one, many);
}

/* How many frames were left out for the reason called NAME. */
static uint64_t
skipped_for(const struct tf_summary *s, const char *name)
{
	for (size_t i = 0; i < s->skipped_count; i++)
		if (strcmp(s->skipped[i].name, name) == 0)
			return s->skipped[i].count;
	return 0;
}

void
tf_put_capture_verdict(struct tf_buf *text, const struct tf_summary *s)
{
	if (s->input_error != NULL) {
		tf_put_lit(text, "not read to its end: ");
		tf_put_clean(text, s->input_error);
	}
	put_reason(text, s->dropped_by_kernel > 0 ? (uint64_t)s->dropped_by_kernel : 0,
	           "packet was dropped by the capturing host", "packets were dropped by the capturing host");
	put_reason(text, s->with_gaps, "connection has gaps that the capture made",
	           "connections have gaps that the capture made");
	put_reason(text, skipped_for(s, "truncated"), "frame ends before its headers do",
	           "frames end before their headers do");
	if (s->anomalies[TF_A_SNAP_LENGTH] > 0 && skipped_for(s, "truncated") == 0)
		tf_put_str(text, text->len > 0 ? "; packets are cut short" : "packets are cut short");
	put_reason(text, s->duplicate_frames, "frame was captured twice", "frames were captured twice");
	put_reason(text, s->bad_checksums, "segment has a wrong checksum", "segments have wrong checksums");
	if (s->anomalies[TF_A_ONE_WAY] == 0)
		put_reason(text, s->one_way, "connection passed in one direction only",
		           "connections passed in one direction only");
	put_reason(text, s->time_backwards, "segment has an earlier time than one before it",
	           "segments have earlier times than one before them");
	put_reason(text, s->evicted, "connection was forgotten for want of room",
	           "connections were forgotten for want of room");
	if (s->anomalies[TF_A_EVICTED] > 0 && s->evicted == 0)
		tf_put_str(text, text->len > 0 ? "; not all that is unusual could be noted"
		                               : "not all that is unusual could be noted");
	if (text->len == 0 && s->anomalies[TF_A_ONE_WAY] == 0)
		tf_put_str(text, s->packets == 0 ? "it holds no packets"
		                                 : "nothing shows that anything is missing");
	if (s->anomalies[TF_A_ONE_WAY] > 0) {
		tf_put_str(text, text->len > 0 ? "; " : "");
		tf_put_lit(text, "one direction of the traffic is missing");
	}
	tf_put_char(text, '.');
}

static void
put_verdict(struct tf_output *o, const struct tf_summary *s)
{
	struct tf_buf text;

	tf_buf_init(&text, -1);
	tf_put_capture_verdict(&text, s);
	put_paragraph(o, "The capture: ", &text);
}

static void
put_gone(struct tf_output *o, const struct tf_baseline_summary *b)
{
	for (size_t i = 0; i < b->gone_count && i < MOST_FINDINGS; i++) {
		tf_put_lit(&o->out, "    gone ");
		tf_put_u64_right(&o->out, b->gone[i].count, 5);
		tf_put_lit(&o->out, "  ");
		tf_put_clean(&o->out, b->gone[i].identity);
		tf_put_char(&o->out, '\n');
	}
	if (b->gone_count > MOST_FINDINGS) {
		tf_put_fill(&o->out, ' ', 16);
		tf_put_plural(&o->out, b->gone_count - MOST_FINDINGS, "more is gone\n", "more are gone\n");
	}
}

/* This run against the baseline, and what of it did not come again. */
static void
put_baseline(struct tf_output *o, const struct tf_baseline_summary *b)
{
	uint64_t gone = 0;
	struct tf_buf text;

	if (b == NULL)
		return;
	for (size_t i = 0; i < b->gone_count; i++)
		gone += b->gone[i].count;
	tf_buf_init(&text, -1);
	tf_put_grouped(&text, b->known);
	tf_put_lit(&text, " known, ");
	tf_put_grouped(&text, b->news);
	tf_put_lit(&text, " new, ");
	tf_put_grouped(&text, gone);
	tf_put_lit(&text, " gone (");
	tf_put_clean(&text, b->file);
	tf_put_lit(&text, ").");
	put_paragraph(o, "Against the baseline: ", &text);
	put_gone(o, b);
}

/* Do the capture's own faults come before all else? */
static bool
matters(const struct tf_summary *s)
{
	return s->input_error != NULL || s->anomalies[TF_A_KERNEL_DROPS] > 0 ||
	       s->anomalies[TF_A_ONE_WAY] > 0 || s->anomalies[TF_A_EVICTED] > 0;
}

/* How transitions are to be read. */
static void
put_legend(struct tf_output *o)
{
	tf_put_lit(&o->out, "  ");
	tf_put_wrapped(
	    &o->out,
	    "A transition is observed (this end sent the segment), presumed (the segment passed "
	    "towards this end), inferred (it must have happened unseen), timer (a limit ran out) or "
	    "retracted (an earlier one did not happen after all). States behind \"or\" remain "
	    "possible. Numbers such as 3.10.7.4 are sections of RFC 9293.",
	    2, 2, o->options.width);
	tf_put_char(&o->out, '\n');
}

void
tf_text_summary(struct tf_output *o, const struct tf_summary *s)
{
	const struct tf_text *t = o->state;
	uint64_t findings = 0;

	tf_color_on(&o->out, &o->options, TF_COLOR_BOLD);
	tf_put_lit(&o->out, "Summary");
	tf_color_off(&o->out, &o->options);
	tf_put_char(&o->out, '\n');
	if (matters(s))
		put_verdict(o, s);
	put_totals(o, s);
	put_shown(o, t);
	put_last_states(o, t);
	put_findings(o, t);
	put_baseline(o, s->baseline);
	put_skipped(o, s);
	if (!matters(s))
		put_verdict(o, s);
	for (unsigned severity = 0; severity < TF_SEVERITY_COUNT; severity++)
		findings += findings_of(t, (enum tf_severity)severity);
	if (o->options.verbosity > 0)
		put_legend(o);
	if (findings > 0)
		tf_put_lit(&o->out, "  tcpfsm --explain=ID says more about a kind of finding.\n");
	if (s->verdict != NULL && s->verdict->asked)
		tf_text_checks(o, s->verdict);
}
