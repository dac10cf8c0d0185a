/*
 * The key of a 4-tuple, and its hash.  Both ways of a connection have the
 * same key: the smaller end comes first.
 */
#ifndef TCPFSM_FLOW_KEY_H
#define TCPFSM_FLOW_KEY_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "tcpfsm/connection.h"

static inline uint64_t
tf_key_word(const struct tf_addr *addr, size_t at)
{
	uint64_t word;

	memcpy(&word, addr->byte + at, sizeof word);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word;
}

/* Was S sent by the second end of its key?  Without branches on the lower halves, since which way a segment goes is
 * a toss. */
static inline bool
tf_key_second(const struct tf_segment *s)
{
	uint64_t src_high = tf_key_word(&s->src, 0), dst_high = tf_key_word(&s->dst, 0);
	uint64_t src_low = tf_key_word(&s->src, 8), dst_low = tf_key_word(&s->dst, 8);

	if (src_high != dst_high)
		return dst_high < src_high;
	return (dst_low < src_low) | ((dst_low == src_low) & (s->dst_port < s->src_port));
}

/* The key of S's 4-tuple; SECOND: tf_key_second(S). */
static inline struct tf_key
tf_key_of(const struct tf_segment *s, bool second)
{
	return second ? (struct tf_key){{s->dst, s->src}, {s->dst_port, s->src_port}}
	              : (struct tf_key){{s->src, s->dst}, {s->src_port, s->dst_port}};
}

/* Both ports as one word; SWAPPED: the second one first. */
static inline uint32_t
tf_key_ports(const uint16_t port[2], bool swapped)
{
	uint32_t word;

	memcpy(&word, port, sizeof word);
	return swapped ? word << 16 | word >> 16 : word;
}

/* Is KEY that of S's 4-tuple, of which SECOND is tf_key_second(S)? */
static inline bool
tf_key_fits(const struct tf_key *key, const struct tf_segment *s, bool second)
{
	const uint16_t port[2] = {s->src_port, s->dst_port};
	const struct tf_addr *mine = &key->addr[second], *other = &key->addr[!second];
	uint64_t x[4], y[4];

	memcpy(x, mine, 16);
	memcpy(x + 2, other, 16);
	memcpy(y, &s->src, 16);
	memcpy(y + 2, &s->dst, 16);
	return !((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]) |
	         (tf_key_ports(key->port, false) ^ tf_key_ports(port, second)));
}

static inline uint64_t
tf_key_folded(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* A hash that nobody can aim at without knowing SECRET: both factors of each product hold something of it. */
static inline uint32_t
tf_key_hash_of(const struct tf_addr *first, uint16_t first_port, const struct tf_addr *second,
               uint16_t second_port, const uint64_t secret[2])
{
	uint64_t high[2] = {tf_key_word(first, 0), tf_key_word(second, 0)};
	uint64_t ports = (uint64_t)first_port << 16 | second_port;
	uint64_t h = tf_key_folded(tf_key_word(first, 8) ^ secret[0],
	                           tf_key_word(second, 8) ^ secret[1] ^ UINT64_C(0x9e3779b97f4a7c15));

	if (high[0] | high[1]) /* IPv6 */
		h ^= tf_key_folded(high[0] ^ secret[1] ^ UINT64_C(0x2545f4914f6cdd1d),
		                   high[1] ^ secret[0] ^ UINT64_C(0xd1b54a32d192ed03));
	h = tf_key_folded(h ^ ports ^ UINT64_C(0x8cb92ba72f3d8dd7), secret[0] ^ UINT64_C(0xa0761d6478bd642f));
	return (uint32_t)(h ^ h >> 32);
}

static inline uint32_t
tf_key_hash(const struct tf_key *key, const uint64_t secret[2])
{
	return tf_key_hash_of(&key->addr[0], key->port[0], &key->addr[1], key->port[1], secret);
}

/* The hash of S's key. */
static inline uint32_t
tf_key_hash_segment(const struct tf_segment *s, bool second, const uint64_t secret[2])
{
	const struct tf_addr *addr[2] = {&s->src, &s->dst};
	const uint16_t port[2] = {s->src_port, s->dst_port};

	return tf_key_hash_of(addr[second], port[second], addr[!second], port[!second], secret);
}

#endif
