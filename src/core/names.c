/*
 * Names and defaults: what the enumerators of state.def, anomalies.def and
 * timers.def are called, and the way back from a name to its enumerator.
 *
 * Everything comes out of the .def files, so a name cannot drift away from
 * what it names.  How names are printed (escaped, coloured, translated into
 * a format) is the output's business.  States are called as RFC 9293
 * section 3.3.2 calls them.
 */
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "tcpfsm/anomaly.h"
#include "tcpfsm/config.h"
#include "tcpfsm/event.h"
#include "tcpfsm/state.h"
#include "tcpfsm/verdict.h"

#define NS_PER_SECOND 1000000000LL
#define COUNT_OF(a)   (sizeof(a) / sizeof((a)[0]))

static const char *const state_names[] = {
#define STATE(id, name, short_name) [TF_##id] = name,
#include "tcpfsm/state.def"
#undef STATE
};

static const char *const state_short_names[] = {
#define STATE(id, name, short_name) [TF_##id] = short_name,
#include "tcpfsm/state.def"
#undef STATE
};

static const struct tf_anomaly_info anomalies[] = {
#define ANOMALY(id_, name_, severity_, family_, title_, message_, what_, why_, causes_, look_, reference_)   \
	[TF_A_##id_] = {                                                                                     \
	    .id = name_,                                                                                     \
	    .severity = severity_,                                                                           \
	    .family = family_,                                                                               \
	    .title = title_,                                                                                 \
	    .message = message_,                                                                             \
	    .what = what_,                                                                                   \
	    .why = why_,                                                                                     \
	    .causes = causes_,                                                                               \
	    .look = look_,                                                                                   \
	    .reference = reference_,                                                                         \
	},
#include "tcpfsm/anomalies.def"
#undef ANOMALY
};

static const char *const severity_names[TF_SEVERITY_COUNT] = {
    [TF_INFO] = "info",
    [TF_NOTICE] = "notice",
    [TF_WARNING] = "warning",
    [TF_ERROR] = "error",
};

static const char *const family_names[TF_FAMILY_COUNT] = {
    [TF_OPENING] = "opening",        [TF_ISN] = "isn",         [TF_ESTABLISHED_FAMILY] = "established",
    [TF_CLOSING_FAMILY] = "closing", [TF_CAPTURE] = "capture",
};

static const char *const basis_names[] = {
    [TF_OBSERVED] = "observed", [TF_PRESUMED] = "presumed",   [TF_INFERRED] = "inferred",
    [TF_TIMER_RAN] = "timer",   [TF_RETRACTED] = "retracted",
};

static const char *const endpoint_names[] = {
    [TF_CLIENT] = "client",
    [TF_SERVER] = "server",
    [TF_NEITHER] = NULL,
};

static const char *const zeek_state_names[] = {
    [TF_ZEEK_S0] = "S0",         [TF_ZEEK_S1] = "S1",       [TF_ZEEK_SF] = "SF",     [TF_ZEEK_REJ] = "REJ",
    [TF_ZEEK_S2] = "S2",         [TF_ZEEK_S3] = "S3",       [TF_ZEEK_RSTO] = "RSTO", [TF_ZEEK_RSTR] = "RSTR",
    [TF_ZEEK_RSTOS0] = "RSTOS0", [TF_ZEEK_RSTRH] = "RSTRH", [TF_ZEEK_SH] = "SH",     [TF_ZEEK_SHR] = "SHR",
    [TF_ZEEK_OTH] = "OTH",
};

static const char *const close_names[] = {
    [TF_CLOSE_OPEN] = "open",
    [TF_CLOSE_FIN] = "fin",
    [TF_CLOSE_RST] = "rst",
    [TF_CLOSE_REFUSED] = "refused",
    [TF_CLOSE_UNANSWERED] = "unanswered",
    [TF_CLOSE_TIMEOUT] = "timeout",
};

static const char *const roles_names[] = {
    [TF_ROLES_SYN] = "syn",
    [TF_ROLES_GUESSED] = "guessed",
};

static const char *const profile_names[TF_PROFILE_COUNT] = {
    [TF_PROFILE_LINUX] = "linux",
    [TF_PROFILE_RFC] = "rfc",
    [TF_PROFILE_BSD] = "bsd",
    [TF_PROFILE_WINDOWS] = "windows",
};

static const char *const outcome_names[] = {
    [TF_PASSED] = "passed",
    [TF_FAILED] = "failed",
    [TF_SKIPPED] = "skipped",
    [TF_BROKEN] = "broken",
};

