/*
 * Connections come and go: beginning, end, tombstones, and who has to go
 * when there is no room.
 *
 * Eviction looks at 64 connections, round the arenas, and takes the one of
 * least value: closed before embryonic before one in mid-close before
 * established, and among equals the one that has been silent longest.
 * Others of the same value that it saw are next, unless something happens
 * to them before.  The arenas' order depends on the capture alone, so
 * the output does too.
 */
#include <string.h>

#include "detect/capture.h"
#include "detect/raise.h"
#include "flow/flow.h"

/* ---- roles ------------------------------------------------------------------ */

/* Is the sender of the first segment the client? */
static bool
sender_is_client(const struct tf_analyzer *a, const struct tf_segment *s)
{
	if (s->flags & TF_SYN && !(s->flags & TF_RST))
		return !(s->flags & TF_ACK);
	bool src_listens = tf_services_has(&a->services, &s->src, s->src_port);
	bool dst_listens = tf_services_has(&a->services, &s->dst, s->dst_port);
	if (src_listens != dst_listens)
		return dst_listens;
	/* No TCP sends it: a probe, and who listens sends none. */
	if (!(s->flags & (TF_SYN | TF_RST | TF_ACK)))
		return true;
	if (s->src_port != s->dst_port)
		return s->dst_port < s->src_port;
	return true;
}

/* ---- eviction --------------------------------------------------------------- */

#define LOOKS 64

enum worth { CLOSED, EMBRYONIC, IN_MID_CLOSE, ESTABLISHED };

/* A connection has its shape in its first line of cache, and the others may be far. */
static bool
are_established(const struct tf_analyzer *a, const struct tf_connection *c)
{
	const uint64_t *known = a->moves.shape[c->shape].shape.history;

	for (int e = 0; e < 2; e++)
		if (((c->shape ? known[e] : c->end[e].history) & 0xf) != TF_ESTABLISHED)
			return false;
	return true;
}

static enum worth
worth_of(const struct tf_analyzer *a, const struct tf_connection *c)
{
	bool opened = (c->flags & (TF_CONN_ESTABLISHED | TF_CONN_MIDSTREAM)) != 0;

	if (opened && are_established(a, c))
		return ESTABLISHED;
	if (tf_connection_closed(c))
		return CLOSED;
	return opened ? IN_MID_CLOSE : EMBRYONIC;
}

static struct tf_doomed
look_at(const struct tf_analyzer *a, uint32_t value)
{
	if (value & TF_EMBRYO_BIT) {
		const struct tf_embryo *e = tf_embryo_at(a, value & ~TF_EMBRYO_BIT);
		return (struct tf_doomed){value, EMBRYONIC, e->first_ts_ns + (int64_t)e->handshake_ns,
		                          e->conn};
	}
	const struct tf_connection *c = tf_connection_at(a, value);
	return (struct tf_doomed){value, worth_of(a, c), c->last_ts_ns, c->conn};
}

static bool
goes_before(const struct tf_doomed *x, const struct tf_doomed *y)
{
	if (x->worth != y->worth)
		return x->worth < y->worth;
	return x->last_ts_ns != y->last_ts_ns ? x->last_ts_ns < y->last_ts_ns : x->conn < y->conn;
}

/* D among the doomed, if there is room; those that are worth more than another stay.  As most come in the order in which
 * they would go, the place is looked for from the end. */
static void
doom(struct tf_analyzer *a, const struct tf_doomed *d)
{
	unsigned at = a->doomed_count;

	if (at && d->worth > a->doomed[at - 1].worth)
		return;
	if (at && d->worth < a->doomed[at - 1].worth)
		at = a->doomed_count = 0;
	while (at && goes_before(d, &a->doomed[at - 1]))
		at--;
	if (at == TF_DOOMED)
		return;
	if (at && a->doomed[at - 1].value == d->value)
		return; /* the table is so small that it was looked at before */
	if (a->doomed_count < TF_DOOMED)
		a->doomed_count++;
	for (unsigned i = a->doomed_count - 1; i > at; i--)
		a->doomed[i] = a->doomed[i - 1];
	a->doomed[at] = *d;
}

