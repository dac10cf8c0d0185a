/*
 * From a connection to an embryo and back.  Whether nothing is lost is
 * asked of each number on the way, and a test compares what comes back.
 */
#include "flow/embryo.h"

#include <assert.h>

#include "core/offer.h"
#include "flow/flow.h"

/* ---- what a connection must be -------------------------------------------------------- */

/* What the bits of struct tf_embryo hold. */
#define MOST_WIRE      0x7ff
#define MOST_HANDSHAKE ((UINT64_C(1) << 34) - 1)

_Static_assert(TF_SHAPES <= 1 << 12, "tf_embryo.shape has 12 bits");

/* Nothing but its SYN was sent by END, or nothing at all. */
static bool
sent_one(const struct tf_end *end, tf_seq una, tf_seq right)
{
	if (!end->packets)
		return !tf_end_has(end, TF_END_SEQ_KNOWN) && !end->wire_bytes;
	return end->packets == 1 && !end->bytes && end->wire_bytes <= MOST_WIRE &&
	       tf_seq_eq(end->max, tf_seq_add(end->isn, 1)) && tf_seq_eq(end->nxt, end->max) &&
	       tf_seq_eq(end->una, una) && tf_seq_eq(end->right, right) && end->ts_recent == end->tsval;
}

static bool
is_embryonic(const struct tf_analyzer *a, const struct tf_connection *c)
{
	const struct tf_end *client = &c->end[TF_CLIENT], *server = &c->end[TF_SERVER];
	bool answered = (c->flags & TF_CONN_SYN_ACK) != 0;
	tf_seq right = answered ? tf_seq_add(client->max, server->window) : server->right;

	return c->shape && a->moves.shape[c->shape].may[TF_CLIENT] & TF_IS_EMBRYONIC && !c->closing &&
	       client->packets == 1 && server->packets == answered &&
	       c->last_ts_ns == tf_handshake_at_ns(c) && c->handshake_ns <= MOST_HANDSHAKE &&
	       server->rtt_64us == (answered ? tf_rtt_in_64us((int64_t)c->handshake_ns) : 0) &&
	       !client->rtt_64us && !client->right.v &&
	       sent_one(client, answered ? client->max : client->isn, client->right) &&
	       sent_one(server, server->isn, right);
}

/* ---- places --------------------------------------------------------------------------- */

static void
forget_embryo(struct tf_analyzer *a, uint32_t place)
{
	tf_embryo_at(a, place)->conn = 0;
	tf_pool_put(&a->embryos, place);
}

/* ---- from a segment, from a connection --------------------------------------------------- */

/* E as C is.  It has the same tuple, so that only one of them may release it. */
static void
describe(struct tf_embryo *e, const struct tf_connection *c)
{
	const struct tf_end *client = &c->end[TF_CLIENT], *server = &c->end[TF_SERVER];

	e->tuple = c->tuple;
	e->first_packet = c->first_packet;
	e->first_ts_ns = c->first_ts_ns;
	e->conn = c->conn;
	e->shape = c->shape & (TF_SHAPES - 1u);
	e->client_wscale = client->wscale & 15u;
	e->server_wscale = server->wscale & 15u;
	e->answered = server->packets != 0;
	e->handshake_ns = c->handshake_ns & MOST_HANDSHAKE;
	e->aside = (c->flags & TF_CONN_ASIDE) >> TF_CONN_ASIDE_SHIFT;
	e->client_wire = client->wire_bytes & MOST_WIRE;
	e->server_wire = server->wire_bytes & MOST_WIRE;
	for (int which = 0; which < 2; which++) {
		const struct tf_end *end = &c->end[which];
		e->isn[which] = end->isn;
		e->tsval[which] = end->tsval;
		e->window[which] = end->window;
		e->mss[which] = end->mss;
	}
}

static void
forget_copy(struct tf_analyzer *a, uint32_t index)
{
	tf_connection_at(a, index)->conn = 0;
	tf_pool_put(&a->connections, index);
}

