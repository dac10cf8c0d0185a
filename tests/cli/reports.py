"""Reports for other programs: the baseline, SARIF, annotations of GitHub, Markdown; and that no format
depends on its surroundings.

Runs the program named by $TCPFSM on captures that are made as kit.py makes them, and speaks TAP.
Expectations come from the interface, the SARIF 2.1.0 standard (OASIS), GitHub's description of its
workflow commands, and GitHub Flavored Markdown.  Where $SARIF_SCHEMA names the standard's schema and
there is jsonschema, the logs are held against it, too.
"""

import json
import os
import re
import resource
import signal
import stat
import subprocess
import sys

import kit
from kit import FILES, as_json, check, closed, pcap, refused, segment, tcpfsm


def write(name, frames):
    with open(name, "wb") as f:
        f.write(pcap(frames))


def read(name):
    with open(name, encoding="utf-8") as f:
        return f.read()


def refused_by(server, port, when=0.0):
    """A SYN from 10.0.0.1:PORT that SERVER (host, port) answers with a RST."""
    client, isn = (1, port), kit.isn_of(port)
    return [(when, segment(client, server, kit.SYN, isn)), (when + 0.001, segment(server, client, kit.RST | kit.ACK, 0, isn + 1))]


def two_runs():
    """The same faults twice: other client ports, other packet numbers, other times."""
    write("monday.pcap", closed(1002) + refused(2001, 1) + refused(2002, 2))
    write("tuesday.pcap", refused(3007, 0.5) + closed(3002, 3) + closed(3003, 4) + refused(3008, 9))


# --- The baseline -------------------------------------------------------------------------------


@check
def a_baseline_knows_findings_by_what_they_are():
    two_runs()
    as_json("-r", "monday.pcap", "--write-baseline=known").expect(0)
    assert "2 connection-refused server 10.0.0.1 -> 10.0.0.2:80" in read("known"), read("known")
    as_json("-r", "tuesday.pcap", "--fail-on=info").expect(1)
    result = as_json("-r", "tuesday.pcap", "--fail-on=info", "--baseline=known").expect(0)
    assert [a["baseline"] for a in result.records("anomaly")] == ["known", "known"]
    assert result.summary()["baseline"] == {"known": 2, "new": 0, "gone": []}


@check
def the_same_findings_give_the_same_baseline_octet_by_octet():
    two_runs()
    as_json("-r", "monday.pcap", "--write-baseline=one").expect(0)
    as_json("-r", "tuesday.pcap", "--write-baseline=other").expect(0)
    assert read("one") == read("other")
    lines = [line for line in read("one").splitlines() if not line.startswith("#")]
    assert lines == sorted(lines)


@check
def what_is_new_fails():
    two_runs()
    as_json("-r", "monday.pcap", "--write-baseline=known").expect(0)
    for name, frames in {
        "one more": refused(2001) + refused(2002, 1) + refused(2003, 2),
        "another port of the server": refused_by((2, 81), 2001),
        "another server": refused_by((3, 80), 2001),
        "another finding": [(t, segment((1, 2001), (2, 80), kit.SYN, 7000)) for t in (0, 1, 3, 7)] + closed(1002, 15),
    }.items():
        write("new.pcap", frames)
        result = as_json("-r", "new.pcap", "--fail-on=info", "--baseline=known").expect(1)
        assert result.summary()["baseline"]["new"] >= 1, name
        # Only what --fail-on or --rules forbids fails.
        as_json("-r", "new.pcap", "--baseline=known").expect(0)
        as_json("-r", "new.pcap", "--fail-on=isn", "--baseline=known").expect(0)


@check
def the_end_tells_findings_apart():
    write("one.pcap", refused(2001))
    with open("known", "w", encoding="utf-8") as f:
        f.write("1 connection-refused client 10.0.0.1 -> 10.0.0.2:80\n")
    as_json("-r", "one.pcap", "--fail-on=info", "--baseline=known").expect(1)


