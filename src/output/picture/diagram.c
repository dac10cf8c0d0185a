/*
 * The writers of the state diagram: see diagram.h.  They say nothing before
 * the end.
 */
#include "output/picture/diagram.h"
#include "output/style.h"

struct picture {
	struct tf_trails trails; /* of transitions and findings alone */
	struct tf_travel travel;
};

static void
begin(struct tf_output *o)
{
	struct picture *picture = o->state;

	picture->trails.unit_ns = 1;
	picture->travel.numbered = o->options.filter.conn_count == 1;
}

static void
on_record(struct tf_output *o, const struct tf_connection_record *c)
{
	struct picture *picture = o->state;
	struct tf_pending *p = tf_pending_find(&picture->trails.pending, c->conn);
	bool fine = tf_pending_set_come(&picture->trails.pending, c->conn);

	if (!tf_travel_record(&picture->travel, &picture->trails, p,
	                      tf_filter_record(&o->options.filter, c)) ||
	    !fine)
		tf_output_no_memory(o);
	if (p != NULL)
		tf_pending_drop(&picture->trails.pending, p);
}

static void
event(struct tf_output *o, const struct tf_event *e)
{
	struct picture *picture = o->state;

	if (!tf_filter_conn(&o->options.filter, tf_event_conn(e)))
		return;
	if (e->kind == TF_EV_CONNECTION)
		on_record(o, e->connection);
	else if (!tf_travel_event(&picture->travel, &picture->trails, e))
		tf_output_no_memory(o);
}

static void
finish_svg(struct tf_output *o, const struct tf_summary *s)
{
	const struct picture *picture = o->state;

	(void)s;
	tf_diagram_svg(&o->out, &picture->travel, false);
}

static void
finish_dot(struct tf_output *o, const struct tf_summary *s)
{
	const struct picture *picture = o->state;

	(void)s;
	tf_diagram_dot(&o->out, &picture->travel);
}

static void
release(struct tf_output *o)
{
	struct picture *picture = o->state;

	tf_pending_fini(&picture->trails.pending);
}

static unsigned
wanted(const struct tf_output_options *options)
{
	(void)options;
	return TF_EV_TRANSITION | TF_EV_FINDING | TF_EV_CONNECTION;
}

const struct tf_writer tf_diagram_svg_writer = {
    .format = {"diagram-svg", "the state diagram with the steps that were taken, as SVG"},
    .state_size = sizeof(struct picture),
    .wanted = wanted,
    .begin = begin,
    .event = event,
    .finish = finish_svg,
    .free = release,
};

const struct tf_writer tf_diagram_dot_writer = {
    .format = {"diagram-dot", "the same for dot(1) of Graphviz"},
    .state_size = sizeof(struct picture),
    .wanted = wanted,
    .begin = begin,
    .event = event,
    .finish = finish_dot,
    .free = release,
};

int
tf_diagram_of_rules(int fd, const char *format)
{
	struct tf_buf b;
	int error;

	tf_buf_init(&b, fd);
	if (strcmp(format, tf_diagram_dot_writer.format.name) == 0)
		tf_diagram_dot(&b, NULL);
	else
		tf_diagram_svg(&b, NULL, false);
	error = tf_buf_flush(&b);
	tf_buf_fini(&b);
	return error;
}
