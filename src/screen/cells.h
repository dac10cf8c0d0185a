/*
 * Rows and counts as short texts, cut to columns.
 */
#ifndef TCPFSM_SCREEN_CELLS_H
#define TCPFSM_SCREEN_CELLS_H

#include <stddef.h>
#include <stdint.h>

#include "screen/model.h"

enum { TF_CELL = 256 }; /* octets of a cell's text, with its NUL */

/* "10.0.0.1:80", "[2001:db8::1]:80". */
void tf_cell_end(char cell[TF_CELL], const struct tf_row *row, enum tf_endpoint end);

/* At most four columns: "<1s", "59s", "12m", "3h", "40d". */
void tf_cell_age(char cell[TF_CELL], int64_t ns);

/* At most four columns: "0", "999", "1.2k", "123k", "4.5M" (powers of ten). */
void tf_cell_size(char cell[TF_CELL], uint64_t n);

/* The count of findings and, as far as they fit WIDTH columns, their ids: "2 idle,rst-abort". */
void tf_cell_findings(char cell[TF_CELL], const struct tf_row *row, size_t width);

/* The cell of ROW in COLUMN, WIDTH columns at most; NOW_NS is the model's.  What is too long loses its front,
 * where addresses are least telling. */
void tf_cell(char cell[TF_CELL], const struct tf_row *row, enum tf_column column, size_t width,
             int64_t now_ns);

/* The heading of COLUMN. */
const char *tf_cell_heading(enum tf_column column);

/* How wide each column is in a window of WIDTH columns, with one blank between two; 0: there is no room for it. */
void tf_cell_widths(size_t widths[TF_COLUMN_COUNT], size_t width);

/* "ESTAB 3  TIME-WAIT 1": the states of one side, as far as they fit. */
void tf_cell_states(char cell[TF_CELL], const uint64_t states[TF_STATE_COUNT], size_t width);

/* As ss(8) prints it, "ESTAB", at most ten columns; but CLOSED by its name. */
const char *tf_state_short_name(enum tf_state s);

#endif