/* Look at the next COUNT places of one of the two arenas, or at each once where they are fewer.  BIT: what its places
 * have in the index. */
static void
look_on(struct tf_analyzer *a, const struct tf_pool *pool, uint32_t *hand, uint32_t bit, unsigned count)
{
	for (unsigned looks = 0; looks < count && looks < pool->fresh; looks++) {
		*hand = *hand < pool->fresh ? *hand + 1 : 1;
		struct tf_doomed d = look_at(a, *hand | bit);
		if (d.conn)
			doom(a, &d);
	}
}

/* The next look round comes soon: ask for what it looks at. */
TF_PREFETCHES void
prefetch_looks(const struct tf_pool *pool, uint32_t hand)
{
	for (uint32_t at = hand + 1; at <= hand + LOOKS / 2 && at <= pool->fresh; at++)
		__builtin_prefetch(tf_pool_at(pool, at));
}

/* On until somebody is found, and there is somebody, though most places may be free. */
static void
look_round(struct tf_analyzer *a)
{
	a->doomed_gone = a->doomed_count = 0;
	do {
		look_on(a, &a->connections, &a->hand, 0, LOOKS / 2);
		look_on(a, &a->embryos, &a->embryo_hand, TF_EMBRYO_BIT, LOOKS / 2);
	} while (!a->doomed_count);
	prefetch_looks(&a->connections, a->hand);
	prefetch_looks(&a->embryos, a->embryo_hand);
}

/* Has nothing happened to it since it was looked at? */
static bool
is_as_it_was(const struct tf_analyzer *a, const struct tf_doomed *d)
{
	struct tf_doomed now = look_at(a, d->value);

	return now.conn == d->conn && now.worth == d->worth && now.last_ts_ns == d->last_ts_ns;
}

static uint32_t
least_valuable(struct tf_analyzer *a)
{
	while (a->doomed_gone < a->doomed_count) {
		const struct tf_doomed *d = &a->doomed[a->doomed_gone++];
		if (is_as_it_was(a, d))
			return d->value;
	}
	look_round(a);
	return a->doomed[a->doomed_gone++].value;
}

/* Who goes next is known before: ask for its place in the index. */
TF_PREFETCHES void
prefetch_next(const struct tf_analyzer *a)
{
	uint32_t value = a->doomed_gone < a->doomed_count ? a->doomed[a->doomed_gone].value : 0;

	if (!value || !tf_value_conn(a, value))
		return;
	tf_index_prefetch(&a->index, value & TF_EMBRYO_BIT
	                                 ? tf_embryo_hash(a, tf_embryo_at(a, value & ~TF_EMBRYO_BIT))
	                                 : tf_connection_hash(a, tf_connection_at(a, value)));
}

void
tf_table_make_room(struct tf_analyzer *a)
{
	if (tf_live(a) < a->config.max_connections)
		return;
	uint32_t victim = least_valuable(a);
	prefetch_next(a);
	if (!(victim & TF_EMBRYO_BIT))
		tf_table_end(a, victim, TF_GONE_EVICTED);
	else if (!tf_embryo_evict(a, victim))
		tf_table_end(a, tf_embryo_grow(a, victim), TF_GONE_EVICTED);
	if (!a->stats.evicted++)
		a->ctx.forgets_since = a->ctx.last_packet;
}

/* ---- tombstones --------------------------------------------------------------- */

static unsigned
side_of(const struct tf_connection *c, enum tf_endpoint which)
{
	return (which == TF_SERVER) != ((c->flags & TF_CONN_CLIENT_SECOND) != 0);
}

