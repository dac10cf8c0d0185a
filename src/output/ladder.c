/*
 * Keeping rungs: see ladder.h.  A long phase of plain data is folded while
 * it is kept, so that memory stays small however long the connection lives.
 */
#include "ladder.h"

#include "style.h"

#define MOST_RUNGS  2000 /* of one connection, unless the owner says otherwise */
#define RUN_FIRST   4    /* plain segments shown before a fold */
#define RUN_LAST    3    /* and after it */
#define RUN_LONGEST 12   /* rungs, then it is folded */

size_t
tf_ladder_count(const struct tf_pending *p)
{
	return p->lines.len / sizeof(struct tf_rung);
}

struct tf_rung
tf_ladder_rung(const struct tf_pending *p, size_t i)
{
	struct tf_rung r;

	memcpy(&r, p->lines.data + i * sizeof r, sizeof r);
	return r;
}

static void
set_rung(struct tf_pending *p, size_t i, const struct tf_rung *r)
{
	memcpy(p->lines.data + i * sizeof *r, r, sizeof *r);
}

uint64_t
tf_rung_segments(const struct tf_rung *r)
{
	return r->kind == TF_RUNG_SEGMENT || r->kind == TF_RUNG_FOLD ? r->count : 0;
}

/* ---- folding ---------------------------------------------------------------------------- */

/* Put the middle of the run at the end of P into one fold. */
static void
fold_run(struct tf_pending *p)
{
	size_t first = tf_ladder_count(p) - p->run + RUN_FIRST, last = tf_ladder_count(p) - RUN_LAST;
	struct tf_rung fold = tf_ladder_rung(p, first);
	uint64_t segments = 0;

	for (size_t i = first; i < last; i++) {
		struct tf_rung r = tf_ladder_rung(p, i);

		segments += tf_rung_segments(&r);
	}
	fold.kind = TF_RUNG_FOLD;
	fold.count = segments < UINT32_MAX ? (uint32_t)segments : UINT32_MAX;
	set_rung(p, first, &fold);
	for (size_t i = 0; i < RUN_LAST; i++) {
		struct tf_rung r = tf_ladder_rung(p, last + i);

		set_rung(p, first + 1 + i, &r);
	}
	p->lines.len -= (last - first - 1) * sizeof fold;
	p->run = RUN_FIRST + 1 + RUN_LAST;
}

/* A segment that shows nothing but data and its ACKs. */
static bool
is_plain(const struct tf_rung *r)
{
	return r->kind == TF_RUNG_SEGMENT && r->marks == 0 && (r->flags & (TF_SYN | TF_FIN | TF_RST)) == 0;
}

/* ---- keeping ---------------------------------------------------------------------------- */

static bool
keep(struct tf_ladder *l, uint64_t conn, const struct tf_rung *r)
{
	struct tf_pending *p = l->pending.latest;
	size_t before;

	/* What is in the table waits for its record. */
	if (p == NULL || p->conn != conn) {
		if (tf_pending_has_come(&l->pending, conn))
			return true;
		p = tf_pending_get(&l->pending, conn, r->ts_ns);
	}
	if (p == NULL)
		return false;
	before = p->lines.cap;
	if (tf_ladder_count(p) >= (l->most > 0 ? l->most : MOST_RUNGS) ||
	    !tf_pending_room(&l->pending, before)) {
		p->lost_lines++;
		return true;
	}
	tf_pending_append(p, r, sizeof *r);
	tf_pending_account(&l->pending, p, before);
	if (p->lines.error != 0)
		return false;
	p->run = is_plain(r) ? p->run + 1 : 0;
	if (p->run >= RUN_LONGEST)
		fold_run(p);
	return true;
}

static struct tf_rung
segment_rung(const struct tf_segment_event *e)
{
	return (struct tf_rung){
	    .kind = TF_RUNG_SEGMENT,
	    .ts_ns = e->segment->ts_ns,
	    .packet = e->segment->packet,
	    .count = 1,
	    .end = (uint8_t)e->from,
	    .flags = e->segment->flags,
	    .marks = (uint16_t)e->marks,
	    .window = e->segment->window,
	    .rel_seq = e->rel_seq,
	    .rel_ack = e->rel_ack,
	    .len = e->segment->len,
	};
}

static struct tf_rung
transition_rung(const struct tf_transition *t)
{
	return (struct tf_rung){
	    .kind = TF_RUNG_TRANSITION,
	    .ts_ns = tf_transition_cause(t).ts_ns,
	    .packet = tf_transition_cause(t).packet,
	    .end = (uint8_t)t->endpoint,
	    .from = (uint8_t)t->from,
	    .to = (uint8_t)t->to,
	    .basis = (uint8_t)t->basis,
	    .possible = t->possible,
	};
}

static struct tf_rung
possible_rung(const struct tf_possible *s)
{
	return (struct tf_rung){
	    .kind = TF_RUNG_POSSIBLE,
	    .ts_ns = tf_possible_cause(s).ts_ns,
	    .packet = tf_possible_cause(s).packet,
	    .end = (uint8_t)s->endpoint,
	    .from = (uint8_t)s->state,
	    .to = (uint8_t)s->state,
	    .possible = s->possible,
	};
}

static struct tf_rung
finding_rung(const struct tf_finding *f)
{
	return (struct tf_rung){
	    .kind = TF_RUNG_FINDING,
	    .ts_ns = f->ts_ns,
	    .packet = f->packet,
	    .end = (uint8_t)f->endpoint,
	    .id = (uint16_t)f->id,
	    .severity = (uint8_t)f->severity,
	};
}

uint64_t
tf_event_conn(const struct tf_event *e)
{
	switch (e->kind) {
	case TF_EV_TRANSITION:
		return e->transition->conn;
	case TF_EV_POSSIBLE:
		return e->possible->conn;
	case TF_EV_FINDING:
		return e->finding->conn;
	case TF_EV_CONNECTION:
		return e->connection->conn;
	case TF_EV_SEGMENT:
		return e->segment->conn;
	case TF_EV_BRIEF:
		return e->briefs->brief[0].conn;
	}
	return 0;
}

bool
tf_ladder_chosen(const struct tf_output_options *options, uint64_t conn)
{
	if (options->ladder_conn != 0)
		return conn == options->ladder_conn;
	return conn != 0 && tf_filter_conn(&options->filter, conn);
}

bool
tf_ladder_keep(struct tf_ladder *l, const struct tf_event *e)
{
	struct tf_rung r;

	switch (e->kind) {
	case TF_EV_SEGMENT:
		r = segment_rung(e->segment);
		break;
	case TF_EV_TRANSITION:
		r = transition_rung(e->transition);
		break;
	case TF_EV_FINDING:
		r = finding_rung(e->finding);
		break;
	case TF_EV_POSSIBLE:
		if (!l->sets)
			return true;
		r = possible_rung(e->possible);
		break;
	case TF_EV_CONNECTION:
	case TF_EV_BRIEF:
	default:
		return true;
	}
	return tf_event_conn(e) == 0 || keep(l, tf_event_conn(e), &r);
}
