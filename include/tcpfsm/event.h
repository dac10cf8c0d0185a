/*
 * What the analyzer tells: transitions, changes of what is possible,
 * findings, connection records, and (where asked for) every segment as it
 * was understood.  They are delivered to a sink in the order in which the
 * facts became known; every pointer is valid only during the call.
 */
#ifndef TCPFSM_EVENT_H
#define TCPFSM_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpfsm/anomaly.h"
#include "tcpfsm/segment.h"
#include "tcpfsm/state.h"

/* An end of a connection, as an index too. */
enum tf_endpoint { TF_CLIENT, TF_SERVER, TF_NEITHER };

/* How a transition is known. */
enum tf_basis {
	TF_OBSERVED,  /* a segment that this end sent proves it */
	TF_PRESUMED,  /* a segment passed the tap towards this end */
	TF_INFERRED,  /* it must have happened though the tap did not see it */
	TF_TIMER_RAN, /* a timer of the observed host ran out */
	TF_RETRACTED, /* an earlier transition did not happen after all */
};

/* The segment that did it, where that was held until a later frame told what it is; packet 0: it was not held.
 * What is written as it becomes known goes by that frame, what is drawn by the segment. */
struct tf_held_back {
	int64_t ts_ns;
	uint64_t packet;
};

struct tf_transition {
	int64_t ts_ns;   /* of the frame that made it known, or the deadline */
	uint64_t packet; /* 0 for a deadline */
	uint64_t conn;
	enum tf_endpoint endpoint;
	enum tf_state from, to;
	enum tf_basis basis;
	/* Words out of tables: they last as long as the program. */
	const char *rule;      /* the row of rules.def, lower case with '-' */
	const char *event;     /* "snd ACK of SYN,ACK" */
	const char *reference; /* "RFC 9293 section 3.10.7.3" */
	tf_states possible;    /* after it; `to` is among them */
	struct tf_held_back held;
};

/* Only the set changed. */
struct tf_possible {
	int64_t ts_ns;
	uint64_t packet; /* 0 for a deadline */
	uint64_t conn;
	enum tf_endpoint endpoint;
	enum tf_state state;
	tf_states possible;
	struct tf_held_back held;
};

/* When the segment passed that did it, and which one it was; packet 0 for a deadline. */
static inline struct tf_held_back
tf_transition_cause(const struct tf_transition *t)
{
	return t->held.packet ? t->held : (struct tf_held_back){t->ts_ns, t->packet};
}

static inline struct tf_held_back
tf_possible_cause(const struct tf_possible *p)
{
	return p->held.packet ? p->held : (struct tf_held_back){p->ts_ns, p->packet};
}

enum tf_detail_kind {
	TF_D_COUNT,    /* count: a plain number */
	TF_D_PACKET,   /* count: a frame number */
	TF_D_SEQ,      /* count: a sequence number */
	TF_D_DURATION, /* ns; JSON: seconds as a number; text: "61.2 s" */
	TF_D_TIME,     /* ns since the epoch */
	TF_D_RATIO,    /* ratio: 0..1; text as a percentage */
	TF_D_STATE,    /* count: enum tf_state */
	TF_D_TEXT,     /* text: a word out of a fixed list */
	TF_D_BOOL,     /* count: 0 or 1 */
	TF_D_ADDR,     /* addr */
};

/* A number that belongs to a finding: shown in JSON under `details`, and
 * put in place of {name} in the catalogue's message. */
struct tf_detail {
	const char *name; /* lower case with '_' */
	enum tf_detail_kind kind;
	union {
		uint64_t count;
		int64_t ns;
		double ratio;
		const char *text;
		struct tf_addr addr;
	};
};

#define TF_MAX_EVIDENCE 8
#define TF_MAX_DETAILS  16

/* What a baseline says of a finding; whoever compares sets it. */
enum tf_baseline_state { TF_BASELINE_NONE, TF_BASELINE_KNOWN, TF_BASELINE_NEW };

