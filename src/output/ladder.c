/*
 * The time-sequence picture: both ends as lines that run down, segments as
 * arrows between them, each end's state beside its line where it changes,
 * as the figures of RFC 9293 sections 3.5 and 3.6 show it.
 *
 *   +0.000000      1     SYN-SENT |-- SYN seq=0 len=0 ------------------->|
 *   +0.000200      2              |<- SYN,ACK seq=0 ack=1 len=0 ----------| SYN-RECEIVED
 *
 * What happens is kept as rungs until the connection's record comes.  A
 * long phase of plain data is folded while it is kept, so that a picture
 * stays short and memory small however long the connection lives.
 */
#include "lines.h"
#include "message.h"
#include "pending.h"
#include "style.h"

#define MOST_RUNGS  2000 /* of one connection */
#define RUN_FIRST   4    /* plain segments shown before a fold */
#define RUN_LAST    3    /* and after it */
#define RUN_LONGEST 12   /* rungs, then it is folded */
#define TIME_WIDE   11   /* columns: "+12.345678" and a blank */
#define PACKET_WIDE 6
#define STATE_WIDE  13 /* "SYN-RECEIVED" and a mark */
#define LEAST_SPAN  36

enum rung_kind { RUNG_SEGMENT, RUNG_FOLD, RUNG_TRANSITION, RUNG_FINDING };

struct rung {
	enum rung_kind kind;
	int64_t ts_ns;
	uint64_t packet;       /* a fold: how many segments */
	enum tf_endpoint end;  /* sender; whose state; whom the finding is about */
	unsigned flags, marks; /* of a segment */
	uint32_t rel_seq, rel_ack, len;
	enum tf_state to; /* of a transition */
	enum tf_basis basis;
	enum tf_anomaly id; /* of a finding */
	enum tf_severity severity;
};

struct ladder {
	struct tf_pending_table pending;
	bool drawn;                             /* a picture was made */
	bool marked_inferred, marked_retracted; /* in the picture at hand */
};

/* ---- keeping ---------------------------------------------------------------------------- */

static size_t
rung_count(const struct tf_pending *p)
{
	return p->lines.len / sizeof(struct rung);
}

static struct rung
rung_at(const struct tf_pending *p, size_t i)
{
	struct rung r;

	memcpy(&r, p->lines.data + i * sizeof r, sizeof r);
	return r;
}

static void
set_rung(struct tf_pending *p, size_t i, const struct rung *r)
{
	memcpy(p->lines.data + i * sizeof *r, r, sizeof *r);
}

static uint64_t
segments_of(const struct rung *r)
{
	return r->kind == RUNG_FOLD ? r->packet : 1;
}

/* Put the middle of the run at the end of P into one fold. */
static void
fold_run(struct tf_pending *p)
{
	size_t first = rung_count(p) - p->run + RUN_FIRST, last = rung_count(p) - RUN_LAST;
	struct rung fold = rung_at(p, first);
	uint64_t segments = 0;

	for (size_t i = first; i < last; i++) {
		struct rung r = rung_at(p, i);

		segments += segments_of(&r);
	}
	fold.kind = RUNG_FOLD;
	fold.packet = segments;
	set_rung(p, first, &fold);
	for (size_t i = 0; i < RUN_LAST; i++) {
		struct rung r = rung_at(p, last + i);

		set_rung(p, first + 1 + i, &r);
	}
	p->lines.len -= (last - first - 1) * sizeof fold;
	p->run = RUN_FIRST + 1 + RUN_LAST;
}

/* A segment that shows nothing but data and its ACKs. */
static bool
is_plain(const struct rung *r)
{
	return r->kind == RUNG_SEGMENT && r->marks == 0 && (r->flags & (TF_SYN | TF_FIN | TF_RST)) == 0;
}

static void
keep(struct tf_output *o, uint64_t conn, const struct rung *r)
{
	struct ladder *l = o->state;
	struct tf_pending *p;
	size_t before;

	if (tf_pending_has_come(&l->pending, conn))
		return;
	p = tf_pending_get(&l->pending, conn, r->ts_ns);
	if (p == NULL) {
		tf_output_no_memory(o);
		return;
	}
	before = p->lines.cap;
	if (rung_count(p) >= MOST_RUNGS || !tf_pending_room(&l->pending, before)) {
		p->lost_lines++;
		return;
	}
	tf_put(&p->lines, (const char *)r, sizeof *r);
	tf_pending_account(&l->pending, p, before);
	if (p->lines.error != 0) {
		tf_output_no_memory(o);
		return;
	}
	p->run = is_plain(r) ? p->run + 1 : 0;
	if (p->run >= RUN_LONGEST)
		fold_run(p);
}

