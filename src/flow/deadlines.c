/*
 * When connections want to be looked at, and what happens then.  The wheel
 * may look too early: it asks again when a deadline is, and files it there.
 */
#include "flow/flow.h"

int64_t
tf_next_deadline(const struct tf_analyzer *a, const struct tf_connection *c)
{
	int64_t next = tf_connection_next(&a->ctx, c);
	int64_t detect = tf_detect_next(&a->ctx, c), held = tf_held_next(a, c);

	if (detect < next)
		next = detect;
	return held < next ? held : next;
}

/* Established and ordinary, it only waits to become idle: that is later than what it is filed under. */
static bool
only_idles(const struct tf_analyzer *a, const struct tf_connection *c, uint32_t index)
{
	return !c->closing && tf_end_state(&c->end[TF_CLIENT]) == TF_ESTABLISHED &&
	       tf_end_state(&c->end[TF_SERVER]) == TF_ESTABLISHED &&
	       tf_wheel_deadline(&a->wheel, index) <= c->last_ts_ns + a->config.timer[TF_TIMER_IDLE];
}

void
tf_look_again(struct tf_analyzer *a, uint32_t index)
{
	const struct tf_connection *c = tf_connection_at(a, index);

	if (!only_idles(a, c, index))
		tf_wheel_file(&a->wheel, index, tf_next_deadline(a, c));
}

void
tf_choose_looks(struct tf_analyzer *a)
{
	static const enum tf_timer opening[] = {TF_TIMER_SYN_SENT, TF_TIMER_SYN_RECEIVED, TF_TIMER_IDLE};
	static const enum tf_timer closing[] = {TF_TIMER_TIME_WAIT, TF_TIMER_FIN_WAIT_2, TF_TIMER_CLOSE_WAIT};

	a->look_open_ns = INT64_MAX;
	a->look_close_ns = TF_FIN_PATIENCE_NS;
	for (size_t i = 0; i < sizeof opening / sizeof opening[0]; i++)
		if (a->config.timer[opening[i]] < a->look_open_ns)
			a->look_open_ns = a->config.timer[opening[i]];
	for (size_t i = 0; i < sizeof closing / sizeof closing[0]; i++)
		if (a->config.timer[closing[i]] < a->look_close_ns)
			a->look_close_ns = a->config.timer[closing[i]];
}

/* Let *SINCE be TIME where that is earlier; TIME 0: there was none. */
static inline void
go_back_to(int64_t *since_ns, int64_t time_ns)
{
	if (time_ns && time_ns < *since_ns)
		*since_ns = time_ns;
}

void
tf_look_after_time_wait(struct tf_analyzer *a, uint32_t index)
{
	const struct tf_closing *k = tf_closing_if(&a->ctx, tf_connection_at(a, index));
	int64_t since_ns = a->ctx.now_ns;

	for (int e = 0; e < 2; e++) {
		go_back_to(&since_ns, k->time_wait_ns[e]);
		go_back_to(&since_ns, k->time_wait_early_ns[e]);
	}
	tf_wheel_move(&a->wheel, index, since_ns + a->config.timer[TF_TIMER_TIME_WAIT]);
}

/* A connection waits for a dozen things at a time.  What comes up for one and the same time more often than that is not
 * noticed by whoever asked for it, and would come up for ever. */
enum { MOST_AGAIN = 64 };
#define MUCH_LATER_NS INT64_C(1000000000)

/* The next deadline of connection INDEX, or of no connection (0), after MET, which is none of the wheel's now: one before
 * NOW has its turn in this run. */
static void
go_on(struct tf_analyzer *a, uint32_t index, const struct tf_due *met, int64_t now_ns)
{
	if (!index)
		return;
	const struct tf_connection *c = tf_connection_at(a, index);
	struct tf_due next = {tf_next_deadline(a, c), c->conn, index, 0};

	if (next.conn == met->conn && next.deadline_ns <= met->deadline_ns)
		next.again = met->again + 1;
	if (next.deadline_ns >= now_ns) {
		tf_look_again(a, index);
	} else if (next.again > MOST_AGAIN) {
		tf_wheel_file(&a->wheel, index, now_ns + MUCH_LATER_NS);
	} else {
		tf_wheel_remove(&a->wheel, index);
		tf_wheel_due(&a->wheel, next);
	}
}

