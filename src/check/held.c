/*
 * Findings that wait for the record of their connection: until it comes,
 * nobody knows which blocks of the rules the connection belongs to.  Of the newest million connections whose record has come the
 * blocks are remembered, because findings may follow.
 *
 * Memory is bounded: what finds no room is counted on without its
 * connection, and the judge is told.
 */
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "check/account.h"
#include "output/message.h"

#define MOST_OCTETS ((size_t)64 << 20)
#define REMEMBER    ((size_t)1 << 20) /* records */

struct waiting {
	struct waiting *next;
	struct tf_offence finding; /* its sentence is owned */
};

/* A connection in the tree. */
struct waiter {
	uint64_t conn;
	struct waiting *first, **last;
};

struct come {
	uint64_t conn, mask;
};

struct tf_held {
	void *tree; /* of struct waiter, by tsearch(3) */
	size_t octets;
	struct come *come; /* by the low bits of the connection's number */
};

struct tf_held *
tf_held_new(void)
{
	struct tf_held *h = calloc(1, sizeof *h);

	if (h)
		h->come = calloc(REMEMBER, sizeof *h->come);
	if (h && !h->come) {
		free(h);
		return NULL;
	}
	return h;
}

static void
free_waiting(struct waiting *w)
{
	free((char *)w->finding.message);
	free(w);
}

static void
free_waiter(void *node)
{
	struct waiter *waiter = node;

	for (struct waiting *w = waiter->first, *next; w; w = next) {
		next = w->next;
		free_waiting(w);
	}
	free(waiter);
}

void
tf_held_free(struct tf_held *h)
{
	if (!h)
		return;
	tdestroy(h->tree, free_waiter);
	free(h->come);
	free(h);
}

static int
by_conn(const void *a, const void *b)
{
	const struct waiter *x = a, *y = b;

	return (x->conn > y->conn) - (x->conn < y->conn);
}

/* The waiter of CONN, made where there is none; NULL where there is no memory. */
static struct waiter *
get_waiter(struct tf_held *h, uint64_t conn)
{
	struct waiter key = {.conn = conn}, *made, **found = tfind(&key, &h->tree, by_conn);

	if (found)
		return *found;
	made = calloc(1, sizeof *made);
	if (!made)
		return NULL;
	made->conn = conn;
	made->last = &made->first;
	if (!tsearch(made, &h->tree, by_conn)) {
		free(made);
		return NULL;
	}
	h->octets += sizeof *made;
	return made;
}

static char *
sentence(const struct tf_finding *f)
{
	struct tf_buf b;
	char *text = NULL;

	tf_buf_init(&b, -1);
	tf_put_message(&b, f);
	if (b.error == 0)
		text = strndup(b.data, b.len);
	tf_buf_fini(&b);
	return text;
}

static struct tf_offence
offence_of(const struct tf_judge *j, const struct tf_finding *f)
{
	struct tf_offence o = {
	    .conn = f->conn,
	    .ts_ns = f->ts_ns,
	    .is_finding = true,
	    .id = f->id,
	    .severity = f->severity,
	    .endpoint = f->endpoint,
	    .subject = f->subject,
	    .ends_known = f->ends_known,
	    .addr = {f->addr[TF_CLIENT], f->addr[TF_SERVER]},
	    .port = {f->port[TF_CLIENT], f->port[TF_SERVER]},
	    .packet_count = f->packet_count,
	};

	_Static_assert(TF_MAX_OFFENCE_PACKETS >= TF_MAX_EVIDENCE, "the evidence has room");
	memcpy(o.packets, f->packets, f->packet_count * sizeof *f->packets);
	if (tf_account_wants_sentence(j, f->id, f->severity))
		o.message = sentence(f);
	return o;
}

/* False where there is no room for it. */
static bool
hold(struct tf_held *h, const struct tf_offence *o)
{
	struct waiter *waiter;
	struct waiting *w;

	if (h->octets > MOST_OCTETS)
		return false;
	waiter = get_waiter(h, o->conn);
	w = waiter ? calloc(1, sizeof *w) : NULL;
	if (!w)
		return false;
	w->finding = *o;
	*waiter->last = w;
	waiter->last = &w->next;
	h->octets += sizeof *w + (o->message ? strlen(o->message) : 0);
	return true;
}

void
tf_held_finding(struct tf_judge *j, const struct tf_finding *f)
{
	const struct come *come = &j->held->come[f->conn % REMEMBER];
	struct tf_offence o = offence_of(j, f);

	if (f->conn != 0 && come->conn != f->conn) {
		if (hold(j->held, &o))
			return;
		j->lost++;
	}
	tf_account_finding(j, &o, f->conn != 0 && come->conn == f->conn ? come->mask : 0);
	free((char *)o.message);
}

void
tf_held_record(struct tf_judge *j, const struct tf_connection_record *r, uint64_t mask)
{
	struct tf_held *h = j->held;
	struct waiter key = {.conn = r->conn}, **found = tfind(&key, &h->tree, by_conn), *waiter;

	h->come[r->conn % REMEMBER] = (struct come){r->conn, mask};
	if (!found)
		return;
	waiter = *found;
	for (struct waiting *w = waiter->first; w; w = w->next) {
		tf_account_finding(j, &w->finding, mask);
		h->octets -= sizeof *w + (w->finding.message ? strlen(w->finding.message) : 0);
	}
	h->octets -= sizeof *waiter;
	tdelete(&key, &h->tree, by_conn);
	free_waiter(waiter);
}

static void
tell_waiter(const void *node, VISIT visit, void *context)
{
	const struct waiter *waiter = *(struct waiter *const *)node;
	struct tf_judge *j = context;

	if (visit != postorder && visit != leaf)
		return;
	for (const struct waiting *w = waiter->first; w; w = w->next) {
		j->lost++;
		tf_account_finding(j, &w->finding, 0);
	}
}

void
tf_held_finish(struct tf_judge *j)
{
	twalk_r(j->held->tree, tell_waiter, j);
}
