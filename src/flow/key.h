/*
 * The key of a 4-tuple, and its hash.  Both ways of a connection have the
 * same key: the smaller end comes first.
 */
#ifndef TCPFSM_FLOW_KEY_H
#define TCPFSM_FLOW_KEY_H

#include "core/tuple.h"

/* The key of S's 4-tuple; SECOND: tf_sent_by_second(S). */
static inline struct tf_key
tf_key_of(const struct tf_segment *s, bool second)
{
	return second ? (struct tf_key){{s->dst, s->src}, {s->dst_port, s->src_port}}
	              : (struct tf_key){{s->src, s->dst}, {s->src_port, s->dst_port}};
}

/* Is KEY that of S's 4-tuple? */
static inline bool
tf_key_is_of(const struct tf_key *key, const struct tf_segment *s)
{
	const uint16_t port[2] = {s->src_port, s->dst_port};
	bool second = tf_ports_side(key->port, s);

	return tf_ports_word(key->port, false) == tf_ports_word(port, second) &&
	       memcmp(&key->addr[second], &s->src, sizeof s->src) == 0 &&
	       memcmp(&key->addr[!second], &s->dst, sizeof s->dst) == 0;
}

#define TF_KEY_PORT (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 0 : 48) /* its place in an end as a number */

/* An end with an IPv4 address as a number: the upper half of that is 0, and so is the place of the port in the lower one,
 * so nothing is lost. */
static inline uint64_t
tf_key_narrow_end(const struct tf_addr *addr, uint16_t port)
{
	return tf_addr_word(addr, 8) ^ (uint64_t)port << TF_KEY_PORT;
}

/* Any end. */
static inline uint64_t
tf_key_end(const struct tf_addr *addr, uint16_t port, const uint64_t secret[2])
{
	uint64_t high = tf_addr_word(addr, 0), own = tf_addr_word(addr, 8);

	if (__builtin_expect(!(high | (own >> TF_KEY_PORT & 0xffff)), true))
		return tf_key_narrow_end(addr, port);
	own = tf_folded(high ^ secret[1] ^ UINT64_C(0x2545f4914f6cdd1d),
	                own ^ secret[0] ^ UINT64_C(0xd1b54a32d192ed03));
	return own ^ (uint64_t)port << TF_KEY_PORT;
}

/* A hash that nobody can aim at without knowing SECRET, since both factors of each product hold something of it.  It is
 * the same for both ways of a connection, so that nobody has to know which end is the first one. */
static inline uint32_t
tf_key_hash_ends(uint64_t end, uint64_t other, const uint64_t secret[2])
{
	uint64_t h = tf_folded(end ^ secret[0], other ^ secret[0]);

	h = tf_folded(h ^ UINT64_C(0x8cb92ba72f3d8dd7), secret[1] ^ UINT64_C(0xa0761d6478bd642f));
	return (uint32_t)(h ^ h >> 32);
}

static inline uint32_t
tf_key_hash(const struct tf_key *key, const uint64_t secret[2])
{
	return tf_key_hash_ends(tf_key_end(&key->addr[0], key->port[0], secret),
	                        tf_key_end(&key->addr[1], key->port[1], secret), secret);
}

/* The hash of S's key, where S->is_wide is known. */
static inline uint32_t
tf_key_hash_segment(const struct tf_segment *s, const uint64_t secret[2])
{
	if (__builtin_expect(s->is_wide, false))
		return tf_key_hash_ends(tf_key_end(&s->src, s->src_port, secret),
		                        tf_key_end(&s->dst, s->dst_port, secret), secret);
	return tf_key_hash_ends(tf_key_narrow_end(&s->src, s->src_port),
	                        tf_key_narrow_end(&s->dst, s->dst_port), secret);
}

#endif
