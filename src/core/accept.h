#ifndef TCPFSM_CORE_ACCEPT_H
#define TCPFSM_CORE_ACCEPT_H

#include "core/step.h"

/* Would the receiver find the segment acceptable?  The lower bound of its
 * window is what it acknowledged last (Linux's rcv_wup), the upper the
 * farthest edge that it ever offered: both are proven, so a rejection is
 * sure, and what lies between is accepted. */
enum tf_verdict tf_accept(const struct tf_step *st);

/* The window field of END's segment in octets; false where the scale is not known. */
bool tf_window(const struct tf_connection *c, enum tf_endpoint from, const struct tf_segment *s,
               uint32_t *bytes);

/* Is a RST exactly where the receiver expects the next octet?  RFC 5961 section 3.2. */
enum tf_rst_place { TF_RST_EXACT, TF_RST_IN_WINDOW, TF_RST_OUTSIDE };
enum tf_rst_place tf_rst_place(const struct tf_step *st);

#endif
