/*
 * Memory before it is wanted: see supply.h.
 */
#include "flow/supply.h"

#include "flow/arena.h"
#include "flow/flow.h"

/* Below it each page comes when it is touched: a small capture needs no more. */
#define FIRST ((size_t)32 << 10)

bool
tf_supply(struct tf_supply *s, void *items, size_t item_bytes, size_t count)
{
	size_t size = count * item_bytes;
	size_t used = (size_t)atomic_load_explicit(&s->fresh, memory_order_relaxed) * item_bytes;

	if (s->ready < FIRST)
		s->ready = FIRST;
	/* As much as there is among small pages, then a huge one; and no sooner than it is nearly wanted, since in each arena
	 * what is touched in vain costs as much as what is not. */
	size_t step = s->ready < TF_ARENA_SMALL ? s->ready : TF_ARENA_HUGE;
	if (s->useless || used < FIRST / 2 || used + step / 4 < s->ready || s->ready >= size)
		return false;
	size_t more = size - s->ready < step ? size - s->ready : step;
	s->useless = !tf_arena_touch((char *)items + s->ready, more);
	s->ready += more;
	return true;
}

/* ---- the index ------------------------------------------------------------------- */

/* Whether an index of PLACES, of which USED are taken, is large, and will soon be full. */
static bool
grows_soon(uint32_t places, uint32_t used)
{
	enum { LARGE = 1 << 17 };

	return places >= LARGE && used >= tf_index_limit(places) / 8 * 7;
}

bool
tf_index_supply(struct tf_index_supply *s, const struct tf_index *index)
{
	uint32_t places = atomic_load_explicit(&s->places, memory_order_relaxed);
	uint32_t used = atomic_load_explicit(&s->used, memory_order_relaxed);
	size_t begin = places / TF_BUCKET * sizeof *index->bucket, end = 2 * begin;

	if (s->useless || !grows_soon(places, used) || places > index->most_places / 2)
		return false;
	if (s->ready < begin)
		s->ready = begin;
	if (s->ready >= end)
		return false;
	size_t more = end - s->ready < TF_ARENA_HUGE ? end - s->ready : TF_ARENA_HUGE;
	s->useless = !tf_arena_touch((char *)index->bucket + s->ready, more);
	s->ready += more;
	return true;
}

/* ---- all of an analyzer's --------------------------------------------------------- */

void
tf_supplies_tell(struct tf_analyzer *a)
{
	tf_supply_tell(&a->connections_to_come, a->connections.fresh);
	tf_supply_tell(&a->embryos_to_come, a->embryos.fresh);
	tf_supply_tell(&a->closings_to_come, a->ctx.closings.fresh);
	tf_supply_tell(&a->places_to_come, a->connections.fresh);
	tf_index_supply_tell(&a->index_to_come, &a->index);
}

static bool
supply_pool(struct tf_supply *s, const struct tf_pool *pool)
{
	return tf_supply(s, pool->items, pool->item_bytes, pool->capacity);
}

/* One thing at a time, since whoever supplies may be awaited soon. */
static bool
supply_one(struct tf_analyzer *a)
{
	return supply_pool(&a->connections_to_come, &a->connections) ||
	       supply_pool(&a->embryos_to_come, &a->embryos) ||
	       supply_pool(&a->closings_to_come, &a->ctx.closings) ||
	       tf_supply(&a->places_to_come, a->wheel.place, sizeof *a->wheel.place,
	                 a->connections.capacity) ||
	       tf_index_supply(&a->index_to_come, &a->index);
}

bool
tf_analyzer_supply(struct tf_analyzer *a)
{
	if (atomic_flag_test_and_set(&a->supplying))
		return false;
	bool supplied = supply_one(a);
	atomic_flag_clear(&a->supplying);
	return supplied;
}
