/*
 * Link types: the numbers in files (LINKTYPE_*), libpcap's (DLT_*, which
 * differ for a few and from system to system), names, and how long a
 * captured frame may be.
 */
#ifndef TCPFSM_CAPTURE_LINKTYPE_H
#define TCPFSM_CAPTURE_LINKTYPE_H

#include <pcap/pcap.h>
#include <stdint.h>

enum {
	TF_SNAPLEN_MAX = 262144, /* what tcpdump and libpcap use as "everything" */
};

/* A handle for compiling filters, as if a file of that type had been opened; NULL: libpcap does not know
 * it.  The caller closes it. */
pcap_t *tf_linktype_open(int linktype);

/* The LINKTYPE_* of an open handle's frames; where there is none, its DLT_*. */
int tf_linktype_of(pcap_t *p);

/* The most octets that a frame of this type can have been captured with.  More is not a frame but a
 * damaged file: libpcap's limits. */
uint32_t tf_linktype_max_caplen(int linktype);

#endif
