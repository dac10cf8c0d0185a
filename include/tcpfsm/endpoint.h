/*
 * One end's replica: its TCB as far as a tap can know it (RFC 9293
 * section 3.3.1), and the state that follows from it.
 *
 * The variables are named from the end's own side: what it sent, and how
 * far that got.  What it received is the other end's replica read the
 * other way round: RCV.NXT of one end lies between `una` (proven by its
 * ACK) and `nxt` (presumed: it passed the tap) of the other.
 *
 * 68 octets: two of them and 56 octets of shared facts are a connection.
 */
#ifndef TCPFSM_ENDPOINT_H
#define TCPFSM_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "tcpfsm/seq.h"
#include "tcpfsm/state.h"

/* tf_end.flags */
enum tf_end_flag {
	TF_END_SEQ_KNOWN = 0x0001, /* max, nxt and una mean something */
	TF_END_ISN_KNOWN = 0x0002, /* isn is this end's initial sequence number */
	TF_END_SYN_SEEN =
	    0x0004, /* its SYN or SYN,ACK passed: mss, wscale and the two below are what it offered */
	TF_END_SACK = 0x0008,         /* it offered SACK */
	TF_END_TIMESTAMPS = 0x0010,   /* it offered timestamps, or uses them (mid-stream) */
	TF_END_MSS = 0x0020,          /* it offered an MSS */
	TF_END_WSCALE = 0x0040,       /* it offered window scaling */
	TF_END_PASSIVE = 0x0080,      /* it opened passively: it came from LISTEN */
	TF_END_WINDOW_KNOWN = 0x0100, /* right means something: an ACK of its passed and the scale is known */
	TF_END_TSVAL_KNOWN = 0x0200,  /* tsval and ts_recent mean something */
	TF_END_FIN = 0x0400,          /* its FIN passed; the FIN is the octet before max */
	TF_END_FIN_ACKED = 0x0800,    /* and the other end's ACK of it */
	TF_END_SYN_ACKED = 0x1000,    /* an ACK of its SYN passed */
	TF_END_SENT_DATA = 0x2000,    /* payload of its passed */
	TF_END_TRUNCATED = 0x4000,    /* more states than the history holds */
	TF_END_OPTIONS_CUT = 0x8000,  /* the snap length cut its SYN's options */
};

/* Aligned as the rest is: else 4 octets of an end were for nothing. */
typedef uint64_t tf_word __attribute__((aligned(4)));

/* A count in 48 bits and something smaller; counting adds to both at once, and nothing to the smaller one. */
#define TF_COUNT(word, counted, beside)                                                                      \
	union {                                                                                              \
		tf_word word;                                                                                \
		struct {                                                                                     \
			uint64_t beside : 16, counted : 48;                                                  \
		} __attribute__((packed, aligned(4)));                                                       \
	}

struct tf_end {
	tf_word history; /* the states passed through, four bits each, the present one lowest */
	/* Payload that passed, each octet of sequence space once, up to 256 TiB; and the time from the tap to this end and
	 * back, as seen in the handshake, 0: not known. */
	TF_COUNT(bytes_word, bytes, rtt_64us);
	/* All its frames as they were on the wire, up to 256 TiB; and the MSS, as offered on its SYN. */
	TF_COUNT(wire_word, wire_bytes, mss);
	tf_seq isn;         /* initial sequence number; without TF_END_ISN_KNOWN the first number seen */
	tf_seq max;         /* after the highest octet it sent: SND.NXT as far as known */
	tf_seq nxt;         /* everything before it passed the tap, or was acknowledged */
	tf_seq una;         /* SND.UNA: the highest ACK that came back */
	tf_seq right;       /* right edge of the widest window it ever offered: what it may accept */
	uint32_t tsval;     /* the latest TSval it sent */
	uint32_t ts_recent; /* TS.Recent as the other end keeps it of this end (RFC 7323 section 4.3) */
	uint32_t packets;   /* segments it sent */
	tf_states base;     /* the states in which its own segments leave it */
	tf_states possible; /* all states not ruled out: what base can have become by now */
	uint16_t flags;     /* enum tf_end_flag */
	uint8_t pending;    /* enum tf_pending: passed towards it, and may or may not have arrived */
	uint8_t doubt;      /* those of them that a repetition took back: they count by its own ACK only */
	uint8_t depth;  /* low four bits: states in history - 1; high four: how many of them are proven - 1 */
	uint8_t wscale; /* as offered on its SYN, at most 14 (RFC 7323 section 2.3) */
	uint16_t window; /* the last window it offered, unscaled as in the header */
};

_Static_assert(sizeof(struct tf_end) == 68, "the flow table's budget counts on it");

#define TF_COUNT_ONE (UINT64_C(1) << (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 16 : 0))

/* So much more payload passed. */
static inline void
tf_end_count_bytes(struct tf_end *end, uint32_t more)
{
	end->bytes_word += more * TF_COUNT_ONE;
}

/* A frame of so many octets was on the wire. */
static inline void
tf_end_count_wire_bytes(struct tf_end *end, uint32_t more)
{
	end->wire_word += more * TF_COUNT_ONE;
}

/* The best guess. */
static inline enum tf_state
tf_end_state(const struct tf_end *end)
{
	return (enum tf_state)(end->history & 0xf);
}

static inline bool
tf_end_has(const struct tf_end *end, unsigned flag)
{
	return (end->flags & flag) != 0;
}

#endif
