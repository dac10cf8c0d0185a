#!/usr/bin/env python3
"""Writes the seeds of tests/fuzz/fuzz_decode.c into a directory (by default
tests/fuzz/seeds/decode): frames made by hand after the RFCs, a link type and
a protocol's corner each.  The form of a seed stands in fuzz_decode.c."""

import os
import struct
import sys

LINKTYPES = [1, 0, 8, 9, 12, 14, 50, 51, 100, 101, 104, 107, 108, 113, 204, 228, 229, 239, 276, 147]
CLIENT4, SERVER4, HOP4 = bytes([192, 0, 2, 1]), bytes([198, 51, 100, 2]), bytes([203, 0, 113, 9])
CLIENT6, SERVER6, HOP6 = (bytes.fromhex("20010db8") + bytes(11) + bytes([n]) for n in (1, 2, 9))
MACS = bytes.fromhex("020000000001020000000002")


def total(octets):
    octets += b"\0" * (len(octets) % 2)
    value = sum(struct.unpack(f">{len(octets) // 2}H", octets))
    while value >> 16:
        value = (value & 0xFFFF) + (value >> 16)
    return value


def tcp(src, dst, options=b"", payload=b"hello", flags=0x18):
    size = 20 + len(options)
    segment = struct.pack(">HHIIHHHH", 4660, 80, 1, 2, size // 4 << 12 | flags, 4096, 0, 0) + options + payload
    pseudo = src + dst + struct.pack(">II", len(segment), 6)
    checksum = ~total(pseudo + segment) & 0xFFFF
    return segment[:16] + struct.pack(">H", checksum) + segment[18:]


def ipv4(data, protocol=6, fragment=0, options=b"", src=CLIENT4, dst=SERVER4, length=None):
    size = 20 + len(options)
    length = size + len(data) if length is None else length
    first = 0x40 | size // 4
    return struct.pack(">BBHHHBBH", first, 0, length, 77, fragment, 64, protocol, 0) + src + dst + options + data


def ipv6(data, following=6, src=CLIENT6, dst=SERVER6, length=None):
    length = len(data) if length is None else length
    return struct.pack(">IHBB", 6 << 28, length, following, 64) + src + dst + data


def frame(octets, cut=0, seconds=0):
    octets = octets[: len(octets) - cut]
    return struct.pack(">HBB", len(octets), cut, seconds) + octets


def seed(linktype, *frames):
    return bytes([LINKTYPES.index(linktype)]) + b"".join(f if isinstance(f, bytearray) else frame(f) for f in frames)


def cut(octets, by):
    return bytearray(frame(octets, by))


def later(octets, seconds):
    return bytearray(frame(octets, 0, seconds))


FOUR, SIX = ipv4(tcp(CLIENT4, SERVER4)), ipv6(tcp(CLIENT6, SERVER6))
SYN_OPTIONS = bytes.fromhex("020405b40402080a000000010000000001030307")
TIMESTAMPS = bytes.fromhex("0101080a0102030405060708")
SACK = bytes.fromhex("0101052200000001000000020000000300000004000000050000000600000007") + bytes.fromhex("00000008")
FAST_OPEN = bytes.fromhex("220a6162636465666768") + b"\1\1"
EXPERIMENT = bytes.fromhex("fe0cf9896162636465666768")
SIGNED = b"\x13\x12" + bytes(16) + b"\1\1"
MULTIPATH = bytes.fromhex("1e0c00810102030405060708")
BAD_LIST = bytes.fromhex("0303070102050101")


def option_frames():
    lists = [SYN_OPTIONS, TIMESTAMPS, SACK, FAST_OPEN, EXPERIMENT, SIGNED, MULTIPATH, BAD_LIST]
    return [ipv4(tcp(CLIENT4, SERVER4, options)) for options in lists]


def fragments4(units=2):
    segment = tcp(CLIENT4, SERVER4, payload=b"a" * 20)
    edge = units * 8
    return ipv4(segment[:edge], fragment=0x2000), ipv4(segment[edge:], fragment=units)


def fragments6(units=2, following=6, before=b""):
    segment = before + tcp(CLIENT6, SERVER6, payload=b"a" * 20)
    edge = units * 8
    head = struct.pack(">BBHI", following, 0, 1, 9)
    rest = struct.pack(">BBHI", following, 0, edge, 9)
    return ipv6(head + segment[:edge], 44), ipv6(rest + segment[edge:], 44)


def error4(kind, code, word, quoted):
    return ipv4(struct.pack(">BBHI", kind, code, 0, word) + quoted, protocol=1, src=HOP4, dst=CLIENT4)


def error6(kind, code, word, quoted):
    return ipv6(struct.pack(">BBHI", kind, code, 0, word) + quoted, 58, src=HOP6, dst=CLIENT6)


def extension_chain():
    hop = b"\x3c\0" + bytes.fromhex("010400000000")
    destination = b"\x2b\0" + bytes.fromhex("010400000000")
    route = bytes([44, 2, 0, 1]) + bytes(4) + SERVER6
    atomic = bytes([51, 0, 0, 0, 0, 0, 0, 1])
    authentication = bytes([6, 4, 0, 0]) + bytes(8) + bytes(12)
    return ipv6(hop + destination + route + atomic + authentication + tcp(CLIENT6, SERVER6), 0, dst=HOP6)


def source_route():
    return ipv4(tcp(CLIENT4, SERVER4), options=bytes([131, 7, 4]) + SERVER4 + b"\0", dst=HOP4)


def ethernet(kind, octets):
    return MACS + struct.pack(">H", kind) + octets


def seeds():
    ppp4, snap6 = b"\xff\x03\x00\x21" + FOUR, bytes.fromhex("aaaa0300000086dd") + SIX
    sll, sll2 = bytes(14), bytes.fromhex("0000000000030001040602000000000100") + b"\0"
    yield "ethernet", seed(1, ethernet(0x0800, FOUR), ethernet(0x86DD, SIX), ethernet(0x0806, bytes(28)))
    yield "vlan", seed(1, ethernet(0x8100, b"\0\5\x08\0" + FOUR), ethernet(0x88A8, b"\0\5\x81\0\0\6\x86\xdd" + SIX))
    yield "pppoe", seed(1, ethernet(0x8864, b"\x11\0\0\1" + struct.pack(">H", len(FOUR) + 2) + b"\0\x21" + FOUR))
    yield "mpls", seed(1, ethernet(0x8847, bytes.fromhex("0001004000020140") + FOUR))
    yield "e-tag", seed(1, ethernet(0x893F, bytes.fromhex("0001000200030800") + FOUR))
    yield "snap", seed(1, ethernet(len(snap6), snap6))
    yield "padding", seed(1, ethernet(0x0800, FOUR + bytes(6)))
    yield "null", seed(0, b"\2\0\0\0" + FOUR, b"\0\0\0\x1e" + SIX)
    yield "loop", seed(108, b"\0\0\0\2" + FOUR)
    yield "slip", seed(8, b"\0\x45" + bytes(14) + FOUR)
    yield "ppp", seed(9, ppp4, b"\x21" + FOUR, b"\xff\x03\xc0\x21\1\1")
    yield "ppp-hdlc", seed(50, ppp4, b"\x0f\0\x08\0" + FOUR)
    yield "c-hdlc", seed(104, b"\x0f\0\x86\xdd" + SIX)
    yield "ppp-ether", seed(51, b"\x11\0\0\1" + struct.pack(">H", len(SIX) + 2) + b"\0\x57" + SIX)
    yield "ppp-with-direction", seed(204, b"\0" + ppp4)
    yield "atm", seed(100, snap6)
    yield "frame-relay", seed(107, b"\4\1\3\xcc" + FOUR, b"\4\1\3\0\x80\0\0\0\x86\xdd" + SIX, b"\4\1\x08\0" + FOUR)
    yield "cooked", seed(113, sll + b"\x08\0" + FOUR, sll + b"\0\4" + snap6)
    yield "cooked-2", seed(276, b"\x08\0" + sll2 + FOUR)
    yield "nflog", seed(239, b"\2\0\0\1" + struct.pack("<HH", len(FOUR) + 4, 9) + FOUR)
    yield "raw", seed(101, FOUR, SIX)
    yield "ipv4", seed(228, FOUR)
    yield "ipv6", seed(229, SIX)
    yield "unknown-link", seed(147, FOUR)
    yield "options", seed(101, *option_frames())
    yield "options-cut", seed(101, *(cut(octets, 12) for octets in option_frames()))
    yield "snap-length", seed(101, cut(FOUR, 3), cut(FOUR, 10), cut(SIX, 30))
    yield "length-zero", seed(101, ipv4(tcp(CLIENT4, SERVER4), length=0), ipv6(tcp(CLIENT6, SERVER6), length=0))
    yield "ipv4-options", seed(101, source_route(), ipv4(b"", options=b"\x94\4\0\0"), ipv4(b"", options=b"\x94\0\0\0"))
    yield "ipv4-protocols", seed(101, *(ipv4(bytes(20), protocol=p) for p in (1, 4, 17, 41, 47, 50, 132)))
    yield "extensions", seed(101, extension_chain())
    yield "ipv4-fragments", seed(101, *fragments4(), *reversed(fragments4(3)))
    yield "ipv4-overlap", seed(101, fragments4(4)[0], fragments4(2)[1])
    yield "ipv4-fragments-late", seed(101, fragments4()[0], later(fragments4()[1], 61))
    yield "ipv6-fragments", seed(101, *fragments6(), *reversed(fragments6(3)))
    yield "ipv6-overlap", seed(101, fragments6(4)[0], fragments6(2)[1], fragments6(4)[1])
    yield "ipv6-copy", seed(101, fragments6()[0], *fragments6())
    yield "ipv6-fragmented-extensions", seed(101, *fragments6(3, 60, bytes.fromhex("0600010400000000")))
    yield "fragment-cut", seed(101, cut(fragments4(4)[0], 8), fragments4(4)[1])
    yield "icmp", seed(101, error4(3, 4, 1400, FOUR), error4(11, 0, 0, FOUR[:28]), error4(3, 3, 0, source_route()))
    yield "icmpv6", seed(101, error6(2, 0, 1280, SIX), error6(1, 4, 0, fragments6(4)[0]))


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    directory = sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, "seeds", "decode")
    os.makedirs(directory, exist_ok=True)
    for name, octets in seeds():
        with open(os.path.join(directory, name), "wb") as file:
            file.write(octets)


main()
