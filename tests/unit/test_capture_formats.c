/*
 * The readers of the classic format and of pcapng, on files made octet by
 * octet: byte orders, resolutions, old variants, every block type, damage.
 * Expected values are worked out by hand from pcap-savefile(5) and
 * draft-ietf-opsawg-pcapng.
 */
#include <stdio.h>
#include <string.h>

#include "capture_kit.h"
#include "unit.h"

static const int64_t second_ns = 1000000000;
static const uint8_t octets[64] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

static void
assert_failed(const struct kit_result *r, const char *offset, const char *what)
{
	CU_ASSERT_TRUE(r->sources[0].info.failed);
	if (!strstr(r->sources[0].error, offset) || !strstr(r->sources[0].error, what)) {
		printf("# the message was: %s\n", r->sources[0].error);
		CU_FAIL("the message does not say where and what");
	}
}

static void
classic_orders_and_resolutions(void)
{
	for (int i = 0; i < 4; i++) {
		struct kit k = {.swapped = i & 1};
		bool nano = i & 2;
		kit_pcap_header(&k, nano ? KIT_NS : KIT_US, 65535, KIT_RAW);
		kit_pcap_record(&k, 1700000000, nano ? 123456789 : 123456, octets, 16, 1500);
		kit_pcap_record(&k, UINT32_MAX, 0, octets + 1, 0, 60);
		struct kit_result r = kit_read_bytes(k.p, k.len);
		CU_ASSERT_EQUAL_FATAL(r.count, 2);
		CU_ASSERT_EQUAL(r.frames[0].packet, 1);
		CU_ASSERT_EQUAL(r.frames[0].ts_ns, 1700000000 * second_ns + (nano ? 123456789 : 123456000));
		CU_ASSERT_EQUAL(r.frames[0].caplen, 16);
		CU_ASSERT_EQUAL(r.frames[0].len, 1500);
		CU_ASSERT_EQUAL(r.frames[0].linktype, KIT_RAW);
		CU_ASSERT_EQUAL(memcmp(r.frames[0].data, octets, 16), 0);
		CU_ASSERT_EQUAL(r.frames[1].packet, 2);
		CU_ASSERT_EQUAL(r.frames[1].ts_ns, 4294967295 * second_ns);
		CU_ASSERT_EQUAL(r.frames[1].caplen, 0);
		CU_ASSERT_FALSE(r.sources[0].info.failed);
		CU_ASSERT_STRING_EQUAL(r.sources[0].linktype, "RAW");
		CU_ASSERT_STRING_EQUAL(r.sources[0].resolution, nano ? "ns" : "us");
		CU_ASSERT_EQUAL(r.sources[0].info.digits, nano ? 9 : 6);
		CU_ASSERT_EQUAL(r.sources[0].info.snaplen, 65535);
		CU_ASSERT_EQUAL(r.sources[0].info.frames, 2);
		kit_result_free(&r);
		kit_free(&k);
	}
}

static void
patched_records_have_a_longer_header(void)
{
	struct kit k = {0};
	kit_pcap_header(&k, KIT_PATCHED, 65535, KIT_ETHERNET);
	for (uint32_t i = 1; i <= 2; i++) {
		kit_pcap_record(&k, i, 0, NULL, 0, 60);
		memcpy(k.p + k.len - 8, &(uint32_t){4}, 4);
		kit_u64(&k, 0x1111111111111111);
		kit_bytes(&k, octets, 4);
	}
	struct kit_result r = kit_read_bytes(k.p, k.len);
	CU_ASSERT_EQUAL_FATAL(r.count, 2);
	CU_ASSERT_EQUAL(r.frames[1].ts_ns, 2 * second_ns);
	CU_ASSERT_EQUAL(r.frames[1].caplen, 4);
	CU_ASSERT_EQUAL(r.frames[1].len, 60);
	CU_ASSERT_EQUAL(memcmp(r.frames[1].data, octets, 4), 0);
	CU_ASSERT_FALSE(r.sources[0].info.failed);
	kit_result_free(&r);
	kit_free(&k);
}

/* FIRST and SECOND: the two lengths as they stand in a record of a file of version 2.MINOR; 16 octets
 * follow. */
