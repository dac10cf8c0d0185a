/*
 * Conditions against records: postfix terms on a stack of truths, by the
 * strong logic of three values (not known AND no is no; not known OR yes is
 * yes).  It says nothing to the user but what a record has.
 */
#include "check/evaluate.h"

#include <assert.h>
#include <string.h>

static enum tf_truth
truth(bool holds)
{
	return holds ? TF_HOLDS : TF_DOES_NOT_HOLD;
}

static enum tf_truth
both(enum tf_truth a, enum tf_truth b)
{
	return a < b ? a : b;
}

static enum tf_truth
either(enum tf_truth a, enum tf_truth b)
{
	return a > b ? a : b;
}

bool
tf_compare_holds(enum tf_comparison comparison, int64_t number, int64_t limit)
{
	switch (comparison) {
	case TF_CMP_EQUAL:
		return number == limit;
	case TF_CMP_UNEQUAL:
		return number != limit;
	case TF_CMP_LESS:
		return number < limit;
	case TF_CMP_AT_MOST:
		return number <= limit;
	case TF_CMP_MORE:
		return number > limit;
	case TF_CMP_AT_LEAST:
		return number >= limit;
	}
	return false;
}

static bool
is_below_prefix(const struct tf_addr *addr, const struct tf_value *v)
{
	unsigned octets = v->prefix / 8, bits = v->prefix % 8;

	if (memcmp(addr->byte, v->addr.byte, octets) != 0)
		return false;
	return bits == 0 || ((addr->byte[octets] ^ v->addr.byte[octets]) >> (8 - bits)) == 0;
}

/* Is what was read V (or in its range or prefix)? */
static enum tf_truth
equals(enum tf_field_kind kind, const struct tf_reading *read, const struct tf_value *v)
{
	if (v->unknown)
		return truth(!read->known);
	if (!read->known)
		return TF_UNDECIDED;
	if (read->addr && !is_below_prefix(read->addr, v))
		return TF_DOES_NOT_HOLD;
	return truth(kind == TF_FIELD_ADDR || (read->number >= v->low && read->number <= v->high));
}

static enum tf_truth
negate(enum tf_truth t)
{
	return t == TF_UNDECIDED ? t : truth(t == TF_DOES_NOT_HOLD);
}

/* With an ordering there is one value; with = and != any of several. */
static enum tf_truth
compare_reading(const struct tf_ruleset *rules, const struct tf_term *t, const struct tf_reading *read)
{
	const struct tf_value *v = &rules->value[t->value];
	enum tf_truth any = TF_DOES_NOT_HOLD;

	if (t->comparison != TF_CMP_EQUAL && t->comparison != TF_CMP_UNEQUAL)
		return read->known ? truth(tf_compare_holds(t->comparison, read->number, v->low))
		                   : TF_UNDECIDED;
	for (size_t i = 0; i < t->value_count; i++)
		any = either(any, equals(tf_field(t->field)->kind, read, &v[i]));
	return t->comparison == TF_CMP_UNEQUAL ? negate(any) : any;
}

static enum tf_truth
compare_text(const struct tf_ruleset *rules, const struct tf_term *t, const struct tf_connection_record *r,
             uint16_t seed)
{
	char text[TF_FIELD_TEXT_SIZE];
	bool any = false;

	tf_field_text(t->field, r, seed, text);
	for (size_t i = 0; i < t->value_count; i++) {
		const char *wanted = rules->value[t->value + i].text;
		any = any || (wanted && strcmp(text, wanted) == 0);
	}
	return truth(any == (t->comparison == TF_CMP_EQUAL));
}

static bool
record_has(const struct tf_connection_record *r, int64_t id)
{
	for (size_t i = 0; i < r->anomaly_count; i++)
		if ((int64_t)r->anomalies[i].id == id)
			return true;
	return false;
}

/* A set: does it hold any of the values; or is it empty, where the value is `none`? */
static enum tf_truth
set_has(const struct tf_ruleset *rules, const struct tf_term *t, const struct tf_connection_record *r,
        const struct tf_end_record *end)
{
	bool any = false, of_states = tf_field(t->field)->kind == TF_FIELD_STATES;

	for (size_t i = 0; i < t->value_count; i++) {
		const struct tf_value *v = &rules->value[t->value + i];
		if (v->none)
			any = any || (of_states ? end->possible == 0 : r->anomaly_count == 0);
		else
			any = any || (of_states ? (end->possible >> v->low & 1) != 0 : record_has(r, v->low));
	}
	return truth(any == (t->comparison == TF_CMP_EQUAL));
}

