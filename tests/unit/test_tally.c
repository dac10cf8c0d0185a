/*
 * How often each text occurred, of more texts than there is room for.
 */
#include <stdio.h>
#include <stdlib.h>

#include "check/tally.h"
#include "unit.h"

const char tf_suite[] = "tally";

/* A text for each N, which sort as the numbers do. */
static void
add(struct tf_tally *t, unsigned n)
{
	char text[16];

	snprintf(text, sizeof text, "%08u", n);
	tf_tally_add(t, text);
}

static void
equal_texts_are_counted(void)
{
	struct tf_tally t = {0};

	for (unsigned i = 0; i < 30000; i++)
		add(&t, i * 7 % 100);
	tf_tally_sort(&t);
	CU_ASSERT_EQUAL_FATAL(t.count, 100);
	for (unsigned i = 0; i < 100; i++)
		CU_ASSERT(t.row[i].count == 300 && (unsigned)atoi(t.row[i].text) == i);
	CU_ASSERT(t.surplus == 0 && t.lost == 0);
	tf_tally_fini(&t);
}

/* Twice as many texts as are kept, the last ones first, each of them twice. */
static void
texts_beyond_the_bound_are_counted_as_surplus(void)
{
	const unsigned all = 2 * TF_TALLY_MOST;
	struct tf_tally t = {0};

	for (unsigned i = 0; i < 2 * all; i++)
		add(&t, all - 1 - i % all);
	tf_tally_sort(&t);
	CU_ASSERT_EQUAL_FATAL(t.count, TF_TALLY_MOST);
	CU_ASSERT(t.row[0].count == 2 && t.row[TF_TALLY_MOST - 1].count == 2);
	CU_ASSERT_EQUAL((unsigned)atoi(t.row[TF_TALLY_MOST - 1].text), TF_TALLY_MOST - 1);
	CU_ASSERT(t.surplus == all && t.lost == 0);
	tf_tally_fini(&t);
}

const struct tf_test tf_tests[] = {
    {"equal texts are counted", equal_texts_are_counted},
    {"texts beyond the bound are counted as surplus", texts_beyond_the_bound_are_counted_as_surplus},
    {NULL, NULL},
};
