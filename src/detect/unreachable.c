/*
 * What routers and hosts say about segments that they could not forward or
 * deliver: ICMP (RFC 792, RFC 1122 section 3.2.2) and ICMPv6 (RFC 4443).
 *
 * Whether an error can be believed (RFC 5927 section 4.1) and what it does
 * to the replica was decided before; here it is told.
 */
#include <string.h>

#include "detect/families.h"

struct problem {
	uint8_t type, code;
	const char *text;
};

static const struct problem icmp[] = {
    {3, 0, "network unreachable"},
    {3, 1, "host unreachable"},
    {3, 2, "protocol unreachable"},
    {3, 3, "port unreachable"},
    {3, 5, "source route failed"},
    {3, 6, "network unknown"},
    {3, 7, "host unknown"},
    {3, 8, "host isolated"},
    {3, 9, "network administratively prohibited"},
    {3, 10, "host administratively prohibited"},
    {3, 11, "network unreachable for this type of service"},
    {3, 12, "host unreachable for this type of service"},
    {3, 13, "communication administratively prohibited"},
    {3, 14, "host precedence violation"},
    {3, 15, "precedence cutoff"},
    {11, 0, "time to live exceeded"},
    {11, 1, "fragment reassembly time exceeded"},
};

static const struct problem icmpv6[] = {
    {1, 0, "no route to destination"},
    {1, 1, "communication administratively prohibited"},
    {1, 2, "beyond scope of source address"},
    {1, 3, "address unreachable"},
    {1, 4, "port unreachable"},
    {1, 5, "source address failed policy"},
    {1, 6, "reject route to destination"},
    {3, 0, "hop limit exceeded"},
    {3, 1, "fragment reassembly time exceeded"},
};

static const char *
problem_text(const struct tf_icmp_error *e)
{
	const struct problem *p = e->ip_version == 4 ? icmp : icmpv6;
	size_t n = e->ip_version == 4 ? sizeof icmp / sizeof icmp[0] : sizeof icmpv6 / sizeof icmpv6[0];

	for (size_t i = 0; i < n; i++)
		if (p[i].type == e->type && p[i].code == e->code)
			return p[i].text;
	if (e->type == (e->ip_version == 4 ? 12 : 4))
		return "parameter problem";
	return e->type == (e->ip_version == 4 ? 3 : 1) ? "destination unreachable" : "time exceeded";
}

bool
tf_icmp_is_hard(const struct tf_icmp_error *e)
{
	/* Protocol and port unreachable (RFC 1122 section 4.2.3.9), and what somebody forbids
	 * (RFC 1812 section 5.2.7.1): waiting helps against none of them. */
	if (e->ip_version == 4)
		return e->type == 3 &&
		       (e->code == 2 || e->code == 3 || e->code == 9 || e->code == 10 || e->code == 13);
	return e->type == 1 && (e->code == 1 || e->code == 4 || e->code == 5 || e->code == 6);
}

bool
tf_icmp_is_unreachable(const struct tf_icmp_error *e)
{
	if (e->ip_version == 4)
		return (e->type == 3 && e->code != 4) || e->type == 11 || e->type == 12;
	return e->type == 1 || e->type == 3 || e->type == 4;
}

void
tf_unreachable(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint from,
               const struct tf_icmp_error *e)
{
	struct tf_finding f = tf_finding(ctx, c, TF_A_UNREACHABLE, from);

	tf_finding_text(&f, "protocol", e->ip_version == 4 ? "ICMP" : "ICMPv6");
	tf_finding_text(&f, "problem", problem_text(e));
	tf_finding_count(&f, "type", TF_D_COUNT, e->type);
	tf_finding_count(&f, "code", TF_D_COUNT, e->code);
	tf_finding_addr(&f, "router", &e->reporter);
	tf_finding_count(&f, "hard", TF_D_BOOL, tf_icmp_is_hard(e));
	/* What a host makes of a soft one is its own affair, and no packet shows it.  Even a hard one does not end every
	 * attempt: on Linux not where it comes while the program is still inside connect(). */
	tf_finding_text(&f, "effect",
	                tf_icmp_is_hard(e)
	                    ? "the attempt is refused, and its sender gives it up, as a rule"
	                    : "this packet was not delivered, and its sender may go on trying or give up at "
	                      "once, as most versions of Linux do");
	tf_finding_packet(&f, tf_first_packet(ctx, c));
	tf_finding_packet(&f, e->packet);
	tf_raise(ctx, c, &f);
}

