/*
 * Signals as flags: what an operator asks of a run, to be looked at between
 * batches.  The first SIGINT or SIGTERM stops the capture, the second kills.
 */
#ifndef TCPFSM_CLI_SIGNALS_H
#define TCPFSM_CLI_SIGNALS_H

#include <stdbool.h>

#include "capture/capture.h"

/* Stop CAPTURE at SIGINT and SIGTERM; die of SIGPIPE, but not of a limit on the size of files.  With LIVE
 * heed SIGUSR1 (SIGINFO) and SIGHUP as well. */
void tf_signals_set(struct tf_capture *capture, bool live);

/* What is to be done before a second SIGINT or SIGTERM kills; NULL: nothing. */
void tf_signals_last_words(void (*say)(void));

/* Has a signal asked for the end? */
bool tf_signals_ended(void);

/* CAPTURE will not be there any more. */
void tf_signals_forget(void);

/* Was the table asked for (SIGUSR1, SIGINFO), or new files (SIGHUP), since this was looked at last? */
bool tf_signals_status(void);
bool tf_signals_reopen(void);

#endif
