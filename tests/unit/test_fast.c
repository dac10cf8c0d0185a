/*
 * Header prediction (src/core/fast.h) and remembered moves (src/core/moves.c)
 * must come to exactly what the whole checklist comes to: made-up traffic is
 * fed twice, once with them and once without (tf_analyzer_note_rules switches
 * them off), and every event and statistic is compared: with segments and
 * transitions, without segments, and with results alone.  run-scenarios does the same with the scenarios.
 *
 * The traffic is mostly healthy, since only that is predicted, with all
 * that can befall it mixed in; the generator is a fixed one, so that a
 * failure comes again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/fast.h"
#include "flow/flow.h"
#include "unit.h"

enum { PAIRS = 5, SEGMENTS = 3000, EVENTS = 40000, ROWS = 512 };

#define MS INT64_C(1000000)

static uint64_t random_state;

static uint32_t
chance(uint32_t n)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(random_state >> 33) % n;
}

/* ---- events as numbers ------------------------------------------------------------ */

struct view {
	uint64_t digest[EVENTS];
	size_t count;
};

static struct view with, without;

static uint64_t
mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 29;
}

static uint64_t
mix_text(uint64_t h, const char *text)
{
	while (text && *text)
		h = mix(h, (unsigned char)*text++);
	return h;
}

static uint64_t
mix_transition(uint64_t h, const struct tf_transition *t)
{
	h = mix(mix(mix(h, (uint64_t)t->ts_ns), t->packet), t->conn);
	h = mix(h, (uint64_t)t->endpoint << 32 | (uint64_t)t->from << 16 | t->to);
	h = mix(h, (uint64_t)t->basis << 16 | t->possible);
	return mix_text(mix_text(mix_text(h, t->rule), t->event), t->reference);
}

static uint64_t
mix_segment(uint64_t h, const struct tf_segment_event *e)
{
	h = mix(mix(mix(h, e->segment->packet), e->conn), e->from);
	h = mix(mix(h, (uint64_t)e->rel_seq << 32 | e->rel_ack), e->marks);
	return mix(h, (uint64_t)e->state[TF_CLIENT] << 8 | e->state[TF_SERVER]);
}

static uint64_t
mix_finding(uint64_t h, const struct tf_finding *f)
{
	h = mix(mix(mix(h, (uint64_t)f->ts_ns), f->packet), f->conn);
	h = mix(h, (uint64_t)f->endpoint << 32 | (uint64_t)f->id << 8 | f->severity);
	for (size_t i = 0; i < f->packet_count; i++)
		h = mix(h, f->packets[i]);
	for (size_t i = 0; i < f->detail_count; i++) {
		h = mix_text(h, f->detail[i].name);
		if (f->detail[i].kind == TF_D_TEXT)
			h = mix_text(h, f->detail[i].text);
		else if (f->detail[i].kind != TF_D_ADDR)
			h = mix(h, f->detail[i].count);
	}
	return h;
}

static uint64_t
mix_end(uint64_t h, const struct tf_end_record *e)
{
	h = mix(mix(h, e->port), (uint64_t)e->state << 16 | e->possible);
	for (int i = 0; i < e->history_count; i++)
		h = mix(h, e->history[i]);
	h = mix(mix(mix(h, e->isn.v), e->packets), e->bytes);
	h = mix(mix(mix(h, e->bytes_on_wire), e->retransmitted), e->out_of_order);
	h = mix(h, (uint64_t)(e->mss + 1) << 32 | (uint64_t)(e->wscale + 1) << 16 |
	               (uint64_t)(e->sack + 1) << 8 | (uint64_t)(e->timestamps + 1));
	return mix(mix(mix(h, e->duplicate_acks), e->zero_windows), e->keepalives);
}

static uint64_t
mix_record(uint64_t h, const struct tf_connection_record *r)
{
	h = mix(mix(mix(h, r->conn), (uint64_t)r->first_ts_ns), (uint64_t)r->last_ts_ns);
	h = mix(mix(h, (uint64_t)r->close << 8 | r->roles), (uint64_t)r->handshake_rtt_ns);
	h = mix_text(mix(h, r->zeek_state), r->letters);
	for (size_t i = 0; i < r->anomaly_count; i++)
		h = mix(h, (uint64_t)r->anomalies[i].id << 32 | r->anomalies[i].count);
	for (size_t i = 0; i < r->ending_count; i++) {
		const struct tf_ending *e = &r->endings[i];
		h = mix(h,
		        (uint64_t)e->id << 24 | (uint64_t)e->endpoint << 16 | (uint64_t)e->kind << 8 | e->by);
		h = mix(mix(h, (uint64_t)e->after_ns), e->packet);
	}
	return mix_end(mix_end(h, &r->end[0]), &r->end[1]);
}

