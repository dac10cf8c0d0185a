/*
 * What the capture missed: octets that were acknowledged but never passed
 * the tap.  An ACK may be captured before the data that it acknowledges
 * (several queues, several CPUs), so a gap has a second to be filled.
 */
#include "detect/families.h"

#define FILL_NS INT64_C(1000000000)

int64_t
tf_gaps_next(const struct tf_context *ctx, const struct tf_connection *c)
{
	const struct tf_extra *x = tf_extra_if(ctx, c);

	return x->gap_ns ? x->gap_ns + FILL_NS : INT64_MAX;
}

void
tf_gaps_deadline(struct tf_context *ctx, struct tf_connection *c, bool at_end)
{
	struct tf_extra *x = tf_extra_if(ctx, c);

	if (!x || !x->gap_ns || (!at_end && x->gap_ns + FILL_NS > ctx->now_ns))
		return;
	x->gap_ns = 0;
	/* Nothing of that end ever passed: its direction is missing, not a segment. */
	if (!c->end[x->gap_end].packets)
		return;
	struct tf_finding f = tf_finding(ctx, c, TF_A_CAPTURE_LOSS, (enum tf_endpoint)x->gap_end);
	tf_finding_count(&f, "missing", TF_D_COUNT, x->gap_bytes);
	tf_finding_count(&f, "gaps", TF_D_COUNT, x->gaps);
	tf_finding_packet(&f, x->gap_packet);
	tf_raise(ctx, c, &f);
}
