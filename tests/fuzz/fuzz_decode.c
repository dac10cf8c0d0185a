/*
 * Fuzzes the decoder with sequences of frames, so that fragments meet.
 *
 * The input: an octet that chooses the link type, then frames.  Each frame
 * begins with two octets of captured length (big endian), one of octets that
 * the snap length cut, one of seconds since the frame before; its octets
 * follow, as many as are left.  tests/fuzz/make_decode_seeds.py writes such
 * files.
 *
 * Besides what sanitizers see, it holds that payloads lie where they may,
 * that each frame counts once, that fragments stay within their bounds and
 * that usual frames come out as the general decoder has them.
 */
#include <stdlib.h>
#include <string.h>

#include "wire/decoder.h"

enum {
	FRAME_HEADER = 4,
	DATAGRAMS = 4,
	BYTES = 80000,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int linktypes[] = {1,   0,   8,   9,   12,  14,  50,  51,  100, 101,
                                104, 107, 108, 113, 204, 228, 229, 239, 276, 147};

/* An assert that NDEBUG does not take away. */
static void
hold(bool condition)
{
	if (!condition)
		abort();
}

static void
check_segment(const struct tf_decoder *d, const struct tf_segment *s, const struct tf_frame *frame)
{
	const uint8_t *begin = frame->data, *end = begin + frame->caplen;
	uint8_t last = 0;

	if (!tf_decoder_payload_is_own(d))
		hold(s->payload >= begin && s->payload + s->payload_len <= end);
	for (uint32_t i = 0; i < s->payload_len; i++)
		last ^= s->payload[i];
	hold(s->payload_len > 0 || last == 0);
	hold(s->payload_len <= s->len);
	hold(s->sack_count <= 4 && s->fast_open_len <= 16 && s->flags <= 0x1ff);
	hold(s->ip_version == 4 || s->ip_version == 6);
	hold(s->checksum_state <= TF_CHECKSUM_BAD);
}

static void
check_counters(const struct tf_decoder *d, uint64_t frames)
{
	const struct tf_decoder_stats *stats = tf_decoder_stats(d);
	uint64_t sum = stats->segments;

	for (int i = 0; i < TF_SKIP_COUNT; i++)
		sum += stats->skipped[i];
	hold(stats->frames == frames && sum == frames);
	hold(d->fragments.count <= DATAGRAMS && d->fragments.bytes <= BYTES);
	hold((d->fragments.count == 0) == (d->fragments.bytes == 0));
}

/* The general decoder made *S of FRAME, and returned RESULT; both segments were of the same octets before. */
static void
check_usual(struct tf_decoder *d, const struct tf_frame *frame, enum tf_wire_result result,
            const struct tf_segment *s)
{
	for (size_t i = 0; i < TF_USUAL_FORMS; i++) {
		struct tf_segment usual;

		if (!tf_usual_forms[i].is_possible())
			continue;
		memset(&usual, 0, sizeof(usual));
		if (tf_usual_forms[i].decode(d, frame, 1, &usual) == 1)
			hold(result == TF_WIRE_SEGMENT && memcmp(&usual, s, sizeof(usual)) == 0);
	}
}

/* Decode one frame of the input from a block of its own; returns the octets of input it took. */
static size_t
feed(struct tf_decoder *d, struct tf_frame *frame, const uint8_t *data, size_t size)
{
	struct tf_segment segment;
	enum tf_wire_result result;
	uint8_t *octets;

	frame->caplen = tf_get16(data);
	if (frame->caplen > size - FRAME_HEADER)
		frame->caplen = (uint32_t)(size - FRAME_HEADER);
	frame->len = frame->caplen + data[2];
	frame->ts_ns += data[3] * INT64_C(1000000000);
	frame->packet++;
	octets = malloc(frame->caplen > 0 ? frame->caplen : 1);
	hold(octets != NULL);
	memcpy(octets, data + FRAME_HEADER, frame->caplen);
	frame->data = octets;
	memset(&segment, 0, sizeof(segment));
	result = tf_decoder_frame(d, frame, &segment);
	if (result == TF_WIRE_SEGMENT)
		check_segment(d, &segment, frame);
	check_usual(d, frame, result, &segment);
	check_counters(d, frame->packet);
	free(octets);
	return FRAME_HEADER + frame->caplen;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tf_decoder_options options = TF_DECODER_DEFAULTS;
	struct tf_decoder *d;
	struct tf_frame frame = {0};

	if (size == 0)
		return 0;
	options.fragment_datagrams = DATAGRAMS;
	options.fragment_bytes = BYTES;
	d = tf_decoder_new(&options);
	hold(d != NULL);
	frame.linktype = linktypes[data[0] % (sizeof(linktypes) / sizeof(linktypes[0]))];
	for (size_t at = 1; at + FRAME_HEADER <= size;)
		at += feed(d, &frame, data + at, size - at);
	tf_decoder_free(d);
	return 0;
}
