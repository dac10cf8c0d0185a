/*
 * Finding out a file's format, and what all formats share: asking for more
 * octets, and saying where a file broke.
 */
#include "capture/reader.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
tf_reader_init(struct tf_reader *r, struct tf_source *source, int fd, int wake_fd, size_t capacity)
{
	memset(r, 0, sizeof(*r));
	r->source = source;
	tf_stream_init(&r->stream, fd, wake_fd, capacity);
}

void
tf_reader_fini(struct tf_reader *r)
{
	if (r->is_pcapng)
		tf_pcapng_file_fini(&r->format.pcapng);
	if (r->libpcap)
		pcap_close(r->libpcap);
	tf_stream_fini(&r->stream);
	memset(r, 0, sizeof(*r));
}

enum tf_read_status
tf_reader_fail(struct tf_reader *r, const char *format, ...)
{
	char what[TF_CAPTURE_MESSAGE_SIZE];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	tf_source_fail(r->source, "at octet %" PRIu64 "%s: %s", tf_stream_offset(&r->stream),
	               r->stream.codec.ops ? " of the decompressed data" : "", what);
	return TF_READ_FAILED;
}

enum tf_read_status
tf_reader_want(struct tf_reader *r, size_t need, const char *what)
{
	const struct tf_stream *s = &r->stream;
	if (!s->ended) {
		r->need = need;
		return TF_READ_MORE;
	}
	if (s->message[0])
		return tf_reader_fail(r, "%s", s->message);
	if (s->interrupted)
		return TF_READ_END;
	if (s->skip > 0)
		return tf_reader_fail(r, "the file is cut short: %" PRIu64 " octets of a block are missing",
		                      s->skip);
	if (tf_stream_available(s) == 0)
		return TF_READ_END;
	return tf_reader_fail(r, "the file is cut short: %s needs %zu octets, %zu are there", what, need,
	                      tf_stream_available(s));
}

/* The first octets are not there: an empty file is none, and a shorter one cannot be told from it. */
static enum tf_read_status
want_magic(struct tf_reader *r)
{
	enum tf_read_status status = tf_reader_want(r, 4, "the file header");
	if (status == TF_READ_END && !r->stream.interrupted) {
		tf_source_fail(r->source, "the file is empty (not even a header)");
		return TF_READ_FAILED;
	}
	return status;
}

static enum tf_read_status
find_format(struct tf_reader *r)
{
	if (tf_stream_available(&r->stream) < 4)
		return want_magic(r);
	const uint8_t *magic = tf_stream_at(&r->stream);
	if (tf_pcap_file_is(magic))
		return tf_pcap_file_begin(r);
	if (tf_pcapng_file_is(magic)) {
		r->is_pcapng = true;
		r->read = tf_pcapng_file_read;
		return TF_READ_OK;
	}
	return tf_reader_fail(r, "neither a pcap nor a pcapng file (it begins with %02x %02x %02x %02x)",
	                      magic[0], magic[1], magic[2], magic[3]);
}

size_t
tf_reader_frames(struct tf_reader *r, struct tf_frame *frames, size_t max, enum tf_read_status *status)
{
	size_t n = 0;
	*status = r->final;
	if (!r->final && !r->read)
		*status = find_format(r);
	if (!r->final && r->read)
		n = r->read(r, frames, max, status);
	if (tf_stream_is_torn(&r->stream)) {
		n = 0;
		*status =
		    tf_reader_fail(r, "the file was cut short or could not be read while it was looked at");
	}
	if (*status == TF_READ_END || *status == TF_READ_FAILED)
		r->final = *status;
	r->source->info.frames += n;
	return n;
}

void
tf_reader_fill(struct tf_reader *r)
{
	if (!r->libpcap)
		tf_stream_fill(&r->stream, r->need);
}
