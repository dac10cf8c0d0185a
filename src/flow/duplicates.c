/*
 * Copies made by the capture: a small table of what passed last, in sets of
 * two, by a digest of the whole segment.  Its hash has no key, so that the same
 * capture gives the same result everywhere.
 */
#include "flow/duplicates.h"

#define COPY_NS 1000000
#define SLOW_NS 10000000
#define TAPS_NS 200000000

#define UNCUT_OCTETS 1460 /* no less is cut for an Ethernet */

/* How long after BEFORE a copy of it may come.  What a host sends again bears another identification or timestamp,
 * and does not come so soon. */
static int64_t
limit_of(const struct tf_seen *before, const struct tf_segment *s, bool octets, bool most_doubled)
{
	bool elsewhere = (uint8_t)before->ts_and_ttl != s->ttl;

	if (elsewhere && (s->ip_id != 0 || (octets && s->options & TF_OPT_TIMESTAMPS)))
		return TAPS_NS;
	return s->ip_id != 0 && (octets || most_doubled) ? SLOW_NS : COPY_NS;
}

/* Until something is doubled all count. */
static void
count(struct tf_duplicates *d, const struct tf_segment *s)
{
	if (d->found && !tf_duplicates_can_tell(s))
		d->telling--;
}

void
tf_duplicates_note_asked(struct tf_duplicates *d, const struct tf_segment *s)
{
	bool is_syn = (s->flags & (TF_SYN | TF_ACK)) == TF_SYN;
	uint32_t place = s->hash % TF_ASKED_PLACES;

	if (!is_syn && !(s->options & TF_OPT_SACK))
		return;
	d->asked[place].ts_ns = s->ts_ns;
	d->asked[place].hash = s->hash;
	d->asked[place].ack = s->ack;
	d->asked[place].is_syn = is_syn;
}

/* Without an identification of its own: has the other end asked for S since BEFORE? */
static bool
is_asked_for(const struct tf_duplicates *d, const struct tf_seen *before, const struct tf_segment *s)
{
	uint32_t place = s->hash % TF_ASKED_PLACES;

	if (s->ip_id != 0 || (uint8_t)before->ts_and_ttl != s->ttl || d->asked[place].hash != s->hash ||
	    d->asked[place].ts_ns <= (before->ts_and_ttl | INT64_C(0xff)))
		return false;
	if (d->asked[place].is_syn)
		return (s->flags & (TF_SYN | TF_ACK)) == (TF_SYN | TF_ACK);
	return s->len > 0 && tf_seq_eq(d->asked[place].ack, s->seq);
}

static bool
is_copy_of(const struct tf_duplicates *d, const struct tf_seen *before, const struct tf_segment *s)
{
	int64_t after_ns = s->ts_ns - (before->ts_and_ttl & ~INT64_C(0xff));
	bool most_doubled = d->found >= 16 && d->found * 3 >= d->telling - 1;
	bool octets = s->len > 0 || s->flags & (TF_SYN | TF_FIN);

	if (after_ns < 0 || after_ns > limit_of(before, s, octets, most_doubled))
		return false;
	return (tf_duplicates_can_tell(s) || most_doubled) && !is_asked_for(d, before, s);
}

bool
tf_duplicates_judge(struct tf_duplicates *d, struct tf_seen set[2], uint64_t digest,
                    const struct tf_segment *s)
{
	bool latest = set[0].digest == digest;
	struct tf_seen before = set[!latest];

	if (!latest)
		set[1] = set[0];
	set[0] = tf_duplicates_seen(digest, s);
	if (!is_copy_of(d, &before, s))
		return false;
	d->found += tf_duplicates_can_tell(s);
	return true;
}

/* ---- pieces ------------------------------------------------------------------ */

/* Do its octets lie where the device cut that counted its identification up to that of S?  A device may leave them all
 * alike, too. */
static bool
fits_identification(const struct tf_whole *w, const struct tf_segment *s)
{
	uint32_t before = (uint32_t)tf_seq_diff(s->seq, w->seq);
	uint32_t pieces = (uint16_t)(s->ip_id - w->ip_id);

	if (pieces == 0)
		return true;
	return before % pieces == 0 && before / pieces >= s->len;
}

static bool
is_piece_of(const struct tf_whole *w, const struct tf_segment *s)
{
	tf_seq end = tf_seq_add(s->seq, s->len);

	if (w->hash != s->hash || w->src_port != s->src_port || !tf_seq_eq(w->ack, s->ack) ||
	    w->tsval != s->tsval || w->tsecr != s->tsecr || w->window != s->window)
		return false;
	if (tf_seq_lt(s->seq, w->seq) || tf_seq_gt(end, w->end) ||
	    (tf_seq_eq(s->seq, w->seq) && tf_seq_eq(end, w->end)))
		return false;
	return !(s->flags & TF_FIN) || (w->has_fin && tf_seq_eq(end, w->end));
}

static bool
was_taken_elsewhere(const struct tf_whole *w, const struct tf_segment *s)
{
	int64_t after_ns = s->ts_ns - (w->seen.ts_and_ttl & ~INT64_C(0xff));
	bool elsewhere = (uint8_t)w->seen.ts_and_ttl != s->ttl;

	if (after_ns < 0 || after_ns > limit_of(&w->seen, s, true, false))
		return false;
	return w->ip_id != 0 || s->ip_id != 0 ? fits_identification(w, s) : elsewhere;
}

static void
note_whole(struct tf_duplicates *d, uint32_t set, const struct tf_segment *s)
{
	uint8_t at = d->whole_next[set];

	d->whole_next[set] = (uint8_t)((at + 1) % TF_WHOLES);
	d->whole[set][at] = (struct tf_whole){
	    .seen = tf_duplicates_seen(0, s),
	    .hash = s->hash,
	    .seq = s->seq,
	    .end = tf_seq_add(s->seq, s->len),
	    .ack = s->ack,
	    .tsval = s->tsval,
	    .tsecr = s->tsecr,
	    .src_port = s->src_port,
	    .window = s->window,
	    .ip_id = s->ip_id,
	    .has_fin = s->flags & TF_FIN,
	};
}

static bool
is_piece(struct tf_duplicates *d, const struct tf_segment *s)
{
	uint32_t set = s->hash % TF_WHOLES_SETS;

	if (s->flags & (TF_SYN | TF_RST))
		return false;
	for (size_t i = 0; i < TF_WHOLES; i++) {
		const struct tf_whole *w = &d->whole[set][i];

		if (is_piece_of(w, s) && was_taken_elsewhere(w, s)) {
			d->found++;
			return true;
		}
	}
	if (s->len > UNCUT_OCTETS)
		note_whole(d, set, s);
	return false;
}

bool
tf_duplicates_check_thoroughly(struct tf_duplicates *d, const struct tf_segment *s)
{
	count(d, s);
	if (tf_duplicates_check(d, s))
		return true;
	tf_duplicates_note_asked(d, s);
	return d->found && s->len > 0 && is_piece(d, s);
}
