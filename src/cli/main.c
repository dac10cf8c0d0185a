/*
 * tcpfsm's main: options, what is shown instead of an analysis, signals,
 * and the exit status.  2 is decided before anything is read; then 4 (output)
 * beats 3 (input) beats 1 (a check that failed).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "capture/capture.h"
#include "cli/catalogue.h"
#include "cli/completions.h"
#include "cli/guard.h"
#include "cli/known.h"
#include "cli/options.h"
#include "cli/outputs.h"
#include "cli/packets.h"
#include "cli/replay.h"
#include "cli/rules_file.h"
#include "cli/signals.h"
#include "cli/terminal.h"

enum status { STATUS_FINE = 0, STATUS_FORBIDDEN = 1, STATUS_USAGE = 2, STATUS_INPUT = 3, STATUS_OUTPUT = 4 };

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
	const char *confinement = tf_confine_features();
	printf("tcpfsm %s\n%s\n", PACKAGE_VERSION, tf_capture_library_version());
	printf("confinement: %s\n", *confinement ? confinement : "none in this build");
#ifdef HAVE_LIBNCURSES
	puts("screen: ncurses");
#else
	puts("screen: none in this build");
#endif
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
	if (error > 0)
		tf_complain("%s: %s", o->diagram_file ? o->diagram_file : "standard output", strerror(error));
	return STATUS_OUTPUT;
}

static enum status
open_capture(const struct tf_options *o, struct tf_capture_options *co, struct tf_capture **capture)
{
	char message[TF_CAPTURE_MESSAGE_SIZE];
	*co = tf_capture_options_of(o);
	enum tf_capture_status status = tf_capture_open(capture, co, message);
	if (status == TF_CAPTURE_OK)
		return STATUS_FINE;
	tf_complain("%s", message);
	return status == TF_CAPTURE_BAD_FILTER ? STATUS_USAGE : STATUS_INPUT;
}

static void
say_on_screen(void *screen, const char *line)
{
	tf_screen_say(screen, line);
}

/* With --top: complaints go to the screen from now on.  NULL after a complaint. */
static struct tf_screen *
open_screen(const struct tf_options *o, struct tf_outputs *outputs)
{
	struct tf_screen_options how = {.live = o->interface != NULL,
	                                .color = tf_terminal_color(STDERR_FILENO, o->color)};
	char message[256];
	struct tf_screen *screen = tf_screen_open(&how, message, sizeof message);
	if (!screen) {
		tf_complain("%s", message);
		return NULL;
	}
	outputs->screen =
	    (struct tf_sink){.wanted = tf_screen_wanted(), .event = tf_screen_event, .context = screen};
	tf_complain_to(say_on_screen, screen);
	tf_signals_last_words(tf_screen_rescue);
	return screen;
}

static void
close_screen(struct tf_screen *screen)
{
	if (!screen)
		return;
	tf_signals_last_words(NULL);
	tf_screen_close(screen);
	tf_complain_to(NULL, NULL);
}

/* A signal ends a live capture, but breaks off the reading of files. */
static bool
is_broken_off(const struct tf_options *o)
{
	return !o->interface && tf_signals_ended();
}

/* Everything between the open capture and its report. */
static enum status
report(const struct tf_options *o, struct tf_capture *capture, struct tf_known *known, struct tf_guard *guard,
       struct tf_judge *judge)
{
	/* They hold some room, and there is one run. */
	static struct tf_outputs outputs;
	struct tf_packets packets;
	bool opened =
	    tf_outputs_open(&outputs, o, judge, known, guard->resolver.fd < 0 ? NULL : &guard->resolver);
	bool confined = true, read = true, measured = true;
	struct tf_screen *screen = NULL;
	opened = tf_packets_open(&packets, o, capture) && opened;
	opened = opened && (!tf_metrics_are_replaced(o) || tf_may_be_replaced(o->metrics_file, o));
	opened = opened && tf_known_open(known, o, &guard->keeper) && tf_slices_open(&outputs.slices, o) &&
	         tf_anomalous_open(&outputs.anomalous, o);
	bool shown = opened && (!o->top || (screen = open_screen(o, &outputs)));
	if (shown)
		confined = tf_guard_confine(guard, o, tf_capture_descriptor(capture));
	if (shown && confined)
		read = tf_replay(o, capture, &outputs, &packets, guard, screen, &measured);
	close_screen(screen);
	bool written = tf_slices_close(outputs.slices);
	written = tf_anomalous_close(outputs.anomalous) && written;
	written = tf_outputs_close(&outputs) && written;
	if (opened)
		written = tf_known_write(known, shown && read && confined && !is_broken_off(o)) && written;
	written = tf_packets_close(&packets) && written && measured;
	if (opened && !shown)
		return STATUS_USAGE;
	if (!opened || !written)
		return STATUS_OUTPUT;
	if (!read || !confined)
		return STATUS_INPUT;
	return tf_judge_verdict(judge)->failed > 0 ? STATUS_FORBIDDEN : STATUS_FINE;
}

static enum status
judge_and_report(const struct tf_options *o, struct tf_capture *capture, struct tf_known *known,
                 struct tf_guard *guard)
{
	struct tf_judge *judge = tf_judge_new(&o->rules, (uint16_t)o->community_id_seed);
	if (!judge) {
		tf_complain("out of memory");
		return STATUS_INPUT;
	}
	enum status status = report(o, capture, known, guard, judge);
	tf_judge_free(judge);
	return status;
}

static enum status
analyse_guarded(struct tf_options *o, struct tf_known *known, struct tf_guard *guard)
{
	struct tf_capture_options co;
	struct tf_capture *capture;
	enum status status = open_capture(o, &co, &capture);
	if (status != STATUS_FINE)
		return status;
	tf_signals_set(capture, o->interface != NULL);
	status = judge_and_report(o, capture, known, guard);
	tf_signals_forget();
	tf_capture_close(capture);
	return status;
}

static enum status
analyse(struct tf_options *o)
{
	struct tf_guard guard;
	struct tf_known known;
	enum status status = STATUS_INPUT;
	/* Without a random key the analysis is the same, only easier to attack. */
	(void)!getrandom(o->config.hash_key, sizeof o->config.hash_key, GRND_NONBLOCK);
	/* A file comes to the same every time, also where a bounded table overflows. */
	if (o->interface)
		(void)!getrandom(o->config.memory_key, sizeof o->config.memory_key, GRND_NONBLOCK);
	if (!tf_rules_file_load(o) || !tf_anomalous_possible(o) || !tf_guard_plan(&guard, o))
		return STATUS_USAGE;
	if (!tf_known_read(&known, o))
		status = STATUS_USAGE;
	else if (tf_guard_prepare(&guard, o))
		status = analyse_guarded(o, &known, &guard);
	tf_guard_release(&guard);
	tf_known_fini(&known);
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
	case TF_SHOW_COMPLETIONS:
		tf_completions_show(o->shell);
		return finish_stdout(STATUS_FINE);
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
