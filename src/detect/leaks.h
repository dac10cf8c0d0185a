/*
 * Which listening addresses and ports hold connections in CLOSE-WAIT past
 * the limit, and how many: a program that forgets to close leaks one socket
 * after the other, and no single connection shows it.
 *
 * A fixed number of places; where a service finds none, that is counted among
 * what found no room (struct tf_stats).
 */
#ifndef TCPFSM_DETECT_LEAKS_H
#define TCPFSM_DETECT_LEAKS_H

#include <stdbool.h>

#include "tcpfsm/segment.h"

#define TF_LEAK_SETS  256
#define TF_LEAK_WAYS  4
#define TF_LEAK_CONNS 16
#define TF_LEAK_LIMIT 10 /* connections at once that are a leak */

struct tf_leak {
	struct tf_addr addr;
	uint16_t port; /* 0: the place is free */
	bool raised;
	uint32_t count;                 /* connections in CLOSE-WAIT past the limit, now */
	uint32_t conn_count;            /* of conn and packet */
	int64_t since_ns;               /* when the first of them began to wait */
	uint64_t conn[TF_LEAK_CONNS];   /* the first of them */
	uint64_t packet[TF_LEAK_CONNS]; /* their FINs that were not answered */
};

struct tf_leaks {
	struct tf_leak place[TF_LEAK_SETS][TF_LEAK_WAYS];
};

#endif
