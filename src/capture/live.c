/*
 * The live capture: see live.h.  The handle is not blocking; waiting is
 * done here, so that a signal or a timeout ends it at once.
 *
 * Who is told to stop still reads what the kernel had taken by then: a
 * block of its ring may come as late as the timeout allows.
 */
#include "capture/live.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "capture/linktype.h"

enum {
	COPIES_CAPACITY = 8 << 20,
	DEFAULT_TIMEOUT_MS = 100,
	DEFAULT_BUFFER_KIB =
	    16 << 10,            /* libpcap's 2 MiB hold but thirty frames of 64 KiB, as offloads make them */
	UNPOLLABLE_WAIT_MS = 10, /* where libpcap offers no descriptor to wait for */
	LAST_WAITS = 3, /* timeouts without a frame, then the kernel has no more of before the stop */
};

static void
set_options(pcap_t *p, const struct tf_capture_options *options, int snaplen, int timeout_ms)
{
	pcap_set_snaplen(p, snaplen);
	pcap_set_promisc(p, !options->not_promiscuous);
	pcap_set_timeout(p, timeout_ms);
	pcap_set_immediate_mode(p, 0);
	int buffer_kib = options->buffer_kib > 0 ? options->buffer_kib : DEFAULT_BUFFER_KIB;
	pcap_set_buffer_size(p, buffer_kib > INT32_MAX / 1024 ? INT32_MAX : buffer_kib * 1024);
	pcap_set_tstamp_precision(p, PCAP_TSTAMP_PRECISION_NANO);
}

/* What to do about STATUS of libpcap. */
static const char *
advice(int status)
{
	switch (status) {
	case PCAP_ERROR_NO_SUCH_DEVICE:
		return " (-D lists the interfaces)";
	case PCAP_ERROR_PERM_DENIED:
		return " (root may, or who has CAP_NET_RAW: setcap cap_net_raw+ep PROGRAM)";
	default:
		return "";
	}
}

static enum tf_capture_status
activate(struct tf_live *l, const char *name, char message[TF_CAPTURE_MESSAGE_SIZE])
{
	char why[PCAP_ERRBUF_SIZE];
	int status = pcap_activate(l->handle);
	if (status >= 0 && pcap_setnonblock(l->handle, 1, why) == 0)
		return TF_CAPTURE_OK;
	const char *what = status >= 0 ? "cannot be read without blocking" : pcap_statustostr(status);
	const char *detail = status >= 0 ? why : pcap_geterr(l->handle);
	bool is_news = detail[0] && strcmp(detail, what) != 0;
	snprintf(message, TF_CAPTURE_MESSAGE_SIZE, "%.100s: %.150s%s%.150s%s", name, what,
	         is_news ? ": " : "", is_news ? detail : "", advice(status));
	return TF_CAPTURE_FAILED;
}

static enum tf_capture_status
set_filter(struct tf_live *l, const char *expression, char message[TF_CAPTURE_MESSAGE_SIZE])
{
	struct bpf_program code;
	if (!expression)
		return TF_CAPTURE_OK;
	if (pcap_compile(l->handle, &code, expression, 1, PCAP_NETMASK_UNKNOWN) != 0) {
		snprintf(message, TF_CAPTURE_MESSAGE_SIZE, "the filter \"%.200s\" does not compile: %.250s",
		         expression, pcap_geterr(l->handle));
		return TF_CAPTURE_BAD_FILTER;
	}
	int status = pcap_setfilter(l->handle, &code);
	pcap_freecode(&code);
	if (status == 0)
		return TF_CAPTURE_OK;
	snprintf(message, TF_CAPTURE_MESSAGE_SIZE, "the filter cannot be set: %.300s",
	         pcap_geterr(l->handle));
	return TF_CAPTURE_FAILED;
}

static enum tf_capture_status
allocate(struct tf_live *l, char message[TF_CAPTURE_MESSAGE_SIZE])
{
	l->capacity = l->snaplen * 2 > COPIES_CAPACITY ? l->snaplen * 2 : COPIES_CAPACITY;
	l->copies = malloc(l->capacity);
	if (l->copies)
		return TF_CAPTURE_OK;
	snprintf(message, TF_CAPTURE_MESSAGE_SIZE, "out of memory");
	return TF_CAPTURE_FAILED;
}

static void
describe(struct tf_live *l)
{
	bool is_nano = pcap_get_tstamp_precision(l->handle) == PCAP_TSTAMP_PRECISION_NANO;
	l->fraction_ns = is_nano ? 1 : 1000;
	l->linktype = tf_linktype_of(l->handle);
	tf_source_describe(&l->source, l->linktype, (uint32_t)l->snaplen, is_nano ? 9 : 6);
}

