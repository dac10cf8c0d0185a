/*
 * Findings against a baseline: the files of it.  How lines look and what
 * they match is src/check's, what a finding is called src/output's.
 */
#include "cli/known.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/outputs.h"
#include "cli/terminal.h"
#include "output/buffer.h"
#include "output/identity.h"

#define MOST_OCTETS (64u << 20) /* of a baseline */

/* ---- reading -------------------------------------------------------------------------------- */

/* All of FD into TEXT; the errno of a failure. */
static int
read_all(int fd, struct tf_buf *text)
{
	ssize_t n = 1;

	while (n > 0) {
		if (text->len > MOST_OCTETS)
			return EFBIG;
		if (!tf_buf_room(text, 65536))
			return text->error;
		n = read(fd, text->data + text->len, text->cap - text->len);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			text->len += (size_t)n;
	}
	return n < 0 ? errno : 0;
}

static bool
parse(struct tf_known *k, const struct tf_buf *text)
{
	char message[256];

	if (tf_baseline_parse(&k->baseline, text->data, text->len, message, sizeof message))
		return true;
	tf_complain("%s: %s", k->file, message);
	return false;
}

bool
tf_known_read(struct tf_known *k, const struct tf_options *o)
{
	*k = (struct tf_known){
	    .file = o->baseline_file, .write_file = o->write_baseline_file, .former = -1, .fd = -1};
	if (!k->file)
		return true;
	int fd = open(k->file, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		tf_complain("%s: %s", k->file, strerror(errno));
		return false;
	}
	struct tf_buf text;
	tf_buf_init(&text, -1);
	int error = read_all(fd, &text);
	close(fd);
	if (error)
		tf_complain("%s: %s", k->file, strerror(error));
	bool fine = !error && parse(k, &text);
	tf_buf_fini(&text);
	return fine;
}

/* Does the new file FD take the place of FORMER in all that others know it by: owner, mode, other names? */
static bool
takes_place(int fd, int former)
{
	struct stat made, old;

	return former < 0 || (fstat(fd, &made) == 0 && fstat(former, &old) == 0 &&
	                      made.st_uid == old.st_uid && made.st_gid == old.st_gid &&
	                      (made.st_mode & 0777) == (old.st_mode & 0777) && old.st_nlink == 1);
}

/* May what is there be written over, since nothing can take its place?  Not for want of room. */
static bool
is_to_be_written_over(int error)
{
	return error == EEXIST || error == ELOOP || error == EACCES || error == EPERM || error == EROFS ||
	       error == EBUSY;
}

static bool
open_beside(struct tf_known *k)
{
	k->fd = tf_keeper_open_beside(k->keeper, k->write_file);
	if (k->fd >= 0 && takes_place(k->fd, k->former))
		return true;
	int error = k->fd < 0 ? errno : EPERM;
	if (k->fd >= 0) {
		close(k->fd);
		tf_keeper_drop(k->keeper, k->write_file);
	}
	k->fd = is_to_be_written_over(error) ? k->former : -1;
	if (k->fd < 0)
		tf_complain("%s: %s", k->write_file, strerror(error));
	return k->fd >= 0;
}

bool
tf_known_open(struct tf_known *k, const struct tf_options *o, struct tf_keeper *keeper)
{
	k->keeper = keeper;
	if (!k->write_file)
		return true;
	if (strcmp(k->write_file, "-") != 0)
		return tf_open_former(k->write_file, o, &k->former) && open_beside(k);
	k->write_file = "standard output";
	k->fd = k->former = STDOUT_FILENO;
	return true;
}

/* ---- comparing ------------------------------------------------------------------------------ */

enum tf_baseline_state
tf_known_judge(struct tf_known *k, const struct tf_finding *f)
{
	enum tf_baseline_state state = TF_BASELINE_NONE;
	struct tf_buf identity;

	if (!k->file && k->fd < 0)
		return state;
	tf_buf_init(&identity, -1);
	tf_put_identity(&identity, f);
	tf_put_char(&identity, '\0');
	/* Without memory it is news: nobody shall overlook it. */
	bool known = !identity.error && k->file && tf_baseline_knows(&k->baseline, identity.data);
	if (k->file)
		state = known ? TF_BASELINE_KNOWN : TF_BASELINE_NEW;
	if (k->fd >= 0 && identity.error)
		k->found.lost++;
	else if (k->fd >= 0)
		tf_tally_add(&k->found, identity.data);
	tf_buf_fini(&identity);
	return state;
}

