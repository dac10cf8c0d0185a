/*
 * Keeping rungs: see ladder.h.  A long phase of plain data is folded, or a
 * full ladder thinned, while it is kept, so that memory stays small however
 * long the connection lives.
 */
#include "ladder.h"

#include "style.h"

#define MOST_RUNGS  2000       /* of one connection, unless the owner says otherwise */
#define RUN_FIRST   4          /* plain segments shown before a fold */
#define RUN_LAST    3          /* and after it */
#define RUN_LONGEST 12         /* rungs, then it is folded */
#define NEIGHBOURS  4          /* rungs back that are looked at for one of the same sender */
#define COARSEST    (1u << 24) /* segments that are told as one */

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

/* Data, ACKs and duplicate ACKs, one or several: what may be told together where room is scarce. */
static bool
may_join(const struct tf_rung *r)
{
	return r->kind == TF_RUNG_FOLD ||
	       (r->kind == TF_RUNG_SEGMENT && (r->marks & ~TF_MARK_DUPLICATE_ACK) == 0 &&
	        (r->flags & (TF_SYN | TF_FIN | TF_RST)) == 0);
}

/* Can B, the next one of this sender, be told together with A, as no more than GRAIN?  Data that follows on,
 * or ACKs. */
static bool
is_one_with(const struct tf_rung *a, const struct tf_rung *b, size_t grain)
{
	return may_join(b) && a->count + b->count <= grain && (a->len > 0) == (b->len > 0) &&
	       a->rel_seq + a->len == b->rel_seq;
}

static void
join(struct tf_rung *a, const struct tf_rung *b)
{
	a->kind = TF_RUNG_FOLD;
	a->count += b->count;
	a->len += b->len;
	a->marks |= b->marks;
	a->rel_ack = b->rel_ack;
	a->window = b->window;
}

/* The sender's last rung among the KEPT ones, not far off, where the one at I can be told together with it;
 * SIZE_MAX: none. */
static size_t
neighbour(const struct tf_pending *p, size_t i, size_t kept, size_t grain)
{
	struct tf_rung r = tf_ladder_rung(p, i);

	for (size_t back = 1; back <= NEIGHBOURS && back <= kept; back++) {
		struct tf_rung before = tf_ladder_rung(p, kept - back);

		if (!may_join(&before))
			break;
		if (before.end == r.end)
			return is_one_with(&before, &r, grain) ? kept - back : SIZE_MAX;
	}
	return SIZE_MAX;
}

/* Tell neighbours together all over P, up to GRAIN segments at a time. */
static void
thin(struct tf_pending *p, size_t grain)
{
	size_t count = tf_ladder_count(p), kept = 0;

	for (size_t i = 0; i < count; i++) {
		struct tf_rung r = tf_ladder_rung(p, i), before;
		size_t with = neighbour(p, i, kept, grain);

		if (with == SIZE_MAX) {
			set_rung(p, kept++, &r);
			continue;
		}
		before = tf_ladder_rung(p, with);
		join(&before, &r);
		set_rung(p, with, &before);
	}
	p->lines.len = kept * sizeof(struct tf_rung);
}

/* Make P shorter by a quarter, as finely as that goes: the grain is the same all over, so the shape stays. */
static void
thin_enough(struct tf_pending *p, size_t most)
{
	if (p->run == 0)
		p->run = 2;
	for (;;) {
		thin(p, p->run);
		if (tf_ladder_count(p) <= most - most / 4 || p->run >= COARSEST)
			return;
		p->run *= 2;
	}
}

/* ---- keeping ---------------------------------------------------------------------------- */

/* Make P shorter where it is full and may be thinned.  True where there is room now. */
static bool
has_room(const struct tf_ladder *l, struct tf_pending *p)
{
	size_t most = l->most > 0 ? l->most : MOST_RUNGS;

	if (tf_ladder_count(p) < most)
		return true;
	if (l->folding != TF_LADDER_THIN)
		return false;
	/* A ladder that hardly gets shorter would be gone through for each segment. */
	if (p->lost_lines % (most / 8 + 1) == 0)
		thin_enough(p, most);
	return tf_ladder_count(p) < most;
}

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
	if (!has_room(l, p) || !tf_pending_room(&l->pending, before)) {
		p->lost_lines++;
		return true;
	}
	tf_pending_append(p, r, sizeof *r);
	tf_pending_account(&l->pending, p, before);
	if (p->lines.error != 0)
		return false;
	if (l->folding != TF_LADDER_FOLD)
		return true;
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
	    .ts_ns = t->ts_ns,
	    .packet = t->packet,
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
	    .ts_ns = s->ts_ns,
	    .packet = s->packet,
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
