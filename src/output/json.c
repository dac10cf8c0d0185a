/*
 * JSON Lines: one object a line, every field always there, null where a
 * value is not known.  The order of the fields is part of the contract
 * with those who read it by eye.
 *
 * Here are the lines that are rare.  Those of which there are millions have
 * files of their own: json_step.c, json_record.c.
 */
#include "json_checks.h"
#include "json_line.h"
#include "json_summary.h"
#include "message.h"

static void
begin(struct tf_output *o)
{
	tf_json_init(o->state);
}

static void
give_up(struct tf_output *o)
{
	tf_json_steps_fini(o->state);
}

static void
put_numbers(struct tf_buf *b, const uint64_t *v, size_t count)
{
	tf_put_char(b, '[');
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			tf_put_char(b, ',');
		tf_put_u64(b, v[i]);
	}
	tf_put_char(b, ']');
}

static void
put_members(struct tf_output *o, const struct tf_detail *d, size_t count)
{
	struct tf_buf *b = &o->out;

	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			tf_put_char(b, ',');
		tf_put_json_word(b, d[i].name);
		tf_put_char(b, ':');
		tf_put_detail_json(b, &d[i], o->decimals);
	}
}

static void
put_details(struct tf_output *o, const struct tf_finding *f)
{
	struct tf_buf *b = &o->out;

	tf_put_char(b, '{');
	put_members(o, f->detail, f->detail_count);
	if (f->conn == 0 || f->conn_count > 0) {
		if (f->detail_count > 0)
			tf_put_char(b, ',');
		tf_put_lit(b, "\"conns\":");
		put_numbers(b, f->conns, f->conn_count);
	}
	tf_put_char(b, '}');
}

/* The finding's sentence: escaped as a whole, since details may be any text. */
static void
put_message_string(struct tf_output *o, const struct tf_finding *f)
{
	struct tf_buf *text = &o->sentence;

	text->len = 0;
	tf_put_message(text, f);
	tf_put_char(text, '\0');
	if (text->error == 0)
		tf_put_json_string(&o->out, text->data);
	else
		tf_output_no_memory(o);
}

/* The fields with which everything that happens to a connection begins. */
static void
put_where(struct tf_output *o, const struct tf_finding *f)
{
	struct tf_json *j = o->state;
	char *p = tf_buf_at(&o->out, TF_JSON_LONGEST_WHERE + sizeof(struct tf_word));

	if (p == NULL)
		return;
	p = tf_json_at_where(o, p, f->ts_ns, f->packet, f->conn);
	tf_buf_end(&o->out, tf_at_copy(p, &j->word.endpoint[f->endpoint]));
}

/* Rare: inlined, it would cost the other kinds of events more than it does. */
__attribute__((noinline)) static void
put_finding(struct tf_output *o, const struct tf_finding *f)
{
	const struct tf_anomaly_info *info = tf_anomaly_info(f->id);
	struct tf_buf *b = &o->out;

	tf_put_lit(b, "{\"type\":\"anomaly\",");
	put_where(o, f);
	tf_put_lit(b, "\"id\":");
	tf_put_json_word(b, info->id);
	tf_put_lit(b, ",\"severity\":");
	tf_put_json_word(b, tf_severity_name(f->severity));
	tf_put_lit(b, ",\"packets\":");
	put_numbers(b, f->packets, f->packet_count);
	tf_put_lit(b, ",\"message\":");
	put_message_string(o, f);
	tf_put_lit(b, ",\"reference\":");
	tf_put_json_word(b, info->reference);
	tf_put_lit(b, ",\"details\":");
	put_details(o, f);
	tf_put_lit(b, ",\"subject\":");
	tf_put_json_string(b, f->subject);
	if (f->baseline != TF_BASELINE_NONE) {
		tf_put_lit(b, ",\"baseline\":");
		tf_put_json_string(b, f->baseline == TF_BASELINE_KNOWN ? "known" : "new");
	}
	tf_put_lit(b, "}\n");
}

static void
event(struct tf_output *o, const struct tf_event *e)
{
	switch (e->kind) {
	case TF_EV_TRANSITION:
		tf_json_put_transition(o, e->transition);
		break;
	case TF_EV_POSSIBLE:
		tf_json_put_possible(o, e->possible);
		break;
	case TF_EV_FINDING:
		put_finding(o, e->finding);
		break;
	case TF_EV_CONNECTION:
		tf_json_put_connection(o, e->connection);
		break;
	case TF_EV_SEGMENT:
	case TF_EV_BRIEF:
		break;
	}
}

static void
capture(struct tf_output *o, const struct tf_capture_info *info)
{
	struct tf_buf *b = &o->out;

	tf_put_lit(b, "{\"type\":\"capture\",\"source\":");
	tf_put_json_string(b, info->source);
	tf_put_lit(b, ",\"linktype\":");
	tf_put_json_string(b, info->linktype);
	tf_put_lit(b, ",\"snaplen\":");
	if (info->snaplen == 0)
		tf_put_lit(b, "null");
	else
		tf_put_u64(b, info->snaplen);
	tf_put_lit(b, ",\"resolution\":");
	tf_put_json_string(b, info->nanoseconds ? "ns" : "us");
	tf_put_lit(b, ",\"version\":");
	tf_put_json_string(b, o->options.version);
	tf_put_lit(b, "}\n");
}

static void
host(struct tf_output *o, const struct tf_addr *addr, const struct tf_detail *isn, size_t count)
{
	struct tf_buf *b = &o->out;

	tf_put_lit(b, "{\"type\":\"host\",\"addr\":\"");
	tf_put_addr(b, addr);
	tf_put_lit(b, "\",\"isn\":{");
	put_members(o, isn, count);
	tf_put_lit(b, "}}\n");
}

static void
finish(struct tf_output *o, const struct tf_summary *s)
{
	if (s->verdict != NULL && s->verdict->asked)
		tf_put_json_checks(&o->out, s->verdict);
	tf_put_json_summary(&o->out, s, o->decimals);
}

static unsigned
wanted(const struct tf_output_options *options)
{
	(void)options;
	return TF_EV_TRANSITION | TF_EV_POSSIBLE | TF_EV_FINDING | TF_EV_CONNECTION;
}

const struct tf_writer tf_json_writer = {
    .format = {"json", "JSON Lines, one object a line"},
    .state_size = sizeof(struct tf_json),
    .wanted = wanted,
    .goes_on = true,
    .begin = begin,
    .capture = capture,
    .event = event,
    .host = host,
    .finish = finish,
    .free = give_up,
};
