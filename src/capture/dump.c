/*
 * The pcapng writer: one section, an interface description for each link
 * type when it first occurs, an enhanced packet block for each frame, times
 * in nanoseconds (draft-ietf-opsawg-pcapng sections 4.1 to 4.3), and where it is
 * known statistics of the interface (section 4.6).
 *
 * It writes in the byte order of this machine, as the format intends.  It
 * does not know where the frames came from, nor their original interfaces.
 */
#include "capture/dump.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	BLOCK_SECTION = 0x0a0d0d0a,
	BLOCK_INTERFACE = 1,
	BLOCK_STATISTICS = 5,
	BLOCK_PACKET = 6,
	OPTION_END = 0,
	OPTION_COMMENT = 1,
	OPTION_ENDTIME = 3,     /* isb_endtime */
	OPTION_APPLICATION = 4, /* shb_userappl */
	OPTION_IFDROP = 5,      /* isb_ifdrop */
	OPTION_RESOLUTION = 9,  /* if_tsresol: a negative power of 10 */
	COMMENT_MOST = 60000,   /* octets of a comment */
	BUFFER_SIZE = 1 << 16,
	MAX_LINKTYPES = 256,
};

struct tf_dump {
	int fd;
	int error;   /* errno of the first failed write; nothing is written after it */
	size_t used; /* octets of buffer */
	size_t linktype_count;
	int linktype[MAX_LINKTYPES]; /* of interface 0, 1, ... */
	const char *application;
	unsigned char buffer[BUFFER_SIZE];
};

/* After a write that failed: may it be tried again?  Whoever shares standard output may have made it non-blocking. */
static bool
may_try_again(const struct tf_dump *d)
{
	struct pollfd p = {.fd = d->fd, .events = POLLOUT};
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return poll(&p, 1, -1) >= 0 || errno == EINTR;
	return errno == EINTR;
}

static void
write_all(struct tf_dump *d, const unsigned char *data, size_t size)
{
	while (size > 0 && !d->error) {
		ssize_t n = write(d->fd, data, size);
		if (n < 0 && may_try_again(d))
			continue;
		if (n <= 0) {
			d->error = n < 0 ? errno : EIO;
			return;
		}
		data += n;
		size -= (size_t)n;
	}
}

int
tf_dump_flush(struct tf_dump *d)
{
	write_all(d, d->buffer, d->used);
	d->used = 0;
	return d->error;
}

static void
put(struct tf_dump *d, const void *data, size_t size)
{
	if (size > BUFFER_SIZE - d->used)
		tf_dump_flush(d);
	if (size > BUFFER_SIZE) {
		write_all(d, data, size);
		return;
	}
	if (size > 0)
		memcpy(d->buffer + d->used, data, size);
	d->used += size;
}

static void
put_u32(struct tf_dump *d, uint32_t value)
{
	put(d, &value, sizeof value);
}

static void
put_u16(struct tf_dump *d, unsigned value)
{
	uint16_t v = (uint16_t)value;
	put(d, &v, sizeof v);
}

/* Octets up to the next multiple of four. */
static uint32_t
padding(size_t size)
{
	return (uint32_t)(-size & 3);
}

static void
put_padded(struct tf_dump *d, const void *data, size_t size)
{
	static const unsigned char zeros[4];
	put(d, data, size);
	put(d, zeros, padding(size));
}

static void
put_option(struct tf_dump *d, unsigned code, const void *data, size_t size)
{
	put_u16(d, code);
	put_u16(d, (unsigned)size);
	put_padded(d, data, size);
}

/* Octets of an option with a text of LENGTH. */
static uint32_t
option_size(size_t length)
{
	return 4 + (uint32_t)length + padding(length);
}

static size_t
comment_length(const char *comment)
{
	return comment ? strnlen(comment, COMMENT_MOST) : 0;
}

static void
put_section(struct tf_dump *d, const char *comment)
{
	size_t length = strlen(d->application), commented = comment_length(comment);
	uint32_t size = 28 + option_size(length) + 4 + (commented ? option_size(commented) : 0);
	put_u32(d, BLOCK_SECTION);
	put_u32(d, size);
	put_u32(d, 0x1a2b3c4d);
	put_u16(d, 1);
	put_u16(d, 0);
	/* The section's length is not given. */
	put_u32(d, UINT32_MAX);
	put_u32(d, UINT32_MAX);
	if (commented)
		put_option(d, OPTION_COMMENT, comment, commented);
	put_option(d, OPTION_APPLICATION, d->application, length);
	put_option(d, OPTION_END, "", 0);
	put_u32(d, size);
}

