/*
 * The language of rules: what parses, into what, and for each fault the
 * line, the column and the words.  What rules say of captures is held by
 * tests/cli/rules.py.
 */
#include <stdio.h>
#include <string.h>

#include "check/judge.h"
#include "check/parse.h"
#include "unit.h"

const char tf_suite[] = "rules";

/* Allocations that still succeed; -1: all.  The linker puts these in the place of the C library's (--wrap). */
static long allocations_left = -1;

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *old, size_t n);
void *__real_reallocarray(void *old, size_t count, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *old, size_t n);
void *__wrap_reallocarray(void *old, size_t count, size_t n);

static bool
allocation_fails(void)
{
	if (allocations_left > 0)
		allocations_left--;
	return allocations_left == 0;
}

void *
__wrap_malloc(size_t n)
{
	return allocation_fails() ? NULL : __real_malloc(n);
}

void *
__wrap_calloc(size_t count, size_t n)
{
	return allocation_fails() ? NULL : __real_calloc(count, n);
}

void *
__wrap_realloc(void *old, size_t n)
{
	return allocation_fails() ? NULL : __real_realloc(old, n);
}

void *
__wrap_reallocarray(void *old, size_t count, size_t n)
{
	return allocation_fails() ? NULL : __real_reallocarray(old, count, n);
}

static struct tf_rules_error error;

static bool
parse(struct tf_ruleset *r, const char *text)
{
	*r = (struct tf_ruleset){0};
	return tf_ruleset_parse(r, "x.rules", text, strlen(text), &error);
}

static bool
parses(const char *text)
{
	struct tf_ruleset r;
	bool good = parse(&r, text);
	if (!good)
		printf("# %u:%u: %s\n", error.line, error.column, error.message);
	tf_ruleset_fini(&r);
	return good;
}

/* ---- what parses --------------------------------------------------------------------------- */

static void
blank_lines_comments_and_line_ends_of_any_kind_are_no_rules(void)
{
	struct tf_ruleset r;
	CU_ASSERT(parse(&r, "\xef\xbb\xbf# a mark at the start\r\n\r\n   \t # indented\n#\nexpect "
	                    "connections > 1 # why\r\n"));
	CU_ASSERT_EQUAL(r.rule_count, 1);
	CU_ASSERT_STRING_EQUAL(r.rule[0].text, "expect connections > 1");
	CU_ASSERT_EQUAL(r.rule[0].line, 5);
	CU_ASSERT_EQUAL(r.rule[0].column, 1);
	CU_ASSERT_STRING_EQUAL(r.file, "x.rules");
	tf_ruleset_fini(&r);
	CU_ASSERT(parses(""));
	CU_ASSERT(parses("#"));
	CU_ASSERT(parses("expect connections > 1"));
}

static void
indented_rules_belong_to_the_block_above(void)
{
	struct tf_ruleset r;
	CU_ASSERT(parse(&r, "expect connections > 1\n"
	                    "for server   port 80\n"
	                    "  expect every close = fin\n"
	                    "# at the margin, in the block\n"
	                    "\n"
	                    "\tforbid  optional warning\n"
	                    "for optional conn with close = rst\n"
	                    "  allow rst-abort\n"
	                    "forbid info\n"));
	CU_ASSERT_EQUAL(r.scope_count, 2);
	CU_ASSERT_STRING_EQUAL(r.scope[0].text, "for server port 80");
	CU_ASSERT(!r.scope[0].optional && r.scope[1].optional);
	CU_ASSERT_EQUAL(r.rule_count, 4);
	CU_ASSERT(r.rule[0].scope == 0 && r.rule[1].scope == 1 && r.rule[2].scope == 1 &&
	          r.rule[3].scope == 0);
	CU_ASSERT(!r.rule[1].optional && r.rule[2].optional);
	CU_ASSERT_EQUAL(r.rule[2].column, 2);
	CU_ASSERT_EQUAL(r.allowance_count, 1);
	CU_ASSERT(r.allowance[0].scope == 2 && r.allowance[0].count == UINT64_MAX);
	tf_ruleset_fini(&r);
}

/* The number that the one condition of LINE compares with. */
static int64_t
literal(const char *line)
{
	struct tf_ruleset r;
	int64_t value = -1;
	CU_ASSERT(parse(&r, line));
	if (r.value_count == 1)
		value = r.value[0].low;
	else
		CU_FAIL("not one value");
	tf_ruleset_fini(&r);
	return value;
}

