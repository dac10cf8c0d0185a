/*
 * Where frames come from: capture files (plain or compressed, several of
 * them as one capture in time order) or a live interface.  Behind this
 * header lies the only code that knows libpcap.
 *
 * A capture knows bytes, times and link types.  It deliberately does not
 * know what is inside a frame (src/wire does), and prints nothing: what went
 * wrong stands as a message for the user in the source that it went wrong in.
 *
 * Numbers: frames are numbered from 1 in the order in which they are
 * delivered, over all sources together; frames that the filter rejects are
 * counted, too.  With one file that is the number that Wireshark shows.
 * Live, the kernel applies the filter, and only what passes it has a number.
 * The link type of a frame is always a LINKTYPE_* value, also live.
 */
#ifndef TCPFSM_CAPTURE_CAPTURE_H
#define TCPFSM_CAPTURE_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/frame.h"

struct tf_capture;

enum {
	TF_CAPTURE_MESSAGE_SIZE = 512, /* octets that a message for the user may take, with its NUL */
};

enum tf_capture_status {
	TF_CAPTURE_OK,
	TF_CAPTURE_BAD_FILTER, /* the expression does not compile: a usage error, nothing was analysed */
	TF_CAPTURE_FAILED,     /* nothing can be read: no memory, or the interface does not open */
};

/* What tf_capture_batch returns beside a number of frames. */
enum {
	TF_CAPTURE_IDLE = 0, /* live: no frame came within timeout_ms */
	TF_CAPTURE_END = -1, /* nothing more will come, be it for the end or for a fault (source.error) */
};

struct tf_capture_options {
	const char *const *files; /* paths, "-" is standard input; NULL: read from interface */
	size_t file_count;
	const char *interface; /* live: a name as -D lists it, or "any" */
	const char *filter;    /* a pcap filter expression; NULL: every frame */
	bool through_libpcap;  /* let libpcap parse the files (it knows fewer of them); to compare with */
	bool not_promiscuous;  /* live, as are those below */
	int snaplen;           /* octets to capture of a frame; 0: 262144 */
	int buffer_kib;        /* the kernel's buffer; 0: 16 MiB */
	int timeout_ms;        /* how long a batch waits for a first frame; 0: 100 */
};

/* One file or interface.  Grows while it is read: drops and the end are normally known at its end. */
struct tf_capture_source {
	const char *name;       /* as given by the user */
	const char *linktype;   /* the first one's name, "EN10MB"; NULL: none known */
	const int *linktypes;   /* LINKTYPE_* of all that occur, in order of appearance */
	size_t linktype_count;  /* entries at linktypes */
	uint32_t snaplen;       /* the largest of its interfaces'; 0: not limited, or not known */
	const char *resolution; /* "us" or "ns": the coarser one that loses nothing, else "ns" */
	int digits;             /* decimals that the finest time stamp of the source needs; may exceed 9 */
	uint64_t frames;        /* read so far, with those that the filter rejected */
	uint64_t filtered;      /* of them, rejected by the filter */
	uint64_t unfilterable;  /* of them, of a link type for which the filter does not compile: rejected */
	uint64_t dropped;   /* frames lost by the kernel that captured; of a file, by whatever lost them */
	bool dropped_known; /* false: the source does not say */
	uint64_t dropped_ahead;  /* the same, known before the file is read; 0: none, or not known */
	int64_t end_ns;          /* the capture went on until then; nanoseconds since the epoch */
	bool end_known;          /* false: the source does not say */
	uint64_t skipped_blocks; /* pcapng: blocks of a type that holds no frame, or that is not known */
	uint64_t skipped_frames; /* pcapng: packets of an interface that was never described */
	bool failed;             /* it could not be read, or not to its end: error says why */
	const char *error;       /* one line without newline; "" where nothing is wrong */
};

