/*
 * How a tombstone is packed, and the blocks where they lie.
 *
 * Numbers are kept as differences from what is near them, so that most
 * need half of their octets or none, and all of 64 bits come out as they
 * went in.
 */
#include "flow/tombstone.h"

#include <assert.h>
#include <string.h>

#include "flow/arena.h"

/* ---- numbers of as many octets as they need ----------------------------------- */

static uint64_t
little_endian(uint64_t value)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return value;
#else
	return __builtin_bswap64(value);
#endif
}

/* 0 to 6, or 8.  Without branches, since sizes are a toss. */
static unsigned
octets_of(unsigned length)
{
	return length + (length + 1) / 8;
}

/* Append VALUE at P as number N; behind it. */
static unsigned char *
put(unsigned char *p, uint32_t *lengths, unsigned n, uint64_t value)
{
	unsigned octets = (71 - (unsigned)__builtin_clzll(value | 1)) / 8 - (value == 0);
	unsigned length = octets - octets / 8;

	value = little_endian(value);
	memcpy(p, &value, sizeof value);
	*lengths |= length << 3 * n;
	return p + octets_of(length);
}

static const unsigned char *
get(const unsigned char *p, const struct tf_tombstone *t, unsigned n, uint64_t *value)
{
	unsigned octets = octets_of(t->lengths >> 3 * n & 7);

	memcpy(value, p, sizeof *value);
	*value = octets ? little_endian(*value) & UINT64_MAX >> (64 - 8 * octets) : 0;
	return p + octets;
}

/* Differences that are small either way become small numbers. */
static uint64_t
folded(uint64_t difference)
{
	return difference << 1 ^ (0 - (difference >> 63));
}

static uint64_t
unfolded(uint64_t number)
{
	return number >> 1 ^ (0 - (number & 1));
}

/* ---- addresses and timestamps -------------------------------------------------- */

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

static bool
is_ipv4(const struct tf_key *key)
{
	return memcmp(key->addr[0].byte, mapped, sizeof mapped) == 0 &&
	       memcmp(key->addr[1].byte, mapped, sizeof mapped) == 0;
}

static unsigned char *
put_addresses(unsigned char *p, const struct tf_tombstone *t, const struct tf_key *key)
{
	if (!t->ipv4) {
		memcpy(p, key->addr, sizeof key->addr);
		return p + sizeof key->addr;
	}
	memcpy(p, key->addr[0].byte + 12, 4);
	memcpy(p + 4, key->addr[1].byte + 12, 4);
	return p + 8;
}

static const unsigned char *
get_addresses(const unsigned char *p, const struct tf_tombstone *t, struct tf_key *key)
{
	if (!t->ipv4) {
		memcpy(key->addr, p, sizeof key->addr);
		return p + sizeof key->addr;
	}
	for (int i = 0; i < 2; i++) {
		memcpy(key->addr[i].byte, mapped, sizeof mapped);
		memcpy(key->addr[i].byte + 12, p + 4 * i, 4);
	}
	return p + 8;
}

struct tf_key
tf_tombstone_key(const struct tf_tombstone *t)
{
	struct tf_key key = {.port = {t->port[0], t->port[1]}};

	get_addresses(t->rest, t, &key);
	return key;
}

static unsigned char *
put_timestamps(unsigned char *p, const struct tf_former *f)
{
	if (!f->timestamps)
		return p;
	memcpy(p, f->tsval, sizeof f->tsval);
	return p + sizeof f->tsval;
}

static const unsigned char *
get_timestamps(const unsigned char *p, struct tf_former *f)
{
	if (!f->timestamps)
		return p;
	memcpy(f->tsval, p, sizeof f->tsval);
	return p + sizeof f->tsval;
}

/* ---- the whole ------------------------------------------------------------------- */

/* Which of a pair a RST leaves, at its sender's place, and which a FIN of either end and the TIME-WAIT of either: never
 * both. */
