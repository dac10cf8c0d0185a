#!/usr/bin/env python3
"""Scenarios that must fail, and what the runner must say to each: a runner that
lets everything pass, or blames the wrong line, would be worse than none.

Speaks TAP.  TCPFSM names the program; run-scenarios stands below it."""

import os
import subprocess
import sys
import tempfile

RUNNER = os.path.join(os.path.dirname(os.environ.get("TCPFSM", "./tcpfsm")) or ".", "tests", "scenarios",
                      "run-scenarios")

OPEN = """isn client 1000 server 5000
+0 client > server S 0:0 | client SYN-SENT
+10ms server > client SA 0:0 ack 1 | server SYN-RECEIVED
+1ms client > server A 1:1 ack 1 | client ESTABLISHED server ESTABLISHED
"""

# What it shows, the text, the line that must be named, a part of the message.
CASES = [
    ("an undeclared transition", OPEN + "+1s client > server FA 1:1 ack 1 | client FIN-WAIT-1", 5,
     "undeclared transition"),
    ("another state than declared", OPEN + "+1s client > server FA 1:1 ack 1 | client CLOSE-WAIT server CLOSE-WAIT", 5,
     "expected client {CLOSE-WAIT}"),
    ("another basis than declared", OPEN + "+1s client > server FA 1:1 ack 1 | client FIN-WAIT-1 (presumed) "
     "server CLOSE-WAIT", 5, "expected client {FIN-WAIT-1} presumed"),
    ("another rule than declared", OPEN + "+1s client > server FA 1:1 ack 1 | client FIN-WAIT-1 by no-such-rule "
     "server CLOSE-WAIT", 5, "expected client {FIN-WAIT-1}"),
    ("a transition that does not come", OPEN + "+1s client > server PA 1:11 ack 1 | client CLOSED", 5,
     "expected conn 1 client {CLOSED}, but it did not come"),
    ("a transition one line too early", OPEN + "+1s client > server PA 1:11 ack 1 | client FIN-WAIT-1\n"
     "+1s client > server FA 11:11 ack 1 | server CLOSE-WAIT", 6, "undeclared transition"),
    ("a retraction that is declared as a plain transition", OPEN + "+1s server > client SA 0:0 ack 1 | "
     "server SYN-RECEIVED may ! handshake-retransmission any may ! handshake-ack-lost any", 5,
     "expected server {SYN-RECEIVED}"),
    ("another count than declared", OPEN + "+1s client > server PA 1:101 ack 1\n+1s client > server RA 101:101 ack 1 | "
     "client CLOSED server CLOSED later ! rst-abort client with unacknowledged 99 may later record", 6,
     "expected conn 1 ! rst-abort client, but it was not raised"),
    ("the state afterwards", OPEN + "wait 1s | client is CLOSED", 5, "expected client is {CLOSED}"),
    ("a set that lacks a state", OPEN + "wait 1s | client in {ESTABLISHED,LISTEN}", 5, "expected client in"),
    ("a set that is too large", OPEN + "wait 1s | client within {ESTABLISHED}", 5, "expected client within"),
    ("a set that is another one", OPEN + "wait 1s | client = {TIME-WAIT}", 5, "expected client ="),
    ("a set that holds a state", OPEN + "wait 1s | client not {ESTABLISHED}", 5, "expected client not"),
    ("a set of which nothing was said", "isn client 1 server 2\nwait 1s | client in {CLOSED}\n"
     "+0 client > server S 0:0 | client SYN-SENT", 2, "nothing was said"),
    ("an undeclared finding", "isn client 1 server 2\n+0 client > server S 0:0 | client SYN-SENT\n"
     "+1s client > server S 0:0", 3, "undeclared finding"),
    ("a finding that is not raised", OPEN + "wait 1s | ! rst-abort client", 5, "it was not raised"),
    ("a finding that is never raised", OPEN + "wait 1s | later ! rst-abort client", 5, "it was not raised"),
    ("a finding about the other end", "isn client 1 server 2\n+0 client > server S 0:0 | client SYN-SENT\n"
     "+1s client > server S 0:0 | ! handshake-retransmission server", 3, "undeclared finding"),
    ("a finding of another severity", "isn client 1 server 2\n+0 client > server S 0:0 | client SYN-SENT\n"
     "+1s client > server S 0:0 | ! handshake-retransmission client (error)", 3, "undeclared finding"),
    ("an early record that is not declared", OPEN + "+1s client > server RA 1:1 ack 1 | client CLOSED server CLOSED "
     "! rst-abort client\nwait 10s", 6, "undeclared record"),
    ("another close", OPEN + "end | record close fin", 5, "expected close fin, but open"),
    ("another final state", OPEN + "end | record server CLOSED", 5, "expected server CLOSED, but ESTABLISHED"),
    ("another history", OPEN + "end | record client history CLOSED,ESTABLISHED", 5, "another history"),
    ("another count of octets", OPEN + "end | record client bytes 1", 5, "expected client bytes 1, but 0"),
    ("other roles", OPEN + "end | record roles guessed", 5, "expected roles guessed, but syn"),
    ("another word of Zeek's", OPEN + "end | record zeek SF", 5, "expected zeek SF, but S1"),
    ("other letters", OPEN + "end | record letters ShD", 5, "expected letters ShD, but ShA"),
    ("another number of connections", OPEN + "end | connections 2", 5, "expected 2 connections, but 1"),
    ("a connection that never was", OPEN + "conn 2 isn client 1 server 2\nwait 1s", 6,
     "the scenario has 2 connections"),
    ("an id that the catalogue does not have", OPEN + "wait 1s | may ! stuck-in-traffic client", 5,
     "is no id of the catalogue"),
    ("a time without its unit", OPEN + "+10 client > server A 1:1 ack 1", 5, "a time needs a unit"),
    ("a unit that is none", OPEN + "+10m client > server A 1:1 ack 1", 5, "m is no unit of time"),
    ("flags that are none", OPEN + "+0 client > server SX 1:1", 5, "SX are no flags"),
    ("an ack without the flag", OPEN + "+0 client > server F 1:1 ack 1", 5, "belong together"),
    ("the flag without an ack", OPEN + "+0 client > server FA 1:1", 5, "belong together"),
    ("a range that runs back", OPEN + "+0 client > server A 9:1 ack 1", 5, "a payload of"),
    ("a direction to itself", OPEN + "+0 client > client A 1:1 ack 1", 5, "expected client > server"),
    ("a state that is none", OPEN + "+0 client > server A 1:1 ack 1 | client FIN-WAIT-3", 5, "FIN-WAIT-3 is no state"),
    ("an option that is none", OPEN + "+0 client > server A 1:1 ack 1 <tsval 1>", 5, "tsval is no option"),
    ("options that no header holds", OPEN + "+0 client > server A 1:1 ack 1 <TS val 1 ecr 1,sack 1:2 3:4 5:6,mss 9,sackOK>", 5,
     "a header has 40"),
    ("a connection out of order", OPEN + "conn 3 isn client 1 server 2", 5, "the next one is 2"),
    ("a connection that was not declared", OPEN + "+0 conn 2 client > server S 0:0", 5, "was not declared"),
    ("a variant without a reason", "variant no-ipv6\n" + OPEN, 1, "left out for a reason"),
    ("an event after the end", OPEN + "end\nwait 1s", 6, "after the line `end`"),
    ("an expectation with nothing above it", "| client CLOSED\n" + OPEN, 1, "stands beside an event"),
    ("a word too much", OPEN + "wait 1s 2s", 5, "left over"),
]


def problem_of(path, text, line, message):
    """None where the runner fails the text as it must."""
    with open(path, "w", encoding="utf-8") as file:
        file.write(text + "\n")
    done = subprocess.run([RUNNER, "--variant=ipv4", path], stdout=subprocess.PIPE, universal_newlines=True, check=False)
    if done.returncode != 1:
        return f"exit status {done.returncode}"
    for said in done.stdout.splitlines():
        if said.startswith("#") and f".scn:{line}:" in said and message in said:
            return None
    return f"line {line} and \"{message}\" were not named: {done.stdout.strip()}"


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, (what, text, line, message) in enumerate(CASES, 1):
            problem = problem_of(os.path.join(folder, "must-fail.scn"), text, line, message)
            failed += problem is not None
            print(f"{'not ok' if problem else 'ok'} {number} - {what}")
            if problem:
                print("#   " + problem.replace("\n", "\n#   "))
    print(f"1..{len(CASES)}")
    print(f"# {len(CASES) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
