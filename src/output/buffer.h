/*
 * An output buffer, and the words, numbers, times and addresses that every
 * format is made of.
 *
 * A buffer either drains into a descriptor or grows in memory (fd -1).
 * Nothing reports an error where it happens: the first one is kept in
 * `error`, later output is dropped, and the writer's owner asks once.
 * Nothing here depends on the locale; no number passes through a double
 * unless it is one.
 */
#ifndef TCPFSM_OUTPUT_BUFFER_H
#define TCPFSM_OUTPUT_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "at.h"
#include "tcpfsm/segment.h"

struct tf_buf {
	char *data;
	size_t len;   /* octets in use */
	size_t cap;   /* octets allocated */
	int fd;       /* -1: kept in memory */
	bool drained; /* something was written to fd */
	int error;    /* errno of the first failure, 0 while there was none */
};

/* Make B empty; FD is the caller's, -1 keeps everything in memory. */
void tf_buf_init(struct tf_buf *b, int fd);
void tf_buf_fini(struct tf_buf *b);

/* B was the scratch paper for TO: free it, and let TO know if it failed. */
void tf_buf_done(struct tf_buf *b, struct tf_buf *to);

/* Write out what is there (nothing for a buffer in memory).  0 or the errno of the first failure. */
int tf_buf_flush(struct tf_buf *b);

/* The slow path of tf_buf_room. */
bool tf_buf_make_room(struct tf_buf *b, size_t n);

/* Is there room for N more octets now?  False only after a failure. */
static inline bool
tf_buf_room(struct tf_buf *b, size_t n)
{
	return b->cap - b->len >= n || tf_buf_make_room(b, n);
}

/* Where N octets may be put by hand (at.h), or NULL after a failure. */
static inline char *
tf_buf_at(struct tf_buf *b, size_t n)
{
	return tf_buf_room(b, n + TF_SLACK) ? b->data + b->len : NULL;
}

/* What was put by hand ends at END. */
static inline void
tf_buf_end(struct tf_buf *b, const char *end)
{
	b->len = (size_t)(end - b->data);
}

static inline void
tf_put(struct tf_buf *b, const char *s, size_t n)
{
	if (n == 0 || !tf_buf_room(b, n))
		return;
	memcpy(b->data + b->len, s, n);
	b->len += n;
}

static inline void
tf_put_char(struct tf_buf *b, char c)
{
	if (tf_buf_room(b, 1))
		b->data[b->len++] = c;
}

static inline void
tf_put_str(struct tf_buf *b, const char *s)
{
	tf_put(b, s, strlen(s));
}

/* A string literal: its length is known to the compiler. */
#define tf_put_lit(b, s) tf_put((b), "" s, sizeof(s) - 1)

/* C, COUNT times. */
void tf_put_fill(struct tf_buf *b, char c, size_t count);

/* S, then blanks up to WIDTH columns (S is ASCII). */
void tf_put_padded(struct tf_buf *b, const char *s, size_t width);

/* S without what could steer a terminal: control characters become '?'. */
void tf_put_clean(struct tf_buf *b, const char *s);

void tf_put_u64(struct tf_buf *b, uint64_t v);

/* Right-aligned in WIDTH columns. */
void tf_put_u64_right(struct tf_buf *b, uint64_t v, unsigned width);

/* "1,234,567". */
void tf_put_grouped(struct tf_buf *b, uint64_t v);

/* "0x00ff": at least WIDTH hexadecimal digits in lower case. */
void tf_put_hex(struct tf_buf *b, uint64_t v, unsigned width);

/* NS nanoseconds as seconds with exactly DECIMALS (0 to 9) digits, cut and not rounded: "1700000000.000123". */
void tf_put_seconds_fixed(struct tf_buf *b, int64_t ns, unsigned decimals);

/* The same, exactly, without needless zeros at the end: "0.000123", "60.0". */
void tf_put_seconds(struct tf_buf *b, int64_t ns);

/* A time of the epoch as "2023-11-14 22:13:20" in UTC, with DECIMALS digits behind the seconds. */
void tf_put_utc(struct tf_buf *b, int64_t ns, unsigned decimals);

/* The time of day alone: "22:13:20". */
void tf_put_utc_time(struct tf_buf *b, int64_t ns, unsigned decimals);

/* A duration for people: "12.3 ms", "61.2 s", "12 min 5 s", "2 h 5 min". */
void tf_put_duration(struct tf_buf *b, int64_t ns);

/* A number of octets for people: "78 B", "1.2 kB", "3.4 MB" (powers of ten). */
void tf_put_size(struct tf_buf *b, uint64_t bytes);

/* V with DECIMALS (at most 6) digits, without needless zeros: 0.05, 1.0.  Not a number becomes 0.0. */
void tf_put_ratio(struct tf_buf *b, double v, unsigned decimals);

/* A mapped address as IPv4, any other as RFC 5952 wants it. */
void tf_put_addr(struct tf_buf *b, const struct tf_addr *addr);

/* "10.0.0.1:80", "[2001:db8::1]:80". */
void tf_put_addr_port(struct tf_buf *b, const struct tf_addr *addr, uint16_t port);

/* Is it an IPv4 address (RFC 4291 section 2.5.5.2)? */
bool tf_addr_is_ipv4(const struct tf_addr *addr);

/* The octets of the UTF-8 sequence at S (RFC 3629), or 0 where there is none. */
size_t tf_utf8_length(const unsigned char *s);

/* The UTF-8 sequence at S, which is no NUL, or U+FFFD for an octet that begins none; returns what it took of S. */
size_t tf_put_utf8(struct tf_buf *b, const char *s);

/* S as a JSON string with its quotes (RFC 8259); octets that are no UTF-8 become U+FFFD; NULL becomes null. */
void tf_put_json_string(struct tf_buf *b, const char *s);

/* WORD as one: out of this program's tables, so each of its octets stands for itself. */
static inline void
tf_put_json_word(struct tf_buf *b, const char *word)
{
	tf_put_char(b, '"');
	tf_put_str(b, word);
	tf_put_char(b, '"');
}

/* N octets in base 64 (RFC 4648 section 4), padded. */
void tf_put_base64(struct tf_buf *b, const uint8_t *data, size_t n);

#endif
