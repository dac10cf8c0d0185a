/*
 * Large files are looked at where they are (src/capture/window.h): all of
 * their frames come, and where somebody cuts one short or lengthens it
 * meanwhile, that is said or read, and nothing breaks.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture_kit.h"
#include "unit.h"

enum {
	COUNT = 24000,
	LENGTH = 1000, /* octets of a frame */
	RECORD = 16 + LENGTH,
	BATCH = 64,
};

/* What the frame with this number is filled with. */
static uint8_t
filling(size_t number)
{
	return (uint8_t)(number * 7 + number / 256);
}

static void
append(FILE *f, size_t first, size_t count)
{
	uint8_t data[LENGTH];
	struct kit k = {0};

	for (size_t i = first; i < first + count; i++) {
		memset(data, filling(i), sizeof data);
		k.len = 0;
		kit_pcap_record(&k, (uint32_t)i, 0, data, LENGTH, LENGTH);
		CU_ASSERT_EQUAL_FATAL(fwrite(k.p, 1, k.len, f), k.len);
	}
	kit_free(&k);
}

/* A file with frames 1 to COUNT. */
static char *
make(void)
{
	struct kit k = {0};

	kit_pcap_header(&k, KIT_US, 65535, KIT_RAW);
	char *name = kit_file(k.p, k.len);
	kit_free(&k);
	FILE *f = fopen(name, "ab");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	append(f, 1, COUNT);
	CU_ASSERT_EQUAL(fclose(f), 0);
	return name;
}

/* Does another thread go through the windows before they are looked through? */
static bool helped;

static struct tf_capture *
open_file(const char *const *name)
{
	char message[TF_CAPTURE_MESSAGE_SIZE];
	struct tf_capture_options options = {.files = name, .file_count = 1};
	struct tf_capture *c;

	CU_ASSERT_EQUAL_FATAL(tf_capture_open(&c, &options, message), TF_CAPTURE_OK);
	tf_capture_take_help(c, helped);
	return c;
}

/* Read on, up to MOST frames in all; *INTACT: all of them were what they should be. */
static size_t
read_on(struct tf_capture *c, size_t most, bool *intact)
{
	struct tf_frame frame[BATCH];
	uint8_t data[LENGTH];
	int n = 0;

	*intact = true;
	while (tf_capture_frames(c) < most && (n = tf_capture_batch(c, frame, BATCH)) > 0) {
		for (int i = 0; i < n; i++) {
			memset(data, filling((size_t)frame[i].packet), sizeof data);
			*intact &= frame[i].caplen == LENGTH &&
			           frame[i].ts_ns / 1000000000 == (int64_t)frame[i].packet &&
			           memcmp(frame[i].data, data, LENGTH) == 0;
		}
	}
	return (size_t)tf_capture_frames(c);
}

static void
all_of_it_is_read(void)
{
	char *name = make();
	struct tf_capture *c = open_file((const char *const *)&name);
	uint64_t consumed, total;
	bool intact;

	CU_ASSERT_EQUAL(read_on(c, 1000, &intact), 1024 / BATCH * BATCH);
	CU_ASSERT_TRUE(intact);
	CU_ASSERT_TRUE(tf_capture_may_change(c));
	CU_ASSERT_EQUAL(read_on(c, SIZE_MAX, &intact), COUNT);
	CU_ASSERT_TRUE(intact);
	CU_ASSERT_FALSE(tf_capture_source(c, 0)->failed);
	tf_capture_progress(c, &consumed, &total);
	CU_ASSERT_EQUAL(total, 24 + (uint64_t)COUNT * RECORD);
	CU_ASSERT_EQUAL(consumed, total);
	tf_capture_close(c);
	kit_unlink(name);
}

/* As if there were something else to do. */
static void
help_may_end(void)
{
	char *name = make();
	bool intact;

	helped = true;
	struct tf_capture *c = open_file((const char *const *)&name);
	helped = false;
	for (size_t n = 0; n < COUNT; n += 5000) {
		CU_ASSERT_TRUE(read_on(c, n, &intact) >= n);
		CU_ASSERT_TRUE(intact);
		tf_capture_take_help(c, n / 5000 % 2);
	}
	CU_ASSERT_EQUAL(read_on(c, SIZE_MAX, &intact), COUNT);
	CU_ASSERT_TRUE(intact);
	CU_ASSERT_FALSE(tf_capture_source(c, 0)->failed);
	tf_capture_close(c);
	kit_unlink(name);
}

