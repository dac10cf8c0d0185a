/*
 * What the screen shows, without the screen: connections as rows, sorted
 * and filtered, the one that is chosen, counts by state, a feed of
 * findings, and the ladders of connections.
 *
 * It knows what the analyzer tells; it deliberately knows neither a
 * terminal nor a clock.
 */
#ifndef TCPFSM_SCREEN_MODEL_H
#define TCPFSM_SCREEN_MODEL_H

#include "output/ladder.h"
#include "tcpfsm/analyzer.h"

enum {
	TF_MODEL_FEED = 200,       /* findings that the feed remembers */
	TF_MODEL_PATTERN = 64,     /* octets of the filter's text, with its NUL */
	TF_MODEL_CLOSED = 1 << 17, /* closed connections that are kept, at most */
	TF_MODEL_RUNGS = 400,      /* of one connection's ladder */
	TF_MODEL_SORTED = 5000,    /* rows that are in order; nobody looks at those behind them one by one */
};

struct tf_row {
	uint64_t conn;
	struct tf_addr addr[2]; /* client's, server's */
	uint16_t port[2];
	uint8_t state[2]; /* enum tf_state */
	uint8_t close;    /* enum tf_close */
	uint8_t worst;    /* enum tf_severity of its gravest finding, with ids */
	bool is_over;     /* its record came: it is in the table no more */
	bool guessed;     /* which end is the client is a guess */
	int64_t first_ns, last_ns;
	int64_t over_ns;   /* when its record came, as of the refresh before */
	uint64_t bytes[2]; /* payload, by sender */
	uint64_t packets[2];
	uint64_t retransmitted; /* segments, both ends */
	uint64_t rate;          /* payload of both ends, bytes a second; of one that is over, over its life */
	uint64_t ids;           /* a bit for each finding's enum tf_anomaly */
};

enum tf_column {
	TF_COLUMN_CONN,
	TF_COLUMN_CLIENT,
	TF_COLUMN_SERVER,
	TF_COLUMN_CLIENT_STATE,
	TF_COLUMN_SERVER_STATE,
	TF_COLUMN_AGE,
	TF_COLUMN_RATE,
	TF_COLUMN_RETRANSMITTED,
	TF_COLUMN_FINDINGS,
	TF_COLUMN_COUNT,
};

/* A finding in the feed. */
struct tf_feed_line {
	int64_t ts_ns;
	uint64_t conn; /* 0: about something else */
	enum tf_severity severity;
	enum tf_anomaly id;
	char *text; /* owned */
};

struct tf_model {
	struct tf_row *row; /* those in the table, then those that are over */
	size_t count, capacity;
	uint32_t *index; /* of rows by number: open addressing, row + 1; 0: free */
	size_t index_size;
	struct tf_row *former; /* the rows of the last refresh: room for the next one */
	size_t former_capacity;
	uint32_t *former_index;
	size_t former_index_size;
	struct tf_buf scratch;
	struct tf_row *over; /* a ring of records that came */
	size_t over_first, over_count, over_capacity;
	int64_t keep_over_ns; /* how long those stay; INT64_MAX: for good */
	uint64_t over_lost;   /* records for which there was no room any more */

	uint32_t *shown; /* rows that the filter leaves, the first TF_MODEL_SORTED of them sorted */
	size_t shown_count, shown_capacity;
	enum tf_column sort;
	bool reverse;
	bool only_findings;             /* leave those with a finding */
	bool hide_over;                 /* leave those in the table */
	char pattern[TF_MODEL_PATTERN]; /* leave those in which it occurs; "": all */
	uint64_t chosen;                /* number of the connection; 0: none */

	uint64_t states[2][TF_STATE_COUNT];      /* ends of connections in the table: client's, server's */
	struct tf_feed_line feed[TF_MODEL_FEED]; /* a ring */
	size_t feed_first, feed_count;
	struct tf_ladder ladder;
	int64_t now_ns, sampled_ns; /* of the latest refresh; and of the rates */
	bool no_memory;             /* something could not be kept */
};

/* KEEP_OVER_NS: how long a connection stays on the screen after its record came. */
void tf_model_init(struct tf_model *m, int64_t keep_over_ns);
void tf_model_fini(struct tf_model *m);

/* The events that it needs, and what it does with one; as a sink's function. */
unsigned tf_model_wanted(void);
void tf_model_event(void *model, const struct tf_event *event);

/* Take the connections of A as they stand at NOW_NS (NULL: it has none any more), forget what is over for too
 * long, filter and sort. */
void tf_model_refresh(struct tf_model *m, const struct tf_analyzer *a, int64_t now_ns);

/* Filter and sort anew after a change of the wish. */
void tf_model_arrange(struct tf_model *m);

/* Sort by COLUMN: again, the other way round. */
void tf_model_sort(struct tf_model *m, enum tf_column column);

/* The row at PLACE of those shown, and the place of the chosen one; the first where it is not shown. */
const struct tf_row *tf_model_shown(const struct tf_model *m, size_t place);
size_t tf_model_place(const struct tf_model *m);

/* Choose the row that is BY places below the chosen one (above, where negative), as far as there are any. */
void tf_model_move(struct tf_model *m, long by);

/* The Ith finding of the feed from the newest one back, or NULL. */
const struct tf_feed_line *tf_model_feed(const struct tf_model *m, size_t i);

/* The events of the chosen connection, as far as they are kept, or NULL. */
const struct tf_pending *tf_model_events(const struct tf_model *m);

#endif