@check
def who_knows_a_mild_finding_does_not_know_a_grave_one():
    """Data on a SYN is legitimate with the option of Fast Open (RFC 7413), and suspicious without."""
    def with_data(option):
        client, server, c, s = (1, 2001), (2, 80), kit.isn_of(2001), kit.isn_of(80)
        syn = bytearray(segment(client, server, kit.SYN, c) + option + b"hello")
        syn[16:18] = (40 + len(option) + 5).to_bytes(2, "big")
        syn[46] = (5 + len(option) // 4) << 4
        return [(0, bytes(syn)), (0.01, segment(server, client, kit.SYN | kit.ACK, s, c + 6)),
                (0.02, segment(client, server, kit.ACK, c + 6, s + 1))]

    write("open.pcap", with_data(b"\x22\x0acookie42\1\1"))
    write("odd.pcap", with_data(b""))
    as_json("-r", "open.pcap", "--write-baseline=mild").expect(0)
    as_json("-r", "odd.pcap", "--write-baseline=grave").expect(0)
    as_json("-r", "odd.pcap", "--fail-on=warning", "--baseline=mild").expect(1)
    as_json("-r", "odd.pcap", "--fail-on=warning", "--baseline=grave").expect(0)
    as_json("-r", "open.pcap", "--fail-on=info", "--baseline=mild").expect(0)


@check
def gone_ones_are_named_and_fail_nothing():
    two_runs()
    as_json("-r", "monday.pcap", "--write-baseline=known").expect(0)
    write("better.pcap", refused(2001))
    result = as_json("-r", "better.pcap", "--fail-on=info", "--baseline=known").expect(0)
    finding = "connection-refused server 10.0.0.1 -> 10.0.0.2:80"
    assert result.summary()["baseline"] == {"known": 1, "new": 0, "gone": [{"finding": finding, "count": 1}]}
    for form in ("text", "github", "markdown"):
        out = tcpfsm("-r", "better.pcap", "--fail-on=info", "--baseline=known", "-T", form).expect(0).out
        assert "gone" in out and "connection" in out and "refused server" in out.replace("\\", ""), out


@check
def comments_blanks_and_patterns_are_read():
    two_runs()
    for text, status in [
        ("# nothing\n\n", 1),
        ("", 1),
        ("  2\tconnection-refused   server 10.0.0.1 -> 10.0.0.2:80 # why\n", 0),
        ("2 connection-refused server 10.0.0.1 -> 10.0.0.2:80#80\n", 1),
        ("1 connection-refused server 10.0.0.1 -> 10.0.0.2:80\n1 connection-refused server 10.0.0.1 -> 10.0.0.2:80\n", 0),
        ("* connection-refused server 10.0.0.1 -> 10.0.0.2:80", 0),
        ("2 connection-refused server * -> 10.0.0.2:*\n", 0),
        ("1 connection-refused server * -> 10.0.0.2:*\n", 1),
        ("1 connection-refused server * -> *\n1 connection-refused server 10.0.0.1 -> 10.0.0.2:80\r\n", 0),
        ("2 *\n", 0),
        ("2 *refused 10.0.0.1 -> 10.0.0.2:80\n", 1),
        ("2 *refused*10.0.0.1 -> 10.0.0.2:80\n", 0),
        ("2 connection-refused s*r 10.0.0.1 -> 10.0.0.2:80\n", 0),
        ("2 *:81\n", 1),
        ("\ufeff2 connection-refused server 10.0.0.1 -> 10.0.0.2:*\r\n", 0),
    ]:
        with open("known", "w", encoding="utf-8", newline="") as f:
            f.write(text)
        result = as_json("-r", "tuesday.pcap", "--fail-on=info", "--baseline=known")
        assert result.status == status, (text, result.status, result.err)


@check
def a_malformed_baseline_is_status_2_and_names_the_line():
    good = "1 connection-refused server 10.0.0.1 -> 10.0.0.2:80\n"
    for text, error in [
        ("x connection-refused server a -> b:1\n", "known: line 2: 'x' is no count"),
        ("0 connection-refused server a -> b:1\n", "line 2: '0' is no count"),
        ("-1 connection-refused server a -> b:1\n", "line 2: '-1' is no count"),
        ("99999999999999999999 idle - a -> b:1\n", "line 2: '99999999999999999999' is no count"),
        ("1\n", "line 2: the id"),
        ("1 no-such-id server a -> b:1\n", "line 2: 'no-such-id' is no anomaly"),
        ("1 connection-refused server\n", "line 2: after the id"),
        ("1 connection-refused srv 10.0.0.1 -> 10.0.0.2:80\n", "line 2: 'srv' is no end"),
        ("1 connection-refused 10.0.0.1 -> 10.0.0.2:*\n", "line 2: '10.0.0.1' is no end"),
        ("1 idle - " + "x" * 2000 + "\n", "line 2: longer than"),
        ("1 idle - a\0b\n", "line 2: a zero octet"),
    ]:
        with open("known", "w", encoding="utf-8") as f:
            f.write(good + text + good)
        result = as_json("-r", "refused.pcap", "--baseline=known").expect(2, error)
        assert not result.out
    as_json("-r", "refused.pcap", "--baseline=no-such-file").expect(2, "no-such-file")


@check
def a_baseline_is_read_before_it_is_written():
    two_runs()
    as_json("-r", "refused.pcap", "--write-baseline=known").expect(0)
    as_json("-r", "monday.pcap", "--fail-on=info", "--baseline=known", "--write-baseline=known").expect(1)
    as_json("-r", "monday.pcap", "--fail-on=info", "--baseline=known", "--write-baseline=known").expect(0)
    shorter = as_json("-r", "refused.pcap", "--fail-on=info", "--baseline=known", "--write-baseline=known").expect(0)
    assert shorter.summary()["baseline"]["gone"][0]["count"] == 1
    assert "\n1 connection-refused" in read("known") and "\n2 " not in read("known")


@check
def a_baseline_is_not_written_over_after_half_a_run():
    two_runs()
    as_json("-r", "monday.pcap", "--write-baseline=known").expect(0)
    before = read("known")
    result = as_json("-r", "cut.pcap", "--write-baseline=known")
    assert result.status == 3 and "known: not written" in result.err, result.err
    assert read("known") == before
    as_json("-r", "refused.pcap", "--write-baseline=/dev/full").expect(4, "/dev/full")
    as_json("-r", "refused.pcap", "--write-baseline=refused.pcap").expect(4, "input")


@check
def a_baseline_is_not_written_over_by_a_run_that_was_broken_off():
    two_runs()
    as_json("-r", "monday.pcap", "--write-baseline=known").expect(0)
    before = read("known")
    process = kit.start_on_pipe("-T", "json", "--write-baseline=known")
    # The first line says that the signals are caught: it comes after they were set.
    assert process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    err = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 0 and "known: not written" in err, (process.returncode, err)
    assert read("known") == before


LIMITED = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))}


