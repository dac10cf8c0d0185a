/*
 * Text at a place where there is room for it: what lines of a known
 * greatest length are made of.  Each function writes at P and returns where
 * the text ends.
 *
 * Short things are copied in pieces of fixed size, longer than themselves,
 * since that takes no loop and no call.  So there must be room for TF_SLACK
 * octets beyond what is written.
 */
#ifndef TCPFSM_OUTPUT_AT_H
#define TCPFSM_OUTPUT_AT_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "tcpfsm/segment.h"

enum {
	TF_SLACK = 16,
	TF_LONGEST_NUMBER = 20,  /* digits of a uint64_t */
	TF_LONGEST_SECONDS = 21, /* sign, ten digits, point, nine digits */
	TF_LONGEST_ADDR = 39,    /* eight groups of four digits */
};

/* A string literal: its length is known to the compiler. */
#define tf_at_lit(p, s) ((char *)memcpy((p), "" s, sizeof(s) - 1) + (sizeof(s) - 1))

/* A word that is put often, with its length: both are copied, so that it is one load and one store. */
struct tf_word {
	char text[TF_SLACK - 1]; /* no NUL */
	uint8_t length;
};

static inline char *
tf_at_copy(char *p, const struct tf_word *w)
{
	memcpy(p, w, sizeof *w);
	return p + w->length;
}

/* Of each lane of 2 * WIDTH bits, which holds V: V / DIVISOR (which is QUOTIENT) in the lower half, the rest above it. */
static inline uint64_t
tf_split_lanes(uint64_t v, uint64_t quotient, unsigned width, uint64_t divisor)
{
	return (v << width) - quotient * ((divisor << width) - 1);
}

/* The eight digits of V, zeros in front among them, each an octet of its value; the first digit is the lowest octet. */
static inline uint64_t
tf_eight_digits(uint32_t v)
{
	uint64_t fours = tf_split_lanes(v, v / 10000, 32, 10000);
	/* Reciprocals of 100 and of 10: exact for what can stand in a lane. */
	uint64_t hundreds = fours * 10486 >> 20 & UINT64_C(0x0000007f0000007f);
	uint64_t twos = tf_split_lanes(fours, hundreds, 16, 100);
	uint64_t tens = twos * 103 >> 10 & UINT64_C(0x000f000f000f000f);

	return tf_split_lanes(twos, tens, 8, 10);
}

/* The digits in EIGHT from the one with number FROM on. */
static inline char *
tf_at_digits(char *p, uint64_t eight, unsigned from)
{
	uint64_t text = htole64((eight | UINT64_C(0x3030303030303030)) >> 8 * from);

	memcpy(p, &text, sizeof text);
	return p + 8 - from;
}

/* V with exactly COUNT digits (1 to 9), zeros in front; V has no more. */
static inline char *
tf_at_fixed(char *p, uint32_t v, unsigned count)
{
	if (count == 9) {
		*p++ = (char)('0' + v / 100000000);
		v %= 100000000;
		count = 8;
	}
	return tf_at_digits(p, tf_eight_digits(v), 8 - count);
}

/* V, of two digits or more. */
char *tf_at_large(char *p, uint64_t v);

static inline char *
tf_at_u64(char *p, uint64_t v)
{
	/* Half of all numbers are small. */
	if (v >= 10)
		return tf_at_large(p, v);
	*p = (char)('0' + v);
	return p + 1;
}

/* NS nanoseconds as seconds with exactly DECIMALS (0 to 9) digits, cut and not rounded; TF_LONGEST_SECONDS. */
char *tf_at_seconds(char *p, int64_t ns, unsigned decimals);

/* The same, exactly, without needless zeros at the end: "0.000123", "60.0". */
char *tf_at_seconds_short(char *p, int64_t ns);

/* A mapped address as IPv4, any other as RFC 5952 wants it; TF_LONGEST_ADDR. */
char *tf_at_addr(char *p, const struct tf_addr *addr);

/* N octets in base 64 (RFC 4648 section 4), padded: four letters for three of them or fewer. */
char *tf_at_base64(char *p, const uint8_t *data, size_t n);

#endif
