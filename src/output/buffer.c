/*
 * The buffer and its words: see buffer.h.
 *
 * Numbers are made by hand because a connection record holds forty of them
 * and there may be millions of records: printf would cost more than the
 * analysis does.
 */
#include "buffer.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "octets.h"

#define DRAIN_AT     (256 * 1024) /* octets gathered before a write */
#define NS_PER_S     INT64_C(1000000000)
#define S_PER_DAY    INT64_C(86400)
#define EIGHT_DIGITS 100000000

void
tf_buf_init(struct tf_buf *b, int fd)
{
	*b = (struct tf_buf){.fd = fd};
}

void
tf_buf_fini(struct tf_buf *b)
{
	free(b->data);
	*b = (struct tf_buf){.fd = -1};
}

void
tf_buf_done(struct tf_buf *b, struct tf_buf *to)
{
	if (to->error == 0)
		to->error = b->error;
	tf_buf_fini(b);
}

/* Wait until FD takes more: a descriptor of a live run may be non-blocking. */
static bool
wait_writable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	return poll(&p, 1, -1) >= 0 || errno == EINTR;
}

/* All of it, or an errno. */
static int
write_all(int fd, const char *data, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, data, n);

		if (done >= 0) {
			data += done;
			n -= (size_t)done;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			if (!wait_writable(fd))
				return errno;
		} else if (errno != EINTR) {
			return errno;
		}
	}
	return 0;
}

int
tf_buf_flush(struct tf_buf *b)
{
	if (b->fd < 0)
		return b->error;
	if (b->error == 0)
		b->error = write_all(b->fd, b->data, b->len);
	b->drained |= b->len > 0;
	b->len = 0;
	return b->error;
}

static bool
grow(struct tf_buf *b, size_t n)
{
	size_t cap = b->fd >= 0 ? DRAIN_AT : b->cap < 128 ? 256 : b->cap * 2;
	char *data;

	while (cap - b->len < n)
		cap *= 2;
	data = realloc(b->data, cap);
	if (data == NULL) {
		b->error = ENOMEM;
		return false;
	}
	b->data = data;
	b->cap = cap;
	return true;
}

bool
tf_buf_make_room(struct tf_buf *b, size_t n)
{
	if (b->error == ENOMEM)
		return false;
	if (b->fd >= 0 && b->len > 0)
		tf_buf_flush(b);
	return b->cap - b->len >= n || grow(b, n);
}

void
tf_put_fill(struct tf_buf *b, char c, size_t count)
{
	if (count == 0 || !tf_buf_room(b, count))
		return;
	memset(b->data + b->len, c, count);
	b->len += count;
}

void
tf_put_padded(struct tf_buf *b, const char *s, size_t width)
{
	size_t n = strlen(s);

	tf_put(b, s, n);
	if (n < width)
		tf_put_fill(b, ' ', width - n);
}

void
tf_put_clean(struct tf_buf *b, const char *s)
{
	if (!tf_buf_room(b, strlen(s)))
		return;
	for (; *s != '\0'; s++)
		b->data[b->len++] = (unsigned char)*s < ' ' || *s == 0x7f ? '?' : *s;
}

char *
tf_at_large(char *p, uint64_t v)
{
	uint64_t eight;

	assert(v >= 10);
	if (v < 100) {
		*p++ = (char)('0' + v / 10);
		*p++ = (char)('0' + v % 10);
		return p;
	}
	if (v < EIGHT_DIGITS) {
		eight = tf_eight_digits((uint32_t)v);
		/* The first digit that is no zero is in the lowest octet that is none. */
		return tf_at_digits(p, eight, (unsigned)__builtin_ctzll(eight) / 8);
	}
	p = tf_at_u64(p, v / EIGHT_DIGITS);
	return tf_at_digits(p, tf_eight_digits((uint32_t)(v % EIGHT_DIGITS)), 0);
}

void
tf_put_u64(struct tf_buf *b, uint64_t v)
{
	char *p = tf_buf_at(b, TF_LONGEST_NUMBER);

	if (p != NULL)
		tf_buf_end(b, tf_at_u64(p, v));
}

void
tf_put_u64_right(struct tf_buf *b, uint64_t v, unsigned width)
{
	char text[TF_LONGEST_NUMBER + TF_SLACK];
	size_t n = (size_t)(tf_at_u64(text, v) - text);

	if (n < width)
		tf_put_fill(b, ' ', width - n);
	tf_put(b, text, n);
}

