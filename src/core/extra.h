/*
 * What only some connections need, in bounded pools beside them: what a
 * closing one needs (struct tf_closing), and from there what a disordered,
 * repeating or otherwise unusual one needs (struct tf_extra).
 *
 * The two are apart because nearly every connection closes, and few do
 * anything else out of the ordinary.
 */
#ifndef TCPFSM_CORE_EXTRA_H
#define TCPFSM_CORE_EXTRA_H

#include <stdbool.h>
#include <stdint.h>

#include "tcpfsm/anomaly.h"
#include "tcpfsm/event.h"
#include "tcpfsm/segment.h"

/* A stretch of sequence space that passed out of order. */
struct tf_range {
	uint32_t next;  /* index of the next one, ascending; 0: none */
	tf_seq left;    /* its first octet */
	tf_seq right;   /* the octet after its last one */
	uint32_t since; /* when the hole before it showed (core/reassembly.c) */
};

/* A FIN and its acknowledgment, as they passed.  Of frames the low 32 bits of their numbers (tf_packet_of). */
struct tf_fin_record {
	int64_t first_ns;    /* the FIN */
	int64_t ack_ns;      /* the first ACK that covers it; 0: none */
	int64_t ack_last_ns; /* the latest segment with such an ACK */
	uint32_t packet, ack_packet;
	uint32_t tsval;         /* of the FIN */
	uint16_t ip_id;         /* of the FIN */
	uint8_t ttl;            /* of the FIN */
	bool inferred : 1;      /* it did not pass: an ACK shows it */
	bool acks_peer_fin : 1; /* every one so far covered the other end's FIN */
	bool timestamps : 1;    /* it bears them */
	bool bare : 1;          /* it bears no payload */
};

/* A FIN that was sent again. */
struct tf_fin_again {
	int64_t last_ns; /* the latest */
	uint64_t last_packet;
	uint32_t last_tsval;
	uint16_t times; /* at most 65,535; 0: it was not */
};

/* What a connection needs from its first FIN on.  Arrays are by endpoint. */
struct tf_closing {
	uint32_t extra : 30;   /* index into the pool of tf_extra; 0: none */
	uint32_t data_end : 2; /* 1 + who sent the data that data_ns is about; 0: nobody */
	uint32_t letters;      /* the kinds of segments that came next (core/letters.c) */
	struct tf_fin_record fin[2];
	int64_t data_ns;               /* new payload, after the other end's FIN */
	int64_t time_wait_ns[2];       /* when TIME-WAIT began or was restarted */
	int64_t time_wait_early_ns[2]; /* when at the earliest; 0: it cannot have begun */
};

_Static_assert(sizeof(struct tf_closing) == 128, "two lines of cache, and nearly every connection gets one");

/* When WHICH sent new payload after the other end's FIN; 0: it did not. */
static inline int64_t
tf_data_after_fin_ns(const struct tf_closing *k, unsigned which)
{
	return k->data_end == which + 1 ? k->data_ns : 0;
}

/* What is counted per end only where there is something to count. */
struct tf_end_extra {
	uint32_t retransmitted, out_of_order; /* segments */
	uint32_t duplicate_acks, zero_windows;
	uint32_t keepalives; /* probes that it sent */
	uint32_t holes;      /* ranges beyond a hole: index of the first; 0: none */
	uint8_t hole_count;
	uint8_t unanswered; /* its last repetitions and probes in a row that nothing has answered */
};

/* A later SYN,ACK that bears another number, before any was acknowledged. */
struct tf_other_answer {
	uint64_t packet; /* 0: none passed */
	tf_seq seq;
	uint32_t tsval;
	uint16_t options, window, mss;
	uint8_t wscale;
};

/* What the detectors follow of an end that repeats itself, probes, shuts its window or goes on
 * after the other's FIN. */
