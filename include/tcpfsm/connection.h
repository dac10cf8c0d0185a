/*
 * A connection: two replicas and what they share.  It is fed segments and
 * deadlines by the flow table (src/flow), and knows nothing of others.
 *
 * A live connection without disorder or close is 192 octets, three lines of cache; what only disordered or closing
 * ones need lies in pools beside it (src/core/extra.h), and so do the addresses of IPv6 (src/core/tuple.h).
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

/* The same in less room.  Two IPv4 addresses stand here as in the header; else, with TF_CONN_WIDE, addr[0] is an index
 * into a pool that holds both. */
struct tf_tuple {
	uint32_t addr[2];
	uint16_t port[2];
};

/* tf_connection.flags; the lowest bits hold enum tf_close. */
enum tf_connection_flag {
	TF_CONN_CLOSE_MASK = 0x0007,
	TF_CONN_WAITING = 0x0008, /* its SYN was sent again without an answer, and its listener counts it */
	TF_CONN_IN_A_CROWD = 0x0010, /* that is told when it is known what became of it */
	TF_CONN_ROLES_GUESSED = 0x0020,
	TF_CONN_MIDSTREAM = 0x0040,   /* the opening was not seen: no finding that this explains */
	TF_CONN_REPEATED = 0x0080,    /* a segment of the handshake came again, or late: no handshake RTT */
	TF_CONN_ESTABLISHED = 0x0100, /* the third segment passed: handshake_ns is the RTT */
	TF_CONN_FAST_OPEN = 0x0200,   /* data on the SYN: the server may send before the third segment */
	TF_CONN_SYN_ACK = 0x0400,     /* a SYN,ACK passed: handshake_ns is about it until the third segment */
	TF_CONN_ANSWERED = 0x0800,    /* anything at all came back to the SYN */
	TF_CONN_GAP = 0x1000,         /* the capture missed something of it */
	TF_CONN_FOUND_SILENT = 0x2000, /* it was found unanswered */
	TF_CONN_HOLDS_SYN = 0x4000,    /* a SYN on its 4-tuple waits for its judge (tf_held_syn) */
	TF_CONN_SIMULTANEOUS = 0x8000, /* both ends sent a SYN */
	TF_CONN_SPLIT = 0x10000,       /* the SYN was answered by ACK and SYN apart, or the roles turned */
	TF_CONN_SETTLED = 0x20000,     /* closed, and nothing contradicted it for the settle time */
	TF_CONN_FOUND_MIDSTREAM = 0x40000, /* that the opening was not seen was told */
	/* What the checklist does not look at, or what is set by hand: TF_CONN_ASIDE. */
	TF_CONN_CLIENT_SECOND = 0x100000, /* the client is the second end of the key */
	TF_CONN_IPV6 = 0x200000,
	TF_CONN_CLIENT_SUMS =
	    0x400000, /* a bare segment of the client's had a valid checksum: a bad one is bad */
	TF_CONN_SERVER_SUMS = 0x800000, /* the same of the server's */
	TF_CONN_CLIENT_BSD =
	    0x1000000, /* the client's stack looks like a BSD's: a RST does not end its TIME-WAIT */
	TF_CONN_SERVER_BSD = 0x2000000, /* the server's */
	TF_CONN_EMBRYONIC = 0x4000000, /* its listener counts it among those whose third segment is awaited */
	TF_CONN_WIDE = 0x8000000,      /* its tuple is wide: the addresses are not both IPv4's */
};

#define TF_CONN_ASIDE_SHIFT 20 /* eight flags from here */
#define TF_CONN_ASIDE       (UINT32_C(0xff) << TF_CONN_ASIDE_SHIFT)

#define TF_MAX_CONN ((UINT64_C(1) << 39) - 1)

struct tf_connection {
	struct tf_tuple tuple;
	uint32_t flags;             /* enum tf_connection_flag */
	uint64_t conn : 39;         /* its number, from 1 */
	uint64_t letters : 25;      /* which kinds of segments passed first (core/letters.c) */
	int64_t first_ts_ns;        /* of its first segment */
	int64_t last_ts_ns;         /* of its last one */
	uint64_t handshake_ns : 48; /* SYN to third segment, before it to the SYN,ACK; or who was heard */
	uint64_t shape : 16;        /* what its two ends are in, as a number (core/moves.h); 0: not known */
	uint32_t first_packet;      /* low 32 bits of its first frame's number */
	uint32_t closing;           /* index into the pool of tf_closing; 0: none */
	struct tf_end end[2];       /* TF_CLIENT, TF_SERVER */
};

_Static_assert(sizeof(struct tf_connection) == 192, "three lines of cache");

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

/* A time that a round trip took, as tf_end.rtt_64us has it. */
static inline uint16_t
tf_rtt_in_64us(int64_t ns)
{
	int64_t units = ns / 64000 + 1;

	return (uint16_t)(units > UINT16_MAX ? UINT16_MAX : units);
}

static inline enum tf_close
tf_connection_close(const struct tf_connection *c)
{
	return (enum tf_close)(c->flags & TF_CONN_CLOSE_MASK);
}

#endif
