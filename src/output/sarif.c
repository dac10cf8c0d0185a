/*
 * SARIF 2.1.0 (OASIS), the format in which code scanners exchange results:
 * one run, a rule for each entry of the catalogue, an artifact for each
 * input, a result for each finding, one a line.  Sections are those of that
 * standard.
 *
 * A capture is no text, so a result has no region: the packets stand in its
 * properties and its message, the connection is its logical location.  With
 * several inputs the packets are numbered over all of them, and the first
 * one stands for the capture.
 */
#include "checks.h"
#include "identity.h"
#include "message.h"
#include "style.h"
#include "uri.h"
#include "writer.h"

#define SCHEMA "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

#define FAILED_CHECK "failed-check" /* the rule behind those of the catalogue */

struct sarif {
	size_t artifacts, results;
	bool in_results;        /* the list of artifacts is closed */
	struct tf_buf artifact; /* the first input, as a result refers to it */
};

static struct sarif *
state_of(const struct tf_output *o)
{
	return o->state;
}

/* What T holds as a JSON string; T is freed. */
static void
put_string(struct tf_buf *b, struct tf_buf *t)
{
	tf_put_char(t, '\0');
	tf_put_json_string(b, t->error == 0 ? t->data : "");
	tf_buf_done(t, b);
}

/* {"text":"..."} */
static void
put_text(struct tf_buf *b, const char *text)
{
	tf_put_lit(b, "{\"text\":");
	tf_put_json_string(b, text);
	tf_put_char(b, '}');
}

/* Section 3.27.10; what is only worth counting is no failure (3.27.9). */
static const char *
level_of(enum tf_severity s)
{
	static const char *const levels[] = {
	    [TF_INFO] = "none", [TF_NOTICE] = "note", [TF_WARNING] = "warning", [TF_ERROR] = "error"};

	return levels[s];
}

/* ---- rules (section 3.49) ------------------------------------------------------------------ */

/* The entry at length; MARK goes around headings. */
static void
put_help(struct tf_buf *b, const struct tf_anomaly_info *info, const char *mark)
{
	const struct {
		const char *heading, *text;
	} parts[] = {{"What happened", info->what},
	             {"Why it matters", info->why},
	             {"Usual causes", info->causes},
	             {"What to look at next", info->look},
	             {"Reference", info->reference}};
	struct tf_buf t;

	tf_buf_init(&t, -1);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		tf_put_str(&t, i > 0 ? "\n\n" : "");
		tf_put_str(&t, mark);
		tf_put_str(&t, parts[i].heading);
		tf_put_str(&t, mark);
		tf_put_lit(&t, "\n\n");
		tf_put_str(&t, parts[i].text);
	}
	put_string(b, &t);
}

static void
put_rule(struct tf_buf *b, const struct tf_anomaly_info *info)
{
	tf_put_lit(b, "{\"id\":");
	tf_put_json_string(b, info->id);
	tf_put_lit(b, ",\"shortDescription\":");
	put_text(b, info->title);
	tf_put_lit(b, ",\"fullDescription\":");
	put_text(b, info->what);
	tf_put_lit(b, ",\"help\":{\"text\":");
	put_help(b, info, "");
	tf_put_lit(b, ",\"markdown\":");
	put_help(b, info, "**");
	tf_put_lit(b, "},\"defaultConfiguration\":{\"level\":");
	tf_put_json_string(b, level_of(info->severity));
	tf_put_lit(b, "},\"properties\":{\"tags\":[\"tcp\",");
	tf_put_json_string(b, tf_family_name(info->family));
	tf_put_lit(b, "],\"severity\":");
	tf_put_json_string(b, tf_severity_name(info->severity));
	tf_put_lit(b, "}}");
}

static void
begin(struct tf_output *o)
{
	struct tf_buf *b = &o->out;

	tf_buf_init(&state_of(o)->artifact, -1);
	tf_put_lit(b, "{\"$schema\":\"" SCHEMA "\",\"version\":\"2.1.0\",\"runs\":[{\n"
	              "\"tool\":{\"driver\":{\"name\":\"tcpfsm\",\"version\":");
	tf_put_json_string(b, o->options.version != NULL ? o->options.version : "");
	tf_put_lit(b, ",\"rules\":[\n");
	for (unsigned id = 0; id < TF_ANOMALY_COUNT; id++) {
		tf_put_str(b, id > 0 ? ",\n" : "");
		put_rule(b, tf_anomaly_info((enum tf_anomaly)id));
	}
	tf_put_lit(b, ",\n{\"id\":\"" FAILED_CHECK "\",\"shortDescription\":{\"text\":\"A check failed\"},"
	              "\"fullDescription\":{\"text\":\"The capture does not hold what --fail-on or a file of "
	              "rules expects of it.\"},\"help\":{\"text\":\"tcpfsm-rules(5) describes the rules.\","
	              "\"markdown\":\"`man tcpfsm-rules` describes the rules.\"},"
	              "\"defaultConfiguration\":{\"level\":\"error\"},"
	              "\"properties\":{\"tags\":[\"tcp\",\"check\"],\"severity\":\"error\"}}"
	              "\n]}},\n\"artifacts\":[");
}