void
tf_put_grouped(struct tf_buf *b, uint64_t v)
{
	char text[TF_LONGEST_NUMBER + TF_SLACK];
	size_t n = (size_t)(tf_at_u64(text, v) - text);

	for (size_t i = 0; i < n; i++) {
		tf_put_char(b, text[i]);
		if ((n - i - 1) % 3 == 0 && i + 1 < n)
			tf_put_char(b, ',');
	}
}

void
tf_put_hex(struct tf_buf *b, uint64_t v, unsigned width)
{
	char text[16];
	unsigned n = 0;

	assert(width <= sizeof text);
	do {
		text[sizeof text - ++n] = "0123456789abcdef"[v & 15];
		v >>= 4;
	} while (v > 0 || n < width);
	tf_put_lit(b, "0x");
	tf_put(b, text + sizeof text - n, n);
}

/* V with exactly COUNT digits (1 to 9), zeros in front; V has no more. */
static void
put_fixed_digits(struct tf_buf *b, uint64_t v, unsigned count)
{
	char *p = tf_buf_at(b, TF_LONGEST_NUMBER);

	if (p != NULL)
		tf_buf_end(b, tf_at_fixed(p, (uint32_t)v, count));
}

static uint64_t
magnitude(int64_t v)
{
	return v < 0 ? -(uint64_t)v : (uint64_t)v;
}

static const uint32_t power_of_ten[] = {1,      10,      100,      1000,      10000,
                                        100000, 1000000, 10000000, 100000000, 1000000000};

char *
tf_at_seconds(char *p, int64_t ns, unsigned decimals)
{
	uint64_t v = magnitude(ns);

	assert(decimals <= 9);
	if (ns < 0)
		*p++ = '-';
	p = tf_at_u64(p, v / NS_PER_S);
	if (decimals == 0)
		return p;
	*p++ = '.';
	tf_at_fixed(p, (uint32_t)(v % NS_PER_S), 9);
	return p + decimals;
}

char *
tf_at_seconds_short(char *p, int64_t ns)
{
	p = tf_at_seconds(p, ns, 9);
	while (p[-1] == '0' && p[-2] != '.')
		p--;
	return p;
}

void
tf_put_seconds_fixed(struct tf_buf *b, int64_t ns, unsigned decimals)
{
	char *p = tf_buf_at(b, TF_LONGEST_SECONDS);

	if (p != NULL)
		tf_buf_end(b, tf_at_seconds(p, ns, decimals));
}

void
tf_put_seconds(struct tf_buf *b, int64_t ns)
{
	char *p = tf_buf_at(b, TF_LONGEST_SECONDS);

	if (p != NULL)
		tf_buf_end(b, tf_at_seconds_short(p, ns));
}

/* Floor division: times before 1970 round towards the past. */
static int64_t
floor_div(int64_t a, int64_t by)
{
	return a / by - (a % by < 0);
}

