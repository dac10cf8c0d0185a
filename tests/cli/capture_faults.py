#!/usr/bin/env python3
"""What the whole program says about the capture itself: the family `capture`.

Each case is a capture made here, octet by octet, with the findings of that family that it must raise,
no more and no fewer; and for each of these findings there is a look-alike: the same capture but for
the one fact that decides.  CASES is also read by tests/look-alikes.py.

Speaks TAP; TCPFSM comes from make.
"""

import json
import os
import struct
import subprocess
import sys
import tempfile

START = 1700000000
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
FAMILY = {"kernel-drops", "duplicate-frames", "one-way", "time-backwards", "snap-length", "evicted"}
TIME_LIMIT_SECONDS = 60


# --- Frames -----------------------------------------------------------------------------------


def checksum(octets):
    """The Internet checksum (RFC 1071) of an even number of octets."""
    total = sum(struct.unpack(f">{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def even(octets):
    return octets + b"\0" * (len(octets) % 2)


class Talk:
    """A connection between two hosts; its segments as (seconds after START, frame)."""

    def __init__(self, number, when=0.0):
        self.ends = ((1, 40000 + number), (2, 80))
        # As RFC 6528 has it, the numbers have nothing in common.
        self.next = [number * 2654435761 % 2**32, (number + 77) * 2246822519 % 2**32]
        self.ip_id = [number * 100 + 1, number * 100 + 51]
        self.when = when
        self.frames = []

    def send(self, who, flags, data=b"", after=0.001):
        source, destination = self.ends[who], self.ends[1 - who]
        address = lambda end: bytes([10, 0, 0, end[0]])
        acked = self.next[1 - who] if flags & ACK else 0
        tcp = struct.pack(">HHIIBBHHH", source[1], destination[1], self.next[who], acked, 5 << 4, flags, 65535, 0, 0)
        pseudo = address(source) + address(destination) + struct.pack(">BBH", 0, 6, len(tcp) + len(data))
        tcp = tcp[:16] + struct.pack(">H", checksum(even(pseudo + tcp + data))) + tcp[18:]
        ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp) + len(data), self.ip_id[who], 0x4000, 64, 6, 0)
        ip += address(source) + address(destination)
        ip = ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:]
        self.when += after
        self.frames.append((self.when, b"\2\0\0\0\0\2" + b"\2\0\0\0\0\1" + b"\x08\0" + ip + tcp + data))
        self.ip_id[who] += 1
        self.next[who] = (self.next[who] + len(data) + bool(flags & (SYN | FIN))) % 2**32
        return self

    def open(self):
        return self.send(0, SYN).send(1, SYN | ACK).send(0, ACK)

    def ask(self, octets=300):
        self.send(0, PSH | ACK, b"q" * octets).send(1, ACK)
        return self.send(1, PSH | ACK, b"a" * octets).send(0, ACK)

    def close(self):
        return self.send(0, FIN | ACK).send(1, FIN | ACK).send(0, ACK)

    def again(self, count):
        """The last segment COUNT times more, each as the sender would send it anew: with its own IP ID."""
        for _ in range(count):
            when, frame = self.frames[-1]
            who = 0 if frame[29] == 1 else 1
            ip = frame[14:18] + struct.pack(">H", self.ip_id[who]) + frame[20:24] + b"\0\0" + frame[26:34]
            ip = ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:]
            self.ip_id[who] += 1
            self.frames.append((when + 0.00002, frame[:14] + ip + frame[34:]))
        return self


def one(number=1, when=0.0):
    """A connection that is opened, used and closed."""
    return Talk(number, when).open().ask().close().frames


def several(count, apart, close=True):
    """Connections that begin APART seconds apart, and close at once or not at all."""
    frames = []
    for number in range(count):
        talk = Talk(number + 1, number * apart).open().ask()
        frames += (talk.close() if close else talk).frames
    return frames


def repeating(count, apart):
    """Connections that begin APART seconds apart; each sends its request twice."""
    return [frame for number in range(count)
            for frame in Talk(number + 1, number * apart).open().send(0, PSH | ACK, b"q" * 300).again(1).frames]


def datagrams(frames):
    """The same frames, with what a UDP header needs in place of TCP's."""
    def datagram(frame):
        ip = frame[14:23] + b"\x11\0\0" + frame[26:34]
        udp = frame[34:38] + struct.pack(">HH", len(frame) - 34, 0)
        return frame[:14] + ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:] + udp + frame[42:]

    return [(when, datagram(frame)) for when, frame in frames]


