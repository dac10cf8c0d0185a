/*
 * Literals of rules: numbers with their units, states, findings, addresses
 * with a prefix, ports, services.  What a literal may be depends on the
 * field that it is held against.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "check/parser.h"
#include "check/values.h"

struct unit {
	const char *name;
	int64_t factor;
};

static const struct unit durations[] = {
    {"ns", 1},
    {"us", 1000},
    {"\xc2\xb5s", 1000},
    {"ms", 1000000},
    {"s", 1000000000},
    {"min", INT64_C(60000000000)},
    {"h", INT64_C(3600000000000)},
    {NULL, 0},
};

static const struct unit sizes[] = {
    {"B", 1},         {"kB", 1000},     {"KB", 1000},     {"MB", 1000000}, {"GB", 1000000000},
    {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {NULL, 0},
};

bool
tf_parse_whole(struct tf_parser *p, const char *what, uint64_t *number)
{
	if (p->token.kind != TF_TOKEN_WORD || !tf_parse_count(p->word, 0, INT64_MAX, number))
		return tf_expected(p, what, NULL);
	tf_next_token(p);
	return true;
}

/* "12", "1.5". */
struct decimal {
	uint64_t whole, billionths;
	bool finer; /* it has more decimals than those */
};

/* The decimal at the start of TEXT; what follows is in *REST. */
static bool
take_decimal(const char *text, struct decimal *d, const char **rest)
{
	char digits[24];
	size_t n = strspn(text, "0123456789");

	if (n == 0 || n >= sizeof digits)
		return false;
	memcpy(digits, text, n);
	digits[n] = '\0';
	*d = (struct decimal){0};
	if (!tf_parse_count(digits, 0, INT64_MAX, &d->whole))
		return false;
	*rest = text + n;
	if (**rest != '.')
		return true;
	uint64_t place = 100000000;
	for (++*rest; **rest >= '0' && **rest <= '9'; ++*rest, place /= 10) {
		d->billionths += (uint64_t)(**rest - '0') * place;
		d->finer = d->finer || (place == 0 && **rest != '0');
	}
	return *rest > text + n + 1;
}

/* D times FACTOR, without overflow; *BETWEEN: it lies above *OUT and below the next number. */
static bool
scale(const struct decimal *d, int64_t factor, int64_t *out, bool *between)
{
	uint64_t f = (uint64_t)factor, whole, fraction = f % 1000000000 * d->billionths;

	*between = fraction % 1000000000 > 0;
	fraction = fraction / 1000000000 + f / 1000000000 * d->billionths;
	if (__builtin_mul_overflow(d->whole, f, &whole) || __builtin_add_overflow(whole, fraction, &whole) ||
	    whole > INT64_MAX)
		return false;
	*out = (int64_t)whole;
	return true;
}

static const struct unit *
find_unit(const struct unit *units, const char *name)
{
	for (; units->name; units++)
		if (strcmp(units->name, name) == 0)
			return units;
	return NULL;
}

/* "50ms", "50 ms": the unit may stand apart. */
static bool
parse_measure(struct tf_parser *p, const struct unit *units, bool needs_unit, const char *what,
              struct tf_value *v)
{
	struct decimal d;
	const char *rest;

	if (p->token.kind != TF_TOKEN_WORD || !take_decimal(p->word, &d, &rest))
		return tf_expected(p, what, NULL);
	const struct unit *unit = find_unit(units, rest);
	struct tf_parser at_number = *p;
	if (*rest && !unit)
		return tf_expected(p, what, NULL);
	tf_next_token(p);
	if (!unit && p->token.kind == TF_TOKEN_WORD && (unit = find_unit(units, p->word)))
		tf_next_token(p);
	bool is_zero = d.whole == 0 && d.billionths == 0 && !d.finer;
	if (!unit && (needs_unit || d.billionths || d.finer) && !is_zero) {
		*p = at_number;
		return tf_expected(p, what, NULL);
	}
	if (!d.finer && scale(&d, unit ? unit->factor : 1, &v->low, &v->between))
		return true;
	*p = at_number;
	return d.finer ? tf_fault(p, "'%s' has more than nine decimals", p->word)
	               : tf_fault(p, "'%s' is out of range", p->word);
}

static bool
parse_number(struct tf_parser *p, int64_t *out)
{
	uint64_t number;

	if (!tf_parse_whole(p, "a whole number", &number))
		return false;
	*out = (int64_t)number;
	return true;
}

