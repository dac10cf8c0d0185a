/*
 * The second look: the input read once more, for what only those
 * connections need that broke a check.
 */
#ifndef TCPFSM_CLI_AGAIN_H
#define TCPFSM_CLI_AGAIN_H

#include "check/judge.h"
#include "cli/options.h"

/* Give JUDGE the packets and pictures that it wants, or the reason why there are none: an input that is no file
 * can be read only once.  The first reading came to FRAMES. */
void tf_second_look(const struct tf_options *options, uint64_t frames, struct tf_judge *judge);

/* Is the input files, each of which can be read as often as need be?  One that is not there counts as one. */
bool tf_can_be_read_again(const struct tf_options *options);

#endif
