/*
 * The index of the flow table.  Removal brings back what lies further on for
 * want of room, so that no mark of the dead is left and a table that is used
 * for days stays fast.  It grows where it stands: memory that is touched
 * first has to be cleared, and a larger one elsewhere would be half as much
 * again.
 */
#include "flow/index.h"

#include <assert.h>
#include <stdlib.h>

#include "flow/arena.h"

/* The smallest power of two at which ENTRIES do not make it grow any more. */
static uint32_t
places_for(uint32_t entries, uint32_t least)
{
	uint32_t places = least;

	while (tf_index_limit(places) < entries && places <= UINT32_MAX / 4)
		places *= 2;
	return places;
}

bool
tf_index_init(struct tf_index *index, uint32_t places, uint32_t entries)
{
	assert(places >= TF_BUCKET && (places & (places - 1)) == 0);
	index->most_places = places_for(entries, places);
	index->bucket = tf_arena_new(index->most_places / TF_BUCKET, sizeof *index->bucket);
	index->mask = places / TF_BUCKET - 1;
	index->used = 0;
	return index->bucket != NULL;
}

void
tf_index_fini(struct tf_index *index)
{
	tf_arena_free(index->bucket, index->most_places / TF_BUCKET, sizeof *index->bucket);
}

static inline void
put(struct tf_index *index, uint32_t tag, uint32_t value)
{
	uint32_t at = tag & index->mask;
	unsigned empty;

	while (__builtin_expect(!(empty = tf_bucket_equal(index->bucket[at].tag, 0)), false))
		at = (at + 1) & index->mask;
	int place = __builtin_ctz(empty);
	index->bucket[at].tag[place] = tag;
	index->bucket[at].value[place] = value;
}

static inline void
clear(struct tf_bucket *bucket, unsigned place)
{
	bucket->tag[place] = bucket->value[place] = 0;
}

/* ---- growing ------------------------------------------------------------------- */

struct entry {
	uint32_t tag, value;
};

/* Take what lies in the first of BUCKETS and belongs to the last ones, where there was no room.  How much that is; without
 * OUT it stays. */
static size_t
take_round(struct tf_index *index, uint32_t buckets, struct entry *out)
{
	size_t count = 0;
	bool was_full = true;

	for (struct tf_bucket *b = index->bucket; was_full; b++) {
		was_full = tf_bucket_is_full(b);
		for (unsigned i = 0; i < TF_BUCKET; i++) {
			if ((b->tag[i] & (buckets - 1)) <= (size_t)(b - index->bucket))
				continue;
			if (out) {
				out[count] = (struct entry){b->tag[i], b->value[i]};
				clear(b, i);
			}
			count++;
		}
	}
	return count;
}

/* Those places of FROM that have a bit in WHICH, to TO, which is empty. */
static inline void
move(struct tf_bucket *to, const struct tf_bucket *from, unsigned which)
{
	for (unsigned n = 0; which; n++, which &= which - 1) {
		to->tag[n] = from->tag[__builtin_ctz(which)];
		to->value[n] = from->value[__builtin_ctz(which)];
	}
}

/* B, which lay at AT, falls in two; false where not all of it belongs there. */
static inline bool
halve(struct tf_index *index, const struct tf_bucket *b, uint32_t at, uint32_t buckets)
{
	unsigned empty = tf_bucket_equal(b->tag, 0), lower, upper;
	uint32_t home[TF_BUCKET];

	for (unsigned i = 0; i < TF_BUCKET; i++)
		home[i] = b->tag[i] & (2 * buckets - 1);
	lower = tf_bucket_equal(home, at) & ~empty;
	upper = tf_bucket_equal(home, at + buckets);
	if ((lower | upper | empty) != (1u << TF_BUCKET) - 1)
		return false;
	move(&index->bucket[at], b, lower);
	move(&index->bucket[at + buckets], b, upper);
	return true;
}

