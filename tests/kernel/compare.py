"""Compares what tcpfsm says of a capture with what the kernels said.

For each end of each connection four things are asked:

  history  did it pass through the kernel's states, in the kernel's order?
  final    is its last state the kernel's?
  time     what share of the time was its state the kernel's?
  sound    what share of the time was the kernel's state among `possible`?
  width    how many states did `possible` hold, on average? (LISTEN is CLOSED)

and of each capture: are the findings raised that it must raise, and no other
warning or error?

An answer may come TOLERANCE_NS early or late: a segment passes the tap a
little after the sender's change and before the receiver's.  LISTEN and CLOSED
count as the same here: both mean that there is no connection, and a tap cannot
see a listening socket.
"""

import collections
import decimal
import itertools
import json
import os
import shutil
import subprocess

import remains
from truth import NOWHERE, End, read_states

TOLERANCE_NS = 5_000_000

OPENING = ("SYN-SENT", "SYN-RECEIVED")

# What one end was said to be in, from a moment on.
Said = collections.namedtuple("Said", "ts state possible")


def plain(state):
    return "CLOSED" if state in NOWHERE else state


def find_tcpfsm():
    """The program: $TCPFSM, or in the build tree, or installed."""
    here = os.path.dirname(os.path.abspath(__file__))
    for path in (os.environ.get("TCPFSM"), "./tcpfsm", os.path.join(here, "../../tcpfsm"),
                 os.path.join(here, "../../build/tcpfsm"), shutil.which("tcpfsm")):
        if path and os.access(path, os.X_OK):
            return os.path.abspath(path)
    raise FileNotFoundError("no tcpfsm: build it, or set TCPFSM")


class Output:
    """tcpfsm's JSON Lines about one capture, put together by ends."""

    def __init__(self, lines):
        self.tracks = collections.defaultdict(list)     # End: [Said], in order
        self.histories = collections.defaultdict(list)  # End: [[state, ...] a connection]
        self.final = {}                                 # End: state
        self.first_ns = {}                              # End: when its first segment passed
        self.begun = collections.defaultdict(list)      # End: when each of its connections began
        self.findings = collections.defaultdict(set)    # id: {end, ...}
        self.alarms = set()                             # ids of findings that are warnings or errors
        records = [json.loads(line, parse_float=json_ns) for line in lines]
        self.events = collections.defaultdict(list)
        for r in records:
            if r["type"] in ("transition", "possible"):
                self.events[r["conn"], r["endpoint"]].append(r)
            elif r["type"] == "anomaly":
                self.findings[r["id"]].add(r["endpoint"])
                if r["severity"] in ("warning", "error"):
                    self.alarms.add(r["id"])
        connections = [r for r in records if r["type"] == "connection"]
        for r in sorted(connections, key=lambda r: r["conn"]):
            self._connection(r)

    def _connection(self, r):
        for side, other in (("client", "server"), ("server", "client")):
            end = End(r[side]["addr"], r[side]["port"], r[other]["addr"], r[other]["port"])
            self.histories[end].append([plain(s) for s in r[side]["history"]])
            self.final[end] = plain(r[side]["state"])
            first_ns = as_ns(r["first_ts"])
            self.first_ns.setdefault(end, first_ns)
            self.begun[end].append(first_ns)
            self._track(end, first_ns, self.events[r["conn"], side], r[side])

    def _track(self, end, first_ns, events, record):
        start = events[0].get("from", events[0].get("state")) if events else record["state"]
        possible = {plain(start)} if events else {plain(s) for s in record["possible"]}
        track = self.tracks[end]
        if not track:  # else a SYN is judged by its answer: what was said of the former connection holds so long
            track.append(Said(first_ns, plain(start), frozenset(possible)))
        for e in events:
            state = e["to"] if e["type"] == "transition" else track[-1].state
            possible = frozenset(plain(s) for s in e["possible"])
            track.append(Said(as_ns(e["ts"]), plain(state), possible))


def json_ns(text):
    """A JSON number with a fraction, times 10**9, without rounding."""
    return int(decimal.Decimal(text).scaleb(9))


def as_ns(number):
    """A JSON number of seconds; with a fraction, json_ns() has multiplied it already."""
    return number if number > 10**14 else number * 10**9


