/*
 * The pcapng format (draft-ietf-opsawg-pcapng): sections of either byte
 * order, interfaces of different link types, and all three blocks that can
 * hold a packet.  Of options it knows those that change what a frame is or
 * say what the capture lost; all other blocks are passed over and counted.
 *
 * A block's length is believed only as far as octets follow.  Packets of an
 * interface that was not described are skipped and counted; a simple packet
 * has no time and gets that of the frame before it.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "capture/bytes.h"
#include "capture/linktype.h"
#include "capture/pcapng_time.h"
#include "capture/reader.h"

enum block_type {
	BLOCK_INTERFACE = 1,
	BLOCK_OLD_PACKET = 2,
	BLOCK_SIMPLE_PACKET = 3,
	BLOCK_STATISTICS = 5,
	BLOCK_PACKET = 6,
	BLOCK_SECTION = 0x0a0d0d0a,
};

enum {
	BLOCK_HEADER_LEN = 8,    /* type, total length */
	BLOCK_OVERHEAD_LEN = 12, /* the same and the total length once more at the end */
	SECTION_MIN_LEN = 28,
	INTERFACE_MIN_LEN = 20,
	STATISTICS_MIN_LEN = 24,
	PACKET_MIN_LEN = 32,
	SIMPLE_PACKET_MIN_LEN = 16,
	PACKET_DATA = 28, /* where the frame stands in a packet block, old or new */
	SIMPLE_PACKET_DATA = 12,
	OPTIONS_MAX_LEN = 16 << 20, /* more than that beside the frame is not plausible */
	INTERFACES_MAX = 65536,
	LINKTYPE_NFLOG = 239,
};

enum option {
	OPTION_END = 0,
	OPTION_TSRESOL = 9,   /* of an interface */
	OPTION_TSOFFSET = 14, /* of an interface */
	OPTION_DROPCOUNT = 4, /* of a packet */
	OPTION_ENDTIME = 3,   /* of statistics */
	OPTION_IFDROP = 5,    /* of statistics */
	OPTION_OSDROP = 7,    /* of statistics */
};

#define BYTE_ORDER_MAGIC UINT32_C(0x1a2b3c4d)
#define DROPS_UNKNOWN    UINT16_C(0xffff)
#define DROPS_MAX        (UINT64_C(1) << 53) /* a larger count is nonsense, and no JSON number holds it */

struct tf_pcapng_interface {
	struct tf_pcapng_clock clock;
	int linktype;
	uint32_t snaplen;    /* 0: no limit */
	uint32_t max_caplen; /* more is damage */
	uint64_t dropped;    /* according to its last statistics block */
};

/* A block that stands in the buffer as a whole. */
struct block {
	uint8_t *p;
	uint32_t type;
	uint32_t len; /* total */
};

struct options {
	const uint8_t *p;
	size_t left;
	bool swapped;
	uint16_t code, len; /* of the option that next_option found */
	const uint8_t *value;
};

bool
tf_pcapng_file_is(const uint8_t magic[4])
{
	return tf_load32(magic, false) == BLOCK_SECTION;
}

void
tf_pcapng_file_fini(struct tf_pcapng_file *f)
{
	free(f->interfaces);
	f->interfaces = NULL;
	f->count = f->capacity = 0;
}

/* False at the end, and where the list is damaged: what follows is not known then. */
static bool
next_option(struct options *o)
{
	if (o->left < 4)
		return false;
	o->code = tf_load16(o->p, o->swapped);
	o->len = tf_load16(o->p + 2, o->swapped);
	o->value = o->p + 4;
	size_t size = 4 + (((size_t)o->len + 3) & ~(size_t)3);
	if (o->code == OPTION_END || size > o->left)
		return false;
	o->p += size;
	o->left -= size;
	return true;
}

/* The options that begin at octet AT of the block. */
static struct options
options_of(const struct tf_pcapng_file *f, const struct block *b, size_t at)
{
	return (struct options){.p = b->p + at, .left = b->len - 4 - at, .swapped = f->swapped};
}

static uint64_t
option_u64(const struct options *o)
{
	return tf_load64(o->value, o->swapped);
}

/* A time as packets and statistics write it: the upper half first, in both byte orders. */
static uint64_t
load_ticks(const uint8_t *p, bool swapped)
{
	return (uint64_t)tf_load32(p, swapped) << 32 | tf_load32(p + 4, swapped);
}