struct tf_former
tf_former_of(const struct tf_context *ctx, const struct tf_connection *c)
{
	struct tf_former f = {
	    .conn = c->conn,
	    .first_ts_ns = c->first_ts_ns,
	    .last_ts_ns = c->last_ts_ns,
	    .first_packet = tf_first_packet(ctx, c),
	    .closed = tf_connection_close(c) != TF_CLOSE_OPEN,
	    .doubtful = (c->flags & (TF_CONN_MIDSTREAM | TF_CONN_GAP)) || !c->end[TF_CLIENT].packets ||
	                !c->end[TF_SERVER].packets,
	    .state = {(uint8_t)tf_end_state(&c->end[TF_CLIENT]), (uint8_t)tf_end_state(&c->end[TF_SERVER])},
	    .close = (uint8_t)tf_connection_close(c),
	};

	for (enum tf_endpoint e = TF_CLIENT; e <= TF_SERVER; e++) {
		const struct tf_end *end = &c->end[e];
		unsigned side = side_of(c, e);
		f.isn[side] = end->isn;
		f.max[side] = end->max;
		f.tsval[side] = end->tsval;
		f.isn_known |= (uint8_t)(tf_end_has(end, TF_END_ISN_KNOWN) << side);
		f.max_known |= (uint8_t)(tf_end_has(end, TF_END_SEQ_KNOWN) << side);
		f.timestamps |=
		    (uint8_t)((tf_end_has(end, TF_END_TIMESTAMPS) && tf_end_has(end, TF_END_TSVAL_KNOWN))
		              << side);
		f.time_wait |= (uint8_t)((tf_time_wait_since(ctx, c, e) != 0) << side);
	}
	return f;
}

/* The FIN that waits at PLACE gets no answer any more. */
static void
end_waiting(struct tf_analyzer *a, uint32_t place)
{
	struct tf_buried b;
	struct tf_late late = tf_late_of(&b);

	tf_graveyard_read(&a->graveyard, place, &b);
	tf_detect_forget(&a->ctx, &late);
	(void)tf_graveyard_note(&a->graveyard, place, late.remains);
}

void
tf_tombstone_dig_up(struct tf_analyzer *a, uint32_t hash, uint32_t place)
{
	struct tf_tombstone *t = tf_tombstone_at(&a->graveyard, place);

	if (t->waiting)
		end_waiting(a, place);
	tf_index_remove(&a->index, hash, place | TF_TOMBSTONE_BIT);
	t->dug_up = true;
	a->tombstone_due_ns = INT64_MIN;
}

static void
forget_oldest(struct tf_analyzer *a)
{
	uint32_t place = a->graveyard.oldest;
	const struct tf_tombstone *t = tf_tombstone_at(&a->graveyard, place);

	if (!t->dug_up) {
		struct tf_key key = tf_tombstone_key(t);
		tf_tombstone_dig_up(a, tf_key_hash(&key, a->config.hash_key), place);
	}
	tf_graveyard_drop(&a->graveyard);
}

/* Its time has come at DUE, though that may be found out later. */
static void
expire_oldest(struct tf_analyzer *a, int64_t due_ns)
{
	int64_t now_ns = a->ctx.now_ns;
	uint64_t packet = a->ctx.packet;

	a->ctx.now_ns = due_ns < now_ns ? due_ns : now_ns;
	a->ctx.packet = 0;
	forget_oldest(a);
	a->ctx.packet = packet;
	a->ctx.now_ns = now_ns;
}

void
tf_tombstone_expire(struct tf_analyzer *a)
{
	while (a->graveyard.count) {
		const struct tf_tombstone *t = tf_tombstone_at(&a->graveyard, a->graveyard.oldest);
		a->tombstone_due_ns = t->buried_ns + TF_TOMBSTONE_NS;
		if (!t->dug_up && a->tombstone_due_ns > a->ctx.now_ns)
			break;
		expire_oldest(a, a->tombstone_due_ns);
	}
}

void
tf_tombstones_finish(struct tf_analyzer *a)
{
	struct tf_graveyard *y = &a->graveyard;

	for (uint32_t place = y->oldest; y->waiting.used && place != y->end;
	     place = tf_graveyard_next(y, place))
		if (tf_tombstone_at(y, place)->waiting)
			end_waiting(a, place);
}

void
tf_tombstone_late(struct tf_analyzer *a, uint32_t place, struct tf_buried *b, unsigned side,
                  const struct tf_segment *s)
{
	struct tf_late late = tf_late_of(b);

	tf_detect_late(&a->ctx, &late, side, s);
	if (tf_graveyard_note(&a->graveyard, place, late.remains))
		return;
	/* So many wait that this one cannot. */
	tf_detect_forget(&a->ctx, &late);
	(void)tf_graveyard_note(&a->graveyard, place, late.remains);
}

