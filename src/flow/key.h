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
	return word;
}

/* WORD, so that the octet that comes first counts most. */
static inline uint64_t
tf_key_big_endian(uint64_t word)
{
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap64(word) : word;
}

/* Was S sent by the second end of the key that its 4-tuple makes? */
static inline bool
tf_key_second(const struct tf_segment *s)
{
	/* As memcmp() would have it. */
	for (size_t at = 0; at < 16; at += 8) {
		uint64_t src = tf_key_word(&s->src, at), dst = tf_key_word(&s->dst, at);
		if (src != dst)
			return tf_key_big_endian(dst) < tf_key_big_endian(src);
	}
	return s->dst_port < s->src_port;
}

/* The key of S's 4-tuple; SECOND: tf_key_second(S). */
static inline struct tf_key
tf_key_of(const struct tf_segment *s, bool second)
{
	return second ? (struct tf_key){{s->dst, s->src}, {s->dst_port, s->src_port}}
	              : (struct tf_key){{s->src, s->dst}, {s->src_port, s->dst_port}};
}

/* If KEY is that of S's 4-tuple: did its second end send S?  Between equal ports the addresses tell. */
static inline bool
tf_key_side(const struct tf_key *key, const struct tf_segment *s)
{
	if (__builtin_expect(s->src_port != s->dst_port, true))
		return key->port[0] != s->src_port;
	return memcmp(&key->addr[0], &s->src, sizeof s->src) != 0;
}

/* Both ports as one word; SWAPPED: the second one first. */
static inline uint32_t
tf_key_ports(const uint16_t port[2], bool swapped)
{
	uint32_t word;

	memcpy(&word, port, sizeof word);
	return swapped ? word << 16 | word >> 16 : word;
}

/* Is KEY that of S's 4-tuple?  SECOND: tf_key_side(KEY, S). */
static inline bool
tf_key_fits(const struct tf_key *key, const struct tf_segment *s, bool second)
{
	const uint16_t port[2] = {s->src_port, s->dst_port};
	const struct tf_addr *mine = &key->addr[second], *other = &key->addr[!second];

	return !((tf_key_word(mine, 8) ^ tf_key_word(&s->src, 8)) |
	         (tf_key_word(other, 8) ^ tf_key_word(&s->dst, 8)) |
	         (tf_key_word(mine, 0) ^ tf_key_word(&s->src, 0)) |
	         (tf_key_word(other, 0) ^ tf_key_word(&s->dst, 0)) |
	         (tf_key_ports(key->port, false) ^ tf_key_ports(port, second)));
}

static inline bool
tf_key_is_of(const struct tf_key *key, const struct tf_segment *s)
{
	return tf_key_fits(key, s, tf_key_side(key, s));
}

static inline uint64_t
tf_key_folded(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* One end as a number.  Of a mapped IPv4 address the upper half is 0, and so is the place of the port in the lower
 * one: there nothing is lost. */
static inline uint64_t
tf_key_end(const struct tf_addr *addr, uint16_t port, const uint64_t secret[2])
{
	const unsigned place = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 0 : 48;
	uint64_t low = tf_key_word(addr, 8) ^ (uint64_t)port << place, high = tf_key_word(addr, 0);

	if (__builtin_expect(high != 0, false)) /* IPv6 */
		low ^= tf_key_folded(high ^ secret[1] ^ UINT64_C(0x2545f4914f6cdd1d),
		                     low ^ secret[0] ^ UINT64_C(0xd1b54a32d192ed03));
	return low;
}

/* A hash that nobody can aim at without knowing SECRET, since both factors of each product hold something of it.  It is
 * the same for both ways of a connection, so that nobody has to know which end is the first one. */
static inline uint32_t
tf_key_hash_of(const struct tf_addr *addr, uint16_t port, const struct tf_addr *other, uint16_t other_port,
               const uint64_t secret[2])
{
	uint64_t h = tf_key_folded(tf_key_end(addr, port, secret) ^ secret[0],
	                           tf_key_end(other, other_port, secret) ^ secret[0]);

	h = tf_key_folded(h ^ UINT64_C(0x8cb92ba72f3d8dd7), secret[1] ^ UINT64_C(0xa0761d6478bd642f));
	return (uint32_t)(h ^ h >> 32);
}

static inline uint32_t
tf_key_hash(const struct tf_key *key, const uint64_t secret[2])
{
	return tf_key_hash_of(&key->addr[0], key->port[0], &key->addr[1], key->port[1], secret);
}

/* The hash of S's key. */
static inline uint32_t
tf_key_hash_segment(const struct tf_segment *s, const uint64_t secret[2])
{
	return tf_key_hash_of(&s->src, s->src_port, &s->dst, s->dst_port, secret);
}

#endif
