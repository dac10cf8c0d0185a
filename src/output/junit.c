/*
 * JUnit XML, as Jenkins, GitLab and others read it: one test suite, a test
 * case a check, and first of all the case that the input could be read.
 *
 * There is no standard.  What is written keeps to what the readers have in
 * common and to the stricter schemas that are in use (all attributes that
 * some of them demand, in the order of elements that they demand).  A case
 * is red exactly where the exit status is not 0, so that without any check
 * findings stand in the suite's output and fail nothing.
 *
 * Times are the capture's: the same capture gives the same octets.
 */
#include "checks.h"
#include "style.h"
#include "xml.h"

struct junit {
	struct tf_buf sources; /* a property each */
};

static void
begin(struct tf_output *o)
{
	struct junit *j = o->state;

	tf_buf_init(&j->sources, -1);
}

static void
put_property(struct tf_buf *b, const char *name, const char *value)
{
	tf_put_lit(b, "      <property");
	tf_put_xml_attribute(b, "name", name);
	tf_put_xml_attribute(b, "value", value);
	tf_put_lit(b, "/>\n");
}

static void
capture(struct tf_output *o, const struct tf_capture_info *info)
{
	struct junit *j = o->state;

	put_property(&j->sources, "source", info->source);
}

/* ` timestamp="2026-11-22T09:50:08"`: of the first packet. */
static void
put_timestamp(struct tf_buf *b, const struct tf_summary *s)
{
	struct tf_buf text;
	char *blank;

	tf_buf_init(&text, -1);
	tf_put_utc(&text, s->first_ts_ns, 0);
	tf_put_char(&text, '\0');
	blank = text.error == 0 ? strchr(text.data, ' ') : NULL;
	if (blank != NULL) {
		*blank = 'T';
		tf_put_xml_attribute(b, "timestamp", text.data);
	}
	tf_buf_done(&text, b);
}

/* No host is named: the report does not depend on where it is made, and some readers demand the attribute. */
static void
put_suite(struct tf_buf *b, const struct tf_summary *s, const struct tf_verdict *v)
{
	tf_put_lit(b, "  <testsuite name=\"tcpfsm\" package=\"tcpfsm\" id=\"0\" hostname=\"localhost\"");
	put_timestamp(b, s);
	tf_put_xml_number(b, "tests", v->count);
	tf_put_xml_number(b, "failures", tf_count_outcome(v, TF_FAILED));
	tf_put_xml_number(b, "errors", tf_count_outcome(v, TF_BROKEN));
	tf_put_xml_number(b, "skipped", tf_count_outcome(v, TF_SKIPPED));
	tf_put_lit(b, " time=\"");
	tf_put_seconds_fixed(b, s->last_ts_ns - s->first_ts_ns, 6);
	tf_put_lit(b, "\">\n");
}

static void
put_properties(struct tf_output *o)
{
	struct junit *j = o->state;
	struct tf_buf *b = &o->out;

	tf_put_lit(b, "    <properties>\n");
	if (o->options.version != NULL)
		put_property(b, "tcpfsm", o->options.version);
	if (j->sources.error == 0 && j->sources.len > 0)
		tf_put(b, j->sources.data, j->sources.len);
	tf_put_lit(b, "    </properties>\n");
}

/* "tcpfsm.ci_rules": readers take a dot for the border of a package. */
static void
put_class(struct tf_buf *b, const struct tf_check *c)
{
	struct tf_buf name;
	const char *file = c->file, *slash = file != NULL ? strrchr(file, '/') : NULL;

	tf_buf_init(&name, -1);
	tf_put_lit(&name, "tcpfsm.");
	if (c->kind == TF_CHECK_INPUT)
		tf_put_lit(&name, "input");
	else if (file == NULL)
		tf_put_lit(&name, "options");
	for (const char *p = slash != NULL ? slash + 1 : file; p != NULL && *p != '\0'; p++)
		tf_put_char(&name, (char)(*p == '.' ? '_' : *p));
	tf_put_char(&name, '\0');
	tf_put_xml_attribute(b, "classname", name.error == 0 ? name.data : "tcpfsm");
	tf_buf_done(&name, b);
}

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Is there another check of the same words?  Then the line tells them apart. */
static bool
is_repeated(const struct tf_verdict *v, const struct tf_check *c)
{
	for (size_t i = 0; i < v->count; i++) {
		const struct tf_check *other = &v->checks[i];

		if (other != c && same_text(other->name, c->name) && same_text(other->scope, c->scope))
			return true;
	}
	return false;
}

