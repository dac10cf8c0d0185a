/*
 * Counts into the words of the output: see tally.h.
 */
#include "cli/tally.h"

#include <string.h>

struct tf_capture_info
tf_tally_source(const struct tf_capture_source *s)
{
	return (struct tf_capture_info){
	    .source = s->name,
	    .linktype = s->linktype,
	    .snaplen = s->snaplen,
	    .dropped = s->dropped_ahead,
	    .nanoseconds = strcmp(s->resolution, "ns") == 0,
	};
}

int64_t
tf_tally_drops(struct tf_capture *capture)
{
	int64_t dropped = -1;
	for (size_t i = 0; i < tf_capture_source_count(capture); i++) {
		const struct tf_capture_source *s = tf_capture_source(capture, i);
		if (s->dropped_known)
			dropped = (dropped < 0 ? 0 : dropped) + (int64_t)s->dropped;
	}
	return dropped;
}

const char *
tf_tally_loser(struct tf_capture *capture)
{
	for (size_t i = 0; i < tf_capture_source_count(capture); i++) {
		const struct tf_capture_source *s = tf_capture_source(capture, i);
		if (s->dropped_known && s->dropped > 0)
			return s->name;
	}
	return NULL;
}

void
tf_tally_skipped(struct tf_skipped skipped[TF_TALLY_SKIPPED], const struct tf_capture *capture,
                 const struct tf_decoder *decoder)
{
	const struct tf_decoder_stats *wire = tf_decoder_stats(decoder);
	for (int i = 0; i < TF_SKIP_COUNT; i++)
		skipped[i] = (struct tf_skipped){
		    .name = tf_skip_name((enum tf_skip)i),
		    .count = wire->skipped[i],
		    .what = tf_skip_meaning((enum tf_skip)i),
		};
	skipped[TF_SKIP_COUNT] = (struct tf_skipped){
	    .name = "filtered",
	    .count = tf_capture_frames(capture) - wire->frames,
	    .what = "rejected by the filter",
	};
}
