#!/usr/bin/env python3
"""Which conditions does no test hold?  make check-guards GUARDS='src/detect/reset.c …' [MINUTES=20]

Takes one operand at a time out of a chain of && or ||, as if it did not decide, builds a copy of the sources
with that, and runs the scenarios and some unit tests.  Where all of them still pass, a line names the
operand: either a look-alike is missing, or it is a matter of speed or of memory that may run out, or it says
again what another condition says already.

The order is random, and the same for the same --seed.  Prints, and does not fail.
"""

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

TESTS = ["tests/scenarios/run-scenarios"] + [
    f"tests/unit/test_{name}" for name in ("core", "fast", "flow", "fsm", "letters", "output", "tombstone")]
OPENING, CLOSING = "([{", ")]}"
HIDDEN = re.compile(r"/\*.*?\*/|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|^[ \t]*(?:#|_Static_assert).*?(?<!\\)$", re.S | re.M)
TIME_LIMIT_SECONDS = 60


def end_of(text, at, step):
    """From AT forwards or backwards: where the operand of a chain ends."""
    depth = 0
    inwards, outwards = (OPENING, CLOSING) if step > 0 else (CLOSING, OPENING)
    while 0 <= at < len(text):
        char = text[at]
        if char in inwards:
            depth += 1
        elif char in outwards and depth:
            depth -= 1
        elif char in outwards or (not depth and (char in ";?,:" or text[at:at + 2] in ("&&", "||"))):
            break
        elif step < 0 and not depth and (text[at - 1:at + 1] in ("&&", "||") or text[at - 5:at + 1] == "return" or
                                         (char == "=" and text[at - 1] not in "=!<>" and text[at + 1] != "=")):
            break
        at += step
    return at


def operands(text):
    """{(begin, end, operator)}"""
    bare = HIDDEN.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)
    found = set()
    for chain in re.finditer(r"&&|\|\|", bare):
        found.add((chain.end(), end_of(bare, chain.end(), 1), chain[0]))
        found.add((end_of(bare, chain.start() - 1, -1) + 1, chain.start(), chain[0]))
    return found


def without(text, begin, end, operator):
    kept = text[begin:end]
    form = "(1 || ({}))" if operator == "&&" else "(0 && ({}))"
    return text[:begin] + kept.replace(kept.strip(), form.format(kept.strip()), 1) + text[end:]


def passes(folder):
    for test in TESTS:
        try:
            done = subprocess.run([os.path.join(folder, test)], cwd=folder, env={**os.environ, "srcdir": folder},
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=TIME_LIMIT_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return False
        if done.returncode:
            return False
    return True


def build(folder):
    return not subprocess.run(["make", "-s", "CFLAGS=-O1 -w", *TESTS], cwd=folder, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, check=False).returncode


def sources(folder, names):
    for name in names:
        path = os.path.join(folder, name)
        if os.path.isdir(path):
            yield from (os.path.join(name, f) for f in sorted(os.listdir(path)) if f.endswith((".c", ".h")))
        else:
            yield name


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--top", required=True, help="the sources, with configure")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("names", nargs="+", help="files and folders of the sources")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as place:
        folder = os.path.join(place, "copy")
        shutil.copytree(options.top, folder, ignore=shutil.ignore_patterns(".git", "build", "*.o", "*.a", "*.pcap"))
        subprocess.run(["./configure", "-q", "CFLAGS=-O1 -w"], cwd=folder, check=True)
        if not build(folder) or not passes(folder):
            sys.exit("guards.py: the tests fail as it is")
        cases = []
        for name in sources(folder, options.names):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                text = file.read()
            cases += [(name, text, case) for case in sorted(operands(text))]
        random.Random(options.seed).shuffle(cases)
        deadline, held, free = time.monotonic() + 60 * options.minutes, 0, 0
        for name, text, (begin, end, operator) in cases:
            if time.monotonic() > deadline:
                break
            path = os.path.join(folder, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(without(text, begin, end, operator))
            if build(folder) and passes(folder):
                free += 1
                operand = text[begin:end]
                line = text.count("\n", 0, begin + len(operand) - len(operand.lstrip())) + 1
                print(f"{name}:{line}: {operator} {' '.join(operand.split())}", flush=True)
            else:
                held += 1
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        print(f"{held} held, {free} not, of {len(cases)}")


if __name__ == "__main__":
    main()
