"""The kernel's own record of the states of both ends of each connection.

Two sources are merged:

* the tracepoint sock:inet_sock_set_state tells every change of a full socket
  at the moment it happens;
* the tap's questions by inet_diag (tap_diag.c) tell of what has no full
  socket: SYN-RECEIVED of a passive end, TIME-WAIT, and FIN-WAIT-2 after
  close().  The tracepoint shows a socket that turns into a TIME-WAIT bucket as
  closed.

States are RFC 9293's names.  An end without a connection is LISTEN where a
socket listens on its port, else CLOSED.
"""

import collections
import os
import re
import threading
import time

TRACING = "/sys/kernel/tracing"
EVENT = "events/sock/inet_sock_set_state"

# The kernel's numbers of the states (include/net/tcp_states.h); 0: no socket.
NUMBERED = {0: "CLOSED", 1: "ESTABLISHED", 2: "SYN-SENT", 3: "SYN-RECEIVED", 4: "FIN-WAIT-1",
            5: "FIN-WAIT-2", 6: "TIME-WAIT", 7: "CLOSED", 8: "CLOSE-WAIT", 9: "LAST-ACK",
            10: "LISTEN", 11: "CLOSING", 12: "SYN-RECEIVED"}
NAMED = {"TCP_ESTABLISHED": 1, "TCP_SYN_SENT": 2, "TCP_SYN_RECV": 3, "TCP_FIN_WAIT1": 4,
         "TCP_FIN_WAIT2": 5, "TCP_TIME_WAIT": 6, "TCP_CLOSE": 7, "TCP_CLOSE_WAIT": 8,
         "TCP_LAST_ACK": 9, "TCP_LISTEN": 10, "TCP_CLOSING": 11, "TCP_NEW_SYN_RECV": 12}
NOWHERE = ("CLOSED", "LISTEN")

# How long after the tracepoint's "closed" a question may first see the TIME-WAIT bucket, on a busy machine.
BUCKET_SEEN_NS = 1_000_000_000

# addr and port of this end, addr and port of the other one
End = collections.namedtuple("End", "addr port peer peer_port")
Change = collections.namedtuple("Change", "ts state")  # ns since the epoch


