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

bool
tf_packets_open(struct tf_packets *p, const struct tf_options *o)
{
	*p = (struct tf_packets){.name = o->packets_file, .fd = -1};
	if (!p->name)
		return true;
	p->fd = strcmp(p->name, "-") ? tf_open_for_writing(p->name, o) : STDOUT_FILENO;
	if (p->fd < 0)
		return false;
	p->dump = tf_dump_new(p->fd, PACKAGE_STRING);
	if (!p->dump)
		tf_complain("out of memory");
	return p->dump != NULL;
}

void
tf_packets_reopen(struct tf_packets *p, struct tf_keeper *keeper)
{
	if (!p->dump || p->fd <= STDERR_FILENO)
		return;
	int fd = tf_keeper_open(keeper, p->name);
	int error = fd < 0 ? errno : tf_dump_move(p->dump, fd);
	if (error) {
		tf_complain("%s: %s; the old file is used on", p->name, strerror(error));
		if (fd >= 0)
			close(fd);
		return;
	}
	close(p->fd);
	p->fd = fd;
}

bool
tf_packets_close(struct tf_packets *p)
{
	int error = tf_dump_close(p->dump);
	if (p->fd > STDERR_FILENO && close(p->fd) != 0 && !error)
		error = errno;
	if (error)
		tf_complain("%s: %s", p->name, strerror(error));
	return error == 0;
}
