/*
 * SYNs that nobody answers (RFC 9293 section 3.8.3), and SYNs and SYN,ACKs
 * that are sent again (section 3.8.1).
 *
 * While an attempt goes on its next SYN may be answered: that none was is
 * told when the next one does not come, or the connection is left.
 *
 * A listener that is down, filtered or flooded leaves hundreds of them:
 * the first are told one by one, the others together.  What is sent again
 * in such a crowd waits until it is known what became of it.
 */
#include "detect/unanswered.h"

#include "detect/families.h"
#include "detect/memory.h"

/* An answer may still come: RTTs beyond this are no RTTs. */
#define PATIENCE_NS INT64_C(3000000000)
/* A stack waits a second before the first repetition (RFC 6298 section 2), or less: macOS sends a SYN again after 100 ms.  A
 * SYN,ACK waits at least for the least retransmission time-out in use. */
#define SOONEST_SYN_NS     INT64_C(50000000)
#define SOONEST_SYN_ACK_NS INT64_C(200000000)
#define CROWD              10

/* ---- the places ----------------------------------------------------------------------- */

static unsigned
server_side(const struct tf_connection *c)
{
	return !(c->flags & TF_CONN_CLIENT_SECOND);
}

static bool
is_free(const struct tf_context *ctx, const struct tf_unanswered *p)
{
	return !p->port || (!p->waiting && !p->together &&
	                    ctx->now_ns - p->last_ns > ctx->config->timer[TF_TIMER_SYN_SENT]);
}

/* The place of C's listener; a free one where it has none and ROOM is asked for; else NULL. */
static struct tf_unanswered *
place_of(struct tf_context *ctx, const struct tf_connection *c, bool room)
{
	struct tf_unanswered_table *t = &ctx->memory->unanswered;
	const struct tf_addr addr = tf_connection_addr(ctx, c, server_side(c));
	uint16_t port = c->tuple.port[server_side(c)];
	struct tf_unanswered *set, *empty = NULL;

	if (!t->any && !room)
		return NULL;
	set = t->place[tf_memory_hash(ctx->config->memory_key, &addr, port) % TF_UNANSWERED_SETS];
	for (int i = 0; i < TF_UNANSWERED_WAYS; i++) {
		if (set[i].port == port && memcmp(&set[i].addr, &addr, sizeof addr) == 0)
			return &set[i];
		if (!empty && is_free(ctx, &set[i]))
			empty = &set[i];
	}
	if (!room || !empty || !port)
		return NULL;
	*empty = (struct tf_unanswered){.addr = addr, .port = port, .last_ns = ctx->now_ns};
	t->any = true;
	return empty;
}

/* ---- answers that pass another way ------------------------------------------------------- */

/* A client that goes on so far has its answers, and more than one that the capture missed. */
#define GOES_ON 4

static struct tf_addr *
unseen_host(struct tf_unanswered_table *t, const struct tf_addr *server)
{
	for (int i = 0; i < TF_UNSEEN_HOSTS; i++)
		if (memcmp(&t->unseen_host[i], server, sizeof *server) == 0)
			return &t->unseen_host[i];
	return NULL;
}

static void
note_unseen(const struct tf_step *st, struct tf_extra *x)
{
	struct tf_unanswered_table *t = &st->ctx->memory->unanswered;
	const struct tf_addr server = tf_connection_addr(st->ctx, st->c, server_side(st->c));

	x->unseen_answers = true;
	t->unseen++;
	if (!unseen_host(t, &server))
		t->unseen_host[t->next_host++ % TF_UNSEEN_HOSTS] = server;
}

/* The capture had missed its first answers, and that was all. */
static void
forget_unseen(const struct tf_step *st, struct tf_extra *x)
{
	struct tf_unanswered_table *t = &st->ctx->memory->unanswered;
	const struct tf_addr server = tf_connection_addr(st->ctx, st->c, server_side(st->c));
	struct tf_addr *host = unseen_host(t, &server);

	x->unseen_answers = false;
	t->unseen--;
	if (host)
		*host = (struct tf_addr){0};
}

