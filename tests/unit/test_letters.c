/*
 * The letters of a connection: three places that must read as one, what is
 * written how often, and the word that Zeek makes of them.
 *
 * The words come from Zeek: its documentation of conn_state, its rules for
 * it, and the baselines of its own tests.
 */
#include <stdlib.h>
#include <string.h>

#include "core/letters.h"
#include "flow/flow.h"
#include "unit.h"

static struct tf_config config;
static struct tf_stats stats;
static struct tf_context ctx;
static struct tf_connection conn;

static void
make_pool(struct tf_pool *pool, uint32_t item_bytes, uint32_t capacity)
{
	*pool = (struct tf_pool){.item_bytes = item_bytes, .capacity = capacity};
	pool->items = calloc(capacity ? capacity : 1, item_bytes);
	CU_ASSERT_PTR_NOT_NULL_FATAL(pool->items);
}

static void
begin(uint32_t closings, uint32_t extras)
{
	memset(&stats, 0, sizeof stats);
	memset(&conn, 0, sizeof conn);
	conn.conn = TF_MAX_CONN;
	ctx = (struct tf_context){.config = &config, .stats = &stats};
	make_pool(&ctx.closings, sizeof(struct tf_closing), closings);
	make_pool(&ctx.extras, sizeof(struct tf_extra), extras);
}

static void
end(void)
{
	free(ctx.closings.items);
	free(ctx.extras.items);
}

/* Add the letters of TEXT, in lower case those of the server. */
static void
add(const char *text)
{
	static const char names[] = "SHADFRTWGCIQ";

	for (; *text; text++) {
		char upper = (char)(*text & ~0x20);
		tf_letters_add(&ctx, &conn, *text >= 'a' ? TF_SERVER : TF_CLIENT,
		               (enum tf_letter)(strchr(names, upper) - names));
	}
}

static const char *
letters(void)
{
	static char text[TF_MAX_LETTERS + 1];

	memset(text, '?', sizeof text);
	tf_letters_text(&ctx, &conn, text);
	CU_ASSERT_PTR_NOT_NULL(memchr(text, '\0', sizeof text));
	return text;
}

/* ---- three places ------------------------------------------------------------------ */

static void
ordinary_letters_need_no_pool(void)
{
	begin(0, 0);
	CU_ASSERT_STRING_EQUAL(letters(), "");
	add("ShADad");
	CU_ASSERT_STRING_EQUAL(letters(), "ShADad");
	CU_ASSERT_EQUAL(conn.conn, TF_MAX_CONN); /* its neighbour in the same word */
	add("Ff");                               /* nowhere to go, and nothing is harmed */
	CU_ASSERT_STRING_EQUAL(letters(), "ShADad");
	end();
	begin(0, 0);
	add("hAadDS");
	CU_ASSERT_STRING_EQUAL(letters(), "^hAadDS");
	end();
}

static void
a_close_needs_no_more_than_its_own_place(void)
{
	begin(1, 0);
	add("ShADadFf");
	CU_ASSERT_STRING_EQUAL(letters(), "ShADadFf");
	add("RrTtW");
	CU_ASSERT_STRING_EQUAL(letters(), "ShADadFfRrTtW");
	add("w");
	CU_ASSERT_STRING_EQUAL(letters(), "ShADadFfRrTtW");
	CU_ASSERT_EQUAL(conn.conn, TF_MAX_CONN);
	end();
}

static void
the_places_read_as_one(void)
{
	const char *text = "STShGADaTFdCcIiQqWwRrfHs";

	begin(1, 1);
	add(text);
	CU_ASSERT_STRING_EQUAL(letters(), text);
	/* Whatever comes where: once a later place is in use, the earlier ones are closed. */
	for (unsigned first = 0; first < strlen(text); first++) {
		end();
		begin(1, 1);
		add(text + first);
		const char *got = letters();
		CU_ASSERT_STRING_EQUAL(got + (*got == '^'), text + first);
		CU_ASSERT_EQUAL(*got == '^', text[first] >= 'a');
	}
	end();
}

static void
there_is_a_limit(void)
{
	begin(1, 1);
	for (int i = 0; i < 100; i++)
		add("R");
	CU_ASSERT_EQUAL(strlen(letters()), 39); /* seven with the close, 32 with the rare things */
	end();
	begin(1, 1);
	add("hAaSDd");
	for (int i = 0; i < 100; i++)
		add("F");
	CU_ASSERT_EQUAL(strlen(letters()), 46);
	end();
	/* Of the first place each kind has its share once: the same again goes elsewhere. */
	begin(1, 1);
	for (int i = 0; i < 100; i++)
		add("S");
	CU_ASSERT_EQUAL(strlen(letters()), 40);
	end();
}