static void
assert_lengths(unsigned minor, uint32_t first, uint32_t second)
{
	struct kit k = {0};
	kit_pcap_header(&k, KIT_US, 65535, KIT_ETHERNET);
	memcpy(k.p + 6, &(uint16_t){(uint16_t)minor}, 2);
	kit_pcap_record(&k, 1, 0, NULL, 0, 0);
	memcpy(k.p + k.len - 8, &first, 4);
	memcpy(k.p + k.len - 4, &second, 4);
	kit_bytes(&k, octets, 16);
	struct kit_result r = kit_read_bytes(k.p, k.len);
	CU_ASSERT_EQUAL_FATAL(r.count, 1);
	CU_ASSERT_EQUAL(r.frames[0].caplen, 16);
	CU_ASSERT_EQUAL(r.frames[0].len, 60);
	kit_result_free(&r);
	kit_free(&k);
}

static void
old_versions_turn_the_lengths(void)
{
	assert_lengths(2, 60, 16);
	assert_lengths(3, 60, 16);
	assert_lengths(3, 16, 60);
	assert_lengths(4, 16, 60);
}

static void
unknown_versions_are_refused(void)
{
	struct kit k = {0};
	kit_pcap_header(&k, KIT_US, 65535, KIT_ETHERNET);
	k.p[6] = k.p[7] = 9;
	struct kit_result r = kit_read_bytes(k.p, k.len);
	assert_failed(&r, "octet 0", "version 2.2313");
	kit_result_free(&r);
	kit_free(&k);
	kit_section(&k);
	k.p[12] = k.p[13] = 2;
	r = kit_read_bytes(k.p, k.len);
	assert_failed(&r, "octet 0", "version 514.0");
	kit_result_free(&r);
	kit_free(&k);
}

static void
octets_beyond_the_snapshot_length_are_dropped(void)
{
	struct kit k = {0};
	kit_pcap_header(&k, KIT_US, 8, KIT_ETHERNET);
	kit_pcap_record(&k, 1, 0, octets, 16, 60);
	kit_pcap_record(&k, 2, 0, octets, 4, 60);
	struct kit_result r = kit_read_bytes(k.p, k.len);
	CU_ASSERT_EQUAL_FATAL(r.count, 2);
	CU_ASSERT_EQUAL(r.frames[0].caplen, 8);
	CU_ASSERT_EQUAL(r.frames[0].len, 60);
	CU_ASSERT_EQUAL(r.frames[1].caplen, 4);
	kit_result_free(&r);
	kit_free(&k);
}

/* A record that claims CAPLEN octets and is followed by 300000: read or refused? */
static bool
is_possible(uint32_t linktype, uint32_t caplen)
{
	static const uint8_t zeros[300000];
	struct kit k = {0};
	kit_pcap_header(&k, KIT_US, 0, linktype);
	kit_pcap_record(&k, 1, 0, octets, 16, 60);
	kit_pcap_record(&k, 2, 0, NULL, 0, caplen);
	memcpy(k.p + k.len - 8, &caplen, 4);
	kit_bytes(&k, zeros, sizeof(zeros));
	struct kit_result r =
	    kit_read_bytes(k.p, 24 + 32 + 16 + (caplen < sizeof(zeros) ? caplen : sizeof(zeros)));
	size_t count = r.count;
	CU_ASSERT_EQUAL(r.sources[0].info.failed, count == 1);
	if (count == 1)
		assert_failed(&r, "octet 56:", caplen > sizeof(zeros) ? "" : "262144 that are possible");
	kit_result_free(&r);
	kit_free(&k);
	return count == 2;
}

static void
impossible_captured_lengths_are_damage(void)
{
	CU_ASSERT_TRUE(is_possible(KIT_ETHERNET, 262144));
	CU_ASSERT_FALSE(is_possible(KIT_ETHERNET, 262145));
	CU_ASSERT_FALSE(is_possible(KIT_ETHERNET, UINT32_MAX));
	CU_ASSERT_TRUE(is_possible(189, 262145)); /* USB_LINUX: up to 128 MiB */
	CU_ASSERT_FALSE(is_possible(189, 128 << 20));
}

