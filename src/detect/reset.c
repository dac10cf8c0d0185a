/*
 * Connections that end by a RST: an abort of a live end, the answer of an
 * end that has no such connection any more (RFC 9293 section 3.5.1) or that
 * has closed and takes no more (section 3.6.1), and a RST that ends
 * TIME-WAIT (RFC 1337).  And data that comes after a RST.
 *
 * One RST raises one finding: the one that says most.
 */
#include "detect/families.h"

/* In sequence space, in which a SYN and a FIN count as one each. */
static uint64_t
unacknowledged(const struct tf_end *end)
{
	return tf_end_has(end, TF_END_SEQ_KNOWN) && tf_seq_gt(end->max, end->una) ? end->max.v - end->una.v
	                                                                          : 0;
}

uint64_t
tf_unacknowledged_data(const struct tf_end *end)
{
	/* Where the ACK of the FIN did not pass, and shows by what came later, it acknowledged all before it, too. */
	uint64_t octets = tf_end_has(end, TF_END_FIN_ACKED) ? 0 : unacknowledged(end);
	bool syn = tf_end_has(end, TF_END_ISN_KNOWN) && tf_seq_eq(end->una, end->isn);

	octets -= octets > 0 && syn;
	return octets - (octets > 0 && tf_end_has(end, TF_END_FIN));
}

static bool
synchronized(enum tf_state s)
{
	return s >= TF_ESTABLISHED;
}

/* No host starts anew, and no device on the path forgets, in so short a time. */
#define FORGETS_NS INT64_C(200000000)

/* Who spoke a moment ago has not forgotten: it closed, and that did not pass.  What is known is its
 * latest segment where there was something to follow or the opening was missed, and the handshake. */
static bool
spoke_just_now(const struct tf_step *st, const struct tf_extra *x)
{
	int64_t heard_ns = x ? x->watch[st->from].heard_ns : tf_connection_heard_ns(st->ctx, st->c, st->from);
	int64_t opened_ns = tf_handshake_at_ns(st->c);

	return (heard_ns > 0 && st->ctx->now_ns - heard_ns < TF_SETTLE_NS) ||
	       (st->c->flags & TF_CONN_ESTABLISHED &&
	        st->ctx->now_ns - opened_ns < FORGETS_NS + tf_end_rtt_ns(st->x));
}

/* It began anew, and its RST answers the ACK that challenged its SYN (section 3.5.1, figure 9). */
static bool
answers_challenge(const struct tf_step *st, const struct tf_extra *x)
{
	const struct tf_held_syn *held = x && x->held ? tf_pool_at(&st->ctx->held, x->held) : NULL;

	return held && held->from == st->from && held->challenge_packet;
}

/* It broke off without a word, and the other end did not know. */
static bool
had_broken_off(const struct tf_step *st, const struct tf_extra *x)
{
	return x && x->broke_off[st->from] && st->before[st->from] == TF_CLOSED &&
	       st->before[st->to] == TF_ESTABLISHED;
}

/* The data came with a FIN, or one followed.  The end seemed to have taken that, by presumption alone.  But the end of a stream is
 * what live programs wait for, and some abort then: only where this end is known to have been silent for long before, and
 * answers at once, it has lost the connection. */
static bool
answers_data_with_fin(const struct tf_step *st, const struct tf_extra *x)
{
	enum tf_state state = st->before[st->from];
	int64_t heard_ns = x ? x->watch[st->from].heard_ns : 0;

	return (state == TF_ESTABLISHED || state == TF_CLOSE_WAIT) && tf_unacknowledged_data(st->y) > 0 &&
	       heard_ns > 0 && st->ctx->now_ns - heard_ns >= TF_RESTART_NS &&
	       st->ctx->now_ns - st->former_ns <= tf_end_rtt_ns(st->x);
}

/* A bare RST, and the window for its sender's data was shut: a FIN behind what waits for that window has not passed.
 * Linux answers what comes after such a close with a bare RST, too (RFC 2525 section 2.17). */
static bool
had_no_room(const struct tf_step *st)
{
	return !(st->s->flags & TF_ACK) && st->y->window == 0 && !tf_end_has(st->x, TF_END_FIN);
}

