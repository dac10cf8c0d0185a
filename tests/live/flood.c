/*
 * A SYN flood between namespaces: COUNT segments to one port, each from
 * another address, as fast as the interface takes them.
 *
 *   flood INTERFACE TARGET PORT COUNT [FIRST]
 *
 * It is a test's tool: it makes Ethernet frames on INTERFACE with 02:00:00:00:00:02
 * (tests/live/field.py) as the destination, sources from 10.128.0.0 on, and
 * correct checksums (RFC 9293 section 3.1).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BATCH = 64, IP = 14, TCP = 34, FRAME = 54 };

static void
put16(uint8_t *to, unsigned v)
{
	to[0] = (uint8_t)(v >> 8);
	to[1] = (uint8_t)v;
}

static void
put32(uint8_t *to, uint32_t v)
{
	put16(to, v >> 16);
	put16(to + 2, v & 0xffff);
}

static uint32_t
sum(const uint8_t *data, size_t n, uint32_t total)
{
	for (size_t i = 0; i < n; i += 2)
		total += (uint32_t)data[i] << 8 | data[i + 1];
	return total;
}

static unsigned
fold(uint32_t total)
{
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return ~total & 0xffff;
}

static void
make_frame(uint8_t frame[FRAME], uint32_t number, uint32_t target, unsigned port)
{
	memset(frame, 0, FRAME);
	frame[0] = frame[5] = frame[6] = 2;
	put16(frame + 12, ETHERTYPE_IP);
	frame[IP] = 0x45;
	put16(frame + IP + 2, FRAME - IP);
	put16(frame + IP + 4, number);
	frame[IP + 8] = 64;
	frame[IP + 9] = IPPROTO_TCP;
	put32(frame + IP + 12, 0x0a800000 + number);
	put32(frame + IP + 16, target);
	put16(frame + IP + 10, fold(sum(frame + IP, 20, 0)));
	put16(frame + TCP, 1024 + number % 60000);
	put16(frame + TCP + 2, port);
	put32(frame + TCP + 4, number * 2654435761u);
	frame[TCP + 12] = 5 << 4;
	frame[TCP + 13] = 2; /* SYN */
	put16(frame + TCP + 14, 64240);
	put16(frame + TCP + 16, fold(sum(frame + TCP, 20, sum(frame + IP + 12, 8, IPPROTO_TCP + 20))));
}

/* Send all of them, waiting where the queue is full. */
static int
send_all(int fd, struct mmsghdr *messages, unsigned count)
{
	unsigned done = 0;
	while (done < count) {
		int n = sendmmsg(fd, messages + done, count - done, 0);
		if (n > 0)
			done += (unsigned)n;
		else if (errno == ENOBUFS || errno == EAGAIN || errno == EINTR)
			poll(NULL, 0, 1);
		else
			return -1;
	}
	return 0;
}

int
main(int argc, char **argv)
{
	static uint8_t frame[BATCH][FRAME];
	struct iovec data[BATCH];
	struct mmsghdr messages[BATCH];
	struct in_addr target;
	if ((argc != 5 && argc != 6) || inet_pton(AF_INET, argv[2], &target) != 1) {
		fputs("usage: flood INTERFACE TARGET PORT COUNT [FIRST]\n", stderr);
		return 2;
	}
	uint32_t count = (uint32_t)strtoul(argv[4], NULL, 10);
	uint32_t first = argc == 6 ? (uint32_t)strtoul(argv[5], NULL, 10) : 0;
	struct sockaddr_ll to = {
	    .sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(argv[1]), .sll_halen = 6};
	to.sll_addr[0] = to.sll_addr[5] = 2;
	int fd = socket(AF_PACKET, SOCK_RAW, 0);
	for (unsigned i = 0; i < BATCH; i++) {
		data[i] = (struct iovec){.iov_base = frame[i], .iov_len = FRAME};
		messages[i] = (struct mmsghdr){
		    .msg_hdr = {
		        .msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &data[i], .msg_iovlen = 1}};
	}
	for (uint32_t sent = 0; sent < count; sent += BATCH) {
		unsigned n = count - sent < BATCH ? count - sent : BATCH;
		for (unsigned i = 0; i < n; i++)
			make_frame(frame[i], first + sent + i, ntohl(target.s_addr), (unsigned)atoi(argv[3]));
		if (fd < 0 || send_all(fd, messages, n) != 0) {
			perror("flood");
			return 1;
		}
	}
	return 0;
}
