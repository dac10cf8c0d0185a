/*
 * The page of --format=html: what it keeps over a run, and how much of a
 * capture goes into it.  Data are written as they become known, one array
 * a line, into a block that the page's script reads:
 *
 *   ["i",...] an input    ["c",row,trail,lost] a connection    ["n",address,name]
 *   ["f",...] a finding   ["e",...] how it ended               ["h",...] a host
 *   ["k",...] a check     ["s",...] what is said at the end
 *
 * Of connections there are many: their rows (report_row.c, data.js) and
 * trails (trail.h, rungs.js) are octets in base 64.  The order of the other
 * arrays' members is known to report_data.c and data.js alone.
 */
#ifndef TCPFSM_OUTPUT_HTML_REPORT_H
#define TCPFSM_OUTPUT_HTML_REPORT_H

#include "output/picture/diagram.h"
#include "output/trail.h"

#define TF_REPORT_ROWS          10000   /* connections without a finding that are listed */
#define TF_REPORT_ROWS_FOUND    8000    /* and with one, beyond those */
#define TF_REPORT_PLAIN_DETAILS 4000000 /* octets of trails, until only connections with findings have any */
#define TF_REPORT_DETAILS       6000000 /* and until none has */
#define TF_REPORT_TRAILS        40000   /* of connections whose record has not come: more than are listed */
#define TF_REPORT_FINDINGS      500     /* of a kind */
#define TF_REPORT_ALL_FINDINGS  4000
#define TF_REPORT_ENDINGS       4000
#define TF_REPORT_HOSTS         500
#define TF_REPORT_CHECKS        500  /* those that passed come last */
#define TF_REPORT_GONE          500  /* lines of the baseline */
#define TF_REPORT_RUNGS         600  /* of a connection, before its plain data are told together */
#define TF_REPORT_RUNGS_CHOSEN  6000 /* where --conn names the connections */
#define TF_REPORT_CONNS         20   /* that a finding about several names */

struct tf_report {
	struct tf_trails trails;
	struct tf_travel travel;
	struct tf_buf line; /* the array at hand */
	bool base_known;    /* the first event's time makes it */
	int64_t base_ns;    /* times in the data count from here */
	uint64_t rows, rows_left_out;
	uint64_t details, details_left_out;
	size_t detail_octets;
	uint64_t findings, findings_left_out, listed[TF_ANOMALY_COUNT];
	uint64_t endings;
	uint64_t severities[TF_ANOMALY_COUNT][TF_SEVERITY_COUNT]; /* how often each was found */
	uint64_t hosts, hosts_left_out;
	bool head_written;
};

/* Arrays of the data block, into the line at hand. */
void tf_report_input(struct tf_output *o, const struct tf_capture_info *info);
void tf_report_finding(struct tf_output *o, const struct tf_finding *f);
void tf_report_ending(struct tf_output *o, uint64_t conn, const struct tf_ending *e);
void tf_report_host(struct tf_output *o, const struct tf_addr *addr, const struct tf_detail *isn,
                    size_t count);
void tf_report_checks(struct tf_output *o, const struct tf_verdict *v);
void tf_report_summary(struct tf_output *o, const struct tf_summary *s);

/* The name of ADDR, where names are looked up and it has one. */
void tf_report_name(struct tf_output *o, const struct tf_addr *addr);

/* A connection's row, and its trail, where it has one: written at once, for there is nothing in it to escape. */
void tf_report_connection(struct tf_output *o, const struct tf_connection_record *r,
                          const struct tf_pending *trail);

/* Write the line at hand with what HTML reads as markup escaped, and begin another one. */
void tf_report_end_line(struct tf_output *o);

/* TS in the data's units since the base. */
void tf_report_time(struct tf_output *o, int64_t ts_ns);

/* Nanoseconds in the data's units: nanoseconds or microseconds. */
int64_t tf_report_units(const struct tf_output *o, int64_t ns);

/* The same of a time since the base. */
static inline int64_t
tf_report_since(const struct tf_output *o, int64_t ts_ns)
{
	const struct tf_report *r = o->state;

	return tf_report_units(o, ts_ns - r->base_ns);
}

/* The page before the data, and after them. */
void tf_page_head(struct tf_output *o);
void tf_page_tail(struct tf_output *o);

#endif