/* ---- inputs (section 3.24) ------------------------------------------------------------------- */

/* The location of an input: a file has a URI, anything else only a description. */
static void
put_location(struct tf_buf *b, const struct tf_output *o, const char *source, size_t index)
{
	bool is_stdin = strcmp(source, "-") == 0;
	struct tf_buf t;

	tf_buf_init(&t, -1);
	if (is_stdin || o->options.streaming) {
		tf_put_lit(b, "{\"description\":{\"text\":");
		tf_put_str(&t, is_stdin ? "standard input" : "interface ");
		tf_put_clean(&t, is_stdin ? "" : source);
		put_string(b, &t);
		tf_put_char(b, '}');
	} else {
		tf_put_lit(b, "{\"uri\":");
		tf_put_file_uri(&t, source);
		put_string(b, &t);
	}
	tf_put_lit(b, ",\"index\":");
	tf_put_u64(b, index);
	tf_put_char(b, '}');
}

static void
capture(struct tf_output *o, const struct tf_capture_info *info)
{
	struct sarif *s = state_of(o);

	tf_put_str(&o->out, s->artifacts > 0 ? ",\n" : "\n");
	tf_put_lit(&o->out, "{\"location\":");
	put_location(&o->out, o, info->source, s->artifacts);
	tf_put_lit(&o->out, ",\"roles\":[\"analysisTarget\"]}");
	if (s->artifacts++ == 0)
		put_location(&s->artifact, o, info->source, 0);
}

/* ---- results (section 3.27) ------------------------------------------------------------------ */

static void
begin_result(struct tf_output *o)
{
	struct sarif *s = state_of(o);

	if (!s->in_results)
		tf_put_lit(&o->out, "\n],\n\"results\":[");
	s->in_results = true;
	tf_put_str(&o->out, s->results++ > 0 ? ",\n" : "\n");
}

static void
put_kind(struct tf_buf *b, enum tf_anomaly id, enum tf_severity severity)
{
	tf_put_lit(b, "{\"ruleId\":");
	tf_put_json_string(b, tf_anomaly_info(id)->id);
	tf_put_lit(b, ",\"ruleIndex\":");
	tf_put_u64(b, (uint64_t)id);
	if (severity == TF_INFO)
		tf_put_lit(b, ",\"kind\":\"informational\"");
	tf_put_lit(b, ",\"level\":");
	tf_put_json_string(b, level_of(severity));
}

/* The sentence and its packets: viewers show nothing else. */
static void
put_sentence(struct tf_buf *b, const struct tf_finding *f)
{
	struct tf_buf t;

	tf_buf_init(&t, -1);
	tf_put_message(&t, f);
	if (f->packet_count > 0) {
		tf_put_str(&t, f->packet_count == 1 ? " [packet " : " [packets ");
		tf_put_number_list(&t, f->packets, f->packet_count);
		tf_put_char(&t, ']');
	}
	tf_put_lit(b, ",\"message\":{\"text\":");
	put_string(b, &t);
	tf_put_char(b, '}');
}

/* What the finding is about: "10.0.0.1:40000 -> 10.0.0.2:80", or its subject. */
static void
put_logical_location(struct tf_buf *b, const struct tf_finding *f)
{
	struct tf_buf t;

	tf_buf_init(&t, -1);
	if (f->ends_known) {
		tf_put_addr_port(&t, &f->addr[TF_CLIENT], f->port[TF_CLIENT]);
		tf_put_lit(&t, " -> ");
		tf_put_addr_port(&t, &f->addr[TF_SERVER], f->port[TF_SERVER]);
	} else {
		tf_put_clean(&t, f->subject != NULL ? f->subject : "capture");
	}
	tf_put_lit(b, ",\"logicalLocations\":[{\"fullyQualifiedName\":");
	put_string(b, &t);
	tf_put_str(b, f->ends_known ? ",\"kind\":\"connection\"}]" : ",\"kind\":\"subject\"}]");
}