/* It ends no open connection, whatever it says (RFC 5927 section 5.2); but it explains a silence. */
void
tf_undelivered(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint from,
               const struct tf_icmp_error *e)
{
	struct tf_extra *x = tf_extra_of(ctx, c);

	if (!x)
		return;
	x->undelivered = (struct tf_undelivered){
	    .ts_ns = ctx->now_ns,
	    .packet = e->packet,
	    .router = e->reporter,
	    .problem = problem_text(e),
	    .type = e->type,
	    .code = e->code,
	    .from = (uint8_t)from,
	};
}

/* ---- segments that are too large --------------------------------------------------------- */

/* It may take the sender some round trips to heed the message. */
#define HEED_NS      INT64_C(1000000000)
#define HEED_REPEATS 3
#define LEAST_IP_MTU 68

/* Octets of an IP packet that may pass, at most.  Old routers do not say, but what they quote was too large (RFC 1191 section
 * 5).  A size that every link carries (RFC 791) is none that was refused. */
static uint32_t
most_that_passes(const struct tf_icmp_error *e)
{
	if (e->mtu)
		return e->mtu;
	return e->size > LEAST_IP_MTU ? e->size - 1u : 0;
}

/* Where no number is said, a larger packet that was refused, too, tells nothing more. */
static bool
says_nothing_new(const struct tf_too_big_record *told, enum tf_endpoint from, const struct tf_icmp_error *e)
{
	uint32_t most = most_that_passes(e);

	return told->packet && told->from == (uint8_t)from && told->mtu == e->mtu &&
	       (!most || (told->most && most >= told->most));
}

void
tf_too_big(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint from,
           const struct tf_icmp_error *e)
{
	struct tf_extra *x = tf_extra_of(ctx, c);

	if (!x || says_nothing_new(&x->too_big, from, e))
		return;
	x->too_big = (struct tf_too_big_record){
	    .ts_ns = ctx->now_ns,
	    .packet = e->packet,
	    .router = e->reporter,
	    .mtu = e->mtu,
	    .most = most_that_passes(e),
	    .from = (uint8_t)from,
	};
	/* What was under way has to be cut anew, and is sent again for that alone. */
	x->repetition[from].refused = true;
	x->repetition[from].refused_until = c->end[from].max;
}

/* Larger than the other end would take in one segment: the sender's network card cuts it. */
static bool
is_offloaded(const struct tf_step *st)
{
	return !tf_end_has(st->y, TF_END_MSS) || st->s->len > st->y->mss;
}

void
tf_too_big_segment(const struct tf_step *st)
{
	struct tf_extra *x = tf_extra_if(st->ctx, st->c);

	if (!x || !x->too_big.most || x->too_big.from != (uint8_t)st->from ||
	    !(st->marks & TF_MARK_RETRANSMISSION) || !st->s->len || is_offloaded(st) ||
	    tf_ip_size(st->s) <= x->too_big.most)
		return;
	x->too_big.again++;
	if (x->too_big.again < HEED_REPEATS || st->ctx->now_ns - x->too_big.ts_ns < HEED_NS)
		return;
	struct tf_finding f = tf_finding(st->ctx, st->c, TF_A_PMTU_BLACK_HOLE, st->from);
	tf_finding_count(&f, "size", TF_D_COUNT, tf_ip_size(st->s));
	tf_finding_count(&f, "retransmissions", TF_D_COUNT, x->too_big.again);
	tf_finding_where(&f, TF_WHERE_BEHIND, "each copy passed the tap");
	if (x->too_big.mtu)
		tf_finding_count(&f, "mtu", TF_D_COUNT, x->too_big.mtu);
	tf_finding_addr(&f, "router", &x->too_big.router);
	tf_finding_packet(&f, x->too_big.packet);
	tf_finding_packet(&f, st->s->packet);
	tf_raise(st->ctx, st->c, &f);
}
