"""What a live capture must do; see run.

A check gets the field, a folder of its own and the tools.  It asserts, and may return a remark.
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass

from field import CLIENT, SERVER, SS_STATES, Live, records, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
CHECKS = []
NO_CAPABILITY = "0000000000000000"


class Skip(Exception):
    """This machine lacks what the check takes."""


@dataclass
class Tools:
    program: str
    flood: str
    soak_minutes: float


def check(quick=True, needs=()):
    def add(function):
        function.quick, function.needs = quick, needs
        CHECKS.append(function)
        return function
    return add


def path_in(folder):
    return lambda name: os.path.join(folder, name)


def summary_of(lines):
    return lines[-1] if lines[-1]["type"] == "summary" else None


# --- Load -------------------------------------------------------------------------------------


def python_load(field, seconds, pause=0.004):
    field.start("server", sys.executable, os.path.join(HERE, "load.py"), "serve", SERVER, "8000")
    wait_until(lambda: ":8000 " in field.run("server", "ss", "-tlnH"), 5, "the server listens")
    return field.start("client", sys.executable, os.path.join(HERE, "load.py"), "ask", SERVER, "8000", str(seconds), str(pause))


# --- Privileges -------------------------------------------------------------------------------


def assert_powerless(status):
    for name in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
        assert status[name] == NO_CAPABILITY, (name, status[name])
    assert status["NoNewPrivs"] == "1" and status["Uid"].split() == [status["Uid"].split()[0]] * 4


@check()
def privileges_are_given_up(field, folder, tools):
    """As root: another user, no capability, a filter; of the helpers only that for files may write anywhere."""
    live = Live(field, tools.program, folder, "-N", "-T", "json", "-o", "o.json", "--prometheus=m.prom")
    status = live.status()
    assert_powerless(status)
    assert status["Uid"].split()[0] != "0" and status["Seccomp"] == "2" and status["CapBnd"] == NO_CAPABILITY
    helpers = {live.status(pid)["Name"]: live.status(pid) for pid in live.helpers()}
    assert set(helpers) == {"tcpfsm-files", "tcpfsm-names"}, helpers.keys()
    assert_powerless(helpers["tcpfsm-names"])
    assert helpers["tcpfsm-names"]["Uid"].split()[0] != "0"
    assert helpers["tcpfsm-files"]["Seccomp"] == "2" and helpers["tcpfsm-files"]["NoNewPrivs"] == "1"
    assert int(helpers["tcpfsm-files"]["CapEff"], 16) & ~2 == 0, "beyond CAP_DAC_OVERRIDE"
    pids = live.helpers()
    assert live.end() == 0
    assert not any(os.path.exists(f"/proc/{pid}") for pid in pids), "a helper is left"


@check()
def a_user_can_be_chosen(field, folder, tools):
    """-Z USER; and --no-sandbox says what it keeps."""
    live = Live(field, tools.program, folder, "-Z", "daemon")
    assert live.status()["Uid"].split()[0] == "1"
    assert live.end() == 0
    live = Live(field, tools.program, folder, "--no-sandbox")
    assert live.status()["Seccomp"] == "0" and live.status()["Uid"].split()[0] == "0"
    assert live.end() == 0 and "--no-sandbox: user and capabilities stay" in live.errors()


@check(needs=("setcap", "setpriv"))
def a_capability_is_enough(field, folder, tools):
    """setcap cap_net_raw+ep and no root at all."""
    program = os.path.join(folder, "tcpfsm")
    shutil.copy(tools.program, program)
    if subprocess.run(["setcap", "cap_net_raw+ep", program], stderr=subprocess.DEVNULL).returncode != 0:
        raise Skip("this file system has no capabilities")
    os.chown(folder, 65534, 65534)
    user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
    live = Live(field, program, folder, "-T", "json", "-o", "o.json", prefix=user)
    assert_powerless(live.status())
    field.dial(field.listen(8001).getsockname()[1])
    time.sleep(0.3)
    assert live.end() == 0, live.errors()
    assert summary_of(records(os.path.join(folder, "o.json")))["connections"] == 1


# --- What it says -----------------------------------------------------------------------------


def assert_agreement(table, kernel, side, ignore=()):
    """Each end that the kernel has, with its state; and no other that is not closed."""
    which = 0 if side == "client" else 1
    for ends, state in kernel.items():
        assert ends in table, f"{side} has {ends} in {state}; the table does not"
        assert table[ends][which] == state, f"{side}'s {ends} is in {state}; the table says {table[ends]}"
    for ends, states in table.items():
        if ends not in ignore and states[which] not in ("CLOSED", "LISTEN"):
            assert ends in kernel, f"the table has {ends} in {states}; {side} has none"


@check(needs=("ss",))
def states_agree_with_both_kernels(field, folder, tools):
    """SIGUSR1's table against ss -tan on both sides, with connections in many states."""
    live = Live(field, tools.program, folder)
    a, b = field.listen(8001), field.listen(8002)
    open_, half, client_first, server_first = (field.dial(8001, 40001 + i) for i in range(4))
    accepted = {s.getpeername()[1]: s for s in (a.accept()[0] for _ in range(4))}
    open_.sendall(b"x")
    half.shutdown(socket.SHUT_WR)
    client_first.close()
    accepted[40003].close()
    accepted[40004].close()
    time.sleep(0.05)
    server_first.close()
    # A SYN that nobody answers: the line leads to a host that is not there.
    field.run("client", "ip", "neigh", "add", "10.77.0.99", "lladdr", "02:00:00:00:00:02", "dev", "vc")
    with field.inside("client"):
        lonely = socket.socket()
    lonely.bind((CLIENT, 40005))
    lonely.setblocking(False)
    lonely.connect_ex(("10.77.0.99", 8001))
    # SYNs whose handshake nobody completes.
    field.run("client", tools.flood, "vc", SERVER, "8002", "3")
    time.sleep(0.5)
    table = live.table()
    # What has no host on one side: the flood's sources, and the address that is not there.
    flood = {ends for ends in table if ends[1] == 8002}
    assert_agreement(table, field.ss("client", 8001), "client", ignore=flood)
    assert_agreement(table, field.ss("server", 8001, 8002), "server")
    expected = {(40001, 8001): ("ESTABLISHED", "ESTABLISHED"), (40002, 8001): ("FIN-WAIT-2", "CLOSE-WAIT"),
                (40003, 8001): ("TIME-WAIT", "CLOSED"), (40004, 8001): ("CLOSED", "TIME-WAIT")}
    assert {ends: table[ends] for ends in expected} == expected, table
    assert len(flood) == 3 and all(table[ends] == ("SYN-SENT", "SYN-RECEIVED") for ends in flood), table
    assert table[40005, 8001][0] == "SYN-SENT"
    assert live.end() == 0
    b.close()