struct tf_finding {
	int64_t ts_ns;
	uint64_t packet; /* the frame that made it sure; for a deadline the last frame that proves it */
	uint64_t conn;   /* 0: about a host, a service or the capture; then `subject` says which */
	enum tf_endpoint endpoint;
	enum tf_anomaly id;
	enum tf_severity severity; /* this finding's own: the catalogue has the default */
	size_t packet_count;
	uint64_t packets[TF_MAX_EVIDENCE]; /* the frames that prove it, ascending */
	size_t detail_count;
	struct tf_detail detail[TF_MAX_DETAILS];
	const char *subject; /* NULL unless conn is 0 */
	size_t conn_count;   /* of conns, for a finding over several connections */
	const uint64_t *conns;
	bool ends_known;        /* addr and port: with conn */
	struct tf_addr addr[2]; /* of client and server, as the roles stand now */
	uint16_t port[2];
	enum tf_baseline_state baseline; /* the analyzer leaves it TF_BASELINE_NONE */
};

enum tf_roles { TF_ROLES_SYN, TF_ROLES_GUESSED };

enum tf_close {
	TF_CLOSE_OPEN,
	TF_CLOSE_FIN,
	TF_CLOSE_RST,
	TF_CLOSE_REFUSED,
	TF_CLOSE_UNANSWERED,
	TF_CLOSE_TIMEOUT,
};

#define TF_MAX_HISTORY 15
#define TF_MAX_LETTERS 47

/* How Zeek sums a connection up: the conn_state of its conn.log. */
enum tf_zeek_state {
	TF_ZEEK_S0,
	TF_ZEEK_S1,
	TF_ZEEK_SF,
	TF_ZEEK_REJ,
	TF_ZEEK_S2,
	TF_ZEEK_S3,
	TF_ZEEK_RSTO,
	TF_ZEEK_RSTR,
	TF_ZEEK_RSTOS0,
	TF_ZEEK_RSTRH,
	TF_ZEEK_SH,
	TF_ZEEK_SHR,
	TF_ZEEK_OTH,
};

struct tf_end_record {
	struct tf_addr addr;
	uint16_t port;
	enum tf_state state;
	tf_states possible;
	uint8_t history_count; /* of history */
	bool history_truncated;
	uint8_t history[TF_MAX_HISTORY]; /* enum tf_state, oldest first */
	bool isn_known;
	tf_seq isn;
	uint64_t packets;
	uint64_t bytes;                       /* payload, unique sequence space */
	uint64_t bytes_on_wire;               /* whole frames */
	uint64_t retransmitted, out_of_order; /* segments */
	uint64_t duplicate_acks, zero_windows;
	uint64_t keepalives; /* probes that it sent */
	/* As offered on this end's SYN or SYN,ACK; -1 where not known. */
	int32_t mss;       /* -1 unknown or not offered */
	int32_t wscale;    /* -1 unknown or not offered */
	int8_t sack;       /* 1, 0, or -1 where no SYN was seen */
	int8_t timestamps; /* 1, 0, or -1 where no SYN was seen */
};

struct tf_anomaly_count {
	enum tf_anomaly id;
	uint32_t count;
};

/* How what a finding says has ended, in the same connection; or that it has not. */
enum tf_ending_kind {
	TF_ENDED_HEARD,        /* a silent end was heard again */
	TF_ENDED_OPENED,       /* it opened its window again */
	TF_ENDED_ANSWERED,     /* it answered the SYN,ACK */
	TF_ENDED_ACKNOWLEDGED, /* it acknowledged the FIN */
	TF_ENDED_CLOSED,       /* it sent its own FIN */
	TF_ENDED_SPOKEN,       /* it was the first to send something after a silence of both */
	TF_NOT_ENDED,          /* it still held when the connection's latest segment passed */
};

/* Of a finding that said what lasted when it became sure: that it did not last for ever, or for how much longer. */
struct tf_ending {
	enum tf_anomaly id;
	enum tf_endpoint endpoint; /* of the finding */
	enum tf_ending_kind kind;
	enum tf_endpoint by; /* who ended it, if it has */
	int64_t after_ns;    /* since what the finding's detail `for` counts from */
	uint64_t packet;     /* the frame that shows it */
};

#define TF_MAX_ENDINGS 4

struct tf_connection_record {
	uint64_t conn;
	int64_t first_ts_ns, last_ts_ns;
	uint8_t ip_version;
	struct tf_end_record end[2]; /* TF_CLIENT, TF_SERVER */
	enum tf_roles roles;
	enum tf_close close;
	enum tf_zeek_state zeek_state;
	char letters[TF_MAX_LETTERS + 1]; /* the kinds of segments that passed, as Zeek writes its history */
	int64_t handshake_rtt_ns;         /* -1: not known */
	bool evicted;
	bool replaced;        /* a new connection took its addresses and ports */
	size_t anomaly_count; /* of anomalies: each id once, in catalogue order */
	const struct tf_anomaly_count *anomalies;
	size_t ending_count; /* of endings, in the order in which the findings were raised */
	struct tf_ending endings[TF_MAX_ENDINGS];
};

