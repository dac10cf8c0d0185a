/*
 * The time-sequence picture: both ends as lines that run down, segments as
 * arrows between them, each end's state beside its line where it changes,
 * as the figures of RFC 9293 sections 3.5 and 3.6 show it.
 *
 *   +0.000000      1     SYN-SENT |-- SYN seq=0 len=0 ------------------->|
 *   +0.000200      2              |<- SYN,ACK seq=0 ack=1 len=0 ----------| SYN-RECEIVED
 *
 * What it draws is kept by ladder.c.
 */
#include "ladder.h"
#include "lines.h"
#include "style.h"

#define TIME_WIDE   11 /* columns: "+12.345678" and a blank */
#define PACKET_WIDE 6
#define STATE_WIDE  13 /* "SYN-RECEIVED" and a mark */
#define LEAST_SPAN  32 /* of a terminal of 80 columns */

struct ladder {
	struct tf_ladder kept;
	bool drawn; /* a picture was made */
};

/* A picture at work. */
struct drawing {
	struct tf_buf *out;
	const struct tf_output_options *options;
	bool marked_inferred, marked_retracted;
};

/* The columns between the two lines. */
static size_t
span(const struct drawing *d)
{
	size_t beside = TIME_WIDE + PACKET_WIDE + 1 + STATE_WIDE + 1 + 1 + 1 + 1 + STATE_WIDE;

	return d->options->width > beside + LEAST_SPAN ? d->options->width - beside : LEAST_SPAN;
}

static void
put_glyph(struct tf_buf *b, const struct drawing *d, const char *ascii, const char *utf8, size_t count)
{
	while (count-- > 0)
		tf_put_str(b, d->options->utf8 ? utf8 : ascii);
}

#define PUT_LIFE(b, d)    put_glyph((b), (d), "|", "\xe2\x94\x82", 1)
#define PUT_DASH(b, d, n) put_glyph((b), (d), "-", "\xe2\x94\x80", (n))
#define PUT_RIGHT(b, d)   put_glyph((b), (d), ">", "\xe2\x96\xb6", 1)
#define PUT_LEFT(b, d)    put_glyph((b), (d), "<", "\xe2\x97\x80", 1)
#define PUT_REFUSED(b, d) put_glyph((b), (d), "x", "\xe2\x95\xb3", 1)

/* Time and packet, or the blanks in their place. */
static void
put_when(struct drawing *d, int64_t since_ns, uint64_t packet)
{
	struct tf_buf *b = d->out, time;

	tf_buf_init(&time, -1);
	if (since_ns >= 0)
		tf_put_char(&time, '+');
	tf_put_seconds_fixed(&time, since_ns, 6);
	tf_put_char(&time, '\0');
	if (time.error == 0)
		tf_put_padded(b, time.data, TIME_WIDE);
	tf_buf_done(&time, d->out);
	if (packet > 0)
		tf_put_u64_right(b, packet, PACKET_WIDE);
	else
		tf_put_fill(b, ' ', PACKET_WIDE);
	tf_put_char(b, ' ');
}

static void
put_no_time(struct drawing *d)
{
	tf_put_fill(d->out, ' ', TIME_WIDE + PACKET_WIDE + 1);
}

/* The state that T leads to, with a mark where it is not as sure as it looks; NULL is nothing. */
static void
put_side(struct drawing *d, const struct tf_rung *t, bool left)
{
	struct tf_buf *b = d->out;
	size_t wide;

	if (t == NULL) {
		tf_put_fill(b, ' ', left ? STATE_WIDE : 0);
		return;
	}
	wide = strlen(tf_state_name(t->to)) + (t->basis == TF_INFERRED || t->basis == TF_RETRACTED);
	if (left)
		tf_put_fill(b, ' ', STATE_WIDE - wide);
	tf_put_state(b, d->options, t->to);
	if (t->basis == TF_INFERRED)
		tf_put_char(b, '?');
	if (t->basis == TF_RETRACTED)
		tf_put_char(b, '!');
	d->marked_inferred = d->marked_inferred || t->basis == TF_INFERRED;
	d->marked_retracted = d->marked_retracted || t->basis == TF_RETRACTED;
}