/* ---- how often ------------------------------------------------------------------------ */

static void
repetitions_are_written_more_and_more_seldom(void)
{
	begin(1, 1);
	add("Sh");
	for (int i = 1; i <= 1000; i++) {
		tf_letters_count(&ctx, &conn, TF_CLIENT, TF_L_AGAIN);
		CU_ASSERT_EQUAL(strlen(letters()), i < 10 ? 3 : i < 100 ? 4 : i < 1000 ? 5 : 6);
	}
	tf_letters_count(&ctx, &conn, TF_SERVER, TF_L_AGAIN);
	tf_letters_count(&ctx, &conn, TF_SERVER, TF_L_ZERO_WINDOW);
	CU_ASSERT_STRING_EQUAL(letters(), "ShTTTTtw");
	end();
}

static void
a_gap_that_is_filled_is_none(void)
{
	begin(1, 1);
	add("ShD");
	tf_letters_count(&ctx, &conn, TF_CLIENT, TF_L_GAP);
	tf_letters_count(&ctx, &conn, TF_SERVER, TF_L_GAP);
	add("d");
	struct tf_extra *x = tf_extra_of(&ctx, &conn);
	CU_ASSERT_PTR_NOT_NULL_FATAL(x);
	tf_letters_gap_filled(x, TF_SERVER); /* none waits */
	CU_ASSERT_STRING_EQUAL(letters(), "ShDGgd");
	x->letters.gap_waits[TF_CLIENT] = true;
	tf_letters_gap_filled(x, TF_SERVER); /* the other end's does */
	CU_ASSERT_STRING_EQUAL(letters(), "ShDGgd");
	x->letters.gap_waits[TF_SERVER] = true;
	tf_letters_gap_filled(x, TF_SERVER);
	CU_ASSERT_STRING_EQUAL(letters(), "ShDGd");
	tf_letters_count(&ctx, &conn, TF_SERVER, TF_L_GAP);
	CU_ASSERT_STRING_EQUAL(letters(), "ShDGdg");
	end();
}

/* ---- Zeek's word ------------------------------------------------------------------------ */

static void
zeek_calls_it(void)
{
	static const struct {
		const char *letters, *word;
	} cases[] = {
	    {"S", "S0"},         {"SAD", "S0"},        {"Sh", "S1"},         {"ShADad", "S1"},
	    {"^hADd", "S1"},     {"SsAa", "S1"},       {"ShADadFf", "SF"},   {"DaFfA", "SF"},
	    {"ShADadFfR", "SF"}, /* after both FINs a RST changes nothing */
	    {"ShADadFRf", "SF"}, /* and neither does one before the second */
	    {"Sr", "REJ"},       {"SRr", "REJ"},       {"ShADadF", "S2"},    {"ShADadf", "S3"},
	    {"ShR", "RSTO"},     {"ShADdR", "RSTO"},   {"ShADadFR", "RSTO"}, {"ShADadfR", "RSTO"},
	    {"ShADar", "RSTR"},  {"ShADadFr", "RSTR"}, {"SR", "RSTOS0"},     {"SaR", "RSTOS0"},
	    {"R", "OTH"},        {"SADR", "OTH"},      {"^hr", "RSTRH"},     {"Dr", "RSTRH"},
	    {"SADF", "SH"},      {"DAF", "SH"},        {"^hadf", "SHR"},     {"Dd", "OTH"},
	    {"DaT", "OTH"},      {"^hSAa", "OTH"},     {"", "OTH"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *word = tf_zeek_state_name(tf_zeek_state(cases[i].letters, true));
		if (strcmp(word, cases[i].word) != 0)
			CU_FAIL(cases[i].letters);
	}
	/* Two RSTs are no refusal where payload passed. */
	CU_ASSERT_EQUAL(tf_zeek_state("ShADRr", false), TF_ZEEK_RSTR);
	CU_ASSERT_EQUAL(tf_zeek_state("ShARr", true), TF_ZEEK_REJ);
}

const char tf_suite[] = "letters";

const struct tf_test tf_tests[] = {
    {"ordinary letters need no pool", ordinary_letters_need_no_pool},
    {"a close needs no more than its own place", a_close_needs_no_more_than_its_own_place},
    {"the places read as one", the_places_read_as_one},
    {"there is a limit", there_is_a_limit},
    {"repetitions are written more and more seldom", repetitions_are_written_more_and_more_seldom},
    {"a gap that is filled is none", a_gap_that_is_filled_is_none},
    {"what Zeek calls it", zeek_calls_it},
    {NULL, NULL},
};