static void
bury(struct tf_analyzer *a, const struct tf_connection *c, uint32_t hash)
{
	if (!a->config.max_tombstones)
		return;
	if (a->graveyard.count == a->config.max_tombstones) {
		a->stats.evicted_tombstones += !tf_tombstone_at(&a->graveyard, a->graveyard.oldest)->dug_up;
		forget_oldest(a);
	}
	struct tf_buried b = {
	    .key = tf_connection_key(&a->ctx, c),
	    .buried_ns = a->ctx.now_ns,
	    .former = tf_former_of(&a->ctx, c),
	};
	tf_detect_bury(&a->ctx, c, &b.remains);
	uint32_t place = tf_graveyard_add(&a->graveyard, &b);
	if (a->graveyard.count == 1)
		a->tombstone_due_ns = INT64_MIN;
	if (!tf_index_add(&a->index, hash, place | TF_TOMBSTONE_BIT))
		tf_tombstone_at(&a->graveyard, place)->dug_up = true;
}

/* ---- beginning and end -------------------------------------------------------- */

uint64_t
tf_table_count_in(struct tf_analyzer *a)
{
	a->stats.connections++;
	a->stats.live = tf_live(a);
	if (a->stats.live > a->stats.live_max)
		a->stats.live_max = a->stats.live;
	uint64_t conn = ++a->next_conn;
	/* 0 is nobody's: what had it would lie in a place that looks free. */
	if (((conn + 1) & TF_MAX_CONN) == 0)
		a->next_conn++;
	return conn;
}

uint32_t
tf_table_begin(struct tf_analyzer *a, const struct tf_key *key, uint32_t hash, const struct tf_segment *s,
               int64_t begun_ns, const struct tf_former *former)
{
	tf_table_make_room(a);
	uint32_t index = tf_pool_get(&a->connections);
	if (!index)
		return 0;
	struct tf_connection *c = tf_connection_at(a, index);
	bool is_wide = tf_addrs_are_wide(&key->addr[0], &key->addr[1]);
	if (!tf_tuple_set(&a->ctx.wide, &c->tuple, is_wide, key)) {
		tf_pool_put(&a->connections, index);
		return 0;
	}
	if (!tf_index_add(&a->index, hash, index)) {
		tf_tuple_release(&a->ctx.wide, &c->tuple, is_wide);
		tf_pool_put(&a->connections, index);
		return 0;
	}
	a->connections_in_order &= index == a->connections.fresh;
	c->flags = is_wide ? TF_CONN_WIDE : 0;
	c->conn = tf_table_count_in(a) & TF_MAX_CONN;
	c->first_ts_ns = c->last_ts_ns = begun_ns;
	c->first_packet = (uint32_t)s->packet;
	if (sender_is_client(a, s) == tf_ports_side(key->port, s))
		c->flags |= TF_CONN_CLIENT_SECOND;
	if (former) {
		struct tf_extra *x = tf_extra_of(&a->ctx, c);
		if (x)
			x->former = *former;
	}
	tf_connection_begin(&a->ctx, c, s);
	return index;
}

void
tf_table_end(struct tf_analyzer *a, uint32_t index, enum tf_end_reason reason)
{
	struct tf_connection *c = tf_connection_at(a, index);
	uint32_t hash;

	tf_detect_end(&a->ctx, c);
	tf_held_count(a, c);
	a->stats.one_way += tf_detect_one_way(&a->ctx, c);
	tf_record_emit(&a->ctx, c, reason);
	if (reason == TF_GONE_FINISHED)
		return; /* the whole table goes */
	hash = tf_connection_hash(a, c);
	tf_wheel_remove(&a->wheel, index);
	tf_index_remove(&a->index, hash, index);
	if (reason == TF_GONE_CLOSED)
		bury(a, c, hash);
	tf_extra_release(&a->ctx, c);
	tf_tuple_release(&a->ctx.wide, &c->tuple, (c->flags & TF_CONN_WIDE) != 0);
	c->conn = 0;
	tf_pool_put(&a->connections, index);
	a->stats.live = tf_live(a);
}
