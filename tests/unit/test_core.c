/*
 * The core's small parts, each alone: sequence arithmetic, the pool,
 * reassembly, and the verdicts of acceptance.
 *
 * Reassembly is held against a plain map of octets; acceptance against the
 * rules of RFC 9293 section 3.10.7.4 (first check), RFC 7323 sections 2 and
 * 5 and RFC 5961 section 3.2, with the numbers worked out by hand.
 */
#include <stdlib.h>
#include <string.h>

#include "core/accept.h"
#include "core/connection.h"
#include "core/offer.h"
#include "core/reassembly.h"
#include "unit.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))
#define SECOND      INT64_C(1000000000)

static uint32_t
chance(uint32_t n)
{
	static uint64_t state = 7;

	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(state >> 33) % n;
}

/* ---- sequence numbers ------------------------------------------------------------------ */

static void
sequence_numbers_wrap(void)
{
	static const uint32_t places[] = {0,          1,          1000,       0x7fffffff,
	                                  0x80000000, 0x80000001, 0xfffffffe, 0xffffffff};

	for (size_t i = 0; i < COUNT_OF(places); i++) {
		tf_seq a = tf_seq_of(places[i]), next = tf_seq_add(a, 1), far = tf_seq_add(a, 0x7fffffff);
		CU_ASSERT(tf_seq_eq(a, a) && tf_seq_le(a, a) && tf_seq_ge(a, a) && !tf_seq_lt(a, a) &&
		          !tf_seq_gt(a, a));
		CU_ASSERT(tf_seq_lt(a, next) && tf_seq_gt(next, a) && tf_seq_diff(next, a) == 1);
		CU_ASSERT(tf_seq_diff(a, next) == -1 && tf_seq_eq(tf_seq_sub(next, 1), a));
		/* The farthest that can still be compared: 2^31 - 1. */
		CU_ASSERT(tf_seq_lt(a, far) && tf_seq_gt(far, a) && tf_seq_diff(far, a) == INT32_MAX);
		CU_ASSERT(tf_seq_eq(tf_seq_max(a, next), next) && tf_seq_eq(tf_seq_min(a, next), a));
		CU_ASSERT(tf_seq_eq(tf_seq_max(next, a), next) && tf_seq_eq(tf_seq_min(next, a), a));
		/* One more, and the later one is the earlier. */
		tf_seq beyond = tf_seq_add(far, 2);
		CU_ASSERT(tf_seq_gt(a, beyond) && tf_seq_diff(beyond, a) == INT32_MIN + 1);
		/* Exactly 2^31: neither is later, but the order is the same both ways round. */
		tf_seq opposite = tf_seq_add(a, 0x80000000u);
		CU_ASSERT_EQUAL(tf_seq_diff(opposite, a), INT32_MIN);
		CU_ASSERT_EQUAL(tf_seq_diff(a, opposite), INT32_MIN);
		CU_ASSERT(tf_seq_lt(a, opposite) && tf_seq_lt(opposite, a));
	}
}

static void
ranges_wrap(void)
{
	tf_seq lo = tf_seq_of(0xfffffff0u), hi = tf_seq_of(0x10);

	CU_ASSERT(tf_seq_between(lo, lo, hi) && tf_seq_between(hi, lo, hi));
	CU_ASSERT(tf_seq_between(tf_seq_of(0), lo, hi) && tf_seq_between(tf_seq_of(0xffffffffu), lo, hi));
	CU_ASSERT(!tf_seq_between(tf_seq_of(0x11), lo, hi) &&
	          !tf_seq_between(tf_seq_of(0xffffffefu), lo, hi));
	CU_ASSERT(tf_seq_between(lo, lo, lo) && !tf_seq_between(hi, lo, lo));
}

static void
syn_and_fin_count(void)
{
	struct tf_segment s = {.seq = tf_seq_of(UINT32_MAX), .flags = TF_SYN | TF_FIN | TF_ACK, .len = 3};

	CU_ASSERT_EQUAL(tf_segment_seg_len(&s), 5);
	CU_ASSERT_EQUAL(tf_segment_end(&s).v, 4);
	s.flags = TF_ACK;
	CU_ASSERT_EQUAL(tf_segment_end(&s).v, 2);
}

/* ---- the pool --------------------------------------------------------------------------- */

