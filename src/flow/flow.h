/*
 * The insides of the analyzer, shared by the files of this folder.
 */
#ifndef TCPFSM_FLOW_FLOW_H
#define TCPFSM_FLOW_FLOW_H

#include "core/connection.h"
#include "core/moves.h"
#include "detect/detect.h"
#include "flow/embryo.h"
#include "flow/index.h"
#include "flow/key.h"
#include "flow/prepare.h"
#include "flow/services.h"
#include "flow/supply.h"
#include "flow/tombstone.h"
#include "flow/wheel.h"

/* What is remembered of a closed connection, as the detectors want it. */
static inline struct tf_late
tf_late_of(struct tf_buried *b)
{
	return (struct tf_late){.key = &b->key, .former = &b->former, .remains = &b->remains};
}

#define TF_TOMBSTONE_NS (INT64_C(600) * 1000000000)

/* Values in the index: connections have their arena index, tombstones this bit and their place, embryos theirs. */
#define TF_TOMBSTONE_BIT 0x80000000u

/* A connection that was looked at because some have to go. */
struct tf_doomed {
	uint32_t value; /* as in the index */
	uint32_t worth;
	int64_t last_ts_ns;
	uint64_t conn;
};

#define TF_DOOMED 16

struct tf_analyzer {
	struct tf_config config;
	struct tf_context ctx;
	struct tf_stats stats;
	struct tf_index index;
	struct tf_pool connections;                  /* struct tf_connection */
	struct tf_pool embryos;                      /* struct tf_embryo */
	bool connections_in_order, embryos_in_order; /* in each arena numbers rise with places */
	struct tf_embryo_queue embryo_queue[TF_EMBRYO_QUEUES];
	int64_t embryo_due_ns; /* the first limit of one */
	struct tf_wheel wheel;
	struct tf_preparation *preparation; /* for another thread, perhaps */
	struct tf_supply connections_to_come, embryos_to_come, closings_to_come, places_to_come;
	struct tf_index_supply index_to_come;
	struct tf_page_cost page_cost; /* of whoever supplies */
	atomic_flag supplying;         /* somebody is */
	struct tf_services services;
	struct tf_moves moves;
	struct tf_graveyard graveyard;
	int64_t tombstone_due_ns;           /* nothing is to be forgotten before */
	uint32_t hand, embryo_hand;         /* where the search for a victim goes on */
	struct tf_doomed doomed[TF_DOOMED]; /* what goes next, in that order */
	unsigned doomed_count, doomed_gone; /* of them so many went */
	uint64_t next_conn;                 /* the last number; the one after it & TF_MAX_CONN is never 0 */
	int64_t look_open_ns,
	    look_close_ns; /* the wheel looks so long after a step of an opening, of a close */
	bool started;
	struct tf_read_ahead *ahead, nothing_ahead; /* what to ask for meanwhile; no such thing */
};

static inline struct tf_connection *
tf_connection_at(const struct tf_analyzer *a, uint32_t index)
{
	return TF_POOL_ITEM(&a->connections, struct tf_connection, index);
}

static inline struct tf_embryo *
tf_embryo_at(const struct tf_analyzer *a, uint32_t place)
{
	return TF_POOL_ITEM(&a->embryos, struct tf_embryo, place);
}

/* Its number; 0: the place is free. */
static inline uint64_t
tf_value_conn(const struct tf_analyzer *a, uint32_t value)
{
	return value & TF_EMBRYO_BIT ? tf_embryo_at(a, value & ~TF_EMBRYO_BIT)->conn
	                             : tf_connection_at(a, value)->conn;
}

/* Is C still there, and S's?  SECOND: tf_ports_side(C's, S). */
static inline bool
tf_connection_is_of(const struct tf_analyzer *a, const struct tf_connection *c, const struct tf_segment *s,
                    bool second)
{
	return c->conn && tf_tuple_fits(&a->ctx.wide, &c->tuple, (c->flags & TF_CONN_WIDE) != 0, s, second);
}