/* "8080", "8000-8999". */
static bool
parse_ports(struct tf_parser *p, struct tf_value *v)
{
	char *dash = strchr(p->word, '-');
	uint64_t low, high;

	if (p->token.kind != TF_TOKEN_WORD)
		return tf_expected(p, "a port, or two with a '-' between them", NULL);
	if (dash)
		*dash = '\0';
	bool good = tf_parse_count(p->word, 0, UINT16_MAX, &low);
	good = good && tf_parse_count(dash ? dash + 1 : p->word, low, UINT16_MAX, &high);
	if (dash)
		*dash = '-';
	if (!good)
		return tf_expected(p, "a port from 0 to 65535, or two with a '-' between them", NULL);
	v->low = (int64_t)low;
	v->high = (int64_t)high;
	tf_next_token(p);
	return true;
}

static bool
take_address(const char *text, struct tf_addr *addr, bool *ipv4)
{
	static const struct tf_addr mapped = {.byte = {[10] = 0xff, [11] = 0xff}};

	*addr = mapped;
	*ipv4 = inet_pton(AF_INET, text, addr->byte + 12) == 1;
	return *ipv4 || inet_pton(AF_INET6, text, addr->byte) == 1;
}

/* "10.0.0.0/8", "2001:db8::1". */
static bool
parse_address(struct tf_parser *p, struct tf_value *v)
{
	char *slash = strchr(p->word, '/');
	uint64_t bits = 128;
	bool ipv4, good = p->token.kind == TF_TOKEN_WORD;

	if (slash)
		*slash = '\0';
	good = good && take_address(p->word, &v->addr, &ipv4);
	good = good && (!slash || tf_parse_count(slash + 1, 0, ipv4 ? 32 : 128, &bits));
	if (slash)
		*slash = '/';
	if (!good)
		return tf_expected(p, "an address (10.0.0.1, 10.0.0.0/8, 2001:db8::/32)", NULL);
	v->prefix = (unsigned)bits + (slash && ipv4 ? 96 : 0);
	tf_next_token(p);
	return true;
}

/* "10.0.0.2:80", "[2001:db8::1]:80". */
static bool
parse_service(struct tf_parser *p, struct tf_value *v)
{
	char *colon = strrchr(p->word, ':'), text[TF_LONGEST_WORD + 1];
	uint64_t port = 0;
	bool ipv4, good = p->token.kind == TF_TOKEN_WORD && colon;

	if (good) {
		bool brackets = p->word[0] == '[' && colon[-1] == ']';
		size_t length = (size_t)(colon - p->word) - 2 * brackets;
		memcpy(text, p->word + brackets, length);
		text[length] = '\0';
		good = take_address(text, &v->addr, &ipv4) && ipv4 != brackets &&
		       tf_parse_count(colon + 1, 0, UINT16_MAX, &port);
	}
	if (!good)
		return tf_expected(p, "the server's address and port (10.0.0.2:80, [2001:db8::1]:80)", NULL);
	v->prefix = 128;
	v->low = v->high = (int64_t)port;
	tf_next_token(p);
	return true;
}

static bool
parse_time(struct tf_parser *p, int64_t *out)
{
	static const char what[] = "a time (2026-11-22T09:50:08Z, or seconds since the epoch)";
	bool relative;

	if ((p->token.kind != TF_TOKEN_WORD && p->token.kind != TF_TOKEN_STRING) ||
	    !tf_parse_time(p->word, out, &relative) || relative)
		return tf_expected(p, what, NULL);
	tf_next_token(p);
	return true;
}

static bool
parse_flag(struct tf_parser *p, int64_t *out)
{
	static const char *const names[] = {"yes", "no", NULL};

	if (tf_accept_word(p, "yes") || tf_accept_word(p, "true"))
		*out = 1;
	else if (tf_accept_word(p, "no") || tf_accept_word(p, "false"))
		*out = 0;
	else
		return tf_expected(p, "yes or no", names);
	return true;
}

/* One of NAMES: its index. */
static bool
parse_name(struct tf_parser *p, const char *what, const char *const *names, int64_t *out)
{
	for (int64_t i = 0; names[i]; i++) {
		if (!tf_accept_word(p, names[i]))
			continue;
		*out = i;
		return true;
	}
	return tf_expected(p, what, names);
}

static bool
parse_close(struct tf_parser *p, int64_t *out)
{
	const char *names[TF_CLOSE_TIMEOUT + 2] = {NULL};

	for (int i = 0; i <= TF_CLOSE_TIMEOUT; i++)
		names[i] = tf_close_name((enum tf_close)i);
	return parse_name(p, "open, fin, rst, refused, unanswered or timeout", names, out);
}

static bool
parse_roles(struct tf_parser *p, int64_t *out)
{
	const char *names[] = {tf_roles_name(TF_ROLES_SYN), tf_roles_name(TF_ROLES_GUESSED), NULL};

	return parse_name(p, "syn or guessed", names, out);
}