def clock_offset_ns():
    """What must be added to CLOCK_MONOTONIC to get CLOCK_REALTIME, read as exactly as we can."""
    best = None
    for _ in range(50):
        a = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        real = time.clock_gettime_ns(time.CLOCK_REALTIME)
        b = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        if best is None or b - a < best[0]:
            best = (b - a, real - (a + b) // 2)
    return best[1]


class Tracer:
    """A trace instance of our own that collects the state changes of TCP sockets."""

    LINE = re.compile(r"\s(\d+)\.(\d{6}): inet_sock_set_state: family=(\S+) protocol=\S+ sport=(\d+) "
                      r"dport=(\d+) saddr=(\S+) daddr=(\S+) saddrv6=(\S+) daddrv6=(\S+) "
                      r"oldstate=(\S+) newstate=(\S+)")

    def __init__(self, offset_ns):
        self.offset_ns = offset_ns
        self.changes = collections.defaultdict(list)  # End: [(ns, old, new)]
        self.lost = 0
        self.path = f"{TRACING}/instances/tcpfsm-{os.getpid()}"
        os.mkdir(self.path)
        self._write("trace_clock", "mono")
        self._write("buffer_size_kb", "4096")
        self._write(EVENT + "/filter", "protocol == 6")
        self._write(EVENT + "/enable", "1")
        self._pipe = os.open(self.path + "/trace_pipe", os.O_RDONLY | os.O_NONBLOCK)
        self._rest = ""
        self._lock = threading.Lock()

    @staticmethod
    def available():
        return os.path.isdir(f"{TRACING}/{EVENT}") or os.path.isdir(f"{TRACING}/instances")

    def _write(self, name, value):
        with open(f"{self.path}/{name}", "w") as f:
            f.write(value)

    def drain(self):
        """Take in what the kernel has recorded so far."""
        with self._lock:
            while True:
                try:
                    data = os.read(self._pipe, 1 << 16)
                except BlockingIOError:
                    return
                if not data:
                    return
                lines = (self._rest + data.decode()).split("\n")
                self._rest = lines.pop()
                for line in lines:
                    self._take(line)

    def _take(self, line):
        if "LOST" in line and "EVENTS" in line:
            self.lost += 1
        m = self.LINE.search(line)
        if not m:
            return
        ts = int(m[1]) * 10**9 + int(m[2]) * 1000 + self.offset_ns
        src, dst = (m[6], m[7]) if m[3] == "AF_INET" else (m[8], m[9])
        end = End(src, int(m[4]), dst, int(m[5]))
        self.changes[end].append((ts, NAMED[m[10]], NAMED[m[11]]))

    def close(self):
        os.close(self._pipe)
        self._write(EVENT + "/enable", "0")
        os.rmdir(self.path)


Answer = collections.namedtuple("Answer", "since asked told state mini")


def read_polls(path):
    """The answers that the tap wrote down: {End: [Answer]}."""
    answers = collections.defaultdict(list)
    with open(path) as f:
        for line in f:
            w = line.split()
            end = End(w[3], int(w[4]), w[5], int(w[6]))
            answers[end].append(Answer(int(w[0]), int(w[1]), int(w[2]), int(w[7]), w[8] == "mini"))
    return answers


class _Merge:
    """One end's states out of both sources, in the order of time."""

    def __init__(self, answers, traced):
        self.answers = answers
        self.states = []
        self.bucket = False  # the state is that of a request socket or a TIME-WAIT bucket
        first = answers[0].state if answers else 0
        at = min([a.since for a in answers[:1]] + [t for t, _, _ in traced[:1]])
        self._set(at, "LISTEN" if first in (10, 3) else "CLOSED", False)
        events = [(a.asked, 1, a) for a in answers] + [(t[0], 0, t) for t in traced]
        for _, is_answer, event in sorted(events, key=lambda e: e[:2]):
            if is_answer:
                self._answer(event)
            else:
                self._traced(*event)

    @property
    def now(self):
        return self.states[-1].state

    def _set(self, ts, state, bucket):
        if self.states and state == self.now:
            self.bucket = self.bucket and bucket
            return
        opening = state in ("SYN-SENT", "SYN-RECEIVED")
        if self.states and opening and self.now not in NOWHERE + ("SYN-SENT",):
            self.states.append(Change(ts, "CLOSED" if state == "SYN-SENT" else "LISTEN"))
        self.states.append(Change(ts, state))
        self.bucket = bucket

    def _traced(self, ts, _old, new):
        if NUMBERED[new] == "CLOSED":
            bucket = self._bucket_after(ts)
            if bucket:
                self._set(ts, NUMBERED[bucket.state], True)
                self.bucket = True
                return
        self._set(ts, NUMBERED[new], False)

    def _bucket_after(self, ts):
        for a in self.answers:
            if a.told >= ts and (a.mini or a.state in (0, 10)):
                return a if a.mini and a.asked - ts < BUCKET_SEEN_NS else None
        return None

    def _answer(self, a):
        if a.mini and self.now != "CLOSED":
            self._set(a.since, NUMBERED[a.state], True)
            self.bucket = True
        elif a.state == 3 and self.now in NOWHERE + ("TIME-WAIT",):
            self._set(a.since, "SYN-RECEIVED", True)
        elif a.state in (0, 10) and self.bucket:
            refused = a.state == 10 and self.now == "SYN-RECEIVED"
            self._set(a.since, "LISTEN" if refused else "CLOSED", False)
        elif a.state in (0, 10) and len(self.states) == 1:
            self.states[0] = Change(self.states[0].ts, NUMBERED[a.state])


def merge(answers, changes, addresses):
    """{End: [Change]} for all connections between ADDRESSES of which the tap saw a segment."""
    truth = {}
    for end in answers:
        if end.addr in addresses and end.peer in addresses and end.port and end.peer_port:
            truth[end] = _Merge(answers.get(end, []), changes.get(end, [])).states
    return truth


def write_states(path, truth, end_ns, about, findings):
    """The record beside a capture: one change a line, in the order of time, then what must be found."""
    with open(path, "w") as f:
        for line in about:
            f.write(f"# {line}\n")
        f.write("# time (seconds since the epoch)    this end    the other end    state\n")
        lines = [(c.ts, end, i, c.state) for end, states in truth.items() for i, c in enumerate(states)
                 if c.ts <= end_ns]
        for ts, end, i, state in sorted(lines):
            f.write(f"{ts // 10**9}.{ts % 10**9:09d} {end.addr} {end.port} {end.peer} {end.peer_port} "
                    f"{state}\n")
        f.write(f"{end_ns // 10**9}.{end_ns % 10**9:09d} end\n")
        for name, end in findings.items():
            f.write(f"finding {name} {end or 'any'}\n")


def ns_of(text):
    seconds, _, fraction = text.partition(".")
    return int(seconds) * 10**9 + int(fraction.ljust(9, "0")[:9] or 0)


def read_states(path):
    """What write_states() wrote: ({End: [Change]}, end_ns, {finding: end})."""
    truth, end_ns, findings = collections.defaultdict(list), None, {}
    with open(path) as f:
        for line in f:
            w = line.split()
            if line.startswith("#") or not w:
                continue
            if w[0] == "finding":
                findings[w[1]] = w[2]
            elif w[1] == "end":
                end_ns = ns_of(w[0])
            else:
                truth[End(w[1], int(w[2]), w[3], int(w[4]))].append(Change(ns_of(w[0]), w[5]))
    return dict(truth), end_ns, findings
