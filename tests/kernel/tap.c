/*
 * The tap's main program: two TUN devices, a queue of packets by the time at
 * which they are due, a capture file, and commands on standard input (one a
 * line, each answered by one line).  It reads the clock once a packet, at
 * the moment it passes the tap; all times it writes are CLOCK_MONOTONIC plus
 * a fixed offset, so that they cannot drift against the kernel's trace.
 *
 * It does not know what a scenario is for: see run and scenarios.py.
 */
#include "tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define MAX_PACKET    65536
#define LINKTYPE_RAW  101
#define PCAP_MAGIC_NS 0xa1b23c4dU
#define VERSION_2_4   (4U << 16 | 2U) /* of the file format, in this machine's byte order */
#define TICK_NS       (4 * TAP_NS_PER_MS)

struct packet {
	int64_t due_ns;
	uint64_t order; /* of arrival: breaks ties */
	enum tap_side from;
	bool tapped; /* it has passed the tap and is on its way to the other end */
	size_t len;
	uint8_t data[];
};

static int64_t clock_offset_ns;
static int tun_fd[2];
static FILE *capture, *kernel_states, *fates;
static struct packet **queue; /* a binary heap by due time */
static size_t queue_count, queue_room;
static uint64_t arrivals;
static int64_t last_due_ns[2][2]; /* per sender, before and behind: keeps the order */
static struct tap_conn *conns;
static size_t conn_count, conn_room;
static unsigned long recorded;

