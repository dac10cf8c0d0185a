#!/usr/bin/env python3
"""How far the program agrees with what others say of the same captures.

    oracles.py --tcpfsm PROGRAM --captures FOLDER [--rows FILE] [--only NAME]

FOLDER holds captures and, in oracles/, tables of what other programs or real kernels say about
them.  Two kinds:

  asserted   the state of one end after packet N, from a kernel (freebsd, netsem).  The program's
             JSON Lines are replayed up to packet N; `state` is what it shows then, `possible` what
             it does not rule out.  A state outside `possible` is a fault, another `state` often is.
  other      what another analyzer says of a whole connection (pkts, zeek, suricata, arkime), each
             with its author's idea of a connection: a difference is a question.

Every row becomes agree, differ or not comparable (with the reason) in the file of --rows.
Nothing here decides what is right: the status is 0 unless the program could not be run.
"""

import argparse
import collections
import concurrent.futures
import csv
import ipaddress
import json
import os
import struct
import subprocess
import sys

AGREE, DIFFER, NONE = "agree", "differ", "not comparable"
CLOSED_STATES = {"CLOSED", "LISTEN"}
OPENING = {"CLOSED", "LISTEN", "SYN-SENT", "SYN-RECEIVED"}

Row = collections.namedtuple("Row", "oracle group capture where verdict expected got possible why")
Row.__new__.__defaults__ = ("", "", "", "")


# ---- the program's output ---------------------------------------------------------------------


class End:
    """One end of one connection while its lines are replayed."""

    def __init__(self, record):
        self.addr, self.port = record["addr"], record["port"]
        self.state = record["history"][0]
        self.possible = {self.state}
        self.shown_by_itself = False  # its latest transition is by a segment of its own


class Run:
    """What the program printed for one capture, to be replayed packet by packet."""

    def __init__(self, lines, times):
        self.lines = [x for x in lines if x["type"] in ("transition", "possible")]
        self.records = [x for x in lines if x["type"] == "connection"]
        self.anomalies = [x for x in lines if x["type"] == "anomaly"]
        self.times = times

    def after(self, packet, at_once=False):
        """{conn: {"client": End, "server": End}} as they are when packet PACKET has been analysed.

        What a deadline before the next packet changes counts, unless AT_ONCE."""
        until = packet if at_once else packet + 1
        until_ts = self.times[until - 1] if until <= len(self.times) else float("inf")
        ends = {}
        for line in self.lines:
            number = line["packet"]
            if number > packet if number is not None else line["ts"] > until_ts:
                break
            self.apply(ends, line)
        return ends

    def apply(self, ends, line):
        conn = line["conn"]
        if conn not in ends:
            record = next(r for r in self.records if r["conn"] == conn)
            ends[conn] = {"client": End(record["client"]), "server": End(record["server"])}
        end = ends[conn][line["endpoint"]]
        end.state = line["to"] if line["type"] == "transition" else line["state"]
        end.possible = set(line["possible"])
        if line["type"] == "transition":
            end.shown_by_itself = line["basis"] == "observed"


def packet_times(path):
    """The timestamps of a pcap file in microseconds, in seconds; empty for other files."""
    with open(path, "rb") as file:
        data = file.read()
    order = {b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">"}.get(data[:4])
    times, at = [], 24
    while order and at + 16 <= len(data):
        seconds, micros, captured, _ = struct.unpack_from(order + "4I", data, at)
        times.append(seconds + micros / 1e6)
        at += 16 + captured
    return times


