/*
 * Memory before it is wanted: see supply.h.
 */
#include "flow/supply.h"

#include "flow/arena.h"
#include "flow/flow.h"

/* Below it each page comes when it is touched: a small capture needs no more. */
#define FIRST ((size_t)32 << 10)

/* ---- what pages cost -------------------------------------------------------------- */

/* SIZE octets took NS.  A huge page costs a third of as many small ones, unless this machine is a guest whose host took
 * back what it did not use: then the host has to find memory for it first, and that takes ten times as long.  Small pages
 * go from hand to hand and are still there. */
static void
note_cost(struct tf_page_cost *cost, size_t size, int64_t ns)
{
	ns *= (int64_t)(TF_ARENA_HUGE / size);
	if (size < TF_ARENA_HUGE)
		cost->small_ns = ns;
	else if (cost->small_ns && ns > cost->small_ns)
		cost->huge_is_dear = true;
}

/* Touch STEP more octets of ITEMS, which are SIZE octets in all; how long that took. */
static int64_t
touch_next(struct tf_supplied *s, void *items, size_t size, size_t step, tf_clock_fn *clock_ns)
{
	size_t more = size - s->ready < step ? size - s->ready : step;
	int64_t begin = clock_ns();

	s->useless = !tf_arena_touch((unsigned char *)items + s->ready, more);
	s->ready += more;
	return clock_ns() - begin;
}

/* The rest of ITEMS in small pages, where huge ones are dear. */
static void
choose_pages(struct tf_supplied *s, const struct tf_page_cost *cost, void *items, size_t size)
{
	if (!cost->huge_is_dear || s->is_small)
		return;
	tf_arena_be_small((unsigned char *)items + s->ready, size - s->ready);
	s->is_small = true;
}

/* ---- an arena that fills from its beginning ------------------------------------------ */

bool
tf_supply(struct tf_supply *supply, struct tf_page_cost *cost, void *items, size_t item_bytes, size_t count)
{
	struct tf_supplied *s = &supply->supplied;
	size_t size = count * item_bytes;
	size_t used = (size_t)atomic_load_explicit(&supply->fresh, memory_order_relaxed) * item_bytes;

	if (s->ready < FIRST)
		s->ready = FIRST;
	if (s->useless || s->ready >= size)
		return false;
	choose_pages(s, cost, items, size);
	/* As much as there is among small pages, then a huge one; and no sooner than it is nearly wanted, since in each arena
	 * what is touched in vain costs as much as what is not. */
	size_t step = s->ready < TF_ARENA_SMALL ? s->ready : s->is_small ? TF_ARENA_SMALL : TF_ARENA_HUGE;
	if (used < FIRST / 2 || used + step / 4 < s->ready)
		return false;
	bool untouched = used <= s->ready && size - s->ready >= step;
	int64_t ns = touch_next(s, items, size, step, cost->clock_ns);
	if (untouched && !s->useless)
		note_cost(cost, step, ns);
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
tf_index_supply(struct tf_index_supply *supply, struct tf_page_cost *cost, const struct tf_index *index)
{
	struct tf_supplied *s = &supply->supplied;
	uint32_t places = atomic_load_explicit(&supply->places, memory_order_relaxed);
	uint32_t used = atomic_load_explicit(&supply->used, memory_order_relaxed);
	size_t begin = places / TF_BUCKET * sizeof *index->bucket, end = 2 * begin;

	if (s->useless || !grows_soon(places, used) || places > index->most_places / 2)
		return false;
	if (s->ready < begin)
		s->ready = begin;
	if (s->ready >= end)
		return false;
	choose_pages(s, cost, index->bucket, index->most_places / TF_BUCKET * sizeof *index->bucket);
	(void)touch_next(s, index->bucket, end, s->is_small ? TF_ARENA_SMALL : TF_ARENA_HUGE, cost->clock_ns);
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
supply_pool(struct tf_supply *s, struct tf_page_cost *cost, const struct tf_pool *pool)
{
	return tf_supply(s, cost, pool->items, pool->item_bytes, pool->capacity);
}

/* One thing at a time, since whoever supplies may be awaited soon. */
static bool
supply_one(struct tf_analyzer *a)
{
	struct tf_page_cost *cost = &a->page_cost;

	return supply_pool(&a->connections_to_come, cost, &a->connections) ||
	       supply_pool(&a->embryos_to_come, cost, &a->embryos) ||
	       supply_pool(&a->closings_to_come, cost, &a->ctx.closings) ||
	       tf_supply(&a->places_to_come, cost, a->wheel.place, sizeof *a->wheel.place,
	                 a->connections.capacity) ||
	       tf_index_supply(&a->index_to_come, cost, &a->index);
}

bool
tf_analyzer_supply(struct tf_analyzer *a, tf_clock_fn *clock_ns)
{
	if (atomic_flag_test_and_set(&a->supplying))
		return false;
	a->page_cost.clock_ns = clock_ns;
	bool supplied = supply_one(a);
	atomic_flag_clear(&a->supplying);
	return supplied;
}
