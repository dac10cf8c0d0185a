/*
 * Link layers: from the first octet of a frame to an IP header.
 *
 * One function a layer, and a table from LINKTYPE to function (numbers and
 * layouts: the registry of link types kept by the makers of tcpdump).  VLAN
 * tags (IEEE 802.1Q, 802.1BR), PPPoE sessions (RFC 2516) and MPLS labels (RFC 3032)
 * are passed over wherever an EtherType may announce them.
 *
 * Wireless LAN, Token Ring, FDDI and serial lines with compressed headers
 * are not understood.  Addresses of the link layer are not looked at.
 */
#include "wire/decoder.h"

enum {
	ETHERNET_HEADER = 14,
	LLC_LENGTH_MAX = 1500, /* below: a length, not an EtherType (IEEE 802.3 section 3.2.6) */
};

/* Numbers of the Network Layer Protocol Identifier (RFC 2427). */
enum nlpid {
	NLPID_SNAP = 0x80,
	NLPID_IPV6 = 0x8e,
	NLPID_IPV4 = 0xcc,
};

static tf_layer vlan, e_tag, mpls, pppoe, llc, ppp;

/* One layer more; false where a frame nests too many. */
static bool
enter(struct tf_decoder *d)
{
	return d->depth++ < TF_DEPTH_MAX;
}

static enum tf_wire_result
by_ethertype(struct tf_decoder *d, struct tf_view v, uint32_t type)
{
	switch (type) {
	case TF_ETHERTYPE_IPV4:
		return tf_ipv4(d, v);
	case TF_ETHERTYPE_IPV6:
		return tf_ipv6(d, v);
	case TF_ETHERTYPE_ARP:
	case TF_ETHERTYPE_RARP:
		return tf_pass_over(d, TF_SKIP_ARP);
	case TF_ETHERTYPE_VLAN:
	case TF_ETHERTYPE_PROVIDER_VLAN:
	case TF_ETHERTYPE_OLD_QINQ:
	case TF_ETHERTYPE_OLD_QINQ_2:
		return vlan(d, v);
	case TF_ETHERTYPE_E_TAG:
		return e_tag(d, v);
	case TF_ETHERTYPE_PPPOE_SESSION:
		return pppoe(d, v);
	case TF_ETHERTYPE_MPLS:
	case TF_ETHERTYPE_MPLS_MULTICAST:
		return mpls(d, v);
	default:
		return type <= LLC_LENGTH_MAX ? llc(d, tf_view_first(v, type))
		                              : tf_pass_over(d, TF_SKIP_ETHERNET_OTHER);
	}
}

/* An EtherType stands at offset AT, its packet HEADER octets from the start. */
static enum tf_wire_result
behind_ethertype(struct tf_decoder *d, struct tf_view v, uint32_t at, uint32_t header)
{
	if (v.cap < header)
		return tf_pass_over(d, TF_SKIP_TRUNCATED);
	return by_ethertype(d, tf_view_skip(v, header), tf_get16(v.p + at));
}

enum tf_wire_result
tf_ethernet(struct tf_decoder *d, struct tf_view v)
{
	return behind_ethertype(d, v, 12, ETHERNET_HEADER);
}

static enum tf_wire_result
vlan(struct tf_decoder *d, struct tf_view v)
{
	return enter(d) ? behind_ethertype(d, v, 2, 4) : tf_pass_over(d, TF_SKIP_TOO_DEEP);
}

/* IEEE 802.1BR: a tag as a port extender sets it. */
static enum tf_wire_result
e_tag(struct tf_decoder *d, struct tf_view v)
{
	return enter(d) ? behind_ethertype(d, v, 6, 8) : tf_pass_over(d, TF_SKIP_TOO_DEEP);
}

/* Labels up to the bottom of the stack; then only the first nibble tells what follows. */
static enum tf_wire_result
mpls(struct tf_decoder *d, struct tf_view v)
{
	bool bottom = false;

	while (!bottom) {
		if (v.cap < 4)
			return tf_pass_over(d, TF_SKIP_TRUNCATED);
		bottom = v.p[2] & 1;
		v = tf_view_skip(v, 4);
	}
	if (v.cap == 0)
		return tf_pass_over(d, TF_SKIP_TRUNCATED);
	if (v.p[0] >> 4 != 4 && v.p[0] >> 4 != 6)
		return tf_pass_over(d, TF_SKIP_LINK_OTHER);
	return tf_ip_any(d, v);
}

static enum tf_wire_result
pppoe(struct tf_decoder *d, struct tf_view v)
{
	if (!enter(d))
		return tf_pass_over(d, TF_SKIP_TOO_DEEP);
	if (v.cap < 6)
		return tf_pass_over(d, TF_SKIP_TRUNCATED);
	if (v.p[0] != 0x11)
		return tf_pass_over(d, TF_SKIP_MALFORMED);
	return ppp(d, tf_view_first(tf_view_skip(v, 6), tf_get16(v.p + 4)));
}

