/*
 * What can be found out about segments without knowing any connection: the
 * hash of the key, which are copies that the capture made, and what each is
 * by its own header.  The thread that reads does it, so that the one that has
 * all connections, and sets the pace, need not.
 */
#ifndef TCPFSM_FLOW_PREPARE_H
#define TCPFSM_FLOW_PREPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpfsm/segment.h"

struct tf_preparation;

/* With the secret of the hash (key.h).  NULL where there is no memory. */
struct tf_preparation *tf_preparation_new(const uint64_t hash_key[2]);
void tf_preparation_free(struct tf_preparation *p);

/* No segment is plain from now on, so that each goes through the whole checklist. */
void tf_preparation_be_thorough(struct tf_preparation *p, bool thorough);

/* Set hash, is_copy and plain of COUNT segments, which come in capture order. */
void tf_prepare(struct tf_preparation *p, struct tf_segment *segments, size_t count);

#endif
