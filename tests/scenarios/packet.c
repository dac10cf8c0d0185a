/*
 * The frames of a scenario, octet by octet: Ethernet II, IPv4 (RFC 791)
 * or IPv6 (RFC 8200), TCP (RFC 9293 section 3.1) with correct checksums.
 *
 * The segment is filled in beside the octets and not decoded from them:
 * the scenarios must not depend on the decoder that they do not test.
 * Addresses are those that are set aside for documentation (RFC 5737,
 * RFC 3849).
 */
#include "packet.h"

#include <assert.h>
#include <string.h>

static void
put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void
put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

static uint32_t
sum16(uint32_t sum, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	if (n % 2 != 0)
		sum += (uint32_t)p[n - 1] << 8;
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* The last relative number that END sends on the first connection. */
static uint32_t
last_number(const struct scenario *s, enum tf_endpoint end)
{
	uint32_t last = 2;

	for (size_t i = 0; i < s->step_count; i++) {
		const struct scn_packet *pkt = &s->step[i].packet;
		uint32_t number = pkt->seq.value + pkt->len;

		if (s->step[i].kind != SCN_PACKET || pkt->conn != 1 || pkt->from != end || pkt->seq.absolute)
			continue;
		if (number > last && number < UINT32_C(0x80000000))
			last = number;
	}
	return last;
}

/* An ISN of 0 is a finding of its own: a variant must not bring it about. */
static bool
makes_zero(const struct scn_wire *w, unsigned side)
{
	for (unsigned n = 1; n <= w->s->conn_count; n++)
		for (int end = 0; end < 2; end++)
			if (w->s->conn[n].side[end] == side && w->s->conn[n].isn[end] + w->shift[side] == 0)
				return true;
	return false;
}

void
scn_wire_init(struct scn_wire *w, const struct scenario *s, enum scn_variant variant)
{
	memset(w, 0, sizeof(*w));
	w->s = s;
	w->variant = variant;
	w->next_id[0] = 0x1000;
	w->next_id[1] = 0x8000;
	if (variant != SCN_WRAP)
		return;
	for (int end = 0; end < 2; end++) {
		uint32_t middle = last_number(s, (enum tf_endpoint)end) / 2;

		/* The same distance for all connections of a machine keeps the order of their ISNs. */
		w->shift[s->conn[1].side[end]] = 0u - middle - s->conn[1].isn[end];
		while (makes_zero(w, s->conn[1].side[end]))
			w->shift[s->conn[1].side[end]]--;
	}
}

static uint32_t
absolute(const struct scn_wire *w, const struct scn_packet *pkt, enum tf_endpoint of, struct scn_seq seq)
{
	const struct scn_conn *c = &w->s->conn[pkt->conn];

	return seq.absolute ? seq.value : c->isn[of] + w->shift[c->side[of]] + seq.value;
}

static void
address(const struct scn_wire *w, const struct scn_conn *c, enum tf_endpoint end, struct tf_addr *addr)
{
	static const uint8_t v6[2][8] = {
	    {0x20, 0x01, 0x0d, 0xb8, 0, 0xc, 0, 0},
	    {0x20, 0x01, 0x0d, 0xb8, 0, 0x5, 0, 0},
	};
	static const uint8_t v4[2][3] = {{192, 0, 2}, {198, 51, 100}};

	memset(addr, 0, sizeof(*addr));
	if (w->variant == SCN_IPV6) {
		memcpy(addr->byte, v6[c->side[end]], sizeof(v6[0]));
	} else {
		addr->byte[10] = addr->byte[11] = 0xff;
		memcpy(addr->byte + 12, v4[c->side[end]], sizeof(v4[0]));
	}
	addr->byte[15] = c->host[end];
}

static void
fill_segment(struct scn_wire *w, const struct scn_packet *pkt, struct tf_segment *g)
{
	const struct scn_conn *c = &w->s->conn[pkt->conn];
	enum tf_endpoint from = pkt->from, to = from == TF_CLIENT ? TF_SERVER : TF_CLIENT;

	memset(g, 0, sizeof(*g));
	address(w, c, from, &g->src);
	address(w, c, to, &g->dst);
	g->src_port = c->port[from];
	g->dst_port = c->port[to];
	g->seq = tf_seq_of(absolute(w, pkt, from, pkt->seq));
	if (pkt->flags & TF_ACK)
		g->ack = tf_seq_of(absolute(w, pkt, to, pkt->ack));
	g->flags = pkt->flags;
	g->window = pkt->window;
	g->len = pkt->len;
	g->options = pkt->options;
	g->mss = pkt->mss;
	g->wscale = pkt->wscale;
	g->fast_open_len = pkt->fast_open_len;
	g->tsval = pkt->tsval;
	g->tsecr = pkt->tsecr;
	g->sack_count = pkt->sack_count;
	g->sack = w->sack;
	for (int i = 0; i < 2 * pkt->sack_count; i++)
		put32(w->sack + (size_t)i * 4, absolute(w, pkt, to, pkt->sack[i / 2][i % 2]));
	g->checksum_state = pkt->bad_checksum ? TF_CHECKSUM_BAD : TF_CHECKSUM_VALID;
	g->ttl = pkt->ttl;
	g->ip_version = w->variant == SCN_IPV6 ? 6 : 4;
	if (g->ip_version == 4)
		g->ip_id = pkt->ip_id != 0 ? pkt->ip_id : w->next_id[c->side[from]]++;
}

/* The options at P, padded to a multiple of four; their length. */
static uint32_t
put_options(uint8_t *p, const struct tf_segment *g)
{
	uint8_t *at = p;

	if (g->options & TF_OPT_MSS) {
		*at++ = 2, *at++ = 4;
		put16(at, g->mss), at += 2;
	}
	if (g->options & TF_OPT_SACK_PERMITTED)
		*at++ = 4, *at++ = 2;
	if (g->options & TF_OPT_TIMESTAMPS) {
		*at++ = 8, *at++ = 10;
		put32(at, g->tsval), at += 4;
		put32(at, g->tsecr), at += 4;
	}
	if (g->options & TF_OPT_WSCALE)
		*at++ = 3, *at++ = 3, *at++ = g->wscale;
	if (g->options & TF_OPT_FAST_OPEN) {
		*at++ = 34, *at++ = (uint8_t)(2 + g->fast_open_len);
		memset(at, 0xc0, g->fast_open_len), at += g->fast_open_len;
	}
	if (g->options & TF_OPT_SACK) {
		*at++ = 5, *at++ = (uint8_t)(2 + 8 * g->sack_count);
		memcpy(at, g->sack, (size_t)g->sack_count * TF_SACK_BLOCK);
		at += g->sack_count * TF_SACK_BLOCK;
	}
	while ((at - p) % 4 != 0)
		*at++ = 1;
	return (uint32_t)(at - p);
}

static uint32_t
put_network_header(uint8_t *p, const struct tf_segment *g, uint32_t tcp_len)
{
	if (g->ip_version == 6) {
		put32(p, 0x60000000);
		put16(p + 4, tcp_len);
		p[6] = 6;
		p[7] = g->ttl;
		memcpy(p + 8, g->src.byte, 16);
		memcpy(p + 24, g->dst.byte, 16);
		return 40;
	}
	p[0] = 0x45;
	put16(p + 2, 20 + tcp_len);
	put16(p + 4, g->ip_id);
	put16(p + 6, 0x4000);
	p[8] = g->ttl;
	p[9] = 6;
	memcpy(p + 12, g->src.byte + 12, 4);
	memcpy(p + 16, g->dst.byte + 12, 4);
	put16(p + 10, ~sum16(0, p, 20) & 0xffff);
	return 20;
}

static void
put_payload(uint8_t *p, const struct scn_packet *pkt)
{
	for (uint32_t i = 0; i < pkt->len; i++)
		p[i] = pkt->fill != 0 ? (uint8_t)pkt->fill : (uint8_t)('a' + (pkt->seq.value + i) % 26);
}

static uint16_t
tcp_checksum(const struct tf_segment *g, const uint8_t *tcp, uint32_t tcp_len)
{
	uint32_t sum = 6 + tcp_len;

	if (g->ip_version == 6)
		sum = sum16(sum16(sum, g->src.byte, 16), g->dst.byte, 16);
	else
		sum = sum16(sum16(sum, g->src.byte + 12, 4), g->dst.byte + 12, 4);
	return (uint16_t)~sum16(sum, tcp, tcp_len);
}

static void
put_ethernet(uint8_t *p, unsigned from_side, uint8_t ip_version)
{
	static const uint8_t mac[2][6] = {{2, 0, 0, 0, 0, 1}, {2, 0, 0, 0, 0, 2}};

	memcpy(p, mac[from_side ^ 1u], 6);
	memcpy(p + 6, mac[from_side], 6);
	put16(p + 12, ip_version == 6 ? 0x86dd : 0x0800);
}

void
scn_wire_build(struct scn_wire *w, const struct scn_packet *pkt, struct tf_segment *g)
{
	uint32_t option_len, ip_len, tcp_len;
	uint8_t options[64], *tcp;

	fill_segment(w, pkt, g);
	memset(w->frame, 0, 14 + 40 + 60);
	option_len = put_options(options, g);
	assert(option_len <= 40);
	tcp_len = 20 + option_len + pkt->len;
	put_ethernet(w->frame, w->s->conn[pkt->conn].side[pkt->from], g->ip_version);
	ip_len = put_network_header(w->frame + 14, g, tcp_len);
	tcp = w->frame + 14 + ip_len;
	put16(tcp, g->src_port);
	put16(tcp + 2, g->dst_port);
	put32(tcp + 4, g->seq.v);
	put32(tcp + 8, g->ack.v);
	put16(tcp + 12, (20 + option_len) / 4 << 12 | g->flags);
	put16(tcp + 14, g->window);
	memcpy(tcp + 20, options, option_len);
	put_payload(tcp + 20 + option_len, pkt);
	g->checksum = tcp_checksum(g, tcp, tcp_len);
	if (pkt->bad_checksum)
		g->checksum ^= 0x5555;
	put16(tcp + 16, g->checksum);
	w->frame_len = 14 + ip_len + tcp_len;
	g->wire_len = w->frame_len;
	g->payload = tcp + 20 + option_len;
	g->payload_len = pkt->len;
}
