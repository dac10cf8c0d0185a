/*
 * A baseline: the findings that are known and do not count as news.
 *
 * The file has a line for each: how many of them, and what they are.
 *
 *   # COUNT  IDENTITY
 *   2 stuck-close-wait server 10.0.0.1 -> 10.0.0.2:80  # Program does not close its socket
 *   * handshake-retransmission * * -> 10.0.0.2:443 *
 *
 * COUNT `*` is any number, and `*` within the identity any run of
 * characters.  What follows a word that begins with `#` is a comment.  The
 * identity is what src/output/identity.h makes of a finding; here it is
 * text, of which only the id must be one of the catalogue.
 */
#ifndef TCPFSM_CHECK_BASELINE_H
#define TCPFSM_CHECK_BASELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tf_baseline_row {
	char *identity;
	uint64_t count; /* UINT64_MAX: any number */
	uint64_t seen;  /* findings of this run that it stood for; at most count */
	unsigned line;  /* of the file, the first one with this identity */
};

/* All zero is an empty one: nothing is known. */
struct tf_baseline {
	struct tf_baseline_row *row; /* exact ones first, sorted; then patterns in the file's order */
	size_t count, capacity;      /* of row */
	size_t exact;                /* of row */
	uint64_t known, news;        /* findings of this run */
};

/* Read the SIZE octets of a baseline at TEXT.  False where a line is none ("line 3: ...") or there is no
 * memory; MESSAGE (SIZE of it in MESSAGE_SIZE) then says so. */
bool tf_baseline_parse(struct tf_baseline *b, const char *text, size_t size, char *message,
                       size_t message_size);

/* A finding was made: is it known?  Each row stands for as many findings as its count. */
bool tf_baseline_knows(struct tf_baseline *b, const char *identity);

/* How many findings of ROW were not made again; of any number, 1 where there was none. */
uint64_t tf_baseline_gone(const struct tf_baseline_row *row);

void tf_baseline_fini(struct tf_baseline *b);

#endif
