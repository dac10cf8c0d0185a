/*
 * The initial sequence numbers of one host over several connections: the
 * same number more often than chance explains, numbers that can be
 * guessed, and the number 0 (RFC 6528, RFC 9293 section 3.4.1).
 *
 * A number counts once a connection, and only where the other end answered
 * it: what nobody answered may be forged.
 */
#include "detect/families.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "detect/memory.h"

/* Up to so many samples an equal pair comes up by chance less than once in 10^6. */
#define BIRTHDAY 93

/* A translated copy of a connection passes at nearly the same time. */
#define COPY_NS INT64_C(3000000000)

/* The same connection again: before and after a translation of addresses, or on the same 4-tuple. */
static bool
same_connection(const struct tf_isn_sample *a, const struct tf_isn_sample *b)
{
	if (a->peer == b->peer && a->own_port == b->own_port && a->peer_port == b->peer_port)
		return true;
	if (tf_sample_peer_known(a) && tf_sample_peer_known(b))
		return a->peer_isn == b->peer_isn;
	return a->own_port == b->own_port && a->peer_port == b->peer_port && b->ts_ns - a->ts_ns < COPY_NS;
}

struct repeats {
	uint32_t times; /* this one included */
	uint64_t conn[TF_MAX_EVIDENCE], packet[TF_MAX_EVIDENCE];
	struct tf_isn_sample first; /* a copy: the new one may take its place */
	bool copy;                  /* no number of its own: the connection was seen before */
};

static struct repeats
count_repeats(const struct tf_hosts *t, const struct tf_host *h, uint32_t isn, const struct tf_isn_sample *s)
{
	struct repeats r = {.times = 1, .conn = {tf_sample_conn(s)}, .packet = {tf_sample_packet(s)}};
	uint32_t kept = tf_host_kept(h);

	for (uint32_t i = tf_host_find(t, h, isn, 0); i < kept; i = tf_host_find(t, h, isn, i + 1)) {
		const struct tf_isn_sample *former = tf_host_sample(t, h, i);
		r.copy |= same_connection(former, s);
		if (r.times == 1 || tf_sample_conn(former) < tf_sample_conn(&r.first))
			r.first = *former;
		if (r.times < TF_MAX_EVIDENCE) {
			r.conn[r.times] = tf_sample_conn(former);
			r.packet[r.times] = tf_sample_packet(former);
		}
		r.times++;
	}
	return r;
}

static struct tf_finding
about(struct tf_context *ctx, const struct tf_host *h, enum tf_anomaly id, char subject[TF_SUBJECT_TEXT])
{
	return (struct tf_finding){
	    .ts_ns = ctx->now_ns,
	    .packet = ctx->packet,
	    .endpoint = TF_NEITHER,
	    .id = id,
	    .severity = tf_anomaly_info(id)->severity,
	    .subject = tf_subject_text(subject, &h->addr, 0),
	};
}

static int
ascending(const void *p, const void *q)
{
	const uint64_t *a = p, *b = q;

	return *a < *b ? -1 : *a > *b;
}

static void
raise_reuse(struct tf_context *ctx, struct tf_host *h, uint32_t isn, struct repeats *r)
{
	char subject[TF_SUBJECT_TEXT];
	struct tf_finding f = about(ctx, h, TF_A_ISN_REUSE, subject);
	size_t count = r->times < TF_MAX_EVIDENCE ? r->times : TF_MAX_EVIDENCE;

	h->reused = true;
	qsort(r->conn, count, sizeof r->conn[0], ascending);
	f.conns = r->conn;
	f.conn_count = count;
	tf_finding_count(&f, "former", TF_D_COUNT, tf_sample_conn(&r->first));
	tf_finding_count(&f, "isn", TF_D_SEQ, isn);
	tf_finding_duration(&f, "since_open", ctx->now_ns - r->first.ts_ns);
	tf_finding_count(&f, "samples", TF_D_COUNT, h->samples);
	tf_finding_count(&f, "times", TF_D_COUNT, r->times);
	for (size_t i = 0; i < count; i++)
		tf_finding_packet(&f, r->packet[i]);
	tf_raise_subject(ctx, &f);
}

static bool
can_be_guessed(enum tf_isn_method m)
{
	return m == TF_ISN_CONSTANT_STEP || m == TF_ISN_MULTIPLES || m == TF_ISN_NARROW_BAND ||
	       m == TF_ISN_CLOCK || m == TF_ISN_SMALL_STEPS;
}

