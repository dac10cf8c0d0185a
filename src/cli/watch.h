/*
 * What a run does beside its packets while it goes on: writes out what is
 * ready, lets the clock run where the line is silent, reports, answers
 * signals, keeps the metrics, and ends when its time is over.
 *
 * It knows clocks, signals and files; what a segment means it does not.
 */
#ifndef TCPFSM_CLI_WATCH_H
#define TCPFSM_CLI_WATCH_H

#include "cli/guard.h"
#include "cli/intake.h"
#include "cli/outputs.h"
#include "cli/packets.h"
#include "screen/screen.h"
#include "tcpfsm/analyzer.h"

struct tf_watch {
	const struct tf_options *options;
	struct tf_capture *capture;
	struct tf_outputs *outputs;
	struct tf_packets *packets;
	struct tf_guard *guard;
	struct tf_screen *screen; /* NULL: none */
	struct tf_analyzer *analyzer;
	const struct tf_intake *intake;

	int64_t started_ns;    /* since the epoch */
	int64_t begun_ns;      /* monotonic, as are those below */
	int64_t looked_ns;     /* a second's work was done */
	int64_t reported_ns;   /* -G */
	int64_t measured_ns;   /* --prometheus */
	int64_t keyed_ns;      /* --top: keys were looked at */
	int64_t shown_ns;      /* --top: the picture was renewed; 0: never */
	int64_t show_every_ns; /* --top: how long until it is renewed again */
	int64_t
	    passed_ns; /* since the epoch: so far the analyzer's clock went on a silent line; 0: it did not */
	bool drops_said;   /* that the kernel loses packets */
	bool metrics_fail; /* they could not be written the last time */
};

/* The run begins; all fields above the times are set. */
void tf_watch_begin(struct tf_watch *w);

/* Live: what is due after a batch (TF_CAPTURE_IDLE: the line was silent). */
void tf_watch_tick(struct tf_watch *w, int frames);

/* The screen's part of it: for whoever reads files, too. */
void tf_watch_screen(struct tf_watch *w);

/* The analysis is finished: the screen shows it until the user leaves. */
void tf_watch_stay(struct tf_watch *w);

/* The run is over: the metrics a last time.  False where they could not be written. */
bool tf_watch_end(struct tf_watch *w);

#endif
