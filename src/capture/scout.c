/*
 * The scout: see scout.h.  It takes a step at a time, so that what comes
 * next need not wait for it, and naps when it has nothing to do: to wake it
 * would cost the one that has work.
 */
#include "capture/scout.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

enum {
	STEP = 1 << 20, /* octets; some 60 microseconds */
	NAP_NS = 100000,
};

struct part {
	uint8_t *base;
	size_t size; /* octets at base; 0: nothing */
};

struct tf_scout {
	pthread_t thread;
	pthread_mutex_t lock;      /* for what follows */
	struct part ahead, behind; /* to be mapped; to be unmapped, when it is not in it any more */
	atomic_bool over;
};

void
tf_scout_map(uint8_t *base, size_t size)
{
#ifdef MADV_POPULATE_READ
	(void)madvise(base, size, MADV_POPULATE_READ);
#else
	(void)base;
	(void)size;
#endif
}

/* What it was sent for last, all of it or the next step. */
static struct part
take(struct tf_scout *s, struct part *from, size_t most)
{
	pthread_mutex_lock(&s->lock);
	struct part step = {from->base, from->size < most ? from->size : most};
	from->base += step.size;
	from->size -= step.size;
	pthread_mutex_unlock(&s->lock);
	return step;
}

static void *
go(void *scout)
{
	struct tf_scout *s = scout;

	while (!atomic_load(&s->over)) {
		struct part ahead = take(s, &s->ahead, STEP), behind = take(s, &s->behind, SIZE_MAX);
		if (ahead.size > 0)
			tf_scout_map(ahead.base, ahead.size);
		if (behind.size > 0)
			munmap(behind.base, behind.size);
		if (ahead.size == 0 && behind.size == 0)
			nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
	}
	return NULL;
}

struct tf_scout *
tf_scout_new(void)
{
	struct tf_scout *s = calloc(1, sizeof(*s));
	sigset_t all, before;

	if (!s)
		return NULL;
	pthread_mutex_init(&s->lock, NULL);
	sigfillset(&all); /* signals are for those that were there first */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = pthread_create(&s->thread, NULL, go, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!error)
		return s;
	pthread_mutex_destroy(&s->lock);
	free(s);
	return NULL;
}

void
tf_scout_free(struct tf_scout *s)
{
	if (!s)
		return;
	atomic_store(&s->over, true);
	pthread_join(s->thread, NULL);
	if (s->behind.size > 0)
		munmap(s->behind.base, s->behind.size);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

void
tf_scout_send(struct tf_scout *s, uint8_t *base, size_t size)
{
	pthread_mutex_lock(&s->lock);
	s->ahead = (struct part){base, size};
	pthread_mutex_unlock(&s->lock);
}

void
tf_scout_clear(struct tf_scout *s, uint8_t *base, size_t size)
{
	pthread_mutex_lock(&s->lock);
	struct part before = s->behind;
	s->ahead.size = 0;
	s->behind = (struct part){base, size};
	pthread_mutex_unlock(&s->lock);
	/* It has not come to it yet. */
	if (before.size > 0)
		munmap(before.base, before.size);
}