static void
update_drops(struct tf_reader *r)
{
	const struct tf_pcapng_file *f = &r->format.pcapng;
	uint64_t dropped = f->statistics_dropped > f->dropcount ? f->statistics_dropped : f->dropcount;
	r->source->info.dropped_known = f->statistics_seen || f->dropcount > 0;
	r->source->info.dropped = dropped < DROPS_MAX ? dropped : DROPS_MAX;
}

static enum tf_read_status
read_section(struct tf_reader *r, const struct block *b)
{
	struct tf_pcapng_file *f = &r->format.pcapng;
	unsigned major = tf_load16(b->p + 12, f->swapped), minor = tf_load16(b->p + 14, f->swapped);
	if (major != 1 || (minor != 0 && minor != 2))
		return tf_reader_fail(r, "version %u.%u of the pcapng format is not known", major, minor);
	f->count = 0;
	return TF_READ_OK;
}

/* A new entry of the section's table; NULL with *STATUS: no room for it. */
static struct tf_pcapng_interface *
add_interface(struct tf_reader *r)
{
	struct tf_pcapng_file *f = &r->format.pcapng;
	if (f->count == f->capacity) {
		size_t capacity = f->capacity ? f->capacity * 2 : 8;
		void *interfaces = realloc(f->interfaces, capacity * sizeof(*f->interfaces));
		if (!interfaces)
			return NULL;
		f->interfaces = interfaces;
		f->capacity = capacity;
	}
	return &f->interfaces[f->count++];
}

static enum tf_read_status
read_interface(struct tf_reader *r, const struct block *b)
{
	struct tf_pcapng_file *f = &r->format.pcapng;
	uint8_t resolution = 6;
	int64_t offset_s = 0;
	for (struct options o = options_of(f, b, 16); next_option(&o);) {
		if (o.code == OPTION_TSRESOL && o.len == 1)
			resolution = o.value[0];
		else if (o.code == OPTION_TSOFFSET && o.len == 8)
			offset_s = (int64_t)option_u64(&o);
	}
	if (f->count == INTERFACES_MAX) {
		r->source->info.skipped_blocks++;
		return TF_READ_OK;
	}
	struct tf_pcapng_interface *i = add_interface(r);
	if (!i)
		return tf_reader_fail(r, "out of memory");
	tf_pcapng_clock_init(&i->clock, resolution, offset_s);
	i->linktype = tf_load16(b->p + 8, f->swapped);
	i->snaplen = tf_load32(b->p + 12, f->swapped);
	i->max_caplen = tf_linktype_max_caplen(i->linktype);
	i->dropped = 0;
	tf_source_describe(r->source, i->linktype, i->snaplen, tf_pcapng_clock_digits(&i->clock));
	return TF_READ_OK;
}

static enum tf_read_status
read_statistics(struct tf_reader *r, const struct block *b)
{
	struct tf_pcapng_file *f = &r->format.pcapng;
	uint32_t id = tf_load32(b->p + 8, f->swapped);
	if (id >= f->count) {
		r->source->info.skipped_blocks++;
		return TF_READ_OK;
	}
	struct tf_pcapng_interface *i = &f->interfaces[id];
	uint64_t dropped = 0;
	bool known = false;
	for (struct options o = options_of(f, b, 20); next_option(&o);) {
		if (o.len != 8)
			continue;
		if (o.code == OPTION_IFDROP || o.code == OPTION_OSDROP) {
			dropped += option_u64(&o);
			known = true;
		} else if (o.code == OPTION_ENDTIME) {
			tf_source_end(r->source,
			              tf_pcapng_clock_ns(&i->clock, load_ticks(o.value, f->swapped)));
		}
	}
	if (known) {
		f->statistics_seen = true;
		f->statistics_dropped += dropped - i->dropped; /* each block counts from the beginning */
		i->dropped = dropped;
		update_drops(r);
	}
	return TF_READ_OK;
}

/* Between this packet and the one before it. */
static void
add_drops(struct tf_reader *r, uint64_t drops)
{
	r->format.pcapng.dropcount += drops;
	if (drops)
		update_drops(r);
}

static void
count_drops(struct tf_reader *r, const struct block *b, size_t options_at)
{
	for (struct options o = options_of(&r->format.pcapng, b, options_at); next_option(&o);)
		if (o.code == OPTION_DROPCOUNT && o.len == 8)
			add_drops(r, option_u64(&o));
}

