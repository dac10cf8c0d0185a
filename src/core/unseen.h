/*
 * What a segment shows of others that did not pass the tap, or had not
 * arrived when it was sent.
 */
#ifndef TCPFSM_CORE_UNSEEN_H
#define TCPFSM_CORE_UNSEEN_H

#include "core/step.h"

/* The ACK of the sender's FIN passed so short a time ago that it cannot have arrived when this was sent. */
bool tf_crossed_ack_of_fin(const struct tf_step *st);

/* The same of the third segment of the handshake. */
bool tf_crossed_third_segment(const struct tf_step *st);

/* A timestamp that the sender echoes did not pass: the third segment of the handshake or the ACK
 * of its FIN was missed. */
void tf_infer_by_echo(struct tf_step *st);

/* The ACK of the other end's FIN bears a number one beyond all that passed:
 * a FIN of its own went before and was lost. */
void tf_infer_own_fin(struct tf_step *st);

/* The sender acknowledges the other end's FIN for the first time: did it have the ACK of its own
 * before that (FIN-WAIT-2), or not (CLOSING)? */
void tf_order_fin_and_ack(struct tf_step *st);

/* What a RST shows to have been missed before it. */
void tf_infer_before_rst(struct tf_step *st);

/* One octet of the other end's was acknowledged and never passed, at the end of all that did: nothing
 * but a FIN has this size often.  Data beyond it takes it back.  False where it cannot be one. */
bool tf_infer_fin(struct tf_step *st);

#endif
