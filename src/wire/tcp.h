/*
 * The TCP header, its options and its checksum (RFC 9293 sections 3.1 and
 * 3.2), into a struct tf_segment.
 *
 * Inline, since there are two who come here: the general decoder (tcp.c) and
 * the one for usual frames (usual.c), where the compiler knows the IP
 * version and that nothing is cut.  What they make of a header is one and
 * the same.
 */
#ifndef TCPFSM_WIRE_TCP_H
#define TCPFSM_WIRE_TCP_H

#include "wire/checksum.h"
#include "wire/decoder.h"

enum {
	TF_TCP_HEADER = 20,
	TF_TIMESTAMPS_ALONE = TF_TCP_HEADER + 12, /* a header with NOP, NOP, timestamps: most there are */
};

/* The options: SIZE octets at P, of which the first CAP were captured (tcp.c). */
void tf_tcp_options(struct tf_segment *s, const uint8_t *p, uint32_t size, uint32_t cap);

TF_INLINE void
tf_tcp_timestamps(struct tf_segment *s, const uint8_t *p)
{
	s->options |= TF_OPT_TIMESTAMPS;
	s->tsval = tf_get32(p);
	s->tsecr = tf_get32(p + 4);
}

TF_INLINE void
tf_tcp_envelope(struct tf_segment *s, const struct tf_frame *frame, uint16_t ip_id, uint8_t ttl,
                uint8_t version)
{
	s->ts_ns = frame->ts_ns;
	s->packet = frame->packet;
	s->wire_len = frame->len > frame->caplen ? frame->len : frame->caplen;
	s->ip_id = ip_id;
	s->ttl = ttl;
	s->ip_version = version;
}

TF_INLINE void
tf_tcp_addresses(struct tf_segment *s, const uint8_t *src, const uint8_t *dst, uint8_t version)
{
	s->src = tf_addr_of(src, version);
	s->dst = tf_addr_of(dst, version);
}

/* Ports, numbers, flags and window of the header at P. */
TF_INLINE void
tf_tcp_numbers(struct tf_segment *s, const uint8_t *p)
{
	s->src_port = tf_get16(p);
	s->dst_port = tf_get16(p + 2);
	s->seq = tf_seq_of(tf_get32(p + 4));
	s->ack = tf_seq_of(tf_get32(p + 8));
	s->flags = tf_tcp_flags(p);
	s->window = tf_get16(p + 14);
}

TF_INLINE void
tf_tcp_nothing_optional(struct tf_segment *s)
{
	s->tsval = 0;
	s->tsecr = 0;
	s->options = 0;
	s->mss = 0;
	s->wscale = 0;
	s->sack_count = 0;
	s->fast_open_len = 0;
	s->checksum_state = TF_CHECKSUM_UNVERIFIED;
}

/* The octets of the header that begins at P, of which 13 may be read. */
TF_INLINE uint32_t
tf_tcp_header_size(const uint8_t *p)
{
	return (p[12] >> 4) * 4u;
}

/* NOP, NOP, timestamps of their one length. */
TF_INLINE bool
tf_tcp_are_usual_options(const uint8_t *p)
{
	return tf_get32(p) == 0x0101080a;
}

/* What is left of the segment V, with a header of HEADER octets of which CAPTURED were captured: the end of the
 * fixed header, the options, and what payload there is. */
TF_INLINE void
tf_tcp_rest(struct tf_segment *s, struct tf_view v, uint32_t header, uint32_t captured)
{
	s->checksum = tf_get16(v.p + 16);
	s->urgent = tf_get16(v.p + 18);
	s->len = v.len - header;
	s->payload_len = v.cap - captured;
	s->payload = v.p + captured;
	tf_tcp_nothing_optional(s);
	if (captured == TF_TIMESTAMPS_ALONE && tf_tcp_are_usual_options(v.p + TF_TCP_HEADER))
		tf_tcp_timestamps(s, v.p + TF_TCP_HEADER + 4);
	else if (header > TF_TCP_HEADER)
		tf_tcp_options(s, v.p + TF_TCP_HEADER, header - TF_TCP_HEADER, captured - TF_TCP_HEADER);
}

#endif