static enum tf_read_status
fail_caplen(struct tf_reader *r, uint32_t caplen, uint32_t max)
{
	return tf_reader_fail(r,
	                      "a packet block claims %" PRIu32 " captured octets, more than the %" PRIu32
	                      " that are possible",
	                      caplen, max);
}

/* The interface's number in a packet block; the older block has two octets for it. */
static uint32_t
packet_interface(const struct tf_pcapng_file *f, const struct block *b)
{
	return b->type == BLOCK_PACKET ? tf_load32(b->p + 8, f->swapped) : tf_load16(b->p + 8, f->swapped);
}

/* Octets that a frame occupies with its padding. */
static size_t
padded(uint32_t caplen)
{
	return ((size_t)caplen + 3) & ~(size_t)3;
}

static enum tf_read_status
read_packet(struct tf_reader *r, const struct block *b, struct tf_frame *frame, size_t *count)
{
	struct tf_pcapng_file *f = &r->format.pcapng;
	uint32_t id = packet_interface(f, b);
	if (id >= f->count) {
		r->source->info.skipped_frames++;
		return TF_READ_OK;
	}
	const struct tf_pcapng_interface *i = &f->interfaces[id];
	uint32_t caplen = tf_load32(b->p + 20, f->swapped);
	size_t room = b->len - BLOCK_OVERHEAD_LEN - (PACKET_DATA - BLOCK_HEADER_LEN);
	if (caplen > i->max_caplen || caplen > room)
		return fail_caplen(r, caplen, room < i->max_caplen ? (uint32_t)room : i->max_caplen);
	*frame = (struct tf_frame){
	    .ts_ns = tf_pcapng_clock_ns(&i->clock, load_ticks(b->p + 12, f->swapped)),
	    .data = b->p + PACKET_DATA,
	    .caplen = caplen,
	    .len = tf_load32(b->p + 24, f->swapped),
	    .linktype = i->linktype,
	};
	if (b->type == BLOCK_OLD_PACKET && tf_load16(b->p + 10, f->swapped) != DROPS_UNKNOWN)
		add_drops(r, tf_load16(b->p + 10, f->swapped));
	if (room - caplen >= 12)
		count_drops(r, b, PACKET_DATA + padded(caplen));
	f->last_ts_ns = frame->ts_ns;
	*count += 1;
	return TF_READ_OK;
}

static enum tf_read_status
read_simple_packet(struct tf_reader *r, const struct block *b, struct tf_frame *frame, size_t *count)
{
	struct tf_pcapng_file *f = &r->format.pcapng;
	if (f->count == 0) {
		r->source->info.skipped_frames++;
		return TF_READ_OK;
	}
	const struct tf_pcapng_interface *i = &f->interfaces[0];
	uint32_t len = tf_load32(b->p + 8, f->swapped), caplen = len;
	uint32_t room = b->len - SIMPLE_PACKET_MIN_LEN;
	if (i->snaplen && caplen > i->snaplen)
		caplen = i->snaplen;
	if (caplen > room) /* no captured length of its own: what is there is what was captured */
		caplen = room;
	if (caplen > i->max_caplen)
		return fail_caplen(r, caplen, i->max_caplen);
	*frame = (struct tf_frame){.ts_ns = f->last_ts_ns,
	                           .data = b->p + SIMPLE_PACKET_DATA,
	                           .caplen = caplen,
	                           .len = len,
	                           .linktype = i->linktype};
	*count += 1;
	return TF_READ_OK;
}

static uint32_t
min_len_of(uint32_t type)
{
	switch (type) {
	case BLOCK_SECTION:
		return SECTION_MIN_LEN;
	case BLOCK_INTERFACE:
		return INTERFACE_MIN_LEN;
	case BLOCK_STATISTICS:
		return STATISTICS_MIN_LEN;
	case BLOCK_PACKET:
	case BLOCK_OLD_PACKET:
		return PACKET_MIN_LEN;
	case BLOCK_SIMPLE_PACKET:
		return SIMPLE_PACKET_MIN_LEN;
	default:
		return BLOCK_OVERHEAD_LEN;
	}
}

static bool
is_packet(uint32_t type)
{
	return type == BLOCK_PACKET || type == BLOCK_OLD_PACKET || type == BLOCK_SIMPLE_PACKET;
}

static bool
is_known(uint32_t type)
{
	return is_packet(type) || type == BLOCK_SECTION || type == BLOCK_INTERFACE ||
	       type == BLOCK_STATISTICS;
}