@check(needs=("ss", "tmux"))
def the_screen_agrees_with_both_kernels(field, folder, tools):
    """--top in tmux, 80 columns wide: each row's states are those of ss -tan; the process is confined."""
    sys.path.insert(0, os.path.join(HERE, "..", "screen"))
    from top import Terminal
    listening = field.listen(8001)
    terminal = Terminal(folder)
    try:
        terminal.command(" ".join(field.words("server", tools.program, "--top", "-i", "vs", "tcp")) + "; echo status $?")
        terminal.wait_for("no connection yet")
        with open(f"/proc/{terminal.child()}/status") as f:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
        assert status["Name"] == "tcpfsm" and status["Seccomp"] == "2"
        assert_powerless(status)
        clients = [field.dial(8001, 40001 + i) for i in range(4)]
        accepted = [listening.accept()[0] for _ in clients]
        clients[1].shutdown(socket.SHUT_WR)
        clients[2].close()
        accepted[2].close()
        accepted[3].close()
        time.sleep(0.05)
        clients[3].close()
        terminal.wait_for(":40004", 5)
        time.sleep(1.5)
        row = re.compile(r"10\.77\.0\.1:(\d+) +10\.77\.0\.2:(\d+) +(\S+) +(\S+) ", re.M)
        name = lambda state: SS_STATES.get(state, state)
        table = {(int(m[1]), int(m[2])): (name(m[3]), name(m[4])) for m in row.finditer(terminal.screen())}
        assert len(table) == 4, terminal.screen()
        for side in "client", "server":
            assert_agreement(table, field.ss(side, 8001), side)
        assert table[40002, 8001] == ("FIN-WAIT-2", "CLOSE-WAIT")
        terminal.keys("q")
        terminal.wait_for("status 0")
        assert terminal.tmux("display-message", "-p", "#{cursor_flag} #{alternate_on}").split() == ["1", "0"]
    finally:
        terminal.close()


