/*
 * The names: the catalogue of anomalies is complete and says what the
 * published list says, templates are well-formed, every name leads back to
 * its enumerator, and each profile has the timers of the published table.
 *
 * The lists here are written out on purpose: ids, severities and timer
 * values are relied on from outside, so a change of a .def file must be
 * made twice.  State names are those of RFC 9293 section 3.3.2.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "tcpfsm/anomaly.h"
#include "tcpfsm/config.h"
#include "tcpfsm/event.h"
#include "tcpfsm/state.h"
#include "unit.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

struct entry {
	const char *id;
	enum tf_severity severity;
	enum tf_family family;
};

static const struct entry catalogue[] = {
    {"syn-unanswered", TF_WARNING, TF_OPENING},
    {"connection-refused", TF_NOTICE, TF_OPENING},
    {"unreachable", TF_NOTICE, TF_OPENING},
    {"half-open-handshake", TF_WARNING, TF_OPENING},
    {"handshake-ack-lost", TF_NOTICE, TF_OPENING},
    {"backlog-overflow", TF_WARNING, TF_OPENING},
    {"syn-flood", TF_ERROR, TF_OPENING},
    {"syn-cookies", TF_INFO, TF_OPENING},
    {"handshake-retransmission", TF_INFO, TF_OPENING},
    {"isn-changed", TF_NOTICE, TF_OPENING},
    {"simultaneous-open", TF_INFO, TF_OPENING},
    {"split-handshake", TF_WARNING, TF_OPENING},
    {"handshake-ack-mismatch", TF_WARNING, TF_OPENING},
    {"syn-data", TF_INFO, TF_OPENING},
    {"midstream", TF_INFO, TF_OPENING},
    {"isn-collision", TF_ERROR, TF_ISN},
    {"isn-reuse", TF_WARNING, TF_ISN},
    {"isn-predictable", TF_WARNING, TF_ISN},
    {"isn-zero", TF_NOTICE, TF_ISN},
    {"half-open", TF_ERROR, TF_ESTABLISHED_FAMILY},
    {"dead-peer", TF_WARNING, TF_ESTABLISHED_FAMILY},
    {"keepalive-timeout", TF_WARNING, TF_ESTABLISHED_FAMILY},
    {"zero-window-stall", TF_WARNING, TF_ESTABLISHED_FAMILY},
    {"excessive-retransmission", TF_WARNING, TF_ESTABLISHED_FAMILY},
    {"challenge-ack", TF_NOTICE, TF_ESTABLISHED_FAMILY},
    {"blind-rst", TF_ERROR, TF_ESTABLISHED_FAMILY},
    {"blind-syn", TF_ERROR, TF_ESTABLISHED_FAMILY},
    {"injection-suspected", TF_ERROR, TF_ESTABLISHED_FAMILY},
    {"overlap-conflict", TF_ERROR, TF_ESTABLISHED_FAMILY},
    {"ack-of-unsent-data", TF_WARNING, TF_ESTABLISHED_FAMILY},
    {"paws-reject", TF_NOTICE, TF_ESTABLISHED_FAMILY},
    {"out-of-window", TF_NOTICE, TF_ESTABLISHED_FAMILY},
    {"invalid-flags", TF_WARNING, TF_ESTABLISHED_FAMILY},
    {"bad-checksum", TF_WARNING, TF_ESTABLISHED_FAMILY},
    {"capture-loss", TF_INFO, TF_ESTABLISHED_FAMILY},
    {"pmtu-black-hole", TF_WARNING, TF_ESTABLISHED_FAMILY},
    {"idle", TF_INFO, TF_ESTABLISHED_FAMILY},
    {"stuck-fin-wait-1", TF_WARNING, TF_CLOSING_FAMILY},
    {"stuck-fin-wait-2", TF_WARNING, TF_CLOSING_FAMILY},
    {"stuck-close-wait", TF_WARNING, TF_CLOSING_FAMILY},
    {"close-wait-leak", TF_ERROR, TF_CLOSING_FAMILY},
    {"stuck-closing", TF_WARNING, TF_CLOSING_FAMILY},
    {"stuck-last-ack", TF_WARNING, TF_CLOSING_FAMILY},
    {"simultaneous-close", TF_INFO, TF_CLOSING_FAMILY},
    {"half-close", TF_INFO, TF_CLOSING_FAMILY},
    {"rst-abort", TF_NOTICE, TF_CLOSING_FAMILY},
    {"rst-after-fin", TF_NOTICE, TF_CLOSING_FAMILY},
    {"data-after-fin", TF_ERROR, TF_CLOSING_FAMILY},
    {"data-after-close", TF_WARNING, TF_CLOSING_FAMILY},
    {"fin-retransmission-in-time-wait", TF_INFO, TF_CLOSING_FAMILY},
    {"fin-after-time-wait", TF_WARNING, TF_CLOSING_FAMILY},
    {"time-wait-reuse", TF_NOTICE, TF_CLOSING_FAMILY},
    {"time-wait-reuse-unsafe", TF_ERROR, TF_CLOSING_FAMILY},
    {"time-wait-assassination", TF_WARNING, TF_CLOSING_FAMILY},
    {"reuse-while-open", TF_WARNING, TF_CLOSING_FAMILY},
    {"kernel-drops", TF_WARNING, TF_CAPTURE},
    {"duplicate-frames", TF_NOTICE, TF_CAPTURE},
    {"one-way", TF_WARNING, TF_CAPTURE},
    {"time-backwards", TF_NOTICE, TF_CAPTURE},
    {"snap-length", TF_INFO, TF_CAPTURE},
    {"evicted", TF_WARNING, TF_CAPTURE},
};

static const struct {
	const char *name;
	int64_t value[TF_PROFILE_COUNT]; /* linux, rfc, bsd, windows; seconds, or a count */
} timers[] = {
    {"time-wait", {60, 240, 60, 120}},   {"fin-wait-2", {60, 240, 60, 120}},
    {"close-wait", {60, 60, 60, 60}},    {"syn-sent", {127, 180, 75, 21}},
    {"syn-received", {63, 180, 15, 21}}, {"zero-window", {5, 5, 5, 5}},
    {"keepalive-probes", {9, 9, 8, 10}}, {"idle", {7200, 7200, 7200, 7200}},
};