/* A host without the connection answers data or a probe with a bare RST
 * whose number is that segment's ACK (section 3.10.7.1); a live end's RST
 * carries an ACK.  Or it began anew, and its RST answers the challenge. */
static bool
lost_its_state(const struct tf_step *st)
{
	const struct tf_extra *x = tf_extra_if(st->ctx, st->c);
	bool bare = !(st->s->flags & TF_ACK) && tf_seq_eq(st->s->seq, st->x->una);
	bool with_fin = tf_end_has(st->y, TF_END_FIN);
	bool open = with_fin ? answers_data_with_fin(st, x) : st->before[st->from] == TF_ESTABLISHED;
	bool closing =
	    tf_end_has(st->x, TF_END_FIN) || (with_fin && !open) || (x && (x->damaged_close || x->rst.again));
	bool probed = x && x->probe_ns[st->to] > 0 && st->c->last_ts_ns - x->probe_ns[st->to] < TF_SETTLE_NS;
	bool gone = had_broken_off(st, x);

	if (!bare || closing || !(open || gone))
		return false;
	if (answers_challenge(st, x))
		return true;
	/* What passes long after all else answers nothing, and data of its own on the way may show that it spoke a moment
	 * ago.  And a capture with gaps may have missed its FIN. */
	return st->ctx->now_ns - st->former_ns < TF_SETTLE_NS && (gone || unacknowledged(st->x) == 0) &&
	       !spoke_just_now(st, x) && !had_no_room(st) && !(st->c->flags & TF_CONN_GAP) &&
	       (unacknowledged(st->y) > 0 || probed);
}

/* Octets of data that the RST's receiver sent, and that the RST does not acknowledge either. */
static uint64_t
left_unacknowledged(const struct tf_step *st)
{
	struct tf_end y = *st->y;

	if (st->s->flags & TF_ACK && tf_seq_between(st->s->ack, y.una, y.max))
		y.una = st->s->ack;
	return tf_unacknowledged_data(&y);
}

/* The state in which END was when the RST ended it, by all that is known since: it may have sent something that
 * showed where it was. */
static enum tf_state
ended_in(const struct tf_end *end, uint8_t seemed)
{
	bool known = tf_end_state(end) == TF_CLOSED && (end->depth & 0xf) > 0;

	return (enum tf_state)(known ? end->history >> 4 & 0xf : seemed);
}

/* A RST is all that FROM ever sent, and of the opening nothing passed: a
 * closed port answers a scan, and there was nothing to abort. */
static bool
answers_stranger(const struct tf_connection *c, enum tf_endpoint from)
{
	return c->flags & TF_CONN_MIDSTREAM && c->end[from].packets == 1;
}

/* Did it end, at least for the end that sent the RST?  The other one keeps its state where nothing answered what was sent to
 * it again: it hardly heard the RST. */
static bool
has_ended(const struct tf_connection *c, const struct tf_extra *x)
{
	return tf_connection_close(c) == TF_CLOSE_RST &&
	       (tf_connection_closed(c) || tf_end_state(&c->end[x->rst.from]) == TF_CLOSED);
}

/* The connection seems to have ended here.  It is said when nothing has
 * contradicted it for the settle time: a forged RST, or one that was lost,
 * ends nothing. */
static void
note_end(const struct tf_step *st, enum tf_anomaly id)
{
	struct tf_extra *x = tf_extra_of(st->ctx, st->c);

	x->ended = (struct tf_ended){
	    .packet = st->s->packet,
	    .unacknowledged = left_unacknowledged(st),
	    .seq = st->s->seq,
	    .id = (uint8_t)id,
	    .from = (uint8_t)st->from,
	    .state = {(uint8_t)st->before[TF_CLIENT], (uint8_t)st->before[TF_SERVER]},
	};
	if (id == TF_A_RST_ABORT)
		x->ended.unacknowledged += tf_unacknowledged_data(st->x);
	x->ended.stranger = answers_stranger(st->c, st->from);
	x->ended.broke_off = had_broken_off(st, x);
	x->ended.no_room = had_no_room(st);
	if (id == TF_A_HALF_OPEN && x->held) {
		const struct tf_held_syn *held = tf_pool_at(&st->ctx->held, x->held);
		x->ended.cause[0] = held->segment.packet;
		x->ended.cause[1] = held->challenge_packet;
	}
}

