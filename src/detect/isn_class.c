/*
 * How does a host make its initial sequence numbers?  RFC 6528 asks for a
 * clock plus a keyed hash over the 4-tuple: over several 4-tuples such
 * numbers look random, on one of them they follow the clock.
 *
 * A pattern counts only where chance cannot make it: eight numbers or more
 * in a band of 2^24 come up by chance less than once in 10^13.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "detect/hosts.h"

#define NARROW      (UINT32_C(1) << 24)
#define SPACE       (UINT64_C(1) << 32)
#define LEAST_STEP  64   /* a common divisor of all steps below this may be chance */
#define MOST_STEPS  1024 /* steps that one interval may hold */
#define SHORTEST_NS 1000000
#define SLOPES      8
#define FASTEST     1e9 /* numbers a second: no clock is faster */

struct series {
	uint32_t n;
	uint32_t isn[TF_ISN_LATEST];
	int64_t ts_ns[TF_ISN_LATEST];
	double seconds[TF_ISN_LATEST]; /* since the first */
};

static uint64_t
tuple_of(const struct tf_isn_sample *s)
{
	return (uint64_t)s->peer << 32 | (uint64_t)s->own_port << 16 | s->peer_port;
}

static bool
same_tuple(const struct tf_isn_sample *a, const struct tf_isn_sample *b)
{
	return tuple_of(a) == tuple_of(b);
}

/* A bit for each of 256 hashes: what finds its bit unset is new, and as a rule it is. */
struct seen {
	uint64_t word[4];
};

static bool
maybe_seen(struct seen *seen, uint64_t value)
{
	unsigned bit = (unsigned)(value * UINT64_C(0x9e3779b97f4a7c15) >> 56);
	uint64_t *word = &seen->word[bit / 64], mask = UINT64_C(1) << bit % 64;
	bool set = (*word & mask) != 0;

	*word |= mask;
	return set;
}

static bool
is_among(const uint64_t *tuple, uint32_t n, uint64_t wanted)
{
	for (uint32_t i = 0; i < n; i++)
		if (tuple[i] == wanted)
			return true;
	return false;
}

/* One number a 4-tuple, the earliest of the latest TF_ISN_LATEST, in the order of time. */
static void
gather(const struct tf_hosts *t, const struct tf_host *h, struct series *out)
{
	uint32_t kept = tf_host_kept(h), at = tf_isn_latest(h, kept);
	uint64_t tuple[TF_ISN_LATEST];
	struct seen seen = {{0}};

	out->n = 0;
	for (uint32_t i = kept > TF_ISN_LATEST ? kept - TF_ISN_LATEST : 0; i < kept;
	     i++, at = at + 1 < kept ? at + 1 : 0) {
		const struct tf_isn_block *block = tf_host_block(t, h, at);
		const struct tf_isn_sample *sample = &block->sample[at % TF_ISN_BLOCK];
		uint64_t this = tuple_of(sample);
		if (maybe_seen(&seen, this) && is_among(tuple, out->n, this))
			continue;
		tuple[out->n] = this;
		out->isn[out->n] = block->isn[at % TF_ISN_BLOCK];
		out->ts_ns[out->n] = sample->ts_ns;
		out->seconds[out->n] = (double)(sample->ts_ns - out->ts_ns[0]) * 1e-9;
		out->n++;
	}
}

/* So few are sorted faster by insertion than by qsort(). */
static void
sort(uint32_t sorted[TF_ISN_LATEST], const uint32_t *value, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = i;
		for (; at > 0 && sorted[at - 1] > value[i]; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = value[i];
	}
}

/* The shortest arc of the circle of 2^32 numbers that holds all of them. */
static uint32_t
arc_of(const uint32_t *value, uint32_t n)
{
	uint32_t sorted[TF_ISN_LATEST], gap = 0;

	sort(sorted, value, n);
	for (uint32_t i = 0; i + 1 < n; i++)
		if (sorted[i + 1] - sorted[i] > gap)
			gap = sorted[i + 1] - sorted[i];
	uint32_t round = sorted[0] - sorted[n - 1]; /* modulo 2^32 */
	return round > gap ? 0 - round : 0 - gap;
}

