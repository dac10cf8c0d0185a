"""The command line: what is refused, the exit statuses, inputs and outputs.

Runs the program named by $TCPFSM on captures that are made byte by byte (kit.py), and speaks TAP.
The expectations come from the interface: usage errors are 2 and one line on standard error; then
4 (output) beats 3 (input) beats 1 (a forbidden finding).
"""

import base64
import hashlib
import json
import os
import re
import resource
import select
import shutil
import signal
import stat
import struct
import subprocess
import sys
import time
import xml.etree.ElementTree

import kit
from kit import ACK, FILES, FIN, RST, START, SYN, TCPFSM, TOP, as_json, check, closed, isn_of, pcap, pcapng, refused, segment, start_on_pipe, tcpfsm


# --- Usage errors -----------------------------------------------------------------------------


@check
def usage_errors_are_status_2_and_one_line():
    for arguments, error in [
        ([], "nothing to analyse"),
        (["closed.pcap"], "taken as a filter"),
        (["-x"], "-x"),
        (["--no-such-option"], "--no-such-option"),
        (["-r"], "needs an argument"),
        (["-r", ""], "empty"),
        (["--names=yes", "-r", "closed.pcap"], "takes no argument"),
        (["-r", "closed.pcap", "-i", "lo"], "exclude each other"),
        (["-r", "-", "-r", "-"], "standard input"),
        (["-r", "closed.pcap", "-q", "-v"], "exclude each other"),
        (["-r", "closed.pcap", "-c", "0"], "count"),
        (["-r", "closed.pcap", "-c", "-1"], "count"),
        (["-r", "closed.pcap", "-c", "1x"], "count"),
        (["-r", "closed.pcap", "-c", "99999999999999999999"], "count"),
        (["-r", "closed.pcap", "-G", "5"], "live"),
        (["-r", "closed.pcap", "--for", "5"], "live"),
        (["-r", "closed.pcap", "--conn", "0"], "--conn"),
        (["-r", "closed.pcap", "--state", "DONE"], "DONE"),
        (["-r", "closed.pcap", "--id", "no-such-id"], "no-such-id"),
        (["-r", "closed.pcap", "--profile", "vms"], "vms"),
        (["-r", "closed.pcap", "--timer", "time-wait"], "time-wait"),
        (["-r", "closed.pcap", "--timer", "tea=5"], "tea"),
        (["-r", "closed.pcap", "--timer", "idle=-5"], "-5"),
        (["-r", "closed.pcap", "--end", "tomorrow"], "tomorrow"),
        (["-r", "closed.pcap", "--end", "2023-02-29"], "2023-02-29"),
        (["-r", "closed.pcap", "--end", "2023-11-14T24:00"], "2023-11-14T24:00"),
        (["-r", "closed.pcap", "--fail-on", "no-such-id"], "no-such-id"),
        (["-r", "closed.pcap", "--fail-on", "warning,no-such-id"], "no-such-id"),
        (["-r", "closed.pcap", "--allow", "no-such-id"], "no-such-id"),
        (["-r", "closed.pcap", "--allow", "idle:x"], "idle:x"),
        (["-r", "closed.pcap", "--allow", "idle"], "--allow without --fail-on or --rules"),
        (["-r", "closed.pcap", "--color", "red"], "red"),
        (["-r", "closed.pcap", "--threads", "0"], "threads"),
        (["-i", "lo", "--prometheus=-", "-o", "x"], "--prometheus=-"),
        (["-r", "closed.pcap", "--top", "--prometheus=-"], "--top"),
        (["--explain", "no-such-id"], "no-such-id"),
    ]:
        result = tcpfsm(*arguments).expect(2, error)
        assert not result.out, f"{arguments}: something was printed: {result.out}"


@check
def formats_and_their_files_are_checked():
    tcpfsm("-r", "closed.pcap", "-T", "rtf").expect(2, "rtf")
    tcpfsm("-r", "closed.pcap", "-T", "json:").expect(2, "no file")
    tcpfsm("-r", "closed.pcap", "-T", "json", "-T", "text").expect(2, "standard output")
    tcpfsm("-r", "closed.pcap", "-T", "json:a.json", "-o", "b.json").expect(2, "-o b.json")
    tcpfsm("-r", "closed.pcap", "-T", "json", "-w", "-").expect(2, "standard output")
    for two in (("-T", "json:a.json", "-T", "csv:a.json"), ("-T", "json", "-o", "a.json", "-w", "a.json"),
                ("--prometheus=a.json", "--write-baseline=a.json"), ("-w", "./a.json", "-T", "json:a.json"),
                ("-w", os.path.abspath("a.json"), "-T", "json:a.json")):
        tcpfsm("-r", "closed.pcap", *two).expect(2, "a.json is named for two outputs")
    tcpfsm("-r", "closed.pcap", "-T", "json:/dev/null", "-T", "csv:/dev/null").expect(0)
    for other in (("-T", "text", "-T", "csv:directed"), ("--write-baseline=directed",), ("--prometheus=directed",), ("-w", "/dev/fd/1")):
        with open("directed", "wb") as f:
            tcpfsm("-r", "closed.pcap", *other, stdout=f).expect(2, "standard output goes there")
    with open("directed", "wb") as f:
        tcpfsm("-r", "closed.pcap", "-T", "csv:directed", stdout=f).expect(0)
    assert os.path.getsize("directed") > 0
    assert not os.path.exists("a.json") and not os.path.exists("b.json")


@check
def rules_and_baselines_are_not_written_over():
    for name, text in [("ci.rules", "expect connections = 1\n"), ("known", "1 idle client 10.0.0.1 -> 10.0.0.2:80\n")]:
        with open(name, "w") as f:
            f.write(text)
    for output in (["-o"], ["-w"], ["-T", "csv", "--prometheus"], ["-T", "csv", "--write-baseline"]):
        tcpfsm("-r", "closed.pcap", "--rules=ci.rules", *output, "./ci.rules").expect(2, "ci.rules: this is the file of --rules")
        if output[-1] != "--write-baseline":
            tcpfsm("-r", "closed.pcap", "--baseline=known", *output, "./known").expect(2, "known: this is the file of --baseline")
    assert open("ci.rules").read() == "expect connections = 1\n" and open("known").read().startswith("1 idle")
    tcpfsm("-r", "closed.pcap", "--baseline=known", "--write-baseline=./known").expect(0)


@check
def pictures_go_to_their_files_and_standard_output_stays():
    text = tcpfsm("-r", "refused.pcap", "-q").expect(0).out
    drawn = tcpfsm("-r", "refused.pcap", "-q", "--ladder=1", "--ladder-file=l.svg", "--diagram=d.svg").expect(0)
    assert drawn.out == text
    for name in ["l.svg", "d.svg"]:
        root = xml.etree.ElementTree.parse(name).getroot()
        assert root.tag == "{http://www.w3.org/2000/svg}svg", name
    words = [t.text for t in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "client 1 (1 red)" in words, "the SYN, and the RST that refused it, prove connection-refused"
    tcpfsm("-r", "refused.pcap", "-q", "--diagram=d.dot").expect(0)
    assert '"CLOSED" -> "SYN-SENT"' in open("d.dot").read()


@check
def what_changes_nothing_is_said():
    text = tcpfsm("-r", "refused.pcap", "-q").expect(0).out
    assert tcpfsm("-r", "refused.pcap", "-q", "--end=2001-01-01").expect(0, "--end").out == text
    tcpfsm("-r", "refused.pcap", "-q", "--end=+5").expect(0)
    none = tcpfsm("-r", "refused.pcap", "-q", "--ladder=99", "--ladder-file=l.svg").expect(0, "--ladder=99")
    assert none.out == text
    assert "no connection 99" in tcpfsm("-r", "refused.pcap", "--ladder=99").expect(0).out


@check
def the_plain_diagram_needs_no_capture():
    result = tcpfsm("--list-rules", "--diagram=plain.svg").expect(0)
    states = "CLOSED LISTEN SYN-SENT SYN-RECEIVED ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 CLOSE-WAIT CLOSING LAST-ACK TIME-WAIT"
    words = {t.text for t in xml.etree.ElementTree.parse("plain.svg").getroot().iter("{http://www.w3.org/2000/svg}text")}
    assert not result.out and set(states.split()) <= words
    tcpfsm("--list-rules", "--diagram=nowhere/plain.svg").expect(4, "nowhere/plain.svg")


@check
def a_picture_has_a_name_that_tells_its_kind():
    tcpfsm("-r", "closed.pcap", "--diagram=d.png").expect(2, "neither in .svg nor in .dot")
    tcpfsm("-r", "closed.pcap", "--ladder-file=l.txt").expect(2, "does not end in .svg")
    tcpfsm("-r", "closed.pcap", "--diagram=a.svg", "--diagram=b.svg").expect(2, "twice")


@check
def the_page_runs_only_its_own_script_and_takes_nothing_for_markup():
    name = "<script>alert('&').pcap"
    with open(name, "wb") as file:
        file.write(FILES["refused.pcap"])
    page = tcpfsm("-r", name, "-T", "html").expect(0).out
    policy = re.search('http-equiv="Content-Security-Policy" content="([^"]*)"', page)[1]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    for tag in ["style", "script"]:
        (inside,) = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.S)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy, tag
    data = re.search('<script type="application/json" id="data">(.*?)</script>', page, re.S)[1]
    assert "<" not in data
    rows = json.loads(data)
    assert [r[1] for r in rows[:-1] if r[0] == "i"] == [name]
    assert len(re.findall("<script", page)) == 2
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", page)


