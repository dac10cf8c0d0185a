/*
 * Tombstones: what is remembered of closed connections, so that late
 * segments, collisions and reuse of a 4-tuple are recognised (RFC 9293
 * sections 3.4.1 and 3.6.1).
 *
 * There may be hundreds of thousands, and nearly all are forgotten without
 * having been looked at.  So each is packed into as few octets as its
 * numbers need, and unpacked when a segment comes for it.  They lie in
 * blocks, in the order of burial, and a block whose tombstones are all
 * forgotten is the next one to be filled: what they take follows how many
 * there are at a time, and not how many there have been.
 *
 * When one is forgotten, and what it is good for, is not known here.
 */
#ifndef TCPFSM_FLOW_TOMBSTONE_H
#define TCPFSM_FLOW_TOMBSTONE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/extra.h"
#include "core/pool.h"
#include "tcpfsm/connection.h"

/* What one says. */
struct tf_buried {
	struct tf_key key;
	int64_t buried_ns; /* capture time */
	struct tf_former former;
	struct tf_remains remains;
};

enum tf_tombstone_number {
	TF_GRAVE_FIRST_PACKET,
	TF_GRAVE_SILENT,                     /* ns from its last segment to the burial */
	TF_GRAVE_LASTED,                     /* ns from its first segment to its last */
	TF_GRAVE_SENT,                       /* the highest number less the ISN, two of them */
	TF_GRAVE_PACKET = TF_GRAVE_SENT + 2, /* of the FINs, or of the RST; from the first packet on */
	TF_GRAVE_TIME = TF_GRAVE_PACKET + 2, /* TIME-WAIT's, or the RST's; back from the last segment */
	TF_GRAVE_NUMBERS = TF_GRAVE_TIME + 2,
};

/* The head of one.  Behind it come the addresses (of 4 octets each, or of 16), with timestamps both TSvals, and the
 * numbers, each without its leading zeroes. */
struct tf_tombstone {
	int64_t buried_ns;
	uint64_t conn : 39;
	uint64_t ipv4 : 1;
	uint64_t isn_known : 2, max_known : 2, timestamps : 2, time_wait : 2; /* as in struct tf_former */
	uint64_t closed : 1, doubtful : 1, client_state : 4, server_state : 4, close : 3;
	uint64_t client_second : 1, fin_raised : 1, data_raised : 1; /* as in struct tf_remains */
	uint32_t lengths : 27;                 /* of the numbers, 3 bits each; 7 means 8 octets */
	uint32_t has_packet : 2, has_time : 2; /* those that are 0 are not kept */
	uint32_t dug_up : 1;                   /* another connection took its 4-tuple */
	uint16_t port[2];
	uint32_t isn[2];
	uint16_t waiting; /* the FIN that waits for its answer; 0: none does */
	uint16_t octets;  /* of all of it */
	unsigned char rest[];
} __attribute__((packed, aligned(4)));

/* No tombstone is larger, and 8 octets behind each must be its reader's to read, and its writer's to write. */
#define TF_TOMBSTONE_MOST  (sizeof(struct tf_tombstone) + 32 + 8 + 8 * TF_GRAVE_NUMBERS)
#define TF_TOMBSTONE_SLACK 8

/* Pack B into the octets at T.  What b->remains.again_packet says is not among it, and a TSval only
 * where b->former.timestamps says that it means something. */
void tf_tombstone_pack(struct tf_tombstone *t, const struct tf_buried *b);

/* The inverse. */
void tf_tombstone_unpack(const struct tf_tombstone *t, struct tf_buried *b);

struct tf_key tf_tombstone_key(const struct tf_tombstone *t);

/* Where they lie: a queue. */
struct tf_graveyard {
	unsigned char *blocks;
	uint32_t capacity; /* blocks */
	uint32_t fresh;    /* blocks that were ever used */
	uint32_t free;     /* the first of the free ones + 1; 0: there is none */
	uint32_t oldest,
	    end;        /* places: of the oldest tombstone, and behind the latest; equal: there is none */
	uint32_t count; /* tombstones, those that were dug up among them */
	struct tf_pool waiting; /* FINs after TIME-WAIT that wait for their answer */
};

/* Room for MOST tombstones; false where there is no memory. */
bool tf_graveyard_init(struct tf_graveyard *y, uint32_t most);
void tf_graveyard_fini(struct tf_graveyard *y);

/* The tombstone at a place, which stays where it is. */
static inline struct tf_tombstone *
tf_tombstone_at(const struct tf_graveyard *y, uint32_t place)
{
	return (void *)(y->blocks + (uint64_t)place * 4);
}

/* One more, the latest: its place, less than 2^31. There are fewer than there is room for. */
uint32_t tf_graveyard_add(struct tf_graveyard *y, const struct tf_buried *b);

/* What the one at PLACE says, with a FIN that waits. */
void tf_graveyard_read(const struct tf_graveyard *y, uint32_t place, struct tf_buried *b);

/* What was raised about the one at PLACE, and the FIN of it that waits, is as in R from now on.  False
 * where there is no room for one more FIN: then it is as before. */
bool tf_graveyard_note(struct tf_graveyard *y, uint32_t place, const struct tf_remains *r);

/* The oldest one goes; there is one. */
void tf_graveyard_drop(struct tf_graveyard *y);

/* Of the one buried after that at PLACE; y->end: none was. */
uint32_t tf_graveyard_next(const struct tf_graveyard *y, uint32_t place);

#endif
