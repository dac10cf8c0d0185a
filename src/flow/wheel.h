/*
 * When each connection wants to be looked at: a timing wheel.  Filing,
 * moving and removing cost the same however many there are.
 *
 * A deadline that moves to a later time is not filed anew: the wheel looks
 * too early, asks, and files it where it belongs then.  What is due comes
 * out in the order (deadline, connection number).
 */
#ifndef TCPFSM_FLOW_WHEEL_H
#define TCPFSM_FLOW_WHEEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/pool.h"
#include "tcpfsm/connection.h"

#define TF_WHEEL_SLOTS  4096 /* of a level */
#define TF_WHEEL_LEVELS 3

struct tf_due {
	int64_t deadline_ns;
	uint64_t conn;
	uint32_t index;
	uint32_t again; /* how often in a row it came up for no later time than it was met for */
};

/* What the wheel keeps of a connection: apart from it, so that four share a line of cache. */
struct tf_wheel_place {
	/* INT64_MAX less the time when the wheel looks at it, so that zeroes mean never; 0: it is not in the wheel. */
	uint64_t until;
	uint32_t next, prev; /* its neighbours; next 0: none; prev of the first: the slot, marked as such */
};

struct tf_wheel {
	const struct tf_pool *connections;
	struct tf_wheel_place *place; /* by index of the connection; there are fewer than 2^31 */
	int64_t tick;                 /* all before this one is empty */
	int64_t soonest_ns;           /* nothing is due before it */
	int64_t coarse_ns;            /* no coarse slot that has something in it begins before */
	uint32_t slot[TF_WHEEL_LEVELS * TF_WHEEL_SLOTS];      /* head of each slot's list; 0: empty */
	uint64_t full[TF_WHEEL_LEVELS * TF_WHEEL_SLOTS / 64]; /* one bit a slot: is anything in it? */
	struct tf_due *due;                                   /* a binary heap of what is due */
	size_t due_count, due_room;
};

/* CONNECTIONS: the arena of struct tf_connection that the indices are of.  False where there is no memory. */
bool tf_wheel_init(struct tf_wheel *w, const struct tf_pool *connections);
void tf_wheel_fini(struct tf_wheel *w);

/* The clock begins at NOW: called once, before anything is filed. */
void tf_wheel_start(struct tf_wheel *w, int64_t now_ns);

/* When the wheel looks at the connection that has P; INT64_MAX: it is not in the wheel. */
static inline int64_t
tf_wheel_deadline_of(const struct tf_wheel_place *p)
{
	return (int64_t)((uint64_t)INT64_MAX - p->until);
}

static inline int64_t
tf_wheel_deadline(const struct tf_wheel *w, uint32_t index)
{
	return tf_wheel_deadline_of(&w->place[index]);
}

/* Ask the processor for its place before it is needed. */
TF_PREFETCHES void
tf_wheel_prefetch(const struct tf_wheel *w, uint32_t index)
{
	tf_prefetch_to_write(&w->place[index]);
}

/* Look at connection INDEX at DEADLINE, unless it is filed for an earlier time already. */
void tf_wheel_file(struct tf_wheel *w, uint32_t index, int64_t deadline_ns);

/* Look at connection INDEX at DEADLINE, which is not INT64_MAX, and not before, even if it is filed for an earlier
 * time. */
void tf_wheel_move(struct tf_wheel *w, uint32_t index, int64_t deadline_ns);

/* Connection INDEX goes: it is filed no more. */
void tf_wheel_remove(struct tf_wheel *w, uint32_t index);

/* Is anything due before NOW?  Cheap: call it for each packet. */
static inline bool
tf_wheel_maybe_due(const struct tf_wheel *w, int64_t now_ns)
{
	return now_ns > w->soonest_ns;
}

/* Collect what may be due before NOW: whole slots, so that each entry is
 * looked at once.  False where there is no memory. */
bool tf_wheel_collect(struct tf_wheel *w, int64_t now_ns);

/* The earliest of what was collected, if it is due before NOW.  It is filed
 * no more; the connection may have gone meanwhile: compare its number. */
bool tf_wheel_pop(struct tf_wheel *w, int64_t now_ns, struct tf_due *out);

/* DUE has come though it was not filed here: it is among what is popped next. */
void tf_wheel_due(struct tf_wheel *w, struct tf_due due);

/* Put one back among the collected: its deadline has come too. */
bool tf_wheel_push(struct tf_wheel *w, struct tf_due due);

#endif