static void
nflog_lengths_come_in_this_machines_order(void)
{
	/* Header; an attribute of 5 octets (padded), one of 8. */
	const uint8_t little[] = {2, 0, 0, 1, 5, 0, 9, 0, 'x', 0, 0, 0, 8, 0, 10, 0, 1, 2, 3, 4};
	const uint8_t big[] = {2, 0, 0, 1, 0, 5, 0, 9, 'x', 0, 0, 0, 0, 8, 0, 10, 1, 2, 3, 4};
	bool machine_is_big = *(const uint8_t *)&(const uint16_t){0x0100};
	struct kit k = {.swapped = true};
	kit_pcap_header(&k, KIT_US, 65535, 239);
	kit_pcap_record(&k, 1, 0, machine_is_big ? little : big, 20, 20);
	struct kit_result r = kit_read_bytes(k.p, k.len);
	CU_ASSERT_EQUAL_FATAL(r.count, 1);
	CU_ASSERT_EQUAL(memcmp(r.frames[0].data, machine_is_big ? big : little, 20), 0);
	kit_result_free(&r);
	kit_free(&k);
}

static void
pcapng_orders(void)
{
	for (int i = 0; i < 2; i++) {
		struct kit k = {.swapped = i};
		kit_section(&k);
		kit_interface(&k, KIT_ETHERNET, 96);
		kit_packet(&k, 0, 1700000000123456, octets, 15, 1500);
		struct kit_result r = kit_read_bytes(k.p, k.len);
		CU_ASSERT_EQUAL_FATAL(r.count, 1);
		CU_ASSERT_EQUAL(r.frames[0].ts_ns, 1700000000123456000);
		CU_ASSERT_EQUAL(r.frames[0].caplen, 15);
		CU_ASSERT_EQUAL(r.frames[0].len, 1500);
		CU_ASSERT_EQUAL(r.frames[0].linktype, KIT_ETHERNET);
		CU_ASSERT_EQUAL(memcmp(r.frames[0].data, octets, 15), 0);
		CU_ASSERT_STRING_EQUAL(r.sources[0].linktype, "EN10MB");
		CU_ASSERT_STRING_EQUAL(r.sources[0].resolution, "us");
		CU_ASSERT_EQUAL(r.sources[0].info.snaplen, 96);
		CU_ASSERT_FALSE(r.sources[0].info.failed);
		CU_ASSERT_FALSE(r.sources[0].info.dropped_known);
		CU_ASSERT_FALSE(r.sources[0].info.end_known);
		kit_result_free(&r);
		kit_free(&k);
	}
}

static void
assert_time(unsigned resolution, int64_t offset_s, uint64_t ticks, int64_t ts_ns, int digits)
{
	struct kit k = {0};
	kit_section(&k);
	size_t begin = kit_block(&k, 1);
	kit_u16(&k, KIT_ETHERNET);
	kit_u16(&k, 0);
	kit_u32(&k, 0);
	kit_option(&k, 2, "eth0", 4);
	kit_option(&k, 9, &(uint8_t){(uint8_t)resolution}, 1);
	kit_option_u64(&k, 14, (uint64_t)offset_s);
	kit_option_end(&k);
	kit_block_end(&k, begin);
	kit_packet(&k, 0, ticks, octets, 4, 4);
	struct kit_result r = kit_read_bytes(k.p, k.len);
	CU_ASSERT_EQUAL_FATAL(r.count, 1);
	CU_ASSERT_EQUAL(r.frames[0].ts_ns, ts_ns);
	CU_ASSERT_EQUAL(r.sources[0].info.digits, digits);
	CU_ASSERT_STRING_EQUAL(r.sources[0].resolution, digits > 6 ? "ns" : "us");
	kit_result_free(&r);
	kit_free(&k);
}

static void
pcapng_resolutions(void)
{
	assert_time(0, 0, 1700000000, 1700000000 * second_ns, 6);
	assert_time(3, 0, 1700000000123, 1700000000 * second_ns + 123000000, 6);
	assert_time(6, 0, 1700000000123456, 1700000000 * second_ns + 123456000, 6);
	assert_time(7, 0, 17000000001234567, 1700000000 * second_ns + 123456700, 7);
	assert_time(9, 0, 1700000000123456789, 1700000000 * second_ns + 123456789, 9);
	assert_time(12, 0, 1500000000999, 1500000000, 12);
	assert_time(19, 0, UINT64_MAX, 1844674407, 19);
	assert_time(20, 0, UINT64_MAX, 184467440, 20);
	assert_time(28, 0, UINT64_MAX, 1, 28);
	assert_time(127, 0, UINT64_MAX, 0, 127);
	assert_time(0x80 | 0, 0, 5, 5 * second_ns, 6);
	assert_time(0x80 | 1, 0, 3, 1500000000, 6);
	assert_time(0x80 | 10, 0, 1024 * 7 + 512, 7500000000,
	            6); /* 1/1024 s: 4 decimals are enough to tell ticks */
	assert_time(0x80 | 20, 0, (UINT64_C(1) << 20) + 1, second_ns + 953, 7);
	assert_time(0x80 | 30, 0, UINT64_C(3) << 29, 1500000000, 10);
	assert_time(0x80 | 64, 0, UINT64_C(1) << 63, 500000000, 20);
}

