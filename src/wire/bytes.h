/*
 * Octets of a packet: reading numbers at any alignment, and a view of the
 * part that a layer may read.
 *
 * A view has two lengths.  `cap` is how many octets the capture holds and
 * may be read; `len` is how many there were on the wire according to the
 * layers below.  The snap length makes cap smaller than len; cap is never
 * greater.
 */
#ifndef TCPFSM_WIRE_BYTES_H
#define TCPFSM_WIRE_BYTES_H

#include <arpa/inet.h>
#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* What runs for each packet, is small, and is compiled once more for other processors (usual.c). */
#define TF_INLINE static inline __attribute__((always_inline))

struct tf_view {
	const uint8_t *p; /* first octet of the layer */
	uint32_t cap;     /* octets that may be read */
	uint32_t len;     /* octets on the wire; at least cap */
};

static inline uint16_t
tf_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* Does tf_get16() give VALUE at P? */
static inline bool
tf_is16(const uint8_t *p, uint16_t value)
{
	uint16_t word;

	memcpy(&word, p, sizeof(word));
	return word == htons(value);
}

static inline uint32_t
tf_get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The view without its first N octets; N must not exceed cap. */
static inline struct tf_view
tf_view_skip(struct tf_view v, uint32_t n)
{
	assert(n <= v.cap);
	return (struct tf_view){v.p + n, v.cap - n, v.len - n};
}

/* The view's first N octets on the wire, or all where it is shorter: padding and trailers fall off. */
static inline struct tf_view
tf_view_first(struct tf_view v, uint32_t n)
{
	return (struct tf_view){v.p, v.cap < n ? v.cap : n, v.len < n ? v.len : n};
}

#endif
