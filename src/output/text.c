/*
 * Text, the default: a block a connection when its record is due.
 *
 *   #1  10.9.0.1:40000 -> 10.9.0.2:80  61.2 s  9 packets  78 B out, 1.2 kB back  CLOSED / CLOSED
 *       warning  The client closed in packet 8, ... [packets 8 and 9; RFC 9293 section 3.6; stuck-fin-wait-2]
 *                Why it matters: ...
 *                Next: ...
 *
 * Findings wait for their connection's record (pending.h); those that
 * follow it, and those about a host, a service or the capture, stand
 * alone.  Why a finding matters and what to look at is said at the first
 * one of its kind; later ones say where.
 */
#include "text.h"

#include "lines.h"
#include "message.h"
#include "style.h"

#define INDENT      TF_TEXT_INDENT
#define LINE_BUDGET 512

static struct tf_text *
state_of(const struct tf_output *o)
{
	return o->state;
}

/* Will the record decide whether this connection is shown at all? */
static bool
needs_record(const struct tf_output *o)
{
	return o->options.quiet || o->options.filter.states != 0 || o->options.filter.by_id;
}

/* That connections are older than the capture is normal where it begins on a busy host: quietly, thousands of them are
 * told together. */
static bool
counts_older_by_record(const struct tf_output *o)
{
	return (o->wanted & TF_OLDER_BRIEFLY) != 0;
}

/* The connection is over. */
static void
tally(struct tf_output *o, const struct tf_brief *brief)
{
	struct tf_text *t = state_of(o);

	t->connections++;
	t->last_states[brief->state[TF_CLIENT]][brief->state[TF_SERVER]]++;
	if (brief->older && counts_older_by_record(o))
		t->findings[TF_A_MIDSTREAM][tf_anomaly_info(TF_A_MIDSTREAM)->severity]++;
	if (!tf_pending_set_come(&t->pending, brief->conn))
		tf_output_no_memory(o);
}

static void
on_record(struct tf_output *o, const struct tf_connection_record *r)
{
	struct tf_text *t = state_of(o);
	struct tf_pending *p = tf_pending_find(&t->pending, r->conn);

	if (tf_filter_record(&o->options.filter, r) && !(o->options.quiet && r->anomaly_count == 0) &&
	    !tf_text_crowd_takes(o, r))
		tf_text_block(o, r, p);
	if (p != NULL)
		tf_pending_drop(&t->pending, p);
	tally(o, &(struct tf_brief){
	             .conn = r->conn,
	             .state = {(uint8_t)r->end[TF_CLIENT].state, (uint8_t)r->end[TF_SERVER].state},
	             .older = tf_text_is_older(r),
	         });
}

/* So many connections are older than the capture that this one's record does not come. */
static void
on_older(struct tf_output *o, const struct tf_brief *brief)
{
	struct tf_text *t = state_of(o);
	struct tf_pending *p = t->pending.count > 0 ? tf_pending_find(&t->pending, brief->conn) : NULL;

	tf_text_older_add(&t->older, brief->conn);
	if (p != NULL)
		tf_pending_drop(&t->pending, p);
}

static void
on_brief(struct tf_output *o, const struct tf_brief *brief)
{
	if (brief->older)
		on_older(o, brief);
	tally(o, brief);
}

/* ---- findings that stand alone, findings that wait -------------------------------------- */

/* "Connections 3, 4 and 9." behind the sentence of a finding over several. */
static void
put_conns(struct tf_buf *text, const struct tf_finding *f)
{
	size_t shown = f->conn_count < TF_MAX_EVIDENCE ? f->conn_count : TF_MAX_EVIDENCE;

	if (shown == 0)
		return;
	tf_put_str(text, f->conn_count == 1 ? " Connection " : " Connections ");
	for (size_t i = 0; i < shown; i++) {
		tf_put_str(text, i > 0 ? ", #" : "#");
		tf_put_u64(text, f->conns[i]);
	}
	if (f->conn_count > shown) {
		tf_put_lit(text, " and ");
		tf_put_grouped(text, f->conn_count - shown);
		tf_put_lit(text, " more");
	}
	tf_put_char(text, '.');
}

/* What a finding that stands alone is about; live with the time of day.  The record that names the ends
 * may be far away, or not be shown at all. */
static void
put_about(struct tf_output *o, const struct tf_finding *f)
{
	struct tf_buf *b = &o->out;

	if (o->options.streaming) {
		tf_put_utc(b, f->ts_ns, 3);
		tf_put_lit(b, " UTC  ");
	}
	if (f->conn == 0) {
		tf_put_clean(b, f->subject != NULL ? f->subject : "The capture");
		return;
	}
	tf_text_number(o, f->conn);
	if (!f->ends_known)
		return;
	tf_put_lit(b, "  ");
	tf_put_end(b, &o->options, &f->addr[TF_CLIENT], f->port[TF_CLIENT]);
	tf_put_lit(b, " -> ");
	tf_put_end(b, &o->options, &f->addr[TF_SERVER], f->port[TF_SERVER]);
}

