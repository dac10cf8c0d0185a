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
	*k = (struct tf_known){.file = o->baseline_file, .write_file = o->write_baseline_file, .fd = -1};
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

bool
tf_known_open(struct tf_known *k, const struct tf_options *o)
{
	if (!k->write_file)
		return true;
	/* A confined process cannot cut a file any more. */
	k->fd = o->interface ? tf_open_for_writing(k->write_file, o) : tf_open_to_replace(k->write_file, o);
	return k->fd >= 0;
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

static int
write_rows(struct tf_known *k)
{
	struct tf_buf b;

	tf_buf_init(&b, k->fd);
	tf_put_lit(&b, "# Findings that tcpfsm knows: how many, and what they are.  The client's port does\n"
	               "# not count; * stands for anything, such as a server's port that is another one at\n"
	               "# each run.  Read by --baseline, made by --write-baseline.\n");
	tf_tally_sort(&k->found);
	for (size_t i = 0; i < k->found.count; i++)
		put_row(&b, &k->found.row[i]);
	int error = tf_buf_flush(&b);
	tf_buf_fini(&b);
	return error;
}

/* A file is cut to nothing only now; a pipe or a terminal cannot be. */
static int
empty(int fd)
{
	struct stat status;

	if (fstat(fd, &status) != 0)
		return errno;
	return S_ISREG(status.st_mode) && status.st_size > 0 && ftruncate(fd, 0) != 0 ? errno : 0;
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
	int error = empty(k->fd);
	if (!error)
		error = write_rows(k);
	if (!error && k->found.lost)
		error = ENOMEM;
	if (close(k->fd) != 0 && !error)
		error = errno;
	k->fd = -1;
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
	if (k->fd >= 0)
		close(k->fd);
	tf_baseline_fini(&k->baseline);
	tf_tally_fini(&k->found);
	free(k->gone);
	*k = (struct tf_known){.fd = -1};
}
