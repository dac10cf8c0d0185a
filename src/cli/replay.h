/*
 * One run over the input: frames from the capture, through the decoder, to
 * the analyzer, whose events go to the writers.
 */
#ifndef TCPFSM_CLI_REPLAY_H
#define TCPFSM_CLI_REPLAY_H

#include <stdbool.h>

#include "capture/capture.h"
#include "capture/dump.h"
#include "cli/options.h"
#include "cli/outputs.h"

/* Read CAPTURE to its end, or as far as OPTIONS say, and report to OUTPUTS, the summary included;
 * frames go to DUMP as well, if there is one.  Faults of the input are complained about.
 * False where the input, or memory, failed: what was read before is reported all the same. */
bool tf_replay(const struct tf_options *options, struct tf_capture *capture, struct tf_outputs *outputs,
               struct tf_dump *dump);

#endif
