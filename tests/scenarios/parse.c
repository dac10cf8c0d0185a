/*
 * The scenario parser: lines, declarations and events.
 *
 * A line is one of: blank, comment (#), declaration (isn, conn, variant,
 * profile, timer), event (+TIME packet, wait TIME, end), continuation (|).
 * The text is untrusted (a fuzzer feeds it): every number has bounds,
 * every array a limit.  README.md beside this file describes the language.
 */
#include "parse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "icmp.h"

const char *
scn_variant_name(enum scn_variant v)
{
	static const char *const names[SCN_VARIANT_COUNT] = {"ipv4", "ipv6", "wrap", "duplicate", "batch"};

	return names[v];
}

static struct scn_step *
new_step(struct scn_parser *p, enum scn_step_kind kind)
{
	struct scenario *s = p->s;
	struct scn_step *step;

	if (s->step_count > 0 && s->step[s->step_count - 1].kind == SCN_END) {
		scn_fail(p, "an event after the line `end`");
		return NULL;
	}
	if (!scn_grow((void **)&s->step, &s->step_room, s->step_count, sizeof(*s->step), SCN_MAX_STEPS)) {
		scn_fail(p, "no room for more events");
		return NULL;
	}
	step = &s->step[s->step_count++];
	memset(step, 0, sizeof(*step));
	step->kind = kind;
	step->line = p->line;
	step->first_expect = s->expect_count;
	return step;
}

static bool
read_isns(struct scn_parser *p, struct scn_conn *c)
{
	static const char *const names[] = {"client", "server"};
	int64_t isn;

	for (int end = 0; end < 2; end++) {
		if (!scn_take_word(p, names[end]))
			return scn_fail(p, "expected isn client NUMBER server NUMBER");
		if (!scn_number(p, "an ISN", 0, UINT32_MAX, &isn))
			return false;
		c->isn[end] = (uint32_t)isn;
	}
	return true;
}

/* [host N] [port N] after `client` or `server` in a declaration. */
static bool
read_address(struct scn_parser *p, struct scn_conn *c, enum tf_endpoint end)
{
	int64_t n;

	if (scn_take_word(p, "host")) {
		if (!scn_number(p, "a machine's number", 1, 200, &n))
			return false;
		c->host[end] = (uint8_t)n;
	}
	if (scn_take_word(p, "port")) {
		if (!scn_number(p, "a port", 1, 65535, &n))
			return false;
		c->port[end] = (uint16_t)n;
	}
	return true;
}

static void
default_conn(struct scn_conn *c, unsigned number)
{
	memset(c, 0, sizeof(*c));
	c->host[TF_CLIENT] = c->host[TF_SERVER] = 1;
	c->side[TF_SERVER] = 1;
	c->port[TF_CLIENT] = (uint16_t)(40000 + number - 1);
	c->port[TF_SERVER] = 80;
}

static bool
read_reuses(struct scn_parser *p, struct scn_conn *c)
{
	const struct scn_conn *former;
	unsigned swap;

	if (!scn_conn_number(p, &c->reuses))
		return false;
	former = &p->s->conn[c->reuses];
	swap = scn_take_word(p, "reversed") ? 1 : 0;
	for (unsigned end = 0; end < 2; end++) {
		c->host[end] = former->host[end ^ swap];
		c->port[end] = former->port[end ^ swap];
		c->side[end] = former->side[end ^ swap];
	}
	return true;
}

static bool
declare(struct scn_parser *p, unsigned number, const struct scn_conn *c)
{
	struct scenario *s = p->s;

	if (s->conn[number].declared)
		return scn_fail(p, "connection %u was declared before", number);
	if (number != s->conn_count + 1)
		return scn_fail(p, "connections are numbered in order: the next one is %u",
		                s->conn_count + 1);
	s->conn[number] = *c;
	s->conn[number].declared = true;
	s->conn_count++;
	p->conn = number;
	return true;
}

