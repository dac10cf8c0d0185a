/*
 * Giving the terminal back from a signal handler: see rescue.h.  What that
 * takes is made into plain octets before (terminfo(5)), so that the handler
 * only writes them and sets the modes.
 */
#include "screen/rescue.h"

#include <curses.h>
#include <signal.h>
#include <string.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

static struct {
	volatile sig_atomic_t armed;
	int fd;
	struct termios before;
	char text[128]; /* ends attributes, shows the cursor, leaves the second screen */
	size_t len;
} rescue;

static const struct {
	int number;
	bool crash;
} fatal[] = {
    {SIGQUIT, true}, {SIGABRT, true},  {SIGSEGV, true},  {SIGBUS, true},   {SIGFPE, true},   {SIGILL, true},
    {SIGHUP, false}, {SIGUSR1, false}, {SIGUSR2, false}, {SIGPIPE, false}, {SIGALRM, false}, {SIGXCPU, false},
};

void
tf_rescue_now(void)
{
	if (!rescue.armed)
		return;
	rescue.armed = 0;
	(void)!write(rescue.fd, rescue.text, rescue.len);
	tcsetattr(rescue.fd, TCSANOW, &rescue.before);
}

static void
on_fatal(int number)
{
	tf_rescue_now();
	signal(number, SIG_DFL);
	raise(number);
}

/* Live some of them are wishes, and the caller may have one ignored.  A crash is taken even from a sanitizer, which would
 * leave the terminal as it is. */
static bool
kills(int number)
{
	struct sigaction now;

	return sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_DFL;
}

static bool
is_ours(int number)
{
	struct sigaction now;

	return sigaction(number, NULL, &now) == 0 && now.sa_handler == on_fatal;
}

void
tf_rescue_remember(int fd)
{
	rescue.fd = fd;
	tcgetattr(fd, &rescue.before);
}

static void
add_capability(char *name)
{
	const char *text = tigetstr(name);
	size_t n = text && text != (char *)-1 ? strlen(text) : 0;

	if (n == 0 || rescue.len + n > sizeof rescue.text)
		return;
	memcpy(rescue.text + rescue.len, text, n);
	rescue.len += n;
}

void
tf_rescue_arm(void)
{
	char names[3][8] = {"sgr0", "cnorm", "rmcup"};

	rescue.len = 0;
	for (int i = 0; i < 3; i++)
		add_capability(names[i]);
	rescue.armed = 1;
	for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
		if (fatal[i].crash || kills(fatal[i].number))
			signal(fatal[i].number, on_fatal);
}

void
tf_rescue_disarm(void)
{
	rescue.armed = 0;
	for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
		if (is_ours(fatal[i].number))
			signal(fatal[i].number, SIG_DFL);
}
