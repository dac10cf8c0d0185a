/*
 * Checks as JSON: every field always there, null where a value is not
 * known.
 */
#include "json_checks.h"

static void
put_string(struct tf_buf *b, const char *name, const char *value)
{
	tf_put_lit(b, ",\"");
	tf_put_str(b, name);
	tf_put_lit(b, "\":");
	tf_put_json_string(b, value);
}

static void
put_number(struct tf_buf *b, const char *name, uint64_t value, bool known)
{
	tf_put_lit(b, ",\"");
	tf_put_str(b, name);
	tf_put_lit(b, "\":");
	if (known)
		tf_put_u64(b, value);
	else
		tf_put_lit(b, "null");
}

static void
put_end(struct tf_buf *b, const char *name, const struct tf_offence *o, enum tf_endpoint e)
{
	tf_put_lit(b, ",\"");
	tf_put_str(b, name);
	tf_put_lit(b, "\":");
	if (!o->ends_known) {
		tf_put_lit(b, "null");
		return;
	}
	tf_put_lit(b, "{\"addr\":\"");
	tf_put_addr(b, &o->addr[e]);
	tf_put_lit(b, "\",\"port\":");
	tf_put_u64(b, o->port[e]);
	tf_put_char(b, '}');
}

static void
put_packets(struct tf_buf *b, const struct tf_offence *o)
{
	tf_put_lit(b, ",\"packets\":[");
	for (size_t i = 0; i < o->packet_count; i++) {
		if (i > 0)
			tf_put_char(b, ',');
		tf_put_u64(b, o->packets[i]);
	}
	tf_put_char(b, ']');
	put_number(b, "more_packets", o->more_packets, true);
	put_number(b, "last_packet", o->last_packet, o->more_packets > 0);
}

static void
put_offence(struct tf_buf *b, const struct tf_offence *o)
{
	tf_put_lit(b, "{\"conn\":");
	if (o->conn == 0)
		tf_put_lit(b, "null");
	else
		tf_put_u64(b, o->conn);
	put_end(b, "client", o, TF_CLIENT);
	put_end(b, "server", o, TF_SERVER);
	put_string(b, "subject", o->subject);
	put_string(b, "id", o->is_finding ? tf_anomaly_info(o->id)->id : NULL);
	put_string(b, "severity", o->is_finding ? tf_severity_name(o->severity) : NULL);
	put_string(b, "endpoint", o->is_finding ? tf_endpoint_name(o->endpoint) : NULL);
	put_string(b, "message", o->message);
	put_packets(b, o);
	tf_put_char(b, '}');
}

static void
put_check(struct tf_buf *b, const struct tf_check *c)
{
	static const char *const kinds[] = {
	    [TF_CHECK_INPUT] = "input", [TF_CHECK_FORBID] = "forbid", [TF_CHECK_EXPECT] = "expect"};

	tf_put_lit(b, "{\"type\":\"check\",\"kind\":");
	tf_put_json_string(b, kinds[c->kind]);
	put_string(b, "outcome", tf_outcome_name(c->outcome));
	put_string(b, "name", c->name);
	put_string(b, "scope", c->scope);
	put_string(b, "file", c->file);
	put_number(b, "line", c->line, c->line > 0);
	put_number(b, "column", c->column, c->line > 0);
	put_string(b, "message", c->message);
	tf_put_lit(b, ",\"broken_by\":[");
	for (size_t i = 0; i < c->offence_count; i++) {
		if (i > 0)
			tf_put_char(b, ',');
		put_offence(b, &c->offences[i]);
	}
	tf_put_char(b, ']');
	put_number(b, "more", c->more_offences, true);
	put_string(b, "segments", c->ladder);
	tf_put_lit(b, "}\n");
}

void
tf_put_json_checks(struct tf_buf *b, const struct tf_verdict *v)
{
	for (size_t i = 0; i < v->count; i++)
		put_check(b, &v->checks[i]);
}
