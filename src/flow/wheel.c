/*
 * The timing wheel: 4,096 slots of 2^27 ns (134 ms), nine minutes all
 * round.  What lies farther ahead waits in coarser levels, whose slots are
 * as long as the whole level below: one reaches 26 days, the next as far as
 * times go.  When the hand comes to a coarse slot, what is in it is filed
 * anew, so that an entry is touched once a level, however long it waits.
 *
 * Slots are lists through the places of connections, which lie apart from
 * them.  Within a slot there is no order; a small heap makes one of what is
 * due.
 */
#include "flow/wheel.h"

#include <stdlib.h>

#include "flow/arena.h"

#define TICK_BITS  27
#define LEVEL_BITS 12
_Static_assert(TF_WHEEL_SLOTS == 1 << LEVEL_BITS, "a slot is as long as all of the level below");

/* The first in a slot has no neighbour before it: there stands which slot it is, with this bit. */
#define FIRST_IN (UINT32_C(1) << 31)

static int64_t
tick_of(int64_t ns)
{
	return ns >> TICK_BITS;
}

static int64_t
tick_begins(int64_t tick)
{
	return tick * (INT64_C(1) << TICK_BITS);
}

/* TICK in the longer ticks of LEVEL. */
static int64_t
at_level(unsigned level, int64_t tick)
{
	return tick >> level * LEVEL_BITS;
}

static int64_t
from_level(unsigned level, int64_t coarse)
{
	return coarse * (INT64_C(1) << level * LEVEL_BITS);
}

bool
tf_wheel_init(struct tf_wheel *w, const struct tf_pool *connections)
{
	*w = (struct tf_wheel){.connections = connections, .soonest_ns = INT64_MAX, .coarse_ns = INT64_MAX};
	w->place = tf_arena_new((size_t)connections->capacity + 1, sizeof *w->place);
	return w->place != NULL;
}

void
tf_wheel_start(struct tf_wheel *w, int64_t now_ns)
{
	w->tick = tick_of(now_ns);
}

void
tf_wheel_fini(struct tf_wheel *w)
{
	if (w->place)
		tf_arena_free(w->place, (size_t)w->connections->capacity + 1, sizeof *w->place);
	free(w->due);
}

/* COARSE: in the ticks of LEVEL. */
static unsigned
slot_of(unsigned level, int64_t coarse)
{
	return level * TF_WHEEL_SLOTS + (unsigned)(coarse & (TF_WHEEL_SLOTS - 1));
}

/* P, which is in the wheel, goes out of the list that it is in. */
static void
take_out(struct tf_wheel *w, const struct tf_wheel_place *p)
{
	if (p->next)
		w->place[p->next].prev = p->prev;
	if (!(p->prev & FIRST_IN)) {
		w->place[p->prev].next = p->next;
		return;
	}
	uint32_t slot = p->prev & ~FIRST_IN;
	w->slot[slot] = p->next;
	if (!p->next)
		w->full[slot / 64] &= ~(UINT64_C(1) << slot % 64);
}

void
tf_wheel_remove(struct tf_wheel *w, uint32_t index)
{
	struct tf_wheel_place *p = &w->place[index];

	if (!p->until)
		return;
	take_out(w, p);
	p->until = 0;
}

/* The slot for DEADLINE, which is a round of the finest level or more ahead.  Never that under the hand of its level:
 * what is filed anew there goes to another one. */
static unsigned
coarse_slot(struct tf_wheel *w, int64_t deadline_ns)
{
	unsigned level = 0;
	int64_t hand, coarse;

	do {
		level++;
		hand = at_level(level, w->tick);
		coarse = at_level(level, tick_of(deadline_ns));
	} while (coarse - hand >= TF_WHEEL_SLOTS && level < TF_WHEEL_LEVELS - 1);
	/* More than a round of the last level ahead lies only what is centuries away from times before 1970. */
	if (coarse - hand >= TF_WHEEL_SLOTS)
		coarse = hand + TF_WHEEL_SLOTS - 1;
	int64_t begins_ns = tick_begins(from_level(level, coarse));
	if (begins_ns < w->coarse_ns)
		w->coarse_ns = begins_ns;
	return slot_of(level, coarse);
}

