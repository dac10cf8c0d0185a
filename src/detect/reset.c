/*
 * Connections that end by a RST: an abort of a live end, or the answer of
 * an end that has no such connection any more (RFC 9293 section 3.5.1).
 */
#include "detect/families.h"

static uint64_t
unacknowledged(const struct tf_end *end)
{
	return tf_end_has(end, TF_END_SEQ_KNOWN) && tf_seq_gt(end->max, end->una) ? end->max.v - end->una.v
	                                                                          : 0;
}

static bool
synchronized(enum tf_state s)
{
	return s >= TF_ESTABLISHED;
}

/* A host without the connection answers data or a probe with a bare RST
 * whose number is that segment's ACK (section 3.10.7.1); a live end's RST
 * carries an ACK.  Or it began anew, and its RST answers the challenge. */
static bool
lost_its_state(const struct tf_step *st)
{
	const struct tf_extra *x = tf_extra_if(st->ctx, st->c);
	bool bare = !(st->s->flags & TF_ACK) && tf_seq_eq(st->s->seq, st->x->nxt);
	bool closing = tf_end_has(st->x, TF_END_FIN) || tf_end_has(st->y, TF_END_FIN);
	bool probed = x && x->probe_ns[st->to] > 0 && st->c->last_ts_ns - x->probe_ns[st->to] < TF_SETTLE_NS;

	if (closing || st->before[st->from] != TF_ESTABLISHED)
		return false;
	if (x && x->held) {
		const struct tf_held_syn *held = tf_pool_at(&st->ctx->held, x->held);
		if (held->from == st->from)
			return true;
	}
	return bare && (unacknowledged(st->y) > 0 || probed);
}

static void
raise_half_open(const struct tf_step *st)
{
	struct tf_finding f = tf_finding(st->ctx, st->c, TF_A_HALF_OPEN, st->from);

	tf_finding_count(&f, "seq", TF_D_SEQ, st->s->seq.v);
	tf_finding_count(&f, "unacknowledged", TF_D_COUNT, unacknowledged(st->y));
	tf_finding_packet(&f, st->s->packet);
	tf_raise(st->ctx, st->c, &f);
}

static void
raise_abort(const struct tf_step *st)
{
	struct tf_finding f = tf_finding(st->ctx, st->c, TF_A_RST_ABORT, st->from);

	tf_finding_text(&f, "by", st->from == TF_CLIENT ? "the client" : "the server");
	tf_finding_count(&f, "client_state", TF_D_STATE, st->before[TF_CLIENT]);
	tf_finding_count(&f, "server_state", TF_D_STATE, st->before[TF_SERVER]);
	tf_finding_count(&f, "unacknowledged", TF_D_COUNT, unacknowledged(st->x) + unacknowledged(st->y));
	tf_finding_packet(&f, st->s->packet);
	tf_raise(st->ctx, st->c, &f);
}

void
tf_reset_segment(const struct tf_step *st)
{
	bool ended = st->s->flags & TF_RST && tf_connection_close(st->c) == TF_CLOSE_RST &&
	             tf_connection_closed(st->c);

	if (!ended || !synchronized(st->before[st->from]) || !synchronized(st->before[st->to]))
		return;
	if (lost_its_state(st))
		raise_half_open(st);
	else
		raise_abort(st);
}
