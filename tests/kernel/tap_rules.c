/*
 * What happens to packets on their way: targeted rules ("the server's first
 * FIN, behind the tap: drop") and the path's general quality (delay, jitter,
 * loss, duplication, reordering), each for a direction and a place.
 *
 * All chance comes from one seed, so that a scenario can be repeated; the
 * kernels' own timing of course cannot.
 */
#include "tap.h"

#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { FLAG_FIN = 1, FLAG_SYN = 2, FLAG_RST = 4, FLAG_ACK = 16 };
enum rule_action { DROP, LOSE, HOLD, DUPLICATE, DELAY };
enum rule_what { ANY, SYN, SYN_ACK, FIN, RST, BARE_ACK, DATA };

struct rule {
	bool from[2];
	enum rule_what what;
	long first, last; /* counted from 1 over the packets that match */
	double chance;    /* 0..1 */
	enum tap_place place;
	enum rule_action action;
	int64_t delay_ns;
	uint16_t port; /* the client's; 0: any */
	long seen, hits;
};

struct path {
	int64_t delay_ns, jitter_ns;
	double loss, duplicate, reorder;
	int64_t reorder_ns; /* how much later a reordered packet comes */
};

#define MAX_RULES 64
static struct rule rules[MAX_RULES];
static int rule_count;
static struct path paths[2][TAP_PLACES];
static uint64_t random_state;

void
tf_random_seed(uint64_t seed)
{
	random_state = seed * 2 + 1;
}

/* A number in 0..1 (xorshift64*). */
static double
chance(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (double)((random_state * UINT64_C(2685821657736338717)) >> 11) / 9007199254740992.0;
}

static bool
parse_from(bool from[2], const char *word)
{
	from[TAP_CLIENT] = strcmp(word, "client") == 0 || strcmp(word, "both") == 0;
	from[TAP_SERVER] = strcmp(word, "server") == 0 || strcmp(word, "both") == 0;
	return from[TAP_CLIENT] || from[TAP_SERVER];
}

static bool
parse_what(enum rule_what *what, const char *word)
{
	static const char *const words[] = {"any", "SYN", "SYN,ACK", "FIN", "RST", "ACK", "data"};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (strcmp(word, words[i]) == 0) {
			*what = (enum rule_what)i;
			return true;
		}
	}
	return false;
}

/* "3", "2-4", "3+", "all" or "5%". */
static bool
parse_which(struct rule *r, const char *word)
{
	char *end;
	r->chance = 1;
	r->first = 1;
	r->last = LONG_MAX;
	if (strcmp(word, "all") == 0)
		return true;
	if (word[0] && word[strlen(word) - 1] == '%') {
		r->chance = strtod(word, &end) / 100;
		return *end == '%';
	}
	r->first = strtol(word, &end, 10);
	if (*end == '+')
		return r->first > 0;
	r->last = *end == '-' ? strtol(end + 1, &end, 10) : r->first;
	return *end == 0 && r->first > 0 && r->last >= r->first;
}

static bool
parse_place(enum tap_place *place, const char *word)
{
	static const char *const words[TAP_PLACES] = {"before", "tap", "behind"};
	for (int i = 0; i < TAP_PLACES; i++) {
		if (strcmp(word, words[i]) == 0) {
			*place = (enum tap_place)i;
			return true;
		}
	}
	return false;
}

/* "NAME=NUMBER" in milliseconds. */
static bool
parse_ms(const char *word, const char *name, int64_t *ns)
{
	size_t n = strlen(name);
	if (strncmp(word, name, n) != 0 || word[n] != '=')
		return false;
	*ns = (int64_t)(strtod(word + n + 1, NULL) * (double)TAP_NS_PER_MS);
	return true;
}

/* "NAME=NUMBER" in per cent. */
static bool
parse_percent(const char *word, const char *name, double *share)
{
	size_t n = strlen(name);
	if (strncmp(word, name, n) != 0 || word[n] != '=')
		return false;
	*share = strtod(word + n + 1, NULL) / 100;
	return true;
}