/*
 * Opens the files or the interface.  Regular files are read up to their first frame, a pipe
 * up to its first link type, so that the filter can be tried before anything is analysed.
 *
 * A file that cannot be read does not fail the call: its source says so, and the others
 * are read.  File descriptors of all inputs are open when it returns: nothing is
 * opened later, except that a filter with names may look them up when a new link type turns up.
 *
 * OPTIONS and its strings must live as long as *CAPTURE.  On anything but TF_CAPTURE_OK,
 * *CAPTURE is NULL and MESSAGE holds one line for the user.
 */
enum tf_capture_status tf_capture_open(struct tf_capture **capture, const struct tf_capture_options *options,
                                       char message[TF_CAPTURE_MESSAGE_SIZE]);
void tf_capture_close(struct tf_capture *c);

/*
 * Fills FRAMES with up to MAX (at least 1) frames that pass the filter, and returns how many;
 * TF_CAPTURE_IDLE or TF_CAPTURE_END where there is none.  It returns what is at hand rather
 * than wait for MAX.  The data of all of them stay valid until the next call.
 *
 * Files: the frames of one file keep its order, whatever their times; several files are
 * merged by the times of their next frames, in a tie the one given first goes first.
 */
int tf_capture_batch(struct tf_capture *c, struct tf_frame *frames, size_t max);

/* Whether the data of the last batch's frames lie in the file itself, where somebody else can change them meanwhile:
 * what is decided by an octet has to be looked at once. */
bool tf_capture_may_change(const struct tf_capture *c);

/* HELPS: another processor has nothing to do, and may map what of a large file comes next.  Else it has something to do
 * from now on.  It changes nothing but the time. */
void tf_capture_take_help(struct tf_capture *c, bool helps);

/* What the next batch is likely to be read from, for the thread that reads it; NULL where that is not known.  It stays
 * where it is until tf_capture_close. */
struct tf_read_ahead *tf_capture_ahead(struct tf_capture *c);

/* Makes a waiting or the next batch return TF_CAPTURE_END; live, the batches before it bring what the
 * kernel had taken by now.  May be called by a signal handler and by another thread. */
void tf_capture_break(struct tf_capture *c);

/* Live: the descriptor that frames come from, so that a sandbox can tell it from others; else -1. */
int tf_capture_descriptor(const struct tf_capture *c);

/* Sources in the order in which they were given; valid until tf_capture_close.  Live: the
 * drops are asked for at each call. */
size_t tf_capture_source_count(const struct tf_capture *c);
const struct tf_capture_source *tf_capture_source(struct tf_capture *c, size_t index);

/* Frames counted so far: the number of the last one, filtered ones included. */
uint64_t tf_capture_frames(const struct tf_capture *c);

/* The least and the greatest time of the frames that the filter has
 * rejected so far; false where it rejected none.  Of files only: live the
 * kernel rejects. */
bool tf_capture_rejected(const struct tf_capture *c, int64_t *first_ns, int64_t *last_ns);

/* Octets of the files read so far and altogether, as they lie on the disk (compressed).
 * TOTAL is 0 where it is not known: a pipe is among the inputs, or an interface. */
void tf_capture_progress(const struct tf_capture *c, uint64_t *consumed, uint64_t *total);

struct tf_capture_interface {
	char *name;
	char *description; /* NULL: none */
	bool up, running, loopback, wireless;
};

/* The interfaces that can be listened on; NULL with MESSAGE filled where they cannot be found out.
 * The caller frees them with tf_capture_interfaces_free. */
struct tf_capture_interface *tf_capture_interfaces(size_t *count, char message[TF_CAPTURE_MESSAGE_SIZE]);
void tf_capture_interfaces_free(struct tf_capture_interface *interfaces, size_t count);

/* The name of a LINKTYPE_* value ("EN10MB"), or NULL where libpcap does not know it. */
const char *tf_capture_linktype_name(int linktype);

/* libpcap's own line about its version. */
const char *tf_capture_library_version(void);

#endif
