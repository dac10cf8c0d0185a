/*
 * The letters that Zeek writes into the history column of conn.log (its
 * documentation of Conn::Info names them): S a SYN, H a SYN,ACK, A a bare
 * ACK, D payload, F FIN, R RST, T payload sent again, W no window, G a gap,
 * C a wrong checksum, I FIN with RST, Q SYN with FIN or RST; in lower case
 * what the server sent.
 *
 * A, D, I and Q are noted once an end; S, H, F and R again where the
 * sequence number is another one; C, G, T and W the first, tenth, hundredth…
 * time.  Every connection has letters and most have the same few, so they
 * lie in three places, filled one after the other: six in 25 bits of the
 * connection, seven in 32 bits of what a close needs, the rest with the
 * rare things.  Where the pools are full the later ones are missing.
 *
 * What a string of letters says of the connection as a whole: flow/zeek.c.
 */
#include "core/letters.h"

#include <string.h>

static const char names[] = "SHADFRTWGCIQ";

/* ---- three places ---------------------------------------------------------------------------- */

/* tf_connection.letters: six bits say what is noted (SYN or SYN,ACK, ACK, payload; of client and
 * server), and above them a one and then three bits a letter. */
#define SEEN_BITS   6
#define SEEN_MASK   ((UINT32_C(1) << SEEN_BITS) - 1)
#define EARLY_BITS  3
#define EARLY_KINDS (1 << (EARLY_BITS - 1))
#define EARLY_MASK  ((UINT32_C(1) << 25) - 1)

/* tf_closing.letters: a one, and then four bits a letter. */
#define MIDDLE_BITS  4
#define MIDDLE_KINDS (1 << (MIDDLE_BITS - 1))
#define MIDDLE_FULL  (UINT32_C(1) << 28)

/* More of the same kind are noted only while so many places are free. */
#define KEPT_FREE 16

static unsigned
code_of(enum tf_letter letter, enum tf_endpoint from)
{
	return (unsigned)letter << 1 | from;
}

/* The bit of tf_connection.letters that says that LETTER is noted, as a mask; 0 for the rarer ones. */
static uint32_t
seen_bit(enum tf_letter letter, enum tf_endpoint from)
{
	static const uint8_t slot[EARLY_KINDS] = {0, 0, 1, 2};

	return letter < EARLY_KINDS ? UINT32_C(1) << (2 * slot[letter] + from) : 0;
}

static void
add_early(struct tf_connection *c, unsigned code)
{
	uint32_t all = (uint32_t)c->letters, codes = all >> SEEN_BITS;

	codes = (codes ? codes : 1) << EARLY_BITS | code;
	c->letters = (codes << SEEN_BITS | (all & SEEN_MASK)) & EARLY_MASK;
}

static bool
add_late(struct tf_extra *x, unsigned code)
{
	if (!x || x->letters.count == TF_LATE_LETTERS)
		return false;
	x->letters.code[x->letters.count++] = (uint8_t)code;
	return true;
}

void
tf_letters_add(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint from, enum tf_letter letter)
{
	const struct tf_extra *x = tf_extra_if(ctx, c);
	struct tf_closing *k = tf_closing_if(ctx, c);
	unsigned code = code_of(letter, from);
	uint32_t bit = seen_bit(letter, from);
	bool late = x && x->letters.count > 0, first = bit && !(c->letters & bit);

	c->letters = ((uint32_t)c->letters | bit) & EARLY_MASK;
	ctx->stats->bare_acks += letter == TF_L_ACK;
	if (first && !late && !(k && k->letters)) {
		add_early(c, code);
		return;
	}
	if (!late && letter < MIDDLE_KINDS && (k = tf_closing_of(ctx, c)) && k->letters < MIDDLE_FULL)
		k->letters = (k->letters ? k->letters : 1) << MIDDLE_BITS | code;
	else
		add_late(tf_extra_of(ctx, c), code);
}

