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

#define INDENT      4  /* of what belongs to a connection */
#define BODY        13 /* of a finding's text: indent, severity, two blanks */
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

/* A blank line goes around what has several lines; one-liners stand close. */
static void
begin_block(struct tf_output *o, bool several_lines)
{
	struct tf_text *t = state_of(o);

	if (t->begun && (several_lines || t->last_was_long))
		tf_put_char(&o->out, '\n');
	t->begun = true;
	t->last_was_long = several_lines;
}

/* ---- findings --------------------------------------------------------------------------- */

static void
put_label(struct tf_output *o, const char *label, const char *text)
{
	struct tf_buf *b = &o->out;

	tf_put_fill(b, ' ', BODY);
	tf_color_on(b, &o->options, TF_COLOR_BOLD);
	tf_put_str(b, label);
	tf_color_off(b, &o->options);
	tf_put_char(b, ' ');
	tf_put_wrapped(b, text, BODY + strlen(label) + 1, BODY, o->options.width);
	tf_put_char(b, '\n');
}

/* Why it matters and what to look at: once a kind of finding. */
static void
explain(struct tf_output *o, enum tf_anomaly id, uint64_t conn)
{
	struct tf_text *t = state_of(o);
	const struct tf_anomaly_info *info = tf_anomaly_info(id);

	if (t->explained[id].done)
		return;
	t->explained[id].done = true;
	t->explained[id].conn = conn;
	put_label(o, "Why it matters:", info->why);
	put_label(o, "Next:", info->look);
}

static void
put_explained_at(struct tf_output *o, struct tf_buf *text, enum tf_anomaly id)
{
	const struct tf_text *t = state_of(o);

	if (!t->explained[id].done)
		return;
	tf_put_lit(text, ", explained ");
	if (t->explained[id].conn == 0) {
		tf_put_lit(text, "above");
	} else {
		tf_put_lit(text, "at #");
		tf_put_u64(text, t->explained[id].conn);
	}
}

/* "[packets 8 and 9; RFC 9293 section 3.6; stuck-fin-wait-2, explained at #1]" */
static void
put_evidence(struct tf_output *o, struct tf_buf *text, const struct tf_finding *f, const char *ids)
{
	tf_put_lit(text, " [");
	if (f->packet_count > 0) {
		tf_put_str(text, f->packet_count == 1 ? "packet " : "packets ");
		tf_put_number_list(text, f->packets, f->packet_count);
		tf_put_lit(text, "; ");
	}
	tf_put_str(text, tf_anomaly_info(f->id)->reference);
	tf_put_lit(text, "; ");
	tf_put_str(text, ids);
	put_explained_at(o, text, f->id);
	if (f->baseline == TF_BASELINE_KNOWN)
		tf_put_lit(text, "; known");
	else if (f->baseline == TF_BASELINE_NEW)
		tf_put_lit(text, "; new");
	tf_put_char(text, ']');
}

/* A finding: severity, sentence, evidence, and at its first time the explanation. */
static void
put_finding(struct tf_output *o, const struct tf_finding *f, const char *message, const char *ids)
{
	struct tf_buf *b = &o->out, text;

	tf_put_fill(b, ' ', INDENT);
	tf_put_severity(b, &o->options, f->severity);
	tf_put_lit(b, "  ");
	tf_buf_init(&text, -1);
	tf_put_str(&text, message);
	put_evidence(o, &text, f, ids);
	tf_put_wrapped_buf(b, &text, BODY, BODY, o->options.width);
	tf_buf_done(&text, &o->out);
	tf_put_char(b, '\n');
	explain(o, f->id, f->conn);
}