@check
def a_baseline_that_cannot_be_written_leaves_the_former_one():
    """Whatever breaks writing, nothing but the former file is there afterwards."""
    two_runs()
    as_json("-r", "monday.pcap", "--write-baseline=known").expect(0)
    before, there = read("known"), sorted(os.listdir("."))
    as_json("-r", "refused.pcap", "--write-baseline=known", **LIMITED).expect(4, "known: File too large")
    as_json("-r", "refused.pcap", "--write-baseline=new", **LIMITED).expect(4, "new: File too large")
    assert read("known") == before and sorted(os.listdir(".")) == there
    process = kit.start_on_pipe("-T", "json", "--write-baseline=known")
    assert process.stdout.readline()
    process.kill()
    process.communicate(timeout=60)
    kit.wait_until(lambda: sorted(os.listdir(".")) == there)
    assert read("known") == before


@check
def a_baseline_keeps_the_mode_and_takes_the_place_of_the_former_one_at_once():
    two_runs()
    with open("known", "w", encoding="utf-8") as f:
        f.write("# known long ago\n" * 100)
    os.chmod("known", 0o640)
    with open("known", encoding="utf-8") as former:
        as_json("-r", "monday.pcap", "--write-baseline=known").expect(0)
        assert former.read() == "# known long ago\n" * 100, "who has the former file open reads it to its end"
    assert stat.S_IMODE(os.stat("known").st_mode) == 0o640
    as_json("-r", "monday.pcap", "--baseline=known", "--fail-on=info").expect(0)
    mask = os.umask(0o027)
    as_json("-r", "monday.pcap", "--write-baseline=new").expect(0)
    os.umask(mask)
    assert stat.S_IMODE(os.stat("new").st_mode) == 0o640


@check
def a_baseline_behind_a_link_is_replaced_and_not_the_link():
    two_runs()
    os.mkdir("folder")
    as_json("-r", "refused.pcap", "--write-baseline=folder/known").expect(0)
    os.symlink("folder", "other")
    os.symlink("../known", "folder/link")
    os.symlink("other/known", "known")
    os.symlink("folder/none", "none")
    for name in ("known", "folder/link", "none"):
        as_json("-r", "monday.pcap", f"--write-baseline={name}").expect(0)
        assert os.path.islink(name) and "\n2 connection-refused" in read(name)
    assert sorted(os.listdir("folder")) == ["known", "link", "none"]
    os.symlink("turn", "turn")
    as_json("-r", "monday.pcap", "--write-baseline=turn").expect(4, "turn: Too many levels of symbolic links")


@check
def a_baseline_with_two_names_keeps_both():
    two_runs()
    as_json("-r", "refused.pcap", "--write-baseline=known").expect(0)
    with open("known", "a", encoding="utf-8") as f:
        f.write("# written by hand\n" * 100)
    os.link("known", "other")
    as_json("-r", "monday.pcap", "--write-baseline=known").expect(0)
    assert os.path.samefile("known", "other") and "\n2 connection-refused" in read("other")
    assert "by hand" not in read("other")


@check
def a_baseline_goes_into_what_is_no_file_and_replaces_none_of_it():
    two_runs()
    as_json("-r", "monday.pcap", "--write-baseline=known").expect(0)
    os.mkfifo("pipe")
    reader = subprocess.Popen(["cat", "pipe"], stdout=subprocess.PIPE)
    as_json("-r", "monday.pcap", "--write-baseline=pipe").expect(0)
    assert reader.communicate(timeout=60)[0].decode() == read("known")
    assert stat.S_ISFIFO(os.stat("pipe").st_mode)
    os.mkdir("folder")
    as_json("-r", "monday.pcap", "--write-baseline=folder").expect(4, "folder: Is a directory")
    as_json("-r", "monday.pcap", "--write-baseline=known/x").expect(4, "known/x: Not a directory")
    as_json("-r", "monday.pcap", "--write-baseline=no-such/x").expect(4, "no-such/x: No such file or directory")
    piped = tcpfsm("-r", "monday.pcap", "--write-baseline=/dev/fd/1", "-o", "report").expect(0)
    assert piped.out == read("known")
    with open("directed", "wb") as f:
        tcpfsm("-r", "monday.pcap", "--write-baseline=/dev/fd/1", "-o", "report", stdout=f).expect(0)
        assert os.path.samestat(os.fstat(f.fileno()), os.stat("directed")), "it was written to, and not replaced"
    assert read("directed") == read("known") and os.listdir("folder") == []