@check
def a_filter_that_does_not_compile_is_a_usage_error_before_anything_is_written():
    result = as_json("-r", "closed.pcap", "-o", "filter.json", "tcp", "prot", "80").expect(2, "tcp prot 80")
    assert not result.out and not os.path.exists("filter.json")
    tcpfsm("-r", "closed.pcap", "-f", "tcp", "port", "80").expect(2, "twice")


# --- Exit statuses ----------------------------------------------------------------------------


@check
def a_scan_is_told_together_in_text_alone():
    text = tcpfsm("-q", "-r", "scan.pcap").expect(0).out
    blocks = [line for line in text.splitlines() if line.startswith("#")]
    assert len(blocks) == 5, blocks
    assert "10.0.0.1 -> 10.0.0.2, ports 105 to 107\n" in text, text
    assert "3 more connections refused" in text and "between #6 and #8" in text, text
    for arguments in (["--id=connection-refused"], ["--conn=6,7,8"], ["-v"]):
        shown = tcpfsm(*arguments, "-r", "scan.pcap").expect(0).out
        assert "#8" in shown and "more connections" not in shown, arguments
    found = [r for r in as_json("-r", "scan.pcap").expect(0).records("anomaly") if r["id"] == "connection-refused"]
    assert [r["conn"] for r in found] == list(range(1, 9)), found
    assert "more connections" not in tcpfsm("-r", "crowd.pcap").expect(0).out
    one = tcpfsm("-q", "-r", "scan.pcap", "tcp", "portrange", "100-105").expect(0).out
    assert "1 more connection refused, like those above: #6. " in " ".join(one.split()), one


@check
def probes_with_odd_flags_are_told_together_too():
    frames = []
    for port in range(101, 109):
        client, server, isn, when = (1, 40000), (2, port), isn_of(port), (port - 100) / 1000
        frames += [(when, segment(client, server, FIN, isn)), (when + 0.0001, segment(server, client, RST | ACK, 0, isn + 1))]
    with open("probes.pcap", "wb") as file:
        file.write(pcap(frames))
    text = " ".join(tcpfsm("-r", "probes.pcap").expect(0).out.split())
    assert "10.0.0.1 -> 10.0.0.2, ports 106 to 108 3 more connections of nothing but probes" in text, text
    assert "between #6 and #8" in text and "#5 10.0.0.1" in text and "#6 10.0.0.1" not in text, text
    assert "#8 10.0.0.1" in " ".join(tcpfsm("-v", "-r", "probes.pcap").expect(0).out.split())
    # A connection that was there before: whoever sent this, it is more than a probe.
    with open("probes-not.pcap", "wb") as file:
        file.write(pcap([(0.0001, segment((2, port), (1, 40000), ACK, 1, isn_of(port))) for port in range(101, 109)] + frames))
    assert "more connections" not in tcpfsm("-r", "probes-not.pcap").expect(0).out


@check
def quietly_what_is_older_than_the_capture_is_told_together():
    text = tcpfsm("-q", "-r", "older-more.pcap").expect(0).out
    assert len([line for line in text.splitlines() if line.startswith("#")]) == 100, text
    assert "3 more connections of which" in text and "between #101 and #103" in " ".join(text.split()), text
    text = " ".join(tcpfsm("-q", "-r", "older-back.pcap").expect(0).out.split())
    assert "3 more connections of which" in text and "between #1 and #3" in text, text
    for arguments in ([], ["-q", "--id=midstream"], ["-q", "--conn=101,102,103"], ["-v"]):
        shown = tcpfsm(*arguments, "-r", "older-more.pcap").expect(0).out
        assert "#103" in shown and "more connections" not in shown, arguments
    assert "more connections" not in tcpfsm("-q", "-r", "older.pcap").expect(0).out
    found = [r for r in as_json("-r", "older-more.pcap").expect(0).records("anomaly") if r["id"] == "midstream"]
    assert len(found) == 103, found


@check
def who_is_forgotten_does_not_depend_on_who_listens():
    for most in (3, 50, 64, 300):
        room = f"--max-connections={most}"
        records = as_json(room, "-r", "flood.pcap").expect(0).records("summary")[0]
        for arguments in ([], ["-q"], ["-q", "--threads=2"], ["-q", "--fail-on=error"]):
            text = " ".join(tcpfsm(*arguments, room, "-r", "flood.pcap").expect(0).out.split())
            for word in (f"{records['evicted']:,} connections were forgotten", f"{records['connections']:,} connections in"):
                assert word in text, (most, arguments, word)
            assert f"{records['anomalies']['midstream']:,} info midstream" in text, (most, arguments)


@check
def only_what_began_after_somebody_was_forgotten_may_be_one_of_those():
    found = [r for r in as_json("--max-connections=50", "-r", "flood.pcap").expect(0).records("anomaly") if r["id"] == "midstream"]
    assert found and all("note" in r["details"] for r in found), found[:2]
    found = [r for r in as_json("--max-connections=2", "-r", "older-more.pcap").expect(0).records("anomaly") if r["id"] == "midstream"]
    assert ["note" in r["details"] for r in found] == [False] * 3 + [True] * 100, found[:5]


@check
def who_is_the_client_is_a_guess_unless_a_syn_ack_names_it():
    def told(missing):
        with open("late.pcap", "wb") as file:
            file.write(pcap(closed(40000)[missing:]))
        finding, = as_json("-r", "late.pcap").expect(0).records("anomaly")
        assert finding["id"] == "midstream", finding
        return finding["message"]

    assert "the end that it answers is taken for the client" in told(1) and "guess" not in told(1), told(1)
    assert "which end is the client is a guess" in told(2) and "answers" not in told(2), told(2)


@check
def one_step_back_is_not_told_as_many():
    with open("merged.pcap", "wb") as file:
        file.write(pcap(closed(40000, 9) + closed(40001, 5)))
    finding, = as_json("-r", "merged.pcap").expect(0).records("anomaly")
    assert "segments with an earlier time than one before them: 6, at most by 4 s" in finding["message"], finding
    text = " ".join(tcpfsm("-r", "merged.pcap").expect(0).out.split())
    assert "6 segments have earlier times than one before them." in text, text


@check
def what_waits_at_a_grave_is_told_when_that_is_forgotten():
    told = as_json("-r", "fin-again.pcap").expect(0).records("anomaly")
    found = {r["id"]: r for r in told}
    late = found["fin-after-time-wait"]
    assert late["packet"] == 7 and late["packets"][-1] == 7, late
    when = [r["ts"] for r in told]
    assert when == sorted(when) and late["ts"] < found["syn-unanswered"]["ts"], told


@check
def what_is_open_at_the_end_is_told_by_number():
    told = [r["conn"] for r in as_json("-r", "outlived.pcap").expect(0).records("connection")]
    assert sorted(told) == list(range(1, 204)) and told[-3:] == [1, 2, 203], told