def copied(frames, delay=0.00002):
    """Each frame twice, as a mirror port copies it."""
    return [(when + i * delay, frame) for when, frame in frames for i in range(2)]


def at_both_ends(frames, delay, hops=3):
    """Each frame once more at a second tap, DELAY seconds later and HOPS further."""
    def further(frame):
        ip = frame[14:22] + bytes([frame[22] - hops]) + frame[23:24] + b"\0\0" + frame[26:34]
        return frame[:14] + ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:] + frame[34:]

    return sorted(frames + [(when + delay, further(frame)) for when, frame in frames], key=lambda each: each[0])


def to_itself():
    """RFC 9293 section 3.5, figure 7, with one socket in both roles: its SYN is answered by itself."""
    talk = Talk(1)
    talk.ends = (talk.ends[0], talk.ends[0])
    talk.send(0, SYN)
    talk.next = [talk.next[0] - 1, talk.next[0]]
    talk.send(0, SYN | ACK)
    talk.next[1] = talk.next[0]
    talk.send(0, PSH | ACK, b"q" * 300)
    talk.next[1] = talk.next[0]
    talk.send(0, ACK).send(0, FIN | ACK)
    talk.next[1] = talk.next[0]
    return talk.send(0, ACK).frames


def download(number=1):
    """What a client sends while it receives more than half of the sequence space."""
    talk = Talk(number, number * 100)
    for _ in range(4):
        talk.send(0, ACK, after=10)
        talk.next[1] = (talk.next[1] + 900_000_000) % 2**32
    return talk.frames


def upload(number=1, octets=1000, after=0.1, missing=None):
    """What a client sends, for six seconds as a rule, while all that it hears is that its data arrive."""
    talk = Talk(number, number * 100)
    for segment in range(60):
        talk.send(0, PSH | ACK, b"u" * octets, after=after)
        if segment == missing:
            talk.frames.pop()
    return talk.frames


def upload_to_the_dead(number=1):
    """As much as the window holds, and then the last segment again and again."""
    talk = Talk(number, number * 100)
    for _ in range(10):
        talk.send(0, PSH | ACK, b"u" * 1000)
    for seconds in (0.3, 0.6, 1.2, 2.4, 4.8):
        talk.again(1)
        talk.frames[-1] = (talk.frames[-2][0] + seconds, talk.frames[-1][1])
    return talk.frames


def from_client(frames):
    return [(when, frame) for when, frame in frames if frame[29] == 1]


def set_back(frames, index, seconds):
    """The frame at INDEX is stamped SECONDS earlier."""
    return [(when - seconds if i == index else when, frame) for i, (when, frame) in enumerate(frames)]


def with_flags(frames, flags):
    """What a filter on the flags lets pass."""
    return [(when, frame) for when, frame in frames if frame[47] & flags]


def unanswered(count):
    return [frame for number in range(count) for frame in Talk(number + 1, number * 0.1).send(0, SYN).frames]


# --- Captures ---------------------------------------------------------------------------------


def pcap(frames, kept=65535, snaplen=65535):
    """KEPT octets of each frame; the header names SNAPLEN."""
    out = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, snaplen, 1)]
    for when, frame in frames:
        micro = round(when * 1000000)
        head = (START + micro // 1000000, micro % 1000000, min(kept, len(frame)), len(frame))
        out.append(struct.pack("<IIII", *head) + frame[:kept])
    return b"".join(out)


def block(kind, body):
    body += b"\0" * (-len(body) % 4)
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)


def option(code, value):
    return struct.pack("<HH", code, len(value)) + value + b"\0" * (-len(value) % 4)


def pcapng(frames, **counters):
    """With an interface statistics block at the end; COUNTERS are its options by name."""
    codes = {"received": 4, "dropped": 5, "accepted": 6, "dropped_by_system": 7, "delivered": 8}
    stamp = lambda when: struct.pack("<II", *divmod(START * 1000000 + round(when * 1000000), 2**32))
    out = [block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)), block(1, struct.pack("<HHI", 1, 0, 65535))]
    for when, frame in frames:
        out.append(block(6, struct.pack("<I", 0) + stamp(when) + struct.pack("<II", len(frame), len(frame)) + frame))
    options = b"".join(option(codes[name], struct.pack("<Q", n)) for name, n in counters.items()) + option(0, b"")
    out.append(block(5, struct.pack("<I", 0) + stamp(frames[-1][0]) + options))
    return b"".join(out)


