/*
 * Frames that a capture holds twice: mirror ports, the `any` device.
 *
 * A copy has the same TCP octets (its checksum stands for the payload) and
 * the same IP identification, and comes within a millisecond; TTL, MAC and
 * VLAN may differ.  With octets of its own and an identification it may take
 * ten: mirrors are slow at times, and no time-out is so short.  Where another
 * TTL shows that it was taken at another place on the path, it may take as
 * long as no time-out does.  Where there is no identification (IPv6, or 0)
 * only segments with SYN, FIN or payload can be told, since identical
 * duplicate ACKs are real, unless most of what can be told is doubled.
 *
 * Nor is it a copy where the other end asked for it in between: by a SYN,
 * which a server answers even if it has just repeated its SYN,ACK by a timer,
 * or by an ACK that reports more behind a gap (SACK).
 *
 * What was taken before a network device cut it into segments, and after it
 * too, is a large one and then its pieces.  A piece has the numbers, times and
 * window of the whole, and its IP identification is the whole one's and as
 * many more as pieces came before it: what a host sends again bears another.
 * Where there is none, another TTL shows that it was taken elsewhere.
 */
#ifndef TCPFSM_FLOW_DUPLICATES_H
#define TCPFSM_FLOW_DUPLICATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flow/key.h"
#include "tcpfsm/segment.h"

#define TF_DUPLICATES_SETS 1024

struct tf_seen {
	uint64_t digest;
	int64_t ts_and_ttl; /* nanoseconds, in their lowest octet the TTL */
};

#define TF_WHOLES_SETS 64
#define TF_WHOLES      8

/* A segment that may yet be cut. */
struct tf_whole {
	struct tf_seen seen; /* its digest is not needed */
	uint32_t hash;       /* of the key of its 4-tuple */
	tf_seq seq, end, ack;
	uint32_t tsval, tsecr;
	uint16_t src_port, window, ip_id;
	bool has_fin;
};

#define TF_ASKED_PLACES 256

/* Zeroed, it has seen nothing. */
struct tf_duplicates {
	struct tf_seen seen[TF_DUPLICATES_SETS][2];
	uint64_t telling; /* segments of which a copy can be told, or that came before the first copy */
	uint64_t found;   /* such copies */
	struct tf_whole whole[TF_WHOLES_SETS][TF_WHOLES]; /* once something is doubled */
	uint8_t whole_next[TF_WHOLES_SETS];
	struct {
		int64_t ts_ns;
		uint32_t hash; /* of the key of its 4-tuple */
		tf_seq ack;
		bool is_syn;
	} asked[TF_ASKED_PLACES]; /* what asks for more, and is no copy, of late */
};

_Static_assert(offsetof(struct tf_segment, seq) == offsetof(struct tf_segment, src_port) + 4 &&
                   offsetof(struct tf_segment, window) == offsetof(struct tf_segment, ack) + 6 &&
                   offsetof(struct tf_segment, urgent) == offsetof(struct tf_segment, len) + 6 &&
                   offsetof(struct tf_segment, tsecr) == offsetof(struct tf_segment, tsval) + 4,
               "they are taken as words");

static inline uint64_t
tf_duplicates_word(const void *fields)
{
	uint64_t word;

	memcpy(&word, fields, sizeof word);
	return word;
}

/* Copies of a frame have it in common, and hardly anything else has.  What bears one segment's number and belongs to
 * another's connection is mixed by a product; times are spread, lest they stand in for what the checksum knows of
 * them. */
static inline uint64_t
tf_duplicates_digest(const struct tf_segment *s)
{
	uint64_t from = tf_duplicates_word(s->src.byte + 8) ^ tf_duplicates_word(&s->src_port);
	uint64_t to = tf_duplicates_word(s->dst.byte + 8) ^ tf_duplicates_word(&s->ack);
	uint64_t times = tf_duplicates_word(&s->tsval) * UINT64_C(0xa0761d6478bd642f);

	return tf_folded(from ^ UINT64_C(0x9e3779b97f4a7c15), to ^ UINT64_C(0xd1b54a32d192ed03)) ^ times ^
	       tf_duplicates_word(&s->len) ^ (uint64_t)s->ip_id << 16;
}

static inline struct tf_seen
tf_duplicates_seen(uint64_t digest, const struct tf_segment *s)
{
	return (struct tf_seen){digest, (s->ts_ns & ~INT64_C(0xff)) | s->ttl};
}

/* Could a copy of S be told from the real duplicate of an ACK? */
static inline bool
tf_duplicates_can_tell(const struct tf_segment *s)
{
	return s->ip_id | s->len | (s->flags & (TF_SYN | TF_FIN));
}

/* S has DIGEST, and so has one of the two in SET: is it a copy? */
bool tf_duplicates_judge(struct tf_duplicates *d, struct tf_seen set[2], uint64_t digest,
                         const struct tf_segment *s);

/* Is S a copy of a frame that came a moment ago?  Remembers it: the latest comes first in its set, and the other one
 * of the set may stay. */
static inline bool
tf_duplicates_check(struct tf_duplicates *d, const struct tf_segment *s)
{
	uint64_t digest = tf_duplicates_digest(s);
	struct tf_seen *set = d->seen[digest >> 32 & (TF_DUPLICATES_SETS - 1)];

	d->telling++;
	if (__builtin_expect(set[0].digest == digest || set[1].digest == digest, false))
		return tf_duplicates_judge(d, set, digest, s);
	set[1] = set[0];
	set[0] = tf_duplicates_seen(digest, s);
	return false;
}

/* S, which is no copy, may ask for something, by SYN or SACK blocks: that is noted. */
void tf_duplicates_note_asked(struct tf_duplicates *d, const struct tf_segment *s);

/* Both, where something may be doubled: then S may be a piece, too. */
bool tf_duplicates_check_thoroughly(struct tf_duplicates *d, const struct tf_segment *s);

#endif
