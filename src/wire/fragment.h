/*
 * Datagrams put together from IP fragments, in bounded memory and in
 * capture time.
 *
 * IPv4: octets that came first stand (as RFC 791 section 3.2 leaves open).
 * IPv6: a datagram whose fragments overlap is dropped, and so is the rest of
 * it (RFC 5722, RFC 8200 section 4.5), except for exact copies.
 */
#ifndef TCPFSM_WIRE_FRAGMENT_H
#define TCPFSM_WIRE_FRAGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/bytes.h"
#include "wire/decode.h"

enum {
	TF_FRAGMENT_BUCKETS = 1024,
};

struct tf_fragment {
	const uint8_t *src, *dst; /* 4 or 16 octets each */
	uint8_t version;          /* 4 or 6 */
	uint8_t protocol;         /* IPv4: of the datagram; IPv6: the fragment header's next header */
	uint8_t ttl;              /* or hop limit */
	bool more;                /* not the datagram's last one */
	uint32_t id;
	uint32_t offset; /* octets, a multiple of 8 */
	struct tf_view data;
};

/* A datagram put together; its octets stay until the next tf_fragments_add(). */
struct tf_datagram {
	struct tf_view data; /* without IP header; cap ends where the snap length cut a fragment */
	uint8_t protocol;    /* of its first fragment */
	uint8_t ttl;         /* of its first fragment */
};

enum tf_fragment_result {
	TF_FRAGMENT_HELD,     /* kept, or dropped with its datagram */
	TF_FRAGMENT_COMPLETE, /* the datagram is whole */
	TF_FRAGMENT_BAD,      /* its length or place is impossible: dropped */
};

struct tf_partial; /* a datagram that is not whole yet */

struct tf_fragments {
	struct tf_partial *bucket[TF_FRAGMENT_BUCKETS];
	struct tf_partial *oldest, *newest; /* by the time of the first fragment */
	struct tf_partial *done;            /* whose octets the caller may still read; or NULL */
	uint32_t count, count_max;          /* datagrams, without done */
	uint32_t bytes, bytes_max;          /* octets set aside, without done */
	uint64_t hash_key[2];               /* of bucket */
	int64_t now_ns, timeout_ns;         /* the greatest capture time so far */
	struct tf_decoder_stats *stats;     /* where losses are counted */
};

/* F takes its bounds from OPTIONS and counts into STATS, which must outlive it. */
void tf_fragments_init(struct tf_fragments *f, const struct tf_decoder_options *options,
                       struct tf_decoder_stats *stats);

/* Frees all that F holds. */
void tf_fragments_fini(struct tf_fragments *f);

/* Take a fragment that was captured at NOW_NS.  With TF_FRAGMENT_COMPLETE *WHOLE is its datagram.  Where a
 * bound is reached the oldest datagram goes; where there is no memory, this one. */
enum tf_fragment_result tf_fragments_add(struct tf_fragments *f, int64_t now_ns,
                                         const struct tf_fragment *fragment, struct tf_datagram *whole);

#endif
