/*
 * Does a condition hold for a connection?  Three answers: where the record
 * does not know a value, neither yes nor no.
 */
#ifndef TCPFSM_CHECK_EVALUATE_H
#define TCPFSM_CHECK_EVALUATE_H

#include "check/rules.h"

enum tf_truth { TF_DOES_NOT_HOLD, TF_UNDECIDED, TF_HOLDS };

/* SEED is that of the Community ID. */
enum tf_truth tf_evaluate(const struct tf_ruleset *rules, const struct tf_condition *c,
                          const struct tf_connection_record *r, uint16_t seed);

/* "client state is FIN-WAIT-2, close is open": what R has in each field that the condition asks about. */
void tf_put_condition_facts(struct tf_buf *b, const struct tf_ruleset *rules, const struct tf_condition *c,
                            const struct tf_connection_record *r, uint16_t seed);

/* A number against a limit. */
bool tf_compare_holds(enum tf_comparison comparison, int64_t number, int64_t limit);

#endif
