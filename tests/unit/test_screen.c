/*
 * The model of the live screen: rows, order, filter, choice, feed, and the
 * short texts of its cells.  No terminal takes part.
 */
#include <string.h>

#include "screen/cells.h"
#include "screen/view.h"
#include "unit.h"

#define SECOND INT64_C(1000000000)

const char tf_suite[] = "screen";

static struct tf_model model;
static struct tf_view view;

/* A connection that is over: 10.0.0.LAST:PORT to 10.0.0.9:80. */
static void
end_connection(uint64_t conn, unsigned last, uint16_t port, enum tf_state client, enum tf_state server,
               uint64_t bytes)
{
	struct tf_connection_record r = {
	    .conn = conn,
	    .first_ts_ns = 0,
	    .last_ts_ns = (int64_t)conn * SECOND,
	    .close = client == TF_ESTABLISHED ? TF_CLOSE_OPEN : TF_CLOSE_FIN,
	};
	struct tf_event e = {.kind = TF_EV_CONNECTION, .connection = &r};

	for (int i = 0; i < 2; i++)
		r.end[i].addr = (struct tf_addr){{[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 9}};
	r.end[TF_CLIENT].addr.byte[15] = (uint8_t)last;
	r.end[TF_CLIENT].port = port;
	r.end[TF_SERVER].port = 80;
	r.end[TF_CLIENT].state = client;
	r.end[TF_SERVER].state = server;
	r.end[TF_CLIENT].bytes = bytes;
	tf_model_event(&model, &e);
}

static void
end_with_finding(uint64_t conn, enum tf_anomaly id)
{
	struct tf_anomaly_count found = {.id = id, .count = 1};
	struct tf_connection_record r = {
	    .conn = conn, .last_ts_ns = (int64_t)conn * SECOND, .anomaly_count = 1, .anomalies = &found};
	struct tf_event e = {.kind = TF_EV_CONNECTION, .connection = &r};

	tf_model_event(&model, &e);
}

static void
find(uint64_t conn, enum tf_anomaly id, int64_t ts_ns)
{
	struct tf_finding f = {
	    .conn = conn, .id = id, .ts_ns = ts_ns, .severity = TF_WARNING, .endpoint = TF_CLIENT};
	struct tf_event e = {.kind = TF_EV_FINDING, .finding = &f};

	tf_model_event(&model, &e);
}

/* Three connections, the second one with a finding, as at the end of an analysis. */
static void
begin(void)
{
	tf_model_init(&model, INT64_MAX);
	tf_view_init(&view, &model);
	end_connection(1, 3, 40003, TF_TIME_WAIT, TF_CLOSED, 1000);
	end_with_finding(2, TF_A_STUCK_CLOSE_WAIT);
	end_connection(3, 1, 40001, TF_ESTABLISHED, TF_ESTABLISHED, 9000);
	tf_model_refresh(&model, NULL, 10 * SECOND);
}

static void
end(void)
{
	tf_model_fini(&model);
}

/* The numbers of the rows that are shown. */
static bool
shows(const uint64_t *conns, size_t count)
{
	if (model.shown_count != count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (tf_model_shown(&model, i)->conn != conns[i])
			return false;
	return tf_model_shown(&model, count) == NULL;
}

#define SHOWS(...)                                                                                           \
	shows((const uint64_t[]){__VA_ARGS__}, sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

static void
what_was_found_comes_first_then_what_is_fast(void)
{
	begin();
	/* 9000 octets in 3 s, 1000 in 1 s. */
	CU_ASSERT(SHOWS(2, 3, 1));
	CU_ASSERT_EQUAL(tf_model_shown(&model, 1)->rate, 3000);
	end();
}

static void
columns_sort_and_turn_round(void)
{
	begin();
	tf_model_sort(&model, TF_COLUMN_CONN);
	CU_ASSERT(SHOWS(1, 2, 3));
	tf_model_sort(&model, TF_COLUMN_CONN);
	CU_ASSERT(SHOWS(3, 2, 1));
	tf_model_sort(&model, TF_COLUMN_CLIENT);
	CU_ASSERT(SHOWS(2, 3, 1)); /* no address, 10.0.0.1, 10.0.0.3 */
	tf_model_sort(&model, TF_COLUMN_RATE);
	CU_ASSERT(SHOWS(3, 1, 2));
	tf_model_sort(&model, TF_COLUMN_AGE);
	CU_ASSERT(SHOWS(3, 2, 1));
	end();
}

static void
type(const char *text)
{
	tf_view_key(&view, '/');
	for (; *text; text++)
		tf_view_key(&view, *text);
	tf_view_key(&view, TF_KEY_ENTER);
}

static void
the_filter_finds_addresses_states_and_ids(void)
{
	begin();
	type(":40001");
	CU_ASSERT(SHOWS(3));
	tf_view_key(&view, TF_KEY_ESCAPE);
	CU_ASSERT_EQUAL(model.shown_count, 3);
	type("time-wait");
	CU_ASSERT(SHOWS(1));
	tf_view_key(&view, TF_KEY_ESCAPE);
	type("estab");
	CU_ASSERT(SHOWS(3));
	tf_view_key(&view, TF_KEY_ESCAPE);
	type("stuck-close");
	CU_ASSERT(SHOWS(2));
	tf_view_key(&view, TF_KEY_ESCAPE);
	type("10.0.0.9:80");
	CU_ASSERT_EQUAL(model.shown_count, 2);
	end();
}

static void
the_filter_is_typed_with_mistakes(void)
{
	begin();
	tf_view_key(&view, '/');
	CU_ASSERT(view.typing);
	tf_view_key(&view, 'q');
	CU_ASSERT(!view.leaving && !strcmp(model.pattern, "q"));
	tf_view_key(&view, TF_KEY_BACKSPACE);
	tf_view_key(&view, TF_KEY_BACKSPACE);
	CU_ASSERT_STRING_EQUAL(model.pattern, "");
	for (int i = 0; i < 200; i++)
		tf_view_key(&view, 'x');
	CU_ASSERT_EQUAL(strlen(model.pattern), TF_MODEL_PATTERN - 1);
	CU_ASSERT_EQUAL(model.shown_count, 0);
	tf_view_key(&view, TF_KEY_ESCAPE);
	CU_ASSERT(!view.typing && model.shown_count == 3);
	tf_view_key(&view, 'q');
	CU_ASSERT(view.leaving);
	end();
}

static void
findings_and_what_goes_on_can_be_shown_alone(void)
{
	begin();
	tf_view_key(&view, 'f');
	CU_ASSERT(SHOWS(2));
	tf_view_key(&view, 'f');
	/* All have their records, but two were open when the input ended. */
	tf_view_key(&view, 'c');
	CU_ASSERT(SHOWS(2, 3));
	model.keep_over_ns = 100 * SECOND; /* live, a record says that it is over */
	tf_view_key(&view, 'c');
	tf_view_key(&view, 'c');
	CU_ASSERT_EQUAL(model.shown_count, 0);
	tf_view_key(&view, TF_KEY_DOWN); /* nothing to choose: nothing happens */
	tf_view_key(&view, 'c');
	CU_ASSERT_EQUAL(model.shown_count, 3);
	end();
}

static void
the_choice_moves_and_stays_with_its_connection(void)
{
	begin();
	CU_ASSERT_EQUAL(model.chosen, 2);
	tf_view_key(&view, TF_KEY_DOWN);
	CU_ASSERT_EQUAL(model.chosen, 3);
	tf_view_key(&view, TF_KEY_DOWN);
	tf_view_key(&view, TF_KEY_DOWN);
	CU_ASSERT_EQUAL(model.chosen, 1);
	tf_model_sort(&model, TF_COLUMN_CONN);
	CU_ASSERT(model.chosen == 1 && tf_model_place(&model) == 0);
	tf_view_key(&view, TF_KEY_END);
	CU_ASSERT_EQUAL(model.chosen, 3);
	tf_view_key(&view, TF_KEY_HOME);
	CU_ASSERT_EQUAL(model.chosen, 1);
	tf_view_key(&view, 'k');
	CU_ASSERT_EQUAL(model.chosen, 1);
	end();
}

static void
the_choice_stays_on_the_screen(void)
{
	tf_model_init(&model, INT64_MAX);
	tf_view_init(&view, &model);
	for (uint64_t conn = 1; conn <= 100; conn++)
		end_connection(conn, 1, (uint16_t)conn, TF_CLOSED, TF_CLOSED, 0);
	tf_model_refresh(&model, NULL, 200 * SECOND);
	tf_model_sort(&model, TF_COLUMN_CONN);
	tf_view_key(&view, TF_KEY_HOME);
	tf_view_follow(&view, 10);
	CU_ASSERT_EQUAL(view.first, 0);
	tf_view_key(&view, TF_KEY_PAGE_DOWN);
	tf_view_follow(&view, 10);
	CU_ASSERT(model.chosen == 11 && view.first == 1);
	tf_view_key(&view, TF_KEY_END);
	tf_view_follow(&view, 10);
	CU_ASSERT(model.chosen == 100 && view.first == 90);
	tf_view_follow(&view, 200);
	CU_ASSERT_EQUAL(view.first, 0);
	end();
}

static void
what_is_over_goes_after_its_time(void)
{
	/* When the record came counts, not the last segment: TIME-WAIT lies between. */
	tf_model_init(&model, 5 * SECOND);
	tf_model_refresh(&model, NULL, 61 * SECOND);
	end_connection(1, 1, 1, TF_CLOSED, TF_CLOSED, 0);
	tf_model_refresh(&model, NULL, 63 * SECOND);
	end_connection(8, 1, 8, TF_CLOSED, TF_CLOSED, 0);
	tf_model_refresh(&model, NULL, 66 * SECOND);
	CU_ASSERT_EQUAL(model.shown_count, 2);
	tf_model_refresh(&model, NULL, 67 * SECOND);
	CU_ASSERT(SHOWS(8));
	tf_model_refresh(&model, NULL, 69 * SECOND);
	CU_ASSERT_EQUAL(model.shown_count, 0);
	end();
}

static void
memory_for_what_is_over_is_bounded(void)
{
	tf_model_init(&model, INT64_MAX);
	for (uint64_t conn = 1; conn <= TF_MODEL_CLOSED + 100; conn++)
		end_connection(conn, 1, 1, TF_CLOSED, TF_CLOSED, 0);
	tf_model_refresh(&model, NULL, SECOND);
	CU_ASSERT_EQUAL(model.shown_count, TF_MODEL_CLOSED);
	CU_ASSERT_EQUAL(model.over_lost, 100);
	tf_model_sort(&model, TF_COLUMN_CONN);
	CU_ASSERT_EQUAL(tf_model_shown(&model, 0)->conn, 101);
	end();
}

/* 20,011 is prime: the rates are all different, and in no order. */
static void
of_very_many_the_first_are_in_order(void)
{
	static bool seen[20011];
	size_t distinct = 0;

	memset(seen, 0, sizeof seen);
	tf_model_init(&model, INT64_MAX);
	for (uint64_t conn = 1; conn <= 20000; conn++)
		end_connection(conn, 1, 1, TF_CLOSED, TF_CLOSED, conn * 7919 % 20011 * conn);
	tf_model_refresh(&model, NULL, SECOND);
	tf_model_sort(&model, TF_COLUMN_RATE);
	CU_ASSERT_EQUAL(model.shown_count, 20000);
	for (size_t i = 0; i < 20000; i++) {
		uint64_t rate = tf_model_shown(&model, i)->rate;
		distinct += !seen[rate];
		seen[rate] = true;
		if (i > 0 && i < TF_MODEL_SORTED)
			CU_ASSERT(rate < tf_model_shown(&model, i - 1)->rate);
		if (i >= TF_MODEL_SORTED)
			CU_ASSERT(rate < tf_model_shown(&model, TF_MODEL_SORTED - 1)->rate);
	}
	CU_ASSERT_EQUAL(distinct, 20000);
	end();
}

static void
the_feed_has_the_newest_first_and_is_bounded(void)
{
	tf_model_init(&model, INT64_MAX);
	CU_ASSERT_PTR_NULL(tf_model_feed(&model, 0));
	for (uint64_t i = 1; i <= TF_MODEL_FEED + 5; i++)
		find(i, TF_A_IDLE, (int64_t)i);
	CU_ASSERT_EQUAL(tf_model_feed(&model, 0)->conn, TF_MODEL_FEED + 5);
	CU_ASSERT_EQUAL(tf_model_feed(&model, TF_MODEL_FEED - 1)->conn, 6);
	CU_ASSERT_PTR_NULL(tf_model_feed(&model, TF_MODEL_FEED));
	CU_ASSERT(tf_model_feed(&model, 0)->text && strlen(tf_model_feed(&model, 0)->text) > 20);
	end();
}

static void
details_have_ends_findings_and_what_is_kept(void)
{
	struct tf_buf b;

	begin();
	find(3, TF_A_STUCK_CLOSE_WAIT, SECOND);
	find(2, TF_A_STUCK_FIN_WAIT_2, SECOND);
	model.chosen = 3;
	tf_buf_init(&b, -1);
	tf_put_details(&b, &model, 80, false);
	tf_put_char(&b, '\0');
	CU_ASSERT_PTR_NOT_NULL(strstr(b.data, "10.0.0.1:40001 ESTABLISHED -> 10.0.0.9:80 ESTABLISHED"));
	CU_ASSERT_PTR_NOT_NULL(strstr(b.data, "warning: "));
	CU_ASSERT_PTR_NOT_NULL(strstr(b.data, "9 kB out, 0 B back"));
	CU_ASSERT_PTR_NOT_NULL(strstr(b.data, "stuck-close-wait"));
	CU_ASSERT_PTR_NULL(strstr(b.data, "stuck-fin-wait-2"));
	tf_buf_fini(&b);
	end();
}

static const char *
age_cell(int64_t ns)
{
	static char cell[TF_CELL];
	tf_cell_age(cell, ns);
	return cell;
}

static const char *
size_cell(uint64_t n)
{
	static char cell[TF_CELL];
	tf_cell_size(cell, n);
	return cell;
}

static void
times_and_sizes_fit_four_columns(void)
{
	CU_ASSERT_STRING_EQUAL(age_cell(SECOND - 1), "<1s");
	CU_ASSERT_STRING_EQUAL(age_cell(99 * SECOND), "99s");
	CU_ASSERT_STRING_EQUAL(age_cell(100 * SECOND), "1m");
	CU_ASSERT_STRING_EQUAL(age_cell(2 * 3600 * SECOND), "2h");
	CU_ASSERT_STRING_EQUAL(age_cell(50 * 86400 * SECOND), "50d");
	CU_ASSERT_STRING_EQUAL(size_cell(0), "0");
	CU_ASSERT_STRING_EQUAL(size_cell(999), "999");
	CU_ASSERT_STRING_EQUAL(size_cell(1000), "1.0k");
	CU_ASSERT_STRING_EQUAL(size_cell(9999), "9.9k");
	CU_ASSERT_STRING_EQUAL(size_cell(999999), "999k");
	CU_ASSERT_STRING_EQUAL(size_cell(1500000), "1.5M");
	CU_ASSERT_STRING_EQUAL(size_cell(UINT64_MAX), "18E");
}

static void
a_line_of_the_table_is_as_wide_as_the_window(void)
{
	for (size_t width = 80; width <= 400; width++) {
		size_t widths[TF_COLUMN_COUNT], used = 0;
		tf_cell_widths(widths, width);
		for (int i = 0; i < TF_COLUMN_COUNT; i++)
			used += widths[i] ? widths[i] + 1 : 0;
		CU_ASSERT_EQUAL(used - 1, width);
		CU_ASSERT(widths[TF_COLUMN_CLIENT_STATE] >= 10 && widths[TF_COLUMN_SERVER_STATE] >= 10);
	}
}

static void
what_is_too_long_loses_its_front(void)
{
	struct tf_row row = {.port = {65535, 80},
	                     .ids = UINT64_C(1) << TF_A_IDLE | UINT64_C(1) << TF_A_RST_ABORT};
	char cell[TF_CELL];

	row.addr[0] = (struct tf_addr){{[0] = 0x20, [1] = 1, [2] = 0x0d, [3] = 0xb8, [15] = 1}};
	tf_cell(cell, &row, TF_COLUMN_CLIENT, 40, 0);
	CU_ASSERT_STRING_EQUAL(cell, "[2001:db8::1]:65535");
	tf_cell(cell, &row, TF_COLUMN_CLIENT, 10, 0);
	CU_ASSERT_STRING_EQUAL(cell, "~:1]:65535");
	tf_cell(cell, &row, TF_COLUMN_FINDINGS, 5, 0);
	CU_ASSERT_STRING_EQUAL(cell, "2");
	tf_cell(cell, &row, TF_COLUMN_FINDINGS, 60, 0);
	CU_ASSERT(strstr(cell, "idle") && strstr(cell, "rst-abort"));
}

static void
states_are_counted_by_ss_names(void)
{
	uint64_t states[TF_STATE_COUNT] = {[TF_ESTABLISHED] = 12, [TF_TIME_WAIT] = 3, [TF_CLOSED] = 1};
	char cell[TF_CELL];

	tf_cell_states(cell, states, 80);
	CU_ASSERT_STRING_EQUAL(cell, "CLOSED 1  ESTAB 12  TIME-WAIT 3");
	tf_cell_states(cell, states, 20);
	CU_ASSERT_STRING_EQUAL(cell, "CLOSED 1  ESTAB 12");
	memset(states, 0, sizeof states);
	tf_cell_states(cell, states, 80);
	CU_ASSERT_STRING_EQUAL(cell, "none");
}

const struct tf_test tf_tests[] = {
    {"what was found comes first, then what is fast", what_was_found_comes_first_then_what_is_fast},
    {"columns sort, and turn round", columns_sort_and_turn_round},
    {"the filter finds addresses, states and ids", the_filter_finds_addresses_states_and_ids},
    {"the filter is typed, with mistakes", the_filter_is_typed_with_mistakes},
    {"findings, and what goes on, can be shown alone", findings_and_what_goes_on_can_be_shown_alone},
    {"the choice moves, and stays with its connection", the_choice_moves_and_stays_with_its_connection},
    {"the choice stays on the screen", the_choice_stays_on_the_screen},
    {"what is over goes after its time", what_is_over_goes_after_its_time},
    {"memory for what is over is bounded", memory_for_what_is_over_is_bounded},
    {"of very many the first are in order", of_very_many_the_first_are_in_order},
    {"the feed has the newest first and is bounded", the_feed_has_the_newest_first_and_is_bounded},
    {"details have ends, findings and what is kept", details_have_ends_findings_and_what_is_kept},
    {"times and sizes fit four columns", times_and_sizes_fit_four_columns},
    {"a line of the table is as wide as the window", a_line_of_the_table_is_as_wide_as_the_window},
    {"what is too long loses its front", what_is_too_long_loses_its_front},
    {"states are counted by ss's names", states_are_counted_by_ss_names},
    {NULL, NULL},
};