static void
note(void *context, const struct tf_event *e)
{
	struct view *v = context;
	uint64_t h = e->kind;

	if (e->kind == TF_EV_TRANSITION)
		h = mix_transition(h, e->transition);
	else if (e->kind == TF_EV_POSSIBLE)
		h = mix(mix(mix(h, (uint64_t)e->possible->ts_ns), e->possible->packet),
		        (uint64_t)e->possible->conn << 20 | e->possible->possible);
	else if (e->kind == TF_EV_FINDING)
		h = mix_finding(h, e->finding);
	else if (e->kind == TF_EV_SEGMENT)
		h = mix_segment(h, e->segment);
	else
		h = mix_record(h, e->connection);
	if (v->count < EVENTS)
		v->digest[v->count++] = h;
}

#define RESULTS    (TF_EV_FINDING | TF_EV_CONNECTION)
#define STEPS      (RESULTS | TF_EV_TRANSITION | TF_EV_POSSIBLE)
#define EVERYTHING (STEPS | TF_EV_SEGMENT)

static uint32_t most_connections = 64;

static struct tf_analyzer *
analyzer_for(struct view *v, unsigned wanted)
{
	struct tf_sink sink = {.wanted = wanted, .event = note, .context = v};
	struct tf_config config;

	v->count = 0;
	tf_config_init(&config, TF_PROFILE_LINUX);
	config.max_connections = most_connections;
	config.max_tombstones = 16;
	config.reassembly_bytes = 1 << 20;
	/* So that it is found of many that go on. */
	config.timer[TF_TIMER_IDLE] = 30 * 1000 * MS;
	config.hash_key[0] = v == &with; /* nothing may depend on it */
	return tf_analyzer_new(&config, sink);
}

/* ---- traffic ----------------------------------------------------------------------- */

struct talk {
	tf_seq next[2], acked[2]; /* by sender: what it sends next, and has acknowledged of the other */
	uint32_t clock[2];
	bool timestamps;
	int phase;     /* 0: SYN, 1: SYN,ACK, 2: third segment, 3: data, 4: one FIN, 5: both, 6: over */
	int closer;    /* who sent the FIN of phase 4 */
	uint16_t port; /* the client's */
	struct tf_segment last;
};

static struct talk talks[PAIRS];
static bool openings_missed; /* most of them */
static struct tf_segment traffic[SEGMENTS];
static uint8_t payload[2000];

static void
address(struct tf_addr *a, uint8_t last, bool ipv6)
{
	memcpy(a->byte,
	       ipv6 ? "\x20\x01\x0d\xb8\0\0\0\0\0\0\377\377\12\0\0" : "\0\0\0\0\0\0\0\0\0\0\377\377\12\0\0",
	       15);
	a->byte[15] = last;
}

static struct tf_segment
segment_of(unsigned pair, int from, unsigned flags, uint32_t len)
{
	struct talk *t = &talks[pair];
	struct tf_segment s = {
	    .src_port = from ? 80 : t->port,
	    .dst_port = from ? t->port : 80,
	    .seq = t->next[from],
	    .ack = t->acked[from],
	    .flags = (uint16_t)flags,
	    .window = (uint16_t)(chance(50) ? 60000 : 1000 + chance(60000)),
	    .checksum_state = chance(3) ? TF_CHECKSUM_VALID : TF_CHECKSUM_UNVERIFIED,
	    .len = len,
	    .wire_len = 54 + len,
	    .ip_version = pair % 2 ? 6 : 4,
	    .ip_id = (uint16_t)(pair % 2 ? 0 : chance(65536)),
	    .ttl = 64,
	    .payload = payload,
	    .payload_len = len,
	};

	address(&s.src, from ? 2 : 1, pair % 2);
	address(&s.dst, from ? 1 : 2, pair % 2);
	if (t->timestamps) {
		s.options = TF_OPT_TIMESTAMPS;
		s.tsval = t->clock[from] += chance(3);
		s.tsecr = t->clock[!from];
	}
	return s;
}

static void
begin_talk(unsigned pair)
{
	struct talk *t = &talks[pair];

	/* Now and then the same ports again. */
	if (!t->port || chance(4))
		t->port = (uint16_t)(10000 + pair + PAIRS * chance(10000));
	t->timestamps = chance(2);
	t->next[0] = tf_seq_of(chance(4) ? chance(1u << 31) : UINT32_MAX - chance(3000));
	t->next[1] = tf_seq_of(chance(1u << 31));
	t->clock[0] = t->clock[1] = chance(4) ? chance(1000) : UINT32_MAX - chance(100);
}

/* The capture begins when it has been going on for a while, or with the SYN,ACK. */
static void
begin_talk_unseen(unsigned pair)
{
	struct talk *t = &talks[pair];

	begin_talk(pair);
	t->acked[0] = t->next[1];
	t->acked[1] = t->next[0];
	t->phase = chance(8) ? 3 : 1;
}

