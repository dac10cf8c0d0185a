/*
 * Slices: whose frames are kept, and when they are cut.  See slices.h.
 */
#include "cli/slices.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/again.h"
#include "cli/replay.h"
#include "cli/slice_file.h"
#include "cli/slice_index.h"
#include "cli/terminal.h"
#include "output/message.h"
#include "wire/decode.h"

enum {
	MOST_SLICES = 1000,
	MOST_OCTETS = 256 << 20, /* of all pools together */
	POOL_OCTETS = 8 << 20,   /* of one pool */
	POOL_LEAST = 128 << 10,  /* of one pool, however many there are */
	RING_FRAMES = 1 << 17,
	RING_OCTETS = 64 << 20,
	FRAMES = 256,   /* a batch of the second reading */
	FRAGMENTS = 64, /* the latest, which may turn out to be a segment's */
};

struct ring {
	struct tf_frame *frame; /* RING_FRAMES of them; NULL: there is no ring */
	size_t first, count;
	size_t octets;
	uint64_t gone; /* frames that had to go */
};

struct tf_slices {
	const struct tf_options *options;
	struct tf_slice *slice;
	size_t count, capacity; /* of slice */
	uint64_t left;          /* findings beyond MOST_SLICES */
	uint64_t last_packet;   /* that the first reading came to */
	struct ring ring;
	uint64_t made, hints; /* slices that show their finding, and that do not */
	char first_hint[TF_SLICE_NAME];
	bool failed; /* a file could not be written */
};

/* ---- the ring ------------------------------------------------------------------------------- */

static void
ring_drop_oldest(struct ring *r)
{
	struct tf_frame *f = &r->frame[r->first];

	r->octets -= f->caplen;
	free((uint8_t *)f->data);
	r->first = (r->first + 1) % RING_FRAMES;
	r->count--;
}

static void
ring_fini(struct ring *r)
{
	while (r->count > 0)
		ring_drop_oldest(r);
	free(r->frame);
}

void
tf_slices_frame(struct tf_slices *s, const struct tf_frame *frame)
{
	struct ring *r = s ? &s->ring : NULL;

	if (!r)
		return;
	s->last_packet = frame->packet;
	if (!r->frame)
		return;
	while (r->count == RING_FRAMES || (r->count > 0 && r->octets + frame->caplen > RING_OCTETS)) {
		ring_drop_oldest(r);
		r->gone++;
	}
	uint8_t *data = malloc(frame->caplen ? frame->caplen : 1);
	if (!data) {
		r->gone++;
		return;
	}
	if (frame->caplen)
		memcpy(data, frame->data, frame->caplen);
	struct tf_frame *place = &r->frame[(r->first + r->count++) % RING_FRAMES];
	*place = *frame;
	place->data = data;
	r->octets += frame->caplen;
}

/* ---- whose is a frame? ----------------------------------------------------------------------- */

/* What a frame is about, as far as slices want to know. */
struct subject {
	struct tf_slice_ends ends;
	unsigned flags; /* of a segment */
	bool is_fragment;
	bool is_whole; /* it completed a datagram of several fragments */
};

static struct subject
subject_of(struct tf_decoder *d, const struct tf_frame *frame)
{
	uint64_t fragments = tf_decoder_stats(d)->skipped[TF_SKIP_FRAGMENT];
	const struct tf_icmp_error *e;
	struct tf_segment s;

	switch (tf_decoder_frame(d, frame, &s)) {
	case TF_WIRE_SEGMENT:
		return (struct subject){.ends = {true, {s.src, s.dst}, {s.src_port, s.dst_port}},
		                        .flags = s.flags,
		                        .is_whole = tf_decoder_payload_is_own(d)};
	case TF_WIRE_ICMP_ERROR:
		e = tf_decoder_icmp_error(d);
		return (struct subject){.ends = {true, {e->src, e->dst}, {e->src_port, e->dst_port}}};
	case TF_WIRE_SKIPPED:
		break;
	}
	return (struct subject){.is_fragment = tf_decoder_stats(d)->skipped[TF_SKIP_FRAGMENT] > fragments};
}

