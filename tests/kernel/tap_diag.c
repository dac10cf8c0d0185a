/*
 * Asks a kernel which socket it holds for one connection: inet_diag's exact
 * look-up (sock_diag(7)), which costs a hash look-up and so can be made
 * after every packet.  Unlike the tracepoint it also finds request sockets
 * (SYN-RECEIVED) and TIME-WAIT buckets (TIME-WAIT, and FIN-WAIT-2 after
 * close()).
 */
#include "tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TIMER_OF_TIME_WAIT 3 /* idiag_timer of a TIME-WAIT bucket */

static int diag_fd[2] = {-1, -1};

bool
tf_diag_open(enum tap_side side)
{
	diag_fd[side] = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	return diag_fd[side] >= 0;
}

static bool
send_question(const struct tap_conn *conn, enum tap_side side)
{
	struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 ask;
	} m = {
	    .head = {.nlmsg_len = sizeof m, .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST},
	    .ask = {.sdiag_family = conn->key.family, .sdiag_protocol = IPPROTO_TCP, .idiag_states = ~0U},
	};
	m.ask.id.idiag_sport = htons(conn->key.port[side]);
	m.ask.id.idiag_dport = htons(conn->key.port[!side]);
	memcpy(m.ask.id.idiag_src, conn->key.addr[side], 16);
	memcpy(m.ask.id.idiag_dst, conn->key.addr[!side], 16);
	m.ask.id.idiag_cookie[0] = m.ask.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	return send(diag_fd[side], &m, sizeof m, 0) == sizeof m;
}

bool
tf_diag_ask(struct tap_conn *conn, enum tap_side side)
{
	struct {
		struct nlmsghdr head;
		struct inet_diag_msg answer;
		char rest[4096];
	} m;
	int state = 0;
	bool mini = false;

	if (!send_question(conn, side))
		return false;
	ssize_t n = recv(diag_fd[side], &m, sizeof m, 0);
	if (n < (ssize_t)sizeof m.head)
		return false;
	if (m.head.nlmsg_type == SOCK_DIAG_BY_FAMILY && n >= (ssize_t)(sizeof m.head + sizeof m.answer)) {
		state = m.answer.idiag_state;
		mini = m.answer.idiag_timer == TIMER_OF_TIME_WAIT;
	}
	bool changed = state != conn->side[side].kernel_state || mini != conn->side[side].mini;
	conn->side[side].kernel_state = state;
	conn->side[side].mini = mini;
	return changed;
}