bool
tf_parse_state(struct tf_parser *p, int64_t *state)
{
	int found = p->token.kind == TF_TOKEN_WORD ? tf_state_by_name(p->word) : -1;
	struct tf_suggestion s = {.word = p->word};

	for (int i = 0; i < TF_STATE_COUNT; i++)
		tf_suggest(&s, tf_state_name((enum tf_state)i));
	if (found < 0)
		return tf_expected_name(p, "a state (ESTABLISHED, CLOSE-WAIT, ...)", &s);
	*state = found;
	tf_next_token(p);
	return true;
}

static void
suggest_ids(struct tf_suggestion *s)
{
	for (int i = 0; i < TF_ANOMALY_COUNT; i++)
		tf_suggest(s, tf_anomaly_info((enum tf_anomaly)i)->id);
}

bool
tf_parse_id(struct tf_parser *p, enum tf_anomaly *id)
{
	int found = p->token.kind == TF_TOKEN_WORD ? tf_anomaly_by_id(p->word) : -1;
	struct tf_suggestion s = {.word = p->word};

	suggest_ids(&s);
	if (found < 0)
		return tf_expected_name(p, "the id of a finding (tcpfsm --list-anomalies)", &s);
	*id = (enum tf_anomaly)found;
	tf_next_token(p);
	return true;
}

bool
tf_parse_what(struct tf_parser *p, struct tf_what *what)
{
	struct tf_suggestion s = {.word = p->word};

	suggest_ids(&s);
	for (int i = 0; i < TF_FAMILY_COUNT; i++)
		tf_suggest(&s, tf_family_name((enum tf_family)i));
	for (int i = 0; i < TF_SEVERITY_COUNT; i++)
		tf_suggest(&s, tf_severity_name((enum tf_severity)i));
	if (p->token.kind != TF_TOKEN_WORD || !tf_what_add(what, p->word))
		return tf_expected_name(p, "a finding's id, a family or a severity (tcpfsm --list-anomalies)",
		                        &s);
	tf_next_token(p);
	return true;
}

static bool
parse_text(struct tf_parser *p, struct tf_value *v)
{
	if (p->token.kind != TF_TOKEN_STRING && p->token.kind != TF_TOKEN_WORD)
		return tf_expected(p, "a text, in double quotes if it has signs in it", NULL);
	v->text = strndup(p->token.start, p->token.length);
	tf_next_token(p);
	return v->text ? true : tf_no_room(p);
}

static bool
parse_number_like(struct tf_parser *p, enum tf_field_kind kind, struct tf_value *v)
{
	int64_t *out = &v->low;

	switch ((unsigned)kind) {
	case TF_FIELD_SIZE:
		return parse_measure(p, sizes, false, "a number of bytes (1000, 64KiB, 1.5MB)", v);
	case TF_FIELD_DURATION:
		return parse_measure(p, durations, true, "a duration with its unit (50ms, 1.5s, 2min)", v);
	case TF_FIELD_TIME:
		return parse_time(p, out);
	case TF_FIELD_FLAG:
		return parse_flag(p, out);
	case TF_FIELD_STATE:
		return tf_parse_state(p, out);
	case TF_FIELD_CLOSE:
		return parse_close(p, out);
	case TF_FIELD_ROLES:
		return parse_roles(p, out);
	default:
		return parse_number(p, out);
	}
}

static bool
parse_literal(struct tf_parser *p, enum tf_field_kind kind, struct tf_value *v)
{
	switch ((unsigned)kind) {
	case TF_FIELD_PORT:
		return parse_ports(p, v);
	case TF_FIELD_ADDR:
		return parse_address(p, v);
	case TF_FIELD_SERVICE:
		return parse_service(p, v);
	case TF_FIELD_TEXT:
		return parse_text(p, v);
	default:
		if (!parse_number_like(p, kind, v))
			return false;
		v->high = v->low;
		return true;
	}
}

bool
tf_parse_compared(struct tf_parser *p, enum tf_field_kind kind, enum tf_comparison *comparison,
                  struct tf_value *v)
{
	struct tf_parser at_literal = *p;

	if (!parse_literal(p, kind, v))
		return false;
	if (v->between && *comparison <= TF_CMP_UNEQUAL) {
		*p = at_literal;
		return tf_fault(p, "'%s' is no whole number of %s: nothing can be equal to it", p->word,
		                kind == TF_FIELD_SIZE ? "bytes" : "nanoseconds");
	}
	/* What is below 1.5 is at most 1. */
	if (v->between && *comparison == TF_CMP_LESS)
		*comparison = TF_CMP_AT_MOST;
	if (v->between && *comparison == TF_CMP_AT_LEAST)
		*comparison = TF_CMP_MORE;
	return true;
}
