"""Two network namespaces with the tap between them, and sockets in both.

A namespace here has no name: it lives as long as a file descriptor of this
process refers to it, so nothing is left behind however a run ends.  A thread
steps into a namespace, makes a socket, and steps out; the socket stays there.
"""

import contextlib
import ctypes
import os
import socket
import struct
import subprocess
import time

_libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
TCP_REPAIR = 19
TCP_REPAIR_QUEUE = 20
TCP_QUEUE_SEQ = 21
SEND_QUEUE = 2
TCP_FASTOPEN_CONNECT = 30
SIDES = ("client", "server")


def _setns(fd):
    if _libc.setns(fd, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def _new_namespace():
    """A file descriptor of a new network namespace; the thread stays in its own."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        if _libc.unshare(CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "unshare")
        new = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        _setns(home)
    finally:
        os.close(home)
    return new


class Pair:
    """The experiment: `client` and `server`, and the tap's commands as methods."""

    def __init__(self, tap, number, family, capture, polls, fates, clock_offset_ns, seed):
        self.family = family
        self.af = socket.AF_INET if family == 4 else socket.AF_INET6
        self.seed = seed
        if family == 4:
            net = f"10.{9 + number // 256}.{number % 256}"
            self.addr = {"client": f"{net}.1", "server": f"{net}.2"}
        else:
            self.addr = {"client": f"fd00:9:{number:x}::1" if number else "fd00:9::1",
                         "server": f"fd00:9:{number:x}::2" if number else "fd00:9::2"}
        self.sockets = []
        self.all_rules = []
        self.unused_rules = []
        self.ns = {}
        self.tap = None
        try:
            self.ns = {side: _new_namespace() for side in SIDES}
            self.tap = subprocess.Popen(
                [tap, str(self.ns["client"]), str(self.ns["server"]), capture, polls, fates,
                 str(clock_offset_ns), str(seed)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
                pass_fds=list(self.ns.values()))
            if self.tap.stdout.readline().strip() != "ready":
                raise RuntimeError("the tap did not start")
            for side in SIDES:
                self._configure(side)
        except BaseException:
            self.close()
            raise

    @contextlib.contextmanager
    def inside(self, side):
        """Run a block in the namespace of SIDE (this thread only)."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        _setns(self.ns[side])
        try:
            yield
        finally:
            _setns(home)
            os.close(home)

    def _configure(self, side):
        address = f"{self.addr[side]}/{24 if self.family == 4 else 64}"
        nodad = "" if self.family == 4 else " nodad"
        batch = f"link set lo up\naddr add {address} dev tap0{nodad}\nlink set tap0 up\n"
        with self.inside(side):
            subprocess.run(["ip", "-batch", "-"], input=batch, text=True, check=True)
        self._wait_for_routes(side)

    def _wait_for_routes(self, side):
        """IPv6 puts its routes in only some time after the address.

        A packet to itself arrives only once the address is a local one.
        """
        other = self.addr["server" if side == "client" else "client"]
        until = time.monotonic() + 5
        while True:
            with self.inside(side), socket.socket(self.af, socket.SOCK_DGRAM) as s:
                try:
                    s.bind((self.addr[side], 0))
                    s.settimeout(0.005)
                    s.sendto(b"?", s.getsockname())
                    s.recv(1)
                    return s.connect((other, 9))
                except OSError:
                    if time.monotonic() > until:
                        raise

    def sysctl(self, side, **values):
        """Set net.ipv4.NAME in the namespaces of SIDE ("both" for both)."""
        for one in SIDES if side == "both" else (side,):
            with self.inside(one):
                for name, value in values.items():
                    with open(f"/proc/sys/net/ipv4/{name}", "w") as f:
                        f.write(str(value))

    def command_inside(self, side, *words):
        with self.inside(side):
            subprocess.run(words, check=True, stdout=subprocess.DEVNULL)

    # The tap

    def _ask(self, line):
        self.tap.stdin.write(line + "\n")
        self.tap.stdin.flush()
        words = self.tap.stdout.readline().split()
        if not words or words[0] != "ok":
            raise RuntimeError(f"tap: {line}: {' '.join(words)}")
        return words[1:]

    def rule(self, text):
        """A rule of the tap, in words: see tap.h."""
        self._ask("rule " + text)
        self.all_rules.append(text)

    def path(self, text):
        """The quality of a path, in words: see tap.h."""
        self._ask("path " + text)

    def clear(self):
        """Take all rules away; remember those that never applied."""
        hits = self._ask("hits")
        self.unused_rules += [r for r, n in zip(self.all_rules, hits) if n == "0"]
        self.all_rules.clear()
        self._ask("clear")

    def release(self):
        self._ask("release")

    def stop(self):
        """The end of the capture: its time (ns) and how many packets it has."""
        self.clear()
        end, packets = self._ask("stop")
        self.tap.wait()
        return int(end), int(packets)

    def numbers(self, port=40001):
        """What the tap saw last of both sides: next sequence number, ACK, TSval, window."""
        n = [int(w) for w in self._ask(f"numbers {port}")]
        names = ("seq", "ack", "tsval", "window")
        return {"client": dict(zip(names, n[:4])), "server": dict(zip(names, n[4:]))}

    def inject(self, side, flags, seq, ack=0, port=40001, to=80, ttl=64, window=512, payload=b"",
               options=b""):
        """A forged segment that pretends to come from SIDE appears just before the tap."""
        ports = (port, to) if side == "client" else (to, port)
        src = self.addr[side]
        dst = self.addr["server" if side == "client" else "client"]
        packet = forge(self.family, src, dst, ports, flags, seq, ack, ttl, window, payload, options)
        self._ask(f"inject {side} {packet.hex()}")

    # Sockets

    def socket(self, side, port=0):
        """A socket in the namespace of SIDE, bound to its address and PORT."""
        with self.inside(side):
            s = socket.socket(self.af, socket.SOCK_STREAM)
        self.sockets.append(s)
        s.settimeout(150)
        if port:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind((self.addr[side], port))
        return s

    def listen(self, port=80, backlog=16):
        s = self.socket("server", port)
        s.listen(backlog)
        return s

    def start_dial(self, port=40001, to=80):
        """A client's socket whose connect() goes on by itself."""
        s = self.socket("client", port)
        s.setblocking(False)
        s.connect_ex((self.addr["server"], to))
        s.settimeout(150)
        return s

    def dial(self, port=40001, to=80, isn=None):
        """A client's socket that is connected; its kernel chooses the initial sequence number, or ISN is it."""
        s = self.socket("client", port)
        if isn is not None:
            choose_isn(s, isn)
        s.connect((self.addr["server"], to))
        return s

    def connect(self, port=40001, to=80):
        """An established connection: the client's and the server's socket, and the listening one."""
        listening = self.listen(to)
        c = self.dial(port, to)
        s = self.accept(listening)
        return c, s, listening

    def accept(self, listening):
        s, _ = listening.accept()
        self.sockets.append(s)
        s.settimeout(150)
        return s

    def sleep(self, seconds):
        time.sleep(seconds)

    def close(self):
        """Let go of everything; the namespaces go with the last reference."""
        if self.tap:
            self.tap.stdin.close()
            try:
                self.tap.wait(5)
            except subprocess.TimeoutExpired:
                self.tap.kill()
                self.tap.wait()
            self.tap.stdout.close()
        for s in self.sockets:
            s.close()
        for fd in self.ns.values():
            os.close(fd)
        self.ns = {}


def abort(sock):
    """Close with a RST: SO_LINGER with a time of 0."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def vanish(sock):
    """The kernel forgets the connection without a word, as a crashed host does."""
    sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    sock.close()


def choose_isn(sock, isn):
    """SOCK, which is not connected yet, will begin with ISN (not 0): by what is meant for restoring a checkpoint."""
    sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR_QUEUE, SEND_QUEUE)
    sock.setsockopt(socket.IPPROTO_TCP, TCP_QUEUE_SEQ, struct.pack("I", isn & 0xFFFFFFFF))
    sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 0)


def read_all(sock):
    """Read until the peer's FIN; how many octets there were."""
    total = 0
    while chunk := sock.recv(65536):
        total += len(chunk)
    return total


def _sum16(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


FLAGS = {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16}


def forge(family, src, dst, ports, flags, seq, ack, ttl, window, payload, options):
    """An IP packet with one TCP segment; FLAGS as letters, "SA"."""
    options += b"\1" * (-len(options) % 4)
    bits = sum(FLAGS[f] for f in flags)
    tcp = struct.pack("!HHIIBBHHH", *ports, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF,
                      (20 + len(options)) // 4 << 4, bits, window, 0, 0) + options + payload
    af = socket.AF_INET if family == 4 else socket.AF_INET6
    ends = socket.inet_pton(af, src) + socket.inet_pton(af, dst)
    pseudo = ends + struct.pack("!II", len(tcp), socket.IPPROTO_TCP)
    tcp = tcp[:16] + struct.pack("!H", _sum16(pseudo + tcp)) + tcp[18:]
    if family == 6:
        return struct.pack("!IHBB", 6 << 28, len(tcp), socket.IPPROTO_TCP, ttl) + ends + tcp
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0x4242, 0, ttl, socket.IPPROTO_TCP, 0) + ends
    return ip[:10] + struct.pack("!H", _sum16(ip)) + ip[12:] + tcp