@check
def a_baseline_in_a_folder_that_takes_no_file_is_written_over():
    if os.geteuid() == 0:
        return
    two_runs()
    os.mkdir("folder")
    as_json("-r", "refused.pcap", "--write-baseline=folder/known").expect(0)
    os.chmod("folder", 0o555)
    as_json("-r", "monday.pcap", "--write-baseline=folder/known").expect(0)
    as_json("-r", "monday.pcap", "--write-baseline=folder/new").expect(4, "folder/new: Permission denied")
    os.chmod("folder", 0o755)
    assert "\n2 connection-refused" in read("folder/known") and os.listdir("folder") == ["known"]
    os.chmod("folder/known", 0o444)
    as_json("-r", "refused.pcap", "--write-baseline=folder/known").expect(4, "folder/known: Permission denied")
    assert "\n2 connection-refused" in read("folder/known")


@check
def a_baseline_may_be_called_as_one_likes():
    two_runs()
    for name in ("two words", "two\nlines", "known.tmp", "-known", "ä" * 120):
        as_json("-r", "monday.pcap", f"--write-baseline={name}").expect(0)
        as_json("-r", "monday.pcap", f"--baseline={name}", "--fail-on=info").expect(0)
    as_json("-r", "monday.pcap", "--write-baseline=no\nsuch/x").expect(4, "such/x: No such file or directory")


@check
def a_baseline_goes_to_standard_output_where_nothing_else_does():
    two_runs()
    as_json("-r", "monday.pcap", "--write-baseline=known").expect(0)
    assert tcpfsm("-r", "monday.pcap", "--write-baseline=-", "-o", "report").expect(0).out == read("known")
    there = sorted(os.listdir("."))
    for others in ([], ["-T", "csv"], ["-o", "x", "-w", "-"], ["-o", "x", "--prometheus=-"], ["-o", "x", "--write-anomalous=-"]):
        tcpfsm("-r", "monday.pcap", "--write-baseline=-", *others).expect(2, "both on standard output")
    with open("/dev/full", "wb") as full:
        tcpfsm("-r", "monday.pcap", "--write-baseline=-", "-o", "report", stdout=full).expect(4, "standard output: No space left")
    assert sorted(os.listdir(".")) == there


# --- SARIF --------------------------------------------------------------------------------------


def sarif(*args):
    return json.loads(tcpfsm("-T", "sarif", *args).out)


LEVELS = {"info": "none", "notice": "note", "warning": "warning", "error": "error"}


def structure(log):
    """What section 3 of the standard wants of the parts that are used here."""
    assert log["version"] == "2.1.0" and set(log) == {"$schema", "version", "runs"}
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert run["tool"]["driver"]["name"] == "tcpfsm"
    ids = [r["id"] for r in rules]
    assert len(set(ids)) == len(ids) > 50
    for rule in rules:
        assert rule["shortDescription"]["text"] and rule["help"]["text"] and rule["help"]["markdown"], rule["id"]
        assert rule["defaultConfiguration"]["level"] in LEVELS.values()
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["message"]["text"]
        # 3.27.9: a kind other than "fail" goes with the level "none".
        assert (result["level"] == "none") == (result.get("kind", "fail") != "fail"), result
        place = result["locations"][0]["physicalLocation"]["artifactLocation"]
        assert result["ruleId"] == "failed-check" or run["artifacts"][place["index"]]["location"] == place
        assert re.fullmatch("[0-9a-f]{40}", result["partialFingerprints"]["tcpfsmFinding/v1"])
    # 3.27.24: where one result has a state, all have.
    assert len({"baselineState" in result for result in run["results"]}) <= 1
    assert isinstance(run["invocations"][0]["executionSuccessful"], bool)
    against_the_schema(log)
    return run


def against_the_schema(log):
    if "SARIF_SCHEMA" not in os.environ:
        return
    import jsonschema

    with open(os.environ["SARIF_SCHEMA"], encoding="utf-8") as f:
        schema = json.load(f)
    validator = jsonschema.validators.validator_for(schema)(schema)
    faults = [f"{list(e.path)}: {e.message[:200]}" for e in validator.iter_errors(log)]
    assert not faults, faults


