#!/usr/bin/env python3
"""Holds docs/parity.md: the names by which others call what tcpfsm finds.

Every name of the lists below stands in its table once, and nothing else does; whatever the tables name
in their middle column is an id, a state, a field of the JSON record, a word of such a field or an
option; a row without any has a reason; and every id of the catalogue stands somewhere.

The lists are those of Suricata's stream events, Zeek's weirds, words and letters, Wireshark's analysis
flags, Linux's conntrack states and Snort's stream_tcp alerts.

Speaks TAP; TCPFSM and top_srcdir come from make.
"""

import json
import os
import re
import subprocess
import sys

TOP = os.path.abspath(os.environ.get("top_srcdir", os.path.join(os.path.dirname(__file__), "..")))
PROGRAM = os.path.abspath(os.environ.get("TCPFSM", os.path.join(TOP, "tcpfsm")))
TIME_LIMIT_SECONDS = 60


def under(prefix, names):
    return [prefix + name for name in names.split()]


NAMES = {
    "Suricata: `stream.*`": [
        *under("3whs_", "ack_in_wrong_dir async_wrong_seq right_seq_wrong_ack_evasion synack_in_wrong_direction"
               " synack_resend_with_diff_ack synack_resend_with_diff_seq synack_toserver_on_syn_recv"
               " synack_with_wrong_ack synack_flood synack_tfo_data_ignored syn_resend_diff_seq_on_syn_recv"
               " syn_toclient_on_syn_recv syn_flood wrong_seq_wrong_ack ack_data_inject"),
        *under("4whs_", "synack_with_wrong_ack synack_with_wrong_syn wrong_seq invalid_ack"),
        *under("closewait_", "ack_out_of_window fin_out_of_window pkt_before_last_ack invalid_ack"),
        *under("closing_", "ack_wrong_seq invalid_ack"),
        *under("est_", "packet_out_of_window pkt_before_last_ack synack_resend synack_resend_with_diff_ack"
               " synack_resend_with_diff_seq synack_toserver syn_resend syn_resend_diff_seq syn_toclient"
               " invalid_ack ack_zwp_data"),
        *under("fin_", "invalid_ack but_no_session out_of_window syn"),
        *under("fin1_", "ack_wrong_seq fin_wrong_seq invalid_ack"),
        *under("fin2_", "ack_wrong_seq fin_wrong_seq invalid_ack"),
        *under("lastack_", "ack_wrong_seq invalid_ack"),
        *under("timewait_", "ack_wrong_seq invalid_ack"),
        *under("rst_", "but_no_session invalid_ack with_data"),
        "shutdown_syn_resend",
        *under("pkt_", "invalid_timestamp invalid_ack broken_ack retransmission spurious_retransmission"
               " bad_window_update"),
        "suspected_rst_inject",
        "wrong_thread",
        *under("reassembly_", "segment_before_base_seq no_segment seq_gap overlap_different_data depth_reached"
               " insert_memcap insert_limit insert_invalid urgent_oob_limit_reached"),
    ],
    "Zeek: weirds": (
        "FIN_advanced_last_seq FIN_after_reset FIN_storm RST_storm RST_with_data SYN_after_close"
        " SYN_after_partial SYN_after_reset SYN_inside_connection SYN_seq_jump SYN_with_data"
        " TCP_ack_underflow_or_misorder TCP_seq_underflow_or_misorder TCP_christmas TCP_scale_range"
        " above_hole_data_without_any_acks active_connection_reuse premature_connection_reuse bad_SYN_ack"
        " bad_TCP_checksum bad_TCP_header_len baroque_SYN connection_originator_SYN_ack data_after_reset"
        " data_before_established excessive_data_without_further_acks inappropriate_FIN"
        " pending_data_when_closed possible_split_routing repeated_SYN_reply_wo_ack repeated_SYN_with_ack"
        " simultaneous_open spontaneous_FIN spontaneous_RST unsolicited_SYN_response window_recision"
        " truncated_header truncated_tcp_payload"
    ).split(),
    "Zeek: `conn_state`": "S0 S1 SF REJ S2 S3 RSTO RSTR RSTOS0 RSTRH SH SHR OTH".split(),
    "Zeek: letters of the history": "s h a d f r c g t w i q ^ x".split(),
    "Wireshark: `tcp.analysis.*`": (
        "retransmission fast_retransmission spurious_retransmission out_of_order reused_ports lost_segment"
        " ack_lost_segment window_update window_full keep_alive keep_alive_ack duplicate_ack zero_window"
        " zero_window_probe zero_window_probe_ack tfo_syn tfo_ack tfo_ignored ack_rtt initial_rtt rto"
        " bytes_in_flight push_bytes_sent"
    ).split(),
    "Wireshark: `tcp.completeness`": "1 2 4 8 16 32".split(),
    "Linux conntrack": [
        *("NONE SYN_SENT SYN_RECV ESTABLISHED FIN_WAIT CLOSE_WAIT LAST_ACK TIME_WAIT CLOSE SYN_SENT2"
          " INVALID IGNORE").split(),
        "SEQ is over", "SEQ is under", "ACK is over", "ACK is under",
    ],
    "Snort 3: stream_tcp, gid 129": (
        "SYN_ON_EST DATA_ON_SYN DATA_ON_CLOSED BAD_TIMESTAMP WINDOW_TOO_LARGE EXCESSIVE_TCP_OVERLAPS"
        " DATA_AFTER_RESET SESSION_HIJACKED_CLIENT SESSION_HIJACKED_SERVER DATA_WITHOUT_FLAGS SMALL_SEGMENT"
        " 4WAY_HANDSHAKE NO_TIMESTAMP BAD_RST BAD_FIN BAD_ACK DATA_AFTER_RST_RCVD WINDOW_SLAM NO_3WHS"
        " MAX_QUEUED_BYTES_EXCEEDED MAX_QUEUED_SEGS_EXCEEDED"
    ).split(),
}
ALONE = "What has no name elsewhere"

