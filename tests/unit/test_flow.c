/*
 * The flow table: its index, its timing wheel, who goes when there is no
 * room, how long the closed are remembered, what a connection costs, every
 * allocation made to fail in turn, and which ICMP errors it tells of.
 *
 * The index and the wheel are held against a plain array that does the
 * same slowly.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "detect/detect.h"
#include "detect/memory.h"
#include "flow/arena.h"
#include "flow/flow.h"
#include "unit.h"

#define SECOND INT64_C(1000000000)
#define YEAR   (365 * 86400 * SECOND)
#define START  (INT64_C(1700000000) * SECOND)

/* Allocations that still succeed; -1: all.  The linker puts these in the place of the C library's (--wrap). */
static int allocations_left = -1;

void *__real_aligned_alloc(size_t alignment, size_t n);
void *__wrap_aligned_alloc(size_t alignment, size_t n);
void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *old, size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *old, size_t n);
void *__real_mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset);
#ifdef __GLIBC__
void *__real_mmap64(void *at, size_t n, int protection, int flags, int fd, off64_t offset);
void *__wrap_mmap64(void *at, size_t n, int protection, int flags, int fd, off64_t offset);
#endif

static bool
may_allocate(void)
{
	if (allocations_left > 0)
		allocations_left--;
	else if (allocations_left == 0)
		return false;
	return true;
}

void *
__wrap_aligned_alloc(size_t alignment, size_t n)
{
	return may_allocate() ? __real_aligned_alloc(alignment, n) : NULL;
}

void *
__wrap_malloc(size_t n)
{
	return may_allocate() ? __real_malloc(n) : NULL;
}

void *
__wrap_calloc(size_t count, size_t n)
{
	return may_allocate() ? __real_calloc(count, n) : NULL;
}

void *
__wrap_realloc(void *old, size_t n)
{
	return may_allocate() ? __real_realloc(old, n) : NULL;
}

void *
__wrap_mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset)
{
	return may_allocate() ? __real_mmap(at, n, protection, flags, fd, offset) : MAP_FAILED;
}

#ifdef __GLIBC__
/* What mmap() is called where an address has 32 bits and an offset 64. */
void *
__wrap_mmap64(void *at, size_t n, int protection, int flags, int fd, off64_t offset)
{
	return may_allocate() ? __real_mmap64(at, n, protection, flags, fd, offset) : MAP_FAILED;
}
#endif

static uint32_t
chance(uint32_t n)
{
	static uint64_t state = 42;

	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(state >> 33) % n;
}

/* ---- the index ----------------------------------------------------------------------- */

static bool
holds(const struct tf_index *index, uint32_t hash, uint32_t value)
{
	struct tf_index_walk w;

	for (uint32_t found = tf_index_first(index, hash, &w); found; found = tf_index_next(index, &w))
		if (found == value)
			return true;
	return false;
}

static void
the_index_keeps_what_it_is_given(void)
{
	enum { MANY = 5000 };
	static uint32_t hash[MANY];
	static bool in[MANY];
	struct tf_index index;

	/* Few different hashes, at the end of the table, too: long runs that wrap around. */
	CU_ASSERT_FATAL(tf_index_init(&index, 16, MANY));
	for (uint32_t step = 0; step < 40000; step++) {
		uint32_t i = chance(MANY);
		if (in[i]) {
			tf_index_remove(&index, hash[i], i + 1);
		} else {
			hash[i] = chance(4) ? chance(3000) : UINT32_MAX - chance(5);
			CU_ASSERT(tf_index_add(&index, hash[i], i + 1));
		}
		in[i] = !in[i];
		CU_ASSERT_EQUAL(holds(&index, hash[i], i + 1), in[i]);
	}
	uint32_t used = 0;
	for (uint32_t i = 0; i < MANY; i++) {
		used += in[i];
		if (holds(&index, hash[i], i + 1) != in[i])
			CU_FAIL("an entry was lost, or came back");
	}
	CU_ASSERT_EQUAL(index.used, used);
	CU_ASSERT(index.used <= tf_index_places(&index) / 4 * 3);
	tf_index_fini(&index);
}

/* The bucket in which INDEX has VALUE; UINT32_MAX: in none. */
static uint32_t
bucket_of(const struct tf_index *index, uint32_t value)
{
	for (uint32_t at = 0; at <= index->mask; at++)
		for (unsigned i = 0; i < TF_BUCKET; i++)
			if (index->bucket[at].tag[i] && index->bucket[at].value[i] == value)
				return at;
	return UINT32_MAX;
}

/* Of four buckets the last one is full, what belongs to it goes on in the first, and that one's own in the second: taking
 * out what stands in their way brings back who may come, and hides none. */
static void
removal_brings_back(void)
{
	struct tf_index index;

	CU_ASSERT_FATAL(tf_index_init(&index, 32, 23));
	for (uint32_t i = 1; i <= 10; i++)
		CU_ASSERT(tf_index_add(&index, 4 * i - 1, i)); /* home 3: 9 and 10 find no room there */
	for (uint32_t i = 11; i <= 18; i++)
		CU_ASSERT(tf_index_add(&index, 4 * i, i)); /* home 0: nor do 17 and 18 */
	CU_ASSERT(bucket_of(&index, 8) == 3 && bucket_of(&index, 9) == 0 && bucket_of(&index, 10) == 0);
	CU_ASSERT(bucket_of(&index, 16) == 0 && bucket_of(&index, 17) == 1 && bucket_of(&index, 18) == 1);
	/* The hole in the last one is filled from the first, and that one's from the second. */
	tf_index_remove(&index, 4 * 1 - 1, 1);
	CU_ASSERT(bucket_of(&index, 1) == UINT32_MAX && bucket_of(&index, 9) == 3);
	CU_ASSERT((bucket_of(&index, 17) == 0) != (bucket_of(&index, 18) == 0));
	/* Where nobody in the next one has gone past it, a hole stays. */
	tf_index_remove(&index, 4 * 10 - 1, 10);
	tf_index_remove(&index, 4 * 2 - 1, 2);
	CU_ASSERT(bucket_of(&index, 17) == 0 && bucket_of(&index, 18) == 0);
	tf_index_replace(&index, 4 * 17, 17, 99);
	CU_ASSERT(holds(&index, 4 * 17, 99) && !holds(&index, 4 * 17, 17));
	tf_index_replace(&index, 4 * 17, 99, 17);
	for (uint32_t i = 3; i <= 9; i++) {
		CU_ASSERT(holds(&index, 4 * i - 1, i));
		tf_index_remove(&index, 4 * i - 1, i);
	}
	for (uint32_t i = 11; i <= 18; i++) {
		CU_ASSERT(holds(&index, 4 * i, i));
		tf_index_remove(&index, 4 * i, i);
	}
	CU_ASSERT_EQUAL(index.used, 0);
	for (uint32_t i = 0; i <= index.mask; i++)
		for (unsigned k = 0; k < TF_BUCKET; k++)
			CU_ASSERT(index.bucket[i].tag[k] == 0 && index.bucket[i].value[k] == 0);
	tf_index_fini(&index);
}

/* 0 marks an empty place, and is a hash like any other. */
static void
the_index_has_a_hash_of_0(void)
{
	struct tf_index index;

	CU_ASSERT_FATAL(tf_index_init(&index, 16, 9));
	CU_ASSERT(!holds(&index, 0, 1));
	for (uint32_t i = 1; i <= 9; i++)
		CU_ASSERT(tf_index_add(&index, 0, i));
	for (uint32_t i = 1; i <= 9; i++) {
		CU_ASSERT(holds(&index, 0, i));
		tf_index_remove(&index, 0, i);
		CU_ASSERT(!holds(&index, 0, i));
	}
	tf_index_fini(&index);
}

static void
the_index_without_memory(void)
{
	struct tf_index index;
	uint32_t added = 0;

	allocations_left = 0;
	CU_ASSERT(!tf_index_init(&index, 16, 100));
	allocations_left = 1;
	CU_ASSERT_FATAL(tf_index_init(&index, 16, 9));
	while (added < 100 && tf_index_add(&index, added, added + 1))
		added++;
	allocations_left = -1;
	CU_ASSERT_EQUAL(added, 9); /* it does not grow, and stays as it was */
	CU_ASSERT_EQUAL(index.used, added);
	for (uint32_t i = 0; i < added; i++)
		CU_ASSERT(holds(&index, i, i + 1));
	tf_index_fini(&index);
}

/* Of very many that have one hash, those that lie at the beginning for want of room at the end are set aside meanwhile. */
static void
the_index_without_memory_to_grow(void)
{
	struct tf_index index;
	uint32_t full = tf_index_limit(128);

	CU_ASSERT_FATAL(tf_index_init(&index, 128, 2 * full));
	for (uint32_t i = 0; i < full; i++)
		CU_ASSERT_FATAL(tf_index_add(&index, UINT32_MAX, i + 1));
	allocations_left = 0;
	CU_ASSERT(!tf_index_add(&index, UINT32_MAX, full + 1));
	allocations_left = -1;
	CU_ASSERT(index.used == full && tf_index_places(&index) == 128);
	CU_ASSERT(tf_index_add(&index, UINT32_MAX, full + 1));
	for (uint32_t i = 0; i <= full; i++)
		CU_ASSERT(holds(&index, UINT32_MAX, i + 1));
	tf_index_fini(&index);
}

