/*
 * Segments in, events out: finds the connection of each segment, tells the
 * incarnations of a 4-tuple apart, runs the clock, and calls the core and
 * the detectors.
 *
 * Memory is asked for some segments ahead, so that look-ups overlap; all
 * that has an effect happens in capture order.
 */
#include "tcpfsm/analyzer.h"

#include "core/fast.h"
#include "core/letters.h"
#include "flow/flow.h"

/* Memory is asked for so many segments before it is needed: the index first, then what it leads to, then what that
 * leads to.  Segments are asked for EARLY before that: the thread that wrote them may still have them in its cache. */
#define AHEAD 8
#define EARLY 16
#define ROW   256 /* segments that go through together */

/* What each turn of a row does stands in the row's loop itself, though take_turn() calls it, too. */
#define IN_EACH_TURN static inline __attribute__((always_inline))

/* Without a packet for so long: the capture may have been stopped meanwhile, or several were put
 * together, or a clock was wrong.  No limit of TCP is so long. */
#define LEAP_NS (INT64_C(7) * 86400 * 1000000000)

/* ---- one segment ---------------------------------------------------------------- */

/* Damaged on its way, and no host takes it?  Where a sender's checksums are
 * never valid the tap sits before its network card, and they tell nothing. */
static bool
is_damaged(struct tf_connection *c, const struct tf_segment *s, enum tf_endpoint from)
{
	uint32_t sums = from == TF_CLIENT ? TF_CONN_CLIENT_SUMS : TF_CONN_SERVER_SUMS;

	/* In edited captures it is the payload that was edited: like is compared with like,
	 * and data is never left out, since its receiver may acknowledge it. */
	if (s->len > 0)
		return false;
	if (s->checksum_state == TF_CHECKSUM_VALID)
		c->flags |= sums;
	return s->checksum_state == TF_CHECKSUM_BAD && c->flags & sums;
}

/* The whole checklist, for the replicas and for the detectors. */
static void
feed_thoroughly(struct tf_analyzer *a, struct tf_connection *c, const struct tf_segment *s,
                enum tf_endpoint from)
{
	struct tf_step st;

	tf_shape_forget(c);
	tf_step_init(&st, &a->ctx, c, s, from);
	tf_connection_segment(&st);
	tf_detect_segment(&st);
	if ((s->flags & (TF_SYN | TF_ACK | TF_RST)) == (TF_SYN | TF_ACK) && !st.bad_ack)
		tf_services_add(&a->services, &s->src, s->src_port);
}

/* A plain segment of an opening: what the detectors want to know. */
static __attribute__((noinline)) void
detect_opening(struct tf_analyzer *a, struct tf_connection *c, const struct tf_segment *s,
               enum tf_endpoint from)
{
	tf_detect_opening(&a->ctx, c, s, from);
	if (s->plain.move == TF_MAY_SYN_ACK)
		tf_services_add(&a->services, &s->src, s->src_port);
	if (tf_extra_if(&a->ctx, c))
		tf_shape_forget(c); /* something was found */
}

/* What S does to the replicas of C, connection INDEX, is remembered; false where it is not, and then nothing has
 * changed. */
static bool
feed_plain(struct tf_analyzer *a, struct tf_connection *c, uint32_t index, const struct tf_segment *s,
           enum tf_endpoint from, unsigned may)
{
	const struct tf_move *move = tf_move_plain(&a->ctx, c, s, from, may);

	if (!move)
		return false;
	if (s->plain.kind & TF_K_SYN || c->flags & TF_CONN_EMBRYONIC)
		detect_opening(a, c, s, from);
	else if (may & TF_BEGINS)
		tf_detect_midstream(&a->ctx, c, s);
	if (s->plain.kind & TF_K_DATA)
		tf_detect_ordinary(&a->ctx, c, s);
	if (may & TF_IS_CALM)
		tf_detect_calm(&a->ctx, c, s, from);
	if (move->notes & TF_NOTE_TIMERS)
		tf_look_soon_enough(a, index, c);
	else if (move->notes & TF_NOTE_REST)
		tf_look_after_time_wait(a, index);
	return true;
}

