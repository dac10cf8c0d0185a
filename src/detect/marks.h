/*
 * Marks: of each of many numbers an octet that follows from it.  Where none
 * is equal no number is, and sixteen are compared at a time.
 */
#ifndef TCPFSM_DETECT_MARKS_H
#define TCPFSM_DETECT_MARKS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define TF_MARKS 16

/* A bit for each that equals WANTED. */
static inline uint32_t
tf_marks_equal(const uint8_t mark[TF_MARKS], uint8_t wanted)
{
	typedef uint8_t lanes __attribute__((vector_size(TF_MARKS)));
	const lanes bit = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
	const uint64_t sum = UINT64_C(0x0101010101010101); /* of the octets, in the highest one */
	lanes marks;
	uint64_t half[2];

	memcpy(&marks, mark, sizeof marks);
	marks = (lanes)(marks == wanted) & bit;
	memcpy(half, &marks, sizeof half);
	if (__builtin_expect(!(half[0] | half[1]), true))
		return 0;
	return (uint32_t)(half[0] * sum >> 56 | half[1] * sum >> 56 << 8);
}

#endif
