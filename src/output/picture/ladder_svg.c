/*
 * The time-sequence picture as SVG: time runs down, each segment is an
 * arrow that slants by the delay of its path, both ends' states are bars at
 * the sides, findings stand below the segment that made them sure.
 *
 * What it draws is kept by ladder.c.  Rows stand one below the other, not
 * to scale: the times are written beside them.
 */
#include <math.h>

#include "output/picture/ladder_svg.h"
#include "output/picture/ladder_time.h"
#include "output/picture/svg.h"
#include "output/style.h"

#define TIME_X     96  /* where times end */
#define PACKET_X   140 /* where packet numbers end */
#define LEFT_X     300 /* the client's line */
#define RIGHT_X    800 /* the server's */
#define BAR_WIDE   14
#define ROW        32 /* of a segment */
#define SMALL_ROW  20 /* of words */
#define NAME_HIGH  13 /* of a state's name */
#define TEXT_ROW   15 /* of a finding's line */
#define MOST_SLANT 11 /* pixels, on each side of the tap */
#define NOTE_WORDS 68 /* columns of a finding's line */
#define LONG_GAP   INT64_C(1000000000)
#define PI         3.14159265358979323846

/* A state's bar that has begun. */
struct section {
	double from_y;
	double name_y; /* of the last name beside the bar */
	enum tf_state state;
	bool unsure;          /* only presumed */
	enum tf_state before; /* what it may still be instead */
};

/* One picture at work. */
struct drawing {
	struct tf_buf *b;
	const struct tf_pending *p;
	struct tf_delays delays;
	struct section section[2];
	double *y;
	int64_t last_ns; /* time of the row before */
};

static double
end_x(unsigned end)
{
	return end == TF_CLIENT ? LEFT_X : RIGHT_X;
}

/* TEXT as an element; it is empty afterwards. */
static void
put_text(struct tf_buf *b, const char *class, double x, double y, enum tf_anchor anchor, struct tf_buf *text)
{
	tf_put_char(text, '\0');
	if (text->error == 0)
		tf_svg_text(b, class, x, y, anchor, text->data);
	text->len = 0;
}

/* ---- states --------------------------------------------------------------------------------- */

static void
draw_section(struct drawing *d, unsigned end, double to_y)
{
	const struct section *s = &d->section[end];
	double x = end == TF_CLIENT ? LEFT_X - BAR_WIDE : RIGHT_X;
	char class[16] = "bar s";
	size_t n = strlen(class);

	if (to_y <= s->from_y)
		return;
	if (s->state >= 10)
		class[n++] = '1';
	class[n++] = (char)('0' + s->state % 10);
	class[n] = '\0';
	tf_svg_rect(d->b, class, x, s->from_y, BAR_WIDE, to_y - s->from_y, 0);
	if (s->unsure)
		tf_svg_rect(d->b, "hatched", x, s->from_y, BAR_WIDE, to_y - s->from_y, 0);
}

/* Names stand apart, even where states follow closely. */
static void
name_state(struct drawing *d, unsigned end, double y, enum tf_state s, const char *mark)
{
	struct tf_buf text;

	if (y < d->section[end].name_y + NAME_HIGH)
		y = d->section[end].name_y + NAME_HIGH;
	d->section[end].name_y = y;
	tf_buf_init(&text, -1);
	tf_put_str(&text, tf_state_name(s));
	tf_put_str(&text, mark);
	put_text(d->b, "name used state-name",
	         end == TF_CLIENT ? LEFT_X - BAR_WIDE - 8 : RIGHT_X + BAR_WIDE + 8, y + 5,
	         end == TF_CLIENT ? TF_ANCHOR_END : TF_ANCHOR_START, &text);
	tf_buf_done(&text, d->b);
}

/* From Y on END is where R leads. */
static void
change_state(struct drawing *d, const struct tf_rung *r, double y)
{
	unsigned end = r->end == TF_SERVER;
	bool hearsay = r->basis == TF_PRESUMED || r->basis == TF_TIMER_RAN;

	draw_section(d, end, y);
	d->section[end] = (struct section){
	    .from_y = y,
	    .name_y = d->section[end].name_y,
	    .state = (enum tf_state)r->to,
	    .before = (enum tf_state)r->from,
	    .unsure = hearsay && (r->basis == TF_TIMER_RAN || (r->possible & TF_STATES(r->from)) != 0),
	};
	name_state(d, end, y, (enum tf_state)r->to,
	           r->basis == TF_INFERRED    ? "?"
	           : r->basis == TF_RETRACTED ? "!"
	                                      : "");
}