static void
check_unseen(const struct tf_step *st)
{
	bool opened = (st->c->flags & (TF_CONN_ESTABLISHED | TF_CONN_MIDSTREAM)) == TF_CONN_ESTABLISHED;
	struct tf_extra *x = tf_extra_if(st->ctx, st->c);

	if (!x || !opened)
		return;
	if (st->from == TF_SERVER && x->unseen_answers)
		forget_unseen(st, x);
	else if (!x->unseen_answers && !st->y->packets && st->x->packets >= GOES_ON)
		note_unseen(st, x);
}

/* Do the answers of C's server, or those of most, pass another way? */
static bool
passes_another_way(const struct tf_context *ctx, const struct tf_connection *c)
{
	struct tf_unanswered_table *t = &ctx->memory->unanswered;
	const struct tf_addr server = tf_connection_addr(ctx, c, server_side(c));

	return t->unseen * 2 > ctx->stats->connections || (t->unseen && unseen_host(t, &server));
}

/* ---- sent again ------------------------------------------------------------------------- */

/* The other end held the former connection when the first SYN came, and spoke for it. */
static bool
met_the_former(const struct tf_connection *c, const struct tf_extra *x)
{
	return x->former.conn && x->former.last_ts_ns > c->first_ts_ns;
}

/* When the answer passed that the last SYN did not wait for; INT64_MAX: none did. */
static int64_t
answered_ns(const struct tf_context *ctx, const struct tf_connection *c, const struct tf_extra *x)
{
	int64_t at = tf_answer_ns(ctx, c);

	return c->flags & TF_CONN_SYN_ACK && at <= x->syn_last_ns ? at : INT64_MAX;
}

/* The answer passed, but when is not remembered. */
static bool
answer_is_forgotten(const struct tf_context *ctx, const struct tf_connection *c)
{
	return c->flags & TF_CONN_SYN_ACK && tf_answer_ns(ctx, c) == INT64_MAX;
}

/* END's first SYN: a connection begins with the client's. */
static int64_t
first_syn_ns(const struct tf_connection *c, const struct tf_extra *x, enum tf_endpoint end)
{
	return end == TF_SERVER && x->crossing_ns ? x->crossing_ns : c->first_ts_ns;
}

/* What passed the tap between the two, and so where something was lost. */
static void
place_syn(const struct tf_context *ctx, const struct tf_connection *c, const struct tf_extra *x,
          struct tf_finding *f)
{
	int64_t answered = answered_ns(ctx, c, x);

	if (met_the_former(c, x))
		tf_finding_where(f, TF_WHERE_NOWHERE,
		                 "the other end still held the former connection on these ports and answered "
		                 "for that; once it was cleared away the SYN came again");
	else if (x->rst.seen && x->rst.from != (uint8_t)f->endpoint)
		tf_finding_where(f, TF_WHERE_NOWHERE, "it had been refused, and is tried again");
	else if (x->bad_ack_known[f->endpoint])
		tf_finding_where(f, TF_WHERE_NOWHERE,
		                 "what had come back acknowledged something else, so it was no answer");
	else if (c->flags & TF_CONN_ESTABLISHED && tf_handshake_at_ns(c) < x->syn_last_ns)
		tf_finding_where(
		    f, TF_WHERE_NOWHERE,
		    "its answer had arrived and was acknowledged, so this is a copy that the network "
		    "made or kept back, or it comes from somebody else");
	else if (answer_is_forgotten(ctx, c))
		tf_finding_where(f, TF_WHERE_UNKNOWN,
		                 "whether its answer passed before that is not remembered, with so many "
		                 "connections at a time");
	else if (answered != INT64_MAX && x->syn_last_ns - answered <= tf_end_rtt_ns(&c->end[TF_CLIENT]))
		tf_finding_where(f, TF_WHERE_UNKNOWN, "its answer was on its way and came late");
	else if (answered != INT64_MAX)
		tf_finding_where(f, TF_WHERE_BEHIND,
		                 "its answer had passed the tap and was lost behind it, on the way back");
	else if (tf_raised(ctx, c, TF_A_UNREACHABLE, f->endpoint))
		tf_finding_where(f, TF_WHERE_NOWHERE,
		                 "an ICMP error had answered, and it is tried again all the same");
	else if (x->syn_again == 1 && x->syn_last_ns - first_syn_ns(c, x, f->endpoint) < SOONEST_SYN_NS)
		tf_finding_where(
		    f, TF_WHERE_NOWHERE,
		    "no usual timer repeats it so soon, so the first one was kept back before the tap, as "
		    "while a router asks for the next address (ARP), or the network doubled it, or the tap "
		    "saw it at two places");
	else if (passes_another_way(ctx, c))
		tf_finding_where(f, TF_WHERE_UNKNOWN,
		                 "the other end's answers do not pass the tap, so there may have been one");
	else
		tf_finding_where(f, TF_WHERE_BEHIND,
		                 "both passed the tap and no answer between them, so one was lost behind it, "
		                 "or the other end was slow");
}

