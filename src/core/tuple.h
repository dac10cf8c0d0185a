/*
 * 4-tuples as connections and embryos have them: 12 octets with IPv4; the
 * addresses of IPv6 lie in a pool beside them.
 *
 * Both ways of a connection have the same key: the smaller end comes first.
 */
#ifndef TCPFSM_CORE_TUPLE_H
#define TCPFSM_CORE_TUPLE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/pool.h"
#include "tcpfsm/connection.h"
#include "tcpfsm/product.h"
#include "tcpfsm/segment.h"

/* The addresses of a wide tuple, one that is not of IPv4 at both ends. */
struct tf_wide {
	struct tf_addr addr[2];
};

static inline uint64_t
tf_addr_word(const struct tf_addr *addr, size_t at)
{
	uint64_t word;

	memcpy(&word, addr->byte + at, sizeof word);
	return word;
}

/* The last four octets: all that an IPv4 address has. */
static inline uint32_t
tf_addr_ipv4(const struct tf_addr *addr)
{
	uint32_t word;

	memcpy(&word, addr->byte + 12, sizeof word);
	return word;
}

static inline struct tf_addr
tf_addr_of_ipv4(uint32_t word)
{
	struct tf_addr addr = {{[10] = 0xff, [11] = 0xff}};

	memcpy(addr.byte + 12, &word, sizeof word);
	return addr;
}

/* Is one of them no IPv4 address? */
static inline bool
tf_addrs_are_wide(const struct tf_addr *a, const struct tf_addr *b)
{
	const struct tf_addr mapped = tf_addr_of_ipv4(0);
	uint64_t high = tf_addr_word(a, 0) | tf_addr_word(b, 0), like = tf_addr_word(&mapped, 8);
	uint64_t low = (tf_addr_word(a, 8) ^ like) | (tf_addr_word(b, 8) ^ like);

	/* What comes last is the IPv4 address itself. */
	return (high | (uint32_t)(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? low : low >> 32)) != 0;
}

/* WORD as a number in which the octet that comes first in memory counts most. */
static inline uint64_t
tf_addr_big_endian(uint64_t word)
{
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap64(word) : word;
}

/* Both halves of a product in one word: what hashes are made of that nobody can aim without knowing a factor. */
static inline uint64_t
tf_folded(uint64_t a, uint64_t b)
{
	struct tf_product product = tf_product(a, b);

	return product.low ^ product.high;
}

/* Was S sent by the second end of the key that its 4-tuple makes? */
static inline bool
tf_sent_by_second(const struct tf_segment *s)
{
	/* As memcmp() would have it. */
	for (size_t at = 0; at < 16; at += 8) {
		uint64_t src = tf_addr_word(&s->src, at), dst = tf_addr_word(&s->dst, at);
		if (src != dst)
			return tf_addr_big_endian(dst) < tf_addr_big_endian(src);
	}
	return s->dst_port < s->src_port;
}

/* PORT: of a tuple that is S's.  Did its second end send S?  Between equal ports the addresses tell. */
static inline bool
tf_ports_side(const uint16_t port[2], const struct tf_segment *s)
{
	if (__builtin_expect(s->src_port != s->dst_port, true))
		return port[0] != s->src_port;
	return tf_sent_by_second(s);
}

/* Both halves of a word changed over where SWAPPED. */
static inline uint64_t
tf_swapped(uint64_t word, bool swapped)
{
	return swapped ? word << 32 | word >> 32 : word;
}

/* Both ports as one word; SWAPPED: the second one first. */
static inline uint32_t
tf_ports_word(const uint16_t port[2], bool swapped)
{
	uint32_t word;

	memcpy(&word, port, sizeof word);
	return swapped ? word << 16 | word >> 16 : word;
}

static inline bool
tf_wide_fits(const struct tf_wide *wide, const struct tf_segment *s, bool second)
{
	return memcmp(&wide->addr[second], &s->src, sizeof s->src) == 0 &&
	       memcmp(&wide->addr[!second], &s->dst, sizeof s->dst) == 0;
}

/* Is T S's?  SECOND: tf_ports_side(T's ports, S).  POOL: of struct tf_wide; only what is wide needs it. */
static inline __attribute__((always_inline)) bool
tf_tuple_fits(const struct tf_pool *pool, const struct tf_tuple *t, bool is_wide, const struct tf_segment *s,
              bool second)
{
	const uint16_t port[2] = {s->src_port, s->dst_port};
	const uint32_t addr[2] = {tf_addr_ipv4(&s->src), tf_addr_ipv4(&s->dst)};
	bool ports_fit = tf_ports_word(t->port, false) == tf_ports_word(port, second);
	uint64_t have, want;

	if (__builtin_expect(is_wide || s->is_wide, false))
		return ports_fit && is_wide && s->is_wide &&
		       tf_wide_fits(tf_pool_at(pool, t->addr[0]), s, second);
	memcpy(&have, t->addr, sizeof have);
	memcpy(&want, addr, sizeof want);
	return ports_fit && have == tf_swapped(want, second);
}

static inline struct tf_addr
tf_tuple_addr(const struct tf_pool *pool, const struct tf_tuple *t, bool is_wide, unsigned side)
{
	if (__builtin_expect(is_wide, false))
		return ((const struct tf_wide *)tf_pool_at(pool, t->addr[0]))->addr[side];
	return tf_addr_of_ipv4(t->addr[side]);
}

static inline struct tf_key
tf_tuple_key(const struct tf_pool *pool, const struct tf_tuple *t, bool is_wide)
{
	return (struct tf_key){{tf_tuple_addr(pool, t, is_wide, 0), tf_tuple_addr(pool, t, is_wide, 1)},
	                       {t->port[0], t->port[1]}};
}

/* Let T be as KEY.  IS_WIDE: not both of its addresses are IPv4's, and they take a place in POOL, until T is released.
 * False where POOL has no room. */
static inline bool
tf_tuple_set(struct tf_pool *pool, struct tf_tuple *t, bool is_wide, const struct tf_key *key)
{
	t->port[0] = key->port[0];
	t->port[1] = key->port[1];
	if (__builtin_expect(!is_wide, true)) {
		t->addr[0] = tf_addr_ipv4(&key->addr[0]);
		t->addr[1] = tf_addr_ipv4(&key->addr[1]);
		return true;
	}
	t->addr[0] = tf_pool_get(pool);
	if (t->addr[0])
		memcpy(tf_pool_at(pool, t->addr[0]), key->addr, sizeof key->addr);
	return t->addr[0] != 0;
}

/* The same as the key of S's 4-tuple would have it.  SECOND: tf_sent_by_second(S). */
static inline bool
tf_tuple_set_by(struct tf_pool *pool, struct tf_tuple *t, const struct tf_segment *s, bool second)
{
	t->port[second] = s->src_port;
	t->port[!second] = s->dst_port;
	if (__builtin_expect(!s->is_wide, true)) {
		t->addr[second] = tf_addr_ipv4(&s->src);
		t->addr[!second] = tf_addr_ipv4(&s->dst);
		return true;
	}
	t->addr[0] = tf_pool_get(pool);
	if (!t->addr[0])
		return false;
	struct tf_wide *wide = tf_pool_at(pool, t->addr[0]);
	wide->addr[second] = s->src;
	wide->addr[!second] = s->dst;
	return true;
}

/* T, and every copy of it, is used no more. */
static inline void
tf_tuple_release(struct tf_pool *pool, const struct tf_tuple *t, bool is_wide)
{
	if (__builtin_expect(is_wide, false))
		tf_pool_put(pool, t->addr[0]);
}

#endif
