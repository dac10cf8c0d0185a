/*
 * The pictures' models: the edges of the state diagram against rules.def
 * and RFC 9293 figure 5, which steps are counted, and how a full ladder is
 * thinned.
 */
#include <CUnit/CUnit.h>

#include "output/ladder.h"
#include "output/picture/diagram_layout.h"
#include "unit.h"

static const struct tf_output_options everything;

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
tell(struct tf_travel *t, enum tf_state from, enum tf_state to, enum tf_basis basis, uint64_t packet)
{
	struct tf_transition m = {.packet = packet,
	                          .conn = 1,
	                          .endpoint = TF_CLIENT,
	                          .from = from,
	                          .to = to,
	                          .basis = basis,
	                          .rule = ""};
	struct tf_event e = {.kind = TF_EV_TRANSITION, .transition = &m};

	CU_ASSERT(tf_travel_event(t, &everything, &e));
}

static void
end_of_connection(struct tf_travel *t)
{
	struct tf_connection_record r = {.conn = 1};
	struct tf_event e = {.kind = TF_EV_CONNECTION, .connection = &r};

	CU_ASSERT(tf_travel_event(t, &everything, &e));
}

static void
what_was_taken_back_is_not_counted(void)
{
	struct tf_travel t = {0};

	tell(&t, TF_CLOSED, TF_SYN_SENT, TF_OBSERVED, 1);
	tell(&t, TF_SYN_SENT, TF_ESTABLISHED, TF_OBSERVED, 2);
	tell(&t, TF_ESTABLISHED, TF_CLOSE_WAIT, TF_PRESUMED, 3);
	tell(&t, TF_CLOSE_WAIT, TF_ESTABLISHED, TF_RETRACTED, 4);
	tell(&t, TF_ESTABLISHED, TF_FIN_WAIT_1, TF_OBSERVED, 5);
	end_of_connection(&t);
	CU_ASSERT_EQUAL(t.connections, 1);
	CU_ASSERT_EQUAL(t.count[tf_edge_of(TF_CLOSED, TF_SYN_SENT, "")][TF_CLIENT], 1);
	CU_ASSERT_EQUAL(t.count[tf_edge_of(TF_SYN_SENT, TF_ESTABLISHED, "")][TF_CLIENT], 1);
	CU_ASSERT_EQUAL(t.count[tf_edge_of(TF_ESTABLISHED, TF_CLOSE_WAIT, "")][TF_CLIENT], 0);
	CU_ASSERT_EQUAL(t.count[tf_edge_of(TF_ESTABLISHED, TF_FIN_WAIT_1, "")][TF_CLIENT], 1);
	tf_travel_fini(&t);
}

static void
only_worse_than_info_is_red(void)
{
	for (int s = TF_INFO; s <= TF_WARNING; s++) {
		struct tf_travel t = {0};
		struct tf_finding f = {.conn = 1,
		                       .packet = 2,
		                       .severity = (enum tf_severity)s,
		                       .packet_count = 1,
		                       .packets = {1}};
		struct tf_event e = {.kind = TF_EV_FINDING, .finding = &f};
		int edge = tf_edge_of(TF_CLOSED, TF_SYN_SENT, "");

		tell(&t, TF_CLOSED, TF_SYN_SENT, TF_OBSERVED, 1);
		CU_ASSERT(tf_travel_event(&t, &everything, &e));
		end_of_connection(&t);
		CU_ASSERT_EQUAL(t.bad[edge][TF_CLIENT], s != TF_INFO);
		tf_travel_fini(&t);
	}
}

static void
keep_segment(struct tf_ladder *l, uint64_t packet, enum tf_endpoint from, uint32_t seq, uint32_t ack,
             uint32_t len)
{
	struct tf_segment s = {.ts_ns = (int64_t)packet, .packet = packet, .flags = TF_ACK, .len = len};
	struct tf_segment_event m = {.segment = &s, .conn = 1, .from = from, .rel_seq = seq, .rel_ack = ack};
	struct tf_event e = {.kind = TF_EV_SEGMENT, .segment = &m};

	CU_ASSERT(tf_ladder_keep(l, &e));
}

/* Data one way and its ACKs: however much there is, the ladder stays short, and all of it is in it. */
static void
a_full_ladder_is_thinned(void)
{
	struct tf_ladder l = {.folding = TF_LADDER_THIN, .most = 64};
	const struct tf_pending *p;
	uint64_t segments = 0, octets = 0, packet = 0, most = 0;

	for (uint32_t i = 0; i < 5000; i++) {
		keep_segment(&l, ++packet, TF_CLIENT, 1 + i * 100, 1, 100);
		keep_segment(&l, ++packet, TF_SERVER, 1, 1 + (i + 1) * 100, 0);
	}
	p = tf_pending_find(&l.pending, 1);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	CU_ASSERT(tf_ladder_count(p) <= 64);
	for (size_t i = 0; i < tf_ladder_count(p); i++) {
		struct tf_rung r = tf_ladder_rung(p, i);

		segments += tf_rung_segments(&r);
		octets += r.len;
		most = tf_rung_segments(&r) > most ? tf_rung_segments(&r) : most;
	}
	CU_ASSERT_EQUAL(segments, 10000);
	CU_ASSERT_EQUAL(octets, 500000);
	/* As fine everywhere as the room allows, but for the powers of two: else the shape would be another. */
	CU_ASSERT(most <= 4 * 10000 / 64);
	CU_ASSERT_EQUAL(p->lost_lines, 0);
	tf_pending_fini(&l.pending);
}

const char tf_suite[] = "picture";

const struct tf_test tf_tests[] = {
    {"each edge of the rules has a way", each_edge_has_a_way},
    {"RFC 9293 figure 5", figure_5_is_there},
    {"a reset has an edge of its own", a_reset_has_an_edge_of_its_own},
    {"what was taken back is not counted", what_was_taken_back_is_not_counted},
    {"an info makes no step red", only_worse_than_info_is_red},
    {"a full one is thinned", a_full_ladder_is_thinned},
    {NULL, NULL},
};