/* The checklist, and what it came to is remembered if S is plain. */
static void
feed_and_learn(struct tf_analyzer *a, struct tf_connection *c, const struct tf_segment *s,
               enum tf_endpoint from)
{
	struct tf_lesson lesson;

	if (!tf_move_listen(&a->ctx, &lesson)) {
		feed_thoroughly(a, c, s, from);
		return;
	}
	feed_thoroughly(a, c, s, from);
	tf_move_learn(&a->ctx, c, &lesson);
}

void
tf_feed_connection(struct tf_analyzer *a, uint32_t index, const struct tf_segment *s)
{
	struct tf_connection *c = tf_connection_at(a, index);
	enum tf_endpoint from = tf_connection_sender(c, s);

	if (s->len > 0 && s->checksum_state == TF_CHECKSUM_BAD)
		tf_detect_damaged_data(&a->ctx, c, s);
	if (is_damaged(c, s, from)) {
		tf_shape_forget(c);
		a->stats.bad_checksums++;
		tf_letters_count(&a->ctx, c, tf_connection_sender(c, s), TF_L_CHECKSUM);
		tf_detect_damaged(&a->ctx, c, s);
		tf_look_again(a, index);
		return;
	}
	unsigned may = tf_shape_may(&a->ctx, c, from);
	if (feed_plain(a, c, index, s, from, may)) {
		if (s->flags & TF_SYN || may & TF_BEGINS)
			tf_look_soon_enough(a, index, c);
		return;
	}
	feed_and_learn(a, c, s, from);
	tf_look_again(a, index);
	/* As after a plain one. */
	if (s->flags & (TF_SYN | TF_FIN))
		tf_look_soon_enough(a, index, c);
}

/* A segment on its way to its connection. */
struct errand {
	const struct tf_segment *s;
	uint32_t likely; /* the connection that the index seemed to have for it; 0: none */
};

struct place {
	uint32_t index;     /* connection; 0: none */
	uint32_t tombstone; /* its place; 0: none */
};

static bool
is_tombstone_of(const struct tf_analyzer *a, uint32_t place, const struct tf_segment *s)
{
	struct tf_key key = tf_tombstone_key(tf_tombstone_at(&a->graveyard, place));

	return tf_key_is_of(&key, s);
}

/* From VALUE on, the first one that stands under its hash. */
static __attribute__((noinline)) struct place
look_among(const struct tf_analyzer *a, const struct errand *e, uint32_t value, struct tf_index_walk *w)
{
	struct place found = {0, 0};

	for (; value; value = tf_index_next(&a->index, w)) {
		if (!(value & TF_TOMBSTONE_BIT)) {
			if (tf_value_is_of(a, value, e->s))
				return (struct place){.index = value, .tombstone = found.tombstone};
		} else if (is_tombstone_of(a, value & ~TF_TOMBSTONE_BIT, e->s)) {
			found.tombstone = value & ~TF_TOMBSTONE_BIT;
		}
	}
	return found;
}

static struct place
look_up(const struct tf_analyzer *a, const struct errand *e)
{
	struct tf_index_walk w;
	uint32_t value = tf_index_first(&a->index, e->s->hash, &w);

	return value ? look_among(a, e, value, &w) : (struct place){0, 0};
}

/* Its place: what was found a moment ago, unless that went meanwhile. */
static struct place
place_of(const struct tf_analyzer *a, const struct errand *e)
{
	if (e->likely && tf_value_is_of(a, e->likely, e->s))
		return (struct place){.index = e->likely};
	return look_up(a, e);
}

/* A late segment of a closed connection: its numbers lie where that one's lay. */
static bool
is_late(const struct tf_former *former, const struct tf_segment *s, bool second)
{
	if (s->flags & TF_SYN)
		return s->flags & TF_ACK && former->isn_known >> second & 1 &&
		       tf_seq_eq(s->seq, former->isn[second]);
	if (!(former->max_known >> second & 1))
		return true;
	int32_t ahead = tf_seq_diff(s->seq, former->max[second]);
	return s->flags & TF_RST || (ahead < 65536 && ahead > -(1 << 24));
}