static void
choose(const struct tf_buried *b, uint64_t packet[2], int64_t time_ns[2])
{
	const struct tf_remains *r = &b->remains;
	bool rst = b->former.close == TF_CLOSE_RST;

	for (int i = 0; i < 2; i++) {
		packet[i] = rst ? (i == r->rst_side ? r->rst_packet : 0) : r->fin_packet[i];
		time_ns[i] = rst ? (i == r->rst_side ? r->rst_ns : 0) : r->time_wait_ns[i];
	}
}

static void
put_back(struct tf_buried *b, const uint64_t packet[2], const int64_t time_ns[2])
{
	struct tf_remains *r = &b->remains;

	if (b->former.close == TF_CLOSE_RST) {
		r->rst_side = packet[1] || time_ns[1];
		r->rst_packet = packet[r->rst_side];
		r->rst_ns = time_ns[r->rst_side];
		return;
	}
	memcpy(r->fin_packet, packet, sizeof r->fin_packet);
	memcpy(r->time_wait_ns, time_ns, sizeof r->time_wait_ns);
}

/* A bit each. */
static unsigned
those(bool first, bool second)
{
	return (unsigned)first | (unsigned)second << 1;
}

static void
difference(struct tf_tombstone *t, const struct tf_buried *b, uint64_t number[TF_GRAVE_NUMBERS])
{
	const struct tf_former *f = &b->former;
	uint64_t packet[2], last_ns = (uint64_t)f->last_ts_ns;
	int64_t time_ns[2];

	choose(b, packet, time_ns);
	number[TF_GRAVE_FIRST_PACKET] = f->first_packet;
	number[TF_GRAVE_SILENT] = folded((uint64_t)b->buried_ns - last_ns);
	number[TF_GRAVE_LASTED] = folded(last_ns - (uint64_t)f->first_ts_ns);
	for (int i = 0; i < 2; i++) {
		number[TF_GRAVE_SENT + i] = f->max[i].v - f->isn[i].v;
		number[TF_GRAVE_PACKET + i] = packet[i] ? folded(packet[i] - f->first_packet) : 0;
		number[TF_GRAVE_TIME + i] = time_ns[i] ? folded(last_ns - (uint64_t)time_ns[i]) : 0;
	}
	t->has_packet = those(packet[0] != 0, packet[1] != 0) & 3u;
	t->has_time = those(time_ns[0] != 0, time_ns[1] != 0) & 3u;
}

static void
sum_up(const struct tf_tombstone *t, const uint64_t number[TF_GRAVE_NUMBERS], struct tf_buried *b)
{
	struct tf_former *f = &b->former;
	uint64_t packet[2] = {0, 0}, last_ns = (uint64_t)t->buried_ns - unfolded(number[TF_GRAVE_SILENT]);
	int64_t time_ns[2] = {0, 0};

	f->first_packet = number[TF_GRAVE_FIRST_PACKET];
	f->last_ts_ns = (int64_t)last_ns;
	f->first_ts_ns = (int64_t)(last_ns - unfolded(number[TF_GRAVE_LASTED]));
	for (int i = 0; i < 2; i++) {
		f->max[i] = tf_seq_of(f->isn[i].v + (uint32_t)number[TF_GRAVE_SENT + i]);
		if (t->has_packet >> i & 1)
			packet[i] = f->first_packet + unfolded(number[TF_GRAVE_PACKET + i]);
		if (t->has_time >> i & 1)
			time_ns[i] = (int64_t)(last_ns - unfolded(number[TF_GRAVE_TIME + i]));
	}
	put_back(b, packet, time_ns);
}

