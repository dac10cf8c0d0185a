/*
 * Tombstones: what is packed comes out as it went in, whatever its
 * numbers are; an ordinary one is small; and they lie in a queue that
 * takes no more room than its longest moment needs.
 *
 * The queue is held against a plain array that does the same.
 */
#include <stdlib.h>
#include <string.h>

#include "flow/tombstone.h"
#include "unit.h"

/* ---- packing ------------------------------------------------------------------- */

static uint64_t random_state = 1;

static uint64_t
random64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* A number near a power of two, where lengths change, or any. */
static uint64_t
edge(void)
{
	uint64_t r = random64();

	if (r % 8 == 0)
		return random64();
	return (UINT64_C(1) << (r >> 8) % 64) + (r >> 16) % 3 - 1;
}

static struct tf_addr
address(bool ipv4, uint64_t high, uint64_t low)
{
	struct tf_addr a = {{[10] = 0xff, [11] = 0xff}};

	if (!ipv4)
		memcpy(a.byte, &high, 8);
	memcpy(a.byte + (ipv4 ? 12 : 8), &low, ipv4 ? 4 : 8);
	return a;
}

/* Nothing in it is likely. */
static struct tf_buried
extreme(void)
{
	uint64_t bits = random64();
	struct tf_buried b = {
	    .key = {{address(bits & 1, edge(), edge()), address(bits & 2, edge(), edge())},
	            {(uint16_t)edge(), (uint16_t)edge()}},
	    .buried_ns = (int64_t)edge(),
	    .former =
	        {
	            .conn = edge() & TF_MAX_CONN,
	            .first_ts_ns = (int64_t)edge(),
	            .last_ts_ns = (int64_t)edge(),
	            .first_packet = edge(),
	            .isn = {{(uint32_t)edge()}, {(uint32_t)edge()}},
	            .max = {{(uint32_t)edge()}, {(uint32_t)edge()}},
	            .isn_known = bits >> 4 & 3,
	            .max_known = bits >> 6 & 3,
	            .timestamps = bits >> 8 & 3,
	            .time_wait = bits >> 10 & 3,
	            .closed = bits >> 12 & 1,
	            .doubtful = bits >> 13 & 1,
	            .state = {(uint8_t)((bits >> 14) % TF_STATE_COUNT),
	                      (uint8_t)((bits >> 20) % TF_STATE_COUNT)},
	            .close = (uint8_t)((bits >> 26 & 1) ? TF_CLOSE_FIN : (bits >> 27) % 6),
	        },
	    .remains = {.client_second = bits >> 32 & 1,
	                .fin_raised = bits >> 33 & 1,
	                .data_raised = bits >> 34 & 1},
	};

	if (b.former.timestamps) {
		b.former.tsval[0] = (uint32_t)edge();
		b.former.tsval[1] = (uint32_t)edge();
	}
	if (b.former.close == TF_CLOSE_RST) {
		b.remains.rst_ns = (int64_t)edge();
		b.remains.rst_packet = edge();
		b.remains.rst_side = (b.remains.rst_ns || b.remains.rst_packet) && bits >> 40 & 1;
	} else if (b.former.close == TF_CLOSE_FIN) {
		for (int i = 0; i < 2; i++) {
			b.remains.time_wait_ns[i] = bits >> (36 + i) & 1 ? (int64_t)edge() : 0;
			b.remains.fin_packet[i] = bits >> (38 + i) & 1 ? edge() : 0;
		}
	}
	return b;
}

static bool
same_key(const struct tf_key *a, const struct tf_key *b)
{
	return memcmp(a->addr, b->addr, sizeof a->addr) == 0 && memcmp(a->port, b->port, sizeof a->port) == 0;
}

static bool
same_former(const struct tf_former *a, const struct tf_former *b)
{
	return a->conn == b->conn && a->first_ts_ns == b->first_ts_ns && a->last_ts_ns == b->last_ts_ns &&
	       a->first_packet == b->first_packet && memcmp(a->isn, b->isn, sizeof a->isn) == 0 &&
	       memcmp(a->max, b->max, sizeof a->max) == 0 &&
	       memcmp(a->tsval, b->tsval, sizeof a->tsval) == 0 && a->isn_known == b->isn_known &&
	       a->max_known == b->max_known && a->timestamps == b->timestamps &&
	       a->time_wait == b->time_wait && a->closed == b->closed && a->doubtful == b->doubtful &&
	       memcmp(a->state, b->state, sizeof a->state) == 0 && a->close == b->close;
}

