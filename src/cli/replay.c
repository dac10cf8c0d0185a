/*
 * The loop: parcels from the intake into the analyzer, with one thread or
 * two; the clock of the capture moved on by the wall clock where a live
 * line is silent, and by what is known of the capture's end.  What a
 * segment means is the analyzer's business.
 */
#include "cli/replay.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "cli/intake.h"
#include "cli/terminal.h"
#include "tcpfsm/analyzer.h"

#define NS_PER_SECOND INT64_C(1000000000)

/* A packet may wait that long in the kernel before we see it: the wall clock counts only beyond. */
#define LIVE_SLACK_NS NS_PER_SECOND

struct replay {
	const struct tf_options *options;
	struct tf_capture *capture;
	struct tf_outputs *outputs;
	struct tf_analyzer *analyzer;
	struct tf_intake intake;
	struct tf_parcel parcel;                     /* with one thread */
	struct tf_pipeline *pipeline;                /* with two */
	int64_t started_ns, flushed_ns, reported_ns; /* monotonic; live only */
};

static int64_t
now_ns(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

static void
use_parcel(struct replay *r, const struct tf_parcel *parcel)
{
	if (parcel->count > 0)
		tf_analyzer_feed(r->analyzer, parcel->segment, parcel->count);
	if (parcel->end == TF_PARCEL_CLOCK)
		tf_analyzer_advance(r->analyzer, parcel->clock_ns);
	else if (parcel->end == TF_PARCEL_ICMP)
		tf_analyzer_icmp(r->analyzer, &parcel->icmp);
}

static void
report_live(struct replay *r, int64_t now)
{
	const struct tf_stats *stats = tf_analyzer_stats(r->analyzer);
	uint64_t findings = 0;
	for (size_t i = 0; i < TF_ANOMALY_COUNT; i++)
		findings += stats->anomalies[i];
	tf_complain("after %" PRId64 " s: %" PRIu64 " packets, %" PRIu64 " TCP segments, %" PRIu64
	            " connections (%" PRIu64 " now), %" PRIu64 " findings",
	            (now - r->started_ns) / NS_PER_SECOND, tf_capture_frames(r->capture), stats->segments,
	            stats->connections, stats->live, findings);
	r->reported_ns = now;
}

/* What a live capture does between batches.  False where --for is over. */
static bool
live_tick(struct replay *r, int frames)
{
	int64_t now = now_ns(CLOCK_MONOTONIC);
	if (frames == TF_CAPTURE_IDLE) {
		int64_t quiet_ns = now_ns(CLOCK_REALTIME) - LIVE_SLACK_NS;
		if (r->intake.any_frame && quiet_ns > r->intake.clock_ns)
			tf_analyzer_advance(r->analyzer, quiet_ns);
	}
	if (frames == TF_CAPTURE_IDLE || now - r->flushed_ns >= NS_PER_SECOND) {
		tf_outputs_flush(r->outputs);
		r->flushed_ns = now;
	}
	if (r->options->report_ns && now - r->reported_ns >= r->options->report_ns)
		report_live(r, now);
	return !r->options->for_ns || now - r->started_ns < r->options->for_ns;
}

/* What reading files does between batches. */
static void
file_tick(struct replay *r, int frames)
{
	uint64_t consumed, total;
	tf_capture_progress(r->capture, &consumed, &total);
	tf_progress(consumed, total, tf_capture_frames(r->capture));
	/* A pipe that gave less than was wanted may be somebody's live capture. */
	if (total == 0 && frames < TF_PARCEL_SEGMENTS)
		tf_outputs_flush(r->outputs);
}

/* ---- one thread ------------------------------------------------------------ */

static struct tf_parcel *
use_at_once(void *context)
{
	struct replay *r = context;

	use_parcel(r, &r->parcel);
	return &r->parcel;
}

static void
read_alone(struct replay *r)
{
	bool go_on = true;
	int frames;

	r->intake.ship = use_at_once;
	r->intake.parcel = &r->parcel;
	while (go_on && (frames = tf_intake_read(&r->intake)) != TF_CAPTURE_END) {
		if (r->options->interface)
			go_on = live_tick(r, frames);
		else
			file_tick(r, frames);
		go_on = go_on && !tf_outputs_all_failed(r->outputs);
	}
}

/* ---- two: one reads and decodes, the other does everything that has state ---- */

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
	r->intake.parcel = tf_pipeline_empty(r->pipeline);
	while (tf_intake_read(&r->intake) != TF_CAPTURE_END) {
		tf_capture_progress(r->capture, &consumed, &total);
		tf_progress(consumed, total, tf_capture_frames(r->capture));
	}
	tf_pipeline_close(r->pipeline);
	return NULL;
}

