/*
 * Writing trails: see trail.h.  A short one, as nearly all are,
 * stays as it is written.  A long one becomes rungs once, so that neighbours
 * of plain data can be told together, and is written when it is asked for:
 * memory stays small however long a connection lives.
 */
#include "trail.h"

#include <errno.h>
#include <stdlib.h>

#include "number.h"
#include "trail_head.h"

#define MOST_RUNGS 600        /* of one connection, unless the owner says otherwise */
#define OTHERS     8          /* times as many, where they are no segments: states are not to be wrong */
#define FIRST      256        /* octets that a trail begins with: most connections need no more */
#define LONGEST    64         /* octets of one rung: six numbers of 32 bits, three of 64, four of 16 */
#define SURE       0xff       /* no state: nothing is presumed */
#define NEIGHBOURS 4          /* rungs back that are looked at for one of the same sender */
#define COARSE     64         /* segments told as one, from which on those with marks are, too */
#define COARSEST   (1u << 24) /* segments that are told as one */

static struct tf_trail_head *
head_of(const struct tf_pending *p)
{
	return (struct tf_trail_head *)(void *)p->lines.data;
}

/* ---- writing -------------------------------------------------------------------------------- */

/* V is taken for a difference in sequence space. */
static inline uint8_t *
put_step(uint8_t *at, uint32_t v)
{
	return tf_number_signed(at, (int32_t)v);
}

static inline int64_t
units_since(int64_t unit_ns, const struct tf_pending *p, int64_t ts_ns)
{
	/* The usual units by name: then the compiler divides by a constant. */
	if (unit_ns == 1000)
		return ts_ns / 1000 - p->start_ns / 1000;
	return ts_ns / unit_ns - p->start_ns / unit_ns;
}

/* A segment at TIME in the trail's units, or several. */
static inline uint8_t *
put_segment(uint8_t *at, struct tf_trail_last *last, int64_t time, uint64_t packet, unsigned end,
            unsigned flags, unsigned marks, uint32_t seq, uint32_t ack, uint16_t window, uint32_t len)
{
	uint32_t seq_step = seq - last->next[end];
	uint32_t ack_step = flags & TF_ACK ? ack - last->next[!end] : 0;
	unsigned bits = end;
	uint8_t *first = at++;

	at = tf_number_signed(at, time - last->time);
	at = tf_number_signed(at, (int64_t)(packet - last->packet));
	if (flags != TF_ACK) {
		bits |= TF_TRAIL_FLAGS;
		at = tf_number(at, flags);
	}
	if (marks != 0) {
		bits |= TF_TRAIL_MARKS;
		at = tf_number(at, marks);
	}
	if (seq_step != 0) {
		bits |= TF_TRAIL_SEQ;
		at = put_step(at, seq_step);
	}
	if (ack_step != 0) {
		bits |= TF_TRAIL_ACK;
		at = put_step(at, ack_step);
	}
	if (window != last->window[end]) {
		bits |= TF_TRAIL_WINDOW;
		at = tf_number(at, window);
		last->window[end] = window;
	}
	if (len != 0) {
		bits |= TF_TRAIL_LEN;
		at = tf_number(at, len);
	}
	*first = (uint8_t)bits;
	last->time = time;
	last->packet = packet;
	last->next[end] = seq + len + ((flags & TF_SYN) != 0) + ((flags & TF_FIN) != 0);
	return at;
}

static uint8_t *
put_segments(uint8_t *at, struct tf_trail_last *last, int64_t time, const struct tf_rung *r)
{
	return put_segment(at, last, time, r->packet, r->end == TF_SERVER, r->flags, r->marks, r->rel_seq,
	                   r->rel_ack, r->window, r->len);
}

/* The first octet of anything else, and when it was. */
static inline uint8_t *
put_other(uint8_t *at, struct tf_trail_last *last, unsigned bits, int64_t time, uint64_t packet)
{
	if (time == last->time && packet == last->packet) {
		*at++ = (uint8_t)(TF_TRAIL_OTHER | TF_TRAIL_SAME | bits);
		return at;
	}
	*at++ = (uint8_t)(TF_TRAIL_OTHER | bits);
	at = tf_number_signed(at, time - last->time);
	last->time = time;
	if (packet == 0) {
		*at++ = 0;
		return at;
	}
	int64_t step = (int64_t)(packet - last->packet);

	last->packet = packet;
	return tf_number(at, tf_number_of_signed(step) + 1);
}

