/*
 * The table of listeners: sets of four places.  A new listener takes the
 * place of one that holds no embryonic connection and was answered least.
 */
#include "detect/listeners.h"

#include <string.h>

#include "detect/memory.h"

static struct tf_listener *
set_of(struct tf_listeners *t, const struct tf_addr *addr, uint16_t port)
{
	return t->place[tf_memory_hash(t->key, addr, port) % TF_LISTENER_SETS];
}

static struct tf_listener *
find_in(struct tf_listener *set, const struct tf_addr *addr, uint16_t port)
{
	for (int i = 0; i < TF_LISTENER_WAYS; i++)
		if (set[i].port == port && memcmp(&set[i].addr, addr, sizeof *addr) == 0)
			return &set[i];
	return NULL;
}

struct tf_listener *
tf_listener_find(struct tf_listeners *t, const struct tf_addr *addr, uint16_t port)
{
	return t->any && port ? find_in(set_of(t, addr, port), addr, port) : NULL;
}

struct tf_listener *
tf_listener_get(struct tf_listeners *t, const struct tf_addr *addr, uint16_t port)
{
	struct tf_listener *set = set_of(t, addr, port), *victim = NULL, *l = find_in(set, addr, port);

	if (l || !port)
		return l;
	for (int i = 0; i < TF_LISTENER_WAYS; i++) {
		if (set[i].port && tf_listener_embryonic(&set[i]))
			continue;
		if (!victim || !set[i].port || (victim->port && set[i].answered < victim->answered))
			victim = &set[i];
	}
	if (!victim || victim->port)
		t->dropped++;
	if (!victim)
		return NULL;
	*victim = (struct tf_listener){.addr = *addr, .port = port};
	t->any = true;
	return victim;
}
