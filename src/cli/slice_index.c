/*
 * Slices by what their frames have in common: see slice_index.h.  A frame
 * is looked up by its number, by both its ends and by each of them.
 */
#include "cli/slice_index.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "core/tuple.h"
#include "tcpfsm/product.h"

enum kind { OF_ALL, OF_PACKET, OF_CONNECTION, OF_SERVICE, OF_HOST };

/* What is not of its kind is zero. */
struct key {
	uint64_t packet;
	struct tf_addr addr[2]; /* OF_CONNECTION: in order, with their ports */
	uint16_t port[2];
	uint32_t kind;
};
_Static_assert(sizeof(struct key) == 48, "all octets are compared, so none may be padding");

struct entry {
	struct key key;
	size_t slice;
	struct entry *next; /* in the same bucket */
};

struct tf_slice_index {
	uint64_t hash_key[2];
	struct entry *entry;
	size_t entries;
	unsigned kinds; /* those that entries have, a bit each */
	struct entry **bucket;
	size_t buckets;     /* a power of two */
	uint64_t *found_in; /* one a slice: the search that found it last */
	uint64_t searches;
	size_t *found; /* by this search */
	size_t found_count;
};

/* ---- keys ------------------------------------------------------------------------------------ */

static struct key
key_of_packet(uint64_t packet)
{
	return (struct key){.kind = OF_PACKET, .packet = packet};
}

static struct key
key_of_host(const struct tf_addr *addr)
{
	return (struct key){.kind = OF_HOST, .addr = {*addr}};
}

static struct key
key_of_service(const struct tf_addr *addr, uint16_t port)
{
	return (struct key){.kind = OF_SERVICE, .addr = {*addr}, .port = {port}};
}

/* It is the same in both directions. */
static struct key
key_of_connection(const struct tf_addr addr[2], const uint16_t port[2])
{
	int order = memcmp(&addr[0], &addr[1], sizeof *addr);
	bool second = order > 0 || (order == 0 && port[0] > port[1]);

	return (struct key){.kind = OF_CONNECTION,
	                    .addr = {addr[second], addr[!second]},
	                    .port = {port[second], port[!second]}};
}

/* TEXT is a subject: "10.0.0.1", "10.0.0.1:80", "fd00::1", "[fd00::1]:80".  False where it is none. */
static bool
key_of_subject(struct key *key, const char *text)
{
	char host[TF_SLICE_SUBJECT];
	struct tf_addr addr = tf_addr_of_ipv4(0);
	const char *colon = strrchr(text, ':');
	bool has_port = colon && (text[0] == '[' || strchr(text, ':') == colon);
	size_t brackets = has_port && text[0] == '[';
	size_t length = has_port ? (size_t)(colon - text) : strlen(text);

	if (length < 2 * brackets)
		return false;
	length -= 2 * brackets;
	memcpy(host, text + brackets, length);
	host[length] = '\0';
	if (inet_pton(AF_INET, host, addr.byte + 12) != 1 && inet_pton(AF_INET6, host, addr.byte) != 1)
		return false;
	*key = has_port ? key_of_service(&addr, (uint16_t)strtoul(colon + 1, NULL, 10)) : key_of_host(&addr);
	return true;
}

/* False where nothing but its evidence belongs to the slice. */
static bool
key_of_target(struct key *key, const struct tf_slice_target *t)
{
	/* That a listener sends cookies shows in how it answers others. */
	if (t->id == TF_A_SYN_COOKIES)
		*key = key_of_service(&t->addr[TF_SERVER], t->port[TF_SERVER]);
	else if (t->conn)
		*key = key_of_connection(t->addr, t->port);
	else if (tf_anomaly_info(t->id)->family == TF_CAPTURE)
		*key = (struct key){.kind = OF_ALL};
	else
		return key_of_subject(key, t->subject);
	return true;
}

/* ---- the table ------------------------------------------------------------------------------- */