@check()
def findings_come_while_the_line_is_silent(field, folder, tools):
    """A limit runs out by the clock of the machine; text tells the time of day and both ends."""
    path = path_in(folder)
    live = Live(field, tools.program, folder, "--timer=close-wait=2", "--timer=fin-wait-2=2",
                "-T", "json:o.json", "-T", "text:o.txt", "tcp port 8001")
    listening = field.listen(8001)
    s = field.dial(8001, 40001)
    accepted, _ = listening.accept()
    s.shutdown(socket.SHUT_WR)
    start = time.time()

    def found():
        return [r for r in records(path("o.json")) if r["type"] == "anomaly" and r["id"] == "stuck-close-wait"]
    wait_until(found, 8, "the finding")
    assert time.time() - start >= 2
    assert abs(found()[0]["ts"] - (start + 2)) < 0.5, "its time is the deadline"
    with open(path("o.txt")) as f:
        line = next(line for line in f if " UTC  #1  " in line)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} UTC  #1  10\.77\.0\.1:40001 -> 10\.77\.0\.2:8001\n", line), line
    assert live.end() == 0
    accepted.close()


@check()
def events_come_as_they_happen(field, folder, tools):
    """Within a second each line format has them; the whole of a connection is seen, by -v as well."""
    path = path_in(folder)
    live = Live(field, tools.program, folder, "-v", "-T", "json:o.json", "-T", "csv:o.csv", "-T", "text:o.txt")
    field.listen(8001)
    field.dial(8001, 40001)
    wait_until(lambda: sum(r["type"] == "transition" for r in records(path("o.json"))) >= 4, 1.5, "four transitions")
    with open(path("o.txt")) as f:
        text = f.read()
    assert "SYN-SENT -> ESTABLISHED" in text and "SYN-RECEIVED -> ESTABLISHED" in text, text
    with open(path("o.csv")) as f:
        assert f.read().startswith("conn,")
    assert live.end(signal.SIGINT) == 0


@check()
def what_was_there_before_is_no_noise(field, folder, tools):
    """Connections of before the start are followed from the middle, and nothing is wrong with them."""
    listening = field.listen(8001)
    pairs = [(field.dial(8001), listening.accept()[0]) for _ in range(20)]
    live = Live(field, tools.program, folder, "-T", "json:o.json", "-T", "text:o.txt")
    for client, server in pairs:
        client.sendall(b"x" * 100)
        server.recv(100)
        server.sendall(b"y" * 3000)
        client.recv(3000)
    time.sleep(0.3)
    with open(os.path.join(folder, "o.txt")) as f:
        assert f.read() == "", "text says something before a record is due"
    kernel = field.ss("client", 8001)
    assert len(kernel) == 20
    assert_agreement(live.table(), kernel, "client")
    for client, server in pairs:
        client.close()
        server.close()
    time.sleep(0.3)
    assert live.end() == 0
    lines = records(os.path.join(folder, "o.json"))
    assert summary_of(lines)["connections"] == 20
    loud = [r for r in lines if r["type"] == "anomaly" and r["severity"] != "info" and r["conn"]]
    assert not loud, loud
    finals = {(r["client"]["state"], r["server"]["state"]) for r in lines if r["type"] == "connection"}
    assert finals == {("TIME-WAIT", "CLOSED")}, finals


@check()
def options_of_the_interface_are_heeded(field, folder, tools):
    """any, -D, -p, -s, -c, --for and a filter."""
    path = path_in(folder)
    assert re.search(r"^\d+\. vs\b", field.run("server", tools.program, "-D"), re.M)
    field.listen(8001)
    field.listen(8002)
    live = Live(field, tools.program, folder, "-p", "-s", "96", "-c", "5", "-T", "json:o.json", "tcp port 8001", interface="any")
    with contextlib.closing(field.dial(8002)), contextlib.closing(field.dial(8001)) as s:
        s.sendall(b"x" * 1000)
        assert live.wait() == 0
    lines = records(path("o.json"))
    assert lines[0]["linktype"].startswith("LINUX_SLL") and lines[0]["snaplen"] == 96
    assert summary_of(lines)["packets"] == 5 and summary_of(lines)["connections"] == 1
    assert [r["server"]["port"] for r in lines if r["type"] == "connection"] == [8001]
    start = time.monotonic()
    live = Live(field, tools.program, folder, "--for=1.5")
    assert live.wait() == 0 and 1.2 < time.monotonic() - start < 5


