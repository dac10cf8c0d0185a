/*
 * Listening addresses and ports that leave SYNs unanswered, and how many:
 * where many connections to one of them fare alike, one finding tells it.
 *
 * A place is taken at the first SYN that was sent again or given up, so
 * what is answered costs nothing here.  A fixed number of places; where
 * none is free each connection is told by itself.
 *
 * And hosts whose answers pass another way than the tap: that one does not
 * answer cannot be seen there.
 */
#ifndef TCPFSM_DETECT_UNANSWERED_H
#define TCPFSM_DETECT_UNANSWERED_H

#include <stdbool.h>

#include "tcpfsm/segment.h"

#define TF_UNANSWERED_SETS  256
#define TF_UNANSWERED_WAYS  4
#define TF_UNANSWERED_CONNS 16
#define TF_UNANSWERED_ALONE 16 /* connections that are told one by one */
#define TF_UNSEEN_HOSTS     64

struct tf_unanswered {
	struct tf_addr addr;
	uint16_t port;             /* 0: the place is free */
	uint32_t waiting;          /* connections whose SYN was sent again and has no answer yet */
	uint64_t given_up;         /* connections that were found unanswered, without a pause */
	uint64_t together;         /* of them, those that one finding will tell */
	uint64_t attempts;         /* their SYNs */
	int64_t first_ns, last_ns; /* the first SYN of those; when the last of all was found */
	uint32_t conn_count;
	uint64_t conn[TF_UNANSWERED_CONNS];   /* the first of those */
	uint64_t packet[TF_UNANSWERED_CONNS]; /* their first frames */
};

struct tf_unanswered_table {
	uint64_t unseen; /* connections whose server answers, and nothing of it passes */
	unsigned next_host;
	struct tf_addr
	    unseen_host[TF_UNSEEN_HOSTS]; /* the latest of those servers; zero: the place is free */
	bool any;
	struct tf_unanswered place[TF_UNANSWERED_SETS][TF_UNANSWERED_WAYS];
};

#endif
