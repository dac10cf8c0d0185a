/*
 * The writers, fed with events made by hand.
 *
 * What is expected was written down from the contract of the JSON lines,
 * from the RFC that each format follows (RFC 3174, 4180, 4648, 5952, 8259)
 * or by doing the arithmetic on paper.
 */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output/buffer.h"
#include "output/community.h"
#include "output/message.h"
#include "output/output.h"
#include "output/sha1.h"
#include "output/style.h"

#define S  INT64_C(1000000000)
#define T0 (INT64_C(1700000000) * S)

/* Allocations that still succeed; -1: all.  The linker puts these in the place of the C library's (--wrap). */
static long allocations_left = -1;
static bool allocation_failed;

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *old, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *old, size_t n);

static bool
allocation_fails(void)
{
	if (allocations_left < 0)
		return false;
	if (allocations_left > 0) {
		allocations_left--;
		return false;
	}
	errno = ENOMEM;
	allocation_failed = true;
	return true;
}

void *
__wrap_malloc(size_t n)
{
	return allocation_fails() ? NULL : __real_malloc(n);
}

void *
__wrap_calloc(size_t count, size_t n)
{
	return allocation_fails() ? NULL : __real_calloc(count, n);
}

void *
__wrap_realloc(void *old, size_t n)
{
	return allocation_fails() ? NULL : __real_realloc(old, n);
}

/* What the last writer wrote, with a zero octet at its end. */
static char *written;

/* ---- helpers ---------------------------------------------------------------------------- */

static struct tf_addr
ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	return (struct tf_addr){{[10] = 0xff, [11] = 0xff, a, b, c, d}};
}

static struct tf_addr
ipv6(const uint16_t group[8])
{
	struct tf_addr addr;

	for (unsigned i = 0; i < 8; i++) {
		addr.byte[2 * i] = (uint8_t)(group[i] >> 8);
		addr.byte[2 * i + 1] = (uint8_t)group[i];
	}
	return addr;
}

#define IPV6(...) ipv6((const uint16_t[8]){__VA_ARGS__})

static void
expect(const char *got, const char *wanted, unsigned line)
{
	bool same = strcmp(got, wanted) == 0;

	if (!same)
		printf("# line %u: expected\n# %s\n# got\n# %s\n", line, wanted, got);
	CU_assertImplementation(same, line, wanted, __FILE__, "", CU_FALSE);
}

static void
expect_within(const char *got, const char *part, unsigned line)
{
	bool there = strstr(got, part) != NULL;

	if (!there)
		printf("# line %u: expected to contain\n# %s\n# got\n%s\n", line, part, got);
	CU_assertImplementation(there, line, part, __FILE__, "", CU_FALSE);
}

static void
expect_absent(const char *got, const char *part, unsigned line)
{
	bool there = strstr(got, part) != NULL;

	if (there)
		printf("# line %u: expected not to contain\n# %s\n# got\n%s\n", line, part, got);
	CU_assertImplementation(!there, line, part, __FILE__, "", CU_FALSE);
}

#define EXPECT(got, wanted)      expect((got), (wanted), __LINE__)
#define EXPECT_WITHIN(got, part) expect_within((got), (part), __LINE__)
#define EXPECT_ABSENT(got, part) expect_absent((got), (part), __LINE__)

/* The text of B; B is empty afterwards. */
static const char *
text_of(struct tf_buf *b)
{
	tf_put_char(b, '\0');
	b->len = 0;
	return b->data;
}

static struct tf_output *
open_writer(const char *format, const struct tf_output_options *options, int *fd)
{
	char name[] = "test-output-XXXXXX";
	struct tf_output *o;

	*fd = mkstemp(name);
	CU_ASSERT_FATAL(*fd >= 0);
	unlink(name);
	o = tf_output_new(format, *fd, options);
	CU_ASSERT_PTR_NOT_NULL_FATAL(o);
	return o;
}

/* Close O and keep what it wrote. */
static const char *
close_writer(struct tf_output *o, int fd)
{
	off_t size;

	CU_ASSERT_EQUAL(tf_output_close(o), 0);
	size = lseek(fd, 0, SEEK_END);
	free(written);
	written = calloc(1, (size_t)size + 1);
	CU_ASSERT_PTR_NOT_NULL_FATAL(written);
	CU_ASSERT_EQUAL(pread(fd, written, (size_t)size, 0), size);
	close(fd);
	return written;
}

static struct tf_output_options
defaults(void)
{
	struct tf_output_options options;

	tf_output_options_init(&options);
	options.version = "1.0";
	return options;
}

static void
send_transition(struct tf_output *o, struct tf_transition t)
{
	tf_output_event(o, &(struct tf_event){.kind = TF_EV_TRANSITION, .transition = &t});
}

static void
send_finding(struct tf_output *o, struct tf_finding f)
{
	tf_output_event(o, &(struct tf_event){.kind = TF_EV_FINDING, .finding = &f});
}

static void
send_record(struct tf_output *o, struct tf_connection_record r)
{
	tf_output_event(o, &(struct tf_event){.kind = TF_EV_CONNECTION, .connection = &r});
}

/* ---- events ----------------------------------------------------------------------------- */

/* Closed by the client only: FIN-WAIT-2 against CLOSE-WAIT. */
static struct tf_connection_record
half_closed(uint64_t conn)
{
	static const struct tf_anomaly_count counts[] = {{TF_A_STUCK_FIN_WAIT_2, 1},
	                                                 {TF_A_STUCK_CLOSE_WAIT, 1}};

	return (struct tf_connection_record){
	    .conn = conn,
	    .first_ts_ns = T0 + 123000,
	    .last_ts_ns = T0 + 2 * S,
	    .ip_version = 4,
	    .end = {{
	                .addr = ipv4(10, 9, 0, 1),
	                .port = 40000,
	                .state = TF_FIN_WAIT_2,
	                .possible = TF_STATES(TF_FIN_WAIT_2),
	                .history_count = 5,
	                .history = {TF_CLOSED, TF_SYN_SENT, TF_ESTABLISHED, TF_FIN_WAIT_1, TF_FIN_WAIT_2},
	                .isn_known = true,
	                .isn = {4294967295u},
	                .packets = 5,
	                .bytes = 78,
	                .bytes_on_wire = 412,
	                .mss = 1460,
	                .wscale = 7,
	                .sack = 1,
	                .timestamps = 1,
	            },
	            {
	                .addr = ipv4(10, 9, 0, 2),
	                .port = 80,
	                .state = TF_CLOSE_WAIT,
	                .possible = TF_STATES(TF_CLOSE_WAIT) | TF_STATES(TF_LAST_ACK),
	                .history_count = 4,
	                .history = {TF_LISTEN, TF_SYN_RECEIVED, TF_ESTABLISHED, TF_CLOSE_WAIT},
	                .packets = 4,
	                .bytes = 1204,
	                .bytes_on_wire = 1500,
	                .retransmitted = 1,
	                .out_of_order = 2,
	                .duplicate_acks = 3,
	                .zero_windows = 4,
	                .keepalives = 5,
	                .mss = -1,
	                .wscale = -1,
	                .sack = 0,
	                .timestamps = -1,
	            }},
	    .roles = TF_ROLES_SYN,
	    .close = TF_CLOSE_OPEN,
	    .zeek_state = TF_ZEEK_S2,
	    .letters = "ShADadF",
	    .handshake_rtt_ns = 123000,
	    .anomaly_count = 2,
	    .anomalies = counts,
	};
}

/* Opened and closed as it should be. */
static struct tf_connection_record
healthy(uint64_t conn)
{
	struct tf_connection_record r = half_closed(conn);

	for (unsigned e = 0; e < 2; e++) {
		r.end[e].state = TF_CLOSED;
		r.end[e].possible = TF_STATES(TF_CLOSED);
	}
	r.close = TF_CLOSE_FIN;
	r.anomaly_count = 0;
	return r;
}

static struct tf_finding
stuck(uint64_t conn, enum tf_endpoint e)
{
	return (struct tf_finding){
	    .ts_ns = T0 + 61 * S + 200 * 1000000,
	    .packet = 9,
	    .conn = conn,
	    .endpoint = e,
	    .id = e == TF_CLIENT ? TF_A_STUCK_FIN_WAIT_2 : TF_A_STUCK_CLOSE_WAIT,
	    .severity = TF_WARNING,
	    .packet_count = 2,
	    .packets = {8, 9},
	    .detail_count = 3,
	    .detail = {{"for", TF_D_DURATION, {.ns = 61 * S + 200 * 1000000}},
	               {"fin_packet", TF_D_PACKET, {.count = 8}},
	               {"ack_packet", TF_D_PACKET, {.count = 9}}},
	};
}

/* The same as half_closed(), but then the server closes, in packet 10. */
static struct tf_connection_record
closed_late(uint64_t conn)
{
	struct tf_connection_record r = half_closed(conn);
	struct tf_ending ending = {
	    .id = TF_A_STUCK_FIN_WAIT_2,
	    .endpoint = TF_CLIENT,
	    .kind = TF_ENDED_CLOSED,
	    .by = TF_SERVER,
	    .after_ns = 72 * S + 500 * 1000000,
	    .packet = 10,
	};

	r.ending_count = 2;
	r.endings[0] = ending;
	ending.id = TF_A_STUCK_CLOSE_WAIT;
	ending.endpoint = TF_SERVER;
	r.endings[1] = ending;
	return r;
}

static struct tf_summary
summary_of_two(void)
{
	static const struct tf_skipped skipped[] = {
	    {"arp", 2, "ARP"}, {"udp", 0, "UDP"}, {"malformed", 1, NULL}};
	struct tf_summary s = {
	    .packets = 14,
	    .tcp_segments = 11,
	    .connections = 2,
	    .dropped_by_kernel = 0,
	    .skipped = skipped,
	    .skipped_count = 3,
	    .first_ts_ns = T0 + 123000,
	    .last_ts_ns = T0 + 2 * S,
	};

	s.anomalies[TF_A_STUCK_FIN_WAIT_2] = 1;
	s.anomalies[TF_A_STUCK_CLOSE_WAIT] = 1;
	return s;
}

/* ---- words ------------------------------------------------------------------------------ */

