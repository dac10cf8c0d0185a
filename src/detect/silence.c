/*
 * Ends that have fallen silent, and windows that stay shut: data or probes
 * sent again and again without an answer (RFC 9293 sections 3.8.3 and
 * 3.8.4), a receiver that takes nothing (section 3.8.6.1), and connections
 * on which nothing happens for hours.
 *
 * Of an end whose direction is missing from the capture only the other end
 * tells: it is silent if that one sends the same data again and again, and
 * acknowledges nothing new.  Doubles and resets are not looked at here.
 */
#include "detect/families.h"

#define DEAD_NS          INT64_C(5000000000)
#define DEAD_REPEATS     5
#define LEAST_MTU        576                /* to assume where a router names none (RFC 1191 section 5) */
#define PROBE_APART_NS   INT64_C(300000000) /* probes closer than this are one */
#define PROBE_ANSWER_NS  INT64_C(1000000000)
#define PROBES_AND_RESET 2
#define PROBES_LOST      2 /* one may be on its way */

static bool
synchronized(const struct tf_connection *c)
{
	return tf_end_state(&c->end[TF_CLIENT]) >= TF_ESTABLISHED &&
	       tf_end_state(&c->end[TF_SERVER]) >= TF_ESTABLISHED;
}

static enum tf_endpoint
other(enum tf_endpoint e)
{
	return e == TF_CLIENT ? TF_SERVER : TF_CLIENT;
}

/* Since when nothing came from WHICH; where that was not followed yet, since AT_LATEST. */
static int64_t
silent_since(const struct tf_extra *x, enum tf_endpoint which, int64_t at_latest_ns)
{
	int64_t heard_ns = x->watch[which].heard_ns;

	return heard_ns ? heard_ns : at_latest_ns;
}

/* ---- what each segment tells -------------------------------------------------- */

/* It is the large segments of END alone that die, that is said or a router has said so, and what it sends again is large. */
static bool
dies_by_size(const struct tf_extra *x, enum tf_endpoint end)
{
	const struct tf_too_big_record *told = &x->too_big;
	uint32_t size = x->watch[end].repeat_size;

	if (told->packet && told->from == (uint8_t)end)
		return size > (told->mtu ? told->mtu : LEAST_MTU);
	return x->raised[end] >> TF_A_PMTU_BLACK_HOLE & 1 && size > LEAST_MTU;
}

/* The first octet that is not acknowledged, once more: by a retransmission time-out, not by a burst. */
static void
note_repetition(const struct tf_step *st, struct tf_extra *x)
{
	struct tf_end_watch *w = &x->watch[st->from];
	uint32_t size = tf_ip_size(st->s);

	if (!(st->marks & TF_MARK_RETRANSMISSION) || !st->data || tf_seq_gt(st->s->seq, st->x->una) ||
	    tf_seq_le(st->end, st->x->una))
		return;
	/* It may pass where the larger ones did not. */
	if (size < w->repeat_size && dies_by_size(x, st->from))
		w->repeats = 0;
	w->repeat_size = size;
	if (!w->repeats++) {
		w->repeat_ns = st->ctx->now_ns;
		w->alone_ns = st->former_ns;
		w->repeat_first = st->s->packet;
	}
	w->repeat_last = st->s->packet;
	w->tried_ns = st->ctx->now_ns;
}

static void
note_probe(const struct tf_step *st, struct tf_end_watch *w)
{
	if (!(st->marks & TF_MARK_KEEPALIVE) ||
	    (w->probes && st->ctx->now_ns - w->probe_last_ns < PROBE_APART_NS))
		return;
	if (!w->probes++) {
		w->quiet_ns = st->former_ns;
		w->probe_first = st->s->packet;
	}
	w->probe_last_ns = st->ctx->now_ns;
	w->probe_last = st->s->packet;
}

/* Any segment but a probe answers the other end's probes.  Who answers them has heard that end. */
static void
note_answer(const struct tf_step *st, struct tf_end_watch *own, struct tf_end_watch *peer)
{
	own->answered_ns = st->ctx->now_ns;
	if (peer->probes)
		own->probes = 0;
	peer->probes = 0;
}

static void
note_window(const struct tf_step *st, struct tf_end_watch *w)
{
	if (st->s->flags & (TF_SYN | TF_RST) || !(st->s->flags & TF_ACK) || !st->fresh)
		return;
	if (st->s->window != 0) {
		w->shut_ns = 0;
	} else if (!w->shut_ns) {
		w->shut_ns = st->ctx->now_ns;
		w->shut_packet = st->s->packet;
		w->shut_probes = 0;
	}
}

