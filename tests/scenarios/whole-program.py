#!/usr/bin/env python3
"""Sends every scenario through the whole program as a capture, and holds that
the program tells the same as the analyzer alone: every transition, finding and
record.  What is held against it: reading files, decoding, options, JSON Lines.

Speaks TAP.  TCPFSM names the program; run-scenarios stands below it."""

import decimal
import json
import os
import re
import subprocess
import sys
import tempfile

PROGRAM = os.environ.get("TCPFSM", "./tcpfsm")
RUNNER = os.path.join(os.path.dirname(PROGRAM) or ".", "tests", "scenarios", "run-scenarios")
SCENARIOS = os.path.join(os.environ.get("top_srcdir", "."), "tests", "scenarios")

START = 1700000000  # of every scenario, seconds since the epoch

TRANSITION = re.compile(r"#   (\S+) #(\d+) conn (\d+) (\S+) (\S+) -> (\S+) \((\w+)\) by (\S+),")
FINDING = re.compile(r"#   (\S+) #(\d+) conn (\d+) (\S+) ! (\S+) \((\w+)\) on packets((?: \d+)*)")
RECORD = re.compile(r"#   record conn (\d+) close (\w+) .* client (\S+) \{.*\} packets .* server (\S+) \{")

# What a finding names, which the scenario's own notation does not hold.
DETAILS = {
    "established/dead-peer-closing.scn": ("dead-peer", "unacknowledged", 100),
    "isn/predictable-band.scn": ("isn-predictable", "pattern", "a narrow band"),
    "isn/predictable-small-steps.scn": ("isn-predictable", "pattern", "steps that differ little"),
    "isn/predictable-step-of-one.scn": ("isn-predictable", "pattern", "a constant step"),
    "opening/simultaneous-syn-ack-again.scn": ("handshake-retransmission", "after", 1),
    "reset/data-after-close-behind-unseen-ack.scn": ("data-after-close", "bytes", 43),
    "reset/half-open-data.scn": ("half-open", "unacknowledged", 100),
}

# How often the record of the first connection says that something came up.
COUNTS = {
    "isn/zero-again.scn": {"isn-zero": 2},
    "opening/simultaneous-second-syn-again.scn": {"simultaneous-open": 1},
    "opening/split-handshake-syn-again.scn": {"split-handshake": 1},
    "reset/belied-by-both.scn": {"injection-suspected": 1},
}


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{' '.join(command)}: status {done.returncode}: {done.stderr.strip()}")
    return done


def expected(path):
    """What the analyzer alone says, from the runner's list of events."""
    events = []
    for line in run(RUNNER, "--variant=ipv4", "--show", path).stdout.splitlines():
        if match := TRANSITION.match(line):
            time, packet, conn, end, former, to, basis, rule = match.groups()
            events.append(("transition", time, int(packet), int(conn), end, former, to, basis, rule))
        elif match := FINDING.match(line):
            time, packet, conn, end, name, severity, packets = match.groups()
            numbers = tuple(int(n) for n in packets.split())
            events.append(("anomaly", time, int(packet), int(conn), end, name, severity, numbers))
        elif match := RECORD.match(line):
            conn, close, client, server = match.groups()
            events.append(("connection", int(conn), close, client, server))
    return events


# What only the program says, who knows the whole capture; and of which scenarios it must say it.
JUDGED_AT_THE_END = ("kernel-drops", "duplicate-frames", "one-way", "time-backwards", "snap-length", "evicted")
VERDICTS = {
    "capture/cut-at-the-second-tap.scn": ["duplicate-frames"],
    "capture/mirror-port.scn": ["duplicate-frames"],
    "capture/mirror-port-slow.scn": ["duplicate-frames"],
    "capture/two-taps.scn": ["duplicate-frames"],
    "capture/one-way-client.scn": ["one-way"],
    "capture/one-way-half-close.scn": ["one-way"],
    "capture/one-way-octet-by-octet.scn": ["one-way"],
    "capture/one-way-refused.scn": ["one-way"],
    "capture/one-way-server.scn": ["one-way"],
    "capture/one-way-syn.scn": ["one-way"],
    "established/dead-peer-not-one-way.scn": ["one-way"],
    "restart/blind-syn-one-way.scn": ["one-way"],
}


