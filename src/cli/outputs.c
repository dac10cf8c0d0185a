/*
 * The writers of a run.  It knows files, descriptors and which writer was
 * asked for; what a format looks like is src/output's business, and what
 * the events mean is nobody's here.
 */
#include "cli/outputs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/terminal.h"

/* The name of the input that is the same file as OUTPUT; NULL where none is. */
static const char *
input_behind(const struct stat *output, const struct tf_options *o)
{
	struct stat input;
	if (!S_ISREG(output->st_mode))
		return NULL;
	for (size_t i = 0; i < o->file_count; i++)
		if (stat(o->files[i], &input) == 0 && input.st_dev == output->st_dev &&
		    input.st_ino == output->st_ino)
			return o->files[i];
	return NULL;
}

static bool
refuse_input(const char *path)
{
	tf_complain("%s: this is an input, it is not written over", path);
	return false;
}

/* Open PATH as it is; *FD is -1 where there is none and FLAGS make none.  False after a complaint. */
static bool
open_output(const char *path, const struct tf_options *o, int flags, int *fd)
{
	struct stat status;
	*fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0666);
	if (*fd < 0 && errno == ENOENT && !(flags & O_CREAT))
		return true;
	if (*fd < 0) {
		tf_complain("%s: %s", path, strerror(errno));
		return false;
	}
	if (fstat(*fd, &status) == 0 && input_behind(&status, o)) {
		close(*fd);
		*fd = -1;
		return refuse_input(path);
	}
	return true;
}

bool
tf_open_former(const char *path, const struct tf_options *o, int *fd)
{
	return open_output(path, o, 0, fd);
}

