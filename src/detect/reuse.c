/*
 * A new connection where the former one on the same addresses and ports
 * was never closed (RFC 9293 section 3.5.1): one end had forgotten it.
 *
 * The new one must have been accepted, and the tap must have seen the
 * former from its opening on without a gap: else its close may have been
 * missed.
 */
#include "detect/families.h"

static bool
was_open(enum tf_state s)
{
	return s == TF_ESTABLISHED || s == TF_FIN_WAIT_1 || s == TF_FIN_WAIT_2 || s == TF_CLOSE_WAIT;
}

void
tf_reuse_segment(const struct tf_step *st)
{
	const struct tf_extra *x = tf_extra_if(st->ctx, st->c);

	if (!x || x->former.closed || x->former.doubtful ||
	    (st->s->flags & (TF_SYN | TF_ACK | TF_RST)) != (TF_SYN | TF_ACK) || !st->first_syn ||
	    st->bad_ack || !was_open(x->former.state[TF_CLIENT]) || !was_open(x->former.state[TF_SERVER]))
		return;
	struct tf_finding f = tf_finding(st->ctx, st->c, TF_A_REUSE_WHILE_OPEN, TF_CLIENT);
	tf_finding_count(&f, "former", TF_D_COUNT, x->former.conn);
	tf_finding_count(&f, "client_state", TF_D_STATE, x->former.state[TF_CLIENT]);
	tf_finding_count(&f, "server_state", TF_D_STATE, x->former.state[TF_SERVER]);
	tf_finding_duration(&f, "idle", tf_since_former(st->c, &x->former));
	tf_finding_packet(&f, tf_first_packet(st->ctx, st->c));
	tf_finding_packet(&f, st->s->packet);
	tf_raise(st->ctx, st->c, &f);
}