/* The set changed: what was presumed may be proven now. */
static void
settle_state(struct drawing *d, const struct tf_rung *r, double y)
{
	unsigned end = r->end == TF_SERVER;
	struct section *s = &d->section[end];

	if (!s->unsure || (r->possible & TF_STATES(s->before)) != 0)
		return;
	draw_section(d, end, y);
	s->from_y = y;
	s->unsure = false;
}

/* ---- rows ----------------------------------------------------------------------------------- */

static void
put_when(struct drawing *d, const struct tf_rung *r, double y)
{
	struct tf_buf text;
	int64_t since = r->ts_ns - d->p->start_ns;

	tf_buf_init(&text, -1);
	if (since >= 0)
		tf_put_char(&text, '+');
	tf_put_seconds_fixed(&text, since, 6);
	put_text(d->b, "when", TIME_X, y + 4, TF_ANCHOR_END, &text);
	if (r->packet > 0) {
		tf_put_u64(&text, r->packet);
		put_text(d->b, "when packet", PACKET_X, y + 4, TF_ANCHOR_END, &text);
	}
	tf_buf_done(&text, d->b);
}

static void
put_words(struct drawing *d, const char *words)
{
	tf_svg_text(d->b, "aside", (LEFT_X + RIGHT_X) / 2.0, *d->y + 13, TF_ANCHOR_MIDDLE, words);
	*d->y += SMALL_ROW;
}

/* Say how long nothing happened, where that is long. */
static void
put_gap(struct drawing *d, const struct tf_rung *r)
{
	int64_t gap = r->ts_ns - d->last_ns;
	struct tf_buf text;

	d->last_ns = r->ts_ns > d->last_ns ? r->ts_ns : d->last_ns;
	if (gap < LONG_GAP)
		return;
	tf_buf_init(&text, -1);
	tf_put_duration(&text, gap);
	tf_put_lit(&text, " later");
	tf_put_char(&text, '\0');
	if (text.error == 0)
		put_words(d, text.data);
	tf_buf_done(&text, d->b);
}

/* The pixels by which an arrow is off the row of its time at END, where GAP_NS passes until the row beside. */
static double
slant(const struct drawing *d, unsigned end, int64_t gap_ns)
{
	double pixels;

	if (!d->delays.known || d->delays.ns[end] == 0)
		return 0;
	if (gap_ns <= 0)
		return MOST_SLANT;
	pixels = (double)d->delays.ns[end] / (double)gap_ns * ROW;
	return pixels < MOST_SLANT ? pixels : MOST_SLANT;
}

/* Nanoseconds from the rung at I to the next one that has another time; 0: there is none. */
static int64_t
gap_after(const struct tf_pending *p, size_t i)
{
	int64_t ts = tf_ladder_rung(p, i).ts_ns;

	for (size_t k = i + 1; k < tf_ladder_count(p); k++) {
		struct tf_rung r = tf_ladder_rung(p, k);

		if (r.ts_ns != ts && (r.kind == TF_RUNG_SEGMENT || r.kind == TF_RUNG_FOLD))
			return r.ts_ns - ts;
	}
	return INT64_MAX;
}

static const char *
arrow_class(const struct tf_rung *r)
{
	bool client = r->end != TF_SERVER;

	if ((r->marks & TF_MARK_DUPLICATE_FRAME) != 0)
		return "edge pale solid";
	if ((r->marks & TF_MARK_UNACCEPTABLE) != 0 || (r->flags & TF_RST) != 0)
		return client ? "edge client red solid" : "edge server red solid";
	return client ? "edge client solid" : "edge server solid";
}

/* A copy that the capture made was sent by nobody. */
static const char *
words_class(const struct tf_rung *r)
{
	if ((r->marks & TF_MARK_DUPLICATE_FRAME) != 0)
		return "on-arrow copy";
	return tf_rung_shown_marks(r) != 0 ? "on-arrow marked" : "on-arrow";
}

static void
draw_arrow(struct drawing *d, const struct tf_rung *r, double from_y, double to_y)
{
	unsigned end = r->end == TF_SERVER;
	double x1 = end_x(end), x2 = end_x(!end), angle = atan2(to_y - from_y, x2 - x1) * 180 / PI;
	struct tf_buf text;

	tf_svg_line(d->b, arrow_class(r), x1, from_y, x2 + (x2 > x1 ? -1 : 1), to_y);
	tf_buf_init(&text, -1);
	tf_put_rung_segment(&text, r);
	if (tf_rung_shown_marks(r) != 0) {
		tf_put_char(&text, ' ');
		tf_put_rung_marks(&text, r);
	}
	tf_put_char(&text, '\0');
	if (angle > 90)
		angle -= 180;
	if (angle < -90)
		angle += 180;
	if (text.error == 0)
		tf_svg_text_turned(d->b, words_class(r), (x1 + x2) / 2, (from_y + to_y) / 2 - 5, angle,
		                   text.data);
	tf_buf_done(&text, d->b);
}

