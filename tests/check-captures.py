"""Runs the program on every capture below a folder: make check-captures CAPTURES=FOLDER [SAMPLE=N].

For each file: the exit status is 0 or 3, a sanitizer has nothing to say, it ends in time, and
tests/schema/check_schema finds no fault with the JSON Lines.  What the program finds is not judged
here; where the folder holds oracles/, tests/oracles.py does that.

With SAMPLE, N files are taken, spread evenly and the same each time.  The last line is
"N passed, N failed, N skipped".
"""

import argparse
import concurrent.futures
import hashlib
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
CHECK_SCHEMA = os.path.join(HERE, "schema", "check_schema")
SKIPPED = 77
NO_CAPTURE = re.compile(r"(\.md|\.tsv|\.txt|\.py|\.json)$|(^|/)(oracles|\.git)/", re.IGNORECASE)
SANITIZER = re.compile(r"(Address|UndefinedBehavior|Leak|Memory)Sanitizer|runtime error:")


def captures_below(folder):
    for directory, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(directory, name)
            if not NO_CAPTURE.search(os.path.relpath(path, folder)):
                yield path


def sample_of(paths, count, folder):
    """COUNT of PATHS (0: all), in the order of the hashes of their names: spread, and always the same."""
    paths = sorted(paths)
    if not count or count >= len(paths):
        return paths
    return sorted(sorted(paths, key=lambda p: hashlib.sha256(os.path.relpath(p, folder).encode()).digest())[:count])


def wrong_lines(lines):
    """What tests/schema/check_schema says about the program's JSON Lines in the file LINES, or None."""
    done = subprocess.run([sys.executable, CHECK_SCHEMA], stdin=lines, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode in (0, SKIPPED):
        return None
    return done.stdout.decode(errors="replace").strip().splitlines()[0]


def wrong_run(path, program, seconds, lines):
    """What is wrong with the program's run over PATH, or None; its JSON Lines go to the file LINES."""
    command = [program, "-r", path, "-T", "json", "-T", "text:/dev/null", "-T", "csv:/dev/null", "-vv"]
    environment = dict(os.environ, ASAN_OPTIONS="exitcode=99", UBSAN_OPTIONS="exitcode=99:print_stacktrace=1")
    try:
        done = subprocess.run(command, stdout=lines, stderr=subprocess.PIPE, timeout=seconds, env=environment)
    except subprocess.TimeoutExpired:
        return f"not done after {seconds} s"
    errors = done.stderr.decode(errors="replace")
    report = SANITIZER.search(errors)
    if report:
        return errors[report.start() :].splitlines()[0]
    if done.returncode not in (0, 3):
        return f"status {done.returncode}: {errors.strip()[:200]}"
    if (done.returncode == 3) != bool(errors.strip()):
        return f"status {done.returncode} does not go with standard error: {errors.strip()[:200]!r}"
    return None


def check(path, program, seconds):
    """What is wrong with PATH's run or what it printed, or None."""
    with tempfile.TemporaryFile() as lines:
        problem = wrong_run(path, program, seconds, lines)
        lines.seek(0)
        return problem or wrong_lines(lines)


def compare_with_oracles(folder, program):
    """How far the program agrees with what others say; for the reader, it fails nothing."""
    script = os.path.join(HERE, "oracles.py")
    if os.path.isdir(os.path.join(folder, "oracles")) and os.path.exists(script):
        sys.stdout.flush()
        subprocess.run([sys.executable, script, "--program", program, folder], check=False)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--program", required=True)
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=60)
    arguments = parser.parse_args()

    paths = sample_of(captures_below(arguments.folder), arguments.sample, arguments.folder)
    if subprocess.run([sys.executable, CHECK_SCHEMA], stdin=subprocess.DEVNULL, capture_output=True).returncode == SKIPPED:
        print("no jsonschema for this Python: what the program prints is not held against the schema")
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = pool.map(lambda p: check(p, arguments.program, arguments.seconds), paths)
        for path, problem in zip(paths, runs):
            if problem:
                failed += 1
                print(f"FAIL {os.path.relpath(path, arguments.folder)}: {problem}")
    compare_with_oracles(arguments.folder, arguments.program)
    if not paths:
        print(f"no captures below {arguments.folder}")
    print(f"{len(paths) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
