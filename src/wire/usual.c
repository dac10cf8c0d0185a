/*
 * The usual frame: Ethernet with at most one VLAN tag, IPv4 without options
 * and in one piece or IPv6 without extension headers, and TCP that was
 * captured as a whole.  Nearly every frame of nearly every capture is one,
 * so here a row of them is decoded in one go, with nothing called.
 *
 * Only recognition is done here.  A usual frame's segment is made by the
 * same code as any other's (tcp.h), and what is not surely usual is left to
 * the general decoder, which has the last word on what a frame is.  It is
 * compiled for each kind of processor, since with wide vectors some of that
 * code has a shorter form (wide.h).
 */
#include "tcpfsm/prefetch.h"
#include "wire/tcp.h"
#include "wire/wide.h"

enum {
	LINKTYPE_ETHERNET = 1,
	ETHERNET_HEADER = 14,
	VLAN_TAG = 4,
	IPV4_HEADER = 20,
	IPV6_HEADER = 40,
};

/* What there are faster ways for on some processors. */
struct means {
	/* START, which is small, and the sum of LEN octets at P modulo 65535. */
	uint64_t (*sum)(uint64_t start, const uint8_t *p, size_t len);
	/* Into S: both addresses of the IPv4 header at P; ports, numbers, flags and window of the TCP header at P. */
	void (*addresses)(struct tf_segment *s, const uint8_t *p);
	void (*numbers)(struct tf_segment *s, const uint8_t *p);
};

/* What the checksum of a usual segment covers, but for the rest of the pseudo-header: both addresses stand right
 * before it. */
struct covered {
	const uint8_t *p;
	uint32_t addresses, segment; /* octets */
};

/* The state of the checksum of what C covers. */
TF_INLINE enum tf_checksum
checksum(const struct means *m, const struct covered *c)
{
	uint64_t sum = m->sum(tf_sum_pseudo(c->segment), c->p, (size_t)c->addresses + c->segment);

	if (__builtin_expect(tf_sum_is_valid(sum), true))
		return TF_CHECKSUM_VALID;
	return tf_checksum_wrong(tf_sum_address(c->p, c->addresses), c->p + c->addresses, c->segment);
}

/* The segment of LEN octets at P into *S, but for what the IP header says, and for the state of its checksum, which
 * covers ADDRESSES octets before it; false where it is not usual. */
TF_INLINE bool
segment(const struct means *m, struct tf_segment *s, struct covered *c, const uint8_t *p, uint32_t len,
        uint32_t addresses)
{
	uint32_t header = tf_tcp_header_size(p);

	if (header - TF_TCP_HEADER > len - TF_TCP_HEADER)
		return false;
	*c = (struct covered){p - addresses, addresses, len};
	m->numbers(s, p);
	tf_tcp_rest(s, (struct tf_view){p, len, len}, header, header);
	return true;
}

/* TCP, and no fragment: of the IPv4 header at P what stands between its identification and its checksum. */
TF_INLINE bool
is_whole_tcp(const uint8_t *p)
{
	uint32_t word;

	memcpy(&word, p + 6, sizeof(word));
	return (word & htonl(0x3fff00ff)) == htonl(TF_IP_TCP);
}

/* IPv4 at P, of which LEFT octets were captured: enough for both headers. */
TF_INLINE bool
ipv4(const struct means *m, struct tf_segment *s, struct covered *c, const struct tf_frame *frame,
     const uint8_t *p, uint32_t left)
{
	uint32_t len = tf_get16(p + 2) - (uint32_t)IPV4_HEADER;

	if (p[0] != 0x45 || !is_whole_tcp(p) || len - TF_TCP_HEADER > left - IPV4_HEADER - TF_TCP_HEADER)
		return false;
	tf_tcp_envelope(s, frame, tf_get16(p + 4), p[8], 4);
	m->addresses(s, p);
	return segment(m, s, c, p + IPV4_HEADER, len, 8);
}

TF_INLINE bool
ipv6(const struct means *m, struct tf_segment *s, struct covered *c, const struct tf_frame *frame,
     const uint8_t *p, uint32_t left)
{
	uint32_t len = tf_get16(p + 4);

	if (left < IPV6_HEADER + TF_TCP_HEADER || p[0] >> 4 != 6 || p[6] != TF_IP_TCP ||
	    len - TF_TCP_HEADER > left - IPV6_HEADER - TF_TCP_HEADER)
		return false;
	tf_tcp_envelope(s, frame, 0, p[7], 6);
	tf_tcp_addresses(s, p + 8, p + 24, 6);
	return segment(m, s, c, p + IPV6_HEADER, len, 32);
}

