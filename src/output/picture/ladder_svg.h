/*
 * One connection's picture, as elements of an SVG.
 */
#ifndef TCPFSM_OUTPUT_PICTURE_LADDER_SVG_H
#define TCPFSM_OUTPUT_PICTURE_LADDER_SVG_H

#include "output/ladder.h"

#define TF_LADDER_WIDE 960

/* Draw the rungs of P below Y; returns where the picture ends. */
double tf_ladder_svg(struct tf_buf *b, double y, const struct tf_output_options *options,
                     const struct tf_connection_record *r, const struct tf_pending *p);

#endif