/* The note among those after FIRST that is the other face of STUCK, or NULL. */
static const struct tf_note *
other_face(const struct tf_note *first, const struct tf_finding *stuck)
{
	enum tf_anomaly other = stuck->id == TF_A_STUCK_FIN_WAIT_2   ? TF_A_STUCK_CLOSE_WAIT
	                        : stuck->id == TF_A_STUCK_CLOSE_WAIT ? TF_A_STUCK_FIN_WAIT_2
	                                                             : TF_ANOMALY_COUNT;

	for (const struct tf_note *n = first; n != NULL; n = n->next) {
		if (n->finding.id == other && n->finding.endpoint != stuck->endpoint)
			return n;
	}
	return NULL;
}

/* One sentence tells both faces of a connection that is closed on one side: that of the end that does not close. */
static void
put_notes(struct tf_output *o, const struct tf_pending *p)
{
	for (const struct tf_note *n = p->first; n != NULL; n = n->next) {
		bool told_twice = other_face(p->first, &n->finding) != NULL;

		if (told_twice && n->finding.id == TF_A_STUCK_FIN_WAIT_2)
			continue;
		put_finding(o, &n->finding, n->message,
		            told_twice ? "stuck-close-wait and stuck-fin-wait-2"
		                       : tf_anomaly_info(n->finding.id)->id);
	}
}

/* ---- a connection ----------------------------------------------------------------------- */

static void
put_number(struct tf_output *o, uint64_t conn)
{
	tf_color_on(&o->out, &o->options, TF_COLOR_BOLD);
	tf_put_char(&o->out, '#');
	tf_put_u64(&o->out, conn);
	tf_color_off(&o->out, &o->options);
}

static size_t
digits_of(uint64_t v)
{
	return v >= 10 ? 1 + digits_of(v / 10) : 1;
}

/* The columns after TEXT, which goes to the next line where this one is full; TEXT is empty afterwards. */
static size_t
put_field(struct tf_output *o, struct tf_buf *text, size_t at)
{
	size_t n = text->len;

	if (at > INDENT && at + 2 + n > o->options.width) {
		tf_put_char(&o->out, '\n');
		tf_put_fill(&o->out, ' ', INDENT);
		at = INDENT;
	} else {
		tf_put_lit(&o->out, "  ");
		at += 2;
	}
	tf_put(&o->out, text->data, n);
	text->len = 0;
	return at + n;
}

/* How it ended, where the last states do not say it: a connection that closed in order needs no word. */
static const char *
close_words(enum tf_close c)
{
	static const char *const words[] = {
	    [TF_CLOSE_OPEN] = ", open",
	    [TF_CLOSE_FIN] = "",
	    [TF_CLOSE_RST] = ", reset",
	    [TF_CLOSE_REFUSED] = ", refused",
	    [TF_CLOSE_UNANSWERED] = ", unanswered",
	    [TF_CLOSE_TIMEOUT] = ", timed out",
	};

	return words[c];
}

/* "FIN-WAIT-2 / CLOSE-WAIT", in colours. */
static void
put_last_states(struct tf_output *o, const struct tf_connection_record *r, size_t at)
{
	const char *client = tf_state_name(r->end[TF_CLIENT].state),
	           *server = tf_state_name(r->end[TF_SERVER].state);
	size_t n = strlen(client) + strlen(server) + 3 + strlen(close_words(r->close));
	struct tf_buf *b = &o->out;

	if (at + 2 + n > o->options.width) {
		tf_put_char(b, '\n');
		tf_put_fill(b, ' ', INDENT);
	} else {
		tf_put_lit(b, "  ");
	}
	tf_put_state(b, &o->options, r->end[TF_CLIENT].state);
	tf_put_lit(b, " / ");
	tf_put_state(b, &o->options, r->end[TF_SERVER].state);
	tf_put_str(b, close_words(r->close));
}