static void
the_hash_depends_on_everything(void)
{
	const uint64_t secret[2] = {UINT64_C(0x0123456789abcdef), UINT64_C(0xfedcba9876543210)};
	const uint64_t other[2] = {UINT64_C(0x0123456789abcdee), UINT64_C(0xfedcba9876543210)};
	struct tf_key key = {.port = {40000, 80}}, changed;
	uint32_t hash = tf_key_hash(&key, secret);

	for (int i = 0; i < 16; i++)
		for (int end = 0; end < 2; end++) {
			changed = key;
			changed.addr[end].byte[i] ^= 1;
			CU_ASSERT(tf_key_hash(&changed, secret) != hash);
		}
	changed = key;
	changed.port[0]++;
	CU_ASSERT(tf_key_hash(&changed, secret) != hash);
	changed = key;
	changed.port[1]++;
	CU_ASSERT(tf_key_hash(&changed, secret) != hash);
	CU_ASSERT(tf_key_hash(&key, other) != hash);
}

/* Else somebody could make many that collide without knowing the secret. */
static void
a_port_does_not_stand_in_for_an_address(void)
{
	const uint64_t secret[2] = {UINT64_C(0x0123456789abcdef), UINT64_C(0xfedcba9876543210)};

	for (int with_prefix = 0; with_prefix < 2; with_prefix++)
		for (unsigned other = 1; other < 0x10000; other *= 2) {
			struct tf_key key = {.port = {40000, 80}};
			key.addr[0].byte[0] = with_prefix ? 0x20 : 0;
			uint32_t hash = tf_key_hash(&key, secret);
			key.port[0] ^= (uint16_t)other;
			uint16_t word = key.port[0] ^ 40000; /* in the machine's order, as a port is */
			memcpy(&key.addr[0].byte[8], &word, sizeof word);
			CU_ASSERT(tf_key_hash(&key, secret) != hash);
		}
}

/* ---- preparation --------------------------------------------------------------------- */

static const uint64_t secret_of_hash[2] = {UINT64_C(0x0123456789abcdef), UINT64_C(0xfedcba9876543210)};

/* Between 64 ends that are alike, since some of their octets are the same: any two of them, the same one twice, too.
 * Of IPv4 there are 8. */
static struct tf_segment
between(unsigned from, unsigned to, uint8_t ip_version)
{
	struct tf_segment s = {
	    .src_port = from & 1 ? 258 : 513, .dst_port = to & 1 ? 258 : 513, .ip_version = ip_version};
	struct tf_addr *addr[2] = {&s.src, &s.dst};
	unsigned end[2] = {from, to};

	for (int i = 0; i < 2; i++) {
		if (ip_version == 4) {
			addr[i]->byte[10] = addr[i]->byte[11] = 0xff;
		} else {
			addr[i]->byte[0] = end[i] & 2 ? 0x20 : 0;
			addr[i]->byte[7] = end[i] & 4 ? 200 : 0;
			addr[i]->byte[8] = end[i] & 8 ? 1 : 0;
		}
		addr[i]->byte[14] = end[i] & 16 ? 200 : 3;
		addr[i]->byte[15] = end[i] & 32 ? 1 : 2;
	}
	return s;
}

/* The order of ends: by address, octet by octet, then by port. */
static bool
sent_by_second(const struct tf_segment *s)
{
	int order = memcmp(s->dst.byte, s->src.byte, sizeof s->src.byte);

	return order < 0 || (order == 0 && s->dst_port < s->src_port);
}

static bool
is_between(const struct tf_segment *s, const struct tf_addr *addr, uint16_t port, const struct tf_addr *other,
           uint16_t other_port)
{
	return memcmp(&s->src, addr, sizeof *addr) == 0 && s->src_port == port &&
	       memcmp(&s->dst, other, sizeof *other) == 0 && s->dst_port == other_port;
}

static bool
same_ends(const struct tf_segment *s, const struct tf_segment *t)
{
	return is_between(s, &t->src, t->src_port, &t->dst, t->dst_port) ||
	       is_between(s, &t->dst, t->dst_port, &t->src, t->src_port);
}

static bool
is_to_itself(const struct tf_segment *s)
{
	return is_between(s, &s->dst, s->dst_port, &s->src, s->src_port);
}

static void
a_segment_has_its_keys_hash(void)
{
	struct tf_preparation *p = tf_preparation_new(secret_of_hash);

	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	for (unsigned from = 0; from < 64; from++)
		for (unsigned to = 0; to < 64; to++) {
			struct tf_segment s = between(from, to, (from + to) % 2 ? 6 : 4);

			tf_prepare(p, &s, 1);
			bool second = tf_sent_by_second(&s);
			struct tf_key key = tf_key_of(&s, second);
			CU_ASSERT(second == sent_by_second(&s));
			CU_ASSERT(s.hash == tf_key_hash(&key, secret_of_hash));
			CU_ASSERT(tf_key_is_of(&key, &s));
			CU_ASSERT(is_to_itself(&s) || tf_ports_side(key.port, &s) == second);
		}
	tf_preparation_free(p);
}

/* A tuple gives its key back, and fits the segments that have it and no others; what is wide takes room in a pool. */
static void
a_tuple_is_its_key(void)
{
	enum { ENDS = 64 };
	static struct tf_wide room[ENDS * ENDS];
	struct tf_pool pool = {(unsigned char *)room, sizeof room[0], ENDS * ENDS, 0, 0, 0};
	struct tf_preparation *p = tf_preparation_new(secret_of_hash);

	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	for (unsigned i = 0; i < ENDS * ENDS; i++) {
		struct tf_segment s = between(i % ENDS, i / ENDS, i % 3 ? 6 : 4);
		struct tf_tuple tuple;

		tf_prepare(p, &s, 1);
		CU_ASSERT(s.is_wide == (i % 3 != 0));
		struct tf_key key = tf_key_of(&s, tf_sent_by_second(&s));
		CU_ASSERT_FATAL(tf_tuple_set(&pool, &tuple, s.is_wide, &key));
		struct tf_key back = tf_tuple_key(&pool, &tuple, s.is_wide);
		CU_ASSERT(memcmp(&back, &key, sizeof key) == 0);
		for (unsigned n = 0; n < 40; n++) {
			struct tf_segment t = n ? between(chance(ENDS), chance(ENDS), chance(2) ? 6 : 4)
			                        : between(i / ENDS, i % ENDS, i % 3 ? 6 : 4);
			tf_prepare(p, &t, 1);
			CU_ASSERT(tf_tuple_fits(&pool, &tuple, s.is_wide, &t,
			                        tf_ports_side(tuple.port, &t)) == same_ends(&s, &t));
		}
		if (i % 5)
			tf_tuple_release(&pool, &tuple, s.is_wide);
	}
	CU_ASSERT(pool.used > 0 && pool.fresh <= pool.used + 1);
	tf_preparation_free(p);
}

/* Is SECOND a copy of FIRST to those who saw nothing else? */
static bool
is_copy_of(struct tf_segment first, struct tf_segment second)
{
	struct tf_preparation *p = tf_preparation_new(secret_of_hash);
	struct tf_segment s[2] = {first, second};

	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	tf_prepare(p, s, 2);
	tf_preparation_free(p);
	CU_ASSERT_FALSE(s[0].is_copy);
	return s[1].is_copy;
}

/* What a mirror leaves as it is must be the same; what it may change, or tells another frame, need not. */
static void
a_copy_is_the_same_segment(void)
{
	const struct tf_segment first = {.ts_ns = START,
	                                 .packet = 1,
	                                 .src_port = 40000,
	                                 .dst_port = 80,
	                                 .seq = {1000},
	                                 .ack = {2000},
	                                 .flags = TF_ACK | TF_PSH,
	                                 .window = 500,
	                                 .len = 100,
	                                 .checksum = 0x1234,
	                                 .options = TF_OPT_TIMESTAMPS,
	                                 .tsval = 77,
	                                 .tsecr = 88,
	                                 .ip_id = 9,
	                                 .ttl = 64};
	static const struct {
		size_t at, size;
	} field[] = {
#define FIELD(name) {offsetof(struct tf_segment, name), sizeof first.name}
	    FIELD(src_port), FIELD(dst_port), FIELD(seq),   FIELD(ack),   FIELD(flags), FIELD(window),
	    FIELD(len),      FIELD(checksum), FIELD(tsval), FIELD(tsecr), FIELD(ip_id), FIELD(urgent),
#undef FIELD
	};
	struct tf_segment other = first;

	other.packet = 2;
	other.ts_ns += 1000000;
	other.ttl = 63;
	CU_ASSERT(is_copy_of(first, other));
	for (size_t i = 0; i < sizeof field / sizeof *field; i++)
		for (size_t bit = 0; bit < 8 * field[i].size; bit++) {
			struct tf_segment changed = other;
			((uint8_t *)&changed)[field[i].at + bit / 8] ^= (uint8_t)(1 << bit % 8);
			CU_ASSERT_FALSE(is_copy_of(first, changed));
		}
	for (size_t bit = 0; bit < 64; bit++) { /* the halves that tell hosts apart */
		struct tf_segment changed[2] = {other, other};
		changed[0].src.byte[8 + bit / 8] ^= (uint8_t)(1 << bit % 8);
		changed[1].dst.byte[8 + bit / 8] ^= (uint8_t)(1 << bit % 8);
		CU_ASSERT_FALSE(is_copy_of(first, changed[0]) || is_copy_of(first, changed[1]));
	}
}

