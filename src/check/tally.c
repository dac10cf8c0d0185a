/*
 * The multiset of texts: see tally.h.  Order is that of octets, so it does
 * not depend on a locale.
 */
#include "check/tally.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROWS = 64 };

static int
compare(const void *a, const void *b)
{
	return strcmp(((const struct tf_tally_row *)a)->text, ((const struct tf_tally_row *)b)->text);
}

void
tf_tally_sort(struct tf_tally *t)
{
	size_t kept = 0;

	if (t->count > 1)
		qsort(t->row, t->count, sizeof *t->row, compare);
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

/* A place for one more row: where the rows are full, equal ones are put together first. */
static bool
make_room(struct tf_tally *t)
{
	if (t->count < t->capacity)
		return true;
	tf_tally_sort(t);
	if (t->count < t->capacity / 2)
		return true;
	size_t capacity = t->capacity > 0 ? t->capacity * 2 : FIRST_ROWS;
	if (t->count >= TF_TALLY_MOST)
		return false;
	struct tf_tally_row *row = realloc(t->row, capacity * sizeof *row);
	if (row == NULL)
		return t->count < t->capacity;
	t->row = row;
	t->capacity = capacity;
	return true;
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
