/*
 * The page around the data: page.html with its marks filled in.  A mark is
 * a word between two @ in it.
 */
#include "output/html/embedded.h"
#include "output/html/report.h"
#include "output/picture/svg.h"

static void
fill(struct tf_output *o, const char *mark, size_t n)
{
	static const struct {
		const char *mark, *text;
	} texts[] = {
	    {"style", tf_page_style},
	    {"script", tf_page_script},
	    {"style-hash", tf_page_style_hash},
	    {"script-hash", tf_page_script_hash},
	};
	const struct tf_report *r = o->state;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		if (strlen(texts[i].mark) == n && memcmp(texts[i].mark, mark, n) == 0)
			tf_put_str(&o->out, texts[i].text);
	}
	if (n == sizeof "diagram" - 1 && memcmp(mark, "diagram", n) == 0)
		tf_diagram_svg(&o->out, &r->travel, true);
}

/* The N octets at TEXT, their marks filled in. */
static void
put_template(struct tf_output *o, const char *text, size_t n)
{
	const char *end = text + n, *mark, *close;

	while ((mark = memchr(text, '@', (size_t)(end - text))) != NULL) {
		close = memchr(mark + 1, '@', (size_t)(end - mark - 1));
		if (close == NULL)
			break;
		tf_put(&o->out, text, (size_t)(mark - text));
		fill(o, mark + 1, (size_t)(close - mark - 1));
		text = close + 1;
	}
	tf_put(&o->out, text, (size_t)(end - text));
}

static const char data_mark[] = "@data@";

void
tf_page_head(struct tf_output *o)
{
	const char *data = strstr(tf_page, data_mark);

	put_template(o, tf_page, (size_t)(data - tf_page));
	tf_put_lit(&o->out, "[\n");
}

void
tf_page_tail(struct tf_output *o)
{
	const char *rest = strstr(tf_page, data_mark) + sizeof data_mark - 1;

	tf_put_lit(&o->out, "null]");
	put_template(o, rest, strlen(rest));
}
