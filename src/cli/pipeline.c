/*
 * The ring between the two threads.  One side only ships and the other only
 * takes, so two counters say whose a parcel is, each written by one side
 * alone, and that needs no lock.
 *
 * Parcels are prepared by the side that has to wait for the other: the
 * reader where the ring is full, else the analyzer when it takes one.  So
 * the one that sets the pace has less to do, whichever it is.  A flag says
 * that one of them is at it, for what is found out depends on the segments
 * before; only the analyzer ever waits for it, and for a parcel at most.
 *
 * A side that has nothing to do looks again for some microseconds, does
 * what may be of use meanwhile, and if there is nothing of that either it
 * naps: for so long that the other one cannot get through half a ring.
 * Nobody wakes it, since that would cost the one that has work to do, and
 * on a virtual machine as much as a parcel's work.
 */
#include "cli/pipeline.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	PARCELS = 16, /* a power of 2, for the counters wrap */
	LOOKS = 100,
	NAP_NS = 100000,
	LONG_NAP_NS = 1000000, /* when some short ones were not enough: the file comes slowly */
	SHORT_NAPS = 20,
	LINE = 64, /* of cache: what one side writes shares none with what the other does */
};

/* What one side tells the other. */
struct side {
	_Alignas(LINE) atomic_uint count; /* parcels that it is done with, since the beginning */
	atomic_bool over;                 /* it wants no more, or has no more */
};

/* What both do, one at a time. */
struct preparation {
	_Alignas(LINE) atomic_uint count; /* parcels that are prepared, since the beginning */
	atomic_flag under_way;
};

struct tf_pipeline {
	struct side reader, analyzer;
	struct preparation prepared;
	_Alignas(LINE) tf_prepare_fn *prepare;
	tf_meanwhile_fn *meanwhile;
	void *context;
	_Alignas(LINE) struct tf_parcel parcel[PARCELS];
};

struct tf_pipeline *
tf_pipeline_new(tf_prepare_fn *prepare, tf_meanwhile_fn *meanwhile, void *context)
{
	struct tf_pipeline *p = aligned_alloc(LINE, sizeof(*p));

	if (!p)
		return NULL;
	/* Parcels are emptied when they are handed out: to clear them would touch a megabyte that a small file has no use
	 * for. */
	memset(p, 0, offsetof(struct tf_pipeline, parcel));
	atomic_flag_clear(&p->prepared.under_way);
	p->prepare = prepare;
	p->meanwhile = meanwhile;
	p->context = context;
	return p;
}

void
tf_pipeline_free(struct tf_pipeline *p)
{
	free(p);
}

/* Parcels that are shipped and not yet given back. */
static unsigned
full(struct tf_pipeline *p)
{
	return atomic_load(&p->reader.count) - atomic_load(&p->analyzer.count);
}

/* There is an empty parcel, or the analyzer wants none: the reader goes on. */
static bool
has_room(struct tf_pipeline *p)
{
	return full(p) < PARCELS || atomic_load(&p->analyzer.over);
}

/* There is a full one, or the reader has no more: the analyzer goes on. */
static bool
has_work(struct tf_pipeline *p)
{
	return full(p) > 0 || atomic_load(&p->reader.over);
}

/* Prepare the next parcel that was shipped; false where all are, or where the other side is at it. */
static bool
prepare_next(struct tf_pipeline *p)
{
	if (atomic_flag_test_and_set(&p->prepared.under_way))
		return false;
	unsigned next = atomic_load(&p->prepared.count);
	bool any = atomic_load(&p->reader.count) != next;
	if (any) {
		p->prepare(p->context, &p->parcel[next % PARCELS]);
		atomic_store(&p->prepared.count, next + 1);
	}
	atomic_flag_clear(&p->prepared.under_way);
	return any;
}

/* To whoever shares the core, while this thread asks the same again and again. */
static inline void
give_way(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#endif
}

static void
wait_until(struct tf_pipeline *p, bool (*ready)(struct tf_pipeline *))
{
	for (unsigned look = 0; look < LOOKS; look++) {
		if (ready(p))
			return;
		give_way();
	}
	for (unsigned naps = 0; !ready(p);) {
		struct timespec t = {.tv_nsec = naps < SHORT_NAPS ? NAP_NS : LONG_NAP_NS};
		if (prepare_next(p) || p->meanwhile(p->context))
			continue;
		nanosleep(&t, NULL);
		naps++;
	}
}

struct tf_parcel *
tf_pipeline_empty(struct tf_pipeline *p)
{
	wait_until(p, has_room);
	if (atomic_load(&p->analyzer.over))
		return NULL;
	struct tf_parcel *parcel = &p->parcel[atomic_load(&p->reader.count) % PARCELS];
	parcel->count = 0;
	parcel->mark_count = 0;
	return parcel;
}

void
tf_pipeline_ship(struct tf_pipeline *p)
{
	atomic_fetch_add(&p->reader.count, 1);
}

void
tf_pipeline_close(struct tf_pipeline *p)
{
	atomic_store(&p->reader.over, true);
}

const struct tf_parcel *
tf_pipeline_next(struct tf_pipeline *p)
{
	unsigned next = atomic_load(&p->analyzer.count);

	wait_until(p, has_work);
	if (!full(p))
		return NULL;
	while (atomic_load(&p->prepared.count) == next)
		if (!prepare_next(p))
			give_way();
	return &p->parcel[next % PARCELS];
}

void
tf_pipeline_give_back(struct tf_pipeline *p)
{
	atomic_fetch_add(&p->analyzer.count, 1);
}

void
tf_pipeline_abandon(struct tf_pipeline *p)
{
	atomic_store(&p->analyzer.over, true);
}
