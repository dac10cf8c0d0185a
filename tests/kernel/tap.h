/*
 * The tap: a wire between two network namespaces that can be watched and
 * that can be made bad.
 *
 *   client's TUN -> [before] -> the tap records -> [behind] -> server's TUN
 *   server's TUN -> [before] -> the tap records -> [behind] -> client's TUN
 *
 * "before" and "behind" are seen from the sender of a packet: what is lost
 * before the tap is not in the capture, what is lost behind it is.  The tap
 * knows of IP and TCP only what its rules ask for.  It also asks the kernel
 * of each end what socket it holds for each connection (tap_diag.c),
 * because TIME-WAIT, closed FIN-WAIT-2 and SYN-RECEIVED have no full
 * socket there and no tracepoint tells of them.
 */
#ifndef TESTS_KERNEL_TAP_H
#define TESTS_KERNEL_TAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tap_side { TAP_CLIENT, TAP_SERVER };
enum tap_place { TAP_BEFORE, TAP_AT, TAP_BEHIND, TAP_PLACES };

#define TAP_NS_PER_MS INT64_C(1000000)
#define TAP_HELD      INT64_MAX /* due: when it is released */

/* What the rules ask about a packet. */
struct tap_view {
	bool tcp;
	uint8_t family;         /* AF_INET or AF_INET6 */
	uint8_t flags;          /* the TCP header's control bits */
	uint16_t port[2];       /* the client's and the server's, host order */
	uint8_t addr[2][16];    /* the same two ends, network order */
	uint32_t seq, ack, len; /* len: octets of payload */
	uint16_t window;
	uint32_t tsval; /* 0 without the option */
};

/* Fill VIEW from the IP packet DATA that FROM sent.  False for what is neither TCP nor an
 * ICMP error: such packets do not belong to the experiment and are not forwarded. */
bool tf_tap_view(struct tap_view *view, enum tap_side from, const uint8_t *data, size_t len);

/* What happens to a packet at one place. */
struct tap_fate {
	bool drop;
	bool hold;
	bool lose;        /* only at the tap: forwarded, but not in the capture */
	int64_t delay_ns; /* on top of the path's */
	unsigned copies;  /* 1, or 2 where it is duplicated */
	bool overtaken;   /* may be overtaken by later packets */
};

/* A rule in words:
 *   client|server|both  SYN|SYN,ACK|FIN|RST|ACK|data|any  N|N-M|N+|all|P%
 *   before|tap|behind  drop|lose|hold|dup|delay=MS  [port=CLIENTPORT]
 * Returns NULL, or what is wrong with it. */
const char *tf_rule_add(const char *text);
void tf_rules_clear(void);
/* How often rule INDEX was applied; -1 past the last one. */
long tf_rule_hits(int index);

/* client|server|both before|behind [delay=MS] [jitter=MS] [loss=P] [dup=P] [reorder=P] [by=MS] */
const char *tf_path_set(const char *text);
void tf_random_seed(uint64_t seed);

/* The fate at PLACE of a packet from FROM; counts it for the rules. */
struct tap_fate tf_fate(enum tap_side from, enum tap_place place, const struct tap_view *view);

/* One connection: what the tap saw of it and what the kernels said last. */
struct tap_conn {
	struct tap_view key; /* only family, port and addr count */
	struct {
		uint32_t seq_next; /* after the last octet that this side sent */
		uint32_t ack;
		uint32_t tsval;
		uint16_t window;
		int kernel_state; /* as inet_diag names it; 0: nothing there */
		bool mini;        /* a request or TIME-WAIT bucket, no full socket */
		int64_t asked_ns; /* when the kernel was asked last */
	} side[2];
};

/* Open the netlink socket of SIDE in the calling thread's namespace. */
bool tf_diag_open(enum tap_side side);
/* Ask the kernel of SIDE about CONN.  True if the answer differs from the one before. */
bool tf_diag_ask(struct tap_conn *conn, enum tap_side side);

#endif