@check
def sarif_has_a_result_for_each_finding():
    two_runs()
    run = structure(sarif("-r", "monday.pcap"))
    found = as_json("-r", "monday.pcap").records("anomaly")
    assert [r["ruleId"] for r in run["results"]] == [a["id"] for a in found] == ["connection-refused"] * 2
    for result, finding in zip(run["results"], found):
        assert result["level"] == LEVELS[finding["severity"]]
        assert result["message"]["text"].startswith(finding["message"])
        assert result["properties"]["packets"] == finding["packets"]
        assert result["properties"]["conn"] == finding["conn"]
        assert result["properties"]["details"] == finding["details"]
    assert run["results"][0]["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "10.0.0.1:2001 -> 10.0.0.2:80"
    assert run["artifacts"] == [{"location": {"uri": "monday.pcap", "index": 0}, "roles": ["analysisTarget"]}]


@check
def sarif_of_nothing_found_or_nothing_read_is_whole():
    assert structure(sarif("-r", "closed.pcap"))["results"] == []
    run = structure(sarif("-r", "cut.pcap"))
    assert run["invocations"][0]["executionSuccessful"] is False
    assert "cut.pcap" in run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]
    assert structure(sarif("-r", "no-such-file"))["results"] == []


@check
def fingerprints_are_the_same_in_another_run():
    two_runs()
    prints = [{r["partialFingerprints"]["tcpfsmFinding/v1"] for r in structure(sarif("-r", f))["results"]} for f in ("monday.pcap", "tuesday.pcap")]
    assert prints[0] == prints[1] and len(prints[0]) == 1
    write("other.pcap", refused_by((2, 81), 2001))
    other = structure(sarif("-r", "other.pcap"))["results"][0]["partialFingerprints"]["tcpfsmFinding/v1"]
    assert other not in prints[0]


@check
def sarif_says_what_the_baseline_says():
    two_runs()
    as_json("-r", "monday.pcap", "--write-baseline=known").expect(0)
    write("other.pcap", refused_by((2, 81), 2001) + refused(2002, 1))
    states = {}
    for result in structure(sarif("-r", "other.pcap", "--baseline=known"))["results"]:
        states[result["baselineState"]] = result["partialFingerprints"]["tcpfsmFinding/v1"]
    assert sorted(states) == ["absent", "new", "unchanged"]
    assert states["absent"] == states["unchanged"] != states["new"]


@check
def file_names_become_uris():
    for name, uri in [
        ("a b%.pcap", "a%20b%25.pcap"),
        ("a:b.pcap", "./a:b.pcap"),
        ("ä.pcap", "%C3%A4.pcap"),
        ('q"\\\n.pcap', "q%22%5C%0A.pcap"),
        (os.path.join(os.getcwd(), "x.pcap"), "file://" + os.getcwd() + "/x.pcap"),
    ]:
        with open(name, "wb") as f:
            f.write(FILES["refused.pcap"])
        run = structure(sarif("-r", name))
        assert run["artifacts"][0]["location"]["uri"] == uri, (name, run["artifacts"])
    result = tcpfsm("-T", "sarif", "-r", "-", input=FILES["refused.pcap"]).expect(0)
    assert structure(json.loads(result.out))["artifacts"][0]["location"] == {"description": {"text": "standard input"}, "index": 0}


# --- Annotations of GitHub ----------------------------------------------------------------------

COMMAND = re.compile(r"::(error|warning|notice)(?: ([^:]*))?::(.*)")


def annotations(*args):
    """As the runner reads them: (command, properties, message)."""
    done = subprocess.run([kit.TCPFSM, "-T", "github", *args], capture_output=True, timeout=60)
    out = []
    for line in done.stdout.decode().splitlines():
        match = COMMAND.fullmatch(line)
        assert match, line
        properties = dict(p.split("=", 1) for p in match.group(2).split(",")) if match.group(2) else {}
        for key, value in properties.items():
            properties[key] = value.replace("%0D", "\r").replace("%0A", "\n").replace("%3A", ":").replace("%2C", ",").replace("%25", "%")
        message = match.group(3).replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
        out.append((match.group(1), properties, message))
    return out


@check
def github_annotates_each_finding_the_worst_first():
    write("mixed.pcap", refused(2001) + [(t, segment((1, 2002), (2, 80), kit.SYN, 7000)) for t in (1, 2, 4, 8)] + closed(1002, 15))
    found = as_json("-r", "mixed.pcap").records("anomaly")
    said = annotations("-r", "mixed.pcap")
    order = {"error": 0, "warning": 1, "notice": 2, "info": 2}
    assert [c for c, _, _ in said[:-1]] == sorted((c for c, _, _ in said[:-1]), key=order.get)
    assert len(said) == len(found) + 1 and {"warning", "notice"} <= {c for c, _, _ in said}
    for command, properties, message in said[:-1]:
        assert properties["file"] == "mixed.pcap"
        finding = next(a for a in found if properties["title"].startswith(a["id"] + ": "))
        assert {"info": "notice"}.get(finding["severity"], finding["severity"]) == command
        assert finding["message"] in message and "10.0.0.2:80" in message
    assert said[-1][1]["title"] == "tcpfsm"


@check
def github_properties_and_messages_are_escaped():
    name = "a%3A,b:c\n.pcap"
    with open(name, "wb") as f:
        f.write(FILES["refused.pcap"])
    for command, properties, _ in annotations("-r", name)[:-1]:
        assert command == "notice" and properties["file"] == name, properties
    with open(name, "wb") as f:
        f.write(FILES["cut.pcap"])
    broken = annotations("-r", name)[0]
    assert broken[0] == "error" and "a%3A,b:c" in broken[2], broken


