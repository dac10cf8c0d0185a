/*
 * Marks: of each of many numbers an octet that follows from it.  Where none
 * is equal no number is, and 32 are compared at a time.
 */
#ifndef TCPFSM_DETECT_MARKS_H
#define TCPFSM_DETECT_MARKS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define TF_MARKS 32

typedef uint8_t tf_mark_lanes __attribute__((vector_size(TF_MARKS / 2)));

/* A bit for each lane that is set. */
static inline uint32_t
tf_mark_bits(tf_mark_lanes lanes)
{
#if defined(__SSE2__)
	return (uint32_t)_mm_movemask_epi8((__m128i)lanes);
#else
	const tf_mark_lanes bit = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
	const uint64_t sum = UINT64_C(0x0101010101010101); /* of the octets, in the highest one */
	uint64_t half[2];

	lanes &= bit;
	memcpy(half, &lanes, sizeof half);
	return (uint32_t)(half[0] * sum >> 56 | half[1] * sum >> 56 << 8);
#endif
}

/* A bit for each that equals WANTED. */
static inline uint32_t
tf_marks_equal(const uint8_t mark[TF_MARKS], uint8_t wanted)
{
	tf_mark_lanes first, second;

	memcpy(&first, mark, sizeof first);
	memcpy(&second, mark + sizeof first, sizeof second);
	return tf_mark_bits((tf_mark_lanes)(first == wanted)) |
	       tf_mark_bits((tf_mark_lanes)(second == wanted)) << 16;
}

#endif
