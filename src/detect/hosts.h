/*
 * Hosts, and the initial sequence numbers that each of them chose: whether
 * they repeat, and whether the next can be guessed, shows only over several
 * connections (RFC 6528).
 *
 * A host with one sample takes a small place, and makes room for the next
 * one that needs it: so a flood of forged addresses, which seldom come
 * twice, passes through without displacing anybody else.  Samples of hosts
 * that came again lie in rings.
 */
#ifndef TCPFSM_DETECT_HOSTS_H
#define TCPFSM_DETECT_HOSTS_H

#include <stdbool.h>

#include "tcpfsm/segment.h"

#define TF_HOST_SETS   4096
#define TF_HOST_WAYS   4
#define TF_HOST_RINGS  1024
#define TF_ISN_SAMPLES 96 /* of a host; up to 93 one equal pair is no chance */

/* An ISN, and what tells the same number from the same connection seen twice. */
struct tf_isn_sample {
	int64_t ts_ns;
	uint64_t conn, packet;
	uint32_t peer_isn;
	uint32_t peer; /* hash of the other end's address */
	uint16_t own_port, peer_port;
	bool peer_known; /* peer_isn means something */
};

struct tf_isn_ring {
	uint32_t isn[TF_ISN_SAMPLES];
	struct tf_isn_sample sample[TF_ISN_SAMPLES];
	uint32_t owner; /* place of its host + 1; 0: free */
};

/* How a host makes its numbers, as far as they show. */
enum tf_isn_method {
	TF_ISN_FEW, /* fewer than eight connections */
	TF_ISN_ZERO,
	TF_ISN_REPEATED,
	TF_ISN_CONSTANT_STEP,
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

struct tf_host {
	struct tf_addr addr;
	uint32_t samples;         /* in all; the latest TF_ISN_SAMPLES are kept; 0: the place is free */
	uint32_t as_client;       /* of them, those of its SYNs; the others are of its SYN,ACKs */
	uint32_t zero;            /* of them, those that were 0 */
	uint32_t most_equal;      /* how often the most frequent number came */
	uint32_t ring;            /* its ring + 1; 0: only `first` */
	bool reused, predictable; /* findings raised */
	uint32_t isn;
	struct tf_isn_sample first;
	uint32_t classified; /* so many samples it had when `class` was found; 0: never */
	struct tf_isn_class class;
};

struct tf_hosts {
	uint64_t key[2];
	bool any;
	uint32_t rings, hand;
	uint32_t tag[TF_HOST_SETS * TF_HOST_WAYS]; /* of the address at each place: looked at first */
	struct tf_host place[TF_HOST_SETS * TF_HOST_WAYS];
	struct tf_isn_ring ring[TF_HOST_RINGS];
};

/* The host's place, made if need be; NULL where there is no room, or where
 * it displaced one with a single sample (*displaced). */
struct tf_host *tf_host_get(struct tf_hosts *t, const struct tf_addr *addr, bool *displaced);

/* A sample of ADDR's will be taken soon: ask the processor for what that needs, in three steps (STEPS_LEFT 2, 1, 0), of
 * which each looks at what the one before it asked for. */
void tf_host_ask(const struct tf_hosts *t, const struct tf_addr *addr, unsigned steps_left);

/* Keep a sample of H, which has room for it or is given it; false where there is none. */
bool tf_host_add(struct tf_hosts *t, struct tf_host *h, uint32_t isn, const struct tf_isn_sample *s);

/* The samples of H that are kept. */
uint32_t tf_host_kept(const struct tf_host *h);
const uint32_t *tf_host_isns(const struct tf_hosts *t, const struct tf_host *h);
const struct tf_isn_sample *tf_host_samples(const struct tf_hosts *t, const struct tf_host *h);

#define TF_ISN_ENOUGH 8

/* How the host makes its numbers, by the latest of them; kept until it makes another. */
struct tf_isn_class tf_isn_class_of(const struct tf_hosts *t, struct tf_host *h);

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
