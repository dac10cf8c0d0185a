/*
 * Raising a finding: once a (connection, end, id), then it is counted.
 */
#ifndef TCPFSM_DETECT_RAISE_H
#define TCPFSM_DETECT_RAISE_H

#include "core/context.h"

/* A finding about END of C, with the catalogue's severity, as of now. */
struct tf_finding tf_finding(const struct tf_context *ctx, const struct tf_connection *c, enum tf_anomaly id,
                             enum tf_endpoint end);

/* The same about END of connection CONN with this key; CLIENT_SECOND: its client is the second end of it. */
struct tf_finding tf_finding_of(const struct tf_context *ctx, uint64_t conn, const struct tf_key *key,
                                bool client_second, enum tf_anomaly id, enum tf_endpoint end);

/* Evidence: frames, in ascending order; 0 and repetitions are left out. */
void tf_finding_packet(struct tf_finding *f, uint64_t packet);

/* Details, by the names that the head of anomalies.def gives. */
void tf_finding_count(struct tf_finding *f, const char *name, enum tf_detail_kind kind, uint64_t value);
void tf_finding_duration(struct tf_finding *f, const char *name, int64_t ns);
void tf_finding_ratio(struct tf_finding *f, const char *name, double ratio);
void tf_finding_text(struct tf_finding *f, const char *name, const char *text);
void tf_finding_addr(struct tf_finding *f, const char *name, const struct tf_addr *addr);

/* Where something was lost, seen from its sender, and what shows it: details `where` and `why`, the
 * latter a clause for the finding's sentence. */
enum tf_where { TF_WHERE_UNKNOWN, TF_WHERE_BEFORE, TF_WHERE_BEHIND, TF_WHERE_NOWHERE };
void tf_finding_where(struct tf_finding *f, enum tf_where where, const char *why);

/* It is milder than its kind, and why: detail `note`, a sentence behind the finding's own. */
void tf_finding_lower(struct tf_finding *f, enum tf_severity severity, const char *note);

/* C is older than the capture, and its record will say so: it counts as told. */
void tf_note_midstream(struct tf_context *ctx, struct tf_connection *c);

/* Raise it, or count it where it was raised before.  False where it is no news. */
bool tf_raise(struct tf_context *ctx, struct tf_connection *c, const struct tf_finding *f);

/* Raise a finding about a host, a service or the capture: conn is 0, subject says which. */
void tf_raise_subject(struct tf_context *ctx, const struct tf_finding *f);

/* Was it raised? */
bool tf_raised(const struct tf_context *ctx, const struct tf_connection *c, enum tf_anomaly id,
               enum tf_endpoint end);

/* The number of C's first frame. */
static inline uint64_t
tf_first_packet(const struct tf_context *ctx, const struct tf_connection *c)
{
	return tf_packet_of(ctx, c->first_packet);
}

/* The capture lost packets, of two connections at least and of PER_CENT of a hundred. */
bool tf_capture_misses(const struct tf_context *ctx, unsigned per_cent);

#endif
