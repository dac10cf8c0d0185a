/*
 * The table of connections whose record is not due yet: see pending.h.
 * A chained hash table that doubles; connection numbers are small and
 * dense, so their low bits are hash enough.
 */
#include "pending.h"

#include <errno.h>
#include <stdlib.h>

#define FIRST_BUCKETS 1024
#define BLOCK_ENTRIES 128
#define FIRST_LINES   240  /* octets: a connection that was refused needs no more */
#define MORE_LINES    1200 /* and one that was opened and closed */

/* Entries are made and dropped by the thousand, mostly in the order of their numbers. */
struct tf_pending_block {
	struct tf_pending_block *next;
	struct tf_pending entry[BLOCK_ENTRIES];
};

/* An entry out of a block; NULL where there is no memory. */
static struct tf_pending *
take_entry(struct tf_pending_table *t)
{
	struct tf_pending *p = t->spare;

	if (p == NULL) {
		struct tf_pending_block *block = malloc(sizeof *block);

		if (block == NULL)
			return NULL;
		block->next = t->blocks;
		t->blocks = block;
		for (size_t i = BLOCK_ENTRIES; i-- > 0;) {
			block->entry[i].chain = p;
			p = &block->entry[i];
		}
	}
	t->spare = p->chain;
	*p = (struct tf_pending){0};
	return p;
}

static struct tf_pending **
bucket_of(const struct tf_pending_table *t, uint64_t conn)
{
	return &t->bucket[conn & (t->bucket_count - 1)];
}

struct tf_pending *
tf_pending_find(const struct tf_pending_table *t, uint64_t conn)
{
	struct tf_pending *p = t->bucket_count > 0 ? *bucket_of(t, conn) : NULL;

	while (p != NULL && p->conn != conn)
		p = p->chain;
	return p;
}

static bool
grow(struct tf_pending_table *t)
{
	struct tf_pending_table bigger = *t;

	bigger.bucket_count = t->bucket_count > 0 ? t->bucket_count * 2 : FIRST_BUCKETS;
	bigger.bucket = calloc(bigger.bucket_count, sizeof *bigger.bucket);
	if (bigger.bucket == NULL)
		return false;
	for (size_t i = 0; i < t->bucket_count; i++) {
		for (struct tf_pending *p = t->bucket[i], *next; p != NULL; p = next) {
			struct tf_pending **b = bucket_of(&bigger, p->conn);

			next = p->chain;
			p->chain = *b;
			*b = p;
		}
	}
	free(t->bucket);
	*t = bigger;
	return true;
}

struct tf_pending *
tf_pending_get(struct tf_pending_table *t, uint64_t conn, int64_t ts_ns)
{
	struct tf_pending *p = t->latest != NULL && t->latest->conn == conn ? t->latest
	                                                                    : tf_pending_find(t, conn),
	                  **b;

	t->latest = p;
	if (p != NULL)
		return p;
	if (t->count >= t->bucket_count && !grow(t))
		return NULL;
	p = take_entry(t);
	if (p == NULL)
		return NULL;
	p->conn = conn;
	p->start_ns = ts_ns;
	p->last = &p->first;
	tf_buf_init(&p->lines, -1);
	b = bucket_of(t, conn);
	p->chain = *b;
	*b = p;
	t->count++;
	t->latest = p;
	return p;
}

bool
tf_pending_room(const struct tf_pending_table *t, size_t n)
{
	return t->octets + n <= TF_PENDING_OCTETS;
}

static size_t
note_size(const char *message)
{
	return sizeof(struct tf_note) + strlen(message) + 1;
}

bool
tf_pending_add_note(struct tf_pending_table *t, struct tf_pending *p, const struct tf_finding *f,
                    const char *message)
{
	size_t size = note_size(message);
	struct tf_note *n = malloc(size);

	if (n == NULL)
		return false;
	n->next = NULL;
	n->finding = *f;
	n->finding.detail_count = 0;
	n->finding.conn_count = 0;
	n->finding.conns = NULL;
	n->finding.subject = NULL;
	memcpy(n->message, message, strlen(message) + 1);
	*p->last = n;
	p->last = &n->next;
	t->octets += size;
	return true;
}

static bool
grow_lines(struct tf_buf *lines, size_t n)
{
	size_t cap = lines->cap == 0           ? FIRST_LINES
	             : lines->cap < MORE_LINES ? MORE_LINES
	                                       : lines->cap + lines->cap / 2;
	char *data;

	if (cap < lines->len + n)
		cap = lines->len + n;
	data = realloc(lines->data, cap);
	if (data == NULL) {
		lines->error = ENOMEM;
		return false;
	}
	lines->data = data;
	lines->cap = cap;
	return true;
}

void
tf_pending_append(struct tf_pending *p, const void *octets, size_t n)
{
	if (p->lines.cap - p->lines.len >= n || grow_lines(&p->lines, n))
		tf_put(&p->lines, octets, n);
}

void
tf_pending_account(struct tf_pending_table *t, const struct tf_pending *p, size_t before)
{
	t->octets = t->octets - before + p->lines.cap;
}

static void
empty_entry(struct tf_pending *p)
{
	for (struct tf_note *n = p->first, *next; n != NULL; n = next) {
		next = n->next;
		free(n);
	}
	tf_buf_fini(&p->lines);
}

void
tf_pending_drop(struct tf_pending_table *t, struct tf_pending *p)
{
	struct tf_pending **link = bucket_of(t, p->conn);

	while (*link != p)
		link = &(*link)->chain;
	*link = p->chain;
	if (t->latest == p)
		t->latest = NULL;
	t->count--;
	t->octets -= p->lines.cap;
	for (const struct tf_note *n = p->first; n != NULL; n = n->next)
		t->octets -= note_size(n->message);
	empty_entry(p);
	p->chain = t->spare;
	t->spare = p;
}

static uint8_t *
come_octet(const struct tf_pending_table *t, uint64_t conn)
{
	return &t->come[conn % TF_PENDING_REMEMBER / 8];
}

bool
tf_pending_set_come_anywhere(struct tf_pending_table *t, uint64_t conn)
{
	if (t->come == NULL)
		t->come = calloc(1, TF_PENDING_REMEMBER / 8);
	if (t->come == NULL)
		return false;
	/* The bits of those between belonged to connections that are too old now. */
	if (conn > t->highest && conn - t->highest >= TF_PENDING_REMEMBER)
		memset(t->come, 0, TF_PENDING_REMEMBER / 8);
	else
		for (uint64_t c = t->highest + 1; c <= conn; c++)
			*come_octet(t, c) &= (uint8_t) ~(1u << c % 8);
	if (conn > t->highest)
		t->highest = conn;
	if (t->highest - conn < TF_PENDING_REMEMBER)
		*come_octet(t, conn) |= (uint8_t)(1u << conn % 8);
	return true;
}

bool
tf_pending_has_come(const struct tf_pending_table *t, uint64_t conn)
{
	if (t->come == NULL || conn > t->highest)
		return false;
	if (t->highest - conn >= TF_PENDING_REMEMBER)
		return true;
	return (*come_octet(t, conn) >> conn % 8 & 1) != 0;
}

void
tf_pending_fini(struct tf_pending_table *t)
{
	for (size_t i = 0; i < t->bucket_count; i++) {
		for (struct tf_pending *p = t->bucket[i]; p != NULL; p = p->chain)
			empty_entry(p);
	}
	for (struct tf_pending_block *b = t->blocks, *next; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	free(t->bucket);
	free(t->come);
	*t = (struct tf_pending_table){0};
}
