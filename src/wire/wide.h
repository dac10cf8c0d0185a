/*
 * What is done for each usual frame with vectors of 32 octets (AVX2), of
 * x86-64 only: the sum of a segment, its addresses, its header's numbers;
 * and the sum with vectors of 64 (AVX-512).  Whoever calls it knows that the
 * processor has them (usual.c); it says the same as checksum.h and tcp.h say
 * without.
 *
 * 16-bit words are added in pairs by a multiplication that takes them as
 * signed: with its upper bit turned a word is by 32768 too small, which is
 * the same for all and added in the end.  All is modulo 65535, as the sum
 * of RFC 1071 is.
 */
#ifndef TCPFSM_WIRE_WIDE_H
#define TCPFSM_WIRE_WIDE_H

#if defined(__x86_64__)
#include <immintrin.h>
#include <stddef.h>

#include "tcpfsm/segment.h"
#include "wire/bytes.h"

#define TF_WIDE_TARGET __attribute__((target("avx2,bmi2")))
#define TF_WIDE        TF_WIDE_TARGET static inline

#define TF_WIDER_TARGET __attribute__((target("avx2,bmi2,avx512f,avx512bw")))
#define TF_WIDER        TF_WIDER_TARGET static inline

enum {
	TF_WIDE_BLOCK = 32,
	TF_WIDE_LEAST = 28, /* octets to sum */
	TF_WIDE_AHEAD = 4,  /* octets that may be read before them */
};

/* Does this processor have all of it? */
static inline bool
tf_wide_is_possible(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
}

/* And of what is twice as wide?  The first that had it, and did not have VBMI yet, ran slower for a while after each use. */
static inline bool
tf_wider_is_possible(void)
{
	return tf_wide_is_possible() && __builtin_cpu_supports("avx512bw") &&
	       __builtin_cpu_supports("avx512vbmi");
}

#define TF_WIDE_HALF(x) x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x
#define TF_WIDE_FULL(x) TF_WIDE_HALF(x), TF_WIDE_HALF(x)

/* What the sum needs beside the octets, each for a whole block. */
struct tf_wide_table {
	uint8_t last[2 * TF_WIDE_BLOCK]; /* at N: a mask that leaves the last N octets */
	uint8_t order[2][TF_WIDE_BLOCK]; /* of octets: as they are; and with those of each word turned */
	int16_t turned[TF_WIDE_BLOCK / 2], ones[TF_WIDE_BLOCK / 2];
	int32_t lift[TF_WIDE_BLOCK / 4];
};

static const struct tf_wide_table tf_wide_table = {
    .last = {[TF_WIDE_BLOCK] = TF_WIDE_FULL(0xff)},
    .order = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
               0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
              {1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14,
               1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14}},
    .turned = {TF_WIDE_HALF(INT16_MIN)},
    .ones = {TF_WIDE_HALF(1)},
    /* As good as 0, and more than a lane can fall below that. */
    .lift = {65535 << 12, 65535 << 12, 65535 << 12, 65535 << 12, 65535 << 12, 65535 << 12, 65535 << 12,
             65535 << 12},
};

TF_WIDE __m256i
tf_wide_load(const void *p)
{
	return _mm256_loadu_si256(p);
}

/* LANES with the words of BLOCK, each by 32768 too small. */
TF_WIDE __m256i
tf_wide_add(const struct tf_wide_table *t, __m256i lanes, __m256i block)
{
	__m256i turned = _mm256_xor_si256(block, tf_wide_load(t->turned));

	return _mm256_add_epi32(lanes, _mm256_madd_epi16(turned, tf_wide_load(t->ones)));
}

/* The four lanes of each half, added up. */
TF_WIDE uint64_t
tf_wide_total(__m256i lanes)
{
	__m128i half = _mm_add_epi32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1));

	return (uint64_t)_mm_cvtsi128_si64(_mm_add_epi32(half, _mm_unpackhi_epi64(half, half)));
}

/*
 * START, less than 2^62, and the sum of the LEN octets at P modulo 65535.  LEN is from TF_WIDE_LEAST to
 * 65575, and TF_WIDE_AHEAD octets before P may be read.
 *
 * What is no whole number of blocks is the end of a block that lies across the others, and where LEN is odd across
 * their words; with an odd number of whole blocks the first is taken alone, so that two can be added at a time.
 * Both are masked, not asked for: how long a segment is nobody can foresee.
 */