#define IN_FLIGHT_NS   INT64_C(200000000)
#define FAREWELL_BYTES 80 /* a TLS close notify, padded */

/* What had passed before was on its way, or an ACK of it did not pass the tap. */
static uint64_t
sent_since(const struct tf_end *end, const struct tf_end_watch *w)
{
	uint64_t refused = tf_unacknowledged_data(end);
	uint64_t before = tf_seq_gt(w->after_fin_seq, end->una) ? w->after_fin_seq.v - end->una.v : 0;

	return before < refused ? refused - before : refused;
}

/* An end had closed altogether, and the other went on sending: all that it sent until now is thrown away. */
static void
raise_refused_data(struct tf_context *ctx, struct tf_connection *c, const struct tf_extra *x)
{
	enum tf_endpoint closed = (enum tf_endpoint)x->ended.from,
	                 end = closed == TF_CLIENT ? TF_SERVER : TF_CLIENT;
	struct tf_finding f = tf_finding(ctx, c, TF_A_DATA_AFTER_CLOSE, end);
	const struct tf_fin_record *fin = &tf_closing_if(ctx, c)->fin[closed];
	const struct tf_end_watch *w = &x->watch[end];
	uint64_t refused = tf_unacknowledged_data(&c->end[end]);
	int64_t after_ns = w->after_fin_ns - fin->first_ns;

	tf_finding_text(&f, "close", "FIN");
	tf_finding_count(&f, "bytes", TF_D_COUNT, sent_since(&c->end[end], w));
	tf_finding_duration(&f, "after", after_ns);
	/* A few octets at once are no more than a good-bye. */
	if (refused <= FAREWELL_BYTES && after_ns < IN_FLIGHT_NS)
		tf_finding_lower(&f, TF_NOTICE,
		                 "So few bytes so soon are mostly a farewell, such as TLS's close notify, "
		                 "that nobody misses.");
	tf_finding_packet(&f, tf_packet_of(ctx, fin->packet));
	tf_finding_packet(&f, w->after_fin_packet);
	tf_finding_packet(&f, x->ended.packet);
	tf_raise(ctx, c, &f);
}

/* It answers the ACK of its sender's FIN: whether that still took it no packet shows. */
static bool
answers_ack_of_fin(const struct tf_connection *c, const struct tf_ended *e)
{
	const struct tf_end *end = &c->end[e->from];

	return e->state[e->from] == TF_FIN_WAIT_2 && ended_in(end, e->state[e->from]) == TF_FIN_WAIT_1 &&
	       tf_seq_eq(e->seq, end->max);
}

/* With data on the SYN, and all or some of it acknowledged, the server's program has the connection before the third segment
 * comes (RFC 7413 section 3). */
bool
tf_took_syn_data(const struct tf_connection *c)
{
	const struct tf_end *client = &c->end[TF_CLIENT];

	return c->flags & TF_CONN_FAST_OPEN && tf_end_has(client, TF_END_ISN_KNOWN) &&
	       tf_seq_gt(client->una, tf_seq_add(client->isn, 1));
}