/* Do the COUNT states at STATE follow the pattern?  A back-tracking match; both are short. */
static bool
follows(const struct tf_value *v, size_t values, const uint8_t *state, size_t count)
{
	size_t at = 0, i = 0, star = SIZE_MAX, from = 0;

	while (at < count) {
		if (i < values && v[i].any) {
			star = i++;
			from = at;
		} else if (i < values && v[i].low == state[at]) {
			i++;
			at++;
		} else if (star != SIZE_MAX) {
			i = star + 1;
			at = ++from;
		} else {
			return false;
		}
	}
	while (i < values && v[i].any)
		i++;
	return i == values;
}

/*
 * The state before the opening (CLOSED, LISTEN) need not be written, nor
 * the CLOSED after TIME-WAIT, which says only that the capture went on.
 */
static bool
path_matches(const struct tf_value *v, size_t values, const struct tf_end_record *e)
{
	bool starts = e->history_count > 1 && (e->history[0] == TF_CLOSED || e->history[0] == TF_LISTEN);
	size_t n = e->history_count;
	bool ends = n > 1 && e->history[n - 1] == TF_CLOSED && e->history[n - 2] == TF_TIME_WAIT;

	for (size_t first = 0; first <= (size_t)starts; first++)
		for (size_t last = 0; last <= (size_t)ends && n > first + last; last++)
			if (follows(v, values, e->history + first, n - first - last))
				return true;
	return false;
}

static enum tf_truth
compare_path(const struct tf_ruleset *rules, const struct tf_term *t, const struct tf_end_record *e)
{
	if (e->history_truncated)
		return TF_UNDECIDED;
	bool matches = path_matches(&rules->value[t->value], t->value_count, e);
	return truth(matches == (t->comparison == TF_CMP_EQUAL));
}

/* WHICH is one end, the sum, or the connection. */
static enum tf_truth
compare_one(const struct tf_ruleset *rules, const struct tf_term *t, enum tf_which which,
            const struct tf_connection_record *r, uint16_t seed)
{
	const struct tf_end_record *end = &r->end[which == TF_THE_SERVER ? TF_SERVER : TF_CLIENT];

	if (t->kind == TF_TERM_PATH)
		return compare_path(rules, t, end);
	if (t->kind == TF_TERM_HAS)
		return set_has(rules, t, r, end);
	if (tf_field(t->field)->kind == TF_FIELD_TEXT)
		return compare_text(rules, t, r, seed);
	struct tf_reading read = tf_field_read(t->field, which, r);
	return compare_reading(rules, t, &read);
}

static enum tf_truth
compare(const struct tf_ruleset *rules, const struct tf_term *t, const struct tf_connection_record *r,
        uint16_t seed)
{
	if (t->which != TF_BOTH_ENDS && t->which != TF_EITHER_END)
		return compare_one(rules, t, t->which, r, seed);
	enum tf_truth client = compare_one(rules, t, TF_THE_CLIENT, r, seed);
	enum tf_truth server = compare_one(rules, t, TF_THE_SERVER, r, seed);
	return t->which == TF_BOTH_ENDS ? both(client, server) : either(client, server);
}

enum tf_truth
tf_evaluate(const struct tf_ruleset *rules, const struct tf_condition *c,
            const struct tf_connection_record *r, uint16_t seed)
{
	enum tf_truth stack[TF_MAX_TERM_DEPTH];
	size_t depth = 0;

	for (size_t i = 0; i < c->term_count; i++) {
		const struct tf_term *t = &rules->term[c->term + i];
		switch ((unsigned)t->kind) {
		case TF_TERM_NOT:
			stack[depth - 1] = negate(stack[depth - 1]);
			break;
		case TF_TERM_AND:
			depth--;
			stack[depth - 1] = both(stack[depth - 1], stack[depth]);
			break;
		case TF_TERM_OR:
			depth--;
			stack[depth - 1] = either(stack[depth - 1], stack[depth]);
			break;
		default:
			assert(depth < TF_MAX_TERM_DEPTH);
			stack[depth++] = compare(rules, t, r, seed);
		}
	}
	return depth == 0 ? TF_HOLDS : stack[0];
}

/* Is the same field of the same end asked about in an earlier term? */
static bool
is_said(const struct tf_ruleset *rules, const struct tf_condition *c, size_t at)
{
	const struct tf_term *t = &rules->term[c->term + at];

	for (size_t i = 0; i < at; i++) {
		const struct tf_term *former = &rules->term[c->term + i];
		if (former->kind <= TF_TERM_PATH && former->field == t->field && former->which == t->which)
			return true;
	}
	return false;
}

void
tf_put_condition_facts(struct tf_buf *b, const struct tf_ruleset *rules, const struct tf_condition *c,
                       const struct tf_connection_record *r, uint16_t seed)
{
	bool any = false;

	for (size_t i = 0; i < c->term_count; i++) {
		const struct tf_term *t = &rules->term[c->term + i];
		if (t->kind > TF_TERM_PATH || is_said(rules, c, i))
			continue;
		if (any)
			tf_put_lit(b, ", ");
		tf_put_field(b, t->field, t->which, r, seed);
		any = true;
	}
}
