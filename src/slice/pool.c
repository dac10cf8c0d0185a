/*
 * Candidates for a slice: see pool.h.
 */
#include "slice/pool.h"

#include <stdlib.h>
#include <string.h>

enum {
	FIRST_FRAMES = 32,
	MOST_FRAMES = 8192,
	HEAD_FRAMES = 64,  /* that stay at the beginning */
	TAIL_FRAMES = 256, /* that stay at the end, for now */
	NEIGHBOURS = 16,   /* before and behind each piece of evidence */
};

void
tf_slice_pool_init(struct tf_slice_pool *p, size_t most_octets)
{
	*p = (struct tf_slice_pool){.most = most_octets};
}

static void
drop(struct tf_slice_pool *p, size_t i)
{
	p->octets -= p->frame[i].caplen;
	free((uint8_t *)p->frame[i].data);
}

void
tf_slice_pool_fini(struct tf_slice_pool *p)
{
	for (size_t i = 0; i < p->count; i++)
		drop(p, i);
	free(p->frame);
	free(p->dear);
	*p = (struct tf_slice_pool){0};
}

static bool
is_dear(const struct tf_frame *frame, unsigned flags, const struct tf_slice_target *t)
{
	if (flags & (TF_SYN | TF_FIN | TF_RST))
		return true;
	for (size_t i = 0; i < t->packet_count; i++)
		if (frame->packet + NEIGHBOURS >= t->packets[i] &&
		    frame->packet <= t->packets[i] + NEIGHBOURS)
			return true;
	return false;
}

/* Let go what is not dear, between the head and the tail; everything but the head where that is not enough. */
static void
thin_out(struct tf_slice_pool *p, bool hard)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->count; i++) {
		bool stays = i < HEAD_FRAMES || (!hard && (p->dear[i] || i + TAIL_FRAMES >= p->count));
		if (!stays) {
			drop(p, i);
			p->gone++;
			continue;
		}
		p->frame[kept] = p->frame[i];
		p->dear[kept++] = p->dear[i];
	}
	p->count = kept;
}

static bool
is_full(const struct tf_slice_pool *p, const struct tf_frame *frame)
{
	return p->count >= MOST_FRAMES || p->octets + frame->caplen > p->most;
}

static bool
make_place(struct tf_slice_pool *p)
{
	if (p->count < p->capacity)
		return true;
	size_t capacity = p->capacity ? p->capacity * 2 : FIRST_FRAMES;
	struct tf_frame *frame = realloc(p->frame, capacity * sizeof *frame);
	if (frame)
		p->frame = frame;
	bool *dear = realloc(p->dear, capacity * sizeof *dear);
	if (dear)
		p->dear = dear;
	if (frame && dear)
		p->capacity = capacity;
	return frame && dear;
}

void
tf_slice_pool_add(struct tf_slice_pool *p, const struct tf_frame *frame, unsigned flags,
                  const struct tf_slice_target *target)
{
	if (is_full(p, frame))
		thin_out(p, false);
	if (is_full(p, frame))
		thin_out(p, true);
	uint8_t *data =
	    !is_full(p, frame) && make_place(p) ? malloc(frame->caplen ? frame->caplen : 1) : NULL;
	if (!data) {
		p->gone++;
		return;
	}
	if (frame->caplen)
		memcpy(data, frame->data, frame->caplen);
	p->frame[p->count] = *frame;
	p->frame[p->count].data = data;
	p->dear[p->count++] = is_dear(frame, flags, target);
	p->octets += frame->caplen;
}