/* ---- drawing ---------------------------------------------------------------------------- */

/* The columns between the two lines. */
static size_t
span(const struct tf_output *o)
{
	size_t beside = TIME_WIDE + PACKET_WIDE + 1 + STATE_WIDE + 1 + 1 + 1 + 1 + STATE_WIDE;

	return o->options.width > beside + LEAST_SPAN ? o->options.width - beside : LEAST_SPAN;
}

static void
put_glyph(struct tf_buf *b, const struct tf_output *o, const char *ascii, const char *utf8, size_t count)
{
	while (count-- > 0)
		tf_put_str(b, o->options.utf8 ? utf8 : ascii);
}

#define PUT_LIFE(b, o)    put_glyph((b), (o), "|", "\xe2\x94\x82", 1)
#define PUT_DASH(b, o, n) put_glyph((b), (o), "-", "\xe2\x94\x80", (n))
#define PUT_RIGHT(b, o)   put_glyph((b), (o), ">", "\xe2\x96\xb6", 1)
#define PUT_LEFT(b, o)    put_glyph((b), (o), "<", "\xe2\x97\x80", 1)
#define PUT_REFUSED(b, o) put_glyph((b), (o), "x", "\xe2\x95\xb3", 1)

/* Time and packet, or the blanks in their place. */
static void
put_when(struct tf_output *o, int64_t since_ns, uint64_t packet)
{
	struct tf_buf *b = &o->out, time;

	tf_buf_init(&time, -1);
	if (since_ns >= 0)
		tf_put_char(&time, '+');
	tf_put_seconds_fixed(&time, since_ns, 6);
	tf_put_char(&time, '\0');
	if (time.error == 0)
		tf_put_padded(b, time.data, TIME_WIDE);
	tf_buf_done(&time, &o->out);
	if (packet > 0)
		tf_put_u64_right(b, packet, PACKET_WIDE);
	else
		tf_put_fill(b, ' ', PACKET_WIDE);
	tf_put_char(b, ' ');
}

static void
put_no_time(struct tf_output *o)
{
	tf_put_fill(&o->out, ' ', TIME_WIDE + PACKET_WIDE + 1);
}

/* The state that T leads to, with a mark where it is not as sure as it looks; NULL is nothing. */
static void
put_side(struct tf_output *o, const struct rung *t, bool left)
{
	struct ladder *l = o->state;
	struct tf_buf *b = &o->out;
	size_t wide;

	if (t == NULL) {
		tf_put_fill(b, ' ', left ? STATE_WIDE : 0);
		return;
	}
	wide = strlen(tf_state_name(t->to)) + (t->basis == TF_INFERRED || t->basis == TF_RETRACTED);
	if (left)
		tf_put_fill(b, ' ', STATE_WIDE - wide);
	tf_put_state(b, &o->options, t->to);
	if (t->basis == TF_INFERRED)
		tf_put_char(b, '?');
	if (t->basis == TF_RETRACTED)
		tf_put_char(b, '!');
	l->marked_inferred = l->marked_inferred || t->basis == TF_INFERRED;
	l->marked_retracted = l->marked_retracted || t->basis == TF_RETRACTED;
}

/* TEXT between the two lines, the states at their sides; TEXT is empty afterwards. */
static void
put_between(struct tf_output *o, struct tf_buf *text, const struct rung *client, const struct rung *server)
{
	size_t wide = text->len < span(o) ? text->len : span(o);
	struct tf_buf *b = &o->out;

	put_side(o, client, true);
	tf_put_char(b, ' ');
	PUT_LIFE(b, o);
	if (wide > 0)
		tf_put(b, text->data, wide);
	tf_put_fill(b, ' ', span(o) - wide);
	PUT_LIFE(b, o);
	if (server != NULL)
		tf_put_char(b, ' ');
	put_side(o, server, false);
	tf_put_char(b, '\n');
	text->len = 0;
}

