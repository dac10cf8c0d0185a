/*
 * Standard error and the terminal.  It knows escape sequences, environment
 * variables and the clock of this machine; it does not know what is said.
 * The progress line is one line that is written over: whoever complains
 * takes it away first.
 */
#include "cli/terminal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static bool progress_shown;

/* Somebody has the screen: lines go there, and are kept for later. */
static struct {
	void (*say)(void *context, const char *line);
	void *context;
	size_t used;
	char kept[8192];
} screen;

static void
keep_for_later(const char *line)
{
	int room = (int)(sizeof screen.kept - screen.used);
	int n = snprintf(screen.kept + screen.used, (size_t)room, "tcpfsm: %s\n", line);
	if (n > 0 && n < room)
		screen.used += (size_t)n;
	else
		screen.kept[screen.used] = '\0';
	screen.say(screen.context, line);
}

void
tf_complain_to(void (*say)(void *context, const char *line), void *context)
{
	screen.say = say;
	screen.context = context;
	if (say)
		return;
	fputs(screen.kept, stderr);
	screen.used = 0;
	screen.kept[0] = '\0';
}

void
tf_complain(const char *format, ...)
{
	char line[1024];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	/* File names may hold anything; it stays one line, and the terminal's mode as it is. */
	for (char *p = line; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	if (screen.say) {
		keep_for_later(line);
		return;
	}
	tf_progress_end();
	fprintf(stderr, "tcpfsm: %s\n", line);
}

static bool
is_set(const char *variable)
{
	const char *value = getenv(variable);
	return value && *value;
}

bool
tf_terminal_color(int fd, enum tf_color wish)
{
	const char *term = getenv("TERM");
	if (wish != TF_COLOR_AUTO)
		return wish == TF_COLOR_ALWAYS;
	return isatty(fd) && !is_set("NO_COLOR") && !(term && !strcmp(term, "dumb"));
}

bool
tf_terminal_utf8(void)
{
	static const char *const variables[] = {"LC_ALL", "LC_CTYPE", "LANG"};
	for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
		if (!is_set(variables[i]))
			continue;
		const char *value = getenv(variables[i]);
		return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
	}
	return false;
}

unsigned
tf_terminal_width(int fd)
{
	struct winsize size;
	return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

static int64_t
monotonic_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
tf_progress(uint64_t consumed, uint64_t total, uint64_t frames)
{
	static int is_terminal = -1;
	static int64_t next_ms;
	if (is_terminal < 0) {
		is_terminal = isatty(STDERR_FILENO);
		next_ms = monotonic_ms() + 1000;
	}
	if (!is_terminal || screen.say || monotonic_ms() < next_ms)
		return;
	next_ms = monotonic_ms() + 200;
	progress_shown = true;
	if (total > 0 && consumed <= total)
		fprintf(stderr, "\r%3.0f %%, %" PRIu64 " packets\033[K",
		        100.0 * (double)consumed / (double)total, frames);
	else
		fprintf(stderr, "\r%" PRIu64 " packets\033[K", frames);
	fflush(stderr);
}

void
tf_progress_end(void)
{
	if (!progress_shown)
		return;
	progress_shown = false;
	fputs("\r\033[K", stderr);
	fflush(stderr);
}
