/*
 * What a finding is, apart from when and on which packets: its id, the end
 * that it is about, the two ends, the details that are words, and the
 * severity where it is not that of its kind and no note says why.  Two runs
 * that show the same fault give the same identity; the client's port, which
 * changes from run to run, and all numbers are left out.
 *
 *   stuck-close-wait server 10.0.0.1 -> 10.0.0.2:80
 *   challenge-ack server 10.0.0.1 -> 10.0.0.2:80 answers=RST
 *   syn-flood - 10.0.0.2:80
 *   duplicate-frames - capture
 */
#ifndef TCPFSM_OUTPUT_IDENTITY_H
#define TCPFSM_OUTPUT_IDENTITY_H

#include "buffer.h"
#include "sha1.h"
#include "tcpfsm/event.h"

enum { TF_FINGERPRINT_TEXT = 41 }; /* octets of a fingerprint, with its NUL */

/* The identity of F: words separated by single blanks, in ASCII. */
void tf_put_identity(struct tf_buf *b, const struct tf_finding *f);

/* The SHA-1 of an identity in hexadecimal digits. */
void tf_fingerprint_of(const char *identity, size_t length, char text[TF_FINGERPRINT_TEXT]);

/* The identity's SHA-1 in hexadecimal digits, for those who want a fixed length.  Empty where there was no memory. */
void tf_fingerprint(const struct tf_finding *f, char text[TF_FINGERPRINT_TEXT]);

#endif
