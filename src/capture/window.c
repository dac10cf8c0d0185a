/*
 * Windows, and what keeps the process alive where one is torn: the signal
 * that the kernel sends then (mmap(2), SIGBUS).
 */
#include "capture/window.h"

#include <sys/mman.h>

enum { AT_ONCE = 256 << 10 }; /* octets that are mapped before the scout gets there */

static struct tf_window *volatile open_windows;
static struct sigaction before; /* what became of the signal before */

static struct tf_window *
window_at(const void *address)
{
	for (struct tf_window *w = open_windows; w; w = w->next)
		if ((uintptr_t)address - (uintptr_t)w->base < w->size)
			return w;
	return NULL;
}

/* Zeros in place of all of the window: what was there cannot be told apart from what is gone. */
static bool
board_up(struct tf_window *w)
{
	w->torn = 1;
	return mmap(w->base, w->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
	            0) != MAP_FAILED;
}

static void
on_bus_error(int signal, siginfo_t *info, void *context)
{
	struct tf_window *w = window_at(info->si_addr);

	(void)context;
	/* It comes again, for whoever was there before. */
	if (!w || !board_up(w))
		sigaction(signal, &before, NULL);
}

/* Whoever came in between is asked after us. */
static bool
stand_by(void)
{
	struct sigaction now, ours = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO};

	sigemptyset(&ours.sa_mask);
	if (sigaction(SIGBUS, NULL, &now) != 0)
		return false;
	if (now.sa_flags & SA_SIGINFO && now.sa_sigaction == on_bus_error)
		return true;
	before = now;
	return sigaction(SIGBUS, &ours, NULL) == 0;
}

bool
tf_window_open(struct tf_window *w, struct tf_scout *scout, int fd, uint64_t offset, size_t size)
{
	if (!stand_by())
		return false;
	void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, (off_t)offset);
	if (base == MAP_FAILED)
		return false;
	*w = (struct tf_window){.base = base, .size = size, .scout = scout, .next = open_windows};
	open_windows = w;
	size_t at_once = scout && size > AT_ONCE ? AT_ONCE : size;
	tf_scout_map(base, at_once);
	if (scout)
		tf_scout_send(scout, w->base + at_once, size - at_once);
	return true;
}

void
tf_window_close(struct tf_window *w)
{
	struct tf_window *volatile *link = &open_windows;

	if (!w->base)
		return;
	while (*link != w)
		link = (struct tf_window *volatile *)&(*link)->next;
	*link = w->next;
	if (w->scout)
		tf_scout_clear(w->scout, w->base, w->size);
	else
		munmap(w->base, w->size);
	w->base = NULL;
}
