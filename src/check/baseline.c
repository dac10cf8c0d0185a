/*
 * Reading a baseline and comparing findings with it: see baseline.h.
 */
#include "check/baseline.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tcpfsm/anomaly.h"

enum {
	LEAST_WORDS = 3,        /* id, end, subject */
	MOST_LINE = 1024,       /* octets of a line */
	MOST_ROWS = 1 << 20,    /* of a file */
	COUNT_DIGITS_MOST = 18, /* so that no count overflows */
};

struct reader {
	struct tf_baseline *b;
	unsigned line;
	char *message;
	size_t message_size;
};

static bool refuse(struct reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool
refuse(struct reader *r, const char *format, ...)
{
	va_list arguments;
	int n = snprintf(r->message, r->message_size, "line %u: ", r->line);

	va_start(arguments, format);
	if (n > 0 && (size_t)n < r->message_size)
		vsnprintf(r->message + n, r->message_size - (size_t)n, format, arguments);
	va_end(arguments);
	return false;
}

/* ---- one line ------------------------------------------------------------------------------ */

/* The next word of *AT: its length, *AT moved to it.  0 at the end, where a comment begins, too. */
static size_t
next_word(const char **at)
{
	*at += strspn(*at, " \t\r");
	return **at == '#' ? 0 : strcspn(*at, " \t\r");
}

static bool
parse_count(const char *word, size_t length, uint64_t *count)
{
	*count = 0;
	if (length == 1 && *word == '*') {
		*count = UINT64_MAX;
		return true;
	}
	if (length > COUNT_DIGITS_MOST)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (word[i] < '0' || word[i] > '9')
			return false;
		*count = *count * 10 + (uint64_t)(word[i] - '0');
	}
	return *count > 0;
}

static bool
is_pattern(const char *identity)
{
	return strchr(identity, '*') != NULL;
}

/* Is WORD an end, or a pattern that may be one? */
static bool
is_end(const char *word, size_t length)
{
	static const char *const ends[] = {"client", "server", "-"};

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (strlen(ends[i]) == length && memcmp(ends[i], word, length) == 0)
			return true;
	return memchr(word, '*', length) != NULL;
}

/* The words after the count: id, end, what it is about. */
static bool
check_identity(struct reader *r, const char *identity, unsigned words)
{
	char id[64];
	size_t length = strcspn(identity, " ");
	const char *end = identity + length + strspn(identity + length, " ");
	size_t end_length = strcspn(end, " ");

	snprintf(id, sizeof id, "%.*s", (int)length, identity);
	if (!is_pattern(id) && tf_anomaly_by_id(id) < 0)
		return refuse(r, "'%s' is no anomaly (tcpfsm --list-anomalies shows them)", id);
	/* In a pattern for the id the end may be contained. */
	if (words > 1 && !is_pattern(id) && !is_end(end, end_length))
		return refuse(r, "'%.*s' is no end: client, server or -",
		              (int)(end_length < 40 ? end_length : 40), end);
	if (words >= LEAST_WORDS || is_pattern(identity))
		return true;
	return refuse(r, "after the id, the end (client, server or -) and what it is about are wanted");
}

static bool
add_row(struct reader *r, const char *identity, uint64_t count)
{
	struct tf_baseline *b = r->b;

	if (b->count == MOST_ROWS)
		return refuse(r, "more than %d lines", MOST_ROWS);
	if (b->count == b->capacity) {
		size_t capacity = b->capacity > 0 ? b->capacity * 2 : 64;
		struct tf_baseline_row *row = realloc(b->row, capacity * sizeof *row);
		if (row == NULL)
			return refuse(r, "out of memory");
		b->row = row;
		b->capacity = capacity;
	}
	char *copy = strdup(identity);
	if (copy == NULL)
		return refuse(r, "out of memory");
	b->row[b->count++] = (struct tf_baseline_row){.identity = copy, .count = count, .line = r->line};
	return true;
}

static bool
parse_line(struct reader *r, const char *line)
{
	char identity[MOST_LINE];
	size_t used = 0, length = next_word(&line);
	unsigned words = 0;
	uint64_t count;

	if (length == 0)
		return true;
	if (!parse_count(line, length, &count))
		return refuse(r, "'%.*s' is no count: a number from 1, or *",
		              (int)(length < 40 ? length : 40), line);
	line += length;
	for (; (length = next_word(&line)) > 0; line += length, words++)
		used += (size_t)snprintf(identity + used, sizeof identity - used, "%s%.*s", words ? " " : "",
		                         (int)length, line);
	if (words == 0)
		return refuse(r, "the id of an anomaly is wanted after the count");
	return check_identity(r, identity, words) && add_row(r, identity, count);
}

