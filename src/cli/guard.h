/*
 * How a run is confined: what the options say about it, in the order in
 * which it has to happen.  The helpers are started first, before the
 * capture's socket exists and before a packet was read; then everything is
 * opened; then privileges and system calls are given up.
 */
#ifndef TCPFSM_CLI_GUARD_H
#define TCPFSM_CLI_GUARD_H

#include <stdbool.h>

#include "cli/options.h"
#include "confine/confine.h"
#include "confine/keeper.h"

struct tf_guard {
	struct tf_identity who;
	struct tf_keeper keeper;   /* of the files that a live run may have to open again */
	struct tf_helper resolver; /* of -N, since confinement leaves no socket to ask a server by */
};

/* Find out whom to become.  False, after a complaint, where the options ask for what cannot be: a usage error. */
bool tf_guard_plan(struct tf_guard *g, const struct tf_options *options);

/* Start what must exist before confinement.  False after a complaint. */
bool tf_guard_prepare(struct tf_guard *g, const struct tf_options *options);

/* Everything is open: give up the rest.  CAPTURE_FD is the live capture's descriptor.  False after a complaint. */
bool tf_guard_confine(struct tf_guard *g, const struct tf_options *options, int capture_fd);

/* End the helpers. */
void tf_guard_release(struct tf_guard *g);

#endif