static const char *const states[] = {
    "CLOSED",     "LISTEN",     "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1",
    "FIN-WAIT-2", "CLOSE-WAIT", "CLOSING",  "LAST-ACK",     "TIME-WAIT",
};

/* Says which row failed: CUnit prints only the condition. */
static void
check(bool holds, const char *row, const char *what)
{
	if (!holds)
		printf("# %s: %s\n", row, what);
	CU_ASSERT_TRUE(holds);
}

static void
test_catalogue(void)
{
	CU_ASSERT_EQUAL_FATAL(TF_ANOMALY_COUNT, COUNT_OF(catalogue));
	for (size_t i = 0; i < COUNT_OF(catalogue); i++) {
		const struct tf_anomaly_info *info = tf_anomaly_info((enum tf_anomaly)i);

		check(strcmp(info->id, catalogue[i].id) == 0, catalogue[i].id, "id or order");
		check(info->severity == catalogue[i].severity, catalogue[i].id, "severity");
		check(info->family == catalogue[i].family, catalogue[i].id, "family");
	}
}

static void
test_enumerators(void)
{
#define ANOMALY(id_, name_, severity, family, title, message, what, why, causes, look, reference)            \
	{#id_, name_},
	static const struct {
		const char *stem, *name;
	} rows[] = {
#include "tcpfsm/anomalies.def"
	};
#undef ANOMALY

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		bool same = strlen(rows[i].stem) == strlen(rows[i].name);

		for (size_t j = 0; same && rows[i].name[j] != '\0'; j++) {
			const char c = rows[i].name[j];

			same = rows[i].stem[j] == (c == '-' ? '_' : (char)toupper((unsigned char)c));
		}
		check(same, rows[i].name, "enumerator is not the id in capitals");
	}
}

static bool
is_word_list(const char *id)
{
	const size_t length = strlen(id);

	return length > 0 && strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-") == length && id[0] != '-' &&
	       id[length - 1] != '-' && strstr(id, "--") == NULL;
}

/* A paragraph that ends as sentences do, without stray spaces. */
static bool
is_prose(const char *text)
{
	const size_t length = strlen(text);

	return length >= 11 && strchr(".?)`", text[length - 1]) != NULL && strstr(text, "  ") == NULL &&
	       strchr(text, '\n') == NULL && strchr(text, '\t') == NULL && text[0] != ' ';
}

/* Printable ASCII but for what JSON escapes: RFC 8259 section 7. */
static bool
is_plain(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~' || *text == '"' || *text == '\\')
			return false;
	return true;
}

static void
test_rows_complete(void)
{
	for (size_t i = 0; i < TF_ANOMALY_COUNT; i++) {
		const struct tf_anomaly_info *info = tf_anomaly_info((enum tf_anomaly)i);
		const size_t title = strlen(info->title);

		check(is_word_list(info->id), info->id, "id is not words joined by '-'");
		check(title > 0 && title <= 60 && info->title[title - 1] != '.', info->id, "title");
		check(is_prose(info->message), info->id, "message");
		check(is_prose(info->what), info->id, "what");
		check(is_prose(info->why), info->id, "why");
		check(is_prose(info->causes), info->id, "causes");
		check(is_prose(info->look), info->id, "look");
		check(strlen(info->reference) > 0, info->id, "reference");
		check(is_plain(info->reference), info->id,
		      "no octet of the reference needs an escape in JSON");
	}
}