static void
put_alone(struct tf_output *o, const struct tf_finding *f, const char *message)
{
	tf_text_begin(o, true);
	put_about(o, f);
	tf_put_char(&o->out, '\n');
	tf_text_finding(o, f, message, NULL, tf_anomaly_info(f->id)->id, TF_ONCE);
}

static bool
filter_leaves_finding(const struct tf_output *o, const struct tf_finding *f)
{
	const struct tf_output_filter *filter = &o->options.filter;

	if (f->conn == 0)
		return !tf_filter_set(filter) || (filter->by_id && filter->id[f->id]);
	return tf_filter_conn(filter, f->conn);
}

/* Live a finding is told at once; that a connection was there before the capture is no news: its record
 * will say so. */
static bool
is_urgent(const struct tf_output *o, const struct tf_finding *f)
{
	return o->options.streaming && f->id != TF_A_MIDSTREAM;
}

/* Is it only that a connection is older than the capture, and are there so many of those that its record, which says so,
 * too, is enough? */
static bool
is_left_to_record(const struct tf_output *o, const struct tf_finding *f)
{
	struct tf_text *t = state_of(o);

	if (f->id != TF_A_MIDSTREAM || tf_pending_has_come(&t->pending, f->conn))
		return false;
	bool many =
	    t->older_found++ >= TF_OLDER_TOLD && counts_older_by_record(o) && f->baseline == TF_BASELINE_NONE;
	return many || !tf_pending_room(&t->pending, sizeof(struct tf_note) + LINE_BUDGET);
}

/* Print the finding now, or keep it for its connection's block. */
static void
place_finding(struct tf_output *o, const struct tf_finding *f, const char *message)
{
	struct tf_text *t = state_of(o);
	bool late = tf_pending_has_come(&t->pending, f->conn);
	struct tf_pending *p;

	if (late && o->options.filter.by_id && !o->options.filter.id[f->id])
		return;
	if (f->conn == 0 || late || is_urgent(o, f) ||
	    !tf_pending_room(&t->pending, sizeof(struct tf_note) + LINE_BUDGET)) {
		put_alone(o, f, message);
		return;
	}
	p = tf_pending_get(&t->pending, f->conn, f->ts_ns);
	if (p == NULL || !tf_pending_add_note(&t->pending, p, f, message))
		tf_output_no_memory(o);
}

static void
on_finding(struct tf_output *o, const struct tf_finding *f)
{
	struct tf_buf *message = &o->sentence;

	if (f->id != TF_A_MIDSTREAM || !counts_older_by_record(o))
		state_of(o)->findings[f->id][f->severity]++;
	if (!filter_leaves_finding(o, f) || is_left_to_record(o, f))
		return;
	message->len = 0;
	tf_put_message(message, f);
	put_conns(message, f);
	tf_put_char(message, '\0');
	if (message->error == 0)
		place_finding(o, f, message->data);
	else
		tf_output_no_memory(o);
}

/* ---- lines of -v ------------------------------------------------------------------------ */

static void
put_line(struct tf_buf *b, const struct tf_output *o, const struct tf_event *e, int64_t start_ns,
         size_t column)
{
	if (e->kind == TF_EV_SEGMENT)
		tf_put_segment_line(b, o, e->segment, start_ns, column);
	else
		tf_put_transition_line(b, o, e->transition, start_ns, column);
	tf_put_char(b, '\n');
}

/* There is no room to wait for the record: print what was gathered. */
static void
put_so_far(struct tf_output *o, struct tf_pending *p)
{
	tf_text_begin(o, true);
	tf_text_number(o, p->conn);
	tf_put_lit(&o->out, ", so far\n");
	tf_put(&o->out, p->lines.data, p->lines.len);
	tf_buf_fini(&p->lines);
}

static void
keep_line(struct tf_output *o, struct tf_pending *p, const struct tf_event *e)
{
	struct tf_pending_table *table = &state_of(o)->pending;
	size_t before = p->lines.cap;
	bool room = tf_pending_room(table, LINE_BUDGET + before);

	if (!room && needs_record(o)) {
		p->lost_lines++;
		return;
	}
	tf_put_fill(&p->lines, ' ', INDENT);
	put_line(&p->lines, o, e, p->start_ns, INDENT);
	if (p->lines.error != 0)
		tf_output_no_memory(o);
	else if (!room)
		put_so_far(o, p);
	tf_pending_account(table, p, before);
}