struct tf_end_watch {
	int64_t heard_ns;    /* its latest segment; 0: none since there is something to follow */
	int64_t answered_ns; /* the same, but for its own keepalive probes, which answer nothing */
	/* Its first unacknowledged octet, sent again since the other end was heard last. */
	int64_t repeat_ns, alone_ns; /* of the first time; alone_ns: the connection's segment before it */
	uint64_t repeat_first, repeat_last;
	uint32_t repeats, repeat_size; /* repeat_size: octets of the IP packet of the latest */
	int64_t tried_ns; /* when it last sent that octet again, or something into a window that is shut */
	/* Keepalive probes that it sent since the other end was heard last. */
	uint32_t probes;
	int64_t quiet_ns, probe_last_ns; /* quiet_ns: the connection's segment before the first of them */
	uint64_t probe_first, probe_last;
	/* It offers no window. */
	int64_t shut_ns;  /* since when; 0: it does offer one */
	int64_t await_ns; /* since when the other end waits for one, with `shut_probes` */
	uint64_t shut_packet, shut_probe_packet;
	uint32_t shut_probes;     /* that the other end sent since */
	uint32_t shut_unanswered; /* those of them after its latest segment */
	/* Its first new data after it had acknowledged the other end's FIN. */
	tf_seq after_fin_seq, after_fin_end;
	uint64_t after_fin_packet;
	int64_t after_fin_ns;
	/* Its FIN, sent again into TIME-WAIT and not yet acknowledged again; packet 0: none. */
	uint64_t fin_again_packet;
	int64_t fin_again_ns;
	/* The latest RST in its name that lay in the window, but not where it is; packet 0: none. */
	uint64_t missed_packet;
	int64_t missed_ns;
	tf_seq missed_seq, missed_expected;
	uint8_t rst_ttl; /* of the last RST in its name; 0: none */
	/* Segments in its name that may be somebody else's (detect/injection.c). */
	uint16_t rst_id;            /* IP identification of that RST; 0: none */
	uint16_t after_id, next_id; /* of its first segment since, and of the latest */
	uint8_t in_a_row;           /* segments since whose identification went on by little */
	bool rst_into_open;         /* both ends were open when it came */
	bool rst_with_syn;          /* a SYN stood in it, too: no host sends that */
	bool rst_told;              /* that somebody else sent it was found */
	uint32_t went_on;           /* octets of its first new data beyond that RST; 0: none */
	tf_seq went_on_end;         /* the octet after them */
	uint8_t odd_ttl;            /* of a SYN,ACK with another number */
	uint64_t odd_packet;        /* 0: there was none */
	uint64_t beyond_packet;     /* its first data beyond its FIN, and the TTL of that */
	uint8_t beyond_ttl;
};

/* What an end has sent again (detect/repetition.c). */
struct tf_end_repetition {
	uint32_t segments; /* of data, sent again or not; of those before `counting` all but the opening's */
	uint32_t repeated; /* of them, sent again: the sum of the next three */
	uint32_t before_tap, behind_tap, needless;
	uint64_t first_packet, last_packet; /* sent again */
	/* Its first unacknowledged octet in a large segment, again and again. */
	uint32_t large, large_size; /* how often; octets of the IP packet */
	uint64_t large_packet;      /* the first of them */
	uint64_t small_packet;      /* then it was sent in a smaller one */
	int64_t large_ns;           /* when it was sent again first */
	uint32_t large_len;         /* octets of payload */
	tf_seq large_seq;           /* the first of them */
	uint32_t sacked_most;       /* octets of the largest stretch behind it that arrived */
	uint64_t sacked_packet;     /* the first ACK that says so; 0: none */
	/* What the path has carried. */
	uint32_t passed_len;  /* octets of the largest segment that is known to have arrived */
	uint32_t waits_len;   /* of a larger one that is not acknowledged yet; 0: none waits */
	tf_seq waits_end;     /* the octet after it */
	uint32_t small;       /* small segments that were sent again while no large one was */
	tf_seq refused_until; /* with `refused`: what lies before it met a shut window or a narrow link */
	bool refused, counting;
};