/* Frames on their way to the pools. */
struct sorter {
	struct tf_decoder *decoder;
	struct tf_slice *slice;
	struct tf_slice_index *index;        /* of these slices */
	struct tf_frame fragment[FRAGMENTS]; /* the latest; their data are ours */
	size_t fragments;                    /* seen */
};

static void
keep_fragment(struct sorter *x, const struct tf_frame *frame)
{
	struct tf_frame *place = &x->fragment[x->fragments++ % FRAGMENTS];
	uint8_t *data = malloc(frame->caplen ? frame->caplen : 1);

	free((uint8_t *)place->data);
	*place = *frame;
	place->data = data;
	if (data && frame->caplen)
		memcpy(data, frame->data, frame->caplen);
}

/* The fragments that passed lately: some of them are this segment's, the others are left out when it is cut. */
static void
add_fragments(const struct sorter *x, struct tf_slice *slice)
{
	size_t from = x->fragments > FRAGMENTS ? x->fragments - FRAGMENTS : 0;

	for (size_t i = from; i < x->fragments; i++)
		if (x->fragment[i % FRAGMENTS].data)
			tf_slice_pool_add(&slice->pool, &x->fragment[i % FRAGMENTS], TF_SYN, &slice->target);
}

static void
sort_frame(struct sorter *x, const struct tf_frame *frame)
{
	struct subject s = subject_of(x->decoder, frame);
	const size_t *found;
	size_t count = tf_slice_index_find(x->index, &s.ends, frame->packet, &found);

	for (size_t i = 0; i < count; i++) {
		struct tf_slice *slice = &x->slice[found[i]];
		if (s.is_whole)
			add_fragments(x, slice);
		tf_slice_pool_add(&slice->pool, frame, s.flags, &slice->target);
	}
	if (s.is_fragment)
		keep_fragment(x, frame);
}

static bool
sorter_init(struct sorter *x, const struct tf_options *o, struct tf_slice *slice, size_t count)
{
	*x = (struct sorter){.decoder = tf_decoder_new_keyed(o->config.hash_key),
	                     .slice = slice,
	                     .index = tf_slice_index_new(slice, count, o->config.hash_key)};
	return x->decoder && x->index;
}

static void
sorter_fini(struct sorter *x)
{
	for (size_t i = 0; i < FRAGMENTS; i++)
		free((uint8_t *)x->fragment[i].data);
	tf_slice_index_free(x->index);
	tf_decoder_free(x->decoder);
}

/* ---- findings ---------------------------------------------------------------------------------- */

static void
slice_fini(struct tf_slice *slice)
{
	free(slice->name);
	free(slice->message);
	tf_slice_pool_fini(&slice->pool);
}

static bool
name_is_taken(const struct tf_slices *s, const char *name)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->slice[i].name, name) == 0)
			return true;
	return false;
}

static char *
message_of(const struct tf_finding *f)
{
	struct tf_buf b;
	char *message;

	tf_buf_init(&b, -1);
	tf_put_message(&b, f);
	tf_put_char(&b, '\0');
	message = b.error ? NULL : strdup(b.data);
	tf_buf_fini(&b);
	return message;
}

/* A place for F's slice; NULL where there is none. */
static struct tf_slice *
new_slice(struct tf_slices *s, const struct tf_finding *f)
{
	char name[TF_SLICE_NAME];

	if (s->count == s->capacity) {
		size_t capacity = s->capacity ? s->capacity * 2 : 16;
		struct tf_slice *slice = realloc(s->slice, capacity * sizeof *slice);
		if (!slice)
			return NULL;
		s->slice = slice;
		s->capacity = capacity;
	}
	tf_slice_name(name, f, false);
	if (name_is_taken(s, name))
		tf_slice_name(name, f, true);
	struct tf_slice *slice = &s->slice[s->count];
	*slice = (struct tf_slice){.name = strdup(name), .message = message_of(f)};
	tf_slice_target_of(&slice->target, f);
	if (slice->name && slice->message)
		return &s->slice[s->count++];
	slice_fini(slice);
	return NULL;
}

