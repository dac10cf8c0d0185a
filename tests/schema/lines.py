#!/usr/bin/env python3
"""Holds tests/schema/check_schema against lines written by hand, good and bad, and then every line
that the program writes about the captures in pcaps/ against check_schema.

Speaks TAP; TCPFSM and top_srcdir come from make.
"""

import glob
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.abspath(os.environ.get("top_srcdir", os.path.join(HERE, "..", "..")))
PROGRAM = os.path.abspath(os.environ.get("TCPFSM", os.path.join(TOP, "tcpfsm")))
CHECK = os.path.join(HERE, "check_schema")
TIME_LIMIT_SECONDS = 60

END = (
    '{"addr":"10.0.0.%d","port":%d,"state":"%s","possible":["%s"],"history":%s,"history_truncated":false,'
    '"isn":1,"packets":1,"bytes":0,"bytes_on_wire":60,"retransmitted":0,"out_of_order":0,"duplicate_acks":0,'
    '"zero_windows":0,"keepalives":0,"mss":1460,"wscale":null,"sack":false,"timestamps":false}'
)
GOOD = [
    '{"type":"capture","source":"a.pcap","linktype":"EN10MB","snaplen":65535,"resolution":"us","version":"1"}',
    '{"type":"transition","ts":1.000000,"packet":1,"conn":1,"endpoint":"client","from":"CLOSED","to":"SYN-SENT",'
    '"basis":"observed","rule":"r","event":"snd SYN","reference":"RFC 9293","possible":["CLOSED","SYN-SENT"]}',
    '{"type":"possible","ts":1.000000,"packet":1,"conn":1,"endpoint":"client","state":"SYN-SENT",'
    '"possible":["SYN-SENT"]}',
    '{"type":"transition","ts":1.500000,"packet":2,"conn":1,"endpoint":"client","from":"SYN-SENT","to":"CLOSED",'
    '"basis":"presumed","rule":"r","event":"rcv RST","reference":"RFC 9293","possible":["CLOSED"]}',
    '{"type":"anomaly","ts":1.500000,"packet":2,"conn":1,"endpoint":"server","id":"connection-refused",'
    '"severity":"notice","packets":[1,2],"message":"m","reference":"RFC 9293","details":{"after":0.5},"subject":null}',
    '{"type":"connection","conn":1,"first_ts":1.000000,"last_ts":1.500000,"client":'
    + END % (1, 40000, "CLOSED", "CLOSED", '["CLOSED","SYN-SENT","CLOSED"]')
    + ',"server":'
    + END % (2, 80, "CLOSED", "CLOSED", '["CLOSED"]')
    + ',"roles":"syn","close":"refused","handshake_rtt":null,"anomalies":["connection-refused"],'
    '"anomaly_counts":{"connection-refused":1},"community_id":"1:LQU9qZlK+B5F3KDmev6m5PMibrg=","evicted":false,'
    '"zeek_state":"REJ","history_letters":"Sr"}',
    '{"type":"summary","packets":2,"tcp_segments":2,"connections":1,"anomalies":{"connection-refused":1},'
    '"dropped_by_kernel":0,"skipped":{},"duplicate_frames":0,"bad_checksums":0,"late_segments":0,"time_backwards":0,"evicted":0,'
    '"first_ts":1.000000,"last_ts":1.500000,"input_error":null}',
]
BAD = [  # what is wrong, line, text there, text in its place, what must be said about it
    ("a field is missing", 3, '"rule":"r",', "", "'rule' is a required property"),
    ("a field too many", 3, '"rule":"r",', '"rule":"r","more":1,', "'more' was unexpected"),
    ("a state that is none", 3, '"to":"CLOSED"', '"to":"DEAD"', "'DEAD' is not one of"),
    ("the state is not possible", 2, '["SYN-SENT"]', '["CLOSED"]', "SYN-SENT is not among"),
    ("possible states out of order", 1, '["CLOSED","SYN-SENT"]', '["SYN-SENT","CLOSED"]', "out of order"),
    ("transitions that do not chain", 3, '"from":"SYN-SENT"', '"from":"LISTEN"', "goes from LISTEN"),
    ("packets that go back", 1, '"packet":1', '"packet":9', "packet 2 after 9"),
    ("time that goes back", 3, '"ts":1.500000', '"ts":0.500000', "0.500000 is before 1.000000"),
    ("a time with too few decimals", 3, '"ts":1.500000', '"ts":1.5', "1 decimals, not 6"),
    ("a history of its own", 5, '["CLOSED","SYN-SENT","CLOSED"]', '["CLOSED"]', "but the transitions say"),
    ("a record without a finding", 5, '["connection-refused"]', "[]", "that the record does not name"),
    ("a connection not numbered from 1", 5, '"conn":1', '"conn":2', "not numbered from 1"),
    ("a finding about nothing", 4, '"conn":1', '"conn":null', "is not of type 'string'"),
    ("a letter that is none", 5, '"Sr"', '"Sx"', "'Sx' does not match"),
    ("a summary with another count", 6, '"connections":1', '"connections":2', "2 connections, but 1 records"),
]

