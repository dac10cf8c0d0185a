/*
 * Segments that an end does not expect: a SYN or a RST into a connection
 * that lives on (RFC 5961), an ACK of something unsent, data outside the
 * window or with an old timestamp (RFC 7323 section 5), control bits that
 * no TCP sends, a checksum that is wrong.
 *
 * A tap may see segments in another order than the ends do, and may miss
 * some.  So what another segment could explain waits for a second
 * (doubtful.c), and what an end is said to have survived it must have
 * survived by a segment that was sent afterwards.
 */
#include "detect/families.h"

#define ANSWER_NS INT64_C(1000000000) /* a challenge ACK comes sooner than this */

static bool
synchronized(const struct tf_step *st)
{
	return st->before[TF_CLIENT] >= TF_ESTABLISHED && st->before[TF_SERVER] >= TF_ESTABLISHED;
}

/* ---- control bits ----------------------------------------------------------------- */

static bool
flags_are_invalid(unsigned flags)
{
	if (flags & TF_SYN)
		return (flags & (TF_FIN | TF_RST)) != 0;
	return !(flags & (TF_RST | TF_ACK));
}

const char *
tf_flag_words(char out[TF_FLAG_WORDS], unsigned flags)
{
	static const struct {
		unsigned bit;
		const char word[5];
	} words[] = {{TF_SYN, ",SYN"}, {TF_FIN, ",FIN"}, {TF_RST, ",RST"},
	             {TF_PSH, ",PSH"}, {TF_ACK, ",ACK"}, {TF_URG, ",URG"}};
	size_t at = 0;

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (!(flags & words[i].bit))
			continue;
		memcpy(out + at, words[i].word, 4);
		at += 4;
	}
	out[at] = '\0';
	return at ? out + 1 : "none";
}

static void
check_flags(const struct tf_step *st)
{
	char words[TF_FLAG_WORDS];

	if (!flags_are_invalid(st->s->flags))
		return;
	struct tf_finding f = tf_finding(st->ctx, st->c, TF_A_INVALID_FLAGS, st->from);
	tf_finding_text(&f, "flags", tf_flag_words(words, st->s->flags));
	tf_finding_packet(&f, st->s->packet);
	tf_raise(st->ctx, st->c, &f);
}

/* ---- PAWS ---------------------------------------------------------------------------- */

/* Old duplicates and reordered ACKs are stale too, and nobody misses them. */
static void
check_stale(const struct tf_step *st)
{
	if (st->verdict != TF_REJECT_STALE || tf_segment_seg_len(st->s) == 0 ||
	    tf_seq_le(st->end, st->x->una) || !synchronized(st))
		return;
	struct tf_finding f = tf_finding(st->ctx, st->c, TF_A_PAWS_REJECT, st->from);
	tf_finding_count(&f, "tsval", TF_D_COUNT, st->s->tsval);
	tf_finding_count(&f, "recent", TF_D_COUNT, st->x->ts_recent);
	tf_finding_packet(&f, st->s->packet);
	tf_raise(st->ctx, st->c, &f);
}

/* ---- challenge ACKs -------------------------------------------------------------------- */

static void
raise_challenge(const struct tf_step *st, const char *answers, tf_seq seq, uint64_t packet)
{
	struct tf_finding f = tf_finding(st->ctx, st->c, TF_A_CHALLENGE_ACK, st->from);

	tf_finding_text(&f, "answers", answers);
	tf_finding_count(&f, "seq", TF_D_SEQ, seq.v);
	tf_finding_count(&f, "expected", TF_D_SEQ, st->s->ack.v);
	tf_finding_packet(&f, packet);
	tf_finding_packet(&f, st->s->packet);
	tf_raise(st->ctx, st->c, &f);
}

/* An ACK that says nothing new, soon after what it answers. */
static void
check_challenge(const struct tf_step *st, const struct tf_extra *x)
{
	bool bare = st->s->len == 0 && (st->s->flags & (TF_SYN | TF_FIN | TF_RST | TF_ACK)) == TF_ACK;

	if (!bare || st->ack_advances || st->bad_ack || !st->at_edge || st->before[st->from] < TF_ESTABLISHED)
		return;
	if (x->held) {
		struct tf_held_syn *held = tf_pool_at(&st->ctx->held, x->held);
		if (held->from == st->to && st->ctx->now_ns - held->last_ns < ANSWER_NS) {
			held->challenge_packet = st->s->packet;
			raise_challenge(st, "SYN", held->segment.seq, held->last_packet);
		}
	}
	const struct tf_end_watch *w = &x->watch[st->to];
	if (w->missed_packet && st->ctx->now_ns - w->missed_ns < ANSWER_NS)
		raise_challenge(st, "RST", w->missed_seq, w->missed_packet);
}