/* ---- the file -------------------------------------------------------------------------------- */

static int
compare(const void *a, const void *b)
{
	const struct tf_baseline_row *x = a, *y = b;
	int order = strcmp(x->identity, y->identity);

	return order != 0 ? order : x->line < y->line ? -1 : 1;
}

static int
compare_kind(const void *a, const void *b)
{
	const struct tf_baseline_row *x = a, *y = b;
	bool px = is_pattern(x->identity), py = is_pattern(y->identity);

	if (px != py)
		return px ? 1 : -1;
	return px ? (x->line < y->line ? -1 : 1) : compare(a, b);
}

/* Exact rows first, each identity once; patterns behind them as the file has them. */
static void
settle(struct tf_baseline *b)
{
	size_t kept = 0;

	if (b->count > 1)
		qsort(b->row, b->count, sizeof *b->row, compare_kind);
	for (size_t i = 0; i < b->count; i++) {
		struct tf_baseline_row *row = &b->row[i], *last = kept > 0 ? &b->row[kept - 1] : NULL;
		if (last != NULL && strcmp(last->identity, row->identity) == 0) {
			last->count =
			    last->count > UINT64_MAX - row->count ? UINT64_MAX : last->count + row->count;
			free(row->identity);
		} else {
			b->row[kept++] = *row;
		}
	}
	b->count = kept;
	for (b->exact = 0; b->exact < kept && !is_pattern(b->row[b->exact].identity);)
		b->exact++;
}

bool
tf_baseline_parse(struct tf_baseline *b, const char *text, size_t size, char *message, size_t message_size)
{
	struct reader r = {.b = b, .message = message, .message_size = message_size};
	const char *end = text + size;

	if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3; /* that some editors put at the start of UTF-8 */
	while (text < end) {
		char line[MOST_LINE];
		const char *feed = memchr(text, '\n', (size_t)(end - text));
		size_t length = (size_t)((feed != NULL ? feed : end) - text);

		r.line++;
		if (length >= sizeof line)
			return refuse(&r, "longer than %d octets", MOST_LINE - 1);
		if (memchr(text, '\0', length) != NULL)
			return refuse(&r, "a zero octet: this is no text");
		memcpy(line, text, length);
		line[length] = '\0';
		if (!parse_line(&r, line))
			return false;
		text = feed != NULL ? feed + 1 : end;
	}
	settle(b);
	return true;
}

void
tf_baseline_fini(struct tf_baseline *b)
{
	for (size_t i = 0; i < b->count; i++)
		free(b->row[i].identity);
	free(b->row);
	*b = (struct tf_baseline){0};
}

/* ---- comparing -------------------------------------------------------------------------------- */

/* Does PATTERN fit TEXT?  After a mismatch the last '*' takes one character more. */
static bool
fits(const char *pattern, const char *text)
{
	const char *star = NULL, *mark = NULL;

	while (*text != '\0') {
		if (*pattern == '*') {
			star = pattern++;
			mark = text;
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (star != NULL) {
			pattern = star + 1;
			text = ++mark;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

static struct tf_baseline_row *
exact_row(struct tf_baseline *b, const char *identity)
{
	size_t low = 0, high = b->exact;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(identity, b->row[middle].identity);
		if (order == 0)
			return &b->row[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static bool
has_room(const struct tf_baseline_row *row)
{
	return row != NULL && row->seen < row->count;
}

bool
tf_baseline_knows(struct tf_baseline *b, const char *identity)
{
	struct tf_baseline_row *row = exact_row(b, identity);

	for (size_t i = b->exact; i < b->count && !has_room(row); i++)
		if (fits(b->row[i].identity, identity))
			row = &b->row[i];
	if (!has_room(row)) {
		b->news++;
		return false;
	}
	row->seen++;
	b->known++;
	return true;
}

uint64_t
tf_baseline_gone(const struct tf_baseline_row *row)
{
	if (row->count == UINT64_MAX)
		return row->seen == 0;
	return row->count - row->seen;
}
