/*
 * What another segment may explain yet: an ACK for what was not sent (its
 * data may be captured after it), data beyond the window (the ACK that
 * opened it may be), a wrong checksum (the receiver may take the segment:
 * then the capturing host's network card had not filled it in).
 *
 * Each waits for a second.  Of one end one doubt is kept at a time.  Data
 * with a wrong checksum waits until it is sent again, whenever that is.
 */
#include "detect/families.h"
#include "detect/memory.h"

#define WAIT_NS INT64_C(1000000000)

static void
doubt(struct tf_context *ctx, struct tf_extra *x, enum tf_endpoint end, enum tf_doubt_kind kind,
      struct tf_doubt d)
{
	if (x->doubt[end].kind != TF_DOUBT_NONE)
		return;
	d.kind = (uint8_t)kind;
	d.ns = ctx->now_ns;
	d.packet = ctx->packet;
	x->doubt[end] = d;
}

/* ---- where doubts come from ------------------------------------------------------------ */

static void
note_ack(const struct tf_step *st)
{
	struct tf_extra *x = tf_extra_if(st->ctx, st->c);

	if (!x || !st->bad_ack || st->before[TF_CLIENT] < TF_ESTABLISHED ||
	    st->before[TF_SERVER] < TF_ESTABLISHED || tf_seq_le(st->s->ack, st->y->max))
		return;
	doubt(st->ctx, x, st->from, TF_DOUBT_ACK, (struct tf_doubt){.seq = st->s->ack, .first = st->y->max});
}

static void
note_beyond(const struct tf_step *st)
{
	struct tf_extra *x;

	if (st->verdict != TF_REJECT_BEYOND || !(st->marks & TF_MARK_UNACCEPTABLE) ||
	    st->s->options & TF_OPT_MPTCP || st->c->flags & TF_CONN_GAP || st->s->flags & (TF_SYN | TF_RST) ||
	    !(st->s->flags & TF_ACK) || !(x = tf_extra_of(st->ctx, st->c)))
		return;
	doubt(st->ctx, x, st->from, TF_DOUBT_WINDOW,
	      (struct tf_doubt){.seq = st->s->seq, .first = st->x->una, .last = st->y->right});
}

void
tf_detect_damaged(struct tf_context *ctx, struct tf_connection *c, const struct tf_segment *s)
{
	struct tf_extra *x = tf_extra_of(ctx, c);

	if (!x)
		return;
	if (s->flags & (TF_FIN | TF_RST))
		x->damaged_close = true;
	doubt(ctx, x, tf_connection_sender(c, s), TF_DOUBT_CHECKSUM,
	      (struct tf_doubt){.seq = s->seq, .last = tf_segment_end(s), .checksum = s->checksum});
}

/* ---- damaged data ---------------------------------------------------------------------------- */

static struct tf_damaged_data *
damaged_place(const struct tf_context *ctx, const struct tf_connection *c, const struct tf_segment *s)
{
	return &ctx->memory->damaged[tf_digest_at(c->conn, s) % TF_DAMAGED_PLACES];
}

void
tf_detect_damaged_data(struct tf_context *ctx, const struct tf_connection *c, const struct tf_segment *s)
{
	*damaged_place(ctx, c, s) = (struct tf_damaged_data){
	    .packet = s->packet,
	    .ts_ns = ctx->now_ns,
	    .conn = (uint32_t)c->conn,
	    .seq = s->seq,
	    .len = s->len,
	    .src_port = s->src_port,
	    .checksum = s->checksum,
	    .ip_id = s->ip_id,
	};
}

/* The same packet at a second place, where its checksum was filled in: it bears the first one's IP ID, or comes sooner than
 * anything is sent again. */
static bool
is_copy(const struct tf_step *st, const struct tf_damaged_data *d)
{
	return (d->ip_id && d->ip_id == st->s->ip_id) || st->ctx->now_ns - d->ts_ns < tf_round_trip_ns(st);
}

/* The same octets with a right checksum, and nobody has acknowledged the first ones: they were damaged on the way.  Where
 * the card fills checksums in, or the payload was edited, those of both are wrong. */
static void
check_damaged_data(const struct tf_step *st)
{
	const struct tf_segment *s = st->s;
	struct tf_damaged_data *d = damaged_place(st->ctx, st->c, s);

	if (!st->data || !(st->marks & TF_MARK_RETRANSMISSION) || s->checksum_state != TF_CHECKSUM_VALID ||
	    !d->packet || d->conn != (uint32_t)st->c->conn || d->src_port != s->src_port ||
	    !tf_seq_eq(d->seq, s->seq) || d->len > s->len || tf_seq_gt(st->x->una, s->seq) || is_copy(st, d))
		return;
	struct tf_finding f = tf_finding(st->ctx, st->c, TF_A_BAD_CHECKSUM, st->from);
	tf_finding_count(&f, "checksum", TF_D_COUNT, d->checksum);
	tf_finding_packet(&f, d->packet);
	tf_finding_packet(&f, s->packet);
	tf_raise(st->ctx, st->c, &f);
	d->packet = 0;
}

