/*
 * The queues of embryos: whose limit runs out next.
 *
 * Each is a ring of runs.  One whose embryo is no more stays until its turn
 * comes, or until the ring is full and half of it is so.
 */
#include "flow/arena.h"
#include "flow/flow.h"

/* ---- runs ---------------------------------------------------------------------------- */

static int64_t
due_of(const struct tf_analyzer *a, const struct tf_embryo *e, int which)
{
	if (which == TF_AWAITS_ANSWER)
		return e->first_ts_ns + a->config.timer[TF_TIMER_SYN_SENT];
	return e->first_ts_ns + (int64_t)e->handshake_ns + a->config.timer[TF_TIMER_SYN_RECEIVED];
}

/* An entry of a queue: the number, and the place.  With this bit in the place it is of a run of two or more, and how many
 * says the next entry. */
#define RUN_BIT UINT32_C(0x80000000)

static uint64_t *
entry_at(const struct tf_embryo_queue *q, size_t i)
{
	return &q->entry[(q->head + i) & (q->room - 1)];
}

static uint64_t
entry_of(uint32_t conn, uint32_t place)
{
	return (uint64_t)conn << 32 | place;
}

static size_t
entries_of(const struct tf_embryo_run *run)
{
	return run->count > 1 ? 2 : 1;
}

/* The run that begins at the entry AT, which may be behind all entries: then it is the last one. */
static struct tf_embryo_run
run_at(const struct tf_embryo_queue *q, size_t at)
{
	if (at >= q->used)
		return q->last;
	uint64_t entry = *entry_at(q, at);
	uint32_t count = (uint32_t)entry & RUN_BIT ? (uint32_t)*entry_at(q, at + 1) : 1;
	return (struct tf_embryo_run){(uint32_t)(entry >> 32), (uint32_t)entry & ~RUN_BIT, count};
}

/* The one at place AT of RUN; NULL where it is no more.  What was answered meanwhile stands in both queues. */
static struct tf_embryo *
still_there(const struct tf_analyzer *a, struct tf_embryo_run run, uint32_t at)
{
	struct tf_embryo *e = tf_embryo_at(a, run.place + at);

	return e->conn && (uint32_t)e->conn == run.conn + at ? e : NULL;
}

static struct tf_embryo *
first_of(const struct tf_analyzer *a, const struct tf_embryo_queue *q)
{
	return still_there(a, run_at(q, 0), 0);
}

static void
drop_entry(struct tf_embryo_queue *q)
{
	q->head = (q->head + 1) & (q->room - 1);
	q->used--;
}

static void
pass_over_first(struct tf_embryo_queue *q)
{
	struct tf_embryo_run run = run_at(q, 0);

	q->count--;
	if (!q->used) {
		q->last = (struct tf_embryo_run){run.conn + 1, run.place + 1, run.count - 1};
	} else if (run.count <= 2) {
		drop_entry(q);
		if (run.count == 2)
			*entry_at(q, 0) = entry_of(run.conn + 1, run.place + 1);
	} else {
		*entry_at(q, 0) = entry_of(run.conn + 1, (run.place + 1) | RUN_BIT);
		*entry_at(q, 1) = run.count - 1;
	}
}

/* Pass over those that are no more, and see when the first is due. */
static __attribute__((noinline)) void
settle_head(struct tf_analyzer *a, int which)
{
	struct tf_embryo_queue *q = &a->embryo_queue[which];

	while (q->count && !first_of(a, q))
		pass_over_first(q);
	q->due_ns = q->count ? due_of(a, first_of(a, q), which) : INT64_MAX;
	a->embryo_due_ns = a->embryo_queue[0].due_ns;
	if (a->embryo_queue[1].due_ns < a->embryo_due_ns)
		a->embryo_due_ns = a->embryo_queue[1].due_ns;
}

/* The last run of Q does not go on: it is an entry like the others.  False where there is no room. */
static bool
file_last(struct tf_embryo_queue *q)
{
	const struct tf_embryo_run *run = &q->last;

	if (q->used + entries_of(run) > q->room)
		return false;
	*entry_at(q, q->used++) = entry_of(run->conn, run->count > 1 ? run->place | RUN_BIT : run->place);
	if (run->count > 1)
		*entry_at(q, q->used++) = run->count;
	return true;
}

static inline bool
goes_on(const struct tf_embryo_run *last, uint32_t conn, uint32_t place)
{
	return last->conn + last->count == conn && last->place + last->count == place;
}

/* One more at the end of Q, if it goes on with the last run, or there is room. */
static inline bool
append(struct tf_embryo_queue *q, uint32_t conn, uint32_t place)
{
	struct tf_embryo_run *last = &q->last;

	if (goes_on(last, conn, place)) {
		last->count++;
	} else {
		if (last->count && !file_last(q))
			return false;
		*last = (struct tf_embryo_run){conn, place, 1};
	}
	q->count++;
	return true;
}

/* ---- room for them ------------------------------------------------------------------- */

/* Do half of those that wait in Q wait no more?  Each embryo stands in it once. */
static bool
is_worth_clearing(const struct tf_analyzer *a, const struct tf_embryo_queue *q)
{
	return q->count / 2 >= a->embryos.used;
}

/* To TO, which has room for each of them alone, goes what still waits in Q. */
static void
move_waiting(const struct tf_analyzer *a, struct tf_embryo_queue *to, const struct tf_embryo_queue *q)
{
	struct tf_embryo_run run;

	for (size_t i = 0; i <= q->used; i += entries_of(&run)) {
		run = run_at(q, i);
		for (uint32_t at = 0; at < run.count; at++)
			if (still_there(a, run, at))
				(void)append(to, run.conn + at, run.place + at);
	}
}

