/*
 * A capture as the program uses it: files merged in time order, frame
 * numbers, filters, batches, pipes, stopping, interfaces.
 */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "capture_kit.h"
#include "unit.h"

static const int64_t second_ns = 1000000000;

/* A file of one-octet frames, one a second listed in SECONDS, each holding MARK. */
static char *
make_file(uint8_t mark, const uint32_t *seconds, size_t count)
{
	struct kit k = {0};
	kit_pcap_header(&k, KIT_US, 65535, KIT_ETHERNET);
	for (size_t i = 0; i < count; i++)
		kit_pcap_record(&k, seconds[i], 0, &mark, 1, 60);
	char *name = kit_file(k.p, k.len);
	kit_free(&k);
	return name;
}

#define SECONDS(...)                                                                                         \
	((const uint32_t[]){__VA_ARGS__}), sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t)

static struct kit_result
read_files(const char *const *files, size_t count, const char *filter)
{
	struct tf_capture_options options = {.files = files, .file_count = count, .filter = filter};
	return kit_read(&options, 3);
}

/* The frames' marks in order, as a string, and numbers from 1. */
static void
assert_marks(const struct kit_result *r, const char *marks)
{
	CU_ASSERT_EQUAL(r->status, TF_CAPTURE_OK);
	CU_ASSERT_EQUAL_FATAL(r->count, strlen(marks));
	for (size_t i = 0; i < r->count; i++) {
		CU_ASSERT_EQUAL(r->frames[i].data[0], marks[i]);
		CU_ASSERT_EQUAL(r->frames[i].packet, i + 1);
	}
	CU_ASSERT_EQUAL(r->numbered, r->count);
}

static void
files_are_merged_in_time_order(void)
{
	char *files[] = {make_file('a', SECONDS(10, 20, 30, 40)), make_file('b', SECONDS(15, 20, 35)),
	                 make_file('c', SECONDS(5, 50)), make_file('d', NULL, 0)};
	struct kit_result r = read_files((const char *const *)files, 4, NULL);
	assert_marks(&r, "cabababac");
	CU_ASSERT_EQUAL(r.frames[8].ts_ns, 50 * second_ns);
	static const uint64_t counts[] = {4, 3, 2, 0};
	for (int i = 0; i < 4; i++) {
		CU_ASSERT_EQUAL(r.sources[i].info.frames, counts[i]);
		CU_ASSERT_FALSE(r.sources[i].info.failed);
		kit_unlink(files[i]);
	}
	CU_ASSERT_TRUE(r.total > 0);
	CU_ASSERT_EQUAL(r.consumed, r.total);
	kit_result_free(&r);
}

static void
ties_go_to_the_file_given_first(void)
{
	char *files[] = {make_file('a', SECONDS(10, 10, 20)), make_file('b', SECONDS(10, 20)),
	                 make_file('c', SECONDS(10, 10))};
	struct kit_result r = read_files((const char *const *)files, 3, NULL);
	assert_marks(&r, "aabccab");
	kit_result_free(&r);
	for (int i = 0; i < 3; i++)
		kit_unlink(files[i]);
}

static void
a_file_that_goes_back_in_time_keeps_its_order(void)
{
	char *files[] = {make_file('a', SECONDS(10, 50, 20, 60)), make_file('b', SECONDS(30, 55))};
	struct kit_result r = read_files((const char *const *)files, 1, NULL);
	CU_ASSERT_EQUAL_FATAL(r.count, 4);
	CU_ASSERT_EQUAL(r.frames[1].ts_ns, 50 * second_ns);
	CU_ASSERT_EQUAL(r.frames[2].ts_ns, 20 * second_ns);
	kit_result_free(&r);
	r = read_files((const char *const *)files, 2, NULL);
	assert_marks(&r, "abaaba");
	kit_result_free(&r);
	kit_unlink(files[0]);
	kit_unlink(files[1]);
}