static bool
same_remains(const struct tf_remains *a, const struct tf_remains *b)
{
	return memcmp(a->time_wait_ns, b->time_wait_ns, sizeof a->time_wait_ns) == 0 &&
	       memcmp(a->fin_packet, b->fin_packet, sizeof a->fin_packet) == 0 && a->rst_ns == b->rst_ns &&
	       a->rst_packet == b->rst_packet && a->rst_side == b->rst_side &&
	       a->again_packet == b->again_packet && a->again_ns == b->again_ns &&
	       a->again_side == b->again_side && a->client_second == b->client_second &&
	       a->fin_raised == b->fin_raised && a->data_raised == b->data_raised;
}

static bool
same(const struct tf_buried *a, const struct tf_buried *b)
{
	return same_key(&a->key, &b->key) && a->buried_ns == b->buried_ns &&
	       same_former(&a->former, &b->former) && same_remains(&a->remains, &b->remains);
}

/* What packs a tombstone, with what must not be written behind it. */
static union {
	struct tf_tombstone head;
	unsigned char octets[TF_TOMBSTONE_MOST + TF_TOMBSTONE_SLACK + 1];
} stone;

static void
what_is_packed_comes_out(void)
{
	unsigned largest = 0;

	stone.octets[sizeof stone.octets - 1] = 0xa5;
	for (int i = 0; i < 200000; i++) {
		struct tf_buried in = extreme(), out;
		tf_tombstone_pack(&stone.head, &in);
		tf_tombstone_unpack(&stone.head, &out);
		struct tf_key key = tf_tombstone_key(&stone.head);
		CU_ASSERT_FATAL(same(&in, &out));
		CU_ASSERT_FATAL(same_key(&in.key, &key));
		CU_ASSERT_FATAL(stone.head.octets <= TF_TOMBSTONE_MOST);
		if (stone.head.octets > largest)
			largest = stone.head.octets;
	}
	CU_ASSERT_EQUAL(stone.octets[sizeof stone.octets - 1], 0xa5);
	CU_ASSERT(largest > TF_TOMBSTONE_MOST - 40); /* they were extreme */
}

#define SECOND INT64_C(1000000000)
#define START  (INT64_C(1700000000) * SECOND)

/* The ten thousandth connection of a capture or so: a request and a response in half a second, FINs, a minute of
 * TIME-WAIT. */
static struct tf_buried
ordinary(bool ipv4, uint16_t port)
{
	return (struct tf_buried){
	    .key = {{address(ipv4, 0x20010db8, 1), address(ipv4, 0x20010db8, 2)}, {port, 443}},
	    .buried_ns = START + 61 * SECOND,
	    .former = {.conn = 10000 + port,
	               .first_ts_ns = START,
	               .last_ts_ns = START + SECOND / 2,
	               .first_packet = 120000,
	               .isn = {{0x12345678}, {0x9abcdef0}},
	               .max = {{0x12345678 + 600}, {0x9abcdef0 + 20000}},
	               .tsval = {1, 2},
	               .isn_known = 3,
	               .max_known = 3,
	               .timestamps = 3,
	               .closed = true,
	               .close = TF_CLOSE_FIN},
	    .remains = {.time_wait_ns = {START + SECOND / 2, 0}, .fin_packet = {120100, 120120}},
	};
}

static void
an_ordinary_one_is_small(void)
{
	struct tf_buried b = ordinary(true, 40000);

	tf_tombstone_pack(&stone.head, &b);
	CU_ASSERT(stone.head.octets <= 80);
	b = ordinary(false, 40000);
	tf_tombstone_pack(&stone.head, &b);
	CU_ASSERT(stone.head.octets <= 80 + 24);
}

/* ---- the queue ------------------------------------------------------------------- */

#define MOST 5000

static struct tf_graveyard yard;
static struct tf_buried expected[MOST]; /* a ring */
static uint32_t first, count;

static void
add_one(void)
{
	struct tf_buried *b = &expected[(first + count++) % MOST];

	*b = random64() % 4 ? ordinary(random64() & 1, (uint16_t)random64()) : extreme();
	uint32_t place = tf_graveyard_add(&yard, b);
	CU_ASSERT_FATAL(place > 0 && place < UINT32_C(1) << 31);
}

static void
drop_one(void)
{
	tf_graveyard_drop(&yard);
	first = (first + 1) % MOST;
	count--;
}

static void
check_all(void)
{
	uint32_t place = yard.oldest, n = 0;

	for (; n < count; n++, place = tf_graveyard_next(&yard, place)) {
		struct tf_buried b;
		CU_ASSERT_NOT_EQUAL_FATAL(place, yard.end);
		tf_graveyard_read(&yard, place, &b);
		CU_ASSERT_FATAL(same(&b, &expected[(first + n) % MOST]));
	}
	CU_ASSERT_EQUAL(place, yard.end);
	CU_ASSERT_EQUAL(yard.count, count);
}

