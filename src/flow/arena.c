/*
 * Arenas straight from the kernel, because malloc does not say where huge
 * pages may begin.
 */
#include "flow/arena.h"

#include <stdint.h>
#include <sys/mman.h>

#define HUGE  ((size_t)2 << 20)
#define SMALL ((size_t)1 << 20)

static size_t
room_for(size_t count, size_t bytes)
{
	size_t size = count * bytes;

	return size ? (size + 4095) / 4096 * 4096 : 4096;
}

static void *
map(size_t size)
{
	void *arena =
	    mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return arena == MAP_FAILED ? NULL : arena;
}

/* An arena of SIZE of which all but the first SMALL octets lie in huge pages.  Visits in random order miss the TLB
 * otherwise, and a prefetch that does waits for it. */
static void *
map_huge(size_t size, size_t small)
{
	unsigned char *whole = map(size + 2 * HUGE);
	size_t head;

	if (!whole)
		return NULL;
	head = HUGE - small + (HUGE - (uintptr_t)whole % HUGE) % HUGE;
	if (head)
		(void)munmap(whole, head);
	if (2 * HUGE - head)
		(void)munmap(whole + head + size, 2 * HUGE - head);
#ifdef MADV_HUGEPAGE
	(void)madvise(whole + head + small, size - small, MADV_HUGEPAGE);
#endif
	return whole + head;
}

void *
tf_arena_new(size_t count, size_t bytes, enum tf_arena_use use)
{
	/* What fills from its beginning would pay for 2 MiB of zeroes in a small capture. */
	size_t small = use == TF_ARENA_FILLS ? SMALL : 0;

	if (bytes && count > SIZE_MAX / 2 / bytes)
		return NULL;
	size_t size = room_for(count, bytes);
	return size < HUGE + small ? map(size) : map_huge(size, small);
}

void
tf_arena_free(void *arena, size_t count, size_t bytes)
{
	if (arena)
		(void)munmap(arena, room_for(count, bytes));
}