static void
the_rest_is_read_where_a_file_fails(void)
{
	char *good = make_file('a', SECONDS(10, 20)), *cut = make_file('b', SECONDS(5, 15, 25));
	char *empty = kit_file("", 0), *directory = getenv("TMPDIR");
	CU_ASSERT_EQUAL(truncate(cut, 24 + 17 + 17 + 3), 0);
	const char *files[] = {cut, "/nonexistent/capture", good, empty, directory ? directory : P_tmpdir};
	struct kit_result r = read_files(files, 5, NULL);
	assert_marks(&r, "baba");
	CU_ASSERT_TRUE(r.sources[0].info.failed);
	CU_ASSERT_EQUAL(strncmp(r.sources[0].error, cut, strlen(cut)), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(r.sources[0].error, ": at octet 58: the file is cut short"));
	CU_ASSERT_STRING_EQUAL(r.sources[1].error, "/nonexistent/capture: No such file or directory");
	CU_ASSERT_FALSE(r.sources[2].info.failed);
	CU_ASSERT_TRUE(r.sources[3].info.failed);
	CU_ASSERT_TRUE(r.sources[4].info.failed);
	CU_ASSERT_PTR_NOT_NULL(strstr(r.sources[4].error, "Is a directory"));
	kit_result_free(&r);
	kit_unlink(good);
	kit_unlink(cut);
	kit_unlink(empty);
}

/* Lowers how many files may be open at first; false: that cannot be raised again. */
static bool
lower_descriptor_limit(rlim_t soft, rlim_t needed)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max < needed)
		return false;
	limit.rlim_cur = soft;
	return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

/* One file after the other, each overlapping the next, as a ring buffer leaves them. */
static void
many_files_are_one_capture(void)
{
	enum { COUNT = 200 };
	static char *files[COUNT];
	if (!lower_descriptor_limit(64, COUNT + 50)) {
		tf_skip("the limit of open files cannot be raised");
		return;
	}
	for (uint32_t i = 0; i < COUNT; i++)
		files[i] = make_file((uint8_t)i, SECONDS(2 * i, 2 * i + 3));
	struct kit_result r = read_files((const char *const *)files, COUNT, NULL);
	CU_ASSERT_EQUAL(r.count, 2 * COUNT);
	for (size_t i = 1; i < r.count; i++)
		CU_ASSERT_TRUE(r.frames[i].ts_ns >= r.frames[i - 1].ts_ns);
	kit_result_free(&r);
	for (int i = 0; i < COUNT; i++)
		kit_unlink(files[i]);
}

/* A few megabytes of frames whose octets follow from their time. */
static char *
make_large_file(uint32_t first_second)
{
	struct kit k = {0};
	static uint8_t octets[5000];
	kit_pcap_header(&k, KIT_US, 65535, KIT_ETHERNET);
	for (uint32_t i = 0; i < 1000; i++) {
		memset(octets, (int)((first_second + i * 2) & 0xff), sizeof(octets));
		kit_pcap_record(&k, first_second + i * 2, 0, octets, sizeof(octets) - i, sizeof(octets));
	}
	char *name = kit_file(k.p, k.len);
	kit_free(&k);
	return name;
}

static bool
is_intact(const struct kit_frame *f)
{
	for (uint32_t i = 0; i < f->caplen; i++)
		if (f->data[i] != (uint8_t)(f->ts_ns / second_ns))
			return false;
	return true;
}

/* kit_read copies frames only after the whole batch has come. */
static void
all_frames_of_a_batch_are_valid(void)
{
	char *files[] = {make_large_file(0), make_large_file(1)};
	for (size_t count = 1; count <= 2; count++) {
		struct tf_capture_options options = {.files = (const char *const *)files,
		                                     .file_count = count};
		struct kit_result r = kit_read(&options, 4096);
		CU_ASSERT_EQUAL(r.count, 1000 * count);
		for (size_t i = 0; i < r.count; i++) {
			CU_ASSERT_TRUE(is_intact(&r.frames[i]));
			CU_ASSERT_EQUAL(r.frames[i].packet, i + 1);
		}
		kit_result_free(&r);
	}
	kit_unlink(files[0]);
	kit_unlink(files[1]);
}

