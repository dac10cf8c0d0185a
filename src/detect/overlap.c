/*
 * The same sequence numbers with other octets (RFC 9293 section 3.10.7.4
 * lets the receiver take either).
 *
 * The sum of a payload follows from the TCP checksum, when that is valid,
 * by subtracting the header (RFC 1071): so whole payloads are compared
 * without looking at them.  Segments of different length, or that only
 * overlap, are compared by the first octets of both: more of a payload may
 * be gone by now, and what is found must not depend on that.  A probe's
 * octet may be anything and is left out.
 */
#include <stddef.h>
#include <string.h>

#include "detect/digests.h"
#include "detect/families.h"
#include "detect/memory.h"

_Static_assert(TF_DIGEST_PLACES == 1 << (32 - 21), "tf_digest_at() takes the upper 11 bits");

static uint32_t
halves(uint32_t v)
{
	return (v >> 16) + (v & 0xffff);
}

/* What the TCP checksum covers beside the payload, but for a constant that the kinds of options decide. */
static uint32_t
header_of(const struct tf_digest *d)
{
	uint32_t header = halves(d->seq.v) + halves(d->ack.v) + d->flags + d->window + d->urgent;

	if (d->options & TF_OPT_TIMESTAMPS)
		header += halves(d->tsval) + halves(d->tsecr);
	return header;
}

/* The payload's sum of RFC 1071, but for that constant. */
static uint32_t
payload_sum(const struct tf_digest *d)
{
	return ((uint16_t)~d->checksum + 16u * 0xffff - header_of(d) % 0xffff) % 0xffff;
}

#define FROM_SEQ(type, field) (offsetof(type, field) - offsetof(type, seq))
#define TOGETHER(field)       (FROM_SEQ(struct tf_digest, field) == FROM_SEQ(struct tf_segment, field))

_Static_assert(TOGETHER(ack) && TOGETHER(flags) && TOGETHER(window) && TOGETHER(len) && TOGETHER(checksum) &&
                   TOGETHER(urgent) && TOGETHER(tsval) && TOGETHER(tsecr) && TOGETHER(options),
               "seq to options are copied in one piece");

static __attribute__((noinline)) void
digest_short(struct tf_digest *d, const struct tf_segment *s)
{
	d->head_len = (uint8_t)s->payload_len;
	if (s->payload_len > 0)
		memcpy(d->head, s->payload, s->payload_len);
}

static inline void
digest(struct tf_digest *d, uint64_t conn, const struct tf_segment *s)
{
	d->packet = s->packet;
	memcpy((char *)d + offsetof(struct tf_digest, seq),
	       (const char *)s + offsetof(struct tf_segment, seq),
	       FROM_SEQ(struct tf_digest, options) + sizeof d->options);
	d->src_port = s->src_port;
	d->conn = (uint32_t)conn;
	d->ip_id = s->ip_id;
	d->ttl = s->ttl;
	if (__builtin_expect(s->payload_len >= TF_DIGEST_HEAD, true)) {
		d->head_len = TF_DIGEST_HEAD;
		memcpy(d->head, s->payload, TF_DIGEST_HEAD);
	} else {
		digest_short(d, s);
	}
}

void
tf_digest_keep(struct tf_digests *t, uint64_t conn, const struct tf_segment *s)
{
	uint32_t at = tf_digest_at(conn, s);

	t->conn[at] = (uint32_t)conn;
	digest(&t->place[at], conn, s);
}

uint64_t
tf_data_packet(const struct tf_context *ctx, const struct tf_connection *c, enum tf_endpoint which,
               tf_seq seq)
{
	unsigned side = (which == TF_SERVER) != ((c->flags & TF_CONN_CLIENT_SECOND) != 0);
	const struct tf_segment key = {.seq = seq, .src_port = c->tuple.port[side]};
	const struct tf_digest *d = &ctx->memory->digests.place[tf_digest_at(c->conn, &key)];

	return d->conn == (uint32_t)c->conn && tf_seq_eq(d->seq, seq) && d->src_port == key.src_port
	           ? d->packet
	           : 0;
}

/* The first octet that differs, counted from the beginning; -1: none is known to. */
static int
first_difference(const struct tf_digest *d, const struct tf_segment *s)
{
	uint32_t common = s->payload_len < d->head_len ? s->payload_len : d->head_len;
	unsigned telling = TF_OPT_TIMESTAMPS;

	for (uint32_t i = 0; i < common; i++)
		if (s->payload[i] != d->head[i])
			return (int)i;
	if (s->len != d->len || s->options != d->options || s->options & ~telling)
		return -1;
	struct tf_digest own;
	digest(&own, 0, s);
	return payload_sum(&own) == payload_sum(d) ? -1 : 0;
}

