/*
 * The decoder: link layers, IP with its fragments, TCP with its options and
 * checksum, ICMP errors.
 *
 * Frames are put together here octet by octet after the RFCs' diagrams; what
 * must come out is what was put in.  Checksums are made by a summing loop of
 * the test's own (RFC 1071 section 4.1).  Each frame is decoded from a heap
 * block of exactly its captured length, so that a sanitizer sees any octet
 * read beyond it.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tcpfsm/icmp.h"
#include "unit.h"
#include "wire/checksum.h"
#include "wire/decoder.h"
#include "wire/tcp.h"
#include "wire/wide.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))
#define SECOND      INT64_C(1000000000)

enum {
	ETHERNET = 1,
	RAW = 101,
	IPV4_HEADER = 20,
	TCP = 6,
	UDP = 17,
	MORE = 0x2000, /* IPv4's more-fragments bit */
};

/* Octets being put together. */
struct bytes {
	uint8_t p[70000];
	uint32_t n;
};

/* Allocations that still succeed; -1: all.  The linker puts these in the place of the C library's (--wrap). */
static int allocations_left = -1;

void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *old, size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *old, size_t n);

static bool
may_allocate(void)
{
	if (allocations_left > 0)
		allocations_left--;
	else if (allocations_left == 0)
		return false;
	return true;
}

void *
__wrap_calloc(size_t count, size_t n)
{
	return may_allocate() ? __real_calloc(count, n) : NULL;
}

void *
__wrap_realloc(void *old, size_t n)
{
	return may_allocate() ? __real_realloc(old, n) : NULL;
}

/* What the decoder made of the last frame. */
static struct tf_decoder *decoder;
static struct tf_segment seg;
static uint8_t *frame_octets;

/* The decoders of usual frames; where this processor cannot do what one is for, it is one more of the last. */
static struct tf_decoder *usual[TF_USUAL_FORMS];
static bool was_usual; /* the last frame, to both */

static void
begin_with(struct tf_decoder_options options)
{
	decoder = tf_decoder_new(&options);
	CU_ASSERT_PTR_NOT_NULL_FATAL(decoder);
	for (size_t i = 0; i < COUNT_OF(usual); i++) {
		usual[i] = tf_decoder_new(&options);
		CU_ASSERT_PTR_NOT_NULL_FATAL(usual[i]);
		const struct tf_usual_form *form = &tf_usual_forms[i];
		usual[i]->usual =
		    form->is_possible() ? form->decode : tf_usual_forms[TF_USUAL_FORMS - 1].decode;
	}
}

static void
begin(void)
{
	begin_with(TF_DECODER_DEFAULTS);
}

static void
end(void)
{
	const struct tf_decoder_stats *stats = tf_decoder_stats(decoder);
	uint64_t sum = stats->segments;

	for (int i = 0; i < TF_SKIP_COUNT; i++)
		sum += stats->skipped[i];
	CU_ASSERT_EQUAL(stats->frames, sum);
	tf_decoder_free(decoder);
	for (size_t i = 0; i < COUNT_OF(usual); i++)
		tf_decoder_free(usual[i]);
	free(frame_octets);
	frame_octets = NULL;
}

/* The general decoder made seg of FRAME, with RESULT: where a frame is usual, that is what must come out. */
static void
compare_usual(const struct tf_frame *frame, enum tf_wire_result result)
{
	size_t agreed = 0;

	for (size_t i = 0; i < COUNT_OF(usual); i++) {
		const struct tf_decoder_stats *stats = tf_decoder_stats(usual[i]);
		struct tf_decoder_stats before = *stats;
		struct tf_segment s;

		memset(&s, 0xee, sizeof(s));
		size_t n = tf_decoder_usual(usual[i], frame, 1, &s);
		CU_ASSERT(stats->frames == before.frames + n && stats->segments == before.segments + n);
		CU_ASSERT(n == 0 || (result == TF_WIRE_SEGMENT && memcmp(&s, &seg, sizeof(s)) == 0));
		agreed += n;
	}
	CU_ASSERT(agreed == 0 || agreed == COUNT_OF(usual));
	was_usual = agreed > 0;
}

/* Decode B as a frame of which CAPLEN octets were captured, at TIME. */
static enum tf_wire_result
decode_at(int linktype, const struct bytes *b, uint32_t caplen, int64_t time)
{
	struct tf_frame frame = {
	    .ts_ns = time, .packet = 7, .caplen = caplen, .len = b->n, .linktype = linktype};

	free(frame_octets);
	frame_octets = malloc(caplen > 0 ? caplen : 1);
	CU_ASSERT_PTR_NOT_NULL_FATAL(frame_octets);
	memcpy(frame_octets, b->p, caplen);
	frame.data = frame_octets;
	memset(&seg, 0xee, sizeof(seg));
	enum tf_wire_result result = tf_decoder_frame(decoder, &frame, &seg);
	compare_usual(&frame, result);
	return result;
}

static enum tf_wire_result
decode(int linktype, const struct bytes *b)
{
	return decode_at(linktype, b, b->n, 0);
}

/* Whether B is counted as KIND, once, and nothing else. */
static bool
skips(int linktype, const struct bytes *b, enum tf_skip kind)
{
	uint64_t before = tf_decoder_stats(decoder)->skipped[kind];

	return decode(linktype, b) == TF_WIRE_SKIPPED &&
	       tf_decoder_stats(decoder)->skipped[kind] == before + 1;
}

static void
put(struct bytes *b, const void *p, size_t n)
{
	CU_ASSERT_FATAL(b->n + n <= sizeof(b->p));
	memcpy(b->p + b->n, p, n);
	b->n += (uint32_t)n;
}

static void
put8(struct bytes *b, unsigned v)
{
	put(b, &(uint8_t){(uint8_t)v}, 1);
}

static void
put16(struct bytes *b, unsigned v)
{
	put8(b, v >> 8);
	put8(b, v & 0xff);
}

static void
put32(struct bytes *b, uint32_t v)
{
	put16(b, v >> 16);
	put16(b, v & 0xffff);
}

static void
set16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* RFC 1071 section 4.1, two octets at a time. */
static uint32_t
plain_sum(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static const uint8_t client4[4] = {192, 0, 2, 1}, server4[4] = {198, 51, 100, 2}, hop4[4] = {203, 0, 113, 9};
static const uint8_t client6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
static const uint8_t server6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 2};
static const uint8_t hop6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 9};

static uint32_t
pseudo_sum(int version, uint32_t len)
{
	struct bytes b = {.n = 0};

	put(&b, version == 4 ? client4 : client6, version == 4 ? 4 : 16);
	put(&b, version == 4 ? server4 : server6, version == 4 ? 4 : 16);
	put32(&b, len);
	put32(&b, TCP);
	return plain_sum(b.p, b.n);
}

/* A segment with these OPTIONS and N octets of payload counting up from 'a', and a right checksum. */
static void
put_tcp_with(struct bytes *b, int version, const void *options, size_t options_len, uint32_t n)
{
	uint32_t at = b->n, sum;

	put16(b, 0x1234); /* ports */
	put16(b, 0x0050);
	put32(b, 0x01020304); /* sequence number */
	put32(b, 0xa0b0c0d0); /* acknowledgment number */
	put16(b, (unsigned)(20 + options_len) / 4 << 12 | TF_ACK | TF_PSH);
	put16(b, 0x4321); /* window */
	put16(b, 0);
	put16(b, 0x0007); /* urgent pointer */
	put(b, options, options_len);
	for (uint32_t i = 0; i < n; i++)
		put8(b, 'a' + i % 26);
	sum = pseudo_sum(version, b->n - at) + plain_sum(b->p + at, b->n - at);
	sum = (sum & 0xffff) + (sum >> 16);
	set16(b->p + at + 16, ~sum & 0xffff);
}

static void
put_tcp(struct bytes *b, int version, uint32_t n)
{
	put_tcp_with(b, version, "", 0, n);
}

/* An IPv4 header in front of N octets; FRAGMENT is the field of flags and offset. */
static void
put_ipv4(struct bytes *b, unsigned protocol, uint32_t n, unsigned id, unsigned fragment)
{
	put16(b, 0x4500);
	put16(b, IPV4_HEADER + n);
	put16(b, id);
	put16(b, fragment);
	put8(b, 61);
	put8(b, protocol);
	put16(b, 0);
	put(b, client4, 4);
	put(b, server4, 4);
}

static void
put_ipv6(struct bytes *b, unsigned next, uint32_t n)
{
	put32(b, 0x60000000);
	put16(b, n);
	put8(b, next);
	put8(b, 62);
	put(b, client6, 16);
	put(b, server6, 16);
}

/* A whole datagram with a segment of N octets. */
static void
put_datagram(struct bytes *b, int version, uint32_t n)
{
	if (version == 4)
		put_ipv4(b, TCP, 20 + n, 0x1122, 0x4000);
	else
		put_ipv6(b, TCP, 20 + n);
	put_tcp(b, version, n);
}

static void
put_ethernet(struct bytes *b, unsigned type)
{
	put(b, "\x02\0\0\0\0\1\x02\0\0\0\0\2", 12);
	put16(b, type);
}

static bool
is_addr(struct tf_addr a, const uint8_t *p, int version)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (version == 4)
		return memcmp(a.byte, mapped, 12) == 0 && memcmp(a.byte + 12, p, 4) == 0;
	return memcmp(a.byte, p, 16) == 0;
}

/* Whether seg is put_tcp()'s segment with N octets, whole and with a right checksum. */
static bool
is_whole_segment(int version, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (seg.payload[i] != 'a' + i % 26)
			return false;
	return is_addr(seg.src, version == 4 ? client4 : client6, version) &&
	       is_addr(seg.dst, version == 4 ? server4 : server6, version) && seg.src_port == 0x1234 &&
	       seg.seq.v == 0x01020304 && seg.ip_version == version && seg.len == n && seg.payload_len == n &&
	       seg.checksum_state == TF_CHECKSUM_VALID;
}

/* ---- link layers ---- */

#define OCTETS(s) s, sizeof(s) - 1
#define MACS      "\x02\0\0\0\0\1\x02\0\0\0\0\2"