/* Ports 1000, 2000, 1000, 3000, 1000. */
static char *
make_udp_file(void)
{
	static const unsigned ports[] = {1000, 2000, 1000, 3000, 1000};
	uint8_t frame[KIT_UDP_LEN];
	struct kit k = {0};
	kit_pcap_header(&k, KIT_US, 65535, KIT_ETHERNET);
	for (uint32_t i = 0; i < 5; i++) {
		kit_udp_frame(frame, ports[i]);
		kit_pcap_record(&k, i, 0, frame, sizeof(frame), sizeof(frame));
	}
	char *name = kit_file(k.p, k.len);
	kit_free(&k);
	return name;
}

static void
a_filter_does_not_renumber(void)
{
	char *name = make_udp_file();
	const char *files[] = {name, name};
	struct kit_result r = read_files(files, 1, "udp port 1000");
	CU_ASSERT_EQUAL_FATAL(r.count, 3);
	CU_ASSERT_EQUAL(r.frames[0].packet, 1);
	CU_ASSERT_EQUAL(r.frames[1].packet, 3);
	CU_ASSERT_EQUAL(r.frames[2].packet, 5);
	CU_ASSERT_EQUAL(r.numbered, 5);
	CU_ASSERT_EQUAL(r.sources[0].info.frames, 5);
	CU_ASSERT_EQUAL(r.sources[0].info.filtered, 2);
	CU_ASSERT_EQUAL(r.sources[0].info.unfilterable, 0);
	kit_result_free(&r);
	r = read_files(files, 2, "udp port 3000");
	CU_ASSERT_EQUAL_FATAL(r.count, 2);
	CU_ASSERT_EQUAL(r.frames[0].packet, 7);
	CU_ASSERT_EQUAL(r.frames[1].packet, 8);
	kit_result_free(&r);
	r = read_files(files, 1, "udp port 4000");
	CU_ASSERT_EQUAL(r.count, 0);
	CU_ASSERT_EQUAL(r.numbered, 5);
	kit_result_free(&r);
	kit_unlink(name);
}

static void
a_bad_filter_is_told_before_reading(void)
{
	char *name = make_udp_file();
	const char *files[] = {name}, *missing[] = {"/nonexistent/capture"};
	struct kit_result r = read_files(files, 1, "tcp and and");
	CU_ASSERT_EQUAL(r.status, TF_CAPTURE_BAD_FILTER);
	CU_ASSERT_PTR_NOT_NULL(strstr(r.message, "the filter \"tcp and and\" does not compile: "));
	r = read_files(missing, 1, "tcp and and");
	CU_ASSERT_EQUAL(r.status, TF_CAPTURE_BAD_FILTER);
	r = read_files(missing, 1, "tcp");
	CU_ASSERT_EQUAL(r.status, TF_CAPTURE_OK);
	CU_ASSERT_TRUE(r.sources[0].info.failed);
	kit_unlink(name);
}

/* "ether host" compiles for Ethernet and not for raw IP. */
static void
a_filter_is_compiled_for_each_link_type(void)
{
	uint8_t frame[KIT_UDP_LEN];
	struct kit k = {0};
	kit_udp_frame(frame, 1000);
	kit_section(&k);
	kit_interface(&k, KIT_RAW, 0);
	kit_interface(&k, KIT_ETHERNET, 0);
	for (uint32_t i = 0; i < 4; i++)
		kit_packet(&k, i % 2, i, frame + (i % 2 ? 0 : 14), i % 2 ? 42 : 28, i % 2 ? 42 : 28);
	char *name = kit_file(k.p, k.len);
	const char *files[] = {name};
	struct kit_result r = read_files(files, 1, "udp port 1000");
	CU_ASSERT_EQUAL(r.count, 4);
	kit_result_free(&r);
	r = read_files(files, 1, "ether host 0:0:0:0:0:0");
	CU_ASSERT_EQUAL(r.status, TF_CAPTURE_OK);
	CU_ASSERT_EQUAL_FATAL(r.count, 2);
	CU_ASSERT_EQUAL(r.frames[0].packet, 2);
	CU_ASSERT_EQUAL(r.sources[0].info.filtered, 2);
	CU_ASSERT_EQUAL(r.sources[0].info.unfilterable, 2);
	kit_result_free(&r);
	kit_unlink(name);
	kit_free(&k);
}