@check
def github_has_no_annotation_for_what_is_known_and_few_for_many():
    two_runs()
    as_json("-r", "monday.pcap", "--write-baseline=known").expect(0)
    said = annotations("-r", "tuesday.pcap", "--baseline=known")
    assert len(said) == 1 and "known: 2" in said[0][2], said
    write("many.pcap", [f for i in range(200) for f in refused(2000 + i, i)])
    said = annotations("-r", "many.pcap")
    assert sum(p["title"].startswith("connection-refused") for _, p, _ in said) == 50
    assert "200 notices" in said[-1][2] and "150" in said[-1][2], said[-1]


# --- Markdown -----------------------------------------------------------------------------------


def cells(line):
    """The cells of a table's row: a pipe with a backslash before it belongs to the text."""
    assert line.startswith("|") and line.endswith("|"), line
    return [c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]]


def table(text):
    return [cells(line) for line in text.splitlines() if line.startswith("|")]


@check
def markdown_has_a_row_for_each_finding():
    two_runs()
    text = tcpfsm("-r", "monday.pcap", "-T", "markdown").expect(0).out
    rows = table(text)
    assert {len(r) for r in rows} == {6} and set(rows[1]) == {"---"}
    assert [r[:5] for r in rows[2:]] == [
        ["notice", "`connection-refused`", "2", "10.0.0.1:2001 → 10.0.0.2:80", "7, 8"],
        ["notice", "`connection-refused`", "3", "10.0.0.1:2002 → 10.0.0.2:80", "9, 10"],
    ]
    assert text.startswith("## ") and "2 notices" in text.splitlines()[0]
    assert "none" in tcpfsm("-r", "closed.pcap", "-T", "markdown").expect(0).out.splitlines()[0]


@check
def names_never_turn_into_markdown():
    name = "a|b`c*_[x](y)<b>&amp;\n# d.pcap"
    with open(name, "wb") as f:
        f.write(FILES["refused.pcap"])
    text = tcpfsm("-r", name, "-T", "markdown").expect(0).out
    assert r"a\|b\`c\*\_\[x\]\(y\)\<b\>\&amp;?\# d.pcap" in text, text
    assert not [line for line in text.splitlines() if line.startswith("# ")]


@check
def markdown_fits_the_summary_of_a_job():
    write("many.pcap", [f for i in range(3000) for f in refused(2000 + i, i)])
    text = tcpfsm("-r", "many.pcap", "-T", "markdown").expect(0).out
    assert len(text.encode()) < 1 << 20
    assert sum("connection-refused" in r[1] for r in table(text)) == 200
    assert "3,000 notices" in text and "2,800 more findings" in text


@check
def markdown_fits_the_summary_of_a_job_with_long_rules_and_a_long_baseline():
    write("many.pcap", [f for i in range(3000) for f in refused(2000 + i, i)])
    rule = "expect no history_letters in (" + ", ".join(['"' + "_" * 50 + '"'] * 70) + ")\n"
    with open("long.rules", "w", encoding="utf-8") as f:
        f.write(rule * 220)
    with open("known", "w", encoding="utf-8") as f:
        f.write("".join(f"1 idle client {'_' * 900} {i}\n" for i in range(200)))
    text = tcpfsm("-r", "many.pcap", "-T", "markdown", "--rules=long.rules", "--baseline=known").expect(0).out
    assert len(text.encode()) < 1 << 20, len(text)
    assert "Not all checks are shown here." in text and "- and more" in text and "Checks: 0 of 221 failed" in text


# --- Checks that failed ---------------------------------------------------------------------------


def two_checks():
    two_runs()
    with open("ci.rules", "w", encoding="utf-8") as f:
        f.write("forbid warning\nfor server port 80\n  expect every close = fin\n")
    return ["-r", "monday.pcap", "--rules=ci.rules"]


@check
def annotations_of_failed_checks_come_first_and_point_into_the_rules():
    said = annotations(*two_checks())
    assert said[0][0] == "error" and said[0][1]["file"] == "ci.rules" and said[0][1]["line"] == "3", said[0]
    assert "expect every close = fin" in said[0][1]["title"]
    assert any(line.startswith("#2 10.0.0.1:2001 -> 10.0.0.2:80: close is refused") for line in said[0][2].splitlines()), said[0]
    assert "1 of" in said[-1][2]


@check
def markdown_tells_checks_in_a_table_and_why_they_failed():
    text = tcpfsm("-T", "markdown", *two_checks()).expect(1).out
    rows = [r for r in table(text) if len(r) == 3]
    assert [r[0] for r in rows if "fin" in r[1]] == ["**failed**"] and ["passed"] == [r[0] for r in rows if r[1].endswith("forbid warning")]
    assert "    #2 10.0.0.1:2001 -> 10.0.0.2:80: close is refused" in text


