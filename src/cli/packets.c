/*
 * Opening, rotating and closing the file of -w: see packets.h.  Its format
 * is src/capture/dump.c's business.
 */
#include "cli/packets.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/outputs.h"
#include "cli/terminal.h"

/* What is known of the sources before they are read: live, all. */
static void
describe(struct tf_packets *p, struct tf_capture *capture)
{
	for (size_t i = 0; i < tf_capture_source_count(capture); i++) {
		const struct tf_capture_source *source = tf_capture_source(capture, i);
		for (size_t k = 0; k < source->linktype_count; k++)
			tf_dump_linktype(p->dump, source->linktypes[k]);
	}
}

bool
tf_packets_open(struct tf_packets *p, const struct tf_options *o, struct tf_capture *capture)
{
	*p = (struct tf_packets){.name = o->packets_file, .fd = -1};
	if (!p->name)
		return true;
	p->fd = strcmp(p->name, "-") ? tf_open_for_writing(p->name, o) : STDOUT_FILENO;
	if (p->fd < 0)
		return false;
	p->dump = tf_dump_new(p->fd, PACKAGE_STRING);
	if (p->dump)
		describe(p, capture);
	else
		tf_complain("out of memory");
	return p->dump != NULL;
}

static void
note_failure(struct tf_packets *p, int error)
{
	if (error && !p->told)
		tf_complain("%s: %s", p->name, strerror(error));
	p->told |= error != 0;
	p->incomplete |= error != 0;
}

void
tf_packets_end(struct tf_packets *p, int64_t end_ns, int64_t dropped)
{
	if (p->dump)
		tf_dump_statistics(p->dump, end_ns, dropped);
}

void
tf_packets_flush(struct tf_packets *p)
{
	if (p->dump)
		note_failure(p, tf_dump_flush(p->dump));
}

void
tf_packets_reopen(struct tf_packets *p, struct tf_keeper *keeper)
{
	if (!p->dump || p->fd <= STDERR_FILENO)
		return;
	int fd = tf_keeper_open(keeper, p->name);
	if (fd < 0) {
		tf_complain("%s: %s; the old file is used on", p->name, strerror(errno));
		return;
	}
	note_failure(p, tf_dump_move(p->dump, fd));
	p->told = false;
	close(p->fd);
	p->fd = fd;
}

bool
tf_packets_close(struct tf_packets *p)
{
	int error = tf_dump_close(p->dump);
	if (p->fd > STDERR_FILENO && close(p->fd) != 0 && !error)
		error = errno;
	note_failure(p, error);
	return !p->incomplete;
}
