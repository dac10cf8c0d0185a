/*
 * The detectors: what is worth saying about a connection beyond its
 * states.  Each looks at a step that the core has taken, at a deadline, or
 * at a beginning, and raises findings; none moves a replica.
 */
#ifndef TCPFSM_DETECT_DETECT_H
#define TCPFSM_DETECT_DETECT_H

#include "core/connection.h"

/* A segment went through the replicas. */
void tf_detect_segment(const struct tf_step *st);

/* HELD, a SYN into C, was not heeded: S shows that its alleged sender lives on. */
void tf_detect_syn_survived(struct tf_context *ctx, struct tf_connection *c, const struct tf_held_syn *held,
                            const struct tf_segment *s);

/* S of C has a wrong checksum, and stays out of the replicas. */
void tf_detect_damaged(struct tf_context *ctx, struct tf_connection *c, const struct tf_segment *s);

/* S, a plain SYN, began a connection. */
void tf_flood_syn(struct tf_context *ctx, const struct tf_segment *s);

/* S, a segment of an opening, comes soon: ask the processor for what is remembered of its hosts and its listener.  CONN:
 * the connection that awaits it; 0: none. */
void tf_detect_ask(const struct tf_context *ctx, const struct tf_segment *s, uint64_t conn);

/* A plain segment S of FROM's, of an opening, went through the replicas of C by a remembered move (core/moves.h). */
void tf_detect_opening(struct tf_context *ctx, struct tf_connection *c, const struct tf_segment *s,
                       enum tf_endpoint from);

/* An ordinary segment S with payload, which reached no detector: what it held is kept for later comparison. */
void tf_detect_ordinary(struct tf_context *ctx, const struct tf_connection *c, const struct tf_segment *s);

/* C is closed and goes: what is kept of it. */
void tf_detect_bury(const struct tf_context *ctx, const struct tf_connection *c, struct tf_remains *r);

/* What is left of a connection after its record. */
struct tf_late {
	const struct tf_key *key;
	const struct tf_former *former;
	struct tf_remains *remains;
};

/* S, sent by the end SIDE of the key, came after the record of L. */
void tf_detect_late(struct tf_context *ctx, const struct tf_late *l, unsigned side,
                    const struct tf_segment *s);

/* What was kept of L is forgotten, or the input is over. */
void tf_detect_forget(struct tf_context *ctx, const struct tf_late *l);

/* When a detector wants to look at C again; INT64_MAX: never. */
int64_t tf_detect_next(const struct tf_context *ctx, const struct tf_connection *c);

/* The deadline ctx->now_ns has come; the replicas were told before. */
void tf_detect_deadline(struct tf_context *ctx, struct tf_connection *c);

/* C's record is due, or the input is over: what was waited for will not come. */
void tf_detect_end(struct tf_context *ctx, struct tf_connection *c);

/* The input is over, and the connections are not told yet. */
void tf_detect_finish(struct tf_context *ctx);

/* ---- what lies beyond one connection ------------------------------------------ */

/* NULL where there is no memory. */
struct tf_memory *tf_memory_new(const uint64_t key[2]);
void tf_memory_free(struct tf_memory *m);

/* The hosts, by address: how each makes its initial sequence numbers. */
void tf_host_isn_list(struct tf_memory *m, tf_host_fn *fn, void *context);

/* ---- ICMP errors that quote a segment that FROM sent ------------------------------ */

/* Is it about reachability, rather than about size? */
bool tf_icmp_is_unreachable(const struct tf_icmp_error *e);

/* Does it end an attempt to open (RFC 1122 section 4.2.3.9)? */
bool tf_icmp_is_hard(const struct tf_icmp_error *e);

void tf_unreachable(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint from,
                    const struct tf_icmp_error *e);
void tf_too_big(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint from,
                const struct tf_icmp_error *e);

#endif