/* The marks of R but the gap, which has a row of its own. */
static unsigned
shown_marks(const struct rung *r)
{
	return r->marks & ~(unsigned)TF_MARK_GAP;
}

static void
put_marks(struct tf_buf *b, const struct rung *r)
{
	tf_put_char(b, '(');
	tf_put_marks(b, shown_marks(r));
	tf_put_char(b, ')');
}

/* What stands on the arrow; false where there is no room for the marks of R. */
static bool
make_label(struct tf_buf *label, const struct rung *r, size_t room)
{
	struct tf_segment s = {.flags = (uint16_t)r->flags, .len = r->len};
	struct tf_segment_event e = {.segment = &s, .rel_seq = r->rel_seq, .rel_ack = r->rel_ack};
	size_t facts;

	tf_put_segment_facts(label, &e);
	facts = label->len;
	if (shown_marks(r) != 0) {
		tf_put_char(label, ' ');
		put_marks(label, r);
	}
	if (label->len <= room)
		return true;
	label->len = facts < room ? facts : room;
	return shown_marks(r) == 0;
}

/* False where the arrow is too short for the marks of R. */
static bool
put_arrow(struct tf_output *o, const struct rung *r)
{
	size_t room = span(o) - 6, rest;
	bool right = r->end != TF_SERVER, refused = (r->marks & TF_MARK_UNACCEPTABLE) != 0;
	struct tf_buf *b = &o->out, label;
	bool complete;

	tf_buf_init(&label, -1);
	complete = make_label(&label, r, room);
	rest = room - label.len;
	if (right)
		PUT_DASH(b, o, 2);
	else if (refused)
		PUT_REFUSED(b, o);
	else
		PUT_LEFT(b, o);
	PUT_DASH(b, o, right ? 0 : 1);
	tf_put_char(b, ' ');
	if (label.len > 0)
		tf_put(b, label.data, label.len);
	tf_put_char(b, ' ');
	PUT_DASH(b, o, rest + (right ? 1 : 2));
	if (right && refused)
		PUT_REFUSED(b, o);
	else if (right)
		PUT_RIGHT(b, o);
	tf_buf_done(&label, &o->out);
	return complete;
}

/* "something before this has not passed" between the lines. */
static void
put_note(struct tf_output *o, const char *words)
{
	struct tf_buf text;

	tf_buf_init(&text, -1);
	tf_put_char(&text, ' ');
	tf_put_str(&text, words);
	put_no_time(o);
	put_between(o, &text, NULL, NULL);
	tf_buf_done(&text, &o->out);
}

static void
put_segment(struct tf_output *o, const struct tf_pending *p, const struct rung *r, const struct rung *client,
            const struct rung *server)
{
	struct tf_buf *b = &o->out, marks;
	bool complete;

	if ((r->marks & TF_MARK_GAP) != 0)
		put_note(o, "... something before this has not passed ...");
	put_when(o, r->ts_ns - p->start_ns, r->packet);
	put_side(o, client, true);
	tf_put_char(b, ' ');
	PUT_LIFE(b, o);
	complete = put_arrow(o, r);
	PUT_LIFE(b, o);
	if (server != NULL)
		tf_put_char(b, ' ');
	put_side(o, server, false);
	tf_put_char(b, '\n');
	tf_buf_init(&marks, -1);
	if (!complete) {
		put_marks(&marks, r);
		tf_put_char(&marks, '\0');
		put_note(o, marks.error == 0 ? marks.data : "");
	}
	tf_buf_done(&marks, &o->out);
}

/* A state that no segment of the picture moved here: a timer, or a second step on the same segment. */
static void
put_transition(struct tf_output *o, const struct tf_pending *p, const struct rung *r)
{
	struct tf_buf text;

	tf_buf_init(&text, -1);
	if (r->basis == TF_TIMER_RAN)
		tf_put_lit(&text, " (a timer ran out)");
	if (r->packet == 0)
		put_when(o, r->ts_ns - p->start_ns, 0);
	else
		put_no_time(o);
	put_between(o, &text, r->end == TF_SERVER ? NULL : r, r->end == TF_SERVER ? r : NULL);
	tf_buf_done(&text, &o->out);
}

