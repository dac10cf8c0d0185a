"""Two network namespaces with a line between them, and a live tcpfsm on it.

The client is 10.77.0.1 on `vc`, the server 10.77.0.2 on `vs`.  A process
with a pid of its own holds each namespace, so that nothing is left behind
however a run ends.
"""

import contextlib
import ctypes
import json
import os
import re
import signal
import socket
import subprocess
import time

CLIENT, SERVER = "10.77.0.1", "10.77.0.2"
SIDES = {"client": ("vc", CLIENT, "02:00:00:00:00:01"), "server": ("vs", SERVER, "02:00:00:00:00:02")}
CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)

# ss's names of the states, as RFC 9293 has them.
SS_STATES = {"ESTAB": "ESTABLISHED", "SYN-RECV": "SYN-RECEIVED"}


def wait_until(holds, seconds, what):
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, f"not within {seconds} s: {what}"
        time.sleep(0.02)


class Field:
    """The namespaces, and processes in them."""

    def __init__(self):
        self.processes = []
        self.sockets = []  # a socket that nobody holds would be closed
        self.holder = {}
        try:
            for side in SIDES:
                self.holder[side] = subprocess.Popen(["unshare", "-n", "sleep", "3600"])
            home = os.stat("/proc/self/ns/net").st_ino
            for side, process in self.holder.items():
                wait_until(lambda: os.stat(f"/proc/{process.pid}/ns/net").st_ino != home, 5, "a new namespace")
            self._connect()
        except BaseException:
            self.close()
            raise

    def _connect(self):
        pid = {side: str(self.holder[side].pid) for side in SIDES}
        subprocess.run(["ip", "link", "add", "vc", "netns", pid["client"], "type", "veth",
                        "peer", "name", "vs", "netns", pid["server"]], check=True)
        for side, (device, address, mac) in SIDES.items():
            self.run(side, "ip", "link", "set", "lo", "up")
            self.run(side, "ip", "link", "set", device, "address", mac)
            self.run(side, "ip", "addr", "add", address + "/16", "dev", device)
            self.run(side, "ip", "link", "set", device, "up")
        # Answers to the flood's sources go back to where it comes from.
        self.run("server", "ip", "route", "add", "10.128.0.0/9", "via", CLIENT)

    def words(self, side, *words):
        return ["nsenter", f"--net=/proc/{self.holder[side].pid}/ns/net", *words]

    def run(self, side, *words):
        return subprocess.run(self.words(side, *words), check=True, capture_output=True, text=True).stdout

    def start(self, side, *words, **how):
        process = subprocess.Popen(self.words(side, *words), **how)
        self.processes.append(process)
        return process

    @contextlib.contextmanager
    def inside(self, side):
        """This thread in the namespace of SIDE."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(f"/proc/{self.holder[side].pid}/ns/net", os.O_RDONLY)
        try:
            assert _libc.setns(there, CLONE_NEWNET) == 0
            yield
        finally:
            _libc.setns(home, CLONE_NEWNET)
            os.close(home)
            os.close(there)

    def listen(self, port, backlog=64):
        with self.inside("server"):
            s = socket.create_server((SERVER, port), backlog=backlog)
        self.sockets.append(s)
        return s

    def dial(self, port, bind=None):
        with self.inside("client"):
            s = socket.socket()
        self.sockets.append(s)
        if bind:
            s.bind((CLIENT, bind))
        s.settimeout(5)
        s.connect((SERVER, port))
        return s

    def ss(self, side, *ports):
        """{(port of the client, of the server): state} as the kernel of SIDE has it."""
        found = {}
        for line in self.run(side, "ss", "-tanH").splitlines():
            state, _, _, local, peer = line.split()[:5]
            if state == "LISTEN":
                continue
            ends = [int(end.rsplit(":", 1)[1]) for end in (local, peer)]
            if side == "server":
                ends.reverse()
            if not ports or ends[1] in ports:
                found[tuple(ends)] = SS_STATES.get(state, state)
        return found

    def packets(self, device="vs", side="server"):
        """Frames that have passed the device, both ways."""
        link = json.loads(self.run(side, "ip", "-j", "-s", "link", "show", device))[0]
        return link["stats64"]["rx"]["packets"] + link["stats64"]["tx"]["packets"]

    def close(self):
        for s in self.sockets:
            s.close()
        # Asked first: a server that is killed leaves its workers behind.
        everybody = self.processes + list(self.holder.values())
        for process in everybody:
            if process.poll() is None:
                process.terminate()
        for process in everybody:
            try:
                process.wait(3)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Live:
    """A running tcpfsm in the namespace of the server."""

    def __init__(self, field, program, folder, *options, interface="vs", prefix=(), **how):
        self.folder = folder
        self.error_path = os.path.join(folder, "errors")
        environment = {**os.environ, "ASAN_OPTIONS": "exitcode=99:" + os.environ.get("ASAN_OPTIONS", "")}
        with open(self.error_path, "w") as errors, open(os.path.join(folder, "output"), "w") as output:
            self.process = field.start("server", *prefix, program, "-i", interface, *options,
                                       stdin=subprocess.DEVNULL, stderr=errors,
                                       **{"stdout": output, "cwd": folder, "env": environment, **how})
        self.wait_until_sealed() if "--no-sandbox" not in options else time.sleep(0.5)

    @property
    def pid(self):
        return self.process.pid

    def status(self, pid=None):
        """The lines of /proc/PID/status."""
        with open(f"/proc/{pid or self.pid}/status") as f:
            return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)

    def wait_until_sealed(self):
        def sealed():
            assert self.process.poll() is None, f"it ended early: {self.errors()}"
            return self.status().get("Seccomp") == "2" and self.status()["Name"] == "tcpfsm"
        wait_until(sealed, 10, "the capture is sealed")

    def helpers(self):
        with open(f"/proc/{self.pid}/task/{self.pid}/children") as f:
            return [int(pid) for pid in f.read().split()]

    def errors(self):
        with open(self.error_path) as f:
            return f.read()

    def send(self, number):
        self.process.send_signal(number)

    def report(self):
        """What SIGUSR1 prints."""
        before = len(self.errors())
        self.send(signal.SIGUSR1)
        heading = "tcpfsm: after "
        wait_until(lambda: heading in self.errors()[before:] and self.errors().endswith("\n"), 5, "a report")
        time.sleep(0.1)
        return self.errors()[before:]

    def table(self):
        """What SIGUSR1 shows: {(port of the client, of the server): (client's state, server's)}."""
        row = re.compile(r" *\d+  \S+:(\d+) -> \S+:(\d+) +(\S+) / (\S+) ")
        rows = filter(None, map(row.match, self.report().splitlines()))
        return {(int(m[1]), int(m[2])): (m[3], m[4]) for m in rows}

    def table_size(self):
        """All connections in it; the sources of a flood may share ports, and SIGUSR1 shows but a part."""
        return int(re.search(r", ([\d,]+) in the table ", self.report())[1].replace(",", ""))

    def end(self, number=signal.SIGTERM, seconds=20):
        self.send(number)
        return self.wait(seconds)

    def wait(self, seconds=20):
        return self.process.wait(seconds)

    def memory_kib(self, which="VmRSS"):
        return int(self.status()[which].split()[0])


def records(*paths):
    """All lines of JSON Lines files, in order."""
    lines = []
    for path in paths:
        with open(path) as f:
            lines += map(json.loads, f)
    return lines