def from_json(line):
    """The same tuple out of a line of the program's output, or None."""
    o = json.loads(line, parse_float=decimal.Decimal)
    time = f"{o.get('ts', START) - START:.6f}"
    conn, end = o.get("conn") or 0, o.get("endpoint") or "neither"
    if o["type"] == "transition":
        return ("transition", time, o["packet"] or 0, conn, end, o["from"], o["to"], o["basis"], o["rule"])
    if o["type"] == "anomaly":
        return ("anomaly", time, o["packet"] or 0, conn, end, o["id"], o["severity"], tuple(o["packets"]))
    if o["type"] == "connection":
        return ("connection", conn, o["close"], o["client"]["state"], o["server"]["state"])
    return None


def options(path):
    """The scenario's profile and timers as command line options."""
    found = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            words = line.split()
            if words[:1] == ["profile"]:
                found.append(f"--profile={words[1]}")
            elif words[:1] == ["timer"]:
                found.append(f"--timer={words[1]}={words[2].rstrip('s')}")
    return found


def actual(path, capture):
    """What the program says to the scenario's capture."""
    written = run(RUNNER, f"--write-pcap={capture}", path).stdout
    rest = re.search(r"--end=\S+", written)
    command = [PROGRAM, "-r", capture, "--format=json", *options(path), *([rest.group()] if rest else [])]
    done = run(*command, "--threads=1")
    if run(*command, "--threads=2").stdout != done.stdout:
        raise RuntimeError(f"{' '.join(command)}: one thread tells another story than two")
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: status {done.returncode}: {done.stderr.strip()}")
    lines = done.stdout.splitlines()
    return [event for event in map(from_json, lines) if event is not None], numbers(path, lines)


def numbers(path, lines):
    """The wrong number in the findings of LINES, as words, or None."""
    name, detail, value = DETAILS.get("/".join(path.split("/")[-2:]), (None, None, None))
    objects = [json.loads(line) for line in lines]
    found = [o["details"].get(detail) for o in objects if o.get("id") == name and name]
    if found != ([value] if name else []):
        return f"{detail} of {name} is {found}, not {value}"
    counts = COUNTS.get("/".join(path.split("/")[-2:]), {})
    record = next((o["anomaly_counts"] for o in objects if o["type"] == "connection"), {})
    wrong = {name: record.get(name) for name, count in counts.items() if record.get(name) != count}
    return f"the record counts {wrong}, not {counts}" if wrong else None


def difference(path, capture):
    """None, or the first event that differs."""
    try:
        here, (there, wrong) = expected(path), actual(path, capture)
    except (RuntimeError, OSError, ValueError, KeyError) as error:
        return str(error)
    verdict = [event[5] for event in there if event[0] == "anomaly" and event[5] in JUDGED_AT_THE_END]
    there = [event for event in there if event[0] != "anomaly" or event[5] not in JUDGED_AT_THE_END]
    wanted = VERDICTS.get("/".join(path.split("/")[-2:]), [])
    if verdict != wanted:
        return f"of the capture the program says {verdict}, not {wanted}"
    for i in range(max(len(here), len(there))):
        one = here[i] if i < len(here) else None
        other = there[i] if i < len(there) else None
        if one != other:
            return f"event {i + 1}: the analyzer {one}, the program {other}"
    return wrong if here else "the scenario has no event"


def main():
    paths = sorted(os.path.join(folder, name) for folder, _, names in os.walk(SCENARIOS) for name in names
                   if name.endswith(".scn"))
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, path in enumerate(paths, 1):
            problem = difference(path, os.path.join(folder, "scenario.pcap"))
            failed += problem is not None
            print(f"{'not ok' if problem else 'ok'} {number} - {os.path.relpath(path, SCENARIOS)}")
            if problem:
                print(f"#   {problem}")
    print(f"1..{len(paths)}")
    print(f"# {len(paths) - failed} passed, {failed} failed")
    return 1 if failed or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