static void
raise_end(struct tf_context *ctx, struct tf_connection *c, const struct tf_extra *x)
{
	const struct tf_ended *e = &x->ended;
	if (e->id == TF_A_DATA_AFTER_CLOSE) {
		raise_refused_data(ctx, c, x);
		return;
	}
	/* Where the capture misses packets a FIN or RST that it missed explains the answer as well. */
	bool unproved = e->id == TF_A_HALF_OPEN && !e->cause[0] && tf_capture_misses(ctx, 1);
	enum tf_anomaly id = unproved ? TF_A_RST_ABORT : (enum tf_anomaly)e->id;
	struct tf_finding f = tf_finding(ctx, c, id, (enum tf_endpoint)e->from);

	if (id == TF_A_HALF_OPEN) {
		tf_finding_count(&f, "seq", TF_D_SEQ, e->seq.v);
	} else {
		tf_finding_text(&f, "by", e->from == TF_CLIENT ? "the client" : "the server");
		tf_finding_count(&f, "client_state", TF_D_STATE,
		                 ended_in(&c->end[TF_CLIENT], e->state[TF_CLIENT]));
		tf_finding_count(&f, "server_state", TF_D_STATE,
		                 ended_in(&c->end[TF_SERVER], e->state[TF_SERVER]));
	}
	tf_finding_count(&f, "unacknowledged", TF_D_COUNT, e->unacknowledged);
	bool embryo = ended_in(&c->end[e->from], e->state[e->from]) == TF_SYN_RECEIVED;
	if (embryo && id == TF_A_RST_ABORT && tf_took_syn_data(c))
		tf_finding_text(
		    &f, "note",
		    "That end had taken data on the SYN, so its program may have had the connection "
		    "already (Fast Open).");
	else if (embryo)
		tf_finding_lower(
		    &f, TF_WARNING,
		    "Of that end nothing but its SYN,ACK passed, so it may never have had the "
		    "connection: a listener whose accept queue is full drops the third segment, and "
		    "answers like this if it keeps nothing of a SYN but a cookie.");
	else if (id == TF_A_HALF_OPEN && e->stranger)
		tf_finding_lower(
		    &f, TF_WARNING,
		    "Of that end nothing else passed, so the connection may never have been: a scan, or "
		    "a tool that sends data without opening one, is answered like this, too.");
	else if (answers_ack_of_fin(c, e))
		tf_finding_text(
		    &f, "note",
		    "That RST answers the ACK of its sender's FIN: it may have been gone before, or have "
		    "taken that ACK (FIN-WAIT-2) and been done, as on Linux with TCP_LINGER2 below 0.");
	else if (e->broke_off)
		tf_finding_text(
		    &f, "note",
		    "Rather, that end had given the connection up without a word: nothing had answered "
		    "what it sent again and again.");
	else if (e->went_on)
		tf_finding_text(
		    &f, "note",
		    "But that end sent new data afterwards, as no host does that has reset the connection: "
		    "the RST came from somebody else, such as a firewall or a NAT.");
	else if (id == TF_A_RST_ABORT && e->no_room)
		tf_finding_text(
		    &f, "note",
		    "It had no window to send into, so it may have closed without a FIN that passed: "
		    "Linux answers data that comes then like this. Or it had lost the connection.");
	else if (id == TF_A_RST_ABORT && e->unacknowledged && !c->end[!e->from].packets)
		tf_finding_text(&f, "note",
		                "Of the other end nothing passed the tap: it may have acknowledged them.");
	else if (id == TF_A_RST_ABORT && e->unacknowledged && c->flags & TF_CONN_GAP)
		tf_finding_text(&f, "note",
		                "The capture missed segments of this connection, and one of those may have "
		                "acknowledged the bytes.");
	tf_finding_packet(&f, e->cause[0]);
	tf_finding_packet(&f, e->cause[1]);
	tf_finding_packet(&f, e->packet);
	tf_raise(ctx, c, &f);
}

/* A RST that was not at RCV.NXT, and silence since: then it was an abort too. */
static void
note_silent_end(struct tf_connection *c, struct tf_extra *x)
{
	const struct tf_end *client = &c->end[TF_CLIENT], *server = &c->end[TF_SERVER];

	if (x->ended.packet || x->rst.exact || answers_stranger(c, (enum tf_endpoint)x->rst.from) ||
	    !synchronized((enum tf_state)(client->history >> 4 & 0xf)) ||
	    !synchronized((enum tf_state)(server->history >> 4 & 0xf)))
		return;
	x->ended = (struct tf_ended){
	    .packet = x->rst.packet,
	    .unacknowledged = tf_unacknowledged_data(client) + tf_unacknowledged_data(server),
	    .seq = x->rst.seq,
	    .id = TF_A_RST_ABORT,
	    .from = x->rst.from,
	    .state = {(uint8_t)(client->history >> 4 & 0xf), (uint8_t)(server->history >> 4 & 0xf)},
	};
}