/* The Gregorian date of a day counted from 1970-01-01, reckoned in years that begin in March. */
static void
put_date(struct tf_buf *b, int64_t day)
{
	int64_t shifted = day + 719468; /* from 0000-03-01 */
	int64_t era = floor_div(shifted, 146097);
	int64_t day_of_era = shifted - era * 146097;
	int64_t year_of_era =
	    (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t month_from_march = (5 * day_of_year + 2) / 153;
	int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;

	put_fixed_digits(b, (uint64_t)(era * 400 + year_of_era + (month <= 2)), 4);
	tf_put_char(b, '-');
	put_fixed_digits(b, (uint64_t)month, 2);
	tf_put_char(b, '-');
	put_fixed_digits(b, (uint64_t)(day_of_year - (153 * month_from_march + 2) / 5 + 1), 2);
}

void
tf_put_utc_time(struct tf_buf *b, int64_t ns, unsigned decimals)
{
	int64_t seconds = floor_div(ns, NS_PER_S);
	int64_t of_day = seconds - floor_div(seconds, S_PER_DAY) * S_PER_DAY;

	assert(decimals <= 9);
	put_fixed_digits(b, (uint64_t)(of_day / 3600), 2);
	tf_put_char(b, ':');
	put_fixed_digits(b, (uint64_t)(of_day / 60 % 60), 2);
	tf_put_char(b, ':');
	put_fixed_digits(b, (uint64_t)(of_day % 60), 2);
	if (decimals > 0) {
		tf_put_char(b, '.');
		put_fixed_digits(b, (uint64_t)(ns - seconds * NS_PER_S) / power_of_ten[9 - decimals],
		                 decimals);
	}
}

void
tf_put_utc(struct tf_buf *b, int64_t ns, unsigned decimals)
{
	put_date(b, floor_div(ns, NS_PER_S * S_PER_DAY));
	tf_put_char(b, ' ');
	tf_put_utc_time(b, ns, decimals);
}

/* V/UNIT with about three significant digits, rounded. */
static void
put_three(struct tf_buf *b, uint64_t v, uint64_t unit)
{
	if (v / unit >= 100) {
		tf_put_u64(b, (v + unit / 2) / unit);
		return;
	}
	v = (v + unit / 20) / (unit / 10);
	tf_put_u64(b, v / 10);
	if (v % 10 != 0) {
		tf_put_char(b, '.');
		tf_put_char(b, (char)('0' + v % 10));
	}
}

/* "12 min 5 s": two units, the smaller one left out where it is zero. */
static void
put_two_units(struct tf_buf *b, uint64_t v, uint64_t per, const char *big, const char *small)
{
	tf_put_u64(b, v / per);
	tf_put_str(b, big);
	if (v % per != 0) {
		tf_put_char(b, ' ');
		tf_put_u64(b, v % per);
		tf_put_str(b, small);
	}
}

void
tf_put_duration(struct tf_buf *b, int64_t ns)
{
	uint64_t v = magnitude(ns);
	uint64_t s = v / NS_PER_S;

	if (ns < 0)
		tf_put_char(b, '-');
	if (v == 0) {
		tf_put_lit(b, "0 s");
	} else if (v < 1000) {
		tf_put_u64(b, v);
		tf_put_lit(b, " ns");
	} else if (v < 999500) {
		put_three(b, v, 1000);
		tf_put_lit(b, " us");
	} else if (v < 999500000) {
		put_three(b, v, 1000000);
		tf_put_lit(b, " ms");
	} else if (s < 600) {
		put_three(b, v, NS_PER_S);
		tf_put_lit(b, " s");
	} else if (s < 3600) {
		put_two_units(b, s, 60, " min", " s");
	} else if (s < 2 * S_PER_DAY) {
		put_two_units(b, s / 60, 60, " h", " min");
	} else {
		put_two_units(b, s / 3600, 24, " d", " h");
	}
}

void
tf_put_size(struct tf_buf *b, uint64_t bytes)
{
	static const char *const unit[] = {" B", " kB", " MB", " GB", " TB", " PB", " EB"};
	uint64_t per = 1;
	unsigned i = 0;

	while (i + 1 < sizeof unit / sizeof *unit && bytes >= per * 1000) {
		per *= 1000;
		i++;
	}
	if (i == 0)
		tf_put_u64(b, bytes);
	else
		put_three(b, bytes, per);
	tf_put_str(b, unit[i]);
}

void
tf_put_ratio(struct tf_buf *b, double v, unsigned decimals)
{
	uint64_t scaled;

	assert(decimals <= 6);
	if (!(v > -1e12 && v < 1e12))
		v = 0;
	if (v < 0)
		tf_put_char(b, '-');
	scaled = (uint64_t)((v < 0 ? -v : v) * power_of_ten[decimals] + 0.5);
	while (decimals > 1 && scaled % 10 == 0) {
		scaled /= 10;
		decimals--;
	}
	tf_put_u64(b, scaled / power_of_ten[decimals]);
	if (decimals > 0) {
		tf_put_char(b, '.');
		put_fixed_digits(b, scaled % power_of_ten[decimals], decimals);
	}
}

size_t
tf_utf8_length(const unsigned char *s)
{
	uint32_t least, value;
	size_t n;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc0 || s[0] > 0xf7)
		return 0;
	n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	least = n == 2 ? 0x80 : n == 3 ? 0x800 : 0x10000;
	value = s[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (s[i] & 0x3f);
	}
	return value < least || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff) ? 0 : n;
}

