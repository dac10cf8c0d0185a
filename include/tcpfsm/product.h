/*
 * The whole product of two words, on processors that make one and on those
 * that make it of four; and a hash that is made of such.
 */
#ifndef TCPFSM_PRODUCT_H
#define TCPFSM_PRODUCT_H

#include <stddef.h>
#include <stdint.h>

struct tf_product {
	uint64_t low, high;
};

/* By halves, as on paper. */
static inline struct tf_product
tf_product_by_halves(uint64_t a, uint64_t b)
{
	uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
	uint64_t middle = a1 * b0 + (a0 * b0 >> 32), other = a0 * b1 + (uint32_t)middle;

	return (struct tf_product){
	    .low = other << 32 | (uint32_t)(a0 * b0),
	    .high = a1 * b1 + (middle >> 32) + (other >> 32),
	};
}

static inline struct tf_product
tf_product(uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__
	__extension__ unsigned __int128 p = (unsigned __int128)a * b;

	return (struct tf_product){(uint64_t)p, (uint64_t)(p >> 64)};
#else
	return tf_product_by_halves(a, b);
#endif
}

/* A hash of COUNT words.  Nobody can aim at a value, since both factors of each product hold some of KEY, which is secret. */
static inline uint64_t
tf_words_hash(const uint64_t key[2], const uint64_t *word, size_t count)
{
	uint64_t hash = key[0];

	for (size_t i = 0; i < count; i++) {
		struct tf_product p = tf_product(hash ^ word[i] ^ UINT64_C(0x9e3779b97f4a7c15),
		                                 key[1] ^ UINT64_C(0xd1b54a32d192ed03));
		hash = p.low ^ p.high;
	}
	return hash;
}

#endif
