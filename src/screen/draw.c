/*
 * The picture: see draw.h.
 *
 *   title, counts, states of the clients, states of the servers
 *   the table
 *   the feed, or the chosen connection
 *   a line about keys
 *
 * 80 columns by 24 lines are what it is made for; a smaller window shows
 * what fits.
 */
#include "screen/draw.h"

#include <curses.h>
#include <string.h>

#include "output/style.h"
#include "screen/cells.h"

#define TOP_LINES  4
#define FEED_LINES 5 /* with the line above it */
#define LEAST_ROWS 3

static attr_t
paint_of(const struct tf_picture *p, enum tf_paint paint)
{
	return p->color ? (attr_t)COLOR_PAIR((int)paint) : A_NORMAL;
}

void
tf_draw_begin(const struct tf_picture *p)
{
	if (!p->color)
		return;
	start_color();
	use_default_colors();
	init_pair(TF_PAINT_RED, COLOR_RED, -1);
	init_pair(TF_PAINT_YELLOW, COLOR_YELLOW, -1);
	init_pair(TF_PAINT_CYAN, COLOR_CYAN, -1);
	init_pair(TF_PAINT_GREEN, COLOR_GREEN, -1);
}

static attr_t
severity_attributes(const struct tf_picture *p, enum tf_severity severity)
{
	switch (severity) {
	case TF_ERROR:
		return paint_of(p, TF_PAINT_RED) | A_BOLD;
	case TF_WARNING:
		return paint_of(p, TF_PAINT_YELLOW);
	case TF_NOTICE:
		return paint_of(p, TF_PAINT_CYAN);
	case TF_INFO:
	case TF_SEVERITY_COUNT:
	default:
		return A_NORMAL;
	}
}

/* As the text format has them: green where data may flow, dim where all is over, else yellow. */
static attr_t
state_attributes(const struct tf_picture *p, enum tf_state state)
{
	if (state == TF_ESTABLISHED)
		return paint_of(p, TF_PAINT_GREEN);
	if (state == TF_CLOSED || state == TF_LISTEN)
		return A_DIM;
	return paint_of(p, TF_PAINT_YELLOW);
}

/* Octets of the first COLUMNS characters: what we write is UTF-8, and none is wider than a column. */
static int
octets_of(const char *text, int columns)
{
	int n = 0;

	while (text[n]) {
		if (((unsigned char)text[n] & 0xc0) != 0x80 && columns-- == 0)
			break;
		n++;
	}
	return n;
}

/* TEXT from column X on, cut at the window's edge. */
static void
put_at(int y, int x, attr_t attributes, const char *text)
{
	if (y < 0 || y >= LINES || x >= COLS)
		return;
	attrset((int)attributes);
	mvaddnstr(y, x, text, octets_of(text, COLS - x));
	attrset((int)A_NORMAL);
}

static void
put_buffer(int y, int x, attr_t attributes, struct tf_buf *b)
{
	tf_put_char(b, '\0');
	if (b->error == 0)
		put_at(y, x, attributes, b->data);
	b->len = 0;
}

/* ---- above ------------------------------------------------------------------- */

static void
draw_title(const struct tf_picture *p, struct tf_buf *b)
{
	const struct tf_status *s = p->status;

	tf_put_lit(b, "tcpfsm  ");
	tf_put_clean(b, p->source);
	tf_put_lit(b, "  ");
	tf_put_utc(b, p->view->model->now_ns, 0);
	tf_put_lit(b, " UTC");
	if (p->live) {
		char cell[TF_CELL];
		tf_put_lit(b, "  up ");
		tf_put_duration(b, s->running_ns / 1000000000 * 1000000000);
		tf_cell_size(cell, p->packet_rate);
		tf_put_lit(b, "  ");
		tf_put_str(b, cell);
		tf_put_lit(b, " packets/s");
	}
	if (p->view->paused)
		tf_put_lit(b, "  HELD");
	put_buffer(0, 0, A_BOLD, b);
}

static void
draw_counts(const struct tf_picture *p, struct tf_buf *b)
{
	const struct tf_status *s = p->status;
	const struct tf_model *m = p->view->model;

	tf_put_plural(b, s->stats->connections, "connection", "connections");
	if (p->live) {
		tf_put_lit(b, ", now ");
		tf_put_grouped(b, s->table.connections);
	}
	tf_put_lit(b, "; shown ");
	tf_put_grouped(b, m->shown_count);
	tf_put_lit(b, "; packets ");
	tf_put_grouped(b, s->packets);
	if (s->dropped >= 0) {
		tf_put_lit(b, ", lost ");
		tf_put_grouped(b, (uint64_t)s->dropped);
	}
	if (s->stats->evicted + m->over_lost > 0) {
		tf_put_lit(b, "; forgotten ");
		tf_put_grouped(b, s->stats->evicted + m->over_lost);
	}
	if (m->no_memory)
		tf_put_lit(b, "; out of memory");
	put_buffer(1, 0, s->dropped > 0 ? severity_attributes(p, TF_WARNING) : A_NORMAL, b);
}

