/*
 * What the core works with besides the connection in hand: the clock of
 * the capture, the sink, the pools.  It is owned by the flow table.
 */
#ifndef TCPFSM_CORE_CONTEXT_H
#define TCPFSM_CORE_CONTEXT_H

#include "core/extra.h"
#include "core/pool.h"
#include "core/tuple.h"
#include "tcpfsm/analyzer.h"
#include "tcpfsm/connection.h"

struct tf_context {
	const struct tf_config *config;
	struct tf_sink sink;
	struct tf_stats *stats;
	struct tf_pool wide;     /* struct tf_wide, of connections and of embryos */
	struct tf_pool closings; /* struct tf_closing */
	struct tf_pool extras;   /* struct tf_extra */
	struct tf_pool ranges;   /* struct tf_range */
	struct tf_pool held;     /* struct tf_held_syn */
	int64_t now_ns;          /* the greatest timestamp so far; while a deadline runs, the deadline */
	uint64_t packet;         /* the frame in hand; 0 while a deadline runs */
	struct tf_held_back
	    held_back;        /* a segment that is taken only now, though it passed before; packet 0: none */
	bool leapt;           /* the deadlines that run lie in a gap of days without a packet */
	bool dropped;         /* the capturing host lost packets, as far as is known by now */
	uint64_t last_packet; /* the last frame */
	uint64_t forgets_since;   /* the frame for which a connection was evicted first; 0: none was */
	struct tf_memory *memory; /* what the detectors remember beyond one connection */
	struct tf_moves *moves;   /* the plain moves that were learnt (core/moves.h) */
	struct tf_briefs briefs;  /* that wait to be told */
	uint64_t older_records;   /* whose only finding is that the connection is older than the capture */
	bool *fired;              /* one a row of rules.def: did it ever apply? NULL: nobody asks */
};

/* Are connections older than the capture told briefly, beyond the first ones (TF_OLDER_BRIEFLY)? */
static inline bool
tf_older_is_brief(const struct tf_context *ctx)
{
	return (ctx->sink.wanted & (TF_EV_CONNECTION | TF_EV_BRIEF | TF_OLDER_BRIEFLY)) ==
	       (TF_EV_BRIEF | TF_OLDER_BRIEFLY);
}

/* Tell the briefs that wait: nothing else may be told before them. */
static inline void
tf_briefs_emit(struct tf_context *ctx)
{
	struct tf_event e = {.kind = TF_EV_BRIEF, .briefs = &ctx->briefs};

	if (ctx->briefs.count)
		ctx->sink.event(ctx->sink.context, &e);
	ctx->briefs.count = 0;
}

/* The address of a SIDE of C's key: 0 or 1. */
static inline struct tf_addr
tf_connection_addr(const struct tf_context *ctx, const struct tf_connection *c, unsigned side)
{
	return tf_tuple_addr(&ctx->wide, &c->tuple, (c->flags & TF_CONN_WIDE) != 0, side);
}

static inline struct tf_key
tf_connection_key(const struct tf_context *ctx, const struct tf_connection *c)
{
	return tf_tuple_key(&ctx->wide, &c->tuple, (c->flags & TF_CONN_WIDE) != 0);
}

/* What C's close needs, made if need be.  NULL where the pool is full: then it is counted. */
struct tf_closing *tf_closing_of(struct tf_context *ctx, struct tf_connection *c);

/* What C's close needs if it began, else NULL. */
static inline struct tf_closing *
tf_closing_if(const struct tf_context *ctx, const struct tf_connection *c)
{
	return c->closing ? TF_POOL_ITEM(&ctx->closings, struct tf_closing, c->closing) : NULL;
}

/* The rare things of C, made if need be.  NULL where the pool is full: then it is counted. */
struct tf_extra *tf_extra_of(struct tf_context *ctx, struct tf_connection *c);

/* The rare things of C if there are any, else NULL. */
static inline struct tf_extra *
tf_extra_if(const struct tf_context *ctx, const struct tf_connection *c)
{
	const struct tf_closing *k = tf_closing_if(ctx, c);

	return k && k->extra ? TF_POOL_ITEM(&ctx->extras, struct tf_extra, k->extra) : NULL;
}

/* Of the frame of which only the low 32 bits are known, the number: the latest one that is possible.  0: there is
 * none. */
static inline uint64_t
tf_packet_of(const struct tf_context *ctx, uint32_t low)
{
	uint64_t packet = (ctx->last_packet & ~(uint64_t)UINT32_MAX) | low;

	if (!low)
		return 0;
	return packet > ctx->last_packet ? packet - (UINT64_C(1) << 32) : packet;
}

/* How often WHICH has sent its FIN again. */
static inline unsigned
tf_fin_times_again(const struct tf_context *ctx, const struct tf_connection *c, enum tf_endpoint which)
{
	const struct tf_extra *x = tf_extra_if(ctx, c);

	return x ? x->fin_again[which].times : 0;
}

/* When it sent it last; it has, or must have. */
static inline int64_t
tf_fin_last_ns(const struct tf_context *ctx, const struct tf_connection *c, enum tf_endpoint which)
{
	const struct tf_extra *x = tf_extra_if(ctx, c);

	return x && x->fin_again[which].times ? x->fin_again[which].last_ns
	                                      : tf_closing_if(ctx, c)->fin[which].first_ns;
}

/* The FIN of WHICH is as FIN says, and was not sent again yet. */
static inline void
tf_fin_begin(const struct tf_context *ctx, const struct tf_connection *c, enum tf_endpoint which,
             struct tf_fin_record fin)
{
	struct tf_extra *x = tf_extra_if(ctx, c);

	tf_closing_if(ctx, c)->fin[which] = fin;
	if (x)
		x->fin_again[which] = (struct tf_fin_again){0};
}

/* Give back all that C holds in the pools. */
void tf_extra_release(struct tf_context *ctx, struct tf_connection *c);

#endif