static void
pcapng_time_offsets(void)
{
	assert_time(6, 1700000000, 250000, 1700000000 * second_ns + 250000000, 6);
	assert_time(9, -10, 15 * (uint64_t)second_ns, 5 * second_ns, 9);
	assert_time(0x80 | 1, 100, 1, 100 * second_ns + 500000000, 6);
}

static void
pcapng_times_beyond_the_clock_saturate(void)
{
	const int64_t last_ns = INT64_C(1) << 62;
	assert_time(6, 0, UINT64_MAX, last_ns, 6);
	assert_time(0, 0, UINT64_MAX, last_ns, 6);
	assert_time(6, INT64_MAX, UINT64_MAX, last_ns, 6);
	assert_time(6, 4000000000, UINT64_MAX, last_ns, 6);
	assert_time(9, 0, (uint64_t)last_ns, last_ns, 9);
	assert_time(9, 0, (uint64_t)last_ns - 1, last_ns - 1, 9);
	assert_time(6, -10, 0, 0, 6);
	assert_time(6, INT64_MIN, 0, 0, 6);
}

static void
simple_and_old_packets_are_read(void)
{
	for (int i = 0; i < 2; i++) {
		struct kit k = {.swapped = i};
		kit_section(&k);
		kit_interface(&k, KIT_ETHERNET, 8);
		size_t begin = kit_block(&k, 2); /* old packet block */
		kit_u16(&k, 0);
		kit_u16(&k, 7); /* 7 frames lost before it */
		kit_u32(&k, 0);
		kit_u32(&k, 5000000);
		kit_u32(&k, 6);
		kit_u32(&k, 60);
		kit_bytes(&k, octets, 6);
		kit_block_end(&k, begin);
		begin = kit_block(&k, 3); /* simple packet block */
		kit_u32(&k, 60);
		kit_bytes(&k, octets, 8);
		kit_block_end(&k, begin);
		struct kit_result r = kit_read_bytes(k.p, k.len);
		CU_ASSERT_EQUAL_FATAL(r.count, 2);
		CU_ASSERT_EQUAL(r.frames[0].ts_ns, 5 * second_ns);
		CU_ASSERT_EQUAL(r.frames[0].caplen, 6);
		CU_ASSERT_EQUAL(r.frames[0].len, 60);
		CU_ASSERT_EQUAL(memcmp(r.frames[0].data, octets, 6), 0);
		CU_ASSERT_EQUAL(r.frames[1].packet, 2);
		CU_ASSERT_EQUAL(r.frames[1].ts_ns, 5 * second_ns);
		CU_ASSERT_EQUAL(r.frames[1].caplen, 8);
		CU_ASSERT_EQUAL(r.frames[1].len, 60);
		CU_ASSERT_TRUE(r.sources[0].info.dropped_known);
		CU_ASSERT_EQUAL(r.sources[0].info.dropped, 7);
		CU_ASSERT_FALSE(r.sources[0].info.failed);
		kit_result_free(&r);
		kit_free(&k);
	}
}

static void
append_statistics(struct kit *k, uint64_t if_drop, uint64_t os_drop)
{
	size_t begin = kit_block(k, 5);
	kit_u32(k, 0);
	kit_u32(k, 0);
	kit_u32(k, 0);
	kit_u16(k, 3); /* isb_endtime: 9.5 s, the upper half first */
	kit_u16(k, 8);
	kit_u32(k, 0);
	kit_u32(k, 9500000);
	kit_option_u64(k, 5, if_drop);
	kit_option_u64(k, 7, os_drop);
	kit_option_end(k);
	kit_block_end(k, begin);
}