/* Of those in the table; at the end of an analysis, of those that the filter leaves. */
static void
draw_states(const struct tf_picture *p)
{
	static const char *const names[] = {"clients  ", "servers  "};
	const struct tf_model *m = p->view->model;
	uint64_t states[2][TF_STATE_COUNT];

	memcpy(states, m->states, sizeof states);
	for (size_t i = 0; !p->live && i < m->shown_count; i++)
		for (int end = TF_CLIENT; end <= TF_SERVER; end++)
			states[end][tf_model_shown(m, i)->state[end]]++;
	for (int end = TF_CLIENT; end <= TF_SERVER; end++) {
		char cell[TF_CELL];
		tf_cell_states(cell, states[end], COLS > 9 ? (size_t)COLS - 9 : 0);
		put_at(2 + end, 0, A_DIM, names[end]);
		put_at(2 + end, 9, A_NORMAL, cell);
	}
}

/* ---- the table ------------------------------------------------------------------- */

static bool
is_right_aligned(enum tf_column column)
{
	return column == TF_COLUMN_CONN || (column >= TF_COLUMN_AGE && column < TF_COLUMN_FINDINGS);
}

static void
put_cell(int y, int x, enum tf_column column, size_t width, attr_t attributes, const char *text)
{
	size_t n = strlen(text);
	int shift = is_right_aligned(column) && n < width ? (int)(width - n) : 0;

	put_at(y, x + shift, attributes, text);
}

static attr_t
cell_attributes(const struct tf_picture *p, const struct tf_row *row, enum tf_column column)
{
	if (column == TF_COLUMN_CLIENT_STATE || column == TF_COLUMN_SERVER_STATE)
		return state_attributes(p, (enum tf_state)row->state[column == TF_COLUMN_SERVER_STATE]);
	if (column == TF_COLUMN_FINDINGS && row->ids)
		return severity_attributes(p, (enum tf_severity)row->worst);
	return row->is_over && p->live ? A_DIM : A_NORMAL;
}

static void
draw_heading(const struct tf_picture *p, int y, const size_t widths[TF_COLUMN_COUNT])
{
	const struct tf_model *m = p->view->model;
	int x = 0;

	attrset((int)A_REVERSE);
	mvhline(y, 0, ' ' | A_REVERSE, COLS);
	for (int c = 0; c < TF_COLUMN_COUNT; c++) {
		if (!widths[c])
			continue;
		put_cell(y, x, (enum tf_column)c, widths[c],
		         A_REVERSE | (m->sort == (enum tf_column)c ? A_BOLD | A_UNDERLINE : 0),
		         tf_cell_heading((enum tf_column)c));
		x += (int)widths[c] + 1;
	}
}

static void
draw_row(const struct tf_picture *p, int y, const struct tf_row *row, const size_t widths[TF_COLUMN_COUNT])
{
	bool chosen = row->conn == p->view->model->chosen;
	char cell[TF_CELL];
	int x = 0;

	if (chosen)
		mvhline(y, 0, ' ' | A_REVERSE, COLS);
	for (int c = 0; c < TF_COLUMN_COUNT; c++) {
		if (!widths[c])
			continue;
		tf_cell(cell, row, (enum tf_column)c, widths[c], p->view->model->now_ns);
		put_cell(y, x, (enum tf_column)c, widths[c],
		         cell_attributes(p, row, (enum tf_column)c) | (chosen ? A_REVERSE : 0), cell);
		x += (int)widths[c] + 1;
	}
}

static void
draw_table(const struct tf_picture *p, int y, int rows)
{
	size_t widths[TF_COLUMN_COUNT];

	tf_cell_widths(widths, (size_t)COLS);
	draw_heading(p, y, widths);
	tf_view_follow(p->view, rows > 0 ? (size_t)rows : 1);
	for (int i = 0; i < rows; i++) {
		const struct tf_row *row = tf_model_shown(p->view->model, p->view->first + (size_t)i);
		if (row)
			draw_row(p, y + 1 + i, row, widths);
	}
	if (p->view->model->shown_count == 0 && rows > 0)
		put_at(y + 1, 0, A_DIM,
		       p->view->model->count > 0 ? "nothing that the filter leaves"
		       : p->live                 ? "no connection yet"
		                                 : "no connection");
}

/* ---- the pane ----------------------------------------------------------------------- */

static void
draw_separator(const struct tf_picture *p, int y, const char *name)
{
	(void)p;
	attrset((int)A_DIM);
	mvhline(y, 0, 0, COLS);
	put_at(y, 2, A_BOLD, name);
}

