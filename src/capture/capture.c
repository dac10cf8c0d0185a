/*
 * Putting the parts together: opening, batches, numbers, the filter,
 * stopping.  What a file or an interface is like, the parts know.
 */
#include "capture/capture.h"

#include <assert.h>
#include <fcntl.h>
#include <limits.h>
#include <pcap/pcap.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/filter.h"
#include "capture/live.h"
#include "capture/merge.h"

enum {
	BUFFER_ONE_FILE = 128 << 10, /* with what the kernel copies from, it fits a second-level cache */
	BUFFER_MANY_FILES = 256 << 10,
	LINKTYPE_ETHERNET = 1,
};

struct tf_capture {
	uint64_t frames;       /* the number of the last frame */
	atomic_bool is_broken; /* tf_capture_break was called */
	int wake[2];           /* a pipe: its first end becomes readable then */

	bool is_live;
	struct tf_live live;

	struct tf_input *inputs;
	size_t count;
	struct tf_merge merge; /* of more than one */
	bool has_filter, has_rejected;
	int64_t rejected_first_ns, rejected_last_ns; /* of the frames that the filter rejected */
	struct tf_filter filter;                     /* files: live the kernel filters */
};

static bool
open_wake(struct tf_capture *c)
{
	if (pipe(c->wake) != 0) {
		c->wake[0] = c->wake[1] = -1;
		return false;
	}
	for (int i = 0; i < 2; i++) {
		fcntl(c->wake[i], F_SETFD, FD_CLOEXEC);
		fcntl(c->wake[i], F_SETFL, O_NONBLOCK);
	}
	return true;
}

static struct tf_input_options
input_options(const struct tf_capture *c, const struct tf_capture_options *options)
{
	return (struct tf_input_options){
	    .through_libpcap = options->through_libpcap,
	    .wake_fd = c->wake[0],
	    .capacity = options->file_count > 1 ? BUFFER_MANY_FILES : BUFFER_ONE_FILE,
	    .may_map = options->file_count == 1,
	};
}

static enum tf_capture_status
out_of_memory(char message[TF_CAPTURE_MESSAGE_SIZE])
{
	snprintf(message, TF_CAPTURE_MESSAGE_SIZE, "out of memory");
	return TF_CAPTURE_FAILED;
}

static enum tf_capture_status
open_files(struct tf_capture *c, const struct tf_capture_options *options,
           char message[TF_CAPTURE_MESSAGE_SIZE])
{
	struct tf_input_options how = input_options(c, options);
	c->inputs = calloc(options->file_count, sizeof(*c->inputs));
	if (!c->inputs || !tf_merge_init(&c->merge, options->file_count, &how))
		return out_of_memory(message);
	c->count = options->file_count;
	for (size_t i = 0; i < c->count; i++)
		tf_input_open(&c->inputs[i], options->files[i], i);
	for (size_t i = 0; i < c->count; i++) {
		tf_input_begin(&c->inputs[i], &how);
		if (c->count > 1 && !c->inputs[i].finished)
			tf_merge_add(&c->merge, &c->inputs[i]);
	}
	return TF_CAPTURE_OK;
}

/* Whether the expression compiles for any link type that is known by now; for Ethernet where
 * none is. */
static bool
try_filter(struct tf_capture *c)
{
	bool tried = false, compiles = false;
	for (size_t i = 0; i < c->count; i++) {
		const struct tf_capture_source *info = &c->inputs[i].source.info;
		for (size_t k = 0; k < info->linktype_count; k++) {
			compiles = tf_filter_prepare(&c->filter, info->linktypes[k]) || compiles;
			tried = true;
		}
	}
	return tried ? compiles : tf_filter_prepare(&c->filter, LINKTYPE_ETHERNET);
}

static enum tf_capture_status
open_filter(struct tf_capture *c, const char *expression, char message[TF_CAPTURE_MESSAGE_SIZE])
{
	if (!expression)
		return TF_CAPTURE_OK;
	tf_filter_init(&c->filter, expression);
	c->has_filter = true;
	if (try_filter(c))
		return TF_CAPTURE_OK;
	memcpy(message, c->filter.message, TF_CAPTURE_MESSAGE_SIZE);
	return TF_CAPTURE_BAD_FILTER;
}

static enum tf_capture_status
open_parts(struct tf_capture *c, const struct tf_capture_options *options,
           char message[TF_CAPTURE_MESSAGE_SIZE])
{
	if (!open_wake(c)) {
		snprintf(message, TF_CAPTURE_MESSAGE_SIZE, "out of file descriptors");
		return TF_CAPTURE_FAILED;
	}
	if (c->is_live)
		return tf_live_open(&c->live, options, c->wake[0], message);
	enum tf_capture_status status = open_files(c, options, message);
	return status == TF_CAPTURE_OK ? open_filter(c, options->filter, message) : status;
}

enum tf_capture_status
tf_capture_open(struct tf_capture **capture, const struct tf_capture_options *options,
                char message[TF_CAPTURE_MESSAGE_SIZE])
{
	assert((options->files && options->file_count > 0) != (options->interface != NULL));
	*capture = NULL;
	message[0] = '\0';
	struct tf_capture *c = calloc(1, sizeof(*c));
	if (!c)
		return out_of_memory(message);
	c->is_live = options->interface != NULL;
	c->wake[0] = c->wake[1] = -1;
	enum tf_capture_status status = open_parts(c, options, message);
	if (status == TF_CAPTURE_OK)
		*capture = c;
	else
		tf_capture_close(c);
	return status;
}