void
tf_letters_take_answer(struct tf_connection *c, enum tf_endpoint from)
{
	uint32_t all = (uint32_t)c->letters, codes = all >> SEEN_BITS, kept = 1;

	for (int shift = 18; shift >= 0; shift -= EARLY_BITS) {
		unsigned code = codes >> shift & ((1 << EARLY_BITS) - 1);
		if (codes >> shift > 1 && code != code_of(TF_L_SYN_ACK, from))
			kept = kept << EARLY_BITS | code;
	}
	c->letters = (kept << SEEN_BITS | (all & SEEN_MASK & ~seen_bit(TF_L_SYN_ACK, from))) & EARLY_MASK;
}

void
tf_letters_text(const struct tf_context *ctx, const struct tf_connection *c, char out[TF_MAX_LETTERS + 1])
{
	const struct tf_closing *k = tf_closing_if(ctx, c);
	const struct tf_extra *x = tf_extra_if(ctx, c);
	uint32_t early = (uint32_t)(c->letters >> SEEN_BITS), middle = k ? k->letters : 0;
	unsigned code[TF_MAX_LETTERS], count = 0, at = 0;

	for (int shift = 18; shift >= 0; shift -= EARLY_BITS)
		if (early >> shift > 1)
			code[count++] = early >> shift & ((1 << EARLY_BITS) - 1);
	for (int shift = 28; middle && shift >= 0; shift -= MIDDLE_BITS)
		if (middle >> shift > 1)
			code[count++] = middle >> shift & ((1 << MIDDLE_BITS) - 1);
	for (unsigned i = 0; x && i < x->letters.count; i++)
		code[count++] = x->letters.code[i];
	if (count && code[0] & 1)
		out[at++] = '^';
	for (unsigned i = 0; i < count; i++)
		out[at++] = (char)(names[code[i] >> 1] | (code[i] & 1 ? 0x20 : 0));
	out[at] = '\0';
}

/* ---- noted before? --------------------------------------------------------------------------- */

bool
tf_letters_noted(const struct tf_context *ctx, const struct tf_connection *c, enum tf_endpoint from,
                 enum tf_letter letter)
{
	const struct tf_closing *k = tf_closing_if(ctx, c);
	const struct tf_extra *x = tf_extra_if(ctx, c);
	unsigned code = code_of(letter, from);

	for (uint32_t middle = k ? k->letters : 0; middle > 1; middle >>= MIDDLE_BITS)
		if ((middle & ((1 << MIDDLE_BITS) - 1)) == code)
			return true;
	for (unsigned i = 0; x && i < x->letters.count; i++)
		if (x->letters.code[i] == code)
			return true;
	return false;
}

static void
note_once(const struct tf_step *st, enum tf_letter letter)
{
	if (!tf_letters_noted(st->ctx, st->c, st->from, letter))
		tf_letters_add(st->ctx, st->c, st->from, letter);
}

/* Is NUMBER the one of the last SYN (slot 0), FIN (1) or RST (2) of the step's sender? */
static bool
is_last(const struct tf_step *st, unsigned slot, tf_seq number)
{
	const struct tf_extra *x = tf_extra_if(st->ctx, st->c);

	if (x && x->letters.known[st->from] >> slot & 1)
		return tf_seq_eq(x->letters.last[st->from][slot], number);
	return slot < 2 && tf_seq_eq(slot ? st->x->max : st->x->isn, number);
}

static void
remember(const struct tf_step *st, unsigned slot, tf_seq number)
{
	struct tf_extra *x = tf_extra_of(st->ctx, st->c);

	if (!x)
		return;
	x->letters.known[st->from] |= (uint8_t)(1u << slot);
	x->letters.last[st->from][slot] = number;
}

/* SYN, FIN and RST: again where NUMBER differs from the last one's. */
static void
note_number(const struct tf_step *st, enum tf_letter letter, unsigned slot, tf_seq number)
{
	const struct tf_extra *x = tf_extra_if(st->ctx, st->c);
	uint32_t bit = seen_bit(letter, st->from);
	bool noted = bit ? (st->c->letters & bit) != 0 : tf_letters_noted(st->ctx, st->c, st->from, letter);

	if (noted && is_last(st, slot, number))
		return;
	if (!noted || !x || x->letters.count < TF_LATE_LETTERS - KEPT_FREE)
		tf_letters_add(st->ctx, st->c, st->from, letter);
	if (noted || letter == TF_L_RST)
		remember(st, slot, number);
}

