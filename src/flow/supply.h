/*
 * Memory before it is wanted.  The kernel clears a page when it is touched
 * first, and that takes longer than all that is done with a connection; so
 * the thread that reads, which has less to do, touches what the pools come to
 * next.
 *
 * It is a matter of time alone: without it everything is the same.
 */
#ifndef TCPFSM_FLOW_SUPPLY_H
#define TCPFSM_FLOW_SUPPLY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/pool.h"

/* Of one pool.  Zeroed, nothing is supplied. */
struct tf_supply {
	atomic_uint fresh;  /* of the thread that feeds: how many items were ever handed out */
	char apart[64];     /* lines of cache of their own for what follows */
	size_t ready;       /* of the thread that reads: octets that were touched, or need not be */
	bool useless;       /* the kernel cannot do it */
	char apart_too[64]; /* and for what comes behind it */
};

/* How far POOL has come: by the thread that feeds. */
static inline void
tf_supply_tell(struct tf_supply *s, const struct tf_pool *pool)
{
	atomic_store_explicit(&s->fresh, pool->fresh, memory_order_relaxed);
}

/* Touch what comes next of POOL: by the thread that reads. */
void tf_supply(struct tf_supply *s, const struct tf_pool *pool);

#endif
