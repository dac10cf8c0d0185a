/*
 * One segment through one connection, and one deadline: the checklist.
 * Called by src/flow, which knows which connection it is.
 */
#ifndef TCPFSM_CORE_CONNECTION_H
#define TCPFSM_CORE_CONNECTION_H

#include "core/step.h"

/* Both ends are closed, and nothing contradicts it for this long: then the
 * connection's record is due.  A retransmission after a lost RST or ACK
 * comes sooner than this. */
#define TF_SETTLE_NS INT64_C(3000000000)

/* A host takes longer to be restarted. */
#define TF_RESTART_NS INT64_C(30000000000)

/* No limit that a segment of a close begins runs out sooner, but for those of the configuration. */
#define TF_FIN_PATIENCE_NS INT64_C(1250000000)

/* C begins with segment S: who is the client, and the first known states.
 * C is zeroed but for key, conn, first_ts_ns and first_packet. */
void tf_connection_begin(struct tf_context *ctx, struct tf_connection *c, const struct tf_segment *s);

/* In mid-stream tf_connection.handshake_ns holds something else: for each end 24 bits that say when it was heard last, in
 * units of 134 ms since the first segment, from 1; 0: never.  After 26 days they come again. */
#define TF_HEARD_UNIT 27 /* bits of nanoseconds */
#define TF_HEARD_BITS 24

static inline bool
tf_connection_notes_heard(const struct tf_connection *c)
{
	return (c->flags & (TF_CONN_MIDSTREAM | TF_CONN_SYN_ACK)) == TF_CONN_MIDSTREAM;
}

static inline uint64_t
tf_heard_now(const struct tf_context *ctx, const struct tf_connection *c)
{
	return (((uint64_t)(ctx->now_ns - c->first_ts_ns) >> TF_HEARD_UNIT) + 1) &
	       ((UINT64_C(1) << TF_HEARD_BITS) - 1);
}

/* FROM, of C, is heard. */
static inline void
tf_connection_hear(const struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint from)
{
	const unsigned at = from == TF_CLIENT ? 0 : TF_HEARD_BITS;
	const uint64_t mask = ((UINT64_C(1) << TF_HEARD_BITS) - 1) << at;

	if (tf_connection_notes_heard(c))
		c->handshake_ns = ((c->handshake_ns & ~mask) | tf_heard_now(ctx, c) << at) &
		                  ((UINT64_C(1) << 2 * TF_HEARD_BITS) - 1);
}

/* When C's first SYN,ACK passed, X being what it has beside it or NULL; where none did, when C began.  The third segment
 * takes its place in the connection (tf_handshake_at_ns): where that finds nothing kept beside it, nothing had been sent
 * again, and the SYN,ACK had followed the first segment at once. */
static inline int64_t
tf_syn_ack_first_ns(const struct tf_connection *c, const struct tf_extra *x)
{
	if (c->flags & TF_CONN_ESTABLISHED)
		return x && x->syn_ack_first_ns ? x->syn_ack_first_ns : c->first_ts_ns;
	return c->flags & TF_CONN_SYN_ACK ? tf_handshake_at_ns(c) : c->first_ts_ns;
}

/* When WHICH, of C, was heard last, to 134 ms; 0: never, or that is not noted.  Asked where nothing is kept beside the
 * connection: in mid-stream, once a SYN,ACK has passed, that is only so if it was the first segment. */
static inline int64_t
tf_connection_heard_ns(const struct tf_context *ctx, const struct tf_connection *c, enum tf_endpoint which)
{
	const uint64_t mask = (UINT64_C(1) << TF_HEARD_BITS) - 1;
	uint64_t heard = c->handshake_ns >> (which == TF_CLIENT ? 0 : TF_HEARD_BITS) & mask;

	if (c->flags & TF_CONN_MIDSTREAM && c->flags & TF_CONN_SYN_ACK)
		return which == TF_SERVER ? tf_handshake_at_ns(c) : 0;
	if (!tf_connection_notes_heard(c) || !heard)
		return 0;
	uint64_t ago = (tf_heard_now(ctx, c) - heard) & mask;
	return ctx->now_ns - (int64_t)(ago << TF_HEARD_UNIT);
}

