/*
 * Where the state diagram's boxes stand and its edges run, as textbooks
 * draw it (RFC 9293 figure 5): active open on the right, passive on the
 * left, the side that closes first on the left, CLOSED again at the end.
 */
#ifndef TCPFSM_OUTPUT_PICTURE_DIAGRAM_LAYOUT_H
#define TCPFSM_OUTPUT_PICTURE_DIAGRAM_LAYOUT_H

#include "output/picture/diagram.h"
#include "output/picture/svg.h"

#define TF_DIAGRAM_WIDE 1120
#define TF_DIAGRAM_HIGH 1010
#define TF_BOX_WIDE     150
#define TF_BOX_HIGH     44

/* How an edge runs, and where its label stands. */
struct tf_route {
	struct tf_curve curve;
	struct tf_point label; /* baseline of its first line */
	enum tf_anchor anchor;
	bool stub; /* it ends at a small CLOSED of its own, beside its state */
};

/* The middle of a state's box. */
struct tf_point tf_state_place(enum tf_state s);

/* The second box of CLOSED, where closing ends. */
struct tf_point tf_last_closed_place(void);

/* The way of E: one of the table, or a straight line between the boxes. */
struct tf_route tf_edge_route(const struct tf_edge *e);

/* Is the way of E in the table? */
bool tf_edge_has_route(const struct tf_edge *e);

#endif
