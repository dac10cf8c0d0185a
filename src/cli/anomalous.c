/*
 * Which packets belong to connections with a finding, and their copies: see
 * anomalous.h.
 *
 * The analyzer numbers connections by the order of the packets alone, so
 * the second reading says of each segment to which connection it belongs.
 * Two sets of bits are kept, one of connections and one of packets.
 */
#include "cli/anomalous.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/capture.h"
#include "capture/dump.h"
#include "cli/again.h"
#include "cli/outputs.h"
#include "cli/replay.h"
#include "cli/terminal.h"
#include "wire/decode.h"

enum {
	FRAMES = 256,   /* a batch */
	FRAGMENTS = 64, /* the latest, which may turn out to be a segment's */
};

/* Numbers, a bit each. */
struct numbers {
	uint64_t *word;
	size_t words;
	uint64_t highest;
};

struct tf_anomalous {
	const struct tf_options *options;
	int fd;
	bool no_memory;
	bool fragments;      /* some passed */
	int64_t last_ns;     /* the capture went on until then */
	uint64_t frames;     /* that were read */
	struct numbers conn; /* with a finding */
	struct numbers packet;
};

static bool
has(const struct numbers *n, uint64_t v)
{
	return v / 64 < n->words && (n->word[v / 64] >> v % 64 & 1) != 0;
}

static void
add(struct tf_anomalous *a, struct numbers *n, uint64_t v)
{
	if (v / 64 >= n->words) {
		uint64_t words = v / 64 + v / 128 + 1024;
		uint64_t *word =
		    words <= SIZE_MAX / sizeof *word ? realloc(n->word, (size_t)words * sizeof *word) : NULL;
		if (!word) {
			a->no_memory = true;
			return;
		}
		memset(word + n->words, 0, ((size_t)words - n->words) * sizeof *word);
		n->word = word;
		n->words = (size_t)words;
	}
	n->word[v / 64] |= UINT64_C(1) << v % 64;
	if (v > n->highest)
		n->highest = v;
}

bool
tf_anomalous_possible(const struct tf_options *o)
{
	if (!o->anomalous_file || tf_can_be_read_again(o))
		return true;
	tf_complain("--write-anomalous: a finding may come when its packets are long gone, so the input must "
	            "be files that can be read twice");
	return false;
}

bool
tf_anomalous_open(struct tf_anomalous **anomalous, const struct tf_options *o)
{
	const char *name = o->anomalous_file;
	struct tf_anomalous *a;

	*anomalous = NULL;
	if (!name)
		return true;
	a = calloc(1, sizeof *a);
	if (!a) {
		tf_complain("out of memory");
		return false;
	}
	a->options = o;
	a->fd = strcmp(name, "-") ? tf_open_for_writing(name, o) : STDOUT_FILENO;
	if (a->fd < 0) {
		free(a);
		return false;
	}
	*anomalous = a;
	return true;
}

void
tf_anomalous_finding(struct tf_anomalous *a, const struct tf_finding *f)
{
	if (!a)
		return;
	if (f->conn)
		add(a, &a->conn, f->conn);
	for (size_t i = 0; i < f->conn_count; i++)
		add(a, &a->conn, f->conns[i]);
	/* An ICMP error that proves something is no segment. */
	for (size_t i = 0; i < f->packet_count; i++)
		add(a, &a->packet, f->packets[i]);
}

void
tf_anomalous_summary(struct tf_anomalous *a, const struct tf_summary *s)
{
	if (!a)
		return;
	a->last_ns = s->last_ts_ns;
	a->frames = s->packets;
	for (size_t i = 0; i < s->skipped_count; i++)
		if (strcmp(s->skipped[i].name, tf_skip_name(TF_SKIP_FRAGMENT)) == 0)
			a->fragments = s->skipped[i].count > 0;
}

/* ---- which packets ------------------------------------------------------------------------- */

static void
on_segment(void *context, const struct tf_event *event)
{
	struct tf_anomalous *a = context;

	if (event->kind == TF_EV_SEGMENT && has(&a->conn, event->segment->conn))
		add(a, &a->packet, event->segment->segment->packet);
}

static bool
find_packets(struct tf_anomalous *a)
{
	struct tf_sink sink = {.wanted = TF_EV_SEGMENT, .event = on_segment, .context = a};

	return a->conn.highest == 0 || tf_replay_again(a->options, a->frames, sink);
}

static void
say_not_again(void)
{
	tf_complain("--write-anomalous: the input could not be read a second time");
}

/* ---- frames ---------------------------------------------------------------------------------- */

