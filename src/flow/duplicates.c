/*
 * Copies made by the capture: a small table of what passed last, by a
 * digest of the whole segment.  Its hash has no key, so that the same
 * capture gives the same result everywhere.
 */
#include "flow/duplicates.h"

#include <string.h>

#define COPY_NS 1000000
#define SLOW_NS 10000000

static uint64_t
mixed(uint64_t h, uint64_t v)
{
	h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 29;
}

static uint64_t
digest_of(const struct tf_segment *s)
{
	uint64_t src, dst, h;

	memcpy(&src, s->src.byte + 8, sizeof src);
	memcpy(&dst, s->dst.byte + 8, sizeof dst);
	h = mixed(src, (uint64_t)s->seq.v << 32 | s->ack.v);
	h = mixed(h, (uint64_t)s->src_port << 48 | (uint64_t)s->dst_port << 32 | (uint64_t)s->flags << 16 |
	                 s->window);
	h = mixed(h, (uint64_t)s->checksum << 48 | (uint64_t)s->ip_id << 32 | s->len);
	return mixed(h ^ dst, s->options & TF_OPT_TIMESTAMPS ? (uint64_t)s->tsval << 32 | s->tsecr : 1);
}

bool
tf_duplicates_check(struct tf_duplicates *d, const struct tf_segment *s)
{
	uint64_t digest = digest_of(s);
	unsigned at = (unsigned)(digest >> 32) & (TF_DUPLICATES_PLACES - 1);
	bool most_doubled = d->found >= 16 && d->found * 3 >= d->segments;
	bool octets = s->len > 0 || s->flags & (TF_SYN | TF_FIN);
	bool telling = s->ip_id != 0 || octets;
	/* What a host sends again bears another identification, and does not come so soon. */
	int64_t limit_ns = s->ip_id != 0 && (octets || most_doubled) ? SLOW_NS : COPY_NS;
	bool same = d->seen[at].digest == digest && s->ts_ns - d->seen[at].ts_ns <= limit_ns &&
	            s->ts_ns >= d->seen[at].ts_ns;

	d->seen[at].digest = digest;
	d->seen[at].ts_ns = s->ts_ns;
	d->segments++;
	if (!same || !(telling || most_doubled))
		return false;
	d->found++;
	return true;
}
