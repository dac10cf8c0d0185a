/*
 * Words of the command line: counts, seconds, times and lists; and
 * products.  The seconds since the epoch were worked out by date(1).
 */
#include <string.h>

#include "check/values.h"
#include "tcpfsm/product.h"
#include "unit.h"

#define SECOND INT64_C(1000000000)

const char tf_suite[] = "values";

static void
counts_are_whole_decimal_numbers(void)
{
	static const char *const refused[] = {
	    "", "-1", "+1", " 1", "1 ", "1x", "0x10", "1.0", "18446744073709551616"};
	uint64_t n = 42;
	CU_ASSERT(tf_parse_count("0", 0, UINT64_MAX, &n) && n == 0);
	CU_ASSERT(tf_parse_count("007", 0, UINT64_MAX, &n) && n == 7);
	CU_ASSERT(tf_parse_count("18446744073709551615", 0, UINT64_MAX, &n) && n == UINT64_MAX);
	n = 42;
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		CU_ASSERT(!tf_parse_count(refused[i], 0, UINT64_MAX, &n));
	CU_ASSERT_EQUAL(n, 42);
}

static void
counts_keep_within_their_bounds(void)
{
	uint64_t n;
	CU_ASSERT(tf_parse_count("5", 5, 9, &n) && n == 5);
	CU_ASSERT(tf_parse_count("9", 5, 9, &n) && n == 9);
	CU_ASSERT(!tf_parse_count("4", 5, 9, &n));
	CU_ASSERT(!tf_parse_count("10", 5, 9, &n));
	CU_ASSERT(!tf_parse_count("9", 0, 8, &n));
	CU_ASSERT(!tf_parse_count("7", 0, 3, &n));
}

static void
seconds_have_up_to_nine_decimals(void)
{
	static const char *const refused[] = {"",   ".5", "1.",  "1.0000000001",
	                                      "-1", "1s", "1e3", "9223372036855"};
	int64_t ns;
	CU_ASSERT(tf_parse_seconds("0", &ns) && ns == 0);
	CU_ASSERT(tf_parse_seconds("1.5", &ns) && ns == SECOND + SECOND / 2);
	CU_ASSERT(tf_parse_seconds("0.000000001", &ns) && ns == 1);
	CU_ASSERT(tf_parse_seconds("9223372035.999999999", &ns) && ns == INT64_C(9223372035999999999));
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		CU_ASSERT(!tf_parse_seconds(refused[i], &ns));
}

static bool
is_time(const char *text, int64_t seconds, int64_t ns)
{
	int64_t value;
	bool relative;
	return tf_parse_time(text, &value, &relative) && !relative && value == seconds * SECOND + ns;
}

static void
times_are_epoch_or_iso_8601(void)
{
	CU_ASSERT(is_time("1700000000", 1700000000, 0));
	CU_ASSERT(is_time("1700000000.25", 1700000000, SECOND / 4));
	CU_ASSERT(is_time("2023-11-14T22:13:20Z", 1700000000, 0));
	CU_ASSERT(is_time("2023-11-14 22:13:20", 1700000000, 0));
	CU_ASSERT(is_time("2023-11-14T22:13:20.000000001Z", 1700000000, 1));
	CU_ASSERT(is_time("2023-11-14T22:13", 1699999980, 0));
	CU_ASSERT(is_time("2024-02-29T12:00:00+05:30", 1709188200, 0));
	CU_ASSERT(is_time("2024-02-29T12:00:00+0530", 1709188200, 0));
	CU_ASSERT(is_time("2023-11-14T14:13:20-08", 1700000000, 0));
	CU_ASSERT(is_time("1970-01-01", 0, 0));
	CU_ASSERT(is_time("2016-12-31T23:59:60Z", 1483228800, 0)); /* a leap second counts as the next one */
}

static void
times_that_no_calendar_has_are_refused(void)
{
	static const char *const refused[] = {"",
	                                      "+",
	                                      "yesterday",
	                                      "2023-02-29",
	                                      "2023-00-10",
	                                      "2023-13-01",
	                                      "2023-11-31",
	                                      "2023-11-14T24:00",
	                                      "2023-11-14T22:60",
	                                      "2023-11-14T22:13:61",
	                                      "2023-11-14T",
	                                      "2023-11-14T22",
	                                      "2023-1-4",
	                                      "2023-11-14T22:13+24",
	                                      "2023-11-14T22:13:20Zulu",
	                                      "1969-12-31",
	                                      "2023-11-14T22:13:20+01:",
	                                      "2023-11-14T22:13:20."};
	int64_t ns;
	bool relative;
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		CU_ASSERT_FALSE(tf_parse_time(refused[i], &ns, &relative));
}

static void
a_plus_makes_a_time_relative(void)
{
	int64_t ns;
	bool relative;
	CU_ASSERT(tf_parse_time("+61.5", &ns, &relative) && relative && ns == 61 * SECOND + SECOND / 2);
	CU_ASSERT(tf_parse_time("+0", &ns, &relative) && relative && ns == 0);
	CU_ASSERT(!tf_parse_time("+2023-11-14", &ns, &relative));
}

static void
lists_are_cut_at_commas(void)
{
	const char *list = "one,,three,much-too-long";
	char word[8];
	CU_ASSERT(tf_next_word(&list, word, sizeof word) && !strcmp(word, "one"));
	CU_ASSERT(tf_next_word(&list, word, sizeof word) && !strcmp(word, ""));
	CU_ASSERT(tf_next_word(&list, word, sizeof word) && !strcmp(word, "three"));
	CU_ASSERT(tf_next_word(&list, word, sizeof word) && !strcmp(word, "much-to"));
	CU_ASSERT(!tf_next_word(&list, word, sizeof word));
}

static void
products_are_whole(void)
{
	static const uint64_t word[] = {
	    0, 1, 2, UINT32_MAX, UINT64_C(1) << 32, UINT64_C(0x9e3779b97f4a7c15), UINT64_MAX - 1, UINT64_MAX};
	const size_t count = sizeof word / sizeof *word;

	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < count; k++) {
			struct tf_product p = tf_product(word[i], word[k]);
			struct tf_product halves = tf_product_by_halves(word[i], word[k]);
			CU_ASSERT(p.low == halves.low && p.high == halves.high);
			CU_ASSERT_EQUAL(p.low, word[i] * word[k]);
		}
	/* (2^64 - 1)^2 = 2^128 - 2^65 + 1 */
	struct tf_product most = tf_product_by_halves(UINT64_MAX, UINT64_MAX);
	CU_ASSERT(most.low == 1 && most.high == UINT64_MAX - 1);
}

const struct tf_test tf_tests[] = {
    {"counts are whole decimal numbers", counts_are_whole_decimal_numbers},
    {"counts keep within their bounds", counts_keep_within_their_bounds},
    {"seconds have up to nine decimals", seconds_have_up_to_nine_decimals},
    {"times are epoch or ISO 8601", times_are_epoch_or_iso_8601},
    {"times that no calendar has are refused", times_that_no_calendar_has_are_refused},
    {"a plus makes a time relative", a_plus_makes_a_time_relative},
    {"lists are cut at commas", lists_are_cut_at_commas},
    {"products are whole", products_are_whole},
    {NULL, NULL},
};
