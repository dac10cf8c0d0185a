/*
 * Trials: see trial.h.  The order in which the analyzer hears of segments,
 * of the clock and of ICMP errors is that of the frames.
 */
#include "slice/trial.h"

#include <string.h>

#include "wire/decode.h"

enum { HEAD = 16 }; /* octets of payload that the analyzer is shown, as in any other run */

_Static_assert(TF_ANOMALY_COUNT <= 64, "struct tf_slice_seen has a bit for each");

void
tf_slice_target_of(struct tf_slice_target *t, const struct tf_finding *f)
{
	*t = (struct tf_slice_target){
	    .id = f->id,
	    .severity = f->severity,
	    .endpoint = f->endpoint,
	    .ts_ns = f->ts_ns,
	    .conn = f->ends_known ? f->conn : 0,
	    .packet_count = f->packet_count,
	};
	memcpy(t->packets, f->packets, f->packet_count * sizeof *f->packets);
	if (f->ends_known) {
		memcpy(t->addr, f->addr, sizeof t->addr);
		memcpy(t->port, f->port, sizeof t->port);
	} else if (f->subject) {
		strncpy(t->subject, f->subject, sizeof t->subject - 1);
	}
}

struct trial {
	const struct tf_slice_target *target;
	struct tf_slice_trial *result;
};

static bool
same_ends(const struct tf_slice_target *t, const struct tf_finding *f)
{
	return f->ends_known && memcmp(t->addr, f->addr, sizeof t->addr) == 0 &&
	       memcmp(t->port, f->port, sizeof t->port) == 0 && t->packet_count == f->packet_count &&
	       memcmp(t->packets, f->packets, f->packet_count * sizeof *f->packets) == 0;
}

/* Of a host, a service or the capture: fewer packets than in the whole prove it too. */
static bool
same_subject(const struct tf_slice_target *t, const struct tf_finding *f)
{
	if (f->ends_known || !f->subject)
		return false;
	return tf_anomaly_info(t->id)->family == TF_CAPTURE || strcmp(t->subject, f->subject) == 0;
}

static void
on_event(void *context, const struct tf_event *event)
{
	struct trial *t = context;
	const struct tf_finding *f = event->finding;

	if (event->kind != TF_EV_FINDING)
		return;
	t->result->seen.raised[f->endpoint] |= UINT64_C(1) << f->id;
	if (f->id == t->target->id && f->endpoint == t->target->endpoint &&
	    f->severity == t->target->severity &&
	    (t->target->conn ? same_ends(t->target, f) : same_subject(t->target, f)))
		t->result->shown = true;
}

static void
feed(struct tf_analyzer *a, struct tf_decoder *d, const struct tf_frame *frame)
{
	struct tf_segment s;

	switch (tf_decoder_frame(d, frame, &s)) {
	case TF_WIRE_SEGMENT:
		if (s.payload_len > HEAD)
			s.payload_len = HEAD;
		tf_analyzer_prepare(a, &s, 1);
		tf_analyzer_feed(a, &s, 1);
		break;
	case TF_WIRE_ICMP_ERROR:
		tf_analyzer_icmp(a, tf_decoder_icmp_error(d));
		break;
	case TF_WIRE_SKIPPED:
		tf_analyzer_advance(a, frame->ts_ns);
		break;
	}
}

static void
run(const struct tf_slice_setting *setting, struct tf_analyzer *a, struct tf_decoder *d,
    const struct tf_frame *frame, const bool *keep, size_t count)
{
	struct tf_capture_facts facts = {.dropped = setting->dropped, .name = setting->target->subject};

	for (size_t i = 0; i < count; i++) {
		if (!keep[i])
			continue;
		feed(a, d, &frame[i]);
		facts.frames++;
		if (frame[i].caplen < frame[i].len) {
			facts.cut++;
			if (frame[i].caplen > facts.snap_length)
				facts.snap_length = frame[i].caplen;
		}
	}
	facts.headless = tf_decoder_stats(d)->headless;
	if (facts.frames > 0 && setting->end_ns != INT64_MIN)
		tf_analyzer_advance(a, setting->end_ns);
	tf_analyzer_finish(a);
	tf_analyzer_judge_capture(a, &facts);
}

bool
tf_slice_try(const struct tf_slice_setting *setting, const struct tf_frame *frame, const bool *keep,
             size_t count, struct tf_slice_trial *result)
{
	struct trial t = {.target = setting->target, .result = result};
	struct tf_sink sink = {.wanted = TF_EV_FINDING, .event = on_event, .context = &t};
	struct tf_analyzer *a = tf_analyzer_new(setting->config, sink);
	struct tf_decoder *d = tf_decoder_new_keyed(setting->config->hash_key);

	*result = (struct tf_slice_trial){0};
	if (a && d)
		run(setting, a, d, frame, keep, count);
	tf_decoder_free(d);
	tf_analyzer_free(a);
	return a && d;
}