static unsigned
side(const struct tf_rung *r)
{
	return r->end == TF_SERVER ? TF_TRAIL_SERVER : 0;
}

/* R at TIME; returns where it ends, at most LONGEST octets on. */
static uint8_t *
put_rung(uint8_t *at, struct tf_trail_last *last, int64_t time, const struct tf_rung *r)
{
	switch ((enum tf_rung_kind)r->kind) {
	case TF_RUNG_FOLD:
		*at++ = TF_TRAIL_OTHER | TF_TRAIL_SAME | TF_TRAIL_SEVERAL << 3;
		at = tf_number(at, r->count);
		return put_segments(at, last, time, r);
	case TF_RUNG_SEGMENT:
		return put_segments(at, last, time, r);
	case TF_RUNG_TRANSITION:
		at = put_other(at, last,
		               side(r) | (r->possible & TF_STATES(r->from) ? TF_TRAIL_UNSURE : 0) |
		                   (r->aborts ? TF_TRAIL_ABORTS : 0) | (unsigned)r->basis << 3,
		               time, r->packet);
		*at++ = (uint8_t)(r->from << 4 | r->to);
		return at;
	case TF_RUNG_POSSIBLE:
		return put_other(at, last, side(r) | TF_TRAIL_SETTLED << 3, time, r->packet);
	case TF_RUNG_PROOF:
		return put_other(at, last, side(r) | TF_TRAIL_SETTLED << 3 | TF_TRAIL_ABORTS, time,
		                 r->packet);
	case TF_RUNG_FINDING:
		at = put_other(at, last, side(r) | TF_TRAIL_FOUND << 3, time, r->packet);
		at = tf_number(at, r->id);
		*at++ = (uint8_t)(r->severity | (r->end == TF_NEITHER ? 4 : 0));
		return at;
	case TF_RUNG_SACK:
		at = put_other(at, last, side(r) | TF_TRAIL_SEVERAL << 3 | TF_TRAIL_ABORTS, time, r->packet);
		at = put_step(at, r->rel_seq - last->next[r->end != TF_SERVER]);
		return tf_number(at, r->rel_ack - r->rel_seq);
	}
	return at;
}

/* ---- long ones ------------------------------------------------------------------------------ */

static size_t
place(size_t i)
{
	return sizeof(struct tf_trail_head) + i * sizeof(struct tf_rung);
}

static void
set_rung(struct tf_pending *p, size_t i, const struct tf_rung *r)
{
	memcpy(p->lines.data + place(i), r, sizeof *r);
}

static unsigned
shown_marks(const struct tf_rung *r)
{
	return r->marks & ~(unsigned)TF_MARK_DUPLICATE_ACK;
}

/* Data, ACKs and duplicate ACKs, one or several: what may be told together where room is scarce; where it is very
 * scarce (GRAIN) what has other marks, too. */
static bool
may_join(const struct tf_rung *r, size_t grain)
{
	return (r->kind == TF_RUNG_FOLD || r->kind == TF_RUNG_SEGMENT) &&
	       (r->flags & (TF_SYN | TF_FIN | TF_RST)) == 0 && (shown_marks(r) == 0 || grain >= COARSE);
}

/* Can B, the next one of this sender, be told together with A, as no more than GRAIN?  Data that follows on,
 * or ACKs. */
static bool
is_one_with(const struct tf_rung *a, const struct tf_rung *b, size_t grain)
{
	return may_join(b, grain) && a->count + b->count <= grain && (a->len > 0) == (b->len > 0) &&
	       a->rel_seq + a->len == b->rel_seq && shown_marks(a) == shown_marks(b);
}

static void
join(struct tf_rung *a, const struct tf_rung *b)
{
	a->kind = TF_RUNG_FOLD;
	a->count += b->count;
	a->len += b->len;
	a->marks |= b->marks;
	a->rel_ack = b->rel_ack;
	a->window = b->window;
}

