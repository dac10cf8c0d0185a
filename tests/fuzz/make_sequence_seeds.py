#!/usr/bin/env python3
"""Write the seeds of fuzz_sequence.c: short lives of connections in its eight octets a segment.

Usage: make_sequence_seeds.py DIRECTORY
"""

import os
import sys

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
FAR = [0, 1, -1, 100, -100, 1000, -1000, 65535, 65536, -65536, 200000, -200000]
GAPS = {"0": 0, "10us": 1, "200us": 2, "1ms": 3, "5ms": 4, "20ms": 5, "200ms": 6, "500ms": 7, "1s": 8,
        "2s": 9, "3s": 10, "15s": 11, "61s": 12, "200s": 13, "2h": 14, "back": 15}


class Writer:
    """Collects segments; every one has an IP ID of its own."""

    def __init__(self, config=0):
        self.data = bytearray([config])
        self.ident = 0

    def add(self, gap, sender, flags, length=0, seq=0, ack=0, window=255, options=0, again=False, tuple_=0):
        """SENDER 0 is the client; SEQ and ACK are distances out of FAR; AGAIN does not move the sender on."""
        self.ident = (self.ident + 1) % 200
        seq_code = (0x10 | FAR.index(seq) if seq else 0) | (0x20 if again else 0)
        ack_code = 0x10 | FAR.index(ack) if ack else 0
        self.data += bytes([GAPS[gap] << 4 | sender << 2 | tuple_, flags, seq_code, ack_code, length, window,
                            options, self.ident])
        return self

    def handshake(self, tuple_=0, options=0):
        self.add("1ms", 0, SYN, options=options, tuple_=tuple_)
        self.add("5ms", 1, SYN | ACK, options=options, tuple_=tuple_)
        return self.add("1ms", 0, ACK, options=options & 1, tuple_=tuple_)

    def close(self, tuple_=0):
        self.add("1s", 0, FIN | ACK, tuple_=tuple_)
        self.add("5ms", 1, FIN | ACK, tuple_=tuple_)
        return self.add("1ms", 0, ACK, tuple_=tuple_)


def seeds():
    data = PSH | ACK
    yield "close", Writer().handshake().add("1ms", 0, data, 100).add("5ms", 1, data, 100).close()
    yield "refused", Writer().add("0", 0, SYN).add("1ms", 1, RST | ACK).add("3s", 0, SYN, seq=-1)
    yield "unanswered", Writer().add("0", 0, SYN, again=True).add("1s", 0, SYN).add("200s", 0, ACK)
    yield "half-open-handshake", Writer().add("0", 0, SYN).add("5ms", 1, SYN | ACK, again=True).add(
        "1s", 1, SYN | ACK).add("61s", 1, SYN | ACK, seq=-1)
    yield "simultaneous-open", Writer().add("0", 0, SYN, again=True).add("1ms", 1, SYN, again=True).add(
        "5ms", 0, SYN | ACK, ack=1).add("1ms", 1, SYN | ACK)
    yield "simultaneous-close", Writer().handshake().add("1s", 0, FIN | ACK).add("1ms", 1, FIN | ACK, ack=-1).add(
        "5ms", 0, ACK).add("1ms", 1, ACK)
    yield "fin-again", Writer().handshake().add("1s", 0, FIN | ACK).add("5ms", 1, ACK).add(
        "200ms", 0, FIN | ACK, seq=-1).add("5ms", 1, ACK).add("61s", 1, FIN | ACK).add("1ms", 0, ACK)
    yield "stuck", Writer().handshake().add("1s", 0, FIN | ACK).add("5ms", 1, ACK).add("200s", 1, data, 10)
    yield "reset", Writer().handshake().add("1s", 0, RST, seq=100, again=True).add("1ms", 1, ACK).add("1ms", 0, RST | ACK).add(
        "200ms", 1, data, 50)
    yield "reuse", Writer().handshake().close().add("2s", 0, SYN, seq=200000).add("5ms", 1, SYN | ACK, seq=65536).add("1ms", 0, ACK)
    yield "reuse-lower", Writer().handshake().close().add("2s", 0, SYN, seq=-200000).add("5ms", 1, SYN | ACK).add("1ms", 0, ACK)
    yield "restart", Writer().handshake().add("61s", 0, SYN, seq=200000, again=True).add("1ms", 1, ACK).add(
        "1ms", 0, RST).add("1s", 0, SYN, seq=200000).add("5ms", 1, SYN | ACK, seq=1000).add("1ms", 0, ACK)
    yield "midstream", Writer().add("0", 1, data, 100).add("1ms", 0, ACK).add("1s", 1, FIN | ACK).add("1ms", 0, FIN | ACK).add(
        "1ms", 1, ACK)
    yield "holes", Writer().handshake(options=0x74).add("1ms", 0, data, 100, again=True).add("1ms", 0, data, 100, seq=1000, again=True).add(
        "5ms", 1, ACK, options=8).add("200us", 0, FIN | ACK, 100, seq=100, again=True).add("1ms", 0, data, 100).add("5ms", 1, ACK, ack=100)
    yield "timestamps", Writer().handshake(options=0x75).add("1s", 0, data, 100, options=1).add("1ms", 0, FIN | ACK, options=3).add(
        "1ms", 1, ACK, options=1)
    yield "four-at-once", Writer(0x84).handshake(0).handshake(1).handshake(2).handshake(3).close(2).close(0).close(3).close(1)
    yield "time-backwards", Writer().handshake().add("back", 0, data, 10).add("back", 1, ACK).close()
    yield "fast-open", Writer().add("0", 0, SYN, 100, options=0x84).add("5ms", 1, SYN | ACK).add("1ms", 1, data, 100).add("1ms", 0, ACK)


def main():
    directory = sys.argv[1]
    os.makedirs(directory, exist_ok=True)
    for name, writer in seeds():
        with open(os.path.join(directory, name), "wb") as file:
            file.write(bytes(writer.data))


if __name__ == "__main__":
    main()