/* One in a row of other segments does not hide the copy of the one before it, in whichever set of the table. */
static void
a_copy_may_come_after_another(void)
{
	for (uint32_t i = 0; i < 3000; i++) {
		struct tf_preparation *p = tf_preparation_new(secret_of_hash);
		struct tf_segment s[3] = {
		    {.ts_ns = START, .seq = {i}, .len = 1, .ip_id = 7},
		    {.ts_ns = START + 1, .seq = {i * 2654435761u}, .len = 2, .ip_id = 8},
		    {.ts_ns = START + 2, .seq = {i}, .len = 1, .ip_id = 7},
		};

		CU_ASSERT_PTR_NOT_NULL_FATAL(p);
		tf_prepare(p, s, 3);
		CU_ASSERT(!s[0].is_copy && !s[1].is_copy && s[2].is_copy);
		tf_preparation_free(p);
	}
}

/* Twenty times a segment with data and two bare ACKs, each twice within a millisecond and without an identification, the
 * data DOUBLED or not: how many of the ACKs are taken for copies? */
static unsigned
copies_of_bare_acks(bool doubled)
{
	struct tf_preparation *p = tf_preparation_new(secret_of_hash);
	unsigned copies = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	for (uint32_t i = 0; i < 20; i++) {
		int64_t ns = START + i * SECOND;
		struct tf_segment data[2] = {{.ts_ns = ns, .seq = {i}, .len = 1, .flags = TF_ACK, .ttl = 64},
		                             {.ts_ns = ns, .seq = {i}, .len = 1, .flags = TF_ACK, .ttl = 63}};
		struct tf_segment ack[4] = {
		    {.ts_ns = ns, .ack = {i}, .flags = TF_ACK, .ttl = 64},
		    {.ts_ns = ns, .ack = {i}, .flags = TF_ACK, .ttl = 63},
		    {.ts_ns = ns, .ack = {i}, .window = 1, .flags = TF_ACK, .ttl = 64},
		    {.ts_ns = ns, .ack = {i}, .window = 1, .flags = TF_ACK, .ttl = 63}};

		tf_prepare(p, data, doubled ? 2 : 1);
		tf_prepare(p, ack, 4);
		for (size_t n = 0; n < 4; n++)
			copies += ack[n].is_copy;
	}
	tf_preparation_free(p);
	return copies;
}

/* Identical duplicate ACKs are real, unless most of what can be told is doubled, of which sixteen are the least. */
static void
bare_acks_are_copies_among_copies(void)
{
	CU_ASSERT_EQUAL(copies_of_bare_acks(false), 0);
	CU_ASSERT_EQUAL(copies_of_bare_acks(true), 2 * (20 - 15));
}

/* ---- services ------------------------------------------------------------------------ */

/* How many of so many hosts that differ in octet AT alone and serve one port are known at the end. */
static unsigned
known_services(struct tf_addr addr, unsigned at, unsigned hosts)
{
	struct tf_services *services = calloc(1, sizeof *services);
	unsigned known = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(services);
	for (unsigned i = 0; i < hosts; i++) {
		addr.byte[at] = (uint8_t)i;
		tf_services_add(services, &addr, 443);
	}
	for (unsigned i = 0; i < hosts; i++) {
		addr.byte[at] = (uint8_t)i;
		known += tf_services_has(services, &addr, 443);
	}
	free(services);
	return known;
}

static void
services_of_a_network_are_told_apart(void)
{
	enum { HOSTS = 200 };
	struct tf_addr ipv6 = {{0x20, 0x01, 0x0d, 0xb8}};

	/* Of so many places few are wanted twice. */
	for (unsigned at = 12; at < 16; at++)
		CU_ASSERT(known_services(tf_addr_of_ipv4(0), at, HOSTS) > HOSTS * 3 / 4);
	for (unsigned at = 4; at < 16; at++)
		CU_ASSERT(known_services(ipv6, at, HOSTS) > HOSTS * 3 / 4);
}

/* ---- the wheel ----------------------------------------------------------------------- */

enum { TIMED = 300 };

static struct tf_pool arena;
static struct tf_wheel *wheel;
static unsigned looks; /* how often the wheel looked at one */

static struct tf_connection *
timed(uint32_t index)
{
	return tf_pool_at(&arena, index);
}

static void
wheel_begins_at(int64_t now_ns)
{
	arena = (struct tf_pool){.item_bytes = sizeof(struct tf_connection), .capacity = TIMED};
	arena.items = calloc(TIMED, sizeof(struct tf_connection));
	wheel = calloc(1, sizeof *wheel);
	CU_ASSERT_PTR_NOT_NULL_FATAL(arena.items);
	CU_ASSERT_PTR_NOT_NULL_FATAL(wheel);
	CU_ASSERT_FATAL(tf_wheel_init(wheel, &arena));
	tf_wheel_start(wheel, now_ns);
	for (uint32_t i = 1; i <= TIMED; i++) {
		CU_ASSERT_EQUAL(tf_pool_get(&arena), i);
		timed(i)->conn = 1000 - i; /* another order than the places' */
	}
}

static void
wheel_begins(void)
{
	wheel_begins_at(START);
}

static void
wheel_ends(void)
{
	tf_wheel_fini(wheel);
	free(wheel);
	free(arena.items);
}

/* As the analyzer does: what is due before NOW by WANTED, in order; the others are filed again. */
static unsigned
run_wheel(int64_t now_ns, int64_t wanted[TIMED + 1], struct tf_due out[TIMED])
{
	struct tf_due due;
	unsigned count = 0;

	while (tf_wheel_maybe_due(wheel, now_ns) && tf_wheel_collect(wheel, now_ns)) {
		while (tf_wheel_pop(wheel, now_ns, &due)) {
			looks++;
			int64_t when = wanted[due.index];
			if (when >= now_ns) {
				tf_wheel_file(wheel, due.index, when);
			} else if (when > due.deadline_ns) {
				due.deadline_ns = when;
				CU_ASSERT(tf_wheel_push(wheel, due));
			} else {
				due.deadline_ns = when;
				out[count++] = due;
				wanted[due.index] = INT64_MAX;
			}
		}
	}
	return count;
}

/* What is due before NOW comes out as a plain list has it. */
static void
expect_in_order(int64_t now, int64_t wanted[TIMED + 1])
{
	static int64_t plain[TIMED + 1];
	static struct tf_due out[TIMED];

	memcpy(plain, wanted, sizeof plain);
	unsigned count = run_wheel(now, wanted, out), expected = 0;
	for (uint32_t i = 1; i <= TIMED; i++)
		expected += plain[i] < now;
	CU_ASSERT_EQUAL(count, expected);
	for (unsigned i = 0; i < count; i++) {
		CU_ASSERT_EQUAL(out[i].deadline_ns, plain[out[i].index]);
		CU_ASSERT(out[i].deadline_ns < now);
		if (i > 0)
			CU_ASSERT(
			    out[i - 1].deadline_ns < out[i].deadline_ns ||
			    (out[i - 1].deadline_ns == out[i].deadline_ns && out[i - 1].conn < out[i].conn));
	}
}

static void
deadlines_come_in_order(void)
{
	static int64_t wanted[TIMED + 1];
	int64_t now = START;

	wheel_begins();
	for (uint32_t i = 1; i <= TIMED; i++)
		wanted[i] = INT64_MAX;
	for (int round = 0; round < 400; round++) {
		for (int n = 0; n < 20; n++) {
			/* New, earlier, later, far beyond a round of the wheel (550 s), or gone. */
			uint32_t i = 1 + chance(TIMED);
			int64_t ahead =
			    chance(3) ? (int64_t)chance(2000000000) : (int64_t)chance(5000) * SECOND;
			if (chance(8) == 0) {
				tf_wheel_remove(wheel, i);
				wanted[i] = INT64_MAX;
				continue;
			}
			wanted[i] = now + ahead / SECOND * SECOND + 1; /* many at the same time */
			if (chance(3))
				tf_wheel_file(wheel, i, wanted[i]);
			else
				tf_wheel_move(wheel, i, wanted[i]);
		}
		now += chance(20) ? (int64_t)chance(3) * SECOND : (int64_t)chance(20000) * SECOND;
		expect_in_order(now, wanted);
	}
	wheel_ends();
}

/* How long slots of the second level are: as long as the first level. */
#define COARSE (INT64_C(1) << 39)

/* From milliseconds to two hundred years, each size as likely as another; some as long as a level, or nearly; the
 * longest there is. */
static int64_t
some_time(void)
{
	const uint64_t most = (uint64_t)200 * YEAR;
	uint64_t ns = (uint64_t)chance(UINT32_MAX) << 32 | chance(UINT32_MAX);

	switch (chance(40)) {
	case 0:
		return INT64_MAX;
	case 1:
	case 2:
		return COARSE / TF_WHEEL_SLOTS * (TF_WHEEL_SLOTS - 1 + chance(3)) - chance(2);
	case 3:
	case 4:
		return COARSE * (TF_WHEEL_SLOTS - 1 + chance(3)) - chance(2);
	default:
		return (int64_t)((ns >> 1) % most >> chance(44));
	}
}

/* AHEAD of NOW, as far as times go; INT64_MAX means never. */
static int64_t
later(int64_t now, int64_t ahead)
{
	return now >= 0 && ahead > INT64_MAX - 1 - now ? INT64_MAX - 1 : now + ahead;
}

