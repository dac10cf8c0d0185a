/*
 * Our readers against libpcap's, on a collection of captures of others: the
 * same frames, each number, time, length and octet.  And against the count
 * that the collection's index names.
 *
 * The collection is not part of the project; without it the test is skipped.
 * It lies in the folder that TCPFSM_CAPTURES names, or beside the source.
 * Left out of the comparison: what libpcap does not read (compressed files,
 * several link types in one) and times that no valid file has, with a
 * fraction of 2^31 units and more, which libpcap takes for negative.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture_kit.h"
#include "unit.h"

enum {
	FIELDS_MAX = 32,
};

static char folder[4096];

/* The index of the collection, or NULL where there is none. */
static FILE *
open_index(void)
{
	char name[sizeof(folder) + 16];
	const char *captures = getenv("TCPFSM_CAPTURES"), *top = getenv("top_srcdir");
	if (captures)
		snprintf(folder, sizeof(folder), "%s", captures);
	else
		snprintf(folder, sizeof(folder), "%s/../shared/captures", top ? top : ".");
	snprintf(name, sizeof(name), "%s/INDEX.tsv", folder);
	FILE *f = fopen(name, "r");
	if (!f)
		tf_skip("the collection of captures is not here");
	return f;
}

static size_t
split(char *line, char *fields[FIELDS_MAX])
{
	size_t n = 0;
	line[strcspn(line, "\n")] = '\0';
	for (char *p = line; p && n < FIELDS_MAX;) {
		char *tab = strchr(p, '\t');
		fields[n++] = p;
		if (tab)
			*tab++ = '\0';
		p = tab;
	}
	return n;
}

static size_t
find_column(char *const fields[FIELDS_MAX], size_t count, const char *title)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(fields[i], title) == 0)
			return i;
	CU_FAIL_FATAL("the index lacks a column");
	return 0;
}

static bool
is_same_linktype(int a, int b)
{
	const char *name_a = tf_capture_linktype_name(a);
	char copy[64];
	if (a == b)
		return true;
	snprintf(copy, sizeof(copy), "%s", name_a ? name_a : "a");
	const char *name_b = tf_capture_linktype_name(b);
	return strcmp(copy, name_b ? name_b : "b") == 0;
}

/* Apart by nothing, or by 2^32 microseconds or nanoseconds: see above. */
static bool
is_same_time(int64_t a, int64_t b)
{
	return a == b || a - b == INT64_C(4294967296) || a - b == INT64_C(4294967296) * 1000;
}

static bool
is_same_frame(const struct kit_frame *a, const struct kit_frame *b)
{
	return a->packet == b->packet && is_same_time(a->ts_ns, b->ts_ns) && a->caplen == b->caplen &&
	       a->len == b->len && memcmp(a->data, b->data, a->caplen) == 0;
}

static struct kit_result
read_with(const char *path, bool through_libpcap)
{
	char name[sizeof(folder) + 1024];
	snprintf(name, sizeof(name), "%s/%s", folder, path);
	const char *files[] = {name};
	return kit_read(
	    &(struct tf_capture_options){.files = files, .file_count = 1, .through_libpcap = through_libpcap},
	    256);
}

/* What libpcap delivers, we deliver, and no more unless libpcap gave up. */
static bool
agree(const struct kit_result *own, const struct kit_result *other)
{
	if (own->count < other->count || (own->count > other->count && !other->sources[0].info.failed))
		return false;
	for (size_t i = 0; i < other->count; i++)
		if (!is_same_frame(&own->frames[i], &other->frames[i]) ||
		    (i == 0 && !is_same_linktype(own->frames[i].linktype, other->frames[i].linktype)))
			return false;
	return true;
}

static void
compare(const char *path, const char *packets, bool is_sound)
{
	struct kit_result own = read_with(path, false), other = read_with(path, true);
	bool is_counted = !is_sound || own.count == strtoul(packets, NULL, 10);
	bool is_complete = !is_sound || !own.sources[0].info.failed;
	if (!agree(&own, &other) || !is_counted || !is_complete)
		printf("# %s: we read %zu frames, libpcap %zu, the index says %s %s\n", path, own.count,
		       other.count, packets, own.sources[0].error);
	CU_ASSERT_TRUE(agree(&own, &other));
	CU_ASSERT_TRUE(is_counted);
	CU_ASSERT_TRUE(is_complete);
	kit_result_free(&own);
	kit_result_free(&other);
}

static void
every_capture_reads_alike(void)
{
	char line[8192], *fields[FIELDS_MAX];
	FILE *f = open_index();
	if (!f)
		return;
	CU_ASSERT_PTR_NOT_NULL_FATAL(fgets(line, sizeof(line), f));
	size_t count = split(line, fields);
	size_t path = find_column(fields, count, "path"), format = find_column(fields, count, "format");
	size_t packets = find_column(fields, count, "packets"),
	       status = find_column(fields, count, "container_status");
	size_t compared = 0;
	while (fgets(line, sizeof(line), f)) {
		if (split(line, fields) <= status || strstr(fields[format], "snoop"))
			continue;
		compare(fields[path], fields[packets], strcmp(fields[status], "ok") == 0);
		compared++;
	}
	CU_ASSERT_TRUE(compared > 0);
	fclose(f);
}

const char tf_suite[] = "capture corpus";
const struct tf_test tf_tests[] = {
    {"every capture of the collection reads as libpcap reads it", every_capture_reads_alike},
    {NULL, NULL},
};