/* ---- what takes them away ----------------------------------------------------------------- */

/* The sender's own later segments: the data was on its way, the numbers go on there, or it is sent again. */
static void
hear_sender(const struct tf_step *st, struct tf_extra *x)
{
	struct tf_doubt *own = &x->doubt[st->from], *peers = &x->doubt[st->to];

	if (own->kind == TF_DOUBT_CHECKSUM && tf_seq_le(st->s->seq, own->seq) &&
	    tf_seq_ge(st->end, own->last))
		own->again = true;
	if (peers->kind == TF_DOUBT_ACK) {
		if (tf_seq_ge(st->end, peers->seq))
			peers->kind = TF_DOUBT_NONE;
		else if (st->fresh)
			peers->again = true; /* it goes on below: it has not sent that far */
	}
}

/* ---- after a second -------------------------------------------------------------------------- */

static void
raise_ack(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint end, const struct tf_doubt *d)
{
	const struct tf_end *peer = &c->end[!end];

	if (!d->again || tf_seq_ge(peer->max, d->seq))
		return;
	struct tf_finding f = tf_finding(ctx, c, TF_A_ACK_OF_UNSENT_DATA, end);
	tf_finding_count(&f, "ack", TF_D_SEQ, d->seq.v);
	tf_finding_count(&f, "highest", TF_D_SEQ, d->first.v);
	tf_finding_count(&f, "beyond", TF_D_COUNT, d->seq.v - d->first.v);
	tf_finding_packet(&f, d->packet);
	tf_raise(ctx, c, &f);
}

static void
raise_beyond(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint end, const struct tf_doubt *d)
{
	const struct tf_end *own = &c->end[end], *peer = &c->end[!end];

	/* The window had been opened so far, or it was taken nevertheless; or what was known of it is outdated. */
	if (!tf_end_has(peer, TF_END_WINDOW_KNOWN) || tf_seq_ge(peer->right, d->seq) ||
	    tf_seq_gt(own->una, d->seq) || c->flags & TF_CONN_GAP)
		return;
	struct tf_finding f = tf_finding(ctx, c, TF_A_OUT_OF_WINDOW, end);
	tf_finding_count(&f, "seq", TF_D_SEQ, d->seq.v);
	tf_finding_count(&f, "window_first", TF_D_SEQ, d->first.v);
	tf_finding_count(&f, "window_last", TF_D_SEQ, d->last.v);
	tf_finding_packet(&f, d->packet);
	tf_raise(ctx, c, &f);
}

static void
raise_checksum(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint end,
               const struct tf_doubt *d)
{
	struct tf_extra *x = tf_extra_if(ctx, c);
	const struct tf_end *own = &c->end[end];
	bool empty = tf_seq_eq(d->seq, d->last);

	/* Acknowledged, and not because it was sent again: the receiver had it whole. */
	if (!empty && !d->again && tf_end_has(own, TF_END_SEQ_KNOWN) && tf_seq_ge(own->una, d->last)) {
		/* So the capture did not miss it either. */
		if (tf_seq_eq(x->gap[end].left, d->seq))
			x->gap[end].ns = 0;
		return;
	}
	struct tf_finding f = tf_finding(ctx, c, TF_A_BAD_CHECKSUM, end);
	tf_finding_count(&f, "checksum", TF_D_COUNT, d->checksum);
	tf_finding_packet(&f, d->packet);
	tf_raise(ctx, c, &f);
}

static void
settle(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint end, struct tf_doubt *d)
{
	struct tf_doubt was = *d;

	d->kind = TF_DOUBT_NONE;
	switch (was.kind) {
	case TF_DOUBT_ACK:
		raise_ack(ctx, c, end, &was);
		break;
	case TF_DOUBT_WINDOW:
		raise_beyond(ctx, c, end, &was);
		break;
	case TF_DOUBT_CHECKSUM:
		raise_checksum(ctx, c, end, &was);
		break;
	case TF_DOUBT_NONE:
		break;
	}
}

void
tf_doubtful_segment(const struct tf_step *st)
{
	struct tf_extra *x = tf_extra_if(st->ctx, st->c);

	if (x && !(st->s->flags & TF_RST))
		hear_sender(st, x);
	note_ack(st);
	note_beyond(st);
	check_damaged_data(st);
}

int64_t
tf_doubtful_next(const struct tf_extra *x)
{
	int64_t next = INT64_MAX;

	for (int e = 0; e < 2; e++)
		if (x->doubt[e].kind != TF_DOUBT_NONE)
			next = tf_earlier(next, x->doubt[e].ns + WAIT_NS);
	return next;
}

void
tf_doubtful_deadline(struct tf_context *ctx, struct tf_connection *c)
{
	struct tf_extra *x = tf_extra_if(ctx, c);

	if (!x)
		return;
	for (int e = 0; e < 2; e++)
		if (x->doubt[e].ns + WAIT_NS <= ctx->now_ns)
			settle(ctx, c, (enum tf_endpoint)e, &x->doubt[e]);
}