/* Ends, duration, packets, bytes, last states: one line where it fits. */
static void
put_heading(struct tf_output *o, const struct tf_connection_record *r)
{
	const struct tf_end_record *client = &r->end[TF_CLIENT], *server = &r->end[TF_SERVER];
	struct tf_buf text;
	size_t at = 1 + digits_of(r->conn);

	put_number(o, r->conn);
	tf_buf_init(&text, -1);
	tf_put_end(&text, &o->options, &client->addr, client->port);
	tf_put_lit(&text, " -> ");
	tf_put_end(&text, &o->options, &server->addr, server->port);
	at = put_field(o, &text, at);
	tf_put_duration(&text, r->last_ts_ns - r->first_ts_ns);
	at = put_field(o, &text, at);
	tf_put_plural(&text, client->packets + server->packets, "packet", "packets");
	at = put_field(o, &text, at);
	tf_put_size(&text, client->bytes);
	tf_put_lit(&text, " out, ");
	tf_put_size(&text, server->bytes);
	tf_put_lit(&text, " back");
	at = put_field(o, &text, at);
	put_last_states(o, r, at);
	if (r->evicted)
		tf_put_lit(&o->out, ", forgotten for want of room");
	tf_put_char(&o->out, '\n');
	tf_buf_done(&text, &o->out);
}

/* Where an end's fate is really open, say so. */
static void
put_undecided(struct tf_output *o, const struct tf_end_record *e, const char *end)
{
	tf_states others = tf_undecided(e->state, e->possible);
	struct tf_buf text;

	if (others == 0)
		return;
	tf_buf_init(&text, -1);
	tf_put_str(&text, end);
	tf_put_lit(&text, " may as well be in ");
	tf_put_state_list(&text, others);
	tf_put_lit(&text, ": the capture does not decide it.");
	tf_put_fill(&o->out, ' ', INDENT);
	tf_put_wrapped_buf(&o->out, &text, INDENT, INDENT, o->options.width);
	tf_put_char(&o->out, '\n');
	tf_buf_done(&text, &o->out);
}

static void
put_lost_lines(struct tf_output *o, const struct tf_pending *p)
{
	if (p->lost_lines == 0)
		return;
	tf_put_fill(&o->out, ' ', INDENT);
	tf_put_plural(&o->out, p->lost_lines, "more line", "more lines");
	tf_put_lit(&o->out, " found no room while this connection went on.\n");
}

/* What kept a silent connection alive. */
static void
put_keepalives(struct tf_output *o, const struct tf_connection_record *r)
{
	uint64_t client = r->end[TF_CLIENT].keepalives, server = r->end[TF_SERVER].keepalives;

	if (client + server == 0)
		return;
	tf_put_fill(&o->out, ' ', INDENT);
	tf_put_lit(&o->out, "Keep-alive probes: client ");
	tf_put_grouped(&o->out, client);
	tf_put_lit(&o->out, ", server ");
	tf_put_grouped(&o->out, server);
	tf_put_char(&o->out, '\n');
}

/* For readers of Zeek's conn.log. */
static void
put_letters(struct tf_output *o, const struct tf_connection_record *r)
{
	if (o->options.verbosity == 0)
		return;
	tf_put_fill(&o->out, ' ', INDENT);
	tf_put_lit(&o->out, "Zeek: ");
	tf_put_str(&o->out, tf_zeek_state_name(r->zeek_state));
	tf_put_char(&o->out, ' ');
	tf_put_str(&o->out, r->letters);
	tf_put_char(&o->out, '\n');
	put_keepalives(o, r);
}

static void
put_block(struct tf_output *o, const struct tf_connection_record *r, const struct tf_pending *p)
{
	const struct tf_end_record *client = &r->end[TF_CLIENT], *server = &r->end[TF_SERVER];
	/* Of a connection that closed in good order nothing is open; of one in
	 * mid-stream nearly everything, as its finding says. */
	bool matters = r->close != TF_CLOSE_FIN && r->roles == TF_ROLES_SYN;
	bool undecided = matters && (tf_undecided(client->state, client->possible) != 0 ||
	                             tf_undecided(server->state, server->possible) != 0);

	begin_block(o,
	            undecided || (p != NULL && (p->first != NULL || p->lines.len > 0 || p->lost_lines > 0)));
	put_heading(o, r);
	if (undecided) {
		put_undecided(o, client, "The client");
		put_undecided(o, server, "The server");
	}
	put_letters(o, r);
	if (p != NULL) {
		put_notes(o, p);
		if (p->lines.len > 0)
			tf_put(&o->out, p->lines.data, p->lines.len);
		put_lost_lines(o, p);
	}
	state_of(o)->shown++;
}