static const struct {
	const char *name;
	int linktype;
	const char *header;
	size_t size;
	int version;
} links[] = {
    {"Ethernet", 1, OCTETS(MACS "\x08\x00"), 4},
    {"Ethernet, IPv6", 1, OCTETS(MACS "\x86\xdd"), 6},
    {"VLAN tag", 1, OCTETS(MACS "\x81\x00\x00\x05\x08\x00"), 4},
    {"802.1ad, two tags", 1, OCTETS(MACS "\x88\xa8\x00\x05\x81\x00\x20\x06\x86\xdd"), 6},
    {"three tags of the old numbers", 1, OCTETS(MACS "\x91\x00\0\5\x92\x00\0\6\x81\x00\0\7\x08\x00"), 4},
    {"E-tag", 1, OCTETS(MACS "\x89\x3f\0\1\0\2\0\3\x08\x00"), 4},
    {"PPPoE session", 1, OCTETS(MACS "\x88\x64\x11\x00\x00\x01\x00\x2e\x00\x21"), 4},
    {"VLAN tag, PPPoE", 1, OCTETS(MACS "\x81\0\0\5\x88\x64\x11\x00\x00\x01\x00\x42\x00\x57"), 6},
    {"MPLS, two labels", 1, OCTETS(MACS "\x88\x47\x00\x01\x00\x40\x00\x02\x01\x40"), 4},
    {"MPLS, IPv6", 1, OCTETS(MACS "\x88\x48\x00\x02\x01\x40"), 6},
    {"802.3, SNAP", 1, OCTETS(MACS "\x00\x34\xaa\xaa\x03\0\0\0\x08\x00"), 4},
    {"802.3, SNAP of a bridge", 1, OCTETS(MACS "\x00\x48\xaa\xaa\x03\0\0\xf8\x86\xdd"), 6},
    {"802.3, LLC of IP", 1, OCTETS(MACS "\x00\x2f\x06\x06\x03"), 4},
    {"802.3, LLC of NLPIDs", 1, OCTETS(MACS "\x00\x30\xfe\xfe\x03\xcc"), 4},
    {"NULL, little endian", 0, OCTETS("\2\0\0\0"), 4},
    {"NULL, big endian", 0, OCTETS("\0\0\0\2"), 4},
    {"NULL, IPv6 of Linux", 0, OCTETS("\x0a\0\0\0"), 6},
    {"NULL, IPv6 of Windows", 0, OCTETS("\x17\0\0\0"), 6},
    {"NULL, IPv6 of NetBSD and OpenBSD", 0, OCTETS("\0\0\0\x18"), 6},
    {"NULL, IPv6 of FreeBSD", 0, OCTETS("\x1c\0\0\0"), 6},
    {"NULL, IPv6 of Darwin", 0, OCTETS("\x1e\0\0\0"), 6},
    {"LOOP", 108, OCTETS("\0\0\0\2"), 4},
    {"LOOP, IPv6", 108, OCTETS("\0\0\0\x18"), 6},
    {"SLIP", 8, OCTETS("\0\x45\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), 4},
    {"PPP in HDLC framing", 9, OCTETS("\xff\x03\x00\x21"), 4},
    {"PPP without address and control", 9, OCTETS("\x00\x57"), 6},
    {"PPP, protocol of one octet", 9, OCTETS("\x21"), 4},
    {"PPP, MPLS", 9, OCTETS("\xff\x03\x02\x81\x00\x01\x01\x40"), 4},
    {"DLT_RAW", 12, "", 0, 4},
    {"DLT_RAW, IPv6", 12, "", 0, 6},
    {"OpenBSD's DLT_RAW", 14, "", 0, 6},
    {"PPP_HDLC", 50, OCTETS("\xff\x03\x00\x21"), 4},
    {"PPP_HDLC of a Cisco line", 50, OCTETS("\x0f\x00\x08\x00"), 4},
    {"PPP_ETHER", 51, OCTETS("\x11\x00\x00\x01\x00\x2e\x00\x21"), 4},
    {"ATM_RFC1483", 100, OCTETS("\xaa\xaa\x03\0\0\0\x08\x00"), 4},
    {"RAW", 101, "", 0, 4},
    {"RAW, IPv6", 101, "", 0, 6},
    {"C_HDLC", 104, OCTETS("\x8f\x00\x86\xdd"), 6},
    {"FRELAY, NLPID", 107, OCTETS("\x04\x01\x03\xcc"), 4},
    {"FRELAY, padding and SNAP", 107, OCTETS("\x04\x01\x03\x00\x80\0\0\0\x86\xdd"), 6},
    {"FRELAY, address of four octets, IPv6", 107, OCTETS("\x04\x00\x00\x01\x03\x8e"), 6},
    {"FRELAY of Cisco", 107, OCTETS("\x04\x01\x08\x00"), 4},
    {"LINUX_SLL", 113, OCTETS("\0\0\0\1\0\6\2\0\0\0\0\1\0\0\x08\x00"), 4},
    {"LINUX_SLL, VLAN tag", 113, OCTETS("\0\0\0\1\0\6\2\0\0\0\0\1\0\0\x81\x00\0\5\x86\xdd"), 6},
    {"LINUX_SLL, LLC", 113, OCTETS("\0\0\0\1\0\6\2\0\0\0\0\1\0\0\0\4\xaa\xaa\x03\0\0\0\x08\x00"), 4},
    {"PPP_WITH_DIR", 204, OCTETS("\x01\xff\x03\x00\x21"), 4},
    {"IPV4", 228, "", 0, 4},
    {"IPV6", 229, "", 0, 6},
    {"NFLOG", 239, OCTETS("\2\0\0\1\5\0\x0a\0p\0\0\0\x30\0\x09\0"), 4},
    {"LINUX_SLL2", 276, OCTETS("\x86\xdd\0\0\0\0\0\3\0\1\4\6\2\0\0\0\0\1\0\0"), 6},
};

static void
each_link_layer_leads_to_the_segment(void)
{
	begin();
	for (size_t i = 0; i < COUNT_OF(links); i++) {
		struct bytes b = {.n = 0};
		bool good;

		put(&b, links[i].header, links[i].size);
		put_datagram(&b, links[i].version, 4);
		good =
		    decode(links[i].linktype, &b) == TF_WIRE_SEGMENT && is_whole_segment(links[i].version, 4);
		if (!good)
			printf("# %s\n", links[i].name);
		CU_ASSERT(good);
	}
	end();
}

/* A layer that needs N octets must not read the N-1 it has as if they were all. */
static void
a_link_header_cut_anywhere_is_truncated(void)
{
	begin();
	for (size_t i = 0; i < COUNT_OF(links); i++) {
		struct bytes b = {.n = 0};

		put(&b, links[i].header, links[i].size);
		put_datagram(&b, links[i].version, 4);
		for (uint32_t cap = 0; cap < links[i].size; cap++)
			CU_ASSERT(decode_at(links[i].linktype, &b, cap, 0) == TF_WIRE_SKIPPED);
		/* a whole link header alone: no link layer takes itself for something else */
		CU_ASSERT(decode_at(links[i].linktype, &b, (uint32_t)links[i].size, 0) == TF_WIRE_SKIPPED);
	}
	CU_ASSERT_EQUAL(tf_decoder_stats(decoder)->skipped[TF_SKIP_TRUNCATED],
	                tf_decoder_stats(decoder)->frames);
	end();
}

static const struct {
	const char *name;
	int linktype;
	const char *frame;
	size_t size;
	enum tf_skip kind;
} others[] = {
    {"ARP", 1, OCTETS(MACS "\x08\x06\0\1"), TF_SKIP_ARP},
    {"RARP", 1, OCTETS(MACS "\x80\x35\0\1"), TF_SKIP_ARP},
    {"ARP behind a tag", 1, OCTETS(MACS "\x81\x00\0\5\x08\x06\0\1"), TF_SKIP_ARP},
    {"LLDP", 1, OCTETS(MACS "\x88\xcc\x02\x07"), TF_SKIP_ETHERNET_OTHER},
    {"EtherType just above a length", 1, OCTETS(MACS "\x05\xdd\xaa\xaa\x03"), TF_SKIP_ETHERNET_OTHER},
    {"spanning tree", 1, OCTETS(MACS "\x00\x26\x42\x42\x03\0\0"), TF_SKIP_LINK_OTHER},
    {"SNAP of Cisco", 1, OCTETS(MACS "\x00\x20\xaa\xaa\x03\0\0\x0c\x20\0"), TF_SKIP_LINK_OTHER},
    {"NLPID of IS-IS", 1, OCTETS(MACS "\x00\x20\xfe\xfe\x03\x83"), TF_SKIP_LINK_OTHER},
    {"pseudowire in MPLS", 1, OCTETS(MACS "\x88\x47\x00\x01\x01\x40\0\0\0\0"), TF_SKIP_LINK_OTHER},
    {"PPPoE of another version", 1, OCTETS(MACS "\x88\x64\x21\x00\0\1\0\4\0\x21"), TF_SKIP_MALFORMED},
    {"PPP's link control", 9, OCTETS("\xff\x03\xc0\x21\1\1"), TF_SKIP_LINK_OTHER},
    {"AppleTalk on a loopback", 0, OCTETS("\x10\0\0\0\1"), TF_SKIP_LINK_OTHER},
    {"compressed SLIP", 8, OCTETS("\0\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"), TF_SKIP_LINK_OTHER},
    {"SLIP with a connection number", 8, OCTETS("\0\x75\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"), TF_SKIP_LINK_OTHER},
    {"frame relay without an end of address", 107, OCTETS("\2\2\2\2\2\2\2\2"), TF_SKIP_MALFORMED},
    {"cooked, Novell", 113, OCTETS("\0\0\0\1\0\6\2\0\0\0\0\1\0\0\0\1\xff"), TF_SKIP_LINK_OTHER},
    {"NFLOG, size below its header", 239, OCTETS("\2\0\0\1\3\0\1\0"), TF_SKIP_MALFORMED},
    {"USB", 220, OCTETS("\0\1\2\3"), TF_SKIP_UNKNOWN_LINKTYPE},
    {"a negative number", -5, OCTETS("\0\1\2\3"), TF_SKIP_UNKNOWN_LINKTYPE},
    {"IPv4 with version 5", 1, OCTETS(MACS "\x08\0\x55\0\0\x14\0\0\0\0\1\6\0\0\1\1\1\1\2\2\2\2"),
     TF_SKIP_MALFORMED},
    {"IPv4 with a header of 16", 1, OCTETS(MACS "\x08\0\x44\0\0\x14\0\0\0\0\1\6\0\0\1\1\1\1\2\2\2\2"),
     TF_SKIP_MALFORMED},
    {"IPv4 shorter than its header", 1, OCTETS(MACS "\x08\0\x45\0\0\x13\0\0\0\0\1\6\0\0\1\1\1\1\2\2\2\2"),
     TF_SKIP_MALFORMED},
    {"IPv4 cut within its options", 101, OCTETS("\x47\0\0\x40\0\0\0\0\1\6\0\0\1\1\1\1\2\2\2\2\1\1\1"),
     TF_SKIP_TRUNCATED},
    {"IPv6 with version 4", 229, OCTETS(MACS MACS MACS "\0\0\0\0"), TF_SKIP_MALFORMED},
    {"nothing", 101, "", 0, TF_SKIP_TRUNCATED},
};

static void
what_is_not_tcp_is_counted_by_kind(void)
{
	begin();
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		struct bytes b = {.n = 0};
		bool good;

		put(&b, others[i].frame, others[i].size);
		good = skips(others[i].linktype, &b, others[i].kind);
		if (!good)
			printf("# %s\n", others[i].name);
		CU_ASSERT(good);
	}
	end();
}

static void
a_protocol_over_ip_is_counted_by_kind(void)
{
	static const struct {
		unsigned protocol;
		enum tf_skip over_ipv4, over_ipv6;
	} kinds[] = {
	    {1, TF_SKIP_ICMP, TF_SKIP_IPV6_OTHER},
	    {58, TF_SKIP_IPV4_OTHER, TF_SKIP_ICMPV6},
	    {17, TF_SKIP_UDP, TF_SKIP_UDP},
	    {136, TF_SKIP_UDP, TF_SKIP_UDP},
	    {132, TF_SKIP_SCTP, TF_SKIP_SCTP},
	    {4, TF_SKIP_TUNNEL, TF_SKIP_TUNNEL},
	    {41, TF_SKIP_TUNNEL, TF_SKIP_TUNNEL},
	    {47, TF_SKIP_TUNNEL, TF_SKIP_TUNNEL},
	    {50, TF_SKIP_IPV4_OTHER, TF_SKIP_IPV6_OTHER},
	    {59, TF_SKIP_IPV4_OTHER, TF_SKIP_IPV6_OTHER},
	};

	begin();
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		struct bytes four = {.n = 0}, six = {.n = 0};

		put_ipv4(&four, kinds[i].protocol, 20, 0, 0);
		put(&four, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
		put_ipv6(&six, kinds[i].protocol, 20);
		put(&six, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
		CU_ASSERT(skips(RAW, &four, kinds[i].over_ipv4));
		CU_ASSERT(skips(RAW, &six, kinds[i].over_ipv6));
	}
	end();
}

/* No layer that may announce itself again is without a bound. */
static void
link_layers_nest_only_so_deep(void)
{
	static const struct {
		const char *octets;
		size_t size;
	} layers[] = {
	    {OCTETS("\x81\x00\0\5")},
	    {OCTETS("\x89\x3f\0\1\0\2\0\3")},
	    {OCTETS("\x05\x00\xaa\xaa\x03\0\0\0")},
	};

	begin();
	for (size_t i = 0; i < COUNT_OF(layers); i++) {
		struct bytes b = {.n = 0};

		put(&b, MACS, 12);
		for (int n = 0; n < 1000; n++)
			put(&b, layers[i].octets, layers[i].size);
		put16(&b, 0x0800);
		put_datagram(&b, 4, 0);
		CU_ASSERT(skips(ETHERNET, &b, TF_SKIP_TOO_DEEP));
		b.n = 12;
		for (int n = 0; n < 16; n++)
			put(&b, "\x81\x00\0\5", 4);
		put(&b, layers[i].octets, layers[i].size);
		put16(&b, 0x0800);
		CU_ASSERT(skips(ETHERNET, &b, TF_SKIP_TOO_DEEP));
		b.n = 12;
		for (int n = 0; n < 16; n++)
			put(&b, "\x81\x00\0\5", 4);
		put16(&b, 0x0800);
		put_datagram(&b, 4, 3);
		CU_ASSERT(decode(ETHERNET, &b) == TF_WIRE_SEGMENT);
		CU_ASSERT(is_whole_segment(4, 3));
	}
	end();
}

static void
a_frame_shorter_on_the_wire_than_captured_is_read(void)
{
	struct bytes b = {.n = 0};
	struct tf_frame frame = {.linktype = RAW, .len = 3};

	begin();
	put_datagram(&b, 4, 6);
	frame.data = b.p;
	frame.caplen = b.n;
	CU_ASSERT(tf_decoder_frame(decoder, &frame, &seg) == TF_WIRE_SEGMENT);
	CU_ASSERT(is_whole_segment(4, 6));
	CU_ASSERT_EQUAL(seg.wire_len, b.n);
	end();
}

/* ---- IP ---- */

static void
padding_of_the_link_is_no_payload(void)
{
	for (int version = 4; version <= 6; version += 2) {
		struct bytes b = {.n = 0};

		begin();
		put_ethernet(&b, version == 4 ? 0x0800 : 0x86dd);
		put_datagram(&b, version, 3);
		put(&b, "trailer", 7);
		CU_ASSERT(decode(ETHERNET, &b) == TF_WIRE_SEGMENT);
		CU_ASSERT(is_whole_segment(version, 3));
		CU_ASSERT_EQUAL(seg.wire_len, b.n);
		end();
	}
}

static void
a_length_of_zero_is_the_frames(void)
{
	for (int version = 4; version <= 6; version += 2) {
		struct bytes b = {.n = 0};

		begin();
		put_datagram(&b, version, 66000);
		set16(b.p + (version == 4 ? 2 : 4), 0);
		CU_ASSERT(decode(RAW, &b) == TF_WIRE_SEGMENT);
		CU_ASSERT(is_whole_segment(version, 66000));
		end();
	}
}

static void
a_jumbogram_has_the_frames_length(void)
{
	struct bytes b = {.n = 0};

	begin();
	put_ipv6(&b, 0, 0);
	put(&b, "\6\0\xc2\4\0\1\x01\xee", 8); /* RFC 2675 section 2: jumbo payload */
	put_tcp(&b, 6, 66002);
	CU_ASSERT(decode(RAW, &b) == TF_WIRE_SEGMENT);
	CU_ASSERT(is_whole_segment(6, 66002));
	end();
}

static void
the_length_is_the_ip_headers_though_octets_are_missing(void)
{
	for (int version = 4; version <= 6; version += 2) {
		struct bytes b = {.n = 0};

		begin();
		put_datagram(&b, version, 1000);
		CU_ASSERT(decode_at(RAW, &b, b.n - 600, 0) == TF_WIRE_SEGMENT);
		CU_ASSERT_EQUAL(seg.len, 1000);
		CU_ASSERT_EQUAL(seg.payload_len, 400);
		CU_ASSERT_EQUAL(seg.checksum_state, TF_CHECKSUM_UNVERIFIED);
		b.n -= 600; /* a frame that claims to be whole */
		CU_ASSERT(decode(RAW, &b) == TF_WIRE_SEGMENT);
		CU_ASSERT_EQUAL(seg.len, 1000);
		CU_ASSERT_EQUAL(seg.payload_len, 400);
		end();
	}
}

/* An IPv4 datagram with these options, padded to a multiple of four by who calls. */
static void
put_ipv4_with_options(struct bytes *b, const void *options, size_t n, const uint8_t *dst)
{
	uint32_t at = b->n;

	put_ipv4(b, TCP, (uint32_t)n + 25, 9, 0);
	b->p[at] = (uint8_t)(0x45 + n / 4);
	memcpy(b->p + at + 16, dst, 4);
	put(b, options, n);
	put_tcp(b, 4, 5);
}

static void
ipv4_options_are_passed_over(void)
{
	struct bytes b = {.n = 0};

	begin();
	put_ipv4_with_options(&b, "\x94\4\0\0\1\1\1\0", 8, server4); /* router alert, NOPs, end */
	CU_ASSERT(decode(RAW, &b) == TF_WIRE_SEGMENT);
	CU_ASSERT(is_whole_segment(4, 5));
	end();
}

static void
ipv4_options_that_do_not_fit_are_malformed(void)
{
	static const char *const bad[] = {"\x94\1\0\0", "\x94\5\0\0", "\1\1\1\x94", "\x94\0\0\0"};

	begin();
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct bytes b = {.n = 0};

		put_ipv4_with_options(&b, bad[i], 4, server4);
		CU_ASSERT(skips(RAW, &b, TF_SKIP_MALFORMED));
	}
	end();
}

/* RFC 791 section 3.1: while the pointer is within the route, the last address is yet to come. */
static void
an_ipv4_source_routes_last_hop_is_the_destination(void)
{
	for (int kind = 131; kind <= 137; kind += 6) {
		struct bytes b = {.n = 0};
		uint8_t route[12] = {(uint8_t)kind, 11, 4, 203, 0, 113, 77, 198, 51, 100, 2, 0};

		begin();
		put_ipv4_with_options(&b, route, sizeof(route), hop4);
		CU_ASSERT(decode(RAW, &b) == TF_WIRE_SEGMENT);
		CU_ASSERT(is_whole_segment(4, 5));
		route[2] = 12; /* exhausted */
		b.n = 0;
		memcpy(route + 7, hop4, 4);
		put_ipv4_with_options(&b, route, sizeof(route), server4);
		CU_ASSERT(decode(RAW, &b) == TF_WIRE_SEGMENT);
		CU_ASSERT(is_whole_segment(4, 5));
		end();
	}
}

static void
identification_and_ttl_come_along(void)
{
	struct bytes four = {.n = 0}, six = {.n = 0};

	begin();
	put_datagram(&four, 4, 0);
	CU_ASSERT(decode(RAW, &four) == TF_WIRE_SEGMENT);
	CU_ASSERT_EQUAL(seg.ip_id, 0x1122);
	CU_ASSERT_EQUAL(seg.ttl, 61);
	put_datagram(&six, 6, 0);
	CU_ASSERT(decode(RAW, &six) == TF_WIRE_SEGMENT);
	CU_ASSERT_EQUAL(seg.ip_id, 0);
	CU_ASSERT_EQUAL(seg.ttl, 62);
	end();
}

/* Headers as RFC 8200 section 4, RFC 4302 section 2, RFC 6275 section 6.1, RFC 7401, RFC 5533 lay them out. */
#define HOP_BY_HOP(next)  next "\0\1\4\0\0\0\0"
#define DESTINATION(next) next "\1\1\x0c\0\0\0\0\0\0\0\0\0\0\0\0"
#define ATOMIC(next)      next "\0\0\0\0\0\0\1"
#define AH(next)          next "\4\0\0\0\0\0\1\0\0\0\1\1\2\3\4\5\6\7\x08\x09\x0a\x0b\x0c"
#define NO_ROUTE(next)    next "\0\0\0\0\0\0\0"

static const struct {
	const char *name;
	unsigned first;
	const char *headers;
	size_t size;
} chains[] = {
    {"hop by hop", 0, OCTETS(HOP_BY_HOP("\6"))},
    {"destination options", 60, OCTETS(DESTINATION("\6"))},
    {"atomic fragment (RFC 6946)", 44, OCTETS(ATOMIC("\6"))},
    {"authentication", 51, OCTETS(AH("\6"))},
    {"routing, no segments left", 43, OCTETS(NO_ROUTE("\6"))},
    {"mobility", 135, OCTETS(HOP_BY_HOP("\6"))},
    {"host identity", 139, OCTETS(HOP_BY_HOP("\6"))},
    {"shim6", 140, OCTETS(HOP_BY_HOP("\6"))},
    {"all in the RFC's order", 0,
     OCTETS(HOP_BY_HOP("\x3c") DESTINATION("\x2b") NO_ROUTE("\x2c") ATOMIC("\x33") AH("\x3c")
                DESTINATION("\6"))},
};

static void
ipv6_extension_headers_are_passed_over(void)
{
	begin();
	for (size_t i = 0; i < COUNT_OF(chains); i++) {
		struct bytes b = {.n = 0};
		uint32_t headers = 40 + (uint32_t)chains[i].size;
		bool good;

		put_ipv6(&b, chains[i].first, (uint32_t)chains[i].size + 25);
		put(&b, chains[i].headers, chains[i].size);
		put_tcp(&b, 6, 5);
		good = decode(RAW, &b) == TF_WIRE_SEGMENT && is_whole_segment(6, 5);
		if (!good)
			printf("# %s\n", chains[i].name);
		CU_ASSERT(good);
		for (uint32_t cap = 0; cap < headers + 20; cap++)
			CU_ASSERT(decode_at(RAW, &b, cap, 0) == TF_WIRE_SKIPPED);
		set16(b.p + 4, (uint32_t)chains[i].size - 1); /* the datagram ends within its headers */
		CU_ASSERT(skips(RAW, &b, TF_SKIP_MALFORMED) || skips(RAW, &b, TF_SKIP_TRUNCATED));
	}
	end();
}

static void
an_authentication_header_over_ipv4_is_passed_over(void)
{
	struct bytes b = {.n = 0};

	begin();
	put_ipv4(&b, 51, 24 + 25, 0, 0);
	put(&b, AH("\6"), 24);
	put_tcp(&b, 4, 5);
	CU_ASSERT(decode(RAW, &b) == TF_WIRE_SEGMENT);
	CU_ASSERT(is_whole_segment(4, 5));
	end();
}

/* RFC 8200 section 8.1, RFC 8754 section 2: what TCP sums is the last address of the route. */
static void
an_ipv6_routes_last_hop_is_the_destination(void)
{
	for (int type = 0; type <= 4; type += 2) {
		struct bytes b = {.n = 0};

		begin();
		put_ipv6(&b, 43, 40 + 25);
		memcpy(b.p + 24, hop6, 16);
		put8(&b, TCP);
		put8(&b, 4); /* two addresses */
		put8(&b, (unsigned)type);
		put8(&b, 1); /* segments left */
		put32(&b, 0);
		put(&b, type == 4 ? server6 : hop6, 16);
		put(&b, type == 4 ? hop6 : server6, 16);
		put_tcp(&b, 6, 5);
		CU_ASSERT(decode(RAW, &b) == TF_WIRE_SEGMENT);
		CU_ASSERT(is_whole_segment(6, 5));
		b.p[43] = 0; /* no segments left: the route is behind the datagram */
		memcpy(b.p + 24, server6, 16);
		memset(b.p + 48, 0xee, 32);
		CU_ASSERT(decode(RAW, &b) == TF_WIRE_SEGMENT);
		CU_ASSERT(is_whole_segment(6, 5));
		end();
	}
}

/* ---- fragments ---- */

enum {
	PARTS = 3,
	PAYLOAD = 60, /* octets of the segment that the fragments carry: 80 with its header */
};

/* The segment that is sent in pieces, without IP header. */
static struct bytes whole;

/* LEN octets of `whole` from OFFSET as a frame: IPv4, or IPv6 with a fragment header. */
static struct bytes
fragment(int version, uint32_t id, uint32_t offset, uint32_t len, bool more)
{
	struct bytes b = {.n = 0};

	if (version == 4) {
		put_ipv4(&b, TCP, len, id, offset / 8 | (more ? MORE : 0));
	} else {
		put_ipv6(&b, 44, len + 8);
		put16(&b, TCP << 8);
		put16(&b, offset | more);
		put32(&b, id);
	}
	put(&b, whole.p + offset, len);
	return b;
}

static void
make_whole(int version)
{
	whole.n = 0;
	put_tcp(&whole, version, PAYLOAD);
}

/* Part I of three: 0 to 32, 32 to 64, 64 to 80. */
static struct bytes
part(int version, uint32_t id, int i)
{
	return fragment(version, id, (uint32_t)i * 32, i == 2 ? 16 : 32, i < 2);
}

static bool
held(const struct bytes *b)
{
	return skips(RAW, b, TF_SKIP_FRAGMENT);
}

static bool
completes(const struct bytes *b)
{
	return decode(RAW, b) == TF_WIRE_SEGMENT;
}

static void
fragments_in_any_order_make_the_segment(void)
{
	static const int orders[6][PARTS] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
	                                     {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

	for (int version = 4; version <= 6; version += 2) {
		begin();
		make_whole(version);
		for (size_t i = 0; i < COUNT_OF(orders); i++) {
			struct bytes a = part(version, 5, orders[i][0]), b = part(version, 5, orders[i][1]),
			             c = part(version, 5, orders[i][2]);

			CU_ASSERT(held(&a));
			CU_ASSERT(held(&b));
			CU_ASSERT(completes(&c));
			CU_ASSERT(is_whole_segment(version, PAYLOAD));
			CU_ASSERT(tf_decoder_payload_is_own(decoder));
			CU_ASSERT_EQUAL(seg.wire_len, c.n);
		}
		CU_ASSERT_EQUAL(tf_decoder_stats(decoder)->reassembled, COUNT_OF(orders));
		end();
	}
}

static void
a_segment_in_one_piece_lies_in_its_frame(void)
{
	struct bytes b = {.n = 0};

	begin();
	put_datagram(&b, 4, 8);
	CU_ASSERT(decode(RAW, &b) == TF_WIRE_SEGMENT);
	CU_ASSERT_FALSE(tf_decoder_payload_is_own(decoder));
	CU_ASSERT_PTR_EQUAL(seg.payload, frame_octets + 40);
	end();
}

static void
a_fragment_alone_is_no_segment(void)
{
	struct bytes b;

	begin();
	make_whole(4);
	b = part(4, 5, 0);
	CU_ASSERT(held(&b));
	b = part(4, 6, 2);
	CU_ASSERT(held(&b));
	end();
}

static void
fragments_of_different_datagrams_do_not_mix(void)
{
	for (int version = 4; version <= 6; version += 2) {
		struct bytes first, second, other;

		begin();
		make_whole(version);
		first = fragment(version, 5, 0, 40, true);
		second = fragment(version, 5, 40, 40, false);
		other = fragment(version, version == 4 ? 6 : 0x10005, 40, 40, false);
		CU_ASSERT(held(&first));
		CU_ASSERT(held(&other)); /* another identification */
		other = second;
		other.p[version == 4 ? 15 : 23]++; /* another source */
		CU_ASSERT(held(&other));
		other = second;
		other.p[version == 4 ? 19 : 39]++; /* another destination */
		CU_ASSERT(held(&other));
		CU_ASSERT(completes(&second));
		CU_ASSERT(is_whole_segment(version, PAYLOAD));
		end();
	}
}

static void
many_datagrams_may_wait_at_a_time(void)
{
	enum { COUNT = 1000 };
	struct tf_decoder_options options = TF_DECODER_DEFAULTS;
	struct bytes b;

	options.fragment_bytes = 64u << 20;
	begin_with(options);
	make_whole(4);
	for (uint32_t id = 0; id < COUNT; id++) {
		b = fragment(4, id, 0, 40, true);
		CU_ASSERT(held(&b));
	}
	for (uint32_t i = 0; i < COUNT; i++) {
		b = fragment(4, i * 7 % COUNT, 40, 40, false); /* each one once, in another order */
		CU_ASSERT(completes(&b));
		CU_ASSERT(is_whole_segment(4, PAYLOAD));
	}
	CU_ASSERT_EQUAL(tf_decoder_stats(decoder)->fragment_evictions, 0);
	end();
}

/* The first 40 octets came; then 24 to 80 comes with other octets in its first 16. */
static void
in_ipv4_the_octets_that_came_first_stand(void)
{
	struct bytes first, overlap;

	begin();
	make_whole(4);
	first = fragment(4, 5, 0, 40, true);
	overlap = fragment(4, 5, 24, 56, false);
	memset(overlap.p + 20, 'X', 16);
	CU_ASSERT(held(&first));
	CU_ASSERT(completes(&overlap));
	CU_ASSERT(is_whole_segment(4, PAYLOAD));
	CU_ASSERT_EQUAL(tf_decoder_stats(decoder)->fragment_overlaps, 0);
	end();
}

/* Islands of 8 to 72 octets came; one fragment brings all around them, and other octets where they are. */
static void
in_ipv4_octets_between_those_that_came_are_filled_in(void)
{
	enum { TOTAL = 4000 };
	struct bytes b, all;

	begin();
	whole.n = 0;
	put_tcp(&whole, 4, TOTAL - 20);
	b = fragment(4, 5, TOTAL - 8, 8, false);
	CU_ASSERT(held(&b));
	all = fragment(4, 5, 0, TOTAL - 8, true);
	for (uint32_t at = 24, len = 8; at + len < TOTAL - 8; at += len + 56, len = len % 72 + 8) {
		b = fragment(4, 5, at, len, true);
		CU_ASSERT(held(&b));
		memset(all.p + 20 + at, 'X', len);
	}
	CU_ASSERT(completes(&all));
	CU_ASSERT(is_whole_segment(4, TOTAL - 20));
	end();
}

/* RFC 5722 section 4: the datagram goes with all of its fragments, those that follow among them. */
static void
in_ipv6_an_overlap_drops_the_datagram(void)
{
	struct bytes first, overlap, rest;

	begin();
	make_whole(6);
	first = fragment(6, 5, 0, 40, true);
	overlap = fragment(6, 5, 32, 16, true);
	overlap.p[48]++;
	rest = fragment(6, 5, 40, 40, false);
	CU_ASSERT(held(&first));
	CU_ASSERT(held(&overlap));
	CU_ASSERT(held(&rest));
	CU_ASSERT(held(&first));
	CU_ASSERT_EQUAL(tf_decoder_stats(decoder)->fragment_overlaps, 1);
	CU_ASSERT_EQUAL(tf_decoder_stats(decoder)->reassembled, 0);
	first = fragment(6, 6, 0, 40, true);
	rest = fragment(6, 6, 40, 40, false);
	CU_ASSERT(held(&first));
	CU_ASSERT(completes(&rest));
	end();
}

/* RFC 8200 section 4.5 lets exact copies pass; mirror ports make them. */
static void
in_ipv6_a_copy_is_no_overlap(void)
{
	struct bytes first, rest;

	begin();
	make_whole(6);
	first = fragment(6, 5, 0, 40, true);
	rest = fragment(6, 5, 40, 40, false);
	CU_ASSERT(held(&first));
	CU_ASSERT(held(&first));
	CU_ASSERT(completes(&rest));
	CU_ASSERT(is_whole_segment(6, PAYLOAD));
	CU_ASSERT(held(&rest));
	CU_ASSERT(held(&rest));
	CU_ASSERT(completes(&first));
	CU_ASSERT(is_whole_segment(6, PAYLOAD));
	CU_ASSERT_EQUAL(tf_decoder_stats(decoder)->fragment_overlaps, 0);
	end();
}

static void
the_end_that_was_said_first_stands(void)
{
	struct bytes last, shorter, beyond, rest;

	begin();
	make_whole(4);
	last = fragment(4, 5, 64, 16, false);
	shorter = fragment(4, 5, 32, 8, false);
	beyond = fragment(4, 5, 72, 16, true);
	rest = fragment(4, 5, 0, 64, true);
	CU_ASSERT(held(&last));
	CU_ASSERT(held(&shorter));
	CU_ASSERT(held(&beyond));
	CU_ASSERT(completes(&rest));
	CU_ASSERT(is_whole_segment(4, PAYLOAD));
	end();
}

/* RFC 1122 section 3.3.2, RFC 8200 section 4.5: 60 seconds from the first fragment. */
static void
a_datagram_waits_a_minute_for_its_fragments(void)
{
	for (int version = 4; version <= 6; version += 2) {
		struct bytes first, rest;

		begin();
		make_whole(version);
		first = fragment(version, 5, 0, 40, true);
		rest = fragment(version, 5, 40, 40, false);
		CU_ASSERT(decode_at(RAW, &first, first.n, 100 * SECOND) == TF_WIRE_SKIPPED);
		CU_ASSERT(decode_at(RAW, &rest, rest.n, 160 * SECOND) == TF_WIRE_SEGMENT);
		CU_ASSERT(decode_at(RAW, &first, first.n, 200 * SECOND) == TF_WIRE_SKIPPED);
		CU_ASSERT(decode_at(RAW, &rest, rest.n, 260 * SECOND + 1) == TF_WIRE_SKIPPED);
		CU_ASSERT_EQUAL(tf_decoder_stats(decoder)->fragment_timeouts, 1);
		CU_ASSERT(decode_at(RAW, &first, first.n, 261 * SECOND) == TF_WIRE_SEGMENT);
		end();
	}
}

static void
time_that_runs_backwards_does_no_harm(void)
{
	struct bytes first, rest;

	begin();
	make_whole(4);
	first = fragment(4, 5, 0, 40, true);
	rest = fragment(4, 5, 40, 40, false);
	CU_ASSERT(decode_at(RAW, &first, first.n, INT64_MAX) == TF_WIRE_SKIPPED);
	CU_ASSERT(decode_at(RAW, &rest, rest.n, INT64_MIN) == TF_WIRE_SEGMENT);
	CU_ASSERT(decode_at(RAW, &first, first.n, INT64_MIN) == TF_WIRE_SKIPPED);
	CU_ASSERT(decode_at(RAW, &rest, rest.n, INT64_MAX) == TF_WIRE_SEGMENT);
	end();
	begin();
	CU_ASSERT(decode_at(RAW, &first, first.n, INT64_MIN) == TF_WIRE_SKIPPED);
	CU_ASSERT(decode_at(RAW, &rest, rest.n, INT64_MAX) == TF_WIRE_SKIPPED);
	CU_ASSERT_EQUAL(tf_decoder_stats(decoder)->fragment_timeouts, 1);
	end();
}

static void
too_many_datagrams_evict_the_oldest(void)
{
	struct tf_decoder_options options = TF_DECODER_DEFAULTS;
	struct bytes b;

	options.fragment_datagrams = 3;
	begin_with(options);
	make_whole(4);
	for (uint32_t id = 1; id <= 4; id++) {
		b = fragment(4, id, 0, 40, true);
		CU_ASSERT(held(&b));
	}
	CU_ASSERT_EQUAL(tf_decoder_stats(decoder)->fragment_evictions, 1);
	for (uint32_t id = 2; id <= 4; id++) {
		b = fragment(4, id, 40, 40, false);
		CU_ASSERT(completes(&b));
	}
	b = fragment(4, 1, 40, 40, false);
	CU_ASSERT(held(&b));
	end();
}

static void
too_many_octets_evict_the_oldest(void)
{
	struct tf_decoder_options options = TF_DECODER_DEFAULTS;
	struct bytes first, far;

	options.fragment_bytes = 100000;
	begin_with(options);
	make_whole(4);
	first = fragment(4, 1, 0, 40, true);
	CU_ASSERT(held(&first));
	for (uint32_t id = 2; id <= 500; id++) {
		whole.n = 80;
		far = fragment(4, id, 0, 40, true);
		far.p[6] |= 0x1f; /* at offset 63,488 */
		CU_ASSERT(held(&far));
	}
	CU_ASSERT_EQUAL(tf_decoder_stats(decoder)->fragment_evictions, 499);
	first = fragment(4, 600, 0, 40, true);
	CU_ASSERT(held(&first));
	first = fragment(4, 600, 40, 40, false);
	CU_ASSERT(completes(&first));
	end();
}

static void
the_newest_datagrams_stay(void)
{
	struct tf_decoder_options options = TF_DECODER_DEFAULTS;
	struct bytes b;

	options.fragment_bytes = 20000; /* some five of the smallest */
	begin_with(options);
	make_whole(4);
	for (uint32_t id = 1; id <= 100; id++) {
		b = fragment(4, id, 0, 40, true);
		CU_ASSERT(held(&b));
	}
	for (uint32_t id = 97; id <= 100; id++) {
		b = fragment(4, id, 40, 40, false);
		CU_ASSERT(completes(&b));
	}
	b = fragment(4, 90, 40, 40, false);
	CU_ASSERT(held(&b));
	CU_ASSERT(tf_decoder_stats(decoder)->fragment_evictions >= 90);
	end();
}

static void
without_room_fragments_are_only_counted(void)
{
	for (int i = 0; i < 2; i++) {
		struct tf_decoder_options options = TF_DECODER_DEFAULTS;
		struct bytes first, rest;

		if (i == 0)
			options.fragment_datagrams = 0;
		else
			options.fragment_bytes = 2000; /* less than one datagram takes */
		begin_with(options);
		make_whole(4);
		first = fragment(4, 1, 0, 40, true);
		rest = fragment(4, 1, 40, 40, false);
		CU_ASSERT(held(&first));
		CU_ASSERT(held(&rest));
		end();
	}
}

/* Each allocation of a datagram in two fragments fails in turn; with memory again the next one is whole. */
static void
without_memory_a_datagram_is_given_up(void)
{
	struct tf_decoder_options options = TF_DECODER_DEFAULTS;
	struct bytes first, rest;

	make_whole(4);
	first = fragment(4, 1, 0, 40, true);
	rest = fragment(4, 1, 40, 40, false);
	allocations_left = 0;
	CU_ASSERT_PTR_NULL(tf_decoder_new(&options));
	for (int i = 0; i < 2; i++) {
		allocations_left = -1;
		begin();
		allocations_left = i;
		CU_ASSERT(held(&first));
		CU_ASSERT_EQUAL(allocations_left, 0);
		allocations_left = -1;
		CU_ASSERT(held(&first));
		CU_ASSERT(completes(&rest));
		CU_ASSERT(is_whole_segment(4, PAYLOAD));
		end();
	}
}

static void
impossible_fragments_are_malformed(void)
{
	for (int version = 4; version <= 6; version += 2) {
		struct bytes b;

		begin();
		make_whole(version);
		b = fragment(version, 5, 8, 12, true); /* not a multiple of eight, and not the last */
		CU_ASSERT(skips(RAW, &b, TF_SKIP_MALFORMED));
		b = fragment(version, 5, 8, 0, true);
		CU_ASSERT(skips(RAW, &b, TF_SKIP_MALFORMED));
		b = fragment(version, 5, 8, 12, false);
		CU_ASSERT(held(&b));
		b = fragment(version, 5, 0, 16, true);
		set16(b.p + (version == 4 ? 6 : 42), version == 4 ? 0x3ffe : 0xfff1); /* at 65,520 */
		CU_ASSERT(skips(RAW, &b, TF_SKIP_MALFORMED));
		end();
	}
}

/* The greatest datagram, in fragments of 1,480 octets: 65,535 octets behind the header is what IPv6 may say. */
static void
the_greatest_datagram_is_put_together(void)
{
	uint32_t total = 65535, at;
	struct bytes b;

	begin();
	whole.n = 0;
	put_tcp(&whole, 6, total - 20);
	for (at = 0; at + 1480 < total; at += 1480) {
		b = fragment(6, 5, at, 1480, true);
		CU_ASSERT_FATAL(held(&b));
	}
	b = fragment(6, 5, at, total - at, false);
	CU_ASSERT(completes(&b));
	CU_ASSERT(is_whole_segment(6, total - 20));
	end();
}

static void
what_the_snap_length_cut_of_a_fragment_is_missing_from_the_payload(void)
{
	for (int version = 4; version <= 6; version += 2) {
		uint32_t header = version == 4 ? 20 : 48;
		struct bytes first, rest;

		begin();
		make_whole(version);
		first = fragment(version, 5, 0, 40, true);
		rest = fragment(version, 5, 40, 40, false);
		CU_ASSERT(decode_at(RAW, &first, header + 29, 0) == TF_WIRE_SKIPPED);
		CU_ASSERT(completes(&rest));
		CU_ASSERT_EQUAL(seg.len, PAYLOAD);
		CU_ASSERT_EQUAL(seg.payload_len, 9);
		CU_ASSERT_EQUAL(seg.checksum_state, TF_CHECKSUM_UNVERIFIED);
		CU_ASSERT_EQUAL(memcmp(seg.payload, "abcdefghi", 9), 0);
		CU_ASSERT(decode_at(RAW, &first, header + 19, 0) == TF_WIRE_SKIPPED);
		CU_ASSERT(skips(RAW, &rest, TF_SKIP_TRUNCATED));
		end();
	}
}

/* Cut at 1,000 octets, where up to 1,200 of them came before. */
static void
what_came_before_is_not_missing_where_a_fragment_is_cut(void)
{
	enum { TOTAL = 4000 };
	struct bytes first, last, all;

	begin();
	whole.n = 0;
	put_tcp(&whole, 4, TOTAL - 20);
	first = fragment(4, 5, 600, 600, true);
	last = fragment(4, 5, TOTAL - 8, 8, false);
	all = fragment(4, 5, 0, TOTAL - 8, true);
	CU_ASSERT(held(&first));
	CU_ASSERT(held(&last));
	CU_ASSERT(decode_at(RAW, &all, 20 + 1000, 0) == TF_WIRE_SEGMENT);
	CU_ASSERT_EQUAL(seg.len, TOTAL - 20);
	CU_ASSERT_EQUAL(seg.payload_len, 1200 - 20);
	CU_ASSERT_EQUAL(memcmp(seg.payload, whole.p + 20, 1200 - 20), 0);
	end();
}

static void
the_first_fragment_says_the_next_header_in_ipv6(void)
{
	struct bytes first, rest;

	begin();
	make_whole(6);
	first = fragment(6, 5, 0, 40, true);
	rest = fragment(6, 5, 40, 40, false);
	rest.p[40] = UDP; /* RFC 8200 section 4.5: only the first one's counts */
	CU_ASSERT(held(&rest));
	CU_ASSERT(completes(&first));
	CU_ASSERT(is_whole_segment(6, PAYLOAD));
	CU_ASSERT_EQUAL(seg.ttl, 62);
	end();
}

static void
extension_headers_may_be_in_the_fragmented_part(void)
{
	struct bytes first, rest;

	begin();
	whole.n = 0;
	put(&whole, OCTETS(DESTINATION("\6")));
	put_tcp(&whole, 6, PAYLOAD);
	first = fragment(6, 5, 0, 56, true);
	first.p[40] = 60;
	rest = fragment(6, 5, 56, 40, false);
	CU_ASSERT(held(&first));
	CU_ASSERT(completes(&rest));
	CU_ASSERT(is_whole_segment(6, PAYLOAD));
	end();
}

static void
a_fragment_of_a_fragment_is_malformed(void)
{
	struct bytes first, rest;

	begin();
	whole.n = 0;
	put(&whole, "\6\0\0\1\0\0\0\2", 8); /* a fragment header: offset 0, more to come */
	put_tcp(&whole, 6, PAYLOAD);
	first = fragment(6, 5, 0, 48, true);
	first.p[40] = 44;
	rest = fragment(6, 5, 48, 40, false);
	CU_ASSERT(held(&first));
	CU_ASSERT(skips(RAW, &rest, TF_SKIP_MALFORMED));
	end();
}

static void
ipv4_fragments_of_others_count_by_protocol(void)
{
	struct bytes b = {.n = 0}, icmp = {.n = 0};

	begin();
	put_ipv4(&b, UDP, 16, 5, MORE);
	put(&b, "0123456789abcdef", 16);
	CU_ASSERT(skips(RAW, &b, TF_SKIP_UDP));
	put_ipv4(&icmp, 1, 16, 5, MORE | 2);
	put(&icmp, "\3\0abcdefghijklmn", 16);
	CU_ASSERT(skips(RAW, &icmp, TF_SKIP_ICMP));
	end();
}

/* ---- TCP ---- */

/* RFC 9293 section 3.1, octet by octet. */
static void
every_header_field_is_read(void)
{
	static const uint8_t datagram[] = {
	    0x45, 0x00, 0x00, 0x2a, 0xbe, 0xef, 0x40, 0x00, 0x40, 0x06, 0x00, 0x00, /* total 42 */
	    192,  0,    2,    1,    198,  51,   100,  2,    0xc0, 0x01, 0x01, 0xbb, /* ports 49153, 443 */
	    0xff, 0xee, 0xdd, 0xcc, 0x80, 0x70, 0x60, 0x50, 0x51, 0x92, 0x7f, 0xfe, /* AE CWR ACK SYN */
	    0x12, 0x34, 0x56, 0x78, 'h',  'i',
	};
	struct bytes b = {.n = 0};

	begin();
	put(&b, datagram, sizeof(datagram));
	CU_ASSERT(decode_at(RAW, &b, b.n, 1700000000000000123) == TF_WIRE_SEGMENT);
	CU_ASSERT_EQUAL(seg.ts_ns, 1700000000000000123);
	CU_ASSERT_EQUAL(seg.packet, 7);
	CU_ASSERT(is_addr(seg.src, client4, 4));
	CU_ASSERT(is_addr(seg.dst, server4, 4));
	CU_ASSERT_EQUAL(seg.src_port, 49153);
	CU_ASSERT_EQUAL(seg.dst_port, 443);
	CU_ASSERT_EQUAL(seg.seq.v, 0xffeeddcc);
	CU_ASSERT_EQUAL(seg.ack.v, 0x80706050);
	CU_ASSERT_EQUAL(seg.flags, TF_AE | TF_CWR | TF_ACK | TF_SYN);
	CU_ASSERT_EQUAL(seg.window, 0x7ffe);
	CU_ASSERT_EQUAL(seg.checksum, 0x1234);
	CU_ASSERT_EQUAL(seg.urgent, 0x5678);
	CU_ASSERT_EQUAL(seg.len, 2);
	CU_ASSERT_EQUAL(seg.wire_len, 42);
	CU_ASSERT_EQUAL(seg.ip_id, 0xbeef);
	CU_ASSERT_EQUAL(seg.ttl, 64);
	CU_ASSERT_EQUAL(seg.ip_version, 4);
	CU_ASSERT_EQUAL(seg.payload_len, 2);
	CU_ASSERT_EQUAL(memcmp(seg.payload, "hi", 2), 0);
	CU_ASSERT_EQUAL(seg.options, 0);
	end();
}

static void
each_control_bit_has_its_place(void)
{
	static const struct {
		unsigned high, low;
		enum tf_flag flag;
	} bits[] = {{1, 0, TF_AE},     {0, 0x80, TF_CWR}, {0, 0x40, TF_ECE},
	            {0, 0x20, TF_URG}, {0, 0x10, TF_ACK}, {0, 8, TF_PSH},
	            {0, 4, TF_RST},    {0, 2, TF_SYN},    {0, 1, TF_FIN}};

	begin();
	for (size_t i = 0; i < COUNT_OF(bits); i++) {
		struct bytes b = {.n = 0};

		put_datagram(&b, 4, 0);
		b.p[32] = (uint8_t)(0x5e | bits[i].high); /* all reserved bits set */
		b.p[33] = (uint8_t)bits[i].low;
		CU_ASSERT(decode(RAW, &b) == TF_WIRE_SEGMENT);
		CU_ASSERT_EQUAL(seg.flags, bits[i].flag);
	}
	end();
}

static void
a_header_that_does_not_fit_is_no_segment(void)
{
	struct bytes b = {.n = 0};

	begin();
	put_datagram(&b, 4, 4);
	b.p[32] = 0x40;
	CU_ASSERT(skips(RAW, &b, TF_SKIP_MALFORMED)); /* data offset 4 */
	b.p[32] = 0x70;
	CU_ASSERT(skips(RAW, &b, TF_SKIP_MALFORMED)); /* 28 octets of 24 */
	b.p[32] = 0x60;
	CU_ASSERT(decode(RAW, &b) == TF_WIRE_SEGMENT);
	CU_ASSERT_EQUAL(seg.len, 0);
	set16(b.p + 2, 39);
	CU_ASSERT(skips(RAW, &b, TF_SKIP_TRUNCATED)); /* a datagram of 19 octets */
	end();
}

/* Option lists and what must be read from them; what a row does not name must not be there. */
static const struct list {
	const char *name;
	const char *octets;
	size_t size;
	struct tf_segment want; /* only what options fill */
} lists[] = {
    {"a Linux SYN",
     OCTETS("\2\4\x05\xb4\4\2\x08\x0a\0\0\0\1\0\0\0\0\1\3\3\7"),
     {.options = TF_OPT_MSS | TF_OPT_SACK_PERMITTED | TF_OPT_TIMESTAMPS | TF_OPT_WSCALE,
      .mss = 1460,
      .wscale = 7,
      .tsval = 1}},
    {"timestamps as most send them",
     OCTETS("\1\1\x08\x0a\x01\x02\x03\x04\xf5\xf6\xf7\xf8"),
     {.options = TF_OPT_TIMESTAMPS, .tsval = 0x01020304, .tsecr = 0xf5f6f7f8}},
    {"timestamps, then padding",
     OCTETS("\x08\x0a\x01\x02\x03\x04\xf5\xf6\xf7\xf8\0\0"),
     {.options = TF_OPT_TIMESTAMPS, .tsval = 0x01020304, .tsecr = 0xf5f6f7f8}},
    {"timestamps as most send them, and more",
     OCTETS("\1\1\x08\x0a\0\0\0\1\0\0\0\2\2\4\x02\x18"),
     {.options = TF_OPT_TIMESTAMPS | TF_OPT_MSS, .tsval = 1, .tsecr = 2, .mss = 536}},
    {"an option that ends with the header", OCTETS("\1\1\4\2"), {.options = TF_OPT_SACK_PERMITTED}},
    {"window scale above 14", OCTETS("\3\3\xff\0"), {.options = TF_OPT_WSCALE, .wscale = 255}},
    {"one SACK block",
     OCTETS("\1\1\5\x0a\0\0\0\1\0\0\0\2"),
     {.options = TF_OPT_SACK, .sack_count = 1, .sack = (const uint8_t *)"\0\0\0\1\0\0\0\2"}},
    {"four SACK blocks",
     OCTETS("\1\1\5\x22\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5\0\0\0\6\0\0\0\7\x80\0\0\x08"),
     {.options = TF_OPT_SACK,
      .sack_count = 4,
      .sack = (const uint8_t *)"\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5\0\0\0\6\0\0\0\7\x80\0\0\x08"}},
    {"SACK and timestamps",
     OCTETS("\1\1\x08\x0a\0\0\0\1\0\0\0\2\1\1\5\x0a\0\0\0\3\0\0\0\4"),
     {.options = TF_OPT_SACK | TF_OPT_TIMESTAMPS,
      .tsval = 1,
      .tsecr = 2,
      .sack_count = 1,
      .sack = (const uint8_t *)"\0\0\0\3\0\0\0\4"}},
    {"SACK without blocks", OCTETS("\5\2\1\1"), {.options = 0}},
    {"SACK with half a block", OCTETS("\5\6\0\0\0\1\1\1"), {.options = 0}},
    {"fast open, request", OCTETS("\x22\2\1\1"), {.options = TF_OPT_FAST_OPEN}},
    {"fast open, cookie of 4", OCTETS("\x22\6abcd\1\1"), {.options = TF_OPT_FAST_OPEN, .fast_open_len = 4}},
    {"fast open, cookie of 16",
     OCTETS("\x22\x12"
            "abcdefghijklmnop"
            "\1\1"),
     {.options = TF_OPT_FAST_OPEN, .fast_open_len = 16}},
    {"fast open, cookie of 3", OCTETS("\x22\5abc\1\1\1"), {.options = 0}},
    {"fast open, odd cookie",
     OCTETS("\x22\7"
            "abcde\1"),
     {.options = 0}},
    {"fast open, cookie of 18",
     OCTETS("\x22\x14"
            "abcdefghijklmnopqr"),
     {.options = 0}},
    {"experimental fast open",
     OCTETS("\xfe\x0c\xf9\x89"
            "abcdefgh"),
     {.options = TF_OPT_FAST_OPEN, .fast_open_len = 8}},
    {"experimental fast open, request", OCTETS("\xfe\4\xf9\x89"), {.options = TF_OPT_FAST_OPEN}},
    {"another experiment", OCTETS("\xfe\4\xe2\xd4"), {.options = 0}},
    {"MPTCP", OCTETS("\x1e\x0c\0\1abcdefgh"), {.options = TF_OPT_MPTCP}},
    {"MD5",
     OCTETS("\x13\x12"
            "0123456789abcdef"
            "\1\1"),
     {.options = TF_OPT_MD5}},
    {"authentication",
     OCTETS("\x1d\x10\1\1"
            "0123456789ab"),
     {.options = TF_OPT_MD5}},
    {"unknown kinds are passed over",
     OCTETS("\x99\5abc\2\4\x05\xb4\1\1\1"),
     {.options = TF_OPT_MSS, .mss = 1460}},
    {"the last of two counts", OCTETS("\2\4\x05\xb4\2\4\x02\x18"), {.options = TF_OPT_MSS, .mss = 536}},
    {"nothing behind the end is read", OCTETS("\0\2\4\x05\xb4\3\3\7"), {.options = 0}},
    {"nothing but padding", OCTETS("\1\1\1\1"), {.options = 0}},
    {"MSS of a wrong length", OCTETS("\2\3\5\1\3\3\7\1"), {.options = TF_OPT_WSCALE, .wscale = 7}},
    {"timestamps of a wrong length", OCTETS("\x08\6abcd\1\1"), {.options = 0}},
    {"SACK permitted of a wrong length", OCTETS("\4\3\1\1"), {.options = 0}},
    {"length zero", OCTETS("\3\3\7\2\0\1\1\1"), {.options = TF_OPT_WSCALE | TF_OPT_MALFORMED, .wscale = 7}},
    {"length one", OCTETS("\2\1\3\3"), {.options = TF_OPT_MALFORMED}},
    {"length past the header",
     OCTETS("\3\3\7\1\2\5\1\1"),
     {.options = TF_OPT_WSCALE | TF_OPT_MALFORMED, .wscale = 7}},
    {"a kind without a length", OCTETS("\1\1\1\2"), {.options = TF_OPT_MALFORMED}},
    {"timestamps past the header", OCTETS("\1\1\x08\x0a\0\0\0\1"), {.options = TF_OPT_MALFORMED}},
};

static bool
has_options_of(const struct tf_segment *want)
{
	bool good = seg.options == want->options && seg.mss == want->mss && seg.wscale == want->wscale &&
	            seg.sack_count == want->sack_count && seg.fast_open_len == want->fast_open_len &&
	            seg.tsval == want->tsval && seg.tsecr == want->tsecr;

	return good && (!want->sack_count ||
	                memcmp(seg.sack, want->sack, (size_t)want->sack_count * TF_SACK_BLOCK) == 0);
}

static void
option_lists_are_read(void)
{
	begin();
	for (size_t i = 0; i < COUNT_OF(lists); i++) {
		uint32_t size = (uint32_t)lists[i].size;
		struct bytes b = {.n = 0};
		bool good;

		put_ipv4(&b, TCP, 20 + size + 2, 0, 0);
		put_tcp_with(&b, 4, lists[i].octets, size, 2);
		good = decode(RAW, &b) == TF_WIRE_SEGMENT && is_whole_segment(4, 2) &&
		       has_options_of(&lists[i].want);
		if (!good)
			printf("# %s: options %#x\n", lists[i].name, seg.options);
		CU_ASSERT(good);
	}
	end();
}

static void
blocks_are_told_by_their_edges(void)
{
	struct bytes b = {.n = 0};

	begin();
	put_ipv4(&b, TCP, 40, 0, 0);
	put_tcp_with(&b, 4, OCTETS("\1\1\5\x12\x01\x02\x03\x04\x05\x06\x07\x08\xff\xfe\xfd\xfc\0\0\0\1"), 0);
	CU_ASSERT_FATAL(decode(RAW, &b) == TF_WIRE_SEGMENT && seg.sack_count == 2);
	CU_ASSERT_EQUAL(tf_segment_sack(&seg, 0).left.v, 0x01020304);
	CU_ASSERT_EQUAL(tf_segment_sack(&seg, 0).right.v, 0x05060708);
	CU_ASSERT_EQUAL(tf_segment_sack(&seg, 1).left.v, 0xfffefdfc);
	CU_ASSERT_EQUAL(tf_segment_sack(&seg, 1).right.v, 1);
	end();
}

/* Cut at any octet: nothing is read that is not there, and only a list that had its end is not "cut". */
static void
cut_option_lists_say_so(void)
{
	begin();
	for (size_t i = 0; i < COUNT_OF(lists); i++) {
		uint32_t size = (uint32_t)lists[i].size;
		struct bytes b = {.n = 0};

		put_ipv4(&b, TCP, 20 + size + 2, 0, 0);
		put_tcp_with(&b, 4, lists[i].octets, size, 2);
		for (uint32_t cap = 0; cap < size; cap++) {
			unsigned known = lists[i].want.options | TF_OPT_CUT;

			CU_ASSERT(decode_at(RAW, &b, 40 + cap, 0) == TF_WIRE_SEGMENT);
			CU_ASSERT_EQUAL(seg.options & ~known, 0);
			CU_ASSERT_EQUAL(seg.payload_len, 0);
			CU_ASSERT_EQUAL(seg.len, 2);
			if (cap == 0)
				CU_ASSERT_EQUAL(seg.options, TF_OPT_CUT);
		}
	}
	end();
}

static void
what_comes_before_the_cut_is_read(void)
{
	struct bytes b = {.n = 0};

	begin();
	put_ipv4(&b, TCP, 40, 0, 0);
	put_tcp_with(&b, 4, OCTETS("\2\4\x05\xb4\4\2\x08\x0a\0\0\0\1\0\0\0\0\1\3\3\7"), 0);
	CU_ASSERT(decode_at(RAW, &b, 44, 0) == TF_WIRE_SEGMENT); /* between two options */
	CU_ASSERT(has_options_of(&(struct tf_segment){.options = TF_OPT_MSS | TF_OPT_CUT, .mss = 1460}));
	CU_ASSERT(decode_at(RAW, &b, 50, 0) == TF_WIRE_SEGMENT); /* within the timestamps */
	CU_ASSERT_EQUAL(seg.options, TF_OPT_MSS | TF_OPT_SACK_PERMITTED | TF_OPT_CUT);
	b.n = 0;
	put_ipv4(&b, TCP, 32, 0, 0);
	put_tcp_with(&b, 4, OCTETS("\1\1\x08\x0a\0\0\0\1\0\0\0\0"), 0);
	CU_ASSERT(decode_at(RAW, &b, 51, 0) == TF_WIRE_SEGMENT);
	CU_ASSERT_EQUAL(seg.options, TF_OPT_CUT);
	b.n = 0;
	put_ipv4(&b, TCP, 28, 0, 0);
	put_tcp_with(&b, 4, OCTETS("\3\3\7\0\0\0\0\0"), 0);
	CU_ASSERT(decode_at(RAW, &b, 44, 0) == TF_WIRE_SEGMENT); /* the end was captured */
	CU_ASSERT_EQUAL(seg.options, TF_OPT_WSCALE);
	end();
}

static void
a_frame_may_be_cut_at_any_octet(void)
{
	for (int version = 4; version <= 6; version += 2) {
		uint32_t header = version == 4 ? 14 + 20 : 14 + 40;
		struct bytes b = {.n = 0};

		begin();
		put_ethernet(&b, version == 4 ? 0x0800 : 0x86dd);
		put_datagram(&b, version, 30);
		for (uint32_t cap = 0; cap < header + 20; cap++)
			CU_ASSERT(decode_at(ETHERNET, &b, cap, 0) == TF_WIRE_SKIPPED);
		CU_ASSERT_EQUAL(tf_decoder_stats(decoder)->skipped[TF_SKIP_TRUNCATED], header + 20);
		for (uint32_t cap = header + 20; cap < b.n; cap++) {
			CU_ASSERT(decode_at(ETHERNET, &b, cap, 0) == TF_WIRE_SEGMENT);
			CU_ASSERT_EQUAL(seg.len, 30);
			CU_ASSERT_EQUAL(seg.payload_len, cap - header - 20);
			CU_ASSERT_EQUAL(seg.checksum_state, TF_CHECKSUM_UNVERIFIED);
		}
		end();
	}
}

/* ---- usual frames ---- */

static const struct {
	const void *options;
	size_t size;
} layouts[] = {
    {OCTETS("")},
    {OCTETS("\1\1\x08\x0a\0\1\2\3\4\5\6\7")},
    {OCTETS("\2\4\x05\xb4")},
    {OCTETS("\2\4\x05\xb4\4\2\x08\x0a\0\1\2\3\0\0\0\0\1\3\3\7")},
    {OCTETS("\2\4\x05\xb4\1\3\3\x08\1\1\4\2")},
    {OCTETS("\1\1\x05\x0a\1\2\3\4\5\6\7\x08")},
    {OCTETS("\1\1\x08\x0a\0\1\2\3\4\5\6\7\1\1\5\x12\1\2\3\4\5\6\7\x08\1\2\3\4\5\6\7\x09")},
    {OCTETS("\1\1\x13\x12\0\1\2\3\4\5\6\7\0\1\2\3\4\5\6\7")},
};

/* The usual openings, with any octet changed to any other, are read as they are one option at a time: that they
 * are where NOPs before them make them unusual. */
static void
openings_are_read_alike(void)
{
	for (size_t i = 2; i < 5; i++) {
		uint8_t octets[44] = {1, 1, 1, 1};
		uint32_t n = (uint32_t)layouts[i].size;

		memcpy(octets + 4, layouts[i].options, n);
		for (size_t k = 0; k < n * 256; k++) {
			struct tf_segment at_once = {.options = 0}, singly = {.options = 0};
			uint8_t *changed = &octets[4 + k / 256], was = *changed;

			*changed = (uint8_t)k;
			tf_tcp_options(&at_once, octets + 4, n, n);
			tf_tcp_options(&singly, octets, 4 + n, 4 + n);
			CU_ASSERT_EQUAL(memcmp(&at_once, &singly, sizeof(singly)), 0);
			*changed = was;
		}
	}
}

/* A frame with layout I and N octets of payload. */
static struct bytes
usual_frame(int version, bool tagged, size_t i, uint32_t n)
{
	struct bytes b = {.n = 0};
	uint32_t len = 20 + (uint32_t)layouts[i].size + n;

	put(&b, MACS, 12);
	if (tagged)
		put(&b, "\x81\x00\0\5", 4);
	put16(&b, version == 4 ? 0x0800 : 0x86dd);
	if (version == 4)
		put_ipv4(&b, TCP, len, 0x1122, 0x4000);
	else
		put_ipv6(&b, TCP, len);
	put_tcp_with(&b, version, layouts[i].options, layouts[i].size, n);
	return b;
}

static void
usual_frames_are_known(void)
{
	static const uint32_t sizes[] = {0,  1,  2,  7,  8,   9,   16,   31,   44,  45,
	                                 46, 63, 64, 65, 127, 128, 1000, 1448, 9000};

	begin();
	for (unsigned k = 0; k < 4 * COUNT_OF(layouts) * COUNT_OF(sizes); k++) {
		int version = k & 1 ? 6 : 4;
		uint32_t n = sizes[k / 4 % COUNT_OF(sizes)];
		struct bytes b = usual_frame(version, k & 2, k / 4 / COUNT_OF(sizes), n);

		CU_ASSERT(decode(ETHERNET, &b) == TF_WIRE_SEGMENT);
		CU_ASSERT(was_usual && is_whole_segment(version, n));
		put(&b, "\0\0\0\0\0\0", 6); /* padding, or a trailer */
		CU_ASSERT(decode(ETHERNET, &b) == TF_WIRE_SEGMENT);
		CU_ASSERT(was_usual && is_whole_segment(version, n));
	}
	end();
}

/* Any octet of the headers set to any value; decode() compares. */
static void
a_changed_frame_is_decoded_alike(void)
{
	begin();
	for (unsigned k = 0; k < 4 * COUNT_OF(layouts); k++) {
		struct bytes b = usual_frame(k & 1 ? 6 : 4, k & 2, k / 4, 3);

		for (uint32_t at = 12; at < b.n; at++) {
			uint8_t was = b.p[at];
			for (unsigned v = 0; v < 256; v++) {
				b.p[at] = (uint8_t)v;
				decode(ETHERNET, &b);
			}
			b.p[at] = was;
		}
	}
	end();
}

static void
a_cut_frame_is_decoded_alike(void)
{
	begin();
	for (unsigned k = 0; k < 4 * COUNT_OF(layouts); k++) {
		struct bytes b = usual_frame(k & 1 ? 6 : 4, k & 2, k / 4, 70);

		for (uint32_t caplen = 0; caplen < b.n; caplen++) {
			decode_at(ETHERNET, &b, caplen, 0);
			CU_ASSERT_FALSE(was_usual);
		}
	}
	end();
}

/* A bit turned anywhere, and every kind of checksum, at every length. */
static void
a_checksum_is_judged_alike(void)
{
	begin();
	for (uint32_t n = 0; n < 300; n++) {
		for (unsigned k = 0; k < 4; k++) {
			int version = k & 1 ? 6 : 4;
			struct bytes b = usual_frame(version, false, 1, n);
			uint8_t *field = b.p + 14 + (version == 4 ? 20 : 40) + 16;

			b.p[b.n - 1 - n / 2] ^= k & 2 ? 0x10 : 0;
			set16(field, n % 3 == 0   ? 0
			             : n % 3 == 1 ? pseudo_sum(version, 32 + n)
			                          : pseudo_sum(version, 0));
			CU_ASSERT(decode(ETHERNET, &b) == TF_WIRE_SEGMENT && was_usual);
			CU_ASSERT_EQUAL(seg.checksum_state, n % 3 ? TF_CHECKSUM_PARTIAL : TF_CHECKSUM_ZERO);
			set16(field, 0x1234 + n);
			CU_ASSERT(decode(ETHERNET, &b) == TF_WIRE_SEGMENT && was_usual);
		}
	}
	end();
}

static void
a_row_ends_before_what_is_not_usual(void)
{
	struct bytes usual_one = usual_frame(4, false, 1, 5), arp = {.n = 0};
	struct tf_frame frames[6];
	struct tf_segment out[6];

	put_ethernet(&arp, 0x0806);
	put(&arp, "\0\1\x08\0\6\4\0\1", 8);
	begin();
	for (size_t i = 0; i < COUNT_OF(frames); i++) {
		const struct bytes *b = i == 3 ? &arp : &usual_one;
		frames[i] = (struct tf_frame){
		    .packet = i + 1, .data = b->p, .caplen = b->n, .len = b->n, .linktype = ETHERNET};
	}
	CU_ASSERT_EQUAL(tf_decoder_usual(decoder, frames, 2, out), 2);
	CU_ASSERT_EQUAL(tf_decoder_usual(decoder, frames, 6, out), 3);
	CU_ASSERT(out[0].packet == 1 && out[2].packet == 3 && out[2].payload == usual_one.p + 66);
	CU_ASSERT_EQUAL(tf_decoder_usual(decoder, frames + 3, 3, out), 0);
	CU_ASSERT_EQUAL(tf_decoder_usual(decoder, frames + 4, 2, out), 2);
	frames[0].linktype = RAW;
	CU_ASSERT_EQUAL(tf_decoder_usual(decoder, frames, 6, out), 0);
	end();
}

/* ---- checksums ---- */

/* The example of RFC 1071 section 3, behind zeros, which add nothing. */
static void
the_rfcs_example_sums_up(void)
{
	static const uint8_t octets[24] = {[16] = 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
	uint16_t sum = tf_sum_fold(tf_sum_octets(0, octets, sizeof(octets)));

	CU_ASSERT_EQUAL(memcmp(&sum, "\xdd\xf2", 2), 0);
}

static void
any_length_at_any_alignment_sums_up(void)
{
	static uint8_t octets[2100];

	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = (uint8_t)(i * i * 7 + 255 - i);
	for (size_t at = 0; at < 64; at++)
		for (size_t n = 17; n <= 2000; n++) {
			uint16_t sum = tf_sum_fold(tf_sum_octets(0, octets + at, n));
			uint8_t want[2];

			set16(want, plain_sum(octets + at, n));
			if (memcmp(&sum, want, 2) != 0)
				CU_FAIL("a sum differs");
		}
	memset(octets, 0xff, sizeof(octets));
	CU_ASSERT_EQUAL(tf_sum_fold(tf_sum_octets(UINT64_MAX, octets, sizeof(octets))), 0xffff);
}

#if defined(__x86_64__)
/* A sum with vectors, and how much of what lies before its octets it may read. */
struct vector_sum {
	uint64_t (*sum)(uint64_t start, const uint8_t *p, size_t len);
	size_t ahead, least;
};

/* The N octets at P, moved to where no more may be read than the sum says. */
static bool
sums_up(const struct vector_sum *v, const uint8_t *p, size_t n)
{
	uint8_t *octets = malloc(v->ahead + n), want[2];
	uint16_t sum;

	CU_ASSERT_PTR_NOT_NULL_FATAL(octets);
	memset(octets, 0xa5, v->ahead);
	memcpy(octets + v->ahead, p, n);
	sum = tf_sum_fold(v->sum(0, octets + v->ahead, n));
	free(octets);
	set16(want, plain_sum(p, n));
	return memcmp(&sum, want, 2) == 0;
}

/* What the vectors hold, too, and no lane overflows: of all that can stand in a word, the longest datagram. */
static void
vector_sum_comes_out(const struct vector_sum *v)
{
	enum { LONGEST = 65535 + 40 };
	static const uint8_t fillings[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
	static uint8_t octets[LONGEST];

	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = (uint8_t)(i * i * 7 + 255 - i);
	for (size_t n = v->least; n <= 2000; n++)
		for (size_t at = 0; at < 4; at++)
			CU_ASSERT(sums_up(v, octets + at, n));
	for (size_t n = LONGEST - 130; n <= LONGEST; n++)
		CU_ASSERT(sums_up(v, octets, n));
	for (size_t i = 0; i < COUNT_OF(fillings); i++) {
		/* A first word that makes a sum of zeros other than zero, which has two representations. */
		memset(octets, fillings[i], sizeof(octets));
		octets[0] = 0x12;
		for (size_t n = LONGEST - 130; n <= LONGEST; n++)
			CU_ASSERT(sums_up(v, octets, n));
	}
}

TF_WIDE_TARGET static uint64_t
wide(uint64_t start, const uint8_t *p, size_t len)
{
	return tf_wide_sum(start, p, len);
}

TF_WIDER_TARGET static uint64_t
wider(uint64_t start, const uint8_t *p, size_t len)
{
	return tf_wider_sum(start, p, len);
}
#endif

static void
wide_sums_come_out(void)
{
#if defined(__x86_64__)
	if (tf_wide_is_possible())
		vector_sum_comes_out(&(struct vector_sum){wide, TF_WIDE_AHEAD, TF_WIDE_LEAST});
	if (tf_wider_is_possible())
		vector_sum_comes_out(&(struct vector_sum){wider, 0, 1});
#endif
}

static void
set_checksum(struct bytes *b, int version, uint32_t v)
{
	set16(b->p + (version == 4 ? 20 : 40) + 16, v);
}

static int
checksum_state(const struct bytes *b)
{
	CU_ASSERT(decode(RAW, b) == TF_WIRE_SEGMENT);
	return seg.checksum_state;
}

static void
checksums_have_classes(void)
{
	for (int version = 4; version <= 6; version += 2)
		for (uint32_t n = 0; n < 200; n += 33) {
			struct bytes b = {.n = 0};

			begin();
			put_datagram(&b, version, n);
			CU_ASSERT_EQUAL(checksum_state(&b), TF_CHECKSUM_VALID);
			set_checksum(&b, version, 0);
			CU_ASSERT_EQUAL(checksum_state(&b), TF_CHECKSUM_ZERO);
			set_checksum(&b, version, pseudo_sum(version, 20 + n));
			CU_ASSERT_EQUAL(checksum_state(&b), TF_CHECKSUM_PARTIAL);
			set_checksum(&b, version, pseudo_sum(version, 0)); /* the card fills in the length */
			CU_ASSERT_EQUAL(checksum_state(&b), TF_CHECKSUM_PARTIAL);
			set_checksum(&b, version, 0x1111);
			CU_ASSERT_EQUAL(checksum_state(&b), TF_CHECKSUM_BAD);
			end();
		}
}

static void
any_bit_turned_makes_a_checksum_bad(void)
{
	struct bytes b = {.n = 0};

	begin();
	put_datagram(&b, 4, 75);
	for (uint32_t i = 20; i < b.n; i++) {
		if (i == 32)
			continue; /* data offset: another segment */
		b.p[i] ^= 0x04;
		CU_ASSERT_EQUAL(checksum_state(&b), TF_CHECKSUM_BAD);
		b.p[i] ^= 0x04;
	}
	end();
}

static void
checksums_are_let_alone_on_request(void)
{
	struct tf_decoder_options options = TF_DECODER_DEFAULTS;
	struct bytes b = {.n = 0};

	options.verify_checksums = false;
	begin_with(options);
	put_datagram(&b, 4, 5);
	CU_ASSERT_EQUAL(checksum_state(&b), TF_CHECKSUM_UNVERIFIED);
	end();
}

/* ---- ICMP ---- */

/* An error of TYPE and CODE from a router, with WORD in its second four octets, quoting the first N octets of
 * the datagram Q. */
static struct bytes
error_about(int version, unsigned type, unsigned code, uint32_t word, const struct bytes *q, uint32_t n)
{
	struct bytes b = {.n = 0};

	if (version == 4)
		put_ipv4(&b, 1, 8 + n, 0, 0);
	else
		put_ipv6(&b, 58, 8 + n);
	memcpy(b.p + (version == 4 ? 12 : 8), version == 4 ? hop4 : hop6, version == 4 ? 4 : 16);
	memcpy(b.p + (version == 4 ? 16 : 24), version == 4 ? client4 : client6, version == 4 ? 4 : 16);
	put8(&b, type);
	put8(&b, code);
	put16(&b, 0);
	put32(&b, word);
	put(&b, q->p, n);
	return b;
}

static bool
is_error_about_segment(int version)
{
	const struct tf_icmp_error *e = tf_decoder_icmp_error(decoder);

	return e->packet == 7 && e->ip_version == version &&
	       is_addr(e->reporter, version == 4 ? hop4 : hop6, version) &&
	       is_addr(e->receiver, version == 4 ? client4 : client6, version) &&
	       is_addr(e->src, version == 4 ? client4 : client6, version) &&
	       is_addr(e->dst, version == 4 ? server4 : server6, version) && e->src_port == 0x1234 &&
	       e->dst_port == 0x0050 && e->seq.v == 0x01020304 && e->ip_id == (version == 4 ? 0x1122 : 0);
}

static void
icmp_errors_name_the_segment(void)
{
	static const struct {
		int version;
		unsigned type, code;
		uint32_t word, mtu;
	} errors[] = {
	    {4, 3, 1, 0, 0},         {4, 3, 3, 0, 0},       {4, 3, 4, 1400, 1400}, {4, 3, 1, 1400, 0},
	    {4, 4, 0, 0, 0},         {4, 5, 1, 0, 0},       {4, 11, 0, 0, 0},      {4, 12, 0, 0, 0},
	    {6, 1, 4, 0, 0},         {6, 2, 0, 1280, 1280}, {6, 3, 0, 0, 0},       {6, 4, 1, 40, 0},
	    {6, 2, 0, 70000, 70000},
	};

	begin();
	for (size_t i = 0; i < COUNT_OF(errors); i++) {
		const struct tf_icmp_error *e = tf_decoder_icmp_error(decoder);
		struct bytes quoted = {.n = 0}, b;

		put_datagram(&quoted, errors[i].version, 500);
		b = error_about(errors[i].version, errors[i].type, errors[i].code, errors[i].word, &quoted,
		                200);
		CU_ASSERT(decode(RAW, &b) == TF_WIRE_ICMP_ERROR);
		CU_ASSERT(is_error_about_segment(errors[i].version));
		CU_ASSERT_EQUAL(e->type, errors[i].type);
		CU_ASSERT_EQUAL(e->code, errors[i].code);
		CU_ASSERT_EQUAL(e->mtu, errors[i].mtu);
		CU_ASSERT_EQUAL(e->size, errors[i].version == 4 ? quoted.n : 0);
		CU_ASSERT_EQUAL(e->has_ack, 1);
		CU_ASSERT_EQUAL(e->ack.v, 0xa0b0c0d0);
		CU_ASSERT_EQUAL(e->flags, TF_ACK | TF_PSH);
	}
	CU_ASSERT_EQUAL(tf_decoder_stats(decoder)->icmp_errors, COUNT_OF(errors));
	CU_ASSERT_EQUAL(tf_decoder_stats(decoder)->skipped[TF_SKIP_ICMP], 8);
	CU_ASSERT_EQUAL(tf_decoder_stats(decoder)->skipped[TF_SKIP_ICMPV6], 5);
	end();
}

/* RFC 792: the header and 64 bits. */
static void
eight_octets_of_the_segment_are_enough(void)
{
	for (int version = 4; version <= 6; version += 2) {
		uint32_t header = version == 4 ? 20 : 40;
		struct bytes quoted = {.n = 0}, b;

		begin();
		put_datagram(&quoted, version, 500);
		for (uint32_t n = 0; n < 8; n++) {
			b = error_about(version, 3, 0, 0, &quoted, header + n);
			CU_ASSERT(decode(RAW, &b) == TF_WIRE_SKIPPED);
		}
		b = error_about(version, 3, 0, 0, &quoted, header + 8);
		CU_ASSERT(decode(RAW, &b) == TF_WIRE_ICMP_ERROR);
		CU_ASSERT(is_error_about_segment(version));
		CU_ASSERT_EQUAL(tf_decoder_icmp_error(decoder)->has_ack, 0);
		b = error_about(version, 3, 0, 0, &quoted, header + 14);
		CU_ASSERT(decode(RAW, &b) == TF_WIRE_ICMP_ERROR);
		CU_ASSERT_EQUAL(tf_decoder_icmp_error(decoder)->has_ack, 1);
		end();
	}
}

static void
the_quoted_segment_may_stand_behind_extension_headers(void)
{
	struct bytes quoted = {.n = 0}, b;

	begin();
	put_ipv6(&quoted, 60, 16 + 8 + 520);
	put(&quoted, OCTETS(DESTINATION("\x2c")));
	put(&quoted, "\6\0\0\1\0\0\0\5", 8); /* the first fragment */
	put_tcp(&quoted, 6, 500);
	b = error_about(6, 2, 0, 1280, &quoted, 100);
	CU_ASSERT(decode(RAW, &b) == TF_WIRE_ICMP_ERROR);
	CU_ASSERT(is_error_about_segment(6));
	end();
}

static void
icmp_that_quotes_no_segment_is_only_counted(void)
{
	struct bytes quoted = {.n = 0}, b;

	begin();
	put_datagram(&quoted, 4, 100);
	b = error_about(4, 8, 0, 0, &quoted, 60); /* an echo request */
	CU_ASSERT(skips(RAW, &b, TF_SKIP_ICMP));
	quoted.p[9] = UDP;
	b = error_about(4, 3, 3, 0, &quoted, 60);
	CU_ASSERT(skips(RAW, &b, TF_SKIP_ICMP));
	quoted.p[9] = TCP;
	quoted.p[7] = 2; /* a later fragment holds no header */
	b = error_about(4, 3, 3, 0, &quoted, 60);
	CU_ASSERT(skips(RAW, &b, TF_SKIP_ICMP));
	quoted.p[6] = 0x20;
	quoted.p[7] = 0; /* the first one does */
	b = error_about(4, 3, 3, 0, &quoted, 60);
	CU_ASSERT(decode(RAW, &b) == TF_WIRE_ICMP_ERROR);
	quoted.p[0] = 0x65;
	b = error_about(4, 3, 3, 0, &quoted, 60);
	CU_ASSERT(skips(RAW, &b, TF_SKIP_ICMP));
	quoted.n = 0;
	put_datagram(&quoted, 6, 100);
	b = error_about(6, 129, 0, 0, &quoted, 80); /* an echo reply */
	CU_ASSERT(skips(RAW, &b, TF_SKIP_ICMPV6));
	b.n = 47;
	set16(b.p + 4, 7);
	CU_ASSERT(skips(RAW, &b, TF_SKIP_TRUNCATED));
	end();
}

/* ---- names ---- */

/* Scripts read these keys of summary.skipped. */
static void
the_kinds_keep_their_names(void)
{
	static const char *const promised[] = {"arp",
	                                       "udp",
	                                       "icmp",
	                                       "icmpv6",
	                                       "sctp",
	                                       "ipv4_other",
	                                       "ipv6_other",
	                                       "fragment",
	                                       "truncated",
	                                       "malformed",
	                                       "unknown_linktype",
	                                       "ethernet_other"};

	for (size_t i = 0; i < COUNT_OF(promised); i++) {
		int found = 0;

		for (int kind = 0; kind < TF_SKIP_COUNT; kind++)
			found += strcmp(tf_skip_name((enum tf_skip)kind), promised[i]) == 0;
		CU_ASSERT_EQUAL(found, 1);
	}
	CU_ASSERT_STRING_EQUAL(tf_skip_name(TF_SKIP_ARP), "arp");
	CU_ASSERT_STRING_EQUAL(tf_skip_meaning(TF_SKIP_SCTP), "SCTP");
	tf_decoder_free(NULL);
}

const char tf_suite[] = "wire";

const struct tf_test tf_tests[] = {
    {"each link layer leads to the segment", each_link_layer_leads_to_the_segment},
    {"a link header cut anywhere is truncated", a_link_header_cut_anywhere_is_truncated},
    {"what is not TCP is counted by kind", what_is_not_tcp_is_counted_by_kind},
    {"a protocol over IP is counted by kind", a_protocol_over_ip_is_counted_by_kind},
    {"link layers nest only so deep", link_layers_nest_only_so_deep},
    {"a frame shorter on the wire than captured is read", a_frame_shorter_on_the_wire_than_captured_is_read},
    {"padding of the link is no payload", padding_of_the_link_is_no_payload},
    {"a length of zero is the frame's", a_length_of_zero_is_the_frames},
    {"a jumbogram has the frame's length", a_jumbogram_has_the_frames_length},
    {"the length is the IP header's though octets are missing",
     the_length_is_the_ip_headers_though_octets_are_missing},
    {"IPv4 options are passed over", ipv4_options_are_passed_over},
    {"IPv4 options that do not fit are malformed", ipv4_options_that_do_not_fit_are_malformed},
    {"an IPv4 source route's last hop is the destination", an_ipv4_source_routes_last_hop_is_the_destination},
    {"identification and TTL come along", identification_and_ttl_come_along},
    {"IPv6 extension headers are passed over", ipv6_extension_headers_are_passed_over},
    {"an authentication header over IPv4 is passed over", an_authentication_header_over_ipv4_is_passed_over},
    {"an IPv6 route's last hop is the destination", an_ipv6_routes_last_hop_is_the_destination},
    {"fragments in any order make the segment", fragments_in_any_order_make_the_segment},
    {"a segment in one piece lies in its frame", a_segment_in_one_piece_lies_in_its_frame},
    {"a fragment alone is no segment", a_fragment_alone_is_no_segment},
    {"fragments of different datagrams do not mix", fragments_of_different_datagrams_do_not_mix},
    {"many datagrams may wait at a time", many_datagrams_may_wait_at_a_time},
    {"in IPv4 the octets that came first stand", in_ipv4_the_octets_that_came_first_stand},
    {"in IPv4 octets between those that came are filled in",
     in_ipv4_octets_between_those_that_came_are_filled_in},
    {"in IPv6 an overlap drops the datagram", in_ipv6_an_overlap_drops_the_datagram},
    {"in IPv6 a copy is no overlap", in_ipv6_a_copy_is_no_overlap},
    {"the end that was said first stands", the_end_that_was_said_first_stands},
    {"a datagram waits a minute for its fragments", a_datagram_waits_a_minute_for_its_fragments},
    {"time that runs backwards does no harm", time_that_runs_backwards_does_no_harm},
    {"too many datagrams evict the oldest", too_many_datagrams_evict_the_oldest},
    {"too many octets evict the oldest", too_many_octets_evict_the_oldest},
    {"the newest datagrams stay", the_newest_datagrams_stay},
    {"without room fragments are only counted", without_room_fragments_are_only_counted},
    {"without memory a datagram is given up", without_memory_a_datagram_is_given_up},
    {"impossible fragments are malformed", impossible_fragments_are_malformed},
    {"the greatest datagram is put together", the_greatest_datagram_is_put_together},
    {"what the snap length cut of a fragment is missing from the payload",
     what_the_snap_length_cut_of_a_fragment_is_missing_from_the_payload},
    {"what came before is not missing where a fragment is cut",
     what_came_before_is_not_missing_where_a_fragment_is_cut},
    {"the first fragment says the next header in IPv6", the_first_fragment_says_the_next_header_in_ipv6},
    {"extension headers may be in the fragmented part", extension_headers_may_be_in_the_fragmented_part},
    {"a fragment of a fragment is malformed", a_fragment_of_a_fragment_is_malformed},
    {"IPv4 fragments of others count by protocol", ipv4_fragments_of_others_count_by_protocol},
    {"every header field is read", every_header_field_is_read},
    {"each control bit has its place", each_control_bit_has_its_place},
    {"a header that does not fit is no segment", a_header_that_does_not_fit_is_no_segment},
    {"option lists are read", option_lists_are_read},
    {"SACK blocks are told by their edges", blocks_are_told_by_their_edges},
    {"cut option lists say so", cut_option_lists_say_so},
    {"what comes before the cut is read", what_comes_before_the_cut_is_read},
    {"a frame may be cut at any octet", a_frame_may_be_cut_at_any_octet},
    {"the RFC's example sums up", the_rfcs_example_sums_up},
    {"any length at any alignment sums up", any_length_at_any_alignment_sums_up},
    {"wide sums come out", wide_sums_come_out},
    {"openings are read alike", openings_are_read_alike},
    {"usual frames are known", usual_frames_are_known},
    {"a changed frame is decoded alike", a_changed_frame_is_decoded_alike},
    {"a cut frame is decoded alike", a_cut_frame_is_decoded_alike},
    {"a checksum is judged alike", a_checksum_is_judged_alike},
    {"a row ends before what is not usual", a_row_ends_before_what_is_not_usual},
    {"checksums have classes", checksums_have_classes},
    {"any bit turned makes a checksum bad", any_bit_turned_makes_a_checksum_bad},
    {"checksums are let alone on request", checksums_are_let_alone_on_request},
    {"ICMP errors name the segment", icmp_errors_name_the_segment},
    {"eight octets of the segment are enough", eight_octets_of_the_segment_are_enough},
    {"the quoted segment may stand behind extension headers",
     the_quoted_segment_may_stand_behind_extension_headers},
    {"ICMP that quotes no segment is only counted", icmp_that_quotes_no_segment_is_only_counted},
    {"the kinds keep their names", the_kinds_keep_their_names},
    {NULL, NULL},
};
