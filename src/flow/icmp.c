/*
 * An ICMP or ICMPv6 error, from its quotation to the connection that it
 * is about.  It is believed only where the quoted number is one that this
 * end has sent and that nobody has acknowledged (RFC 5927 section 4.1).
 *
 * A hard error ends an attempt to open, a soft one ends nothing
 * (RFC 1122 section 4.2.3.9, RFC 5461): nor does any error end a
 * synchronized connection (RFC 5927 section 5.2).
 */
#include <string.h>

#include "detect/detect.h"
#include "flow/flow.h"

static uint32_t
connection_of(const struct tf_analyzer *a, const struct tf_segment *quoted)
{
	uint32_t hash = tf_key_hash_segment(quoted, a->config.hash_key);

	struct tf_index_walk w;

	for (uint32_t value = tf_index_first(&a->index, hash, &w); value;
	     value = tf_index_next(&a->index, &w))
		if (!(value & TF_TOMBSTONE_BIT) && tf_value_is_of(a, value, quoted))
			return value;
	return 0;
}

static bool
is_credible(const struct tf_end *end, const struct tf_icmp_error *e)
{
	return tf_end_has(end, TF_END_SEQ_KNOWN) && tf_seq_ge(e->seq, end->una) &&
	       tf_seq_lt(e->seq, end->max);
}

/* Where a SYN is refused so, its sender is told; nobody else heard of it. */
static void
refuse(struct tf_analyzer *a, struct tf_connection *c, enum tf_endpoint from, const struct tf_icmp_error *e)
{
	if (from != TF_CLIENT || tf_connection_waits_in(&a->ctx, c, TF_CLIENT) != TF_SYN_SENT ||
	    !tf_icmp_is_hard(e))
		return;
	tf_replica_moved(tf_replica(&a->ctx, c, TF_CLIENT), TF_IN_RCV_UNREACHABLE, TF_PRESUMED);
	tf_connection_set_close(c, TF_CLOSE_REFUSED);
	c->last_ts_ns = a->ctx.now_ns;
}

void
tf_analyzer_icmp(struct tf_analyzer *a, const struct tf_icmp_error *e)
{
	struct tf_segment quoted = {
	    .src = e->src,
	    .dst = e->dst,
	    .src_port = e->src_port,
	    .dst_port = e->dst_port,
	    .is_wide = tf_addrs_are_wide(&e->src, &e->dst),
	};
	uint32_t index = connection_of(a, &quoted);

	tf_analyzer_advance(a, e->ts_ns);
	index = index ? connection_of(a, &quoted) : 0; /* the clock may have ended it */
	if (!index)
		return;
	if (index & TF_EMBRYO_BIT)
		index = tf_embryo_grow(a, index);
	struct tf_connection *c = tf_connection_at(a, index);
	enum tf_endpoint from = tf_connection_sender(c, &quoted);
	enum tf_state waits = tf_connection_waits_in(&a->ctx, c, from);

	tf_look_again(a, index);
	if (!is_credible(&c->end[from], e))
		return;
	tf_shape_forget(c);
	a->ctx.packet = a->ctx.last_packet = e->packet;
	if (!tf_icmp_is_unreachable(e)) {
		tf_too_big(&a->ctx, c, from, e);
	} else if (waits == TF_SYN_SENT || waits == TF_SYN_RECEIVED) {
		refuse(a, c, from, e);
		tf_unreachable(&a->ctx, c, from, e);
	} else {
		tf_undelivered(&a->ctx, c, from, e);
	}
	tf_look_again(a, index);
}