static struct tf_segment
opening_of(unsigned pair)
{
	struct talk *t = &talks[pair];
	int from = t->phase == 1;

	if (t->phase == 0)
		begin_talk(pair);
	struct tf_segment s = segment_of(pair, from, t->phase == 0 ? TF_SYN : TF_SYN | TF_ACK, 0);
	s.options |= TF_OPT_MSS | TF_OPT_WSCALE | (chance(2) ? TF_OPT_SACK_PERMITTED : 0);
	s.mss = 1460;
	s.wscale = (uint8_t)(pair % 3);
	t->next[from] = tf_seq_add(t->next[from], 1);
	t->acked[!from] = t->next[from];
	t->phase++;
	return s;
}

/* What makes a segment extraordinary, now and then. */
static void
spoil(struct tf_segment *s, struct talk *t, int from)
{
	switch (chance(14)) {
	case 0:
		s->seq = tf_seq_sub(s->seq, chance(3000));
		break;
	case 1:
		s->seq = tf_seq_add(s->seq, chance(3000));
		break;
	case 2:
		s->ack = tf_seq_sub(s->ack, chance(3000));
		break;
	case 3:
		s->ack = tf_seq_add(s->ack, chance(3000));
		break;
	case 4:
		s->window = 0;
		break;
	case 5:
		s->flags |= TF_FIN;
		t->next[from] = tf_seq_add(t->next[from], 1);
		break;
	case 6:
		s->flags = TF_RST | (chance(2) ? TF_ACK : 0);
		break;
	case 7:
		s->tsval -= chance(100);
		break;
	case 8:
		s->options ^= TF_OPT_TIMESTAMPS;
		break;
	case 9:
		s->flags |= TF_URG;
		break;
	case 10:
		s->checksum_state = TF_CHECKSUM_BAD;
		break;
	case 11:
		s->flags |= TF_SYN;
		break;
	case 12:
		s->flags = 0;
		break;
	default:
		s->window = (uint16_t)chance(65536);
		break;
	}
}

/* A FIN from either end, sometimes with data, and the ACKs of both; then a new connection. */
static struct tf_segment
closing_of(unsigned pair)
{
	struct talk *t = &talks[pair];
	int from = t->phase == 3 ? (int)chance(2) : !t->closer;

	if (t->phase == 6) {
		t->phase = 0;
		return segment_of(pair, t->closer, TF_ACK, 0);
	}
	if (t->phase == 5) {
		t->phase = 6;
		return segment_of(pair, t->closer, TF_ACK, 0);
	}
	if (t->phase == 4 && chance(3) == 0) /* the FIN is acknowledged, and its answer comes later */
		return segment_of(pair, from, TF_ACK, 0);
	uint32_t len = t->phase == 3 ? chance(2) * chance(1000) : 0;
	struct tf_segment s = segment_of(pair, from, TF_ACK | TF_FIN, len);
	t->closer = t->phase == 3 ? from : t->closer;
	t->phase++;
	t->next[from] = tf_seq_add(t->next[from], len + 1);
	t->acked[!from] = t->next[from];
	return s;
}

static struct tf_segment
next_of(unsigned pair, unsigned spoiled)
{
	struct talk *t = &talks[pair];
	int from = (int)chance(2);

	/* What the capture missed. */
	if (t->phase == 3 && chance(2000) < spoiled) {
		t->next[from] = tf_seq_add(t->next[from], chance(2) ? 1 : chance(3000));
		if (chance(2))
			t->acked[!from] = t->next[from];
	}
	/* The last one again: a FIN, an ACK of one, whatever it was. */
	if (t->phase && chance(1000) < spoiled) {
		struct tf_segment again = t->last;
		again.ip_id = (uint16_t)chance(65536);
		return again;
	}
	if (t->phase == 0 && openings_missed && chance(3))
		begin_talk_unseen(pair);
	if (t->phase < 2)
		return opening_of(pair);
	if (t->phase == 2) {
		t->phase++;
		return segment_of(pair, 0, TF_ACK, 0);
	}
	if (t->phase > 3 || chance(100) == 0)
		return closing_of(pair);
	uint32_t len = chance(2) ? 1 + chance(1460) : 0;
	struct tf_segment s = segment_of(pair, from, TF_ACK | (chance(2) ? TF_PSH : 0), len);
	if (chance(1000) < spoiled)
		spoil(&s, t, from);
	t->next[from] = tf_seq_add(t->next[from], len);
	if (chance(1000) >= spoiled) /* else it is lost behind the tap */
		t->acked[!from] = t->next[from];
	if (spoiled && chance(600) == 0)
		t->phase = 0;
	return s;
}

