/*
 * tcpfsm's main: options, what is shown instead of an analysis, signals,
 * and the exit status.  2 is decided before anything is read; then 4 (output)
 * beats 3 (input) beats 1 (a finding that --fail-on forbids).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "capture/capture.h"
#include "capture/dump.h"
#include "cli/catalogue.h"
#include "cli/options.h"
#include "cli/outputs.h"
#include "cli/replay.h"
#include "cli/terminal.h"

enum status { STATUS_FINE = 0, STATUS_FORBIDDEN = 1, STATUS_USAGE = 2, STATUS_INPUT = 3, STATUS_OUTPUT = 4 };

/* For the signal handler only. */
static struct tf_capture *volatile running;

static void
on_end_signal(int number)
{
	(void)number;
	if (running)
		tf_capture_break(running);
}

/* The first SIGINT or SIGTERM ends with the report; the second one kills.  SIGPIPE kills, whatever the caller
 * of this program had set. */
static void
set_signals(void)
{
	struct sigaction end = {.sa_handler = on_end_signal, .sa_flags = (int)SA_RESETHAND};
	sigaction(SIGINT, &end, NULL);
	sigaction(SIGTERM, &end, NULL);
	signal(SIGPIPE, SIG_DFL);
}

/* A file opened later must not become standard output because the caller closed that. */
static void
hold_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)!open("/dev/null", O_RDONLY);
}

/* Close standard output's stream, so that a full disk is noticed. */
static enum status
finish_stdout(enum status status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	tf_complain("standard output: %s", strerror(errno));
	return STATUS_OUTPUT;
}

static enum status
show_version(void)
{
	printf("tcpfsm %s\n%s\n", PACKAGE_VERSION, tf_capture_library_version());
	return finish_stdout(STATUS_FINE);
}

static enum status
show_interfaces(void)
{
	char message[TF_CAPTURE_MESSAGE_SIZE];
	size_t count;
	struct tf_capture_interface *interfaces = tf_capture_interfaces(&count, message);
	if (!interfaces) {
		tf_complain("%s", message);
		return STATUS_INPUT;
	}
	for (size_t i = 0; i < count; i++) {
		const struct tf_capture_interface *f = &interfaces[i];
		printf("%zu. %s%s%s", i + 1, f->name, f->description ? " " : "",
		       f->description ? f->description : "");
		printf("%s%s%s%s\n", f->up ? " up" : "", f->running ? " running" : "",
		       f->loopback ? " loopback" : "", f->wireless ? " wireless" : "");
	}
	tf_capture_interfaces_free(interfaces, count);
	return finish_stdout(STATUS_FINE);
}

static enum status
show_catalogue(const struct tf_options *o)
{
	int error = tf_catalogue_show(o);
	if (!error)
		return STATUS_FINE;
	tf_complain("standard output: %s", strerror(error));
	return STATUS_OUTPUT;
}

static enum status
open_capture(const struct tf_options *o, struct tf_capture_options *co, struct tf_capture **capture)
{
	char message[TF_CAPTURE_MESSAGE_SIZE];
	*co = (struct tf_capture_options){
	    .files = o->files,
	    .file_count = o->file_count,
	    .interface = o->interface,
	    .filter = o->filter,
	    .not_promiscuous = o->not_promiscuous,
	    .snaplen = (int)o->snaplen,
	    .buffer_kib = (int)o->buffer_kib,
	};
	enum tf_capture_status status = tf_capture_open(capture, co, message);
	if (status == TF_CAPTURE_OK)
		return STATUS_FINE;
	tf_complain("%s", message);
	return status == TF_CAPTURE_BAD_FILTER ? STATUS_USAGE : STATUS_INPUT;
}

static bool
open_dump(const struct tf_options *o, struct tf_dump **dump, int *fd)
{
	*dump = NULL;
	*fd = -1;
	if (!o->packets_file)
		return true;
	*fd = strcmp(o->packets_file, "-") ? tf_open_for_writing(o->packets_file, o) : STDOUT_FILENO;
	if (*fd < 0)
		return false;
	*dump = tf_dump_new(*fd, PACKAGE_STRING);
	if (!*dump)
		tf_complain("out of memory");
	return *dump != NULL;
}

static bool
close_dump(const struct tf_options *o, struct tf_dump *dump, int fd)
{
	int error = tf_dump_close(dump);
	if (fd > STDERR_FILENO && close(fd) != 0 && !error)
		error = errno;
	if (error)
		tf_complain("%s: %s", o->packets_file, strerror(error));
	return error == 0;
}

/* Everything between the open capture and its report. */
static enum status
report(struct tf_options *o, struct tf_capture *capture)
{
	/* They hold some room, and there is one run. */
	static struct tf_outputs outputs;
	struct tf_dump *dump;
	int dump_fd;
	bool opened = tf_outputs_open(&outputs, o, &o->policy);
	bool read = true;
	opened = open_dump(o, &dump, &dump_fd) && opened;
	if (opened)
		read = tf_replay(o, capture, &outputs, dump);
	bool written = tf_outputs_close(&outputs);
	written = close_dump(o, dump, dump_fd) && written;
	if (!opened || !written)
		return STATUS_OUTPUT;
	if (!read)
		return STATUS_INPUT;
	return tf_policy_violated(&o->policy) ? STATUS_FORBIDDEN : STATUS_FINE;
}

static enum status
analyse(struct tf_options *o)
{
	struct tf_capture_options co;
	struct tf_capture *capture;
	/* Without a random key the analysis is the same, only easier to attack. */
	(void)!getrandom(o->config.hash_key, sizeof o->config.hash_key, GRND_NONBLOCK);
	enum status status = open_capture(o, &co, &capture);
	if (status != STATUS_FINE)
		return status;
	running = capture;
	set_signals();
	status = report(o, capture);
	running = NULL;
	tf_capture_close(capture);
	return status;
}

static enum status
run(struct tf_options *o)
{
	switch (o->command) {
	case TF_SHOW_HELP:
		tf_options_help();
		return finish_stdout(STATUS_FINE);
	case TF_SHOW_VERSION:
		return show_version();
	case TF_SHOW_INTERFACES:
		return show_interfaces();
	case TF_SHOW_ANOMALIES:
	case TF_SHOW_ANOMALY:
	case TF_SHOW_RULES:
		return show_catalogue(o);
	case TF_ANALYSE:
		break;
	}
	return analyse(o);
}

int
main(int argc, char **argv)
{
	/* Some room for the catalogue's tables, and there is one. */
	static struct tf_options options;
	enum status status = STATUS_USAGE;
	hold_standard_descriptors();
	if (tf_options_parse(&options, argc, argv))
		status = run(&options);
	else
		tf_complain("%s", options.message);
	tf_options_fini(&options);
	return (int)status;
}