static uint32_t
begin(struct tf_analyzer *a, const struct errand *e, uint32_t tombstone)
{
	bool second = tf_sent_by_second(e->s);
	struct tf_key key = tf_key_of(e->s, second);
	struct tf_buried buried;

	if (!tombstone)
		return tf_table_begin(a, &key, e->s->hash, e->s, a->ctx.now_ns, NULL);
	tf_graveyard_read(&a->graveyard, tombstone, &buried);
	if (is_late(&buried.former, e->s, second)) {
		a->stats.late_segments++;
		tf_tombstone_late(a, tombstone, &buried, second, e->s);
		return 0;
	}
	tf_tombstone_dig_up(a, e->s->hash, tombstone);
	return tf_table_begin(a, &key, e->s->hash, e->s, a->ctx.now_ns, &buried.former);
}

/* As nearly all segments are: by header prediction, or by a remembered move. */
IN_EACH_TURN bool
feed_known(struct tf_analyzer *a, uint32_t index, const struct errand *e, bool second)
{
	struct tf_connection *c = tf_connection_at(a, index);
	bool client_second = (c->flags & TF_CONN_CLIENT_SECOND) != 0;
	enum tf_endpoint from = second != client_second ? TF_SERVER : TF_CLIENT;
	unsigned may = tf_shape_may(&a->ctx, c, from);

	if (may & e->s->plain.fast && !(may & TF_IS_CALM && e->s->options & ~(unsigned)TF_OPT_TIMESTAMPS) &&
	    tf_connection_fast(&a->ctx, c, e->s, from, may)) {
		static const enum tf_state both_established[2] = {TF_ESTABLISHED, TF_ESTABLISHED};
		tf_connection_show(&a->ctx, c, e->s, from, 0, both_established);
		if (e->s->plain.fast & TF_MAY_FAST_DATA)
			tf_detect_ordinary(&a->ctx, c, e->s);
		if (__builtin_expect(may & TF_IS_CALM, false))
			tf_detect_calm(&a->ctx, c, e->s, from);
		return true;
	}
	return may && feed_plain(a, c, index, e->s, from, may);
}

/* A connection begins with the errand's segment. */
static void
feed_first(struct tf_analyzer *a, const struct errand *e, uint32_t tombstone)
{
	if (e->s->plain.move == TF_MAY_SYN && !tombstone && tf_embryo_begin(a, e->s))
		return;
	uint32_t index = begin(a, e, tombstone);
	if (!index)
		return;
	struct tf_connection *c = tf_connection_at(a, index);
	if ((e->s->flags & (TF_SYN | TF_ACK | TF_RST)) == TF_SYN &&
	    feed_plain(a, c, index, e->s, TF_CLIENT, tf_shape_may(&a->ctx, c, TF_CLIENT))) {
		if (!tf_embryo_from(a, index, e->s->hash))
			tf_look_soon_enough(a, index, c);
		return;
	}
	tf_feed_connection(a, index, e->s);
}

/* EMBRYO, which has its answer S, becomes a connection: that shows a SIGN of SYN cookies. */
static __attribute__((noinline, cold)) void
grow_by_cookies(struct tf_analyzer *a, const struct tf_segment *s, uint32_t embryo, const char *sign)
{
	uint32_t index = tf_embryo_copy(a, embryo);

	tf_shape_forget(tf_connection_at(a, index));
	tf_detect_cookies(&a->ctx, tf_connection_at(a, index), s, sign);
	tf_embryo_leave_to(a, embryo, index, s->hash);
	tf_look_again(a, index);
}