/* ---- what is noted when ---------------------------------------------------------------------- */

void
tf_letters_segment(const struct tf_step *st)
{
	const struct tf_segment *s = st->s;
	uint32_t sums = st->from == TF_CLIENT ? TF_CONN_CLIENT_SUMS : TF_CONN_SERVER_SUMS;

	if (s->checksum_state == TF_CHECKSUM_BAD && st->c->flags & sums)
		tf_letters_count(st->ctx, st->c, st->from, TF_L_CHECKSUM);
	switch (s->flags & (TF_SYN | TF_FIN | TF_RST)) {
	case 0:
		if (s->len > 0 || s->flags & TF_ACK)
			tf_letters_ordinary(st->ctx, st->c, st->from, s->len > 0);
		break;
	case TF_SYN:
		note_number(st, s->flags & TF_ACK ? TF_L_SYN_ACK : TF_L_SYN, 0, s->seq);
		break;
	case TF_FIN:
		note_number(st, TF_L_FIN, 1, st->end);
		break;
	case TF_RST:
		note_number(st, TF_L_RST, 2, s->seq);
		break;
	case TF_FIN | TF_RST:
	case TF_FIN | TF_RST | TF_SYN:
		note_once(st, TF_L_FIN_RST);
		break;
	default:
		note_once(st, TF_L_SYN_FIN_RST);
		break;
	}
}

static bool
is_power_of_ten(uint32_t n)
{
	while (n > 1 && n % 10 == 0)
		n /= 10;
	return n == 1;
}

void
tf_letters_count(struct tf_context *ctx, struct tf_connection *c, enum tf_endpoint from,
                 enum tf_letter letter)
{
	struct tf_extra *x = tf_extra_of(ctx, c);

	if (x && is_power_of_ten(++x->letters.times[from][letter - TF_L_AGAIN]))
		tf_letters_add(ctx, c, from, letter);
}

/* Does its ACK cover octets that never passed?  The octet of an unseen FIN is none, and what an
 * ACK on a FIN seems to skip is seldom missing. */
static bool
shows_gap(const struct tf_step *st)
{
	const struct tf_extra *x = tf_extra_if(st->ctx, st->c);
	const struct tf_fin_record *fin = tf_fin_of(st, st->to);

	return st->missed_bytes && x && x->gap[st->to].packet == st->s->packet &&
	       !(st->s->flags & TF_FIN) && !(fin && fin->inferred);
}

void
tf_letters_findings(const struct tf_step *st)
{
	const struct tf_extra *x = tf_extra_if(st->ctx, st->c);
	const unsigned again = TF_MARK_RETRANSMISSION | TF_MARK_KEEPALIVE | TF_MARK_ZERO_WINDOW_PROBE;
	bool rst_before = x && x->letters.known[st->from] >> 2 & 1;

	if (st->s->flags & TF_RST)
		return;
	/* After the other end's FIN no window is needed. */
	if (st->s->window == 0 && !rst_before && !tf_end_has(st->y, TF_END_FIN))
		tf_letters_count(st->ctx, st->c, st->from, TF_L_ZERO_WINDOW);
	if (st->marks & again && st->s->len > 0)
		tf_letters_count(st->ctx, st->c, st->from, TF_L_AGAIN);
	if (shows_gap(st)) {
		tf_letters_count(st->ctx, st->c, st->to, TF_L_GAP);
		tf_extra_of(st->ctx, st->c)->letters.gap_waits[st->to] = true;
	}
}

void
tf_letters_gap_filled(struct tf_extra *x, enum tf_endpoint from)
{
	struct tf_late_letters *late = &x->letters;
	uint32_t *times = &late->times[from][TF_L_GAP - TF_L_AGAIN];

	if (!late->gap_waits[from])
		return;
	late->gap_waits[from] = false;
	if (!is_power_of_ten((*times)--))
		return;
	for (unsigned i = late->count; i-- > 0;) {
		if (late->code[i] != code_of(TF_L_GAP, from))
			continue;
		memmove(&late->code[i], &late->code[i + 1], --late->count - i);
		return;
	}
}
