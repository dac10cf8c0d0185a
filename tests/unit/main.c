/*
 * The runner of the unit tests: registers the file's tests with CUnit and
 * reports them in the Test Anything Protocol, so that `make check` counts
 * each test and not each program.
 *
 * It knows nothing of tcpfsm.  Arguments, if there are any, choose the
 * tests whose names contain one of them.
 */
#include "unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char *skipped;
static unsigned test_number;
static unsigned failed_tests;

void
tf_skip(const char *why)
{
	skipped = why;
}

static void
on_start(const CU_pTest test, const CU_pSuite suite)
{
	(void)test;
	(void)suite;
	skipped = NULL;
}

static void
on_complete(const CU_pTest test, const CU_pSuite suite, const CU_pFailureRecord failures)
{
	test_number++;
	failed_tests += failures != NULL;
	printf("%s %u - %s: %s", failures ? "not ok" : "ok", test_number, suite->pName, test->pName);
	if (skipped && !failures)
		printf(" # SKIP %s", skipped);
	putchar('\n');
	for (CU_pFailureRecord f = failures; f; f = f->pNext)
		printf("# %s:%u: %s\n", f->strFileName, f->uiLineNumber, f->strCondition);
	fflush(stdout);
}

static bool
is_chosen(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strstr(name, argv[i]))
			return true;
	return argc < 2;
}

/* The number of tests registered, or -1. */
static int
register_tests(int argc, char **argv)
{
	CU_pSuite suite = CU_add_suite(tf_suite, NULL, NULL);
	int count = 0;
	for (const struct tf_test *t = tf_tests; t->name; t++) {
		if (!is_chosen(t->name, argc, argv))
			continue;
		if (!CU_add_test(suite, t->name, t->run))
			return -1;
		count++;
	}
	return count;
}

int
main(int argc, char **argv)
{
	if (CU_initialize_registry() != CUE_SUCCESS)
		return 99;
	int count = register_tests(argc, argv);
	if (count < 0) {
		printf("Bail out! %s\n", CU_get_error_msg());
		return 99;
	}
	printf("1..%d\n", count);
	fflush(stdout);
	CU_set_test_start_handler(on_start);
	CU_set_test_complete_handler(on_complete);
	CU_run_all_tests();
	CU_cleanup_registry();
	return failed_tests ? 1 : 0;
}
