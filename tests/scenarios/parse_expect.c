/*
 * What stands right of the '|': transitions, possible sets, findings,
 * connection records and counts that must hold after the line's event.
 *
 * Only the form is checked here.  Whether an id is one of the catalogue
 * is the runner's question: the parser knows no catalogue.
 */
#include "parse.h"

#include <stdio.h>
#include <string.h>

static struct scn_expect *
new_expect(struct scn_parser *p, enum scn_expect_kind kind, unsigned conn)
{
	struct scenario *s = p->s;
	struct scn_expect *e;

	if (!scn_grow((void **)&s->expect, &s->expect_room, s->expect_count, sizeof(*s->expect),
	              SCN_MAX_EXPECTS)) {
		scn_fail(p, "no room for more expectations");
		return NULL;
	}
	e = &s->expect[s->expect_count];
	memset(e, 0, sizeof(*e));
	e->kind = kind;
	e->line = p->line;
	e->conn = conn;
	e->endpoint = -1;
	e->basis = e->severity = -1;
	e->record.close = e->record.roles = e->record.rtt_known = -1;
	memset(e->record.state, -1, sizeof(e->record.state));
	memset(e->record.field, -1, sizeof(e->record.field));
	s->expect_count++;
	return e;
}

static bool
read_state(struct scn_parser *p, int *state)
{
	if (!scn_word(p, "a state"))
		return false;
	*state = tf_state_by_name(p->word);
	return *state >= 0 ? true : scn_fail(p, "%s is no state", p->word);
}

static bool
read_set(struct scn_parser *p, tf_states *set)
{
	int state;

	*set = 0;
	if (!scn_take_char(p, '{'))
		return scn_fail(p, "expected a set of states in braces");
	do {
		if (!read_state(p, &state))
			return false;
		*set = (tf_states)(*set | TF_STATES(state));
	} while (scn_take_char(p, ','));
	return scn_take_char(p, '}') ? true : scn_fail(p, "expected , or } in a set of states");
}

static bool
read_basis(struct scn_parser *p, int *basis)
{
	static const char *const names[] = {"observed", "presumed", "inferred", "timer", "retracted"};

	if (!scn_take_char(p, '('))
		return true;
	if (!scn_word(p, "a basis"))
		return false;
	if (strcmp(p->word, "any") == 0)
		*basis = SCN_ANY_BASIS;
	for (int i = 0; i < 5; i++)
		if (strcmp(p->word, names[i]) == 0)
			*basis = i;
	if (*basis == -1)
		return scn_fail(p, "%s is no basis of a transition", p->word);
	return scn_take_char(p, ')') ? true : scn_fail(p, "expected ) after the basis");
}

static bool
read_name(struct scn_parser *p, const char *what, char name[SCN_NAME])
{
	if (!scn_word(p, what))
		return false;
	if (strlen(p->word) >= SCN_NAME)
		return scn_fail(p, "%s is too long", what);
	strcpy(name, p->word);
	return true;
}

/* STATE or, where the sources leave room, STATE/STATE. */
static bool
read_choice_of_states(struct scn_parser *p, tf_states *set)
{
	int state;

	do {
		if (!read_state(p, &state))
			return false;
		*set = (tf_states)(*set | TF_STATES(state));
	} while (scn_take_char(p, '/'));
	return true;
}

/* One transition or several: STATE [(basis)] [by rule] {, STATE ...}. */
static bool
read_transitions(struct scn_parser *p, unsigned conn, enum tf_endpoint end, bool may)
{
	do {
		struct scn_expect *e = new_expect(p, SCN_TRANSITION, conn);

		if (e == NULL)
			return false;
		e->endpoint = (int)end;
		e->may = may;
		if (!read_choice_of_states(p, &e->set) || !read_basis(p, &e->basis))
			return false;
		if (scn_take_word(p, "by") && !read_name(p, "a rule", e->name))
			return false;
	} while (scn_take_char(p, ','));
	return true;
}

static bool
read_possible(struct scn_parser *p, unsigned conn, enum tf_endpoint end, enum scn_expect_kind kind)
{
	struct scn_expect *e = new_expect(p, kind, conn);

	if (e == NULL)
		return false;
	e->endpoint = (int)end;
	return read_set(p, &e->set);
}

static bool
read_moves(struct scn_parser *p, unsigned conn, enum tf_endpoint end)
{
	struct scn_expect *e = new_expect(p, SCN_MOVES, conn);

	if (e != NULL)
		e->endpoint = (int)end;
	return e != NULL;
}

