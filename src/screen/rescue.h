/*
 * The terminal as it was, should the program die while it has it.
 */
#ifndef TCPFSM_SCREEN_RESCUE_H
#define TCPFSM_SCREEN_RESCUE_H

/* Remember the modes of the terminal FD, before they are changed. */
void tf_rescue_remember(int fd);

/* The terminal was taken over, and its capabilities are known: from now on a signal that kills gives it back
 * first. */
void tf_rescue_arm(void);

/* It was given back in order. */
void tf_rescue_disarm(void);

/* Give it back at once; may be called by a signal handler. */
void tf_rescue_now(void);

#endif
