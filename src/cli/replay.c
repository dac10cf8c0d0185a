/*
 * The loop: parcels from the intake into the analyzer, with one thread or
 * two; between batches what is due (watch.h), and at the end what is known
 * of the capture's.  What a segment means is the analyzer's business.
 */
#include "cli/replay.h"

#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/again.h"
#include "cli/intake.h"
#include "cli/tally.h"
#include "cli/terminal.h"
#include "cli/watch.h"
#include "tcpfsm/analyzer.h"

/* What a second thread could do, as what was read and what is left show. */
enum share { NOTHING, ANALYSIS, MAPPING };

struct replay {
	const struct tf_options *options;
	struct tf_capture *capture;
	struct tf_outputs *outputs;
	struct tf_analyzer *analyzer;
	struct tf_stats stats; /* the analyzer's last word, which outlives it */
	struct tf_intake intake;
	struct tf_parcel parcel;      /* with one thread */
	struct tf_pipeline *pipeline; /* with two */
	enum share shared;            /* what a second one was wanted for last */
	struct tf_watch watch;
	char faults[TF_CAPTURE_MESSAGE_SIZE + 80]; /* of several inputs, for the reports */
};

/* The parcel's segments from FROM on, up to END: there may be none between two marks. */
static void
use_segments(struct replay *r, const struct tf_parcel *parcel, size_t from, size_t end)
{
	if (from < end)
		tf_analyzer_feed(r->analyzer, &parcel->segment[from], end - from);
}

static void
use_mark(struct replay *r, const struct tf_parcel_mark *mark)
{
	if (mark->kind == TF_PARCEL_CLOCK)
		tf_analyzer_advance(r->analyzer, mark->clock_ns);
	else
		tf_analyzer_icmp(r->analyzer, &mark->icmp);
}

static void
use_parcel(struct replay *r, const struct tf_parcel *parcel)
{
	size_t used = 0;

	for (const struct tf_parcel_mark *mark = parcel->mark; mark < parcel->mark + parcel->mark_count;
	     mark++) {
		use_segments(r, parcel, used, mark->after);
		use_mark(r, mark);
		used = mark->after;
	}
	use_segments(r, parcel, used, parcel->count);
}

/* What reading files does between batches. */
static void
file_tick(struct replay *r, int frames)
{
	uint64_t consumed, total;
	if (r->watch.screen)
		tf_watch_screen(&r->watch);
	tf_capture_progress(r->capture, &consumed, &total);
	tf_progress(consumed, total, tf_capture_frames(r->capture));
	/* A pipe that gave less than was wanted may be somebody's live capture. */
	if (total == 0 && frames < TF_PARCEL_SEGMENTS)
		tf_outputs_flush(r->outputs);
}

static int64_t
monotonic_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* Some memory that is soon wanted: whether there was any. */
static bool
supply(void *context)
{
	struct replay *r = context;

	return tf_analyzer_supply(r->analyzer, monotonic_ns);
}

/* ---- one thread ------------------------------------------------------------ */

static struct tf_parcel *
use_at_once(void *context)
{
	struct replay *r = context;

	tf_analyzer_prepare(r->analyzer, r->parcel.segment, r->parcel.count);
	use_parcel(r, &r->parcel);
	while (supply(r))
		;
	r->parcel.count = 0;
	r->parcel.mark_count = 0;
	return &r->parcel;
}

/* ---- two: one reads and decodes, the other does everything that has state ---- */

static void
prepare(void *context, struct tf_parcel *parcel)
{
	struct replay *r = context;

	tf_analyzer_prepare(r->analyzer, parcel->segment, parcel->count);
}

static struct tf_parcel *
pass_on(void *context)
{
	struct replay *r = context;

	tf_pipeline_ship(r->pipeline);
	return tf_pipeline_empty(r->pipeline);
}

static void *
reader(void *context)
{
	struct replay *r = context;
	uint64_t consumed, total;

	r->intake.ship = pass_on;
	r->intake.frames_go = true;
	r->intake.parcel = tf_pipeline_empty(r->pipeline);
	while (tf_intake_read(&r->intake) != TF_CAPTURE_END) {
		tf_capture_progress(r->capture, &consumed, &total);
		tf_progress(consumed, total, tf_capture_frames(r->capture));
	}
	tf_pipeline_close(r->pipeline);
	return NULL;
}

/* The signals that end the program are for the thread that was there first.  That of a torn window is for who looks
 * through it: a process that blocks it is killed. */
