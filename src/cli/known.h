/*
 * --baseline and --write-baseline: which findings are known, and what this
 * run found, for the next one.  Files are opened before anything is read
 * from the capture; the baseline is written when the run is over: beside the
 * former one, which it then replaces, or, where that cannot be, into it.
 */
#ifndef TCPFSM_CLI_KNOWN_H
#define TCPFSM_CLI_KNOWN_H

#include "check/baseline.h"
#include "check/tally.h"
#include "cli/options.h"
#include "confine/keeper.h"
#include "output/output.h"

struct tf_known {
	const char *file;       /* --baseline; NULL: none */
	const char *write_file; /* --write-baseline; NULL: none */
	int former;             /* what write_file is by now; -1: nothing */
	int fd;                 /* what is written: former, or a file beside it; -1: nothing */
	struct tf_keeper *keeper;
	struct tf_baseline baseline;
	struct tf_tally found;
	struct tf_gone *gone; /* made by tf_known_summary(); owned */
	struct tf_baseline_summary summary;
};

/* Read --baseline.  False after a complaint: then nothing is analysed.  tf_known_fini() is due in both cases. */
bool tf_known_read(struct tf_known *k, const struct tf_options *options);

/* Open --write-baseline.  What it holds stays until tf_known_write().  KEEPER knows the file by its name.  False after
 * a complaint. */
bool tf_known_open(struct tf_known *k, const struct tf_options *options, struct tf_keeper *keeper);

/* Does it want to see each finding? */
static inline bool
tf_known_wants(const struct tf_known *k)
{
	return k->file || k->write_file;
}

/* What the baseline says of F; F is remembered for --write-baseline. */
enum tf_baseline_state tf_known_judge(struct tf_known *k, const struct tf_finding *f);

/* After the last finding: the comparison, valid until tf_known_fini(); NULL without a baseline. */
const struct tf_baseline_summary *tf_known_summary(struct tf_known *k);

/* Write --write-baseline, unless the input was not READ to its end: then the file stays as it was, and it is
 * said.  False after a complaint that it could not be written; what could not be replaced stays as it was. */
bool tf_known_write(struct tf_known *k, bool read);

void tf_known_fini(struct tf_known *k);

#endif
