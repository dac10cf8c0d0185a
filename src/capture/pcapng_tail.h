/*
 * What the last blocks of a pcapng file say of the capture before it has
 * been read: how many packets were lost.
 */
#ifndef TCPFSM_CAPTURE_PCAPNG_TAIL_H
#define TCPFSM_CAPTURE_PCAPNG_TAIL_H

#include <stdint.h>

/* Packets lost according to the interface statistics at the end of FD, a regular file of SIZE octets that
 * begins at START; 0 where they do not say.  The file's position stays where it is. */
uint64_t tf_pcapng_tail_drops(int fd, uint64_t start, uint64_t size);

#endif
