/*
 * What the capture and the decoder counted, in the words of the output:
 * for the summary, for reports on the way, for metrics.
 */
#ifndef TCPFSM_CLI_TALLY_H
#define TCPFSM_CLI_TALLY_H

#include "capture/capture.h"
#include "output/output.h"
#include "wire/decode.h"

enum { TF_TALLY_SKIPPED = TF_SKIP_COUNT + 1 };

/* An input as writers are told of it. */
struct tf_capture_info tf_tally_source(const struct tf_capture_source *s);

/* Packets that the kernel lost, over all sources that say so; -1: none does. */
int64_t tf_tally_drops(struct tf_capture *capture);

/* The first source that lost packets, or NULL. */
const char *tf_tally_loser(struct tf_capture *capture);

/* Why frames did not reach the analyzer, the filter's part last. */
void tf_tally_skipped(struct tf_skipped skipped[TF_TALLY_SKIPPED], const struct tf_capture *capture,
                      const struct tf_decoder *decoder);

#endif
