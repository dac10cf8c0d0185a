/*
 * Options into confinement: see guard.h.
 *
 * A live run is confined unless --no-sandbox is given.  Reading files needs
 * no privilege that could be given up, and what later options write is
 * opened as it is found; there only -Z is heeded.
 */
#include "cli/guard.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cli/lookup.h"
#include "cli/terminal.h"

static bool
is_confined(const struct tf_options *o)
{
	return o->interface && !o->no_sandbox;
}

bool
tf_guard_plan(struct tf_guard *g, const struct tf_options *o)
{
	char message[TF_CONFINE_MESSAGE_SIZE];
	*g = (struct tf_guard){.keeper.helper.fd = -1, .resolver.fd = -1};
	if (!is_confined(o) && !o->user)
		return true;
	if (tf_identity_find(&g->who, o->user, message))
		return true;
	tf_complain("%s", message);
	return false;
}

/* The files that can be asked for again: rotated ones when live, and those that are replaced. */
static bool
list_files(struct tf_guard *g, const struct tf_options *o)
{
	bool fits = true;
	if (tf_metrics_are_replaced(o))
		fits = tf_keeper_add(&g->keeper, o->metrics_file, TF_KEPT_REPLACED);
	if (o->write_baseline_file && strcmp(o->write_baseline_file, "-") != 0)
		fits =
		    tf_keeper_add(&g->keeper, o->write_baseline_file, TF_KEPT_REPLACED_BEHIND_LINKS) && fits;
	if (!o->interface)
		return fits;
	for (size_t i = 0; i < o->output_count; i++)
		if (o->output[i].file)
			fits = tf_keeper_add(&g->keeper, o->output[i].file, TF_KEPT_OPEN) && fits;
	if (o->packets_file && strcmp(o->packets_file, "-") != 0)
		fits = tf_keeper_add(&g->keeper, o->packets_file, TF_KEPT_OPEN) && fits;
	return fits;
}

/* The resolver may load any module of the system's and talk to servers; privileges it does not need. */
static void
serve_names(int fd, void *context)
{
	struct tf_guard *g = context;
	char message[TF_CONFINE_MESSAGE_SIZE];
	/* It was started after the keeper, whose master it is not. */
	if (g->keeper.helper.fd >= 0)
		close(g->keeper.helper.fd);
	if (!tf_identity_take(&g->who, message))
		return;
	/* It may hang on a server that is silent. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	tf_lookup_serve(fd);
}

bool
tf_guard_prepare(struct tf_guard *g, const struct tf_options *o)
{
	if (!list_files(g, o)) {
		tf_complain("more than %d files to write", TF_KEEPER_FILES);
		return false;
	}
	g->keeper.seals = is_confined(o);
	if (tf_keeper_start(&g->keeper) &&
	    (!o->names || !o->interface || tf_helper_start(&g->resolver, "tcpfsm-names", serve_names, g)))
		return true;
	tf_complain("a helper process cannot be started: %s", strerror(errno));
	return false;
}

/* What protects nothing is said, once. */
static void
say_what_is_off(const struct tf_options *o)
{
	if (o->interface && o->no_sandbox)
		tf_complain("--no-sandbox: %s, and any system call is allowed",
		            o->user ? "capabilities were given up with the user, but"
		                    : "user and capabilities stay as they were at the start");
	else if (is_confined(o) && !strstr(tf_confine_features(), "libseccomp"))
		tf_complain("this build has no libseccomp: any system call is allowed");
}

bool
tf_guard_confine(struct tf_guard *g, const struct tf_options *o, int capture_fd)
{
	char message[TF_CONFINE_MESSAGE_SIZE];
	struct tf_seal seal = {
	    .capture_fd = capture_fd,
	    .uses_terminal = o->top,
	};
	say_what_is_off(o);
	bool confined = (!is_confined(o) && !o->user) || tf_identity_take(&g->who, message);
	if (confined && is_confined(o))
		confined = tf_seal_set(&seal, message);
	if (!confined)
		tf_complain("%s (--no-sandbox does without)", message);
	return confined;
}

void
tf_guard_release(struct tf_guard *g)
{
	tf_helper_leave(&g->resolver);
	tf_keeper_stop(&g->keeper);
}