/* conn N [reuses M [reversed]] [client [host H] [port P]] [server ...] isn client X server Y */
static bool
parse_conn(struct scn_parser *p)
{
	struct scn_conn c;
	int64_t number;

	if (!scn_number(p, "a connection's number", 1, SCN_MAX_CONNS, &number))
		return false;
	default_conn(&c, (unsigned)number);
	if (scn_take_word(p, "reuses") && !read_reuses(p, &c))
		return false;
	if (scn_take_word(p, "client") && !read_address(p, &c, TF_CLIENT))
		return false;
	if (scn_take_word(p, "server") && !read_address(p, &c, TF_SERVER))
		return false;
	if (!scn_take_word(p, "isn"))
		return scn_fail(p, "expected isn client NUMBER server NUMBER");
	return read_isns(p, &c) && declare(p, (unsigned)number, &c);
}

static bool
parse_isn(struct scn_parser *p)
{
	struct scn_conn c;

	default_conn(&c, 1);
	return read_isns(p, &c) && declare(p, 1, &c);
}

/* variant no-NAME: reason */
static bool
parse_variant(struct scn_parser *p)
{
	size_t n;

	if (!scn_word(p, "no-VARIANT"))
		return false;
	for (int v = 0; v < SCN_VARIANT_COUNT; v++) {
		if (strncmp(p->word, "no-", 3) != 0 ||
		    strcmp(p->word + 3, scn_variant_name((enum scn_variant)v)) != 0)
			continue;
		if (!scn_take_char(p, ':') || scn_at_end(p))
			return scn_fail(p, "a variant is left out for a reason: variant %s: REASON", p->word);
		n = (size_t)(p->end - p->at);
		if (n >= sizeof(p->s->skip_reason[v]))
			n = sizeof(p->s->skip_reason[v]) - 1;
		memcpy(p->s->skip_reason[v], p->at, n);
		p->s->skip_reason[v][n] = '\0';
		p->s->skip[v] = true;
		p->at = p->end;
		return true;
	}
	return scn_fail(p, "%s names no variant (no-ipv4, no-ipv6, no-wrap, no-duplicate, no-batch)",
	                p->word);
}

/* The profile's timers; small tables, because a scenario's connections are few. */
static void
init_config(struct scenario *s, enum tf_profile profile)
{
	tf_config_init(&s->config, profile);
	s->config.max_connections = 256;
	s->config.max_tombstones = 256;
	s->config.reassembly_bytes = 1 << 20;
}

static bool
parse_profile(struct scn_parser *p)
{
	int profile;

	if (!scn_word(p, "a profile"))
		return false;
	profile = tf_profile_by_name(p->word);
	if (profile < 0)
		return scn_fail(p, "%s is no profile", p->word);
	init_config(p->s, (enum tf_profile)profile);
	return true;
}

static bool
parse_timer(struct scn_parser *p)
{
	int timer;

	if (!scn_word(p, "a timer"))
		return false;
	timer = tf_timer_by_name(p->word);
	if (timer < 0)
		return scn_fail(p, "%s is no timer", p->word);
	return scn_time(p, &p->s->config.timer[timer]);
}

static bool
read_flags(struct scn_parser *p, uint16_t *flags)
{
	static const char letters[] = "FSRPAUECN"; /* in the order of enum tf_flag's bits */

	if (scn_take_word(p, "-"))
		return true;
	if (!scn_word(p, "flags"))
		return false;
	for (const char *c = p->word; *c != '\0'; c++) {
		const char *l = strchr(letters, *c);

		if (l == NULL)
			return scn_fail(p, "%s are no flags (letters of %s, or -)", p->word, letters);
		*flags = (uint16_t)(*flags | 1u << (l - letters));
	}
	return true;
}

/* A number relative to an ISN, or with '@' as it stands. */
static bool
read_seq(struct scn_parser *p, const char *what, struct scn_seq *seq)
{
	int64_t v;

	seq->absolute = scn_take_char(p, '@');
	if (!scn_number(p, what, -INT64_C(0x100000000), UINT32_MAX, &v))
		return false;
	seq->value = (uint32_t)(uint64_t)v;
	return true;
}