TF_WIDE uint64_t
tf_wide_sum(uint64_t start, const uint8_t *p, size_t len)
{
	enum { TOO_SMALL = 8 }; /* a block, modulo 65535: 16 times 32768 */
	const struct tf_wide_table *t = &tf_wide_table;
	size_t pairs = len / (2 * TF_WIDE_BLOCK), one = len & TF_WIDE_BLOCK;
	const uint8_t *last = p + len - TF_WIDE_BLOCK, *first = one ? p : last;

	/* Seen through, the table would be built anew in registers for each segment, at several instructions a row. */
	__asm__("" : "+r"(t));
	__m256i rest = _mm256_and_si256(tf_wide_load(last), tf_wide_load(t->last + len % TF_WIDE_BLOCK));
	__m256i block = _mm256_and_si256(tf_wide_load(first), tf_wide_load(t->last + one));
	__m256i lanes = tf_wide_add(t, tf_wide_load(t->lift), block);
	lanes = tf_wide_add(t, lanes, _mm256_shuffle_epi8(rest, tf_wide_load(t->order[len & 1])));
	p += one;
	for (const uint8_t *end = p + pairs * 2 * TF_WIDE_BLOCK; p < end; p += 2 * TF_WIDE_BLOCK) {
		lanes = tf_wide_add(t, lanes, tf_wide_load(p));
		lanes = tf_wide_add(t, lanes, tf_wide_load(p + TF_WIDE_BLOCK));
	}
	return start + tf_wide_total(lanes) + (2 + 2 * pairs) * TOO_SMALL;
}

/* LANES with the words of BLOCK, each by 32768 too small. */
TF_WIDER __m512i
tf_wider_add(__m512i lanes, __m512i block)
{
	__m512i turned = _mm512_xor_si512(block, _mm512_set1_epi16(INT16_MIN));

	return _mm512_add_epi32(lanes, _mm512_madd_epi16(turned, _mm512_set1_epi16(1)));
}

/* As tf_wide_sum(), of any LEN up to 65575, and nothing else is read: the rest is a block with zeros behind it. */
TF_WIDER uint64_t
tf_wider_sum(uint64_t start, const uint8_t *p, size_t len)
{
	enum { BLOCK = 64, TOO_SMALL = 16 };
	size_t blocks = len / BLOCK;
	const uint8_t *end = p + blocks * BLOCK;
	__mmask64 of_rest = _bzhi_u64(UINT64_MAX, (unsigned)(len % BLOCK));
	__m512i lanes = _mm512_set1_epi32(65535 << 12); /* see tf_wide_table.lift */

	lanes = tf_wider_add(lanes, _mm512_maskz_loadu_epi8(of_rest, end));
	for (; p < end; p += BLOCK)
		lanes = tf_wider_add(lanes, _mm512_loadu_si512(p));
	__m256i upper = _mm512_extracti64x4_epi64(lanes, 1);
	return start + tf_wide_total(_mm256_add_epi32(_mm512_castsi512_si256(lanes), upper)) +
	       (blocks + 1) * TOO_SMALL;
}

_Static_assert(offsetof(struct tf_segment, dst) == offsetof(struct tf_segment, src) + 16,
               "they are written at once");

/* Both addresses of S, from the IPv4 header at P. */
TF_WIDE void
tf_wide_addresses(struct tf_segment *s, const uint8_t *p)
{
	/* In each half: 10 zeros, two ones, an address. */
	const __m256i places = _mm256_setr_epi8(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 1, 2, 3,
	                                        -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 4, 5, 6, 7);
	const __m256i mapped = _mm256_set_epi32(0, INT32_C(-65536), 0, 0, 0, INT32_C(-65536), 0, 0);
	uint64_t both;

	memcpy(&both, p + 12, sizeof both);
	__m256i placed = _mm256_shuffle_epi8(_mm256_set1_epi64x((int64_t)both), places);
	_mm256_storeu_si256((void *)&s->src, _mm256_or_si256(placed, mapped));
}

_Static_assert(offsetof(struct tf_segment, dst_port) == offsetof(struct tf_segment, src_port) + 2 &&
                   offsetof(struct tf_segment, seq) == offsetof(struct tf_segment, src_port) + 4 &&
                   offsetof(struct tf_segment, ack) == offsetof(struct tf_segment, src_port) + 8 &&
                   offsetof(struct tf_segment, flags) == offsetof(struct tf_segment, src_port) + 12 &&
                   offsetof(struct tf_segment, window) == offsetof(struct tf_segment, src_port) + 14,
               "they stand as in the header");

/* Of the TCP header at P into S: ports, numbers, flags, window. */
TF_WIDE void
tf_wide_numbers(struct tf_segment *s, const uint8_t *p)
{
	const __m128i turn = _mm_setr_epi8(1, 0, 3, 2, 7, 6, 5, 4, 11, 10, 9, 8, 13, 12, 15, 14);
	const __m128i known = _mm_setr_epi16(-1, -1, -1, -1, -1, -1, 0x1ff, -1);
	__m128i octets = _mm_loadu_si128((const void *)p);

	_mm_storeu_si128((void *)&s->src_port, _mm_and_si128(_mm_shuffle_epi8(octets, turn), known));
}

#endif
#endif
