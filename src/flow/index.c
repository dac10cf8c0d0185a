/*
 * The index of the flow table.  Removal shifts back what follows, so that
 * no mark of the dead is left and a table that is used for days stays fast.
 */
#include "flow/index.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "flow/arena.h"

bool
tf_index_init(struct tf_index *index, uint32_t places)
{
	assert((places & (places - 1)) == 0);
	index->entry = tf_arena_new(places, sizeof *index->entry, TF_ARENA_SCATTERED);
	index->mask = places - 1;
	index->used = 0;
	atomic_init(&index->spare, NULL);
	return index->entry != NULL;
}

static void
free_entries(struct tf_index_entry *entry, uint32_t places)
{
	if (entry)
		tf_arena_free(entry, places, sizeof *entry);
}

void
tf_index_fini(struct tf_index *index)
{
	free_entries(index->entry, index->mask + 1);
	tf_index_spare_free(atomic_exchange(&index->spare, NULL));
}

void
tf_index_spare_free(struct tf_index_spare *s)
{
	if (s)
		free_entries(s->entry, s->places);
	free(s);
}

/* PLACES that lie ready, or are made now; NULL where there is no memory. */
static struct tf_index_entry *
take_places(struct tf_index *index, uint32_t places)
{
	struct tf_index_spare *spare = atomic_exchange(&index->spare, NULL);
	struct tf_index_entry *entry = NULL;

	if (spare && spare->places == places) {
		entry = spare->entry;
		spare->entry = NULL;
	}
	tf_index_spare_free(spare);
	return entry ? entry : tf_arena_new(places, sizeof *entry, TF_ARENA_SCATTERED);
}

static inline void
put(struct tf_index_entry *entry, uint32_t mask, struct tf_index_entry new)
{
	uint32_t at = new.tag &mask;

	while (entry[at].value)
		at = (at + 1) & mask;
	entry[at] = new;
}

static bool
grow(struct tf_index *index)
{
	uint32_t places = index->mask + 1, mask = places * 2 - 1;
	struct tf_index_entry *larger = take_places(index, places * 2);

	if (!larger)
		return false;
	const struct tf_index_entry *end = index->entry + places;
	for (const struct tf_index_entry *e = index->entry; e < end; e++)
		if (e->value)
			put(larger, mask, *e);
	free_entries(index->entry, places);
	index->entry = larger;
	index->mask = mask;
	return true;
}

bool
tf_index_add(struct tf_index *index, uint32_t hash, uint32_t value)
{
	if (index->used >= tf_index_limit(index->mask + 1) && !grow(index))
		return false;
	put(index->entry, index->mask, (struct tf_index_entry){hash, value});
	index->used++;
	return true;
}

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
