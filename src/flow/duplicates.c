/*
 * Copies made by the capture: a small table of what passed last, in sets of
 * two, by a digest of the whole segment.  Its hash has no key, so that the same
 * capture gives the same result everywhere.
 */
#include "flow/duplicates.h"

#define COPY_NS 1000000
#define SLOW_NS 10000000

bool
tf_duplicates_judge(struct tf_duplicates *d, struct tf_seen set[2], uint64_t digest,
                    const struct tf_segment *s)
{
	struct tf_seen before = set[0].digest == digest ? set[0] : set[1];

	if (set[0].digest != digest)
		set[1] = set[0];
	set[0] = (struct tf_seen){digest, s->ts_ns};
	if (s->ts_ns < before.ts_ns)
		return false;
	bool most_doubled = d->found >= 16 && d->found * 3 >= d->segments - 1;
	bool octets = s->len > 0 || s->flags & (TF_SYN | TF_FIN);
	bool telling = s->ip_id != 0 || octets;
	/* What a host sends again bears another identification, and does not come so soon. */
	int64_t limit_ns = s->ip_id != 0 && (octets || most_doubled) ? SLOW_NS : COPY_NS;

	if (s->ts_ns - before.ts_ns > limit_ns || !(telling || most_doubled))
		return false;
	d->found++;
	return true;
}
