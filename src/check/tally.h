/*
 * How often each text occurred: a bounded multiset, sorted when asked for.
 *
 * Texts are appended; now and then they are sorted and equal ones are put
 * together, so that memory follows the number of different texts.  Where
 * those are too many, the ones that come first in order are kept.
 */
#ifndef TCPFSM_CHECK_TALLY_H
#define TCPFSM_CHECK_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TF_TALLY_MOST = 1 << 20 }; /* different texts */

struct tf_tally_row {
	char *text;
	uint64_t count;
};

/* All zero is an empty one. */
struct tf_tally {
	struct tf_tally_row *row;
	size_t count, capacity; /* of row */
	uint64_t surplus;       /* occurrences of texts beyond TF_TALLY_MOST */
	uint64_t lost;          /* occurrences for which there was no memory */
};

/* TEXT occurred once more.  Where there is no memory, it is counted as lost. */
void tf_tally_add(struct tf_tally *t, const char *text);

/* Sort the rows by their octets, each text once, at most TF_TALLY_MOST of them. */
void tf_tally_sort(struct tf_tally *t);

void tf_tally_fini(struct tf_tally *t);

#endif
