/*
 * A connection: two replicas and what they share.  It is fed segments and
 * deadlines by the flow table (src/flow), and knows nothing of others.
 *
 * A live connection without disorder or close is 232 octets; what only
 * disordered or closing ones need lies in pools beside it (src/core/extra.h).
 */
#ifndef TCPFSM_CONNECTION_H
#define TCPFSM_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "tcpfsm/endpoint.h"
#include "tcpfsm/event.h"

/* The 4-tuple, smaller end first, so that both directions find it. */
struct tf_key {
	struct tf_addr addr[2];
	uint16_t port[2];
};

/* tf_connection.flags; the lowest bits hold enum tf_close. */
enum tf_connection_flag {
	TF_CONN_CLOSE_MASK = 0x0007,
	TF_CONN_CLIENT_SECOND = 0x0008, /* the client is the second end of the key */
	TF_CONN_IPV6 = 0x0010,
	TF_CONN_ROLES_GUESSED = 0x0020,
	TF_CONN_MIDSTREAM = 0x0040,   /* the opening was not seen: no finding that this explains */
	TF_CONN_REPEATED = 0x0080,    /* a segment of the handshake was sent again: no handshake RTT */
	TF_CONN_ESTABLISHED = 0x0100, /* the third segment passed: handshake_ns is the RTT */
	TF_CONN_FAST_OPEN = 0x0200,   /* data on the SYN: the server may send before the third segment */
	TF_CONN_SYN_ACK = 0x0400,     /* a SYN,ACK passed: handshake_ns is about it until the third segment */
	TF_CONN_ANSWERED = 0x0800,    /* anything at all came back to the SYN */
	TF_CONN_GAP = 0x1000,         /* the capture missed something of it */
	TF_CONN_SIMULTANEOUS = 0x8000, /* both ends sent a SYN */
	TF_CONN_SPLIT = 0x10000,       /* the SYN was answered by ACK and SYN apart, or the roles turned */
	TF_CONN_WAITING =
	    0x1000000, /* its SYN was sent again without an answer, and its listener counts it */
	TF_CONN_IN_A_CROWD = 0x2000000,   /* that is told when it is known what became of it */
	TF_CONN_FOUND_SILENT = 0x4000000, /* it was found unanswered */
	TF_CONN_SETTLED = 0x20000,        /* closed, and nothing contradicted it for the settle time */
	TF_CONN_CLIENT_SUMS =
	    0x40000, /* a bare segment of the client's had a valid checksum: a bad one is bad */
	TF_CONN_SERVER_SUMS = 0x80000, /* the same of the server's */
	TF_CONN_CLIENT_BSD =
	    0x400000, /* the client's stack looks like a BSD's: a RST does not end its TIME-WAIT */
	TF_CONN_SERVER_BSD = 0x800000, /* the server's */
	TF_CONN_EMBRYONIC = 0x200000,  /* its listener counts it among those whose third segment is awaited */
	TF_CONN_EMBRYOS =
	    0x8000000, /* no connection: its place holds embryos (flow/embryo.h), up to three, */
	TF_CONN_WIDE_EMBRYOS = 0x10000000, /* or two with the addresses of IPv6 */
	TF_CONN_HOLDS_SYN = 0x100000,      /* a SYN on its 4-tuple waits for its judge (tf_held_syn) */
};

#define TF_MAX_CONN ((UINT64_C(1) << 39) - 1)

struct tf_connection {
	struct tf_key key;
	uint32_t flags;        /* enum tf_connection_flag */
	uint64_t conn : 39;    /* its number, from 1 */
	uint64_t letters : 25; /* which kinds of segments passed first (core/letters.c) */
	int64_t first_ts_ns;   /* of its first segment */
	int64_t last_ts_ns;    /* of its last one */
	int64_t deadline_ns; /* when the timing wheel looks at it again; INT64_MAX: it is not in the wheel */
	uint64_t handshake_ns : 48; /* SYN to third segment; before that, to the first SYN,ACK */
	uint64_t shape : 16;        /* what its two ends are in, as a number (core/moves.h); 0: not known */
	uint32_t timer_next, timer_prev; /* its neighbours in the timing wheel; 0: none */
	uint32_t first_packet;           /* low 32 bits of its first frame's number */
	uint32_t closing;                /* index into the pool of tf_closing; 0: none */
	struct tf_end end[2];            /* TF_CLIENT, TF_SERVER */
};

_Static_assert(sizeof(struct tf_connection) == 232, "the flow table's budget counts on it");

/* When the segment that handshake_ns is about passed. */
static inline int64_t
tf_handshake_at_ns(const struct tf_connection *c)
{
	return c->first_ts_ns + (int64_t)c->handshake_ns;
}

/* It passes at NOW; three days are as good as for ever. */
static inline void
tf_set_handshake(struct tf_connection *c, int64_t now_ns)
{
	const uint64_t most_ns = (UINT64_C(1) << 48) - 1;
	uint64_t took_ns = now_ns > c->first_ts_ns ? (uint64_t)(now_ns - c->first_ts_ns) : 0;

	c->handshake_ns = (took_ns < most_ns ? took_ns : most_ns) & most_ns;
}

static inline enum tf_close
tf_connection_close(const struct tf_connection *c)
{
	return (enum tf_close)(c->flags & TF_CONN_CLOSE_MASK);
}

#endif
