#!/usr/bin/env python3
"""Holds what the program says of each capture in pcaps/ against the files beside this one, octet by
octet: NAME.txt (text with -v), NAME.json, NAME.csv, NAME.ladder.  And that neither the surroundings
(locale, time zone, threads) nor the capture's own format (standard input, pcapng, byte order,
compression, microseconds) changes what is said of the same frames.

    tests/golden/golden.py             speak TAP
    tests/golden/golden.py --update    write the files anew; then read the difference, line by line,
                                       against pcaps/NAME.states and a packet dump, before it is committed

TCPFSM and top_srcdir come from make.
"""

import decimal
import difflib
import glob
import gzip
import json
import os
import re
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.abspath(os.environ.get("top_srcdir", os.path.join(HERE, "..", "..")))
PROGRAM = os.path.abspath(os.environ.get("TCPFSM", os.path.join(TOP, "tcpfsm")))
CAPTURES = os.path.join(TOP, "pcaps")
TIME_LIMIT_SECONDS = 60
LINES_SHOWN = 12

FORMATS = {"text": "txt", "json": "json", "csv": "csv", "ladder": "ladder"}
VERSION = re.compile(rb'"version":"[^"]*"')
PLAIN = {"LC_ALL": "C.UTF-8", "TZ": "UTC0"}

count = 0
failed = 0


def test(name, fault, skip=None):
    global count, failed
    count += 1
    failed += bool(fault)
    print(f"{'not ok' if fault else 'ok'} {count} - golden: {name}" + (f" # SKIP {skip}" if skip else ""))
    for line in (fault or "").splitlines():
        print("# " + line)
    sys.stdout.flush()


def run(capture, *options, surroundings=PLAIN, stdin=None):
    """What the program writes in each format about CAPTURE, a path; it sees the last part alone."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("LC_") and k not in ("LANG", "LANGUAGE", "TZ")}
    with tempfile.TemporaryDirectory() as folder:
        command = [PROGRAM, "-r", "-" if stdin is not None else os.path.basename(capture), "-v", *options]
        command += [f"--format={f}:{os.path.join(folder, f)}" for f in FORMATS]
        done = subprocess.run(command, input=stdin, cwd=os.path.dirname(capture), env={**kept, **surroundings},
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TIME_LIMIT_SECONDS, check=False)
        if done.returncode != 0 or done.stdout:
            raise RuntimeError(f"exit status {done.returncode}: {done.stderr.decode(errors='replace')}")
        said = {}
        for f in FORMATS:
            with open(os.path.join(folder, f), "rb") as file:
                said[f] = VERSION.sub(b'"version":"VERSION"', file.read())
        return said


def without_capture_line(said):
    """The capture's own line (name, link type, resolution) apart."""
    return {**said, "json": said["json"].split(b"\n", 1)[1]}


def difference(expected, actual):
    """None, or the first lines in which two outputs differ."""
    for f in expected:
        if expected[f] == actual[f]:
            continue
        one, other = (o[f].decode(errors="replace").splitlines() for o in (expected, actual))
        lines = difflib.unified_diff(one, other, "expected", "actual", lineterm="", n=0)
        return "\n".join([f"{f}:", *list(lines)[:LINES_SHOWN]])
    return None


# --- Captures in other clothes ----------------------------------------------------------------


def read_pcap(path):
    """The frames of one of our captures (little-endian, nanoseconds): (ns since the epoch, length, octets)."""
    with open(path, "rb") as file:
        data = file.read()
    magic, _, _, _, _, snaplen, linktype = struct.unpack_from("<IHHiIII", data)
    assert magic == 0xA1B23C4D, path
    frames, at = [], 24
    while at < len(data):
        seconds, fraction, captured, length = struct.unpack_from("<IIII", data, at)
        frames.append((seconds * 1000000000 + fraction, length, data[at + 16:at + 16 + captured]))
        at += 16 + captured
    return snaplen, linktype, frames


def pcap(capture, order="<", unit=1):
    """The classic format in either byte order; UNIT is 1 ns or 1,000."""
    snaplen, linktype, frames = capture
    magic = 0xA1B23C4D if unit == 1 else 0xA1B2C3D4
    out = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, snaplen, linktype)]
    for when, length, octets in frames:
        out.append(struct.pack(order + "IIII", when // 1000000000, when % 1000000000 // unit, len(octets), length))
        out.append(octets)
    return b"".join(out)


def block(order, kind, body):
    body += bytes(-len(body) % 4)
    return struct.pack(order + "II", kind, len(body) + 12) + body + struct.pack(order + "I", len(body) + 12)


def pcapng(capture, order="<", unit=1):
    snaplen, linktype, frames = capture
    resolution = struct.pack(order + "HHB3xHH", 9, 1, 9 if unit == 1 else 6, 0, 0)
    out = [block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1)),
           block(order, 1, struct.pack(order + "HHI", linktype, 0, snaplen) + resolution)]
    for when, length, octets in frames:
        time = when // unit
        head = struct.pack(order + "IIIII", 0, time >> 32, time & 0xFFFFFFFF, len(octets), length)
        out.append(block(order, 6, head + octets))
    return b"".join(out)