class Case:
    """FILES are analysed as one capture and raise RAISES of the family; LIKE is what they only look like,
    and NEVER are findings that the capture explains.  SEVERITY is that of each finding, where it matters."""

    def __init__(self, what, files, raises=(), like=None, options=(), details=None, never=(), severity=None):
        self.what, self.files, self.raises, self.like, self.never = what, files, set(raises), like, set(never)
        self.options, self.details, self.severity = list(options), details or {}, severity


CASES = [
    Case("a capture without any fault", [pcap(one())]),
    Case("the interface dropped packets", [pcapng(one(), received=17, dropped=7)], ["kernel-drops"],
         details={"dropped": 7}),
    Case("the system dropped packets", [pcapng(one(), received=17, dropped=0, dropped_by_system=3)], ["kernel-drops"],
         details={"dropped": 3}),
    Case("a filter left packets out", [pcapng(one(), received=1017, dropped=0, accepted=10, delivered=10)],
         like="kernel-drops"),
    Case("ten connections at once, and room for four", [pcap(several(10, 120, close=False))], ["evicted"],
         options=["--max-connections=4"], details={"connections": 6}),
    Case("ten connections one after the other, and room for four", [pcap(several(10, 120))], like="evicted",
         options=["--max-connections=4"]),
    Case("hundreds of connections with a repetition, and little room for what is unusual",
         [pcap(repeating(400, 0.01))], ["evicted"], options=["--reassembly-memory=1"],
         details={"connections": 0, "tombstones": 0}),
    Case("hundreds of connections with a repetition, and room enough", [pcap(repeating(400, 0.01))], like="evicted"),
    Case("hundreds of connections without their openings, which are not unusual, and little room",
         [pcap(with_flags(several(400, 0.01, close=False), PSH))], like="evicted",
         options=["--reassembly-memory=1"]),
    Case("a frame is older than the one before it", [pcap(set_back(one(), 5, 0.25))], ["time-backwards"],
         details={"times": 1}, severity="notice"),
    Case("a frame is a millisecond older", [pcap(set_back(one(), 5, 0.002))], ["time-backwards"],
         details={"times": 1, "largest": 0.001}, severity="notice"),
    Case("a frame is older, but by less than a millisecond", [pcap(set_back(one(), 5, 0.0019))], ["time-backwards"],
         details={"times": 1, "largest": 0.0009}, severity="info"),
    Case("one of two frames is older by more than that", [pcap(set_back(set_back(one(), 3, 0.0012), 6, 0.05))],
         ["time-backwards"], details={"times": 2}, severity="notice"),
    Case("two files in the wrong order", [pcap(one(2, 60)), pcap(one(1))], like="time-backwards"),
    Case("two frames at the same time", [pcap(set_back(one(), 5, 0.001))], like="time-backwards"),
    Case("packets are cut", [pcap(one(), kept=96, snaplen=96)], ["snap-length"], details={"cut": 2}),
    Case("packets are cut in the middle of their TCP headers", [pcap(one(), kept=50, snaplen=50)], ["snap-length"],
         details={"cut": 10, "headless": 10, "snap_length": 50}, severity="warning"),
    Case("packets are cut right behind their TCP headers", [pcap(one(), kept=54, snaplen=54)], ["snap-length"],
         details={"cut": 2, "headless": 0}, severity="info"),
    Case("packets were cut by a program that set their length on the wire, too",
         [pcap([(when, frame[:96]) for when, frame in one()])], ["snap-length"],
         details={"cut": 2, "headless": 0, "snap_length": 96}, severity="info"),
    Case("frames are longer than their packets", [pcap([(when, frame + b"\0" * 60) for when, frame in one()])],
         like="snap-length"),
    Case("UDP datagrams are cut, and there is nothing else", [pcap(datagrams(one()), kept=50, snaplen=50)],
         like="snap-length"),
    Case("a snap length that cuts nothing", [pcap(Talk(1).open().ask(20).close().frames, snaplen=96)],
         like="snap-length"),
    Case("a mirror port", [pcap(copied(one()))], ["duplicate-frames"], details={"duplicates": 10}),
    Case("a few copies among a few frames", [pcap(copied(one()[:5]) + one()[5:])], ["duplicate-frames"],
         details={"duplicates": 5}),
    Case("a few copies among a thousand frames", [pcap(copied(one(1)[:5]) + one(1)[5:] + several(100, 2)[10:])],
         like="duplicate-frames"),
    Case("a client that sends its data again and again",
         [pcap(Talk(1).open().send(0, PSH | ACK, b"q" * 300).again(9).frames)], like="duplicate-frames"),
    Case("the client's direction alone", [pcap(from_client(one(1) + one(2, 5) + one(3, 10)))], ["one-way"],
         details={"connections": 3, "total": 3}),
    Case("the client's direction alone of large downloads", [pcap(download(1) + download(2) + download(3))], ["one-way"],
         details={"connections": 3, "total": 3}),
    Case("the client's direction alone of uploads", [pcap(upload(1) + upload(2) + upload(3))], ["one-way"],
         details={"connections": 3, "total": 3}),
    Case("the client's direction alone of uploads, each without a segment",
         [pcap(upload(1, missing=20) + upload(2, missing=30))], ["one-way"], details={"connections": 2, "total": 2}),
    Case("as much, but in no more than a round trip takes", [pcap(upload(1, after=0.001) + upload(2, after=0.001))],
         like="one-way"),
    Case("so little that a host may send it at once, and wait", [pcap(upload(1, octets=20) + upload(2, octets=20))],
         like="one-way"),
    Case("uploads to hosts that are dead", [pcap(upload_to_the_dead(1) + upload_to_the_dead(2))], like="one-way"),
    Case("a scan of what does not answer", [pcap(unanswered(20))], like="one-way"),
    Case("a capture that begins when the other end is dead", [pcap(Talk(1).send(0, PSH | ACK, b"q" * 300).again(9).frames)],
         like="one-way"),
    Case("a program that connected to its own port", [pcap(to_itself())], like="one-way"),
    Case("taps at both ends of a path, merged", [pcap(at_both_ends(one(), 0.015))], ["duplicate-frames"],
         details={"duplicates": 10}),
    Case("as late copies, but with the same TTL", [pcap(at_both_ends(one(), 0.015, hops=0))], like="duplicate-frames"),
    Case("a filter kept SYN, FIN and RST", [pcap(with_flags(several(60, 2), SYN | FIN | RST))],
         never=["stuck-fin-wait-1", "stuck-last-ack", "stuck-closing", "half-open-handshake"]),
    Case("a filter kept data, SYN, FIN and RST", [pcap(with_flags(several(60, 2), SYN | FIN | RST | PSH))],
         never=["stuck-fin-wait-1", "stuck-last-ack", "stuck-closing", "half-open-handshake"]),
    Case("a filter kept SYN alone", [pcap(with_flags(several(60, 2), SYN))],
         never=["syn-unanswered", "half-open-handshake"]),
    Case("one direction alone of one connection in three",
         [pcap(from_client(one(1)) + one(2, 5) + one(3, 10))], like="one-way"),
]