static uint32_t
magnitude(uint32_t step)
{
	return step > UINT32_MAX / 2 ? 0 - step : step;
}

/* The same where it is narrow, else UINT32_MAX: two numbers far apart show that, as a rule at once. */
static uint32_t
narrow_arc_of(const uint32_t *value, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++)
		if (magnitude(value[i] - value[0]) > NARROW)
			return UINT32_MAX;
	return arc_of(value, n);
}

static uint32_t
distinct(const uint32_t *value, uint32_t n)
{
	uint32_t sorted[TF_ISN_LATEST], count = n > 0;

	sort(sorted, value, n);
	for (uint32_t i = 1; i < n; i++)
		count += sorted[i] != sorted[i - 1];
	return count;
}

/* Are half of them or more as another one is? */
static bool
is_repeated(const uint32_t *value, uint32_t n)
{
	uint32_t new = 0;
	struct seen seen = {{0}};

	for (uint32_t i = 0; i < n; i++)
		new += !maybe_seen(&seen, value[i]);
	return 2 * new <= n && 2 * distinct(value, n) <= n;
}

struct tf_isn_pair
tf_isn_closest(const struct tf_hosts *t, const struct tf_host *h)
{
	uint32_t kept = tf_host_kept(h), isn[TF_ISN_SAMPLES];
	struct tf_isn_pair out = {.distance = UINT32_MAX};

	for (uint32_t i = 0; i < kept; i++)
		isn[i] = tf_host_isn(t, h, i);
	for (uint32_t i = 0; i < kept; i++)
		for (uint32_t j = i + 1; j < kept; j++) {
			uint32_t d = isn[j] - isn[i];
			d = d > UINT32_MAX / 2 ? 0 - d : d;
			if (d >= out.distance)
				continue;
			const struct tf_isn_sample *a = tf_host_sample(t, h, i), *b = tf_host_sample(t, h, j);
			if (!same_tuple(a, b))
				out = (struct tf_isn_pair){d, {tf_sample_conn(a), tf_sample_conn(b)}};
		}
	return out;
}

static uint32_t
steps_of(const struct series *s, uint32_t step[TF_ISN_LATEST])
{
	for (uint32_t i = 0; i + 1 < s->n; i++)
		step[i] = s->isn[i + 1] - s->isn[i];
	return s->n - 1;
}

static uint32_t
common_divisor(uint32_t a, uint32_t b)
{
	while (b) {
		uint32_t rest = a % b;
		a = b;
		b = rest;
	}
	return a;
}

/* Every step is the same, or a small multiple of it where connections passed elsewhere. */
static bool
constant_step(const struct series *s, struct tf_isn_class *out)
{
	uint32_t step[TF_ISN_LATEST], n = steps_of(s, step), divisor = 0, most = 0;

	bool equal = narrow_arc_of(step, n) == 0;
	for (uint32_t i = 0; i < n; i++) {
		divisor = common_divisor(divisor, magnitude(step[i]));
		if (!equal && divisor && divisor < LEAST_STEP)
			return false; /* it only becomes smaller */
		if (magnitude(step[i]) > most)
			most = magnitude(step[i]);
	}
	if (!divisor || most / divisor > MOST_STEPS)
		return false;
	out->method = equal ? TF_ISN_CONSTANT_STEP : TF_ISN_MULTIPLES;
	out->width = divisor;
	out->guesses = most / divisor;
	return true;
}

static bool
narrow(uint32_t arc, enum tf_isn_method method, struct tf_isn_class *out)
{
	if (arc > NARROW)
		return false;
	out->method = method;
	out->width = arc;
	out->guesses = (uint64_t)arc + 1;
	return true;
}

/* What a clock of this rate counts in so many seconds, modulo 2^32. */
static uint32_t
ticks(double rate, double seconds)
{
	double count = rate * seconds;

	/* fmod() is slow, and what fits into 64 bits does without; so is llround(), which is a call. */
	if (fabs(count) >= 0x1p62)
		count = fmod(count, (double)SPACE);
	return (uint32_t)(int64_t)(count + copysign(0.5, count));
}

