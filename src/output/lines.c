/*
 * Transitions and segments as lines: see lines.h.
 *
 *   +0.000123       3  client  SYN-SENT -> ESTABLISHED       snd ACK of SYN,ACK (observed, 3.10.7.3)
 *   +0.000123       3  client > server  ACK seq=1 ack=1 win=502 len=0
 */
#include "lines.h"

#include "style.h"

#define TIME_COLUMNS   10 /* "+12.345678" */
#define PACKET_COLUMNS 6
#define END_COLUMNS    6  /* "client" */
#define MOVE_COLUMNS   27 /* "SYN-RECEIVED -> ESTABLISHED" */

void
tf_put_flags(struct tf_buf *b, unsigned flags)
{
	static const struct {
		unsigned flag;
		const char *name;
	} names[] = {
	    {TF_SYN, "SYN"}, {TF_FIN, "FIN"}, {TF_RST, "RST"}, {TF_PSH, "PSH"}, {TF_ACK, "ACK"},
	    {TF_URG, "URG"}, {TF_ECE, "ECE"}, {TF_CWR, "CWR"}, {TF_AE, "AE"},
	};
	bool any = false;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if ((flags & names[i].flag) == 0)
			continue;
		if (any)
			tf_put_char(b, ',');
		tf_put_str(b, names[i].name);
		any = true;
	}
	if (!any)
		tf_put_lit(b, "none");
}

void
tf_put_marks(struct tf_buf *b, unsigned marks)
{
	static const struct {
		unsigned mark;
		const char *name;
	} names[] = {
	    {TF_MARK_GAP, "behind a hole"},
	    {TF_MARK_DUPLICATE_FRAME, "copy made by the capture"},
	    {TF_MARK_RETRANSMISSION, "sent again"},
	    {TF_MARK_OUT_OF_ORDER, "out of order"},
	    {TF_MARK_DUPLICATE_ACK, "duplicate ACK"},
	    {TF_MARK_KEEPALIVE, "keep-alive"},
	    {TF_MARK_ZERO_WINDOW_PROBE, "window probe"},
	    {TF_MARK_ZERO_WINDOW, "window shut"},
	    {TF_MARK_HELD, "not judged yet"},
	    {TF_MARK_UNACCEPTABLE, "not acceptable"},
	};
	bool any = false;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if ((marks & names[i].mark) == 0)
			continue;
		if (any)
			tf_put_lit(b, ", ");
		tf_put_str(b, names[i].name);
		any = true;
	}
}

static void
put_number(struct tf_buf *b, const char *name, uint64_t v)
{
	tf_put_str(b, name);
	tf_put_u64(b, v);
}

void
tf_put_segment_facts(struct tf_buf *b, const struct tf_segment_event *e)
{
	const struct tf_segment *s = e->segment;

	tf_put_flags(b, s->flags);
	put_number(b, " seq=", e->rel_seq);
	if ((s->flags & TF_ACK) != 0)
		put_number(b, " ack=", e->rel_ack);
	put_number(b, " len=", s->len);
}

void
tf_put_segment_options(struct tf_buf *b, const struct tf_segment *s)
{
	if ((s->options & TF_OPT_MSS) != 0)
		put_number(b, " mss=", s->mss);
	if ((s->options & TF_OPT_WSCALE) != 0)
		put_number(b, " wscale=", s->wscale);
	if ((s->options & TF_OPT_SACK_PERMITTED) != 0)
		tf_put_lit(b, " sack-permitted");
	if ((s->options & TF_OPT_TIMESTAMPS) != 0) {
		put_number(b, " tsval=", s->tsval);
		put_number(b, " tsecr=", s->tsecr);
	}
	if ((s->options & TF_OPT_SACK) != 0)
		put_number(b, " sack-blocks=", s->sack_count);
	if ((s->options & TF_OPT_FAST_OPEN) != 0)
		put_number(b, " fast-open-cookie=", s->fast_open_len);
	if ((s->options & TF_OPT_MALFORMED) != 0)
		tf_put_lit(b, " malformed-options");
}

