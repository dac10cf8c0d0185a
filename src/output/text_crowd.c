/*
 * Crowds: what is told together in the text, beyond the first few; each
 * stands by itself in the other formats, and with -v, --conn, --state or
 * --id.
 *
 * Attempts of one client that fail alike: a scan of ports or hosts, or a
 * program that tries again and again; and its probes with flags that no TCP
 * sends.  A fixed number of clients; one that finds no room is told one by
 * one.
 *
 * With -q, connections of which nothing was found but that they are older
 * than the capture: on a busy server thousands are.
 */
#include "style.h"
#include "text.h"

#define SHOWN  5   /* attempts of a client that have a block of their own */
#define OLDER  100 /* connections older than the capture that have one */
#define INDENT 4

#define BIT(id) (UINT64_C(1) << (id))
#define FAILED  (BIT(TF_A_CONNECTION_REFUSED) | BIT(TF_A_SYN_UNANSWERED) | BIT(TF_A_HANDSHAKE_RETRANSMISSION))
#define PROBED  (BIT(TF_A_INVALID_FLAGS) | BIT(TF_A_MIDSTREAM))

static uint64_t
findings_of(const struct tf_connection_record *r)
{
	uint64_t found = 0;

	for (size_t i = 0; i < r->anomaly_count; i++)
		found |= BIT(r->anomalies[i].id);
	return found;
}

/* Nothing passed but segments without an ACK, and resets. */
static bool
only_probes(const struct tf_connection_record *r)
{
	return findings_of(r) == PROBED && strpbrk(r->letters, "SsHhAaDd") == NULL;
}

/* Nothing was found but that it failed, or that it was a probe and no connection. */
static enum tf_crowd_kind
kind_of(const struct tf_connection_record *r)
{
	if (r->roles == TF_ROLES_GUESSED)
		return only_probes(r) ? TF_CROWD_PROBES : TF_CROWD_NONE;
	if (findings_of(r) & ~FAILED)
		return TF_CROWD_NONE;
	return r->close == TF_CLOSE_REFUSED      ? TF_CROWD_REFUSED
	       : r->close == TF_CLOSE_UNANSWERED ? TF_CROWD_UNANSWERED
	                                         : TF_CROWD_NONE;
}

static struct tf_crowd *
row_of(struct tf_text *t, const struct tf_connection_record *r, enum tf_crowd_kind kind)
{
	for (size_t i = 0; i < TF_CROWDS; i++) {
		struct tf_crowd *c = &t->crowd[i];
		if (!c->count)
			*c = (struct tf_crowd){.client = r->end[TF_CLIENT].addr, .kind = kind};
		if (c->kind == kind && memcmp(&c->client, &r->end[TF_CLIENT].addr, sizeof c->client) == 0)
			return c;
	}
	return NULL;
}

/* Another one of a crowd of HIDDEN, from *FIRST to *LAST: the one that began last may be over first. */
static void
add_conn(uint64_t hidden, uint64_t *first, uint64_t *last, uint64_t conn)
{
	*first = !hidden || conn < *first ? conn : *first;
	*last = conn > *last ? conn : *last;
}

static void
add(struct tf_crowd *c, const struct tf_connection_record *r)
{
	const struct tf_end_record *server = &r->end[TF_SERVER];

	add_conn(c->hidden, &c->first_conn, &c->last_conn, r->conn);
	if (!c->hidden++) {
		c->server = server->addr;
		c->port_min = c->port_max = server->port;
	}
	c->several_servers |= memcmp(&c->server, &server->addr, sizeof c->server) != 0;
	c->port_min = server->port < c->port_min ? server->port : c->port_min;
	c->port_max = server->port > c->port_max ? server->port : c->port_max;
}

static bool
crowd_takes(struct tf_text *t, const struct tf_connection_record *r, enum tf_crowd_kind kind)
{
	struct tf_crowd *c = row_of(t, r, kind);

	if (c == NULL || c->count++ < SHOWN)
		return false;
	add(c, r);
	return true;
}

void
tf_text_older_add(struct tf_older *older, uint64_t conn)
{
	add_conn(older->hidden++, &older->first_conn, &older->last_conn, conn);
}