/* Deadlines and leaps of the clock of all sizes, until times end. */
static void
far_deadlines_from(int64_t now)
{
	static int64_t wanted[TIMED + 1];

	wheel_begins_at(now);
	for (uint32_t i = 1; i <= TIMED; i++)
		wanted[i] = INT64_MAX;
	for (int round = 0; round < 300 && now < INT64_MAX - 1; round++) {
		for (int n = 0; n < 20; n++) {
			uint32_t i = 1 + chance(TIMED);
			if (chance(8) == 0) {
				tf_wheel_remove(wheel, i);
				wanted[i] = INT64_MAX;
				continue;
			}
			wanted[i] = chance(4) ? later(now, some_time()) : wanted[1 + chance(TIMED)];
			if (wanted[i] == INT64_MAX)
				tf_wheel_remove(wheel, i);
			else if (chance(3))
				tf_wheel_file(wheel, i, wanted[i]);
			else
				tf_wheel_move(wheel, i, wanted[i]);
		}
		/* Long leaps are few, or times end soon; and where coarse slots begin the clock stops, too. */
		now = later(now, some_time() >> (chance(20) ? 12 : 0));
		if (chance(4) == 0 && now < INT64_MAX - COARSE)
			now += COARSE - (now & (COARSE - 1));
		expect_in_order(now, wanted);
	}
	expect_in_order(INT64_MAX, wanted);
	wheel_ends();
}

static void
far_deadlines_come_in_order(void)
{
	for (int n = 0; n < 20; n++) {
		far_deadlines_from(START);
		far_deadlines_from(0);
		far_deadlines_from(-150 * YEAR);
	}
}

/* Places that differ from what they were in OLD, which learns them. */
static unsigned
places_changed(struct tf_wheel_place old[TIMED + 1])
{
	unsigned changed = 0;

	if (memcmp(old, wheel->place, sizeof *old * (TIMED + 1)) == 0)
		return 0;
	for (uint32_t i = 1; i <= TIMED; i++)
		changed += memcmp(&old[i], &wheel->place[i], sizeof *old) != 0;
	memcpy(old, wheel->place, sizeof *old * (TIMED + 1));
	return changed;
}

/* However often the wheel goes round before a deadline: it is touched once a level and when it is due, and each time its
 * neighbours may learn of it. */
static void
far_deadlines_rest(void)
{
	static int64_t wanted[TIMED + 1];
	static struct tf_wheel_place old[TIMED + 1];
	static struct tf_due out[TIMED];
	unsigned count = 0, changed = 0;

	wheel_begins();
	looks = 0;
	for (uint32_t i = 1; i <= TIMED; i++)
		tf_wheel_file(wheel, i, wanted[i] = START + YEAR / 2 + (int64_t)i * (YEAR / 2 / TIMED));
	places_changed(old);
	for (int64_t now = START; now <= START + YEAR + 551 * SECOND; now += 551 * SECOND) {
		count += run_wheel(now, wanted, out);
		changed += places_changed(old);
	}
	CU_ASSERT_EQUAL(count, TIMED);
	CU_ASSERT_EQUAL(looks, TIMED);
	CU_ASSERT(changed <= 3 * TF_WHEEL_LEVELS * TIMED);
	wheel_ends();
}

static void
a_deadline_in_the_past_is_due_at_once(void)
{
	static int64_t wanted[TIMED + 1];
	static struct tf_due out[TIMED];

	wheel_begins();
	wanted[7] = START - 5 * SECOND;
	tf_wheel_file(wheel, 7, wanted[7]);
	CU_ASSERT_EQUAL(run_wheel(START + SECOND, wanted, out), 1);
	CU_ASSERT_EQUAL(out[0].index, 7);
	/* Not before its time: a deadline at NOW is not due yet. */
	wanted[8] = START + 2 * SECOND;
	tf_wheel_file(wheel, 8, wanted[8]);
	CU_ASSERT_EQUAL(run_wheel(START + 2 * SECOND, wanted, out), 0);
	CU_ASSERT_EQUAL(run_wheel(START + 2 * SECOND + 1, wanted, out), 1);
	wheel_ends();
}

static void
the_wheel_without_memory(void)
{
	static int64_t wanted[TIMED + 1];
	static struct tf_due out[TIMED];

	wheel_begins();
	for (uint32_t i = 1; i <= TIMED; i++)
		tf_wheel_file(wheel, i, wanted[i] = START + SECOND + i);
	allocations_left = 0;
	CU_ASSERT_EQUAL(run_wheel(START + 10 * SECOND, wanted, out), 0);
	allocations_left = 1; /* one step of the heap: not enough for all */
	unsigned count = run_wheel(START + 10 * SECOND, wanted, out);
	allocations_left = -1;
	CU_ASSERT(count < TIMED);
	CU_ASSERT_EQUAL(run_wheel(START + 10 * SECOND, wanted, out) + count, TIMED); /* late, and none lost */
	wheel_ends();
	/* The same while the hand passes coarse slots. */
	wheel_begins();
	for (uint32_t i = 1; i <= TIMED; i++)
		tf_wheel_file(wheel, i, wanted[i] = START + i * (YEAR / 100));
	allocations_left = 1;
	count = run_wheel(START + 10 * YEAR, wanted, out);
	allocations_left = -1;
	CU_ASSERT(count < TIMED);
	CU_ASSERT_EQUAL(run_wheel(START + 10 * YEAR, wanted, out) + count, TIMED);
	wheel_ends();
}

/* ---- the table ------------------------------------------------------------------------ */

static struct tf_analyzer *analyzer;
static struct tf_connection_record records[64];
static unsigned record_count;
/* What the last finding says by these names. */
static int64_t told_after_ns;
static uint64_t told_retransmitted;

static void
note_finding(const struct tf_finding *f)
{
	for (size_t i = 0; i < f->detail_count; i++)
		if (strcmp(f->detail[i].name, "after") == 0)
			told_after_ns = f->detail[i].ns;
		else if (strcmp(f->detail[i].name, "retransmitted") == 0)
			told_retransmitted = f->detail[i].count;
}

static void
note_record(void *context, const struct tf_event *e)
{
	(void)context;
	if (e->kind == TF_EV_CONNECTION && record_count < 64)
		records[record_count++] = *e->connection;
	else if (e->kind == TF_EV_FINDING)
		note_finding(e->finding);
}

static struct tf_config
small_config(uint32_t connections, uint32_t tombstones)
{
	struct tf_config config;

	tf_config_init(&config, TF_PROFILE_LINUX);
	config.max_connections = connections;
	config.max_tombstones = tombstones;
	config.reassembly_bytes = 1 << 18;
	return config;
}

static void
analyzer_begins(uint32_t connections, uint32_t tombstones)
{
	struct tf_config config = small_config(connections, tombstones);

	record_count = 0;
	analyzer = tf_analyzer_new(
	    &config, (struct tf_sink){.wanted = TF_EV_CONNECTION | TF_EV_FINDING, .event = note_record});
	CU_ASSERT_PTR_NOT_NULL_FATAL(analyzer);
}

static uint16_t offered = 65535; /* the window of what is fed */
static uint16_t service = 80;    /* the server's port */

/* Client PORT's segment, or the server's to it. */
static void
feed_octets(uint16_t port, bool from_server, unsigned flags, uint32_t seq, uint32_t len, uint32_t ack,
            int64_t after_ns)
{
	static uint64_t fed;
	uint64_t packet = ++fed;
	struct tf_segment s = {
	    .ts_ns = START + after_ns,
	    .packet = packet,
	    .src_port = from_server ? service : port,
	    .dst_port = from_server ? port : service,
	    .seq = tf_seq_of(port * 100000u + seq),
	    .ack = tf_seq_of(port * 100000u + ack),
	    .flags = (uint16_t)flags,
	    .window = offered,
	    .len = len,
	    .wire_len = 54 + len,
	    .ip_version = 4,
	    .ip_id = (uint16_t)packet,
	    .ttl = 64,
	};

	s.src.byte[15] = from_server ? 2 : 1;
	s.dst.byte[15] = from_server ? 1 : 2;
	tf_analyzer_prepare(analyzer, &s, 1);
	tf_analyzer_feed(analyzer, &s, 1);
}

static void
feed(uint16_t port, bool from_server, unsigned flags, uint32_t seq, uint32_t ack, int64_t after_ns)
{
	feed_octets(port, from_server, flags, seq, 0, ack, after_ns);
}

static void
open_connection(uint16_t port, int64_t after_ns)
{
	feed(port, false, TF_SYN, 0, 0, after_ns);
	feed(port, true, TF_SYN | TF_ACK, 50000, 1, after_ns + 1000);
	feed(port, false, TF_ACK, 1, 50001, after_ns + 2000);
}

static void
refuse_connection(uint16_t port, int64_t after_ns)
{
	feed(port, false, TF_SYN, 0, 0, after_ns);
	feed(port, true, TF_RST | TF_ACK, 0, 1, after_ns + 1000);
}

/* Of a SYN,ACK it is the sender that tells whether it is an answer. */
static void
nobody_answers_himself(void)
{
	analyzer_begins(100, 16);
	for (uint16_t i = 0; i < 5; i++)
		open_connection((uint16_t)(300 + i), i * SECOND / 100); /* by now a plain answer is known */
	feed(400, false, TF_SYN, 0, 0, SECOND);
	feed(400, false, TF_SYN | TF_ACK, 50000, 1, SECOND + 1000);
	tf_analyzer_finish(analyzer);
	CU_ASSERT_EQUAL_FATAL(record_count, 6);
	CU_ASSERT_EQUAL(records[5].end[TF_CLIENT].port, 400);
	CU_ASSERT_EQUAL(records[5].end[TF_CLIENT].packets, 2);
	CU_ASSERT_EQUAL(records[5].end[TF_SERVER].packets, 0);
	CU_ASSERT_EQUAL(records[0].end[TF_SERVER].packets, 1);
	tf_analyzer_free(analyzer);
}

