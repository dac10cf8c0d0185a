/*
 * One capture file as a sequence of frames, whatever its format.
 *
 * A reader hands out frames that point into its stream's buffer.  It never
 * moves that buffer on its own: where it needs more octets it says so
 * (TF_READ_MORE), and the caller, who knows whether frames are still in use,
 * calls tf_reader_fill.
 */
#ifndef TCPFSM_CAPTURE_READER_H
#define TCPFSM_CAPTURE_READER_H

#include <pcap/pcap.h>

#include "capture/source.h"
#include "capture/stream.h"
#include "tcpfsm/prefetch.h"

enum tf_read_status {
	TF_READ_OK,     /* as many frames as asked for */
	TF_READ_MORE,   /* tf_reader_fill must be called before anything else can be had */
	TF_READ_END,    /* the file ends here, as it should, or reading was interrupted */
	TF_READ_FAILED, /* it cannot be read further; the source has the message */
};

struct tf_reader;

/* Up to MAX frames; with 0, whatever stands before the next frame is read. */
typedef size_t tf_read_function(struct tf_reader *r, struct tf_frame *frames, size_t max,
                                enum tf_read_status *status);

/* The classic format. */
struct tf_pcap_file {
	bool swapped;          /* the other byte order than this machine's */
	bool lengths_swapped;  /* the two lengths of a record stand in the order of old files */
	bool lengths_may_swap; /* they do where the first is larger */
	uint32_t header_len;   /* octets before a record's frame */
	uint32_t fraction_ns;  /* the unit of the fraction: 1 or 1000 ns */
	uint32_t snaplen;      /* captured octets beyond it are not delivered, as in libpcap */
	uint32_t max_caplen;   /* more is damage */
	int linktype;          /* LINKTYPE_* */
};

struct tf_pcapng_interface;

/* A pcapng file, or rather its current section. */
struct tf_pcapng_file {
	bool swapped;                           /* the section is in the other byte order */
	struct tf_pcapng_interface *interfaces; /* of the section */
	size_t count, capacity;
	int64_t last_ts_ns;          /* of the last frame: simple packets have no time */
	uint64_t dropcount;          /* lost frames according to the packets' options */
	uint64_t statistics_dropped; /* lost frames according to statistics blocks, all sections */
	bool statistics_seen;
};

struct tf_reader {
	struct tf_source *source;
	struct tf_stream stream;
	tf_read_function *read;     /* by format, once that is known; NULL before */
	size_t need;                /* octets that the stream must make available next */
	struct tf_read_ahead ahead; /* of the stream's window; what lies before it was asked for */
	enum tf_read_status final;  /* TF_READ_END or TF_READ_FAILED once it came to that, else OK */
	union {
		struct tf_pcap_file pcap;
		struct tf_pcapng_file pcapng;
	} format;
	bool is_pcapng;
	bool may_map;    /* frames may lie where somebody else can change them (window.h) */
	pcap_t *libpcap; /* with through_libpcap */
};

/* FD is not owned, and read from its current position.  CAPACITY: octets to buffer. */
void tf_reader_init(struct tf_reader *r, struct tf_source *source, int fd, int wake_fd, size_t capacity);

/* The same, through libpcap. */
void tf_reader_init_libpcap(struct tf_reader *r, struct tf_source *source, int fd);
void tf_reader_fini(struct tf_reader *r);

size_t tf_reader_frames(struct tf_reader *r, struct tf_frame *frames, size_t max,
                        enum tf_read_status *status);

/* All frames handed out become invalid. */
void tf_reader_fill(struct tf_reader *r);

/* For the formats.  NEED octets are wanted and not there: TF_READ_MORE, or, where the stream has ended,
 * what that means; WHAT is cut short then ("a packet record"). */
enum tf_read_status tf_reader_want(struct tf_reader *r, size_t need, const char *what);

/* For the formats: damage at this octet of the (decompressed) file. */
enum tf_read_status tf_reader_fail(struct tf_reader *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The formats.  The header of the classic one (magic number seen) is read once; pcapng has none. */
enum {
	TF_PCAP_HEADER_LEN = 24,
};
bool tf_pcap_file_is(const uint8_t magic[4]);
bool tf_pcapng_file_is(const uint8_t magic[4]);
enum tf_read_status tf_pcap_file_begin(struct tf_reader *r);
tf_read_function tf_pcap_file_read, tf_pcapng_file_read, tf_libpcap_file_read;
void tf_pcapng_file_fini(struct tf_pcapng_file *f);

/* NFLOG frames carry lengths in the byte order of the machine that captured: turn them in place, as
 * libpcap does for files of the other order. */
void tf_nflog_swap(uint8_t *data, uint32_t caplen);

#endif
