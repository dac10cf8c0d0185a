/*
 * Faults of the capture itself, told when it is over: what it lost, holds
 * twice, cut short, put out of order or shows from one side only.  They
 * are about no connection; they tell how far the rest can be trusted.
 */
#include "detect/capture.h"

#include "detect/families.h"
#include "detect/raise.h"

/* Fewer copies than these happen on networks too. */
#define FEW_COPIES      3
#define MANY_COPIES     10
#define COPIES_PER_CENT 1
/* Steps back below this are usual where several CPUs take packets: no clock was set. */
#define SIDE_BY_SIDE_NS INT64_C(1000000)

static struct tf_finding
finding(const struct tf_context *ctx, enum tf_anomaly id, const char *subject)
{
	return (struct tf_finding){
	    .ts_ns = ctx->now_ns,
	    .endpoint = TF_NEITHER,
	    .id = id,
	    .severity = tf_anomaly_info(id)->severity,
	    .subject = subject,
	};
}

static void
check_drops(struct tf_context *ctx, const struct tf_capture_facts *facts)
{
	struct tf_finding f = finding(ctx, TF_A_KERNEL_DROPS, facts->name);

	if (!facts->dropped)
		return;
	tf_finding_count(&f, "dropped", TF_D_COUNT, facts->dropped);
	tf_finding_count(&f, "received", TF_D_COUNT, facts->frames);
	tf_raise_subject(ctx, &f);
}

static void
check_copies(struct tf_context *ctx, const struct tf_capture_facts *facts)
{
	struct tf_finding f = finding(ctx, TF_A_DUPLICATE_FRAMES, "capture");
	uint64_t copies = ctx->stats->duplicate_frames;

	if (copies < FEW_COPIES || !facts->frames ||
	    (copies < MANY_COPIES && copies * 100 < facts->frames * COPIES_PER_CENT))
		return;
	tf_finding_count(&f, "duplicates", TF_D_COUNT, copies);
	tf_finding_count(&f, "frames", TF_D_COUNT, facts->frames);
	tf_finding_ratio(&f, "share", (double)copies / (double)facts->frames);
	tf_raise_subject(ctx, &f);
}

static void
check_directions(struct tf_context *ctx)
{
	struct tf_finding f = finding(ctx, TF_A_ONE_WAY, "capture");
	uint64_t one_way = ctx->stats->one_way, total = ctx->stats->connections;

	if (one_way * 2 <= total)
		return;
	tf_finding_count(&f, "connections", TF_D_COUNT, one_way);
	tf_finding_count(&f, "total", TF_D_COUNT, total);
	tf_finding_ratio(&f, "share", (double)one_way / (double)total);
	tf_raise_subject(ctx, &f);
}

static void
check_time(struct tf_context *ctx)
{
	struct tf_finding f = finding(ctx, TF_A_TIME_BACKWARDS, "capture");

	if (!ctx->stats->time_backwards)
		return;
	tf_finding_count(&f, "times", TF_D_COUNT, ctx->stats->time_backwards);
	tf_finding_duration(&f, "largest", ctx->stats->time_backwards_max_ns);
	if (ctx->stats->time_backwards_max_ns < SIDE_BY_SIDE_NS)
		tf_finding_lower(&f, TF_INFO,
		                 "So little is usual where several CPUs or queues of a network card take "
		                 "packets side by side.");
	tf_raise_subject(ctx, &f);
}

static void
check_cuts(struct tf_context *ctx, const struct tf_capture_facts *facts)
{
	struct tf_finding f = finding(ctx, TF_A_SNAP_LENGTH, "capture");

	/* What was cut and is no TCP matters to nobody here; what has no headers may be. */
	if (!facts->cut || !(ctx->stats->segments || facts->headless))
		return;
	if (facts->headless)
		f.severity = TF_WARNING;
	tf_finding_count(&f, "cut", TF_D_COUNT, facts->cut);
	tf_finding_count(&f, "frames", TF_D_COUNT, facts->frames);
	tf_finding_count(&f, "snap_length", TF_D_COUNT, facts->snap_length);
	tf_finding_count(&f, "headless", TF_D_COUNT, facts->headless);
	tf_finding_text(&f, "hides",
	                facts->headless
	                    ? "segments and whole connections may lie hidden in those that end before "
	                      "their headers do; of the others payloads cannot be compared and "
	                      "checksums not verified"
	                    : "payloads cannot be compared and checksums not verified");
	tf_raise_subject(ctx, &f);
}

static void
check_evictions(struct tf_context *ctx)
{
	struct tf_finding f = finding(ctx, TF_A_EVICTED, "capture");

	if (!ctx->stats->evicted && !ctx->stats->evicted_tombstones && !ctx->stats->pool_exhausted)
		return;
	tf_finding_count(&f, "connections", TF_D_COUNT, ctx->stats->evicted);
	tf_finding_count(&f, "tombstones", TF_D_COUNT, ctx->stats->evicted_tombstones);
	tf_finding_count(&f, "no_room", TF_D_COUNT, ctx->stats->pool_exhausted);
	tf_raise_subject(ctx, &f);
}

/* A program that connected to its own port: both directions look like one. */
static bool
is_to_itself(const struct tf_context *ctx, const struct tf_connection *c)
{
	const struct tf_addr a = tf_connection_addr(ctx, c, 0), b = tf_connection_addr(ctx, c, 1);

	return c->tuple.port[0] == c->tuple.port[1] && memcmp(&a, &b, sizeof a) == 0;
}

/* Who has no ACK of so much sends it again, and sooner (RFC 6298 section 2). */
#define UNREPEATED_BYTES 4096

static bool
goes_on_unrepeated(const struct tf_context *ctx, const struct tf_connection *c, enum tf_endpoint which)
{
	const struct tf_extra *x = tf_extra_if(ctx, c);

	return c->end[which].bytes >= UNREPEATED_BYTES && c->last_ts_ns - c->first_ts_ns >= TF_SETTLE_NS &&
	       !(x && x->end[which].retransmitted);
}

bool
tf_detect_one_way(const struct tf_context *ctx, const struct tf_connection *c)
{
	enum tf_endpoint which = c->end[TF_CLIENT].packets ? TF_CLIENT : TF_SERVER;
	const struct tf_end *seen = &c->end[which], *absent = &c->end[!which];

	if (absent->packets || seen->packets < 2 || !tf_end_has(absent, TF_END_SEQ_KNOWN) ||
	    !tf_was_in(seen, TF_ESTABLISHED) || is_to_itself(ctx, c))
		return false;
	/* It acknowledges what did not pass: no scan, and no answer to a forged address.  Where its opening did not pass
	 * either, only an ACK that went on, or data that did, shows that the other end spoke since the capture began. */
	return !tf_seq_eq(absent->una, absent->isn) || goes_on_unrepeated(ctx, c, which);
}

void
tf_detect_capture(struct tf_context *ctx, const struct tf_capture_facts *facts)
{
	check_drops(ctx, facts);
	check_copies(ctx, facts);
	check_directions(ctx);
	check_time(ctx);
	check_cuts(ctx, facts);
	check_evictions(ctx);
}