@check
def one_of_very_many_that_are_older_is_told_with_what_else_was_found():
    for arguments in ([], ["-q"]):
        text = tcpfsm(*arguments, "-r", "older-reset.pcap").expect(0).out
        [block] = [b for b in text.split("\n\n") if b.startswith("#1100 ")]
        assert "(ACK) is no SYN" in block and "midstream" in block and "rst-abort" in block, block
    assert "999 more connections of which" in text and "between #101 and #1099" in " ".join(text.split()), text


@check
def a_capture_that_lost_packets_says_so_first_and_lowers_what_rests_on_the_unseen():
    def half_open_of(name):
        return [r for r in as_json("-r", name).expect(0).records("anomaly") if r["id"] == "half-open-handshake"]

    [whole] = half_open_of("whole.pcapng")
    assert whole["severity"] == "warning" and "note" not in whole["details"], whole
    for name in ("lossy.pcapng", "lossy-big.pcapng"):
        [lowered] = half_open_of(name)
        assert lowered["severity"] == "notice", lowered
        assert lowered["details"]["note"] in lowered["message"], lowered
        first = tcpfsm("-r", name).expect(0).out.splitlines()[0]
        assert first.startswith(f"The capture {name} is incomplete") and "5 packets" in first, first
    assert "incomplete" not in tcpfsm("-r", "whole.pcapng").expect(0).out.splitlines()[0]
    # What was lost is told of a copy, too.
    tcpfsm("-r", "lossy.pcapng", "-w", "copy.pcapng").expect(0)
    assert as_json("-r", "copy.pcapng").expect(0).summary()["dropped_by_kernel"] == 5
    assert half_open_of("copy.pcapng") == half_open_of("lossy.pcapng")
    tcpfsm("-r", "whole.pcapng", "-w", "copy.pcapng").expect(0)
    assert half_open_of("copy.pcapng") == half_open_of("whole.pcapng")
    assert as_json("-r", "copy.pcapng").expect(0).summary()["dropped_by_kernel"] == 0
    # Also where nothing else is in it, and what is not known stays so.
    with open("lost-all.pcapng", "wb") as out:
        out.write(pcapng([], 7))
    tcpfsm("-r", "lost-all.pcapng", "-w", "copy.pcapng").expect(0)
    assert as_json("-r", "copy.pcapng").expect(0).summary()["dropped_by_kernel"] == 7
    tcpfsm("-r", "closed.pcap", "-w", "copy.pcapng", "--end=+100000").expect(0)
    told = as_json("-r", "closed.pcap", "--end=+100000").expect(0)
    copied = as_json("-r", "copy.pcapng").expect(0)
    assert copied.summary()["dropped_by_kernel"] is None
    assert copied.records("anomaly") == told.records("anomaly")


@check
def a_reset_of_which_one_direction_passed_counts_octets_alone_and_says_what_is_not_known():
    """A SYN is no octet of data, and of whom nothing passed nobody knows what he acknowledged."""
    def of_client(data):
        client, server, c, s = (1, 40000), (2, 80), isn_of(40000), isn_of(7)
        request = bytearray(segment(client, server, ACK, c + 1, s + 1) + data)
        struct.pack_into(">H", request, 16, 40 + len(data))
        return [
            (0, segment(client, server, SYN, c)),
            (0.02, segment(client, server, ACK, c + 1, s + 1)),
            (0.03, bytes(request)),
            (0.5, segment(client, server, RST | ACK, c + 1 + len(data), s + 101)),
            (9, segment((3, 1), (4, 2), SYN, 5)),
        ]

    for data in (b"", b"request"):
        with open("half.pcap", "wb") as file:
            file.write(pcap(of_client(data)))
        [abort] = [a for a in as_json("-r", "half.pcap").expect(0).records("anomaly") if a["id"] == "rst-abort"]
        assert abort["details"]["unacknowledged"] == len(data), abort
        assert ("nothing passed the tap" in abort["message"]) == bool(data), abort["message"]


@check
def what_a_missed_segment_may_have_acknowledged_is_not_said_to_be_unacknowledged():
    """The server's answer, of 100 octets, and the ACK with it, is in the capture or not."""
    def abort(*missing):
        client, server, c, s = (1, 40000), (2, 80), isn_of(40000), isn_of(7)

        def with_data(data, *step):
            frame = bytearray(segment(*step) + data)
            struct.pack_into(">H", frame, 16, 40 + len(data))
            return bytes(frame)

        frames = [
            (0, segment(client, server, SYN, c)),
            (0.01, segment(server, client, SYN | ACK, s, c + 1)),
            (0.02, segment(client, server, ACK, c + 1, s + 1)),
            (0.03, with_data(b"request", client, server, ACK, c + 1, s + 1)),
            (0.04, with_data(b"a" * 100, server, client, ACK, s + 1, c + 8)),
            (0.05, segment(client, server, ACK, c + 8, s + 101)),
            (0.5, segment(server, client, RST, s + 101)),
            (9, segment((3, 1), (4, 2), SYN, 5)),
        ]
        with open("gap.pcap", "wb") as file:
            file.write(pcap([frame for i, frame in enumerate(frames) if i not in missing]))
        [found] = [a for a in as_json("-r", "gap.pcap").expect(0).records("anomaly") if a["id"] == "rst-abort"]
        return found["details"]

    assert abort()["unacknowledged"] == 0 and "note" not in abort(), abort()
    assert "may have acknowledged the bytes" in abort(4).get("note", ""), abort(4)


@check
def a_handshake_that_passed_behind_the_clock_has_no_rtt():
    def rtts(frames):
        with open("behind.pcap", "wb") as file:
            file.write(pcap(frames))
        return [c["handshake_rtt"] for c in as_json("-r", "behind.pcap").expect(0).records("connection")]

    assert rtts(closed(40000, 5) + closed(40001, 9)) == [0.002, 0.002]
    assert rtts(closed(40000, 9) + closed(40001, 5)) == [0.002, None]
    assert rtts([(5, frame) for _, frame in closed(40000)]) == [0]


def note_of(name, frames):
    """What is told behind the message of the first finding NAME."""
    with open("noted.pcap", "wb") as file:
        file.write(pcap(frames))
    return next(a for a in as_json("-r", "noted.pcap").expect(0).records("anomaly") if a["id"] == name)["details"].get("note")


@check
def who_answered_other_syns_is_not_taken_for_a_wrong_address():
    def unheeded(port):
        return [(when, segment((1, 40001), (2, port), SYN, isn_of(40001))) for when in (1, 2, 4, 8, 16)]

    assert "answered other SYNs" in note_of("syn-unanswered", closed(40000) + unheeded(80))
    assert note_of("syn-unanswered", closed(40000) + unheeded(81)) is None


@check
def a_shut_window_whose_probes_find_nobody_is_not_the_programs_alone():
    client, server, c, s = (1, 40000), (2, 80), isn_of(40000), isn_of(7)

    def shut(answers):
        window = lambda frame: frame[:48] + b"\0\0" + frame[50:]
        frames = [(0, segment(client, server, SYN, c)), (0.01, segment(server, client, SYN | ACK, s, c + 1)),
                                      (0.02, segment(client, server, ACK, c + 1, s + 1)),
                                      (0.03, window(segment(server, client, ACK, s + 1, c + 1)))]
        for number, when in enumerate((0.3, 0.8, 1.7, 3.4, 6.8)):
            frames.append((when, segment(client, server, ACK, c, s + 1)))
            if number < answers:
                frames.append((when + 0.001, window(segment(server, client, ACK, s + 1, c + 1))))
        return frames

    assert note_of("zero-window-stall", shut(5)) is None
    assert "no answer at all" in note_of("zero-window-stall", shut(1))


@check
def a_listener_that_only_sent_its_syn_ack_may_have_a_full_queue():
    client, server, c, s = (1, 40000), (2, 80), isn_of(40000), isn_of(7)

    def unheeded(answered):
        request = bytearray(segment(client, server, ACK, c + 1, s + 1) + b"request")
        struct.pack_into(">H", request, 16, 40 + 7)
        frames = [(0, segment(client, server, SYN, c)), (0.01, segment(server, client, SYN | ACK, s, c + 1)),
                  (0.02, segment(client, server, ACK, c + 1, s + 1))]
        frames += [(0.03, segment(server, client, ACK, s + 1, c + 1))] * answered
        return frames + [(when, bytes(request)) for when in (0.5, 0.7, 1.1, 2, 4, 8, 16)]

    assert "accept queue" in note_of("dead-peer", unheeded(0))
    assert note_of("dead-peer", unheeded(1)) is None


