/*
 * An analyzer from its beginning to its end, but for the segments in
 * between: its memory, and what is asked of the whole.
 */
#include "tcpfsm/analyzer.h"

#include <stdlib.h>

#include "detect/capture.h"
#include "flow/arena.h"
#include "flow/flow.h"

static bool
make_pool(struct tf_pool *pool, size_t item_bytes, uint64_t capacity)
{
	/* In the index two of a number's 32 bits tell what it is of; one more is to spare. */
	if (capacity > UINT32_MAX / 8)
		capacity = UINT32_MAX / 8;
	*pool = (struct tf_pool){.item_bytes = (uint32_t)item_bytes, .capacity = (uint32_t)capacity};
	pool->items = tf_arena_new(pool->capacity, item_bytes);
	return pool->items != NULL;
}

static void
free_pool(struct tf_pool *pool)
{
	tf_arena_free(pool->items, pool->capacity, pool->item_bytes);
}

/* The most that the index holds: connections, and tombstones. */
static uint32_t
entries_of(const struct tf_config *config)
{
	uint64_t entries = (uint64_t)config->max_connections + config->max_tombstones + 2;

	return entries < UINT32_MAX / 4 ? (uint32_t)entries : UINT32_MAX / 4;
}

/* What is longer is never reached: times end at 2^62 ns (capture/pcapng_time.h), and this may be added to each of them. */
#define LONGEST_NS (INT64_C(1) << 61)

static void
take_config(struct tf_analyzer *a, const struct tf_config *config)
{
	a->config = *config;
	for (int i = 0; i < TF_TIMER_COUNT; i++)
		if (a->config.timer[i] > LONGEST_NS)
			a->config.timer[i] = LONGEST_NS;
}

struct tf_analyzer *
tf_analyzer_new(const struct tf_config *config, struct tf_sink sink)
{
	struct tf_analyzer *a = calloc(1, sizeof *a);
	size_t spare = config->reassembly_bytes;

	if (!a)
		return NULL;
	tf_fsm_init();
	take_config(a, config);
	a->ctx =
	    (struct tf_context){.config = &a->config, .sink = sink, .stats = &a->stats, .moves = &a->moves};
	uint64_t live = (uint64_t)config->max_connections + 1;
	if (!make_pool(&a->connections, sizeof(struct tf_connection), live) ||
	    !make_pool(&a->embryos, sizeof(struct tf_embryo), live) ||
	    !make_pool(&a->ctx.wide, sizeof(struct tf_wide), live) ||
	    !make_pool(&a->ctx.closings, sizeof(struct tf_closing), spare / 2 / sizeof(struct tf_closing)) ||
	    !make_pool(&a->ctx.extras, sizeof(struct tf_extra), spare / 8 * 3 / sizeof(struct tf_extra)) ||
	    !make_pool(&a->ctx.ranges, sizeof(struct tf_range), spare / 16 / sizeof(struct tf_range)) ||
	    !make_pool(&a->ctx.held, sizeof(struct tf_held_syn), spare / 16 / sizeof(struct tf_held_syn)) ||
	    !(a->ctx.memory = tf_memory_new(config->memory_key)) ||
	    !(a->preparation = tf_preparation_new(config->hash_key)) ||
	    !tf_graveyard_init(&a->graveyard, config->max_tombstones) ||
	    !tf_index_init(&a->index, 4096, entries_of(config)) ||
	    !tf_wheel_init(&a->wheel, &a->connections)) {
		tf_analyzer_free(a);
		return NULL;
	}
	a->connections_in_order = a->embryos_in_order = true;
	for (int i = 0; i < TF_EMBRYO_QUEUES; i++)
		a->embryo_queue[i].due_ns = INT64_MAX;
	a->embryo_due_ns = INT64_MAX;
	tf_analyzer_read_ahead(a, NULL);
	tf_choose_looks(a);
	return a;
}

void
tf_analyzer_free(struct tf_analyzer *a)
{
	if (!a)
		return;
	tf_index_fini(&a->index);
	tf_wheel_fini(&a->wheel);
	tf_memory_free(a->ctx.memory);
	tf_preparation_free(a->preparation);
	tf_graveyard_fini(&a->graveyard);
	free_pool(&a->ctx.held);
	free_pool(&a->ctx.ranges);
	free_pool(&a->ctx.extras);
	free_pool(&a->ctx.closings);
	tf_embryos_free(a);
	free_pool(&a->ctx.wide);
	free_pool(&a->embryos);
	free_pool(&a->connections);
	free(a);
}

void
tf_analyzer_hosts(const struct tf_analyzer *a, tf_host_fn *fn, void *context)
{
	tf_host_isn_list(a->ctx.memory, fn, context);
}

void
tf_analyzer_note_rules(struct tf_analyzer *a, bool *fired)
{
	a->ctx.fired = fired;
	tf_preparation_be_thorough(a->preparation, fired != NULL);
}

void
tf_analyzer_note_drops(struct tf_analyzer *a, uint64_t dropped)
{
	a->ctx.dropped |= dropped > 0;
}

void
tf_analyzer_judge_capture(struct tf_analyzer *a, const struct tf_capture_facts *facts)
{
	a->ctx.packet = 0;
	if (!a->started)
		a->ctx.now_ns = facts->clock_ns; /* no segment has set the clock */
	tf_detect_capture(&a->ctx, facts);
}

const struct tf_stats *
tf_analyzer_stats(const struct tf_analyzer *a)
{
	return &a->stats;
}
