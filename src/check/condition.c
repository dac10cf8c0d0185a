/*
 * Conditions of rules, by recursive descent, into postfix terms:
 *
 *   condition  = all { "or" all }
 *   all        = part { "and" part }
 *   part       = "not" part | "(" condition ")" | comparison
 *   comparison = [ end ] field ( sign literal | "in" "(" literals ")" | "has" names | path )
 *
 * What a field may be compared with is in field.h's table of kinds.
 */
#include <string.h>

#include "check/parser.h"

enum { MOST_NESTING = 20 };

_Static_assert(2 * MOST_NESTING + 3 <= TF_MAX_TERM_DEPTH,
               "each level leaves at most two truths on the stack");

static bool
add_operator(struct tf_parser *p, enum tf_term_kind kind)
{
	struct tf_term *t = tf_ruleset_add_term(p->rules);

	if (!t)
		return tf_no_room(p);
	t->kind = kind;
	return true;
}

/* ---- fields -------------------------------------------------------------------------------- */

bool
tf_accept_end(struct tf_parser *p, enum tf_which *which)
{
	static const char *const names[] = {[TF_THE_CLIENT] = "client",
	                                    [TF_THE_SERVER] = "server",
	                                    [TF_BOTH_ENDS] = "both",
	                                    [TF_EITHER_END] = "either"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (!tf_accept_word(p, names[i]))
			continue;
		*which = (enum tf_which)i;
		return true;
	}
	return false;
}

static bool
expected_field(struct tf_parser *p, bool after_end)
{
	static const char *const ends[] = {"client", "server", "both", "either", "not"};
	struct tf_suggestion s = {.word = p->word};

	for (int i = 0; i < TF_FIELD_COUNT; i++)
		if (!after_end || tf_field((enum tf_field_id)i)->scope != TF_OF_CONNECTION)
			tf_suggest(&s, tf_field((enum tf_field_id)i)->name);
	for (size_t i = 0; !after_end && i < sizeof ends / sizeof *ends; i++)
		tf_suggest(&s, ends[i]);
	return tf_expected_name(p,
	                        after_end ? "a field of an end (state, bytes, port, ...)"
	                                  : "a field (close, handshake_rtt, client state, ...)",
	                        &s);
}

/* "client state", "close", "path client": FIELD and WHICH of the term. */
static bool
parse_field(struct tf_parser *p, struct tf_term *t)
{
	static const enum tf_which without_end[] = {[TF_OF_CONNECTION] = TF_THE_CONNECTION,
	                                            [TF_OF_EITHER] = TF_EITHER_END,
	                                            [TF_OF_SUM] = TF_SUM_OF_ENDS};
	bool end = tf_accept_end(p, &t->which);
	int id = p->token.kind == TF_TOKEN_WORD ? tf_field_by_name(p->word) : -1;

	if (id < 0)
		return expected_field(p, end);
	const struct tf_field *field = tf_field((enum tf_field_id)id);
	t->field = (enum tf_field_id)id;
	if (end && field->scope == TF_OF_CONNECTION)
		return tf_fault(p, "%s is of the connection, not of an end: leave the word before it out",
		                p->word);
	if (!end && field->scope == TF_OF_END && field->kind != TF_FIELD_PATH)
		return tf_fault(p, "whose %s? expected client, server, both or either before it", p->word);
	tf_next_token(p);
	if (end)
		return true;
	if (field->kind == TF_FIELD_PATH)
		return tf_accept_end(p, &t->which) || tf_expected(p, "client, server, both or either", NULL);
	t->which = without_end[field->scope];
	return true;
}

/* ---- what stands behind a field ------------------------------------------------------------ */

static bool
is_ordered(enum tf_field_kind kind)
{
	return kind <= TF_FIELD_TIME;
}

