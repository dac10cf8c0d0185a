/*
 * Frames into parcels.  The order in which the analyzer hears of segments,
 * of the clock and of ICMP errors is fixed here: that of the frames.
 */
#include "cli/intake.h"

#include <string.h>

static bool
ship(struct tf_intake *in)
{
	in->parcel = in->ship(in->context);
	return in->parcel != NULL;
}

/* The next mark, after the segments that are in the parcel now; it belongs to it with add_mark(). */
static struct tf_parcel_mark *
next_mark(struct tf_intake *in, enum tf_parcel_mark_kind kind)
{
	struct tf_parcel_mark *mark = &in->parcel->mark[in->parcel->mark_count];

	mark->after = in->parcel->count;
	mark->kind = kind;
	return mark;
}

/* There must always be room for one more, so a parcel that is full goes at once. */
static bool
add_mark(struct tf_intake *in)
{
	return ++in->parcel->mark_count < TF_PARCEL_MARKS || ship(in);
}

/* The time of a frame that was no segment, where the analyzer does not know it. */
static bool
tell_clock(struct tf_intake *in)
{
	if (!in->clock_waits)
		return true;
	next_mark(in, TF_PARCEL_CLOCK)->clock_ns = in->clock_ns;
	in->clock_waits = false;
	return add_mark(in);
}

/* However little waits: it may point into frames of this batch, and the next one may be long in coming. */
static bool
ship_rest(struct tf_intake *in)
{
	return (in->parcel->count == 0 && in->parcel->mark_count == 0) || ship(in);
}

/* What came bears times from LEAST_NS to MOST_NS. */
static void
note_times(struct tf_intake *in, int64_t least_ns, int64_t most_ns, bool is_segment)
{
	if (!in->any_frame) {
		in->first_ns = least_ns;
		in->clock_ns = most_ns;
		in->any_frame = true;
	}
	if (least_ns < in->first_ns)
		in->first_ns = least_ns;
	if (most_ns >= in->clock_ns) {
		in->clock_ns = most_ns;
		in->clock_waits = !is_segment;
	}
}

static void
note_time(struct tf_intake *in, int64_t ts_ns, bool is_segment)
{
	note_times(in, ts_ns, ts_ns, is_segment);
}

/* A segment from before the clock must meet an analyzer that knows the clock. */
static bool
is_late(const struct tf_intake *in, int64_t ts_ns)
{
	return in->clock_waits && ts_ns < in->clock_ns;
}

/* The frame of a parcel's segment does not last until that is used: keep the payload's first octets, and SACK blocks. */
static void
keep_octets(struct tf_parcel *parcel, size_t at)
{
	struct tf_segment *s = &parcel->segment[at];

	if (s->payload_len >= TF_PARCEL_HEAD) {
		memcpy(parcel->head[at], s->payload, TF_PARCEL_HEAD);
		s->payload_len = TF_PARCEL_HEAD;
	} else if (s->payload_len > 0) {
		memcpy(parcel->head[at], s->payload, s->payload_len);
	}
	s->payload = parcel->head[at];
	if (s->sack_count)
		s->sack = memcpy(parcel->sack[at], s->sack, (size_t)s->sack_count * TF_SACK_BLOCK);
}

/* COUNT segments, one or more, stand behind those of the parcel: they belong to it. */
static bool
add_segments(struct tf_intake *in, size_t count, bool keep)
{
	struct tf_parcel *parcel = in->parcel;

	int64_t least_ns = parcel->segment[parcel->count].ts_ns, most_ns = least_ns;

	for (size_t i = parcel->count; i < parcel->count + count; i++) {
		int64_t ts_ns = parcel->segment[i].ts_ns;
		least_ns = ts_ns < least_ns ? ts_ns : least_ns;
		most_ns = ts_ns > most_ns ? ts_ns : most_ns;
	}
	note_times(in, least_ns, most_ns, true);
	for (size_t i = parcel->count; keep && i < parcel->count + count; i++)
		keep_octets(parcel, i);
	parcel->count += count;
	return parcel->count < TF_PARCEL_SEGMENTS || ship(in);
}

/* FRAME where nobody else can change it: the general decoder looks at octets as often as it likes. */
static const struct tf_frame *
hold_still(struct tf_intake *in, const struct tf_frame *frame)
{
	if (!tf_capture_may_change(in->capture) || frame->caplen > sizeof in->still_data)
		return frame;
	in->still = *frame;
	in->still.data = in->still_data;
	memcpy(in->still_data, frame->data, frame->caplen);
	return &in->still;
}

