/*
 * Between two batches: see watch.h.
 */
#include "cli/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/signals.h"
#include "cli/tally.h"
#include "cli/terminal.h"
#include "output/status.h"

#define NS_PER_SECOND INT64_C(1000000000)

/* A packet may wait that long in the kernel before we see it: the wall clock counts only beyond. */
#define LIVE_SLACK_NS NS_PER_SECOND

#define KEYS_EVERY_NS (NS_PER_SECOND / 20)
#define KEYS_WAIT_MS  200

#define METRICS_EVERY_NS (15 * NS_PER_SECOND)

/* Rows of the table that SIGUSR1 shows: more would not be read, and frames wait meanwhile. */
#define MOST_ROWS 1000

static int64_t
now_ns(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

/* ---- reports --------------------------------------------------------------- */

static void
gather(struct tf_watch *w, struct tf_status *s, struct tf_skipped skipped[TF_TALLY_SKIPPED])
{
	tf_tally_skipped(skipped, w->capture, w->intake->decoder);
	*s = (struct tf_status){
	    .version = PACKAGE_VERSION,
	    .source = tf_capture_source(w->capture, 0)->name,
	    .started_ns = w->started_ns,
	    .running_ns = now_ns(CLOCK_MONOTONIC) - w->begun_ns,
	    .last_ns = w->intake->clock_ns,
	    .packets = tf_capture_frames(w->capture),
	    .dropped = tf_tally_drops(w->capture),
	    .stats = tf_analyzer_stats(w->analyzer),
	    .skipped = skipped,
	    .skipped_count = TF_TALLY_SKIPPED,
	};
	tf_analyzer_count(w->analyzer, &s->table);
}

static void
report(struct tf_watch *w)
{
	struct tf_skipped skipped[TF_TALLY_SKIPPED];
	struct tf_status status;
	struct tf_buf b;
	gather(w, &status, skipped);
	tf_buf_init(&b, STDERR_FILENO);
	tf_put_status(&b, &status, "tcpfsm: ");
	tf_buf_flush(&b);
	tf_buf_fini(&b);
}

struct row {
	uint64_t conn;
	size_t begin, end; /* in the text */
};

struct rows {
	struct tf_buf text;
	int64_t now_ns;
	size_t count;
	struct row row[MOST_ROWS];
};

static bool
add_row(void *context, const struct tf_connection_record *r)
{
	struct rows *rows = context;
	struct row *row = &rows->row[rows->count++];
	row->conn = r->conn;
	row->begin = rows->text.len;
	tf_put_status_row(&rows->text, r, rows->now_ns);
	row->end = rows->text.len;
	return rows->count < MOST_ROWS;
}

static int
by_number(const void *p, const void *q)
{
	const struct row *a = p, *b = q;
	return a->conn < b->conn ? -1 : a->conn > b->conn;
}

/* The table on standard error: the analyzer's clock is behind that of the wall where the line is silent. */
static void
show_table(struct tf_watch *w)
{
	static struct rows rows; /* some room, and one table at a time */
	uint64_t live = tf_analyzer_stats(w->analyzer)->live;
	struct tf_buf out;
	report(w);
	rows.count = 0;
	rows.now_ns = now_ns(CLOCK_REALTIME);
	tf_buf_init(&rows.text, -1);
	tf_buf_init(&out, STDERR_FILENO);
	tf_analyzer_connections(w->analyzer, add_row, &rows);
	qsort(rows.row, rows.count, sizeof *rows.row, by_number);
	if (rows.count > 0)
		tf_put_status_heading(&out);
	for (size_t i = 0; i < rows.count && !rows.text.error; i++)
		tf_put(&out, rows.text.data + rows.row[i].begin, rows.row[i].end - rows.row[i].begin);
	if (live > rows.count) {
		tf_put_lit(&out, "... and ");
		tf_put_grouped(&out, live - rows.count);
		tf_put_lit(&out, " more\n");
	}
	tf_buf_flush(&out);
	tf_buf_fini(&out);
	tf_buf_fini(&rows.text);
}

/* ---- metrics ---------------------------------------------------------------- */

/* 0, or an errno; so below. */
static int
write_metrics(struct tf_watch *w, int fd)
{
	struct tf_skipped skipped[TF_TALLY_SKIPPED];
	struct tf_status status;
	struct tf_buf b;
	gather(w, &status, skipped);
	tf_buf_init(&b, fd);
	tf_put_metrics(&b, &status);
	int error = tf_buf_flush(&b);
	tf_buf_fini(&b);
	return error;
}

static int
replace_metrics(struct tf_watch *w)
{
	const char *name = w->options->metrics_file;
	struct tf_keeper *keeper = &w->guard->keeper;
	int fd = tf_keeper_open_beside(keeper, name);
	if (fd < 0)
		return errno;
	int error = write_metrics(w, fd);
	if (close(fd) != 0 && !error)
		error = errno;
	if (error)
		tf_keeper_drop(keeper, name);
	else if (!tf_keeper_put(keeper, name))
		error = errno;
	return error;
}

/* A fault that lasts is told once. */
static void
measure(struct tf_watch *w)
{
	bool replaced = tf_metrics_are_replaced(w->options);
	int error = replaced ? replace_metrics(w) : write_metrics(w, STDOUT_FILENO);
	if (error && !w->metrics_fail)
		tf_complain("%s: %s", replaced ? w->options->metrics_file : "standard output",
		            strerror(error));
	w->metrics_fail = error != 0;
}

/* ---- files anew -------------------------------------------------------------- */

static void
reopen(struct tf_watch *w)
{
	struct tf_capture_info info = tf_tally_source(tf_capture_source(w->capture, 0));
	tf_outputs_reopen(w->outputs, &w->guard->keeper, &info);
	tf_packets_reopen(w->packets, &w->guard->keeper);
}

/* ---- small things ---------------------------------------------------------------- */

static void
say_drops(struct tf_watch *w)
{
	int64_t dropped = w->drops_said ? 0 : tf_tally_drops(w->capture);
	if (dropped <= 0)
		return;
	tf_complain(
	    "the kernel lost packets, %lld so far: a larger buffer (-B), a shorter snap length (-s) or a "
	    "narrower filter helps",
	    (long long)dropped);
	tf_analyzer_note_drops(w->analyzer, (uint64_t)dropped);
	w->drops_said = true;
}

static void
flush(struct tf_watch *w)
{
	tf_outputs_flush(w->outputs);
	tf_packets_flush(w->packets);
}

/* On a silent line the clock of the capture is that of the wall. */
static void
let_time_pass(struct tf_watch *w)
{
	int64_t quiet_ns = now_ns(CLOCK_REALTIME) - LIVE_SLACK_NS;
	if (!w->intake->any_frame || quiet_ns <= w->intake->clock_ns)
		return;
	tf_analyzer_advance(w->analyzer, quiet_ns);
	w->passed_ns = quiet_ns;
}

/* Nothing is written across the screen. */
static bool
may_report(const struct tf_watch *w)
{
	return !w->screen || !isatty(STDERR_FILENO);
}

static void
answer_signals(struct tf_watch *w)
{
	if (tf_signals_status() && may_report(w))
		show_table(w);
	if (tf_signals_reopen())
		reopen(w);
}

/* Is it time again, EVERY after *LAST? */
static bool
due(int64_t *last, int64_t now, int64_t every)
{
	if (every == 0 || now - *last < every)
		return false;
	*last = now;
	return true;
}

/* ---- the screen --------------------------------------------------------------- */

static void
show(struct tf_watch *w, const struct tf_analyzer *a, int64_t now)
{
	struct tf_skipped skipped[TF_TALLY_SKIPPED];
	struct tf_status status;
	gather(w, &status, skipped);
	tf_screen_show(w->screen, &status, a, now);
}

/* The more there is to sort and draw, the rarer: at most a tenth of the time goes into it. */
static void
show_now(struct tf_watch *w)
{
	int64_t begun = now_ns(CLOCK_MONOTONIC);
	show(w, w->analyzer, w->options->interface ? now_ns(CLOCK_REALTIME) : w->intake->clock_ns);
	w->shown_ns = now_ns(CLOCK_MONOTONIC);
	w->show_every_ns = (w->shown_ns - begun) * 10;
	if (w->show_every_ns < NS_PER_SECOND)
		w->show_every_ns = NS_PER_SECOND;
}

void
tf_watch_screen(struct tf_watch *w)
{
	int64_t now = now_ns(CLOCK_MONOTONIC);
	if (due(&w->keyed_ns, now, KEYS_EVERY_NS) && !tf_screen_keys(w->screen, 0))
		tf_capture_break(w->capture);
	if (tf_screen_wants_news(w->screen) && (!w->shown_ns || now - w->shown_ns >= w->show_every_ns))
		show_now(w);
}

void
tf_watch_stay(struct tf_watch *w)
{
	show(w, NULL, w->intake->clock_ns);
	while (!tf_signals_ended() && tf_screen_keys(w->screen, KEYS_WAIT_MS))
		;
}

/* ---- the tick ---------------------------------------------------------------- */

void
tf_watch_begin(struct tf_watch *w)
{
	w->started_ns = now_ns(CLOCK_REALTIME);
	w->begun_ns = w->looked_ns = w->reported_ns = w->measured_ns = now_ns(CLOCK_MONOTONIC);
}

void
tf_watch_tick(struct tf_watch *w, int frames)
{
	const struct tf_options *o = w->options;
	int64_t now = now_ns(CLOCK_MONOTONIC);
	bool second = due(&w->looked_ns, now, NS_PER_SECOND);
	if (frames == TF_CAPTURE_IDLE)
		let_time_pass(w);
	if (frames == TF_CAPTURE_IDLE || second)
		flush(w);
	if (second)
		say_drops(w);
	answer_signals(w);
	if (due(&w->reported_ns, now, o->report_ns) && may_report(w))
		report(w);
	if (o->metrics_file && due(&w->measured_ns, now, o->report_ns ? o->report_ns : METRICS_EVERY_NS))
		measure(w);
	if (w->screen)
		tf_watch_screen(w);
	if (o->for_ns && now - w->begun_ns >= o->for_ns)
		tf_capture_break(w->capture);
}

bool
tf_watch_end(struct tf_watch *w)
{
	if (w->options->metrics_file)
		measure(w);
	return !w->metrics_fail;
}