static void
test_ids_unique(void)
{
	for (size_t i = 0; i < TF_ANOMALY_COUNT; i++) {
		const char *id = tf_anomaly_info((enum tf_anomaly)i)->id;

		check(tf_anomaly_by_id(id) == (int)i, id, "id names another row first");
	}
	CU_ASSERT_EQUAL(tf_anomaly_by_id(""), -1);
	CU_ASSERT_EQUAL(tf_anomaly_by_id("stuck-fin-wait"), -1);
	CU_ASSERT_EQUAL(tf_anomaly_by_id("STUCK-FIN-WAIT-2"), -1);
}

/* Every '{' opens a name of lower-case letters and '_' that a '}' closes, and there is no other '}'. */
static bool
is_template(const char *text)
{
	while (*text != '\0') {
		if (*text == '}')
			return false;
		if (*text++ != '{')
			continue;
		const size_t name = strspn(text, "abcdefghijklmnopqrstuvwxyz_");
		if (name == 0 || text[name] != '}')
			return false;
		text += name + 1;
	}
	return true;
}

static void
test_templates(void)
{
	for (size_t i = 0; i < TF_ANOMALY_COUNT; i++) {
		const struct tf_anomaly_info *info = tf_anomaly_info((enum tf_anomaly)i);

		check(is_template(info->message), info->id, "braces of the message");
		check(strpbrk(info->what, "{}") == NULL, info->id, "brace outside the message");
		check(strpbrk(info->why, "{}") == NULL, info->id, "brace outside the message");
		check(strpbrk(info->causes, "{}") == NULL, info->id, "brace outside the message");
		check(strpbrk(info->look, "{}") == NULL, info->id, "brace outside the message");
	}
	CU_ASSERT_FALSE(is_template("open {name"));
	CU_ASSERT_FALSE(is_template("empty {}"));
	CU_ASSERT_FALSE(is_template("closed} only"));
}

static void
test_severities_and_families(void)
{
	static const char *const severities[] = {"info", "notice", "warning", "error"};
	static const char *const families[] = {"opening", "isn", "established", "closing", "capture"};

	CU_ASSERT_EQUAL_FATAL(COUNT_OF(severities), TF_SEVERITY_COUNT);
	for (size_t i = 0; i < COUNT_OF(severities); i++) {
		CU_ASSERT_STRING_EQUAL(tf_severity_name((enum tf_severity)i), severities[i]);
		CU_ASSERT_EQUAL(tf_severity_by_name(severities[i]), (int)i);
	}
	CU_ASSERT_EQUAL_FATAL(COUNT_OF(families), TF_FAMILY_COUNT);
	for (size_t i = 0; i < COUNT_OF(families); i++) {
		CU_ASSERT_STRING_EQUAL(tf_family_name((enum tf_family)i), families[i]);
		CU_ASSERT_EQUAL(tf_family_by_name(families[i]), (int)i);
	}
	CU_ASSERT_EQUAL(tf_severity_by_name("critical"), -1);
	CU_ASSERT_EQUAL(tf_family_by_name("warning"), -1);
}

static void
test_states(void)
{
	CU_ASSERT_EQUAL_FATAL(COUNT_OF(states), TF_STATE_COUNT);
	for (size_t i = 0; i < COUNT_OF(states); i++) {
		CU_ASSERT_STRING_EQUAL(tf_state_name((enum tf_state)i), states[i]);
		CU_ASSERT_EQUAL(tf_state_by_name(states[i]), (int)i);
	}
	CU_ASSERT_EQUAL(tf_state_by_name("fin_wait_2"), TF_FIN_WAIT_2);
	CU_ASSERT_EQUAL(tf_state_by_name("Fin-Wait-2"), TF_FIN_WAIT_2);
	CU_ASSERT_EQUAL(tf_state_by_name("FIN_WAIT_1"), TF_FIN_WAIT_1);
	CU_ASSERT_EQUAL(tf_state_by_name("ESTAB"), TF_ESTABLISHED);
	CU_ASSERT_EQUAL(tf_state_by_name("syn-recv"), TF_SYN_RECEIVED);
	CU_ASSERT_EQUAL(tf_state_by_name("FIN_WAIT2"), TF_FIN_WAIT_2);
	CU_ASSERT_EQUAL(tf_state_by_name("TimeWait"), TF_TIME_WAIT);
	CU_ASSERT_EQUAL(tf_state_by_name("FIN--WAIT-2"), -1);
	CU_ASSERT_EQUAL(tf_state_by_name("-LISTEN"), -1);
	CU_ASSERT_EQUAL(tf_state_by_name("FIN-WAIT"), -1);
	CU_ASSERT_EQUAL(tf_state_by_name("FIN-WAIT-22"), -1);
	CU_ASSERT_EQUAL(tf_state_by_name("FIN-WAIT-"), -1);
	CU_ASSERT_EQUAL(tf_state_by_name(""), -1);
}