/* TEXT between the two lines, the states at their sides; TEXT is empty afterwards. */
static void
put_between(struct drawing *d, struct tf_buf *text, const struct tf_rung *client,
            const struct tf_rung *server)
{
	size_t wide = text->len < span(d) ? text->len : span(d);
	struct tf_buf *b = d->out;

	put_side(d, client, true);
	tf_put_char(b, ' ');
	PUT_LIFE(b, d);
	if (wide > 0)
		tf_put(b, text->data, wide);
	tf_put_fill(b, ' ', span(d) - wide);
	PUT_LIFE(b, d);
	if (server != NULL)
		tf_put_char(b, ' ');
	put_side(d, server, false);
	tf_put_char(b, '\n');
	text->len = 0;
}

/* What stands on the arrow into LABEL: as many whole words as there is room for; the others into REST. */
static void
make_label(struct tf_buf *label, struct tf_buf *rest, const struct tf_rung *r, size_t room)
{
	size_t cut = room;

	tf_put_rung_segment(label, r);
	if (label->error == 0 && label->len > room) {
		while (cut > 0 && label->data[cut] != ' ')
			cut--;
		tf_put(rest, label->data + cut, label->len - cut);
		label->len = cut;
	}
	if (tf_rung_shown_marks(r) == 0)
		return;
	tf_put_char(rest, ' ');
	tf_put_rung_marks(rest, r);
	if (label->len + rest->len <= room && rest->error == 0) {
		tf_put(label, rest->data, rest->len);
		rest->len = 0;
	}
}

/* REST is what the arrow is too short for. */
static void
put_arrow(struct drawing *d, struct tf_buf *rest, const struct tf_rung *r)
{
	size_t room = span(d) - 4, dashes, first;
	bool right = r->end != TF_SERVER, refused = (r->marks & TF_MARK_UNACCEPTABLE) != 0;
	struct tf_buf *b = d->out, label;

	tf_buf_init(&label, -1);
	make_label(&label, rest, r, room);
	dashes = room - label.len + 1;
	first = dashes == 1 ? (size_t)right : (size_t)right + 1;
	if (!right && refused)
		PUT_REFUSED(b, d);
	else if (!right)
		PUT_LEFT(b, d);
	PUT_DASH(b, d, first);
	tf_put_char(b, ' ');
	if (label.len > 0)
		tf_put(b, label.data, label.len);
	tf_put_char(b, ' ');
	PUT_DASH(b, d, dashes - first);
	if (right && refused)
		PUT_REFUSED(b, d);
	else if (right)
		PUT_RIGHT(b, d);
	tf_buf_done(&label, d->out);
}

/* WORDS between the two lines, in as many rows as they take, each with SIGN before it; WORDS is empty afterwards. */
static void
put_words(struct drawing *d, struct tf_buf *words, const char *sign)
{
	struct tf_buf lines, text;

	tf_buf_init(&lines, -1);
	tf_buf_init(&text, -1);
	tf_put_wrapped_buf(&lines, words, 0, 0, span(d) - 2 - strlen(sign));
	tf_put_char(&lines, '\0');
	for (char *line = lines.data, *end; lines.error == 0 && line != NULL; line = end) {
		end = strchr(line, '\n');
		if (end != NULL)
			*end++ = '\0';
		tf_put_char(&text, ' ');
		tf_put_str(&text, sign);
		tf_put_str(&text, line);
		put_no_time(d);
		put_between(d, &text, NULL, NULL);
	}
	tf_buf_done(&text, d->out);
	tf_buf_done(&lines, d->out);
}

static void
put_segment(struct drawing *d, const struct tf_pending *p, const struct tf_rung *r,
            const struct tf_rung *client, const struct tf_rung *server)
{
	struct tf_buf *b = d->out, words;

	tf_buf_init(&words, -1);
	if ((r->marks & TF_MARK_GAP) != 0) {
		tf_put_lit(&words, "... something before this has not passed ...");
		put_words(d, &words, "");
	}
	put_when(d, r->ts_ns - p->start_ns, r->packet);
	put_side(d, client, true);
	tf_put_char(b, ' ');
	PUT_LIFE(b, d);
	put_arrow(d, &words, r);
	PUT_LIFE(b, d);
	if (server != NULL)
		tf_put_char(b, ' ');
	put_side(d, server, false);
	tf_put_char(b, '\n');
	if (words.len > 0)
		put_words(d, &words, "");
	tf_buf_done(&words, d->out);
}