/* The other end tries to send into a window that it knows to be shut. */
static void
note_window_probe(const struct tf_step *st, struct tf_end_watch *sender, struct tf_end_watch *receiver)
{
	unsigned kinds = TF_MARK_ZERO_WINDOW_PROBE | TF_MARK_KEEPALIVE | TF_MARK_RETRANSMISSION;

	if (!receiver->shut_ns || !(st->data || st->marks & kinds) ||
	    st->ctx->now_ns - receiver->shut_ns < tf_end_rtt_ns(st->x))
		return;
	/* Who had nothing to send did not wait, and has not heard of a window that opened meanwhile if that was lost. */
	if (!receiver->shut_probes++)
		receiver->await_ns =
		    st->ctx->now_ns - receiver->shut_ns > st->ctx->config->timer[TF_TIMER_ZERO_WINDOW]
		        ? st->ctx->now_ns
		        : receiver->shut_ns;
	receiver->shut_unanswered++;
	receiver->shut_probe_packet = st->s->packet;
	sender->tried_ns = st->ctx->now_ns;
}

/* It sends its own once more, for it has heard nothing new either: that answers nothing. */
static bool
is_deaf(const struct tf_step *st)
{
	return st->marks & TF_MARK_RETRANSMISSION && st->data && !st->ack_advances;
}

/* ---- findings ----------------------------------------------------------------- */

/* From when on it holds, whether it was raised or not; INT64_MAX: it does not. */
static int64_t
dead_from(const struct tf_extra *x, enum tf_endpoint silent)
{
	const struct tf_end_watch *w = &x->watch[other(silent)];

	if (w->repeats < DEAD_REPEATS || dies_by_size(x, other(silent)))
		return INT64_MAX;
	return silent_since(x, silent, w->alone_ns) + DEAD_NS;
}

static int64_t
dead_deadline(const struct tf_extra *x, enum tf_endpoint silent)
{
	return x->raised[silent] >> TF_A_DEAD_PEER & 1 ? INT64_MAX : dead_from(x, silent);
}

/* What an ICMP error says of the data that SILENT did not answer; NULL: none came since. */
static const struct tf_undelivered *
told_undelivered(const struct tf_extra *x, enum tf_endpoint silent)
{
	const struct tf_undelivered *u = &x->undelivered;

	return u->packet && u->from == (uint8_t)other(silent) &&
	               u->ts_ns >= silent_since(x, silent, x->watch[other(silent)].alone_ns)
	           ? u
	           : NULL;
}

static void
put_undelivered(struct tf_finding *f, const struct tf_undelivered *u)
{
	tf_finding_addr(f, "router", &u->router);
	tf_finding_text(f, "problem", u->problem);
	tf_finding_count(f, "type", TF_D_COUNT, u->type);
	tf_finding_count(f, "code", TF_D_COUNT, u->code);
	tf_finding_packet(f, u->packet);
}

static void
raise_dead(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint silent)
{
	const struct tf_extra *x = tf_extra_if(ctx, c);
	const struct tf_end_watch *w = &x->watch[other(silent)];
	const struct tf_end *sender = &c->end[other(silent)];
	const struct tf_undelivered *u = told_undelivered(x, silent);
	struct tf_finding f = tf_finding(ctx, c, TF_A_DEAD_PEER, silent);

	tf_finding_duration(&f, "for", ctx->now_ns - silent_since(x, silent, w->alone_ns));
	tf_finding_count(&f, "retransmissions", TF_D_COUNT, w->repeats);
	tf_finding_count(&f, "unacknowledged", TF_D_COUNT, tf_unacknowledged_data(sender));
	tf_finding_where(&f, TF_WHERE_BEHIND,
	                 u ? "each copy passed the tap, and an ICMP error came back, but no answer"
	                   : "each copy passed the tap and no answer did, so they are lost behind it, or the "
	                     "answers are");
	if (u)
		put_undelivered(&f, u);
	if (silent == TF_SERVER && c->flags & TF_CONN_SYN_ACK && c->end[silent].packets == 1)
		tf_finding_text(
		    &f, "note",
		    "Of it nothing but its SYN,ACK passed: a listener whose accept queue is full does "
		    "the same, if it keeps nothing of a SYN but a cookie.");
	else if (x->watch[silent].heard_ns > w->repeat_ns)
		tf_finding_text(
		    &f, "note",
		    "But until then its own data, sent again, went on passing the tap: its host was "
		    "there, and the path between the two was gone.");
	tf_finding_packet(&f, w->repeat_first);
	tf_finding_packet(&f, w->repeat_last);
	tf_raise(ctx, c, &f);
}

