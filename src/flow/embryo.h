/*
 * Embryonic connections: one SYN, or a SYN and the first answer to it, and
 * nothing unusual.  What both ends are in is a shape (core/moves.h), and of
 * the numbers most follow from a few; so until the handshake goes on they
 * take a third of the room of a connection, one line of cache.  A flood is
 * all made of them, and the kernel's clearing of their memory is what takes
 * longest about it.
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

/* Numbers in the index have this bit where they are of embryos; then the place in the pool of embryos follows. */
#define TF_EMBRYO_BIT 0x40000000u

/* Arrays are by endpoint.  Without `answered` the server has sent nothing, and of its numbers none means anything.
 * A connection whose numbers do not fit is no embryo. */
struct tf_embryo {
	struct tf_tuple tuple;
	uint32_t first_packet; /* as of a connection */
	int64_t first_ts_ns;   /* likewise */
	uint64_t conn : 39;    /* likewise; 0: the place is free */
	uint64_t shape : 12, client_wscale : 4, server_wscale : 4, answered : 1;
	uint64_t handshake_ns : 34; /* to the SYN,ACK */
	uint64_t aside : 8;         /* those of the connection's flags that no shape has (TF_CONN_ASIDE) */
	uint64_t client_wire : 11, server_wire : 11; /* octets of its frame */
	tf_seq isn[2];
	uint32_t tsval[2]; /* the only one it sent; 0 without timestamps */
	uint16_t window[2], mss[2];
};

_Static_assert(sizeof(struct tf_embryo) == 64, "a line of cache");

/* As TF_CONN_WIDE. */
static inline bool
tf_embryo_is_wide(const struct tf_embryo *e)
{
	return (e->aside & TF_CONN_WIDE >> TF_CONN_ASIDE_SHIFT) != 0;
}

/* Embryos with consecutive numbers in consecutive places. */
struct tf_embryo_run {
	uint32_t conn;  /* the low 32 bits of the first one's number */
	uint32_t place; /* its place */
	uint32_t count;
};

/* What waits for the same limit, the oldest first; those that grew meanwhile are passed over.  A flood is all one run; what
 * is answered in another order than it began takes an entry each. */
struct tf_embryo_queue {
	uint64_t *entry; /* a ring: all runs but the last one (embryo_queue.c) */
	uint64_t *other; /* a ring of its size, to which it moves when it is cleared; NULL: none yet */
	size_t head, used, room;
	struct tf_embryo_run last; /* it may go on yet; count 0: there is none */
	size_t count;              /* of embryos in all runs */
	int64_t due_ns;            /* of the first one; INT64_MAX: none waits */
};

enum { TF_AWAITS_ANSWER, TF_AWAITS_THIRD, TF_EMBRYO_QUEUES };

struct tf_analyzer;

/* ---- embryo_queue.c ----------------------------------------------------------------- */

/* The embryo at PLACE waits in queue WHICH from now on.  False where there is no room. */
bool tf_embryo_queue_up(struct tf_analyzer *a, int which, uint32_t place);

/* Those whose limits run out before NOW become connections that are due. */
void tf_embryos_due(struct tf_analyzer *a, int64_t now_ns);

/* A time before which some of them run out, but not very many; INT64_MAX: there are no more than some.  After a flood all
 * would become connections at once, and none of them would be in a cache any more when its turn comes. */
int64_t tf_embryos_stop(const struct tf_analyzer *a);

void tf_embryos_free(struct tf_analyzer *a);

/* ---- embryo.c ----------------------------------------------------------------------- */

/* Whether S began one.  False where it is no plain SYN or there is no room; then nothing has
 * changed, but that somebody may have been evicted. */
bool tf_embryo_begin(struct tf_analyzer *a, const struct tf_segment *s);

/* Whether connection INDEX, which is in the index under HASH and not in the wheel, became an embryo.  False where it is
 * none, or where there is no room. */
bool tf_embryo_from(struct tf_analyzer *a, uint32_t index, uint32_t hash);

/* S came for EMBRYO.  If it is the server's plain answer it is noted there, and told. */
bool tf_embryo_answer(struct tf_analyzer *a, uint32_t embryo, const struct tf_segment *s);

/* EMBRYO, which has its answer, for the detectors. */
struct tf_opening tf_embryo_opening(const struct tf_analyzer *a, uint32_t embryo);

/* Connection INDEX, a copy of EMBRYO, has met a segment: is it one still?  Then EMBRYO is as it is now. */
bool tf_embryo_update(struct tf_analyzer *a, uint32_t embryo, uint32_t index);

/* A connection with all that EMBRYO has, not in the index and not in the wheel. */
uint32_t tf_embryo_copy(struct tf_analyzer *a, uint32_t embryo);

/* Connection INDEX, a copy of EMBRYO, takes its place. */
void tf_embryo_leave_to(struct tf_analyzer *a, uint32_t embryo, uint32_t index, uint32_t hash);

/* EMBRYO goes: there is no room.  False where there is more to say of it than a brief. */
bool tf_embryo_evict(struct tf_analyzer *a, uint32_t embryo);

/* EMBRYO becomes a connection; its index. */
uint32_t tf_embryo_grow(struct tf_analyzer *a, uint32_t embryo);

/* Fill C, which is zeroed, with all that E has. */
void tf_embryo_fill(const struct tf_analyzer *a, const struct tf_embryo *e, struct tf_connection *c);

#endif
