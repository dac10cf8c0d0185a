/*
 * SHA-1 (RFC 3174), for the Community ID and fingerprints of findings.  It is a name here, not a
 * protection: SHA-1 is no longer safe against collisions.
 */
#ifndef TCPFSM_OUTPUT_SHA1_H
#define TCPFSM_OUTPUT_SHA1_H

#include <stddef.h>
#include <stdint.h>

#define TF_SHA1_SIZE 20

/* The digest of the N octets at DATA (fewer than 2^61). */
void tf_sha1(const void *data, size_t n, uint8_t digest[TF_SHA1_SIZE]);

/* The same without the processor's instructions for it, for tests to compare. */
void tf_sha1_plainly(const void *data, size_t n, uint8_t digest[TF_SHA1_SIZE]);

#endif
