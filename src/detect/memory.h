/*
 * What the detectors remember beyond one connection: listeners, hosts,
 * and in which frame a handshake was completed.  Each table is of a fixed
 * size; what finds no room is counted.
 */
#ifndef TCPFSM_DETECT_MEMORY_H
#define TCPFSM_DETECT_MEMORY_H

#include "detect/detect.h"
#include "detect/digests.h"
#include "detect/hash.h"
#include "detect/hosts.h"
#include "detect/leaks.h"
#include "detect/listeners.h"
#include "detect/unanswered.h"

#define TF_HANDSHAKE_PLACES 8192

/* Frames of a handshake: the low 32 bits of their numbers, and of the connection's. */
struct tf_handshake_packets {
	uint32_t conn;
	uint32_t answer, third; /* the first SYN,ACK, and the third segment; 0: not known */
	uint16_t listener;      /* that counts it as embryonic, from 1; 0: not known */
	int64_t answer_ns;      /* of the first SYN,ACK */
};

#define TF_DAMAGED_PLACES 256

/* Data with a wrong checksum that passed not long ago; packet 0: the place is empty. */
struct tf_damaged_data {
	uint64_t packet;
	int64_t ts_ns;
	uint32_t conn; /* low 32 bits */
	tf_seq seq;
	uint32_t len;
	uint16_t src_port, checksum, ip_id;
};

struct tf_memory {
	struct tf_listeners listeners;
	struct tf_unanswered_table unanswered;
	struct tf_hosts hosts;
	struct tf_leaks leaks;
	struct tf_digests digests;
	struct tf_damaged_data damaged[TF_DAMAGED_PLACES];
	struct tf_handshake_packets handshake[TF_HANDSHAKE_PLACES]; /* those of late, by connection */
};

static inline struct tf_handshake_packets *
tf_handshake_place(struct tf_memory *m, uint64_t conn)
{
	return &m->handshake[conn % TF_HANDSHAKE_PLACES];
}

/* An address, or with a port other than 0 both, as people write them. */
#define TF_SUBJECT_TEXT 64
const char *tf_subject_text(char out[TF_SUBJECT_TEXT], const struct tf_addr *addr, uint16_t port);

#endif
