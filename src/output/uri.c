/*
 * File names as URI references: see uri.h.  Octets are taken as they are;
 * which character set a name is in, nobody knows.
 */
#include "uri.h"

/* RFC 3986 section 3.3: what a path holds as it is. */
static bool
is_plain(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("-._~/!$&'()*+,;=:@", c) != NULL);
}

void
tf_put_file_uri(struct tf_buf *b, const char *path)
{
	static const char digits[] = "0123456789ABCDEF";
	const char *colon = strchr(path, ':'), *slash = strchr(path, '/');

	if (*path == '/')
		tf_put_lit(b, "file://");
	else if (colon != NULL && (slash == NULL || colon < slash))
		tf_put_lit(b, "./");
	for (; *path != '\0'; path++) {
		unsigned char c = (unsigned char)*path;

		if (is_plain(c)) {
			tf_put_char(b, *path);
			continue;
		}
		tf_put_char(b, '%');
		tf_put_char(b, digits[c >> 4]);
		tf_put_char(b, digits[c & 15]);
	}
}