static void
put_interface(struct tf_dump *d, int linktype)
{
	static const unsigned char nanoseconds = 9;
	uint32_t size = 20 + 8 + 4;
	put_u32(d, BLOCK_INTERFACE);
	put_u32(d, size);
	put_u16(d, (unsigned)linktype);
	put_u16(d, 0);
	put_u32(d, 0); /* not limited */
	put_option(d, OPTION_RESOLUTION, &nanoseconds, 1);
	put_option(d, OPTION_END, "", 0);
	put_u32(d, size);
}

struct tf_dump *
tf_dump_new(int fd, const char *application)
{
	return tf_dump_new_commented(fd, application, NULL);
}

struct tf_dump *
tf_dump_new_commented(int fd, const char *application, const char *comment)
{
	struct tf_dump *d = calloc(1, sizeof *d);
	if (!d)
		return NULL;
	d->fd = fd;
	d->application = application;
	put_section(d, comment);
	return d;
}

int
tf_dump_move(struct tf_dump *d, int fd)
{
	int error = tf_dump_flush(d);
	d->error = 0;
	d->fd = fd;
	put_section(d, NULL);
	for (size_t i = 0; i < d->linktype_count; i++)
		put_interface(d, d->linktype[i]);
	return error;
}

/* The interface that stands for LINKTYPE; described first where it is new.  UINT32_MAX: no room. */
static uint32_t
interface_of(struct tf_dump *d, int linktype)
{
	for (size_t i = 0; i < d->linktype_count; i++)
		if (d->linktype[i] == linktype)
			return (uint32_t)i;
	if (d->linktype_count == MAX_LINKTYPES)
		return UINT32_MAX;
	put_interface(d, linktype);
	d->linktype[d->linktype_count] = linktype;
	return (uint32_t)d->linktype_count++;
}

void
tf_dump_linktype(struct tf_dump *d, int linktype)
{
	interface_of(d, linktype);
}

void
tf_dump_frame(struct tf_dump *d, const struct tf_frame *frame)
{
	tf_dump_frame_commented(d, frame, NULL);
}

void
tf_dump_frame_commented(struct tf_dump *d, const struct tf_frame *frame, const char *comment)
{
	uint32_t interface = interface_of(d, frame->linktype);
	size_t commented = comment_length(comment);
	uint32_t size =
	    32 + frame->caplen + padding(frame->caplen) + (commented ? option_size(commented) + 4 : 0);
	uint64_t ts = (uint64_t)frame->ts_ns;
	if (interface == UINT32_MAX) {
		d->error = EOVERFLOW;
		return;
	}
	put_u32(d, BLOCK_PACKET);
	put_u32(d, size);
	put_u32(d, interface);
	put_u32(d, (uint32_t)(ts >> 32));
	put_u32(d, (uint32_t)ts);
	put_u32(d, frame->caplen);
	put_u32(d, frame->len);
	put_padded(d, frame->data, frame->caplen);
	if (commented) {
		put_option(d, OPTION_COMMENT, comment, commented);
		put_option(d, OPTION_END, "", 0);
	}
	put_u32(d, size);
}

void
tf_dump_statistics(struct tf_dump *d, int64_t end_ns, int64_t dropped)
{
	const uint32_t interface = 0;
	bool ends = end_ns != TF_DUMP_END_UNKNOWN, counts = dropped >= 0;
	uint32_t size = 20 + 12 * (uint32_t)ends + 12 * (uint32_t)counts + 4 + 4;
	/* A time has its upper half first in either byte order (section 4.6). */
	uint64_t end_at = ends ? (uint64_t)end_ns : 0, lost = counts ? (uint64_t)dropped : 0;
	uint32_t end[2] = {(uint32_t)(end_at >> 32), (uint32_t)end_at};
	if (!d->linktype_count)
		return;
	put_u32(d, BLOCK_STATISTICS);
	put_u32(d, size);
	put_u32(d, interface);
	put_u32(d, end[0]);
	put_u32(d, end[1]);
	if (ends)
		put_option(d, OPTION_ENDTIME, end, sizeof end);
	if (counts)
		put_option(d, OPTION_IFDROP, &lost, sizeof lost);
	put_option(d, OPTION_END, "", 0);
	put_u32(d, size);
}

int
tf_dump_close(struct tf_dump *d)
{
	if (!d)
		return 0;
	int error = tf_dump_flush(d);
	free(d);
	return error;
}