@check()
def an_interface_may_go_down_and_up_again(field, folder, tools):
    """What passes afterwards is captured, too; one that is removed ends the capture, with its report."""
    path = path_in(folder)
    live = Live(field, tools.program, folder, "-T", "json:o.json")
    listening = field.listen(8001)
    field.dial(8001)
    field.run("server", "ip", "link", "set", "vs", "down")
    time.sleep(0.5)
    field.run("server", "ip", "link", "set", "vs", "up")
    field.dial(8001)
    wait_until(lambda: sum(r["type"] == "transition" and r["to"] == "ESTABLISHED" for r in records(path("o.json"))) == 4,
               5, "both connections")
    field.run("client", "ip", "link", "del", "vc")
    assert live.wait() == 3
    assert "vs: The interface disappeared" in live.errors(), live.errors()
    summary = summary_of(records(path("o.json")))
    assert summary["connections"] == 2 and "disappeared" in summary["input_error"]
    listening.close()


@check()
def the_log_of_the_packet_filter_may_be_silent(field, folder, tools):
    """-i nflog, whose socket libpcap does not read without blocking: it waits, and a signal ends it."""
    if not re.search(r"^\d+\. nflog\b", field.run("server", tools.program, "-D"), re.M):
        raise Skip("no nflog")
    live = Live(field, tools.program, folder, "-T", "json:o.json", interface="nflog")
    time.sleep(0.5)
    assert live.end() == 0, live.errors()
    assert records(os.path.join(folder, "o.json"))[0]["linktype"] == "NFLOG"


@check()
def an_interface_that_cannot_be_had_is_told(field, folder, tools):
    """Not there, not up, not allowed: one line each, status 3."""
    def said(interface, *prefix):
        done = subprocess.run(field.words("server", *prefix, tools.program, "-i", interface), capture_output=True, text=True)
        assert done.returncode == 3 and done.stdout == "", done
        return done.stderr

    assert said("nosuch") == "tcpfsm: nosuch: No such device exists (-D lists the interfaces)\n"
    field.run("server", "ip", "link", "set", "vs", "down")
    assert said("vs") == "tcpfsm: vs: That device is not up\n"
    if shutil.which("setpriv"):
        line = said("lo", "setpriv", "--bounding-set=-net_raw", "--")
        assert line.startswith("tcpfsm: lo: ") and "setcap cap_net_raw+ep" in line and line.count("\n") == 1, line


@check()
def a_reader_that_goes_ends_it_quietly(field, folder, tools):
    """SIGPIPE."""
    reading, writing = os.pipe()
    live = Live(field, tools.program, folder, "-T", "json", stdout=writing)
    os.close(writing)
    os.close(reading)
    field.listen(8001)
    field.dial(8001)
    assert live.wait() == -signal.SIGPIPE and live.errors() == ""


# --- Signals, files, numbers ------------------------------------------------------------------


def assert_nothing_lost(tools, folder, jsons, dumps, field_packets=None):
    lines = records(*jsons)
    summary = summary_of(lines)
    assert summary["dropped_by_kernel"] == 0, f"the kernel lost {summary['dropped_by_kernel']}"
    numbers = sorted(r["conn"] for r in lines if r["type"] == "connection")
    assert numbers == list(range(1, summary["connections"] + 1)), "each connection has one record"
    for path in jsons:
        assert records(path)[0]["type"] == "capture", f"{path} begins without a capture record"
    written = [option for path in dumps for option in ("-r", path)]
    again = subprocess.run([tools.program, *written, "-T", f"json:{folder}/again.json"], check=True)
    assert again.returncode == 0
    assert summary_of(records(f"{folder}/again.json"))["packets"] == summary["packets"], "-w has other packets"
    return summary


