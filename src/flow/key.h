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

/* Is (A, A_PORT) smaller?  Without branches on the lower halves, since which way a segment goes is a toss. */
static inline bool
tf_key_less(const struct tf_addr *a, uint16_t a_port, const struct tf_addr *b, uint16_t b_port)
{
	uint64_t a_high = tf_key_word(a, 0), b_high = tf_key_word(b, 0);
	uint64_t a_low = tf_key_word(a, 8), b_low = tf_key_word(b, 8);

	if (a_high != b_high)
		return a_high < b_high;
	return (a_low < b_low) | ((a_low == b_low) & (a_port < b_port));
}

/* The key of S's 4-tuple; *SECOND: S was sent by its second end. */
static inline struct tf_key
tf_key_of(const struct tf_segment *s, bool *second)
{
	const struct tf_addr *addr[2] = {&s->src, &s->dst};
	const uint16_t port[2] = {s->src_port, s->dst_port};
	unsigned first = tf_key_less(&s->dst, s->dst_port, &s->src, s->src_port);

	*second = first != 0;
	return (struct tf_key){{*addr[first], *addr[!first]}, {port[first], port[!first]}};
}

static inline bool
tf_key_equal(const struct tf_key *a, const struct tf_key *b)
{
	uint64_t x[4], y[4];
	uint32_t p, q;

	memcpy(x, a->addr, sizeof x);
	memcpy(y, b->addr, sizeof y);
	memcpy(&p, a->port, sizeof p);
	memcpy(&q, b->port, sizeof q);
	return !((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]) | (p ^ q));
}

static inline uint64_t
tf_key_folded(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* A hash of KEY that nobody can aim at without knowing SECRET: both factors
 * of each product hold something of it. */
static inline uint32_t
tf_key_hash(const struct tf_key *key, const uint64_t secret[2])
{
	uint64_t word[4], h, g;

	memcpy(word, key->addr, sizeof word);
	uint64_t ports = (uint64_t)key->port[0] << 16 | key->port[1];
	h = tf_key_folded(word[0] ^ secret[0], word[1] ^ secret[1] ^ UINT64_C(0x9e3779b97f4a7c15));
	g = tf_key_folded(word[2] ^ secret[1] ^ UINT64_C(0x2545f4914f6cdd1d),
	                  word[3] ^ secret[0] ^ UINT64_C(0xd1b54a32d192ed03));
	h = tf_key_folded(ports ^ h ^ UINT64_C(0x8cb92ba72f3d8dd7),
	                  g ^ secret[0] ^ UINT64_C(0xa0761d6478bd642f));
	return (uint32_t)(h ^ h >> 32);
}

#endif
