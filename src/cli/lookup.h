/*
 * Names of addresses, for -N.  Each address is looked up once; the table is
 * bounded, and an address that finds no room has no name.
 */
#ifndef TCPFSM_CLI_LOOKUP_H
#define TCPFSM_CLI_LOOKUP_H

#include "confine/helper.h"
#include "tcpfsm/segment.h"

struct tf_lookup;

/* Ask RESOLVER, which runs tf_lookup_serve(); NULL: the system's resolver from here.  NULL where there is no
 * memory. */
struct tf_lookup *tf_lookup_new(const struct tf_helper *resolver);

/* Answer a lookup at the other end of FD until it goes. */
void tf_lookup_serve(int fd);
void tf_lookup_free(struct tf_lookup *l);

/* The name of ADDR as the system's resolver knows it, or NULL; valid until tf_lookup_free().
 * Takes as long as the system's resolver does; RESOLVER is waited for a second, and until it has answered there is no
 * name of what it was not asked before.  CONTEXT is a struct tf_lookup. */
const char *tf_lookup_name(void *context, const struct tf_addr *addr);

#endif
