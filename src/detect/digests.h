/*
 * What the latest data segments held, in a few octets each: so that a
 * segment with the same sequence numbers can be compared with the former.
 *
 * A fixed table, one place a hash: a later segment takes an earlier one's
 * place.
 */
#ifndef TCPFSM_DETECT_DIGESTS_H
#define TCPFSM_DETECT_DIGESTS_H

#include "tcpfsm/segment.h"

#define TF_DIGEST_PLACES 2048
#define TF_DIGEST_HEAD   16

/* Of a segment with a valid checksum; a line of cache.  From seq to options it is laid out as struct tf_segment is. */
struct tf_digest {
	uint64_t packet; /* 0: the place is empty */
	tf_seq seq, ack;
	uint16_t flags, window;
	uint32_t len;
	uint16_t checksum, urgent;
	uint32_t tsval, tsecr;
	uint16_t options;  /* enum tf_option */
	uint16_t src_port; /* which end sent it */
	uint32_t conn;     /* low 32 bits */
	uint16_t ip_id;
	uint8_t ttl;
	uint8_t head_len;             /* octets of head */
	uint8_t head[TF_DIGEST_HEAD]; /* the first octets */
};

_Static_assert(sizeof(struct tf_digest) == 64, "there are many");

struct tf_digests {
	struct tf_digest place[TF_DIGEST_PLACES];
	uint32_t conn[TF_DIGEST_PLACES]; /* of each, so that all of a connection's are found soon */
};

/* The number of the place for S of connection CONN. */
static inline uint32_t
tf_digest_at(uint64_t conn, const struct tf_segment *s)
{
	uint32_t h = ((uint32_t)conn ^ s->seq.v ^ (uint32_t)s->src_port << 16) * UINT32_C(0x9e3779b1);

	return h >> 21;
}

/* Keep what S of connection CONN holds; it has payload, and a valid checksum. */
void tf_digest_keep(struct tf_digests *t, uint64_t conn, const struct tf_segment *s);

#endif
