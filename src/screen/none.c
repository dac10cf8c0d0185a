/*
 * The screen of a build without ncurses: it opens nowhere, and says why.
 */
#include "screen/screen.h"

#include <stdio.h>

struct tf_screen *
tf_screen_open(const struct tf_screen_options *options, char *message, size_t size)
{
	(void)options;
	snprintf(message, size, "--top: this build has no screen, it was made without ncurses");
	return NULL;
}

void
tf_screen_close(struct tf_screen *s)
{
	(void)s;
}

unsigned
tf_screen_wanted(void)
{
	return 0;
}

void
tf_screen_event(void *screen, const struct tf_event *event)
{
	(void)screen;
	(void)event;
}

bool
tf_screen_keys(struct tf_screen *s, int wait_ms)
{
	(void)s;
	(void)wait_ms;
	return false;
}

bool
tf_screen_wants_news(const struct tf_screen *s)
{
	(void)s;
	return false;
}

void
tf_screen_show(struct tf_screen *s, const struct tf_status *status, const struct tf_analyzer *a,
               int64_t now_ns)
{
	(void)s;
	(void)status;
	(void)a;
	(void)now_ns;
}

void
tf_screen_say(struct tf_screen *s, const char *line)
{
	(void)s;
	(void)line;
}

void
tf_screen_rescue(void)
{
}