static bool
read_is(struct scn_parser *p, unsigned conn, enum tf_endpoint end)
{
	struct scn_expect *e = new_expect(p, SCN_IS, conn);

	if (e == NULL)
		return false;
	e->endpoint = (int)end;
	return read_choice_of_states(p, &e->set);
}

static bool
read_end(struct scn_parser *p, unsigned conn, enum tf_endpoint end, bool may)
{
	static const struct {
		const char *word;
		enum scn_expect_kind kind;
	} relations[] = {{"in", SCN_CONTAINS}, {"within", SCN_WITHIN}, {"not", SCN_LACKS}};

	if (scn_take_char(p, '='))
		return read_possible(p, conn, end, SCN_EXACTLY);
	if (scn_take_word(p, "moves"))
		return read_moves(p, conn, end);
	if (scn_take_word(p, "is"))
		return read_is(p, conn, end);
	for (size_t i = 0; i < sizeof(relations) / sizeof(relations[0]); i++)
		if (scn_take_word(p, relations[i].word))
			return read_possible(p, conn, end, relations[i].kind);
	return read_transitions(p, conn, end, may);
}

static bool
read_severity(struct scn_parser *p, int *severity)
{
	static const char *const names[] = {"info", "notice", "warning", "error"};

	if (!scn_take_char(p, '('))
		return true;
	if (!scn_word(p, "a severity"))
		return false;
	for (int i = 0; i < 4; i++)
		if (strcmp(p->word, names[i]) == 0)
			*severity = i;
	if (*severity < 0)
		return scn_fail(p, "%s is no severity (info, notice, warning, error)", p->word);
	return scn_take_char(p, ')') ? true : scn_fail(p, "expected ) after the severity");
}

/* Where the finding says that something was lost. */
static bool
read_where(struct scn_parser *p, const char **where)
{
	static const struct {
		const char *word, *text;
	} places[] = {{"before", "before the tap"},
	              {"behind", "behind the tap"},
	              {"unknown", "unknown"},
	              {"nowhere", "nowhere"}};

	if (!scn_take_word(p, "where"))
		return true;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (scn_take_word(p, places[i].word)) {
			*where = places[i].text;
			return true;
		}
	}
	return scn_fail(p, "expected before, behind, unknown or nowhere after where");
}

/* A detail of the finding that is a count: with NAME N. */
static bool
read_detail(struct scn_parser *p, struct scn_expect *e)
{
	if (!scn_take_word(p, "with"))
		return true;
	return read_name(p, "the name of a detail", e->detail) &&
	       scn_number(p, "a count", 0, INT32_MAX, &e->detail_count);
}

static bool
read_finding(struct scn_parser *p, unsigned conn, bool later, bool may)
{
	struct scn_expect *e = new_expect(p, SCN_FINDING, conn);
	enum tf_endpoint end;

	if (e == NULL || !read_name(p, "the id of a finding", e->name))
		return false;
	e->later = later;
	e->may = may;
	if (scn_take_end(p, &end))
		e->endpoint = (int)end;
	else if (scn_take_word(p, "neither"))
		e->endpoint = TF_NEITHER;
	else if (!scn_take_word(p, "any"))
		return scn_fail(p, "expected client, server, neither or any after the id of a finding");
	return read_severity(p, &e->severity) && read_where(p, &e->where) && read_detail(p, e);
}

static bool
read_history(struct scn_parser *p, struct scn_record *r, enum tf_endpoint end)
{
	int state;

	do {
		if (!read_state(p, &state))
			return false;
		if (r->history_count[end] == TF_MAX_HISTORY)
			return scn_fail(p, "a history has at most %d states", TF_MAX_HISTORY);
		r->history[end][r->history_count[end]++] = (uint8_t)state;
	} while (scn_take_char(p, ','));
	return true;
}

/* The word after `client` or `server` in a record: history, a counter, or the final state. */
static bool
read_record_end(struct scn_parser *p, struct scn_record *r, enum tf_endpoint end)
{
	static const char *const fields[SCN_FIELD_COUNT] = {
	    "packets",        "bytes",        "retransmitted", "out-of-order",
	    "duplicate-acks", "zero-windows", "keepalives",
	};

	if (scn_take_word(p, "history"))
		return read_history(p, r, end);
	for (int i = 0; i < SCN_FIELD_COUNT; i++)
		if (scn_take_word(p, fields[i]))
			return scn_number(p, fields[i], 0, INT32_MAX, &r->field[end][i]);
	return read_state(p, &r->state[end]);
}

