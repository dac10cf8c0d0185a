/*
 * Giving up what the rest of the run does not need.  A process that parses
 * hostile packets needs one socket that it reads from, and files that are
 * open already: neither privilege, nor new files, nor new sockets.
 *
 * It knows users, capabilities (capabilities(7)) and system calls
 * (seccomp(2)).  It deliberately does not know what is captured or written:
 * whoever calls opens everything first.
 */
#ifndef TCPFSM_CONFINE_CONFINE_H
#define TCPFSM_CONFINE_CONFINE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum {
	TF_CONFINE_MESSAGE_SIZE = 256, /* octets that a message for the user may take, with its NUL */
};

/* Whom to become. */
struct tf_identity {
	bool change; /* false: stay the user that we are */
	uid_t uid;
	gid_t gid;
};

/* The identity of USER; of the default one, if there is privilege to give up, where USER is NULL.
 * False with a line in MESSAGE where there is no such user, or no right to become somebody else. */
bool tf_identity_find(struct tf_identity *who, const char *user, char message[TF_CONFINE_MESSAGE_SIZE]);

/* Become WHO, drop all capabilities and forbid new privileges, for good.  False with a line in MESSAGE where
 * anything is left. */
bool tf_identity_take(const struct tf_identity *who, char message[TF_CONFINE_MESSAGE_SIZE]);

/* Descriptors of which a sealed process may not make everything. */
struct tf_seal {
	int capture_fd;     /* is never written to: whoever holds a packet socket could send; -1: none */
	bool uses_terminal; /* may set the terminal's mode */
};

/* From now on this process cannot gain privileges, open files or sockets, or run programs: no-new-privs and a
 * filter of system calls.  False with a line in MESSAGE where the kernel refuses. */
bool tf_seal_set(const struct tf_seal *seal, char message[TF_CONFINE_MESSAGE_SIZE]);

/* The same for a helper that opens files by name: it has no sockets but the one that it was given. */
bool tf_seal_set_for_files(char message[TF_CONFINE_MESSAGE_SIZE]);

/* What this build can do: "libseccomp, libcap-ng" or a part of it; "" for nothing. */
const char *tf_confine_features(void);

#endif