static void
note_outcome(struct tf_slices *s, struct tf_slice *slice, enum tf_slice_outcome outcome)
{
	slice->made = outcome == TF_SLICE_SHOWS || outcome == TF_SLICE_HINTS;
	s->failed = s->failed || outcome == TF_SLICE_FAILED;
	s->made += outcome == TF_SLICE_SHOWS;
	if (outcome != TF_SLICE_HINTS && outcome != TF_SLICE_EMPTY)
		return;
	if (s->hints++ == 0)
		strcpy(s->first_hint, slice->name);
}

/* From what the ring holds, at once. */
static void
cut_from_ring(struct tf_slices *s, struct tf_slice *slice)
{
	const struct ring *r = &s->ring;
	struct sorter x;
	int64_t clock_ns = slice->target.ts_ns;

	if (!sorter_init(&x, s->options, slice, 1)) {
		sorter_fini(&x);
		s->failed = true;
		return;
	}
	tf_slice_pool_init(&slice->pool, POOL_OCTETS);
	for (size_t i = 0; i < r->count; i++) {
		const struct tf_frame *frame = &r->frame[(r->first + i) % RING_FRAMES];
		sort_frame(&x, frame);
		if (frame->ts_ns > clock_ns)
			clock_ns = frame->ts_ns;
	}
	sorter_fini(&x);
	note_outcome(s, slice, tf_slice_write(slice, s->options, clock_ns + 1, 0));
	tf_slice_pool_fini(&slice->pool);
}

void
tf_slices_finding(struct tf_slices *s, const struct tf_finding *f)
{
	if (!s)
		return;
	struct tf_slice *slice = s->count < MOST_SLICES ? new_slice(s, f) : NULL;
	if (!slice)
		s->left++;
	else if (s->ring.frame)
		cut_from_ring(s, slice);
}

/* ---- the second reading ------------------------------------------------------------------------ */

struct reading {
	struct tf_slices *slices;
	struct tf_capture *capture;
	struct sorter sorter;
	int64_t clock_ns;
	uint64_t frames; /* that passed the filter */
};

static size_t
frames_wanted(const struct reading *r)
{
	uint64_t most = r->slices->options->max_packets;

	return most == 0 || most - r->frames > FRAMES ? FRAMES : (size_t)(most - r->frames);
}

/* False where they do not come to the last one that was read before. */
static bool
read_frames(struct reading *r)
{
	static struct tf_frame frame[FRAMES];
	int64_t first_ns, last_ns;
	size_t wanted;
	int n;

	while ((wanted = frames_wanted(r)) > 0 && (n = tf_capture_batch(r->capture, frame, wanted)) > 0) {
		for (int i = 0; i < n; i++) {
			sort_frame(&r->sorter, &frame[i]);
			if (frame[i].ts_ns > r->clock_ns)
				r->clock_ns = frame[i].ts_ns;
		}
		r->frames += (uint64_t)n;
	}
	if (tf_capture_rejected(r->capture, &first_ns, &last_ns) && last_ns > r->clock_ns)
		r->clock_ns = last_ns;
	return tf_capture_frames(r->capture) >= r->slices->last_packet;
}

static uint64_t
dropped_by(struct tf_capture *capture)
{
	uint64_t dropped = 0;

	for (size_t i = 0; i < tf_capture_source_count(capture); i++)
		dropped += tf_capture_source(capture, i)->dropped;
	return dropped;
}

static void
cut_all(struct reading *r)
{
	struct tf_slices *s = r->slices;
	int64_t end_ns = tf_capture_end_of(s->options, r->capture, r->clock_ns);

	for (size_t i = 0; i < s->count; i++) {
		bool of_drops = s->slice[i].target.id == TF_A_KERNEL_DROPS;
		note_outcome(
		    s, &s->slice[i],
		    tf_slice_write(&s->slice[i], s->options, end_ns, of_drops ? dropped_by(r->capture) : 0));
	}
}

