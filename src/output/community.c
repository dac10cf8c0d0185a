/*
 * The Community ID flow hash, version 1, for TCP.
 *
 * Hashed are, in network byte order: the seed (16 bits), the lower end's
 * address, the higher end's, the protocol number (6), a zero octet, the
 * lower end's port and the higher end's.  The lower end is the one with
 * the smaller address, or with the smaller port where they are equal.
 */
#include "community.h"

#include "sha1.h"

#define TCP_PROTOCOL 6

static uint8_t *
add_port(uint8_t *p, uint16_t port)
{
	*p++ = (uint8_t)(port >> 8);
	*p++ = (uint8_t)port;
	return p;
}

static uint8_t *
add_addr(uint8_t *p, const struct tf_addr *addr)
{
	size_t skip = tf_addr_is_ipv4(addr) ? 12 : 0;

	memcpy(p, addr->byte + skip, sizeof addr->byte - skip);
	return p + sizeof addr->byte - skip;
}

char *
tf_at_community_id(char *text, uint16_t seed, const struct tf_addr *a, uint16_t a_port,
                   const struct tf_addr *z, uint16_t z_port)
{
	uint8_t message[2 + 16 + 16 + 2 + 4], digest[TF_SHA1_SIZE];
	uint8_t *p = message;
	int order = memcmp(a->byte, z->byte, sizeof a->byte);

	if (order > 0 || (order == 0 && a_port > z_port))
		return tf_at_community_id(text, seed, z, z_port, a, a_port);
	p = add_port(p, seed);
	p = add_addr(p, a);
	p = add_addr(p, z);
	*p++ = TCP_PROTOCOL;
	*p++ = 0;
	p = add_port(p, a_port);
	p = add_port(p, z_port);
	tf_sha1(message, (size_t)(p - message), digest);
	text = tf_at_lit(text, "1:");
	return tf_at_base64(text, digest, sizeof digest);
}

void
tf_put_community_id(struct tf_buf *b, uint16_t seed, const struct tf_addr *a, uint16_t a_port,
                    const struct tf_addr *z, uint16_t z_port)
{
	char *p = tf_buf_at(b, TF_LONGEST_COMMUNITY_ID);

	if (p != NULL)
		tf_buf_end(b, tf_at_community_id(p, seed, a, a_port, z, z_port));
}
