/*
 * How long a segment takes from the tap to each end, as the handshake
 * shows it: half of the time from the SYN to its answer is the way to the
 * server, half of the time from there to the third segment the way to the
 * client.  A repeated segment of the handshake tells nothing.
 */
#ifndef TCPFSM_OUTPUT_PICTURE_LADDER_TIME_H
#define TCPFSM_OUTPUT_PICTURE_LADDER_TIME_H

#include "output/ladder.h"

struct tf_delays {
	bool known;
	int64_t ns[2]; /* from the tap to the client, to the server */
};

struct tf_delays tf_ladder_delays(const struct tf_pending *p);

#endif
