/*
 * A finding that rests on silence, or on what did not happen, says how long
 * that had lasted when it became sure.  What ends it in the same connection
 * is kept here, for the connection's record: the window opens again, the FIN
 * is acknowledged, the program closes after all (RFC 9293 sections 3.6, 3.8).
 *
 * A RST ends the connection, and has findings of its own: only that it
 * passed breaks a silence of both ends.  Findings are not withdrawn, and
 * what came back before the record was due has not ended.  Of what went on
 * without a break the record says for how long.
 */
#include "detect/ending.h"

#include "detect/families.h"

static enum tf_endpoint
other(enum tf_endpoint e)
{
	return e == TF_CLIENT ? TF_SERVER : TF_CLIENT;
}

/* Some host took it for a segment of the connection. */
static bool
counts(const struct tf_step *st)
{
	return !(st->s->flags & TF_RST) && !(st->marks & TF_MARK_UNACCEPTABLE);
}

/* ---- does the segment end it? -------------------------------------------------------- */

static bool
comes_from(const struct tf_step *st, enum tf_endpoint who)
{
	return counts(st) && st->from == who;
}

static bool
opens_window(const struct tf_step *st, enum tf_endpoint who)
{
	return comes_from(st, who) && st->s->flags & TF_ACK &&
	       !tf_extra_if(st->ctx, st->c)->watch[who].shut_ns;
}

static bool
answers_syn_ack(const struct tf_step *st, enum tf_endpoint who)
{
	return comes_from(st, who) && st->acks_syn;
}

static bool
acknowledges_fin(const struct tf_step *st, enum tf_endpoint who)
{
	return comes_from(st, who) && st->acks_fin;
}

/* Its FIN need not have passed: then an ACK shows it. */
static bool
shows_fin(const struct tf_step *st, enum tf_endpoint who)
{
	return counts(st) && tf_end_has(&st->c->end[who], TF_END_FIN);
}

static bool
passes(const struct tf_step *st, enum tf_endpoint who)
{
	return st->from == who;
}

/* ---- has it come back since? ---------------------------------------------------------- */

static bool
is_silent_again(const struct tf_context *ctx, const struct tf_connection *c, const struct tf_lasting *l)
{
	return tf_silence_holds(ctx, c, (enum tf_anomaly)l->id, (enum tf_endpoint)l->about);
}

/* The answer was lost behind the tap. */
static bool
sent_syn_ack_again(const struct tf_context *ctx, const struct tf_connection *c, const struct tf_lasting *l)
{
	return tf_extra_if(ctx, c)->syn_ack_last_ns > l->ended_ns;
}

/* Likewise. */
static bool
sent_fin_again(const struct tf_context *ctx, const struct tf_connection *c, const struct tf_lasting *l)
{
	return tf_fin_last_ns(ctx, c, (enum tf_endpoint)l->about) > l->ended_ns;
}

/* Its FIN turned out to be none of its own. */
static bool
has_no_fin(const struct tf_context *ctx, const struct tf_connection *c, const struct tf_lasting *l)
{
	(void)ctx;
	return !tf_end_has(&c->end[l->by], TF_END_FIN);
}

/* ---- which event ends which finding ---------------------------------------------------- */

enum who { ITSELF, ITS_PEER, EITHER }; /* seen from the end that the finding is about */

static const struct ending {
	enum tf_anomaly id;
	enum tf_ending_kind kind;
	enum who who;
	bool (*ends)(const struct tf_step *st, enum tf_endpoint who);
	bool (*is_back)(const struct tf_context *ctx, const struct tf_connection *c,
	                const struct tf_lasting *l);
} endings[] = {
    {TF_A_HALF_OPEN_HANDSHAKE, TF_ENDED_ANSWERED, ITS_PEER, answers_syn_ack, sent_syn_ack_again},
    {TF_A_DEAD_PEER, TF_ENDED_HEARD, ITSELF, comes_from, is_silent_again},
    {TF_A_KEEPALIVE_TIMEOUT, TF_ENDED_HEARD, ITSELF, comes_from, is_silent_again},
    {TF_A_ZERO_WINDOW_STALL, TF_ENDED_OPENED, ITSELF, opens_window, is_silent_again},
    {TF_A_IDLE, TF_ENDED_SPOKEN, EITHER, passes, is_silent_again},
    {TF_A_STUCK_FIN_WAIT_1, TF_ENDED_ACKNOWLEDGED, ITS_PEER, acknowledges_fin, sent_fin_again},
    {TF_A_STUCK_CLOSING, TF_ENDED_ACKNOWLEDGED, ITS_PEER, acknowledges_fin, sent_fin_again},
    {TF_A_STUCK_LAST_ACK, TF_ENDED_ACKNOWLEDGED, ITS_PEER, acknowledges_fin, sent_fin_again},
    {TF_A_STUCK_FIN_WAIT_2, TF_ENDED_CLOSED, ITS_PEER, shows_fin, has_no_fin},
    {TF_A_STUCK_CLOSE_WAIT, TF_ENDED_CLOSED, ITSELF, shows_fin, has_no_fin},
};