static void
numbers_have_the_units_of_their_field(void)
{
	CU_ASSERT_EQUAL(literal("expect duration < 50ms"), 50000000);
	CU_ASSERT_EQUAL(literal("expect duration < 50 ms"), 50000000);
	CU_ASSERT_EQUAL(literal("expect duration < 1.5s"), 1500000000);
	CU_ASSERT_EQUAL(literal("expect duration < 0.000000001s"), 1);
	CU_ASSERT_EQUAL(literal("expect duration < 1.50000000000s"), 1500000000);
	CU_ASSERT_EQUAL(literal("expect duration < 0.000000001h"), 3600);
	CU_ASSERT_EQUAL(literal("expect duration < 2min"), INT64_C(120000000000));
	CU_ASSERT_EQUAL(literal("expect duration < 2562047h"), INT64_C(9223369200000000000));
	CU_ASSERT_EQUAL(literal("expect duration < 7\xc2\xb5s"), 7000);
	CU_ASSERT_EQUAL(literal("expect duration < 7us"), 7000);
	CU_ASSERT_EQUAL(literal("expect duration < 12ns"), 12);
	CU_ASSERT_EQUAL(literal("expect duration > 0"), 0);
	CU_ASSERT_EQUAL(literal("expect bytes < 1000"), 1000);
	CU_ASSERT_EQUAL(literal("expect bytes < 64KiB"), 65536);
	CU_ASSERT_EQUAL(literal("expect bytes < 1.5 MB"), 1500000);
	CU_ASSERT_EQUAL(literal("expect bytes < 3GiB"), INT64_C(3221225472));
	CU_ASSERT_EQUAL(literal("expect packets < 9223372036854775807"), INT64_MAX);
	/* date -d 2026-11-22T09:50:08Z +%s */
	CU_ASSERT_EQUAL(literal("expect first_ts < 2026-11-22T09:50:08Z"), INT64_C(1795341008000000000));
	CU_ASSERT_EQUAL(literal("expect client state = estab"), TF_ESTABLISHED);
	CU_ASSERT_EQUAL(literal("expect client state = fin_wait_2"), TF_FIN_WAIT_2);
}

static void
addresses_have_prefixes(void)
{
	struct tf_ruleset r;
	CU_ASSERT(parse(
	    &r,
	    "expect addr in (10.0.0.1, 10.0.0.0/8, 2001:db8::/32, ::1)\nexpect service [2001:db8::1]:443\n"));
	CU_ASSERT_EQUAL(r.value_count, 5);
	CU_ASSERT(r.value[0].prefix == 128 && r.value[1].prefix == 104);
	CU_ASSERT(r.value[2].prefix == 32 && r.value[3].prefix == 128);
	CU_ASSERT(r.value[0].addr.byte[10] == 0xff && r.value[0].addr.byte[12] == 10);
	CU_ASSERT(r.value[4].low == 443 && r.value[4].addr.byte[0] == 0x20);
	tf_ruleset_fini(&r);
}

static void
and_binds_before_or_and_parentheses_before_both(void)
{
	static const enum tf_term_kind plain[] = {TF_TERM_COMPARE, TF_TERM_COMPARE, TF_TERM_COMPARE,
	                                          TF_TERM_AND, TF_TERM_OR};
	static const enum tf_term_kind grouped[] = {TF_TERM_COMPARE, TF_TERM_COMPARE, TF_TERM_OR,
	                                            TF_TERM_NOT,     TF_TERM_COMPARE, TF_TERM_AND};
	struct tf_ruleset r;
	CU_ASSERT(parse(&r, "expect evicted = no or packets > 1 and bytes > 2"));
	CU_ASSERT_EQUAL(r.term_count, 5);
	for (size_t i = 0; i < r.term_count; i++)
		CU_ASSERT_EQUAL(r.term[i].kind, plain[i]);
	tf_ruleset_fini(&r);
	CU_ASSERT(parse(&r, "expect not (evicted = no or packets > 1) and bytes > 2"));
	CU_ASSERT_EQUAL(r.term_count, 6);
	for (size_t i = 0; i < r.term_count; i++)
		CU_ASSERT_EQUAL(r.term[i].kind, grouped[i]);
	tf_ruleset_fini(&r);
}

