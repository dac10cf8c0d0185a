/*
 * Which rows are shown, and in which order; and the one that is chosen,
 * which stays chosen wherever it goes.  See model.h.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "screen/cells.h"
#include "screen/model.h"

/* ---- the filter -------------------------------------------------------------- */

static bool
occurs(const char *pattern, const char *text)
{
	return strcasestr(text, pattern) != NULL;
}

static bool
occurs_in_findings(const char *pattern, uint64_t ids)
{
	for (int id = 0; ids; id++, ids >>= 1)
		if (ids & 1 && occurs(pattern, tf_anomaly_info((enum tf_anomaly)id)->id))
			return true;
	return false;
}

static bool
occurs_in_address(struct tf_model *m, const struct tf_row *row, int end)
{
	m->scratch.len = 0;
	tf_put_addr_port(&m->scratch, &row->addr[end], row->port[end]);
	tf_put_char(&m->scratch, '\0');
	return m->scratch.error == 0 && occurs(m->pattern, m->scratch.data);
}

static bool
matches(struct tf_model *m, const struct tf_row *row)
{
	for (int i = TF_CLIENT; i <= TF_SERVER; i++) {
		enum tf_state state = (enum tf_state)row->state[i];
		if (occurs(m->pattern, tf_state_name(state)) ||
		    occurs(m->pattern, tf_state_short_name(state)) || occurs_in_address(m, row, i))
			return true;
	}
	return occurs_in_findings(m->pattern, row->ids);
}

/* At the end of an input all have their record; those that were still open then are not over. */
static bool
is_over(const struct tf_model *m, const struct tf_row *row)
{
	return row->is_over && (m->keep_over_ns != INT64_MAX || row->close != TF_CLOSE_OPEN);
}

static bool
is_shown(struct tf_model *m, const struct tf_row *row)
{
	if (m->only_findings && !row->ids)
		return false;
	if (m->hide_over && is_over(m, row))
		return false;
	return !*m->pattern || matches(m, row);
}

/* ---- the order ------------------------------------------------------------------ */

static int
compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int
compare_ends(const struct tf_row *a, const struct tf_row *b, int end)
{
	int order = memcmp(&a->addr[end], &b->addr[end], sizeof a->addr[end]);

	return order ? order : compare_numbers(a->port[end], b->port[end]);
}

/* What is worth a look first comes last here: the order of most columns is the descending one. */
static int
compare_findings(const struct tf_row *a, const struct tf_row *b)
{
	int order = compare_numbers(a->ids != 0, b->ids != 0);

	if (!order)
		order = compare_numbers(a->worst, b->worst);
	if (!order)
		order = compare_numbers(!a->is_over, !b->is_over);
	return order ? order : compare_numbers(a->rate, b->rate);
}

static int64_t
age(const struct tf_row *row, int64_t now_ns)
{
	return (row->is_over ? row->last_ns : now_ns) - row->first_ns;
}

static int
compare(const struct tf_model *m, const struct tf_row *a, const struct tf_row *b)
{
	switch (m->sort) {
	case TF_COLUMN_CLIENT:
		return compare_ends(a, b, TF_CLIENT);
	case TF_COLUMN_SERVER:
		return compare_ends(a, b, TF_SERVER);
	case TF_COLUMN_CLIENT_STATE:
		return compare_numbers(a->state[TF_CLIENT], b->state[TF_CLIENT]);
	case TF_COLUMN_SERVER_STATE:
		return compare_numbers(a->state[TF_SERVER], b->state[TF_SERVER]);
	case TF_COLUMN_AGE:
		return compare_numbers((uint64_t)age(a, m->now_ns), (uint64_t)age(b, m->now_ns));
	case TF_COLUMN_RATE:
		return compare_numbers(a->rate, b->rate);
	case TF_COLUMN_RETRANSMITTED:
		return compare_numbers(a->retransmitted, b->retransmitted);
	case TF_COLUMN_FINDINGS:
		return compare_findings(a, b);
	case TF_COLUMN_CONN:
	case TF_COLUMN_COUNT:
	default:
		return compare_numbers(a->conn, b->conn);
	}
}

/* Numbers are wanted largest first, names and states from the first one on. */
static bool
is_descending(enum tf_column column)
{
	return column >= TF_COLUMN_AGE;
}

static int
by_wish(const void *p, const void *q, void *context)
{
	const struct tf_model *m = context;
	const struct tf_row *a = &m->row[*(const uint32_t *)p], *b = &m->row[*(const uint32_t *)q];
	int order = compare(m, a, b);

	if (!order)
		return compare_numbers(a->conn, b->conn);
	return is_descending(m->sort) != m->reverse ? -order : order;
}

/* Bring the COUNT rows that come first to the front, in no order (Hoare's selection). */
static void
select_first(struct tf_model *m, long count)
{
	long low = 0, high = (long)m->shown_count - 1;

	while (low < high) {
		uint32_t pivot = m->shown[low + (high - low) / 2];
		long i = low, j = high;
		while (i <= j) {
			while (by_wish(&m->shown[i], &pivot, m) < 0)
				i++;
			while (by_wish(&m->shown[j], &pivot, m) > 0)
				j--;
			if (i > j)
				break;
			uint32_t other = m->shown[i];
			m->shown[i++] = m->shown[j];
			m->shown[j--] = other;
		}
		if (count <= j)
			high = j;
		else if (count >= i)
			low = i;
		else
			return;
	}
}

static void
sort_first(struct tf_model *m)
{
	size_t sorted = m->shown_count < TF_MODEL_SORTED ? m->shown_count : TF_MODEL_SORTED;

	if (sorted < m->shown_count)
		select_first(m, (long)sorted);
	if (sorted > 1)
		qsort_r(m->shown, sorted, sizeof *m->shown, by_wish, m);
}

static bool
make_room(struct tf_model *m)
{
	uint32_t *bigger;

	if (m->count <= m->shown_capacity)
		return true;
	bigger = realloc(m->shown, m->count * sizeof *bigger);
	if (!bigger)
		return false;
	m->shown = bigger;
	m->shown_capacity = m->count;
	return true;
}

void
tf_model_arrange(struct tf_model *m)
{
	m->shown_count = 0;
	if (!make_room(m)) {
		m->no_memory = true;
		return;
	}
	for (size_t i = 0; i < m->count; i++)
		if (is_shown(m, &m->row[i]))
			m->shown[m->shown_count++] = (uint32_t)i;
	sort_first(m);
	if (!m->chosen && m->shown_count)
		m->chosen = m->row[m->shown[0]].conn;
}

void
tf_model_sort(struct tf_model *m, enum tf_column column)
{
	m->reverse = column == m->sort && !m->reverse;
	m->sort = column;
	tf_model_arrange(m);
}

/* ---- the choice ----------------------------------------------------------------- */

const struct tf_row *
tf_model_shown(const struct tf_model *m, size_t place)
{
	return place < m->shown_count ? &m->row[m->shown[place]] : NULL;
}

size_t
tf_model_place(const struct tf_model *m)
{
	for (size_t i = 0; i < m->shown_count; i++)
		if (m->row[m->shown[i]].conn == m->chosen)
			return i;
	return 0;
}

void
tf_model_move(struct tf_model *m, long by)
{
	long place = (long)tf_model_place(m) + by;

	if (!m->shown_count)
		return;
	if (place < 0)
		place = 0;
	if (place >= (long)m->shown_count)
		place = (long)m->shown_count - 1;
	m->chosen = m->row[m->shown[place]].conn;
}
