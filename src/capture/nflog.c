/*
 * LINKTYPE_NFLOG: a header of 4 octets, then attributes (length, type, value,
 * padded to 4) whose first two fields are in the order of the machine that
 * captured.
 */
#include "capture/bytes.h"
#include "capture/reader.h"

static void
swap16(uint8_t *p)
{
	uint16_t v = tf_load16(p, true);
	memcpy(p, &v, sizeof(v));
}

void
tf_nflog_swap(uint8_t *data, uint32_t caplen)
{
	enum { HEADER_LEN = 4, VERSION = 1, VERSION_SUPPORTED = 0, ATTRIBUTE_LEN = 4 };
	if (caplen < HEADER_LEN || data[VERSION] != VERSION_SUPPORTED)
		return;
	uint32_t at = HEADER_LEN;
	while (caplen - at >= ATTRIBUTE_LEN) {
		swap16(data + at);
		swap16(data + at + 2);
		uint32_t size = (tf_load16(data + at, false) + UINT32_C(3)) & ~UINT32_C(3);
		if (size < ATTRIBUTE_LEN || caplen - at < size)
			return;
		at += size;
	}
}
