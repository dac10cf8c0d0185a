/*
 * The name of a file as a URI reference (RFC 3986): what a URI may not hold
 * is written as %XX, a path from the root begins with file://, and a first
 * segment with a colon with ./ so that it is not taken for a scheme.
 */
#ifndef TCPFSM_OUTPUT_URI_H
#define TCPFSM_OUTPUT_URI_H

#include "buffer.h"

void tf_put_file_uri(struct tf_buf *b, const char *path);

#endif