const struct tf_baseline_summary *
tf_known_summary(struct tf_known *k)
{
	const struct tf_baseline *b = &k->baseline;
	size_t count = 0;

	if (!k->file)
		return NULL;
	free(k->gone);
	k->gone = calloc(b->count + 1, sizeof *k->gone);
	for (size_t i = 0; k->gone && i < b->count; i++) {
		uint64_t gone = tf_baseline_gone(&b->row[i]);
		if (gone)
			k->gone[count++] = (struct tf_gone){.identity = b->row[i].identity, .count = gone};
	}
	k->summary = (struct tf_baseline_summary){
	    .file = k->file,
	    .known = b->known,
	    .news = b->news,
	    .gone_count = count,
	    .gone = k->gone,
	};
	return &k->summary;
}

/* ---- writing -------------------------------------------------------------------------------- */

/* "2 stuck-close-wait server 10.0.0.1 -> 10.0.0.2:80  # Program does not close its socket (CLOSE-WAIT)" */
static void
put_row(struct tf_buf *b, const struct tf_tally_row *row)
{
	char id[64];
	size_t length = strcspn(row->text, " ");

	tf_put_u64(b, row->count);
	tf_put_char(b, ' ');
	tf_put_str(b, row->text);
	if (length < sizeof id) {
		memcpy(id, row->text, length);
		id[length] = '\0';
		int anomaly = tf_anomaly_by_id(id);
		tf_put_lit(b, "  # ");
		tf_put_str(b, anomaly < 0 ? "" : tf_anomaly_info((enum tf_anomaly)anomaly)->title);
	}
	tf_put_char(b, '\n');
}

static void
put_rows(struct tf_known *k, struct tf_buf *b)
{
	tf_put_lit(b, "# Findings that tcpfsm knows: how many, and what they are.  The client's port does\n"
	              "# not count; * stands for anything, such as a server's port that is another one at\n"
	              "# each run.  Read by --baseline, made by --write-baseline.\n");
	tf_tally_sort(&k->found);
	for (size_t i = 0; i < k->found.count; i++)
		put_row(b, &k->found.row[i]);
}

/* What a file held beyond what was written over goes only now; and no file may take a place before what it holds is
 * on the disk.  Pipes and terminals know neither. */
static int
settle(int fd)
{
	struct stat status;
	off_t end = lseek(fd, 0, SEEK_CUR);

	if (fd <= STDERR_FILENO || end < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
		return 0;
	if (status.st_size > end && ftruncate(fd, end) != 0)
		return errno;
	return fsync(fd) != 0 && errno != EINVAL ? errno : 0;
}

/* All rows to FD, the errno of a failure. */
static int
write_rows(struct tf_known *k, int fd)
{
	struct tf_buf b;

	tf_buf_init(&b, fd);
	put_rows(k, &b);
	int error = tf_buf_flush(&b);
	tf_buf_fini(&b);
	return error ? error : settle(fd);
}

static int
put_in_place(struct tf_known *k)
{
	if (tf_keeper_put(k->keeper, k->write_file))
		return 0;
	return is_to_be_written_over(errno) && k->former >= 0 ? write_rows(k, k->former) : errno;
}

static int
write_file(struct tf_known *k)
{
	bool beside = k->fd != k->former;
	int error = k->found.lost ? ENOMEM : write_rows(k, k->fd);

	if (!error && beside)
		error = put_in_place(k);
	if (error && beside)
		tf_keeper_drop(k->keeper, k->write_file);
	return error;
}

static void
close_files(struct tf_known *k)
{
	if (k->fd > STDERR_FILENO && k->fd != k->former)
		close(k->fd);
	if (k->former > STDERR_FILENO)
		close(k->former);
	k->fd = k->former = -1;
}

bool
tf_known_write(struct tf_known *k, bool read)
{
	if (k->fd < 0)
		return true;
	if (!read) {
		tf_complain("%s: not written, since the input was not read to its end", k->write_file);
		return true;
	}
	int error = write_file(k);
	if (error)
		tf_complain("%s: %s", k->write_file, strerror(error));
	else if (k->found.surplus)
		tf_complain("%s: no room for %llu more findings: it takes %d different ones", k->write_file,
		            (unsigned long long)k->found.surplus, TF_TALLY_MOST);
	return !error && !k->found.surplus;
}

void
tf_known_fini(struct tf_known *k)
{
	close_files(k);
	tf_baseline_fini(&k->baseline);
	tf_tally_fini(&k->found);
	free(k->gone);
	*k = (struct tf_known){.former = -1, .fd = -1};
}
