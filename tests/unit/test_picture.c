/*
 * The pictures' models: the edges of the state diagram against rules.def
 * and RFC 9293 figure 5, which steps are counted, and that a trail says what
 * it was told, also where it is thinned.
 */
#include <CUnit/CUnit.h>

#include "output/picture/diagram_layout.h"
#include "output/trail.h"
#include "unit.h"

/* Connection 1 of a picture at work. */
struct story {
	struct tf_trails trails;
	struct tf_travel travel;
};

static void
each_edge_has_a_way(void)
{
	size_t count;
	const struct tf_edge *e = tf_edges(&count);

	CU_ASSERT(count > 20);
	for (size_t i = 0; i < count; i++) {
		CU_ASSERT(tf_edge_has_route(&e[i]));
		CU_ASSERT_PTR_NOT_NULL(e[i].words[0]);
	}
}

/* The arrows of RFC 9293 figure 5 that a segment or a timer takes. */
static void
figure_5_is_there(void)
{
	static const enum tf_state pairs[][2] = {
	    {TF_CLOSED, TF_SYN_SENT},          {TF_LISTEN, TF_SYN_RECEIVED},
	    {TF_SYN_SENT, TF_SYN_RECEIVED},    {TF_SYN_SENT, TF_ESTABLISHED},
	    {TF_SYN_RECEIVED, TF_ESTABLISHED}, {TF_SYN_RECEIVED, TF_FIN_WAIT_1},
	    {TF_SYN_RECEIVED, TF_LISTEN},      {TF_ESTABLISHED, TF_FIN_WAIT_1},
	    {TF_ESTABLISHED, TF_CLOSE_WAIT},   {TF_FIN_WAIT_1, TF_FIN_WAIT_2},
	    {TF_FIN_WAIT_1, TF_CLOSING},       {TF_FIN_WAIT_2, TF_TIME_WAIT},
	    {TF_CLOSING, TF_TIME_WAIT},        {TF_CLOSE_WAIT, TF_LAST_ACK},
	    {TF_LAST_ACK, TF_CLOSED},          {TF_TIME_WAIT, TF_CLOSED},
	};

	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		CU_ASSERT(tf_edge_of(pairs[i][0], pairs[i][1], "") >= 0);
	CU_ASSERT_EQUAL(tf_edge_of(TF_TIME_WAIT, TF_ESTABLISHED, ""), -1);
}

static void
a_reset_has_an_edge_of_its_own(void)
{
	int last = tf_edge_of(TF_LAST_ACK, TF_CLOSED, "hear-last-ack");
	int reset = tf_edge_of(TF_LAST_ACK, TF_CLOSED, "hear-rst");
	size_t count;
	const struct tf_edge *e = tf_edges(&count);

	CU_ASSERT(last >= 0 && reset >= 0 && last != reset);
	CU_ASSERT(!e[last].aborts && e[reset].aborts);
}

static void
tell(struct story *s, enum tf_state from, enum tf_state to, enum tf_basis basis, uint64_t packet)
{
	struct tf_transition m = {.packet = packet,
	                          .conn = 1,
	                          .endpoint = TF_CLIENT,
	                          .from = from,
	                          .to = to,
	                          .basis = basis,
	                          .rule = ""};
	struct tf_event e = {.kind = TF_EV_TRANSITION, .transition = &m};

	s->trails.unit_ns = 1;
	CU_ASSERT(tf_travel_event(&s->travel, &s->trails, &e));
}

static void
end_of_connection(struct story *s, bool asked_for)
{
	struct tf_pending *p = tf_pending_find(&s->trails.pending, 1);

	CU_ASSERT(tf_travel_record(&s->travel, &s->trails, p, asked_for));
	tf_pending_fini(&s->trails.pending);
}

static uint64_t
counted(const struct story *s, enum tf_state from, enum tf_state to)
{
	return s->travel.count[tf_edge_of(from, to, "")][TF_CLIENT];
}

