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

/* The capture missed octets of the receiver's from LEFT up to the segment's
 * ACK: they have a moment to come late before that is said. */
void tf_note_gap(struct tf_step *st, tf_seq left);

#endif
