/*
 * The index of the flow table: from a 4-tuple to a number.  Open
 * addressing with linear probing over entries of 8 octets (32 bits of the
 * keyed hash, 32 bits of value), at most three quarters full.
 *
 * It knows nothing of what the values mean: whether a hit is the right one
 * its user decides, who holds the keys.
 */
#ifndef TCPFSM_FLOW_INDEX_H
#define TCPFSM_FLOW_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/pool.h"

struct tf_index_entry {
	uint32_t tag;   /* the hash; with value 0 the place is empty */
	uint32_t value; /* never 0 */
};

struct tf_index {
	struct tf_index_entry *entry; /* an arena of most_places: what lies behind the present ones is all zero */
	uint32_t mask;                /* places - 1 */
	uint32_t used;
	uint32_t most_places;
};

/* PLACES at first, a power of two, and enough for ENTRIES once it has grown.  False where there is no memory. */
bool tf_index_init(struct tf_index *index, uint32_t places, uint32_t entries);
void tf_index_fini(struct tf_index *index);

/* Ask the processor for the place of HASH before it is needed. */
TF_PREFETCHES void
tf_index_prefetch(const struct tf_index *index, uint32_t hash)
{
	__builtin_prefetch(&index->entry[hash & index->mask]);
}

/* The first place with HASH at or after *AT (begin with tf_index_start), or
 * false at an empty one.  Continue with *AT + 1. */
static inline uint32_t
tf_index_start(const struct tf_index *index, uint32_t hash)
{
	return hash & index->mask;
}

static inline bool
tf_index_find(const struct tf_index *index, uint32_t hash, uint32_t *at)
{
	for (;; *at = (*at + 1) & index->mask) {
		const struct tf_index_entry *e = &index->entry[*at];
		if (!e->value)
			return false;
		if (e->tag == hash)
			return true;
	}
}

/* At so many entries an index of PLACES grows. */
static inline uint32_t
tf_index_limit(uint32_t places)
{
	return (places - 1) / 4 * 3;
}

/* Add VALUE under HASH.  False where it cannot grow. */
bool tf_index_add(struct tf_index *index, uint32_t hash, uint32_t value);

/* Take out the entry with HASH and VALUE, which is there. */
void tf_index_remove(struct tf_index *index, uint32_t hash, uint32_t value);

/* Give the entry with HASH and value FROM the value TO. */
void tf_index_replace(struct tf_index *index, uint32_t hash, uint32_t from, uint32_t to);

#endif
