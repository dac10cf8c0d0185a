/*
 * Sequence numbers: 32 bits that wrap (RFC 9293 section 3.4).
 *
 * They are wrapped in a struct so that the compiler refuses `<` and `-`
 * on them: comparisons are only meaningful modulo 2^32, and only between
 * numbers less than 2^31 apart.
 */
#ifndef TCPFSM_SEQ_H
#define TCPFSM_SEQ_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
	uint32_t v;
} tf_seq;

static inline tf_seq
tf_seq_of(uint32_t v)
{
	return (tf_seq){v};
}

/* a + n, modulo 2^32. */
static inline tf_seq
tf_seq_add(tf_seq a, uint32_t n)
{
	return (tf_seq){a.v + n};
}

/* a - n, modulo 2^32. */
static inline tf_seq
tf_seq_sub(tf_seq a, uint32_t n)
{
	return (tf_seq){a.v - n};
}

/* The signed distance from b to a: positive where a is the later one. */
static inline int32_t
tf_seq_diff(tf_seq a, tf_seq b)
{
	return (int32_t)(a.v - b.v);
}

static inline bool
tf_seq_eq(tf_seq a, tf_seq b)
{
	return a.v == b.v;
}

static inline bool
tf_seq_lt(tf_seq a, tf_seq b)
{
	return tf_seq_diff(a, b) < 0;
}

static inline bool
tf_seq_le(tf_seq a, tf_seq b)
{
	return tf_seq_diff(a, b) <= 0;
}

static inline bool
tf_seq_gt(tf_seq a, tf_seq b)
{
	return tf_seq_diff(a, b) > 0;
}

static inline bool
tf_seq_ge(tf_seq a, tf_seq b)
{
	return tf_seq_diff(a, b) >= 0;
}

static inline tf_seq
tf_seq_max(tf_seq a, tf_seq b)
{
	return tf_seq_gt(a, b) ? a : b;
}

static inline tf_seq
tf_seq_min(tf_seq a, tf_seq b)
{
	return tf_seq_lt(a, b) ? a : b;
}

/* lo <= a <= hi, for a range that is shorter than 2^31. */
static inline bool
tf_seq_between(tf_seq a, tf_seq lo, tf_seq hi)
{
	return a.v - lo.v <= hi.v - lo.v;
}

#endif
