/*
 * What happened on a connection, in few octets: the same as the rungs of
 * ladder.h, each written as what the one before it does not let expect.  A
 * report keeps tens of thousands of connections this way until their records
 * come, and puts the octets into its page as they are; rungs.js reads them
 * there, tf_trail_next() here.
 *
 *   number, signed   see number.h
 *   when     the time since the last one (signed, in the trail's units), then 0 where no packet made it, else
 *            one more than the packet's difference to the last one (as a signed)
 *
 *   segment  an octet below 0x80, its bits enum tf_trail_segment_bits; time and packet (both signed differences);
 *            then what the bits say.  Not said: flags ACK alone, no marks, no payload, the window of this end's
 *            segment before, the sequence number that follows on this end's last segment, the acknowledgement
 *            number that follows on the other end's last one
 *   else     an octet with 0x80, the kind in bits 3 to 5; when, unless TF_TRAIL_SAME; then
 *            a transition (the kind is its basis): from * 16 + to
 *            TF_TRAIL_SETTLED: nothing, what was presumed of this end is sure now
 *            with TF_TRAIL_ABORTS: nothing, the packet proves a finding worse than an info
 *            TF_TRAIL_FOUND: the id (a number), and the severity, with 4 where it is of neither end
 *            TF_TRAIL_SEVERAL: no when; how many segments (a number) the next one, which follows, stands for
 *            with TF_TRAIL_ABORTS, with when: the first block that the segment before says it has (SACK): where it
 *            begins (a signed difference to the number behind the other end's last segment), and its octets (a number)
 */
#ifndef TCPFSM_OUTPUT_TRAIL_H
#define TCPFSM_OUTPUT_TRAIL_H

#include "ladder.h"
#include "pending.h"

enum tf_trail_segment_bits {
	TF_TRAIL_SERVER = 0x01, /* sent by the server; of other kinds: about the server */
	TF_TRAIL_FLAGS = 0x02,  /* a number */
	TF_TRAIL_MARKS = 0x04,  /* a number */
	TF_TRAIL_SEQ = 0x08,    /* a signed difference to what was expected */
	TF_TRAIL_ACK = 0x10,    /* the same */
	TF_TRAIL_WINDOW = 0x20, /* a number */
	TF_TRAIL_LEN = 0x40,    /* a number */
};

enum tf_trail_bits {
	TF_TRAIL_SAME = 0x02,   /* time and packet of the one before */
	TF_TRAIL_UNSURE = 0x04, /* a transition that is only presumed */
	TF_TRAIL_ABORTS = 0x40, /* a transition by a reset, a limit or an error */
	TF_TRAIL_OTHER = 0x80,  /* no segment */
};

/* Kinds beside those of enum tf_basis. */
enum tf_trail_kind { TF_TRAIL_SETTLED = 5, TF_TRAIL_FOUND = 6, TF_TRAIL_SEVERAL = 7 };

/* All zero, but for the unit, is an empty one. */
struct tf_trails {
	struct tf_pending_table pending;
	int64_t unit_ns; /* of times */
	size_t most; /* rungs of one connection, then neighbours of plain data are told together; 0: 600 */
	size_t most_trails; /* at once, then none is begun; 0: as many as there is room for */
};

/* The trail of CONN, begun where there is none.  NULL where its record has come, where there was no room to begin it,
 * or where there is no memory: then *FINE becomes false. */
struct tf_pending *tf_trail_look_up(struct tf_trails *t, uint64_t conn, int64_t ts_ns, bool *fine);

static inline struct tf_pending *
tf_trail_of(struct tf_trails *t, uint64_t conn, int64_t ts_ns, bool *fine)
{
	struct tf_pending *p = t->pending.latest;

	/* One segment makes several events. */
	return p != NULL && p->conn == conn ? p : tf_trail_look_up(t, conn, ts_ns, fine);
}

/* Add what an event says, where there is room: P->lost_lines counts what found none.  False where there is no
 * memory. */
bool tf_trail_segment(struct tf_trails *t, struct tf_pending *p, const struct tf_segment_event *e);
bool tf_trail_transition(struct tf_trails *t, struct tf_pending *p, const struct tf_transition *m,
                         bool aborts);
bool tf_trail_possible(struct tf_trails *t, struct tf_pending *p, const struct tf_possible *s);
bool tf_trail_finding(struct tf_trails *t, struct tf_pending *p, const struct tf_finding *f);

/* The octets of P behind each other, into B in base 64.  Returns how many letters. */
size_t tf_put_trail(struct tf_buf *b, const struct tf_trails *t, const struct tf_pending *p);

/* What the writer knows of what came before, and the reader, too. */
struct tf_trail_last {
	int64_t time; /* in units since the trail's beginning */
	uint64_t packet;
	uint32_t next[2]; /* the number behind the end's last segment */
	uint16_t window[2];
};

/* Reads a trail: set P and UNIT_NS, all else zero. */
struct tf_trail_reader {
	const struct tf_pending *p;
	int64_t unit_ns;
	size_t at;
	struct tf_trail_last last;
};

/* The next rung; false at the end.  Of a transition `possible` holds `from` where it was only presumed. */
bool tf_trail_next(struct tf_trail_reader *reader, struct tf_rung *r);

/* Fetch what the next event of CONN needs. */
static inline __attribute__((always_inline)) void
tf_trail_prefetch(const struct tf_trails *t, uint64_t conn, bool near)
{
	tf_pending_prefetch(&t->pending, conn, near);
}

#endif