static bool
take_segment(struct tf_intake *in, bool keep)
{
	struct tf_segment *s = &in->parcel->segment[in->parcel->count];

	if (is_late(in, s->ts_ns)) {
		struct tf_segment late = *s;
		if (!tell_clock(in))
			return false;
		in->parcel->segment[in->parcel->count] = late; /* that may be another parcel now */
	}
	return add_segments(in, 1, keep || in->frames_go || tf_decoder_payload_is_own(in->decoder));
}

static bool
take_icmp(struct tf_intake *in)
{
	next_mark(in, TF_PARCEL_ICMP)->icmp = *tf_decoder_icmp_error(in->decoder);
	return add_mark(in);
}

static void
note_cut(struct tf_intake *in, const struct tf_frame *frame)
{
	in->cut++;
	if (frame->caplen > in->snap_length)
		in->snap_length = frame->caplen;
}

/* Some programs that cut the frames of a capture note the new length as the one on the wire: there the IP header
 * tells.  Of a segment in fragments, the frame is only the last one. */
static bool
was_cut_before(const struct tf_intake *in, const struct tf_frame *frame, const struct tf_segment *s)
{
	return frame->caplen >= frame->len && s->payload_len < s->len &&
	       !tf_decoder_payload_is_own(in->decoder);
}

static bool
take_frame(struct tf_intake *in, const struct tf_frame *frame)
{
	const struct tf_frame *still = hold_still(in, frame);
	struct tf_segment *s = &in->parcel->segment[in->parcel->count];
	enum tf_wire_result result = tf_decoder_frame(in->decoder, still, s);

	if (result == TF_WIRE_SEGMENT) {
		if (was_cut_before(in, still, s))
			note_cut(in, still);
		return take_segment(in, still != frame);
	}
	note_time(in, frame->ts_ns, false);
	return result != TF_WIRE_ICMP_ERROR || take_icmp(in);
}

/* How many usual segments FRAMES begin with, as far as there is room: they wait in the parcel. */
static size_t
usual_segments(struct tf_intake *in, const struct tf_frame *frames, size_t count)
{
	size_t room = TF_PARCEL_SEGMENTS - in->parcel->count;

	if (is_late(in, frames->ts_ns))
		return 0;
	return tf_decoder_usual(in->decoder, frames, count < room ? count : room,
	                        &in->parcel->segment[in->parcel->count]);
}

static bool
take_frames(struct tf_intake *in, const struct tf_frame *frames, size_t count)
{
	for (size_t i = 0; i < count;) {
		size_t n = usual_segments(in, frames + i, count - i);
		if (!(n > 0 ? add_segments(in, n, in->frames_go) : take_frame(in, &frames[i])))
			return false;
		i += n > 0 ? n : 1;
	}
	return true;
}

/* What concerns frames whatever they hold. */
static void
look_at(struct tf_intake *in, const struct tf_frame *frames, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (frames[i].caplen < frames[i].len)
			note_cut(in, &frames[i]);
	for (size_t i = 0; i < count && in->dump; i++)
		tf_dump_frame(in->dump, &frames[i]);
	for (size_t i = 0; i < count && in->slices; i++)
		tf_slices_frame(in->slices, &frames[i]);
}

/* How many frames to ask for: 0 where -c has been reached. */
static size_t
frames_wanted(const struct tf_intake *in)
{
	uint64_t most = in->options->max_packets;
	uint64_t taken = tf_decoder_stats(in->decoder)->frames;

	if (most == 0 || most - taken > TF_PARCEL_SEGMENTS)
		return TF_PARCEL_SEGMENTS;
	return (size_t)(most - taken);
}

/* What the filter rejected belongs to the capture's time all the same. */
static void
note_rejected(struct tf_intake *in)
{
	int64_t first_ns, last_ns;

	if (!tf_capture_rejected(in->capture, &first_ns, &last_ns))
		return;
	if (!in->any_frame || last_ns > in->clock_ns)
		note_time(in, last_ns, false);
	if (first_ns < in->first_ns)
		in->first_ns = first_ns;
}

int
tf_intake_read(struct tf_intake *in)
{
	size_t wanted = frames_wanted(in);
	int frames = wanted ? tf_capture_batch(in->capture, in->frame, wanted) : TF_CAPTURE_END;
	size_t count = frames > 0 ? (size_t)frames : 0;

	look_at(in, in->frame, count);
	if (!take_frames(in, in->frame, count))
		return TF_CAPTURE_END;
	note_rejected(in);
	return frames > 0 && !(tell_clock(in) && ship_rest(in)) ? TF_CAPTURE_END : frames;
}
