/*
 * Confinement as the program uses it (src/confine), tried from inside: this
 * process gives up its rights just as a live capture does and then asks for
 * all that must be refused, and for what must go on working.
 *
 * It speaks TAP.  As root it changes its user as well; elsewhere that part
 * says that it was skipped.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#ifdef HAVE_LIBSECCOMP
#include <seccomp.h>
#endif

#include "confine/confine.h"
#include "confine/keeper.h"

static int count, failed;

static void
check(bool holds, const char *what)
{
	printf("%sok %d - %s\n", holds ? "" : "not ", ++count, what);
	failed += !holds;
}

static void
skip(const char *what, const char *why)
{
	printf("ok %d - %s # SKIP %s\n", ++count, what, why);
}

/* RESULT of a call just made: was it forbidden? */
static void
refused(long result, const char *what)
{
	check(result < 0 && errno == EPERM, what);
}

/* ---- what must be refused ------------------------------------------------ */

static void
try_files(void)
{
	refused(open("/etc/passwd", O_RDONLY), "a file cannot be read");
	refused(open("/tmp/tcpfsm-sealed", O_WRONLY | O_CREAT, 0600), "a file cannot be made");
	refused(open("/proc/self/mem", O_RDWR), "the memory cannot be opened");
	refused(unlink("/tmp/tcpfsm-sealed"), "a file cannot be removed");
	refused(rename("/tmp/tcpfsm-sealed", "/tmp/tcpfsm-sealed2"), "a file cannot be renamed");
	refused(memfd_create("x", 0), "a file in memory cannot be made");
}

static void
try_sockets(int capture)
{
	static const struct sockaddr nobody = {.sa_family = AF_UNIX};
	int pair[2];
	refused(socket(AF_INET, SOCK_STREAM, 0), "a TCP socket cannot be had");
	refused(socket(AF_INET6, SOCK_DGRAM, 0), "a UDP socket cannot be had");
	refused(socket(AF_PACKET, SOCK_RAW, 0), "a packet socket cannot be had");
	refused(socket(AF_UNIX, SOCK_STREAM, 0), "a local socket cannot be had");
	refused(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "a pair of sockets cannot be had");
	refused(connect(capture, &nobody, sizeof nobody), "a socket cannot be connected");
	refused(setsockopt(capture, SOL_SOCKET, SO_KEEPALIVE, &count, sizeof count),
	        "a socket's options cannot be set");
}

static void
try_sending(int capture, int helper)
{
	struct iovec data = {.iov_base = (char[]){"x"}, .iov_len = 1};
	struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};
	refused(write(capture, "x", 1), "nothing can be written to the capture");
	refused(writev(capture, &data, 1), "nor from several places");
#if LONG_MAX > INT32_MAX
	/* The kernel takes the lower half of the argument for the descriptor. */
	refused(syscall(SYS_write, (long)capture | 1L << 32, "x", 1L), "nor by a number with a higher half");
#else
	skip("nor by a number with a higher half", "numbers have none");
#endif
	refused(send(capture, "x", 1, 0), "nothing can be sent on the capture");
	refused(sendmsg(capture, &message, 0), "nor as a message");
	refused(sendmsg(helper, &message, 0), "nor on another socket");
	refused(dup(capture), "the capture cannot get another number");
	refused(dup2(capture, 9), "nor a chosen one");
	refused(fcntl(capture, F_DUPFD, 20), "nor by way of fcntl");
}

static void
try_processes(void)
{
	char *const words[] = {(char[]){"true"}, NULL};
	refused(execve("/bin/true", words, words), "a program cannot be run");
	refused(syscall(SYS_fork), "a process cannot be made");
	refused(ptrace(PTRACE_TRACEME, 0, NULL, NULL), "nobody can be traced");
	refused(kill(getppid(), 0), "another process cannot be signalled");
	refused(setuid(0), "the user cannot be changed");
	refused(ioctl(STDOUT_FILENO, TIOCSTI, "x"), "nothing can be typed into the terminal");
	refused(
	    (long)mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
	    "memory for code cannot be had");
}

static void
try_interface(int capture)
{
	struct ifreq request = {.ifr_name = "lo"};
	check(ioctl(capture, SIOCGIFFLAGS, &request) == 0, "whether the interface is up can be asked");
	refused(ioctl(capture, SIOCGIFMTU, &request), "nothing else can be asked about it");
	refused(ioctl(STDOUT_FILENO, SIOCGIFFLAGS, &request), "nor by another descriptor");
}

/* ---- what must go on ------------------------------------------------------- */

