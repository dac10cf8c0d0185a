/*
 * Listening services that were seen: one place a hash, without a key, so
 * that guesses are the same on every run.
 */
#include "flow/services.h"

#include <string.h>

#include "flow/key.h"

/* Of the whole product: its lower half would not show the last octets of an address, where hosts of a network differ. */
static unsigned
place_of(const struct tf_addr *addr, uint16_t port)
{
	uint64_t high = tf_addr_big_endian(tf_addr_word(addr, 0)),
	         low = tf_addr_big_endian(tf_addr_word(addr, 8));

	return tf_folded(high ^ port ^ UINT64_C(0x9e3779b97f4a7c15), low ^ UINT64_C(0xd1b54a32d192ed03)) &
	       (TF_SERVICES_PLACES - 1);
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
