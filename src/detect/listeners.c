/*
 * The table of listeners: sets of four places.  A new listener takes the
 * place of one that holds no embryonic connection and was answered least.
 */
#include "detect/listeners.h"

#include <stdlib.h>

#include "detect/marks.h"

/* ---- places ------------------------------------------------------------------------------- */

static struct tf_listener *
find_in(struct tf_listeners *t, const struct tf_listener_slot *set, const struct tf_addr *addr, uint16_t port,
        uint16_t tag)
{
	for (int i = 0; i < TF_LISTENER_WAYS; i++) {
		if (set[i].tag != tag)
			continue;
		struct tf_listener *l = &t->listener[set[i].listener - 1];
		if (l->port == port && memcmp(&l->addr, addr, sizeof *addr) == 0)
			return l;
	}
	return NULL;
}

struct tf_listener *
tf_listener_find(struct tf_listeners *t, const struct tf_addr *addr, uint16_t port)
{
	if (!t->used || !port)
		return NULL;
	uint64_t hash = tf_memory_hash(t->key, addr, port);
	return find_in(t, t->slot[hash % TF_LISTENER_SETS], addr, port, tf_listener_tag(hash));
}

/* A free one, or else that of a listener that can go; NULL: none can. */
static struct tf_listener_slot *
room_in(const struct tf_listeners *t, struct tf_listener_slot *set)
{
	struct tf_listener_slot *victim = NULL;
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < TF_LISTENER_WAYS; i++) {
		const struct tf_listener *l = set[i].tag ? &t->listener[set[i].listener - 1] : NULL;
		if (l && (tf_listener_embryonic(l) || l->answered >= least))
			continue;
		victim = &set[i];
		least = l ? l->answered : 0;
	}
	return victim;
}

static __attribute__((noinline)) struct tf_listener *
make(struct tf_listeners *t, struct tf_listener_slot *set, const struct tf_addr *addr, uint16_t port,
     uint16_t tag)
{
	struct tf_listener_slot *room = room_in(t, set);

	if (!room)
		return NULL;
	if (!room->listener)
		room->listener = (uint16_t)++t->used;
	room->tag = tag;
	struct tf_listener *l = &t->listener[room->listener - 1];
	*l = (struct tf_listener){.addr = *addr, .port = port};
	return l;
}

struct tf_listener *
tf_listener_get(struct tf_listeners *t, const struct tf_addr *addr, uint16_t port)
{
	uint64_t hash = tf_memory_hash(t->key, addr, port);
	struct tf_listener_slot *set = t->slot[hash % TF_LISTENER_SETS];

	if (!port)
		return NULL;
	struct tf_listener *l = find_in(t, set, addr, port, tf_listener_tag(hash));
	return l ? l : make(t, set, addr, port, tf_listener_tag(hash));
}

/* ---- evidence ----------------------------------------------------------------------------- */

_Static_assert(TF_LISTENER_CONNS == TF_MARKS, "tf_listener.noted has a bit for each");
_Static_assert(TF_LISTENERS <= UINT16_MAX, "tf_listener_slot.listener, and that of a handshake");

static const struct tf_listener_evidence *
evidence_of(const struct tf_listeners *t, const struct tf_listener *l)
{
	return t->evidence[l - t->listener];
}

void
tf_listener_note(struct tf_listeners *t, struct tf_listener *l, uint64_t conn, uint64_t packet)
{
	if (l->noted == UINT32_MAX)
		return;
	unsigned at = (unsigned)__builtin_ctz(~l->noted);
	l->noted |= UINT32_C(1) << at;
	l->mark[at] = (uint8_t)conn;
	/* `answered` only grows while anything is noted. */
	t->evidence[l - t->listener][at] = (struct tf_listener_evidence){conn, packet, l->answered};
}

void
tf_listener_strike_out(const struct tf_listeners *t, struct tf_listener *l, uint64_t conn)
{
	for (uint32_t rest = l->noted & tf_marks_equal(l->mark, (uint8_t)conn); rest; rest &= rest - 1) {
		unsigned at = (unsigned)__builtin_ctz(rest);
		if (evidence_of(t, l)[at].conn == conn)
			l->noted &= ~(UINT32_C(1) << at);
	}
}

static int
by_turn(const void *p, const void *q)
{
	const struct tf_listener_evidence *a = p, *b = q;

	return a->turn < b->turn ? -1 : a->turn > b->turn;
}

uint32_t
tf_listener_noted(const struct tf_listeners *t, const struct tf_listener *l,
                  struct tf_listener_evidence out[TF_LISTENER_CONNS])
{
	uint32_t count = 0;

	for (uint32_t rest = l->noted; rest; rest &= rest - 1)
		out[count++] = evidence_of(t, l)[__builtin_ctz(rest)];
	qsort(out, count, sizeof *out, by_turn);
	return count;
}
