/*
 * The writers of the state diagram: see diagram.h.  They say nothing before
 * the end.
 */
#include "output/picture/diagram.h"

static void
event(struct tf_output *o, const struct tf_event *e)
{
	if (!tf_travel_event(o->state, &o->options, e))
		tf_output_no_memory(o);
}

static void
finish_svg(struct tf_output *o, const struct tf_summary *s)
{
	(void)s;
	tf_diagram_svg(&o->out, o->state, false);
}

static void
finish_dot(struct tf_output *o, const struct tf_summary *s)
{
	(void)s;
	tf_diagram_dot(&o->out, o->state);
}

static void
release(struct tf_output *o)
{
	tf_travel_fini(o->state);
}

static unsigned
wanted(const struct tf_output_options *options)
{
	(void)options;
	return TF_EV_TRANSITION | TF_EV_FINDING | TF_EV_CONNECTION;
}

const struct tf_writer tf_diagram_svg_writer = {
    .format = {"diagram-svg", "the state diagram with the steps that were taken, as SVG"},
    .state_size = sizeof(struct tf_travel),
    .wanted = wanted,
    .event = event,
    .finish = finish_svg,
    .free = release,
};

const struct tf_writer tf_diagram_dot_writer = {
    .format = {"diagram-dot", "the same for dot(1) of Graphviz"},
    .state_size = sizeof(struct tf_travel),
    .wanted = wanted,
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
