/*
 * What pictures of a connection say in words: see ladder.h.
 */
#include "ladder.h"
#include "lines.h"
#include "message.h"

unsigned
tf_rung_shown_marks(const struct tf_rung *r)
{
	return r->marks & ~(unsigned)TF_MARK_GAP;
}

void
tf_put_rung_segment(struct tf_buf *b, const struct tf_rung *r)
{
	struct tf_segment s = {.flags = r->flags, .len = r->len};
	struct tf_segment_event e = {.segment = &s, .rel_seq = r->rel_seq, .rel_ack = r->rel_ack};

	tf_put_segment_facts(b, &e);
}

void
tf_put_rung_marks(struct tf_buf *b, const struct tf_rung *r)
{
	tf_put_char(b, '(');
	tf_put_marks(b, tf_rung_shown_marks(r));
	tf_put_char(b, ')');
}

void
tf_put_rung_finding(struct tf_buf *b, const struct tf_rung *r)
{
	const struct tf_anomaly_info *info = tf_anomaly_info((enum tf_anomaly)r->id);

	tf_put_str(b, tf_severity_name((enum tf_severity)r->severity));
	tf_put_lit(b, ": ");
	tf_put_str(b, info->id);
	if (r->end != TF_NEITHER) {
		tf_put_lit(b, " of ");
		tf_put_str(b, tf_end_words((enum tf_endpoint)r->end));
	}
	tf_put_lit(b, ". ");
	tf_put_str(b, info->title);
	tf_put_char(b, '.');
}