def summed(frame, data=b"", wrong=0):
    """A frame of segment() with data and the checksum of RFC 9293 section 3.1, made WRONG by so much."""
    tcp = frame[34:50] + b"\0\0" + frame[52:] + data
    total = frame[26:34] + struct.pack(">HH", 6, len(tcp)) + tcp + b"\0" * (len(tcp) % 2)
    value = sum(struct.unpack(f">{len(total) // 2}H", total))
    value = (value & 0xFFFF) + (value >> 16)
    value = ~((value & 0xFFFF) + (value >> 16)) & 0xFFFF
    ip = frame[14:16] + struct.pack(">H", 20 + len(tcp)) + frame[18:34]
    return frame[:14] + ip + tcp[:16] + struct.pack(">H", value ^ wrong) + tcp[18:]


@check
def data_that_a_full_queue_ignores_is_counted_and_shown():
    client, server, c, s = (1, 40000), (2, 80), isn_of(40000), isn_of(7)
    data = [summed(segment(client, server, ACK, c + 1 + 10 * i, s + 1), b"0123456789") for i in range(3)]
    syn_ack = segment(server, client, SYN | ACK, s, c + 1)
    with open("queue.pcap", "wb") as file:
        file.write(pcap([(0, segment(client, server, SYN, c)), (0.01, syn_ack),
                         (0.02, segment(client, server, ACK, c + 1, s + 1)),
                         (0.03, data[0]), (0.04, data[1]), (0.05, data[2]), (1.01, syn_ack), (3.01, syn_ack)]))
    finding, = (a for a in as_json("-r", "queue.pcap").expect(0).records("anomaly") if a["id"] == "backlog-overflow")
    assert (finding["details"]["segments"], finding["details"]["bytes"]) == (3, 30), finding
    assert finding["packets"] == [2, 3, 4, 8], finding


@check
def the_ack_of_the_handshake_is_no_segment_of_data():
    """21 segments of data, of which two come again: 2 of 23."""
    client, server, c, s = (1, 40000), (2, 80), isn_of(40000), isn_of(7)
    frames, when = [(0, segment(client, server, SYN, c)), (0.01, segment(server, client, SYN | ACK, s, c + 1)),
                    (0.02, segment(client, server, ACK, c + 1, s + 1))], 1.0
    for i in range(21):
        data = summed(segment(client, server, ACK, c + 1 + 10 * i, s + 1), b"0123456789")
        for _ in range(2 if i in (10, 20) else 1):
            frames.append((when, data))
            when += 0.5
        frames.append((when, segment(server, client, ACK, s + 1, c + 11 + 10 * i)))
        when += 0.1
    with open("again.pcap", "wb") as file:
        file.write(pcap(frames))
    finding, = as_json("-r", "again.pcap").expect(0).records("anomaly")
    assert finding["id"] == "excessive-retransmission", finding
    assert (finding["details"]["retransmitted"], finding["details"]["segments"]) == (2, 23), finding


@check
def a_reset_whose_sender_goes_on_is_somebody_elses():
    client, server, c, s = (1, 40000), (2, 80), isn_of(40000), isn_of(7)

    def later(speaker, when=2):
        other, seq, ack = (client, s + 1, c + 1) if speaker == server else (server, c + 1, s + 1)
        data = bytearray(segment(speaker, other, ACK, seq, ack) + b"more")
        struct.pack_into(">H", data, 16, 40 + 4)
        return [(0, segment(client, server, SYN, c)), (0.01, segment(server, client, SYN | ACK, s, c + 1)),
                (0.02, segment(client, server, ACK, c + 1, s + 1)),
                (0.5, segment(server, client, RST | ACK, s + 1, c + 1)),
                (when, bytes(data)), (when + 0.01, segment(other, speaker, RST, ack)),
                (when + 7, segment((3, 1), (4, 2), SYN, 5))]

    for name in "rst-abort", "data-after-close":
        assert "somebody else" in note_of(name, later(server)), name
        assert note_of(name, later(client)) is None, name
    # After the record of the connection, too.
    assert "somebody else" in note_of("data-after-close", later(server, 8))
    assert note_of("data-after-close", later(client, 8)) is None


@check
def what_timestamps_may_have_made_safe_is_not_called_unsafe_where_they_were_cut():
    client, server, c, s = (1, 40000), (2, 80), isn_of(40000), isn_of(7)

    def found(cut):
        steps = [(client, server, SYN, c, 0), (server, client, SYN | ACK, s, c + 1), (client, server, ACK, c + 1, s + 1),
                 (client, server, FIN | ACK, c + 1, s + 1), (server, client, FIN | ACK, s + 1, c + 2),
                 (client, server, ACK, c + 2, s + 2),
                 (client, server, SYN, c - 5000, 0), (server, client, SYN | ACK, s + 500000, c - 4999),
                 (client, server, ACK, c - 4999, s + 500001)]
        frames = []
        for i, step in enumerate(steps):
            frame = segment(*step)
            if cut:  # 12 octets of options were behind it
                frame = frame[:16] + struct.pack(">H", 52) + frame[18:46] + b"\x80" + frame[47:]
            frames.append(((0 if i < 6 else 2) + i / 100, frame))
        with open("cut.pcap", "wb") as file:
            file.write(pcap(frames, cut=12 if cut else 0))
        findings = as_json("-r", "cut.pcap").expect(0).records("anomaly")
        return {finding["id"]: (finding["severity"], finding["details"].get("note")) for finding in findings}

    whole, part = found(False), found(True)
    assert "time-wait-reuse-unsafe" in whole, whole
    assert "time-wait-reuse-unsafe" not in part, part
    assert whole["isn-collision"] == ("error", None), whole
    assert part["isn-collision"][0] == "notice" and "snap length" in part["isn-collision"][1], part


@check
def what_timestamps_protect_from_old_segments_is_not_said_to_be_in_danger():
    client, server, c, s = (1, 40000), (2, 80), isn_of(40000), isn_of(7)

    def stamped(frame, value):
        option = b"\1\1\x08\x0a" + struct.pack(">II", value, 1)
        return frame[:16] + struct.pack(">H", 52) + frame[18:46] + b"\x80" + frame[47:] + option

    def again(first, second):
        frames = []
        for when, value, isn, other in ((0, first, c, s), (100, second, c - 10, s + 500000)):
            steps = [(client, server, SYN, isn, 0), (server, client, SYN | ACK, other, isn + 1),
                     (client, server, FIN | ACK, isn + 1, other + 1), (server, client, RST | ACK, other + 1, isn + 2)]
            frames += [(when + i / 100, stamped(segment(*step), value)) for i, step in enumerate(steps)]
        return frames

    assert "timestamps" in note_of("isn-collision", again(1000, 9000))
    assert note_of("isn-collision", again(9000, 1000)) is None


@check
def what_came_up_at_both_ends_is_counted_for_both():
    client, server, c, s = (1, 40000), (2, 80), isn_of(40000), isn_of(7)

    def times(answers):
        frames = [(when, segment(client, server, SYN, c)) for when in (0, 1, 2)]
        frames += [(when, segment(server, client, SYN | ACK, s, c + 1)) for when in answers]
        with open("both.pcap", "wb") as file:
            file.write(pcap(sorted(frames, key=lambda frame: frame[0])))
        out = " ".join(tcpfsm("-r", "both.pcap").expect(0).out.split())
        return re.findall(r"handshake-retransmission, ([^],]*)", out)

    assert times([2.01]) == ["2 times in all"], times([2.01])
    assert times([0.01, 1.01]) == ["3 times in all at both ends"] * 2, times([0.01, 1.01])


@check
def of_few_connections_that_passed_in_one_direction_the_summary_tells():
    """Too few for a finding about the capture; but then something is missing all the same."""
    frames = closed(40000) + [(t, f) for t, f in closed(40001, 1) if f[29] == 1] + closed(40002, 2)
    with open("one-way.pcap", "wb") as file:
        file.write(pcap(frames))
    out = tcpfsm("-r", "one-way.pcap").expect(0).out
    assert "The capture: 1 connection passed in one direction only." in out, out
    assert "one-way" not in out and "nothing shows" not in out, out