int
tf_open_for_writing(const char *path, const struct tf_options *o)
{
	struct stat status;
	int fd;
	if (!open_output(path, o, O_CREAT, &fd))
		return -1;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && ftruncate(fd, 0) != 0) {
		tf_complain("%s: %s", path, strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}

bool
tf_may_be_replaced(const char *path, const struct tf_options *o)
{
	struct stat status;
	/* A link, too: what the name of standard output stands for may be a file. */
	if (lstat(path, &status) == 0 && !S_ISREG(status.st_mode)) {
		tf_complain("%s: no regular file, it is not replaced", path);
		return false;
	}
	if (stat(path, &status) == 0 && input_behind(&status, o))
		return refuse_input(path);
	return true;
}

static struct tf_output_options
options_for(const struct tf_outputs *s, const struct tf_options *o, int fd)
{
	struct tf_output_options out;
	unsigned width = tf_terminal_width(fd);
	tf_output_options_init(&out);
	out.version = PACKAGE_VERSION;
	out.color = tf_terminal_color(fd, o->color);
	out.utf8 = tf_terminal_utf8();
	out.width = width == 0 ? 0 : width < 60 ? 60 : width;
	out.verbosity = (unsigned)o->verbosity;
	out.quiet = o->quiet;
	out.hosts = o->hosts;
	out.streaming = o->interface != NULL;
	out.ladder_conn = o->ladder_conn;
	out.community_id_seed = (uint16_t)o->community_id_seed;
	out.lookup = s->lookup ? tf_lookup_name : NULL;
	out.lookup_context = s->lookup;
	out.filter.conns = o->conns;
	out.filter.conn_count = o->conn_count;
	out.filter.states = o->states;
	out.filter.by_id = o->by_id;
	memcpy(out.filter.id, o->id, sizeof out.filter.id);
	return out;
}

static bool
open_one(struct tf_outputs *s, const struct tf_options *o, const struct tf_output_choice *choice)
{
	int fd = choice->file ? tf_open_for_writing(choice->file, o) : STDOUT_FILENO;
	if (fd < 0)
		return false;
	struct tf_output_options out = options_for(s, o, fd);
	struct tf_output *writer = tf_output_new(choice->format, fd, &out);
	s->out[s->count].writer = writer;
	s->out[s->count].name = choice->file ? choice->file : "standard output";
	s->out[s->count++].fd = fd;
	if (!writer)
		tf_complain("%s: %s", choice->format, strerror(errno));
	return writer != NULL;
}

bool
tf_outputs_open(struct tf_outputs *s, const struct tf_options *o, struct tf_judge *judge,
                struct tf_known *known, const struct tf_helper *resolver)
{
	*s = (struct tf_outputs){.judge = judge, .known = known};
	if (o->names && !(s->lookup = tf_lookup_new(resolver))) {
		tf_complain("out of memory");
		return false;
	}
	for (size_t i = 0; i < o->output_count; i++)
		if (!open_one(s, o, &o->output[i]))
			return false;
	return true;
}

static inline void
tell_writers(struct tf_outputs *s, const struct tf_event *event)
{
	for (size_t i = 0; i < s->count; i++)
		tf_output_event(s->out[i].writer, event);
	if (s->screen.wanted & event->kind)
		s->screen.event(s->screen.context, event);
}

static void
on_finding(struct tf_outputs *s, const struct tf_event *event)
{
	struct tf_finding f = *event->finding;
	struct tf_event judged = {.kind = TF_EV_FINDING, .finding = &f};
	f.baseline = tf_known_judge(s->known, &f);
	tf_judge_event(s->judge, &judged);
	tell_writers(s, &judged);
	tf_slices_finding(s->slices, &f);
	tf_anomalous_finding(s->anomalous, &f);
}

static void
on_event(void *context, const struct tf_event *event)
{
	struct tf_outputs *s = context;
	if (event->kind == TF_EV_FINDING) {
		on_finding(s, event);
		return;
	}
	/* Nearly all are a segment's, and none of the judge's business. */
	if (event->kind == TF_EV_CONNECTION)
		tf_judge_event(s->judge, event);
	tell_writers(s, event);
}

static void
on_soon(void *context, uint64_t conn, bool near)
{
	struct tf_outputs *s = context;
	for (size_t i = 0; i < s->count; i++)
		tf_output_soon(s->out[i].writer, conn, near);
}

/* May connections that are older than the capture be told briefly?  Not where anybody wants each finding. */
static bool
may_tell_older_briefly(const struct tf_outputs *s)
{
	for (size_t i = 0; i < s->count; i++) {
		unsigned wanted = tf_output_wanted(s->out[i].writer);
		if (wanted & TF_EV_FINDING && !(wanted & TF_OLDER_BRIEFLY))
			return false;
	}
	return !tf_judge_wanted(s->judge) && !tf_known_wants(s->known) && !s->slices && !s->anomalous &&
	       !s->screen.wanted;
}

struct tf_sink
tf_outputs_sink(struct tf_outputs *s)
{
	struct tf_sink sink = {
	    .wanted = TF_EV_FINDING | tf_judge_wanted(s->judge), .event = on_event, .context = s};
	for (size_t i = 0; i < s->count; i++) {
		sink.wanted |= tf_output_wanted(s->out[i].writer);
		if (tf_output_takes_hints(s->out[i].writer))
			sink.soon = on_soon;
	}
	sink.wanted |= s->screen.wanted;
	if (!may_tell_older_briefly(s))
		sink.wanted &= ~(unsigned)TF_OLDER_BRIEFLY;
	return sink;
}

void
tf_outputs_capture(struct tf_outputs *s, const struct tf_capture_info *info)
{
	for (size_t i = 0; i < s->count; i++)
		tf_output_capture(s->out[i].writer, info);
}

void
tf_outputs_host(void *outputs, const struct tf_addr *addr, const struct tf_detail *isn, size_t count)
{
	struct tf_outputs *s = outputs;
	for (size_t i = 0; i < s->count; i++)
		tf_output_host(s->out[i].writer, addr, isn, count);
}

void
tf_outputs_finish(struct tf_outputs *s, const struct tf_summary *summary)
{
	tf_anomalous_summary(s->anomalous, summary);
	for (size_t i = 0; i < s->count; i++)
		tf_output_finish(s->out[i].writer, summary);
}

static void
note_failure(struct tf_outputs *s, size_t i, int error)
{
	if (error && !s->out[i].told)
		tf_complain("%s: %s", s->out[i].name, strerror(error));
	s->out[i].told |= error != 0;
	s->out[i].incomplete |= error != 0;
}

void
tf_outputs_flush(struct tf_outputs *s)
{
	for (size_t i = 0; i < s->count; i++)
		note_failure(s, i, tf_output_flush(s->out[i].writer));
}

static void
reopen_one(struct tf_outputs *s, size_t i, struct tf_keeper *keeper, const struct tf_capture_info *info)
{
	int fd = tf_keeper_open(keeper, s->out[i].name);
	if (fd < 0) {
		tf_complain("%s: %s; the old file is used on", s->out[i].name, strerror(errno));
		return;
	}
	note_failure(s, i, tf_output_flush(s->out[i].writer));
	if (!tf_output_move(s->out[i].writer, fd)) {
		tf_complain("%s: this format is one document; it stays in the old file", s->out[i].name);
		close(fd);
		return;
	}
	close(s->out[i].fd);
	s->out[i].fd = fd;
	s->out[i].told = false;
	tf_output_capture(s->out[i].writer, info);
}

void
tf_outputs_reopen(struct tf_outputs *s, struct tf_keeper *keeper, const struct tf_capture_info *info)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->out[i].fd != STDOUT_FILENO)
			reopen_one(s, i, keeper, info);
}

bool
tf_outputs_all_failed(const struct tf_outputs *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (!tf_output_error(s->out[i].writer))
			return false;
	return s->count > 0;
}

bool
tf_outputs_close(struct tf_outputs *s)
{
	bool all_written = true;
	for (size_t i = 0; i < s->count; i++) {
		int error = tf_output_close(s->out[i].writer);
		if (s->out[i].fd != STDOUT_FILENO && close(s->out[i].fd) != 0 && !error)
			error = errno;
		note_failure(s, i, error);
		all_written &= !s->out[i].incomplete;
	}
	s->count = 0;
	tf_lookup_free(s->lookup);
	s->lookup = NULL;
	return all_written;
}