void
tf_wheel_move(struct tf_wheel *w, uint32_t index, int64_t deadline_ns)
{
	struct tf_wheel_place *p = &w->place[index];

	if (p->until)
		take_out(w, p);
	/* Never behind the hand. */
	int64_t ahead = tick_of(deadline_ns) - w->tick;
	if (ahead < 0)
		deadline_ns = tick_begins(w->tick);
	unsigned slot =
	    ahead < TF_WHEEL_SLOTS ? slot_of(0, tick_of(deadline_ns)) : coarse_slot(w, deadline_ns);
	*p = (struct tf_wheel_place){(uint64_t)INT64_MAX - (uint64_t)deadline_ns, w->slot[slot],
	                             FIRST_IN | slot};
	if (p->next)
		w->place[p->next].prev = index;
	else
		w->full[slot / 64] |= UINT64_C(1) << slot % 64;
	w->slot[slot] = index;
	if (deadline_ns < w->soonest_ns)
		w->soonest_ns = deadline_ns;
}

void
tf_wheel_file(struct tf_wheel *w, uint32_t index, int64_t deadline_ns)
{
	if (deadline_ns < tf_wheel_deadline(w, index))
		tf_wheel_move(w, index, deadline_ns);
}

static bool
before(const struct tf_due *a, const struct tf_due *b)
{
	return a->deadline_ns != b->deadline_ns ? a->deadline_ns < b->deadline_ns : a->conn < b->conn;
}