/* The third segment passes behind the RST of a server that was in SYN-RECEIVED. */
static bool
opens_behind_abort(const struct tf_step *st, const struct tf_extra *x)
{
	return st->first_ack_of_syn && x->rst.seen && x->rst.exact && x->rst.from == TF_SERVER &&
	       tf_end_state(st->x) >= TF_ESTABLISHED && tf_end_state(st->y) == TF_CLOSED &&
	       ended_in(st->y, TF_CLOSED) == TF_SYN_RECEIVED && tf_took_syn_data(st->c);
}

/* The server sends something beyond that RST, or acknowledges what it cannot have heard before it. */
static bool
belies_early_abort(const struct tf_step *st, const struct tf_ended *e)
{
	return e->packet && e->state[TF_SERVER] == TF_SYN_RECEIVED && st->from == TF_SERVER &&
	       (tf_seq_gt(st->end, e->seq) || (st->ack_advances && !st->bad_ack));
}

/* A RST in the handshake refuses, mostly.  Here both programs had the connection.  Another RST answers the third segment, and
 * confirms it; a server that goes on has sent none. */
static void
note_early_abort(const struct tf_step *st, struct tf_extra *x)
{
	if (belies_early_abort(st, &x->ended))
		x->ended.packet = 0;
	if (!opens_behind_abort(st, x))
		return;
	x->ended = (struct tf_ended){
	    .packet = x->rst.packet,
	    .cause[0] = st->s->packet,
	    .unacknowledged = tf_unacknowledged_data(st->x) + tf_unacknowledged_data(st->y),
	    .seq = x->rst.seq,
	    .id = TF_A_RST_ABORT,
	    .from = TF_SERVER,
	    .state = {TF_ESTABLISHED, TF_SYN_RECEIVED},
	};
}

void
tf_reset_deadline(struct tf_context *ctx, struct tf_connection *c, bool at_end)
{
	struct tf_extra *x = tf_extra_if(ctx, c);

	if (!x || tf_seems_refused(x) || !has_ended(c, x) || !(at_end || c->flags & TF_CONN_SETTLED))
		return;
	note_silent_end(c, x);
	if (x->ended.packet)
		raise_end(ctx, c, x);
	x->ended.packet = 0;
}

/* ---- a RST after a FIN ------------------------------------------------------------ */

/* What an ACK shows of a FIN that did not pass may have been an octet of data. */
static bool
has_passed(const struct tf_fin_record *fin)
{
	return fin->packet && !fin->inferred;
}

/* Its sender had closed, and the other end went on: what it sent is thrown away. */
static bool
refuses_data(const struct tf_step *st, const struct tf_extra *x)
{
	const struct tf_fin_record *fin = tf_fin_of(st, st->from);
	/* Data that does not acknowledge the FIN was on its way. */
	bool fin_only = tf_end_has(st->y, TF_END_FIN) && unacknowledged(st->y) <= 1;

	return tf_end_has(st->x, TF_END_FIN) && has_passed(fin) && unacknowledged(st->y) > 0 && !fin_only &&
	       x->watch[st->to].after_fin_packet;
}

/* It closed first, and answers the other's FIN like somebody who knows nothing any more. */
static bool
refuses_fin(const struct tf_step *st)
{
	const struct tf_fin_record *own = tf_fin_of(st, st->from), *peer = tf_fin_of(st, st->to);

	/* An end that still has the connection puts an ACK on its RST; one that has none any more takes its number from the
	 * ACK that it answers (RFC 9293 section 3.10.7.1). */
	return !(st->s->flags & TF_ACK) && tf_seq_eq(st->s->seq, st->x->una) &&
	       tf_end_has(st->x, TF_END_FIN) && tf_end_has(st->y, TF_END_FIN) &&
	       !tf_end_has(st->y, TF_END_FIN_ACKED) && has_passed(own) && has_passed(peer) &&
	       tf_packet_of(st->ctx, own->packet) < tf_packet_of(st->ctx, peer->packet);
}

