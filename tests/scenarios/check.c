/*
 * Expectations against events.
 *
 * Order counts between the transitions of one end within one step, and
 * between steps; it does not count between the two ends, nor between
 * findings.  Besides what the scenario says, every run is held against
 * the contract of the output: a transition starts where the former one
 * ended, its `possible` holds its `to`, times do not go back, evidence
 * is ascending and was seen, the record's history is what the
 * transitions say.
 */
#include "check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the checker itself knows of one end, from the transitions alone. */
struct end_view {
	bool known;
	int state;
	tf_states possible;
	int history[64];
	size_t history_count;
};

struct check {
	const struct scenario *s;
	const struct scn_run *run;
	scn_complaint *complain;
	void *context;
	unsigned failures;
	bool *met; /* by expectation */
	struct end_view end[SCN_MAX_CONNS + 2][2];
	uint64_t conn_seen;
	int64_t last_ts_ns;
};

static void fail(struct check *c, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void
fail(struct check *c, int line, const char *format, ...)
{
	char text[2200];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	c->failures++;
	c->complain(c->context, line, text);
}

static int
line_of_step(const struct check *c, size_t step)
{
	if (step >= c->s->step_count)
		step = c->s->step_count - 1;
	return c->s->step[step].line;
}

static struct end_view *
view(struct check *c, uint64_t conn, int end)
{
	size_t slot = conn <= SCN_MAX_CONNS ? (size_t)conn : SCN_MAX_CONNS + 1;

	return &c->end[slot][end == TF_SERVER ? 1 : 0];
}

static void
fail_event(struct check *c, const struct scn_event *e, const char *what)
{
	char text[1800];

	scn_event_text(e, text, sizeof(text));
	fail(c, line_of_step(c, e->step), "%s: %s", what, text);
}

static void
follow_history(struct end_view *v, const struct tf_transition *t)
{
	if (v->history_count == 0)
		v->history[v->history_count++] = (int)t->from;
	if (t->basis == TF_RETRACTED) {
		while (v->history_count > 0 && v->history[v->history_count - 1] != (int)t->to)
			v->history_count--;
		if (v->history_count > 0)
			return;
	}
	if (v->history_count < sizeof(v->history) / sizeof(v->history[0]))
		v->history[v->history_count++] = (int)t->to;
}

static void
follow_transition(struct check *c, const struct scn_event *e)
{
	const struct tf_transition *t = &e->transition;
	struct end_view *v;

	if (t->endpoint != TF_CLIENT && t->endpoint != TF_SERVER) {
		fail_event(c, e, "a transition of no end");
		return;
	}
	v = view(c, t->conn, (int)t->endpoint);
	if (v->known && v->state != (int)t->from)
		fail_event(c, e, "a transition that does not start where the former one ended");
	if (t->from == t->to)
		fail_event(c, e, "a transition that goes nowhere");
	if ((t->possible & TF_STATES(t->to)) == 0)
		fail_event(c, e, "the set of possible states lacks the state itself");
	if (t->rule == NULL || t->event == NULL || t->reference == NULL)
		fail_event(c, e, "a transition without rule, event or reference");
	follow_history(v, t);
	v->known = true;
	v->state = (int)t->to;
	v->possible = t->possible;
}

static void
follow_possible(struct check *c, const struct scn_event *e)
{
	struct end_view *v = view(c, e->possible.conn, (int)e->possible.endpoint);

	if ((e->possible.possible & TF_STATES(e->possible.state)) == 0)
		fail_event(c, e, "the set of possible states lacks the state itself");
	if (v->known && v->state != (int)e->possible.state)
		fail_event(c, e, "a change of the set that names another state than the last transition");
	v->possible = e->possible.possible;
	v->state = (int)e->possible.state;
	v->known = true;
}

static void
follow_finding(struct check *c, const struct scn_event *e)
{
	const struct tf_finding *f = &e->finding;

	if (f->packet_count == 0)
		fail_event(c, e, "a finding without evidence");
	for (size_t i = 0; i < f->packet_count && i < TF_MAX_EVIDENCE; i++) {
		if (f->packets[i] == 0 || f->packets[i] > e->fed)
			fail_event(c, e, "evidence that did not pass");
		if (i > 0 && f->packets[i] <= f->packets[i - 1])
			fail_event(c, e, "evidence that is not ascending");
	}
}

static void
follow_record(struct check *c, const struct scn_event *e)
{
	for (int end = 0; end < 2; end++) {
		const struct tf_end_record *r = &e->record.end[end];
		const struct end_view *v = view(c, e->record.conn, end);
		bool same =
		    v->history_count == 0 || r->history_truncated || r->history_count == v->history_count;

		for (size_t i = 0; same && i < v->history_count && i < r->history_count; i++)
			same = v->history[i] == r->history[i];
		if (!same)
			fail_event(c, e, "a history that is not what the transitions say");
		if (v->known && v->state != (int)r->state)
			fail_event(c, e, "a final state that is not what the transitions say");
		if ((r->possible & TF_STATES(r->state)) == 0)
			fail_event(c, e, "the set of possible states lacks the state itself");
	}
}

/* When and on which frame an event says that it became known. */
static void
event_time(const struct scn_event *e, int64_t *ts_ns, uint64_t *packet, uint64_t *conn)
{
	if (e->kind == TF_EV_TRANSITION) {
		*ts_ns = e->transition.ts_ns, *packet = e->transition.packet, *conn = e->transition.conn;
	} else if (e->kind == TF_EV_POSSIBLE) {
		*ts_ns = e->possible.ts_ns, *packet = e->possible.packet, *conn = e->possible.conn;
	} else if (e->kind == TF_EV_FINDING) {
		*ts_ns = e->finding.ts_ns, *packet = e->finding.packet, *conn = e->finding.conn;
	} else {
		*ts_ns = INT64_MIN, *packet = 0, *conn = e->record.conn;
	}
}

/* What must hold of every event, whatever the scenario says. */
static void
follow(struct check *c, const struct scn_event *e)
{
	uint64_t packet, conn;
	int64_t ts_ns;

	event_time(e, &ts_ns, &packet, &conn);
	if (packet > e->fed)
		fail_event(c, e, "an event on a frame that was not fed yet");
	if (ts_ns != INT64_MIN && ts_ns < c->last_ts_ns)
		fail_event(c, e, "an event earlier than the one before it");
	if (ts_ns > c->last_ts_ns)
		c->last_ts_ns = ts_ns;
	if (conn > c->conn_seen + 1)
		fail_event(c, e, "a connection's number out of order");
	if (conn > c->conn_seen)
		c->conn_seen = conn;
	if (e->kind == TF_EV_TRANSITION)
		follow_transition(c, e);
	else if (e->kind == TF_EV_POSSIBLE)
		follow_possible(c, e);
	else if (e->kind == TF_EV_FINDING)
		follow_finding(c, e);
	else
		follow_record(c, e);
}

static bool
basis_fits(int expected, enum tf_basis actual)
{
	if (expected == SCN_ANY_BASIS)
		return true;
	if (expected >= 0)
		return expected == (int)actual;
	return actual == TF_OBSERVED || actual == TF_PRESUMED || actual == TF_TIMER_RAN;
}

static bool
transition_fits(const struct scn_expect *x, const struct tf_transition *t)
{
	return x->kind == SCN_TRANSITION && x->conn == t->conn && x->endpoint == (int)t->endpoint &&
	       (x->set & TF_STATES(t->to)) != 0 && basis_fits(x->basis, t->basis) &&
	       (x->name[0] == '\0' || strcmp(x->name, t->rule) == 0);
}

/* The next transition of this end that STEP declares, not yet met; -1 where none is left. */
static long
next_transition(const struct check *c, const struct scn_step *step, const struct tf_transition *t,
                bool skip_may)
{
	for (size_t i = step->first_expect; i < step->first_expect + step->expect_count; i++) {
		const struct scn_expect *x = &c->s->expect[i];

		if (x->kind != SCN_TRANSITION || c->met[i] || x->conn != t->conn ||
		    x->endpoint != (int)t->endpoint)
			continue;
		if (!x->may || !skip_may || transition_fits(x, t))
			return (long)i;
	}
	return -1;
}

/* STEP says that this end may move as it likes. */
static bool
may_move(const struct check *c, const struct scn_step *step, const struct tf_transition *t)
{
	for (size_t i = step->first_expect; i < step->first_expect + step->expect_count; i++) {
		const struct scn_expect *x = &c->s->expect[i];

		if (x->kind == SCN_MOVES && x->conn == t->conn && x->endpoint == (int)t->endpoint)
			return true;
	}
	return false;
}

static void
match_transition(struct check *c, const struct scn_event *e, const struct scn_step *step)
{
	const struct scn_expect *x;
	long next = next_transition(c, step, &e->transition, true);
	char text[1800], set[200];

	if (next >= 0 && transition_fits(&c->s->expect[next], &e->transition)) {
		c->met[next] = true;
		return;
	}
	if (next < 0) {
		if (!may_move(c, step, &e->transition))
			fail_event(c, e, "undeclared transition");
		return;
	}
	x = &c->s->expect[next];
	c->met[next] = true;
	scn_event_text(e, text, sizeof(text));
	fail(c, x->line, "expected %s %s%s%s, but: %s", x->endpoint == TF_SERVER ? "server" : "client",
	     scn_set_text(x->set, set, sizeof(set)), x->basis >= 0 ? " " : "",
	     x->basis >= 0 ? tf_basis_name((enum tf_basis)x->basis) : "", text);
}

static bool
is_where(const struct tf_finding *f, const char *where)
{
	for (size_t i = 0; i < f->detail_count; i++)
		if (strcmp(f->detail[i].name, "where") == 0)
			return strcmp(f->detail[i].text, where) == 0;
	return false;
}

static bool
has_detail(const struct tf_finding *f, const char *name, int64_t count)
{
	for (size_t i = 0; i < f->detail_count; i++)
		if (strcmp(f->detail[i].name, name) == 0)
			return f->detail[i].kind == TF_D_COUNT && f->detail[i].count == (uint64_t)count;
	return false;
}

static bool
finding_fits(const struct scn_expect *x, const struct tf_finding *f)
{
	return x->kind == SCN_FINDING && (f->conn == 0 || x->conn == 0 || x->conn == f->conn) &&
	       (x->endpoint < 0 || x->endpoint == (int)f->endpoint) &&
	       (x->severity < 0 || x->severity == (int)f->severity) &&
	       (x->where == NULL || is_where(f, x->where)) &&
	       (x->detail[0] == '\0' || has_detail(f, x->detail, x->detail_count)) &&
	       strcmp(x->name, tf_anomaly_info(f->id)->id) == 0;
}

static bool
record_fits(const struct scn_expect *x, const struct tf_connection_record *r)
{
	return x->kind == SCN_RECORD && x->conn == r->conn;
}

/* An expectation for E, of this step or an earlier one that holds on: what is required comes before what is permitted. */
static long
find_expect(const struct check *c, const struct scn_event *e, const struct scn_step *step)
{
	long permitted = -1;

	for (size_t i = 0; i < step->first_expect + step->expect_count; i++) {
		const struct scn_expect *x = &c->s->expect[i];
		bool fits =
		    e->kind == TF_EV_FINDING ? finding_fits(x, &e->finding) : record_fits(x, &e->record);

		if (!fits || (i < step->first_expect && !x->later && !x->may))
			continue;
		if (!x->may && !c->met[i])
			return (long)i;
		if (x->may && (!c->met[i] || e->kind == TF_EV_FINDING))
			permitted = (long)i;
	}
	return permitted;
}

static void
check_record_field(struct check *c, const struct scn_expect *x, enum tf_endpoint end, const char *what,
                   int64_t expected, uint64_t actual)
{
	if (expected >= 0 && (uint64_t)expected != actual)
		fail(c, x->line, "record of connection %u: expected %s %s %" PRId64 ", but %" PRIu64, x->conn,
		     end == TF_CLIENT ? "client" : "server", what, expected, actual);
}

static void
check_record_history(struct check *c, const struct scn_expect *x, int end, const struct tf_end_record *r,
                     const struct scn_event *e)
{
	bool same = x->record.history_count[end] == r->history_count;

	if (x->record.history_count[end] == 0)
		return;
	for (int i = 0; same && i < r->history_count; i++)
		same = x->record.history[end][i] == r->history[i];
	if (!same) {
		char text[1800];

		scn_event_text(e, text, sizeof(text));
		fail(c, x->line, "record of connection %u: another history of the %s: %s", x->conn,
		     end == TF_CLIENT ? "client" : "server", text);
	}
}

static void
check_record_end(struct check *c, const struct scn_expect *x, int end, const struct scn_event *e)
{
	const struct tf_end_record *r = &e->record.end[end];
	const uint64_t actual[SCN_FIELD_COUNT] = {
	    [SCN_F_PACKETS] = r->packets,
	    [SCN_F_BYTES] = r->bytes,
	    [SCN_F_RETRANSMITTED] = r->retransmitted,
	    [SCN_F_OUT_OF_ORDER] = r->out_of_order,
	    [SCN_F_DUPLICATE_ACKS] = r->duplicate_acks,
	    [SCN_F_ZERO_WINDOWS] = r->zero_windows,
	    [SCN_F_KEEPALIVES] = r->keepalives,
	};
	static const char *const names[SCN_FIELD_COUNT] = {
	    "packets",        "bytes",        "retransmitted", "out-of-order",
	    "duplicate-acks", "zero-windows", "keepalives",
	};

	if (x->record.state[end] >= 0 && x->record.state[end] != (int)r->state)
		fail(c, x->line, "record of connection %u: expected %s %s, but %s", x->conn,
		     end == TF_CLIENT ? "client" : "server",
		     tf_state_name((enum tf_state)x->record.state[end]), tf_state_name(r->state));
	for (int i = 0; i < SCN_FIELD_COUNT; i++)
		check_record_field(c, x, (enum tf_endpoint)end, names[i], x->record.field[end][i], actual[i]);
	check_record_history(c, x, end, r, e);
}

/* What a person who knows Zeek reads. */
static void
check_record_words(struct check *c, const struct scn_expect *x, const struct tf_connection_record *r)
{
	if (x->record.zeek[0] && strcmp(x->record.zeek, tf_zeek_state_name(r->zeek_state)) != 0)
		fail(c, x->line, "record of connection %u: expected zeek %s, but %s", x->conn, x->record.zeek,
		     tf_zeek_state_name(r->zeek_state));
	if (x->record.letters[0] && strcmp(x->record.letters, r->letters) != 0)
		fail(c, x->line, "record of connection %u: expected letters %s, but %s", x->conn,
		     x->record.letters, r->letters);
}

static void
check_record(struct check *c, const struct scn_expect *x, const struct scn_event *e)
{
	const struct tf_connection_record *r = &e->record;
	int rtt_known = r->handshake_rtt_ns >= 0;

	if (x->record.close >= 0 && x->record.close != (int)r->close)
		fail(c, x->line, "record of connection %u: expected close %s, but %s", x->conn,
		     tf_close_name((enum tf_close)x->record.close), tf_close_name(r->close));
	if (x->record.roles >= 0 && x->record.roles != (int)r->roles)
		fail(c, x->line, "record of connection %u: expected roles %s, but %s", x->conn,
		     tf_roles_name((enum tf_roles)x->record.roles), tf_roles_name(r->roles));
	if (x->record.rtt_known >= 0 && x->record.rtt_known != rtt_known)
		fail(c, x->line, "record of connection %u: expected rtt %s, but %s", x->conn,
		     x->record.rtt_known ? "known" : "unknown", rtt_known ? "known" : "unknown");
	for (int end = 0; end < 2; end++)
		check_record_end(c, x, end, e);
	check_record_words(c, x, r);
}

static void
match_event(struct check *c, const struct scn_event *e, const struct scn_step *step)
{
	long i;

	if (e->kind == TF_EV_TRANSITION) {
		match_transition(c, e, step);
		return;
	}
	if (e->kind == TF_EV_POSSIBLE)
		return;
	i = find_expect(c, e, step);
	for (long more = i; more >= 0 && e->kind == TF_EV_CONNECTION; more = find_expect(c, e, step)) {
		c->met[more] = true;
		check_record(c, &c->s->expect[more], e);
	}
	if (i >= 0) {
		c->met[i] = true;
	} else if (e->kind == TF_EV_FINDING) {
		fail_event(c, e, "undeclared finding");
	} else if (step->kind != SCN_END && e->step < c->s->step_count) {
		fail_event(c, e, "undeclared record");
	}
}

static void
check_possible(struct check *c, const struct scn_expect *x)
{
	const struct end_view *v = view(c, x->conn, x->endpoint);
	tf_states got = v->possible;
	char expected[200], actual[200];
	const char *relation = "in";
	bool holds = (x->set & ~got) == 0;

	if (x->kind == SCN_IS) {
		relation = "is";
		got = (tf_states)(v->known ? TF_STATES(v->state) : 0);
		holds = (got & ~x->set) == 0;
	} else if (x->kind == SCN_WITHIN) {
		relation = "within";
		holds = (got & ~x->set) == 0;
	} else if (x->kind == SCN_EXACTLY) {
		relation = "=";
		holds = got == x->set;
	} else if (x->kind == SCN_LACKS) {
		relation = "not";
		holds = (got & x->set) == 0;
	}
	if (holds && v->known)
		return;
	fail(c, x->line, "expected %s %s %s, but %s", x->endpoint == TF_SERVER ? "server" : "client",
	     relation, scn_set_text(x->set, expected, sizeof(expected)),
	     v->known ? scn_set_text(got, actual, sizeof(actual)) : "nothing was said of it");
}

static void
check_unmet(struct check *c, const struct scn_expect *x)
{
	const char *end = x->endpoint == TF_CLIENT ? "client" : x->endpoint == TF_SERVER ? "server" : "";
	char set[200];

	if (x->kind == SCN_TRANSITION)
		fail(c, x->line, "expected conn %u %s %s, but it did not come", x->conn, end,
		     scn_set_text(x->set, set, sizeof(set)));
	else if (x->kind == SCN_FINDING)
		fail(c, x->line, "expected conn %u ! %s %s, but it was not raised%s", x->conn, x->name, end,
		     x->severity >= 0 || x->where != NULL || x->detail[0] != '\0'
		         ? " (with this severity, there, and with this detail)"
		         : "");
	else
		fail(c, x->line, "expected the record of connection %u, but it did not come", x->conn);
}

static void
check_count(struct check *c, const struct scn_expect *x)
{
	uint64_t actual = c->run->stats.connections;

	if (actual != x->count)
		fail(c, x->line, "expected %" PRIu64 " connections, but %" PRIu64, x->count, actual);
}

/* After the events of a step: what it declares must have come. */
static void
check_step(struct check *c, const struct scn_step *step)
{
	for (size_t i = step->first_expect; i < step->first_expect + step->expect_count; i++) {
		const struct scn_expect *x = &c->s->expect[i];

		if (x->kind == SCN_CONNECTIONS)
			check_count(c, x);
		else if (x->kind == SCN_MOVES)
			continue;
		else if (x->kind != SCN_TRANSITION && x->kind != SCN_FINDING && x->kind != SCN_RECORD)
			check_possible(c, x);
		else if (!c->met[i] && !x->later && !x->may)
			check_unmet(c, x);
	}
}

static void
check_totals(struct check *c)
{
	const struct tf_stats *stats = &c->run->stats;
	bool counted = false;
	int last = c->s->step[c->s->step_count - 1].line;

	for (size_t i = 0; i < c->s->expect_count; i++) {
		const struct scn_expect *x = &c->s->expect[i];

		if (x->later && !x->may && !c->met[i])
			check_unmet(c, x);
		counted |= x->kind == SCN_CONNECTIONS;
	}
	if (!counted && stats->connections != c->s->conn_count)
		fail(c, last, "the scenario has %u connections, the analyzer counted %" PRIu64,
		     c->s->conn_count, stats->connections);
	if (stats->segments != c->run->frames - c->run->errors)
		fail(c, last, "%" PRIu64 " segments were fed, the analyzer counted %" PRIu64,
		     c->run->frames - c->run->errors, stats->segments);
	if (stats->duplicate_frames != c->run->copies)
		fail(c, last, "%" PRIu64 " frames were copies, the analyzer counted %" PRIu64, c->run->copies,
		     stats->duplicate_frames);
}

static void
check_steps(struct check *c)
{
	size_t next = 0;

	for (size_t i = 0; i < c->s->step_count; i++) {
		const struct scn_step *step = &c->s->step[i];
		bool last = i + 1 == c->s->step_count;

		for (; next < c->run->count && (c->run->event[next].step <= i || last); next++) {
			follow(c, &c->run->event[next]);
			match_event(c, &c->run->event[next], step);
		}
		check_step(c, step);
	}
}

unsigned
scn_check(const struct scenario *s, const struct scn_run *run, scn_complaint *complain, void *context)
{
	struct check *c = calloc(1, sizeof(*c));
	unsigned failures;

	if (c != NULL)
		c->met = calloc(s->expect_count + 1, sizeof(*c->met));
	if (c == NULL || c->met == NULL) {
		free(c);
		complain(context, 0, "no memory");
		return 1;
	}
	c->s = s;
	c->run = run;
	c->complain = complain;
	c->context = context;
	check_steps(c);
	check_totals(c);
	failures = c->failures;
	free(c->met);
	free(c);
	return failures;
}

unsigned
scn_check_names(const struct scenario *s, scn_complaint *complain, void *context)
{
	unsigned failures = 0;

	for (size_t i = 0; i < s->expect_count; i++) {
		char text[100];

		if (s->expect[i].kind != SCN_FINDING || tf_anomaly_by_id(s->expect[i].name) >= 0)
			continue;
		(void)snprintf(text, sizeof(text), "%s is no id of the catalogue", s->expect[i].name);
		complain(context, s->expect[i].line, text);
		failures++;
	}
	return failures;
}

unsigned
scn_compare(const struct scn_run *one, const struct scn_run *other, scn_complaint *complain, void *context)
{
	char first[1800], second[1800], text[3800];

	for (size_t i = 0; i < one->count || i < other->count; i++) {
		first[0] = second[0] = '\0';
		if (i < one->count)
			scn_event_text(&one->event[i], first, sizeof(first));
		if (i < other->count)
			scn_event_text(&other->event[i], second, sizeof(second));
		if (strcmp(first, second) == 0)
			continue;
		(void)snprintf(text, sizeof(text), "fed one by one: %s; all at once: %s", first, second);
		complain(context, 0, text);
		return 1;
	}
	return 0;
}
