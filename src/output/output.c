/*
 * The front of all writers: the table of formats, and the calls that the
 * command line makes.  What a format looks like is the business of its own
 * file.
 */
#include "output.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "writer.h"

#define DEFAULT_WIDTH 100
#define LEAST_WIDTH   60

static const struct tf_writer *const writers[] = {
    &tf_text_writer,   &tf_json_writer,       &tf_csv_writer,         &tf_html_writer,
    &tf_ladder_writer, &tf_ladder_svg_writer, &tf_diagram_svg_writer, &tf_diagram_dot_writer,
    &tf_sarif_writer,  &tf_github_writer,     &tf_markdown_writer,    &tf_junit_writer,
    &tf_tap_writer};

#define WRITER_COUNT (sizeof writers / sizeof *writers)

const struct tf_output_format *
tf_output_formats(size_t *count)
{
	static struct tf_output_format formats[WRITER_COUNT];

	for (size_t i = 0; i < WRITER_COUNT; i++)
		formats[i] = writers[i]->format;
	*count = WRITER_COUNT;
	return formats;
}

static const struct tf_writer *
writer_by_name(const char *name)
{
	for (size_t i = 0; i < WRITER_COUNT; i++) {
		if (strcmp(writers[i]->format.name, name) == 0)
			return writers[i];
	}
	return NULL;
}

bool
tf_output_format_known(const char *name)
{
	return writer_by_name(name) != NULL;
}

void
tf_output_options_init(struct tf_output_options *options)
{
	*options = (struct tf_output_options){.width = DEFAULT_WIDTH};
}

static void
settle_options(struct tf_output_options *options)
{
	if (options->width == 0)
		options->width = DEFAULT_WIDTH;
	if (options->width < LEAST_WIDTH)
		options->width = LEAST_WIDTH;
}

struct tf_output *
tf_output_new(const char *format, int fd, const struct tf_output_options *options)
{
	const struct tf_writer *w = writer_by_name(format);
	struct tf_output *o;

	if (w == NULL) {
		errno = EINVAL;
		return NULL;
	}
	o = calloc(1, sizeof *o);
	if (o == NULL)
		return NULL;
	o->state = calloc(1, w->state_size > 0 ? w->state_size : 1);
	if (o->state == NULL) {
		free(o);
		return NULL;
	}
	o->writer = w;
	o->options = *options;
	settle_options(&o->options);
	o->wanted = w->wanted(&o->options);
	o->decimals = 6;
	tf_buf_init(&o->out, fd);
	tf_buf_init(&o->sentence, -1);
	tf_buf_init(&o->paragraph, -1);
	if (w->begin != NULL)
		w->begin(o);
	return o;
}

unsigned
tf_output_wanted(const struct tf_output *o)
{
	return o->wanted;
}

void
tf_output_capture(struct tf_output *o, const struct tf_capture_info *info)
{
	if (info->nanoseconds)
		o->decimals = 9;
	if (o->writer->capture != NULL)
		o->writer->capture(o, info);
}

void
tf_output_event(struct tf_output *o, const struct tf_event *event)
{
	/* Who is content with briefs gets the record where there is one. */
	unsigned taken = o->wanted | (o->wanted & TF_EV_BRIEF ? TF_EV_CONNECTION : 0u);

	if ((taken & event->kind) != 0)
		o->writer->event(o, event);
}

bool
tf_output_takes_hints(const struct tf_output *o)
{
	return o->writer->soon != NULL;
}

void
tf_output_soon(struct tf_output *o, uint64_t conn, bool near)
{
	if (o->writer->soon != NULL)
		o->writer->soon(o, conn, near);
}

void
tf_output_host(struct tf_output *o, const struct tf_addr *addr, const struct tf_detail *isn, size_t count)
{
	if (o->writer->host != NULL)
		o->writer->host(o, addr, isn, count);
}

void
tf_output_finish(struct tf_output *o, const struct tf_summary *summary)
{
	if (o->writer->finish != NULL)
		o->writer->finish(o, summary);
}

bool
tf_output_move(struct tf_output *o, int fd)
{
	if (!o->writer->goes_on && o->out.drained)
		return false;
	if (o->writer->goes_on) {
		tf_buf_flush(&o->out);
		o->out.error = 0;
		o->out.fd = fd;
		if (o->writer->begin != NULL)
			o->writer->begin(o);
	}
	o->out.fd = fd;
	return true;
}

int
tf_output_flush(struct tf_output *o)
{
	return tf_buf_flush(&o->out);
}

const char *
tf_output_text(const struct tf_output *o, size_t *size)
{
	*size = o->out.len;
	return o->out.error == 0 ? o->out.data : NULL;
}

int
tf_output_error(const struct tf_output *o)
{
	return o->out.error;
}

int
tf_output_close(struct tf_output *o)
{
	int error;

	if (o == NULL)
		return 0;
	error = tf_buf_flush(&o->out);
	if (o->writer->free != NULL)
		o->writer->free(o);
	tf_buf_fini(&o->out);
	tf_buf_fini(&o->sentence);
	tf_buf_fini(&o->paragraph);
	free(o->state);
	free(o);
	return error;
}
