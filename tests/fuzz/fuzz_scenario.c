/*
 * Fuzzes the parser of scenarios (tests/scenarios/README.md).
 *
 * The input is the text of a scenario; the scenarios of the test suite are
 * the seeds.  What parses is built into frames, in every variant, so that
 * no number or option list that the parser lets through can overrun one.
 * The analyzer is not called: fuzz_sequence.c does that.
 */
#include <stdlib.h>
#include <string.h>

#include "scenarios/packet.h"
#include "scenarios/scenario.h"

enum {
	LONGEST_TEXT = 1 << 16,
	FRAMES = 64, /* that are built of one scenario */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An assert that NDEBUG does not take away. */
static void
hold(bool condition)
{
	if (!condition)
		abort();
}

static void
check_segment(const struct scn_wire *w, const struct tf_segment *g)
{
	hold(w->frame_len <= SCN_MAX_FRAME);
	hold(g->payload >= w->frame && g->payload + g->payload_len == w->frame + w->frame_len);
	hold(g->len == g->payload_len && g->sack_count <= 3 && g->fast_open_len <= 16);
	hold(g->flags <= 0x1ff);
}

static void
build(const struct scenario *s, enum scn_variant variant)
{
	static struct scn_wire wire;
	struct tf_segment segment;
	unsigned built = 0;

	scn_wire_init(&wire, s, variant);
	for (size_t i = 0; i < s->step_count && built < FRAMES; i++) {
		if (s->step[i].kind != SCN_PACKET)
			continue;
		scn_wire_build(&wire, &s->step[i].packet, &segment);
		check_segment(&wire, &segment);
		built++;
	}
}

static void
check_scenario(const struct scenario *s)
{
	hold(s->step_count > 0 && s->step_count <= SCN_MAX_STEPS && s->expect_count <= SCN_MAX_EXPECTS);
	for (size_t i = 0; i < s->step_count; i++) {
		const struct scn_step *step = &s->step[i];

		hold(step->delay_ns >= 0 && step->first_expect + step->expect_count <= s->expect_count);
		if (step->kind == SCN_PACKET)
			hold(step->packet.conn >= 1 && step->packet.conn <= s->conn_count);
	}
	for (size_t i = 0; i < s->expect_count; i++)
		hold(s->expect[i].conn <= s->conn_count && memchr(s->expect[i].name, 0, SCN_NAME) != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scenario s;
	char error[160] = "";
	int status;

	if (size > LONGEST_TEXT)
		return 0;
	status = scn_parse(&s, (const char *)data, size, error, sizeof(error));
	hold((status == 0) == (error[0] == '\0'));
	if (status == 0) {
		check_scenario(&s);
		for (int v = 0; v < SCN_VARIANT_COUNT; v++)
			build(&s, (enum scn_variant)v);
	}
	scn_free(&s);
	return 0;
}