static bool
start_reader(struct replay *r, pthread_t *thread)
{
	sigset_t others, before;

	sigfillset(&others);
	sigdelset(&others, SIGBUS);
	pthread_sigmask(SIG_SETMASK, &others, &before);
	bool started = pthread_create(thread, NULL, reader, r) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

static bool
read_together(struct replay *r)
{
	const struct tf_parcel *parcel;
	pthread_t thread;

	r->pipeline = tf_pipeline_new(prepare, supply, r);
	if (!r->pipeline || !start_reader(r, &thread)) {
		tf_pipeline_free(r->pipeline);
		return false;
	}
	tf_analyzer_read_ahead(r->analyzer, NULL);
	while ((parcel = tf_pipeline_next(r->pipeline))) {
		use_parcel(r, parcel);
		tf_pipeline_give_back(r->pipeline);
		if (tf_outputs_all_failed(r->outputs)) {
			tf_pipeline_abandon(r->pipeline);
			break;
		}
	}
	pthread_join(thread, NULL);
	tf_pipeline_free(r->pipeline);
	return true;
}

/* Processors that this process may run on. */
static int
processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

/* Only where a file is read from end to end: what comes over a pipe or from a wire is to be seen at once. */
static bool
may_share(const struct replay *r)
{
	uint64_t consumed, total;

	tf_capture_progress(r->capture, &consumed, &total);
	return !r->options->interface && !r->watch.screen && total > 0;
}

/* ---- one, or one and then two --------------------------------------------------------- */

/* Of large frames the reading itself is nearly all the work, and to pass segments on costs more than the rest. */
static enum share
worth_sharing(const struct replay *r)
{
	enum { ENOUGH_TO_TELL = 1 << 18, ENOUGH_TO_SHARE = 3 << 18, LARGE_FRAME = 768 };
	uint64_t consumed, total;

	tf_capture_progress(r->capture, &consumed, &total);
	if (consumed < ENOUGH_TO_TELL || total < consumed + ENOUGH_TO_SHARE)
		return NOTHING;
	return consumed / LARGE_FRAME < tf_capture_frames(r->capture) ? ANALYSIS : MAPPING;
}

/* Let another processor do what pays, where that has changed; true where nothing is left to read then. */
static bool
share_work(struct replay *r)
{
	enum share what = worth_sharing(r);

	if (what == NOTHING || what == r->shared)
		return false;
	r->shared = what;
	tf_capture_take_help(r->capture, what == MAPPING);
	return what == ANALYSIS && read_together(r);
}

/* To the end, or until there are two, which there may be if OTHERS are free. */
static void
read_alone(struct replay *r, bool others)
{
	int frames;

	r->intake.ship = use_at_once;
	r->intake.parcel = &r->parcel;
	tf_analyzer_read_ahead(r->analyzer, tf_capture_ahead(r->capture));
	while (!tf_outputs_all_failed(r->outputs)) {
		if (others && share_work(r))
			return;
		frames = tf_intake_read(&r->intake);
		if (frames == TF_CAPTURE_END)
			return;
		if (r->options->interface)
			tf_watch_tick(&r->watch, frames);
		else
			file_tick(r, frames);
	}
}

/* With as many threads as were asked for; else with a second one where there is a second processor, and once it pays. */
static void
read_all(struct replay *r)
{
	uint64_t threads = may_share(r) ? r->options->threads : 1;

	if (threads < 2 || !read_together(r))
		read_alone(r, threads == 0 && processors() > 1);
	tf_progress_end();
}

int64_t
tf_capture_end_of(const struct tf_options *o, struct tf_capture *capture, int64_t clock_ns)
{
	int64_t end = clock_ns;
	if (o->end_known) {
		if (!o->end_relative)
			end = o->end_ns;
		else if (o->end_ns <= INT64_MAX - clock_ns)
			end = clock_ns + o->end_ns;
	} else if (o->max_packets == 0) {
		for (size_t i = 0; i < tf_capture_source_count(capture); i++) {
			const struct tf_capture_source *s = tf_capture_source(capture, i);
			if (s->end_known && s->end_ns > end)
				end = s->end_ns;
		}
	}
	return end;
}

static void
advance_to_end(struct replay *r)
{
	const struct tf_options *o = r->options;

	if (r->intake.any_frame && o->end_known && !o->end_relative && o->end_ns < r->intake.clock_ns)
		tf_complain("--end: the capture itself goes on longer than that, so it changes nothing");
	if (r->intake.any_frame)
		tf_analyzer_advance(r->analyzer,
		                    tf_capture_end_of(r->options, r->capture, r->intake.clock_ns));
}

static void
announce_sources(struct replay *r)
{
	for (size_t i = 0; i < tf_capture_source_count(r->capture); i++) {
		struct tf_capture_info info = tf_tally_source(tf_capture_source(r->capture, i));
		tf_outputs_capture(r->outputs, &info);
		tf_analyzer_note_drops(r->analyzer, info.dropped);
	}
}

/* Complain about each fault of the input; for the reports the first one and how many more there are, or NULL. */
static const char *
input_faults(struct replay *r)
{
	const char *first = NULL;
	size_t more = 0;
	for (size_t i = 0; i < tf_capture_source_count(r->capture); i++) {
		const struct tf_capture_source *s = tf_capture_source(r->capture, i);
		if (!s->failed)
			continue;
		tf_complain("%s", s->error);
		more += first != NULL;
		first = first ? first : s->error;
	}
	if (more == 0)
		return first;
	snprintf(r->faults, sizeof r->faults, "%s; %zu more of the inputs could not be read to %s end", first,
	         more, more == 1 ? "its" : "their");
	return r->faults;
}

/* What no frame shows goes along with those that were written: what was lost, and how long it was silent at the end. */
static void
end_packets(struct replay *r)
{
	int64_t dropped = tf_tally_drops(r->capture), clock_ns = r->intake.clock_ns,
	        end_ns = TF_DUMP_END_UNKNOWN;

	if (r->intake.any_frame) {
		int64_t known_ns = tf_capture_end_of(r->options, r->capture, clock_ns);
		int64_t passed_ns = r->watch.passed_ns;
		end_ns = known_ns > passed_ns ? known_ns : passed_ns;
		/* --end may lie before the last frame, and then says nothing. */
		end_ns = end_ns > clock_ns ? end_ns : clock_ns;
	}
	if (dropped >= 0 || end_ns > clock_ns)
		tf_packets_end(r->watch.packets, end_ns, dropped);
}

static void
judge_capture(struct replay *r)
{
	int64_t dropped = tf_tally_drops(r->capture);
	struct tf_capture_facts facts = {
	    .name = tf_tally_loser(r->capture),
	    .frames = tf_capture_frames(r->capture),
	    .dropped = dropped > 0 ? (uint64_t)dropped : 0,
	    .cut = r->intake.cut,
	    .headless = tf_decoder_stats(r->intake.decoder)->headless,
	    .snap_length = r->intake.snap_length,
	    .clock_ns = r->intake.any_frame ? r->intake.clock_ns : 0,
	};
	tf_analyzer_judge_capture(r->analyzer, &facts);
}

/* Let the checks come to their verdict, with what a second reading shows of those that failed. */
static const struct tf_verdict *
judge(struct replay *r, const char *input_error)
{
	struct tf_judge *j = r->outputs->judge;

	tf_judge_finish(j, input_error);
	tf_second_look(r->options, tf_capture_frames(r->capture), j);
	return tf_judge_verdict(j);
}

static void
summarize(struct replay *r, const char *input_error, const struct tf_verdict *verdict)
{
	const struct tf_decoder_stats *wire = tf_decoder_stats(r->intake.decoder);
	const struct tf_stats *stats = &r->stats;
	struct tf_skipped skipped[TF_TALLY_SKIPPED];
	struct tf_summary summary = {
	    .packets = tf_capture_frames(r->capture),
	    .tcp_segments = wire->segments,
	    .connections = stats->connections,
	    .dropped_by_kernel = tf_tally_drops(r->capture),
	    .skipped = skipped,
	    .skipped_count = TF_TALLY_SKIPPED,
	    .duplicate_frames = stats->duplicate_frames,
	    .bad_checksums = stats->bad_checksums,
	    .late_segments = stats->late_segments,
	    .one_way = stats->one_way,
	    .with_gaps = stats->with_gaps,
	    .time_backwards = stats->time_backwards,
	    .time_backwards_max_ns = stats->time_backwards_max_ns,
	    .evicted = stats->evicted,
	    .first_ts_ns = r->intake.first_ns,
	    .last_ts_ns = r->intake.clock_ns,
	    .input_error = input_error,
	    .verdict = verdict,
	    .baseline = tf_known_summary(r->outputs->known),
	};
	tf_tally_skipped(skipped, r->capture, r->intake.decoder);
	for (size_t i = 0; i < TF_ANOMALY_COUNT; i++)
		summary.anomalies[i] = stats->anomalies[i];
	tf_outputs_finish(r->outputs, &summary);
}

static bool
wants_hosts(const struct tf_options *o)
{
	for (size_t i = 0; i < o->output_count; i++)
		if (strcmp(o->output[i].format, "json") == 0 || strcmp(o->output[i].format, "html") == 0)
			return true;
	return o->hosts;
}

/* It has said all; a second look has one of its own, and memory is not for two. */
static void
dismiss_analyzer(struct replay *r)
{
	tf_analyzer_free(r->analyzer);
	r->analyzer = r->watch.analyzer = NULL;
}

/* A picture in a file does not show what it lacks to who looks at the terminal. */
static void
miss_connection(const struct replay *r)
{
	uint64_t conn = r->options->ladder_conn, count = r->stats.connections;

	if (r->options->ladder_file && conn > count)
		tf_complain("--ladder=%" PRIu64 ": there is no such connection, the capture has %" PRIu64,
		            conn, count);
}

static bool
replay_with(struct replay *r, bool *written)
{
	announce_sources(r);
	r->watch.analyzer = r->analyzer;
	tf_watch_begin(&r->watch);
	read_all(r);
	advance_to_end(r);
	end_packets(r);
	tf_analyzer_finish(r->analyzer);
	judge_capture(r);
	if (wants_hosts(r->options))
		tf_analyzer_hosts(r->analyzer, tf_outputs_host, r->outputs);
	const char *error = input_faults(r);
	r->stats = *tf_analyzer_stats(r->analyzer);
	miss_connection(r);
	if (!r->watch.screen && !r->options->metrics_file)
		dismiss_analyzer(r);
	summarize(r, error, judge(r, error));
	*written = tf_watch_end(&r->watch);
	if (r->watch.screen && !r->options->interface)
		tf_watch_stay(&r->watch);
	return error == NULL;
}

struct tf_capture_options
tf_capture_options_of(const struct tf_options *o)
{
	return (struct tf_capture_options){
	    .files = o->files,
	    .file_count = o->file_count,
	    .interface = o->interface,
	    .filter = o->filter,
	    .not_promiscuous = o->not_promiscuous,
	    .snaplen = (int)o->snaplen,
	    .buffer_kib = (int)o->buffer_kib,
	};
}

bool
tf_replay_again(const struct tf_options *options, uint64_t frames, struct tf_sink sink)
{
	/* As in tf_replay(), which is not over. */
	static struct replay r;
	struct tf_capture_options co = tf_capture_options_of(options);
	char message[TF_CAPTURE_MESSAGE_SIZE];
	r = (struct replay){.options = options};
	if (tf_capture_open(&r.capture, &co, message) != TF_CAPTURE_OK)
		return false;
	r.intake = (struct tf_intake){.options = options,
	                              .capture = r.capture,
	                              .context = &r,
	                              .ship = use_at_once,
	                              .parcel = &r.parcel};
	r.intake.decoder = tf_decoder_new_keyed(options->config.hash_key);
	r.analyzer = tf_analyzer_new(&options->config, sink);
	bool fine = r.intake.decoder && r.analyzer;
	while (fine && tf_intake_read(&r.intake) != TF_CAPTURE_END)
		;
	fine = fine && tf_capture_frames(r.capture) >= frames;
	if (fine) {
		advance_to_end(&r);
		tf_analyzer_finish(r.analyzer);
	}
	tf_analyzer_free(r.analyzer);
	tf_decoder_free(r.intake.decoder);
	tf_capture_close(r.capture);
	return fine;
}

bool
tf_replay(const struct tf_options *options, struct tf_capture *capture, struct tf_outputs *outputs,
          struct tf_packets *packets, struct tf_guard *guard, struct tf_screen *screen, bool *written)
{
	/* Some 300 KiB, and one run at a time. */
	static struct replay r;
	r = (struct replay){.options = options, .capture = capture, .outputs = outputs};
	r.intake = (struct tf_intake){.options = options,
	                              .capture = capture,
	                              .dump = packets->dump,
	                              .slices = outputs->slices,
	                              .context = &r};
	r.watch = (struct tf_watch){.options = options,
	                            .capture = capture,
	                            .outputs = outputs,
	                            .packets = packets,
	                            .guard = guard,
	                            .screen = screen,
	                            .intake = &r.intake};
	r.intake.decoder = tf_decoder_new_keyed(options->config.hash_key);
	r.analyzer = tf_analyzer_new(&options->config, tf_outputs_sink(outputs));
	bool fine = false;
	*written = true;
	if (r.intake.decoder && r.analyzer)
		fine = replay_with(&r, written);
	else
		tf_complain("out of memory");
	tf_analyzer_free(r.analyzer);
	tf_decoder_free(r.intake.decoder);
	return fine;
}
