"""Rules: what they say about captures that are made here, byte by byte, and about such as were
damaged on purpose; exit statuses; and the reports of checks, read by readers that others wrote
(Python's XML parser, xmllint, junitparser, tap.py, Perl's TAP::Parser: those that are here).

The expectations come from tcpfsm-rules(5) and from how each capture is made.  Speaks TAP.
"""

import json
import os
import pty
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree

import kit
from kit import ACK, FIN, PSH, RST, SYN, TCPFSM, check


# --- Captures ---------------------------------------------------------------------------------


class Conversation:
    """A connection between 10.0.0.1:PORT and 10.0.0.2:SERVICE as (time, frame) tuples."""

    def __init__(self, port, start=0.0, service=8080):
        self.ends = {"client": (1, port), "server": (2, service)}
        # A host that chose one number twice, or rising ones, would be a finding.
        self.seq = {"client": port * port * 4001 % 4000000007, "server": (port + 7) * port * 4007 % 4000000007}
        self.now, self.frames = start, []

    def send(self, end, flags, size=0, after=0.001):
        peer = "server" if end == "client" else "client"
        self.now += after
        ack = self.seq[peer] if flags & ACK else 0
        self.frames.append((self.now, kit.segment(self.ends[end], self.ends[peer], flags, self.seq[end], ack, size)))
        self.seq[end] = (self.seq[end] + size + bool(flags & SYN) + bool(flags & FIN)) % 2**32
        return self

    def open(self, rtt=0.002):
        self.send("client", SYN)
        self.send("server", SYN | ACK, after=rtt / 2)
        return self.send("client", ACK, after=rtt / 2)

    def talk(self):
        return self.send("client", PSH | ACK, 100).send("server", PSH | ACK, 300).send("client", ACK)

    def close(self):
        self.send("client", FIN | ACK).send("server", ACK)
        return self.send("server", FIN | ACK).send("client", ACK)


def write_pcap(name, frames):
    with open(name, "wb") as out:
        out.write(kit.pcap(sorted(frames, key=lambda f: f[0])))


def flags_of(data):
    return data[14 + 20 + 13]


def green():
    """Three connections to port 8080, a second apart, each opened, used and closed by both ends; then silence of
    130 s, which one to port 9 ends."""
    frames = []
    for i, port in enumerate((40001, 40012, 40030)):
        frames += Conversation(port, i).open().talk().close().frames
    return frames + Conversation(40055, 132, service=9).open().talk().close().frames


RULES = """\
# every connection to the API opens within 50 ms and is closed by both sides
forbid   warning                      # no finding of this severity or above
allow    handshake-retransmission 2
expect   connections >= 4
for      server port 8080
  expect every close = fin
  expect every handshake_rtt < 50ms
  expect every client state in (CLOSED, TIME-WAIT)
  expect count(rst-abort) = 0
  expect path client = SYN-SENT ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT
  expect no retransmitted > 0
for      server port 9
  expect every duration < 30s
"""


# --- Running ----------------------------------------------------------------------------------


