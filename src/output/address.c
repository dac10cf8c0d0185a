/*
 * Addresses as text: IPv4 in dotted decimal, IPv6 as RFC 5952 wants it (the
 * longest run of zeros shortened, lower case, brackets where a port
 * follows).  Made by hand for the reason that buffer.c gives.
 */
#include "buffer.h"

#include <string.h>

bool
tf_addr_is_ipv4(const struct tf_addr *addr)
{
	static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};

	return memcmp(addr->byte, prefix, sizeof prefix) == 0;
}

/* An octet's text with a point behind it, and how long both are: eight octets, copied as one. */
struct octet {
	char text[7];
	uint8_t length;
};

static const struct octet *
all_octets(void)
{
	static struct octet all[256];

	if (all[0].length == 0)
		for (unsigned v = 0; v < 256; v++) {
			char text[TF_LONGEST_NUMBER + TF_SLACK], *end = tf_at_u64(text, v);

			*end++ = '.';
			all[v].length = (uint8_t)(end - text);
			memcpy(all[v].text, text, all[v].length);
		}
	return all;
}

static char *
ipv4_text(char *p, const uint8_t octet[4])
{
	const struct octet *all = all_octets();

	for (unsigned i = 0; i < 4; i++) {
		memcpy(p, &all[octet[i]], sizeof *all);
		p += all[octet[i]].length;
	}
	/* No point behind the last one. */
	return p - 1;
}

static char *
group_text(char *p, unsigned group)
{
	bool begun = false;

	for (int shift = 12; shift >= 0; shift -= 4) {
		unsigned nibble = group >> shift & 15;

		if (nibble == 0 && !begun && shift > 0)
			continue;
		*p++ = "0123456789abcdef"[nibble];
		begun = true;
	}
	return p;
}

/* The first of the longest runs of zero groups, of two or more: where it begins, or 8. */
static unsigned
longest_zero_run(const unsigned group[8], unsigned *length)
{
	unsigned best = 8, here = 0;

	*length = 1;
	for (unsigned i = 0; i < 8; i++) {
		here = group[i] == 0 ? here + 1 : 0;
		if (here > *length) {
			*length = here;
			best = i + 1 - here;
		}
	}
	return best;
}

static char *
ipv6_text(char *p, const uint8_t octet[16])
{
	unsigned group[8], length, run;

	for (unsigned i = 0; i < 8; i++)
		group[i] = (unsigned)(octet[2 * i] << 8 | octet[2 * i + 1]);
	run = longest_zero_run(group, &length);
	for (unsigned i = 0; i < 8;) {
		if (i == run) {
			*p++ = ':';
			*p++ = ':';
			i += length;
			continue;
		}
		if (i > 0 && p[-1] != ':')
			*p++ = ':';
		p = group_text(p, group[i++]);
	}
	return p;
}

char *
tf_at_addr(char *p, const struct tf_addr *addr)
{
	return tf_addr_is_ipv4(addr) ? ipv4_text(p, addr->byte + 12) : ipv6_text(p, addr->byte);
}

void
tf_put_addr(struct tf_buf *b, const struct tf_addr *addr)
{
	char *p = tf_buf_at(b, TF_LONGEST_ADDR);

	if (p != NULL)
		tf_buf_end(b, tf_at_addr(p, addr));
}

void
tf_put_addr_port(struct tf_buf *b, const struct tf_addr *addr, uint16_t port)
{
	bool ipv4 = tf_addr_is_ipv4(addr);

	if (!ipv4)
		tf_put_char(b, '[');
	tf_put_addr(b, addr);
	if (!ipv4)
		tf_put_char(b, ']');
	tf_put_char(b, ':');
	tf_put_u64(b, port);
}
