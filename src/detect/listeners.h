/*
 * Listening addresses and ports, and how many embryonic connections each
 * of them holds: for what no single connection shows.
 *
 * A listener is known from its first SYN,ACK on, so a flood of SYNs that
 * nobody answers fills nothing.  One that holds an embryonic connection is
 * never forgotten.
 */
#ifndef TCPFSM_DETECT_LISTENERS_H
#define TCPFSM_DETECT_LISTENERS_H

#include <stdbool.h>

#include "tcpfsm/segment.h"

#define TF_LISTENER_SETS  1024
#define TF_LISTENER_WAYS  4
#define TF_LISTENER_CONNS 32

struct tf_listener {
	struct tf_addr addr;
	uint16_t port;        /* 0: the place is free */
	bool flooded;         /* syn-flood was raised */
	bool generous;        /* it once granted window scaling and SACK */
	uint8_t cookie_bits;  /* the low bits of the TSval in its last SYN,ACK */
	uint8_t cookie_run;   /* SYN,ACKs in a row whose TSval looks like a cookie's */
	uint32_t cookie_peer; /* hash of the client that got the last one */
	uint32_t cookie_tsval;
	uint64_t epoch;    /* the present one */
	uint32_t young[2]; /* embryonic connections of the present epoch and of the one before */
	uint32_t old;      /* those of earlier ones */
	uint64_t syns, answered, completed; /* since it held none */
	int64_t first_ns, last_ns;          /* first embryonic one; when they were last too many */
	uint64_t conn[TF_LISTENER_CONNS];   /* the first of them */
	uint64_t packet[TF_LISTENER_CONNS]; /* their first frames */
	uint32_t conn_count;
};

struct tf_listeners {
	uint64_t key[2];
	uint64_t dropped; /* listeners that found no room */
	bool any;
	struct tf_listener place[TF_LISTENER_SETS][TF_LISTENER_WAYS];
};

/* The listener, or NULL. */
struct tf_listener *tf_listener_find(struct tf_listeners *t, const struct tf_addr *addr, uint16_t port);

/* The same, made if need be; NULL where there is no room. */
struct tf_listener *tf_listener_get(struct tf_listeners *t, const struct tf_addr *addr, uint16_t port);

/* Embryonic connections that it holds. */
static inline uint32_t
tf_listener_embryonic(const struct tf_listener *l)
{
	return l->young[0] + l->young[1] + l->old;
}

#endif
