/*
 * Writers put the interface statistics last.  Every block ends with its
 * own length, so the last ones can be found from behind.  Compressed files,
 * pipes and files that were cut do not tell: then nothing is known before
 * they are read, and the reader says it at the end.
 *
 * Source: draft-ietf-opsawg-pcapng section 3.1 and section 4.6.
 */
#include "capture/pcapng_tail.h"

#include <stdbool.h>
#include <unistd.h>

#include "capture/bytes.h"

enum {
	BLOCK_SECTION = 0x0a0d0d0a,
	BYTE_ORDER = 0x1a2b3c4d,
	BLOCK_NAMES = 4,
	BLOCK_STATISTICS = 5,
	BLOCK_SECRETS = 10,
	OPTION_IFDROP = 5,
	OPTION_OSDROP = 7,
	HEAD = 12,       /* type, length, and the length once more at the end */
	OPTIONS_AT = 20, /* of statistics */
	MOST_BLOCKS = 64,
	MOST_OCTETS = 4096, /* of a block of statistics */
};

static bool
read_at(int fd, uint64_t at, uint8_t *p, size_t len)
{
	return pread(fd, p, len, (off_t)at) == (ssize_t)len;
}

/* Is it pcapng, and in which byte order? */
static bool
is_pcapng(int fd, uint64_t start, bool *swapped)
{
	uint8_t p[12];

	if (!read_at(fd, start, p, sizeof p) || tf_load32(p, false) != BLOCK_SECTION)
		return false;
	*swapped = tf_load32(p + 8, false) != BYTE_ORDER;
	return tf_load32(p + 8, *swapped) == BYTE_ORDER;
}

static uint64_t
drops_of(const uint8_t *p, size_t len, bool swapped)
{
	uint64_t dropped = 0;

	for (size_t at = OPTIONS_AT; at + 4 <= len - 4;) {
		uint16_t code = tf_load16(p + at, swapped), octets = tf_load16(p + at + 2, swapped);
		at += 4;
		if (!code || octets > len - 4 - at)
			break;
		if ((code == OPTION_IFDROP || code == OPTION_OSDROP) && octets == 8)
			dropped += tf_load64(p + at, swapped);
		at += (octets + 3u) & ~3u;
	}
	return dropped;
}

uint64_t
tf_pcapng_tail_drops(int fd, uint64_t start, uint64_t size)
{
	uint8_t p[MOST_OCTETS];
	uint64_t end = size, dropped = 0, counted = 0; /* counted: interfaces, of which each counts once */
	bool swapped;

	if (!is_pcapng(fd, start, &swapped))
		return 0;
	for (int i = 0; i < MOST_BLOCKS && end > start + HEAD; i++) {
		if (!read_at(fd, end - 4, p, 4))
			return 0;
		uint32_t len = tf_load32(p, swapped);
		if (len < HEAD || len % 4 || len > end - start || !read_at(fd, end - len, p, 8) ||
		    tf_load32(p + 4, swapped) != len)
			return 0;
		uint32_t type = tf_load32(p, swapped);
		if (type != BLOCK_STATISTICS && type != BLOCK_NAMES && type != BLOCK_SECRETS)
			break;
		if (type == BLOCK_STATISTICS && len >= OPTIONS_AT + 4 && len <= sizeof p &&
		    read_at(fd, end - len, p, len)) {
			uint64_t bit = UINT64_C(1) << tf_load32(p + 8, swapped) % 64;
			dropped += counted & bit ? 0 : drops_of(p, len, swapped);
			counted |= bit;
		}
		end -= len;
	}
	return dropped;
}