static void
what_was_taken_back_is_not_counted(void)
{
	for (unsigned asked_for = 0; asked_for < 2; asked_for++) {
		struct story s = {0};

		tell(&s, TF_CLOSED, TF_SYN_SENT, TF_OBSERVED, 1);
		tell(&s, TF_SYN_SENT, TF_ESTABLISHED, TF_OBSERVED, 2);
		tell(&s, TF_ESTABLISHED, TF_CLOSE_WAIT, TF_PRESUMED, 3);
		tell(&s, TF_CLOSE_WAIT, TF_ESTABLISHED, TF_RETRACTED, 4);
		tell(&s, TF_ESTABLISHED, TF_FIN_WAIT_1, TF_OBSERVED, 5);
		end_of_connection(&s, asked_for);
		CU_ASSERT_EQUAL(s.travel.connections, asked_for);
		CU_ASSERT_EQUAL(counted(&s, TF_CLOSED, TF_SYN_SENT), asked_for);
		CU_ASSERT_EQUAL(counted(&s, TF_SYN_SENT, TF_ESTABLISHED), asked_for);
		CU_ASSERT_EQUAL(counted(&s, TF_ESTABLISHED, TF_CLOSE_WAIT), 0);
		CU_ASSERT_EQUAL(counted(&s, TF_ESTABLISHED, TF_FIN_WAIT_1), asked_for);
	}
}

static void
only_worse_than_info_is_red(void)
{
	for (int severity = TF_INFO; severity <= TF_WARNING; severity++) {
		struct story s = {0};
		struct tf_finding f = {.conn = 1,
		                       .packet = 2,
		                       .severity = (enum tf_severity)severity,
		                       .packet_count = 1,
		                       .packets = {1}};
		struct tf_event e = {.kind = TF_EV_FINDING, .finding = &f};
		int edge = tf_edge_of(TF_CLOSED, TF_SYN_SENT, "");

		tell(&s, TF_CLOSED, TF_SYN_SENT, TF_OBSERVED, 1);
		CU_ASSERT(tf_travel_event(&s.travel, &s.trails, &e));
		end_of_connection(&s, true);
		CU_ASSERT_EQUAL(s.travel.count[edge][TF_CLIENT], 1);
		CU_ASSERT_EQUAL(s.travel.bad[edge][TF_CLIENT], severity != TF_INFO);
	}
}

static struct tf_pending *
keep_segment(struct tf_trails *t, const struct tf_segment *s, enum tf_endpoint from, uint32_t seq,
             uint32_t ack, unsigned marks)
{
	struct tf_segment_event m = {
	    .segment = s, .conn = 1, .from = from, .rel_seq = seq, .rel_ack = ack, .marks = marks};
	bool fine = true;
	struct tf_pending *p = tf_trail_of(t, 1, s->ts_ns, &fine);

	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	CU_ASSERT(fine && tf_trail_segment(t, p, &m));
	return p;
}