count = 0
failed = 0


def test(name, fault, skip=None):
    global count, failed
    count += 1
    failed += bool(fault)
    print(f"{'not ok' if fault else 'ok'} {count} - schema: {name}" + (f" # SKIP {skip}" if skip else ""))
    for line in (fault or "").splitlines():
        print("# " + line)


def check(text):
    """The exit status of check_schema on TEXT, and what it says."""
    done = subprocess.run([sys.executable, CHECK], input=text, capture_output=True, timeout=TIME_LIMIT_SECONDS)
    return done.returncode, done.stdout.decode() + done.stderr.decode()


def joined(lines):
    return ("\n".join(lines) + "\n").encode()


def test_checker():
    status, said = check(joined(GOOD))
    test("good lines pass", said if status else None)
    for name, number, old, new, words in BAD:
        lines = list(GOOD)
        assert old in lines[number], name
        lines[number] = lines[number].replace(old, new, 1)
        status, said = check(joined(lines))
        test(f"told: {name}", None if status == 1 and words in said else f"status {status}\n{said}")
    status, said = check(joined(GOOD[:-1]))
    test("told: no summary", None if status == 1 else said)


def test_captures():
    captures = sorted(glob.glob(os.path.join(TOP, "pcaps", "*.pcap*")))
    test("there are captures to check", None if captures else "none in pcaps/")
    for path in captures:
        done = subprocess.run(
            [PROGRAM, "-r", path, "--format=json"], capture_output=True, timeout=TIME_LIMIT_SECONDS
        )
        status, said = check(done.stdout)
        if done.returncode != 0:
            said = f"exit status {done.returncode}\n{done.stderr.decode(errors='replace')}"
        test(os.path.basename(path), said if status or done.returncode else None)


def test_checks():
    """Every kind of check: passed, failed with findings and with connections, skipped."""
    rules = "forbid notice\nexpect every close = refused\nexpect connections >= 1\nfor optional port 1\n  expect every close = fin\n"
    with tempfile.TemporaryDirectory() as place:
        path = os.path.join(place, "rules")
        with open(path, "w", encoding="utf-8") as file:
            file.write(rules)
        done = subprocess.run(
            [PROGRAM, "-r", os.path.join(TOP, "pcaps", "rst-unread-data.pcap"), "--format=json", "--rules", path],
            capture_output=True,
            timeout=TIME_LIMIT_SECONDS,
        )
    status, said = check(done.stdout)
    outcomes = re.findall(rb'"type":"check".*"outcome":"(\w+)"', done.stdout)
    if outcomes != [b"passed", b"passed", b"failed", b"failed", b"passed", b"skipped"] or done.returncode != 1:
        status, said = 1, f"exit status {done.returncode}, outcomes {outcomes}\n{said}"
    test("checks", said if status else None)


def main():
    status, said = check(b"")
    if status == 77:
        print("1..0 # SKIP " + said.strip())
        return 0
    test_checker()
    test_captures()
    test_checks()
    print(f"1..{count}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
