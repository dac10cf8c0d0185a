/*
 * Embryonic connections: one SYN, or a SYN and the first answer to it, and
 * nothing unusual.  What both ends are in is a shape (core/moves.h), and of
 * the numbers most follow from a few; so they take less than half of the
 * room of a connection until the handshake goes on: two of them share the
 * place of one.  A flood is all made of them.
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

/* Numbers in the index have this bit where they are of embryos; then the place of a connection follows, and which half
 * of it. */
#define TF_EMBRYO_BIT 0x40000000u

struct tf_embryo_end {
	tf_seq isn;
	uint32_t tsval;      /* the only one it sent; 0 without timestamps */
	uint32_t wire_bytes; /* of its frame */
	uint16_t window, mss;
	uint8_t wscale;
	uint8_t packets; /* 1; of the server 0 until it answers */
};

struct tf_embryo {
	struct tf_key key;
	uint32_t flags;     /* those of the connection that no shape has, and TF_CONN_EMBRYOS */
	uint64_t conn : 39; /* as of a connection; 0: the place is free */
	uint64_t shape : 16;
	int64_t first_ts_ns;
	uint64_t handshake_ns : 48; /* to the SYN,ACK */
	uint64_t rtt_64us : 16;     /* of the server */
	uint32_t first_packet;
	struct tf_embryo_end end[2];
};

_Static_assert(2 * sizeof(struct tf_embryo) <= sizeof(struct tf_connection), "two have room");
_Static_assert(offsetof(struct tf_embryo, flags) == offsetof(struct tf_connection, flags),
               "they tell what a place holds");

/* What waits for the same limit, the oldest first; those that grew meanwhile are passed over. */
struct tf_embryo_queue {
	uint64_t *entry; /* a ring: the low 32 bits of its number, and its place */
	size_t head, count, room;
	int64_t due_ns; /* of the first one; INT64_MAX: none waits */
};

enum { TF_AWAITS_ANSWER, TF_AWAITS_THIRD, TF_EMBRYO_QUEUES };

struct tf_analyzer;

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
