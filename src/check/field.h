/*
 * The fields of a connection record that a rule may ask about: their names
 * (those of the JSON record), what kind of value each has, and how it is
 * read from a record and said in words.
 */
#ifndef TCPFSM_CHECK_FIELD_H
#define TCPFSM_CHECK_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "output/buffer.h"
#include "tcpfsm/event.h"

enum tf_field_kind {
	TF_FIELD_NUMBER,   /* a plain number */
	TF_FIELD_PORT,     /* likewise, and ranges of them */
	TF_FIELD_SIZE,     /* octets */
	TF_FIELD_DURATION, /* nanoseconds */
	TF_FIELD_TIME,     /* nanoseconds since the epoch */
	TF_FIELD_FLAG,     /* 0, 1 */
	TF_FIELD_STATE,    /* enum tf_state */
	TF_FIELD_CLOSE,    /* enum tf_close */
	TF_FIELD_ROLES,    /* enum tf_roles */
	TF_FIELD_ADDR,
	TF_FIELD_SERVICE, /* the server's address and port */
	TF_FIELD_STATES,  /* a set of states */
	TF_FIELD_IDS,     /* a set of findings */
	TF_FIELD_PATH,    /* states in order */
	TF_FIELD_TEXT,
};

/* What a field without an end means. */
enum tf_field_scope {
	TF_OF_CONNECTION, /* it is the connection's: an end may not be named */
	TF_OF_END,        /* it is an end's: one must be named */
	TF_OF_EITHER,     /* of either end */
	TF_OF_SUM,        /* of both ends together */
};

/* Whose field is asked for. */
enum tf_which {
	TF_THE_CLIENT,
	TF_THE_SERVER,
	TF_BOTH_ENDS,
	TF_EITHER_END,
	TF_SUM_OF_ENDS,
	TF_THE_CONNECTION
};

enum tf_field_id {
	TF_F_CONN,
	TF_F_FIRST_TS,
	TF_F_LAST_TS,
	TF_F_DURATION,
	TF_F_ROLES,
	TF_F_CLOSE,
	TF_F_HANDSHAKE_RTT,
	TF_F_ANOMALIES,
	TF_F_COMMUNITY_ID,
	TF_F_EVICTED,
	TF_F_ZEEK_STATE,
	TF_F_HISTORY_LETTERS,
	TF_F_SERVICE,
	TF_F_ADDR,
	TF_F_PORT,
	TF_F_STATE,
	TF_F_POSSIBLE,
	TF_F_PATH,
	TF_F_HISTORY_TRUNCATED,
	TF_F_ISN,
	TF_F_PACKETS,
	TF_F_BYTES,
	TF_F_BYTES_ON_WIRE,
	TF_F_RETRANSMITTED,
	TF_F_OUT_OF_ORDER,
	TF_F_DUPLICATE_ACKS,
	TF_F_ZERO_WINDOWS,
	TF_F_KEEPALIVES,
	TF_F_MSS,
	TF_F_WSCALE,
	TF_F_SACK,
	TF_F_TIMESTAMPS,
	TF_F_SENT_RST,
	TF_FIELD_COUNT
};

struct tf_field {
	const char *name;
	enum tf_field_kind kind;
	enum tf_field_scope scope;
};

/* A literal of a rule. */
struct tf_value {
	bool unknown;        /* the word `unknown` */
	bool none;           /* the word `none`: an empty set */
	bool any;            /* in a path: any states, or none */
	bool between;        /* a number above low, and below the next one */
	int64_t low, high;   /* numbers, times, words, states: both alike but for ranges of ports */
	struct tf_addr addr; /* with prefix */
	unsigned prefix;     /* bits of addr that count, 0 to 128 */
	char *text;          /* of TF_FIELD_TEXT; owned */
};

/* What a record has in a field. */
struct tf_reading {
	bool known;
	int64_t number;             /* of all kinds but the following */
	const struct tf_addr *addr; /* TF_FIELD_ADDR, TF_FIELD_SERVICE (with the port in number) */
};

const struct tf_field *tf_field(enum tf_field_id id);

/* The field called NAME, or -1. */
int tf_field_by_name(const char *name);

/* The number, word or address of R's field; WHICH is one end, the sum, or the connection.  Not for sets,
 * paths and texts. */
struct tf_reading tf_field_read(enum tf_field_id id, enum tf_which which,
                                const struct tf_connection_record *r);

#define TF_FIELD_TEXT_SIZE 64 /* octets of the longest text, with its NUL */

/* A field of TF_FIELD_TEXT; SEED is that of the Community ID. */
void tf_field_text(enum tf_field_id id, const struct tf_connection_record *r, uint16_t seed,
                   char text[TF_FIELD_TEXT_SIZE]);

/* "client state", "bytes": the field as a rule writes it. */
void tf_put_field_name(struct tf_buf *b, enum tf_field_id id, enum tf_which which);

/* "client state is FIN-WAIT-2": what R has there; a field of both ends is said of each. */
void tf_put_field(struct tf_buf *b, enum tf_field_id id, enum tf_which which,
                  const struct tf_connection_record *r, uint16_t seed);

/* A duration exactly: "50.04 ms", "61.2 s", "12.5 us". */
void tf_put_exact_duration(struct tf_buf *b, int64_t ns);

#endif
