/*
 * TCP checksums that do not come out, by what stands in their place.
 *
 * Nothing is said here about whether a bad checksum matters; that depends
 * on what the receiver does.
 */
#include "wire/checksum.h"

enum {
	CHECKSUM_AT = 16, /* offset of the checksum in the TCP header */
};

/* The pseudo-header's sum: the segment's length may be left out where the sender's card was to cut the
 * segment into several and fill in their lengths. */
static bool
is_partial(uint64_t addresses, uint32_t len, uint16_t field)
{
	return field == tf_sum_fold(tf_sum_add(addresses, tf_sum_pseudo(len))) ||
	       field == tf_sum_fold(tf_sum_add(addresses, tf_sum_pseudo(0)));
}

enum tf_checksum
tf_checksum_wrong(uint64_t addresses, const uint8_t *tcp, uint32_t len)
{
	uint16_t field;

	memcpy(&field, tcp + CHECKSUM_AT, sizeof(field));
	if (field == 0)
		return TF_CHECKSUM_ZERO;
	return is_partial(addresses, len, field) ? TF_CHECKSUM_PARTIAL : TF_CHECKSUM_BAD;
}
