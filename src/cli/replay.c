/*
 * The loop.  It knows in which order things are fed: segments in batches,
 * the clock of the capture by every frame that passes (not only by TCP), by
 * the wall clock where a live line is silent, and by what is known of the
 * capture's end.  What a segment means is the analyzer's business.
 */
#include "cli/replay.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "cli/terminal.h"
#include "tcpfsm/analyzer.h"
#include "wire/decode.h"

enum { BATCH = 256 };

#define NS_PER_SECOND INT64_C(1000000000)

/* A packet may wait that long in the kernel before we see it: the wall clock counts only beyond. */
#define LIVE_SLACK_NS NS_PER_SECOND

struct replay {
	const struct tf_options *options;
	struct tf_capture *capture;
	struct tf_outputs *outputs;
	struct tf_dump *dump; /* NULL: none */
	struct tf_decoder *decoder;
	struct tf_analyzer *analyzer;

	size_t waiting; /* segments decoded and not yet fed */
	struct tf_segment segment[BATCH];
	struct tf_frame frame[BATCH];

	bool any_frame;
	int64_t first_ns, clock_ns; /* least and greatest time of a frame; with any_frame */
	uint64_t cut;         /* frames of which the end was not captured */
	uint32_t snap_length; /* octets of the longest of them */
	bool clock_waits; /* clock_ns was set by a frame that is no segment: the analyzer is to hear of it */

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
feed(struct replay *r)
{
	if (r->waiting > 0)
		tf_analyzer_feed(r->analyzer, r->segment, r->waiting);
	r->waiting = 0;
}

/* Feed what waits, then tell the analyzer the time of a frame that it did not get. */
static void
feed_and_advance(struct replay *r)
{
	feed(r);
	if (r->clock_waits)
		tf_analyzer_advance(r->analyzer, r->clock_ns);
	r->clock_waits = false;
}

static void
note_time(struct replay *r, int64_t ts_ns, bool is_segment)
{
	if (!r->any_frame) {
		r->first_ns = ts_ns;
		r->clock_ns = ts_ns;
		r->any_frame = true;
	}
	if (ts_ns < r->first_ns)
		r->first_ns = ts_ns;
	if (ts_ns >= r->clock_ns) {
		r->clock_ns = ts_ns;
		r->clock_waits = !is_segment;
	}
}

static void
take_segment(struct replay *r)
{
	/* A segment from before the clock must meet an analyzer that knows the clock. */
	if (r->clock_waits && r->segment[r->waiting].ts_ns < r->clock_ns) {
		struct tf_segment late = r->segment[r->waiting];
		feed_and_advance(r);
		r->segment[0] = late;
	}
	note_time(r, r->segment[r->waiting].ts_ns, true);
	r->waiting++;
	if (r->waiting == BATCH || tf_decoder_payload_is_own(r->decoder))
		feed(r);
}

static void
note_cut(struct replay *r, const struct tf_frame *frame)
{
	r->cut++;
	if (frame->caplen > r->snap_length)
		r->snap_length = frame->caplen;
}

static void
take_frame(struct replay *r, const struct tf_frame *frame)
{
	if (r->dump)
		tf_dump_frame(r->dump, frame);
	if (frame->caplen < frame->len)
		note_cut(r, frame);
	enum tf_wire_result result = tf_decoder_frame(r->decoder, frame, &r->segment[r->waiting]);
	if (result == TF_WIRE_SEGMENT)
		take_segment(r);
	else
		note_time(r, frame->ts_ns, false);
	if (result == TF_WIRE_ICMP_ERROR) {
		feed(r);
		tf_analyzer_icmp(r->analyzer, tf_decoder_icmp_error(r->decoder));
	}
}

/* How many frames to ask for: 0 where -c has been reached. */
static size_t
frames_wanted(const struct replay *r)
{
	uint64_t most = r->options->max_packets;
	uint64_t taken = tf_decoder_stats(r->decoder)->frames;
	if (most == 0 || most - taken > BATCH)
		return BATCH;
	return (size_t)(most - taken);
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
		if (r->any_frame && quiet_ns > r->clock_ns)
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
	if (total == 0 && frames < BATCH)
		tf_outputs_flush(r->outputs);
}

static void
read_all(struct replay *r)
{
	size_t wanted;
	bool go_on = true;
	while (go_on && (wanted = frames_wanted(r)) > 0) {
		int frames = tf_capture_batch(r->capture, r->frame, wanted);
		if (frames == TF_CAPTURE_END)
			break;
		for (int i = 0; i < frames; i++)
			take_frame(r, &r->frame[i]);
		feed_and_advance(r);
		if (r->options->interface)
			go_on = live_tick(r, frames);
		else
			file_tick(r, frames);
		go_on = go_on && !tf_outputs_all_failed(r->outputs);
	}
	tf_progress_end();
}

/* When the capture ended, as far as anybody says so. */
static void
advance_to_end(struct replay *r)
{
	const struct tf_options *o = r->options;
	int64_t end = r->clock_ns;
	if (o->end_known) {
		if (!o->end_relative)
			end = o->end_ns;
		else if (o->end_ns <= INT64_MAX - r->clock_ns)
			end = r->clock_ns + o->end_ns;
	} else if (o->max_packets == 0) {
		for (size_t i = 0; i < tf_capture_source_count(r->capture); i++) {
			const struct tf_capture_source *s = tf_capture_source(r->capture, i);
			if (s->end_known && s->end_ns > end)
				end = s->end_ns;
		}
	}
	if (r->any_frame && end > r->clock_ns)
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
	    .cut = r->cut,
	    .snap_length = r->snap_length,
	};
	tf_analyzer_judge_capture(r->analyzer, &facts);
}

static void
summarize(struct replay *r, const char *input_error)
{
	const struct tf_decoder_stats *wire = tf_decoder_stats(r->decoder);
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
	    .first_ts_ns = r->first_ns,
	    .last_ts_ns = r->clock_ns,
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
	/* Some 60 KiB, and one run at a time. */
	static struct replay r;
	r = (struct replay){.options = options, .capture = capture, .outputs = outputs, .dump = dump};
	r.decoder = tf_decoder_new(&TF_DECODER_DEFAULTS);
	r.analyzer = tf_analyzer_new(&options->config, tf_outputs_sink(outputs));
	bool fine = false;
	if (r.decoder && r.analyzer)
		fine = replay_with(&r);
	else
		tf_complain("out of memory");
	tf_analyzer_free(r.analyzer);
	tf_decoder_free(r.decoder);
	return fine;
}
