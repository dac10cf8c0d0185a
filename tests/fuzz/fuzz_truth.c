/*
 * Holds the replica against the truth: two ends that follow RFC 9293 section
 * 3.10.7 talk over a bad network, a tap between them feeds the analyzer, and
 * at every moment the set of possible states must hold the true one.
 *
 * The input chooses: an octet of mode (1: both ends open), then octets for what the applications do and what the
 * network does to each segment.  Where it ends, the network is good and
 * the applications are done.  The two ends are written from the RFC, not
 * from the analyzer's rules; where Linux differs and a capture shows Linux
 * (a duplicate SYN in SYN-RECEIVED is answered by SYN,ACK) they follow it.
 *
 * No timer gives a connection up here, only one connection is made, and the
 * tap sees all that passes it: what it missed it cannot know of.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tcpfsm/analyzer.h"

enum {
	CLIENT,
	SERVER,
	ACTIONS = 16,
	FLIGHTS = 256, /* segments on their way */
	QUEUE = 12,    /* segments that an end may send again, or holds out of order */
	WINDOW = 65535,
	TRIES = 6,
	TURNS = 3000,
};

#define MS    INT64_C(1000000)
#define START INT64_C(1700000000000000000)
#define NEVER INT64_MAX

/* 60 s as the analyzer counts them from what passes the tap, and the way to the tap. */
#define TIME_WAIT_NS (62000 * MS)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct piece {
	uint32_t seq, len;
	bool syn, fin;
};

struct tcb {
	enum tf_state state;
	bool passive, fin_sent, ack_of_syn; /* ack_of_syn: its SYN goes out as SYN,ACK */
	uint32_t iss, snd_una, snd_nxt, rcv_nxt, irs;
	struct piece sent[QUEUE], held[QUEUE];
	unsigned sent_count, held_count, tries;
	int64_t rto_ns, resend_ns, over_ns; /* over_ns: end of TIME-WAIT */
	uint16_t next_id;
};

struct flight {
	bool used, tapped; /* tapped: behind the tap */
	bool lost_behind;
	int64_t at_ns, behind_ns;
	unsigned from;
	struct tf_segment segment;
};

struct action {
	int64_t at_ns;
	unsigned end, what;
};

struct world {
	const uint8_t *data;
	size_t size;
	unsigned mode;
	int64_t now_ns;
	struct tcb tcb[2];
	struct flight flight[FLIGHTS];
	struct action action[ACTIONS];
	unsigned action_count;
	struct tf_analyzer *analyzer;
	uint64_t packets;
	/* What the analyzer says. */
	unsigned client; /* which end it calls the client */
	bool known[2], over;
	tf_states possible[2]; /* by its names */
};

static bool talk; /* print what happens: for a person who looks at a failure */

static unsigned
choose(struct world *w)
{
	if (w->size == 0)
		return 0;
	w->size--;
	return *w->data++;
}

