/*
 * Time stamps of pcapng: counts of a unit that each interface chooses
 * (option if_tsresol), from an origin that it may shift (if_tsoffset).
 */
#ifndef TCPFSM_CAPTURE_PCAPNG_TIME_H
#define TCPFSM_CAPTURE_PCAPNG_TIME_H

#include <stdint.h>

struct tf_pcapng_clock {
	uint64_t multiplier; /* ns a tick where that is a whole number and the way is short; else 0 */
	uint64_t limit;      /* more ticks than this go the long way */
	int64_t offset_ns;   /* of the origin, for the short way */
	int64_t offset_s;    /* of the origin */
	uint8_t resolution;  /* as in the file: 10^-n, or with the top bit 2^-n seconds */
};

/* RESOLUTION: the value of if_tsresol, 6 where there is none; OFFSET_S: of if_tsoffset, or 0. */
void tf_pcapng_clock_init(struct tf_pcapng_clock *clock, uint8_t resolution, int64_t offset_s);

/* Nanoseconds since the epoch, from 0 to 2^62 (the year 2116); what lies outside becomes the nearer end. */
int64_t tf_pcapng_clock_slow(const struct tf_pcapng_clock *clock, uint64_t ticks);

/* The decimals that a second needs at this resolution. */
int tf_pcapng_clock_digits(const struct tf_pcapng_clock *clock);

static inline int64_t
tf_pcapng_clock_ns(const struct tf_pcapng_clock *clock, uint64_t ticks)
{
	if (ticks <= clock->limit)
		return (int64_t)(ticks * clock->multiplier) + clock->offset_ns;
	return tf_pcapng_clock_slow(clock, ticks);
}

#endif