static void
draw_feed(const struct tf_picture *p, int y, int lines)
{
	struct tf_buf b;

	draw_separator(p, y, " findings, newest first ");
	tf_buf_init(&b, -1);
	for (int i = 0; i + 1 < lines; i++) {
		const struct tf_feed_line *line = tf_model_feed(p->view->model, (size_t)i);
		if (!line)
			break;
		tf_put_utc_time(&b, line->ts_ns, 0);
		tf_put_char(&b, ' ');
		if (line->conn) {
			tf_put_char(&b, '#');
			tf_put_u64(&b, line->conn);
			tf_put_char(&b, ' ');
		}
		tf_put_clean(&b, line->text ? line->text : tf_anomaly_info(line->id)->title);
		put_buffer(y + 1 + i, 0, severity_attributes(p, line->severity), &b);
	}
	tf_buf_fini(&b);
}

/* The last LINES lines of TEXT but those that were scrolled away. */
static void
draw_lines(const struct tf_picture *p, int y, int lines, char *text)
{
	size_t count = 0, first;

	for (const char *c = text; *c; c++)
		count += *c == '\n';
	first = count > (size_t)lines ? count - (size_t)lines : 0;
	if (p->view->scroll > first)
		p->view->scroll = first;
	first -= p->view->scroll;
	for (size_t i = 0; i < count && i < first + (size_t)lines; i++) {
		char *end = strchr(text, '\n');
		*end = '\0';
		if (i >= first)
			put_at(y + (int)(i - first), 0, A_NORMAL, text);
		text = end + 1;
	}
}

static void
draw_details(const struct tf_picture *p, int y, int lines)
{
	struct tf_buf b;

	draw_separator(p, y, " the chosen connection ");
	tf_buf_init(&b, -1);
	tf_put_details(&b, p->view->model, (size_t)COLS, p->utf8);
	tf_put_char(&b, '\0');
	if (b.error == 0)
		draw_lines(p, y + 1, lines - 1, b.data);
	tf_buf_fini(&b);
}

static void
draw_help(const struct tf_picture *p, int y, int lines)
{
	draw_separator(p, y, " keys ");
	for (int i = 0; i + 1 < lines && tf_view_help[i]; i++)
		put_at(y + 1 + i, 0, A_NORMAL, tf_view_help[i]);
}

/* ---- below ----------------------------------------------------------------------------- */

static void
put_condition(struct tf_buf *b, const char *text)
{
	tf_put_str(b, b->len > 0 ? ", " : "[");
	tf_put_str(b, text);
}

/* Which connections are shown, unless it is all. */
static void
put_filter(struct tf_buf *b, const struct tf_model *m)
{
	if (*m->pattern)
		put_condition(b, m->pattern);
	if (m->only_findings)
		put_condition(b, "with findings");
	if (m->hide_over)
		put_condition(b, "not over");
	if (b->len > 0)
		tf_put_lit(b, "] ");
}

static void
draw_bottom(const struct tf_picture *p)
{
	const struct tf_model *m = p->view->model;
	struct tf_buf b;

	tf_buf_init(&b, -1);
	if (p->view->typing) {
		tf_put_lit(&b, "show only: ");
		tf_put_str(&b, p->view->typed);
		tf_put_char(&b, '_');
	} else if (*p->said) {
		tf_put_clean(&b, p->said);
	} else {
		put_filter(&b, m);
		tf_put_str(&b, tf_view_hint(p->view));
	}
	put_buffer(LINES - 1, 0, A_DIM, &b);
	tf_buf_fini(&b);
}

/* Lines of the pane with its separator; 0 where there is no room for one. */
static int
pane_lines(const struct tf_view *v)
{
	int room = LINES - TOP_LINES - 2 - LEAST_ROWS, wish = FEED_LINES;

	if (v->help)
		wish = 12;
	else if (v->details)
		wish = (LINES - TOP_LINES - 2) * 2 / 3;
	else if (LINES > 40)
		wish = FEED_LINES * 2;
	if (wish > room)
		wish = room;
	return wish >= 2 ? wish : 0;
}

void
tf_draw(const struct tf_picture *p)
{
	int pane = pane_lines(p->view), y = LINES - 1 - pane;
	struct tf_buf b;

	erase();
	tf_buf_init(&b, -1);
	draw_title(p, &b);
	draw_counts(p, &b);
	draw_states(p);
	tf_buf_fini(&b);
	draw_table(p, TOP_LINES, y - TOP_LINES - 1);
	if (pane && p->view->help)
		draw_help(p, y, pane);
	else if (pane && p->view->details)
		draw_details(p, y, pane);
	else if (pane)
		draw_feed(p, y, pane);
	draw_bottom(p);
	refresh();
}
