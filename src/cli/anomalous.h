/*
 * --write-anomalous=FILE: the packets of connections with a finding, as
 * pcapng.  That a connection has one is known only after its packets have
 * passed, so the files are read again when the run is over: once to learn
 * which packets are meant, once to copy them.  What cannot be read again
 * has no such file, and that is said before anything is analysed.
 */
#ifndef TCPFSM_CLI_ANOMALOUS_H
#define TCPFSM_CLI_ANOMALOUS_H

#include "cli/options.h"
#include "output/output.h"

struct tf_anomalous;

/* Is no such file wanted, or can the input be read again?  False after a complaint. */
bool tf_anomalous_possible(const struct tf_options *options);

/* Open the file.  *ANOMALOUS is NULL where none is wanted.  False after a complaint. */
bool tf_anomalous_open(struct tf_anomalous **anomalous, const struct tf_options *options);

/* A finding was made.  A may be NULL, here and below. */
void tf_anomalous_finding(struct tf_anomalous *a, const struct tf_finding *f);

/* What was said at the end: when that was, and whether there were fragments. */
void tf_anomalous_summary(struct tf_anomalous *a, const struct tf_summary *s);

/* The run is over: read again, write, and free A.  False after a complaint. */
bool tf_anomalous_close(struct tf_anomalous *a);

#endif
