/*
 * Summing octets quickly, and sorting TCP checksums into classes.
 *
 * The sum of RFC 1071 does not depend on byte order (its section 2 (B)), so
 * everything is summed as the machine stores it.  64 bits are read at a
 * time and added in two halves, which leaves room for carries: the compiler
 * turns the loop into vector instructions.
 *
 * Nothing is said here about whether a bad checksum matters; that depends
 * on what the receiver does.
 */
#include "wire/checksum.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdbool.h>
#include <string.h>

enum {
	PROTOCOL_TCP = 6,
	CHECKSUM_AT = 16, /* offset of the checksum in the TCP header */
	STEP = 32,        /* octets a turn of the main loop */
};

static uint64_t
word(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

/* Both halves of a word: congruent to the word modulo 2^16 - 1. */
static uint64_t
halves(uint64_t w)
{
	return (w & 0xffffffff) + (w >> 32);
}

static uint64_t
add_rest(uint64_t sum, const uint8_t *p, size_t len)
{
	uint64_t last = 0;

	for (; len >= 8; p += 8, len -= 8)
		sum += halves(word(p));
	memcpy(&last, p, len);
	return sum + halves(last);
}

uint64_t
tf_sum_add(uint64_t sum, const uint8_t *p, size_t len)
{
	uint64_t a = 0, b = 0, c = 0, d = 0;

	for (; len >= STEP; p += STEP, len -= STEP) {
		a += halves(word(p));
		b += halves(word(p + 8));
		c += halves(word(p + 16));
		d += halves(word(p + 24));
	}
	return add_rest(sum + a + b + c + d, p, len);
}

uint16_t
tf_sum_fold(uint64_t sum)
{
	sum = halves(sum);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

/* The pseudo-header's sum: the segment's length may be left out where the sender's card was to cut the
 * segment into several and fill in their lengths. */
static bool
is_partial(uint64_t addresses, uint32_t len, uint16_t field)
{
	uint64_t without_len = addresses + htonl(PROTOCOL_TCP);

	return field == tf_sum_fold(without_len + htonl(len)) || field == tf_sum_fold(without_len);
}

enum tf_checksum
tf_checksum_classify(uint64_t addresses, const uint8_t *tcp, uint32_t len)
{
	uint64_t pseudo = addresses + htonl(PROTOCOL_TCP) + htonl(len);
	uint16_t field;

	assert(len >= 20);
	if (tf_sum_fold(tf_sum_add(pseudo, tcp, len)) == 0xffff)
		return TF_CHECKSUM_VALID;
	memcpy(&field, tcp + CHECKSUM_AT, sizeof(field));
	if (field == 0)
		return TF_CHECKSUM_ZERO;
	return is_partial(addresses, len, field) ? TF_CHECKSUM_PARTIAL : TF_CHECKSUM_BAD;
}