/* LEFT:RIGHT, the octet after the last one. */
static bool
read_range(struct scn_parser *p, struct scn_seq range[2])
{
	if (!read_seq(p, "a sequence number", &range[0]))
		return false;
	if (!scn_take_char(p, ':'))
		return scn_fail(p, "expected : and the number after the last octet");
	if (!read_seq(p, "a sequence number", &range[1]))
		return false;
	return range[0].absolute == range[1].absolute ? true
	                                              : scn_fail(p, "@ belongs to both numbers of a range");
}

static bool
read_sack_blocks(struct scn_parser *p, struct scn_packet *pkt)
{
	do {
		if (pkt->sack_count == 3)
			return scn_fail(p, "at most 3 SACK blocks");
		if (!read_range(p, pkt->sack[pkt->sack_count++]))
			return false;
	} while (!scn_at_char(p, ',') && !scn_at_char(p, '>'));
	pkt->options |= TF_OPT_SACK;
	return true;
}

static bool
read_timestamps(struct scn_parser *p, struct scn_packet *pkt)
{
	int64_t val, ecr;

	if (!scn_take_word(p, "val") || !scn_number(p, "a TSval", 0, UINT32_MAX, &val))
		return scn_fail(p, "expected TS val NUMBER ecr NUMBER");
	if (!scn_take_word(p, "ecr") || !scn_number(p, "a TSecr", 0, UINT32_MAX, &ecr))
		return scn_fail(p, "expected TS val NUMBER ecr NUMBER");
	pkt->tsval = (uint32_t)val;
	pkt->tsecr = (uint32_t)ecr;
	pkt->options |= TF_OPT_TIMESTAMPS;
	return true;
}

static bool
read_numbered_option(struct scn_parser *p, struct scn_packet *pkt, uint16_t option, int64_t high)
{
	int64_t n;

	if (!scn_number(p, "an option's value", 0, high, &n))
		return false;
	if (option == TF_OPT_MSS)
		pkt->mss = (uint16_t)n;
	else if (option == TF_OPT_WSCALE)
		pkt->wscale = (uint8_t)n;
	else
		pkt->fast_open_len = (uint8_t)n;
	pkt->options |= option;
	return true;
}

static bool
read_option(struct scn_parser *p, struct scn_packet *pkt)
{
	if (scn_take_word(p, "mss"))
		return read_numbered_option(p, pkt, TF_OPT_MSS, 65535);
	if (scn_take_word(p, "wscale"))
		return read_numbered_option(p, pkt, TF_OPT_WSCALE, 255);
	if (scn_take_word(p, "cookie"))
		return read_numbered_option(p, pkt, TF_OPT_FAST_OPEN, 16);
	if (scn_take_word(p, "TS"))
		return read_timestamps(p, pkt);
	if (scn_take_word(p, "sack"))
		return read_sack_blocks(p, pkt);
	if (!scn_word(p, "an option"))
		return false;
	if (strcmp(p->word, "sackOK") == 0)
		pkt->options |= TF_OPT_SACK_PERMITTED;
	else if (strcmp(p->word, "nop") != 0)
		return scn_fail(p, "%s is no option (mss, wscale, sackOK, TS, sack, cookie, nop)", p->word);
	return true;
}

static bool
read_options(struct scn_parser *p, struct scn_packet *pkt)
{
	do {
		if (!read_option(p, pkt))
			return false;
	} while (scn_take_char(p, ','));
	return scn_take_char(p, '>') ? true : scn_fail(p, "expected , or > in the options");
}

