/*
 * SHA-1 as RFC 3174 section 6.1 describes it: method 1, the message at hand
 * as a whole.
 *
 * A record of a connection bears a hash, so this is made once for each of
 * millions.  Processors that have instructions for it are asked for them;
 * the plain C beside them gives the same, and takes twice as long.
 */
#include "sha1.h"

#include <stdbool.h>
#include <string.h>

#define BLOCK 64

/* Digest the COUNT blocks at P into H. */
typedef void compress_function(uint32_t h[5], const uint8_t *p, size_t count);

static uint32_t
rotate_left(uint32_t v, unsigned n)
{
	return v << n | v >> (32 - n);
}

static uint32_t
load_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void
store_be32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

/* ---- in plain C ----------------------------------------------------------------------------- */

/* The word W(t); W keeps the last sixteen, which is what the next one is made of. */
static inline uint32_t
word_of_round(uint32_t w[16], unsigned t)
{
	if (t >= 16)
		w[t % 16] = rotate_left(w[(t - 3) % 16] ^ w[(t - 8) % 16] ^ w[(t - 14) % 16] ^ w[t % 16], 1);
	return w[t % 16];
}

static uint32_t
choose(uint32_t b, uint32_t c, uint32_t d)
{
	return d ^ (b & (c ^ d));
}

static uint32_t
parity(uint32_t b, uint32_t c, uint32_t d)
{
	return b ^ c ^ d;
}

static uint32_t
majority(uint32_t b, uint32_t c, uint32_t d)
{
	return (b & c) | (d & (b | c));
}

/* One round: afterwards E is the new A, and the others keep their places and have moved on in the alphabet. */
static inline void
one_round(uint32_t a, uint32_t *b, uint32_t *e, uint32_t f, uint32_t k_plus_word)
{
	*e += rotate_left(a, 5) + f + k_plus_word;
	*b = rotate_left(*b, 30);
}

/* Five rounds from T on with the function F and the constant K: after them each word is in its place again. */
#define FIVE_ROUNDS(T, F, K)                                                                                 \
	do {                                                                                                 \
		one_round(a, &b, &e, F(b, c, d), (K) + word_of_round(w, T));                                 \
		one_round(e, &a, &d, F(a, b, c), (K) + word_of_round(w, (T) + 1));                           \
		one_round(d, &e, &c, F(e, a, b), (K) + word_of_round(w, (T) + 2));                           \
		one_round(c, &d, &b, F(d, e, a), (K) + word_of_round(w, (T) + 3));                           \
		one_round(b, &c, &a, F(c, d, e), (K) + word_of_round(w, (T) + 4));                           \
	} while (0)

/* Unrolled, so that the places of the words are known beforehand. */
#define TWENTY_ROUNDS(T, F, K)                                                                               \
	do {                                                                                                 \
		FIVE_ROUNDS(T, F, K);                                                                        \
		FIVE_ROUNDS((T) + 5, F, K);                                                                  \
		FIVE_ROUNDS((T) + 10, F, K);                                                                 \
		FIVE_ROUNDS((T) + 15, F, K);                                                                 \
	} while (0)

static void
compress_plainly(uint32_t h[5], const uint8_t *p, size_t count)
{
	for (; count > 0; count--, p += BLOCK) {
		uint32_t w[16], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];

		for (unsigned t = 0; t < 16; t++)
			w[t] = load_be32(p + 4 * t);
		TWENTY_ROUNDS(0, choose, 0x5a827999);
		TWENTY_ROUNDS(20, parity, 0x6ed9eba1);
		TWENTY_ROUNDS(40, majority, 0x8f1bbcdc);
		TWENTY_ROUNDS(60, parity, 0xca62c1d6);
		h[0] += a;
		h[1] += b;
		h[2] += c;
		h[3] += d;
		h[4] += e;
	}
}

/* ---- by the processor's instructions -------------------------------------------------------- */

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

/* Four rounds of the quarter Q.  BEFORE: words A to D as they were four rounds ago, whose A makes the E. */
#define FOUR_ROUNDS(Q, WORDS)                                                                                \
	do {                                                                                                 \
		__m128i e = _mm_sha1nexte_epu32(before, (WORDS));                                            \
		before = abcd;                                                                               \
		abcd = _mm_sha1rnds4_epu32(abcd, e, (Q));                                                    \
	} while (0)