static void
raise_refused_fin(const struct tf_step *st)
{
	const struct tf_fin_record *own = tf_fin_of(st, st->from), *peer = tf_fin_of(st, st->to);
	struct tf_finding f = tf_finding(st->ctx, st->c, TF_A_RST_AFTER_FIN, st->from);

	tf_finding_count(&f, "fin_packet", TF_D_PACKET, tf_packet_of(st->ctx, own->packet));
	tf_finding_count(&f, "peer_fin_packet", TF_D_PACKET, tf_packet_of(st->ctx, peer->packet));
	tf_finding_duration(&f, "after", peer->first_ns - own->first_ns);
	tf_finding_packet(&f, tf_packet_of(st->ctx, own->packet));
	tf_finding_packet(&f, tf_packet_of(st->ctx, peer->packet));
	tf_finding_packet(&f, st->s->packet);
	tf_raise(st->ctx, st->c, &f);
}

/* ---- TIME-WAIT ---------------------------------------------------------------------- */

/* The other end's last act: its FIN, or the ACK of it. */
static int64_t
time_wait_began(const struct tf_step *st)
{
	int64_t fin_ns = tf_fin_last_ns(st->ctx, st->c, st->from), ack_ns = tf_fin_of(st, st->to)->ack_ns;

	return fin_ns > ack_ns ? fin_ns : ack_ns;
}

/* A RST that its sender sent before the last ACK reached it aborts LAST-ACK and is no such thing. */
static void
check_assassination(const struct tf_step *st, const struct tf_extra *x)
{
	const struct tf_fin_record *fin = tf_fin_of(st, st->from), *own = tf_fin_of(st, st->to);
	int64_t limit_ns = st->ctx->config->timer[TF_TIMER_TIME_WAIT];

	/* A new connection waits at the door: its sender refuses the ACK of the former one.  And a FIN that an ACK seemed
	 * to show may have been an octet of data: then nobody waited, or the end still waits for the ACK of its own. */
	if (x->held || own->inferred || fin->inferred || st->before[st->to] != TF_TIME_WAIT ||
	    tf_end_state(st->y) == TF_TIME_WAIT || !fin->ack_ns ||
	    st->ctx->now_ns - fin->ack_ns <= tf_end_rtt_ns(st->x))
		return;
	int64_t after_ns = st->ctx->now_ns - time_wait_began(st);
	struct tf_finding f = tf_finding(st->ctx, st->c, TF_A_TIME_WAIT_ASSASSINATION, st->to);
	tf_finding_count(&f, "seq", TF_D_SEQ, st->s->seq.v);
	tf_finding_duration(&f, "after", after_ns);
	tf_finding_duration(&f, "remaining", after_ns < limit_ns ? limit_ns - after_ns : 0);
	tf_finding_packet(&f, tf_packet_of(st->ctx, fin->ack_packet));
	tf_finding_packet(&f, st->s->packet);
	tf_raise(st->ctx, st->c, &f);
}

/* A FIN that the closed end answers by RST: it had acknowledged it, and 2 MSL are over since.  Where the connection is
 * reported already, see late.c. */
static void
check_late_fin(const struct tf_step *st, const struct tf_extra *x)
{
	const struct tf_fin_record *fin = tf_fin_of(st, st->to);
	const struct tf_fin_again *again = &x->fin_again[st->to];
	enum tf_state own = st->before[st->from], peer = st->before[st->to];

	if (st->s->flags & TF_ACK || (own != TF_TIME_WAIT && own != TF_CLOSED) ||
	    (peer != TF_LAST_ACK && peer != TF_CLOSING) || !fin || !fin->packet || !fin->ack_last_ns ||
	    again->last_ns - fin->ack_last_ns <= st->ctx->config->timer[TF_TIMER_TIME_WAIT] ||
	    st->ctx->now_ns - again->last_ns >= TF_LATE_ANSWER_NS)
		return;
	struct tf_finding f = tf_finding(st->ctx, st->c, TF_A_FIN_AFTER_TIME_WAIT, st->to);
	tf_finding_duration(&f, "after", again->last_ns - fin->ack_last_ns);
	tf_finding_count(&f, "reset", TF_D_BOOL, true);
	tf_finding_where(&f, TF_WHERE_BEHIND, TF_LATE_FIN_WHY);
	tf_finding_packet(&f, tf_packet_of(st->ctx, fin->packet));
	tf_finding_packet(&f, again->last_packet);
	tf_finding_packet(&f, st->s->packet);
	tf_raise(st->ctx, st->c, &f);
}