/* Fill in STEP for S, which FROM sent on C. */
void tf_step_init(struct tf_step *st, struct tf_context *ctx, struct tf_connection *c,
                  const struct tf_segment *s, enum tf_endpoint from);

/* Feed it to both replicas. */
void tf_connection_segment(struct tf_step *st);

/* Tell the sink that FROM sent S; BEFORE: the states before it, by endpoint. */
void tf_connection_tell(const struct tf_context *ctx, const struct tf_connection *c,
                        const struct tf_segment *s, enum tf_endpoint from, unsigned marks,
                        const enum tf_state before[2]);

/* The same, where it wants to know of segments. */
static inline void
tf_connection_show(const struct tf_context *ctx, const struct tf_connection *c, const struct tf_segment *s,
                   enum tf_endpoint from, unsigned marks, const enum tf_state before[2])
{
	if (ctx->sink.wanted & TF_EV_SEGMENT)
		tf_connection_tell(ctx, c, s, from, marks, before);
}

/* The state of WHICH; where it is taken to have given up a SYN or SYN,ACK that it failed to send again,
 * the state in which it waited: it may go on yet. */
enum tf_state tf_connection_waits_in(const struct tf_context *ctx, const struct tf_connection *c,
                                     enum tf_endpoint which);

/* S, a SYN on C's 4-tuple, was sent before the SYN by which its sender waits in SYN-SENT: an old duplicate (RFC 9293
 * section 3.5, figure 8).  False, too, where nothing tells. */
bool tf_connection_syn_is_old(const struct tf_context *ctx, const struct tf_connection *c,
                              const struct tf_segment *s);

/* What a SYN is to the connection whose 4-tuple it uses (RFC 9293 section
 * 3.10.7.4, RFC 6191, RFC 1122 section 4.2.2.13). */
enum tf_syn_verdict {
	TF_SYN_OWN,     /* the connection's own: first, again, or crossing in a simultaneous open */
	TF_SYN_NEW,     /* a new connection begins: the former one is over */
	TF_SYN_ATTEMPT, /* a new attempt of a client that was not answered */
	TF_SYN_HOLD,    /* its answer will tell */
};
enum tf_syn_verdict tf_connection_judge_syn(const struct tf_context *ctx, const struct tf_connection *c,
                                            const struct tf_segment *s);

/* Which end sent S? */
enum tf_endpoint tf_connection_sender(const struct tf_connection *c, const struct tf_segment *s);

/* Both ends of C are closed or in TIME-WAIT: neither waits for a segment. */
static inline bool
tf_connection_rests(const struct tf_connection *c)
{
	const tf_states at_rest = TF_STATES(TF_CLOSED) | TF_STATES(TF_TIME_WAIT);

	return TF_STATES(tf_end_state(&c->end[TF_CLIENT])) & at_rest &&
	       TF_STATES(tf_end_state(&c->end[TF_SERVER])) & at_rest;
}

/* When C's replicas want to be looked at; INT64_MAX: never. */
int64_t tf_connection_next(const struct tf_context *ctx, const struct tf_connection *c);

/* The deadline ctx->now_ns has come. */
void tf_connection_deadline(struct tf_context *ctx, struct tf_connection *c);

/* Both ends are CLOSED or LISTEN. */
bool tf_connection_closed(const struct tf_connection *c);

/* Both ends are closed and nothing has contradicted it since: its record is due. */
bool tf_connection_settled(const struct tf_context *ctx, const struct tf_connection *c);

void tf_connection_set_close(struct tf_connection *c, enum tf_close close);

/* An end that may have come to TIME-WAIT sooner than it seems may be out of it by now. */
void tf_time_wait_check(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint which);

/* When this end's TIME-WAIT began or was restarted; 0 where it is not in it. */
int64_t tf_time_wait_since(const struct tf_context *ctx, const struct tf_connection *c,
                           enum tf_endpoint which);

#endif