/* A server that took data of the SYN answers and closes before the third segment comes (RFC 7413 section 4.1.2), so that
 * shows nothing of it; the ACK of what came behind the SYN does. */
static bool
may_be_early(const struct tf_connection *c, const struct tf_extra *x)
{
	const struct tf_end *client = &c->end[TF_CLIENT];

	return tf_took_syn_data(c) && tf_seq_le(client->una, tf_seq_add(client->isn, 1 + x->syn_data));
}

/* What END had sent when its SYN,ACK came again shows that the ACK of that had arrived.  Where it is told later, what was
 * sent meanwhile shows nothing of the kind. */
static bool
had_taken_ack(const struct tf_context *ctx, const struct tf_connection *c, const struct tf_extra *x,
              enum tf_endpoint end)
{
	return !(end == TF_SERVER && may_be_early(c, x)) && x->syn_ack_last_ns == ctx->now_ns &&
	       tf_end_state(&c->end[end]) >= TF_ESTABLISHED &&
	       !(c->end[end].possible & TF_STATES(TF_SYN_RECEIVED));
}

/* AFTER_NS: since the first one. */
static void
place_syn_ack(const struct tf_context *ctx, const struct tf_connection *c, const struct tf_extra *x,
              int64_t after_ns, struct tf_finding *f)
{
	if (had_taken_ack(ctx, c, x, f->endpoint))
		tf_finding_where(
		    f, TF_WHERE_NOWHERE,
		    "its ACK had arrived, as what was sent since shows, so this is a copy that the network "
		    "made or kept back, or it comes from somebody else");
	else if (x->syn_ack_after_ack)
		tf_finding_where(f, TF_WHERE_BEHIND,
		                 "its ACK had passed the tap and was lost behind it, or was not taken");
	else if (x->bad_ack_known[f->endpoint])
		tf_finding_where(f, TF_WHERE_NOWHERE,
		                 "what had come back acknowledged something else, so it was no answer");
	else if (c->flags & TF_CONN_ESTABLISHED)
		tf_finding_where(
		    f, TF_WHERE_UNKNOWN,
		    "its ACK had passed the tap so shortly before that the two may have crossed");
	else if (x->syn_ack_again == 1 && after_ns < SOONEST_SYN_ACK_NS)
		tf_finding_where(
		    f, TF_WHERE_NOWHERE,
		    "no usual timer repeats it so soon, so it answers a SYN that came twice, or the "
		    "network doubled it, or the tap saw it at two places");
	else
		tf_finding_where(f, TF_WHERE_BEHIND,
		                 "both passed the tap and no ACK between them, so one was lost behind it, or "
		                 "the other end was slow");
}