def page(*args):
    """The rows of the page's data."""
    return json.loads(re.search('<script type="application/json" id="data">(.*?)</script>', tcpfsm("-T", "html", *args).out, re.S)[1])[:-1]


@check
def the_page_says_what_the_baseline_says():
    two_runs()
    with open("known", "w", encoding="utf-8") as f:
        f.write("1 connection-refused server 10.0.0.1 -> 10.0.0.2:80\n2 idle client <b> -> \"b\":1\n")
        f.writelines(f"1 idle client 10.0.0.1 -> 10.1.0.1:{port}\n" for port in range(1, 601))
    rows = page("-r", "monday.pcap", "--baseline=known")
    assert [row[-1] for row in rows if row[0] == "f"] == ["known", "new"]
    told = rows[-1][1]["baseline"]
    assert (told["file"], told["known"], told["news"], len(told["gone"]), told["goneLeftOut"]) == ("known", 1, 1, 500, 101)
    assert all(count == 1 and finding.startswith("idle client 10.0.0.1 -> ") for count, finding in told["gone"][:400])
    rows = page("-r", "monday.pcap")
    assert [row[-1] for row in rows if row[0] == "f"] == [None, None] and rows[-1][1]["baseline"] is None


@check
def the_page_has_each_check_those_that_passed_last():
    rows = page(*two_checks())
    told = [row for row in rows if row[0] == "k"]
    checks = [c for c in as_json(*two_checks()).records("check") if c["kind"] != "input"]
    (summary,) = [row[1] for row in rows if row[0] == "s"]
    outcomes = [summary["outcomes"][row[1]] for row in told]
    assert outcomes == ["failed", "passed", "passed"] and summary["checks"] == [2, 1, 0, 0]
    assert told[0][2] == "ci.rules:3: for server port 80: expect every close = fin"
    assert sorted(row[3] for row in told) == sorted(c["message"] for c in checks)
    assert [conn for conn, _ in told[0][4]] == [offence["conn"] for c in checks for offence in c["broken_by"]]
    assert all(text.startswith(f"#{conn} 10.0.0.1:") and "close is refused" in text for conn, text in told[0][4])
    with open("many.rules", "w", encoding="utf-8") as f:
        f.write("expect connections >= 1\n" * 700 + "expect connections = 0\n")
    rows = page("-r", "monday.pcap", "--rules=many.rules")
    told = [row for row in rows if row[0] == "k"]
    assert len(told) == 500 and told[0][2].startswith("many.rules:701: ") and rows[-1][1]["checks"] == [701, 1, 0, 0]
    unasked = page("-r", "monday.pcap")
    assert not [row for row in unasked if row[0] == "k"] and unasked[-1][1]["checks"] == [0, 0, 0, 0]
    (broken,) = [row[1] for row in page("-r", "cut.pcap", "--fail-on=error") if row[0] == "s"]
    assert broken["checks"] == [1, 0, 0, 0], "that the input broke is told with the capture"