class Result:
    def __init__(self, *args, **how):
        done = subprocess.run([TCPFSM, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, **how)
        self.status, self.out, self.err = done.returncode, done.stdout.decode(), done.stderr.decode()

    def expect(self, status):
        assert self.status == status, f"status {self.status}, not {status}: {self.err}{self.out[-3000:]}"
        return self

    def checks(self):
        return [r for r in map(json.loads, self.out.splitlines()) if r["type"] == "check"]

    def failed(self):
        return [c for c in self.checks() if c["outcome"] in ("failed", "broken")]


def run(capture, rules, *args, **how):
    with open("ci.rules", "w", encoding="utf-8") as f:
        f.write(rules)
    return Result("-T", "json", "-r", capture, "--rules=ci.rules", *args, **how)


def outcomes(capture, *rules, **how):
    """What becomes of each rule, by itself."""
    found = []
    for rule in rules:
        checks_made = run(capture, rule + "\n", **how).checks()
        found.append(checks_made[-1]["outcome"])
    return found


def holds(capture, *rules):
    for rule in rules:
        assert outcomes(capture, rule) == ["passed"], (rule, run(capture, rule).checks())


def fails(capture, *rules):
    for rule in rules:
        assert outcomes(capture, rule) == ["failed"], (rule, run(capture, rule).checks())


# --- Mutations: the green check turns red, and says why ---------------------------------------------


@check
def the_green_capture_is_green():
    write_pcap("green.pcap", green())
    result = run("green.pcap", RULES).expect(0)
    assert [c["outcome"] for c in result.checks()] == ["passed"] * 11, result.checks()


@check
def one_fin_removed_is_named():
    frames = green()
    fins = [i for i, (_, data) in enumerate(frames) if flags_of(data) & FIN]
    # The server's FIN of the second connection, and what only its ACK proves.
    removed = fins[3]
    del frames[removed]
    write_pcap("mutant.pcap", frames)
    # The ACK of that FIN is there: it was sent, and is missing from the capture alone.
    failed = run("mutant.pcap", RULES).expect(1).failed()
    assert [c["name"] for c in failed] == ["forbid capture-loss, evicted, kernel-drops, one-way (implied)"], failed
    assert [(o["conn"], o["id"], o["client"]["port"]) for o in failed[0]["broken_by"]] == [(2, "capture-loss", 40012)], failed
    run("mutant.pcap", RULES + "allow capture-loss\n").expect(0)


@check
def the_last_fin_and_its_ack_removed_leaves_the_end_that_did_not_close():
    frames = green()
    # Of the third connection the server's FIN and the ACK of it: frames 8 and 9 of 10.
    third = [i for i, (when, _) in enumerate(frames) if 2 <= when < 3]
    for i in reversed(third[8:]):
        del frames[i]
    write_pcap("mutant.pcap", frames)
    failed = {c["name"]: c for c in run("mutant.pcap", RULES).expect(1).failed()}
    close = failed["expect every close = fin"]
    assert close["scope"] == "for server port 8080" and close["line"] == 6, close
    assert [(o["conn"], o["message"]) for o in close["broken_by"]] == [(3, "close is open")] or close["broken_by"][0]["message"] == "close is timeout", close
    assert close["broken_by"][0]["packets"] == [21, 22, 23, 24, 25, 26, 27, 28], close
    state = failed["expect every client state in (CLOSED, TIME-WAIT)"]["broken_by"]
    assert [o["message"] for o in state] == ["client state is FIN-WAIT-2"], state
    # 129 s are more than the limit of 60 s: the program has not closed its socket.
    assert {o["id"] for o in failed["forbid warning"]["broken_by"]} >= {"stuck-close-wait"}, failed["forbid warning"]


@check
def one_rst_added_is_named():
    first = Conversation(40001, 0).open().talk()
    frames = first.send("server", RST | ACK).frames + [f for f in green() if f[0] > 1]
    write_pcap("mutant.pcap", frames)
    failed = {c["name"]: c for c in run("mutant.pcap", RULES).expect(1).failed()}
    assert failed["expect every close = fin"]["broken_by"][0]["message"] == "close is rst"
    aborted = failed["expect count(rst-abort) = 0"]["broken_by"]
    assert [(o["conn"], o["id"], o["endpoint"], o["packets"]) for o in aborted] == [(1, "rst-abort", "server", [7])], aborted
    assert failed["expect path client = SYN-SENT ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT"]["broken_by"][0]["message"] == (
        "client path is CLOSED SYN-SENT ESTABLISHED CLOSED"
    )
    assert all(c["line"] > 5 for c in failed.values()), failed


@check
def a_rst_in_the_middle_that_nobody_heeded_is_seen_by_its_field():
    frames = green()
    third = Conversation(40030, 2).open().talk()
    forged = third.send("server", RST | ACK).frames[-1]
    write_pcap("mutant.pcap", frames + [(forged[0] - 0.0005, forged[1])])
    failed = run("mutant.pcap", RULES + "expect no either sent_rst = yes\n").expect(1).failed()
    assert failed[-1]["name"] == "expect no either sent_rst = yes", failed
    assert [(o["conn"], o["message"]) for o in failed[-1]["broken_by"]] == [(3, "client sent_rst is no, server sent_rst is yes")], failed


@check
def sixty_seconds_cut_out_are_named():
    # A connection to port 9 that is open over 100 s; of those 60 are taken out of the capture.
    long = Conversation(40055, 5, service=9).open().talk()
    for _ in range(10):
        long.send("client", PSH | ACK, 50, after=10).send("server", ACK, after=0.01)
    long.close()
    frames = [f for f in green() if f[0] < 5] + long.frames
    write_pcap("long.pcap", frames)
    rules = RULES.replace("duration < 30s", "duration < 2min") + "  expect sum(client bytes) = 600\n"
    run("long.pcap", rules).expect(0)
    write_pcap("mutant.pcap", [f for f in frames if not 20 <= f[0] < 80])
    failed = {c["name"]: c for c in run("mutant.pcap", rules).expect(1).failed()}
    assert failed["forbid capture-loss, evicted, kernel-drops, one-way (implied)"]["broken_by"][0]["client"]["port"] == 40055, failed
    assert "expect sum(client bytes) = 600" in failed, failed
    assert not any(c["scope"] == "for server port 8080" for c in failed.values()), failed


@check
def a_shift_by_sixty_seconds_is_named():
    # The same packets, of which all after the handshake of the first connection come 60 s later.
    frames = green()
    late = [(when + (60 if i >= 3 else 0), data) for i, (when, data) in enumerate(frames)]
    write_pcap("mutant.pcap", late)
    failed = run("mutant.pcap", RULES + "for server port 8080\n  expect every duration < 1s\n").expect(1).failed()
    assert [(c["name"], [o["conn"] for o in c["broken_by"]]) for c in failed] == [("expect every duration < 1s", [1])], failed
    assert failed[0]["broken_by"][0]["message"] == "duration is 60.009 s", failed


# --- What rules mean --------------------------------------------------------------------------------


@check
def fields_units_and_lists_mean_what_they_say():
    write_pcap("g.pcap", green())
    holds(
        "g.pcap",
        "expect every handshake_rtt = 2ms",
        "expect every handshake_rtt <= 2000us and handshake_rtt >= 0.002 s",
        "expect every client bytes = 100 and server bytes = 300B",
        "expect every bytes = 400",
        "expect every bytes < 1KiB",
        # 2 ms are more than 1999999.5 ns and less than 2000000.5 ns, and 400 bytes lie between these, too.
        "expect every handshake_rtt > 1999.9995us and handshake_rtt < 2.0000005 ms",
        "expect every handshake_rtt >= 1999.9995us and handshake_rtt <= 2.0000005 ms",
        "expect every bytes < 0.4001kB and bytes <= 0.4001kB",
        "expect every bytes > 0.3999kB and bytes >= 0.3999kB",
        "expect sum(bytes) < 1600.5 B",
        "expect sum(bytes) > 1599.5 B",
        "expect sum(bytes) < 1.6005kB",
        "expect every packets = 10",
        "expect client addr = 10.0.0.0/24",
        "expect client addr != 10.0.0.0/32",
        "expect every server addr 10.0.0.2",
        "expect every addr 10.0.0.1",
        "expect both addr in (10.0.0.0/30, 192.168.0.0/16)",
        "expect exactly 3 connections with service 10.0.0.2:8080",
        "expect at least 3 server port in (8080, 443)",
        "expect at most 1 connection with server port 1-1023",
        "expect every client port 40000-40100",
        "expect no close in (rst, refused)",
        "expect every close is fin",
        "expect every close is not rst",
        "expect every anomalies = none",
        "expect no anomalies has rst-abort",
        "expect every roles = syn",
        "expect every evicted = no",
        "expect no either sent_rst = yes",
        "expect every zeek_state = SF",
        'expect every history_letters in ("ShADdFaf", ShADdFafR)',
        "expect every client mss = unknown",
        "expect every server path = LISTEN SYN-RECEIVED ... LAST-ACK CLOSED",
        "expect every path server = SYN-RECEIVED ESTABLISHED CLOSE-WAIT LAST-ACK CLOSED",
        "expect every path client = ... TIME-WAIT",
        "expect some first_ts < 2023-11-14T22:13:21Z",
        "expect exactly 1 last_ts > 1700000130",
        "expect some conn = 1",
        "expect every not (close = rst or client state = ESTABLISHED)",
        "expect connections = 4",
        "expect connections != 3",
        "expect sum(bytes) = 1600",
        "expect sum(server bytes) = 1.2kB",
        "expect count(info) = 0",
        "expect count(rst-abort, closing) = 0",
        "expect every client possible has (TIME-WAIT, CLOSED)",
    )
    fails(
        "g.pcap",
        "expect every handshake_rtt < 2ms",
        "expect every handshake_rtt < 1999.9995us",
        "expect every handshake_rtt <= 1999.9995us",
        "expect every handshake_rtt > 2.0000005 ms",
        "expect every handshake_rtt >= 2.0000005 ms",
        "expect every bytes >= 0.4001kB",
        "expect sum(bytes) >= 1.6005kB",
        "expect sum(bytes) <= 1.5995kB",
        "expect every server port 8080",
        "expect no server port 8080",
        "expect exactly 2 server port 8080",
        "expect at least 4 server port 8080",
        "expect at most 2 server port 8080",
        "expect some close = rst",
        "expect client state = CLOSED",
        "expect connections > 4",
        "expect sum(bytes) < 1600",
        "expect count(info) > 0",
        "expect path client = SYN-SENT ... ESTABLISHED",
        "expect every first_ts < 2023-11-14T22:13:21Z",
    )


@check
def the_option_allow_lets_pass_what_rules_forbid():
    write_pcap("mutant.pcap", Conversation(40001, 0).open().talk().send("server", RST | ACK).frames)
    run("mutant.pcap", "forbid notice\n").expect(1)
    run("mutant.pcap", "forbid notice\n", "--allow=rst-abort").expect(0)


@check
def what_is_not_known_holds_nothing():
    # The SYN is repeated: there is no handshake RTT.
    c = Conversation(40001, 0)
    c.send("client", SYN)
    c.frames.append((1.0, c.frames[0][1]))
    c.now = 1.0
    c.send("server", SYN | ACK).send("client", ACK).talk().close()
    write_pcap("g.pcap", c.frames)
    fails("g.pcap", "expect every handshake_rtt < 50ms", "expect no handshake_rtt > 50ms", "expect every not handshake_rtt > 50ms",
        "expect every handshake_rtt != 50ms")
    holds("g.pcap", "expect every handshake_rtt = unknown", "expect every handshake_rtt < 50ms or handshake_rtt = unknown")
    message = run("g.pcap", "expect every handshake_rtt < 50ms\n").failed()[0]
    assert message["broken_by"][0]["message"] == "handshake_rtt is not known", message
    assert "not decided for 1" in message["message"], message


@check
def a_rule_without_a_connection_fails_unless_optional():
    write_pcap("g.pcap", green())
    write_pcap("empty.pcap", [])
    for rule in ["for server port 1\n  expect every close = fin", "for server port 1\n  expect count(rst-abort) = 0",
        "for server port 1\n  forbid info", "for server port 1\n  expect sum(bytes) >= 0", "for server port 1\n  expect no close = rst"]:
        failed = run("g.pcap", rule + "\n").expect(1).failed()
        assert "no connection matches" in failed[0]["message"] and "server port 1" in failed[0]["message"], failed
        assert outcomes("g.pcap", rule.replace("for ", "for optional ")) == ["skipped"]
        assert outcomes("g.pcap", rule.replace("expect ", "expect optional ").replace("forbid ", "forbid optional ")) == ["skipped"]
    for rule in ["forbid warning", "expect every close = fin", "expect count(warning) = 0"]:
        failed = run("empty.pcap", rule + "\n").expect(1).failed()
        assert failed[0]["message"] == "the capture has no TCP connection", failed
    holds("g.pcap", "for server port 1\n  expect connections = 0")
    Result("-r", "empty.pcap", "--fail-on=info").expect(0)


@check
def what_is_allowed_is_let_pass_in_its_block_alone():
    frames = []
    for i, (port, service) in enumerate([(40001, 8080), (40012, 8080), (40030, 9)]):
        frames += Conversation(port, i, service).open().talk().send("server", RST | ACK).frames
    write_pcap("g.pcap", frames)
    run("g.pcap", "forbid rst-abort\nallow rst-abort 3\n").expect(0)
    run("g.pcap", "forbid rst-abort\nallow rst-abort\n").expect(0)
    failed = run("g.pcap", "forbid rst-abort\nallow rst-abort 2\n").expect(1).failed()
    assert failed[0]["message"] == "1 finding, and 2 more that are allowed", failed
    # The block's allowance is for its connections: that to port 9 is not among them.
    failed = run("g.pcap", "forbid rst-abort\nfor server port 8080\n  allow rst-abort\n").expect(1).failed()
    assert [o["conn"] for o in failed[0]["broken_by"]] == [3], failed
    failed = run("g.pcap", "for server port 9\n  forbid closing\nfor server port 8080\n  allow rst-abort 1\n  forbid rst-abort\n").expect(1).failed()
    assert [[o["conn"] for o in c["broken_by"]] for c in failed] == [[3], [2]], failed
    run("g.pcap", "expect connections = 3\n", "--fail-on=rst-abort", "--allow=rst-abort:2").expect(1)
    run("g.pcap", "allow rst-abort 1\n", "--fail-on=rst-abort", "--allow=rst-abort:2").expect(0)


@check
def a_thousand_offenders_are_counted_and_a_few_are_named():
    frames = []
    for i in range(1000):
        frames += Conversation(20000 + 7 * i, i / 100).open().talk().send("client", RST | ACK).frames
    write_pcap("g.pcap", frames)
    failed = run("g.pcap", "expect every close = fin\nforbid rst-abort\n").expect(1).failed()
    assert [(len(c["broken_by"]), c["more"]) for c in failed] == [(8, 992), (8, 992)], failed
    assert "0 of 1,000 connections" in failed[0]["message"], failed
    assert failed[0]["segments"].startswith("#1  client 10.0.0.1:20000"), failed


@check
def a_pipe_cannot_be_read_again_and_that_is_said():
    write_pcap("g.pcap", Conversation(40001).open().talk().send("server", RST | ACK).frames)
    with open("g.pcap", "rb") as f:
        data = f.read()
    with open("ci.rules", "w", encoding="utf-8") as f:
        f.write("expect every close = fin\nforbid rst-abort\n")
    piped = Result("-r", "-", "--rules=ci.rules", input=data).expect(1)
    assert "could be read twice" in re.sub(r"\s+", " ", piped.out) and "SYN-SENT |" not in piped.out, piped.out
    assert "[packet 7]" in piped.out, piped.out
    from_file = Result("-r", "g.pcap", "--rules=ci.rules").expect(1)
    assert "SYN-SENT |" in from_file.out and "[packets 1 to 7]" in from_file.out, from_file.out


# --- Exit statuses and faults of a file -----------------------------------------------------------------


@check
def a_rules_file_that_does_not_parse_is_status_2_and_one_line():
    write_pcap("g.pcap", green())
    with open("bad.rules", "w", encoding="utf-8") as f:
        f.write("expect connections > 1\nfor server port 8080\n\texpect every close = fni\n")
    result = Result("-r", "g.pcap", "--rules=bad.rules", "-T", "json:out.json").expect(2)
    assert result.err == "tcpfsm: bad.rules:3:23: expected open, fin, rst, refused, unanswered or timeout, not 'fni'; did you mean fin?\n", result.err
    assert not result.out and not os.path.exists("out.json")
    assert "no-such.rules" in Result("-r", "g.pcap", "--rules=no-such.rules").expect(2).err
    assert "twice" in Result("-r", "g.pcap", "--rules=a", "--rules=b").expect(2).err
    with open("big.rules", "w", encoding="utf-8") as f:
        f.write("# x\n" * 300000)
    assert "larger" in Result("-r", "g.pcap", "--rules=big.rules").expect(2).err


def read_to_end(terminal):
    """What was written to a pseudo-terminal whose other side is closed: it comes in pieces, and ends in EIO."""
    said = b""
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:
            piece = b""
        if not piece:
            return said.decode()
        said += piece


@check
def a_rules_file_without_a_rule_is_read_with_a_warning():
    write_pcap("g.pcap", green())
    for text in ("", "# nothing yet\r\n\r\n", "\ufeff"):
        with open("empty.rules", "w", encoding="utf-8", newline="") as f:
            f.write(text)
        assert "empty.rules: there is no rule in it" in Result("-r", "g.pcap", "--rules=empty.rules").expect(0).err, text
    with open("allow.rules", "w", encoding="utf-8") as f:
        f.write("allow rst-abort\n")
    assert not Result("-r", "g.pcap", "--rules=allow.rules").expect(0).err


@check
def on_a_terminal_the_line_is_shown_with_a_mark():
    with open("bad.rules", "w", encoding="utf-8") as f:
        f.write("expect every close = fin\n  expect every close = fin\nexpect every clsoe = fin # x\n")
    write_pcap("g.pcap", green())
    for fixed, mark in [(None, "      expect every close = fin\r\n      ^~~~~~\r\n"), ("  ", "    expect every clsoe = fin # x\r\n                 ^~~~~\r\n")]:
        if fixed:
            with open("bad.rules", "w", encoding="utf-8") as f:
                f.write("expect every close = fin\nexpect every clsoe = fin # x\n")
        master, slave = pty.openpty()
        process = subprocess.Popen([TCPFSM, "-r", "g.pcap", "--rules=bad.rules"], stderr=slave, stdout=subprocess.DEVNULL)
        os.close(slave)
        said = read_to_end(master)
        os.close(master)
        assert process.wait(timeout=60) == 2
        assert said.endswith(mark), said


@check
def a_broken_input_is_status_3_and_rules_are_about_what_was_read():
    write_pcap("g.pcap", green())
    with open("g.pcap", "r+b") as f:
        f.truncate(os.path.getsize("g.pcap") - 7)
    for rules, outcome in [("expect connections >= 3\n", "passed"), ("expect connections >= 5\n", "failed")]:
        result = run("g.pcap", rules).expect(3)
        assert [c["outcome"] for c in result.checks()] == ["broken", "passed", outcome], result.checks()
        assert "about what was read before" in result.checks()[0]["message"], result.checks()
    with open("ci.rules", "w", encoding="utf-8") as f:
        f.write("expect connections >= 5\n")
    with open("/dev/full", "wb") as full:
        done = subprocess.run([TCPFSM, "-r", "g.pcap", "--rules=ci.rules"], stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)
    assert done.returncode == 4, done


# --- Reports ----------------------------------------------------------------------------------------------


AWKWARD = 'forbid rst-abort\nexpect every close = fin # <&">\nfor community_id = "<&#\\\\>"\n  expect optional every close = fin\nexpect every close = fin\n'


def reports(name):
    write_pcap("g.pcap", Conversation(40001).open().talk().send("server", RST | ACK).frames)
    with open("a<&b.rules", "w", encoding="utf-8") as f:
        f.write(AWKWARD)
    return Result("-T", name, "-r", "g.pcap", "--rules=a<&b.rules", "--fail-on=warning").expect(1).out


@check
def junit_is_what_its_readers_read():
    text = reports("junit")
    root = xml.etree.ElementTree.fromstring(text)
    suite = root.find("testsuite")
    assert root.tag == "testsuites" and suite.attrib["tests"] == "7", text
    assert (suite.attrib["failures"], suite.attrib["errors"], suite.attrib["skipped"]) == ("3", "0", "1"), suite.attrib
    assert suite.attrib["timestamp"] == "2023-11-14T22:13:20", suite.attrib
    cases = suite.findall("testcase")
    names = [c.attrib["name"] for c in cases]
    assert names == [
        "the input can be read to its end", "--fail-on=warning", "forbid capture-loss, evicted, kernel-drops, one-way (implied)", "forbid rst-abort", "expect every close = fin (line 2)",
        'for community_id = "<&#\\\\>": expect optional every close = fin', "expect every close = fin (line 5)"], names
    assert [len(list(c)) for c in cases] == [0, 0, 0, 1, 1, 1, 1], text
    assert cases[4].find("failure").attrib["message"] == (
        "true of 0 of 1 connection; first #1 10.0.0.1:40001 -> 10.0.0.2:8080: close is rst [packets 1 to 7]")
    assert "10.0.0.1:40001 -> 10.0.0.2:8080" in cases[4].find("failure").text and "SYN-SENT |" in cases[4].find("failure").text
    assert cases[5].find("skipped") is not None
    with open("junit.xml", "w", encoding="utf-8") as f:
        f.write(text)
    if shutil.which("xmllint"):
        subprocess.run(["xmllint", "--noout", "junit.xml"], check=True, timeout=60)
    try:
        import junitparser
    except ImportError:
        print("# junitparser is not here")
        return
    read = junitparser.JUnitXml.fromfile("junit.xml")
    read.update_statistics()
    assert (read.tests, read.failures, read.errors, read.skipped) == (7, 3, 0, 1), vars(read)


@check
def junit_is_green_where_nothing_was_asked_and_red_where_the_input_broke():
    write_pcap("g.pcap", Conversation(40001).open().talk().send("server", RST | ACK).frames)
    suite = xml.etree.ElementTree.fromstring(Result("-T", "junit", "-r", "g.pcap").expect(0).out).find("testsuite")
    assert (suite.attrib["tests"], suite.attrib["failures"], suite.attrib["errors"]) == ("1", "0", "0")
    assert "1 x rst-abort" in suite.find("system-out").text
    with open("broken\x01.pcap", "wb") as f:
        f.write(b"no capture")
    suite = xml.etree.ElementTree.fromstring(Result("-T", "junit", "-r", "broken\x01.pcap").expect(3).out).find("testsuite")
    assert (suite.attrib["tests"], suite.attrib["failures"], suite.attrib["errors"]) == ("1", "0", "1")
    assert suite.find("testcase/error") is not None


@check
def what_is_forbidden_twice_is_one_check():
    write_pcap("g.pcap", Conversation(40001).open().talk().send("server", RST | ACK).frames)
    twice = ["--fail-on=notice,closing", "--fail-on=error", "--fail-on=notice"]
    suite = xml.etree.ElementTree.fromstring(Result("-T", "junit", "-r", "g.pcap", *twice).expect(1).out).find("testsuite")
    names = [case.attrib["name"] for case in suite.findall("testcase")]
    assert names[1:] == ["--fail-on=notice", "--fail-on=closing", "--fail-on=error"], names


def tap_points(text):
    return [bool(not m) for m in re.findall(r"^(not )?ok \d+ - ", text, re.M)]


@check
def tap_is_what_its_readers_read():
    text = reports("tap")
    assert text.startswith("TAP version 14\n1..7\n"), text
    assert tap_points(text) == [True, True, True, False, False, True, False], text
    assert r'ok 6 - for community_id = "<&\#\\\\>": expect optional every close = fin # SKIP no connection matches' in text, text
    with open("checks.tap", "w", encoding="utf-8") as f:
        f.write(text)
    perl = r"""
        use TAP::Parser; undef $/; my $tap = <STDIN>; $tap =~ s/version 14/version 13/;
        my $p = TAP::Parser->new({tap => $tap}); my $yaml = 0;
        while (my $r = $p->next) { if ($r->is_yaml) { $yaml++; die 'no segments' if $r->raw !~ /segments/; } die 'unknown: ' . $r->raw if $r->is_unknown }
        die join(' ', $p->parse_errors) if $p->has_problems && $p->parse_errors;
        print join(' ', $p->tests_run, scalar($p->passed), scalar($p->failed), scalar($p->skipped), $yaml);
    """
    if shutil.which("perl") and subprocess.run(["perl", "-MTAP::Parser", "-e", "1"], stderr=subprocess.DEVNULL, check=False).returncode == 0:
        done = subprocess.run(["perl", "-e", perl], input=text.encode(), stdout=subprocess.PIPE, timeout=60, check=True)
        assert done.stdout.decode() == "7 4 3 1 3", done
    else:
        print("# TAP::Parser is not here")
    try:
        import more_itertools  # without it tap.py leaves the blocks of YAML unread
        import yaml
        from tap.parser import Parser
    except ImportError:
        print("# tap.py, PyYAML or more-itertools is not here")
        return
    lines = list(Parser().parse_text(text))
    assert [line.category for line in lines] == ["version", "plan"] + 7 * ["test"], lines
    assert [line.yaml_block is not None for line in lines if line.category == "test" and not line.ok] == [True] * 3
    for block in re.findall(r"^  ---\n(.*?)^  \.\.\.$", text, re.M | re.S):
        read = yaml.safe_load(block)
        assert read["severity"] == "fail" and read["broken_by"] and "SYN-SENT |" in read["segments"], block
        assert read["at"]["file"] == "a<&b.rules" and read["at"]["line"] in (1, 2, 5), read


@check
def reports_are_the_same_whatever_the_machine():
    write_pcap("g.pcap", Conversation(40001).open().talk().send("server", RST | ACK).frames)
    for name in ("junit", "tap", "json"):
        first = run("g.pcap", RULES, "-T", name + ":first").expect(1)
        here = dict(os.environ, LC_ALL="C.UTF-8", TZ="Asia/Tokyo", LANG="de_DE.UTF-8", COLUMNS="60", HOSTNAME="elsewhere")
        run("g.pcap", RULES, "-T", name + ":second", "--threads=2", env=here).expect(1)
        with open("first", "rb") as a, open("second", "rb") as b:
            assert a.read() == b.read(), name
        assert first.out


if __name__ == "__main__":
    sys.exit(kit.main(files={}))
