/*
 * The state diagram as SVG: see diagram.h.  Each edge is drawn pale; where
 * the client went along it, a solid line lies beside it on one side, where
 * the server did, a dashed one on the other, red where a packet that proves
 * a finding led along it.
 */
#include <assert.h>

#include "output/picture/diagram_layout.h"
#include "output/style.h"

#define LINE_HIGH   14  /* of a label */
#define ASIDE       3.5 /* pixels of the travelled lines from the middle */
#define BADGE       9   /* radius of a step's number */
#define MOST_BADGES 6   /* at one edge */
#define STUB_WIDE   62  /* of the small CLOSED beside a state */
#define STUB_HIGH   22

static const char *const end_class[2] = {"client", "server"};

static bool
travelled(const struct tf_travel *t, size_t edge)
{
	return t != NULL && t->count[edge][TF_CLIENT] + t->count[edge][TF_SERVER] > 0;
}

/* "client 12 (3 red)" */
static void
put_count(struct tf_buf *text, const struct tf_travel *t, size_t edge, unsigned end)
{
	text->len = 0;
	tf_put_str(text, end_class[end]);
	tf_put_char(text, ' ');
	tf_put_grouped(text, t->count[edge][end]);
	if (t->bad[edge][end] > 0) {
		tf_put_lit(text, " (");
		tf_put_grouped(text, t->bad[edge][end]);
		tf_put_lit(text, " red)");
	}
	tf_put_char(text, '\0');
}

static void
draw_counts(struct tf_buf *b, const struct tf_travel *t, size_t edge, const struct tf_route *r, double y)
{
	struct tf_buf text;

	tf_buf_init(&text, -1);
	for (unsigned end = 0; end < 2; end++) {
		if (t->count[edge][end] == 0)
			continue;
		put_count(&text, t, edge, end);
		if (text.error == 0)
			tf_svg_text(b,
			            t->bad[edge][end] > 0 ? "count red"
			            : end == 0            ? "count client"
			                                  : "count server",
			            r->label.x, y, r->anchor, text.data);
		y += LINE_HIGH;
	}
	tf_buf_done(&text, b);
}

static void
draw_badge(struct tf_buf *b, const struct tf_travel *t, size_t step, double x, double y)
{
	bool server = t->step[step].end != 0;
	struct tf_buf text;

	tf_buf_init(&text, -1);
	tf_put_u64(&text, step + 1);
	tf_put_char(&text, '\0');
	tf_svg_circle(b,
	              t->step[step].bad ? (server ? "badge server red" : "badge client red")
	                                : (server ? "badge server" : "badge client"),
	              x, y, BADGE);
	if (text.error == 0)
		tf_svg_text(b, server ? "step server" : "step client", x, y + 4, TF_ANCHOR_MIDDLE, text.data);
	tf_buf_done(&text, b);
}

/* The numbers of the steps along EDGE, in a row. */
static void
draw_badges(struct tf_buf *b, const struct tf_travel *t, size_t edge, const struct tf_route *r, double y)
{
	size_t mine[MOST_BADGES], count = 0;
	double x = r->label.x, wide;

	for (size_t i = 0; i < t->step_count && count < MOST_BADGES; i++) {
		if (t->step[i].edge == edge)
			mine[count++] = i;
	}
	wide = (double)count * 2 * BADGE + ((double)count - 1) * 3;
	if (r->anchor == TF_ANCHOR_END)
		x -= wide;
	if (r->anchor == TF_ANCHOR_MIDDLE)
		x -= wide / 2;
	for (size_t i = 0; i < count; i++)
		draw_badge(b, t, mine[i], x + BADGE + (double)i * (2 * BADGE + 3), y - 2);
}

