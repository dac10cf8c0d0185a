/*
 * The usual frame: Ethernet with at most one VLAN tag, IPv4 without options
 * and in one piece or IPv6 without extension headers, and TCP that was
 * captured as a whole.  Nearly every frame of nearly every capture is one,
 * so here a row of them is decoded in one go, with nothing called.
 *
 * Only recognition is done here.  A usual frame's segment is made by the
 * same code as any other's (tcp.h), and what is not surely usual is left to
 * the general decoder, which has the last word on what a frame is.  It is
 * compiled twice, the second time for processors with wide vectors: that
 * halves what summing a full frame takes.
 */
#include "wire/tcp.h"

enum {
	LINKTYPE_ETHERNET = 1,
	ETHERNET_HEADER = 14,
	VLAN_TAG = 4,
	IPV4_HEADER = 20,
	IPV6_HEADER = 40,
};

/* The state of the checksum of the segment V.  Both addresses, ADDRESSES octets, stand right before it, and are
 * summed with it. */
TF_INLINE enum tf_checksum
checksum(struct tf_view v, uint32_t addresses)
{
	uint64_t sum = tf_sum_octets(tf_sum_pseudo(v.len), v.p - addresses, addresses + v.len);

	if (__builtin_expect(tf_sum_is_valid(sum), true))
		return TF_CHECKSUM_VALID;
	return tf_checksum_wrong(tf_sum_address(v.p - addresses, addresses), v.p, v.len);
}

/* The segment V behind IP into *S; false where it is not usual. */
TF_INLINE bool
segment(struct tf_segment *s, const struct tf_decoder *d, const struct tf_frame *frame,
        const struct tf_ip *ip, struct tf_view v)
{
	enum tf_checksum state = TF_CHECKSUM_UNVERIFIED;
	uint32_t header;

	if (v.len < TF_TCP_HEADER)
		return false;
	header = tf_tcp_header_size(v.p);
	if (header < TF_TCP_HEADER || header > v.len)
		return false;
	if (d->verify_checksums)
		state = checksum(v, ip->version == 4 ? 8 : 32);
	tf_tcp_segment(s, frame, ip, v, header);
	s->checksum_state = (uint8_t)state;
	return true;
}

/* IPv4 at P, of which LEFT octets were captured. */
TF_INLINE bool
ipv4(struct tf_segment *s, const struct tf_decoder *d, const struct tf_frame *frame, const uint8_t *p,
     uint32_t left)
{
	struct tf_ip ip = {p + 12, p + 16, tf_get16(p + 4), p[8], 4};
	uint32_t total = tf_get16(p + 2), len = total - IPV4_HEADER;

	return p[0] == 0x45 && p[9] == TF_IP_TCP && !(tf_get16(p + 6) & 0x3fff) &&
	       total >= IPV4_HEADER + TF_TCP_HEADER && total <= left &&
	       segment(s, d, frame, &ip, (struct tf_view){p + IPV4_HEADER, len, len});
}

TF_INLINE bool
ipv6(struct tf_segment *s, const struct tf_decoder *d, const struct tf_frame *frame, const uint8_t *p,
     uint32_t left)
{
	struct tf_ip ip = {p + 8, p + 24, 0, p[7], 6};
	uint32_t len = tf_get16(p + 4);

	return left >= IPV6_HEADER && len <= left - IPV6_HEADER && p[0] >> 4 == 6 && p[6] == TF_IP_TCP &&
	       segment(s, d, frame, &ip, (struct tf_view){p + IPV6_HEADER, len, len});
}

TF_INLINE bool
decode(struct tf_segment *s, const struct tf_decoder *d, const struct tf_frame *frame)
{
	enum { LEAST = ETHERNET_HEADER + IPV4_HEADER + TF_TCP_HEADER }; /* more than is read unasked */
	const uint8_t *p;
	uint32_t left;

	if (frame->caplen < LEAST || frame->linktype != LINKTYPE_ETHERNET)
		return false;
	p = frame->data + ETHERNET_HEADER;
	left = frame->caplen - ETHERNET_HEADER;
	if (__builtin_expect(tf_get16(p - 2) == TF_ETHERTYPE_VLAN, false)) {
		p += VLAN_TAG;
		left -= VLAN_TAG;
	}
	switch (tf_get16(p - 2)) {
	case TF_ETHERTYPE_IPV4:
		return ipv4(s, d, frame, p, left);
	case TF_ETHERTYPE_IPV6:
		return ipv6(s, d, frame, p, left);
	default:
		return false;
	}
}

TF_INLINE size_t
decode_row(const struct tf_decoder *d, const struct tf_frame *frames, size_t count, struct tf_segment *out)
{
	size_t n = 0;

	while (n < count && decode(&out[n], d, &frames[n]))
		n++;
	return n;
}

size_t
tf_usual_plainly(struct tf_decoder *d, const struct tf_frame *frames, size_t count, struct tf_segment *out)
{
	return decode_row(d, frames, count, out);
}

#if defined(__x86_64__)
__attribute__((target("avx2,bmi2"))) static size_t
with_avx2(struct tf_decoder *d, const struct tf_frame *frames, size_t count, struct tf_segment *out)
{
	return decode_row(d, frames, count, out);
}

tf_usual_function *
tf_usual_for_processor(void)
{
	bool has_both = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");

	return has_both ? with_avx2 : tf_usual_plainly;
}
#else
tf_usual_function *
tf_usual_for_processor(void)
{
	return tf_usual_plainly;
}
#endif