/* Whatever the numbers, also those at the ends of their ranges, time that goes back, and a packet of none. */
static void
a_trail_says_what_it_was_told(void)
{
	static const struct {
		struct tf_segment segment;
		enum tf_endpoint from;
		uint32_t seq, ack;
		unsigned marks;
	} told[] = {
	    {{.ts_ns = 5000, .packet = 7, .flags = TF_SYN, .window = 65535}, TF_CLIENT, 0, 0, 0},
	    {{.ts_ns = 6000, .packet = 9, .flags = TF_SYN | TF_ACK, .window = 1}, TF_SERVER, 0, 1, 0},
	    {{.ts_ns = 6000, .packet = 10, .flags = TF_ACK, .window = 65535}, TF_CLIENT, 1, 1, 0},
	    {{.ts_ns = 4000, .packet = 8, .flags = TF_PSH | TF_ACK, .len = UINT32_MAX},
	     TF_CLIENT,
	     UINT32_MAX,
	     1,
	     0x3ff},
	    {{.ts_ns = INT64_MAX / 1000 * 1000, .packet = UINT64_MAX / 2, .flags = 0x1ff, .window = 0},
	     TF_SERVER,
	     0x80000000,
	     0x7fffffff,
	     TF_MARK_GAP},
	    {{.ts_ns = 7000, .packet = 1, .flags = TF_FIN | TF_ACK, .len = 1}, TF_SERVER, 1, UINT32_MAX, 0},
	    {{.ts_ns = 8000, .packet = 2, .flags = TF_RST, .window = 3}, TF_CLIENT, 2, 0, 0},
	};
	struct tf_trails t = {.unit_ns = 1000};
	struct tf_transition late = {.ts_ns = 9000,
	                             .conn = 1,
	                             .endpoint = TF_SERVER,
	                             .from = TF_TIME_WAIT,
	                             .to = TF_CLOSED,
	                             .basis = TF_TIMER_RAN,
	                             .possible = TF_STATES(TF_CLOSED)};
	struct tf_finding f = {.ts_ns = 9000,
	                       .packet = 2,
	                       .conn = 1,
	                       .endpoint = TF_NEITHER,
	                       .id = TF_ANOMALY_COUNT - 1,
	                       .severity = TF_ERROR,
	                       .packet_count = 1,
	                       .packets = {7}};
	struct tf_pending *p = NULL;
	struct tf_rung r;

	for (size_t i = 0; i < sizeof told / sizeof *told; i++)
		p = keep_segment(&t, &told[i].segment, told[i].from, told[i].seq, told[i].ack, told[i].marks);
	CU_ASSERT(tf_trail_transition(&t, p, &late, true));
	CU_ASSERT(tf_trail_finding(&t, p, &f));

	struct tf_trail_reader reader = {.p = p, .unit_ns = 1000};

	for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
		const struct tf_segment *s = &told[i].segment;

		CU_ASSERT_FATAL(tf_trail_next(&reader, &r));
		CU_ASSERT_EQUAL(r.kind, TF_RUNG_SEGMENT);
		CU_ASSERT_EQUAL(r.ts_ns, s->ts_ns);
		CU_ASSERT_EQUAL(r.packet, s->packet);
		CU_ASSERT_EQUAL(r.end, told[i].from);
		CU_ASSERT_EQUAL(r.flags, s->flags);
		CU_ASSERT_EQUAL(r.marks, told[i].marks);
		CU_ASSERT_EQUAL(r.rel_seq, told[i].seq);
		CU_ASSERT_EQUAL(r.rel_ack, s->flags & TF_ACK ? told[i].ack : 0);
		CU_ASSERT_EQUAL(r.window, s->window);
		CU_ASSERT_EQUAL(r.len, s->len);
	}
	CU_ASSERT(tf_trail_next(&reader, &r) && r.kind == TF_RUNG_TRANSITION && r.packet == 0 &&
	          r.ts_ns == 9000);
	CU_ASSERT(r.from == TF_TIME_WAIT && r.to == TF_CLOSED && r.basis == TF_TIMER_RAN && r.aborts);
	CU_ASSERT(r.end == TF_SERVER && (r.possible & TF_STATES(TF_TIME_WAIT)) != 0);
	CU_ASSERT(tf_trail_next(&reader, &r) && r.kind == TF_RUNG_FINDING && r.packet == 2 &&
	          r.end == TF_NEITHER);
	CU_ASSERT(r.id == TF_ANOMALY_COUNT - 1 && r.severity == TF_ERROR);
	CU_ASSERT(tf_trail_next(&reader, &r) && r.kind == TF_RUNG_PROOF && r.packet == 7);
	CU_ASSERT(!tf_trail_next(&reader, &r));
	tf_pending_fini(&t.pending);
}

/* A presumption is settled once, when the state before it is ruled out. */
static void
what_is_sure_is_told_once(void)
{
	struct tf_trails t = {.unit_ns = 1};
	struct tf_segment s = {.ts_ns = 1, .packet = 1, .flags = TF_SYN};
	struct tf_pending *p = keep_segment(&t, &s, TF_CLIENT, 0, 0, 0);
	tf_states both = TF_STATES(TF_LISTEN) | TF_STATES(TF_SYN_RECEIVED);
	struct tf_transition m = {.packet = 1,
	                          .endpoint = TF_SERVER,
	                          .from = TF_LISTEN,
	                          .to = TF_SYN_RECEIVED,
	                          .basis = TF_PRESUMED,
	                          .possible = both};
	struct tf_possible still = {.packet = 2, .endpoint = TF_SERVER, .possible = both};
	struct tf_possible sure = {
	    .packet = 3, .endpoint = TF_SERVER, .possible = TF_STATES(TF_SYN_RECEIVED)};
	size_t settled = 0;
	struct tf_rung r;

	CU_ASSERT(tf_trail_transition(&t, p, &m, false));
	CU_ASSERT(tf_trail_possible(&t, p, &still) && tf_trail_possible(&t, p, &sure) &&
	          tf_trail_possible(&t, p, &sure));
	for (struct tf_trail_reader reader = {.p = p, .unit_ns = 1}; tf_trail_next(&reader, &r);) {
		settled += r.kind == TF_RUNG_POSSIBLE;
		CU_ASSERT(r.kind != TF_RUNG_POSSIBLE || r.packet == 3);
	}
	CU_ASSERT_EQUAL(settled, 1);
	tf_pending_fini(&t.pending);
}