static void
the_pool_is_bounded(void)
{
	uint32_t octets[2 * 3];
	struct tf_pool pool = {.items = (unsigned char *)octets, .item_bytes = 8, .capacity = 3};

	memset(octets, 0, sizeof octets);
	CU_ASSERT(tf_pool_get(&pool) == 1 && tf_pool_get(&pool) == 2 && tf_pool_get(&pool) == 3);
	CU_ASSERT(tf_pool_get(&pool) == 0 && pool.used == 3);
	memset(tf_pool_at(&pool, 2), 0xff, 8);
	memset(tf_pool_at(&pool, 1), 0xff, 8);
	tf_pool_put(&pool, 2);
	tf_pool_put(&pool, 1);
	CU_ASSERT_EQUAL(pool.used, 1);
	/* The last one put back comes first, and clean. */
	CU_ASSERT_EQUAL(tf_pool_get(&pool), 1);
	CU_ASSERT(octets[0] == 0 && octets[1] == 0);
	CU_ASSERT_EQUAL(tf_pool_get(&pool), 2);
	CU_ASSERT(octets[2] == 0 && octets[3] == 0);
	CU_ASSERT_EQUAL(tf_pool_get(&pool), 0);
	CU_ASSERT_EQUAL(pool.fresh, 3);
}

/* ---- a connection of its own -------------------------------------------------------------- */

static struct tf_config config;
static struct tf_stats stats;
static struct tf_context ctx;
static struct tf_connection conn;

static void
make_pool(struct tf_pool *pool, uint32_t item_bytes, uint32_t capacity)
{
	*pool = (struct tf_pool){.item_bytes = item_bytes, .capacity = capacity};
	pool->items = calloc(capacity, item_bytes);
	CU_ASSERT_PTR_NOT_NULL_FATAL(pool->items);
}

static void
begin(uint32_t ranges)
{
	tf_fsm_init();
	tf_config_init(&config, TF_PROFILE_LINUX);
	memset(&stats, 0, sizeof stats);
	memset(&conn, 0, sizeof conn);
	ctx = (struct tf_context){.config = &config, .stats = &stats};
	make_pool(&ctx.closings, sizeof(struct tf_closing), 2);
	make_pool(&ctx.extras, sizeof(struct tf_extra), 2);
	make_pool(&ctx.ranges, sizeof(struct tf_range), ranges);
	make_pool(&ctx.held, sizeof(struct tf_held_syn), 2);
}

static void
end(void)
{
	free(ctx.extras.items);
	free(ctx.closings.items);
	free(ctx.ranges.items);
	free(ctx.held.items);
}

static void
stream_begins(uint32_t at)
{
	struct tf_end *e = &conn.end[TF_CLIENT];

	e->flags = TF_END_SEQ_KNOWN;
	e->max = e->nxt = e->una = tf_seq_of(at);
}

static struct tf_stretch
add(uint32_t left, uint32_t right)
{
	return tf_reassembly_add(&ctx, &conn, TF_CLIENT, tf_seq_of(left), tf_seq_of(right));
}

/* ---- reassembly ---------------------------------------------------------------------------- */

static void
holes_and_overlaps(void)
{
	struct tf_end *e = &conn.end[TF_CLIENT];
	struct tf_stretch s;

	begin(64);
	stream_begins(1000);
	s = add(1000, 1100);
	CU_ASSERT(s.fresh == 100 && !s.repeated && !s.fills && !s.leaves_hole && e->nxt.v == 1100);
	s = add(1200, 1300);
	CU_ASSERT(s.fresh == 100 && !s.repeated && !s.fills && s.leaves_hole);
	CU_ASSERT(e->nxt.v == 1100 && e->max.v == 1300);
	s = add(1250, 1350); /* half of it is new */
	CU_ASSERT(s.fresh == 50 && s.repeated && s.leaves_hole && e->max.v == 1350);
	s = add(1150, 1210); /* fills a part of the hole, and touches */
	CU_ASSERT(s.fresh == 50 && s.repeated && s.fills && e->nxt.v == 1100);
	s = add(1050, 1150); /* and the rest: all up to the highest octet is there */
	CU_ASSERT(s.fresh == 50 && s.repeated && s.fills && !s.leaves_hole);
	CU_ASSERT(e->nxt.v == 1350 && e->max.v == 1350 && ctx.ranges.used == 0);
	s = add(1000, 1350);
	CU_ASSERT(s.fresh == 0 && s.repeated && !s.fills && !s.leaves_hole);
	CU_ASSERT_EQUAL(stats.pool_exhausted, 0);
	end();
}

