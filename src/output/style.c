/*
 * Colours, wrapping and lists in words: see style.h.  Columns are counted
 * in code points; the texts of this program are ASCII, names of files may
 * not be.
 */
#include "style.h"

#include "octets.h"

void
tf_color_on(struct tf_buf *b, const struct tf_output_options *options, enum tf_color color)
{
	static const char *const code[] = {
	    [TF_COLOR_BOLD] = "\033[1m",    [TF_COLOR_DIM] = "\033[2m",   [TF_COLOR_RED] = "\033[1;31m",
	    [TF_COLOR_YELLOW] = "\033[33m", [TF_COLOR_CYAN] = "\033[36m", [TF_COLOR_GREEN] = "\033[32m",
	};

	if (options->color)
		tf_put_str(b, code[color]);
}

void
tf_color_off(struct tf_buf *b, const struct tf_output_options *options)
{
	if (options->color)
		tf_put_lit(b, "\033[0m");
}

void
tf_put_colored(struct tf_buf *b, const struct tf_output_options *options, enum tf_color color, const char *s,
               size_t width)
{
	size_t n = strlen(s);

	tf_color_on(b, options, color);
	tf_put(b, s, n);
	tf_color_off(b, options);
	if (n < width)
		tf_put_fill(b, ' ', width - n);
}

void
tf_put_severity(struct tf_buf *b, const struct tf_output_options *options, enum tf_severity s)
{
	static const enum tf_color color[TF_SEVERITY_COUNT] = {
	    [TF_INFO] = TF_COLOR_DIM,
	    [TF_NOTICE] = TF_COLOR_CYAN,
	    [TF_WARNING] = TF_COLOR_YELLOW,
	    [TF_ERROR] = TF_COLOR_RED,
	};

	tf_put_colored(b, options, color[s], tf_severity_name(s), sizeof "warning" - 1);
}

void
tf_put_state(struct tf_buf *b, const struct tf_output_options *options, enum tf_state s)
{
	enum tf_color color = s == TF_ESTABLISHED                                     ? TF_COLOR_GREEN
	                      : s == TF_CLOSED || s == TF_LISTEN || s == TF_TIME_WAIT ? TF_COLOR_DIM
	                                                                              : TF_COLOR_YELLOW;

	tf_put_colored(b, options, color, tf_state_name(s), 0);
}

/* Columns of the N octets at S. */
static size_t
columns(const char *s, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += ((unsigned char)s[i] & 0xc0) != 0x80;
	return count;
}

static void
put_line_end(struct tf_buf *b, size_t indent)
{
	tf_put_char(b, '\n');
	tf_put_fill(b, ' ', indent);
}

/* Those of TEXT, and one more, that are no column of their own, or a space before another one. */
static tf_octets
hard_to_wrap(const char *text)
{
	tf_octets v = tf_octets_at(text), next = tf_octets_at(text + 1);

	return (v < 0) | ((v == ' ') & (next == ' '));
}

/* Has the text of N octets one column an octet, and one space between words?  Sentences have, and are long and many. */
static bool
is_simple(const char *text, size_t n)
{
	tf_octets found = {0};

	if (n < sizeof found || text[0] == ' ' || text[n - 1] == ' ')
		return false;
	for (size_t i = 0; i + sizeof found < n; i += sizeof found)
		found |= hard_to_wrap(text + i);
	return !tf_octets_any(found | hard_to_wrap(text + n - sizeof found));
}

/* As tf_put_wrapped(), for a simple text: as many words as a line has room for are put at once. */
static size_t
put_wrapped_simply(struct tf_buf *b, const char *p, size_t left, size_t at, size_t indent, size_t width)
{
	for (;;) {
		size_t room = width > at ? width - at : 0, take = room;

		if (left <= room) {
			tf_put(b, p, left);
			return at + left;
		}
		while (take > 0 && p[take] != ' ')
			take--;
		if (take == 0 && at <= indent) {
			/* Even a line of its own has no room for it. */
			const char *space = memchr(p, ' ', left);
			take = space != NULL ? (size_t)(space - p) : left;
		}
		tf_put(b, p, take);
		if (take == left)
			return at + take;
		if (take > 0) {
			p += take + 1;
			left -= take + 1;
		}
		put_line_end(b, indent);
		at = indent;
	}
}

