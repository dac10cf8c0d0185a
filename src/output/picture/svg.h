/*
 * The few SVG elements that our pictures are made of.  Coordinates are
 * pixels, to a tenth.  Looks are the business of picture.css: elements have
 * classes, no colours.  Text is escaped here and nowhere else.
 */
#ifndef TCPFSM_OUTPUT_PICTURE_SVG_H
#define TCPFSM_OUTPUT_PICTURE_SVG_H

#include "output/buffer.h"

struct tf_point {
	double x, y;
};

/* A quadratic curve; a straight line has its control point in the middle. */
struct tf_curve {
	struct tf_point from, control, to;
};

enum tf_anchor { TF_ANCHOR_START, TF_ANCHOR_MIDDLE, TF_ANCHOR_END };

/* S with what XML and HTML read as markup escaped, control characters as blanks, and what is not ASCII (a host's
 * name at most) as question marks. */
void tf_svg_escaped(struct tf_buf *b, const char *s);

/* V with at most one decimal. */
void tf_svg_number(struct tf_buf *b, double v);

/* The root element of a picture of its own, with title, description, style and the heads of arrows. */
void tf_svg_begin_file(struct tf_buf *b, double width, double height, const char *title,
                       const char *description);

/* The same for a page that has the style already; ID tells its arrow heads from another picture's. */
void tf_svg_begin_inline(struct tf_buf *b, double width, double height, const char *title,
                         const char *description);
void tf_svg_end(struct tf_buf *b);

void tf_svg_group(struct tf_buf *b, const char *class);
void tf_svg_group_end(struct tf_buf *b);

/* A tooltip, which is read aloud, too: the first child of its group. */
void tf_svg_title(struct tf_buf *b, const char *text);

void tf_svg_rect(struct tf_buf *b, const char *class, double x, double y, double width, double height,
                 double round);
void tf_svg_circle(struct tf_buf *b, const char *class, double x, double y, double r);
void tf_svg_line(struct tf_buf *b, const char *class, double x1, double y1, double x2, double y2);
void tf_svg_curve(struct tf_buf *b, const char *class, const struct tf_curve *c);
void tf_svg_text(struct tf_buf *b, const char *class, double x, double y, enum tf_anchor anchor,
                 const char *text);

/* The same around (X, Y), turned clockwise by DEGREES. */
void tf_svg_text_turned(struct tf_buf *b, const char *class, double x, double y, double degrees,
                        const char *text);

/* C moved sideways by D pixels, to the right of its direction. */
struct tf_curve tf_curve_aside(const struct tf_curve *c, double d);

/* Columns of TEXT times what a letter of our small type takes. */
double tf_svg_text_width(const char *text);

#endif