void
tf_tombstone_pack(struct tf_tombstone *t, const struct tf_buried *b)
{
	const struct tf_former *f = &b->former;
	const struct tf_remains *r = &b->remains;
	uint64_t number[TF_GRAVE_NUMBERS];
	unsigned char *p = t->rest;
	uint32_t lengths = 0;

	*t = (struct tf_tombstone){
	    .buried_ns = b->buried_ns,
	    .conn = f->conn & TF_MAX_CONN,
	    .ipv4 = is_ipv4(&b->key),
	    .isn_known = f->isn_known & 3u,
	    .max_known = f->max_known & 3u,
	    .timestamps = f->timestamps & 3u,
	    .time_wait = f->time_wait & 3u,
	    .closed = f->closed,
	    .doubtful = f->doubtful,
	    .client_state = f->state[TF_CLIENT] & 15u,
	    .server_state = f->state[TF_SERVER] & 15u,
	    .close = f->close & 7u,
	    .client_second = r->client_second,
	    .fin_raised = r->fin_raised,
	    .data_raised = r->data_raised,
	    .port = {b->key.port[0], b->key.port[1]},
	    .isn = {f->isn[0].v, f->isn[1].v},
	};
	p = put_addresses(p, t, &b->key);
	p = put_timestamps(p, f);
	difference(t, b, number);
	for (unsigned n = 0; n < TF_GRAVE_NUMBERS; n++)
		p = put(p, &lengths, n, number[n]);
	t->lengths = lengths & ((UINT32_C(1) << 27) - 1);
	t->octets = (uint16_t)(p - (unsigned char *)t);
}

void
tf_tombstone_unpack(const struct tf_tombstone *t, struct tf_buried *b)
{
	uint64_t number[TF_GRAVE_NUMBERS];
	const unsigned char *p = t->rest;

	*b = (struct tf_buried){
	    .key.port = {t->port[0], t->port[1]},
	    .buried_ns = t->buried_ns,
	    .former =
	        {
	            .conn = t->conn,
	            .isn = {tf_seq_of(t->isn[0]), tf_seq_of(t->isn[1])},
	            .isn_known = t->isn_known,
	            .max_known = t->max_known,
	            .timestamps = t->timestamps,
	            .time_wait = t->time_wait,
	            .closed = t->closed,
	            .doubtful = t->doubtful,
	            .state = {t->client_state, t->server_state},
	            .close = t->close,
	        },
	    .remains =
	        {
	            .client_second = t->client_second,
	            .fin_raised = t->fin_raised,
	            .data_raised = t->data_raised,
	        },
	};
	p = get_addresses(p, t, &b->key);
	p = get_timestamps(p, &b->former);
	for (unsigned n = 0; n < TF_GRAVE_NUMBERS; n++)
		p = get(p, t, n, &number[n]);
	sum_up(t, number, b);
}

/* ---- where they lie ----------------------------------------------------------------- */

/* Places count units of 4 octets. */
#define BLOCK_UNITS   16384u
#define UNITS(octets) (((uint32_t)(octets) + 3) / 4)

/* Stands at the beginning of each block. */
struct block {
	uint32_t next; /* the one that was begun after it, or the next free one + 1 */
	uint32_t end;  /* the place behind its last tombstone, once there is a next one */
};

#define FIRST_UNIT UNITS(sizeof(struct block))
#define LAST_UNIT  (BLOCK_UNITS - UNITS(TF_TOMBSTONE_SLACK))

/* A FIN that waits. */
struct waiting {
	uint64_t packet;
	int64_t ns;
	uint8_t side;
};

#define MOST_WAITING UINT16_MAX

static struct block *
block_at(const struct tf_graveyard *y, uint32_t number)
{
	return (void *)tf_tombstone_at(y, number * BLOCK_UNITS);
}

bool
tf_graveyard_init(struct tf_graveyard *y, uint32_t most)
{
	const uint32_t least_in_a_block = (LAST_UNIT - FIRST_UNIT) / UNITS(TF_TOMBSTONE_MOST);
	const uint32_t addressable = (UINT32_C(1) << 31) / BLOCK_UNITS;

	/* Those between the oldest one's and the latest one's are full. */
	*y = (struct tf_graveyard){.capacity = most / least_in_a_block + 2};
	if (y->capacity > addressable)
		return false;
	y->waiting = (struct tf_pool){.item_bytes = sizeof(struct waiting),
	                              .capacity = most < MOST_WAITING ? most : MOST_WAITING};
	y->blocks = tf_arena_new(y->capacity, BLOCK_UNITS * 4);
	y->waiting.items = tf_arena_new(y->waiting.capacity, sizeof(struct waiting));
	y->fresh = 1;
	y->oldest = y->end = FIRST_UNIT;
	return y->blocks && y->waiting.items;
}

