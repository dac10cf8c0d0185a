/*
 * Compiling and running filter expressions: see filter.h.
 */
#include "capture/filter.h"

#include <stdio.h>
#include <string.h>

#include "capture/linktype.h"

void
tf_filter_init(struct tf_filter *f, const char *expression)
{
	memset(f, 0, sizeof(*f));
	f->expression = expression;
}

void
tf_filter_fini(struct tf_filter *f)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->programs[i].compiled)
			pcap_freecode(&f->programs[i].code);
	f->count = 0;
}

static bool
compile(struct tf_filter *f, struct tf_filter_program *program)
{
	pcap_t *p = tf_linktype_open(program->linktype);
	if (!p) {
		snprintf(f->message, sizeof(f->message), "libpcap cannot filter link type %d",
		         program->linktype);
		return false;
	}
	bool compiled = pcap_compile(p, &program->code, f->expression, 1, PCAP_NETMASK_UNKNOWN) == 0;
	if (!compiled)
		snprintf(f->message, sizeof(f->message), "the filter \"%.200s\" does not compile: %.250s",
		         f->expression, pcap_geterr(p));
	pcap_close(p);
	return compiled;
}

/* NULL: there is no room for another one. */
static const struct tf_filter_program *
program_for(struct tf_filter *f, int linktype)
{
	if (f->last < f->count && f->programs[f->last].linktype == linktype)
		return &f->programs[f->last];
	for (size_t i = 0; i < f->count; i++)
		if (f->programs[i].linktype == linktype)
			return &f->programs[f->last = i];
	if (f->count == TF_FILTER_PROGRAMS)
		return NULL;
	struct tf_filter_program *program = &f->programs[f->last = f->count++];
	program->linktype = linktype;
	program->compiled = compile(f, program);
	return program;
}

bool
tf_filter_prepare(struct tf_filter *f, int linktype)
{
	const struct tf_filter_program *program = program_for(f, linktype);
	return program && program->compiled;
}

enum tf_filter_verdict
tf_filter_test(struct tf_filter *f, const struct tf_frame *frame)
{
	const struct tf_filter_program *program = program_for(f, frame->linktype);
	if (!program || !program->compiled)
		return TF_FILTER_IMPOSSIBLE;
	struct pcap_pkthdr header = {.caplen = frame->caplen, .len = frame->len};
	return pcap_offline_filter(&program->code, &header, frame->data) ? TF_FILTER_PASS : TF_FILTER_REJECT;
}