static void
statistics_tell_drops_and_the_end(void)
{
	for (int i = 0; i < 2; i++) {
		struct kit k = {.swapped = i};
		kit_section(&k);
		kit_interface(&k, KIT_ETHERNET, 0);
		append_statistics(&k, 1, 2);
		kit_packet(&k, 0, 1, octets, 4, 4);
		append_statistics(&k, 3, 10); /* counts from the beginning, too */
		kit_section(&k);
		kit_interface(&k, KIT_ETHERNET, 0);
		append_statistics(&k, 100, 0);
		struct kit_result r = kit_read_bytes(k.p, k.len);
		CU_ASSERT_TRUE(r.sources[0].info.dropped_known);
		CU_ASSERT_EQUAL(r.sources[0].info.dropped, 113);
		CU_ASSERT_TRUE(r.sources[0].info.end_known);
		CU_ASSERT_EQUAL(r.sources[0].info.end_ns, 9500000000);
		CU_ASSERT_EQUAL(r.sources[0].info.skipped_blocks, 0);
		kit_result_free(&r);
		kit_free(&k);
	}
}

static void
drops_in_packet_options_are_counted(void)
{
	struct kit k = {0};
	kit_section(&k);
	kit_interface(&k, KIT_ETHERNET, 0);
	for (uint64_t drops = 1; drops <= 3; drops++) {
		size_t begin = kit_block(&k, 6);
		for (int i = 0; i < 3; i++)
			kit_u32(&k, 0);
		kit_u32(&k, 5);
		kit_u32(&k, 5);
		kit_bytes(&k, octets, 8);
		kit_option(&k, 1, "a comment", 9);
		kit_option_u64(&k, 4, drops);
		kit_option_end(&k);
		kit_block_end(&k, begin);
	}
	struct kit_result r = kit_read_bytes(k.p, k.len);
	CU_ASSERT_EQUAL(r.count, 3);
	CU_ASSERT_TRUE(r.sources[0].info.dropped_known);
	CU_ASSERT_EQUAL(r.sources[0].info.dropped, 6);
	kit_result_free(&r);
	kit_free(&k);
}

static void
sections_have_interfaces_and_orders_of_their_own(void)
{
	struct kit k = {0};
	kit_section(&k);
	kit_interface(&k, KIT_ETHERNET, 100);
	kit_interface(&k, KIT_RAW, 200);
	kit_packet(&k, 1, 1000000, octets, 4, 4);
	kit_packet(&k, 2, 1000000, octets, 4, 4); /* was never described */
	kit_packet(&k, 0, 2000000, octets, 4, 4);
	k.swapped = true;
	kit_section(&k);
	kit_packet(&k, 0, 3000000, octets, 4, 4); /* nor was this one, in its section */
	kit_interface(&k, 113, 50);
	kit_packet(&k, 0, 4000000, octets, 4, 4);
	struct kit_result r = kit_read_bytes(k.p, k.len);
	CU_ASSERT_EQUAL_FATAL(r.count, 3);
	CU_ASSERT_EQUAL(r.frames[0].linktype, KIT_RAW);
	CU_ASSERT_EQUAL(r.frames[1].linktype, KIT_ETHERNET);
	CU_ASSERT_EQUAL(r.frames[2].linktype, 113);
	CU_ASSERT_EQUAL(r.frames[2].packet, 3);
	CU_ASSERT_EQUAL(r.frames[2].ts_ns, 4 * second_ns);
	CU_ASSERT_EQUAL(r.sources[0].info.skipped_frames, 2);
	CU_ASSERT_EQUAL_FATAL(r.sources[0].info.linktype_count, 3);
	CU_ASSERT_EQUAL(r.sources[0].linktypes[1], KIT_RAW);
	CU_ASSERT_EQUAL(r.sources[0].linktypes[2], 113);
	CU_ASSERT_EQUAL(r.sources[0].info.snaplen, 200);
	CU_ASSERT_STRING_EQUAL(r.sources[0].linktype, "EN10MB");
	CU_ASSERT_FALSE(r.sources[0].info.failed);
	kit_result_free(&r);
	kit_free(&k);
}

static void
unknown_blocks_are_skipped_however_long(void)
{
	static const uint8_t zeros[3 << 20]; /* longer than any buffer */
	struct kit k = {0};
	kit_section(&k);
	size_t begin = kit_block(&k, 0x40000bad);
	kit_bytes(&k, zeros, sizeof(zeros));
	kit_block_end(&k, begin);
	kit_interface(&k, KIT_ETHERNET, 0);
	begin = kit_block(&k, 4);
	kit_option_end(&k);
	kit_block_end(&k, begin);
	kit_packet(&k, 0, 1, octets, 4, 4);
	struct kit_result r = kit_read_bytes(k.p, k.len);
	CU_ASSERT_EQUAL(r.count, 1);
	CU_ASSERT_EQUAL(r.sources[0].info.skipped_blocks, 2);
	CU_ASSERT_FALSE(r.sources[0].info.failed);
	kit_result_free(&r);
	r = kit_read_bytes(k.p, sizeof(zeros));
	assert_failed(&r, "octet ", "cut short");
	CU_ASSERT_EQUAL(r.count, 0);
	kit_result_free(&r);
	kit_free(&k);
}

