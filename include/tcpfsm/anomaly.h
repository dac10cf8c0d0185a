/*
 * The catalogue of anomalies as C sees it: generated from anomalies.def.
 */
#ifndef TCPFSM_ANOMALY_H
#define TCPFSM_ANOMALY_H

enum tf_severity { TF_INFO, TF_NOTICE, TF_WARNING, TF_ERROR, TF_SEVERITY_COUNT };

enum tf_family {
	TF_OPENING,
	TF_ISN,
	TF_ESTABLISHED_FAMILY,
	TF_CLOSING_FAMILY,
	TF_CAPTURE,
	TF_FAMILY_COUNT
};

enum tf_anomaly {
#define ANOMALY(id, name, severity, family, title, message, what, why, causes, look, reference) TF_A_##id,
#include "tcpfsm/anomalies.def"
#undef ANOMALY
	TF_ANOMALY_COUNT
};

struct tf_anomaly_info {
	const char *id; /* "stuck-fin-wait-2" */
	enum tf_severity severity;
	enum tf_family family;
	const char *title;   /* a few words, no full stop */
	const char *message; /* template of the finding's sentence: {name} stands for the detail NAME,
	                        {end} for "the client" or "the server", {peer} for the other one */
	const char *what;    /* what happened: one paragraph */
	const char *why;     /* why it matters */
	const char *causes;  /* the usual causes */
	const char *look;    /* what to look at next; on Linux which ss, sysctl or counter */
	const char *reference; /* "RFC 9293 section 3.6" */
};

const struct tf_anomaly_info *tf_anomaly_info(enum tf_anomaly a);

/* The anomaly called ID, or -1. */
int tf_anomaly_by_id(const char *id);

/* "info", "notice", "warning", "error"; "opening", "isn", "established", "closing", "capture". */
const char *tf_severity_name(enum tf_severity s);
const char *tf_family_name(enum tf_family f);
int tf_severity_by_name(const char *name);
int tf_family_by_name(const char *name);

#endif
