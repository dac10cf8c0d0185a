#ifndef TCPFSM_CORE_FAST_H
#define TCPFSM_CORE_FAST_H

#include "core/connection.h"

/* Header prediction: the next segment in order, or the ACK of what has
 * passed, between two established ends without anything rare about them.
 * MAY: what FROM may send (tf_shape_may).  Does what the whole checklist
 * would do and returns true; or returns false, and nothing has changed. */
bool tf_connection_fast(struct tf_context *ctx, struct tf_connection *c, const struct tf_segment *s,
                        enum tf_endpoint from, unsigned may);

#endif
