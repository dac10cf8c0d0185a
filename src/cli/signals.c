/*
 * The handlers: see signals.h.  They set a flag or break the capture's wait,
 * and do nothing else.
 */
#include "cli/signals.h"

#include <signal.h>
#include <stddef.h>

static struct tf_capture *volatile running;
static volatile sig_atomic_t status_wanted, reopen_wanted, ended;
static void (*volatile last_words)(void);

static void
on_end(int number)
{
	if (ended) {
		if (last_words)
			last_words();
		signal(number, SIG_DFL);
		raise(number);
		return;
	}
	ended = 1;
	if (running)
		tf_capture_break(running);
}

static void
on_wish(int number)
{
	if (number == SIGHUP)
		reopen_wanted = 1;
	else
		status_wanted = 1;
}

void
tf_signals_set(struct tf_capture *capture, bool live)
{
	struct sigaction end = {.sa_handler = on_end};
	/* No SA_RESTART: whoever waits for frames looks at the flags at once. */
	struct sigaction wish = {.sa_handler = on_wish};
	running = capture;
	sigaction(SIGINT, &end, NULL);
	sigaction(SIGTERM, &end, NULL);
	/* Whatever the caller of this program had set. */
	signal(SIGPIPE, SIG_DFL);
	/* A file that may not grow any more is a full disk to the user: the write fails, and that is told. */
	signal(SIGXFSZ, SIG_IGN);
	if (!live)
		return;
	sigaction(SIGHUP, &wish, NULL);
	sigaction(SIGUSR1, &wish, NULL);
#ifdef SIGINFO
	sigaction(SIGINFO, &wish, NULL);
#endif
}

void
tf_signals_last_words(void (*say)(void))
{
	last_words = say;
}

bool
tf_signals_ended(void)
{
	return ended;
}

void
tf_signals_forget(void)
{
	running = NULL;
}

/* A signal that comes between is not lost: at worst it is heeded together with the one before. */
static bool
take(volatile sig_atomic_t *flag)
{
	if (!*flag)
		return false;
	*flag = 0;
	return true;
}

bool
tf_signals_status(void)
{
	return take(&status_wanted);
}

bool
tf_signals_reopen(void)
{
	return take(&reopen_wanted);
}
