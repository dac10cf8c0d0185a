/*
 * One file a family of anomalies; detect.c calls them in this order.
 */
#ifndef TCPFSM_DETECT_FAMILIES_H
#define TCPFSM_DETECT_FAMILIES_H

#include "detect/detect.h"
#include "detect/raise.h"

static inline int64_t
tf_earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* A filter chose what was captured, and left out bare ACKs.  That none passed says nothing then. */
static inline bool
tf_without_acks(const struct tf_context *ctx)
{
	return !ctx->stats->bare_acks && ctx->stats->connections >= 5 && ctx->stats->segments >= 20;
}

/* C as its listener and the hosts are asked. */
static inline struct tf_opening
tf_opening_of(const struct tf_context *ctx, const struct tf_connection *c)
{
	return (struct tf_opening){
	    .conn = c->conn,
	    .packet = tf_first_packet(ctx, c),
	    .ts_ns = c->first_ts_ns,
	    .isn = {c->end[TF_CLIENT].isn, c->end[TF_SERVER].isn},
	    .flags = {c->end[TF_CLIENT].flags, c->end[TF_SERVER].flags},
	    .embryonic = (c->flags & TF_CONN_EMBRYONIC) != 0,
	};
}

/* Octets of the IP packet that S came in, as its sender made it. */
static inline uint32_t
tf_ip_size(const struct tf_segment *s)
{
	return s->len + (s->ip_version == 6 ? 60u : 40u) + (s->options & TF_OPT_TIMESTAMPS ? 12u : 0u);
}

/* Does END's history hold STATE? */
bool tf_was_in(const struct tf_end *end, enum tf_state state);

/* Octets of data, without a FIN, that END sent and that were not acknowledged. */
uint64_t tf_unacknowledged_data(const struct tf_end *end);

/* Did the server take data of C's SYN? */
bool tf_took_syn_data(const struct tf_connection *c);

void tf_opening_segment(const struct tf_step *st);
/* NOTE: a sentence that says why it may be something else; or NULL. */
void tf_raise_simultaneous_open(const struct tf_step *st, const char *note);
/* C began with a SYN,ACK, and nothing else came. */
void tf_midstream_end(struct tf_context *ctx, struct tf_connection *c);
/* Did a refusal pass that is not told yet? */
bool tf_seems_refused(const struct tf_extra *x);
/* Is a refusal sure by now?  AT_END: nothing will contradict it any more. */
void tf_refusal_deadline(struct tf_context *ctx, struct tf_connection *c, bool at_end);
int64_t tf_opening_next(const struct tf_context *ctx, const struct tf_connection *c,
                        const struct tf_extra *x);
void tf_opening_deadline(struct tf_context *ctx, struct tf_connection *c);

void tf_unanswered_segment(const struct tf_step *st);
void tf_unanswered_deadline(struct tf_context *ctx, struct tf_connection *c);
/* C is no more. */
void tf_unanswered_leave(struct tf_context *ctx, struct tf_connection *c);
void tf_unanswered_end(struct tf_context *ctx);

/* A FIN that comes when TIME-WAIT is over: a RST later than this answers something else; and what shows where the ACK
 * of it was lost. */
#define TF_LATE_ANSWER_NS INT64_C(3000000000)
#define TF_LATE_FIN_WHY   "the ACK of the first FIN had passed the tap"

/* The sender of data had reset the connection, as it seemed. */
#define TF_NOT_ITS_OWN_RST                                                                                   \
	"But the RST was in its own name, and no host sends new data behind its own: it came from somebody " \
	"else, and a receiver that it did not reach or deceive takes the data."

/* How long the FORMER connection had been silent when C began: not at all where it spoke while C's SYN was held. */
static inline int64_t
tf_since_former(const struct tf_connection *c, const struct tf_former *former)
{
	return c->first_ts_ns > former->last_ts_ns ? c->first_ts_ns - former->last_ts_ns : 0;
}

void tf_handshake_segment(const struct tf_step *st);
/* S is the first SYN,ACK of the handshake of connection CONN. */
void tf_note_answer_packet(struct tf_context *ctx, uint64_t conn, const struct tf_segment *s);
/* Its frame; that of the SYN where it is not remembered. */
uint64_t tf_answer_packet(const struct tf_context *ctx, const struct tf_connection *c);
/* When it passed; INT64_MAX: that is not remembered. */
int64_t tf_answer_ns(const struct tf_context *ctx, const struct tf_connection *c);
/* S is the third segment of C's handshake. */
void tf_note_third_packet(struct tf_context *ctx, const struct tf_connection *c, const struct tf_segment *s);
int64_t tf_handshake_next(const struct tf_extra *x);
void tf_handshake_deadline(struct tf_context *ctx, struct tf_connection *c);
void tf_handshake_end(struct tf_context *ctx, struct tf_connection *c);

