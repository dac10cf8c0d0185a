/*
 * Embryonic connections: one SYN, or a SYN and the first answer to it, and
 * nothing unusual.  What both ends are in is a shape (core/moves.h), and of
 * the numbers most follow from a few; so they take a third of the room of a
 * connection until the handshake goes on, and with IPv6 a half: three of
 * them share the place of one, or two.  A flood is all made of them, and the
 * kernel's clearing of their memory is what takes longest about it.
 *
 * Their limits are those of a SYN and of a SYN,ACK that are given up, so
 * they run out in the order in which they began: a queue for each stands in
 * for the timing wheel.
 */
#ifndef TCPFSM_FLOW_EMBRYO_H
#define TCPFSM_FLOW_EMBRYO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpfsm/connection.h"

/* Numbers in the index have this bit where they are of embryos; then the place of a connection follows, and which part of
 * it, in two bits. */
#define TF_EMBRYO_BIT 0x40000000u

/* Parts of a place: three thirds; or two halves, of which the first begins where the first third does. */
enum tf_part { TF_PART_FIRST, TF_PART_SECOND, TF_PART_THIRD, TF_PART_SECOND_HALF, TF_PARTS };

/* Arrays are by endpoint.  Without `answered` the server has sent nothing, and of its numbers none means anything. */
struct tf_embryo {
	int64_t first_ts_ns;
	uint64_t handshake_ns : 48; /* to the SYN,ACK */
	uint64_t rtt_64us : 16;     /* of the server */
	tf_seq isn[2];
	uint32_t tsval[2]; /* the only one it sent; 0 without timestamps */
	uint32_t first_packet;
	uint32_t
	    flags; /* those of the connection that no shape has, TF_CONN_EMBRYOS, perhaps TF_CONN_WIDE_EMBRYOS */
	uint64_t conn : 39; /* as of a connection; 0: the place is free */
	uint64_t shape : 16;
	uint64_t client_wscale : 4, server_wscale : 4, answered : 1;
	uint16_t wire_bytes[2]; /* of its frame */
	uint16_t window[2], mss[2];
	/* The 4-tuple: of IPv4 the addresses alone, as they stand in the header; of IPv6 as of a connection. */
	union {
		struct {
			uint32_t addr[2];
			uint16_t port[2];
		} ipv4;
		struct tf_key key;
	};
};

#define TF_EMBRYO_NARROW (offsetof(struct tf_embryo, ipv4) + sizeof((struct tf_embryo){0}.ipv4)) /* octets */

/* Octets from part to part: what is left over keeps them aligned. */
#define TF_ALIGNED(octets) ((octets) / _Alignof(struct tf_embryo) * _Alignof(struct tf_embryo))
enum {
	TF_THIRD = TF_ALIGNED(sizeof(struct tf_connection) / 3),
	TF_HALF = TF_ALIGNED(sizeof(struct tf_connection) / 2),
};

_Static_assert(TF_EMBRYO_NARROW <= TF_THIRD && sizeof(struct tf_embryo) <= TF_HALF,
               "three have room, or two");
_Static_assert(offsetof(struct tf_embryo, flags) == offsetof(struct tf_connection, flags),
               "they tell what a place holds");

/* Octets from the beginning of a place to PART of it; so a number tells where its embryo is without a look at it. */
static inline size_t
tf_part_offset(unsigned part)
{
	return part == TF_PART_SECOND_HALF ? TF_HALF : part * TF_THIRD;
}

/* What waits for the same limit, the oldest first; those that grew meanwhile are passed over. */
struct tf_embryo_queue {
	uint64_t *entry; /* a ring: the low 32 bits of its number, and its place */
	size_t head, count, room;
	int64_t due_ns; /* of the first one; INT64_MAX: none waits */
};

enum { TF_AWAITS_ANSWER, TF_AWAITS_THIRD, TF_EMBRYO_QUEUES };

struct tf_analyzer;

struct tf_key tf_embryo_key(const struct tf_embryo *e);

/* Whether S began one.  False where it is no plain SYN or there is no room; then nothing has
 * changed, but that somebody may have been evicted. */
bool tf_embryo_begin(struct tf_analyzer *a, const struct tf_segment *s);

/* Whether connection INDEX, which is in the index under HASH and not in the wheel, became an embryo.  False where it is
 * none, or where there is no room. */
bool tf_embryo_from(struct tf_analyzer *a, uint32_t index, uint32_t hash);

/* Connection INDEX, a copy of EMBRYO, has met a segment: is it one still?  Then EMBRYO is as it is now. */
bool tf_embryo_update(struct tf_analyzer *a, uint32_t embryo, uint32_t index);

/* A connection with all that EMBRYO has, not in the index and not in the wheel. */
uint32_t tf_embryo_copy(struct tf_analyzer *a, uint32_t embryo);

/* Connection INDEX, a copy of EMBRYO, takes its place. */
void tf_embryo_leave_to(struct tf_analyzer *a, uint32_t embryo, uint32_t index, uint32_t hash);

/* EMBRYO becomes a connection; its index. */
uint32_t tf_embryo_grow(struct tf_analyzer *a, uint32_t embryo);

/* Fill C, which is zeroed, with all that E has. */
void tf_embryo_fill(const struct tf_analyzer *a, const struct tf_embryo *e, struct tf_connection *c);

/* Those whose limits run out before NOW become connections that are due. */
void tf_embryos_due(struct tf_analyzer *a, int64_t now_ns);

void tf_embryos_free(struct tf_analyzer *a);

#endif
