/*
 * IPv4 (RFC 791) and IPv6 (RFC 8200) with its extension headers: from an IP
 * header to the protocol that it carries.
 *
 * The length of what is carried comes from the IP header: padding of the
 * link layer is left off, and octets that the snap length cut still count.
 * A length of zero is what a sender shows whose network card was to cut a
 * large packet into several (or a jumbogram, RFC 2675): there the frame
 * tells it.  Header checksums, the meaning of options other than source
 * routes, and the contents of extension headers are not looked at.
 */
#include "wire/decoder.h"

enum {
	IPV4_HEADER = 20,
	IPV6_HEADER = 40,
	EXTENSION_MIN = 8,
};

/* Read the options up to END; false where one does not fit, for which hosts drop the datagram.  Where a
 * source route has hops yet to visit, its last one is the destination that TCP sums (RFC 791 section 3.1). */
static bool
ipv4_options(struct tf_ip *ip, const uint8_t *option, const uint8_t *end)
{
	enum { END = 0, NOP = 1, LOOSE_ROUTE = 131, STRICT_ROUTE = 137 };
	uint32_t size;

	for (; option < end && *option != END; option += size) {
		size = 1;
		if (*option == NOP)
			continue;
		if (end - option < 2 || option[1] < 2 || option[1] > end - option)
			return false;
		size = option[1];
		if ((*option == LOOSE_ROUTE || *option == STRICT_ROUTE) && size >= 7 && option[2] <= size - 3)
			ip->dst = option + size - 4;
	}
	return true;
}

enum tf_ip_verdict
tf_ipv4_parse(struct tf_view v, struct tf_ip_parsed *out)
{
	uint32_t header, total, fragment;

	if (v.cap < IPV4_HEADER)
		return TF_IP_SHORT;
	header = (v.p[0] & 0xfu) * 4;
	total = tf_get16(v.p + 2);
	if (total == 0)
		total = v.len;
	if (v.p[0] >> 4 != 4 || header < IPV4_HEADER || total < header)
		return TF_IP_BAD;
	if (v.cap < header)
		return TF_IP_SHORT;
	out->ip = (struct tf_ip){v.p + 12, v.p + 16, tf_get16(v.p + 4), v.p[8], 4};
	if (header > IPV4_HEADER && !ipv4_options(&out->ip, v.p + IPV4_HEADER, v.p + header))
		return TF_IP_BAD;
	out->protocol = v.p[9];
	out->rest.p = v.p + header;
	out->rest.cap = (v.cap < total ? v.cap : total) - header;
	out->rest.len = total - header;
	fragment = tf_get16(v.p + 6) & 0x3fff;
	if (fragment == 0)
		return out->protocol == TF_IP_AH ? tf_ip_extensions(out) : TF_IP_WHOLE;
	out->id = out->ip.id;
	out->offset = (fragment & 0x1fff) * 8;
	out->more = fragment & 0x2000;
	return TF_IP_PIECE;
}

/* The final destination is the one that TCP sums (RFC 8200 section 8.1): the last address of the list,
 * the first in a segment routing header (RFC 8754 section 2). */
static void
ipv6_follow_route(struct tf_ip *ip, const uint8_t *header, uint32_t size)
{
	enum { SOURCE_ROUTE = 0, MOBILE = 2, SEGMENT_ROUTE = 4 };
	uint32_t addresses = (size - EXTENSION_MIN) / 16;

	if (header[3] == 0 || addresses == 0)
		return;
	if (header[2] == SOURCE_ROUTE || header[2] == MOBILE)
		ip->dst = header + EXTENSION_MIN + (addresses - 1) * 16;
	else if (header[2] == SEGMENT_ROUTE)
		ip->dst = header + EXTENSION_MIN;
}

/* What may stand between an IP header and the protocol: in IPv4 the Authentication Header alone. */
static bool
is_extension(uint32_t protocol, uint8_t version)
{
	if (version == 4)
		return protocol == TF_IP_AH;
	switch (protocol) {
	case TF_IP_HOP_BY_HOP:
	case TF_IP_ROUTING:
	case TF_IP_FRAGMENT:
	case TF_IP_AH:
	case TF_IP_DESTINATION:
	case TF_IP_MOBILITY:
	case TF_IP_HIP:
	case TF_IP_SHIM6:
		return true;
	default:
		return false;
	}
}

/* The octets of the extension header at P; AH counts in units of its own (RFC 4302 section 2.2). */
static uint32_t
extension_size(uint32_t protocol, const uint8_t *p)
{
	if (protocol == TF_IP_FRAGMENT)
		return 8;
	return protocol == TF_IP_AH ? (p[1] + 2u) * 4 : (p[1] + 1u) * 8;
}

enum tf_ip_verdict
tf_ip_extensions(struct tf_ip_parsed *out)
{
	while (is_extension(out->protocol, out->ip.version)) {
		const uint8_t *p = out->rest.p;
		uint32_t kind = out->protocol, size;

		if (out->rest.cap < EXTENSION_MIN)
			return TF_IP_SHORT;
		size = extension_size(kind, p);
		if (size > out->rest.len)
			return TF_IP_BAD;
		if (size > out->rest.cap)
			return TF_IP_SHORT;
		if (kind == TF_IP_ROUTING)
			ipv6_follow_route(&out->ip, p, size);
		out->protocol = p[0];
		out->rest = tf_view_skip(out->rest, size);
		if (kind == TF_IP_FRAGMENT && (tf_get16(p + 2) & 0xfff9)) {
			out->offset = tf_get16(p + 2) & 0xfff8;
			out->more = p[3] & 1;
			out->id = tf_get32(p + 4);
			return TF_IP_PIECE;
		}
	}
	return TF_IP_WHOLE;
}