static void
try_reading(int capture)
{
	char octet = 0;
	check(read(capture, &octet, 1) == 1 && octet == 'p', "the capture can be read");
	void *memory = malloc(64 << 20);
	check(memory != NULL, "memory can be had");
	if (memory)
		memset(memory, 1, 64 << 20);
	free(memory);
	check(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == -1 && errno == EPERM,
	      "only what is needed is allowed");
}

static void
try_keeper(struct tf_keeper *keeper, const char *name)
{
	char metrics[300];
	snprintf(metrics, sizeof metrics, "%s.prom", name);
	int fd = tf_keeper_open(keeper, name);
	check(fd >= 0 && write(fd, "kept\n", 5) == 5, "a file that is kept can be opened and written");
	int other = tf_keeper_open_beside(keeper, metrics);
	check(other >= 0 && write(other, "m 1\n", 4) == 4 && tf_keeper_put(keeper, metrics),
	      "a file that is kept can be replaced");
	check(tf_keeper_open(keeper, "/etc/passwd") < 0 && errno == EINVAL, "no other file is opened");
	check(!tf_keeper_put(keeper, name) && errno != 0, "nor replaced");
	close(fd);
	close(other);
	other = tf_keeper_open_beside(keeper, metrics);
	check(other >= 0 && write(other, "m 2\n", 4) == 4, "and written anew, which may be given up");
	tf_keeper_drop(keeper, metrics);
	close(other);
	other = tf_keeper_open_beside(keeper, metrics);
	check(other >= 0 && write(other, "m 3\n", 4) == 4, "or forgotten");
	close(other);
}

static bool
holds(const char *name, const char *text)
{
	char line[32] = "";
	FILE *f = fopen(name, "r");
	bool same = f && fgets(line, sizeof line, f) && strcmp(line, text) == 0;
	if (f)
		fclose(f);
	return same;
}

/* The status of /proc as it was left for a process: the line NAME has VALUE. */
static bool
status_has(FILE *status, const char *name, const char *value)
{
	char line[256];
	rewind(status);
	while (fgets(line, sizeof line, status))
		if (strncmp(line, name, strlen(name)) == 0)
			return strstr(line, value) != NULL;
	return false;
}

static void
look_from_outside(FILE *status, bool was_root)
{
	check(status_has(status, "NoNewPrivs:", "\t1"), "no new privileges");
	check(status_has(status, "Seccomp:", "\t2"), "a filter of system calls");
	check(status_has(status, "CapEff:", "\t0000000000000000"), "no effective capability");
	check(status_has(status, "CapPrm:", "\t0000000000000000"), "no permitted capability");
	if (was_root)
		check(!status_has(status, "Uid:", "\t0"), "another user than root");
	else
		skip("another user than root", "not root");
}

/* In a child, so that the rest of the test can look at it and at the files. */
static int
confined(int capture, struct tf_keeper *keeper, const char *name)
{
	char message[TF_CONFINE_MESSAGE_SIZE] = "";
	struct tf_identity who;
	struct tf_seal seal = {.capture_fd = capture};
	bool was_root = geteuid() == 0;
	/* Opened before, as all must be: it shows what this process is at the time of reading. */
	FILE *status = fopen("/proc/self/status", "r");
	bool done = status && tf_identity_find(&who, NULL, message) && tf_identity_take(&who, message) &&
	            tf_seal_set(&seal, message);
	check(done, "rights can be given up");
	if (!done) {
		printf("# %s\n", message);
		return 1;
	}
	look_from_outside(status, was_root);
	try_files();
	try_sockets(capture);
	try_sending(capture, keeper->helper.fd);
	try_processes();
	try_interface(capture);
	try_reading(capture);
	try_keeper(keeper, name);
	fflush(stdout);
	return failed;
}

/* Whoever asks a helper that has gone is told so, and lives. */
static void
ask_nobody(void)
{
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0)
		exit(99);
	close(ends[1]);
	check(!tf_helper_ask(ends[0], "x", 1) && errno == EPIPE, "a helper that has gone cannot be asked");
	close(ends[0]);
}

/* No filter of system calls can be set from now on, as on a kernel that has none. */
static bool
refuse_filters(void)
{
#ifdef HAVE_LIBSECCOMP
	const struct scmp_arg_cmp sets_filter = {.arg = 0, .op = SCMP_CMP_EQ, .datum_a = PR_SET_SECCOMP};
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	bool done =
	    filter &&
	    seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(seccomp), 0, NULL) == 0 &&
	    seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(prctl), 1, &sets_filter) == 0 &&
	    seccomp_load(filter) == 0;
	seccomp_release(filter);
	return done;