static unsigned
offered_scale(const struct tf_segment *s)
{
	if (!(s->options & TF_OPT_WSCALE))
		return 0;
	return s->wscale > 14 ? 14 : s->wscale;
}

/* The numbers that S, a SYN or the SYN,ACK that answers it, gives of FROM, who sent it. */
static void
describe_offer(struct tf_embryo *e, const struct tf_segment *s, enum tf_endpoint from)
{
	e->isn[from] = s->seq;
	e->tsval[from] = s->options & TF_OPT_TIMESTAMPS ? s->tsval : 0;
	e->window[from] = s->window;
	e->mss[from] = s->options & TF_OPT_MSS ? s->mss : 0;
}

/* E, zeroed but for its tuple, as the sender of the SYN S makes it, the SECOND one of its key or not; the rest of what MOVE
 * does to it is its shape. */
static void
describe_first(struct tf_analyzer *a, struct tf_embryo *e, const struct tf_segment *s, bool second,
               const struct tf_move *move)
{
	uint32_t flags = (second ? TF_CONN_CLIENT_SECOND : 0) | (s->ip_version == 6 ? TF_CONN_IPV6 : 0) |
	                 (s->is_wide ? TF_CONN_WIDE : 0) |
	                 (s->checksum_state == TF_CHECKSUM_VALID ? TF_CONN_CLIENT_SUMS : 0) |
	                 tf_stack_flag(TF_CLIENT, s);
	unsigned scale = offered_scale(s);

	describe_offer(e, s, TF_CLIENT);
	e->first_packet = (uint32_t)s->packet;
	e->first_ts_ns = a->ctx.now_ns;
	/* Side by side, they are written at once. */
	e->conn = (a->next_conn + 1) & TF_MAX_CONN;
	e->shape = move->to & (TF_SHAPES - 1u);
	e->client_wscale = scale & 15u;
	e->aside = flags >> TF_CONN_ASIDE_SHIFT & 0xff;
	e->client_wire = s->wire_len & MOST_WIRE;
}

/* A place for the embryo that S begins, in the queue and in the index; 0 where there is no room. */
static uint32_t
begin_with(struct tf_analyzer *a, const struct tf_segment *s, const struct tf_move *move)
{
	bool second = tf_sent_by_second(s);
	uint32_t place = tf_pool_get(&a->embryos);

	if (!place)
		return 0;
	struct tf_embryo *e = tf_embryo_at(a, place);
	a->embryos_in_order &= place == a->embryos.fresh;
	if (!tf_tuple_set_by(&a->ctx.wide, &e->tuple, s, second)) {
		forget_embryo(a, place);
		return 0;
	}
	describe_first(a, e, s, second, move);
	/* Of one that is forgotten the queue goes past the entry. */
	if (tf_embryo_queue_up(a, TF_AWAITS_ANSWER, place) &&
	    tf_index_add(&a->index, s->hash, place | TF_EMBRYO_BIT))
		return place;
	tf_tuple_release(&a->ctx.wide, &e->tuple, s->is_wide);
	forget_embryo(a, place);
	return 0;
}

bool
tf_embryo_begin(struct tf_analyzer *a, const struct tf_segment *s)
{
	const struct tf_move *move = tf_move_first(&a->ctx, s);

	if (!move || !(a->moves.shape[move->to].may[TF_CLIENT] & TF_IS_EMBRYONIC) || s->wire_len > MOST_WIRE)
		return false;
	tf_table_make_room(a);
	uint32_t place = begin_with(a, s, move);
	if (!place)
		return false;
	uint64_t conn = tf_table_count_in(a);
	if (a->ctx.sink.wanted & (TF_EV_TRANSITION | TF_EV_POSSIBLE)) {
		tf_move_tell_beginning(&a->ctx, conn, TF_BEGINS_WITH_SYN);
		tf_move_tell(&a->ctx, conn, move);
	}
	tf_flood_syn(&a->ctx, s);
	return true;
}