/* EMBRYO has its answer S: that is for the detectors, too. */
static void
detect_answer(struct tf_analyzer *a, const struct tf_segment *s, uint32_t embryo)
{
	struct tf_opening o = tf_embryo_opening(a, embryo);
	const char *sign = tf_detect_answer(&a->ctx, &o, s);

	if (o.embryonic)
		tf_embryo_at(a, embryo & ~TF_EMBRYO_BIT)->aside |= TF_CONN_EMBRYONIC >> TF_CONN_ASIDE_SHIFT;
	if (sign)
		grow_by_cookies(a, s, embryo, sign);
	tf_detect_numbers(&a->ctx, &o, s);
	tf_services_add(&a->services, &s->src, s->src_port);
}

/* Its answer may leave it one; anything else makes a connection of it.  That one's index, or 0 where all is done. */
static uint32_t
feed_embryo(struct tf_analyzer *a, const struct errand *e, uint32_t embryo)
{
	if (tf_embryo_answer(a, embryo, e->s)) {
		detect_answer(a, e->s, embryo);
		return 0;
	}
	uint32_t index = tf_embryo_copy(a, embryo);
	struct tf_connection *c = tf_connection_at(a, index);
	enum tf_endpoint from = tf_connection_sender(c, e->s);
	bool done = feed_plain(a, c, index, e->s, from, tf_shape_may(&a->ctx, c, from));

	if (done && e->s->flags & TF_SYN && tf_embryo_update(a, embryo, index))
		return 0;
	tf_embryo_leave_to(a, embryo, index, e->s->hash);
	tf_look_again(a, index);
	return done ? 0 : index;
}

/* The checklist, for connection INDEX. */
static void
feed_checklist(struct tf_analyzer *a, uint32_t index, const struct errand *e)
{
	if ((e->s->flags & (TF_SYN | TF_ACK | TF_RST)) == TF_SYN)
		index = tf_syn_arrives(a, index, e->s->hash, e->s);
	else
		index = tf_held_judge(a, index, e->s->hash, e->s);
	if (index) {
		tf_feed_connection(a, index, e->s);
		return;
	}
	/* A SYN that was just held wants its judge. */
	struct place at = look_up(a, e);
	if (at.index)
		tf_look_again(a, at.index);
}

/* It was not there a moment ago, or is an embryo. */
static __attribute__((noinline)) void
feed_elsewhere(struct tf_analyzer *a, const struct errand *e)
{
	struct place at = place_of(a, e);

	if (!at.index) {
		feed_first(a, e, at.tombstone);
		return;
	}
	if (at.index & TF_EMBRYO_BIT)
		at.index = feed_embryo(a, e, at.index);
	else if (feed_known(a, at.index, e, tf_ports_side(tf_connection_at(a, at.index)->tuple.port, e->s)))
		return;
	if (at.index)
		feed_checklist(a, at.index, e);
}

IN_EACH_TURN void
feed_one(struct tf_analyzer *a, const struct errand *e)
{
	uint32_t index = e->likely;

	if (!index || index & TF_EMBRYO_BIT) {
		feed_elsewhere(a, e);
		return;
	}
	const struct tf_connection *c = tf_connection_at(a, index);
	bool second = tf_ports_side(c->tuple.port, e->s);
	if (!tf_connection_is_of(a, c, e->s, second))
		feed_elsewhere(a, e);
	else if (!feed_known(a, index, e, second))
		feed_checklist(a, index, e);
}

static void
show_duplicate(struct tf_analyzer *a, const struct errand *errand)
{
	const struct tf_segment *s = errand->s;
	struct place at = look_up(a, errand);

	if (!at.index || !(a->ctx.sink.wanted & TF_EV_SEGMENT))
		return;
	struct tf_connection embryo = {0}, *c = &embryo;
	if (at.index & TF_EMBRYO_BIT)
		tf_embryo_fill(a, tf_embryo_at(a, at.index & ~TF_EMBRYO_BIT), c);
	else
		c = tf_connection_at(a, at.index);
	struct tf_segment_event se = {
	    .segment = s,
	    .conn = c->conn,
	    .from = tf_connection_sender(c, s),
	    .marks = TF_MARK_DUPLICATE_FRAME,
	    .state = {tf_end_state(&c->end[TF_CLIENT]), tf_end_state(&c->end[TF_SERVER])},
	};
	se.rel_seq = s->seq.v - c->end[se.from].isn.v;
	se.rel_ack = s->ack.v - c->end[!se.from].isn.v;
	struct tf_event e = {.kind = TF_EV_SEGMENT, .segment = &se};
	a->ctx.sink.event(a->ctx.sink.context, &e);
}

