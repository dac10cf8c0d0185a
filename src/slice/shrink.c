/*
 * Leaving out what is not needed: see shrink.h.  The work a slice may take
 * is bounded in frames fed, so a large one is only cut coarsely.
 */
#include "slice/shrink.h"

#include <stdlib.h>
#include <string.h>

#include "wire/decode.h"

#define MOST_WORK   400000 /* frames fed to trials, for one slice */
#define TRIAL_COST  200    /* what a trial costs beside its frames, in frames */
#define MILLISECOND INT64_C(1000000)

struct shrink {
	struct tf_slice_setting setting;
	const struct tf_frame *frame;
	size_t count;
	bool *keep;
	const bool *pinned;
	struct tf_slice_seen allowed;
	size_t work;
};

static bool
is_evidence(const struct tf_slice_target *t, uint64_t packet)
{
	for (size_t i = 0; i < t->packet_count; i++)
		if (t->packets[i] == packet)
			return true;
	return false;
}

static bool
is_of_connection(const struct tf_slice_target *t, const struct tf_segment *s)
{
	bool to_server =
	    s->dst_port == t->port[TF_SERVER] && memcmp(&s->dst, &t->addr[TF_SERVER], sizeof s->dst) == 0;
	const struct tf_addr *client = to_server ? &s->src : &s->dst;

	return memcmp(client, &t->addr[TF_CLIENT], sizeof *client) == 0 &&
	       (to_server ? s->src_port : s->dst_port) == t->port[TF_CLIENT];
}

/* Evidence; and each SYN of the connection, whichever incarnation sent it. */
static bool
pin(const struct shrink *s, bool *pinned)
{
	const struct tf_slice_target *t = s->setting.target;
	struct tf_decoder *d = tf_decoder_new_keyed(s->setting.config->hash_key);
	struct tf_segment segment;

	if (!d)
		return false;
	for (size_t i = 0; i < s->count; i++)
		pinned[i] = (t->conn && is_evidence(t, s->frame[i].packet)) ||
		            (tf_decoder_frame(d, &s->frame[i], &segment) == TF_WIRE_SEGMENT && t->conn &&
		             segment.flags & TF_SYN && is_of_connection(t, &segment));
	tf_decoder_free(d);
	return true;
}

static bool
is_clean(const struct shrink *s, const struct tf_slice_seen *seen)
{
	uint64_t gap = UINT64_C(1) << TF_A_CAPTURE_LOSS;

	for (int e = 0; e < 3; e++)
		if (seen->raised[e] & ~s->allowed.raised[e] & ~gap)
			return false;
	return true;
}

/* Do the frames that are kept show it?  False without memory, too. */
static bool
shows(struct shrink *s, struct tf_slice_trial *trial)
{
	s->work += TRIAL_COST;
	for (size_t i = 0; i < s->count; i++)
		s->work += s->keep[i];
	return tf_slice_try(&s->setting, s->frame, s->keep, s->count, trial) && trial->shown;
}

/* Leave out up to SIZE kept frames from AT on, if what is left does; the place behind them. */
static size_t
leave_out(struct shrink *s, size_t at, size_t size)
{
	struct tf_slice_trial trial;
	size_t out[64], taken = 0, end = at;

	if (size > sizeof out / sizeof *out)
		size = sizeof out / sizeof *out;
	for (; end < s->count && taken < size; end++) {
		if (!s->keep[end] || s->pinned[end])
			continue;
		s->keep[end] = false;
		out[taken++] = end;
	}
	if (taken == 0 || (shows(s, &trial) && is_clean(s, &trial.seen)))
		return end;
	for (size_t i = 0; i < taken; i++)
		s->keep[out[i]] = true;
	return end;
}

/* The same for many at once: the kept frames from AT to END. */
static void
leave_out_run(struct shrink *s, size_t at, size_t end, bool *before)
{
	struct tf_slice_trial trial;
	bool any = false;

	memcpy(before, s->keep, s->count * sizeof *before);
	for (size_t i = at; i < end; i++) {
		any = any || (s->keep[i] && !s->pinned[i]);
		s->keep[i] = s->keep[i] && s->pinned[i];
	}
	if (any && !(shows(s, &trial) && is_clean(s, &trial.seen)))
		memcpy(s->keep, before, s->count * sizeof *before);
}

static void
shrink(struct shrink *s, bool *before)
{
	for (size_t size = s->count / 2; size > 0 && s->work < MOST_WORK; size /= 2) {
		for (size_t at = 0; at < s->count && s->work < MOST_WORK;) {
			if (size > 16) {
				size_t end = at + size < s->count ? at + size : s->count;
				leave_out_run(s, at, end, before);
				at = end;
			} else {
				at = leave_out(s, at, size);
			}
		}
	}
}

/* The earliest end with which all frames show it; false: none does. */
static bool
find_end(struct shrink *s, int64_t capture_end_ns)
{
	const int64_t ends[] = {INT64_MIN, s->setting.target->ts_ns + 1,
	                        s->setting.target->ts_ns + MILLISECOND, capture_end_ns};
	struct tf_slice_trial trial;

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		if (ends[i] > capture_end_ns)
			continue;
		s->setting.end_ns = ends[i];
		if (!shows(s, &trial))
			continue;
		s->allowed = trial.seen;
		return true;
	}
	return false;
}

bool
tf_slice_shrink(const struct tf_slice_setting *setting, const struct tf_frame *frame, size_t count,
                int64_t capture_end_ns, struct tf_slice_cut *cut)
{
	bool *pinned = calloc(count + 1, sizeof *pinned), *before = calloc(count + 1, sizeof *before);
	struct shrink s = {
	    .setting = *setting, .frame = frame, .count = count, .keep = cut->keep, .pinned = pinned};
	bool fine = pinned && before && pin(&s, pinned);

	for (size_t i = 0; i < count; i++)
		cut->keep[i] = true;
	cut->shown = fine && find_end(&s, capture_end_ns);
	cut->end_ns = cut->shown ? s.setting.end_ns : INT64_MIN;
	if (cut->shown)
		shrink(&s, before);
	free(pinned);
	free(before);
	return fine;
}