static void
numbers(void)
{
	struct tf_buf b;

	tf_buf_init(&b, -1);
	tf_put_u64(&b, 0);
	tf_put_char(&b, ' ');
	tf_put_u64(&b, 7);
	tf_put_char(&b, ' ');
	tf_put_u64(&b, 10);
	tf_put_char(&b, ' ');
	tf_put_u64(&b, 123);
	tf_put_char(&b, ' ');
	tf_put_u64(&b, UINT64_MAX);
	EXPECT(text_of(&b), "0 7 10 123 18446744073709551615");
	tf_put_grouped(&b, 0);
	tf_put_char(&b, ' ');
	tf_put_grouped(&b, 999);
	tf_put_char(&b, ' ');
	tf_put_grouped(&b, 1234567);
	EXPECT(text_of(&b), "0 999 1,234,567");
	tf_put_hex(&b, 0, 4);
	tf_put_hex(&b, 0xdeadbeef, 2);
	EXPECT(text_of(&b), "0x00000xdeadbeef");
	tf_put_ratio(&b, 0.05, 6);
	tf_put_char(&b, ' ');
	tf_put_ratio(&b, 1.0 / 3, 6);
	tf_put_char(&b, ' ');
	tf_put_ratio(&b, 0.0 / 1, 6);
	tf_put_char(&b, ' ');
	tf_put_ratio(&b, 1e300, 6);
	EXPECT(text_of(&b), "0.05 0.333333 0.0 0.0");
	tf_buf_fini(&b);
}

/* The C library's printf is asked at each change of length, beside it, and at numbers of all sizes in between. */
static void
numbers_as_printf_writes_them(void)
{
	uint64_t power = 1, any = 88172645463325252;
	char wanted[64];
	struct tf_buf b;

	tf_buf_init(&b, -1);
	for (unsigned i = 0; i < 20000; i++) {
		uint64_t v = i < 60 ? power + i % 3 - 1 : any >> any % 64;

		power *= i < 57 && i % 3 == 2 ? 10 : 1;
		any ^= any << 13;
		any ^= any >> 7;
		any ^= any << 17;
		tf_put_u64(&b, v);
		snprintf(wanted, sizeof wanted, "%" PRIu64, v);
		EXPECT(text_of(&b), wanted);
		tf_put_seconds_fixed(&b, (int64_t)(v >> 1), i % 10);
		snprintf(wanted, sizeof wanted, "%" PRIu64 ".%09u", (v >> 1) / S, (unsigned)((v >> 1) % S));
		wanted[strlen(wanted) - (i % 10 == 0 ? 10 : 9 - i % 10)] = '\0';
		EXPECT(text_of(&b), wanted);
	}
	tf_buf_fini(&b);
}

static void
seconds(void)
{
	struct tf_buf b;

	tf_buf_init(&b, -1);
	tf_put_seconds_fixed(&b, T0 + 123456, 6);
	tf_put_char(&b, ' ');
	tf_put_seconds_fixed(&b, T0 + 123456, 9);
	tf_put_char(&b, ' ');
	tf_put_seconds_fixed(&b, INT64_C(1234567890123456789), 9);
	tf_put_char(&b, ' ');
	tf_put_seconds_fixed(&b, -500000000, 6);
	EXPECT(text_of(&b), "1700000000.000123 1700000000.000123456 1234567890.123456789 -0.500000");
	tf_put_seconds(&b, 123000);
	tf_put_char(&b, ' ');
	tf_put_seconds(&b, 60 * S);
	tf_put_char(&b, ' ');
	tf_put_seconds(&b, 1);
	EXPECT(text_of(&b), "0.000123 60.0 0.000000001");
	tf_buf_fini(&b);
}

/* The days were checked with date(1). */
static void
dates(void)
{
	struct tf_buf b;

	tf_buf_init(&b, -1);
	tf_put_utc(&b, T0 + 123000, 6);
	EXPECT(text_of(&b), "2023-11-14 22:13:20.000123");
	tf_put_utc(&b, 0, 0);
	EXPECT(text_of(&b), "1970-01-01 00:00:00");
	tf_put_utc(&b, INT64_C(951782400) * S, 0);
	EXPECT(text_of(&b), "2000-02-29 00:00:00");
	tf_put_utc(&b, INT64_C(4107542400) * S - 1, 9);
	EXPECT(text_of(&b), "2100-02-28 23:59:59.999999999");
	tf_put_utc(&b, INT64_C(4107542400) * S, 0);
	EXPECT(text_of(&b), "2100-03-01 00:00:00");
	tf_put_utc(&b, -1, 6);
	EXPECT(text_of(&b), "1969-12-31 23:59:59.999999");
	tf_buf_fini(&b);
}

static void
durations(void)
{
	static const struct {
		int64_t ns;
		const char *text;
	} cases[] = {
	    {0, "0 s"},
	    {999, "999 ns"},
	    {1500, "1.5 us"},
	    {123456, "123 us"},
	    {12345678, "12.3 ms"},
	    {999600000, "1 s"},
	    {61200000000, "61.2 s"},
	    {127 * S, "127 s"},
	    {725 * S, "12 min 5 s"},
	    {7500 * S, "2 h 5 min"},
	    {7200 * S, "2 h"},
	    {76 * 3600 * S, "3 d 4 h"},
	    {-2 * S, "-2 s"},
	};
	struct tf_buf b;

	tf_buf_init(&b, -1);
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		tf_put_duration(&b, cases[i].ns);
		EXPECT(text_of(&b), cases[i].text);
	}
	tf_put_size(&b, 999);
	tf_put_size(&b, 1204);
	tf_put_size(&b, 1234567890);
	EXPECT(text_of(&b), "999 B1.2 kB1.2 GB");
	tf_buf_fini(&b);
}

/* The examples of RFC 5952 sections 4 and 5. */
static void
addresses(void)
{
	struct {
		struct tf_addr addr;
		const char *text;
	} cases[] = {
	    {IPV6(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1), "2001:db8::1"},
	    {IPV6(0x2001, 0xdb8, 0, 0, 0, 0, 2, 1), "2001:db8::2:1"},
	    {IPV6(0x2001, 0xdb8, 0, 1, 1, 1, 1, 1), "2001:db8:0:1:1:1:1:1"},
	    {IPV6(0x2001, 0, 0, 1, 0, 0, 0, 1), "2001:0:0:1::1"},
	    {IPV6(0x2001, 0xdb8, 0, 0, 1, 0, 0, 1), "2001:db8::1:0:0:1"},
	    {IPV6(0, 0, 0, 0, 0, 0, 0, 0), "::"},
	    {IPV6(0, 0, 0, 0, 0, 0, 0, 1), "::1"},
	    {IPV6(0xfe80, 0, 0, 0, 0, 0, 0, 0), "fe80::"},
	    {IPV6(0x2001, 0xdb8, 0xaaaa, 0xbbbb, 0xcccc, 0xdddd, 0xeeee, 0xf),
	     "2001:db8:aaaa:bbbb:cccc:dddd:eeee:f"},
	    {ipv4(192, 0, 2, 105), "192.0.2.105"},
	    {ipv4(255, 255, 255, 255), "255.255.255.255"},
	    {ipv4(0, 0, 0, 0), "0.0.0.0"},
	};
	struct tf_buf b;

	tf_buf_init(&b, -1);
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		tf_put_addr(&b, &cases[i].addr);
		EXPECT(text_of(&b), cases[i].text);
	}
	tf_put_addr_port(&b, &cases[0].addr, 80);
	tf_put_addr_port(&b, &cases[9].addr, 65535);
	EXPECT(text_of(&b), "[2001:db8::1]:80192.0.2.105:65535");
	tf_buf_fini(&b);
}

static void
octets_of_addresses(void)
{
	char wanted[32];
	struct tf_buf b;

	tf_buf_init(&b, -1);
	for (unsigned i = 0; i < 256; i++) {
		uint8_t a = (uint8_t)i, z = (uint8_t)(i * 7);
		struct tf_addr addr = ipv4(a, z, (uint8_t)(255 - i), a);

		tf_put_addr(&b, &addr);
		snprintf(wanted, sizeof wanted, "%u.%u.%u.%u", a, z, 255 - i, a);
		EXPECT(text_of(&b), wanted);
	}
	tf_buf_fini(&b);
}

/* Each character of ASCII, at each place of words of each length up to three times sixteen. */
static void
json_strings_of_all_lengths(void)
{
	char word[49], wanted[64];
	struct tf_buf b;

	tf_buf_init(&b, -1);
	for (unsigned n = 1; n < sizeof word; n++)
		for (unsigned at = 0; at < n; at++)
			for (char c = 1; c > 0; c = (char)(c == 0x7f ? 0 : c + 1)) {
				bool named = c == '"' || c == '\\' || c == '\n' || c == '\t';
				char in_hex = c == '\n' ? 'n' : c == '\t' ? 't' : c;

				memset(word, '~', n);
				word[n] = '\0';
				word[at] = c;
				snprintf(wanted, sizeof wanted,
				         named                  ? "\"%.*s\\%c%s\""
				         : c < ' ' || c == 0x7f ? "\"%.*s\\u%04x%s\""
				                                : "\"%.*s%c%s\"",
				         (int)at, word, in_hex, word + at + 1);
				tf_put_json_string(&b, word);
				EXPECT(text_of(&b), wanted);
			}
	tf_buf_fini(&b);
}

