/*
 * The writer of --format=html: see report.h.  It decides what goes into
 * the page and what is only counted, so that the page stays below ten
 * megabytes and memory is bounded, however large the capture.
 */
#include "output/html/report.h"
#include "output/style.h"

#define NS_PER_MICROSECOND 1000

static void
begin(struct tf_output *o)
{
	struct tf_report *r = o->state;

	tf_buf_init(&r->line, -1);
	r->trails.most = o->options.filter.conn_count > 0 ? TF_REPORT_RUNGS_CHOSEN : TF_REPORT_RUNGS;
	r->trails.most_trails = TF_REPORT_TRAILS;
	r->trails.unit_ns = NS_PER_MICROSECOND;
	r->travel.numbered = o->options.filter.conn_count == 1;
}

static void
need_head(struct tf_output *o)
{
	struct tf_report *r = o->state;

	if (!r->head_written)
		tf_page_head(o);
	r->head_written = true;
}

static void
capture(struct tf_output *o, const struct tf_capture_info *info)
{
	struct tf_report *r = o->state;

	need_head(o);
	if (o->decimals == 9)
		r->trails.unit_ns = 1;
	tf_report_input(o, info);
}

/* Findings about a host or the capture belong to no connection that the filter could leave. */
static bool
is_asked_for(const struct tf_output_filter *filter, const struct tf_finding *f)
{
	if (filter->by_id && !filter->id[f->id])
		return false;
	if (f->conn == 0)
		return filter->conn_count == 0 && filter->states == 0;
	return tf_filter_conn(filter, f->conn);
}

static void
on_finding(struct tf_output *o, const struct tf_finding *f)
{
	struct tf_report *r = o->state;

	need_head(o);
	if (!is_asked_for(&o->options.filter, f))
		return;
	r->severities[f->id][f->severity]++;
	if (r->listed[f->id] >= TF_REPORT_FINDINGS || r->findings >= TF_REPORT_ALL_FINDINGS) {
		r->findings_left_out++;
		return;
	}
	r->listed[f->id]++;
	r->findings++;
	tf_report_finding(o, f);
}

/* Is there still room for the rungs of a connection with, or without, a finding? */
static bool
room_for_details(const struct tf_report *r, bool found)
{
	return r->detail_octets < (found ? TF_REPORT_DETAILS : TF_REPORT_PLAIN_DETAILS);
}

static bool
room_for_row(const struct tf_report *r, bool found)
{
	return r->rows < TF_REPORT_ROWS + (found ? TF_REPORT_ROWS_FOUND : 0);
}

static void
list(struct tf_output *o, const struct tf_connection_record *c, const struct tf_pending *p)
{
	struct tf_report *r = o->state;
	bool found = c->anomaly_count > 0, details;

	need_head(o);
	if (!room_for_row(r, found)) {
		r->rows_left_out++;
		return;
	}
	r->rows++;
	details = p != NULL && room_for_details(r, found);
	r->details += details;
	r->details_left_out += !details;
	tf_report_name(o, &c->end[TF_CLIENT].addr);
	tf_report_name(o, &c->end[TF_SERVER].addr);
	tf_report_connection(o, c, details ? p : NULL);
}

static void
tell_endings(struct tf_output *o, const struct tf_connection_record *c)
{
	struct tf_report *r = o->state;

	for (size_t i = 0; i < c->ending_count && r->endings < TF_REPORT_ENDINGS; i++, r->endings++)
		tf_report_ending(o, c->conn, &c->endings[i]);
}

static void
on_record(struct tf_output *o, const struct tf_connection_record *c)
{
	struct tf_report *r = o->state;
	struct tf_pending *p = tf_pending_find(&r->trails.pending, c->conn);
	bool asked_for = tf_filter_record(&o->options.filter, c);
	bool fine = tf_pending_set_come(&r->trails.pending, c->conn);

	if (!tf_travel_record(&r->travel, &r->trails, p, asked_for) || !fine)
		tf_output_no_memory(o);
	if (asked_for) {
		list(o, c, p);
		tell_endings(o, c);
	}
	if (p != NULL)
		tf_pending_drop(&r->trails.pending, p);
}

