"""The example for CI in examples/ci: green passes, red fails for the reasons that its README gives, and so does
green with one segment less, one more, or a minute cut out.

Runs the program named by $TCPFSM and speaks TAP.
"""

import importlib.util
import json
import os
import re
import struct
import sys

import kit
from kit import check, tcpfsm

TOP = os.path.abspath(os.environ.get("top_srcdir", os.path.join(os.path.dirname(__file__), "..", "..")))
FOLDER = os.path.join(TOP, "examples", "ci")
RULES = os.path.join(FOLDER, "api.rules")

spec = importlib.util.spec_from_file_location("make_captures", os.path.join(FOLDER, "make_captures.py"))
maker = importlib.util.module_from_spec(spec)
spec.loader.exec_module(maker)


def failed_rules(path, *more):
    """The exit status, and the rules that failed, without blanks and comments."""
    result = tcpfsm("-q", "-r", path, f"--rules={RULES}", "-T", "sarif", *more)
    results = json.loads(result.out)["runs"][0]["results"]
    places = [r["locations"][0]["physicalLocation"] for r in results if r["ruleId"] == "failed-check"]
    lines = [p["region"]["startLine"] for p in places if "region" in p]
    with open(RULES, encoding="utf-8") as f:
        rules = f.read().splitlines()
    return result.status, [" ".join(re.sub("#.*", "", rules[n - 1]).split()) for n in lines]


@check
def the_captures_are_those_that_their_maker_makes():
    for name, red in (("green.pcap", False), ("red.pcap", True)):
        maker.write("made.pcap", maker.capture(red))
        with open("made.pcap", "rb") as made, open(os.path.join(FOLDER, name), "rb") as there:
            assert made.read() == there.read(), name


@check
def green_passes():
    assert failed_rules(os.path.join(FOLDER, "green.pcap")) == (0, [])


@check
def red_fails_since_one_was_never_closed_and_one_reset():
    status, failed = failed_rules(os.path.join(FOLDER, "red.pcap"))
    assert status == 1
    assert failed == ["forbid warning", "expect every close = fin", "expect every server state in (CLOSED, TIME-WAIT)"]
    text = tcpfsm("-q", "-r", os.path.join(FOLDER, "red.pcap"), f"--rules={RULES}").expect(1).out
    assert "stuck-close-wait" in text and "close is rst" in text and "close is open" in text


def mutated(name, change):
    frames = maker.capture(red=False)
    maker.write(name, change(frames))
    return failed_rules(name)


PER_CONNECTION = 10  # frames; the last two are the server's FIN and its ACK


@check
def green_without_the_fin_of_a_server_is_red():
    status, failed = mutated("m.pcap", lambda frames: frames[: PER_CONNECTION - 2] + frames[PER_CONNECTION:])
    assert status == 1 and "expect every close = fin" in failed, failed


@check
def green_with_one_reset_more_is_red():
    def add(frames):
        reset = maker.frame((maker.SERVER, 8080), (maker.CLIENT, 40112), maker.RST, 0x21D07E67, 0, b"", 77)
        return frames[:3] + [(frames[2][0] + 0.0001, reset)] + frames[PER_CONNECTION:]

    status, failed = mutated("m.pcap", add)
    assert status == 1 and "expect every close = fin" in failed, failed


@check
def green_with_too_few_connections_is_red():
    status, failed = mutated("m.pcap", lambda frames: frames[PER_CONNECTION:])
    assert status == 1 and failed == ["expect connections >= 3"], failed


def reset_after(frames, n, end):
    """A RST behind the first N frames, in the name of END (address, port), at the number that comes next."""
    seq, peer = 0, None
    for _, f in frames[:n]:
        src, dst = tuple(f[26:30]), tuple(f[30:34])
        sport, dport, number = struct.unpack("!HHI", f[34:42])
        if (src, sport) == end:
            length = struct.unpack("!H", f[16:18])[0] - 40
            seq, peer = number + length + bool(f[47] & maker.SYN) + bool(f[47] & maker.FIN), (dst, dport)
    made = maker.frame(end, peer, maker.RST, seq & 0xFFFFFFFF, 0, b"", 77)
    return frames[:n] + [(frames[n - 1][0] + 0.0001, made)] + frames[n:]


def broken_by(name, frames):
    """The exit status, and the connections that broke each rule that failed, by its name."""
    maker.write(name, frames)
    result = tcpfsm("-r", name, f"--rules={RULES}", "-T", "json")
    records = [json.loads(line) for line in result.out.splitlines()]
    return result.status, {r["name"]: {b["conn"] for b in r["broken_by"]} for r in records if r.get("outcome") == "failed"}


@check
def a_reset_anywhere_in_an_open_connection_is_red_though_both_ends_go_on():
    frames = maker.capture(red=False)
    for n in range(3, PER_CONNECTION):
        for end in ((maker.SERVER, 8080), (maker.CLIENT, 40112)):
            status, failed = broken_by("m.pcap", reset_after(frames, n, end))
            assert status == 1 and {1} in (failed.get("forbid warning"), failed.get("expect every close = fin")), (n, end, failed)


@check
def green_with_a_minute_cut_out_is_red():
    frames = maker.capture(red=False)
    for n in range(3, PER_CONNECTION - 1):  # what a minute from the Nth frame on recorded is gone
        left = frames[:n] + [f for f in frames[n:] if f[0] > frames[n][0] + 60]
        status, failed = broken_by("m.pcap", left)
        assert status == 1 and failed["expect connections >= 3"] == set(), (n, failed)
        assert failed["expect every close = fin"] == {1}, (n, failed)


@check
def green_with_a_minute_of_silence_in_it_is_red():
    frames = maker.capture(red=False)
    expected = {1: "expect every handshake_rtt < 50ms", PER_CONNECTION - 2: "forbid warning"}
    for n, rule in expected.items():
        status, failed = broken_by("m.pcap", frames[:n] + [(t + 60, f) for t, f in frames[n:]])
        assert status == 1 and failed == {rule: {1}}, (n, failed)


@check
def a_baseline_and_slices_go_with_it():
    red = os.path.join(FOLDER, "red.pcap")
    with open("known.txt", "w", encoding="utf-8"):
        pass
    tcpfsm("-r", red, "--fail-on=notice", "--baseline=known.txt", "--write-baseline=known.txt", "--slice=slices").expect(1)
    tcpfsm("-r", red, "--fail-on=notice", "--baseline=known.txt").expect(0)
    assert sorted(os.listdir("slices")) == ["conn-2-stuck-close-wait.pcapng", "conn-2-stuck-fin-wait-2.pcapng", "conn-3-rst-abort.pcapng"]


@check
def the_jobs_are_yaml_and_call_what_there_is():
    with open(os.path.join(FOLDER, "README.md"), encoding="utf-8") as f:
        readme = f.read()
    for name in os.listdir(FOLDER):
        assert name in ("README.md", "__pycache__") or f"`{name}`" in readme, name
    known = set(re.findall(r"--[a-z-]+", tcpfsm("--help").expect(0).out))
    for name in ("github-actions.yml", "gitlab-ci.yml"):
        with open(os.path.join(FOLDER, name), encoding="utf-8") as f:
            text = f.read()
        used = set(re.findall(r"--[a-z]+[a-z-]*", " ".join(re.findall(r"tcpfsm -(?:.*\\\n)*.*", text))))
        assert used and used <= known, used - known
        try:
            import yaml
        except ImportError:
            continue
        assert yaml.safe_load(text), name


if __name__ == "__main__":
    sys.exit(kit.main())