/* Of each hole it is known when it showed, to 66 us, in whatever order they are filled. */
static void
holes_have_their_times(void)
{
	const int64_t ms = 1000000, clock = 100000;
	struct tf_stretch s;

	begin(64);
	stream_begins(1000);
	add(1000, 1100);
	ctx.now_ns = 10 * ms;
	add(1200, 1300);
	ctx.now_ns = 50 * ms;
	add(1400, 1500);
	ctx.now_ns = 70 * ms;
	s = add(1300, 1320); /* it touches what lies before the second hole */
	CU_ASSERT(s.fills && llabs(s.after_ns - 20 * ms) < clock);
	s = add(1140, 1160); /* in the midst of the first one: now there are two of its age */
	CU_ASSERT(s.fills && llabs(s.after_ns - 60 * ms) < clock);
	ctx.now_ns = 80 * ms;
	s = add(1160, 1200);
	CU_ASSERT(s.fills && llabs(s.after_ns - 70 * ms) < clock);
	s = add(1100, 1140);
	CU_ASSERT(s.fills && !s.leaves_hole && llabs(s.after_ns - 70 * ms) < clock);
	s = add(1320, 1400);
	CU_ASSERT(s.fills && llabs(s.after_ns - 30 * ms) < clock && conn.end[TF_CLIENT].nxt.v == 1500);
	s = add(1450, 1550); /* what goes on behind that fills no hole that is known */
	CU_ASSERT(s.fresh == 50 && s.after_ns > 1000 * ms);
	end();
}

static void
an_ack_ends_holes(void)
{
	struct tf_end *e = &conn.end[TF_CLIENT];

	begin(64);
	stream_begins(UINT32_MAX - 99);
	add(UINT32_MAX - 99, UINT32_MAX - 49);
	add(50, 100); /* beyond the wrap */
	add(200, 300);
	/* Missing: 50 before the wrap and 50 behind it. */
	CU_ASSERT_EQUAL(tf_reassembly_acked(&ctx, &conn, TF_CLIENT, tf_seq_of(100)), 100);
	CU_ASSERT(e->nxt.v == 100 && e->max.v == 300);
	CU_ASSERT_EQUAL(tf_reassembly_acked(&ctx, &conn, TF_CLIENT, tf_seq_of(100)), 0);
	/* Beyond all that passed. */
	CU_ASSERT_EQUAL(tf_reassembly_acked(&ctx, &conn, TF_CLIENT, tf_seq_of(310)), 110);
	CU_ASSERT(e->nxt.v == 310 && e->max.v == 310 && ctx.ranges.used == 0);
	end();
}

/* Against a map of octets, over the wrap. */
static void
random_stretches(void)
{
	enum { SPACE = 600 };
	static bool passed[SPACE];
	const uint32_t base = UINT32_MAX - SPACE / 2;

	for (int round = 0; round < 200; round++) {
		begin(SPACE);
		stream_begins(base);
		memset(passed, 0, sizeof passed);
		uint32_t highest = 0;
		for (int n = 0; n < 60; n++) {
			uint32_t left = chance(SPACE - 1),
			         right = left + 1 + chance(SPACE - left < 40 ? SPACE - left : 40);
			uint32_t fresh = 0, edge = 0;
			right = right > SPACE ? SPACE : right;
			bool beyond = false, had = false;
			for (uint32_t i = 0; i < left; i++)
				beyond |= !passed[i];
			for (uint32_t i = left; i < right; i++) {
				fresh += !passed[i];
				had |= passed[i];
				passed[i] = true;
			}
			struct tf_stretch s = add(base + left, base + right);
			bool fills = fresh > 0 && left < highest;
			highest = right > highest ? right : highest;
			while (edge < SPACE && passed[edge])
				edge++;
			CU_ASSERT(s.fresh == fresh && s.repeated == had && s.fills == fills);
			CU_ASSERT(s.leaves_hole == (beyond && fresh > 0) || fresh == 0);
			CU_ASSERT(conn.end[TF_CLIENT].nxt.v == base + edge);
			CU_ASSERT(conn.end[TF_CLIENT].max.v == base + highest);
		}
		struct tf_extra *x = tf_extra_if(&ctx, &conn);
		if (x)
			tf_reassembly_clear(&ctx, x, TF_CLIENT);
		CU_ASSERT_EQUAL(ctx.ranges.used, 0);
		end();
	}
}

