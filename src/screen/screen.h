/*
 * The live screen of --top: a table of connections in the terminal, with a
 * feed of findings, the details of one connection, and counts by state.
 *
 * It knows the terminal (by ncurses) and the model; when it is to be shown,
 * and from which analyzer, its caller knows.
 */
#ifndef TCPFSM_SCREEN_SCREEN_H
#define TCPFSM_SCREEN_SCREEN_H

#include <stdbool.h>

#include "output/status.h"

struct tf_screen;

struct tf_screen_options {
	bool live;  /* connections come and go, and the clock runs; else it is the end of an analysis */
	bool color; /* where the terminal has any */
};

/* Take over the controlling terminal.  NULL with a line in MESSAGE (octets: SIZE) where there is none that will do. */
struct tf_screen *tf_screen_open(const struct tf_screen_options *options, char *message, size_t size);

/* Give the terminal back as it was. */
void tf_screen_close(struct tf_screen *s);

/* The events that it needs, and what takes one: SCREEN is a struct tf_screen. */
unsigned tf_screen_wanted(void);
void tf_screen_event(void *screen, const struct tf_event *event);

/* Heed the keys that are there, after up to WAIT_MS for the first.  False: the user wants to leave, or the
 * terminal has gone. */
bool tf_screen_keys(struct tf_screen *s, int wait_ms);

/* Is the picture to be renewed though no key was pressed (not while it is held)? */
bool tf_screen_wants_news(const struct tf_screen *s);

/* Show what A holds (NULL: nothing any more) at NOW_NS, and STATUS above it. */
void tf_screen_show(struct tf_screen *s, const struct tf_status *status, const struct tf_analyzer *a,
                    int64_t now_ns);

/* A line for the user. */
void tf_screen_say(struct tf_screen *s, const char *line);

/* The program is about to die: give the terminal back.  For signal handlers. */
void tf_screen_rescue(void);

#endif