@check
def frames_that_are_cut_before_their_headers_end_are_no_complete_capture():
    with open("cut.pcap", "wb") as file:
        file.write(pcap([(t, f[:50]) for t, f in closed(40000)]))
    out = tcpfsm("-r", "cut.pcap").expect(0).out
    assert "The capture: 6 frames end before their headers do." in out, out


def cut(data, kept):
    """A capture of pcap() of which a snap length left KEPT octets a frame."""
    records, at = [data[:24]], 24
    while at < len(data):
        head, size = data[at:at + 16], struct.unpack_from("<I", data, at + 8)[0]
        records.append(head[:8] + struct.pack("<I", min(size, kept)) + head[12:] + data[at + 16:at + 16 + min(size, kept)])
        at += 16 + size
    return b"".join(records)


@check
def what_is_said_of_a_capture_without_segments_has_the_time_of_its_end():
    with open("headless.pcap", "wb") as file:
        file.write(cut(pcap(closed(40000)), 40))
    run = as_json("-r", "headless.pcap").expect(0)
    finding, = run.records("anomaly")
    assert finding["id"] == "snap-length" and finding["ts"] == run.summary()["last_ts"] == START + 0.005, finding


@check
def what_a_syn_offered_is_not_known_where_its_options_were_cut():
    """With all of its headers, with the first option only, and with none (RFC 9293 section 3.2)."""
    def offer(kept):
        frames = []
        for when, frame in closed(40000):
            if frame[47] & SYN:
                frame = frame[:46] + b"\x60" + frame[47:]
                frame = frame[:16] + struct.pack(">H", 44) + frame[18:54] + b"\4\2\1\1"
            frames.append((when, frame))
        with open("offer.pcap", "wb") as file:
            file.write(cut(pcap(frames), kept))
        record, = as_json("-r", "offer.pcap").expect(0).records("connection")
        return [(record[end]["sack"], record[end]["timestamps"]) for end in ("client", "server")]

    assert offer(58) == [(True, False)] * 2, offer(58)
    assert offer(56) == [(True, None)] * 2, offer(56)
    assert offer(54) == [(None, None)] * 2, offer(54)


@check
def packets_that_are_cut_are_no_whole_capture_either():
    with open("short.pcap", "wb") as file:
        file.write(pcap(closed(40000), cut=20))
    out = tcpfsm("-r", "short.pcap").expect(0).out
    assert "The capture: packets are cut short." in out, out


@check
def every_segment_counts_for_a_connection_or_is_told():
    late = [(when, segment((1, 40000), (2, 80), RST, isn_of(40000) + 2)) for when in (100, 101)]
    again = [(when + 0.00002, frame) for when, frame in closed(40001, 1)[:2]]
    with open("counted.pcap", "wb") as file:
        file.write(pcap(sorted(closed(40000) + closed(40001, 1) + again + late, key=lambda frame: frame[0])))
    run = as_json("-r", "counted.pcap").expect(0)
    total, said = run.summary(), sum(c[e]["packets"] for c in run.records("connection") for e in ("client", "server"))
    assert (total["late_segments"], total["duplicate_frames"], total["bad_checksums"]) == (2, 2, 0), total
    assert said + 4 == total["tcp_segments"] == 16, (said, total)


@check
def the_host_table_has_a_head_and_a_row_a_host():
    lines = tcpfsm("-q", "--hosts", "-r", "scan.pcap").expect(0).out.splitlines()
    at = lines.index("Hosts, and how each makes its initial sequence numbers")
    assert lines[at + 1].split()[:3] == ["Host", "Client", "Server"], lines[at + 1]
    record = as_json("-r", "scan.pcap").records("host")[0]
    assert lines[at + 2].split()[:3] == [record["addr"], "8", "0"], (lines[at + 2], record)
    assert "_" not in "".join(lines[at : at + 4]), lines[at : at + 4]
    assert "\nHosts: none showed eight initial sequence numbers" in tcpfsm("-q", "--hosts", "-r", "refused.pcap").expect(0).out


@check
def without_fail_on_a_finding_is_status_0():
    result = as_json("-r", "refused.pcap").expect(0)
    assert [a["id"] for a in result.records("anomaly")] == ["connection-refused"], result.out


@check
def fail_on_takes_ids_families_and_severities():
    for what in ["connection-refused", "opening", "notice", "info", "isn,connection-refused", "error,opening"]:
        as_json("-r", "refused.pcap", "--fail-on", what).expect(1)
    for what in ["syn-unanswered", "closing", "warning", "error", "isn,capture"]:
        as_json("-r", "refused.pcap", "--fail-on", what).expect(0)
    as_json("-r", "closed.pcap", "--fail-on", "info").expect(0)


@check
def allow_lets_findings_pass_up_to_its_number():
    def status(*args):
        return as_json("-r", "two.pcap", "--fail-on", "notice", *args).status

    with open("two.pcap", "wb") as f:
        f.write(pcap(refused(1001) + refused(1002, 1)))
    assert status() == 1
    assert status("--allow", "connection-refused") == 0
    assert status("--allow", "connection-refused:2") == 0
    assert status("--allow", "connection-refused:1") == 1
    assert status("--allow", "syn-unanswered") == 1


@check
def a_header_without_packets_is_status_0():
    summary = as_json("-r", "empty.pcap").expect(0).summary()
    assert summary["packets"] == 0 and summary["input_error"] is None


@check
def unreadable_inputs_are_status_3_and_still_reported():
    for name in ["zero.pcap", "garbage.pcap", "no-such-file.pcap"]:
        summary = as_json("-r", name).expect(3, name).summary()
        assert summary["packets"] == 0 and name in summary["input_error"]


@check
def what_stands_before_a_fault_is_analysed():
    result = as_json("-r", "cut.pcap").expect(3, "cut.pcap")
    assert result.summary()["packets"] == 7, result.out
    assert [a["id"] for a in result.records("anomaly")] == ["connection-refused"]


@check
def segments_that_lie_decades_apart_are_analysed():
    # Captures were put together, or a clock was wrong.
    client, server, decades = (1, 1000), (2, 80), 1900000000
    with open("decades.pcap", "wb") as file:
        file.write(pcap([
            (0, segment(client, server, SYN, 5000)),
            (0.01, segment(server, client, SYN | ACK, 90000, 5001)),
            (0.02, segment(client, server, ACK, 5001, 90001)),
            (decades, segment(server, client, SYN | ACK, 90000, 5001)),
            (decades + 0.01, segment(client, server, ACK, 5001, 90001)),
        ]))
    records = as_json("-r", "decades.pcap").expect(0).records("connection")
    assert [r["client"]["state"] for r in records] == ["ESTABLISHED"], records


def handshake(client, server, when, again=None, isn=None):
    """Opened at WHEN, with the client's ISN; with AGAIN the SYN comes again then, and its answer after that."""
    c, s, answered = isn or isn_of(client[1]), isn_of(server[1] + client[1]), when if again is None else again
    syn = segment(client, server, SYN, c)
    return [(when, syn)] + ([] if again is None else [(again, syn)]) + [
        (answered + 0.05, segment(server, client, SYN | ACK, s, c + 1)),
        (answered + 0.1, segment(client, server, ACK, c + 1, s + 1))]


@check
def nothing_is_made_up_of_answers_that_are_not_remembered():
    # All their SYNs come again before any answer, and of more handshakes at a time than have a place.
    frames = [frame for n in range(9000) for frame in handshake((1, 1000 + n), (2, 80), n * 1e-6, 1 + n * 1e-6)]
    with open("crowd.pcap", "wb") as file:
        file.write(pcap(sorted(frames, key=lambda frame: frame[0])))
    found = [a["details"] for a in as_json("-r", "crowd.pcap").expect(0).records("anomaly") if a["id"] == "handshake-retransmission"]
    whys = {(d["where"], "not remembered" in d["why"]) for d in found}
    assert len(found) == 9000 and whys == {("behind the tap", False), ("unknown", True)}, (len(found), whys)
    assert not any("had passed the tap and was lost" in d["why"] for d in found)


