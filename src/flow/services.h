/*
 * Which addresses and ports were seen to listen (they sent a SYN,ACK): for
 * guessing the roles of connections whose opening the capture missed.
 * Bounded: a later service may take the place of an earlier one.
 */
#ifndef TCPFSM_FLOW_SERVICES_H
#define TCPFSM_FLOW_SERVICES_H

#include <stdbool.h>

#include "tcpfsm/segment.h"

#define TF_SERVICES_PLACES 2048

struct tf_services {
	struct {
		struct tf_addr addr;
		uint16_t port; /* 0: empty */
	} seen[TF_SERVICES_PLACES];
};

void tf_services_add(struct tf_services *t, const struct tf_addr *addr, uint16_t port);
bool tf_services_has(const struct tf_services *t, const struct tf_addr *addr, uint16_t port);

#endif
