/*
 * A file that is written beside another one and then put in its place, at
 * once: whoever reads sees the former one whole or the new one whole, and
 * where writing fails the former one stays.
 *
 * Only a regular file is ever replaced, or a name that nothing has yet; and
 * what a link leads to only for whoever asks for that, since somebody else
 * may have put the link there.
 */
#ifndef TCPFSM_CONFINE_BESIDE_H
#define TCPFSM_CONFINE_BESIDE_H

#include <stdbool.h>

/* All zero: nothing is being written. */
struct tf_beside {
	char *path;  /* of the file that is written; owned, NULL: there is none */
	char *place; /* the file whose place it takes; owned */
};

/* Make a new file, empty, in the folder of NAME, or BEHIND_LINKS in that of the file that NAME leads to, and with that
 * one's mode, owner and group as far as the process may give it them.  The descriptor, for writing, is the caller's to
 * close; -1 with errno, and nothing is left behind.  EEXIST: NAME is no regular file; ELOOP: it stands for a
 * descriptor, as /dev/stdout. */
int tf_beside_open(struct tf_beside *b, const char *name, bool behind_links);

/* Put it in its place.  False with errno: then it is gone, and the former file is as it was. */
bool tf_beside_put(struct tf_beside *b);

/* Remove it.  Where there is none nothing happens. */
void tf_beside_drop(struct tf_beside *b);

#endif