def rotate_under_load(field, folder, tools, load, seconds):
    """SIGUSR1, SIGHUP with files moved away, and SIGTERM while the load goes on."""
    path = path_in(folder)
    live = Live(field, tools.program, folder, "-B", "65536", "-T", "json", "-o", "o.json", "-w", "o.pcapng", "--prometheus=m.prom")
    process = load(seconds + 3)
    for i in range(3):
        time.sleep(seconds / 4)
        live.send(signal.SIGUSR1)
        os.rename(path("o.json"), path(f"o.json.{i}"))
        os.rename(path("o.pcapng"), path(f"o.pcapng.{i}"))
        live.send(signal.SIGHUP)
        wait_until(lambda: os.path.exists(path("o.json")) and os.path.exists(path("o.pcapng")), 5, "new files")
    time.sleep(seconds / 4)
    assert process.poll() is None, "the load ended before the capture"
    assert live.end() == 0, live.errors()
    assert live.errors().count("tcpfsm: after ") == 3
    names = [".0", ".1", ".2", ""]
    return assert_nothing_lost(tools, folder, [path("o.json" + n) for n in names], [path("o.pcapng" + n) for n in names])


@check()
def signals_under_load_lose_nothing(field, folder, tools):
    """Every connection has its record in one of the rotated files, every packet stands in one of -w's."""
    summary = rotate_under_load(field, folder, tools, lambda seconds: python_load(field, seconds), 3)
    assert summary["connections"] > 100
    return f"{summary['packets']} packets, {summary['connections']} connections"


@check()
def the_end_brings_what_the_kernel_had(field, folder, tools):
    """SIGTERM right after the last packet: as many frames as the device has counted."""
    live = Live(field, tools.program, folder, "-B", "65536", "-T", "json:o.json")
    time.sleep(0.2)
    before = field.packets()
    python_load(field, 1).wait()
    live.send(signal.SIGTERM)
    after = field.packets()
    assert live.wait() == 0
    summary = summary_of(records(os.path.join(folder, "o.json")))
    # The device may see a neighbour's question before, after or between.
    assert abs(summary["packets"] - (after - before)) <= 10, (summary["packets"], after - before)
    return f"{summary['packets']} of {after - before} frames"


@check()
def lost_packets_are_told_with_what_helps(field, folder, tools):
    """A small buffer and a stopped process: at once on standard error, at the end as a finding, both with -B."""
    live = Live(field, tools.program, folder, "-B", "64", "-s", "96", "-T", "json:o.json", "-T", "text:o.txt", "-q")
    live.send(signal.SIGSTOP)
    field.run("client", tools.flood, "vc", SERVER, "8001", "30000")
    live.send(signal.SIGCONT)
    wait_until(lambda: "the kernel lost packets" in live.errors(), 10, "a word about it")
    assert "(-B)" in live.errors()
    assert live.end() == 0
    lines = records(os.path.join(folder, "o.json"))
    finding = next(r for r in lines if r["type"] == "anomaly" and r["id"] == "kernel-drops")
    assert finding["details"]["dropped"] == summary_of(lines)["dropped_by_kernel"] > 0
    with open(os.path.join(folder, "o.txt")) as f:
        assert "Use a larger buffer (-B)" in f.read()


@contextlib.contextmanager
def small_disk(path):
    """A file system of 64 KiB at PATH."""
    os.mkdir(path)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", path], stderr=subprocess.DEVNULL).returncode != 0:
        raise Skip("no tmpfs can be mounted")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", path], check=True)


@check()
def a_full_disk_is_told_and_a_rotation_helps(field, folder, tools):
    """Of two formats and -w: each that takes no more is told at once, not at the end, and goes on in a new file; status 4."""
    path = path_in(folder)
    full = [path("small/o.json"), path("small/o.pcapng")]
    listening = field.listen(8001)

    def talk(times, octets):
        for _ in range(times):
            with contextlib.closing(field.dial(8001)) as client, contextlib.closing(listening.accept()[0]) as server:
                client.sendall(b"x" * octets)
                server.recv(octets)
    with small_disk(path("small")):
        live = Live(field, tools.program, folder, "-T", "json:small/o.json", "-T", "csv:o.csv", "-w", "small/o.pcapng")
        talk(25, 4000)
        told = [f"tcpfsm: small/{name}: No space left on device\n" for name in ("o.json", "o.pcapng")]
        wait_until(lambda: all(line in live.errors() for line in told), 5, "words about both")
        for name in full:
            os.unlink(name)
        live.send(signal.SIGHUP)
        wait_until(lambda: all(map(os.path.exists, full)), 5, "new files")
        talk(3, 10)
        assert live.end() == 4, "what is missing is forgotten"
        assert sorted(live.errors().splitlines(True)) == told, live.errors()
        lines = records(full[0])
        assert lines[0]["type"] == "capture" and summary_of(lines)["connections"] == 28
        again = subprocess.run([tools.program, "-r", full[1], "-T", "csv"], capture_output=True, text=True, check=True)
        assert again.stdout.count("\n") >= 4, again.stdout


