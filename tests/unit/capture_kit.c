/*
 * Making capture files and reading them: see capture_kit.h.
 */
#include "capture_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

void
kit_free(struct kit *k)
{
	free(k->p);
	*k = (struct kit){.swapped = k->swapped};
}

void
kit_bytes(struct kit *k, const void *p, size_t len)
{
	if (len == 0)
		return;
	if (k->capacity - k->len < len) {
		k->capacity = (k->len + len) * 2;
		k->p = realloc(k->p, k->capacity);
		CU_ASSERT_PTR_NOT_NULL_FATAL(k->p);
	}
	memcpy(k->p + k->len, p, len);
	k->len += len;
}

void
kit_u16(struct kit *k, unsigned v)
{
	uint16_t n = k->swapped ? __builtin_bswap16((uint16_t)v) : (uint16_t)v;
	kit_bytes(k, &n, sizeof(n));
}

void
kit_u32(struct kit *k, uint32_t v)
{
	uint32_t n = k->swapped ? __builtin_bswap32(v) : v;
	kit_bytes(k, &n, sizeof(n));
}

void
kit_u64(struct kit *k, uint64_t v)
{
	uint64_t n = k->swapped ? __builtin_bswap64(v) : v;
	kit_bytes(k, &n, sizeof(n));
}

void
kit_pcap_header(struct kit *k, uint32_t magic, uint32_t snaplen, uint32_t linktype)
{
	kit_u32(k, magic);
	kit_u16(k, 2);
	kit_u16(k, 4);
	kit_u32(k, 0);
	kit_u32(k, 0);
	kit_u32(k, snaplen);
	kit_u32(k, linktype);
}

void
kit_pcap_record(struct kit *k, uint32_t seconds, uint32_t fraction, const void *p, uint32_t caplen,
                uint32_t len)
{
	kit_u32(k, seconds);
	kit_u32(k, fraction);
	kit_u32(k, caplen);
	kit_u32(k, len);
	kit_bytes(k, p, caplen);
}

size_t
kit_block(struct kit *k, uint32_t type)
{
	size_t begin = k->len;
	kit_u32(k, type);
	kit_u32(k, 0);
	return begin;
}

static void
pad(struct kit *k)
{
	while (k->len % 4)
		kit_bytes(k, "", 1);
}

void
kit_block_end(struct kit *k, size_t begin)
{
	pad(k);
	uint32_t len = (uint32_t)(k->len - begin + 4);
	kit_u32(k, len);
	memcpy(k->p + begin + 4, k->p + k->len - 4, 4);
}

void
kit_option(struct kit *k, unsigned code, const void *p, size_t len)
{
	kit_u16(k, code);
	kit_u16(k, (unsigned)len);
	kit_bytes(k, p, len);
	pad(k);
}

void
kit_option_u64(struct kit *k, unsigned code, uint64_t v)
{
	kit_u16(k, code);
	kit_u16(k, 8);
	kit_u64(k, v);
}

void
kit_option_end(struct kit *k)
{
	kit_u32(k, 0);
}

void
kit_section(struct kit *k)
{
	size_t begin = kit_block(k, 0x0a0d0d0a);
	kit_u32(k, 0x1a2b3c4d);
	kit_u16(k, 1);
	kit_u16(k, 0);
	kit_u64(k, UINT64_MAX);
	kit_block_end(k, begin);
}

void
kit_interface(struct kit *k, unsigned linktype, uint32_t snaplen)
{
	size_t begin = kit_block(k, 1);
	kit_u16(k, linktype);
	kit_u16(k, 0);
	kit_u32(k, snaplen);
	kit_block_end(k, begin);
}

void
kit_packet(struct kit *k, uint32_t interface, uint64_t ticks, const void *p, uint32_t caplen, uint32_t len)
{
	size_t begin = kit_block(k, 6);
	kit_u32(k, interface);
	kit_u32(k, (uint32_t)(ticks >> 32));
	kit_u32(k, (uint32_t)ticks);
	kit_u32(k, caplen);
	kit_u32(k, len);
	kit_bytes(k, p, caplen);
	kit_block_end(k, begin);
}

void
kit_udp_frame(uint8_t frame[KIT_UDP_LEN], unsigned port)
{
	static const uint8_t ip[] = {0x08, 0x00, 0x45, 0,   0, 28, 0, 0,   0, 0, 64,
	                             17,   0,    0,    192, 0, 2,  1, 192, 0, 2, 2};
	memset(frame, 0, KIT_UDP_LEN);
	memcpy(frame + 12, ip, sizeof(ip));
	frame[35] = 99;
	frame[36] = (uint8_t)(port >> 8);
	frame[37] = (uint8_t)port;
	frame[39] = 8;
}

