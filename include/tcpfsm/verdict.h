/*
 * The verdict on a run: what was checked, what came of it, and what broke
 * it.  src/check makes it (from --fail-on, --allow, --rules and a
 * baseline), the command line decides the exit status by it, and every
 * writer prints the same list.
 *
 * It is plain data, complete, and the same for the same capture and the
 * same rules: no time of day, no host name.  All text is UTF-8, and may
 * hold any character of a rules file.
 */
#ifndef TCPFSM_VERDICT_H
#define TCPFSM_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpfsm/anomaly.h"
#include "tcpfsm/event.h"

enum tf_outcome {
	TF_PASSED,
	TF_FAILED,
	TF_SKIPPED, /* optional, and there was nothing to look at */
	TF_BROKEN,  /* could not be judged: the input broke, or there was no room */
};

enum tf_check_kind {
	TF_CHECK_INPUT,  /* the capture was read to its end; stands in every verdict, first */
	TF_CHECK_FORBID, /* no such finding: --fail-on, or `forbid` of the rules */
	TF_CHECK_EXPECT, /* `expect` of the rules */
};

#define TF_MAX_OFFENCES        8  /* of a check, that are kept */
#define TF_MAX_OFFENCE_PACKETS 16 /* of an offence, that are kept */

/* What broke a check: a connection, a finding of one, or a finding about none. */
struct tf_offence {
	uint64_t conn;          /* 0: about no connection; then `subject` says which host or service */
	bool ends_known;        /* addr and port are */
	struct tf_addr addr[2]; /* TF_CLIENT, TF_SERVER */
	uint16_t port[2];       /* likewise */
	int64_t ts_ns;          /* when: of the finding, or of the connection's first segment */
	bool is_finding;        /* id, severity and endpoint count */
	enum tf_anomaly id;
	enum tf_severity severity;
	enum tf_endpoint endpoint;
	const char *subject; /* NULL unless conn is 0 */
	const char *message; /* one sentence or clause: "close is rst"; the finding's sentence */
	size_t packet_count; /* of packets */
	uint64_t packets
	    [TF_MAX_OFFENCE_PACKETS]; /* ascending: that prove the finding, or the connection's first */
	uint64_t more_packets;        /* beyond those, up to last_packet */
	uint64_t last_packet;         /* with more_packets */
};

struct tf_check {
	enum tf_check_kind kind;
	enum tf_outcome outcome;
	const char *
	    name; /* as it was written, blanks made single: "expect every close = fin", "--fail-on=warning" */
	const char *scope;     /* "for server port 8080"; NULL: the whole capture */
	const char *file;      /* of rules; NULL: the command line */
	unsigned line, column; /* in file, from 1; 0 without one */
	const char *message;   /* what came of it, one line: "2 of 12 connections do not hold it" */
	size_t offence_count;  /* of offences */
	const struct tf_offence *offences; /* the first ones, in the order in which they became known */
	uint64_t more_offences;            /* beyond those */
	const char *ladder; /* the picture of the first offence's connection, several lines; NULL: none */
	const char *ladder_note; /* why there is no ladder, or not all packets; NULL: nothing to say */
};

struct tf_verdict {
	size_t count; /* of checks: at least 1 */
	const struct tf_check
	    *checks;     /* the input first, then in the order of the command line and the file */
	uint64_t failed; /* with TF_FAILED or TF_BROKEN, the input aside: exit status 1 unless 0 */
	bool asked;      /* somebody asked for checks: there is more than the input */
};

/* "passed", "failed", "skipped", "broken". */
const char *tf_outcome_name(enum tf_outcome o);

#endif
