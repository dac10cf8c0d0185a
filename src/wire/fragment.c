/*
 * Reassembly of IP fragments.  A partial datagram is a buffer and a map with
 * a bit for each 8 octets, the unit of fragment offsets; it is whole when
 * the last fragment is known and no bit before its end is missing.
 *
 * The partial datagrams hang in a hash table, and in a list by age: time
 * limits (RFC 1122 section 3.3.2, RFC 8200 section 4.5) run from the first
 * fragment, so the oldest one always times out first, and it is also the one
 * that makes room for another.
 *
 * What the octets mean is not known here, nor is TCP.
 */
#include "wire/fragment.h"

#include <stdlib.h>
#include <string.h>

#include "tcpfsm/product.h"

enum {
	UNIT = 8,             /* octets of the map's bit */
	WORD = 64,            /* bits of the map's word */
	DATAGRAM_MAX = 65535, /* octets: the greatest that an IP header can say */
	UNITS_MAX = (DATAGRAM_MAX + UNIT) / UNIT,
	ROOM_MIN = 2048,
};

/* What fragments of one datagram have in common (RFC 791 section 2.3, RFC 8200 section 4.5). */
struct key {
	uint8_t src[16], dst[16]; /* padded with zero */
	uint32_t id;
	uint32_t version_and_protocol; /* IPv6: no protocol */
};

struct tf_partial {
	struct tf_partial *next_in_bucket;
	struct tf_partial *older, *newer;
	struct key key;
	int64_t first_ns;      /* capture time of the fragment that came first */
	uint8_t *data;         /* held octets, or NULL */
	uint32_t held;         /* as far as the capture has any */
	uint32_t room;         /* for all that came, and what counts against the bounds */
	uint32_t total;        /* octets of the datagram; 0 until its last fragment came */
	uint32_t end;          /* the end of the farthest fragment so far, octets */
	uint16_t cut_at;       /* where the first octet is that the snap length cut */
	uint16_t units;        /* bits set in map */
	uint8_t protocol, ttl; /* of the fragment at offset 0 */
	bool dropped;          /* fragments overlapped: it only swallows the rest */
	uint64_t map[UNITS_MAX / WORD];
};

void
tf_fragments_init(struct tf_fragments *f, const struct tf_decoder_options *options,
                  struct tf_decoder_stats *stats)
{
	memset(f, 0, sizeof(*f));
	f->count_max = options->fragment_datagrams;
	f->bytes_max = options->fragment_bytes;
	f->timeout_ns = options->fragment_timeout_ns;
	memcpy(f->hash_key, options->hash_key, sizeof(f->hash_key));
	f->now_ns = INT64_MIN;
	f->stats = stats;
}

static struct key
key_of(const struct tf_fragment *fragment)
{
	struct key key = {.id = fragment->id, .version_and_protocol = (uint32_t)fragment->version << 8};
	size_t size = fragment->version == 4 ? 4 : 16;

	if (fragment->version == 4)
		key.version_and_protocol |= fragment->protocol;
	memcpy(key.src, fragment->src, size);
	memcpy(key.dst, fragment->dst, size);
	return key;
}

static struct tf_partial **
bucket_of(struct tf_fragments *f, const struct key *key)
{
	uint64_t word[sizeof(*key) / 8];

	memcpy(word, key, sizeof(word));
	return &f->bucket[tf_words_hash(f->hash_key, word, sizeof(word) / 8) % TF_FRAGMENT_BUCKETS];
}

static struct tf_partial *
find(struct tf_fragments *f, const struct key *key)
{
	struct tf_partial *p = *bucket_of(f, key);

	while (p != NULL && memcmp(&p->key, key, sizeof(*key)) != 0)
		p = p->next_in_bucket;
	return p;
}

/* Take P out of table and list; it stays allocated. */
static void
detach(struct tf_fragments *f, struct tf_partial *p)
{
	struct tf_partial **link = bucket_of(f, &p->key);

	while (*link != p)
		link = &(*link)->next_in_bucket;
	*link = p->next_in_bucket;
	*(p->older != NULL ? &p->older->newer : &f->oldest) = p->newer;
	*(p->newer != NULL ? &p->newer->older : &f->newest) = p->older;
	f->count--;
	f->bytes -= (uint32_t)sizeof(*p) + p->room;
}

static void
release(struct tf_partial *p)
{
	if (p != NULL)
		free(p->data);
	free(p);
}

static void
forget(struct tf_fragments *f, struct tf_partial *p)
{
	detach(f, p);
	release(p);
}

/* Give P up with all that came of it. */
static void
give_up(struct tf_fragments *f, struct tf_partial *p, uint64_t *why)
{
	if (!p->dropped)
		(*why)++;
	forget(f, p);
}

void
tf_fragments_fini(struct tf_fragments *f)
{
	while (f->oldest != NULL)
		forget(f, f->oldest);
	release(f->done);
	f->done = NULL;
}

