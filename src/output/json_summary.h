/*
 * The summary as JSON.
 */
#ifndef TCPFSM_OUTPUT_JSON_SUMMARY_H
#define TCPFSM_OUTPUT_JSON_SUMMARY_H

#include "buffer.h"
#include "output.h"

/* The line of type `summary` of S; times have DECIMALS (6 or 9) digits. */
void tf_put_json_summary(struct tf_buf *b, const struct tf_summary *s, unsigned decimals);

#endif