#else
	return false;
#endif
}

/* In a child, and without a word: 0 where a keeper that need not be sealed keeps NAME, and one that must be does not. */
static int
keep_without_filters(const char *name)
{
	struct tf_keeper keeper = {.count = 0}, sealed = {.seals = true};
	if (!refuse_filters() || !tf_keeper_add(&keeper, name, TF_KEPT_OPEN) ||
	    !tf_keeper_add(&sealed, name, TF_KEPT_OPEN) || !tf_keeper_start(&keeper) ||
	    !tf_keeper_start(&sealed))
		return 2;
	bool right = tf_keeper_open(&keeper, name) >= 0 && tf_keeper_open(&sealed, name) < 0;
	tf_keeper_stop(&keeper);
	tf_keeper_stop(&sealed);
	return !right;
}

static void
try_without_filters(const char *name)
{
	int status = 0;
	pid_t child = fork();
	if (child == 0)
		_exit(keep_without_filters(name));
	waitpid(child, &status, 0);
	check(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	      "where no filter can be set, files are kept by whoever need not be sealed, and by nobody else");
}

/* Replace NAME by "new", in the way that HOW says: 0, or an errno. */
static int
replace(const char *name, enum tf_keeping how)
{
	struct tf_keeper keeper = {.seals = true};
	if (!tf_keeper_add(&keeper, name, how) || !tf_keeper_start(&keeper))
		exit(99);
	int fd = tf_keeper_open_beside(&keeper, name);
	int error = fd >= 0 && write(fd, "new\n", 4) == 4 && tf_keeper_put(&keeper, name) ? 0 : errno;
	if (fd >= 0)
		close(fd);
	tf_keeper_stop(&keeper);
	return error;
}

/* Whoever may write into the folder could put a link there while the run lasts. */
static void
try_links(const char *name)
{
	char path[80];
	struct stat status;
	snprintf(path, sizeof path, "%s.link", name);
	check(symlink(name, path) == 0 && replace(path, TF_KEPT_REPLACED) == EEXIST && holds(name, "kept\n"),
	      "what a link leads to is not replaced");
	check(replace(path, TF_KEPT_REPLACED_BEHIND_LINKS) == 0 && holds(name, "new\n") &&
	          lstat(path, &status) == 0 && S_ISLNK(status.st_mode),
	      "but where that is wanted");
	unlink(path);
}

/* A sealed keeper cannot give a file to a group that it does not belong to. */
static void
try_group(const char *name)
{
	struct stat status;
	if (chown(name, (uid_t)-1, 65534) != 0 || chmod(name, 0664) != 0) {
		skip("the mode without the group", "only root gives a file to any group");
		return;
	}
	check(replace(name, TF_KEPT_REPLACED) == 0 && stat(name, &status) == 0 &&
	          status.st_gid == getegid() && (status.st_mode & 0777) == 0604,
	      "our group may not do with a file what another one might");
}

int
main(void)
{
	static struct tf_keeper keeper = {.seals = true};
	char folder[] = "/tmp/tcpfsm-sealed-XXXXXX", name[64], metrics[80];
	int ends[2];
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!strstr(tf_confine_features(), "libseccomp")) {
		puts("1..0 # SKIP this build has no libseccomp");
		return 0;
	}
	if (!mkdtemp(folder) || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0 || write(ends[1], "p", 1) != 1)
		return 99;
	snprintf(name, sizeof name, "%s/kept", folder);
	snprintf(metrics, sizeof metrics, "%s.prom", name);
	tf_keeper_add(&keeper, name, TF_KEPT_OPEN);
	tf_keeper_add(&keeper, metrics, TF_KEPT_REPLACED);
	if (!tf_keeper_start(&keeper))
		return 99;
	pid_t child = fork();
	if (child == 0)
		_exit(confined(ends[0], &keeper, name));
	int status = 0;
	waitpid(child, &status, 0);
	tf_keeper_stop(&keeper);
	/* The child counted these. */
	count = 47;
	check(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the confined process came to its end");
	check(holds(name, "kept\n"), "what it wrote is in the file");
	check(holds(metrics, "m 1\n"), "what it replaced is in its place");
	ask_nobody();
	try_without_filters(name);
	try_links(name);
	try_group(name);
	unlink(name);
	unlink(metrics);
	check(rmdir(folder) == 0, "and nothing else is there");
	printf("1..%d\n", count);
	return failed != 0;
}
