/*
 * Findings on their way to the sink.  What has been raised is a mask in
 * the connection's rare things, so a finding needs room there; where the
 * pool is full it is not raised, and the pool's exhaustion is counted.
 *
 * One is not rare: where a capture begins on a busy host, all connections
 * are older than it.  That they are has a flag of the connection's.
 */
#include "detect/raise.h"

#include <assert.h>
#include <string.h>

#include "detect/ending.h"

struct tf_finding
tf_finding_of(const struct tf_context *ctx, uint64_t conn, const struct tf_key *key, bool client_second,
              enum tf_anomaly id, enum tf_endpoint end)
{
	return (struct tf_finding){
	    .ts_ns = ctx->now_ns,
	    .packet = ctx->packet,
	    .conn = conn,
	    .endpoint = end,
	    .id = id,
	    .severity = tf_anomaly_info(id)->severity,
	    .ends_known = true,
	    .addr = {key->addr[client_second], key->addr[!client_second]},
	    .port = {key->port[client_second], key->port[!client_second]},
	};
}

struct tf_finding
tf_finding(const struct tf_context *ctx, const struct tf_connection *c, enum tf_anomaly id,
           enum tf_endpoint end)
{
	struct tf_key key = tf_connection_key(ctx, c);

	return tf_finding_of(ctx, c->conn, &key, (c->flags & TF_CONN_CLIENT_SECOND) != 0, id, end);
}

void
tf_finding_packet(struct tf_finding *f, uint64_t packet)
{
	size_t at = f->packet_count;

	if (!packet || at == TF_MAX_EVIDENCE)
		return;
	while (at > 0 && f->packets[at - 1] >= packet) {
		if (f->packets[at - 1] == packet)
			return;
		at--;
	}
	for (size_t i = f->packet_count; i > at; i--)
		f->packets[i] = f->packets[i - 1];
	f->packets[at] = packet;
	f->packet_count++;
}

static struct tf_detail *
next_detail(struct tf_finding *f, const char *name, enum tf_detail_kind kind)
{
	assert(f->detail_count < TF_MAX_DETAILS);
	struct tf_detail *d = &f->detail[f->detail_count++];
	d->name = name;
	d->kind = kind;
	return d;
}

void
tf_finding_count(struct tf_finding *f, const char *name, enum tf_detail_kind kind, uint64_t value)
{
	next_detail(f, name, kind)->count = value;
}

void
tf_finding_duration(struct tf_finding *f, const char *name, int64_t ns)
{
	next_detail(f, name, TF_D_DURATION)->ns = ns;
}

void
tf_finding_ratio(struct tf_finding *f, const char *name, double ratio)
{
	next_detail(f, name, TF_D_RATIO)->ratio = ratio;
}

void
tf_finding_text(struct tf_finding *f, const char *name, const char *text)
{
	next_detail(f, name, TF_D_TEXT)->text = text;
}

void
tf_finding_addr(struct tf_finding *f, const char *name, const struct tf_addr *addr)
{
	next_detail(f, name, TF_D_ADDR)->addr = *addr;
}

void
tf_finding_where(struct tf_finding *f, enum tf_where where, const char *why)
{
	static const char *const words[] = {
	    [TF_WHERE_UNKNOWN] = "unknown",
	    [TF_WHERE_BEFORE] = "before the tap",
	    [TF_WHERE_BEHIND] = "behind the tap",
	    [TF_WHERE_NOWHERE] = "nowhere",
	};

	tf_finding_text(f, "where", words[where]);
	tf_finding_text(f, "why", why);
}

void
tf_finding_lower(struct tf_finding *f, enum tf_severity severity, const char *note)
{
	if (f->severity > severity)
		f->severity = severity;
	tf_finding_text(f, "note", note);
}

static void
count(struct tf_extra *x, enum tf_anomaly id)
{
	for (int i = 0; i < TF_COUNTED_ANOMALIES; i++) {
		if (x->counted[i].used && x->counted[i].id != id)
			continue;
		x->counted[i].used = 1;
		x->counted[i].id = (uint8_t)id;
		if (x->counted[i].count < UINT16_MAX)
			x->counted[i].count++;
		return;
	}
}

bool
tf_raised(const struct tf_context *ctx, const struct tf_connection *c, enum tf_anomaly id,
          enum tf_endpoint end)
{
	const struct tf_extra *x = tf_extra_if(ctx, c);

	if (id == TF_A_MIDSTREAM)
		return (c->flags & TF_CONN_FOUND_MIDSTREAM) != 0;
	return x && x->raised[end] >> id & 1;
}

/* Note that ID was raised: false where it was before, or where there is no room. */
static bool
note(struct tf_context *ctx, struct tf_connection *c, enum tf_anomaly id, enum tf_endpoint end)
{
	bool before = tf_raised(ctx, c, id, end);

	if (id == TF_A_MIDSTREAM) {
		c->flags |= TF_CONN_FOUND_MIDSTREAM;
		return !before;
	}
	struct tf_extra *x = tf_extra_of(ctx, c);
	if (!x)
		return false;
	count(x, id);
	x->raised[end] |= UINT64_C(1) << id;
	return !before;
}

