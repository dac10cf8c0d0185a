/*
 * A finding in words: the catalogue's template with the finding's numbers
 * in it, and each number as text or JSON.
 */
#ifndef TCPFSM_OUTPUT_MESSAGE_H
#define TCPFSM_OUTPUT_MESSAGE_H

#include "buffer.h"
#include "tcpfsm/event.h"

/* "the client", "the server", "one end". */
const char *tf_end_words(enum tf_endpoint e);

/* The other one: "the server" for TF_CLIENT. */
const char *tf_peer_words(enum tf_endpoint e);

/* D for people: "61.2 s", "5.0 %", "ESTABLISHED". */
void tf_put_detail(struct tf_buf *b, const struct tf_detail *d);

/* D as a JSON value; a time has DECIMALS digits. */
void tf_put_detail_json(struct tf_buf *b, const struct tf_detail *d, unsigned decimals);

/* The ending in R of what a finding ID about END says; NULL: none is known. */
const struct tf_ending *tf_ending_in(const struct tf_connection_record *r, enum tf_anomaly id,
                                     enum tf_endpoint end);

/* E's sentence, for behind that of its finding: "The server closed after all, after 72.5 s (packet 10)." */
void tf_put_ending(struct tf_buf *b, const struct tf_ending *e);

/* The sentence of F: its template with {details}, {end} and {peer} put in.  B keeps in memory: letters in it are
 * changed. */
void tf_put_message(struct tf_buf *b, const struct tf_finding *f);

#endif