/* Segments, and what they make sure, are kept while trails are written. */
static bool
keep_segment(struct tf_report *r, const struct tf_segment_event *e)
{
	bool fine = true;
	struct tf_pending *p;

	if (!room_for_details(r, true))
		return true;
	p = tf_trail_of(&r->trails, e->conn, e->segment->ts_ns, &fine);
	return p == NULL ? fine : tf_trail_segment(&r->trails, p, e);
}

static bool
keep_set(struct tf_report *r, const struct tf_possible *s)
{
	bool fine = true;
	struct tf_pending *p;

	if (!room_for_details(r, true))
		return true;
	p = tf_trail_of(&r->trails, s->conn, tf_possible_cause(s).ts_ns, &fine);
	return p == NULL ? fine : tf_trail_possible(&r->trails, p, s);
}

/* What E says of a connection that is asked for, as far as is known by now. */
static bool
keep(struct tf_output *o, const struct tf_event *e)
{
	struct tf_report *r = o->state;

	switch (e->kind) {
	case TF_EV_SEGMENT:
		return keep_segment(r, e->segment);
	case TF_EV_POSSIBLE:
		return keep_set(r, e->possible);
	case TF_EV_TRANSITION:
	case TF_EV_FINDING:
		return tf_travel_event(&r->travel, &r->trails, e);
	case TF_EV_CONNECTION:
		on_record(o, e->connection);
		return true;
	case TF_EV_BRIEF:
		break;
	}
	return true;
}

static void
event(struct tf_output *o, const struct tf_event *e)
{
	struct tf_report *r = o->state;

	/* Times count from the first segment, which comes before all else. */
	if (!r->base_known && e->kind == TF_EV_SEGMENT) {
		r->base_ns = e->segment->segment->ts_ns;
		r->base_known = true;
	}
	if (e->kind == TF_EV_FINDING)
		on_finding(o, e->finding);
	if (o->options.filter.conn_count > 0 && !tf_filter_conn(&o->options.filter, tf_event_conn(e)))
		return;
	if (!keep(o, e))
		tf_output_no_memory(o);
}

static void
soon(struct tf_output *o, uint64_t conn, bool near)
{
	const struct tf_report *r = o->state;

	tf_trail_prefetch(&r->trails, conn, near);
}

static void
host(struct tf_output *o, const struct tf_addr *addr, const struct tf_detail *isn, size_t count)
{
	struct tf_report *r = o->state;

	if (r->hosts++ < TF_REPORT_HOSTS)
		tf_report_host(o, addr, isn, count);
	else
		r->hosts_left_out++;
}

static void
finish(struct tf_output *o, const struct tf_summary *s)
{
	need_head(o);
	if (s->verdict != NULL)
		tf_report_checks(o, s->verdict);
	tf_report_summary(o, s);
	tf_page_tail(o);
}

static void
release(struct tf_output *o)
{
	struct tf_report *r = o->state;

	tf_pending_fini(&r->trails.pending);
	tf_buf_fini(&r->line);
}

static unsigned
wanted(const struct tf_output_options *options)
{
	(void)options;
	return TF_EV_SEGMENT | TF_EV_TRANSITION | TF_EV_POSSIBLE | TF_EV_FINDING | TF_EV_CONNECTION;
}

const struct tf_writer tf_html_writer = {
    .format = {"html", "one page with tables and pictures, for a browser"},
    .state_size = sizeof(struct tf_report),
    .wanted = wanted,
    .begin = begin,
    .capture = capture,
    .event = event,
    .soon = soon,
    .host = host,
    .finish = finish,
    .free = release,
};
