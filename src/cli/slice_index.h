/*
 * Which slices a frame may belong to: found by hash, since there may be a
 * thousand of them and many millions of frames.
 *
 * A frame belongs to a slice by its addresses and ports: those of the
 * finding's connection, whichever incarnation, or of an ICMP error that
 * quotes it; for a host or a service, its own; for the capture, any.  And
 * whatever proves a finding belongs to its slice.
 */
#ifndef TCPFSM_CLI_SLICE_INDEX_H
#define TCPFSM_CLI_SLICE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/slice_file.h"

/* The ends that a frame is about. */
struct tf_slice_ends {
	bool any; /* it is a segment, or an ICMP error about one */
	struct tf_addr addr[2];
	uint16_t port[2];
};

struct tf_slice_index;

/* An index of the COUNT slices at SLICE, by their targets.  Output does not depend on HASH_KEY.  NULL where there is no
 * memory. */
struct tf_slice_index *tf_slice_index_new(const struct tf_slice *slice, size_t count,
                                          const uint64_t hash_key[2]);

/* NULL is allowed. */
void tf_slice_index_free(struct tf_slice_index *x);

/* The numbers of the slices that frame PACKET, about ENDS, may belong to, each once, and how many they are.  They are
 * valid until the next call. */
size_t tf_slice_index_find(struct tf_slice_index *x, const struct tf_slice_ends *ends, uint64_t packet,
                           const size_t **slices);

#endif
