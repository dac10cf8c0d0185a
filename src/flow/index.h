/*
 * The index of the flow table: from a 4-tuple to a number.  Open addressing
 * with buckets, each a line of cache: eight tags (32 bits of the keyed hash)
 * and eight values of 32 bits.  An entry lies in the bucket of its hash, or
 * where that is full in the next one that is not; at most three quarters of
 * the places are taken.
 *
 * A bucket's tags are compared all at once.  How many of them come before
 * the right one nobody can foresee, and a branch taken in vain costs as much
 * as sixty instructions.
 *
 * It knows nothing of what the values mean: whether a hit is the right one
 * its user decides, who holds the keys.
 */
#ifndef TCPFSM_FLOW_INDEX_H
#define TCPFSM_FLOW_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

#include "core/pool.h"

#define TF_BUCKET 8 /* entries of one */

struct tf_bucket {
	uint32_t tag[TF_BUCKET];   /* tf_index_tag() of the hash; 0: the place is empty */
	uint32_t value[TF_BUCKET]; /* never 0 where there is an entry */
};

_Static_assert(sizeof(struct tf_bucket) == 64, "a line of cache");

struct tf_index {
	struct tf_bucket *bucket; /* an arena of most_places: what lies behind the present ones is all zero */
	uint32_t mask;            /* buckets - 1 */
	uint32_t used;
	uint32_t most_places;
};

/* PLACES at first, a power of two from TF_BUCKET on, and enough for ENTRIES once it has grown.  False where there is no
 * memory. */
bool tf_index_init(struct tf_index *index, uint32_t places, uint32_t entries);
void tf_index_fini(struct tf_index *index);

static inline uint32_t
tf_index_places(const struct tf_index *index)
{
	return (index->mask + 1) * TF_BUCKET;
}

/* At so many entries an index of PLACES grows. */
static inline uint32_t
tf_index_limit(uint32_t places)
{
	return (places - 1) / 4 * 3;
}

/* Ask the processor for the bucket of HASH before it is needed. */
TF_PREFETCHES void
tf_index_prefetch(const struct tf_index *index, uint32_t hash)
{
	__builtin_prefetch(&index->bucket[hash & index->mask]);
}

/* ---- looking for what has a hash ---------------------------------------------- */

/* HASH as a tag; the bucket of an entry follows from it alone. */
static inline uint32_t
tf_index_tag(uint32_t hash)
{
	return hash + !hash;
}

/* A bit for each of ITEM that equals WANTED. */
static inline unsigned
tf_bucket_equal(const uint32_t item[TF_BUCKET], uint32_t wanted)
{
	typedef uint32_t lanes __attribute__((vector_size(16)));
	lanes first, second;

	memcpy(&first, item, sizeof first);
	memcpy(&second, item + TF_BUCKET / 2, sizeof second);
	first = (lanes)(first == wanted);
	second = (lanes)(second == wanted);
#if defined(__SSE2__)
	return (unsigned)(_mm_movemask_ps((__m128)first) | _mm_movemask_ps((__m128)second) << 4);
#else
	const lanes bits[2] = {{1, 2, 4, 8}, {16, 32, 64, 128}};
	uint64_t half[2];

	first = (first & bits[0]) | (second & bits[1]);
	memcpy(half, &first, sizeof half);
	half[0] |= half[1];
	return (unsigned)(half[0] | half[0] >> 32);
#endif
}

/* Nothing that belongs to a bucket lies in the next one unless it is full. */
static inline bool
tf_bucket_is_full(const struct tf_bucket *bucket)
{
	return !tf_bucket_equal(bucket->tag, 0);
}

/* Through all that has a hash. */
struct tf_index_walk {
	uint32_t tag;
	uint32_t at;   /* the present bucket */
	unsigned hits; /* a bit for each place in it that is yet to come */
};

/* The next value; 0: there are no more. */
static inline uint32_t
tf_index_next(const struct tf_index *index, struct tf_index_walk *w)
{
	while (__builtin_expect(!w->hits, false)) {
		if (__builtin_expect(!tf_bucket_is_full(&index->bucket[w->at]), true))
			return 0;
		w->at = (w->at + 1) & index->mask;
		w->hits = tf_bucket_equal(index->bucket[w->at].tag, w->tag);
	}
	int place = __builtin_ctz(w->hits);
	w->hits &= w->hits - 1;
	return index->bucket[w->at].value[place];
}

/* The first value that stands under HASH; 0: none does. */
static inline uint32_t
tf_index_first(const struct tf_index *index, uint32_t hash, struct tf_index_walk *w)
{
	w->tag = tf_index_tag(hash);
	w->at = w->tag & index->mask;
	w->hits = tf_bucket_equal(index->bucket[w->at].tag, w->tag);
	return tf_index_next(index, w);
}

/* ---- changing it -------------------------------------------------------------------- */

/* Add VALUE under HASH.  False where it cannot grow. */
bool tf_index_add(struct tf_index *index, uint32_t hash, uint32_t value);

/* Take out the entry with HASH and VALUE, which is there. */
void tf_index_remove(struct tf_index *index, uint32_t hash, uint32_t value);

/* Give the entry with HASH and value FROM the value TO. */
void tf_index_replace(struct tf_index *index, uint32_t hash, uint32_t from, uint32_t to);

#endif
