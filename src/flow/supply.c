/*
 * Memory before it is wanted: see supply.h.
 */
#include "flow/supply.h"

#include "flow/arena.h"

void
tf_supply(struct tf_supply *s, const struct tf_pool *pool)
{
	size_t size = (size_t)pool->capacity * pool->item_bytes;
	size_t used = (size_t)atomic_load_explicit(&s->fresh, memory_order_relaxed) * pool->item_bytes;

	if (s->ready < TF_ARENA_SMALL)
		s->ready = TF_ARENA_SMALL;
	/* A small capture needs no more than its small pages. */
	if (s->useless || used < TF_ARENA_SMALL / 2 || used + TF_ARENA_HUGE < s->ready || s->ready >= size)
		return;
	size_t more = size - s->ready < TF_ARENA_HUGE ? size - s->ready : TF_ARENA_HUGE;
	s->useless = !tf_arena_touch(pool->items + s->ready, more);
	s->ready += more;
}
