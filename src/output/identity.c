/*
 * Identities: see identity.h.  It knows which details are words that tell
 * one fault from another, and which of them merely follow the timing of a
 * run; it does not know who compares identities, or why.
 */
#include "identity.h"

#include <stdio.h>

/* Words that differ between two runs with the same fault, or repeat the end. */
static bool
is_passing(enum tf_anomaly id, const char *name)
{
	return (id == TF_A_MIDSTREAM && strcmp(name, "first") == 0) ||
	       (id == TF_A_RST_ABORT && strcmp(name, "by") == 0);
}

/* WORDS as one word: what would end it, or begin a comment or a pattern, becomes '_'. */
static void
put_as_word(struct tf_buf *b, const char *words)
{
	for (; *words != '\0'; words++)
		tf_put_char(b, *words <= ' ' || *words > '~' || strchr("#*", *words) ? '_' : *words);
}

static void
put_details(struct tf_buf *b, const struct tf_finding *f)
{
	for (size_t i = 0; i < f->detail_count; i++) {
		const struct tf_detail *d = &f->detail[i];

		if (d->kind != TF_D_TEXT || d->text == NULL || is_passing(f->id, d->name))
			continue;
		tf_put_char(b, ' ');
		tf_put_str(b, d->name);
		tf_put_char(b, '=');
		put_as_word(b, d->text);
	}
}

/* Who knows a mild one does not know a grave one, though both are of a kind; where a note says why, that tells them
 * apart. */
static void
put_severity(struct tf_buf *b, const struct tf_finding *f)
{
	if (f->severity == tf_anomaly_info(f->id)->severity)
		return;
	for (size_t i = 0; i < f->detail_count; i++)
		if (strcmp(f->detail[i].name, "note") == 0)
			return;
	tf_put_lit(b, " severity=");
	tf_put_str(b, tf_severity_name(f->severity));
}

/* The subject of a finding about the capture may be a file's name: that is no part of what it is. */
static void
put_subject(struct tf_buf *b, const struct tf_finding *f)
{
	if (tf_anomaly_info(f->id)->family == TF_CAPTURE || f->subject == NULL)
		tf_put_lit(b, "capture");
	else
		put_as_word(b, f->subject);
}

void
tf_put_identity(struct tf_buf *b, const struct tf_finding *f)
{
	const char *end = tf_endpoint_name(f->endpoint);

	tf_put_str(b, tf_anomaly_info(f->id)->id);
	tf_put_char(b, ' ');
	tf_put_str(b, end != NULL ? end : "-");
	tf_put_char(b, ' ');
	if (f->ends_known) {
		tf_put_addr(b, &f->addr[TF_CLIENT]);
		tf_put_lit(b, " -> ");
		tf_put_addr_port(b, &f->addr[TF_SERVER], f->port[TF_SERVER]);
	} else {
		put_subject(b, f);
	}
	put_details(b, f);
	put_severity(b, f);
}

void
tf_fingerprint_of(const char *identity, size_t length, char text[TF_FINGERPRINT_TEXT])
{
	uint8_t digest[TF_SHA1_SIZE];

	tf_sha1(identity, length, digest);
	for (size_t i = 0; i < sizeof digest; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
}

void
tf_fingerprint(const struct tf_finding *f, char text[TF_FINGERPRINT_TEXT])
{
	struct tf_buf b;

	text[0] = '\0';
	tf_buf_init(&b, -1);
	tf_put_identity(&b, f);
	if (b.error == 0)
		tf_fingerprint_of(b.data, b.len, text);
	tf_buf_fini(&b);
}
