/*
 * Opening, parking and taking up files: see input.h.
 */
#include "capture/input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/pcapng_tail.h"

/* A ring buffer may have more files than a process may open at first. */
static bool
raise_descriptor_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max)
		return false;
	limit.rlim_cur = limit.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

static int
open_file(const char *name)
{
	if (strcmp(name, "-") == 0)
		return STDIN_FILENO;
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == EMFILE && raise_descriptor_limit())
		fd = open(name, O_RDONLY | O_CLOEXEC);
	return fd;
}

void
tf_input_open(struct tf_input *in, const char *name, size_t index)
{
	struct stat st;
	memset(in, 0, sizeof(*in));
	tf_source_init(&in->source, name);
	in->index = index;
	in->fd = open_file(name);
	if (in->fd < 0) {
		tf_source_fail(&in->source, "%s", strerror(errno));
		in->finished = true;
		return;
	}
	in->is_regular = fstat(in->fd, &st) == 0 && S_ISREG(st.st_mode);
	in->start = in->is_regular ? lseek(in->fd, 0, SEEK_CUR) : 0;
	in->size = in->is_regular ? (uint64_t)st.st_size : 0;
	if (in->is_regular && in->start >= 0)
		in->source.info.dropped_ahead = tf_pcapng_tail_drops(in->fd, (uint64_t)in->start, in->size);
}

static void
set_up(struct tf_input *in, const struct tf_input_options *options)
{
	if (options->through_libpcap)
		tf_reader_init_libpcap(&in->reader, &in->source, in->fd);
	else
		tf_reader_init(&in->reader, &in->source, in->fd, options->wake_fd, options->capacity);
	in->reader.may_map = options->may_map;
	in->reading = true;
}

void
tf_input_release(struct tf_input *in)
{
	if (!in->reading)
		return;
	in->consumed = tf_input_consumed(in);
	tf_reader_fini(&in->reader);
	in->reading = false;
}

void
tf_input_close(struct tf_input *in)
{
	tf_input_release(in);
	if (in->fd > STDERR_FILENO)
		close(in->fd);
	in->fd = -1;
}

void
tf_input_begin(struct tf_input *in, const struct tf_input_options *options)
{
	enum tf_read_status status;
	if (in->finished)
		return;
	set_up(in, options);
	for (;;) {
		tf_reader_frames(&in->reader, &in->head, 0, &status);
		if (status != TF_READ_MORE || (!in->is_regular && in->source.info.linktype_count > 0))
			return;
		tf_reader_fill(&in->reader);
	}
}

enum tf_read_status
tf_input_advance(struct tf_input *in, bool may_fill)
{
	enum tf_read_status status;
	for (;;) {
		if (in->must_fill && !may_fill)
			return TF_READ_MORE;
		if (in->must_fill)
			tf_reader_fill(&in->reader);
		size_t n = tf_reader_frames(&in->reader, &in->head, 1, &status);
		in->must_fill = status == TF_READ_MORE;
		if (n == 1)
			return TF_READ_OK;
		if (status != TF_READ_MORE) {
			in->finished = true;
			return status;
		}
	}
}

void
tf_input_park(struct tf_input *in)
{
	if (!in->is_regular || lseek(in->fd, in->start, SEEK_SET) < 0)
		return;
	tf_input_release(in);
	in->consumed = 0;
	in->parked = true;
}

/* What the source counted until it was parked would be counted twice. */
static void
forget_counts(struct tf_capture_source *info)
{
	info->frames = 0;
	info->skipped_blocks = 0;
	info->skipped_frames = 0;
}

enum tf_read_status
tf_input_resume(struct tf_input *in, const struct tf_input_options *options)
{
	in->parked = false;
	in->must_fill = false;
	forget_counts(&in->source.info);
	set_up(in, options);
	return tf_input_advance(in, true);
}

uint64_t
tf_input_consumed(const struct tf_input *in)
{
	return in->reading ? tf_stream_consumed(&in->reader.stream) : in->consumed;
}