static int32_t
diff(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

/* The network decides on a segment that TCB sends now. */
static void
launch(struct world *w, unsigned from, struct tf_segment *g)
{
	static const int64_t delays[8] = {MS, MS, 2 * MS, 5 * MS, 20 * MS, 60 * MS, 250 * MS, 800 * MS};
	unsigned fate = choose(w), delay = choose(w);
	struct flight *f = w->flight;

	while (f < w->flight + FLIGHTS && f->used)
		f++;
	if ((fate & 15) == 1 || f == w->flight + FLIGHTS)
		return;
	f->used = true;
	f->tapped = false;
	f->lost_behind = (fate & 15) == 2;
	f->at_ns = w->now_ns + delays[delay & 7];
	f->behind_ns = delays[delay >> 3 & 7];
	f->from = from;
	f->segment = *g;
}

static void
send_segment(struct world *w, unsigned end, unsigned flags, uint32_t seq, uint32_t ack, uint32_t len)
{
	static const uint8_t payload[512] = {0};
	struct tf_segment g;

	memset(&g, 0, sizeof(g));
	g.src.byte[10] = g.src.byte[11] = g.dst.byte[10] = g.dst.byte[11] = 0xff;
	g.src.byte[15] = (uint8_t)(1 + end);
	g.dst.byte[15] = (uint8_t)(2 - end);
	g.src_port = end == CLIENT ? 40000 : 80;
	g.dst_port = end == CLIENT ? 80 : 40000;
	g.seq = tf_seq_of(seq);
	g.ack = tf_seq_of((flags & TF_ACK) != 0 ? ack : 0);
	g.flags = (uint16_t)flags;
	g.window = WINDOW;
	g.len = g.payload_len = len;
	g.payload = payload;
	g.wire_len = 54 + len;
	g.ttl = 64;
	g.ip_version = 4;
	g.checksum_state = TF_CHECKSUM_VALID;
	g.ip_id = ++w->tcb[end].next_id;
	launch(w, end, &g);
}

static void
send_ack(struct world *w, unsigned end)
{
	send_segment(w, end, TF_ACK, w->tcb[end].snd_nxt, w->tcb[end].rcv_nxt, 0);
}

static void
send_piece(struct world *w, unsigned end, const struct piece *p)
{
	const struct tcb *t = &w->tcb[end];
	unsigned flags = (p->syn ? TF_SYN : 0u) | (p->fin ? TF_FIN : 0u);

	if (!p->syn || t->ack_of_syn)
		flags |= TF_ACK;
	send_segment(w, end, flags, p->seq, t->rcv_nxt, p->len);
}

/* Something that occupies sequence space: sent now, and again until it is acknowledged. */
static bool
send_new(struct world *w, unsigned end, bool syn, bool fin, uint32_t len)
{
	struct tcb *t = &w->tcb[end];
	struct piece *p = &t->sent[t->sent_count];

	if (t->sent_count == QUEUE)
		return false;
	*p = (struct piece){t->snd_nxt, len, syn, fin};
	if (t->sent_count++ == 0) {
		t->rto_ns = 1000 * MS;
		t->tries = 0;
		t->resend_ns = w->now_ns + t->rto_ns;
	}
	t->snd_nxt += len + syn + fin;
	send_piece(w, end, p);
	return true;
}

static void
become(struct world *w, unsigned end, enum tf_state state)
{
	struct tcb *t = &w->tcb[end];

	if (talk)
		printf("%10.3f %s %s -> %s\n", (double)(w->now_ns - START) / 1e9,
		       end == CLIENT ? "client" : "server", tf_state_name(t->state), tf_state_name(state));
	t->state = state;
	t->over_ns = state == TF_TIME_WAIT ? w->now_ns + TIME_WAIT_NS : NEVER;
	if (state == TF_CLOSED || state == TF_LISTEN || state == TF_TIME_WAIT)
		t->sent_count = 0;
}

static void
open_actively(struct world *w, unsigned end)
{
	if (w->tcb[end].state != TF_CLOSED || w->tcb[end].snd_nxt != w->tcb[end].iss)
		return;
	become(w, end, TF_SYN_SENT);
	send_new(w, end, true, false, 0);
}

static void
application_closes(struct world *w, unsigned end)
{
	struct tcb *t = &w->tcb[end];

	if (t->state != TF_ESTABLISHED && t->state != TF_SYN_RECEIVED && t->state != TF_CLOSE_WAIT)
		return;
	if (t->sent_count == QUEUE)
		return;
	t->fin_sent = true;
	become(w, end, t->state == TF_CLOSE_WAIT ? TF_LAST_ACK : TF_FIN_WAIT_1);
	send_new(w, end, false, true, 0);
}

static void
application_aborts(struct world *w, unsigned end)
{
	struct tcb *t = &w->tcb[end];

	if (t->state == TF_CLOSED || t->state == TF_LISTEN || t->state == TF_TIME_WAIT)
		return;
	if (t->state != TF_SYN_SENT)
		send_segment(w, end, TF_RST | TF_ACK, t->snd_nxt, t->rcv_nxt, 0);
	become(w, end, TF_CLOSED);
}

static void
act(struct world *w, const struct action *a)
{
	enum tf_state state = w->tcb[a->end].state;

	if (talk)
		printf("%10.3f application %u does %u\n", (double)(w->now_ns - START) / 1e9, a->end, a->what);
	if (a->what == 0)
		application_closes(w, a->end);
	else if (a->what == 1)
		application_aborts(w, a->end);
	else if (state == TF_ESTABLISHED || state == TF_CLOSE_WAIT)
		send_new(w, a->end, false, false, 100 * (a->what - 1));
}

/* RFC 9293 section 3.10.7.1. */
static void
receive_closed(struct world *w, unsigned end, const struct tf_segment *g)
{
	if (g->flags & TF_RST)
		return;
	if (g->flags & TF_ACK)
		send_segment(w, end, TF_RST, g->ack.v, 0, 0);
	else
		send_segment(w, end, TF_RST | TF_ACK, 0, tf_segment_end(g).v, 0);
}

/* Section 3.10.7.2. */
static void
receive_listen(struct world *w, unsigned end, const struct tf_segment *g)
{
	struct tcb *t = &w->tcb[end];

	if (g->flags & TF_RST)
		return;
	if (g->flags & TF_ACK) {
		send_segment(w, end, TF_RST, g->ack.v, 0, 0);
		return;
	}
	if ((g->flags & TF_SYN) == 0)
		return;
	t->irs = g->seq.v;
	t->rcv_nxt = t->irs + 1;
	t->snd_nxt = t->snd_una = t->iss;
	t->ack_of_syn = true;
	become(w, end, TF_SYN_RECEIVED);
	send_new(w, end, true, false, 0);
}

static void
acknowledge(struct world *w, unsigned end, uint32_t ack)
{
	struct tcb *t = &w->tcb[end];
	unsigned gone = 0;

	if (diff(ack, t->snd_una) <= 0)
		return;
	t->snd_una = ack;
	while (gone < t->sent_count) {
		const struct piece *p = &t->sent[gone];

		if (diff(ack, p->seq + p->len + p->syn + p->fin) < 0)
			break;
		gone++;
	}
	memmove(t->sent, t->sent + gone, (t->sent_count - gone) * sizeof(t->sent[0]));
	t->sent_count -= gone;
	t->tries = 0;
	t->rto_ns = 200 * MS;
	t->resend_ns = w->now_ns + t->rto_ns;
}

/* Section 3.10.7.3. */
static void
receive_syn_sent(struct world *w, unsigned end, const struct tf_segment *g)
{
	struct tcb *t = &w->tcb[end];
	bool ack = (g->flags & TF_ACK) != 0;

	if (ack && (diff(g->ack.v, t->iss) <= 0 || diff(g->ack.v, t->snd_nxt) > 0)) {
		if ((g->flags & TF_RST) == 0)
			send_segment(w, end, TF_RST, g->ack.v, 0, 0);
		return;
	}
	if (g->flags & TF_RST) {
		if (ack)
			become(w, end, TF_CLOSED);
		return;
	}
	if ((g->flags & TF_SYN) == 0)
		return;
	t->irs = g->seq.v;
	t->rcv_nxt = t->irs + 1;
	if (ack) {
		acknowledge(w, end, g->ack.v);
		become(w, end, TF_ESTABLISHED);
		send_ack(w, end);
	} else {
		t->ack_of_syn = true;
		become(w, end, TF_SYN_RECEIVED);
		send_piece(w, end, &t->sent[0]);
	}
}

static bool
acceptable(const struct tcb *t, const struct tf_segment *g)
{
	uint32_t len = tf_segment_seg_len(g);
	bool first = g->seq.v - t->rcv_nxt < WINDOW, last = g->seq.v + len - 1 - t->rcv_nxt < WINDOW;

	return len == 0 ? first : first || last;
}

static void
receive_reset(struct world *w, unsigned end, const struct tf_segment *g)
{
	struct tcb *t = &w->tcb[end];

	if (g->seq.v != t->rcv_nxt)
		send_ack(w, end); /* RFC 5961 section 3.2: challenged */
	else
		become(w, end, t->state == TF_SYN_RECEIVED && t->passive ? TF_LISTEN : TF_CLOSED);
}

/* The fifth step; false where the segment is dropped. */
static bool
receive_ack(struct world *w, unsigned end, const struct tf_segment *g)
{
	struct tcb *t = &w->tcb[end];

	if (t->state == TF_SYN_RECEIVED) {
		if (diff(g->ack.v, t->snd_una) <= 0 || diff(g->ack.v, t->snd_nxt) > 0) {
			send_segment(w, end, TF_RST, g->ack.v, 0, 0);
			return false;
		}
		become(w, end, TF_ESTABLISHED);
	}
	if (diff(g->ack.v, t->snd_nxt) > 0) {
		send_ack(w, end);
		return false;
	}
	acknowledge(w, end, g->ack.v);
	if (!t->fin_sent || t->snd_una != t->snd_nxt)
		return true;
	if (t->state == TF_FIN_WAIT_1)
		become(w, end, TF_FIN_WAIT_2);
	else if (t->state == TF_CLOSING)
		become(w, end, TF_TIME_WAIT);
	else if (t->state == TF_LAST_ACK)
		become(w, end, TF_CLOSED);
	return t->state != TF_CLOSED;
}

static void
receive_fin(struct world *w, unsigned end)
{
	struct tcb *t = &w->tcb[end];

	if (t->state == TF_ESTABLISHED)
		become(w, end, TF_CLOSE_WAIT);
	else if (t->state == TF_FIN_WAIT_1)
		become(w, end, TF_CLOSING);
	else if (t->state == TF_FIN_WAIT_2)
		become(w, end, TF_TIME_WAIT);
}

/* Text and FIN, as far as they are in order; true where the FIN was taken. */
static void
take_in_order(struct world *w, unsigned end)
{
	struct tcb *t = &w->tcb[end];

	for (unsigned i = 0; i < t->held_count; i++) {
		const struct piece p = t->held[i];

		if (diff(p.seq, t->rcv_nxt) > 0)
			continue;
		t->held[i] = t->held[--t->held_count];
		if (diff(p.seq + p.len + p.fin, t->rcv_nxt) > 0) {
			t->rcv_nxt = p.seq + p.len + p.fin;
			if (p.fin)
				receive_fin(w, end);
		}
		i = UINT32_MAX; /* from the start again */
	}
}

static void
receive_text(struct world *w, unsigned end, const struct tf_segment *g)
{
	struct tcb *t = &w->tcb[end];
	bool fin = (g->flags & TF_FIN) != 0;

	if (g->len == 0 && !fin)
		return;
	if (t->state == TF_ESTABLISHED || t->state == TF_FIN_WAIT_1 || t->state == TF_FIN_WAIT_2) {
		if (t->held_count < QUEUE)
			t->held[t->held_count++] = (struct piece){g->seq.v, g->len, false, fin};
		take_in_order(w, end);
	}
	send_ack(w, end);
}

/* Section 3.10.7.4. */
static void
receive_later(struct world *w, unsigned end, const struct tf_segment *g)
{
	struct tcb *t = &w->tcb[end];

	if (t->state == TF_SYN_RECEIVED && (g->flags & (TF_SYN | TF_ACK | TF_RST)) == TF_SYN &&
	    g->seq.v == t->irs) {
		send_piece(w, end, &t->sent[0]);
		return;
	}
	if (!acceptable(t, g)) {
		if (t->state == TF_TIME_WAIT && g->flags & TF_FIN)
			t->over_ns = w->now_ns + TIME_WAIT_NS;
		if ((g->flags & TF_RST) == 0)
			send_ack(w, end);
		return;
	}
	if (g->flags & TF_RST) {
		receive_reset(w, end, g);
		return;
	}
	if (g->flags & TF_SYN) {
		send_ack(w, end);
		return;
	}
	if ((g->flags & TF_ACK) != 0 && receive_ack(w, end, g))
		receive_text(w, end, g);
}

static void
receive(struct world *w, unsigned end, const struct tf_segment *g)
{
	enum tf_state state = w->tcb[end].state;

	if (state == TF_CLOSED)
		receive_closed(w, end, g);
	else if (state == TF_LISTEN)
		receive_listen(w, end, g);
	else if (state == TF_SYN_SENT)
		receive_syn_sent(w, end, g);
	else
		receive_later(w, end, g);
}

static void
listen_to(void *context, const struct tf_event *e)
{
	struct world *w = context;

	if (e->kind == TF_EV_TRANSITION && e->transition->conn == 1) {
		w->known[e->transition->endpoint] = true;
		w->possible[e->transition->endpoint] = e->transition->possible;
		if (talk)
			printf("%10.3f   %s %s -> %s (%s) by %s, possible %#x\n",
			       (double)(w->now_ns - START) / 1e9, tf_endpoint_name(e->transition->endpoint),
			       tf_state_name(e->transition->from), tf_state_name(e->transition->to),
			       tf_basis_name(e->transition->basis), e->transition->rule,
			       e->transition->possible);
	} else if (e->kind == TF_EV_POSSIBLE && e->possible->conn == 1) {
		w->known[e->possible->endpoint] = true;
		w->possible[e->possible->endpoint] = e->possible->possible;
		if (talk)
			printf("%10.3f   %s possible %#x\n", (double)(w->now_ns - START) / 1e9,
			       tf_endpoint_name(e->possible->endpoint), e->possible->possible);
	} else if (e->kind == TF_EV_CONNECTION) {
		w->over = true;
	}
}

/* interface.md: the client sent the first SYN; else the sender of a SYN,ACK or the lower port is the server. */
static void
name_ends(struct world *w, const struct flight *f)
{
	unsigned syn = f->segment.flags & (TF_SYN | TF_ACK);

	w->client = CLIENT;
	if (syn == TF_SYN)
		w->client = f->from;
	else if (syn == (TF_SYN | TF_ACK))
		w->client = f->from ^ 1u;
}

static void
pass_tap(struct world *w, struct flight *f)
{
	f->tapped = true;
	f->at_ns += f->behind_ns;
	if (f->lost_behind)
		f->used = false;
	if (w->packets == 0)
		name_ends(w, f);
	if (talk)
		printf("%10.3f #%u %s flags %#x seq %u ack %u len %u%s\n", (double)(w->now_ns - START) / 1e9,
		       (unsigned)w->packets + 1, f->from == CLIENT ? "client" : "server", f->segment.flags,
		       f->segment.seq.v, f->segment.ack.v, f->segment.len,
		       f->lost_behind ? " (lost behind)" : "");
	f->segment.ts_ns = w->now_ns;
	f->segment.packet = ++w->packets;
	tf_analyzer_prepare(w->analyzer, &f->segment, 1);
	tf_analyzer_feed(w->analyzer, &f->segment, 1);
}

static void
fly(struct world *w, struct flight *f)
{
	struct tf_segment segment = f->segment;

	if (!f->tapped) {
		pass_tap(w, f);
		return;
	}
	f->used = false;
	receive(w, f->from == CLIENT ? SERVER : CLIENT, &segment);
}

static void
resend(struct world *w, unsigned end)
{
	struct tcb *t = &w->tcb[end];

	if (t->tries++ == TRIES) {
		t->resend_ns = NEVER;
		return;
	}
	t->rto_ns *= 2;
	t->resend_ns = w->now_ns + t->rto_ns;
	send_piece(w, end, &t->sent[0]);
}

/* Let the next thing happen; false where nothing is left. */
static bool
turn(struct world *w)
{
	struct flight *f = NULL;
	struct action *a = NULL;
	int64_t at_ns = NEVER;
	int timer = -1, over = -1;

	for (struct flight *i = w->flight; i < w->flight + FLIGHTS; i++)
		if (i->used && i->at_ns < at_ns)
			f = i, at_ns = i->at_ns;
	for (unsigned i = 0; i < w->action_count; i++)
		if (w->action[i].at_ns < at_ns)
			a = &w->action[i], at_ns = a->at_ns;
	for (int end = 0; end < 2; end++)
		if (w->tcb[end].sent_count > 0 && w->tcb[end].resend_ns < at_ns)
			timer = end, at_ns = w->tcb[end].resend_ns;
	for (int end = 0; end < 2; end++)
		if (w->tcb[end].over_ns < at_ns)
			over = end, at_ns = w->tcb[end].over_ns;
	if (at_ns == NEVER)
		return false;
	w->now_ns = at_ns;
	tf_analyzer_advance(w->analyzer, at_ns);
	if (over >= 0) {
		become(w, (unsigned)over, TF_CLOSED);
	} else if (timer >= 0) {
		resend(w, (unsigned)timer);
	} else if (a != NULL) {
		a->at_ns = NEVER;
		act(w, a);
	} else {
		fly(w, f);
	}
	return true;
}

/* The replica's first duty: the true state is in the set. */
static void
check_truth(const struct world *w)
{
	for (unsigned end = 0; end < 2; end++) {
		unsigned name = end ^ w->client; /* TF_CLIENT or TF_SERVER */

		if (w->over || !w->known[name] || (w->possible[name] & TF_STATES(w->tcb[end].state)) != 0)
			continue;
		fprintf(stderr, "at %.3f s, after packet %u: the %s is in %s, the set is %#x\n",
		        (double)(w->now_ns - START) / 1e9, (unsigned)w->packets,
		        end == CLIENT ? "client" : "server", tf_state_name(w->tcb[end].state),
		        w->possible[name]);
		fflush(stdout);
		abort();
	}
}

static void
plan(struct world *w)
{
	static const int64_t gaps[8] = {MS,       5 * MS,    15 * MS,   50 * MS,
	                                300 * MS, 1000 * MS, 3000 * MS, 20000 * MS};
	int64_t at_ns = START;

	w->mode = choose(w);
	w->action_count = 2 + (w->mode >> 2 & 7);
	for (unsigned i = 0; i < w->action_count; i++) {
		unsigned a = choose(w);

		at_ns += gaps[a & 7];
		w->action[i] = (struct action){at_ns, a >> 3 & 1, a >> 4 & 7};
	}
}

static void
begin(struct world *w)
{
	for (unsigned end = 0; end < 2; end++) {
		struct tcb *t = &w->tcb[end];

		t->iss = t->snd_nxt = t->snd_una = end == CLIENT ? 0xffffff80u : 5000000;
		t->state = TF_CLOSED;
		t->resend_ns = t->over_ns = NEVER;
	}
	w->now_ns = START;
	if ((w->mode & 1) == 0) {
		w->tcb[SERVER].state = TF_LISTEN;
		w->tcb[SERVER].passive = true;
	}
	open_actively(w, CLIENT);
	if (w->mode & 1)
		open_actively(w, SERVER);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world w;
	struct tf_config config;
	struct tf_sink sink = {.wanted = TF_EV_TRANSITION | TF_EV_POSSIBLE | TF_EV_CONNECTION,
	                       .event = listen_to,
	                       .context = &w};

	memset(&w, 0, sizeof(w));
	w.data = data;
	w.size = size;
	talk = getenv("FUZZ_TALK") != NULL;
	tf_config_init(&config, TF_PROFILE_LINUX);
	config.max_connections = config.max_tombstones = 16;
	config.reassembly_bytes = 65536;
	w.analyzer = tf_analyzer_new(&config, sink);
	if (w.analyzer == NULL)
		return 0;
	plan(&w);
	begin(&w);
	for (unsigned i = 0; i < TURNS && !w.over && turn(&w); i++)
		check_truth(&w);
	tf_analyzer_free(w.analyzer);
	return 0;
}
