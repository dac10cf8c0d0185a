/*
 * --completions=SHELL: the completion script of a shell, made from the
 * table of options and the catalogue, so that it cannot differ from them.
 */
#ifndef TCPFSM_CLI_COMPLETIONS_H
#define TCPFSM_CLI_COMPLETIONS_H

#include <stdbool.h>

/* Is there one for SHELL ("bash", "zsh", "fish")? */
bool tf_completions_known(const char *shell);

/* Print it on standard output. */
void tf_completions_show(const char *shell);

#endif
