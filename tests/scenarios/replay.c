/*
 * Replaying: packets and waits of a scenario are fed in order, and the
 * sink copies what comes.
 *
 * In the variant `batch` all segments between two waits are fed in one
 * call; there the step of an event is not known (it is the step at which
 * the call was made), and the run serves only to be compared with another.
 */
#include "replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "icmp.h"
#include "packet.h"
#include "parse.h"

#define COPY_DELAY_NS 20000 /* a mirror port's second copy of a frame */

struct replay {
	const struct scenario *s;
	enum scn_variant variant;
	struct scn_run *run;
	struct tf_analyzer *analyzer;
	struct scn_wire wire;
	struct tf_segment *batch; /* with payloads of their own */
	size_t batch_count, batch_room;
	size_t step;
	int64_t now_ns;
};

static void
collect(void *context, const struct tf_event *event)
{
	struct replay *r = context;
	struct scn_run *run = r->run;
	struct scn_event *grown, *e;

	if (run->count == run->room) {
		run->room = run->room == 0 ? 64 : run->room * 2;
		grown = realloc(run->event, run->room * sizeof(*grown));
		if (grown == NULL) {
			run->failed = true;
			run->room = run->count;
			return;
		}
		run->event = grown;
	}
	e = &run->event[run->count];
	memset(e, 0, sizeof(*e));
	e->kind = event->kind;
	e->step = r->step;
	e->fed = run->frames;
	e->clock_ns = r->now_ns;
	if (event->kind == TF_EV_TRANSITION)
		e->transition = *event->transition;
	else if (event->kind == TF_EV_POSSIBLE)
		e->possible = *event->possible;
	else if (event->kind == TF_EV_FINDING)
		e->finding = *event->finding;
	else if (event->kind == TF_EV_CONNECTION)
		e->record = *event->connection;
	else
		return;
	run->count++;
}

static void
flush(struct replay *r)
{
	if (r->batch_count == 0)
		return;
	tf_analyzer_prepare(r->analyzer, r->batch, r->batch_count);
	tf_analyzer_feed(r->analyzer, r->batch, r->batch_count);
	for (size_t i = 0; i < r->batch_count; i++)
		free((void *)(uintptr_t)r->batch[i].payload);
	r->batch_count = 0;
}

/* Keep SEGMENT with its payload, and its SACK blocks behind that, for one feeding of many. */
static void
keep(struct replay *r, struct tf_segment segment)
{
	size_t sack_len = (size_t)segment.sack_count * TF_SACK_BLOCK;
	uint8_t *payload = malloc(segment.payload_len + sack_len + 1);

	if (payload == NULL || !scn_grow((void **)&r->batch, &r->batch_room, r->batch_count,
	                                 sizeof(*r->batch), 2 * SCN_MAX_STEPS)) {
		free(payload);
		r->run->failed = true;
		return;
	}
	memcpy(payload, segment.payload, segment.payload_len);
	memcpy(payload + segment.payload_len, segment.sack, sack_len);
	segment.sack = payload + segment.payload_len;
	segment.payload = payload;
	r->batch[r->batch_count++] = segment;
}

static void
feed(struct replay *r, struct tf_segment *segment, int64_t ts_ns)
{
	segment->ts_ns = ts_ns;
	segment->packet = ++r->run->frames;
	if (r->variant == SCN_BATCH) {
		keep(r, *segment);
		return;
	}
	tf_analyzer_prepare(r->analyzer, segment, 1);
	tf_analyzer_feed(r->analyzer, segment, 1);
}

static void
feed_icmp(struct replay *r, const struct scn_packet *pkt, const struct tf_segment *quoted)
{
	struct tf_icmp_error error;

	flush(r);
	scn_build_icmp(pkt, quoted, &error);
	error.ts_ns = r->now_ns;
	error.packet = ++r->run->frames;
	r->run->errors++;
	tf_analyzer_icmp(r->analyzer, &error);
}

/* How long the step after the present one lets a frame's copy wait. */
static int64_t
copy_delay(const struct replay *r)
{
	int64_t next = COPY_DELAY_NS;

	if (r->step + 1 < r->s->step_count)
		next = r->s->step[r->step + 1].delay_ns;
	return next < COPY_DELAY_NS ? next : COPY_DELAY_NS;
}

static void
play_packet(struct replay *r, const struct scn_packet *pkt)
{
	struct tf_segment segment;

	scn_wire_build(&r->wire, pkt, &segment);
	if (pkt->icmp) {
		feed_icmp(r, pkt, &segment);
		return;
	}
	feed(r, &segment, r->now_ns);
	r->run->copies += pkt->copy;
	if (r->variant == SCN_MIRROR || pkt->duplicate) {
		r->run->copies++;
		feed(r, &segment, r->now_ns + copy_delay(r));
	}
}

static void
play(struct replay *r)
{
	for (r->step = 0; r->step < r->s->step_count; r->step++) {
		const struct scn_step *step = &r->s->step[r->step];

		r->now_ns += step->delay_ns;
		if (step->kind == SCN_PACKET && !step->packet.unseen) {
			play_packet(r, &step->packet);
		} else if (step->kind != SCN_END) {
			flush(r);
			tf_analyzer_advance(r->analyzer, r->now_ns);
		}
	}
	flush(r);
	if (r->s->step[r->s->step_count - 1].kind == SCN_END)
		r->step--;
	tf_analyzer_finish(r->analyzer);
}

