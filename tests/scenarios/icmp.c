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
	};
}