static bool
parse_action(struct rule *r, const char *word)
{
	if (parse_ms(word, "delay", &r->delay_ns)) {
		r->action = DELAY;
		return true;
	}
	static const char *const words[] = {"drop", "lose", "hold", "dup"};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (strcmp(word, words[i]) == 0) {
			r->action = (enum rule_action)i;
			return r->place == TAP_AT ? r->action == LOSE : r->action != LOSE;
		}
	}
	return false;
}

const char *
tf_rule_add(const char *text)
{
	char from[16], what[16], which[16], place[16], action[32], extra[32] = "";
	struct rule r = {0};
	if (rule_count == MAX_RULES)
		return "too many rules";
	if (sscanf(text, "%15s %15s %15s %15s %31s %31s", from, what, which, place, action, extra) < 5)
		return "a rule has five words";
	if (!parse_from(r.from, from))
		return "from whom?";
	if (!parse_what(&r.what, what))
		return "what segment?";
	if (!parse_which(&r, which))
		return "which of them?";
	if (!parse_place(&r.place, place))
		return "at which place?";
	if (!parse_action(&r, action))
		return "what to do?";
	if (sscanf(extra, "port=%hu", &r.port) != 1 && extra[0])
		return "the sixth word is port=N";
	rules[rule_count++] = r;
	return NULL;
}

void
tf_rules_clear(void)
{
	rule_count = 0;
}

long
tf_rule_hits(int index)
{
	return index < rule_count ? rules[index].hits : -1;
}

static bool
path_word(struct path *p, const char *word)
{
	return parse_ms(word, "delay", &p->delay_ns) || parse_ms(word, "jitter", &p->jitter_ns) ||
	       parse_percent(word, "loss", &p->loss) || parse_percent(word, "dup", &p->duplicate) ||
	       parse_percent(word, "reorder", &p->reorder) || parse_ms(word, "by", &p->reorder_ns);
}

const char *
tf_path_set(const char *text)
{
	char copy[256], *save = NULL;
	bool from[2];
	enum tap_place place;
	struct path p = {.reorder_ns = 3 * TAP_NS_PER_MS};

	snprintf(copy, sizeof copy, "%s", text);
	const char *who = strtok_r(copy, " ", &save);
	const char *where = who ? strtok_r(NULL, " ", &save) : NULL;
	if (!where || !parse_from(from, who) || !parse_place(&place, where) || place == TAP_AT)
		return "which path?";
	for (const char *w; (w = strtok_r(NULL, " ", &save)) != NULL;) {
		if (!path_word(&p, w))
			return "unknown quality of a path";
	}
	for (int side = 0; side < 2; side++) {
		if (from[side])
			paths[side][place] = p;
	}
	return NULL;
}

static bool
is_what(enum rule_what what, const struct tap_view *v)
{
	uint8_t f = v->flags;
	switch (what) {
	case ANY:
		return true;
	case SYN:
		return (f & (FLAG_SYN | FLAG_ACK)) == FLAG_SYN;
	case SYN_ACK:
		return (f & (FLAG_SYN | FLAG_ACK)) == (FLAG_SYN | FLAG_ACK);
	case FIN:
		return f & FLAG_FIN;
	case RST:
		return f & FLAG_RST;
	case BARE_ACK:
		return v->len == 0 && (f & (FLAG_SYN | FLAG_FIN | FLAG_RST | FLAG_ACK)) == FLAG_ACK;
	case DATA:
		return v->len > 0;
	}
	return false;
}

static bool
rule_fits(struct rule *r, enum tap_side from, enum tap_place place, const struct tap_view *v)
{
	if (r->place != place || !r->from[from] || (r->port && r->port != v->port[TAP_CLIENT]))
		return false;
	if (r->what != ANY && (!v->tcp || !is_what(r->what, v)))
		return false;
	r->seen++;
	return r->seen >= r->first && r->seen <= r->last && (r->chance >= 1 || chance() < r->chance);
}

