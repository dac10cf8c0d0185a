/*
 * The arrays of the page's data: see report.h.  data.js reads them.
 */
#include "output/checks.h"
#include "output/html/report.h"
#include "output/lines.h"
#include "output/message.h"
#include "output/style.h"
#include "output/text.h"

static struct tf_buf *
line_of(struct tf_output *o)
{
	struct tf_report *r = o->state;

	return &r->line;
}

void
tf_report_end_line(struct tf_output *o)
{
	struct tf_buf *line = line_of(o);
	const char *p = line->data, *end = line->data + line->len, *less;

	for (; p < end && (less = memchr(p, '<', (size_t)(end - p))) != NULL; p = less + 1) {
		tf_put(&o->out, p, (size_t)(less - p));
		tf_put_lit(&o->out, "\\u003c");
	}
	if (p < end)
		tf_put(&o->out, p, (size_t)(end - p));
	tf_put_lit(&o->out, ",\n");
	if (line->error != 0)
		tf_output_no_memory(o);
	line->len = 0;
}

int64_t
tf_report_units(const struct tf_output *o, int64_t ns)
{
	return o->decimals == 9 ? ns : ns / 1000;
}

static void
put_signed(struct tf_buf *b, int64_t v)
{
	if (v < 0)
		tf_put_char(b, '-');
	tf_put_u64(b, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

void
tf_report_time(struct tf_output *o, int64_t ts_ns)
{
	put_signed(line_of(o), tf_report_since(o, ts_ns));
}

/* TEXT as a string; it is freed. */
static void
put_text(struct tf_buf *b, struct tf_buf *text)
{
	tf_put_char(text, '\0');
	tf_put_json_string(b, text->error == 0 ? text->data : NULL);
	tf_buf_done(text, b);
}

static void
put_number(struct tf_buf *b, int64_t v)
{
	tf_put_char(b, ',');
	put_signed(b, v);
}

void
tf_report_input(struct tf_output *o, const struct tf_capture_info *info)
{
	struct tf_buf *b = line_of(o);

	tf_put_lit(b, "[\"i\",");
	tf_put_json_string(b, info->source);
	tf_put_char(b, ',');
	tf_put_json_string(b, info->linktype);
	tf_put_char(b, ']');
	tf_report_end_line(o);
}

static void
put_address(struct tf_buf *b, const struct tf_addr *addr)
{
	tf_put_char(b, '"');
	tf_put_addr(b, addr);
	tf_put_char(b, '"');
}

void
tf_report_name(struct tf_output *o, const struct tf_addr *addr)
{
	const struct tf_output_options *options = &o->options;
	const char *name = options->lookup != NULL ? options->lookup(options->lookup_context, addr) : NULL;
	struct tf_buf *b = line_of(o), text;

	if (name == NULL)
		return;
	tf_put_lit(b, "[\"n\",");
	put_address(b, addr);
	tf_put_char(b, ',');
	tf_buf_init(&text, -1);
	tf_put_clean(&text, name);
	put_text(b, &text);
	tf_put_char(b, ']');
	tf_report_end_line(o);
}

static void
put_list(struct tf_buf *b, const uint64_t *v, size_t count)
{
	tf_put_lit(b, ",[");
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			tf_put_char(b, ',');
		tf_put_u64(b, v[i]);
	}
	tf_put_char(b, ']');
}

static const char *const baseline_words[] = {
    [TF_BASELINE_NONE] = NULL, [TF_BASELINE_KNOWN] = "known", [TF_BASELINE_NEW] = "new"};

void
tf_report_finding(struct tf_output *o, const struct tf_finding *f)
{
	struct tf_buf *b = line_of(o), message;
	size_t conns = f->conn_count < TF_REPORT_CONNS ? f->conn_count : TF_REPORT_CONNS;

	tf_put_lit(b, "[\"f\",");
	tf_put_u64(b, f->id);
	put_number(b, f->severity);
	put_number(b, (int64_t)f->conn);
	put_number(b, f->endpoint);
	tf_put_char(b, ',');
	tf_report_time(o, f->ts_ns);
	put_list(b, f->packets, f->packet_count);
	tf_put_char(b, ',');
	tf_buf_init(&message, -1);
	tf_put_message(&message, f);
	put_text(b, &message);
	tf_put_char(b, ',');
	tf_put_json_string(b, f->subject);
	put_list(b, f->conns, conns);
	put_number(b, (int64_t)f->conn_count);
	tf_put_char(b, ',');
	tf_put_json_string(b, baseline_words[f->baseline]);
	tf_put_char(b, ']');
	tf_report_end_line(o);
}

/* It follows its finding, and is known by what that one is about. */
void
tf_report_ending(struct tf_output *o, uint64_t conn, const struct tf_ending *e)
{
	struct tf_buf *b = line_of(o), sentence;

	tf_put_lit(b, "[\"e\",");
	tf_put_u64(b, e->id);
	put_number(b, (int64_t)conn);
	put_number(b, e->endpoint);
	tf_put_char(b, ',');
	tf_buf_init(&sentence, -1);
	tf_put_ending(&sentence, e);
	put_text(b, &sentence);
	tf_put_char(b, ']');
	tf_report_end_line(o);
}

void
tf_report_host(struct tf_output *o, const struct tf_addr *addr, const struct tf_detail *isn, size_t count)
{
	struct tf_buf *b = line_of(o);

	tf_report_name(o, addr);
	tf_put_lit(b, "[\"h\",");
	put_address(b, addr);
	tf_put_lit(b, ",{");
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			tf_put_char(b, ',');
		tf_put_json_string(b, isn[i].name);
		tf_put_char(b, ':');
		tf_put_detail_json(b, &isn[i], o->decimals);
	}
	tf_put_lit(b, "}]");
	tf_report_end_line(o);
}

