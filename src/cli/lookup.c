/*
 * Names of addresses: a table in front of getnameinfo().  It knows IPv4
 * addresses by their mapped form (RFC 4291 section 2.5.5.2).  It does not
 * know who asks, and it does not ask for addresses that have no name twice.
 */
#include "cli/lookup.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Frames wait meanwhile, so the resolver is not waited for as long as it may wait for a server. */
enum { SLOTS = 1 << 14, MOST = SLOTS / 2, PATIENCE_MS = 1000 };

struct slot {
	bool used;
	struct tf_addr addr;
	char *name; /* NULL: it has none */
};

struct tf_lookup {
	int helper_fd;      /* whom to ask; -1: the resolver from here */
	struct slot *asked; /* what the helper has not answered yet */
	size_t count;       /* used slots */
	struct slot slot[SLOTS];
};

struct tf_lookup *
tf_lookup_new(const struct tf_helper *resolver)
{
	struct tf_lookup *l = calloc(1, sizeof *l);
	if (l)
		l->helper_fd = resolver ? resolver->fd : -1;
	return l;
}

void
tf_lookup_free(struct tf_lookup *l)
{
	for (size_t i = 0; l && i < SLOTS; i++)
		free(l->slot[i].name);
	free(l);
}

static char *
ask_resolver(const struct tf_addr *addr)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	char name[NI_MAXHOST];
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	bool is_v4 = !memcmp(addr->byte, mapped, sizeof mapped);
	memcpy(&v4.sin_addr, addr->byte + 12, 4);
	memcpy(&v6.sin6_addr, addr->byte, 16);
	const struct sockaddr *from = is_v4 ? (const void *)&v4 : (const void *)&v6;
	socklen_t size = is_v4 ? sizeof v4 : sizeof v6;
	return getnameinfo(from, size, name, sizeof name, NULL, 0, NI_NAMEREQD) == 0 ? strdup(name) : NULL;
}

/* A question is an address, an answer its name; without one it is empty but for the NUL. */
void
tf_lookup_serve(int fd)
{
	struct tf_addr addr;
	while (recv(fd, &addr, sizeof addr, 0) == (ssize_t)sizeof addr) {
		char *name = ask_resolver(&addr);
		const char *answer = name ? name : "";
		(void)!send(fd, answer, strlen(answer) + 1, MSG_NOSIGNAL);
		free(name);
	}
}

/* Is what was asked, if anything, answered within WAIT_MS? */
static bool
take_answer(struct tf_lookup *l, int wait_ms)
{
	struct pollfd p = {.fd = l->helper_fd, .events = POLLIN};
	char name[NI_MAXHOST] = "";
	int ready;
	if (!l->asked)
		return true;
	while ((ready = poll(&p, 1, wait_ms)) < 0 && errno == EINTR)
		;
	if (ready == 0)
		return false;
	if (recv(l->helper_fd, name, sizeof name - 1, 0) > 1)
		l->asked->name = strdup(name);
	l->asked = NULL;
	return true;
}

static void
ask_helper(struct tf_lookup *l, struct slot *slot)
{
	if (!tf_helper_ask(l->helper_fd, &slot->addr, sizeof slot->addr))
		return;
	l->asked = slot;
	take_answer(l, PATIENCE_MS);
}

/* The slot of ADDR, or the free one where it belongs. */
static struct slot *
find_slot(struct tf_lookup *l, const struct tf_addr *addr)
{
	uint32_t hash = 2166136261u; /* FNV-1a; half of the table stays free whatever the addresses are */
	for (size_t i = 0; i < sizeof addr->byte; i++)
		hash = (hash ^ addr->byte[i]) * 16777619u;
	size_t i = hash % SLOTS;
	while (l->slot[i].used && memcmp(&l->slot[i].addr, addr, sizeof *addr))
		i = (i + 1) % SLOTS;
	return &l->slot[i];
}

const char *
tf_lookup_name(void *context, const struct tf_addr *addr)
{
	struct tf_lookup *l = context;
	struct slot *slot = find_slot(l, addr);
	bool is_free = take_answer(l, 0);
	if (slot->used)
		return slot->name;
	if (l->count == MOST || !is_free)
		return NULL;
	l->count++;
	*slot = (struct slot){.used = true, .addr = *addr};
	if (l->helper_fd >= 0)
		ask_helper(l, slot);
	else
		slot->name = ask_resolver(addr);
	return slot->name;
}
