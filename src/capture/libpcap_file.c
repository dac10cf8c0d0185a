/*
 * Files read by libpcap instead of by our own readers: slower, one link
 * type a file, no compression; there to hold the two against each other.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "capture/linktype.h"
#include "capture/reader.h"

void
tf_reader_init_libpcap(struct tf_reader *r, struct tf_source *source, int fd)
{
	char message[PCAP_ERRBUF_SIZE];
	memset(r, 0, sizeof(*r));
	r->source = source;
	r->read = tf_libpcap_file_read;
	int copy = dup(fd); /* libpcap closes it */
	FILE *f = copy < 0 ? NULL : fdopen(copy, "rb");
	if (f)
		r->libpcap = pcap_fopen_offline_with_tstamp_precision(f, PCAP_TSTAMP_PRECISION_NANO, message);
	else
		snprintf(message, sizeof(message), "out of file descriptors");
	if (!r->libpcap) {
		tf_source_fail(source, "%s", message);
		r->final = TF_READ_FAILED;
		if (f)
			fclose(f);
		else if (copy >= 0)
			close(copy);
		return;
	}
	tf_source_describe(source, tf_linktype_of(r->libpcap), (uint32_t)pcap_snapshot(r->libpcap), 9);
}

/* libpcap takes the 32 bits of a classic file as signed where the byte order is the machine's. */
static int64_t
unsigned_seconds(int64_t s)
{
	return s < 0 && s >= INT32_MIN ? s + (INT64_C(1) << 32) : s;
}

size_t
tf_libpcap_file_read(struct tf_reader *r, struct tf_frame *frames, size_t max, enum tf_read_status *status)
{
	struct pcap_pkthdr *header;
	const u_char *data;
	*status = TF_READ_OK;
	if (max == 0)
		return 0;
	switch (pcap_next_ex(r->libpcap, &header, &data)) {
	case 1:
		break;
	case PCAP_ERROR_BREAK:
		*status = TF_READ_END;
		return 0;
	default:
		tf_source_fail(r->source, "%s", pcap_geterr(r->libpcap));
		*status = TF_READ_FAILED;
		return 0;
	}
	frames[0] = (struct tf_frame){
	    .ts_ns = unsigned_seconds(header->ts.tv_sec) * INT64_C(1000000000) + header->ts.tv_usec,
	    .data = data,
	    .caplen = header->caplen,
	    .len = header->len,
	    .linktype = r->source->linktypes[0],
	};
	*status = TF_READ_MORE; /* the next frame takes the place of this one */
	return 1;
}