/* A file with one good packet, then one whose field at octet AT of the block is VALUE. */
static struct kit_result
read_damaged_packet(size_t at, uint32_t value)
{
	struct kit k = {0};
	kit_section(&k);
	kit_interface(&k, KIT_ETHERNET, 0);
	kit_packet(&k, 0, 1, octets, 16, 16); /* ends at octet 28 + 20 + 48 */
	kit_packet(&k, 0, 2, octets, 16, 16);
	memcpy(k.p + 96 + at, &value, 4);
	struct kit_result r = kit_read_bytes(k.p, k.len);
	CU_ASSERT_EQUAL(r.count, 1);
	kit_free(&k);
	return r;
}

static void
blocks_with_lying_lengths_are_damage(void)
{
	static const uint32_t lengths[] = {0, 4, 12, 31, 28, 49, 0x7fffffff, 0xfffffffc, 0xffffffff};
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct kit_result r = read_damaged_packet(4, lengths[i]);
		assert_failed(&r, "octet 96", "");
		kit_result_free(&r);
	}
	struct kit_result r = read_damaged_packet(44, 44); /* the length at the end */
	assert_failed(&r, "octet 96", "the two lengths of a block differ (48 and 44)");
	kit_result_free(&r);
	r = read_damaged_packet(20, 17); /* more captured than the block has room for */
	assert_failed(&r, "octet 96", "17 captured octets, more than the 16");
	kit_result_free(&r);
	r = read_damaged_packet(20, UINT32_MAX);
	assert_failed(&r, "octet 96", "4294967295 captured octets");
	kit_result_free(&r);
}

static void
options_that_run_past_their_block_are_ignored(void)
{
	struct kit k = {0};
	kit_section(&k);
	size_t begin = kit_block(&k, 1);
	kit_u16(&k, KIT_ETHERNET);
	kit_u16(&k, 0);
	kit_u32(&k, 0);
	kit_u16(&k, 9);
	kit_u16(&k, 65535);
	kit_block_end(&k, begin);
	kit_packet(&k, 0, 7000000, octets, 16, 16);
	struct kit_result r = kit_read_bytes(k.p, k.len);
	CU_ASSERT_EQUAL_FATAL(r.count, 1);
	CU_ASSERT_EQUAL(r.frames[0].ts_ns, 7 * second_ns);
	kit_result_free(&r);
	kit_free(&k);
}

static void
a_wrong_byte_order_magic_is_damage(void)
{
	struct kit k = {0};
	kit_section(&k);
	k.p[8] ^= 1;
	struct kit_result r = kit_read_bytes(k.p, k.len);
	assert_failed(&r, "octet 0", "byte-order magic");
	kit_result_free(&r);
	kit_free(&k);
}

/* Every way to cut a file short: exactly the frames whose records are complete, and an error
 * unless the cut is between two records (BOUNDARIES, ascending, the frames before the Nth are
 * FIRST + N, at least 0). */
static void
assert_cuts(const struct kit *k, const size_t *boundaries, size_t count, int first)
{
	for (size_t len = 1; len <= k->len; len++) {
		struct kit_result r = kit_read_bytes(k->p, len);
		size_t passed = 0;
		bool on_boundary = false;
		for (size_t i = 0; i < count; i++) {
			passed += boundaries[i] <= len;
			on_boundary = on_boundary || boundaries[i] == len;
		}
		int frames = (int)passed - 1 + first;
		CU_ASSERT_EQUAL(r.count, (size_t)(frames > 0 ? frames : 0));
		CU_ASSERT_EQUAL(r.sources[0].info.failed, !on_boundary);
		kit_result_free(&r);
	}
}