def run(program, path, options):
    """The Run over the capture PATH, or None where the program printed no JSON Lines."""
    command = [program, "-r", path, "-T", "json", *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    try:
        lines = [json.loads(line) for line in done.stdout.decode(errors="replace").splitlines()]
    except ValueError:
        return None
    return Run(lines, packet_times(path)) if lines else None


# ---- states that a kernel asserts ---------------------------------------------------------------


def local_end(ends, addr, port=None):
    """The end at ADDR in the newest connection that has one, or None."""
    for conn in sorted(ends, reverse=True):
        for end in ends[conn].values():
            if end.addr == addr and (port is None or end.port == port):
                return end
    return None


def fits(state, expected):
    """Whether STATE is what a row calls EXPECTED."""
    if expected.startswith("not "):
        return state != expected[4:]
    # Where an embryonic connection is gone, some say CLOSED and the RFC says LISTEN.
    return state == expected or {state, expected} == CLOSED_STATES


def compare_state(make, program_run, packet, addr, port, expected):
    """MAKE a row of what PROGRAM_RUN shows at ADDR after PACKET, against the state EXPECTED."""
    end = local_end(program_run.after(packet), addr, port)
    if end is None:
        return make(DIFFER, expected=expected, got="no connection")
    verdict, why = (AGREE, "") if fits(end.state, expected) else (DIFFER, "")
    inside = any(fits(s, expected) for s in end.possible)
    if verdict == DIFFER:
        before = local_end(program_run.after(packet, at_once=True), addr, port)
        soon = local_end(program_run.after(packet + 1), addr, port)
        if before and fits(before.state, expected):
            why = "a deadline ran out before the next packet"
        elif soon and fits(soon.state, expected) and soon.shown_by_itself and inside:
            verdict, why = NONE, "belongs to the end's own next segment"
    return make(
        verdict,
        expected=expected,
        got=end.state,
        possible=("in " if inside else "OUTSIDE ") + ",".join(sorted(end.possible)),
        why=why,
    )


def freebsd_row(row, runs):
    group = {"tcpi_state": "asserted", "sockstat": "asserted"}.get(row["source"], row["source"])

    def make(verdict, **more):
        where = f"after packet {row['after_packet']}" if row["after_packet"] else ""
        return Row("freebsd", group, row["capture"], where, verdict, **more)

    if not row["after_packet"] or not row["tcp_state"]:
        return make(NONE, why="names no packet or no state")
    packet = int(row["after_packet"])
    if packet < 1:
        return make(NONE, expected=row["tcp_state"], why="before the first packet")
    if not row["endpoint"]:
        return make(NONE, expected=row["tcp_state"], why="names no end")
    return compare_state(make, runs[row["capture"]], packet, row["endpoint"], None, row["tcp_state"])


def freebsd_rows(rows, runs):
    return (freebsd_row(row, runs) for row in rows)


def netsem_rows(rows, runs):
    """A row without addresses is of the socket that the rows with the same identifier name."""
    names, known = {}, set()
    for row in rows:
        if row["local"]:
            names[row["capture"], row["socket_id"]] = row["local"]
    for row in rows:
        socket = (row["capture"], row["socket_id"])
        # An accepted socket is CLOSED for a moment, until it is given its connection.
        new = row["tcpcb_state"] == "CLOSED" and socket not in known
        known.add(socket)
        yield netsem_row(row, runs, None if new else names.get(socket))


def netsem_row(row, runs, local):
    state = row["tcpcb_state"].replace("_", "-").replace("SYN-RCVD", "SYN-RECEIVED")
    packet = int(row["after_packet"])

    def make(verdict, **more):
        where = f"after packet {packet} ({row['trace_point']})"
        return Row("netsem", "asserted", row["capture"], where, verdict, **more)

    if not local:
        return make(NONE, expected=state, why="the socket has no connection yet")
    if row["trace_point"] == "TA_OUTPUT":
        # Traced where the kernel hands a segment out: the state belongs to that segment.
        packet += 1
    if packet < 1:
        return make(NONE, expected=state, why="before the first packet")
    addr, port = local.rsplit(":", 1)
    return compare_state(make, runs[row["capture"]], packet, addr, int(port), state)


# ---- pkts: one state for both ends ---------------------------------------------------------------


def merged(a, b):
    """What the pkts library could call a connection with ends in the states A and B."""
    both = {a, b}
    names = set()
    if both <= OPENING or "SYN-RECEIVED" in both or "SYN-SENT" in both:
        names.add("HANDSHAKE")
    if "ESTABLISHED" in both and both <= {"ESTABLISHED", "SYN-RECEIVED"}:
        names.add("ESTABLISHED")
    if both & {"FIN-WAIT-1"} and not both & {"CLOSING", "TIME-WAIT"}:
        names.add("FIN_WAIT_1")
    if "FIN-WAIT-2" in both or both == {"TIME-WAIT", "LAST-ACK"} or both == {"CLOSE-WAIT", "FIN-WAIT-1"}:
        names.add("FIN_WAIT_2")
    if both == {"TIME-WAIT", "LAST-ACK"} or both == {"FIN-WAIT-2", "LAST-ACK"}:
        names.add("CLOSED_1_CLOSING_2")
    if both <= {"FIN-WAIT-1", "CLOSING"}:
        names.add("CLOSING_1_CLOSING_2")
    if both == {"CLOSING", "TIME-WAIT"}:
        names.add("CLOSING_1_CLOSED_2")
    if both <= {"CLOSED", "LISTEN", "TIME-WAIT"}:
        names.add("CLOSED")
    return names


def pkts_row(row, runs):
    expected, program_run = row["expected_state"], runs[row["capture"]]

    def make(verdict, **more):
        return Row("pkts", "other", row["capture"], f"after packet {row['frame']}", verdict, expected=expected, **more)

    if expected.startswith("STREAMS="):
        got = f"STREAMS={len(program_run.records)}"
        return make(AGREE if got == expected else DIFFER, got=got)
    ends = program_run.after(int(row["frame"]))
    if not ends:
        return make(DIFFER, got="no connection")
    pair = ends[max(ends)]
    got = f"{pair['client'].state}/{pair['server'].state}"
    if expected == "CLOSED_PORTS_REUSED":
        return make(AGREE if len(program_run.records) > 1 else DIFFER, got=f"{len(program_run.records)} connections")
    return make(AGREE if expected in merged(pair["client"].state, pair["server"].state) else DIFFER, got=got)


def pkts_rows(rows, runs):
    return (pkts_row(row, runs) for row in rows)


# ---- connections of other analyzers ---------------------------------------------------------------


def addr_text(text):
    """An IPv6 address in one spelling."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return text


def records_between(program_run, a, a_port, b, b_port):
    """The records of the connections between two ends, and for each whether A is its client."""
    wanted = (addr_text(a), int(a_port), addr_text(b), int(b_port))
    found = []
    for record in program_run.records:
        c, s = record["client"], record["server"]
        key = (addr_text(c["addr"]), c["port"], addr_text(s["addr"]), s["port"])
        if key == wanted:
            found.append((record, True))
        elif key == (wanted[2], wanted[3], wanted[0], wanted[1]):
            found.append((record, False))
    return found


def counted(rows, key):
    """ROWS with how many with the same KEY came before."""
    seen = collections.Counter()
    for row in rows:
        yield row, seen[key(row)]
        seen[key(row)] += 1


def judged(checks):
    """Verdict, expected and got of CHECKS, tuples (name, expected, got, whether they agree)."""
    wrong = [c for c in checks if not c[3]]
    if not checks:
        return dict(verdict=NONE, why="says nothing that can be compared")
    shown = wrong or checks
    return dict(
        verdict=DIFFER if wrong else AGREE,
        expected=" ".join(f"{c[0]}={c[1]}" for c in shown),
        got=" ".join(f"{c[0]}={c[2]}" for c in shown),
    )


ZEEK_CLOSE = {
    "S0": {"open", "unanswered"}, "S1": {"open", "timeout"}, "SF": {"fin"}, "REJ": {"refused"}, "S2": {"open", "timeout"},
    "S3": {"open", "timeout"}, "RSTO": {"rst"}, "RSTR": {"rst"}, "RSTOS0": {"rst", "unanswered"}, "RSTRH": {"rst", "refused"},
    "SH": {"open", "timeout"}, "SHR": {"open", "timeout", "fin"}, "OTH": {"open", "timeout", "rst", "fin"},
}  # fmt: skip


def zeek_checks(row, record, straight):
    orig, resp = ("client", "server") if straight else ("server", "client")
    checks = []
    state = row["conn_state"]
    if state in ZEEK_CLOSE:
        checks.append(("conn_state", state, record["close"], record["close"] in ZEEK_CLOSE[state]))
    for end, column, letters in ((orig, "orig", "DA"), (resp, "resp", "da")):
        if (row[f"{column}_pkts"] or "").isdigit():
            number = int(row[f"{column}_pkts"])
            checks.append((f"{end} packets", number, record[end]["packets"], number == record[end]["packets"]))
        if (row[f"{column}_bytes"] or "").isdigit():
            number = int(row[f"{column}_bytes"])
            checks.append((f"{end} bytes", number, record[end]["bytes"], number == record[end]["bytes"]))
    return checks


def zeek_words(row, record, straight):
    """conn_state and history word for word.  X says that Zeek gave up on the contents: not our matter."""
    if not straight:
        return dict(verdict=NONE, why="the roles are the other way round")
    pairs = (("conn_state", row["conn_state"], record["zeek_state"]),
             ("history", row["history"].replace("X", "").replace("x", ""), record["history_letters"]))
    return judged([(name, said, ours, said == ours) for name, said, ours in pairs if said not in ("", "-")])


def zeek_rows(rows, runs):
    rows = [r for r in rows if (r["proto"] or "tcp") == "tcp"]
    for row, before in counted(rows, lambda r: (r["capture"], r["test"], r["id.orig_h"], r["id.orig_p"])):
        where = f"{row['id.orig_h']}:{row['id.orig_p']} {row['id.resp_h']}:{row['id.resp_p']}"
        program_run = runs[row["capture"]]
        named = row["id.orig_h"] and row["id.orig_p"] and row["id.resp_h"] and row["id.resp_p"]
        if named:
            found = records_between(program_run, row["id.orig_h"], row["id.orig_p"], row["id.resp_h"], row["id.resp_p"])
        elif len(program_run.records) == 1:
            found = [(program_run.records[0], True)]
        else:
            found = []
        if not named and not found:
            yield Row("zeek", "other", row["capture"], where, NONE, why="does not say which connection")
        elif before >= len(found):
            yield Row("zeek", "other", row["capture"], where, DIFFER, f"connection {before + 1}", f"{len(found)} connections")
        else:
            yield Row("zeek", "other", row["capture"], where, **judged(zeek_checks(row, *found[before])))
            yield Row("zeek", "words", row["capture"], where, **zeek_words(row, *found[before]))


def suricata_checks(match, record, straight):
    to_server, to_client = ("client", "server") if straight else ("server", "client")
    checks = []
    if match.get("tcp.state") == "closed":
        checks.append(("state", "closed", record["close"], record["close"] in {"fin", "rst", "refused"}))
    elif match.get("tcp.state") == "established":
        checks.append(("state", "established", record["close"], record["close"] in {"open", "timeout"}))
    for end, name in ((to_server, "flow.pkts_toserver"), (to_client, "flow.pkts_toclient")):
        if isinstance(match.get(name), int):
            checks.append((name, match[name], record[end]["packets"], match[name] == record[end]["packets"]))
    return checks


def suricata_rows(rows, runs):
    for row in rows:
        match = json.loads(row["match_json"])

        def make(verdict, **more):
            return Row("suricata", "other", row["capture"], f"{row['test']} {row['kind']}", verdict, **more)

        if row["kind"] in ("stream-alert", "anomaly-stream"):
            found = collections.Counter(a["id"] for a in runs[row["capture"]].anomalies)
            said = " ".join(f"{k}:{n}" for k, n in sorted(found.items())) or "no finding"
            yield make(NONE, expected=f"{row['event']} {row['expected_count']}", got=said, why="for the reader")
        elif row["kind"] != "flow" or match.get("proto") != "TCP" or "src_port" not in match or "dest_port" not in match:
            yield make(NONE, why="names no TCP connection")
        elif "src_ip" not in match or "dest_ip" not in match:
            yield make(NONE, why="names no TCP connection")
        elif row["expected_count"] != "1":
            yield make(NONE, why="holds of several connections, or of none")
        else:
            found = records_between(
                runs[row["capture"]], match["src_ip"], match["src_port"], match["dest_ip"], match["dest_port"]
            )
            if len(found) != 1:
                yield make(DIFFER, expected="1 connection", got=f"{len(found)} connections")
            else:
                yield make(**judged(suricata_checks(match, *found[0])))


def arkime_checks(row, record, straight):
    src, dst = ("client", "server") if straight else ("server", "client")
    rtt = record["handshake_rtt"]
    checks = [
        ("src packets", int(row["src_packets"]), record[src]["packets"], int(row["src_packets"]) == record[src]["packets"]),
        ("dst packets", int(row["dst_packets"]), record[dst]["packets"], int(row["dst_packets"]) == record[dst]["packets"]),
        ("community_id", row["community_id"], record["community_id"], row["community_id"] == record["community_id"]),
    ]
    if row["rst"] == "0":
        checks.append(("close", "no RST", record["close"], record["close"] not in ("rst", "refused")))
    if row["init_rtt_ms"] and rtt is not None:
        # Half the time from SYN to third segment, rounded.
        checks.append(("rtt", row["init_rtt_ms"], rtt, abs(float(row["init_rtt_ms"]) - rtt * 500) <= 1))
    return checks


def arkime_rows(rows, runs):
    for row, before in counted(rows, lambda r: (r["capture"], r["src_ip"], r["src_port"], r["dst_ip"], r["dst_port"])):
        where = f"{row['src_ip']}:{row['src_port']} {row['dst_ip']}:{row['dst_port']}"
        found = records_between(runs[row["capture"]], row["src_ip"], row["src_port"], row["dst_ip"], row["dst_port"])
        if before >= len(found):
            yield Row("arkime", "other", row["capture"], where, DIFFER, f"connection {before + 1}", f"{len(found)} connections")
        else:
            yield Row("arkime", "other", row["capture"], where, **judged(arkime_checks(row, *found[before])))


# ---- all of them -----------------------------------------------------------------------------------

Oracle = collections.namedtuple("Oracle", "file rows options")

# The FreeBSD scripts fail where a packet passes that they do not name: after the last one there was
# silence, and a RST that is not at RCV.NXT is only believed when silence follows.  The captures
# themselves do not show it, so the figure without this knowledge stands beside.
ORACLES = {
    "freebsd": Oracle("freebsd_state_oracle.tsv", freebsd_rows, ["--profile=bsd", "--end=+5"]),
    "freebsd as captured": Oracle("freebsd_state_oracle.tsv", freebsd_rows, []),
    "netsem": Oracle("netsem_state_oracle.tsv", netsem_rows, ["--profile=bsd"]),
    "pkts": Oracle("pkts_fsm_oracle.tsv", pkts_rows, []),
    "zeek": Oracle("zeek_oracle.tsv", zeek_rows, []),
    "suricata": Oracle("suricata_oracle.tsv", suricata_rows, []),
    "arkime": Oracle("arkime_oracle.tsv", arkime_rows, []),
}


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def runs_over(program, folder, captures, options):
    """{capture: Run}; a capture that is absent, or about which nothing was printed, has none."""
    present = [c for c in captures if os.path.exists(os.path.join(folder, c))]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        done = pool.map(lambda c: run(program, os.path.join(folder, c), options), present)
        return {c: r for c, r in zip(present, done) if r}


def judge(name, program, folder):
    """All Rows of the oracle NAME, or none where FOLDER does not have it."""
    oracle = ORACLES[name]
    path = os.path.join(folder, "oracles", oracle.file)
    if not os.path.exists(path):
        return []
    rows = rows_of(path)
    runs = runs_over(program, folder, sorted({r["capture"] for r in rows}), oracle.options)
    absent = [r["capture"] for r in rows if r["capture"] not in runs]
    judged_rows = oracle.rows([r for r in rows if r["capture"] in runs], runs)
    absent_rows = [Row(name, "absent", c, "", NONE, why="no capture, or no output") for c in absent]
    return absent_rows + [row._replace(oracle=name) for row in judged_rows]


def share(part, whole):
    return f"{part} of {whole} ({100 * part / whole:.1f} %)" if whole else "0 of 0"


def summary(rows):
    """A line for each oracle and group, in the order in which they came."""
    groups = collections.OrderedDict()
    for row in rows:
        groups.setdefault((row.oracle, row.group), []).append(row)
    for (oracle, group), members in groups.items():
        compared = [r for r in members if r.verdict != NONE]
        agreeing = sum(r.verdict == AGREE for r in compared)
        assumed = " ".join(ORACLES[oracle].options)
        text = f"{oracle} {group}{' with ' + assumed if assumed else ''}: agrees in {share(agreeing, len(compared))}"
        inside = [r for r in members if r.possible]
        if inside:
            text += f", not ruled out in {share(sum(r.possible.startswith('in ') for r in inside), len(inside))}"
        yield f"{text}, not comparable {len(members) - len(compared)}"


def write_rows(path, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", quoting=csv.QUOTE_NONE, escapechar="\\")
        writer.writerow(Row._fields)
        writer.writerows(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tcpfsm", "--program", required=True, dest="program", help="the program")
    parser.add_argument("--captures", help="the folder of the captures")
    parser.add_argument("folder", nargs="?", help="the same")
    parser.add_argument("--rows", help="write every row to this file")
    parser.add_argument("--only", choices=ORACLES, action="append", help="only this oracle")
    arguments = parser.parse_args()
    folder = arguments.captures or arguments.folder
    if not folder:
        parser.error("no folder of captures")

    rows = []
    for name in arguments.only or ORACLES:
        rows += judge(name, arguments.program, folder)
    for line in summary(rows):
        print(line)
    if arguments.rows:
        write_rows(arguments.rows, rows)
    return 0 if rows else 1


if __name__ == "__main__":
    sys.exit(main())