static void
apply(const struct rule *r, struct tap_fate *fate)
{
	switch (r->action) {
	case DROP:
		fate->drop = true;
		break;
	case LOSE:
		fate->lose = true;
		break;
	case HOLD:
		fate->hold = true;
		break;
	case DUPLICATE:
		fate->copies = 2;
		break;
	case DELAY:
		fate->delay_ns += r->delay_ns;
		fate->overtaken = true;
		break;
	}
}

struct tap_fate
tf_fate(enum tap_side from, enum tap_place place, const struct tap_view *view)
{
	const struct path *p = &paths[from][place];
	struct tap_fate fate = {.copies = 1, .delay_ns = p->delay_ns};

	if (p->jitter_ns)
		fate.delay_ns += (int64_t)(chance() * (double)p->jitter_ns);
	fate.drop = p->loss > 0 && chance() < p->loss;
	if (p->duplicate > 0 && chance() < p->duplicate)
		fate.copies = 2;
	if (p->reorder > 0 && chance() < p->reorder) {
		fate.delay_ns += p->reorder_ns;
		fate.overtaken = true;
	}
	for (int i = 0; i < rule_count; i++) {
		if (!rule_fits(&rules[i], from, place, view))
			continue;
		rules[i].hits++;
		apply(&rules[i], &fate);
	}
	return fate;
}

static uint16_t
get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

/* TSval out of the options of a TCP header of LEN octets, 0 without it. */
static uint32_t
find_tsval(const uint8_t *tcp, size_t len)
{
	for (size_t i = 20; i < len && tcp[i] != 0;) {
		if (tcp[i] == 1) {
			i++;
			continue;
		}
		if (i + 1 >= len || tcp[i + 1] < 2)
			break;
		if (tcp[i] == 8 && i + 10 <= len)
			return get32(tcp + i + 2);
		i += tcp[i + 1];
	}
	return 0;
}

static bool
view_tcp(struct tap_view *v, enum tap_side from, const uint8_t *tcp, size_t len)
{
	size_t header = len >= 20 ? (size_t)(tcp[12] >> 4) * 4 : 0;
	if (header < 20 || header > len)
		return false;
	v->tcp = true;
	v->port[from] = get16(tcp);
	v->port[!from] = get16(tcp + 2);
	v->seq = get32(tcp + 4);
	v->ack = get32(tcp + 8);
	v->flags = tcp[13];
	v->window = get16(tcp + 14);
	v->len = (uint32_t)(len - header);
	v->tsval = find_tsval(tcp, header);
	return true;
}

bool
tf_tap_view(struct tap_view *v, enum tap_side from, const uint8_t *data, size_t len)
{
	*v = (struct tap_view){0};
	if (len >= 20 && data[0] >> 4 == 4) {
		size_t header = (size_t)(data[0] & 15) * 4;
		v->family = AF_INET;
		memcpy(v->addr[from], data + 12, 4);
		memcpy(v->addr[!from], data + 16, 4);
		if (header > len)
			return false;
		if (data[9] == IPPROTO_TCP)
			return view_tcp(v, from, data + header, len - header);
		return data[9] == IPPROTO_ICMP && len > header && (data[header] == 3 || data[header] == 11);
	}
	if (len >= 40 && data[0] >> 4 == 6) {
		v->family = AF_INET6;
		memcpy(v->addr[from], data + 8, 16);
		memcpy(v->addr[!from], data + 24, 16);
		if (data[6] == IPPROTO_TCP)
			return view_tcp(v, from, data + 40, len - 40);
		return data[6] == IPPROTO_ICMPV6 && len > 40 && data[40] >= 1 && data[40] <= 4;
	}
	return false;
}
