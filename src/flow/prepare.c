/*
 * The preparation of segments: see prepare.h.  One segment's hardly depends
 * on another's, so in a loop of its own the processor has several under way.
 */
#include "flow/prepare.h"

#include <stdlib.h>
#include <string.h>

#include "core/plain.h"
#include "flow/duplicates.h"
#include "flow/key.h"

/* Lines of cache of its own: another thread has the analyzer's. */
struct tf_preparation {
	_Alignas(64) uint64_t hash_key[2];
	struct tf_duplicates duplicates;
	bool is_thorough;
};

struct tf_preparation *
tf_preparation_new(const uint64_t hash_key[2])
{
	struct tf_preparation *p = aligned_alloc(_Alignof(struct tf_preparation), sizeof *p);

	if (!p)
		return NULL;
	memset(p, 0, sizeof *p);
	memcpy(p->hash_key, hash_key, sizeof p->hash_key);
	return p;
}

void
tf_preparation_free(struct tf_preparation *p)
{
	free(p);
}

void
tf_preparation_be_thorough(struct tf_preparation *p, bool thorough)
{
	p->is_thorough = thorough;
}

/* Whose it is. */
static inline void
place(struct tf_segment *s, const uint64_t secret[2])
{
	s->is_wide = tf_addrs_are_wide(&s->src, &s->dst);
	s->hash = tf_key_hash_segment(s, secret);
}

/* What S, which is placed, is, whatever it may be. */
static void
tell_thoroughly(struct tf_preparation *p, struct tf_segment *s)
{
	s->is_copy = tf_duplicates_check_thoroughly(&p->duplicates, s);
	s->plain = p->is_thorough ? tf_not_plain : tf_plain_of(s);
}

/* What S is, which is not ordinary, and of which is known whether it is a copy; nothing is doubled yet. */
static __attribute__((noinline)) void
tell_rarely(struct tf_preparation *p, struct tf_segment *s)
{
	if (!s->is_copy)
		tf_duplicates_note_asked(&p->duplicates, s);
	s->plain = tf_plain_rarely(s);
}

/* Segments from S on, before END, until one is a copy; the one behind it, or END. */
static struct tf_segment *
prepare_undoubled(struct tf_preparation *p, struct tf_segment *s, struct tf_segment *end)
{
	const uint64_t secret[2] = {p->hash_key[0], p->hash_key[1]};
	bool doubled = false;

	for (; s < end && !doubled; s++) {
		place(s, secret);
		doubled = s->is_copy = tf_duplicates_check(&p->duplicates, s);
		if (__builtin_expect(tf_plain_is_ordinary(s), true))
			s->plain = tf_plain_ordinarily(s);
		else
			tell_rarely(p, s);
	}
	return s;
}

void
tf_prepare(struct tf_preparation *p, struct tf_segment *segments, size_t count)
{
	struct tf_segment *s = segments, *end = segments + count;

	if (!p->is_thorough && !p->duplicates.found)
		s = prepare_undoubled(p, s, end);
	for (; s < end; s++) {
		place(s, p->hash_key);
		tell_thoroughly(p, s);
	}
}
