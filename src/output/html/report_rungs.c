/*
 * A connection's rungs for the page: one string, which the page takes
 * apart only when somebody opens the connection.  Rungs are separated by
 * semicolons, their numbers by commas; times and packets are differences
 * to the rung before.
 *
 *   s  segment     time, packet, end, flags, marks, seq, ack, len, window
 *   m  several     the same, and how many
 *   t  transition  time, packet, end, from, to, basis, only presumed?
 *   p  proven      time, packet, end: what was presumed is sure now
 *   f  finding     time, packet, end, id, severity
 */
#include "output/html/report.h"
#include "output/picture/ladder_time.h"

/* What is presumed of an end, to tell when it is proven. */
struct presumption {
	bool unsure;
	uint8_t before; /* enum tf_state */
};

static void
put_signed(struct tf_buf *b, int64_t v)
{
	if (v < 0)
		tf_put_char(b, '-');
	tf_put_u64(b, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

static void
put(struct tf_buf *b, uint64_t v)
{
	tf_put_char(b, ',');
	tf_put_u64(b, v);
}

/* Kind, time, packet and end of R; a rung of no packet has "-". */
static void
put_when(struct tf_output *o, char kind, const struct tf_rung *r, struct tf_rung *last)
{
	struct tf_report *report = o->state;
	struct tf_buf *b = &report->line;

	tf_put_char(b, kind);
	put_signed(b, tf_report_units(o, r->ts_ns) - tf_report_units(o, last->ts_ns));
	tf_put_char(b, ',');
	if (r->packet > 0)
		put_signed(b, (int64_t)(r->packet - last->packet));
	else
		tf_put_char(b, '-');
	put(b, r->end);
	last->ts_ns = r->ts_ns;
	if (r->packet > 0)
		last->packet = r->packet;
}

static void
put_segment(struct tf_output *o, const struct tf_rung *r, struct tf_rung *last)
{
	struct tf_report *report = o->state;
	struct tf_buf *b = &report->line;

	put_when(o, r->kind == TF_RUNG_FOLD ? 'm' : 's', r, last);
	put(b, r->flags);
	put(b, r->marks);
	put(b, r->rel_seq);
	put(b, r->rel_ack);
	put(b, r->len);
	put(b, r->window);
	if (r->kind == TF_RUNG_FOLD)
		put(b, r->count);
	tf_put_char(b, ';');
}

static void
put_transition(struct tf_output *o, const struct tf_rung *r, struct tf_rung *last, struct presumption *p)
{
	struct tf_report *report = o->state;
	struct tf_buf *b = &report->line;

	p->unsure =
	    r->basis == TF_TIMER_RAN || (r->basis == TF_PRESUMED && (r->possible & TF_STATES(r->from)) != 0);
	p->before = r->from;
	put_when(o, 't', r, last);
	put(b, r->from);
	put(b, r->to);
	put(b, r->basis);
	put(b, p->unsure);
	tf_put_char(b, ';');
}

static void
put_proof(struct tf_output *o, const struct tf_rung *r, struct tf_rung *last, struct presumption *p)
{
	struct tf_report *report = o->state;

	if (!p->unsure || (r->possible & TF_STATES(p->before)) != 0)
		return;
	p->unsure = false;
	put_when(o, 'p', r, last);
	tf_put_char(&report->line, ';');
}

static void
put_finding(struct tf_output *o, const struct tf_rung *r, struct tf_rung *last)
{
	struct tf_report *report = o->state;
	struct tf_buf *b = &report->line;

	put_when(o, 'f', r, last);
	put(b, r->id);
	put(b, r->severity);
	tf_put_char(b, ';');
}

static void
put_rungs(struct tf_output *o, const struct tf_pending *p)
{
	struct tf_rung last = {.ts_ns = p->start_ns};
	struct presumption presumed[2] = {0};

	for (size_t i = 0; i < tf_ladder_count(p); i++) {
		struct tf_rung r = tf_ladder_rung(p, i);
		struct presumption *of_end = &presumed[r.end == TF_SERVER];

		switch ((enum tf_rung_kind)r.kind) {
		case TF_RUNG_SEGMENT:
		case TF_RUNG_FOLD:
			put_segment(o, &r, &last);
			break;
		case TF_RUNG_TRANSITION:
			put_transition(o, &r, &last, of_end);
			break;
		case TF_RUNG_POSSIBLE:
			put_proof(o, &r, &last, of_end);
			break;
		case TF_RUNG_FINDING:
			put_finding(o, &r, &last);
			break;
		}
	}
}

void
tf_report_rungs(struct tf_output *o, const struct tf_pending *p)
{
	struct tf_report *report = o->state;
	struct tf_delays delays = tf_ladder_delays(p);
	struct tf_buf *b = &report->line;

	tf_put_lit(b, "[\"d\",");
	tf_put_u64(b, p->conn);
	tf_put_char(b, ',');
	tf_report_time(o, p->start_ns);
	for (unsigned end = 0; end < 2; end++) {
		tf_put_char(b, ',');
		put_signed(b, delays.known ? tf_report_units(o, delays.ns[end]) : -1);
	}
	put(b, p->lost_lines);
	tf_put_lit(b, ",\"");
	put_rungs(o, p);
	tf_put_lit(b, "\"]");
	report->detail_octets += b->len;
	tf_report_end_line(o);
}