/* The same of what a value in the index stands for, a connection or an embryo. */
static inline bool
tf_value_is_of(const struct tf_analyzer *a, uint32_t value, const struct tf_segment *s)
{
	if (!(value & TF_EMBRYO_BIT)) {
		const struct tf_connection *c = tf_connection_at(a, value);
		return tf_connection_is_of(a, c, s, tf_ports_side(c->tuple.port, s));
	}
	const struct tf_embryo *e = tf_embryo_at(a, value & ~TF_EMBRYO_BIT);
	return e->conn && tf_tuple_fits(&a->ctx.wide, &e->tuple, tf_embryo_is_wide(e), s,
	                                tf_ports_side(e->tuple.port, s));
}

/* Ask the processor for it. */
TF_PREFETCHES void
tf_value_prefetch(const struct tf_analyzer *a, uint32_t value)
{
	if (value & TF_EMBRYO_BIT)
		tf_prefetch_lines(tf_embryo_at(a, value & ~TF_EMBRYO_BIT), sizeof(struct tf_embryo));
	else
		tf_prefetch_lines(tf_connection_at(a, value), sizeof(struct tf_connection));
}

/* And, once that is there, for what its close needs. */
TF_PREFETCHES void
tf_value_prefetch_closing(const struct tf_analyzer *a, uint32_t value)
{
	if (value & TF_EMBRYO_BIT || !tf_connection_at(a, value)->closing)
		return;
	tf_prefetch_lines(tf_closing_if(&a->ctx, tf_connection_at(a, value)), sizeof(struct tf_closing));
}

/* Connections in the table, embryos among them. */
static inline uint32_t
tf_live(const struct tf_analyzer *a)
{
	return a->connections.used + a->embryos.used;
}

static inline uint32_t
tf_connection_hash(const struct tf_analyzer *a, const struct tf_connection *c)
{
	struct tf_key key = tf_connection_key(&a->ctx, c);

	return tf_key_hash(&key, a->config.hash_key);
}

static inline uint32_t
tf_embryo_hash(const struct tf_analyzer *a, const struct tf_embryo *e)
{
	struct tf_key key = tf_tuple_key(&a->ctx.wide, &e->tuple, tf_embryo_is_wide(e));

	return tf_key_hash(&key, a->config.hash_key);
}

/* ---- table.c: connections come and go -------------------------------------- */

/* A connection for S, begun with it but not fed; its index, or 0 where
 * there is no room.  BEGUN: when S passed by the clock, which its own time may
 * lie behind.  FORMER (or NULL) was on the same 4-tuple. */
uint32_t tf_table_begin(struct tf_analyzer *a, const struct tf_key *key, uint32_t hash,
                        const struct tf_segment *s, int64_t begun_ns, const struct tf_former *former);

/* If there is no room for one more connection, the least valuable goes. */
void tf_table_make_room(struct tf_analyzer *a);

/* One more is in the table: its number. */
uint64_t tf_table_count_in(struct tf_analyzer *a);

/* Why a connection leaves the table. */
enum tf_end_reason {
	TF_GONE_CLOSED,   /* a tombstone stays */
	TF_GONE_REPLACED, /* a new one takes its 4-tuple */
	TF_GONE_EVICTED,  /* there was no room */
	TF_GONE_FINISHED, /* the input is over */
};

/* The connection is over: its record goes out. */
void tf_table_end(struct tf_analyzer *a, uint32_t index, enum tf_end_reason reason);

/* What C will be remembered as. */
struct tf_former tf_former_of(const struct tf_context *ctx, const struct tf_connection *c);

/* Dig up the tombstone at PLACE: a new connection takes its 4-tuple. */
void tf_tombstone_dig_up(struct tf_analyzer *a, uint32_t hash, uint32_t place);

/* S of the key's end SIDE came for the tombstone at PLACE, which says B. */
void tf_tombstone_late(struct tf_analyzer *a, uint32_t place, struct tf_buried *b, unsigned side,
                       const struct tf_segment *s);

/* The input is over: what waits at tombstones will not come. */
void tf_tombstones_finish(struct tf_analyzer *a);

/* Forget tombstones that are too old. */
void tf_tombstone_expire(struct tf_analyzer *a);

/* ---- incarnation.c: a SYN on a used 4-tuple --------------------------------- */

/* S, which is no SYN of its own, came to connection INDEX that holds a SYN:
 * does it judge it?  The index of the connection that S belongs to. */
uint32_t tf_held_judge(struct tf_analyzer *a, uint32_t index, uint32_t hash, const struct tf_segment *s);

