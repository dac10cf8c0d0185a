/*
 * The detectors' memory as a whole, and what its tables share: hashing and
 * the words for an address.
 */
#include "detect/memory.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

struct tf_memory *
tf_memory_new(const uint64_t key[2])
{
	/* Zeroed pages that are never touched cost nothing. */
	struct tf_memory *m = calloc(1, sizeof *m);

	if (!m)
		return NULL;
	memcpy(m->listeners.key, key, sizeof m->listeners.key);
	memcpy(m->hosts.key, key, sizeof m->hosts.key);
	return m;
}

void
tf_memory_free(struct tf_memory *m)
{
	free(m);
}

static bool
is_ipv4(const struct tf_addr *addr)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	return memcmp(addr->byte, mapped, sizeof mapped) == 0;
}

/* ":8080" behind the N octets of OUT; the new N. */
static size_t
put_port(char *out, size_t n, uint16_t port)
{
	uint16_t scale = 10000;

	while (scale > 1 && port < scale)
		scale /= 10;
	out[n++] = ':';
	for (; scale; scale /= 10)
		out[n++] = (char)('0' + port / scale % 10);
	return n;
}

const char *
tf_subject_text(char out[TF_SUBJECT_TEXT], const struct tf_addr *addr, uint16_t port)
{
	bool ipv4 = is_ipv4(addr), brackets = port && !ipv4;
	size_t n = brackets;

	out[0] = '[';
	out[n] = '\0';
	inet_ntop(ipv4 ? AF_INET : AF_INET6, ipv4 ? &addr->byte[12] : addr->byte, out + n, INET6_ADDRSTRLEN);
	n = strlen(out);
	if (brackets)
		out[n++] = ']';
	if (port)
		n = put_port(out, n, port);
	out[n] = '\0';
	return out;
}

static uint64_t
mix(uint64_t a, uint64_t b)
{
	__uint128_t product = (__uint128_t)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t
tf_memory_hash(const uint64_t key[2], const struct tf_addr *addr, uint16_t port)
{
	uint64_t word[2];

	memcpy(word, addr->byte, sizeof word);
	uint64_t h = mix(word[0] ^ key[0] ^ UINT64_C(0x9e3779b97f4a7c15),
	                 word[1] ^ key[1] ^ UINT64_C(0xd1b54a32d192ed03));
	return mix(h ^ port, UINT64_C(0x2545f4914f6cdd1d) ^ key[0]);
}
