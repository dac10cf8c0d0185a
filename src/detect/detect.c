/*
 * The detectors, called one family after the other.
 */
#include "detect/detect.h"

#include "core/plain.h"
#include "detect/ending.h"
#include "detect/families.h"
#include "detect/memory.h"

void
tf_detect_segment(const struct tf_step *st)
{
	if (st->data)
		tf_overlap_segment(st);
	/* An ordinary segment of an ordinary connection has nothing to tell. */
	if (!st->c->closing && (st->s->flags & (TF_SYN | TF_FIN | TF_RST | TF_ACK)) == TF_ACK &&
	    !(st->c->flags & (TF_CONN_MIDSTREAM | TF_CONN_EMBRYONIC)) && !(st->marks & TF_MARK_UNACCEPTABLE))
		return;
	tf_opening_segment(st);
	tf_handshake_segment(st);
	tf_flood_segment(st);
	tf_unanswered_segment(st);
	tf_isn_segment(st);
	tf_host_isn_segment(st);
	tf_too_big_segment(st);
	tf_unexpected_segment(st);
	tf_injection_segment(st);
	tf_doubtful_segment(st);
	tf_ahead_segment(st);
	tf_repetition_segment(st);
	tf_reuse_segment(st);
	tf_leaks_segment(st);
	tf_silence_segment(st);
	tf_reset_segment(st);
	tf_after_fin_segment(st);
	tf_closing_segment(st);
	tf_ending_segment(st);
}

/* Of what is plain only the listeners and the hosts want to know: the first answer to the only SYN, as a rule with a
 * connection that waits for the third segment now. */
static void
plain_syn_ack(struct tf_context *ctx, struct tf_connection *c, const struct tf_segment *s)
{
	tf_note_answer_packet(ctx, c->conn, s);
	if (c->flags & (TF_CONN_MIDSTREAM | TF_CONN_SIMULTANEOUS | TF_CONN_SPLIT))
		return;
	if (tf_connection_waits_in(ctx, c, TF_SERVER) == TF_SYN_RECEIVED)
		tf_flood_connection_answer(ctx, c, s);
	struct tf_opening o = tf_opening_of(ctx, c);
	tf_detect_numbers(ctx, &o, s);
}

const char *
tf_detect_answer(struct tf_context *ctx, struct tf_opening *o, const struct tf_segment *s)
{
	tf_note_answer_packet(ctx, o->conn, s);
	return tf_flood_answer(ctx, o, s);
}

void
tf_detect_ask(const struct tf_context *ctx, const struct tf_segment *s, uint64_t conn)
{
	struct tf_memory *m = ctx->memory;
	bool answer = s->plain.move == TF_MAY_SYN_ACK;

	/* For gcc 12 a function that only prefetches has no effect, and so it leaves out the call. */
	__asm__ volatile("");
	if (m->listeners.used)
		tf_listener_ask(&m->listeners, answer ? &s->src : &s->dst,
		                answer ? s->src_port : s->dst_port);
	if (!conn)
		return;
	tf_prefetch_to_write(tf_handshake_place(m, conn));
	if (!answer)
		return;
	tf_host_ask(&m->hosts, tf_host_hash(&m->hosts, &s->src));
	tf_host_ask(&m->hosts, tf_host_hash(&m->hosts, &s->dst));
}

void
tf_detect_opening(struct tf_context *ctx, struct tf_connection *c, const struct tf_segment *s,
                  enum tf_endpoint from)
{
	if ((s->flags & (TF_SYN | TF_ACK)) == TF_SYN)
		tf_flood_syn(ctx, s);
	else if (s->flags & TF_SYN)
		plain_syn_ack(ctx, c, s);
	if (!(c->flags & TF_CONN_EMBRYONIC))
		return;
	if (from == TF_CLIENT)
		tf_note_third_packet(ctx, c, s);
	if (tf_end_state(&c->end[TF_SERVER]) != TF_SYN_RECEIVED)
		tf_flood_leave(ctx, c);
}

void
tf_detect_ordinary(struct tf_context *ctx, const struct tf_connection *c, const struct tf_segment *s)
{
	if (s->len > 1 && s->checksum_state == TF_CHECKSUM_VALID)
		tf_digest_keep(&ctx->memory->digests, c->conn, s);
}

void
tf_detect_calm(struct tf_context *ctx, const struct tf_connection *c, const struct tf_segment *s,
               enum tf_endpoint from)
{
	struct tf_extra *x = tf_extra_if(ctx, c);

	x->watch[from].answered_ns = x->watch[from].heard_ns = ctx->now_ns;
	tf_repetition_calm(x, c, s, from);
}

/* Is there room for the rare things of C, which has none yet?  They take a place among the closings, too. */
static bool
has_room(const struct tf_context *ctx, const struct tf_connection *c)
{
	return ctx->extras.used < ctx->extras.capacity &&
	       (c->closing || ctx->closings.used < ctx->closings.capacity);
}

int64_t
tf_detect_next(const struct tf_context *ctx, const struct tf_connection *c)
{
	const struct tf_extra *x = tf_extra_if(ctx, c);

	/* What cannot be noted would be due again at once, for ever. */
	if (!x && !has_room(ctx, c))
		return INT64_MAX;
	int64_t next = tf_silence_next(ctx, c);
	if (c->closing)
		next = tf_earlier(next, tf_closing_next(ctx, c));
	if (!x)
		return next;
	next = tf_earlier(next, tf_opening_next(ctx, c, x));
	next = tf_earlier(next, tf_handshake_next(x));
	next = tf_earlier(next, tf_doubtful_next(x));
	next = tf_earlier(next, tf_ahead_next(x));
	return tf_earlier(next, tf_gaps_next(x));
}

void
tf_detect_deadline(struct tf_context *ctx, struct tf_connection *c)
{
	tf_refusal_deadline(ctx, c, false);
	tf_opening_deadline(ctx, c);
	tf_unanswered_deadline(ctx, c);
	tf_handshake_deadline(ctx, c);
	if (tf_connection_waits_in(ctx, c, TF_SERVER) != TF_SYN_RECEIVED)
		tf_flood_leave(ctx, c);
	tf_closing_deadline(ctx, c);
	tf_ahead_deadline(ctx, c, false);
	tf_gaps_deadline(ctx, c, false);
	tf_reset_deadline(ctx, c, false);
	tf_silence_deadline(ctx, c);
	tf_doubtful_deadline(ctx, c);
}

void
tf_detect_end(struct tf_context *ctx, struct tf_connection *c)
{
	const uint32_t counted = TF_CONN_WAITING | TF_CONN_IN_A_CROWD | TF_CONN_EMBRYONIC;

	tf_midstream_end(ctx, c);
	if (tf_extra_if(ctx, c)) {
		tf_refusal_deadline(ctx, c, true);
		tf_ahead_deadline(ctx, c, true);
		tf_gaps_deadline(ctx, c, true);
		tf_reset_deadline(ctx, c, true);
		tf_repetition_end(ctx, c);
		tf_leaks_leave(ctx, c);
		tf_handshake_end(ctx, c);
	}
	if (tf_extra_if(ctx, c) || c->flags & counted)
		tf_unanswered_leave(ctx, c);
	if (c->flags & counted)
		tf_flood_leave(ctx, c);
}

void
tf_detect_finish(struct tf_context *ctx)
{
	tf_flood_end(ctx);
	tf_host_isn_end(ctx);
}

void
tf_detect_over(struct tf_context *ctx)
{
	tf_unanswered_end(ctx);
}