static const char *const timer_names[] = {
#define TIMER(id, name, linux_, rfc_, bsd_, windows_, what) [TF_TIMER_##id] = name,
#include "tcpfsm/timers.def"
#undef TIMER
};

/* Seconds; of keepalive-probes a count. */
static const int32_t timer_values[][TF_PROFILE_COUNT] = {
#define TIMER(id, name, linux_, rfc_, bsd_, windows_, what)                                                  \
	[TF_TIMER_##id] = {                                                                                  \
	    [TF_PROFILE_LINUX] = linux_,                                                                     \
	    [TF_PROFILE_RFC] = rfc_,                                                                         \
	    [TF_PROFILE_BSD] = bsd_,                                                                         \
	    [TF_PROFILE_WINDOWS] = windows_,                                                                 \
	},
#include "tcpfsm/timers.def"
#undef TIMER
};

static int
find(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return (int)i;
	return -1;
}

/* C as a name of a state has it; no locale may change how names are read. */
static char
state_char(char c)
{
	if (c >= 'a' && c <= 'z')
		return (char)(c - 'a' + 'A');
	return c == '_' ? '-' : c;
}

/* A hyphen may be missing: netstat and the kernel write FIN_WAIT2. */
static bool
is_state_name(const char *canonical, const char *name)
{
	for (; *canonical != '\0'; canonical++) {
		if (state_char(*name) == *canonical)
			name++;
		else if (*canonical != '-')
			return false;
	}
	return *name == '\0';
}

const char *
tf_state_name(enum tf_state s)
{
	assert((size_t)s < COUNT_OF(state_names));
	return state_names[s];
}

int
tf_state_by_name(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(state_names); i++)
		if (is_state_name(state_names[i], name) || is_state_name(state_short_names[i], name))
			return (int)i;
	return -1;
}

const struct tf_anomaly_info *
tf_anomaly_info(enum tf_anomaly a)
{
	assert((size_t)a < COUNT_OF(anomalies));
	return &anomalies[a];
}

int
tf_anomaly_by_id(const char *id)
{
	for (size_t i = 0; i < COUNT_OF(anomalies); i++)
		if (strcmp(anomalies[i].id, id) == 0)
			return (int)i;
	return -1;
}

const char *
tf_severity_name(enum tf_severity s)
{
	assert((size_t)s < COUNT_OF(severity_names));
	return severity_names[s];
}

const char *
tf_family_name(enum tf_family f)
{
	assert((size_t)f < COUNT_OF(family_names));
	return family_names[f];
}

int
tf_severity_by_name(const char *name)
{
	return find(severity_names, COUNT_OF(severity_names), name);
}

int
tf_family_by_name(const char *name)
{
	return find(family_names, COUNT_OF(family_names), name);
}

const char *
tf_basis_name(enum tf_basis b)
{
	assert((size_t)b < COUNT_OF(basis_names));
	return basis_names[b];
}

const char *
tf_endpoint_name(enum tf_endpoint e)
{
	assert((size_t)e < COUNT_OF(endpoint_names));
	return endpoint_names[e];
}

const char *
tf_close_name(enum tf_close c)
{
	assert((size_t)c < COUNT_OF(close_names));
	return close_names[c];
}

const char *
tf_zeek_state_name(enum tf_zeek_state z)
{
	assert((size_t)z < COUNT_OF(zeek_state_names));
	return zeek_state_names[z];
}

const char *
tf_roles_name(enum tf_roles r)
{
	assert((size_t)r < COUNT_OF(roles_names));
	return roles_names[r];
}

const char *
tf_outcome_name(enum tf_outcome o)
{
	assert((size_t)o < COUNT_OF(outcome_names));
	return outcome_names[o];
}

int
tf_profile_by_name(const char *name)
{
	return find(profile_names, COUNT_OF(profile_names), name);
}

int
tf_timer_by_name(const char *name)
{
	return find(timer_names, COUNT_OF(timer_names), name);
}

const char *
tf_timer_name(enum tf_timer timer)
{
	assert((size_t)timer < COUNT_OF(timer_names));
	return timer_names[timer];
}

void
tf_config_init(struct tf_config *config, enum tf_profile profile)
{
	assert(profile < TF_PROFILE_COUNT);
	*config = (struct tf_config){
	    .max_connections = 1000000,
	    .max_tombstones = 262144,
	    .reassembly_bytes = (size_t)128 << 20,
	};
	for (size_t i = 0; i < TF_TIMER_COUNT; i++) {
		const int64_t unit = i == TF_TIMER_KEEPALIVE_PROBES ? 1 : NS_PER_SECOND;

		config->timer[i] = unit * timer_values[i][profile];
	}
}
