/*
 * A service whose program does not close its connections (RFC 9293 section
 * 3.6: CLOSE-WAIT lasts until the program closes, however long that is).
 *
 * A connection is counted when its stuck-close-wait is raised, and no
 * longer when that end does anything but wait.
 */
#include "detect/leaks.h"

#include "detect/families.h"
#include "detect/memory.h"

static struct tf_addr
server_addr(const struct tf_context *ctx, const struct tf_connection *c)
{
	return tf_connection_addr(ctx, c, !(c->flags & TF_CONN_CLIENT_SECOND));
}

static uint16_t
server_port(const struct tf_connection *c)
{
	return c->tuple.port[!(c->flags & TF_CONN_CLIENT_SECOND)];
}

/* The place of C's service; an empty one where it has none and ROOM is asked for, else NULL.  One whose leak is over is
 * empty, too, but is kept while there are others, so that it is not told again. */
static struct tf_leak *
place_of(struct tf_context *ctx, const struct tf_connection *c, bool room)
{
	const struct tf_addr addr = server_addr(ctx, c);
	uint64_t hash = tf_memory_hash(ctx->config->memory_key, &addr, server_port(c));
	struct tf_leak *set = ctx->memory->leaks.place[hash % TF_LEAK_SETS], *empty = NULL;

	for (int i = 0; i < TF_LEAK_WAYS; i++) {
		if (set[i].port == server_port(c) && memcmp(&set[i].addr, &addr, sizeof addr) == 0)
			return &set[i];
		if (!set[i].count && (!empty || (empty->raised && !set[i].raised)))
			empty = &set[i];
	}
	if (!room || !empty)
		return NULL;
	*empty = (struct tf_leak){.addr = addr, .port = server_port(c)};
	return empty;
}

static void
raise_leak(struct tf_context *ctx, struct tf_leak *l)
{
	char subject[TF_SUBJECT_TEXT];
	struct tf_finding f = {
	    .ts_ns = ctx->now_ns,
	    .packet = ctx->packet,
	    .endpoint = TF_NEITHER,
	    .id = TF_A_CLOSE_WAIT_LEAK,
	    .severity = tf_anomaly_info(TF_A_CLOSE_WAIT_LEAK)->severity,
	    .subject = tf_subject_text(subject, &l->addr, l->port),
	    .conn_count = l->conn_count,
	    .conns = l->conn,
	};

	l->raised = true;
	tf_finding_count(&f, "connections", TF_D_COUNT, l->count);
	tf_finding_duration(&f, "for", ctx->now_ns - l->since_ns);
	for (uint32_t i = 0; i < l->conn_count; i++)
		tf_finding_packet(&f, l->packet[i]);
	tf_raise_subject(ctx, &f);
}

void
tf_leaks_enter(struct tf_context *ctx, struct tf_connection *c, int64_t since_ns)
{
	struct tf_extra *x = tf_extra_if(ctx, c);
	struct tf_leak *l = place_of(ctx, c, true);

	if (!l)
		ctx->stats->pool_exhausted++;
	if (!l || !x)
		return;
	x->leaking = true;
	if (!l->count++) {
		l->since_ns = since_ns;
		l->conn_count = 0;
	}
	if (l->conn_count < TF_LEAK_CONNS) {
		l->conn[l->conn_count] = c->conn;
		l->packet[l->conn_count++] = tf_packet_of(ctx, tf_closing_if(ctx, c)->fin[TF_CLIENT].packet);
	}
	if (l->count >= TF_LEAK_LIMIT && !l->raised)
		raise_leak(ctx, l);
}

/* C, which is counted, closes or is over: the list of the waiting holds it no more. */
static void
take_out(struct tf_leak *l, uint64_t conn)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < l->conn_count; i++) {
		if (l->conn[i] == conn)
			continue;
		l->conn[kept] = l->conn[i];
		l->packet[kept++] = l->packet[i];
	}
	l->conn_count = kept;
	l->count--;
}

void
tf_leaks_leave(struct tf_context *ctx, struct tf_connection *c)
{
	struct tf_extra *x = tf_extra_if(ctx, c);

	if (!x || !x->leaking)
		return;
	x->leaking = false;
	struct tf_leak *l = place_of(ctx, c, false);
	if (l)
		take_out(l, c->conn);
}

void
tf_leaks_segment(const struct tf_step *st)
{
	if (tf_end_state(&st->c->end[TF_SERVER]) != TF_CLOSE_WAIT || (st->from == TF_SERVER && st->data))
		tf_leaks_leave(st->ctx, st->c);
}