enum tf_ip_verdict
tf_ipv6_parse(struct tf_view v, struct tf_ip_parsed *out)
{
	uint32_t len;

	if (v.cap < IPV6_HEADER)
		return TF_IP_SHORT;
	if (v.p[0] >> 4 != 6)
		return TF_IP_BAD;
	len = tf_get16(v.p + 4);
	if (len == 0)
		len = v.len - IPV6_HEADER;
	out->ip = (struct tf_ip){v.p + 8, v.p + 24, 0, v.p[7], 6};
	out->protocol = v.p[6];
	out->rest.p = v.p + IPV6_HEADER;
	out->rest.cap = v.cap - IPV6_HEADER < len ? v.cap - IPV6_HEADER : len;
	out->rest.len = len;
	return tf_ip_extensions(out);
}

static uint32_t
icmp_of(const struct tf_ip *ip)
{
	return ip->version == 4 ? TF_IP_ICMP : TF_IP_ICMPV6;
}

static enum tf_skip
kind_of(const struct tf_ip_parsed *in)
{
	switch (in->protocol) {
	case TF_IP_UDP:
	case TF_IP_UDPLITE:
		return TF_SKIP_UDP;
	case TF_IP_SCTP:
		return TF_SKIP_SCTP;
	case TF_IP_IPV4:
	case TF_IP_IPV6:
	case TF_IP_GRE:
		return TF_SKIP_TUNNEL;
	default:
		break;
	}
	if (in->protocol == icmp_of(&in->ip))
		return in->ip.version == 4 ? TF_SKIP_ICMP : TF_SKIP_ICMPV6;
	return in->ip.version == 4 ? TF_SKIP_IPV4_OTHER : TF_SKIP_IPV6_OTHER;
}

static enum tf_wire_result
by_protocol(struct tf_decoder *d, const struct tf_ip_parsed *in)
{
	if (in->protocol == TF_IP_TCP)
		return tf_tcp(d, &in->ip, in->rest);
	if (in->protocol == icmp_of(&in->ip))
		return tf_icmp(d, &in->ip, in->rest);
	return tf_pass_over(d, kind_of(in));
}

/* The datagram that WHOLE was put together to; IN is the header of its last fragment to come. */
static enum tf_wire_result
reassembled(struct tf_decoder *d, struct tf_ip_parsed *in, const struct tf_datagram *whole)
{
	enum tf_ip_verdict verdict;

	in->rest = whole->data;
	in->protocol = whole->protocol;
	in->ip.ttl = whole->ttl;
	d->payload_is_own = true;
	verdict = tf_ip_extensions(in);
	if (verdict == TF_IP_WHOLE)
		return by_protocol(d, in);
	return tf_pass_over(d, verdict == TF_IP_SHORT ? TF_SKIP_TRUNCATED : TF_SKIP_MALFORMED);
}

static enum tf_wire_result
piece(struct tf_decoder *d, struct tf_ip_parsed *in)
{
	struct tf_datagram whole;
	struct tf_fragment fragment = {
	    .src = in->ip.src,
	    .dst = in->ip.dst,
	    .version = in->ip.version,
	    .protocol = (uint8_t)in->protocol,
	    .ttl = in->ip.ttl,
	    .more = in->more,
	    .id = in->id,
	    .offset = in->offset,
	    .data = in->rest,
	};

	/* In IPv4 each fragment names the protocol; in IPv6 only that of the first one counts. */
	if (in->ip.version == 4 && in->protocol != TF_IP_TCP)
		return tf_pass_over(d, kind_of(in));
	switch (tf_fragments_add(&d->fragments, d->frame->ts_ns, &fragment, &whole)) {
	case TF_FRAGMENT_COMPLETE:
		return reassembled(d, in, &whole);
	case TF_FRAGMENT_BAD:
		return tf_pass_over(d, TF_SKIP_MALFORMED);
	case TF_FRAGMENT_HELD:
		break;
	}
	return tf_pass_over(d, TF_SKIP_FRAGMENT);
}

static enum tf_wire_result
by_verdict(struct tf_decoder *d, enum tf_ip_verdict verdict, struct tf_ip_parsed *in)
{
	switch (verdict) {
	case TF_IP_WHOLE:
		return by_protocol(d, in);
	case TF_IP_PIECE:
		return piece(d, in);
	case TF_IP_SHORT:
		return tf_pass_over(d, TF_SKIP_TRUNCATED);
	case TF_IP_BAD:
		break;
	}
	return tf_pass_over(d, TF_SKIP_MALFORMED);
}

enum tf_wire_result
tf_ipv4(struct tf_decoder *d, struct tf_view v)
{
	struct tf_ip_parsed parsed;

	return by_verdict(d, tf_ipv4_parse(v, &parsed), &parsed);
}

enum tf_wire_result
tf_ipv6(struct tf_decoder *d, struct tf_view v)
{
	struct tf_ip_parsed parsed;

	return by_verdict(d, tf_ipv6_parse(v, &parsed), &parsed);
}

enum tf_wire_result
tf_ip_any(struct tf_decoder *d, struct tf_view v)
{
	if (v.cap == 0)
		return tf_pass_over(d, TF_SKIP_TRUNCATED);
	return v.p[0] >> 4 == 6 ? tf_ipv6(d, v) : tf_ipv4(d, v);
}