static void
classic_files_may_be_cut_anywhere(void)
{
	for (int i = 0; i < 2; i++) {
		struct kit k = {.swapped = i};
		size_t boundaries[4];
		kit_pcap_header(&k, KIT_US, 65535, KIT_ETHERNET);
		for (uint32_t n = 0; n < 3; n++) {
			boundaries[n] = k.len;
			kit_pcap_record(&k, n, 0, octets, 10 + n, 60);
		}
		boundaries[3] = k.len;
		assert_cuts(&k, boundaries, 4, 0);
		kit_free(&k);
	}
}

static void
pcapng_files_may_be_cut_anywhere(void)
{
	for (int i = 0; i < 2; i++) {
		struct kit k = {.swapped = i};
		size_t boundaries[5];
		kit_section(&k);
		boundaries[0] = k.len;
		kit_interface(&k, KIT_ETHERNET, 0);
		for (uint32_t n = 0; n < 3; n++) {
			boundaries[1 + n] = k.len;
			kit_packet(&k, 0, n, octets, 10 + n, 60);
		}
		boundaries[4] = k.len;
		assert_cuts(&k, boundaries, 5, -1);
		kit_free(&k);
	}
}

static void
what_is_no_capture_is_refused(void)
{
	struct kit_result r = kit_read_bytes("", 0);
	assert_failed(&r, "", "the file is empty");
	kit_result_free(&r);
	r = kit_read_bytes("hello, world", 12);
	assert_failed(&r, "octet 0", "neither a pcap nor a pcapng file (it begins with 68 65 6c 6c)");
	kit_result_free(&r);
}

static void
a_header_alone_is_a_capture(void)
{
	struct kit k = {0};
	kit_pcap_header(&k, KIT_US, 65535, KIT_ETHERNET);
	struct kit_result r = kit_read_bytes(k.p, k.len);
	CU_ASSERT_EQUAL(r.count, 0);
	CU_ASSERT_FALSE(r.sources[0].info.failed);
	CU_ASSERT_STRING_EQUAL(r.sources[0].linktype, "EN10MB");
	kit_result_free(&r);
	kit_free(&k);
	kit_section(&k);
	r = kit_read_bytes(k.p, k.len);
	CU_ASSERT_EQUAL(r.count, 0);
	CU_ASSERT_FALSE(r.sources[0].info.failed);
	CU_ASSERT_PTR_NULL(r.sources[0].info.linktype);
	kit_result_free(&r);
	kit_free(&k);
}

const char tf_suite[] = "capture formats";
const struct tf_test tf_tests[] = {
    {"pcap is read in both byte orders, with microseconds and nanoseconds", classic_orders_and_resolutions},
    {"records of the patched pcap format have a longer header", patched_records_have_a_longer_header},
    {"old versions of pcap have the two lengths the other way round", old_versions_turn_the_lengths},
    {"unknown versions are refused", unknown_versions_are_refused},
    {"octets beyond the snapshot length are dropped", octets_beyond_the_snapshot_length_are_dropped},
    {"an impossible captured length is damage", impossible_captured_lengths_are_damage},
    {"the lengths in NFLOG frames come in this machine's byte order",
     nflog_lengths_come_in_this_machines_order},
    {"pcapng is read in both byte orders", pcapng_orders},
    {"pcapng time stamps are read at every resolution", pcapng_resolutions},
    {"pcapng time stamps are shifted by the interface's offset", pcapng_time_offsets},
    {"pcapng time stamps that no clock shows saturate", pcapng_times_beyond_the_clock_saturate},
    {"simple and old packet blocks are read", simple_and_old_packets_are_read},
    {"interface statistics tell drops and the capture's end", statistics_tell_drops_and_the_end},
    {"drops in the options of packets are counted", drops_in_packet_options_are_counted},
    {"sections have interfaces and a byte order of their own",
     sections_have_interfaces_and_orders_of_their_own},
    {"unknown blocks are skipped, however long", unknown_blocks_are_skipped_however_long},
    {"a block whose length lies is damage", blocks_with_lying_lengths_are_damage},
    {"options that run past their block are ignored", options_that_run_past_their_block_are_ignored},
    {"a section without the byte-order magic is damage", a_wrong_byte_order_magic_is_damage},
    {"a pcap file may be cut at any octet", classic_files_may_be_cut_anywhere},
    {"a pcapng file may be cut at any octet", pcapng_files_may_be_cut_anywhere},
    {"what is no capture is refused", what_is_no_capture_is_refused},
    {"a header without packets is a capture", a_header_alone_is_a_capture},
    {NULL, NULL},
};