static void
make_traffic(uint64_t seed, unsigned spoiled)
{
	int64_t now = INT64_C(1700000000) * 1000 * MS;

	random_state = seed;
	memset(talks, 0, sizeof talks);
	for (unsigned i = 0; i < SEGMENTS; i++) {
		unsigned pair = chance(PAIRS);
		traffic[i] = talks[pair].last = next_of(pair, spoiled);
		now += chance(200) ? (int64_t)chance(20000) * 1000 : (int64_t)chance(70) * 1000 * MS;
		traffic[i].ts_ns = now - (spoiled && chance(100) == 0 ? (int64_t)chance(5) * MS : 0);
		traffic[i].packet = i + 1;
	}
}

/* ---- the comparison ---------------------------------------------------------------- */

static unsigned plain_in_midstream; /* connections that were found to be so */
static unsigned beginnings_known[TF_BEGINNINGS];
static unsigned calm; /* connections with rare things of which the next segment may be predicted */

/* Nobody changes a connection and leaves it the number of its former shape. */
static bool
shapes_are_true(struct tf_analyzer *a)
{
	for (uint32_t i = 1; i <= a->connections.fresh; i++) {
		const struct tf_connection *c = tf_connection_at(a, i);
		if (c->conn && c->flags & TF_CONN_MIDSTREAM)
			plain_in_midstream += (a->moves.shape[c->shape].may[0] & TF_MAY_SEGMENT) != 0;
		calm += c->conn && (a->moves.shape[c->shape].may[0] & TF_IS_CALM) != 0;
		if (c->conn && c->shape && tf_shape_of(&a->ctx, c) != c->shape)
			return false;
	}
	return true;
}

/* All of the traffic from FROM to TO. */
static void
feed(struct tf_analyzer *a, size_t from, size_t to)
{
	for (size_t i = from, n; i < to; i += n) {
		n = 1 + chance(60);
		if (n > to - i)
			n = to - i;
		tf_analyzer_prepare(a, &traffic[i], n);
		tf_analyzer_feed(a, &traffic[i], n);
		CU_ASSERT(shapes_are_true(a));
	}
}

/* The connection with this number, or NULL. */
static const struct tf_connection *
numbered(const struct tf_analyzer *a, uint64_t conn)
{
	for (uint32_t i = 1; i <= a->connections.fresh; i++)
		if (tf_connection_at(a, i)->conn == conn)
			return tf_connection_at(a, i);
	return NULL;
}

/* What is kept of a close shows in few findings: so it is compared as it is. */
static bool
same_closings(const struct tf_analyzer *a, const struct tf_analyzer *b)
{
	_Static_assert(sizeof(struct tf_fin_record) == 40 && sizeof(struct tf_closing) == 128, "no padding");

	for (uint32_t i = 1; i <= b->connections.fresh; i++) {
		const struct tf_connection *d = tf_connection_at(b, i), *c = numbered(a, d->conn);
		const struct tf_closing *l = tf_closing_if(&b->ctx, d),
		                        *k = c ? tf_closing_if(&a->ctx, c) : NULL;
		if (!d->conn || (!k && !l))
			continue;
		if (!k || !l)
			return false;
		struct tf_closing one = *k, other = *l;
		one.extra = other.extra = 0; /* where that lies */
		if (memcmp(&one, &other, sizeof one) != 0)
			return false;
	}
	return tf_live(a) == tf_live(b);
}

/* An embryo is a connection without what is all zero in it, or follows from the rest. */
static bool
same_embryos(const struct tf_analyzer *a, const struct tf_analyzer *b, unsigned *count)
{
	for (uint32_t i = 1; i <= a->embryos.fresh; i++) {
		struct tf_connection c = {0}, d;
		if (!tf_embryo_at(a, i)->conn)
			continue;
		tf_embryo_fill(a, tf_embryo_at(a, i), &c);
		const struct tf_connection *other = numbered(b, c.conn);
		if (!other)
			return false;
		d = *other;
		/* It has a shape. */
		d.shape = c.shape;
		if (memcmp(&c, &d, sizeof c) != 0)
			return false;
		++*count;
	}
	return true;
}

/* Each number and each flag is the same, but for the shape, which only one of them has, and for where its close is. */
static bool
same_connections(const struct tf_analyzer *a, const struct tf_analyzer *b)
{
	for (uint32_t i = 1; i <= a->connections.fresh; i++) {
		struct tf_connection c = *tf_connection_at(a, i), d;
		const struct tf_connection *other = c.conn ? numbered(b, c.conn) : NULL;
		if (!c.conn)
			continue;
		if (!other)
			return false;
		d = *other;
		d.shape = c.shape;
		if (!c.closing == !d.closing)
			d.closing = c.closing;
		if (memcmp(&c, &d, sizeof c) != 0)
			return false;
	}
	return true;
}

