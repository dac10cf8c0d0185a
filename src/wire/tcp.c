/*
 * The TCP header, its options and its checksum (RFC 9293 sections 3.1 and
 * 3.2), into a struct tf_segment.
 *
 * Options are read as they stand, on whatever segment: whether one may be
 * there is the replica's business.  An option that does not have the length
 * that its kind demands is passed over, as receivers do.  Of an option that
 * is there twice, the last one counts.
 */
#include "wire/checksum.h"
#include "wire/decoder.h"

enum {
	TCP_HEADER = 20,
	TIMESTAMPS_ALONE = TCP_HEADER + 12, /* a header with NOP, NOP, timestamps: most there are */
};

/* IANA's option kinds. */
enum kind {
	KIND_END = 0,
	KIND_NOP = 1,
	KIND_MSS = 2,
	KIND_WSCALE = 3,
	KIND_SACK_PERMITTED = 4,
	KIND_SACK = 5,
	KIND_TIMESTAMPS = 8,
	KIND_MD5 = 19,
	KIND_AO = 29,
	KIND_MPTCP = 30,
	KIND_FAST_OPEN = 34,
	KIND_EXPERIMENT_2 = 254,
};

uint16_t
tf_tcp_flags(const uint8_t *p)
{
	return tf_get16(p + 12) & 0x1ff;
}

static void
timestamps(struct tf_segment *s, const uint8_t *p)
{
	s->options |= TF_OPT_TIMESTAMPS;
	s->tsval = tf_get32(p);
	s->tsecr = tf_get32(p + 4);
}

/* RFC 2018 section 3. */
static void
sack(struct tf_segment *s, const uint8_t *p, uint32_t size)
{
	if (size == 0 || size % 8 != 0)
		return;
	s->options |= TF_OPT_SACK;
	s->sack_count = (uint8_t)(size / 8);
	for (uint32_t i = 0; i < s->sack_count; i++) {
		s->sack[i].left = tf_seq_of(tf_get32(p + i * 8));
		s->sack[i].right = tf_seq_of(tf_get32(p + i * 8 + 4));
	}
}

/* RFC 7413 section 4.1.1: no cookie, or one of 4 to 16 octets of an even number. */
static void
fast_open(struct tf_segment *s, uint32_t cookie)
{
	if (cookie != 0 && (cookie < 4 || cookie > 16 || cookie % 2 != 0))
		return;
	s->options |= TF_OPT_FAST_OPEN;
	s->fast_open_len = (uint8_t)cookie;
}

/* One option: SIZE octets of content at P. */
static void
option(struct tf_segment *s, uint8_t kind, const uint8_t *p, uint32_t size)
{
	if (kind == KIND_MSS && size == 2) {
		s->options |= TF_OPT_MSS;
		s->mss = tf_get16(p);
	} else if (kind == KIND_WSCALE && size == 1) {
		s->options |= TF_OPT_WSCALE;
		s->wscale = *p;
	} else if (kind == KIND_SACK_PERMITTED && size == 0) {
		s->options |= TF_OPT_SACK_PERMITTED;
	} else if (kind == KIND_SACK) {
		sack(s, p, size);
	} else if (kind == KIND_TIMESTAMPS && size == 8) {
		timestamps(s, p);
	} else if (kind == KIND_FAST_OPEN) {
		fast_open(s, size);
	} else if (kind == KIND_EXPERIMENT_2 && size >= 2 && tf_get16(p) == 0xf989) {
		fast_open(s, size - 2);
	} else if (kind == KIND_MPTCP) {
		s->options |= TF_OPT_MPTCP;
	} else if ((kind == KIND_MD5 && size == 16) || kind == KIND_AO) {
		s->options |= TF_OPT_MD5;
	}
}