/* The deadline DUE of a connection has come: ctx->now_ns shows it, in a run of all before NOW. */
static void
meet_deadline(struct tf_analyzer *a, const struct tf_due *due, int64_t now_ns)
{
	struct tf_connection *c = tf_connection_at(a, due->index);

	tf_shape_forget(c);
	if (tf_held_next(a, c) <= a->ctx.now_ns) {
		go_on(a, tf_held_deadline(a, due->index), due, now_ns);
		return;
	}
	tf_connection_deadline(&a->ctx, c);
	tf_detect_deadline(&a->ctx, c);
	if (!tf_connection_settled(&a->ctx, c))
		go_on(a, due->index, due, now_ns);
	else if (c->flags & TF_CONN_HOLDS_SYN)
		/* The former connection is over, so nobody is left to refuse the SYN. */
		go_on(a, tf_held_deadline(a, due->index), due, now_ns);
	else
		tf_table_end(a, due->index, TF_GONE_CLOSED);
}

/* Ask the processor for what will be due next.  Of the first one the connection was asked for when it was the second or
 * third, so that its close can be, and its place in the index, which it may be about to leave. */
TF_PREFETCHES void
ask_for_next(const struct tf_analyzer *a)
{
	const struct tf_wheel *w = &a->wheel;
	const struct tf_connection *c = w->due_count > 0 ? tf_connection_at(a, w->due[0].index) : NULL;

	if (c && c->conn == w->due[0].conn) {
		tf_value_prefetch_closing(a, w->due[0].index);
		tf_index_prefetch(&a->index, tf_connection_hash(a, c));
	}
	for (size_t i = 1; i < 3 && i < w->due_count; i++)
		tf_value_prefetch(a, w->due[i].index);
}

static void
run_deadlines(struct tf_analyzer *a, int64_t now_ns)
{
	struct tf_due due;

	if (!tf_wheel_maybe_due(&a->wheel, now_ns))
		return;
	a->ctx.packet = 0;
	while (tf_wheel_maybe_due(&a->wheel, now_ns) && tf_wheel_collect(&a->wheel, now_ns)) {
		while (tf_wheel_pop(&a->wheel, now_ns, &due)) {
			ask_for_next(a);
			if (tf_connection_at(a, due.index)->conn != due.conn)
				continue; /* it went while it waited here */
			int64_t looked_ns = due.deadline_ns;
			due.deadline_ns = tf_next_deadline(a, tf_connection_at(a, due.index));
			if (due.deadline_ns >= now_ns) {
				tf_wheel_file(&a->wheel, due.index, due.deadline_ns);
			} else if (due.deadline_ns > looked_ns) {
				due.again = 0;
				tf_wheel_push(&a->wheel, due);
			} else {
				/* The clock never goes back, though a deadline was found late. */
				if (due.deadline_ns > a->ctx.now_ns)
					a->ctx.now_ns = due.deadline_ns;
				meet_deadline(a, &due, now_ns);
			}
		}
	}
}

/* All that runs out before NOW. */
static void
run_limits(struct tf_analyzer *a, int64_t now_ns)
{
	tf_embryos_due(a, now_ns);
	run_deadlines(a, now_ns);
	if (now_ns > a->ctx.now_ns)
		a->ctx.now_ns = now_ns;
}

static void
forget_graves(struct tf_analyzer *a)
{
	if (a->graveyard.count && a->ctx.now_ns >= a->tombstone_due_ns)
		tf_tombstone_expire(a);
}

/* Where something is told at the end of a grave, it has its turn among the deadlines. */
static int64_t
next_stop(const struct tf_analyzer *a)
{
	int64_t stop_ns = tf_embryos_stop(a);

	return a->graveyard.waiting.used && a->tombstone_due_ns < stop_ns ? a->tombstone_due_ns : stop_ns;
}

void
tf_run_clock(struct tf_analyzer *a, int64_t now_ns)
{
	forget_graves(a);
	for (int64_t stop_ns; (stop_ns = next_stop(a)) < now_ns;) {
		run_limits(a, stop_ns);
		forget_graves(a);
	}
	run_limits(a, now_ns);
	forget_graves(a);
}