/* Tell R together with the sender's last rung among the first COUNT ones, where that is not far off and it can be. */
static bool
join_neighbour(struct tf_pending *p, size_t count, const struct tf_rung *r, size_t grain)
{
	for (size_t back = 1; back <= NEIGHBOURS && back <= count; back++) {
		struct tf_rung before = tf_rung_at(p, place(count - back));

		if (before.kind == TF_RUNG_SACK)
			continue;
		if (!may_join(&before, grain))
			return false;
		if (before.end != r->end)
			continue;
		if (!is_one_with(&before, r, grain))
			return false;
		join(&before, r);
		set_rung(p, count - back, &before);
		return true;
	}
	return false;
}

/* Tell neighbours together all over P, up to GRAIN segments at a time. */
static void
thin(struct tf_pending *p, size_t grain)
{
	struct tf_trail_head *head = head_of(p);
	size_t kept = 0;

	for (size_t i = 0; i < head->count; i++) {
		struct tf_rung r = tf_rung_at(p, place(i));

		if (!join_neighbour(p, kept, &r, grain))
			set_rung(p, kept++, &r);
	}
	head->count = (uint32_t)kept;
	p->lines.len = place(kept);
}

/* Make P, which is rungs, shorter by a quarter, as finely as that goes: the grain is the same all over, so the
 * shape stays. */
static void
thin_enough(struct tf_pending *p, size_t most)
{
	for (;;) {
		thin(p, p->run);
		if (head_of(p)->count <= most - most / 4 || p->run >= COARSEST)
			return;
		p->run *= 2;
	}
}

/* Make rungs of the octets of P. */
static bool
make_rungs(const struct tf_trails *t, struct tf_pending *p)
{
	struct tf_trail_reader reader = {.p = p, .unit_ns = t->unit_ns};
	struct tf_buf octets = p->lines;
	struct tf_pending rungs = *p;
	struct tf_rung r;

	tf_buf_init(&rungs.lines, -1);
	tf_put(&rungs.lines, octets.data, sizeof(struct tf_trail_head));
	while (tf_trail_next(&reader, &r))
		tf_put(&rungs.lines, (const char *)&r, sizeof r);
	if (rungs.lines.error != 0) {
		tf_buf_fini(&rungs.lines);
		return false;
	}
	tf_buf_fini(&p->lines);
	p->lines = rungs.lines;
	p->run = 2;
	return true;
}

static size_t
most_of(const struct tf_trails *t)
{
	return t->most > 0 ? t->most : MOST_RUNGS;
}

/* ---- keeping -------------------------------------------------------------------------------- */

static bool
grow(struct tf_pending *p)
{
	size_t cap = p->lines.cap == 0 ? FIRST : p->lines.cap + p->lines.cap / 2;
	char *data = realloc(p->lines.data, cap);

	if (data == NULL) {
		p->lines.error = ENOMEM;
		return false;
	}
	p->lines.data = data;
	p->lines.cap = cap;
	return true;
}

/* Tell neighbours of P together, where it is full.  False where that gives no room. */
static bool
make_shorter(const struct tf_trails *t, struct tf_pending *p, size_t most)
{
	if (p->run == 0 && !make_rungs(t, p)) {
		p->lines.error = ENOMEM;
		return false;
	}
	/* One that hardly gets shorter would be gone through for each segment. */
	if (p->lost_lines % (most / 8 + 1) == 0)
		thin_enough(p, most);
	return head_of(p)->count < most;
}

/* Make room for one more rung, a segment's or another.  False, and it is counted, where there is none. */
static bool
make_room(struct tf_trails *t, struct tf_pending *p, bool segment)
{
	size_t most = most_of(t), before = p->lines.cap;
	bool room =
	    head_of(p)->count < (segment ? most : most * OTHERS) || (segment && make_shorter(t, p, most));

	while (room && p->lines.cap - p->lines.len < LONGEST)
		room = tf_pending_room(&t->pending, p->lines.cap) && grow(p);
	tf_pending_account(&t->pending, p, before);
	p->lost_lines += !room;
	return room;
}

_Static_assert(sizeof(struct tf_rung) <= LONGEST, "there is room for a rung where there is for its octets");

static bool
begin(struct tf_pending *p)
{
	struct tf_trail_head head = {.before = {SURE, SURE}};

	if (!grow(p))
		return false;
	memcpy(p->lines.data, &head, sizeof head);
	p->lines.len = sizeof head;
	return true;
}

