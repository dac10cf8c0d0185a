"""--slice: each slice shows its finding again, holds what proves it, and says where it is from.

Runs the program named by $TCPFSM on the captures in pcaps/ and on every scenario, and speaks TAP.
"""

import glob
import importlib.util
import os
import re
import resource
import shutil
import stat
import subprocess
import sys

import kit
from kit import FILES, TCPFSM, as_json, check, pcap, refused, segment, tcpfsm

TOP = os.path.abspath(os.environ.get("top_srcdir", os.path.join(os.path.dirname(__file__), "..", "..")))
RUNNER = os.path.join(os.path.dirname(os.path.abspath(TCPFSM)), "tests", "scenarios", "run-scenarios")
SECONDS = 60

spec = importlib.util.spec_from_file_location("slices", os.path.join(TOP, "tests", "slices.py"))
slices = importlib.util.module_from_spec(spec)
spec.loader.exec_module(slices)


def held(path, folder):
    """Slice PATH into FOLDER; every slice shows its finding.  How many slices, and the packets they hold."""
    r = slices.check(TCPFSM, path, SECONDS, folder)
    assert not r.hidden and not r.missing and not r.said, (path, r.hidden, r.missing, r.said)
    return r


@check
def every_slice_of_our_captures_shows_its_finding():
    shown = 0
    for path in sorted(glob.glob(os.path.join(TOP, "pcaps", "*.pcap"))):
        shown += held(path, os.path.basename(path) + ".d").shown
    assert shown >= 10, shown


@check
def every_slice_of_the_scenarios_shows_its_finding():
    # Here losses of other connections decide which finding it is, or the time when another one passed: no slice
    # has those.
    beyond = ("half-open-not-in-a-lossy-capture.scn", "unanswered-before-a-leap.scn")
    if not os.path.exists(RUNNER):
        return
    shown, paths = 0, sorted(glob.glob(os.path.join(TOP, "tests", "scenarios", "*", "*.scn")))
    for number, path in enumerate(paths[:: int(os.environ.get("SLICE_STEP", "5"))]):
        if path.endswith(beyond):
            continue
        capture = f"{number}.pcap"
        subprocess.run([RUNNER, f"--write-pcap={capture}", path], stdout=subprocess.PIPE, check=False)
        if os.path.exists(capture):
            shown += held(capture, f"{number}.d").shown
    assert shown >= 20, shown


@check
def a_slice_is_small_and_says_what_proves_the_finding():
    # 400 packets of other connections around the one that is refused.
    frames = [f for i in range(66) for f in kit.closed(3000 + i, i)] + refused(1001, 70) + [f for i in range(66) for f in kit.closed(4000 + i, 80 + i)]
    with open("many.pcap", "wb") as f:
        f.write(pcap(frames))
    as_json("-r", "many.pcap", "--slice=d").expect(0)
    said = slices.comments("d/conn-67-connection-refused.pcapng")
    assert [re.match(r"packet (\d+) of the capture proves connection-refused: ", c).group(1) for c in said] == ["397", "398"]
    again = as_json("-r", "d/conn-67-connection-refused.pcapng").expect(0)
    assert again.records("connection")[0]["first_ts"] == kit.START + 70


@check
def runs_of_data_are_left_out():
    client, server = (1, 1001), (2, 80)
    frames = [(0, segment(client, server, kit.SYN, 100)), (0.001, segment(server, client, kit.SYN | kit.ACK, 500, 101)), (0.002, segment(client, server, kit.ACK, 101, 501))]
    for i in range(500):
        ethernet_ip_tcp = segment(client, server, kit.ACK, 101 + 10 * i, 501)
        total = (40 + 10).to_bytes(2, "big")
        frames.append((0.01 + i / 1000, ethernet_ip_tcp[:16] + total + ethernet_ip_tcp[18:] + b"0123456789"))
    frames.append((1, segment(server, client, kit.RST | kit.ACK, 501, 101 + 5000)))
    frames.append((10, segment((1, 1002), server, kit.SYN, 7)))
    with open("data.pcap", "wb") as f:
        f.write(pcap(frames))
    r = held("data.pcap", "d")
    assert r.shown >= 1
    assert os.path.exists("d/conn-1-rst-abort.pcapng"), os.listdir("d")
    assert len(slices.comments("d/conn-1-rst-abort.pcapng")) < 10
    assert any("packets left out before it: " in c for c in slices.comments("d/conn-1-rst-abort.pcapng"))


@check
def standard_input_goes_through_the_ring():
    as_json("-r", "refused.pcap", "--slice=file").expect(0)
    as_json("-r", "-", "--slice=pipe", input=FILES["refused.pcap"]).expect(0)
    for name in os.listdir("file"):
        with open(os.path.join("file", name), "rb") as one, open(os.path.join("pipe", name), "rb") as other:
            assert one.read() == other.read(), name