static uint32_t
on_clock(const struct series *s, double rate, uint32_t at)
{
	return s->isn[at] - ticks(rate, s->seconds[at]);
}

/* A slope from one short interval, made better by the longer ones. */
static double
refine(const struct series *s, double rate)
{
	for (uint32_t i = 1; i < s->n; i++) {
		int32_t off = (int32_t)(on_clock(s, rate, i) - s->isn[0]);
		if (s->seconds[i] > 0 && abs(off) < 1 << 24)
			rate += off / s->seconds[i];
	}
	return rate;
}

static uint32_t
arc_at(const struct series *s, double rate)
{
	uint32_t rest[TF_ISN_LATEST] = {s->isn[0]};

	for (uint32_t i = 1; i < s->n; i++) {
		rest[i] = on_clock(s, rate, i);
		/* As in narrow_arc_of(), before the rest is worked out. */
		if (magnitude(rest[i] - rest[0]) > NARROW)
			return UINT32_MAX;
	}
	return arc_of(rest, s->n);
}

/* Among the COUNT shortest intervals of S, ascending, as places of S: where the one that begins at PLACE belongs; SLOPES:
 * it does not. */
static uint32_t
rank_of(const struct series *s, const uint32_t *shortest, uint32_t count, uint32_t place)
{
	int64_t ns = s->ts_ns[place + 1] - s->ts_ns[place];
	uint32_t rank = count;

	if (ns < SHORTEST_NS)
		return SLOPES;
	for (; rank > 0; rank--) {
		int64_t other = s->ts_ns[shortest[rank - 1] + 1] - s->ts_ns[shortest[rank - 1]];
		if (other == ns)
			return SLOPES;
		if (other < ns)
			break;
	}
	return rank;
}

/* The shortest intervals are the ones in which a clock has not gone round. */
static uint32_t
slopes_of(const struct series *s, double out[SLOPES])
{
	uint32_t shortest[SLOPES], count = 0;

	for (uint32_t i = 0; i + 1 < s->n; i++) {
		uint32_t rank = rank_of(s, shortest, count, i);
		if (rank == SLOPES)
			continue;
		count += count < SLOPES;
		memmove(shortest + rank + 1, shortest + rank, (count - 1 - rank) * sizeof *shortest);
		shortest[rank] = i;
	}
	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = shortest[i];
		out[i] = (double)(s->isn[at + 1] - s->isn[at]) /
		         ((double)(s->ts_ns[at + 1] - s->ts_ns[at]) * 1e-9);
	}
	return count;
}

/* Numbers that have nothing to do with each other are mostly far steeper.  Twice the fastest leaves room for a short
 * interval that was measured wrong. */
static bool
may_be_clock(double slope)
{
	return slope < 2 * FASTEST;
}

/* RFC 9293's 4 microseconds, Linux's 64 ns, old BSD's steps of half a second. */
static const double known_rate[] = {250000, 15625000, 1000000, 1048576, 128000, 125000, 64000};

static bool
one_clock(const struct series *s, struct tf_isn_class *out)
{
	double slope[SLOPES], best = 0;
	uint32_t count = slopes_of(s, slope), arc = UINT32_MAX;

	for (size_t i = 0; i < sizeof known_rate / sizeof known_rate[0]; i++)
		if (arc_at(s, known_rate[i]) < arc)
			arc = arc_at(s, best = known_rate[i]);
	for (uint32_t i = 0; i < count; i++) {
		if (!may_be_clock(slope[i]))
			continue;
		double rate = refine(s, slope[i]);
		if (fabs(rate) < FASTEST && arc_at(s, rate) < arc)
			arc = arc_at(s, best = rate);
	}
	out->rate = best;
	return narrow(arc, TF_ISN_CLOCK, out);
}

/* From one number of a 4-tuple to the next one. */
struct interval {
	uint32_t step;
	double seconds;
};