static void
put_locations(struct tf_output *o, const struct tf_finding *f)
{
	const struct sarif *s = state_of(o);

	tf_put_lit(&o->out, ",\"locations\":[{\"physicalLocation\":{\"artifactLocation\":");
	if (s->artifact.error == 0 && s->artifact.len > 0)
		tf_put(&o->out, s->artifact.data, s->artifact.len);
	else
		tf_put_lit(&o->out, "{}");
	tf_put_char(&o->out, '}');
	if (f != NULL)
		put_logical_location(&o->out, f);
	tf_put_lit(&o->out, "}]");
}

static void
put_fingerprint(struct tf_buf *b, const char *fingerprint)
{
	tf_put_lit(b, ",\"partialFingerprints\":{\"tcpfsmFinding/v1\":\"");
	tf_put_str(b, fingerprint);
	tf_put_lit(b, "\"}");
}

static void
put_properties(struct tf_output *o, const struct tf_finding *f)
{
	struct tf_buf *b = &o->out;

	tf_put_lit(b, ",\"properties\":{\"severity\":");
	tf_put_json_string(b, tf_severity_name(f->severity));
	tf_put_lit(b, ",\"ts\":");
	tf_put_seconds_fixed(b, f->ts_ns, o->decimals);
	tf_put_lit(b, ",\"packets\":[");
	for (size_t i = 0; i < f->packet_count; i++) {
		tf_put_str(b, i > 0 ? "," : "");
		tf_put_u64(b, f->packets[i]);
	}
	tf_put_char(b, ']');
	if (f->conn != 0) {
		tf_put_lit(b, ",\"conn\":");
		tf_put_u64(b, f->conn);
	}
	if (f->endpoint != TF_NEITHER) {
		tf_put_lit(b, ",\"endpoint\":");
		tf_put_json_string(b, tf_endpoint_name(f->endpoint));
	}
	tf_put_lit(b, ",\"details\":{");
	for (size_t i = 0; i < f->detail_count; i++) {
		tf_put_str(b, i > 0 ? "," : "");
		tf_put_json_string(b, f->detail[i].name);
		tf_put_char(b, ':');
		tf_put_detail_json(b, &f->detail[i], o->decimals);
	}
	tf_put_lit(b, "}}");
}

static void
event(struct tf_output *o, const struct tf_event *e)
{
	const struct tf_finding *f = e->finding;
	char fingerprint[TF_FINGERPRINT_TEXT];

	begin_result(o);
	put_kind(&o->out, f->id, f->severity);
	put_sentence(&o->out, f);
	put_locations(o, f);
	tf_fingerprint(f, fingerprint);
	if (fingerprint[0] == '\0')
		tf_output_no_memory(o);
	put_fingerprint(&o->out, fingerprint);
	if (f->baseline != TF_BASELINE_NONE)
		tf_put_str(&o->out, f->baseline == TF_BASELINE_KNOWN ? ",\"baselineState\":\"unchanged\""
		                                                     : ",\"baselineState\":\"new\"");
	put_properties(o, f);
	tf_put_char(&o->out, '}');
}

/* ---- what the baseline knows and this run has not (section 3.27.24) ------------------------- */

/* The anomaly that an identity begins with, or -1: it begins with a pattern. */
static int
anomaly_of(const char *identity)
{
	char id[64];
	size_t length = strcspn(identity, " ");

	if (length >= sizeof id)
		return -1;
	memcpy(id, identity, length);
	id[length] = '\0';
	return tf_anomaly_by_id(id);
}

static void
put_absent(struct tf_output *o, const struct tf_gone *gone)
{
	int id = anomaly_of(gone->identity);
	char fingerprint[TF_FINGERPRINT_TEXT];
	struct tf_buf t;

	if (id < 0 || strchr(gone->identity, '*') != NULL)
		return;
	begin_result(o);
	put_kind(&o->out, (enum tf_anomaly)id, tf_anomaly_info((enum tf_anomaly)id)->severity);
	tf_buf_init(&t, -1);
	tf_put_lit(&t, "Known, and not found again: ");
	tf_put_str(&t, gone->identity);
	tf_put_lit(&o->out, ",\"message\":{\"text\":");
	put_string(&o->out, &t);
	tf_put_char(&o->out, '}');
	put_locations(o, NULL);
	tf_fingerprint_of(gone->identity, strlen(gone->identity), fingerprint);
	put_fingerprint(&o->out, fingerprint);
	tf_put_lit(&o->out, ",\"baselineState\":\"absent\",\"occurrenceCount\":");
	tf_put_u64(&o->out, gone->count);
	tf_put_char(&o->out, '}');
}

