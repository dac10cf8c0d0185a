/*
 * Cutting and writing one slice: see slice_file.h.  Which frames are needed
 * src/slice finds out; here they get their comments and go to a file.
 */
#include "cli/slice_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/dump.h"
#include "cli/outputs.h"
#include "cli/terminal.h"
#include "confine/beside.h"
#include "slice/shrink.h"

/* TEXT as part of a file's name. */
static void
add_to_name(char name[TF_SLICE_NAME], const char *text)
{
	size_t used = strlen(name);

	for (; *text && used < TF_SLICE_NAME - 32; text++) {
		bool plain = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
		             (*text >= '0' && *text <= '9') || *text == '.';
		if (plain || (used > 0 && name[used - 1] != '-'))
			name[used++] = plain ? *text : '-';
	}
	name[used] = '\0';
}

void
tf_slice_name(char name[TF_SLICE_NAME], const struct tf_finding *f, bool with_end)
{
	name[0] = '\0';
	if (f->conn)
		snprintf(name, TF_SLICE_NAME, "conn-%" PRIu64, f->conn);
	else if (tf_anomaly_info(f->id)->family == TF_CAPTURE || !f->subject)
		add_to_name(name, "capture");
	else
		add_to_name(name, f->subject);
	size_t used = strlen(name);
	const char *end = with_end ? tf_endpoint_name(f->endpoint) : NULL;
	snprintf(name + used, TF_SLICE_NAME - used, "-%s%s%s.pcapng", tf_anomaly_info(f->id)->id,
	         end ? "-" : "", end ? end : "");
}

/* Does the text of LENGTH octets end in ENDING?  Then *LENGTH is what stands before that. */
static bool
take_ending(const char *text, size_t *length, const char *ending)
{
	size_t rest = strlen(ending);

	if (*length <= rest || memcmp(text + *length - rest, ending, rest) != 0)
		return false;
	*length -= rest;
	return true;
}

bool
tf_is_slice_name(const char *name)
{
	size_t length = strlen(name);

	if (!take_ending(name, &length, ".pcapng"))
		return false;
	for (int e = TF_CLIENT; e <= TF_SERVER; e++)
		if (take_ending(name, &length, tf_endpoint_name((enum tf_endpoint)e)))
			length--; /* and the dash before it */
	for (int id = 0; id < TF_ANOMALY_COUNT; id++)
		if (take_ending(name, &length, tf_anomaly_info((enum tf_anomaly)id)->id))
			return name[length - 1] == '-';
	return false;
}

static bool
proves(const struct tf_slice_target *t, uint64_t packet)
{
	for (size_t i = 0; i < t->packet_count; i++)
		if (t->packets[i] == packet)
			return true;
	return false;
}

/* What is said of FRAME, behind LEFT_OUT candidates that are not in the slice. */
static void
write_frame(struct tf_dump *d, const struct tf_slice *slice, const struct tf_frame *frame, size_t left_out)
{
	char comment[1024];
	int n = snprintf(comment, sizeof comment, "packet %" PRIu64 " of the capture", frame->packet);

	if (proves(&slice->target, frame->packet))
		n += snprintf(comment + n, sizeof comment - (size_t)n, " proves %s: %.700s",
		              tf_anomaly_info(slice->target.id)->id, slice->message);
	if (left_out)
		snprintf(comment + n, sizeof comment - (size_t)n, " (packets left out before it: %zu)",
		         left_out);
	tf_dump_frame_commented(d, frame, comment);
}

static void
write_frames(struct tf_dump *d, const struct tf_slice *slice, const struct tf_slice_cut *cut,
             uint64_t dropped)
{
	const struct tf_slice_pool *p = &slice->pool;
	size_t left_out = 0;
	int64_t end_ns = cut->end_ns;

	for (size_t i = 0; i < p->count; i++) {
		if (!cut->keep[i]) {
			left_out++;
			continue;
		}
		write_frame(d, slice, &p->frame[i], left_out);
		left_out = 0;
		if (dropped && p->frame[i].ts_ns > end_ns)
			end_ns = p->frame[i].ts_ns;
	}
	if (end_ns != INT64_MIN)
		tf_dump_statistics(d, end_ns, (int64_t)dropped);
}

static struct tf_dump *
begin(const struct tf_slice *slice, int fd, bool shown)
{
	const struct tf_anomaly_info *info = tf_anomaly_info(slice->target.id);
	char comment[2048];

	snprintf(comment, sizeof comment, "%s (%s): %s. %.1200s%s", info->id,
	         tf_severity_name(slice->target.severity), info->title, slice->message,
	         shown ? "" : " (These packets alone do not show it.)");
	return tf_dump_new_commented(fd, PACKAGE_STRING, comment);
}

/* All of it to FD, which is closed; the errno of a failure. */
static int
write_to(int fd, const struct tf_slice *slice, const struct tf_slice_cut *cut, uint64_t dropped)
{
	struct tf_dump *d = begin(slice, fd, cut->shown);
	int error = ENOMEM;

	if (d) {
		write_frames(d, slice, cut, dropped);
		error = tf_dump_close(d);
	}
	if (close(fd) != 0 && !error)
		error = errno;
	return error;
}

/* Whole or not at all: half of one would be taken for one. */
static bool
write_file(const struct tf_slice *slice, const struct tf_options *o, const struct tf_slice_cut *cut,
           uint64_t dropped)
{
	struct tf_beside beside = {0};
	char path[4096];

	if ((size_t)snprintf(path, sizeof path, "%s/%s", o->slice_directory, slice->name) >= sizeof path) {
		tf_complain("%.200s: %s", o->slice_directory, strerror(ENAMETOOLONG));
		return false;
	}
	if (!tf_may_be_replaced(path, o))
		return false;
	int fd = tf_beside_open(&beside, path, false);
	int error = fd < 0 ? errno : write_to(fd, slice, cut, dropped);
	if (!error && !tf_beside_put(&beside))
		error = errno;
	tf_beside_drop(&beside);
	if (error)
		tf_complain("%s: %s", path, strerror(error));
	return !error;
}

enum tf_slice_outcome
tf_slice_write(const struct tf_slice *slice, const struct tf_options *o, int64_t capture_end_ns,
               uint64_t dropped)
{
	const struct tf_slice_pool *p = &slice->pool;
	struct tf_slice_setting setting = {
	    .config = &o->config, .target = &slice->target, .dropped = dropped, .end_ns = INT64_MIN};
	struct tf_slice_cut cut = {.keep = calloc(p->count + 1, sizeof *cut.keep)};
	enum tf_slice_outcome outcome = TF_SLICE_EMPTY;

	if (!cut.keep || !tf_slice_shrink(&setting, p->frame, p->count, capture_end_ns, &cut)) {
		tf_complain("%s: out of memory", slice->name);
		outcome = TF_SLICE_FAILED;
	} else if (p->count > 0) {
		bool written = write_file(slice, o, &cut, dropped);
		outcome = !written ? TF_SLICE_FAILED : cut.shown ? TF_SLICE_SHOWS : TF_SLICE_HINTS;
	}
	free(cut.keep);
	return outcome;
}