struct tf_pending *
tf_trail_look_up(struct tf_trails *t, uint64_t conn, int64_t ts_ns, bool *fine)
{
	struct tf_pending *p = t->pending.latest = tf_pending_find(&t->pending, conn);

	/* What is in the table waits for its record. */
	if (p != NULL || tf_pending_has_come(&t->pending, conn))
		return p;
	/* One that was not told from its beginning would be wrong: from now on it counts as one that has come. */
	if (!tf_pending_room(&t->pending, FIRST) ||
	    (t->most_trails > 0 && t->pending.count >= t->most_trails)) {
		*fine = tf_pending_set_come(&t->pending, conn) && *fine;
		return NULL;
	}
	p = tf_pending_get(&t->pending, conn, ts_ns);
	if (p != NULL && begin(p)) {
		tf_pending_account(&t->pending, p, 0);
		return p;
	}
	if (p != NULL)
		tf_pending_drop(&t->pending, p);
	*fine = false;
	return NULL;
}

/* Where the next octets of P go, with room for LONGEST of them; NULL where there is none. */
static inline uint8_t *
place_of_next(struct tf_trails *t, struct tf_pending *p, bool segment)
{
	if ((head_of(p)->count >= most_of(t) || p->lines.cap - p->lines.len < LONGEST) &&
	    !make_room(t, p, segment))
		return NULL;
	head_of(p)->count++;
	return (uint8_t *)p->lines.data + p->lines.len;
}

static bool
add(struct tf_trails *t, struct tf_pending *p, const struct tf_rung *r)
{
	uint8_t *at;

	if (p->run > 0 && join_neighbour(p, head_of(p)->count, r, p->run))
		return true;
	at = place_of_next(t, p, tf_rung_segments(r) > 0);
	if (at == NULL)
		return p->lines.error == 0;
	if (p->run > 0) {
		memcpy(at, r, sizeof *r);
		p->lines.len += sizeof *r;
	} else {
		at = put_rung(at, &head_of(p)->last, units_since(t->unit_ns, p, r->ts_ns), r);
		p->lines.len = (size_t)(at - (uint8_t *)p->lines.data);
	}
	return true;
}

/* The same of a segment of a long trail. */
static bool
add_segment(struct tf_trails *t, struct tf_pending *p, const struct tf_segment_event *e)
{
	const struct tf_segment *s = e->segment;
	struct tf_rung r = {
	    .kind = TF_RUNG_SEGMENT,
	    .ts_ns = s->ts_ns,
	    .packet = s->packet,
	    .count = 1,
	    .end = (uint8_t)e->from,
	    .flags = s->flags,
	    .marks = (uint16_t)e->marks,
	    .window = s->window,
	    .rel_seq = e->rel_seq,
	    .rel_ack = s->flags & TF_ACK ? e->rel_ack : 0,
	    .len = s->len,
	};

	return add(t, p, &r);
}

/* What S says that its sender has, above the acknowledgement number.  The first block is the newest (RFC 2018
 * section 4); where room is scarce it is left out. */
static bool
add_sack(struct tf_trails *t, struct tf_pending *p, const struct tf_segment_event *e)
{
	const struct tf_segment *s = e->segment;
	struct tf_sack_block newest = tf_segment_sack(s, 0);
	struct tf_rung r = {
	    .kind = TF_RUNG_SACK,
	    .ts_ns = s->ts_ns,
	    .packet = s->packet,
	    .end = (uint8_t)e->from,
	    .rel_seq = e->rel_ack + (newest.left.v - s->ack.v),
	    .rel_ack = e->rel_ack + (newest.right.v - s->ack.v),
	};

	return head_of(p)->count >= most_of(t) || add(t, p, &r);
}

static bool
add_plain(struct tf_trails *t, struct tf_pending *p, const struct tf_segment_event *e)
{
	const struct tf_segment *s = e->segment;
	uint8_t *at;

	if (p->run > 0 || head_of(p)->count >= most_of(t))
		return add_segment(t, p, e);
	at = place_of_next(t, p, true);
	if (at == NULL)
		return p->lines.error == 0;
	at = put_segment(at, &head_of(p)->last, units_since(t->unit_ns, p, s->ts_ns), s->packet,
	                 e->from == TF_SERVER, s->flags, e->marks, e->rel_seq, e->rel_ack, s->window, s->len);
	p->lines.len = (size_t)(at - (uint8_t *)p->lines.data);
	return true;
}

