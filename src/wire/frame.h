/*
 * A frame as it stands in a capture: bytes and a time, nothing decoded.
 */
#ifndef TCPFSM_WIRE_FRAME_H
#define TCPFSM_WIRE_FRAME_H

#include <stdint.h>

struct tf_frame {
	int64_t ts_ns;       /* nanoseconds since the epoch */
	uint64_t packet;     /* number in the capture, from 1, running on over several files */
	const uint8_t *data; /* captured octets; owned by the reader, valid until its next call */
	uint32_t caplen;     /* octets at data */
	uint32_t len;        /* octets that the frame had on the wire */
	int linktype;        /* LINKTYPE_* as in the file (pcap-linktype(7)), or DLT_* live */
};

#endif