/* A pipe is the standard input as long as a test wants it. */
static int saved_stdin, pipe_end;

static void
pipe_to_stdin(void)
{
	int ends[2];
	CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
	saved_stdin = dup(STDIN_FILENO);
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
	pipe_end = ends[1];
}

static void
restore_stdin(void)
{
	if (pipe_end >= 0)
		close(pipe_end);
	if (saved_stdin < 0) {
		close(STDIN_FILENO);
		return;
	}
	dup2(saved_stdin, STDIN_FILENO);
	close(saved_stdin);
}

static void
standard_input_is_read(void)
{
	const char *files[] = {"-"};
	struct kit k = {0};
	kit_pcap_header(&k, KIT_US, 65535, KIT_ETHERNET);
	kit_pcap_record(&k, 1, 0, "x", 1, 60);
	kit_pcap_record(&k, 2, 0, "y", 1, 60);
	pipe_to_stdin();
	CU_ASSERT_EQUAL(write(pipe_end, k.p, k.len - 1), (ssize_t)k.len - 1);
	close(pipe_end);
	pipe_end = -1;
	struct kit_result r = read_files(files, 1, NULL);
	CU_ASSERT_EQUAL(r.count, 1);
	CU_ASSERT_EQUAL(r.total, 0);
	CU_ASSERT_EQUAL(r.consumed, k.len - 1);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(r.sources[0].error, "standard input: at octet 41: the file is cut short"));
	kit_result_free(&r);
	restore_stdin();
	kit_free(&k);
}

static struct tf_capture *running;

static void
on_alarm(int signal)
{
	(void)signal;
	tf_capture_break(running);
}

/* The writer is silent: frames that are there come at once, and a signal ends the waiting. */
static void
a_silent_pipe_does_not_hold_anything_up(void)
{
	const char *files[] = {"-"};
	char message[TF_CAPTURE_MESSAGE_SIZE];
	struct tf_frame frames[4];
	struct kit k = {0};
	kit_section(&k);
	kit_interface(&k, KIT_ETHERNET, 0);
	pipe_to_stdin();
	CU_ASSERT_EQUAL(write(pipe_end, k.p, k.len), (ssize_t)k.len);
	struct tf_capture_options options = {.files = files, .file_count = 1, .filter = "tcp or udp"};
	CU_ASSERT_EQUAL_FATAL(tf_capture_open(&running, &options, message), TF_CAPTURE_OK);
	CU_ASSERT_STRING_EQUAL(tf_capture_source(running, 0)->linktype, "EN10MB");
	uint8_t frame[KIT_UDP_LEN];
	kit_udp_frame(frame, 7);
	kit_free(&k);
	kit_packet(&k, 0, 0, frame, sizeof(frame), sizeof(frame));
	CU_ASSERT_EQUAL(write(pipe_end, k.p, k.len), (ssize_t)k.len);
	CU_ASSERT_EQUAL(tf_capture_batch(running, frames, 4), 1);
	signal(SIGALRM, on_alarm);
	setitimer(ITIMER_REAL, &(struct itimerval){.it_value.tv_usec = 20000}, NULL);
	CU_ASSERT_EQUAL(tf_capture_batch(running, frames, 4), TF_CAPTURE_END);
	CU_ASSERT_FALSE(tf_capture_source(running, 0)->failed);
	signal(SIGALRM, SIG_DFL);
	tf_capture_close(running);
	restore_stdin();
	kit_free(&k);
}

static void
breaking_ends_the_reading_of_a_file(void)
{
	char *name = make_large_file(0), message[TF_CAPTURE_MESSAGE_SIZE];
	const char *files[] = {name, name};
	struct tf_frame frame;
	for (size_t count = 1; count <= 2; count++) {
		struct tf_capture *c;
		struct tf_capture_options options = {.files = files, .file_count = count};
		CU_ASSERT_EQUAL_FATAL(tf_capture_open(&c, &options, message), TF_CAPTURE_OK);
		CU_ASSERT_EQUAL(tf_capture_batch(c, &frame, 1), 1);
		tf_capture_break(c);
		CU_ASSERT_EQUAL(tf_capture_batch(c, &frame, 1), TF_CAPTURE_END);
		CU_ASSERT_EQUAL(tf_capture_frames(c), 1);
		CU_ASSERT_FALSE(tf_capture_source(c, 0)->failed);
		tf_capture_close(c);
	}
	kit_unlink(name);
}

