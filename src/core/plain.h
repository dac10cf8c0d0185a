/*
 * What a segment is by its own header, before any connection is asked:
 * which of the plain kinds, and what a connection's shape must allow for
 * that (core/moves.h).
 */
#ifndef TCPFSM_CORE_PLAIN_H
#define TCPFSM_CORE_PLAIN_H

#include "tcpfsm/segment.h"

/* What may come next on a connection without a need for the checklist, and what has to be looked at then
 * (tf_known_shape.may). */
enum tf_may {
	TF_MAY_SYN = 0x0001,
	TF_MAY_SYN_ACK = 0x0002,
	TF_MAY_SEGMENT = 0x0004, /* any other with an ACK */
	TF_MAY_DATA = 0x0008,    /* and payload */
	TF_MAY_FIN = 0x0010,
	TF_MAY_FAST_ACK = 0x0020, /* a bare ACK, or payload, by header prediction (core/fast.h) */
	TF_MAY_FAST_DATA = 0x0040,
	TF_MAY_NEVER = 0x0080,    /* what is not plain: no shape has it */
	TF_IS_SCALED = 0x0100,    /* the window field is scaled */
	TF_HAS_WINDOW = 0x0200,   /* and means something */
	TF_AWAITS_SYN = 0x0400,   /* the receiver's SYN is not acknowledged */
	TF_AWAITS_FIN = 0x0800,   /* the receiver's FIN has passed */
	TF_MAY_WAIT = 0x1000,     /* an end may be in TIME-WAIT */
	TF_IS_EMBRYONIC = 0x2000, /* the third segment is awaited, or the second; nothing is unusual */
	TF_BEGINS = 0x4000,       /* nothing has passed yet, and the first segment is no SYN */
	TF_IS_CALM = 0x8000,      /* it has rare things beside it, and none of them waits for anything */
};

/* What a move depends on besides the shape.  The first ones follow from the header alone; options are as they are
 * there (enum tf_option). */
enum tf_kind {
	TF_K_MSS = TF_OPT_MSS, /* a SYN: what it offers */
	TF_K_WSCALE = TF_OPT_WSCALE,
	TF_K_SACK = TF_OPT_SACK_PERMITTED,
	TF_K_PLAIN = 0x0008,
	TF_K_TIMESTAMPS = TF_OPT_TIMESTAMPS, /* it bears timestamps */
	TF_K_SYN = 0x0020,
	TF_K_FIN = 0x0040,
	TF_K_DATA = 0x0080,
	TF_K_FROM_SERVER = 0x0100,
	TF_K_ADVANCES = 0x0200,  /* its ACK acknowledges something new */
	TF_K_ACKS_DATA = 0x0400, /* and data among it */
	TF_K_ALL_ACKED = 0x0800, /* nothing that its sender sent is unacknowledged, it included */
	TF_K_ALL = 0x0fff,
};

static const struct tf_plain tf_not_plain = {0, TF_MAY_NEVER, TF_MAY_NEVER};

#define TF_PLAIN_FLAGS (TF_SYN | TF_FIN | TF_ACK | TF_PSH | TF_ECE | TF_CWR | TF_AE)
#define TF_SYN_OPTIONS (TF_OPT_MSS | TF_OPT_WSCALE | TF_OPT_SACK_PERMITTED | TF_OPT_TIMESTAMPS)

static inline struct tf_plain
tf_plain_syn(const struct tf_segment *s)
{
	/* A number of 0 is for a detector. */
	if (s->len > 0 || s->flags & TF_FIN || s->options & ~(unsigned)TF_SYN_OPTIONS || s->seq.v == 0)
		return tf_not_plain;
	return (struct tf_plain){(uint16_t)(TF_K_PLAIN | TF_K_SYN | s->options),
	                         s->flags & TF_ACK ? TF_MAY_SYN_ACK : TF_MAY_SYN, TF_MAY_NEVER};
}

/* Whatever is not an ordinary segment. */
static inline struct tf_plain
tf_plain_rarely(const struct tf_segment *s)
{
	struct tf_plain plain = tf_not_plain;

	if (s->flags & ~(unsigned)TF_PLAIN_FLAGS || !(s->flags & (TF_SYN | TF_ACK)) ||
	    s->checksum_state == TF_CHECKSUM_BAD || s->window == 0)
		return plain;
	if (s->flags & TF_SYN)
		return tf_plain_syn(s);
	/* It has options that header prediction may not mind. */
	if (!(s->flags & TF_FIN))
		plain.fast = s->len > 0 ? TF_MAY_FAST_DATA : TF_MAY_FAST_ACK;
	return plain;
}

/* The ordinary ones, by whether they have payload, a FIN and timestamps. */
#define TF_ORDINARY_KIND(data, fin, timed)                                                                   \
	(TF_K_PLAIN | (data)*TF_K_DATA | (fin)*TF_K_FIN | (timed)*TF_K_TIMESTAMPS)
#define TF_ORDINARY_MOVE(data, fin) (TF_MAY_SEGMENT | (data)*TF_MAY_DATA | (fin)*TF_MAY_FIN)
static const struct tf_plain tf_ordinary[] = {
    {TF_ORDINARY_KIND(0, 0, 0), TF_ORDINARY_MOVE(0, 0), TF_MAY_FAST_ACK},
    {TF_ORDINARY_KIND(1, 0, 0), TF_ORDINARY_MOVE(1, 0), TF_MAY_FAST_DATA},
    {TF_ORDINARY_KIND(0, 1, 0), TF_ORDINARY_MOVE(0, 1), TF_MAY_NEVER},
    {TF_ORDINARY_KIND(1, 1, 0), TF_ORDINARY_MOVE(1, 1), TF_MAY_NEVER},
    {TF_ORDINARY_KIND(0, 0, 1), TF_ORDINARY_MOVE(0, 0), TF_MAY_FAST_ACK},
    {TF_ORDINARY_KIND(1, 0, 1), TF_ORDINARY_MOVE(1, 0), TF_MAY_FAST_DATA},
    {TF_ORDINARY_KIND(0, 1, 1), TF_ORDINARY_MOVE(0, 1), TF_MAY_NEVER},
    {TF_ORDINARY_KIND(1, 1, 1), TF_ORDINARY_MOVE(1, 1), TF_MAY_NEVER},
};

_Static_assert(TF_FIN == 1 && TF_OPT_TIMESTAMPS == 4 << 2, "they are shifted to where tf_ordinary has them");

/* Nine of ten bear an ACK and nothing else of importance, or a FIN. */
static inline bool
tf_plain_is_ordinary(const struct tf_segment *s)
{
	const unsigned aside = TF_FIN | TF_PSH | TF_ECE | TF_CWR | TF_AE;

	return (s->flags & ~aside) == TF_ACK && !(s->options & ~(unsigned)TF_OPT_TIMESTAMPS) &&
	       s->checksum_state != TF_CHECKSUM_BAD && s->window != 0;
}

/* Which of them has payload nobody can foresee: so that is looked up, not asked for. */
static inline struct tf_plain
tf_plain_ordinarily(const struct tf_segment *s)
{
	unsigned timed = s->options, data = s->len > 0, fin = s->flags & TF_FIN;

	return tf_ordinary[data | fin << 1 | timed >> 2];
}

static inline struct tf_plain
tf_plain_of(const struct tf_segment *s)
{
	return tf_plain_is_ordinary(s) ? tf_plain_ordinarily(s) : tf_plain_rarely(s);
}

#endif