/* The signals that end the program are for the thread that was there first. */
static bool
start_reader(struct replay *r, pthread_t *thread)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	bool started = pthread_create(thread, NULL, reader, r) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

static bool
read_together(struct replay *r)
{
	const struct tf_parcel *parcel;
	pthread_t thread;

	r->pipeline = tf_pipeline_new();
	if (!r->pipeline || !start_reader(r, &thread)) {
		tf_pipeline_free(r->pipeline);
		return false;
	}
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

/* Only where a file is read from end to end: what comes over a pipe or from
 * a wire is to be seen at once. */
static bool
wants_two(const struct replay *r)
{
	uint64_t consumed, total;

	tf_capture_progress(r->capture, &consumed, &total);
	return r->options->threads > 1 && !r->options->interface && total > 0;
}

static void
read_all(struct replay *r)
{
	if (!wants_two(r) || !read_together(r))
		read_alone(r);
	tf_progress_end();
}

/* When the capture ended, as far as anybody says so. */
static void
advance_to_end(struct replay *r)
{
	const struct tf_options *o = r->options;
	int64_t end = r->intake.clock_ns;
	if (o->end_known) {
		if (!o->end_relative)
			end = o->end_ns;
		else if (o->end_ns <= INT64_MAX - r->intake.clock_ns)
			end = r->intake.clock_ns + o->end_ns;
	} else if (o->max_packets == 0) {
		for (size_t i = 0; i < tf_capture_source_count(r->capture); i++) {
			const struct tf_capture_source *s = tf_capture_source(r->capture, i);
			if (s->end_known && s->end_ns > end)
				end = s->end_ns;
		}
	}
	if (r->intake.any_frame)
		tf_analyzer_advance(r->analyzer, end);
}

static void
announce_sources(struct replay *r)
{
	for (size_t i = 0; i < tf_capture_source_count(r->capture); i++) {
		const struct tf_capture_source *s = tf_capture_source(r->capture, i);
		struct tf_capture_info info = {
		    .source = s->name,
		    .linktype = s->linktype,
		    .snaplen = s->snaplen,
		    .nanoseconds = strcmp(s->resolution, "ns") == 0,
		};
		tf_outputs_capture(r->outputs, &info);
	}
}

/* Complain about each fault of the input; the first one, or NULL. */
static const char *
input_faults(struct replay *r)
{
	const char *first = NULL;
	for (size_t i = 0; i < tf_capture_source_count(r->capture); i++) {
		const struct tf_capture_source *s = tf_capture_source(r->capture, i);
		if (!s->failed)
			continue;
		tf_complain("%s", s->error);
		first = first ? first : s->error;
	}
	return first;
}

/* Packets that the kernel lost, over all sources that say so; -1: none does. */
static int64_t
kernel_drops(struct replay *r)
{
	int64_t dropped = -1;
	for (size_t i = 0; i < tf_capture_source_count(r->capture); i++) {
		const struct tf_capture_source *s = tf_capture_source(r->capture, i);
		if (s->dropped_known)
			dropped = (dropped < 0 ? 0 : dropped) + (int64_t)s->dropped;
	}
	return dropped;
}

/* The first source that lost packets, or NULL. */
static const char *
losing_source(struct replay *r)
{
	for (size_t i = 0; i < tf_capture_source_count(r->capture); i++) {
		const struct tf_capture_source *s = tf_capture_source(r->capture, i);
		if (s->dropped_known && s->dropped > 0)
			return s->name;
	}
	return NULL;
}

static void
judge_capture(struct replay *r)
{
	int64_t dropped = kernel_drops(r);
	struct tf_capture_facts facts = {
	    .name = losing_source(r),
	    .frames = tf_capture_frames(r->capture),
	    .dropped = dropped > 0 ? (uint64_t)dropped : 0,
	    .cut = r->intake.cut,
	    .snap_length = r->intake.snap_length,
	};
	tf_analyzer_judge_capture(r->analyzer, &facts);
}

static void
summarize(struct replay *r, const char *input_error)
{
	const struct tf_decoder_stats *wire = tf_decoder_stats(r->intake.decoder);
	const struct tf_stats *stats = tf_analyzer_stats(r->analyzer);
	struct tf_skipped skipped[TF_SKIP_COUNT + 1];
	struct tf_summary summary = {
	    .packets = tf_capture_frames(r->capture),
	    .tcp_segments = wire->segments,
	    .connections = stats->connections,
	    .dropped_by_kernel = kernel_drops(r),
	    .skipped = skipped,
	    .skipped_count = TF_SKIP_COUNT + 1,
	    .duplicate_frames = stats->duplicate_frames,
	    .bad_checksums = stats->bad_checksums,
	    .time_backwards = stats->time_backwards,
	    .time_backwards_max_ns = stats->time_backwards_max_ns,
	    .evicted = stats->evicted,
	    .first_ts_ns = r->intake.first_ns,
	    .last_ts_ns = r->intake.clock_ns,
	    .input_error = input_error,
	};
	for (int i = 0; i < TF_SKIP_COUNT; i++)
		skipped[i] = (struct tf_skipped){
		    .name = tf_skip_name((enum tf_skip)i),
		    .count = wire->skipped[i],
		    .what = tf_skip_meaning((enum tf_skip)i),
		};
	skipped[TF_SKIP_COUNT] = (struct tf_skipped){
	    .name = "filtered",
	    .count = summary.packets - wire->frames,
	    .what = "rejected by the filter",
	};
	for (size_t i = 0; i < TF_ANOMALY_COUNT; i++)
		summary.anomalies[i] = stats->anomalies[i];
	tf_outputs_finish(r->outputs, &summary);
}

static bool
wants_hosts(const struct tf_options *o)
{
	for (size_t i = 0; i < o->output_count; i++)
		if (strcmp(o->output[i].format, "json") == 0)
			return true;
	return o->hosts;
}

static bool
replay_with(struct replay *r)
{
	announce_sources(r);
	r->started_ns = r->flushed_ns = r->reported_ns = now_ns(CLOCK_MONOTONIC);
	read_all(r);
	advance_to_end(r);
	tf_analyzer_finish(r->analyzer);
	judge_capture(r);
	if (wants_hosts(r->options))
		tf_analyzer_hosts(r->analyzer, tf_outputs_host, r->outputs);
	const char *error = input_faults(r);
	summarize(r, error);
	return error == NULL;
}

bool
tf_replay(const struct tf_options *options, struct tf_capture *capture, struct tf_outputs *outputs,
          struct tf_dump *dump)
{
	/* Some 50 KiB, and one run at a time. */
	static struct replay r;
	r = (struct replay){.options = options, .capture = capture, .outputs = outputs};
	r.intake = (struct tf_intake){.options = options, .capture = capture, .dump = dump, .context = &r};
	r.intake.decoder = tf_decoder_new(&TF_DECODER_DEFAULTS);
	r.analyzer = tf_analyzer_new(&options->config, tf_outputs_sink(outputs));
	bool fine = false;
	if (r.intake.decoder && r.analyzer)
		fine = replay_with(&r);
	else
		tf_complain("out of memory");
	tf_analyzer_free(r.analyzer);
	tf_decoder_free(r.intake.decoder);
	return fine;
}
