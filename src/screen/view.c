/*
 * Keys into wishes: see view.h.
 */
#include "screen/view.h"

#include <ctype.h>
#include <string.h>

const char *const tf_view_help[] = {
    "up, down, k, j       choose a connection        PgUp, PgDn, Home, End   far away",
    "Enter                its details: facts, findings, ladder (PgUp and PgDn scroll)",
    "/                    show only connections in which a text occurs: an address,",
    "                     :443, close-wait, the id of a finding; Esc takes it away",
    "f                    show only connections with findings",
    "c                    hide connections that are over",
    "< >                  sort by the column to the left, to the right",
    "R                    the other way round",
    "Space                hold the picture; again: go on",
    "h, ?                 this                       q                       leave",
    NULL,
};

void
tf_view_init(struct tf_view *v, struct tf_model *model)
{
	*v = (struct tf_view){.model = model, .page = 1};
}

/* What matters most comes first: behind a filter's name the end is cut on 80 columns. */
const char *
tf_view_hint(const struct tf_view *v)
{
	if (v->details)
		return "q leave  h help  Esc back  up/down other connection  PgUp/PgDn scroll";
	return "q leave  h help  Enter more  / filter  f findings  c over  <>R sort  Space hold";
}

/* ---- the filter ------------------------------------------------------------- */

static void
apply_filter(struct tf_view *v)
{
	memcpy(v->model->pattern, v->typed, sizeof v->model->pattern);
	v->first = 0;
	tf_model_arrange(v->model);
	/* What was chosen may be hidden now. */
	tf_model_move(v->model, 0);
}

static void
type(struct tf_view *v, int key)
{
	size_t n = strlen(v->typed);

	if (key == TF_KEY_ENTER) {
		v->typing = false;
	} else if (key == TF_KEY_ESCAPE) {
		v->typing = false;
		v->typed[0] = '\0';
	} else if (key == TF_KEY_BACKSPACE) {
		v->typed[n ? n - 1 : 0] = '\0';
	} else if (key < 0x80 && isgraph(key) && n + 1 < sizeof v->typed) {
		v->typed[n] = (char)key;
		v->typed[n + 1] = '\0';
	}
	apply_filter(v);
}

/* ---- one key ------------------------------------------------------------------ */

static void
page(struct tf_view *v, int direction)
{
	if (!v->details)
		tf_model_move(v->model, direction * (long)v->page);
	else if (direction < 0)
		v->scroll += v->page;
	else
		v->scroll = v->scroll > v->page ? v->scroll - v->page : 0;
}

static void
choose(struct tf_view *v, long by)
{
	tf_model_move(v->model, by);
	v->scroll = 0;
}

static void
toggle(struct tf_view *v, bool *wish)
{
	*wish = !*wish;
	v->first = 0;
	tf_model_arrange(v->model);
	tf_model_move(v->model, 0);
}

static void
shift_column(struct tf_view *v, int by)
{
	int column = ((int)v->model->sort + by + TF_COLUMN_COUNT) % TF_COLUMN_COUNT;

	tf_model_sort(v->model, (enum tf_column)column);
}

static void
escape(struct tf_view *v)
{
	if (v->help) {
		v->help = false;
	} else if (v->details) {
		v->details = false;
	} else {
		v->typed[0] = '\0';
		apply_filter(v);
	}
}

/* Keys that move. */
static bool
move(struct tf_view *v, int key)
{
	switch (key) {
	case TF_KEY_UP:
	case 'k':
		choose(v, -1);
		return true;
	case TF_KEY_DOWN:
	case 'j':
		choose(v, 1);
		return true;
	case TF_KEY_PAGE_UP:
		page(v, -1);
		return true;
	case TF_KEY_PAGE_DOWN:
		page(v, 1);
		return true;
	case TF_KEY_HOME:
		choose(v, -(long)v->model->shown_count);
		return true;
	case TF_KEY_END:
		choose(v, (long)v->model->shown_count);
		return true;
	default:
		return false;
	}
}

/* Keys that change what is shown. */
static void
change(struct tf_view *v, int key)
{
	switch (key) {
	case '/':
		v->typing = true;
		break;
	case 'f':
		toggle(v, &v->model->only_findings);
		break;
	case 'c':
		toggle(v, &v->model->hide_over);
		break;
	case '<':
		shift_column(v, -1);
		break;
	case '>':
		shift_column(v, 1);
		break;
	case 'R':
		tf_model_sort(v->model, v->model->sort);
		break;
	case ' ':
		v->paused = !v->paused;
		break;
	case 'h':
	case '?':
		v->help = !v->help;
		break;
	case 'q':
		v->leaving = true;
		break;
	default:
		break;
	}
}

void
tf_view_key(struct tf_view *v, int key)
{
	if (v->typing)
		type(v, key);
	else if (key == TF_KEY_ESCAPE)
		escape(v);
	else if (key == TF_KEY_ENTER)
		v->details = !v->details;
	else if (!move(v, key))
		change(v, key);
}

void
tf_view_follow(struct tf_view *v, size_t rows)
{
	size_t place = tf_model_place(v->model);

	v->page = rows ? rows : 1;
	if (place < v->first)
		v->first = place;
	if (place >= v->first + v->page)
		v->first = place - v->page + 1;
	if (v->first + v->page > v->model->shown_count)
		v->first = v->model->shown_count > v->page ? v->model->shown_count - v->page : 0;
}