static void
check_predictable(struct tf_context *ctx, struct tf_host *h)
{
	struct tf_hosts *t = &ctx->memory->hosts;
	char subject[TF_SUBJECT_TEXT];
	uint64_t conns[TF_ISN_SAMPLES];
	struct tf_isn_class class = tf_isn_class_of(t, h);

	if (!can_be_guessed(class.method))
		return;
	struct tf_finding f = about(ctx, h, TF_A_ISN_PREDICTABLE, subject);
	h->predictable = true;
	f.conns = conns;
	f.conn_count = tf_host_kept(h);
	for (size_t i = 0; i < f.conn_count; i++) {
		const struct tf_isn_sample *sample = tf_host_sample(t, h, (uint32_t)i);
		conns[i] = tf_sample_conn(sample);
		tf_finding_packet(&f, tf_sample_packet(sample));
	}
	qsort(conns, f.conn_count, sizeof conns[0], ascending);
	tf_finding_count(&f, "samples", TF_D_COUNT, class.samples);
	tf_finding_text(&f, "pattern", tf_isn_method_text(class.method));
	tf_finding_count(&f, "width", TF_D_COUNT, class.width);
	tf_finding_count(&f, "guesses", TF_D_COUNT, class.guesses);
	tf_raise_subject(ctx, &f);
}

static bool
worth_a_look(uint32_t samples)
{
	return samples == TF_ISN_ENOUGH || samples == 4 * TF_ISN_ENOUGH;
}

/* A number that an end chose for a connection. */
struct choice {
	const struct tf_opening *o;
	const struct tf_segment *answer; /* the server's, to the SYN; a RST tells nothing of its number */
	enum tf_endpoint which;
	uint32_t isn;
	uint32_t peer; /* hash of the other end's address */
};

static inline void
describe_choice(const struct tf_context *ctx, const struct choice *choice, struct tf_isn_sample *out)
{
	const struct tf_opening *o = choice->o;
	const struct tf_segment *answer = choice->answer;
	bool of_client = choice->which == TF_CLIENT, peer_known = !(answer->flags & TF_RST);
	uint64_t packet = of_client ? o->packet : answer->packet;

	out->ts_ns = of_client ? o->ts_ns : ctx->now_ns;
	out->numbers = tf_sample_numbers(o->conn, packet, peer_known);
	out->packet_low = (uint32_t)packet;
	out->peer_isn = o->isn[!choice->which].v;
	out->peer = choice->peer;
	out->own_port = of_client ? answer->dst_port : answer->src_port;
	out->peer_port = of_client ? answer->src_port : answer->dst_port;
}

/* False where there is no room for one more. */
static inline __attribute__((always_inline)) bool
keep(struct tf_context *ctx, struct tf_host *h, const struct choice *choice)
{
	struct tf_isn_sample *room = tf_host_add(&ctx->memory->hosts, h, choice->isn);

	if (!room) {
		ctx->stats->hosts_dropped++;
		return false;
	}
	describe_choice(ctx, choice, room);
	h->as_client += choice->which == TF_CLIENT;
	return true;
}

/* The number came before.  False where it is not one more. */
static __attribute__((noinline)) bool
keep_repeated(struct tf_context *ctx, struct tf_host *h, struct choice choice)
{
	struct tf_hosts *t = &ctx->memory->hosts;
	struct tf_isn_sample sample;

	describe_choice(ctx, &choice, &sample);
	struct repeats r = count_repeats(t, h, choice.isn, &sample);
	if (r.copy || !keep(ctx, h, &choice))
		return false;
	struct tf_isn_ring *ring = &t->ring[h->ring - 1];
	if (r.times > ring->most_equal)
		ring->most_equal = r.times;
	if (!h->reused && (r.times > 2 || h->samples <= BIRTHDAY))
		raise_reuse(ctx, h, choice.isn, &r);
	return true;
}

static inline __attribute__((always_inline)) void
take_sample(struct tf_context *ctx, const struct tf_addr *addr, struct choice choice, uint32_t hash)
{
	struct tf_hosts *t = &ctx->memory->hosts;
	struct tf_host *h = tf_host_get(t, addr, hash, &ctx->stats->hosts_dropped);

	if (!h)
		return;
	bool repeated = tf_host_find(t, h, choice.isn, 0) < tf_host_kept(h);
	if (!(repeated ? keep_repeated(ctx, h, choice) : keep(ctx, h, &choice)))
		return;
	if (worth_a_look(h->samples) && !h->predictable)
		check_predictable(ctx, h);
}

void
tf_detect_numbers(struct tf_context *ctx, const struct tf_opening *o, const struct tf_segment *s)
{
	const struct tf_hosts *t = &ctx->memory->hosts;
	uint32_t of_client = tf_host_hash(t, &s->dst), of_server = tf_host_hash(t, &s->src);

	take_sample(ctx, &s->dst, (struct choice){o, s, TF_CLIENT, o->isn[TF_CLIENT].v, .peer = of_server},
	            of_client);
	if (!(s->flags & TF_RST))
		take_sample(ctx, &s->src,
		            (struct choice){o, s, TF_SERVER, o->isn[TF_SERVER].v, .peer = of_client},
		            of_server);
}

