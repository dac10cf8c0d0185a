/*
 * Words, numbers and times of a scenario line.
 *
 * Everything here reads from the cursor of one line and leaves it after
 * what was read; an error is recorded once, with the line's number, and
 * names what was expected and what stands there.
 */
#include "parse.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
scn_fail(struct scn_parser *p, const char *format, ...)
{
	va_list args;
	int n;

	if (p->failed)
		return false;
	p->failed = true;
	n = snprintf(p->error, p->error_size, "%d: ", p->line);
	if (n < 0 || (size_t)n >= p->error_size)
		return false;
	va_start(args, format);
	(void)vsnprintf(p->error + n, p->error_size - (size_t)n, format, args);
	va_end(args);
	return false;
}

static void
skip_blanks(struct scn_parser *p)
{
	while (p->at < p->end && (*p->at == ' ' || *p->at == '\t' || *p->at == '\r'))
		p->at++;
}

bool
scn_at_end(struct scn_parser *p)
{
	skip_blanks(p);
	return p->at == p->end;
}

bool
scn_at_char(struct scn_parser *p, char c)
{
	skip_blanks(p);
	return p->at < p->end && *p->at == c;
}

bool
scn_take_char(struct scn_parser *p, char c)
{
	if (!scn_at_char(p, c))
		return false;
	p->at++;
	return true;
}

static bool
is_word_char(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '.';
}

bool
scn_take_word(struct scn_parser *p, const char *word)
{
	size_t n = strlen(word);

	skip_blanks(p);
	if ((size_t)(p->end - p->at) < n || memcmp(p->at, word, n) != 0)
		return false;
	if (p->at + n < p->end && is_word_char(p->at[n]))
		return false;
	p->at += n;
	return true;
}

/* What stands at the cursor, for a message. */
static const char *
rest(struct scn_parser *p)
{
	size_t n = 0;

	while (p->at + n < p->end && n < sizeof(p->word) - 1 && !isspace((unsigned char)p->at[n])) {
		p->word[n] = isprint((unsigned char)p->at[n]) ? p->at[n] : '?';
		n++;
	}
	p->word[n] = '\0';
	return n == 0 ? "the end of the line" : p->word;
}

bool
scn_word(struct scn_parser *p, const char *what)
{
	size_t n = 0;

	skip_blanks(p);
	while (p->at + n < p->end && is_word_char(p->at[n]))
		n++;
	if (n == 0)
		return scn_fail(p, "expected %s, found %s", what, rest(p));
	if (n >= sizeof(p->word))
		return scn_fail(p, "%s is too long", what);
	memcpy(p->word, p->at, n);
	p->word[n] = '\0';
	p->at += n;
	return true;
}

static int
digit_of(char c, int base)
{
	int d = -1;

	if (c >= '0' && c <= '9')
		d = c - '0';
	else if (base == 16 && isxdigit((unsigned char)c))
		d = tolower((unsigned char)c) - 'a' + 10;
	return d;
}

bool
scn_number(struct scn_parser *p, const char *what, int64_t low, int64_t high, int64_t *value)
{
	bool negative;
	int base = 10, digits = 0;
	int64_t v = 0;

	negative = scn_take_char(p, '-');
	if (p->end - p->at > 2 && p->at[0] == '0' && p->at[1] == 'x') {
		base = 16;
		p->at += 2;
	}
	while (p->at < p->end && digit_of(*p->at, base) >= 0 && digits < 16) {
		if (v > (INT64_MAX >> 8))
			return scn_fail(p, "%s is too large", what);
		v = v * base + digit_of(*p->at++, base);
		digits++;
	}
	if (digits == 0)
		return scn_fail(p, "expected %s, found %s", what, rest(p));
	if (negative)
		v = -v;
	if (v < low || v > high)
		return scn_fail(p, "%s is %lld, it must lie between %lld and %lld", what, (long long)v,
		                (long long)low, (long long)high);
	*value = v;
	return true;
}

/* The length of a unit in nanoseconds, or 0. */
static int64_t
unit_ns(const char *unit)
{
	static const struct {
		const char *name;
		int64_t ns;
	} units[] = {
	    {"ns", 1},
	    {"us", 1000},
	    {"ms", 1000000},
	    {"s", 1000000000},
	    {"min", INT64_C(60000000000)},
	    {"h", INT64_C(3600000000000)},
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(unit, units[i].name) == 0)
			return units[i].ns;
	return 0;
}

bool
scn_time(struct scn_parser *p, int64_t *ns)
{
	int64_t whole, unit, fraction = 0, scale = 1;

	if (!scn_number(p, "a time", 0, 1000000000, &whole))
		return false;
	if (p->at < p->end && *p->at == '.') {
		for (p->at++; p->at < p->end && digit_of(*p->at, 10) >= 0 && scale < 1000000; p->at++) {
			fraction = fraction * 10 + digit_of(*p->at, 10);
			scale *= 10;
		}
	}
	if (p->at == p->end || !isalpha((unsigned char)*p->at)) {
		*ns = 0;
		return whole == 0 && fraction == 0
		           ? true
		           : scn_fail(p, "a time needs a unit (ns, us, ms, s, min, h)");
	}
	if (!scn_word(p, "a unit"))
		return false;
	unit = unit_ns(p->word);
	if (unit == 0)
		return scn_fail(p, "%s is no unit of time (ns, us, ms, s, min, h)", p->word);
	if (whole > SCN_MAX_DURATION / unit)
		return scn_fail(p, "a time is longer than 115 days");
	*ns = whole * unit + fraction * unit / scale;
	return true;
}

bool
scn_take_end(struct scn_parser *p, enum tf_endpoint *end)
{
	if (scn_take_word(p, "client"))
		*end = TF_CLIENT;
	else if (scn_take_word(p, "server"))
		*end = TF_SERVER;
	else
		return false;
	return true;
}

bool
scn_conn_number(struct scn_parser *p, unsigned *conn)
{
	int64_t n;

	if (!scn_number(p, "a connection's number", 1, SCN_MAX_CONNS, &n))
		return false;
	if (!p->s->conn[n].declared)
		return scn_fail(p, "connection %d was not declared", (int)n);
	*conn = (unsigned)n;
	return true;
}

bool
scn_grow(void **array, size_t *room, size_t count, size_t size, size_t limit)
{
	size_t wanted;
	void *grown;

	if (count < *room)
		return true;
	if (count >= limit)
		return false;
	wanted = *room == 0 ? 16 : *room * 2;
	grown = realloc(*array, wanted * size);
	if (grown == NULL)
		return false;
	*array = grown;
	*room = wanted;
	return true;
}
