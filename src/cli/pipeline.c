/*
 * The ring between the two threads.  One side only ships and the other only
 * takes, so two counters say whose a parcel is, each written by one side
 * alone, and no lock is taken while both are at work.
 *
 * A side that has nothing to do looks again for some microseconds, then it
 * sleeps; it is woken for half a ring of work, not for each parcel: waking
 * costs more than using one.
 */
#include "cli/pipeline.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
	PARCELS = 16, /* a power of 2, for the counters wrap */
	LOOKS = 100,
	LINE = 64, /* of cache: what one side writes shares none with what the other does */
};

/* What one side tells the other. */
struct side {
	_Alignas(LINE) atomic_uint count; /* parcels that it is done with, since the beginning */
	atomic_bool over;                 /* it wants no more, or has no more */
	atomic_bool sleeps;
	pthread_cond_t wake;
};

struct tf_pipeline {
	struct side reader, analyzer;
	pthread_mutex_t lock; /* for sleeping */
	struct tf_parcel parcel[PARCELS];
};

struct tf_pipeline *
tf_pipeline_new(void)
{
	struct tf_pipeline *p = aligned_alloc(LINE, sizeof(*p));

	if (!p)
		return NULL;
	memset(p, 0, sizeof(*p));
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->reader.wake, NULL);
	pthread_cond_init(&p->analyzer.wake, NULL);
	return p;
}

void
tf_pipeline_free(struct tf_pipeline *p)
{
	if (!p)
		return;
	pthread_cond_destroy(&p->analyzer.wake);
	pthread_cond_destroy(&p->reader.wake);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

/* Parcels that are shipped and not yet given back. */
static unsigned
full(struct tf_pipeline *p)
{
	return atomic_load(&p->reader.count) - atomic_load(&p->analyzer.count);
}

/* At most that many full parcels, or the analyzer wants none: the reader goes on. */
static bool
has_room(struct tf_pipeline *p, unsigned most)
{
	return full(p) <= most || atomic_load(&p->analyzer.over);
}

/* At least that many full parcels, or the reader has no more: the analyzer goes on. */
static bool
has_work(struct tf_pipeline *p, unsigned least)
{
	return full(p) >= least || atomic_load(&p->reader.over);
}

typedef bool ready_function(struct tf_pipeline *p, unsigned parcels);

/* Wait until READY(p, AT_ONCE); who sleeps meanwhile, until READY(p, PARCELS / 2). */
static void
wait_until(struct tf_pipeline *p, struct side *me, ready_function *ready, unsigned at_once)
{
	for (unsigned look = 0; look < LOOKS; look++) {
		if (ready(p, at_once))
			return;
#if defined(__x86_64__) || defined(__i386__)
		__builtin_ia32_pause();
#endif
	}
	pthread_mutex_lock(&p->lock);
	atomic_store(&me->sleeps, true);
	while (!ready(p, PARCELS / 2))
		pthread_cond_wait(&me->wake, &p->lock);
	atomic_store(&me->sleeps, false);
	pthread_mutex_unlock(&p->lock);
}

/* Wake the other side if it sleeps and there is enough for it now. */
static void
wake(struct tf_pipeline *p, struct side *other, ready_function *ready)
{
	if (!atomic_load(&other->sleeps) || !ready(p, PARCELS / 2))
		return;
	pthread_mutex_lock(&p->lock);
	pthread_cond_signal(&other->wake);
	pthread_mutex_unlock(&p->lock);
}

struct tf_parcel *
tf_pipeline_empty(struct tf_pipeline *p)
{
	wait_until(p, &p->reader, has_room, PARCELS - 1);
	return atomic_load(&p->analyzer.over) ? NULL : &p->parcel[atomic_load(&p->reader.count) % PARCELS];
}

void
tf_pipeline_ship(struct tf_pipeline *p)
{
	atomic_fetch_add(&p->reader.count, 1);
	wake(p, &p->analyzer, has_work);
}

void
tf_pipeline_close(struct tf_pipeline *p)
{
	atomic_store(&p->reader.over, true);
	wake(p, &p->analyzer, has_work);
}

const struct tf_parcel *
tf_pipeline_next(struct tf_pipeline *p)
{
	wait_until(p, &p->analyzer, has_work, 1);
	return full(p) ? &p->parcel[atomic_load(&p->analyzer.count) % PARCELS] : NULL;
}

void
tf_pipeline_give_back(struct tf_pipeline *p)
{
	atomic_fetch_add(&p->analyzer.count, 1);
	wake(p, &p->reader, has_room);
}

void
tf_pipeline_abandon(struct tf_pipeline *p)
{
	atomic_store(&p->analyzer.over, true);
	wake(p, &p->reader, has_room);
}