bool
tf_trail_segment(struct tf_trails *t, struct tf_pending *p, const struct tf_segment_event *e)
{
	bool fine = add_plain(t, p, e);

	if (e->segment->sack_count > 0 && (e->segment->flags & TF_ACK) != 0 &&
	    (e->marks & TF_MARK_DUPLICATE_FRAME) == 0)
		return fine && add_sack(t, p, e);
	return fine;
}

bool
tf_trail_transition(struct tf_trails *t, struct tf_pending *p, const struct tf_transition *m, bool aborts)
{
	bool unsure =
	    m->basis == TF_TIMER_RAN || (m->basis == TF_PRESUMED && (m->possible & TF_STATES(m->from)) != 0);
	struct tf_rung r = {
	    .kind = TF_RUNG_TRANSITION,
	    .ts_ns = tf_transition_cause(m).ts_ns,
	    .packet = tf_transition_cause(m).packet,
	    .end = (uint8_t)m->endpoint,
	    .from = (uint8_t)m->from,
	    .to = (uint8_t)m->to,
	    .basis = (uint8_t)m->basis,
	    .aborts = aborts,
	    .possible = (tf_states)(TF_STATES(m->to) | (unsure ? TF_STATES(m->from) : 0)),
	};

	head_of(p)->before[m->endpoint == TF_SERVER] = unsure ? (uint8_t)m->from : SURE;
	p->revised |= m->basis == TF_RETRACTED;
	return add(t, p, &r);
}

bool
tf_trail_possible(struct tf_trails *t, struct tf_pending *p, const struct tf_possible *s)
{
	uint8_t *before = &head_of(p)->before[s->endpoint == TF_SERVER];

	if (*before == SURE || (s->possible & TF_STATES(*before)) != 0)
		return true;
	*before = SURE;
	return add(t, p,
	           &(struct tf_rung){
	               .kind = TF_RUNG_POSSIBLE,
	               .ts_ns = tf_possible_cause(s).ts_ns,
	               .packet = tf_possible_cause(s).packet,
	               .end = (uint8_t)s->endpoint,
	           });
}

bool
tf_trail_finding(struct tf_trails *t, struct tf_pending *p, const struct tf_finding *f)
{
	struct tf_rung r = {
	    .kind = TF_RUNG_FINDING,
	    .ts_ns = f->ts_ns,
	    .packet = f->packet,
	    .end = (uint8_t)f->endpoint,
	    .id = (uint16_t)f->id,
	    .severity = (uint8_t)f->severity,
	};
	bool fine = add(t, p, &r);

	r.kind = TF_RUNG_PROOF;
	for (size_t i = 0; i < f->packet_count && f->severity != TF_INFO && fine; i++) {
		p->revised = true;
		r.packet = f->packets[i];
		fine = add(t, p, &r);
	}
	return fine;
}

/* The octets of P, which is rungs. */
static void
put_rungs(struct tf_buf *b, const struct tf_trails *t, const struct tf_pending *p)
{
	struct tf_trail_reader reader = {.p = p, .unit_ns = t->unit_ns};
	struct tf_trail_last last = {0};
	uint8_t octets[LONGEST];
	struct tf_rung r;

	while (tf_trail_next(&reader, &r)) {
		const uint8_t *end = put_rung(octets, &last, units_since(t->unit_ns, p, r.ts_ns), &r);

		tf_put(b, (const char *)octets, (size_t)(end - octets));
	}
}

size_t
tf_put_trail(struct tf_buf *b, const struct tf_trails *t, const struct tf_pending *p)
{
	const uint8_t *octets = (const uint8_t *)p->lines.data + sizeof(struct tf_trail_head);
	size_t n = p->lines.len - sizeof(struct tf_trail_head);
	struct tf_buf written;

	tf_buf_init(&written, -1);
	if (p->run > 0) {
		put_rungs(&written, t, p);
		octets = (const uint8_t *)written.data;
		n = written.len;
	}
	tf_put_base64(b, octets, n);
	tf_buf_done(&written, b);
	return (n + 2) / 3 * 4;
}
