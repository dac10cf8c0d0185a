/*
 * Rows by severity: see shelf.h.  What a row looks like is the writer's
 * business.
 */
#include "shelf.h"

#include "tcpfsm/anomaly.h"

void
tf_shelf_init(struct tf_shelf *s, size_t most_rows, size_t most_octets)
{
	*s = (struct tf_shelf){.most_rows = most_rows, .most_octets = most_octets};
	for (unsigned i = 0; i < TF_SEVERITY_COUNT; i++)
		tf_buf_init(&s->row[i].text, -1);
}

void
tf_shelf_fini(struct tf_shelf *s)
{
	for (unsigned i = 0; i < TF_SEVERITY_COUNT; i++)
		tf_buf_fini(&s->row[i].text);
}

struct tf_buf *
tf_shelf_row(struct tf_shelf *s, const struct tf_finding *f)
{
	struct tf_buf *text = &s->row[f->severity].text;

	if (f->baseline == TF_BASELINE_KNOWN) {
		s->known++;
		return NULL;
	}
	if (s->row[f->severity].kept >= s->most_rows || text->len >= s->most_octets) {
		s->row[f->severity].left++;
		return NULL;
	}
	s->row[f->severity].kept++;
	return text;
}

uint64_t
tf_shelf_count(const struct tf_shelf *s, enum tf_severity severity)
{
	return s->row[severity].kept + s->row[severity].left;
}

void
tf_put_shelf_counts(struct tf_buf *b, const struct tf_shelf *s)
{
	bool any = false;

	for (unsigned i = TF_SEVERITY_COUNT; i-- > 0;) {
		uint64_t n = tf_shelf_count(s, (enum tf_severity)i);

		if (n == 0)
			continue;
		tf_put_str(b, any ? ", " : "");
		tf_put_grouped(b, n);
		tf_put_char(b, ' ');
		tf_put_str(b, tf_severity_name((enum tf_severity)i));
		/* "info" has no plural. */
		if (n > 1 && i != TF_INFO)
			tf_put_char(b, 's');
		any = true;
	}
	if (!any)
		tf_put_lit(b, "none");
}

int
tf_shelf_error(const struct tf_shelf *s)
{
	for (unsigned i = 0; i < TF_SEVERITY_COUNT; i++)
		if (s->row[i].text.error != 0)
			return s->row[i].text.error;
	return 0;
}
