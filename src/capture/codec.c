/*
 * The four decompressors behind codec.h.  Memory is bounded: gzip and LZ4
 * by their formats, xz by a limit of 256 MiB (level 9 takes 65), zstd by its
 * library's default window of 128 MiB.
 */
#include "capture/codec.h"

#include <lz4frame.h>
#include <lzma.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

struct tf_codec_ops {
	const char *name;
	enum tf_codec_status (*begin)(struct tf_codec *codec);
	enum tf_codec_status (*run)(struct tf_codec *codec, struct tf_codec_in *in, struct tf_codec_out *out);
	void (*free)(void *state);
};

static const uint64_t xz_memory_limit = UINT64_C(256) << 20;

static size_t
used_of(size_t before, size_t left)
{
	return before - left;
}

static void
advance(struct tf_codec_in *in, size_t taken, struct tf_codec_out *out, size_t made)
{
	in->at += taken;
	in->len -= taken;
	out->at += made;
	out->len -= made;
}

/* zlib counts in unsigned int. */
static unsigned
clamp_uint(size_t n)
{
	return n > 0x40000000 ? 0x40000000 : (unsigned)n;
}

static enum tf_codec_status
gzip_begin(struct tf_codec *codec)
{
	if (codec->state)
		return inflateReset(codec->state) == Z_OK ? TF_CODEC_MORE : TF_CODEC_CORRUPT;
	z_stream *z = calloc(1, sizeof(*z));
	if (!z)
		return TF_CODEC_NO_MEMORY;
	if (inflateInit2(z, 15 + 16) != Z_OK) { /* the largest window, gzip's header only */
		free(z);
		return TF_CODEC_NO_MEMORY;
	}
	codec->state = z;
	return TF_CODEC_MORE;
}

static enum tf_codec_status
gzip_run(struct tf_codec *codec, struct tf_codec_in *in, struct tf_codec_out *out)
{
	z_stream *z = codec->state;
	unsigned in_len = clamp_uint(in->len), out_len = clamp_uint(out->len);
	z->next_in = (z_const Bytef *)in->at;
	z->avail_in = in_len;
	z->next_out = out->at;
	z->avail_out = out_len;
	int result = inflate(z, Z_NO_FLUSH);
	advance(in, used_of(in_len, z->avail_in), out, used_of(out_len, z->avail_out));
	switch (result) {
	case Z_OK:
	case Z_BUF_ERROR:
		return TF_CODEC_MORE;
	case Z_STREAM_END:
		return TF_CODEC_MEMBER_END;
	case Z_MEM_ERROR:
		return TF_CODEC_NO_MEMORY;
	default:
		return TF_CODEC_CORRUPT;
	}
}

static void
gzip_free(void *state)
{
	inflateEnd(state);
	free(state);
}

/*
 * zstd and LZ4 forget what a call has made when damage turns up later in the
 * same call.  So they get a block at a time, without the header of the next
 * one, by what they say they want next.
 */
struct hinted {
	union {
		ZSTD_DStream *zstd;
		LZ4F_dctx *lz4;
	} context;
	size_t wanted; /* octets that the library wants next */
};

enum {
	ZSTD_BLOCK_HEADER = 3,
	ZSTD_FIRST_WANTED = 5, /* the shortest beginning of a frame */
	LZ4_BLOCK_HEADER = 4,
	LZ4_FIRST_WANTED = 7, /* the shortest frame header */
};

/* How many of LEN octets to give. */
static size_t
portion(const struct hinted *h, size_t block_header, size_t len)
{
	size_t n = h->wanted > block_header ? h->wanted - block_header : h->wanted;
	if (n == 0)
		n = 1;
	return n < len ? n : len;
}

static struct hinted *
make_hinted(struct tf_codec *codec)
{
	if (!codec->state)
		codec->state = calloc(1, sizeof(struct hinted));
	return codec->state;
}

static enum tf_codec_status
zstd_status(size_t result)
{
	ZSTD_ErrorCode code = ZSTD_getErrorCode(result);
	if (code == ZSTD_error_no_error)
		return TF_CODEC_MORE;
	return code == ZSTD_error_frameParameter_windowTooLarge || code == ZSTD_error_memory_allocation
	           ? TF_CODEC_NO_MEMORY
	           : TF_CODEC_CORRUPT;
}

static enum tf_codec_status
zstd_begin(struct tf_codec *codec)
{
	struct hinted *h = make_hinted(codec);
	if (h && !h->context.zstd)
		h->context.zstd = ZSTD_createDStream();
	if (!h || !h->context.zstd)
		return TF_CODEC_NO_MEMORY;
	h->wanted = ZSTD_FIRST_WANTED;
	return zstd_status(ZSTD_initDStream(h->context.zstd));
}

static enum tf_codec_status
zstd_run(struct tf_codec *codec, struct tf_codec_in *in, struct tf_codec_out *out)
{
	struct hinted *h = codec->state;
	ZSTD_inBuffer input = {.src = in->at, .size = portion(h, ZSTD_BLOCK_HEADER, in->len)};
	ZSTD_outBuffer output = {.dst = out->at, .size = out->len};
	size_t result = ZSTD_decompressStream(h->context.zstd, &output, &input);
	advance(in, input.pos, out, output.pos);
	if (ZSTD_isError(result))
		return zstd_status(result);
	h->wanted = result;
	return result == 0 ? TF_CODEC_MEMBER_END : TF_CODEC_MORE;
}