@check
def what_the_ring_no_longer_held_is_said():
    # The listener is asked in the first packet; half a million others come before the limit runs out.
    filler = b"\2\0\0\0\0\2" + b"\2\0\0\0\0\1" + b"\x08\x06" + bytes(46)
    syn = [(t, segment((1, 1001), (2, 80), kit.SYN, 7)) for t in (0, 1)]
    capture = pcap(syn + [(1.1 + i / 200000, filler) for i in range(140000)] + [(130, filler)])
    result = tcpfsm("-r", "-", "-T", "json", "--slice=d", input=capture).expect(0, "do not show their finding")
    assert "ring" in result.err, result.err


@check
def the_same_capture_gives_the_same_slices():
    path = os.path.join(TOP, "pcaps", "stuck-fin-wait-2.pcap")
    for folder, more in (("a", []), ("b", ["--threads=3"]), ("c", [])):
        as_json("-r", path, f"--slice={folder}", *more).expect(0)
    for name in os.listdir("a"):
        assert len({open(os.path.join(folder, name), "rb").read() for folder in "abc"}) == 1, name


@check
def slices_of_an_earlier_run_are_named_and_stay():
    with open("more.pcap", "wb") as f:
        f.write(pcap(kit.closed(1002) + refused(1001, 1) + refused(1003, 2)))
    as_json("-r", "more.pcap", "--slice=d").expect(0)
    earlier = {name: open(os.path.join("d", name), "rb").read() for name in os.listdir("d")}
    assert sorted(earlier) == ["conn-2-connection-refused.pcapng", "conn-3-connection-refused.pcapng"]
    as_json("-r", "more.pcap", "--slice=d").expect(0)
    for name in ("mine.pcapng", "conn-4-connection-refused.pcap", "connection-refused.pcapng", "conn-4-none.pcapng"):
        open(os.path.join("d", name), "wb").close()
    as_json("-r", "more.pcap", "--slice=d").expect(0)
    one = as_json("-r", "refused.pcap", "--slice=d").expect(0, "d also holds 2 that this run did not make, the first is conn-2-")
    assert one.summary()["connections"] == 1 and os.path.exists("d/conn-1-connection-refused.pcapng")
    open("d/conn-2-simultaneous-close-server.pcapng", "wb").close()
    open("d/10.0.0.2-80-syn-flood.pcapng", "wb").close()
    as_json("-r", "closed.pcap", "--slice=d").expect(0, "d also holds 5 that this run did not make, the first is 10.0.0.2-80-syn-flood.pcapng")
    assert all(open(os.path.join("d", name), "rb").read() == octets for name, octets in earlier.items())


@check
def a_slice_is_whole_or_not_there():
    """And it takes the place of files alone."""
    name = "conn-1-connection-refused.pcapng"
    limited = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))}
    as_json("-r", "refused.pcap", "--slice=d", **limited).expect(4, f"d/{name}: File too large")
    assert os.listdir("d") == []
    as_json("-r", "refused.pcap", "--slice=d").expect(0)
    with open(f"d/{name}", "rb") as f:
        former = f.read()
    failed = as_json("-r", "refused.pcap", "--slice=d", **limited)
    assert failed.status == 4 and f"also holds 1 that this run did not make, the first is {name}" in failed.err, failed.err
    with open(f"d/{name}", "rb") as f:
        assert f.read() == former
    assert os.listdir("d") == [name]
    for make in (os.mkdir, os.mkfifo, lambda path: os.symlink("../closed.pcap", path)):
        shutil.rmtree("d")
        os.mkdir("d")
        make(f"d/{name}")
        assert as_json("-r", "refused.pcap", "--slice=d").status == 4
        assert os.listdir("d") == [name] and not stat.S_ISREG(os.lstat(f"d/{name}").st_mode)
    with open("closed.pcap", "rb") as f:
        assert f.read() == FILES["closed.pcap"]


@check
def a_directory_that_cannot_be_is_status_4():
    as_json("-r", "refused.pcap", "--slice=/proc/no/such").expect(4, "/proc/no/such")
    for capture in ("refused.pcap", "closed.pcap"):
        for name in ("closed.pcap", "/dev/full"):
            assert not as_json("-r", capture, f"--slice={name}").expect(4, f"{name}: Not a directory").out
    os.symlink("nowhere", "link")
    as_json("-r", "closed.pcap", "--slice=link").expect(4, "link: No such file or directory")
    os.mkdir("two words\nand lines")
    as_json("-r", "refused.pcap", "--slice=two words\nand lines").expect(0)
    assert os.listdir("two words\nand lines") == ["conn-1-connection-refused.pcapng"]
    tcpfsm("-i", "lo", "--slice=d").expect(2, "--no-sandbox")
    # Nothing to be found is nothing to be written.
    as_json("-r", "closed.pcap", "--slice=d").expect(0)
    assert os.listdir("d") == []


if __name__ == "__main__":
    sys.exit(kit.main())