/* DUE takes the place I of the heap, which is free, or one above it: those in between that are later move down. */
static void
let_rise(struct tf_wheel *w, size_t i, struct tf_due due)
{
	while (i > 0 && before(&due, &w->due[(i - 1) / 2])) {
		w->due[i] = w->due[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	w->due[i] = due;
}

/* Room for the item COUNT of w->due. */
static bool
make_room(struct tf_wheel *w, size_t count)
{
	if (count < w->due_room)
		return true;
	size_t room = w->due_room ? w->due_room * 2 : 256;
	struct tf_due *larger = realloc(w->due, room * sizeof *larger);
	if (!larger)
		return false;
	w->due = larger;
	w->due_room = room;
	return true;
}

bool
tf_wheel_push(struct tf_wheel *w, struct tf_due due)
{
	if (!make_room(w, w->due_count))
		return false;
	let_rise(w, w->due_count++, due);
	return true;
}

void
tf_wheel_due(struct tf_wheel *w, struct tf_due due)
{
	if (!tf_wheel_push(w, due))
		tf_wheel_file(w, due.index, due.deadline_ns); /* late, but not lost */
	else if (due.deadline_ns < w->soonest_ns)
		w->soonest_ns = due.deadline_ns;
}

bool
tf_wheel_pop(struct tf_wheel *w, int64_t now_ns, struct tf_due *out)
{
	if (!w->due_count || w->due[0].deadline_ns >= now_ns)
		return false;
	*out = w->due[0];
	struct tf_due last = w->due[--w->due_count];
	/* The last one mostly belongs near the end, so the gap goes down to there without a look at it. */
	size_t i = 0;
	for (size_t child; (child = 2 * i + 1) < w->due_count; i = child) {
		if (child + 1 < w->due_count && before(&w->due[child + 1], &w->due[child]))
			child++;
		w->due[i] = w->due[child];
	}
	if (w->due_count)
		let_rise(w, i, last);
	return true;
}

/* Who was filed last comes first in its slot: the other way round they are nearly in order. */
static void
reverse(struct tf_due *first, struct tf_due *last)
{
	for (; first < last; first++, last--) {
		struct tf_due due = *first;
		*first = *last;
		*last = due;
	}
}

/* Their numbers, which are far, are asked for while the list is followed. */
static bool
collect_slot(struct tf_wheel *w, unsigned slot)
{
	size_t end = w->due_count;

	for (uint32_t index = w->slot[slot]; index && make_room(w, end); index = w->slot[slot]) {
		__builtin_prefetch(tf_pool_at(w->connections, index));
		w->due[end++] = (struct tf_due){.deadline_ns = tf_wheel_deadline(w, index), .index = index};
		tf_wheel_remove(w, index);
	}
	if (end > w->due_count)
		reverse(&w->due[w->due_count], &w->due[end - 1]);
	while (w->due_count < end) {
		struct tf_due *due = &w->due[w->due_count];
		due->conn = ((const struct tf_connection *)tf_pool_at(w->connections, due->index))->conn;
		let_rise(w, w->due_count++, *due);
	}
	return !w->slot[slot];
}

/* The first slot of LEVEL at or after FROM that is not empty; its tick, or TO: all in the ticks of that level. */
static int64_t
next_full(const struct tf_wheel *w, unsigned level, int64_t from, int64_t to)
{
	for (int64_t t = from; t < to;) {
		unsigned slot = slot_of(level, t);
		uint64_t word = w->full[slot / 64] >> slot % 64;
		if (word)
			return t + __builtin_ctzll(word) < to ? t + __builtin_ctzll(word) : to;
		t += 64 - slot % 64;
	}
	return to;
}

/* All before tick END goes to the heap.  *SOONEST: when the first slot begins that is left. */
static bool
collect_before(struct tf_wheel *w, int64_t end, int64_t *soonest_ns)
{
	int64_t last = w->tick + TF_WHEEL_SLOTS, t;

	for (t = next_full(w, 0, w->tick, last); t < last && t < end; t = next_full(w, 0, t + 1, last))
		if (!collect_slot(w, slot_of(0, t)))
			return false;
	*soonest_ns = t < last ? tick_begins(t) : INT64_MAX;
	return true;
}

static int64_t
next_coarse(const struct tf_wheel *w)
{
	int64_t next_ns = INT64_MAX;

	for (unsigned level = 1; level < TF_WHEEL_LEVELS; level++) {
		int64_t hand = at_level(level, w->tick), last = hand + TF_WHEEL_SLOTS;
		int64_t coarse = next_full(w, level, hand, last);
		if (coarse < last && tick_begins(from_level(level, coarse)) < next_ns)
			next_ns = tick_begins(from_level(level, coarse));
	}
	return next_ns;
}

/* What is in the coarse slots under the hand is filed anew. */
static void
open_coarse_slots(struct tf_wheel *w)
{
	for (unsigned level = 1; level < TF_WHEEL_LEVELS; level++) {
		unsigned slot = slot_of(level, at_level(level, w->tick));
		for (uint32_t index; (index = w->slot[slot]);)
			tf_wheel_move(w, index, tf_wheel_deadline(w, index));
	}
	w->coarse_ns = next_coarse(w);
}

/* On its way to NOW the hand stops where coarse slots begin, so that what is in them is never behind it. */
static bool
pass_coarse_slots(struct tf_wheel *w, int64_t now_ns)
{
	int64_t soonest_ns;

	while (w->coarse_ns < now_ns) {
		int64_t stop = tick_of(w->coarse_ns);
		if (!collect_before(w, stop, &soonest_ns))
			return false;
		w->tick = stop;
		open_coarse_slots(w);
	}
	return true;
}

bool
tf_wheel_collect(struct tf_wheel *w, int64_t now_ns)
{
	int64_t soonest_ns;

	if (!pass_coarse_slots(w, now_ns) || !collect_before(w, tick_of(now_ns) + 1, &soonest_ns))
		return false;
	if (tick_of(now_ns) > w->tick)
		w->tick = tick_of(now_ns);
	if (w->coarse_ns < soonest_ns)
		soonest_ns = w->coarse_ns;
	if (w->due_count && w->due[0].deadline_ns < soonest_ns)
		soonest_ns = w->due[0].deadline_ns;
	w->soonest_ns = soonest_ns;
	return true;
}
