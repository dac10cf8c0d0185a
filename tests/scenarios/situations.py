#!/usr/bin/env python3
"""The situations for which the program was made, seen as a user sees them: each must be told by its last
states and its findings, in text and in JSON.

Each is a scenario of this folder, sent through the whole program as a capture.  That the scenarios are
right is held by the runner; this holds that nobody needs the scenario to recognise them.

Speaks TAP.  TCPFSM names the program; run-scenarios stands below it."""

import json
import os
import re
import subprocess
import sys
import tempfile

PROGRAM = os.environ.get("TCPFSM", "./tcpfsm")
RUNNER = os.path.join(os.path.dirname(PROGRAM) or ".", "tests", "scenarios", "run-scenarios")
SCENARIOS = os.path.join(os.environ.get("top_srcdir", "."), "tests", "scenarios")
TIME_LIMIT_SECONDS = 60

# What it is, the scenario, the last states of each connection, the findings, words of the text.
SITUATIONS = [
    ("a SYN is lost", "opening/syn-retransmitted", ["ESTABLISHED / ESTABLISHED"], ["handshake-retransmission"],
     "sent its SYN again, 1 s after"),
    ("a SYN comes twice at once, and its answer", "opening/syn-doubled", ["ESTABLISHED / ESTABLISHED"],
     ["handshake-retransmission", "handshake-retransmission"], "so it answers a SYN that came twice, or the network "
     "doubled it, or the tap saw it at two places"),
    ("both ends go on beyond every window", "capture/missing-more-than-a-window", ["TIME-WAIT / CLOSED"],
     ["capture-loss", "capture-loss"], "the opening of another one on the same addresses and ports"),
    ("nobody answers a SYN", "opening/unanswered-retransmitted", ["SYN-SENT / LISTEN"],
     ["handshake-retransmission", "syn-unanswered"], "nothing came back within 4.1 s"),
    ("an old SYN is answered", "opening/wrong-ack", ["ESTABLISHED / ESTABLISHED"],
     ["handshake-ack-mismatch", "handshake-retransmission"], "where only 1001 would be right"),
    ("an old SYN comes before the client's", "opening/old-duplicate-syn",
     ["CLOSED / LISTEN", "ESTABLISHED / ESTABLISHED"], [], "CLOSED / LISTEN, reset"),
    ("an old SYN comes behind the client's", "opening/old-duplicate-syn-after-the-own",
     ["ESTABLISHED / ESTABLISHED"], [], "Findings: none"),
    ("an old SYN comes behind the client's and is answered", "opening/old-duplicate-syn-answered",
     ["ESTABLISHED / ESTABLISHED"], ["handshake-ack-mismatch"], "which arrived late, and the reset undid that"),
    ("a router finds no host", "opening/unreachable-host", ["ESTABLISHED / ESTABLISHED"],
     ["handshake-retransmission", "unreachable"], "may go on trying or give up at once"),
    ("a host has no such port", "opening/unreachable-port", ["CLOSED / LISTEN"], ["unreachable"],
     "the attempt is refused"),
    ("a SYN ends an opening on the same ports", "opening/refused-by-an-opening", ["CLOSED / LISTEN", "CLOSED / CLOSED"],
     ["connection-refused"], "may have reset only that opening"),
    ("a listener that answers with cookies", "opening/syn-cookies", ["ESTABLISHED / ESTABLISHED"] * 2, ["syn-cookies"],
     "a sign of SYN cookies: no options but the MSS. This is a hint"),
    ("keep-alive probes", "established/keepalive", ["ESTABLISHED / ESTABLISHED"], [],
     "Keep-alive probes: client 2, server 2"),
    ("keep-alive probes without an answer", "established/keepalive-timeout", ["CLOSED / ESTABLISHED"],
     ["keepalive-timeout"], "(probes: 3) and has answered nothing for 75 s"),
    ("numbers overlap those of the former connection", "isn/collision-inside",
     ["CLOSED / CLOSED", "ESTABLISHED / ESTABLISHED"], ["isn-collision"], "inside the range that"),
    ("the first window overlaps those of the former connection", "isn/collision-first-window",
     ["CLOSED / CLOSED", "ESTABLISHED / ESTABLISHED"], ["isn-collision"],
     "number 999000, from which its first window reaches into the range that"),
    ("the same number again after 200 s", "isn/same-isn-after-200s",
     ["CLOSED / CLOSED", "ESTABLISHED / ESTABLISHED"], ["isn-collision", "isn-reuse"], "again 200 s after connection 1"),
    ("a half-close", "closing/half-close", ["TIME-WAIT / CLOSED"], ["half-close"], "each direction is closed on its own"),
    ("the other end runs away after the FIN", "closing/stuck-fin-wait-2", ["FIN-WAIT-2 / CLOSE-WAIT"],
     ["stuck-close-wait", "stuck-fin-wait-2"], "its program does not close the socket"),
    ("a host forgot its connection and opens another", "reuse/while-open",
     ["CLOSED / CLOSED", "ESTABLISHED / ESTABLISHED"], ["reuse-while-open"], "CLOSED / CLOSED, replaced"),
    ("a host falls silent while the other one closes", "established/dead-peer-closing", ["FIN-WAIT-1 / ESTABLISHED"],
     ["dead-peer", "stuck-fin-wait-1"], "has been silent for 9.3 s"),
    ("both ends send again, and the path is down", "established/dead-peer-both", ["ESTABLISHED / ESTABLISHED"],
     ["dead-peer", "dead-peer"], "its own data, sent again, went on passing the tap"),
    ("a router cannot reach a host whose connection is open", "established/dead-peer-unreachable",
     ["ESTABLISHED / ESTABLISHED"], ["dead-peer"], "an ICMP error came back, but no answer. 203.0.113.1 said \"host "
     "unreachable\" (type 3, code 1). [packets 7, 12 and 13;"),
    ("a router could not reach a host that falls silent later", "established/dead-peer-unreachable-before",
     ["ESTABLISHED / ESTABLISHED"], ["dead-peer"],
     "no answer did, so they are lost behind it, or the answers are. [packets 9 and 13;"),
    ("TIME-WAIT, and a higher number", "reuse/higher-isn", ["CLOSED / CLOSED", "ESTABLISHED / ESTABLISHED"],
     ["time-wait-reuse"], "It is safe by the sequence number"),
    ("TIME-WAIT, and a lower number", "reuse/lower-isn", ["CLOSED / CLOSED", "ESTABLISHED / ESTABLISHED"],
     ["time-wait-reuse-unsafe"], "it was accepted though TIME-WAIT was still running"),
    ("a reset answers the ACK of a FIN", "reset/answers-the-ack-of-the-fin", ["CLOSED / CLOSED"], ["rst-abort"],
     "or have taken that ACK (FIN-WAIT-2)"),
    ("a listener never had the connection", "reset/never-had-it", ["CLOSED / CLOSED"], ["rst-abort"],
     "may never have had the connection"),
    ("a host gave up without a word", "reset/half-open-given-up", ["CLOSED / CLOSED"], ["half-open"],
     "had given the connection up without a word"),
    ("a program closes behind a shut window", "reset/half-open-not-behind-a-shut-window", ["CLOSED / CLOSED"],
     ["rst-abort"], "so it may have closed without a FIN that passed"),
    ("both ends probe, and the path is down", "established/keepalive-timeout-both", ["CLOSED / CLOSED"],
     ["keepalive-timeout", "keepalive-timeout"], "its own probes went on passing the tap"),
    ("TIME-WAIT ended by a RST", "reset/time-wait", ["CLOSED / CLOSED"], ["time-wait-assassination"], "55 s too early"),
    ("a FIN after 2 MSL, answered by RST", "closing/fin-after-time-wait", ["CLOSED / CLOSED"],
     ["fin-after-time-wait"], "had forgotten the connection"),
    ("a FIN after 2 MSL whose copies all passed", "closing/fin-after-time-wait-copies-pass", ["CLOSED / CLOSED"],
     ["fin-after-time-wait", "stuck-last-ack"], "[packets 5, 11 and 12;"),
    ("a simultaneous open", "opening/simultaneous", ["ESTABLISHED / ESTABLISHED"], ["simultaneous-open"],
     "Both ends sent a SYN"),
    ("a simultaneous close", "closing/simultaneous", ["CLOSED / CLOSED"], ["simultaneous-close"],
     "Both ends closed at the same time"),
    ("a host that restarts and connects anew", "restart/client-restarts",
     ["CLOSED / CLOSED", "ESTABLISHED / ESTABLISHED"], ["challenge-ack", "half-open", "handshake-retransmission"],
     "no longer knew this connection"),
    ("a blind RST that is survived", "reset/in-window", ["ESTABLISHED / ESTABLISHED"], ["blind-rst", "challenge-ack"],
     "and the connection lived on"),
    ("SYNs in a row, each with another number", "opening/isn-changed-in-a-row",
     ["CLOSED / LISTEN"] * 4 + ["ESTABLISHED / ESTABLISHED"], ["isn-changed"] * 4,
     "instead of 1000000: this is a new attempt from the same port, not a repetition. [packets 1 and 2;"),
    ("a SYN,ACK crosses the ACK of the former one", "opening/syn-ack-crosses-its-ack", ["ESTABLISHED / ESTABLISHED"],
     ["handshake-retransmission", "handshake-retransmission"],
     "so shortly before that the two may have crossed. [packets 3 and 5;"),
    ("a handshake that nobody completes", "opening/half-open-handshake-limit", ["CLOSED / LISTEN"],
     ["half-open-handshake"], "or the client was silent. [packets 1 and 2;"),
    ("a RST that acknowledges all", "reset/acknowledges-what-it-ends", ["CLOSED / CLOSED"], ["rst-abort"],
     "client in FIN-WAIT-1, server in CLOSE-WAIT; bytes left unacknowledged: 0"),
    ("a RST that passed an end which had closed, too", "reset/state-shown-afterwards", ["CLOSED / CLOSED"],
     ["rst-abort", "simultaneous-close"], "client in FIN-WAIT-1, server in CLOSING; bytes left unacknowledged: 31"),
    ("more than a farewell after the close", "reset/data-after-close-goes-on", ["CLOSED / CLOSED"],
     ["data-after-close"], "bytes: 2,027"),
    ("a FIN that comes when the other end has forgotten", "closing/rst-after-fin", ["CLOSED / CLOSED"],
     ["rst-after-fin", "stuck-close-wait", "stuck-fin-wait-2"], "the FIN of the server, which came 121 s later"),
    ("a capture that lost packets of both ends", "capture/loss-both-ways", ["ESTABLISHED / ESTABLISHED"],
     ["capture-loss", "capture-loss"],
     "Segments of the client did not pass the capture though the server acknowledged them (bytes missing: 50, gaps: 1)"),
    ("other bytes under the same numbers", "established/overlap-conflict", ["ESTABLISHED / ESTABLISHED"],
     ["overlap-conflict"], "Which of the two the receiver took cannot be seen here: data"),
    ("other bytes under numbers that were acknowledged", "established/overlap-conflict-partly",
     ["ESTABLISHED / ESTABLISHED"], ["overlap-conflict"], "The receiver had acknowledged these numbers before"),
    ("silence in a gap of days", "established/idle-in-a-leap", ["ESTABLISHED / ESTABLISHED", "SYN-SENT / LISTEN"],
     ["idle"], "the capture may have been stopped in between"),
    ("silence for hours", "established/idle", ["ESTABLISHED / ESTABLISHED"], ["idle"],
     "would notice that the other is gone. ["),
    ("a capture that lost a SYN,ACK, and data of the other end", "capture/missing-syn-ack-and-data",
     ["ESTABLISHED / ESTABLISHED"], ["capture-loss", "capture-loss"],
     "Segments of the server did not pass the capture though the client acknowledged them (bytes missing: 0, gaps: 1)"),
    ("a split handshake", "opening/split-handshake", ["ESTABLISHED / ESTABLISHED"], ["split-handshake"],
     "take the server for the client. [packets 1, 2 and 4;"),
    ("a split handshake, or SYNs that crossed", "opening/split-handshake-slow", ["ESTABLISHED / ESTABLISHED"],
     ["simultaneous-open"], "may have been its answer to the first, a split handshake"),
]

