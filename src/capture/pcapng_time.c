/*
 * The arithmetic of pcapng_time.h.  Every resolution that the one octet can
 * say is computed, in 128 bits; the usual ones take the short way.
 *
 * Times lie between 1970 and 2116: the differences between any two of them,
 * and sums with limits of hours, fit 64 bits.
 */
#include "capture/pcapng_time.h"

#include <stdbool.h>

__extension__ typedef unsigned __int128 wide;
__extension__ typedef __int128 signed_wide;

enum {
	BINARY = 0x80, /* the resolution is a power of 2 */
	NS_DIGITS = 9,
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

static wide
ticks_to_ns(const struct tf_pcapng_clock *clock, uint64_t ticks)
{
	int exponent = exponent_of(clock);
	if (clock->resolution & BINARY)
		return ((wide)ticks * ns_per_s) >> exponent;
	if (exponent <= NS_DIGITS)
		return (wide)ticks * power_of_ten(NS_DIGITS - exponent);
	/* 64 bits do not hold 10^20: what is finer comes to less than a nanosecond. */
	return exponent - NS_DIGITS > 19 ? 0 : ticks / power_of_ten(exponent - NS_DIGITS);
}

int64_t
tf_pcapng_clock_slow(const struct tf_pcapng_clock *clock, uint64_t ticks)
{
	signed_wide ns =
	    (signed_wide)ticks_to_ns(clock, ticks) + (signed_wide)clock->offset_s * (int64_t)ns_per_s;
	if (ns > max_ns)
		return max_ns;
	return ns < 0 ? 0 : (int64_t)ns;
}

int
tf_pcapng_clock_digits(const struct tf_pcapng_clock *clock)
{
	int exponent = exponent_of(clock);
	if (!(clock->resolution & BINARY))
		return exponent;
	return (exponent * 30103 + 99999) / 100000; /* log10(2), rounded up */
}