/* ---- the clock ------------------------------------------------------------------ */

static void
start_clock(struct tf_analyzer *a, int64_t now_ns)
{
	a->started = true;
	a->ctx.now_ns = now_ns;
	a->stats.first_ts_ns = a->stats.last_ts_ns = now_ns;
	tf_wheel_start(&a->wheel, now_ns);
}

/* MAY_LEAP: the clock goes by packets, and days without one may lie between. */
IN_EACH_TURN void
advance(struct tf_analyzer *a, int64_t now_ns, bool may_leap)
{
	/* Frames that reach no connection move the clock, too, and a segment may lie behind it. */
	if (now_ns < a->ctx.now_ns)
		now_ns = a->ctx.now_ns;
	if (tf_wheel_maybe_due(&a->wheel, now_ns) || now_ns > a->embryo_due_ns ||
	    (a->graveyard.count && now_ns >= a->tombstone_due_ns)) {
		a->ctx.leapt = may_leap && now_ns - a->ctx.now_ns > LEAP_NS;
		tf_run_clock(a, now_ns);
		a->ctx.leapt = false;
	} else {
		a->ctx.now_ns = now_ns;
	}
}

static void
note_step_back(struct tf_analyzer *a, int64_t ts_ns)
{
	a->stats.time_backwards++;
	if (a->stats.last_ts_ns - ts_ns > a->stats.time_backwards_max_ns)
		a->stats.time_backwards_max_ns = a->stats.last_ts_ns - ts_ns;
}

IN_EACH_TURN void
follow_clock(struct tf_analyzer *a, const struct tf_segment *s)
{
	if (!a->started)
		start_clock(a, s->ts_ns);
	if (s->ts_ns < a->stats.last_ts_ns) {
		note_step_back(a, s->ts_ns);
	} else {
		advance(a, s->ts_ns, true);
		a->stats.last_ts_ns = s->ts_ns;
	}
	a->ctx.packet = a->ctx.last_packet = s->packet;
}

void
tf_analyzer_advance(struct tf_analyzer *a, int64_t now_ns)
{
	if (a->started)
		advance(a, now_ns, false);
	tf_briefs_emit(&a->ctx);
}

/* Where the index seems to have E's hash: its connection, asked for; 0 where it does not. */
IN_EACH_TURN uint32_t
prefetch_connection(const struct tf_analyzer *a, const struct errand *e)
{
	struct tf_index_walk w;
	uint32_t index = tf_index_first(&a->index, e->s->hash, &w);

	if (!index)
		return 0;
	if (index & TF_TOMBSTONE_BIT) {
		__builtin_prefetch(tf_tombstone_at(&a->graveyard, index & ~TF_TOMBSTONE_BIT));
		return 0;
	}
	tf_value_prefetch(a, index);
	return index;
}

/* It is only read, and the thread that wrote it may keep it. */
TF_PREFETCHES void
prefetch_segment(const struct tf_segment *s)
{
	__builtin_prefetch(s);
	__builtin_prefetch((const char *)s + 64);
}

/* Events of the errand's connection are likely to come. */
static void
give_hint(const struct tf_analyzer *a, const struct errand *e, bool near)
{
	if (e->likely)
		a->ctx.sink.soon(a->ctx.sink.context, tf_value_conn(a, e->likely), near);
}

/* Three steps ahead: what the index has for the errand's hash. */
IN_EACH_TURN void
set_out(struct tf_analyzer *a, struct errand *e, const struct tf_segment *s)
{
	e->s = s;
	tf_index_prefetch(&a->index, e->s->hash);
}