static void
expire(struct tf_fragments *f, int64_t now_ns)
{
	if (now_ns > f->now_ns)
		f->now_ns = now_ns;
	/* first_ns was now_ns once, so the difference is positive, however far apart they are */
	while (f->oldest != NULL &&
	       (uint64_t)f->now_ns - (uint64_t)f->oldest->first_ns > (uint64_t)f->timeout_ns)
		give_up(f, f->oldest, &f->stats->fragment_timeouts);
}

/* Give up old datagrams, but not KEEP, until NEED more octets are within bounds. */
static bool
make_room(struct tf_fragments *f, const struct tf_partial *keep, uint64_t need)
{
	struct tf_partial *p = f->oldest, *newer;

	for (; p != NULL && f->bytes + need > f->bytes_max; p = newer) {
		newer = p->newer;
		if (p != keep)
			give_up(f, p, &f->stats->fragment_evictions);
	}
	return f->bytes + need <= f->bytes_max;
}

static struct tf_partial *
add_partial(struct tf_fragments *f, const struct key *key)
{
	struct tf_partial **bucket = bucket_of(f, key), *p;

	if (f->count_max == 0 || !make_room(f, NULL, sizeof(*p)))
		return NULL;
	if (f->count == f->count_max)
		give_up(f, f->oldest, &f->stats->fragment_evictions);
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return NULL;
	p->key = *key;
	p->first_ns = f->now_ns;
	p->cut_at = DATAGRAM_MAX;
	p->next_in_bucket = *bucket;
	*bucket = p;
	p->older = f->newest;
	*(f->newest != NULL ? &f->newest->newer : &f->oldest) = p;
	f->newest = p;
	f->count++;
	f->bytes += (uint32_t)sizeof(*p);
	return p;
}

/* Room in P for END octets, within the bounds. */
static bool
grow(struct tf_fragments *f, struct tf_partial *p, uint32_t end)
{
	uint32_t room = p->room != 0 ? p->room : ROOM_MIN;

	while (room < end)
		room *= 2;
	if (!make_room(f, p, room - p->room))
		return false;
	f->bytes += room - p->room;
	p->room = room;
	return true;
}

/* Memory for what the capture has of the fragment: what the snap length cut takes none.  Octets that no fragment
 * brought are zero. */
static bool
hold(struct tf_partial *p, const struct tf_fragment *fragment)
{
	uint32_t held = p->held != 0 ? p->held : ROOM_MIN;
	uint8_t *data;

	while (held < fragment->offset + fragment->data.cap)
		held *= 2;
	if (held == p->held)
		return true;
	data = realloc(p->data, held);
	if (data == NULL)
		return false;
	memset(data + p->held, 0, held - p->held);
	p->data = data;
	p->held = held;
	return true;
}

/* The units of a fragment, from first up to end. */
struct units {
	uint32_t first, end;
};

static struct units
units_of(const struct tf_fragment *fragment)
{
	uint32_t end = fragment->offset + fragment->data.len;

	return (struct units){fragment->offset / UNIT, (end + UNIT - 1) / UNIT};
}

/* Their bits in WORD of the map, which holds some of them. */
static uint64_t
bits_in_word(const struct units *u, uint32_t word)
{
	uint32_t begin = word * WORD;
	uint64_t bits = UINT64_MAX;

	if (u->first > begin)
		bits &= UINT64_MAX << (u->first - begin);
	if (u->end - begin < WORD)
		bits &= ~(UINT64_MAX << (u->end - begin));
	return bits;
}

/* What the capture has of the fragment within the units from FIRST up to END. */
static void
copy_units(struct tf_partial *p, const struct tf_fragment *fragment, uint32_t first, uint32_t end)
{
	uint32_t from = first * UNIT - fragment->offset, to = end * UNIT - fragment->offset;

	if (to > fragment->data.cap)
		to = fragment->data.cap;
	if (from < to)
		memcpy(p->data + fragment->offset + from, fragment->data.p + from, to - from);
}

/* Copy the units of WORD that NEW_BITS are, run by run. */
static void
copy_word(struct tf_partial *p, const struct tf_fragment *fragment, uint32_t word, uint64_t new_bits)
{
	uint32_t unit = word * WORD;

	while (new_bits != 0) {
		uint32_t gap = (uint32_t)__builtin_ctzll(new_bits);
		uint64_t rest = ~(new_bits >> gap);
		uint32_t run = rest != 0 ? (uint32_t)__builtin_ctzll(rest) : WORD;

		copy_units(p, fragment, unit + gap, unit + gap + run);
		new_bits = gap + run < WORD ? new_bits >> (gap + run) : 0;
		unit += gap + run;
	}
}

/* NEW_BITS of WORD are the fragment's: note where the first octet is that the snap length cut. */
static void
note_cut(struct tf_partial *p, const struct tf_fragment *fragment, uint32_t word, uint64_t new_bits)
{
	uint32_t cut_at = fragment->offset + fragment->data.cap;
	const struct units cut = {cut_at / UNIT, UINT32_MAX};
	uint32_t at;

	if (fragment->data.cap >= fragment->data.len || cut.first >= (word + 1) * WORD)
		return;
	new_bits &= bits_in_word(&cut, word);
	if (new_bits == 0)
		return;
	at = (word * WORD + (uint32_t)__builtin_ctzll(new_bits)) * UNIT;
	at = at > cut_at ? at : cut_at;
	if (at < p->cut_at)
		p->cut_at = (uint16_t)at;
}

