#!/usr/bin/env python3
"""Makes green.pcap and red.pcap, frame by frame: what an integration test's traffic to an API on port 8080
looks like when all is well, and when the server forgets to close.

    examples/ci/make_captures.py [FOLDER]

green.pcap: three connections, each opened, one request and one answer, closed by the client and then by the
server; a minute of other traffic follows.
red.pcap: the same, but in the second one the server acknowledges the client's FIN and never closes, and the
third one is reset by the server in the middle of its answer.
"""

import os
import struct
import sys

START = 1767225600  # 2026-01-01 00:00:00 UTC
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
CLIENT, SERVER = (192, 0, 2, 10), (192, 0, 2, 80)  # RFC 5737: for documentation
REQUEST = b"GET /status HTTP/1.1\r\nHost: api.example\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def frame(source, destination, flags, seq, ack, payload, ip_id):
    """An Ethernet frame with a TCP segment; SOURCE and DESTINATION are (address, port)."""
    addresses = bytes(source[0]) + bytes(destination[0])
    head = struct.pack(">HHIIBBHHH", source[1], destination[1], seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, 5 << 4, flags, 64240, 0, 0)
    pseudo = addresses + struct.pack(">BBH", 0, 6, len(head) + len(payload))
    tcp = head[:16] + struct.pack(">H", checksum(pseudo + head + payload)) + head[18:] + payload
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), ip_id, 0x4000, 64, 6, 0) + addresses
    ip = ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:]
    return b"\2\0\0\0\0\x50" + b"\2\0\0\0\0\x0a" + b"\x08\0" + ip + tcp


class Connection:
    """Writes the segments of one connection, keeping the sequence numbers of both ends."""

    def __init__(self, frames, port, start, isns):
        self.frames, self.when = frames, start
        self.ends = {"client": (CLIENT, port), "server": (SERVER, 8080)}
        self.next = {"client": isns[0], "server": isns[1]}

    def send(self, end, flags, payload=b"", after=0.001):
        other = "server" if end == "client" else "client"
        self.when += after
        ack = self.next[other] if flags & ACK else 0
        self.frames.append((self.when, frame(self.ends[end], self.ends[other], flags, self.next[end], ack, payload, len(self.frames) + 1)))
        self.next[end] += len(payload) + bool(flags & (SYN | FIN))

    def open(self):
        self.send("client", SYN)
        self.send("server", SYN | ACK)
        self.send("client", ACK)
        self.send("client", PSH | ACK, REQUEST)
        self.send("server", ACK)

    def answer(self):
        self.send("server", PSH | ACK, ANSWER, after=0.010)
        self.send("client", ACK)

    def close(self, by_server=True):
        self.send("client", FIN | ACK)
        if by_server:
            self.send("server", FIN | ACK)
            self.send("client", ACK)
        else:
            self.send("server", ACK)


def arp(when):
    """Other traffic: it shows how long the capture went on."""
    body = struct.pack(">HHBBH", 1, 0x0800, 6, 4, 1) + b"\2\0\0\0\0\x0a" + bytes(CLIENT) + bytes(6) + bytes(SERVER)
    return when, b"\xff" * 6 + b"\2\0\0\0\0\x0a" + b"\x08\x06" + body + bytes(18)


def capture(red):
    frames = []
    for number, (port, isns) in enumerate([(40112, (0x5F3A19C4, 0x21D07E66)), (51930, (0xC20B7715, 0x9E1450AB)), (46204, (0x08D3F2E9, 0xE6419D30))]):
        c = Connection(frames, port, number * 0.5, isns)
        c.open()
        if red and number == 2:
            c.send("server", RST | ACK, after=0.010)
            continue
        c.answer()
        c.close(by_server=not (red and number == 1))
    return frames + [arp(30), arp(70)]


def write(path, frames):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for when, octets in frames:
            micro = round(when * 1000000)
            file.write(struct.pack("<IIII", START + micro // 1000000, micro % 1000000, len(octets), len(octets)) + octets)


if __name__ == "__main__":
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    write(os.path.join(folder, "green.pcap"), capture(red=False))
    write(os.path.join(folder, "red.pcap"), capture(red=True))