/* The changes that stand behind the segment at I and belong to its row; returns the next rung. */
static size_t
take_changes(struct drawing *d, size_t i, double y[2])
{
	struct tf_rung segment = tf_ladder_rung(d->p, i++);
	bool changed[2] = {false, false};

	for (; i < tf_ladder_count(d->p); i++) {
		struct tf_rung r = tf_ladder_rung(d->p, i);
		unsigned end = r.end == TF_SERVER;

		if (r.packet != segment.packet)
			break;
		if (r.kind == TF_RUNG_POSSIBLE)
			settle_state(d, &r, y[end]);
		else if (r.kind == TF_RUNG_TRANSITION && !changed[end])
			change_state(d, &r, y[end]);
		else
			break;
		changed[end] = changed[end] || r.kind == TF_RUNG_TRANSITION;
	}
	return i;
}

static size_t
draw_segment(struct drawing *d, size_t i)
{
	struct tf_rung r = tf_ladder_rung(d->p, i);
	unsigned from = r.end == TF_SERVER;
	int64_t before = r.ts_ns - d->last_ns;
	double at[2], y;

	put_gap(d, &r);
	if ((r.marks & TF_MARK_GAP) != 0)
		put_words(d, "something before this has not passed");
	y = *d->y + ROW / 2.0;
	at[from] = y - slant(d, from, before > 0 ? before : INT64_MAX);
	at[!from] = y + slant(d, !from, gap_after(d->p, i));
	put_when(d, &r, y);
	draw_arrow(d, &r, at[from], at[!from]);
	*d->y += ROW;
	return take_changes(d, i, at);
}

/* A change that no segment of the picture made on its row. */
static void
draw_change(struct drawing *d, const struct tf_rung *r)
{
	double y;

	if (r->packet == 0)
		put_gap(d, r);
	y = *d->y + SMALL_ROW / 2.0;
	if (r->packet == 0)
		put_when(d, r, y);
	change_state(d, r, y);
	if (r->basis == TF_TIMER_RAN)
		put_words(d, "a timer of the host ran out (assumed)");
	else
		*d->y += SMALL_ROW;
}

static void
draw_fold(struct drawing *d, const struct tf_rung *r)
{
	struct tf_buf text;

	tf_buf_init(&text, -1);
	tf_put_plural(&text, r->count, "more segment", "more segments");
	tf_put_lit(&text, " of data and ACKs");
	tf_put_char(&text, '\0');
	tf_svg_line(d->b, "folded", (LEFT_X + RIGHT_X) / 2.0, *d->y + 2, (LEFT_X + RIGHT_X) / 2.0, *d->y + 6);
	*d->y += 6;
	if (text.error == 0)
		put_words(d, text.data);
	tf_buf_done(&text, d->b);
	d->last_ns = r->ts_ns;
}

/* A box between the lines, as high as its words need. */
static void
draw_finding(struct drawing *d, const struct tf_rung *r)
{
	static const char *const class[TF_SEVERITY_COUNT] = {"note info", "note notice", "note warning",
	                                                     "note error"};
	struct tf_buf words, lines;
	double rows = 1, y;

	put_gap(d, r);
	y = *d->y + 4;
	tf_buf_init(&words, -1);
	tf_buf_init(&lines, -1);
	tf_put_rung_finding(&words, r);
	tf_put_wrapped_buf(&lines, &words, 0, 0, NOTE_WORDS);
	tf_put_char(&lines, '\0');
	if (lines.error == 0) {
		for (const char *p = lines.data; (p = strchr(p, '\n')) != NULL; p++)
			rows++;
		tf_svg_rect(d->b, class[r->severity], LEFT_X + 16, y, RIGHT_X - LEFT_X - 32,
		            rows * TEXT_ROW + 8, 4);
		for (char *line = lines.data, *end; line != NULL; line = end) {
			end = strchr(line, '\n');
			if (end != NULL)
				*end++ = '\0';
			y += TEXT_ROW;
			tf_svg_text(d->b, "noted", LEFT_X + 26, y + 1, TF_ANCHOR_START, line);
		}
	}
	*d->y += rows * TEXT_ROW + 16;
	tf_buf_done(&lines, d->b);
	tf_buf_done(&words, d->b);
}

