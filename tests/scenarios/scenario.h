/*
 * A scenario: what passes the tap, as a text that a person reads like a
 * tcpdump, and what must hold after each line.
 *
 * The language is described in tests/scenarios/README.md.  This header
 * knows the parsed form only: sequence numbers are relative to the ISNs
 * that the scenario names, addresses are machine numbers, times are
 * distances.  What becomes of them in an IPv6 or a wrapped variant is the
 * matter of packet.h, what the analyzer says to them that of replay.h.
 */
#ifndef SCENARIO_H
#define SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpfsm/config.h"
#include "tcpfsm/event.h"

#define SCN_MAX_CONNS    256
#define SCN_MAX_STEPS    4096
#define SCN_MAX_EXPECTS  8192
#define SCN_MAX_PAYLOAD  60000u
#define SCN_MAX_DURATION INT64_C(10000000000000000) /* nanoseconds: 115 days */
#define SCN_NAME         40                         /* octets of an id, a rule or a reason's start */

/* A number of the sequence space: relative to an ISN, or as it stands ('@'). */
struct scn_seq {
	uint32_t value; /* modulo 2^32: -1 is 0xffffffff */
	bool absolute;
};

/* One incarnation of a connection; the scenario's numbers are the analyzer's. */
struct scn_conn {
	bool declared;
	uint32_t isn[2]; /* by enum tf_endpoint */
	uint16_t port[2];
	uint8_t host[2]; /* number of the machine within its side */
	uint8_t side[2]; /* 0: the machines that are clients of connection 1; 1: the others */
	unsigned reuses; /* the connection whose addresses and ports this one takes, or 0 */
};

struct scn_packet {
	unsigned conn;
	enum tf_endpoint from;
	uint16_t flags; /* enum tf_flag */
	struct scn_seq seq, ack;
	uint32_t len; /* octets of payload */
	uint16_t window;
	uint16_t options; /* enum tf_option */
	uint16_t mss;
	uint8_t wscale;
	uint8_t fast_open_len;
	uint32_t tsval, tsecr;
	uint8_t sack_count;
	struct scn_seq sack[3][2]; /* left and right edge, relative to the other end's ISN */
	uint16_t ip_id;            /* 0: the next one of its sender */
	uint8_t ttl;
	char fill;         /* payload octet, or 0 for the pattern that follows the sequence number */
	bool unseen;       /* it passed, but not at the tap */
	bool duplicate;    /* the capture holds this frame twice */
	bool copy;         /* this frame is a copy of an earlier one, made by a mirror port */
	bool bad_checksum; /* the TCP checksum is wrong */
	uint8_t icmp;      /* not the packet passes, but an ICMP error of this kind that quotes it; 0: none */
	uint32_t icmp_mtu;
};

enum scn_step_kind { SCN_PACKET, SCN_WAIT, SCN_END };

struct scn_step {
	enum scn_step_kind kind;
	int line;         /* of the file, from 1 */
	int64_t delay_ns; /* since the step before */
	struct scn_packet packet;
	size_t first_expect, expect_count;
};

#define SCN_ANY_BASIS (-2)

enum scn_expect_kind {
	SCN_TRANSITION, /* end -> one of `set` */
	SCN_MOVES,      /* any transitions of the end are permitted */
	SCN_IS,         /* the state is one of `set` now */
	SCN_CONTAINS,   /* the possible set holds all of `set` */
	SCN_WITHIN,     /* ... nothing outside `set` */
	SCN_EXACTLY,    /* ... is `set` */
	SCN_LACKS,      /* ... none of `set` */
	SCN_FINDING,
	SCN_RECORD,      /* a connection record is emitted */
	SCN_CONNECTIONS, /* at the end: number of connections */
};

/* Fields of one end in a connection record that a scenario may name. */
enum scn_field {
	SCN_F_PACKETS,
	SCN_F_BYTES,
	SCN_F_RETRANSMITTED,
	SCN_F_OUT_OF_ORDER,
	SCN_F_DUPLICATE_ACKS,
	SCN_F_ZERO_WINDOWS,
	SCN_F_KEEPALIVES,
	SCN_FIELD_COUNT
};

struct scn_record {
	int close;                        /* enum tf_close, or -1 where the scenario does not say */
	int roles;                        /* enum tf_roles, or -1 */
	int rtt_known;                    /* 1, 0, or -1 */
	char zeek[8];                     /* Zeek's word for it, or empty where the scenario does not say */
	char letters[TF_MAX_LETTERS + 1]; /* the letters of its history; empty: not said */
	int state[2];                     /* enum tf_state, or -1 */
	uint8_t history_count[2];         /* 0: not said */
	uint8_t history[2][TF_MAX_HISTORY];
	int64_t field[2][SCN_FIELD_COUNT]; /* -1: not said */
};

struct scn_expect {
	enum scn_expect_kind kind;
	int line;
	bool later;            /* at this step or at any later one */
	bool may;              /* permitted, not required */
	unsigned conn;         /* 0: any connection, or none */
	int endpoint;          /* enum tf_endpoint, or -1 for any */
	int basis;             /* enum tf_basis; -1: observed, presumed or by a timer; SCN_ANY_BASIS */
	tf_states set;         /* of a transition, of SCN_IS, SCN_CONTAINS and its like */
	char name[SCN_NAME];   /* the finding's id, or the rule of a transition ("" where not said) */
	int severity;          /* of a finding, or -1 */
	const char *where;     /* of a finding, its detail of this name; NULL: any */
	char detail[SCN_NAME]; /* of a finding, a detail that is a count; "": any */
	int64_t detail_count;  /* and what it must be */
	uint64_t count;        /* SCN_CONNECTIONS */
	struct scn_record record;
};

enum scn_variant { SCN_IPV4, SCN_IPV6, SCN_WRAP, SCN_MIRROR, SCN_BATCH, SCN_VARIANT_COUNT };

struct scenario {
	struct scn_conn conn[SCN_MAX_CONNS + 1]; /* by number, from 1 */
	unsigned conn_count;                     /* declared ones */
	struct scn_step *step;
	size_t step_count, step_room;
	struct scn_expect *expect;
	size_t expect_count, expect_room;
	bool skip[SCN_VARIANT_COUNT];
	char skip_reason[SCN_VARIANT_COUNT][120];
	struct tf_config config;
};

/* "ipv4", "ipv6", "wrap", "mirror", "batch". */
const char *scn_variant_name(enum scn_variant v);

/* Parse LENGTH octets of TEXT.  0, or -1 with a message "LINE: what is
 * wrong" in ERROR.  The scenario must be freed in both cases. */
int scn_parse(struct scenario *s, const char *text, size_t length, char *error, size_t error_size);

/* The same for the file at PATH; the message names it. */
int scn_parse_file(struct scenario *s, const char *path, char *error, size_t error_size);

void scn_free(struct scenario *s);

#endif