#define TWENTY_AT_ONCE(Q, WORDS)                                                                             \
	do {                                                                                                 \
		FOUR_ROUNDS(Q, (WORDS)[0]);                                                                  \
		FOUR_ROUNDS(Q, (WORDS)[1]);                                                                  \
		FOUR_ROUNDS(Q, (WORDS)[2]);                                                                  \
		FOUR_ROUNDS(Q, (WORDS)[3]);                                                                  \
		FOUR_ROUNDS(Q, (WORDS)[4]);                                                                  \
	} while (0)

__attribute__((target("sha,ssse3,sse4.1"))) static void
compress_by_instruction(uint32_t h[5], const uint8_t *p, size_t count)
{
	/* The instructions want the first word of four in the highest place. */
	const __m128i turn = _mm_set_epi64x(0x0001020304050607, 0x08090a0b0c0d0e0f);
	__m128i abcd = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)h), 0x1b);
	uint32_t h_e = h[4];

	for (; count > 0; count--, p += BLOCK) {
		/* E comes out of an A that is turned by 30 bits on the way. */
		__m128i start = abcd, before = _mm_set_epi32((int)rotate_left(h_e, 2), 0, 0, 0), w[20];

		for (unsigned i = 0; i < 4; i++)
			w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)p + i), turn);
#pragma GCC unroll 16
		for (unsigned i = 4; i < 20; i++)
			w[i] = _mm_sha1msg2_epu32(
			    _mm_xor_si128(_mm_sha1msg1_epu32(w[i - 4], w[i - 3]), w[i - 2]), w[i - 1]);
		TWENTY_AT_ONCE(0, w);
		TWENTY_AT_ONCE(1, w + 5);
		TWENTY_AT_ONCE(2, w + 10);
		TWENTY_AT_ONCE(3, w + 15);
		h_e += rotate_left((uint32_t)_mm_extract_epi32(before, 3), 30);
		abcd = _mm_add_epi32(abcd, start);
	}
	_mm_storeu_si128((__m128i *)h, _mm_shuffle_epi32(abcd, 0x1b));
	h[4] = h_e;
}

/* Leaf 7 of CPUID: bit 29 of EBX stands for the SHA instructions. */
static bool
has_instructions(void)
{
	unsigned a, b, c, d;

	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && b >> 29 & 1 && __builtin_cpu_supports("sse4.1");
}

static compress_function *
compress_for_processor(void)
{
	static compress_function *chosen;

	if (chosen == NULL)
		chosen = has_instructions() ? compress_by_instruction : compress_plainly;
	return chosen;
}
#else
static compress_function *
compress_for_processor(void)
{
	return compress_plainly;
}
#endif

/* ---- messages ------------------------------------------------------------------------------- */

/* Whole blocks, then the rest of the message, the bit 1, zeros, and the length in bits (section 4). */
static void
digest_with(compress_function *compress, const uint8_t *data, size_t n, uint8_t digest[TF_SHA1_SIZE])
{
	uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
	uint8_t last[2 * BLOCK] = {0};
	size_t rest = n % BLOCK, size = rest + 9 <= BLOCK ? BLOCK : 2 * BLOCK;

	if (n >= BLOCK)
		compress(h, data, n / BLOCK);
	if (rest > 0)
		memcpy(last, data + n - rest, rest);
	last[rest] = 0x80;
	store_be32(last + size - 8, (uint32_t)(n >> 29));
	store_be32(last + size - 4, (uint32_t)(n << 3));
	compress(h, last, size / BLOCK);
	for (unsigned i = 0; i < 5; i++)
		store_be32(digest + 4 * i, h[i]);
}

void
tf_sha1(const void *data, size_t n, uint8_t digest[TF_SHA1_SIZE])
{
	digest_with(compress_for_processor(), data, n, digest);
}

void
tf_sha1_plainly(const void *data, size_t n, uint8_t digest[TF_SHA1_SIZE])
{
	digest_with(compress_plainly, data, n, digest);
}
