/*
 * Listening services that were seen: one place a hash, without a key, so
 * that guesses are the same on every run.
 */
#include "flow/services.h"

#include <string.h>

static unsigned
place_of(const struct tf_addr *addr, uint16_t port)
{
	uint32_t h = port;

	for (size_t i = 0; i < sizeof addr->byte; i++)
		h = (h ^ addr->byte[i]) * UINT32_C(0x01000193);
	return (h ^ h >> 15) & (TF_SERVICES_PLACES - 1);
}

void
tf_services_add(struct tf_services *t, const struct tf_addr *addr, uint16_t port)
{
	unsigned at = place_of(addr, port);

	t->seen[at].addr = *addr;
	t->seen[at].port = port;
}

bool
tf_services_has(const struct tf_services *t, const struct tf_addr *addr, uint16_t port)
{
	unsigned at = place_of(addr, port);

	return port != 0 && t->seen[at].port == port && memcmp(&t->seen[at].addr, addr, sizeof *addr) == 0;
}
