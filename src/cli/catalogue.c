/*
 * The catalogue and the rules, on standard output.  It turns the tables of
 * the core into text for the writers; it knows no capture.
 */
#include "cli/catalogue.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/outputs.h"
#include "cli/terminal.h"
#include "output/output.h"
#include "tcpfsm/rule.h"

/* "ESTABLISHED, FIN-WAIT-1"; the caller frees it.  NULL where there is no memory. */
static char *
name_states(tf_states set)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	if (!stream)
		return NULL;
	const char *comma = "";
	for (int s = 0; s < TF_STATE_COUNT; s++) {
		if (!(set & TF_STATES(s)))
			continue;
		fprintf(stream, "%s%s", comma, tf_state_name((enum tf_state)s));
		comma = ", ";
	}
	if (fclose(stream) == 0)
		return text;
	free(text);
	return NULL;
}

/* Where RULE leads, in words; the caller frees it.  NULL where there is no memory. */
static char *
name_outcome(const struct tf_rule *rule)
{
	const char *to = rule->to < 0 ? "(stays)" : tf_state_name((enum tf_state)rule->to);
	const char *before = rule->effect == TF_MAYBE && rule->to >= 0 ? "perhaps " : "";
	const char *behind = rule->effect == TF_RESTART ? ", and 2 MSL start again"
	                     : rule->effect != TF_BACK  ? ""
	                     : rule->from == TF_STATES(TF_SYN_RECEIVED)
	                         ? ", or LISTEN after a passive OPEN"
	                         : ", or from SYN-RECEIVED after a passive OPEN to LISTEN";
	char *text;
	return asprintf(&text, "%s%s%s", before, to, behind) < 0 ? NULL : text;
}

/* The rows that are rules, not impossibilities, as text; each `from` and `to` is on the heap.  False where there is no
 * memory: *DESCRIBED were made before. */
static bool
describe_rules(struct tf_rule_text *texts, size_t *described, const struct tf_rule *rules, size_t count)
{
	*described = 0;
	for (size_t i = 0; i < count; i++) {
		const struct tf_rule *rule = &rules[i];
		if (rule->effect == TF_NEVER)
			continue;
		char *from = name_states(rule->from), *to = name_outcome(rule);
		if (!from || !to) {
			free(from);
			free(to);
			return false;
		}
		texts[(*described)++] = (struct tf_rule_text){
		    .name = rule->name,
		    .from = from,
		    .input = tf_input_text(rule->input),
		    .to = to,
		    .reference = rule->reference,
		};
	}
	return true;
}

static int
show_rules(const struct tf_output_options *out)
{
	size_t count, described;
	const struct tf_rule *rules = tf_rules(&count);
	struct tf_rule_text *texts = calloc(count + 1, sizeof *texts);
	if (!texts)
		return ENOMEM;
	int error = ENOMEM;
	if (describe_rules(texts, &described, rules, count))
		error = tf_list_rules(STDOUT_FILENO, out, texts, described);
	for (size_t i = 0; i < described; i++) {
		free((char *)texts[i].from);
		free((char *)texts[i].to);
	}
	free(texts);
	return error;
}

/* The rules as a diagram, into the file of --diagram; -1: it is said already what is wrong. */
static int
draw_rules(const struct tf_options *o)
{
	int fd = tf_open_for_writing(o->diagram_file, o);
	if (fd < 0)
		return -1;
	int error = tf_diagram_of_rules(fd, o->diagram_format);
	if (close(fd) != 0 && !error)
		error = errno;
	return error;
}

int
tf_catalogue_show(const struct tf_options *o)
{
	struct tf_output_options out;
	unsigned width = tf_terminal_width(STDOUT_FILENO);
	tf_output_options_init(&out);
	out.color = tf_terminal_color(STDOUT_FILENO, o->color);
	out.utf8 = tf_terminal_utf8();
	out.width = width == 0 ? 0 : width < 60 ? 60 : width;
	if (o->command == TF_SHOW_ANOMALIES)
		return tf_list_anomalies(STDOUT_FILENO, &out);
	if (o->command == TF_SHOW_ANOMALY)
		return tf_explain_anomaly(STDOUT_FILENO, &out, o->explain);
	return o->diagram_file ? draw_rules(o) : show_rules(&out);
}