static bool
older_take(struct tf_older *older, const struct tf_connection_record *r)
{
	if (older->count++ < OLDER)
		return false;
	tf_text_older_add(older, r->conn);
	return true;
}

bool
tf_text_crowd_takes(struct tf_output *o, const struct tf_connection_record *r)
{
	struct tf_text *t = o->state;

	if (o->options.verbosity > 0 || o->options.streaming || tf_filter_set(&o->options.filter))
		return false;
	enum tf_crowd_kind kind = kind_of(r);
	if (kind != TF_CROWD_NONE)
		return crowd_takes(t, r, kind);
	return o->options.quiet && r->anomaly_count == 1 && r->anomalies[0].id == TF_A_MIDSTREAM &&
	       older_take(&t->older, r);
}

static void
put_targets(struct tf_buf *b, const struct tf_crowd *c)
{
	if (c->several_servers)
		tf_put_lit(b, "several hosts");
	else
		tf_put_addr(b, &c->server);
	tf_put_str(b, c->port_min == c->port_max ? ", port " : ", ports ");
	tf_put_u64(b, c->port_min);
	if (c->port_min == c->port_max)
		return;
	tf_put_lit(b, " to ");
	tf_put_u64(b, c->port_max);
}

static const char *
reading_of(const struct tf_crowd *c)
{
	if (c->kind == TF_CROWD_PROBES)
		return "One host that sends so many is mostly a scanner.";
	if (!c->several_servers && c->port_min == c->port_max)
		return "One host that asks for the same port over and over is mostly a program that tries "
		       "again.";
	return "One host that tries many ports or hosts is mostly a scanner, or a program with a list that "
	       "is "
	       "out of date.";
}

/* ", like those above, between #7 and #12. ", or ": #7. " if that is the only one. */
static void
put_between(struct tf_buf *text, uint64_t first_conn, uint64_t last_conn)
{
	tf_put_lit(text, ", like those above");
	if (first_conn != last_conn) {
		tf_put_lit(text, ", between #");
		tf_put_u64(text, first_conn);
		tf_put_lit(text, " and #");
	} else {
		tf_put_lit(text, ": #");
	}
	tf_put_u64(text, last_conn);
	tf_put_lit(text, ". ");
}

/* TEXT, which goes, as a paragraph, and where each of them is to be seen. */
static void
put_paragraph(struct tf_output *o, struct tf_buf *text)
{
	tf_put_lit(text, " --id, --conn, -v and the other formats show each.");
	tf_put_fill(&o->out, ' ', INDENT);
	tf_put_wrapped_buf(&o->out, text, INDENT, INDENT, o->options.width);
	tf_put_char(&o->out, '\n');
	tf_buf_done(text, &o->out);
}

void
tf_text_older(struct tf_output *o, const struct tf_older *older, uint64_t evicted)
{
	struct tf_buf text;

	tf_put_lit(&o->out, "Older than the capture\n");
	tf_buf_init(&text, -1);
	tf_put_plural(&text, older->hidden, "more connection", "more connections");
	tf_put_lit(&text, " of which nothing was found but that the opening was not captured");
	put_between(&text, older->first_conn, older->last_conn);
	tf_put_lit(&text, "Where a capture begins on a busy host, that is normal.");
	if (evicted > 0)
		tf_put_lit(&text,
		           " Some may have been forgotten before for want of room (--max-connections).");
	put_paragraph(o, &text);
}

void
tf_text_crowd(struct tf_output *o, const struct tf_crowd *c)
{
	static const char *const words[] = {
	    [TF_CROWD_REFUSED] = "refused",
	    [TF_CROWD_UNANSWERED] = "unanswered",
	    [TF_CROWD_PROBES] = "of nothing but probes with flags that no TCP sends",
	};
	struct tf_buf text;

	tf_put_addr(&o->out, &c->client);
	tf_put_lit(&o->out, " -> ");
	put_targets(&o->out, c);
	tf_put_char(&o->out, '\n');
	tf_buf_init(&text, -1);
	tf_put_plural(&text, c->hidden, "more connection ", "more connections ");
	tf_put_str(&text, words[c->kind]);
	put_between(&text, c->first_conn, c->last_conn);
	tf_put_str(&text, reading_of(c));
	put_paragraph(o, &text);
}
