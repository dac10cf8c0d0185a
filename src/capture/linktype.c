/*
 * Link types by way of libpcap's own tables: libpcap translates between
 * LINKTYPE_* and DLT_* only when it reads or writes a file, so files of a
 * header alone, in memory, are read and written here.
 */
#include "capture/linktype.h"

#include <stdio.h>
#include <string.h>

#include "capture/capture.h"

struct file_header {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, accuracy, snaplen, linktype;
};

enum {
	LINKTYPE_USB_LINUX = 189,
	LINKTYPE_USB_LINUX_MMAPPED = 220,
	LINKTYPE_DBUS = 231,
	LINKTYPE_USBPCAP = 249,
	LINKTYPE_USB_DARWIN = 266,
	LINKTYPE_EBHSCR = 279,
};

pcap_t *
tf_linktype_open(int linktype)
{
	struct file_header header = {0xa1b2c3d4, 2, 4, 0, 0, TF_SNAPLEN_MAX, (uint32_t)linktype};
	char message[PCAP_ERRBUF_SIZE];
	FILE *f = fmemopen(&header, sizeof(header), "rb");
	if (!f)
		return NULL;
	pcap_t *p = pcap_fopen_offline(f, message);
	if (!p)
		fclose(f);
	return p;
}

int
tf_linktype_of(pcap_t *p)
{
	struct file_header header;
	memset(&header, 0, sizeof(header));
	FILE *f = fmemopen(&header, sizeof(header), "r+b");
	if (!f)
		return pcap_datalink(p);
	pcap_dumper_t *dump = pcap_dump_fopen(p, f);
	if (dump)
		pcap_dump_close(dump);
	else
		fclose(f);
	return header.magic ? (int)(header.linktype & 0x03ffffff) : pcap_datalink(p);
}

const char *
tf_capture_linktype_name(int linktype)
{
	pcap_t *p = tf_linktype_open(linktype);
	if (!p)
		return NULL;
	const char *name = pcap_datalink_val_to_name(pcap_datalink(p));
	pcap_close(p);
	return name;
}

uint32_t
tf_linktype_max_caplen(int linktype)
{
	switch (linktype) {
	case LINKTYPE_USB_LINUX:
	case LINKTYPE_USB_LINUX_MMAPPED:
	case LINKTYPE_DBUS:
	case LINKTYPE_USBPCAP:
	case LINKTYPE_USB_DARWIN:
		return UINT32_C(128) << 20;
	case LINKTYPE_EBHSCR:
		return UINT32_C(8) << 20;
	default:
		return TF_SNAPLEN_MAX;
	}
}
