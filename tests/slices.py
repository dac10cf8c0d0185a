"""Slices show their findings again: make check-slices CAPTURES=FOLDER [SAMPLE=N].

For each capture below the folder, tcpfsm --slice is run, and then tcpfsm on each slice: the finding must
be there again, about the same end of the same connection (or the same host or service), as severe, and
proved by the same packets, as the comments in the slice number them.  It prints how many did, and which
did not; --strict makes those a failure.

With SAMPLE, N files are taken, spread evenly and the same each time.  The last line is
"N passed, N failed, N skipped": a file passes if every slice of it shows its finding, or is said not to.
"""

import argparse
import concurrent.futures
import importlib.util
import json
import os
import re
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def load_check_captures():
    spec = importlib.util.spec_from_file_location("check_captures", os.path.join(HERE, "check-captures.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def records(program, path, seconds):
    done = subprocess.run([program, "-r", path, "-T", "json"], capture_output=True, timeout=seconds, check=False)
    if done.returncode not in (0, 3):
        raise RuntimeError(f"status {done.returncode}: {done.stderr.decode(errors='replace')[:200]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def ends(lines):
    """conn -> (client, server), by their records."""
    return {
        r["conn"]: tuple((r[e]["addr"], r[e]["port"]) for e in ("client", "server")) for r in lines if r["type"] == "connection"
    }


def identities(lines, packets_of):
    """What each finding is; PACKETS_OF says how the capture numbered the packets."""
    who = ends(lines)
    out = []
    for a in lines:
        if a["type"] != "anomaly":
            continue
        is_conn = a["conn"] is not None
        about = who.get(a["conn"]) if is_conn else "capture" if a["id"] in CAPTURE else a["subject"]
        packets = tuple(packets_of(p) for p in a["packets"]) if is_conn else None
        out.append((a["id"], a["severity"], a["endpoint"], about, packets))
    return out


CAPTURE = {"kernel-drops", "duplicate-frames", "one-way", "time-backwards", "snap-length", "evicted"}


def comments(path):
    """The comment of each packet of a pcapng file (the byte order is this machine's), as the format has them."""
    with open(path, "rb") as f:
        data = f.read()
    out, at = [], 0
    while at < len(data):
        kind, size = struct.unpack_from("=II", data, at)
        assert size % 4 == 0 and struct.unpack_from("=I", data, at + size - 4)[0] == size
        if kind == 6:
            captured = struct.unpack_from("=I", data, at + 20)[0]
            option = at + 28 + (captured + 3 & ~3)
            code, length = struct.unpack_from("=HH", data, option)
            assert code == 1, "a packet without a comment"
            out.append(data[option + 4 : option + 4 + length].decode())
        at += size
    return out


def check_slice(program, path, wanted, seconds):
    """Is WANTED shown by the slice at PATH?"""
    numbers = [int(re.match(r"packet (\d+) of the capture", c).group(1)) for c in comments(path)]
    assert numbers == sorted(numbers), "packets out of order"
    return wanted in identities(records(program, path, seconds), lambda p: numbers[p - 1])


def slice_name(finding, taken):
    """As the manual says."""
    if finding["conn"] is not None:
        about = f"conn-{finding['conn']}"
    elif finding["id"] in CAPTURE:
        about = "capture"
    else:
        about = re.sub("[^A-Za-z0-9.]+", "-", finding["subject"]).lstrip("-")
    name = f"{about}-{finding['id']}.pcapng"
    if name in taken:
        name = f"{about}-{finding['id']}-{finding['endpoint']}.pcapng"
    taken.add(name)
    return name


class Result:
    def __init__(self):
        self.shown, self.hidden, self.said, self.missing, self.kept, self.whole, self.lost = 0, [], 0, [], 0, 0, 0


def check(program, path, seconds, folder):
    """Slice PATH into FOLDER, and hold each slice against its finding."""
    r = Result()
    done = subprocess.run([program, "-r", path, "-T", "json", f"--slice={folder}"], capture_output=True, timeout=seconds, check=False)
    errors = done.stderr.decode(errors="replace")
    if done.returncode not in (0, 3) or "Sanitizer" in errors or "runtime error" in errors:
        raise RuntimeError(f"status {done.returncode}: {errors[-500:]}")
    said = re.search(r"--slice: (\d+) of \d+ do not", errors)
    r.said = int(said.group(1)) if said else 0
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    found = [a for a in lines if a["type"] == "anomaly"]
    taken = set()
    for finding, wanted in list(zip(found, identities(lines, lambda p: p)))[:1000]:
        slice_path = os.path.join(folder, slice_name(finding, taken))
        if not os.path.exists(slice_path):
            r.missing.append(os.path.basename(slice_path))
        elif check_slice(program, slice_path, wanted, seconds):
            r.shown += 1
            r.kept += len(comments(slice_path))
        else:
            r.hidden.append(os.path.basename(slice_path))
    r.whole = next(s["packets"] for s in lines if s["type"] == "summary")
    return r


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--program", required=True)
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--strict", action="store_true")
    arguments = parser.parse_args()
    captures = load_check_captures()
    paths = captures.sample_of(captures.captures_below(arguments.folder), arguments.sample, arguments.folder)
    shown = hidden = missing = failed = 0

    def one(path):
        with tempfile.TemporaryDirectory() as folder:
            try:
                return check(arguments.program, path, arguments.seconds, folder)
            except (RuntimeError, AssertionError, subprocess.TimeoutExpired) as error:
                return f"{type(error).__name__}: {error}"

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for path, r in zip(paths, pool.map(one, paths)):
            name = os.path.relpath(path, arguments.folder)
            if isinstance(r, str):
                failed += 1
                print(f"FAIL {name}: {r}")
                continue
            shown, hidden, missing = shown + r.shown, hidden + len(r.hidden), missing + len(r.missing)
            if r.hidden or r.missing:
                print(f"{name}: {r.shown} shown; not shown by {' '.join(r.hidden)}; not made {' '.join(r.missing)}; said of {r.said}")
            if len(r.hidden) + len(r.missing) > (0 if arguments.strict else r.said):
                failed += 1
                print(f"FAIL {name}: more than was said")
    print(f"{shown} findings of {shown + hidden + missing} are shown by their slices")
    print(f"{len(paths) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