TF_INLINE bool
decode(const struct means *m, struct tf_segment *s, struct covered *c, const struct tf_frame *frame)
{
	enum { LEAST = IPV4_HEADER + TF_TCP_HEADER }; /* more than is read unasked */
	const uint8_t *p = frame->data + ETHERNET_HEADER;
	uint32_t left = frame->caplen - ETHERNET_HEADER;

	if (frame->caplen < ETHERNET_HEADER + LEAST || frame->linktype != LINKTYPE_ETHERNET)
		return false;
	if (__builtin_expect(tf_is16(p - 2, TF_ETHERTYPE_VLAN), false)) {
		p += VLAN_TAG;
		left -= VLAN_TAG;
		if (left < LEAST)
			return false;
	}
	if (tf_is16(p - 2, TF_ETHERTYPE_IPV4))
		return ipv4(m, s, c, frame, p, left);
	return tf_is16(p - 2, TF_ETHERTYPE_IPV6) && ipv6(m, s, c, frame, p, left);
}

/* How many usual frames FRAMES begin with; their segments are in OUT, but for the states of their checksums. */
TF_INLINE size_t
decode_headers(const struct means *m, const struct tf_frame *frames, size_t count, struct tf_segment *out,
               struct covered *covered)
{
	enum { ROOM = 16 }; /* segments ahead; another thread may have looked at what was there */
	const struct tf_frame *frame = frames, *end = frames + count;

	for (; frame < end && decode(m, out, covered, frame); frame++, out++, covered++)
		tf_prefetch_lines(out + ROOM, sizeof *out);
	return (size_t)(frame - frames);
}

TF_INLINE void
sum_up(const struct means *m, const struct covered *covered, size_t count, struct tf_segment *out)
{
	for (const struct covered *c = covered; c < covered + count; c++, out++)
		out->checksum_state = (uint8_t)checksum(m, c);
}

/* Headers first, then sums: so neither loop has to do with what the other one needs, and what is independent
 * overlaps.  A stretch of frames is so short that what the first loop read is still near for the second. */
TF_INLINE size_t
decode_row(const struct means *m, const struct tf_decoder *d, const struct tf_frame *frames, size_t count,
           struct tf_segment *out)
{
	enum { STRETCH = 32 };
	struct covered covered[STRETCH];
	size_t done = 0, n;

	do {
		size_t most = count - done < STRETCH ? count - done : STRETCH;
		n = decode_headers(m, frames + done, most, out + done, covered);
		if (d->verify_checksums)
			sum_up(m, covered, n, out + done);
		done += n;
	} while (n == STRETCH);
	return done;
}

static uint64_t
plain_sum(uint64_t start, const uint8_t *p, size_t len)
{
	return tf_sum_octets(start, p, len);
}

static void
plain_addresses(struct tf_segment *s, const uint8_t *p)
{
	tf_tcp_addresses(s, p + 12, p + 16, 4);
}

static void
plain_numbers(struct tf_segment *s, const uint8_t *p)
{
	tf_tcp_numbers(s, p);
}

static size_t
plainly(struct tf_decoder *d, const struct tf_frame *frames, size_t count, struct tf_segment *out)
{
	static const struct means plain = {plain_sum, plain_addresses, plain_numbers};

	return decode_row(&plain, d, frames, count, out);
}

static bool
is_always_possible(void)
{
	return true;
}

#if defined(__x86_64__)
TF_WIDE_TARGET static size_t
with_avx2(struct tf_decoder *d, const struct tf_frame *frames, size_t count, struct tf_segment *out)
{
	static const struct means wide = {tf_wide_sum, tf_wide_addresses, tf_wide_numbers};

	return decode_row(&wide, d, frames, count, out);
}

TF_WIDER_TARGET static size_t
with_avx512(struct tf_decoder *d, const struct tf_frame *frames, size_t count, struct tf_segment *out)
{
	static const struct means wider = {tf_wider_sum, tf_wide_addresses, tf_wide_numbers};

	return decode_row(&wider, d, frames, count, out);
}
#endif

const struct tf_usual_form tf_usual_forms[TF_USUAL_FORMS] = {
#if defined(__x86_64__)
    {tf_wider_is_possible, with_avx512},
    {tf_wide_is_possible, with_avx2},
#endif
    {is_always_possible, plainly},
};

tf_usual_function *
tf_usual_for_processor(void)
{
	const struct tf_usual_form *form = tf_usual_forms;

	while (!form->is_possible())
		form++;
	return form->decode;
}
