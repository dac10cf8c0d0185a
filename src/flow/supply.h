/*
 * Memory before it is wanted.  The kernel clears a page when it is touched
 * first, and that takes longer than all that is done with a connection; so
 * where two threads share the work, the one that waits for the other touches
 * what the pools come to next.  One thread alone does so between batches:
 * many pages at a time cost a third less than one by one.
 *
 * It is a matter of time alone: without it everything is the same.
 */
#ifndef TCPFSM_FLOW_SUPPLY_H
#define TCPFSM_FLOW_SUPPLY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "tcpfsm/analyzer.h"

#include "flow/index.h"

/* What pages cost on this machine.  Zeroed but for the clock, nothing is known. */
struct tf_page_cost {
	tf_clock_fn *clock_ns;
	int64_t small_ns;  /* what the last small ones took, for as much as a huge one holds; 0: none yet */
	bool huge_is_dear; /* one took longer than that */
};

/* How far an arena is, of whoever supplies. */
struct tf_supplied {
	size_t ready;  /* octets that were touched, or need not be */
	bool is_small; /* it has no more huge pages from there on */
	bool useless;  /* the kernel cannot do it */
};

/* Of one arena that fills from its beginning.  Zeroed, nothing is supplied. */
struct tf_supply {
	atomic_uint fresh; /* of the thread that feeds: how many items of it are in use, or were */
	char apart[64];    /* lines of cache of their own for what follows */
	struct tf_supplied supplied;
	char apart_too[64]; /* and for what comes behind it */
};

/* How far it has come: by the thread that feeds. */
static inline void
tf_supply_tell(struct tf_supply *s, uint32_t fresh)
{
	atomic_store_explicit(&s->fresh, fresh, memory_order_relaxed);
}

/* Touch what comes next of the arena ITEMS, COUNT of them, if it comes soon: whether it does.  By one thread at a time. */
bool tf_supply(struct tf_supply *s, struct tf_page_cost *cost, void *items, size_t item_bytes, size_t count);

/* Of the index: what it grows into.  Zeroed, nothing is supplied. */
struct tf_index_supply {
	atomic_uint used, places; /* of the thread that feeds: at present */
	char apart[64];
	struct tf_supplied supplied;
	char apart_too[64];
};

static inline void
tf_index_supply_tell(struct tf_index_supply *s, const struct tf_index *index)
{
	atomic_store_explicit(&s->used, index->used, memory_order_relaxed);
	atomic_store_explicit(&s->places, tf_index_places(index), memory_order_relaxed);
}

/* Touch some of what INDEX grows into, if it does soon: whether it does.  By one thread at a time. */
bool tf_index_supply(struct tf_index_supply *s, struct tf_page_cost *cost, const struct tf_index *index);

#endif
