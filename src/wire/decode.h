/*
 * The decoder: frames in, TCP segments out.
 *
 * It knows link layers, IPv4 and IPv6 with their fragments, the TCP header
 * with its options and checksum, and ICMP errors that quote a segment.  It
 * does not know connections, reads no clock and opens nothing.  Whatever a
 * frame holds is data: what is not a usable segment is counted by kind
 * (skip.def) and passed over.  The only state it keeps between frames is
 * datagrams whose fragments are not complete, within the bounds that
 * struct tf_decoder_options sets.
 *
 * A decoder is used by one thread.
 */
#ifndef TCPFSM_WIRE_DECODE_H
#define TCPFSM_WIRE_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpfsm/icmp.h"
#include "tcpfsm/segment.h"
#include "wire/frame.h"

enum tf_wire_result {
	TF_WIRE_SKIPPED,    /* nothing came out; counted in stats.skipped */
	TF_WIRE_SEGMENT,    /* *out is a TCP segment */
	TF_WIRE_ICMP_ERROR, /* tf_decoder_icmp_error() has it; counted in stats.skipped as well */
};

enum tf_skip {
#define SKIP(symbol, name, meaning) TF_SKIP_##symbol,
#include "wire/skip.def"
#undef SKIP
	TF_SKIP_COUNT
};

struct tf_decoder_options {
	bool verify_checksums;       /* sum each segment; without it all are TF_CHECKSUM_UNVERIFIED */
	uint32_t fragment_datagrams; /* most datagrams that wait for fragments at a time */
	uint32_t fragment_bytes;     /* most octets that they may occupy */
	int64_t fragment_timeout_ns; /* from a datagram's first fragment, in capture time */
	uint64_t hash_key[2];        /* of the table of these datagrams; output does not depend on it */
};

/* Checksums verified; 1024 datagrams, 4 MiB, 60 s (RFC 1122 section 3.3.2 and RFC 8200 section 4.5). */
#define TF_DECODER_DEFAULTS                                                                                  \
	((struct tf_decoder_options){.verify_checksums = true,                                               \
	                             .fragment_datagrams = 1024,                                             \
	                             .fragment_bytes = 4u << 20,                                             \
	                             .fragment_timeout_ns = INT64_C(60000000000)})

struct tf_decoder_stats {
	uint64_t frames;
	uint64_t segments;
	uint64_t icmp_errors;            /* of the frames counted as icmp and icmpv6 */
	uint64_t skipped[TF_SKIP_COUNT]; /* frames, by reason; frames = segments + their sum */
	uint64_t headless;               /* of the truncated ones those that the snap length cut */
	uint64_t reassembled;            /* datagrams put together from fragments */
	uint64_t fragment_timeouts;      /* datagrams given up since a fragment did not come in time */
	uint64_t fragment_evictions;     /* datagrams given up for want of room */
	uint64_t fragment_overlaps;      /* IPv6 datagrams dropped since fragments overlap (RFC 5722) */
};

struct tf_decoder;

/* A decoder on the heap; OPTIONS are copied.  NULL where there is no memory. */
struct tf_decoder *tf_decoder_new(const struct tf_decoder_options *options);

/* One with TF_DECODER_DEFAULTS, but for HASH_KEY. */
struct tf_decoder *tf_decoder_new_keyed(const uint64_t hash_key[2]);

/* Frees what tf_decoder_new() made; NULL is allowed. */
void tf_decoder_free(struct tf_decoder *d);

/* Decode FRAME.  *OUT is a segment if TF_WIRE_SEGMENT is returned, else its content is unspecified.
 * OUT->payload points into FRAME->data, or, for a datagram that was put together from fragments, into
 * the decoder, where it stays until the decoder's next call: tf_decoder_payload_is_own() tells which. */
enum tf_wire_result tf_decoder_frame(struct tf_decoder *d, const struct tf_frame *frame,
                                     struct tf_segment *out);

/* Decode the usual frames that FRAMES begins with, as tf_decoder_frame() would: Ethernet with TCP, nothing
 * cut, nothing odd.  How many of COUNT they are; their segments are in OUT, with payloads in their frames.  What
 * comes next is for tf_decoder_frame(), be it usual or not. */
size_t tf_decoder_usual(struct tf_decoder *d, const struct tf_frame *frames, size_t count,
                        struct tf_segment *out);

/* Whether the payload of tf_decoder_frame()'s last segment lies in the decoder rather than in its frame. */
bool tf_decoder_payload_is_own(const struct tf_decoder *d);

/* The error of the last call; meaningful if that returned TF_WIRE_ICMP_ERROR; valid until the next. */
const struct tf_icmp_error *tf_decoder_icmp_error(const struct tf_decoder *d);

/* The counters; they live as long as the decoder. */
const struct tf_decoder_stats *tf_decoder_stats(const struct tf_decoder *d);

/* The key in summary.skipped, such as "arp". */
const char *tf_skip_name(enum tf_skip kind);

/* A phrase for people, such as "a header that contradicts itself". */
const char *tf_skip_meaning(enum tf_skip kind);

#endif
