/*
 * A decoded ICMP or ICMPv6 error that quotes a TCP segment: what a router
 * or a host says about a segment that it could not forward or deliver
 * (RFC 792, RFC 1191, RFC 4443).  Everything is in host byte order.
 *
 * The quotation holds at least the first 8 octets of the TCP header, so
 * ports and sequence number are always there.  Whether the quoted segment
 * was ever sent, so whether the error can be believed, is not judged here
 * (RFC 5927 section 4.1).
 */
#ifndef TCPFSM_ICMP_H
#define TCPFSM_ICMP_H

#include <stdint.h>

#include "tcpfsm/segment.h"

struct tf_icmp_error {
	int64_t ts_ns;   /* capture time, nanoseconds since the epoch */
	uint64_t packet; /* frame number in the capture, from 1 */

	struct tf_addr reporter; /* who sent the error: often a router between the ends */
	struct tf_addr receiver; /* whom it was sent to: normally the quoted source */
	uint8_t ip_version;      /* 4: type and code are those of ICMP; 6: of ICMPv6 */
	uint8_t type;            /* 4: 3, 4, 5, 11, 12; 6: 1, 2, 3, 4 */
	uint8_t code;
	uint8_t has_ack; /* 1 where ack and flags were quoted too */
	uint32_t mtu;    /* octets, next-hop MTU of "fragmentation needed" and "packet too big", else 0 */

	/* The quoted segment, as its sender sent it. */
	struct tf_addr src, dst;
	uint16_t src_port, dst_port;
	tf_seq seq;
	tf_seq ack;     /* with has_ack */
	uint16_t flags; /* enum tf_flag, with has_ack */
	uint16_t ip_id; /* IPv4 identification of the quoted datagram; 0 for IPv6 */
	uint16_t size;  /* octets of the quoted IPv4 datagram, by its header; 0: IPv6, a fragment */
};

#endif