/* A state that no segment of the picture moved here: a timer, or a second step on the same segment. */
static void
put_transition(struct drawing *d, const struct tf_pending *p, const struct tf_rung *r)
{
	struct tf_buf text;

	tf_buf_init(&text, -1);
	if (r->basis == TF_TIMER_RAN)
		tf_put_lit(&text, " (a timer ran out)");
	if (r->packet == 0)
		put_when(d, r->ts_ns - p->start_ns, 0);
	else
		put_no_time(d);
	put_between(d, &text, r->end == TF_SERVER ? NULL : r, r->end == TF_SERVER ? r : NULL);
	tf_buf_done(&text, d->out);
}

static void
put_fold(struct drawing *d, const struct tf_rung *r)
{
	struct tf_buf words;

	tf_buf_init(&words, -1);
	tf_put_lit(&words, "... ");
	tf_put_plural(&words, r->count, "more segment ...", "more segments ...");
	put_words(d, &words, "");
	tf_buf_done(&words, d->out);
}

/* A finding stands between the lines, right below what made it sure. */
static void
put_finding(struct drawing *d, const struct tf_rung *r)
{
	struct tf_buf words;

	tf_buf_init(&words, -1);
	tf_put_rung_finding(&words, r);
	put_words(d, &words, "! ");
	tf_buf_done(&words, d->out);
}

/* A segment, and on its row the first change of each end that it made; returns the next rung. */
static size_t
draw_segment(struct drawing *d, const struct tf_pending *p, size_t i)
{
	struct tf_rung segment = tf_ladder_rung(p, i++), side[2];
	const struct tf_rung *client = NULL, *server = NULL;

	for (; i < tf_ladder_count(p); i++) {
		struct tf_rung t = tf_ladder_rung(p, i);
		const struct tf_rung **mine = t.end == TF_SERVER ? &server : &client;

		if (t.kind != TF_RUNG_TRANSITION || t.packet != segment.packet || *mine != NULL)
			break;
		side[t.end == TF_SERVER] = t;
		*mine = &side[t.end == TF_SERVER];
	}
	put_segment(d, p, &segment, client, server);
	return i;
}

static void
draw_rungs(struct drawing *d, const struct tf_pending *p)
{
	for (size_t i = 0; i < tf_ladder_count(p);) {
		struct tf_rung r = tf_ladder_rung(p, i);

		if (r.kind == TF_RUNG_SEGMENT) {
			i = draw_segment(d, p, i);
			continue;
		}
		if (r.kind == TF_RUNG_FOLD)
			put_fold(d, &r);
		else if (r.kind == TF_RUNG_TRANSITION)
			put_transition(d, p, &r);
		else
			put_finding(d, &r);
		i++;
	}
}

/* "client" and "server" above their lines. */
static void
put_ends(struct drawing *d, const struct tf_connection_record *r)
{
	struct tf_buf *b = d->out, words;
	size_t at;

	tf_buf_init(&words, -1);
	tf_put_char(&words, '#');
	tf_put_u64(&words, r->conn);
	at = words.len + 2;
	tf_color_on(b, d->options, TF_COLOR_BOLD);
	tf_put_wrapped_buf(b, &words, 0, 0, d->options->width);
	tf_color_off(b, d->options);
	tf_put_lit(b, "  ");
	tf_put_lit(&words, "client ");
	tf_put_end(&words, d->options, &r->end[TF_CLIENT].addr, r->end[TF_CLIENT].port);
	tf_put_lit(&words, ", server ");
	tf_put_end(&words, d->options, &r->end[TF_SERVER].addr, r->end[TF_SERVER].port);
	tf_put_lit(&words, ", from ");
	tf_put_utc(&words, r->first_ts_ns, 6);
	tf_put_lit(&words, " UTC");
	tf_put_wrapped_buf(b, &words, at, at, d->options->width);
	tf_buf_done(&words, d->out);
	tf_put_lit(b, "\n\n");
	tf_put_padded(b, "time", TIME_WIDE);
	tf_put_lit(b, "packet ");
	tf_put_fill(b, ' ', STATE_WIDE - (sizeof "client" - 1));
	tf_put_lit(b, "client");
	tf_put_fill(b, ' ', span(d) + 4);
	tf_put_lit(b, "server\n");
}