void
tf_capture_close(struct tf_capture *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->count; i++)
		tf_input_close(&c->inputs[i]);
	free(c->inputs);
	tf_merge_fini(&c->merge);
	tf_filter_fini(&c->filter);
	tf_live_close(&c->live);
	for (int i = 0; i < 2; i++)
		if (c->wake[i] >= 0)
			close(c->wake[i]);
	free(c);
}

/* Such a frame is not analysed, but it shows how long the capture lasted. */
static void
note_rejected(struct tf_capture *c, int64_t ts_ns)
{
	if (!c->has_rejected || ts_ns < c->rejected_first_ns)
		c->rejected_first_ns = ts_ns;
	if (!c->has_rejected || ts_ns > c->rejected_last_ns)
		c->rejected_last_ns = ts_ns;
	c->has_rejected = true;
}

static bool
passes(struct tf_capture *c, struct tf_capture_source *source, const struct tf_frame *frame)
{
	enum tf_filter_verdict verdict = tf_filter_test(&c->filter, frame);
	source->filtered += verdict != TF_FILTER_PASS;
	if (verdict != TF_FILTER_PASS)
		note_rejected(c, frame->ts_ns);
	source->unfilterable += verdict == TF_FILTER_IMPOSSIBLE;
	return verdict == TF_FILTER_PASS;
}

/* Numbers the frames, and keeps those that pass; returns how many. */
static size_t
keep(struct tf_capture *c, struct tf_capture_source *source, struct tf_frame *frames, size_t count)
{
	size_t kept = 0;
	for (size_t i = 0; i < count; i++)
		frames[i].packet = ++c->frames;
	if (!c->has_filter)
		return count;
	for (size_t i = 0; i < count; i++)
		if (passes(c, source, &frames[i]))
			frames[kept++] = frames[i];
	return kept;
}

static int
batch_one_file(struct tf_capture *c, struct tf_frame *frames, size_t max)
{
	struct tf_input *in = &c->inputs[0];
	enum tf_read_status status;
	while (!in->finished && !atomic_load(&c->is_broken)) {
		if (in->must_fill)
			tf_reader_fill(&in->reader);
		size_t n = tf_reader_frames(&in->reader, frames, max, &status);
		in->must_fill = status == TF_READ_MORE;
		in->finished = status == TF_READ_END || status == TF_READ_FAILED;
		n = keep(c, &in->source.info, frames, n);
		if (n > 0)
			return (int)n;
	}
	return TF_CAPTURE_END;
}

static int
batch_merged(struct tf_capture *c, struct tf_frame *frames, size_t max)
{
	struct tf_input *from;
	size_t n = 0;
	while (n < max && !atomic_load(&c->is_broken)) {
		if (tf_merge_next(&c->merge, n == 0, &frames[n], &from) != TF_READ_OK)
			break;
		n += keep(c, &from->source.info, &frames[n], 1);
	}
	return n > 0 ? (int)n : TF_CAPTURE_END;
}

int
tf_capture_batch(struct tf_capture *c, struct tf_frame *frames, size_t max)
{
	assert(max > 0);
	if (max > INT_MAX)
		max = INT_MAX;
	bool is_broken = atomic_load(&c->is_broken);
	if (!c->is_live && is_broken)
		return TF_CAPTURE_END;
	if (!c->is_live)
		return c->count == 1 ? batch_one_file(c, frames, max) : batch_merged(c, frames, max);
	int n = tf_live_batch(&c->live, frames, max, is_broken);
	for (int i = 0; i < n; i++)
		frames[i].packet = ++c->frames;
	return n;
}

bool
tf_capture_rejected(const struct tf_capture *c, int64_t *first_ns, int64_t *last_ns)
{
	*first_ns = c->rejected_first_ns;
	*last_ns = c->rejected_last_ns;
	return c->has_rejected;
}

void
tf_capture_break(struct tf_capture *c)
{
	atomic_store(&c->is_broken, true);
	/* Full means that it is readable already. */
	ssize_t ignored = write(c->wake[1], "", 1);
	(void)ignored;
}

int
tf_capture_descriptor(const struct tf_capture *c)
{
	return c->is_live ? pcap_fileno(c->live.handle) : -1;
}

size_t
tf_capture_source_count(const struct tf_capture *c)
{
	return c->is_live ? 1 : c->count;
}

const struct tf_capture_source *
tf_capture_source(struct tf_capture *c, size_t index)
{
	assert(index < tf_capture_source_count(c));
	if (!c->is_live)
		return &c->inputs[index].source.info;
	tf_live_update_drops(&c->live);
	return &c->live.source.info;
}

bool
tf_capture_may_change(const struct tf_capture *c)
{
	return !c->is_live && c->count == 1 && tf_stream_is_untouched(&c->inputs[0].reader.stream);
}

void
tf_capture_take_help(struct tf_capture *c, bool helps)
{
	if (!c->is_live && c->count == 1)
		tf_stream_take_help(&c->inputs[0].reader.stream, helps);
}

struct tf_read_ahead *
tf_capture_ahead(struct tf_capture *c)
{
	return !c->is_live && c->count == 1 ? &c->inputs[0].reader.ahead : NULL;
}

uint64_t
tf_capture_frames(const struct tf_capture *c)
{
	return c->frames;
}

void
tf_capture_progress(const struct tf_capture *c, uint64_t *consumed, uint64_t *total)
{
	bool is_known = !c->is_live;
	*consumed = *total = 0;
	for (size_t i = 0; i < c->count; i++) {
		*consumed += tf_input_consumed(&c->inputs[i]);
		*total += c->inputs[i].size;
		is_known = is_known && (c->inputs[i].is_regular || c->inputs[i].fd < 0);
	}
	if (!is_known)
		*total = 0;
}

const char *
tf_capture_library_version(void)
{
	return pcap_lib_version();
}
