#!/usr/bin/env python3
"""Writes the seeds of tests/fuzz/fuzz_truth.c into a directory (by default
tests/fuzz/seeds/truth): plans of the applications, and networks from good to
bad.  The form of a seed stands in fuzz_truth.c; the same ones are written
every time."""

import os
import random
import sys

CLOSE, ABORT, SEND = 0, 1, 2
SOON, LATER = 3, 5  # 50 ms and 1 s after the action before


def action(gap, end, what):
    return gap | end << 3 | what << 4


PLANS = {
    "client-first": [action(SOON, 0, SEND), action(SOON, 1, SEND), action(LATER, 0, CLOSE), action(LATER, 1, CLOSE)],
    "server-first": [action(SOON, 0, SEND), action(LATER, 1, CLOSE), action(SOON, 0, SEND), action(LATER, 0, CLOSE)],
    "both-close": [action(SOON, 0, SEND), action(LATER, 0, CLOSE), action(0, 1, CLOSE)],
    "abort": [action(SOON, 1, SEND), action(SOON, 0, SEND), action(LATER, 0, ABORT)],
    "abort-closing": [action(LATER, 0, CLOSE), action(SOON, 1, SEND), action(SOON, 1, ABORT)],
    "half-close": [action(SOON, 0, CLOSE), action(LATER, 1, SEND), action(LATER, 1, SEND), action(LATER, 1, CLOSE)],
}


def network(source, badness):
    """Forty fates and delays: BADNESS in a hundred segments are lost or late."""
    octets = []
    for _ in range(40):
        bad = source.randrange(100) < badness
        octets += [source.choice((1, 2)) if bad and source.randrange(2) else 0, source.randrange(64) if bad else 9]
    return bytes(octets)


def main():
    directory = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "seeds", "truth")
    os.makedirs(directory, exist_ok=True)
    source = random.Random(9293)
    for name, plan in PLANS.items():
        for badness in (0, 10, 25):
            mode = len(plan) - 2 << 2
            with open(os.path.join(directory, f"{name}-{badness}"), "wb") as file:
                file.write(bytes([mode]) + bytes(plan) + network(source, badness))


if __name__ == "__main__":
    main()
