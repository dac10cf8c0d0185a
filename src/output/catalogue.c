/*
 * The catalogue of anomalies and the rules of the state machine as text:
 * what --list-anomalies, --explain and --list-rules print.  The words come
 * from the tables; nothing is known here but how they are laid out.
 */
#include "style.h"

#define INDENT 2

static struct tf_output_options
settled(const struct tf_output_options *options)
{
	struct tf_output_options settled = *options;

	if (settled.width == 0)
		settled.width = 100;
	return settled;
}

static int
done(struct tf_buf *b)
{
	int error = tf_buf_flush(b);

	tf_buf_fini(b);
	return error;
}

int
tf_list_anomalies(int fd, const struct tf_output_options *options)
{
	struct tf_output_options settings = settled(options);
	struct tf_buf b;
	size_t columns = 0;

	for (unsigned id = 0; id < TF_ANOMALY_COUNT; id++) {
		size_t n = strlen(tf_anomaly_info((enum tf_anomaly)id)->id);

		columns = n > columns ? n : columns;
	}
	tf_buf_init(&b, fd);
	for (unsigned id = 0; id < TF_ANOMALY_COUNT; id++) {
		const struct tf_anomaly_info *info = tf_anomaly_info((enum tf_anomaly)id);

		tf_put_padded(&b, info->id, columns + 2);
		tf_put_severity(&b, &settings, info->severity);
		tf_put_lit(&b, "  ");
		tf_put_padded(&b, tf_family_name(info->family), sizeof "established" + 1);
		tf_put_str(&b, info->title);
		tf_put_char(&b, '\n');
	}
	return done(&b);
}

static void
put_section(struct tf_buf *b, const struct tf_output_options *options, const char *heading, const char *text)
{
	tf_put_char(b, '\n');
	tf_put_colored(b, options, TF_COLOR_BOLD, heading, 0);
	tf_put_char(b, '\n');
	tf_put_fill(b, ' ', INDENT);
	tf_put_wrapped(b, text, INDENT, INDENT, options->width);
	tf_put_char(b, '\n');
}

int
tf_explain_anomaly(int fd, const struct tf_output_options *options, enum tf_anomaly id)
{
	const struct tf_anomaly_info *info = tf_anomaly_info(id);
	struct tf_output_options settings = settled(options);
	struct tf_buf b;

	tf_buf_init(&b, fd);
	tf_put_colored(&b, &settings, TF_COLOR_BOLD, info->id, 0);
	tf_put_lit(&b, ": ");
	tf_put_str(&b, info->title);
	tf_put_lit(&b, "\nSeverity: ");
	tf_put_str(&b, tf_severity_name(info->severity));
	tf_put_lit(&b, "   Family: ");
	tf_put_str(&b, tf_family_name(info->family));
	tf_put_lit(&b, "   Reference: ");
	tf_put_str(&b, info->reference);
	tf_put_char(&b, '\n');
	put_section(&b, &settings, "What happened", info->what);
	put_section(&b, &settings, "Why it matters", info->why);
	put_section(&b, &settings, "Usual causes", info->causes);
	put_section(&b, &settings, "What to look at next", info->look);
	return done(&b);
}

int
tf_list_rules(int fd, const struct tf_output_options *options, const struct tf_rule_text *rules, size_t count)
{
	struct tf_output_options settings = settled(options);
	struct tf_buf b, text;
	size_t columns = 0;

	for (size_t i = 0; i < count; i++)
		columns = strlen(rules[i].name) > columns ? strlen(rules[i].name) : columns;
	tf_buf_init(&b, fd);
	tf_buf_init(&text, -1);
	for (size_t i = 0; i < count; i++) {
		tf_put_padded(&b, rules[i].name, columns + 2);
		tf_put_str(&text, rules[i].from);
		tf_put_lit(&text, ": ");
		tf_put_str(&text, rules[i].input);
		tf_put_lit(&text, " -> ");
		tf_put_str(&text, rules[i].to);
		tf_put_lit(&text, " (");
		tf_put_str(&text, rules[i].reference);
		tf_put_char(&text, ')');
		tf_put_wrapped_buf(&b, &text, columns + 2, columns + 4, settings.width);
		tf_put_char(&b, '\n');
	}
	tf_buf_done(&text, &b);
	return done(&b);
}
