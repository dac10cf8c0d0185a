/*
 * The arithmetic of pcapng_time.h.  Every resolution that the one octet can
 * say is computed, as whole seconds and a rest; the usual ones take the short
 * way.
 *
 * Times lie between 1970 and 2116: the differences between any two of them,
 * and sums with limits of hours, fit 64 bits.
 */
#include "capture/pcapng_time.h"

#include <stdbool.h>

#include "tcpfsm/product.h"

enum {
	BINARY = 0x80, /* the resolution is a power of 2 */
	NS_DIGITS = 9,
	MOST_DIGITS = 19, /* 64 bits do not hold 10^20 */
};

/* A time since an origin. */
struct span {
	uint64_t s;
	uint64_t ns; /* less than a second */
};

static const uint64_t ns_per_s = 1000000000;
static const int64_t max_ns = INT64_C(1) << 62;
static const int64_t short_offset_max_s = INT64_C(4000000000);

static uint64_t
power_of_ten(int exponent)
{
	uint64_t v = 1;
	while (exponent-- > 0)
		v *= 10;
	return v;
}

static int
exponent_of(const struct tf_pcapng_clock *clock)
{
	return clock->resolution & ~BINARY;
}

void
tf_pcapng_clock_init(struct tf_pcapng_clock *clock, uint8_t resolution, int64_t offset_s)
{
	bool is_short = resolution <= NS_DIGITS && offset_s >= 0 && offset_s <= short_offset_max_s;
	clock->resolution = resolution;
	clock->offset_s = offset_s;
	clock->multiplier = is_short ? power_of_ten(NS_DIGITS - resolution) : 0;
	clock->offset_ns = tf_pcapng_clock_slow(clock, 0);
	clock->limit = is_short ? (uint64_t)(max_ns - clock->offset_ns) / clock->multiplier : 0;
}

/* TICKS of 2^-EXPONENT seconds. */
static struct span
binary_span(uint64_t ticks, int exponent)
{
	uint64_t s = exponent < 64 ? ticks >> exponent : 0;
	struct tf_product ns = tf_product(exponent < 64 ? ticks - (s << exponent) : ticks, ns_per_s);

	if (exponent >= 64)
		return (struct span){0, ns.high >> (exponent - 64)};
	return (struct span){s, exponent ? ns.high << (64 - exponent) | ns.low >> exponent : 0};
}

/* TICKS of 10^-EXPONENT seconds; less than a nanosecond comes to nothing. */
static struct span
decimal_span(uint64_t ticks, int exponent)
{
	uint64_t s = exponent <= MOST_DIGITS ? ticks / power_of_ten(exponent) : 0;
	uint64_t rest = s ? ticks - s * power_of_ten(exponent) : ticks;

	if (exponent <= NS_DIGITS)
		return (struct span){s, rest * power_of_ten(NS_DIGITS - exponent)};
	return (struct span){
	    s, exponent - NS_DIGITS <= MOST_DIGITS ? rest / power_of_ten(exponent - NS_DIGITS) : 0};
}

int64_t
tf_pcapng_clock_slow(const struct tf_pcapng_clock *clock, uint64_t ticks)
{
	const uint64_t max_s = (uint64_t)max_ns / ns_per_s;
	uint64_t back_s = clock->offset_s < 0 ? -(uint64_t)clock->offset_s : 0;
	uint64_t forth_s = clock->offset_s > 0 ? (uint64_t)clock->offset_s : 0;
	struct span t = clock->resolution & BINARY ? binary_span(ticks, exponent_of(clock))
	                                           : decimal_span(ticks, exponent_of(clock));

	if (t.s < back_s)
		return 0;
	t.s -= back_s;
	if (t.s > max_s || forth_s > max_s - t.s)
		return max_ns;
	uint64_t ns = (t.s + forth_s) * ns_per_s + t.ns;
	return ns > (uint64_t)max_ns ? max_ns : (int64_t)ns;
}

int
tf_pcapng_clock_digits(const struct tf_pcapng_clock *clock)
{
	int exponent = exponent_of(clock);
	if (!(clock->resolution & BINARY))
		return exponent;
	return (exponent * 30103 + 99999) / 100000; /* log10(2), rounded up */
}
