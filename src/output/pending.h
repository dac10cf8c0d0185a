/*
 * What is known about connections whose record has not come yet: lines
 * already made, and findings.  Both are bounded over all connections
 * together.  It also remembers, for the newest few millions, which records
 * have come, because findings may follow them.
 */
#ifndef TCPFSM_OUTPUT_PENDING_H
#define TCPFSM_OUTPUT_PENDING_H

#include "buffer.h"
#include "tcpfsm/event.h"
#include "tcpfsm/prefetch.h"

#define TF_PENDING_OCTETS   (32u << 20) /* of lines and findings, all connections together */
#define TF_PENDING_REMEMBER (1u << 22)  /* connections whose records are remembered to have come */

/* A finding that waits for its connection's record. */
struct tf_note {
	struct tf_note *next;
	struct tf_finding finding; /* details, conns and subject dropped: the message has them */
	char message[];            /* its sentence */
};

struct tf_pending {
	struct tf_pending *chain; /* in the table */
	uint64_t conn;
	int64_t start_ns;    /* of its first event */
	struct tf_buf lines; /* of -v; the ladder's rungs */
	size_t run;          /* ladder: rungs at the end that may be folded; a trail: segments told as one */
	bool revised;        /* a trail: something in it changes how what was before it is to be seen */
	uint64_t lost_lines; /* that found no room */
	struct tf_note *first, **last;
};

struct tf_pending_block;

/* All zero is an empty one. */
struct tf_pending_table {
	struct tf_pending **bucket;
	struct tf_pending *latest; /* the entry that was looked up last: one segment makes several events */
	size_t bucket_count;       /* a power of two; 0 before the first use */
	size_t count;
	size_t octets; /* of lines and findings */
	uint64_t highest;
	struct tf_pending_block *blocks; /* where entries live */
	struct tf_pending *spare;        /* entries that are not in use, by their chain */
	uint8_t *come;                   /* a bit for each of the newest connections: its record has come */
};

/* The entry of CONN, or NULL. */
struct tf_pending *tf_pending_find(const struct tf_pending_table *t, uint64_t conn);

/* The entry of CONN, made where there is none; NULL where there is no memory. */
struct tf_pending *tf_pending_get(struct tf_pending_table *t, uint64_t conn, int64_t ts_ns);

/* Fetch the entry of CONN, if there is one, and NEAR the end of its lines, into the cache.  Always inline: gcc 12
 * takes a call of what only fetches for one without effect. */
static inline __attribute__((always_inline)) void
tf_pending_prefetch(const struct tf_pending_table *t, uint64_t conn, bool near)
{
	const struct tf_pending *p;

	if (t->bucket_count == 0)
		return;
	p = t->bucket[conn & (t->bucket_count - 1)];
	if (p == NULL)
		return;
	if (near && p->lines.data != NULL)
		tf_prefetch_to_write(p->lines.data + p->lines.len);
	else
		tf_prefetch_to_write(p);
}

/* Is there room for N more octets? */
bool tf_pending_room(const struct tf_pending_table *t, size_t n);

/* Append a finding with its sentence.  False where there is no memory. */
bool tf_pending_add_note(struct tf_pending_table *t, struct tf_pending *p, const struct tf_finding *f,
                         const char *message);

/* Append N octets to the lines of P, where there is memory; else P->lines.error tells.  For many short ones: it grows
 * in smaller steps than a buffer does by itself. */
void tf_pending_append(struct tf_pending *p, const void *octets, size_t n);

/* The room for lines of P was BEFORE octets: keep the account. */
void tf_pending_account(struct tf_pending_table *t, const struct tf_pending *p, size_t before);

/* Take P out of the table and free it. */
void tf_pending_drop(struct tf_pending_table *t, struct tf_pending *p);

/* The record of CONN came; and: has it come (or is CONN too old to know)?  False where there is no memory. */
bool tf_pending_set_come_anywhere(struct tf_pending_table *t, uint64_t conn);
static inline bool
tf_pending_set_come(struct tf_pending_table *t, uint64_t conn)
{
	/* As a rule records come in the order of numbers at the end. */
	if (t->come == NULL || conn != t->highest + 1)
		return tf_pending_set_come_anywhere(t, conn);
	t->highest = conn;
	t->come[conn % TF_PENDING_REMEMBER / 8] |= (uint8_t)(1u << conn % 8);
	return true;
}

bool tf_pending_has_come(const struct tf_pending_table *t, uint64_t conn);

void tf_pending_fini(struct tf_pending_table *t);

#endif