/* A SYN came to connection INDEX.  The index of the connection that it
 * belongs to, or 0: it is held. */
uint32_t tf_syn_arrives(struct tf_analyzer *a, uint32_t index, uint32_t hash, const struct tf_segment *s);

/* The SYN that C holds, if it holds one, begins nothing: it counts as one of C's segments. */
void tf_held_count(const struct tf_analyzer *a, struct tf_connection *c);

/* When the SYN that C holds will be judged by silence; INT64_MAX: none. */
int64_t tf_held_next(const struct tf_analyzer *a, const struct tf_connection *c);

/* That time has come: the index of the new connection that the SYN begins, or 0. */
uint32_t tf_held_deadline(struct tf_analyzer *a, uint32_t index);

/* ---- analyzer.c -------------------------------------------------------------- */

/* Feed S to connection INDEX, with the detectors. */
void tf_feed_connection(struct tf_analyzer *a, uint32_t index, const struct tf_segment *s);

/* ---- deadlines.c -------------------------------------------------------------- */

/* When C wants to be looked at. */
int64_t tf_next_deadline(const struct tf_analyzer *a, const struct tf_connection *c);

/* Connection INDEX changed: when does it want to be looked at? */
void tf_look_again(struct tf_analyzer *a, uint32_t index);

/* What plain segments begin does not run out sooner than a->look_open_ns and a->look_close_ns: then the deadline itself
 * need not be worked out. */
void tf_choose_looks(struct tf_analyzer *a);

/* A plain segment of C, connection INDEX, began timers.  Mostly the wheel looks soon enough already. */
static inline void
tf_look_soon_enough(struct tf_analyzer *a, uint32_t index, const struct tf_connection *c)
{
	int64_t when_ns = a->ctx.now_ns + (c->closing ? a->look_close_ns : a->look_open_ns);

	if (when_ns < tf_wheel_deadline(&a->wheel, index))
		tf_wheel_move(&a->wheel, index, when_ns);
}

/* Of connection INDEX nothing but TIME-WAIT is left: the limits of the close, which were so much shorter, need no look
 * any more. */
void tf_look_after_time_wait(struct tf_analyzer *a, uint32_t index);

/* The clock shows NOW: what is due before it has its turn, and what is too old is forgotten. */
void tf_run_clock(struct tf_analyzer *a, int64_t now_ns);

/* ---- supply.c -------------------------------------------------------------------- */

/* How far the arenas have come: by the thread that feeds. */
void tf_supplies_tell(struct tf_analyzer *a);

/* ---- record.c: the connection record ---------------------------------------- */

/* Zeek's conn_state of a connection with these letters (core/letters.h); EMPTY: neither end sent
 * payload. */
enum tf_zeek_state tf_zeek_state(const char *letters, bool empty);

void tf_record_emit(struct tf_context *ctx, const struct tf_connection *c, enum tf_end_reason reason);

/* Nobody wants records, only briefs where these say all. */
static inline bool
tf_brief_is_enough(const struct tf_context *ctx)
{
	return (ctx->sink.wanted & (TF_EV_CONNECTION | TF_EV_BRIEF)) == TF_EV_BRIEF;
}

/* A connection is over, and its brief, which is enough, says all. */
static inline void
tf_brief_keep(struct tf_context *ctx, struct tf_brief brief)
{
	ctx->briefs.brief[ctx->briefs.count++] = brief;
	if (ctx->briefs.count == TF_BRIEFS)
		tf_briefs_emit(ctx);
}

/* The brief of connection CONN, which has SHAPE. */
static inline struct tf_brief
tf_brief_of_shape(const struct tf_analyzer *a, uint64_t conn, unsigned shape)
{
	const uint64_t *history = a->moves.shape[shape].shape.history;

	return (struct tf_brief){.conn = conn, .state = {history[TF_CLIENT] & 0xf, history[TF_SERVER] & 0xf}};
}

/* If E is over now: will its brief be enough? */
static inline bool
tf_embryo_ends_briefly(const struct tf_analyzer *a, const struct tf_embryo *e)
{
	/* Else a detector counts it. */
	return !(e->aside & TF_CONN_EMBRYONIC >> TF_CONN_ASIDE_SHIFT) && tf_brief_is_enough(&a->ctx);
}

#endif
