/*
 * ICMP (RFC 792, RFC 1191) and ICMPv6 (RFC 4443): the errors among them that
 * quote a TCP header.  Eight octets of it are all that RFC 792 asks for, and
 * they hold ports and sequence number.
 *
 * Checksums of messages are not verified, redirects of IPv6 (which are no
 * errors, RFC 4861) not read, and whom an error is about is left to those
 * who know the connections.
 */
#include "wire/decoder.h"

enum {
	ICMP_HEADER = 8,
	TCP_QUOTED_MIN = 8,
	TCP_QUOTED_TO_FLAGS = 14,
};

/* RFC 1122 section 3.2.2 lists the errors of ICMP; in ICMPv6 they are the types below 128. */
static bool
is_error(uint8_t version, uint8_t type)
{
	enum { UNREACHABLE = 3, SOURCE_QUENCH, REDIRECT, TIME_EXCEEDED = 11, PARAMETER_PROBLEM };

	if (version == 6)
		return type >= 1 && type <= 4;
	return (type >= UNREACHABLE && type <= REDIRECT) || type == TIME_EXCEEDED ||
	       type == PARAMETER_PROBLEM;
}

/* "Fragmentation needed" (RFC 1191 section 4) and "packet too big" (RFC 4443 section 3.2). */
static uint32_t
next_hop_mtu(uint8_t version, const uint8_t *p)
{
	if (version == 4)
		return p[0] == 3 && p[1] == 4 ? tf_get16(p + 6) : 0;
	return p[0] == 2 ? tf_get32(p + 4) : 0;
}

/* Of the quoted datagram, whose header is at P. */
static uint16_t
size_of(uint8_t version, const uint8_t *p)
{
	bool whole = version == 4 && !(tf_get16(p + 6) & 0x3fff);

	return whole ? tf_get16(p + 2) : 0;
}

/* The quoted datagram up to its TCP header; false where there is none. */
static bool
parse_quotation(struct tf_view v, uint8_t version, struct tf_ip_parsed *out)
{
	enum tf_ip_verdict verdict = version == 4 ? tf_ipv4_parse(v, out) : tf_ipv6_parse(v, out);

	if (verdict == TF_IP_PIECE && out->offset == 0)
		verdict = tf_ip_extensions(out);
	return verdict == TF_IP_WHOLE && out->protocol == TF_IP_TCP && out->rest.cap >= TCP_QUOTED_MIN;
}

static void
quote(struct tf_icmp_error *e, const struct tf_ip_parsed *quoted)
{
	const uint8_t *tcp = quoted->rest.p;

	e->src = tf_addr_of(quoted->ip.src, quoted->ip.version);
	e->dst = tf_addr_of(quoted->ip.dst, quoted->ip.version);
	e->ip_id = quoted->ip.id;
	e->src_port = tf_get16(tcp);
	e->dst_port = tf_get16(tcp + 2);
	e->seq = tf_seq_of(tf_get32(tcp + 4));
	e->has_ack = quoted->rest.cap >= TCP_QUOTED_TO_FLAGS;
	if (e->has_ack) {
		e->ack = tf_seq_of(tf_get32(tcp + 8));
		e->flags = tf_tcp_flags(tcp);
	}
}

enum tf_wire_result
tf_icmp(struct tf_decoder *d, const struct tf_ip *ip, struct tf_view v)
{
	struct tf_ip_parsed quoted;

	if (v.cap < ICMP_HEADER)
		return tf_pass_over(d, TF_SKIP_TRUNCATED);
	tf_pass_over(d, ip->version == 4 ? TF_SKIP_ICMP : TF_SKIP_ICMPV6);
	if (!is_error(ip->version, v.p[0]))
		return TF_WIRE_SKIPPED;
	if (!parse_quotation(tf_view_skip(v, ICMP_HEADER), ip->version, &quoted))
		return TF_WIRE_SKIPPED;
	d->icmp = (struct tf_icmp_error){
	    .ts_ns = d->frame->ts_ns,
	    .packet = d->frame->packet,
	    .reporter = tf_addr_of(ip->src, ip->version),
	    .receiver = tf_addr_of(ip->dst, ip->version),
	    .ip_version = ip->version,
	    .type = v.p[0],
	    .code = v.p[1],
	    .mtu = next_hop_mtu(ip->version, v.p),
	    .size = size_of(ip->version, v.p + ICMP_HEADER),
	};
	quote(&d->icmp, &quoted);
	d->stats.icmp_errors++;
	return TF_WIRE_ICMP_ERROR;
}