/* ---- checks ---------------------------------------------------------------------------------- */

static void
put_offence(struct tf_buf *b, const struct tf_offence *offence)
{
	struct tf_buf text;

	tf_put_char(b, '[');
	put_signed(b, (int64_t)offence->conn);
	tf_put_char(b, ',');
	tf_buf_init(&text, -1);
	tf_put_offence(&text, offence);
	put_text(b, &text);
	tf_put_char(b, ']');
}

static void
put_check(struct tf_output *o, const struct tf_check *c)
{
	struct tf_buf *b = line_of(o), title;

	tf_put_lit(b, "[\"k\"");
	put_number(b, c->outcome);
	tf_put_char(b, ',');
	tf_buf_init(&title, -1);
	tf_put_check_title(&title, c);
	put_text(b, &title);
	tf_put_char(b, ',');
	tf_put_json_string(b, c->message);
	tf_put_lit(b, ",[");
	for (size_t i = 0; i < c->offence_count; i++) {
		tf_put_str(b, i > 0 ? "," : "");
		put_offence(b, &c->offences[i]);
	}
	tf_put_char(b, ']');
	put_number(b, (int64_t)c->more_offences);
	tf_put_char(b, ']');
	tf_report_end_line(o);
}

/* That the input was read to its end stands in the summary. */
void
tf_report_checks(struct tf_output *o, const struct tf_verdict *v)
{
	size_t listed = 0;

	for (int passed = 0; passed <= 1; passed++)
		for (size_t i = 0; i < v->count && listed < TF_REPORT_CHECKS; i++) {
			const struct tf_check *c = &v->checks[i];
			if (c->kind == TF_CHECK_INPUT || (c->outcome == TF_PASSED) != (passed == 1))
				continue;
			put_check(o, c);
			listed++;
		}
}

/* ---- what is said at the end ---------------------------------------------------------------- */

/* `,"name":` */
static void
put_key(struct tf_buf *b, const char *name)
{
	tf_put_lit(b, ",\"");
	tf_put_str(b, name);
	tf_put_lit(b, "\":");
}

static void
put_count(struct tf_buf *b, const char *name, uint64_t v)
{
	put_key(b, name);
	tf_put_u64(b, v);
}

