/*
 * How Zeek would sum a connection up: the word in the conn_state column of
 * its conn.log, for people who know Zeek.
 *
 * Zeek keeps one of seven states for each end, moved by flags alone (its
 * TCP session adapter), and makes the word of the last two (its script
 * base/protocols/conn).  Every letter that moves an end is in the history,
 * so the letters are replayed here.  Numbers play no part in it: a RST that
 * nobody accepted counts, unlike in our own `close`.
 */
#include <string.h>

#include "flow/flow.h"

enum seen { INACTIVE, SYN_SENT, SYN_ACK_SENT, PARTIAL, ESTABLISHED, CLOSED, RESET };

/* One end: its state, and the one before. */
struct seen_end {
	enum seen state, former;
};

static void
set(struct seen_end *end, enum seen state)
{
	end->former = end->state;
	end->state = state;
}

/* A SYN or SYN,ACK is the first that passed of this end. */
static void
first_syn(struct seen_end *end, struct seen_end *peer, bool client, bool ack)
{
	if (client) {
		set(end, ack ? SYN_ACK_SENT : SYN_SENT);
		return;
	}
	if (peer->state == SYN_SENT)
		set(peer, ESTABLISHED);
	set(end, ESTABLISHED);
}

/* A segment without SYN, FIN and RST is the first that passed of this end. */
static void
first_other(struct seen_end *end, const struct seen_end *peer, bool client, bool data)
{
	if (!client && !data && peer->state == SYN_SENT)
		return; /* the ACK of a SYN whose own SYN is still to come */
	set(end, peer->state == ESTABLISHED ? ESTABLISHED : PARTIAL);
}

static void
fin(struct seen_end *end, struct seen_end *peer)
{
	bool late = end->state == PARTIAL || end->state == ESTABLISHED;

	if (end->state == CLOSED || end->state == RESET)
		return;
	set(end, CLOSED);
	/* FIN, RST, and then the other's FIN: a close like any other. */
	if (late && peer->state == RESET && peer->former == CLOSED)
		set(peer, CLOSED);
}

static void
rst(struct seen_end *end, const struct seen_end *peer)
{
	if (end->state != RESET && !(end->state == CLOSED && peer->state == CLOSED))
		set(end, RESET);
}

static void
follow(struct seen_end *end, struct seen_end *peer, bool client, char letter)
{
	bool first = end->state == INACTIVE;

	switch (letter) {
	case 'S':
	case 'H':
		if (first)
			first_syn(end, peer, client, letter == 'H');
		else if (letter == 'S' && end->state == PARTIAL && peer->state == INACTIVE)
			set(end, SYN_SENT);
		break;
	case 'A':
	case 'D':
		if (first)
			first_other(end, peer, client, letter == 'D');
		break;
	case 'Q':
		if (first)
			first_syn(end, peer, client, false);
		fin(end, peer);
		break;
	case 'F':
		fin(end, peer);
		break;
	case 'R':
	case 'I':
		rst(end, peer);
		break;
	default:
		break;
	}
}

/* The client sent a SYN and then a RST, and nothing between that goes further. */
static bool
gave_up(const char *letters)
{
	letters += *letters == '^';
	return *letters == 'S' && letters[strcspn(letters, "HAFGIQR")] == 'R';
}

static bool
is_silent(enum seen state)
{
	return state == INACTIVE || state == PARTIAL;
}

static enum tf_zeek_state
after_reset(enum seen client, enum seen server, const char *letters, bool empty)
{
	if (server != RESET) {
		if (is_silent(server))
			return gave_up(letters) ? TF_ZEEK_RSTOS0 : TF_ZEEK_OTH;
		return TF_ZEEK_RSTO;
	}
	if (client == SYN_SENT || client == SYN_ACK_SENT || (client == RESET && empty))
		return TF_ZEEK_REJ;
	return is_silent(client) ? TF_ZEEK_RSTRH : TF_ZEEK_RSTR;
}

static enum tf_zeek_state
sum_up(enum seen client, enum seen server)
{
	if (client == CLOSED && server == CLOSED)
		return TF_ZEEK_SF;
	if (client == CLOSED)
		return is_silent(server) ? TF_ZEEK_SH : TF_ZEEK_S2;
	if (server == CLOSED)
		return is_silent(client) ? TF_ZEEK_SHR : TF_ZEEK_S3;
	if (client == SYN_SENT && server == INACTIVE)
		return TF_ZEEK_S0;
	return client == ESTABLISHED && server == ESTABLISHED ? TF_ZEEK_S1 : TF_ZEEK_OTH;
}

enum tf_zeek_state
tf_zeek_state(const char *letters, bool empty)
{
	struct seen_end end[2] = {{INACTIVE, INACTIVE}, {INACTIVE, INACTIVE}};

	for (const char *at = letters; *at; at++) {
		bool client = *at < 'a';
		if (*at != '^')
			follow(&end[!client], &end[client], client, (char)(*at & ~0x20));
	}
	enum seen client = end[TF_CLIENT].state, server = end[TF_SERVER].state;
	if (client == RESET || server == RESET)
		return after_reset(client, server, letters, empty);
	return sum_up(client, server);
}
