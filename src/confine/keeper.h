/*
 * The keeper of the output files: a helper that opens them anew when they
 * are rotated, since the process that captures cannot open anything.
 *
 * It is asked by number and knows the names from before the capture began:
 * whoever took over the other side could have these very files opened for
 * appending, and no other.  It opens with the user that started the program,
 * without capabilities but the one by which root may write into a folder
 * that belongs to somebody else, and, where no live capture is to be guarded,
 * the one by which a file that is replaced keeps its owner.
 */
#ifndef TCPFSM_CONFINE_KEEPER_H
#define TCPFSM_CONFINE_KEEPER_H

#include "confine/beside.h"
#include "confine/helper.h"

enum {
	TF_KEEPER_FILES = 32, /* most files that it keeps */
};

/* How a file is opened: at its end; or empty and beside itself until it is put in its place, or in that of the file to
 * which it is a link. */
enum tf_keeping { TF_KEPT_OPEN, TF_KEPT_REPLACED, TF_KEPT_REPLACED_BEHIND_LINKS };

struct tf_kept_file {
	const char *name;
	enum tf_keeping how;
	struct tf_beside beside; /* of the helper alone */
};

struct tf_keeper {
	struct tf_helper helper;
	struct tf_kept_file file[TF_KEEPER_FILES];
	size_t count;
	bool seals; /* the helper gives up all system calls but its own, or it does not serve */
};

/* Add a file before the start.  False where there are too many. */
bool tf_keeper_add(struct tf_keeper *k, const char *name, enum tf_keeping how);

/* False, with errno, where no process can be started.  Without files none is. */
bool tf_keeper_start(struct tf_keeper *k);
/* What is beside a file and was not put in its place is removed, as it is where this process dies. */
void tf_keeper_stop(struct tf_keeper *k);

/* A new descriptor of the file NAME, the caller's to close; -1 with errno. */
int tf_keeper_open(struct tf_keeper *k, const char *name);

/* The same of a new file beside NAME, which is replaced: tf_beside_open() says which, and what errno means. */
int tf_keeper_open_beside(struct tf_keeper *k, const char *name);

/* Put what was written beside NAME in its place, at once.  False with errno: then it is gone. */
bool tf_keeper_put(struct tf_keeper *k, const char *name);

/* Remove what was written beside NAME. */
void tf_keeper_drop(struct tf_keeper *k, const char *name);

#endif