/* What leads along the edge, then who went. */
static void
draw_label(struct tf_buf *b, const struct tf_edge *e, const struct tf_travel *t, size_t edge,
           const struct tf_route *r)
{
	double y = r->label.y;
	struct tf_buf line;

	tf_buf_init(&line, -1);
	for (size_t i = 0; i < TF_EDGE_WORDS && e->words[i] != NULL; i++) {
		tf_put_str(&line, e->words[i]);
		if (e->aborts && i % 2 == 0 && i + 1 < TF_EDGE_WORDS && e->words[i + 1] != NULL) {
			tf_put_lit(&line, ", ");
			continue;
		}
		tf_put_char(&line, '\0');
		if (line.error == 0)
			tf_svg_text(b, "words", r->label.x, y, r->anchor, line.data);
		line.len = 0;
		y += LINE_HIGH;
	}
	tf_buf_done(&line, b);
	if (!travelled(t, edge))
		return;
	if (t->numbered)
		draw_badges(b, t, edge, r, y + 5);
	else
		draw_counts(b, t, edge, r, y);
}

static void
draw_lines(struct tf_buf *b, const struct tf_travel *t, size_t edge, const struct tf_route *r)
{
	static const char *const class[2][2] = {{"edge client", "edge client red"},
	                                        {"edge server", "edge server red"}};

	if (!travelled(t, edge)) {
		tf_svg_curve(b, "edge pale", &r->curve);
		return;
	}
	for (unsigned end = 0; end < 2; end++) {
		bool alone = t->count[edge][!end] == 0;
		struct tf_curve c = tf_curve_aside(&r->curve, alone ? 0 : end == 0 ? -ASIDE : ASIDE);

		if (t->count[edge][end] > 0)
			tf_svg_curve(b, class[end][t->bad[edge][end] > 0], &c);
	}
}

static void
put_edge_title(struct tf_buf *b, const struct tf_edge *e)
{
	struct tf_buf text;

	tf_buf_init(&text, -1);
	tf_put_str(&text, tf_state_name(e->from));
	tf_put_lit(&text, " to ");
	tf_put_str(&text, tf_state_name(e->to));
	tf_put_char(&text, '\0');
	if (text.error == 0)
		tf_svg_title(b, text.data);
	tf_buf_done(&text, b);
}

static void
draw_stub(struct tf_buf *b, const struct tf_route *r, bool used)
{
	struct tf_point at = r->curve.to;
	double x = r->curve.to.x > r->curve.from.x ? at.x : at.x - STUB_WIDE;

	tf_svg_rect(b, used ? "stub used" : "stub", x, at.y - STUB_HIGH / 2.0, STUB_WIDE, STUB_HIGH, 4);
	tf_svg_text(b, used ? "stub-name used" : "stub-name", x + STUB_WIDE / 2.0, at.y + 4, TF_ANCHOR_MIDDLE,
	            "CLOSED");
}

static void
draw_edge(struct tf_buf *b, const struct tf_edge *e, const struct tf_travel *t, size_t edge)
{
	struct tf_route r = tf_edge_route(e);

	tf_svg_group(b, travelled(t, edge) ? "way" : t != NULL ? "way unused" : "way plain");
	put_edge_title(b, e);
	if (r.stub)
		draw_stub(b, &r, travelled(t, edge));
	draw_lines(b, t, edge, &r);
	draw_label(b, e, t, edge, &r);
	tf_svg_group_end(b);
}

/* Does the edge end at the second box of CLOSED? */
static bool
ends_last(const struct tf_edge *e)
{
	return e->to == TF_CLOSED && tf_edge_has_route(e) && !tf_edge_route(e).stub;
}

/* Does the edge end at the state's own box?  A CLOSED of its own, and the second one, are others. */
static bool
ends_at(const struct tf_edge *e, enum tf_state s)
{
	return e->to == s && !ends_last(e) && !tf_edge_route(e).stub;
}

/* Was the state, as this box of it stands for it, one of an end's of this capture? */
static bool
was_in(const struct tf_travel *t, enum tf_state s, bool last)
{
	size_t count;
	const struct tf_edge *e = tf_edges(&count);

	if (t == NULL)
		return true;
	for (size_t i = 0; i < count; i++) {
		if (travelled(t, i) && (last ? ends_last(&e[i]) : e[i].from == s || ends_at(&e[i], s)))
			return true;
	}
	return false;
}

