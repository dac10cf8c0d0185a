/*
 * Reading and decompressing into the buffer of stream.h.
 */
#include "capture/stream.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	RAW_CAPACITY = 256 * 1024,
	WINDOW = 2 << 20,        /* octets at a time: what a second-level cache holds */
	SCOUTED = 8 << 20,       /* with a scout, which is to be sent seldom */
	WORTH_MAPPING = 8 << 20, /* octets of a file that pay for the faults */
	PAGE = 64 << 10,         /* a multiple of any page's size */
};

void
tf_stream_init(struct tf_stream *s, int fd, int wake_fd, size_t capacity)
{
	struct stat st;
	assert(capacity >= TF_CODEC_MAGIC_LEN);
	memset(s, 0, sizeof(*s));
	s->fd = fd;
	s->wake_fd = wake_fd;
	s->capacity = capacity;
	s->may_block = fstat(fd, &st) != 0 || !S_ISREG(st.st_mode);
	off_t start = s->may_block ? -1 : lseek(fd, 0, SEEK_CUR);
	if (start >= 0 && st.st_size > start) {
		s->start = (uint64_t)start;
		s->size = (uint64_t)st.st_size;
	}
#ifdef POSIX_FADV_SEQUENTIAL
	if (!s->may_block)
		(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
#endif
}

static void
drop_buffer(struct tf_stream *s)
{
	if (s->window.base)
		tf_window_close(&s->window);
	else
		free(s->buffer);
	s->buffer = NULL;
	s->begin = s->end = 0;
}

void
tf_stream_fini(struct tf_stream *s)
{
	tf_codec_free(&s->codec);
	free(s->raw);
	drop_buffer(s);
	tf_scout_free(s->scout);
	s->raw = NULL;
}

static void
fail(struct tf_stream *s, const char *message)
{
	s->ended = true;
	snprintf(s->message, sizeof(s->message), "%s", message);
}

/* Waits until FD can be read; false: reading shall stop. */
static bool
wait_readable(struct tf_stream *s)
{
	struct pollfd fds[2] = {{.fd = s->fd, .events = POLLIN}, {.fd = s->wake_fd, .events = POLLIN}};
	while (poll(fds, 2, -1) < 0)
		if (errno != EINTR)
			return true; /* read() will say what is wrong */
	return !(fds[1].revents & POLLIN);
}

/* The octets read to P, at most LEN; 0: the end, an error (s->message), or interrupted. */
static size_t
read_fd(struct tf_stream *s, uint8_t *p, size_t len)
{
	for (;;) {
		if (s->may_block && !wait_readable(s)) {
			s->interrupted = s->ended = true;
			return 0;
		}
		ssize_t n = read(s->fd, p, len);
		if (n >= 0) {
			s->consumed += (uint64_t)n;
			return (size_t)n;
		}
		if (errno != EINTR && errno != EAGAIN) {
			fail(s, strerror(errno));
			return 0;
		}
	}
}

/* Room for at least one more octet at the buffer's end.  The buffer doubles only when it is full of
 * real data: a length that lies cannot make it grow. */
static bool
make_room(struct tf_stream *s)
{
	if (s->buffer && s->end < s->capacity)
		return true;
	size_t capacity = s->buffer ? s->capacity * 2 : s->capacity;
	uint8_t *buffer = realloc(s->buffer, capacity);
	if (!buffer) {
		fail(s, "out of memory");
		return false;
	}
	s->buffer = buffer;
	s->capacity = capacity;
	return true;
}

static void
read_plain(struct tf_stream *s)
{
	size_t n = read_fd(s, s->buffer + s->end, s->capacity - s->end);
	if (n == 0)
		s->ended = true;
	s->end += n;
}

static void
read_raw(struct tf_stream *s)
{
	s->raw_begin = 0;
	s->raw_end = read_fd(s, s->raw, RAW_CAPACITY);
	s->raw_ended = s->raw_end == 0;
}

/* Zeros may pad a compressed file up to a whole block of its medium. */
static void
skip_padding(struct tf_stream *s)
{
	while (s->raw_begin < s->raw_end && s->raw[s->raw_begin] == 0)
		s->raw_begin++;
}

static void
fail_codec(struct tf_stream *s, enum tf_codec_status status)
{
	s->ended = true;
	if (status == TF_CODEC_NO_MEMORY)
		snprintf(s->message, sizeof(s->message), "out of memory for %s data",
		         tf_codec_name(&s->codec));
	else
		snprintf(s->message, sizeof(s->message),
		         "the %s data are corrupt near octet %llu of the compressed file",
		         tf_codec_name(&s->codec),
		         (unsigned long long)(s->consumed - (s->raw_end - s->raw_begin)));
}

static void
fail_cut_short(struct tf_stream *s)
{
	s->ended = true;
	snprintf(s->message, sizeof(s->message), "the %s data are cut short", tf_codec_name(&s->codec));
}

/* Begins the next member if one is due; false: there is none, or it cannot begin. */
static bool
enter_member(struct tf_stream *s)
{
	skip_padding(s);
	if (s->raw_begin == s->raw_end)
		return false;
	enum tf_codec_status status = tf_codec_begin(&s->codec);
	if (status != TF_CODEC_MORE)
		fail_codec(s, status);
	else
		s->in_member = true;
	return s->in_member;
}

/* Runs the codec once over what is there; true: something moved. */
static bool
run_codec(struct tf_stream *s)
{
	struct tf_codec_in in = {s->raw + s->raw_begin, s->raw_end - s->raw_begin};
	struct tf_codec_out out = {s->buffer + s->end, s->capacity - s->end};
	size_t before = in.len + out.len;
	enum tf_codec_status status = tf_codec_run(&s->codec, &in, &out);
	s->raw_begin = s->raw_end - in.len;
	s->end = s->capacity - out.len;
	if (status == TF_CODEC_MEMBER_END)
		s->in_member = false;
	else if (status != TF_CODEC_MORE)
		fail_codec(s, status);
	return in.len + out.len != before || !s->in_member;
}

static void
read_compressed(struct tf_stream *s)
{
	if (s->raw_begin == s->raw_end && !s->raw_ended)
		read_raw(s);
	if (s->ended)
		return;
	if (!s->in_member && !enter_member(s)) {
		s->ended = s->ended || s->raw_ended;
		return;
	}
	/* A codec may still hold output when its input is used up: ask it once more. */
	if (!run_codec(s) && !s->ended) {
		if (s->raw_ended)
			fail_cut_short(s);
		else if (s->raw_begin < s->raw_end)
			fail_codec(s, TF_CODEC_CORRUPT);
	}
}

/* The first octets of the file stand in the buffer: where they are compressed, move them to where
 * the codec reads. */
static void
detect(struct tf_stream *s)
{
	while (s->end < TF_CODEC_MAGIC_LEN && !s->ended)
		read_plain(s);
	s->detected = true;
	if (s->ended && s->message[0])
		return;
	s->codec.ops = tf_codec_detect(s->buffer, s->end);
	if (!s->codec.ops)
		return;
	size_t size = s->end > RAW_CAPACITY ? s->end : RAW_CAPACITY;
	s->raw = malloc(size);
	if (!s->raw) {
		/* What stands there is no capture for whoever reads on. */
		s->end = 0;
		fail(s, "out of memory");
		return;
	}
	memcpy(s->raw, s->buffer, s->end);
	s->raw_end = s->end;
	s->raw_ended = s->ended;
	s->ended = s->interrupted;
	s->end = 0;
}

static void
drop_skipped(struct tf_stream *s)
{
	size_t n = tf_stream_available(s);
	if (s->skip < n)
		n = (size_t)s->skip;
	s->begin += n;
	s->skip -= n;
}

static void
move_tail(struct tf_stream *s)
{
	if (s->begin == 0)
		return;
	memmove(s->buffer, s->buffer + s->begin, s->end - s->begin);
	s->buffer_offset += s->begin;
	s->end -= s->begin;
	s->begin = 0;
}

/* ---- windows -------------------------------------------------------------------- */

void
tf_stream_map(struct tf_stream *s)
{
	s->maps = !s->codec.ops && s->size - s->start >= WORTH_MAPPING;
}

void
tf_stream_take_help(struct tf_stream *s, bool helps)
{
	if (helps && s->maps && !s->scout)
		s->scout = tf_scout_new();
	if (helps || !s->scout)
		return;
	/* What it has not mapped of the present window comes page by page. */
	tf_scout_free(s->scout);
	s->scout = s->window.scout = NULL;
}

/* The buffer goes, and what comes next is the octet AT of the file. */
static void
go_to(struct tf_stream *s, uint64_t at)
{
	drop_buffer(s);
	s->skip = 0;
	s->buffer_offset = at - s->start;
	s->consumed = at - s->start;
}

/* What is read from now on is read with read(), from AT on: the last octets, or all where it cannot be mapped. */
static void
stop_mapping(struct tf_stream *s, uint64_t at)
{
	s->maps = false;
	go_to(s, at);
	if (lseek(s->fd, (off_t)at, SEEK_SET) < 0)
		fail(s, strerror(errno));
}

/* Somebody may cut the file short meanwhile. */
static void
look_at_size(struct tf_stream *s)
{
	struct stat st;

	if (fstat(s->fd, &st) == 0 && st.st_size >= 0 && (uint64_t)st.st_size < s->size)
		s->size = (uint64_t)st.st_size;
}

bool
tf_stream_is_torn(const struct tf_stream *s)
{
	struct stat st;

	if (!s->window.base)
		return false;
	/* Of the page in which the file ends now nothing is missing: it is filled with zeros. */
	return s->window.torn || fstat(s->fd, &st) != 0 ||
	       (uint64_t)st.st_size < s->start + s->buffer_offset + s->begin;
}

/* The next window, if one holds NEED octets. */
static void
map_on(struct tf_stream *s, size_t need)
{
	uint64_t at = s->start + s->buffer_offset + s->begin + s->skip, from = at / PAGE * PAGE;

	look_at_size(s);
	if (at > s->size || s->size - at < need) {
		stop_mapping(s, at);
		if (at > s->size)
			fail(s, "the file was cut short while it was read");
		return;
	}
	uint64_t size = s->size - from;
	size_t usual = s->scout ? SCOUTED : WINDOW, most = need > usual - PAGE ? need + PAGE : usual;
	go_to(s, at);
	if (!tf_window_open(&s->window, s->scout, s->fd, from, size < most ? (size_t)size : most)) {
		stop_mapping(s, at);
		return;
	}
	s->buffer = s->window.base;
	s->begin = (size_t)(at - from);
	s->end = s->window.size;
	s->buffer_offset = from - s->start;
	s->consumed = from + s->end - s->start;
}

void
tf_stream_fill(struct tf_stream *s, size_t need)
{
	if (s->maps && !s->ended && (s->skip > 0 || tf_stream_available(s) < need))
		map_on(s, need);
	while (!s->ended && (s->skip > 0 || tf_stream_available(s) < need)) {
		move_tail(s);
		if (!make_room(s))
			return;
		if (!s->detected)
			detect(s);
		else if (s->codec.ops)
			read_compressed(s);
		else
			read_plain(s);
		drop_skipped(s);
	}
}

void
tf_stream_skip(struct tf_stream *s, uint64_t n)
{
	s->skip += n;
	drop_skipped(s);
}
