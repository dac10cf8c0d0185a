/*
 * Decompression of a stream: gzip (RFC 1952), zstd (RFC 8878), LZ4 frames
 * and xz, one interface for all.
 *
 * A codec knows one member (a gzip member, a frame, an xz stream) at a time
 * and is told when the next one begins.  It reads and opens nothing.
 */
#ifndef TCPFSM_CAPTURE_CODEC_H
#define TCPFSM_CAPTURE_CODEC_H

#include <stddef.h>
#include <stdint.h>

enum {
	TF_CODEC_MAGIC_LEN = 6, /* octets that tf_codec_detect wants to see */
};

struct tf_codec_ops;

/* The span that is left to read or to write; a run moves its begin. */
struct tf_codec_in {
	const uint8_t *at;
	size_t len;
};

struct tf_codec_out {
	uint8_t *at;
	size_t len;
};

enum tf_codec_status {
	TF_CODEC_MORE,       /* the member goes on */
	TF_CODEC_MEMBER_END, /* the member is complete, and whatever follows is another one */
	TF_CODEC_CORRUPT,    /* not data of this format, or damaged */
	TF_CODEC_NO_MEMORY,  /* there is none, or it wants more than the bound */
};

struct tf_codec {
	const struct tf_codec_ops *ops;
	void *state;
};

/* The format whose magic number stands at the LEN octets at P, or NULL: not compressed. */
const struct tf_codec_ops *tf_codec_detect(const uint8_t *p, size_t len);

/* "gzip", "zstd", "lz4" or "xz". */
const char *tf_codec_name(const struct tf_codec *codec);

/* Get ready for the beginning of a member, the first one, too; CODEC.ops is set, CODEC.state is NULL
 * before the first call. */
enum tf_codec_status tf_codec_begin(struct tf_codec *codec);

/* Decompress as much as IN and OUT allow. */
enum tf_codec_status tf_codec_run(struct tf_codec *codec, struct tf_codec_in *in, struct tf_codec_out *out);

void tf_codec_free(struct tf_codec *codec);

#endif
