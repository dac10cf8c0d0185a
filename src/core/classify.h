/*
 * From one segment to inputs of the state machine: what it proves about
 * its sender, and what it brings its receiver.
 */
#ifndef TCPFSM_CORE_CLASSIFY_H
#define TCPFSM_CORE_CLASSIFY_H

#include "core/step.h"

/* Where the segment lies in sequence space, and what its ACK covers. */
void tf_classify(struct tf_step *st);

/* Its sender sent another one later that has passed already: a timestamp or an ACK says so. */
static inline bool
tf_was_overtaken(const struct tf_step *st)
{
	const struct tf_segment *s = st->s;

	if (s->options & TF_OPT_TIMESTAMPS && tf_end_has(st->x, TF_END_TSVAL_KNOWN) &&
	    (int32_t)(s->tsval - st->x->tsval) < 0)
		return true;
	return s->flags & TF_ACK && tf_end_has(st->y, TF_END_SEQ_KNOWN) && tf_seq_lt(s->ack, st->y->una);
}

/* Feed the sender's replica. */
void tf_prove_sender(struct tf_step *st);

/* Feed the receiver's replica, if the segment is acceptable there. */
void tf_presume_receiver(struct tf_step *st);

/* FROM's first SYN,ACK has passed: the handshake is timed from it. */
void tf_note_first_syn_ack(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint from);

/* The third segment of the handshake has passed, or must have, if FROM is the client. */
void tf_note_third_segment(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint from);

/* TIME-WAIT began, was restarted, or ended, by S towards TO. */
void tf_note_time_wait(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint to,
                       const struct tf_segment *s);

/* Keep in FIN what is kept of the FIN of an end, S, when it passes first; ACKS_FIN: it covers the other end's. */
static inline void
tf_fin_of_segment(struct tf_fin_record *fin, const struct tf_context *ctx, const struct tf_segment *s,
                  bool acks_fin)
{
	fin->first_ns = ctx->now_ns;
	fin->ack_ns = fin->ack_last_ns = 0;
	fin->packet = (uint32_t)s->packet;
	fin->ack_packet = 0;
	fin->tsval = s->tsval;
	fin->ip_id = s->ip_id;
	fin->ttl = s->ttl;
	fin->inferred = false;
	fin->acks_peer_fin = acks_fin;
	fin->timestamps = (s->options & TF_OPT_TIMESTAMPS) != 0;
	fin->bare = s->len == 0;
}

/* A RST, for both. */
void tf_prove_reset(struct tf_step *st);

/* No RST: does it show that the connection outlived one? */
void tf_outlive_reset(const struct tf_step *st);

#endif