# --- Running ----------------------------------------------------------------------------------


def findings(program, case, folder):
    """{id: finding} that the program says of the case."""
    command = [program, "-T", "json", *case.options]
    for number, octets in enumerate(case.files):
        path = os.path.join(folder, str(number))
        with open(path, "wb") as file:
            file.write(octets)
        command += ["-r", path]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TIME_LIMIT_SECONDS, check=False)
    if done.returncode != 0 or done.stderr:
        raise RuntimeError(f"status {done.returncode}: {done.stderr.decode(errors='replace').strip()}")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {x["id"]: x for x in lines if x["type"] == "anomaly"}


def fault_of(program, case, folder):
    everything = findings(program, case, folder)
    if case.never & set(everything):
        return f"it says {sorted(case.never & set(everything))}, which the capture explains"
    found = {name: x for name, x in everything.items() if name in FAMILY}
    if set(found) != case.raises:
        return f"it says {sorted(found)}, not {sorted(case.raises)}"
    for x in found.values():
        if x["conn"] is not None or not x["subject"] or not x["message"]:
            return f"{x['id']} is not about the capture: {x}"
        if case.severity and x["severity"] != case.severity:
            return f"{x['id']} is of severity {x['severity']}, not {case.severity}"
        for name, value in case.details.items():
            if x["details"].get(name) != value:
                return f"{x['id']}: {name} is {x['details'].get(name)}, not {value}"
    return None


def main():
    program, failed = os.environ.get("TCPFSM", "./tcpfsm"), 0
    for number, case in enumerate(CASES, 1):
        with tempfile.TemporaryDirectory() as folder:
            try:
                fault = fault_of(program, case, folder)
            except (RuntimeError, ValueError) as error:
                fault = str(error)
        failed += fault is not None
        print(f"{'not ok' if fault else 'ok'} {number} - capture: {case.what}")
        if fault:
            print(f"# {fault}")
    print(f"1..{len(CASES)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