static void
every_word_of_the_language_is_understood(void)
{
	CU_ASSERT(parses("forbid warning, rst-abort ,closing"));
	CU_ASSERT(parses("allow handshake-retransmission 2"));
	CU_ASSERT(parses("expect all close is fin"));
	CU_ASSERT(parses("expect any connection with close is not fin"));
	CU_ASSERT(parses("expect some conn = 4"));
	CU_ASSERT(parses("expect at least 3 connections with close == fin"));
	CU_ASSERT(parses("expect at most 0 close != fin"));
	CU_ASSERT(parses("expect exactly 1 close in(fin,rst)"));
	CU_ASSERT(parses("expect optional no close not in (fin, open, refused, unanswered, timeout)"));
	CU_ASSERT(parses("expect connections is 4"));
	CU_ASSERT(parses("expect count(warning, isn) <= 4"));
	CU_ASSERT(parses("expect sum(client retransmitted)<4"));
	CU_ASSERT(parses("expect path client = SYN-SENT ... TIME-WAIT and close = fin"));
	CU_ASSERT(parses("expect both history != ... CLOSING ..."));
	CU_ASSERT(parses("expect anomalies has (half-close, idle) or anomalies = none"));
	CU_ASSERT(parses("expect client possible has LISTEN"));
	CU_ASSERT(parses("expect handshake_rtt in (unknown, 5ms)"));
	CU_ASSERT(parses("expect community_id = \"1:LQU9qZlK+B5F3KDmev6m5PMibrg=\""));
	CU_ASSERT(parses("expect zeek_state = SF and either sent_rst = false"));
	CU_ASSERT(
	    parses("for every connection with client addr 10.0.0.0/8 and port 1-2\n expect close = fin"));
	CU_ASSERT(parses("for conn = 3\n expect roles = guessed"));
}

/* ---- faults -------------------------------------------------------------------------------- */

struct fault {
	const char *text;
	unsigned line, column;
	const char *message;
};