@check
def sarif_has_a_result_for_each_failed_check():
    run = structure(sarif(*two_checks()))
    (failed,) = [r for r in run["results"] if r["ruleId"] == "failed-check"]
    place = failed["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "ci.rules" and place["region"] == {"startLine": 3, "startColumn": 3}
    assert failed["level"] == "error" and "close is refused" in failed["message"]["text"]
    as_json("-r", "monday.pcap", "--write-baseline=known").expect(0)
    compared = structure(sarif(*two_checks(), "--baseline=known"))["results"]
    assert sorted((r["ruleId"], r["baselineState"]) for r in compared) == [
        ("connection-refused", "unchanged"), ("connection-refused", "unchanged"), ("failed-check", "new")]


@check
def reports_are_utf_8_whatever_files_and_rules_are_called():
    two_runs()
    for rule in (b'expect every community_id = "caf\xe9 \xed\xa0\x80"', 'expect every community_id = "café ☃"'.encode()):
        with open(b"rules\xff", "wb") as f:
            f.write(rule + b"\n")
        with open("monday.pcap", "rb") as there, open(b"mon\xfeday.pcap", "wb") as f:
            f.write(there.read())
        formats = ("json", "junit", "sarif", "tap", "github", "markdown", "html")
        tcpfsm("-r", os.fsdecode(b"mon\xfeday.pcap"), os.fsdecode(b"--rules=rules\xff"), *(f"-T{name}:out.{name}" for name in formats)).expect(1)
        for name in formats:
            text = read(f"out.{name}")  # strictly
            assert ("café ☃" if rule.endswith("☃\"".encode()) else "caf\ufffd") in text or name == "html", name


# --- Surroundings -------------------------------------------------------------------------------


def all_formats():
    return tcpfsm("-r", "closed.pcap", "-T", "rtf").expect(2, "rtf").err.split("there are:")[1].split()


@check
def no_format_depends_on_locale_time_zone_or_threads():
    two_runs()
    locales = subprocess.run(["locale", "-a"], stdout=subprocess.PIPE, check=False).stdout.decode(errors="replace").split()
    foreign = [name for name in locales if re.match(r"(de_DE|fr_FR|tr_TR)\.utf-?8$", name, re.I)][:1] or ["C"]
    plain = {k: v for k, v in os.environ.items() if k not in ("TZ", "LANG", "LANGUAGE") and not k.startswith("LC_")}
    surroundings = [{"TZ": "Asia/Kathmandu"}, {"TZ": "NUT+11:30"}, {"LC_NUMERIC": foreign[0], "LC_TIME": foreign[0], "LC_COLLATE": foreign[0]}]
    as_json("-r", "monday.pcap", "--write-baseline=known").expect(0)
    for form in all_formats():
        def out(*more, env=plain):
            done = subprocess.run([kit.TCPFSM, "-r", "tuesday.pcap", "--baseline=known", "-T", form, *more], env=env, capture_output=True, timeout=60)
            assert done.returncode == 0 and done.stdout, (form, done.stderr)
            return done.stdout

        expected = out()
        for more in surroundings:
            assert out(env={**plain, **more}) == expected, (form, more)
        for threads in ("1", "2", "7"):
            assert out("--threads=" + threads) == expected, (form, threads)
        assert out() == expected, form


ARP = b"\xff" * 6 + b"\2\0\0\0\0\1" + b"\x08\x06" + b"\0" * 28


def unreachable(port):
    """What answers the SYN from PORT where the host is not there."""
    quoted = segment((1, port), (2, 80), kit.SYN, kit.isn_of(port))[14:42]
    icmp = b"\2\0\0\0\0\1" + b"\2\0\0\0\0\2" + b"\x08\0" + bytes.fromhex("450000380001000040010000") + bytes([10, 0, 0, 2, 10, 0, 0, 1])
    return icmp + bytes([3, 1, 0, 0, 0, 0, 0, 0]) + quoted


def every_kind_of_frame(n):
    """Connection N, with what is no segment, comes late, or says that a host is not there."""
    port, when = 1000 + n % 60000, n * 0.01
    frames = refused(port, when) if n % 5 == 0 else closed(port, when)
    return {0: frames + [(when + 0.006, ARP)], 1: [(when + 0.006, ARP)] + frames, 2: frames[:1] + [(when + 0.0005, unreachable(port))]}.get(n % 7, frames)


@check
def a_long_capture_is_told_alike_by_any_number_of_threads():
    """More than the ring between two threads holds, and more than a megabyte."""
    frames = [frame for n in range(4000) for frame in every_kind_of_frame(n)]
    write("long.pcap", frames)
    assert os.path.getsize("long.pcap") > 1 << 20
    expected = as_json("-r", "long.pcap", "--threads=1").expect(0)
    assert expected.summary()["packets"] == len(frames)
    assert set(expected.summary()["skipped"]) >= {"arp", "icmp"}, expected.summary()
    for more in ([], ["--threads=2"]):
        assert as_json("-r", "long.pcap", *more).expect(0).out == expected.out, more


@check
def an_error_at_every_syn_and_a_clock_ahead_of_each_are_heard_in_their_places():
    """More of either than fit between two threads at a time."""
    syns = [(n * 200, 1000 + n, segment((1, 1000 + n), (2, 80), kit.SYN, kit.isn_of(1000 + n))) for n in range(3000)]
    write("errors.pcap", [frame for when, port, syn in syns for frame in ((when, syn), (when, unreachable(port)))])
    write("early.pcap", [frame for when, port, syn in syns for frame in ((when, unreachable(port)), (when, syn))])
    write("ahead.pcap", [frame for when, _, syn in syns for frame in ((when + 300, ARP), (when, syn))])
    for threads in ("--threads=1", "--threads=2"):
        errors, early, ahead = (as_json("-r", name, threads).expect(0) for name in ("errors.pcap", "early.pcap", "ahead.pcap"))
        heard = [a["packet"] for a in errors.records("anomaly") if a["id"] == "unreachable"]
        assert heard == list(range(2, 2 * len(syns) + 1, 2)), (threads, heard[:9])
        assert "unreachable" not in early.summary()["anomalies"], threads  # nobody had sent what they quote
        # A SYN is given up 127 s after the analyzer heard it: by a clock that the frame before it had put ahead.
        # Before the first segment there is no clock.
        over = [t["ts"] - kit.START for t in ahead.records("transition") if t["rule"] == "syn-given-up"]
        assert over == [127] + [when + 427 for when, _, _ in syns[1:-1]], (threads, over[:9])


@check
def an_output_that_fails_ends_both_threads():
    write("long.pcap", [frame for n in range(4000) for frame in closed(1000 + n, n * 0.01)])
    with open("/dev/full", "wb") as full:
        for threads in ("1", "2"):
            done = tcpfsm("-T", "json", "-r", "long.pcap", "--threads=" + threads, stdout=full)
            assert done.status == 4 and "No space left" in done.err, done.err


if __name__ == "__main__":
    sys.exit(kit.main())