/* Marks of a segment as the analyzer understood it. */
enum tf_segment_mark {
	TF_MARK_RETRANSMISSION = 0x01,
	TF_MARK_OUT_OF_ORDER = 0x02,
	TF_MARK_DUPLICATE_ACK = 0x04,
	TF_MARK_KEEPALIVE = 0x08,
	TF_MARK_ZERO_WINDOW_PROBE = 0x10,
	TF_MARK_ZERO_WINDOW = 0x20,
	TF_MARK_DUPLICATE_FRAME = 0x40, /* a copy of the capture's, skipped */
	TF_MARK_HELD = 0x80,            /* a SYN on a used 4-tuple, not judged yet */
	TF_MARK_UNACCEPTABLE = 0x100,   /* outside the receiver's window, or stale by PAWS */
	TF_MARK_GAP = 0x200,            /* something before it has not passed: lost, or late */
};

struct tf_segment_event {
	const struct tf_segment *segment;
	uint64_t conn;
	enum tf_endpoint from;
	unsigned marks;   /* enum tf_segment_mark */
	uint32_t rel_seq; /* relative to the sender's ISN, or to the first number seen */
	uint32_t rel_ack;
	enum tf_state state[2]; /* of client and server before it */
};

/* All that a summary needs of a connection of which there is nothing to say, or nothing but that it is older than the
 * capture. */
struct tf_brief {
	uint64_t conn;
	uint8_t state[2]; /* enum tf_state: the last ones, of client and server */
	bool older;       /* midstream was found, and nothing else; a finding may have told it */
};

#define TF_BRIEFS 32

struct tf_briefs {
	size_t count; /* at least 1 */
	struct tf_brief brief[TF_BRIEFS];
};

enum tf_event_kind {
	TF_EV_TRANSITION = 0x01,
	TF_EV_POSSIBLE = 0x02,
	TF_EV_FINDING = 0x04,
	TF_EV_CONNECTION = 0x08,
	TF_EV_SEGMENT = 0x10, /* before the transitions that it causes; state[] is then as before it */
	TF_EV_BRIEF = 0x20,   /* where it is wanted and TF_EV_CONNECTION is not: in the place of the records
	                       * of connections without findings, several at once; of the others the record
	                       * comes */
};

/* Beside enum tf_event_kind in tf_sink.wanted, with TF_EV_BRIEF: connections older than the capture may be told briefly.
 * Of the first TF_OLDER_TOLD a finding says that they are, of the others the record alone; and of those records in which
 * there is nothing else, as many come, and then briefs. */
#define TF_OLDER_BRIEFLY 0x40u
#define TF_OLDER_TOLD    1000

struct tf_event {
	enum tf_event_kind kind;
	union {
		const struct tf_transition *transition;
		const struct tf_possible *possible;
		const struct tf_finding *finding;
		const struct tf_connection_record *connection;
		const struct tf_segment_event *segment;
		const struct tf_briefs *briefs;
	};
};

/* Where events go.  `wanted` (enum tf_event_kind, or-ed, and TF_OLDER_BRIEFLY) lets the analyzer
 * leave out the work for what nobody asked for. */
struct tf_sink {
	unsigned wanted;
	void (*event)(void *context, const struct tf_event *event);
	void *context;
	/* A hint, NULL where nobody takes it: events of CONN are likely to come within the next few segments.  It is
	 * given twice, NEAR the second time, for memory to be fetched before it is used. */
	void (*soon)(void *context, uint64_t conn, bool near);
};

/* "observed"…, "client"…, "fin"…, "syn": the words of the output. */
const char *tf_basis_name(enum tf_basis b);
const char *tf_endpoint_name(enum tf_endpoint e); /* TF_NEITHER: NULL */
const char *tf_close_name(enum tf_close c);
const char *tf_roles_name(enum tf_roles r);
const char *tf_zeek_state_name(enum tf_zeek_state z); /* "SF" */

#endif
