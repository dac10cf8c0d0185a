/*
 * Which edges of the state diagram a capture travelled: see diagram.h.
 *
 * Steps are counted as they are told.  Only at its connection's record is
 * known what was taken back, which packets prove a finding, and whether the
 * connection is one of those asked for: where that changes anything, its
 * trail is read and the account set right.  Where there was no room for a
 * trail it is said how many steps may be wrong.
 */
#include <stdlib.h>

#include "output/picture/diagram.h"
#include "output/style.h"

/* A connection's steps in their order, as far as they are known. */
struct way {
	struct tf_way_step {
		uint64_t packet; /* 0: a timer's */
		uint8_t edge, end, from;
	} * step;
	size_t count, room;
};

static int
edge_of(struct tf_travel *t, const struct tf_transition *m)
{
	struct tf_known_edge *known = &t->known[m->from][m->to];

	if (known->rule != m->rule) {
		known->rule = m->rule;
		known->edge = (int8_t)tf_edge_of(m->from, m->to, m->rule);
	}
	return known->edge;
}

static bool
on_transition(struct tf_travel *t, struct tf_trails *trails, const struct tf_transition *m)
{
	bool fine = true, aborts = false;
	struct tf_pending *p = tf_trail_of(trails, m->conn, tf_transition_cause(m).ts_ns, &fine);
	int edge = -1;
	size_t count;

	if (m->basis != TF_RETRACTED) {
		edge = edge_of(t, m);
		if (edge >= 0) {
			t->count[edge][m->endpoint == TF_SERVER]++;
			aborts = tf_edges(&count)[edge].aborts;
		}
		t->others += edge < 0;
	}
	if (p == NULL) {
		t->unsure += edge >= 0;
		return fine;
	}
	uint64_t lost = p->lost_lines;

	fine = tf_trail_transition(trails, p, m, aborts);
	t->unsure += p->lost_lines - lost;
	return fine;
}

/* Take back the last steps of R's end, until it is again where R leads. */
static void
take_back(struct way *way, const struct tf_rung *r)
{
	size_t kept = way->count;
	bool back = false;

	for (size_t i = way->count; i-- > 0 && !back;) {
		if (way->step[i].end != (r->end == TF_SERVER))
			continue;
		back = way->step[i].from == r->to;
		memmove(&way->step[i], &way->step[i + 1], (kept - i - 1) * sizeof *way->step);
		kept--;
	}
	way->count = kept;
}

static bool
add_step(struct way *way, const struct tf_rung *r, int edge)
{
	if (way->count == way->room) {
		size_t room = way->room > 0 ? way->room * 2 : 16;
		struct tf_way_step *step = realloc(way->step, room * sizeof *step);

		if (step == NULL)
			return false;
		way->step = step;
		way->room = room;
	}
	way->step[way->count++] = (struct tf_way_step){
	    .packet = r->packet, .edge = (uint8_t)edge, .end = r->end == TF_SERVER, .from = r->from};
	return true;
}

/* Read the trail of P into WAY, and take back what was counted of it. */
static bool
uncount(struct tf_travel *t, const struct tf_trails *trails, const struct tf_pending *p, struct way *way)
{
	struct tf_trail_reader reader = {.p = p, .unit_ns = trails->unit_ns};
	struct tf_rung r;

	while (tf_trail_next(&reader, &r)) {
		int edge;

		if (r.kind != TF_RUNG_TRANSITION)
			continue;
		if (r.basis == TF_RETRACTED) {
			take_back(way, &r);
			continue;
		}
		edge = tf_edge_between((enum tf_state)r.from, (enum tf_state)r.to, r.aborts);
		if (edge < 0)
			continue;
		t->count[edge][r.end == TF_SERVER]--;
		if (!add_step(way, &r, edge))
			return false;
	}
	return true;
}

static bool
proves_finding(const struct tf_trails *trails, const struct tf_pending *p, uint64_t packet)
{
	struct tf_trail_reader reader = {.p = p, .unit_ns = trails->unit_ns};
	struct tf_rung r;

	while (packet != 0 && tf_trail_next(&reader, &r))
		if (r.kind == TF_RUNG_PROOF && r.packet == packet)
			return true;
	return false;
}

static void
count_steps(struct tf_travel *t, const struct tf_trails *trails, const struct tf_pending *p,
            const struct way *way)
{
	for (size_t i = 0; i < way->count; i++) {
		const struct tf_way_step *s = &way->step[i];
		bool bad = proves_finding(trails, p, s->packet);

		t->count[s->edge][s->end]++;
		t->bad[s->edge][s->end] += bad;
		if (t->numbered && t->step_count < TF_MAX_STEPS) {
			t->step[t->step_count].edge = s->edge;
			t->step[t->step_count].end = s->end;
			t->step[t->step_count++].bad = bad;
		}
	}
}

bool
tf_travel_record(struct tf_travel *t, const struct tf_trails *trails, const struct tf_pending *p,
                 bool asked_for)
{
	struct way way = {0};
	bool fine = true;

	t->connections += asked_for;
	if (p == NULL || (asked_for && !p->revised && !t->numbered))
		return true;
	fine = uncount(t, trails, p, &way);
	if (asked_for)
		count_steps(t, trails, p, &way);
	free(way.step);
	return fine;
}

bool
tf_travel_event(struct tf_travel *t, struct tf_trails *trails, const struct tf_event *e)
{
	struct tf_pending *p;
	bool fine = true;

	if (e->kind == TF_EV_TRANSITION)
		return on_transition(t, trails, e->transition);
	if (e->kind != TF_EV_FINDING || e->finding->conn == 0)
		return true;
	p = tf_trail_of(trails, e->finding->conn, e->finding->ts_ns, &fine);
	return p == NULL ? fine : tf_trail_finding(trails, p, e->finding);
}
