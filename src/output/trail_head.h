/*
 * How a trail lies in the lines of its pending entry: shared by who writes
 * it and who reads it.
 */
#ifndef TCPFSM_OUTPUT_TRAIL_HEAD_H
#define TCPFSM_OUTPUT_TRAIL_HEAD_H

#include <string.h>

#include "trail.h"

/* The first octets of a pending entry's lines; the trail, or its rungs, follow. */
struct tf_trail_head {
	struct tf_trail_last last;
	uint32_t count;    /* rungs */
	uint8_t before[2]; /* what each end may still be instead of its presumed state, or SURE */
};

/* Of a trail that became rungs: the one that begins with octet AT. */
static inline struct tf_rung
tf_rung_at(const struct tf_pending *p, size_t at)
{
	struct tf_rung r;

	memcpy(&r, p->lines.data + at, sizeof r);
	return r;
}

#endif