static void
put_string(struct tf_buf *b, const char *name, const char *s)
{
	put_key(b, name);
	tf_put_json_string(b, s);
}

/* The words that stand for numbers in the data. */
static void
put_words(struct tf_buf *b, const char *name, const char *(*word)(unsigned), unsigned count)
{
	put_key(b, name);
	tf_put_char(b, '[');
	for (unsigned i = 0; i < count; i++) {
		if (i > 0)
			tf_put_char(b, ',');
		tf_put_json_string(b, word(i));
	}
	tf_put_char(b, ']');
}

static const char *
state_word(unsigned i)
{
	return tf_state_name((enum tf_state)i);
}

static const char *
close_word(unsigned i)
{
	return tf_close_name((enum tf_close)i);
}

static const char *
severity_word(unsigned i)
{
	return tf_severity_name((enum tf_severity)i);
}

static const char *
basis_word(unsigned i)
{
	return tf_basis_name((enum tf_basis)i);
}

/* The words of each bit of flags and marks. */
static void
put_bits(struct tf_buf *b, const char *name, void (*put)(struct tf_buf *, unsigned), unsigned count)
{
	struct tf_buf word;

	put_key(b, name);
	tf_put_char(b, '[');
	tf_buf_init(&word, -1);
	for (unsigned i = 0; i < count; i++) {
		word.len = 0;
		put(&word, 1u << i);
		tf_put_char(&word, '\0');
		if (i > 0)
			tf_put_char(b, ',');
		tf_put_json_string(b, word.error == 0 ? word.data : NULL);
	}
	tf_buf_done(&word, b);
	tf_put_char(b, ']');
}

static const char *
outcome_word(unsigned i)
{
	return tf_outcome_name((enum tf_outcome)i);
}

/* How many checks there are of each outcome. */
static void
put_outcomes(struct tf_buf *b, const struct tf_verdict *v)
{
	put_words(b, "outcomes", outcome_word, TF_BROKEN + 1);
	put_key(b, "checks");
	tf_put_char(b, '[');
	for (unsigned outcome = 0; outcome <= TF_BROKEN; outcome++) {
		size_t n = v != NULL ? tf_count_outcome(v, (enum tf_outcome)outcome) : 0;

		tf_put_str(b, outcome > 0 ? "," : "");
		tf_put_u64(b, n > 0 && v->checks[0].outcome == outcome ? n - 1 : n);
	}
	tf_put_char(b, ']');
}

/* What the catalogue says of the kinds that were found. */
static void
put_catalogue(struct tf_output *o)
{
	const struct tf_report *r = o->state;
	struct tf_buf *b = line_of(o);
	bool any = false;

	put_key(b, "catalogue");
	tf_put_char(b, '{');
	for (unsigned id = 0; id < TF_ANOMALY_COUNT; id++) {
		const struct tf_anomaly_info *info = tf_anomaly_info((enum tf_anomaly)id);
		uint64_t found = 0;

		for (unsigned s = 0; s < TF_SEVERITY_COUNT; s++)
			found += r->severities[id][s];
		if (found == 0)
			continue;
		tf_put_str(b, any ? ",\"" : "\"");
		any = true;
		tf_put_u64(b, id);
		tf_put_lit(b, "\":{\"id\":");
		tf_put_json_string(b, info->id);
		put_string(b, "title", info->title);
		put_string(b, "what", info->what);
		put_string(b, "why", info->why);
		put_string(b, "causes", info->causes);
		put_string(b, "look", info->look);
		put_string(b, "reference", info->reference);
		put_key(b, "found");
		tf_put_char(b, '[');
		for (unsigned s = 0; s < TF_SEVERITY_COUNT; s++) {
			if (s > 0)
				tf_put_char(b, ',');
			tf_put_u64(b, r->severities[id][s]);
		}
		tf_put_lit(b, "]}");
	}
	tf_put_char(b, '}');
}

