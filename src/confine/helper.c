/*
 * Starting and ending a helper: see helper.h.
 */
#include "confine/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* It lives as long as its master, whatever the terminal or an operator sends to all of them. */
static void
heed_no_signal(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGQUIT, SIGPIPE, SIGTSTP};
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		signal(signals[i], SIG_IGN);
}

/* Whoever reads our standard output waits for its end: only the master holds it. */
static void
let_go_of_streams(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		return;
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	close(null);
}

bool
tf_helper_start(struct tf_helper *h, const char *name, void (*serve)(int fd, void *context), void *context)
{
	int ends[2];
	*h = (struct tf_helper){.fd = -1, .pid = -1};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return false;
	pid_t pid = fork();
	if (pid == 0) {
		close(ends[0]);
		heed_no_signal();
		let_go_of_streams();
		prctl(PR_SET_NAME, name);
		serve(ends[1], context);
		_exit(0);
	}
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return false;
	}
	*h = (struct tf_helper){.fd = ends[0], .pid = pid};
	return true;
}

/* As a write and not as send(2): where all calls to sockets are one system call (socketcall(2), i386), a filter cannot
 * let that pass for this socket and refuse it for the capture's. */
bool
tf_helper_ask(int fd, const void *question, size_t size)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
	/* To find nobody there is no reason to die. */
	if (sigaction(SIGPIPE, &ignore, &before) != 0)
		return false;
	errno = EIO;
	bool whole = write(fd, question, size) == (ssize_t)size;
	int error = errno;
	sigaction(SIGPIPE, &before, NULL);
	errno = error;
	return whole;
}

void
tf_helper_stop(struct tf_helper *h)
{
	if (h->fd < 0)
		return;
	close(h->fd);
	h->fd = -1;
	while (waitpid(h->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

void
tf_helper_leave(struct tf_helper *h)
{
	enum { NAP_MS = 10, NAPS = 100 };
	if (h->fd < 0)
		return;
	close(h->fd);
	h->fd = -1;
	for (int i = 0; i < NAPS && waitpid(h->pid, NULL, WNOHANG) == 0; i++)
		poll(NULL, 0, NAP_MS);
}
