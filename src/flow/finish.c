/*
 * The input is over: what is still open is told, by number.
 */
#include <stdlib.h>

#include "flow/arena.h"
#include "flow/flow.h"

/* A connection or an embryo, and its number. */
struct survivor {
	uint64_t conn;
	uint32_t value; /* as in the index */
};

/* As a brief where that is enough, else as a connection.  They come out one after the other in the same place. */
static inline void
end_embryo(struct tf_analyzer *a, const struct tf_embryo *e, uint32_t *scratch)
{
	const struct tf_shape *shape = &a->moves.shape[e->shape].shape;
	if (!(e->aside & TF_CONN_EMBRYONIC >> TF_CONN_ASIDE_SHIFT) &&
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

/* What holds the first place of POOL from AT on that is not free.  BIT: what its places have in the index.  Without one
 * its value is 0, and its number the greatest. */
static struct survivor
first_from(const struct tf_analyzer *a, const struct tf_pool *pool, uint32_t at, uint32_t bit)
{
	for (; at <= pool->fresh; at++)
		if (tf_value_conn(a, at | bit))
			return (struct survivor){tf_value_conn(a, at | bit), at | bit};
	return (struct survivor){UINT64_MAX, 0};
}

static void
end_survivor(struct tf_analyzer *a, uint32_t value, uint32_t *scratch)
{
	if (value & TF_EMBRYO_BIT)
		end_embryo(a, tf_embryo_at(a, value & ~TF_EMBRYO_BIT), scratch);
	else
		tf_table_end(a, value, TF_GONE_FINISHED);
}

/* Numbers rise with places in both arenas: the next one is the first that is left of one or of the other. */
static void
end_in_order_of_places(struct tf_analyzer *a)
{
	const struct tf_pool *connections = &a->connections, *embryos = &a->embryos;
	uint32_t scratch = 0;
	struct survivor c = first_from(a, connections, 1, 0), e = first_from(a, embryos, 1, TF_EMBRYO_BIT);

	while (c.value || e.value) {
		if (c.conn < e.conn) {
			end_survivor(a, c.value, &scratch);
			c = first_from(a, connections, c.value + 1, 0);
		} else {
			end_survivor(a, e.value, &scratch);
			e = first_from(a, embryos, (e.value & ~TF_EMBRYO_BIT) + 1, TF_EMBRYO_BIT);
		}
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
	uint64_t range = count ? last - first + 1 : 0;
	uint32_t *value = range && range <= (uint64_t)8 * count
	                      ? tf_arena_new(range, sizeof *value, TF_ARENA_SCATTERED)
	                      : NULL;
	if (!value) {
		qsort(order, count, sizeof *order, by_number);
		return;
	}
	for (uint32_t i = 0; i < count; i++)
		value[order[i].conn - first] = order[i].value;
	for (uint64_t i = 0, n = 0; n < count; i++)
		if (value[i])
			order[n++] = (struct survivor){first + i, value[i]};
	tf_arena_free(value, range, sizeof *value);
}

/* Put all that POOL holds at END; the new end. */
static struct survivor *
gather(const struct tf_analyzer *a, const struct tf_pool *pool, uint32_t bit, struct survivor *end)
{
	enum { AHEAD = 24 };

	for (uint32_t at = 1, left = pool->used; left && at <= pool->fresh; at++) {
		uint64_t conn = tf_value_conn(a, at | bit);
		__builtin_prefetch(tf_pool_at(pool, at + AHEAD));
		if (!conn)
			continue;
		*end++ = (struct survivor){conn, at | bit};
		left--;
	}
	return end;
}

static void
end_in_order_of_numbers(struct tf_analyzer *a)
{
	uint32_t count = tf_live(a), scratch = 0;
	struct survivor *order = tf_arena_new(count, sizeof *order, TF_ARENA_SCATTERED);

	if (!order)
		return;
	(void)gather(a, &a->embryos, TF_EMBRYO_BIT, gather(a, &a->connections, 0, order));
	sort(order, count);
	for (uint32_t i = 0; i < count; i++) {
		if (i + 12 < count)
			tf_value_prefetch(a, order[i + 12].value);
		if (i + 6 < count)
			tf_value_prefetch_closing(a, order[i + 6].value);
		end_survivor(a, order[i].value, &scratch);
	}
	tf_arena_free(order, count, sizeof *order);
}

void
tf_analyzer_finish(struct tf_analyzer *a)
{
	a->ctx.packet = 0;
	tf_detect_finish(&a->ctx);
	tf_tombstones_finish(a);
	if (a->connections_in_order && a->embryos_in_order)
		end_in_order_of_places(a);
	else
		end_in_order_of_numbers(a);
	tf_briefs_emit(&a->ctx);
}
