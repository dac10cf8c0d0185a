/*
 * What the detectors say of the capture as a whole, when it is over.
 */
#ifndef TCPFSM_DETECT_CAPTURE_H
#define TCPFSM_DETECT_CAPTURE_H

#include <stdbool.h>

#include "core/context.h"

/* One end of C never passed the tap, though the other shows that it spoke. */
bool tf_detect_one_way(const struct tf_context *ctx, const struct tf_connection *c);

/* Raise what FACTS and the statistics show. */
void tf_detect_capture(struct tf_context *ctx, const struct tf_capture_facts *facts);

#endif
