/*
 * The detectors' memory as a whole, and what its tables share: hashing and
 * the words for an address.
 */
#include "detect/memory.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/mman.h>

struct tf_memory *
tf_memory_new(const uint64_t key[2])
{
	/* Zeroed pages that are never touched cost nothing, and they begin where a line of cache does. */
	struct tf_memory *m =
	    mmap(NULL, sizeof *m, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (m == MAP_FAILED)
		return NULL;
	memcpy(m->listeners.key, key, sizeof m->listeners.key);
	memcpy(m->hosts.key, key, sizeof m->hosts.key);
	return m;
}

void
tf_memory_free(struct tf_memory *m)
{
	if (m)
		(void)munmap(m, sizeof *m);
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
