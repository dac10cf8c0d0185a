#!/usr/bin/env python3
"""Every id of the catalogue has a scenario that raises it, and a look-alike that must not.

A look-alike is the same situation but for the one fact that decides.  Its head comment says so:

    # look-alike: time-wait-reuse, isn-collision

Such a scenario neither expects nor permits these findings, so that the runner, which is strict, holds
the rest.  For the family `capture`, which is about no connection, the cases of
tests/cli/capture_faults.py are what the scenarios are for the others.

Speaks TAP; TCPFSM and top_srcdir come from make.
"""

import collections
import importlib.util
import os
import re
import subprocess
import sys

TOP = os.path.abspath(os.environ.get("top_srcdir", os.path.join(os.path.dirname(__file__), "..")))
PROGRAM = os.path.abspath(os.environ.get("TCPFSM", os.path.join(TOP, "tcpfsm")))
SCENARIOS = os.path.join(TOP, "tests", "scenarios")
TIME_LIMIT_SECONDS = 60

MARK = re.compile(r"# look-alike: (.+)")
FINDING = re.compile(r"((?:\b(?:may|later|wherever)\s+)*)! ([a-z0-9-]+)")


def catalogue():
    """{id: family}"""
    done = subprocess.run([PROGRAM, "--list-anomalies"], stdout=subprocess.PIPE, timeout=TIME_LIMIT_SECONDS, check=True)
    return {line.split()[0]: line.split()[2] for line in done.stdout.decode().splitlines() if line.strip()}


class Scenario:
    def __init__(self, path):
        self.name = os.path.relpath(path, SCENARIOS)
        self.like, self.required, self.named = set(), set(), set()
        with open(path, encoding="utf-8") as file:
            for line in file:
                mark = MARK.match(line)
                if mark:
                    self.like.update(re.split(r",\s*", mark.group(1).strip()))
                for words, name in FINDING.findall(line.split("#")[0]):
                    self.named.add(name)
                    if "may" not in words.split():
                        self.required.add(name)


def scenarios():
    for folder, _, names in sorted(os.walk(SCENARIOS)):
        for name in sorted(names):
            if name.endswith(".scn"):
                yield Scenario(os.path.join(folder, name))


def capture_cases():
    spec = importlib.util.spec_from_file_location("capture_faults", os.path.join(TOP, "tests", "cli", "capture_faults.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.CASES


def main():
    ids = catalogue()
    raised, like, faults = collections.Counter(), collections.Counter(), []
    for scenario in scenarios():
        raised.update(scenario.required)
        like.update(scenario.like)
        faults += [f"{scenario.name}: {name} is no id" for name in sorted(scenario.like - set(ids))]
        faults += [f"{scenario.name}: {name} is not excluded" for name in sorted(scenario.like & scenario.named)]
    for case in capture_cases():
        raised.update(case.raises)
        like.update([case.like] if case.like else [])
        if case.like in case.raises:
            faults.append(f"{case.what}: raises what it must not")
    results = [("a look-alike neither expects nor permits what it looks like", faults)]
    for name in ids:
        missing = [] if raised[name] else ["nothing raises it"]
        missing += [] if like[name] else ["it has no look-alike"]
        results.append((name, missing))
    for number, (name, said) in enumerate(results, 1):
        print(f"{'not ok' if said else 'ok'} {number} - look-alikes: {name}")
        for line in said:
            print(f"# {line}")
    print(f"1..{len(results)}")
    return 1 if any(said for _, said in results) else 0


if __name__ == "__main__":
    sys.exit(main())
