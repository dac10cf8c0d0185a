/*
 * Text in XML 1.0.
 */
#ifndef TCPFSM_OUTPUT_XML_H
#define TCPFSM_OUTPUT_XML_H

#include "buffer.h"

/* S as the content of an element or attribute: markup escaped, and U+FFFD for what XML 1.0 section 2.2 does not
 * allow even escaped (control characters, what is no UTF-8). */
void tf_put_xml(struct tf_buf *b, const char *s);

/* ` name="value"` */
void tf_put_xml_attribute(struct tf_buf *b, const char *name, const char *value);
void tf_put_xml_number(struct tf_buf *b, const char *name, uint64_t value);

#endif
