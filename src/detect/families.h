/*
 * One file a family of anomalies; detect.c calls them in this order.
 */
#ifndef TCPFSM_DETECT_FAMILIES_H
#define TCPFSM_DETECT_FAMILIES_H

#include "detect/detect.h"
#include "detect/raise.h"

void tf_opening_segment(const struct tf_step *st);
int64_t tf_opening_next(const struct tf_context *ctx, const struct tf_connection *c);
void tf_opening_deadline(struct tf_context *ctx, struct tf_connection *c);

void tf_isn_segment(const struct tf_step *st);

void tf_reset_segment(const struct tf_step *st);

void tf_closing_segment(const struct tf_step *st);
int64_t tf_closing_next(const struct tf_context *ctx, const struct tf_connection *c);
void tf_closing_deadline(struct tf_context *ctx, struct tf_connection *c);

int64_t tf_gaps_next(const struct tf_context *ctx, const struct tf_connection *c);
void tf_gaps_deadline(struct tf_context *ctx, struct tf_connection *c, bool at_end);

#endif
