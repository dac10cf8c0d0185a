/*
 * The input is over: what is still open is told, by number; but what is only
 * counted in the order in which it lies in memory.
 */
#include <stdlib.h>

#include "flow/arena.h"
#include "flow/flow.h"

/* Places in their order are asked for so many before their turn. */
#define PLACES_AHEAD 24

/* A connection or an embryo, and its number. */
struct survivor {
	uint64_t conn;
	uint32_t value; /* as in the index */
};

/* How many of each there are. */
struct survivors {
	uint32_t connections, embryos;
};

/* ---- what is only counted --------------------------------------------------------------- */

/* Briefs are all that is wanted, and what is left to say of a survivor stands in its shape: of a connection that is
 * established, or was, or of an embryo.  Nothing else of it is looked at: so a single line of cache is wanted. */
static inline bool
connection_ends_briefly(const struct tf_analyzer *a, const struct tf_connection *c)
{
	const uint32_t more = TF_CONN_MIDSTREAM | TF_CONN_FOUND_MIDSTREAM | TF_CONN_HOLDS_SYN |
	                      TF_CONN_WAITING | TF_CONN_IN_A_CROWD | TF_CONN_EMBRYONIC;

	return c->shape && (c->flags & (more | TF_CONN_ESTABLISHED)) == TF_CONN_ESTABLISHED &&
	       !a->moves.shape[c->shape].shape.calm && tf_brief_is_enough(&a->ctx);
}

/* VALUE: as in the index. */
static inline bool
ends_briefly(const struct tf_analyzer *a, uint32_t value)
{
	if (value & TF_EMBRYO_BIT)
		return tf_embryo_ends_briefly(a, tf_embryo_at(a, value & ~TF_EMBRYO_BIT));
	return connection_ends_briefly(a, tf_connection_at(a, value));
}

/* They are only counted, so their order is nobody's concern, and the next one lies behind each.  How many are left: as a
 * rule none, or few that come first, and then hardly any has to be visited twice. */
static struct survivors
tell_briefs(struct tf_analyzer *a)
{
	struct survivors left = {a->connections.used, a->embryos.used};

	if (!tf_brief_is_enough(&a->ctx))
		return left;

	for (uint32_t at = 1; at <= a->connections.fresh; at++) {
		const struct tf_connection *c = tf_connection_at(a, at);
		__builtin_prefetch(c + PLACES_AHEAD);
		if (!c->conn || !connection_ends_briefly(a, c))
			continue;
		tf_brief_keep(&a->ctx, tf_brief_of_shape(a, c->conn, c->shape));
		left.connections--;
	}
	for (uint32_t at = 1; at <= a->embryos.fresh; at++) {
		const struct tf_embryo *e = tf_embryo_at(a, at);
		if (!e->conn || !tf_embryo_ends_briefly(a, e))
			continue;
		tf_brief_keep(&a->ctx, tf_brief_of_shape(a, e->conn, e->shape));
		left.embryos--;
	}
	return left;
}

/* ---- in the order of places --------------------------------------------------------------- */