bool
tf_accept_comparison(struct tf_parser *p, enum tf_comparison *comparison)
{
	if (tf_accept_word(p, "is")) {
		*comparison = tf_accept_word(p, "not") ? TF_CMP_UNEQUAL : TF_CMP_EQUAL;
		return true;
	}
	if (p->token.kind < TF_TOKEN_EQUAL || p->token.kind > TF_TOKEN_AT_LEAST)
		return false;
	*comparison = (enum tf_comparison)(p->token.kind - TF_TOKEN_EQUAL);
	tf_next_token(p);
	return true;
}

_Static_assert(TF_TOKEN_AT_LEAST - TF_TOKEN_EQUAL == TF_CMP_AT_LEAST &&
                   TF_TOKEN_UNEQUAL - TF_TOKEN_EQUAL == TF_CMP_UNEQUAL &&
                   TF_TOKEN_LESS - TF_TOKEN_EQUAL == TF_CMP_LESS &&
                   TF_TOKEN_AT_MOST - TF_TOKEN_EQUAL == TF_CMP_AT_MOST &&
                   TF_TOKEN_MORE - TF_TOKEN_EQUAL == TF_CMP_MORE,
               "signs and comparisons stand in the same order");

static struct tf_value *
add_value(struct tf_parser *p, struct tf_term *t)
{
	struct tf_value *v = tf_ruleset_add_value(p->rules);

	if (v)
		t->value_count++;
	else
		tf_no_room(p);
	return v;
}

/* A literal, or `unknown` where the field may be unknown. */
static bool
parse_operand(struct tf_parser *p, struct tf_term *t, bool may_be_unknown)
{
	struct tf_value *v = add_value(p, t);

	if (!v)
		return false;
	if (may_be_unknown && tf_accept_word(p, "unknown")) {
		v->unknown = true;
		return true;
	}
	return tf_parse_compared(p, tf_field(t->field)->kind, &t->comparison, v);
}

/* One element of a set field: a state, or a finding. */
static bool
parse_element(struct tf_parser *p, struct tf_term *t)
{
	struct tf_value *v = add_value(p, t);
	enum tf_anomaly id;

	if (!v)
		return false;
	if (tf_field(t->field)->kind == TF_FIELD_STATES)
		return tf_parse_state(p, &v->low);
	if (!tf_parse_id(p, &id))
		return false;
	v->low = (int64_t)id;
	return true;
}

/* "(" and operands or elements with commas between them, and ")". */
static bool
parse_list(struct tf_parser *p, struct tf_term *t)
{
	if (!tf_accept_token(p, TF_TOKEN_OPEN))
		return tf_expected(p, "'(' and a list", NULL);
	do {
		if (!(t->kind == TF_TERM_HAS ? parse_element(p, t) : parse_operand(p, t, true)))
			return false;
	} while (tf_accept_token(p, TF_TOKEN_COMMA));
	return tf_accept_token(p, TF_TOKEN_CLOSE) || tf_expected(p, "',' or ')'", NULL);
}

/* "has ID", "has (A, B)": any of them; "= none". */
static bool
parse_set(struct tf_parser *p, struct tf_term *t)
{
	t->kind = TF_TERM_HAS;
	if (tf_accept_word(p, "has"))
		return p->token.kind == TF_TOKEN_OPEN ? parse_list(p, t) : parse_element(p, t);
	if (!tf_accept_comparison(p, &t->comparison) || t->comparison > TF_CMP_UNEQUAL)
		return tf_expected(p, "has, or = none", NULL);
	struct tf_value *v = add_value(p, t);
	if (!v)
		return false;
	v->none = true;
	return tf_accept_word(p, "none") || tf_expected(p, "none (or write: has, and a name)", NULL);
}

static bool
path_ends(const struct tf_parser *p)
{
	return p->token.kind != TF_TOKEN_WORD || tf_at_word(p, "and") || tf_at_word(p, "or");
}

/* "= SYN-SENT ESTABLISHED ... TIME-WAIT". */
static bool
parse_path(struct tf_parser *p, struct tf_term *t)
{
	t->kind = TF_TERM_PATH;
	if (!tf_accept_comparison(p, &t->comparison) || t->comparison > TF_CMP_UNEQUAL)
		return tf_expected(p, "= and the states of the path", NULL);
	do {
		struct tf_value *v = add_value(p, t);
		if (!v)
			return false;
		v->any = tf_accept_word(p, "...");
		if (!v->any && !tf_parse_state(p, &v->low))
			return false;
	} while (!path_ends(p));
	return true;
}

