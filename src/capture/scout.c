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
	LONG_NAP_NS = 1000000, /* after some short ones: the reader has other things to do */
	SHORT_NAPS = 200,
};

struct part {
	uint8_t *base;
	size_t size; /* octets at base; 0: nothing */
};

struct tf_scout {
	pthread_t thread;
	pthread_mutex_t lock;      /* for what follows */
	struct part ahead, behind; /* what it is to map; what it is to unmap after its present step */
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

/* The next MOST octets of what is to be done FROM its beginning, or all that is left. */
static struct part
take(struct tf_scout *s, struct part *from, size_t most)
{
	pthread_mutex_lock(&s->lock);
	struct part step = *from;
	if (step.size > most)
		step.size = most;
	if (step.size > 0)
		*from = (struct part){step.base + step.size, from->size - step.size};
	pthread_mutex_unlock(&s->lock);
	return step;
}

/* False where there was nothing to do. */
static bool
take_a_step(struct tf_scout *s)
{
	struct part ahead = take(s, &s->ahead, STEP), behind = take(s, &s->behind, SIZE_MAX);

	if (ahead.size > 0)
		tf_scout_map(ahead.base, ahead.size);
	if (behind.size > 0)
		munmap(behind.base, behind.size);
	return ahead.size > 0 || behind.size > 0;
}

static void *
go(void *scout)
{
	struct tf_scout *s = scout;
	unsigned naps = 0; /* in a row */

	while (!atomic_load(&s->over)) {
		if (take_a_step(s)) {
			naps = 0;
			continue;
		}
		struct timespec t = {.tv_nsec = naps < SHORT_NAPS ? NAP_NS : LONG_NAP_NS};
		nanosleep(&t, NULL);
		naps += naps < SHORT_NAPS;
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
	/* It has not come to that yet.  Should its present step lie there: to map what is no more, or what has come there
	 * since, does nothing else. */
	if (before.size > 0)
		munmap(before.base, before.size);
}
