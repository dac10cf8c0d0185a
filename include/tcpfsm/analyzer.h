/*
 * The analyzer: segments in, events out.  It keeps the flow table, drives
 * both replicas of every connection, runs the detectors and the clock.
 *
 * It reads no clock of its own (the time of the capture comes with the
 * segments), opens nothing and prints nothing.  One analyzer is used by
 * one thread, but for tf_analyzer_prepare().
 */
#ifndef TCPFSM_ANALYZER_H
#define TCPFSM_ANALYZER_H

#include <stdbool.h>
#include <stdint.h>

#include "tcpfsm/config.h"
#include "tcpfsm/event.h"
#include "tcpfsm/icmp.h"
#include "tcpfsm/segment.h"

struct tf_analyzer;
struct tf_read_ahead;

struct tf_stats {
	uint64_t segments;         /* TCP segments fed, duplicates of the capture's included */
	uint64_t duplicate_frames; /* of them, copies that a mirror port made: skipped */
	uint64_t bad_checksums;    /* of them, kept out of the replicas */
	uint64_t late_segments;    /* of them, of connections whose record had been written */
	uint64_t time_backwards;   /* segments with a time before the greatest one so far */
	int64_t time_backwards_max_ns;
	uint64_t connections;
	uint64_t bare_acks;      /* ends of which an ACK passed that was nothing else */
	uint64_t live, live_max; /* connections in the table now, and at most */
	uint64_t evicted;        /* connections forgotten for want of room */
	uint64_t evicted_tombstones;
	uint64_t listeners_dropped; /* listeners that the table had no room for */
	uint64_t hosts_dropped;     /* hosts, or their ISNs, that the table had no room for */
	uint64_t one_way;        /* connections of which one direction is missing, of those that are over */
	uint64_t pool_exhausted; /* times that disorder or a leaking service did not find room */
	uint64_t anomalies[TF_ANOMALY_COUNT];
	uint64_t with_gaps;              /* connections with capture-loss, whichever end it is about */
	int64_t first_ts_ns, last_ts_ns; /* 0 where no segment was fed */
};

/* What only those know who read the capture. */
struct tf_capture_facts {
	const char *name;     /* of the interface or file that lost packets; NULL: none did */
	uint64_t frames;      /* read */
	uint64_t dropped;     /* by the capturing host */
	uint64_t cut;         /* frames of which the end was not captured */
	uint64_t headless;    /* those of them of which not even the headers were */
	uint32_t snap_length; /* octets captured of the longest of them */
	int64_t clock_ns;     /* the greatest timestamp of all frames; 0: there was none */
};

/* NULL where there is no memory. */
struct tf_analyzer *tf_analyzer_new(const struct tf_config *config, struct tf_sink sink);
void tf_analyzer_free(struct tf_analyzer *a);

/* Prepare COUNT segments to be fed: what can be found out without knowing any connection.  Each segment is
 * prepared once, in capture order.  That may be done by another thread than feeds, and while it does. */
void tf_analyzer_prepare(struct tf_analyzer *a, struct tf_segment *segments, size_t count);

/* Some clock that is never set back, in nanoseconds. */
typedef int64_t tf_clock_fn(void);

/* Get some memory that is soon wanted: whether there was any.  Any thread may do so at any time between
 * tf_analyzer_new() and tf_analyzer_finish(), best one that waits for another.  CLOCK_NS tells what that costs, and
 * nothing else.  It changes nothing but the time that this takes. */
bool tf_analyzer_supply(struct tf_analyzer *a, tf_clock_fn *clock_ns);

/* Feed COUNT prepared segments in capture order.  Feeding several at once lets the
 * look-ups overlap; the result is the same as one by one. */
void tf_analyzer_feed(struct tf_analyzer *a, const struct tf_segment *segments, size_t count);

/* The thread that feeds will read AHEAD's memory when it is done with the segments that it feeds next; meanwhile a share
 * of it is asked for with each of them.  AHEAD stays the caller's; NULL, as it is at first: nothing is to be asked for. */
void tf_analyzer_read_ahead(struct tf_analyzer *a, struct tf_read_ahead *ahead);

/* Feed an ICMP or ICMPv6 error in capture order, between segments. */
void tf_analyzer_icmp(struct tf_analyzer *a, const struct tf_icmp_error *e);

/* The clock shows NOW though no segment came: deadlines before it run out. */
void tf_analyzer_advance(struct tf_analyzer *a, int64_t now_ns);

/* The capture is over: records of all open connections are emitted, by number. */
void tf_analyzer_finish(struct tf_analyzer *a);

/* What is known of a host: how it makes its initial sequence numbers. */
typedef void tf_host_fn(void *context, const struct tf_addr *addr, const struct tf_detail *isn, size_t count);

/* Call FN for each host that the table holds, by address; what it is given is valid during the call. */
void tf_analyzer_hosts(const struct tf_analyzer *a, tf_host_fn *fn, void *context);

/* Call FN with the record of each connection in the table as it stands now, in no order; what it is given
 * is valid during the call.  FN returns false to see no more. */
typedef bool tf_connection_fn(void *context, const struct tf_connection_record *r);
void tf_analyzer_connections(const struct tf_analyzer *a, tf_connection_fn *fn, void *context);

/* What the table holds now. */
struct tf_table_counts {
	uint64_t pairs[TF_STATE_COUNT][TF_STATE_COUNT]; /* connections by the states of client and server */
	uint64_t connections, most_connections;         /* and how many it has room for */
	uint64_t tombstones, most_tombstones;           /* closed ones that are remembered */
};
void tf_analyzer_count(const struct tf_analyzer *a, struct tf_table_counts *counts);

/* From now on note in FIRED, one bool a row of tf_rules(), which rules
 * applied; NULL: no more.  Header prediction is off meanwhile, so that the
 * whole checklist is run. */
void tf_analyzer_note_rules(struct tf_analyzer *a, bool *fired);

/* DROPPED packets of the capture were lost on the way here, as far as is known by now: findings that an
 * unseen packet explains are lowered from now on. */
void tf_analyzer_note_drops(struct tf_analyzer *a, uint64_t dropped);

/* After tf_analyzer_finish(): findings about the capture itself. */
void tf_analyzer_judge_capture(struct tf_analyzer *a, const struct tf_capture_facts *facts);

const struct tf_stats *tf_analyzer_stats(const struct tf_analyzer *a);

#endif
