/*
 * The writer of --ladder-file: the pictures of the chosen connections, one
 * below the other.  They are gathered in memory, because the file begins
 * with its height.
 */
#include "output/picture/ladder_svg.h"
#include "output/picture/svg.h"
#include "output/style.h"

#define MOST_PICTURES 20 /* connections in one file */

struct pictures {
	struct tf_ladder kept;
	struct tf_buf drawn; /* the pictures so far */
	size_t count;        /* of them */
	uint64_t left_out;
	double y; /* where they end */
};

static void
begin(struct tf_output *o)
{
	struct pictures *all = o->state;

	tf_buf_init(&all->drawn, -1);
	all->kept.sets = true;
}

static void
on_record(struct tf_output *o, const struct tf_connection_record *r)
{
	struct pictures *all = o->state;
	struct tf_pending *p = tf_pending_find(&all->kept.pending, r->conn);

	if (!tf_pending_set_come(&all->kept.pending, r->conn))
		tf_output_no_memory(o);
	if (p == NULL)
		return;
	if (tf_filter_record(&o->options.filter, r)) {
		if (all->count < MOST_PICTURES) {
			all->y = tf_ladder_svg(&all->drawn, all->y, &o->options, r, p);
			all->count++;
		} else {
			all->left_out++;
		}
	}
	tf_pending_drop(&all->kept.pending, p);
}

static void
event(struct tf_output *o, const struct tf_event *e)
{
	struct pictures *all = o->state;

	if (!tf_ladder_chosen(&o->options, tf_event_conn(e)))
		return;
	if (e->kind == TF_EV_CONNECTION)
		on_record(o, e->connection);
	else if (!tf_ladder_keep(&all->kept, e))
		tf_output_no_memory(o);
}

static void
put_last_words(struct pictures *all)
{
	struct tf_buf text;

	if (all->count > 0 && all->left_out == 0)
		return;
	tf_buf_init(&text, -1);
	if (all->count == 0) {
		tf_put_lit(&text, "No connection to draw.");
	} else {
		tf_put_plural(&text, all->left_out, "more connection is", "more connections are");
		tf_put_lit(&text, " not drawn: choose them with --conn.");
	}
	tf_put_char(&text, '\0');
	if (text.error == 0)
		tf_svg_text(&all->drawn, "heading", 20, all->y + 26, TF_ANCHOR_START, text.data);
	all->y += 44;
	tf_buf_done(&text, &all->drawn);
}

static void
finish(struct tf_output *o, const struct tf_summary *s)
{
	struct pictures *all = o->state;

	(void)s;
	put_last_words(all);
	tf_svg_begin_file(
	    &o->out, TF_LADDER_WIDE, all->y, "TCP connection",
	    "Segments as arrows between client and server, time downwards; both ends' states at the sides.");
	tf_put(&o->out, all->drawn.data, all->drawn.len);
	tf_svg_end(&o->out);
	if (all->drawn.error != 0)
		tf_output_no_memory(o);
}

static void
release(struct tf_output *o)
{
	struct pictures *all = o->state;

	tf_pending_fini(&all->kept.pending);
	tf_buf_fini(&all->drawn);
}

static unsigned
wanted(const struct tf_output_options *options)
{
	(void)options;
	return TF_EV_SEGMENT | TF_EV_TRANSITION | TF_EV_POSSIBLE | TF_EV_FINDING | TF_EV_CONNECTION;
}

const struct tf_writer tf_ladder_svg_writer = {
    .format = {"ladder-svg", "the time-sequence picture as SVG"},
    .state_size = sizeof(struct pictures),
    .wanted = wanted,
    .begin = begin,
    .event = event,
    .finish = finish,
    .free = release,
};