static void
it_is_a_queue(void)
{
	CU_ASSERT_FATAL(tf_graveyard_init(&yard, MOST));
	first = count = 0;
	for (int round = 0; round < 60; round++) {
		uint32_t aim = round % 7 ? (uint32_t)(random64() % MOST) : round % 2 ? MOST : 0;
		while (count < aim)
			add_one();
		while (count > aim)
			drop_one();
		check_all();
	}
	tf_graveyard_fini(&yard);
}

/* A thousand at a time, a hundred thousand in all. */
static void
room_is_taken_again(void)
{
	CU_ASSERT_FATAL(tf_graveyard_init(&yard, MOST));
	first = count = 0;
	for (int i = 0; i < 100000; i++) {
		if (count == 1000)
			drop_one();
		add_one();
	}
	check_all();
	CU_ASSERT((uint64_t)yard.fresh * 65536 <= 1000 * (TF_TOMBSTONE_MOST + 3) + 2 * 65536);
	tf_graveyard_fini(&yard);
}

/* Its block keeps from before where it ended when it was full. */
static void
a_block_that_is_full_again_is_the_last_one(void)
{
	const struct tf_buried b = ordinary(true, 40000);
	uint32_t in_a_block = 0, place;

	CU_ASSERT_FATAL(tf_graveyard_init(&yard, MOST));
	for (; yard.fresh == 1; in_a_block++)
		tf_graveyard_add(&yard, &b);
	in_a_block--; /* the last one lies in the second block */
	for (uint32_t i = 0; i < in_a_block; i++)
		tf_graveyard_drop(&yard);
	CU_ASSERT_FATAL(yard.free != 0);
	while (yard.free)
		tf_graveyard_add(&yard, &b);
	for (uint32_t i = 1; i < in_a_block; i++)
		tf_graveyard_add(&yard, &b);
	CU_ASSERT_EQUAL(yard.fresh, 2);
	place = yard.oldest;
	for (uint32_t i = 0; i < yard.count; i++)
		place = tf_graveyard_next(&yard, place);
	CU_ASSERT_EQUAL(place, yard.end);
	tf_graveyard_fini(&yard);
}

/* ---- a FIN that waits -------------------------------------------------------------- */

static void
a_fin_waits_until_it_is_forgotten(void)
{
	struct tf_remains wait = {
	    .again_packet = UINT64_MAX, .again_ns = START, .again_side = 1, .data_raised = true};
	struct tf_buried b;
	uint32_t place[4];

	CU_ASSERT_FATAL(tf_graveyard_init(&yard, 3));
	for (uint16_t i = 0; i < 4; i++) {
		b = ordinary(true, i);
		place[i] = tf_graveyard_add(&yard, &b);
	}
	for (int i = 0; i < 3; i++)
		CU_ASSERT(tf_graveyard_note(&yard, place[i], &wait));
	CU_ASSERT(tf_graveyard_note(&yard, place[2], &wait)); /* it has its room */
	CU_ASSERT_FALSE(tf_graveyard_note(&yard, place[3], &wait));
	tf_graveyard_read(&yard, place[3], &b);
	CU_ASSERT_EQUAL(b.remains.again_packet, 0);
	CU_ASSERT_FALSE(b.remains.data_raised);
	tf_graveyard_read(&yard, place[1], &b);
	CU_ASSERT_EQUAL(b.remains.again_packet, UINT64_MAX);
	CU_ASSERT_EQUAL(b.remains.again_ns, START);
	CU_ASSERT_EQUAL(b.remains.again_side, 1);
	CU_ASSERT(b.remains.data_raised);
	CU_ASSERT_EQUAL(b.former.conn, 10001);
	/* One goes, one need not wait any more: there is room for two. */
	tf_graveyard_drop(&yard);
	wait.again_packet = 0;
	wait.fin_raised = true;
	CU_ASSERT(tf_graveyard_note(&yard, place[1], &wait));
	tf_graveyard_read(&yard, place[1], &b);
	CU_ASSERT_EQUAL(b.remains.again_packet, 0);
	CU_ASSERT(b.remains.fin_raised);
	CU_ASSERT_EQUAL(yard.waiting.used, 1);
	wait.again_packet = 7;
	CU_ASSERT(tf_graveyard_note(&yard, place[3], &wait));
	while (yard.count)
		tf_graveyard_drop(&yard);
	CU_ASSERT_EQUAL(yard.waiting.used, 0);
	tf_graveyard_fini(&yard);
}

const char tf_suite[] = "tombstones";

const struct tf_test tf_tests[] = {
    {"what is packed comes out as it went in", what_is_packed_comes_out},
    {"an ordinary tombstone takes at most 80 octets, with IPv6 104", an_ordinary_one_is_small},
    {"they are a queue", it_is_a_queue},
    {"room is taken again before more is taken", room_is_taken_again},
    {"a block that is full again is the last one", a_block_that_is_full_again_is_the_last_one},
    {"a FIN waits until its tombstone is forgotten", a_fin_waits_until_it_is_forgotten},
    {NULL, NULL},
};
