/*
 * TCP options (RFC 9293 section 3.2 and those that define kinds of their
 * own), and segments as the general decoder meets them.
 *
 * Options are read as they stand, on whatever segment: whether one may be
 * there is the replica's business.  An option that does not have the length
 * that its kind demands is passed over, as receivers do.  Of an option that
 * is there twice, the last one counts.
 */
#include "wire/tcp.h"

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

static void
mss(struct tf_segment *s, const uint8_t *p)
{
	s->options |= TF_OPT_MSS;
	s->mss = tf_get16(p);
}

static void
window_scale(struct tf_segment *s, const uint8_t *p)
{
	s->options |= TF_OPT_WSCALE;
	s->wscale = *p;
}

/* RFC 2018 section 3. */
static void
sack(struct tf_segment *s, const uint8_t *p, uint32_t size)
{
	if (size == 0 || size % TF_SACK_BLOCK != 0)
		return;
	s->options |= TF_OPT_SACK;
	s->sack_count = (uint8_t)(size / TF_SACK_BLOCK);
	s->sack = p;
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
static inline void
option(struct tf_segment *s, uint8_t kind, const uint8_t *p, uint32_t size)
{
	switch (kind) {
	case KIND_MSS:
		if (size == 2)
			mss(s, p);
		break;
	case KIND_WSCALE:
		if (size == 1)
			window_scale(s, p);
		break;
	case KIND_SACK_PERMITTED:
		if (size == 0)
			s->options |= TF_OPT_SACK_PERMITTED;
		break;
	case KIND_SACK:
		sack(s, p, size);
		break;
	case KIND_TIMESTAMPS:
		if (size == 8)
			tf_tcp_timestamps(s, p);
		break;
	case KIND_FAST_OPEN:
		fast_open(s, size);
		break;
	case KIND_EXPERIMENT_2:
		if (size >= 2 && tf_get16(p) == 0xf989)
			fast_open(s, size - 2);
		break;
	case KIND_MPTCP:
		s->options |= TF_OPT_MPTCP;
		break;
	case KIND_MD5:
		if (size == 16)
			s->options |= TF_OPT_MD5;
		break;
	case KIND_AO:
		s->options |= TF_OPT_MD5;
		break;
	default:
		break;
	}
}

/* Why an option that claims OCTETS cannot be read, where the list has SIZE more, of which CAP were captured. */
static uint16_t
misfit(uint32_t octets, uint32_t size, uint32_t cap)
{
	bool is_cut = cap < 2 ? size >= 2 : octets >= 2 && octets <= size;

	return is_cut ? TF_OPT_CUT : TF_OPT_MALFORMED;
}

/* MSS, NOP, window scale, NOP, NOP, SACK permitted: an opening by Windows. */
static inline bool
opening_of_12(struct tf_segment *s, const uint8_t *p)
{
	if (tf_get16(p) != 0x0204 || (tf_get32(p + 4) & 0xffffff00) != 0x01030300 ||
	    tf_get32(p + 8) != 0x01010402)
		return false;
	mss(s, p + 2);
	window_scale(s, p + 7);
	s->options |= TF_OPT_SACK_PERMITTED;
	return true;
}

/* MSS, SACK permitted, timestamps, NOP, window scale: one by Linux. */
static inline bool
opening_of_20(struct tf_segment *s, const uint8_t *p)
{
	if (tf_get16(p) != 0x0204 || tf_get32(p + 4) != 0x0402080a ||
	    (tf_get32(p + 16) & 0xffffff00) != 0x01030300)
		return false;
	mss(s, p + 2);
	tf_tcp_timestamps(s, p + 8);
	window_scale(s, p + 19);
	s->options |= TF_OPT_SACK_PERMITTED;
	return true;
}

/* The SIZE octets of options at P, if they are what most openings bear: what each of them says would come out of
 * the loop, too, but later. */
static inline bool
usual_opening(struct tf_segment *s, const uint8_t *p, uint32_t size)
{
	switch (size) {
	case 4: /* MSS alone */
		if (tf_get16(p) != 0x0204)
			return false;
		mss(s, p + 2);
		return true;
	case 12:
		return opening_of_12(s, p);
	case 20:
		return opening_of_20(s, p);
	default:
		return false;
	}
}

void
tf_tcp_options(struct tf_segment *s, const uint8_t *p, uint32_t size, uint32_t cap)
{
	const uint8_t *end = p + cap, *wire_end = p + size;
	uint32_t octets;
	uint8_t kind;

	if (cap == size && usual_opening(s, p, size))
		return;
	for (; p < end && (kind = *p) != KIND_END; p += octets) {
		octets = 1;
		if (kind == KIND_NOP)
			continue;
		/* Looked at once: it may lie in a file that somebody is changing. */
		octets = end - p < 2 ? 0 : p[1];
		if (octets < 2 || octets > (size_t)(end - p)) {
			s->options |= misfit(octets, (uint32_t)(wire_end - p), (uint32_t)(end - p));
			return;
		}
		option(s, kind, p + 2, octets - 2);
	}
	if (p == end && end < wire_end)
		s->options |= TF_OPT_CUT;
}

/* Both addresses of the pseudo-header, which do not always stand side by side. */
static uint64_t
sum_of_addresses(const struct tf_ip *ip)
{
	uint32_t size = ip->version == 4 ? 4 : 16;

	return tf_sum_add(tf_sum_address(ip->src, size), tf_sum_address(ip->dst, size));
}

static enum tf_checksum
checksum(const struct tf_ip *ip, struct tf_view v)
{
	uint64_t addresses = sum_of_addresses(ip);
	uint64_t sum = tf_sum_octets(tf_sum_add(addresses, tf_sum_pseudo(v.len)), v.p, v.len);

	return tf_sum_is_valid(sum) ? TF_CHECKSUM_VALID : tf_checksum_wrong(addresses, v.p, v.len);
}

enum tf_wire_result
tf_tcp(struct tf_decoder *d, const struct tf_ip *ip, struct tf_view v)
{
	struct tf_segment *s = d->out;
	uint32_t header;

	if (v.cap < TF_TCP_HEADER)
		return tf_pass_over(d, TF_SKIP_TRUNCATED);
	header = tf_tcp_header_size(v.p);
	if (header < TF_TCP_HEADER || header > v.len)
		return tf_pass_over(d, TF_SKIP_MALFORMED);
	tf_tcp_envelope(s, d->frame, ip->id, ip->ttl, ip->version);
	tf_tcp_addresses(s, ip->src, ip->dst, ip->version);
	tf_tcp_numbers(s, v.p);
	tf_tcp_rest(s, v, header, header <= v.cap ? header : v.cap);
	if (d->verify_checksums && v.cap == v.len)
		s->checksum_state = (uint8_t)checksum(ip, v);
	d->stats.segments++;
	return TF_WIRE_SEGMENT;
}
