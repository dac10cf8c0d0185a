/*
 * What JSON lines of several kinds have in common: words with their quotes,
 * sets of states, and the fields that say where something happened.
 */
#ifndef TCPFSM_OUTPUT_JSON_LINE_H
#define TCPFSM_OUTPUT_JSON_LINE_H

#include "writer.h"

/* `"FIN-WAIT-2",`: words, each with its quotes and the comma that follows it nearly always. */
struct tf_json_words {
	struct tf_word state[TF_STATE_COUNT];
	struct tf_word basis[TF_RETRACTED + 1];
	struct tf_word endpoint[TF_NEITHER + 1]; /* the last one is `null,` */
	struct tf_word roles[TF_ROLES_GUESSED + 1];
	struct tf_word close[TF_CLOSE_TIMEOUT + 1];
	struct tf_word zeek_state[TF_ZEEK_OTH + 1];
};

/* `"ts":…,"packet":…,"conn":…,"endpoint":`: 30 octets of names and punctuation besides the numbers. */
#define TF_JSON_LONGEST_WHERE 96

/* Where something happened; a segment causes several lines that begin alike. */
struct tf_json_where {
	int64_t ts_ns;
	uint64_t packet; /* 0: null */
	uint64_t conn;   /* 0: null */
	unsigned decimals;
	size_t length; /* of text; 0: there is none */
	char text[TF_JSON_LONGEST_WHERE + TF_SLACK];
};

#define TF_JSON_STEPS 256 /* the program knows some hundred and fifty transitions */

/* What is always the same in the line of a transition. */
struct tf_json_step {
	uint64_t which; /* the endpoint, states and basis */
	const char *rule, *event, *reference;
	char *text; /* on the heap; NULL: there is none */
	size_t length;
};

/* The state of the writer. */
struct tf_json {
	struct tf_json_words word;
	int64_t second_ns;     /* what `second` says, in nanoseconds */
	struct tf_word second; /* `1700000000.` */
	struct tf_json_where where;
	struct tf_json_step step[TF_JSON_STEPS];
};

/* Make *J, which is all zeros, ready. */
void tf_json_init(struct tf_json *j);

/* The set SET as an array with its brackets. */
char *tf_json_at_states(const struct tf_json_words *w, char *p, tf_states set);

/* A time of the capture, in seconds; TF_LONGEST_SECONDS. */
char *tf_json_at_time(struct tf_output *o, char *p, int64_t ts_ns);

/* `"ts":…,"packet":…,"conn":…,"endpoint":`, at most TF_JSON_LONGEST_WHERE octets. */
char *tf_json_at_where(struct tf_output *o, char *p, int64_t ts_ns, uint64_t packet, uint64_t conn);

/* V, or null where it is negative. */
static inline char *
tf_json_at_known(char *p, int64_t v)
{
	return v < 0 ? tf_at_lit(p, "null") : tf_at_u64(p, (uint64_t)v);
}

/* Lines of the kinds that there are by the million. */
void tf_json_put_transition(struct tf_output *o, const struct tf_transition *t);
void tf_json_put_possible(struct tf_output *o, const struct tf_possible *p);
void tf_json_put_connection(struct tf_output *o, const struct tf_connection_record *r);

/* Free what transitions have left. */
void tf_json_steps_fini(struct tf_json *j);

#endif