/* The input opened once more.  NULL after a complaint. */
static struct tf_capture *
open_again(const struct tf_anomalous *a)
{
	struct tf_capture_options co = tf_capture_options_of(a->options);
	struct tf_capture *capture;
	char message[TF_CAPTURE_MESSAGE_SIZE];

	if (tf_capture_open(&capture, &co, message) == TF_CAPTURE_OK)
		return capture;
	tf_complain("%s", message);
	return NULL;
}

/* Call TAKE with each frame up to the last one that is wanted.  False where they do not come to that. */
static bool
each_frame(struct tf_anomalous *a, struct tf_capture *capture,
           void (*take)(struct tf_anomalous *a, void *context, const struct tf_frame *frame), void *context)
{
	static struct tf_frame frame[FRAMES];
	int n;

	while ((n = tf_capture_batch(capture, frame, FRAMES)) > 0)
		for (int i = 0; i < n; i++) {
			if (frame[i].packet > a->packet.highest)
				return true;
			take(a, context, &frame[i]);
		}
	return tf_capture_frames(capture) >= a->packet.highest;
}

struct fragments {
	struct tf_decoder *decoder;
	uint64_t packet[FRAGMENTS]; /* the latest ones */
	size_t count;               /* seen */
};

/* A segment that came in fragments is known by the last of them: those before it are wanted, too. */
static void
note_fragment(struct tf_anomalous *a, void *context, const struct tf_frame *frame)
{
	struct fragments *f = context;
	uint64_t before = tf_decoder_stats(f->decoder)->skipped[TF_SKIP_FRAGMENT];
	size_t kept = f->count < FRAGMENTS ? f->count : FRAGMENTS;
	struct tf_segment s;

	if (tf_decoder_frame(f->decoder, frame, &s) == TF_WIRE_SEGMENT) {
		bool whole = tf_decoder_payload_is_own(f->decoder);
		for (size_t i = 0; whole && has(&a->packet, frame->packet) && i < kept; i++)
			add(a, &a->packet, f->packet[i]);
	} else if (tf_decoder_stats(f->decoder)->skipped[TF_SKIP_FRAGMENT] > before) {
		f->packet[f->count++ % FRAGMENTS] = frame->packet;
	}
}

static bool
find_fragments(struct tf_anomalous *a)
{
	struct fragments f = {.decoder = NULL};
	struct tf_capture *capture;
	bool whole = false;

	if (!a->fragments)
		return true;
	f.decoder = tf_decoder_new_keyed(a->options->config.hash_key);
	capture = f.decoder ? open_again(a) : NULL;
	if (capture)
		whole = each_frame(a, capture, note_fragment, &f);
	tf_capture_close(capture);
	tf_decoder_free(f.decoder);
	return whole;
}

static void
copy_frame(struct tf_anomalous *a, void *context, const struct tf_frame *frame)
{
	if (has(&a->packet, frame->packet))
		tf_dump_frame(context, frame);
}

static void
describe(struct tf_dump *dump, struct tf_capture *capture)
{
	for (size_t i = 0; i < tf_capture_source_count(capture); i++) {
		const struct tf_capture_source *source = tf_capture_source(capture, i);
		for (size_t k = 0; k < source->linktype_count; k++)
			tf_dump_linktype(dump, source->linktypes[k]);
	}
}

static bool
copy_packets(struct tf_anomalous *a)
{
	struct tf_capture *capture = open_again(a);
	struct tf_dump *dump;
	bool whole = true;
	int error = ENOMEM;

	if (!capture)
		return false;
	dump = tf_dump_new(a->fd, PACKAGE_STRING);
	if (dump) {
		describe(dump, capture);
		whole = each_frame(a, capture, copy_frame, dump);
		/* A limit may have run out while others sent on. */
		if (a->packet.highest > 0)
			tf_dump_statistics(dump, a->last_ns, 0);
		error = tf_dump_close(dump);
	}
	tf_capture_close(capture);
	if (error)
		tf_complain("%s: %s", a->options->anomalous_file, strerror(error));
	else if (!whole)
		say_not_again();
	return whole && !error;
}

bool
tf_anomalous_close(struct tf_anomalous *a)
{
	bool fine;

	if (!a)
		return true;
	fine = find_packets(a) && find_fragments(a) && !a->no_memory;
	if (a->no_memory)
		tf_complain("--write-anomalous: out of memory");
	else if (!fine)
		say_not_again();
	fine = fine && copy_packets(a);
	if (a->fd > STDERR_FILENO && close(a->fd) != 0 && fine) {
		tf_complain("%s: %s", a->options->anomalous_file, strerror(errno));
		fine = false;
	}
	free(a->conn.word);
	free(a->packet.word);
	free(a);
	return fine;
}