/* "+0.000123       3  ": returns the columns used. */
static size_t
put_when(struct tf_buf *b, const struct tf_output *o, int64_t since_ns, uint64_t packet)
{
	size_t columns = TIME_COLUMNS + (o->decimals > 6 ? o->decimals - 6 : 0);
	struct tf_buf time;

	tf_buf_init(&time, -1);
	if (since_ns >= 0)
		tf_put_char(&time, '+');
	tf_put_seconds_fixed(&time, since_ns, o->decimals);
	tf_put_char(&time, '\0');
	if (time.error == 0)
		tf_put_padded(b, time.data, columns);
	tf_buf_done(&time, b);
	if (packet != 0)
		tf_put_u64_right(b, packet, PACKET_COLUMNS);
	else
		tf_put_fill(b, ' ', PACKET_COLUMNS);
	tf_put_lit(b, "  ");
	return columns + PACKET_COLUMNS + 2;
}

/* "SYN-SENT -> ESTABLISHED", padded. */
static void
put_move(struct tf_buf *b, const struct tf_output *o, const struct tf_transition *t)
{
	size_t used = strlen(tf_state_name(t->from)) + strlen(tf_state_name(t->to)) + 4;

	tf_put_state(b, &o->options, t->from);
	tf_put_lit(b, " -> ");
	tf_put_state(b, &o->options, t->to);
	tf_put_fill(b, ' ', used < MOVE_COLUMNS ? MOVE_COLUMNS - used : 0);
}

/* "3.10.7.3" for a section of RFC 9293, which the reader of these lines has at hand; anything else in full. */
static const char *
short_reference(const char *reference)
{
	static const char rfc[] = "RFC 9293 section ";

	return strncmp(reference, rfc, sizeof rfc - 1) == 0 ? reference + sizeof rfc - 1 : reference;
}

void
tf_put_transition_line(struct tf_buf *b, const struct tf_output *o, const struct tf_transition *t,
                       int64_t start_ns, size_t column)
{
	tf_states others = tf_undecided(t->to, t->possible);
	const char *end = tf_endpoint_name(t->endpoint);
	struct tf_buf tail;
	struct tf_held_back cause = tf_transition_cause(t);
	size_t at = column + put_when(b, o, cause.ts_ns - start_ns, cause.packet);

	tf_put_padded(b, end != NULL ? end : "", END_COLUMNS + 2);
	put_move(b, o, t);
	tf_put_lit(b, "  ");
	tf_buf_init(&tail, -1);
	tf_put_str(&tail, t->event);
	tf_put_lit(&tail, " (");
	tf_put_str(&tail, tf_basis_name(t->basis));
	tf_put_lit(&tail, ", ");
	tf_put_str(&tail, short_reference(t->reference));
	tf_put_char(&tail, ')');
	if (others != 0) {
		tf_put_lit(&tail, ", or ");
		tf_put_state_list(&tail, others);
	}
	at += END_COLUMNS + 2;
	tf_put_wrapped_buf(b, &tail, at + MOVE_COLUMNS + 2, at + 4, o->options.width);
	tf_buf_done(&tail, b);
}

void
tf_put_segment_line(struct tf_buf *b, const struct tf_output *o, const struct tf_segment_event *e,
                    int64_t start_ns, size_t column)
{
	struct tf_buf tail;
	size_t at = column + put_when(b, o, e->segment->ts_ns - start_ns, e->segment->packet);

	tf_put_str(b, e->from == TF_SERVER ? "server > client  " : "client > server  ");
	at += sizeof "client > server  " - 1;
	tf_buf_init(&tail, -1);
	tf_put_segment_facts(&tail, e);
	tf_put_lit(&tail, " win=");
	tf_put_u64(&tail, e->segment->window);
	tf_put_segment_options(&tail, e->segment);
	if (e->marks != 0) {
		tf_put_lit(&tail, " [");
		tf_put_marks(&tail, e->marks);
		tf_put_char(&tail, ']');
	}
	tf_put_wrapped_buf(b, &tail, at, at + 4, o->options.width);
	tf_buf_done(&tail, b);
}
