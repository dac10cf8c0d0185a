/*
 * Hosts, and the initial sequence numbers that each of them chose: whether
 * they repeat, and whether the next can be guessed, shows only over several
 * connections (RFC 6528).
 *
 * A host with one sample takes a small place, and makes room for the next
 * one that needs it: so a flood of forged addresses, which seldom come
 * twice, passes through without displacing anybody else.  Samples of hosts
 * that came again lie in rings.
 *
 * A busy capture asks for hosts in random order, twice a connection.  So
 * what one sample needs lies in few lines of cache, and what is not in use
 * yet is not mixed with what is.
 */
#ifndef TCPFSM_DETECT_HOSTS_H
#define TCPFSM_DETECT_HOSTS_H

#include <stdbool.h>

#include "core/pool.h"
#include "detect/hash.h"
#include "tcpfsm/connection.h"

#define TF_HOST_SETS   4096
#define TF_HOST_WAYS   4
#define TF_HOSTS       (TF_HOST_SETS * TF_HOST_WAYS)
#define TF_HOST_RINGS  1024
#define TF_ISN_SAMPLES 96 /* of a host; up to 93 one equal pair is no chance */
#define TF_ISN_BLOCK   16 /* of them, those that lie together */
#define TF_ISN_FIRST   32 /* those whose marks lie with the host */
#define TF_ISN_ENOUGH  8
#define TF_ISN_LATEST  32 /* 4-tuples that a class is found by: more of them say no more */

/* What tells the same number from the same connection seen twice. */
struct tf_isn_sample {
	int64_t ts_ns;
	uint64_t numbers;    /* tf_sample_numbers() */
	uint32_t packet_low; /* of the frame's number */
	uint32_t peer_isn;   /* if tf_sample_peer_known() */
	uint32_t peer;       /* hash of the other end's address */
	uint16_t own_port, peer_port;
};

_Static_assert(TF_MAX_CONN >> 39 == 0, "a bit is left beside it");
_Static_assert(sizeof(struct tf_isn_sample) == 32, "none lies in two lines of cache");

/* The connection's number, 24 bits of the frame's beyond packet_low, and whether peer_isn means something. */
static inline uint64_t
tf_sample_numbers(uint64_t conn, uint64_t packet, bool peer_known)
{
	return (packet >> 32 << 40) | (uint64_t)peer_known << 39 | conn;
}

static inline uint64_t
tf_sample_conn(const struct tf_isn_sample *s)
{
	return s->numbers & TF_MAX_CONN;
}

static inline uint64_t
tf_sample_packet(const struct tf_isn_sample *s)
{
	return s->numbers >> 40 << 32 | s->packet_low;
}

static inline bool
tf_sample_peer_known(const struct tf_isn_sample *s)
{
	return s->numbers >> 39 & 1;
}

/* Samples of a ring and their numbers, which are a line of cache. */
struct tf_isn_block {
	_Alignas(64) uint32_t isn[TF_ISN_BLOCK];
	struct tf_isn_sample sample[TF_ISN_BLOCK];
};

/* How a host makes its numbers, as far as they show. */
enum tf_isn_method {
	TF_ISN_FEW, /* fewer than eight connections */
	TF_ISN_ZERO,
	TF_ISN_REPEATED,
	TF_ISN_CONSTANT_STEP,
	TF_ISN_MULTIPLES, /* of one step */
	TF_ISN_NARROW_BAND,
	TF_ISN_CLOCK,       /* one clock for all 4-tuples */
	TF_ISN_SMALL_STEPS, /* steps that differ little */
	TF_ISN_RANDOM,      /* random, or hashed over the 4-tuple: nothing tells them apart */
};

struct tf_isn_class {
	enum tf_isn_method method;
	uint32_t samples; /* over so many 4-tuples */
	uint64_t width;   /* the step, or how wide the band is; 0 where it means nothing */
	uint64_t guesses; /* the next number is one of so many */
	double rate;      /* TF_ISN_CLOCK: numbers a second */
};

