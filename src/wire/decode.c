/*
 * The decoder's outside: making one, giving it a frame, reading its
 * counters.  The layers themselves are in link.c, ip.c, tcp.c and icmp.c.
 */
#include "wire/decode.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "wire/decoder.h"

static const char *const names[TF_SKIP_COUNT] = {
#define SKIP(symbol, name, meaning) name,
#include "wire/skip.def"
#undef SKIP
};

static const char *const meanings[TF_SKIP_COUNT] = {
#define SKIP(symbol, name, meaning) meaning,
#include "wire/skip.def"
#undef SKIP
};

const char *
tf_skip_name(enum tf_skip kind)
{
	assert(kind < TF_SKIP_COUNT);
	return names[kind];
}

const char *
tf_skip_meaning(enum tf_skip kind)
{
	assert(kind < TF_SKIP_COUNT);
	return meanings[kind];
}

static enum tf_wire_result
unknown_link(struct tf_decoder *d, struct tf_view v)
{
	(void)v;
	return tf_pass_over(d, TF_SKIP_UNKNOWN_LINKTYPE);
}

static void
choose_link(struct tf_decoder *d, int linktype)
{
	tf_layer *layer = tf_link_layer(linktype);

	d->link = layer != NULL ? layer : unknown_link;
	d->link_of = linktype;
}

struct tf_decoder *
tf_decoder_new(const struct tf_decoder_options *options)
{
	struct tf_decoder *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->verify_checksums = options->verify_checksums;
	d->usual = tf_usual_for_processor();
	tf_fragments_init(&d->fragments, options, &d->stats);
	choose_link(d, 1);
	return d;
}

struct tf_decoder *
tf_decoder_new_keyed(const uint64_t hash_key[2])
{
	struct tf_decoder_options options = TF_DECODER_DEFAULTS;

	memcpy(options.hash_key, hash_key, sizeof(options.hash_key));
	return tf_decoder_new(&options);
}

void
tf_decoder_free(struct tf_decoder *d)
{
	if (d == NULL)
		return;
	tf_fragments_fini(&d->fragments);
	free(d);
}

enum tf_wire_result
tf_decoder_frame(struct tf_decoder *d, const struct tf_frame *frame, struct tf_segment *out)
{
	/* A file may say that a frame was shorter on the wire than in the capture. */
	uint32_t len = frame->len > frame->caplen ? frame->len : frame->caplen;

	if (frame->linktype != d->link_of)
		choose_link(d, frame->linktype);
	d->frame = frame;
	d->out = out;
	d->depth = 0;
	d->payload_is_own = false;
	d->stats.frames++;
	return d->link(d, (struct tf_view){frame->data, frame->caplen, len});
}

size_t
tf_decoder_usual(struct tf_decoder *d, const struct tf_frame *frames, size_t count, struct tf_segment *out)
{
	size_t n = d->usual(d, frames, count, out);

	d->stats.frames += n;
	d->stats.segments += n;
	return n;
}

bool
tf_decoder_payload_is_own(const struct tf_decoder *d)
{
	return d->payload_is_own;
}

const struct tf_icmp_error *
tf_decoder_icmp_error(const struct tf_decoder *d)
{
	return &d->icmp;
}

const struct tf_decoder_stats *
tf_decoder_stats(const struct tf_decoder *d)
{
	return &d->stats;
}
