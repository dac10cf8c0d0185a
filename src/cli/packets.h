/*
 * The file of -w: the packets that were analysed.
 */
#ifndef TCPFSM_CLI_PACKETS_H
#define TCPFSM_CLI_PACKETS_H

#include "capture/capture.h"
#include "capture/dump.h"
#include "cli/options.h"
#include "confine/keeper.h"

struct tf_packets {
	const char *name;
	struct tf_dump *dump; /* NULL: nothing is written */
	int fd;
	bool told;       /* that the file takes no more */
	bool incomplete; /* packets are missing, in this file or a former one */
};

/* Open what OPTIONS ask for, for the frames of CAPTURE.  False after a complaint; tf_packets_close() is due
 * in both cases. */
bool tf_packets_open(struct tf_packets *p, const struct tf_options *options, struct tf_capture *capture);

/* Say at the end of the file until when the capture went on and how many packets were lost, as tf_dump_statistics(). */
void tf_packets_end(struct tf_packets *p, int64_t end_ns, int64_t dropped);

/* Write out what is buffered.  A file that takes no more is complained of, once. */
void tf_packets_flush(struct tf_packets *p);

/* Go on in a file of the same name that KEEPER opens: the other was rotated.  Complains where it cannot. */
void tf_packets_reopen(struct tf_packets *p, struct tf_keeper *keeper);

/* Flush and close.  False, after a complaint, where not all was written, to this file or a former one. */
bool tf_packets_close(struct tf_packets *p);

#endif
