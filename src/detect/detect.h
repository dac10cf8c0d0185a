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

/* When a detector wants to look at C again; INT64_MAX: never. */
int64_t tf_detect_next(const struct tf_context *ctx, const struct tf_connection *c);

/* The deadline ctx->now_ns has come; the replicas were told before. */
void tf_detect_deadline(struct tf_context *ctx, struct tf_connection *c);

/* C's record is due, or the input is over: what was waited for will not come. */
void tf_detect_end(struct tf_context *ctx, struct tf_connection *c);

#endif