/* What another segment may explain yet, about the end that sent it (detect/doubtful.c). */
enum tf_doubt_kind { TF_DOUBT_NONE, TF_DOUBT_ACK, TF_DOUBT_WINDOW, TF_DOUBT_CHECKSUM };

struct tf_doubt {
	int64_t ns;
	uint64_t packet;
	tf_seq seq; /* of the segment; of an ACK what it acknowledges */
	tf_seq first,
	    last; /* ACK: the highest octet sent; window: its edges; checksum: last is the segment's end */
	uint16_t checksum; /* as in the header */
	uint8_t kind;      /* enum tf_doubt_kind */
	bool again;        /* checksum: it was sent again; ACK: the other end goes on below it */
};

/* A RST that has passed. */
struct tf_rst_record {
	int64_t ts_ns;
	uint64_t packet;
	tf_seq seq;
	tf_seq max;                 /* after all that its sender had sent */
	uint8_t from;               /* enum tf_endpoint */
	bool seen, exact, awaiting; /* awaiting: silence or an answer decides */
	bool unplaced;              /* exact, as it seems: nothing of its sender had passed before */
	bool belied;                /* both ends have gone on since: it was somebody else's */
	bool again;                 /* another one had passed before, of either end, that was not belied */
};

/* A SYN on a used 4-tuple that waits for its judge (RFC 9293 section 3.6.1, RFC 6191). */
struct tf_held_syn {
	struct tf_segment segment; /* the first one with this ISN, without its payload */
	struct tf_segment answer;  /* its SYN,ACK, while it counts as old; packet 0: none */
	uint8_t sack[TF_SACK_BLOCKS * TF_SACK_BLOCK]; /* of that */
	uint64_t last_packet;
	uint64_t challenge_packet; /* the ACK that answered it; 0: none passed */
	int64_t last_ns;
	uint32_t again;
	uint32_t wire_bytes; /* with its repetitions */
	uint8_t from;        /* enum tf_endpoint of the connection that it hit */
	bool crossed;        /* more of its sender passed since, which may have been sent before it */
};

/* What is remembered of the former connection on a 4-tuple.  Arrays are in the key's order,
 * because the roles may have changed. */
struct tf_former {
	uint64_t conn;
	int64_t first_ts_ns, last_ts_ns;
	uint64_t first_packet; /* 0: not known */
	tf_seq isn[2], max[2];
	uint32_t tsval[2];
	uint8_t isn_known, max_known, timestamps; /* one bit an end of the key */
	uint8_t time_wait;                        /* it was in TIME-WAIT when the new SYN came */
	bool closed;                              /* both ends were closed, or in TIME-WAIT */
	bool doubtful;                            /* its opening or a part of it did not pass the tap */
	uint8_t state[2];                         /* enum tf_state, by endpoint */
	uint8_t close;                            /* enum tf_close */
	uint8_t unused[7];                        /* nothing in it is without a name: tests compare octets */
};

/* What detectors keep of a connection beyond its record (detect/late.c).  Arrays are in the key's order. */
struct tf_remains {
	int64_t time_wait_ns[2]; /* when TIME-WAIT began last; 0: it did not */
	uint64_t fin_packet[2];
	int64_t rst_ns; /* the RST that ended it; 0: none did */
	uint64_t rst_packet;
	uint64_t again_packet; /* a FIN after TIME-WAIT that waits for its answer; 0: none */
	int64_t again_ns;
	uint8_t rst_side, again_side;
	bool client_second;           /* the client is the second end of the key */
	bool fin_raised, data_raised; /* fin-after-time-wait, data-after-close */
};

/* An ACK of what was never sent, in a handshake: the RST that must follow is awaited. */
struct tf_mismatch {
	int64_t ts_ns;
	uint64_t packet;
	uint64_t old_packet; /* an earlier SYN of the receiver's, which it acknowledges; 0: none is known */
	tf_seq ack, expected;
	uint8_t from;   /* its sender: enum tf_endpoint */
	uint8_t state;  /* of its receiver: enum tf_state */
	bool syn;       /* it was a SYN,ACK */
	bool explained; /* by octets that the capture may have missed, unless that RST comes */
	bool waiting;
};