/* The BUCKETS double.  Each entry stays in its half, where it is or before that, or goes as far into the new one: so what
 * was looked at is in order, and nothing that was not is in the way. */
static void
spread(struct tf_index *index, uint32_t buckets)
{
	index->mask = 2 * buckets - 1;
	for (uint32_t at = 0; at < buckets; at++) {
		const struct tf_bucket b = index->bucket[at];
		index->bucket[at] = (struct tf_bucket){0};
		if (halve(index, &b, at, buckets))
			continue;
		for (unsigned i = 0; i < TF_BUCKET; i++)
			if (b.tag[i])
				put(index, b.tag[i], b.value[i]);
	}
}

static bool
grow(struct tf_index *index)
{
	struct entry few[64], *round = few;
	uint32_t buckets = index->mask + 1;

	if (tf_index_places(index) > index->most_places / 2)
		return false;
	size_t count = take_round(index, buckets, NULL);
	if (count > sizeof few / sizeof *few && !(round = malloc(count * sizeof *round)))
		return false;
	/* All of it is visited, so that it comes at less cost at once. */
	(void)tf_arena_touch(index->bucket + buckets, buckets * sizeof *index->bucket);
	(void)take_round(index, buckets, round);
	spread(index, buckets);
	for (size_t i = 0; i < count; i++)
		put(index, round[i].tag, round[i].value);
	if (round != few)
		free(round);
	return true;
}

/* Where it is full. */
static __attribute__((noinline)) bool
grow_and_add(struct tf_index *index, uint32_t hash, uint32_t value)
{
	return grow(index) && tf_index_add(index, hash, value);
}

bool
tf_index_add(struct tf_index *index, uint32_t hash, uint32_t value)
{
	if (index->used >= tf_index_limit(tf_index_places(index)))
		return grow_and_add(index, hash, value);
	put(index, tf_index_tag(hash), value);
	index->used++;
	return true;
}

/* ---- going ------------------------------------------------------------------------ */

struct place {
	uint32_t bucket;
	unsigned in_it;
};

static struct place
place_of(const struct tf_index *index, uint32_t hash, uint32_t value)
{
	uint32_t at = tf_index_tag(hash) & index->mask;
	unsigned hits;

	while (__builtin_expect(!(hits = tf_bucket_equal(index->bucket[at].value, value)), false)) {
		assert(tf_bucket_is_full(&index->bucket[at]));
		at = (at + 1) & index->mask;
	}
	return (struct place){at, (unsigned)__builtin_ctz(hits)};
}

void
tf_index_replace(struct tf_index *index, uint32_t hash, uint32_t from, uint32_t to)
{
	struct place p = place_of(index, hash, from);

	index->bucket[p.bucket].value[p.in_it] = to;
}

/* Move an entry from the bucket AT to HOLE, which it may have gone past for want of room.  False: none did. */
static bool
move_back(struct tf_index *index, uint32_t at, struct place *hole)
{
	struct tf_bucket *from = &index->bucket[at], *to = &index->bucket[hole->bucket];

	for (unsigned i = 0; i < TF_BUCKET; i++) {
		uint32_t home = from->tag[i] & index->mask;
		if (!from->tag[i] || ((at - home) & index->mask) < ((at - hole->bucket) & index->mask))
			continue;
		to->tag[hole->in_it] = from->tag[i];
		to->value[hole->in_it] = from->value[i];
		*hole = (struct place){at, i};
		return true;
	}
	return false;
}

void
tf_index_remove(struct tf_index *index, uint32_t hash, uint32_t value)
{
	struct place hole = place_of(index, hash, value);
	uint32_t at = hole.bucket;

	while (tf_bucket_is_full(&index->bucket[at])) {
		at = (at + 1) & index->mask;
		(void)move_back(index, at, &hole);
	}
	clear(&index->bucket[hole.bucket], hole.in_it);
	index->used--;
}
