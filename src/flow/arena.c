/*
 * Arenas straight from the kernel, because malloc does not say where huge
 * pages may begin.
 */
#include "flow/arena.h"

#include <stdint.h>
#include <sys/mman.h>

#define HUGE ((size_t)2 << 20)

static size_t
room_for(size_t count, size_t bytes)
{
	size_t size = count * bytes;

	return size ? (size + 4095) / 4096 * 4096 : 4096;
}

/* Not where the arena begins: a small capture would pay for 2 MiB of zeroes. */
static void
ask_for_huge_pages(unsigned char *arena, size_t size)
{
#ifdef MADV_HUGEPAGE
	size_t skip = HUGE + (HUGE - (uintptr_t)arena % HUGE) % HUGE;

	if (size > skip + HUGE)
		(void)madvise(arena + skip, size - skip, MADV_HUGEPAGE);
#else
	(void)arena;
	(void)size;
#endif
}

void *
tf_arena_new(size_t count, size_t bytes)
{
	if (bytes && count > SIZE_MAX / 2 / bytes)
		return NULL;
	size_t size = room_for(count, bytes);
	void *arena =
	    mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (arena == MAP_FAILED)
		return NULL;
	ask_for_huge_pages(arena, size);
	return arena;
}

void
tf_arena_free(void *arena, size_t count, size_t bytes)
{
	if (arena)
		(void)munmap(arena, room_for(count, bytes));
}
