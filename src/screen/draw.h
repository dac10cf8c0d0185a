/*
 * Drawing the model with ncurses; for this folder alone.
 */
#ifndef TCPFSM_SCREEN_DRAW_H
#define TCPFSM_SCREEN_DRAW_H

#include "output/status.h"
#include "screen/view.h"

/* Colour pairs. */
enum tf_paint { TF_PAINT_PLAIN, TF_PAINT_RED, TF_PAINT_YELLOW, TF_PAINT_CYAN, TF_PAINT_GREEN };

struct tf_picture {
	struct tf_view *view;
	const char *source;       /* what is watched */
	struct tf_status *status; /* numbers for the lines above; stats point into a copy */
	bool live, color, utf8;
	uint64_t packet_rate; /* a second */
	const char *said;     /* a line for the user; "": none */
};

/* Prepare the colours. */
void tf_draw_begin(const struct tf_picture *p);

/* All of the window, whatever its size. */
void tf_draw(const struct tf_picture *p);

#endif
