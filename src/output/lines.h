/*
 * One line a transition, one line a segment: what -v, -vv and the ladder
 * show.  Lines have no line feed at their end.
 */
#ifndef TCPFSM_OUTPUT_LINES_H
#define TCPFSM_OUTPUT_LINES_H

#include "writer.h"

/* "SYN,ACK", "FIN,ACK", "ACK": the control bits as RFC 9293 names them; "none" for none. */
void tf_put_flags(struct tf_buf *b, unsigned flags);

/* "retransmission, zero window": enum tf_segment_mark in words. */
void tf_put_marks(struct tf_buf *b, unsigned marks);

/* "SYN,ACK seq=0 ack=1 win=65535 len=0": a segment with relative numbers. */
void tf_put_segment_facts(struct tf_buf *b, const struct tf_segment_event *e);

/* " mss=1460 wscale=7": the options of a segment that say something here. */
void tf_put_segment_options(struct tf_buf *b, const struct tf_segment *s);

/* A transition, with its time relative to START_NS, wrapped at the options' width after COLUMN columns. */
void tf_put_transition_line(struct tf_buf *b, const struct tf_output *o, const struct tf_transition *t,
                            int64_t start_ns, size_t column);

/* A segment, likewise. */
void tf_put_segment_line(struct tf_buf *b, const struct tf_output *o, const struct tf_segment_event *e,
                         int64_t start_ns, size_t column);

#endif
