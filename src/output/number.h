/*
 * Numbers in as few octets as they need: seven bits an octet, the lowest
 * first; the eighth bit says that more follow.
 */
#ifndef TCPFSM_OUTPUT_NUMBER_H
#define TCPFSM_OUTPUT_NUMBER_H

#include <stdint.h>

#define TF_NUMBER_LONGEST 10 /* octets */

/* V at AT; returns where it ends. */
static inline uint8_t *
tf_number(uint8_t *at, uint64_t v)
{
	while (v >= 0x80) {
		*at++ = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	*at++ = (uint8_t)v;
	return at;
}

/* Of either sign, small ones short: twice the value, or, below zero, twice the magnitude less one. */
static inline uint64_t
tf_number_of_signed(int64_t v)
{
	return (uint64_t)v << 1 ^ (v < 0 ? UINT64_MAX : 0);
}

static inline int64_t
tf_signed_of_number(uint64_t v)
{
	return (int64_t)(v >> 1 ^ (v & 1 ? UINT64_MAX : 0));
}

static inline uint8_t *
tf_number_signed(uint8_t *at, int64_t v)
{
	return tf_number(at, tf_number_of_signed(v));
}

#endif
