/*
 * A pool of equal items over storage that the caller provides: indices
 * from 1, a free list inside the free items, nothing allocated.
 */
#ifndef TCPFSM_CORE_POOL_H
#define TCPFSM_CORE_POOL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "tcpfsm/prefetch.h"

struct tf_pool {
	unsigned char *items; /* capacity items, zeroed by whoever provides them */
	uint32_t item_bytes;  /* at least 4 */
	uint32_t capacity;    /* items, at most 2^32 - 2 */
	uint32_t fresh;       /* items that were ever handed out */
	uint32_t free;        /* head of the free list; 0: empty */
	uint32_t used;        /* items in use */
};

static inline void *
tf_pool_at(const struct tf_pool *pool, uint32_t index)
{
	return pool->items + (uint64_t)(index - 1) * pool->item_bytes;
}

/* The same in a pool that holds items of TYPE: the compiler knows their size. */
#define TF_POOL_ITEM(pool, type, index) ((type *)(void *)(pool)->items + ((uint64_t)(index)-1))

#define TF_POOL_AHEAD 4

/* The item that is likely to be handed out soon. */
TF_PREFETCHES void
tf_pool_prefetch_next(const struct tf_pool *pool)
{
	if (!pool->free && pool->capacity - pool->fresh <= TF_POOL_AHEAD)
		return;
	const unsigned char *item = tf_pool_at(pool, pool->free ? pool->free : pool->fresh + TF_POOL_AHEAD);
	for (uint32_t at = 0; at < pool->item_bytes; at += 64)
		tf_prefetch_to_write(item + at);
}

/* A zeroed item's index; 0 where the pool is full. */
static inline uint32_t
tf_pool_get(struct tf_pool *pool)
{
	uint32_t index = pool->free;

	if (index) {
		memcpy(&pool->free, tf_pool_at(pool, index), sizeof pool->free);
		memset(tf_pool_at(pool, index), 0, pool->item_bytes);
	} else if (pool->fresh < pool->capacity) {
		index = ++pool->fresh;
	} else {
		return 0;
	}
	pool->used++;
	tf_pool_prefetch_next(pool);
	return index;
}

static inline void
tf_pool_put(struct tf_pool *pool, uint32_t index)
{
	memcpy(tf_pool_at(pool, index), &pool->free, sizeof pool->free);
	pool->free = index;
	pool->used--;
}

#endif
