/*
 * Fuzzes the parser of rules files (tcpfsm-rules(5)), and evaluates what it
 * lets through over a connection of which all is known, and one of which
 * nothing is.
 */
#include <stdlib.h>
#include <string.h>

#include "check/evaluate.h"
#include "check/judge.h"
#include "check/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An assert that NDEBUG does not take away. */
static void
hold(bool condition)
{
	if (!condition)
		abort();
}

static const struct tf_anomaly_count found = {.id = TF_A_RST_ABORT, .count = 1};

static struct tf_connection_record
known_record(void)
{
	struct tf_end_record end = {
	    .addr.byte = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 1},
	    .port = 80,
	    .state = TF_TIME_WAIT,
	    .possible = TF_STATES(TF_TIME_WAIT) | TF_STATES(TF_CLOSED),
	    .history_count = 5,
	    .history = {TF_CLOSED, TF_SYN_SENT, TF_ESTABLISHED, TF_TIME_WAIT, TF_CLOSED},
	    .isn_known = true,
	    .packets = 5,
	    .bytes = 100,
	    .mss = 1460,
	};
	return (struct tf_connection_record){
	    .conn = 1,
	    .first_ts_ns = 1,
	    .last_ts_ns = 1000000000,
	    .end = {end, end},
	    .close = TF_CLOSE_FIN,
	    .handshake_rtt_ns = 1000,
	    .letters = "ShADadFaf",
	    .anomaly_count = 1,
	    .anomalies = &found,
	};
}

static struct tf_connection_record
unknown_record(void)
{
	struct tf_end_record end = {
	    .mss = -1, .wscale = -1, .sack = -1, .timestamps = -1, .history_truncated = true};
	return (struct tf_connection_record){.conn = 2, .end = {end, end}, .handshake_rtt_ns = -1};
}

/* The judge on both, and on a finding that precedes the record of the first. */
static void
judge(const struct tf_ruleset *r)
{
	struct tf_connection_record known = known_record(), unknown = unknown_record();
	struct tf_finding f = {.conn = 1, .id = TF_A_RST_ABORT, .severity = TF_NOTICE, .endpoint = TF_CLIENT};
	struct tf_event finding = {.kind = TF_EV_FINDING, .finding = &f};
	struct tf_event record[] = {{.kind = TF_EV_CONNECTION, .connection = &known},
	                            {.kind = TF_EV_CONNECTION, .connection = &unknown}};
	struct tf_judge *j = tf_judge_new(r, 0);
	hold(j != NULL);
	tf_judge_event(j, &finding);
	tf_judge_event(j, &record[0]);
	tf_judge_event(j, &record[1]);
	tf_judge_finish(j, NULL);
	const struct tf_verdict *v = tf_judge_verdict(j);
	hold(v->count == r->rule_count + 1);
	for (size_t i = 0; i < v->count; i++) {
		hold(v->checks[i].name && v->checks[i].message);
		hold(v->checks[i].outcome == TF_FAILED || v->checks[i].offence_count == 0);
		hold(v->checks[i].outcome != TF_BROKEN);
	}
	tf_judge_free(j);
}

static void
check_error(const struct tf_rules_error *e, const char *text, size_t size)
{
	hold(e->line > 0 && e->column > 0 && e->message[0]);
	hold(e->source >= text && e->source + e->source_length <= text + size);
	hold(e->source_offset + e->fault_length <= e->source_length + 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tf_ruleset r = {0};
	struct tf_rules_error error;
	if (tf_ruleset_parse(&r, "fuzz", (const char *)data, size, &error))
		judge(&r);
	else
		check_error(&error, (const char *)data, size);
	tf_ruleset_fini(&r);
	return 0;
}
