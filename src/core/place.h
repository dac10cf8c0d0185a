/*
 * Where a segment lies: in its sender's sequence space, and what of the
 * other end's its ACK covers.
 */
#ifndef TCPFSM_CORE_PLACE_H
#define TCPFSM_CORE_PLACE_H

#include "core/step.h"

/* Is it a probe: SEQ is SND.NXT - 1, with no or one octet (RFC 9293 section 3.8.4)? */
bool tf_is_probe(const struct tf_step *st);

/* Its own octets: moves nxt and max, marks repetition and disorder. */
void tf_place_sequence(struct tf_step *st);

/* Its ACK: moves the other end's una, notes what the capture missed. */
void tf_place_ack(struct tf_step *st);

/* So far behind what was acknowledged lies nothing that is sent again: no window is as wide, but for those of the fastest
 * paths. */
#define TF_FAR_BEHIND (1 << 28)

/* Where it lies outside every window, or acknowledges what does: whether both ends have named such numbers by now (stray.c).
 * Then the capture missed more than a window, and what is known of the numbers is changed. */
bool tf_find_again(struct tf_step *st);

/* The capture missed BYTES octets of WHICH's between LEFT and RIGHT, as the
 * segment shows: they have a moment to come late before that is said. */
void tf_note_gap(const struct tf_step *st, enum tf_endpoint which, tf_seq left, tf_seq right, uint32_t bytes);

/* BYTES of the octets of WHICH that the capture seemed to miss have passed, or were never sent. */
void tf_shrink_gap(const struct tf_step *st, enum tf_endpoint which, uint32_t bytes);

#endif
