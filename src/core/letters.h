/*
 * The letters of a connection: which kinds of segments each end sent, in the
 * order in which they passed.
 */
#ifndef TCPFSM_CORE_LETTERS_H
#define TCPFSM_CORE_LETTERS_H

#include "core/step.h"

/* In the order of the letters in letters.c; the first four have room in the
 * connection itself, the first eight in what a close needs. */
enum tf_letter {
	TF_L_SYN,
	TF_L_SYN_ACK,
	TF_L_ACK,
	TF_L_DATA,
	TF_L_FIN,
	TF_L_RST,
	TF_L_AGAIN, /* payload that had passed before */
	TF_L_ZERO_WINDOW,
	TF_L_GAP, /* octets of this end that the capture missed */
	TF_L_CHECKSUM,
	TF_L_FIN_RST,
	TF_L_SYN_FIN_RST, /* SYN with FIN, or with RST */
	TF_L_COUNT
};

/* Note LETTER of the end FROM, whether or not it was noted before. */
void tf_letters_add(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint from,
                    enum tf_letter letter);

/* LETTER was seen of FROM once more: noted the first, tenth, hundredth… time. */
void tf_letters_count(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint from,
                      enum tf_letter letter);

/* The gap of FROM's that was counted last is none after all: its letter goes. */
void tf_letters_gap_filled(struct tf_extra *x, enum tf_endpoint from);

/* The SYN,ACK that is all that passed of FROM was none of C's: its letter goes. */
void tf_letters_take_answer(struct tf_connection *c, enum tf_endpoint from);

/* The segment's own letter, before anything else is known of it. */
void tf_letters_segment(const struct tf_step *st);

/* What was found out about it: payload sent again, no window, a gap. */
void tf_letters_findings(const struct tf_step *st);

/* Was LETTER, one of the rarer ones, noted of FROM? */
bool tf_letters_noted(const struct tf_context *ctx, const struct tf_connection *c, enum tf_endpoint from,
                      enum tf_letter letter);

/* Write the letters of C to OUT, with a NUL. */
void tf_letters_text(const struct tf_context *ctx, const struct tf_connection *c,
                     char out[TF_MAX_LETTERS + 1]);

/* Is the letter of FROM's bare ACKs, or of its payload, among LETTERS (tf_connection.letters)? */
static inline bool
tf_letters_have(uint64_t letters, enum tf_endpoint from, bool data)
{
	return letters >> ((data ? 4u : 2u) + from) & 1;
}

/* The same as tf_letters_segment for a segment without SYN, FIN and RST:
 * as a rule its letter is there already, and nothing else is looked at. */
static inline void
tf_letters_ordinary(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint from, bool data)
{
	if (!tf_letters_have(c->letters, from, data))
		tf_letters_add(ctx, c, from, data ? TF_L_DATA : TF_L_ACK);
}

#endif
