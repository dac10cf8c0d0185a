/*
 * Characters of XML 1.0 (fifth edition, sections 2.2 and 2.4).  A line feed
 * or tab in an attribute would be read back as a blank, so they are written
 * as references.
 */
#include "xml.h"

/* A reference for C, or NULL where it may stand as it is. */
static const char *
reference(unsigned char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\n':
		return "&#10;";
	case '\t':
		return "&#9;";
	case '\r':
		return "&#13;";
	default:
		return c < ' ' || c == 0x7f ? "\xef\xbf\xbd" : NULL;
	}
}

/* U+FFFE and U+FFFF are no characters of XML. */
static bool
is_excluded(const char *s, size_t n)
{
	return n == 3 && (memcmp(s, "\xef\xbf\xbe", 3) == 0 || memcmp(s, "\xef\xbf\xbf", 3) == 0);
}

static void
put_escaped(struct tf_buf *b, const char *s, bool lines)
{
	while (*s != '\0') {
		size_t n = tf_utf8_length((const unsigned char *)s);
		const char *instead = n == 1 ? reference((unsigned char)*s) : NULL;

		if (n == 0 || is_excluded(s, n))
			tf_put_lit(b, "\xef\xbf\xbd");
		else if (instead != NULL && !(lines && *s == '\n'))
			tf_put_str(b, instead);
		else
			tf_put(b, s, n);
		s += n > 0 ? n : 1;
	}
}

void
tf_put_xml(struct tf_buf *b, const char *s)
{
	put_escaped(b, s, true);
}

void
tf_put_xml_attribute(struct tf_buf *b, const char *name, const char *value)
{
	tf_put_char(b, ' ');
	tf_put_str(b, name);
	tf_put_lit(b, "=\"");
	put_escaped(b, value, false);
	tf_put_char(b, '"');
}

void
tf_put_xml_number(struct tf_buf *b, const char *name, uint64_t value)
{
	tf_put_char(b, ' ');
	tf_put_str(b, name);
	tf_put_lit(b, "=\"");
	tf_put_u64(b, value);
	tf_put_char(b, '"');
}