/* One field after the range of a packet's line. */
static bool
read_field(struct scn_parser *p, struct scn_packet *pkt)
{
	int64_t n = 0;

	if (scn_take_char(p, '<'))
		return read_options(p, pkt);
	if (scn_take_word(p, "win")) {
		scn_number(p, "a window", 0, 65535, &n);
		pkt->window = (uint16_t)n;
	} else if (scn_take_word(p, "ttl")) {
		scn_number(p, "a TTL", 0, 255, &n);
		pkt->ttl = (uint8_t)n;
	} else if (scn_take_word(p, "id")) {
		scn_number(p, "an IP ID", 0, 65535, &n);
		pkt->ip_id = (uint16_t)n;
	} else if (scn_take_word(p, "fill")) {
		if (scn_word(p, "a letter"))
			pkt->fill = p->word[0];
	} else if (scn_take_word(p, "unseen")) {
		pkt->unseen = true;
	} else if (scn_take_word(p, "duplicate")) {
		pkt->duplicate = true;
	} else if (scn_take_word(p, "copy")) {
		pkt->copy = true;
	} else if (scn_take_word(p, "icmp")) {
		return scn_read_icmp(p, pkt);
	} else if (scn_take_word(p, "bad-checksum")) {
		pkt->bad_checksum = true;
	} else {
		scn_word(p, "a field of the packet");
		scn_fail(p,
		         "%s is no field of a packet (ack, win, <options>, ttl, id, fill, copy, unseen, "
		         "duplicate, "
		         "bad-checksum, icmp)",
		         p->word);
	}
	return !p->failed;
}

static bool
read_direction(struct scn_parser *p, struct scn_packet *pkt)
{
	enum tf_endpoint to;

	if (!scn_take_end(p, &pkt->from))
		return scn_fail(p, "expected client > server or server > client");
	if (!scn_take_char(p, '>') || !scn_take_end(p, &to) || to == pkt->from)
		return scn_fail(p, "expected client > server or server > client");
	return true;
}

/* Longest option lists that fit: 40 octets. */
static bool
check_option_room(struct scn_parser *p, const struct scn_packet *pkt)
{
	unsigned n = 0;

	if (pkt->options & TF_OPT_MSS)
		n += 4;
	if (pkt->options & TF_OPT_WSCALE)
		n += 3;
	if (pkt->options & TF_OPT_SACK_PERMITTED)
		n += 2;
	if (pkt->options & TF_OPT_TIMESTAMPS)
		n += 10;
	if (pkt->options & TF_OPT_FAST_OPEN)
		n += 2u + pkt->fast_open_len;
	if (pkt->options & TF_OPT_SACK)
		n += 2u + 8u * pkt->sack_count;
	return n <= 40 ? true : scn_fail(p, "the options need %u octets, a header has 40", n);
}

static bool
parse_packet(struct scn_parser *p)
{
	struct scn_step *step = new_step(p, SCN_PACKET);
	struct scn_packet *pkt;
	struct scn_seq range[2];

	if (step == NULL || !scn_time(p, &step->delay_ns))
		return false;
	pkt = &step->packet;
	pkt->conn = p->conn;
	pkt->window = 65535;
	pkt->ttl = 64;
	if (scn_take_word(p, "conn") && !scn_conn_number(p, &pkt->conn))
		return false;
	if (pkt->conn == 0)
		return scn_fail(p, "a packet before the first isn or conn line");
	if (!read_direction(p, pkt) || !read_flags(p, &pkt->flags) || !read_range(p, range))
		return false;
	pkt->seq = range[0];
	pkt->len = range[1].value - range[0].value;
	if (pkt->len > SCN_MAX_PAYLOAD)
		return scn_fail(p, "a payload of %u octets: at most %u", pkt->len, SCN_MAX_PAYLOAD);
	if (((pkt->flags & TF_ACK) != 0) != scn_take_word(p, "ack"))
		return scn_fail(p, "the flag A and `ack NUMBER` after the range belong together");
	if (pkt->flags & TF_ACK && !read_seq(p, "an acknowledgment number", &pkt->ack))
		return false;
	while (!scn_at_end(p) && !scn_at_char(p, '|'))
		if (!read_field(p, pkt))
			return false;
	return check_option_room(p, pkt);
}

static bool
parse_wait(struct scn_parser *p)
{
	struct scn_step *step = new_step(p, SCN_WAIT);

	return step != NULL && scn_time(p, &step->delay_ns);
}

