/*
 * The ring between the two threads: eight parcels, one mutex, and a
 * condition for each side to wait on.  A parcel holds 256 segments, so the
 * lock costs next to nothing a segment, and all of it fits a second-level
 * cache.
 */
#include "cli/pipeline.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

enum { PARCELS = 8 };

struct tf_pipeline {
	pthread_mutex_t lock;
	pthread_cond_t filled, emptied;
	unsigned first, full; /* the oldest full parcel, and how many are full */
	bool closed, abandoned;
	struct tf_parcel parcel[PARCELS];
};

struct tf_pipeline *
tf_pipeline_new(void)
{
	struct tf_pipeline *p = calloc(1, sizeof *p);

	if (!p)
		return NULL;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->filled, NULL);
	pthread_cond_init(&p->emptied, NULL);
	return p;
}

void
tf_pipeline_free(struct tf_pipeline *p)
{
	if (!p)
		return;
	pthread_cond_destroy(&p->emptied);
	pthread_cond_destroy(&p->filled);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

struct tf_parcel *
tf_pipeline_empty(struct tf_pipeline *p)
{
	struct tf_parcel *parcel;

	pthread_mutex_lock(&p->lock);
	while (p->full == PARCELS && !p->abandoned)
		pthread_cond_wait(&p->emptied, &p->lock);
	parcel = p->abandoned ? NULL : &p->parcel[(p->first + p->full) % PARCELS];
	pthread_mutex_unlock(&p->lock);
	return parcel;
}

void
tf_pipeline_ship(struct tf_pipeline *p)
{
	pthread_mutex_lock(&p->lock);
	p->full++;
	pthread_cond_signal(&p->filled);
	pthread_mutex_unlock(&p->lock);
}

void
tf_pipeline_close(struct tf_pipeline *p)
{
	pthread_mutex_lock(&p->lock);
	p->closed = true;
	pthread_cond_signal(&p->filled);
	pthread_mutex_unlock(&p->lock);
}

const struct tf_parcel *
tf_pipeline_next(struct tf_pipeline *p)
{
	const struct tf_parcel *parcel;

	pthread_mutex_lock(&p->lock);
	while (p->full == 0 && !p->closed)
		pthread_cond_wait(&p->filled, &p->lock);
	parcel = p->full ? &p->parcel[p->first] : NULL;
	pthread_mutex_unlock(&p->lock);
	return parcel;
}

void
tf_pipeline_give_back(struct tf_pipeline *p)
{
	pthread_mutex_lock(&p->lock);
	p->first = (p->first + 1) % PARCELS;
	p->full--;
	pthread_cond_signal(&p->emptied);
	pthread_mutex_unlock(&p->lock);
}

void
tf_pipeline_abandon(struct tf_pipeline *p)
{
	pthread_mutex_lock(&p->lock);
	p->abandoned = true;
	pthread_cond_signal(&p->emptied);
	pthread_mutex_unlock(&p->lock);
}