/* A SYN passed again. */
static void
raise_repeated_syn(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint end)
{
	const struct tf_extra *x = tf_extra_if(ctx, c);
	struct tf_finding f = tf_finding(ctx, c, TF_A_HANDSHAKE_RETRANSMISSION, end);

	tf_finding_text(&f, "what", "SYN");
	tf_finding_count(&f, "retransmissions", TF_D_COUNT, x->syn_again);
	tf_finding_duration(&f, "after", x->syn_last_ns - first_syn_ns(c, x, end));
	place_syn(ctx, c, x, &f);
	tf_finding_packet(&f, end == TF_SERVER && x->crossing_packet ? x->crossing_packet
	                                                             : tf_first_packet(ctx, c));
	tf_finding_packet(&f, x->syn_last_packet);
	tf_raise(ctx, c, &f);
}

/* A SYN,ACK passed again. */
static void
raise_repeated_syn_ack(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint end)
{
	const struct tf_extra *x = tf_extra_if(ctx, c);
	struct tf_finding f = tf_finding(ctx, c, TF_A_HANDSHAKE_RETRANSMISSION, end);

	tf_finding_text(&f, "what", "SYN,ACK");
	tf_finding_count(&f, "retransmissions", TF_D_COUNT, x->syn_ack_again);
	/* In a simultaneous open the client sends one, too: its first is not remembered. */
	bool known = end == TF_SERVER && tf_answer_ns(ctx, c) != INT64_MAX;
	int64_t after_ns = x->syn_ack_last_ns - (known ? tf_answer_ns(ctx, c) : c->first_ts_ns);
	tf_finding_duration(&f, "after", after_ns);
	place_syn_ack(ctx, c, x, known ? after_ns : INT64_MAX, &f);
	tf_finding_packet(&f, end == TF_SERVER ? tf_answer_packet(ctx, c) : tf_first_packet(ctx, c));
	tf_finding_packet(&f, x->syn_ack_last_packet);
	tf_raise(ctx, c, &f);
}

/* A SYN without an answer is sent again: how many others to this listener fare alike? */
static bool
joins_a_crowd(const struct tf_step *st)
{
	struct tf_unanswered *p;

	if (st->from != TF_CLIENT || st->c->flags & TF_CONN_MIDSTREAM)
		return false;
	if (st->c->flags & TF_CONN_ANSWERED)
		return tf_flood_near(st->ctx, st->c);
	p = place_of(st->ctx, st->c, true);
	if (p && !(st->c->flags & TF_CONN_WAITING)) {
		st->c->flags |= TF_CONN_WAITING;
		p->waiting++;
	}
	return (p && p->waiting > CROWD) || tf_flood_near(st->ctx, st->c);
}

static void
check_repeated(const struct tf_step *st)
{
	bool answer = (st->s->flags & TF_ACK) != 0;
	bool crowd;

	if (!(st->marks & TF_MARK_RETRANSMISSION) || !tf_extra_if(st->ctx, st->c))
		return;
	crowd = answer ? st->from == TF_SERVER && tf_flood_near(st->ctx, st->c) : joins_a_crowd(st);
	if (crowd && !tf_raised(st->ctx, st->c, TF_A_HANDSHAKE_RETRANSMISSION, st->from))
		st->c->flags |= TF_CONN_IN_A_CROWD;
	else if (answer)
		raise_repeated_syn_ack(st->ctx, st->c, st->from);
	else
		raise_repeated_syn(st->ctx, st->c, st->from);
}

/* What became of C is known: what had waited for that is told, unless another finding tells of the crowd. */
static void
tell_repeated(struct tf_context *ctx, struct tf_connection *c)
{
	const struct tf_extra *x = tf_extra_if(ctx, c);

	if (!(c->flags & TF_CONN_IN_A_CROWD))
		return;
	c->flags &= ~(uint32_t)TF_CONN_IN_A_CROWD;
	if (!x || tf_flood_covers(ctx, c))
		return;
	if (x->syn_again)
		raise_repeated_syn(ctx, c, TF_CLIENT);
	if (x->syn_ack_again)
		raise_repeated_syn_ack(ctx, c, TF_SERVER);
}

