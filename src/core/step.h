/*
 * One segment on its way through one connection: what the checklist has
 * found out about it so far.  Detectors read it afterwards.
 */
#ifndef TCPFSM_CORE_STEP_H
#define TCPFSM_CORE_STEP_H

#include "core/endpoint.h"

/* Would the receiver accept it?  RFC 9293 section 3.10.7.4, RFC 7323 section 5. */
enum tf_verdict {
	TF_ACCEPT,
	TF_UNSURE,        /* the tap does not know the window or the numbers */
	TF_REJECT_OLD,    /* all of it was acknowledged before */
	TF_REJECT_BEYOND, /* outside every window that the receiver offered: right of them, or far left */
	TF_REJECT_STALE,  /* its timestamp is older than TS.Recent: PAWS */
};

struct tf_step {
	struct tf_context *ctx;
	struct tf_connection *c;
	const struct tf_segment *s;
	enum tf_endpoint from, to;
	struct tf_replica sender, receiver;
	struct tf_end *x, *y;    /* the sender's end and the receiver's */
	enum tf_state before[2]; /* the states before it, by endpoint */
	int64_t former_ns;       /* when the segment before it passed, whichever end sent that */
	tf_seq end;              /* after its last octet */
	unsigned marks;          /* enum tf_segment_mark */
	enum tf_verdict verdict;
	bool fresh;              /* nothing about it is older than what its sender sent before */
	bool at_edge;            /* it begins where what its sender sent before ended */
	bool skips_one;          /* without octets of its own, and one beyond that: one was sent unseen */
	bool acks_syn, acks_fin; /* its ACK covers the receiver's SYN, FIN */
	bool first_ack_of_syn, first_ack_of_fin;
	bool ack_advances;     /* it acknowledges something new */
	tf_seq una_before;     /* the receiver's octets that were acknowledged before it */
	bool bad_ack;          /* it acknowledges what was never sent */
	bool first_syn;        /* the first SYN of its sender that passed */
	bool fin_again;        /* its FIN passed before */
	bool data;             /* payload of its own, not a probe's octet */
	uint32_t new_bytes;    /* payload that had not passed before */
	uint32_t missed_bytes; /* octets that its ACK shows the capture missed */
};

static inline bool
tf_step_rejected(const struct tf_step *st)
{
	return st->verdict >= TF_REJECT_OLD;
}

/* How long a reply of END's takes to come back to the tap: a segment that
 * passes sooner after another was sent before the other arrived.  Where the
 * handshake did not show it, half of the smallest RTO in use (200 ms). */
static inline int64_t
tf_end_rtt_ns(const struct tf_end *end)
{
	return end->rtt_64us ? (int64_t)end->rtt_64us * 64000 * 3 / 2 + 2000000 : 100000000;
}

/* Sooner than this nobody can have heard that something is missing, and sent it again.  Where the handshake did not show
 * it, by a guess. */
static inline int64_t
tf_round_trip_ns(const struct tf_step *st)
{
	int64_t rtt_ns = ((int64_t)st->x->rtt_64us + st->y->rtt_64us) * 64000;

	return rtt_ns ? rtt_ns : 3000000;
}

/* What is known of the FIN of one end; NULL where nothing is. */
static inline struct tf_fin_record *
tf_fin_of(const struct tf_step *st, enum tf_endpoint which)
{
	struct tf_closing *k = tf_closing_if(st->ctx, st->c);

	return k ? &k->fin[which] : NULL;
}

/* What is known of a FIN that did not pass, and that this step shows. */
static inline struct tf_fin_record
tf_fin_inferred(const struct tf_step *st)
{
	return (struct tf_fin_record){
	    .first_ns = st->ctx->now_ns, .packet = (uint32_t)st->s->packet, .inferred = true};
}

/* The path to the receiver is dead: nothing has come back for the last repetitions and probes. */
static inline bool
tf_path_is_dead(const struct tf_step *st)
{
	const struct tf_extra *x = tf_extra_if(st->ctx, st->c);

	return x && x->end[st->from].unanswered >= 2;
}

#endif
