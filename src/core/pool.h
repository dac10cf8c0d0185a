/*
 * A pool of equal items over storage that the caller provides: indices
 * from 1, a free list inside the free items, nothing allocated.
 */
#ifndef TCPFSM_CORE_POOL_H
#define TCPFSM_CORE_POOL_H

#include <stdint.h>
#include <string.h>

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

/* Ask the processor for all of an item before it is needed. */
static inline void
tf_pool_prefetch(const struct tf_pool *pool, uint32_t index)
{
	const unsigned char *item = tf_pool_at(pool, index);

	for (uint32_t at = 0; at < pool->item_bytes; at += 64)
		__builtin_prefetch(item + at, 1);
	__builtin_prefetch(item + pool->item_bytes - 1, 1); /* items do not begin where lines do */
}

#define TF_POOL_AHEAD 4

/* A zeroed item's index; 0 where the pool is full.  The one that is likely to be asked for soon is fetched
 * meanwhile. */
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
	if (pool->free)
		tf_pool_prefetch(pool, pool->free);
	else if (pool->capacity - pool->fresh > TF_POOL_AHEAD)
		tf_pool_prefetch(pool, pool->fresh + TF_POOL_AHEAD);
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
