/*
 * The input is over: what is still open is told, by number.
 */
#include <stdlib.h>

#include "flow/flow.h"

/* A connection or an embryo, and its number. */
struct survivor {
	uint64_t conn;
	uint32_t value; /* as in the index */
};

/* The next one after *AT, by place; 0: there is none. */
static uint32_t
next_survivor(const struct tf_analyzer *a, uint64_t *at)
{
	uint64_t end = TF_PARTS * ((uint64_t)a->connections.fresh + 1);

	/* Places begin with 1. */
	for (uint64_t next = *at ? *at + 1 : TF_PARTS; next < end; next = *at + 1) {
		uint32_t index = (uint32_t)(next / TF_PARTS);
		uint32_t value = tf_value_in(a, index, next % TF_PARTS);
		bool has_parts = (tf_connection_at(a, index)->flags & TF_CONN_EMBRYOS) != 0;
		*at = has_parts ? next : next + TF_PARTS - 1;
		if (value)
			return value;
	}
	return 0;
}

/* Do the places come in the order of numbers, as they do until one is used again? */
static bool
is_in_order(const struct tf_analyzer *a)
{
	uint64_t last = 0, at = 0;

	for (uint32_t value; (value = next_survivor(a, &at)); last = tf_value_conn(a, value)) {
		if (tf_value_conn(a, value) < last)
			return false;
		if (at / TF_PARTS > a->unordered_to)
			break;
	}
	return true;
}

/* As a brief where that is enough, else as a connection.  They come out one after the other in the same place. */
static inline void
end_embryo(struct tf_analyzer *a, const struct tf_embryo *e, uint32_t *scratch)
{
	const struct tf_shape *shape = &a->moves.shape[e->shape].shape;
	if (!(e->flags & TF_CONN_EMBRYONIC) &&
	    tf_brief_keep(&a->ctx, e->conn, (enum tf_state)(shape->history[TF_CLIENT] & 0xf),
	                  (enum tf_state)(shape->history[TF_SERVER] & 0xf)))
		return;
	if (!*scratch)
		*scratch = tf_pool_get(&a->connections);
	struct tf_connection *c = tf_connection_at(a, *scratch);
	*c = (struct tf_connection){0};
	tf_embryo_fill(a, e, c);
	tf_table_end(a, *scratch, TF_GONE_FINISHED);
	tf_extra_release(&a->ctx, c);
	c->conn = 0;
}

static void
end_survivor(struct tf_analyzer *a, uint32_t value, uint32_t *scratch)
{
	if (value & TF_EMBRYO_BIT)
		end_embryo(a, tf_embryo_at(a, value & ~TF_EMBRYO_BIT), scratch);
	else
		tf_table_end(a, value, TF_GONE_FINISHED);
}

static void
end_in_order_of_places(struct tf_analyzer *a)
{
	uint32_t scratch = 0;

	for (uint32_t i = 1, fresh = a->connections.fresh; i <= fresh; i++) {
		const struct tf_connection *c = tf_connection_at(a, i);
		if (!(c->flags & TF_CONN_EMBRYOS)) {
			if (c->conn)
				tf_table_end(a, i, TF_GONE_FINISHED);
			continue;
		}
		for (uint32_t part = 0; part < TF_PARTS; part++)
			if (tf_value_in(a, i, part))
				end_embryo(a, tf_embryo_at(a, i * TF_PARTS + part), &scratch);
	}
}

static int
by_number(const void *p, const void *q)
{
	const struct survivor *a = p, *b = q;

	return a->conn < b->conn ? -1 : a->conn > b->conn;
}

/* ORDER, of COUNT, by number.  As a rule numbers are dense: then each is put where it belongs at once. */
static void
sort(struct survivor *order, uint32_t count)
{
	uint64_t first = UINT64_MAX, last = 0;

	for (uint32_t i = 0; i < count; i++) {
		first = order[i].conn < first ? order[i].conn : first;
		last = order[i].conn > last ? order[i].conn : last;
	}
	uint32_t *value =
	    count && last - first < (uint64_t)8 * count ? calloc(last - first + 1, sizeof *value) : NULL;
	if (!value) {
		qsort(order, count, sizeof *order, by_number);
		return;
	}
	for (uint32_t i = 0; i < count; i++)
		value[order[i].conn - first] = order[i].value;
	for (uint64_t i = 0, n = 0; n < count; i++)
		if (value[i])
			order[n++] = (struct survivor){first + i, value[i]};
	free(value);
}

static void
end_in_order_of_numbers(struct tf_analyzer *a)
{
	struct survivor *order = calloc((size_t)tf_live(a) + 1, sizeof *order);
	uint32_t count = 0, scratch = 0;
	uint64_t at = 0;

	if (!order)
		return;
	for (uint32_t value; (value = next_survivor(a, &at));)
		order[count++] = (struct survivor){tf_value_conn(a, value), value};
	sort(order, count);
	for (uint32_t i = 0; i < count; i++) {
		if (i + 12 < count)
			tf_value_prefetch(a, order[i + 12].value);
		if (i + 6 < count)
			tf_value_prefetch_closing(a, order[i + 6].value);
		end_survivor(a, order[i].value, &scratch);
	}
	free(order);
}

void
tf_analyzer_finish(struct tf_analyzer *a)
{
	a->ctx.packet = 0;
	tf_detect_finish(&a->ctx);
	tf_tombstones_finish(a);
	if (is_in_order(a))
		end_in_order_of_places(a);
	else
		end_in_order_of_numbers(a);
	tf_briefs_emit(&a->ctx);
}
