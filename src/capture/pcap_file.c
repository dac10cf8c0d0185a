/*
 * The classic capture format, pcap-savefile(5): a header of 24 octets, then
 * records of 16 (24 in files of a once widespread patch) and a frame each.
 *
 * What libpcap accepts is accepted, with its limits and its treatment of
 * captured lengths beyond the snapshot length, so that both readers give the
 * same frames.  One thing differs: seconds are unsigned, good until 2106.
 */
#include "capture/bytes.h"
#include "capture/linktype.h"
#include "capture/reader.h"

enum {
	LINKTYPE_NFLOG = 239,
	RECORD_HEADER_LEN = 16,
	PATCHED_RECORD_HEADER_LEN = 24,
};

#define MAGIC_US      UINT32_C(0xa1b2c3d4)
#define MAGIC_NS      UINT32_C(0xa1b23c4d)
#define MAGIC_PATCHED UINT32_C(0xa1b2cd34)

static bool
is_magic(uint32_t magic)
{
	return magic == MAGIC_US || magic == MAGIC_NS || magic == MAGIC_PATCHED;
}

bool
tf_pcap_file_is(const uint8_t magic[4])
{
	return is_magic(tf_load32(magic, false)) || is_magic(tf_load32(magic, true));
}

/* Versions up to 2.2 had the lengths the other way round, writers of 2.3 disagreed, and 543.0 is
 * what DG/UX's tcpdump wrote. */
static bool
understand_version(struct tf_pcap_file *f, unsigned major, unsigned minor)
{
	f->lengths_swapped = major == 543 || (major == 2 && minor < 3);
	f->lengths_may_swap = major == 2 && minor == 3;
	return (major == 2 && minor <= 4) || (major == 543 && minor == 0);
}

static void
understand_limits(struct tf_pcap_file *f, uint32_t snaplen)
{
	f->max_caplen = tf_linktype_max_caplen(f->linktype);
	f->snaplen = snaplen == 0 || snaplen > INT32_MAX ? f->max_caplen : snaplen;
}

enum tf_read_status
tf_pcap_file_begin(struct tf_reader *r)
{
	struct tf_pcap_file *f = &r->format.pcap;
	if (tf_stream_available(&r->stream) < TF_PCAP_HEADER_LEN)
		return tf_reader_want(r, TF_PCAP_HEADER_LEN, "the file header");
	const uint8_t *p = tf_stream_at(&r->stream);
	f->swapped = !is_magic(tf_load32(p, false));
	uint32_t magic = tf_load32(p, f->swapped);
	unsigned major = tf_load16(p + 4, f->swapped), minor = tf_load16(p + 6, f->swapped);
	if (!understand_version(f, major, minor))
		return tf_reader_fail(r, "version %u.%u of the pcap format is not known", major, minor);
	uint32_t linktype = tf_load32(p + 20, f->swapped);
	f->linktype = (int)(linktype & 0x03ffffff); /* above it: the length of a frame check sequence */
	f->header_len = magic == MAGIC_PATCHED ? PATCHED_RECORD_HEADER_LEN : RECORD_HEADER_LEN;
	f->fraction_ns = magic == MAGIC_NS ? 1 : 1000;
	understand_limits(f, tf_load32(p + 16, f->swapped));
	tf_source_describe(r->source, f->linktype, f->snaplen, magic == MAGIC_NS ? 9 : 6);
	tf_stream_skip(&r->stream, TF_PCAP_HEADER_LEN);
	if (r->may_map)
		tf_stream_map(&r->stream);
	r->read = tf_pcap_file_read;
	return TF_READ_OK;
}

static enum tf_read_status
fail_caplen(struct tf_reader *r, uint32_t caplen)
{
	return tf_reader_fail(r,
	                      "a packet record claims %u captured octets, more than the %u that are possible",
	                      caplen, r->format.pcap.max_caplen);
}

/* The record's frame, with its lengths as they stand in the file. */
static inline __attribute__((always_inline)) void
load_frame(const struct tf_pcap_file *f, const uint8_t *p, bool plain, struct tf_frame *frame)
{
	bool swapped = !plain && f->swapped;
	uint32_t caplen = tf_load32(p + 8, swapped), len = tf_load32(p + 12, swapped);
	bool turned = !plain && (f->lengths_swapped || (f->lengths_may_swap && caplen > len));
	frame->ts_ns = (int64_t)tf_load32(p, swapped) * INT64_C(1000000000) +
	               (int64_t)tf_load32(p + 4, swapped) * f->fraction_ns;
	frame->data = p + f->header_len;
	frame->caplen = turned ? len : caplen;
	frame->len = turned ? caplen : len;
	frame->linktype = f->linktype;
}

