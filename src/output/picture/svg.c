/*
 * SVG elements: see svg.h.
 */
#include "output/picture/svg.h"

#include <math.h>

#include "output/html/embedded.h"

#define INSIDE      6   /* pixels */
#define LETTER_WIDE 6.7 /* pixels of a letter in the type of 12 pixels */

void
tf_svg_escaped(struct tf_buf *b, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == '&')
			tf_put_lit(b, "&amp;");
		else if (*s == '<')
			tf_put_lit(b, "&lt;");
		else if (*s == '>')
			tf_put_lit(b, "&gt;");
		else if (*s == '"')
			tf_put_lit(b, "&quot;");
		else if (*s == '\'')
			tf_put_lit(b, "&#39;");
		else
			tf_put_char(b, (unsigned char)*s < ' ' || *s == 0x7f ? ' '
			               : (unsigned char)*s > 0x7f            ? '?'
			                                                     : *s);
	}
}

void
tf_svg_number(struct tf_buf *b, double v)
{
	int64_t tenths = llround(v * 10);

	if (tenths < 0) {
		tf_put_char(b, '-');
		tenths = -tenths;
	}
	tf_put_u64(b, (uint64_t)tenths / 10);
	if (tenths % 10 != 0) {
		tf_put_char(b, '.');
		tf_put_char(b, (char)('0' + tenths % 10));
	}
}

/* ` name="value"` */
static void
put_number(struct tf_buf *b, const char *name, double value)
{
	tf_put_char(b, ' ');
	tf_put_str(b, name);
	tf_put_lit(b, "=\"");
	tf_svg_number(b, value);
	tf_put_char(b, '"');
}

static void
put_class(struct tf_buf *b, const char *class)
{
	tf_put_lit(b, " class=\"");
	tf_put_str(b, class);
	tf_put_char(b, '"');
}

static void
begin(struct tf_buf *b, double width, double height, const char *title, const char *description)
{
	tf_put_lit(b,
	           "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"picture\" role=\"img\" viewBox=\"0 0 ");
	tf_svg_number(b, width);
	tf_put_char(b, ' ');
	tf_svg_number(b, height);
	tf_put_char(b, '"');
	put_number(b, "width", width);
	put_number(b, "height", height);
	tf_put_lit(b, ">\n<title>");
	tf_svg_escaped(b, title);
	tf_put_lit(b, "</title>\n<desc>");
	tf_svg_escaped(b, description);
	tf_put_lit(b, "</desc>\n");
}

/* One head for each colour: a marker does not take the colour of its line everywhere. */
static void
put_heads(struct tf_buf *b)
{
	static const char *const kinds[] = {"pale", "client", "server", "red"};

	tf_put_lit(b, "<defs>\n");
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		tf_put_lit(b, "<marker id=\"tf-");
		tf_put_str(b, kinds[i]);
		tf_put_lit(b, "\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerUnits=\"userSpaceOnUse\" "
		              "markerWidth=\"11\" markerHeight=\"11\" orient=\"auto\">"
		              "<path class=\"head-");
		tf_put_str(b, kinds[i]);
		tf_put_lit(b, "\" d=\"M0 0 10 5 0 10z\"/></marker>\n");
	}
	tf_put_lit(
	    b, "<pattern id=\"tf-hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
	       "patternTransform=\"rotate(45)\"><path class=\"hatch\" d=\"M0 0V6\"/></pattern>\n</defs>\n");
}

void
tf_svg_begin_file(struct tf_buf *b, double width, double height, const char *title, const char *description)
{
	begin(b, width, height, title, description);
	tf_put_lit(b, "<style>\n");
	tf_put_str(b, tf_picture_style);
	tf_put_lit(b, "</style>\n");
	put_heads(b);
	tf_svg_rect(b, "paper", 0, 0, width, height, 0);
}

void
tf_svg_begin_inline(struct tf_buf *b, double width, double height, const char *title, const char *description)
{
	begin(b, width, height, title, description);
	put_heads(b);
}

void
tf_svg_end(struct tf_buf *b)
{
	tf_put_lit(b, "</svg>\n");
}

void
tf_svg_group(struct tf_buf *b, const char *class)
{
	tf_put_lit(b, "<g");
	put_class(b, class);
	tf_put_lit(b, ">\n");
}