/* The most octets that a block which must stand in the buffer may have. */
static uint32_t
max_len_of(const struct tf_pcapng_file *f, uint32_t type)
{
	uint32_t max = OPTIONS_MAX_LEN;
	for (size_t i = 0; is_packet(type) && i < f->count; i++)
		if (f->interfaces[i].max_caplen > max)
			max = f->interfaces[i].max_caplen + OPTIONS_MAX_LEN;
	return max;
}

/* A section's byte order goes for its own length, too, so it is found out first. */
static enum tf_read_status
find_byte_order(struct tf_reader *r, const uint8_t *p)
{
	struct tf_pcapng_file *f = &r->format.pcapng;
	if (tf_load32(p + 8, false) == BYTE_ORDER_MAGIC)
		f->swapped = false;
	else if (tf_load32(p + 8, true) == BYTE_ORDER_MAGIC)
		f->swapped = true;
	else
		return tf_reader_fail(r, "a section header without the byte-order magic");
	return TF_READ_OK;
}

/* The next block: its header is checked; one that must be looked into stands in the buffer. */
static enum tf_read_status
next_block(struct tf_reader *r, struct block *b)
{
	const struct tf_pcapng_file *f = &r->format.pcapng;
	if (tf_stream_available(&r->stream) < BLOCK_OVERHEAD_LEN || r->stream.skip > 0)
		return tf_reader_want(r, BLOCK_OVERHEAD_LEN, "a block header");
	b->p = tf_stream_at(&r->stream);
	b->type = tf_load32(b->p, f->swapped);
	if (b->type == BLOCK_SECTION) {
		enum tf_read_status status = find_byte_order(r, b->p);
		if (status != TF_READ_OK)
			return status;
	}
	b->len = tf_load32(b->p + 4, f->swapped);
	if (b->len < min_len_of(b->type) || b->len % 4 != 0)
		return tf_reader_fail(r, "a block of type 0x%08" PRIx32 " has the impossible length %" PRIu32,
		                      b->type, b->len);
	if (!is_known(b->type))
		return TF_READ_OK;
	if (b->len > OPTIONS_MAX_LEN && b->len > max_len_of(f, b->type))
		return tf_reader_fail(
		    r, "a block of type 0x%08" PRIx32 " claims %" PRIu32 " octets, too many to be true",
		    b->type, b->len);
	if (tf_stream_available(&r->stream) < b->len)
		return tf_reader_want(r, b->len, "a block");
	if (tf_load32(b->p + b->len - 4, f->swapped) != b->len)
		return tf_reader_fail(r, "the two lengths of a block differ (%" PRIu32 " and %" PRIu32 ")",
		                      b->len, tf_load32(b->p + b->len - 4, f->swapped));
	return TF_READ_OK;
}

static enum tf_read_status
read_block(struct tf_reader *r, const struct block *b, struct tf_frame *frame, size_t *count)
{
	switch (b->type) {
	case BLOCK_PACKET:
	case BLOCK_OLD_PACKET:
		return read_packet(r, b, frame, count);
	case BLOCK_SIMPLE_PACKET:
		return read_simple_packet(r, b, frame, count);
	case BLOCK_SECTION:
		return read_section(r, b);
	case BLOCK_INTERFACE:
		return read_interface(r, b);
	case BLOCK_STATISTICS:
		return read_statistics(r, b);
	default:
		r->source->info.skipped_blocks++;
		return TF_READ_OK;
	}
}

static void
swap_pseudo_header(struct tf_reader *r, const struct tf_frame *frame)
{
	uint8_t *buffer = r->stream.buffer;
	if (r->format.pcapng.swapped && frame->linktype == LINKTYPE_NFLOG)
		tf_nflog_swap(buffer + (frame->data - buffer), frame->caplen);
}

size_t
tf_pcapng_file_read(struct tf_reader *r, struct tf_frame *frames, size_t max, enum tf_read_status *status)
{
	struct block b = {0};
	size_t n = 0;
	for (;;) {
		size_t before = n;
		*status = next_block(r, &b);
		if (*status != TF_READ_OK || (is_packet(b.type) && n == max))
			return n;
		*status = read_block(r, &b, &frames[n], &n);
		if (*status != TF_READ_OK)
			return n;
		if (n > before)
			swap_pseudo_header(r, &frames[before]);
		tf_stream_skip(&r->stream, b.len);
	}
}
