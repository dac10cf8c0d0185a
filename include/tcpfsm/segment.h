/*
 * A decoded TCP segment: what src/wire makes of a frame and what the
 * analyzer eats.  Everything is in host byte order; no type of libpcap's
 * and no link layer appears here.
 *
 * Lengths come from the IP header, never from the captured length: a
 * snap length cuts the payload that can be looked at, not the payload
 * that was sent.
 */
#ifndef TCPFSM_SEGMENT_H
#define TCPFSM_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpfsm/seq.h"

/* An IPv6 address, or an IPv4 one mapped (::ffff:a.b.c.d, RFC 4291). */
struct tf_addr {
	uint8_t byte[16];
};

/* The control bits as they stand in the header (RFC 9293 section 3.1);
 * TF_AE is the former NS bit (RFC 9768). */
enum tf_flag {
	TF_FIN = 0x001,
	TF_SYN = 0x002,
	TF_RST = 0x004,
	TF_PSH = 0x008,
	TF_ACK = 0x010,
	TF_URG = 0x020,
	TF_ECE = 0x040,
	TF_CWR = 0x080,
	TF_AE = 0x100,
};

/* Which options the segment carries (bits of tf_segment.options). */
enum tf_option {
	TF_OPT_MSS = 0x001,
	TF_OPT_WSCALE = 0x002,
	TF_OPT_SACK_PERMITTED = 0x004,
	TF_OPT_SACK = 0x008,
	TF_OPT_TIMESTAMPS = 0x010,
	TF_OPT_FAST_OPEN = 0x020, /* kind 34, or 254 with magic 0xF989 */
	TF_OPT_MPTCP = 0x040,
	TF_OPT_MD5 = 0x080,       /* kind 19, or TCP-AO (29) */
	TF_OPT_CUT = 0x100,       /* the snap length cut the option list: more may have been there */
	TF_OPT_MALFORMED = 0x200, /* a length below 2 or past the header: the rest was not read */
};

/* What is known of the TCP checksum. */
enum tf_checksum {
	TF_CHECKSUM_UNVERIFIED, /* cut by the snap length, or not looked at */
	TF_CHECKSUM_VALID,
	TF_CHECKSUM_PARTIAL, /* only the pseudo-header's sum: offload at the sender */
	TF_CHECKSUM_ZERO,
	TF_CHECKSUM_BAD,
};

struct tf_sack_block {
	tf_seq left;  /* first octet of the block */
	tf_seq right; /* the octet after its last one */
};

/* What a segment is by its own header, before any connection is asked (src/core/plain.h). */
struct tf_plain {
	uint16_t kind; /* enum tf_kind; 0: it is not plain */
	uint16_t move; /* the bits of enum tf_may that a remembered move needs, all of them */
	uint16_t fast; /* and header prediction */
};

/* In the order in which the usual segment's fields are asked for: its key and its numbers fill the first line of cache,
 * and all of it the second. */
struct tf_segment {
	int64_t ts_ns;   /* capture time, nanoseconds since the epoch */
	uint64_t packet; /* frame number in the capture, from 1 */

	struct tf_addr src, dst;
	uint16_t src_port, dst_port;

	tf_seq seq, ack; /* ack is meaningful only with TF_ACK */
	uint16_t flags;  /* enum tf_flag */
	uint16_t window; /* as it stands in the header, unscaled */

	uint32_t len;      /* octets of payload according to the IP header */
	uint16_t checksum; /* as it stands in the header */
	uint16_t urgent;

	uint32_t tsval, tsecr;  /* with TF_OPT_TIMESTAMPS, else 0 */
	uint16_t options;       /* enum tf_option */
	uint16_t mss;           /* with TF_OPT_MSS */
	uint8_t wscale;         /* with TF_OPT_WSCALE: as sent, may exceed 14 */
	uint8_t sack_count;     /* blocks at sack, at most TF_SACK_BLOCKS */
	uint8_t fast_open_len;  /* octets of cookie, with TF_OPT_FAST_OPEN */
	uint8_t checksum_state; /* enum tf_checksum */

	uint32_t wire_len;      /* octets of the whole frame on the wire */
	uint32_t payload_len;   /* octets at payload: at most len */
	const uint8_t *payload; /* the captured payload; valid during the call */
	uint16_t ip_id;         /* IPv4 identification; 0 for IPv6 */
	uint8_t ttl;            /* TTL or hop limit */
	uint8_t ip_version;     /* 4 or 6 */

	/* Set by tf_analyzer_prepare(), and for the analyzer alone. */
	uint32_t hash; /* of the key of its 4-tuple */
	struct tf_plain plain;
	bool is_copy; /* made by the capture, of a segment that came a moment ago */
	bool is_wide; /* the addresses are not both IPv4's */

	const uint8_t *sack; /* with TF_OPT_SACK: tf_segment_sack(); valid while payload is */
};

_Static_assert(sizeof(struct tf_segment) <= 128, "two lines of cache, from one thread to the other");

#define TF_SACK_BLOCK  8 /* octets */
#define TF_SACK_BLOCKS 4 /* more leave no room for the option itself */

/* Block AT of those that S reports, from 0 on: as in the header, each number with its most significant octet first
 * (RFC 2018 section 3). */
static inline struct tf_sack_block
tf_segment_sack(const struct tf_segment *s, unsigned at)
{
	const uint8_t *p = s->sack + (size_t)at * TF_SACK_BLOCK;
	uint32_t edge[2] = {0, 0};

	for (int i = 0; i < TF_SACK_BLOCK; i++)
		edge[i / 4] = edge[i / 4] << 8 | p[i];
	return (struct tf_sack_block){{edge[0]}, {edge[1]}};
}

/* The octets of sequence space that the segment occupies (SEG.LEN, RFC 9293 section 3.4):
 * SYN and FIN count as one each. */
static inline uint32_t
tf_segment_seg_len(const struct tf_segment *s)
{
	return s->len + ((s->flags & TF_SYN) != 0) + ((s->flags & TF_FIN) != 0);
}

/* The sequence number after the segment's last octet. */
static inline tf_seq
tf_segment_end(const struct tf_segment *s)
{
	return tf_seq_add(s->seq, tf_segment_seg_len(s));
}

#endif
