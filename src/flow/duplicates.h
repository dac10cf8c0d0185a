/*
 * Frames that a capture holds twice: mirror ports, the `any` device.
 *
 * A copy has the same TCP octets (its checksum stands for the payload) and
 * the same IP identification, and comes within a millisecond; TTL, MAC and
 * VLAN may differ.  With octets of its own and an identification it may take
 * ten: mirrors are slow at times, and no time-out is so short.  Where there
 * is no identification (IPv6, or 0) only
 * segments with SYN, FIN or payload can be told, since identical duplicate
 * ACKs are real, unless most of the capture is doubled.
 */
#ifndef TCPFSM_FLOW_DUPLICATES_H
#define TCPFSM_FLOW_DUPLICATES_H

#include <stdbool.h>
#include <stdint.h>

#include "tcpfsm/segment.h"

#define TF_DUPLICATES_SETS 1024

struct tf_seen {
	uint64_t digest;
	int64_t ts_ns;
};

struct tf_duplicates {
	struct tf_seen seen[TF_DUPLICATES_SETS][2];
	uint64_t segments, found;
};

/* Is S a copy of a frame that came a moment ago?  Remembers it. */
bool tf_duplicates_check(struct tf_duplicates *d, const struct tf_segment *s);

#endif
