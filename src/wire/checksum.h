/*
 * The Internet checksum (RFC 1071) of a TCP segment, and what its state
 * says about the sender: a host's own outgoing packets often carry a
 * checksum that the network card was to finish.
 *
 * The sum does not depend on byte order (section 2 (B) there), nor on how
 * many 16-bit words are added at a time: octets are summed as the machine
 * stores them, 64 bits at a time, and folded once.  Where the processor
 * has wide vectors, usual frames are summed by wide.h.
 */
#ifndef TCPFSM_WIRE_CHECKSUM_H
#define TCPFSM_WIRE_CHECKSUM_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "tcpfsm/segment.h"
#include "wire/bytes.h"

/* SUM and WORD in one's complement: what is carried out at one end comes in at the other. */
TF_INLINE uint64_t
tf_sum_add(uint64_t sum, uint64_t word)
{
	sum += word;
	return sum + (sum < word);
}

/* SUM folded into 16 bits.  Turned by half its width a number adds both its halves in the upper one, with
 * the carry of the lower. */
TF_INLINE uint16_t
tf_sum_fold(uint64_t sum)
{
	uint32_t half = (uint32_t)((sum + (sum >> 32 | sum << 32)) >> 32);

	return (uint16_t)((half + (half >> 16 | half << 16)) >> 16);
}

TF_INLINE uint64_t
tf_sum_word(const uint8_t *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/* The SIZE octets at P: 4, or a multiple of 8. */
TF_INLINE uint64_t
tf_sum_address(const uint8_t *p, uint32_t size)
{
	uint64_t sum = 0;
	uint32_t word;

	if (size % 8 != 0) {
		memcpy(&word, p, sizeof(word));
		return word;
	}
	for (const uint8_t *end = p + size; p < end; p += 8)
		sum = tf_sum_add(sum, tf_sum_word(p));
	return sum;
}

/* The word at P without its first N octets, fewer than 8, as if zeros followed. */
TF_INLINE uint64_t
tf_sum_end_of_word(const uint8_t *p, size_t n)
{
	uint64_t word = tf_sum_word(p);

	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? word >> 8 * n : word << 8 * n;
}

typedef uint64_t tf_sum_lanes __attribute__((vector_size(32)));

enum {
	TF_SUM_BLOCK = 2 * sizeof(tf_sum_lanes),
};

/* The blocks from P to END, in lanes that the compiler maps to the vectors of the machine.  A lane's words are
 * added in halves, which leaves room for 2^32 carries. */
TF_INLINE uint64_t
tf_sum_blocks(const uint8_t *p, const uint8_t *end)
{
	const tf_sum_lanes low = {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX};
	tf_sum_lanes a = {0}, b = {0}, x, y;

	for (; p < end; p += TF_SUM_BLOCK) {
		memcpy(&x, p, sizeof(x));
		memcpy(&y, p + sizeof(x), sizeof(y));
		a += (x & low) + (x >> 32);
		b += (y & low) + (y >> 32);
	}
	a += b;
	return a[0] + a[1] + a[2] + a[3];
}

/* SUM with the LEN octets at P, at least 17, of which an odd last one is padded with zero. */
TF_INLINE uint64_t
tf_sum_octets(uint64_t sum, const uint8_t *p, size_t len)
{
	const uint8_t *last = p + len - 8; /* a word of which the sum may have the beginning already */
	size_t ahead = 16;

	if (len > TF_SUM_BLOCK) {
		ahead = (len - 1) / TF_SUM_BLOCK * TF_SUM_BLOCK;
		sum = tf_sum_add(sum, tf_sum_blocks(p, p + ahead));
	} else {
		sum = tf_sum_add(tf_sum_add(sum, tf_sum_word(p)), tf_sum_word(p + 8));
	}
	for (p += ahead; p < last; p += 8)
		sum = tf_sum_add(sum, tf_sum_word(p));
	return tf_sum_add(sum, tf_sum_end_of_word(last, (size_t)(p - last)));
}

/* The sum of the pseudo-header of a segment of LEN octets, but for the addresses (RFC 9293 section 3.1). */
TF_INLINE uint64_t
tf_sum_pseudo(uint32_t len)
{
	enum { PROTOCOL_TCP = 6 };

	return (uint64_t)htonl(PROTOCOL_TCP) + htonl(len);
}

/* Whether SUM, of a segment with its pseudo-header, comes out: folded it would be 0xffff, since it is not 0. */
TF_INLINE bool
tf_sum_is_valid(uint64_t sum)
{
	return sum % 0xffff == 0;
}

/* What the segment of LEN octets at TCP, the sum of which does not come out, has in the place of its checksum.
 * ADDRESSES is the sum of both addresses of the pseudo-header. */
enum tf_checksum tf_checksum_wrong(uint64_t addresses, const uint8_t *tcp, uint32_t len);

#endif
