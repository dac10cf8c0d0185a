/*
 * Findings that wait for the end of the run, by severity: what a report
 * that begins with the worst is made of.  Each severity has a bounded
 * number of rows; what found no room is counted.
 */
#ifndef TCPFSM_OUTPUT_SHELF_H
#define TCPFSM_OUTPUT_SHELF_H

#include "buffer.h"
#include "tcpfsm/event.h"

/* All zero is an empty one, but for tf_shelf_init(). */
struct tf_shelf {
	size_t most_rows, most_octets; /* of a severity */
	struct {
		struct tf_buf text;
		uint64_t kept, left; /* rows that are in text, and that found no room */
	} row[TF_SEVERITY_COUNT];
	uint64_t known; /* findings that the baseline knows: they have no row */
};

void tf_shelf_init(struct tf_shelf *s, size_t most_rows, size_t most_octets);
void tf_shelf_fini(struct tf_shelf *s);

/* Where the row of F goes, or NULL where there is no room, or F is known. */
struct tf_buf *tf_shelf_row(struct tf_shelf *s, const struct tf_finding *f);

/* Findings of SEVERITY that are not known, those without a row among them. */
uint64_t tf_shelf_count(const struct tf_shelf *s, enum tf_severity severity);

/* "1 error, 2 warnings and 3 of the kind info"; "none". */
void tf_put_shelf_counts(struct tf_buf *b, const struct tf_shelf *s);

/* The errno of the first row that failed; 0: none did. */
int tf_shelf_error(const struct tf_shelf *s);

#endif
