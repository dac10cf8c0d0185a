/*
 * Words of the command line as values: counts, seconds, times and comma
 * separated lists.  Every function takes the whole word or refuses it: no
 * leading blanks, no rest, no overflow.  Nothing is printed here.
 */
#ifndef TCPFSM_CHECK_VALUES_H
#define TCPFSM_CHECK_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A decimal number from MIN to MAX.  False, and *VALUE untouched, for anything else. */
bool tf_parse_count(const char *text, uint64_t min, uint64_t max, uint64_t *value);

/* Seconds, with up to 9 decimals, as nanoseconds: "1.5".  Not negative; at most some 292 years. */
bool tf_parse_seconds(const char *text, int64_t *ns);

/*
 * A moment: seconds since the epoch ("1700000000.5"), or ISO 8601
 * ("2023-11-14T22:13:20.5Z", "2023-11-14 23:13+01:00", "2023-11-14"; UTC
 * where no zone is given), or "+SEC".  *RELATIVE tells the last from the
 * others; *NS is nanoseconds since the epoch, or the seconds after the "+".
 */
bool tf_parse_time(const char *text, int64_t *ns, bool *relative);

/*
 * The next word of a comma separated list: copied to WORD, *LIST moved
 * behind it.  False at the end.  A word that is empty or does not fit in
 * SIZE comes out cut, which no table of names holds.
 */
bool tf_next_word(const char **list, char *word, size_t size);

#endif
