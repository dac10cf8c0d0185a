/*
 * The Community ID flow hash, version 1: the name by which other network
 * monitors know the same flow.  It is the same for both directions.
 */
#ifndef TCPFSM_OUTPUT_COMMUNITY_H
#define TCPFSM_OUTPUT_COMMUNITY_H

#include <stdint.h>

#include "buffer.h"

enum { TF_LONGEST_COMMUNITY_ID = 30 };

/* Append the ID ("1:" and a SHA-1 in base 64) of the TCP flow between A and B. */
void tf_put_community_id(struct tf_buf *b, uint16_t seed, const struct tf_addr *a, uint16_t a_port,
                         const struct tf_addr *z, uint16_t z_port);

/* The same at a place where there is room for it (at.h). */
char *tf_at_community_id(char *p, uint16_t seed, const struct tf_addr *a, uint16_t a_port,
                         const struct tf_addr *z, uint16_t z_port);

#endif