def spans(steps, until):
    """[(ts, what)] as [(from, to, what)], without empty ones."""
    out = []
    for i, (ts, what) in enumerate(steps):
        end = steps[i + 1][0] if i + 1 < len(steps) else until
        if min(end, until) > ts:
            out.append((ts, min(end, until), what))
    return out


def uncovered(start, end, covers):
    """The parts of start..end that no (from, to) of COVERS holds."""
    parts, at = [], start
    for a, b in sorted(covers):
        if a > at:
            parts.append((at, min(a, end)))
        at = max(at, b)
        if at >= end:
            break
    if at < end:
        parts.append((at, end))
    return [(a, b) for a, b in parts if b > a]


class Result:
    """The outcome of one capture."""

    def __init__(self, name):
        self.name = name
        self.failure = None
        self.ends = self.history_ok = self.final_ok = 0
        self.time_ns = self.agreed_ns = self.sound_ns = self.judged_ns = 0
        self.steps = self.width = 0  # sets of possible states, and their members in all
        self.expected = self.found = self.false_alarms = 0
        self.remarks = []
        self.partings = []  # (the kernel's history, tcpfsm's, what became of segments) where they differ


def kernel_incarnations(changes, start_ns, end_ns, beginning):
    """The kernel's states until END as lists, one an incarnation.

    Where BEGINNING, the first state that tcpfsm knew, is not before the opening, they begin
    with the state at START, or with BEGINNING if that came at once.  Else an incarnation that was
    over at START, when the first segment passed the tap, is left out if there was another one.
    """
    states = [(c.ts, plain(c.state)) for c in changes if c.ts <= end_ns]
    if beginning == "CLOSED":
        last = max([i for i, (_, what) in enumerate(states) if what in OPENING], default=0)
        over = [i for i, (ts, what) in enumerate(states[:last]) if ts <= start_ns and what == "CLOSED"]
        states = states[over[-1] if over else 0:]
    else:
        before = [i for i, (ts, _) in enumerate(states) if ts <= start_ns] or [0]
        soon = [i for i, (ts, what) in enumerate(states)
                if start_ns < ts <= start_ns + TOLERANCE_NS and what == beginning]
        at_once = states[before[-1]][1] != beginning and soon
        states = states[soon[0] if at_once else before[-1]:]
    return normal([[what for _, what in states]])


def normal(histories):
    """Histories for comparison: without repetitions, one an opening, and none of an end that did not open."""
    out = []
    for one in histories:
        out.append([])
        for state in one:
            if state in OPENING and out[-1][-1:] == ["CLOSED"] and len(out[-1]) > 1:
                out.append(["CLOSED"])
            if out[-1][-1:] != [state]:
                out[-1].append(state)
    return [one for one in out if one != ["CLOSED"]]


def _seconds(ns, origin):
    return f"{(ns - origin) / 1e9:+.3f} s"


def read_fates(path):
    """{(client's port, server's port): {(what, side, kind), ...}}, or None without that file."""
    if not os.path.exists(path):
        return None
    fates = collections.defaultdict(set)
    with open(path) as f:
        for line in f:
            _, what, side, client, server, kind = line.split()
            fates[int(client), int(server)].add((what, side, kind))
    return fates


def seen_from(end, fates):
    """What became of END's segments, in words: "before own FIN", "tap peer ACK"; None if not known."""
    if fates is None:
        return None
    is_client = end.port >= 40000
    ports = (end.port, end.peer_port) if is_client else (end.peer_port, end.port)
    return {f"{what} {'own' if (side == 'client') == is_client else 'peer'} {kind}"
            for what, side, kind in fates.get(ports, ())}


