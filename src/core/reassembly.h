#ifndef TCPFSM_CORE_REASSEMBLY_H
#define TCPFSM_CORE_REASSEMBLY_H

#include "core/context.h"

/* What a stretch of sequence space was to the one that already passed. */
struct tf_stretch {
	uint32_t fresh;   /* octets that had not passed before */
	bool repeated;    /* some of it had passed before */
	bool fills;       /* it began before the highest octet, and brought something new: a hole is filled */
	bool leaves_hole; /* something before it has not passed */
	int64_t
	    after_ns; /* with `fills`: so long after the hole had shown; what is longer than three days is as good */
};

/* [LEFT, RIGHT) of END's sequence space passed.  Moves nxt and max.  Where
 * the pool is full a stretch beyond a hole is forgotten, and counted. */
struct tf_stretch tf_reassembly_add(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint end,
                                    tf_seq left, tf_seq right);

/* The other end acknowledged everything before ACK: holes before it will
 * not be filled any more.  Returns the octets that never passed. */
uint32_t tf_reassembly_acked(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint end,
                             tf_seq ack);

/* Forget all holes of END. */
void tf_reassembly_clear(struct tf_context *ctx, struct tf_extra *x, enum tf_endpoint end);

#endif
