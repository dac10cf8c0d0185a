/*
 * What becomes of that which a finding says: see ending.c.
 */
#ifndef TCPFSM_DETECT_ENDING_H
#define TCPFSM_DETECT_ENDING_H

#include "core/step.h"

/* F was raised about C, and what it says has lasted since SINCE: from now on its end is looked for, if there can be one. */
void tf_ending_await(struct tf_context *ctx, struct tf_connection *c, const struct tf_finding *f,
                     int64_t since_ns);

/* A segment went through the replicas and the detectors. */
void tf_ending_segment(const struct tf_step *st);

#endif
