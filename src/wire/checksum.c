/*
 * Summing octets quickly, and sorting TCP checksums into classes.
 *
 * The sum of RFC 1071 does not depend on byte order (its section 2 (B)), so
 * everything is summed as the machine stores it.  64 bits are read at a
 * time and added in two halves, which leaves room for carries, several words
 * side by side.
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
	BLOCK = 64,       /* octets a turn of the main loop */
};

#define LOW_HALF UINT64_C(0xffffffff)

typedef uint64_t lanes __attribute__((vector_size(32)));

static uint64_t
word(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

/* The blocks of 64 octets from P to END, summed in lanes that the compiler maps to the machine's vectors. */
static inline __attribute__((always_inline)) uint64_t
sum_blocks(const uint8_t *p, const uint8_t *end)
{
	const lanes low = {LOW_HALF, LOW_HALF, LOW_HALF, LOW_HALF};
	lanes a = {0}, b = {0}, x, y;

	for (; p < end; p += BLOCK) {
		memcpy(&x, p, sizeof(x));
		memcpy(&y, p + sizeof(x), sizeof(y));
		a += (x & low) + (x >> 32);
		b += (y & low) + (y >> 32);
	}
	a += b;
	return a[0] + a[1] + a[2] + a[3];
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static uint64_t
sum_blocks_avx2(const uint8_t *p, const uint8_t *end)
{
	return sum_blocks(p, end);
}

static uint64_t
sum_long(const uint8_t *p, const uint8_t *end)
{
	return __builtin_cpu_supports("avx2") ? sum_blocks_avx2(p, end) : sum_blocks(p, end);
}
#else
static uint64_t
sum_long(const uint8_t *p, const uint8_t *end)
{
	return sum_blocks(p, end);
}
#endif

/* The last N octets before END, fewer than 8, as if zeros followed.  8 octets before END must be there. */
static uint64_t
last_word(const uint8_t *end, size_t n)
{
	uint64_t w = word(end - 8);

	if (n == 0)
		return 0;
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? w >> 8 * (8 - n) : w << 8 * (8 - n);
}

uint64_t
tf_sum_add(uint64_t sum, const uint8_t *p, size_t len)
{
	size_t blocks = len - len % BLOCK;

	assert(len >= 8);
	if (blocks > 0)
		sum += sum_long(p, p + blocks);
	for (p += blocks, len -= blocks; len >= 8; p += 8, len -= 8)
		sum += tf_sum_halves(word(p));
	return sum + tf_sum_halves(last_word(p + len, len));
}

uint16_t
tf_sum_fold(uint64_t sum)
{
	sum = tf_sum_halves(sum);
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
