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

/* Is WANTED among them? */
static inline bool
tf_marks_have(const uint8_t mark[TF_MARKS], uint8_t wanted)
{
	typedef uint8_t lanes __attribute__((vector_size(TF_MARKS)));
	lanes marks;
	uint64_t equal[2];

	memcpy(&marks, mark, sizeof marks);
	marks = (lanes)(marks == wanted);
	memcpy(equal, &marks, sizeof equal);
	return (equal[0] | equal[1]) != 0;
}

#endif