static void
draw_rungs(struct drawing *d)
{
	for (size_t i = 0; i < tf_ladder_count(d->p);) {
		struct tf_rung r = tf_ladder_rung(d->p, i);

		if (r.kind == TF_RUNG_SEGMENT) {
			i = draw_segment(d, i);
			continue;
		}
		if (r.kind == TF_RUNG_FOLD)
			draw_fold(d, &r);
		else if (r.kind == TF_RUNG_TRANSITION)
			draw_change(d, &r);
		else if (r.kind == TF_RUNG_POSSIBLE)
			settle_state(d, &r, *d->y);
		else
			draw_finding(d, &r);
		i++;
	}
}

/* ---- head and foot of a picture ----------------------------------------------------------------- */

static void
draw_head(struct drawing *d, const struct tf_output_options *options, const struct tf_connection_record *r)
{
	struct tf_buf text;

	tf_buf_init(&text, -1);
	tf_put_lit(&text, "Connection ");
	tf_put_u64(&text, r->conn);
	tf_put_lit(&text, ", from ");
	tf_put_utc(&text, r->first_ts_ns, 6);
	tf_put_lit(&text, " UTC");
	put_text(d->b, "heading", 20, *d->y + 26, TF_ANCHOR_START, &text);
	for (unsigned end = 0; end < 2; end++) {
		double x = end == TF_CLIENT ? LEFT_X : RIGHT_X;

		tf_put_str(&text, end == TF_CLIENT ? "client " : "server ");
		tf_put_end(&text, options, &r->end[end].addr, r->end[end].port);
		put_text(d->b, end == TF_CLIENT ? "count client" : "count server", x, *d->y + 56,
		         TF_ANCHOR_MIDDLE, &text);
	}
	tf_svg_text(d->b, "when", TIME_X, *d->y + 56, TF_ANCHOR_END, "time");
	tf_svg_text(d->b, "when", PACKET_X, *d->y + 56, TF_ANCHOR_END, "packet");
	*d->y += 72;
	tf_buf_done(&text, d->b);
}

static void
draw_first_states(struct drawing *d, const struct tf_connection_record *r)
{
	for (unsigned end = 0; end < 2; end++) {
		enum tf_state first = r->end[end].state;

		if (r->end[end].history_count > 0)
			first = (enum tf_state)r->end[end].history[0];
		d->section[end] = (struct section){.from_y = *d->y, .state = first};
		name_state(d, end, *d->y + 4, first, "");
	}
	*d->y += 12;
}

/* What the slant means, and what found no room. */
static void
draw_foot(struct drawing *d)
{
	struct tf_buf text;

	tf_buf_init(&text, -1);
	if (d->delays.known) {
		tf_put_lit(&text,
		           "Arrows slant by the delay from the tap, estimated from the handshake: client ");
		tf_put_duration(&text, d->delays.ns[TF_CLIENT]);
		tf_put_lit(&text, ", server ");
		tf_put_duration(&text, d->delays.ns[TF_SERVER]);
	} else {
		tf_put_lit(&text, "Arrows are level: the handshake does not show the delay of the path");
	}
	tf_put_lit(&text, ". Rows are not to scale.");
	put_text(d->b, "words", 20, *d->y + 20, TF_ANCHOR_START, &text);
	tf_put_lit(&text,
	           "Hatched: presumed until the end's own segments prove it. ?: inferred. !: taken back.");
	if (d->p->lost_lines > 0) {
		tf_put_char(&text, ' ');
		tf_put_plural(&text, d->p->lost_lines, "event", "events");
		tf_put_lit(&text, " found no room.");
	}
	put_text(d->b, "words", 20, *d->y + 36, TF_ANCHOR_START, &text);
	*d->y += 56;
	tf_buf_done(&text, d->b);
}

double
tf_ladder_svg(struct tf_buf *b, double y, const struct tf_output_options *options,
              const struct tf_connection_record *r, const struct tf_pending *p)
{
	struct drawing d = {.b = b, .p = p, .delays = tf_ladder_delays(p), .y = &y, .last_ns = p->start_ns};
	double top;

	draw_head(&d, options, r);
	top = y;
	draw_first_states(&d, r);
	draw_rungs(&d);
	y += 6;
	for (unsigned end = 0; end < 2; end++) {
		draw_section(&d, end, y);
		tf_svg_line(b, "life", end_x(end), top, end_x(end), y);
	}
	draw_foot(&d);
	return y;
}
