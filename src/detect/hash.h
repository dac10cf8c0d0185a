/*
 * The hash of the bounded tables.
 */
#ifndef TCPFSM_DETECT_HASH_H
#define TCPFSM_DETECT_HASH_H

#include "core/tuple.h"

/* A hash of ADDR and PORT that nobody can aim without knowing KEY. */
static inline uint64_t
tf_memory_hash(const uint64_t key[2], const struct tf_addr *addr, uint16_t port)
{
	uint64_t h = tf_folded(tf_addr_word(addr, 0) ^ key[0] ^ UINT64_C(0x9e3779b97f4a7c15),
	                       tf_addr_word(addr, 8) ^ key[1] ^ UINT64_C(0xd1b54a32d192ed03));

	return tf_folded(h ^ port, UINT64_C(0x2545f4914f6cdd1d) ^ key[0]);
}

#endif