/* As X is, but for where its ranges and the SYN that it holds lie. */
static struct tf_extra
without_places(const struct tf_extra *x)
{
	struct tf_extra out;

	memcpy(&out, x, sizeof out); /* what lies between its fields, too */
	out.end[TF_CLIENT].holes = out.end[TF_SERVER].holes = out.held = 0;
	return out;
}

static unsigned extras_compared;

/* What is kept of rare things is the same, octet by octet. */
static bool
same_extras(const struct tf_analyzer *a, const struct tf_analyzer *b)
{
	for (uint32_t i = 1; i <= a->connections.fresh; i++) {
		const struct tf_connection *c = tf_connection_at(a, i);
		const struct tf_connection *d = c->conn ? numbered(b, c->conn) : NULL;
		const struct tf_extra *x = d ? tf_extra_if(&a->ctx, c) : NULL,
		                      *y = d ? tf_extra_if(&b->ctx, d) : NULL;
		if (!x != !y)
			return false;
		if (!x)
			continue;
		struct tf_extra u = without_places(x), v = without_places(y);
		if (memcmp(&u, &v, sizeof u) != 0)
			return false;
		extras_compared++;
	}
	return true;
}

static unsigned embryos_compared;

/* Feed COUNT segments of the traffic, a STEP at a time, both ways; WHAT they are. */
static void
compare_traffic(size_t count, size_t step, unsigned wanted, const char *what)
{
	static bool fired[ROWS];
	char where[120];
	size_t at = 0;

	struct tf_analyzer *a = analyzer_for(&with, wanted), *b = analyzer_for(&without, wanted);
	CU_ASSERT_PTR_NOT_NULL_FATAL(a);
	CU_ASSERT_PTR_NOT_NULL_FATAL(b);
	tf_analyzer_note_rules(b, fired);
	for (size_t i = 0; i < count; i += step) {
		feed(a, i, i + step < count ? i + step : count);
		feed(b, i, i + step < count ? i + step : count);
		CU_ASSERT(same_embryos(a, b, &embryos_compared));
		CU_ASSERT(same_connections(a, b));
		CU_ASSERT(same_extras(a, b));
		CU_ASSERT(same_closings(a, b));
	}
	for (int how = 0; how < TF_BEGINNINGS; how++)
		beginnings_known[how] += a->moves.beginning[how].shape != 0;
	/* Limits run out in the same order and at the same times, step by step or all at once. */
	int64_t last_ns = tf_analyzer_stats(a)->last_ts_ns, quiet_ns = INT64_C(400000000000);
	for (int64_t ns = 0; ns < quiet_ns; ns += INT64_C(700000000))
		tf_analyzer_advance(a, last_ns + ns);
	tf_analyzer_advance(a, last_ns + quiet_ns);
	tf_analyzer_advance(b, last_ns + quiet_ns);
	tf_analyzer_finish(a);
	tf_analyzer_finish(b);
	while (at < with.count && at < without.count && with.digest[at] == without.digest[at])
		at++;
	(void)snprintf(where, sizeof where, "%s: event %zu of %zu and %zu is the same", what, at + 1,
	               with.count, without.count);
	CU_assertImplementation(at == with.count && at == without.count && at > 0 && at < EVENTS, __LINE__,
	                        where, __FILE__, "", CU_FALSE);
	const struct tf_stats *s = tf_analyzer_stats(a), *t = tf_analyzer_stats(b);
	CU_ASSERT(s->segments == t->segments && s->duplicate_frames == t->duplicate_frames);
	CU_ASSERT(s->bad_checksums == t->bad_checksums && s->time_backwards == t->time_backwards);
	CU_ASSERT(s->connections == t->connections && s->pool_exhausted == t->pool_exhausted);
	CU_ASSERT(memcmp(s->anomalies, t->anomalies, sizeof s->anomalies) == 0);
	tf_analyzer_free(a);
	tf_analyzer_free(b);
}

static void
compare_events(uint64_t seed, unsigned spoiled, unsigned wanted)
{
	char what[60];

	(void)snprintf(what, sizeof what, "seed %u, %u in 1000 spoiled", (unsigned)seed, spoiled);
	make_traffic(seed, spoiled);
	compare_traffic(SEGMENTS, SEGMENTS / 60, wanted, what);
}

static void
compare(uint64_t seed, unsigned spoiled)
{
	compare_events(seed, spoiled, EVERYTHING);
	compare_events(seed, spoiled, STEPS);
	compare_events(seed, spoiled, RESULTS);
}

static void
healthy_traffic(void)
{
	for (uint64_t seed = 1; seed <= 6; seed++)
		compare(seed, 0);
}