static void
put_skipped(struct tf_buf *b, const struct tf_summary *s)
{
	bool any = false;

	put_key(b, "skipped");
	tf_put_char(b, '[');
	for (size_t i = 0; i < s->skipped_count; i++) {
		if (s->skipped[i].count == 0)
			continue;
		tf_put_str(b, any ? ",[" : "[");
		any = true;
		tf_put_u64(b, s->skipped[i].count);
		tf_put_char(b, ',');
		tf_put_json_string(b, s->skipped[i].what != NULL ? s->skipped[i].what : s->skipped[i].name);
		tf_put_char(b, ']');
	}
	tf_put_char(b, ']');
}

static void
put_verdict(struct tf_buf *b, const struct tf_summary *s)
{
	struct tf_buf text;

	tf_buf_init(&text, -1);
	tf_put_capture_verdict(&text, s);
	put_key(b, "verdict");
	put_text(b, &text);
}

/* What the baseline knows and this run has not: of very many the first. */
static void
put_gone(struct tf_buf *b, const struct tf_baseline_summary *baseline)
{
	size_t count = baseline->gone_count < TF_REPORT_GONE ? baseline->gone_count : TF_REPORT_GONE;

	put_key(b, "gone");
	tf_put_char(b, '[');
	for (size_t i = 0; i < count; i++) {
		tf_put_str(b, i > 0 ? ",[" : "[");
		tf_put_u64(b, baseline->gone[i].count);
		tf_put_char(b, ',');
		tf_put_json_string(b, baseline->gone[i].identity);
		tf_put_char(b, ']');
	}
	tf_put_char(b, ']');
	put_count(b, "goneLeftOut", baseline->gone_count - count);
}

static void
put_baseline(struct tf_buf *b, const struct tf_baseline_summary *baseline)
{
	put_key(b, "baseline");
	if (baseline == NULL) {
		tf_put_lit(b, "null");
		return;
	}
	tf_put_lit(b, "{\"file\":");
	tf_put_json_string(b, baseline->file);
	put_count(b, "known", baseline->known);
	put_count(b, "news", baseline->news);
	put_gone(b, baseline);
	tf_put_char(b, '}');
}

static void
put_left_out(struct tf_buf *b, const struct tf_report *r)
{
	put_count(b, "rowsLeftOut", r->rows_left_out);
	put_count(b, "detailsLeftOut", r->details_left_out);
	put_count(b, "findingsLeftOut", r->findings_left_out);
	put_count(b, "hostsLeftOut", r->hosts_left_out);
}

void
tf_report_summary(struct tf_output *o, const struct tf_summary *s)
{
	const struct tf_report *r = o->state;
	struct tf_buf *b = line_of(o);

	tf_put_lit(b, "[\"s\",{\"version\":");
	tf_put_json_string(b, o->options.version);
	put_count(b, "unitsPerSecond", o->decimals == 9 ? 1000000000 : 1000000);
	put_key(b, "base");
	tf_put_char(b, '"');
	put_signed(b, r->base_ns);
	tf_put_char(b, '"');
	put_count(b, "packets", s->packets);
	put_count(b, "segments", s->tcp_segments);
	put_count(b, "connections", s->connections);
	put_key(b, "seconds");
	tf_put_seconds_fixed(b, s->last_ts_ns - s->first_ts_ns, o->decimals);
	put_key(b, "filtered");
	tf_put_str(b, tf_filter_set(&o->options.filter) ? "true" : "false");
	put_verdict(b, s);
	put_key(b, "broken");
	tf_put_str(b, s->input_error != NULL ? "true" : "false");
	put_skipped(b, s);
	put_outcomes(b, s->verdict);
	put_baseline(b, s->baseline);
	put_left_out(b, r);
	put_words(b, "states", state_word, TF_STATE_COUNT);
	put_words(b, "closes", close_word, TF_CLOSE_TIMEOUT + 1);
	put_words(b, "severities", severity_word, TF_SEVERITY_COUNT);
	put_words(b, "bases", basis_word, TF_RETRACTED + 1);
	put_bits(b, "flags", tf_put_flags, 9);
	put_bits(b, "marks", tf_put_marks, 10);
	put_catalogue(o);
	tf_put_lit(b, "}]");
	tf_report_end_line(o);
}