/* The header of RFC 1042 in front of an EtherType. */
static enum tf_wire_result
snap(struct tf_decoder *d, struct tf_view v)
{
	static const uint8_t rfc1042[3] = {0, 0, 0}, bridged[3] = {0, 0, 0xf8};

	if (!enter(d))
		return tf_pass_over(d, TF_SKIP_TOO_DEEP);
	if (v.cap < 5)
		return tf_pass_over(d, TF_SKIP_TRUNCATED);
	if (memcmp(v.p, rfc1042, 3) != 0 && memcmp(v.p, bridged, 3) != 0)
		return tf_pass_over(d, TF_SKIP_LINK_OTHER);
	return behind_ethertype(d, v, 3, 5);
}

static enum tf_wire_result
by_nlpid(struct tf_decoder *d, struct tf_view v)
{
	while (v.cap > 0 && v.p[0] == 0) /* padding */
		v = tf_view_skip(v, 1);
	if (v.cap == 0)
		return tf_pass_over(d, TF_SKIP_TRUNCATED);
	switch (v.p[0]) {
	case NLPID_IPV4:
		return tf_ipv4(d, tf_view_skip(v, 1));
	case NLPID_IPV6:
		return tf_ipv6(d, tf_view_skip(v, 1));
	case NLPID_SNAP:
		return snap(d, tf_view_skip(v, 1));
	default:
		return tf_pass_over(d, TF_SKIP_LINK_OTHER);
	}
}

/* IEEE 802.2: two service access points and a control octet. */
static enum tf_wire_result
llc(struct tf_decoder *d, struct tf_view v)
{
	if (v.cap < 3)
		return tf_pass_over(d, TF_SKIP_TRUNCATED);
	switch (tf_get16(v.p) << 8 | v.p[2]) {
	case 0xaaaa03:
		return snap(d, tf_view_skip(v, 3));
	case 0x060603:
		return tf_ip_any(d, tf_view_skip(v, 3));
	case 0xfefe03:
		return by_nlpid(d, tf_view_skip(v, 3));
	default:
		return tf_pass_over(d, TF_SKIP_LINK_OTHER);
	}
}

/* PPP's protocol field, of one octet where that is odd (RFC 1661 section 2). */
static enum tf_wire_result
ppp_protocol(struct tf_decoder *d, struct tf_view v)
{
	uint32_t size, protocol;

	if (v.cap < 2)
		return tf_pass_over(d, TF_SKIP_TRUNCATED);
	size = v.p[0] & 1 ? 1 : 2;
	protocol = size == 1 ? v.p[0] : tf_get16(v.p);
	v = tf_view_skip(v, size);
	switch (protocol) {
	case 0x21:
		return tf_ipv4(d, v);
	case 0x57:
		return tf_ipv6(d, v);
	case 0x281:
		return mpls(d, v);
	default:
		return tf_pass_over(d, TF_SKIP_LINK_OTHER);
	}
}

/* PPP, with or without the address and control octets of RFC 1662. */
static enum tf_wire_result
ppp(struct tf_decoder *d, struct tf_view v)
{
	if (v.cap >= 2 && v.p[0] == 0xff && v.p[1] == 0x03)
		v = tf_view_skip(v, 2);
	return ppp_protocol(d, v);
}

static enum tf_wire_result
ppp_with_direction(struct tf_decoder *d, struct tf_view v)
{
	return v.cap < 1 ? tf_pass_over(d, TF_SKIP_TRUNCATED) : ppp(d, tf_view_skip(v, 1));
}

static enum tf_wire_result
cisco_hdlc(struct tf_decoder *d, struct tf_view v)
{
	return behind_ethertype(d, v, 2, 4);
}

/* PPP in HDLC framing, or Cisco's own framing of the same line (RFC 1547 section 4.3.1). */
static enum tf_wire_result
ppp_or_cisco_hdlc(struct tf_decoder *d, struct tf_view v)
{
	if (v.cap >= 2 && (v.p[0] == 0x0f || v.p[0] == 0x8f))
		return cisco_hdlc(d, v);
	return ppp(d, v);
}

/* RFC 2427, or Cisco's EtherType right behind the address, whose last octet has its low bit set. */
static enum tf_wire_result
frame_relay(struct tf_decoder *d, struct tf_view v)
{
	uint32_t address = 2;

	while (address <= 4 && address <= v.cap && !(v.p[address - 1] & 1))
		address++;
	if (v.cap < address + 2)
		return tf_pass_over(d, TF_SKIP_TRUNCATED);
	if (address > 4)
		return tf_pass_over(d, TF_SKIP_MALFORMED);
	v = tf_view_skip(v, address);
	return v.p[0] == 0x03 ? by_nlpid(d, tf_view_skip(v, 1)) : behind_ethertype(d, v, 0, 2);
}

