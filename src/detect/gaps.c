/*
 * What the capture missed: octets that were acknowledged but never passed
 * the tap.  An ACK may be captured before the data that it acknowledges
 * (several queues, several CPUs), so a gap has a second to be filled.
 */
#include "detect/families.h"

#define FILL_NS INT64_C(1000000000)

static int64_t
due_at(const struct tf_gap *gap)
{
	return gap->ns ? gap->ns + FILL_NS : INT64_MAX;
}

int64_t
tf_gaps_next(const struct tf_extra *x)
{
	return tf_earlier(due_at(&x->gap[TF_CLIENT]), due_at(&x->gap[TF_SERVER]));
}

/* The number of an unseen SYN is no octet of data. */
static uint64_t
missing_bytes(const struct tf_end *end, const struct tf_gap *gap)
{
	bool syn = tf_end_has(end, TF_END_ISN_KNOWN) && tf_seq_eq(gap->left, end->isn);

	return gap->bytes - (syn && gap->bytes);
}

static void
judge(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint end, struct tf_gap *gap)
{
	gap->ns = 0;
	/* Nothing of that end ever passed: its direction is missing, not a segment. */
	if (!c->end[end].packets)
		return;
	struct tf_finding f = tf_finding(ctx, c, TF_A_CAPTURE_LOSS, end);
	tf_finding_count(&f, "missing", TF_D_COUNT, missing_bytes(&c->end[end], gap));
	tf_finding_count(&f, "gaps", TF_D_COUNT, gap->times);
	if (tf_extra_if(ctx, c)->stray[end].moved)
		tf_finding_text(
		    &f, "note",
		    "But where numbers jump beyond the window, the capture may have missed the end of "
		    "this connection and the opening of another one on the same addresses and ports, "
		    "which has its own numbers.");
	tf_finding_packet(&f, gap->packet);
	bool before = tf_raised(ctx, c, TF_A_CAPTURE_LOSS, !end);
	if (tf_raise(ctx, c, &f))
		ctx->stats->with_gaps += !before;
}

void
tf_gaps_deadline(struct tf_context *ctx, struct tf_connection *c, bool at_end)
{
	struct tf_extra *x = tf_extra_if(ctx, c);

	if (!x)
		return;
	for (enum tf_endpoint e = TF_CLIENT; e <= TF_SERVER; e++)
		if (x->gap[e].ns && (at_end || due_at(&x->gap[e]) <= ctx->now_ns))
			judge(ctx, c, e, &x->gap[e]);
}