/* Copy what is new; what came first stays. */
static void
put_units(struct tf_partial *p, const struct tf_fragment *fragment)
{
	struct units u = units_of(fragment);

	for (uint32_t word = u.first / WORD; word * WORD < u.end; word++) {
		uint64_t new_bits = bits_in_word(&u, word) & ~p->map[word];

		p->map[word] |= new_bits;
		p->units = (uint16_t)(p->units + __builtin_popcountll(new_bits));
		copy_word(p, fragment, word, new_bits);
		note_cut(p, fragment, word, new_bits);
	}
}

static void
put(struct tf_partial *p, const struct tf_fragment *fragment)
{
	uint32_t end = fragment->offset + fragment->data.len;

	put_units(p, fragment);
	if (fragment->offset == 0) {
		p->protocol = fragment->protocol;
		p->ttl = fragment->ttl;
	}
	if (end > p->end)
		p->end = end;
	if (!fragment->more)
		p->total = end;
}

/* Whether the fragment says another end of the datagram than those before it. */
static bool
contradicts_end(const struct tf_partial *p, const struct tf_fragment *fragment)
{
	uint32_t end = fragment->offset + fragment->data.len;

	return (p->total != 0 && end > p->total) || (!fragment->more && end < p->end);
}

static uint32_t
units_already_there(const struct tf_partial *p, const struct tf_fragment *fragment)
{
	struct units u = units_of(fragment);
	uint32_t there = 0;

	for (uint32_t word = u.first / WORD; word * WORD < u.end; word++)
		there += (uint32_t)__builtin_popcountll(bits_in_word(&u, word) & p->map[word]);
	return there;
}

/* Whether all octets of the fragment came already with the same content. */
static bool
is_copy(struct tf_partial *p, const struct tf_fragment *fragment)
{
	uint32_t units = (fragment->data.len + UNIT - 1) / UNIT;

	return !contradicts_end(p, fragment) && units_already_there(p, fragment) == units &&
	       hold(p, fragment) &&
	       memcmp(p->data + fragment->offset, fragment->data.p, fragment->data.cap) == 0;
}

static bool
overlaps(const struct tf_partial *p, const struct tf_fragment *fragment)
{
	return contradicts_end(p, fragment) || units_already_there(p, fragment) > 0;
}

/* Keep P as a mark that its fragments are to be dropped; its octets go. */
static void
drop(struct tf_fragments *f, struct tf_partial *p)
{
	f->stats->fragment_overlaps++;
	f->bytes -= p->room;
	free(p->data);
	p->data = NULL;
	p->held = 0;
	p->room = 0;
	p->dropped = true;
}

static bool
is_whole(const struct tf_partial *p)
{
	return p->total != 0 && p->units == (p->total + UNIT - 1) / UNIT;
}

/* Hand P's octets to the caller until the next call. */
static void
finish(struct tf_fragments *f, struct tf_partial *p, struct tf_datagram *whole)
{
	detach(f, p);
	f->done = p;
	f->stats->reassembled++;
	whole->data.p = p->data;
	whole->data.len = p->total;
	whole->data.cap = p->cut_at < p->total ? p->cut_at : p->total;
	whole->protocol = p->protocol;
	whole->ttl = p->ttl;
}

static bool
is_possible(const struct tf_fragment *fragment)
{
	uint32_t len = fragment->data.len;

	return len > 0 && len <= DATAGRAM_MAX - fragment->offset && (!fragment->more || len % UNIT == 0);
}

enum tf_fragment_result
tf_fragments_add(struct tf_fragments *f, int64_t now_ns, const struct tf_fragment *fragment,
                 struct tf_datagram *whole)
{
	struct key key = key_of(fragment);
	struct tf_partial *p;

	release(f->done);
	f->done = NULL;
	expire(f, now_ns);
	if (!is_possible(fragment))
		return TF_FRAGMENT_BAD;
	p = find(f, &key);
	if (p == NULL)
		p = add_partial(f, &key);
	if (p == NULL || p->dropped)
		return TF_FRAGMENT_HELD;
	if (fragment->version == 6 && overlaps(p, fragment)) {
		if (!is_copy(p, fragment))
			drop(f, p);
		return TF_FRAGMENT_HELD;
	}
	if (contradicts_end(p, fragment))
		return TF_FRAGMENT_HELD;
	if (!grow(f, p, fragment->offset + fragment->data.len) || !hold(p, fragment)) {
		give_up(f, p, &f->stats->fragment_evictions);
		return TF_FRAGMENT_HELD;
	}
	put(p, fragment);
	if (!is_whole(p))
		return TF_FRAGMENT_HELD;
	finish(f, p, whole);
	return TF_FRAGMENT_COMPLETE;
}
