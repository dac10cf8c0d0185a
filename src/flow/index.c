/*
 * The index of the flow table.  Removal shifts back what follows, so that
 * no mark of the dead is left and a table that is used for days stays fast.
 * It grows where it stands: memory that is touched first has to be cleared,
 * and a larger one elsewhere would be half as much again.
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
	assert((places & (places - 1)) == 0);
	index->most_places = places_for(entries, places);
	index->entry = tf_arena_new(index->most_places, sizeof *index->entry);
	index->mask = places - 1;
	index->used = 0;
	return index->entry != NULL;
}

void
tf_index_fini(struct tf_index *index)
{
	tf_arena_free(index->entry, index->most_places, sizeof *index->entry);
}

static inline void
put(struct tf_index *index, struct tf_index_entry new)
{
	uint32_t at = new.tag & index->mask;

	while (index->entry[at].value)
		at = (at + 1) & index->mask;
	index->entry[at] = new;
}

/* ---- growing ------------------------------------------------------------------- */

/* Does what lies at AT, among the first ones, belong to the last ones of PLACES, where there was no room? */
static bool
is_round(const struct tf_index *index, uint32_t at, uint32_t places)
{
	return (index->entry[at].tag & (places - 1)) > at;
}

/* How many those are; with OUT they go there. */
static uint32_t
take_round(struct tf_index *index, uint32_t places, struct tf_index_entry *out)
{
	uint32_t count = 0;

	for (uint32_t at = 0; index->entry[at].value; at++) {
		if (!is_round(index, at, places))
			continue;
		if (out)
			out[count] = index->entry[at];
		count++;
	}
	for (uint32_t at = 0, left = out ? count : 0; left > 0; at++) {
		if (!is_round(index, at, places))
			continue;
		index->entry[at].value = 0;
		left--;
	}
	return count;
}

/* The places double.  Each entry stays in its half, at its place or before it, or goes as far into the new one: so what
 * was looked at is in order, and nothing that was not is in the way. */
static void
spread(struct tf_index *index, uint32_t places)
{
	index->mask = 2 * places - 1;
	for (uint32_t at = 0; at < places; at++) {
		struct tf_index_entry e = index->entry[at];
		if (!e.value)
			continue;
		index->entry[at].value = 0;
		put(index, e);
	}
}

static bool
grow(struct tf_index *index)
{
	struct tf_index_entry few[64], *round = few;
	uint32_t places = index->mask + 1, count;

	if (places > index->most_places / 2)
		return false;
	count = take_round(index, places, NULL);
	if (count > sizeof few / sizeof *few && !(round = malloc(count * sizeof *round)))
		return false;
	/* All of it is visited, so that it comes at less cost at once. */
	(void)tf_arena_touch(index->entry + places, places * sizeof *index->entry);
	(void)take_round(index, places, round);
	spread(index, places);
	for (uint32_t i = 0; i < count; i++)
		put(index, round[i]);
	if (round != few)
		free(round);
	return true;
}

bool
tf_index_add(struct tf_index *index, uint32_t hash, uint32_t value)
{
	if (index->used >= tf_index_limit(index->mask + 1) && !grow(index))
		return false;
	put(index, (struct tf_index_entry){hash, value});
	index->used++;
	return true;
}

/* ---- going ------------------------------------------------------------------------ */

static uint32_t
place_of(const struct tf_index *index, uint32_t hash, uint32_t value)
{
	uint32_t at = hash & index->mask;

	while (index->entry[at].value != value) {
		assert(index->entry[at].value);
		at = (at + 1) & index->mask;
	}
	return at;
}

void
tf_index_replace(struct tf_index *index, uint32_t hash, uint32_t from, uint32_t to)
{
	index->entry[place_of(index, hash, from)].value = to;
}

void
tf_index_remove(struct tf_index *index, uint32_t hash, uint32_t value)
{
	uint32_t hole = place_of(index, hash, value);

	for (uint32_t at = (hole + 1) & index->mask; index->entry[at].value; at = (at + 1) & index->mask) {
		uint32_t home = index->entry[at].tag & index->mask;
		/* It may move back only if its home does not lie behind the hole. */
		if (((at - home) & index->mask) < ((at - hole) & index->mask))
			continue;
		index->entry[hole] = index->entry[at];
		hole = at;
	}
	index->entry[hole].value = 0;
	index->used--;
}
