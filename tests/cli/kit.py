"""What the tests of the command line share: captures that are made byte by byte, the program, and the loop over the checks.

The program is the one that $TCPFSM names.
"""

import json
import os
import struct
import subprocess
import sys
import tempfile
import time

TCPFSM = os.environ["TCPFSM"]
TOP = os.path.abspath(os.environ.get("top_srcdir", os.path.join(os.path.dirname(__file__), "..", "..")))
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
START = 1700000000
checks = []


def check(function):
    checks.append(function)
    return function


# --- Captures ---------------------------------------------------------------------------------


def segment(source, destination, flags, seq, ack=0, size=0):
    """An Ethernet frame with a TCP segment with SIZE zeros; hosts and ports are 10.0.0.N:PORT.

    A checksum of zero is "not computed": no finding comes of it."""
    tcp = struct.pack(">HHIIBBHHH", source[1], destination[1], seq, ack, 5 << 4, flags, 65535, 0, 0) + bytes(size)
    total = 20 + len(tcp)
    address = lambda end: bytes([10, 0, 0, end[0]])
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, total, seq & 0xFFFF, 0x4000, 64, 6, 0, address(source), address(destination))
    return b"\2\0\0\0\0\2" + b"\2\0\0\0\0\1" + b"\x08\0" + ip + tcp


def pcap(frames, linktype=1, cut=0):
    """Frames as (seconds after START, octets), which had CUT octets more on the wire."""
    out = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, linktype)]
    for when, data in frames:
        micro = round(when * 1000000)
        out.append(struct.pack("<IIII", START + micro // 1000000, micro % 1000000, len(data), len(data) + cut) + data)
    return b"".join(out)


def isn_of(port):
    """A host that chose one number twice, or rising ones, would be a finding."""
    return port * port * 4001 % 4000000007


def refused(port, when=0.0):
    """A SYN that a RST answers: connection-refused."""
    client, server, isn = (1, port), (2, 80), isn_of(port)
    return [(when, segment(client, server, SYN, isn)), (when + 0.001, segment(server, client, RST | ACK, 0, isn + 1))]


def closed(port, when=0.0):
    """Opened, and closed by both ends: nothing to find."""
    client, server = (1, port), (2, 80)
    c, s = isn_of(port), isn_of(port + 7)
    steps = [
        (client, server, SYN, c, 0),
        (server, client, SYN | ACK, s, c + 1),
        (client, server, ACK, c + 1, s + 1),
        (client, server, FIN | ACK, c + 1, s + 1),
        (server, client, FIN | ACK, s + 1, c + 2),
        (client, server, ACK, c + 2, s + 2),
    ]
    return [(when + 0.001 * i, segment(*step)) for i, step in enumerate(steps)]


def scan(ports):
    """One client asks so many ports of a host, and each refuses."""
    frames = []
    for i in range(ports):
        client, server, isn = (1, 2001 + i), (2, 100 + i), isn_of(2001 + i)
        frames.append((i, segment(client, server, SYN, isn)))
        frames.append((i + 0.001, segment(server, client, RST | ACK, 0, isn + 1)))
    return frames


def older(connections):
    """So many of which the first segment is an ACK."""
    return [(i, segment((1, 2001 + i), (2, 80), ACK, isn_of(2001 + i), isn_of(i))) for i in range(connections)]


def older_from_last_to_first(connections):
    """The same; the one that began last is over first."""
    frames = older(connections)
    for i in reversed(range(connections)):
        client, server, c, s = (1, 2001 + i), (2, 80), isn_of(2001 + i), isn_of(i)
        steps = [(client, server, FIN | ACK, c, s), (server, client, FIN | ACK, s, c + 1), (client, server, ACK, c + 1, s + 1)]
        when = connections + 65 * (connections - i)
        frames += [(when + 0.001 * n, segment(*step)) for n, step in enumerate(steps)]
    return frames


def older_of_which_the_last_is_reset(connections):
    frames = [(when / 1000, frame) for when, frame in older(connections)]
    last = connections - 1
    return frames + [(connections / 1000, segment((1, 2001 + last), (2, 80), RST | ACK, isn_of(2001 + last), isn_of(last)))]


def flood_among_others(connections):
    """Of each five one goes on, step by step, long after it began; the others are a SYN, and here and there its answer."""
    frames = []
    for i in range(connections):
        client, server, c, s = (1 + i % 200, 2001 + i), (250, 80), isn_of(2001 + i), isn_of(i)
        steps = [(client, server, SYN, c, 0), (server, client, SYN | ACK, s, c + 1), (client, server, ACK, c + 1, s + 1)]
        steps += [(client, server, FIN | ACK, c + 1, s + 1), (server, client, FIN | ACK, s + 1, c + 2)]
        shown = len(steps) if i % 5 == 0 else 1 + i % 2
        frames += [((i + 37 * n) / 1000, segment(*step)) for n, step in enumerate(steps[:shown])]
    return sorted(frames, key=lambda frame: frame[0])


def fin_again_after_time_wait():
    """The FIN of a close comes again beyond 2 MSL, and nobody answers; another host's SYN, which nobody answers either,
    is given up long after what is known of that close has gone."""
    last_ack = (1, 1101), (2, 80), FIN | ACK, isn_of(1108) + 1, isn_of(1101) + 2
    again = segment(last_ack[1], last_ack[0], *last_ack[2:])
    return closed(1101) + [(100, again), (590, segment((3, 1102), (2, 80), SYN, isn_of(1102)))] + closed(1103, 900)


def two_outlive_many(connections):
    """Two that stay open, and so many after them that close, each after the other and long ago."""
    def opened(port, when):
        return closed(port, when)[:3]

    frames = opened(3001, 0) + opened(3002, 0.5)
    for i in range(connections):
        frames += closed(4001 + i, 1 + i / 100)
    return frames + opened(3003, 100 + connections)


def half_open(port):
    """A handshake that never completes, though the server asks twice; and something later."""
    client, server, c, s = (1, port), (2, 80), isn_of(port), isn_of(port + 7)
    answer = segment(server, client, SYN | ACK, s, c + 1)
    return [(0, segment(client, server, SYN, c)), (0.001, answer), (1.001, answer)] + closed(port + 1, 10)


def pcapng(frames, dropped, order="<"):
    """The same as pcapng, with interface statistics at the end: DROPPED packets were lost."""

    def block(kind, body):
        body += b"\0" * (-len(body) % 4)
        return struct.pack(order + "II", kind, len(body) + 12) + body + struct.pack(order + "I", len(body) + 12)

    out = block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1)) + block(1, struct.pack(order + "HHI", 1, 0, 0))
    for when, data in frames:
        micro = START * 1000000 + round(when * 1000000)
        head = struct.pack(order + "IIIII", 0, micro >> 32, micro & 0xFFFFFFFF, len(data), len(data))
        out += block(6, head + data)
    statistics = struct.pack(order + "IIIHHQHH", 0, 0, 0, 5, 8, dropped, 0, 0)
    return out + block(5, statistics)