static int64_t
probes_from(const struct tf_context *ctx, const struct tf_connection *c, const struct tf_extra *x,
            enum tf_endpoint silent)
{
	const struct tf_end_watch *w = &x->watch[other(silent)];

	if (w->probes < ctx->config->timer[TF_TIMER_KEEPALIVE_PROBES] || !c->end[silent].packets)
		return INT64_MAX;
	return w->probe_last_ns + PROBE_ANSWER_NS;
}

static int64_t
probes_deadline(const struct tf_context *ctx, const struct tf_connection *c, const struct tf_extra *x,
                enum tf_endpoint silent)
{
	return x->raised[silent] >> TF_A_KEEPALIVE_TIMEOUT & 1 ? INT64_MAX : probes_from(ctx, c, x, silent);
}

/* When the end that probes by W had an answer last. */
static int64_t
answered_at(const struct tf_end_watch *silent, const struct tf_end_watch *w)
{
	return silent->answered_ns ? silent->answered_ns : w->quiet_ns;
}

static void
raise_probes(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint silent, uint64_t reset)
{
	const struct tf_extra *x = tf_extra_if(ctx, c);
	const struct tf_end_watch *w = &x->watch[other(silent)];
	struct tf_finding f = tf_finding(ctx, c, TF_A_KEEPALIVE_TIMEOUT, silent);

	tf_finding_count(&f, "probes", TF_D_COUNT, w->probes);
	tf_finding_duration(&f, "for", ctx->now_ns - answered_at(&x->watch[silent], w));
	tf_finding_count(&f, "reset", TF_D_BOOL, reset != 0);
	tf_finding_where(&f, TF_WHERE_BEHIND, "the probes passed the tap and no answer did");
	if (x->watch[silent].heard_ns > w->quiet_ns)
		tf_finding_text(
		    &f, "note",
		    "But its own probes went on passing the tap: its host was there, and the path "
		    "between the two was gone.");
	tf_finding_packet(&f, w->probe_first);
	tf_finding_packet(&f, w->probe_last);
	tf_finding_packet(&f, reset);
	tf_raise(ctx, c, &f);
}

static int64_t
window_from(const struct tf_context *ctx, const struct tf_extra *x, enum tf_endpoint receiver)
{
	const struct tf_end_watch *w = &x->watch[receiver];

	if (!w->shut_ns || !w->shut_probes)
		return INT64_MAX;
	return w->await_ns + ctx->config->timer[TF_TIMER_ZERO_WINDOW];
}

static int64_t
window_deadline(const struct tf_context *ctx, const struct tf_extra *x, enum tf_endpoint receiver)
{
	return x->raised[receiver] >> TF_A_ZERO_WINDOW_STALL & 1 ? INT64_MAX : window_from(ctx, x, receiver);
}

static void
raise_window(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint receiver)
{
	const struct tf_end_watch *w = &tf_extra_if(ctx, c)->watch[receiver];
	struct tf_finding f = tf_finding(ctx, c, TF_A_ZERO_WINDOW_STALL, receiver);

	tf_finding_duration(&f, "for", ctx->now_ns - w->shut_ns);
	tf_finding_count(&f, "probes", TF_D_COUNT, w->shut_probes);
	if (w->shut_unanswered >= PROBES_LOST)
		tf_finding_text(
		    &f, "note",
		    "But its latest probes had no answer at all: rather its host or the path to it is "
		    "gone since.");
	tf_finding_packet(&f, w->shut_packet);
	tf_finding_packet(&f, w->shut_probe_packet);
	tf_raise(ctx, c, &f);
}

/* ---- idle --------------------------------------------------------------------- */

/* Has anything passed that an open connection sends?  A segment with flags that no TCP sends shows none. */
static bool
is_known(const struct tf_connection *c)
{
	return (c->end[TF_CLIENT].flags | c->end[TF_SERVER].flags) & TF_END_SEQ_KNOWN;
}