void
tf_note_midstream(struct tf_context *ctx, struct tf_connection *c)
{
	if (note(ctx, c, TF_A_MIDSTREAM, TF_NEITHER))
		ctx->stats->anomalies[TF_A_MIDSTREAM]++;
}

/* ---- a gap of days -------------------------------------------------------------------- */

static const struct tf_detail *
detail_of(const struct tf_finding *f, const char *name)
{
	for (size_t i = 0; i < f->detail_count; i++)
		if (strcmp(f->detail[i].name, name) == 0)
			return &f->detail[i];
	return NULL;
}

/* Is it that nothing came until a limit ran out? */
static bool
rests_on_silence(enum tf_anomaly id)
{
	static const enum tf_anomaly silent[] = {
	    TF_A_SYN_UNANSWERED,    TF_A_HALF_OPEN_HANDSHAKE, TF_A_STUCK_FIN_WAIT_1, TF_A_STUCK_FIN_WAIT_2,
	    TF_A_STUCK_CLOSE_WAIT,  TF_A_CLOSE_WAIT_LEAK,     TF_A_STUCK_CLOSING,    TF_A_STUCK_LAST_ACK,
	    TF_A_KEEPALIVE_TIMEOUT, TF_A_ZERO_WINDOW_STALL,   TF_A_DEAD_PEER,        TF_A_IDLE};

	for (size_t i = 0; i < sizeof silent / sizeof silent[0]; i++)
		if (id == silent[i])
			return true;
	return false;
}

static void
lower_in_a_leap(const struct tf_context *ctx, struct tf_finding *f)
{
	if (ctx->leapt && rests_on_silence(f->id) && !detail_of(f, "note"))
		tf_finding_lower(f, TF_NOTICE,
		                 "After that no packet passed for days: the capture may have been stopped in "
		                 "between, or its clock may have leapt.");
}

/* ---- on the way ------------------------------------------------------------------------ */

static void
emit(struct tf_context *ctx, struct tf_finding *f)
{
	struct tf_event e = {.kind = TF_EV_FINDING, .finding = f};

	lower_in_a_leap(ctx, f);
	ctx->stats->anomalies[f->id]++;
	/* A deadline: the last frame that proves it. */
	if (!f->packet)
		f->packet = f->packet_count ? f->packets[f->packet_count - 1] : ctx->last_packet;
	tf_briefs_emit(ctx);
	if (ctx->sink.wanted & TF_EV_FINDING)
		ctx->sink.event(ctx->sink.context, &e);
}

void
tf_raise_subject(struct tf_context *ctx, const struct tf_finding *f)
{
	struct tf_finding out = *f;

	emit(ctx, &out);
}

/* ---- a capture that lost packets -------------------------------------------------------- */

#define FEW_GAPS      2
#define GAPS_PER_CENT 5

bool
tf_capture_misses(const struct tf_context *ctx, unsigned per_cent)
{
	uint64_t gaps = ctx->stats->with_gaps;

	return ctx->dropped || (gaps >= FEW_GAPS && gaps * 100 >= ctx->stats->connections * per_cent);
}

/* Does it rest on something that did not pass the tap, or passed it late, and that no repetition confirms? */
static bool
rests_on_the_unseen(const struct tf_finding *f)
{
	static const enum tf_anomaly silent[] = {TF_A_HALF_OPEN_HANDSHAKE, TF_A_STUCK_FIN_WAIT_2,
	                                         TF_A_STUCK_CLOSE_WAIT, TF_A_REUSE_WHILE_OPEN,
	                                         TF_A_HALF_OPEN},
	                             placed[] = {TF_A_STUCK_FIN_WAIT_1, TF_A_STUCK_CLOSING,
	                                         TF_A_STUCK_LAST_ACK, TF_A_EXCESSIVE_RETRANSMISSION};
	const struct tf_detail *where = detail_of(f, "where"), *attempts = detail_of(f, "attempts");

	for (size_t i = 0; i < sizeof silent / sizeof silent[0]; i++)
		if (f->id == silent[i])
			return true;
	for (size_t i = 0; i < sizeof placed / sizeof placed[0]; i++)
		if (f->id == placed[i])
			return where && strcmp(where->text, "behind the tap") != 0;
	return f->id == TF_A_SYN_UNANSWERED && attempts && attempts->count == 1;
}

static void
lower_in_its_capture(const struct tf_context *ctx, struct tf_finding *f)
{
	if (tf_capture_misses(ctx, GAPS_PER_CENT) && rests_on_the_unseen(f))
		tf_finding_lower(f, f->severity == TF_ERROR ? TF_WARNING : TF_NOTICE,
		                 "The capture lost packets, and one that was not seen may explain this.");
}

bool
tf_raise(struct tf_context *ctx, struct tf_connection *c, const struct tf_finding *f)
{
	if (!note(ctx, c, f->id, f->endpoint))
		return false;
	const struct tf_detail *lasted = detail_of(f, "for");
	if (lasted)
		tf_ending_await(ctx, c, f, f->ts_ns - lasted->ns);
	struct tf_finding out = *f;
	lower_in_its_capture(ctx, &out);
	emit(ctx, &out);
	return true;
}