/* As a connection: they come out one after the other in the same place. */
static void
end_embryo(struct tf_analyzer *a, const struct tf_embryo *e, uint32_t *scratch)
{
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

/* What holds the first place of POOL from AT on that is not free, briefs left out.  BIT: what its places have in the index.  LEFT:
 * how many there are, which becomes one less.  Without one its value is 0, and its number the greatest. */
static struct survivor
first_from(const struct tf_analyzer *a, const struct tf_pool *pool, uint32_t *left, uint32_t at, uint32_t bit)
{
	for (; *left && at <= pool->fresh; at++)
		if (tf_value_conn(a, at | bit) && !ends_briefly(a, at | bit)) {
			--*left;
			return (struct survivor){tf_value_conn(a, at | bit), at | bit};
		}
	return (struct survivor){UINT64_MAX, 0};
}

/* Numbers rise with places in both arenas: the next one is the first that is left of one or of the other. */
static void
end_in_order_of_places(struct tf_analyzer *a, struct survivors left)
{
	const struct tf_pool *connections = &a->connections, *embryos = &a->embryos;
	uint32_t scratch = 0;
	struct survivor c = first_from(a, connections, &left.connections, 1, 0),
	                e = first_from(a, embryos, &left.embryos, 1, TF_EMBRYO_BIT);

	while (c.value || e.value) {
		if (c.conn < e.conn) {
			end_survivor(a, c.value, &scratch);
			c = first_from(a, connections, &left.connections, c.value + 1, 0);
		} else {
			end_survivor(a, e.value, &scratch);
			e = first_from(a, embryos, &left.embryos, (e.value & ~TF_EMBRYO_BIT) + 1,
			               TF_EMBRYO_BIT);
		}
	}
}

/* ---- in the order of numbers ------------------------------------------------------- */

/* By number, from FIRST on, what has it; 0: nothing. */
struct ranks {
	uint64_t first;
	size_t count;
	uint32_t *value;
};

/* Call FN with what each place of POOL holds that is not free, briefs left out, until it returns false. */
static bool
each_of(const struct tf_analyzer *a, const struct tf_pool *pool, uint32_t bit,
        bool (*fn)(void *, struct survivor), void *context)
{
	for (uint32_t at = 1, left = pool->used; left && at <= pool->fresh; at++) {
		uint64_t conn = tf_value_conn(a, at | bit);
		__builtin_prefetch(tf_pool_at(pool, at + PLACES_AHEAD));
		if (!conn)
			continue;
		left--;
		if (ends_briefly(a, at | bit))
			continue;
		if (!fn(context, (struct survivor){conn, at | bit}))
			return false;
	}
	return true;
}

static bool
put_at_rank(void *context, struct survivor s)
{
	const struct ranks *r = context;

	if (s.conn < r->first)
		return false;
	r->value[s.conn - r->first] = s.value;
	return true;
}

static bool
each_survivor(const struct tf_analyzer *a, bool (*fn)(void *, struct survivor), void *context)
{
	return each_of(a, &a->connections, 0, fn, context) &&
	       each_of(a, &a->embryos, TF_EMBRYO_BIT, fn, context);
}

/* As a rule numbers are dense: those that are left are among the last eight times as many that were given. */
static bool
rank(const struct tf_analyzer *a, struct ranks *r)
{
	uint64_t range = (uint64_t)8 * tf_live(a);

	/* That many can be numbered: what lives takes 64 octets and more. */
	r->count = (size_t)(range < a->next_conn ? range : a->next_conn);
	r->first = a->next_conn - r->count + 1;
	r->value = tf_arena_new(r->count, sizeof *r->value);
	return r->value && each_survivor(a, put_at_rank, r);
}

/* Whether it has rare things, too, stands where that begins which its close needed. */
TF_PREFETCHES void
prefetch_end(const struct tf_analyzer *a, uint32_t value)
{
	if (value && !(value & TF_EMBRYO_BIT) && tf_connection_at(a, value)->closing)
		__builtin_prefetch(tf_closing_if(&a->ctx, tf_connection_at(a, value)));
}

static void
end_ranked(struct tf_analyzer *a, const struct ranks *r)
{
	enum { FAR = 12, NEAR = 6 };
	uint32_t scratch = 0;

	for (size_t i = 0; i < r->count; i++) {
		if (i + FAR < r->count && r->value[i + FAR])
			tf_value_prefetch(a, r->value[i + FAR]);
		if (i + NEAR < r->count)
			prefetch_end(a, r->value[i + NEAR]);
		if (r->value[i])
			end_survivor(a, r->value[i], &scratch);
	}
}

/* Some began long before the others. */

static int
by_number(const void *p, const void *q)
{
	const struct survivor *a = p, *b = q;

	return a->conn < b->conn ? -1 : a->conn > b->conn;
}

static bool
append(void *context, struct survivor s)
{
	struct survivor **end = context;

	*(*end)++ = s;
	return true;
}

static void
end_sorted(struct tf_analyzer *a)
{
	uint32_t count = tf_live(a), scratch = 0;
	struct survivor *order = malloc(count * sizeof *order), *end = order;

	if (!order)
		return;
	(void)each_survivor(a, append, &end);
	qsort(order, (size_t)(end - order), sizeof *order, by_number);
	for (const struct survivor *s = order; s < end; s++)
		end_survivor(a, s->value, &scratch);
	free(order);
}

static void
end_in_order_of_numbers(struct tf_analyzer *a)
{
	struct ranks r = {.count = 0};

	if (rank(a, &r))
		end_ranked(a, &r);
	else
		end_sorted(a);
	tf_arena_free(r.value, r.count, sizeof *r.value);
}

static void
end_the_others(struct tf_analyzer *a, struct survivors left)
{
	if (a->connections_in_order && a->embryos_in_order)
		end_in_order_of_places(a, left);
	else if (left.connections || left.embryos)
		end_in_order_of_numbers(a);
}

void
tf_analyzer_finish(struct tf_analyzer *a)
{
	a->ctx.packet = 0;
	tf_detect_finish(&a->ctx);
	tf_tombstones_finish(a);
	end_the_others(a, tell_briefs(a));
	tf_detect_over(&a->ctx);
	tf_briefs_emit(&a->ctx);
}