/* A listener that answers a SYN twice, with two numbers, holds one embryonic connection. */
static void
two_answers_are_one_embryonic_connection(void)
{
	enum { CLIENTS = 60 };

	analyzer_begins(1000, 16);
	for (uint16_t i = 0; i < CLIENTS; i++) {
		feed((uint16_t)(1000 + i), false, TF_SYN, 0, 0, i * SECOND / 10);
		feed((uint16_t)(1000 + i), true, TF_SYN | TF_ACK, 50000, 1, i * SECOND / 10 + 1000);
		feed((uint16_t)(1000 + i), true, TF_SYN | TF_ACK, 70000, 1, i * SECOND / 10 + 2000);
	}
	tf_analyzer_finish(analyzer);
	CU_ASSERT_EQUAL(tf_analyzer_stats(analyzer)->anomalies[TF_A_SYN_FLOOD], 0);
	tf_analyzer_free(analyzer);
}

/* Nobody listens on port 0, though with no address it looks like a place that is free. */
static void
nothing_at_port_0_is_no_listener(void)
{
	struct tf_segment s[2] = {{
	    .ts_ns = START,
	    .packet = 1,
	    .src = {{[15] = 1}},
	    .src_port = 1000,
	    .seq = tf_seq_of(5000),
	    .flags = TF_SYN,
	    .window = 65535,
	    .options = TF_OPT_MSS | TF_OPT_WSCALE | TF_OPT_SACK_PERMITTED,
	    .mss = 1440,
	    .wscale = 7,
	    .wire_len = 80,
	    .ip_version = 6,
	    .ttl = 64,
	}};

	s[1] = s[0];
	s[1].packet = 2;
	s[1].src = s[0].dst;
	s[1].dst = s[0].src;
	s[1].src_port = 0;
	s[1].dst_port = 1000;
	s[1].seq = tf_seq_of(9000);
	s[1].ack = tf_seq_of(5001);
	s[1].flags = TF_SYN | TF_ACK;
	analyzer_begins(10, 16);
	tf_analyzer_prepare(analyzer, s, 2);
	tf_analyzer_feed(analyzer, s, 2);
	tf_analyzer_finish(analyzer);
	CU_ASSERT_EQUAL(tf_analyzer_stats(analyzer)->listeners_dropped, 1);
	CU_ASSERT_EQUAL(record_count, 1);
	tf_analyzer_free(analyzer);
}

/* The one after the greatest is 1: 0 is that of a place that is free. */
static void
numbers_go_round(void)
{
	enum { BEFORE = 3, CLIENTS = 8 };

	for (unsigned opened = 0; opened <= CLIENTS; opened++) {
		unsigned seen = 0;
		analyzer_begins(100, 16);
		analyzer->next_conn = TF_MAX_CONN - BEFORE;
		for (uint16_t i = 0; i < CLIENTS; i++)
			if (i < opened)
				open_connection((uint16_t)(300 + i), i * SECOND / 100);
			else
				feed((uint16_t)(300 + i), false, TF_SYN, 0, 0, i * SECOND / 100);
		CU_ASSERT_EQUAL(tf_live(analyzer), CLIENTS);
		tf_analyzer_finish(analyzer);
		CU_ASSERT_EQUAL(record_count, CLIENTS);
		for (unsigned i = 0; i < record_count; i++) {
			unsigned client = records[i].end[TF_CLIENT].port - 300u;
			seen |= 1u << client;
			CU_ASSERT_EQUAL(records[i].conn, client < BEFORE ? TF_MAX_CONN - BEFORE + 1 + client
			                                                 : client - BEFORE + 1u);
		}
		CU_ASSERT_EQUAL(seen, (1u << CLIENTS) - 1);
		tf_analyzer_free(analyzer);
	}
}

#define MET 40

/* By client: how often its connection was told of, in a record, in a brief. */
static struct {
	unsigned records, briefs;
} met[MET];
static uint64_t met_conn[MET];

/* Its SYN has no answer, in the end. */
static bool
waits_for_answer(unsigned client)
{
	return client % 5 == 4;
}

static void
note_meeting(uint64_t conn, bool brief, unsigned client, unsigned server)
{
	for (unsigned i = 0; i < MET; i++) {
		if (met_conn[i] != conn)
			continue;
		met[i].records += !brief;
		met[i].briefs += brief;
		CU_ASSERT_EQUAL(client, waits_for_answer(i) ? TF_SYN_SENT : TF_ESTABLISHED);
		CU_ASSERT_EQUAL(server, waits_for_answer(i) ? TF_LISTEN : TF_ESTABLISHED);
	}
}

static void
note_briefs(void *context, const struct tf_event *e)
{
	(void)context;
	if (e->kind == TF_EV_CONNECTION)
		note_meeting(e->connection->conn, false, e->connection->end[0].state,
		             e->connection->end[1].state);
	for (size_t i = 0; e->kind == TF_EV_BRIEF && i < e->briefs->count; i++)
		note_meeting(e->briefs->brief[i].conn, true, e->briefs->brief[i].state[0],
		             e->briefs->brief[i].state[1]);
}

/* Where briefs are enough, each connection that is left at the end is told once: whether it has a finding or not, whether
 * it is an embryo or not, whether its place follows from its number, and where one is so old that numbers are no ranks. */
static void
the_end_tells_each_once(void)
{
	enum { OLD = 3, ODD = 7, TOGETHER = 1, SPARSE = 2 };
	struct tf_table_counts counts;

	for (unsigned how = 0; how <= (TOGETHER | SPARSE); how++) {
		struct tf_config config = small_config(100, 16);
		analyzer = tf_analyzer_new(
		    &config, (struct tf_sink){.wanted = TF_EV_BRIEF | TF_EV_FINDING, .event = note_briefs});
		CU_ASSERT_PTR_NOT_NULL_FATAL(analyzer);
		memset(met, 0, sizeof met);
		for (uint16_t i = 0; i < MET; i++) {
			analyzer->next_conn += how & SPARSE && i == OLD ? 100000 : 0;
			feed((uint16_t)(300 + i), false, TF_SYN, 0, 0, i * 1000);
			met_conn[i] = analyzer->next_conn;
			if (how & TOGETHER || waits_for_answer(i))
				continue;
			feed((uint16_t)(300 + i), true, TF_SYN | TF_ACK, 50000, 1, i * 1000 + 300);
			feed((uint16_t)(300 + i), false, TF_ACK, 1, 50001, i * 1000 + 600);
		}
		for (uint16_t i = MET; i-- > 0 && how & TOGETHER;) {
			if (waits_for_answer(i))
				continue;
			feed((uint16_t)(300 + i), true, TF_SYN | TF_ACK, 50000, 1, SECOND - i * 1000);
			feed((uint16_t)(300 + i), false, TF_ACK, 1, 50001, SECOND - i * 1000 + 500);
		}
		feed(300 + OLD - 1, false, 0, 1, 50001, 2 * SECOND);
		feed(300 + ODD, false, 0, 1, 50001, 2 * SECOND);
		CU_ASSERT_EQUAL(tf_live(analyzer), MET);
		tf_analyzer_finish(analyzer);
		/* Whoever looks at the table yet finds all of them. */
		tf_analyzer_count(analyzer, &counts);
		CU_ASSERT_EQUAL(counts.connections, MET);
		CU_ASSERT_EQUAL(counts.pairs[TF_SYN_SENT][TF_LISTEN], MET / 5);
		CU_ASSERT_EQUAL(counts.pairs[TF_ESTABLISHED][TF_ESTABLISHED], MET - MET / 5);
		for (unsigned i = 0; i < MET; i++) {
			bool odd = i == OLD - 1 || i == ODD;
			CU_ASSERT_EQUAL(met[i].records, odd);
			CU_ASSERT_EQUAL(met[i].briefs, !odd);
		}
		tf_analyzer_free(analyzer);
	}
}

/* Closed before embryonic before in mid-close before established, and the longest silent first. */
static void
the_least_valuable_goes_first(void)
{
	static const uint16_t order[] = {104, 103, 105, 102, 101};

	analyzer_begins(5, 16);
	open_connection(101, 0);
	open_connection(102, SECOND / 100);
	feed(102, false, TF_FIN | TF_ACK, 1, 50001, SECOND / 50); /* in mid-close */
	feed(103, false, TF_SYN, 0, 0, SECOND / 40);              /* embryonic */
	refuse_connection(104, SECOND / 30);                      /* closed, not settled yet */
	feed(105, false, TF_SYN, 0, 0, SECOND / 20);              /* embryonic, and spoke later */
	CU_ASSERT_EQUAL(tf_live(analyzer), 5);
	for (uint16_t i = 0; i < 5; i++) {
		open_connection((uint16_t)(200 + i), SECOND / 10 + i * SECOND / 100);
		CU_ASSERT_EQUAL(record_count, i + 1u);
		CU_ASSERT(records[i].evicted);
		CU_ASSERT_EQUAL(records[i].end[TF_CLIENT].port, order[i]);
	}
	CU_ASSERT_EQUAL(tf_analyzer_stats(analyzer)->evicted, 5);
	CU_ASSERT_EQUAL(tf_analyzer_stats(analyzer)->live_max, 5);
	CU_ASSERT_EQUAL(tf_analyzer_stats(analyzer)->connections, 10);
	tf_analyzer_finish(analyzer);
	CU_ASSERT_EQUAL(record_count, 10); /* each has one record */
	tf_analyzer_free(analyzer);
}

/* Where a flood finds the arena of connections empty again, that stays so, and yet somebody goes for each that comes.
 * Those that grow then find places there. */
