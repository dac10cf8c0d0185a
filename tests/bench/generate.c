/*
 * Makes the captures that the benchmark measures: classic pcap, Ethernet, IPv4, TCP, correct
 * checksums.
 *
 * What is made depends on the workload, the seed and the scale alone, so that two machines measure the
 * same octets. Everything is proper by RFC 9293 (handshake, acknowledgments, FINs) and RFC 7323
 * (timestamps, window scale): the analyzer has nothing to find but what the workload is about.  The
 * tap stands between the ends; the round-trip times, the clocks of the timestamps and the advertised
 * windows are those of ordinary hosts.
 *
 * It knows nothing of the analyzer, and does not try to be a traffic generator: each workload is one
 * fixed script.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ETHERNET_BYTES 14
#define IP_BYTES       20
#define TCP_BYTES      20
#define OUTPUT_BYTES   (1U << 20)
#define NOISE_BYTES    4096U
#define EPOCH_US       1700000000000000ULL

#define WEB_PACKETS  26
#define MANY_PACKETS 12

enum { FIN = 1, SYN = 2, PSH = 8, ACK = 16 };
enum { CLIENT, SERVER };
enum options { OPTIONS_NONE, OPTIONS_MSS, OPTIONS_SYN, OPTIONS_TIMESTAMPS };

/* One end of a connection that is being written. */
struct end {
	uint32_t address;
	uint32_t snd_nxt;
	uint32_t clock_ms; /* what its timestamp clock showed at the epoch */
	uint32_t tsval;    /* the last one it sent */
	uint16_t port;
	uint16_t ip_id;
};

/* A connection that is being written. */
struct connection {
	struct end end[2];
};

/* A segment to write; the connection knows the numbers. */
struct segment {
	uint64_t time_us;
	unsigned from; /* CLIENT or SERVER */
	unsigned flags;
	unsigned bytes;   /* of payload */
	uint32_t ack_lag; /* how far the acknowledgment is behind what was sent */
	enum options options;
};

static uint8_t output[OUTPUT_BYTES];
static size_t output_used;
static int output_fd;
static uint8_t noise[NOISE_BYTES + 2048];
static uint64_t random_state;