/* The list of SIZE octets at P, of which the first CAP were captured (RFC 9293 section 3.2). */
static void
options(struct tf_segment *s, const uint8_t *p, uint32_t size, uint32_t cap)
{
	uint32_t at = 0;

	while (at < cap && p[at] != KIND_END) {
		uint32_t left = size - at;

		if (p[at] == KIND_NOP) {
			at++;
			continue;
		}
		if (left >= 2 && cap - at < 2)
			break;
		if (left < 2 || p[at + 1] < 2 || p[at + 1] > left) {
			s->options |= TF_OPT_MALFORMED;
			return;
		}
		if (p[at + 1] > cap - at)
			break;
		option(s, p[at], p + at + 2, p[at + 1] - 2u);
		at += p[at + 1];
	}
	if (cap < size && (at >= cap || p[at] != KIND_END))
		s->options |= TF_OPT_CUT;
}

/* The sum of both addresses of the pseudo-header, which do not always stand side by side. */
static uint64_t
sum_of_addresses(const struct tf_ip *ip)
{
	uint32_t src, dst;

	if (ip->version == 6)
		return tf_sum_add(tf_sum_add(0, ip->src, 16), ip->dst, 16);
	memcpy(&src, ip->src, sizeof(src));
	memcpy(&dst, ip->dst, sizeof(dst));
	return (uint64_t)src + dst;
}

static void
fixed_header(struct tf_segment *s, const uint8_t *p)
{
	s->src_port = tf_get16(p);
	s->dst_port = tf_get16(p + 2);
	s->seq = tf_seq_of(tf_get32(p + 4));
	s->ack = tf_seq_of(tf_get32(p + 8));
	s->flags = tf_tcp_flags(p);
	s->window = tf_get16(p + 14);
	s->checksum = tf_get16(p + 16);
	s->urgent = tf_get16(p + 18);
}

static void
envelope(struct tf_segment *s, const struct tf_frame *frame, const struct tf_ip *ip)
{
	s->ts_ns = frame->ts_ns;
	s->packet = frame->packet;
	s->wire_len = frame->len > frame->caplen ? frame->len : frame->caplen;
	s->src = tf_addr_of(ip->src, ip->version);
	s->dst = tf_addr_of(ip->dst, ip->version);
	s->ip_id = ip->id;
	s->ttl = ip->ttl;
	s->ip_version = ip->version;
}

static void
no_options(struct tf_segment *s)
{
	s->options = 0;
	s->mss = 0;
	s->wscale = 0;
	s->sack_count = 0;
	s->fast_open_len = 0;
	s->tsval = 0;
	s->tsecr = 0;
}

enum tf_wire_result
tf_tcp(struct tf_decoder *d, const struct tf_ip *ip, struct tf_view v)
{
	static const uint8_t usual[4] = {KIND_NOP, KIND_NOP, KIND_TIMESTAMPS, 10};
	struct tf_segment *s = d->out;
	uint32_t header, captured;

	if (v.cap < TCP_HEADER)
		return tf_pass_over(d, TF_SKIP_TRUNCATED);
	header = (v.p[12] >> 4) * 4u;
	if (header < TCP_HEADER || header > v.len)
		return tf_pass_over(d, TF_SKIP_MALFORMED);
	captured = header < v.cap ? header : v.cap;
	envelope(s, d->frame, ip);
	fixed_header(s, v.p);
	no_options(s);
	if (captured == TIMESTAMPS_ALONE && memcmp(v.p + TCP_HEADER, usual, sizeof(usual)) == 0)
		timestamps(s, v.p + TCP_HEADER + sizeof(usual));
	else if (header > TCP_HEADER)
		options(s, v.p + TCP_HEADER, header - TCP_HEADER, captured - TCP_HEADER);
	s->len = v.len - header;
	s->payload = v.p + captured;
	s->payload_len = v.cap - captured;
	s->checksum_state = TF_CHECKSUM_UNVERIFIED;
	if (d->verify_checksums && v.cap == v.len)
		s->checksum_state = (uint8_t)tf_checksum_classify(sum_of_addresses(ip), v.p, v.len);
	d->stats.segments++;
	return TF_WIRE_SEGMENT;
}