/* The name stays the same when lines of the file move, so that a reader can follow the case over builds. */
static void
put_name(struct tf_buf *b, const struct tf_verdict *v, const struct tf_check *c)
{
	struct tf_buf name;

	tf_buf_init(&name, -1);
	if (c->scope != NULL) {
		tf_put_str(&name, c->scope);
		tf_put_lit(&name, ": ");
	}
	tf_put_str(&name, c->name);
	if (c->line > 0 && is_repeated(v, c)) {
		tf_put_lit(&name, " (line ");
		tf_put_u64(&name, c->line);
		tf_put_char(&name, ')');
	}
	tf_put_char(&name, '\0');
	tf_put_xml_attribute(b, "name", name.error == 0 ? name.data : c->name);
	tf_buf_done(&name, b);
}

/* Many readers show no more than this: what came of the check, and the first that broke it. */
static void
put_message(struct tf_buf *b, const struct tf_check *c)
{
	struct tf_buf text;

	tf_buf_init(&text, -1);
	tf_put_str(&text, c->message != NULL ? c->message : "");
	if (c->offence_count > 0) {
		tf_put_lit(&text, "; first ");
		tf_put_offence(&text, &c->offences[0]);
	}
	tf_put_char(&text, '\0');
	tf_put_xml_attribute(b, "message", text.error == 0 ? text.data : "");
	tf_buf_done(&text, b);
}

static void
put_trouble(struct tf_buf *b, const struct tf_check *c)
{
	const char *element = c->outcome == TF_FAILED ? "failure" : "error";
	struct tf_buf text;

	tf_put_lit(b, "      <");
	tf_put_str(b, element);
	tf_put_xml_attribute(b, "type",
	                     c->kind == TF_CHECK_INPUT    ? "input"
	                     : c->kind == TF_CHECK_FORBID ? "forbid"
	                                                  : "expect");
	put_message(b, c);
	tf_put_char(b, '>');
	tf_buf_init(&text, -1);
	tf_put_check_title(&text, c);
	tf_put_char(&text, '\n');
	tf_put_check_report(&text, c);
	tf_put_char(&text, '\0');
	if (text.error == 0)
		tf_put_xml(b, text.data);
	tf_buf_done(&text, b);
	tf_put_lit(b, "</");
	tf_put_str(b, element);
	tf_put_lit(b, ">\n");
}

static void
put_case(struct tf_buf *b, const struct tf_verdict *v, const struct tf_check *c)
{
	tf_put_lit(b, "    <testcase");
	put_class(b, c);
	put_name(b, v, c);
	tf_put_lit(b, " time=\"0\"");
	if (c->outcome == TF_PASSED) {
		tf_put_lit(b, "/>\n");
		return;
	}
	tf_put_lit(b, ">\n");
	if (c->outcome == TF_SKIPPED) {
		tf_put_lit(b, "      <skipped");
		tf_put_xml_attribute(b, "message", c->message != NULL ? c->message : "");
		tf_put_lit(b, "/>\n");
	} else {
		put_trouble(b, c);
	}
	tf_put_lit(b, "    </testcase>\n");
}

static void
put_console(struct tf_buf *b, const struct tf_summary *s)
{
	tf_put_lit(b, "    <system-out>");
	tf_put_plural(b, s->packets, "packet, ", "packets, ");
	tf_put_plural(b, s->connections, "TCP connection\n", "TCP connections\n");
	for (unsigned id = 0; id < TF_ANOMALY_COUNT; id++) {
		const struct tf_anomaly_info *info = tf_anomaly_info((enum tf_anomaly)id);

		if (s->anomalies[id] == 0)
			continue;
		tf_put_u64(b, s->anomalies[id]);
		tf_put_lit(b, " x ");
		tf_put_str(b, info->id);
		tf_put_lit(b, ": ");
		tf_put_xml(b, info->title);
		tf_put_char(b, '\n');
	}
	tf_put_lit(b, "</system-out>\n    <system-err/>\n");
}

static void
finish(struct tf_output *o, const struct tf_summary *s)
{
	const struct tf_verdict *v = s->verdict;
	struct tf_buf *b = &o->out;

	if (v == NULL)
		return;
	tf_put_lit(b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
	put_suite(b, s, v);
	put_properties(o);
	for (size_t i = 0; i < v->count; i++)
		put_case(b, v, &v->checks[i]);
	put_console(b, s);
	tf_put_lit(b, "  </testsuite>\n</testsuites>\n");
}

static void
release(struct tf_output *o)
{
	struct junit *j = o->state;

	tf_buf_fini(&j->sources);
}

static unsigned
wanted(const struct tf_output_options *options)
{
	(void)options;
	return 0;
}

const struct tf_writer tf_junit_writer = {
    .format = {"junit", "JUnit XML: a test case a check"},
    .state_size = sizeof(struct junit),
    .wanted = wanted,
    .begin = begin,
    .capture = capture,
    .finish = finish,
    .free = release,
};
