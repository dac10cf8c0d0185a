/*
 * What the detectors remember beyond one connection: listeners, hosts,
 * and in which frame a handshake was completed.  Each table is of a fixed
 * size; what finds no room is counted.
 */
#ifndef TCPFSM_DETECT_MEMORY_H
#define TCPFSM_DETECT_MEMORY_H

#include "detect/detect.h"
#include "detect/digests.h"
#include "detect/hosts.h"
#include "detect/leaks.h"
#include "detect/listeners.h"
#include "detect/unanswered.h"

#define TF_THIRD_PLACES 8192

struct tf_memory {
	struct tf_listeners listeners;
	struct tf_unanswered_table unanswered;
	struct tf_hosts hosts;
	struct tf_leaks leaks;
	struct tf_digests digests;
	struct {
		uint32_t conn, packet; /* low 32 bits of both; packet 0: empty */
	} third[TF_THIRD_PLACES];      /* third segments of late, by connection */
};

/* An address, or with a port other than 0 both, as people write them. */
#define TF_SUBJECT_TEXT 64
const char *tf_subject_text(char out[TF_SUBJECT_TEXT], const struct tf_addr *addr, uint16_t port);

/* A hash that nobody can aim without knowing KEY. */
uint64_t tf_memory_hash(const uint64_t key[2], const struct tf_addr *addr, uint16_t port);

#endif