static void
both_readers_give_the_same_frames(void)
{
	char *names[] = {make_udp_file(), make_large_file(5)};
	for (int i = 0; i < 2; i++) {
		const char *files[] = {names[i]};
		struct tf_capture_options options = {.files = files, .file_count = 1};
		struct kit_result own = kit_read(&options, 64);
		options.through_libpcap = true;
		struct kit_result other = kit_read(&options, 64);
		CU_ASSERT_TRUE(own.count > 0);
		CU_ASSERT_TRUE(kit_same_frames(&own, &other));
		kit_result_free(&own);
		kit_result_free(&other);
	}
	const char *both[] = {names[1], names[0]};
	struct tf_capture_options options = {.files = both, .file_count = 2, .filter = "len > 4500 or udp"};
	struct kit_result own = kit_read(&options, 64);
	options.through_libpcap = true;
	struct kit_result other = kit_read(&options, 64);
	CU_ASSERT_TRUE(own.count > 1000);
	CU_ASSERT_TRUE(kit_same_frames(&own, &other));
	kit_result_free(&own);
	kit_result_free(&other);
	kit_unlink(names[0]);
	kit_unlink(names[1]);
}

static void
libpcap_tells_what_it_cannot_read(void)
{
	char *name = kit_file("hello, world", 12);
	const char *files[] = {name};
	struct tf_capture_options options = {.files = files, .file_count = 1, .through_libpcap = true};
	struct kit_result r = kit_read(&options, 1);
	CU_ASSERT_EQUAL(r.status, TF_CAPTURE_OK);
	CU_ASSERT_TRUE(r.sources[0].info.failed);
	CU_ASSERT_EQUAL(strncmp(r.sources[0].error, name, strlen(name)), 0);
	kit_unlink(name);
}

static void
link_types_have_names(void)
{
	CU_ASSERT_STRING_EQUAL(tf_capture_linktype_name(1), "EN10MB");
	CU_ASSERT_STRING_EQUAL(tf_capture_linktype_name(101), "RAW");
	CU_ASSERT_STRING_EQUAL(tf_capture_linktype_name(113), "LINUX_SLL");
	CU_ASSERT_STRING_EQUAL(tf_capture_linktype_name(276), "LINUX_SLL2");
	CU_ASSERT_PTR_NULL(tf_capture_linktype_name(60000));
	CU_ASSERT_EQUAL(strncmp(tf_capture_library_version(), "libpcap", 7), 0);
}

static void
an_interface_that_does_not_open_is_told(void)
{
	struct tf_capture *c;
	char message[TF_CAPTURE_MESSAGE_SIZE];
	struct tf_capture_options options = {.interface = "no-such-if"};
	CU_ASSERT_EQUAL(tf_capture_open(&c, &options, message), TF_CAPTURE_FAILED);
	CU_ASSERT_PTR_NULL(c);
	CU_ASSERT_EQUAL(strncmp(message, "no-such-if: ", 12), 0);
}

static void
interfaces_are_listed(void)
{
	char message[TF_CAPTURE_MESSAGE_SIZE];
	size_t count, loopbacks = 0;
	struct tf_capture_interface *list = tf_capture_interfaces(&count, message);
	if (!list || count == 0) {
		tf_skip("this system lists no interfaces");
		tf_capture_interfaces_free(list, count);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		CU_ASSERT_TRUE(list[i].name[0] != '\0');
		loopbacks += list[i].loopback;
	}
	CU_ASSERT_TRUE(loopbacks >= 1);
	tf_capture_interfaces_free(list, count);
}