CODE = re.compile(r"`([^`]*)`")


def tables(text):
    """{heading: rows} of a Markdown text; a row is its cells."""
    found, heading = {}, None
    for line in text.splitlines():
        if line.startswith("## "):
            heading = line[3:]
        elif line.startswith("| ") and heading:
            found.setdefault(heading, []).append([cell.strip() for cell in line.strip("|").split("|")])
    return {heading: rows[2:] for heading, rows in found.items()}


def printed(*arguments):
    done = subprocess.run([PROGRAM, *arguments], stdout=subprocess.PIPE, timeout=TIME_LIMIT_SECONDS, check=True)
    return done.stdout.decode()


def words_of_json(schema):
    """Names of fields, and the fixed words that a field may hold."""
    words = set()

    def walk(node):
        if isinstance(node, dict):
            words.update(node.get("properties", {}))
            words.update(w for w in node.get("enum", []) if isinstance(w, str))
            for child in node.values():
                walk(child)
        elif isinstance(node, list):
            for child in node:
                walk(child)

    walk(schema)
    return words


def faults_of_table(heading, rows, known):
    """What is wrong with one table, line by line."""
    theirs = [CODE.findall(row[0])[0] for row in rows]
    for name in NAMES[heading]:
        if theirs.count(name) != 1:
            yield f"{name} stands there {theirs.count(name)} times"
    yield from (f"{name} is no name of theirs" for name in theirs if name not in NAMES[heading])
    for row in rows:
        ours = CODE.findall(row[1])
        yield from (f"{row[0]}: {word} is nothing of ours" for word in ours if word not in known)
        if not ours and (row[1] != "–" or not row[2]):
            yield f"{row[0]}: neither a name of ours nor a reason"
        for word in CODE.findall(row[2]):
            if word not in known:
                yield f"{row[0]}: {word} in the remark is nothing of ours"


def main():
    with open(os.path.join(TOP, "docs", "parity.md"), encoding="utf-8") as file:
        text = file.read()
    with open(os.path.join(TOP, "tests", "schema", "tcpfsm.schema.json"), encoding="utf-8") as file:
        words = words_of_json(json.load(file))
    ids = {line.split()[0] for line in printed("--list-anomalies").splitlines() if line.strip()}
    options = set(re.findall(r"--?[a-z][a-z-]*", printed("--help"))) | {"-vv"}
    known = ids | words | options
    found = tables(text)

    results = [("the tables are those of the lists", sorted({*NAMES, ALONE} ^ set(found)))]
    for heading in NAMES:
        results.append((heading, list(faults_of_table(heading, found.get(heading, []), known))))
    named = set(CODE.findall(" ".join(cell for rows in found.values() for row in rows for cell in row)))
    alone = {word for row in found.get(ALONE, []) for word in CODE.findall(row[0])}
    mapped = {word for heading in NAMES for row in found.get(heading, []) for word in CODE.findall(row[1])}
    results.append(("every id stands somewhere", sorted(ids - named)))
    results.append(("what has no name elsewhere is an id, and has none",
                    sorted(alone - ids) + sorted(alone & mapped)))
    for number, (name, faults) in enumerate(results, 1):
        print(f"{'not ok' if faults else 'ok'} {number} - parity: {name.replace('#', '')}")
        for fault in faults:
            print(f"# {fault}")
    print(f"1..{len(results)}")
    return 1 if any(faults for _, faults in results) else 0


if __name__ == "__main__":
    sys.exit(main())
