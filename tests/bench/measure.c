/*
 * Runs one command and says what it took: on standard output "WALL-NS USER-US SYSTEM-US PEAK-KIB
 * STATUS".
 *
 * The command's output goes to FILE.  This is a program of its own since the kernel counts into a
 * child's peak memory what its parent held when it was started; this parent holds next to nothing.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static long long
microseconds(struct timeval time)
{
	return time.tv_sec * 1000000LL + time.tv_usec;
}

static void
become(const char *file, char **command)
{
	int output = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	int nothing = open("/dev/null", O_RDWR);

	if (output < 0 || dup2(nothing, 0) < 0 || dup2(output, 1) < 0 || dup2(nothing, 2) < 0)
		_exit(126);
	execvp(command[0], command);
	_exit(127);
}

int
main(int argc, char **argv)
{
	struct rusage usage;
	long long begin_ns, end_ns;
	int status;
	pid_t child;

	if (argc < 3) {
		fputs("usage: measure FILE COMMAND...\n", stderr);
		return 2;
	}
	begin_ns = now_ns();
	child = fork();
	if (child == 0)
		become(argv[1], argv + 2);
	if (child < 0 || wait4(child, &status, 0, &usage) < 0) {
		perror("measure");
		return 1;
	}
	end_ns = now_ns();
	printf("%lld %lld %lld %ld %d\n", end_ns - begin_ns, microseconds(usage.ru_utime),
	       microseconds(usage.ru_stime), usage.ru_maxrss,
	       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return 0;
}