static const struct fault faults[] = {
    {"expct close = fin", 1, 1, "expected forbid, allow, expect or for, not 'expct'; did you mean expect?"},
    {"\n\n(", 3, 1, "expected forbid, allow, expect or for, not '('"},
    {"  expect close = fin", 1, 3, "this line is indented, but no for stands above it"},
    {"for port 1\n  expect close = fin\n  for port 2\n", 3, 3,
     "a for stands at the start of its line: blocks do not nest"},
    {"for port 1\nexpect close = fin", 2, 1, "the block of line 1 is empty: expected an indented rule"},
    {"for port 1\n", 2, 1, "the block of line 1 is empty: expected an indented rule"},
    {"for\n", 1, 4, "expected a field (close, handshake_rtt, client state, ...), not the end of the line"},
    {"forbid", 1, 7,
     "expected a finding's id, a family or a severity (tcpfsm --list-anomalies), not the end of the line"},
    {"forbid warnings", 1, 8,
     "expected a finding's id, a family or a severity (tcpfsm --list-anomalies), not 'warnings'; did you "
     "mean warning?"},
    {"forbid warning error", 1, 16, "expected ',' or the end of the line, not 'error'"},
    {"allow rst-abrot", 1, 7,
     "expected the id of a finding (tcpfsm --list-anomalies), not 'rst-abrot'; did you mean rst-abort?"},
    {"allow rst-abort two", 1, 17, "expected how many, or the end of the line, not 'two'"},
    {"allow warning", 1, 7, "expected the id of a finding (tcpfsm --list-anomalies), not 'warning'"},
    {"expect clos = fin", 1, 8,
     "expected a field (close, handshake_rtt, client state, ...), not 'clos'; did you mean close?"},
    {"expect every client handshake_rtt < 1s", 1, 21,
     "handshake_rtt is of the connection, not of an end: leave the word before it out"},
    {"expect every client sate = CLOSED", 1, 21,
     "expected a field of an end (state, bytes, port, ...), not 'sate'; did you mean state?"},
    {"expect every state = CLOSED", 1, 14, "whose state? expected client, server, both or either before it"},
    {"expect every path = CLOSED", 1, 19, "expected client, server, both or either, not '='"},
    {"expect every client state = CLSOED", 1, 29,
     "expected a state (ESTABLISHED, CLOSE-WAIT, ...), not 'CLSOED'; did you mean CLOSED?"},
    {"expect every client state < CLOSED", 1, 27, "state has no order: expected =, != or in"},
    {"expect every client state CLOSED", 1, 27, "expected =, != or in, not 'CLOSED'"},
    {"expect every duration 5s", 1, 23, "expected =, !=, <, <=, >, >= or in, not '5s'"},
    {"expect every duration < 5", 1, 25, "expected a duration with its unit (50ms, 1.5s, 2min), not '5'"},
    {"expect every duration < 5 and close = fin", 1, 25,
     "expected a duration with its unit (50ms, 1.5s, 2min), not '5'"},
    {"expect every duration < 5sec", 1, 25,
     "expected a duration with its unit (50ms, 1.5s, 2min), not '5sec'"},
    {"expect every duration < -5s", 1, 25, "expected a duration with its unit (50ms, 1.5s, 2min), not '-5s'"},
    {"expect every duration < 2562048h", 1, 25, "'2562048h' is out of range"},
    {"expect every duration = 0.5ns", 1, 25,
     "'0.5ns' is no whole number of nanoseconds: nothing can be equal to it"},
    {"expect every duration in (1s, 1.0000015 ms)", 1, 31,
     "'1.0000015' is no whole number of nanoseconds: nothing can be equal to it"},
    {"expect every bytes != 1.0015kB", 1, 23,
     "'1.0015kB' is no whole number of bytes: nothing can be equal to it"},
    {"expect sum(bytes) = 1.1KiB", 1, 21, "'1.1KiB' is no whole number of bytes: nothing can be equal to it"},
    {"expect every duration < 1.0000000001 s", 1, 25, "'1.0000000001' has more than nine decimals"},
    {"expect every duration < unknown", 1, 25,
     "expected a duration with its unit (50ms, 1.5s, 2min), not 'unknown'"},
    {"expect every bytes > 1.5", 1, 22, "expected a number of bytes (1000, 64KiB, 1.5MB), not '1.5'"},
    {"expect every packets > 1.5", 1, 24, "expected a whole number, not '1.5'"},
    {"expect every packets > 9223372036854775808", 1, 24,
     "expected a whole number, not '9223372036854775808'"},
    {"expect every port 65536", 1, 19,
     "expected a port from 0 to 65535, or two with a '-' between them, not '65536'"},
    {"expect every port 9-5", 1, 19,
     "expected a port from 0 to 65535, or two with a '-' between them, not '9-5'"},
    {"expect every port http", 1, 19,
     "expected a port from 0 to 65535, or two with a '-' between them, not 'http'"},
    {"expect every addr 10.0.0.0/33", 1, 19,
     "expected an address (10.0.0.1, 10.0.0.0/8, 2001:db8::/32), not '10.0.0.0/33'"},
    {"expect every service 10.0.0.1", 1, 22,
     "expected the server's address and port (10.0.0.2:80, [2001:db8::1]:80), not '10.0.0.1'"},
    {"expect every service [::1]", 1, 22,
     "expected the server's address and port (10.0.0.2:80, [2001:db8::1]:80), not '[::1]'"},
    {"expect every first_ts > +5", 1, 25,
     "expected a time (2026-11-22T09:50:08Z, or seconds since the epoch), not '+5'"},
    {"expect every evicted = maybe", 1, 24, "expected yes or no, not 'maybe'"},
    {"expect every close in fin", 1, 23, "expected '(' and a list, not 'fin'"},
    {"expect every close in (fin rst)", 1, 28, "expected ',' or ')', not 'rst'"},
    {"expect every close in ()", 1, 24, "expected open, fin, rst, refused, unanswered or timeout, not ')'"},
    {"expect every close not fin", 1, 24, "expected in, not 'fin'"},
    {"expect every close = fin rst", 1, 26, "expected and, or or the end of the line, not 'rst'"},
    {"expect every (close = fin", 1, 26, "expected and, or or ')', not the end of the line"},
    {"expect every close = fin)", 1, 25, "expected and, or or the end of the line, not ')'"},
    {"expect every anomalies = rst-abort", 1, 26,
     "expected none (or write: has, and a name), not 'rst-abort'"},
    {"expect every anomalies has warning", 1, 28,
     "expected the id of a finding (tcpfsm --list-anomalies), not 'warning'"},
    {"expect every client path SYN-SENT", 1, 26, "expected = and the states of the path, not 'SYN-SENT'"},
    {"expect every client path = SYN-SENT -> CLOSED", 1, 37,
     "expected a state (ESTABLISHED, CLOSE-WAIT, ...), not '-'"},
    {"expect every optional close = fin", 1, 14,
     "expected a field (close, handshake_rtt, client state, ...); optional stands right after for, expect or "
     "forbid"},
    {"expect at 3 close = fin", 1, 11, "expected least or most, not '3'"},
    {"expect at least close = fin", 1, 17, "expected a number of connections, not 'close'"},
    {"expect every count(warning) = 0", 1, 14,
     "count(...) is over all connections: leave out the words before it"},
    {"expect count warning = 0", 1, 14, "expected '(' and what to count, not 'warning'"},
    {"expect count(warning = 0", 1, 22, "expected ',' or ')', not '='"},
    {"expect count(warning)", 1, 22, "expected =, !=, <, <=, > or >=, not the end of the line"},
    {"expect count(warning) = 0 and close = fin", 1, 27, "expected the end of the line, not 'and'"},
    {"expect sum(duration) > 1s", 1, 12,
     "expected a counter (packets, bytes, retransmitted, ...), not 'duration'"},
    {"expect connections > many", 1, 22, "expected a whole number, not 'many'"},
    {"expect community_id = \"1:abc", 1, 23,
     "expected a text, in double quotes if it has signs in it, not '\"'"},
    {"expect close ! fin", 1, 14, "expected =, != or in, not '!'"},
    {"expect \xc3\xa4\xc3\xb6 and x", 1, 8,
     "expected a field (close, handshake_rtt, client state, ...), not '\xc3\xa4\xc3\xb6'"},
    {"# \xc3\xa4\nexpect community_id = \"\xc3\xa4\xc3\xb6\" x", 2, 28,
     "expected and, or or the end of the line, not 'x'"},
    {"expect close = fin\nexpect \x01", 2, 8, "a control character: this is no text"},
};

