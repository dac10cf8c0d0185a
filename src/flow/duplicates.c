/*
 * Copies made by the capture: a small table of what passed last, in sets of
 * two, by a digest of the whole segment.  Its hash has no key, so that the same
 * capture gives the same result everywhere.
 */
#include "flow/duplicates.h"

#include <stddef.h>
#include <string.h>

#include "flow/key.h"

#define COPY_NS 1000000
#define SLOW_NS 10000000

_Static_assert(offsetof(struct tf_segment, ack) == offsetof(struct tf_segment, seq) + 4 &&
                   offsetof(struct tf_segment, dst_port) == offsetof(struct tf_segment, src_port) + 2 &&
                   offsetof(struct tf_segment, window) == offsetof(struct tf_segment, flags) + 2 &&
                   offsetof(struct tf_segment, urgent) == offsetof(struct tf_segment, checksum) + 2 &&
                   offsetof(struct tf_segment, tsecr) == offsetof(struct tf_segment, tsval) + 4,
               "they are taken as words");

/* Copies of a frame have it in common, and hardly anything else has. */
static uint64_t
digest_of(const struct tf_segment *s)
{
	uint64_t src, dst, numbers, times = 1, h;
	uint32_t ports, header, rest;

	memcpy(&src, s->src.byte + 8, sizeof src);
	memcpy(&dst, s->dst.byte + 8, sizeof dst);
	memcpy(&numbers, &s->seq, sizeof numbers);
	memcpy(&header, &s->flags, sizeof header);
	memcpy(&rest, &s->checksum, sizeof rest);
	memcpy(&ports, &s->src_port, sizeof ports);
	if (s->options & TF_OPT_TIMESTAMPS)
		memcpy(&times, &s->tsval, sizeof times);
	h = tf_key_folded(src ^ numbers ^ UINT64_C(0x9e3779b97f4a7c15),
	                  dst ^ ((uint64_t)header << 32 | rest) ^ UINT64_C(0xd1b54a32d192ed03));
	h ^= (uint64_t)ports << 32 ^ (uint64_t)s->ip_id << 16 ^ s->len;
	return tf_key_folded(h ^ UINT64_C(0x8cb92ba72f3d8dd7), times ^ UINT64_C(0xa0761d6478bd642f));
}

bool
tf_duplicates_check(struct tf_duplicates *d, const struct tf_segment *s)
{
	uint64_t digest = digest_of(s);
	struct tf_seen *set = d->seen[digest >> 32 & (TF_DUPLICATES_SETS - 1)];
	struct tf_seen before = set[0].digest == digest ? set[0] : set[1];

	/* The latest comes first, and the other one of the set may stay. */
	if (set[0].digest != digest)
		set[1] = set[0];
	set[0] = (struct tf_seen){digest, s->ts_ns};
	d->segments++;
	if (before.digest != digest || s->ts_ns < before.ts_ns)
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