static void
stop_waiting(struct tf_context *ctx, struct tf_connection *c)
{
	struct tf_unanswered *p;

	if (!(c->flags & TF_CONN_WAITING))
		return;
	c->flags &= ~(uint32_t)TF_CONN_WAITING;
	p = place_of(ctx, c, false);
	if (p && p->waiting)
		p->waiting--;
}

/* ---- unanswered --------------------------------------------------------------------------- */

static bool
is_unanswered(const struct tf_context *ctx, const struct tf_connection *c)
{
	return !(c->flags & (TF_CONN_ANSWERED | TF_CONN_MIDSTREAM | TF_CONN_FOUND_SILENT)) &&
	       (tf_connection_waits_in(ctx, c, TF_CLIENT) == TF_SYN_SENT ||
	        tf_connection_close(c) == TF_CLOSE_UNANSWERED) &&
	       !tf_raised(ctx, c, TF_A_SYN_UNANSWERED, TF_CLIENT) &&
	       !tf_raised(ctx, c, TF_A_UNREACHABLE, TF_CLIENT);
}

/* An answer to the last SYN would have come by now, or to one before it that was itself a repetition. */
static bool
has_waited(const struct tf_context *ctx, const struct tf_extra *x)
{
	return (x->syn_again > 1 && x->syn_gap_ns >= PATIENCE_NS) ||
	       (x->syn_again && ctx->now_ns - x->syn_last_ns >= PATIENCE_NS);
}

static void
put_unanswered(struct tf_finding *f, uint64_t connections, uint64_t attempts, int64_t for_ns)
{
	tf_finding_text(f, "who", connections == 1 && f->conn ? "the client" : "clients");
	tf_finding_count(f, "attempts", TF_D_COUNT, attempts);
	tf_finding_duration(f, "for", for_ns);
	tf_finding_count(f, "connections", TF_D_COUNT, connections);
	tf_finding_where(f, TF_WHERE_BEHIND, "the SYNs passed the tap and no answer did");
}

/* Who answers others is up, and may be reached. */
static void
note_listener(struct tf_context *ctx, struct tf_finding *f, const struct tf_addr *addr, uint16_t port)
{
	if (tf_listener_find(&ctx->memory->listeners, addr, port))
		tf_finding_text(
		    f, "note",
		    "But this address and port answered other SYNs of this capture: rather its accept "
		    "queue or its SYN queue is full, or segments are lost.");
}

static void
raise_alone(struct tf_context *ctx, struct tf_connection *c, uint64_t attempts)
{
	const struct tf_extra *x = tf_extra_if(ctx, c);
	const struct tf_addr addr = tf_connection_addr(ctx, c, server_side(c));
	struct tf_finding f = tf_finding(ctx, c, TF_A_SYN_UNANSWERED, TF_CLIENT);

	tell_repeated(ctx, c);
	put_unanswered(&f, 1, attempts, ctx->now_ns - c->first_ts_ns);
	note_listener(ctx, &f, &addr, c->tuple.port[server_side(c)]);
	tf_finding_packet(&f, tf_first_packet(ctx, c));
	if (x)
		tf_finding_packet(&f, x->syn_last_packet);
	tf_raise(ctx, c, &f);
}

static void
add_to(const struct tf_context *ctx, struct tf_unanswered *p, struct tf_connection *c, uint64_t attempts)
{
	if (!p->together++)
		p->first_ns = c->first_ts_ns;
	p->attempts += attempts;
	if (p->conn_count < TF_UNANSWERED_CONNS) {
		p->conn[p->conn_count] = c->conn;
		p->packet[p->conn_count++] = tf_first_packet(ctx, c);
	}
}