static void
die(const char *what)
{
	fprintf(stderr, "generate: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* A number of 64 bits of the sequence that the seed began (SplitMix64's constants and steps). */
static uint64_t
random64(void)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* A number from low to high, both included. */
static uint32_t
random_in(uint32_t low, uint32_t high)
{
	return low + (uint32_t)(((random64() >> 32) * ((uint64_t)high - low + 1)) >> 32);
}

static void *
allocate(size_t count, size_t size)
{
	void *memory = calloc(count, size);

	if (memory == NULL)
		die("no memory");
	return memory;
}

static void
flush_output(void)
{
	size_t written = 0;

	while (written < output_used) {
		ssize_t n = write(output_fd, output + written, output_used - written);

		if (n < 0 && errno != EINTR)
			die("cannot write");
		if (n > 0)
			written += (size_t)n;
	}
	output_used = 0;
}

static uint8_t *
put16(uint8_t *p, unsigned value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
	return p + 2;
}

static uint8_t *
put32(uint8_t *p, uint32_t value)
{
	return put16(put16(p, value >> 16), value & 0xffff);
}

/* The Internet checksum's sum of octets (RFC 1071), not yet folded; in the machine's own byte order. */
static uint64_t
sum_of(const uint8_t *p, size_t bytes)
{
	uint64_t sum = 0;

	for (; bytes >= 4; p += 4, bytes -= 4) {
		uint32_t word;

		memcpy(&word, p, sizeof word);
		sum += word;
	}
	for (; bytes >= 2; p += 2, bytes -= 2) {
		uint16_t half;

		memcpy(&half, p, sizeof half);
		sum += half;
	}
	if (bytes > 0) {
		uint8_t last[2] = {*p, 0};
		uint16_t half;

		memcpy(&half, last, sizeof half);
		sum += half;
	}
	return sum;
}

static void
put_checksum(uint8_t *at, uint64_t sum)
{
	uint16_t folded;

	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	folded = (uint16_t)~sum;
	memcpy(at, &folded, sizeof folded);
}

static void
write_file_header(void)
{
	static const struct {
		uint32_t magic;
		uint16_t major, minor;
		uint32_t zone, accuracy, snaplen, linktype;
	} header = {0xa1b2c3d4, 2, 4, 0, 0, 262144, 1};

	memcpy(output, &header, sizeof header);
	output_used = sizeof header;
}

static uint8_t *
put_options(uint8_t *p, const struct connection *connection, const struct segment *segment)
{
	const struct end *self = &connection->end[segment->from];
	const struct end *peer = &connection->end[!segment->from];

	if (segment->options == OPTIONS_MSS)
		return put32(p, 0x020405b4);
	if (segment->options == OPTIONS_SYN)
		p = put32(put32(p, 0x020405b4), 0x0402080a);
	else if (segment->options == OPTIONS_TIMESTAMPS)
		p = put32(p, 0x0101080a);
	else
		return p;
	p = put32(put32(p, self->tsval), segment->flags & ACK ? peer->tsval : 0);
	return segment->options == OPTIONS_SYN ? put32(p, 0x01030307) : p;
}

static uint8_t *
put_tcp(uint8_t *tcp, struct connection *connection, const struct segment *segment)
{
	struct end *self = &connection->end[segment->from];
	const struct end *peer = &connection->end[!segment->from];
	uint8_t *p = put16(put16(tcp, self->port), peer->port);
	uint8_t *end = put_options(tcp + TCP_BYTES, connection, segment);

	p = put32(p, self->snd_nxt);
	p = put32(p, segment->flags & ACK ? peer->snd_nxt - segment->ack_lag : 0);
	*p++ = (uint8_t)((end - tcp) << 2);
	*p++ = (uint8_t)segment->flags;
	p = put16(p, segment->flags & SYN ? 64240 : 4096);
	memset(p, 0, 4);
	memcpy(end, noise + self->snd_nxt % NOISE_BYTES, segment->bytes);
	self->snd_nxt += segment->bytes + !!(segment->flags & SYN) + !!(segment->flags & FIN);
	return end + segment->bytes;
}

static void
put_ip(uint8_t *ip, struct end *self, const struct end *peer, size_t ip_bytes)
{
	size_t tcp_bytes = ip_bytes - IP_BYTES;
	uint8_t pseudo[4] = {0, 6};
	uint8_t *p = put16(ip, 0x4500);

	p = put16(put16(p, (unsigned)ip_bytes), self->ip_id++);
	p = put32(p, 0x40004006);
	p = put16(p, 0);
	put32(put32(p, self->address), peer->address);
	put_checksum(ip + 10, sum_of(ip, IP_BYTES));
	put16(pseudo + 2, (unsigned)tcp_bytes);
	put_checksum(ip + IP_BYTES + 16,
	             sum_of(ip + 12, 8) + sum_of(pseudo, 4) + sum_of(ip + IP_BYTES, tcp_bytes));
}

/* Writes one segment of `connection`, and moves the sender's numbers on. */
static void
emit(struct connection *connection, const struct segment *segment)
{
	static const uint8_t ethernet[2][ETHERNET_BYTES] = {
	    {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0},
	    {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0},
	};
	struct end *self = &connection->end[segment->from];
	uint64_t now_us = EPOCH_US + segment->time_us;
	uint8_t *record, *ip, *end;
	uint32_t header[4];

	if (output_used + 4096 > OUTPUT_BYTES)
		flush_output();
	record = output + output_used;
	ip = record + sizeof header + ETHERNET_BYTES;
	memcpy(record + sizeof header, ethernet[segment->from], ETHERNET_BYTES);
	self->tsval = self->clock_ms + (uint32_t)(segment->time_us / 1000);
	end = put_tcp(ip + IP_BYTES, connection, segment);
	put_ip(ip, self, &connection->end[!segment->from], (size_t)(end - ip));
	header[0] = (uint32_t)(now_us / 1000000);
	header[1] = (uint32_t)(now_us % 1000000);
	header[2] = header[3] = (uint32_t)(end - ip) + ETHERNET_BYTES;
	memcpy(record, header, sizeof header);
	output_used = (size_t)(end - output);
}

static void
begin_end(struct end *end, uint32_t address, unsigned port)
{
	uint64_t number = random64();

	end->address = address;
	end->port = (uint16_t)port;
	end->snd_nxt = (uint32_t)number;
	end->clock_ms = (uint32_t)(number >> 32);
	end->ip_id = (uint16_t)(number >> 16);
}

/* W1: slots that each hold one connection after the other; a heap says whose packet is next. */

struct slot {
	struct connection connection;
	uint64_t due_us;
	uint32_t rtt_us;
	uint32_t number;     /* of the slot */
	uint32_t generation; /* connections of this slot before */
	uint8_t step;        /* the next packet */
	uint8_t closer;      /* the end that closes first */
};

/* A packet of a script. */
struct step {
	uint8_t from;
	uint8_t flags;
	uint16_t low, high; /* octets of payload */
};

/* How a web connection begins: the handshake, a request and its response; the next two lack the first ACK. */
static const struct step web[] = {
    {CLIENT, SYN, 0, 0},           {SERVER, SYN | ACK, 0, 0}, {CLIENT, ACK, 0, 0},
    {CLIENT, PSH | ACK, 120, 900}, {SERVER, ACK, 0, 0},       {SERVER, ACK, 1000, 1000},
    {SERVER, ACK, 1000, 1000},     {CLIENT, ACK, 0, 0},       {SERVER, PSH | ACK, 1, 1000},
    {CLIENT, ACK, 0, 0},
};

#define WEB_REQUEST 3U /* where the first request stands */
#define WEB_ROUND   6U /* packets of a request and response after the first */
#define WEB_FIRST   (sizeof web / sizeof web[0])
#define WEB_CLOSE   (WEB_PACKETS - 4U)

static bool
is_later_request(unsigned step)
{
	return step >= WEB_FIRST && step < WEB_CLOSE && (step - WEB_FIRST) % WEB_ROUND == 0;
}

/* The script's packet for a step before the close. */
static const struct step *
web_step(unsigned step)
{
	if (step < WEB_FIRST)
		return &web[step];
	return is_later_request(step) ? &web[WEB_REQUEST]
	                              : &web[WEB_REQUEST + 1 + (step - WEB_FIRST) % WEB_ROUND];
}

static void
begin_web(struct slot *slot)
{
	uint32_t server = random_in(0, 99);

	begin_end(&slot->connection.end[CLIENT], 0x0a010000 + slot->number, 32768 + slot->generation);
	begin_end(&slot->connection.end[SERVER], 0xc6336400 + server, server % 4 ? 443 : 80);
	slot->rtt_us = random_in(5000, 80000);
	slot->closer = (uint8_t)(random64() & 1);
	slot->step = 0;
}

/* The next packet of a web connection, without its time. */
static struct segment
next_web(const struct slot *slot)
{
	struct segment segment = {.time_us = slot->due_us, .options = OPTIONS_TIMESTAMPS};
	const struct step *step;
	unsigned closing = slot->step - WEB_CLOSE;

	if (slot->step >= WEB_CLOSE) {
		segment.from = slot->closer ^ (closing == 1 || closing == 2);
		segment.flags = closing % 2 ? ACK : FIN | ACK;
		return segment;
	}
	step = web_step(slot->step);
	segment.from = step->from;
	segment.flags = step->flags;
	segment.bytes = random_in(step->low, step->high);
	if (step->flags & SYN)
		segment.options = OPTIONS_SYN;
	return segment;
}

/* The pause after a packet from `from`; the tap is a quarter of the way from the client to the server. */
static uint32_t
web_pause(const struct slot *slot, unsigned from)
{
	struct segment next = next_web(slot);

	if (is_later_request(slot->step))
		return random_in(500000, 3000000);
	if (next.from == from)
		return random_in(10, 200);
	return next.from == SERVER ? slot->rtt_us / 4 * 3 + random_in(20, 2000)
	                           : slot->rtt_us / 4 + random_in(5, 50);
}

static void
sift_down(struct slot **heap, size_t count)
{
	struct slot *moved = heap[0];
	size_t at = 0;

	for (size_t child; (child = 2 * at + 1) < count; at = child) {
		if (child + 1 < count && heap[child + 1]->due_us < heap[child]->due_us)
			child++;
		if (moved->due_us <= heap[child]->due_us)
			break;
		heap[at] = heap[child];
	}
	heap[at] = moved;
}

static void
make_web(size_t connections)
{
	size_t width = connections < 5000 ? connections : 5000;
	struct slot *slots = allocate(width, sizeof *slots);
	struct slot **heap = allocate(width, sizeof *heap);
	size_t live = width, begun = width;

	for (size_t i = 0; i < width; i++) {
		slots[i].number = (uint32_t)i;
		slots[i].due_us = i * 1000; /* rising: that is a heap */
		heap[i] = &slots[i];
		begin_web(heap[i]);
	}
	while (live > 0) {
		struct slot *slot = heap[0];
		struct segment segment = next_web(slot);

		emit(&slot->connection, &segment);
		if (++slot->step < WEB_PACKETS) {
			slot->due_us += web_pause(slot, segment.from);
		} else if (begun < connections) {
			begun++;
			slot->generation++;
			begin_web(slot);
			slot->due_us += random_in(1000, 100000);
		} else {
			heap[0] = heap[--live];
		}
		sift_down(heap, live);
	}
	free(heap);
	free(slots);
}

/* W2 and the random flows: in each round every connection sends its next packet, in a new order. */

static const struct step many[MANY_PACKETS] = {
    {CLIENT, SYN, 0, 0},        {SERVER, SYN | ACK, 0, 0},  {CLIENT, ACK, 0, 0},
    {CLIENT, PSH | ACK, 1, 64}, {SERVER, PSH | ACK, 1, 64}, {CLIENT, PSH | ACK, 1, 64},
    {SERVER, PSH | ACK, 1, 64}, {CLIENT, ACK, 0, 0},        {CLIENT, FIN | ACK, 0, 0},
    {SERVER, ACK, 0, 0},        {SERVER, FIN | ACK, 0, 0},  {CLIENT, ACK, 0, 0},
};

static void
shuffle(uint32_t *order, size_t count)
{
	for (size_t i = count; i > 1; i--) {
		size_t j = random_in(0, (uint32_t)i - 1);
		uint32_t kept = order[i - 1];

		order[i - 1] = order[j];
		order[j] = kept;
	}
}

/* `count` connections after the first `before`, in rounds that begin at `time_us`. */
static void
make_rounds(size_t before, size_t count, uint64_t time_us, unsigned rounds, enum options options)
{
	struct connection *connections = allocate(count, sizeof *connections);
	uint32_t *order = allocate(count, sizeof *order);

	for (size_t i = 0; i < count; i++) {
		size_t number = before + i;

		begin_end(&connections[i].end[CLIENT], 0x0a000000 + (uint32_t)(number / 50),
		          20000 + (unsigned)(number % 50));
		begin_end(&connections[i].end[SERVER], 0xc6336400 + (uint32_t)(number % 200), 443);
		order[i] = (uint32_t)i;
	}
	for (unsigned round = 0; round < rounds; round++, time_us += 50000) {
		struct segment segment = {.from = many[round].from, .flags = many[round].flags};

		shuffle(order, count);
		segment.options = segment.flags & SYN ? OPTIONS_SYN : options;
		for (size_t i = 0; i < count; i++) {
			segment.time_us = time_us += i & 1;
			segment.bytes = random_in(many[round].low, many[round].high);
			emit(&connections[order[i]], &segment);
		}
	}
	free(order);
	free(connections);
}

static void
make_many(size_t count)
{
	make_rounds(0, count, 0, MANY_PACKETS, OPTIONS_TIMESTAMPS);
}

/* The same for hours: 5,000 every ten seconds, each over within one. */
static void
make_hours(size_t count)
{
	const size_t wave = 5000;
	uint64_t time_us = 0;

	for (size_t made = 0; made < count; made += wave, time_us += 10000000)
		make_rounds(made, count - made < wave ? count - made : wave, time_us, MANY_PACKETS,
		            OPTIONS_TIMESTAMPS);
}

static void
make_random(size_t count)
{
	make_rounds(0, count, 0, 3, OPTIONS_TIMESTAMPS);
}

/* W3: SYNs from as many sources; and connections of which one segment with data passes the tap. */

/* The source of packet `i`: an odd factor visits all 2^24 addresses before one comes again. */
static uint32_t
scattered_source(size_t i)
{
	return 0x0a000000 | ((uint32_t)(i * 0x9e3779b1U) & 0xffffff);
}

/* One `segment` from each of `count` sources after `first`, one every `pause_us`. */
static void
make_scattered(size_t first, size_t count, uint64_t pause_us, struct segment segment)
{
	struct connection connection;

	memset(&connection, 0, sizeof connection);
	for (size_t i = first; i < first + count; i++, segment.time_us += pause_us) {
		begin_end(&connection.end[CLIENT], scattered_source(i), 1024 + random_in(0, 60000));
		begin_end(&connection.end[SERVER], 0xc6336401, 80);
		emit(&connection, &segment);
	}
}

static void
make_flood(size_t count)
{
	make_scattered(0, count, 1, (struct segment){.flags = SYN, .options = OPTIONS_MSS});
}

static void
make_single(size_t count)
{
	make_scattered(0, count, 1, (struct segment){.flags = PSH | ACK, .bytes = 64});
}

/* A flood that is over in a second or less; then, while its SYNs run out of time, one every 50 us. */
static void
make_timeouts(size_t count)
{
	size_t later = count / 51;
	struct segment syn = {.flags = SYN, .options = OPTIONS_MSS};

	make_scattered(0, count - later, 1, syn);
	syn.time_us = 127000000;
	make_scattered(count - later, later, 50, syn);
}

/* One connection; `count` segments of 1448 octets, each second one acknowledged 32 segments later; one of each
 * `again_every` (0: none) is sent again 20 segments later. */
static void
make_transfer(size_t count, size_t again_every)
{
	struct connection connection;
	const uint32_t lag = 32 * 1448, back = 20 * 1448;
	uint64_t time_us = 0;

#define AT(pause_us, ...) emit(&connection, &(struct segment){.time_us = time_us += (pause_us), __VA_ARGS__})
	begin_end(&connection.end[CLIENT], 0x0a000001, 40000);
	begin_end(&connection.end[SERVER], 0xc6336401, 80);
	AT(0, .from = CLIENT, .flags = SYN, .options = OPTIONS_SYN);
	AT(400, .from = SERVER, .flags = SYN | ACK, .options = OPTIONS_SYN);
	AT(50, .from = CLIENT, .flags = ACK, .options = OPTIONS_TIMESTAMPS);
	AT(20, .from = CLIENT, .flags = PSH | ACK, .bytes = 200, .options = OPTIONS_TIMESTAMPS);
	for (size_t i = 1; i <= count; i++) {
		AT(i == 1 ? 500 : 11, .from = SERVER, .flags = ACK, .bytes = 1448,
		   .options = OPTIONS_TIMESTAMPS);
		if (i % 2 == 0 && i > 33)
			AT(1, .from = CLIENT, .flags = ACK, .ack_lag = lag, .options = OPTIONS_TIMESTAMPS);
		if (again_every && i % again_every == again_every / 2) {
			connection.end[SERVER].snd_nxt -= back;
			AT(5, .from = SERVER, .flags = ACK, .bytes = 1448, .options = OPTIONS_TIMESTAMPS);
			connection.end[SERVER].snd_nxt += back - 1448;
		}
	}
	AT(500, .from = CLIENT, .flags = ACK, .options = OPTIONS_TIMESTAMPS);
	AT(100, .from = SERVER, .flags = FIN | ACK, .options = OPTIONS_TIMESTAMPS);
	AT(300, .from = CLIENT, .flags = FIN | ACK, .options = OPTIONS_TIMESTAMPS);
	AT(300, .from = SERVER, .flags = ACK, .options = OPTIONS_TIMESTAMPS);
#undef AT
}

static void
make_elephant(size_t count)
{
	make_transfer(count, 0);
}

static void
make_losses(size_t count)
{
	make_transfer(count, 1000);
}

static void
make_nothing(size_t count)
{
	(void)count;
}

static const struct workload {
	const char *name;
	void (*make)(size_t count);
	size_t count; /* at scale 1: connections; of the elephant, segments */
	const char *what;
} workloads[] = {
    {"W1", make_web, 50000, "web: 50,000 connections, 5,000 at a time, 26 packets each"},
    {"W2", make_many, 100000, "many: 100,000 connections, all at a time, 12 packets each"},
    {"W3", make_flood, 1000000, "flood: 1,000,000 SYNs from as many sources to one port"},
    {"W4", make_elephant, 690608, "elephant: one connection, 1 GB"},
    {"losses", make_losses, 690608, "the same, and one segment of 1,000 is sent again"},
    {"hours", make_hours, 900000, "hours: 900,000 connections, 5,000 every 10 s, 12 packets each"},
    {"random", make_random, 5000000, "5,000,000 handshakes in random order"},
    {"single", make_single, 1000000, "1,000,000 connections of one packet each"},
    {"timeouts", make_timeouts, 1020000, "1,000,000 SYNs; 127 s later, when they time out, 20,000 more"},
    {"empty", make_nothing, 1, "no packet"},
};

static const struct workload *
workload_named(const char *name)
{
	for (size_t i = 0; i < sizeof workloads / sizeof workloads[0]; i++)
		if (strcmp(workloads[i].name, name) == 0)
			return &workloads[i];
	return NULL;
}

static int
usage(void)
{
	fputs("usage: generate WORKLOAD SCALE SEED FILE\n\n", stderr);
	for (size_t i = 0; i < sizeof workloads / sizeof workloads[0]; i++)
		fprintf(stderr, "  %-8s%s\n", workloads[i].name, workloads[i].what);
	return 2;
}

int
main(int argc, char **argv)
{
	const struct workload *workload = argc == 5 ? workload_named(argv[1]) : NULL;
	double scale = argc == 5 ? strtod(argv[2], NULL) : 0;

	if (workload == NULL || !(scale > 0 && scale <= 1000))
		return usage();
	random_state = strtoull(argv[3], NULL, 10);
	output_fd = open(argv[4], O_WRONLY | O_CREAT | O_TRUNC, 0666);
	if (output_fd < 0)
		die(argv[4]);
	for (size_t i = 0; i < sizeof noise; i++)
		noise[i] = (uint8_t)random64();
	write_file_header();
	workload->make((size_t)((double)workload->count * scale + 0.5));
	flush_output();
	if (close(output_fd) < 0)
		die(argv[4]);
	return 0;
}
