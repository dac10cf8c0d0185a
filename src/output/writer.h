/*
 * What a writer of one format is, for the files of this directory alone.
 * output.c keeps the table of them; each has a file of its own.
 */
#ifndef TCPFSM_OUTPUT_WRITER_H
#define TCPFSM_OUTPUT_WRITER_H

#include <errno.h>

#include "buffer.h"
#include "output.h"

struct tf_writer {
	struct tf_output_format format;
	size_t state_size; /* octets of zeroed memory at tf_output.state; 0: none */
	bool goes_on;      /* the rest of its output makes sense in another file, after another begin() */
	unsigned (*wanted)(const struct tf_output_options *options);
	/* Any of these may be NULL: then the writer has nothing to say there. */
	void (*begin)(struct tf_output *o);
	void (*capture)(struct tf_output *o, const struct tf_capture_info *info);
	void (*event)(struct tf_output *o, const struct tf_event *event);
	void (*soon)(struct tf_output *o, uint64_t conn, bool near);
	void (*host)(struct tf_output *o, const struct tf_addr *addr, const struct tf_detail *isn,
	             size_t count);
	void (*finish)(struct tf_output *o, const struct tf_summary *summary);
	void (*free)(struct tf_output *o); /* what the state owns */
};

struct tf_output {
	const struct tf_writer *writer;
	struct tf_output_options options;
	unsigned wanted;
	unsigned decimals; /* of times: 9 once an input counts in nanoseconds, else 6 */
	struct tf_buf out;
	struct tf_buf sentence, paragraph; /* scratch paper in memory; whoever needs it empties it first */
	void *state;                       /* the writer's own */
};

extern const struct tf_writer tf_text_writer;
extern const struct tf_writer tf_json_writer;
extern const struct tf_writer tf_csv_writer;
extern const struct tf_writer tf_html_writer;
extern const struct tf_writer tf_ladder_writer;
extern const struct tf_writer tf_junit_writer;
extern const struct tf_writer tf_tap_writer;
extern const struct tf_writer tf_ladder_svg_writer;
extern const struct tf_writer tf_diagram_svg_writer;
extern const struct tf_writer tf_diagram_dot_writer;
extern const struct tf_writer tf_sarif_writer;
extern const struct tf_writer tf_github_writer;
extern const struct tf_writer tf_markdown_writer;

/* Remember that there was no memory: the run ends with it. */
static inline void
tf_output_no_memory(struct tf_output *o)
{
	if (o->out.error == 0)
		o->out.error = ENOMEM;
}

#endif