static void
put_fold(struct tf_output *o, const struct rung *r)
{
	struct tf_buf words;

	tf_buf_init(&words, -1);
	tf_put_lit(&words, "... ");
	tf_put_plural(&words, r->packet, "more segment ...", "more segments ...");
	tf_put_char(&words, '\0');
	if (words.error == 0)
		put_note(o, words.data);
	tf_buf_done(&words, &o->out);
}

/* A finding stands between the lines, right below what made it sure. */
static void
put_finding(struct tf_output *o, const struct rung *r)
{
	const struct tf_anomaly_info *info = tf_anomaly_info(r->id);
	struct tf_buf words, lines;

	tf_buf_init(&words, -1);
	tf_buf_init(&lines, -1);
	tf_put_str(&words, tf_severity_name(r->severity));
	tf_put_lit(&words, ": ");
	tf_put_str(&words, info->id);
	if (r->end != TF_NEITHER) {
		tf_put_lit(&words, " of ");
		tf_put_str(&words, tf_end_words(r->end));
	}
	tf_put_lit(&words, ". ");
	tf_put_str(&words, info->title);
	tf_put_char(&words, '.');
	tf_put_wrapped_buf(&lines, &words, 0, 0, span(o) - 4);
	tf_put_char(&lines, '\0');
	for (char *line = lines.data, *end; lines.error == 0 && line != NULL; line = end) {
		end = strchr(line, '\n');
		if (end != NULL)
			*end++ = '\0';
		tf_put_lit(&words, "! ");
		tf_put_str(&words, line);
		tf_put_char(&words, '\0');
		put_note(o, words.data);
		words.len = 0;
	}
	tf_buf_done(&lines, &o->out);
	tf_buf_done(&words, &o->out);
}

/* A segment, and on its row the first change of each end that it made; returns the next rung. */
static size_t
draw_segment(struct tf_output *o, const struct tf_pending *p, size_t i)
{
	struct rung segment = rung_at(p, i++), side[2];
	const struct rung *client = NULL, *server = NULL;

	for (; i < rung_count(p); i++) {
		struct rung t = rung_at(p, i);
		const struct rung **mine = t.end == TF_SERVER ? &server : &client;

		if (t.kind != RUNG_TRANSITION || t.packet != segment.packet || *mine != NULL)
			break;
		side[t.end == TF_SERVER] = t;
		*mine = &side[t.end == TF_SERVER];
	}
	put_segment(o, p, &segment, client, server);
	return i;
}

static void
draw_rungs(struct tf_output *o, const struct tf_pending *p)
{
	for (size_t i = 0; i < rung_count(p);) {
		struct rung r = rung_at(p, i);

		if (r.kind == RUNG_SEGMENT) {
			i = draw_segment(o, p, i);
			continue;
		}
		if (r.kind == RUNG_FOLD)
			put_fold(o, &r);
		else if (r.kind == RUNG_TRANSITION)
			put_transition(o, p, &r);
		else
			put_finding(o, &r);
		i++;
	}
}

/* "client" and "server" above their lines. */
static void
put_ends(struct tf_output *o, const struct tf_connection_record *r)
{
	struct tf_buf *b = &o->out;
	struct ladder *l = o->state;

	if (l->drawn)
		tf_put_char(b, '\n');
	l->drawn = true;
	tf_color_on(b, &o->options, TF_COLOR_BOLD);
	tf_put_char(b, '#');
	tf_put_u64(b, r->conn);
	tf_color_off(b, &o->options);
	tf_put_lit(b, "  client ");
	tf_put_end(b, &o->options, &r->end[TF_CLIENT].addr, r->end[TF_CLIENT].port);
	tf_put_lit(b, ", server ");
	tf_put_end(b, &o->options, &r->end[TF_SERVER].addr, r->end[TF_SERVER].port);
	tf_put_lit(b, ", from ");
	tf_put_utc(b, r->first_ts_ns, 6);
	tf_put_lit(b, " UTC\n\n");
	tf_put_padded(b, "time", TIME_WIDE);
	tf_put_lit(b, "packet ");
	tf_put_fill(b, ' ', STATE_WIDE - (sizeof "client" - 1));
	tf_put_lit(b, "client");
	tf_put_fill(b, ' ', span(o) + 4);
	tf_put_lit(b, "server\n");
}