static void
traffic_with_a_little_trouble(void)
{
	calm = 0;
	for (uint64_t seed = 11; seed <= 24; seed++)
		compare(seed, 3);
	CU_ASSERT(calm > 1000);
}

static void
traffic_with_much_trouble(void)
{
	/* An ACK of the SYN that counts later; a new kind of segment where something rare came before. */
	static const uint64_t told[] = {2312, 2328, 2457, 2671, 285, 1052};

	for (uint64_t seed = 31; seed <= 44; seed++)
		compare(seed, 60);
	for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
		compare(told[i], 60);
	CU_ASSERT(embryos_compared > 100 && extras_compared > 1000);
}

static void
traffic_in_midstream(void)
{
	static const unsigned trouble[] = {0, 3, 60};
	/* A FIN that waits at a grave until that is forgotten, or taken by a new connection; a SYN,ACK with PSH. */
	static const uint64_t told[] = {533, 1112, 1865};

	openings_missed = true;
	plain_in_midstream = calm = 0;
	for (uint64_t seed = 51; seed <= 65; seed++)
		compare(seed, trouble[seed % 3]);
	for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
		compare(told[i], 60);
	openings_missed = false;
	CU_ASSERT(plain_in_midstream > 1000 && calm > 1000);
	for (int how = 0; how < TF_BEGINNINGS; how++)
		CU_ASSERT(beginnings_known[how] > 0);
}

/* ---- what chance hardly finds ---------------------------------------------------------- */

static size_t said; /* segments of the traffic */

/* FROM says that, so much later than what was said before; the client's port is PORT. */
static void
say_on(uint16_t port, int from, unsigned flags, uint32_t seq, uint32_t ack, uint32_t len, int64_t later_ns)
{
	struct talk *t = &talks[0];
	int64_t before_ns = said ? traffic[said - 1].ts_ns : INT64_C(1700000000) * 1000 * MS;

	t->port = port;
	t->next[from] = tf_seq_of(seq);
	t->acked[from] = tf_seq_of(ack);
	struct tf_segment *s = &traffic[said];
	*s = segment_of(0, from, flags, len);
	s->window = 60000;
	s->checksum_state = TF_CHECKSUM_VALID;
	s->ts_ns = before_ns + later_ns;
	s->packet = ++said;
}

static void
say(int from, unsigned flags, uint32_t seq, uint32_t ack, uint32_t len, int64_t later_ns)
{
	say_on(40000, from, flags, seq, ack, len, later_ns);
}

/* Nothing was said but the handshake and the client's first data. */
static void
say_opening(void)
{
	memset(talks, 0, sizeof talks);
	said = 0;
	say(0, TF_SYN, 1000, 0, 0, 10 * MS);
	say(1, TF_SYN | TF_ACK, 5000, 1001, 0, 10 * MS);
	say(0, TF_ACK, 1001, 5001, 0, 10 * MS);
	say(0, TF_ACK, 1001, 5001, 100, 10 * MS);
}

/* An octet that did not pass seems to be a FIN of the server's until its data go on there.  What the client had sent since
 * was no answer to a FIN, then, and nothing half-closed is acknowledged when that is. */
static void
a_fin_that_was_none(void)
{
	say_opening();
	say(1, TF_ACK, 5001, 1101, 0, 10 * MS);
	say(1, TF_ACK, 5001, 1101, 100, 10 * MS);
	say(0, TF_ACK, 1101, 5101, 0, 10 * MS);
	say(0, TF_ACK, 1101, 5101, 100, 10 * MS);
	say(0, TF_ACK, 1201, 5101, 100, 10 * MS);
	say(0, TF_ACK, 1301, 5102, 0, 10 * MS);
	say(0, TF_ACK, 1301, 5102, 100, 10 * MS);
	say(1, TF_ACK, 5102, 1101, 100, 2000 * MS);
	say(0, TF_ACK, 1401, 5202, 0, 10 * MS);
	say(1, TF_ACK, 5202, 1151, 0, 10 * MS);
	say(1, TF_ACK, 5202, 1201, 0, 10 * MS);
	say(1, TF_ACK, 5202, 1301, 0, 10 * MS);
	say(1, TF_ACK, 5202, 1401, 0, 10 * MS);
	say(0, TF_ACK, 1401, 5202, 10, 10 * MS);
	compare_traffic(said, 1, EVERYTHING, "a FIN that was none");
	compare_traffic(said, said, RESULTS, "a FIN that was none");

	struct tf_analyzer *a = analyzer_for(&with, RESULTS);
	CU_ASSERT_PTR_NOT_NULL_FATAL(a);
	feed(a, 0, said);
	CU_ASSERT_EQUAL(tf_analyzer_stats(a)->anomalies[TF_A_HALF_CLOSE], 0);
	tf_analyzer_free(a);
}