static void
disorder_is_bounded(void)
{
	/* More stretches than one end may have, then a pool that has fewer. */
	begin(1000);
	stream_begins(0);
	for (uint32_t i = 0; i < 400; i++)
		add(10 + 20 * i, 20 + 20 * i);
	CU_ASSERT_EQUAL(ctx.ranges.used, 250);
	CU_ASSERT_EQUAL(stats.pool_exhausted, 150);
	CU_ASSERT(conn.end[TF_CLIENT].nxt.v == 0 && conn.end[TF_CLIENT].max.v == 10 + 20 * 399 + 10);
	tf_extra_release(&ctx, &conn);
	CU_ASSERT(ctx.ranges.used == 0 && ctx.extras.used == 0 && ctx.closings.used == 0 &&
	          conn.closing == 0);
	end();
	begin(3);
	stream_begins(0);
	for (uint32_t i = 0; i < 5; i++)
		add(10 + 20 * i, 20 + 20 * i);
	CU_ASSERT(ctx.ranges.used == 3 && stats.pool_exhausted == 2);
	CU_ASSERT_EQUAL(add(0, 200).fresh, 200 - 30); /* what was forgotten counts anew */
	CU_ASSERT(conn.end[TF_CLIENT].nxt.v == 200 && ctx.ranges.used == 0);
	end();
}

static void
no_room_for_disorder(void)
{
	struct tf_connection other = {0}, third = {0};

	begin(8);
	CU_ASSERT_PTR_NOT_NULL(tf_extra_of(&ctx, &other));
	CU_ASSERT_PTR_NOT_NULL(tf_extra_of(&ctx, &third));
	stream_begins(0);
	struct tf_stretch s = add(100, 200);
	CU_ASSERT(s.leaves_hole && stats.pool_exhausted == 1);
	CU_ASSERT(conn.end[TF_CLIENT].max.v == 200 && conn.end[TF_CLIENT].nxt.v == 0);
	s = add(0, 200);
	CU_ASSERT(s.fresh == 200 && conn.end[TF_CLIENT].nxt.v == 200);
	end();
}

/* ---- acceptance -------------------------------------------------------------------------------- */

/* The client sent 1..1000, of which the server acknowledged 500; the server's window ends at 2000. */
static void
accept_begins(void)
{
	begin(8);
	conn.last_ts_ns = ctx.now_ns = 1000 * SECOND;
	stream_begins(1);
	conn.end[TF_CLIENT].max = conn.end[TF_CLIENT].nxt = tf_seq_of(1001);
	conn.end[TF_CLIENT].una = tf_seq_of(501);
	conn.end[TF_CLIENT].flags |= TF_END_SYN_SEEN;
	conn.end[TF_SERVER].flags |= TF_END_SEQ_KNOWN | TF_END_WINDOW_KNOWN | TF_END_SYN_SEEN;
	conn.end[TF_SERVER].right = tf_seq_of(2001);
	conn.end[TF_CLIENT].history = conn.end[TF_SERVER].history = TF_ESTABLISHED;
}

static struct tf_step
step_of(struct tf_segment *s)
{
	struct tf_step st = {.ctx = &ctx, .c = &conn, .s = s, .from = TF_CLIENT, .to = TF_SERVER};

	st.x = &conn.end[TF_CLIENT];
	st.y = &conn.end[TF_SERVER];
	st.end = tf_segment_end(s);
	st.former_ns = conn.last_ts_ns;
	return st;
}

static enum tf_verdict
verdict(uint32_t seq, uint32_t len)
{
	struct tf_segment s = {.seq = tf_seq_of(seq), .len = len, .flags = TF_ACK};
	struct tf_step st = step_of(&s);

	return tf_accept(&st);
}

static void
acceptable_by_sequence(void)
{
	accept_begins();
	CU_ASSERT_EQUAL(verdict(1001, 100), TF_ACCEPT);
	CU_ASSERT_EQUAL(verdict(501, 100), TF_ACCEPT);
	CU_ASSERT_EQUAL(verdict(400, 200), TF_ACCEPT); /* its end is in the window */
	CU_ASSERT_EQUAL(verdict(400, 100), TF_REJECT_OLD);
	CU_ASSERT_EQUAL(verdict(2001, 0), TF_ACCEPT);
	CU_ASSERT_EQUAL(verdict(2002, 10), TF_REJECT_BEYOND);
	CU_ASSERT_EQUAL(verdict(2000, 500), TF_ACCEPT); /* its first octet is */
	conn.end[TF_SERVER].flags &= (uint16_t)~TF_END_WINDOW_KNOWN;
	CU_ASSERT_EQUAL(verdict(2002, 10), TF_UNSURE);
	CU_ASSERT_EQUAL(verdict(400, 100), TF_REJECT_OLD);
	conn.end[TF_CLIENT].flags = 0;
	CU_ASSERT_EQUAL(verdict(400, 100), TF_UNSURE);
	end();
}