static struct entry **
bucket_of(const struct tf_slice_index *x, const struct key *key)
{
	uint64_t word[sizeof *key / 8];

	if (x->buckets == 1)
		return x->bucket;
	memcpy(word, key, sizeof word);
	return &x->bucket[tf_words_hash(x->hash_key, word, sizeof word / 8) & (x->buckets - 1)];
}

static void
add(struct tf_slice_index *x, struct key key, size_t slice)
{
	struct entry **bucket = bucket_of(x, &key);
	struct entry *e = &x->entry[x->entries++];

	*e = (struct entry){.key = key, .slice = slice, .next = *bucket};
	*bucket = e;
	x->kinds |= 1u << key.kind;
}

static void
add_target(struct tf_slice_index *x, const struct tf_slice_target *t, size_t slice)
{
	struct key key;

	for (size_t i = 0; i < t->packet_count; i++)
		add(x, key_of_packet(t->packets[i]), slice);
	if (key_of_target(&key, t))
		add(x, key, slice);
}

static bool
make_tables(struct tf_slice_index *x, size_t slices)
{
	size_t most = slices * (TF_MAX_EVIDENCE + 1);

	/* A live run looks through its ring for one slice at a time while packets wait: to compare a frame with its few
	 * entries costs less than a hash. */
	for (x->buckets = 1; slices > 1 && x->buckets < most; x->buckets *= 2)
		;
	x->entry = calloc(most, sizeof *x->entry);
	x->bucket = calloc(x->buckets, sizeof *x->bucket);
	x->found_in = calloc(slices, sizeof *x->found_in);
	x->found = calloc(slices, sizeof *x->found);
	return x->entry && x->bucket && x->found_in && x->found;
}

struct tf_slice_index *
tf_slice_index_new(const struct tf_slice *slice, size_t count, const uint64_t hash_key[2])
{
	struct tf_slice_index *x = calloc(1, sizeof *x);

	if (!x || !make_tables(x, count)) {
		tf_slice_index_free(x);
		return NULL;
	}
	memcpy(x->hash_key, hash_key, sizeof x->hash_key);
	for (size_t i = 0; i < count; i++)
		add_target(x, &slice[i].target, i);
	return x;
}

void
tf_slice_index_free(struct tf_slice_index *x)
{
	if (!x)
		return;
	free(x->entry);
	free(x->bucket);
	free(x->found_in);
	free(x->found);
	free(x);
}

/* ---- looking up ------------------------------------------------------------------------------ */

/* A slice may be found by several keys, and counts once. */
static void
find(struct tf_slice_index *x, struct key key)
{
	for (const struct entry *e = *bucket_of(x, &key); e; e = e->next) {
		if (memcmp(&e->key, &key, sizeof key) != 0 || x->found_in[e->slice] == x->searches)
			continue;
		x->found_in[e->slice] = x->searches;
		x->found[x->found_count++] = e->slice;
	}
}

static bool
has(const struct tf_slice_index *x, enum kind kind)
{
	return x->kinds >> kind & 1;
}

size_t
tf_slice_index_find(struct tf_slice_index *x, const struct tf_slice_ends *ends, uint64_t packet,
                    const size_t **slices)
{
	x->searches++;
	x->found_count = 0;
	if (has(x, OF_ALL))
		find(x, (struct key){.kind = OF_ALL});
	if (has(x, OF_PACKET))
		find(x, key_of_packet(packet));
	if (ends->any && has(x, OF_CONNECTION))
		find(x, key_of_connection(ends->addr, ends->port));
	for (int side = 0; ends->any && side < 2; side++) {
		if (has(x, OF_SERVICE))
			find(x, key_of_service(&ends->addr[side], ends->port[side]));
		if (has(x, OF_HOST))
			find(x, key_of_host(&ends->addr[side]));
	}
	*slices = x->found;
	return x->found_count;
}