enum {
	LINE = 64,               /* octets that come at a time */
	AHEAD = 8 << 10,         /* octets; what is asked for is still in a cache when it is looked at */
	MOST_AT_ONCE = 8 * LINE, /* whoever asks for more than that beside his work waits for it */
};

/* What lies before it was asked for; the window, of which LEFT octets from P on are left, may be a new one. */
static inline const uint8_t *
asked_before(const struct tf_reader *r, const uint8_t *p, size_t left)
{
	return r->ahead.next >= p && r->ahead.next <= p + left ? r->ahead.next : p;
}

/* Ask for what lies up to some frames ahead of P, if it was not: the processor does not do so across pages on its own.
 * Up to where it is asked for now. */
static inline const uint8_t *
ask_ahead(const uint8_t *asked, const uint8_t *p)
{
	for (; asked < p + AHEAD; asked += 4 * LINE) {
		__builtin_prefetch(asked);
		__builtin_prefetch(asked + LINE);
		__builtin_prefetch(asked + 2 * LINE);
		__builtin_prefetch(asked + 3 * LINE);
	}
	return asked;
}

/* As many octets as the FRAMES before P had, of LEFT ones from there on, but for those that were ASKED for. */
static struct tf_read_ahead
expect_as_much(const uint8_t *asked, const uint8_t *p, size_t left, size_t octets, size_t frames)
{
	size_t next = octets < left ? octets : left, begun = asked > p ? (size_t)(asked - p) : 0;
	size_t each = frames ? octets / frames / (2 * LINE) * 2 * LINE + 2 * LINE : 0;

	return (struct tf_read_ahead){
	    .next = asked,
	    .left = begun < next ? next - begun : 0,
	    .share = each < MOST_AT_ONCE ? each : MOST_AT_ONCE,
	};
}

/* Inlined twice, so that a PLAIN file is not asked with each field for its byte order and old ways. */
static inline __attribute__((always_inline)) size_t
read_records(struct tf_reader *r, struct tf_frame *frames, size_t max, bool plain,
             enum tf_read_status *status)
{
	const struct tf_pcap_file f = r->format.pcap;
	const uint32_t usual_caplen = f.snaplen < f.max_caplen ? f.snaplen : f.max_caplen;
	struct tf_stream *s = &r->stream;
	size_t left = tf_stream_available(s), need = f.header_len;
	const uint8_t *begin = tf_stream_at(s), *p = begin;
	struct tf_frame *frame = frames, *end = frames + max;
	const uint8_t *asked = plain && tf_stream_is_untouched(s) ? asked_before(r, p, left) : NULL;
	*status = TF_READ_OK;
	for (; frame < end; frame++, p += need, left -= need) {
		need = f.header_len;
		if (left < need)
			break;
		load_frame(&f, p, plain, frame);
		need += frame->caplen;
		if (left < need || frame->caplen > usual_caplen) {
			if (left < need || frame->caplen > f.max_caplen)
				break;
			frame->caplen = f.snaplen;
		}
		if (asked)
			asked = ask_ahead(asked, p);
	}
	s->begin = s->end - left;
	r->ahead = asked ? expect_as_much(asked, p, left, (size_t)(p - begin), (size_t)(frame - frames))
	                 : (struct tf_read_ahead){0};
	if (frame < end)
		*status = left >= f.header_len && frame->caplen > f.max_caplen
		              ? fail_caplen(r, frame->caplen)
		              : tf_reader_want(r, need, "a packet record");
	return (size_t)(frame - frames);
}

static void
swap_pseudo_headers(struct tf_reader *r, const struct tf_frame *frames, size_t count)
{
	uint8_t *buffer = r->stream.buffer;
	for (size_t i = 0; i < count; i++)
		tf_nflog_swap(buffer + (frames[i].data - buffer), frames[i].caplen);
}

size_t
tf_pcap_file_read(struct tf_reader *r, struct tf_frame *frames, size_t max, enum tf_read_status *status)
{
	const struct tf_pcap_file *f = &r->format.pcap;
	if (!f->swapped && !f->lengths_swapped && !f->lengths_may_swap)
		return read_records(r, frames, max, true, status);
	size_t n = read_records(r, frames, max, false, status);
	if (f->swapped && f->linktype == LINKTYPE_NFLOG)
		swap_pseudo_headers(r, frames, n);
	return n;
}
