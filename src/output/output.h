/*
 * Output: one writer a format behind one small interface.
 *
 * A writer is made for a format, a descriptor and options; it is told of
 * each input (tf_output_capture), of what the analyzer says
 * (tf_output_event), of hosts and of the end (tf_output_finish), and
 * closed.  Several may live at once, each with its own descriptor.
 *
 * Nothing here reads packets, opens files, asks for a terminal or looks up
 * a name by itself: the caller decides all of that.  Output depends on
 * nothing but the calls (no locale, no time zone: times are UTC).
 */
#ifndef TCPFSM_OUTPUT_H
#define TCPFSM_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpfsm/anomaly.h"
#include "tcpfsm/event.h"
#include "tcpfsm/state.h"
#include "tcpfsm/verdict.h"

struct tf_output;

/* A format, for --help and for the choice by name. */
struct tf_output_format {
	const char *name;    /* "json" */
	const char *summary; /* a few words */
};

/* Which connections are shown by text, csv and ladder.  All three must agree. */
struct tf_output_filter {
	const uint64_t *conns; /* --conn; the caller keeps the array */
	size_t conn_count;     /* 0: all */
	tf_states states;      /* --state: one end's final state is among them; 0: all */
	bool by_id;            /* --id: id[] counts */
	bool id[TF_ANOMALY_COUNT];
};

struct tf_output_options {
	const char *version; /* of tcpfsm; shown in the JSON line `capture`; the caller keeps it */
	bool color;          /* escape sequences of ECMA-48 */
	bool utf8;           /* arrows and lines outside ASCII */
	unsigned width;      /* columns, at least 60; 0: 100 */
	unsigned verbosity;  /* text: 1 each transition, 2 each segment too */
	bool hosts;          /* text: the host table, too */
	bool quiet;          /* text: only connections with findings, and the summary */
	bool streaming;      /* text: lines of -v as they come (live), not gathered in blocks */
	struct tf_output_filter filter;
	uint64_t ladder_conn; /* ladder: this connection; 0: each that the filter leaves */
	uint16_t community_id_seed;
	/* Name of an address, or NULL where it has none; valid until the next call.  NULL: no look-up. */
	const char *(*lookup)(void *context, const struct tf_addr *addr);
	void *lookup_context;
};

/* An input, as it was opened. */
struct tf_capture_info {
	const char *source;   /* file name, "-", or interface */
	const char *linktype; /* "EN10MB"; NULL where it is not known */
	uint32_t snaplen;     /* 0: not known */
	bool nanoseconds;     /* resolution of its times: nanoseconds, else microseconds */
	uint64_t dropped; /* packets lost by the capturing host, known beforehand; 0: none, or not known */
};

/* Frames that did not reach the analyzer, or were no business of it, and why. */
struct tf_skipped {
	const char *name; /* lower case with '_': key of the JSON object `skipped` */
	uint64_t count;
	const char *what; /* for people; NULL: the name does */
};

/* A finding that the baseline knows and this run did not make. */
struct tf_gone {
	const char *identity; /* as it stands in the baseline */
	uint64_t count;
};

/* This run's findings against the baseline. */
struct tf_baseline_summary {
	const char *file;
	uint64_t known, news;
	size_t gone_count; /* of gone */
	const struct tf_gone *gone;
};

/* What is said at the end. */
struct tf_summary {
	uint64_t packets; /* frames read */
	uint64_t tcp_segments;
	uint64_t connections;
	uint64_t anomalies[TF_ANOMALY_COUNT];
	int64_t dropped_by_kernel;        /* -1: not known */
	const struct tf_skipped *skipped; /* rows with count 0 are left out */
	size_t skipped_count;
	uint64_t duplicate_frames;
	uint64_t bad_checksums;
	uint64_t late_segments;
	uint64_t one_way;   /* connections of which one direction is missing */
	uint64_t with_gaps; /* connections of which the capture missed something */
	uint64_t time_backwards;
	int64_t time_backwards_max_ns;
	uint64_t evicted;
	int64_t first_ts_ns, last_ts_ns; /* of the capture; both 0 where there was no packet */
	const char *input_error;         /* where the input broke, for the user; NULL: read to its end */
	const struct tf_baseline_summary *baseline; /* NULL: there is none */
	const struct tf_verdict *verdict;           /* valid during the call; NULL: nothing was judged */
};

/* The formats, and how many. */
const struct tf_output_format *tf_output_formats(size_t *count);

/* Is NAME one of them? */
bool tf_output_format_known(const char *name);

/* The defaults: no colour, ASCII, 100 columns, everything shown. */
void tf_output_options_init(struct tf_output_options *options);

/*
 * A writer of FORMAT (tf_output_formats() names them) on the descriptor
 * FD, which stays the caller's to close; -1 keeps all in memory.  OPTIONS is copied (what it points
 * to is not).  NULL with errno EINVAL for an unknown format, ENOMEM else.
 */
struct tf_output *tf_output_new(const char *format, int fd, const struct tf_output_options *options);

/* The events that it needs (enum tf_event_kind, or-ed), for tf_sink.wanted. */
unsigned tf_output_wanted(const struct tf_output *o);

/* An input was opened.  Comes before the first event of it. */
void tf_output_capture(struct tf_output *o, const struct tf_capture_info *info);

/* The analyzer said something.  Events that are not wanted are passed over. */
void tf_output_event(struct tf_output *o, const struct tf_event *event);

/* Does it take hints?  Then: events of CONN may come soon (struct tf_sink). */
bool tf_output_takes_hints(const struct tf_output *o);
void tf_output_soon(struct tf_output *o, uint64_t conn, bool near);

/* A row of the host table: how the host ADDR makes its ISNs.  After the last event. */
void tf_output_host(struct tf_output *o, const struct tf_addr *addr, const struct tf_detail *isn,
                    size_t count);

/* Flush, and go on in FD (a rotated file), which begins as the first one did; tf_output_capture() is due
 * again.  The old descriptor is the caller's to close, and what went wrong with it does not count any
 * more.  False where the format is one document and part of
 * it is written: nothing changes. */
bool tf_output_move(struct tf_output *o, int fd);

/* The input is over. */
void tf_output_finish(struct tf_output *o, const struct tf_summary *summary);

/* Write out what is buffered (live, when the line is silent).  0, or the errno of the first failed write. */
int tf_output_flush(struct tf_output *o);

/* What a writer has made that has no descriptor (-1), SIZE octets without a NUL; valid until the next call.  NULL
 * where it failed. */
const char *tf_output_text(const struct tf_output *o, size_t *size);

/* The errno of the first failed write, or ENOMEM; 0 while all is well.  Costs nothing. */
int tf_output_error(const struct tf_output *o);

/* Flush and free (NULL is nothing).  0, or the errno of the first failure: exit status 4. */
int tf_output_close(struct tf_output *o);

/*
 * The catalogue: --list-anomalies, --explain=ID, --list-rules.  They write
 * to FD and return 0 or an errno.
 */
struct tf_rule_text {
	const char *name, *from, *input, *to, *reference;
};

int tf_list_anomalies(int fd, const struct tf_output_options *options);
int tf_explain_anomaly(int fd, const struct tf_output_options *options, enum tf_anomaly id);
int tf_list_rules(int fd, const struct tf_output_options *options, const struct tf_rule_text *rules,
                  size_t count);

/* The state diagram of the rules alone, as FORMAT ("diagram-svg", "diagram-dot") on FD.  0 or an errno. */
int tf_diagram_of_rules(int fd, const char *format);

/* The number of the connection that E is about; 0: none. */
uint64_t tf_event_conn(const struct tf_event *e);

#endif