static void
fail(const char *what)
{
	fprintf(stderr, "tap: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t
now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 * TAP_NS_PER_MS + t.tv_nsec + clock_offset_ns;
}

/* Make room for one more element of SIZE octets. */
static void *
grow(void *array, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return array;
	*room = *room ? *room * 2 : 64;
	array = realloc(array, *room * size);
	if (!array)
		fail("memory");
	return array;
}

/* ---- the queue ---- */

static bool
sooner(const struct packet *a, const struct packet *b)
{
	return a->due_ns < b->due_ns || (a->due_ns == b->due_ns && a->order < b->order);
}

static void
queue_push(struct packet *p)
{
	queue = grow(queue, queue_count, &queue_room, sizeof *queue);
	size_t i = queue_count++;
	while (i > 0 && sooner(p, queue[(i - 1) / 2])) {
		queue[i] = queue[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	queue[i] = p;
}

static struct packet *
queue_pop(void)
{
	struct packet *top = queue[0], *p = queue[--queue_count];
	size_t i = 0;
	for (size_t child; (child = 2 * i + 1) < queue_count; i = child) {
		if (child + 1 < queue_count && sooner(queue[child + 1], queue[child]))
			child++;
		if (!sooner(queue[child], p))
			break;
		queue[i] = queue[child];
	}
	queue[i] = p;
	return top;
}

/* ---- what the kernels hold ---- */

static bool
same_ends(const struct tap_view *a, const struct tap_view *b)
{
	return a->family == b->family && memcmp(a->port, b->port, sizeof a->port) == 0 &&
	       memcmp(a->addr, b->addr, sizeof a->addr) == 0;
}

static void
write_end(const struct tap_view *key, enum tap_side side)
{
	char text[INET6_ADDRSTRLEN];
	inet_ntop(key->family, key->addr[side], text, sizeof text);
	fprintf(kernel_states, " %s %u", text, key->port[side]);
}

/* Ask about one end; SINCE is the earliest time at which an answer that is new can have become true. */
static void
ask(struct tap_conn *c, enum tap_side side, int64_t since)
{
	int64_t asked = now_ns();
	bool changed = tf_diag_ask(c, side);
	c->side[side].asked_ns = asked;
	if (!changed)
		return;
	fprintf(kernel_states, "%lld %lld %lld", (long long)(since ? since : asked), (long long)asked,
	        (long long)now_ns());
	write_end(&c->key, side);
	write_end(&c->key, !side);
	fprintf(kernel_states, " %d %s\n", c->side[side].kernel_state, c->side[side].mini ? "mini" : "full");
}

static struct tap_conn *
find_conn(const struct tap_view *v)
{
	for (size_t i = 0; i < conn_count; i++) {
		if (same_ends(&conns[i].key, v))
			return &conns[i];
	}
	conns = grow(conns, conn_count, &conn_room, sizeof *conns);
	struct tap_conn *c = &conns[conn_count++];
	*c = (struct tap_conn){.key = *v};
	for (int side = 0; side < 2; side++) {
		c->side[side].kernel_state = -1;
		ask(c, (enum tap_side)side, 0);
	}
	return c;
}

/* Timers change sockets though no packet passes: look again at those that are there. */
static void
look_around(void)
{
	int64_t now = now_ns();
	int64_t pause = TICK_NS * (int64_t)(1 + conn_count / 20);
	for (size_t i = 0; i < conn_count; i++) {
		for (int side = 0; side < 2; side++) {
			int state = conns[i].side[side].kernel_state;
			if (state > 0 && state != 10 && now - conns[i].side[side].asked_ns >= pause)
				ask(&conns[i], (enum tap_side)side, 0);
		}
	}
}

static void
note_sent(struct tap_conn *c, enum tap_side from, const struct tap_view *v)
{
	uint32_t end = v->seq + v->len + ((v->flags & 2) != 0) + (v->flags & 1);
	if ((int32_t)(end - c->side[from].seq_next) > 0 || (v->flags & 2))
		c->side[from].seq_next = end;
	c->side[from].ack = v->ack;
	c->side[from].window = v->window;
	c->side[from].tsval = v->tsval;
}

/* ---- a packet's way ---- */

static const char *
kind_of(const struct tap_view *v)
{
	bool ack = v->flags & 16;
	return v->flags & 4   ? "RST"
	       : v->flags & 2 ? ack ? "SYN,ACK" : "SYN"
	       : v->flags & 1 ? "FIN"
	       : v->len > 0   ? "data"
	                      : "ACK";
}

/* What became of a segment: the reason for what tcpfsm cannot know (remains.py). */
static void
note_fate(const struct tap_view *v, enum tap_side from, const char *what)
{
	if (v->tcp)
		fprintf(fates, "%lld %s %s %u %u %s\n", (long long)now_ns(), what,
		        from == TAP_CLIENT ? "client" : "server", v->port[TAP_CLIENT], v->port[TAP_SERVER],
		        kind_of(v));
}

static void
record(const struct packet *p, int64_t ts)
{
	uint32_t head[4] = {(uint32_t)(ts / (1000 * TAP_NS_PER_MS)), (uint32_t)(ts % (1000 * TAP_NS_PER_MS)),
	                    (uint32_t)p->len, (uint32_t)p->len};
	fwrite(head, sizeof head, 1, capture);
	fwrite(p->data, p->len, 1, capture);
	recorded++;
}

static void
deliver(const struct packet *p)
{
	struct tap_view v;
	tf_tap_view(&v, p->from, p->data, p->len);
	int64_t before = now_ns();
	if (write(tun_fd[!p->from], p->data, p->len) < 0 && errno != EINVAL && errno != EIO)
		fail("write to TUN");
	if (v.tcp)
		ask(find_conn(&v), !p->from, before);
}

static void
schedule(const struct packet *original, const struct tap_fate *fate, int64_t now)
{
	struct packet *p = malloc(sizeof *p + original->len);
	if (!p)
		fail("memory");
	memcpy(p, original, sizeof *p + original->len);
	int64_t *last = &last_due_ns[p->from][p->tapped];
	p->due_ns = fate->hold ? TAP_HELD : now + fate->delay_ns;
	if (!fate->hold && !fate->overtaken) {
		/* jitter alone does not reorder */
		if (p->due_ns < *last)
			p->due_ns = *last;
		*last = p->due_ns;
	}
	p->order = arrivals++;
	queue_push(p);
}

/* Send P on through PLACE. */
static void
pass(struct packet *p, enum tap_place place, int64_t now)
{
	struct tap_view v;
	tf_tap_view(&v, p->from, p->data, p->len);
	struct tap_fate fate = tf_fate(p->from, place, &v);
	p->tapped = place == TAP_BEHIND;
	if (fate.drop)
		note_fate(&v, p->from, place == TAP_BEFORE ? "before" : "behind");
	for (unsigned i = 0; !fate.drop && i < fate.copies; i++)
		schedule(p, &fate, now);
}

/* P is due: at the tap, or at its receiver. */
static void
arrive(struct packet *p)
{
	struct tap_view v;
	int64_t now = now_ns();
	if (p->tapped) {
		deliver(p);
	} else {
		tf_tap_view(&v, p->from, p->data, p->len);
		bool lose = tf_fate(p->from, TAP_AT, &v).lose;
		if (!lose)
			record(p, now);
		/* Of what passed only that which ends something is asked for. */
		if (lose || v.flags & (1 | 4))
			note_fate(&v, p->from, lose ? "tap" : "passed");
		pass(p, TAP_BEHIND, now);
	}
	free(p);
}

static void
run_queue(void)
{
	while (queue_count && queue[0]->due_ns <= now_ns())
		arrive(queue_pop());
}

static void
read_tun(enum tap_side from)
{
	static union {
		struct packet packet;
		uint8_t room[sizeof(struct packet) + MAX_PACKET];
	} in;
	struct packet *p = &in.packet;
	struct tap_view v;

	ssize_t n = read(tun_fd[from], p->data, MAX_PACKET);
	if (n <= 0 || !tf_tap_view(&v, from, p->data, (size_t)n))
		return;
	p->len = (size_t)n;
	p->from = from;
	if (v.tcp) {
		struct tap_conn *c = find_conn(&v);
		note_sent(c, from, &v);
		ask(c, from, 0);
	}
	pass(p, TAP_BEFORE, now_ns());
}

/* ---- commands ---- */

static void
release_held(void)
{
	struct packet **old = queue;
	size_t count = queue_count;
	queue = NULL;
	queue_count = queue_room = 0;
	for (size_t i = 0; i < count; i++) {
		if (old[i]->due_ns == TAP_HELD)
			old[i]->due_ns = now_ns();
		queue_push(old[i]);
	}
	free(old);
}

static int
hex_digit(char c)
{
	return c <= '9' ? c - '0' : (c | 32) - 'a' + 10;
}

/* "client HEX": a forged packet, as if it came from that side, appears just before the tap. */
static const char *
inject(const char *text)
{
	char who[16];
	int at = 0;
	if (sscanf(text, "%15s %n", who, &at) != 1 || !at)
		return "inject client|server HEX";
	size_t len = strlen(text + at) / 2;
	struct packet *p = malloc(sizeof *p + len);
	if (!p)
		fail("memory");
	*p = (struct packet){
	    .from = strcmp(who, "client") == 0 ? TAP_CLIENT : TAP_SERVER, .len = len, .order = arrivals++};
	for (size_t i = 0; i < len; i++)
		p->data[i] =
		    (uint8_t)(hex_digit(text[at + 2 * (int)i]) << 4 | hex_digit(text[at + 2 * (int)i + 1]));
	p->due_ns = now_ns();
	queue_push(p);
	return NULL;
}

/* What the tap saw last from both sides of the connection of a client's port. */
static void
tell_numbers(const char *port)
{
	for (size_t i = conn_count; i-- > 0;) {
		const struct tap_conn *c = &conns[i];
		if (c->key.port[TAP_CLIENT] != strtol(port, NULL, 10))
			continue;
		printf("ok");
		for (int side = 0; side < 2; side++)
			printf(" %u %u %u %u", c->side[side].seq_next, c->side[side].ack, c->side[side].tsval,
			       c->side[side].window);
		printf("\n");
		return;
	}
	printf("error no such connection\n");
}

static void
tell_hits(void)
{
	printf("ok");
	for (int i = 0; tf_rule_hits(i) >= 0; i++)
		printf(" %ld", tf_rule_hits(i));
	printf("\n");
}

static void
answer(const char *problem)
{
	if (problem)
		printf("error %s\n", problem);
	else
		printf("ok\n");
}

/* False: the last one. */
static bool
command(const char *line)
{
	if (strncmp(line, "rule ", 5) == 0)
		answer(tf_rule_add(line + 5));
	else if (strncmp(line, "path ", 5) == 0)
		answer(tf_path_set(line + 5));
	else if (strncmp(line, "inject ", 7) == 0)
		answer(inject(line + 7));
	else if (strncmp(line, "numbers ", 8) == 0)
		tell_numbers(line + 8);
	else if (strcmp(line, "hits") == 0)
		tell_hits();
	else if (strcmp(line, "clear") == 0)
		answer((tf_rules_clear(), NULL));
	else if (strcmp(line, "release") == 0)
		answer((release_held(), NULL));
	else if (strcmp(line, "stop") == 0)
		printf("ok %lld %lu\n", (long long)now_ns(), recorded);
	else
		answer("unknown command");
	fflush(stdout);
	return strcmp(line, "stop") != 0;
}

/* Read what there is of commands; false at the end. */
static bool
read_commands(void)
{
	static char buffer[MAX_PACKET];
	static size_t filled;
	ssize_t n = read(STDIN_FILENO, buffer + filled, sizeof buffer - 1 - filled);
	if (n <= 0)
		return false;
	filled += (size_t)n;
	buffer[filled] = 0;
	for (char *end; (end = memchr(buffer, '\n', filled)) != NULL;) {
		*end = 0;
		if (!command(buffer))
			return false;
		filled -= (size_t)(end + 1 - buffer);
		memmove(buffer, end + 1, filled);
	}
	return filled < sizeof buffer - 1;
}

/* ---- set up, and the loop ---- */

static void
open_side(enum tap_side side, const char *ns_fd)
{
	struct ifreq ifr = {.ifr_flags = IFF_TUN | IFF_NO_PI, .ifr_name = "tap0"};
	if (setns((int)strtol(ns_fd, NULL, 10), CLONE_NEWNET) < 0)
		fail("setns");
	tun_fd[side] = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (tun_fd[side] < 0 || ioctl(tun_fd[side], TUNSETIFF, &ifr) < 0)
		fail("/dev/net/tun");
	if (!tf_diag_open(side))
		fail("inet_diag");
}

static void
open_files(const char *capture_name, const char *states_name, const char *fates_name)
{
	const uint32_t head[6] = {PCAP_MAGIC_NS, VERSION_2_4, 0, 0, MAX_PACKET, LINKTYPE_RAW};
	capture = fopen(capture_name, "wb");
	kernel_states = fopen(states_name, "w");
	fates = fopen(fates_name, "w");
	if (!capture || !kernel_states || !fates)
		fail("output");
	fwrite(head, sizeof head, 1, capture);
}

/* Until something is due, or the next look at the kernels' timers. */
static void
wait_for_work(struct pollfd fds[3])
{
	int64_t wait = conn_count ? TICK_NS : 1000 * TAP_NS_PER_MS;
	if (queue_count && queue[0]->due_ns != TAP_HELD && queue[0]->due_ns - now_ns() < wait)
		wait = queue[0]->due_ns - now_ns();
	if (wait < 0)
		wait = 0;
	struct timespec t = {wait / (1000 * TAP_NS_PER_MS), wait % (1000 * TAP_NS_PER_MS)};
	if (ppoll(fds, 3, &t, NULL) < 0 && errno != EINTR)
		fail("poll");
}

static void
loop(void)
{
	struct pollfd fds[3] = {{.fd = STDIN_FILENO, .events = POLLIN},
	                        {.fd = tun_fd[TAP_CLIENT], .events = POLLIN},
	                        {.fd = tun_fd[TAP_SERVER], .events = POLLIN}};
	for (;;) {
		wait_for_work(fds);
		run_queue();
		for (int side = 0; side < 2; side++) {
			if (fds[1 + side].revents & POLLIN)
				read_tun((enum tap_side)side);
		}
		run_queue();
		look_around();
		if (fds[0].revents && !read_commands())
			return;
	}
}

int
main(int argc, char **argv)
{
	if (argc != 8) {
		fprintf(stderr,
		        "usage: tap CLIENT-NS-FD SERVER-NS-FD CAPTURE STATES FATES CLOCK-OFFSET-NS SEED\n");
		return 2;
	}
	clock_offset_ns = strtoll(argv[6], NULL, 10);
	tf_random_seed(strtoull(argv[7], NULL, 10));
	open_side(TAP_CLIENT, argv[1]);
	open_side(TAP_SERVER, argv[2]);
	open_files(argv[3], argv[4], argv[5]);
	/* Exact timing matters more here than anywhere else; without the right to it we go on. */
	sched_setscheduler(0, SCHED_RR, &(struct sched_param){.sched_priority = 1});
	printf("ready\n");
	fflush(stdout);
	loop();
	return fclose(capture) != 0 || fclose(kernel_states) != 0 || fclose(fates) != 0;
}
