/*
 * The multiset of texts: see tally.h.  Order is that of octets, so it does
 * not depend on a locale.
 */
#include "check/tally.h"

#include <stdlib.h>
#include <string.h>

enum {
	FIRST_ROWS = 64,
	/* More than are kept, so that a sort that had to let go some has made room for many. */
	MOST_ROWS = TF_TALLY_MOST + TF_TALLY_MOST / 4,
};

static int
compare(const void *a, const void *b)
{
	return strcmp(((const struct tf_tally_row *)a)->text, ((const struct tf_tally_row *)b)->text);
}

/* Put equal rows together, which stand side by side. */
static void
merge(struct tf_tally *t)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->count; i++) {
		if (kept > 0 && strcmp(t->row[kept - 1].text, t->row[i].text) == 0) {
			t->row[kept - 1].count += t->row[i].count;
			free(t->row[i].text);
		} else {
			t->row[kept++] = t->row[i];
		}
	}
	t->count = kept;
}

/* The last ones in order go.  What stays was never among those, however the texts came: its counts are whole. */
static void
let_go_surplus(struct tf_tally *t)
{
	while (t->count > TF_TALLY_MOST) {
		struct tf_tally_row *last = &t->row[--t->count];
		t->surplus += last->count;
		free(last->text);
	}
}

void
tf_tally_sort(struct tf_tally *t)
{
	if (t->count > 1)
		qsort(t->row, t->count, sizeof *t->row, compare);
	merge(t);
	let_go_surplus(t);
}

static bool
grow(struct tf_tally *t)
{
	size_t capacity = t->capacity > 0 ? t->capacity * 2 : FIRST_ROWS;

	if (capacity > MOST_ROWS)
		capacity = MOST_ROWS;
	struct tf_tally_row *row = realloc(t->row, capacity * sizeof *row);
	if (row == NULL)
		return false;
	t->row = row;
	t->capacity = capacity;
	return true;
}

/* A place for one more row.  A sort is worth its time only where many places come of it, so where equal rows gave few,
 * there are more rows from then on. */
static bool
make_room(struct tf_tally *t)
{
	if (t->count < t->capacity)
		return true;
	tf_tally_sort(t);
	if (t->count >= t->capacity / 2 && t->capacity < MOST_ROWS && grow(t))
		return true;
	return t->count < t->capacity;
}

void
tf_tally_add(struct tf_tally *t, const char *text)
{
	char *copy = make_room(t) ? strdup(text) : NULL;

	if (copy == NULL) {
		t->lost++;
		return;
	}
	t->row[t->count++] = (struct tf_tally_row){.text = copy, .count = 1};
}

void
tf_tally_fini(struct tf_tally *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->row[i].text);
	free(t->row);
	*t = (struct tf_tally){0};
}