size_t
tf_put_utf8(struct tf_buf *b, const char *s)
{
	size_t n = tf_utf8_length((const unsigned char *)s);

	tf_put(b, n > 0 ? s : "\xef\xbf\xbd", n > 0 ? n : 3);
	return n > 0 ? n : 1;
}

static void
put_json_escaped(struct tf_buf *b, unsigned char c)
{
	char text[] = {'\\', 'u', '0', '0', "0123456789abcdef"[c >> 4], "0123456789abcdef"[c & 15]};

	if (c == '"' || c == '\\') {
		tf_put_char(b, '\\');
		tf_put_char(b, (char)c);
	} else if (c == '\n') {
		tf_put_lit(b, "\\n");
	} else if (c == '\t') {
		tf_put_lit(b, "\\t");
	} else {
		tf_put(b, text, sizeof text);
	}
}

/* Which cannot stand for themselves in a JSON string: control characters, the quote, the backslash, and all that is not
 * ASCII. */
static tf_octets
specials(tf_octets v)
{
	return (v < ' ') | (v == '"') | (v == '\\') | (v == 0x7f);
}

/* Do all N octets of S stand for themselves, as in nearly all strings? */
static bool
is_plain_json(const char *s, size_t n)
{
	char rest[] = "aaaaaaaaaaaaaaaa";
	tf_octets found = {0};

	for (; n >= sizeof found; s += sizeof found, n -= sizeof found)
		found |= specials(tf_octets_at(s));
	memcpy(rest, s, n);
	return !tf_octets_any(found | specials(tf_octets_at(rest)));
}

/* The first character of S, escaped where it must be; returns what it took of S. */
static size_t
put_json_character(struct tf_buf *b, const char *s)
{
	unsigned char c = (unsigned char)*s;

	if (c >= 0x80)
		return tf_put_utf8(b, s);
	if (c < ' ' || c == '"' || c == '\\' || c == 0x7f)
		put_json_escaped(b, c);
	else
		tf_put_char(b, *s);
	return 1;
}

void
tf_put_json_string(struct tf_buf *b, const char *s)
{
	if (s == NULL) {
		tf_put_lit(b, "null");
		return;
	}
	size_t n = strlen(s);
	tf_put_char(b, '"');
	if (is_plain_json(s, n)) {
		tf_put(b, s, n);
	} else {
		while (*s != '\0')
			s += put_json_character(b, s);
	}
	tf_put_char(b, '"');
}

/* The letters of each 12 bits. */
static const char (*base64_pairs(void))[2]
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	static char pairs[4096][2];

	if (pairs[0][0] == '\0')
		for (size_t i = 0; i < 4096; i++) {
			pairs[i][0] = alphabet[i >> 6];
			pairs[i][1] = alphabet[i & 63];
		}
	return pairs;
}

static char *
put_base64_three(char *to, const char (*pairs)[2], const uint8_t *three)
{
	uint32_t v = (uint32_t)three[0] << 16 | (uint32_t)three[1] << 8 | three[2];

	memcpy(to, pairs[v >> 12], 2);
	memcpy(to + 2, pairs[v & 4095], 2);
	return to + 4;
}

char *
tf_at_base64(char *to, const uint8_t *data, size_t n)
{
	const char(*pairs)[2] = base64_pairs();
	uint8_t last[3] = {0};

	for (; n >= 8; n -= 6, data += 6) {
		uint64_t v;

		memcpy(&v, data, sizeof v);
		v = be64toh(v);
		memcpy(to, pairs[v >> 52], 2);
		memcpy(to + 2, pairs[v >> 40 & 4095], 2);
		memcpy(to + 4, pairs[v >> 28 & 4095], 2);
		memcpy(to + 6, pairs[v >> 16 & 4095], 2);
		to += 8;
	}
	for (; n >= 3; n -= 3, data += 3)
		to = put_base64_three(to, pairs, data);
	if (n > 0) {
		memcpy(last, data, n);
		to = put_base64_three(to, pairs, last);
		to[-1] = '=';
		if (n == 1)
			to[-2] = '=';
	}
	return to;
}

void
tf_put_base64(struct tf_buf *b, const uint8_t *data, size_t n)
{
	char *p = tf_buf_at(b, (n + 2) / 3 * 4);

	if (p != NULL)
		tf_buf_end(b, tf_at_base64(p, data, n));
}
