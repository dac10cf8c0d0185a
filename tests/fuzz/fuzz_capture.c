/*
 * Fuzzes the file readers, decompression included: the input is a capture
 * file behind one octet that chooses how it is read.
 *
 * It is read twice, with a small buffer one frame at a time and with a
 * larger one in batches.  Besides what sanitizers see, it holds that frames
 * lie inside the buffer, that both readings give the same end and (but for
 * damaged compressed data) the same frames, that a failure has a message,
 * and that the buffer does not outgrow what was read.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capture/linktype.h"
#include "capture/reader.h"

enum {
	SMALLEST_BUFFER = 16,
	LARGER_BUFFER = 4096,
	BATCH = 7,
	DECOMPRESSED_MAX = 8 << 20, /* enough of a file that inflates without end */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a reading came to. */
struct reading {
	uint64_t frames;
	uint64_t hash; /* over all fields and octets of the frames */
	bool failed;
	bool is_compressed;
	bool given_up; /* more than DECOMPRESSED_MAX came out */
	struct tf_capture_source info;
};

/* An assert that NDEBUG does not take away. */
static void
hold(bool condition)
{
	if (!condition)
		abort();
}

static void
hash(struct reading *r, const void *p, size_t len)
{
	const uint8_t *octets = p;
	for (size_t i = 0; i < len; i++)
		r->hash = (r->hash ^ octets[i]) * UINT64_C(1099511628211);
}

static void
take_frame(struct reading *r, const struct tf_reader *reader, const struct tf_frame *f)
{
	const struct tf_stream *s = &reader->stream;
	hold(f->data >= s->buffer && f->data + f->caplen <= s->buffer + s->end);
	hold(f->caplen <= tf_linktype_max_caplen(f->linktype));
	hash(r, &f->ts_ns, sizeof(f->ts_ns));
	hash(r, &f->caplen, sizeof(f->caplen));
	hash(r, &f->len, sizeof(f->len));
	hash(r, &f->linktype, sizeof(f->linktype));
	hash(r, f->data, f->caplen);
	r->frames++;
}

static void
check_buffer(const struct tf_stream *s, size_t initial)
{
	uint64_t octets = s->buffer_offset + s->end;
	hold(s->begin <= s->end && s->end <= s->capacity);
	hold(s->capacity <= initial || s->capacity <= octets * 2);
}

static struct reading
read_file(int fd, size_t capacity, size_t batch)
{
	struct reading r = {.hash = UINT64_C(14695981039346656037)};
	struct tf_source source;
	struct tf_reader reader;
	struct tf_frame frames[BATCH];
	enum tf_read_status status;

	hold(lseek(fd, 0, SEEK_SET) == 0);
	tf_source_init(&source, "input");
	tf_reader_init(&reader, &source, fd, -1, capacity);
	do {
		size_t n = tf_reader_frames(&reader, frames, batch, &status);
		hold(n <= batch && (status != TF_READ_OK || n == batch));
		for (size_t i = 0; i < n; i++)
			take_frame(&r, &reader, &frames[i]);
		if (status == TF_READ_MORE)
			tf_reader_fill(&reader);
		check_buffer(&reader.stream, capacity);
		r.given_up = tf_stream_offset(&reader.stream) > DECOMPRESSED_MAX;
	} while ((status == TF_READ_OK || status == TF_READ_MORE) && !r.given_up);
	r.failed = status == TF_READ_FAILED;
	r.is_compressed = reader.stream.codec.ops != NULL;
	r.info = source.info;
	hold(r.failed == source.info.failed || r.given_up);
	hold(r.failed == (source.error[0] != '\0') || r.given_up);
	hold(source.info.frames == r.frames);
	tf_reader_fini(&reader);
	return r;
}

static void
check_same(const struct reading *a, const struct reading *b)
{
	if (a->given_up || b->given_up)
		return;
	hold(a->failed == b->failed && a->is_compressed == b->is_compressed);
	/* How much comes out between damage and its discovery is up to the decompressor. */
	if (a->failed && a->is_compressed)
		return;
	hold(a->frames == b->frames && a->hash == b->hash);
	hold(a->info.skipped_blocks == b->info.skipped_blocks);
	hold(a->info.skipped_frames == b->info.skipped_frames);
	hold(a->info.dropped == b->info.dropped && a->info.end_ns == b->info.end_ns);
	hold(a->info.linktype_count == b->info.linktype_count);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	int fd = memfd_create("capture", MFD_CLOEXEC);
	hold(fd >= 0);
	hold(write(fd, data + 1, size - 1) == (ssize_t)(size - 1));
	struct reading one = read_file(fd, SMALLEST_BUFFER + data[0], 1);
	struct reading other = read_file(fd, LARGER_BUFFER, BATCH);
	check_same(&one, &other);
	close(fd);
	return 0;
}
