/*
 * The hash of the bounded tables.
 */
#ifndef TCPFSM_DETECT_HASH_H
#define TCPFSM_DETECT_HASH_H

#include <stdint.h>
#include <string.h>

#include "tcpfsm/segment.h"

static inline uint64_t
tf_memory_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* A hash of ADDR and PORT that nobody can aim without knowing KEY. */
static inline uint64_t
tf_memory_hash(const uint64_t key[2], const struct tf_addr *addr, uint16_t port)
{
	uint64_t word[2];

	memcpy(word, addr->byte, sizeof word);
	uint64_t h = tf_memory_mix(word[0] ^ key[0] ^ UINT64_C(0x9e3779b97f4a7c15),
	                           word[1] ^ key[1] ^ UINT64_C(0xd1b54a32d192ed03));
	return tf_memory_mix(h ^ port, UINT64_C(0x2545f4914f6cdd1d) ^ key[0]);
}

#endif