/* ---- data after a RST ------------------------------------------------------------------ */

/* The capture began with the RST, and what its alleged sender sends next, or its receiver expects, is another number:
 * it was not at RCV.NXT, and ended nothing. */
static bool
lay_elsewhere(const struct tf_step *st, const struct tf_extra *x)
{
	tf_seq place = st->from == (enum tf_endpoint)x->rst.from ? st->s->seq : st->s->ack;

	return x->rst.unplaced && !tf_seq_eq(place, x->rst.seq);
}

static void
check_data_after_rst(const struct tf_step *st, struct tf_extra *x)
{
	int64_t in_flight_ns = tf_end_rtt_ns(st->x), after_ns = st->ctx->now_ns - x->rst.ts_ns;

	if (in_flight_ns < IN_FLIGHT_NS)
		in_flight_ns = IN_FLIGHT_NS;
	if (!x->rst.exact || x->rst.belied || lay_elsewhere(st, x) || !st->data || after_ns <= in_flight_ns ||
	    (st->before[TF_CLIENT] != TF_CLOSED && st->before[TF_SERVER] != TF_CLOSED))
		return;
	if (x->ended.packet && x->ended.id == TF_A_DATA_AFTER_CLOSE) {
		raise_refused_data(st->ctx, st->c, x);
		x->ended.packet = 0;
		return;
	}
	struct tf_finding f = tf_finding(st->ctx, st->c, TF_A_DATA_AFTER_CLOSE, st->from);
	bool went_on = st->from == (enum tf_endpoint)x->rst.from && tf_seq_ge(st->s->seq, x->rst.seq);
	if (x->ended.packet == x->rst.packet)
		x->ended.went_on |= went_on;
	tf_finding_text(&f, "close", "RST");
	tf_finding_count(&f, "bytes", TF_D_COUNT, st->s->len);
	tf_finding_duration(&f, "after", after_ns);
	if (went_on)
		tf_finding_text(&f, "note", TF_NOT_ITS_OWN_RST);
	tf_finding_packet(&f, x->rst.packet);
	tf_finding_packet(&f, st->s->packet);
	tf_raise(st->ctx, st->c, &f);
}

/* ---- which one it is --------------------------------------------------------------------- */

static void
judge(const struct tf_step *st, const struct tf_extra *x)
{
	if (tf_raised(st->ctx, st->c, TF_A_KEEPALIVE_TIMEOUT, st->to) ||
	    (!tf_connection_closed(st->c) && tf_raised(st->ctx, st->c, TF_A_DEAD_PEER, st->to)))
		return; /* the prober gives up: that has been said */
	if (lost_its_state(st))
		note_end(st, TF_A_HALF_OPEN);
	else if (refuses_data(st, x))
		note_end(st, TF_A_DATA_AFTER_CLOSE);
	else if (refuses_fin(st))
		raise_refused_fin(st);
	else if (!answers_stranger(st->c, st->from))
		note_end(st, TF_A_RST_ABORT);
}

void
tf_reset_segment(const struct tf_step *st)
{
	struct tf_extra *x = tf_extra_if(st->ctx, st->c);
	if (!x)
		return;
	if (!(st->s->flags & TF_RST)) {
		note_early_abort(st, x);
		check_data_after_rst(st, x);
		return;
	}
	check_assassination(st, x);
	check_late_fin(st, x);
	bool ended = has_ended(st->c, x);
	if (ended && synchronized(st->before[st->from]) && synchronized(st->before[st->to]))
		judge(st, x);
	else if (ended && had_broken_off(st, x) && lost_its_state(st))
		note_end(st, TF_A_HALF_OPEN);
}
