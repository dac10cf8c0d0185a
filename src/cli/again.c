/*
 * Reading the input again.  The analyzer numbers connections by the order
 * of the packets alone, so the second reading finds the same numbers as the
 * first one.  It writes nothing but the pictures, and those into memory.
 */
#include "cli/again.h"

#include <string.h>
#include <sys/stat.h>

#include "cli/replay.h"
#include "output/output.h"

struct look {
	struct tf_judge *judge;
	size_t count;                  /* of pictures */
	uint64_t conn[TF_MAX_LADDERS]; /* ascending */
	struct tf_output *out[TF_MAX_LADDERS];
};

static void
on_event(void *context, const struct tf_event *event)
{
	struct look *l = context;
	uint64_t conn = tf_event_conn(event);

	if (event->kind == TF_EV_SEGMENT)
		tf_judge_segment(l->judge, event->segment);
	for (size_t i = 0; i < l->count && l->conn[i] <= conn; i++)
		if (l->conn[i] == conn)
			tf_output_event(l->out[i], event);
}

/* Plain ASCII of a fixed width: a report is the same wherever it is made. */
static bool
open_pictures(struct look *l)
{
	struct tf_output_options options;

	tf_output_options_init(&options);
	l->count = tf_judge_ladders_wanted(l->judge, l->conn);
	for (size_t i = 0; i < l->count; i++) {
		options.ladder_conn = l->conn[i];
		l->out[i] = tf_output_new("ladder", -1, &options);
		if (!l->out[i])
			return false;
	}
	return true;
}

static void
close_pictures(struct look *l)
{
	for (size_t i = 0; i < l->count; i++) {
		size_t size;
		const char *text = l->out[i] ? tf_output_text(l->out[i], &size) : NULL;
		if (text)
			tf_judge_set_ladder(l->judge, l->conn[i], text, size);
		tf_output_close(l->out[i]);
	}
}

bool
tf_can_be_read_again(const struct tf_options *o)
{
	struct stat status;

	for (size_t i = 0; i < o->file_count; i++)
		if (strcmp(o->files[i], "-") == 0 ||
		    (stat(o->files[i], &status) == 0 && !S_ISREG(status.st_mode)))
			return false;
	return o->file_count > 0;
}

void
tf_second_look(const struct tf_options *options, uint64_t frames, struct tf_judge *judge)
{
	struct look l = {.judge = judge};
	struct tf_sink sink = {
	    .wanted = TF_EV_TRANSITION | TF_EV_FINDING | TF_EV_CONNECTION | TF_EV_SEGMENT,
	    .event = on_event,
	    .context = &l,
	};

	if (!tf_judge_wants_second_look(judge))
		return;
	if (!tf_can_be_read_again(options)) {
		tf_judge_no_second_look(
		    judge, "No picture of the segments, and no packet but those of findings: the input "
		           "is no file that could be read twice.");
		return;
	}
	if (!open_pictures(&l) || !tf_replay_again(options, frames, sink))
		tf_judge_no_second_look(
		    judge, "No picture of the segments: the input could not be read a second time.");
	close_pictures(&l);
}
