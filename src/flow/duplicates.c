/*
 * Copies made by the capture: a small table of what passed last, in sets of
 * two, by a digest of the whole segment.  Its hash has no key, so that the same
 * capture gives the same result everywhere.
 */
#include "flow/duplicates.h"

#define COPY_NS 1000000
#define SLOW_NS 10000000
#define TAPS_NS 200000000

/* How long after BEFORE a copy of it may come.  What a host sends again bears another identification or timestamp,
 * and does not come so soon. */
static int64_t
limit_of(const struct tf_seen *before, const struct tf_segment *s, bool octets, bool most_doubled)
{
	bool elsewhere = (uint8_t)before->ts_and_ttl != s->ttl;

	if (elsewhere && (s->ip_id != 0 || (octets && s->options & TF_OPT_TIMESTAMPS)))
		return TAPS_NS;
	return s->ip_id != 0 && (octets || most_doubled) ? SLOW_NS : COPY_NS;
}

bool
tf_duplicates_judge(struct tf_duplicates *d, struct tf_seen set[2], uint64_t digest,
                    const struct tf_segment *s)
{
	bool latest = set[0].digest == digest;
	struct tf_seen before = set[!latest];

	if (!latest)
		set[1] = set[0];
	set[0] = tf_duplicates_seen(digest, s);
	int64_t after_ns = s->ts_ns - (before.ts_and_ttl & ~INT64_C(0xff));
	if (after_ns < 0)
		return false;
	bool most_doubled = d->found >= 16 && d->found * 3 >= d->segments - 1;
	bool octets = s->len > 0 || s->flags & (TF_SYN | TF_FIN);
	bool telling = s->ip_id != 0 || octets;

	if (after_ns > limit_of(&before, s, octets, most_doubled) || !(telling || most_doubled))
		return false;
	d->found++;
	return true;
}