/* Octets of one end that an ACK shows, and that did not pass the tap. */
struct tf_gap {
	int64_t ns; /* when an ACK for something unseen passed; 0: none waits */
	uint64_t packet;
	uint64_t bytes; /* octets missed in all */
	uint32_t times;
	tf_seq left, right; /* the stretch that waits */
};

/* An ACK of octets that had not passed the tap, and what their sender did since (detect/ahead.c). */
struct tf_ahead {
	int64_t ts_ns;         /* of the ACK, by the capture's own clock */
	int64_t due_ns;        /* when it is judged */
	uint64_t packet;       /* the ACK; 0: none waits */
	uint64_t first_packet; /* the first segment that shows its sender below it; 0: none came */
	tf_seq ack, first;     /* what it acknowledges; the first octet that had not passed */
	tf_seq reached;        /* up to here they have passed since, in order */
	uint32_t tsecr;        /* of the ACK, with `timestamps` */
	uint32_t segments;     /* that brought them */
	uint8_t from;          /* who acknowledged: enum tf_endpoint */
	bool timestamps;
	bool alone;       /* all that had passed before was acknowledged before */
	bool soon, later; /* the first of the segments: sooner than a time-out, and surely after the ACK */
	bool straddles;   /* one goes on beyond what was acknowledged */
	bool spoke;       /* who acknowledged spoke between them */
	bool stood_below; /* a bare ACK bears a number below it */
	bool refuted;     /* the capture missed something after all */
};

/* Octets in the name of an end that lie outside every window, one behind the other (core/stray.c). */
struct tf_stray {
	tf_seq left, right; /* without a FIN */
	tf_seq former;      /* where it had stopped, with `moved` */
	uint32_t missed;    /* octets that the capture seems to have missed since */
	bool known;
	bool moved; /* it seems to have gone on elsewhere */
};

/* A router's word that segments of one end are too large (RFC 1191, RFC 8201). */
struct tf_too_big_record {
	int64_t ts_ns;
	uint64_t packet; /* 0: none came */
	struct tf_addr router;
	uint32_t mtu;   /* of the next hop; 0: it does not say */
	uint32_t most;  /* octets of the largest IP packet that may pass; 0: not known */
	uint32_t again; /* segments larger than that which were sent again since */
	uint8_t from;   /* enum tf_endpoint */
};

/* The latest ICMP error about what an end of an open connection sent. */
struct tf_undelivered {
	int64_t ts_ns;
	uint64_t packet; /* 0: none came */
	struct tf_addr router;
	const char *problem;
	uint8_t type, code;
	uint8_t from; /* enum tf_endpoint: that end */
};

/* How a RST seems to have ended the connection, or refused it; said when that has held. */
struct tf_ended {
	uint64_t packet;         /* the RST; 0: nothing waits */
	uint64_t cause[2];       /* a SYN and the ACK that answered it, or the third segment; 0: not known */
	uint64_t unacknowledged; /* octets of data */
	int64_t after_ns;        /* of a refusal: since the SYN */
	tf_seq seq;
	uint8_t id;       /* enum tf_anomaly */
	uint8_t from;     /* enum tf_endpoint */
	uint8_t state[2]; /* enum tf_state, before the RST */
	bool stranger;    /* a RST is all that passed of its sender, and the opening did not */
	bool went_on;     /* its alleged sender sent new data since */
	bool broke_off;   /* its sender had given up without a word */
	bool no_room;     /* nor could a FIN of its sender have passed */
};

#define TF_LATE_LETTERS 32

