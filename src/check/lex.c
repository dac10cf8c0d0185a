/*
 * Words, signs and comments.  It knows no word's meaning.
 */
#include "check/lex.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool
ends_word(char c)
{
	return is_blank(c) || strchr("()=<>,!\"#", c) != NULL;
}

static struct tf_token
token(enum tf_token_kind kind, const char *start, size_t length)
{
	return (struct tf_token){.kind = kind, .start = start, .length = length};
}

static struct tf_token
lex_string(const char *at, const char *end)
{
	const char *close = memchr(at + 1, '"', (size_t)(end - at) - 1);

	if (!close)
		return token(TF_TOKEN_BAD, at, 1);
	return token(TF_TOKEN_STRING, at + 1, (size_t)(close - at) - 1);
}

/* SIGN, or SIGN= where an = follows. */
static struct tf_token
lex_sign(const char *at, const char *end, enum tf_token_kind alone, enum tf_token_kind with_equal)
{
	bool equal = end - at > 1 && at[1] == '=';

	return token(equal ? with_equal : alone, at, equal ? 2 : 1);
}

static struct tf_token
lex_word(const char *at, const char *end)
{
	size_t length = 1;

	while (at + length < end && !ends_word(at[length]))
		length++;
	return token(TF_TOKEN_WORD, at, length);
}

struct tf_token
tf_lex(const char *at, const char *end)
{
	while (at < end && is_blank(*at))
		at++;
	if (at == end || *at == '#')
		return token(TF_TOKEN_END, at, 0);
	switch (*at) {
	case '(':
		return token(TF_TOKEN_OPEN, at, 1);
	case ')':
		return token(TF_TOKEN_CLOSE, at, 1);
	case ',':
		return token(TF_TOKEN_COMMA, at, 1);
	case '=':
		return lex_sign(at, end, TF_TOKEN_EQUAL, TF_TOKEN_EQUAL);
	case '!':
		return lex_sign(at, end, TF_TOKEN_BAD, TF_TOKEN_UNEQUAL);
	case '<':
		return lex_sign(at, end, TF_TOKEN_LESS, TF_TOKEN_AT_MOST);
	case '>':
		return lex_sign(at, end, TF_TOKEN_MORE, TF_TOKEN_AT_LEAST);
	case '"':
		return lex_string(at, end);
	default:
		return lex_word(at, end);
	}
}

const char *
tf_token_end(const struct tf_token *t)
{
	return t->start + t->length + (t->kind == TF_TOKEN_STRING);
}

unsigned
tf_lex_column(const char *line, const char *at)
{
	unsigned column = 1;

	for (; line < at; line++)
		column += ((uint8_t)*line & 0xc0) != 0x80;
	return column;
}

enum { LONGEST_NAME = 48 };

static bool
same_letter(char a, char b)
{
	return strncasecmp(&a, &b, 1) == 0;
}

/* Optimal string alignment: like Levenshtein's distance, but two swapped letters count once. */
static size_t
distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t row[3][LONGEST_NAME + 1];

	for (size_t j = 0; j <= b_len; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t *now = row[i % 3], *former = row[(i + 2) % 3], *before = row[(i + 1) % 3];
		now[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			bool same = same_letter(a[i - 1], b[j - 1]);
			size_t least = former[j - 1] + !same;
			if (former[j] + 1 < least)
				least = former[j] + 1;
			if (now[j - 1] + 1 < least)
				least = now[j - 1] + 1;
			if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) &&
			    same_letter(a[i - 2], b[j - 1]) && before[j - 2] + 1 < least)
				least = before[j - 2] + 1;
			now[j] = least;
		}
	}
	return row[a_len % 3][b_len];
}

void
tf_suggest(struct tf_suggestion *s, const char *name)
{
	size_t word_len = strlen(s->word), name_len = strlen(name);

	if (word_len > LONGEST_NAME || name_len > LONGEST_NAME)
		return;
	size_t d = distance(s->word, word_len, name, name_len);
	/* A third of the letters may be wrong, of short words one. */
	if (d > (word_len < 6 ? 1 : word_len / 3) || (s->best && d >= s->distance))
		return;
	s->best = name;
	s->distance = d;
}
