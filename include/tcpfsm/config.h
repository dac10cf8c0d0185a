/*
 * What the analyzer can be told: timer values of the observed hosts, and bounds.
 */
#ifndef TCPFSM_CONFIG_H
#define TCPFSM_CONFIG_H

#include <stddef.h>
#include <stdint.h>

enum tf_timer {
#define TIMER(id, name, linux_, rfc_, bsd_, windows_, what) TF_TIMER_##id,
#include "tcpfsm/timers.def"
#undef TIMER
	TF_TIMER_COUNT
};

enum tf_profile { TF_PROFILE_LINUX, TF_PROFILE_RFC, TF_PROFILE_BSD, TF_PROFILE_WINDOWS, TF_PROFILE_COUNT };

struct tf_config {
	int64_t timer[TF_TIMER_COUNT]; /* nanoseconds, 73 years are for ever; keepalive-probes: a count */
	uint32_t max_connections;      /* live connections and embryonic ones together; beyond it the least valuable go */
	uint32_t max_tombstones;       /* closed connections that are remembered */
	size_t reassembly_bytes;       /* for what disorder and closing need beside the connections */
	uint64_t hash_key[2];          /* of the flow table; output does not depend on it */
	uint64_t memory_key[2];        /* of the bounded tables: decides whom a full one forgets */
};

/* Fill in the defaults of PROFILE.  The hash key is left zero: a caller
 * that faces hostile traffic sets it from a random source. */
void tf_config_init(struct tf_config *config, enum tf_profile profile);

/* "linux", "rfc", "bsd", "windows": the profile, or -1. */
int tf_profile_by_name(const char *name);

/* "time-wait" and the other names of timers.def: the timer, or -1. */
int tf_timer_by_name(const char *name);
const char *tf_timer_name(enum tf_timer timer);

#endif
