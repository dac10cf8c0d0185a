#!/usr/bin/env python3
"""Writes the seeds of tests/fuzz/fuzz_capture.c into a directory (by default
tests/fuzz/seeds/capture): small capture files made by hand, each behind the
octet that chooses the buffer."""

import gzip
import lzma
import os
import struct
import sys

OCTETS = bytes(range(1, 21))
PCAP_MAGICS = {"us": 0xA1B2C3D4, "ns": 0xA1B23C4D, "patched": 0xA1B2CD34}


def pcap(order, magic, minor=4, linktype=1, snaplen=65535):
    extra = bytes(8) if magic == PCAP_MAGICS["patched"] else b""
    out = struct.pack(order + "IHHIIII", magic, 2, minor, 0, 0, snaplen, linktype)
    for n in (20, 0, 7):
        out += struct.pack(order + "IIII", 1700000000 + n, 123456, n, 60) + extra + OCTETS[:n]
    return out


def block(order, kind, body):
    body += bytes(-len(body) % 4)
    length = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + length + body + length


def option(order, code, value):
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def section(order):
    return block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))


def interface(order, linktype, resolution, offset):
    options = option(order, 9, bytes([resolution])) + option(order, 14, struct.pack(order + "q", offset))
    return block(order, 1, struct.pack(order + "HHI", linktype, 0, 0) + options + bytes(4))


def packet(order, number, ticks, options=b""):
    head = struct.pack(order + "IIIII", number, ticks >> 32, ticks & 0xFFFFFFFF, 20, 1500)
    return block(order, 6, head + OCTETS + options)


def pcapng(order):
    drops = option(order, 4, struct.pack(order + "Q", 3)) + bytes(4)
    counts = option(order, 3, struct.pack(order + "II", 0, 9500000)) + option(order, 5, struct.pack(order + "Q", 2))
    return (
        section(order)
        + interface(order, 1, 6, 0)
        + interface(order, 101, 0x80 | 20, -5)
        + packet(order, 0, 1700000000123456, drops)
        + packet(order, 1, 1 << 40)
        + packet(order, 7, 0)
        + block(order, 3, struct.pack(order + "I", 60) + OCTETS)
        + block(order, 2, struct.pack(order + "HHIIII", 0, 4, 0, 5, 20, 60) + OCTETS)
        + block(order, 4, bytes(4))
        + block(order, 5, struct.pack(order + "III", 0, 0, 0) + counts + bytes(4))
    )


def zstd(octets):
    """One frame of a single raw block, at most 255 octets."""
    return b"\x28\xb5\x2f\xfd\x20" + bytes([len(octets)]) + struct.pack("<I", len(octets) << 3 | 1)[:3] + octets


def lz4(octets):
    """One frame of a single block that is not compressed; 0x82 checks the two octets before it."""
    return b"\x04\x22\x4d\x18\x60\x40\x82" + struct.pack("<I", len(octets) | 1 << 31) + octets + bytes(4)


def seeds():
    for name, order in (("little", "<"), ("big", ">")):
        for kind, magic in PCAP_MAGICS.items():
            yield f"pcap-{kind}-{name}", pcap(order, magic)
        yield f"pcapng-{name}", pcapng(order)
        yield f"pcap-nflog-{name}", pcap(order, PCAP_MAGICS["us"], linktype=239)
    yield "pcap-2.3", pcap("<", PCAP_MAGICS["us"], minor=3, snaplen=8)
    yield "pcapng-both-orders", pcapng("<") + pcapng(">")
    plain = pcap("<", PCAP_MAGICS["us"])
    for name, pack in (
        ("gzip", lambda b: gzip.compress(b, mtime=0)),
        ("xz", lambda b: lzma.compress(b, check=lzma.CHECK_CRC32)),
        ("zstd", zstd),
        ("lz4", lz4),
    ):
        yield name, pack(plain)
        yield name + "-two-members", pack(plain[:50]) + pack(plain[50:])


def main():
    directory = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "seeds", "capture")
    os.makedirs(directory, exist_ok=True)
    for name, octets in seeds():
        with open(os.path.join(directory, name), "wb") as f:
            f.write(b"\x05" + octets)


if __name__ == "__main__":
    main()
