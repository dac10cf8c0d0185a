/*
 * The classic capture format, written by hand: the scenario runner does
 * not need libpcap for it.
 */
#include "pcap_write.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "icmp.h"
#include "packet.h"
#include "replay.h"

#define COPY_DELAY_NS 20000

static void
write_header(FILE *f)
{
	const uint32_t magic = 0xa1b2c3d4, zero = 0, snaplen = 262144, ethernet = 1;
	const uint16_t version[2] = {2, 4};

	fwrite(&magic, 4, 1, f);
	fwrite(version, 4, 1, f);
	fwrite(&zero, 4, 1, f);
	fwrite(&zero, 4, 1, f);
	fwrite(&snaplen, 4, 1, f);
	fwrite(&ethernet, 4, 1, f);
}

static void
write_frame(FILE *f, const struct scn_wire *w, int64_t ts_ns)
{
	const uint32_t header[4] = {
	    (uint32_t)(ts_ns / 1000000000),
	    (uint32_t)(ts_ns % 1000000000 / 1000),
	    w->frame_len,
	    w->frame_len,
	};

	fwrite(header, sizeof(header), 1, f);
	fwrite(w->frame, w->frame_len, 1, f);
}

static int64_t
write_steps(FILE *f, const struct scenario *s, struct scn_wire *w)
{
	int64_t now_ns = SCN_START_NS, last_ns = now_ns;
	struct tf_segment segment;

	for (size_t i = 0; i < s->step_count; i++) {
		const struct scn_packet *pkt = &s->step[i].packet;

		now_ns += s->step[i].delay_ns;
		if (s->step[i].kind != SCN_PACKET || pkt->unseen)
			continue;
		scn_wire_build(w, pkt, &segment);
		if (pkt->icmp) {
			struct tf_icmp_error error;
			scn_build_icmp(pkt, &segment, &error);
			scn_icmp_frame(w, &error);
		}
		write_frame(f, w, now_ns);
		if ((w->variant == SCN_MIRROR && !pkt->icmp) || pkt->duplicate)
			write_frame(f, w, now_ns + COPY_DELAY_NS);
		last_ns = now_ns;
	}
	return now_ns - last_ns;
}

int
scn_write_pcap(const struct scenario *s, enum scn_variant variant, const char *path, int64_t *rest_ns)
{
	struct scn_wire *w = malloc(sizeof(*w));
	FILE *f = w != NULL ? fopen(path, "wb") : NULL;
	int failed, saved;

	if (f == NULL) {
		free(w);
		return -1;
	}
	scn_wire_init(w, s, variant);
	write_header(f);
	*rest_ns = write_steps(f, s, w);
	free(w);
	failed = ferror(f);
	saved = errno;
	if (fclose(f) != 0)
		return -1;
	errno = saved;
	return failed ? -1 : 0;
}
