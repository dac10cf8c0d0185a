/*
 * The filter of system calls: see confine.h.
 *
 * It is a list of what a run needs once everything is open.  What is not in
 * it fails with EPERM rather than kill: a C library that tries something new
 * after an update then goes on without it, and a capture of days is not lost.
 *
 * The packet socket is for reading: the same right that lets one see all
 * frames lets one send any, so writing to it is refused by its number,
 * nothing that would give it another number is allowed, and nothing is sent
 * on any socket: where all calls to sockets are one, their numbers cannot be
 * told apart.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#ifdef HAVE_LIBSECCOMP
#include <seccomp.h>
#endif

#include "confine/confine.h"

/* A sanitizer looks for leaks at exit from a thread of its own, which the filter forbids: look before. */
#if defined(__SANITIZE_ADDRESS__)
#define LOOK_FOR_LEAKS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LOOK_FOR_LEAKS 1
#endif
#endif
#ifdef LOOK_FOR_LEAKS
#include <sanitizer/lsan_interface.h>
#endif

#ifdef HAVE_LIBSECCOMP

static bool
refuse(char message[TF_CONFINE_MESSAGE_SIZE], const char *what, int error)
{
	snprintf(message, TF_CONFINE_MESSAGE_SIZE, "%s: %s", what, strerror(error));
	return false;
}

enum { DESCRIPTOR_BITS = 10 };

/* Memory, time, signals of our own, the end.  Where a word has 32 bits, what deals with larger numbers has another name;
 * what a processor's kernel does not have is passed over. */
static const int always[] = {
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(getrandom),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(sched_yield),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(close),
    SCMP_SYS(read),
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(lseek),
    SCMP_SYS(futex_time64),
    SCMP_SYS(clock_gettime64),
    SCMP_SYS(clock_nanosleep_time64),
    SCMP_SYS(sigreturn),
    SCMP_SYS(getuid32),
    SCMP_SYS(geteuid32),
    SCMP_SYS(fstat64),
    SCMP_SYS(fstatat64),
    SCMP_SYS(statx),
    SCMP_SYS(_llseek),
};

/* What reading a socket and writing files takes beside that. */
static const int running[] = {
    SCMP_SYS(poll),         SCMP_SYS(ppoll),           SCMP_SYS(select),    SCMP_SYS(pselect6),
    SCMP_SYS(readv),        SCMP_SYS(recvmsg),         SCMP_SYS(recvfrom),  SCMP_SYS(getsockopt),
    SCMP_SYS(wait4),        SCMP_SYS(fsync),           SCMP_SYS(getrusage), SCMP_SYS(_newselect),
    SCMP_SYS(ppoll_time64), SCMP_SYS(pselect6_time64), SCMP_SYS(recv),      SCMP_SYS(ftruncate),
    SCMP_SYS(ftruncate64),
};

/* The files' helper. */
static const int filing[] = {
    SCMP_SYS(openat),   SCMP_SYS(open),    SCMP_SYS(rename),   SCMP_SYS(renameat),   SCMP_SYS(renameat2),
    SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(sendto),   SCMP_SYS(sendmsg),    SCMP_SYS(fcntl),
    SCMP_SYS(fcntl64),  SCMP_SYS(recv),    SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(lstat),
    SCMP_SYS(lstat64),  SCMP_SYS(fchmod),  SCMP_SYS(fchown),   SCMP_SYS(fchown32),   SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),
};

/* ioctl(2) of the window's size is asked for by others, too. */
static const unsigned long terminal_requests[] = {TIOCGWINSZ, TCGETS,    TCSETS,  TCSETSW,
                                                  TCSETSF,    TIOCGPGRP, FIONREAD};

static int
allow_all(scmp_filter_ctx filter, const int *calls, size_t count)
{
	int error = 0;
	for (size_t i = 0; i < count && !error; i++)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	return error;
}

#define ALLOW_ALL(filter, calls) allow_all(filter, calls, sizeof(calls) / sizeof *(calls))

static int
allow_where(scmp_filter_ctx filter, int call, struct scmp_arg_cmp argument)
{
	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &argument);
}

/* Allowed where argument WHICH is VALUE, all 64 bits of it. */
static int
allow_if(scmp_filter_ctx filter, int call, unsigned which, uint64_t value)
{
	return allow_where(filter, call,
	                   (struct scmp_arg_cmp){.arg = which, .op = SCMP_CMP_EQ, .datum_a = value});
}

/* Allowed where the bits MASK of argument WHICH are VALUE. */
static int
allow_if_masked(scmp_filter_ctx filter, int call, unsigned which, uint64_t mask, uint64_t value)
{
	return allow_where(
	    filter, call,
	    (struct scmp_arg_cmp){.arg = which, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value});
}

/* Allowed on any descriptor below 1024 but FD: one that differs from it in some bit.  "Not equal" would not do,
 * since the kernel takes the lower half of the argument and the filter compares all of it. */