static void
test_event_words(void)
{
	static const char *const bases[] = {"observed", "presumed", "inferred", "timer", "retracted"};
	static const char *const closes[] = {"open", "fin", "rst", "refused", "unanswered", "timeout"};

	for (size_t i = 0; i < COUNT_OF(bases); i++)
		CU_ASSERT_STRING_EQUAL(tf_basis_name((enum tf_basis)i), bases[i]);
	for (size_t i = 0; i < COUNT_OF(closes); i++)
		CU_ASSERT_STRING_EQUAL(tf_close_name((enum tf_close)i), closes[i]);
	CU_ASSERT_STRING_EQUAL(tf_endpoint_name(TF_CLIENT), "client");
	CU_ASSERT_STRING_EQUAL(tf_endpoint_name(TF_SERVER), "server");
	CU_ASSERT_PTR_NULL(tf_endpoint_name(TF_NEITHER));
	CU_ASSERT_STRING_EQUAL(tf_roles_name(TF_ROLES_SYN), "syn");
	CU_ASSERT_STRING_EQUAL(tf_roles_name(TF_ROLES_GUESSED), "guessed");
}

static void
test_timers(void)
{
	CU_ASSERT_EQUAL_FATAL(COUNT_OF(timers), TF_TIMER_COUNT);
	for (int p = 0; p < TF_PROFILE_COUNT; p++) {
		struct tf_config config;

		tf_config_init(&config, (enum tf_profile)p);
		for (size_t i = 0; i < COUNT_OF(timers); i++) {
			const bool is_count = strcmp(timers[i].name, "keepalive-probes") == 0;

			check(tf_timer_by_name(timers[i].name) == (int)i, timers[i].name, "order");
			check(config.timer[i] == timers[i].value[p] * (is_count ? 1 : 1000000000),
			      timers[i].name, "value");
		}
	}
	CU_ASSERT_STRING_EQUAL(tf_timer_name(TF_TIMER_CLOSE_WAIT), "close-wait");
	CU_ASSERT_EQUAL(tf_timer_by_name("CLOSE-WAIT"), -1);
}

static void
test_profiles_and_bounds(void)
{
	struct tf_config config;

	CU_ASSERT_EQUAL(tf_profile_by_name("linux"), TF_PROFILE_LINUX);
	CU_ASSERT_EQUAL(tf_profile_by_name("rfc"), TF_PROFILE_RFC);
	CU_ASSERT_EQUAL(tf_profile_by_name("bsd"), TF_PROFILE_BSD);
	CU_ASSERT_EQUAL(tf_profile_by_name("windows"), TF_PROFILE_WINDOWS);
	CU_ASSERT_EQUAL(tf_profile_by_name("solaris"), -1);

	memset(&config, 0xff, sizeof(config));
	tf_config_init(&config, TF_PROFILE_LINUX);
	CU_ASSERT_EQUAL(config.max_connections, 1000000);
	CU_ASSERT_EQUAL(config.max_tombstones, 262144);
	CU_ASSERT_EQUAL(config.reassembly_bytes, 134217728);
	CU_ASSERT_EQUAL(config.hash_key[0], 0);
	CU_ASSERT_EQUAL(config.hash_key[1], 0);
}

const char tf_suite[] = "names";

const struct tf_test tf_tests[] = {
    {"the catalogue has the published ids, severities and families, in order", test_catalogue},
    {"an anomaly's enumerator is its id in capitals", test_enumerators},
    {"every row of the catalogue is complete", test_rows_complete},
    {"ids are unique and are found by name", test_ids_unique},
    {"braces stand in messages only and are well-formed", test_templates},
    {"severities and families are found by name", test_severities_and_families},
    {"states bear RFC 9293's names and are found by them and by ss's", test_states},
    {"events bear the words of the output", test_event_words},
    {"each profile has the published timers", test_timers},
    {"profiles are found by name, bounds have their defaults", test_profiles_and_bounds},
    {NULL, NULL},
};
