/*
 * `icmp KIND` behind a packet: not the packet passes, but an ICMP error
 * that quotes it.
 */
#ifndef SCENARIO_ICMP_H
#define SCENARIO_ICMP_H

#include "packet.h"
#include "parse.h"
#include "tcpfsm/icmp.h"

/* Read what stands behind `icmp`. */
bool scn_read_icmp(struct scn_parser *p, struct scn_packet *pkt);

/* The error that quotes QUOTED, which is PKT; ts_ns and packet are left 0. */
void scn_build_icmp(const struct scn_packet *pkt, const struct tf_segment *quoted, struct tf_icmp_error *e);

/* The error as a frame, in place of the quoted one in w->frame: what a pcap holds. */
void scn_icmp_frame(struct scn_wire *w, const struct tf_icmp_error *e);

#endif