/* ---- a RST that was survived ---------------------------------------------------------------- */

/* In the window, and beyond all that its alleged sender sent: it had to guess.  Others that miss the window, as in a
 * sweep, leave it as it is. */
static void
note_rst(const struct tf_step *st, struct tf_extra *x)
{
	struct tf_end_watch *w = &x->watch[st->from];

	if (x->rst.exact)
		w->missed_packet = 0;
	if (x->rst.exact || x->rst.packet != st->s->packet || !synchronized(st) ||
	    !tf_end_has(st->y, TF_END_WINDOW_KNOWN) || !tf_seq_eq(st->x->nxt, st->x->max) ||
	    tf_seq_le(st->s->seq, st->x->nxt) || tf_seq_ge(st->s->seq, st->y->right))
		return;
	w->missed_packet = st->s->packet;
	w->missed_ns = st->ctx->now_ns;
	w->missed_seq = st->s->seq;
	w->missed_expected = st->x->nxt;
}

static void
check_survival(const struct tf_step *st, struct tf_extra *x)
{
	struct tf_end_watch *w = &x->watch[st->from];

	if (!w->missed_packet || !st->fresh || st->bad_ack || tf_step_rejected(st) ||
	    st->ctx->now_ns - w->missed_ns <= tf_end_rtt_ns(st->x))
		return;
	struct tf_finding f = tf_finding(st->ctx, st->c, TF_A_BLIND_RST, st->from);
	tf_finding_count(&f, "seq", TF_D_SEQ, w->missed_seq.v);
	tf_finding_count(&f, "expected", TF_D_SEQ, w->missed_expected.v);
	tf_finding_count(&f, "offset", TF_D_COUNT, w->missed_seq.v - w->missed_expected.v);
	tf_finding_packet(&f, w->missed_packet);
	tf_finding_packet(&f, st->s->packet);
	w->missed_packet = 0;
	tf_raise(st->ctx, st->c, &f);
}

/* ---- a SYN that was survived ------------------------------------------------------------------ */

static bool
is_open(enum tf_state s)
{
	return s >= TF_ESTABLISHED && s != TF_TIME_WAIT;
}

/* S is older than what has passed, or came sooner than an answer to the SYN could come back. */
static bool
may_precede(const struct tf_context *ctx, const struct tf_end *x, const struct tf_held_syn *held,
            const struct tf_segment *s)
{
	return tf_seq_lt(tf_seq_add(s->seq, 1), x->max) || ctx->now_ns - held->last_ns <= tf_end_rtt_ns(x);
}

bool
tf_detect_syn_survived(struct tf_context *ctx, struct tf_connection *c, const struct tf_held_syn *held,
                       const struct tf_segment *s)
{
	const struct tf_end *x = &c->end[held->from];

	if (!is_open(tf_end_state(&c->end[TF_CLIENT])) || !is_open(tf_end_state(&c->end[TF_SERVER])) ||
	    !tf_end_has(x, TF_END_SEQ_KNOWN))
		return true;
	if (may_precede(ctx, x, held, s))
		return false;
	struct tf_finding f = tf_finding(ctx, c, TF_A_BLIND_SYN, held->from);
	tf_finding_count(&f, "seq", TF_D_SEQ, held->segment.seq.v);
	tf_finding_count(&f, "expected", TF_D_SEQ, x->max.v);
	tf_finding_packet(&f, held->segment.packet);
	tf_finding_packet(&f, held->last_packet);
	tf_finding_packet(&f, s->packet);
	tf_raise(ctx, c, &f);
	return true;
}

void
tf_unexpected_segment(const struct tf_step *st)
{
	struct tf_extra *x = tf_extra_if(st->ctx, st->c);

	check_flags(st);
	check_stale(st);
	if (!x)
		return;
	if (st->s->flags & TF_RST) {
		note_rst(st, x);
		return;
	}
	check_challenge(st, x);
	check_survival(st, x);
}
