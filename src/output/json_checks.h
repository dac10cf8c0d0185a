/*
 * The checks of a verdict as JSON Lines.
 */
#ifndef TCPFSM_OUTPUT_JSON_CHECKS_H
#define TCPFSM_OUTPUT_JSON_CHECKS_H

#include "buffer.h"
#include "tcpfsm/verdict.h"

/* A line of type `check` for each check of V. */
void tf_put_json_checks(struct tf_buf *b, const struct tf_verdict *v);

#endif