static void
a_flood_stays_within_the_bound(void)
{
	enum { MOST = 300, FLOOD = 1000 };

	analyzer_begins(MOST, 0);
	for (uint16_t i = 0; i < MOST; i++)
		open_connection((uint16_t)(1000 + i), i * 10000);
	for (uint16_t i = 0; i < MOST; i++)
		feed((uint16_t)(1000 + i), false, TF_RST, 1, 0, SECOND + i);
	tf_analyzer_advance(analyzer, START + 100 * SECOND);
	CU_ASSERT_EQUAL(tf_live(analyzer), 0);
	for (uint16_t i = 0; i < FLOOD; i++) {
		feed((uint16_t)(10000 + i), false, TF_SYN, 0, 0, 101 * SECOND + i);
		CU_ASSERT_FATAL(tf_live(analyzer) <= MOST);
	}
	CU_ASSERT_EQUAL(tf_live(analyzer), MOST);
	CU_ASSERT_EQUAL(tf_analyzer_stats(analyzer)->evicted, FLOOD - MOST);
	for (uint16_t i = 0; i < FLOOD; i++) {
		feed((uint16_t)(10000 + i), true, TF_SYN | TF_ACK, 50000, 1, 102 * SECOND + 2 * i);
		if (i % 3)
			feed((uint16_t)(10000 + i), false, TF_ACK, 1, 50001, 102 * SECOND + 2 * i + 1);
		CU_ASSERT_FATAL(tf_live(analyzer) <= MOST);
	}
	CU_ASSERT(analyzer->connections.used <= analyzer->connections.capacity);
	tf_analyzer_free(analyzer);
}

/* Remembered for 600 s after its record, which comes 3 s after its last segment. */
static void
tombstones_expire(void)
{
	analyzer_begins(8, 16);
	refuse_connection(101, 0);
	tf_analyzer_advance(analyzer, START + 4 * SECOND);
	CU_ASSERT_EQUAL(record_count, 1);
	CU_ASSERT_EQUAL(analyzer->graveyard.count, 1);
	CU_ASSERT_EQUAL(analyzer->index.used, 1);
	tf_analyzer_advance(analyzer, START + 602 * SECOND);
	CU_ASSERT_EQUAL(analyzer->graveyard.count, 1);
	feed(101, true, TF_RST | TF_ACK, 0, 1, 602 * SECOND); /* late: no connection of its own */
	CU_ASSERT_EQUAL(tf_analyzer_stats(analyzer)->connections, 1);
	tf_analyzer_advance(analyzer, START + 604 * SECOND);
	CU_ASSERT_EQUAL(analyzer->graveyard.count, 0);
	CU_ASSERT_EQUAL(analyzer->index.used, 0);
	feed(101, true, TF_RST | TF_ACK, 0, 1, 605 * SECOND);
	CU_ASSERT_EQUAL(tf_analyzer_stats(analyzer)->connections, 2);
	tf_analyzer_free(analyzer);
}

static void
tombstones_are_bounded(void)
{
	analyzer_begins(8, 3);
	for (uint16_t i = 0; i < 7; i++) {
		refuse_connection((uint16_t)(101 + i), i * 4 * SECOND);
		CU_ASSERT(analyzer->graveyard.count <= 3);
	}
	tf_analyzer_advance(analyzer, START + 32 * SECOND);
	CU_ASSERT_EQUAL(record_count, 7);
	CU_ASSERT_EQUAL(analyzer->graveyard.count, 3);
	CU_ASSERT_EQUAL(analyzer->index.used, 3);
	CU_ASSERT_EQUAL(tf_analyzer_stats(analyzer)->evicted_tombstones, 4);
	/* A new connection takes the place of one: its tombstone is dug up. */
	open_connection(107, 33 * SECOND);
	CU_ASSERT_EQUAL(analyzer->index.used, 3);
	tf_analyzer_free(analyzer);
	analyzer_begins(8, 0);
	refuse_connection(101, 0);
	tf_analyzer_advance(analyzer, START + 4 * SECOND);
	CU_ASSERT_EQUAL(analyzer->graveyard.count, 0);
	CU_ASSERT_EQUAL(analyzer->index.used, 0);
	tf_analyzer_free(analyzer);
}

/* The client is in TIME-WAIT, and that runs out; then the server's FIN comes again. */
static void
fin_after_time_wait(void)
{
	open_connection(101, 0);
	feed(101, false, TF_FIN | TF_ACK, 1, 50001, SECOND / 10);
	feed(101, true, TF_FIN | TF_ACK, 50001, 2, SECOND / 9);
	feed(101, false, TF_ACK, 2, 50002, SECOND / 8);
	tf_analyzer_advance(analyzer, START + 90 * SECOND);
	CU_ASSERT_EQUAL(analyzer->graveyard.count, 1);
	feed(101, true, TF_FIN | TF_ACK, 50001, 2, 91 * SECOND);
}

/* It is told once its answer has passed, or cannot any more; at once where so many wait that it cannot. */
static void
a_late_fin_waits_for_its_answer(void)
{
	const uint64_t *told;

	analyzer_begins(8, 16);
	told = &tf_analyzer_stats(analyzer)->anomalies[TF_A_FIN_AFTER_TIME_WAIT];
	fin_after_time_wait();
	CU_ASSERT_EQUAL(*told, 0);
	feed(101, false, TF_RST, 2, 0, 92 * SECOND);
	CU_ASSERT_EQUAL(*told, 1);
	tf_analyzer_finish(analyzer);
	CU_ASSERT_EQUAL(*told, 1);
	tf_analyzer_free(analyzer);

	analyzer_begins(8, 16);
	told = &tf_analyzer_stats(analyzer)->anomalies[TF_A_FIN_AFTER_TIME_WAIT];
	fin_after_time_wait();
	CU_ASSERT_EQUAL(*told, 0);
	/* Another connection on its 4-tuple changes nothing of what is told of it. */
	feed(101, false, TF_SYN, 10000000, 0, 93 * SECOND);
	CU_ASSERT_EQUAL(tf_analyzer_stats(analyzer)->connections, 2);
	tf_analyzer_finish(analyzer);
	CU_ASSERT_EQUAL(*told, 1);
	/* TIME-WAIT began about when the FIN and its ACK passed first. */
	CU_ASSERT(told_after_ns > 90 * SECOND && told_after_ns < 91 * SECOND);
	tf_analyzer_free(analyzer);

	analyzer_begins(8, 16);
	told = &tf_analyzer_stats(analyzer)->anomalies[TF_A_FIN_AFTER_TIME_WAIT];
	uint32_t room = analyzer->graveyard.waiting.capacity;
	analyzer->graveyard.waiting.capacity = 0;
	fin_after_time_wait();
	CU_ASSERT_EQUAL(*told, 1);
	feed(101, true, TF_FIN | TF_ACK, 50001, 2, 92 * SECOND);
	analyzer->graveyard.waiting.capacity = room;
	tf_analyzer_finish(analyzer);
	CU_ASSERT_EQUAL(*told, 1);
	tf_analyzer_free(analyzer);
}

/* What is promised: a live connection costs at most 256 octets, its place in the wheel, the addresses of IPv6 and its
 * share of a full table's index included. */
static void
what_a_connection_costs(void)
{
	struct tf_config config;
	uint64_t places = 4096, entries;

	tf_config_init(&config, TF_PROFILE_LINUX);
	entries = (uint64_t)config.max_connections + config.max_tombstones;
	while (entries > (places - 1) / 4 * 3)
		places *= 2;
	CU_ASSERT_EQUAL(sizeof(struct tf_connection), 192);
	CU_ASSERT_EQUAL(sizeof(struct tf_end), 68);
	CU_ASSERT_EQUAL(sizeof(struct tf_bucket), 8 * TF_BUCKET);
	CU_ASSERT(
	    (double)(sizeof(struct tf_connection) + sizeof(struct tf_wheel_place) + sizeof(struct tf_wide)) +
	        (double)(places / TF_BUCKET * sizeof(struct tf_bucket)) / (double)entries <=
	    256.0);
}

/* A port that holds more connections than the index first has places for. */
static void
feed_much(void)
{
	for (uint16_t i = 0; i < 4000; i++) {
		feed((uint16_t)(1000 + i), false, TF_SYN, 0, 0, i * 1000);
		if (i % 3 == 0)
			feed((uint16_t)(1000 + i), true, TF_RST | TF_ACK, 0, 1, i * 1000 + 500);
	}
	tf_analyzer_advance(analyzer, START + 10 * SECOND);
	tf_analyzer_advance(analyzer, START + 10000 * SECOND);
	tf_analyzer_finish(analyzer);
}

static void
every_allocation_fails_in_turn(void)
{
	struct tf_sink sink = {.wanted = TF_EV_CONNECTION | TF_EV_FINDING, .event = note_record};
	struct tf_config config = small_config(5000, 500);
	int needed = 0;

	for (;; needed++) {
		allocations_left = needed;
		analyzer = tf_analyzer_new(&config, sink);
		allocations_left = -1;
		if (analyzer)
			break;
		CU_ASSERT_FATAL(needed < 100);
	}
	CU_ASSERT(needed >= 6); /* all that it is made of */
	tf_analyzer_free(analyzer);
	/* And while it works: it loses connections or time, never more. */
	for (int more = 0; more < 8; more++) {
		allocations_left = -1;
		analyzer = tf_analyzer_new(&config, sink);
		CU_ASSERT_PTR_NOT_NULL_FATAL(analyzer);
		allocations_left = more;
		feed_much();
		CU_ASSERT(tf_analyzer_stats(analyzer)->connections <= 4000);
		CU_ASSERT(tf_analyzer_stats(analyzer)->segments == 4000 + 1334);
		allocations_left = -1;
		tf_analyzer_free(analyzer);
	}
	analyzer = tf_analyzer_new(&config, sink);
	CU_ASSERT_PTR_NOT_NULL_FATAL(analyzer);
	feed_much();
	CU_ASSERT_EQUAL(tf_analyzer_stats(analyzer)->connections, 4000);
	tf_analyzer_free(analyzer);
}