static bool
read_again(struct tf_slices *s)
{
	struct tf_capture_options co = tf_capture_options_of(s->options);
	struct reading r = {.slices = s, .clock_ns = INT64_MIN};
	char message[TF_CAPTURE_MESSAGE_SIZE];
	size_t room = MOST_OCTETS / s->count;

	room = room > POOL_OCTETS ? POOL_OCTETS : room < POOL_LEAST ? POOL_LEAST : room;
	for (size_t i = 0; i < s->count; i++)
		tf_slice_pool_init(&s->slice[i].pool, room);
	if (!sorter_init(&r.sorter, s->options, s->slice, s->count) ||
	    tf_capture_open(&r.capture, &co, message) != TF_CAPTURE_OK) {
		sorter_fini(&r.sorter);
		return false;
	}
	bool whole = read_frames(&r);
	if (whole)
		cut_all(&r);
	tf_capture_close(r.capture);
	sorter_fini(&r.sorter);
	return whole;
}

/* ---- the whole ---------------------------------------------------------------------------------- */

/* Without a finding nobody would notice at the end that there is no folder. */
static bool
make_folder(const char *name)
{
	struct stat status;

	if (mkdir(name, 0777) == 0)
		return true;
	if (errno == EEXIST && stat(name, &status) == 0) {
		if (S_ISDIR(status.st_mode))
			return true;
		errno = ENOTDIR;
	}
	tf_complain("%s: %s", name, strerror(errno));
	return false;
}

bool
tf_slices_open(struct tf_slices **slices, const struct tf_options *o)
{
	*slices = NULL;
	if (!o->slice_directory)
		return true;
	if (!make_folder(o->slice_directory))
		return false;
	struct tf_slices *s = calloc(1, sizeof *s);
	if (s && !tf_can_be_read_again(o))
		s->ring.frame = calloc(RING_FRAMES, sizeof *s->ring.frame);
	if (!s || (!tf_can_be_read_again(o) && !s->ring.frame)) {
		tf_complain("out of memory");
		free(s);
		return false;
	}
	s->options = o;
	*slices = s;
	return true;
}

static void
say_what_is_missing(const struct tf_slices *s)
{
	if (s->left)
		tf_complain("--slice: no slices of %llu more findings", (unsigned long long)s->left);
	if (s->hints)
		tf_complain(
		    "--slice: %llu of %llu do not show their finding by themselves, the first is %s%s",
		    (unsigned long long)s->hints, (unsigned long long)(s->hints + s->made), s->first_hint,
		    s->ring.gone ? " (frames went from the ring before they were wanted)" : "");
}

static bool
is_of_this_run(const struct tf_slices *s, const char *name)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->slice[i].made && strcmp(s->slice[i].name, name) == 0)
			return true;
	return false;
}

/* Slices of an earlier run could be taken for this one's.  They are not ours to remove. */
static void
say_what_is_older(const struct tf_slices *s)
{
	DIR *folder = opendir(s->options->slice_directory);
	char first[NAME_MAX + 1] = "";
	unsigned long long count = 0;

	for (struct dirent *e; folder && (e = readdir(folder));) {
		if (!tf_is_slice_name(e->d_name) || is_of_this_run(s, e->d_name))
			continue;
		if (count++ == 0 || strcmp(e->d_name, first) < 0)
			snprintf(first, sizeof first, "%s", e->d_name);
	}
	if (folder)
		closedir(folder);
	if (count)
		tf_complain("--slice: %s also holds %llu that this run did not make, the first is %s",
		            s->options->slice_directory, count, first);
}

bool
tf_slices_close(struct tf_slices *s)
{
	if (!s)
		return true;
	if (!s->ring.frame && s->count > 0 && !read_again(s)) {
		tf_complain("--slice: the input could not be read a second time");
		s->failed = true;
	}
	say_what_is_missing(s);
	say_what_is_older(s);
	bool fine = !s->failed;
	for (size_t i = 0; i < s->count; i++)
		slice_fini(&s->slice[i]);
	free(s->slice);
	ring_fini(&s->ring);
	free(s);
	return fine;
}