/* Frame 10,001 and what follows goes: LEFT octets of it stay. */
static void
cut_after(size_t read, size_t left, const char *message)
{
	char *name = make();
	struct tf_capture *c = open_file((const char *const *)&name);
	bool intact;

	size_t before = read_on(c, read, &intact);
	CU_ASSERT_TRUE(intact);
	CU_ASSERT_EQUAL(truncate(name, 24 + (off_t)10000 * RECORD + (off_t)left), 0);
	size_t count = read_on(c, SIZE_MAX, &intact);
	CU_ASSERT_TRUE(intact);
	CU_ASSERT_TRUE(count >= before && count <= (before > 10000 ? before : 10000));
	CU_ASSERT_TRUE(tf_capture_source(c, 0)->failed);
	CU_ASSERT_PTR_NOT_NULL(strstr(tf_capture_source(c, 0)->error, message));
	tf_capture_close(c);
	kit_unlink(name);
}

static void
what_goes_meanwhile_is_said(void)
{
	/* Far ahead, where nobody has looked yet; and where somebody looks just now. */
	cut_after(1000, 500, "cut short");
	cut_after(9900, 100, "cut short");
	cut_after(9984, 16, "cut short");
	cut_after(9930, 16, "cut short"); /* what is left of a page is zeros, and no frames */
}

/* What was read before the first window is no end of a file that is shorter by now. */
static void
what_goes_behind_the_reader_is_said(void)
{
	char *name = make();
	struct tf_capture *c = open_file((const char *const *)&name);
	bool intact;

	read_on(c, BATCH, &intact);
	CU_ASSERT_TRUE(intact);
	CU_ASSERT_EQUAL(truncate(name, 24 + (off_t)10 * RECORD), 0);
	CU_ASSERT_TRUE(read_on(c, SIZE_MAX, &intact) < COUNT);
	CU_ASSERT_TRUE(intact);
	CU_ASSERT_TRUE(tf_capture_source(c, 0)->failed);
	CU_ASSERT_PTR_NOT_NULL(strstr(tf_capture_source(c, 0)->error, "cut short"));
	tf_capture_close(c);
	kit_unlink(name);
}

static void
what_comes_meanwhile_is_read(void)
{
	char *name = make();
	struct tf_capture *c = open_file((const char *const *)&name);
	bool intact;

	read_on(c, COUNT - 10 * BATCH, &intact);
	FILE *f = fopen(name, "ab");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	append(f, COUNT + 1, 5000);
	CU_ASSERT_EQUAL(fclose(f), 0);
	CU_ASSERT_EQUAL(read_on(c, SIZE_MAX, &intact), COUNT + 5000);
	CU_ASSERT_TRUE(intact);
	CU_ASSERT_FALSE(tf_capture_source(c, 0)->failed);
	tf_capture_close(c);
	kit_unlink(name);
}

/* Standard input may have been read by somebody before. */
static void
the_beginning_may_lie_anywhere(void)
{
	char *name = make(), *behind;
	struct kit k = {0};
	FILE *from = fopen(name, "rb");
	const char *files[] = {"-"};
	bool intact;

	kit_bytes(&k, "somebody's own", 14);
	behind = kit_file(k.p, k.len);
	FILE *to = fopen(behind, "ab");
	CU_ASSERT_FATAL(from && to);
	for (int ch; (ch = getc(from)) != EOF;)
		putc(ch, to);
	fclose(from);
	CU_ASSERT_EQUAL(fclose(to), 0);
	int saved = dup(STDIN_FILENO), fd = open(behind, O_RDONLY);
	CU_ASSERT_FATAL(saved >= 0 && fd >= 0);
	CU_ASSERT_EQUAL(lseek(fd, 14, SEEK_SET), 14);
	dup2(fd, STDIN_FILENO);
	struct tf_capture *c = open_file(files);
	CU_ASSERT_EQUAL(read_on(c, SIZE_MAX, &intact), COUNT);
	CU_ASSERT_TRUE(intact);
	CU_ASSERT_FALSE(tf_capture_source(c, 0)->failed);
	tf_capture_close(c);
	dup2(saved, STDIN_FILENO);
	close(saved);
	close(fd);
	kit_free(&k);
	kit_unlink(name);
	kit_unlink(behind);
}

static void
with_help_all_is_the_same(void)
{
	helped = true;
	all_of_it_is_read();
	what_goes_meanwhile_is_said();
	what_goes_behind_the_reader_is_said();
	what_comes_meanwhile_is_read();
	the_beginning_may_lie_anywhere();
	helped = false;
}

const char tf_suite[] = "capture, large files";
const struct tf_test tf_tests[] = {
    {"all of it is read", all_of_it_is_read},
    {"what goes meanwhile is said", what_goes_meanwhile_is_said},
    {"what goes behind the reader is said", what_goes_behind_the_reader_is_said},
    {"what comes meanwhile is read", what_comes_meanwhile_is_read},
    {"the beginning may lie anywhere", the_beginning_may_lie_anywhere},
    {"with another thread's help all is the same", with_help_all_is_the_same},
    {"help may end", help_may_end},
    {NULL, NULL},
};