bool
tf_embryo_from(struct tf_analyzer *a, uint32_t index, uint32_t hash)
{
	const struct tf_connection *c = tf_connection_at(a, index);
	uint32_t place = is_embryonic(a, c) ? tf_pool_get(&a->embryos) : 0;

	if (!place)
		return false;
	a->embryos_in_order &= place == a->embryos.fresh;
	describe(tf_embryo_at(a, place), c);
	if (!tf_embryo_queue_up(a, c->flags & TF_CONN_SYN_ACK ? TF_AWAITS_THIRD : TF_AWAITS_ANSWER, place)) {
		forget_embryo(a, place);
		return false;
	}
	tf_index_replace(&a->index, hash, index, place | TF_EMBRYO_BIT);
	forget_copy(a, index);
	return true;
}

bool
tf_embryo_update(struct tf_analyzer *a, uint32_t embryo, uint32_t index)
{
	const struct tf_connection *c = tf_connection_at(a, index);
	uint32_t place = embryo & ~TF_EMBRYO_BIT;

	if (!is_embryonic(a, c))
		return false;
	describe(tf_embryo_at(a, place), c);
	if (!tf_embryo_queue_up(a, TF_AWAITS_THIRD, place))
		return false;
	forget_copy(a, index);
	return true;
}

/* E as the server's SYN,ACK S makes it; the rest of what MOVE does to it is its shape. */
static void
describe_answer(const struct tf_analyzer *a, struct tf_embryo *e, const struct tf_segment *s,
                const struct tf_move *move)
{
	uint32_t flags =
	    tf_stack_flag(TF_SERVER, s) | (s->checksum_state == TF_CHECKSUM_VALID ? TF_CONN_SERVER_SUMS : 0);

	e->shape = move->to & (TF_SHAPES - 1u);
	e->answered = 1;
	e->aside |= flags >> TF_CONN_ASIDE_SHIFT & 0xff;
	e->handshake_ns = (uint64_t)(a->ctx.now_ns - e->first_ts_ns) & MOST_HANDSHAKE;
	e->server_wscale = offered_scale(s) & 15u;
	e->server_wire = s->wire_len & MOST_WIRE;
	describe_offer(e, s, TF_SERVER);
}

/* Did the server send S?  As tf_connection_sender() says. */
static bool
is_of_server(const struct tf_embryo *e, const struct tf_segment *s)
{
	bool client_second = (e->aside & TF_CONN_CLIENT_SECOND >> TF_CONN_ASIDE_SHIFT) != 0;

	return tf_ports_side(e->tuple.port, s) != client_second;
}

bool
tf_embryo_answer(struct tf_analyzer *a, uint32_t embryo, const struct tf_segment *s)
{
	uint32_t place = embryo & ~TF_EMBRYO_BIT;
	struct tf_embryo *e = tf_embryo_at(a, place);
	const struct tf_move *move = is_of_server(e, s) && !e->answered
	                                 ? tf_move_answer(&a->ctx, e->shape, e->isn[TF_CLIENT], s)
	                                 : NULL;
	int64_t took_ns = a->ctx.now_ns - e->first_ts_ns;

	if (!move || !(a->moves.shape[move->to].may[TF_CLIENT] & TF_IS_EMBRYONIC) ||
	    s->wire_len > MOST_WIRE || took_ns < 0 || (uint64_t)took_ns > MOST_HANDSHAKE ||
	    !tf_embryo_queue_up(a, TF_AWAITS_THIRD, place))
		return false;
	describe_answer(a, e, s, move);
	tf_move_tell(&a->ctx, e->conn, move);
	return true;
}

