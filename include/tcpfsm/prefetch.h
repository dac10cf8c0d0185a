/*
 * Asking the processor for memory before it is needed: it changes nothing
 * but the time.
 */
#ifndef TCPFSM_PREFETCH_H
#define TCPFSM_PREFETCH_H

#include <stddef.h>
#include <stdint.h>

/* gcc 12 takes a call of a function that only prefetches for one without effect, and leaves it out. */
#define TF_PREFETCHES static inline __attribute__((always_inline))

/* The line of cache of P, to be written.  Another processor that has it gives it up at once, and not only when it is
 * written: where two threads take turns that saves the second way.  Compilers ask to read instead, unless every processor
 * that they are to make code for has the instruction; on x86-64 those that lack it do nothing. */
TF_PREFETCHES void
tf_prefetch_to_write(const void *p)
{
#if defined(__x86_64__)
	__asm__ volatile("prefetchw %0" : : "m"(*(const char *)p));
#else
	__builtin_prefetch(p, 1);
#endif
}

/* All of ITEM, which begins where a line does, to be written. */
TF_PREFETCHES void
tf_prefetch_lines(const void *item, size_t octets)
{
#pragma GCC unroll 4
	for (size_t at = 0; at < octets; at += 64)
		tf_prefetch_to_write((const char *)item + at);
}

/* Memory that will be read next, from its beginning to its end.  A processor has few requests to memory under way at a
 * time, so who asks for all at once waits for nearly all of it.  Instead, whoever has something to compute before asks
 * for a share of it with each piece of that. */
struct tf_read_ahead {
	const unsigned char *next; /* may be NULL where nothing is left */
	size_t left;               /* octets from there on that were not asked for */
	size_t share;              /* to ask for at a time: some times 128 */
};

TF_PREFETCHES void
tf_prefetch_share(struct tf_read_ahead *ahead)
{
	if (!ahead->left)
		return;
	size_t octets = ahead->left < ahead->share ? ahead->left : ahead->share;

	for (size_t at = 0; at < octets; at += 128) {
		__builtin_prefetch(ahead->next + at);
		__builtin_prefetch(ahead->next + at + 64);
	}
	/* As a number, since to NULL not even nothing may be added. */
	ahead->next = (const unsigned char *)((uintptr_t)ahead->next + octets);
	ahead->left -= octets;
}

#endif
