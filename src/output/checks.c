/*
 * Checks in words.  What a check is, and what became of it, was decided
 * before; a format's own marks are put by its writer.
 */
#include "checks.h"

#include "style.h"

size_t
tf_count_outcome(const struct tf_verdict *v, enum tf_outcome outcome)
{
	size_t n = 0;

	for (size_t i = 0; i < v->count; i++)
		n += v->checks[i].outcome == outcome;
	return n;
}

void
tf_put_check_title(struct tf_buf *b, const struct tf_check *c)
{
	if (c->file != NULL) {
		tf_put_str(b, c->file);
		tf_put_char(b, ':');
		tf_put_u64(b, c->line);
		tf_put_lit(b, ": ");
	}
	if (c->scope != NULL) {
		tf_put_str(b, c->scope);
		tf_put_lit(b, ": ");
	}
	tf_put_str(b, c->name);
}

/* Where the run that begins at I ends. */
static size_t
run_end(const struct tf_offence *o, size_t i)
{
	while (i + 1 < o->packet_count && o->packets[i + 1] == o->packets[i] + 1)
		i++;
	return i;
}

static void
put_run(struct tf_buf *b, uint64_t first, uint64_t last)
{
	tf_put_u64(b, first);
	if (first == last)
		return;
	tf_put_str(b, last == first + 1 ? " and " : " to ");
	tf_put_u64(b, last);
}

void
tf_put_offence_packets(struct tf_buf *b, const struct tf_offence *o)
{
	if (o->packet_count == 0)
		return;
	tf_put_str(b, o->packet_count == 1 && o->more_packets == 0 ? "packet " : "packets ");
	for (size_t i = 0, end; i < o->packet_count; i = end + 1) {
		end = run_end(o, i);
		if (i > 0)
			tf_put_lit(b, ", ");
		put_run(b, o->packets[i], o->packets[end]);
	}
	if (o->more_packets == 0)
		return;
	tf_put_lit(b, " and ");
	tf_put_u64(b, o->more_packets);
	tf_put_lit(b, " more up to ");
	tf_put_u64(b, o->last_packet);
}

static void
put_whom(struct tf_buf *b, const struct tf_offence *o)
{
	if (o->conn == 0) {
		tf_put_str(b, o->subject != NULL ? o->subject : "the capture");
		return;
	}
	tf_put_char(b, '#');
	tf_put_u64(b, o->conn);
	if (!o->ends_known)
		return;
	tf_put_char(b, ' ');
	tf_put_addr_port(b, &o->addr[TF_CLIENT], o->port[TF_CLIENT]);
	tf_put_lit(b, " -> ");
	tf_put_addr_port(b, &o->addr[TF_SERVER], o->port[TF_SERVER]);
}

void
tf_put_offence(struct tf_buf *b, const struct tf_offence *o)
{
	put_whom(b, o);
	if (o->is_finding) {
		tf_put_lit(b, ": ");
		tf_put_str(b, tf_severity_name(o->severity));
		tf_put_char(b, ' ');
		tf_put_str(b, tf_anomaly_info(o->id)->id);
	}
	if (o->message != NULL && o->message[0] != '\0') {
		tf_put_lit(b, ": ");
		tf_put_str(b, o->message);
	}
	if (o->packet_count == 0)
		return;
	tf_put_lit(b, " [");
	tf_put_offence_packets(b, o);
	tf_put_char(b, ']');
}

void
tf_put_more_offences(struct tf_buf *b, const struct tf_check *c)
{
	if (c->more_offences == 0)
		return;
	tf_put_lit(b, "... and ");
	tf_put_grouped(b, c->more_offences);
	tf_put_lit(b, " more");
}

void
tf_put_check_report(struct tf_buf *b, const struct tf_check *c)
{
	tf_put_str(b, c->message != NULL ? c->message : "");
	tf_put_char(b, '\n');
	for (size_t i = 0; i < c->offence_count; i++) {
		tf_put_offence(b, &c->offences[i]);
		tf_put_char(b, '\n');
	}
	if (c->more_offences > 0) {
		tf_put_more_offences(b, c);
		tf_put_char(b, '\n');
	}
	if (c->ladder != NULL) {
		tf_put_char(b, '\n');
		tf_put_str(b, c->ladder);
	}
	if (c->ladder_note != NULL) {
		tf_put_str(b, c->ladder_note);
		tf_put_char(b, '\n');
	}
}
