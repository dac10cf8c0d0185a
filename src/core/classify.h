/*
 * From one segment to inputs of the state machine: what it proves about
 * its sender, and what it brings its receiver.
 */
#ifndef TCPFSM_CORE_CLASSIFY_H
#define TCPFSM_CORE_CLASSIFY_H

#include "core/step.h"

/* Where the segment lies in sequence space, and what its ACK covers. */
void tf_classify(struct tf_step *st);

/* Feed the sender's replica. */
void tf_prove_sender(struct tf_step *st);

/* Feed the receiver's replica, if the segment is acceptable there. */
void tf_presume_receiver(struct tf_step *st);

/* The third segment of the handshake has passed, or must have. */
void tf_note_third_segment(struct tf_step *st);

/* TIME-WAIT began, was restarted, or ended. */
void tf_note_time_wait(struct tf_step *st);

/* A RST, for both. */
void tf_prove_reset(struct tf_step *st);

#endif