/* Two steps ahead. */
IN_EACH_TURN void
look_for_connection(struct tf_analyzer *a, struct errand *e)
{
	e->likely = prefetch_connection(a, e);
	if (a->ctx.sink.soon)
		give_hint(a, e, false);
}

/* One step ahead. */
IN_EACH_TURN void
look_for_closing(struct tf_analyzer *a, const struct errand *e)
{
	if (e->likely && !(e->likely & TF_EMBRYO_BIT)) {
		tf_value_prefetch_closing(a, e->likely);
		/* It is about to leave its neighbours in the wheel. */
		if (tf_connection_at(a, e->likely)->closing || e->s->plain.kind & TF_K_FIN)
			tf_wheel_prefetch(&a->wheel, e->likely);
	}
	if (e->likely & TF_EMBRYO_BIT || e->s->plain.kind & TF_K_SYN)
		tf_detect_ask(&a->ctx, e->s, e->likely ? tf_value_conn(a, e->likely) : 0);
	if (a->ctx.sink.soon)
		give_hint(a, e, true);
}

IN_EACH_TURN void
run_errand(struct tf_analyzer *a, const struct errand *e)
{
	a->stats.segments++;
	follow_clock(a, e->s);
	if (e->s->is_copy) {
		a->stats.duplicate_frames++;
		show_duplicate(a, e);
		return;
	}
	feed_one(a, e);
}

void
tf_analyzer_prepare(struct tf_analyzer *a, struct tf_segment *segments, size_t count)
{
	tf_prepare(a->preparation, segments, count);
}

void
tf_analyzer_read_ahead(struct tf_analyzer *a, struct tf_read_ahead *ahead)
{
	a->ahead = ahead ? ahead : &a->nothing_ahead;
}

/* Turn I of a row where some step has no errand yet, or none any more.  A number before the first one wraps, and so it
 * is beyond COUNT as well. */
static __attribute__((noinline)) void
take_turn(struct tf_analyzer *a, struct errand *row, const struct tf_segment *segments, size_t count,
          size_t i)
{
	tf_prefetch_share(a->ahead);
	if (i < count)
		set_out(a, &row[i], &segments[i]);
	if (i - AHEAD < count)
		look_for_connection(a, &row[i - AHEAD]);
	if (i - 2 * AHEAD < count)
		look_for_closing(a, &row[i - 2 * AHEAD]);
	if (i - 3 * AHEAD < count)
		run_errand(a, &row[i - 3 * AHEAD]);
}

/* At most ROW segments.  All that has an effect happens in the last step, so in the order of the segments.  What is
 * asked for beyond the last one is the next row, or does no harm. */
static void
feed_row(struct tf_analyzer *a, const struct tf_segment *segments, size_t count)
{
	struct errand row[ROW + 3 * AHEAD];
	size_t i = 0;

	for (size_t early = 0; early < 3 * AHEAD + EARLY && early < count; early++)
		prefetch_segment(&segments[early]);
	while (i < 3 * AHEAD)
		take_turn(a, row, segments, count, i++);
	for (; i < count; i++) {
		prefetch_segment(&segments[i + EARLY]);
		tf_prefetch_share(a->ahead);
		set_out(a, &row[i], &segments[i]);
		look_for_connection(a, &row[i - AHEAD]);
		look_for_closing(a, &row[i - 2 * AHEAD]);
		run_errand(a, &row[i - 3 * AHEAD]);
	}
	while (i < count + 3 * AHEAD)
		take_turn(a, row, segments, count, i++);
}

void
tf_analyzer_feed(struct tf_analyzer *a, const struct tf_segment *segments, size_t count)
{
	for (size_t n; count > 0; segments += n, count -= n) {
		n = count < ROW ? count : ROW;
		feed_row(a, segments, n);
	}
	tf_briefs_emit(&a->ctx);
	tf_supplies_tell(a);
}
