/*
 * What keys do: the choice, the panes, the filter that is being typed.
 * A key is an ASCII octet or one of enum tf_key; which terminal it came
 * from is not known here.
 */
#ifndef TCPFSM_SCREEN_VIEW_H
#define TCPFSM_SCREEN_VIEW_H

#include "screen/model.h"

enum tf_key {
	TF_KEY_UP = 0x100,
	TF_KEY_DOWN,
	TF_KEY_PAGE_UP,
	TF_KEY_PAGE_DOWN,
	TF_KEY_HOME,
	TF_KEY_END,
	TF_KEY_ENTER,
	TF_KEY_ESCAPE,
	TF_KEY_BACKSPACE,
};

struct tf_view {
	struct tf_model *model;
	bool details;  /* the pane shows the chosen connection, else the feed */
	bool help;     /* the keys are explained */
	bool paused;   /* nothing is taken in */
	bool typing;   /* keys are the filter's text */
	bool leaving;  /* the user has had enough */
	size_t first;  /* place of the first row on the screen */
	size_t page;   /* rows on the screen */
	size_t scroll; /* details: lines up from the end */
	char typed[TF_MODEL_PATTERN];
};

void tf_view_init(struct tf_view *v, struct tf_model *model);
void tf_view_key(struct tf_view *v, int key);

/* Move the screen so that the chosen row is among PAGE rows. */
void tf_view_follow(struct tf_view *v, size_t page);

/* One line about the keys, for the bottom of the screen; and all of them, a line each, up to NULL. */
const char *tf_view_hint(const struct tf_view *v);
extern const char *const tf_view_help[];

/* The chosen connection at length: its facts, its findings, and its ladder WIDTH columns wide. */
void tf_put_details(struct tf_buf *b, const struct tf_model *m, size_t width, bool utf8);

#endif
