/*
 * SHA-1 as RFC 3174 section 6.1 describes it: method 1, the message at hand
 * as a whole.
 */
#include "sha1.h"

#include <string.h>

#define BLOCK 64

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

/* The words A to E of RFC 3174, moved on by one round. */
static void
one_round(uint32_t w[5], uint32_t f, uint32_t k_plus_word)
{
	uint32_t next = rotate_left(w[0], 5) + f + w[4] + k_plus_word;

	w[4] = w[3];
	w[3] = w[2];
	w[2] = rotate_left(w[1], 30);
	w[1] = w[0];
	w[0] = next;
}

static void
compress(uint32_t h[5], const uint8_t block[BLOCK])
{
	uint32_t word[80], w[5];

	for (unsigned t = 0; t < 16; t++)
		word[t] = load_be32(block + 4 * t);
	for (unsigned t = 16; t < 80; t++)
		word[t] = rotate_left(word[t - 3] ^ word[t - 8] ^ word[t - 14] ^ word[t - 16], 1);
	memcpy(w, h, sizeof w);
	for (unsigned t = 0; t < 20; t++)
		one_round(w, (w[1] & w[2]) | (~w[1] & w[3]), 0x5a827999 + word[t]);
	for (unsigned t = 20; t < 40; t++)
		one_round(w, w[1] ^ w[2] ^ w[3], 0x6ed9eba1 + word[t]);
	for (unsigned t = 40; t < 60; t++)
		one_round(w, (w[1] & w[2]) | (w[1] & w[3]) | (w[2] & w[3]), 0x8f1bbcdc + word[t]);
	for (unsigned t = 60; t < 80; t++)
		one_round(w, w[1] ^ w[2] ^ w[3], 0xca62c1d6 + word[t]);
	for (unsigned i = 0; i < 5; i++)
		h[i] += w[i];
}

/* The rest of the message, the bit 1, zeros, and the length in bits (section 4). */
static void
finish(uint32_t h[5], const uint8_t *rest, size_t n, uint64_t total)
{
	uint8_t block[2 * BLOCK] = {0};
	size_t size = n + 9 <= BLOCK ? BLOCK : 2 * BLOCK;

	if (n > 0)
		memcpy(block, rest, n);
	block[n] = 0x80;
	store_be32(block + size - 8, (uint32_t)(total >> 29));
	store_be32(block + size - 4, (uint32_t)(total << 3));
	compress(h, block);
	if (size > BLOCK)
		compress(h, block + BLOCK);
}

void
tf_sha1(const void *data, size_t n, uint8_t digest[TF_SHA1_SIZE])
{
	uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
	const uint8_t *p = data;
	size_t left = n;

	for (; left >= BLOCK; left -= BLOCK, p += BLOCK)
		compress(h, p);
	finish(h, p, left, n);
	for (unsigned i = 0; i < 5; i++)
		store_be32(digest + 4 * i, h[i]);
}
