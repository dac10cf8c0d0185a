/*
 * The block of a connection in text: its heading, what stays undecided,
 * its findings with why they matter and what to look at next.
 *
 * When a block is due, and what stands alone, is decided in text.c.
 */
#include <string.h>

#include "message.h"
#include "style.h"
#include "text.h"

#define INDENT TF_TEXT_INDENT
#define BODY   13 /* of a finding's text: indent, severity, two blanks */

static struct tf_text *
state_of(const struct tf_output *o)
{
	return o->state;
}

/* A blank line goes around what has several lines; one-liners stand close. */
void
tf_text_begin(struct tf_output *o, bool several_lines)
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

static void
put_times(struct tf_buf *text, struct tf_times times)
{
	if (times.count < 2)
		return;
	tf_put_str(text, times.count == UINT16_MAX ? ", at least " : ", ");
	tf_put_grouped(text, times.count);
	tf_put_str(text, times.both_ends ? " times in all at both ends" : " times in all");
}

/* "[packets 8 and 9; RFC 9293 section 3.6; stuck-fin-wait-2, 3 times in all, explained at #1]" */
static void
put_evidence(struct tf_output *o, struct tf_buf *text, const struct tf_finding *f, const char *ids,
             struct tf_times times)
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
	put_times(text, times);
	put_explained_at(o, text, f->id);
	if (f->baseline == TF_BASELINE_KNOWN)
		tf_put_lit(text, "; known");
	else if (f->baseline == TF_BASELINE_NEW)
		tf_put_lit(text, "; new");
	tf_put_char(text, ']');
}