static void
on_line(struct tf_output *o, const struct tf_event *e, uint64_t conn, int64_t ts_ns)
{
	struct tf_pending *p;

	if (!tf_filter_conn(&o->options.filter, conn) || tf_pending_has_come(&state_of(o)->pending, conn))
		return;
	p = tf_pending_get(&state_of(o)->pending, conn, ts_ns);
	if (p == NULL) {
		tf_output_no_memory(o);
	} else if (o->options.streaming) {
		tf_text_begin(o, false);
		tf_text_number(o, conn);
		tf_put_char(&o->out, ' ');
		put_line(&o->out, o, e, p->start_ns, 2 + tf_text_digits(conn));
	} else {
		keep_line(o, p, e);
	}
}

/* A connection that begins in its midst makes no transition then; its times count from there all the same. */
static void
note_beginning(struct tf_output *o, const struct tf_possible *e)
{
	struct tf_pending_table *table = &state_of(o)->pending;

	if (!tf_filter_conn(&o->options.filter, e->conn) || tf_pending_has_come(table, e->conn))
		return;
	if (tf_pending_get(table, e->conn, tf_possible_cause(e).ts_ns) == NULL)
		tf_output_no_memory(o);
}

/* ---- the writer ------------------------------------------------------------------------- */

static void
event(struct tf_output *o, const struct tf_event *e)
{
	switch (e->kind) {
	case TF_EV_CONNECTION:
		on_record(o, e->connection);
		break;
	case TF_EV_BRIEF:
		for (size_t i = 0; i < e->briefs->count; i++)
			on_brief(o, &e->briefs->brief[i]);
		break;
	case TF_EV_FINDING:
		on_finding(o, e->finding);
		break;
	case TF_EV_TRANSITION:
		on_line(o, e, e->transition->conn, tf_transition_cause(e->transition).ts_ns);
		break;
	case TF_EV_SEGMENT:
		on_line(o, e, e->segment->conn, e->segment->segment->ts_ns);
		break;
	case TF_EV_POSSIBLE:
		note_beginning(o, e->possible);
		break;
	}
}

/* What makes all that follows less certain comes first. */
static void
capture(struct tf_output *o, const struct tf_capture_info *info)
{
	struct tf_buf text;

	if (info->dropped == 0)
		return;
	tf_text_begin(o, true);
	tf_buf_init(&text, -1);
	tf_put_lit(&text, "The capture ");
	tf_put_clean(&text, info->source);
	tf_put_lit(&text, " is incomplete: the capturing host dropped ");
	tf_put_plural(&text, info->dropped, "packet", "packets");
	tf_put_lit(&text, ". Findings that an unseen packet may explain are lowered, and say so.");
	tf_put_wrapped_buf(&o->out, &text, 0, INDENT, o->options.width);
	tf_put_char(&o->out, '\n');
	tf_buf_done(&text, &o->out);
}

static void
host(struct tf_output *o, const struct tf_addr *addr, const struct tf_detail *isn, size_t count)
{
	if (!o->options.hosts)
		return;
	if (!state_of(o)->hosts)
		tf_text_begin(o, true);
	tf_text_host(o, addr, isn, count);
}

static void
put_crowds(struct tf_output *o, uint64_t evicted)
{
	const struct tf_text *t = state_of(o);

	for (size_t i = 0; i < TF_CROWDS && t->crowd[i].count > 0; i++) {
		if (!t->crowd[i].hidden)
			continue;
		tf_text_begin(o, true);
		tf_text_crowd(o, &t->crowd[i]);
	}
	if (t->older.hidden) {
		tf_text_begin(o, true);
		tf_text_older(o, &t->older, evicted);
	}
}

static void
finish(struct tf_output *o, const struct tf_summary *s)
{
	put_crowds(o, s->evicted);
	if (o->options.hosts && !state_of(o)->hosts) {
		tf_text_begin(o, true);
		tf_text_no_host(o);
	}
	tf_text_begin(o, true);
	tf_text_summary(o, s);
}

static void
release(struct tf_output *o)
{
	tf_pending_fini(&state_of(o)->pending);
}

static unsigned
wanted(const struct tf_output_options *options)
{
	/* Quietly, a block is only where there is a finding. */
	unsigned kinds = TF_EV_FINDING | (options->quiet ? TF_EV_BRIEF : TF_EV_CONNECTION);

	if (options->quiet && options->verbosity == 0 && !options->streaming &&
	    !tf_filter_set(&options->filter))
		kinds |= TF_OLDER_BRIEFLY;
	if (options->verbosity >= 1)
		kinds |= TF_EV_TRANSITION | TF_EV_POSSIBLE;
	if (options->verbosity >= 2)
		kinds |= TF_EV_SEGMENT;
	return kinds;
}

const struct tf_writer tf_text_writer = {
    .format = {"text", "for people: a block a connection, findings in words, a summary"},
    .state_size = sizeof(struct tf_text),
    .goes_on = true,
    .wanted = wanted,
    .capture = capture,
    .event = event,
    .host = host,
    .finish = finish,
    .free = release,
};