@check
def a_leak_that_finds_no_place_is_counted():
    frames = []
    for n in range(1200):
        server = (2, 1000 + n)
        for client in ((1, 20000 + 10 * n + k) for k in range(10)):
            when, c, s = n * 0.001, isn_of(client[1]) + 1, isn_of(server[1] + client[1]) + 1
            frames += handshake(client, server, when)
            frames += [(when + 0.2, segment(client, server, FIN | ACK, c, s)), (when + 0.3, segment(server, client, ACK, s, c + 1))]
    with open("leaks.pcap", "wb") as file:
        file.write(pcap(sorted(frames, key=lambda frame: frame[0]) + [(90, segment((3, 1), (3, 2), ACK, 1, 1))]))
    result = as_json("-r", "leaks.pcap", "--reassembly-memory=64").expect(0)
    told = result.summary()["anomalies"]["close-wait-leak"]
    lost = [a["details"] for a in result.records("anomaly") if a["id"] == "evicted"]
    assert 800 < told <= 1024 and [d["no_room"] for d in lost] == [(1200 - told) * 10], (told, lost)


@check
def steps_that_differ_are_not_called_constant():
    for steps, pattern in ([1] * 9, "a constant step"), ([1, 2, 1, 4, 1, 1, 2, 1, 2], "steps that are multiples of one number"):
        isns = [1000000 + 64000 * sum(steps[:n]) for n in range(len(steps) + 1)]
        with open("steps.pcap", "wb") as file:
            file.write(pcap([frame for n, isn in enumerate(isns) for frame in handshake((1, 1000 + n), (2, 80), n, isn=isn)]))
        found = as_json("-r", "steps.pcap").expect(0).records("anomaly")
        assert [a["details"]["pattern"] for a in found if a["subject"] == "10.0.0.1"] == [pattern], found