/* A finding: severity, sentence, what became of it, evidence, and at its first time the explanation. */
void
tf_text_finding(struct tf_output *o, const struct tf_finding *f, const char *message,
                const struct tf_ending *ending, const char *ids, struct tf_times times)
{
	struct tf_buf *b = &o->out, *text = &o->paragraph;

	tf_put_fill(b, ' ', INDENT);
	tf_put_severity(b, &o->options, f->severity);
	tf_put_lit(b, "  ");
	text->len = 0;
	tf_put_str(text, message);
	if (ending != NULL) {
		tf_put_char(text, ' ');
		tf_put_ending(text, ending);
	}
	put_evidence(o, text, f, ids, times);
	tf_put_wrapped_buf(b, text, BODY, BODY, o->options.width);
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

static bool
has_note(const struct tf_pending *p, enum tf_anomaly id)
{
	for (const struct tf_note *n = p != NULL ? p->first : NULL; n != NULL; n = n->next)
		if (n->finding.id == id)
			return true;
	return false;
}

bool
tf_text_is_older(const struct tf_connection_record *r)
{
	for (size_t i = 0; i < r->anomaly_count; i++)
		if (r->anomalies[i].id == TF_A_MIDSTREAM)
			return true;
	return false;
}

/* What R's connection began with, as its letters say. */
static const char *
beginning_of(const struct tf_connection_record *r)
{
	static const struct {
		char letter[3];
		const char *word;
	} kinds[] = {{"Dd", "data"}, {"Ff", "FIN"}, {"Rr", "RST"}, {"Hh", "SYN,ACK"}, {"Ii", "FIN,RST"}};
	size_t first = strcspn(r->letters, "DdAaFfRrHhIi");

	for (size_t i = 0; r->letters[first] != '\0' && i < sizeof kinds / sizeof kinds[0]; i++)
		if (strchr(kinds[i].letter, r->letters[first]) != NULL)
			return kinds[i].word;
	return "ACK";
}

/* That R's connection is older than the capture was left to its record. */
static void
put_unnoted_beginning(struct tf_output *o, const struct tf_connection_record *r)
{
	struct tf_finding f = {
	    .ts_ns = r->first_ts_ns,
	    .conn = r->conn,
	    .endpoint = TF_NEITHER,
	    .id = TF_A_MIDSTREAM,
	    .severity = tf_anomaly_info(TF_A_MIDSTREAM)->severity,
	    .detail = {{.name = "first", .kind = TF_D_TEXT, .text = beginning_of(r)}},
	    .detail_count = 1,
	};
	struct tf_buf *message = &o->sentence;

	message->len = 0;
	tf_put_message(message, &f);
	tf_put_char(message, '\0');
	if (message->error == 0)
		tf_text_finding(o, &f, message->data, NULL, tf_anomaly_info(f.id)->id, TF_ONCE);
	else
		tf_output_no_memory(o);
}

/* How often ID came up in R's connection; once where each time has a sentence of its own in P.  It is not known of which
 * end how often. */
static struct tf_times
times_of(const struct tf_connection_record *r, const struct tf_pending *p, enum tf_anomaly id)
{
	uint32_t times = 1, told = 0;

	for (size_t i = 0; i < r->anomaly_count; i++)
		if (r->anomalies[i].id == id)
			times = r->anomalies[i].count;
	for (const struct tf_note *n = p->first; n != NULL; n = n->next)
		told += n->finding.id == id;
	return times > told ? (struct tf_times){times, told > 1} : TF_ONCE;
}

/* One sentence tells both faces of a connection that is closed on one side: that of the end that does not close. */
static void
put_notes(struct tf_output *o, const struct tf_connection_record *r, const struct tf_pending *p)
{
	for (const struct tf_note *n = p->first; n != NULL; n = n->next) {
		bool told_twice = other_face(p->first, &n->finding) != NULL;

		if (told_twice && n->finding.id == TF_A_STUCK_FIN_WAIT_2)
			continue;
		tf_text_finding(
		    o, &n->finding, n->message, tf_ending_in(r, n->finding.id, n->finding.endpoint),
		    told_twice ? "stuck-close-wait and stuck-fin-wait-2" : tf_anomaly_info(n->finding.id)->id,
		    times_of(r, p, n->finding.id));
	}
}

/* ---- a connection ----------------------------------------------------------------------- */

void
tf_text_number(struct tf_output *o, uint64_t conn)
{
	tf_color_on(&o->out, &o->options, TF_COLOR_BOLD);
	tf_put_char(&o->out, '#');
	tf_put_u64(&o->out, conn);
	tf_color_off(&o->out, &o->options);
}

size_t
tf_text_digits(uint64_t v)
{
	return v >= 10 ? 1 + tf_text_digits(v / 10) : 1;
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
close_words(const struct tf_connection_record *r)
{
	static const char *const words[] = {
	    [TF_CLOSE_OPEN] = ", open",
	    [TF_CLOSE_FIN] = "",
	    [TF_CLOSE_RST] = ", reset",
	    [TF_CLOSE_REFUSED] = ", refused",
	    [TF_CLOSE_UNANSWERED] = ", unanswered",
	    [TF_CLOSE_TIMEOUT] = ", timed out",
	};

	/* "Open" would say that it may go on. */
	return r->replaced && r->close == TF_CLOSE_OPEN ? ", replaced" : words[r->close];
}

/* "FIN-WAIT-2 / CLOSE-WAIT", in colours. */
static void
put_last_states(struct tf_output *o, const struct tf_connection_record *r, size_t at)
{
	const char *client = tf_state_name(r->end[TF_CLIENT].state),
	           *server = tf_state_name(r->end[TF_SERVER].state);
	size_t n = strlen(client) + strlen(server) + 3 + strlen(close_words(r));
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
	tf_put_str(b, close_words(r));
}

/* Ends, duration, packets, bytes, last states: one line where it fits. */
static void
put_heading(struct tf_output *o, const struct tf_connection_record *r)
{
	const struct tf_end_record *client = &r->end[TF_CLIENT], *server = &r->end[TF_SERVER];
	struct tf_buf *text = &o->paragraph;
	size_t at = 1 + tf_text_digits(r->conn);

	tf_text_number(o, r->conn);
	text->len = 0;
	tf_put_end(text, &o->options, &client->addr, client->port);
	tf_put_lit(text, " -> ");
	tf_put_end(text, &o->options, &server->addr, server->port);
	at = put_field(o, text, at);
	tf_put_duration(text, r->last_ts_ns - r->first_ts_ns);
	at = put_field(o, text, at);
	tf_put_plural(text, client->packets + server->packets, "packet", "packets");
	at = put_field(o, text, at);
	tf_put_size(text, client->bytes);
	tf_put_lit(text, " out, ");
	tf_put_size(text, server->bytes);
	tf_put_lit(text, " back");
	at = put_field(o, text, at);
	put_last_states(o, r, at);
	if (r->evicted)
		tf_put_lit(&o->out, ", forgotten for want of room");
	tf_put_char(&o->out, '\n');
	if (text->error != 0)
		tf_output_no_memory(o);
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

void
tf_text_block(struct tf_output *o, const struct tf_connection_record *r, const struct tf_pending *p)
{
	const struct tf_end_record *client = &r->end[TF_CLIENT], *server = &r->end[TF_SERVER];
	/* Of a connection that closed in good order nothing is open; of one in
	 * mid-stream nearly everything, as its finding says. */
	bool matters = r->close != TF_CLOSE_FIN && r->roles == TF_ROLES_SYN;
	bool unnoted = tf_text_is_older(r) && !has_note(p, TF_A_MIDSTREAM);
	bool undecided = matters && (tf_undecided(client->state, client->possible) != 0 ||
	                             tf_undecided(server->state, server->possible) != 0);

	tf_text_begin(o, undecided || unnoted ||
	                     (p != NULL && (p->first != NULL || p->lines.len > 0 || p->lost_lines > 0)));
	put_heading(o, r);
	if (undecided) {
		put_undecided(o, client, "The client");
		put_undecided(o, server, "The server");
	}
	put_letters(o, r);
	if (unnoted)
		put_unnoted_beginning(o, r);
	if (p != NULL) {
		put_notes(o, r, p);
		if (p->lines.len > 0)
			tf_put(&o->out, p->lines.data, p->lines.len);
		put_lost_lines(o, p);
	}
	state_of(o)->shown++;
}
