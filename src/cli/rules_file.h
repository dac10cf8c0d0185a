/*
 * The file of --rules: read, parsed, and complained about.
 */
#ifndef TCPFSM_CLI_RULES_FILE_H
#define TCPFSM_CLI_RULES_FILE_H

#include "cli/options.h"

/* Add the rules of the file that OPTIONS name, if they name one, to those of OPTIONS.  False after a complaint:
 * one line; on a terminal, below it the line of the file with a mark at the fault. */
bool tf_rules_file_load(struct tf_options *options);

#endif
