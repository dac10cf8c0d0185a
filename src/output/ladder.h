/*
 * What happened on a connection, as rungs of a ladder: segments, changes of
 * state and findings in the order in which they became known.  Every
 * picture of a connection (text, SVG, HTML, the live screen) is drawn from
 * these and from nothing else.
 *
 * Rungs are kept until the connection's record comes, in the room that
 * pending.h bounds.  How they look is not known here.
 */
#ifndef TCPFSM_OUTPUT_LADDER_H
#define TCPFSM_OUTPUT_LADDER_H

#include "pending.h"
#include "writer.h"

enum tf_rung_kind {
	TF_RUNG_SEGMENT,
	TF_RUNG_FOLD, /* several plain segments, not shown one by one */
	TF_RUNG_TRANSITION,
	TF_RUNG_POSSIBLE, /* only the set of possible states changed */
	TF_RUNG_FINDING,
	TF_RUNG_PROOF, /* trails alone: the packet proves a finding worse than an info */
	TF_RUNG_SACK,  /* trails alone: from rel_seq to rel_ack has arrived, says this end */
};

struct tf_rung {
	int64_t ts_ns;
	uint64_t packet; /* 0: none.  A fold: its first */
	uint8_t kind;    /* enum tf_rung_kind */
	uint8_t end;     /* enum tf_endpoint: sender; whose state; whom the finding is about */
	uint16_t window; /* of a segment, as it stands in the header */
	union {
		struct {                /* a segment or a fold */
			uint32_t count; /* 1, or the segments of the fold */
			uint32_t rel_seq, rel_ack;
			uint32_t len; /* a fold of one sender: of all its octets */
			uint16_t flags, marks;
		};
		struct {                   /* a change of state, or of the set */
			uint16_t possible; /* tf_states after it */
			uint8_t from, to;  /* enum tf_state; equal where only the set changed */
			uint8_t basis;     /* enum tf_basis; not where only the set changed */
			bool aborts;       /* trails alone: by a reset, a limit or an error */
		};
		struct {                  /* a finding */
			uint16_t id;      /* enum tf_anomaly */
			uint8_t severity; /* enum tf_severity */
		};
	};
};

_Static_assert(sizeof(struct tf_rung) <= 40, "many are kept at once");

struct tf_ladder {
	struct tf_pending_table pending;
	bool sets;   /* keep rungs of the kind TF_RUNG_POSSIBLE, too */
	size_t most; /* rungs of one connection; 0: 2000 */
};

/* Keep what E says of a connection; a connection's record, and what comes after it, is passed over.
 * False where there is no memory. */
bool tf_ladder_keep(struct tf_ladder *l, const struct tf_event *e);

/* Is the ladder of CONN asked for? */
bool tf_ladder_chosen(const struct tf_output_options *options, uint64_t conn);

size_t tf_ladder_count(const struct tf_pending *p);
struct tf_rung tf_ladder_rung(const struct tf_pending *p, size_t i);

/* The segments that R stands for: 0 unless it is a segment or a fold. */
uint64_t tf_rung_segments(const struct tf_rung *r);

/* The marks of R but the gap, which pictures show before it. */
unsigned tf_rung_shown_marks(const struct tf_rung *r);

/* What a segment carries; its marks in brackets; a finding in a line: the words of all pictures. */
void tf_put_rung_segment(struct tf_buf *b, const struct tf_rung *r);
void tf_put_rung_marks(struct tf_buf *b, const struct tf_rung *r);
void tf_put_rung_finding(struct tf_buf *b, const struct tf_rung *r);

/* The rungs of P as lines of text (see ladder_text.c), times relative to its first. */
void tf_ladder_put_text(struct tf_buf *b, const struct tf_output_options *options,
                        const struct tf_pending *p);

#endif
