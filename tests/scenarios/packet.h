/*
 * From a scenario's packet to a frame: the numbers of one variant put in
 * place of the relative ones, the octets of Ethernet, IP and TCP, and the
 * segment as the analyzer takes it.
 */
#ifndef SCENARIO_PACKET_H
#define SCENARIO_PACKET_H

#include "scenario.h"
#include "tcpfsm/segment.h"

#define SCN_MAX_FRAME (14 + 40 + 60 + SCN_MAX_PAYLOAD)

/* What a variant puts in place of relative numbers, and the state of the senders. */
struct scn_wire {
	const struct scenario *s;
	enum scn_variant variant;
	uint32_t shift[2];   /* added to every ISN of a side's machines */
	uint16_t next_id[2]; /* IP ID of a side's next frame */
	uint8_t frame[SCN_MAX_FRAME], sack[TF_SACK_BLOCKS * TF_SACK_BLOCK];
	uint32_t frame_len;
};

void scn_wire_init(struct scn_wire *w, const struct scenario *s, enum scn_variant variant);

/* Build PKT into w->frame and *SEGMENT; the segment's payload and its SACK blocks lie
 * in W and are valid until the next call.  ts_ns and packet are left 0. */
void scn_wire_build(struct scn_wire *w, const struct scn_packet *pkt, struct tf_segment *segment);

#endif
