#!/usr/bin/env python3
"""The manual and the README say what is true.

Runs the examples of man/tcpfsm.1 that are marked by a comment

    .\\" run STATUS [TEXT]
    .Dl $ tcpfsm ...

and holds their exit status and that TEXT is in what they print; runs each
`$ tcpfsm ...` of README.md's console blocks and holds that it prints exactly
what stands below it.  Holds that the manual and --help name the same options,
that tcpfsm-anomalies(7) has every anomaly, and that mandoc finds no fault.

It knows nothing of TCP.  Speaks TAP; TCPFSM and top_srcdir come from make.
With --update it writes what the program prints into README.md instead: read
the difference before you commit it.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.abspath(os.environ.get("top_srcdir", os.path.join(os.path.dirname(__file__), "..")))
PROGRAM = os.path.abspath(os.environ.get("TCPFSM", os.path.join(TOP, "tcpfsm")))
TIME_LIMIT_SECONDS = 60


class Report:
    """Test Anything Protocol, on standard output."""

    def __init__(self):
        self.count = 0
        self.failed = 0

    def test(self, name, faults, skip=None):
        """One test: FAULTS are lines that say what is wrong; none is a success."""
        self.count += 1
        self.failed += bool(faults)
        print(f"{'not ok' if faults else 'ok'} {self.count} - {name}" + (f" # SKIP {skip}" if skip else ""))
        for fault in faults:
            for line in fault.splitlines() or [""]:
                print(f"#   {line}")
        sys.stdout.flush()


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def unroff(text):
    """A line of mdoc as it is meant to be typed."""
    for escape, char in ((r"\-", "-"), (r"\(aq", "'"), (r"\(dq", '"'), (r"\&", ""), (r"\e", "\\")):
        text = text.replace(escape, char)
    return text


def manual_examples(page):
    """(command, status, text) of each marked example; text may be empty."""
    return [
        (unroff(command), int(status), text.strip())
        for status, text, command in re.findall(r'^\.\\" run (\d+)(.*)\n\.Dl \$ (.*)$', page, re.M)
    ]


def readme_examples(readme):
    """(command, expected output) of each `$ tcpfsm` in a console block."""
    examples = []
    for block in re.findall(r"^```console\n(.*?)^```", readme, re.M | re.S):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, output = part.partition("\n")
            if command.startswith("tcpfsm"):
                examples.append((command, output))
    return examples


def run(command, place):
    """Run COMMAND by the shell where pcaps/ is, with tcpfsm in the path."""
    environment = dict(os.environ, LC_ALL="C.UTF-8", PATH=os.path.join(place, "bin") + ":" + os.environ["PATH"])
    return subprocess.run(
        ["sh", "-c", command],
        cwd=place,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=TIME_LIMIT_SECONDS,
        check=False,
        text=True,
    )


def make_place(place):
    os.symlink(os.path.join(TOP, "pcaps"), os.path.join(place, "pcaps"))
    os.mkdir(os.path.join(place, "bin"))
    os.symlink(PROGRAM, os.path.join(place, "bin", "tcpfsm"))


def check_manual(report, page, place):
    examples = manual_examples(page)
    report.test("tcpfsm(1) has examples to run", [] if examples else ["no `.\\\" run' was found"])
    for command, status, text in examples:
        result = run(command, place)
        faults = []
        if result.returncode != status:
            faults.append(f"exit status {result.returncode}, the manual says {status}\n{result.stderr}")
        if text not in result.stdout:
            faults.append(f"'{text}' is not in the output:\n{result.stdout[:2000]}")
        report.test(f"tcpfsm(1): {command}", faults)


def rules_examples(page):
    """(status, capture, text, rules) of each marked block; text may be empty."""
    pattern = r'^\.\\" rules (\d+) (\S+)(.*)\n\.Bd -literal.*\n((?:.*\n)*?)\.Ed$'
    return [
        (int(status), capture, text.strip(), unroff(rules)) for status, capture, text, rules in re.findall(pattern, page, re.M)
    ]


def check_rules(report, page, place):
    examples = rules_examples(page)
    report.test("tcpfsm-rules(5) has examples to run", [] if len(examples) > 3 else ["fewer than four were found"])
    for number, (status, capture, text, rules) in enumerate(examples, 1):
        with open(os.path.join(place, "example.rules"), "w", encoding="utf-8") as file:
            file.write(rules)
        result = run(f"tcpfsm -r pcaps/{capture} --rules=example.rules", place)
        faults = []
        if result.returncode != status:
            faults.append(f"exit status {result.returncode}, the manual says {status}\n{result.stdout}{result.stderr}")
        if text not in result.stdout:
            faults.append(f"'{text}' is not in the output:\n{result.stdout[-2000:]}")
        report.test(f"tcpfsm-rules(5): example {number}, {capture}", faults)


def check_fields(report, page):
    """Every field of a connection record is described; `client`, `server` and counts of findings are none of theirs."""
    with open(os.path.join(TOP, "tests", "schema", "tcpfsm.schema.json"), encoding="utf-8") as file:
        schema = json.load(file)["$defs"]
    names = set(schema["connection"]["properties"]) | set(schema["endpoint_record"]["properties"])
    described = set(re.findall(r"\w+", " ".join(re.findall(r"^\.It Ic (.*)$", page, re.M))))
    missing = names - described - {"type", "client", "server", "anomaly_counts"}
    report.test("tcpfsm-rules(5) has every field", [f"{name} is not described" for name in sorted(missing)])


def check_readme(report, readme, place):
    examples = readme_examples(readme)
    report.test("README.md has examples to run", [] if examples else ["no console block with tcpfsm was found"])
    for command, expected in examples:
        result = run(command, place)
        same = result.stdout == expected
        report.test(f"README.md: {command}", [] if same else [f"it prints:\n{result.stdout}{result.stderr}"])


def update_readme(path, place):
    """Put what each `$ tcpfsm` prints below it."""

    def fresh_block(block):
        parts = re.split(r"^(?=\$ )", block[1], flags=re.M)
        return "```console\n" + "".join(fresh_example(part) for part in parts) + "```"

    def fresh_example(part):
        command = part.partition("\n")[0]
        return f"{command}\n{run(command[2:], place).stdout}" if command.startswith("$ tcpfsm") else part

    readme = re.sub(r"^```console\n(.*?)^```", fresh_block, read(path), flags=re.M | re.S)
    with open(path, "w", encoding="utf-8") as file:
        file.write(readme)


def check_options(report, page, place):
    in_help = set(re.findall(r"^ +(?:-\w,? +)?(--[a-z-]+)", run("tcpfsm --help", place).stdout, re.M))
    in_manual = {"--" + unroff(name) for name in re.findall(r"^\.It .*?Fl \\-((?:[a-z]|\\-)+)", page, re.M)}
    faults = [f"{name} is in --help, not in the manual" for name in sorted(in_help - in_manual)]
    faults += [f"{name} is in the manual, not in --help" for name in sorted(in_manual - in_help)]
    if not in_help:
        faults.append("--help shows no option")
    report.test("tcpfsm(1) and --help name the same options", faults)


def check_catalogue(report, page, place):
    listed = re.findall(r"^\s*([a-z0-9]+(?:-[a-z0-9]+)*) ", run("tcpfsm --list-anomalies", place).stdout, re.M)
    described = [unroff(name) for name in re.findall(r"^\.It Sy (\S+) Pq ", page, re.M)]
    faults = [f"{name} is described, not listed" for name in described if name not in listed]
    if len(described) < 2:
        faults.append("the page describes no anomalies")
    report.test("tcpfsm-anomalies(7) and --list-anomalies agree", faults)


def check_lint(report, path):
    name = f"mandoc finds no fault in {os.path.basename(path)}"
    if not shutil.which("mandoc"):
        report.test(name, [], skip="there is no mandoc here")
        return
    result = subprocess.run(["mandoc", "-Tlint", "-W", "style", path], capture_output=True, text=True, check=False)
    lines = (result.stdout + result.stderr).splitlines()
    # Whether the pages that ours refers to are installed here is no matter of ours.
    faults = [line for line in lines if "manual not found" not in line and "outdated mandoc.db" not in line]
    report.test(name, faults)


def anomalies_page():
    built = os.path.join(os.path.dirname(PROGRAM), "man", "tcpfsm-anomalies.7")
    return built if os.path.exists(built) else os.path.join(TOP, "man", "tcpfsm-anomalies.7")


def main():
    report = Report()
    readme = os.path.join(TOP, "README.md")
    manual = os.path.join(TOP, "man", "tcpfsm.1")
    rules = os.path.join(TOP, "man", "tcpfsm-rules.5")
    with tempfile.TemporaryDirectory() as place:
        make_place(place)
        if sys.argv[1:] == ["--update"]:
            update_readme(readme, place)
            return 0
        check_manual(report, read(manual), place)
        check_rules(report, read(rules), place)
        check_fields(report, read(rules))
        check_readme(report, read(readme), place)
        check_options(report, read(manual), place)
        check_catalogue(report, read(anomalies_page()), place)
    for page in manual, rules, anomalies_page():
        check_lint(report, page)
    print(f"1..{report.count}")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