STATES = re.compile(r"(?:^|  )([A-Z0-9-]+ / [A-Z0-9-]+)(?:,|$)", re.MULTILINE)


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True,
                          timeout=TIME_LIMIT_SECONDS, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: status {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def faults_of(scenario, states, ids, words, capture):
    """What a user would miss."""
    written = run(RUNNER, f"--write-pcap={capture}", os.path.join(SCENARIOS, scenario + ".scn"))
    end = re.findall(r"--end=\S+", written)
    lines = [json.loads(line) for line in run(PROGRAM, "-r", capture, *end, "-T", "json").splitlines()]
    records = [x for x in lines if x["type"] == "connection"]
    found = sorted(x["id"] for x in lines if x["type"] == "anomaly")
    shown = [f"{r['client']['state']} / {r['server']['state']}" for r in sorted(records, key=lambda r: r["conn"])]
    if shown != states:
        yield f"JSON: last states {shown}"
    if found != ids:
        yield f"JSON: findings {found}"
    # What is found later follows the record.
    last = max(i for i, x in enumerate(lines) if x["type"] == "connection")
    named = {(r["conn"], i) for r in records for i in r["anomalies"]}
    if named != {(x["conn"], x["id"]) for x in lines[:last] if x["type"] == "anomaly"}:
        yield "JSON: the records do not name the findings"
    text = run(PROGRAM, "-r", capture, *end, "-v")
    for state in states:
        if state not in STATES.findall(text):
            yield f"text: {state} is not shown"
    for name in ids:
        if name not in text:
            yield f"text: {name} is not shown"
    if words not in " ".join(text.split()):
        yield f"text: it does not say \"{words}\""


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, (what, scenario, states, ids, words) in enumerate(SITUATIONS, 1):
            try:
                faults = list(faults_of(scenario, states, ids, words, os.path.join(folder, "situation.pcap")))
            except (RuntimeError, OSError, ValueError, KeyError) as error:
                faults = [str(error)]
            failed += bool(faults)
            print(f"{'not ok' if faults else 'ok'} {number} - situation: {what}")
            for fault in faults:
                print(f"# {fault}")
    print(f"1..{len(SITUATIONS)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
