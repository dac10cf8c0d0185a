/*
 * Reading trails, as they are written in trail.c.
 */
#include "number.h"
#include "trail_head.h"

static uint8_t
octet(struct tf_trail_reader *reader)
{
	const struct tf_buf *b = &reader->p->lines;

	return reader->at < b->len ? (uint8_t)b->data[reader->at++] : 0;
}

static uint64_t
number(struct tf_trail_reader *reader)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t part = octet(reader);

		v |= (uint64_t)(part & 0x7f) << shift;
		if (part < 0x80)
			break;
	}
	return v;
}

static int64_t
time_of(const struct tf_trail_reader *reader)
{
	return (reader->p->start_ns / reader->unit_ns + reader->last.time) * reader->unit_ns;
}

static void
read_segment(struct tf_trail_reader *reader, unsigned bits, struct tf_rung *r)
{
	struct tf_trail_last *last = &reader->last;
	unsigned end = bits & TF_TRAIL_SERVER;

	last->time += tf_signed_of_number(number(reader));
	last->packet += (uint64_t)tf_signed_of_number(number(reader));
	r->ts_ns = time_of(reader);
	r->packet = last->packet;
	r->end = (uint8_t)end;
	r->flags = bits & TF_TRAIL_FLAGS ? (uint16_t)number(reader) : TF_ACK;
	r->marks = bits & TF_TRAIL_MARKS ? (uint16_t)number(reader) : 0;
	r->rel_seq =
	    last->next[end] + (bits & TF_TRAIL_SEQ ? (uint32_t)tf_signed_of_number(number(reader)) : 0);
	r->rel_ack =
	    last->next[!end] + (bits & TF_TRAIL_ACK ? (uint32_t)tf_signed_of_number(number(reader)) : 0);
	if ((r->flags & TF_ACK) == 0)
		r->rel_ack = 0;
	r->window = bits & TF_TRAIL_WINDOW ? (uint16_t)number(reader) : last->window[end];
	r->len = bits & TF_TRAIL_LEN ? (uint32_t)number(reader) : 0;
	last->window[end] = r->window;
	last->next[end] = r->rel_seq + r->len + ((r->flags & TF_SYN) != 0) + ((r->flags & TF_FIN) != 0);
}

static void
read_when(struct tf_trail_reader *reader, unsigned bits, struct tf_rung *r)
{
	struct tf_trail_last *last = &reader->last;
	uint64_t step;

	r->end = bits & TF_TRAIL_SERVER;
	r->packet = last->packet;
	if ((bits & TF_TRAIL_SAME) == 0) {
		last->time += tf_signed_of_number(number(reader));
		step = number(reader);
		if (step > 0)
			last->packet += (uint64_t)tf_signed_of_number(step - 1);
		r->packet = step > 0 ? last->packet : 0;
	}
	r->ts_ns = time_of(reader);
}

static void
read_other(struct tf_trail_reader *reader, unsigned bits, struct tf_rung *r)
{
	unsigned kind = bits >> 3 & 7;
	uint8_t last;

	if (kind == TF_TRAIL_SEVERAL && (bits & TF_TRAIL_ABORTS) == 0) {
		*r = (struct tf_rung){.kind = TF_RUNG_FOLD, .count = (uint32_t)number(reader)};
		read_segment(reader, octet(reader), r);
		return;
	}
	*r = (struct tf_rung){.kind = TF_RUNG_POSSIBLE};
	read_when(reader, bits, r);
	if (kind == TF_TRAIL_SETTLED) {
		if (bits & TF_TRAIL_ABORTS)
			r->kind = TF_RUNG_PROOF;
	} else if (kind == TF_TRAIL_SEVERAL) {
		r->kind = TF_RUNG_SACK;
		r->rel_seq =
		    reader->last.next[r->end != TF_SERVER] + (uint32_t)tf_signed_of_number(number(reader));
		r->rel_ack = r->rel_seq + (uint32_t)number(reader);
	} else if (kind == TF_TRAIL_FOUND) {
		r->kind = TF_RUNG_FINDING;
		r->id = (uint16_t)number(reader);
		last = octet(reader);
		r->severity = last & 3;
		if (last & 4)
			r->end = TF_NEITHER;
	} else {
		r->kind = TF_RUNG_TRANSITION;
		r->basis = (uint8_t)kind;
		r->aborts = (bits & TF_TRAIL_ABORTS) != 0;
		last = octet(reader);
		r->from = last >> 4;
		r->to = last & 15;
		r->possible =
		    (tf_states)(TF_STATES(r->to) | (bits & TF_TRAIL_UNSURE ? TF_STATES(r->from) : 0));
	}
}

bool
tf_trail_next(struct tf_trail_reader *reader, struct tf_rung *r)
{
	uint8_t bits;

	if (reader->at == 0)
		reader->at = sizeof(struct tf_trail_head);
	if (reader->at >= reader->p->lines.len)
		return false;
	if (reader->p->run > 0) {
		*r = tf_rung_at(reader->p, reader->at);
		reader->at += sizeof *r;
		return true;
	}
	bits = octet(reader);
	if (bits & TF_TRAIL_OTHER) {
		read_other(reader, bits, r);
	} else {
		*r = (struct tf_rung){.kind = TF_RUNG_SEGMENT, .count = 1};
		read_segment(reader, bits, r);
	}
	return true;
}