void tf_flood_segment(const struct tf_step *st);
/* S is a SYN,ACK of the server, which waits for the third segment now; of a plain one the detector hears by this call
 * alone.  NULL, or the sign of SYN cookies in it. */
const char *tf_flood_answer(struct tf_context *ctx, struct tf_opening *o, const struct tf_segment *s);
/* The same of a connection; what it shows is raised. */
void tf_flood_connection_answer(struct tf_context *ctx, struct tf_connection *c, const struct tf_segment *s);
/* C is no more embryonic, or is no more. */
void tf_flood_leave(struct tf_context *ctx, struct tf_connection *c);
/* Has C's listener so many embryonic connections that a flood may be coming? */
bool tf_flood_near(const struct tf_context *ctx, const struct tf_connection *c);
/* Is C part of a flood that was told, or is now? */
bool tf_flood_covers(struct tf_context *ctx, const struct tf_connection *c);
void tf_flood_end(struct tf_context *ctx);

void tf_host_isn_segment(const struct tf_step *st);
void tf_host_isn_end(struct tf_context *ctx);

void tf_too_big_segment(const struct tf_step *st);

void tf_isn_segment(const struct tf_step *st);

void tf_reset_segment(const struct tf_step *st);
void tf_reset_deadline(struct tf_context *ctx, struct tf_connection *c, bool at_end);

void tf_silence_segment(const struct tf_step *st);
int64_t tf_silence_next(const struct tf_context *ctx, const struct tf_connection *c);
void tf_silence_deadline(struct tf_context *ctx, struct tf_connection *c);
/* Does what the finding ID of this family says hold now, be it once more?  Also of a connection that ended so. */
bool tf_silence_holds(const struct tf_context *ctx, const struct tf_connection *c, enum tf_anomaly id,
                      enum tf_endpoint about);

/* "SYN,FIN", "PSH,ACK", "none": the flags but those of ECN, in OUT or not. */
#define TF_FLAG_WORDS 32
const char *tf_flag_words(char out[TF_FLAG_WORDS], unsigned flags);

void tf_unexpected_segment(const struct tf_step *st);

struct tf_digest;
void tf_injection_segment(const struct tf_step *st);
/* Its segment takes the other end's answer to a SYN that the RST in PACKET had refused in that one's name. */
void tf_injection_refusal(const struct tf_step *st, uint64_t packet);
/* The octets of st->s differ from those of FORMER, which had the same numbers. */
void tf_injection_data(const struct tf_step *st, const struct tf_digest *former);
/* st->s carries data beyond its sender's FIN. */
void tf_injection_beyond(const struct tf_step *st, const struct tf_fin_record *fin);

void tf_doubtful_segment(const struct tf_step *st);
int64_t tf_doubtful_next(const struct tf_extra *x);
void tf_doubtful_deadline(struct tf_context *ctx, struct tf_connection *c);

void tf_overlap_segment(const struct tf_step *st);
/* The frame of the latest data of WHICH that begins at SEQ, if it is remembered; else 0. */
uint64_t tf_data_packet(const struct tf_context *ctx, const struct tf_connection *c, enum tf_endpoint which,
                        tf_seq seq);

void tf_repetition_segment(const struct tf_step *st);
/* S is an ordinary segment of C, beside which X is kept. */
void tf_repetition_calm(struct tf_extra *x, const struct tf_connection *c, const struct tf_segment *s,
                        enum tf_endpoint from);
void tf_repetition_end(struct tf_context *ctx, struct tf_connection *c);
/* Segments of data that WHICH has sent, at most, repetitions among them; X is kept beside C. */
uint32_t tf_repetition_sent(const struct tf_context *ctx, const struct tf_connection *c,
                            enum tf_endpoint which, const struct tf_extra *x);

void tf_reuse_segment(const struct tf_step *st);

/* The server of C is stuck in CLOSE-WAIT since SINCE; it no longer is. */
void tf_leaks_enter(struct tf_context *ctx, struct tf_connection *c, int64_t since_ns);
void tf_leaks_leave(struct tf_context *ctx, struct tf_connection *c);
void tf_leaks_segment(const struct tf_step *st);

void tf_after_fin_segment(const struct tf_step *st);

void tf_closing_segment(const struct tf_step *st);
int64_t tf_closing_next(const struct tf_context *ctx, const struct tf_connection *c);
void tf_closing_deadline(struct tf_context *ctx, struct tf_connection *c);

void tf_ahead_segment(const struct tf_step *st);
int64_t tf_ahead_next(const struct tf_extra *x);
void tf_ahead_deadline(struct tf_context *ctx, struct tf_connection *c, bool at_end);

int64_t tf_gaps_next(const struct tf_extra *x);
void tf_gaps_deadline(struct tf_context *ctx, struct tf_connection *c, bool at_end);

#endif