/* What is rare takes a place among the closings, too: where they are all in use an idle connection is told of nothing, and
 * does not become due for ever. */
static void
closings_may_run_out(void)
{
	struct tf_sink sink = {.wanted = TF_EV_CONNECTION | TF_EV_FINDING, .event = note_record};
	struct tf_config config = small_config(5000, 500);
	struct tf_pool *closings;

	analyzer = tf_analyzer_new(&config, sink);
	CU_ASSERT_PTR_NOT_NULL_FATAL(analyzer);
	feed(1000, false, TF_SYN, 0, 0, 0);
	feed(1000, true, TF_SYN | TF_ACK, 0, 1, 1);
	feed(1000, false, TF_ACK, 1, 1, 2);
	closings = &analyzer->ctx.closings;
	while (tf_pool_get(closings))
		;
	CU_ASSERT(analyzer->ctx.extras.used < analyzer->ctx.extras.capacity);
	tf_analyzer_advance(analyzer, START + 100000 * SECOND);
	CU_ASSERT(tf_analyzer_stats(analyzer)->anomalies[TF_A_IDLE] == 0);
	tf_analyzer_free(analyzer);
}

#define SERVICES (TF_LEAK_WAYS + 1)

/* Services of the server whose leaks are counted in one set of places. */
static void
find_neighbours(uint16_t port[SERVICES])
{
	const struct tf_addr server = {.byte[15] = 2};
	uint64_t set[SERVICES];

	for (uint16_t at = 1, found = 0; found < SERVICES; at++) {
		set[found] = tf_memory_hash(analyzer->config.memory_key, &server, at) % TF_LEAK_SETS;
		port[found] = at;
		if (set[found] == set[0])
			found++;
	}
}

/* So many clients of a service close, and its program does not, until the limit has run out; NOW_NS: when they begin. */
static void
wait_for_close(uint16_t port, uint16_t first, uint16_t clients, int64_t *now_ns)
{
	service = port;
	for (uint16_t i = first; i < first + clients; i++, *now_ns += SECOND / 10) {
		open_connection(i, *now_ns);
		feed(i, false, TF_FIN | TF_ACK, 1, 50001, *now_ns + 3000);
		feed(i, true, TF_ACK, 50001, 2, *now_ns + 4000);
	}
	*now_ns += 70 * SECOND;
	tf_analyzer_advance(analyzer, START + *now_ns);
}

static void
close_after_all(uint16_t first, uint16_t clients, int64_t *now_ns)
{
	for (uint16_t i = first; i < first + clients; i++) {
		feed(i, true, TF_FIN | TF_ACK, 50001, 2, *now_ns);
		feed(i, false, TF_ACK, 2, 50002, *now_ns += SECOND / 10);
	}
}

static uint64_t
leaks(void)
{
	return tf_analyzer_stats(analyzer)->anomalies[TF_A_CLOSE_WAIT_LEAK];
}

static void
leaks_of_neighbours_are_told_apart(void)
{
	const uint16_t half = TF_LEAK_LIMIT / 2;
	uint16_t port[SERVICES];
	int64_t now_ns = 0;

	analyzer_begins(1000, 1000);
	find_neighbours(port);
	for (uint16_t n = 0; n < TF_LEAK_WAYS; n++)
		wait_for_close(port[n], (uint16_t)(1000 + 100 * n), half, &now_ns);
	CU_ASSERT_EQUAL(leaks(), 0);
	CU_ASSERT_EQUAL(tf_analyzer_stats(analyzer)->pool_exhausted, 0);
	/* There is no room for another one, and nobody makes way for it. */
	wait_for_close(port[TF_LEAK_WAYS], 2000, half, &now_ns);
	CU_ASSERT_EQUAL(tf_analyzer_stats(analyzer)->pool_exhausted, half);
	wait_for_close(port[0], 3000, half, &now_ns);
	CU_ASSERT_EQUAL(leaks(), 1);
	service = 80;
	tf_analyzer_free(analyzer);
}

/* Its leak is over, and another service needs a place: there are others for that. */
static void
a_leak_that_was_told_is_remembered(void)
{
	uint16_t port[SERVICES];
	int64_t now_ns = 0;

	analyzer_begins(1000, 1000);
	find_neighbours(port);
	wait_for_close(port[0], 1000, TF_LEAK_LIMIT, &now_ns);
	CU_ASSERT_EQUAL(leaks(), 1);
	close_after_all(1000, TF_LEAK_LIMIT, &now_ns);
	wait_for_close(port[1], 2000, 1, &now_ns);
	wait_for_close(port[0], 3000, TF_LEAK_LIMIT, &now_ns);
	CU_ASSERT_EQUAL(leaks(), 1);
	service = 80;
	tf_analyzer_free(analyzer);
}

/* Where the capture's time went back, a connection that takes the place of another one begins by the clock, too: else it
 * would have waited so long for its answer. */
static void
a_new_incarnation_begins_by_the_clock(void)
{
	struct tf_sink sink = {.wanted = TF_EV_CONNECTION | TF_EV_FINDING, .event = note_record};
	struct tf_config config = small_config(100, 100);
	const int64_t late = 300 * SECOND;

	record_count = 0;
	analyzer = tf_analyzer_new(&config, sink);
	CU_ASSERT_PTR_NOT_NULL_FATAL(analyzer);
	feed(1000, false, TF_SYN, 0, 0, late);
	feed(1000, true, TF_SYN | TF_ACK, 0, 1, late + 1);
	feed(1000, false, TF_ACK, 1, 1, late + 2);
	feed(1000, false, TF_FIN | TF_ACK, 1, 1, late + 3);
	feed(1000, true, TF_FIN | TF_ACK, 1, 2, late + 4);
	feed(1000, false, TF_ACK, 2, 2, late + 5);
	feed(1000, false, TF_SYN, 70000, 0, 0); /* it is held until its answer comes */
	feed(2000, false, TF_ACK, 1, 1, late + SECOND);
	feed(1000, true, TF_SYN | TF_ACK, 70000, 70001, 1);
	feed(1000, false, TF_ACK, 70001, 70001, 2);
	tf_analyzer_finish(analyzer);
	CU_ASSERT_EQUAL(tf_analyzer_stats(analyzer)->anomalies[TF_A_TIME_WAIT_REUSE], 1);
	CU_ASSERT_EQUAL(tf_analyzer_stats(analyzer)->anomalies[TF_A_SYN_UNANSWERED], 0);
	CU_ASSERT_EQUAL(record_count, 3);
	for (size_t i = 0; i < record_count; i++)
		CU_ASSERT(records[i].first_ts_ns >= START + late);
	tf_analyzer_free(analyzer);
}

#define LARGE_OCTETS 60000u

/* A client sends so many large segments, each acknowledged.  The next one dies four times, and cut in two it arrives. */
static void
lose_a_large_one_after(uint32_t segments)
{
	uint32_t seq = 1;

	analyzer_begins(10, 10);
	open_connection(1000, 0);
	for (uint32_t i = 0; i < segments; i++, seq += LARGE_OCTETS) {
		feed_octets(1000, false, TF_ACK, seq, LARGE_OCTETS, 50001, SECOND + i);
		feed(1000, true, TF_ACK, 50001, seq + LARGE_OCTETS, SECOND + i);
	}
	for (int again = 0; again < 4; again++)
		feed_octets(1000, false, TF_ACK, seq, LARGE_OCTETS, 50001, (2 << again) * SECOND);
	feed_octets(1000, false, TF_ACK, seq, LARGE_OCTETS / 2, 50001, 40 * SECOND);
	feed(1000, true, TF_ACK, 50001, seq + LARGE_OCTETS / 2, 41 * SECOND);
}

/* The server's window was shut once, and 3 GiB later the client has to send much again. */
static void
what_was_refused_is_forgotten(void)
{
	const uint32_t three_gib = (uint32_t)((UINT64_C(3) << 30) / LARGE_OCTETS), lost = 4000;
	uint32_t seq = 1;

	analyzer_begins(10, 10);
	open_connection(1000, 0);
	for (uint32_t i = 0; i < three_gib + lost; i++, seq += LARGE_OCTETS) {
		feed_octets(1000, false, TF_ACK, seq, LARGE_OCTETS, 50001, SECOND + i);
		if (i >= three_gib)
			feed_octets(1000, false, TF_ACK, seq, LARGE_OCTETS, 50001, SECOND + i);
		offered = i ? 65535 : 0;
		feed(1000, true, TF_ACK, 50001, seq + LARGE_OCTETS, SECOND + i);
		offered = 65535;
		if (!i)
			feed(1000, true, TF_ACK, 50001, seq + LARGE_OCTETS, SECOND + i);
	}
	tf_analyzer_finish(analyzer);
	CU_ASSERT_EQUAL(tf_analyzer_stats(analyzer)->anomalies[TF_A_EXCESSIVE_RETRANSMISSION], 1);
	CU_ASSERT_FATAL(record_count == 1);
	CU_ASSERT_EQUAL(records[0].end[TF_CLIENT].retransmitted, lost);
	CU_ASSERT_EQUAL(told_retransmitted, lost);
	tf_analyzer_free(analyzer);
}