def compare_end(result, end, changes, output, end_ns, blind, fates=None):
    """One end of a 4-tuple: the kernel's changes against tcpfsm's."""
    label = f"{end.addr}:{end.port} (to {end.peer_port})"
    result.ends += 1
    track = output.tracks.get(end)
    if not track:
        result.remarks.append(f"{label}: tcpfsm knows no such connection")
        return
    start_ns = output.first_ns[end]
    ours = output.histories[end]
    beginning = ours[0][0] if ours[0] else None
    _compare_history(result, label, kernel_incarnations(changes, start_ns, end_ns, beginning), ours, fates)
    kernel = spans([(c.ts, plain(c.state)) for c in changes], end_ns)
    last = kernel[-1][2]
    if output.final[end] == last:
        result.final_ok += 1
    else:
        result.remarks.append(f"{label}: final state: kernel {last}, tcpfsm {output.final[end]}")
    ours = spans([(s.ts, s) for s in track], end_ns)
    result.steps += len(ours)
    result.width += sum(len(s.possible) for _, _, s in ours)
    for a, b, state in kernel:
        a = max(a, start_ns)
        if b <= a:
            continue
        result.time_ns += b - a
        wrong = _missing(a, b, [(x, y) for x, y, s in ours if s.state == state])
        possible = [(x, y) for x, y, s in ours if state in s.possible]
        unsound = _missing(a, b, possible + _on_its_way(a, b, state, output.begun[end]))
        result.agreed_ns += b - a - sum(y - x for x, y in wrong)
        if not blind:
            result.judged_ns += b - a
            result.sound_ns += b - a - sum(y - x for x, y in unsound)
        for word, parts in (("state", wrong), ("possible", [] if blind else unsound)):
            for x, y in parts:
                said = [s for p, q, s in ours if p <= (x + y) // 2 < q]
                what = (said[0].state if word == "state" else sorted(said[0].possible)) if said else None
                result.remarks.append(f"{label}: {word}: kernel {state} from {_seconds(x, start_ns)} for "
                                      f"{(y - x) / 1e6:.1f} ms, tcpfsm {what}")


def _on_its_way(a, b, state, begun):
    """A new connection is SYN-SENT before its first segment passes: nothing can be said of it until then."""
    return [(a, min([ts for ts in begun if a < ts <= b], default=a))] if state == "SYN-SENT" else []


def _missing(a, b, covers):
    return uncovered(a, b, [(x - TOLERANCE_NS, y + TOLERANCE_NS) for x, y in covers])


def _compare_history(result, label, kernel, ours, fates):
    if kernel == normal(ours):
        result.history_ok += 1
        return
    pairs = itertools.zip_longest(kernel, normal(ours), fillvalue=["CLOSED"])
    result.partings += [(a, b, fates) for a, b in pairs if a != b]
    result.remarks.append(f"{label}: history: kernel " + " | ".join(">".join(one) for one in kernel))
    result.remarks.append(f"{label}: history: tcpfsm " + " | ".join(">".join(one) for one in ours))


def run_tcpfsm(tcpfsm, capture, arguments):
    """tcpfsm's lines about CAPTURE; an error where it did not analyse it all."""
    done = subprocess.run([tcpfsm, "-r", capture, "--format=json", *arguments], capture_output=True, text=True,
                          timeout=120)
    if done.returncode != 0:
        raise RuntimeError(f"tcpfsm ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout.splitlines()


def _cut_short(truth):
    """Whether an end left TIME-WAIT for CLOSED before its 60 seconds were over."""
    return any(a[1] == "TIME-WAIT" and b[1] == "CLOSED" and b[0] - a[0] < 59 * 10**9
               for steps in truth.values() for a, b in zip(steps, steps[1:]))


# What the kernel's own states show: where chance brings it about, no scenario need expect it.
SHOWN = {"time-wait-assassination": _cut_short}


def _compare_findings(result, expected, output, may, truth):
    for finding, end in expected.items():
        result.expected += 1
        if finding in output.findings and (end == "any" or end in output.findings[finding]):
            result.found += 1
        else:
            result.remarks.append(f"finding {finding} ({end}) was expected; raised: "
                                  f"{', '.join(sorted(output.findings)) or 'none'}")
    for finding in sorted(output.alarms - set(expected) - set(may)):
        if finding in SHOWN and SHOWN[finding](truth):
            continue
        result.false_alarms += 1
        result.remarks.append(f"false alarm: {finding}")


def compare_files(tcpfsm, base, arguments=(), blind=(), may=(), to_the_end=False):
    """BASE.pcap as tcpfsm sees it against BASE.states.

    No end in BLIND is asked for soundness; findings in MAY are no false alarms.
    With TO_THE_END tcpfsm is told when the capture ended: timers may run out until then.
    """
    result = Result(os.path.basename(base))
    truth, end_ns, expected = read_states(base + ".states")
    if to_the_end:
        arguments = [*arguments, f"--end={end_ns // 10**9}.{end_ns % 10**9:09d}"]
    output = Output(run_tcpfsm(tcpfsm, base + ".pcap", arguments))
    fates = read_fates(base + ".fates")
    for end in sorted(truth):
        if end in output.first_ns or any(e[2:] == end[:2] and e[:2] == end[2:] for e in output.first_ns):
            is_client = end.port >= 40000  # the scenarios keep to it
            compare_end(result, end, truth[end], output, end_ns,
                        ("client" if is_client else "server") in blind, seen_from(end, fates))
    _compare_findings(result, expected, output, may, truth)
    return result


def _percent(part, whole):
    return 100 * part / whole if whole else 100


HEAD = (f"{'scenario':46} {'ends':>5} {'history':>8} {'final':>8} {'time':>8} {'sound':>8} {'width':>6} "
        f"{'findings':>9} {'false':>6}")


def _row(name, r):
    return (f"{name:46} {r.ends:5} {_percent(r.history_ok, r.ends):7.1f}% "
            f"{_percent(r.final_ok, r.ends):7.1f}% {_percent(r.agreed_ns, r.time_ns):7.2f}% "
            f"{_percent(r.sound_ns, r.judged_ns):7.2f}% {r.width / max(r.steps, 1):6.2f} "
            f"{r.found:3} of {r.expected:<2} {r.false_alarms:6}")


def print_row(result, verbose):
    lines = [f"{result.name:46} FAILED: {result.failure}" if result.failure else _row(result.name, result)]
    if verbose:
        lines += ["    " + r for r in result.remarks]
    print("\n".join(lines), flush=True)


def _means(results):
    """The same figures when every capture counts the same."""
    played = [r for r in results if r.ends]

    def mean(part, whole):
        return sum(_percent(getattr(r, part), getattr(r, whole)) for r in played) / max(len(played), 1)
    return (f"{'each capture counted the same':46} {'':5} {mean('history_ok', 'ends'):7.1f}% "
            f"{mean('final_ok', 'ends'):7.1f}% {mean('agreed_ns', 'time_ns'):7.2f}% "
            f"{mean('sound_ns', 'judged_ns'):7.2f}%")


def print_remains(results):
    """What the histories that differ are put down to: see remains.py."""
    told, untold = collections.Counter(), collections.defaultdict(set)
    for r in results:
        for kernel, ours, fates in r.partings:
            why = remains.reason(kernel, ours, fates)
            if why:
                told[why] += 1
            else:
                words = (x or "nothing" for x in remains.parting(kernel, ours))
                untold["after {}: kernel {}, tcpfsm {}".format(*words)].add(r.name)
    if told:
        print("Histories that no tap can tell apart (tests/kernel/remains.py):")
    for why, count in told.most_common():
        print(f"{count:5}  {why}")
    if untold:
        print("Histories that differ for another reason:")
    for where, names in sorted(untold.items()):
        print(f"       {where}: {', '.join(sorted(names))}")


def judge(results, args):
    """Print the totals; 0 if they reach the thresholds and nothing failed, else 1."""
    total = Result("total")
    for r in results:
        for name in ("ends", "history_ok", "final_ok", "time_ns", "agreed_ns", "sound_ns", "judged_ns",
                     "expected", "found", "false_alarms", "steps", "width"):
            setattr(total, name, getattr(total, name) + getattr(r, name))
    failures = [r for r in results if r.failure]
    print_remains(results)
    print(HEAD)
    print(_row(f"{len(results)} captures", total))
    print(_means(results))
    short = []
    for name, part, whole, least in (("history", total.history_ok, total.ends, args.min_history),
                                     ("final", total.final_ok, total.ends, args.min_final),
                                     ("time", total.agreed_ns, total.time_ns, args.min_time),
                                     ("sound", total.sound_ns, total.judged_ns, args.min_sound),
                                     ("findings", total.found, total.expected, args.min_findings)):
        if _percent(part, whole) < least:
            short.append(f"{name} {_percent(part, whole):.2f} % is less than {least} %")
    if total.width > args.max_width * total.steps:
        short.append(f"{total.width / total.steps:.2f} possible states are more than {args.max_width}")
    if total.false_alarms > args.max_false:
        short.append(f"{total.false_alarms} false alarms are more than {args.max_false}")
    for line in short + [f"{r.name}: {r.failure}" for r in failures]:
        print(line)
    return 1 if short or failures else 0
