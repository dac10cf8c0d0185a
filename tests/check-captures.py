"""Runs the program on every capture below a folder: make check-captures CAPTURES=FOLDER [SAMPLE=N].

For each file: the exit status is 0 or 3, a sanitizer has nothing to say, it ends in time, every
JSON line is one and fits the schema, the last one is the summary, and its packets add up.  What the
program finds is not judged here; where the folder holds oracles/, tests/oracles.py does that.

With SAMPLE, N files are taken, spread evenly and the same each time.  The last line is
"N passed, N failed, N skipped".
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
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


def load_validator(schema_path):
    """A function that says what is wrong with a record, or None.  None where there is no jsonschema."""
    try:
        import jsonschema
    except ImportError:
        return None
    with open(schema_path) as f:
        schema = json.load(f)
    validator = jsonschema.validators.validator_for(schema)(schema)

    def complain(record):
        error = next(validator.iter_errors(record), None)
        return error and f"{error.message[:200]} at {'/'.join(map(str, error.absolute_path))}"

    return complain


def wrong_lines(output, complain):
    """What is wrong with the program's JSON Lines, or None."""
    record = None
    for number, line in enumerate(output.splitlines(), 1):
        try:
            record = json.loads(line)
        except ValueError as error:
            return f"line {number} is no JSON: {error}"
        problem = complain and complain(record)
        if problem:
            return f"line {number}: {problem}"
    if not record or record.get("type") != "summary":
        return "the last line is no summary"
    accounted = record["tcp_segments"] + sum(record["skipped"].values())
    if record["packets"] != accounted:
        return f"{record['packets']} packets, but segments and skipped frames are {accounted}"
    return None


def check(path, program, seconds, complain):
    """What is wrong with the run over PATH, or None."""
    command = [program, "-r", path, "-T", "json", "-T", "text:/dev/null", "-T", "csv:/dev/null", "-vv"]
    environment = dict(os.environ, ASAN_OPTIONS="exitcode=99", UBSAN_OPTIONS="exitcode=99:print_stacktrace=1")
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=seconds, env=environment)
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
    return wrong_lines(done.stdout.decode(errors="replace"), complain)


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
    parser.add_argument("--schema", required=True)
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=60)
    arguments = parser.parse_args()

    paths = sample_of(captures_below(arguments.folder), arguments.sample, arguments.folder)
    complain = load_validator(arguments.schema)
    if not complain:
        print("no jsonschema for this Python: lines are parsed, but not held against the schema")
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = pool.map(lambda p: check(p, arguments.program, arguments.seconds, complain), paths)
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
