/*
 * The host table: sets of four places, rings for those that come again.
 */
#include "detect/hosts.h"

#include <string.h>

#include "core/pool.h"
#include "detect/memory.h"

#define LOOKS 8

struct tf_host *
tf_host_get(struct tf_hosts *t, const struct tf_addr *addr, bool *displaced)
{
	uint64_t hash = tf_memory_hash(t->key, addr, 0), first = hash % TF_HOST_SETS * TF_HOST_WAYS;
	struct tf_host *h = &t->place[first], *room = NULL;
	uint32_t *tag = &t->tag[first];

	*displaced = false;
	for (int i = 0; i < TF_HOST_WAYS; i++)
		if (tag[i] == (uint32_t)(hash >> 32) && h[i].samples &&
		    memcmp(&h[i].addr, addr, sizeof *addr) == 0)
			return &h[i];
	for (int i = 0; i < TF_HOST_WAYS; i++) {
		if (!h[i].samples && !(room && !room->samples))
			room = &h[i];
		else if (h[i].samples == 1 &&
		         (!room || (room->samples && h[i].first.ts_ns < room->first.ts_ns)))
			room = &h[i];
	}
	*displaced = !room || room->samples;
	if (!room)
		return NULL;
	*room = (struct tf_host){.addr = *addr};
	tag[room - h] = (uint32_t)(hash >> 32);
	t->any = true;
	return room;
}

/* The samples of H that a new one is compared with, and the place of the new one. */
static void
ask_for_samples(const struct tf_hosts *t, const struct tf_host *h)
{
	if (!h->samples || !h->ring)
		return;
	const struct tf_isn_ring *ring = &t->ring[h->ring - 1];
	tf_prefetch(ring->isn, tf_host_kept(h) * sizeof ring->isn[0] + 1);
	__builtin_prefetch(&ring->sample[h->samples % TF_ISN_SAMPLES], 1);
}

void
tf_host_ask(const struct tf_hosts *t, const struct tf_addr *addr, unsigned steps_left)
{
	uint64_t hash = tf_memory_hash(t->key, addr, 0), first = hash % TF_HOST_SETS * TF_HOST_WAYS;

	if (steps_left == 2) {
		__builtin_prefetch(&t->tag[first]);
		return;
	}
	for (uint64_t i = first; i < first + TF_HOST_WAYS; i++)
		if (t->tag[i] == (uint32_t)(hash >> 32)) {
			if (steps_left)
				tf_prefetch(&t->place[i], sizeof t->place[i]);
			else
				ask_for_samples(t, &t->place[i]);
		}
}

static void
take_ring(struct tf_hosts *t, struct tf_host *h, uint32_t at)
{
	h->ring = at + 1;
	t->ring[at].owner = (uint32_t)(h - t->place) + 1;
	t->ring[at].isn[0] = h->isn;
	t->ring[at].sample[0] = h->first;
}

/* Of a few rings, the one of the host that showed least, if it is no more than a beginning. */
static uint32_t
free_a_ring(struct tf_hosts *t)
{
	struct tf_host *victim = NULL;

	for (int looks = 0; looks < LOOKS; looks++) {
		t->hand = (t->hand + 1) % TF_HOST_RINGS;
		struct tf_host *h = &t->place[t->ring[t->hand].owner - 1];
		if (h->samples < TF_ISN_ENOUGH && (!victim || h->samples < victim->samples))
			victim = h;
	}
	if (!victim)
		return TF_HOST_RINGS;
	uint32_t at = victim->ring - 1;
	*victim = (struct tf_host){0};
	return at;
}

bool
tf_host_add(struct tf_hosts *t, struct tf_host *h, uint32_t isn, const struct tf_isn_sample *s)
{
	if (!h->samples) {
		h->isn = isn;
		h->first = *s;
		h->samples = 1;
		return true;
	}
	if (!h->ring) {
		uint32_t at = t->rings < TF_HOST_RINGS ? t->rings++ : free_a_ring(t);
		if (at == TF_HOST_RINGS)
			return false;
		take_ring(t, h, at);
	}
	uint32_t at = h->samples++ % TF_ISN_SAMPLES;
	t->ring[h->ring - 1].isn[at] = isn;
	t->ring[h->ring - 1].sample[at] = *s;
	return true;
}

uint32_t
tf_host_kept(const struct tf_host *h)
{
	return h->samples < TF_ISN_SAMPLES ? h->samples : TF_ISN_SAMPLES;
}

const uint32_t *
tf_host_isns(const struct tf_hosts *t, const struct tf_host *h)
{
	return h->ring ? t->ring[h->ring - 1].isn : &h->isn;
}

const struct tf_isn_sample *
tf_host_samples(const struct tf_hosts *t, const struct tf_host *h)
{
	return h->ring ? t->ring[h->ring - 1].sample : &h->first;
}
