/*
 * Words of the command line as values.  It knows decimal numbers, the
 * calendar (ISO 8601, in UTC) and commas; it knows neither the options that
 * the words belong to nor the local time zone or language.
 */
#include "check/values.h"

#include <string.h>
#include <time.h>

#define NS_PER_SECOND INT64_C(1000000000)

/* Digits at *AT as a number of at most MAX; *AT moves behind them.  False without a digit or beyond MAX. */
static bool
take_number(const char **at, uint64_t max, uint64_t *value)
{
	const char *p = *at;
	uint64_t n = 0;
	for (; *p >= '0' && *p <= '9'; p++) {
		uint64_t digit = (uint64_t)(*p - '0');
		if (digit > max || n > (max - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	if (p == *at)
		return false;
	*at = p;
	*value = n;
	return true;
}

bool
tf_parse_count(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	uint64_t n;
	if (!take_number(&text, max, &n) || *text || n < min)
		return false;
	*value = n;
	return true;
}

/* ".5" as nanoseconds; nothing there is 0.  False for more than 9 decimals or none after the point. */
static bool
take_fraction(const char **at, int64_t *ns)
{
	*ns = 0;
	if (**at != '.')
		return true;
	const char *p = *at + 1;
	int64_t unit = NS_PER_SECOND;
	for (; *p >= '0' && *p <= '9'; p++) {
		unit /= 10;
		*ns += (*p - '0') * unit;
	}
	size_t decimals = (size_t)(p - *at - 1);
	*at = p;
	return decimals >= 1 && decimals <= 9;
}

bool
tf_parse_seconds(const char *text, int64_t *ns)
{
	uint64_t seconds;
	int64_t fraction;
	if (!take_number(&text, INT64_MAX / NS_PER_SECOND - 1, &seconds) ||
	    !take_fraction(&text, &fraction) || *text)
		return false;
	*ns = (int64_t)seconds * NS_PER_SECOND + fraction;
	return true;
}

/* Exactly DIGITS digits, from MIN to MAX. */
static bool
take_digits(const char **at, size_t digits, int min, int max, int *value)
{
	int n = 0;
	for (size_t i = 0; i < digits; i++, ++*at) {
		if (**at < '0' || **at > '9')
			return false;
		n = n * 10 + (**at - '0');
	}
	*value = n;
	return n >= min && n <= max;
}

static bool
take_char(const char **at, const char *any)
{
	if (!**at || !strchr(any, **at))
		return false;
	++*at;
	return true;
}

/* "Z", "+01:00", "-0530", "+01" or nothing, as seconds east of UTC. */
static bool
take_zone(const char **at, int *east)
{
	*east = 0;
	if (!**at || take_char(at, "Zz"))
		return true;
	bool west = **at == '-';
	int hours, minutes = 0;
	if (!take_char(at, "+-") || !take_digits(at, 2, 0, 23, &hours))
		return false;
	if (**at && ((void)take_char(at, ":"), !take_digits(at, 2, 0, 59, &minutes)))
		return false;
	*east = (hours * 60 + minutes) * (west ? -60 : 60);
	return true;
}

/* "T22:13:20.5+01:00", and what may be left out of it, as nanoseconds to add to midnight UTC. */
static bool
take_clock(const char **at, int64_t *ns)
{
	int hour, minute, second = 0, east;
	int64_t fraction = 0;
	*ns = 0;
	if (!**at)
		return true;
	if (!take_char(at, "Tt ") || !take_digits(at, 2, 0, 23, &hour) || !take_char(at, ":") ||
	    !take_digits(at, 2, 0, 59, &minute))
		return false;
	if (take_char(at, ":") && (!take_digits(at, 2, 0, 60, &second) || !take_fraction(at, &fraction)))
		return false;
	if (!take_zone(at, &east))
		return false;
	*ns = (hour * 3600 + minute * 60 + second - east) * NS_PER_SECOND + fraction;
	return true;
}

/* "2023-11-14" as nanoseconds since the epoch. */
static bool
take_date(const char **at, int64_t *ns)
{
	int year, month, day;
	if (!take_digits(at, 4, 1970, 2261, &year) || !take_char(at, "-") ||
	    !take_digits(at, 2, 1, 12, &month) || !take_char(at, "-") || !take_digits(at, 2, 1, 31, &day))
		return false;
	struct tm tm = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
	*ns = (int64_t)timegm(&tm) * NS_PER_SECOND;
	/* timegm makes March 2 of February 30. */
	return tm.tm_mday == day;
}

static bool
parse_calendar(const char *text, int64_t *ns)
{
	int64_t clock;
	if (!take_date(&text, ns) || !take_clock(&text, &clock) || *text)
		return false;
	*ns += clock;
	return true;
}

bool
tf_parse_time(const char *text, int64_t *ns, bool *relative)
{
	*relative = *text == '+';
	if (*relative)
		return tf_parse_seconds(text + 1, ns);
	return tf_parse_seconds(text, ns) || parse_calendar(text, ns);
}

bool
tf_next_word(const char **list, char *word, size_t size)
{
	if (!*list)
		return false;
	size_t length = strcspn(*list, ",");
	size_t kept = length < size ? length : size - 1;
	memcpy(word, *list, kept);
	word[kept] = '\0';
	*list = (*list)[length] ? *list + length + 1 : NULL;
	return true;
}
