/*
 * Which edges of the state diagram a capture travelled: see diagram.h.
 *
 * Steps wait for their connection's record, because only then is known what
 * was taken back, which packets prove a finding, and whether the connection
 * is one of those asked for.  Where there is no room to wait they are
 * counted at once, and it is said how many were.
 */
#include "output/picture/diagram.h"
#include "output/style.h"

/* A step, or a packet that proves a finding. */
struct step {
	uint64_t packet; /* 0: a timer's */
	int8_t edge;     /* -1: a packet alone */
	uint8_t end, from, to;
};

static struct step
step_at(const struct tf_pending *p, size_t i)
{
	struct step s;

	memcpy(&s, p->lines.data + i * sizeof s, sizeof s);
	return s;
}

static size_t
step_count(const struct tf_pending *p)
{
	return p->lines.len / sizeof(struct step);
}

static void
count_now(struct tf_travel *t, const struct step *s)
{
	if (s->edge < 0)
		return;
	t->count[s->edge][s->end]++;
	t->unsure++;
}

static bool
wait(struct tf_travel *t, uint64_t conn, int64_t ts_ns, const struct step *s)
{
	struct tf_pending *p = tf_pending_get(&t->waiting, conn, ts_ns);
	size_t before;

	if (p == NULL)
		return false;
	before = p->lines.cap;
	if (!tf_pending_room(&t->waiting, sizeof *p + before)) {
		count_now(t, s);
		return true;
	}
	tf_pending_append(p, s, sizeof *s);
	tf_pending_account(&t->waiting, p, before);
	return p->lines.error == 0;
}

/* Take back the last steps of S's end, until it is again where S leads. */
static void
take_back(struct tf_pending *p, const struct step *s)
{
	size_t kept = step_count(p);
	bool back = false;

	for (size_t i = step_count(p); i-- > 0 && !back;) {
		struct step old = step_at(p, i);

		if (old.edge < 0 || old.end != s->end)
			continue;
		back = old.from == s->to;
		memmove(p->lines.data + i * sizeof old, p->lines.data + (i + 1) * sizeof old,
		        (kept - i - 1) * sizeof old);
		kept--;
	}
	p->lines.len = kept * sizeof *s;
}

static bool
on_transition(struct tf_travel *t, const struct tf_transition *m)
{
	struct step s = {
	    .packet = m->packet,
	    .edge = (int8_t)tf_edge_of(m->from, m->to, m->rule),
	    .end = m->endpoint == TF_SERVER,
	    .from = (uint8_t)m->from,
	    .to = (uint8_t)m->to,
	};
	struct tf_pending *p;

	if (tf_pending_has_come(&t->waiting, m->conn))
		return true;
	if (m->basis == TF_RETRACTED) {
		p = tf_pending_find(&t->waiting, m->conn);
		if (p != NULL)
			take_back(p, &s);
		return true;
	}
	t->others += s.edge < 0;
	return s.edge < 0 || wait(t, m->conn, m->ts_ns, &s);
}

/* The packets that prove something worse than an info colour their steps. */
static bool
on_finding(struct tf_travel *t, const struct tf_finding *f)
{
	if (f->conn == 0 || f->severity == TF_INFO || tf_pending_has_come(&t->waiting, f->conn))
		return true;
	for (size_t i = 0; i < f->packet_count; i++) {
		struct step s = {.packet = f->packets[i], .edge = -1};

		if (!wait(t, f->conn, f->ts_ns, &s))
			return false;
	}
	return true;
}

static bool
proves_finding(const struct tf_pending *p, uint64_t packet)
{
	for (size_t i = 0; i < step_count(p); i++) {
		struct step s = step_at(p, i);

		if (packet != 0 && s.edge < 0 && s.packet == packet)
			return true;
	}
	return false;
}

static void
count_steps(struct tf_travel *t, const struct tf_pending *p)
{
	t->connections++;
	for (size_t i = 0; i < step_count(p); i++) {
		struct step s = step_at(p, i);
		bool bad;

		if (s.edge < 0)
			continue;
		bad = proves_finding(p, s.packet);
		t->count[s.edge][s.end]++;
		t->bad[s.edge][s.end] += bad;
		if (t->numbered && t->step_count < TF_MAX_STEPS) {
			t->step[t->step_count].edge = (uint8_t)s.edge;
			t->step[t->step_count].end = s.end;
			t->step[t->step_count++].bad = bad;
		}
	}
}

static bool
on_record(struct tf_travel *t, const struct tf_output_options *options, const struct tf_connection_record *r)
{
	struct tf_pending *p = tf_pending_find(&t->waiting, r->conn);

	if (!tf_pending_set_come(&t->waiting, r->conn))
		return false;
	if (p == NULL)
		return true;
	if (tf_filter_record(&options->filter, r))
		count_steps(t, p);
	tf_pending_drop(&t->waiting, p);
	return true;
}

bool
tf_travel_event(struct tf_travel *t, const struct tf_output_options *options, const struct tf_event *e)
{
	const unsigned counted = TF_EV_TRANSITION | TF_EV_FINDING | TF_EV_CONNECTION;

	if ((e->kind & counted) == 0)
		return true;
	t->numbered = options->filter.conn_count == 1;
	if (!tf_filter_conn(&options->filter, tf_event_conn(e)))
		return true;
	switch (e->kind) {
	case TF_EV_TRANSITION:
		return on_transition(t, e->transition);
	case TF_EV_FINDING:
		return on_finding(t, e->finding);
	case TF_EV_CONNECTION:
		return on_record(t, options, e->connection);
	case TF_EV_BRIEF:
	case TF_EV_POSSIBLE:
	case TF_EV_SEGMENT:
		break;
	}
	return true;
}

void
tf_travel_fini(struct tf_travel *t)
{
	tf_pending_fini(&t->waiting);
}
