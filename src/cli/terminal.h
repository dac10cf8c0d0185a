/*
 * What the program says beside its report, on standard error: complaints,
 * and a progress line on long reads; and what is known of the terminal.
 */
#ifndef TCPFSM_CLI_TERMINAL_H
#define TCPFSM_CLI_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/options.h"

/* "tcpfsm: " and the message as one line on standard error, whatever it is made of. */
void tf_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Whoever has the screen gets the lines from now on; they come on standard error once SAY is NULL again. */
void tf_complain_to(void (*say)(void *context, const char *line), void *context);

/* Has the file descriptor FD colours, by WISH, NO_COLOR and TERM? */
bool tf_terminal_color(int fd, enum tf_color wish);

/* Do the locale's variables ask for UTF-8? */
bool tf_terminal_utf8(void);

/* Columns of the terminal FD, or 0 where it is none. */
unsigned tf_terminal_width(int fd);

/* Show how far reading has come: CONSUMED of TOTAL octets (0: not known) and FRAMES so far.  Nothing is
 * shown where standard error is no terminal, in the first second, and more often than 5 times a second. */
void tf_progress(uint64_t consumed, uint64_t total, uint64_t frames);

/* Take the progress line away. */
void tf_progress_end(void);

#endif
