/*
 * Fuzzes the analyzer with sequences of segments.
 *
 * The input: an octet that chooses how many connections the analyzer may
 * keep, then segments of eight octets (struct step below) among four
 * 4-tuples that share hosts and ports.  Sequence numbers are small
 * distances from where each sender stands, so that most segments are
 * nearly right; times go from microseconds to hours, and sometimes back.
 * tests/fuzz/make_sequence_seeds.py writes such files.
 *
 * Besides what sanitizers see, it holds what interface.md promises of any
 * output: transitions are a chain, the set holds the state, nothing is
 * told out of order, evidence was seen, every connection has one record,
 * and feeding all at once tells the same as feeding one by one.
 */
#include <stdlib.h>
#include <string.h>

#include "tcpfsm/analyzer.h"

enum {
	TUPLES = 4,
	STEP = 8,
	SEGMENTS = 400,
	CONNS = SEGMENTS + 2,
	PAYLOAD = 4096,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* How far both senders of a 4-tuple have come. */
struct tuple {
	uint32_t next[2];
	uint32_t clock[2]; /* of their timestamps */
};

/* What must hold of an end, from the events alone. */
struct end {
	bool known;
	enum tf_state state;
};

struct view {
	struct end end[CONNS][2];
	bool recorded[CONNS];
	uint64_t fed, conns, records, digest;
	int64_t ts_ns;
	bool backwards; /* some segment's time went back: ts is the clock, no more is held of it */
};

/* An assert that NDEBUG does not take away. */
static void
hold(bool condition)
{
	if (!condition)
		abort();
}

static void
digest(struct view *v, uint64_t value)
{
	v->digest = (v->digest ^ value) * UINT64_C(0x100000001b3);
	v->digest ^= v->digest >> 29;
}

static void
check_time(struct view *v, int64_t ts_ns, uint64_t packet, uint64_t conn)
{
	hold(packet <= v->fed);
	hold(conn <= v->conns + 1 && conn < CONNS);
	if (conn > v->conns)
		v->conns = conn;
	hold(v->backwards || ts_ns >= v->ts_ns);
	v->ts_ns = ts_ns;
	digest(v, (uint64_t)ts_ns);
	digest(v, packet << 20 ^ conn);
}

static void
check_transition(struct view *v, const struct tf_transition *t)
{
	struct end *e;

	check_time(v, t->ts_ns, t->packet, t->conn);
	hold(t->conn > 0 && (t->endpoint == TF_CLIENT || t->endpoint == TF_SERVER));
	e = &v->end[t->conn][t->endpoint];
	hold(!e->known || e->state == t->from);
	hold(t->from != t->to && (unsigned)t->to < TF_STATE_COUNT && (t->possible & TF_STATES(t->to)) != 0);
	hold(t->rule != NULL && t->event != NULL && t->reference != NULL);
	hold(!v->recorded[t->conn]);
	e->known = true;
	e->state = t->to;
	digest(v,
	       (uint64_t)t->to << 16 ^ t->possible ^ (uint64_t)t->basis << 32 ^ (uint64_t)t->endpoint << 40);
}

static void
check_possible(struct view *v, const struct tf_possible *p)
{
	check_time(v, p->ts_ns, p->packet, p->conn);
	hold(p->conn > 0 && (p->endpoint == TF_CLIENT || p->endpoint == TF_SERVER));
	hold((p->possible & TF_STATES(p->state)) != 0);
	hold(!v->end[p->conn][p->endpoint].known || v->end[p->conn][p->endpoint].state == p->state);
	digest(v, p->possible);
}

static void
check_finding(struct view *v, const struct tf_finding *f)
{
	check_time(v, f->ts_ns, f->packet, f->conn);
	hold(f->packet_count > 0 && f->packet_count <= TF_MAX_EVIDENCE && f->detail_count <= TF_MAX_DETAILS);
	hold((unsigned)f->id < TF_ANOMALY_COUNT && (unsigned)f->severity < TF_SEVERITY_COUNT);
	for (size_t i = 0; i < f->packet_count; i++)
		hold(f->packets[i] > (i > 0 ? f->packets[i - 1] : 0) && f->packets[i] <= v->fed);
	digest(v, (uint64_t)f->id << 8 ^ f->packets[0]);
}

static void
check_record(struct view *v, const struct tf_connection_record *c)
{
	hold(c->conn > 0 && c->conn < CONNS && !v->recorded[c->conn]);
	v->recorded[c->conn] = true;
	v->records++;
	for (int end = 0; end < 2; end++) {
		const struct tf_end_record *r = &c->end[end];

		hold((r->possible & TF_STATES(r->state)) != 0);
		hold(r->history_count <= TF_MAX_HISTORY);
		hold(!v->end[c->conn][end].known || v->end[c->conn][end].state == r->state);
		digest(v, r->packets << 32 ^ r->bytes);
	}
	digest(v, c->conn << 8 ^ (uint64_t)c->close);
}

static void
check_event(void *context, const struct tf_event *e)
{
	struct view *v = context;

	if (e->kind == TF_EV_TRANSITION)
		check_transition(v, e->transition);
	else if (e->kind == TF_EV_POSSIBLE)
		check_possible(v, e->possible);
	else if (e->kind == TF_EV_FINDING)
		check_finding(v, e->finding);
	else if (e->kind == TF_EV_CONNECTION)
		check_record(v, e->connection);
}

/* Step I between the segments, in nanoseconds: 16 sizes, the last one backwards. */
static int64_t
gap_ns(unsigned i)
{
	static const int64_t gaps[16] = {
	    0,           10000,        200000,        1000000,    5000000,    20000000,
	    200000000,   500000000,    1000000000,    2000000000, 3100000000, 15000000000,
	    61000000000, 200000000000, 7300000000000, -1000000,
	};

	return gaps[i & 15];
}

static void
address(struct tf_segment *g, unsigned tuple, unsigned from)
{
	static const uint8_t v4[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	const uint16_t port[2] = {(uint16_t)(40000 + tuple / 2), 80};

	memcpy(g->src.byte, v4, sizeof(v4));
	memcpy(g->dst.byte, v4, sizeof(v4));
	g->src.byte[12] = g->dst.byte[12] = 192;
	g->src.byte[15] = (uint8_t)(from == 0 ? 1 + tuple % 2 : 9);
	g->dst.byte[15] = (uint8_t)(from == 0 ? 9 : 1 + tuple % 2);
	g->src_port = port[from];
	g->dst_port = port[from ^ 1u];
	g->ip_version = 4;
	g->ttl = 64;
}

/* A distance of at most 15 octets, or one of the larger ones that matter. */
static uint32_t
distance(unsigned code)
{
	static const int32_t far[16] = {
	    0,     1,      -1,     100,     -100,       1000,        -1000,      65535,
	    65536, -65536, 200000, -200000, 0x40000000, -0x40000000, 0x7fffffff, 2,
	};

	return code & 0x10 ? (uint32_t)far[code & 15] : 0;
}

static void
put32(uint8_t *p, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void
options(struct tf_segment *g, unsigned bits, struct tuple *t, unsigned from, uint8_t sack[TF_SACK_BLOCK])
{
	if (bits & 0x01) {
		g->options |= TF_OPT_TIMESTAMPS;
		g->tsval = t->clock[from] - ((bits & 0x02) != 0 ? 5000u : 0u);
		g->tsecr = t->clock[from ^ 1u];
	}
	if (bits & 0x04 && g->flags & TF_SYN) {
		g->options |= TF_OPT_MSS | TF_OPT_WSCALE | TF_OPT_SACK_PERMITTED;
		g->mss = 1460;
		g->wscale = (uint8_t)(bits >> 4);
	}
	if (bits & 0x08) {
		g->options |= TF_OPT_SACK;
		g->sack_count = 1;
		g->sack = sack;
		put32(sack, g->ack.v + 100);
		put32(sack + 4, g->ack.v + 100u * (1u + (bits >> 6)));
	}
	if (bits & 0x80)
		g->options |= bits & 0x40 ? TF_OPT_CUT : TF_OPT_FAST_OPEN;
}

/*
 * The eight octets of a segment: 4-tuple, sender and gap of time; flags;
 * distance of SEQ; distance of ACK; length; window; options; IP ID and
 * checksum.
 */
static void
make_segment(struct tf_segment *g, const uint8_t *step, struct tuple *tuples, const uint8_t *payload,
             uint8_t sack[TF_SACK_BLOCK])
{
	unsigned tuple = step[0] & 3u, from = step[0] >> 2 & 1u;
	struct tuple *t = &tuples[tuple];

	memset(g, 0, sizeof(*g));
	address(g, tuple, from);
	g->flags = (uint16_t)(step[1] | (step[0] & 8u) << 5);
	g->seq = tf_seq_of(t->next[from] + distance(step[2]));
	if (g->flags & TF_ACK)
		g->ack = tf_seq_of(t->next[from ^ 1u] + distance(step[3]));
	g->len = step[4] & 0x80 ? 16u * (step[4] & 0x7fu) : step[4];
	g->payload = payload + (step[7] & 0x0fu);
	g->payload_len = step[2] & 0x40 ? g->len / 2 : g->len;
	g->wire_len = 54 + g->len;
	g->window = (uint16_t)(step[5] << 8);
	g->checksum = (uint16_t)(step[7] << 8 | step[4]);
	g->checksum_state = (step[7] & 0xe0) == 0xe0 ? TF_CHECKSUM_BAD : TF_CHECKSUM_VALID;
	g->ip_id = step[7];
	t->clock[from] += 10;
	options(g, step[6], t, from, sack);
	if ((step[2] & 0x20) == 0)
		t->next[from] = tf_segment_end(g).v;
}

static size_t
make_segments(struct tf_segment *g, const uint8_t *data, size_t size, struct view *v)
{
	static uint8_t payload[PAYLOAD], sack[SEGMENTS][TF_SACK_BLOCK];
	struct tuple tuples[TUPLES];
	int64_t ts_ns = INT64_C(1700000000000000000);
	size_t n = 0;

	memset(payload, 'x', sizeof(payload));
	for (unsigned i = 0; i < TUPLES; i++)
		tuples[i] = (struct tuple){.next = {0xfffffff0u + i * 0x1000u, 0x10000000u * i}};
	for (; n < SEGMENTS && (n + 1) * STEP <= size; n++) {
		const uint8_t *step = data + n * STEP;

		make_segment(&g[n], step, tuples, payload, sack[n]);
		ts_ns += gap_ns(step[0] >> 4);
		v->backwards |= step[0] >> 4 == 15;
		g[n].ts_ns = ts_ns;
		g[n].packet = n + 1;
	}
	return n;
}

static void
analyze(const struct tf_config *config, struct tf_segment *g, size_t n, bool at_once, struct view *v)
{
	struct tf_sink sink = {
	    .wanted = TF_EV_TRANSITION | TF_EV_POSSIBLE | TF_EV_FINDING | TF_EV_CONNECTION,
	    .event = check_event,
	    .context = v,
	};
	struct tf_analyzer *a = tf_analyzer_new(config, sink);

	if (a == NULL)
		return;
	tf_analyzer_prepare(a, g, n);
	v->fed = at_once ? n : 0;
	if (at_once)
		tf_analyzer_feed(a, g, n);
	for (size_t i = 0; !at_once && i < n; i++) {
		v->fed = i + 1;
		tf_analyzer_feed(a, &g[i], 1);
	}
	tf_analyzer_finish(a);
	hold(tf_analyzer_stats(a)->segments == n);
	hold(tf_analyzer_stats(a)->connections == v->records);
	tf_analyzer_free(a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tf_segment segments[SEGMENTS];
	static struct view one, all;
	struct tf_config config;
	size_t n;

	if (size < 1 + STEP)
		return 0;
	memset(&one, 0, sizeof(one));
	memset(&all, 0, sizeof(all));
	tf_config_init(&config, (enum tf_profile)(data[0] & 3));
	config.max_connections = data[0] & 0x80 ? 1 + (data[0] >> 2 & 3u) : 64;
	config.max_tombstones = data[0] & 0x80 ? 2 : 64;
	config.reassembly_bytes = data[0] & 0x80 ? 4096 : 65536;
	n = make_segments(segments, data + 1, size - 1, &one);
	all.backwards = one.backwards;
	analyze(&config, segments, n, false, &one);
	analyze(&config, segments, n, true, &all);
	hold(one.digest == all.digest);
	return 0;
}