static void
acceptable_by_timestamp(void)
{
	struct tf_segment s = {.seq = tf_seq_of(1001), .flags = TF_ACK, .options = TF_OPT_TIMESTAMPS};

	accept_begins();
	conn.end[TF_CLIENT].ts_recent = 5;
	conn.end[TF_CLIENT].flags |= TF_END_TSVAL_KNOWN | TF_END_TIMESTAMPS;
	conn.end[TF_SERVER].flags |= TF_END_TIMESTAMPS;
	struct tf_step st = step_of(&s);
	s.tsval = 5;
	CU_ASSERT_EQUAL(tf_accept(&st), TF_ACCEPT);
	s.tsval = 4; /* one tick: Linux lets it pass */
	CU_ASSERT_EQUAL(tf_accept(&st), TF_ACCEPT);
	s.tsval = 3;
	CU_ASSERT_EQUAL(tf_accept(&st), TF_REJECT_STALE);
	s.tsval = UINT32_MAX - 5; /* the clock is about to wrap: older */
	CU_ASSERT_EQUAL(tf_accept(&st), TF_REJECT_STALE);
	conn.end[TF_CLIENT].ts_recent = UINT32_MAX - 5;
	s.tsval = 5; /* and now it has: newer */
	CU_ASSERT_EQUAL(tf_accept(&st), TF_ACCEPT);
	/* RFC 7323 section 5.5: after 24 days TS.Recent is worth nothing. */
	s.tsval = UINT32_MAX - 500;
	CU_ASSERT_EQUAL(tf_accept(&st), TF_REJECT_STALE);
	ctx.now_ns = conn.last_ts_ns + 24 * 86400 * SECOND;
	tf_forget_timestamps(&st);
	CU_ASSERT_EQUAL(tf_accept(&st), TF_REJECT_STALE);
	ctx.now_ns++;
	conn.last_ts_ns = ctx.now_ns; /* as the checklist has it by then */
	tf_forget_timestamps(&st);
	CU_ASSERT_EQUAL(tf_accept(&st), TF_ACCEPT);
	conn.end[TF_CLIENT].flags |= TF_END_TSVAL_KNOWN;
	/* Section 3.2: where both have not agreed on it, and for a RST, it does not count. */
	s.flags = TF_RST;
	CU_ASSERT_EQUAL(tf_accept(&st), TF_ACCEPT);
	s.flags = TF_ACK;
	conn.end[TF_SERVER].flags &= (uint16_t)~TF_END_TIMESTAMPS;
	CU_ASSERT_EQUAL(tf_accept(&st), TF_ACCEPT);
	end();
}

static void
windows_are_scaled_where_both_agreed(void)
{
	struct tf_segment s = {.flags = TF_ACK, .window = 1000};
	uint32_t bytes = 0;

	accept_begins();
	conn.end[TF_CLIENT].wscale = 7;
	conn.end[TF_CLIENT].flags |= TF_END_WSCALE;
	CU_ASSERT(tf_window(&conn, TF_CLIENT, &s, &bytes) && bytes == 1000); /* the server did not offer it */
	conn.end[TF_SERVER].flags |= TF_END_WSCALE;
	CU_ASSERT(tf_window(&conn, TF_CLIENT, &s, &bytes) && bytes == 1000 << 7);
	CU_ASSERT(tf_window(&conn, TF_SERVER, &s, &bytes) && bytes == 1000); /* it offered a shift of 0 */
	s.flags = TF_SYN | TF_ACK; /* RFC 7323 section 2.2: never on a SYN */
	CU_ASSERT(tf_window(&conn, TF_CLIENT, &s, &bytes) && bytes == 1000);
	s.flags = TF_ACK;
	conn.end[TF_SERVER].flags |= TF_END_OPTIONS_CUT;
	CU_ASSERT(!tf_window(&conn, TF_CLIENT, &s, &bytes));
	conn.end[TF_SERVER].flags = TF_END_SEQ_KNOWN; /* mid-stream */
	CU_ASSERT(!tf_window(&conn, TF_CLIENT, &s, &bytes));
	end();
}