/* The letters of a connection (core/letters.c) that found no room elsewhere. */
struct tf_late_letters {
	uint8_t count; /* of code */
	uint8_t code[TF_LATE_LETTERS];
	uint8_t known[2];     /* by endpoint, one bit a slot: last[] means something */
	tf_seq last[2][3];    /* the numbers of the last SYN, FIN, RST */
	uint32_t times[2][4]; /* how often each of those was seen that are written more and more seldom */
	bool gap_waits[2]; /* the gap that may yet be filled was counted among them: by whose octets it is */
};

/* A finding that says what lasted until it became sure, and what became of that (detect/ending.c). */
struct tf_lasting {
	int64_t since_ns, ended_ns; /* ended_ns: with `packet` */
	int64_t latest_ns;          /* with `latest`; before that, when it was found */
	uint32_t packet;   /* the low 32 bits of the number of the frame that ended it; 0: it goes on */
	uint32_t latest;   /* those of the connection's latest segment since it was found; 0: none */
	uint8_t id;        /* enum tf_anomaly */
	uint8_t about, by; /* enum tf_endpoint: of the finding; who ended it */
};

#define TF_COUNTED_ANOMALIES 12

struct tf_extra {
	struct tf_end_extra end[2];
	struct tf_fin_again fin_again[2];
	struct tf_end_watch watch[2];
	struct tf_doubt doubt[2];
	struct tf_end_repetition repetition[2];
	bool leaking;          /* it is counted as a leak of the server's program */
	uint8_t lasting_count; /* of lasting */
	uint64_t raised[3];    /* findings that were raised: one bit an id, by endpoint */
	struct {
		uint8_t id; /* enum tf_anomaly */
		uint8_t used;
		uint16_t count;
	} counted[TF_COUNTED_ANOMALIES]; /* how often each was seen */
	uint64_t syn_last_packet, syn_ack_last_packet;
	int64_t syn_last_ns, syn_ack_last_ns;
	int64_t syn_gap_ns, syn_ack_gap_ns; /* the longest time between two of them */
	/* enum tf_state in which an end was when it failed to send its SYN or SYN,ACK again in time
	 * (core/deadline.c); TF_CLOSED: none. */
	uint8_t given_up[2];
	bool broke_off[2];   /* an end gave up without a word (core/deadline.c) */
	int64_t crossing_ns; /* the second SYN of a simultaneous open; 0: none */
	uint64_t crossing_packet;
	int64_t probe_ns[2];      /* the last keepalive probe of each end */
	int64_t handshake_ack_ns; /* when the third segment passed last */
	int64_t syn_ack_first_ns; /* with the third segment: when the first SYN,ACK had passed; 0: not kept */
	uint32_t syn_again, syn_ack_again;
	uint32_t syn_ack_after_ack; /* SYN,ACKs sent again after the third segment had passed */
	bool data_unheeded;         /* with the last of them data of the client had passed, too */
	struct tf_rst_record rst;
	struct tf_ended ended;
	struct tf_gap gap[2]; /* by whose octets are missing */
	tf_seq bad_ack[2];    /* the last unacceptable ACK that passed towards this end */
	bool bad_ack_known[2];
	struct tf_stray stray[2]; /* of this end */
	uint32_t held;            /* index into the pool of tf_held_syn; 0: none */
	struct tf_mismatch mismatch;
	struct tf_ahead ahead;
	struct tf_too_big_record too_big;
	struct tf_undelivered undelivered;
	bool unseen_answers;     /* the server answers, and nothing of it passes */
	bool damaged_close;      /* a FIN or RST passed that its receiver may have dropped for its checksum */
	uint32_t syn_data;       /* octets on the client's first SYN */
	bool syn_fast_open;      /* it had the Fast Open option */
	struct tf_former former; /* conn 0: none is known */
	struct tf_other_answer other_answer;
	struct tf_late_letters letters;
	struct tf_lasting lasting[TF_MAX_ENDINGS]; /* where there are more findings, the first ones */
};

_Static_assert(TF_ANOMALY_COUNT <= 64, "raised[] has a bit for each");

#endif
