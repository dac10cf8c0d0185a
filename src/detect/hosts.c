/*
 * The host table: sets of four places, rings for those that come again.
 */
#include "detect/hosts.h"

#include "detect/marks.h"

#define LOOKS 8

/* ---- hosts ------------------------------------------------------------------------------ */

/* Of a set without a free slot, the one whose host has shown least; NULL: all came again. */
static struct tf_host_slot *
oldest_single(const struct tf_hosts *t, struct tf_host_slot set[TF_HOST_WAYS])
{
	struct tf_host_slot *oldest = NULL;

	for (int i = 0; i < TF_HOST_WAYS; i++) {
		const struct tf_host *h = &t->host[set[i].host - 1];
		if (h->samples == 1 && (!oldest || h->first.ts_ns < t->host[oldest->host - 1].first.ts_ns))
			oldest = &set[i];
	}
	return oldest;
}

static __attribute__((noinline)) struct tf_host *
make(struct tf_hosts *t, struct tf_host_slot set[TF_HOST_WAYS], const struct tf_addr *addr, uint16_t tag,
     uint64_t *dropped)
{
	struct tf_host_slot *room = NULL;

	for (int i = 0; i < TF_HOST_WAYS && !room; i++)
		if (!set[i].tag)
			room = &set[i];
	*dropped += !room;
	if (!room && !(room = oldest_single(t, set)))
		return NULL;
	if (!room->host)
		room->host = (uint16_t)++t->used;
	room->tag = tag;
	struct tf_host *h = &t->host[room->host - 1];
	*h = (struct tf_host){.addr = *addr};
	return h;
}

struct tf_host *
tf_host_get(struct tf_hosts *t, const struct tf_addr *addr, uint32_t hash, uint64_t *dropped)
{
	struct tf_host_slot *set = t->slot[hash % TF_HOST_SETS];
	uint16_t tag = tf_host_tag(hash);

	for (int i = 0; i < TF_HOST_WAYS; i++) {
		if (set[i].tag != tag)
			continue;
		struct tf_host *h = &t->host[set[i].host - 1];
		if (memcmp(&h->addr, addr, sizeof *addr) == 0)
			return h;
	}
	return make(t, set, addr, tag, dropped);
}

static void
forget(struct tf_hosts *t, uint32_t host)
{
	struct tf_host *h = &t->host[host - 1];
	struct tf_host_slot *slot = t->slot[tf_host_hash(t, &h->addr) % TF_HOST_SETS];

	while (slot->host != host)
		slot++;
	slot->tag = 0;
	*h = (struct tf_host){.samples = 0};
}

/* ---- rings ------------------------------------------------------------------------------ */

/* Numbers that follow each other in small steps have different ones, too. */
static uint8_t
mark_of(uint32_t isn)
{
	return (uint8_t)(isn * UINT32_C(0x9e3779b1) >> 24);
}

static uint8_t *
mark_at(struct tf_hosts *t, struct tf_host *h, uint32_t at)
{
	return at < TF_ISN_FIRST ? &h->mark[at] : &t->mark[h->ring - 1][at - TF_ISN_FIRST];
}

/* Of a few rings, the one of the host that showed least, if it is no more than a beginning; TF_HOST_RINGS: none is. */
static uint32_t
free_a_ring(struct tf_hosts *t)
{
	uint32_t victim = TF_HOST_RINGS;
	uint8_t least = TF_ISN_ENOUGH;

	/* Where more hosts come again than there are rings, each sample of theirs comes here. */
	for (int looks = 0; looks < LOOKS && t->young; looks++) {
		t->hand = (t->hand + 1) % TF_HOST_RINGS;
		if (t->few[t->hand] < least) {
			victim = t->hand;
			least = t->few[victim];
		}
	}
	if (victim == TF_HOST_RINGS)
		return victim;
	forget(t, t->ring[victim].owner);
	t->young--;
	return victim;
}

/* H has a ring from now on, unless there is no room for that. */
static __attribute__((noinline)) bool
take_ring(struct tf_hosts *t, struct tf_host *h)
{
	uint32_t at = t->rings < TF_HOST_RINGS ? t->rings++ : free_a_ring(t);
	struct tf_isn_sample first = h->first;

	if (at == TF_HOST_RINGS)
		return false;
	t->young++;
	t->ring[at] = (struct tf_isn_ring){
	    .owner = (uint32_t)(h - t->host) + 1,
	    .zero = h->isn == 0,
	    .most_equal = 1,
	};
	t->block[0][at].isn[0] = h->isn;
	t->block[0][at].sample[0] = first;
	memset(h->mark, 0, sizeof h->mark);
	h->mark[0] = mark_of(h->isn);
	h->ring = (uint16_t)(at + 1);
	h->next = 1;
	return true;
}

struct tf_isn_sample *
tf_host_add(struct tf_hosts *t, struct tf_host *h, uint32_t isn)
{
	if (!h->samples) {
		h->isn = isn;
		h->samples = 1;
		return &h->first;
	}
	if (!h->ring && !take_ring(t, h))
		return NULL;
	uint32_t at = h->next;
	struct tf_isn_block *block = &t->block[at / TF_ISN_BLOCK][h->ring - 1];
	h->next = (uint8_t)(at + 1 < TF_ISN_SAMPLES ? at + 1 : 0);
	t->ahead[h - t->host] = (h->ring - 1u) << 8 | h->next;
	*mark_at(t, h, at) = mark_of(isn);
	if (++h->samples <= TF_ISN_ENOUGH) {
		t->few[h->ring - 1] = (uint8_t)h->samples;
		t->young -= h->samples == TF_ISN_ENOUGH;
	}
	if (isn == 0)
		t->ring[h->ring - 1].zero++;
	block->isn[at % TF_ISN_BLOCK] = isn;
	return &block->sample[at % TF_ISN_BLOCK];
}

/* ---- numbers that came before -------------------------------------------------------------- */

_Static_assert(TF_ISN_FIRST == TF_MARKS && TF_ISN_SAMPLES % TF_MARKS == 0, "marks are compared by so many");
_Static_assert(TF_HOSTS <= UINT16_MAX && TF_HOST_RINGS <= UINT16_MAX && TF_ISN_SAMPLES <= UINT8_MAX,
               "tf_host_slot.host, tf_host.ring, tf_host.next");

/* The marks of H, which has a ring, from place AT on: that is the first one or a multiple of TF_MARKS. */
static inline const uint8_t *
marks_from(const struct tf_hosts *t, const struct tf_host *h, uint32_t at)
{
	return at < TF_ISN_FIRST ? h->mark : &t->mark[h->ring - 1][at - TF_ISN_FIRST];
}

uint32_t
tf_host_find(const struct tf_hosts *t, const struct tf_host *h, uint32_t isn, uint32_t from)
{
	uint32_t kept = tf_host_kept(h), wanted = UINT32_MAX << from % TF_MARKS;

	if (!h->ring)
		return from < kept && h->isn == isn ? from : kept;
	for (uint32_t at = from - from % TF_MARKS; at < kept; at += TF_MARKS, wanted = UINT32_MAX)
		for (uint32_t equal = tf_marks_equal(marks_from(t, h, at), mark_of(isn)) & wanted; equal;
		     equal &= equal - 1) {
			uint32_t place = at + (uint32_t)__builtin_ctz(equal);
			if (place < kept && tf_host_isn(t, h, place) == isn)
				return place;
		}
	return kept;
}