/* A block that an ACK reports, in the numbers of the data that it reports. */
static void
sack_is_told(void)
{
	struct tf_trails t = {.unit_ns = 1};
	struct tf_segment data = {.ts_ns = 1, .packet = 1, .flags = TF_ACK, .seq = {0xfffffff0}, .len = 100};
	struct tf_segment ack = {.ts_ns = 2,
	                         .packet = 2,
	                         .flags = TF_ACK,
	                         .ack = {0xffffff00},
	                         .sack_count = 1,
	                         .sack = (const uint8_t *)"\xff\xff\xff\xf0\0\0\0\x54"};
	struct tf_pending *p;
	struct tf_rung r;

	keep_segment(&t, &data, TF_CLIENT, 301, 1, 0);
	p = keep_segment(&t, &ack, TF_SERVER, 1, 61, 0);
	for (struct tf_trail_reader reader = {.p = p, .unit_ns = 1}; tf_trail_next(&reader, &r);)
		continue;
	CU_ASSERT_EQUAL(r.kind, TF_RUNG_SACK);
	CU_ASSERT(r.rel_seq == 301 && r.rel_ack == 401 && r.end == TF_SERVER && r.packet == 2);
	tf_pending_fini(&t.pending);
}

/* Data one way and its ACKs: however much there is, the trail stays short, and all of it is in it. */
static void
a_full_trail_is_thinned(void)
{
	struct tf_trails t = {.unit_ns = 1, .most = 64};
	struct tf_pending *p = NULL;
	uint64_t segments = 0, octets = 0, packet = 0, most = 0;
	size_t count = 0;
	struct tf_rung r;

	for (uint32_t i = 0; i < 5000; i++) {
		struct tf_segment data = {.ts_ns = 2 * i, .packet = ++packet, .flags = TF_ACK, .len = 100};
		struct tf_segment ack = {.ts_ns = 2 * i + 1, .packet = ++packet, .flags = TF_ACK};

		keep_segment(&t, &data, TF_CLIENT, 1 + i * 100, 1, 0);
		p = keep_segment(&t, &ack, TF_SERVER, 1, 1 + (i + 1) * 100, 0);
	}
	for (struct tf_trail_reader reader = {.p = p, .unit_ns = 1}; tf_trail_next(&reader, &r); count++) {
		segments += tf_rung_segments(&r);
		octets += r.len;
		most = tf_rung_segments(&r) > most ? tf_rung_segments(&r) : most;
	}
	CU_ASSERT(count <= 64);
	CU_ASSERT_EQUAL(segments, 10000);
	CU_ASSERT_EQUAL(octets, 500000);
	/* As fine everywhere as the room allows, but for the powers of two: else the shape would be another. */
	CU_ASSERT(most <= 4 * 10000 / 64);
	CU_ASSERT_EQUAL(p->lost_lines, 0);
	tf_pending_fini(&t.pending);
}

/* What cannot be told together finds no room at last: it is counted, and nothing is lost of what is there. */
static void
what_finds_no_room_is_counted(void)
{
	struct tf_trails t = {.unit_ns = 1, .most = 64};
	struct tf_pending *p = NULL;

	for (uint32_t i = 0; i < 100; i++) {
		struct tf_segment s = {.ts_ns = i, .packet = i + 1, .flags = TF_SYN};

		p = keep_segment(&t, &s, TF_CLIENT, 0, 0, TF_MARK_RETRANSMISSION);
	}
	CU_ASSERT_EQUAL(p->lost_lines, 36);
	tf_pending_fini(&t.pending);
}

const char tf_suite[] = "picture";

const struct tf_test tf_tests[] = {
    {"each edge of the rules has a way", each_edge_has_a_way},
    {"RFC 9293 figure 5", figure_5_is_there},
    {"a reset has an edge of its own", a_reset_has_an_edge_of_its_own},
    {"what was taken back is not counted", what_was_taken_back_is_not_counted},
    {"an info makes no step red", only_worse_than_info_is_red},
    {"a trail says what it was told", a_trail_says_what_it_was_told},
    {"what is sure is told once", what_is_sure_is_told_once},
    {"selective acknowledgements are told", sack_is_told},
    {"a full one is thinned", a_full_trail_is_thinned},
    {"what finds no room is counted", what_finds_no_room_is_counted},
    {NULL, NULL},
};
