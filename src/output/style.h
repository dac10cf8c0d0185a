/*
 * What the formats for people share: colours, wrapped paragraphs, names of
 * ends, lists in words, and which connections the filter leaves.
 */
#ifndef TCPFSM_OUTPUT_STYLE_H
#define TCPFSM_OUTPUT_STYLE_H

#include "writer.h"

enum tf_color { TF_COLOR_BOLD, TF_COLOR_DIM, TF_COLOR_RED, TF_COLOR_YELLOW, TF_COLOR_CYAN, TF_COLOR_GREEN };

/* Begin a colour, and end all; nothing where the options want none. */
void tf_color_on(struct tf_buf *b, const struct tf_output_options *options, enum tf_color color);
void tf_color_off(struct tf_buf *b, const struct tf_output_options *options);

/* S in COLOR, padded with blanks to WIDTH columns. */
void tf_put_colored(struct tf_buf *b, const struct tf_output_options *options, enum tf_color color,
                    const char *s, size_t width);

/* The severity's word in its colour, padded to the longest one. */
void tf_put_severity(struct tf_buf *b, const struct tf_output_options *options, enum tf_severity s);

/* The state's name in its colour: green where data may flow, dim where all is over, else yellow. */
void tf_put_state(struct tf_buf *b, const struct tf_output_options *options, enum tf_state s);

/*
 * The words of TEXT from column AT on, broken before WIDTH; further lines
 * begin at INDENT.  Returns the column after the last word.  A word that is
 * longer than a line stands alone.
 */
size_t tf_put_wrapped(struct tf_buf *b, const char *text, size_t at, size_t indent, size_t width);

/* The same of what a buffer in memory holds; it is empty afterwards. */
size_t tf_put_wrapped_buf(struct tf_buf *b, struct tf_buf *text, size_t at, size_t indent, size_t width);

/* "10.0.0.1:80", or the host's name where the options look names up. */
void tf_put_end(struct tf_buf *b, const struct tf_output_options *options, const struct tf_addr *addr,
                uint16_t port);

/* "8, 9 and 12". */
void tf_put_number_list(struct tf_buf *b, const uint64_t *v, size_t count);

/* "CLOSED, CLOSING or LAST-ACK". */
void tf_put_state_list(struct tf_buf *b, tf_states set);

/* "1 packet", "2,345 packets". */
void tf_put_plural(struct tf_buf *b, uint64_t n, const char *one, const char *many);

/* The states beside STATE that leave this end's fate open: not those of a close() whose FIN did not pass yet. */
tf_states tf_undecided(enum tf_state state, tf_states possible);

/* Does the filter leave the connection of this number; of this record? */
bool tf_filter_conn(const struct tf_output_filter *filter, uint64_t conn);
bool tf_filter_record(const struct tf_output_filter *filter, const struct tf_connection_record *r);

/* Is there any filter? */
bool tf_filter_set(const struct tf_output_filter *filter);

#endif