/* NULL: what it says does not end. */
static const struct ending *
ending_of(enum tf_anomaly id)
{
	for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
		if (endings[i].id == id)
			return &endings[i];
	return NULL;
}

void
tf_ending_await(struct tf_context *ctx, struct tf_connection *c, const struct tf_finding *f, int64_t since_ns)
{
	struct tf_extra *x = tf_extra_if(ctx, c);

	if (!x || !ending_of(f->id) || x->lasting_count == TF_MAX_ENDINGS)
		return;
	x->lasting[x->lasting_count++] = (struct tf_lasting){
	    .since_ns = since_ns,
	    .latest_ns = ctx->now_ns,
	    .id = (uint8_t)f->id,
	    .about = (uint8_t)f->endpoint,
	};
}

static enum tf_endpoint
who_ends(const struct ending *e, const struct tf_step *st, enum tf_endpoint about)
{
	return e->who == EITHER ? st->from : e->who == ITSELF ? about : other(about);
}

void
tf_ending_segment(const struct tf_step *st)
{
	struct tf_extra *x = tf_extra_if(st->ctx, st->c);

	for (unsigned i = 0; x && i < x->lasting_count; i++) {
		struct tf_lasting *l = &x->lasting[i];
		const struct ending *e = ending_of((enum tf_anomaly)l->id);
		enum tf_endpoint who = who_ends(e, st, (enum tf_endpoint)l->about);

		if (!l->packet && counts(st) && st->ctx->now_ns > l->latest_ns) {
			l->latest_ns = st->ctx->now_ns;
			l->latest = (uint32_t)st->s->packet;
		}
		if (!e->ends(st, who) || (l->packet && !e->is_back(st->ctx, st->c, l)))
			continue;
		l->ended_ns = st->ctx->now_ns;
		l->packet = (uint32_t)st->s->packet;
		l->by = (uint8_t)who;
	}
}

/* Did it go on after it was found?  What sends data in CLOSE-WAIT has not ended, but is no longer what was said. */
static bool
went_on(const struct tf_lasting *l, const struct ending *e)
{
	return !l->packet && l->latest && e->kind != TF_ENDED_CLOSED;
}

static struct tf_ending
not_ended(const struct tf_context *ctx, const struct tf_lasting *l)
{
	return (struct tf_ending){
	    .id = (enum tf_anomaly)l->id,
	    .endpoint = (enum tf_endpoint)l->about,
	    .kind = TF_NOT_ENDED,
	    .after_ns = l->latest_ns - l->since_ns,
	    .packet = tf_packet_of(ctx, l->latest),
	};
}

size_t
tf_detect_endings(const struct tf_context *ctx, const struct tf_connection *c,
                  struct tf_ending out[TF_MAX_ENDINGS])
{
	const struct tf_extra *x = tf_extra_if(ctx, c);
	size_t count = 0;

	for (unsigned i = 0; x && i < x->lasting_count; i++) {
		const struct tf_lasting *l = &x->lasting[i];
		const struct ending *e = ending_of((enum tf_anomaly)l->id);

		if (went_on(l, e))
			out[count++] = not_ended(ctx, l);
		if (!l->packet || e->is_back(ctx, c, l))
			continue;
		out[count++] = (struct tf_ending){
		    .id = e->id,
		    .endpoint = (enum tf_endpoint)l->about,
		    .kind = e->kind,
		    .by = (enum tf_endpoint)l->by,
		    .after_ns = l->ended_ns - l->since_ns,
		    .packet = tf_packet_of(ctx, l->packet),
		};
	}
	return count;
}
