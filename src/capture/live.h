/*
 * Frames from a network interface, by way of libpcap.
 *
 * libpcap lends a frame only for the time of its callback, so frames are
 * copied, as many as fit, into a buffer that lives until the next batch.
 */
#ifndef TCPFSM_CAPTURE_LIVE_H
#define TCPFSM_CAPTURE_LIVE_H

#include <pcap/pcap.h>

#include "capture/source.h"

struct tf_live {
	struct tf_source source;
	pcap_t *handle;
	int wake_fd;      /* readable: stop */
	bool is_stopping; /* told to stop at stop_ns (since the epoch): what came before it is read */
	bool is_over;     /* that has been read */
	int64_t stop_ns;
	uint32_t dropped_low; /* libpcap's count of lost frames when it was asked last */
	int timeout_ms;       /* how long to wait for a first frame */
	int linktype;         /* LINKTYPE_* */
	uint32_t fraction_ns; /* the unit of libpcap's fractions: 1 or 1000 ns */
	uint8_t *copies;      /* the frames of the current batch */
	size_t capacity, used;
	size_t snaplen;

	struct tf_frame *frames; /* during a batch: where the frames go */
	size_t count, max;
};

enum tf_capture_status tf_live_open(struct tf_live *l, const struct tf_capture_options *options, int wake_fd,
                                    char message[TF_CAPTURE_MESSAGE_SIZE]);
void tf_live_close(struct tf_live *l);

/* As tf_capture_batch; frames are not numbered.  STOP: only what the kernel took before it was first
 * set is read, then comes TF_CAPTURE_END. */
int tf_live_batch(struct tf_live *l, struct tf_frame *frames, size_t max, bool stop);

/* Asks the kernel what it lost. */
void tf_live_update_drops(struct tf_live *l);

#endif
