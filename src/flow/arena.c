/*
 * Arenas straight from the kernel, because malloc does not say where huge
 * pages may begin.
 */
#include "flow/arena.h"

#include <stdint.h>
#include <sys/mman.h>

#define PAGE 4096

static size_t
room_for(size_t count, size_t bytes)
{
	size_t size = count * bytes;

	return size ? (size + PAGE - 1) / PAGE * PAGE : PAGE;
}

static void *
map(size_t size)
{
	void *arena =
	    mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return arena == MAP_FAILED ? NULL : arena;
}

/* An arena of SIZE of which all but the first TF_ARENA_SMALL octets lie in huge pages: a small capture would pay for 2 MiB
 * of zeroes.  Visits in random order miss the TLB otherwise, and a prefetch that does waits for it. */
static void *
map_huge(size_t size)
{
	unsigned char *whole = map(size + 2 * TF_ARENA_HUGE);
	size_t head;

	if (!whole)
		return NULL;
	head = TF_ARENA_HUGE - TF_ARENA_SMALL +
	       (TF_ARENA_HUGE - (uintptr_t)whole % TF_ARENA_HUGE) % TF_ARENA_HUGE;
	if (head)
		(void)munmap(whole, head);
	if (2 * TF_ARENA_HUGE - head)
		(void)munmap(whole + head + size, 2 * TF_ARENA_HUGE - head);
#ifdef MADV_HUGEPAGE
	(void)madvise(whole + head + TF_ARENA_SMALL, size - TF_ARENA_SMALL, MADV_HUGEPAGE);
#endif
	return whole + head;
}

bool
tf_arena_touch(void *part, size_t size)
{
#ifdef MADV_POPULATE_WRITE
	return madvise(part, size / PAGE * PAGE, MADV_POPULATE_WRITE) == 0;
#else
	(void)part;
	(void)size;
	return false;
#endif
}

void
tf_arena_be_small(void *part, size_t size)
{
#ifdef MADV_NOHUGEPAGE
	(void)madvise(part, (size + PAGE - 1) / PAGE * PAGE, MADV_NOHUGEPAGE);
#else
	(void)part;
	(void)size;
#endif
}

void *
tf_arena_new(size_t count, size_t bytes)
{
	if (bytes && count > SIZE_MAX / 2 / bytes)
		return NULL;
	size_t size = room_for(count, bytes);
	return size < TF_ARENA_HUGE + TF_ARENA_SMALL ? map(size) : map_huge(size);
}

void
tf_arena_free(void *arena, size_t count, size_t bytes)
{
	if (arena)
		(void)munmap(arena, room_for(count, bytes));
}