/* The intervals of H's 4-tuples that were used more than once. */
static uint32_t
intervals_of(const struct tf_hosts *t, const struct tf_host *h, struct interval out[TF_ISN_SAMPLES])
{
	uint32_t kept = tf_host_kept(h), count = 0;
	const struct tf_isn_sample *sample[TF_ISN_SAMPLES];

	for (uint32_t i = 0; i < kept; i++) {
		uint32_t j = i;
		sample[i] = tf_host_sample(t, h, i);
		while (j > 0 && !same_tuple(sample[j - 1], sample[i]))
			j--;
		if (j)
			out[count++] =
			    (struct interval){tf_host_isn(t, h, i) - tf_host_isn(t, h, j - 1),
			                      (double)(sample[i]->ts_ns - sample[j - 1]->ts_ns) * 1e-9};
	}
	return count;
}

/* Two intervals or more that fit a clock of known rate, to 20 ms. */
bool
tf_isn_clock_on_tuple(const struct tf_hosts *t, const struct tf_host *h)
{
	struct interval interval[TF_ISN_SAMPLES];
	uint32_t pairs = intervals_of(t, h, interval);

	for (size_t r = 0; pairs >= 2 && r < sizeof known_rate / sizeof known_rate[0]; r++) {
		uint32_t fits = 0;
		for (uint32_t i = 0; i < pairs; i++) {
			double s = interval[i].seconds;
			int32_t off = (int32_t)(interval[i].step - ticks(known_rate[r], s));
			fits += fabs((double)off) <= known_rate[r] * (0.02 + fabs(s) * 1e-4);
		}
		if (fits == pairs)
			return true;
	}
	return false;
}

/* Of the patterns that chance cannot make, the one that says most; false where there is none. */
static bool
find_pattern(const struct series *s, struct tf_isn_class *out)
{
	uint32_t step[TF_ISN_LATEST];
	struct tf_isn_class clock = *out;

	if (constant_step(s, out))
		return true;
	/* A slow clock stays in a band for a while: then it says more than the band. */
	if (one_clock(s, &clock) && clock.width < arc_of(s->isn, s->n) / 4) {
		*out = clock;
		return true;
	}
	return narrow(narrow_arc_of(s->isn, s->n), TF_ISN_NARROW_BAND, out) ||
	       narrow(narrow_arc_of(step, steps_of(s, step)), TF_ISN_SMALL_STEPS, out);
}

static struct tf_isn_class
classify(const struct tf_hosts *t, const struct tf_host *h)
{
	struct tf_isn_class out = {.method = TF_ISN_FEW, .guesses = SPACE};
	uint32_t zero = t->ring[h->ring - 1].zero;
	struct series s;

	gather(t, h, &s);
	out.samples = s.n;
	if (zero > 1 && zero == h->samples)
		out.method = TF_ISN_ZERO;
	else if (h->reused || (s.n >= TF_ISN_ENOUGH && is_repeated(s.isn, s.n)))
		out.method = TF_ISN_REPEATED;
	else if (s.n >= TF_ISN_ENOUGH && !find_pattern(&s, &out))
		out.method = TF_ISN_RANDOM;
	if (out.method == TF_ISN_ZERO || out.method == TF_ISN_REPEATED)
		out.guesses = distinct(s.isn, s.n);
	return out;
}

struct tf_isn_class
tf_isn_class_of(struct tf_hosts *t, const struct tf_host *h)
{
	struct tf_isn_ring *ring = &t->ring[h->ring - 1];

	if (ring->classified != h->samples) {
		ring->class = classify(t, h);
		ring->classified = h->samples;
	}
	return ring->class;
}

const char *
tf_isn_method_text(enum tf_isn_method m)
{
	static const char *const text[] = {
	    [TF_ISN_FEW] = "too few to tell",
	    [TF_ISN_ZERO] = "zero",
	    [TF_ISN_REPEATED] = "repeated",
	    [TF_ISN_CONSTANT_STEP] = "a constant step",
	    [TF_ISN_MULTIPLES] = "steps that are multiples of one number",
	    [TF_ISN_NARROW_BAND] = "a narrow band",
	    [TF_ISN_CLOCK] = "a clock without a hash",
	    [TF_ISN_SMALL_STEPS] = "steps that differ little",
	    [TF_ISN_RANDOM] = "random or hashed",
	};

	return text[m];
}