/* The connection is over, in these states. */
static void
tally(struct tf_output *o, uint64_t conn, enum tf_state client, enum tf_state server)
{
	struct tf_text *t = state_of(o);

	t->connections++;
	t->last_states[client][server]++;
	if (!tf_pending_set_come(&t->pending, conn))
		tf_output_no_memory(o);
}

static void
on_record(struct tf_output *o, const struct tf_connection_record *r)
{
	struct tf_text *t = state_of(o);
	struct tf_pending *p = tf_pending_find(&t->pending, r->conn);

	if (tf_filter_record(&o->options.filter, r) && !(o->options.quiet && r->anomaly_count == 0) &&
	    !tf_text_crowd_takes(o, r))
		put_block(o, r, p);
	if (p != NULL)
		tf_pending_drop(&t->pending, p);
	tally(o, r->conn, r->end[TF_CLIENT].state, r->end[TF_SERVER].state);
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

/* What a finding that stands alone is about; live with the time of day and, since the record may be
 * hours away, the ends. */
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
	put_number(o, f->conn);
	if (!o->options.streaming || !f->ends_known)
		return;
	tf_put_lit(b, "  ");
	tf_put_end(b, &o->options, &f->addr[TF_CLIENT], f->port[TF_CLIENT]);
	tf_put_lit(b, " -> ");
	tf_put_end(b, &o->options, &f->addr[TF_SERVER], f->port[TF_SERVER]);
}

static void
put_alone(struct tf_output *o, const struct tf_finding *f, const char *message)
{
	begin_block(o, true);
	put_about(o, f);
	tf_put_char(&o->out, '\n');
	put_finding(o, f, message, tf_anomaly_info(f->id)->id);
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
	struct tf_buf message;

	state_of(o)->findings[f->id][f->severity]++;
	if (!filter_leaves_finding(o, f))
		return;
	tf_buf_init(&message, -1);
	tf_put_message(&message, f);
	put_conns(&message, f);
	tf_put_char(&message, '\0');
	if (message.error == 0)
		place_finding(o, f, message.data);
	else
		tf_output_no_memory(o);
	tf_buf_done(&message, &o->out);
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
	begin_block(o, true);
	put_number(o, p->conn);
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
		begin_block(o, false);
		put_number(o, conn);
		tf_put_char(&o->out, ' ');
		put_line(&o->out, o, e, p->start_ns, 2 + digits_of(conn));
	} else {
		keep_line(o, p, e);
	}
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
		tally(o, e->brief->conn, e->brief->state[TF_CLIENT], e->brief->state[TF_SERVER]);
		break;
	case TF_EV_FINDING:
		on_finding(o, e->finding);
		break;
	case TF_EV_TRANSITION:
		on_line(o, e, e->transition->conn, e->transition->ts_ns);
		break;
	case TF_EV_SEGMENT:
		on_line(o, e, e->segment->conn, e->segment->segment->ts_ns);
		break;
	case TF_EV_POSSIBLE:
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
	begin_block(o, true);
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
		begin_block(o, true);
	tf_text_host(o, addr, isn, count);
}

static void
put_crowds(struct tf_output *o)
{
	const struct tf_text *t = state_of(o);

	for (size_t i = 0; i < TF_CROWDS && t->crowd[i].count > 0; i++) {
		if (!t->crowd[i].hidden)
			continue;
		begin_block(o, true);
		tf_text_crowd(o, &t->crowd[i]);
	}
}

static void
finish(struct tf_output *o, const struct tf_summary *s)
{
	put_crowds(o);
	begin_block(o, true);
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

	if (options->verbosity >= 1)
		kinds |= TF_EV_TRANSITION;
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