static void
each_fault_is_said_with_its_line_and_column(void)
{
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		const struct fault *f = &faults[i];
		struct tf_ruleset r;
		bool good = parse(&r, f->text);
		bool told = !good && error.line == f->line && error.column == f->column &&
		            strcmp(error.message, f->message) == 0;
		CU_ASSERT(told);
		if (!told)
			printf("# '%s': %d, %u:%u: %s\n", f->text, good, error.line, error.column,
			       error.message);
		tf_ruleset_fini(&r);
	}
}

static void
a_fault_knows_where_it_lies_in_its_line(void)
{
	static const char text[] = "expect connections > 1\n\texpect\n";
	struct tf_ruleset r;
	CU_ASSERT(!parse(&r, text));
	CU_ASSERT_PTR_EQUAL(error.source, text + 23);
	CU_ASSERT_EQUAL(error.source_length, 7);
	CU_ASSERT_EQUAL(error.source_offset, 1);
	CU_ASSERT_EQUAL(error.fault_length, 6);
	tf_ruleset_fini(&r);
}

static void
a_null_octet_is_no_text(void)
{
	struct tf_ruleset r = {0};
	CU_ASSERT(!tf_ruleset_parse(&r, "x", "# a\0b\n", 6, &error));
	CU_ASSERT(error.line == 1 && error.column == 4);
	tf_ruleset_fini(&r);
}

/* ---- bounds -------------------------------------------------------------------------------- */

static char big[TF_MAX_RULES * 20];

/* UNIT, COUNT times, and then END. */
static const char *
repeat(const char *unit, size_t count, const char *end)
{
	size_t n = strlen(unit);
	for (size_t i = 0; i < count; i++)
		memcpy(big + i * n, unit, n);
	strcpy(big + count * n, end);
	return big;
}

static void
bounds_are_said_and_not_passed(void)
{
	struct tf_ruleset r;
	CU_ASSERT(parse(&r, repeat("for port 1\n forbid info\n", TF_MAX_SCOPES, "")));
	tf_ruleset_fini(&r);
	CU_ASSERT(!parse(&r, repeat("for port 1\n forbid info\n", TF_MAX_SCOPES + 1, "")));
	CU_ASSERT_STRING_EQUAL(error.message, "more than 64 for blocks");
	tf_ruleset_fini(&r);
	CU_ASSERT(parse(&r, repeat("forbid info\n", TF_MAX_RULES, "")));
	tf_ruleset_fini(&r);
	CU_ASSERT(!parse(&r, repeat("forbid info\n", TF_MAX_RULES + 1, "")));
	CU_ASSERT_EQUAL(error.line, TF_MAX_RULES + 1);
	tf_ruleset_fini(&r);
	CU_ASSERT(!parse(&r, repeat(" ", TF_MAX_RULES_LINE + 1, "")));
	tf_ruleset_fini(&r);
	memcpy(big, "expect ", 7);
	memset(big + 7, '(', 100);
	strcpy(big + 107, "close = fin");
	CU_ASSERT(!parse(&r, big));
	CU_ASSERT_STRING_EQUAL(error.message, "more than 20 levels of parentheses and nots");
	tf_ruleset_fini(&r);
}

