/*
 * Compressed captures: every format as its own library writes it, in one
 * member and in several, cut and damaged at every octet.
 */
#include <lz4frame.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "capture_kit.h"
#include "unit.h"

enum {
	RECORDS = 16,
	OUT_MAX = 2 << 20, /* room for what a compressor makes */
};

/* Appends the LEN octets at P, compressed as one member. */
typedef void compress_function(struct kit *to, const uint8_t *p, size_t len);

static void
compress_gzip(struct kit *to, const uint8_t *p, size_t len)
{
	static uint8_t out[OUT_MAX];
	z_stream z = {0};
	CU_ASSERT_EQUAL_FATAL(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (z_const Bytef *)p;
	z.avail_in = (unsigned)len;
	z.next_out = out;
	z.avail_out = sizeof(out);
	CU_ASSERT_EQUAL_FATAL(deflate(&z, Z_FINISH), Z_STREAM_END);
	kit_bytes(to, out, sizeof(out) - z.avail_out);
	deflateEnd(&z);
}

static void
compress_zstd(struct kit *to, const uint8_t *p, size_t len)
{
	static uint8_t out[OUT_MAX];
	ZSTD_CCtx *context = ZSTD_createCCtx();
	CU_ASSERT_PTR_NOT_NULL_FATAL(context);
	ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
	size_t n = ZSTD_compress2(context, out, sizeof(out), p, len);
	CU_ASSERT_FALSE_FATAL(ZSTD_isError(n));
	kit_bytes(to, out, n);
	ZSTD_freeCCtx(context);
}

static void
compress_lz4(struct kit *to, const uint8_t *p, size_t len)
{
	static uint8_t out[OUT_MAX];
	LZ4F_preferences_t preferences = {.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled};
	size_t n = LZ4F_compressFrame(out, sizeof(out), p, len, &preferences);
	CU_ASSERT_FALSE_FATAL(LZ4F_isError(n));
	kit_bytes(to, out, n);
}

static void
compress_xz(struct kit *to, const uint8_t *p, size_t len)
{
	static uint8_t out[OUT_MAX];
	size_t n = 0;
	CU_ASSERT_EQUAL_FATAL(
	    lzma_easy_buffer_encode(0, LZMA_CHECK_CRC32, NULL, p, len, out, &n, sizeof(out)), LZMA_OK);
	kit_bytes(to, out, n);
}

static compress_function *const compressors[] = {compress_gzip, compress_zstd, compress_lz4, compress_xz};
static const char *const names[] = {"gzip", "zstd", "lz4", "xz"};

enum {
	FORMATS = sizeof(compressors) / sizeof(compressors[0]),
};

/* A capture of frames with varied octets, the same ones each time. */
static struct kit
make_capture(uint32_t records, uint32_t caplen)
{
	struct kit k = {0};
	uint8_t *octets = calloc(1, caplen);
	uint32_t state = 1;
	CU_ASSERT_PTR_NOT_NULL_FATAL(octets);
	kit_pcap_header(&k, KIT_US, 65535, KIT_ETHERNET);
	for (uint32_t i = 0; i < records; i++) {
		for (uint32_t n = 0; n < caplen; n++)
			octets[n] = (uint8_t)((state = state * 1664525 + 1013904223) >> 30);
		kit_pcap_record(&k, i, 0, octets, caplen, caplen);
	}
	free(octets);
	return k;
}

static void
assert_reads_as(const struct kit *file, const struct kit *plain)
{
	struct kit_result expected = kit_read_bytes(plain->p, plain->len);
	struct kit_result r = kit_read_bytes(file->p, file->len);
	CU_ASSERT_TRUE(kit_same_frames(&r, &expected));
	CU_ASSERT_TRUE(r.count > 0);
	CU_ASSERT_FALSE(r.sources[0].info.failed);
	CU_ASSERT_EQUAL(r.total, file->len);
	CU_ASSERT_EQUAL(r.consumed, file->len);
	kit_result_free(&r);
	kit_result_free(&expected);
}

static void
one_member(void)
{
	struct kit plain = make_capture(RECORDS, 100);
	for (int i = 0; i < FORMATS; i++) {
		struct kit file = {0};
		compressors[i](&file, plain.p, plain.len);
		CU_ASSERT_TRUE(file.len < plain.len);
		assert_reads_as(&file, &plain);
		kit_free(&file);
	}
	kit_free(&plain);
}

/* Members that end in the middle of a record, an empty one, and padding behind. */
static void
several_members(void)
{
	struct kit plain = make_capture(RECORDS, 100);
	for (int i = 0; i < FORMATS; i++) {
		struct kit file = {0};
		compressors[i](&file, plain.p, 3);
		compressors[i](&file, plain.p + 3, 1000);
		compressors[i](&file, plain.p, 0);
		compressors[i](&file, plain.p + 1003, plain.len - 1003);
		assert_reads_as(&file, &plain);
		kit_bytes(&file, "\0\0\0\0\0\0\0\0", 8);
		assert_reads_as(&file, &plain);
		kit_free(&file);
	}
	kit_free(&plain);
}

/* More than all buffers hold at once. */
static void
larger_than_the_buffers(void)
{
	struct kit plain = make_capture(200, 60000);
	struct kit file = {0};
	for (size_t at = 0; at < plain.len; at += 100000)
		compress_zstd(&file, plain.p + at, plain.len - at < 100000 ? plain.len - at : 100000);
	CU_ASSERT_TRUE(file.len > 2 << 20);
	assert_reads_as(&file, &plain);
	kit_free(&file);
	kit_free(&plain);
}

static void
a_skippable_frame_may_come_first(void)
{
	struct kit plain = make_capture(RECORDS, 100);
	struct kit file = {0};
	kit_bytes(&file, "\x50\x2a\x4d\x18\x04\0\0\0skip", 12);
	compress_zstd(&file, plain.p, plain.len);
	assert_reads_as(&file, &plain);
	kit_free(&file);
	kit_free(&plain);
}

/* Whether A's frames are the first ones of B's. */
static bool
is_prefix(struct kit_result *a, struct kit_result *b)
{
	size_t count = b->count;
	if (a->count > count)
		return false;
	b->count = a->count;
	bool is_same = kit_same_frames(a, b);
	b->count = count;
	return is_same;
}

static void
cut_anywhere(void)
{
	struct kit plain = make_capture(RECORDS, 100);
	struct kit_result expected = kit_read_bytes(plain.p, plain.len);
	for (int i = 0; i < FORMATS; i++) {
		struct kit file = {0};
		compressors[i](&file, plain.p, plain.len);
		size_t most = 0;
		for (size_t len = 1; len < file.len; len++) {
			struct kit_result r = kit_read_bytes(file.p, len);
			CU_ASSERT_TRUE(r.sources[0].info.failed);
			CU_ASSERT_TRUE(is_prefix(&r, &expected));
			CU_ASSERT_TRUE(r.count >= most);
			if (len > 16)
				CU_ASSERT_PTR_NOT_NULL(strstr(r.sources[0].error, "data are cut short"));
			most = r.count;
			kit_result_free(&r);
		}
		/* All that misses at last is the checksum or an index. */
		CU_ASSERT_EQUAL(most, RECORDS);
		kit_free(&file);
	}
	kit_result_free(&expected);
	kit_free(&plain);
}

static void
damaged_anywhere(void)
{
	struct kit plain = make_capture(RECORDS, 100);
	struct kit_result expected = kit_read_bytes(plain.p, plain.len);
	for (int i = 0; i < FORMATS; i++) {
		struct kit file = {0};
		compressors[i](&file, plain.p, plain.len);
		size_t noticed = 0;
		for (size_t at = 0; at < file.len; at++) {
			file.p[at] ^= 0x55;
			struct kit_result r = kit_read_bytes(file.p, file.len);
			CU_ASSERT_TRUE(r.sources[0].info.failed || kit_same_frames(&r, &expected));
			noticed += r.sources[0].info.failed;
			file.p[at] ^= 0x55;
			kit_result_free(&r);
		}
		/* gzip does not protect its own header (time, system), nor LZ4 every reserved bit. */
		CU_ASSERT_TRUE(noticed >= file.len - 6);
		kit_free(&file);
	}
	kit_result_free(&expected);
	kit_free(&plain);
}

static void
frames_before_the_damage_are_delivered(void)
{
	struct kit plain = make_capture(RECORDS, 100);
	struct kit_result expected = kit_read_bytes(plain.p, plain.len);
	for (int i = 0; i < FORMATS; i++) {
		struct kit file = {0};
		char what[64];
		compressors[i](&file, plain.p, 24 + 10 * 116 + 50);
		kit_bytes(&file, "this is not compressed", 22);
		struct kit_result r = kit_read_bytes(file.p, file.len);
		snprintf(what, sizeof(what),
		         "at octet 1184 of the decompressed data: the %s data are corrupt", names[i]);
		CU_ASSERT_EQUAL(r.count, 10);
		CU_ASSERT_TRUE(is_prefix(&r, &expected));
		CU_ASSERT_TRUE(r.sources[0].info.failed);
		CU_ASSERT_PTR_NOT_NULL(strstr(r.sources[0].error, what));
		kit_result_free(&r);
		kit_free(&file);
	}
	kit_result_free(&expected);
	kit_free(&plain);
}

/* Of a large file, too, and in the middle of a member: blocks before the damage are good. */
static void
blocks_before_the_damage_are_delivered(void)
{
	enum { COUNT = 100, CAPLEN = 10000 };
	struct kit plain = make_capture(COUNT, CAPLEN);
	for (int i = 0; i < FORMATS; i++) {
		struct kit file = {0};
		compressors[i](&file, plain.p, plain.len);
		memset(file.p + file.len * 9 / 10, 0xff, 64);
		struct kit_result r = kit_read_bytes(file.p, file.len);
		CU_ASSERT_TRUE(r.sources[0].info.failed);
		CU_ASSERT_TRUE(r.count >= COUNT * 7 / 10);
		kit_result_free(&r);
		kit_free(&file);
	}
	kit_free(&plain);
}

static void
nothing_in_it_is_no_capture(void)
{
	for (int i = 0; i < FORMATS; i++) {
		struct kit file = {0};
		compressors[i](&file, (const uint8_t *)"", 0);
		struct kit_result r = kit_read_bytes(file.p, file.len);
		CU_ASSERT_TRUE(r.sources[0].info.failed);
		CU_ASSERT_PTR_NOT_NULL(strstr(r.sources[0].error, "empty"));
		kit_result_free(&r);
		kit_free(&file);
	}
}

const char tf_suite[] = "compressed captures";
const struct tf_test tf_tests[] = {
    {"gzip, zstd, lz4 and xz are found by content", one_member},
    {"concatenated members are one file", several_members},
    {"a file larger than the buffers is streamed", larger_than_the_buffers},
    {"a skippable frame may come first", a_skippable_frame_may_come_first},
    {"cut at any octet, what can be read is delivered and the rest is an error", cut_anywhere},
    {"damage at any octet is noticed, or did no harm", damaged_anywhere},
    {"frames before the damage are delivered, and the message says where it is",
     frames_before_the_damage_are_delivered},
    {"blocks before the damage are delivered", blocks_before_the_damage_are_delivered},
    {"a compressed file with nothing in it is no capture", nothing_in_it_is_no_capture},
    {NULL, NULL},
};
