/*
 * The keeper and the questions to it: see keeper.h.  A question is two
 * octets, an answer an errno and, where there is one, a descriptor
 * (SCM_RIGHTS, unix(7)).
 */
#include "confine/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef HAVE_LIBCAP_NG
#include <cap-ng.h>
#endif

#include "confine/confine.h"

enum question { QUESTION_OPEN = 'o', QUESTION_PUT = 'p', QUESTION_DROP = 'd' };

/* ---- in the helper --------------------------------------------------------- */

/* Without waiting, should the name be a pipe's that nobody reads. */
static int
open_file(struct tf_kept_file *file)
{
	if (file->how != TF_KEPT_OPEN)
		return tf_beside_open(&file->beside, file->name, file->how == TF_KEPT_REPLACED_BEHIND_LINKS);
	int fd = open(file->name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_APPEND, 0666);
	if (fd >= 0)
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	return fd;
}

static void
answer(int socket, int error, int fd)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {.space = {0}};
	struct iovec data = {.iov_base = &error, .iov_len = sizeof error};
	struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};
	if (fd >= 0) {
		message.msg_control = control.space;
		message.msg_controllen = sizeof control.space;
		struct cmsghdr *head = CMSG_FIRSTHDR(&message);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(head), &fd, sizeof fd);
	}
	(void)!sendmsg(socket, &message, MSG_NOSIGNAL);
	if (fd >= 0)
		close(fd);
}

static void
answer_question(int socket, struct tf_keeper *k, const unsigned char question[2])
{
	struct tf_kept_file *file = question[1] < k->count ? &k->file[question[1]] : NULL;
	int fd = -1;
	bool done = false;
	errno = EINVAL;
	if (file && question[0] == QUESTION_OPEN) {
		done = (fd = open_file(file)) >= 0;
	} else if (file && question[0] == QUESTION_PUT) {
		done = tf_beside_put(&file->beside);
	} else if (file && question[0] == QUESTION_DROP) {
		tf_beside_drop(&file->beside);
		done = true;
	}
	answer(socket, done ? 0 : errno, fd);
}

/* Root without capabilities could not write into another user's folder, nor leave a file to its owner. */
static void
drop_capabilities(const struct tf_keeper *k)
{
#ifdef HAVE_LIBCAP_NG
	bool is_root = geteuid() == 0;
	capng_clear(CAPNG_SELECT_ALL);
	if (is_root)
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_DAC_OVERRIDE);
	if (is_root && !k->seals)
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_CHOWN);
	capng_apply(CAPNG_SELECT_CAPS);
#else
	(void)k;
#endif
}

static void
serve(int socket, void *context)
{
	unsigned char question[2];
	char message[TF_CONFINE_MESSAGE_SIZE];
	struct tf_keeper *k = context;
	drop_capabilities(k);
	if (k->seals && !tf_seal_set_for_files(message))
		return;
	while (recv(socket, question, sizeof question, 0) == (ssize_t)sizeof question)
		answer_question(socket, k, question);
	for (size_t i = 0; i < k->count; i++)
		tf_beside_drop(&k->file[i].beside);
}

/* ---- in the process that asks ---------------------------------------------- */

bool
tf_keeper_add(struct tf_keeper *k, const char *name, enum tf_keeping how)
{
	if (k->count == TF_KEEPER_FILES)
		return false;
	k->file[k->count++] = (struct tf_kept_file){.name = name, .how = how};
	return true;
}

bool
tf_keeper_start(struct tf_keeper *k)
{
	k->helper.fd = -1;
	return k->count == 0 || tf_helper_start(&k->helper, "tcpfsm-files", serve, k);
}

void
tf_keeper_stop(struct tf_keeper *k)
{
	tf_helper_stop(&k->helper);
}

/* A name that it does not keep gets a number that it refuses. */
static unsigned char
number_of(const struct tf_keeper *k, const char *name, bool replaced)
{
	size_t i = 0;
	while (i < k->count &&
	       ((k->file[i].how != TF_KEPT_OPEN) != replaced || strcmp(k->file[i].name, name) != 0))
		i++;
	return (unsigned char)i;
}

/* 0 and perhaps a descriptor, or an errno. */
static int
ask(struct tf_keeper *k, enum question what, unsigned char number, int *fd)
{
	unsigned char question[2] = {(unsigned char)what, number};
	int error = EIO;
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec data = {.iov_base = &error, .iov_len = sizeof error};
	struct msghdr message = {.msg_iov = &data,
	                         .msg_iovlen = 1,
	                         .msg_control = control.space,
	                         .msg_controllen = sizeof control.space};
	ssize_t n;
	*fd = -1;
	if (!tf_helper_ask(k->helper.fd, question, sizeof question))
		return errno;
	while ((n = recvmsg(k->helper.fd, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
		;
	if (n != (ssize_t)sizeof error)
		return EPIPE;
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);
	if (head && head->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(head), sizeof *fd);
	/* The kernel leaves out a descriptor for which this process has no number left. */
	return *fd < 0 && (message.msg_flags & MSG_CTRUNC) ? EMFILE : error;
}

static int
ask_to_open(struct tf_keeper *k, unsigned char number)
{
	int fd, error = ask(k, QUESTION_OPEN, number, &fd);
	errno = error;
	return error ? -1 : fd;
}

int
tf_keeper_open(struct tf_keeper *k, const char *name)
{
	return ask_to_open(k, number_of(k, name, false));
}

int
tf_keeper_open_beside(struct tf_keeper *k, const char *name)
{
	return ask_to_open(k, number_of(k, name, true));
}

bool
tf_keeper_put(struct tf_keeper *k, const char *name)
{
	int fd, error = ask(k, QUESTION_PUT, number_of(k, name, true), &fd);
	errno = error;
	return error == 0;
}

void
tf_keeper_drop(struct tf_keeper *k, const char *name)
{
	int fd;
	(void)ask(k, QUESTION_DROP, number_of(k, name, true), &fd);
}
