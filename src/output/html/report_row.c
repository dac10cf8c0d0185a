/*
 * A connection's row for the page's table, in few octets: numbers, as
 * trail.h writes them, unless said otherwise.  data.js reads it.
 *
 *   number, begin (signed, since the base), duration (signed),
 *   an octet: close, 8 where the roles are guessed, 16 evicted, 128 replaced, 32 and 64 the client's and the
 *   server's address is IPv6, the handshake's round trip + 1 (0: not known), how many kinds of findings, each
 *   kind's id;
 *   then of each end: its address (4 or 16 octets), its port (2 octets, the higher first),
 *   an octet: the last state + 16 * the first one (15: not known), the other states that it may be in, packets,
 *   octets, segments sent again, the window scale + 1 (0: none, +16 the initial sequence number is known),
 *   that number (4 octets, the highest first)
 */
#include "output/html/report.h"
#include "output/number.h"
#include "output/style.h"

#define LONGEST 320 /* octets, but for the kinds of findings, which have two each */

static uint8_t *
put_end(uint8_t *at, const struct tf_end_record *e)
{
	bool ipv4 = tf_addr_is_ipv4(&e->addr);
	unsigned first = e->history_count > 0 ? e->history[0] : 15;
	unsigned scale = e->wscale >= 0 && e->wscale < 15 ? (unsigned)e->wscale + 1 : 0;

	memcpy(at, e->addr.byte + (ipv4 ? 12 : 0), ipv4 ? 4 : 16);
	at += ipv4 ? 4 : 16;
	*at++ = (uint8_t)(e->port >> 8);
	*at++ = (uint8_t)e->port;
	*at++ = (uint8_t)((unsigned)e->state | first << 4);
	at = tf_number(at, tf_undecided(e->state, e->possible));
	at = tf_number(at, e->packets);
	at = tf_number(at, e->bytes);
	at = tf_number(at, e->retransmitted);
	*at++ = (uint8_t)(scale | (e->isn_known ? 16 : 0));
	for (unsigned shift = 32; e->isn_known && shift > 0;)
		*at++ = (uint8_t)(e->isn.v >> (shift -= 8));
	return at;
}

static uint8_t *
put_row(uint8_t *at, const struct tf_output *o, const struct tf_connection_record *r)
{
	at = tf_number(at, r->conn);
	at = tf_number_signed(at, tf_report_since(o, r->first_ts_ns));
	at = tf_number_signed(at, tf_report_units(o, r->last_ts_ns - r->first_ts_ns));
	*at++ = (uint8_t)((unsigned)r->close | (r->roles == TF_ROLES_GUESSED ? 8 : 0) |
	                  (r->evicted ? 16 : 0) | (tf_addr_is_ipv4(&r->end[TF_CLIENT].addr) ? 0 : 32) |
	                  (tf_addr_is_ipv4(&r->end[TF_SERVER].addr) ? 0 : 64) | (r->replaced ? 128 : 0));
	at = tf_number(at,
	               r->handshake_rtt_ns < 0 ? 0 : (uint64_t)tf_report_units(o, r->handshake_rtt_ns) + 1);
	at = tf_number(at, r->anomaly_count);
	for (size_t i = 0; i < r->anomaly_count; i++)
		at = tf_number(at, r->anomalies[i].id);
	at = put_end(at, &r->end[TF_CLIENT]);
	return put_end(at, &r->end[TF_SERVER]);
}

void
tf_report_connection(struct tf_output *o, const struct tf_connection_record *r,
                     const struct tf_pending *trail)
{
	struct tf_report *report = o->state;
	uint8_t row[LONGEST + 2 * TF_ANOMALY_COUNT];

	tf_put_lit(&o->out, "[\"c\",\"");
	tf_put_base64(&o->out, row, (size_t)(put_row(row, o, r) - row));
	if (trail != NULL) {
		tf_put_lit(&o->out, "\",\"");
		report->detail_octets += tf_put_trail(&o->out, &report->trails, trail);
		tf_put_lit(&o->out, "\",");
		tf_put_u64(&o->out, trail->lost_lines);
		tf_put_lit(&o->out, "],\n");
	} else {
		tf_put_lit(&o->out, "\"],\n");
	}
}
