/*
 * A scenario as a capture file, so that the same text goes through the
 * whole program.
 */
#ifndef SCENARIO_PCAP_WRITE_H
#define SCENARIO_PCAP_WRITE_H

#include "scenario.h"

/* Write the frames of S in VARIANT to PATH: pcap with microseconds,
 * Ethernet.  Unseen packets are left out; trailing waits have no place in
 * a capture, *rest_ns tells how long they are (for tcpfsm --end).
 * 0, or -1 with errno set. */
int scn_write_pcap(const struct scenario *s, enum scn_variant variant, const char *path, int64_t *rest_ns);

#endif
