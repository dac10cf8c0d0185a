/*
 * Writes frames to a pcapng file, as they were captured: for -w.
 */
#ifndef TCPFSM_CAPTURE_DUMP_H
#define TCPFSM_CAPTURE_DUMP_H

#include "wire/frame.h"

struct tf_dump;

/* A writer on the descriptor FD, which stays the caller's to close; APPLICATION ("tcpfsm 1.0") is
 * noted in the file and must live as long.  NULL where there is no memory. */
struct tf_dump *tf_dump_new(int fd, const char *application);

/* The same, with a COMMENT (UTF-8) on the whole file; D does not keep it beyond the call. */
struct tf_dump *tf_dump_new_commented(int fd, const char *application, const char *comment);

/* Describe an interface with this LINKTYPE_* now: the first frame of it would do so, but may not come,
 * and tcpdump refuses a file without any. */
void tf_dump_linktype(struct tf_dump *d, int linktype);

/* Append FRAME with a COMMENT; NULL: none. */
void tf_dump_frame_commented(struct tf_dump *d, const struct tf_frame *frame, const char *comment);

#define TF_DUMP_END_UNKNOWN INT64_MIN

/* Say of the first interface, if there is one, that it captured until END_NS (or TF_DUMP_END_UNKNOWN) and lost DROPPED
 * frames (or -1: that is not known). */
void tf_dump_statistics(struct tf_dump *d, int64_t end_ns, int64_t dropped);

/* Append FRAME.  Nothing happens after a failure: tf_dump_close() tells of it. */
void tf_dump_frame(struct tf_dump *d, const struct tf_frame *frame);

/* Flush, and go on in FD with a section of its own that describes the same interfaces, also where the
 * former file took no more.  0, or the errno of the first failed write to that, which is told no more. */
int tf_dump_move(struct tf_dump *d, int fd);

/* Write out what is buffered.  0, or the errno of the first failed write. */
int tf_dump_flush(struct tf_dump *d);

/* Flush and free (NULL is nothing).  0, or the errno of the first failure. */
int tf_dump_close(struct tf_dump *d);

#endif
