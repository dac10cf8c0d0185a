/*
 * From the thread that reads and decodes to the one that has all state:
 * parcels of segments through a ring.  What is in a parcel, and in which
 * order, does not depend on whether there are two threads or one, so the
 * output does not either.
 */
#ifndef TCPFSM_CLI_PIPELINE_H
#define TCPFSM_CLI_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpfsm/icmp.h"
#include "tcpfsm/segment.h"

enum {
	TF_PARCEL_SEGMENTS = 512,
	TF_PARCEL_MARKS = 64,
	TF_PARCEL_HEAD = 16, /* octets of payload that come along */
};

/* What the analyzer is told between a parcel's segments, or behind them. */
enum tf_parcel_mark_kind {
	TF_PARCEL_CLOCK, /* the capture's clock shows clock_ns */
	TF_PARCEL_ICMP,  /* a router or host said icmp */
};

struct tf_parcel_mark {
	size_t after; /* so many of the parcel's segments */
	enum tf_parcel_mark_kind kind;
	union {
		int64_t clock_ns;
		struct tf_icmp_error icmp; /* points to nothing, so it outlives its frame */
	};
};

struct tf_parcel {
	size_t count;      /* of segment */
	size_t mark_count; /* of mark */
	_Alignas(64) struct tf_segment segment[TF_PARCEL_SEGMENTS];
	/* Of frames that would be gone: how payloads begin, and SACK blocks. */
	uint8_t head[TF_PARCEL_SEGMENTS][TF_PARCEL_HEAD];
	uint8_t sack[TF_PARCEL_SEGMENTS][TF_SACK_BLOCKS * TF_SACK_BLOCK];
	/* In the order of the frames: so many that a full ring is work for long, even with one at each segment. */
	struct tf_parcel_mark mark[TF_PARCEL_MARKS];
};

struct tf_pipeline;

/* Something useful that a side which waits may do meanwhile; whether there was anything.  Both sides may call it at a
 * time. */
typedef bool tf_meanwhile_fn(void *context);

/* Work on a parcel that either side can do, between shipping and taking it: done once for each, in their order, and never
 * on two at a time. */
typedef void tf_prepare_fn(void *context, struct tf_parcel *parcel);

/* NULL where there is no memory. */
struct tf_pipeline *tf_pipeline_new(tf_prepare_fn *prepare, tf_meanwhile_fn *meanwhile, void *context);
void tf_pipeline_free(struct tf_pipeline *p);

/* The reader: an empty parcel, waiting for one if need be; NULL where the
 * other side wants no more.  It is filled, then shipped. */
struct tf_parcel *tf_pipeline_empty(struct tf_pipeline *p);
void tf_pipeline_ship(struct tf_pipeline *p);

/* The reader: nothing more will come. */
void tf_pipeline_close(struct tf_pipeline *p);

/* The analyzer's side: the next parcel, prepared, waiting for it; NULL after the last.
 * It is used, then given back. */
const struct tf_parcel *tf_pipeline_next(struct tf_pipeline *p);
void tf_pipeline_give_back(struct tf_pipeline *p);

/* The analyzer's side: no more, please. */
void tf_pipeline_abandon(struct tf_pipeline *p);

#endif
