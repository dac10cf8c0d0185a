/*
 * The pane of the chosen connection: a line or two of facts, its findings
 * as the feed tells them, and its ladder as src/output draws it.
 */
#include "output/style.h"
#include "screen/cells.h"
#include "screen/view.h"

static const struct tf_row *
chosen_row(const struct tf_model *m)
{
	const struct tf_row *row = tf_model_shown(m, tf_model_place(m));

	return row && row->conn == m->chosen ? row : NULL;
}

static void
put_end(struct tf_buf *b, const struct tf_row *row, enum tf_endpoint end)
{
	tf_put_addr_port(b, &row->addr[end], row->port[end]);
	tf_put_char(b, ' ');
	tf_put_str(b, tf_state_name((enum tf_state)row->state[end]));
}

static void
put_facts(struct tf_buf *b, const struct tf_row *row, int64_t now_ns)
{
	int64_t until = row->is_over ? row->last_ns : now_ns;

	put_end(b, row, TF_CLIENT);
	tf_put_lit(b, " -> ");
	put_end(b, row, TF_SERVER);
	if (row->guessed)
		tf_put_lit(b, " (roles guessed)");
	if (row->is_over) {
		tf_put_lit(b, ", over: ");
		tf_put_str(b, tf_close_name((enum tf_close)row->close));
	}
	tf_put_lit(b, "\nsince ");
	tf_put_utc(b, row->first_ns, 3);
	tf_put_lit(b, " UTC, for ");
	tf_put_duration(b, until > row->first_ns ? until - row->first_ns : 0);
	tf_put_lit(b, "; ");
	tf_put_size(b, row->bytes[TF_CLIENT]);
	tf_put_lit(b, " out, ");
	tf_put_size(b, row->bytes[TF_SERVER]);
	tf_put_lit(b, " back, ");
	tf_put_plural(b, row->packets[TF_CLIENT] + row->packets[TF_SERVER], "packet", "packets");
	tf_put_lit(b, ", sent again ");
	tf_put_grouped(b, row->retransmitted);
	tf_put_char(b, '\n');
}

/* From the oldest on, as they came. */
static void
put_findings(struct tf_buf *b, const struct tf_model *m, size_t width)
{
	for (size_t i = m->feed_count; i-- > 0;) {
		const struct tf_feed_line *line = tf_model_feed(m, i);
		size_t at;
		if (line->conn != m->chosen || !line->text)
			continue;
		tf_put_str(b, tf_severity_name(line->severity));
		tf_put_lit(b, ": ");
		at = strlen(tf_severity_name(line->severity)) + 2;
		tf_put_wrapped(b, line->text, at, 4, width);
		tf_put_char(b, '\n');
	}
}

void
tf_put_details(struct tf_buf *b, const struct tf_model *m, size_t width, bool utf8)
{
	struct tf_output_options options;
	const struct tf_row *row = chosen_row(m);
	const struct tf_pending *events = tf_model_events(m);

	if (!row) {
		tf_put_lit(b, "no connection is chosen\n");
		return;
	}
	tf_output_options_init(&options);
	options.width = (unsigned)width;
	options.utf8 = utf8;
	put_facts(b, row, m->now_ns);
	put_findings(b, m, width);
	if (events && tf_ladder_count(events) > 0)
		tf_ladder_put_text(b, &options, events);
	else
		tf_put_lit(b, "No segment of it is kept.\n");
}
