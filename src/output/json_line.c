/*
 * The common parts of JSON lines: see json_line.h.  It does not know any
 * kind of line.
 */
#include "json_line.h"

#include <assert.h>

#define NS_PER_S INT64_C(1000000000)

static void
set_word(struct tf_word *w, const char *text)
{
	size_t n = text != NULL ? strlen(text) : 0;
	char *end = w->text;

	assert(n + sizeof "\"\"," - 1 <= sizeof w->text);
	if (text == NULL) {
		end = tf_at_lit(end, "null");
	} else {
		*end++ = '"';
		end = (char *)memcpy(end, text, n) + n;
		*end++ = '"';
	}
	*end++ = ',';
	w->length = (uint8_t)(end - w->text);
}

#define SET_WORDS(WORDS, NAME, TYPE)                                                                         \
	for (unsigned i = 0; i < sizeof(WORDS) / sizeof *(WORDS); i++)                                       \
	set_word(&(WORDS)[i], NAME((TYPE)i))

/* Seldom called: inlined, it would cost its callers more than it does. */
__attribute__((noinline)) static void
set_second(struct tf_json *j, int64_t second_ns)
{
	char *end = tf_at_u64(j->second.text, (uint64_t)(second_ns / NS_PER_S));

	*end++ = '.';
	j->second.length = (uint8_t)(end - j->second.text);
	j->second_ns = second_ns;
}

void
tf_json_init(struct tf_json *j)
{
	struct tf_json_words *w = &j->word;

	set_second(j, 0);
	SET_WORDS(w->state, tf_state_name, enum tf_state);
	SET_WORDS(w->basis, tf_basis_name, enum tf_basis);
	SET_WORDS(w->endpoint, tf_endpoint_name, enum tf_endpoint);
	SET_WORDS(w->roles, tf_roles_name, enum tf_roles);
	SET_WORDS(w->close, tf_close_name, enum tf_close);
	SET_WORDS(w->zeek_state, tf_zeek_state_name, enum tf_zeek_state);
}

char *
tf_json_at_states(const struct tf_json_words *w, char *p, tf_states set)
{
	*p++ = '[';
	for (unsigned left = set; left != 0; left &= left - 1)
		p = tf_at_copy(p, &w->state[__builtin_ctz(left)]);
	/* In the place of the last comma. */
	p -= set != 0;
	*p++ = ']';
	return p;
}

char *
tf_json_at_time(struct tf_output *o, char *p, int64_t ts_ns)
{
	struct tf_json *j = o->state;
	int64_t into_ns = ts_ns - j->second_ns;

	if (ts_ns < 0)
		return tf_at_seconds(p, ts_ns, o->decimals);
	if (into_ns < 0 || into_ns >= NS_PER_S) {
		into_ns = ts_ns % NS_PER_S;
		set_second(j, ts_ns - into_ns);
	}
	p = tf_at_copy(p, &j->second);
	tf_at_fixed(p, (uint32_t)into_ns, 9);
	return p + o->decimals;
}

__attribute__((noinline)) static void
set_where(struct tf_output *o, struct tf_json_where *w, int64_t ts_ns, uint64_t packet, uint64_t conn)
{
	char *p = w->text;

	p = tf_at_lit(p, "\"ts\":");
	p = tf_json_at_time(o, p, ts_ns);
	p = tf_at_lit(p, ",\"packet\":");
	p = tf_json_at_known(p, packet == 0 ? -1 : (int64_t)packet);
	p = tf_at_lit(p, ",\"conn\":");
	p = tf_json_at_known(p, conn == 0 ? -1 : (int64_t)conn);
	p = tf_at_lit(p, ",\"endpoint\":");
	w->ts_ns = ts_ns;
	w->packet = packet;
	w->conn = conn;
	w->decimals = o->decimals;
	w->length = (size_t)(p - w->text);
}

char *
tf_json_at_where(struct tf_output *o, char *p, int64_t ts_ns, uint64_t packet, uint64_t conn)
{
	struct tf_json *j = o->state;
	struct tf_json_where *w = &j->where;

	if (w->packet != packet || w->conn != conn || w->ts_ns != ts_ns || w->decimals != o->decimals ||
	    w->length == 0)
		set_where(o, w, ts_ns, packet, conn);
	memcpy(p, w->text, TF_JSON_LONGEST_WHERE);
	return p + w->length;
}