static bool
read_close(struct scn_parser *p, struct scn_record *r)
{
	static const char *const names[] = {"open", "fin", "rst", "refused", "unanswered", "timeout"};

	if (!scn_word(p, "how it closed"))
		return false;
	for (int i = 0; i < 6; i++)
		if (strcmp(p->word, names[i]) == 0)
			r->close = i;
	if (r->close < 0)
		return scn_fail(p, "%s is no way to close (open, fin, rst, refused, unanswered, timeout)",
		                p->word);
	return true;
}

static bool
read_choice(struct scn_parser *p, const char *no, const char *yes, int *value)
{
	if (scn_take_word(p, no))
		*value = 0;
	else if (scn_take_word(p, yes))
		*value = 1;
	else
		return scn_fail(p, "expected %s or %s", no, yes);
	return true;
}

/* A word into TEXT of SIZE octets: no fixed list, for whatever is compared with it. */
static bool
read_text(struct scn_parser *p, const char *what, char *text, size_t size)
{
	size_t flipped = scn_take_char(p, '^');

	if (!scn_word(p, what))
		return false;
	if (strlen(p->word) + flipped >= size)
		return scn_fail(p, "%s is too long", what);
	text[0] = '^';
	memcpy(text + flipped, p->word, strlen(p->word) + 1);
	return true;
}

static bool
read_record(struct scn_parser *p, unsigned conn, bool later, bool may)
{
	struct scn_expect *e = new_expect(p, SCN_RECORD, conn);
	enum tf_endpoint end;

	if (e == NULL)
		return false;
	e->later = later;
	e->may = may;
	while (!p->failed) {
		if (scn_take_word(p, "close"))
			read_close(p, &e->record);
		else if (scn_take_word(p, "roles"))
			read_choice(p, "syn", "guessed", &e->record.roles);
		else if (scn_take_word(p, "rtt"))
			read_choice(p, "unknown", "known", &e->record.rtt_known);
		else if (scn_take_word(p, "zeek"))
			read_text(p, "Zeek's word", e->record.zeek, sizeof(e->record.zeek));
		else if (scn_take_word(p, "letters"))
			read_text(p, "the letters", e->record.letters, sizeof(e->record.letters));
		else if (scn_take_end(p, &end))
			read_record_end(p, &e->record, end);
		else
			break;
	}
	return !p->failed;
}

static bool
read_connections(struct scn_parser *p, const struct scn_step *step)
{
	struct scn_expect *e = new_expect(p, SCN_CONNECTIONS, p->conn);
	int64_t n;

	if (e == NULL || !scn_number(p, "a count", 0, INT32_MAX, &n))
		return false;
	e->count = (uint64_t)n;
	return step->kind == SCN_END ? true : scn_fail(p, "a count stands only in the line `end`");
}

static bool
read_item(struct scn_parser *p, const struct scn_step *step, unsigned *conn)
{
	bool may = scn_take_word(p, "may");
	bool later = scn_take_word(p, "later");
	bool wherever = scn_take_word(p, "wherever");
	enum tf_endpoint end;

	if (scn_take_char(p, '!'))
		return read_finding(p, wherever ? 0 : *conn, later, may);
	if (wherever)
		return scn_fail(p, "only a finding can be of any connection");
	if (scn_take_word(p, "record"))
		return read_record(p, *conn, later, may);
	if (later)
		return scn_fail(p, "only a finding or a record can come later");
	if (scn_take_end(p, &end))
		return read_end(p, *conn, end, may);
	if (scn_take_word(p, "conn"))
		return scn_conn_number(p, conn);
	if (scn_take_word(p, "connections"))
		return read_connections(p, step);
	scn_word(p, "an expectation");
	return scn_fail(p, "%s begins no expectation (client, server, !, record, conn, later, may)", p->word);
}

bool
scn_parse_expects(struct scn_parser *p, struct scn_step *step)
{
	unsigned conn = p->conn;

	if (step->kind == SCN_PACKET)
		conn = step->packet.conn;
	while (!scn_at_end(p) && !p->failed)
		read_item(p, step, &conn);
	step->expect_count = p->s->expect_count - step->first_expect;
	return !p->failed;
}