def in_microseconds(capture):
    snaplen, linktype, frames = capture
    return snaplen, linktype, [(when // 1000 * 1000, length, octets) for when, length, octets in frames]


# --- The tests --------------------------------------------------------------------------------


def test_goldens(name, said):
    for f, suffix in FORMATS.items():
        path = os.path.join(HERE, f"{name}.{suffix}")
        try:
            with open(path, "rb") as file:
                expected = file.read()
        except OSError as error:
            test(f"{name}.{suffix}", str(error))
            continue
        test(f"{name}.{suffix}", difference({f: expected}, {f: said[f]}))


def locales():
    done = subprocess.run(["locale", "-a"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return done.stdout.decode(errors="replace").split()


def test_surroundings(path, name, said, turkish):
    for zone in ("NPT-5:45", "America/New_York"):
        test(f"{name} with TZ={zone}", difference(said, run(path, surroundings={**PLAIN, "TZ": zone})))
    if turkish:
        test(f"{name} with LC_ALL={turkish}", difference(said, run(path, surroundings={**PLAIN, "LC_ALL": turkish})))
    else:
        test(f"{name} with a Turkish locale", None, "this machine has none")
    plain = run(path, surroundings={**PLAIN, "LC_ALL": "C"})
    drawn = plain.pop("ladder")
    test(f"{name} with LC_ALL=C", difference({f: said[f] for f in plain}, plain)
         or (None if drawn.isascii() else "the ladder is not in ASCII"))
    for threads in (1, 2):
        test(f"{name} with --threads={threads}", difference(said, run(path, f"--threads={threads}")))


def test_formats(path, name, said, folder):
    """The same frames in other formats; only the line about the capture itself may differ."""
    capture = read_pcap(path)
    said = without_capture_line(said)
    with open(path, "rb") as file:
        test(f"{name} on standard input", difference(said, without_capture_line(run(path, stdin=file.read()))))
    others = {
        "byte-swapped": pcap(capture, ">"),
        "as pcapng": pcapng(capture),
        "as byte-swapped pcapng": pcapng(capture, ">"),
        "compressed with gzip": gzip.compress(pcap(capture), mtime=0),
    }
    for how, octets in others.items():
        test(f"{name} {how}", difference(said, without_capture_line(said_of(octets, folder))))


def said_of(octets, folder):
    path = os.path.join(folder, "capture")
    with open(path, "wb") as file:
        file.write(octets)
    return run(path)


def numbers(said):
    """The lines of JSON but the first, with exact numbers: 1.5 is 1.500000000."""
    return [json.loads(line, parse_float=decimal.Decimal) for line in said["json"].splitlines()[1:]]


def test_microseconds(path, name, folder):
    """Times cut to microseconds: the same however they are written down."""
    cut = in_microseconds(read_pcap(path))
    fine, coarse = said_of(pcap(cut), folder), said_of(pcap(cut, unit=1000), folder)
    test(f"{name} in microseconds", None if numbers(fine) == numbers(coarse) else "other JSON than in nanoseconds")
    coarse = without_capture_line(coarse)
    others = {
        "byte-swapped": pcap(cut, ">", 1000),
        "as pcapng": pcapng(cut, "<", 1000),
        "as byte-swapped pcapng": pcapng(cut, ">", 1000),
    }
    for how, octets in others.items():
        test(f"{name} in microseconds, {how}", difference(coarse, without_capture_line(said_of(octets, folder))))


def update(paths):
    for path in paths:
        name = os.path.basename(path)[:-len(".pcap")]
        for f, octets in run(path).items():
            with open(os.path.join(HERE, f"{name}.{FORMATS[f]}"), "wb") as file:
                file.write(octets)
    print("Now read what changed (git diff tests/golden) against pcaps/*.states and a packet dump.")


def main():
    paths = sorted(glob.glob(os.path.join(CAPTURES, "*.pcap")))
    if sys.argv[1:] == ["--update"]:
        update(paths)
        return 0
    turkish = next((name for name in locales() if re.match(r"tr_TR\.utf-?8$", name, re.I)), None)
    known = {os.path.basename(p).rsplit(".", 1)[0] for s in FORMATS.values() for p in glob.glob(f"{HERE}/*.{s}")}
    names = {os.path.basename(p)[:-len(".pcap")] for p in paths}
    test("every file here belongs to a capture", " ".join(sorted(known - names)) or (None if names else "no captures"))
    for path in paths:
        name = os.path.basename(path)[:-len(".pcap")]
        try:
            said = run(path)
            test_goldens(name, said)
            with tempfile.TemporaryDirectory() as folder:
                test_surroundings(path, name, said, turkish)
                test_formats(path, name, said, folder)
                test_microseconds(path, name, folder)
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            test(name, str(error))
    print(f"1..{count}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
