/*
 * The delays of a path: see ladder_time.h.
 */
#include "output/picture/ladder_time.h"

/* The first segment after AT of END with just these of SYN and ACK; the count of rungs: none before a FOLD. */
static size_t
find(const struct tf_pending *p, size_t at, enum tf_endpoint end, unsigned flags)
{
	size_t count = tf_ladder_count(p);

	for (size_t i = at; i < count; i++) {
		struct tf_rung r = tf_ladder_rung(p, i);

		if (r.kind == TF_RUNG_FOLD)
			break;
		/* A copy that the capture made is no repetition. */
		if (r.kind == TF_RUNG_SEGMENT && r.end == end && (r.flags & (TF_SYN | TF_ACK)) == flags &&
		    (r.marks & TF_MARK_DUPLICATE_FRAME) == 0)
			return i;
	}
	return count;
}

struct tf_delays
tf_ladder_delays(const struct tf_pending *p)
{
	struct tf_delays d = {0};
	size_t count = tf_ladder_count(p);
	size_t syn = find(p, 0, TF_CLIENT, TF_SYN), again = find(p, syn + 1, TF_CLIENT, TF_SYN);
	size_t answer = find(p, syn, TF_SERVER, TF_SYN | TF_ACK),
	       repeated = find(p, answer + 1, TF_SERVER, TF_SYN | TF_ACK);
	size_t third = find(p, answer, TF_CLIENT, TF_ACK);

	if (third >= count || again < third || repeated < third)
		return d;
	d.ns[TF_SERVER] = (tf_ladder_rung(p, answer).ts_ns - tf_ladder_rung(p, syn).ts_ns) / 2;
	d.ns[TF_CLIENT] = (tf_ladder_rung(p, third).ts_ns - tf_ladder_rung(p, answer).ts_ns) / 2;
	d.known = d.ns[TF_SERVER] >= 0 && d.ns[TF_CLIENT] >= 0;
	return d;
}
