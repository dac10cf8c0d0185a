/*
 * The heap of merge.h.
 */
#include "capture/merge.h"

#include <stdlib.h>
#include <string.h>

bool
tf_merge_init(struct tf_merge *m, size_t count, const struct tf_input_options *options)
{
	memset(m, 0, sizeof(*m));
	m->options = *options;
	m->heap = calloc(count, sizeof(struct tf_input *));
	return m->heap != NULL;
}

void
tf_merge_fini(struct tf_merge *m)
{
	free(m->heap);
	m->heap = NULL;
	m->count = 0;
}

static bool
is_before(const struct tf_input *a, const struct tf_input *b)
{
	if (a->head.ts_ns != b->head.ts_ns)
		return a->head.ts_ns < b->head.ts_ns;
	return a->index < b->index;
}

static void
swap(struct tf_input **a, struct tf_input **b)
{
	struct tf_input *t = *a;
	*a = *b;
	*b = t;
}

static void
sift_down(struct tf_merge *m)
{
	for (size_t i = 0;;) {
		size_t least = i;
		for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < m->count; child++)
			if (is_before(m->heap[child], m->heap[least]))
				least = child;
		if (least == i)
			return;
		swap(&m->heap[i], &m->heap[least]);
		i = least;
	}
}

static void
push(struct tf_merge *m, struct tf_input *in)
{
	size_t i = m->count++;
	m->heap[i] = in;
	for (; i > 0 && is_before(m->heap[i], m->heap[(i - 1) / 2]); i = (i - 1) / 2)
		swap(&m->heap[i], &m->heap[(i - 1) / 2]);
}

static void
pop(struct tf_merge *m)
{
	m->heap[0] = m->heap[--m->count];
	sift_down(m);
}

void
tf_merge_add(struct tf_merge *m, struct tf_input *in)
{
	if (tf_input_advance(in, true) != TF_READ_OK) {
		tf_input_release(in);
		return;
	}
	push(m, in);
	tf_input_park(in);
}

/* Buffers may move now: what waited for that is done. */
static void
catch_up(struct tf_merge *m)
{
	struct tf_input *in = m->starved;
	if (m->ended)
		tf_input_release(m->ended);
	m->ended = NULL;
	m->starved = NULL;
	if (!in)
		return;
	if (tf_input_advance(in, true) == TF_READ_OK)
		push(m, in);
	else
		tf_input_release(in);
}

/* heap[0] has given its head: it gets its next one, and its place by that. */
static void
replace_head(struct tf_merge *m)
{
	struct tf_input *in = m->heap[0];
	enum tf_read_status status = tf_input_advance(in, false);
	if (status == TF_READ_OK) {
		sift_down(m);
		return;
	}
	pop(m);
	if (status == TF_READ_MORE)
		m->starved = in;
	else
		m->ended = in;
}

enum tf_read_status
tf_merge_next(struct tf_merge *m, bool may_fill, struct tf_frame *frame, struct tf_input **from)
{
	for (;;) {
		if ((m->starved || m->ended) && !may_fill)
			return TF_READ_MORE;
		catch_up(m);
		if (m->count == 0)
			return TF_READ_END;
		*from = m->heap[0];
		if (!m->heap[0]->parked)
			break;
		if (tf_input_resume(m->heap[0], &m->options) == TF_READ_OK)
			sift_down(m);
		else
			pop(m);
	}
	*frame = (*from)->head;
	replace_head(m);
	return TF_READ_OK;
}