struct tf_opening
tf_embryo_opening(const struct tf_analyzer *a, uint32_t embryo)
{
	const struct tf_embryo *e = tf_embryo_at(a, embryo & ~TF_EMBRYO_BIT);
	const struct tf_shape *shape = &a->moves.shape[e->shape].shape;

	return (struct tf_opening){
	    .conn = e->conn,
	    .packet = tf_packet_of(&a->ctx, e->first_packet),
	    .ts_ns = e->first_ts_ns,
	    .isn = {e->isn[TF_CLIENT], e->isn[TF_SERVER]},
	    .flags = {tf_shape_end_flags(shape, TF_CLIENT), tf_shape_end_flags(shape, TF_SERVER)},
	    .embryonic = (e->aside & TF_CONN_EMBRYONIC >> TF_CONN_ASIDE_SHIFT) != 0,
	};
}

/* ---- to a connection ----------------------------------------------------------------- */

static void
fill_end(struct tf_end *end, const struct tf_embryo *e, enum tf_endpoint which)
{
	end->isn = end->una = e->isn[which];
	end->max = end->nxt = tf_seq_add(end->isn, 1);
	end->tsval = end->ts_recent = e->tsval[which];
	end->wire_bytes = which == TF_CLIENT ? e->client_wire : e->server_wire;
	end->window = e->window[which];
	end->mss = e->mss[which];
	end->wscale = which == TF_CLIENT ? e->client_wscale : e->server_wscale;
	end->packets = 1;
}

void
tf_embryo_fill(const struct tf_analyzer *a, const struct tf_embryo *e, struct tf_connection *c)
{
	struct tf_end *client = &c->end[TF_CLIENT], *server = &c->end[TF_SERVER];

	c->tuple = e->tuple;
	c->flags = (uint32_t)e->aside << TF_CONN_ASIDE_SHIFT;
	c->conn = e->conn;
	c->first_ts_ns = e->first_ts_ns;
	c->handshake_ns = e->handshake_ns;
	c->last_ts_ns = tf_handshake_at_ns(c);
	c->first_packet = e->first_packet;
	tf_shape_take(&a->ctx, c, e->shape);
	fill_end(client, e, TF_CLIENT);
	if (!e->answered)
		return;
	fill_end(server, e, TF_SERVER);
	client->una = client->max;
	server->right = tf_seq_add(client->max, server->window);
	server->rtt_64us = tf_rtt_in_64us((int64_t)e->handshake_ns);
}

uint32_t
tf_embryo_copy(struct tf_analyzer *a, uint32_t embryo)
{
	/* There is one place more than connections may be. */
	uint32_t index = tf_pool_get(&a->connections);

	assert(index);
	tf_embryo_fill(a, tf_embryo_at(a, embryo & ~TF_EMBRYO_BIT), tf_connection_at(a, index));
	return index;
}

void
tf_embryo_leave_to(struct tf_analyzer *a, uint32_t embryo, uint32_t index, uint32_t hash)
{
	tf_index_replace(&a->index, hash, embryo, index);
	a->connections_in_order = false; /* it began before those that have the places before it */
	forget_embryo(a, embryo & ~TF_EMBRYO_BIT);
}

bool
tf_embryo_evict(struct tf_analyzer *a, uint32_t embryo)
{
	struct tf_embryo *e = tf_embryo_at(a, embryo & ~TF_EMBRYO_BIT);

	if (!tf_embryo_ends_briefly(a, e))
		return false;
	tf_brief_keep(&a->ctx, tf_brief_of_shape(a, e->conn, e->shape));
	/* Whether a brief is enough depends on who listens, and who goes next on the places that connections have: as a
	 * connection it would take one, and give it back. */
	tf_pool_put(&a->connections, tf_pool_get(&a->connections));
	tf_index_remove(&a->index, tf_embryo_hash(a, e), embryo);
	tf_tuple_release(&a->ctx.wide, &e->tuple, tf_embryo_is_wide(e));
	forget_embryo(a, embryo & ~TF_EMBRYO_BIT);
	a->stats.live = tf_live(a);
	return true;
}

uint32_t
tf_embryo_grow(struct tf_analyzer *a, uint32_t embryo)
{
	uint32_t index = tf_embryo_copy(a, embryo);

	tf_embryo_leave_to(a, embryo, index, tf_connection_hash(a, tf_connection_at(a, index)));
	return index;
}
