/*
 * The octets of a file, decompressed where its content says so, in a buffer
 * that grows only as far as one record needs.
 *
 * A stream knows nothing of capture formats.  It reads with read() into a
 * large buffer and moves only the unread tail, so that a pipe serves as well
 * as a file.  Of a large file the buffer may be a window: then nothing is
 * copied at all.
 */
#ifndef TCPFSM_CAPTURE_STREAM_H
#define TCPFSM_CAPTURE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/codec.h"
#include "capture/window.h"

struct tf_stream {
	int fd;           /* not owned */
	int wake_fd;      /* becomes readable when reading shall stop; -1: none */
	bool may_block;   /* a pipe, a terminal, a socket: wait for wake_fd, too */
	bool detected;    /* the first octets were looked at for a magic number */
	bool ended;       /* nothing more will come, for whatever reason */
	bool interrupted; /* it ended since wake_fd became readable */

	bool maps;               /* the buffer is a window from the next fill on */
	uint64_t start, size;    /* of a regular file: where reading began, and its octets in all */
	struct tf_window window; /* open: it is the buffer */
	struct tf_scout *scout;  /* goes through the next windows; NULL: nobody does */

	uint8_t *buffer;
	size_t capacity;        /* octets at buffer; before there is one, of the first one */
	size_t begin, end;      /* the unread octets in it */
	uint64_t buffer_offset; /* of buffer[0], in the decompressed data */
	uint64_t skip;          /* octets after end that shall be dropped unseen */

	struct tf_codec codec;     /* ops is NULL: not compressed */
	uint8_t *raw;              /* compressed octets */
	size_t raw_begin, raw_end; /* the unread ones */
	bool raw_ended;            /* the file has no more of them */
	bool in_member;            /* a compressed member has begun and not ended */

	uint64_t consumed; /* octets read from fd, or in windows */
	char message[160]; /* what went wrong, without the file's name; "" if nothing did */
};

/* The stream of FD's octets from its current position.  CAPACITY: octets to buffer at first. */
void tf_stream_init(struct tf_stream *s, int fd, int wake_fd, size_t capacity);
void tf_stream_fini(struct tf_stream *s);

/*
 * Makes NEED octets available, or fewer and sets s->ended (with s->message where that is a fault).
 * May move the buffer: pointers into it become invalid.
 */
void tf_stream_fill(struct tf_stream *s, size_t need);

/*
 * What is in the buffer may change from now on, by somebody else's hand: if it pays, no octets are
 * copied any more.  For files that are not compressed.
 */
void tf_stream_map(struct tf_stream *s);

/* From now on another processor maps what comes next, or does so no more. */
void tf_stream_take_help(struct tf_stream *s, bool helps);

/* Whether what lies ahead in the buffer has been looked at by nobody, not even by the kernel that copies it. */
static inline bool
tf_stream_is_untouched(const struct tf_stream *s)
{
	return s->window.base != NULL;
}

/* Whether octets that were gone past in the buffer are no longer in the file, and zeros stood there, perhaps. */
bool tf_stream_is_torn(const struct tf_stream *s);

/* Go past N octets, be they in the buffer or not. */
void tf_stream_skip(struct tf_stream *s, uint64_t n);

static inline size_t
tf_stream_available(const struct tf_stream *s)
{
	return s->end - s->begin;
}

static inline uint8_t *
tf_stream_at(const struct tf_stream *s)
{
	return s->buffer + s->begin;
}

/* Octets of the file that were read from fd, or gone past in a window. */
static inline uint64_t
tf_stream_consumed(const struct tf_stream *s)
{
	return s->consumed - (s->window.base ? tf_stream_available(s) : 0);
}

/* The offset of tf_stream_at() in the decompressed data. */
static inline uint64_t
tf_stream_offset(const struct tf_stream *s)
{
	return s->buffer_offset + s->begin;
}

#endif