enum tf_capture_status
tf_live_open(struct tf_live *l, const struct tf_capture_options *options, int wake_fd,
             char message[TF_CAPTURE_MESSAGE_SIZE])
{
	char why[PCAP_ERRBUF_SIZE];
	memset(l, 0, sizeof(*l));
	tf_source_init(&l->source, options->interface);
	l->wake_fd = wake_fd;
	l->timeout_ms = options->timeout_ms > 0 ? options->timeout_ms : DEFAULT_TIMEOUT_MS;
	int snaplen =
	    options->snaplen > 0 && options->snaplen < TF_SNAPLEN_MAX ? options->snaplen : TF_SNAPLEN_MAX;
	l->snaplen = (size_t)snaplen;
	l->handle = pcap_create(options->interface, why);
	if (!l->handle) {
		snprintf(message, TF_CAPTURE_MESSAGE_SIZE, "%.100s: %.300s", options->interface, why);
		return TF_CAPTURE_FAILED;
	}
	set_options(l->handle, options, snaplen, l->timeout_ms);
	enum tf_capture_status status = activate(l, options->interface, message);
	if (status == TF_CAPTURE_OK)
		status = set_filter(l, options->filter, message);
	if (status == TF_CAPTURE_OK)
		status = allocate(l, message);
	if (status == TF_CAPTURE_OK)
		describe(l);
	else
		tf_live_close(l);
	return status;
}

void
tf_live_close(struct tf_live *l)
{
	if (l->handle)
		pcap_close(l->handle);
	free(l->copies);
	l->handle = NULL;
	l->copies = NULL;
}

static void
on_frame(u_char *user, const struct pcap_pkthdr *header, const u_char *data)
{
	struct tf_live *l = (struct tf_live *)(void *)user;
	uint32_t caplen = header->caplen > l->snaplen ? (uint32_t)l->snaplen : header->caplen;
	uint8_t *copy = l->copies + l->used;
	memcpy(copy, data, caplen);
	l->used += caplen;
	l->frames[l->count++] = (struct tf_frame){
	    .ts_ns = (int64_t)header->ts.tv_sec * INT64_C(1000000000) +
	             (int64_t)header->ts.tv_usec * l->fraction_ns,
	    .data = copy,
	    .caplen = caplen,
	    .len = header->len,
	    .linktype = l->linktype,
	};
	if (l->count == l->max || l->capacity - l->used < l->snaplen)
		pcap_breakloop(l->handle);
}

/* Of NFLOG, which does not know non-blocking reading, libpcap takes it for a fault that there is nothing. */
static bool
is_mere_silence(const struct tf_live *l)
{
	return errno == EAGAIN && pcap_datalink(l->handle) == DLT_NFLOG;
}

/* Takes what the kernel has; false: the interface failed. */
static bool
dispatch(struct tf_live *l)
{
	int count = l->max > INT32_MAX ? INT32_MAX : (int)l->max;
	errno = 0;
	int status = pcap_dispatch(l->handle, count, on_frame, (u_char *)(void *)l);
	if (status >= 0 || status == PCAP_ERROR_BREAK || is_mere_silence(l))
		return true;
	tf_source_fail(&l->source, "%.300s", pcap_geterr(l->handle));
	return false;
}

static void
note_stop(struct tf_live *l)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	l->is_stopping = true;
	l->stop_ns = (int64_t)now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void
wait_for_frames(struct tf_live *l)
{
	int fd = pcap_get_selectable_fd(l->handle);
	struct pollfd fds[2] = {{.fd = l->is_stopping ? -1 : l->wake_fd, .events = POLLIN},
	                        {.fd = fd, .events = POLLIN}};
	poll(fds, 2, fd < 0 ? UNPOLLABLE_WAIT_MS : l->timeout_ms);
	if (fds[0].revents & POLLIN)
		note_stop(l);
}

/* Frames of after the stop are not wanted, and nothing behind them is. */
static void
cut_at_stop(struct tf_live *l)
{
	for (size_t i = 0; i < l->count; i++) {
		if (l->frames[i].ts_ns <= l->stop_ns)
			continue;
		l->count = i;
		l->is_over = true;
	}
}

/* One round after the stop: with frames, or one of the last waits for them. */
static bool
read_rest(struct tf_live *l)
{
	bool works = dispatch(l);
	for (int i = 0; works && l->count == 0 && i < LAST_WAITS; i++) {
		wait_for_frames(l);
		works = dispatch(l);
	}
	l->is_over = !works || l->count == 0;
	cut_at_stop(l);
	return works;
}

static bool
read_more(struct tf_live *l)
{
	bool works = dispatch(l);
	if (!works || l->count > 0)
		return works;
	wait_for_frames(l);
	return l->is_stopping ? read_rest(l) : dispatch(l);
}

int
tf_live_batch(struct tf_live *l, struct tf_frame *frames, size_t max, bool stop)
{
	l->frames = frames;
	l->max = max;
	l->count = l->used = 0;
	if (stop && !l->is_stopping)
		note_stop(l);
	if (l->is_over || l->source.info.failed)
		return TF_CAPTURE_END;
	bool works = l->is_stopping ? read_rest(l) : read_more(l);
	l->source.info.frames += l->count;
	if (l->count > 0)
		return (int)l->count;
	return works && !l->is_over ? TF_CAPTURE_IDLE : TF_CAPTURE_END;
}

void
tf_live_update_drops(struct tf_live *l)
{
	struct pcap_stat stats;
	if (pcap_stats(l->handle, &stats) != 0)
		return;
	l->source.info.dropped_known = true;
	/* libpcap's count has 32 bits, which may not last for days. */
	l->source.info.dropped += stats.ps_drop - l->dropped_low;
	l->dropped_low = stats.ps_drop;
}