/* A datagram to this machine itself; returns the port that it went to. */
static unsigned
send_datagram(int *fd)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(to);
	if (*fd < 0) {
		*fd = socket(AF_INET, SOCK_DGRAM, 0);
		CU_ASSERT_FATAL(*fd >= 0);
		CU_ASSERT_EQUAL_FATAL(bind(*fd, (struct sockaddr *)&to, len), 0);
	}
	CU_ASSERT_EQUAL_FATAL(getsockname(*fd, (struct sockaddr *)&to, &len), 0);
	sendto(*fd, "hello, tap", 10, 0, (struct sockaddr *)&to, len);
	return ntohs(to.sin_port);
}

/* The frames of up to COUNT batches. */
static int
wait_for_frames(struct tf_capture *c, struct tf_frame *frames, size_t max, int count)
{
	int n = TF_CAPTURE_IDLE;
	while (n == TF_CAPTURE_IDLE && count-- > 0)
		n = tf_capture_batch(c, frames, max);
	return n;
}

static void
an_interface_is_listened_on(void)
{
	struct tf_capture *c;
	char message[TF_CAPTURE_MESSAGE_SIZE], filter[64];
	struct tf_frame frames[8];
	int fd = -1;
	snprintf(filter, sizeof(filter), "udp dst port %u", send_datagram(&fd));
	struct tf_capture_options options = {.interface = "any", .filter = filter, .timeout_ms = 50};
	if (tf_capture_open(&c, &options, message) != TF_CAPTURE_OK) {
		tf_skip("no interface may be listened on here");
		close(fd);
		return;
	}
	CU_ASSERT_EQUAL(tf_capture_batch(c, frames, 8), TF_CAPTURE_IDLE);
	send_datagram(&fd);
	CU_ASSERT_FATAL(wait_for_frames(c, frames, 8, 40) > 0);
	CU_ASSERT_EQUAL(frames[0].packet, 1);
	CU_ASSERT_EQUAL(memcmp(frames[0].data + frames[0].caplen - 10, "hello, tap", 10), 0);
	CU_ASSERT_TRUE(frames[0].ts_ns / second_ns >= time(NULL) - 60);
	CU_ASSERT_TRUE(tf_capture_source(c, 0)->dropped_known);
	CU_ASSERT_EQUAL(tf_capture_source(c, 0)->dropped, 0);
	tf_capture_break(c);
	CU_ASSERT_EQUAL(tf_capture_batch(c, frames, 8), TF_CAPTURE_END);
	tf_capture_close(c);
	options.filter = "udp and and";
	CU_ASSERT_EQUAL(tf_capture_open(&c, &options, message), TF_CAPTURE_BAD_FILTER);
	close(fd);
}

const char tf_suite[] = "capture";
const struct tf_test tf_tests[] = {
    {"several files are merged in time order and numbered on", files_are_merged_in_time_order},
    {"in a tie the file given first goes first", ties_go_to_the_file_given_first},
    {"a file that goes back in time keeps its order", a_file_that_goes_back_in_time_keeps_its_order},
    {"where a file fails, the rest is read", the_rest_is_read_where_a_file_fails},
    {"more files than may be open at first are one capture", many_files_are_one_capture},
    {"all frames of a batch are valid until the next", all_frames_of_a_batch_are_valid},
    {"a filter does not renumber", a_filter_does_not_renumber},
    {"a filter that does not compile is told before reading", a_bad_filter_is_told_before_reading},
    {"a filter is compiled for each link type", a_filter_is_compiled_for_each_link_type},
    {"standard input is read", standard_input_is_read},
    {"a silent pipe holds nothing up", a_silent_pipe_does_not_hold_anything_up},
    {"breaking ends the reading of files", breaking_ends_the_reading_of_a_file},
    {"our readers and libpcap give the same frames", both_readers_give_the_same_frames},
    {"libpcap tells what it cannot read", libpcap_tells_what_it_cannot_read},
    {"link types have names", link_types_have_names},
    {"an interface that does not open is told", an_interface_that_does_not_open_is_told},
    {"interfaces are listed", interfaces_are_listed},
    {"an interface is listened on", an_interface_is_listened_on},
    {NULL, NULL},
};