int
scn_replay(const struct scenario *s, enum scn_variant variant, unsigned wanted, bool *fired,
           struct scn_run *run)
{
	struct tf_sink sink = {.wanted = wanted, .event = collect};
	struct replay *r = calloc(1, sizeof(*r));

	memset(run, 0, sizeof(*run));
	if (r == NULL)
		return -1;
	r->s = s;
	r->variant = variant;
	r->run = run;
	r->now_ns = SCN_START_NS;
	sink.context = r;
	scn_wire_init(&r->wire, s, variant);
	r->analyzer = tf_analyzer_new(&s->config, sink);
	if (r->analyzer != NULL) {
		tf_analyzer_note_rules(r->analyzer, fired);
		play(r);
		run->stats = *tf_analyzer_stats(r->analyzer);
		tf_analyzer_free(r->analyzer);
	} else {
		run->failed = true;
	}
	free(r->batch);
	free(r);
	return run->failed ? -1 : 0;
}

void
scn_run_free(struct scn_run *run)
{
	free(run->event);
	memset(run, 0, sizeof(*run));
}

const char *
scn_set_text(tf_states set, char *text, size_t size)
{
	size_t n = 0;

	text[0] = '\0';
	for (int state = 0; state < TF_STATE_COUNT; state++) {
		int w;

		if ((set & TF_STATES(state)) == 0 || n >= size)
			continue;
		w = snprintf(text + n, size - n, "%c%s", n == 0 ? '{' : ',',
		             tf_state_name((enum tf_state)state));
		n += w > 0 ? (size_t)w : 0;
	}
	if (n < size)
		(void)snprintf(text + n, size - n, "%s", n == 0 ? "{}" : "}");
	return text;
}

static double
seconds(int64_t ts_ns)
{
	return (double)(ts_ns - SCN_START_NS) / 1e9;
}

static const char *
end_name(enum tf_endpoint end)
{
	const char *name = tf_endpoint_name(end);

	return name != NULL ? name : "neither";
}

static void
transition_text(const struct tf_transition *t, char *text, size_t size)
{
	char set[200];

	(void)snprintf(text, size,
	               "%.6f #%" PRIu64 " conn %" PRIu64 " %s %s -> %s (%s) by %s, \"%s\", %s, possible %s",
	               seconds(t->ts_ns), t->packet, t->conn, end_name(t->endpoint), tf_state_name(t->from),
	               tf_state_name(t->to), tf_basis_name(t->basis), t->rule, t->event, t->reference,
	               scn_set_text(t->possible, set, sizeof(set)));
}

static void
finding_text(const struct tf_finding *f, char *text, size_t size)
{
	int n = snprintf(text, size, "%.6f #%" PRIu64 " conn %" PRIu64 " %s ! %s (%s) on packets",
	                 seconds(f->ts_ns), f->packet, f->conn, end_name(f->endpoint),
	                 tf_anomaly_info(f->id)->id, tf_severity_name(f->severity));

	for (size_t i = 0; i < f->packet_count && i < TF_MAX_EVIDENCE && n > 0 && (size_t)n < size; i++)
		n += snprintf(text + n, size - (size_t)n, " %" PRIu64, f->packets[i]);
}

static int
record_end_text(const struct tf_end_record *e, enum tf_endpoint end, char *text, size_t size)
{
	char set[200];
	int n = snprintf(
	    text, size,
	    " %s %s %s packets %" PRIu64 " bytes %" PRIu64 " retransmitted %" PRIu64 " out-of-order %" PRIu64
	    " duplicate-acks %" PRIu64 " zero-windows %" PRIu64 " history ",
	    end_name(end), tf_state_name(e->state), scn_set_text(e->possible, set, sizeof(set)), e->packets,
	    e->bytes, e->retransmitted, e->out_of_order, e->duplicate_acks, e->zero_windows);

	for (int i = 0; i < e->history_count && n > 0 && (size_t)n < size; i++)
		n += snprintf(text + n, size - (size_t)n, "%s%s", i == 0 ? "" : ",",
		              tf_state_name((enum tf_state)e->history[i]));
	return n;
}

static void
record_text(const struct tf_connection_record *c, char *text, size_t size)
{
	int n = snprintf(text, size, "record conn %" PRIu64 " close %s roles %s rtt %s zeek %s letters %s",
	                 c->conn, tf_close_name(c->close), tf_roles_name(c->roles),
	                 c->handshake_rtt_ns < 0 ? "unknown" : "known", tf_zeek_state_name(c->zeek_state),
	                 c->letters);

	for (int end = 0; end < 2 && n > 0 && (size_t)n < size; end++)
		n += record_end_text(&c->end[end], (enum tf_endpoint)end, text + n, size - (size_t)n);
}

void
scn_event_text(const struct scn_event *e, char *text, size_t size)
{
	char set[200];

	if (e->kind == TF_EV_TRANSITION)
		transition_text(&e->transition, text, size);
	else if (e->kind == TF_EV_FINDING)
		finding_text(&e->finding, text, size);
	else if (e->kind == TF_EV_CONNECTION)
		record_text(&e->record, text, size);
	else
		(void)snprintf(text, size, "%.6f #%" PRIu64 " conn %" PRIu64 " %s possible %s",
		               seconds(e->possible.ts_ns), e->possible.packet, e->possible.conn,
		               end_name(e->possible.endpoint),
		               scn_set_text(e->possible.possible, set, sizeof(set)));
}