/* A path that carried large segments before has no link that is too narrow for them, and octets are counted beyond 4 GiB. */
static void
what_arrived_is_counted_beyond_4_gib(void)
{
	const uint32_t ten_gib = (uint32_t)((UINT64_C(10) << 30) / LARGE_OCTETS);

	lose_a_large_one_after(0);
	CU_ASSERT_EQUAL(tf_analyzer_stats(analyzer)->anomalies[TF_A_PMTU_BLACK_HOLE], 1);
	tf_analyzer_free(analyzer);
	lose_a_large_one_after(ten_gib);
	CU_ASSERT_EQUAL(tf_analyzer_stats(analyzer)->anomalies[TF_A_PMTU_BLACK_HOLE], 0);
	tf_analyzer_finish(analyzer);
	CU_ASSERT_FATAL(record_count == 1);
	CU_ASSERT_EQUAL(records[0].end[TF_CLIENT].bytes, (uint64_t)(ten_gib + 1) * LARGE_OCTETS);
	CU_ASSERT_EQUAL(records[0].end[TF_CLIENT].retransmitted, 4);
	tf_analyzer_free(analyzer);
}

/* A clock that moves by PACE_NS between two looks at it. */
static int64_t clock_now_ns, pace_ns;

static int64_t
step_of_clock(void)
{
	return clock_now_ns += pace_ns;
}

/* Of an arena that fills to TO octets: whether its last pages were small ones. */
static bool
ends_in_small_pages(size_t to, int64_t small_ns, int64_t huge_ns)
{
	const size_t octets = 64, count = (size_t)16 << 14;
	struct tf_page_cost cost = {.clock_ns = step_of_clock};
	struct tf_supply supply = {0};
	unsigned char *items = tf_arena_new(count, octets);

	CU_ASSERT_FATAL(items != NULL);
	for (size_t used = 0; used < to; used += 4096) {
		memset(items + used, 1, 4096);
		tf_supply_tell(&supply, (uint32_t)((used + 4096) / octets));
		pace_ns = supply.supplied.ready < TF_ARENA_SMALL ? small_ns : huge_ns;
		while (tf_supply(&supply, &cost, items, octets, count))
			;
		if (supply.supplied.useless)
			break;
		CU_ASSERT(supply.supplied.ready >= used);
		CU_ASSERT(items[used + 4096] == 0);
	}
	bool small = supply.supplied.useless ? huge_ns > 4 * small_ns : supply.supplied.is_small;
	tf_arena_free(items, count, octets);
	return small;
}

/* Where the host of a virtual machine has to find memory for them first, huge pages take longer than small ones. */
static void
huge_pages_are_taken_while_they_are_cheap(void)
{
	const size_t mib = (size_t)1 << 20;

	/* The small ones are told in pieces of half a MiB. */
	CU_ASSERT(!ends_in_small_pages(8 * mib, 300000, 300000));
	CU_ASSERT(ends_in_small_pages(8 * mib, 300000, 4000000));
	CU_ASSERT(!ends_in_small_pages(mib / 4, 300000, 4000000));
	CU_ASSERT(!ends_in_small_pages(mib / 8, 0, 0));
}

/* It takes no room but its own, and that is touched before it is wanted. */
static void
an_index_grows_where_it_stands(void)
{
	static struct tf_index_supply supply;
	struct tf_page_cost cost = {.clock_ns = step_of_clock};
	const uint32_t places = 1 << 17, entries = 3 * places;
	struct tf_index index;

	CU_ASSERT_FATAL(tf_index_init(&index, places, entries));
	const struct tf_bucket *begin = index.bucket;
	for (uint32_t i = 1; i <= entries; i++) {
		if (index.used == tf_index_limit(places))
			CU_ASSERT(supply.supplied.useless ||
			          supply.supplied.ready == 2 * places / TF_BUCKET * sizeof *begin);
		CU_ASSERT_FATAL(tf_index_add(&index, i * 0x9e3779b1u, i));
		tf_index_supply_tell(&supply, &index);
		if (i % 1000 == 0)
			tf_index_supply(&supply, &cost, &index);
	}
	CU_ASSERT(index.bucket == begin && tf_index_places(&index) == index.most_places);
	for (uint32_t i = 1; i <= entries; i++)
		CU_ASSERT(holds(&index, i * 0x9e3779b1u, i));
	tf_index_fini(&index);
}

/* ---- ICMP errors ------------------------------------------------------------------------ */

#define CODES 17 /* of types, too: more than any that is assigned for an error */

static bool
is_listed(const uint8_t (*list)[2], size_t n, unsigned type, unsigned code)
{
	for (size_t i = 0; i < n; i++)
		if (list[i][0] == type && list[i][1] == code)
			return true;
	return false;
}

/* RFC 1122 section 4.2.3.9: protocol and port unreachable are hard; time exceeded, parameter problems and the rest of type 3
 * are soft, code 4 apart, which is about the size.  What somebody forbids (RFC 1812 section 5.2.7.1) lasts. */
static void
errors_of_icmp(void)
{
	static const uint8_t hard[][2] = {{3, 2}, {3, 3}, {3, 9}, {3, 10}, {3, 13}};

	for (unsigned type = 0; type < CODES; type++)
		for (unsigned code = 0; code < CODES; code++) {
			struct tf_icmp_error e = {
			    .ip_version = 4, .type = (uint8_t)type, .code = (uint8_t)code};
			bool told = (type == 3 && code != 4) || type == 11 || type == 12;
			CU_ASSERT_EQUAL(tf_icmp_is_hard(&e),
			                is_listed(hard, sizeof hard / sizeof hard[0], type, code));
			CU_ASSERT_EQUAL(tf_icmp_is_unreachable(&e), told);
		}
}

/* RFC 4443 section 3.1: port unreachable, prohibited, and two reasons for that; sections 3.3 and 3.4 are soft, and
 * section 3.2 is about the size. */
static void
errors_of_icmpv6(void)
{
	static const uint8_t hard[][2] = {{1, 1}, {1, 4}, {1, 5}, {1, 6}};

	for (unsigned type = 0; type < CODES; type++)
		for (unsigned code = 0; code < CODES; code++) {
			struct tf_icmp_error e = {
			    .ip_version = 6, .type = (uint8_t)type, .code = (uint8_t)code};
			bool told = type == 1 || type == 3 || type == 4;
			CU_ASSERT_EQUAL(tf_icmp_is_hard(&e),
			                is_listed(hard, sizeof hard / sizeof hard[0], type, code));
			CU_ASSERT_EQUAL(tf_icmp_is_unreachable(&e), told);
		}
}

const char tf_suite[] = "flow table";

const struct tf_test tf_tests[] = {
    {"the index keeps what it is given", the_index_keeps_what_it_is_given},
    {"removal from the index brings back what went on for want of room", removal_brings_back},
    {"the index has a hash of 0", the_index_has_a_hash_of_0},
    {"the index without memory stays as it was", the_index_without_memory},
    {"the index without memory to grow stays as it was", the_index_without_memory_to_grow},
    {"a new incarnation begins by the clock", a_new_incarnation_begins_by_the_clock},
    {"what was refused is forgotten when it has arrived", what_was_refused_is_forgotten},
    {"what arrived is counted beyond 4 GiB", what_arrived_is_counted_beyond_4_gib},
    {"huge pages are taken while they are cheap", huge_pages_are_taken_while_they_are_cheap},
    {"an index grows where it stands", an_index_grows_where_it_stands},
    {"the hash depends on the whole 4-tuple and on the secret", the_hash_depends_on_everything},
    {"a port does not stand in for an address", a_port_does_not_stand_in_for_an_address},
    {"a segment has its key's hash", a_segment_has_its_keys_hash},
    {"a tuple is its key", a_tuple_is_its_key},
    {"a copy is the same segment", a_copy_is_the_same_segment},
    {"a copy may come after another segment", a_copy_may_come_after_another},
    {"bare ACKs are copies where most else is", bare_acks_are_copies_among_copies},
    {"services of a network are told apart", services_of_a_network_are_told_apart},
    {"the end tells each connection once", the_end_tells_each_once},
    {"deadlines come in order of time and number", deadlines_come_in_order},
    {"far deadlines come in order, wherever the clock leaps", far_deadlines_come_in_order},
    {"far deadlines rest while the wheel goes round", far_deadlines_rest},
    {"a deadline in the past is due at once, one at this moment is not",
     a_deadline_in_the_past_is_due_at_once},
    {"the wheel without memory is late and loses nothing", the_wheel_without_memory},
    {"two answers to a SYN are one embryonic connection", two_answers_are_one_embryonic_connection},
    {"nothing at port 0 is no listener", nothing_at_port_0_is_no_listener},
    {"nobody answers himself", nobody_answers_himself},
    {"numbers of connections go round to 1", numbers_go_round},
    {"the least valuable connection goes first", the_least_valuable_goes_first},
    {"a flood stays within the bound", a_flood_stays_within_the_bound},
    {"tombstones expire after ten minutes", tombstones_expire},
    {"tombstones are bounded", tombstones_are_bounded},
    {"a FIN after TIME-WAIT waits for its answer where there is room", a_late_fin_waits_for_its_answer},
    {"a connection costs at most 256 octets", what_a_connection_costs},
    {"every allocation fails in turn", every_allocation_fails_in_turn},
    {"closings may run out", closings_may_run_out},
    {"errors of ICMP: hard, soft, and about the size", errors_of_icmp},
    {"errors of ICMPv6: hard, soft, and about the size", errors_of_icmpv6},
    {"leaks of services in one set are told apart", leaks_of_neighbours_are_told_apart},
    {"a leak that was told is remembered while there is room", a_leak_that_was_told_is_remembered},
    {NULL, NULL},
};