/* Four octets with the address family, in the byte order of the machine that captured; the numbers of
 * IPv6 are those of the BSDs, Darwin, Linux and Windows. */
static enum tf_wire_result
loopback(struct tf_decoder *d, struct tf_view v)
{
	uint32_t family;

	if (v.cap < 4)
		return tf_pass_over(d, TF_SKIP_TRUNCATED);
	family = tf_get32(v.p);
	if (family > 0xffff)
		family = __builtin_bswap32(family);
	v = tf_view_skip(v, 4);
	switch (family) {
	case 2:
		return tf_ipv4(d, v);
	case 10:
	case 23:
	case 24:
	case 28:
	case 30:
		return tf_ipv6(d, v);
	default:
		return tf_pass_over(d, TF_SKIP_LINK_OTHER);
	}
}

/* What Linux calls a protocol in a cooked header: below 0x600 numbers of its own. */
static enum tf_wire_result
cooked(struct tf_decoder *d, struct tf_view v, uint32_t protocol)
{
	enum { COOKED_LLC = 4, OWN_MAX = 0x5ff };

	if (protocol == COOKED_LLC)
		return llc(d, v);
	return protocol > OWN_MAX ? by_ethertype(d, v, protocol) : tf_pass_over(d, TF_SKIP_LINK_OTHER);
}

static enum tf_wire_result
linux_cooked(struct tf_decoder *d, struct tf_view v)
{
	return v.cap < 16 ? tf_pass_over(d, TF_SKIP_TRUNCATED)
	                  : cooked(d, tf_view_skip(v, 16), tf_get16(v.p + 14));
}

static enum tf_wire_result
linux_cooked_2(struct tf_decoder *d, struct tf_view v)
{
	return v.cap < 20 ? tf_pass_over(d, TF_SKIP_TRUNCATED)
	                  : cooked(d, tf_view_skip(v, 20), tf_get16(v.p));
}

/* Direction, then what the compressor saw; compressed packets (RFC 1144) have no IP header. */
static enum tf_wire_result
slip(struct tf_decoder *d, struct tf_view v)
{
	if (v.cap < 16)
		return tf_pass_over(d, TF_SKIP_TRUNCATED);
	if (v.p[1] & 0x80 || v.p[1] >> 4 == 7)
		return tf_pass_over(d, TF_SKIP_LINK_OTHER);
	return tf_ip_any(d, tf_view_skip(v, 16));
}

/* Linux's log of its packet filter: attributes (length, type, value, in the capturing machine's byte order,
 * of which only little endian is understood), padded to four octets; the one of type 9 is the packet. */
static enum tf_wire_result
nflog(struct tf_decoder *d, struct tf_view v)
{
	enum { HEADER = 4, PAYLOAD = 9 };

	if (v.cap < HEADER)
		return tf_pass_over(d, TF_SKIP_TRUNCATED);
	for (v = tf_view_skip(v, HEADER); v.cap >= HEADER;) {
		uint32_t size = (uint32_t)v.p[1] << 8 | v.p[0];
		uint32_t padded = (size + 3) & ~3u;

		if (size < HEADER)
			return tf_pass_over(d, TF_SKIP_MALFORMED);
		if ((v.p[3] << 8 | v.p[2]) == PAYLOAD)
			return tf_ip_any(d, tf_view_skip(tf_view_first(v, size), HEADER));
		v = tf_view_skip(v, padded < v.cap ? padded : v.cap);
	}
	return tf_pass_over(d, TF_SKIP_TRUNCATED);
}

static const struct {
	int linktype;
	tf_layer *layer;
} layers[] = {
    {0, loopback},             /* NULL */
    {1, tf_ethernet},          /* ETHERNET */
    {8, slip},                 /* SLIP */
    {9, ppp},                  /* PPP */
    {12, tf_ip_any},           /* DLT_RAW of most systems */
    {14, tf_ip_any},           /* DLT_RAW of OpenBSD */
    {50, ppp_or_cisco_hdlc},   /* PPP_HDLC */
    {51, pppoe},               /* PPP_ETHER */
    {100, llc},                /* ATM_RFC1483 */
    {101, tf_ip_any},          /* RAW */
    {104, cisco_hdlc},         /* C_HDLC */
    {107, frame_relay},        /* FRELAY */
    {108, loopback},           /* LOOP */
    {113, linux_cooked},       /* LINUX_SLL */
    {204, ppp_with_direction}, /* PPP_WITH_DIR */
    {228, tf_ipv4},            /* IPV4 */
    {229, tf_ipv6},            /* IPV6 */
    {239, nflog},              /* NFLOG */
    {276, linux_cooked_2},     /* LINUX_SLL2 */
};

tf_layer *
tf_link_layer(int linktype)
{
	for (size_t i = 0; i < sizeof(layers) / sizeof(layers[0]); i++)
		if (layers[i].linktype == linktype)
			return layers[i].layer;
	return NULL;
}
