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

/* HELD, a SYN into C, was not heeded if S of its alleged sender, on the former connection, is newer.  False: that is not
 * known. */
bool tf_detect_syn_survived(struct tf_context *ctx, struct tf_connection *c, const struct tf_held_syn *held,
                            const struct tf_segment *s);

/* S of C has a wrong checksum, and stays out of the replicas. */
void tf_detect_damaged(struct tf_context *ctx, struct tf_connection *c, const struct tf_segment *s);

/* S of C is data with a wrong checksum, and the replicas have it all the same. */
void tf_detect_damaged_data(struct tf_context *ctx, const struct tf_connection *c,
                            const struct tf_segment *s);

/* S, a plain SYN, began a connection. */
void tf_flood_syn(struct tf_context *ctx, const struct tf_segment *s);

/* S, a segment of an opening, comes soon: ask the processor for what is remembered of its hosts and its listener.  CONN:
 * the connection that awaits it; 0: none. */
void tf_detect_ask(const struct tf_context *ctx, const struct tf_segment *s, uint64_t conn);

/* A connection whose server answers, an embryo or not: what its listener and both hosts are asked by.  Arrays are by
 * endpoint. */
struct tf_opening {
	uint64_t conn, packet; /* its number, and the frame that began it */
	int64_t ts_ns;         /* of that */
	tf_seq isn[2];
	uint16_t flags[2]; /* tf_end.flags */
	bool embryonic;    /* TF_CONN_EMBRYONIC; the listener may set it */
};

/* S, a plain SYN,ACK, is the first answer to the SYN of O, which waits for the third segment now.  NULL, or the sign of SYN
 * cookies in it, which is to be raised then. */
const char *tf_detect_answer(struct tf_context *ctx, struct tf_opening *o, const struct tf_segment *s);
void tf_detect_cookies(struct tf_context *ctx, struct tf_connection *c, const struct tf_segment *s,
                       const char *sign);

/* And then: the numbers that both hosts chose.  Or S is the RST that refused O. */
void tf_detect_numbers(struct tf_context *ctx, const struct tf_opening *o, const struct tf_segment *s);

/* A plain segment S of FROM's, of an opening, went through the replicas of C by a remembered move (core/moves.h). */
void tf_detect_opening(struct tf_context *ctx, struct tf_connection *c, const struct tf_segment *s,
                       enum tf_endpoint from);

/* S, which is no SYN, is the first segment of C, and went through its replicas by a remembered move. */
void tf_detect_midstream(struct tf_context *ctx, struct tf_connection *c, const struct tf_segment *s);

/* An ordinary segment S with payload, which reached no detector: what it held is kept for later comparison. */
void tf_detect_ordinary(struct tf_context *ctx, const struct tf_connection *c, const struct tf_segment *s);

/* An ordinary segment S of FROM's, which reached no detector either, though C has rare things beside it: none of them waits
 * for anything, but some are counted. */
void tf_detect_calm(struct tf_context *ctx, const struct tf_connection *c, const struct tf_segment *s,
                    enum tf_endpoint from);

/* What ended of that which C's findings say: how many, in OUT. */
size_t tf_detect_endings(const struct tf_context *ctx, const struct tf_connection *c,
                         struct tf_ending out[TF_MAX_ENDINGS]);

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
/* And now they are: what they showed together. */
void tf_detect_over(struct tf_context *ctx);

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
void tf_undelivered(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint from,
                    const struct tf_icmp_error *e);
void tf_too_big(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint from,
                const struct tf_icmp_error *e);

#endif