static void
zstd_free(void *state)
{
	struct hinted *h = state;
	ZSTD_freeDStream(h->context.zstd);
	free(h);
}

static enum tf_codec_status
lz4_begin(struct tf_codec *codec)
{
	struct hinted *h = make_hinted(codec);
	if (!h)
		return TF_CODEC_NO_MEMORY;
	h->wanted = LZ4_FIRST_WANTED;
	if (h->context.lz4)
		LZ4F_resetDecompressionContext(h->context.lz4);
	else if (LZ4F_isError(LZ4F_createDecompressionContext(&h->context.lz4, LZ4F_VERSION)))
		return TF_CODEC_NO_MEMORY;
	return TF_CODEC_MORE;
}

/* Its numbers are no part of what its shared library promises, its words are. */
static enum tf_codec_status
lz4_fault(size_t result)
{
	return strcmp(LZ4F_getErrorName(result), "ERROR_allocation_failed") == 0 ? TF_CODEC_NO_MEMORY
	                                                                         : TF_CODEC_CORRUPT;
}

static enum tf_codec_status
lz4_run(struct tf_codec *codec, struct tf_codec_in *in, struct tf_codec_out *out)
{
	struct hinted *h = codec->state;
	size_t taken = portion(h, LZ4_BLOCK_HEADER, in->len), made = out->len;
	size_t result = LZ4F_decompress(h->context.lz4, out->at, &made, in->at, &taken, NULL);
	if (LZ4F_isError(result))
		return lz4_fault(result);
	advance(in, taken, out, made);
	h->wanted = result;
	return result == 0 ? TF_CODEC_MEMBER_END : TF_CODEC_MORE;
}

static void
lz4_free(void *state)
{
	struct hinted *h = state;
	LZ4F_freeDecompressionContext(h->context.lz4);
	free(h);
}

static enum tf_codec_status
xz_begin(struct tf_codec *codec)
{
	lzma_stream *x = codec->state;
	if (!x) {
		x = calloc(1, sizeof(*x));
		if (!x)
			return TF_CODEC_NO_MEMORY;
		codec->state = x;
	}
	/* On a used lzma_stream this reuses its memory. */
	return lzma_stream_decoder(x, xz_memory_limit, 0) == LZMA_OK ? TF_CODEC_MORE : TF_CODEC_NO_MEMORY;
}

static enum tf_codec_status
xz_run(struct tf_codec *codec, struct tf_codec_in *in, struct tf_codec_out *out)
{
	lzma_stream *x = codec->state;
	x->next_in = in->at;
	x->avail_in = in->len;
	x->next_out = out->at;
	x->avail_out = out->len;
	lzma_ret result = lzma_code(x, LZMA_RUN);
	advance(in, used_of(in->len, x->avail_in), out, used_of(out->len, x->avail_out));
	if (result == LZMA_OK || result == LZMA_BUF_ERROR)
		return TF_CODEC_MORE;
	if (result == LZMA_STREAM_END)
		return TF_CODEC_MEMBER_END;
	return result == LZMA_MEM_ERROR || result == LZMA_MEMLIMIT_ERROR ? TF_CODEC_NO_MEMORY
	                                                                 : TF_CODEC_CORRUPT;
}

static void
xz_free(void *state)
{
	lzma_end(state);
	free(state);
}

static const struct tf_codec_ops gzip_ops = {"gzip", gzip_begin, gzip_run, gzip_free};
static const struct tf_codec_ops zstd_ops = {"zstd", zstd_begin, zstd_run, zstd_free};
static const struct tf_codec_ops lz4_ops = {"lz4", lz4_begin, lz4_run, lz4_free};
static const struct tf_codec_ops xz_ops = {"xz", xz_begin, xz_run, xz_free};

static bool
begins_with(const uint8_t *p, size_t len, const char *magic, size_t magic_len)
{
	return len >= magic_len && memcmp(p, magic, magic_len) == 0;
}

const struct tf_codec_ops *
tf_codec_detect(const uint8_t *p, size_t len)
{
	if (begins_with(p, len, "\x1f\x8b", 2))
		return &gzip_ops;
	if (begins_with(p, len, "\x28\xb5\x2f\xfd", 4))
		return &zstd_ops;
	if (begins_with(p, len, "\x04\x22\x4d\x18", 4))
		return &lz4_ops;
	if (begins_with(p, len,
	                "\xfd"
	                "7zXZ\0",
	                6))
		return &xz_ops;
	/* A skippable frame: parallel zstd compressors begin with one. */
	if (len >= 4 && (p[0] & 0xf0) == 0x50 && begins_with(p + 1, len - 1, "\x2a\x4d\x18", 3))
		return &zstd_ops;
	return NULL;
}

const char *
tf_codec_name(const struct tf_codec *codec)
{
	return codec->ops->name;
}

enum tf_codec_status
tf_codec_begin(struct tf_codec *codec)
{
	return codec->ops->begin(codec);
}

enum tf_codec_status
tf_codec_run(struct tf_codec *codec, struct tf_codec_in *in, struct tf_codec_out *out)
{
	return codec->ops->run(codec, in, out);
}

void
tf_codec_free(struct tf_codec *codec)
{
	if (codec->state)
		codec->ops->free(codec->state);
	codec->state = NULL;
}
