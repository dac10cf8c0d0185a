/*
 * The state diagram: its edges, which come out of rules.def, where they are
 * drawn, and which of them a capture travelled.
 *
 * An edge is a pair of states, and whether a reset (or a limit, or another
 * error) leads along it: LAST-ACK to CLOSED by the last ACK is one edge,
 * by a RST another.  Rules that only widen the set of possible states make
 * no edge, because no end is seen to take it.
 */
#ifndef TCPFSM_OUTPUT_PICTURE_DIAGRAM_H
#define TCPFSM_OUTPUT_PICTURE_DIAGRAM_H

#include "output/trail.h"
#include "output/writer.h"
#include "tcpfsm/rule.h"

#define TF_MAX_EDGES  48 /* pairs that rules.def makes, and room */
#define TF_MAX_STEPS  40 /* that are numbered */
#define TF_EDGE_WORDS 4  /* lines of an edge's label */

struct tf_edge {
	enum tf_state from, to;
	bool aborts;                      /* a reset or an error leads along it */
	const char *words[TF_EDGE_WORDS]; /* what leads along it; NULL: no more */
};

/* All edges of rules.def, in the order of its rows. */
const struct tf_edge *tf_edges(size_t *count);

/* The edge of a transition by the rule called RULE, or -1; the same where it is known whether the rule ABORTS. */
int tf_edge_of(enum tf_state from, enum tf_state to, const char *rule);
int tf_edge_between(enum tf_state from, enum tf_state to, bool aborts);

/* What a capture travelled. */
struct tf_travel {
	uint64_t count[TF_MAX_EDGES][2]; /* by client and server */
	uint64_t bad[TF_MAX_EDGES][2];   /* of them, steps that a packet made which proves a finding */
	uint64_t connections;            /* of which the steps are counted */
	uint64_t others;                 /* steps that are no edge of the table */
	uint64_t unsure;   /* that found no room in a trail: what was taken back later is among them */
	bool numbered;     /* one connection: its steps have numbers.  For the owner to say */
	size_t step_count; /* of step */
	struct {
		uint8_t edge, end;
		bool bad;
	} step[TF_MAX_STEPS];
	struct tf_known_edge {
		const char *rule; /* of the last transition between the two */
		int8_t edge;
	} known[TF_STATE_COUNT][TF_STATE_COUNT];
};

/* Take the transition or finding E, and put it into the connection's trail.  False where there is no memory. */
bool tf_travel_event(struct tf_travel *t, struct tf_trails *trails, const struct tf_event *e);

/* The record came of the connection whose trail is P (NULL: it has none): set the account right.  What is not ASKED_FOR
 * is not counted.  False where there is no memory. */
bool tf_travel_record(struct tf_travel *t, const struct tf_trails *trails, const struct tf_pending *p,
                      bool asked_for);

/* The picture: of T, or of the table alone where T is NULL.  As a file of its own, or inside a page. */
void tf_diagram_svg(struct tf_buf *b, const struct tf_travel *t, bool inside_page);

/* The same for dot(1). */
void tf_diagram_dot(struct tf_buf *b, const struct tf_travel *t);

#endif