static enum tf_rst_place
place(uint32_t seq)
{
	struct tf_segment s = {.seq = tf_seq_of(seq), .flags = TF_RST};
	struct tf_step st = step_of(&s);

	return tf_rst_place(&st);
}

/* RFC 5961 section 3.2: at RCV.NXT, in the window, outside.  RCV.NXT is known as a range. */
static void
places_of_a_rst(void)
{
	accept_begins();
	CU_ASSERT_EQUAL(place(1001), TF_RST_EXACT);
	CU_ASSERT_EQUAL(place(501), TF_RST_EXACT);
	CU_ASSERT_EQUAL(place(500), TF_RST_OUTSIDE);
	CU_ASSERT_EQUAL(place(1002), TF_RST_IN_WINDOW);
	CU_ASSERT_EQUAL(place(2000), TF_RST_IN_WINDOW);
	CU_ASSERT_EQUAL(place(2001), TF_RST_OUTSIDE);
	CU_ASSERT_EQUAL(place(0x80000000u), TF_RST_OUTSIDE);
	/* Without a window a modest distance is in doubt. */
	conn.end[TF_SERVER].flags &= (uint16_t)~TF_END_WINDOW_KNOWN;
	CU_ASSERT_EQUAL(place(1002), TF_RST_IN_WINDOW);
	CU_ASSERT_EQUAL(place(1001 + 65535), TF_RST_IN_WINDOW);
	CU_ASSERT_EQUAL(place(1001 + 65536), TF_RST_OUTSIDE);
	conn.end[TF_CLIENT].flags = 0;
	CU_ASSERT_EQUAL(place(77), TF_RST_EXACT); /* nothing is known that it would contradict */
	end();
}

static void
a_rst_at_its_own_fin(void)
{
	accept_begins();
	conn.end[TF_CLIENT].flags |= TF_END_FIN;
	conn.end[TF_CLIENT].una = tf_seq_of(1001);
	CU_ASSERT_EQUAL(place(1000), TF_RST_OUTSIDE);
	conn.end[TF_SERVER].history = TF_CLOSE_WAIT;
	CU_ASSERT_EQUAL(place(1000), TF_RST_EXACT);
	CU_ASSERT_EQUAL(place(999), TF_RST_OUTSIDE);
	conn.end[TF_SERVER].history = TF_TIME_WAIT;
	CU_ASSERT_EQUAL(place(1000), TF_RST_OUTSIDE);
	end();
}

/* What lies beside a count stays as it is, however much is counted. */
static void
octets_are_counted_beside_other_numbers(void)
{
	struct tf_end end = {.rtt_64us = 0xffff, .mss = 1460};
	uint64_t bytes = 0, wire_bytes = 0;

	for (uint32_t i = 0; i < 70000; i++) {
		uint32_t more = UINT32_MAX - i * 37;
		tf_end_count_bytes(&end, more);
		tf_end_count_wire_bytes(&end, i);
		bytes += more;
		wire_bytes += i;
		CU_ASSERT_FATAL(end.bytes == (bytes & 0xffffffffffff) && end.wire_bytes == wire_bytes);
		CU_ASSERT_FATAL(end.rtt_64us == 0xffff && end.mss == 1460);
	}
	CU_ASSERT(bytes > UINT64_C(1) << 48); /* it went round */
}

const char tf_suite[] = "core";

const struct tf_test tf_tests[] = {
    {"octets are counted beside other numbers", octets_are_counted_beside_other_numbers},
    {"sequence numbers wrap", sequence_numbers_wrap},
    {"ranges of sequence numbers wrap", ranges_wrap},
    {"SYN and FIN count as an octet each", syn_and_fin_count},
    {"the pool is bounded, and hands out clean items", the_pool_is_bounded},
    {"reassembly: holes and overlaps", holes_and_overlaps},
    {"holes have their times", holes_have_their_times},
    {"reassembly: an ACK ends the holes before it", an_ack_ends_holes},
    {"reassembly: random stretches over the wrap", random_stretches},
    {"reassembly: more disorder than there is room for", disorder_is_bounded},
    {"reassembly: no room at all", no_room_for_disorder},
    {"acceptance by sequence number and window", acceptable_by_sequence},
    {"acceptance by timestamp", acceptable_by_timestamp},
    {"windows are scaled where both agreed on it", windows_are_scaled_where_both_agreed},
    {"the places of a RST", places_of_a_rst},
    {"a RST with the number of the FIN before it", a_rst_at_its_own_fin},
    {NULL, NULL},
};
