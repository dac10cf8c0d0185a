/*
 * The record of a source: see source.h.
 */
#include "capture/source.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
tf_source_init(struct tf_source *s, const char *name)
{
	memset(s, 0, sizeof(*s));
	s->info.name = name;
	s->info.linktypes = s->linktypes;
	s->info.resolution = "us";
	s->info.digits = 6;
	s->info.error = s->error;
}

static void
name_first_linktype(struct tf_source *s, int linktype)
{
	const char *name = tf_capture_linktype_name(linktype);
	if (name)
		snprintf(s->linktype, sizeof(s->linktype), "%s", name);
	else
		snprintf(s->linktype, sizeof(s->linktype), "%d", linktype);
	s->info.linktype = s->linktype;
}

static void
add_linktype(struct tf_source *s, int linktype)
{
	for (size_t i = 0; i < s->info.linktype_count; i++)
		if (s->linktypes[i] == linktype)
			return;
	if (s->info.linktype_count == 0)
		name_first_linktype(s, linktype);
	if (s->info.linktype_count < TF_SOURCE_LINKTYPES)
		s->linktypes[s->info.linktype_count++] = linktype;
}

void
tf_source_describe(struct tf_source *s, int linktype, uint32_t snaplen, int digits)
{
	add_linktype(s, linktype);
	if (snaplen > s->info.snaplen)
		s->info.snaplen = snaplen;
	if (digits > s->info.digits)
		s->info.digits = digits;
	s->info.resolution = s->info.digits > 6 ? "ns" : "us";
}

void
tf_source_fail(struct tf_source *s, const char *format, ...)
{
	va_list arguments;
	if (s->info.failed)
		return;
	s->info.failed = true;
	int n = snprintf(s->error, sizeof(s->error),
	                 "%.200s: ", strcmp(s->info.name, "-") == 0 ? "standard input" : s->info.name);
	if (n < 0)
		return;
	va_start(arguments, format);
	vsnprintf(s->error + n, sizeof(s->error) - (size_t)n, format, arguments);
	va_end(arguments);
}

void
tf_source_end(struct tf_source *s, int64_t ts_ns)
{
	if (s->info.end_known && s->info.end_ns >= ts_ns)
		return;
	s->info.end_known = true;
	s->info.end_ns = ts_ns;
}