static int64_t
idle_from(const struct tf_context *ctx, const struct tf_connection *c)
{
	if (tf_end_state(&c->end[TF_CLIENT]) != TF_ESTABLISHED ||
	    tf_end_state(&c->end[TF_SERVER]) != TF_ESTABLISHED || !is_known(c))
		return INT64_MAX;
	return c->last_ts_ns + ctx->config->timer[TF_TIMER_IDLE];
}

static int64_t
idle_deadline(const struct tf_context *ctx, const struct tf_connection *c)
{
	int64_t from = idle_from(ctx, c);

	return from != INT64_MAX && tf_raised(ctx, c, TF_A_IDLE, TF_NEITHER) ? INT64_MAX : from;
}

static void
check_idle(struct tf_context *ctx, struct tf_connection *c)
{
	if (idle_deadline(ctx, c) > ctx->now_ns)
		return;
	struct tf_finding f = tf_finding(ctx, c, TF_A_IDLE, TF_NEITHER);
	tf_finding_duration(&f, "for", ctx->now_ns - c->last_ts_ns);
	tf_finding_packet(&f, tf_first_packet(ctx, c));
	tf_raise(ctx, c, &f);
}

/* ---- once more ------------------------------------------------------------------ */

bool
tf_silence_holds(const struct tf_context *ctx, const struct tf_connection *c, enum tf_anomaly id,
                 enum tf_endpoint about)
{
	const struct tf_extra *x = tf_extra_if(ctx, c);

	if (id == TF_A_IDLE)
		return idle_from(ctx, c) <= ctx->now_ns;
	if (!x)
		return false;
	if (id == TF_A_ZERO_WINDOW_STALL)
		return window_from(ctx, x, about) <= ctx->now_ns;
	/* Whatever is sent to an end that is silent. */
	return dead_from(x, about) <= ctx->now_ns || probes_from(ctx, c, x, about) <= ctx->now_ns;
}

/* ---- the family's three calls --------------------------------------------------- */

static void
check(struct tf_context *ctx, struct tf_connection *c)
{
	const struct tf_extra *x = tf_extra_if(ctx, c);

	if (!x || !synchronized(c))
		return;
	for (enum tf_endpoint e = TF_CLIENT; e <= TF_SERVER; e++) {
		if (dead_deadline(x, e) <= ctx->now_ns)
			raise_dead(ctx, c, e);
		if (probes_deadline(ctx, c, x, e) <= ctx->now_ns)
			raise_probes(ctx, c, e, 0);
		if (window_deadline(ctx, x, e) <= ctx->now_ns)
			raise_window(ctx, c, e);
	}
}

void
tf_silence_segment(const struct tf_step *st)
{
	struct tf_extra *x = tf_extra_if(st->ctx, st->c);

	if (!x)
		return;
	struct tf_end_watch *own = &x->watch[st->from], *peer = &x->watch[st->to];
	if (st->s->flags & TF_RST) {
		if (own->probes >= PROBES_AND_RESET && st->y->packets &&
		    tf_connection_close(st->c) == TF_CLOSE_RST)
			raise_probes(st->ctx, st->c, st->to, st->s->packet);
		return;
	}
	own->heard_ns = st->ctx->now_ns;
	if (!is_deaf(st))
		peer->repeats = 0;
	own->shut_unanswered = 0;
	if (!(st->marks & TF_MARK_KEEPALIVE))
		note_answer(st, own, peer);
	/* It has heard something new, whether that passed the tap or not. */
	if (st->ack_advances)
		own->repeats = 0;
	note_repetition(st, x);
	note_probe(st, own);
	note_window(st, own);
	note_window_probe(st, own, peer);
	check(st->ctx, st->c);
}

int64_t
tf_silence_next(const struct tf_context *ctx, const struct tf_connection *c)
{
	const struct tf_extra *x = tf_extra_if(ctx, c);
	int64_t next = idle_deadline(ctx, c);

	if (!x || !synchronized(c))
		return next;
	for (enum tf_endpoint e = TF_CLIENT; e <= TF_SERVER; e++) {
		next = tf_earlier(next, dead_deadline(x, e));
		next = tf_earlier(next, probes_deadline(ctx, c, x, e));
		next = tf_earlier(next, window_deadline(ctx, x, e));
	}
	return next;
}

void
tf_silence_deadline(struct tf_context *ctx, struct tf_connection *c)
{
	check_idle(ctx, c);
	check(ctx, c);
}
