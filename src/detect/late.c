/*
 * Segments of connections that are closed and reported: a FIN that comes
 * again when TIME-WAIT is over (RFC 9293 section 3.6.1), data for a
 * connection that a RST ended.  Their findings follow the record.
 *
 * Only what was kept of the connection is known here; a segment whose
 * numbers do not lie where that one's lay does not come here.
 */
#include "detect/families.h"

static unsigned
side_of(const struct tf_connection *c, enum tf_endpoint which)
{
	return (which == TF_SERVER) != ((c->flags & TF_CONN_CLIENT_SECOND) != 0);
}

static enum tf_endpoint
end_of(const struct tf_remains *r, unsigned side)
{
	return (side == 1) == r->client_second ? TF_CLIENT : TF_SERVER;
}

void
tf_detect_bury(const struct tf_context *ctx, const struct tf_connection *c, struct tf_remains *r)
{
	const struct tf_closing *k = tf_closing_if(ctx, c);
	const struct tf_extra *x = tf_extra_if(ctx, c);

	*r = (struct tf_remains){.client_second = (c->flags & TF_CONN_CLIENT_SECOND) != 0};
	if (x && tf_connection_close(c) == TF_CLOSE_RST && x->rst.exact && !x->rst.unplaced) {
		r->rst_ns = x->rst.ts_ns;
		r->rst_packet = x->rst.packet;
		r->rst_side = (uint8_t)side_of(c, (enum tf_endpoint)x->rst.from);
		r->data_raised = (tf_raised(ctx, c, TF_A_DATA_AFTER_CLOSE, TF_CLIENT) ||
		                  tf_raised(ctx, c, TF_A_DATA_AFTER_CLOSE, TF_SERVER));
	}
	if (!k || tf_connection_close(c) != TF_CLOSE_FIN)
		return;
	r->fin_raised = tf_raised(ctx, c, TF_A_FIN_AFTER_TIME_WAIT, TF_CLIENT) ||
	                tf_raised(ctx, c, TF_A_FIN_AFTER_TIME_WAIT, TF_SERVER);
	for (enum tf_endpoint e = TF_CLIENT; e <= TF_SERVER; e++) {
		/* Where no ACK of the other one's FIN passed, its TIME-WAIT was a guess. */
		r->time_wait_ns[side_of(c, e)] = k->fin[!e].ack_ns ? k->time_wait_ns[e] : 0;
		r->fin_packet[side_of(c, e)] = tf_packet_of(ctx, k->fin[e].packet);
	}
}

static struct tf_finding
finding(const struct tf_context *ctx, const struct tf_late *l, enum tf_anomaly id, enum tf_endpoint end)
{
	return tf_finding_of(ctx, l->former->conn, l->key, l->remains->client_second, id, end);
}

/* ---- a FIN after TIME-WAIT ------------------------------------------------------------ */

static void
raise_fin(struct tf_context *ctx, const struct tf_late *l, uint64_t reset)
{
	struct tf_remains *r = l->remains;
	struct tf_finding f = finding(ctx, l, TF_A_FIN_AFTER_TIME_WAIT, end_of(r, r->again_side));

	tf_finding_duration(&f, "after", r->again_ns - r->time_wait_ns[!r->again_side]);
	tf_finding_count(&f, "reset", TF_D_BOOL, reset != 0);
	tf_finding_where(&f, TF_WHERE_BEHIND, TF_LATE_FIN_WHY);
	tf_finding_packet(&f, r->fin_packet[r->again_side]);
	tf_finding_packet(&f, r->again_packet);
	tf_finding_packet(&f, reset);
	r->fin_raised = true;
	r->again_packet = 0;
	tf_raise_subject(ctx, &f);
}

static void
note_fin(struct tf_context *ctx, const struct tf_late *l, unsigned side, const struct tf_segment *s)
{
	struct tf_remains *r = l->remains;
	int64_t began_ns = r->time_wait_ns[!side];

	if (r->fin_raised || !(s->flags & TF_FIN) || !began_ns ||
	    ctx->now_ns <= began_ns + ctx->config->timer[TF_TIMER_TIME_WAIT] ||
	    !tf_seq_eq(tf_segment_end(s), l->former->max[side]))
		return;
	if (r->again_packet) {
		raise_fin(ctx, l, 0);
		return;
	}
	r->again_packet = s->packet;
	r->again_ns = ctx->now_ns;
	r->again_side = (uint8_t)side;
}

/* ---- data after a RST -------------------------------------------------------------------- */

static void
check_data(struct tf_context *ctx, const struct tf_late *l, unsigned side, const struct tf_segment *s)
{
	struct tf_remains *r = l->remains;
	bool probe = s->len <= 1 && tf_seq_le(tf_segment_end(s), l->former->max[side]);

	if (!r->rst_ns || r->data_raised || !s->len || probe || s->flags & (TF_SYN | TF_RST))
		return;
	struct tf_finding f = finding(ctx, l, TF_A_DATA_AFTER_CLOSE, end_of(r, side));
	tf_finding_text(&f, "close", "RST");
	tf_finding_count(&f, "bytes", TF_D_COUNT, s->len);
	tf_finding_duration(&f, "after", ctx->now_ns - r->rst_ns);
	if (side == r->rst_side && tf_seq_ge(s->seq, l->former->max[side]))
		tf_finding_text(&f, "note", TF_NOT_ITS_OWN_RST);
	tf_finding_packet(&f, r->rst_packet);
	tf_finding_packet(&f, s->packet);
	r->data_raised = true;
	tf_raise_subject(ctx, &f);
}

void
tf_detect_late(struct tf_context *ctx, const struct tf_late *l, unsigned side, const struct tf_segment *s)
{
	const struct tf_remains *r = l->remains;

	if (s->flags & TF_RST) {
		if (r->again_packet && side != r->again_side && ctx->now_ns - r->again_ns < TF_LATE_ANSWER_NS)
			raise_fin(ctx, l, s->packet);
		return;
	}
	note_fin(ctx, l, side, s);
	check_data(ctx, l, side, s);
}

void
tf_detect_forget(struct tf_context *ctx, const struct tf_late *l)
{
	if (l->remains->again_packet)
		raise_fin(ctx, l, 0);
}