static bool
parse_statement(struct scn_parser *p)
{
	if (scn_take_char(p, '+'))
		return parse_packet(p);
	if (scn_take_word(p, "wait"))
		return parse_wait(p);
	if (scn_take_word(p, "end"))
		return new_step(p, SCN_END) != NULL;
	if (scn_take_word(p, "isn"))
		return parse_isn(p);
	if (scn_take_word(p, "conn"))
		return parse_conn(p);
	if (scn_take_word(p, "variant"))
		return parse_variant(p);
	if (scn_take_word(p, "profile"))
		return parse_profile(p);
	if (scn_take_word(p, "timer"))
		return parse_timer(p);
	scn_word(p, "an event or a declaration");
	return scn_fail(p, "%s begins no line (+TIME, wait, end, isn, conn, variant, profile, timer, |)",
	                p->word);
}

static bool
parse_line(struct scn_parser *p)
{
	struct scenario *s = p->s;
	size_t steps = s->step_count;
	bool continued = scn_at_char(p, '|');

	if (scn_at_end(p))
		return true;
	if (!continued && !parse_statement(p))
		return false;
	if (scn_at_end(p))
		return true;
	if (!scn_take_char(p, '|'))
		return scn_word(p, "|") && scn_fail(p, "%s is left over at the end of the line", p->word);
	if (s->step_count == 0 || (!continued && s->step_count == steps))
		return scn_fail(p, "an expectation stands beside an event, or below one");
	return scn_parse_expects(p, &s->step[s->step_count - 1]);
}

/* The times of all steps together stay far from where a 64-bit clock ends. */
static bool
check_duration(struct scn_parser *p)
{
	int64_t total = 0;

	for (size_t i = 0; i < p->s->step_count; i++) {
		total += p->s->step[i].delay_ns;
		if (total > SCN_MAX_DURATION)
			return scn_fail(p, "the scenario is longer than 115 days");
	}
	return true;
}

int
scn_parse(struct scenario *s, const char *text, size_t length, char *error, size_t error_size)
{
	struct scn_parser p = {.s = s, .error = error, .error_size = error_size};
	const char *text_end = text + length;

	memset(s, 0, sizeof(*s));
	init_config(s, TF_PROFILE_LINUX);
	while (text < text_end && !p.failed) {
		const char *newline = memchr(text, '\n', (size_t)(text_end - text));
		const char *line_end = newline != NULL ? newline : text_end;
		const char *comment = memchr(text, '#', (size_t)(line_end - text));

		p.line++;
		p.at = text;
		p.end = comment != NULL ? comment : line_end;
		parse_line(&p);
		text = newline != NULL ? newline + 1 : text_end;
	}
	if (!p.failed && s->step_count == 0)
		scn_fail(&p, "the scenario has no event");
	if (!p.failed)
		check_duration(&p);
	return p.failed ? -1 : 0;
}

/* All of the file at PATH, at most 1 MiB; NULL with errno set. */
static char *
read_file(const char *path, size_t *length)
{
	const size_t limit = 1 << 20;
	FILE *f = fopen(path, "rb");
	char *text;

	if (f == NULL)
		return NULL;
	text = malloc(limit);
	if (text != NULL) {
		*length = fread(text, 1, limit, f);
		if (ferror(f)) {
			free(text);
			text = NULL;
		}
	}
	fclose(f);
	return text;
}

int
scn_parse_file(struct scenario *s, const char *path, char *error, size_t error_size)
{
	char message[200];
	size_t length = 0;
	char *text = read_file(path, &length);
	int status;

	memset(s, 0, sizeof(*s));
	if (text == NULL) {
		(void)snprintf(error, error_size, "%s: %s", path, strerror(errno));
		return -1;
	}
	status = scn_parse(s, text, length, message, sizeof(message));
	free(text);
	if (status != 0)
		(void)snprintf(error, error_size, "%s:%s", path, message);
	return status;
}

void
scn_free(struct scenario *s)
{
	free(s->step);
	free(s->expect);
	memset(s, 0, sizeof(*s));
}