static void
json_strings(void)
{
	struct tf_buf b;

	tf_buf_init(&b, -1);
	tf_put_json_string(&b, "a\"b\\c\n\t\x01\x7f/");
	EXPECT(text_of(&b), "\"a\\\"b\\\\c\\n\\t\\u0001\\u007f/\"");
	tf_put_json_string(&b, "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\x9f");
	EXPECT(text_of(&b), "\"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\x9f\"");
	/* A lone continuation octet, an overlong slash, half a surrogate pair, a sequence that ends too early. */
	tf_put_json_string(&b, "\x80");
	EXPECT(text_of(&b), "\"\xef\xbf\xbd\"");
	tf_put_json_string(&b, "\xc0\xaf");
	EXPECT(text_of(&b), "\"\xef\xbf\xbd\xef\xbf\xbd\"");
	tf_put_json_string(&b, "\xed\xa0\x80");
	EXPECT(text_of(&b), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
	tf_put_json_string(&b, "\xe2\x82");
	EXPECT(text_of(&b), "\"\xef\xbf\xbd\xef\xbf\xbd\"");
	tf_put_json_string(&b, NULL);
	EXPECT(text_of(&b), "null");
	tf_buf_fini(&b);
}

/* RFC 4648 section 10. */
static void
base64(void)
{
	static const char *const wanted[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
	struct tf_buf b;

	tf_buf_init(&b, -1);
	for (unsigned n = 0; n <= 6; n++) {
		tf_put_base64(&b, (const uint8_t *)"foobar", n);
		EXPECT(text_of(&b), wanted[n]);
	}
	tf_buf_fini(&b);
}

static void
expect_sha1(const char *message, size_t repeat, const char *wanted)
{
	size_t n = strlen(message);
	uint8_t digest[TF_SHA1_SIZE];
	char *all = malloc(n * repeat + 1), hex[2 * TF_SHA1_SIZE + 1];

	CU_ASSERT_PTR_NOT_NULL_FATAL(all);
	for (size_t i = 0; i < repeat; i++)
		memcpy(all + i * n, message, n);
	for (unsigned plainly = 0; plainly <= 1; plainly++) {
		(plainly ? tf_sha1_plainly : tf_sha1)(all, n * repeat, digest);
		for (unsigned i = 0; i < TF_SHA1_SIZE; i++)
			snprintf(hex + 2 * i, 3, "%02x", digest[i]);
		EXPECT(hex, wanted);
	}
	free(all);
}

/* RFC 3174 section 7.3, and FIPS 180's digest of nothing. */
static void
sha1_vectors(void)
{
	expect_sha1("abc", 1, "a9993e364706816aba3e25717850c26c9cd0d89d");
	expect_sha1("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
	            "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
	expect_sha1("a", 1000000, "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
	expect_sha1("0123456701234567012345670123456701234567012345670123456701234567", 10,
	            "dea356a2cddd90c7a7ecedc5ebb563934f460452");
	expect_sha1("", 1, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

/* The example published with the specification. */
static void
community_id(void)
{
	struct tf_addr a = ipv4(128, 232, 110, 120), z = ipv4(66, 35, 250, 204);
	struct tf_buf b;

	tf_buf_init(&b, -1);
	tf_put_community_id(&b, 0, &a, 34855, &z, 80);
	EXPECT(text_of(&b), "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
	tf_put_community_id(&b, 0, &z, 80, &a, 34855);
	EXPECT(text_of(&b), "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
	tf_put_community_id(&b, 1, &a, 34855, &z, 80);
	EXPECT(text_of(&b), "1:3V71V58M3Ksw/yuFALMcW0LAHvc=");
	tf_buf_fini(&b);
}

static void
messages(void)
{
	struct tf_finding f = stuck(1, TF_SERVER);
	struct tf_buf b;
	const char *text;

	tf_buf_init(&b, -1);
	tf_put_message(&b, &f);
	text = text_of(&b);
	CU_ASSERT(text[0] == 'T');
	EXPECT_WITHIN(text, "the server");
	EXPECT_WITHIN(text, "61.2 s");
	EXPECT_ABSENT(text, "{");
	EXPECT_ABSENT(text, "?");
	f.detail_count = 0;
	tf_put_message(&b, &f);
	EXPECT_WITHIN(text_of(&b), "?");
	tf_buf_fini(&b);
}

/* An address remains as it is where it begins the sentence (RFC 5952 section 4.3: in lower case). */
static void
message_begins_with_an_address(void)
{
	struct tf_addr router = IPV6(0xfd60, 0, 0, 0, 0, 0, 0, 1);
	struct tf_finding f = {
	    .id = TF_A_UNREACHABLE, .detail = {{"router", TF_D_ADDR, {.addr = router}}}, .detail_count = 1};
	struct tf_buf b;

	tf_buf_init(&b, -1);
	tf_put_message(&b, &f);
	CU_ASSERT_EQUAL(strncmp(text_of(&b), "fd60::1 answered", 16), 0);
	tf_buf_fini(&b);
}

static void
details_as_json(void)
{
	const struct tf_detail details[] = {
	    {"n", TF_D_COUNT, {.count = 1234567}},
	    {"n", TF_D_SEQ, {.count = 4294967295}},
	    {"n", TF_D_DURATION, {.ns = 61200000000}},
	    {"n", TF_D_TIME, {.ns = T0 + 5000}},
	    {"n", TF_D_RATIO, {.ratio = 0.0525}},
	    {"n", TF_D_STATE, {.count = TF_LAST_ACK}},
	    {"n", TF_D_TEXT, {.text = "TTL"}},
	    {"n", TF_D_BOOL, {.count = 1}},
	    {"n", TF_D_ADDR, {.addr = ipv4(10, 0, 0, 1)}},
	};
	static const char *const json[] = {"1234567",           "4294967295", "61.2",
	                                   "1700000000.000005", "0.0525",     "\"LAST-ACK\"",
	                                   "\"TTL\"",           "true",       "\"10.0.0.1\""};
	static const char *const text[] = {
	    "1,234,567", "4294967295", "61.2 s",  "2023-11-14 22:13:20.000005 UTC", "5.3 %", "LAST-ACK",
	    "TTL",       "yes",        "10.0.0.1"};
	struct tf_buf b;

	tf_buf_init(&b, -1);
	for (unsigned i = 0; i < sizeof details / sizeof *details; i++) {
		tf_put_detail_json(&b, &details[i], 6);
		EXPECT(text_of(&b), json[i]);
		tf_put_detail(&b, &details[i]);
		EXPECT(text_of(&b), text[i]);
	}
	tf_buf_fini(&b);
}

/* ---- json ------------------------------------------------------------------------------- */

static void
json_capture(void)
{
	struct tf_output_options options = defaults();
	int fd;
	struct tf_output *o = open_writer("json", &options, &fd);

	tf_output_capture(o, &(struct tf_capture_info){"a.pcap", "EN10MB", 262144, false, 0});
	tf_output_capture(o, &(struct tf_capture_info){"b\n.pcap", NULL, 0, true, 0});
	EXPECT(close_writer(o, fd),
	       "{\"type\":\"capture\",\"source\":\"a.pcap\",\"linktype\":\"EN10MB\",\"snaplen\":262144,"
	       "\"resolution\":\"us\",\"version\":\"1.0\"}\n"
	       "{\"type\":\"capture\",\"source\":\"b\\n.pcap\",\"linktype\":null,\"snaplen\":null,"
	       "\"resolution\":\"ns\",\"version\":\"1.0\"}\n");
}

static const struct tf_transition client_established = {
    .ts_ns = T0 + 123000,
    .packet = 3,
    .conn = 1,
    .endpoint = TF_CLIENT,
    .from = TF_SYN_SENT,
    .to = TF_ESTABLISHED,
    .basis = TF_OBSERVED,
    .rule = "ack-syn-ack",
    .event = "snd ACK of SYN,ACK",
    .reference = "RFC 9293 section 3.10.7.3",
    .possible = TF_STATES(TF_ESTABLISHED) | TF_STATES(TF_FIN_WAIT_1),
};

/* The line of the contract's example, with a set of two. */
static void
json_transition(void)
{
	struct tf_output_options options = defaults();
	struct tf_transition deadline = client_established;
	int fd;
	struct tf_output *o = open_writer("json", &options, &fd);

	send_transition(o, client_established);
	deadline.packet = 0;
	deadline.from = TF_TIME_WAIT;
	deadline.to = TF_CLOSED;
	deadline.basis = TF_TIMER_RAN;
	deadline.possible = TF_STATES(TF_CLOSED);
	tf_output_capture(o, &(struct tf_capture_info){"x", NULL, 0, true, 0});
	send_transition(o, deadline);
	close_writer(o, fd);
	EXPECT_WITHIN(
	    written,
	    "{\"type\":\"transition\",\"ts\":1700000000.000123,\"packet\":3,\"conn\":1,\"endpoint\":"
	    "\"client\","
	    "\"from\":\"SYN-SENT\",\"to\":\"ESTABLISHED\",\"basis\":\"observed\",\"rule\":\"ack-syn-ack\","
	    "\"event\":\"snd ACK of SYN,ACK\",\"reference\":\"RFC 9293 section 3.10.7.3\","
	    "\"possible\":[\"ESTABLISHED\",\"FIN-WAIT-1\"]}\n");
	EXPECT_WITHIN(
	    written, "{\"type\":\"transition\",\"ts\":1700000000.000123000,\"packet\":null,\"conn\":1,"
	             "\"endpoint\":\"client\",\"from\":\"TIME-WAIT\",\"to\":\"CLOSED\",\"basis\":\"timer\",");
}

/* A writer remembers what it wrote: each of many transitions must come out as from a writer that wrote nothing yet. */
static void
json_transitions_each_for_itself(void)
{
	enum { COUNT = 1200 };
	struct tf_output_options options = defaults();
	struct tf_output *all = tf_output_new("json", -1, &options);
	size_t at = 0, size, one_size;

	for (unsigned i = 0; i < COUNT; i++) {
		struct tf_transition t = client_established;
		struct tf_output *one = tf_output_new("json", -1, &options);
		const char *text, *one_text;

		/* Neighbours differ in one text at first; later the same transitions come again, and differ in no text. */
		unsigned kind = i / 6 % 100, text_of_six = i < COUNT / 2 ? i % 6 : 1;
		t.ts_ns = (i % 77 == 0 ? -T0 : T0) + i / 6 * (S / 10);
		t.packet = i / 3 % 5;
		t.conn = 1 + i / 2 % 2;
		t.endpoint = kind % 2;
		t.from = kind / 2 % TF_STATE_COUNT;
		t.to = kind / 3 % TF_STATE_COUNT;
		t.basis = kind % (TF_RETRACTED + 1);
		t.rule = text_of_six == 0 ? "open" : t.rule;
		t.event = text_of_six == 2 ? "rcv \"SYN\"" : t.event;
		t.reference = text_of_six == 4 ? "RFC 9293" : t.reference;
		t.possible = (tf_states)(kind * 17 % (1u << TF_STATE_COUNT));
		send_transition(all, t);
		send_transition(one, t);
		text = tf_output_text(all, &size);
		one_text = tf_output_text(one, &one_size);
		CU_ASSERT_EQUAL_FATAL(size - at, one_size);
		CU_ASSERT(memcmp(text + at, one_text, one_size) == 0);
		at = size;
		CU_ASSERT_EQUAL(tf_output_close(one), 0);
	}
	CU_ASSERT_EQUAL(tf_output_close(all), 0);
}

static void
json_possible(void)
{
	struct tf_output_options options = defaults();
	struct tf_possible p = {
	    .ts_ns = T0,
	    .packet = 7,
	    .conn = 2,
	    .endpoint = TF_SERVER,
	    .state = TF_LAST_ACK,
	    .possible = TF_STATES(TF_LAST_ACK) | TF_STATES(TF_CLOSED),
	};
	int fd;
	struct tf_output *o = open_writer("json", &options, &fd);

	tf_output_event(o, &(struct tf_event){.kind = TF_EV_POSSIBLE, .possible = &p});
	EXPECT(
	    close_writer(o, fd),
	    "{\"type\":\"possible\",\"ts\":1700000000.000000,\"packet\":7,\"conn\":2,\"endpoint\":\"server\","
	    "\"state\":\"LAST-ACK\",\"possible\":[\"CLOSED\",\"LAST-ACK\"]}\n");
}

static void
json_anomaly(void)
{
	struct tf_output_options options = defaults();
	struct tf_finding f = stuck(1, TF_CLIENT);
	int fd;
	struct tf_output *o = open_writer("json", &options, &fd);

	send_finding(o, f);
	close_writer(o, fd);
	EXPECT_WITHIN(
	    written,
	    "{\"type\":\"anomaly\",\"ts\":1700000061.200000,\"packet\":9,\"conn\":1,\"endpoint\":\"client\","
	    "\"id\":\"stuck-fin-wait-2\",\"severity\":\"warning\",\"packets\":[8,9],\"message\":\"The "
	    "client ");
	EXPECT_WITHIN(written,
	              "\"details\":{\"for\":61.2,\"fin_packet\":8,\"ack_packet\":9},\"subject\":null}\n");
}

/* A finding about a service: conn and endpoint are null, details.conns names the connections. */
static void
json_anomaly_of_a_service(void)
{
	static const uint64_t conns[] = {3, 4, 9};
	struct tf_output_options options = defaults();
	struct tf_finding f = stuck(0, TF_CLIENT);
	int fd;
	struct tf_output *o = open_writer("json", &options, &fd);

	f.endpoint = TF_NEITHER;
	f.id = TF_A_CLOSE_WAIT_LEAK;
	f.subject = "10.9.0.2:80";
	f.conn_count = 3;
	f.conns = conns;
	f.detail_count = 0;
	send_finding(o, f);
	close_writer(o, fd);
	EXPECT_WITHIN(written, "\"packet\":9,\"conn\":null,\"endpoint\":null,\"id\":\"close-wait-leak\"");
	EXPECT_WITHIN(written, "\"details\":{\"conns\":[3,4,9]},\"subject\":\"10.9.0.2:80\"}\n");
}

/* Every value as long as it can be. */
static struct tf_connection_record
longest_record(void)
{
	static const struct tf_anomaly_count all[TF_ANOMALY_COUNT];
	struct tf_connection_record r = half_closed(UINT64_MAX);

	r.first_ts_ns = r.last_ts_ns = INT64_MIN + 1;
	for (unsigned i = 0; i < 2; i++) {
		struct tf_end_record *e = &r.end[i];

		*e = (struct tf_end_record){
		    .addr = IPV6(0x2001, 0xdb80, 0xaaaa, 0xbbbb, 0xcccc, 0xdddd, 0xeeee, 0xffff),
		    .port = UINT16_MAX,
		    .state = TF_SYN_RECEIVED,
		    .possible = (1u << TF_STATE_COUNT) - 1,
		    .history_count = TF_MAX_HISTORY,
		    .isn_known = true,
		    .isn = {UINT32_MAX},
		    .packets = UINT64_MAX,
		    .bytes = UINT64_MAX,
		    .bytes_on_wire = UINT64_MAX,
		    .retransmitted = UINT64_MAX,
		    .out_of_order = UINT64_MAX,
		    .duplicate_acks = UINT64_MAX,
		    .zero_windows = UINT64_MAX,
		    .keepalives = UINT64_MAX,
		    .mss = INT32_MAX,
		    .wscale = INT32_MAX,
		};
		memset(e->history, TF_SYN_RECEIVED, sizeof e->history);
	}
	r.handshake_rtt_ns = INT64_MAX;
	memset(r.letters, 'D', TF_MAX_LETTERS);
	r.anomaly_count = TF_ANOMALY_COUNT;
	r.anomalies = all;
	return r;
}

/* It has room: the writer asserts that, and the sanitizers see what it writes beyond. */
static void
json_longest_connection(void)
{
	struct tf_output_options options = defaults();
	int fd;
	struct tf_output *o = open_writer("json", &options, &fd);

	for (unsigned i = 0; i < 100; i++)
		send_record(o, longest_record());
	close_writer(o, fd);
	EXPECT_WITHIN(written,
	              "{\"type\":\"connection\",\"conn\":18446744073709551615,"
	              "\"first_ts\":-9223372036.854775,\"last_ts\":-9223372036.854775,"
	              "\"client\":{\"addr\":\"2001:db80:aaaa:bbbb:cccc:dddd:eeee:ffff\",\"port\":65535,");
	EXPECT_WITHIN(written,
	              "\"isn\":4294967295,\"packets\":18446744073709551615,"
	              "\"bytes\":18446744073709551615,\"bytes_on_wire\":18446744073709551615,"
	              "\"retransmitted\":18446744073709551615,\"out_of_order\":18446744073709551615,"
	              "\"duplicate_acks\":18446744073709551615,\"zero_windows\":18446744073709551615,"
	              "\"keepalives\":18446744073709551615,\"mss\":2147483647,\"wscale\":2147483647,"
	              "\"sack\":false,\"timestamps\":false},\"server\":{");
	EXPECT_WITHIN(written, "\"handshake_rtt\":9223372036.854775807,\"anomalies\":[");
	EXPECT_WITHIN(written, "\"history_letters\":\"DDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDD\"}\n");
}

static void
json_connection(void)
{
	struct tf_output_options options = defaults();
	int fd;
	struct tf_output *o = open_writer("json", &options, &fd);

	send_record(o, half_closed(1));
	/* Its community_id is that of Python's hashlib for the octets that the specification names. */
	EXPECT(
	    close_writer(o, fd),
	    "{\"type\":\"connection\",\"conn\":1,\"first_ts\":1700000000.000123,\"last_ts\":1700000002."
	    "000000,"
	    "\"client\":{\"addr\":\"10.9.0.1\",\"port\":40000,\"state\":\"FIN-WAIT-2\",\"possible\":[\"FIN-"
	    "WAIT-2\"],"
	    "\"history\":[\"CLOSED\",\"SYN-SENT\",\"ESTABLISHED\",\"FIN-WAIT-1\",\"FIN-WAIT-2\"],"
	    "\"history_truncated\":false,\"isn\":4294967295,\"packets\":5,\"bytes\":78,\"bytes_on_wire\":412,"
	    "\"retransmitted\":0,\"out_of_order\":0,\"duplicate_acks\":0,\"zero_windows\":0,\"keepalives\":0,"
	    "\"mss\":1460,"
	    "\"wscale\":7,\"sack\":true,\"timestamps\":true},"
	    "\"server\":{\"addr\":\"10.9.0.2\",\"port\":80,\"state\":\"CLOSE-WAIT\","
	    "\"possible\":[\"CLOSE-WAIT\",\"LAST-ACK\"],"
	    "\"history\":[\"LISTEN\",\"SYN-RECEIVED\",\"ESTABLISHED\",\"CLOSE-WAIT\"],"
	    "\"history_truncated\":false,\"isn\":null,\"packets\":4,\"bytes\":1204,\"bytes_on_wire\":1500,"
	    "\"retransmitted\":1,\"out_of_order\":2,\"duplicate_acks\":3,\"zero_windows\":4,\"keepalives\":5,"
	    "\"mss\":null,"
	    "\"wscale\":null,\"sack\":false,\"timestamps\":null},"
	    "\"roles\":\"syn\",\"close\":\"open\",\"handshake_rtt\":0.000123,"
	    "\"anomalies\":[\"stuck-fin-wait-2\",\"stuck-close-wait\"],"
	    "\"anomaly_counts\":{\"stuck-fin-wait-2\":1,\"stuck-close-wait\":1},"
	    "\"community_id\":\"1:yUNan987qPsvRrWYa25qTp6TpaA=\",\"evicted\":false,"
	    "\"zeek_state\":\"S2\",\"history_letters\":\"ShADadF\"}\n");
}

static void
json_summary(void)
{
	struct tf_output_options options = defaults();
	struct tf_summary s = summary_of_two();
	int fd;
	struct tf_output *o = open_writer("json", &options, &fd);
	struct tf_detail isn = {"samples", TF_D_COUNT, {.count = 12}};
	struct tf_addr addr = IPV6(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);

	tf_output_host(o, &addr, &isn, 1);
	tf_output_finish(o, &s);
	EXPECT(close_writer(o, fd),
	       "{\"type\":\"host\",\"addr\":\"2001:db8::1\",\"isn\":{\"samples\":12}}\n"
	       "{\"type\":\"summary\",\"packets\":14,\"tcp_segments\":11,\"connections\":2,"
	       "\"anomalies\":{\"stuck-fin-wait-2\":1,\"stuck-close-wait\":1},\"dropped_by_kernel\":0,"
	       "\"skipped\":{\"arp\":2,\"malformed\":1},\"duplicate_frames\":0,\"bad_checksums\":0,"
	       "\"late_segments\":0,\"time_backwards\":0,"
	       "\"evicted\":0,\"first_ts\":1700000000.000123,\"last_ts\":1700000002.000000,\"input_error\":"
	       "null}\n");
}

static void
json_summary_of_nothing(void)
{
	struct tf_output_options options = defaults();
	struct tf_summary s = {.dropped_by_kernel = -1,
	                       .input_error = "a.pcap: cut in the middle of packet 1"};
	int fd;
	struct tf_output *o = open_writer("json", &options, &fd);

	tf_output_finish(o, &s);
	close_writer(o, fd);
	EXPECT_WITHIN(written, "\"anomalies\":{},\"dropped_by_kernel\":null,\"skipped\":{},");
	EXPECT_WITHIN(written, "\"first_ts\":null,\"last_ts\":null,"
	                       "\"input_error\":\"a.pcap: cut in the middle of packet 1\"}\n");
}

/* ---- text ------------------------------------------------------------------------------- */

/* Each line of WRITTEN, escape sequences left out, fits into WIDTH columns. */
static void
expect_width(size_t width)
{
	for (const char *p = written, *end; (end = strchr(p, '\n')) != NULL; p = end + 1) {
		if ((size_t)(end - p) > width)
			printf("# too long: %.*s\n", (int)(end - p), p);
		CU_ASSERT((size_t)(end - p) <= width);
	}
}

static unsigned
count_of(const char *text, const char *part)
{
	unsigned count = 0;

	while ((text = strstr(text, part)) != NULL) {
		count++;
		text += strlen(part);
	}
	return count;
}

static void
text_of_a_healthy_capture(void)
{
	struct tf_output_options options = defaults();
	struct tf_summary s = {
	    .packets = 9,
	    .tcp_segments = 9,
	    .connections = 1,
	    .first_ts_ns = T0,
	    .last_ts_ns = T0 + 2 * S,
	};
	int fd;
	struct tf_output *o = open_writer("text", &options, &fd);

	send_record(o, healthy(1));
	tf_output_finish(o, &s);
	EXPECT(close_writer(o, fd),
	       "#1  10.9.0.1:40000 -> 10.9.0.2:80  2 s  9 packets  78 B out, 1.2 kB back  CLOSED / CLOSED\n"
	       "\n"
	       "Summary\n"
	       "  9 packets, 9 TCP segments, 1 connection in 2 s, from 2023-11-14 22:13:20 to 22:13:22 UTC\n"
	       "  Last states, client / server:\n"
	       "           1  CLOSED / CLOSED\n"
	       "  Findings: none\n"
	       "  The capture: nothing shows that anything is missing.\n");
}

static void
text_quiet(void)
{
	struct tf_output_options options = defaults();
	struct tf_summary s = summary_of_two();
	int fd;
	struct tf_output *o;

	options.quiet = true;
	o = open_writer("text", &options, &fd);
	send_record(o, healthy(1));
	send_finding(o, stuck(2, TF_CLIENT));
	send_record(o, half_closed(2));
	tf_output_finish(o, &s);
	close_writer(o, fd);
	CU_ASSERT_EQUAL(strncmp(written, "#2  ", 4), 0);
	EXPECT_WITHIN(written, "\nSummary\n");
	EXPECT_WITHIN(written, "  Frames left out: 2 ARP; 1 malformed\n");
}

/* Both faces of a connection that is closed on one side only: one sentence, one explanation. */
static void
text_tells_both_faces_at_once(void)
{
	struct tf_output_options options = defaults();
	int fd;
	struct tf_output *o = open_writer("text", &options, &fd);

	send_finding(o, stuck(1, TF_CLIENT));
	send_finding(o, stuck(1, TF_SERVER));
	send_record(o, half_closed(1));
	close_writer(o, fd);
	CU_ASSERT_EQUAL(count_of(written, "warning"), 1);
	CU_ASSERT_EQUAL(count_of(written, "Why it matters:"), 1);
	CU_ASSERT_EQUAL(count_of(written, "Next:"), 1);
	EXPECT_WITHIN(written, "    warning  The client closed in packet 8");
	/* Where the line breaks depends on the catalogue's words. */
	EXPECT_WITHIN(written, "stuck-close-wait and");
	EXPECT_WITHIN(written, "stuck-fin-wait-2]");
	EXPECT_WITHIN(written, "FIN-WAIT-2 / CLOSE-WAIT, open\n");
	expect_width(100);
}

static void
sentences_of_endings(void)
{
	struct tf_ending e = {.by = TF_SERVER, .after_ns = 60 * S, .packet = 41};
	struct tf_buf b;

	tf_buf_init(&b, -1);
	e.kind = TF_ENDED_HEARD;
	tf_put_ending(&b, &e);
	EXPECT(text_of(&b), "The server was heard again after 60 s (packet 41).");
	e.kind = TF_ENDED_OPENED;
	tf_put_ending(&b, &e);
	EXPECT(text_of(&b), "The server opened its window again after 60 s (packet 41).");
	e.kind = TF_ENDED_ACKNOWLEDGED;
	tf_put_ending(&b, &e);
	EXPECT(text_of(&b), "The server acknowledged the FIN after all, after 60 s (packet 41).");
	e.kind = TF_ENDED_CLOSED;
	tf_put_ending(&b, &e);
	EXPECT(text_of(&b), "The server closed after all, after 60 s (packet 41).");
	e.by = TF_CLIENT;
	e.kind = TF_ENDED_ANSWERED;
	tf_put_ending(&b, &e);
	EXPECT(text_of(&b), "The client answered after all, after 60 s (packet 41).");
	e.kind = TF_ENDED_SPOKEN;
	tf_put_ending(&b, &e);
	EXPECT(text_of(&b), "The client broke the silence after 60 s (packet 41).");
	tf_buf_fini(&b);
}

#define CLOSED_LATE "The server closed after all, after 72.5 s (packet 10)."

/* Behind the finding's own sentence, in front of what proves it. */
static void
text_tells_how_it_ended(void)
{
	struct tf_output_options options = defaults();
	int fd;
	struct tf_output *o;

	options.width = 1000;
	o = open_writer("text", &options, &fd);
	send_finding(o, stuck(1, TF_SERVER));
	send_record(o, closed_late(1));
	send_finding(o, stuck(2, TF_CLIENT));
	send_finding(o, stuck(2, TF_SERVER));
	send_record(o, closed_late(2));
	close_writer(o, fd);
	EXPECT_WITHIN(written, ". " CLOSED_LATE " [packets 8 and 9; ");
	EXPECT_WITHIN(written,
	              ". " CLOSED_LATE
	              " [packets 8 and 9; RFC 9293 section 3.6 and section 3.6.1; stuck-close-wait and "
	              "stuck-fin-wait-2, explained at #1]");
	/* Once for both faces. */
	CU_ASSERT_EQUAL(count_of(written, "closed after all"), 2);
}

/* Nothing ended it; or what ended is another finding, or the other end's; or it was told before that was known. */
static void
text_tells_no_other_ending(void)
{
	struct tf_output_options options = defaults();
	struct tf_connection_record other = closed_late(2), other_end = closed_late(3);
	int fd;
	struct tf_output *o = open_writer("text", &options, &fd);

	other.endings[0].id = other.endings[1].id = TF_A_ZERO_WINDOW_STALL;
	other_end.endings[0].endpoint = TF_SERVER;
	other_end.endings[1].endpoint = TF_CLIENT;
	send_finding(o, stuck(1, TF_SERVER));
	send_record(o, half_closed(1));
	send_finding(o, stuck(2, TF_SERVER));
	send_record(o, other);
	send_finding(o, stuck(3, TF_SERVER));
	send_record(o, other_end);
	close_writer(o, fd);
	CU_ASSERT_EQUAL(count_of(written, "FIN-WAIT-2 / CLOSE-WAIT, open"), 3);
	EXPECT_ABSENT(written, "after all");
	options.streaming = true;
	o = open_writer("text", &options, &fd);
	send_finding(o, stuck(1, TF_SERVER));
	send_record(o, closed_late(1));
	close_writer(o, fd);
	EXPECT_WITHIN(written, "stuck-close-wait");
	EXPECT_ABSENT(written, "after all");
}

/* In the row of its finding, whatever rows stand around it. */
static void
markdown_tells_how_it_ended(void)
{
	static const char sentence[] = " The server closed after all, after 72.5 s \\(packet 10\\). |\n";
	struct tf_output_options options = defaults();
	struct tf_summary s = summary_of_two();
	const char *row;
	int fd;
	struct tf_output *o = open_writer("markdown", &options, &fd);

	for (unsigned conn = 1; conn <= 3; conn++)
		send_finding(o, stuck(conn, TF_SERVER));
	send_finding(o, stuck(2, TF_CLIENT));
	send_record(o, half_closed(1));
	send_record(o, closed_late(2));
	send_record(o, closed_late(3));
	send_record(o, closed_late(4));
	tf_output_finish(o, &s);
	close_writer(o, fd);
	row = strstr(written, "| warning | `stuck-close-wait` |");
	CU_ASSERT_PTR_NOT_NULL_FATAL(row);
	for (unsigned at = 0; at < 4; at++) {
		const char *end = strchr(row, '\n'), *told = strstr(row, sentence);
		bool is_told = told != NULL && told < end;

		CU_ASSERT_PTR_NOT_NULL_FATAL(end);
		CU_ASSERT_EQUAL(strncmp(row, "| warning | `stuck-", 19), 0);
		CU_ASSERT_EQUAL(is_told, at > 0);
		row = end + 1;
	}
	CU_ASSERT_EQUAL(count_of(written, "closed after all"), 3);
}

/* The page's script puts it to its finding: kind, connection, end, sentence. */
static void
html_tells_how_it_ended(void)
{
	struct tf_output_options options = defaults();
	struct tf_summary s = summary_of_two();
	char wanted[128];
	int fd;
	struct tf_output *o = open_writer("html", &options, &fd);

	send_finding(o, stuck(1, TF_SERVER));
	send_record(o, closed_late(1));
	send_finding(o, stuck(2, TF_SERVER));
	send_record(o, half_closed(2));
	tf_output_finish(o, &s);
	close_writer(o, fd);
	snprintf(wanted, sizeof wanted, "\n[\"e\",%d,1,%d,\"" CLOSED_LATE "\"],\n", TF_A_STUCK_CLOSE_WAIT,
	         TF_SERVER);
	EXPECT_WITHIN(written, wanted);
	CU_ASSERT_EQUAL(count_of(written, "\n[\"e\","), 2);
}

/* The second finding of a kind says where the first one was explained. */
static void
text_explains_once(void)
{
	struct tf_output_options options = defaults();
	int fd;
	struct tf_output *o;

	options.width = 120;
	o = open_writer("text", &options, &fd);
	for (unsigned conn = 7; conn <= 8; conn++) {
		send_finding(o, stuck(conn, TF_SERVER));
		send_record(o, half_closed(conn));
	}
	close_writer(o, fd);
	CU_ASSERT_EQUAL(count_of(written, "Why it matters:"), 1);
	CU_ASSERT_EQUAL(count_of(written, "explained at #7]"), 1);
	expect_width(120);
}

/* What follows the record, and what is about a service, stands alone with its subject. */
static void
text_of_late_findings(void)
{
	static const uint64_t conns[] = {1, 2};
	struct tf_output_options options = defaults();
	struct tf_finding service = stuck(0, TF_NEITHER), late = stuck(1, TF_CLIENT);
	int fd;
	struct tf_output *o = open_writer("text", &options, &fd);

	late.ends_known = true;
	late.addr[TF_CLIENT] = ipv4(10, 9, 0, 1);
	late.addr[TF_SERVER] = ipv4(10, 9, 0, 2);
	late.port[TF_CLIENT] = 40000;
	late.port[TF_SERVER] = 80;
	send_record(o, half_closed(1));
	send_finding(o, late);
	service.id = TF_A_CLOSE_WAIT_LEAK;
	service.severity = TF_ERROR;
	service.subject = "10.9.0.2:80";
	service.conn_count = 2;
	service.conns = conns;
	send_finding(o, service);
	close_writer(o, fd);
	EXPECT_WITHIN(written, "\n\n#1  10.9.0.1:40000 -> 10.9.0.2:80\n    warning  The client closed");
	EXPECT_WITHIN(written, "\n\n10.9.0.2:80\n    error    ");
	EXPECT_WITHIN(written, "Connections #1, #2.");
}

static void
text_of_an_open_fate(void)
{
	struct tf_output_options options = defaults();
	struct tf_connection_record r = half_closed(1);
	int fd;
	struct tf_output *o = open_writer("text", &options, &fd);

	/* A close() or an abort that did not pass yet is no news; that a FIN may have been lost is. */
	r.end[TF_SERVER].possible = TF_STATES(TF_CLOSE_WAIT) | TF_STATES(TF_LAST_ACK) | TF_STATES(TF_CLOSED);
	r.end[TF_CLIENT].possible = TF_STATES(TF_FIN_WAIT_2) | TF_STATES(TF_TIME_WAIT) | TF_STATES(TF_CLOSED);
	send_record(o, r);
	close_writer(o, fd);
	EXPECT_WITHIN(written,
	              "    The client may as well be in TIME-WAIT: the capture does not decide it.\n");
	EXPECT_ABSENT(written, "LAST-ACK");
	EXPECT_ABSENT(written, "CLOSED");
}

static void
text_with_transitions(void)
{
	struct tf_output_options options = defaults();
	struct tf_transition t = client_established;
	int fd;
	struct tf_output *o;

	options.verbosity = 1;
	o = open_writer("text", &options, &fd);
	CU_ASSERT_EQUAL(tf_output_wanted(o),
	                TF_EV_TRANSITION | TF_EV_POSSIBLE | TF_EV_FINDING | TF_EV_CONNECTION);
	t.from = TF_CLOSED;
	t.to = TF_SYN_SENT;
	t.packet = 1;
	t.event = "snd SYN";
	t.reference = "RFC 1122";
	send_transition(o, t);
	t = client_established;
	t.ts_ns += 250000;
	send_transition(o, t);
	send_record(o, healthy(1));
	close_writer(o, fd);
	EXPECT_WITHIN(
	    written,
	    "CLOSED / CLOSED\n"
	    "    Zeek: S2 ShADadF\n"
	    "    Keep-alive probes: client 0, server 5\n"
	    "    +0.000000      1  client  CLOSED -> SYN-SENT           snd SYN (observed, RFC 1122)");
	EXPECT_WITHIN(written, "\n    +0.000250      3  client  SYN-SENT -> ESTABLISHED      snd ACK of "
	                       "SYN,ACK (observed, 3.10.7.3)\n");
}

/* One that begins with its SYN,ACK makes no transition then, yet it begins there. */
static void
text_from_the_midst(void)
{
	struct tf_output_options options = defaults();
	struct tf_possible p = {
	    .ts_ns = client_established.ts_ns - 294000,
	    .packet = 1,
	    .conn = 1,
	    .endpoint = TF_SERVER,
	    .state = TF_SYN_RECEIVED,
	    .possible = TF_STATES(TF_SYN_RECEIVED),
	};
	int fd;
	struct tf_output *o;

	options.verbosity = 1;
	o = open_writer("text", &options, &fd);
	tf_output_event(o, &(struct tf_event){.kind = TF_EV_POSSIBLE, .possible = &p});
	send_transition(o, client_established);
	send_record(o, healthy(1));
	close_writer(o, fd);
	EXPECT_WITHIN(written, "\n    +0.000294      3  client  SYN-SENT -> ESTABLISHED");
}

/* A SYN that its answer made known: the text counts from the SYN, JSON says what made it known. */
static void
a_held_syn_stands_where_it_passed(void)
{
	struct tf_output_options options = defaults();
	struct tf_transition opened = client_established;
	int fd;
	struct tf_output *o;

	opened.from = TF_CLOSED;
	opened.to = TF_SYN_SENT;
	opened.possible = TF_STATES(TF_SYN_SENT);
	opened.held.packet = opened.packet - 1;
	opened.held.ts_ns = opened.ts_ns - 294000;
	options.verbosity = 1;
	o = open_writer("text", &options, &fd);
	send_transition(o, opened);
	send_transition(o, client_established);
	send_record(o, healthy(1));
	close_writer(o, fd);
	EXPECT_WITHIN(written, "\n    +0.000000      2  client  CLOSED -> SYN-SENT");
	EXPECT_WITHIN(written, "\n    +0.000294      3  client  SYN-SENT -> ESTABLISHED");
	o = open_writer("json", &options, &fd);
	send_transition(o, opened);
	close_writer(o, fd);
	EXPECT_WITHIN(written, "\"packet\":3,");
}

static void
send_segment(struct tf_output *o, uint64_t packet, enum tf_endpoint from, unsigned flags, uint32_t seq,
             uint32_t ack, uint32_t len, unsigned marks)
{
	struct tf_segment s = {
	    .ts_ns = T0 + 123000 + (int64_t)packet * 1000000,
	    .packet = packet,
	    .flags = (uint16_t)flags,
	    .window = 502,
	    .len = len,
	};
	struct tf_segment_event e = {
	    .segment = &s, .conn = 1, .from = from, .marks = marks, .rel_seq = seq, .rel_ack = ack};

	if ((flags & TF_SYN) != 0) {
		s.options = TF_OPT_MSS | TF_OPT_WSCALE;
		s.mss = 1460;
		s.wscale = 7;
	}
	tf_output_event(o, &(struct tf_event){.kind = TF_EV_SEGMENT, .segment = &e});
}

static void
text_with_segments(void)
{
	struct tf_output_options options = defaults();
	int fd;
	struct tf_output *o;

	options.verbosity = 2;
	options.streaming = true;
	o = open_writer("text", &options, &fd);
	send_segment(o, 1, TF_CLIENT, TF_SYN, 0, 0, 0, 0);
	send_segment(o, 2, TF_SERVER, TF_SYN | TF_ACK, 0, 1, 0, TF_MARK_RETRANSMISSION);
	send_segment(o, 3, TF_CLIENT, 0, 1, 0, 5, 0);
	EXPECT(close_writer(o, fd),
	       "#1 +0.000000      1  client > server  SYN seq=0 len=0 win=502 mss=1460 wscale=7\n"
	       "#1 +0.001000      2  server > client  SYN,ACK seq=0 ack=1 len=0 win=502 mss=1460 wscale=7 "
	       "[sent\n"
	       "                                          again]\n"
	       "#1 +0.002000      3  client > server  none seq=1 len=5 win=502\n");
}

/* --conn, --state and --id must all agree. */
static void
text_filters(void)
{
	static const uint64_t conns[] = {1, 2};
	static const struct {
		bool by_conn, by_state, by_id;
		const char *shown[3], *hidden[3];
	} cases[] = {
	    {true, false, false, {"#1 ", "#2 "}, {"#3 "}},
	    {false, true, false, {"#2 ", "#3 "}, {"#1 "}},
	    {false, false, true, {"#2 ", "#3 "}, {"#1 "}},
	    {true, true, true, {"#2 "}, {"#1 ", "#3 "}},
	};

	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct tf_output_options options = defaults();
		struct tf_output *o;
		int fd;

		options.filter.conns = conns;
		options.filter.conn_count = cases[i].by_conn ? 2 : 0;
		options.filter.states = cases[i].by_state ? TF_STATES(TF_CLOSE_WAIT) : 0;
		options.filter.by_id = cases[i].by_id;
		options.filter.id[TF_A_STUCK_CLOSE_WAIT] = true;
		o = open_writer("text", &options, &fd);
		send_record(o, healthy(1));
		send_record(o, half_closed(2));
		send_record(o, half_closed(3));
		close_writer(o, fd);
		for (unsigned k = 0; k < 3; k++) {
			if (cases[i].shown[k] != NULL)
				EXPECT_WITHIN(written, cases[i].shown[k]);
			if (cases[i].hidden[k] != NULL)
				EXPECT_ABSENT(written, cases[i].hidden[k]);
		}
	}
}

static void
text_colors(void)
{
	struct tf_output_options options = defaults();
	int fd;
	struct tf_output *o = open_writer("text", &options, &fd);

	send_finding(o, stuck(1, TF_SERVER));
	send_record(o, half_closed(1));
	EXPECT_ABSENT(close_writer(o, fd), "\033");
	options.color = true;
	o = open_writer("text", &options, &fd);
	send_finding(o, stuck(1, TF_SERVER));
	send_record(o, half_closed(1));
	EXPECT_WITHIN(close_writer(o, fd), "\033[33mwarning\033[0m");
}

static const char *
name_of_one(void *context, const struct tf_addr *addr)
{
	(void)context;
	return addr->byte[15] == 2 ? "www.example.com" : NULL;
}

static void
text_with_names(void)
{
	struct tf_output_options options = defaults();
	int fd;
	struct tf_output *o;

	options.lookup = name_of_one;
	o = open_writer("text", &options, &fd);
	send_record(o, healthy(1));
	EXPECT_WITHIN(close_writer(o, fd), "#1  10.9.0.1:40000 -> www.example.com:80  2 s");
}

/* A name of a file may hold what steers a terminal. */
static void
text_of_a_broken_input(void)
{
	struct tf_output_options options = defaults();
	struct tf_summary s = {.packets = 1, .input_error = "a\033[2J.pcap: cut in packet 2"};
	int fd;
	struct tf_output *o = open_writer("text", &options, &fd);

	tf_output_finish(o, &s);
	EXPECT_WITHIN(close_writer(o, fd),
	              "  The capture: not read to its end: a?[2J.pcap: cut in packet 2.\n");
}

/* Everything found at once still fits one screen of 24 lines, less the prompt. */
static void
text_summary_fits_a_screen(void)
{
	struct tf_output_options options = defaults();
	struct tf_summary s = summary_of_two();
	const char *summary;
	int fd;
	struct tf_output *o;

	options.width = 80;
	o = open_writer("text", &options, &fd);
	for (unsigned id = 0; id < TF_ANOMALY_COUNT; id++) {
		struct tf_finding f = stuck(1 + id, TF_CLIENT);
		struct tf_connection_record r = healthy(1 + id);

		f.id = (enum tf_anomaly)id;
		f.severity = (enum tf_severity)(id % TF_SEVERITY_COUNT);
		r.end[TF_CLIENT].state = (enum tf_state)(id % TF_STATE_COUNT);
		r.end[TF_SERVER].state = (enum tf_state)(id / TF_STATE_COUNT);
		send_finding(o, f);
		send_record(o, r);
	}
	tf_output_finish(o, &s);
	close_writer(o, fd);
	summary = strstr(written, "Summary\n");
	CU_ASSERT_PTR_NOT_NULL_FATAL(summary);
	CU_ASSERT(count_of(summary, "\n") <= 23);
	EXPECT_WITHIN(summary, "more kinds of findings\n");
	EXPECT_WITHIN(summary, "in other states\n");
	expect_width(80);
}

/* ---- csv, ladder, catalogue ------------------------------------------------------------- */

static unsigned
cells_of(const char *line)
{
	unsigned cells = 1;

	for (; *line != '\n' && *line != '\0'; line++)
		cells += *line == ',';
	return cells;
}

static void
csv_rows(void)
{
	struct tf_output_options options = defaults();
	const char *row;
	int fd;
	struct tf_output *o = open_writer("csv", &options, &fd);

	send_record(o, half_closed(1));
	close_writer(o, fd);
	EXPECT_WITHIN(
	    written,
	    "conn,first_ts,last_ts,duration,close,roles,handshake_rtt,anomalies,community_id,evicted,"
	    "client_addr,client_port,client_state,");
	row = strchr(written, '\n') + 1;
	EXPECT(row, "1,1700000000.000123,1700000002.000000,1.999877,open,syn,0.000123,stuck-fin-wait-2 "
	            "stuck-close-wait,"
	            "1:yUNan987qPsvRrWYa25qTp6TpaA=,0,"
	            "10.9.0.1,40000,FIN-WAIT-2,FIN-WAIT-2,CLOSED SYN-SENT ESTABLISHED FIN-WAIT-1 "
	            "FIN-WAIT-2,4294967295,"
	            "5,78,412,0,0,0,0,1460,7,1,1,"
	            "10.9.0.2,80,CLOSE-WAIT,CLOSE-WAIT LAST-ACK,LISTEN SYN-RECEIVED ESTABLISHED CLOSE-WAIT,,"
	            "4,1204,1500,1,2,3,4,,,0,,S2,ShADadF,0,5\n");
	CU_ASSERT_EQUAL(cells_of(written), cells_of(row));
}

static void
send_move(struct tf_output *o, uint64_t packet, enum tf_endpoint e, enum tf_state from, enum tf_state to)
{
	struct tf_transition t = client_established;

	t.ts_ns = T0 + 123000 + (int64_t)packet * 1000000;
	t.packet = packet;
	t.endpoint = e;
	t.from = from;
	t.to = to;
	send_transition(o, t);
}

/* RFC 9293 section 3.5, figure 6: the states stand beside the segments that lead to them. */
static void
ladder_of_a_handshake(void)
{
	struct tf_output_options options = defaults();
	int fd;
	struct tf_output *o;

	options.width = 86;
	o = open_writer("ladder", &options, &fd);
	send_segment(o, 1, TF_CLIENT, TF_SYN, 0, 0, 0, 0);
	send_move(o, 1, TF_CLIENT, TF_CLOSED, TF_SYN_SENT);
	send_segment(o, 2, TF_SERVER, TF_SYN | TF_ACK, 0, 1, 0, 0);
	send_move(o, 2, TF_SERVER, TF_LISTEN, TF_SYN_RECEIVED);
	send_segment(o, 3, TF_CLIENT, TF_ACK, 1, 1, 0, 0);
	send_move(o, 3, TF_CLIENT, TF_SYN_SENT, TF_ESTABLISHED);
	send_move(o, 3, TF_SERVER, TF_SYN_RECEIVED, TF_ESTABLISHED);
	send_record(o, healthy(1));
	EXPECT(close_writer(o, fd),
	       "#1  client 10.9.0.1:40000, server 10.9.0.2:80, from 2023-11-14 22:13:20.000123 UTC\n"
	       "\n"
	       "time       packet        client                                          server\n"
	       "                         CLOSED |                                      | LISTEN\n"
	       "+0.000000       1      SYN-SENT |-- SYN seq=0 len=0 ------------------>|\n"
	       "+0.001000       2               |<- SYN,ACK seq=0 ack=1 len=0 ---------| SYN-RECEIVED\n"
	       "+0.002000       3   ESTABLISHED |-- ACK seq=1 ack=1 len=0 ------------>| ESTABLISHED\n");
}

/* Plain data is folded; a segment with a mark never is; no line grows too long. */
static void
ladder_folds_data(void)
{
	struct tf_output_options options = defaults();
	int fd;
	struct tf_output *o;

	options.width = 90;
	o = open_writer("ladder", &options, &fd);
	for (unsigned i = 1; i <= 1000; i++)
		send_segment(o, i, TF_CLIENT, TF_ACK, i, 1, 1, i == 500 ? TF_MARK_RETRANSMISSION : 0);
	send_record(o, healthy(1));
	close_writer(o, fd);
	CU_ASSERT_EQUAL(count_of(written, "more segments"), 2);
	/* 4 before each fold and at least 3 after it: 499 and 500 plain segments lie around the marked one. */
	EXPECT_WITHIN(written, "seq=500 ack=1 len=1 (sent again)");
	EXPECT_WITHIN(written, " seq=499 ");
	EXPECT_WITHIN(written, " seq=501 ");
	EXPECT_WITHIN(written, " seq=1000 ");
	EXPECT_ABSENT(written, " seq=250 ");
	CU_ASSERT(count_of(written, "\n") < 40);
	expect_width(90);
}

/* Every segment is either drawn or counted in a fold, whatever the length of the run. */
static void
ladder_loses_no_segment(void)
{
	for (unsigned length = 1; length <= 40; length++) {
		struct tf_output_options options = defaults();
		unsigned folded = 0;
		const char *fold;
		int fd;
		struct tf_output *o = open_writer("ladder", &options, &fd);

		for (unsigned i = 1; i <= length; i++)
			send_segment(o, i, TF_SERVER, TF_ACK, i, 1, 1, 0);
		send_record(o, healthy(1));
		close_writer(o, fd);
		fold = strstr(written, "| ... ");
		if (fold != NULL)
			folded = (unsigned)strtoul(fold + 6, NULL, 10);
		CU_ASSERT_EQUAL(count_of(written, "|<- ACK") + folded, length);
	}
}

/* A terminal of 80 columns: what does not fit on its arrow stands below it, in whole words. */
static void
ladder_of_eighty_columns(void)
{
	struct tf_output_options options = defaults();
	int fd;
	struct tf_output *o;

	options.width = 80;
	o = open_writer("ladder", &options, &fd);
	send_segment(o, 2, TF_SERVER, TF_SYN | TF_ACK, 0, 1, 0, 0);
	send_move(o, 2, TF_SERVER, TF_LISTEN, TF_SYN_RECEIVED);
	send_segment(o, 3, TF_SERVER, TF_PSH | TF_ACK, 49, 20, 24, 0);
	send_segment(o, 4, TF_CLIENT, TF_PSH | TF_ACK, 10101, 201, 1448,
	             TF_MARK_RETRANSMISSION | TF_MARK_GAP);
	send_record(o, healthy(1));
	EXPECT_WITHIN(close_writer(o, fd),
	              "#1  client 10.9.0.1:40000, server 10.9.0.2:80, from 2023-11-14 22:13:20.000123\n"
	              "    UTC\n");
	EXPECT_WITHIN(written, " |<- SYN,ACK seq=0 ack=1 len=0 ---| SYN-RECEIVED\n");
	EXPECT_WITHIN(written, " |< PSH,ACK seq=49 ack=20 len=24 -|\n");
	EXPECT_WITHIN(written, " | ... something before this has  |\n");
	EXPECT_WITHIN(written, " | not passed ...                 |\n");
	EXPECT_WITHIN(written, " |-- PSH,ACK seq=10101 ack=201 -->|\n");
	EXPECT_WITHIN(written, " | len=1448 (sent again)          |\n");
	expect_width(80);
}

static void
ladder_without_a_picture(void)
{
	struct tf_output_options options = defaults();
	struct tf_summary s = {.connections = 2};
	int fd;
	struct tf_output *o;

	options.ladder_conn = 9;
	o = open_writer("ladder", &options, &fd);
	send_segment(o, 1, TF_CLIENT, TF_SYN, 0, 0, 0, 0);
	send_record(o, healthy(1));
	tf_output_finish(o, &s);
	EXPECT(close_writer(o, fd), "There is no connection 9: the capture has 2 connections.\n");
}

/* What FUNCTION wrote to its descriptor is in `written`. */
#define CATCH(call)                                                                                          \
	do {                                                                                                 \
		char name[] = "test-output-XXXXXX";                                                          \
		int fd = mkstemp(name);                                                                      \
		CU_ASSERT_FATAL(fd >= 0);                                                                    \
		unlink(name);                                                                                \
		CU_ASSERT_EQUAL((call), 0);                                                                  \
		free(written);                                                                               \
		written = calloc(1, (size_t)lseek(fd, 0, SEEK_END) + 1);                                     \
		CU_ASSERT_PTR_NOT_NULL_FATAL(written);                                                       \
		CU_ASSERT(pread(fd, written, (size_t)lseek(fd, 0, SEEK_END), 0) > 0);                        \
		close(fd);                                                                                   \
	} while (0)

static void
catalogue(void)
{
	static const struct tf_rule_text rules[] = {
	    {"send-syn", "CLOSED, LISTEN", "snd SYN", "SYN-SENT", "RFC 9293 section 3.10.1"}};
	struct tf_output_options options = defaults();

	options.width = 80;
	CATCH(tf_list_anomalies(fd, &options));
	CU_ASSERT_EQUAL(count_of(written, "\n"), TF_ANOMALY_COUNT);
	EXPECT_WITHIN(written, "\nstuck-fin-wait-2 ");
	CATCH(tf_explain_anomaly(fd, &options, TF_A_STUCK_FIN_WAIT_2));
	CU_ASSERT_EQUAL(strncmp(written, "stuck-fin-wait-2: ", 18), 0);
	EXPECT_WITHIN(written, "Severity: warning   Family: closing   Reference: RFC 9293 section 3.6");
	EXPECT_WITHIN(written, "\nUsual causes\n  ");
	expect_width(80);
	CATCH(tf_list_rules(fd, &options, rules, 1));
	EXPECT(written, "send-syn  CLOSED, LISTEN: snd SYN -> SYN-SENT (RFC 9293 section 3.10.1)\n");
}

/* ---- the front -------------------------------------------------------------------------- */

static void
unknown_format(void)
{
	struct tf_output_options options = defaults();

	errno = 0;
	CU_ASSERT_PTR_NULL(tf_output_new("yaml", 1, &options));
	CU_ASSERT_EQUAL(errno, EINVAL);
	CU_ASSERT_FALSE(tf_output_format_known("yaml"));
	CU_ASSERT_TRUE(tf_output_format_known("json"));
}

static void
full_disk(void)
{
	struct tf_output_options options = defaults();
	int fd = open("/dev/full", O_WRONLY);
	struct tf_output *o;

	if (fd < 0) {
		tf_skip("no /dev/full here");
		return;
	}
	o = tf_output_new("json", fd, &options);
	CU_ASSERT_PTR_NOT_NULL_FATAL(o);
	send_record(o, healthy(1));
	CU_ASSERT_EQUAL(tf_output_error(o), 0);
	CU_ASSERT_EQUAL(tf_output_flush(o), ENOSPC);
	send_record(o, healthy(2));
	CU_ASSERT_EQUAL(tf_output_error(o), ENOSPC);
	CU_ASSERT_EQUAL(tf_output_close(o), ENOSPC);
	close(fd);
}

/* More than the buffer holds arrives whole and in order. */
static void
many_records(void)
{
	struct tf_output_options options = defaults();
	unsigned lines = 0;
	int fd;
	struct tf_output *o = open_writer("json", &options, &fd);

	for (unsigned i = 1; i <= 2000; i++)
		send_record(o, healthy(i));
	close_writer(o, fd);
	for (const char *p = written, *end; (end = strchr(p, '\n')) != NULL; p = end + 1) {
		char wanted[64];

		snprintf(wanted, sizeof wanted, "{\"type\":\"connection\",\"conn\":%u,", ++lines);
		CU_ASSERT_EQUAL_FATAL(strncmp(p, wanted, strlen(wanted)), 0);
		CU_ASSERT_EQUAL(end[-1], '}');
	}
	CU_ASSERT_EQUAL(lines, 2000);
}

/* One of each event, with enough segments for the ladder to fold. */
static void
send_all(struct tf_output *o)
{
	struct tf_finding service = stuck(0, TF_NEITHER);
	struct tf_addr addr = ipv4(10, 9, 0, 1);
	struct tf_summary s = summary_of_two();

	tf_output_capture(o, &(struct tf_capture_info){"a.pcap", "EN10MB", 65535, false, 0});
	for (unsigned i = 1; i <= 20; i++)
		send_segment(o, i, TF_CLIENT, TF_ACK, i, 1, 1,
		             i == 2 ? TF_MARK_GAP | TF_MARK_RETRANSMISSION : 0);
	send_transition(o, client_established);
	send_finding(o, stuck(1, TF_CLIENT));
	send_finding(o, stuck(1, TF_SERVER));
	send_record(o, closed_late(1));
	send_finding(o, stuck(1, TF_CLIENT));
	service.id = TF_A_CLOSE_WAIT_LEAK;
	service.subject = "10.9.0.2:80";
	send_finding(o, service);
	tf_output_host(o, &addr, service.detail, service.detail_count);
	tf_output_finish(o, &s);
}

/* From the allocation after COUNT on none succeeds: an error is told, nothing crashes.  False: all succeeded. */
static bool
runs_out_after(long count, const char *format, const struct tf_output_options *options)
{
	int fd = open("/dev/null", O_WRONLY), error = ENOMEM;
	struct tf_output *o;

	allocations_left = count;
	allocation_failed = false;
	o = tf_output_new(format, fd, options);
	if (o != NULL) {
		send_all(o);
		error = tf_output_close(o);
	}
	allocations_left = -1;
	close(fd);
	if (allocation_failed && error != ENOMEM)
		printf("# %s: nothing told after %ld allocations\n", format, count);
	CU_ASSERT_EQUAL(error, allocation_failed ? ENOMEM : 0);
	return allocation_failed;
}

static void
no_memory(void)
{
	static const char *const formats[] = {"json",       "text",        "csv",         "ladder",
	                                      "ladder-svg", "diagram-svg", "diagram-dot", "html",
	                                      "sarif",      "github",      "markdown"};
	struct tf_output_options options = defaults();

	options.verbosity = 2;
	for (unsigned i = 0; i < sizeof formats / sizeof *formats; i++) {
		long count = 0;

		while (count < 2000 && runs_out_after(count, formats[i], &options))
			count++;
		CU_ASSERT(count > 2);
		CU_ASSERT(count < 2000);
	}
}

/* Words of 1 to 24 letters; every seventh text has a wider one, every eleventh one that is no ASCII. */
static void
make_text(char *text, size_t size, uint32_t seed)
{
	size_t n = 0, words = seed % 40;

	for (size_t i = 0; i <= words; i++) {
		size_t letters = 1 + (seed = seed * 1664525 + 1013904223) / 65536 % 24;
		if (i > 0)
			text[n++] = ' ';
		if (seed % 7 == 0 && n + 200 < size)
			letters += 130;
		for (size_t k = 0; k < letters && n + 30 < size; k++)
			text[n++] = (char)('a' + k % 26);
		if (seed % 11 == 0) {
			memcpy(text + n, "\xc3\xa9", 2);
			n += 2;
		}
	}
	text[n] = '\0';
}

/* A space at the end is put nowhere, but such a text goes word by word. */
static void
lines_break_at_the_same_words(void)
{
	static char text[4096], same[4096 + 2];

	for (uint32_t seed = 1; seed < 3000; seed++) {
		size_t width = 1 + seed % 120, indent = seed / 7 % 30, at = indent + seed / 11 % 20;
		struct tf_buf some, other;
		tf_buf_init(&some, -1);
		tf_buf_init(&other, -1);
		make_text(text, sizeof text, seed);
		snprintf(same, sizeof same, "%s ", text);
		CU_ASSERT_EQUAL(tf_put_wrapped(&some, text, at, indent, width),
		                tf_put_wrapped(&other, same, at, indent, width));
		CU_ASSERT_EQUAL_FATAL(some.len, other.len);
		CU_ASSERT_EQUAL(memcmp(some.data, other.data, some.len), 0);
		tf_buf_fini(&some);
		tf_buf_fini(&other);
	}
}

/* Wherever two spaces are, in texts of each length up to three times sixteen. */
static void
words_stand_one_space_apart(void)
{
	char text[49], wanted[49];
	struct tf_buf b;

	tf_buf_init(&b, -1);
	for (int n = 4; n < (int)sizeof text; n++)
		for (int at = 1; at + 3 <= n; at++) {
			memset(text, 'a', (size_t)n);
			text[n] = '\0';
			text[at] = text[at + 1] = ' ';
			snprintf(wanted, sizeof wanted, "%.*s%s", at, text, text + at + 1);
			CU_ASSERT_EQUAL(tf_put_wrapped(&b, text, 0, 0, sizeof text), (size_t)n - 1);
			EXPECT(text_of(&b), wanted);
		}
	tf_buf_fini(&b);
}

const char tf_suite[] = "output";
const struct tf_test tf_tests[] = {
    {"lines break at the same words", lines_break_at_the_same_words},
    {"words stand one space apart", words_stand_one_space_apart},
    {"numbers in decimal, in groups, in hexadecimal", numbers},
    {"numbers as printf writes them", numbers_as_printf_writes_them},
    {"seconds keep every digit", seconds},
    {"dates are Gregorian and UTC", dates},
    {"durations and sizes for people", durations},
    {"IPv6 addresses as RFC 5952 writes them", addresses},
    {"each octet of an IPv4 address", octets_of_addresses},
    {"JSON strings are escaped and valid UTF-8", json_strings},
    {"JSON strings are escaped wherever it is due", json_strings_of_all_lengths},
    {"base 64 as in RFC 4648", base64},
    {"SHA-1 of RFC 3174's vectors", sha1_vectors},
    {"Community ID of the published example, both ways round", community_id},
    {"a finding's sentence has its numbers and ends put in", messages},
    {"a finding's sentence may begin with an address", message_begins_with_an_address},
    {"how it ended, in a sentence", sentences_of_endings},
    {"details as text and as JSON", details_as_json},
    {"json: capture", json_capture},
    {"json: transition", json_transition},
    {"json: each transition for itself", json_transitions_each_for_itself},
    {"json: possible", json_possible},
    {"json: anomaly", json_anomaly},
    {"json: anomaly of a service", json_anomaly_of_a_service},
    {"json: connection", json_connection},
    {"json: a connection with the longest of everything", json_longest_connection},
    {"json: host and summary", json_summary},
    {"json: summary of nothing", json_summary_of_nothing},
    {"text: a healthy capture", text_of_a_healthy_capture},
    {"text: quiet leaves out what has no finding", text_quiet},
    {"text: both faces of a half-closed connection in one sentence", text_tells_both_faces_at_once},
    {"text: how what a finding says has ended", text_tells_how_it_ended},
    {"text: nothing of what ended otherwise", text_tells_no_other_ending},
    {"text: a kind of finding is explained once", text_explains_once},
    {"text: late findings and those of a service stand alone", text_of_late_findings},
    {"text: possible states where the fate is open", text_of_an_open_fate},
    {"text: transitions", text_with_transitions},
    {"text: transitions from the midst", text_from_the_midst},
    {"text, json: a held SYN stands where it passed", a_held_syn_stands_where_it_passed},
    {"text: segments as they come", text_with_segments},
    {"text: filters", text_filters},
    {"text: colours only on request", text_colors},
    {"text: names where the caller looks them up", text_with_names},
    {"text: nothing steers the terminal", text_of_a_broken_input},
    {"text: the summary fits a screen", text_summary_fits_a_screen},
    {"csv: a row a connection", csv_rows},
    {"ladder: a handshake as in RFC 9293", ladder_of_a_handshake},
    {"ladder: plain data is folded", ladder_folds_data},
    {"ladder: no segment is lost by folding", ladder_loses_no_segment},
    {"ladder: 80 columns are enough", ladder_of_eighty_columns},
    {"ladder: no such connection", ladder_without_a_picture},
    {"markdown: how what a finding says has ended", markdown_tells_how_it_ended},
    {"html: how what a finding says has ended", html_tells_how_it_ended},
    {"the catalogue and the rules as text", catalogue},
    {"an unknown format is refused", unknown_format},
    {"a full disk is reported and stays reported", full_disk},
    {"more than a buffer full is written whole", many_records},
    {"each allocation that fails is told and does no harm", no_memory},
    {NULL, NULL},
};
