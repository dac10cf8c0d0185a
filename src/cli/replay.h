/*
 * One run over the input: frames from the capture, through the decoder, to
 * the analyzer, whose events go to the writers.
 */
#ifndef TCPFSM_CLI_REPLAY_H
#define TCPFSM_CLI_REPLAY_H

#include <stdbool.h>

#include "capture/capture.h"
#include "cli/guard.h"
#include "cli/options.h"
#include "cli/outputs.h"
#include "cli/packets.h"
#include "screen/screen.h"

/* Read CAPTURE to its end, or as far as OPTIONS say, and report to OUTPUTS, the summary included;
 * frames go to PACKETS as well, if they are wanted.  Faults of the input are complained about; SCREEN (NULL: none) shows it; *WRITTEN says
 * whether the metrics were written, where they are wanted.
 * False where the input, or memory, failed: what was read before is reported all the same. */
bool tf_replay(const struct tf_options *options, struct tf_capture *capture, struct tf_outputs *outputs,
               struct tf_packets *packets, struct tf_guard *guard, struct tf_screen *screen, bool *written);

/* Read the files of OPTIONS again, from their start to the end, and tell SINK what the analyzer says.  False where
 * they did not come to the FRAMES that were read before, or there was no memory. */
bool tf_replay_again(const struct tf_options *options, uint64_t frames, struct tf_sink sink);

/* When the capture ended, as far as anybody says so; CLOCK_NS: the greatest time of a frame. */
int64_t tf_capture_end_of(const struct tf_options *options, struct tf_capture *capture, int64_t clock_ns);

/* How OPTIONS want the capture to be opened. */
struct tf_capture_options tf_capture_options_of(const struct tf_options *options);

#endif