/* The states in which both ends begin, where the opening was seen. */
static void
put_first_states(struct tf_output *o, const struct tf_connection_record *r)
{
	struct rung first[2] = {{.basis = TF_OBSERVED}, {.basis = TF_OBSERVED}};
	const struct rung *side[2] = {NULL, NULL};
	struct tf_buf nothing;

	for (unsigned e = 0; e < 2; e++) {
		if (r->end[e].history_count == 0)
			continue;
		first[e].to = (enum tf_state)r->end[e].history[0];
		side[e] = &first[e];
	}
	tf_buf_init(&nothing, -1);
	put_no_time(o);
	put_between(o, &nothing, side[TF_CLIENT], side[TF_SERVER]);
	tf_buf_done(&nothing, &o->out);
}

static void
put_legend(struct tf_output *o, const struct tf_pending *p)
{
	struct ladder *l = o->state;

	if (l->marked_inferred)
		tf_put_lit(
		    &o->out,
		    "A state with ? is inferred: the capture does not show the segment that led to it.\n");
	if (l->marked_retracted)
		tf_put_lit(
		    &o->out,
		    "A state with ! is a way back: an earlier change turned out not to have happened.\n");
	if (p->lost_lines > 0) {
		tf_put_plural(&o->out, p->lost_lines, "event", "events");
		tf_put_lit(&o->out, " found no room in the picture.\n");
	}
	l->marked_inferred = false;
	l->marked_retracted = false;
}

static void
on_record(struct tf_output *o, const struct tf_connection_record *r)
{
	struct ladder *l = o->state;
	struct tf_pending *p = tf_pending_find(&l->pending, r->conn);

	if (!tf_pending_set_come(&l->pending, r->conn))
		tf_output_no_memory(o);
	if (p == NULL)
		return;
	if (tf_filter_record(&o->options.filter, r)) {
		put_ends(o, r);
		put_first_states(o, r);
		draw_rungs(o, p);
		put_legend(o, p);
	}
	tf_pending_drop(&l->pending, p);
}

/* ---- the writer ------------------------------------------------------------------------- */

static bool
is_chosen(const struct tf_output *o, uint64_t conn)
{
	if (o->options.ladder_conn != 0)
		return conn == o->options.ladder_conn;
	return tf_filter_conn(&o->options.filter, conn);
}

static void
on_segment(struct tf_output *o, const struct tf_segment_event *e)
{
	struct rung r = {
	    .kind = RUNG_SEGMENT,
	    .ts_ns = e->segment->ts_ns,
	    .packet = e->segment->packet,
	    .end = e->from,
	    .flags = e->segment->flags,
	    .marks = e->marks,
	    .rel_seq = e->rel_seq,
	    .rel_ack = e->rel_ack,
	    .len = e->segment->len,
	};

	if (is_chosen(o, e->conn))
		keep(o, e->conn, &r);
}

static void
on_transition(struct tf_output *o, const struct tf_transition *t)
{
	struct rung r = {
	    .kind = RUNG_TRANSITION,
	    .ts_ns = t->ts_ns,
	    .packet = t->packet,
	    .end = t->endpoint,
	    .to = t->to,
	    .basis = t->basis,
	};

	if (is_chosen(o, t->conn))
		keep(o, t->conn, &r);
}

static void
on_finding(struct tf_output *o, const struct tf_finding *f)
{
	struct rung r = {
	    .kind = RUNG_FINDING,
	    .ts_ns = f->ts_ns,
	    .packet = f->packet,
	    .end = f->endpoint,
	    .id = f->id,
	    .severity = f->severity,
	};

	if (f->conn != 0 && is_chosen(o, f->conn))
		keep(o, f->conn, &r);
}

static void
event(struct tf_output *o, const struct tf_event *e)
{
	switch (e->kind) {
	case TF_EV_SEGMENT:
		on_segment(o, e->segment);
		break;
	case TF_EV_TRANSITION:
		on_transition(o, e->transition);
		break;
	case TF_EV_FINDING:
		on_finding(o, e->finding);
		break;
	case TF_EV_CONNECTION:
		if (is_chosen(o, e->connection->conn))
			on_record(o, e->connection);
		break;
	case TF_EV_POSSIBLE:
		break;
	}
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

	tf_pending_fini(&l->pending);
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
