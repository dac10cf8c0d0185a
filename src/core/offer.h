/*
 * What a segment says of its sender by its header.
 */
#ifndef TCPFSM_CORE_OFFER_H
#define TCPFSM_CORE_OFFER_H

#include "core/step.h"

/* A SYN or SYN,ACK: its number and its options, once and for all (RFC 9293 section 3.2, RFC 7323). */
void tf_note_syn(struct tf_step *st);

/* After so long a silence that a clock may have wrapped no timestamp is known any more (RFC 7323 section 5.5). */
void tf_forget_timestamps(struct tf_step *st);

/* TSval, and what the other end has as TS.Recent (RFC 7323 section 4.3). */
void tf_note_timestamp(struct tf_step *st);

/* The window, and the right edge that it has with the ACK. */
void tf_note_window(struct tf_step *st);

/* A SYN,ACK of a server that listens again because its former one was reset: nothing of that one holds. */
void tf_begin_answer(struct tf_step *st);

/* A dropped SYN,ACK: where it answers the client's SYN with another number, that may yet be the one that holds. */
void tf_note_other_answer(struct tf_step *st);

/* Where the client acknowledges the number that was noted so, the server began with it. */
void tf_take_other_answer(struct tf_step *st);

/* Whose stack S, a SYN of FROM's, looks like: a flag of the connection, or 0. */
uint32_t tf_stack_flag(enum tf_endpoint from, const struct tf_segment *s);

#endif