void
tf_graveyard_fini(struct tf_graveyard *y)
{
	tf_arena_free(y->waiting.items, y->waiting.capacity, sizeof(struct waiting));
	tf_arena_free(y->blocks, y->capacity, BLOCK_UNITS * 4);
}

static uint32_t
take_block(struct tf_graveyard *y)
{
	uint32_t number = y->free - 1;

	if (!y->free) {
		assert(y->fresh < y->capacity);
		return y->fresh++;
	}
	y->free = block_at(y, number)->next;
	return number;
}

static void
begin_block(struct tf_graveyard *y)
{
	uint32_t number = take_block(y);
	struct block *full = block_at(y, y->end / BLOCK_UNITS);

	full->next = number;
	full->end = y->end;
	y->end = number * BLOCK_UNITS + FIRST_UNIT;
}

uint32_t
tf_graveyard_add(struct tf_graveyard *y, const struct tf_buried *b)
{
	uint32_t place;

	if (y->end % BLOCK_UNITS + UNITS(TF_TOMBSTONE_MOST) > LAST_UNIT)
		begin_block(y);
	place = y->end;
	tf_tombstone_pack(tf_tombstone_at(y, place), b);
	y->end += UNITS(tf_tombstone_at(y, place)->octets);
	y->count++;
	return place;
}

uint32_t
tf_graveyard_next(const struct tf_graveyard *y, uint32_t place)
{
	uint32_t next = place + UNITS(tf_tombstone_at(y, place)->octets);
	const struct block *block = block_at(y, place / BLOCK_UNITS);

	if (place / BLOCK_UNITS == y->end / BLOCK_UNITS || next != block->end)
		return next;
	return block->next * BLOCK_UNITS + FIRST_UNIT;
}

static void
forget_waiting(struct tf_graveyard *y, struct tf_tombstone *t)
{
	if (t->waiting)
		tf_pool_put(&y->waiting, t->waiting);
	t->waiting = 0;
}

void
tf_graveyard_drop(struct tf_graveyard *y)
{
	uint32_t place = y->oldest, next = tf_graveyard_next(y, place), number = place / BLOCK_UNITS;

	forget_waiting(y, tf_tombstone_at(y, place));
	y->count--;
	y->oldest = next;
	if (next / BLOCK_UNITS != number) {
		block_at(y, number)->next = y->free;
		y->free = number + 1;
	}
	if (!y->count)
		y->oldest = y->end = y->end / BLOCK_UNITS * BLOCK_UNITS + FIRST_UNIT;
}

void
tf_graveyard_read(const struct tf_graveyard *y, uint32_t place, struct tf_buried *b)
{
	const struct tf_tombstone *t = tf_tombstone_at(y, place);

	tf_tombstone_unpack(t, b);
	if (!t->waiting)
		return;
	const struct waiting *w = tf_pool_at(&y->waiting, t->waiting);
	b->remains.again_packet = w->packet;
	b->remains.again_ns = w->ns;
	b->remains.again_side = w->side;
}

bool
tf_graveyard_note(struct tf_graveyard *y, uint32_t place, const struct tf_remains *r)
{
	struct tf_tombstone *t = tf_tombstone_at(y, place);

	if (!r->again_packet)
		forget_waiting(y, t);
	else if (!t->waiting && !(t->waiting = (uint16_t)tf_pool_get(&y->waiting)))
		return false;
	if (t->waiting)
		*(struct waiting *)tf_pool_at(&y->waiting, t->waiting) =
		    (struct waiting){.packet = r->again_packet, .ns = r->again_ns, .side = r->again_side};
	t->fin_raised = r->fin_raised;
	t->data_raised = r->data_raised;
	return true;
}