/* Of a host that has a ring: what a sample seldom changes. */
struct tf_isn_ring {
	uint32_t owner;      /* its host, from 1 */
	uint32_t zero;       /* samples in all that were 0 */
	uint32_t most_equal; /* how often the most frequent number came */
	uint32_t classified; /* so many samples it had when `class` was found; 0: never */
	struct tf_isn_class class;
};

/* Of its numbers it has marks (detect/marks.h). */
struct tf_host {
	_Alignas(64) struct tf_addr addr;
	uint32_t samples;                    /* in all; the latest TF_ISN_SAMPLES are kept; 0: nobody's */
	uint32_t as_client;                  /* of them, those of its SYNs; the others are of its SYN,ACKs */
	uint32_t isn;                        /* of `first` */
	uint16_t ring;                       /* its ring, from 1; 0: only `first` */
	uint8_t next;                        /* where the next sample goes in the ring */
	uint8_t reused : 1, predictable : 1; /* findings raised */
	union {
		struct tf_isn_sample first;
		uint8_t mark[TF_ISN_FIRST]; /* with a ring: of its first places */
	};
};

_Static_assert(sizeof(struct tf_host) == 64, "there are many");

/* Where a host is remembered.  A place in tf_hosts.host that it once got it keeps, for whoever comes next. */
struct tf_host_slot {
	uint16_t tag;  /* of the address; 0: nobody's */
	uint16_t host; /* from 1; 0: none yet */
};

struct tf_hosts {
	uint64_t key[2];
	uint32_t used;              /* of host: places that some slot has */
	uint32_t rings;             /* of ring: those that were ever taken */
	uint32_t young;             /* of them, those whose host has fewer than TF_ISN_ENOUGH samples */
	uint32_t hand;              /* the ring at which the search for one to take again goes on */
	uint8_t few[TF_HOST_RINGS]; /* samples of each ring's host, TF_ISN_ENOUGH or more as that many */
	_Alignas(64) struct tf_host_slot slot[TF_HOST_SETS][TF_HOST_WAYS];
	uint32_t ahead[TF_HOSTS];      /* of each host, where its next sample goes: tf_host_ask() */
	struct tf_host host[TF_HOSTS]; /* in the order in which they were needed */
	/* Of each ring, the marks of those places that its host has none for. */
	_Alignas(64) uint8_t mark[TF_HOST_RINGS][TF_ISN_SAMPLES - TF_ISN_FIRST];
	struct tf_isn_ring ring[TF_HOST_RINGS];
	struct tf_isn_block block[TF_ISN_SAMPLES / TF_ISN_BLOCK][TF_HOST_RINGS]; /* as rings fill */
};

/* What the calls below want to know of an address. */
static inline uint32_t
tf_host_hash(const struct tf_hosts *t, const struct tf_addr *addr)
{
	return (uint32_t)tf_memory_hash(t->key, addr, 0);
}

static inline uint16_t
tf_host_tag(uint32_t hash)
{
	return (uint16_t)(hash >> 16) | 1;
}

/* The place of the host ADDR, whose hash is HASH, made if need be; NULL where there is no room.  A host that is not
 * remembered, or not any more, it or one with a single sample that makes room for it, is counted in *DROPPED. */
struct tf_host *tf_host_get(struct tf_hosts *t, const struct tf_addr *addr, uint32_t hash, uint64_t *dropped);

/* Keep ISN of H: the sample that goes with it, which the caller fills.  NULL where there is no room. */
struct tf_isn_sample *tf_host_add(struct tf_hosts *t, struct tf_host *h, uint32_t isn);

/* The first place, FROM on, at which ISN is kept of H; tf_host_kept() where it is not. */
uint32_t tf_host_find(const struct tf_hosts *t, const struct tf_host *h, uint32_t isn, uint32_t from);