@check()
def a_resolver_that_is_silent_holds_nobody_up(field, folder, tools):
    """-N: findings and the end do not wait for names that do not come; who asks for them does not outlive the run."""
    live = Live(field, tools.program, folder, "-N")
    (resolver,) = [pid for pid in live.helpers() if live.status(pid)["Name"] == "tcpfsm-names"]
    os.kill(resolver, signal.SIGSTOP)
    listening = field.listen(8001)
    for i in range(5):
        field.dial(8001).close()
        # Nobody listens there: told at once, with both ends.
        with contextlib.suppress(ConnectionRefusedError):
            field.dial(8002)
    output = path_in(folder)("output")
    wait_until(lambda: open(output).read().count(":8002") >= 5, 8, "findings without names")
    began = time.monotonic()
    assert live.end() == 0, live.errors()
    assert time.monotonic() - began < 5, "the end waited for the resolver"
    wait_until(lambda: not os.path.exists(f"/proc/{resolver}"), 5, "the resolver is gone")
    assert "10 connections" in open(output).read()
    listening.close()


@check(needs=("prlimit",))
def a_file_for_which_there_is_no_descriptor_is_told(field, folder, tools):
    """Neither a rotation nor the metrics pass for done where the process may have no more descriptors."""
    options = "-T", "json:o.json", "--prometheus=m.prom", "-G", "0.3"
    live = Live(field, tools.program, folder, *options)
    held = len(os.listdir(f"/proc/{live.pid}/fd"))
    assert live.end() == 0
    os.remove(path_in(folder)("m.prom"))
    # To look for leaks, a sanitizer wants descriptors of its own.
    environment = {**os.environ, "ASAN_OPTIONS": "exitcode=99:detect_leaks=0"}
    live = Live(field, tools.program, folder, *options, prefix=("prlimit", f"--nofile={held}"), env=environment)
    live.send(signal.SIGHUP)
    wait_until(lambda: "m.prom: " in live.errors() and "o.json: " in live.errors(), 5, "both are told")
    assert live.end() == 4, live.errors()
    assert "tcpfsm: o.json: Too many open files; the old file is used on\n" in live.errors(), live.errors()
    assert "tcpfsm: m.prom: Too many open files\n" in live.errors(), live.errors()
    assert summary_of(records(path_in(folder)("o.json"))), "what is open goes on"
    assert os.listdir(folder).count("m.prom") == 0 and not [n for n in os.listdir(folder) if n.startswith(".")]


@check()
def metrics_are_replaced_at_once(field, folder, tools):
    """Whoever reads sees whole files; a foreign parser takes them; the numbers are those of the run."""
    path = path_in(folder)
    live = Live(field, tools.program, folder, "--prometheus=m.prom", "-G", "0.2")
    load = python_load(field, 2)
    wait_until(lambda: os.path.exists(path("m.prom")), 5, "the file")
    files = set()
    while load.poll() is None:
        with open(path("m.prom")) as f:
            files.add(os.fstat(f.fileno()).st_ino)
            text = f.read()
        assert text.startswith("# HELP tcpfsm_build_info ") and text.endswith("\n") and 'id="evicted"' in text
    assert len(files) >= 3, "the file was not replaced"
    assert live.end() == 0
    with open(path("m.prom")) as f:
        text = f.read()
    assert not [name for name in os.listdir(folder) if name.startswith(".")], "what was written beside is gone"
    values = {m[1]: float(m[2]) for m in re.finditer(r"^(tcpfsm_\S+) (\S+)$", text, re.M)}
    assert values["tcpfsm_dropped_by_kernel_total"] == 0 and values["tcpfsm_connections_seen_total"] > 50
    pairs = sum(v for name, v in values.items() if name.startswith("tcpfsm_connections{"))
    assert pairs == values["tcpfsm_table_connections"]
    try:
        from prometheus_client.parser import text_string_to_metric_families
    except ImportError:
        return "no prometheus_client to parse it as well"
    families = {f.name: f for f in text_string_to_metric_families(text)}
    assert families["tcpfsm_packets"].type == "counter"
    assert families["tcpfsm_packets"].samples[0].value == values["tcpfsm_packets_total"]
    return f"{len(families)} families parsed by prometheus_client"
