/*
 * The writers of a run, and what they share: each event goes to all of
 * them and to the judge of --fail-on and --rules.
 */
#ifndef TCPFSM_CLI_OUTPUTS_H
#define TCPFSM_CLI_OUTPUTS_H

#include <stdbool.h>

#include "check/judge.h"
#include "cli/anomalous.h"
#include "cli/known.h"
#include "cli/lookup.h"
#include "cli/options.h"
#include "cli/slices.h"
#include "confine/keeper.h"
#include "output/output.h"

struct tf_outputs {
	size_t count;
	struct {
		struct tf_output *writer;
		const char *name; /* of the file, for complaints */
		int fd;
		bool told;       /* that it takes no more */
		bool incomplete; /* something is missing, in this file or a former one */
	} out[TF_MAX_OUTPUTS];
	struct tf_judge *judge;
	struct tf_known *known;         /* the baseline */
	struct tf_slices *slices;       /* NULL: none are wanted */
	struct tf_anomalous *anomalous; /* the same */
	struct tf_lookup *lookup;       /* NULL: no names */
	struct tf_sink screen;          /* of --top; wanted 0: there is none */
};

/* Open PATH for writing, a file that is there already from its start.  Never one of the inputs of
 * OPTIONS.  The descriptor, or -1 after a complaint. */
int tf_open_for_writing(const char *path, const struct tf_options *options);

/* The same of a file that is there already, with what it holds: *FD is -1 where there is none.  False after a
 * complaint. */
bool tf_open_former(const char *path, const struct tf_options *options, int *fd);

/* May a new file be put in the place of PATH?  Not in that of an input, a device or a pipe, which
 * would be gone.  False after a complaint. */
bool tf_may_be_replaced(const char *path, const struct tf_options *options);

/* Open all files and make all writers; JUDGE is told each event, too, with what KNOWN says of a finding, and
 * RESOLVER is asked for names (NULL: from here).  False after a complaint; tf_outputs_close() is due in both
 * cases. */
bool tf_outputs_open(struct tf_outputs *s, const struct tf_options *options, struct tf_judge *judge,
                     struct tf_known *known, const struct tf_helper *resolver);

/* The analyzer's sink.  S must stay where it is. */
struct tf_sink tf_outputs_sink(struct tf_outputs *s);

void tf_outputs_capture(struct tf_outputs *s, const struct tf_capture_info *info);
/* A row of the host table, as tf_host_fn: OUTPUTS is a struct tf_outputs. */
void tf_outputs_host(void *outputs, const struct tf_addr *addr, const struct tf_detail *isn, size_t count);
void tf_outputs_finish(struct tf_outputs *s, const struct tf_summary *summary);
/* Write out what is ready.  One that takes no more is complained of, once. */
void tf_outputs_flush(struct tf_outputs *s);

/* Go on in files of the same names that KEEPER opens: the others were rotated.  INFO is told to the writers
 * that begin anew.  Complains about each that cannot, and that one goes on where it was. */
void tf_outputs_reopen(struct tf_outputs *s, struct tf_keeper *keeper, const struct tf_capture_info *info);

/* Can none of them write any more? */
bool tf_outputs_all_failed(const struct tf_outputs *s);

/* Flush and close.  False, after a complaint about each that failed, where not all was written, to the last
 * files or former ones. */
bool tf_outputs_close(struct tf_outputs *s);

#endif
