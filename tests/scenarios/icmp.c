/*
 * ICMP errors in a scenario: the names of their kinds, and the error as the
 * analyzer takes it.  Types and codes are those of RFC 792, RFC 1812 and
 * RFC 4443; the router has an address of its own (RFC 5737, RFC 3849).
 */
#include "icmp.h"

#include <string.h>

struct kind {
	const char *name;
	uint8_t type[2], code[2]; /* of ICMP and of ICMPv6 */
	bool by_host;             /* the receiver itself sends it, no router */
};

static const struct kind kinds[] = {
    {"net-unreachable", {3, 1}, {0, 0}, false}, {"host-unreachable", {3, 1}, {1, 3}, false},
    {"port-unreachable", {3, 1}, {3, 4}, true}, {"prohibited", {3, 1}, {13, 1}, false},
    {"time-exceeded", {11, 3}, {0, 0}, false},  {"too-big", {3, 2}, {4, 0}, false},
};

bool
scn_read_icmp(struct scn_parser *p, struct scn_packet *pkt)
{
	int64_t mtu = 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!scn_take_word(p, kinds[i].name))
			continue;
		pkt->icmp = (uint8_t)(i + 1);
		if (strcmp(kinds[i].name, "too-big") == 0 && !scn_number(p, "an MTU", 0, 65535, &mtu))
			return false;
		pkt->icmp_mtu = (uint32_t)mtu;
		return true;
	}
	scn_word(p, "a kind of ICMP error");
	return scn_fail(p, "%s is no kind of ICMP error", p->word);
}

void
scn_build_icmp(const struct scn_packet *pkt, const struct tf_segment *quoted, struct tf_icmp_error *e)
{
	static const struct tf_addr router[2] = {
	    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 203, 0, 113, 1}},
	    {{0x20, 0x01, 0x0d, 0xb8, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}},
	};
	const struct kind *kind = &kinds[pkt->icmp - 1];
	bool v6 = quoted->ip_version == 6;

	*e = (struct tf_icmp_error){
	    .reporter = kind->by_host ? quoted->dst : router[v6],
	    .receiver = quoted->src,
	    .ip_version = quoted->ip_version,
	    .type = kind->type[v6],
	    .code = kind->code[v6],
	    .mtu = pkt->icmp_mtu,
	    .src = quoted->src,
	    .dst = quoted->dst,
	    .src_port = quoted->src_port,
	    .dst_port = quoted->dst_port,
	    .seq = quoted->seq,
	    .size = v6 ? 0 : (uint16_t)(quoted->wire_len - 14),
	};
}

static void
put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static uint32_t
add16(uint32_t sum, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* RFC 792, RFC 1191: type, code, checksum, four octets with the MTU, the quotation. */
static void
put_icmp(uint8_t *p, const struct tf_icmp_error *e, const uint8_t *quoted, size_t quoted_len)
{
	size_t len = 8 + quoted_len;
	uint32_t sum = 0;

	memset(p, 0, 8);
	p[0] = e->type;
	p[1] = e->code;
	put16(p + 6, e->mtu);
	memcpy(p + 8, quoted, quoted_len);
	if (e->ip_version == 6)
		sum = add16(add16((uint32_t)(58 + len), e->reporter.byte, 16), e->receiver.byte, 16);
	put16(p + 2, ~add16(sum, p, len) & 0xffff);
}

static void
put_ip(uint8_t *p, const struct tf_icmp_error *e, size_t payload)
{
	if (e->ip_version == 6) {
		memset(p, 0, 8);
		p[0] = 0x60;
		put16(p + 4, (uint32_t)payload);
		p[6] = 58;
		p[7] = 64;
		memcpy(p + 8, e->reporter.byte, 16);
		memcpy(p + 24, e->receiver.byte, 16);
		return;
	}
	memset(p, 0, 20);
	p[0] = 0x45;
	put16(p + 2, (uint32_t)(20 + payload));
	p[8] = 64;
	p[9] = 1;
	memcpy(p + 12, e->reporter.byte + 12, 4);
	memcpy(p + 16, e->receiver.byte + 12, 4);
	put16(p + 10, ~add16(0, p, 20) & 0xffff);
}

void
scn_icmp_frame(struct scn_wire *w, const struct tf_icmp_error *e)
{
	size_t ip = e->ip_version == 6 ? 40 : 20, quoted_len = ip + 8;
	uint8_t quoted[48];

	memcpy(quoted, w->frame + 14, quoted_len);
	put_ip(w->frame + 14, e, 8 + quoted_len);
	put_icmp(w->frame + 14 + ip, e, quoted, quoted_len);
	w->frame_len = (uint32_t)(14 + ip + 8 + quoted_len);
}
