/*
 * The whole product of two words, on processors that make one and on those
 * that make it of four.
 */
#ifndef TCPFSM_PRODUCT_H
#define TCPFSM_PRODUCT_H

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

#endif
