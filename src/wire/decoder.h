/*
 * Inside the decoder: what its layers share.
 *
 * A layer is a function that takes the decoder and a view of its octets,
 * strips its header and hands the rest to the next layer; its result is
 * the result of the frame.  A tunnel is a layer like any other.  `depth`
 * bounds how far layers may nest.
 */
#ifndef TCPFSM_WIRE_DECODER_H
#define TCPFSM_WIRE_DECODER_H

#include "wire/bytes.h"
#include "wire/decode.h"
#include "wire/fragment.h"

enum {
	TF_DEPTH_MAX = 16, /* layers with a header of their own in one frame, TCP not counted */
};

struct tf_decoder;

typedef enum tf_wire_result tf_layer(struct tf_decoder *d, struct tf_view v);

typedef size_t tf_usual_function(struct tf_decoder *d, const struct tf_frame *frames, size_t count,
                                 struct tf_segment *out);

struct tf_usual_form {
	bool (*is_possible)(void); /* on this processor */
	tf_usual_function *decode;
};

#if defined(__x86_64__)
#define TF_USUAL_FORMS 3
#else
#define TF_USUAL_FORMS 1
#endif

struct tf_decoder {
	const struct tf_frame *frame; /* the frame of this call */
	struct tf_segment *out;       /* where its segment goes */
	tf_usual_function *usual;     /* for this processor */
	tf_layer *link;               /* strips link layers of type link_of */
	int link_of;
	unsigned depth;      /* layers entered in this frame */
	bool payload_is_own; /* the last segment came out of fragments */
	bool verify_checksums;
	struct tf_icmp_error icmp; /* the error of this call */
	struct tf_fragments fragments;
	struct tf_decoder_stats stats;
};

/* What the IP header says, in whatever version. */
struct tf_ip {
	const uint8_t *src, *dst; /* 4 or 16 octets each; dst is the final destination of a source route */
	uint16_t id;              /* IPv4 identification, else 0 */
	uint8_t ttl;              /* or hop limit */
	uint8_t version;          /* 4 or 6 */
};

/* IANA's protocol numbers that matter here. */
enum tf_protocol {
	TF_IP_HOP_BY_HOP = 0,
	TF_IP_ICMP = 1,
	TF_IP_IPV4 = 4,
	TF_IP_TCP = 6,
	TF_IP_UDP = 17,
	TF_IP_IPV6 = 41,
	TF_IP_ROUTING = 43,
	TF_IP_FRAGMENT = 44,
	TF_IP_GRE = 47,
	TF_IP_AH = 51,
	TF_IP_ICMPV6 = 58,
	TF_IP_DESTINATION = 60,
	TF_IP_SCTP = 132,
	TF_IP_MOBILITY = 135,
	TF_IP_UDPLITE = 136,
	TF_IP_HIP = 139,
	TF_IP_SHIM6 = 140,
};

enum tf_ethertype {
	TF_ETHERTYPE_IPV4 = 0x0800,
	TF_ETHERTYPE_ARP = 0x0806,
	TF_ETHERTYPE_RARP = 0x8035,
	TF_ETHERTYPE_VLAN = 0x8100,
	TF_ETHERTYPE_IPV6 = 0x86dd,
	TF_ETHERTYPE_MPLS = 0x8847,
	TF_ETHERTYPE_MPLS_MULTICAST = 0x8848,
	TF_ETHERTYPE_PPPOE_SESSION = 0x8864,
	TF_ETHERTYPE_PROVIDER_VLAN = 0x88a8,
	TF_ETHERTYPE_E_TAG = 0x893f,
	TF_ETHERTYPE_OLD_QINQ = 0x9100,
	TF_ETHERTYPE_OLD_QINQ_2 = 0x9200,
};

/* Count the frame under KIND; always TF_WIRE_SKIPPED. */
static inline enum tf_wire_result
tf_pass_over(struct tf_decoder *d, enum tf_skip kind)
{
	d->stats.skipped[kind]++;
	d->stats.headless += kind == TF_SKIP_TRUNCATED && d->frame->caplen < d->frame->len;
	return TF_WIRE_SKIPPED;
}

/* The address at P, of 4 or 16 octets by VERSION. */
static inline struct tf_addr
tf_addr_of(const uint8_t *p, uint8_t version)
{
	struct tf_addr a = {.byte = {[10] = 0xff, [11] = 0xff}};

	if (version == 4)
		memcpy(a.byte + 12, p, 4);
	else
		memcpy(a.byte, p, 16);
	return a;
}

/* What does the work of tf_decoder_usual(), the fastest first; the last is possible on any processor (usual.c). */
extern const struct tf_usual_form tf_usual_forms[TF_USUAL_FORMS];
tf_usual_function *tf_usual_for_processor(void);

/* What strips link layers of LINKTYPE; NULL where it is not understood (link.c). */
tf_layer *tf_link_layer(int linktype);

/* Ethernet II, 802.3, VLAN tags (link.c). */
tf_layer tf_ethernet;

/* IP of either version, by the version in the header; IPv4; IPv6 (ip.c). */
tf_layer tf_ip_any, tf_ipv4, tf_ipv6;

/* The header that the frame's last layer carries: a segment (tcp.c), an ICMP message (icmp.c). */
enum tf_wire_result tf_tcp(struct tf_decoder *d, const struct tf_ip *ip, struct tf_view v);
enum tf_wire_result tf_icmp(struct tf_decoder *d, const struct tf_ip *ip, struct tf_view v);

/* The control bits of the TCP header at P, of which 14 octets may be read. */
static inline uint16_t
tf_tcp_flags(const uint8_t *p)
{
	return tf_get16(p + 12) & 0x1ff;
}

enum tf_ip_verdict {
	TF_IP_WHOLE,
	TF_IP_PIECE, /* a fragment */
	TF_IP_SHORT, /* the view ends before the header does */
	TF_IP_BAD,   /* the header contradicts itself */
};

/* What the IP headers in front of a protocol's header say. */
struct tf_ip_parsed {
	struct tf_ip ip;
	struct tf_view rest; /* what follows the headers, without the frame's padding */
	uint32_t protocol;   /* what rest begins with */
	uint32_t id;         /* with TF_IP_PIECE: identification, 16 or 32 bits */
	uint32_t offset;     /* with TF_IP_PIECE: octets */
	bool more;           /* with TF_IP_PIECE: others come after it */
};

/* Strip the IPv4 header, or the IPv6 header with its extension headers up to a fragment header (ip.c).
 * Except after TF_IP_WHOLE and TF_IP_PIECE *OUT is unspecified. */
enum tf_ip_verdict tf_ipv4_parse(struct tf_view v, struct tf_ip_parsed *out);
enum tf_ip_verdict tf_ipv6_parse(struct tf_view v, struct tf_ip_parsed *out);

/* Strip extension headers from out->rest, the first of kind out->protocol; *OUT must be filled (ip.c). */
enum tf_ip_verdict tf_ip_extensions(struct tf_ip_parsed *out);

#endif