FILES = {
    "refused.pcap": pcap(refused(1001)),
    "closed.pcap": pcap(closed(1002)),
    "later.pcap": pcap(closed(1003, 10)),
    "empty.pcap": pcap([]),
    "scan.pcap": pcap(scan(8)),
    "whole.pcapng": pcapng(half_open(3001), 0),
    "lossy.pcapng": pcapng(half_open(3001), 5),
    "lossy-big.pcapng": pcapng(half_open(3001), 5, ">"),
    "crowd.pcap": pcap(scan(5)),
    "older.pcap": pcap(older(100)),
    "older-more.pcap": pcap(older(103)),
    "older-back.pcap": pcap(older_from_last_to_first(103)),
    "outlived.pcap": pcap(two_outlive_many(200)),
    "flood.pcap": pcap(flood_among_others(3000)),
    "fin-again.pcap": pcap(fin_again_after_time_wait()),
    "older-reset.pcap": pcap(older_of_which_the_last_is_reset(1100)),
    "zero.pcap": b"",
    "garbage.pcap": b"This is no capture at all, it only looks like a text.\n",
    "cut.pcap": pcap(refused(1004) + closed(1005, 1))[:-20],
}


# --- Running ----------------------------------------------------------------------------------


class Result:
    def __init__(self, args, **how):
        self.args_given = args
        done = subprocess.run([TCPFSM, *args], stdout=how.pop("stdout", subprocess.PIPE), stderr=subprocess.PIPE, timeout=60, **how)
        self.status = done.returncode
        self.out = (done.stdout or b"").decode()
        self.err = done.stderr.decode()

    def expect(self, status, error=None):
        """The status; standard error is empty, or one line that holds ERROR."""
        lines = self.err.splitlines()
        assert self.status == status, f"{self.args_given}: status {self.status}, not {status}: {self.err.strip()}"
        if error is None:
            assert not lines, f"{self.args_given}: unexpected on standard error: {self.err.strip()}"
        else:
            assert len(lines) == 1, f"{self.args_given}: {len(lines)} lines on standard error: {self.err.strip()}"
            assert lines[0].startswith("tcpfsm: ") and error in lines[0], f"{self.args_given}: {lines[0]}"
        return self

    def records(self, kind):
        return [r for r in map(json.loads, self.out.splitlines()) if r["type"] == kind]

    def summary(self):
        return self.records("summary")[0]


def tcpfsm(*args, **how):
    return Result(args, **how)


def as_json(*args, **how):
    return tcpfsm("-T", "json", *args, **how)


def start_on_pipe(*args):
    """The program on a pipe that has given one packet and stays open."""
    process = subprocess.Popen([TCPFSM, "-r", "-", *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdin.write(pcap(refused(1001)))
    process.stdin.flush()
    return process


def wait_until(holds):
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end, "it did not come to be"
        time.sleep(0.02)


# --- Checks -----------------------------------------------------------------------------------


def main(files=FILES):
    """Every check, in a directory of its own with FILES in it."""
    print(f"1..{len(checks)}")
    failed = 0
    for number, function in enumerate(checks, 1):
        name = function.__name__.replace("_", " ")
        with tempfile.TemporaryDirectory() as directory:
            os.chdir(directory)
            for file, content in files.items():
                with open(file, "wb") as f:
                    f.write(content)
            try:
                function()
                print(f"ok {number} - {name}")
            except Exception as error:  # one broken check must not hide the others
                failed += 1
                print(f"not ok {number} - {name}")
                print("# " + (f"{type(error).__name__}: {error}").replace("\n", "\n# "))
            os.chdir("/")
        sys.stdout.flush()
    return 1 if failed else 0
