/*
 * The terminal: taking it over, keys, giving it back however the program
 * ends.  See screen.h.
 */
#include "screen/screen.h"

#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "screen/draw.h"
#include "screen/rescue.h"

#define KEEP_OVER_NS  (INT64_C(20) * 1000000000)
#define NS_PER_SECOND INT64_C(1000000000)

struct tf_screen {
	SCREEN *terminal;
	FILE *in, *out;
	bool live, gone;
	struct tf_model model;
	struct tf_view view;
	struct tf_picture picture;
	struct tf_status status;
	struct tf_stats stats;
	int64_t shown_ns; /* running time when the packets were counted last */
	uint64_t shown_packets;
	char source[256];
	char said[512];
};

/* ---- taking over ------------------------------------------------------------------ */

static bool
open_terminal(struct tf_screen *s, char *message, size_t size)
{
	s->in = fopen("/dev/tty", "re");
	s->out = fopen("/dev/tty", "we");
	if (!s->in || !s->out) {
		snprintf(message, size, "--top: there is no terminal: %s", strerror(errno));
		return false;
	}
	tf_rescue_remember(fileno(s->out));
	s->terminal = newterm(NULL, s->out, s->in);
	if (!s->terminal)
		snprintf(message, size, "--top: this terminal (TERM=%s) cannot place text",
		         getenv("TERM") ? getenv("TERM") : "");
	return s->terminal != NULL;
}

static void
set_modes(void)
{
	cbreak();
	noecho();
	nonl();
	intrflush(stdscr, FALSE);
	keypad(stdscr, TRUE);
	set_escdelay(50);
	curs_set(0);
}

struct tf_screen *
tf_screen_open(const struct tf_screen_options *options, char *message, size_t size)
{
	struct tf_screen *s = calloc(1, sizeof *s);

	if (!s) {
		snprintf(message, size, "out of memory");
		return NULL;
	}
	/* Only which characters the terminal has; numbers and words stay as they are. */
	setlocale(LC_CTYPE, "");
	if (!open_terminal(s, message, size)) {
		tf_screen_close(s);
		return NULL;
	}
	set_modes();
	tf_rescue_arm();
	s->live = options->live;
	tf_model_init(&s->model, s->live ? KEEP_OVER_NS : INT64_MAX);
	tf_view_init(&s->view, &s->model);
	s->status.stats = &s->stats;
	s->picture = (struct tf_picture){
	    .view = &s->view,
	    .source = s->source,
	    .status = &s->status,
	    .live = s->live,
	    .color = options->color && has_colors(),
	    .utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
	    .said = s->said,
	};
	tf_draw_begin(&s->picture);
	return s;
}

void
tf_screen_close(struct tf_screen *s)
{
	if (!s)
		return;
	if (s->terminal) {
		endwin();
		tf_rescue_disarm();
		delscreen(s->terminal);
	}
	if (s->in)
		fclose(s->in);
	if (s->out)
		fclose(s->out);
	tf_model_fini(&s->model);
	free(s);
}

/* ---- events and numbers -------------------------------------------------------------- */

unsigned
tf_screen_wanted(void)
{
	return tf_model_wanted();
}

void
tf_screen_event(void *screen, const struct tf_event *event)
{
	struct tf_screen *s = screen;

	tf_model_event(&s->model, event);
}

bool
tf_screen_wants_news(const struct tf_screen *s)
{
	return !s->view.paused;
}

/* The status may be gone when the picture is drawn again. */
static void
keep_status(struct tf_screen *s, const struct tf_status *status)
{
	int64_t passed = status->running_ns - s->shown_ns;

	if (passed > 0)
		s->picture.packet_rate =
		    (uint64_t)((double)(status->packets - s->shown_packets) * NS_PER_SECOND / (double)passed);
	s->shown_ns = status->running_ns;
	s->shown_packets = status->packets;
	s->stats = *status->stats;
	s->status = *status;
	s->status.stats = &s->stats;
	snprintf(s->source, sizeof s->source, "%s", status->source);
}

void
tf_screen_show(struct tf_screen *s, const struct tf_status *status, const struct tf_analyzer *a,
               int64_t now_ns)
{
	keep_status(s, status);
	tf_model_refresh(&s->model, a, now_ns);
	tf_draw(&s->picture);
}

void
tf_screen_say(struct tf_screen *s, const char *line)
{
	snprintf(s->said, sizeof s->said, "%s", line);
	tf_draw(&s->picture);
}

void
tf_screen_rescue(void)
{
	tf_rescue_now();
}

/* ---- keys -------------------------------------------------------------------------------- */

static int
translate(int key)
{
	switch (key) {
	case KEY_UP:
		return TF_KEY_UP;
	case KEY_DOWN:
		return TF_KEY_DOWN;
	case KEY_PPAGE:
		return TF_KEY_PAGE_UP;
	case KEY_NPAGE:
		return TF_KEY_PAGE_DOWN;
	case KEY_HOME:
		return TF_KEY_HOME;
	case KEY_END:
		return TF_KEY_END;
	case KEY_ENTER:
	case '\r':
	case '\n':
		return TF_KEY_ENTER;
	case 27:
		return TF_KEY_ESCAPE;
	case KEY_BACKSPACE:
	case 127:
	case '\b':
		return TF_KEY_BACKSPACE;
	default:
		return key < 0x80 ? key : 0;
	}
}

/* The window was closed, or the connection to it broke. */
static bool
terminal_is_gone(struct tf_screen *s)
{
	struct pollfd p = {.fd = fileno(s->in), .events = POLLIN};

	return poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

bool
tf_screen_keys(struct tf_screen *s, int wait_ms)
{
	bool changed = false;
	int key;

	timeout(wait_ms);
	while (!s->view.leaving && (key = getch()) != ERR) {
		/* Those that wait behind it are heeded at once. */
		timeout(0);
		changed = true;
		s->said[0] = '\0';
		if (key == 'L' - '@')
			clearok(stdscr, TRUE);
		else if (key != KEY_RESIZE)
			tf_view_key(&s->view, translate(key));
	}
	if (changed)
		tf_draw(&s->picture);
	return !s->view.leaving && !terminal_is_gone(s);
}
