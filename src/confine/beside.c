/*
 * Files written beside others: see beside.h.
 */
#include "confine/beside.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_LINKS = 40, MOST_TRIES = 100 };

static bool
begins_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

static bool
refuse(int error)
{
	errno = error;
	return false;
}

/* The octets of PATH that name its folder, with the last slash. */
static size_t
folder_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) + 1 : 0;
}

/* PATH is a link to TARGET: the path of that. */
static bool
take_step(char path[PATH_MAX], const char *target)
{
	size_t folder = target[0] == '/' ? 0 : folder_length(path);

	if (folder + strlen(target) >= PATH_MAX)
		return refuse(ENAMETOOLONG);
	strcpy(path + folder, target);
	return true;
}

/* To where the links at PATH lead, though there may be nothing yet. */
static bool
follow(char path[PATH_MAX])
{
	char target[PATH_MAX];

	for (int links = 0; links < MOST_LINKS; links++) {
		ssize_t n = readlink(path, target, sizeof target - 1);
		if (n < 0)
			return errno == EINVAL || errno == ENOENT;
		/* Those of the system name descriptors, and what they seem to lead to may be gone. */
		if (begins_with(path, "/dev/") || begins_with(path, "/proc/"))
			break;
		target[n] = '\0';
		if (!take_step(path, target))
			return false;
	}
	return refuse(ELOOP);
}

/* May a file be put at PATH?  *FORMER is the one that is there, or has no links. */
static bool
is_replaceable(const char *path, struct stat *former)
{
	if (lstat(path, former) == 0)
		return S_ISREG(former->st_mode) || refuse(EEXIST);
	former->st_nlink = 0;
	return errno == ENOENT;
}

/* A new file in the folder of B's place, by a name that nobody has. */
static int
make(struct tf_beside *b, mode_t mode)
{
	static const char form[] = "%.*s.tcpfsm-%08x";
	size_t folder = folder_length(b->place), size = folder + sizeof form + 8;
	uint32_t number = 0;
	int fd = -1;

	b->path = malloc(size);
	errno = ENOMEM;
	for (int tries = 0; b->path && fd < 0 && tries < MOST_TRIES; tries++, number++) {
		(void)!getrandom(&number, sizeof number, GRND_NONBLOCK);
		snprintf(b->path, size, form, (int)folder, b->place, number);
		fd = open(b->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
		if (fd < 0 && errno != EEXIST)
			break;
	}
	return fd;
}

static void
forget(struct tf_beside *b)
{
	free(b->path);
	free(b->place);
	*b = (struct tf_beside){0};
}

/* Another owner than us only root can give it, another group whoever belongs to that.  Where it stays with our group,
 * what the former one's might do is not for ours.  The owner comes last: a file of somebody else's cannot be changed. */
static void
take_after(int fd, const struct stat *former)
{
	bool same_group = fchown(fd, (uid_t)-1, former->st_gid) == 0;

	(void)!fchmod(fd, former->st_mode & (same_group ? 0777 : 0707));
	(void)!fchown(fd, former->st_uid, (gid_t)-1);
}

int
tf_beside_open(struct tf_beside *b, const char *name, bool behind_links)
{
	char place[PATH_MAX] = "";
	struct stat former;
	int fd, error;

	tf_beside_drop(b);
	if (!take_step(place, name) || (behind_links && !follow(place)) || !is_replaceable(place, &former))
		return -1;
	b->place = strdup(place);
	/* Nobody may open it who may not open the former one. */
	fd = b->place ? make(b, former.st_nlink > 0 ? 0600 : 0666) : -1;
	if (fd >= 0 && former.st_nlink > 0)
		take_after(fd, &former);
	if (fd >= 0)
		return fd;
	error = errno;
	forget(b);
	errno = error;
	return -1;
}

bool
tf_beside_put(struct tf_beside *b)
{
	struct stat former;
	int error;

	if (!b->path)
		return refuse(EINVAL);
	if (is_replaceable(b->place, &former) && rename(b->path, b->place) == 0) {
		forget(b);
		return true;
	}
	error = errno;
	tf_beside_drop(b);
	return refuse(error);
}

void
tf_beside_drop(struct tf_beside *b)
{
	if (b->path)
		unlink(b->path);
	forget(b);
}
