/*
 * What the text writer keeps over a run: the connections that wait for
 * their record, and the counts for the summary.
 */
#ifndef TCPFSM_OUTPUT_TEXT_H
#define TCPFSM_OUTPUT_TEXT_H

#include "pending.h"
#include "writer.h"

#define TF_CROWDS 64

enum tf_crowd_kind { TF_CROWD_REFUSED, TF_CROWD_UNANSWERED, TF_CROWD_PROBES, TF_CROWD_NONE };

/* Attempts of one client that fared alike (text_crowd.c). */
struct tf_crowd {
	uint64_t count, hidden; /* in all; of them, those that have no block of their own */
	uint64_t first_conn, last_conn;
	struct tf_addr client, server; /* server: the first one's */
	enum tf_crowd_kind kind;
	uint16_t port_min, port_max; /* of the servers */
	bool several_servers;
};

/* Connections of which nothing was found but that they are older than the capture. */
struct tf_older {
	uint64_t count, hidden; /* as above */
	uint64_t first_conn, last_conn;
};

struct tf_text {
	struct tf_pending_table pending;
	uint64_t connections;                                 /* whose records came */
	uint64_t shown;                                       /* of them, those that were printed */
	uint64_t last_states[TF_STATE_COUNT][TF_STATE_COUNT]; /* client's, server's */
	uint64_t findings[TF_ANOMALY_COUNT][TF_SEVERITY_COUNT];
	struct tf_crowd crowd[TF_CROWDS];
	struct tf_older older;
	uint64_t older_found; /* connections that were found to be older than the capture */
	uint64_t hosts;       /* rows of the host table */
	bool begun;           /* something was printed */
	bool last_was_long;   /* and it had several lines */
	struct {
		bool done;
		uint64_t conn; /* where; 0: under a host or a service */
	} explained[TF_ANOMALY_COUNT];
};

#define TF_TEXT_INDENT 4 /* of what belongs to a connection */

/* A blank line goes around what has several lines; one-liners stand close. */
void tf_text_begin(struct tf_output *o, bool several_lines);

/* "#12", and how many digits that has. */
void tf_text_number(struct tf_output *o, uint64_t conn);
size_t tf_text_digits(uint64_t v);

/* How often a finding came up, where that is more than there are sentences about it; else once. */
struct tf_times {
	uint32_t count;
	bool both_ends; /* of both together */
};

#define TF_ONCE ((struct tf_times){1, false})

/* A finding under what it is about: MESSAGE is its sentence, ENDING what became of it, or NULL, IDS the ids that it stands
 * for, TIMES how often it came up. */
void tf_text_finding(struct tf_output *o, const struct tf_finding *f, const char *message,
                     const struct tf_ending *ending, const char *ids, struct tf_times times);

/* The block of a connection with its findings; P: what waited for it, or NULL. */
void tf_text_block(struct tf_output *o, const struct tf_connection_record *r, const struct tf_pending *p);

/* The checks, with what broke those that did not pass. */
void tf_text_checks(struct tf_output *o, const struct tf_verdict *v);

/* Is R one of a crowd that is told together?  Then it is counted. */
bool tf_text_crowd_takes(struct tf_output *o, const struct tf_connection_record *r);

/* Was midstream found in R's connection? */
bool tf_text_is_older(const struct tf_connection_record *r);

/* CONN, which is older than the capture, and of which nothing else was found, has no block of its own. */
void tf_text_older_add(struct tf_older *older, uint64_t conn);

/* The blocks of such crowds. */
void tf_text_crowd(struct tf_output *o, const struct tf_crowd *c);
void tf_text_older(struct tf_output *o, const struct tf_older *older, uint64_t evicted);

/* A row of the host table; the first one brings its head. */
void tf_text_host(struct tf_output *o, const struct tf_addr *addr, const struct tf_detail *isn, size_t count);

/* That there is no such table. */
void tf_text_no_host(struct tf_output *o);

/* The summary: what was read, the last states, findings by severity, what was skipped, the verdict. */
void tf_text_summary(struct tf_output *o, const struct tf_summary *s);

/* How far the capture can be trusted, in a sentence without its beginning: "nothing shows that ...". */
void tf_put_capture_verdict(struct tf_buf *text, const struct tf_summary *s);

#endif