enum { FIRST_PORT = 1024, ISN = 1000, OTHER_ISN = 5000 };

/* The client on PORT, whose SYN may have passed long ago, gets an answer, and perhaps goes on. */
static void
answer(uint16_t port)
{
	say_on(port, 1, TF_SYN | TF_ACK, OTHER_ISN, ISN + 1, 0, chance(20) * MS);
	if (chance(3))
		say_on(port, 0, TF_ACK, ISN + 1, OTHER_ISN + 1, 0, chance(20) * MS);
}

/* Some SYNs one after the other, then answers to some of the latest: places lie in a row, but not for long. */
static uint16_t
say_bursts(uint16_t next)
{
	for (uint32_t more = 1 + chance(40); more > 0; more--)
		say_on(next++, 0, TF_SYN, ISN, 0, 0, chance(200) * MS);
	for (uint32_t more = chance(12); more > 0; more--)
		answer((uint16_t)(next - 1 - chance(next - FIRST_PORT < 500 ? next - FIRST_PORT : 500)));
	return next;
}

/* Those that are answered at once: what is left of them in a queue is cleared away. */
static uint16_t
say_pairs(uint16_t next)
{
	say_on(next++, 0, TF_SYN, ISN, 0, 0, chance(20) * MS);
	if (chance(20))
		answer((uint16_t)(next - 1));
	return next;
}

/* Hundreds wait at a time, and go in another order than they came: by an answer, or when their limits run out, while others
 * come. */
static void
many_wait_at_once(void)
{
	most_connections = SEGMENTS;
	embryos_compared = 0;
	for (uint64_t seed = 1; seed <= 6; seed++) {
		uint16_t next = FIRST_PORT;

		random_state = seed;
		memset(talks, 0, sizeof talks);
		for (said = 0; said < SEGMENTS - 64;)
			next = said / 1000 == seed % 3 ? say_bursts(next) : say_pairs(next);
		compare_traffic(said, said / 20, RESULTS, "many wait at once");
		compare_traffic(said, said, EVERYTHING, "many wait at once, told of all");
	}
	most_connections = 64;
	CU_ASSERT(embryos_compared > 10000);
}

/* Shapes are as many as there is room for, and what comes after them has none, be there rare things or not. */
static void
shapes_have_an_end(void)
{
	struct tf_analyzer *a = analyzer_for(&with, RESULTS);
	struct tf_connection plain = {0}, rare = {0};
	uint64_t given = 0, refused = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(a);
	/* So that nothing of it waits. */
	rare.flags = TF_CONN_ESTABLISHED | TF_CONN_ANSWERED;
	struct tf_extra *x = tf_extra_of(&a->ctx, &rare);
	CU_ASSERT_PTR_NOT_NULL_FATAL(x);
	for (int e = 0; e < 2; e++) {
		rare.end[e].history = TF_ESTABLISHED;
		x->repetition[e].counting = true;
	}
	CU_ASSERT(tf_shape_of(&a->ctx, &rare) != 0);
	/* First so many of the others that the share of those with rare things is passed; then both in turn. */
	for (uint64_t i = 1; i <= 2 * TF_SHAPES; i++) {
		plain.end[TF_CLIENT].history = i;
		uint16_t number = tf_shape_of(&a->ctx, &plain);
		given += number != 0;
		refused += number == 0;
		CU_ASSERT(number < TF_SHAPES && a->moves.count <= TF_SHAPES);
		rare.end[TF_CLIENT].history = i << 4 | TF_ESTABLISHED;
		if (i > TF_SHAPES / 4 * 3)
			CU_ASSERT(tf_shape_of(&a->ctx, &rare) == 0);
	}
	CU_ASSERT(given == TF_SHAPES - 2 && refused == TF_SHAPES + 2); /* 0 is none, and one was rare */
	tf_analyzer_free(a);
}

/* The connection on the ports of S, or 0. */
static uint32_t
connection_of(const struct tf_analyzer *a, const struct tf_segment *s)
{
	for (uint32_t i = a->connections.fresh; i > 0; i--) {
		const struct tf_connection *c = tf_connection_at(a, i);
		if (c->conn && c->tuple.port[0] + c->tuple.port[1] == s->src_port + s->dst_port)
			return i;
	}
	return 0;
}

/* What was said so far goes to A; is the only connection a calm one then? */
static bool
is_calm_now(struct tf_analyzer *a, size_t *fed)
{
	feed(a, *fed, said);
	*fed = said;
	struct tf_connection *c = tf_connection_at(a, connection_of(a, &traffic[said - 1]));
	return tf_shape_may(&a->ctx, c, TF_SERVER) & TF_IS_CALM;
}