char *
kit_file(const void *p, size_t len)
{
	const char *directory = getenv("TMPDIR");
	char name[512];
	snprintf(name, sizeof(name), "%s/tcpfsm-test-XXXXXX", directory ? directory : P_tmpdir);
	int fd = mkstemp(name);
	CU_ASSERT_FATAL(fd >= 0);
	for (size_t done = 0; done < len;) {
		ssize_t n = write(fd, (const uint8_t *)p + done, len - done);
		CU_ASSERT_FATAL(n > 0);
		done += (size_t)n;
	}
	close(fd);
	return strdup(name);
}

void
kit_unlink(char *name)
{
	unlink(name);
	free(name);
}

static void
copy_frame(struct kit_frame *to, const struct tf_frame *from)
{
	*to = (struct kit_frame){.packet = from->packet,
	                         .ts_ns = from->ts_ns,
	                         .caplen = from->caplen,
	                         .len = from->len,
	                         .linktype = from->linktype,
	                         .data = malloc(from->caplen + 1)};
	CU_ASSERT_PTR_NOT_NULL_FATAL(to->data);
	memcpy(to->data, from->data, from->caplen);
}

static void
append(struct kit_result *r, const struct tf_frame *frames, size_t count)
{
	if (r->capacity - r->count < count) {
		r->capacity = (r->count + count) * 2;
		r->frames = realloc(r->frames, r->capacity * sizeof(*r->frames));
		CU_ASSERT_PTR_NOT_NULL_FATAL(r->frames);
	}
	/* Copied only now that the batch is complete: all of it must be valid. */
	for (size_t i = 0; i < count; i++)
		copy_frame(&r->frames[r->count++], &frames[i]);
}

static void
copy_source(struct kit_source *to, const struct tf_capture_source *from)
{
	to->info = *from;
	snprintf(to->linktype, sizeof(to->linktype), "%s", from->linktype ? from->linktype : "");
	snprintf(to->resolution, sizeof(to->resolution), "%s", from->resolution);
	snprintf(to->error, sizeof(to->error), "%s", from->error);
	for (size_t i = 0; i < from->linktype_count && i < 8; i++)
		to->linktypes[i] = from->linktypes[i];
}

struct kit_result
kit_read(const struct tf_capture_options *options, size_t batch)
{
	struct kit_result r = {0};
	struct tf_capture *c;
	r.status = tf_capture_open(&c, options, r.message);
	if (r.status != TF_CAPTURE_OK) {
		CU_ASSERT_PTR_NULL(c);
		return r;
	}
	struct tf_frame *frames = calloc(batch, sizeof(*frames));
	CU_ASSERT_PTR_NOT_NULL_FATAL(frames);
	for (int n; (n = tf_capture_batch(c, frames, batch)) != TF_CAPTURE_END;) {
		CU_ASSERT_FATAL(n > 0 && (size_t)n <= batch);
		append(&r, frames, (size_t)n);
	}
	CU_ASSERT_EQUAL(tf_capture_batch(c, frames, batch), TF_CAPTURE_END);
	free(frames);
	for (size_t i = 0; i < tf_capture_source_count(c) && i < 8; i++)
		copy_source(&r.sources[i], tf_capture_source(c, i));
	r.numbered = tf_capture_frames(c);
	tf_capture_progress(c, &r.consumed, &r.total);
	tf_capture_close(c);
	return r;
}

struct kit_result
kit_read_bytes(const void *p, size_t len)
{
	char *name = kit_file(p, len);
	const char *files[] = {name};
	struct kit_result r = kit_read(&(struct tf_capture_options){.files = files, .file_count = 1}, 16);
	CU_ASSERT_EQUAL(r.status, TF_CAPTURE_OK);
	kit_unlink(name);
	return r;
}

void
kit_result_free(struct kit_result *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->frames[i].data);
	free(r->frames);
	r->frames = NULL;
	r->count = 0;
}

static bool
is_same_frame(const struct kit_frame *a, const struct kit_frame *b)
{
	return a->packet == b->packet && a->ts_ns == b->ts_ns && a->caplen == b->caplen && a->len == b->len &&
	       a->linktype == b->linktype && memcmp(a->data, b->data, a->caplen) == 0;
}

bool
kit_same_frames(const struct kit_result *a, const struct kit_result *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!is_same_frame(&a->frames[i], &b->frames[i]))
			return false;
	return true;
}
