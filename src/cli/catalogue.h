/*
 * --list-anomalies, --explain and --list-rules: what is shown without a
 * capture.
 */
#ifndef TCPFSM_CLI_CATALOGUE_H
#define TCPFSM_CLI_CATALOGUE_H

#include "cli/options.h"

/* Show on standard output what OPTIONS.command asks for.  0, or an errno. */
int tf_catalogue_show(const struct tf_options *options);

#endif