/* All of it goes to TO, which has several times the room: what is wanted first is cleared at once. */
static void
move_all(struct tf_embryo_queue *to, const struct tf_embryo_queue *q)
{
	(void)tf_arena_touch(to->entry, 2 * q->used * sizeof *to->entry);
	for (size_t i = 0; i < q->used; i++)
		to->entry[i] = *entry_at(q, i);
	to->used = q->used;
	to->last = q->last;
	to->count = q->count;
}

static void
free_ring(uint64_t *ring, size_t room)
{
	tf_arena_free(ring, room, sizeof *ring);
}

/* Room for more; Q is full.  Where many of it are no more, runs fall into pieces, but into no more than embryos are left.
 * To ask the kernel for a ring each time would stop both threads. */
static __attribute__((noinline, cold)) bool
make_room(struct tf_analyzer *a, struct tf_embryo_queue *q)
{
	bool clearing = is_worth_clearing(a, q);
	size_t least = clearing ? 2 * (size_t)a->embryos.used : q->room + 1;
	struct tf_embryo_queue to = {.room = q->room ? q->room : 1024, .due_ns = q->due_ns};

	while (to.room < least)
		to.room *= 4;
	bool same = to.room == q->room;
	to.entry = same && q->other ? q->other : tf_arena_new(to.room, sizeof *to.entry);
	if (!to.entry)
		return false;
	if (clearing)
		move_waiting(a, &to, q);
	else
		move_all(&to, q);
	if (same) {
		to.other = q->entry;
	} else {
		free_ring(q->entry, q->room);
		free_ring(q->other, q->room);
	}
	*q = to;
	return true;
}

static __attribute__((noinline)) bool
begin_run(struct tf_analyzer *a, int which, uint32_t conn, uint32_t place)
{
	struct tf_embryo_queue *q = &a->embryo_queue[which];

	if (!append(q, conn, place) && !(make_room(a, q) && append(q, conn, place)))
		return false;
	if (q->count == 1)
		settle_head(a, which);
	return true;
}

bool
tf_embryo_queue_up(struct tf_analyzer *a, int which, uint32_t place)
{
	struct tf_embryo_queue *q = &a->embryo_queue[which];
	uint32_t conn = (uint32_t)tf_embryo_at(a, place)->conn;

	if (!q->count || !goes_on(&q->last, conn, place))
		return begin_run(a, which, conn, place);
	q->last.count++;
	q->count++;
	return true;
}

/* ---- when limits run out ---------------------------------------------------------------- */

/* Where one of a queue stands: in a run. */
struct spot {
	struct tf_embryo_run run;
	uint32_t at;
};

/* Of the one STEPS behind the first of Q, which holds more than that; or nearer, where many runs come before it. */
static struct spot
look_ahead(const struct tf_embryo_queue *q, uint32_t steps)
{
	enum { MOST_RUNS = 16 };
	struct spot s = {run_at(q, 0), steps};
	size_t entry = 0;

	for (int runs = 1; s.at >= s.run.count; runs++) {
		if (runs == MOST_RUNS)
			return (struct spot){s.run, 0};
		entry += entries_of(&s.run);
		s.at -= s.run.count;
		s.run = run_at(q, entry);
	}
	return s;
}

/* Ask the processor for what those that are next in Q need: the embryo, and then its place in the index. */
TF_PREFETCHES void
ask_for_next(const struct tf_analyzer *a, const struct tf_embryo_queue *q)
{
	enum { FAR = 15, NEAR = 8 };

	if (q->count <= FAR)
		return;
	struct spot far = look_ahead(q, FAR), near = look_ahead(q, NEAR);
	const struct tf_embryo *e = still_there(a, near.run, near.at);
	tf_prefetch_lines(tf_embryo_at(a, far.run.place + far.at), sizeof *e);
	if (e)
		tf_index_prefetch(&a->index, tf_embryo_hash(a, e));
}

int64_t
tf_embryos_stop(const struct tf_analyzer *a)
{
	enum { SOME = 1024 };
	int64_t stop_ns = INT64_MAX;

	for (int which = 0; which < TF_EMBRYO_QUEUES; which++) {
		const struct tf_embryo_queue *q = &a->embryo_queue[which];
		if (q->count <= SOME)
			continue;
		struct spot s = look_ahead(q, SOME);
		const struct tf_embryo *e = still_there(a, s.run, s.at);
		if (e && due_of(a, e, which) < stop_ns)
			stop_ns = due_of(a, e, which) + 1;
	}
	return stop_ns;
}

void
tf_embryos_due(struct tf_analyzer *a, int64_t now_ns)
{
	for (int which = 0; which < TF_EMBRYO_QUEUES; which++) {
		struct tf_embryo_queue *q = &a->embryo_queue[which];
		/* The first one may have grown since it was looked at. */
		for (settle_head(a, which); q->due_ns < now_ns; settle_head(a, which)) {
			ask_for_next(a, q);
			uint32_t index = tf_embryo_grow(a, run_at(q, 0).place | TF_EMBRYO_BIT);
			const struct tf_connection *c = tf_connection_at(a, index);
			/* The limit of the other queue may be the sooner one. */
			tf_wheel_due(&a->wheel, (struct tf_due){tf_next_deadline(a, c), c->conn, index, 0});
		}
	}
}

void
tf_embryos_free(struct tf_analyzer *a)
{
	for (int which = 0; which < TF_EMBRYO_QUEUES; which++) {
		free_ring(a->embryo_queue[which].entry, a->embryo_queue[which].room);
		free_ring(a->embryo_queue[which].other, a->embryo_queue[which].room);
	}
}