/* Does D hold a segment of the step's sender? */
static bool
is_of_sender(const struct tf_step *st, const struct tf_digest *d)
{
	return d->packet && d->conn == (uint32_t)st->c->conn && d->src_port == st->s->src_port;
}

/* What was acknowledged is not taken again (RFC 9293 section 3.10.7.4). */
static const char *
taken(const struct tf_step *st, tf_seq right)
{
	return tf_end_has(st->x, TF_END_SEQ_KNOWN) && tf_seq_ge(st->x->una, right)
	           ? "The receiver had acknowledged these numbers before and does not take the second: it "
	             "may be injected, or meant for a device that inspects the traffic"
	           : "Which of the two the receiver took cannot be seen here: data may be corrupted or "
	             "injected";
}

static void
raise_conflict(const struct tf_step *st, const struct tf_digest *d, uint32_t at, uint32_t common)
{
	const struct tf_segment *s = st->s;
	struct tf_finding f = tf_finding(st->ctx, st->c, TF_A_OVERLAP_CONFLICT, st->from);
	tf_finding_count(&f, "seq", TF_D_SEQ, tf_seq_add(s->seq, at).v);
	tf_finding_count(&f, "bytes", TF_D_COUNT, common);
	tf_finding_count(&f, "former_packet", TF_D_PACKET, d->packet);
	tf_finding_text(&f, "taken", taken(st, tf_seq_min(st->end, tf_seq_add(d->seq, d->len))));
	tf_finding_packet(&f, d->packet);
	tf_finding_packet(&f, s->packet);
	tf_raise(st->ctx, st->c, &f);
	tf_injection_data(st, d);
}

static void
compare(const struct tf_step *st, const struct tf_digest *d)
{
	int at = first_difference(d, st->s);

	if (at >= 0)
		raise_conflict(st, d, (uint32_t)at, st->s->len < d->len ? st->s->len : d->len);
}

/* The first octets of D, as far as they lie among those of S: does one of them differ? */
static bool
compare_within(const struct tf_step *st, const struct tf_digest *d)
{
	const struct tf_segment *s = st->s;
	uint32_t from = d->seq.v - s->seq.v; /* of D in S; S may begin within D */
	uint32_t head_len = s->payload_len < TF_DIGEST_HEAD ? s->payload_len : TF_DIGEST_HEAD;

	for (uint32_t i = 0; i < d->head_len; i++) {
		uint32_t at = from + i;
		if (at >= head_len || s->payload[at] == d->head[i])
			continue;
		raise_conflict(st, d, at,
		               tf_seq_min(st->end, tf_seq_add(d->seq, d->len)).v -
		                   tf_seq_max(s->seq, d->seq).v);
		return true;
	}
	return false;
}

static bool
compare_if_overlapping(const struct tf_step *st, const struct tf_digest *d)
{
	return is_of_sender(st, d) && tf_seq_lt(d->seq, st->end) &&
	       tf_seq_gt(tf_seq_add(d->seq, d->head_len), st->s->seq) && compare_within(st, d);
}

/* S repeats a part of what passed, and begins elsewhere.  As a rule none of the table is of its connection. */
static void
compare_overlapping(const struct tf_step *st, struct tf_digests *t)
{
	enum { ROW = 16 };
	uint32_t conn = (uint32_t)st->c->conn;

	for (const uint32_t *row = t->conn; row < t->conn + TF_DIGEST_PLACES; row += ROW) {
		uint32_t any = 0;
		for (int i = 0; i < ROW; i++)
			any |= row[i] == conn;
		for (int i = 0; any && i < ROW; i++)
			if (row[i] == conn && compare_if_overlapping(st, &t->place[row - t->conn + i]))
				return;
	}
}

void
tf_overlap_segment(const struct tf_step *st)
{
	const struct tf_segment *s = st->s;

	if (s->len < 2 || s->flags & (TF_SYN | TF_RST) || s->checksum_state != TF_CHECKSUM_VALID)
		return;
	struct tf_digests *t = &st->ctx->memory->digests;
	const struct tf_digest *d = &t->place[tf_digest_at(st->c->conn, s)];
	if (is_of_sender(st, d) && tf_seq_eq(d->seq, s->seq))
		compare(st, d);
	else if (st->new_bytes == s->len)
		tf_digest_keep(t, st->c->conn, s);
	else if (!tf_raised(st->ctx, st->c, TF_A_OVERLAP_CONFLICT, st->from))
		compare_overlapping(st, t);
}