/* ---- without memory ------------------------------------------------------------------------ */

static const char wide[] = "forbid warning\nallow idle 1\nfor port 1-9\n  forbid rst-abort\n  expect every "
                           "close = fin and client path = "
                           "SYN-SENT ... CLOSED\nexpect count(info) = 0\n";

/* The verdict on a connection with a finding; all its allocations but those of the first ones fail. */
static void
judge_with(const struct tf_ruleset *r, long allocations)
{
	struct tf_finding f = {
	    .conn = 1, .id = TF_A_RST_ABORT, .severity = TF_WARNING, .endpoint = TF_CLIENT};
	struct tf_connection_record record = {
	    .conn = 1, .end = {{.port = 1}, {.port = 2}}, .close = TF_CLOSE_RST};
	struct tf_event events[] = {{.kind = TF_EV_FINDING, .finding = &f},
	                            {.kind = TF_EV_CONNECTION, .connection = &record}};
	allocations_left = allocations;
	struct tf_judge *j = tf_judge_new(r, 0);
	if (j) {
		tf_judge_event(j, &events[0]);
		tf_judge_event(j, &events[1]);
		tf_judge_finish(j, NULL);
		/* Whatever found no memory, nothing is green by it. */
		CU_ASSERT(tf_judge_verdict(j)->failed > 0);
	}
	tf_judge_free(j);
	allocations_left = -1;
}

static void
every_allocation_may_fail(void)
{
	struct tf_ruleset r;
	long most = 0;
	do {
		allocations_left = ++most;
		bool good = parse(&r, wide);
		bool all = allocations_left > 0;
		allocations_left = -1;
		CU_ASSERT_EQUAL(good, all);
		if (all)
			break;
		tf_ruleset_fini(&r);
	} while (most < 1000);
	CU_ASSERT(most > 5 && most < 1000);
	for (long i = 1; i < 60; i++)
		judge_with(&r, i);
	tf_ruleset_fini(&r);
}

static void
options_make_rules_too(void)
{
	struct tf_ruleset r = {0};
	char word[64];
	CU_ASSERT(tf_ruleset_forbid(&r, "warning,rst-abort", word, sizeof word));
	CU_ASSERT(!tf_ruleset_forbid(&r, "isn,none-such", word, sizeof word));
	CU_ASSERT_STRING_EQUAL(word, "none-such");
	CU_ASSERT_EQUAL(r.rule_count, 3);
	CU_ASSERT_STRING_EQUAL(r.rule[1].text, "--fail-on=rst-abort");
	CU_ASSERT(tf_what_is(&r.rule[0].what, TF_A_IDLE, TF_ERROR) &&
	          !tf_what_is(&r.rule[0].what, TF_A_IDLE, TF_NOTICE));
	CU_ASSERT(tf_ruleset_allow(&r, "idle:3") && r.allowance[0].count == 3);
	CU_ASSERT(!tf_ruleset_allow(&r, "idle:") && !tf_ruleset_allow(&r, "warning"));
	tf_ruleset_fini(&r);
}

const struct tf_test tf_tests[] = {
    {"blank lines, comments and line ends of any kind are no rules",
     blank_lines_comments_and_line_ends_of_any_kind_are_no_rules},
    {"indented rules belong to the block above", indented_rules_belong_to_the_block_above},
    {"numbers have the units of their field", numbers_have_the_units_of_their_field},
    {"addresses have prefixes", addresses_have_prefixes},
    {"and binds before or, and parentheses before both", and_binds_before_or_and_parentheses_before_both},
    {"every word of the language is understood", every_word_of_the_language_is_understood},
    {"each fault is said with its line and column", each_fault_is_said_with_its_line_and_column},
    {"a fault knows where it lies in its line", a_fault_knows_where_it_lies_in_its_line},
    {"a NUL is no text", a_null_octet_is_no_text},
    {"bounds are said and not passed", bounds_are_said_and_not_passed},
    {"options make rules too", options_make_rules_too},
    {"every allocation may fail", every_allocation_may_fail},
    {NULL, NULL},
};
