/*
 * A helper: a process of ours that does one kind of thing that the sealed
 * one cannot, and is asked over a socket.  It is started before anything
 * hostile is read, so what it believes cannot have been touched.
 */
#ifndef TCPFSM_CONFINE_HELPER_H
#define TCPFSM_CONFINE_HELPER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct tf_helper {
	int fd;    /* a SOCK_SEQPACKET socket to it; -1: there is none */
	pid_t pid; /* of it */
};

/* Start a helper that runs SERVE(fd, CONTEXT), a loop that ends when the other end of FD has gone.  It shows as
 * NAME (15 characters) in ps(1), heeds no signal of the terminal and has neither standard input nor output.
 * False, with errno, where there is none then. */
bool tf_helper_start(struct tf_helper *h, const char *name, void (*serve)(int fd, void *context),
                     void *context);

/* Ask the helper at the other end of FD: the SIZE octets of QUESTION are one message.  False, with errno, where it has
 * gone. */
bool tf_helper_ask(int fd, const void *question, size_t size);

/* End it, and wait for that. */
void tf_helper_stop(struct tf_helper *h);

/* The same, but wait for no longer than a second: for one that asked to be killed when its master ends. */
void tf_helper_leave(struct tf_helper *h);

#endif