/* Ports, addresses and services are named without a sign: "server port 8080". */
static bool
may_leave_sign_out(const struct tf_parser *p, enum tf_field_kind kind)
{
	return (kind == TF_FIELD_PORT || kind == TF_FIELD_ADDR || kind == TF_FIELD_SERVICE) &&
	       p->token.kind == TF_TOKEN_WORD;
}

static bool
parse_sign(struct tf_parser *p, struct tf_term *t)
{
	enum tf_field_kind kind = tf_field(t->field)->kind;
	struct tf_parser at_sign = *p;

	if (!tf_accept_comparison(p, &t->comparison)) {
		if (may_leave_sign_out(p, kind))
			return true;
		return tf_expected(p, is_ordered(kind) ? "=, !=, <, <=, >, >= or in" : "=, != or in", NULL);
	}
	if (t->comparison <= TF_CMP_UNEQUAL || is_ordered(kind))
		return true;
	*p = at_sign;
	return tf_fault(p, "%s has no order: expected =, != or in", tf_field(t->field)->name);
}

static bool
parse_plain(struct tf_parser *p, struct tf_term *t)
{
	bool negated = tf_accept_word(p, "not");

	if (negated || tf_at_word(p, "in")) {
		t->comparison = negated ? TF_CMP_UNEQUAL : TF_CMP_EQUAL;
		return tf_accept_word(p, "in") ? parse_list(p, t) : tf_expected(p, "in", NULL);
	}
	return parse_sign(p, t) && parse_operand(p, t, t->comparison <= TF_CMP_UNEQUAL);
}

static bool
parse_comparison(struct tf_parser *p)
{
	struct tf_term term = {.value = p->rules->value_count}, *t;
	enum tf_field_kind kind;

	if (!parse_field(p, &term))
		return false;
	kind = tf_field(term.field)->kind;
	bool good = kind == TF_FIELD_PATH                             ? parse_path(p, &term)
	            : kind == TF_FIELD_STATES || kind == TF_FIELD_IDS ? parse_set(p, &term)
	                                                              : parse_plain(p, &term);
	if (!good)
		return false;
	t = tf_ruleset_add_term(p->rules);
	if (!t)
		return tf_no_room(p);
	*t = term;
	return true;
}

/* ---- and, or, not -------------------------------------------------------------------------- */

static bool parse_any(struct tf_parser *p);

static bool
parse_part(struct tf_parser *p)
{
	bool good, negated = tf_accept_word(p, "not");

	if (!negated && p->token.kind != TF_TOKEN_OPEN)
		return parse_comparison(p);
	if (++p->nesting > MOST_NESTING)
		return tf_fault(p, "more than %d levels of parentheses and nots", MOST_NESTING);
	if (negated) {
		good = parse_part(p) && add_operator(p, TF_TERM_NOT);
	} else {
		tf_next_token(p);
		good = parse_any(p);
		if (good && !tf_accept_token(p, TF_TOKEN_CLOSE))
			good = tf_expected(p, "and, or or ')'", NULL);
	}
	p->nesting--;
	return good;
}

static bool
parse_all(struct tf_parser *p)
{
	if (!parse_part(p))
		return false;
	while (tf_accept_word(p, "and"))
		if (!parse_part(p) || !add_operator(p, TF_TERM_AND))
			return false;
	return true;
}

static bool
parse_any(struct tf_parser *p)
{
	if (!parse_all(p))
		return false;
	while (tf_accept_word(p, "or"))
		if (!parse_all(p) || !add_operator(p, TF_TERM_OR))
			return false;
	return true;
}

bool
tf_parse_condition(struct tf_parser *p, struct tf_condition *c)
{
	c->term = p->rules->term_count;
	if (!parse_any(p))
		return false;
	c->term_count = p->rules->term_count - c->term;
	return true;
}