static int
allow_on_others(scmp_filter_ctx filter, int call, int fd)
{
	int error = 0;
	for (unsigned bit = 0; bit < DESCRIPTOR_BITS && !error; bit++) {
		uint64_t mask = UINT64_C(1) << bit;
		error = allow_if_masked(filter, call, 0, ~(uint64_t)UINT32_MAX | mask, ~(uint64_t)fd & mask);
	}
	return error;
}

/* Memory that code could be run from is not to be had. */
static int
allow_data_memory(scmp_filter_ctx filter)
{
	static const int calls[] = {SCMP_SYS(mmap), SCMP_SYS(mmap2), SCMP_SYS(mprotect)};
	int error = 0;
	for (size_t i = 0; i < sizeof calls / sizeof *calls && !error; i++)
		error = allow_if_masked(filter, calls[i], 2, PROT_EXEC, 0);
	return error;
}

static int
allow_writing(scmp_filter_ctx filter, const struct tf_seal *seal)
{
	/* Without a capture it is the highest number that nothing is written to. */
	int never = seal->capture_fd >= 0 ? seal->capture_fd : (1 << DESCRIPTOR_BITS) - 1;
	int error = allow_on_others(filter, SCMP_SYS(write), never);
	return error ? error : allow_on_others(filter, SCMP_SYS(writev), never);
}

/* The window's size always; the terminal's mode, and to stop as others do at ^Z, where it is used. */
static int
allow_terminal(scmp_filter_ctx filter, const struct tf_seal *seal)
{
	size_t count = seal->uses_terminal ? sizeof terminal_requests / sizeof *terminal_requests : 1;
	int error = 0;
	for (size_t i = 0; i < count && !error; i++)
		error = allow_if(filter, SCMP_SYS(ioctl), 1, terminal_requests[i]);
	return error;
}

/* A signal to ourselves: abort(), and the stop of a terminal's job. */
static int
allow_own_signals(scmp_filter_ctx filter)
{
	uint64_t self = (uint64_t)getpid();
	int error = allow_if(filter, SCMP_SYS(kill), 0, self);
	return error ? error : allow_if(filter, SCMP_SYS(tgkill), 0, self);
}

/* libpcap asks whether an interface that went down is still there, and goes on with it when it is up again. */
static int
allow_asking_for_interface(scmp_filter_ctx filter, const struct tf_seal *seal)
{
	const struct scmp_arg_cmp arguments[] = {
	    {.arg = 0, .op = SCMP_CMP_EQ, .datum_a = (uint64_t)seal->capture_fd},
	    {.arg = 1, .op = SCMP_CMP_EQ, .datum_a = SIOCGIFFLAGS},
	};
	if (seal->capture_fd < 0)
		return 0;
	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 2, arguments);
}

static int
allow_looking_at_flags(scmp_filter_ctx filter)
{
	static const int calls[] = {SCMP_SYS(fcntl), SCMP_SYS(fcntl64)};
	int error = 0;
	for (size_t i = 0; i < sizeof calls / sizeof *calls && !error; i++) {
		error = allow_if(filter, calls[i], 1, F_GETFL);
		if (!error)
			error = allow_if(filter, calls[i], 1, F_GETFD);
	}
	return error;
}

static int
fill_for_running(scmp_filter_ctx filter, const struct tf_seal *seal)
{
	int error = ALLOW_ALL(filter, always);
	if (!error)
		error = ALLOW_ALL(filter, running);
	if (!error)
		error = allow_data_memory(filter);
	if (!error)
		error = allow_writing(filter, seal);
	if (!error)
		error = allow_terminal(filter, seal);
	if (!error)
		error = allow_asking_for_interface(filter, seal);
	if (!error)
		error = allow_own_signals(filter);
	return error ? error : allow_looking_at_flags(filter);
}

static int
fill_for_files(scmp_filter_ctx filter)
{
	int error = ALLOW_ALL(filter, always);
	return error ? error : ALLOW_ALL(filter, filing);
}

/* libseccomp sets no-new-privs with it: the kernel wants that of those without privilege. */
static bool
load(const struct tf_seal *seal, char message[TF_CONFINE_MESSAGE_SIZE])
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int error = filter ? 0 : -ENOMEM;
	if (!error)
		error = seal ? fill_for_running(filter, seal) : fill_for_files(filter);
	if (!error)
		error = seccomp_load(filter);
	seccomp_release(filter);
	return error ? refuse(message, "the filter of system calls cannot be set", -error) : true;
}

#else

static bool
load(const struct tf_seal *seal, char message[TF_CONFINE_MESSAGE_SIZE])
{
	(void)seal;
	(void)message;
	return true;
}

#endif

bool
tf_seal_set(const struct tf_seal *seal, char message[TF_CONFINE_MESSAGE_SIZE])
{
#ifdef LOOK_FOR_LEAKS
	__lsan_do_leak_check();
#endif
	return load(seal, message);
}

bool
tf_seal_set_for_files(char message[TF_CONFINE_MESSAGE_SIZE])
{
	return load(NULL, message);
}