static void
check_zero(const struct tf_step *st)
{
	if (st->s->seq.v != 0 || st->marks & TF_MARK_RETRANSMISSION || st->bad_ack)
		return;
	struct tf_finding f = tf_finding(st->ctx, st->c, TF_A_ISN_ZERO, st->from);
	tf_finding_packet(&f, st->s->packet);
	tf_raise(st->ctx, st->c, &f);
}

void
tf_host_isn_segment(const struct tf_step *st)
{
	unsigned flags = st->s->flags & (TF_SYN | TF_ACK | TF_RST);
	const uint32_t unusual = TF_CONN_MIDSTREAM | TF_CONN_SIMULTANEOUS | TF_CONN_SPLIT;

	if (flags & TF_SYN && !(flags & TF_RST))
		check_zero(st);
	if (st->c->flags & unusual || st->from != TF_SERVER)
		return;
	if ((flags == (TF_SYN | TF_ACK) && st->first_ack_of_syn) ||
	    (flags == (TF_RST | TF_ACK) && st->before[TF_CLIENT] == TF_SYN_SENT &&
	     tf_connection_close(st->c) == TF_CLOSE_REFUSED)) {
		struct tf_opening o = tf_opening_of(st->ctx, st->c);
		tf_detect_numbers(st->ctx, &o, st->s);
	}
}

/* ---- at the end ----------------------------------------------------------------------- */

/* Is there something to find out of H, which may be NULL? */
static bool
is_open(const struct tf_host *h)
{
	return h && h->samples >= TF_ISN_ENOUGH && !h->predictable;
}

void
tf_host_isn_end(struct tf_context *ctx)
{
	struct tf_hosts *t = &ctx->memory->hosts;
	struct tf_host *former = NULL;

	/* The numbers of each are asked for while those of the one before are looked at. */
	for (size_t i = 0; t->used && i <= TF_HOSTS; i++) {
		struct tf_host *h = i < TF_HOSTS ? tf_host_in(t, i) : NULL;
		if (i < TF_HOSTS && !is_open(h))
			continue;
		if (h)
			tf_isn_class_ask(t, h);
		if (former)
			check_predictable(ctx, former);
		former = h;
	}
}

static void
tell(struct tf_detail *d, size_t *n, const char *name, uint64_t count)
{
	d[(*n)++] = (struct tf_detail){.name = name, .kind = TF_D_COUNT, .count = count};
}

static size_t
describe(struct tf_hosts *t, const struct tf_host *h, struct tf_detail d[TF_MAX_DETAILS])
{
	struct tf_isn_class class = tf_isn_class_of(t, h);
	struct tf_isn_pair pair = tf_isn_closest(t, h);
	const struct tf_isn_ring *ring = &t->ring[h->ring - 1];
	const char *method = tf_isn_method_text(class.method);
	size_t n = 0;

	d[n++] = (struct tf_detail){.name = "method", .kind = TF_D_TEXT, .text = method};
	tell(d, &n, "samples", h->samples);
	tell(d, &n, "as_client", h->as_client);
	tell(d, &n, "as_server", h->samples - h->as_client);
	if (class.method == TF_ISN_CLOCK)
		tell(d, &n, "per_second", (uint64_t)fabs(class.rate));
	if (can_be_guessed(class.method))
		tell(d, &n, "width", class.width);
	if (class.method != TF_ISN_FEW)
		tell(d, &n, "guesses", class.guesses);
	if (tf_isn_clock_on_tuple(t, h))
		d[n++] = (struct tf_detail){.name = "clock_on_one_tuple", .kind = TF_D_BOOL, .count = 1};
	if (ring->zero)
		tell(d, &n, "zero", ring->zero);
	if (ring->most_equal > 1)
		tell(d, &n, "most_equal", ring->most_equal);
	if (!pair.conn[0])
		return n;
	tell(d, &n, "closest", pair.distance);
	tell(d, &n, "closest_conn_1", pair.conn[0]);
	tell(d, &n, "closest_conn_2", pair.conn[1]);
	return n;
}

static int
by_address(const void *p, const void *q)
{
	struct tf_host *const *a = p, *const *b = q;

	return memcmp(&(*a)->addr, &(*b)->addr, sizeof(*a)->addr);
}

void
tf_host_isn_list(struct tf_memory *m, tf_host_fn *fn, void *context)
{
	struct tf_hosts *t = &m->hosts;
	size_t count = 0;
	struct tf_host **order = calloc((size_t)t->used + 1, sizeof(struct tf_host *));
	struct tf_detail detail[TF_MAX_DETAILS];

	for (size_t i = 0; order && i < t->used; i++)
		if (t->host[i].samples >= TF_ISN_ENOUGH)
			order[count++] = &t->host[i];
	if (order)
		qsort(order, count, sizeof *order, by_address);
	for (size_t i = 0; i < count; i++)
		fn(context, &order[i]->addr, detail, describe(t, order[i], detail));
	free(order);
}