static void
draw_box(struct tf_buf *b, enum tf_state s, struct tf_point at, bool used)
{
	tf_svg_rect(b, used ? "state used" : "state", at.x - TF_BOX_WIDE / 2.0, at.y - TF_BOX_HIGH / 2.0,
	            TF_BOX_WIDE, TF_BOX_HIGH, 8);
	tf_svg_text(b, used ? "name used" : "name", at.x, at.y + 5, TF_ANCHOR_MIDDLE, tf_state_name(s));
}

/* A listener opens without a segment: no rule, and no edge that anybody is seen to travel. */
static void
draw_passive_open(struct tf_buf *b)
{
	struct tf_point from = tf_state_place(TF_CLOSED), to = tf_state_place(TF_LISTEN);

	tf_svg_line(b, "edge pale unseen", from.x, from.y + TF_BOX_HIGH / 2.0, to.x,
	            to.y - TF_BOX_HIGH / 2.0);
	tf_svg_text(b, "words unseen", from.x + 10, (from.y + to.y) / 2 + 4, TF_ANCHOR_START,
	            "listen() (no segment shows it)");
}

static void
draw_legend(struct tf_buf *b, const struct tf_travel *t)
{
	double y = 26;

	tf_svg_text(b, "heading", 20, y, TF_ANCHOR_START, "TCP states, RFC 9293");
	if (t == NULL)
		return;
	tf_svg_line(b, "edge client", 20, y + 22, 70, y + 22);
	tf_svg_text(b, "words", 80, y + 26, TF_ANCHOR_START, "the client's steps");
	tf_svg_line(b, "edge server", 20, y + 42, 70, y + 42);
	tf_svg_text(b, "words", 80, y + 46, TF_ANCHOR_START, "the server's steps");
	tf_svg_line(b, "edge client red", 20, y + 62, 70, y + 62);
	tf_svg_text(b, "words", 80, y + 66, TF_ANCHOR_START, "red: the packet proves a finding");
}

/* Who is meant, and what was left out. */
static void
draw_foot(struct tf_buf *b, const struct tf_travel *t)
{
	struct tf_buf text;

	if (t == NULL)
		return;
	tf_buf_init(&text, -1);
	tf_put_lit(&text, "The steps of ");
	tf_put_plural(&text, t->connections, "connection", "connections");
	if (t->unsure > 0) {
		tf_put_lit(&text, "; ");
		tf_put_plural(&text, t->unsure, "step was", "steps were");
		tf_put_lit(&text, " counted without looking whether taken back");
	}
	if (t->others > 0) {
		tf_put_lit(&text, "; ");
		tf_put_plural(&text, t->others, "step is", "steps are");
		tf_put_lit(&text, " along no edge of the table");
	}
	if (t->numbered)
		tf_put_lit(&text, "; the numbers are the order of the steps");
	tf_put_char(&text, '\0');
	if (text.error == 0)
		tf_svg_text(b, "words", 20, TF_DIAGRAM_HIGH - 14, TF_ANCHOR_START, text.data);
	tf_buf_done(&text, b);
}

void
tf_diagram_svg(struct tf_buf *b, const struct tf_travel *t, bool inside_page)
{
	static const char title[] = "TCP state diagram";
	const char *what =
	    t != NULL ? "The states of RFC 9293 and the steps between them that this capture's ends took."
	              : "The states of RFC 9293 and the steps between them.";
	size_t count;
	const struct tf_edge *e = tf_edges(&count);

	if (inside_page)
		tf_svg_begin_inline(b, TF_DIAGRAM_WIDE, TF_DIAGRAM_HIGH, title, what);
	else
		tf_svg_begin_file(b, TF_DIAGRAM_WIDE, TF_DIAGRAM_HIGH, title, what);
	draw_legend(b, t);
	draw_passive_open(b);
	for (size_t i = 0; i < count; i++)
		draw_edge(b, &e[i], t, i);
	for (unsigned s = 0; s < TF_STATE_COUNT; s++)
		draw_box(b, (enum tf_state)s, tf_state_place((enum tf_state)s),
		         was_in(t, (enum tf_state)s, false));
	draw_box(b, TF_CLOSED, tf_last_closed_place(), was_in(t, TF_CLOSED, true));
	draw_foot(b, t);
	tf_svg_end(b);
}
