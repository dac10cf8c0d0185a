/*
 * The Internet checksum (RFC 1071) of a TCP segment, and what its state
 * says about the sender: a host's own outgoing packets often carry a
 * checksum that the network card was to finish.
 */
#ifndef TCPFSM_WIRE_CHECKSUM_H
#define TCPFSM_WIRE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

#include "tcpfsm/segment.h"

/* Both halves of W: as a sum of 16-bit words it is worth the same, and has room for carries. */
static inline uint64_t
tf_sum_halves(uint64_t w)
{
	return (w & 0xffffffff) + (w >> 32);
}

/* The one's complement sum of the LEN octets at P as 16-bit words in the machine's byte order, not folded,
 * added to SUM.  An odd last octet is padded with zero.  SUM must be below 2^48, LEN at least 8 and below
 * 2^32. */
uint64_t tf_sum_add(uint64_t sum, const uint8_t *p, size_t len);

/* SUM folded into 16 bits by end-around carry. */
uint16_t tf_sum_fold(uint64_t sum);

/* The state of the checksum of the segment of LEN octets at TCP (at least 20, all captured).  ADDRESSES
 * is the sum of both addresses of the pseudo-header (RFC 9293 section 3.1). */
enum tf_checksum tf_checksum_classify(uint64_t addresses, const uint8_t *tcp, uint32_t len);

#endif