@check
def a_file_that_is_cut_short_while_it_is_read_is_status_3_with_any_number_of_threads():
    # Of each SYN beyond the tenth a record is written at once, so whoever reads the file is held up in its midst
    # until somebody reads the output: with two threads after some 4,000 frames, where it is mapped.
    padding = bytes(446)
    flood = pcap([(i / 1000, segment((i % 250 + 2, 1000 + i // 250), (1, 80), SYN, i * 4001) + padding) for i in range(17000)])
    for threads in "2", "1":
        with open("shrinks.pcap", "wb") as file:
            file.write(flood)
        process = subprocess.Popen(
            [TCPFSM, "-r", "shrinks.pcap", "-T", "json", "--max-connections=10", "--threads", threads],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        select.select([process.stdout], [], [], 60)
        time.sleep(0.2)
        os.truncate("shrinks.pcap", 100)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 3 and b"cut short" in err, (threads, process.returncode, err)
        assert json.loads(out.splitlines()[-1])["input_error"], threads
    os.remove("shrinks.pcap")


@check
def three_beats_one_and_four_beats_both():
    as_json("-r", "cut.pcap", "--fail-on", "notice").expect(3, "cut.pcap")
    with open("/dev/full", "wb") as full:
        as_json("-r", "refused.pcap", "--fail-on", "notice", stdout=full).expect(4, "standard output")
        assert as_json("-r", "cut.pcap", "--fail-on", "notice", stdout=full).status == 4


@check
def a_full_disk_is_status_4_wherever_it_is():
    as_json("-r", "closed.pcap", "-o", "/dev/full").expect(4, "/dev/full")
    as_json("-r", "closed.pcap", "-o", "no-such-directory/x").expect(4, "no-such-directory/x")
    as_json("-r", "closed.pcap", "-w", "/dev/full").expect(4, "/dev/full")
    with open("/dev/full", "wb") as full:
        tcpfsm("--help", stdout=full).expect(4, "standard output")
        tcpfsm("--version", stdout=full).expect(4, "standard output")
        tcpfsm("--list-anomalies", stdout=full).expect(4, "standard output")


@check
def of_two_outputs_the_good_one_is_complete():
    tcpfsm("-r", "closed.pcap", "-T", "json:good.json", "-T", "text:/dev/full").expect(4, "/dev/full")
    with open("good.json") as f:
        assert json.loads(f.read().splitlines()[-1])["type"] == "summary"


@check
def a_closed_standard_output_is_status_4_and_no_other_file_takes_its_place():
    result = subprocess.run(
        ["/bin/sh", "-c", '"$0" -r closed.pcap -T text -T json:beside.json >&-', TCPFSM], stderr=subprocess.PIPE, timeout=60
    )
    assert result.returncode == 4, (result.returncode, result.stderr)
    with open("beside.json") as f:
        assert all(json.loads(line) for line in f)


# --- Inputs -----------------------------------------------------------------------------------


@check
def standard_input_is_read():
    with open("closed.pcap", "rb") as f:
        from_stdin = as_json("-r", "-", stdin=f).expect(0)
    from_pipe = as_json("-r", "-", input=FILES["closed.pcap"]).expect(0)
    from_file = as_json("-r", "closed.pcap").expect(0)
    assert from_stdin.records("connection") == from_pipe.records("connection") == from_file.records("connection")
    assert len(from_file.records("connection")) == 1


@check
def several_files_are_one_capture_in_time_order():
    one = as_json("-r", "later.pcap", "-r", "closed.pcap").expect(0)
    other = as_json("-r", "closed.pcap", "-r", "later.pcap").expect(0)
    for result in one, other:
        ends = [(c["conn"], c["client"]["port"]) for c in sorted(result.records("connection"), key=lambda c: c["conn"])]
        assert ends == [(1, 1002), (2, 1003)], ends
        assert result.summary()["packets"] == 12
    assert one.records("transition") == other.records("transition")


@check
def where_one_of_several_files_fails_the_rest_is_analysed():
    result = as_json("-r", "closed.pcap", "-r", "no-such-file.pcap", "-r", "later.pcap").expect(3, "no-such-file.pcap")
    assert result.summary()["connections"] == 2
    assert result.summary()["input_error"].endswith("No such file or directory")
    # Reports, which have room for one, say that there are more.
    for more, words in [(["cut.pcap"], "; 1 more of the inputs"), (["cut.pcap", "other.pcap"], "; 2 more of the inputs")]:
        files = [word for file in ["no-such-file.pcap", *more] for word in ("-r", file)]
        broken = as_json("-r", "closed.pcap", *files)
        assert broken.status == 3 and all(file in broken.err for file in files[1::2]), broken.err
        error = broken.summary()["input_error"]
        assert error.startswith("no-such-file.pcap: ") and words in error, error


@check
def a_filter_does_not_renumber_packets():
    with open("both.pcap", "wb") as f:
        f.write(pcap(closed(1002) + refused(1001, 1)))
    words = as_json("-r", "both.pcap", "tcp", "port", "1001").expect(0)
    option = as_json("-r", "both.pcap", "-f", "tcp port 1001").expect(0)
    assert words.out == option.out
    assert words.records("anomaly")[0]["packet"] == 8
    assert words.summary()["tcp_segments"] == 2
    assert words.summary()["packets"] - words.summary()["skipped"]["filtered"] == 2


@check
def a_count_stops_after_matching_packets():
    result = as_json("-r", "closed.pcap", "-c", "2").expect(0)
    assert result.summary()["packets"] == 2
    with open("both.pcap", "wb") as f:
        f.write(pcap(closed(1002) + refused(1001, 1)))
    result = as_json("-r", "both.pcap", "-c", "1", "tcp", "port", "1001").expect(0)
    assert result.summary()["tcp_segments"] == 1


@check
def the_end_of_the_capture_lets_limits_run_out():
    def last_states(*args):
        return [c["client"]["state"] for c in as_json("-r", "closed.pcap", *args).expect(0).records("connection")]

    after_61s = ["+61", str(START + 62), "1700000062.5", "2023-11-14T22:14:22Z", "2023-11-14 23:14:22+01:00"]
    assert last_states() == ["TIME-WAIT"]
    assert last_states("--end", "+30") == ["TIME-WAIT"]
    assert last_states("--end", "2023-11-14T22:14:00") == ["TIME-WAIT"]
    for end in after_61s:
        assert last_states("--end", end) == ["CLOSED"], end


@check
def a_timer_may_be_set_so_long_that_it_never_runs_out():
    """What ends by each of them, and the number of seconds that is the largest one."""
    pcaps = os.path.join(TOP, "pcaps")
    for timer, capture, finding in (
        ("idle", "keepalive", "idle"),
        ("fin-wait-2", "stuck-fin-wait-2", "stuck-fin-wait-2"),
        ("close-wait", "stuck-fin-wait-2", "stuck-close-wait"),
        ("zero-window", "zero-window", "zero-window-stall"),
    ):
        found = lambda *args: as_json(*args, "-r", os.path.join(pcaps, capture + ".pcap")).records("anomaly")
        assert finding in {f["id"] for f in found("--timer", timer + "=1")}, timer
        assert finding not in {f["id"] for f in found("--timer", timer + "=9223372035")}, timer


@check
def profiles_and_timers_are_heeded_in_either_order():
    def last_state(*args):
        return as_json("-r", "closed.pcap", "--end", "+100", *args).expect(0).records("connection")[0]["client"]["state"]

    assert last_state() == "CLOSED"
    assert last_state("--profile", "rfc") == "TIME-WAIT"
    assert last_state("--profile", "rfc", "--timer", "time-wait=99.5") == "CLOSED"
    assert last_state("--timer", "time-wait=99.5", "--profile", "rfc") == "CLOSED"


# --- Outputs ----------------------------------------------------------------------------------


@check
def several_formats_come_out_of_one_run():
    tcpfsm("-r", "refused.pcap", "-T", "json:out.json", "-T", "csv:out.csv", "-T", "text", "-o", "out.txt").expect(0)
    with open("out.json") as f:
        assert f.read() == as_json("-r", "refused.pcap").out
    with open("out.csv") as f:
        assert len(f.read().splitlines()) == 2
    with open("out.txt") as f:
        assert f.read() == tcpfsm("-r", "refused.pcap").out != ""


@check
def an_input_is_not_written_over():
    tcpfsm("-r", "closed.pcap", "-T", "json", "-o", "closed.pcap").expect(4, "input")
    os.link("closed.pcap", "link.pcap")
    tcpfsm("-r", "closed.pcap", "-T", "json", "-o", "link.pcap").expect(4, "input")
    tcpfsm("-r", "closed.pcap", "-w", "closed.pcap").expect(4, "input")
    tcpfsm("-r", "closed.pcap", "--write-anomalous=closed.pcap").expect(4, "input")
    with open("closed.pcap", "rb") as f:
        assert f.read() == FILES["closed.pcap"]


@check
def packets_written_with_w_are_analysed_alike():
    first = as_json("-r", "refused.pcap", "-r", "closed.pcap", "-w", "w.pcapng", "tcp", "port", "1002").expect(0)
    again = as_json("-r", "w.pcapng").expect(0)
    assert again.summary()["packets"] == 6
    strip = lambda r: [(c["client"], c["server"], c["first_ts"]) for c in r.records("connection")]
    assert strip(first) == strip(again)
    piped = as_json("-r", "-", input=subprocess.run([TCPFSM, "-r", "closed.pcap", "-T", "json:x.json", "-w", "-"], stdout=subprocess.PIPE, check=True).stdout)
    assert piped.expect(0).summary()["packets"] == 6


@check
def packets_of_connections_with_a_finding_go_to_a_file_of_their_own():
    """Two of three connections: one that was refused, and one whose finding comes long after its packets."""
    inputs = ("-r", "refused.pcap", "-r", "closed.pcap", "-r", os.path.join(TOP, "pcaps", "stuck-fin-wait-2.pcap"))
    first = as_json(*inputs, "--write-anomalous=a.pcapng").expect(0)
    found = {a["conn"] for a in first.records("anomaly")}
    meant = [c for c in first.records("connection") if c["conn"] in found]
    assert 0 < len(meant) < len(first.records("connection")), "some have findings and some have none"
    again = as_json("-r", "a.pcapng").expect(0)
    assert again.summary()["packets"] == sum(c["client"]["packets"] + c["server"]["packets"] for c in meant)
    ends = lambda c: (c["client"]["addr"], c["client"]["port"], c["server"]["addr"], c["first_ts"], c["last_ts"])
    assert sorted(map(ends, again.records("connection"))) == sorted(map(ends, meant))
    assert sorted(a["id"] for a in again.records("anomaly")) == sorted(a["id"] for a in first.records("anomaly"))


@check
def a_file_of_packets_with_findings_keeps_to_count_filter_and_incarnation():
    reuse = os.path.join(TOP, "pcaps", "time-wait-reuse.pcap")
    tcpfsm("-r", reuse, "--write-anomalous=second.pcapng").expect(0)
    assert as_json("-r", "second.pcapng").expect(0).summary()["connections"] == 1, "the first on the same ports has no finding"
    for count, copied in ((2, 2), (3, 2), (4, 4)):
        as_json("-r", "scan.pcap", "--write-anomalous=count.pcapng", "-c", str(count)).expect(0)
        assert as_json("-r", "count.pcapng").expect(0).summary()["packets"] == copied, "each probe and its refusal"
    as_json("-r", "closed.pcap", "--write-anomalous=none.pcapng").expect(0)
    assert as_json("-r", "none.pcapng").expect(0).summary()["packets"] == 0, "nothing is wrong there"
    as_json("-r", "refused.pcap", "--write-anomalous=other.pcapng", "tcp", "port", "9").expect(0)
    assert as_json("-r", "other.pcapng").expect(0).summary()["packets"] == 0


@check
def packets_with_findings_need_an_input_that_can_be_read_again():
    tcpfsm("-r", "-", "--write-anomalous=a.pcapng", input=FILES["refused.pcap"]).expect(2, "read twice")
    tcpfsm("-i", "lo", "--write-anomalous=a.pcapng").expect(2, "read twice")
    tcpfsm("-r", "closed.pcap", "--write-anomalous=-").expect(2, "standard output")
    tcpfsm("-r", "closed.pcap", "--write-anomalous=-", "-w", "-", "-o", "x.txt").expect(2, "standard output")
    tcpfsm("-r", "refused.pcap", "--write-anomalous=/dev/full").expect(4, "/dev/full")
    piped = subprocess.run([TCPFSM, "-r", "refused.pcap", "-q", "-o", "x.txt", "--write-anomalous=-"], stdout=subprocess.PIPE, check=True).stdout
    assert as_json("-r", "-", input=piped).expect(0).summary()["packets"] == 2


@check
def a_second_reading_that_comes_short_is_status_4():
    """The file goes, or another one takes its name, while the first reading waits for whoever reads its output."""
    whole = pcap([frame for i in range(1000) for frame in refused(1001 + i, i / 100)])

    def run(instead, *args):
        with open("goes.pcap", "wb") as f:
            f.write(whole)
        process = subprocess.Popen([TCPFSM, "-r", "goes.pcap", "-T", "json", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        select.select([process.stdout], [], [], 60)
        os.remove("goes.pcap")
        if instead is not None:
            with open("goes.pcap", "wb") as f:
                f.write(instead)
        out, err = process.communicate(timeout=60)
        assert json.loads(out.splitlines()[-1])["packets"] == 2000, "the first reading is not concerned"
        return process.returncode, err.decode()

    with open("refused.rules", "w") as f:
        f.write("expect every close = fin\n")
    for instead in None, whole[:24], whole[:-200]:
        for option in "--slice", "--write-anomalous":
            said = f"tcpfsm: {option}: the input could not be read a second time\n"
            status, err = run(instead, f"{option}=out")
            assert status == 4 and said in err, (option, instead and len(instead), status, err)
            shutil.rmtree("out") if os.path.isdir("out") else os.remove("out")
        run(instead, "--rules=refused.rules", "-T", "junit:second.xml")
        with open("second.xml") as f:
            assert "could not be read a second time" in f.read(), instead
    assert run(whole, "--write-anomalous=out") == (0, ""), "another file with the same packets is as good"


@check
def packets_go_to_a_pipe_that_somebody_made_non_blocking():
    frames = [frame for i in range(2000) for frame in refused(1001 + i, i / 100)]
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    with open("many.pcap", "wb") as f:
        f.write(pcap(frames))
    process = subprocess.Popen([TCPFSM, "-r", "many.pcap", "-o", "x.txt", "-w", "-"], stdout=write_end, stderr=subprocess.PIPE)
    os.close(write_end)
    # The pipe is full before anybody reads.
    time.sleep(0.5)
    with open(read_end, "rb") as f:
        written = f.read()
    err = process.communicate(timeout=60)[1]
    assert process.returncode == 0 and not err, (process.returncode, err)
    assert as_json("-r", "-", input=written).expect(0).summary()["packets"] == len(frames)


@check
def a_file_of_w_without_packets_names_its_link_type():
    """An interface description block (draft-ietf-opsawg-pcapng section 4.2): tcpdump refuses a file without any."""
    tcpfsm("-r", "closed.pcap", "-w", "none.pcapng", "tcp", "port", "9").expect(0)
    with open("none.pcapng", "rb") as f:
        octets = f.read()
    length = struct.unpack_from("=I", octets, 4)[0]
    assert struct.unpack_from("=IIH", octets, length) == (1, len(octets) - length, 1), "Ethernet, and nothing behind it"
    as_json("-r", "none.pcapng").expect(0)


@check
def metrics_are_counts_in_prometheus_text_format():
    """Its grammar: https://prometheus.io/docs/instrumenting/exposition_formats/, "Text-based format"."""
    tcpfsm("-r", "closed.pcap", "-r", "refused.pcap", "--prometheus=m.prom", "-o", "m.txt").expect(0)
    assert not [name for name in os.listdir(".") if name.startswith(".")], "what was written beside is gone"
    values, types = {}, {}
    with open("m.prom") as f:
        for line in f:
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split()
                types[name] = kind
            elif not line.startswith("# HELP "):
                name, value = re.fullmatch(r"([a-z_]+(?:\{[a-z_]+=\"[^\"\\]*\"(?:,[a-z_]+=\"[^\"\\]*\")*\})?) ([0-9.]+)\n", line).groups()
                assert name.split("{")[0] in types, line
                values[name] = float(value)
    assert values["tcpfsm_packets_total"] == 8 and types["tcpfsm_packets_total"] == "counter"
    assert values["tcpfsm_connections_seen_total"] == 2
    assert values['tcpfsm_findings_total{id="connection-refused",severity="notice"}'] == 1
    assert values['tcpfsm_findings_total{id="rst-abort",severity="notice"}'] == 0
    tcpfsm("-r", "closed.pcap", "--prometheus=no-such-folder/m.prom", "-o", "m.txt").expect(4, "no-such-folder/m.prom")


@check
def metrics_that_cannot_be_written_leave_the_former_ones():
    with open("m.prom", "w") as f:
        f.write("# former\n")
    os.chmod("m.prom", 0o604)
    there = sorted(os.listdir("."))
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512))
    as_json("-r", "closed.pcap", "--prometheus=m.prom", preexec_fn=limit).expect(4, "m.prom: File too large")
    assert sorted(os.listdir(".")) == there
    with open("m.prom") as f:
        assert f.read() == "# former\n"
    as_json("-r", "closed.pcap", "--prometheus=m.prom").expect(0)
    assert os.stat("m.prom").st_mode & 0o777 == 0o604


@check
def metrics_go_to_standard_output_where_nothing_else_does():
    tcpfsm("-r", "closed.pcap", "--prometheus=m.prom", "-o", "m.txt").expect(0)
    counts = lambda text: [line for line in text.splitlines() if not line.startswith("tcpfsm_start_time_seconds")]
    with open("m.prom") as f:
        assert counts(tcpfsm("-r", "closed.pcap", "--prometheus=-", "-o", "m.txt").expect(0).out) == counts(f.read())
    tcpfsm("-r", "closed.pcap", "--prometheus=-").expect(2, "--prometheus and text both on standard output")
    tcpfsm("-r", "closed.pcap", "--prometheus=-", "-T", "json").expect(2, "--prometheus and json both on standard output")
    tcpfsm("-r", "closed.pcap", "--prometheus=-", "-w", "-", "-o", "m.txt").expect(2, "-w and --prometheus both on standard output")
    with open("/dev/full", "wb") as full:
        tcpfsm("-r", "closed.pcap", "--prometheus=-", "-o", "m.txt", stdout=full).expect(4, "standard output: No space left")
    assert not os.path.exists("-")


@check
def metrics_are_written_beside_themselves_by_a_name_that_nobody_has():
    for name in ("m.tmp", "ci.rules"):
        with open(name, "w") as f:
            f.write("expect connections = 1\n")
        tcpfsm("-r", "closed.pcap", "--prometheus=m", f"--rules={name}", "-o", "m.txt").expect(0)
        with open(name) as f:
            assert f.read() == "expect connections = 1\n"
    tcpfsm("-r", "closed.pcap", "--prometheus=m", "-o", "m.tmp").expect(0)
    with open("m") as metrics, open("m.tmp") as report:
        assert metrics.read().startswith("# HELP") and not report.read().startswith("# HELP")


@check
def metrics_take_the_place_of_no_input_and_no_device():
    with open("metrics-in.pcap", "wb") as f:
        f.write(FILES["closed.pcap"])
    tcpfsm("-r", "metrics-in.pcap", "--prometheus=metrics-in.pcap", "-o", "m.txt").expect(4, "metrics-in.pcap: this is an input")
    with open("metrics-in.pcap", "rb") as f:
        assert f.read() == FILES["closed.pcap"]
    os.mkfifo("m.pipe")
    os.symlink("m.txt", "m.link")
    for name in ["m.pipe", "m.link", "."]:
        tcpfsm("-r", "closed.pcap", f"--prometheus={name}", "-T", "csv").expect(4, f"{name}: no regular file")
    assert stat.S_ISFIFO(os.stat("m.pipe").st_mode) and os.path.islink("m.link")


@check
def nobody_becomes_a_user_that_is_not_there():
    tcpfsm("-r", "closed.pcap", "-Z", "no-such-user").expect(2, "-Z")
    tcpfsm("-i", "lo", "-Z", "no-such-user").expect(2, "-Z")


@check
def color_is_for_terminals_or_on_demand():
    assert "\033" not in tcpfsm("-r", "refused.pcap").expect(0).out
    assert "\033" in tcpfsm("-r", "refused.pcap", "--color=always").expect(0).out
    assert "\033" not in tcpfsm("-r", "refused.pcap", "--color=never").expect(0).out


@check
def what_is_shown_without_a_capture_needs_none():
    for option in ["--help", "--version", "--list-anomalies", "--list-rules", "--explain=idle"]:
        assert tcpfsm(option).expect(0).out, option
    assert "libpcap" in tcpfsm("-V").out
    assert "connection-refused" in tcpfsm("--list-anomalies").out
    rules = " ".join(tcpfsm("--list-rules").out.split())
    assert "hear-rst-opening SYN-RECEIVED: rcv RST -> CLOSED, or LISTEN after a passive OPEN (RFC 9293" in rules, rules
    assert "rcv RST that is not at RCV.NXT -> perhaps CLOSED (RFC 5961 section 3.2)" in rules, rules
    assert "fin-heard-again TIME-WAIT: rcv FIN -> (stays), and 2 MSL start again (RFC 9293" in rules, rules
    assert all(len(line) <= 80 for line in tcpfsm("--help").out.splitlines()), "--help is wider than 80 columns"


# --- Signals ----------------------------------------------------------------------------------


@check
def an_end_signal_ends_with_the_report_and_the_normal_status():
    for number in (signal.SIGINT, signal.SIGTERM):
        process = start_on_pipe("-T", "json", "--fail-on", "notice")
        # The first line says that the signals are caught: it comes after they were set.
        first = process.stdout.readline()
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 1, (number, process.returncode, err)
        assert json.loads(first)["type"] == "capture"
        assert json.loads(out.splitlines()[-1])["type"] == "summary"


@check
def a_limit_on_the_size_of_files_is_status_4():
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512))
    tcpfsm("-r", "closed.pcap", "-T", "json:limited.json", preexec_fn=limit).expect(4, "limited.json: File too large")
    tcpfsm("-r", "closed.pcap", "-T", "csv", "-w", "limited.pcapng", preexec_fn=limit).expect(4, "limited.pcapng: File too large")


@check
def a_reader_that_goes_away_kills_quietly():
    read_end, write_end = os.pipe()
    os.close(read_end)
    process = subprocess.Popen([TCPFSM, "-r", "closed.pcap"], stdout=write_end, stderr=subprocess.PIPE, restore_signals=False)
    os.close(write_end)
    err = process.communicate(timeout=60)[1]
    assert process.returncode == -signal.SIGPIPE and not err, (process.returncode, err)


if __name__ == "__main__":
    sys.exit(kit.main())
