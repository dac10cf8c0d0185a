/*
 * What a unit test file gives to the runner (tests/unit/main.c) and may
 * ask of it.  Each tests/unit/test_NAME.c is a program of its own: it
 * defines tf_suite and tf_tests and checks with CUnit's CU_ASSERT macros.
 */
#ifndef TCPFSM_TESTS_UNIT_H
#define TCPFSM_TESTS_UNIT_H

#include <CUnit/CUnit.h>

struct tf_test {
	const char *name; /* what must hold: "a SYN,ACK proves SYN-RECEIVED" */
	void (*run)(void);
};

extern const char tf_suite[];
extern const struct tf_test tf_tests[]; /* up to one whose name is NULL */

/* The running test cannot be made here: report it as skipped, because of WHY
 * (a string that outlives the test).  Failures that it met still count. */
void tf_skip(const char *why);

#endif