static void
raise_together(struct tf_context *ctx, struct tf_unanswered *p)
{
	char subject[TF_SUBJECT_TEXT];
	struct tf_finding f = {
	    .ts_ns = ctx->now_ns,
	    .packet = ctx->packet,
	    .endpoint = TF_NEITHER,
	    .id = TF_A_SYN_UNANSWERED,
	    .severity = tf_anomaly_info(TF_A_SYN_UNANSWERED)->severity,
	    .subject = tf_subject_text(subject, &p->addr, p->port),
	    .conn_count = p->conn_count,
	    .conns = p->conn,
	};

	put_unanswered(&f, p->together, p->attempts, p->last_ns - p->first_ns);
	note_listener(ctx, &f, &p->addr, p->port);
	for (uint32_t i = 0; i < p->conn_count; i++)
		tf_finding_packet(&f, p->packet[i]);
	p->together = 0;
	tf_raise_subject(ctx, &f);
}

static void
judge(struct tf_context *ctx, struct tf_connection *c)
{
	const struct tf_extra *x = tf_extra_if(ctx, c);
	uint64_t attempts = 1 + (x ? x->syn_again : 0);
	struct tf_unanswered *p = place_of(ctx, c, true);

	c->flags |= TF_CONN_FOUND_SILENT;
	if (passes_another_way(ctx, c))
		return;
	if (tf_flood_covers(ctx, c))
		return; /* the listener drops what finds no room: the flood says so */
	if (p && !p->together && ctx->now_ns - p->last_ns > ctx->config->timer[TF_TIMER_SYN_SENT])
		p->given_up = 0;
	if (p)
		p->last_ns = ctx->now_ns;
	if (p && p->given_up++ >= TF_UNANSWERED_ALONE)
		add_to(ctx, p, c, attempts);
	else
		raise_alone(ctx, c, attempts);
}

/* ---- the family's calls ---------------------------------------------------------------------- */

void
tf_unanswered_segment(const struct tf_step *st)
{
	check_unseen(st);
	if (st->s->flags & TF_SYN && !(st->s->flags & TF_RST))
		check_repeated(st);
	if (!(st->c->flags & (TF_CONN_WAITING | TF_CONN_IN_A_CROWD)))
		return;
	if (st->c->flags & TF_CONN_ANSWERED)
		stop_waiting(st->ctx, st->c);
	if (st->c->flags & TF_CONN_ESTABLISHED)
		tell_repeated(st->ctx, st->c);
}

void
tf_unanswered_deadline(struct tf_context *ctx, struct tf_connection *c)
{
	const struct tf_extra *x = tf_extra_if(ctx, c);
	bool given_up = x && x->given_up[TF_CLIENT];

	/* The replica's own limit ran out a moment ago, or no SYN came when it was due. */
	if (is_unanswered(ctx, c) && (given_up || tf_connection_close(c) == TF_CLOSE_UNANSWERED))
		judge(ctx, c);
	/* The listener has given it up. */
	if (c->flags & TF_CONN_SYN_ACK && tf_connection_waits_in(ctx, c, TF_SERVER) != TF_SYN_RECEIVED)
		tell_repeated(ctx, c);
}

void
tf_unanswered_leave(struct tf_context *ctx, struct tf_connection *c)
{
	const struct tf_extra *x = tf_extra_if(ctx, c);

	if (x && is_unanswered(ctx, c) && has_waited(ctx, x))
		judge(ctx, c);
	stop_waiting(ctx, c);
	if (!(c->flags & TF_CONN_FOUND_SILENT))
		tell_repeated(ctx, c);
}

void
tf_unanswered_end(struct tf_context *ctx)
{
	struct tf_unanswered_table *t = &ctx->memory->unanswered;

	for (size_t i = 0; t->any && i < (size_t)TF_UNANSWERED_SETS * TF_UNANSWERED_WAYS; i++) {
		struct tf_unanswered *p = &t->place[i / TF_UNANSWERED_WAYS][i % TF_UNANSWERED_WAYS];
		if (p->together)
			raise_together(ctx, p);
	}
}
