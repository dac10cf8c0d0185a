/*
 * Listening addresses and ports, and how many embryonic connections each
 * of them holds: for what no single connection shows.
 *
 * A listener is known from its first SYN,ACK on, so a flood of SYNs that
 * nobody answers fills nothing.  One that holds an embryonic connection is
 * never forgotten.
 *
 * Each opening asks for its listener three times, in random order: so what
 * that needs is two lines of cache, and what is told of a flood lies apart.
 */
#ifndef TCPFSM_DETECT_LISTENERS_H
#define TCPFSM_DETECT_LISTENERS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/pool.h"
#include "detect/hash.h"
#include "tcpfsm/segment.h"

#define TF_LISTENER_SETS  1024
#define TF_LISTENER_WAYS  4
#define TF_LISTENERS      (TF_LISTENER_SETS * TF_LISTENER_WAYS)
#define TF_LISTENER_CONNS 32

/* The second line begins with first_ns. */
struct tf_listener {
	_Alignas(64) struct tf_addr addr;
	uint16_t port;     /* 0: the place is free */
	bool flooded;      /* syn-flood was raised */
	bool generous;     /* it once granted window scaling and SACK */
	uint32_t young[2]; /* embryonic connections of the present epoch and of the one before */
	uint32_t old;      /* those of earlier ones */
	uint64_t epoch;    /* the present one */
	uint64_t syns, answered, completed; /* since it held none */
	int64_t first_ns, last_ns;          /* first embryonic one; when they were last too many */
	uint32_t cookie_peer;               /* hash of the client that got the last SYN,ACK */
	uint32_t cookie_tsval;              /* the TSval in that */
	uint8_t cookie_bits;                /* its low bits */
	uint8_t cookie_run;                 /* SYN,ACKs in a row whose TSval looks like a cookie's */
	uint32_t noted;                     /* bits: which of its evidence is in use */
	uint8_t mark[TF_LISTENER_CONNS];    /* of that, the low octets of the connections' numbers */
};

_Static_assert(sizeof(struct tf_listener) == 128 && offsetof(struct tf_listener, first_ns) == 64,
               "two lines of cache");

/* For each of the first embryonic connections one. */
struct tf_listener_evidence {
	uint64_t conn;
	uint64_t packet; /* its first frame */
	uint64_t turn;   /* they are told in this order */
};

/* Where a listener is remembered.  A place in tf_listeners.listener that it once got it keeps, for who comes next. */
struct tf_listener_slot {
	uint16_t tag;      /* of the address and the port; 0: nobody's */
	uint16_t listener; /* from 1; 0: none yet */
};

struct tf_listeners {
	uint64_t key[2];
	uint32_t used; /* of listener and evidence: places that some slot has */
	_Alignas(64) struct tf_listener_slot slot[TF_LISTENER_SETS][TF_LISTENER_WAYS];
	struct tf_listener listener[TF_LISTENERS]; /* in the order in which they were needed */
	struct tf_listener_evidence evidence[TF_LISTENERS][TF_LISTENER_CONNS];
};

/* The listener, or NULL. */
struct tf_listener *tf_listener_find(struct tf_listeners *t, const struct tf_addr *addr, uint16_t port);

/* The same, made if need be; NULL where there is no room. */
struct tf_listener *tf_listener_get(struct tf_listeners *t, const struct tf_addr *addr, uint16_t port);

/* The listener of SLOT in the order of the hash, up to TF_LISTENERS; NULL where there is none. */
static inline struct tf_listener *
tf_listener_in(struct tf_listeners *t, size_t slot)
{
	const struct tf_listener_slot *s = &t->slot[slot / TF_LISTENER_WAYS][slot % TF_LISTENER_WAYS];

	return s->tag ? &t->listener[s->listener - 1] : NULL;
}

/* Embryonic connections that it holds. */
static inline uint32_t
tf_listener_embryonic(const struct tf_listener *l)
{
	return l->young[0] + l->young[1] + l->old;
}

/* CONN, whose first frame is PACKET, is evidence while there is room for it. */
void tf_listener_note(struct tf_listeners *t, struct tf_listener *l, uint64_t conn, uint64_t packet);

/* It is none any more. */
void tf_listener_strike_out(const struct tf_listeners *t, struct tf_listener *l, uint64_t conn);

/* What is noted of L, in the order in which it came; how much that is. */
uint32_t tf_listener_noted(const struct tf_listeners *t, const struct tf_listener *l,
                           struct tf_listener_evidence out[TF_LISTENER_CONNS]);

static inline uint16_t
tf_listener_tag(uint64_t hash)
{
	return (uint16_t)(hash >> 48) | 1;
}

/* The listener will be looked for soon: ask the processor for it. */
TF_PREFETCHES void
tf_listener_ask(const struct tf_listeners *t, const struct tf_addr *addr, uint16_t port)
{
	uint64_t hash = tf_memory_hash(t->key, addr, port);
	const struct tf_listener_slot *slot = t->slot[hash % TF_LISTENER_SETS];
	uint32_t i = 0;

	while (i < TF_LISTENER_WAYS && slot[i].tag != tf_listener_tag(hash))
		i++;
	if (i == TF_LISTENER_WAYS)
		return;
	const struct tf_listener *l = &t->listener[slot[i].listener - 1];
	tf_prefetch_to_write(l);
	tf_prefetch_to_write(&l->first_ns);
}

#endif