/* The states in which both ends begin, where the opening was seen. */
static void
put_first_states(struct drawing *d, const struct tf_connection_record *r)
{
	struct tf_rung first[2] = {{.basis = TF_OBSERVED}, {.basis = TF_OBSERVED}};
	const struct tf_rung *side[2] = {NULL, NULL};
	struct tf_buf nothing;

	for (unsigned e = 0; e < 2; e++) {
		if (r->end[e].history_count == 0)
			continue;
		first[e].to = r->end[e].history[0];
		side[e] = &first[e];
	}
	tf_buf_init(&nothing, -1);
	put_no_time(d);
	put_between(d, &nothing, side[TF_CLIENT], side[TF_SERVER]);
	tf_buf_done(&nothing, d->out);
}

static void
put_legend(struct drawing *d, const struct tf_pending *p)
{

	if (d->marked_inferred)
		tf_put_lit(
		    d->out,
		    "A state with ? is inferred: the capture does not show the segment that led to it.\n");
	if (d->marked_retracted)
		tf_put_lit(
		    d->out,
		    "A state with ! is a way back: an earlier change turned out not to have happened.\n");
	if (p->lost_lines > 0) {
		tf_put_plural(d->out, p->lost_lines, "event", "events");
		tf_put_lit(d->out, " found no room in the picture.\n");
	}
}

void
tf_ladder_put_text(struct tf_buf *b, const struct tf_output_options *options, const struct tf_pending *p)
{
	struct drawing d = {.out = b, .options = options};

	draw_rungs(&d, p);
	put_legend(&d, p);
}

/* ---- the writer ------------------------------------------------------------------------- */

static void
draw(struct tf_output *o, const struct tf_connection_record *r, const struct tf_pending *p)
{
	struct drawing d = {.out = &o->out, .options = &o->options};
	struct ladder *l = o->state;

	if (l->drawn)
		tf_put_char(&o->out, '\n');
	l->drawn = true;
	put_ends(&d, r);
	put_first_states(&d, r);
	draw_rungs(&d, p);
	put_legend(&d, p);
}

static void
on_record(struct tf_output *o, const struct tf_connection_record *r)
{
	struct ladder *l = o->state;
	struct tf_pending *p = tf_pending_find(&l->kept.pending, r->conn);

	if (!tf_pending_set_come(&l->kept.pending, r->conn))
		tf_output_no_memory(o);
	if (p == NULL)
		return;
	if (tf_filter_record(&o->options.filter, r))
		draw(o, r, p);
	tf_pending_drop(&l->kept.pending, p);
}

static void
event(struct tf_output *o, const struct tf_event *e)
{
	struct ladder *l = o->state;

	if (!tf_ladder_chosen(&o->options, tf_event_conn(e)))
		return;
	if (e->kind == TF_EV_CONNECTION)
		on_record(o, e->connection);
	else if (!tf_ladder_keep(&l->kept, e))
		tf_output_no_memory(o);
}

static void
finish(struct tf_output *o, const struct tf_summary *s)
{
	const struct ladder *l = o->state;
	struct tf_buf *b = &o->out;

	if (l->drawn)
		return;
	if (o->options.ladder_conn != 0 && o->options.ladder_conn > s->connections) {
		tf_put_lit(b, "There is no connection ");
		tf_put_u64(b, o->options.ladder_conn);
		tf_put_lit(b, ": the capture has ");
		tf_put_plural(b, s->connections, "connection.\n", "connections.\n");
	} else {
		tf_put_lit(b, "No connection to draw.\n");
	}
}

static void
release(struct tf_output *o)
{
	struct ladder *l = o->state;

	tf_pending_fini(&l->kept.pending);
}

static unsigned
wanted(const struct tf_output_options *options)
{
	(void)options;
	return TF_EV_SEGMENT | TF_EV_TRANSITION | TF_EV_FINDING | TF_EV_CONNECTION;
}

const struct tf_writer tf_ladder_writer = {
    .format = {"ladder", "the time-sequence picture of connections"},
    .state_size = sizeof(struct ladder),
    .wanted = wanted,
    .event = event,
    .finish = finish,
    .free = release,
};
