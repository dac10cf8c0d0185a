/*
 * Sixteen octets of a text, looked at side by side: for what is asked of
 * each octet of millions of sentences.
 */
#ifndef TCPFSM_OUTPUT_OCTETS_H
#define TCPFSM_OUTPUT_OCTETS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* With a sign: those beyond ASCII are negative.  A comparison gives all bits of an octet, or none. */
typedef signed char tf_octets __attribute__((vector_size(16)));

static inline tf_octets
tf_octets_at(const char *text)
{
	tf_octets v;

	memcpy(&v, text, sizeof v);
	return v;
}

/* Is any bit set? */
static inline bool
tf_octets_any(tf_octets v)
{
	uint64_t half[2];

	memcpy(half, &v, sizeof half);
	return (half[0] | half[1]) != 0;
}

#endif