/* Somebody else resets the connection, and both ends go on: that is remembered for as long as anything may follow from it,
 * and not for ever (core/reset.c). */
static void
a_reset_is_outlived(void)
{
	struct tf_analyzer *a = analyzer_for(&with, RESULTS);
	size_t fed = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(a);
	say_opening();
	say(1, TF_ACK, 5001, 1101, 100, 10 * MS);
	say(0, TF_ACK, 1101, 5101, 0, 10 * MS);
	say(1, TF_RST, 5101, 0, 0, 10 * MS);
	say(1, TF_ACK, 5101, 1101, 100, 5 * MS);
	say(0, TF_ACK, 1101, 5201, 0, 10 * MS);
	say(1, TF_ACK, 5201, 1101, 100, 300 * MS);
	say(0, TF_ACK, 1101, 5301, 0, 10 * MS);
	say(1, TF_ACK, 5301, 1101, 100, 300 * MS);
	say(0, TF_ACK, 1101, 5401, 0, 10 * MS);
	CU_ASSERT(!is_calm_now(a, &fed));
	say(1, TF_ACK, 5401, 1101, 100, 1000 * MS);
	say(0, TF_ACK, 1101, 5501, 0, 10 * MS);
	CU_ASSERT(is_calm_now(a, &fed));
	CU_ASSERT_EQUAL(tf_analyzer_stats(a)->anomalies[TF_A_INJECTION_SUSPECTED], 1);
	tf_analyzer_free(a);
	compare_traffic(said, 1, EVERYTHING, "a reset that was outlived");
}

/* Else there would be nothing to compare. */
static void
healthy_traffic_is_predicted(void)
{
	unsigned predicted = 0, asked = 0;
	struct tf_analyzer *a = analyzer_for(&with, EVERYTHING);

	make_traffic(1, 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(a);
	for (unsigned i = 0; i < SEGMENTS; i++) {
		struct tf_segment s = traffic[i];
		uint32_t index = connection_of(a, &s);
		if (index) {
			/* On a copy: being asked must not count twice. */
			struct tf_connection copy = *tf_connection_at(a, index);
			asked++;
			enum tf_endpoint from = tf_connection_sender(&copy, &s);
			unsigned may = tf_shape_may(&a->ctx, &copy, from);
			predicted +=
			    may & tf_plain_of(&s).fast && tf_connection_fast(&a->ctx, &copy, &s, from, may);
		}
		tf_analyzer_prepare(a, &s, 1);
		tf_analyzer_feed(a, &s, 1);
	}
	CU_ASSERT(asked > SEGMENTS / 2 && predicted > asked / 2);
	tf_analyzer_free(a);
}

/* The embryo on the ports of S, or NULL. */
static const struct tf_embryo *
embryo_of(const struct tf_analyzer *a, const struct tf_segment *s)
{
	for (uint32_t i = 1; i <= a->embryos.fresh; i++) {
		const struct tf_embryo *e = tf_embryo_at(a, i);
		if (e->conn && e->tuple.port[0] + e->tuple.port[1] == s->src_port + s->dst_port)
			return e;
	}
	return NULL;
}

/* The opening of a life without trouble is looked up, after the first few lives, and takes little room. */
static void
openings_are_remembered(void)
{
	struct tf_analyzer *a = analyzer_for(&with, RESULTS);
	unsigned asked = 0, made = 0;

	make_traffic(1, 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(a);
	for (unsigned i = 0; i < SEGMENTS; i++) {
		struct tf_segment *s = &traffic[i];
		const struct tf_embryo *e = embryo_of(a, s);
		bool answer = i > SEGMENTS / 2 && s->flags == (TF_SYN | TF_ACK);
		asked += answer;
		made += answer && e && !e->answered;
		tf_analyzer_prepare(a, s, 1);
		tf_analyzer_feed(a, s, 1);
		e = embryo_of(a, s);
		made += answer && e && e->answered;
	}
	CU_ASSERT(asked > 5 && made > asked);
	tf_analyzer_free(a);
}

const char tf_suite[] = "header prediction and remembered moves";

const struct tf_test tf_tests[] = {
    {"most of healthy traffic is predicted", healthy_traffic_is_predicted},
    {"openings are remembered", openings_are_remembered},
    {"healthy traffic comes to the same", healthy_traffic},
    {"traffic with a little trouble comes to the same", traffic_with_a_little_trouble},
    {"traffic with much trouble comes to the same", traffic_with_much_trouble},
    {"traffic whose openings are missing comes to the same", traffic_in_midstream},
    {"a FIN that was none comes to the same", a_fin_that_was_none},
    {"a reset is outlived", a_reset_is_outlived},
    {"many wait for an answer at once", many_wait_at_once},
    {"shapes have an end", shapes_have_an_end},
    {NULL, NULL},
};