/* A sample of the host with HASH will be taken soon: ask the processor for what that needs. */
TF_PREFETCHES void
tf_host_ask(const struct tf_hosts *t, uint32_t hash)
{
	const struct tf_host_slot *slot = t->slot[hash % TF_HOST_SETS];
	uint32_t i = 0;

	while (i < TF_HOST_WAYS && slot[i].tag != tf_host_tag(hash))
		i++;
	if (i == TF_HOST_WAYS)
		return;
	uint32_t host = slot[i].host - 1u, ring = t->ahead[host] >> 8, at = t->ahead[host] & 0xff;
	const struct tf_isn_block *block = &t->block[at / TF_ISN_BLOCK][ring];
	tf_prefetch_to_write(&t->host[host]);
	tf_prefetch_to_write(block->isn);
	tf_prefetch_to_write(&block->sample[at % TF_ISN_BLOCK]);
	if (at >= TF_ISN_FIRST)
		tf_prefetch_to_write(t->mark[ring]);
}

/* The samples of H that are kept. */
static inline uint32_t
tf_host_kept(const struct tf_host *h)
{
	return h->samples < TF_ISN_SAMPLES ? h->samples : TF_ISN_SAMPLES;
}

static inline const struct tf_isn_block *
tf_host_block(const struct tf_hosts *t, const struct tf_host *h, uint32_t at)
{
	return &t->block[at / TF_ISN_BLOCK][h->ring - 1];
}

/* The one at place AT, and its number. */
static inline const struct tf_isn_sample *
tf_host_sample(const struct tf_hosts *t, const struct tf_host *h, uint32_t at)
{
	return h->ring ? &tf_host_block(t, h, at)->sample[at % TF_ISN_BLOCK] : &h->first;
}

static inline uint32_t
tf_host_isn(const struct tf_hosts *t, const struct tf_host *h, uint32_t at)
{
	return h->ring ? tf_host_block(t, h, at)->isn[at % TF_ISN_BLOCK] : h->isn;
}

/* The host of SLOT in the order of the hash, up to TF_HOSTS; NULL where there is none. */
static inline struct tf_host *
tf_host_in(struct tf_hosts *t, size_t slot)
{
	const struct tf_host_slot *s = &t->slot[slot / TF_HOST_WAYS][slot % TF_HOST_WAYS];

	return s->tag ? &t->host[s->host - 1] : NULL;
}

/* ---- how a host makes its numbers ----------------------------------------------------------------- */

/* By the latest of them; kept until it makes another.  H has a ring. */
struct tf_isn_class tf_isn_class_of(struct tf_hosts *t, const struct tf_host *h);

/* Of H's samples, kept in a ring of KEPT places, the first of the TF_ISN_LATEST that came last, or of all. */
static inline uint32_t
tf_isn_latest(const struct tf_host *h, uint32_t kept)
{
	uint32_t start = h->samples > kept ? h->samples % kept : 0;

	return (start + (kept > TF_ISN_LATEST ? kept - TF_ISN_LATEST : 0)) % kept;
}

/* The class of H will be wanted soon: ask the processor for what that takes. */
TF_PREFETCHES void
tf_isn_class_ask(const struct tf_hosts *t, const struct tf_host *h)
{
	uint32_t kept = tf_host_kept(h), at = tf_isn_latest(h, kept);

	for (uint32_t n = kept < TF_ISN_LATEST ? kept : TF_ISN_LATEST; n; n--) {
		const struct tf_isn_block *block = tf_host_block(t, h, at);
		__builtin_prefetch(&block->isn[at % TF_ISN_BLOCK]);
		__builtin_prefetch(&block->sample[at % TF_ISN_BLOCK]);
		at = at + 1 < kept ? at + 1 : 0;
	}
}

/* The two numbers that are closest, of all that are kept; distance is UINT32_MAX where there is no pair. */
struct tf_isn_pair {
	uint32_t distance;
	uint64_t conn[2];
};
struct tf_isn_pair tf_isn_closest(const struct tf_hosts *t, const struct tf_host *h);

/* Do they follow a clock where a 4-tuple is used again, as RFC 6528 asks for? */
bool tf_isn_clock_on_tuple(const struct tf_hosts *t, const struct tf_host *h);

/* "a constant step": for people. */
const char *tf_isn_method_text(enum tf_isn_method m);

#endif
