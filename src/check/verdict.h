/*
 * The last step of the judge: from its counts to the verdict.
 */
#ifndef TCPFSM_CHECK_VERDICT_H
#define TCPFSM_CHECK_VERDICT_H

#include "check/account.h"

/* Fill in the checks of J; ERROR says where the input broke, or is NULL. */
void tf_verdict_make(struct tf_judge *j, const char *error);

#endif
