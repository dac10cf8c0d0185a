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
	unsigned __int128 src = (unsigned __int128)tf_key_word(&s->src, 8) << 64 | s->src_port;
	unsigned __int128 dst = (unsigned __int128)tf_key_word(&s->dst, 8) << 64 | s->dst_port;

	if (__builtin_expect(src_high != dst_high, false))
		return dst_high < src_high;
	return dst < src;
}

/* The key of S's 4-tuple; SECOND: tf_key_second(S). */
static inline struct tf_key
tf_key_of(const struct tf_segment *s, bool second)
{
	return second ? (struct tf_key){{s->dst, s->src}, {s->dst_port, s->src_port}}
	              : (struct tf_key){{s->src, s->dst}, {s->src_port, s->dst_port}};
}

/* Is KEY that of S's 4-tuple, of which SECOND is tf_key_second(S)? */
static inline bool
tf_key_fits(const struct tf_key *key, const struct tf_segment *s, bool second)
{
	uint64_t x[4], y[4];

	memcpy(x, &key->addr[second], 16);
	memcpy(x + 2, &key->addr[!second], 16);
	memcpy(y, &s->src, 16);
	memcpy(y + 2, &s->dst, 16);
	return !((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]) |
	         (unsigned)(key->port[second] ^ s->src_port) | (unsigned)(key->port[!second] ^ s->dst_port));
}

static inline uint64_t
tf_key_folded(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* A hash that nobody can aim at without knowing SECRET: both factors of each product hold something of it.  First
 * come the lower halves of the addresses, then of IPv6 the upper ones, then the ports. */
static inline uint64_t
tf_key_hash_low(uint64_t first, uint64_t second, const uint64_t secret[2])
{
	return tf_key_folded(first ^ secret[0], second ^ secret[1] ^ UINT64_C(0x9e3779b97f4a7c15));
}

static inline uint64_t
tf_key_hash_high(uint64_t first, uint64_t second, const uint64_t secret[2])
{
	return tf_key_folded(first ^ secret[1] ^ UINT64_C(0x2545f4914f6cdd1d),
	                     second ^ secret[0] ^ UINT64_C(0xd1b54a32d192ed03));
}

static inline uint32_t
tf_key_hash_ports(uint64_t addresses, uint32_t ports, const uint64_t secret[2])
{
	uint64_t h = tf_key_folded(addresses ^ ports ^ UINT64_C(0x8cb92ba72f3d8dd7),
	                           secret[0] ^ UINT64_C(0xa0761d6478bd642f));

	return (uint32_t)(h ^ h >> 32);
}

static inline uint32_t
tf_key_hash(const struct tf_key *key, const uint64_t secret[2])
{
	uint64_t high[2] = {tf_key_word(&key->addr[0], 0), tf_key_word(&key->addr[1], 0)};
	uint64_t h = tf_key_hash_low(tf_key_word(&key->addr[0], 8), tf_key_word(&key->addr[1], 8), secret);

	if (high[0] | high[1])
		h ^= tf_key_hash_high(high[0], high[1], secret);
	return tf_key_hash_ports(h, (uint32_t)key->port[0] << 16 | key->port[1], secret);
}

/* The hash of S's key.  The ends change places, where they do, by what they differ in: without a branch, since the
 * processor could not foresee it. */
static inline uint32_t
tf_key_hash_segment(const struct tf_segment *s, bool second, const uint64_t secret[2])
{
	uint64_t src_high = tf_key_word(&s->src, 0), dst_high = tf_key_word(&s->dst, 0);
	uint64_t src = tf_key_word(&s->src, 8), dst = tf_key_word(&s->dst, 8);
	uint64_t turn = 0 - (uint64_t)second, differ = (src ^ dst) & turn;
	uint32_t ports = (uint32_t)s->src_port << 16 | s->dst_port;
	uint32_t ports_differ = (ports ^ (ports << 16 | ports >> 16)) & (uint32_t)turn;
	uint64_t h = tf_key_hash_low(src ^ differ, dst ^ differ, secret);

	if (src_high | dst_high) {
		differ = (src_high ^ dst_high) & turn;
		h ^= tf_key_hash_high(src_high ^ differ, dst_high ^ differ, secret);
	}
	return tf_key_hash_ports(h, ports ^ ports_differ, secret);
}

#endif