/* ---- checks that failed ---------------------------------------------------------------------- */

/* Where a check of a file of rules stands; else the capture. */
static void
put_check_location(struct tf_output *o, const struct tf_check *c)
{
	struct tf_buf t;

	if (c->file == NULL) {
		put_locations(o, NULL);
		return;
	}
	tf_buf_init(&t, -1);
	tf_put_file_uri(&t, c->file);
	tf_put_lit(&o->out, ",\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{\"uri\":");
	put_string(&o->out, &t);
	tf_put_lit(&o->out, "},\"region\":{\"startLine\":");
	tf_put_u64(&o->out, c->line);
	tf_put_lit(&o->out, ",\"startColumn\":");
	tf_put_u64(&o->out, c->column);
	tf_put_lit(&o->out, "}}}]");
}

/* COMPARED with a baseline, which knows findings alone: no result may be without a state where another has one. */
static void
put_check(struct tf_output *o, const struct tf_check *c, bool compared)
{
	char fingerprint[TF_FINGERPRINT_TEXT];
	struct tf_buf t;

	begin_result(o);
	tf_put_lit(&o->out, "{\"ruleId\":\"" FAILED_CHECK "\",\"ruleIndex\":");
	tf_put_u64(&o->out, TF_ANOMALY_COUNT);
	tf_put_lit(&o->out, ",\"level\":\"error\",\"message\":{\"text\":");
	tf_buf_init(&t, -1);
	tf_put_check_title(&t, c);
	tf_put_lit(&t, ": ");
	tf_put_check_report(&t, c);
	put_string(&o->out, &t);
	tf_put_char(&o->out, '}');
	put_check_location(o, c);
	tf_buf_init(&t, -1);
	tf_put_str(&t, c->scope != NULL ? c->scope : "");
	tf_put_char(&t, ' ');
	tf_put_str(&t, c->name);
	if (t.error == 0)
		tf_fingerprint_of(t.data, t.len, fingerprint);
	put_fingerprint(&o->out, t.error == 0 ? fingerprint : "");
	tf_buf_done(&t, &o->out);
	tf_put_str(&o->out, compared ? ",\"baselineState\":\"new\"}" : "}");
}

static void
put_checks(struct tf_output *o, const struct tf_summary *s)
{
	const struct tf_verdict *v = s->verdict;

	for (size_t i = 0; v != NULL && i < v->count; i++)
		if (v->checks[i].kind != TF_CHECK_INPUT &&
		    (v->checks[i].outcome == TF_FAILED || v->checks[i].outcome == TF_BROKEN))
			put_check(o, &v->checks[i], s->baseline != NULL);
}

/* ---- the run itself (section 3.20) ----------------------------------------------------------- */

static void
put_invocation(struct tf_buf *b, const char *input_error)
{
	tf_put_lit(b, "\n],\n\"invocations\":[{\"executionSuccessful\":");
	tf_put_str(b, input_error == NULL ? "true" : "false");
	if (input_error != NULL) {
		tf_put_lit(b, ",\"toolExecutionNotifications\":[{\"level\":\"error\",\"message\":");
		put_text(b, input_error);
		tf_put_lit(b, "}]");
	}
	tf_put_lit(b, "}]\n}]}\n");
}

static void
finish(struct tf_output *o, const struct tf_summary *s)
{
	const struct sarif *state = state_of(o);

	for (size_t i = 0; s->baseline != NULL && i < s->baseline->gone_count; i++)
		put_absent(o, &s->baseline->gone[i]);
	if (state->artifact.error != 0)
		tf_output_no_memory(o);
	put_checks(o, s);
	if (!state->in_results)
		tf_put_lit(&o->out, "\n],\n\"results\":[");
	put_invocation(&o->out, s->input_error);
}

static void
free_state(struct tf_output *o)
{
	tf_buf_fini(&state_of(o)->artifact);
}

static unsigned
wanted(const struct tf_output_options *options)
{
	(void)options;
	return TF_EV_FINDING;
}

const struct tf_writer tf_sarif_writer = {
    .format = {"sarif", "SARIF 2.1.0, for code scanning"},
    .state_size = sizeof(struct sarif),
    .wanted = wanted,
    .begin = begin,
    .capture = capture,
    .event = event,
    .finish = finish,
    .free = free_state,
};