void
tf_svg_group_end(struct tf_buf *b)
{
	tf_put_lit(b, "</g>\n");
}

void
tf_svg_title(struct tf_buf *b, const char *text)
{
	tf_put_lit(b, "<title>");
	tf_svg_escaped(b, text);
	tf_put_lit(b, "</title>\n");
}

void
tf_svg_rect(struct tf_buf *b, const char *class, double x, double y, double width, double height,
            double round)
{
	tf_put_lit(b, "<rect");
	put_class(b, class);
	put_number(b, "x", x);
	put_number(b, "y", y);
	put_number(b, "width", width);
	put_number(b, "height", height);
	if (round > 0)
		put_number(b, "rx", round);
	tf_put_lit(b, "/>\n");
}

void
tf_svg_circle(struct tf_buf *b, const char *class, double x, double y, double r)
{
	tf_put_lit(b, "<circle");
	put_class(b, class);
	put_number(b, "cx", x);
	put_number(b, "cy", y);
	put_number(b, "r", r);
	tf_put_lit(b, "/>\n");
}

void
tf_svg_line(struct tf_buf *b, const char *class, double x1, double y1, double x2, double y2)
{
	tf_put_lit(b, "<line");
	put_class(b, class);
	put_number(b, "x1", x1);
	put_number(b, "y1", y1);
	put_number(b, "x2", x2);
	put_number(b, "y2", y2);
	tf_put_lit(b, "/>\n");
}

static void
put_point(struct tf_buf *b, char command, struct tf_point p)
{
	tf_put_char(b, command);
	tf_svg_number(b, p.x);
	tf_put_char(b, ' ');
	tf_svg_number(b, p.y);
}

void
tf_svg_curve(struct tf_buf *b, const char *class, const struct tf_curve *c)
{
	tf_put_lit(b, "<path");
	put_class(b, class);
	tf_put_lit(b, " d=\"");
	put_point(b, 'M', c->from);
	put_point(b, 'Q', c->control);
	put_point(b, ' ', c->to);
	tf_put_lit(b, "\"/>\n");
}

void
tf_svg_text_turned(struct tf_buf *b, const char *class, double x, double y, double degrees, const char *text)
{
	tf_put_lit(b, "<text");
	put_class(b, class);
	tf_put_lit(b, " text-anchor=\"middle\" transform=\"translate(");
	tf_svg_number(b, x);
	tf_put_char(b, ' ');
	tf_svg_number(b, y);
	tf_put_lit(b, ") rotate(");
	tf_svg_number(b, degrees);
	tf_put_lit(b, ")\">");
	tf_svg_escaped(b, text);
	tf_put_lit(b, "</text>\n");
}

void
tf_svg_text(struct tf_buf *b, const char *class, double x, double y, enum tf_anchor anchor, const char *text)
{
	static const char *const names[] = {
	    [TF_ANCHOR_START] = "start", [TF_ANCHOR_MIDDLE] = "middle", [TF_ANCHOR_END] = "end"};

	tf_put_lit(b, "<text");
	put_class(b, class);
	put_number(b, "x", x);
	put_number(b, "y", y);
	tf_put_lit(b, " text-anchor=\"");
	tf_put_str(b, names[anchor]);
	tf_put_lit(b, "\">");
	tf_svg_escaped(b, text);
	tf_put_lit(b, "</text>\n");
}

struct tf_curve
tf_curve_aside(const struct tf_curve *c, double d)
{
	double dx = c->to.x - c->from.x, dy = c->to.y - c->from.y, length = hypot(dx, dy);
	struct tf_curve moved = *c;
	double x = length > 0 ? -dy / length * d : 0, y = length > 0 ? dx / length * d : 0;

	/* It begins a little inside the box, which is drawn over it: else a slanted line would begin beside it. */
	moved.from.x += x - (d != 0 && length > 0 ? dx / length * INSIDE : 0);
	moved.from.y += y - (d != 0 && length > 0 ? dy / length * INSIDE : 0);
	moved.control.x += x, moved.control.y += y;
	moved.to.x += x, moved.to.y += y;
	return moved;
}

double
tf_svg_text_width(const char *text)
{
	return (double)strlen(text) * LETTER_WIDE;
}
