/*
 * Findings in words: see message.h.  The words themselves are the
 * catalogue's (anomalies.def); only numbers, ends and states are put in
 * here.
 */
#include "message.h"

const char *
tf_end_words(enum tf_endpoint e)
{
	return e == TF_CLIENT ? "the client" : e == TF_SERVER ? "the server" : "one end";
}

const char *
tf_peer_words(enum tf_endpoint e)
{
	return e == TF_CLIENT ? "the server" : e == TF_SERVER ? "the client" : "the other end";
}

static const char *
state_word(uint64_t state)
{
	return state < TF_STATE_COUNT ? tf_state_name((enum tf_state)state) : "an unknown state";
}

void
tf_put_detail(struct tf_buf *b, const struct tf_detail *d)
{
	switch (d->kind) {
	case TF_D_COUNT:
		tf_put_grouped(b, d->count);
		break;
	case TF_D_PACKET:
	case TF_D_SEQ:
		tf_put_u64(b, d->count);
		break;
	case TF_D_DURATION:
		tf_put_duration(b, d->ns);
		break;
	case TF_D_TIME:
		tf_put_utc(b, d->ns, 6);
		tf_put_lit(b, " UTC");
		break;
	case TF_D_RATIO:
		tf_put_ratio(b, d->ratio * 100, 1);
		tf_put_lit(b, " %");
		break;
	case TF_D_STATE:
		tf_put_str(b, state_word(d->count));
		break;
	case TF_D_TEXT:
		tf_put_clean(b, d->text != NULL ? d->text : "?");
		break;
	case TF_D_BOOL:
		tf_put_str(b, d->count != 0 ? "yes" : "no");
		break;
	case TF_D_ADDR:
		tf_put_addr(b, &d->addr);
		break;
	}
}

void
tf_put_detail_json(struct tf_buf *b, const struct tf_detail *d, unsigned decimals)
{
	switch (d->kind) {
	case TF_D_COUNT:
	case TF_D_PACKET:
	case TF_D_SEQ:
		tf_put_u64(b, d->count);
		break;
	case TF_D_DURATION:
		tf_put_seconds(b, d->ns);
		break;
	case TF_D_TIME:
		tf_put_seconds_fixed(b, d->ns, decimals);
		break;
	case TF_D_RATIO:
		tf_put_ratio(b, d->ratio, 6);
		break;
	case TF_D_STATE:
		tf_put_json_string(b, state_word(d->count));
		break;
	case TF_D_TEXT:
		tf_put_json_string(b, d->text);
		break;
	case TF_D_BOOL:
		tf_put_str(b, d->count != 0 ? "true" : "false");
		break;
	case TF_D_ADDR:
		tf_put_char(b, '"');
		tf_put_addr(b, &d->addr);
		tf_put_char(b, '"');
		break;
	}
}

static bool
is_name(const char *name, const char *begin, size_t n)
{
	return *name == *begin && strlen(name) == n && memcmp(name, begin, n) == 0;
}

/* What stands for {NAME}, N octets long; a number that the finding lacks is a question mark.  Returns whether a sentence
 * may begin with a capital there: an address has none. */
static bool
put_named(struct tf_buf *b, const struct tf_finding *f, const char *name, size_t n)
{
	if (is_name("end", name, n)) {
		tf_put_str(b, f->subject != NULL ? "this host" : tf_end_words(f->endpoint));
		return true;
	}
	if (is_name("peer", name, n)) {
		tf_put_str(b, tf_peer_words(f->endpoint));
		return true;
	}
	for (size_t i = 0; i < f->detail_count; i++) {
		if (is_name(f->detail[i].name, name, n)) {
			tf_put_detail(b, &f->detail[i]);
			return f->detail[i].kind != TF_D_ADDR;
		}
	}
	tf_put_char(b, '?');
	return true;
}

/* Does a sentence begin at the template's position P? */
static bool
begins_sentence(const char *template, const char *p)
{
	return p == template || (p - template >= 2 && p[-1] == ' ' && p[-2] == '.');
}

/* Make the letter at AT a capital: "the client" may begin the sentence. */
static void
capitalize(struct tf_buf *b, size_t at)
{
	if (at < b->len && b->data[at] >= 'a' && b->data[at] <= 'z')
		b->data[at] = (char)(b->data[at] - 'a' + 'A');
}

/* TEMPLATE with what stands for each {NAME}. */
static void
put_sentences(struct tf_buf *b, const struct tf_finding *f, const char *template)
{
	const char *p = template, *open, *close;

	while ((open = strchr(p, '{')) != NULL && (close = strchr(open, '}')) != NULL) {
		tf_put(b, p, (size_t)(open - p));
		size_t at = b->len;
		if (put_named(b, f, open + 1, (size_t)(close - open - 1)) && begins_sentence(template, open))
			capitalize(b, at);
		p = close + 1;
	}
	tf_put_str(b, p);
}

/* What not every finding of its kind has: the word of a router, and why this one is milder than others. */
static void
put_more(struct tf_buf *b, const struct tf_finding *f, const char *template)
{
	for (size_t i = 0; i < f->detail_count; i++) {
		const char *name = f->detail[i].name;

		if (strcmp(name, "problem") == 0 && !strstr(template, "{problem}"))
			put_sentences(b, f, " {router} said \"{problem}\" (type {type}, code {code}).");
		if (strcmp(name, "note") != 0)
			continue;
		tf_put_char(b, ' ');
		tf_put_detail(b, &f->detail[i]);
	}
}

void
tf_put_message(struct tf_buf *b, const struct tf_finding *f)
{
	const char *template = tf_anomaly_info(f->id)->message;

	put_sentences(b, f, template);
	put_more(b, f, template);
}

const struct tf_ending *
tf_ending_in(const struct tf_connection_record *r, enum tf_anomaly id, enum tf_endpoint end)
{
	for (size_t i = 0; i < r->ending_count; i++)
		if (r->endings[i].id == id && r->endings[i].endpoint == end)
			return &r->endings[i];
	return NULL;
}

void
tf_put_ending(struct tf_buf *b, const struct tf_ending *e)
{
	static const char *const words[] = {
	    [TF_ENDED_HEARD] = " was heard again",
	    [TF_ENDED_OPENED] = " opened its window again",
	    [TF_ENDED_ANSWERED] = " answered after all,",
	    [TF_ENDED_ACKNOWLEDGED] = " acknowledged the FIN after all,",
	    [TF_ENDED_CLOSED] = " closed after all,",
	    [TF_ENDED_SPOKEN] = " broke the silence",
	    [TF_NOT_ENDED] = "that was still so",
	};
	size_t at = b->len;

	if (e->kind != TF_NOT_ENDED)
		tf_put_str(b, tf_end_words(e->by));
	tf_put_str(b, words[e->kind]);
	capitalize(b, at);
	tf_put_lit(b, " after ");
	tf_put_duration(b, e->after_ns);
	tf_put_lit(b, " (packet ");
	tf_put_u64(b, e->packet);
	tf_put_lit(b, ").");
}
