/*
 * The checks of a verdict in words, as every report of them has them.
 */
#ifndef TCPFSM_OUTPUT_CHECKS_H
#define TCPFSM_OUTPUT_CHECKS_H

#include "buffer.h"
#include "tcpfsm/verdict.h"

/* "ci.rules:7: for server port 8080: expect every close = fin": where it stands, and the check. */
void tf_put_check_title(struct tf_buf *b, const struct tf_check *c);

/* "#3 10.0.0.1:4000 -> 10.0.0.2:8080: close is rst [packets 1 to 13]". */
void tf_put_offence(struct tf_buf *b, const struct tf_offence *o);

/* "packets 1 to 6, 9 and 12"; nothing where none is known. */
void tf_put_offence_packets(struct tf_buf *b, const struct tf_offence *o);

/* "... and 5 more"; nothing where there are none. */
void tf_put_more_offences(struct tf_buf *b, const struct tf_check *c);

/* How many of the checks have this outcome, the input's among them. */
size_t tf_count_outcome(const struct tf_verdict *v, enum tf_outcome outcome);

/*
 * All that is to be said of a check that failed, as plain text of several
 * lines: what came of it, the offences, the ladder of the first.
 */
void tf_put_check_report(struct tf_buf *b, const struct tf_check *c);

#endif