size_t
tf_put_wrapped(struct tf_buf *b, const char *text, size_t at, size_t indent, size_t width)
{
	bool fresh = true; /* nothing of the text stands on this line yet */
	size_t octets = strlen(text);

	if (at >= indent && is_simple(text, octets))
		return put_wrapped_simply(b, text, octets, at, indent, width);
	for (const char *p = text + strspn(text, " "); *p != '\0';) {
		size_t n = strcspn(p, " "), wide = columns(p, n);

		if (at + !fresh + wide > width && at > indent) {
			put_line_end(b, indent);
			at = indent;
			fresh = true;
		}
		if (!fresh)
			tf_put_char(b, ' ');
		tf_put(b, p, n);
		at += !fresh + wide;
		fresh = false;
		p += n;
		p += strspn(p, " ");
	}
	return at;
}

size_t
tf_put_wrapped_buf(struct tf_buf *b, struct tf_buf *text, size_t at, size_t indent, size_t width)
{
	tf_put_char(text, '\0');
	if (text->error == 0)
		at = tf_put_wrapped(b, text->data, at, indent, width);
	else if (b->error == 0)
		b->error = text->error;
	text->len = 0;
	return at;
}

void
tf_put_end(struct tf_buf *b, const struct tf_output_options *options, const struct tf_addr *addr,
           uint16_t port)
{
	const char *name = options->lookup != NULL ? options->lookup(options->lookup_context, addr) : NULL;

	if (name == NULL) {
		tf_put_addr_port(b, addr, port);
		return;
	}
	tf_put_clean(b, name);
	tf_put_char(b, ':');
	tf_put_u64(b, port);
}

/* What stands between the members I-1 and I of COUNT. */
static void
put_separator(struct tf_buf *b, size_t i, size_t count, const char *last)
{
	if (i > 0)
		tf_put_str(b, i + 1 == count ? last : ", ");
}

void
tf_put_number_list(struct tf_buf *b, const uint64_t *v, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		put_separator(b, i, count, " and ");
		tf_put_u64(b, v[i]);
	}
}

void
tf_put_state_list(struct tf_buf *b, tf_states set)
{
	size_t count = 0, i = 0;

	for (unsigned s = 0; s < TF_STATE_COUNT; s++)
		count += (set & TF_STATES(s)) != 0;
	for (unsigned s = 0; s < TF_STATE_COUNT; s++) {
		if ((set & TF_STATES(s)) == 0)
			continue;
		put_separator(b, i++, count, " or ");
		tf_put_str(b, tf_state_name((enum tf_state)s));
	}
}

void
tf_put_plural(struct tf_buf *b, uint64_t n, const char *one, const char *many)
{
	tf_put_grouped(b, n);
	tf_put_char(b, ' ');
	tf_put_str(b, n == 1 ? one : many);
}

tf_states
tf_undecided(enum tf_state state, tf_states possible)
{
	/* Any program may abort at any moment, and close before its FIN passes:
	 * that is true of every connection and tells nothing of this one. */
	unsigned rest = possible & ~(1u << state | 1u << TF_CLOSED);

	if (state == TF_CLOSED || state == TF_LISTEN || state == TF_SYN_SENT)
		return 0;
	if (state == TF_FIN_WAIT_2)
		rest &= ~(1u << TF_FIN_WAIT_1);
	/* That the last ACK or FIN arrived is presumed of every connection. */
	if (state == TF_ESTABLISHED)
		rest &= ~(1u << TF_FIN_WAIT_1 | 1u << TF_SYN_RECEIVED | 1u << TF_LISTEN | 1u << TF_SYN_SENT);
	if (state == TF_SYN_RECEIVED)
		rest &= ~(1u << TF_FIN_WAIT_1 | 1u << TF_LISTEN);
	if (state == TF_CLOSE_WAIT)
		rest &= ~(1u << TF_LAST_ACK | 1u << TF_CLOSING | 1u << TF_ESTABLISHED | 1u << TF_FIN_WAIT_1);
	return (tf_states)rest;
}

bool
tf_filter_conn(const struct tf_output_filter *filter, uint64_t conn)
{
	for (size_t i = 0; i < filter->conn_count; i++) {
		if (filter->conns[i] == conn)
			return true;
	}
	return filter->conn_count == 0;
}

bool
tf_filter_record(const struct tf_output_filter *filter, const struct tf_connection_record *r)
{
	tf_states states = TF_STATES(r->end[TF_CLIENT].state) | TF_STATES(r->end[TF_SERVER].state);

	if (!tf_filter_conn(filter, r->conn))
		return false;
	if (filter->states != 0 && (filter->states & states) == 0)
		return false;
	for (size_t i = 0; i < r->anomaly_count; i++) {
		if (filter->id[r->anomalies[i].id])
			return true;
	}
	return !filter->by_id;
}

bool
tf_filter_set(const struct tf_output_filter *filter)
{
	return filter->conn_count > 0 || filter->states != 0 || filter->by_id;
}
